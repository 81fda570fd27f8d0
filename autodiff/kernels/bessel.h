/* Bessel functions of a real argument and orders 0 and 1, and what the von Mises distribution needs. By
 * polynomials of two ranges, multiplied by e^-|x| or e^x so that nothing overflows: the functions with an e
 * behind their name. (The ranges and forms are those of Cephes, Moshier 1989.) */
#ifndef VM_AUTODIFF_KERNELS_BESSEL_H
#define VM_AUTODIFF_KERNELS_BESSEL_H

#include "autodiff/kernels/tails.h"

INLINE real f_bessel_i0e(real x) {
    real a = lesser(all(0x1p1000), absolute(x)), z = lesser(all(4), a * a),
         middle = POLYNOMIAL(0.25 * a - 1, C_I0E);
    real near = f_exp(-a) * madd(z, POLYNOMIAL(z, C_I0_REST), all(1));
    real far = POLYNOMIAL(16 / greater(all(8), a) - 1, C_I0E_FAR) / root(a);
    real y = pick(a < 2, near, pick(a < 8, middle, far));
    return pick(x == x, pick(absolute(x) == INFINITY, all(0), y), x);
}

INLINE real f_bessel_i1e(real x) {
    real a = lesser(all(0x1p1000), absolute(x)), near = a * POLYNOMIAL(0.25 * a - 1, C_I1E);
    real far = POLYNOMIAL(16 / greater(all(8), a) - 1, C_I1E_FAR) / root(a);
    real y = pick(absolute(x) == INFINITY, all(0), pick(a < 8, near, far));
    return pick(x == x, with_sign_of(y, x), x);
}

/* log I0(x), near 0 with I0(x) - 1. */
INLINE real f_log_bessel_i0(real x) {
    real a = absolute(x), z = a * a, near = f_log1p(z * POLYNOMIAL(lesser(all(4), z), C_I0_REST));
    return pick(a < 2, near, pick(a == INFINITY, a, a + f_log(f_bessel_i0e(x))));
}

/* I1 / I0 */
INLINE real f_bessel_ratio(real x) {
    real a = lesser(all(0x1p60), absolute(x));
    real near = a * POLYNOMIAL(0.25 * a - 1, C_I1E) / POLYNOMIAL(0.25 * a - 1, C_I0E);
    real t = 16 / greater(all(8), a) - 1, far = POLYNOMIAL(t, C_I1E_FAR) / POLYNOMIAL(t, C_I0E_FAR);
    return pick(x == x, with_sign_of(pick(a < 8, near, far), x), x);
}

/* Up to 2, K0 + log(x / 2) I0 and x (K1 - log(x / 2) I1) have power series in x^2. */
INLINE real f_bessel_k0e(real x) {
    real a = greater(all(2), x), far = POLYNOMIAL(4 / a - 1, C_K0_FAR) / root(a);
    real b = lesser(all(2), x), z = b * b, i0 = madd(z, POLYNOMIAL(z, C_I0_REST), all(1));
    real near = f_exp(b) * (POLYNOMIAL(z, C_K0) - f_log(0.5 * b) * i0);
    return pick(x == x, pick(x < 2, near, far), x);
}

INLINE real f_bessel_k1e(real x) {
    real a = greater(all(2), x), far = POLYNOMIAL(4 / a - 1, C_K1_FAR) / root(a);
    real b = lesser(all(2), x), z = b * b, e = f_exp(b), i1 = e * b * POLYNOMIAL(0.25 * b - 1, C_I1E);
    real near = e * (POLYNOMIAL(z, C_K1) / b + pick(b > 0, f_log(0.5 * b) * i1, all(0)));
    return pick(x == x, pick(x < 0, all(NAN), pick(x < 2, near, far)), x);
}

/* The von Mises distribution, with density e^(k cos t) / (2 pi I0(k)) on -pi … pi. The tail up to z <= 0 is
 * the density there times an integral of e^(k (cos(z - w) - cos z)), to be had by Gauss's rule as those of
 * tails.h; Hill (AS 518, 1977) has a series and a normal approximation. */

typedef struct von_mises_tail {
    real density, j;
    real slope; /* -(dF / dk) / density at z */
} von_mises_tail;

/* 1 - I1 / I0; from 1e3 on by its asymptotic series, where the difference loses digits. */
INLINE real one_minus_ratio(real k) {
    real r = 1 / greater(all(1e3), k);
    real far = r * POLYNOMIAL(r, 0.5, 0.125, 0.125, 25.0 / 128, 13.0 / 32);
    return pick(k < 1e3, 1 - f_bessel_ratio(k), far);
}

/* cos(z + d) - cos z without loss, of the cosine and sine of z. */
INLINE real cos_step(real cos_z, real sin_z, real d) {
    real s = f_sin(0.5 * d), c = f_cos(0.5 * d);
    return -2 * s * madd(s, cos_z, c * sin_z);
}

/* For z within -pi … 0. The derivative by k is the moment of cos t - I1 / I0, up to z or, where that would
 * change its sign, from z to 0, at which half of the distribution lies for every k. */
