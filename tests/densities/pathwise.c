/* Draws of a guide that are differentiated: the mean over draws of d f(s) / d parameter is the derivative of
 * E[f(s)], which is found by differences of its quadrature over the density of s; within 4 standard errors,
 * at a fixed seed. s is the draw, or of a vector or matrix a number of which the law is known. f is s / (1 +
 * |s|), which is bounded, for the tails of some have no moments. Every distribution of the library that is
 * continuous and can be drawn has a row.
 *
 * usage: pathwise [DRAWS]   from the root of the repository; a campaign draws 1000000 */
#include <stdlib.h>

#include "tests/densities/run.h"

/* A call of parameters a, b, c, their types and values; where the density of s is integrated: from lowest to
 * highest, and `centre`, at which it may have a kink, lies between; or over centre + width sinh(u) where they
 * are infinite; or where they depend on the parameters over the quantiles of the law. Of vectors: the axes
 * and type of the draw, what s is, and its law. */
typedef struct row {
    const char *call, *types[3];
    double at[3], lowest, highest, centre, width;
    const char *axes, *type, *statistic, *law;
} row;

#define REAL     "real"
#define ABOVE    "positive"
#define SHARE    "unit"
#define LINE     -INFINITY, INFINITY
#define RAY      0, INFINITY
#define WITHIN   0, 1
#define MOVING   NAN, NAN, 0, 1
#define A_NUMBER NULL, NULL, NULL, NULL
#define VECTOR   "k", "real"
#define MATRIX   "k, k'"

