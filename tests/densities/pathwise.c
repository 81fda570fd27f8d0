/* Draws of a guide that are differentiated: the mean over draws of d f(x) / d parameter is the derivative of
 * E[f(x)], which is found by differences of its quadrature over the quantiles or the density; within 4
 * standard errors, at a fixed seed. f is x / (1 + |x|), which is bounded, for the tails of some have no
 * moments.
 *
 * usage: pathwise [DRAWS]   from the root of the repository; a campaign draws 1000000 */
#include <stdlib.h>

#include "tests/densities/run.h"

/* A call of parameters a, b, c, their types and values; where the density is integrated: from lowest to
 * highest, or over centre + width sinh(u) where they are infinite. */
typedef struct row {
    const char *call, *types[3];
    double at[3], lowest, highest, centre, width;
} row;

#define REAL   "real"
#define ABOVE  "positive"
#define SHARE  "unit"
#define LINE   -INFINITY, INFINITY
#define RAY    0, INFINITY
#define WITHIN 0, 1

static const row ROWS[] = {
    {"normal(a, b)", {REAL, ABOVE}, {0.3, 0.8}, LINE, 0.3, 0.8},
    {"student_t(a, b, c)", {ABOVE, REAL, ABOVE}, {2.5, 0.4, 0.7}, LINE, 0.4, 0.7},
    {"cauchy(a, b)", {REAL, ABOVE}, {0.3, 0.8}, LINE, 0.3, 0.8},
    {"laplace(a, b)", {REAL, ABOVE}, {0.3, 0.8}, LINE, 0.3, 0.8},
    {"logistic(a, b)", {REAL, ABOVE}, {0.3, 0.8}, LINE, 0.3, 0.8},
    {"gumbel(a, b)", {REAL, ABOVE}, {0.3, 0.8}, LINE, 0.3, 0.8},
    {"skew_normal(a, b, c)", {REAL, ABOVE, REAL}, {0.3, 0.8, 2}, LINE, 0.3, 0.8},
    {"exp_mod_normal(a, b, c)", {REAL, ABOVE, ABOVE}, {0.3, 0.8, 1.5}, LINE, 0.8, 1},
    {"asymmetric_laplace(a, b, c)", {REAL, ABOVE, ABOVE}, {0.3, 0.8, 1.5}, LINE, 0.3, 0.8},
    {"skew_double_exponential(a, b, c)", {REAL, ABOVE, SHARE}, {0.3, 0.8, 0.3}, LINE, 0.3, 0.8},
    {"half_normal(a)", {ABOVE}, {0.8}, RAY, 0, 0.8},
    {"half_cauchy(a)", {ABOVE}, {0.8}, RAY, 0, 0.8},
    {"half_student_t(a, b)", {ABOVE, ABOVE}, {2.5, 0.8}, RAY, 0, 0.8},
    {"lognormal(a, b)", {REAL, ABOVE}, {0.3, 0.8}, RAY, 0, 1.3},
    {"exponential(a)", {ABOVE}, {1.5}, RAY, 0, 0.7},
    {"gamma(a, b)", {ABOVE, ABOVE}, {0.7, 1.3}, RAY, 0, 0.5},
    {"gamma(a, b)", {ABOVE, ABOVE}, {40, 30}, RAY, 0, 1.3},
    {"inv_gamma(a, b)", {ABOVE, ABOVE}, {2.5, 1.3}, RAY, 0, 0.6},
    {"chi_square(a)", {ABOVE}, {3}, RAY, 0, 2},
    {"inv_chi_square(a)", {ABOVE}, {3}, RAY, 0, 0.3},
    {"scaled_inv_chi_square(a, b)", {ABOVE, ABOVE}, {3, 0.8}, RAY, 0, 0.6},
    {"weibull(a, b)", {ABOVE, ABOVE}, {1.7, 0.8}, RAY, 0, 0.8},
    {"frechet(a, b)", {ABOVE, ABOVE}, {1.7, 0.8}, RAY, 0, 1},
    {"rayleigh(a)", {ABOVE}, {0.8}, RAY, 0, 0.8},
    {"loglogistic(a, b)", {ABOVE, ABOVE}, {0.8, 1.7}, RAY, 0, 0.8},
    {"gompertz(a, b)", {ABOVE, ABOVE}, {0.8, 1.2}, RAY, 0, 0.8},
    {"wald(a, b)", {ABOVE, ABOVE}, {1.2, 2}, RAY, 0, 0.8},
    {"wald(a, b)", {ABOVE, ABOVE}, {1.2, 0.3}, RAY, 0, 0.3},
    {"beta(a, b)", {ABOVE, ABOVE}, {0.6, 1.8}, WITHIN, 0, 1},
    {"beta_proportion(a, b)", {SHARE, ABOVE}, {0.3, 4}, WITHIN, 0, 1},
    {"kumaraswamy(a, b)", {ABOVE, ABOVE}, {0.8, 1.8}, WITHIN, 0, 1},
    {"logit_normal(a, b)", {REAL, ABOVE}, {0.3, 0.8}, WITHIN, 0, 1},
    {"triangular(0, a, 1)", {SHARE}, {0.3}, WITHIN, 0, 1},
    {"von_mises(a, b)", {REAL, ABOVE}, {0.3, 2}, -M_PI, M_PI, 0, 1},
    {"von_mises(a, b)", {REAL, ABOVE}, {2.5, 0.7}, -M_PI, M_PI, 0, 1},
    {"mixed(a, b, c)", {SHARE, REAL, ABOVE}, {0.3, 1.5, 0.5}, LINE, 0.7, 0.8},
};

