/* Prediction and leave-one-out cross-validation against closed forms of conjugate models, and against arviz
 * on the same log densities (loo_table.py). */
#include <math.h>

#include "runtime/bind/drawn.h"
#include "runtime/infer/discrepancy.h"
#include "runtime/infer/loo.h"
#include "runtime/infer/predictive.h"
#include "tests/check.h"
#include "tests/infer/fitted.h"
#include "tests/infer/loo_table.h"
#include "tests/memory.h"

enum { TABLE_N = 12 };

/* ---- against arviz ---- */

/* Its grid and quartile are those of psis.c; it sums in another order. */
static bool near(double x, double y) { return fabs(x - y) <= 1e-9 * (1 + fabs(y)); }

static void table(arena *a) {
    for (size_t row = 0; row < sizeof LOO_TABLE / sizeof *LOO_TABLE; row++) {
        const double *t = LOO_TABLE[row];
        uint64_t draws = (uint64_t)t[0];
        pointwise p = {
            .count = TABLE_N, .draws = draws, .log_density = arena_array(a, double, TABLE_N *draws)};
        for (uint64_t s = 0; s < draws; s++) {
            double n = (double)(s + 1), golden = 0.61803398874989484820, root = 0.41421356237309504880;
            double mean = 0.8 * (fmod(n * golden, 1) + fmod(n * root, 1) - 1),
                   log_sd = 0.5 * (fmod(n * golden * root, 1) - 0.5);
            for (int i = 0; i < TABLE_N; i++) {
                double y = -2.2 + 0.4 * i + 3 * (i == TABLE_N - 1), z = (y - mean) / exp(log_sd);
                p.log_density[(uint64_t)i * draws + s] = -0.5 * z * z - log_sd;
            }
        }
        loo l = loo_find(&p, a);
        double se = l.total.error * sqrt((TABLE_N - 1.) / TABLE_N);
        check(near(l.total.value, t[1]) && near(l.complexity, t[2]) && near(se, t[3]), "loo as arviz",
              "%g draws: elpd %.15g not %.15g, p %.15g not %.15g, se %.15g not %.15g", t[0], l.total.value,
              t[1], l.complexity, t[2], se, t[3]);
        for (int i = 0; i < TABLE_N; i++)
            check(near(l.elpd[i], t[4 + i]) && near(l.khat[i], t[4 + TABLE_N + i]), "… by observation",
                  "%g draws, %d: elpd %.15g not %.15g, khat %.15g not %.15g", t[0], i, l.elpd[i], t[4 + i],
                  l.khat[i], t[4 + TABLE_N + i]);
    }
}

/* ---- conjugate models ---- */

static const char NORMAL[] = "axis n = 8\n"
                             "data y[n] : real\n"
                             "model {\n  m ~ normal(0, 2)\n  y[n] ~ normal(m, 1)\n}\n"
                             "generate {\n  twice = 2 * m\n  other ~ normal(m, 1)\n}\n";
static const double Y[8] = {1.1, 0.3, -0.7, 2.2, 0.9, 1.5, 0.1, 1.8};

static double normal(double x, double mean, double variance) {
    return -0.5 * log(2 * M_PI * variance) - 0.5 * (x - mean) * (x - mean) / variance;
}

typedef struct found {
    fit *fit;
    placed draws;
    predictive *drawn;
    pointwise *points;
} found;

/* Fits data of one axis, and predicts them. */
static found predicted_of(arena *a, const char *text, const double *y, uint32_t n) {
    found f = {0};
    compiled *c = compile_text(a, text);
    push(a, &c->data.arrays, ((data_array){.name = "y", .rank = 1, .dims = {n}, .numbers = y}));
    model *whole = bind_compiled(c, a), *open = NULL;
    bool *given = arena_array(a, bool, c->program->variables.count);
    if (whole) open = model_bind_drawn(&c->said, c->program, &c->data, given, a);
    status s;
    if (open) f.fit = fit_run(&c->said, whole, NULL, a, (fit_host){0}, &s);
    if (f.fit) {
        posterior p = posterior_of_fit(f.fit, a);
        if (posterior_place(&c->said, &p, whole, p.count, &f.draws, a))
            f.drawn = predictive_draw(&c->said, open, whole, &f.draws, 1, NULL, NULL, a);
        f.points = pointwise_find(whole, &f.draws, a);
    }
    show_messages(c);
    return f;
}

