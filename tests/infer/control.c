/* Control variates by regression (control.h): how much quieter gradients are, as the sum of their variances
 * over the guide's numbers; tests/infer/estimators.c shows that they are not biased. The figures stand in
 * docs/estimators.md. */
#include "tests/check.h"
#include "tests/infer/climbs.h"
#include "tests/memory.h"

/* Of ten draws a step, or as many as `samples` says. */
static double variance_of(const char *program, const char *estimator, const char *control,
                          const char *samples, arena *a) {
    enum { MANY = 5000 };
    const setting set[] = {
        {OPTION_estimator, estimator}, {OPTION_control, control}, {OPTION_samples, samples}};
    objective *o = climbing(a, program, set, 3, NULL);
    if (!check(o != NULL, estimator, "no objective")) return NAN;
    estimates e = estimates_of(o, MANY, a);
    double sum = 0;
    for (uint64_t k = 0; k < e.count; k++) sum += e.error[k] * e.error[k] * MANY;
    return sum;
}

static double gain(const char *what, const char *program, const char *estimator, const char *samples,
                   arena *a) {
    double plain = variance_of(program, estimator, "none", samples, a),
           less = variance_of(program, estimator, "regression", samples, a);
    printf("# %s by %s, %s draws: variance %.3g, with the regression %.3g\n", what, estimator, samples, plain,
           less);
    return plain / less;
}

/* Each entry by itself is quadratic: a line through the others is exact, and nothing is left. */
static const char APART[] = "axis k = 5\ndata y[k] : real = k\n"
                            "model {\n  z[k] ~ normal(0, 1)\n  y[k] ~ normal(z, 0.5)\n}\n"
                            "guide {\n  param m[k] : real = 0.1 * k\n  param s[k] : positive = 0.8\n"
                            "  z[k] ~ normal(m, s)\n}\n";

/* A logistic regression: what other coefficients add to the noise of one is left. */
static const char LOGISTIC[] =
    "axis row = 60, k = 4\ndata x[row, k] : real = sin(12.9898 * row * k)\n"
    "data y[row] : binary = if sin(78.233 * row) + x[row, k = 1] > 0 then 1 else 0\n"
    "model {\n  b[k] ~ normal(0, 2)\n  y[row] ~ bernoulli_logit(sum[k](x * b))\n}\n"
    "guide {\n  param m[k] : real = 0.2\n  param s[k] : positive = 0.4\n  b[k] ~ normal(m, s)\n}\n";

/* One sum of all is observed: most of the noise of an entry is that of the others. */
static const char TOGETHER[] = "axis k = 5\ndata y : real = 3\n"
                               "model {\n  z[k] ~ normal(0, 1)\n  y ~ normal(sum[k](z), 1)\n}\n"
                               "guide {\n  param m[k] : real = 0.2\n  param s[k] : positive = 0.8\n"
                               "  z[k] ~ normal(m, s)\n}\n";

/* States that are rare, where the mean of f is far from the best baseline. */
static const char RARE[] = "axis k = 5\ndata y : real = 2\n"
                           "model {\n  z[k] ~ bernoulli(0.2)\n  y ~ normal(sum[k](z), 1)\n}\n"
                           "guide {\n  param l[k] : real = -2\n  z[k] ~ bernoulli(expit(l))\n}\n";

int main(void) {
    arena a;
    test_memory(&a);
    double apart = gain("normal, apart", APART, "pathwise", "10", &a);
    check(apart > 1e20, "a quadratic has no noise left", "%g", apart);
    double few = gain("logistic", LOGISTIC, "pathwise", "10", &a),
           more = gain("logistic", LOGISTIC, "pathwise", "30", &a);
    double landing = gain("logistic", LOGISTIC, "stl", "30", &a);
    check(few > 2 && more > few && landing > 1.2, "a logistic regression is quieter", "%g, %g, %g", few, more,
          landing);
    double rare = gain("rare states", RARE, "score", "10", &a),
           rarer = gain("rare states", RARE, "score", "30", &a);
    check(rare > 1.2 && rarer > rare, "rare states are quieter", "%g, %g", rare, rarer);
    double together = gain("normal, together", TOGETHER, "pathwise", "10", &a);
    check(together > 0.7, "where there is little to gain little is lost", "%g", together);
    arena_close(&a);
    return check_end();
}
