/* Rows that are read by an index, from tables of which each row is read many times: their products, and sums
 * of them. A row that begins at -1 is no number.
 *
 * The bits of a product do not depend on what others there are; a sum goes row by row. */
#ifndef VM_AUTODIFF_KERNELS_PAIRS_H
#define VM_AUTODIFF_KERNELS_PAIRS_H

#include "autodiff/kernels/rows.h"

/* Lane by lane: what the products of two rows add up to. */
INLINE real pair_lanes(const element *x, const element *y, size_t width) {
    size_t whole = width - width % LANES, k = 0;
    real even = all(0), odd = all(0);
    for (; k + 2 * LANES <= whole; k += 2 * LANES) {
        even = madd(load(x + k), load(y + k), even);
        odd = madd(load(x + k + LANES), load(y + k + LANES), odd);
    }
    if (k < whole) even = madd(load(x + k), load(y + k), even);
    if (whole < width)
        odd = madd(load_rest(x + whole, width - whole), load_rest(y + whole, width - whole), odd);
    return even + odd;
}

static void row_pairs(void *to, const void *left, const int32_t *xs, const void *right, const int32_t *ys,
                      size_t width, size_t n) {
    element *z = to;
    const element *x = left, *y = right;
    for (size_t i = 0; i < n; i += ROWS_ABREAST) {
        size_t count = n - i < ROWS_ABREAST ? n - i : ROWS_ABREAST;
        real sum[ROWS_ABREAST];
        for (size_t j = 0; j < ROWS_ABREAST; j++) {
            size_t at = j < count ? i + j : i;
            bool found = xs[at] >= 0 && ys[at] >= 0;
            sum[j] = found ? pair_lanes(x + xs[at], y + ys[at], width) : all((element)NAN);
        }
        store_sums(z + i, sum, count);
    }
}

/* `vectors` neighbouring vectors of columns. */
INLINE void add_columns_at(element *y, const element *x, const int32_t *xs, const element *w,
                           const int32_t *entry, size_t n, int vectors) {
    real sum[8];
    for (int j = 0; j < vectors; j++) sum[j] = load(y + j * LANES);
    for (size_t i = 0; i < n; i++) {
        const element *row = x + (xs[i] < 0 ? 0 : xs[i]);
        real factor = all(xs[i] < 0 ? (element)NAN : w[entry[i]]);
        for (int j = 0; j < vectors; j++) sum[j] = madd(load(row + j * LANES), factor, sum[j]);
    }
    for (int j = 0; j < vectors; j++) store(y + j * LANES, sum[j]);
}

static void add_rows_at(void *to, const void *table, const int32_t *xs, const void *weights,
                        const int32_t *entry, size_t width, size_t n) {
    element *y = to;
    const element *x = table, *w = weights;
    size_t k = 0;
    for (; k + 8 * LANES <= width; k += 8 * LANES) add_columns_at(y + k, x + k, xs, w, entry, n, 8);
    if (k + 4 * LANES <= width) add_columns_at(y + k, x + k, xs, w, entry, n, 4), k += 4 * LANES;
    if (k + 2 * LANES <= width) add_columns_at(y + k, x + k, xs, w, entry, n, 2), k += 2 * LANES;
    if (k + LANES <= width) add_columns_at(y + k, x + k, xs, w, entry, n, 1), k += LANES;
    size_t rest = width - k;
    if (!rest) return;
    real sum = load_rest(y + k, rest);
    for (size_t i = 0; i < n; i++) {
        real factor = all(xs[i] < 0 ? (element)NAN : w[entry[i]]);
        sum = madd(load_rest(x + k + (xs[i] < 0 ? 0 : xs[i]), rest), factor, sum);
    }
    store_part(y + k, sum, rest);
}

#endif
