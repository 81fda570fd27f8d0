/* Products with the rows of a matrix that is tall and thin, or read once: what they cost is to bring the
 * matrix, so each entry is read once, in the order in which it lies, and nothing else is moved.
 *
 * The bits of a row's product do not depend on what other rows there are. Where rows are added up, the order
 * is fixed by how many there are. */
#ifndef VM_AUTODIFF_KERNELS_ROWS_H
#define VM_AUTODIFF_KERNELS_ROWS_H

#include "autodiff/kernels/vector.h"

enum { ROWS_ABREAST = 4 };

/* y[j] = the sum of the lanes of x[j], for the first `count`. */
static inline void store_sums(element *y, const real x[ROWS_ABREAST], size_t count) {
    element sum[ROWS_ABREAST];
#if defined __AVX2__ && !defined SINGLE
    __m256d half[ROWS_ABREAST];
    for (int j = 0; j < ROWS_ABREAST; j++)
#if defined __AVX512F__
        half[j] = _mm256_add_pd(_mm512_castpd512_pd256(x[j]), _mm512_extractf64x4_pd(x[j], 1));
#else
        half[j] = x[j];
#endif
    __m256d low = _mm256_hadd_pd(half[0], half[1]), high = _mm256_hadd_pd(half[2], half[3]);
    __m256d crossed = _mm256_permute2f128_pd(low, high, 0x21);
    _mm256_storeu_pd(sum, _mm256_add_pd(crossed, _mm256_blend_pd(low, high, 0xc)));
#else
    for (int j = 0; j < ROWS_ABREAST; j++) sum[j] = across(x[j]);
#endif
    for (size_t j = 0; j < count; j++) y[j] = sum[j];
}

/* The sums of four rows, or of `count` of them, of so many whole vectors and the rest of one; with a number
 * of vectors that is known, there is no loop and the factors stay in registers. */
INLINE void add_row_products(element *y, const element *x, int64_t pitch, const element *b, real last,
                             size_t vectors, size_t rest, size_t count) {
    const element *row[ROWS_ABREAST];
    for (size_t j = 0; j < ROWS_ABREAST; j++) row[j] = x + (int64_t)(j < count ? j : 0) * pitch;
    real sum[ROWS_ABREAST] = {all(0), all(0), all(0), all(0)};
    for (size_t k = 0; k < vectors; k++) {
        real factor = load(b + k * LANES);
        for (int j = 0; j < ROWS_ABREAST; j++) sum[j] = madd(load(row[j] + k * LANES), factor, sum[j]);
    }
    if (rest)
        for (int j = 0; j < ROWS_ABREAST; j++)
            sum[j] = madd(load_rest(row[j] + vectors * LANES, rest), last, sum[j]);
    store_sums(y, sum, count);
}

INLINE void row_products_of(element *y, const element *x, int64_t pitch, const element *b, size_t vectors,
                            size_t rest, size_t n) {
    real last = all(0);
    for (size_t k = 0; k < rest; k++) last[k] = b[vectors * LANES + k];
    size_t i = 0;
    for (; i + ROWS_ABREAST <= n; i += ROWS_ABREAST)
        add_row_products(y + i, x + (int64_t)i * pitch, pitch, b, last, vectors, rest, ROWS_ABREAST);
    if (i < n) add_row_products(y + i, x + (int64_t)i * pitch, pitch, b, last, vectors, rest, n - i);
}

/* y[i] = sum over k < width of x[i pitch + k] b[k] */
static void row_products(void *to, const void *matrix, int64_t pitch, const void *vector, size_t width,
                         size_t n) {
    size_t vectors = width / LANES, rest = width % LANES;
    switch (vectors) {
    case 0: row_products_of(to, matrix, pitch, vector, 0, rest, n); break;
    case 1: row_products_of(to, matrix, pitch, vector, 1, rest, n); break;
    case 2: row_products_of(to, matrix, pitch, vector, 2, rest, n); break;
    case 3: row_products_of(to, matrix, pitch, vector, 3, rest, n); break;
    default: row_products_of(to, matrix, pitch, vector, vectors, rest, n);
    }
}

