/* Fits in single precision against the same in double. They draw the same numbers, rounded, so that what
 * differs is rounding: 2^-24 a number, which steps that are noisy anyway carry on. */
#include <math.h>
#include "runtime/infer/density.h"
#include "tests/check.h"
#include "tests/infer/fitted.h"
#include "tests/memory.h"

static fit *fitted_in(compiled *c, bool single, arena *a) {
    options o;
    const char *why;
    options_default(&o);
    if (single) option_set(&o, OPTION_precision, "single", a, &why);
    return fitted_with(c, &o, a);
}

/* A sum over 100,000 rows and its gradient. Each term has an error of a few 2^-24, and sums go on in double
 * from chunk to chunk: 1e-6 of the sum of the terms' magnitudes is a bound with room. */
static void large_sum(arena *a) {
    compiled *c = compile_text(a, "axis row = 100000, feature = 3\n"
                                  "data X[row, feature] : real = sin(row * (1 + feature))\n"
                                  "data y[row] : real = cos(row)\n"
                                  "model {\n  b[feature] ~ normal(0, 1)\n  s ~ lognormal(0, 1)\n"
                                  "  y[row] ~ normal(sum[feature](X * b), s)\n}\n");
    model *m = bind_compiled(c, a);
    if (!check(m != NULL, "large sum binds", "no model")) return;
    space s = space_of_latents(m, true, a);
    density *wide = density_new(&c->said, &s, 1, IN_DOUBLE, a);
    density *single = density_new(&c->said, &s, 1, IN_SINGLE, a);
    for (uint64_t i = 0; i < s.size; i++) wide->at[i] = single->at[i] = 0.25 * (double)i - 0.25;
    density_run(wide), density_run(single);
    double error = fabs(*single->log_density / *wide->log_density - 1), worst = 0, largest = 0;
    for (uint64_t i = 0; i < s.size; i++) {
        worst = fmax(worst, fabs(single->gradient[i] - wide->gradient[i]));
        largest = fmax(largest, fabs(wide->gradient[i]));
    }
    printf("# a sum of 100,000 terms: relative error %.2g, of its gradient %.2g\n", error, worst / largest);
    check(error < 1e-6, "large sum", "a relative error of %g", error);
    check(worst < 1e-6 * largest, "large sum's gradient", "a relative error of %g", worst / largest);
}

/* Means to 0.02 sds, where the fits themselves ask for 0.05 (`tolerance`) of averages over the same draws;
 * sds to 1 %. */
static void same_posterior(const char *name, arena *a, const char *text) {
    fit *f = fitted_in(compile_text(a, text), false, a), *g = fitted_in(compile_text(a, text), true, a);
    if (!check(f && g, name, "no fit")) return;
    double mean = 0, sd = 0;
    for (uint32_t i = 0; i < f->summaries.count; i++) {
        const summary *x = &f->summaries.at[i], *y = &g->summaries.at[i];
        double unit = x->sd > 0 ? x->sd : 0.1 + fabs(x->mean);
        mean = fmax(mean, fabs(x->mean - y->mean) / unit);
        if (x->sd > 0) sd = fmax(sd, fabs(y->sd / x->sd - 1));
    }
    double apart = fabs(f->elbo.value - g->elbo.value);
    printf("# %s: means %.2g sds apart, sds %.2g, ELBO %.6g and %.6g after %llu and %llu steps\n", name, mean,
           sd, f->elbo.value, g->elbo.value, (unsigned long long)f->steps, (unsigned long long)g->steps);
    check(mean < 0.02 && sd < 0.01, name, "means %g sds apart, sds %g", mean, sd);
    check(apart < 2 * f->elbo.error + 1e-3, name, "ELBO %g and %g", f->elbo.value, g->elbo.value);
}

static void counts(arena *a) {
    compiled *c = compile_text(a, "axis row = 16777217\ndata y[row] : real = 1\nmodel {\n  m ~ normal(0, 1)\n"
                                  "  y[row] ~ normal(m, 1)\n}\n");
    fit *f = fitted_in(c, true, a);
    CHECK(!f && c->said.errors == 1, "more entries than floats count are refused");
}

int main(void) {
    arena a;
    test_memory(&a);
    large_sum(&a);
    same_posterior("regression", &a,
                   "axis row = 300, feature = 3\n"
                   "data X[row, feature] : real = sin(row * (1 + feature))\n"
                   "data y[row] : binary = if sin(row) + cos(7 * row) > 0 then 1 else 0\n"
                   "model {\n  a ~ normal(0, 1)\n  b[feature] ~ normal(0, 1)\n"
                   "  y[row] ~ bernoulli_logit(a + sum[feature](X * b))\n}\n");
    same_posterior("mean field by adam", &a,
                   "axis row = 50\ndata y[row] : real = 3 + sin(row)\n"
                   "model {\n  m ~ normal(0, 5)\n  s ~ half_normal(1)\n  y[row] ~ normal(m, s)\n}\n"
                   "guide { m, s ~ mean_field() }\nfit { optimizer = adam(0.1) }\n");
    same_posterior("params by sgd with momentum", &a,
                   "axis row = 50\ndata y[row] : real = 3 + sin(row)\n"
                   "param m : real = 0\nmodel {\n  z[row] ~ normal(m, 1)\n  y[row] ~ normal(z, 1)\n}\n"
                   "guide { z[row] ~ normal(?, ?) }\n"
                   "fit { optimizer = sgd(0.02); momentum = 0.5; clip = 50 }\n");
    counts(&a);
    arena_close(&a);
    return check_end();
}
