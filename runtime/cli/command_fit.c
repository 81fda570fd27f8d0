/* vmrun fit: everything that may fail before the fit (program, data, the places that results go to) is tried
 * before it; what a long fit has found is written even when it is interrupted. */
#include <stdio.h>
#include <unistd.h>

#include "runtime/cli/commands.h"
#include "runtime/cli/interrupt.h"
#include "runtime/infer/fit.h"
#include "runtime/infer/starts.h"
#include "runtime/io/checkpoint_file.h"
#include "runtime/io/guard.h"
#include "runtime/io/report.h"
#include "runtime/io/stan_csv.h"

enum { NUMBER_ROOM = 32 };

typedef struct watcher {
    bool line, json; /* a line on a terminal, or one JSON object a line */
    bool shown;
} watcher;

/* As JSON has it: what is not known yet is null. */
static const char *shown(char *to, double x, int digits) {
    if (!isfinite(x)) return "null";
    snprintf(to, NUMBER_ROOM, "%.*g", digits, x);
    return to;
}

/* What stands behind the ELBO on a terminal's line: the length of the gradient, where it is known, how fast
 * steps are, and how long all of them would take. */
static void print_pace(const progress *now) {
    double speed = now->seconds > 0 ? (double)now->step / now->seconds : 0;
    if (isfinite(now->kl)) fprintf(stderr, ", KL %.4g", now->kl);
    if (isfinite(now->gradient)) fprintf(stderr, ", gradient %.2g", now->gradient);
    fprintf(stderr, ", %.0f steps a second, %.1f s", speed, now->seconds);
    if (speed > 0 && now->step < now->steps)
        fprintf(stderr, ", at most %.0f s left", (double)(now->steps - now->step) / speed);
}

static bool watch(void *user, const progress *now) {
    watcher *w = user;
    char number[5][NUMBER_ROOM];
    if (w->json) {
        fprintf(
            stderr,
            "{\"stage\": \"%s\", \"objective\": \"%s\", \"step\": %llu, \"steps\": %llu, \"elbo\": %s, "
            "\"elbo_error\": %s, \"reconstruction\": %s, \"kl\": %s, \"gradient\": %s, \"seconds\": %.3f}\n",
            now->stage, now->objective, (unsigned long long)now->step, (unsigned long long)now->steps,
            shown(number[0], now->elbo, 6), shown(number[1], now->elbo_error, 3),
            shown(number[2], now->reconstruction, 6), shown(number[3], now->kl, 6),
            shown(number[4], now->gradient, 3), now->seconds);
    } else if (w->line) {
        fprintf(stderr, "\r\033[K%s: step %llu of at most %llu, %s %.6g ± %.2g", now->stage,
                (unsigned long long)now->step, (unsigned long long)now->steps, now->objective, now->elbo,
                now->elbo_error);
        print_pace(now);
    }
    w->shown = true;
    return interrupt_asked();
}

/* The files that a fit is written to, open beside their targets. */
typedef struct outputs {
    file_writer *at;
    uint32_t count;
} outputs;

/* Opens every -o FILE, so that an unwritable place is known now and not after the fit. */
static bool open_outputs(session *s, const arguments *a, outputs *all) {
    all->at = arena_array(&s->arena, file_writer, a->flags.count + 1);
    for (const char *path; (path = arguments_flag(a, FLAG_output, all->count)); all->count++)
        if (!file_begin(&s->diagnostics, &s->arena, &all->at[all->count], path)) return session_tell(s);
    return true;
}

/* The first -o FILE that is of no kind that a fit is written as, or NULL. */
static const char *strange_output(const arguments *a) {
    const char *path = NULL;
    for (uint32_t i = 0; (path = arguments_flag(a, FLAG_output, i)); i++)
        if (!path_ends_in(path, ".json") && !path_ends_in(path, ".csv") && strncmp(path, "/dev/", 5) != 0)
            break;
    return path;
}

static bool write_outputs(session *s, outputs *all, const fit *f, const report *r) {
    for (uint32_t i = 0; i < all->count; i++) {
        if (path_ends_in(all->at[i].path, ".json")) report_json(r, all->at[i].stream);
        else stan_csv_write(f, VM_VERSION, all->at[i].stream);
        file_commit(&s->diagnostics, &all->at[i]);
    }
    return session_tell(s);
}

/* A fit with its output files, which must not stay half written when memory runs out. */
typedef struct task {
    session *session;
    const arguments *arguments;
    outputs outputs;
    checkpoint_file checkpoints; /* without a path: none */
    uint64_t every, starts;
    int code;
} task;

static bool open_checkpoints(task *t) {
    const arguments *a = t->arguments;
    const char *path = arguments_flag(a, FLAG_checkpoint, 0);
    if (!path) return true;
    session *s = t->session;
    return checkpoint_file_open(&t->checkpoints, &s->diagnostics, &s->arena, path, t->every,
                                arguments_flag(a, FLAG_resume, 0) != NULL) ||
           session_tell(s);
}

