/* vmrun prior: draws the latents and then the data from a model, into a file that `fit` reads. What a model
 * observes is drawn even where data give it, which then say only its shape. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/bind/labels.h"
#include "runtime/cli/commands.h"
#include "runtime/infer/prior.h"
#include "runtime/io/file.h"
#include "runtime/io/guard.h"
#include "runtime/io/nested.h"
#include "runtime/io/read.h"
#include "runtime/io/report.h"

/* ---- what is given ---- */

static bool may_be_given(const variable_row *x) { return variable_is_latent(x) || x->kind == VARIABLE_param; }

static bool is_reported(const variable_row *x) {
    return may_be_given(x) || x->kind == VARIABLE_derived || x->kind == VARIABLE_generated;
}

/* Marks what the values of --at name. A name that the program does not have would be drawn unnoticed. */
static bool mark_given(session *s, const data_set *values, bool *given) {
    const program *p = s->program;
    for (uint32_t i = 0; i < values->arrays.count; i++) {
        const data_array *x = &values->arrays.at[i];
        const char *near = NULL;
        uint32_t least = 3;
        bool known = false;
        for (variable v = 0; v < p->variables.count; v++) {
            const variable_row *row = program_variable(p, v);
            if (!is_reported(row)) continue;
            uint32_t distance = strcmp(row->name, x->name) ? slip_distance(x->name, row->name) : 0;
            if (distance < least && may_be_given(row)) least = distance, near = row->name;
            if (strcmp(row->name, x->name) != 0) continue;
            known = true;
            given[v] = may_be_given(row);
        }
        if (known) {
            push(&s->arena, &s->data.arrays, *x);
            continue;
        }
        diagnostic *said =
            diagnose_data(&s->diagnostics, x->file, 0, "the program has no latent `%s`", x->name);
        if (near) advise(&s->diagnostics, said, "did you mean `%s`?", near);
        else advise(&s->diagnostics, said, "leave it out");
    }
    return session_tell(s);
}

static bool read_given(session *s, const char *path, bool *given) {
    data_set values;
    if (!path) return true;
    data_open(&values, &s->arena);
    if (!data_read(&s->diagnostics, &values, path, NULL)) return session_tell(s), false;
    return mark_given(s, &values, given);
}

/* ---- what is written ---- */

static void write_variable(json_writer *w, const model *m, variable v) {
    nested n = nested_data(m, v, m->values[v]);
    json_next_line(w);
    nested_json(w, program_variable(m->program, v)->name, &n);
}

/* The data, and the sizes that could not be told from them. */
static void write_data(const model *m, FILE *to) {
    const program *p = m->program;
    json_writer w = json_open(to);
    for (axis a = 0; a < p->axes.count; a++) {
        if (p->axes.at[a].source != AXIS_from_data || m->axes[a].labels) continue;
        json_next_line(&w);
        json_put_whole(&w, p->axes.at[a].name, m->axes[a].size);
    }
    for (variable v = 0; v < p->variables.count; v++)
        if (program_variable(p, v)->kind == VARIABLE_data && m->values[v]) write_variable(&w, m, v);
    json_close(&w);
}

static void write_latents(const model *m, FILE *to) {
    const program *p = m->program;
    json_writer w = json_open(to);
    for (variable v = 0; v < p->variables.count; v++)
        if (is_reported(program_variable(p, v)) && m->values[v]) write_variable(&w, m, v);
    json_close(&w);
}

/* The command with its output files, which must not stay half written when memory runs out. */
typedef struct task {
    session *session;
    const arguments *arguments;
    uint64_t seed, threads;
    file_writer data, latents;
    int code;
} task;

static bool begin(task *t, file_writer *w, flag_id flag) {
    const char *path = arguments_flag(t->arguments, flag, 0);
    return !path || file_begin(&t->session->diagnostics, &t->session->arena, w, path);
}

static bool commit(task *t, file_writer *w) { return !w->stream || file_commit(&t->session->diagnostics, w); }

static void run_task(void *user) {
    task *t = user;
    session *s = t->session;
    bool *given = arena_array(&s->arena, bool, s->program->variables.count + 1);
    if (!read_given(s, arguments_flag(t->arguments, FLAG_at, 0), given)) return;
    if (!begin(t, &t->data, FLAG_to) || !begin(t, &t->latents, FLAG_latents)) return (void)session_tell(s);
    model *m = session_bind_drawn(s, given);
    if (m) m->team = team_open(&s->arena, t->threads);
    if (!m || !prior_draw(&s->diagnostics, m, given, t->seed, &s->arena)) return (void)session_tell(s);
    write_data(m, t->data.stream ? t->data.stream : stdout);
    if (t->latents.stream) write_latents(m, t->latents.stream);
    bool good = commit(t, &t->data) && commit(t, &t->latents);
    if (session_tell(s) && good) t->code = EXIT_GOOD;
}

static void end_task(void *user) {
    task *t = user;
    file_abort(&t->data);
    file_abort(&t->latents);
}

int command_prior(session *s, const arguments *a) {
    if (a->files.count != 1) {
        fprintf(stderr, "vmrun: name one model: `vmrun prior model.vm -o data.json`\n");
        return EXIT_WRONG_COMMAND;
    }
    options o;
    options_default(&o);
    if (!session_option(s, a, FLAG_seed, OPTION_seed, &o)) return EXIT_WRONG_COMMAND;
    if (!session_option(s, a, FLAG_threads, OPTION_threads, &o)) return EXIT_WRONG_COMMAND;
    bool complete;
    if (!session_compile(s, a->files.at[0]) || !session_load(s, a, false, &complete)) return EXIT_WRONG_INPUT;
    task t = {.session = s, .arguments = a, .seed = o.seed, .threads = o.threads, .code = EXIT_WRONG_INPUT};
    guard(s->arena.memory, run_task, end_task, &t);
    return t.code;
}
