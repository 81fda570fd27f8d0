/* Estimates of gradients have the gradient of what they say they estimate as their expectation: the mean over
 * many steps at one point against the exact one, for every objective, where draws are differentiated and
 * where the guide is scored. Exact: a sum over all pairs of draws, for the continuous latent by the
 * trapezoidal rule, whose error for such integrands is far below that of the mean (Trefethen and Weideman,
 * SIAM Review 56, 2014), differentiated by central differences. */
#include <math.h>
#include <string.h>
#include "runtime/infer/objective.h"
#include "tests/check.h"
#include "tests/compiled.h"
#include "tests/memory.h"

enum { STEPS = 40000, NODES = 161, NUMBERS = 3 };

/* Four standard errors: of 40 comparisons one fails by chance once in 400 seeds, and the seed is fixed. */
static const double ERRORS = 4;

/* A model of one latent z and one param, with a guide of one or two numbers. x: the param, then those. */
typedef struct problem {
    const char *name, *program;
    int numbers;
    double at[NUMBERS];
    int count;                                            /* draws are sums over so many points: */
    double (*draw)(const double *x, int i, double *mass); /* z, and what it weighs */
    double (*log_joint)(const double *x, double z);
    double (*log_q)(const double *x, double z);
} problem;

static double log_normal(double x, double m, double s) {
    return -0.5 * (x - m) * (x - m) / (s * s) - log(s) - 0.5 * log(2 * M_PI);
}

static double smooth_draw(const double *x, int i, double *mass) {
    double e = 0.1 * (i - NODES / 2);
    *mass = 0.1 * exp(log_normal(e, 0, 1));
    return x[1] + exp(x[2]) * e;
}
static double smooth_joint(const double *x, double z) {
    return log_normal(z, x[0], 1) + log_normal(1.2, z + sin(z), 0.8);
}
static double smooth_q(const double *x, double z) { return log_normal(z, x[1], exp(x[2])); }

static double expit(double x) { return 1 / (1 + exp(-x)); }
static double binary_draw(const double *x, int i, double *mass) {
    *mass = i ? expit(x[1]) : expit(-x[1]);
    return i;
}
static double binary_joint(const double *x, double z) {
    return log(z != 0 ? 0.3 : 0.7) + log_normal(1.1, x[0] + 2 * z, 1);
}
static double binary_q(const double *x, double z) { return log(expit(z != 0 ? x[1] : -x[1])); }

static const problem PROBLEMS[] = {
    {"differentiated",
     "param mu : real = 0.4\ndata y : real = 1.2\n"
     "model {\n  z ~ normal(mu, 1)\n  y ~ normal(z + sin(z), 0.8)\n}\n"
     "guide { z ~ normal(?, ?) }\n",
     3,
     {0.4, 0.5, -0.3},
     NODES,
     smooth_draw,
     smooth_joint,
     smooth_q},
    {"scored",
     "param mu : real = 0.3\ndata y : real = 1.1\n"
     "model {\n  z ~ bernoulli(0.3)\n  y ~ normal(mu + 2 * z, 1)\n}\n"
     "guide { z ~ bernoulli(?) }\n",
     2,
     {0.3, -0.4},
     2,
     binary_draw,
     binary_joint,
     binary_q},
};

typedef enum wanted { TARGET_elbo, TARGET_bound, TARGET_wake } wanted;
typedef struct objective_case {
    const char *text;
    wanted target;
    double power;      /* of a bound */
    double sign, beta; /* what is climbed is sign times the objective */
} objective_case;

static const objective_case CASES[] = {
    {"elbo", TARGET_elbo, 0, 1, 1},          {"elbo(2)", TARGET_elbo, 0, 1, 2},
    {"iwae(2)", TARGET_bound, 1, 1, 1},      {"renyi(0.5, 2)", TARGET_bound, 0.5, 1, 1},
    {"renyi(-1, 2)", TARGET_bound, 2, 1, 1}, {"renyi(1, 2)", TARGET_elbo, 0, 1, 1},
    {"chi(2, 2)", TARGET_bound, 2, -1, 1},   {"inclusive(2)", TARGET_wake, 1, 1, 1},
};

/* log w, where prior and guide have the weight beta. */
static double log_weight(const problem *p, const objective_case *c, const double *x, double z) {
    double all = p->log_joint(x, z), prior = p == PROBLEMS ? log_normal(z, x[0], 1) : log(z != 0 ? 0.3 : 0.7);
    return all - prior + c->beta * (prior - p->log_q(x, z));
}