/* Half normal around 0, half with a place and a scale of its own: a sampler that picks, and no cdf but a sum.
 */
static const char *const MIXED =
    "dist mixed(share : unit, loc : real, scale : positive) : real {\n"
    "  log_density(x) = log_add_exp(log1p(-share) + log_density(normal(0, 1), x), log(share) + "
    "log_density(normal(loc, scale), x))\n"
    "  sample = if std_uniform() < share then loc + scale * random_normal() else random_normal()\n"
    "  cdf(x) = (1 - share) * cdf(normal(0, 1), x) + share * cdf(normal(loc, scale), x)\n}\n";

enum { NODES = 2001, PARAMETERS = 3 };
static const char *const NAMES[PARAMETERS] = {"a", "b", "c"};

static double f(double x) { return x / (1 + fabs(x)); }

/* Where the integral looks, and with which weights: double-exponential maps, as in shapes.c. */
static void lay_out(const row *r, double *at, double *weight) {
    for (int i = 0; i < NODES; i++) {
        double h = 9.0 / (NODES - 1), t = -4.5 + h * i, s = M_PI / 2 * sinh(t), ds = h * M_PI / 2 * cosh(t);
        if (isinf(r->lowest)) at[i] = r->centre + r->width * sinh(s), weight[i] = r->width * cosh(s) * ds;
        else if (isinf(r->highest)) at[i] = r->width * exp(s), weight[i] = at[i] * ds;
        else {
            double p = 1 / (1 + exp(-2 * s)), all = r->highest - r->lowest;
            at[i] = r->lowest + all * p, weight[i] = all * 2 * ds * p / (1 + exp(2 * s));
        }
    }
}

static int parameter_count(const row *r) {
    int n = 0;
    while (n < PARAMETERS && r->types[n]) n++;
    return n;
}

/* E[f(x)] at the parameters, of which number `moved` is off by `by`. */
static double expectation(arena *a, const char *test, const row *r, int moved, double by) {
    double *at = arena_array(a, double, NODES), *weight = arena_array(a, double, NODES), sum = 0;
    lay_out(r, at, weight);
    const char *text = arena_print(a, "axis n\ndata x[n] : real\n%s", MIXED);
    for (int i = 0; i < parameter_count(r); i++)
        text = arena_print(a, "%slet %s = %.17g\n", text, NAMES[i], r->at[i] + (i == moved ? by : 0));
    text = arena_print(a, "%slet d[n] = log_density(%s, x)\n", text, r->call);
    values data = {.name = "x", .rank = 1, .dims = {NODES}, .numbers = at};
    results d = {.name = "d"};
    if (!compute(a, test, text, &data, 1, &d, 1)) return NAN;
    for (int i = 0; i < NODES; i++)
        if (weight[i] > 0 && isfinite(weight[i]) && d.numbers[i] > -700)
            sum += weight[i] * exp(d.numbers[i]) * f(at[i]);
    return sum;
}

/* The program of a row: the model only says where x lies. */
static const program *compile(arena *a, const char *test, const row *r, uint32_t draws, diagnostics *d,
                              const model **bound) {
    const char *text = arena_print(a, "axis n = %u\n%s", draws, MIXED);
    for (int i = 0; i < parameter_count(r); i++)
        text = arena_print(a, "%sparam %s[n] : %s = %.17g\n", text, NAMES[i], r->types[i], r->at[i]);
    const char *model_call = strncmp(r->call, "von_mises", 9) == 0 ? "von_mises(0, 1)"
                             : isinf(r->lowest)                    ? "normal(0, 1)"
                             : isinf(r->highest)                   ? "lognormal(0, 1)"
                                                                   : "uniform(0, 1)";
    text = arena_print(a, "%smodel {\n  x[n] ~ %s\n}\nguide {\n  x[n] ~ %s\n}\n", text, model_call, r->call);
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
    ref x = lower_node(&l, p->guide.at[0].sample), one = tape_number(&t, 1);
    ref y = tape_map2(&t, OP_div, x, tape_map2(&t, OP_add, one, tape_map1(&t, OP_abs, x)));
    if (!tape_adjoint(&t, y, 0, inputs, (uint32_t)count, slopes, &culprit)) {
        check(false, test, "%s has no derivative", op_name(tape_at(&t, culprit)->op));
        return;
    }
    for (int i = 0; i < count; i++) tape_output(&t, slopes[i]);
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

int main(int argc, char **argv) {
    uint32_t draws = argc > 1 ? (uint32_t)atoi(argv[1]) : 10000;
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        arena a;
        test_memory(&a);
        check_row(&a, &ROWS[i], draws);
        arena_close(&a);
    }
    return check_end();
}
