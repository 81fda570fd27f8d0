/* Rows that are read by an index, from tables of which each row is read many times: their products, and sums
 * of them. A row that begins at -1 is no number.
 *
 * The bits of a product do not depend on what others there are; a sum goes row by row. */
#ifndef VM_AUTODIFF_KERNELS_PAIRS_H
#define VM_AUTODIFF_KERNELS_PAIRS_H

#include <stdbool.h>
#include "autodiff/kernels/rows.h"

static void row_pairs(void *to, const void *left, const int32_t *xs, const void *right, const int32_t *ys,
                      size_t width, size_t n) {
    element *z = to;
    const element *x = left, *y = right;
    size_t whole = width - width % LANES, rest = width - whole;
    for (size_t i = 0; i < n; i += ROWS_ABREAST) {
        size_t count = n - i < ROWS_ABREAST ? n - i : ROWS_ABREAST;
        real sum[ROWS_ABREAST];
        const element *a[ROWS_ABREAST], *b[ROWS_ABREAST];
        for (size_t j = 0; j < ROWS_ABREAST; j++) {
            size_t at = j < count ? i + j : i;
            bool found = xs[at] >= 0 && ys[at] >= 0;
            a[j] = x + (found ? xs[at] : 0);
            b[j] = y + (found ? ys[at] : 0);
            sum[j] = all(found ? 0 : (element)NAN);
        }
        for (size_t k = 0; k < whole; k += LANES)
            for (int j = 0; j < ROWS_ABREAST; j++) sum[j] = madd(load(a[j] + k), load(b[j] + k), sum[j]);
        for (int j = 0; j < ROWS_ABREAST && rest; j++)
            sum[j] = madd(load_rest(a[j] + whole, rest), load_rest(b[j] + whole, rest), sum[j]);
        store_sums(z + i, sum, count);
    }
}

/* `vectors` neighbouring vectors of columns, at most COLUMNS_ABREAST, and the `rest` columns behind them. */
enum { COLUMNS_ABREAST = 12 };
INLINE void add_columns_at(element *y, const element *x, const int32_t *xs, const element *w,
                           const int32_t *entry, size_t n, const int vectors, size_t rest) {
    real sum[COLUMNS_ABREAST], last = load_rest(y + vectors * LANES, rest);
    for (int j = 0; j < vectors; j++) sum[j] = load(y + j * LANES);
    for (size_t i = 0; i < n; i++) {
        const element *row = x + (xs[i] < 0 ? 0 : xs[i]);
        real factor = all(xs[i] < 0 ? (element)NAN : w[entry[i]]);
        for (int j = 0; j < vectors; j++) sum[j] = madd(load(row + j * LANES), factor, sum[j]);
        if (rest) last = madd(load_part(row + vectors * LANES, rest), factor, last);
    }
    for (int j = 0; j < vectors; j++) store(y + j * LANES, sum[j]);
    if (rest) store_part(y + vectors * LANES, last, rest);
}

static void add_rows_at(void *to, const void *table, const int32_t *xs, const void *weights,
                        const int32_t *entry, size_t width, size_t n) {
    element *y = to;
    const element *x = table, *w = weights;
    size_t left = width / LANES, rest = width % LANES;
    for (; left > COLUMNS_ABREAST; left -= COLUMNS_ABREAST) {
        add_columns_at(y, x, xs, w, entry, n, COLUMNS_ABREAST, 0);
        y += COLUMNS_ABREAST * LANES, x += COLUMNS_ABREAST * LANES;
    }
    switch (left) {
#define LEFT(count)                                                                                          \
    case count: add_columns_at(y, x, xs, w, entry, n, count, rest); break;
        LEFT(0)
        LEFT(1)
        LEFT(2)
        LEFT(3)
        LEFT(4)
        LEFT(5)
        LEFT(6)
        LEFT(7)
        LEFT(8)
        LEFT(9)
        LEFT(10)
        LEFT(11)
        LEFT(12)
#undef LEFT
    }
}

#endif
