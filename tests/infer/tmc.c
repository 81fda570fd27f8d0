/* The bound along axes: unbiased for the evidence where that is known, above the bound of as many joint
 * draws, and both of its estimators of gradients against quadrature of the bound and against differences. */
#include "runtime/infer/tmc.h"

#include "tests/check.h"
#include "tests/infer/climbs.h"
#include "tests/memory.h"

enum { ROWS_MOST = 12, STEPS = 4000 };

typedef struct example {
    const char *name, *text;
    int count;                          /* of data */
    double (*covariance)(int i, int j); /* of data i and j, without noise; NULL: of the betas */
} example;

static double data(int i) { return 1.5 * sin(i + 1.0); }

static double grouped(int i, int j) { return 1 + (i / 2 == j / 2); }
static double crossed(int i, int j) { return (i / 3 == j / 3) + (i % 3 == j % 3); }
static double chain(int i, int j) { return pow(0.8, abs(i - j)); }
static double nested(int i, int j) { return 1 + (i / 4 == j / 4) + (i / 2 == j / 2); }

#define GROUPS                                                                                               \
    "axis row = 8, k = 4\ndata y[row] : real = 1.5 * sin(row)\n"                                             \
    "data of[row] : k = floor((row - 1) / 2) + 1\n"                                                          \
    "model {\n  mu ~ normal(0, 1)\n  a[k] ~ normal(mu, 1)\n  y[row] ~ normal(a[of], 0.8)\n}\n"

static const example EXAMPLES[] = {
    {"groups, a mean field", GROUPS, 8, grouped},
    {"groups, statements of the guide", GROUPS "guide {\n  mu ~ normal(?, ?)\n  a[k] ~ normal(?, ?)\n}\n", 8,
     grouped},
    {"groups in groups",
     "axis row = 8, k = 4, g = 2\ndata y[row] : real = 1.5 * sin(row)\n"
     "data of[row] : k = floor((row - 1) / 2) + 1\ndata in[k] : g = floor((k - 1) / 2) + 1\n"
     "model {\n  mu ~ normal(0, 1)\n  m[g] ~ normal(mu, 1)\n  a[k] ~ normal(m[in], 1)\n"
     "  y[row] ~ normal(a[of], 0.8)\n}\n",
     8, nested},
    {"crossed effects",
     "axis i = 2, j = 3\ndata y[i, j] : real = 1.5 * sin(3 * (i - 1) + j)\n"
     "model {\n  a[i] ~ normal(0, 1)\n  b[j] ~ normal(0, 1)\n  y[i, j] ~ normal(a + b, 0.8)\n}\n",
     6, crossed},
    {"a chain",
     "axis time = 6\ndata y[time] : real = 1.5 * sin(time)\n"
     "model {\n  h[time = 1] ~ normal(0, 1)\n  h[time > 1] ~ normal(0.8 * h[time - 1], 0.6)\n"
     "  y[time] ~ normal(h, 0.8)\n}\n",
     6, chain},
    /* of each beta-binomial: B(2 + y, 3 + 4 - y) binomial(4, y) / B(2, 3) */
    {"bounded effects",
     "axis k = 8\ndata y[k] : count = k - 4 * floor((k - 1) / 4)\n"
     "model {\n  p[k] ~ beta(2, 3)\n  y[k] ~ binomial(4, p)\n}\n",
     8, NULL},
};

/* Of the counts under a beta-binomial each. */
static double log_evidence_of_counts(int count) {
    double sum = 0;
    for (int k = 0; k < count; k++) {
        int y = k % 4 + 1;
        sum +=
            lgamma(2 + y) + lgamma(7 - y) - lgamma(9) + log(12) + lgamma(5) - lgamma(y + 1) - lgamma(5 - y);
    }
    return sum;
}

/* Of data with that covariance, by Cholesky's factor. */
static double log_evidence(const example *x) {
    double c[ROWS_MOST][ROWS_MOST], w[ROWS_MOST], sum = -0.5 * x->count * log(2 * M_PI);
    if (!x->covariance) return log_evidence_of_counts(x->count);
    for (int i = 0; i < x->count; i++) {
        w[i] = data(i);
        for (int j = 0; j <= i; j++) {
            c[i][j] = x->covariance(i, j) + (i == j) * 0.64;
            for (int k = 0; k < j; k++) c[i][j] -= c[i][k] * c[j][k];
            c[i][j] = i == j ? sqrt(c[i][i]) : c[i][j] / c[j][j];
            if (j < i) w[i] -= c[i][j] * w[j];
        }
        w[i] /= c[i][i];
        sum -= 0.5 * w[i] * w[i] + log(c[i][i]);
    }
    return sum;
}

