/* Vectors of elements as wide as the instruction set has them: the thin layer under the kernels. Arithmetic
 * and comparisons are the compiler's own (vector extensions); a comparison gives lanes of all ones or all
 * zeros. Contraction is off: where a fused multiply-add is worth having, madd() says so. */
#ifndef VM_AUTODIFF_KERNELS_VECTOR_H
#define VM_AUTODIFF_KERNELS_VECTOR_H

#include <immintrin.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "autodiff/element.h"

/* The headers of SLEEF declare every vector type that the flags allow. */
#include <sleef.h>

/* What the instruction set and the precision have to do with names: INTRINSIC(f) is the processor's, SLEEF(f)
 * the library's. */
#if defined __AVX512F__
enum { LANES = BY_PRECISION(8, 16) };
#define INTRINSIC(name) BY_PRECISION(_mm512_##name##_pd, _mm512_##name##_ps)
#define SLEEF(name)     BY_PRECISION(Sleef_##name##d8_u10avx512f, Sleef_##name##f16_u10avx512f)
#elif defined __AVX2__
enum { LANES = BY_PRECISION(4, 8) };
#define INTRINSIC(name) BY_PRECISION(_mm256_##name##_pd, _mm256_##name##_ps)
#define SLEEF(name)     BY_PRECISION(Sleef_##name##d4_u10avx2, Sleef_##name##f8_u10avx2)
#else
enum { LANES = BY_PRECISION(2, 4) };
#define INTRINSIC(name) BY_PRECISION(_mm_##name##_pd, _mm_##name##_ps)
#define SLEEF(name)     BY_PRECISION(Sleef_##name##d2_u10sse2, Sleef_##name##f4_u10sse2)
#endif

typedef BY_PRECISION(int64_t, int32_t) lane; /* an element's bits */
typedef element real __attribute__((vector_size(sizeof(element) * LANES)));
typedef lane lanes __attribute__((vector_size(sizeof(lane) * LANES)));
typedef BY_PRECISION(uint64_t, uint32_t) words /* whose sums may wrap around */
    __attribute__((vector_size(sizeof(lane) * LANES)));

/* What runs within a kernel's loop. */
#define INLINE static inline __attribute__((always_inline))

INLINE real all(element x) { return x - (real){0}; }
INLINE lanes all_lanes(lane x) { return x - (lanes){0}; }

INLINE real load(const element *p) {
    real x;
    memcpy(&x, p, sizeof x);
    return x;
}

INLINE void store(element *p, real x) { memcpy(p, &x, sizeof x); }

#if defined __AVX512F__
typedef BY_PRECISION(__mmask8, __mmask16) lane_mask;
INLINE lane_mask mask_of(lanes m) {
    return BY_PRECISION(_mm512_movepi64_mask, _mm512_movepi32_mask)((__m512i)m);
}
#endif

INLINE real pick(lanes m, real x, real y) {
#if defined __AVX512F__
    return INTRINSIC(mask_blend)(mask_of(m), y, x);
#elif defined __AVX2__
    return INTRINSIC(blendv)(y, x, (real)m);
#else
    return (real)((m & (lanes)x) | (~m & (lanes)y));
#endif
}

/* All ones in the first n lanes. */
INLINE lanes first_lanes(size_t n) {
    lanes number;
    for (int i = 0; i < LANES; i++) number[i] = i;
    return number < all_lanes((lane)n);
}

/* The first n lanes, n < LANES; the others are 1, which no function here minds. */
INLINE real load_part(const element *p, size_t n) {
#if defined __AVX512F__
    return INTRINSIC(mask_loadu)(all(1), (lane_mask)((1u << n) - 1), p);
#elif defined __AVX2__
    lanes first = first_lanes(n);
    return pick(first, INTRINSIC(maskload)(p, (__m256i)first), all(1));
#else
    real x = all(1);
    for (size_t i = 0; i < n; i++) x[i] = p[i];
    return x;
#endif
}

