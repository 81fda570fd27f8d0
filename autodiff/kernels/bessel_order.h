/* Modified Bessel functions of a real order n: log I and log K, and their derivatives by order and argument.
 *
 * Far from the origin, where w = sqrt(n^2 + x^2) >= 24, by Debye's expansion (DLMF 10.41) in the form
 *
 *   log I, K = ± (w - n asinh(n / x)) - log(w) / 2 + constant + sum of d_k(t) / (± w)^k,  t = (n / w)^2
 *
 * which holds down to order 0, where it is Hankel's; the d_k are polynomials. Differentiated by n it is ∓
 * asinh(n / x) less a sum with the factor n / w^2, so that no digits are lost where the derivative is small.
 *
 * Near the origin I is its power series (10.25.2), whose terms are positive. Its derivative by n is the mean,
 * over the terms, of log(x / 2) - digamma(n + k + 1), taken from the middle of the series outwards. Where
 * n^2 < x, and this mean is far smaller than what it is of, it is from Schläfli's integral (10.32.4)
 *
 *   pi I = integral of e^(x cos s) cos(n s) over 0 … pi, less sin(pi n) times that of e^(-x cosh s - n s)
 *
 * differentiated, whose parts have one sign there. K is the integral of e^(-x cosh s) cosh(n s) (10.32.9) by
 * the trapezoidal rule, which converges at once, or for x < 1/8 Temme's series (Journal of Computational
 * Physics 19, 1975), in terms of n^2, in which it is even, and recurrences upwards from an order within 1/2
 * of 0. */
#ifndef VM_AUTODIFF_KERNELS_BESSEL_ORDER_H
#define VM_AUTODIFF_KERNELS_BESSEL_ORDER_H

#include "autodiff/kernels/bessel.h"
#include "autodiff/kernels/bessel_table.h"
#include "autodiff/kernels/incomplete_gamma.h"

/* What is asked of a function. */
typedef enum bessel_part { LOG_VALUE, BY_ORDER, BY_X } bessel_part;

/* Far from the origin. */

#define BESSEL_FAR 24.0

enum { DEBYE_TERMS = 16, DEBYE_TERMS_BY_ORDER = 22, DEBYE_TERMS_BY_X = 18 };
static const double DEBYE[] = {C_DEBYE}, DEBYE_BY_ORDER[] = {C_DEBYE_BY_ORDER}, DEBYE_BY_X[] = {C_DEBYE_BY_X};

/* The sum of c_k(t) v^k from 1 on. */
INLINE real debye_sum(real t, real v, const double *c, int terms) {
    real y = all(0);
#pragma GCC unroll 32
    for (int k = terms; k >= 1; k--) y = v * (y + polynomial(t, c + k * (k + 1) / 2 - 1, k + 1));
    return y;
}

INLINE real bessel_distance(real n, real x) { return root(madd(n, n, x * x)); }

/* asinh(n / x) */
INLINE real bessel_slant(real n, real x, real w) {
    real r = n / x;
    return f_log1p(madd(r, n / (x + w), r));
}

/* way: 1 for I, -1 for K. What K adds to the derivative of I by the order, -K0 / I0, counts where the order
 * is almost 0. */
INLINE real bessel_far(real n, real x, real way, bessel_part part) {
    real w = bessel_distance(n, x), v = way / w, p = n / w, t = p * p;
    if (part == BY_X)
        return way * (w / x) - x * (1 / w) * (1 / w) * (0.5 + debye_sum(t, v, DEBYE_BY_X, DEBYE_TERMS_BY_X));
    real slant = bessel_slant(n, x, w);
    if (part == BY_ORDER) {
        real rest = p / w * (0.5 - debye_sum(t, v, DEBYE_BY_ORDER, DEBYE_TERMS_BY_ORDER));
        lanes hardly = (way > 0) & (absolute(n) < 0x1p-3);
        real y = -madd(way, slant, rest);
        if (any(hardly)) y -= pick(hardly, K_SCALED(0, x) / I_SCALED(0, x) * f_exp(-2 * x), all(0));
        return y;
    }
    const double log_root_half_pi = 0x1.ce6bb25aa1315p-3;
    two product = two_product(n, slant), exponent = two_sum(w, -product.high);
    real constant = pick(way > 0, all(-HALF_LOG_2PI), all(log_root_half_pi));
    real small = debye_sum(t, v, DEBYE, DEBYE_TERMS) - 0.5 * f_log(w) + constant;
    return madd(way, exponent.high, madd(way, exponent.low - product.low, small));
}

