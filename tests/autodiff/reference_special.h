/* Special functions in long double, for arguments of moderate size, by their definitions: series, integrals,
 * Fourier series. */
#ifndef VM_TESTS_AUTODIFF_REFERENCE_SPECIAL_H
#define VM_TESTS_AUTODIFF_REFERENCE_SPECIAL_H

#include <math.h>

static const long double FULL_TURN = 6.28318530717958647692528676655900576L;

/* The modified Bessel function I of order n. */
static inline long double reference_bessel_i(int n, long double x) {
    long double term = 1, sum = 0, z = x * x / 4;
    for (int k = 1; k <= n; k++) term *= x / (2 * k);
    for (int k = 1; k < 80; k++) {
        sum += term;
        term *= z / ((long double)k * (k + n));
    }
    return sum;
}

/* The integral of e^(x - x cosh t) cosh(n t), whose trapezoidal sums converge at once. */
static inline long double reference_bessel_ke(int n, long double x) {
    const long double h = 0x1p-5L;
    long double sum = 0.5L;
    for (int k = 1; k * h < 8; k++) sum += expl(x - x * coshl(k * h)) * coshl(n * k * h);
    return h * sum;
}

/* Of a real order, the logarithm and its derivatives: the integral of e^(-x cosh t) cosh(n t), likewise. */
typedef struct reference_bessel {
    long double log_value, by_order, by_x;
} reference_bessel;

static inline reference_bessel reference_bessel_k(long double n, long double x) {
    const long double h = 0x1p-5L;
    long double sum = 0.5L * expl(-x), orders = 0, slopes = sum;
    for (int k = 1; k * h < 9; k++) {
        long double t = k * h, weight = expl(-x * coshl(t));
        sum += weight * coshl(n * t);
        orders += weight * t * sinhl(n * t);
        slopes += weight * coshl(t) * coshl(n * t);
    }
    return (reference_bessel){logl(h * sum), orders / sum, -slopes / sum};
}

/* Simpson's rule. */
static inline long double reference_owens_t(long double h, long double a) {
    enum { PARTS = 512 };
    long double sum = 0;
    for (int k = 0; k <= PARTS; k++) {
        long double x = a * k / PARTS, y = expl(-0.5L * h * h * (1 + x * x)) / (1 + x * x);
        sum += y * (k == 0 || k == PARTS ? 1 : k % 2 ? 4 : 2);
    }
    return sum * a / (3 * PARTS) / FULL_TURN;
}

/* From a start on the side of its branch. */
static inline long double reference_lambert_w(long double w, long double x) {
    for (int i = 0; i < 60; i++) w -= (w * expl(w) - x) / (expl(w) * (1 + w));
    return w;
}

/* The cdf at x and its derivative by the concentration: x / (2 pi) + 1 / 2 and the sum of I_j / I_0 sin(j x)
 * / (pi j). */
typedef struct reference_angle {
    long double cdf, by_k, density;
} reference_angle;

static inline reference_angle reference_von_mises(long double k, long double x) {
    enum { TERMS = 40 };
    long double i0 = reference_bessel_i(0, k), i1 = reference_bessel_i(1, k);
    reference_angle r = {0.5L + x / FULL_TURN, 0, expl(k * cosl(x)) / (FULL_TURN * i0)};
    for (int j = 1; j < TERMS; j++) {
        long double here = reference_bessel_i(j, k);
        long double slope = 0.5L * (reference_bessel_i(j - 1, k) + reference_bessel_i(j + 1, k));
        long double wave = 2 * sinl(j * x) / (FULL_TURN * j);
        r.cdf += wave * here / i0;
        r.by_k += wave * (slope - here * i1 / i0) / i0;
    }
    return r;
}

static inline long double reference_von_mises_quantile(long double k, long double p) {
    long double low = -FULL_TURN / 2, high = FULL_TURN / 2, x = 0;
    for (int i = 0; i < 70; i++) {
        reference_angle r = reference_von_mises(k, x);
        if (r.cdf < p) low = x;
        else high = x;
        x -= (r.cdf - p) / r.density;
        if (!(x > low && x < high)) x = 0.5L * (low + high);
    }
    return x;
}

#endif
