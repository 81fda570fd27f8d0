/* Functions that neither SLEEF nor libmvec has, on vectors. Bounds of their errors are tested in
 * tests/autodiff/kernels.c against tables in multiple precision. */
#ifndef VM_AUTODIFF_KERNELS_SPECIAL_H
#define VM_AUTODIFF_KERNELS_SPECIAL_H

#include "autodiff/kernels/vector.h"

static inline real f_expit(real x) {
    real e = SLEEF(exp)(-absolute(x));
    return pick(x < 0, e, all(1)) / (1 + e);
}

static inline real f_log1p_exp(real x) {
    return pick(x > 0, x, all(0)) + LIBMVEC(log1p)(SLEEF(exp)(-absolute(x)));
}

static inline real f_xlogy(real x, real y) {
    real z = x * LIBMVEC(log)(y);
    return pick((x == 0) & (y == y), all(0), z);
}

#if !defined SINGLE

/* psi(x) = log x - 1/2x - sum B_2k / (2k x^2k) for x >= 8 (Abramowitz and Stegun 6.3.18); below that, psi(x)
 * = psi(x + 8) - 1/x - sum 1/(x + k), the sum over 1 … 7 as one fraction; below 0, psi(x) = psi(1 - x) - pi /
 * tan(pi x). The logarithm is SLEEF's, since the differences magnify its error. */
static inline real f_digamma(real x) {
    lanes negative = x <= 0;
    real z = pick(negative, 1 - x, x);
    real n = all(1), d = z + 1;
    for (int k = 2; k < 8; k++) {
        real f = z + k;
        n = madd(n, f, d);
        d = d * f;
    }
    lanes small = z < 8;
    real w = pick(small, z + 8, z), r = 1 / w, s = r * r;
    real tail = s * POLYNOMIAL(s, 1. / 12, -1. / 120, 1. / 252, -1. / 240, 1. / 132, -691. / 32760, 1. / 12,
                               -3617. / 8160, 43867. / 14364);
    real y = SLEEF(log)(w) - 0.5 * r - tail;
    y = y - pick(small, n / d, all(0)) - pick(small, 1 / z, all(0));
    if (any(negative)) {
        real cotangent = SLEEF_05(cospi)(x) / SLEEF_05(sinpi)(x);
        real reflected = y - M_PI * cotangent;
        lanes pole = (x < 0) & (SLEEF_05(sinpi)(x) == 0);
        y = pick(negative, pick(pole, all(NAN), reflected), y);
        y = pick(x == 0, -1 / x, y);
    }
    return y;
}

/* psi'(x) = 1/x + 1/2x^2 + sum B_2k / x^(2k + 1) (6.4.12), shifted and reflected as above. */
static inline real f_trigamma(real x) {
    lanes negative = x <= 0;
    real z = pick(negative, 1 - x, x);
    real n = all(1), d = (z + 1) * (z + 1);
    for (int k = 2; k < 8; k++) {
        real f = (z + k) * (z + k);
        n = madd(n, f, d);
        d = d * f;
    }
    lanes small = z < 8;
    real w = pick(small, z + 8, z), r = 1 / w, s = r * r;
    real tail = POLYNOMIAL(s, 1. / 6, -1. / 30, 1. / 42, -1. / 30, 5. / 66, -691. / 2730, 7. / 6,
                           -3617. / 510, 43867. / 798);
    real y = madd(madd(tail, r, all(0.5)), s, r);
    y = y + pick(small, n / d, all(0)) + pick(small, 1 / (z * z), all(0));
    if (any(negative)) {
        real q = M_PI / SLEEF_05(sinpi)(x);
        y = pick(negative, madd(q, q, -y), y);
    }
    return y;
}

/* Wichura's algorithm AS 241 (PPND16, Applied Statistics 37, 1988): rational functions of 0.425^2 - (p -
 * 1/2)^2 in the centre and of sqrt(-log(min(p, 1 - p))) in the tails. */
