/* The transform of a simplex, x = softmax(V u), with V as in runtime/infer/transforms.c: since its columns
 * are (1, …, 1, -j, 0, …) / sqrt(j (j + 1)), its products are running sums. */
#ifndef VM_BENCH_FUSED_SIMPLEX_H
#define VM_BENCH_FUSED_SIMPLEX_H

#include "bench/fused/vectors.h"

/* 1 / sqrt(j (j + 1)) by j, 0 first. */
static inline double *simplex_scales(uint32_t length, arena *a) {
    double *c = arena_take_aligned(a, length * sizeof *c);
    for (uint32_t j = 1; j < length; j++) c[j] = 1 / sqrt(j * (j + 1.0));
    return c;
}

/* x, from length - 1 free entries; returns the sum of the log x. */
static inline double simplex_of(const double *u, const double *c, uint32_t length, double *x) {
    double behind = 0, largest = -INFINITY, scores = 0, sum = 0;
    for (uint32_t j = length - 1; j >= 1; j--) {
        double step = c[j] * u[j - 1];
        x[j] = behind - j * step;
        behind += step;
    }
    x[0] = behind;
    for (uint32_t j = 0; j < length; j++) {
        largest = x[j] > largest ? x[j] : largest;
        scores += x[j];
    }
    uint32_t j = 0;
    real sums = all(0);
    for (; j + LANES <= length; j += LANES) {
        real e = SLEEF(exp)(load(x + j) - largest);
        sums += e;
        store(x + j, e);
    }
    for (; j < length; j++) sum += x[j] = exp(x[j] - largest);
    sum += across(sums);
    double share = 1 / sum;
    for (j = 0; j < length; j++) x[j] *= share;
    return scores - length * (largest + log(sum));
}

/* From g, d / d log x, to d / du. */
static inline void simplex_pull(const double *g, const double *x, const double *c, uint32_t length,
                                double *to) {
    double total = 0, before = 0;
    for (uint32_t j = 0; j < length; j++) total += g[j];
    for (uint32_t j = 0; j < length; j++) {
        double score = g[j] - x[j] * total;
        if (j) to[j - 1] = c[j] * (before - j * score);
        before += score;
    }
}

/* Of dirichlet(concentration) with the Jacobian, as a function of the sum of the log x. */
static inline double simplex_prior(double sum, double concentration, uint32_t length) {
    return concentration * sum + lgamma(length * concentration) - length * lgamma(concentration) +
           0.5 * log(length);
}

#endif
