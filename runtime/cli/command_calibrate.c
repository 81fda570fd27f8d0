/* vmrun calibrate: fits of data that are drawn from the model, and a test of whether the truth lies anywhere
 * among the draws with the same probability. */
#include <stdio.h>
#include <unistd.h>

#include "runtime/cli/commands.h"
#include "runtime/cli/interrupt.h"
#include "runtime/infer/calibration.h"
#include "runtime/io/guard.h"
#include "runtime/io/report.h"

enum { FITS = 200, FITS_LEAST = 10, FITS_MOST = 1000000, STREAM_TIES = 19 };
/* A scalar is called into question below this, shared out among all of them (Bonferroni). */
static const double LEVEL = 0.01;

static bool watch(void *user, const progress *now) {
    (void)user, (void)now;
    return interrupt_asked();
}

typedef struct task {
    session *session;
    const arguments *arguments;
    uint32_t fits;
    arena one; /* of one fit */
    calibration found;
    report first; /* whose rows name the scalars */
    int code;
} task;

static bool fit_one(task *t, const model *open, uint32_t number, rng *ties) {
    session *s = t->session;
    model truth;
    status status;
    if (!calibration_draw(&s->diagnostics, open, t->arguments->options.seed, number, &truth, &t->one))
        return false;
    fit *f = fit_run(&s->diagnostics, &truth, &t->arguments->options, &t->one, (fit_host){.watch = watch},
                     &status);
    if (!f || interrupt_asked()) return f != NULL;
    if (!number) t->first = report_of_fit(f, &s->arena);
    calibration_add(&t->found, &truth, f, ties);
    return true;
}

static bool fit_all(task *t, const model *open) {
    rng ties = rng_open(t->arguments->options.seed, STREAM_TIES);
    bool shows = isatty(STDERR_FILENO);
    for (uint32_t i = 0; i < t->fits && !interrupt_asked(); i++) {
        arena_open(&t->one, t->session->arena.memory);
        bool good = fit_one(t, open, i, &ties);
        arena_close(&t->one);
        if (shows) fprintf(stderr, "\r\033[Kfit %u of %u", i + 1, t->fits);
        if (!good) return false;
    }
    if (shows) fprintf(stderr, "\r\033[K");
    return t->found.fits > 0;
}

/* ---- what is printed ---- */

