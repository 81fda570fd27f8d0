/* Elementary functions on vectors, all of them our own: libmvec and libm choose their code by the processor
 * at run time, also below the level that was asked for (`VM_ISA`), and their bits change with their version;
 * and calls keep the loops around them from staying in registers. The same operations in the same order give
 * the same bits on AVX2 and AVX-512; the baseline has no fused multiply-add and its own bits.
 *
 * Each has a straight path for the arguments that occur and one branch, rarely taken, for the rest (tiny,
 * huge, infinite, NaN). The polynomials are those of coefficients.py; errors are stated in
 * docs/performance.md and tested in tests/autodiff/kernels.c. */
#ifndef VM_AUTODIFF_KERNELS_ELEMENTARY_H
#define VM_AUTODIFF_KERNELS_ELEMENTARY_H

#include "autodiff/kernels/coefficients_table.h"
#include "autodiff/kernels/constants.h"
#include "autodiff/kernels/vector.h"

INLINE real with_sign_of(real x, real sign) {
    return (real)(((lanes)x & INT64_MAX) | ((lanes)sign & INT64_MIN));
}

/* x 2^k with k = n - ROUNDER, where neither x nor the result is below the normal numbers. */
INLINE real scale(real x, real n) { return (real)((words)x + ((words)n << 52)); }

/* x y as a sum of two. */
typedef struct two {
    real high, low;
} two;

INLINE two two_product(real x, real y) {
    real p = x * y;
#if defined __AVX2__
    return (two){p, madd(x, y, -p)};
#else
    /* Dekker (1971): halves of 26 bits, whose products are exact */
    real xh = (real)((lanes)x & ~INT64_C(0x7ffffff)), xl = x - xh;
    real yh = (real)((lanes)y & ~INT64_C(0x7ffffff)), yl = y - yh;
    return (two){p, ((xh * yh - p) + xh * yl + xl * yh) + xl * yl};
#endif
}

INLINE two two_sum(real x, real y) {
    real s = x + y, v = s - x;
    return (two){s, (x - (s - v)) + (y - v)};
}

/* e^(x + *low) = (1 + rest) 2^k, k = n - ROUNDER, for |*low| far below 1; NULL is 0: Cody and Waite's
 * reduction. */
typedef struct exponential {
    real rest, n;
} exponential;

INLINE exponential exp_reduced(real x, const real *low) {
    real n = madd(x, all(M_LOG2E), all(ROUNDER)), k = n - ROUNDER;
    real r = madd(k, all(-LN2_LOW), madd(k, all(-LN2_HIGH), x));
    if (low) r += *low;
    return (exponential){madd(r * r, POLYNOMIAL(r, C_EXP), r), n};
}

INLINE real exp_of(real x, const real *low) {
    exponential e = exp_reduced(x, low);
    real y = scale(1 + e.rest, e.n);
    if (!everywhere((x >= EXP_LEAST) & (x <= EXP_MOST))) {
        real small = scale(1 + e.rest, e.n + 128) * 0x1p-128;
        y = pick(x < EXP_LEAST, pick(x < -750, all(0), small), y);
        y = pick(x > EXP_MOST, all(INFINITY), pick(x == x, y, x));
    }
    return y;
}

/* e^(x + low) times a factor between 0.001 and 1, for x between -800 and 0; rounded once less than the
 * product. */
INLINE real exp_times(real x, real low, real factor) {
    exponential e = exp_reduced(x, &low);
    real y = madd(factor, e.rest, factor), product = scale(y, e.n);
    if (!everywhere(x >= -700)) {
        product = pick(x < -700, scale(y, e.n + 256) * 0x1p-256, product);
        product = pick(x == x, product, x);
    }
    return product;
}

INLINE real f_exp(real x) { return exp_of(x, NULL); }

INLINE real f_expm1(real x) {
    exponential e = exp_reduced(x, NULL);
    real power = scale(all(1), e.n), y = madd(power, e.rest, power - 1);
    if (!everywhere(absolute(x) <= -EXP_LEAST)) {
        y = pick(x > -EXP_LEAST, scale(1 + e.rest, e.n), y);
        y = pick(x < EXP_LEAST, all(-1), y);
        y = pick(x > EXP_MOST, all(INFINITY), pick(x == x, y, x));
    }
    return with_sign_of(y, x);
}

/* log(x + *low) for a normal x > 0 and |*low| far below it; NULL is 0: x = 2^k m with m in [sqrt(1/2),
 * sqrt(2)), f = m - 1 and s = f / (2 + f); log(1 + f) = 2 artanh(s), arranged so that f stands alone (fdlibm,
 * e_log.c). */