/* I near the origin. */

enum { BESSEL_TERMS = 80 };
#define BESSEL_LEAST 1e-18

/* Of an order below 0, of the series less 1 as a sum of two: (x / 2)^n (n + 1) / gamma(n + 2) times it, with
 * logarithms that are larger than what they make in two. */
LARGE real bessel_i_below(real n, real x, two rest) {
    two one = {all(1), all(0)}, whole = twice_add(one, two_of(rest.high, rest.low));
    two y = twice_log(twice_multiply(two_sum(all(1), n), whole));
    y = twice_add(y, twice_scale(twice_log((two){0.5 * x, all(0)}), n));
    real gamma = (n + 1) * (n * POLYNOMIAL((n + 0.5) / (n + 3.5), C_LGAMMA));
    return y.high + (y.low - gamma);
}

/* log I, or its derivative by x. */
LARGE real bessel_i_series(real n, real x, bessel_part part) {
    real z = 0.25 * x * x, term = all(1);
    two rest = {all(0), all(0)}, slope = rest;
    for (int k = 1; k < BESSEL_TERMS; k++) {
        term *= z / ((n + k) * k);
        rest = sum_on(rest, term);
        slope = sum_on(slope, k * term);
        if (!any(term > BESSEL_LEAST * (1 + rest.high))) break;
    }
    real beyond = rest.high + rest.low;
    if (part == BY_X) return (n + 2 * (slope.high + slope.low) / (1 + beyond)) / x;
    lanes few = n < 3, hardly = absolute(n) < 0.25;
    real c = n + 1, l = f_log(pick(few, 0.5 * x, 0.5 * x / c));
    real near = n * ((n - 1) * POLYNOMIAL((n - 0.5) / (n + 2.5), C_LGAMMA));
    real gamma = pick(hardly, near, lgamma_of_positive(pick(few, c, all(1))));
    if (!everywhere(few)) {
        real large = greater(all(4), c), r = 1 / large;
        real stirling =
            madd(r, POLYNOMIAL(r * r, C_STIRLING), madd(all(0.5), f_log(large), all(HALF_LOG_2PI)));
        gamma = pick(few, gamma, stirling - large);
    }
    two product = two_product(n, l), sum = two_sum(product.high, -gamma);
    real y = sum.high + ((sum.low + product.low) + f_log1p(beyond));
    lanes below = n < 0;
    if (any(below)) y = pick(below, bessel_i_below(pick(below, n, all(-0.25)), x, rest), y);
    return y;
}

/* The derivative by n: of the series from term `middle` on, upwards and downwards, the mean of digamma(n + k
 * + 1) less that of the middle. */
LARGE real bessel_i_mean(real n, real x) {
    real z = 0.25 * x * x, half = 0.5 * x;
    real middle = (0.5 * greater(all(0), bessel_distance(n, x) - n) - 0.5) + ROUNDER - ROUNDER;
    middle = greater(all(0), middle);
    real least = n + middle, term = all(1), rise = all(0);
    two whole = {all(1), all(0)}, mean = {all(0), all(0)};
    for (int k = 1; k < BESSEL_TERMS; k++) {
        real inverse = 1 / (least + k);
        term *= z / (middle + k) * inverse;
        rise += inverse;
        whole = sum_on(whole, term);
        mean = sum_on(mean, term * rise);
        if (!any(term > BESSEL_LEAST)) break;
    }
    term = all(1), rise = all(0);
    for (int k = 0; k < BESSEL_TERMS; k++) {
        lanes counts = middle > k;
        if (!any(counts)) break;
        real c = pick(counts, least - k, all(1));
        rise += 1 / c;
        term *= pick(counts, (middle - k) * c / z, all(0));
        whole = sum_on(whole, term);
        mean = sum_on(mean, -term * rise);
    }
    real shift = (mean.high + mean.low) / (whole.high + whole.low);
    return -(digamma_beyond_log(two_sum(n, middle + 1), half, f_log(half)) + shift);
}

