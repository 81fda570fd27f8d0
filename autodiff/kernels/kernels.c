/* The kernels, compiled once for each instruction set and precision, with ISA and SINGLE. Plain arithmetic is
 * left to the compiler's vectoriser, which keeps its bits (contraction is off); functions run on vectors, and
 * the last, incomplete vector goes through the same code as the others. */
#include "autodiff/kernels/kernels.h"

#include <tgmath.h>

#include "autodiff/kernels/chain.h"
#include "autodiff/kernels/pairs.h"
#include "autodiff/kernels/rows.h"
#include "autodiff/kernels/triangles.h"
#if defined SINGLE
#include "autodiff/kernels/single.h"
#else
#include "autodiff/kernels/bessel.h"
#include "autodiff/kernels/bessel_order.h"
#include "autodiff/kernels/gamma.h"
#include "autodiff/kernels/incomplete_beta.h"
#include "autodiff/kernels/incomplete_gamma.h"
#endif
#include "base/rng.h"

/* Plain arithmetic: an expression of a and b. */

#define BELOW_HALF BY_PRECISION(0x1.fffffffffffffp-2, 0x1.fffffep-2f)

#define UNARY_ARITHMETIC(OP)                                                                                 \
    OP(neg, -a)                                                                                              \
    OP(abs, fabs(a))                                                                                         \
    OP(sign, a > 0 ? 1 : a < 0 ? -1 : a)                                                                     \
    OP(floor, floor(a))                                                                                      \
    OP(round, trunc(a + copysign(BELOW_HALF, a)))                                                            \
    OP(sqrt, sqrt(a))                                                                                        \
    OP(not, a == 0 ? 1.0 : 0.0)                                                                              \
    OP(stop, a)

#define BINARY_ARITHMETIC(OP)                                                                                \
    OP(add, (a + b))                                                                                         \
    OP(sub, (a - b))                                                                                         \
    OP(mul, (a * b))                                                                                         \
    OP(div, (a / b))                                                                                         \
    OP(minimum, (a < b) | (a != a) ? a : b)                                                                  \
    OP(maximum, (a > b) | (a != a) ? a : b)                                                                  \
    OP(lt, a < b ? 1.0 : 0.0)                                                                                \
    OP(le, a <= b ? 1.0 : 0.0)                                                                               \
    OP(eq, a == b ? 1.0 : 0.0)                                                                               \
    OP(ne, a != b ? 1.0 : 0.0)                                                                               \
    OP(and, (a != 0) & (b != 0) ? 1.0 : 0.0)                                                                 \
    OP(or, (a != 0) | (b != 0) ? 1.0 : 0.0)

#define OP(name, e)                                                                                          \
    static void unary_##name(void *to, const void *from, size_t n) {                                         \
        element *y = to;                                                                                     \
        const element *x = from;                                                                             \
        EACH {                                                                                               \
            element a = x[i];                                                                                \
            y[i] = e;                                                                                        \
        }                                                                                                    \
    }
UNARY_ARITHMETIC(OP)
#undef OP

#define OP(name, e)                                                                                          \
    static void binary_##name(void *to, const void *left, const void *right, size_t n) {                     \
        element *z = to;                                                                                     \
        const element *x = left, *y = right;                                                                 \
        EACH {                                                                                               \
            element a = x[i], b = y[i];                                                                      \
            z[i] = e;                                                                                        \
        }                                                                                                    \
    }                                                                                                        \
    static void binary_vs_##name(void *to, const void *left, double right, size_t n) {                       \
        element *z = to, b = (element)right;                                                                 \
        const element *x = left;                                                                             \
        EACH {                                                                                               \
            element a = x[i];                                                                                \
            z[i] = e;                                                                                        \
        }                                                                                                    \
    }                                                                                                        \
    static void binary_sv_##name(void *to, double left, const void *right, size_t n) {                       \
        element *z = to, a = (element)left;                                                                  \
        const element *y = right;                                                                            \
        EACH {                                                                                               \
            element b = y[i];                                                                                \
            z[i] = e;                                                                                        \
        }                                                                                                    \
    }
BINARY_ARITHMETIC(OP)
#undef OP

static void select_vvv(void *to, const void *condition, const void *then, const void *otherwise, size_t n) {
    element *z = to;
    const element *c = condition, *x = then, *y = otherwise;
    EACH z[i] = c[i] != 0 ? x[i] : y[i];
}