static const predicted *of_name(const found *f, const char *name) {
    for (uint32_t i = 0; i < f->drawn->all.count; i++)
        if (strcmp(program_variable(f->drawn->model->program, f->drawn->all.at[i].of)->name, name) == 0)
            return &f->drawn->all.at[i];
    return NULL;
}

/* Mean and variance of an entry within five standard errors; draws are near enough independent. */
static void moments_are(const predicted *p, uint64_t entry, uint64_t count, double mean, double variance,
                        const char *name) {
    double sum = 0, square = 0, n = (double)count;
    for (uint64_t i = 0; i < count; i++) sum += p->draws[i * p->size + entry];
    for (uint64_t i = 0; i < count; i++) {
        double d = p->draws[i * p->size + entry] - sum / n;
        square += d * d;
    }
    check(fabs(sum / n - mean) < 5 * sqrt(variance / n) && fabs(square / n / variance - 1) < 5 * sqrt(2 / n),
          name, "mean %.4f not %.4f, variance %.4f not %.4f", sum / n, mean, square / n, variance);
}

static void conjugate(arena *a) {
    found f = predicted_of(a, NORMAL, Y, 8);
    if (!check(f.drawn && f.points, "a normal mean is predicted", "see above")) return;
    double sum = 0, elpd = 0;
    for (int i = 0; i < 8; i++) sum += Y[i];
    double variance = 1 / (8 + 0.25), mean = sum * variance;
    moments_are(of_name(&f, "y"), 0, f.drawn->count, mean, variance + 1, "replicated data in closed form");
    moments_are(of_name(&f, "y"), 7, f.drawn->count, mean, variance + 1, "… of the last entry");
    moments_are(of_name(&f, "twice"), 0, f.drawn->count, 2 * mean, 4 * variance, "what is generated");
    moments_are(of_name(&f, "other"), 0, f.drawn->count, mean, variance + 1, "… and drawn");
    const predicted *y = of_name(&f, "y");
    double product = 0;
    for (uint64_t i = 0; i < f.drawn->count; i++)
        product += (y->draws[i * 8] - mean) * (y->draws[i * 8 + 1] - mean) / (double)f.drawn->count;
    check(fabs(product - variance) < 5 * (variance + 1) / sqrt((double)f.drawn->count),
          "entries of a replicate share their mean", "covariance %g, not %g", product, variance);
    loo l = loo_find(f.points, a);
    bool all = true;
    for (int i = 0; i < 8; i++) {
        double without = 1 / (7 + 0.25), exact = normal(Y[i], (sum - Y[i]) * without, without + 1);
        elpd += exact;
        /* importance sampling with 4000 draws, whose relative errors are sqrt(var(w) / 4000) and at most 0.03
         */
        all &= fabs(l.elpd[i] - exact) < 0.05;
    }
    CHECK(all, "the density of each observation given the others in closed form");
    check(fabs(l.total.value - elpd) < 0.1, "elpd_loo in closed form", "%g, not %g", l.total.value, elpd);
    discrepancies d = discrepancies_find(f.drawn, a);
    double below = 0.5 * erfc(-(sum / 8 - mean) / sqrt(2 * (variance + 1. / 8))),
           p = 2 * fmin(below, 1 - below);
    /* five standard errors of twice a share of 4000 */
    check(d.count == 9 && fabs(d.at[0].p - p) < 5 * 2 * 0.5 / sqrt(4000), "the tail of a mean in closed form",
          "%g, not %g", d.count ? d.at[0].p : NAN, p);
}

/* ---- discrete latents that are summed out ---- */

static const char MIXTURE[] = "axis n = 8, k = 2\n"
                              "data y[n] : real\n"
                              "let w[k] = k / 3\n"
                              "model {\n  m ~ normal(0, 2)\n  z[n] ~ categorical(w)\n"
                              "  y[n] ~ normal(m + 3 * z, 1)\n}\n"
                              "generate {\n  second = (z == 2)\n}\n";

