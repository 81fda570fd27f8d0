/* vmrun predict: new data from a fitted model, how the data lie among them, and the density of each
 * observation given the others. */
#include <stdio.h>

#include "runtime/cli/commands.h"
#include "runtime/cli/fitted.h"
#include "runtime/cli/interrupt.h"
#include "runtime/io/file.h"
#include "runtime/io/guard.h"
#include "runtime/io/prediction.h"
#include "runtime/io/stan_csv.h"

typedef struct task {
    session *session;
    const arguments *arguments;
    file_writer *outputs;
    uint32_t output_count;
    int code;
} task;

static bool open_outputs(task *t) {
    session *s = t->session;
    const char *path;
    t->outputs = arena_array(&s->arena, file_writer, t->arguments->flags.count + 1);
    for (; (path = arguments_flag(t->arguments, FLAG_output, t->output_count)); t->output_count++)
        if (!file_begin(&s->diagnostics, &s->arena, &t->outputs[t->output_count], path))
            return session_tell(s);
    return true;
}

static bool stop(void *user) {
    (void)user;
    return interrupt_asked();
}

static bool write_outputs(task *t, const prediction_report *r, const fit *shown) {
    session *s = t->session;
    for (uint32_t i = 0; i < t->output_count; i++) {
        file_writer *w = &t->outputs[i];
        if (path_ends_in(w->path, ".json")) prediction_json(r, w->stream);
        else stan_csv_write(shown, VM_VERSION, w->stream);
        file_commit(&s->diagnostics, w);
    }
    return session_tell(s);
}

static void tell(task *t, const fitted *from, const predictive *found, const model *whole,
                 const placed *draws) {
    session *s = t->session;
    arena *a = &s->arena;
    fit shown = predictive_report(found, from->verdict, from->seed, a);
    prediction_report r = {.shown = report_of_fit(&shown, a), .program = s->program, .arena = a};
    r.checks = discrepancies_find(found, a);
    if (whole) {
        r.points = pointwise_find(whole, draws, a);
        r.loo = from->same_data ? loo_find(r.points, a) : loo_of_new(r.points, a);
    }
    bool written = write_outputs(t, &r, &shown);
    if (arguments_flag(t->arguments, FLAG_json, 0)) prediction_json(&r, stdout);
    else prediction_table(&r, stdout);
    if (written) t->code = from->verdict == VERDICT_bad ? EXIT_BAD_VERDICT : EXIT_GOOD;
}

static void predict(task *t) {
    session *s = t->session;
    arena *a = &s->arena;
    model *open = session_bind_drawn(s, arena_array(a, bool, s->program->variables.count + 1));
    if (!open) return;
    bool fits = !arguments_flag(t->arguments, FLAG_fit, 0);
    model *whole =
        fits || predictive_has_outcomes(open) ? model_bind(&s->diagnostics, s->program, &s->data, a) : NULL;
    if (fits && !whole) return;
    open->team = team_open(a, t->arguments->options.threads);
    if (whole) whole->team = open->team;
    fitted from;
    if (!fitted_find(s, t->arguments, whole, &from, &t->code)) return;
    uint64_t count = predictive_room(open, from.draws.count);
    placed draws;
    if (!posterior_place(&s->diagnostics, &from.draws, whole ? whole : open, count, &draws, a)) return;
    predictive *found = predictive_draw(&s->diagnostics, open, whole, &draws, from.seed, stop, NULL, a);
    if (found) tell(t, &from, found, whole, &draws);
    else if (interrupt_asked()) t->code = EXIT_INTERRUPTED;
}

static void run_task(void *user) {
    task *t = user;
    if (open_outputs(t)) predict(t);
    session_tell(t->session);
}

static void end_task(void *user) {
    task *t = user;
    for (uint32_t i = 0; i < t->output_count; i++) file_abort(&t->outputs[i]);
}

int command_predict(session *s, const arguments *a) {
    task t = {.session = s, .arguments = a, .code = EXIT_WRONG_INPUT};
    if (a->files.count != 1) {
        fprintf(stderr, "vmrun: name one model: `vmrun predict model.vm`\n");
        return EXIT_WRONG_COMMAND;
    }
    const char *path;
    for (uint32_t i = 0; (path = arguments_flag(a, FLAG_output, i)); i++) {
        if (path_ends_in(path, ".json") || path_ends_in(path, ".csv") || strncmp(path, "/dev/", 5) == 0)
            continue;
        fprintf(stderr, "vmrun: `-o %s`: a prediction is written as .json, its draws as .csv\n", path);
        return EXIT_WRONG_COMMAND;
    }
    bool complete;
    if (!session_compile(s, a->files.at[0]) || !session_load(s, a, false, &complete)) return EXIT_WRONG_INPUT;
    interrupt_listen();
    guard(s->arena.memory, run_task, end_task, &t);
    return t.code;
}
