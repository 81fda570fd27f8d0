/* Truncation far out in a tail, where the cdf has no digits left: the log density of a statement, `x ~ D
 * truncated [a, b]`, against multiple precision (the densities and tails of formulas.py and points.py).
 *
 * usage: truncated   from the root of the repository */
#include "tests/densities/run.h"

typedef struct row {
    const char *call, *type;
    double lower, upper, x, log_density;
} row;

static const row ROWS[] = {
    {"exponential(1)", "positive", 1000, 1001, 1000.5, -0.041324854612918109},
    {"weibull(2, 1)", "positive", 30, 31, 30.25, -10.9598566349632042},
    {"gompertz(0.5, 1)", "positive", 6, 6.5, 6.25, -51.735162768363397},
    {"half_normal(1)", "positive", 30, 31, 30.5, -11.7226945768614207},
    {"half_cauchy(1)", "positive", 1000000000.0, 2000000000.0, 1500000000.0, -20.8410488726027946},
    {"pareto(1, 2)", "interval(1, inf)", 1000000000.0, 2000000000.0, 1500000000.0, -20.9588319082591781},
    {"rayleigh(1)", "positive", 30, 31, 30.5, -11.7072733163865773},
    {"kumaraswamy(2, 60)", "unit", 0.97, 0.98, 0.975, -3.01671708085053585},
    {"poisson(3)", "count", 60, 70, 62, -6.09117151957280978},
    {"geometric(0.3)", "count", 500, 600, 520, -8.33747168310058306},
    {"binomial(100, 0.1)", "count", 90, 99, 91, -4.41776743361628015},
    {"zipf(3)", "count", 1000000, 2000000, 1500000, -14.051078129276541},
    {"yule_simon(2)", "count", 1000000, 2000000, 1500000, -14.0510777959429993},
    {"zero_inflated_poisson(0.2, 3)", "count", 60, 70, 62, -6.09117151957280978},
    {"hurdle_poisson(0.2, 3)", "count", 60, 70, 62, -6.09117151957280978},
    {"von_mises(0.1, 50)", "interval(-pi, pi)", 2.5, 3, 2.75, -3.72648491564319232},
    {"wiener(1, 0, 0.5, 0.25)", "interval(0, inf)", 8, 9, 8.5, -0.873405881075629137},
    {"levy(0, 1)", "interval(0, inf)", 0.001, 0.002, 0.0015, -71.1637511110910107},
    {"loglogistic(1, 2)", "positive", 1e-09, 2e-09, 1.5e-09, 20.723265836946411},
    {"frechet(2, 1)", "positive", 1000000.0, 2000000.0, 1500000.0, -14.0510766292768605},
};

/* The logarithms that are subtracted are as large as 1100, whose last place is 2e-13. */
static void check_row(arena *a, const row *r) {
    const char *test = arena_print(a, "truncated.%s", r->call);
    const char *text =
        arena_print(a, "data x : %s\nmodel {\n  mu ~ normal(0, 1)\n  x ~ %s truncated [%.17g, %.17g]\n}\n",
                    r->type, r->call, r->lower, r->upper);
    diagnostics d;
    names n;
    diagnostics_open(&d, a);
    names_open(&n, a);
    const program *p = program_compile(&d, &n, diagnostics_source(&d, test, text, strlen(text), false), NULL);
    data_set set;
    data_open(&set, a);
    data_array x = {.name = "x", .numbers = &r->x};
    push(a, &set.arrays, x);
    const model *m = d.errors ? NULL : model_bind(&d, p, &set, a);
    if (!m) {
        check(false, test, "%s", d.list.count ? diagnostic_text(&d, d.list.at) : "");
        return;
    }
    tape t, compiled;
    tape_open(&t, a);
    lowering l = lower_open(m, &t, 1);
    variable v = find_variable(p, "x");
    for (uint32_t i = 0; i < p->model.count; i++)
        if (p->model.at[i].of == v) tape_output(&t, lower_node(&l, p->model.at[i].log_density));
    tape_compile(&t, &compiled, a, NULL, NULL);
    machine *run = machine_new(a, &compiled, NULL);
    machine_run(run, 1, 0);
    double got = machine_output(run, 0)[0];
    check(fabs(got - r->log_density) <= 1e-12, test, "%.17g, not %.17g", got, r->log_density);
}

int main(void) {
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        arena a;
        test_memory(&a);
        check_row(&a, &ROWS[i]);
        arena_close(&a);
    }
    return check_end();
}