/* Functions: of one vector, f(x), or two. */

#define UNARY_FUNCTIONS(OP)                                                                                  \
    OP(exp, f_exp)                                                                                           \
    OP(log, f_log)                                                                                           \
    OP(log1p, f_log1p)                                                                                       \
    OP(expm1, f_expm1)                                                                                       \
    OP(sin, f_sin)                                                                                           \
    OP(cos, f_cos)                                                                                           \
    OP(tan, f_tan)                                                                                           \
    OP(asin, f_asin)                                                                                         \
    OP(acos, f_acos)                                                                                         \
    OP(atan, f_atan)                                                                                         \
    OP(sinh, f_sinh)                                                                                         \
    OP(cosh, f_cosh)                                                                                         \
    OP(tanh, f_tanh)                                                                                         \
    OP(expit, f_expit)                                                                                       \
    OP(log1p_exp, f_log1p_exp)                                                                               \
    OP(erf, f_erf)                                                                                           \
    OP(erfc, f_erfc)

/* Computed in double in either precision: what is subtracted in them takes more digits than a float has. */
#define WIDE_FUNCTIONS(OP)                                                                                   \
    OP(lgamma, f_lgamma)                                                                                     \
    OP(digamma, f_digamma)                                                                                   \
    OP(trigamma, f_trigamma)                                                                                 \
    OP(log_ndtr, f_log_ndtr)                                                                                 \
    OP(mills, f_mills)                                                                                       \
    OP(ndtri, f_ndtri)                                                                                       \
    OP(erfcx, f_erfcx)                                                                                       \
    OP(log1m_exp, f_log1m_exp)                                                                               \
    OP(logit, f_logit)                                                                                       \
    OP(bessel_i0e, f_bessel_i0e)                                                                             \
    OP(bessel_i1e, f_bessel_i1e)                                                                             \
    OP(log_bessel_i0, f_log_bessel_i0)                                                                       \
    OP(bessel_ratio, f_bessel_ratio)                                                                         \
    OP(bessel_k0e, f_bessel_k0e)                                                                             \
    OP(bessel_k1e, f_bessel_k1e)                                                                             \
    OP(lambert_w, f_lambert_w)                                                                               \
    OP(lambert_wm1, f_lambert_wm1)

#define BINARY_FUNCTIONS(OP)                                                                                 \
    OP(pow, f_pow)                                                                                           \
    OP(xlogy, f_xlogy)

/* Computed in double, as above. */
#define WIDE_BINARY_FUNCTIONS(OP)                                                                            \
    OP(gamma_p, f_gamma_p)                                                                                   \
    OP(gamma_q, f_gamma_q)                                                                                   \
    OP(log_gamma_p, f_log_gamma_p)                                                                           \
    OP(log_gamma_q, f_log_gamma_q)                                                                           \
    OP(gamma_p_inv, f_gamma_p_inv)                                                                           \
    OP(gamma_q_inv, f_gamma_q_inv)                                                                           \
    OP(gamma_density, f_gamma_density)                                                                       \
    OP(gamma_p_rate, f_gamma_p_rate)                                                                         \
    OP(gamma_q_rate, f_gamma_q_rate)                                                                         \
    OP(gamma_slope, f_gamma_slope)                                                                           \
    OP(lbeta, f_lbeta)                                                                                       \
    OP(digamma_rise, f_digamma_rise)                                                                         \
    OP(log_bessel_i, f_log_bessel_i)                                                                         \
    OP(log_bessel_i_by_order, f_log_bessel_i_by_order)                                                       \
    OP(log_bessel_i_by_x, f_log_bessel_i_by_x)                                                               \
    OP(log_bessel_k, f_log_bessel_k)                                                                         \
    OP(log_bessel_k_by_order, f_log_bessel_k_by_order)                                                       \
    OP(log_bessel_k_by_x, f_log_bessel_k_by_x)                                                               \
    OP(owens_t, f_owens_t)                                                                                   \
    OP(von_mises_cdf, f_von_mises_cdf)                                                                       \
    OP(von_mises_slope, f_von_mises_slope)