LARGE von_mises_tail von_mises_tail_of(real k, real z) {
    real half_sine = f_sin(0.5 * z), cos_z = f_cos(z), sin_z = f_sin(z), raised = 2 * half_sine * half_sine;
    real reach = 0.5 * raised + 0.5 * CUT / greater(k, all(1e-300));
    real end = 2 * f_asin(root(lesser(all(1), reach))) + z;
    real beyond = one_minus_ratio(k), above = beyond - raised; /* cos z - I1 / I0 */
    real j = all(0), m = all(0), inner = all(0);
    for (int i = 0; i < GAUSS; i++) {
        real w = end * GAUSS_NODES[i], step = cos_step(cos_z, sin_z, -w);
        real y = GAUSS_WEIGHTS[i] * f_exp(k * step);
        j += y;
        m = madd(above + step, y, m);
    }
    lanes middle = above > 0;
    if (any(middle))
        for (int i = 0; i < GAUSS; i++) {
            real step = cos_step(cos_z, sin_z, -z * GAUSS_NODES[i]);
            inner = madd(above + step, GAUSS_WEIGHTS[i] * f_exp(lesser(all(40), k * step)), inner);
        }
    real slope = pick(middle, -z * inner, -end * m);
    return (von_mises_tail){f_exp(-k * raised) / (2 * M_PI * f_bessel_i0e(k)), end * j, slope};
}

INLINE lanes von_mises_domain(real k, real x) { return (k >= 0) & (k < INFINITY) & (x == x); }

INLINE real f_von_mises_cdf(real k, real x) {
    real z = greater(all(-M_PI), -absolute(x));
    von_mises_tail t = von_mises_tail_of(lesser(all(1e100), absolute(k)), z);
    real mass = t.density * t.j, y = pick(x > 0, 1 - mass, mass);
    y = pick(x <= -M_PI, all(0), pick(x >= M_PI, all(1), y));
    return pick(von_mises_domain(k, x), y, all(NAN));
}

INLINE real f_von_mises_slope(real k, real x) {
    real z = greater(all(-M_PI), -absolute(x));
    real slope = von_mises_tail_of(lesser(all(1e100), absolute(k)), z).slope;
    return pick(von_mises_domain(k, x), pick(x > 0, -slope, slope), all(NAN));
}

/* Owen's function (1956), the integral of e^(-h^2 (1 + x^2) / 2) / (1 + x^2) over 0 … a, over 2 pi. For |a| >
 * 1 by T(h, a) = (q + r) / 2 - q r - T(a h, 1 / a), q and r the normal's upper tails at h and a h. */
LARGE real f_owens_t(real h, real a) {
    real high = absolute(h), b = absolute(a);
    lanes beyond = b > 1;
    real far = pick(beyond & ~((b == INFINITY) & (high == 0)), high * b, high), to = pick(beyond, 1 / b, b);
    real g = lesser(all(1e100), far), end = lesser(to, root(all(2 * CUT)) / greater(g, all(1e-100))),
         y = all(0);
    for (int i = 0; i < GAUSS; i++) {
        real x = end * GAUSS_NODES[i], one = madd(x, x, all(1)), u = g * x;
        y += GAUSS_WEIGHTS[i] * f_exp(-0.5 * u * u) / one;
    }
    y *= end * f_exp(-0.5 * g * g) * (0.5 * M_1_PI);
    if (any(beyond)) {
        real q = 0.5 * f_erfc(high * M_SQRT1_2), r = 0.5 * f_erfc(far * M_SQRT1_2);
        y = pick(beyond, madd(q, 0.5 - r, 0.5 * r) - y, y);
    }
    return pick((h == h) & (a == a), with_sign_of(y, a), h + a);
}

/* Lambert's function W(x) e^W(x) = x, the branch above -1: from its series at -1/e or from logarithms, by the
 * iteration w = w / (1 + w) (1 + log(x / w)) of Iacono and Boyd (2017), which is of second order. */
LARGE real f_lambert_w(real x) {
    const double e = 0x1.5bf0a8b145769p+1, e_low = 0x1.4d57ee2b1013ap-53;
    real least = lesser(all(1), x);
    two product = two_product(least, all(e));
    real above = (product.high + 1) + madd(least, all(e_low), product.low);
    real p = root(2 * greater(all(0), above));
    real branch = POLYNOMIAL(p, -1, 1, -1.0 / 3, 11.0 / 72, -43.0 / 540, 769.0 / 17280, -221.0 / 8505,
                             680863.0 / 43545600, -1963.0 / 204120);
    real l = f_log1p(greater(all(-0.3), x)), far = f_log(greater(all(3), x)), log_far = f_log(far);
    real w =
        pick(x < -0.2, branch, pick(x < 3, l * (1 - f_log1p(l) / (2 + l)), far - log_far + log_far / far));
    for (int i = 0; i < 4; i++) {
        real next = w / (1 + w) * (1 + f_log(x / w));
        w = pick((p < 0.02) | (absolute(x) < 1e-300), w, next);
    }
    real y = pick(p < 0.02, branch, pick(absolute(x) < 1e-300, x, w));
    y = pick(x == INFINITY, x, y);
    return pick(above >= -0x1p-52, y, pick(x == x, all(NAN), x));
}

#endif