/* Mean of values, or of the weights that they are the logs of. */
static measured average_of(objective *o, bool weights, double log_unit) {
    double sum = 0, squares = 0;
    for (uint64_t step = 0; step < STEPS; step++) {
        objective_run(o, step);
        double x = weights ? exp(o->value - log_unit) : o->value;
        sum += x, squares += x * x;
    }
    return measured_mean(sum, squares, STEPS);
}

/* The guides are as they start, or have these numbers. */
static void bound_lies_between(const example *x) {
    arena a;
    test_memory(&a);
    const setting along[] = {{OPTION_objective, "tmc(6)"}}, joint[] = {{OPTION_objective, "iwae(6)"}};
    objective *o = climbing(&a, x->text, along, 1, NULL), *less = climbing(&a, x->text, joint, 1, NULL);
    if (!check(o && less, x->name, "no objective")) return;
    for (uint64_t i = 0; i < o->guide->size; i++) o->x[i] = less->x[i] = 0; /* standard normal */
    optimiser_place(&o->climber, o->x);
    optimiser_place(&less->climber, less->x);
    double exact = log_evidence(x);
    measured bound = average_of(o, false, 0), lower = average_of(less, false, 0),
             weight = average_of(o, true, exact);
    printf("# %s: iwae %.4f, tmc %.4f +- %.4f, evidence %.4f\n", x->name, lower.value, bound.value,
           bound.error, exact);
    check(fabs(weight.value - 1) < 4 * weight.error && weight.error < 0.05, "unbiased for the evidence",
          "%s: %.4f +- %.4f", x->name, weight.value, weight.error);
    check(bound.value + 4 * bound.error < exact, "below the evidence", "%s: %.4f +- %.4f, %.4f", x->name,
          bound.value, bound.error, exact);
    check(bound.value - 4 * hypot(bound.error, lower.error) > lower.value, "above the bound of joint draws",
          "%s: %.4f, %.4f", x->name, bound.value, lower.value);
    arena_close(&a);
}

/* ---- gradients ---- */

static const char PAIR[] =
    "axis k = 2\ndata y[k] : real = 1.5 - k\n"
    "model {\n  mu ~ normal(0, 1)\n  a[k] ~ normal(mu, 1)\n  y[k] ~ normal(a, 0.8)\n}\n"
    "guide {\n  mu ~ normal(?, ?)\n  a[k] ~ normal(?, ?)\n}\n";
enum { FREE = 6, NODES = 7, NORMALS = 6 };

static double log_normal(double x, double m, double s) {
    return -0.5 * (x - m) * (x - m) / (s * s) - log(s) - 0.5 * log(2 * M_PI);
}

/* The bound of two particles each for six standard normal numbers: two of mu, two for each a. */
static double bound_of(const double *x, const double *e) {
    static const double Y[] = {0.5, -0.5};
    double total = 0;
    for (int j = 0; j < 2; j++) {
        double mu = x[0] + exp(x[1]) * e[j],
               product = exp(log_normal(mu, 0, 1) - log_normal(mu, x[0], exp(x[1])));
        for (int i = 0; i < 2; i++) {
            double sum = 0;
            for (int k = 0; k < 2; k++) {
                double s = exp(x[4 + i]), a = x[2 + i] + s * e[2 + 2 * i + k];
                sum += exp(log_normal(a, mu, 1) + log_normal(Y[i], a, 0.8) - log_normal(a, x[2 + i], s));
            }
            product *= sum / 2;
        }
        total += product / 2;
    }
    return log(total);
}

/* Its expectation by the rule of Gauss and Hermite, exact to the 13th degree in each number; with two nodes
 * fewer the slopes differ by less than 1e-3. */
static double expected_bound(const double *x) {
    static const double AT[NODES] = {-3.750439717725742, -2.366759410734541, -1.154405394739968, 0,
                                     1.154405394739968,  2.366759410734541,  3.750439717725742},
                        WEIGHT[NODES] = {0.000548268855972, 0.030757123967586, 0.240123178605013,
                                         0.457142857142857, 0.240123178605013, 0.030757123967586,
                                         0.000548268855972};
    int all = 1;
    double sum = 0;
    for (int i = 0; i < NORMALS; i++) all *= NODES;
    for (int n = 0; n < all; n++) {
        double e[NORMALS], weight = 1;
        for (int i = 0, left = n; i < NORMALS; i++, left /= NODES)
            e[i] = AT[left % NODES], weight *= WEIGHT[left % NODES];
        if (weight > 1e-9) sum += weight * bound_of(x, e);
    }
    return sum;
}