#define WIDE_TERNARY_FUNCTIONS(OP)                                                                           \
    OP(inc_beta, f_inc_beta)                                                                                 \
    OP(inc_beta_c, f_inc_beta_c)                                                                             \
    OP(log_inc_beta, f_log_inc_beta)                                                                         \
    OP(log_inc_beta_c, f_log_inc_beta_c)                                                                     \
    OP(inc_beta_inv, f_inc_beta_inv)                                                                         \
    OP(inc_beta_c_inv, f_inc_beta_c_inv)                                                                     \
    OP(beta_density, f_beta_density)                                                                         \
    OP(inc_beta_rate, f_inc_beta_rate)                                                                       \
    OP(inc_beta_c_rate, f_inc_beta_c_rate)                                                                   \
    OP(beta_slope_a, f_beta_slope_a)                                                                         \
    OP(beta_slope_b, f_beta_slope_b)

/* What is left behind the last whole vector is copied into one, which goes through the same loop. */
#define VECTORS(body)                                                                                        \
    size_t i = 0;                                                                                            \
    for (; i + LANES <= n; i += LANES) body

#define OP(name, f)                                                                                          \
    static void unary_##name(void *to, const void *from, size_t n) {                                         \
        element *y = to;                                                                                     \
        const element *x = from;                                                                             \
        VECTORS(store(y + i, f(load(x + i))));                                                               \
        if (i < n) {                                                                                         \
            element rest[LANES];                                                                             \
            store(rest, load_part(x + i, n - i));                                                            \
            unary_##name(rest, rest, LANES);                                                                 \
            store_part(y + i, load(rest), n - i);                                                            \
        }                                                                                                    \
    }
UNARY_FUNCTIONS(OP)
#if !defined SINGLE
WIDE_FUNCTIONS(OP)
#endif
#undef OP

#define STRING(x)                #x
#define NAME_OF(isa)             STRING(isa)
#define PASTE(a, b, c)           a##b##_##c
#define TABLE_OF(isa, precision) PASTE(kernels_, isa, precision)

enum { BATCH = 64 };

#if defined SINGLE
#include "autodiff/kernels/wide.inc"
#endif

#define OP(name, f)                                                                                          \
    static void binary_##name(void *to, const void *left, const void *right, size_t n) {                     \
        element *z = to;                                                                                     \
        const element *x = left, *y = right;                                                                 \
        VECTORS(store(z + i, f(load(x + i), load(y + i))));                                                  \
        if (i < n) {                                                                                         \
            element rest[LANES], second[LANES];                                                              \
            store(rest, load_part(x + i, n - i));                                                            \
            store(second, load_part(y + i, n - i));                                                          \
            binary_##name(rest, rest, second, LANES);                                                        \
            store_part(z + i, load(rest), n - i);                                                            \
        }                                                                                                    \
    }                                                                                                        \
    static void binary_vs_##name(void *to, const void *left, double right, size_t n) {                       \
        element *z = to;                                                                                     \
        const element *x = left;                                                                             \
        real b = all((element)right);                                                                        \
        VECTORS(store(z + i, f(load(x + i), b)));                                                            \
        if (i < n) {                                                                                         \
            element rest[LANES];                                                                             \
            store(rest, load_part(x + i, n - i));                                                            \
            binary_vs_##name(rest, rest, right, LANES);                                                      \
            store_part(z + i, load(rest), n - i);                                                            \
        }                                                                                                    \
    }                                                                                                        \
    static void binary_sv_##name(void *to, double left, const void *right, size_t n) {                       \
        element *z = to;                                                                                     \
        const element *y = right;                                                                            \
        real a = all((element)left);                                                                         \
        VECTORS(store(z + i, f(a, load(y + i))));                                                            \
        if (i < n) {                                                                                         \
            element rest[LANES];                                                                             \
            store(rest, load_part(y + i, n - i));                                                            \
            binary_sv_##name(rest, left, rest, LANES);                                                       \
            store_part(z + i, load(rest), n - i);                                                            \
        }                                                                                                    \
    }
BINARY_FUNCTIONS(OP)
#if !defined SINGLE
WIDE_BINARY_FUNCTIONS(OP)
#endif
#undef OP

#if !defined SINGLE
#define OP(name, f)                                                                                          \
    static void ternary_##name(void *to, const void *first, const void *second, const void *third,           \
                               size_t n) {                                                                   \
        element *w = to;                                                                                     \
        const element *x = first, *y = second, *z = third;                                                   \
        VECTORS(store(w + i, f(load(x + i), load(y + i), load(z + i))));                                     \
        if (i < n)                                                                                           \
            store_part(w + i, f(load_part(x + i, n - i), load_part(y + i, n - i), load_part(z + i, n - i)),  \
                       n - i);                                                                               \
    }
