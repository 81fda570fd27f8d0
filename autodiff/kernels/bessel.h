/* Bessel functions of a real argument and orders 0 and 1, and what the von Mises distribution needs. By
 * polynomials of three ranges, multiplied by e^-|x| or e^x so that nothing overflows: the functions with an e
 * behind their name. What a polynomial is added to, or multiplied with, is larger than it, so that the result
 * is rounded once. */
#ifndef VM_AUTODIFF_KERNELS_BESSEL_H
#define VM_AUTODIFF_KERNELS_BESSEL_H

#include "autodiff/kernels/tails.h"
#include "autodiff/kernels/twice.h"

/* e^x (s.high + s.low) */
INLINE real times_exp(two s, real x) {
    exponential e = exp_reduced(x, NULL);
    return scale(s.high + madd(s.high, e.rest, s.low), e.n);
}

/* Below 3, I0 and 2 I1 / x are 1 + z p(z), z = x^2; from 3 on sqrt(x) e^-x I has a polynomial of
 * (x - c) / (x + c) up to 8, and one of 1 / x beyond. */
#define I_NEAR         3.0
#define I_SERIES(n, z) two_sum(all(1), (z)*POLYNOMIAL(z, C_I##n##_REST))
#define I_SCALED(n, a)                                                                                       \
    (0.40625 + pick(a < 8, POLYNOMIAL((a - ROOT_24) / (a + ROOT_24), C_I##n##_MIDDLE),                       \
                    POLYNOMIAL(16 / greater(all(8), a) - 1, C_I##n##_FAR)))
#define ROOT_24 0x1.3988e1409212ep+2

INLINE real f_bessel_i0e(real x) {
    real a = absolute(x), y = I_SCALED(0, a) / root(a);
    lanes near = a < I_NEAR;
    if (any(near)) {
        real z = lesser(all(I_NEAR * I_NEAR), a * a);
        y = pick(near, times_exp(I_SERIES(0, z), -lesser(all(I_NEAR), a)), y);
    }
    return pick(x == x, y, x);
}

INLINE real f_bessel_i1e(real x) {
    real a = absolute(x), y = I_SCALED(1, a) / root(a);
    lanes near = a < I_NEAR;
    if (any(near)) {
        real z = lesser(all(I_NEAR * I_NEAR), a * a);
        y = pick(near, 0.5 * a * times_exp(I_SERIES(1, z), -lesser(all(I_NEAR), a)), y);
    }
    return pick(x == x, with_sign_of(y, x), x);
}

/* log I0(x), near 0 with I0(x) - 1. */
INLINE real f_log_bessel_i0(real x) {
    real a = absolute(x), z = lesser(all(4), a * a), near = f_log1p(z * POLYNOMIAL(z, C_I0_REST));
    return pick(a < 2, near, pick(a == INFINITY, a, a + f_log(f_bessel_i0e(x))));
}

/* I1 / I0 */
INLINE real f_bessel_ratio(real x) {
    real a = lesser(all(0x1p60), absolute(x)), y = I_SCALED(1, a) / I_SCALED(0, a);
    lanes near = a < I_NEAR;
    if (any(near)) {
        real z = lesser(all(I_NEAR * I_NEAR), a * a);
        y = pick(near, 0.5 * a * (I_SERIES(1, z).high / I_SERIES(0, z).high), y);
    }
    return pick(x == x, with_sign_of(y, x), x);
}

/* Below 1, with l = log(x / 2) + gamma < 0, K0 = z p(z) - l I0 and x K1 = 1 + z (q(z) + l I1 / x), each of
 * terms of one sign; from 1 on as I. */
#define K_SCALED(n, a)                                                                                       \
    pick(a < 2, POLYNOMIAL((a - M_SQRT2) / (a + M_SQRT2), C_K##n##_MIDDLE),                                  \
         POLYNOMIAL(4 / greater(all(2), a) - 1, C_K##n##_FAR))

/* e^gamma x / 2 */
INLINE two k_scaled(real x) {
    const double half_e_gamma = 0x1.c7f45cab1356cp-1, its_low = -0x1.d6b0214a2928cp-58;
    two p = two_product(x, all(half_e_gamma));
    p.low = madd(x, all(its_low), p.low);
    return p;
}

/* log(x / 2) + gamma for 0 < x <= 1 */
INLINE real k_log(real x) {
    lanes tiny = x < 0x1p-900;
    two p = k_scaled(pick(tiny, x * 0x1p200, x));
    return log_of(p.high, &p.low) - pick(tiny, all(200 * M_LN2), all(0));
}

INLINE real f_bessel_k0e(real x) {
    real a = greater(all(1), x), y = K_SCALED(0, a) / root(a);
    lanes near = x < 1;
    if (any(near)) {
        real b = lesser(all(1), x), z = b * b, l = k_log(greater(all(0x1p-1074), b)),
             rest = z * POLYNOMIAL(z, C_K0_REST);
        two i0 = I_SERIES(0, z);
        two k0 = two_sum(-l * i0.high, rest - l * i0.low);
        y = pick(near, pick(b > 0, times_exp(k0, b), pick(b == 0, all(INFINITY), all(NAN))), y);
    }
    return pick(x == x, y, x);
}

INLINE real f_bessel_k1e(real x) {
    real a = greater(all(1), x), y = K_SCALED(1, a) / root(a);
    lanes near = x < 1;
    if (any(near)) {
        real b = lesser(all(1), x), z = b * b, l = k_log(greater(all(0x1p-1074), b));
        real rest = z * madd(l, 0.5 * I_SERIES(1, z).high, POLYNOMIAL(z, C_K1_REST));
        y = pick(near, pick(b < 0, all(NAN), times_exp(two_sum(all(1), rest), b) / b), y);
    }
    return pick(x == x, y, x);
}

/* The von Mises distribution, with density e^(k cos t) / (2 pi I0(k)) on -pi … pi. The tail up to z <= 0 is
 * the density there times an integral of e^(k (cos(z - w) - cos z)), to be had by Gauss's rule as those of
 * tails.h; Hill (AS 518, 1977) has a series and a normal approximation. */

typedef struct von_mises_tail {
    real density, j;
    real slope; /* -(dF / dk) / density at z */
} von_mises_tail;

/* 1 - I1(k) / I0(k) for k >= 0. From 1 on 1 + 2k times it is 1 and a little, a polynomial in each of four
 * ranges. */
#define RATIO_REST(least, centre) POLYNOMIAL((k - (centre)) / (k + (centre)), C_RATIO_##least)
LARGE real one_minus_ratio(real k) {
    real rest = pick(k < 3, RATIO_REST(1, 0x1.bb67ae8584caap+0), RATIO_REST(3, 0x1.4c8dc2e42398p+2));
    if (any(k >= 9)) {
        real far = POLYNOMIAL(54 / greater(all(27), k) - 1, C_RATIO_27);
        rest = pick(k < 9, rest, pick(k < 27, RATIO_REST(9, 0x1.f2d4a4563564p+3), far));
    }
    return pick(k < 1, 1 - f_bessel_ratio(k), quotient_of_sums(rest, 2 * k));
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
    real end = pick(reach < 1, 2 * f_asin(root(lesser(all(1), reach))) + z, (M_PI + z) + 2 * PI_2_LOW);
    real beyond =
        one_minus_ratio(k); /* above: cos z - I1 / I0, of which the smaller parts are known better */
    real above = pick(raised < 0.5, beyond - raised, cos_z - (1 - beyond));
    two j = {all(0), all(0)}, m = j, inner = j;
    for (int i = 0; i < GAUSS; i++) {
        real w = end * GAUSS_NODES[i], step = cos_step(cos_z, sin_z, -w);
        real y = GAUSS_WEIGHTS[i] * f_exp(k * step);
        j = sum_on(j, y);
        m = sum_on(m, (above + step) * y);
    }
    lanes middle = above > 0;
    if (any(middle))
        for (int i = 0; i < GAUSS; i++) {
            real step = cos_step(cos_z, sin_z, -z * GAUSS_NODES[i]);
            inner = sum_on(inner, (above + step) * GAUSS_WEIGHTS[i] * f_exp(lesser(all(40), k * step)));
        }
    real slope = -pick(middle, z * (inner.high + inner.low), end * (m.high + m.low));
    two exponent = two_product(k, raised);
    exponent.low = -exponent.low;
    real density = exp_of(-exponent.high, &exponent.low) / (2 * M_PI * f_bessel_i0e(k));
    return (von_mises_tail){density, end * (j.high + j.low), slope};
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
 * 1 by T(h, a) = (q + r) / 2 - q r - T(a h, 1 / a), q and r the normal's upper tails at h and a h. Exponents
 * are sums of two. */
LARGE real f_owens_t(real h, real a) {
    real high = absolute(h), b = absolute(a), steady = lesser(all(40), high);
    lanes beyond = b > 1;
    two product = two_product(steady, lesser(all(0x1p100), b));
    product = (two){lesser(all(40), product.high), pick(product.high < 40, product.low, all(0))};
    two half = two_product(0.5 * steady, steady), half_far = two_product(0.5 * product.high, product.high);
    half_far.low = madd(product.high, product.low, half_far.low);
    real g = pick(beyond, product.high, steady), to = pick(beyond, 1 / b, b);
    two exponent = twice_pick(beyond, half_far, half);
    real end = lesser(to, root(all(2 * CUT)) / greater(g, all(1e-100))), y = all(0), lost = all(0);
    for (int i = 0; i < GAUSS; i++) {
        real x = end * GAUSS_NODES[i], one = madd(x, x, all(1)), u = g * x;
        two sum = two_sum(y, GAUSS_WEIGHTS[i] * f_exp(-0.5 * u * u) / one);
        y = sum.high, lost += sum.low;
    }
    y = end * exp_times(-exponent.high, -exponent.low, (0.5 * M_1_PI) * (y + lost));
    if (any(beyond)) {
        real q = normal_tail(steady, half), r = normal_tail(product.high, half_far);
        y = pick(beyond, madd(q, 0.5 - r, 0.5 * r) - y, y);
    }
    y = pick(high < 40, y, all(0));
    return pick((h == h) & (a == a), with_sign_of(y, a), h + a);
}

/* Lambert's function W(x) e^W(x) = x. Around the branch point, -1/e, a polynomial of p = sqrt(2 (e x + 1)),
 * whose radicand is computed as a sum of two. Elsewhere from logarithms by w = w / (1 + w) (1 + log(x / w)),
 * which is of second order (Iacono and Boyd, Advances in Computational Mathematics 43, 2017), and at last by
 * the same step as a correction. */
INLINE real branch_distance(real x) {
    const double e = 0x1.5bf0a8b145769p+1, e_low = 0x1.4d57ee2b1013ap-53;
    two product = two_product(x, all(e));
    return 2 * ((product.high + 1) + madd(x, all(e_low), product.low));
}

INLINE real lambert_from(real w, real x, lanes fixed) {
    enum { STEPS = 4 };
    for (int i = 0; i < STEPS; i++) w = pick(fixed, w, w / (1 + w) * (1 + f_log(x / w)));
    real q = x / w;
    two back = two_product(q, w);
    real low = ((x - back.high) - back.low) / w;
    return pick(fixed, w, madd(w / (1 + w), log_of(q, &low) - w, w));
}

LARGE real f_lambert_w(real x) {
    real above = branch_distance(lesser(all(1), x)), p = root(greater(all(0), above));
    lanes branch = p < 0.7, tiny = absolute(x) < 0x1p-500;
    real l = f_log1p(greater(all(-0.3), x)), far = f_log(greater(all(3), x)), log_far = f_log(far);
    real w = pick(x < 3, l * (1 - f_log1p(l) / (2 + l)), far - log_far + log_far / far);
    lanes fixed = branch | tiny | (x == INFINITY);
    w = lambert_from(pick(fixed, all(1), w), pick(fixed, all(1), x), fixed);
    w = pick(branch, madd(p, POLYNOMIAL(lesser(all(0.7), p) - 0.35, C_LAMBERT), all(-1)), pick(fixed, x, w));
    return pick(above >= -0x1p-51, w, pick(x == x, all(NAN), x));
}

/* The branch below -1, for -1/e <= x < 0. */
LARGE real f_lambert_wm1(real x) {
    real above = branch_distance(x), p = root(greater(all(0), above));
    lanes branch = p < 0.5, inside = (above >= -0x1p-51) & (x < 0);
    lanes tiny = x > all(-0x1p-1000);
    real scaled = pick(tiny, 0x1p70 * x, x), l = f_log(pick(inside & ~branch, -scaled, all(0.2)));
    l -= pick(tiny, all(70 * M_LN2), all(0));
    real m = f_log(-l), w = l - m + m / l;
    lanes fixed = branch | ~inside;
    const real goal = l;
    for (int i = 0; i < 5; i++) w = pick(fixed, w, w / (1 + w) * (1 + goal - f_log(-w)));
    if (!everywhere(tiny | fixed))
        w = pick(tiny, w,
                 lambert_from(pick(fixed, all(-2), w), pick(fixed | tiny, all(-0.25), x), fixed | tiny));
    w = pick(branch, madd(-p, POLYNOMIAL(0.25 - lesser(all(0.5), p), C_LAMBERT_BELOW), all(-1)), w);
    return pick(inside, w, pick(x == 0, all(-INFINITY), pick(x == x, all(NAN), x)));
}

#endif
