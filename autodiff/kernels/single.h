/* The functions in single precision: exponential and logarithms by polynomials of our own, which take the
 * place of a call; for the others those of libmvec, whose vectors of floats are good and fast. The
 * polynomials are near the best for their degree (Chebyshev nodes), with relative errors below 2^-26. */
#ifndef VM_AUTODIFF_KERNELS_SINGLE_H
#define VM_AUTODIFF_KERNELS_SINGLE_H

#include "autodiff/kernels/libmvec.h"

#define OF_LIBMVEC(f)                                                                                        \
    INLINE real f_##f(real x) { return LIBMVEC(f)(x); }
OF_LIBMVEC(expm1)
OF_LIBMVEC(sin)
OF_LIBMVEC(cos)
OF_LIBMVEC(tan)
OF_LIBMVEC(asin)
OF_LIBMVEC(acos)
OF_LIBMVEC(atan)
OF_LIBMVEC(sinh)
OF_LIBMVEC(cosh)
OF_LIBMVEC(tanh)
OF_LIBMVEC(erf)
OF_LIBMVEC(erfc)
#undef OF_LIBMVEC
INLINE real f_pow(real x, real y) { return LIBMVEC_2(pow)(x, y); }

/* ln 2 as a number of few digits, whose multiples by exponents are floats, and the rest. */
static const float LN2_HIGH = 0x1.62e4p-1f, LN2_LOW = 0x1.7f7d1cp-20f;

/* e^x = 2^n e^r with |r| <= ln(2) / 2; 2^n in two steps, since n may be beyond a float's exponents. */
INLINE real f_exp(real x) {
    const float shift = 0x1.8p23f; /* what is added to it is rounded to whole numbers, its last bits */
    real a = greater(all(-110), lesser(all(90), x));
    real t = madd(a, all(0x1.715476p+0f), all(shift)), n = t - shift;
    real r = madd(n, all(-LN2_LOW), madd(n, all(-LN2_HIGH), a));
    real p = POLYNOMIAL(r, 0.5f, 0.16666667f, 0.041666465f, 0.008333311f, 0.0013933641f, 0.00019890981f);
    real y = 1 + madd(r * r, p, r);
    lanes whole = (lanes)t - (lanes)all(shift), half = whole >> 1;
    return y * (real)((half + 127) << 23) * (real)((whole - half + 127) << 23);
}

/* log(1 + f) = f - f^2 / 2 + f^3 p(f) for 1 + f in [sqrt(1/2), sqrt(2)), with k ln 2 + low. */
INLINE real log_reduced(real f, real k, real low) {
    real p = POLYNOMIAL(f, 0.33333331f, -0.24999997f, 0.20000716f, -0.16667802f, 0.14249058f, -0.12425687f,
                        0.1168542f, -0.11479734f, 0.069716115f);
    real z = f * f, y = madd(f * z, p, madd(k, all(LN2_LOW), low));
    return madd(k, all(LN2_HIGH), f + madd(all(-0.5f), z, y));
}

/* x = 2^k (1 + f) for positive x that are no denormals. */
INLINE real split_power(real x, real *k) {
    const lane root_half = 0x3f3504f3;
    lanes bits = (lanes)((words)x - (words)all_lanes(root_half));
    *k = __builtin_convertvector(bits >> 23, real);
    return (real)((bits & 0x7fffff) + root_half) - 1;
}

/* At the ends of its domain, and beyond, a logarithm of x. */
INLINE real log_ends(real x, real y) {
    y = pick(x > 0, y, pick(x == 0, all(-INFINITY), all(NAN)));
    return pick(x < INFINITY, y, x + y);
}

INLINE real f_log(real x) {
    lanes small = x < 0x1p-126f;
    real k, f = split_power(pick(small, x * 0x1p23f, x), &k);
    return log_ends(x, log_reduced(f, pick(small, k - 23, k), all(0)));
}

/* What rounding takes from u = 1 + x is given back. */
INLINE real f_log1p(real x) {
    real u = 1 + x, k, f = split_power(u, &k);
    real lost = pick(x >= 1, 1 - (u - x), x - (u - 1)) / u;
    lanes near = k == 0;
    return log_ends(u, log_reduced(pick(near, x, f), k, pick(near, all(0), lost)));
}

/* log(1 + e) = 2 artanh(e / (2 + e)) for 0 <= e <= 1. */
INLINE real log1p_of_unit(real e) {
    real s = e / (2 + e), z = s * s;
    real p = POLYNOMIAL(z, 0.33333334f, 0.19999853f, 0.14296179f, 0.10853288f, 0.11612165f);
    return 2 * madd(s * z, p, s);
}

INLINE real f_expit(real x) {
    real e = f_exp(-absolute(x));
    return pick(x < 0, e, all(1)) / (1 + e);
}

INLINE real f_log1p_exp(real x) { return greater(all(0), x) + log1p_of_unit(f_exp(-absolute(x))); }

INLINE real f_xlogy(real x, real y) { return pick((x == 0) & (y == y), all(0), x * f_log(y)); }

#endif
