/* The sleep phase (sleep.h): its gradient, the mean over 100,000 at one point, against that of E log q under
 * the model, in closed form as all is linear and Gaussian; mixed with that of the wake phase as it says; with
 * covariates, discrete latents, latents that are held, and batches. Then where it ends: at the regression of
 * latents on data that the model implies, and not at the posterior of the data at hand. */
#include <math.h>
#include "tests/check.h"
#include "tests/infer/climbs.h"
#include "tests/memory.h"

enum { STEPS = 100000, ROWS = 5, NUMBERS = 5 };

/* z has the mean m and the variance 1, y = 2 z + e, where e has a mean and a variance; the guide has
 * normal(a y + b, s). Of ROWS times E log q the slopes by a, b and log s. */
static void exact_slopes(double m, double noise_mean, double noise_variance, double a, double b, double s,
                         double *slope) {
    double y = 2 * m + noise_mean, variance = 4 + noise_variance, covariance = 2;
    double off = m - a * y - b, spread = 1 + a * a * variance - 2 * a * covariance;
    slope[0] = ROWS * (covariance - a * variance + y * off) / (s * s);
    slope[1] = ROWS * off / (s * s);
    slope[2] = ROWS * ((spread + off * off) / (s * s) - 1);
}

static const double AT[4] = {0.3, 0.2, 0.1, -0.3}; /* mu, a, b, log s */

typedef struct dream_case {
    const char *name, *program;
    double noise_mean, noise_variance;
} dream_case;

#define GUIDE(mean)                                                                                          \
    "guide {\n  param a : real = 0\n  param b : real = 0\n  param s : positive = 1\n"                        \
    "  z[row] ~ normal(a * (" mean ") + b, s)\n}\n"
#define DATA "axis row = 5\ndata y[row] : real = 2 * sin(12.9898 * row)\nparam mu : real = 0.3\n"

static const dream_case CASES[] = {
    {"plain", DATA "model {\n  z[row] ~ normal(mu, 1)\n  y[row] ~ normal(2 * z, 0.5)\n}\n" GUIDE("y"), 0,
     0.25},
    /* x and what the model needs of the data at hand stay with their rows; what the guide makes of data is
       made of the dream's */
    {"with covariates",
     DATA "data x[row] : real = 3 * row\nlet depth = y^2\nlet twice = 2 * y\n"
          "model {\n  z[row] ~ normal(mu, 1)\n  y[row] ~ normal(2 * z + x + depth, 0.5)\n}\n" GUIDE(
              "twice - y - x - depth"),
     0, 0.25},
    {"with states that are summed out",
     DATA "axis kind = 2\n"
          "model {\n  z[row] ~ normal(mu, 1)\n  k[row] : kind ~ categorical(if kind == 1 then 0.3 else 0.7)\n"
          "  y[row] ~ normal(2 * z + 2 * k - 3, 0.5)\n}\n" GUIDE("y"),
     0.4, 0.25 + 0.84},
};

static estimates estimated(const char *program, const char *sleep, const char *estimator, const char *batch,
                           const double *at, arena *a) {
    setting set[4] = {
        {OPTION_objective, "inclusive(2)"}, {OPTION_sleep, sleep}, {OPTION_estimator, estimator}};
    if (batch) set[3] = (setting){OPTION_batch, batch};
    objective *o = climbing(a, program, set, batch ? 4 : 3, at);
    return o ? estimates_of(o, STEPS, a) : (estimates){0};
}

/* Four standard errors of either side. */
static void agrees(const char *name, int k, double mean, double error, double exact, double exact_error) {
    check(fabs(mean - exact) <= 4 * hypot(error, exact_error) + 1e-9, name,
          "slope %d is %.5f +- %.5f, not %.5f", k, mean, error, exact);
}

static void dreams_teach(const dream_case *c, const char *estimator, const char *batch, arena *a) {
    estimates awake = estimated(c->program, "0", estimator, batch, AT, a);
    double exact[3];
    exact_slopes(AT[0], c->noise_mean, c->noise_variance, AT[1], AT[2], exp(AT[3]), exact);
    for (int i = 0; i < 2; i++) {
        double share = i ? 1 : 0.3;
        const char *name = arena_print(a, "%s, by %s, batch %s, sleep %g", c->name, estimator,
                                       batch ? batch : "none", share);
        estimates e = estimated(c->program, arena_print(a, "%g", share), estimator, batch, AT, a);
        if (!check(e.count == 4 && awake.count == 4, name, "no objective, or not these numbers")) continue;
        agrees(name, 0, e.mean[0], e.error[0], awake.mean[0], awake.error[0]);
        for (int k = 1; k < 4; k++)
            agrees(name, k, e.mean[k], e.error[k], share * exact[k - 1] + (1 - share) * awake.mean[k],
                   (1 - share) * awake.error[k]);
    }
}

