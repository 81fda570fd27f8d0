/* The steps of the forward algorithm and of its adjoint, see autodiff/chain.h. A row holds the states,
 * rounded up to whole vectors; what lies behind the states is 0. Where a row is one vector, it stays in a
 * register. */
#ifndef VM_AUTODIFF_KERNELS_CHAIN_H
#define VM_AUTODIFF_KERNELS_CHAIN_H

#include "autodiff/kernels/kernels.h"
#include "autodiff/kernels/vector.h"

/* Rows are scaled by powers of two when their largest entry leaves this range. */
static const element ROW_LOW = BY_PRECISION(0x1p-60, 0x1p-20f), ROW_HIGH = BY_PRECISION(0x1p60, 0x1p40f);
enum { SHIFT_MOST = BY_PRECISION(1000, 120) };

/* The power of two that brings the largest of the entries near 1; 0 where there is none. */
static int row_shift(const element *row, size_t states) {
    element most = 0;
    for (size_t i = 0; i < states; i++)
        if (row[i] > most) most = row[i];
    if (!(most > 0) || isinf(most)) return 0;
    int shift = -ilogb(most);
    return shift > SHIFT_MOST ? SHIFT_MOST : shift;
}

static inline bool in_range(real row) { return any(row > all(ROW_LOW)) && !any(row > all(ROW_HIGH)); }

/* x[0] rows[0] + x[1] rows[1] + …, in two sums that do not wait for each other. */
static inline __attribute__((always_inline)) real row_product(real x, const real *rows, size_t states) {
    real even = all(x[0]) * rows[0], odd = all(x[1]) * rows[1];
    for (size_t i = 2; i < states; i++) {
        if (i % 2) odd = madd(all(x[i]), rows[i], odd);
        else even = madd(all(x[i]), rows[i], even);
    }
    return even + odd;
}

static inline __attribute__((always_inline)) size_t forward_in_register(const chain_steps *m,
                                                                        const size_t states) {
    const element *matrix = m->matrix, *weights = m->weights;
    element *before = m->before, *sums = m->sums;
    real now = load(m->now), least = load(m->least), rows[LANES];
    size_t t = 0;
    for (; t < m->count; t++) {
        if (!t || m->matrix_pitch)
            for (size_t i = 0; i < states; i++)
                rows[i] = load(matrix + (int64_t)t * m->matrix_pitch + (int64_t)(i * LANES));
        store(before + t * LANES, now);
        real sum = row_product(now, rows, states);
        if (any(~(lanes)(sum >= least))) break;
        store(sums + t * LANES, sum);
        now = sum * load(weights + t * LANES);
        m->shift[t] = 0;
        if (in_range(now)) continue;
        element row[LANES];
        store(row, now);
        m->shift[t] = row_shift(row, states);
        now *= all((element)ldexp(1, m->shift[t]));
    }
    store(m->now, now);
    return t;
}

/* The vector at `column` of the product of a row and a matrix. */
static inline real product_at(const element *row, const element *matrix, size_t states, size_t width,
                              size_t column) {
    real even = all(0), odd = all(0);
    size_t i = 0;
    for (; i + 2 <= states; i += 2) {
        even = madd(all(row[i]), load(matrix + i * width + column), even);
        odd = madd(all(row[i + 1]), load(matrix + (i + 1) * width + column), odd);
    }
    if (i < states) even = madd(all(row[i]), load(matrix + i * width + column), even);
    return even + odd;
}

static size_t forward_in_memory(const chain_steps *m) {
    const element *weights = m->weights, *least = m->least;
    element *now = m->now;
    size_t width = m->width, t = 0;
    for (; t < m->count; t++) {
        const element *matrix = (const element *)m->matrix + (int64_t)t * m->matrix_pitch;
        element *before = (element *)m->before + t * width, *sums = (element *)m->sums + t * width;
        memcpy(before, now, width * sizeof *now);
        lanes bad = all_lanes(0), high = all_lanes(0), enough = all_lanes(0);
        for (size_t c = 0; c < width; c += LANES) {
            real sum = product_at(before, matrix, m->states, width, c);
            real next = sum * load(weights + t * width + c);
            bad |= ~(lanes)(sum >= load(least + c));
            high |= next > all(ROW_HIGH);
            enough |= next > all(ROW_LOW);
            store(sums + c, sum);
            store(now + c, next);
        }
        if (any(bad)) {
            memcpy(now, before, width * sizeof *now);
            break;
        }
        m->shift[t] = 0;
        if (any(enough) && !any(high)) continue;
        m->shift[t] = row_shift(now, m->states);
        for (size_t c = 0; c < width; c++) now[c] *= (element)ldexp(1, m->shift[t]);
    }
    return t;
}

