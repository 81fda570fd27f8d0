#include "runtime/cli/fitted.h"

#include <stdio.h>
#include <unistd.h>

#include "runtime/cli/commands.h"
#include "runtime/cli/interrupt.h"
#include "runtime/infer/fingerprint.h"
#include "runtime/io/draws_file.h"

static bool watch(void *user, const progress *now) {
    bool *shown = user;
    if (shown)
        fprintf(stderr, "\r\033[K%s: step %llu, %.1f s", now->stage, (unsigned long long)now->step,
                now->seconds),
            *shown = true;
    return interrupt_asked();
}

static bool read_file(session *s, const arguments *a, const char *path, const model *whole, fitted *to) {
    draws_file from;
    if (!draws_file_read(&s->diagnostics, &s->arena, path, &from)) return false;
    if (!draws_file_posterior(&s->diagnostics, path, &from, s->program, &to->draws, &s->arena)) return false;
    to->verdict = from.verdict;
    to->seed = option_is_given(&a->options, OPTION_seed) ? a->options.seed : from.seed;
    to->same_data = whole && (!from.data || from.data == fingerprint_of_data(whole, 1));
    return true;
}

bool fitted_find(session *s, const arguments *a, const model *whole, fitted *to, int *code) {
    const char *path = arguments_flag(a, FLAG_fit, 0);
    *to = (fitted){0};
    *code = EXIT_WRONG_INPUT;
    if (path) return read_file(s, a, path, whole, to) || session_tell(s);
    if (!whole) return session_tell(s), false;
    bool line = isatty(STDERR_FILENO), shown = false;
    status status = STATUS_ok;
    to->fit = fit_run(&s->diagnostics, whole, &a->options, &s->arena,
                      (fit_host){.watch = watch, .user = line ? &shown : NULL}, &status);
    if (shown) fprintf(stderr, "\r\033[K");
    session_tell(s);
    if (!to->fit || to->fit->interrupted) {
        if (status == STATUS_interrupted) *code = EXIT_INTERRUPTED;
        return false;
    }
    to->draws = posterior_of_fit(to->fit, &s->arena);
    to->verdict = to->fit->verdict;
    to->seed = to->fit->seed;
    to->same_data = true;
    return true;
}
