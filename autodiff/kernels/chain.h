/* The steps of chains of discrete states, in probabilities (autodiff/chain.h). A row has an entry a state,
 * padded with zeros to whole vectors; `width` entries. A step is a few products that wait for each other, so
 * what can be known before, and what can be checked beside, is kept out of the way. */
#ifndef VM_AUTODIFF_KERNELS_CHAIN_H
#define VM_AUTODIFF_KERNELS_CHAIN_H

#include "autodiff/kernels/vector.h"

enum { CHAIN_VECTORS = CHAIN_STATES_MOST / LANES };

/* Rows are scaled when their largest entry leaves [SMALL, LARGE]. What is lost below the smallest number is
 * then less than 1e-50 (single: 1e-10) of an entry that is at least CHAIN_LEAST. */
#define CHAIN_SMALL BY_PRECISION(1e-100, 1e-10f)
#define CHAIN_LARGE BY_PRECISION(1e100, 1e10f)

/* sum over i < n of x[i] rows[i], in two parts, so that half of the additions wait for each other. */
static inline __attribute__((always_inline)) void
weighted_rows(real *y, const element *x, const element *rows, size_t n, size_t vectors) {
    real odd[CHAIN_VECTORS];
    for (size_t v = 0; v < vectors; v++) y[v] = odd[v] = all(0);
    size_t i = 0, width = vectors * LANES;
    for (; i + 2 <= n; i += 2) {
        real a = all(x[i]), b = all(x[i + 1]);
        for (size_t v = 0; v < vectors; v++) {
            y[v] = madd(a, load(rows + i * width + v * LANES), y[v]);
            odd[v] = madd(b, load(rows + (i + 1) * width + v * LANES), odd[v]);
        }
    }
    for (size_t v = 0; v < vectors && i < n; v++)
        y[v] = madd(all(x[i]), load(rows + i * width + v * LANES), y[v]);
    for (size_t v = 0; v < vectors; v++) y[v] += odd[v];
}

static inline __attribute__((always_inline)) size_t forward_steps(const chain_forward_rows *c, size_t n,
                                                                  size_t vectors) {
    size_t width = vectors * LANES;
    element p[CHAIN_STATES_MOST];
    memcpy(p, c->start, width * sizeof *p);
    for (size_t t = 0; t < c->count; t++) {
        real w[CHAIN_VECTORS];
        weighted_rows(w, p, c->matrix, n, vectors);
        int bad = 0, small = 1, large = 0;
        for (size_t v = 0; v < vectors; v++) {
            w[v] *= load((const element *)c->factors + t * width + v * LANES);
            bad |= any(~(w[v] >= load((const element *)c->least + t * width + v * LANES)));
            small &= !any(w[v] > all(CHAIN_SMALL));
            large |= any(w[v] > all(CHAIN_LARGE));
            store((element *)c->rows + t * width + v * LANES, w[v]);
        }
        if (bad) return t;
        element sum = 1;
        if (small || large) {
            sum = 0;
            for (size_t v = 0; v < vectors; v++) sum += across(w[v]);
            if (!(sum > 0)) return t;
            for (size_t v = 0; v < vectors; v++) w[v] /= all(sum);
        }
        ((element *)c->divisors)[t] = sum;
        for (size_t v = 0; v < vectors; v++) store(p + v * LANES, w[v]);
    }
    return c->count;
}

static size_t chain_forward(const chain_forward_rows *c, size_t n, size_t width) {
    if (LANES >= 4 && width == LANES && n == 4) return forward_steps(c, 4, 1);
    if (width == LANES) return forward_steps(c, n, 1);
    if (width == 2 * LANES) return forward_steps(c, n, 2);
    return forward_steps(c, n, width / LANES);
}

static inline __attribute__((always_inline)) size_t backward_steps(const chain_backward_rows *c, size_t n,
                                                                   size_t vectors) {
    size_t width = vectors * LANES;
    element h[CHAIN_STATES_MOST], *sums = c->sums;
    const element *g = c->start;
    for (size_t t = 0; t < c->count; t++) {
        const element *e = (const element *)c->factors + t * width;
        element *to = (element *)c->rows + t * width;
        real total[CHAIN_VECTORS], back[CHAIN_VECTORS];
        int bad = 0;
        weighted_rows(total, e, c->matrix, n, vectors);
        for (size_t v = 0; v < vectors; v++) {
            real pulled = load(g + v * LANES);
            lanes none = pulled == all(0);
            bad |= any(~(none | (total[v] >= all((element)CHAIN_LEAST))));
            store(h + v * LANES, pick(none, all(0), pulled / total[v]));
        }
        if (bad) return t;
        weighted_rows(back, h, c->transposed, n, vectors);
        for (size_t v = 0; v < vectors; v++) store(to + v * LANES, load(e + v * LANES) * back[v]);
        for (size_t i = 0; sums && i < n; i++)
            for (size_t v = 0; v < vectors; v++) {
                element *sum = sums + i * width + v * LANES;
                store(sum, madd(all(e[i]), load(h + v * LANES), load(sum)));
            }
        g = to;
    }
    return c->count;
}

static size_t chain_backward(const chain_backward_rows *c, size_t n, size_t width) {
    if (LANES >= 4 && width == LANES && n == 4) return backward_steps(c, 4, 1);
    if (width == LANES) return backward_steps(c, n, 1);
    if (width == 2 * LANES) return backward_steps(c, n, 2);
    return backward_steps(c, n, width / LANES);
}

#endif