WIDE_TERNARY_FUNCTIONS(OP)
#undef OP
#endif

/* Moving and adding. */

static void splat(void *to, double x, size_t n) {
    element *y = to;
    for (size_t i = 0; i < n; i++) y[i] = (element)x;
}

static void add_to(void *to, const void *from, size_t n) {
    element *y = to;
    const element *x = from;
    EACH y[i] += x[i];
}

static void add_product_to(void *to, const void *left, const void *right, size_t n) {
    element *z = to;
    const element *x = left, *y = right;
    EACH z[i] = madd_one(x[i], y[i], z[i]);
}

/* Four vectors of partial sums, by turns; entries behind the end count as 0. */
#define SUM_OF(plus, plus_rest)                                                                              \
    real s[4] = {all(0), all(0), all(0), all(0)};                                                            \
    size_t i = 0, last = 0;                                                                                  \
    for (; i + 4 * LANES <= n; i += 4 * LANES)                                                               \
        for (size_t j = 0; j < 4; j++) s[j] = plus(s[j], i + j * LANES);                                     \
    for (; i + LANES <= n; i += LANES, last++) s[last] = plus(s[last], i);                                   \
    if (i < n) s[last] = plus_rest(s[last], i, n - i);                                                       \
    return across((s[0] + s[1]) + (s[2] + s[3]));

static element sum_span(const element *x, size_t n) {
#define PLUS(s, at)             ((s) + load(x + (at)))
#define PLUS_REST(s, at, count) ((s) + load_rest(x + (at), (count)))
    SUM_OF(PLUS, PLUS_REST)
#undef PLUS
#undef PLUS_REST
}

static element dot_span(const element *x, const element *y, size_t n) {
#define PLUS(s, at)             madd(load(x + (at)), load(y + (at)), (s))
#define PLUS_REST(s, at, count) madd(load_rest(x + (at), (count)), load_rest(y + (at), (count)), (s))
    SUM_OF(PLUS, PLUS_REST)
#undef PLUS
#undef PLUS_REST
}

/* Sums of floats are added up in double, so many floats at a time. */
static const size_t SPAN = BY_PRECISION(SIZE_MAX, 512);

static double sum(const void *from, size_t n) {
    const element *x = from;
    double total = 0;
    for (; n > SPAN; n -= SPAN, x += SPAN) total += sum_span(x, SPAN);
    return total + sum_span(x, n);
}

/* Lane by lane, of whole vectors; lanes with NaN are marked, since a comparison passes over it. */
#define EXTREME(name, better, worst)                                                                         \
    static double name(const void *from, size_t n) {                                                         \
        const element *x = from;                                                                             \
        real even = all((element)(worst)), odd = even;                                                       \
        lanes none = all_lanes(0);                                                                           \
        size_t i = 0;                                                                                        \
        for (; i + 2 * LANES <= n; i += 2 * LANES) {                                                         \
            real a = load(x + i), b = load(x + i + LANES);                                                   \
            none |= (a != a) | (b != b);                                                                     \
            even = better(a, even);                                                                          \
            odd = better(b, odd);                                                                            \
        }                                                                                                    \
        real both = better(even, odd);                                                                       \
        double y = (double)(worst);                                                                          \
        if (any(none)) return (double)NAN;                                                                   \
        for (int k = 0; k < LANES; k++) y = f##better((double)both[k], y);                                   \
        for (; i < n; i++) {                                                                                 \
            if (isnan(x[i])) return (double)NAN;                                                             \
            y = f##better((double)x[i], y);                                                                  \
        }                                                                                                    \
        return y;                                                                                            \
    }
INLINE double fgreater(double x, double y) { return x > y ? x : y; }
INLINE double flesser(double x, double y) { return x < y ? x : y; }
EXTREME(most, greater, -INFINITY)
EXTREME(least, lesser, INFINITY)
#undef EXTREME

static double dot(const void *left, const void *right, size_t n) {
    const element *x = left, *y = right;
    double total = 0;
    for (; n > SPAN; n -= SPAN, x += SPAN, y += SPAN) total += dot_span(x, y, SPAN);
    return total + dot_span(x, y, n);
}