/* The objective, by all pairs of draws. */
static double exact_value(const problem *p, const objective_case *c, const double *x) {
    double total = 0;
    for (int i = 0; i < p->count; i++) {
        double mass, z = p->draw(x, i, &mass), first = log_weight(p, c, x, z);
        if (c->target == TARGET_elbo) total += mass * first;
        for (int j = 0; c->target != TARGET_elbo && j < p->count; j++) {
            double other, second = log_weight(p, c, x, p->draw(x, j, &other));
            total += mass * other * log(0.5 * (exp(c->power * first) + exp(c->power * second))) / c->power;
        }
    }
    return total;
}

/* Of E sum v_k (log q(z_k; φ') + log p(z_k; θ')) in φ' and θ', the draws and weights being those at x. */
static double wake_value(const problem *p, const objective_case *c, const double *x, const double *moved) {
    double total = 0;
    for (int i = 0; i < p->count; i++)
        for (int j = 0; j < p->count; j++) {
            double mass, other, z = p->draw(x, i, &mass), y = p->draw(x, j, &other);
            double v = 1 / (1 + exp(log_weight(p, c, x, y) - log_weight(p, c, x, z)));
            total += 2 * mass * other * v * (p->log_q(moved, z) + p->log_joint(moved, z));
        }
    return total;
}

static double exact_slope(const problem *p, const objective_case *c, int k) {
    const double h = 1e-4; /* off by h² / 6 of a third derivative of the order of 1: 1e-8 */
    double up[NUMBERS], down[NUMBERS];
    memcpy(up, p->at, sizeof up), memcpy(down, p->at, sizeof down);
    up[k] += h, down[k] -= h;
    double change = c->target == TARGET_wake ? wake_value(p, c, p->at, up) - wake_value(p, c, p->at, down)
                                             : exact_value(p, c, up) - exact_value(p, c, down);
    return c->sign * change / (2 * h);
}

static objective *opened(const problem *p, const char *text, arena *a) {
    compiled *c = compile_text(a, p->program);
    model *m = bind_compiled(c, a);
    options *o = arena_new(a, options);
    const char *why = "";
    options_default(o);
    bool set = option_set(o, OPTION_objective, text, a, &why) &&
               option_set(o, OPTION_samples, "2", a, &why) && option_set(o, OPTION_beta, "1", a, &why);
    guide *g = m && set ? guide_new(&c->said, m, FAMILY_mean_field, 0, a) : NULL;
    objective *made = g ? objective_new(&c->said, g, o, a) : NULL;
    show_messages(c);
    if (!made) return NULL;
    memcpy(made->x, p->at, (size_t)p->numbers * sizeof(double));
    optimiser_place(&made->climber, made->x);
    return made;
}

static void unbiased(const problem *p, const objective_case *c, arena *a) {
    const char *name = arena_print(a, "%s: %s", p->name, c->text);
    objective *o = opened(p, c->text, a);
    if (!check(o != NULL, name, "no objective")) return;
    double sum[NUMBERS] = {0}, square[NUMBERS] = {0}, g[NUMBERS], value = 0, squares = 0;
    for (uint64_t step = 0; step < STEPS; step++) {
        objective_climb(o, step, 0);
        optimiser_gradient(&o->climber, g);
        for (int k = 0; k < p->numbers; k++) sum[k] += g[k], square[k] += g[k] * g[k];
        value += o->value, squares += o->value * o->value;
    }
    for (int k = 0; k < p->numbers; k++) {
        if (k == 0 && o->rises < 0) continue; /* chi is for the guide */
        double mean = sum[k] / STEPS, error = sqrt((square[k] / STEPS - mean * mean) / STEPS);
        double exact = exact_slope(p, c, k);
        check(fabs(mean - exact) <= ERRORS * error + 1e-7, name, "slope %d is %.5f +- %.5f, not %.5f", k,
              mean, error, exact);
    }
    double mean = value / STEPS, error = sqrt((squares / STEPS - mean * mean) / STEPS);
    double exact = exact_value(p, c, p->at);
    check(fabs(mean - exact) <= ERRORS * error + 1e-9, name, "the value is %.5f +- %.5f, not %.5f", mean,
          error, exact);
}

int main(void) {
    arena a;
    test_memory(&a);
    for (size_t i = 0; i < sizeof PROBLEMS / sizeof *PROBLEMS; i++)
        for (size_t k = 0; k < sizeof CASES / sizeof *CASES; k++) unbiased(&PROBLEMS[i], &CASES[k], &a);
    arena_close(&a);
    return check_end();
}