/* 1 / x, but 0 where x is 0. */
static inline real inverse(real x) { return pick(x > all(0), 1 / x, all(0)); }

static inline __attribute__((always_inline)) void back_in_register(const chain_back_steps *m,
                                                                   const size_t states) {
    const element *matrix = m->matrix, *before = m->before, *sums = m->sums;
    element *found = m->found, *shares = m->shares, *moved = m->moved;
    real now = load(m->now), rows[LANES], total[LANES];
    for (size_t i = 0; i < states; i++) total[i] = load(moved + i * LANES);
    for (size_t t = 0; t < m->count; t++, before -= LANES, sums -= LANES) {
        if (!t || m->matrix_pitch)
            for (size_t i = 0; i < states; i++)
                rows[i] = load(matrix + (int64_t)t * m->matrix_pitch + (int64_t)(i * LANES));
        real share = now * inverse(load(sums)), p = load(before);
        if (shares) store(shares + t * LANES, share);
        for (size_t i = 0; i < states; i++) total[i] = madd(all(before[i]), share, total[i]);
        now = p * row_product(share, rows, states);
        store(found + (int64_t)t * m->found_pitch, now);
    }
    for (size_t i = 0; i < states; i++) store(moved + i * LANES, total[i]);
    store(m->now, now);
}

static void back_in_memory(const chain_back_steps *m) {
    size_t width = m->width;
    const element *before = m->before, *sums = m->sums;
    element *now = m->now, *moved = m->moved;
    for (size_t t = 0; t < m->count; t++, before -= width, sums -= width) {
        const element *matrix = (const element *)m->matrix + (int64_t)t * m->matrix_pitch;
        element *found = (element *)m->found + (int64_t)t * m->found_pitch, *share = now;
        for (size_t c = 0; c < width; c += LANES) store(share + c, load(now + c) * inverse(load(sums + c)));
        if (m->shares) memcpy((element *)m->shares + t * width, share, width * sizeof *share);
        for (size_t i = 0; i < m->states; i++)
            for (size_t c = 0; c < width; c += LANES) {
                element *to = moved + i * width + c;
                store(to, madd(all(before[i]), load(share + c), load(to)));
            }
        for (size_t c = 0; c < width; c += LANES)
            store(found + c, load(before + c) * product_at(share, matrix, m->states, width, c));
        memcpy(now, found, width * sizeof *now);
    }
}

#if defined __AVX512F__ || (defined __AVX2__ && defined SINGLE)
#define REGISTER_STATES(OP)                                                                                  \
    OP(2)                                                                                                    \
    OP(3)                                                                                                    \
    OP(4)                                                                                                    \
    OP(5)                                                                                                    \
    OP(6)                                                                                                    \
    OP(7)                                                                                                    \
    OP(8)
#elif defined __AVX2__ || defined SINGLE
#define REGISTER_STATES(OP)                                                                                  \
    OP(2)                                                                                                    \
    OP(3)                                                                                                    \
    OP(4)
#else
#define REGISTER_STATES(OP) OP(2)
#endif

static size_t chain_forward(const chain_steps *m) {
    switch (m->states) {
#define OP(n)                                                                                                \
    case n: return forward_in_register(m, n);
        REGISTER_STATES(OP)
#undef OP
    default: return forward_in_memory(m);
    }
}

static void chain_back(const chain_back_steps *m) {
    switch (m->states) {
#define OP(n)                                                                                                \
    case n: back_in_register(m, n); break;
        REGISTER_STATES(OP)
#undef OP
    default: back_in_memory(m);
    }
}

#endif