static const row ROWS[] = {
    {"normal(a, b)", {REAL, ABOVE}, {0.3, 0.8}, LINE, 0.3, 0.8, A_NUMBER},
    {"student_t(a, b, c)", {ABOVE, REAL, ABOVE}, {2.5, 0.4, 0.7}, LINE, 0.4, 0.7, A_NUMBER},
    {"cauchy(a, b)", {REAL, ABOVE}, {0.3, 0.8}, LINE, 0.3, 0.8, A_NUMBER},
    {"laplace(a, b)", {REAL, ABOVE}, {0.3, 0.8}, LINE, 0.3, 0.8, A_NUMBER},
    {"logistic(a, b)", {REAL, ABOVE}, {0.3, 0.8}, LINE, 0.3, 0.8, A_NUMBER},
    {"gumbel(a, b)", {REAL, ABOVE}, {0.3, 0.8}, LINE, 0.3, 0.8, A_NUMBER},
    {"skew_normal(a, b, c)", {REAL, ABOVE, REAL}, {0.3, 0.8, 2}, LINE, 0.3, 0.8, A_NUMBER},
    {"exp_mod_normal(a, b, c)", {REAL, ABOVE, ABOVE}, {0.3, 0.8, 1.5}, LINE, 0.8, 1, A_NUMBER},
    {"asymmetric_laplace(a, b, c)", {REAL, ABOVE, ABOVE}, {0.3, 0.8, 1.5}, LINE, 0.3, 0.8, A_NUMBER},
    {"skew_double_exponential(a, b, c)", {REAL, ABOVE, SHARE}, {0.3, 0.8, 0.3}, LINE, 0.3, 0.8, A_NUMBER},
    {"half_normal(a)", {ABOVE}, {0.8}, RAY, 0, 0.8, A_NUMBER},
    {"half_cauchy(a)", {ABOVE}, {0.8}, RAY, 0, 0.8, A_NUMBER},
    {"half_student_t(a, b)", {ABOVE, ABOVE}, {2.5, 0.8}, RAY, 0, 0.8, A_NUMBER},
    {"lognormal(a, b)", {REAL, ABOVE}, {0.3, 0.8}, RAY, 0, 1.3, A_NUMBER},
    {"exponential(a)", {ABOVE}, {1.5}, RAY, 0, 0.7, A_NUMBER},
    {"gamma(a, b)", {ABOVE, ABOVE}, {0.7, 1.3}, RAY, 0, 0.5, A_NUMBER},
    {"gamma(a, b)", {ABOVE, ABOVE}, {40, 30}, RAY, 0, 1.3, A_NUMBER},
    {"inv_gamma(a, b)", {ABOVE, ABOVE}, {2.5, 1.3}, RAY, 0, 0.6, A_NUMBER},
    {"chi_square(a)", {ABOVE}, {3}, RAY, 0, 2, A_NUMBER},
    {"inv_chi_square(a)", {ABOVE}, {3}, RAY, 0, 0.3, A_NUMBER},
    {"scaled_inv_chi_square(a, b)", {ABOVE, ABOVE}, {3, 0.8}, RAY, 0, 0.6, A_NUMBER},
    {"weibull(a, b)", {ABOVE, ABOVE}, {1.7, 0.8}, RAY, 0, 0.8, A_NUMBER},
    {"frechet(a, b)", {ABOVE, ABOVE}, {1.7, 0.8}, RAY, 0, 1, A_NUMBER},
    {"rayleigh(a)", {ABOVE}, {0.8}, RAY, 0, 0.8, A_NUMBER},
    {"loglogistic(a, b)", {ABOVE, ABOVE}, {0.8, 1.7}, RAY, 0, 0.8, A_NUMBER},
    {"gompertz(a, b)", {ABOVE, ABOVE}, {0.8, 1.2}, RAY, 0, 0.8, A_NUMBER},
    {"wald(a, b)", {ABOVE, ABOVE}, {1.2, 2}, RAY, 0, 0.8, A_NUMBER},
    {"wald(a, b)", {ABOVE, ABOVE}, {1.2, 0.3}, RAY, 0, 0.3, A_NUMBER},
    {"wiener(a, 0, b, c)", {ABOVE, SHARE, REAL}, {1.2, 0.4, 0.7}, RAY, 0, 0.4, A_NUMBER},
    {"beta(a, b)", {ABOVE, ABOVE}, {0.6, 1.8}, WITHIN, 0.5, 1, A_NUMBER},
    {"beta_proportion(a, b)", {SHARE, ABOVE}, {0.3, 4}, WITHIN, 0.5, 1, A_NUMBER},
    {"kumaraswamy(a, b)", {ABOVE, ABOVE}, {0.8, 1.8}, WITHIN, 0.5, 1, A_NUMBER},
    {"logit_normal(a, b)", {REAL, ABOVE}, {0.3, 0.8}, WITHIN, 0.5, 1, A_NUMBER},
    {"triangular(0, a, 1)", {SHARE}, {0.3}, WITHIN, 0.3, 1, A_NUMBER},
    {"von_mises(a, b)", {REAL, ABOVE}, {0.3, 2}, -M_PI, M_PI, 0.1, 1, A_NUMBER},
    {"von_mises(a, b)", {REAL, ABOVE}, {2.5, 0.7}, -M_PI, M_PI, 0.1, 1, A_NUMBER},
    {"mixed(a, b, c)", {SHARE, REAL, ABOVE}, {0.3, 1.5, 0.5}, LINE, 0.7, 0.8, A_NUMBER},
    {"std_normal()", {NULL}, {0}, LINE, 0, 1, A_NUMBER},
    {"uniform(a, b)", {REAL, REAL}, {-0.5, 1.5}, MOVING, A_NUMBER},
    {"pareto(a, b)", {ABOVE, ABOVE}, {0.7, 1.8}, MOVING, A_NUMBER},
    {"pareto_type_2(a, b, c)", {REAL, ABOVE, ABOVE}, {-0.3, 0.7, 1.8}, MOVING, A_NUMBER},
    {"levy(a, b)", {REAL, ABOVE}, {-0.3, 0.7}, MOVING, A_NUMBER},
    {"log_uniform(a, b)", {ABOVE, ABOVE}, {0.3, 2.5}, MOVING, A_NUMBER},
    {"normal_mixture(if k == 1 then a else 0.5 - 0.5 * a, b * (k - 2), c)",
     {SHARE, REAL, ABOVE},
     {0.3, 0.9, 0.5},
     LINE,
     0,
     0.8,
     A_NUMBER},
    {"dirichlet(if k == 1 then a else if k == 2 then b else 1.5)",
     {ABOVE, ABOVE},
     {0.6, 1.8},
     WITHIN,
     0.5,
     1,
     "k",
     "simplex",
     "x[k = 1]",
     "beta(a, b + 1.5)"},
    {"gaussian_random_walk(a)", {ABOVE}, {0.7}, LINE, 0, 1, VECTOR, "x[k = 3]", "normal(0, a * sqrt(3))"},
    {"multi_normal(a * w, b * K)",
     {REAL, ABOVE},
     {0.1, 0.8},
     LINE,
     0,
     1,
     VECTOR,
     "sum[k](w * x) / 3",
     "normal(a * 14 / 3, sqrt(b * forward) / 3)"},
    {"multi_normal_cholesky(a * w, b * L)",
     {REAL, ABOVE},
     {0.1, 0.8},
     LINE,
     0,
     1,
     VECTOR,
     "sum[k](w * x) / 3",
     "normal(a * 14 / 3, b * sqrt(forward) / 3)"},
    {"multi_normal_precision(a * w, b * K)",
     {REAL, ABOVE},
     {0.1, 0.8},
     LINE,
     0,
     1,
     VECTOR,
     "sum[k](w * x) / 3",
     "normal(a * 14 / 3, sqrt(backward / b) / 3)"},
    {"multi_normal_low_rank(a * w, b * F, c * w)",
     {REAL, ABOVE, ABOVE},
     {0.1, 0.8, 0.3},
     LINE,
     0,
     1,
     VECTOR,
     "sum[k](w * x) / 3",
     "normal(a * 14 / 3, sqrt(sum[r](sum[k](b * w * F)^2) + c * 36) / 3)"},
    {"multi_student_t(a, b * w, c * K)",
     {ABOVE, REAL, ABOVE},
     {2.5, 0.1, 0.8},
     LINE,
     0,
     1,
     VECTOR,
     "sum[k](w * x) / 3",
     "student_t(a, b * 14 / 3, sqrt(c * forward) / 3)"},
    {"multi_student_t_cholesky(a, b * w, c * L)",
     {ABOVE, REAL, ABOVE},
     {2.5, 0.1, 0.8},
     LINE,
     0,
     1,
     VECTOR,
     "sum[k](w * x) / 3",
     "student_t(a, b * 14 / 3, c * sqrt(forward) / 3)"},
    {"multi_gp(a * K, b)",
     {ABOVE, ABOVE},
     {0.7, 2},
     LINE,
     0,
     1,
     VECTOR,
     "sum[k](w * x) / 3",
     "normal(0, sqrt(a * forward / b) / 3)"},
    {"multi_gp_cholesky(a * L, b)",
     {ABOVE, ABOVE},
     {0.7, 2},
     LINE,
     0,
     1,
     VECTOR,
     "sum[k](w * x) / 3",
     "normal(0, a * sqrt(forward / b) / 3)"},
    {"matrix_normal(a, b * K, c * C)",
     {REAL, ABOVE, ABOVE},
     {0.2, 0.8, 0.5},
     LINE,
     0,
     1,
     "k, r",
     REAL,
     "sum[r](x[k = 2]) / 3",
     "normal(2 * a / 3, sqrt(b * c * K[k = 2, k' = 2] * sum[r, r'](C)) / 3)"},
    {"gaussian_dlm_obs(F, a * I, C, b * K, c * w, K)",
     {REAL, ABOVE, REAL},
     {0.7, 0.4, 0.2},
     LINE,
     0,
     1,
     "r, t",
     REAL,
     "x[r = 2, t = 2] / 3",
     "normal(a^2 * c * sum[k](G * w) / 3, sqrt((a^4 + b * (a^2 + 1)) * sum[k, k'](G * K * G[k']) + 2) / 3)"},
    {"car(a * w, b, c, W)",
     {REAL, SHARE, ABOVE},
     {0.1, 0.6, 1.5},
     LINE,
     0,
     1,
     VECTOR,
     "sum[k](w * x) / 3",
     "normal(a * 14 / 3, sqrt(sum[k](w * solve[k](D - b * W, w)) / c) / 3)"},
    {"icar(W, a)",
     {ABOVE},
     {0.7},
     RAY,
     0,
     1,
     "k",
     "sum_to_zero",
     "sum[k, k'](W * (x - x[k'])^2)",
     "gamma(1, 0.25 / a^2)"},
    {"lkj_corr(a)",
     {ABOVE},
     {1.7},
     WITHIN,
     0.5,
     1,
     MATRIX,
     "correlation",
     "0.5 + 0.5 * x[k = 3, k' = 1]",
     "beta(a + 0.5, a + 0.5)"},
    {"lkj_corr_cholesky(a)",
     {ABOVE},
     {1.7},
     WITHIN,
     0.5,
     1,
     MATRIX,
     "cholesky_correlation",
     "0.5 + 0.5 * sum[k'](x[k = 3] * x[k = 2])",
     "beta(a + 0.5, a + 0.5)"},
    {"wishart(a, b * K)",
     {ABOVE, ABOVE},
     {4.5, 0.3},
     RAY,
     0,
     1,
     MATRIX,
     "covariance",
     "x[k = 2, k' = 2]",
     "gamma(0.5 * a, 0.5 / (b * K[k = 2, k' = 2]))"},
    {"wishart_cholesky(a, b * L)",
     {ABOVE, ABOVE},
     {4.5, 0.3},
     RAY,
     0,
     1,
     MATRIX,
     "cholesky_covariance",
     "sum[k'](x[k = 3]^2)",
     "gamma(0.5 * a, 0.5 / (b^2 * K[k = 3, k' = 3]))"},
    {"inv_wishart(a, b * K)",
     {ABOVE, ABOVE},
     {4.5, 0.7},
     RAY,
     0,
     1,
     MATRIX,
     "covariance",
     "x[k = 2, k' = 2]",
     "inv_gamma(0.5 * a - 1, 0.5 * b * K[k = 2, k' = 2])"},
    {"inv_wishart_cholesky(a, b * L)",
     {ABOVE, ABOVE},
     {4.5, 0.7},
     RAY,
     0,
     1,
     MATRIX,
     "cholesky_covariance",
     "sum[k'](x[k = 3]^2)",
     "inv_gamma(0.5 * a - 1, 0.5 * b^2 * K[k = 3, k' = 3])"},
};