/* The same with a row's entries `step` apart, and the rows next to each other: y[i] = sum over k of x[i + k
 * step] b[k] */
static void column_products(void *to, const void *matrix, int64_t step, const void *vector, size_t width,
                            size_t n) {
    element *y = to;
    const element *x = matrix, *b = vector;
    enum { ABREAST = 4 };
    size_t i = 0;
    for (; i + ABREAST * LANES <= n; i += ABREAST * LANES) {
        real sum[ABREAST] = {all(0), all(0), all(0), all(0)};
        for (size_t k = 0; k < width; k++) {
            const element *column = x + (int64_t)k * step + i;
            real factor = all(b[k]);
            for (int j = 0; j < ABREAST; j++) sum[j] = madd(load(column + j * LANES), factor, sum[j]);
        }
        for (int j = 0; j < ABREAST; j++) store(y + i + j * LANES, sum[j]);
    }
    for (; i < n; i += LANES) {
        size_t count = n - i < LANES ? n - i : LANES;
        real sum = all(0);
        for (size_t k = 0; k < width; k++) {
            const element *column = x + (int64_t)k * step + i;
            sum = madd(count < LANES ? load_part(column, count) : load(column), all(b[k]), sum);
        }
        if (count < LANES) store_part(y + i, sum, count);
        else store(y + i, sum);
    }
}

/* The sums of `vectors` neighbouring vectors of columns and of `rest` columns behind them, even rows and odd
 * ones apart so that no addition waits for the one before. */
INLINE void add_columns(element *y, const element *x, int64_t pitch, const element *g, size_t n, int vectors,
                        size_t rest) {
    real even[5], odd[5];
    for (int j = 0; j <= vectors; j++) even[j] = odd[j] = all(0);
    size_t i = 0;
    for (; i + 2 <= n; i += 2) {
        const element *row = x + (int64_t)i * pitch, *next = row + pitch;
        real a = all(g[i]), b = all(g[i + 1]);
        for (int j = 0; j < vectors; j++) {
            even[j] = madd(load(row + j * LANES), a, even[j]);
            odd[j] = madd(load(next + j * LANES), b, odd[j]);
        }
        if (!rest) continue;
        even[vectors] = madd(load_rest(row + vectors * LANES, rest), a, even[vectors]);
        odd[vectors] = madd(load_rest(next + vectors * LANES, rest), b, odd[vectors]);
    }
    if (i < n) {
        const element *row = x + (int64_t)i * pitch;
        for (int j = 0; j < vectors; j++) even[j] = madd(load(row + j * LANES), all(g[i]), even[j]);
        if (rest) even[vectors] = madd(load_rest(row + vectors * LANES, rest), all(g[i]), even[vectors]);
    }
    for (int j = 0; j < vectors; j++) store(y + j * LANES, load(y + j * LANES) + (even[j] + odd[j]));
    even[vectors] += odd[vectors];
    for (size_t j = 0; j < rest; j++) y[(size_t)vectors * LANES + j] += even[vectors][j];
}

/* y[k] += sum over i < n of g[i] x[i pitch + k] */
static void add_rows(void *to, const void *matrix, int64_t pitch, const void *vector, size_t width,
                     size_t n) {
    element *y = to;
    const element *x = matrix, *g = vector;
    size_t k = 0;
    for (; k + 4 * LANES <= width; k += 4 * LANES) add_columns(y + k, x + k, pitch, g, n, 4, 0);
    size_t rest = width % LANES;
    switch ((width - k) / LANES) {
    case 0:
        if (rest) add_columns(y + k, x + k, pitch, g, n, 0, rest);
        break;
    case 1: add_columns(y + k, x + k, pitch, g, n, 1, rest); break;
    case 2: add_columns(y + k, x + k, pitch, g, n, 2, rest); break;
    default: add_columns(y + k, x + k, pitch, g, n, 3, rest);
    }
}

#endif