/* The derivative by n where n^2 < x, of Schläfli's integral. */
LARGE real bessel_i_turns(real n, real x) {
    two none = {all(0), all(0)}, whole = none, moment = none;
    real reach = (0.5 * CUT + 4) / x, end = 2 * f_asin(root(lesser(all(1), reach)));
    for (int i = 0; i < GAUSS_40; i++) {
        real s = end * GAUSS_40_NODES[i], h = f_sin(0.5 * s), turn = n * s;
        real y = GAUSS_40_WEIGHTS[i] * falling_exp(2 * x * h * h);
        whole = sum_on(whole, y * f_cos(turn));
        moment = sum_on(moment, s * y * f_sin(turn));
    }
    two far = none, far_moment = none;
    real beyond = CUT / x, far_end = f_log1p(beyond + root(beyond * (beyond + 2)));
    for (int i = 0; i < GAUSS; i++) {
        real s = far_end * GAUSS_NODES[i], rise = f_expm1(s); /* cosh s - 1 = rise^2 / (2 (1 + rise)) */
        real y = GAUSS_WEIGHTS[i] * falling_exp(madd(0.5 * x * rise, rise / (1 + rise), n * s));
        far = sum_on(far, y);
        far_moment = sum_on(far_moment, s * y);
    }
    real scale = f_exp(-2 * x) * (far_end / end), turn = M_PI * n, sine = scale * f_sin(turn);
    real cosine = scale * f_cos(turn), lost = far.high + far.low;
    real top =
        moment.high + (moment.low + (M_PI * cosine * lost - sine * (far_moment.high + far_moment.low)));
    return -top / (whole.high + (whole.low - sine * lost));
}

LARGE real bessel_i_near(real n, real x, bessel_part part) {
    if (part != BY_ORDER) return bessel_i_series(n, x, part);
    lanes turns = n * n <= 0.75 * x - 0.4;
    real y = bessel_i_mean(pick(turns, all(1), n), pick(turns, all(1), x));
    if (any(turns)) y = pick(turns, bessel_i_turns(pick(turns, n, all(1)), pick(turns, x, all(2))), y);
    return y;
}

/* K near the origin. */

#define TEMME_MOST 0.125

/* Of order n within 1/2 of 0: K over r = sqrt(pi n / sin pi n); x / 2 times the ratio to it of K of order n +
 * 1; and the derivatives of the logs of both K by n. */
typedef struct temme {
    two k;
    real ratio, slope, next_slope;
} temme;

/* Of L = log(2 / x) less Euler's constant less s q(s), s = n^2, with which gamma(1 ± n) (x / 2)^∓n = r e^(±n
 * L): over r, f_0 = sinh(n L) / n, e_0 = p_0 + q_0 = cosh(n L) and p_0 = e^(n L) / 2. The derivatives of f_k
 * and e_k are those by s. */
LARGE temme temme_of(real n, real x) {
    enum { TERMS = 9 };
    real s = n * n, z = 0.25 * x * x, size = absolute(n);
    real q_slope = -(POLYNOMIAL(s, C_ODD_GAMMA_SLOPE)), s_q = s * POLYNOMIAL(s, C_ODD_GAMMA);
    two in_two = twice_subtract((two){-s_q, all(0)}, twice_log(k_scaled(x)));
    real l = in_two.high, y = size * l, sinh = f_sinh(y), cosh = f_cosh(y);
    two product = two_product(size, l);
    real lost = madd(size, in_two.low, product.low), least = greater(size, all(0x1p-500));
    real over_n = pick(size > 0x1p-500, madd(cosh, lost, sinh) / least, l);
    cosh = madd(sinh, lost, cosh);
    /* within 1, sinh(n L) / n is L and a little more */
    real more = in_two.low + l * (y * y * POLYNOMIAL(y * y, C_SINH));
    two straight = twice_pick(y < 1, two_of(l, more), (two){over_n, all(0)});
    over_n = straight.high;
    /* (y cosh y - sinh y) / (2 y^3): k / (2 k + 1)! y^(2 k - 2) */
    real curve =
        POLYNOMIAL(lesser(all(9), y * y), 1.0 / 6, 1.0 / 60, 1.0 / 1680, 1.0 / 90720, 1.0 / 7983360,
                   1 / 1037836800.0, 1 / 186810624000.0, 1 / 44460928512000.0, 1 / 13516122267648000.0,
                   1 / 5109094217170944e3, 1 / 235018333989863424e4, 1 / 1292600836944248832e6,
                   1 / 837605342339873243136e6, 1 / 631554428124264425324544e6);
    two cube = twice_scale(twice_multiply(in_two, twice_multiply(in_two, in_two)), curve);
    /* beyond, that over sinh(y) / y, of y coth y - 1 */
    two square = two_product(n, n);
    real safe = greater(all(1), y);
    real beyond = 0.5 * ((y - 1) + (lost + 2 * safe / f_expm1(2 * safe))) / greater(s, all(1e-300));
    beyond = over_n * madd(-beyond, square.low / greater(s, all(1e-300)), beyond);
    two bend = twice_pick(y < 3, cube, (two){beyond, all(0)});
    real r_slope = POLYNOMIAL(s, C_REFLECTED_SLOPE);
    two f_slope_0 = two_sum(bend.high, madd(r_slope, over_n, madd(q_slope, cosh, bend.low)));
    real f = over_n, f_slope = f_slope_0.high;
    real e = cosh, e_slope = madd(r_slope, cosh, over_n * madd(s, q_slope, 0.5 * l));
    real p = 0.5 * f_exp(n * l), p_slope = p * madd(2 * s, q_slope, madd(2 * n, r_slope, l));
    real factor = all(1), first = all(0), first_slope = first, next = first, next_slope = first;
    const real f_0 = f, p_0 = p, p_slope_0 = p_slope;
    for (int k = 1; k < TERMS; k++) {
        real below = 1 / (k - n), both = below / (k + n), f_old = f, f_slope_old = f_slope, e_old = e;
        factor *= z * (1.0 / k);
        f = madd(all(k), f, e) * both;
        e = madd(all(k), e_old, s * f_old) * both;
        f_slope = (madd(all(k), f_slope, e_slope) + f) * both;
        e_slope = (madd(all(k), e_slope, f_old) + madd(s, f_slope_old, e)) * both;
        p *= below;
        p_slope = (p_slope + p) * below;
        first = madd(factor, f, first);
        first_slope = madd(factor, f_slope, first_slope);
        next = madd(factor, p - k * f, next);
        next_slope = madd(factor, p_slope - 2 * k * n * f_slope, next_slope);
    }
    two whole = two_sum(f_0, first + straight.low);
    real above = p_0 + next;
    return (temme){whole, above / whole.high,
                   2 * n * ((f_slope_0.high + (f_slope_0.low + first_slope)) / whole.high),
                   (p_slope_0 + next_slope) / above};
}