/* Half normal around 0, half with a place and a scale of its own: a sampler that picks, and no cdf but a sum.
 * And what the rows of vectors have in common. */
static const char *const GIVEN =
    "dist mixed(share : unit, loc : real, scale : positive) : real {\n"
    "  log_density(x) = log_add_exp(log1p(-share) + log_density(normal(0, 1), x), log(share) + "
    "log_density(normal(loc, scale), x))\n"
    "  sample = if std_uniform() < share then loc + scale * random_normal() else random_normal()\n"
    "  cdf(x) = (1 - share) * cdf(normal(0, 1), x) + share * cdf(normal(loc, scale), x)\n}\n"
    "axis k = 3, r = 2, t = 2\nlet w[k] = k\nlet F[k, r] = k - 1.5 * r\nlet G[k] = F[r = 2]\n"
    "let I[k, k'] = if k == k' then 1 else 0\n"
    "let C[r, r'] = if r == r' then r else 0.6\n"
    "let L[k, k'] = if k == k' then 1.5 else if k' < k then 0.2 * k - 0.6 * k' else 0\n"
    "let K[k, k'] = sum[k''](L[k, k''] * L[k', k''])\n"
    "let W[k, k'] = if k == k' then 0 else if k + k' == 4 then 0 else 1\n"
    "let D[k, k'] = if k == k' then (if k == 2 then 2 else 1) else 0\n"
    "let forward = sum[k, k'](w * K * w[k'])\nlet backward = sum[k](w * solve[k](K, w))\n";

