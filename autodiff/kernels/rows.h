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

/* y[i] = sum over k < width of x[i pitch + k] b[k] */
static void row_products(void *to, const void *matrix, int64_t pitch, const void *vector, size_t width,
                         size_t n) {
    element *y = to;
    const element *x = matrix, *b = vector;
    size_t whole = width - width % LANES, rest = width - whole;
    real last = all(0);
    for (size_t k = 0; k < rest; k++) last[k] = b[whole + k];
    for (size_t i = 0; i < n; i += ROWS_ABREAST) {
        size_t count = n - i < ROWS_ABREAST ? n - i : ROWS_ABREAST;
        const element *row[ROWS_ABREAST];
        for (size_t j = 0; j < ROWS_ABREAST; j++) row[j] = x + (int64_t)(j < count ? i + j : i) * pitch;
        real sum[ROWS_ABREAST] = {all(0), all(0), all(0), all(0)};
        for (size_t k = 0; k < whole; k += LANES) {
            real factor = load(b + k);
            for (int j = 0; j < ROWS_ABREAST; j++) sum[j] = madd(load(row[j] + k), factor, sum[j]);
        }
        if (rest)
            for (int j = 0; j < ROWS_ABREAST; j++)
                sum[j] = madd(load_part(row[j] + whole, rest), last, sum[j]);
        store_sums(y + i, sum, count);
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

/* The sums of `vectors` neighbouring vectors of columns, even rows and odd ones apart so that no addition
 * waits for the one before. */
static inline __attribute__((always_inline)) void add_columns(element *y, const element *x, int64_t pitch,
                                                              const element *g, size_t n, int vectors) {
    real even[4], odd[4];
    for (int j = 0; j < vectors; j++) even[j] = odd[j] = all(0);
    size_t i = 0;
    for (; i + 2 <= n; i += 2) {
        const element *row = x + (int64_t)i * pitch, *next = row + pitch;
        real a = all(g[i]), b = all(g[i + 1]);
        for (int j = 0; j < vectors; j++) {
            even[j] = madd(load(row + j * LANES), a, even[j]);
            odd[j] = madd(load(next + j * LANES), b, odd[j]);
        }
    }
    for (int j = 0; j < vectors && i < n; j++)
        even[j] = madd(load(x + (int64_t)i * pitch + j * LANES), all(g[i]), even[j]);
    for (int j = 0; j < vectors; j++) store(y + j * LANES, load(y + j * LANES) + (even[j] + odd[j]));
}

/* y[k] += sum over i < n of g[i] x[i pitch + k] */
static void add_rows(void *to, const void *matrix, int64_t pitch, const void *vector, size_t width,
                     size_t n) {
    element *y = to;
    const element *x = matrix, *g = vector;
    size_t k = 0;
    for (; k + 4 * LANES <= width; k += 4 * LANES) add_columns(y + k, x + k, pitch, g, n, 4);
    if (k + 2 * LANES <= width) add_columns(y + k, x + k, pitch, g, n, 2), k += 2 * LANES;
    if (k + LANES <= width) add_columns(y + k, x + k, pitch, g, n, 1), k += LANES;
    size_t rest = width - k;
    if (!rest) return;
    real even = all(0), odd = all(0);
    for (size_t i = 0; i < n; i++) {
        real *sum = i % 2 ? &odd : &even;
        *sum = madd(load_part(x + (int64_t)i * pitch + k, rest), all(g[i]), *sum);
    }
    even += odd;
    for (size_t j = 0; j < rest; j++) y[k + j] += even[j];
}

#endif