/* Upwards from an order within 1/2 of 0: with rho = x / 2 times the ratio of K of the order above to K, rho
 * grows by n + (x / 2)^2 / rho. */
LARGE real bessel_k_series(real n, real x, bessel_part part) {
    real steps = (n + ROUNDER) - ROUNDER, z = 0.25 * x * x;
    lanes none = steps == 0;
    temme t = temme_of(pick(none, part == BY_X ? -n : n, n - steps), x);
    real rho = t.ratio, product = rho, below = t.slope, slope = t.next_slope, lost = all(0);
    for (double k = 1;; k++) {
        lanes counts = steps > k;
        if (!any(counts)) break;
        real fall = z / rho, higher = ((n - steps) + k) + fall;
        two next = two_sum(slope, (1 - fall * (slope - below)) / higher);
        below = pick(counts, slope, below);
        slope = pick(counts, next.high, slope);
        lost += pick(counts, next.low, all(0));
        product = pick(counts, product * higher, product);
        rho = pick(counts, higher, rho);
    }
    if (part == BY_X) return -(n + pick(none, 2 * rho, 2 * z / rho)) / x;
    if (part == BY_ORDER) return pick(none, t.slope, slope + lost);
    real order = pick(none, n, n - steps);
    two r = {POLYNOMIAL(order * order, C_REFLECTED), all(0)};
    two k = twice_multiply(r, twice_scale(t.k, pick(none, all(1), product)));
    return madd(steps, -f_log(0.5 * x), log_of(k.high, &k.low));
}

/* How far from the peak of e^-f, on the side `way`, f = w (cosh u - 1) + n (sinh u - u) is CUT, or a little
 * farther: Newton's method, as f is convex. */
INLINE real bessel_reach(real n, real w, double way) {
    real rise = CUT / w, u = way * f_log1p(rise + root(rise * (rise + 2)));
    for (int i = 0; i < 3; i++) {
        real e = f_expm1(u), f = f_expm1(-u), half = 0.5 * (e - f); /* sinh u; cosh u - 1 = (e + f) / 2 */
        u -= (0.5 * w * (e + f) + n * (half - u) - CUT) / madd(w, half, 0.5 * n * (e + f));
    }
    return u;
}