enum { NODES = 2001, PARAMETERS = 3 };
static const char *const NAMES[PARAMETERS] = {"a", "b", "c"};

static double f(double s) { return s / (1 + fabs(s)); }

/* From `from` to `to`, by a double-exponential map, as in shapes.c. */
static void lay_out_between(double from, double to, double *at, double *weight, int nodes) {
    for (int i = 0; i < nodes; i++) {
        double h = 9.0 / (nodes - 1), t = -4.5 + h * i, e = M_PI / 2 * sinh(t), p = 1 / (1 + exp(-2 * e));
        at[i] = from + (to - from) * p;
        weight[i] = (to - from) * h * M_PI * cosh(t) * p / (1 + exp(2 * e));
    }
}

/* Where the integral looks, and with which weights. */
static void lay_out(const row *r, double *at, double *weight) {
    if (isnan(r->lowest)) {
        lay_out_between(0, 1, at, weight, NODES);
    } else if (isfinite(r->highest)) {
        lay_out_between(r->lowest, r->centre, at, weight, NODES / 2);
        lay_out_between(r->centre, r->highest, at + NODES / 2, weight + NODES / 2, NODES - NODES / 2);
    } else
        for (int i = 0; i < NODES; i++) {
            double h = 9.0 / (NODES - 1), t = -4.5 + h * i, e = M_PI / 2 * sinh(t),
                   de = h * M_PI / 2 * cosh(t);
            if (isinf(r->lowest)) at[i] = r->centre + r->width * sinh(e), weight[i] = r->width * cosh(e) * de;
            else at[i] = r->width * exp(e), weight[i] = at[i] * de;
        }
}