INLINE real log_of(real x, const real *low) {
    const uint64_t root_half = UINT64_C(0x3fe6a09e667f3bcd), mantissa = UINT64_C(0xfffffffffffff);
    words i = (words)x + (UINT64_C(0x3ff0000000000000) - root_half);
    real k = (real)((i >> 52) | UINT64_C(0x4330000000000000)) - (0x1p52 + 1023);
    real f = (real)((i & mantissa) + root_half) - 1;
    if (low) f = madd(*low, (real)(UINT64_C(0x7fe0000000000000) - (i & ~mantissa)), f);
    real s = f / (2 + f), z = s * s, h = 0.5 * f * f;
    real rest = madd(s, madd(z, POLYNOMIAL(z, C_LOG), h), k * LN2_LOW);
    return madd(k, all(LN2_HIGH), f - (h - rest));
}

INLINE real f_log(real x) {
    real y = log_of(x, NULL);
    if (!everywhere((x >= 0x1p-1022) & (x < INFINITY))) {
        real low = log_of(x * 0x1p54, NULL) - 54 * M_LN2;
        y = pick(x < 0x1p-1022, pick(x > 0, low, pick(x == 0, all(-INFINITY), all(NAN))), y);
        y = pick((x == INFINITY) | (x != x), x, y);
    }
    return y;
}

INLINE real f_log1p(real x) {
    real u = 1 + x, low = x - (u - 1); /* exact up to 2^53, and beyond it does not matter */
    real y = log_of(u, &low);
    if (!everywhere((x > -1) & (x < 0x1p1000))) {
        y = pick(x < 0x1p1000, y, log_of(x, NULL));
        y = pick(x == -1, all(-INFINITY), pick(x < -1, all(NAN), y));
        y = pick((x == INFINITY) | (x != x), x, y);
    }
    return with_sign_of(y, x);
}

/* log(1 + e) for e within 0 … 1. */
INLINE real log1p_of_unit(real e) {
    real s = e / (2 + e), z = s * s, h = 0.5 * e * e;
    return e - (h - s * madd(z, POLYNOMIAL(z, C_LOG1P), h));
}

INLINE real f_expit(real x) {
    real e = f_exp(-absolute(x));
    return pick(x < 0, e, all(1)) / (1 + e);
}

INLINE real f_log1p_exp(real x) { return greater(all(0), x) + log1p_of_unit(f_exp(-absolute(x))); }

/* log(1 - e^x) for x < 0: of e^x - 1 where e^x > 1/2, else of 1 - e^x as a sum of two. */
INLINE real f_log1m_exp(real x) {
    real e = f_exp(x), u = 1 - e, low = (1 - u) - e;
    lanes near = x > -M_LN2;
    if (any(near)) u = pick(near, -f_expm1(x), u), low = pick(near, all(0), low);
    real y = log_of(u, &low);
    if (!everywhere((x < -0x1p-1022) & (x > -36))) y = pick(x <= -36, -e, pick(x < -0x1p-1022, y, f_log(-x)));
    return pick(x == x, y, x);
}

/* log(p / (1 - p)); near 1/2, log(1 + (2p - 1) / (1 - p)), whose argument is exact but for the division. */
INLINE real f_logit(real p) {
    lanes middle = absolute(p - 0.5) < 0.25;
    real q = 1 - p, z = (2 * p - 1) / q, one = 1 + z;
    real ratio = pick(middle, one, p / q), low = pick(middle, z - (one - 1), all(0));
    real y = log_of(ratio, &low);
    if (!everywhere((p > 0x1p-1000) & (p < 1)))
        y = pick((p > 0x1p-1000) & (p < 1), y, pick(p == 1, all(INFINITY), f_log(p / q)));
    return y;
}

/* With e = expm1(-2 |x|), -e / (2 + e); beyond 22 it is 1. */
INLINE real f_tanh(real x) {
    exponential r = exp_reduced(-2 * lesser(all(22), absolute(x)), NULL);
    real power = scale(all(1), r.n), e = madd(power, r.rest, power - 1);
    return with_sign_of(e / (2 + e), x);
}

/* e^|x| / 2, which overflows where sinh and cosh do. */
INLINE real half_exp(real x) {
    real a = absolute(x);
    exponential e = exp_reduced(lesser(all(1000), a), NULL);
    real y = (2 + 2 * e.rest) * scale(all(1), e.n - 2);
    return pick(a > 0x1.633ce8fb9f87dp9, all(INFINITY), y);
}

INLINE real f_cosh(real x) {
    real h = half_exp(x);
    return h + 0.25 / h;
}

INLINE real f_sinh(real x) {
    real h = half_exp(x), z = x * x;
    real near = madd(x * z, POLYNOMIAL(z, C_SINH), x);
    return pick(absolute(x) < 1, near, with_sign_of(h - 0.25 / h, x));
}

/* x^y as e^(y log x), with the logarithm as a sum of two: its error is below 2^-63 of it, and y log x is
 * below 2^10. */

