/* vmrun evidence: the log evidence of a model, with an error that can be trusted or the word that it cannot.
 */
#include <stdio.h>

#include "runtime/cli/commands.h"
#include "runtime/cli/fitted.h"
#include "runtime/cli/interrupt.h"
#include "runtime/infer/evidence.h"
#include "runtime/io/report.h"

static bool stop(void *user) {
    (void)user;
    return interrupt_asked();
}

static void print_text(const char *name, const evidence *e) {
    printf("%s: log evidence %.6g, between %.6g and %.6g with 95 %%\n", name, e->log_evidence.value, e->low,
           e->high);
    const annealed *x = &e->annealed;
    if (e->by_weights) {
        printf("  weights: of draws of the fit, k-hat %.2f, %.4g draws that count\n", e->khat, e->ess);
        return;
    }
    printf("  annealing: %u chains through %u temperatures, whose log weights have the sd %.2g; %.3g chains "
           "count, %llu "
           "gradients\n",
           x->chains, x->temperatures, x->spread, x->ess, (unsigned long long)x->gradients);
    printf("  bracket: mean log weights lie below, %.6g ± %.2g, and led back from the posterior above, %.6g "
           "± %.2g\n",
           x->below.value, x->below.error, x->above.value, x->above.error);
    if (!e->settled)
        printf("  not settled: log weights spread too far, or the two directions disagree\n"
               "help: look for further modes, and for scales near 0 that group effects hang on; a prior that "
               "is less wide "
               "leaves less to bridge\n");
}

static void print_end(json_writer *w, const char *key, measured x) {
    json_put_object(w, key);
    report_json_measured(w, "value", "mcse", x);
    json_end_object(w);
}

static void print_json(const char *name, const evidence *e) {
    const annealed *x = &e->annealed;
    json_writer w = json_open(stdout);
    json_put_text(&w, "model", name);
    json_put_text(&w, "method", e->by_weights ? "weights" : "annealing");
    json_put_truth(&w, "settled", e->settled);
    json_put_object(&w, "log_evidence");
    report_json_measured(&w, "value", "mcse", e->log_evidence);
    json_put_number(&w, "low", e->low);
    json_put_number(&w, "high", e->high);
    json_end_object(&w);
    if (e->by_weights) {
        json_put_number(&w, "khat", e->khat);
        json_put_number(&w, "ess", e->ess);
    } else {
        print_end(&w, "below", x->below);
        print_end(&w, "above", x->above);
        json_put_number(&w, "spread", x->spread);
        json_put_number(&w, "ess", x->ess);
        json_put_whole(&w, "chains", x->chains);
        json_put_whole(&w, "temperatures", x->temperatures);
        json_put_whole(&w, "gradients", x->gradients);
    }
    json_close(&w);
}

static bool is_word(const char *method) {
    return !method || strcmp(method, "weights") == 0 || strcmp(method, "annealing") == 0;
}

static int find(session *s, const arguments *a) {
    model *m = model_bind(&s->diagnostics, s->program, &s->data, &s->arena);
    if (!session_tell(s) || !m) return EXIT_WRONG_INPUT;
    m->team = team_open(&s->arena, a->options.threads);
    const char *method = arguments_flag(a, FLAG_method, 0);
    int code;
    fitted from;
    evidence e;
    if (!fitted_find(s, a, m, &from, &code)) return code;
    bool weights = from.fit && evidence_by_weights(from.fit, &e);
    if (method ? strcmp(method, "annealing") == 0 : !weights) {
        bool found =
            evidence_by_annealing(&s->diagnostics, m, &from.draws, from.seed, stop, NULL, &s->arena, &e);
        session_tell(s);
        if (!found) return interrupt_asked() ? EXIT_INTERRUPTED : EXIT_WRONG_INPUT;
    }
    const char *name = report_model_name(&s->arena, s->program->path);
    if (arguments_flag(a, FLAG_json, 0)) print_json(name, &e);
    else print_text(name, &e);
    return e.settled ? EXIT_GOOD : EXIT_BAD_VERDICT;
}

int command_evidence(session *s, const arguments *a) {
    const char *method = arguments_flag(a, FLAG_method, 0);
    if (a->files.count != 1) {
        fprintf(stderr, "vmrun: name one model: `vmrun evidence model.vm`\n");
        return EXIT_WRONG_COMMAND;
    }
    if (!is_word(method)) {
        fprintf(stderr, "vmrun: `--method %s`: it is weights or annealing\n", method);
        return EXIT_WRONG_COMMAND;
    }
    if (method && strcmp(method, "weights") == 0 && arguments_flag(a, FLAG_fit, 0)) {
        fprintf(stderr, "vmrun: `--method weights`: a file of draws has no weights; leave `--fit` out\n");
        return EXIT_WRONG_COMMAND;
    }
    bool complete;
    if (!session_compile(s, a->files.at[0])) return EXIT_WRONG_INPUT;
    if (!evidence_is_defined(&s->diagnostics, s->program)) {
        session_tell(s);
        return EXIT_WRONG_INPUT;
    }
    if (!session_load(s, a, false, &complete)) return EXIT_WRONG_INPUT;
    interrupt_listen();
    return find(s, a);
}
