/* What the incomplete functions are made of. A tail of a distribution is its density at the end of the tail
 * times an integral of e^(-E(w)) over w = 0 … infinity, where w is the distance from the end on a scale (log
 * x for the gamma, logit x for the beta distribution) on which the density is log-concave: E is convex, E(0)
 * = 0. So the integral has one shape, from a half Gaussian to an exponential, and Gauss's rule with 32 points
 * (beta: 40) up to where E is CUT takes it to 1e-17 for all parameters that are not small; for those a
 * recurrence with positive terms leads there. What is large in the density, and would lose digits, is in
 * its exponent, a sum of two. Derivatives by a parameter are moments of the same integrand. (The integrals:
 * DLMF 8.2.1 and 8.17.1 in log x and logit x. For the shape of the integrand and how it depends on both
 * arguments see Gil, Segura and Temme, SIAM J. Sci. Comput. 34, 2012, and DiDonato and Morris, ACM TOMS 18,
 * 1992, who choose a method by region; for the derivatives Moore, AS 187, 1982, and Boik and Robinson-Cox, J.
 * Stat. Softw. 3, 1998, who differentiate a series and a continued fraction.) */
#ifndef VM_AUTODIFF_KERNELS_TAILS_H
#define VM_AUTODIFF_KERNELS_TAILS_H

#include <stdbool.h>
#include "autodiff/kernels/special.h"
#include "autodiff/kernels/twice.h"

/* One of these does much; it is called, not copied. */
#define LARGE static __attribute__((noinline))

/* Points of a rule go ABREAST: what one waits for leaves the processor idle. */
enum { GAUSS = 32, GAUSS_40 = 40, ABREAST = 4 };
static const double GAUSS_NODES[GAUSS] = {C_GAUSS_NODES}, GAUSS_WEIGHTS[GAUSS] = {C_GAUSS_WEIGHTS};
static const double GAUSS_40_NODES[GAUSS_40] = {C_GAUSS_40_NODES},
                    GAUSS_40_WEIGHTS[GAUSS_40] = {C_GAUSS_40_WEIGHTS};

#define CUT             39.5 /* e^-39.5 is 7e-18 */
#define FEW             4.0  /* parameters below it are raised by SHIFT */
#define HALF_LOG_2PI    0x1.d67f1c864beb5p-1
#define PARAMETER_MOST  1e140 /* its square, and products with powers of others, must not overflow */
#define PARAMETER_LEAST 1e-140
#define POWER_MOST      0.5 /* arguments below it have a power series for quantiles */

enum { SHIFT = 4 };

/* A parameter, or an argument, within what can be computed with; what lies beyond is for the edges. */
INLINE real bounded(real x, double least) {
    return pick(x > least, lesser(all(PARAMETER_MOST), x), all(least));
}

/* e^u - 1 - u for |u| < 700, with small relative error. */
INLINE real exp_rest(real u) {
    real n = madd(u, all(M_LOG2E), all(ROUNDER)), k = n - ROUNDER;
    real r = madd(k, all(-LN2_LOW), madd(k, all(-LN2_HIGH), u));
    real rest = r * r * madd(r, POLYNOMIAL(r, C_EXP_REST), all(0.5)), power = scale(all(1), n);
    return pick(k == 0, rest, madd(power, rest + r, power - 1) - u);
}

/* e^-x for x within 0 … 700. */
INLINE real falling_exp(real x) {
    exponential e = exp_reduced(-x, NULL);
    return scale(1 + e.rest, e.n);
}

/* z - log(1 + z) for z within -1/2 … 1, with small relative error: with s = z / (2 + z), log(1 + z) = 2
 * artanh(s) and z - 2s = s z. */
INLINE real log1p_rest_near(real z) {
    real s = z / (2 + z), q = s * s;
    return s * (z - q * POLYNOMIAL(q, C_LOG1P));
}

/* exp(digamma(x)) - x + 1/2, from 1 on. */
INLINE real exp_digamma_rest(real x) {
    real v = lesser(all(0x1p60), x);
    return POLYNOMIAL((v - 1) / (v + 1), C_DIGAMMA);
}

