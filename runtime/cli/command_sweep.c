/* vmrun sweep: a fit for each of several values of one option, and what each comes to: over beta the points
 * of a rate-distortion curve, the rate being the KL and the distortion minus the reconstruction (Alemi et
 * al., ICML 2018). */
#include "base/number.h"
#include "runtime/cli/commands.h"
#include "runtime/cli/interrupt.h"
#include "runtime/infer/fit.h"
#include "runtime/io/report.h"

enum { VALUES_MOST = 1000 };

/* `beta=0.5,1,2`: the option, and its values one behind the other. */
typedef struct swept {
    option_id option;
    vector(const char *) values;
} swept;

/* The --set that names an option; its values are apart by commas outside of brackets. False where there is
 * none. */
static bool find_values(session *s, arguments *a, swept *to) {
    for (uint32_t i = 0; i < a->flags.count; i++) {
        const given_flag *f = &a->flags.at[i];
        if (f->id != FLAG_set) continue;
        const char *equals = strchr(f->value, '='), *from = equals + 1;
        to->option = option_find(arena_copy(&s->arena, f->value, (size_t)(equals - f->value)));
        if (to->option == OPTION_count) continue;
        int depth = 0;
        for (const char *c = from; c[-1]; c++) {
            depth += (*c == '(') - (*c == ')');
            if (*c && (*c != ',' || depth)) continue;
            push(&s->arena, &to->values, arena_copy(&s->arena, from, (size_t)(c - from)));
            from = c + 1;
            if (!*c) break;
        }
        memmove(&a->flags.at[i], &a->flags.at[i + 1], (--a->flags.count - i) * sizeof *a->flags.at);
        return true;
    }
    return false;
}

static bool watch(void *user, const progress *now) {
    (void)user, (void)now;
    return interrupt_asked();
}

static void print_point(const char *value, const fit *f, json_writer *json) {
    if (!json) {
        printf("%-12s %12.6g ± %-9.2g %12.6g %12.6g %12.6g   %s\n", value, f->elbo.value, f->elbo.error,
               f->kl.value, -f->reconstruction.value, f->log_evidence.value, verdict_name(f->verdict));
        return;
    }
    json_put_row(json);
    json_put_text(json, "value", value);
    report_json_measured(json, "elbo", "elbo_mcse", f->elbo);
    report_json_measured(json, "rate", "rate_mcse", f->kl);
    report_json_measured(json, "distortion", "distortion_mcse",
                         (measured){-f->reconstruction.value, f->reconstruction.error});
    report_json_measured(json, "log_evidence", "log_evidence_mcse", f->log_evidence);
    json_put_text(json, "verdict", verdict_name(f->verdict));
    json_end_object(json);
}

static int sweep(session *s, const arguments *a, const swept *r) {
    const model *m = model_bind(&s->diagnostics, s->program, &s->data, &s->arena);
    if (!m) return session_tell(s), EXIT_WRONG_INPUT;
    json_writer w, *json = arguments_flag(a, FLAG_json, 0) ? &w : NULL;
    const char *name = OPTIONS[r->option].name, *why = "";
    if (json) {
        w = json_open(stdout);
        json_put_text(json, "option", name);
        json_put_list(json, "points");
    } else
        printf("%-12s %12s   %-9s %12s %12s %12s\n", name, "elbo", "", "rate", "distortion", "log evidence");
    interrupt_listen();
    for (uint32_t i = 0; i < r->values.count; i++) {
        options now = a->options;
        arena *own = arena_inside(&s->arena);
        status status = STATUS_ok;
        option_set(&now, r->option, r->values.at[i], &s->arena, &why); /* as it was tried */
        fit *f = fit_run(&s->diagnostics, m, &now, own, (fit_host){.watch = watch}, &status);
        session_tell(s);
        if (!f) return EXIT_WRONG_INPUT;
        print_point(r->values.at[i], f, json);
        fflush(stdout);
        bool interrupted = f->interrupted;
        arena_close(own);
        if (interrupted) return EXIT_INTERRUPTED;
    }
    if (json) {
        json_end_list(json);
        json_close(json);
    }
    return EXIT_GOOD;
}

int command_sweep(session *s, const arguments *given) {
    arguments a = *given;
    swept r = {0};
    if (a.files.count != 1 || !find_values(s, &a, &r)) {
        fprintf(
            stderr,
            "vmrun: name one model, an option and its values: `vmrun sweep model.vm --set beta=0.5,1,2,4`\n");
        return EXIT_WRONG_COMMAND;
    }
    for (uint32_t i = 0; i < r.values.count; i++) {
        options tried = a.options;
        const char *why = "";
        if (option_set(&tried, r.option, r.values.at[i], &s->arena, &why)) continue;
        fprintf(stderr, "vmrun: `--set %s=…`: %s\n", OPTIONS[r.option].name, why);
        return EXIT_WRONG_COMMAND;
    }
    bool complete;
    if (!session_compile(s, a.files.at[0]) || !session_load(s, &a, false, &complete)) return EXIT_WRONG_INPUT;
    return sweep(s, &a, &r);
}