/* The same, the others 0. */
INLINE real load_rest(const element *p, size_t n) {
#if defined __AVX512F__
    return INTRINSIC(maskz_loadu)((lane_mask)((1u << n) - 1), p);
#elif defined __AVX2__
    return INTRINSIC(maskload)(p, (__m256i)first_lanes(n));
#else
    real x = all(0);
    for (size_t i = 0; i < n; i++) x[i] = p[i];
    return x;
#endif
}

INLINE void store_part(element *p, real x, size_t n) {
#if defined __AVX512F__
    INTRINSIC(mask_storeu)(p, (lane_mask)((1u << n) - 1), x);
#elif defined __AVX2__
    INTRINSIC(maskstore)(p, (__m256i)first_lanes(n), x);
#else
    for (size_t i = 0; i < n; i++) p[i] = x[i];
#endif
}

INLINE int any(lanes m) {
#if defined __AVX512F__
    return mask_of(m) != 0;
#else
    return INTRINSIC(movemask)((real)m) != 0;
#endif
}

INLINE int everywhere(lanes m) {
#if defined __AVX512F__
    return mask_of(m) == (lane_mask)-1;
#else
    return INTRINSIC(movemask)((real)m) == (1 << LANES) - 1;
#endif
}

/* x y + z, rounded once where the processor can. */
INLINE real madd(real x, real y, real z) {
#if defined __AVX2__
    return INTRINSIC(fmadd)(x, y, z);
#else
    return x * y + z;
#endif
}

/* The same of single numbers. */
INLINE element madd_one(element x, element y, element z) {
#if defined __AVX2__
    return BY_PRECISION(__builtin_fma, __builtin_fmaf)(x, y, z);
#else
    return x * y + z;
#endif
}

#if !defined SINGLE
/* Products of the lower halves of 64-bit lanes. */
INLINE lanes multiply_halves(lanes x, lanes y) {
#if defined __AVX512F__
    return (lanes)_mm512_mul_epu32((__m512i)x, (__m512i)y);
#elif defined __AVX2__
    return (lanes)_mm256_mul_epu32((__m256i)x, (__m256i)y);
#else
    return (lanes)_mm_mul_epu32((__m128i)x, (__m128i)y);
#endif
}
#endif

/* The sum of the lanes. */
INLINE element across(real x) {
    element s[LANES];
    store(s, x);
    for (int width = LANES / 2; width; width /= 2)
        for (int i = 0; i < width; i++) s[i] += s[i + width];
    return s[0];
}

INLINE real absolute(real x) { return (real)((lanes)x & BY_PRECISION(INT64_MAX, INT32_MAX)); }

INLINE real root(real x) { return INTRINSIC(sqrt)(x); }

/* The lesser and the greater of two; y where one of them is NaN. */
INLINE real lesser(real x, real y) { return INTRINSIC(min)(x, y); }
INLINE real greater(real x, real y) { return INTRINSIC(max)(x, y); }

/* c[0] + c[step] x + c[2 step] x^2 + … */
INLINE real every(real x, const element *c, int count, int step) {
    int last = (count - 1) / step;
    real y = all(c[last * step]);
#pragma GCC unroll 32
    for (int i = last - 1; i >= 0; i--) y = madd(y, x, all(c[i * step]));
    return y;
}

/* The polynomial c[0] + c[1] x + … + c[count - 1] x^(count - 1). Long ones go in two or four chains side by
 * side: a multiply-add waits for the one before, and few vectors fit into what the processor looks ahead. */
INLINE real polynomial(real x, const element *c, int count) {
    if (count < 5) return every(x, c, count, 1);
    real z = x * x;
    if (count < 10) return madd(every(z, c + 1, count - 1, 2), x, every(z, c, count, 2));
    real w = z * z;
    real low = madd(every(w, c + 1, count - 1, 4), x, every(w, c, count, 4));
    real high = madd(every(w, c + 3, count - 3, 4), x, every(w, c + 2, count - 2, 4));
    return madd(high, z, low);
}
#define POLYNOMIAL(x, ...)                                                                                   \
    polynomial((x), (const element[]){__VA_ARGS__}, sizeof((const element[]){__VA_ARGS__}) / sizeof(element))

/* A loop for the compiler to vectorise. */
#define EACH _Pragma("GCC ivdep") for (size_t i = 0; i < n; i++)

#endif
