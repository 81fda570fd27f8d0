/* Modified Bessel functions of a real order: log I and log K, and their derivatives by order and argument.
 * With m = 2 n + 1, I of order n > -1/2 is (x / 2)^n / (sqrt(pi) gamma(n + 1/2)) times the integral of e^(x
 * tanh s - m log cosh s) (DLMF 10.32.2 with t = tanh s), and 2 K the integral of e^(n t - x cosh t)
 * (10.32.9). Both integrands have one peak; with u the distance from it they are its height times e^f,
 *
 *   I   f = m (T sinh u / C - log C), C = cosh u + T sinh u, T = tanh s at the peak = 2x / (m + sqrt(m^2 + 4
 * x^2)) K   f = -w (cosh u - 1) - n (sinh u - u), w = sqrt(n^2 + x^2), at t = log((n + w) / x)
 *
 * and trapezoidal sums converge at once, where the step is a fraction of the peak's width and of the distance
 * of singularities, pi / 2. Gamma and the height are put together by Stirling's formula. Derivatives are
 * means of log cosh s and tanh s, t and cosh t. */
#ifndef VM_AUTODIFF_KERNELS_BESSEL_ORDER_H
#define VM_AUTODIFF_KERNELS_BESSEL_ORDER_H

#include "autodiff/kernels/incomplete_gamma.h"

typedef struct order_bessel {
    real log_value, by_order, by_x;
} order_bessel;

/* The step for an integrand of curvature c at its peak; it ends where it is below e^-CUT of that. */
INLINE real peak_step(real c) { return 0.15 / root(1 + 0.05 * c); }

/* Sums of the integrand, and of it times what the derivatives are means of, from one side. */
typedef struct peak_sums {
    two whole, order, x;
} peak_sums;

INLINE lanes add_to_peak(peak_sums *s, real f, real order, real x) {
    lanes counts = f > -CUT;
    real y = pick(counts, f_exp(greater(all(-CUT), f)), all(0));
    s->whole = sum_on(s->whole, y);
    s->order = sum_on(s->order, pick(counts, y * order, all(0)));
    s->x = sum_on(s->x, pick(counts, y * x, all(0)));
    return counts;
}

INLINE real both_sides(two x, two y) { return (x.high + y.high) + (x.low + y.low); }

/* The derivative of log I (way -1) or log K (1) by the order n of Hankel's expansion (DLMF 10.40.1
 * and 10.40.2), where x > 30 and n^2 <= 4 x. It is about way n / x, of which the means above keep few digits.
 */
INLINE real hankel_by_order(real n, real x, real way) {
    enum { TERMS = 26 };
    real term = all(1), sum = term, slope = all(0), slopes = slope, inverse = way / x;
    for (int k = 1; k < TERMS; k++) {
        real over = inverse * (1.0 / k), ratio = (n - (k - 0.5)) * (n + (k - 0.5)) * (0.5 * over);
        slope = madd(slope, ratio, term * n * over);
        term *= ratio;
        slopes += slope, sum += term;
    }
    return slopes / sum;
}

LARGE order_bessel bessel_i_of(real n, real x) {
    real m = 2 * n + 1, discriminant = root(madd(m, m, 4 * x * x)), sum = m + discriminant;
    real top = 2 * x / sum, one_minus = 2 * m / sum; /* T and 1 - T^2 */
    real up = 0.5 * (1 + top), down = 0.5 * one_minus / (1 + top), h = peak_step(m * (1 + top * top));
    two none = {all(0), all(0)};
    peak_sums s = {{all(0.5), all(0)}, none, none}, sides[2] = {s, s};
    for (int side = 0; side < 2; side++)
        for (double k = 1;; k++) {
            real rise = f_expm1(k * h), inverse = 1 / (1 + rise); /* C - 1 and sinh u by e^|u| - 1 */
            real c = rise * (side ? madd(-up, inverse, down) : madd(-down, inverse, up));
            real share = (side ? -0.5 : 0.5) * rise * (1 + inverse) / (1 + c), l = f_log1p(c);
            if (!any(add_to_peak(&sides[side], m * madd(top, share, -l), l, share))) break;
        }
    real whole = both_sides(sides[0].whole, sides[1].whole), half = 0.5 * m;
    real log_mean = both_sides(sides[0].order, sides[1].order) / whole;
    real share = both_sides(sides[0].x, sides[1].x) / whole;
    real below = m * (1 + m / (discriminant + 2 * x)) / sum; /* 1 - T */
    real log_top = pick(below < 0.5, f_log1p(-below), f_log(top));
    const double log_pi_root_2 = 0x1.7dc6108a63038p+0; /* log(2 pi) / 2 + log(pi) / 2 */
    two y = {half, all(0)}, product = two_product(x, top);
    y = sum_on(sum_on(sum_on(y, product.high), product.low), n * log_top);
    y = sum_on(sum_on(y, -stirling_rest(half)), all(-log_pi_root_2));
    y = sum_on(y, f_log(h * whole * root(one_minus)));
    real by_order = (log_top - digamma_beyond_log(half, half, f_log(half))) - 2 * log_mean;
    lanes far = (x > 30) & (n * n <= 4 * x);
    if (any(far)) by_order = pick(far, hankel_by_order(n, x, all(-1)), by_order);
    return (order_bessel){y.high + y.low, by_order, madd(one_minus, share, top) + n / x};
}