static int parameter_count(const row *r) {
    int n = 0;
    while (n < PARAMETERS && r->types[n]) n++;
    return n;
}

/* E[f(s)] at the parameters, given that there is a draw (of a first passage there may be none), of which
 * number `moved` is off by `by`. */
static double expectation(arena *a, const char *test, const row *r, int moved, double by) {
    double *at = arena_array(a, double, NODES), *weight = arena_array(a, double, NODES), sum = 0, mass = 0;
    lay_out(r, at, weight);
    bool quantiles = isnan(r->lowest);
    const char *text = arena_print(a, "axis n\ndata x[n] : real\n%s", GIVEN);
    for (int i = 0; i < parameter_count(r); i++)
        text = arena_print(a, "%slet %s = %.17g\n", text, NAMES[i], r->at[i] + (i == moved ? by : 0));
    text = arena_print(a, "%slet d[n] = %s(%s, x)\n", text, quantiles ? "quantile" : "log_density",
                       r->law ? r->law : r->call);
    values data = {.name = "x", .rank = 1, .dims = {NODES}, .numbers = at};
    results d = {.name = "d"};
    if (!compute(a, test, text, &data, 1, &d, 1)) return NAN;
    for (int i = 0; i < NODES; i++) {
        double x = d.numbers[i];
        if (!(weight[i] > 0 && isfinite(weight[i]))) continue;
        double p = quantiles ? weight[i] : x > -700 ? weight[i] * exp(x) : 0;
        sum += p * (!quantiles ? f(at[i]) : isinf(x) ? 1 : f(x));
        mass += p;
    }
    return sum / mass;
}

/* The program of a row: the model only says where x lies, and what s is. */
static const program *compile(arena *a, const char *test, const row *r, uint32_t draws, diagnostics *d,
                              const model **bound) {
    const char *text = arena_print(a, "axis n = %u\n%s", draws, GIVEN);
    for (int i = 0; i < parameter_count(r); i++)
        text = arena_print(a, "%sparam %s[n] : %s = %.17g\n", text, NAMES[i], r->types[i], r->at[i]);
    const char *x = arena_print(a, "x[n%s%s]", r->axes ? ", " : "", r->axes ? r->axes : "");
    const char *type = r->type                                 ? r->type
                       : strncmp(r->call, "von_mises", 9) == 0 ? "interval(-pi, pi)"
                       : isfinite(r->highest)                  ? "unit"
                       : r->lowest == 0                        ? "positive"
                                                               : "real";
    text = arena_print(a, "%smodel {\n  %s : %s ~ flat()\n  s[n] = %s\n}\nguide {\n  %s ~ %s\n}\n", text, x,
                       type, r->statistic ? r->statistic : "x", x, r->call);
    names *n = arena_new(a, names);
    diagnostics_open(d, a);
    names_open(n, a);
    const program *p = program_compile(d, n, diagnostics_source(d, test, text, strlen(text), false), NULL);
    data_set set;
    data_open(&set, a);
    *bound = d->errors ? NULL : model_bind(d, p, &set, a);
    if (!*bound) check(false, test, "%s", d->list.count ? diagnostic_text(d, d->list.at) : "");
    return *bound ? p : NULL;
}