static void summed_out(arena *a) {
    found f = predicted_of(a, MIXTURE, Y, 8);
    if (!check(f.drawn && f.points, "a mixture is predicted", "see above")) return;
    CHECK(f.points->count == 8 && f.points->kinds.count == 1 && !f.points->kinds.at[0].shared,
          "each entry of a mixture is an observation");
    bool densities = true, states = true;
    const predicted *second = of_name(&f, "second");
    for (uint64_t e = 0; e < 8; e++) {
        double share = 0, probability = 0;
        for (uint64_t s = 0; s < f.points->draws; s++) {
            double m = 0;
            for (variable v = 0; v < f.draws.model->program->variables.count; v++)
                if (strcmp(program_variable(f.draws.model->program, v)->name, "m") == 0)
                    m = f.draws.values[v][s * f.draws.stride[v]];
            double one = exp(normal(Y[e], m + 3, 1)) / 3, two = exp(normal(Y[e], m + 6, 1)) * 2 / 3;
            densities &= near(f.points->log_density[e * f.points->draws + s], log(one + two));
            probability += two / (one + two) / (double)f.points->draws;
            share += second->draws[s * 8 + e] / (double)f.points->draws;
        }
        states &= fabs(share - probability) < 5 * 0.5 / sqrt((double)f.points->draws);
    }
    CHECK(densities, "… with the density that is summed over the states");
    CHECK(states, "what is generated from states has their posterior");
}

/* ---- lags: a series is drawn from its start ---- */

static const char SERIES[] = "axis n = 8\n"
                             "data y[n] : real\n"
                             "model {\n  m ~ normal(0, 0.0001)\n  y[n = 1] ~ normal(m, 1)\n"
                             "  y[n > 1] ~ normal(0.5 * y[n - 1], 1)\n}\n";

static void series(arena *a) {
    found f = predicted_of(a, SERIES, Y, 8);
    if (!check(f.drawn && f.points, "a series is predicted", "see above")) return;
    double variance = 1;
    for (int i = 1; i < 8; i++) variance = 1 + 0.25 * variance;
    moments_are(of_name(&f, "y"), 7, f.drawn->count, 0, variance, "the end of a series that is drawn anew");
    CHECK(f.points->count == 8 && f.points->kinds.count == 2 && f.points->kinds.at[1].at[0] == 2,
          "parts of an axis are told as the whole");
    check(near(f.points->log_density[3 * f.points->draws], normal(Y[3], 0.5 * Y[2], 1)),
          "its entries have their densities given those before", "%g",
          f.points->log_density[3 * f.points->draws]);
}

/* ---- stacking ---- */

static void stacking(arena *a) {
    enum { N = 400 };
    static double elpd[3][N];
    /* log densities of N(0, 1), N(0, 1) again, and N(3, 1) at points of which a quarter lies around 3: among
     * two components the best weight solves sum (p - q) / (w p + (1 - w) q) = 0 */
    for (int i = 0; i < N; i++) {
        double x = 2.5 * sin(i) + (i % 4 == 0 ? 3 : 0);
        elpd[0][i] = elpd[1][i] = normal(x, 0, 1);
        elpd[2][i] = normal(x, 3, 1);
    }
    const double *const all[] = {elpd[0], elpd[1], elpd[2]};
    comparison c = loo_compare(all, 3, N, a);
    double w = c.weight[0] + c.weight[1], slope = 0, difference = 0;
    for (int i = 0; i < N; i++) {
        double p = exp(elpd[0][i]), q = exp(elpd[2][i]);
        slope += (p - q) / (w * p + (1 - w) * q) / N;
        difference += elpd[2][i] - elpd[0][i];
    }
    check(fabs(slope) < 1e-3 && w > 0.1 && w < 0.9, "stacking finds the best mixture", "weight %g, slope %g",
          w, slope);
    CHECK(c.best == 0 && c.difference[1].value == 0 && near(c.difference[2].value, difference),
          "models are compared with the best");
}

int main(void) {
    arena a;
    test_memory(&a);
    table(&a);
    conjugate(&a);
    summed_out(&a);
    series(&a);
    stacking(&a);
    arena_close(&a);
    return check_end();
}
