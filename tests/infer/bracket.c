/* Two objectives of one fit, against closed forms. For a ~ normal(0, 1), b ~ normal(0, 1), y = 1 ~ normal(a +
 * b, sqrt 2) the evidence is normal(1; 0, 2), and the posterior is Gaussian with a precision of eigenvalues 1
 * and 2 on the diagonals. Of guides that are independent normals about its mean with the precision l each,
 * with e and f the eigenvalues,
 *
 *   evidence - elbo     1/2 ((e + f) / l - 2 - log(e f) + 2 log l),                        least at (e + f) /
 * 2 chi(2) - evidence   1/2 (log(e f) - log l - 1/2 log(2 e - l) - 1/2 log(2 f - l)),
 *
 * the latter least where 4 l² - 6 (e + f) l + 8 e f = 0, and infinite where l is above 2 e. Over rows of such
 * pairs both are sums. */
#include "tests/check.h"
#include "tests/infer/climbs.h"
#include "tests/infer/fitted.h"
#include "tests/memory.h"

static const char PAIR[] =
    "data y : real = 1\n"
    "model {\n  a ~ normal(0, 1)\n  b ~ normal(0, 1)\n  y ~ normal(a + b, sqrt(2))\n}\n"
    "guide {\n  a ~ normal(?, ?)\n  b ~ normal(?, ?)\n}\n";
static const char ROWS[] = "axis row = 8, k = 2\ndata y[row] : real = 1\n"
                           "model {\n  z[row, k] ~ normal(0, 1)\n  y[row] ~ normal(sum[k](z), sqrt(2))\n}\n"
                           "guide { z[row, k] ~ normal(?, ?) }\n";
static double elbo_gap(double e, double f) {
    double l = 0.5 * (e + f);
    return 0.5 * (-log(e * f) + 2 * log(l));
}
static double chi_gap_at(double e, double f, double l) {
    return 0.5 * (log(e * f) - log(l) - 0.5 * log(2 * e - l) - 0.5 * log(2 * f - l));
}
static double chi_gap(double e, double f) {
    double s = e + f, l = (6 * s - sqrt(36 * s * s - 128 * e * f)) / 8;
    return chi_gap_at(e, f, l);
}

static fit *combined(const char *program, const char *text, arena *a) {
    options o;
    const char *why = "";
    options_default(&o);
    if (!option_set(&o, OPTION_objective, text, a, &why)) return NULL;
    return fitted_with(compile_text(a, program), &o, a);
}

/* Where the guides end is within the tolerance of a fit, 0.05 sds: of the second order in a bound. */
static const double ENDS = 0.004;

static void brackets(const char *name, const char *program, const char *text, double rows, double evidence,
                     double below, double above, arena *a) {
    fit *f = combined(program, text, a);
    if (!check(f && f->bracket.known, name, "no bracket")) return;
    const two_bounds *b = &f->bracket;
    printf("# %s, %s: %.4f ± %.4f below %.4f ± %.4f, evidence %.4f\n", name, text, b->lower.value,
           b->lower.error, b->upper.value, b->upper.error, evidence);
    check(b->lower.value < evidence + 4 * b->lower.error && b->upper.value > evidence - 4 * b->upper.error,
          name, "no bracket of %g", evidence);
    check(isnan(below) || fabs(b->lower.value - (evidence - below)) < 4 * b->lower.error + rows * ENDS, name,
          "from below %g +- %g, not %g", b->lower.value, b->lower.error, evidence - below);
    check(fabs(b->upper.value - (evidence + above)) < 4 * b->upper.error + rows * ENDS, name,
          "from above %g +- %g, not %g", b->upper.value, b->upper.error, evidence + above);
    check(b->upper.error < 0.02 * sqrt(rows) && b->khat < 0.25, name, "%g, k-hat %g", b->upper.error,
          b->khat);
}

static void bounds_of_own_guides(double evidence, arena *a) {
    double below = elbo_gap(1, 2), above = chi_gap(1, 2);
    check(above < chi_gap_at(1, 2, 1.5) - 0.03, "the guide of chi is nearer than that of the ELBO", "%g",
          above);
    brackets("a pair", PAIR, "elbo, chi(2)", 1, evidence, below, above, a);
    brackets("a pair", PAIR, "iwae(20), chi(2)", 1, evidence, NAN, above, a);
    brackets("rows", ROWS, "elbo, chi(2)", 8, 8 * evidence, 8 * below, 8 * above, a);
}

/* The more draws, the nearer from below, and nearer along axes. */
static void more_draws_are_nearer(double evidence, arena *a) {
    static const char *const TEXTS[] = {"elbo, chi(2)", "iwae(5), chi(2)", "iwae(50), chi(2)",
                                        "tmc(5), chi(2)"};
    measured lower[4];
    for (int i = 0; i < 4; i++) {
        fit *f = combined(PAIR, TEXTS[i], a);
        if (!check(f != NULL, TEXTS[i], "no fit")) return;
        lower[i] = f->bracket.lower;
        double error = lower[i].error;
        check(lower[i].value < evidence + 4 * error, TEXTS[i], "%g +- %g", lower[i].value, error);
        if (i)
            check(lower[i].value > lower[i == 3 ? 1 : i - 1].value - 4 * error, TEXTS[i], "%g",
                  lower[i].value);
    }
    check(lower[2].value > lower[0].value + 0.03, "iwae is nearer than the ELBO", "%g", lower[2].value);
}

/* All but the bracket is that of the first objective alone, to the last bit. */
static void first_is_reported(arena *a) {
    fit *f = combined(PAIR, "elbo, chi(2)", a), *alone = combined(PAIR, "elbo", a);
    if (!check(f && alone, "the first", "no fit")) return;
    check(!alone->bracket.known, "one objective has no bracket", "it has");
    check(f->elbo.value == alone->elbo.value && f->log_evidence.value == alone->log_evidence.value &&
              f->khat == alone->khat && f->steps == alone->steps &&
              scalar(f, "a", 0)->mean == scalar(alone, "a", 0)->mean && f->verdict == alone->verdict,
          "the draws, the table and the verdict are those of the first", "they are not");
    check(f->gradients > alone->gradients, "the second climb counts", "%llu",
          (unsigned long long)f->gradients);
}

int main(void) {
    arena a;
    test_memory(&a);
    double evidence = -0.5 * log(2 * M_PI) - log(2) - 0.125;
    bounds_of_own_guides(evidence, &a);
    more_draws_are_nearer(evidence, &a);
    first_is_reported(&a);
    arena_close(&a);
    return check_end();
}
