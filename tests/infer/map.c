/* Modes and the standard errors around them, against closed forms: of a conjugate posterior with and without
 * the log-Jacobian, of maximum likelihood, of a ridge regression, of a mixture as EM finds it; what has no
 * mode, or a flat one, is called bad; and what a search for a point cannot have is refused. */
#include <math.h>
#include "tests/check.h"
#include "tests/infer/fitted.h"
#include "tests/memory.h"

/* Of sds and quantiles of 4,000 draws, of which every other is Gaussian: five standard errors of a sd,
 * 1 / sqrt(2 · 2000). */
static const double DRAWN = 0.08;
/* Of modes: where the slope is 0 to 1e-9 or so, polished by Newton's method. */
static const double EXACT = 1e-6;

static bool is_near(double x, double y, double error) { return fabs(x - y) <= error * (1 + fabs(y)); }

static double mode_of(const fit *f, const char *name, uint64_t entry) {
    return f->mode[scalar(f, name, entry) - f->summaries.at];
}

/* Gamma(9, 1.5), of whose logarithm the density is gamma(9, 1.5) times the value. */
static void conjugate(arena *a, bool jacobian) {
    const char *text =
        arena_print(a,
                    "data y : count = 7\nmodel {\n  l ~ gamma(2, 0.5)\n  y ~ poisson(l)\n  t = sqrt(l)\n}\n"
                    "generate { n ~ poisson(l) }\nfit { objective = map; jacobian = %s }\n",
                    jacobian ? "yes" : "no");
    fit *f = fitted(a, text, 1);
    if (!CHECK(f, "map/conjugate")) return;
    double shape = jacobian ? 9 : 8, mode = shape / 1.5, q95 = mode * exp(1.644854 / sqrt(shape));
    check(is_near(mode_of(f, "l", 0), mode, EXACT), "map/mode", "%.9g, not %.9g", mode_of(f, "l", 0), mode);
    check(is_near(mode_of(f, "t", 0), sqrt(mode), EXACT), "map/derived", "%.9g", mode_of(f, "t", 0));
    check(isnan(mode_of(f, "n", 0)), "map/drawn", "%g", mode_of(f, "n", 0));
    check(is_near(scalar(f, "l", 0)->q95, q95, DRAWN), "map/quantile", "%g, not %g", scalar(f, "l", 0)->q95,
          q95);
    double evidence = 2 * log(0.5) - 9 * log(1.5) + log(8);
    check(fabs(f->log_evidence.value - evidence) < 0.02, "map/evidence", "%g, not %g", f->log_evidence.value,
          evidence);
    CHECK(f->verdict == VERDICT_good, "map/good");
}

/* Standard errors of a mean and of a log sd: s / sqrt(n), 1 / sqrt(2 n). */
static void likelihood(arena *a) {
    fit *f = fitted(a,
                    "axis row = 100\ndata y[row] : real = row\nparam m : real = 0\nparam s : positive = 1\n"
                    "model { y[row] ~ normal(m, s) }\ngenerate { l = log(s) }\nfit { objective = map }\n",
                    1);
    if (!CHECK(f, "map/likelihood")) return;
    double s = sqrt((100 * 100 - 1) / 12.0);
    check(is_near(mode_of(f, "m", 0), 50.5, EXACT) && is_near(mode_of(f, "s", 0), s, EXACT), "map/maximum",
          "%.9g %.9g", mode_of(f, "m", 0), mode_of(f, "s", 0));
    check(is_near(scalar(f, "m", 0)->sd, s / 10, DRAWN), "map/error_of_a_mean", "%g", scalar(f, "m", 0)->sd);
    check(fabs(scalar(f, "l", 0)->sd * sqrt(200) - 1) < DRAWN, "map/error_of_a_log_sd", "%g",
          scalar(f, "l", 0)->sd);
    CHECK(isnan(f->log_evidence.value) && isnan(f->elbo.value), "map/no_evidence_of_params");
}

/* y = a + b x + noise with x = 1, 2, 3 and priors of precision 1: (X'X + I)^-1 X'y, by Cramer's rule. */
static void ridge(arena *a) {
    fit *f =
        fitted(a,
               "axis row = 3\ndata y[row] : real = row^2\nmodel {\n  a ~ normal(0, 1)\n  b ~ normal(0, 1)\n"
               "  y[row] ~ normal(a + b * row, 1)\n  c = a + 2 * b\n}\nfit { objective = map }\n",
               1);
    if (!CHECK(f, "map/ridge")) return;
    double p = 4, q = 6, r = 15, u = 14, v = 36, det = p * r - q * q; /* X'X + I and X'y */
    double first = (r * u - q * v) / det, second = (p * v - q * u) / det;
    double sd = sqrt((r - 4 * q + 4 * p) / det);
    check(is_near(mode_of(f, "a", 0), first, EXACT) && is_near(mode_of(f, "b", 0), second, EXACT),
          "map/penalised", "%.9g %.9g, not %.9g %.9g", mode_of(f, "a", 0), mode_of(f, "b", 0), first, second);
    check(is_near(scalar(f, "c", 0)->sd, sd, DRAWN), "map/error_of_a_sum", "%g, not %g",
          scalar(f, "c", 0)->sd, sd);
}

