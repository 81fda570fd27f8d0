/* Guides improved row by row, where all gaps have a closed form: each row has two latents whose sum is
 * observed with noise, so that the posterior is Gaussian with the precision P = [13 4; 4 13] / 9 and the best
 * independent normals are ½ log(P11 P22 / |P|) = ½ log(169 / 153) nats a row from it (Bishop, Pattern
 * recognition and machine learning, 2006, section 10.1.2). A guide that says the same of all rows is refined
 * to those. */
#include <math.h>
#include "tests/check.h"
#include "tests/infer/fitted.h"
#include "tests/memory.h"

enum { ROWS = 20 };

static const char PROGRAM[] = "axis row = 20, k = 2\ndata y[row] : real = 2 * sin(row)\n"
                              "model {\n  z[row, k] ~ normal(0, 1)\n  y[row] ~ normal(sum[k](z), 1.5)\n}\n"
                              "guide {\n  param m[k] : real = 0.1\n  param s[k] : positive = 1\n  z[row, k] "
                              "~ normal(m + 0 * y, s)\n}\n";

static double evidence(void) {
    double sum = 0, v = 4.25; /* of y */
    for (int i = 1; i <= ROWS; i++) {
        double y = 2 * sin(i);
        sum -= 0.5 * log(2 * M_PI * v) + 0.5 * y * y / v;
    }
    return sum;
}

static fit *refined(arena *a, const char *text, status *s, diagnostics **said) {
    compiled *c = compile_text(a, text);
    model *m = bind_compiled(c, a);
    *said = &c->said;
    fit *f = m ? fit_run(&c->said, m, NULL, a, (fit_host){.refine = true}, s) : NULL;
    show_messages(c);
    return f;
}

/* Moves of the arguments are known to 0.05, which costs a thousandth of a nat an entry. */
static void gaps_are_known(arena *a) {
    status s = STATUS_ok;
    diagnostics *said;
    fit *f = refined(a, PROGRAM, &s, &said);
    if (!check(f && f->gaps.known, "refine/runs", "no gaps")) return;
    double left = ROWS * 0.5 * log(169 / 153.0), best = evidence() - left, enough = 0.05;
    gaps g = f->gaps;
    check(fabs(f->elbo.value - best) < 4 * f->elbo.error + enough, "refine/elbo", "%g, not %g", f->elbo.value,
          best);
    check(fabs(g.approximation.value - left) < 4 * g.approximation.error + enough, "refine/approximation",
          "%g +- %g, not %g", g.approximation.value, g.approximation.error, left);
    double sum = g.amortised.value + g.amortisation.value;
    check(fabs(sum - f->elbo.value) < 1e-6, "refine/adds_up", "%g, not %g", sum, f->elbo.value);
    /* the best that all rows can share: m the mean of 4 y / 17; then what the means of the rows are off costs
     * ½ Σ d' P d with d = 4 y / 17 - m in both entries: 17 d² / 9 a row */
    double mean = 0, cost = 0;
    for (int i = 1; i <= ROWS; i++) mean += 2 * sin(i) / ROWS;
    for (int i = 1; i <= ROWS; i++) cost += 17 / 9.0 * pow(4 / 17.0 * (2 * sin(i) - mean), 2);
    check(fabs(g.amortisation.value - cost) < 4 * g.amortisation.error + enough, "refine/amortisation",
          "%g +- %g, not %g", g.amortisation.value, g.amortisation.error, cost);
}

static void refused(arena *a, const char *name, const char *text) {
    status s = STATUS_ok;
    diagnostics *said;
    fit *f = refined(a, text, &s, &said);
    bool told = said->list.count == 1 && strstr(diagnostic_text(said, &said->list.at[0]), "`--refine`");
    check(!f && s == STATUS_invalid_program && told, name, "not refused");
}

int main(void) {
    arena a;
    test_memory(&a);
    gaps_are_known(&a);
    refused(&a, "refine/no_guide", "axis row = 3\nmodel { z[row] ~ normal(0, 1) }\n");
    refused(&a, "refine/no_rows", "model { z ~ normal(0, 1) }\nguide { z ~ normal(?, ?) }\n");
    refused(&a, "refine/discrete",
            "axis row = 3\ndata y[row] : real = row\nparam m : real = 0\n"
            "model {\n  z[row] ~ bernoulli(0.4)\n  y[row] ~ normal(m + z, 1)\n}\n"
            "guide { z[row] ~ bernoulli(expit(?)) }\n");
    arena_close(&a);
    return check_end();
}
