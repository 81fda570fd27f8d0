/* The functions of statistics on vectors: error functions and the normal distribution, gamma and what belongs
 * to it. As in elementary.h there is a straight path and a branch that is rarely taken; polynomials are those
 * of coefficients.py. */
#ifndef VM_AUTODIFF_KERNELS_SPECIAL_H
#define VM_AUTODIFF_KERNELS_SPECIAL_H

#include "autodiff/kernels/elementary.h"

/* The error function and its like. */

/* erfcx(a) = e^(a^2) erfc(a) for 0 <= a <= 2^60: (1 + 2a) erfcx(a) is smooth up to infinity, and nearly
 * constant, as a function of t = (a - 4) / (a + 4), and 21/32 of it is below 1, where it is rounded least
 * (Shepherd and Laframboise, Mathematics of Computation 36, 1981). */
INLINE real erfcx_of(real a) {
    real inverse = 1 / (a + 4), t = (a - 4) * inverse;
    return madd(2 * a * inverse, POLYNOMIAL(t, C_ERFCX), all(0.65625)) / madd(all(1.3125), a, all(0.65625));
}

/* x (1 + p(x^2)) within 1, and 1 - e^-p(x - 1) beyond. */
INLINE real f_erf(real x) {
    real a = lesser(all(6), absolute(x)), z = a * a;
    real near = madd(a, POLYNOMIAL(z, C_ERF), a);
    real far = POLYNOMIAL(a - 1, C_ERF_FAR);
    exponential e = exp_reduced(-far, NULL);
    real power = scale(all(1), e.n);
    return with_sign_of(pick(a < 1, near, (1 - power) - power * e.rest), x);
}

/* e^(-a^2) erfcx(a), and what rounding takes from a^2 given to the exponential. */
INLINE real f_erfc(real x) {
    real a = lesser(all(28), absolute(x));
    two square = two_product(a, a);
    real y = exp_times(-square.high, -square.low, erfcx_of(a));
    return pick(x < 0, 2 - y, y);
}

/* e^(x^2) erfc(x); below 0, 2 e^(x^2) - erfcx(-x). */
INLINE real f_erfcx(real x) {
    real a = absolute(x), y = erfcx_of(lesser(all(0x1p60), a));
    lanes negative = x < 0;
    if (any(negative | ~(a < 0x1p60))) {
        two square = two_product(lesser(all(30), a), lesser(all(30), a));
        y = pick(a > 0x1p60, 0x1.20dd750429b6dp-1 / a, y);
        y = pick(negative, 2 * exp_of(square.high, &square.low) - y, pick(x == x, y, x));
    }
    return y;
}

/* For z = |x| / sqrt 2: below 0, log(erfcx(z) / 2) - z^2; above, log(1 - tail), tail = e^(-z^2) erfcx(z) / 2.
 */
INLINE real f_log_ndtr(real x) {
    real a = absolute(x), scaled = 0.5 * erfcx_of(lesser(all(0x1p60), a) * M_SQRT1_2);
    real b = lesser(all(40), a);
    two square = two_product(0.5 * b, b);
    real tail = exp_times(-square.high, -square.low, scaled), one_minus = 1 - tail;
    lanes lower = x < 0;
    real rest = pick(lower, all(0), (1 - one_minus) - tail);
    real y = log_of(pick(lower, scaled, one_minus), &rest);
    return pick(x == x, y - pick(lower, 0.5 * x * x, all(0)), x);
}

/* phi(x) / Phi(x): below 0, sqrt(2 / pi) / erfcx(z); above, with the density and the tail of log_ndtr. */
INLINE real f_mills(real x) {
    const double root_half_by_pi = 0x1.9884533d43651p-2;
    real a = absolute(x), scaled = 0.5 * erfcx_of(lesser(all(0x1p60), a) * M_SQRT1_2);
    real b = lesser(all(40), a);
    two square = two_product(0.5 * b, b);
    real density = exp_times(-square.high, -square.low, all(root_half_by_pi));
    real tail = exp_times(-square.high, -square.low, scaled);
    lanes lower = x < 0;
    real y = pick(lower, all(root_half_by_pi), density) / pick(lower, scaled, 1 - tail);
    if (!everywhere(x > -32)) { /* -x - 1 / x + 2 / x^3 … */
        real r = 1 / a, s = r * r;
        real far = a + r * POLYNOMIAL(s, 1, -2, 10, -74, 706, -8162, 110410);
        y = pick(x <= -32, far, pick(x == x, y, x));
    }
    return y;
}

/* (2p - 1) times a function of w = -log(4 p (1 - p)); where w > 6, p < 0.0007 or above 0.9994, a function of
 * the logarithm of the smaller tail. */
INLINE real f_ndtri(real p) {
    real q = lesser(1 - p, p), s = madd(all(2), p, all(-1));
    real w = -log_of(4 * q * (1 - q), NULL);
    real y = s * (2 + POLYNOMIAL(w - 3, C_NDTRI));
    lanes middle = (w <= 6) & (p > 0) & (p < 1);
    if (!everywhere(middle)) {
        real r = root(-f_log(q)), t = (r - 4) / (r + 4);
        real far = with_sign_of(r * (1.375 + POLYNOMIAL(t, C_NDTRI_TAIL)), s);
        far = pick((p == 0) | (p == 1), with_sign_of(all(INFINITY), s), far);
        y = pick(middle, y, pick((p >= 0) & (p <= 1), far, all(NAN)));
    }
    return y;
}