static int run_fit(task *t) {
    session *s = t->session;
    const arguments *a = t->arguments;
    outputs *all = &t->outputs;
    const model *m = model_bind(&s->diagnostics, s->program, &s->data, &s->arena);
    if (!m) {
        session_tell(s);
        return EXIT_WRONG_INPUT;
    }
    const char *log = arguments_flag(a, FLAG_log, 0);
    watcher w = {.json = log != NULL, .line = !log && isatty(STDERR_FILENO)};
    interrupt_listen();
    status status = STATUS_ok;
    fit_host host = {.watch = watch,
                     .user = &w,
                     .checkpoints = t->checkpoints.path ? &t->checkpoints.store : NULL,
                     .refine = arguments_flag(a, FLAG_refine, 0) != NULL};
    fit *f = t->starts > 1
                 ? starts_run(&s->diagnostics, m, &a->options, (uint32_t)t->starts, &s->arena, host, &status)
                 : fit_run(&s->diagnostics, m, &a->options, &s->arena, host, &status);
    if (w.line && w.shown) fprintf(stderr, "\r\033[K");
    session_tell(s);
    if (!f) return status == STATUS_interrupted ? EXIT_INTERRUPTED : EXIT_WRONG_INPUT;
    report r = report_of_fit(f, &s->arena);
    bool written = write_outputs(s, all, f, &r);
    if (arguments_flag(a, FLAG_json, 0)) report_json(&r, stdout);
    else report_table(&r, stdout);
    if (!written) return EXIT_WRONG_INPUT;
    if (f->interrupted) return EXIT_INTERRUPTED;
    return f->verdict == VERDICT_bad ? EXIT_BAD_VERDICT : EXIT_GOOD;
}

static void run_task(void *user) {
    task *t = user;
    if (open_outputs(t->session, t->arguments, &t->outputs) && open_checkpoints(t)) t->code = run_fit(t);
}

static void end_task(void *user) {
    task *t = user;
    for (uint32_t i = 0; i < t->outputs.count; i++) file_abort(&t->outputs.at[i]);
    file_abort(&t->checkpoints.writer);
}

enum { CHECKPOINT_EVERY = 1000, EVERY_MOST = 1000000000 };

/* Steps between checkpoints; neither they nor going on from them mean anything without a file. */
static bool read_every(const arguments *a, uint64_t *every) {
    const char *path = arguments_flag(a, FLAG_checkpoint, 0), *given = arguments_flag(a, FLAG_every, 0);
    if (!path && (given || arguments_flag(a, FLAG_resume, 0))) {
        fprintf(stderr, "vmrun: `--%s` needs the file of the checkpoints: `--checkpoint run.state`\n",
                given ? "every" : "resume");
        return false;
    }
    bool good = arguments_whole(a, FLAG_every, 1, EVERY_MOST, every);
    if (!good) fprintf(stderr, "vmrun: `--every %s`: a whole number of steps, such as 1000\n", given);
    return good;
}

enum { STARTS_MOST = 1000 };

static bool read_starts(const arguments *a, uint64_t *starts) {
    bool alone = !arguments_flag(a, FLAG_starts, 0) || !arguments_flag(a, FLAG_checkpoint, 0),
         good = arguments_whole(a, FLAG_starts, 1, STARTS_MOST, starts);
    if (!good)
        fprintf(stderr, "vmrun: `--starts %s`: a whole number, such as 8\n",
                arguments_flag(a, FLAG_starts, 0));
    else if (!alone)
        fprintf(stderr, "vmrun: a checkpoint is of one fit: leave out `--starts` or `--checkpoint`\n");
    return good && alone;
}

int command_fit(session *s, const arguments *a) {
    const char *log = arguments_flag(a, FLAG_log, 0);
    if (a->files.count != 1 || (log && strcmp(log, "json") != 0)) {
        fprintf(stderr, log ? "vmrun: `--log` takes `json`\n"
                            : "vmrun: name one model: `vmrun fit model.vm --data data.csv`\n");
        return EXIT_WRONG_COMMAND;
    }
    const char *strange = strange_output(a);
    if (strange) {
        fprintf(stderr, "vmrun: `-o %s`: a fit is written as .json, its draws as .csv\n", strange);
        return EXIT_WRONG_COMMAND;
    }
    task t = {.session = s, .arguments = a, .code = EXIT_WRONG_INPUT, .every = CHECKPOINT_EVERY, .starts = 1};
    if (!read_every(a, &t.every) || !read_starts(a, &t.starts)) return EXIT_WRONG_COMMAND;
    bool complete;
    s->warns = true;
    if (!session_compile(s, a->files.at[0])) return EXIT_WRONG_INPUT;
    if (!session_load(s, a, false, &complete)) return EXIT_WRONG_INPUT;
    guard(s->arena.memory, run_task, end_task, &t);
    return t.code;
}