static void check_row(arena *a, const row *r, uint32_t draws) {
    const char *test = arena_print(a, "pathwise.%s", r->call);
    diagnostics *d = arena_new(a, diagnostics);
    const model *m;
    const program *p = compile(a, test, r, draws, d, &m);
    if (!p) return;
    if (!p->guide.at[0].pathwise) {
        check(false, test, "its draws are not differentiated");
        return;
    }
    tape t, compiled;
    tape_open(&t, a);
    lowering l = lower_open(m, &t, 1);
    ref inputs[PARAMETERS], slopes[PARAMETERS], culprit = 0;
    int count = parameter_count(r);
    for (int i = 0; i < count; i++) {
        variable v = find_variable(p, NAMES[i]);
        inputs[i] = tape_input(&t, lower_axes(&l, program_variable(p, v)->axes));
        lower_set(&l, v, inputs[i]);
    }
    variable drawn = find_variable(p, "x");
    lower_set(&l, drawn,
              tape_expand(&t, lower_node(&l, p->guide.at[0].sample),
                          lower_axes(&l, program_variable(p, drawn)->axes)));
    ref s = lower_node(&l, program_variable(p, find_variable(p, "s"))->value), one = tape_number(&t, 1);
    ref y = tape_map2(&t, OP_div, s, tape_map2(&t, OP_add, one, tape_map1(&t, OP_abs, s)));
    if (!tape_adjoint(&t, y, 0, inputs, (uint32_t)count, slopes, &culprit)) {
        check(false, test, "%s has no derivative", op_name(tape_at(&t, culprit)->op));
        return;
    }
    for (int i = 0; i < count; i++) tape_output(&t, tape_expand(&t, slopes[i], tape_at(&t, inputs[i])->axes));
    tape_compile(&t, &compiled, a, NULL, NULL);
    machine *run = machine_new(a, &compiled, NULL);
    for (int i = 0; i < count; i++) {
        double *at = arena_array(a, double, draws);
        for (uint32_t k = 0; k < draws; k++) at[k] = r->at[i];
        machine_bind(run, (uint32_t)i, at);
    }
    machine_run(run, 1, 0);
    for (int i = 0; i < count; i++) {
        const double *slope = machine_output(run, (uint32_t)i);
        double sum = 0, square = 0, h = 1e-4 * r->at[i];
        double exact = (expectation(a, test, r, i, h) - expectation(a, test, r, i, -h)) / (2 * h);
        for (uint32_t k = 0; k < draws; k++) sum += slope[k] / draws;
        for (uint32_t k = 0; k < draws; k++) square += pow(slope[k] - sum, 2) / draws;
        if (!(fabs(sum - exact) <= 4 * sqrt(square / draws) + 1e-7)) {
            check(false, test, "d/d%s is %.6f +- %.6f, not %.6f", NAMES[i], sum, sqrt(square / draws), exact);
            return;
        }
    }
    succeed(test);
}

/* Whether draws of a distribution of the library can be differentiated, so that there must be a row: it has a
 * sample, and what it draws is not whole. */
static bool is_drawn(const char *name, const char *text) {
    static const char *const WHOLE[] = {" : count", " : binary", " : int ", " : index", " : k {"};
    const char *end = strstr(text, "{\n");
    bool whole = false;
    for (size_t i = 0; i < sizeof WHOLE / sizeof *WHOLE; i++) {
        const char *found = strstr(strstr(text, ")"), WHOLE[i]);
        whole |= found && found < end;
    }
    return !whole && has_property(name, "sample");
}

static void check_complete(void) {
    for (int i = 0; i < LIBRARY_COUNT; i++) {
        size_t length = strlen(LIBRARY[i].name), found = 0;
        if (!is_drawn(LIBRARY[i].name, LIBRARY[i].text)) continue;
        for (size_t k = 0; k < sizeof ROWS / sizeof *ROWS; k++)
            found |= !strncmp(ROWS[k].call, LIBRARY[i].name, length) && ROWS[k].call[length] == '(';
        check(found, "pathwise rows", "%s has none", LIBRARY[i].name);
    }
}

int main(int argc, char **argv) {
    uint32_t draws = argc > 1 ? (uint32_t)atoi(argv[1]) : 10000;
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        arena a;
        test_memory(&a);
        check_row(&a, &ROWS[i], draws);
        arena_close(&a);
    }
    check_complete();
    return check_end();
}