LARGE order_bessel bessel_k_of(real n, real x) {
    real w = root(madd(n, n, x * x)), r = n / x, peak = f_log1p(madd(r, n / (x + w), r)), h = peak_step(w);
    real up = 0.5 * (n + w), down = 0.5 * x * (x / (n + w)); /* x cosh t = up e^u + down e^-u */
    peak_sums s = {{all(0.5), all(0)}, {all(0), all(0)}, {0.5 * w, all(0)}}, sides[2] = {s, s};
    for (int side = 0; side < 2; side++)
        for (double k = 1;; k++) {
            real distance = lesser(all(690), k * h), u = side ? -distance : distance;
            real rise = exp_rest(u), fall = exp_rest(-u), bend = madd(up, rise, down * fall);
            if (!any(add_to_peak(&sides[side], -bend, u, bend + madd(up - down, u, w)))) break;
        }
    real whole = both_sides(sides[0].whole, sides[1].whole);
    real mean = both_sides(sides[0].order, sides[1].order) / whole;
    real slope = both_sides(sides[0].x, sides[1].x) / whole, by_order = peak + mean;
    lanes far = (x > 30) & (n * n <= 4 * x);
    if (any(far)) by_order = pick(far, hankel_by_order(n, x, all(1)), by_order);
    return (order_bessel){madd(n, peak, -w) + f_log(0.5 * h * whole), by_order, -slope / x};
}

/* Where order and argument are such that all is finite. */
INLINE lanes bessel_i_domain(real n, real x) {
    return (n > -0.5) & (n < 0x1p100) & (x > 0x1p-500) & (x < 0x1p100);
}
INLINE lanes bessel_k_domain(real n, real x) { return (n < 0x1p100) & (x > 0x1p-500) & (x < 0x1p100); }

#define BESSEL_OF_ORDER(name, kind, order, member, at_zero, at_infinity, least)                              \
    INLINE real f_##name(real n, real x) {                                                                   \
        lanes inside = bessel_##kind##_domain(order, x);                                                     \
        real y = bessel_##kind##_of(pick(inside, order, all(1)), pick(inside, x, all(1))).member;            \
        if (everywhere(inside)) return y;                                                                    \
        y = pick(inside, y, pick((x >= 0) & (x < 1), at_zero, at_infinity));                                 \
        return pick((n > least) & (x >= 0), y, all(NAN));                                                    \
    }
BESSEL_OF_ORDER(log_bessel_i, i, n, log_value, pick(n == 0, all(0), all(-INFINITY)), all(INFINITY), -0.5)
BESSEL_OF_ORDER(log_bessel_i_by_order, i, n, by_order, all(-INFINITY), all(0), -0.5)
BESSEL_OF_ORDER(log_bessel_i_by_x, i, n, by_x, pick(n == 0, all(0), all(INFINITY)), all(1), -0.5)
BESSEL_OF_ORDER(log_bessel_k, k, absolute(n), log_value, all(INFINITY), all(-INFINITY), -INFINITY)
BESSEL_OF_ORDER(log_bessel_k_by_x, k, absolute(n), by_x, all(-INFINITY), all(-1), -INFINITY)

INLINE real f_log_bessel_k_by_order(real n, real x) {
    lanes inside = bessel_k_domain(absolute(n), x);
    real y = bessel_k_of(pick(inside, absolute(n), all(1)), pick(inside, x, all(1))).by_order;
    y = with_sign_of(pick(inside, y, pick(x < 1, all(INFINITY), all(0))), n);
    return pick((n == n) & (x >= 0), pick(n == 0, all(0), y), all(NAN));
}

#endif