static void print_bins(const uint32_t *bins, FILE *to) {
    static const char *const BARS[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    uint32_t most = 1;
    for (int i = 0; i < CALIBRATION_BINS; i++) most = bins[i] > most ? bins[i] : most;
    for (int i = 0; i < CALIBRATION_BINS; i++) fputs(BARS[(bins[i] * 8 + most - 1) / most], to);
}

static void print_table(const task *t, const uniformity *u, uint32_t (*bins)[CALIBRATION_BINS],
                        uint32_t wrong) {
    const calibration *c = &t->found;
    printf("%s: %s (%u data sets from the prior; verdicts: %u good, %u doubtful, %u bad)\n", t->first.model,
           wrong ? "not calibrated" : "calibrated", c->fits, c->verdicts[VERDICT_good],
           c->verdicts[VERDICT_doubtful], c->verdicts[VERDICT_bad]);
    printf("%-16s %8s %8s %8s  %-20s\n", "variable", "p", "mean", "spread", "where the truth lies");
    for (uint32_t k = 0; k < c->count; k++) {
        char name[160];
        report_print_place(&t->first.rows.at[c->summary[k]].place, name, sizeof name);
        printf("%-16s %8.3g %8.3f %8.3f  ", name, u[k].p, u[k].mean, u[k].spread);
        print_bins(bins[k], stdout);
        printf("%s%s\n", u[k].why ? "  " : "", u[k].why ? u[k].why : "");
    }
    printf("uniform places have the mean 0.5 and the spread 0.289; p is of the Anderson-Darling test\n");
}

static void json_verdicts(json_writer *w, const calibration *c) {
    json_put_object(w, "verdicts");
    for (verdict v = VERDICT_good; v <= VERDICT_bad; v++) json_put_whole(w, verdict_name(v), c->verdicts[v]);
    json_end_object(w);
}

static void json_variable(json_writer *w, const task *t, uint32_t k, const uniformity *u,
                          const uint32_t *bins) {
    const calibration *c = &t->found;
    json_put_row(w);
    report_json_place(w, &t->first.rows.at[c->summary[k]].place);
    json_put_number(w, "p", u->p);
    json_put_number(w, "mean", u->mean);
    json_put_number(w, "spread", u->spread);
    json_put_list(w, "bins");
    for (int i = 0; i < CALIBRATION_BINS; i++) json_put_whole(w, NULL, bins[i]);
    json_end_list(w);
    json_put_numbers(w, "places", c->place[k], c->fits);
    json_end_object(w);
}

static void print_json(const task *t, const uniformity *u, uint32_t (*bins)[CALIBRATION_BINS],
                       uint32_t wrong) {
    const calibration *c = &t->found;
    json_writer w = json_open(stdout);
    json_put_text(&w, "model", t->first.model);
    json_put_truth(&w, "calibrated", !wrong);
    json_put_whole(&w, "fits", c->fits);
    json_verdicts(&w, c);
    json_put_list(&w, "variables");
    for (uint32_t k = 0; k < c->count; k++) json_variable(&w, t, k, &u[k], bins[k]);
    json_end_list(&w);
    json_close(&w);
}

static void tell(task *t) {
    const calibration *c = &t->found;
    arena *a = &t->session->arena;
    uniformity *u = arena_array(a, uniformity, c->count + 1);
    uint32_t(*bins)[CALIBRATION_BINS] = arena_take_array(a, c->count + 1, sizeof *bins), wrong = 0;
    for (uint32_t k = 0; k < c->count; k++) {
        u[k] = calibration_judge(c, k, LEVEL / c->count, bins[k]);
        wrong += u[k].why != NULL;
    }
    if (arguments_flag(t->arguments, FLAG_json, 0)) print_json(t, u, bins, wrong);
    else print_table(t, u, bins, wrong);
    t->code = interrupt_asked() ? EXIT_INTERRUPTED : wrong ? EXIT_BAD_VERDICT : EXIT_GOOD;
}

static void run_task(void *user) {
    task *t = user;
    session *s = t->session;
    const model *open = session_bind_drawn(s, arena_array(&s->arena, bool, s->program->variables.count + 1));
    t->found = calibration_open(t->fits, &s->arena);
    if (open && fit_all(t, open)) tell(t);
    session_tell(s);
}

static void end_task(void *user) { arena_close(&((task *)user)->one); }

static bool read_count(const arguments *a, uint32_t *fits) {
    uint64_t number = FITS;
    bool good = arguments_whole(a, FLAG_n, FITS_LEAST, FITS_MOST, &number);
    if (!good)
        fprintf(stderr, "vmrun: `--n %s`: a whole number of data sets from %d, such as 200\n",
                arguments_flag(a, FLAG_n, 0), FITS_LEAST);
    *fits = (uint32_t)number;
    return good;
}

int command_calibrate(session *s, const arguments *a) {
    task t = {.session = s, .arguments = a, .code = EXIT_WRONG_INPUT};
    if (a->files.count != 1) {
        fprintf(stderr, "vmrun: name one model: `vmrun calibrate model.vm`\n");
        return EXIT_WRONG_COMMAND;
    }
    bool complete;
    if (!read_count(a, &t.fits)) return EXIT_WRONG_COMMAND;
    if (!session_compile(s, a->files.at[0]) || !session_load(s, a, false, &complete)) return EXIT_WRONG_INPUT;
    interrupt_listen();
    arena_open(&t.one, s->arena.memory);
    guard(s->arena.memory, run_task, end_task, &t);
    return t.code;
}