/* lgamma(c) - (c - 1/2) log(c) + c - log(2 pi) / 2 */
LARGE real stirling_rest(real c) {
    real r = 1 / c, y = r * POLYNOMIAL(r * r, C_STIRLING);
    lanes few = c < FEW;
    if (any(few)) {
        two power = two_product(c - 0.5, f_log(c)), s = {lgamma_of_positive(c), -power.low};
        s = sum_on(sum_on(sum_on(s, c), -power.high), all(-HALF_LOG_2PI));
        y = pick(few, s.high + s.low, y);
    }
    return y;
}

/* The integral of log(t / x) t^(a - 1) over t from x to 1, for z = a log x: (e^z - 1 - z) / a^2, of which j
 * is (1 - e^z) / a. */
INLINE two log_rest_over(two z, real j, real a) {
    real rest = madd(-a * j, z.low, exp_rest(greater(all(-690), z.high)));
    two over = twice_divide((two){rest, all(0)}, (two){a, all(0)});
    return twice_divide(over, (two){a, all(0)});
}

/* What a tail has of a slope, |ahead| j + m, of terms of one sign. */
INLINE two slope_over_weight(real ahead, two j, real m) {
    two s = sum_on(two_product(absolute(ahead), j.high), m);
    return two_of(s.high, madd(absolute(ahead), j.low, s.low));
}

/* The weight before an integral, factor e^exponent. */
typedef struct tail_weight {
    two exponent, factor;
} tail_weight;

/* The weight times j, for 1e-60 < j < 1e60. */
INLINE two tail_mass(tail_weight w, two j) {
    return twice_exp_times(w.exponent, twice_multiply(w.factor, j));
}

/* The weight times e^x. */
INLINE real tail_weight_times(tail_weight w, two x) {
    return twice_exp_times(twice_add(w.exponent, x), w.factor).high;
}

/* The tail, or what it leaves; and the log of it. */
INLINE real tail_or_rest(lanes tail, tail_weight w, two j) {
    two mass = tail_mass(w, j);
    return pick(tail, mass.high, (1 - mass.high) - mass.low);
}

INLINE real log_tail_or_rest(lanes tail, tail_weight w, two j) {
    two mass = tail_mass(w, j);
    real left = 1 - mass.high, low = pick(tail, mass.low, ((1 - left) - mass.high) - mass.low);
    real y = log_of(pick(tail, mass.high, left), &low);
    lanes beyond = tail & ~(mass.high > 0x1p-960);
    if (any(beyond)) {
        two size = twice_multiply(w.factor, j);
        two l = two_sum(w.exponent.high, log_of(size.high, &size.low));
        y = pick(beyond, l.high + (l.low + w.exponent.low), y);
    }
    return y;
}

/* The log of the tail, or of what it leaves, as a sum of two: for quantiles, whose distance on the scale of
 * logs it is over the rate, which may be small. */
INLINE two twice_log_tail_or_rest(lanes tail, tail_weight w, two j) {
    two y = twice_add(w.exponent, twice_log(twice_multiply(w.factor, j)));
    if (everywhere(tail)) return y;
    two left = twice_subtract((two){all(1), all(0)}, tail_mass(w, j));
    return twice_pick(tail, y, twice_log(twice_pick(left.high > 0x1p-60, left, (two){all(0x1p-60), all(0)})));
}

/* log gamma(1 + x) for 0 <= x < 2, with small relative error. */
INLINE real lgamma_beyond_one(real x) { return x * ((x - 1) * POLYNOMIAL((x - 0.5) / (x + 2.5), C_LGAMMA)); }

/* The density on the scale of the integral, over the tail or over what it leaves. */
INLINE real tail_or_rest_rate(lanes tail, tail_weight w, two j) {
    if (everywhere(tail)) return 1 / j.high;
    two mass = tail_mass(w, j);
    return pick(tail, all(1), mass.high / ((1 - mass.high) - mass.low)) / j.high;
}

#endif
