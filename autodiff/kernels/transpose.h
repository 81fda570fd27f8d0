/* Matrices with their rows and columns exchanged, a square of SQUARE rows and columns at a time, which lies
 * in registers meanwhile. */
#ifndef VM_AUTODIFF_KERNELS_TRANSPOSE_H
#define VM_AUTODIFF_KERNELS_TRANSPOSE_H

#include "autodiff/kernels/vector.h"

enum { SQUARE = 4 };

/* y[j y_pitch + i] = x[i x_pitch + j] for i < rows, j < columns */
INLINE void transpose_part(element *y, int64_t y_pitch, const element *x, int64_t x_pitch, size_t rows,
                           size_t columns) {
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++)
            y[(int64_t)j * y_pitch + (int64_t)i] = x[(int64_t)i * x_pitch + (int64_t)j];
}

#if defined SINGLE
INLINE void transpose_square(float *y, int64_t y_pitch, const float *x, int64_t x_pitch) {
    __m128 a = _mm_loadu_ps(x), b = _mm_loadu_ps(x + x_pitch), c = _mm_loadu_ps(x + 2 * x_pitch),
           d = _mm_loadu_ps(x + 3 * x_pitch);
    _MM_TRANSPOSE4_PS(a, b, c, d);
    _mm_storeu_ps(y, a);
    _mm_storeu_ps(y + y_pitch, b);
    _mm_storeu_ps(y + 2 * y_pitch, c);
    _mm_storeu_ps(y + 3 * y_pitch, d);
}
#elif defined __AVX2__
INLINE void transpose_square(double *y, int64_t y_pitch, const double *x, int64_t x_pitch) {
    __m256d a = _mm256_loadu_pd(x), b = _mm256_loadu_pd(x + x_pitch), c = _mm256_loadu_pd(x + 2 * x_pitch),
            d = _mm256_loadu_pd(x + 3 * x_pitch);
    __m256d ab = _mm256_unpacklo_pd(a, b), cd = _mm256_unpacklo_pd(c, d), odd_ab = _mm256_unpackhi_pd(a, b),
            odd_cd = _mm256_unpackhi_pd(c, d);
    _mm256_storeu_pd(y, _mm256_permute2f128_pd(ab, cd, 0x20));
    _mm256_storeu_pd(y + y_pitch, _mm256_permute2f128_pd(odd_ab, odd_cd, 0x20));
    _mm256_storeu_pd(y + 2 * y_pitch, _mm256_permute2f128_pd(ab, cd, 0x31));
    _mm256_storeu_pd(y + 3 * y_pitch, _mm256_permute2f128_pd(odd_ab, odd_cd, 0x31));
}
#else
INLINE void transpose_square(double *y, int64_t y_pitch, const double *x, int64_t x_pitch) {
    transpose_part(y, y_pitch, x, x_pitch, SQUARE, SQUARE);
}
#endif

#endif
