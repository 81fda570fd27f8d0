/* The joint families: exact on what they can hold, proper densities on what they cannot. */
#include <math.h>
#include "tests/check.h"
#include "tests/infer/fitted.h"
#include "tests/memory.h"

/* Three unit normals of which the sum is observed, y ~ N(a + b + c, s): the posterior covariance is
 * 1 - 11' / (3 + s²), which every Gaussian family with correlations holds: as D + b b' with b imaginary the
 * low-rank one of one column does not, with two it does (the two others are then the difference from it).
 * evidence N(y; 0, sqrt(3 + s²)). */
static void conjugate(arena *a, const char *family) {
    const double s2 = 0.25, y = 1, total = 3 + s2, sd = sqrt(1 - 1 / total), mean = y / total;
    const double evidence = -0.5 * y * y / total - 0.5 * log(2 * M_PI * total);
    char text[1000];
    snprintf(text, sizeof text,
             "data y : real = 1\ndata s : positive = 0.5\nmodel {\n  a ~ normal(0, 1)\n  b ~ normal(0, 1)\n"
             "  c ~ normal(0, 1)\n  y ~ normal(a + b + c, s)\n}\nguide { a, b, c ~ %s }\n"
             "fit { objective = elbo; tolerance = 0.02 }",
             family);
    fit *f = fitted(a, text, 1);
    if (!check(f != NULL, "conjugate runs", "%s", family)) return;
    const summary *x = scalar(f, "b", 0);
    check(fabs(x->mean - mean) < 4 * x->mcse, "conjugate mean", "%s: %.4f +- %.4f not %.4f", family, x->mean,
          x->mcse, mean);
    check(fabs(log(x->sd / sd)) < 4 / sqrt(2 * f->ess), "conjugate sd", "%s: %.4f not %.4f", family, x->sd,
          sd);
    /* as near as the tolerance lets it: some nine parameters, each within 0.02 sds, a gap of half their
     * squares; a flow is not exact here, and is allowed a hundredth more */
    check(fabs(f->elbo.value - evidence) < 4 * f->elbo.error + 0.015, "conjugate elbo",
          "%s: %.4f +- %.4f not %.4f", family, f->elbo.value, f->elbo.error, evidence);
    check(f->verdict == VERDICT_good, "conjugate verdict", "%s: %d", family, (int)f->verdict);
}

/* A density that no Gaussian is: its integral, 1, is the mean of the weights, if the family's own density is
 * right. */
static void proper(arena *a, const char *family) {
    char text[1000];
    snprintf(text, sizeof text,
             "axis k = 3\nmodel {\n  v ~ gamma(8, 4)\n  x[k] ~ normal(v, 1)\n  w ~ beta(4, 3)\n}\n"
             "guide { v, x, w ~ %s }\nfit { objective = elbo; draws = 20000 }",
             family);
    fit *f = fitted(a, text, 2);
    if (!check(f != NULL, "proper density runs", "%s", family)) return;
    check(f->khat < 0.7, "proper density khat", "%s: %.2f", family, f->khat);
    /* beside its error, the bias of smoothed weights, below a hundredth at such a k-hat and 20,000 draws
     * (Vehtari et al. 2024, figure 3) */
    check(fabs(f->log_evidence.value) < 4 * f->log_evidence.error + 0.01, "proper density",
          "%s: log of the integral %.4f +- %.4f", family, f->log_evidence.value, f->log_evidence.error);
}

/* What a flow is for: a banana, x2 = x1² + noise, whose evidence is 0. */
static void banana(arena *a) {
    const char *text = "model {\n  p ~ normal(0, 1)\n  q ~ normal(p^2, 0.5)\n}\nguide { p, q ~ %s }\n"
                       "fit { objective = elbo }";
    double elbo[2];
    const char *families[] = {"full_rank()", "flow(4)"};
    for (int i = 0; i < 2; i++) {
        char whole[300];
        snprintf(whole, sizeof whole, text, families[i]);
        fit *f = fitted(a, whole, 1);
        if (!check(f != NULL, "banana runs", "%s", families[i])) return;
        elbo[i] = f->elbo.value;
    }
    check(elbo[1] > -0.15 && elbo[1] > elbo[0] + 0.3, "a flow bends", "ELBO %.3f, full rank %.3f", elbo[1],
          elbo[0]);
}

int main(void) {
    arena a;
    test_memory(&a);
    const char *families[] = {"full_rank()", "low_rank(2)", "low_rank(3)", "flow(2)"};
    for (int i = 0; i < 4; i++) {
        conjugate(&a, families[i]);
        proper(&a, families[i]);
    }
    proper(&a, "flow(5)");
    banana(&a);
    arena_close(&a);
    return check_end();
}
