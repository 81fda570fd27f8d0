/* The functions of statistics on vectors: error functions and the normal distribution, gamma and what belongs
 * to it. As in elementary.h there is a straight path and a branch that is rarely taken; polynomials are those
 * of coefficients.py. */
#ifndef VM_AUTODIFF_KERNELS_SPECIAL_H
#define VM_AUTODIFF_KERNELS_SPECIAL_H

#include "autodiff/kernels/elementary.h"

/* The error function and its like. */

/* A quotient num / den for 1 <= num < 1.6, where num = c + e, den = 1 + d and the sums are rounded: what
 * rounding took is given back, with 1 / num to a few percent. */
INLINE real quotient_of_sums(real e, real d) {
    real num = 1 + e, den = 1 + d, q = num / den;
    real lost = (e - (num - 1)) - q * (d - (den - 1));
    return madd(q * madd(all(-0.62), num, all(1.6)), lost, q);
}

/* erfcx(a) = e^(a^2) erfc(a) for 0 <= a <= 2^60: (1 + 2a) erfcx(a) is smooth up to infinity, and nearly
 * constant, as a function of t = (a - 4) / (a + 4) (Shepherd and Laframboise, Mathematics of Computation 36,
 * 1981). */
INLINE real erfcx_of(real a) {
    real inverse = 1 / (a + 4), t = (a - 4) * inverse;
    return quotient_of_sums(2 * a * inverse * POLYNOMIAL(t, C_ERFCX), 2 * a);
}

/* erfcx(a / sqrt 2), the ratio of the normal's tail beyond a to its density but for a factor, likewise: (1 +
 * a) times it, as a function of t = (a - 5.5) / (a + 5.5). */
INLINE real normal_tail_ratio(real a) {
    real inverse = 1 / (a + 5.5), t = (a - 5.5) * inverse;
    return quotient_of_sums(2 * a * inverse * POLYNOMIAL(t, C_NORMAL_TAIL), a);
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

/* The normal's tail beyond a >= 0, where a^2 / 2 is `half`. */
INLINE real normal_tail(real a, two half) {
    return exp_times(-half.high, -half.low, 0.5 * normal_tail_ratio(a));
}

/* For z = |x| / sqrt 2: below 0, log(erfcx(z) / 2) - z^2; above, log(1 - tail), tail = e^(-z^2) erfcx(z) / 2.
 */
INLINE real f_log_ndtr(real x) {
    real a = absolute(x), scaled = 0.5 * normal_tail_ratio(lesser(all(0x1p60), a));
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
    real a = absolute(x), scaled = 0.5 * normal_tail_ratio(lesser(all(0x1p60), a));
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

/* digamma(x) = log(x - 1/2 + p) with p a polynomial of (x - 1) / (x + 1), and the argument in two parts;
 * below 1 by digamma(x + 1) - 1 / x; close to its zero by a polynomial. */
INLINE real digamma_of_positive(real x) {
    lanes low = x < 1;
    real w = x + pick(low, all(1), all(0)), v = lesser(all(0x1p60), w);
    real p = POLYNOMIAL((v - 1) / (v + 1), C_DIGAMMA);
    real b = w - 0.5, g = b + p, rest = (b - g) + p;
    real y = log_of(g, &rest) - pick(low, 1 / x, all(0));
    real d = (x - 0x1.762d86356be3fp+0) - 0x1.b86a722197829p-54;
    lanes near = absolute(d) < 0x1p-3;
    if (any(near | ~((x > 0) & (x < INFINITY)))) {
        y = pick(near, d * POLYNOMIAL(d, C_DIGAMMA_ROOT), y);
        y = pick(x == 0, all(-INFINITY), y);
        y = pick((x == INFINITY) | (x != x), x, y);
    }
    return y;
}

/* trigamma(x) = 1 / x + p / x^2; below 1 by trigamma(x + 1) + 1 / x^2. */
INLINE real trigamma_of_positive(real x) {
    lanes low = x < 1;
    real w = x + pick(low, all(1), all(0)), v = lesser(all(0x1p60), w);
    real t = (v - 1) / (v + 1), u = 1 / w, square = 1 / (x * x);
    return madd(u * u, POLYNOMIAL(t, C_TRIGAMMA), u) + pick(low, square, all(0));
}

#endif
