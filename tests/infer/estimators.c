/* Estimates of gradients have the gradient of what they say they estimate as their expectation: the mean over
 * 100,000 at one point against the exact one, for every objective and every estimator, for a latent that is
 * differentiated and for ones that are not. Those that are biased have the expectation that their definition
 * says, and not that of the objective. Exact: a sum over all pairs of draws, for the continuous latent by the
 * trapezoidal rule, whose error for such integrands is far below that of the mean (Trefethen and Weideman,
 * SIAM Review 56, 2014), differentiated by central differences. */
#include <math.h>
#include <string.h>
#include "tests/check.h"
#include "tests/infer/climbs.h"
#include "tests/memory.h"

enum { STEPS = 100000, NODES = 161, NUMBERS = 3 };

/* Four standard errors: of 100 comparisons one fails by chance once in 160 seeds, and the seed is fixed. */
static const double ERRORS = 4;

/* A model of a latent z and one param, with a guide of one or two numbers. x: the param, then those. */
typedef struct problem {
    const char *name, *program;
    int numbers;
    double at[NUMBERS];
    int count;                                            /* draws are sums over so many points: */
    double (*draw)(const double *x, int i, double *mass); /* z, and what it weighs */
    double (*log_prior)(const double *x, double z), (*log_joint)(const double *x, double z);
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
static double smooth_prior(const double *x, double z) { return log_normal(z, x[0], 1); }
static double smooth_joint(const double *x, double z) {
    return smooth_prior(x, z) + log_normal(1.2, z + sin(z), 0.8);
}
static double smooth_q(const double *x, double z) { return log_normal(z, x[1], exp(x[2])); }

static double expit(double x) { return 1 / (1 + exp(-x)); }
static double binary_draw(const double *x, int i, double *mass) {
    *mass = i ? expit(x[1]) : expit(-x[1]);
    return i;
}
static double binary_prior(const double *x, double z) { return log(z != 0 ? 0.3 : 0.7); }
static double binary_joint(const double *x, double z) {
    return binary_prior(x, z) + log_normal(1.1, x[0] + 2 * z, 1);
}
static double binary_q(const double *x, double z) { return log(expit(z != 0 ? x[1] : -x[1])); }

/* Two such, which meet in the data: z is the first plus twice the second. */
static double pair_q(const double *x, double z) {
    int bits = (int)z;
    return log(expit(bits & 1 ? x[1] : -x[1])) + log(expit(bits & 2 ? x[2] : -x[2]));
}
static double pair_draw(const double *x, int i, double *mass) {
    *mass = exp(pair_q(x, i));
    return i;
}
static double pair_prior(const double *x, double z) {
    return binary_prior(x, (int)z & 1) + binary_prior(x, (int)z & 2);
}
static double pair_joint(const double *x, double z) {
    int bits = (int)z;
    return pair_prior(x, z) + log_normal(1.1, x[0] + 2 * ((bits & 1) + (bits >> 1)), 1);
}

#define SMOOTH_MODEL                                                                                         \
    "param mu : real = 0.4\ndata y : real = 1.2\n"                                                           \
    "model {\n  z ~ normal(mu, 1)\n  y ~ normal(z + sin(z), 0.8)\n}\n"

static const problem PROBLEMS[] = {
    {"differentiated",
     SMOOTH_MODEL "guide { z ~ normal(?, ?) }\n",
     3,
     {0.4, 0.5, -0.3},
     NODES,
     smooth_draw,
     smooth_prior,
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
     binary_prior,
     binary_joint,
     binary_q},
    {"a pair",
     "axis k = 2\nparam mu : real = 0.3\ndata y : real = 1.1\n"
     "model {\n  z[k] ~ bernoulli(0.3)\n  y ~ normal(mu + 2 * sum[k](z), 1)\n}\n"
     "guide { z[k] ~ bernoulli(?) }\n",
     3,
     {0.3, -0.4, 0.5},
     4,
     pair_draw,
     pair_prior,
     pair_joint,
     pair_q},
    {"a family",
     SMOOTH_MODEL "guide { z ~ mean_field() }\n",
     3,
     {0.4, 0.5, -0.3},
     NODES,
     smooth_draw,
     smooth_prior,
     smooth_joint,
     smooth_q},
};

typedef enum wanted { TARGET_elbo, TARGET_bound, TARGET_wake, TARGET_stuck, TARGET_relaxed } wanted;
typedef struct objective_case {
    const char *text, *estimator;
    wanted target;
    double power;      /* of a bound */
    double sign, beta; /* what is climbed is sign times the objective */
} objective_case;

/* For a latent of either kind. */
static const objective_case CASES[] = {
    {"elbo", "auto", TARGET_elbo, 0, 1, 1},
    {"elbo(2)", "auto", TARGET_elbo, 0, 1, 2},
    {"iwae(2)", "auto", TARGET_bound, 1, 1, 1},
    {"renyi(0.5, 2)", "auto", TARGET_bound, 0.5, 1, 1},
    {"renyi(-1, 2)", "auto", TARGET_bound, 2, 1, 1},
    {"renyi(1, 2)", "auto", TARGET_elbo, 0, 1, 1},
    {"chi(2, 2)", "auto", TARGET_wake, 2, 0.5, 1},
    {"inclusive(2)", "auto", TARGET_wake, 1, 1, 1},
    {"elbo", "score", TARGET_elbo, 0, 1, 1},
    {"elbo", "reinforce", TARGET_elbo, 0, 1, 1},
    {"iwae(2)", "vimco", TARGET_bound, 1, 1, 1},
    {"iwae(2)", "reinforce", TARGET_bound, 1, 1, 1},
    {"renyi(0.5, 2)", "score", TARGET_bound, 0.5, 1, 1},
    {"inclusive(2)", "score", TARGET_wake, 1, 1, 1},
};
/* For the one whose draws have a derivative. */
static const objective_case SMOOTH[] = {
    {"elbo", "pathwise", TARGET_elbo, 0, 1, 1},        {"elbo", "stl", TARGET_elbo, 0, 1, 1},
    {"elbo(2)", "stl", TARGET_elbo, 0, 1, 2},          {"iwae(2)", "dreg", TARGET_bound, 1, 1, 1},
    {"iwae(2)", "pathwise", TARGET_bound, 1, 1, 1},    {"renyi(0.5, 2)", "pathwise", TARGET_bound, 0.5, 1, 1},
    {"chi(2, 2)", "pathwise", TARGET_bound, 2, -1, 1},
};
static const objective_case PAIR[] = {{"elbo", "score", TARGET_elbo, 0, 1, 1},
                                      {"iwae(2)", "vimco", TARGET_bound, 1, 1, 1}};
/* Of draws that hang together, for the one and for the pair. */
static const objective_case COUPLED[] = {{"elbo", "pathwise", TARGET_elbo, 0, 1, 1},
                                         {"elbo(2)", "stl", TARGET_elbo, 0, 1, 2},
                                         {"elbo", "reinforce", TARGET_elbo, 0, 1, 1}};
static const objective_case COUPLED_PAIR[] = {{"elbo", "reinforce", TARGET_elbo, 0, 1, 1},
                                              {"elbo", "enumerate", TARGET_elbo, 0, 1, 1}};
/* With control variates by regression: for the one, for those that are scored, and for the family. */
static const objective_case CONTROLLED[] = {{"elbo", "pathwise", TARGET_elbo, 0, 1, 1},
                                            {"elbo(2)", "stl", TARGET_elbo, 0, 1, 2},
                                            {"elbo", "score", TARGET_elbo, 0, 1, 1}};
static const char *const NOISES[] = {"antithetic", "sobol"};
static const objective_case STUCK = {"iwae(2)", "stl", TARGET_stuck, 1, 1, 1};
static const objective_case LOCAL[] = {{"elbo", "enumerate", TARGET_elbo, 0, 1, 1},
                                       {"elbo(2)", "enumerate", TARGET_elbo, 0, 1, 2}};
static const objective_case RELAXED = {"elbo", "concrete(0.7)", TARGET_relaxed, 0, 1, 1};
static const objective_case STRAIGHT = {"elbo", "straight_through(0.7)", TARGET_relaxed, 0, 1, 1};
static const double TEMPERATURE = 0.7;

/* log w, where prior and guide have the weight beta. */
static double log_weight(const problem *p, const objective_case *c, const double *x, double z) {
    double prior = p->log_prior(x, z);
    return p->log_joint(x, z) - prior + c->beta * (prior - p->log_q(x, z));
}

/* The objective, by all pairs of draws. */
static double exact_value(const problem *p, const objective_case *c, const double *x) {
    double total = 0;
    bool is_pair = c->target != TARGET_elbo && c->target != TARGET_relaxed;
    for (int i = 0; i < p->count; i++) {
        double mass, z = p->draw(x, i, &mass), first = log_weight(p, c, x, z);
        if (!is_pair) total += mass * first;
        for (int j = 0; is_pair && j < p->count; j++) {
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
            double v = 1 / (1 + exp(c->power * (log_weight(p, c, x, y) - log_weight(p, c, x, z))));
            total += 2 * mass * other * v * (p->log_q(moved, z) + p->log_joint(moved, z));
        }
    return total;
}

/* Of E sum v_k log p(z) / q(z; φ) with only the draws following φ. */
static double stuck_value(const problem *p, const objective_case *c, const double *x, const double *moved) {
    double total = 0;
    for (int i = 0; i < p->count; i++)
        for (int j = 0; j < p->count; j++) {
            double mass, other, aside, z = p->draw(x, i, &mass), y = p->draw(x, j, &other);
            double v = 1 / (1 + exp(log_weight(p, c, x, y) - log_weight(p, c, x, z)));
            double follows = p->draw(moved, i, &aside);
            total += 2 * mass * other * v * (p->log_joint(moved, follows) - p->log_q(x, follows));
        }
    return total;
}

/* The relaxed ELBO of `scored`, over the logistic noise; with `straight` its linear part in the draw, at the
 * draw that is 0 or 1 at x. Trapezoidal rule; at the jump it is off by half a step times the derivative
 * there. */
static double relaxed_value(const double *x, const double *moved, bool straight) {
    const double h = 1e-3;
    double q = expit(moved[1]), total = -q * log(q / 0.3) - (1 - q) * log((1 - q) / 0.7);
    for (double e = -40; e < 40; e += h) {
        double mass = h * expit(e) * expit(-e), z = expit((moved[1] + e) / TEMPERATURE);
        double hard = expit((x[1] + e) / TEMPERATURE) > 0.5, residual = 1.1 - x[0] - 2 * hard;
        total += mass * (straight ? log_normal(1.1, moved[0] + 2 * hard, 1) + 2 * residual * z
                                  : log_normal(1.1, moved[0] + 2 * z, 1));
    }
    return total;
}

/* What is differentiated in `moved` at x. */
static double target_value(const problem *p, const objective_case *c, const double *moved) {
    switch (c->target) {
    case TARGET_wake: return wake_value(p, c, p->at, moved);
    case TARGET_stuck: return stuck_value(p, c, p->at, moved);
    case TARGET_relaxed: return relaxed_value(p->at, moved, c == &STRAIGHT);
    default: return exact_value(p, c, moved);
    }
}

static double exact_slope(const problem *p, const objective_case *c, int k) {
    const double h = 1e-4; /* off by h² / 6 of a third derivative of the order of 1: 1e-8 */
    double up[NUMBERS], down[NUMBERS];
    memcpy(up, p->at, sizeof up), memcpy(down, p->at, sizeof down);
    up[k] += h, down[k] -= h;
    double change = target_value(p, c, up) - target_value(p, c, down);
    return c->sign * change / (2 * h);
}

/* `control` where it is not NULL. */
static objective *opened(const problem *p, const objective_case *of, const char *noise, const char *control,
                         arena *a) {
    const setting set[] = {{OPTION_objective, of->text},
                           {OPTION_estimator, of->estimator},
                           {OPTION_samples, control ? "5" : "2"},
                           {OPTION_noise, noise},
                           {OPTION_beta, "1"},
                           {OPTION_control, control}};
    return climbing(a, p->program, set, sizeof set / sizeof *set - !control, p->at);
}

static void unbiased_with(const problem *p, const objective_case *c, const char *noise, const char *control,
                          arena *a) {
    const char *name = arena_print(a, "%s: %s by %s, noise %s, control %s", p->name, c->text, c->estimator,
                                   noise, control ? control : "none");
    objective *o = opened(p, c, noise, control, a);
    if (!check(o != NULL, name, "no objective")) return;
    estimates e = estimates_of(o, STEPS, a);
    for (int k = 0; k < p->numbers; k++) {
        if (k == 0 && o->rises < 0) continue; /* chi is for the guide */
        double exact = exact_slope(p, c, k);
        check(fabs(e.mean[k] - exact) <= ERRORS * e.error[k] + 1e-7, name,
              "slope %d is %.5f +- %.5f, not %.5f", k, e.mean[k], e.error[k], exact);
    }
    bool relaxed = c->target == TARGET_relaxed; /* a value of the relaxed draws */
    double exact = relaxed && c == &RELAXED ? relaxed_value(p->at, p->at, false) : exact_value(p, c, p->at);
    check(fabs(e.mean[p->numbers] - exact) <= ERRORS * e.error[p->numbers] + 1e-9, name,
          "the value is %.5f +- %.5f, not %.5f", e.mean[p->numbers], e.error[p->numbers], exact);
}

static void unbiased(const problem *p, const objective_case *c, arena *a) {
    unbiased_with(p, c, "random", NULL, a);
}

/* … and the slope of the guide's first number is not that of the objective. */
static void biased(const problem *p, const objective_case *c, const objective_case *objective, arena *a) {
    unbiased(p, c, a);
    double off = exact_slope(p, c, 1) - exact_slope(p, objective, 1);
    check(fabs(off) > 0.02, arena_print(a, "%s: %s by %s is biased", p->name, c->text, c->estimator),
          "by %.5f", off);
}

int main(void) {
    arena a;
    test_memory(&a);
    for (size_t i = 0; i < 2; i++)
        for (size_t k = 0; k < sizeof CASES / sizeof *CASES; k++) unbiased(&PROBLEMS[i], &CASES[k], &a);
    for (size_t k = 0; k < sizeof SMOOTH / sizeof *SMOOTH; k++) unbiased(&PROBLEMS[0], &SMOOTH[k], &a);
    for (size_t k = 0; k < sizeof LOCAL / sizeof *LOCAL; k++)
        for (int i = 1; i < 3; i++) unbiased(&PROBLEMS[i], &LOCAL[k], &a);
    for (size_t k = 0; k < sizeof PAIR / sizeof *PAIR; k++) unbiased(&PROBLEMS[2], &PAIR[k], &a);
    for (int i = 0; i < 2; i++) {
        for (size_t k = 0; k < sizeof COUPLED / sizeof *COUPLED; k++)
            unbiased_with(&PROBLEMS[0], &COUPLED[k], NOISES[i], NULL, &a);
        for (size_t k = 0; k < sizeof COUPLED_PAIR / sizeof *COUPLED_PAIR; k++)
            unbiased_with(&PROBLEMS[2], &COUPLED_PAIR[k], NOISES[i], NULL, &a);
    }
    for (int i = 0; i < 3; i++) unbiased_with(&PROBLEMS[0], &CONTROLLED[i], "random", "regression", &a);
    for (int i = 1; i < 3; i++) unbiased_with(&PROBLEMS[i], &CONTROLLED[2], "random", "regression", &a);
    for (int i = 0; i < 2; i++) unbiased_with(&PROBLEMS[3], &CONTROLLED[i], "random", "regression", &a);
    biased(&PROBLEMS[0], &STUCK, &CASES[2], &a);
    biased(&PROBLEMS[1], &RELAXED, &CASES[0], &a);
    biased(&PROBLEMS[1], &STRAIGHT, &CASES[0], &a);
    arena_close(&a);
    return check_end();
}