static void gather(void *to, const void *from, const int32_t *index, size_t n) {
    element *y = to;
    const element *x = from;
    size_t i = 0;
#if defined __AVX512F__ && defined SINGLE
    for (; i + 16 <= n; i += 16) store(y + i, _mm512_i32gather_ps(_mm512_loadu_si512(index + i), x, 4));
#elif defined __AVX512F__
    for (; i + 8 <= n; i += 8)
        store(y + i, _mm512_i32gather_pd(_mm256_loadu_si256((const __m256i *)(index + i)), x, 8));
#elif defined __AVX2__ && defined SINGLE
    for (; i + 8 <= n; i += 8)
        store(y + i, _mm256_i32gather_ps(x, _mm256_loadu_si256((const __m256i *)(index + i)), 4));
#elif defined __AVX2__
    for (; i + 4 <= n; i += 4)
        store(y + i, _mm256_i32gather_pd(x, _mm_loadu_si128((const __m128i *)(index + i)), 8));
#endif
    for (; i < n; i++) y[i] = x[index[i]];
}

static void transpose(void *to, int64_t y_pitch, const void *from, int64_t x_pitch, size_t rows,
                      size_t columns) {
    element *y = to;
    const element *x = from;
    size_t i = 0;
    for (; i + SQUARE <= rows; i += SQUARE) {
        size_t j = 0;
        const element *row = x + (int64_t)i * x_pitch;
        for (; j + SQUARE <= columns; j += SQUARE)
            transpose_square(y + (int64_t)j * y_pitch + (int64_t)i, y_pitch, row + j, x_pitch);
        transpose_part(y + (int64_t)j * y_pitch + (int64_t)i, y_pitch, row + j, x_pitch, SQUARE, columns - j);
    }
    transpose_part(y + i, y_pitch, x + (int64_t)i * x_pitch, x_pitch, rows - i, columns);
}

#include "autodiff/kernels/ascend.h"

/* Draws: a Philox block holds the words of two consecutive entries. The blocks of a batch are computed side
 * by side, a lane each; they are those of base/rng.h. A draw in single precision is the one in double,
 * rounded. */

#if !defined SINGLE

/* Uniform numbers from 64-bit words as rng_unit() has them: 52 bits behind the 1 of [1, 2), and half a unit.
 */
static inline real units(lanes low, lanes high) {
    lanes word = (low & 0xffffffff) | high << 32;
    lanes bits = (word >> 12 & INT64_C(0xfffffffffffff)) | INT64_C(0x3ff0000000000000);
    return ((real)bits - 1) + 0x1p-53;
}

/* The two uniform numbers of each of `count` blocks, at most BATCH; `u` and `v` have room for BATCH. A round
 * waits for the one before, so SIDE vectors go side by side. */
static void philox(draw_stream s, uint64_t first, size_t count, double *u, double *v) {
    enum { SIDE = 2 };
    lanes counted = {0};
    for (int i = 0; i < LANES; i++) counted[i] = i;
    const lanes m0 = all_lanes(PHILOX_M4x32_0), m1 = all_lanes(PHILOX_M4x32_1);
    for (size_t j = 0; j < count; j += SIDE * LANES) {
        lanes c0[SIDE], c1[SIDE], c2[SIDE], c3[SIDE];
        for (int i = 0; i < SIDE; i++) {
            c0[i] = counted + (int64_t)(first + j + (size_t)i * LANES);
            c1[i] = all_lanes(s.stream);
            c2[i] = all_lanes((int64_t)(s.step & 0xffffffff));
            c3[i] = all_lanes((int64_t)(s.step >> 32));
        }
        uint32_t k0 = (uint32_t)s.seed, k1 = (uint32_t)(s.seed >> 32);
        for (int round = 0; round < 10; round++, k0 += PHILOX_W32_0, k1 += PHILOX_W32_1)
            for (int i = 0; i < SIDE; i++) { /* only the lower halves of words count */
                lanes p0 = multiply_halves(m0, c0[i]), p1 = multiply_halves(m1, c2[i]);
                c0[i] = (p1 >> 32) ^ c1[i] ^ all_lanes(k0);
                c1[i] = p1;
                c2[i] = (p0 >> 32) ^ c3[i] ^ all_lanes(k1);
                c3[i] = p0;
            }
        for (int i = 0; i < SIDE; i++) {
            store(u + j + i * LANES, units(c0[i], c1[i]));
            store(v + j + i * LANES, units(c2[i], c3[i]));
        }
    }
}