/* g has a guide that reads no data: it is held, and awake as ever. z - a y - b g = (1 - a) u - a v +
 * (1 - a - b) g with u and v of variance 1. */
static void what_reads_no_data_is_held(arena *a) {
    static const char PROGRAM[] =
        "axis row = 5\ndata y[row] : real = 2 * sin(12.9898 * row)\n"
        "model {\n  g ~ normal(0, 1)\n  z[row] ~ normal(g, 1)\n  y[row] ~ normal(z, 1)\n}\n"
        "guide {\n  param m : real = 0\n  param t : positive = 1\n  param a : real = 0\n"
        "  param b : real = 0\n  param s : positive = 1\n"
        "  g ~ normal(m, t)\n  z[row] ~ normal(a * y + b * g, s)\n}\n";
    const double at[NUMBERS] = {0.3, -0.4, 0.3, 0.2, -0.1};
    double p = at[2], q = at[3], rest = 1 - p - q, s2 = exp(2 * at[4]);
    double g2 = at[0] * at[0] + exp(2 * at[1]), r2 = (1 - p) * (1 - p) + p * p + g2 * rest * rest;
    const double exact[3] = {ROWS * (1 - 2 * p + g2 * rest) / s2, ROWS * g2 * rest / s2,
                             ROWS * (r2 / s2 - 1)};
    estimates awake = estimated(PROGRAM, "0", "score", NULL, at, a),
              e = estimated(PROGRAM, "0.6", "auto", NULL, at, a);
    if (!check(e.count == NUMBERS && awake.count == NUMBERS, "held", "no objective")) return;
    for (int k = 0; k < 2; k++)
        agrees("what is held is awake", k, e.mean[k], e.error[k], awake.mean[k], awake.error[k]);
    for (int k = 2; k < NUMBERS; k++)
        agrees("what reads data given what is held", k, e.mean[k], e.error[k],
               0.6 * exact[k - 2] + 0.4 * awake.mean[k], 0.4 * awake.error[k]);
}

/* A guide through the origin, that no posterior is like: with E z = 1 the best slope is E zy / E y². */
static void ends_at_the_regression(arena *a) {
    static const char PROGRAM[] = "axis row = 5\ndata y[row] : real = 30 * row\n"
                                  "model {\n  z[row] ~ normal(1, 1)\n  y[row] ~ normal(2 * z, 0.5)\n}\n"
                                  "guide {\n  param a : real = 0\n  param s : positive = 1\n"
                                  "  z[row] ~ normal(a * y, s)\n}\n";
    const setting set[] = {{OPTION_objective, "inclusive(10)"}, {OPTION_sleep, "1"}};
    objective *o = climbing(a, PROGRAM, set, 2, NULL);
    if (!check(o != NULL, "the regression", "no objective")) return;
    double slope = 4 / (4.25 + 4), sd = sqrt(2 - slope * 4), mean[2] = {0}, x[2];
    enum { MANY = 6000, KEPT = 4000 };
    for (uint64_t step = 0; step < MANY; step++) {
        objective_climb(o, step, 0.01);
        optimiser_read(&o->climber, x);
        for (int k = 0; step >= MANY - KEPT && k < 2; k++) mean[k] += x[k] / KEPT;
    }
    /* the mean of so many iterates has an error of about 0.5 / sqrt(10 · 5 · KEPT) = 0.001 */
    check(fabs(mean[0] - slope) < 0.005, "dreams lead to the regression", "%g, not %g", mean[0], slope);
    check(fabs(exp(mean[1]) - sd) < 0.005, "… with its sd", "%g, not %g", exp(mean[1]), sd);
}

int main(void) {
    arena a;
    test_memory(&a);
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) dreams_teach(&CASES[i], "auto", NULL, &a);
    dreams_teach(&CASES[0], "score", NULL, &a);
    dreams_teach(&CASES[1], "auto", "row: 2", &a);
    what_reads_no_data_is_held(&a);
    ends_at_the_regression(&a);
    arena_close(&a);
    return check_end();
}
