/* The tail is the largest min(S / 5, 3 sqrt(S)) ratios. They are fitted and replaced on the scale of weights,
 * relative to the largest one, so nothing overflows; a smoothed weight never exceeds the largest raw one. */
#include "runtime/infer/psis.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

enum { FEWEST_IN_TAIL = 5 };

/* From 1 on a tail has no mean; its error is told as of a shape a little below. */
static const double SHAPE_MOST = 0.95;
/* Relative differences of weights below this are rounding, not a tail. */
static const double NO_TAIL = 1e-10;

pareto pareto_fit(const double *x, uint64_t count) {
    const double prior_scale = 3, prior_count = 10, prior_shape = 0.5;
    double n = (double)count;
    uint64_t grid = 30 + (uint64_t)sqrt(n);
    double quartile = x[(uint64_t)(n / 4 + 0.5) - 1];
    /* theta = -shape / scale is integrated over its profile posterior on a grid; two passes keep it relative
     * to the best point */
    double best = -INFINITY, total = 0, mean = 0;
    for (int pass = 0; pass < 2; pass++)
        for (uint64_t j = 1; j <= grid; j++) {
            double theta =
                (1 - sqrt((double)grid / ((double)j - 0.5))) / (prior_scale * quartile) + 1 / x[count - 1];
            double shape = 0;
            for (uint64_t i = 0; i < count; i++) shape += log1p(-theta * x[i]);
            shape /= n;
            double log_profile = n * (log(-theta / shape) - shape - 1);
            if (pass == 0) {
                if (log_profile > best) best = log_profile;
            } else if (isfinite(log_profile)) {
                double w = exp(log_profile - best);
                total += w;
                mean += w * theta;
            }
        }
    double theta = mean / total, shape = 0;
    for (uint64_t i = 0; i < count; i++) shape += log1p(-theta * x[i]);
    shape /= n;
    return (pareto){(n * shape + prior_count * prior_shape) / (n + prior_count), -shape / theta};
}

double psis_threshold(uint64_t count) {
    double most = 1 - 1 / log10((double)count);
    return most < 0.7 ? most : 0.7;
}

typedef struct ranked {
    double value;
    uint64_t at;
} ranked;

static int by_value(const void *a, const void *b) {
    const ranked *x = a, *y = b;
    if (x->value != y->value) return x->value < y->value ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at; /* so that the order does not hang on the sort */
}

typedef struct smoothed {
    double khat;
    double unsure; /* of the sum of the tail's weights: its error by that of the fit, and what the cap takes
                      away */
} smoothed;

/* The sum of n excesses of a generalised Pareto distribution is n scale / (1 - k); the error of k is (1 + k)
 * / sqrt(n) (Smith, Annals of Statistics 15, 1987). */
static double tail_unsure(pareto fit, double n, double excess) {
    double k = fmin(fit.shape, SHAPE_MOST), left = 1 - k;
    double error = sqrt(n) * fit.scale * fmax(1 + k, 0) / (left * left),
           missing = n * fit.scale / left - excess;
    return hypot(error, missing);
}

/* Replaces the tail of log ratios whose largest is 0. */
static smoothed smooth_tail(double *x, uint64_t count, arena *scratch) {
    uint64_t most = (uint64_t)ceil(fmin(0.2 * (double)count, 3 * sqrt((double)count)));
    if (most >= count || most < FEWEST_IN_TAIL) return (smoothed){INFINITY, 0};
    ranked *sorted = arena_array(scratch, ranked, count);
    for (uint64_t i = 0; i < count; i++) sorted[i] = (ranked){x[i], i};
    qsort(sorted, count, sizeof *sorted, by_value);
    double cutoff = fmax(sorted[count - most - 1].value, log(DBL_MIN));
    if (-expm1(cutoff) < NO_TAIL) return (smoothed){-INFINITY, 0};
    uint64_t first = count - most;
    while (first < count && sorted[first].value <= cutoff) first++;
    uint64_t n = count - first;
    if (n < FEWEST_IN_TAIL) return (smoothed){INFINITY, 0};
    double *excess = arena_array(scratch, double, n), floor = exp(cutoff);
    for (uint64_t i = 0; i < n; i++) excess[i] = floor * expm1(sorted[first + i].value - cutoff);
    pareto fit = pareto_fit(excess, n);
    if (!isfinite(fit.shape) || !isfinite(fit.scale)) return (smoothed){INFINITY, 0};
    double sum = 0;
    for (uint64_t i = 0; i < n; i++) {
        double p = ((double)i + 0.5) / (double)n, tail = -log1p(-p);
        double q =
            fabs(fit.shape) < 1e-12 ? fit.scale * tail : fit.scale * expm1(fit.shape * tail) / fit.shape;
        x[sorted[first + i].at] = fmin(log(floor + q), 0);
        sum += fmin(q, 1 - floor);
    }
    return (smoothed){fit.shape, tail_unsure(fit, (double)n, sum)};
}

psis psis_smooth(const double *log_ratio, uint64_t count, double *log_weight, arena *scratch) {
    double top = -INFINITY;
    for (uint64_t i = 0; i < count; i++)
        if (log_ratio[i] > top) top = log_ratio[i];
    if (!isfinite(top)) {
        for (uint64_t i = 0; i < count; i++) log_weight[i] = -log((double)count);
        return (psis){INFINITY, 0, -INFINITY, INFINITY};
    }
    for (uint64_t i = 0; i < count; i++) log_weight[i] = isnan(log_ratio[i]) ? -INFINITY : log_ratio[i] - top;
    smoothed tail = smooth_tail(log_weight, count, scratch);
    psis result = {.khat = tail.khat};
    double total = 0, squares = 0, n = (double)count;
    for (uint64_t i = 0; i < count; i++) {
        double w = exp(log_weight[i]);
        total += w;
        squares += w * w;
    }
    result.ess = total * total / squares;
    result.log_mean = top + log(total / n);
    /* var(mean w) / mean(w)² = (mean(w²) / mean(w)² - 1) / (n - 1), and mean(w²) / mean(w)² = n / ess */
    result.log_mean_error = hypot(sqrt(fmax(n / result.ess - 1, 0) / (n - 1)), tail.unsure / total);
    for (uint64_t i = 0; i < count; i++) log_weight[i] -= log(total);
    return result;
}

void psis_rehearse(uint64_t count, arena *scratch) { arena_array(scratch, ranked, count); }