/* u and v by turns; the last v may be beyond the end. */
static void interleave(double *y, size_t n, const double *u, const double *v) {
    size_t pairs = n / 2;
    for (size_t j = 0; j < pairs; j++) {
        y[2 * j] = u[j];
        y[2 * j + 1] = v[j];
    }
    if (n % 2) y[n - 1] = u[pairs];
}

static void uniform(void *to, draw_stream s, uint64_t first, size_t n) {
    double *y = to;
    double u[BATCH], v[BATCH];
    for (size_t i = 0; i < n; i += 2 * BATCH) {
        size_t count = n - i < 2 * BATCH ? n - i : 2 * BATCH;
        philox(s, (first + i) / 2, (count + 1) / 2, u, v);
        interleave(y + i, count, u, v);
    }
}

/* Box and Muller (1958): two normals from two uniforms. */
static void normal(void *to, draw_stream s, uint64_t first, size_t n) {
    double *y = to;
    double u[BATCH], v[BATCH];
    for (size_t i = 0; i < n; i += 2 * BATCH) {
        size_t count = n - i < 2 * BATCH ? n - i : 2 * BATCH, pairs = (count + 1) / 2;
        philox(s, (first + i) / 2, pairs, u, v);
        for (size_t j = 0; j < pairs; j += LANES) {
            real radius = root(-2 * log_of(load(u + j), NULL));
            two angle = sincos_turns(load(v + j)); /* sine, cosine */
            store(u + j, radius * angle.low);
            store(v + j, radius * angle.high);
        }
        interleave(y + i, count, u, v);
    }
}

#else

static void uniform(void *to, draw_stream s, uint64_t first, size_t n) {
    element *y = to;
    double wide[BATCH];
    const element most = 1 - 0x1p-24f; /* what is above would be rounded to 1 */
    for (size_t i = 0; i < n; i += BATCH) {
        size_t count = n - i < BATCH ? n - i : BATCH;
        TABLE_OF(ISA, double).uniform(wide, s, first + i, count);
        for (size_t j = 0; j < count; j++) y[i + j] = wide[j] > most ? most : (element)wide[j];
    }
}

static void normal(void *to, draw_stream s, uint64_t first, size_t n) {
    element *y = to;
    double wide[BATCH];
    for (size_t i = 0; i < n; i += BATCH) {
        size_t count = n - i < BATCH ? n - i : BATCH;
        TABLE_OF(ISA, double).normal(wide, s, first + i, count);
        for (size_t j = 0; j < count; j++) y[i + j] = (element)wide[j];
    }
}

#endif

const kernels TABLE_OF(ISA, BY_PRECISION(double, single)) = {
    .name = NAME_OF(ISA),
    .lanes = LANES,
    .precision = BY_PRECISION(IN_DOUBLE, IN_SINGLE),
#define OP(name, e) .unary[OP_##name] = unary_##name,
    UNARY_ARITHMETIC(OP) UNARY_FUNCTIONS(OP) WIDE_FUNCTIONS(OP)
#undef OP
#define OP(name, e)                                                                                          \
    .binary[OP_##name] = binary_##name, .binary_vs[OP_##name] = binary_vs_##name,                            \
    .binary_sv[OP_##name] = binary_sv_##name,
        BINARY_ARITHMETIC(OP) BINARY_FUNCTIONS(OP) WIDE_BINARY_FUNCTIONS(OP)
#undef OP
#define OP(name, e) .ternary[OP_##name] = ternary_##name,
            WIDE_TERNARY_FUNCTIONS(OP)
#undef OP
                .select = select_vvv,
    .splat = splat,
    .sum = sum,
    .most = most,
    .least = least,
    .dot = dot,
    .add_to = add_to,
    .add_product_to = add_product_to,
    .gather = gather,
    .chain_forward = chain_forward,
    .chain_back = chain_back,
    .transpose = transpose,
    .multiply_tile = multiply_tile,
    .bring_left = bring_left,
    .factor = factor,
    .factor_back = factor_back,
    .solve = solve,
    .row_products = row_products,
    .column_products = column_products,
    .row_pairs = row_pairs,
    .add_rows_at = add_rows_at,
    .add_rows = add_rows,
    .ascend = ascend,
    .ascend_plainly = ascend_plainly,
    .uniform = uniform,
    .normal = normal,
};
