/* vmrun log_density: the model's log density at given values of its latents, which is how others check a
 * model. The values are read as data are: to the binder the latents are simply variables that are given, so
 * that shapes, labels and supports are checked alike. */
#include <stdio.h>

#include "runtime/cli/commands.h"
#include "runtime/infer/log_density.h"
#include "runtime/io/nested.h"
#include "runtime/io/read.h"

static bool is_asked_for(const variable_row *v) {
    return v->kind == VARIABLE_latent || v->kind == VARIABLE_param;
}

/* The model with values for its latents and params among those of its data; NULL, reported, where they do not
 * fit. */
static model *bind_with_latents(session *s) {
    program *given = arena_new(&s->arena, program);
    *given = *s->program;
    session_list_labels(s, given);
    given->variables.at = arena_array(&s->arena, variable_row, given->variables.count + 1);
    for (variable v = 0; v < given->variables.count; v++)
        given->variables.at[v] = s->program->variables.at[v];
    for (variable v = 0; v < given->variables.count; v++) {
        variable_row *row = &given->variables.at[v];
        if (is_asked_for(row)) row->kind = VARIABLE_data, row->value = 0;
    }
    model *m = model_bind(&s->diagnostics, given, &s->data, &s->arena);
    if (m) m->program = s->program;
    return m;
}

/* Where the unconstrained form has fewer entries than the variable, its last axis is shorter, and comes last
 * in the canonical order too. */
static nested gradient_of(const session *s, const model *m, const density_result *r, variable v) {
    const variable_row *row = program_variable(s->program, v);
    nested w = {.entries = r->gradient[v], .rank = row->axes.count};
    uint64_t all = 1, inner = 1;
    for (int i = 0; i < w.rank; i++) all *= w.size[i] = m->axes[row->order[i]].size;
    int last = w.rank - 1;
    bool shorter = r->gradient_size[v] != all;
    if (shorter) {
        w.size[last] -= 1;
        w.stride[last] = 1;
        inner = w.size[last];
    }
    for (int a = row->axes.count; a-- > 0;)
        for (int i = 0; i < w.rank - shorter; i++)
            if (row->order[i] == row->axes.at[a]) {
                w.stride[i] = inner;
                inner *= w.size[i];
            }
    return w;
}

/* The gradient is nested as a data file has the values. */
static void print_json(const session *s, const model *m, const density_result *r) {
    json_writer w = json_open(stdout);
    json_put_number(&w, "log_density", r->log_density);
    json_put_object(&w, "gradient");
    for (variable v = 0; v < s->program->variables.count; v++) {
        const variable_row *row = program_variable(s->program, v);
        if (!is_asked_for(row) || !r->gradient[v]) continue;
        nested entries = gradient_of(s, m, r, v);
        nested_json(&w, row->name, &entries);
    }
    json_end_object(&w);
    json_close(&w);
}

int command_log_density(session *s, const arguments *a) {
    const char *at = arguments_flag(a, FLAG_at, 0);
    if (a->files.count != 1 || !at) {
        fprintf(stderr, "vmrun: name one model and the values: `vmrun log_density model.vm --data data.json "
                        "--at values.json`\n");
        return EXIT_WRONG_COMMAND;
    }
    bool complete;
    options o;
    options_default(&o);
    if (!session_option(s, a, FLAG_threads, OPTION_threads, &o)) return EXIT_WRONG_COMMAND;
    if (!session_compile(s, a->files.at[0]) || !session_load(s, a, false, &complete)) return EXIT_WRONG_INPUT;
    if (!data_read(&s->diagnostics, &s->data, at, NULL)) return session_tell(s), EXIT_WRONG_INPUT;
    model *m = bind_with_latents(s);
    status status = STATUS_ok;
    density_result *r = NULL;
    if (m) {
        m->team = team_open(&s->arena, o.threads);
        r = log_density_at(&s->diagnostics, m, m->values, arguments_flag(a, FLAG_unconstrained, 0) != NULL,
                           &s->arena, &status);
    }
    if (!session_tell(s) || !r) return EXIT_WRONG_INPUT;
    print_json(s, m, r);
    return EXIT_GOOD;
}
