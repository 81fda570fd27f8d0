#include "runtime/infer/loo.h"

#include <math.h>
#include <string.h>
#include "runtime/infer/psis.h"

static double log_mean_exp(const double *x, uint64_t n) {
    double top = -INFINITY, sum = 0;
    for (uint64_t i = 0; i < n; i++) top = x[i] > top ? x[i] : top;
    if (!isfinite(top)) return top;
    for (uint64_t i = 0; i < n; i++) sum += exp(x[i] - top);
    return top + log(sum / (double)n);
}

/* A sum of n terms, whose error is that of a sample of n. */
static measured total_of(const double *x, const double *less, uint64_t n) {
    double sum = 0, square = 0;
    for (uint64_t i = 0; i < n; i++) sum += x[i] - (less ? less[i] : 0);
    for (uint64_t i = 0; i < n; i++) {
        double d = x[i] - (less ? less[i] : 0) - sum / (double)n;
        square += d * d;
    }
    return (measured){sum, n > 1 ? sqrt((double)n * square / (double)(n - 1)) : (double)NAN};
}

/* Weights 1 / p(y_i | draw), smoothed. */
static double leave_out(const double *log_density, uint64_t draws, double *log_weight, double *khat,
                        arena *scratch) {
    for (uint64_t s = 0; s < draws; s++) log_weight[s] = -log_density[s];
    *khat = psis_smooth(log_weight, draws, log_weight, scratch).khat;
    double top = -INFINITY, sum = 0;
    for (uint64_t s = 0; s < draws; s++) top = fmax(top, log_weight[s] + log_density[s]);
    if (!isfinite(top)) return top;
    for (uint64_t s = 0; s < draws; s++) sum += exp(log_weight[s] + log_density[s] - top);
    return top + log(sum);
}

static loo loo_new(const pointwise *p, arena *a) {
    loo l = {.count = p->count,
             .elpd = arena_array(a, double, p->count + 1),
             .lpd = arena_array(a, double, p->count + 1),
             .threshold = psis_threshold(p->draws)};
    for (uint64_t i = 0; i < p->count; i++) l.lpd[i] = log_mean_exp(p->log_density + i * p->draws, p->draws);
    return l;
}

static void sum_up(loo *l) {
    l->total = total_of(l->elpd, NULL, l->count);
    measured complexity = total_of(l->lpd, l->elpd, l->count);
    l->complexity = complexity.value, l->complexity_error = complexity.error;
}

loo loo_find(const pointwise *p, arena *a) {
    loo l = loo_new(p, a);
    l.khat = arena_array(a, double, p->count + 1);
    arena *own = arena_inside(a);
    double *log_weight = arena_array(own, double, p->draws + 1);
    for (uint64_t i = 0; i < p->count; i++) {
        arena *scratch = arena_inside(own);
        l.elpd[i] = leave_out(p->log_density + i * p->draws, p->draws, log_weight, &l.khat[i], scratch);
        arena_close(scratch);
        l.above += l.khat[i] > l.threshold;
    }
    arena_close(own);
    sum_up(&l);
    return l;
}

loo loo_of_new(const pointwise *p, arena *a) {
    loo l = loo_new(p, a);
    memcpy(l.elpd, l.lpd, p->count * sizeof *l.elpd);
    sum_up(&l);
    return l;
}

/* ---- comparison ---- */

enum { STACKING_ROUNDS = 20000 };
/* Mean nats an observation that a round gains at the least, for the next to be taken. */
static const double STACKING_GAIN = 1e-10;

/* The mean log density of the mixture, which is concave in the weights; each round multiplies them by their
 * mean responsibilities (expectation maximisation for the proportions of a mixture), and never lowers it. */
static void stack(const double *const *elpd, uint32_t models, uint64_t n, double *weight, arena *scratch) {
    double *top = arena_array(scratch, double, n + 1), *next = arena_array(scratch, double, models),
           last = -INFINITY;
    for (uint64_t i = 0; i < n; i++) {
        top[i] = -INFINITY;
        for (uint32_t k = 0; k < models; k++) top[i] = fmax(top[i], elpd[k][i]);
    }
    for (uint32_t k = 0; k < models; k++) weight[k] = 1.0 / models;
    for (int round = 0; round < STACKING_ROUNDS; round++) {
        double now = 0;
        memset(next, 0, models * sizeof *next);
        for (uint64_t i = 0; i < n; i++) {
            double sum = 0;
            for (uint32_t k = 0; k < models; k++) sum += weight[k] * exp(elpd[k][i] - top[i]);
            for (uint32_t k = 0; k < models; k++) next[k] += weight[k] * exp(elpd[k][i] - top[i]) / sum;
            now += log(sum);
        }
        memcpy(weight, next, models * sizeof *weight);
        double total = 0;
        for (uint32_t k = 0; k < models; k++) total += weight[k];
        for (uint32_t k = 0; k < models; k++) weight[k] /= total;
        if (now / (double)n - last < STACKING_GAIN) return;
        last = now / (double)n;
    }
}

comparison loo_compare(const double *const *elpd, uint32_t models, uint64_t observations, arena *a) {
    comparison c = {0, arena_array(a, measured, models), arena_array(a, double, models)};
    double best = -INFINITY;
    for (uint32_t k = 0; k < models; k++) {
        double sum = total_of(elpd[k], NULL, observations).value;
        if (sum > best) best = sum, c.best = k;
    }
    for (uint32_t k = 0; k < models; k++) c.difference[k] = total_of(elpd[k], elpd[c.best], observations);
    arena *scratch = arena_inside(a);
    stack(elpd, models, observations, c.weight, scratch);
    arena_close(scratch);
    return c;
}