static inline real f_ndtri(real p) {
    real q = p - 0.5, r = 0.180625 - q * q;
    real y = q *
             POLYNOMIAL(r, 3.3871328727963666080e0, 1.3314166789178437745e+2, 1.9715909503065514427e+3,
                        1.3731693765509461125e+4, 4.5921953931549871457e+4, 6.7265770927008700853e+4,
                        3.3430575583588128105e+4, 2.5090809287301226727e+3) /
             POLYNOMIAL(r, 1, 4.2313330701600911252e+1, 6.8718700749205790830e+2, 5.3941960214247511077e+3,
                        2.1213794301586595867e+4, 3.9307895800092710610e+4, 2.8729085735721942674e+4,
                        5.2264952788528545610e+3);
    lanes tail = absolute(q) > 0.425;
    if (!any(tail)) return y;
    r = root(-LIBMVEC(log)(pick(q < 0, p, 1 - p)));
    real s = r - 1.6;
    real near = POLYNOMIAL(s, 1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0,
                           3.64784832476320460504e0, 1.27045825245236838258e0, 2.41780725177450611770e-1,
                           2.27238449892691845833e-2, 7.74545014278341407640e-4) /
                POLYNOMIAL(s, 1, 2.05319162663775882187e0, 1.67638483018380384940e0,
                           6.89767334985100004550e-1, 1.48103976427480074590e-1, 1.51986665636164571966e-2,
                           5.47593808499534494600e-4, 1.05075007164441684324e-9);
    s = r - 5;
    real far = POLYNOMIAL(s, 6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0,
                          2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
                          2.71155556874348757815e-5, 2.01033439929228813265e-7) /
               POLYNOMIAL(s, 1, 5.99832206555887937690e-1, 1.36929880922735805310e-1,
                          1.48753612908506148525e-2, 7.86869131145613259100e-4, 1.84631831751005468180e-5,
                          1.42151175831644588870e-7, 2.04426310338993978564e-15);
    real t = pick(r <= 5, near, far);
    t = pick((p == 0) | (p == 1), all(INFINITY), t);
    return pick(tail, pick(q < 0, -t, t), y);
}

static inline real f_lgamma(real x) {
    real y;
    for (int i = 0; i < LANES; i++) y[i] = lgamma_r(x[i], &(int){0});
    return y;
}

/* log of erfc(-x / sqrt 2) / 2; for x > 0, of 1 - erfc(x / sqrt 2) / 2. What rounding takes from -x / sqrt 2
 * = h + l is given back by the derivative of erfc, since the relative slope of erfc grows with its argument;
 * beyond -37, where erfc underflows, by the asymptotic series (Abramowitz and Stegun 26.2.12). */
static inline real f_log_ndtr(real x) {
    const double high = 0x1.6a09e667f3bcdp-1, low = -0x1.bdd3413b26456p-55; /* sqrt(1/2) */
    real z = absolute(x), h = z * high;
#if defined __AVX2__
    real l = madd(z, all(low), madd(z, all(high), -h));
#else
    real zh = (real)((lanes)z & ~INT64_C(0x7ffffff)), zl = z - zh;
    real ch = all(0x1.6a09e68p-1), cl = all(high - 0x1.6a09e68p-1);
    real l = ((zh * ch - h) + zh * cl + zl * ch) + zl * cl + z * low;
#endif
    real e = SLEEF(exp)(-h * h);
    real tail = 0.5 * (LIBMVEC(erfc)(h) - M_2_SQRTPI * e * l);
    real upper = LIBMVEC(log1p)(-tail);
    real y = pick(x > 0, upper, LIBMVEC(log)(tail));
    lanes far = x < -37;
    if (any(far)) {
        real s = 1 / (x * x);
        real series = POLYNOMIAL(s, 0, -1, 3, -15, 105, -945);
        y = pick(far, (-0.5 * x * x - LIBMVEC(log)(z) - 0.91893853320467274178) + LIBMVEC(log1p)(series), y);
    }
    y = pick(x == INFINITY, all(0), y);
    return pick(x == -INFINITY, all(-INFINITY), y);
}

#endif

#endif