static void gradients_are_those_of_the_bound(void) {
    arena a;
    test_memory(&a);
    static const double AT[FREE] = {0.2, -0.4, 0.3, -0.1, -0.5, -0.3};
    static const char *const ESTIMATORS[] = {"pathwise", "dreg"};
    double exact[FREE], noise[2] = {0, 0};
    for (int i = 0; i < FREE; i++) {
        double x[2][FREE], h = 1e-3;
        for (int n = 0; n < 2; n++) {
            memcpy(x[n], AT, sizeof AT);
            x[n][i] += n ? -h : h;
        }
        exact[i] = (expected_bound(x[0]) - expected_bound(x[1])) / (2 * h);
    }
    for (int n = 0; n < 2; n++) {
        const setting set[] = {{OPTION_objective, "tmc(2)"}, {OPTION_estimator, ESTIMATORS[n]}};
        objective *o = climbing(&a, PAIR, set, 2, AT);
        if (!check(o != NULL, "gradients", "no objective")) continue;
        estimates e = estimates_of(o, 20000, &a);
        double value = expected_bound(AT);
        check(fabs(e.mean[FREE] - value) < 4 * e.error[FREE], "the bound is its integral",
              "%.5f +- %.5f, %.5f", e.mean[FREE], e.error[FREE], value);
        for (int i = 0; i < FREE; i++) {
            check(fabs(e.mean[i] - exact[i]) < 4 * e.error[i] + 1e-3, "unbiased gradient",
                  "%s, %d: %.5f +- %.5f, not %.5f", ESTIMATORS[n], i, e.mean[i], e.error[i], exact[i]);
            noise[n] += e.error[i] * e.error[i];
        }
    }
    printf("# variance of the gradient: pathwise %.3g, dreg %.3g\n", 20000 * noise[0], 20000 * noise[1]);
    check(noise[1] < noise[0], "dreg is quieter than pathwise", "%g, %g", noise[1], noise[0]);
    arena_close(&a);
}

/* What the model's own numbers do to the bound has nothing to be reparameterised. */
static void params_have_one_slope(void) {
    static const char TEXT[] = "axis k = 3\ndata y[k] : real = 1.5 - k\n"
                               "param m : real = 0.3\nparam s : positive = 0.7\n"
                               "model {\n  a[k] ~ normal(m, s)\n  y[k] ~ normal(a, 0.8)\n}\n";
    arena a;
    test_memory(&a);
    double slope[2][8];
    for (int n = 0; n < 2; n++) {
        const setting set[] = {{OPTION_objective, "tmc(4)"}, {OPTION_estimator, n ? "dreg" : "pathwise"}};
        objective *o = climbing(&a, TEXT, set, 2, NULL);
        if (!check(o && o->guide->size == 8, "params", "no objective")) return;
        objective_run(o, 5);
        optimiser_gradient(&o->climber, slope[n]);
    }
    for (int i = 0; i < 2; i++)
        check(fabs(slope[0][i] - slope[1][i]) < 1e-12 * (1 + fabs(slope[0][i])), "slopes of params", "%g, %g",
              slope[0][i], slope[1][i]);
    arena_close(&a);
}

/* The same draws on both sides: the slope of a value is its pathwise gradient, whatever the model. */
static void values_have_these_slopes(const example *x) {
    arena a;
    test_memory(&a);
    const setting set[] = {{OPTION_objective, "tmc(4)"}, {OPTION_estimator, "pathwise"}};
    objective *o = climbing(&a, x->text, set, 2, NULL);
    if (!check(o != NULL, x->name, "no objective")) return;
    uint64_t n = o->guide->size;
    double *slope = arena_array(&a, double, n), worst = 0, h = 1e-5;
    objective_run(o, 3);
    optimiser_gradient(&o->climber, slope);
    for (uint64_t i = 0; i < n; i++) {
        double value[2], at = o->x[i];
        for (int k = 0; k < 2; k++) {
            o->x[i] = at + (k ? -h : h);
            optimiser_place(&o->climber, o->x);
            objective_run(o, 3);
            value[k] = o->value;
        }
        o->x[i] = at;
        worst = fmax(worst, fabs((value[0] - value[1]) / (2 * h) - slope[i]) / (1 + fabs(slope[i])));
    }
    /* h² of a third derivative, and rounding of about 1e-15 × 30 / h */
    check(worst < 1e-7, "slopes", "%s: off by %.1e", x->name, worst);
    arena_close(&a);
}

int main(void) {
    for (size_t i = 0; i < sizeof EXAMPLES / sizeof *EXAMPLES; i++) {
        bound_lies_between(&EXAMPLES[i]);
        values_have_these_slopes(&EXAMPLES[i]);
    }
    gradients_are_those_of_the_bound();
    params_have_one_slope();
    return check_end();
}