/* log of a normal x > 0: 2 artanh(s) = 2s + (2/3 s^2 + s^4 (…)) s as in log_of(), where s, the term with 2/3
 * and the sums are in two parts. */
INLINE two log_in_two(real x) {
    const uint64_t root_half = UINT64_C(0x3fe6a09e667f3bcd), mantissa = UINT64_C(0xfffffffffffff);
    words i = (words)x + (UINT64_C(0x3ff0000000000000) - root_half);
    real k = (real)((i >> 52) | UINT64_C(0x4330000000000000)) - (0x1p52 + 1023);
    real f = (real)((i & mantissa) + root_half) - 1;
    real d = 2 + f, below = f - (d - 2), inverse = 1 / d, s = f * inverse;
    two back = two_product(s, d);
    real s_low = ((f - back.high) - back.low - s * below) * inverse;
    two z = two_product(s, s);
    z.low += 2 * s * s_low;
    two third = two_product(z.high, all(0x1.5555555555555p-1));
    third.low = madd(z.high, all(0x1.5555555555555p-55), madd(z.low, all(0x1.5555555555555p-1), third.low));
    real w = z.high;
    third.low = madd(w * w, POLYNOMIAL(w, C_LOG_REST), third.low);
    two cubed = two_product(s, third.high);
    cubed.low = madd(s, third.low, madd(s_low, third.high, cubed.low));
    two whole = two_sum(k * LN2_HIGH, 2 * s), all_of_it = two_sum(whole.high, cubed.high);
    real low = (whole.low + all_of_it.low) + (madd(k, all(LN2_LOW), 2 * s_low) + cubed.low);
    real high = all_of_it.high + low;
    return (two){high, (all_of_it.high - high) + low};
}

INLINE real power_of_positive(real x, real y) {
    two l = log_in_two(x);
    two p = two_product(y, l.high);
    real low = madd(y, l.low, p.low);
    return exp_of(p.high, &low);
}

INLINE lanes is_whole(real x) {
    real a = absolute(x), r = (a + 0x1p52) - 0x1p52;
    return (r == a) | (a >= 0x1p52);
}

/* C99, F.9.4.4. */
INLINE real power_at_the_ends(real x, real y) {
    real a = absolute(x), below = all(0x1p-1022);
    lanes huge = absolute(y) > 0x1p80, small = a < below;
    real steady = pick(huge, with_sign_of(all(0x1p80), y), y);
    real base = pick(small, a * 0x1p54, a);
    base = pick((a == 0) | (a == INFINITY) | (x != x), all(1), base);
    real r;
    {
        two l = log_in_two(base);
        real shift = pick(small, all(-54), all(0));
        two whole = two_sum(shift * LN2_HIGH, l.high);
        l = (two){whole.high, madd(shift, all(LN2_LOW), whole.low + l.low)};
        two p = two_product(steady, l.high);
        lanes far = absolute(p.high) > 0x1p20;
        real low = pick(far, all(0), madd(steady, l.low, p.low));
        r = exp_of(p.high, &low);
    }
    lanes up = y > 0;
    r = pick(a == 0, pick(up, all(0), all(INFINITY)), r);
    r = pick(a == INFINITY, pick(up, all(INFINITY), all(0)), r);
    lanes whole = is_whole(y), odd = whole & ~is_whole(0.5 * y);
    lanes negative = (lanes)x < 0;
    r = pick(negative & odd, -r, r);
    r = pick((x < 0) & ~whole & (a != INFINITY), all(NAN), r);
    r = pick((x != x) | (y != y), x + y, r);
    r = pick((y == 0) | (x == 1) | ((x == -1) & (absolute(y) == INFINITY)), all(1), r);
    return r;
}

INLINE real f_pow(real x, real y) {
    lanes plain = (x >= 0x1p-1022) & (x < INFINITY) & (absolute(y) < 0x1p80);
    if (!everywhere(plain)) return power_at_the_ends(x, y);
    return power_of_positive(x, y);
}

INLINE real f_xlogy(real x, real y) {
    real z = x * f_log(y);
    return pick((x == 0) & (y == y), all(0), z);
}

/* Sines and cosines of r within pi/4 of 0, whose square is z. */
INLINE real sin_near(real r, real z) { return madd(r * z, POLYNOMIAL(z, C_SIN), r); }
INLINE real cos_near(real z) { return 1 - (0.5 * z - z * z * POLYNOMIAL(z, C_COS)); }

/* The distance of x from the nearest multiple of pi / 2, and how many quarter turns that is (in the lowest
 * bits), for |x| < 2^19: pi / 2 in four parts, the first three of 33 bits. */
typedef struct angle {
    real r;
    words quarters;
} angle;

#define ANGLE_MOST 0x1p19