/* For the mean of (1 - e^(-2 n s)) s, of cosh s, over e^(-f) (1 + e^(-2 n s)), u = s - asinh(n / x). */
LARGE real bessel_k_integral(real n, real x, bessel_part part) {
    enum { FEW_POINTS = 28, POINTS = 44 };
    real w = bessel_distance(n, x), peak = bessel_slant(n, x, w);
    real least = greater(all(0), peak + bessel_reach(n, w, -1)), most = peak + bessel_reach(n, w, 1);
    real points = pick(n < 1, all(FEW_POINTS), all(POINTS)), h = (most - least) / points;
    real up = 0.5 * (n + w), down = 0.5 * x * (x / (n + w)); /* x cosh s = up e^u + down e^-u */
    two whole = {all(0), all(0)}, mean = whole;
    for (int k = 0; k <= POINTS; k++) {
        lanes counts = points >= k;
        if (!any(counts)) break;
        real s = madd(all(k), h, least), u = s - peak, rise = exp_rest(u), fall = exp_rest(-u);
        real bend = madd(up, rise, down * fall), y = (k ? 1 : 0.5) * f_exp(-bend);
        y = pick(counts, y, all(0));
        real back = f_expm1(-2 * n * s);
        whole = sum_on(whole, y * (2 + back));
        if (part == BY_ORDER) mean = sum_on(mean, -back * s * y);
        if (part == BY_X) mean = sum_on(mean, (bend + madd(up - down, u, w)) * y * (2 + back));
    }
    real sum = whole.high + whole.low;
    if (part == LOG_VALUE) return madd(n, peak, -w) + f_log(0.5 * h * sum);
    real y = (mean.high + mean.low) / sum;
    return part == BY_X ? -y / x : y;
}

LARGE real bessel_k_near(real n, real x, bessel_part part) {
    lanes small = x < TEMME_MOST;
    real y = bessel_k_integral(n, greater(all(TEMME_MOST), x), part);
    if (any(small)) y = pick(small, bessel_k_series(n, lesser(all(TEMME_MOST), x), part), y);
    return y;
}

/* Where order and argument are such that all is finite. */
INLINE lanes bessel_i_domain(real n, real x) {
    return (n > -0.5) & (n < 0x1p100) & (x > 0x1p-500) & (x < 0x1p100);
}
INLINE lanes bessel_k_domain(real n, real x) { return (n < 0x1p100) & (x > 0x1p-500) & (x < 0x1p100); }

#define BESSEL_OF_ORDER(name, kind, way, order, part, at_zero, at_infinity, least)                           \
    INLINE real f_##name(real n, real x) {                                                                   \
        lanes inside = bessel_##kind##_domain(order, x);                                                     \
        real m = pick(inside, order, all(0)), z = pick(inside, x, all(100));                                 \
        lanes near = bessel_distance(m, z) < BESSEL_FAR;                                                     \
        real y = bessel_far(pick(near, all(0), m), pick(near, all(100), z), all(way), part);                 \
        if (any(near))                                                                                       \
            y = pick(near, bessel_##kind##_near(pick(near, m, all(0)), pick(near, z, all(1)), part), y);     \
        if (everywhere(inside)) return y;                                                                    \
        y = pick(inside, y, pick((x >= 0) & (x < 1), at_zero, at_infinity));                                 \
        return pick((n > least) & (x >= 0), y, all(NAN));                                                    \
    }
BESSEL_OF_ORDER(log_bessel_i, i, 1, n, LOG_VALUE, pick(n == 0, all(0), all(-INFINITY)), all(INFINITY), -0.5)
BESSEL_OF_ORDER(log_bessel_i_by_order, i, 1, n, BY_ORDER, all(-INFINITY), all(0), -0.5)
BESSEL_OF_ORDER(log_bessel_i_by_x, i, 1, n, BY_X, pick(n == 0, all(0), all(INFINITY)), all(1), -0.5)
BESSEL_OF_ORDER(log_bessel_k, k, -1, absolute(n), LOG_VALUE, all(INFINITY), all(-INFINITY), -INFINITY)
BESSEL_OF_ORDER(log_bessel_k_by_x, k, -1, absolute(n), BY_X, all(-INFINITY), all(-1), -INFINITY)
BESSEL_OF_ORDER(log_bessel_k_of_size_by_order, k, -1, absolute(n), BY_ORDER, all(INFINITY), all(0), -INFINITY)

/* Odd in the order. */
INLINE real f_log_bessel_k_by_order(real n, real x) {
    real y = f_log_bessel_k_of_size_by_order(n, x);
    return pick((n == 0) & (x >= 0), all(0), with_sign_of(y, n));
}

#endif