/* Gamma and what belongs to it. */

/* The distance of x from the nearest whole number, with sign. */
INLINE real off_whole(real x) {
    real n = (absolute(x) + 0x1p52) - 0x1p52;
    return pick(absolute(x) < 0x1p52, x - with_sign_of(n, x), all(0));
}

/* |x| <= 1/2 */
INLINE two sincos_half_turns(real x) {
    lanes steep = absolute(x) > 0.25;
    two r = two_product(pick(steep, 0.5 - absolute(x), x), all(M_PI));
    real z = r.high * r.high, c = cos_near(z), s = madd(r.low, c, sin_near(r.high, z));
    return (two){pick(steep, with_sign_of(c, x), s), pick(steep, s, c)};
}

/* log gamma for x > 0:
 *   below 3/4   log gamma(x + 1) - log x
 *   up to 3     (x - 1) (x - 2) times a polynomial of (x - 3/2) / (x + 3/2), so that its zeros are exact
 *   up to 4     log gamma(x - 1) + log(x - 1)
 *   beyond      (x - 1/2) (log x - 1) + (log(2 pi) - 1) / 2 + a polynomial of 1 / x^2, over x (Stirling)
 * with one logarithm for all. */
INLINE real lgamma_of_positive(real x) {
    lanes low = x < 0.75, middle = (x >= 3) & (x < 4), high = x >= 4;
    real w = x + pick(low, all(1), pick(middle, all(-1), all(0)));
    real t = (w - 1.5) / (w + 1.5);
    real between = (w - 1) * ((w - 2) * POLYNOMIAL(t, C_LGAMMA));
    real l = f_log(pick(low | high, x, pick(middle, w, all(1))));
    real r = 1 / x, rest = r * POLYNOMIAL(r * r, C_STIRLING) + 0x1.acfe390c97d69p-2;
    real y = pick(high, madd(x - 0.5, l - 1, rest), between + pick(low, -l, l));
    return pick(x == INFINITY, x, y);
}

/* Below 0, log(pi / |x sin(pi x)|) - log gamma(-x). */
INLINE real f_lgamma(real x) {
    real y = lgamma_of_positive(absolute(x));
    lanes negative = x < 0;
    if (any(negative)) {
        real s = absolute(sincos_half_turns(off_whole(x)).high);
        real reflected = (0x1.250d048e7a1bdp+0 - f_log(s) - f_log(absolute(x))) - y;
        y = pick(negative, pick(s == 0, all(INFINITY), reflected), y);
    }
    return y;
}

/* digamma(x) = log(x - 1/2 + p) with p a polynomial of (x - 1) / (x + 1), and the argument in two parts;
 * below 1 by digamma(x + 1) - 1 / x; close to its zero by a polynomial. */
INLINE real digamma_of_positive(real x) {
    lanes low = x < 1;
    real w = x + pick(low, all(1), all(0)), v = lesser(all(0x1p60), w);
    real p = POLYNOMIAL((v - 1) / (v + 1), C_DIGAMMA);
    real b = w - 0.5, g = b + p, rest = (b - g) + p;
    real y = log_of(g, &rest) - pick(low, 1 / x, all(0));
    real d = (x - 0x1.762d86356be3fp+0) - 0x1.b86a722197829p-54;
    lanes near = absolute(d) < 0x1p-5;
    if (any(near | ~((x > 0) & (x < INFINITY)))) {
        y = pick(near, d * POLYNOMIAL(d, C_DIGAMMA_ROOT), y);
        y = pick(x == 0, all(-INFINITY), y);
        y = pick((x == INFINITY) | (x != x), x, y);
    }
    return y;
}

/* Below 0, digamma(1 - x) - pi / tan(pi x). */
INLINE real f_digamma(real x) {
    lanes negative = x < 0;
    real y = digamma_of_positive(pick(negative, 1 - x, x));
    if (any(negative)) {
        two angle = sincos_half_turns(off_whole(x));
        real reflected = y - M_PI * angle.low / angle.high;
        y = pick(negative, pick(angle.high == 0, all(NAN), reflected), y);
    }
    return pick(x == 0, -1 / x, y);
}

/* trigamma(x) = 1 / x + p / x^2; below 1 by trigamma(x + 1) + 1 / x^2. */
INLINE real trigamma_of_positive(real x) {
    lanes low = x < 1;
    real w = x + pick(low, all(1), all(0)), v = lesser(all(0x1p60), w);
    real t = (v - 1) / (v + 1), u = 1 / w, square = 1 / (x * x);
    return madd(u * u, POLYNOMIAL(t, C_TRIGAMMA), u) + pick(low, square, all(0));
}

/* Below 0, (pi / sin(pi x))^2 - trigamma(1 - x). */
INLINE real f_trigamma(real x) {
    lanes negative = x < 0;
    real y = trigamma_of_positive(pick(negative, 1 - x, x));
    if (any(negative)) {
        real q = sincos_half_turns(off_whole(x)).high;
        y = pick(negative, M_PI * M_PI / (q * q) - y, y);
    }
    return y;
}

#endif
