/* Vectors of doubles as wide as the instruction set has them: the thin layer under the kernels. Arithmetic
 * and comparisons are the compiler's own (vector extensions); a comparison gives lanes of all ones or all
 * zeros. Contraction is off: where a fused multiply-add is worth having, madd() says so. */
#ifndef VM_AUTODIFF_KERNELS_VECTOR_H
#define VM_AUTODIFF_KERNELS_VECTOR_H

#include <immintrin.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The headers of SLEEF declare every vector type that the flags allow. */
#include <sleef.h>

#if defined __AVX512F__
enum { LANES = 8 };
#define SLEEF(f)     Sleef_##f##d8_u10avx512f
#define SLEEF_05(f)  Sleef_##f##d8_u05avx512f
#define LIBMVEC(f)   _ZGVeN8v_##f
#define LIBMVEC_2(f) _ZGVeN8vv_##f
#elif defined __AVX2__
enum { LANES = 4 };
#define SLEEF(f)     Sleef_##f##d4_u10avx2
#define SLEEF_05(f)  Sleef_##f##d4_u05avx2
#define LIBMVEC(f)   _ZGVdN4v_##f
#define LIBMVEC_2(f) _ZGVdN4vv_##f
#else
enum { LANES = 2 };
#define SLEEF(f)     Sleef_##f##d2_u10sse2
#define SLEEF_05(f)  Sleef_##f##d2_u05sse2
#define LIBMVEC(f)   _ZGVbN2v_##f
#define LIBMVEC_2(f) _ZGVbN2vv_##f
#endif

typedef double real __attribute__((vector_size(8 * LANES)));
typedef int64_t lanes __attribute__((vector_size(8 * LANES)));

/* The vector functions of libm, which no header declares. */
#define DECLARE(f) real LIBMVEC(f)(real x);
DECLARE(log)
DECLARE(log1p)
DECLARE(expm1)
DECLARE(sin)
DECLARE(cos)
DECLARE(tan)
DECLARE(asin)
DECLARE(acos)
DECLARE(atan)
DECLARE(sinh)
DECLARE(cosh)
DECLARE(tanh)
DECLARE(erf)
DECLARE(erfc)
#undef DECLARE
real LIBMVEC_2(pow)(real x, real y);

static inline real all(double x) { return x - (real){0}; }
static inline lanes all_lanes(int64_t x) { return x - (lanes){0}; }

static inline real load(const double *p) {
    real x;
    memcpy(&x, p, sizeof x);
    return x;
}

static inline void store(double *p, real x) { memcpy(p, &x, sizeof x); }

static inline real pick(lanes m, real x, real y) {
#if defined __AVX512F__
    return _mm512_mask_blend_pd(_mm512_movepi64_mask((__m512i)m), y, x);
#elif defined __AVX2__
    return _mm256_blendv_pd(y, x, (__m256d)m);
#else
    return (real)((m & (lanes)x) | (~m & (lanes)y));
#endif
}

/* The first n lanes, n < LANES; the others are 1, which no function here minds. */
static inline real load_part(const double *p, size_t n) {
#if defined __AVX512F__
    return _mm512_mask_loadu_pd(all(1), (__mmask8)((1u << n) - 1), p);
#elif defined __AVX2__
    lanes first = (lanes){0, 1, 2, 3} < all_lanes((int64_t)n);
    return pick(first, _mm256_maskload_pd(p, (__m256i)first), all(1));
#else
    (void)n;
    return (real){*p, 1};
#endif
}

static inline void store_part(double *p, real x, size_t n) {
#if defined __AVX512F__
    _mm512_mask_storeu_pd(p, (__mmask8)((1u << n) - 1), x);
#elif defined __AVX2__
    _mm256_maskstore_pd(p, (__m256i)((lanes){0, 1, 2, 3} < all_lanes((int64_t)n)), x);
#else
    (void)n;
    *p = x[0];
#endif
}

static inline int any(lanes m) {
#if defined __AVX512F__
    return _mm512_movepi64_mask((__m512i)m) != 0;
#elif defined __AVX2__
    return _mm256_movemask_pd((__m256d)m) != 0;
#else
    return _mm_movemask_pd((__m128d)m) != 0;
#endif
}

/* x y + z, rounded once where the processor can. */
static inline real madd(real x, real y, real z) {
#if defined __AVX512F__
    return _mm512_fmadd_pd(x, y, z);
#elif defined __AVX2__
    return _mm256_fmadd_pd(x, y, z);
#else
    return x * y + z;
#endif
}

/* Products of the lower halves of 64-bit lanes. */
static inline lanes multiply_halves(lanes x, lanes y) {
#if defined __AVX512F__
    return (lanes)_mm512_mul_epu32((__m512i)x, (__m512i)y);
#elif defined __AVX2__
    return (lanes)_mm256_mul_epu32((__m256i)x, (__m256i)y);
#else
    return (lanes)_mm_mul_epu32((__m128i)x, (__m128i)y);
#endif
}

static inline real absolute(real x) { return (real)((lanes)x & INT64_MAX); }

static inline real root(real x) {
#if defined __AVX512F__
    return _mm512_sqrt_pd(x);
#elif defined __AVX2__
    return _mm256_sqrt_pd(x);
#else
    return _mm_sqrt_pd(x);
#endif
}

/* The polynomial c[0] + c[1] x + … + c[count - 1] x^(count - 1). */
static inline real polynomial(real x, const double *c, int count) {
    real y = all(c[count - 1]);
    for (int i = count - 2; i >= 0; i--) y = madd(y, x, all(c[i]));
    return y;
}
#define POLYNOMIAL(x, ...)                                                                                   \
    polynomial((x), (const double[]){__VA_ARGS__}, sizeof((const double[]){__VA_ARGS__}) / sizeof(double))

#endif