static const char MIXTURE[] =
    "axis row = 60, part = 2\ndata y[row] : real = 3 * sin(7 * row) + 2 * (row > 30)\n"
    "param mu[part] : ordered = 2 * part - 3\nparam s : positive = 1\nparam w : unit = 0.5\nmodel {\n"
    "  z[row] ~ categorical(if part == 1 then w else 1 - w)\n  y[row] ~ normal(mu[z], s)\n}\n"
    "fit { objective = %s; tolerance = 1e-4; steps = 100000 }\n";

/* EM ends 1e-6 or so from the top. */
static void mixture(arena *a) {
    fit *f = fitted(a, arena_print(a, MIXTURE, "map"), 1), *g = fitted(a, arena_print(a, MIXTURE, "em"), 1);
    if (!CHECK(f && g, "map/mixture")) return;
    double x = mode_of(f, "mu", 0), y = scalar(g, "mu", 0)->mean, s = mode_of(f, "s", 0),
           t = scalar(g, "s", 0)->mean;
    check(is_near(x, y, 1e-5) && is_near(s, t, 1e-5), "map/as_em", "%.8g %.8g, not %.8g %.8g", x, s, y, t);
}

static bool says(const fit *f, const char *code) {
    for (uint32_t i = 0; i < f->reasons.count; i++)
        if (strcmp(f->reasons.at[i].code, code) == 0) return true;
    return false;
}

static void bad_modes(arena *a) {
    fit *f = fitted(a,
                    "axis k = 4\nmodel {\n  s ~ half_normal(1)\n  b[k] ~ normal(0, s)\n}\n"
                    "fit { objective = map; steps = 200 }\n",
                    1);
    check(f && f->verdict == VERDICT_bad, "map/funnel", "not called bad");
    f = fitted(a,
               "param a : real = 0\nparam b : real = 1\ndata y : real = 2\nmodel { y ~ normal(a + b, 1) }\n"
               "fit { objective = map }\n",
               1);
    check(f && f->verdict == VERDICT_bad && says(f, "curvature"), "map/ridge_without_end", "not called bad");
    f = fitted(a,
               "axis k = 1200\ndata y[k] : real = sin(k)\nmodel {\n  b[k] ~ normal(0, 1)\n"
               "  y[k] ~ normal(b, 0.5)\n}\nfit { objective = map; draws = 500 }\n",
               1);
    if (!CHECK(f, "map/many")) return;
    check(is_near(mode_of(f, "b", 7), 0.8 * sin(8), EXACT), "map/mode_of_many", "%g", mode_of(f, "b", 7));
    check(says(f, "errors") && f->verdict == VERDICT_doubtful, "map/errors_of_many", "verdict %d",
          f->verdict);
    double sd = scalar(f, "b", 7)->sd; /* of 250 draws */
    check(fabs(sd / sqrt(0.2) - 1) < 0.23, "map/scale_of_many", "%g", sd);
}

static void refused(arena *a, const char *program, const char *what) {
    compiled *c = compile_text(a, program);
    model *m = bind_compiled(c, a);
    status s = STATUS_ok;
    bool none = m && !fit_run(&c->said, m, NULL, a, (fit_host){0}, &s) && s == STATUS_invalid_program;
    const char *said = c->said.list.count == 1 ? diagnostic_text(&c->said, &c->said.list.at[0]) : "";
    check(none && strstr(said, what), "map/refused", "`%s`, said `%s`", what, said);
}

static void refusals(arena *a) {
    const char *const OPTIONS_REFUSED[][2] = {{"batch = row: 2", "`batch`"},
                                              {"beta = 2", "`beta`"},
                                              {"samples = 5", "`samples`"},
                                              {"optimizer = adam", "`lbfgs`"},
                                              {"precision = single", "digits"}};
    for (size_t i = 0; i < sizeof OPTIONS_REFUSED / sizeof *OPTIONS_REFUSED; i++)
        refused(a,
                arena_print(a,
                            "axis row = 4\ndata y[row] : real = row\nmodel {\n  m ~ normal(0, 1)\n"
                            "  y[row] ~ normal(m, 1)\n}\nfit { objective = map; %s }\n",
                            OPTIONS_REFUSED[i][0]),
                OPTIONS_REFUSED[i][1]);
    refused(a, "model { m ~ normal(0, 1) }\nguide { m ~ normal(?, ?) }\nfit { objective = map }\n",
            "a guide");
    refused(a, "model { m ~ normal(0, 1) }\nfit { jacobian = yes }\n", "`jacobian`");
}

int main(void) {
    arena a;
    test_memory(&a);
    conjugate(&a, false);
    conjugate(&a, true);
    likelihood(&a);
    ridge(&a);
    mixture(&a);
    bad_modes(&a);
    refusals(&a);
    arena_close(&a);
    return check_end();
}
