/* What the incomplete functions are made of. A tail of a distribution is its density at the end of the tail
 * times an integral of e^(-E(w)) over w = 0 … infinity, where w is the distance from the end on a scale (log
 * x for the gamma, logit x for the beta distribution) on which the density is log-concave: E is convex, E(0)
 * = 0. So the integral has one shape, from a half Gaussian to an exponential, and Gauss's rule with 32 points
 * up to where E is CUT takes it to 1e-14 for all parameters that are not small; for those a recurrence with
 * positive terms leads there. Derivatives by a parameter are moments of the same integrand. (The integrals:
 * DLMF 8.2.1 and 8.17.1 in log x and logit x. For the shape of the integrand and how it depends on both
 * arguments see Gil, Segura and Temme, SIAM J. Sci. Comput. 34, 2012, and DiDonato and Morris, ACM TOMS 18,
 * 1992, who choose a method by region; for the derivatives Moore, AS 187, 1982, and Boik and Robinson-Cox, J.
 * Stat. Softw. 3, 1998, who differentiate a series and a continued fraction.) */
#ifndef VM_AUTODIFF_KERNELS_TAILS_H
#define VM_AUTODIFF_KERNELS_TAILS_H

#include "autodiff/kernels/special.h"

/* One of these does much; it is called, not copied. */
#define LARGE static __attribute__((noinline))

enum { GAUSS = 32 };
static const double GAUSS_NODES[GAUSS] = {C_GAUSS_NODES}, GAUSS_WEIGHTS[GAUSS] = {C_GAUSS_WEIGHTS};

#define CUT             38.0 /* e^-38 is 3e-17 */
#define FEW             4.0  /* parameters below it are raised by SHIFT */
#define HALF_LOG_2PI    0x1.d67f1c864beb5p-1
#define PARAMETER_MOST  1e140 /* its square, and products with powers of others, must not overflow */
#define PARAMETER_LEAST 1e-140

enum { SHIFT = 4 };

/* A parameter, or an argument, within what can be computed with; what lies beyond is for the edges. */
INLINE real bounded(real x, double least) {
    return pick(x > least, lesser(all(PARAMETER_MOST), x), all(least));
}

/* e^u - 1 - u for |u| < 700, with small relative error. */
INLINE real exp_rest(real u) {
    real n = madd(u, all(M_LOG2E), all(ROUNDER)), k = n - ROUNDER;
    real r = madd(k, all(-LN2_LOW), madd(k, all(-LN2_HIGH), u));
    real rest = r * r * POLYNOMIAL(r, C_EXP), power = scale(all(1), n);
    return pick(k == 0, rest, madd(power, rest + r, power - 1) - u);
}

/* z - log(1 + z) for z within -1/2 … 1, with small relative error: with s = z / (2 + z), log(1 + z) = 2
 * artanh(s) and z - 2s = s z. */
INLINE real log1p_rest_near(real z) {
    real s = z / (2 + z), q = s * s;
    return s * (z - q * POLYNOMIAL(q, C_LOG1P));
}

/* log(x / y) for x > 0, y > 0 that may be as small, or as large, as numbers are. */
INLINE real log_ratio(real x, real y) {
    lanes tiny = x < 0x1p-500;
    return f_log(pick(tiny, x * 0x1p500, x) / y) - pick(tiny, all(500 * M_LN2), all(0));
}

/* z - log(1 + z), where 1 + z = x / y. */
INLINE real log1p_rest(real z, real x, real y) {
    real rest = log1p_rest_near(z);
    lanes near = (z >= -0.5) & (z <= 1);
    if (!everywhere(near)) rest = pick(near, rest, z - log_ratio(x, y));
    return rest;
}

/* lgamma(c) - (c - 1/2) log(c) + c - log(2 pi) / 2 */
LARGE real stirling_rest(real c) {
    real r = 1 / c, y = r * POLYNOMIAL(r * r, C_STIRLING);
    lanes few = c < FEW;
    if (any(few)) y = pick(few, lgamma_of_positive(c) - (c - 0.5) * f_log(c) + c - HALF_LOG_2PI, y);
    return y;
}

/* 1 - e^z + z e^z, with small relative error, and 1 - e^z. */
INLINE real second_rest(real z) {
    real rest = exp_rest(z);
    return pick(z > -600, z * z - rest * (1 - z), all(1));
}
INLINE real one_minus_exp(real z) { return -f_expm1(z); }

/* The log of the tail, or of what it leaves. */
INLINE real log_tail_or_rest(lanes tail, real log_weight, real j) {
    real l = log_weight + f_log(j);
    if (everywhere(tail)) return l;
    return pick(tail, l, f_log1p(-f_exp(log_weight) * j));
}

#endif