INLINE angle angle_of(real x) {
    real n = madd(x, all(M_2_PI), all(ROUNDER)), k = n - ROUNDER;
    real r = (x - k * 0x1.921fb54400000p+0) - k * 0x1.0b4611a600000p-34;
    return (angle){(r - k * 0x1.3198a2e000000p-69) - k * 0x1.b839a252049c1p-104, (words)n};
}

/* Sine (shift 0) and cosine (shift 1) of the angle, by quarters. */
INLINE real sine_of(angle a, uint64_t shift) {
    real z = a.r * a.r;
    words quarters = a.quarters + shift;
    real y = pick((lanes)(quarters << 63) < 0, cos_near(z), sin_near(a.r, z));
    return (real)((words)y ^ ((quarters << 62) & UINT64_C(1) << 63));
}

/* Beyond, SLEEF's reduction, lane by lane: it chooses its method by the largest entry of a vector. */
#define FAR(f, x, y)                                                                                         \
    if (!everywhere(absolute(x) < ANGLE_MOST))                                                               \
        for (int i = 0; i < LANES; i++)                                                                      \
            if (!(fabs((x)[i]) < ANGLE_MOST)) (y)[i] = SLEEF(f)(all((x)[i]))[0];

INLINE real f_sin(real x) {
    real y = sine_of(angle_of(x), 0);
    FAR(sin, x, y)
    return y;
}

INLINE real f_cos(real x) {
    real y = sine_of(angle_of(x), 1);
    FAR(cos, x, y)
    return y;
}

INLINE real f_tan(real x) {
    angle a = angle_of(x);
    real z = a.r * a.r, s = sin_near(a.r, z), c = cos_near(z);
    lanes odd = (lanes)(a.quarters << 63) < 0;
    real y = pick(odd, -c, s) / pick(odd, s, c);
    FAR(tan, x, y)
    return y;
}

#undef FAR

/* Of t = a, (a - 1) / (a + 1) or -1 / a, which is within tan(pi / 8), and the angle that this takes off. */
INLINE real f_atan(real x) {
    real a = absolute(x);
    lanes middle = a > 0x1.a827999fcef32p-2, high = a > 0x1.3504f333f9de6p+1;
    real t = pick(high, all(-1), pick(middle, a - 1, a)) / pick(high, a, pick(middle, a + 1, all(1)));
    real z = t * t,
         low = pick(high, all(0x1.1a62633145c07p-54), pick(middle, all(0x1.1a62633145c07p-55), all(0)));
    real base = pick(high, all(M_PI_2), pick(middle, all(M_PI_4), all(0)));
    return with_sign_of(base + (t + madd(t * z, POLYNOMIAL(z, C_ATAN), low)), x);
}

/* asin(s) for s = |x| up to 1/2; beyond, pi/2 - 2 asin(s) with s = sqrt((1 - |x|) / 2). */
typedef struct arc {
    lanes beyond;
    real s, rest; /* asin(s) = s + rest */
} arc;

INLINE arc arc_of(real x) {
    real a = absolute(x), half = 0.5 * (1 - a);
    lanes beyond = a > 0.5;
    real z = pick(beyond, half, a * a), s = pick(beyond, root(half), a);
    return (arc){beyond, s, s * z * POLYNOMIAL(z, C_ASIN)};
}

#define PI_2_LOW 0x1.1a62633145c07p-54

INLINE real f_asin(real x) {
    arc a = arc_of(x);
    real y = pick(a.beyond, M_PI_2 - (2 * a.s - madd(all(-2), a.rest, all(PI_2_LOW))), a.s + a.rest);
    return with_sign_of(y, x);
}

INLINE real f_acos(real x) {
    arc a = arc_of(x);
    real s = with_sign_of(a.s, x), rest = with_sign_of(a.rest, x);
    real near = M_PI_2 - (s - (PI_2_LOW - rest)), twice = 2 * (a.s + a.rest);
    real low = M_PI - (2 * a.s - madd(all(-2), a.rest, all(2 * PI_2_LOW)));
    return pick(a.beyond, pick(x < 0, low, twice), near);
}

/* Sine and cosine of 2 pi v for 0 <= v <= 1: v's nearest quarter is taken off exactly. */
INLINE two sincos_turns(real v) {
    real n = 4 * v + ROUNDER, r = (v - 0.25 * (n - ROUNDER)) * (2 * M_PI), z = r * r;
    real s = sin_near(r, z), c = cos_near(z);
    words quarters = (words)n;
    lanes odd = (lanes)(quarters << 63) < 0;
    words sin_sign = (quarters << 62) & UINT64_C(1) << 63, cos_sign = ((quarters + 1) << 62) & UINT64_C(1)
                                                                                                   << 63;
    return (two){(real)((words)pick(odd, c, s) ^ sin_sign), (real)((words)pick(odd, s, c) ^ cos_sign)};
}

#endif
