/* The special functions in quadruple precision (113 bits), by series, continued fractions and sums that share
 * nothing with the kernels: what errors of a million points are measured against. They were compared with
 * mpmath on the points of special_reference.py and further_reference.py. */
#ifndef VM_TESTS_AUTODIFF_QUAD_REFERENCE_H
#define VM_TESTS_AUTODIFF_QUAD_REFERENCE_H

#include <quadmath.h>
#include <stdbool.h>

typedef __float128 quad;

static const quad Q_EPS = 1e-34Q;

static inline quad q_abs(quad x) { return x < 0 ? -x : x; }

/* The normal distribution. */

/* x^2 / 2 + log(sqrt(2 pi) |x|) + log of the lower tail, from -100 on: log(1 - 1 / x^2 + 3 / x^4 - …) */
static inline quad q_normal_tail_series(quad x) {
    quad r = 1 / (x * x), term = 1, sum = 1;
    for (int k = 1; k < 40 && q_abs(term) > Q_EPS; k++) {
        term *= -(2 * k - 1) * r;
        sum += term;
    }
    return sum;
}

static inline quad q_log_ndtr(quad x) {
    if (x < -100) return -0.5Q * x * x - logq(-x * sqrtq(2 * M_PIq)) + logq(q_normal_tail_series(x));
    return x < 0 ? logq(erfcq(-x * M_SQRT1_2q) / 2) : log1pq(-erfcq(x * M_SQRT1_2q) / 2);
}

static inline quad q_mills(quad x) {
    if (x < -100) return -x / q_normal_tail_series(x);
    return expq(-0.5Q * x * x) / sqrtq(2 * M_PIq) / (erfcq(-x * M_SQRT1_2q) / 2);
}

/* The quantile of p by Newton's method, from what is nearly it. */
static inline quad q_ndtri(quad p, quad x) {
    if (p > 0.5Q) return -q_ndtri(1 - p, -x);
    for (int i = 0; i < 20; i++) {
        quad step = (logq(p) - q_log_ndtr(x)) / q_mills(x);
        x += step;
        if (q_abs(step) < 1e-18Q) break;
    }
    return x;
}

static inline quad q_erfcx(quad x) {
    if (x < 60) return expq(x * x) * erfcq(x);
    quad z = x * M_SQRT2q;
    return q_normal_tail_series(z) / (x * sqrtq(M_PIq));
}

/* Gamma and its derivatives: recurrences up to 100, then the asymptotic series (DLMF 5.11). */

static const quad Q_BERNOULLI[] = {1 / 6.0Q,       -1 / 30.0Q,      1 / 42.0Q, -1 / 30.0Q,
                                   5 / 66.0Q,      -691 / 2730.0Q,  7 / 6.0Q,  -3617 / 510.0Q,
                                   43867 / 798.0Q, -174611 / 330.0Q};

static inline quad q_digamma(quad x) {
    if (x < 0) return q_digamma(1 - x) - M_PIq / tanq(M_PIq * (x - roundq(x)));
    quad y = 0;
    for (; x < 100; x++) y -= 1 / x;
    quad r = 1 / (x * x), power = r, sum = 0;
    for (int k = 0; k < 10; k++, power *= r) sum += Q_BERNOULLI[k] / (2 * k + 2) * power;
    return y + logq(x) - 0.5Q / x - sum;
}

static inline quad q_trigamma(quad x) {
    if (x < 0) {
        quad s = sinq(M_PIq * (x - roundq(x)));
        return M_PIq * M_PIq / (s * s) - q_trigamma(1 - x);
    }
    quad y = 0;
    for (; x < 100; x++) y += 1 / (x * x);
    quad r = 1 / (x * x), power = r / x, sum = 0;
    for (int k = 0; k < 10; k++, power *= r) sum += Q_BERNOULLI[k] * power;
    return y + 1 / x + 0.5Q * r + sum;
}

static inline quad q_lgamma(quad x) {
    if (x < 0) return logq(M_PIq / q_abs(x * sinq(M_PIq * (x - roundq(x))))) - q_lgamma(-x);
    if (x > 1e-10Q && q_abs(x - 1) > 0.3Q && q_abs(x - 2) > 0.3Q && x < 100) {
        quad product = 1;
        for (; x < 100; x++) product *= x;
        return q_lgamma(x) - logq(product);
    }
    if (x < 100) return lgammaq(x);
    quad r = 1 / (x * x), power = 1 / x, sum = 0;
    for (int k = 0; k < 10; k++, power *= r) sum += Q_BERNOULLI[k] / ((2 * k + 1) * (2 * k + 2)) * power;
    return (x - 0.5Q) * logq(x) - x + 0.5Q * logq(2 * M_PIq) + sum;
}

/* With the larger argument, a, above 1e6, by Stirling's formula: the rise of lgamma from a to a + b. */
static inline quad q_lbeta(quad a, quad b) {
    if (a < b) return q_lbeta(b, a);
    if (a < 1e6Q) return q_lgamma(a) + q_lgamma(b) - q_lgamma(a + b);
    quad n = a + b, rests = 0, power_a = 1 / a, power_n = 1 / n;
    for (int k = 0; k < 5; k++, power_a /= a * a, power_n /= n * n)
        rests += Q_BERNOULLI[k] / ((2 * k + 1) * (2 * k + 2)) * (power_n - power_a);
    return q_lgamma(b) - (b * (logq(n) - 1) + (a - 0.5Q) * log1pq(b / a) + rests);
}

static inline quad q_digamma_rise(quad x, quad y) {
    if (y < 1e-10Q * x) return y * q_trigamma(x + 0.5Q * y);
    return q_digamma(x + y) - q_digamma(x);
}

/* Modified Bessel functions of a real order: log(e^-x I) by the power series (DLMF 10.25.2) or, where x is
 * large against the order, by Hankel's (10.40.1); log(e^x K) by trapezoidal sums of 10.32.9. */

static inline quad q_log_bessel_ie(quad nu, quad x) {
    if (x > 2000 && x > nu * nu) {
        quad term = 1, sum = 1;
        for (int k = 1; k < 200 && q_abs(term) > Q_EPS * q_abs(sum); k++) {
            term *= -(4 * nu * nu - (quad)(2 * k - 1) * (2 * k - 1)) / (8 * k * x);
            sum += term;
        }
        return logq(sum) - 0.5Q * logq(2 * M_PIq * x);
    }
    quad z = 0.25Q * x * x, term = 1, sum = 1;
    for (int k = 1; term > Q_EPS * sum; k++) {
        term *= z / (k * (k + nu));
        sum += term;
    }
    return (nu ? nu * logq(0.5Q * x) - q_lgamma(nu + 1) : 0) + logq(sum) - x;
}

/* Of order 0 or 1, e^-|x| I. */
static inline quad q_bessel_ie(int nu, quad x) {
    quad y = x == 0 ? (nu ? 0 : 1) : expq(q_log_bessel_ie(nu, q_abs(x)));
    return nu && x < 0 ? -y : y;
}

static inline quad q_log_bessel_i0(quad x) {
    quad a = q_abs(x), z = 0.25Q * a * a, term = 1, rest = 0;
    if (a > 1) return q_log_bessel_ie(0, a) + a;
    for (int k = 1; k < 40; k++) {
        term *= z / (quad)(k * k);
        rest += term;
    }
    return log1pq(rest);
}

/* The derivatives of log I: by the order the mean of log(x / 2) - digamma(nu + k + 1) over the series, or
 * that of Hankel's expansion; by x from the ratio to the next order. */
static inline quad q_bessel_i_by_order(quad nu, quad x) {
    if (x > 2000 && x > nu * nu) {
        quad term = 1, sum = 1, slope = 0, slopes = 0;
        for (int k = 1; k < 200 && q_abs(term) > Q_EPS * q_abs(sum); k++) {
            quad odd = 2 * k - 1, ratio = -(4 * nu * nu - odd * odd) / (8 * k * x);
            slope = slope * ratio - term * nu / (k * x);
            term *= ratio;
            sum += term, slopes += slope;
        }
        return slopes / sum;
    }
    quad z = 0.25Q * x * x, term = 1, sum = 1, rise = logq(0.5Q * x) - q_digamma(nu + 1), mean = rise;
    for (int k = 1; term > Q_EPS * sum; k++) {
        term *= z / (k * (k + nu));
        rise -= 1 / (k + nu);
        sum += term, mean += term * rise;
    }
    return mean / sum;
}

static inline quad q_bessel_i_by_x(quad nu, quad x) {
    return nu / x + expq(q_log_bessel_ie(nu + 1, x) - q_log_bessel_ie(nu, x));
}

/* log(e^x K) and the derivatives of log K, by trapezoidal sums of 10.32.9 from its peak to either side;
 * 1 - cosh t = -2 sinh(t / 2)^2, and the terms are divided by e^top, the largest. */
typedef struct q_bessel_k {
    quad log_scaled, by_order, by_x;
} q_bessel_k;

static inline q_bessel_k q_bessel_k_of(quad nu, quad x) {
    quad h = 1 / (10 + 2.2Q * sqrtq(sqrtq(x * x + nu * nu))), peak = asinhq(nu / x);
    quad half = sinhq(0.5Q * peak), top = nu * peak - 2 * x * half * half, sum = 0, order = 0, slope = 0;
    long middle = (long)(peak / h);
    for (int way = -1; way <= 1; way += 2)
        for (long k = way > 0 ? middle + 1 : middle; k >= 0; k += way) {
            quad t = h * k, s = sinhq(0.5Q * t), e = nu * t - 2 * x * s * s - top, y = expq(e);
            if (e < -82) break;
            if (k == 0) y *= 0.5Q;
            quad back = expm1q(-2 * nu * t);
            sum += 0.5Q * y * (2 + back);
            order -= 0.5Q * y * t * back;
            slope += 0.5Q * y * (2 + back) * (1 + 2 * s * s);
        }
    return (q_bessel_k){logq(h * sum) + top, order / sum, -slope / sum};
}

static inline quad q_log_bessel_ke(quad nu, quad x) { return q_bessel_k_of(nu, x).log_scaled; }

static inline quad q_bessel_ke(int nu, quad x) { return expq(q_log_bessel_ke(nu, x)); }

/* Lambert's W, by Halley's method: branch 0 or -1. */
static inline quad q_lambert_w(int branch, quad x) {
    quad p = sqrtq(2 * fmaxq(0, M_Eq * x + 1)), w;
    if (branch == 0) w = x < -0.3Q ? -1 + p - p * p / 3 : x < 3 ? log1pq(x) : logq(x) - logq(logq(x));
    else w = x < -0.2Q ? -1 - p - p * p / 3 : logq(-x) - logq(-logq(-x));
    for (int i = 0; i < 60; i++) {
        quad e = expq(w), f = w * e - x, step = f / (e * (w + 1) - (w + 2) * f / (2 * w + 2));
        if (!(q_abs(w + 1) > 0)) break;
        w -= step;
        if (q_abs(step) < 1e-33Q * q_abs(w)) break;
    }
    return w;
}

/* The integral of f over 0 … end, where f is smooth, by the double exponential rule. */
typedef quad q_integrand(const quad *parameters, quad x);

static inline quad q_integral(q_integrand *f, const quad *parameters, quad end) {
    const quad h = 1 / 20.0Q;
    quad sum = 0;
    for (int k = -80; k <= 80; k++) {
        quad t = h * k, s = M_PI_2q * sinhq(t), c = coshq(s);
        quad x = s < 0 ? expq(s) / (2 * c) : 1 - expq(-s) / (2 * c);
        sum += f(parameters, end * x) * M_PI_2q * coshq(t) / (2 * c * c);
    }
    return h * sum * end;
}

/* Owen's T as the integral of e^(-h^2 / (2 cos^2 t)), over 2 pi, up to t = atan a. */
static inline quad q_owens_integrand(const quad *h, quad t) {
    quad slope = tanq(t);
    return expq(-0.5Q * *h * *h * slope * slope);
}

static inline quad q_owens_t(quad h, quad a) {
    quad b = q_abs(a), g = q_abs(h);
    if (b > 1) {
        quad q = erfcq(g * M_SQRT1_2q) / 2, r = erfcq(g * b * M_SQRT1_2q) / 2,
             t = (q + r) / 2 - q * r - q_owens_t(g * b, 1 / b);
        return a < 0 ? -t : t;
    }
    quad end = atanq(g * b > 13 ? 13 / g : b);
    quad y = expq(-0.5Q * h * h) * q_integral(q_owens_integrand, &h, end) / (2 * M_PIq);
    return a < 0 ? -y : y;
}

/* The von Mises cdf; the integrand at a distance w below z, over that at z. */
static inline quad q_von_mises_integrand(const quad *k_z, quad w) {
    return expq(-2 * k_z[0] * sinq(0.5Q * w) * sinq(0.5Q * w - k_z[1]));
}

static inline quad q_von_mises_cdf(quad k, quad x) {
    if (x > 0) return 1 - q_von_mises_cdf(k, -x);
    quad k_z[2] = {k, x}, s = sinq(0.5Q * x), end = M_PIq + x, reach = s * s + 41 / (k + 1e-300Q);
    if (reach < 1) end = fminq(end, 2 * asinq(sqrtq(reach)) + x);
    return q_integral(q_von_mises_integrand, k_z, end) * expq(-2 * k * s * s) /
           (2 * M_PIq * q_bessel_ie(0, k));
}

/* -(dF / dk) over the density, for k >= 0: below the angle where cos is I1 / I0 by the tail, beyond it by
 * what there is up to 0, so that no part of the integrand changes its sign. */
static inline quad q_von_mises_step(const quad *p, quad w) {
    quad step = 2 * sinq(0.5Q * w) * sinq(0.5Q * w - p[1]); /* cos z - cos of the angle */
    return (p[2] - step) * expq(-p[0] * step);
}

static inline quad q_von_mises_slope(quad k, quad x) {
    if (x > 0) return -q_von_mises_slope(k, -x);
    quad s = sinq(0.5Q * x), below = 1 - q_bessel_ie(1, k) / q_bessel_ie(0, k);
    quad p[3] = {k, x, below - 2 * s * s}, reach = s * s + 41 / (k + 1e-300Q), end = M_PIq + x;
    if (p[2] > 0) {
        quad inward[3] = {k, -x, p[2]};
        return q_integral(q_von_mises_step, inward, -x);
    }
    if (reach < 1) end = fminq(end, 2 * asinq(sqrtq(reach)) + x);
    return -q_integral(q_von_mises_step, p, end);
}

/* The gamma distribution: log of P by its series (DLMF 8.11.4), of Q by Legendre's fraction (8.9.2). */

static inline quad q_log_gamma_weight(quad a, quad x) { return a * logq(x) - x - q_lgamma(a); }

static inline quad q_log_gamma_lower(quad a, quad x) {
    quad term = 1 / a, sum = term;
    for (int n = 1; term > Q_EPS * sum; n++) {
        term *= x / (a + n);
        sum += term;
    }
    return q_log_gamma_weight(a, x) + logq(sum);
}

static inline quad q_log_gamma_upper(quad a, quad x) {
    quad b = x + 1 - a, d = 1 / b, c = 1e300Q, h = d;
    for (int n = 1; n < 100000; n++) {
        quad k = n * (a - n);
        b += 2;
        d = 1 / (b + k * d);
        c = b + k / c;
        h *= c * d;
        if (q_abs(c * d - 1) < Q_EPS) break;
    }
    return q_log_gamma_weight(a, x) + logq(h);
}

/* log(1 - e^l) */
static inline quad q_log_rest(quad l) { return l < -1 ? log1pq(-expq(l)) : logq(-expm1q(l)); }

/* -(dP / da) over the density, by both likewise, differentiated; k = n (a - n), b = x + 1 - a + 2n. */
static inline quad q_gamma_slope(quad a, quad x) {
    if (x < a + 1 || x < 2) {
        quad term = 1 / a, sum = term, rise = 1 / a, slope = term * rise;
        for (int n = 1; term > Q_EPS * sum; n++) {
            term *= x / (a + n);
            rise += 1 / (a + n);
            sum += term, slope += term * rise;
        }
        return -x * ((logq(x) - q_digamma(a)) * sum - slope);
    }
    quad b = x + 1 - a, d = 1 / b, c = 1e300Q, h = d, d_by = d * d, c_by = 0, log_h_by = d;
    for (int n = 1; n < 100000; n++) {
        quad k = n * (a - n);
        b += 2;
        quad next = 1 / (b + k * d);
        d_by = -next * next * (-1 + n * d + k * d_by), d = next;
        c_by = -1 + n / c - k * c_by / (c * c), c = b + k / c;
        quad by = d_by / d + c_by / c;
        h *= c * d, log_h_by += by;
        if (q_abs(c * d - 1) < Q_EPS && q_abs(by) < Q_EPS * q_abs(log_h_by)) break;
    }
    return x * h * (logq(x) - q_digamma(a) + log_h_by);
}

static inline quad q_log_gamma_tail(quad a, quad x, bool lower) {
    bool series = x < a + 1 || x < 2;
    quad l = series ? q_log_gamma_lower(a, x) : q_log_gamma_upper(a, x);
    return series == lower ? l : q_log_rest(l);
}

/* An inverse by Newton's method for the log of its tail, from what is nearly it. */
static inline quad q_gamma_inverse(quad a, quad p, quad x, bool lower) {
    quad goal = logq(p);
    bool small = p <= 0.5Q; /* else by the other tail, which it is the rest of */
    if (!small) goal = log1pq(-p), lower = !lower;
    if (!(x > 0x1p-1040)) return 0;
    for (int i = 0; i < 20; i++) {
        quad l = q_log_gamma_tail(a, x, lower), rate = expq(q_log_gamma_weight(a, x) - l);
        quad step = (goal - l) / (lower ? rate : -rate);
        x *= expq(step);
        if (q_abs(step) < 1e-18Q) break;
    }
    return x;
}

/* The beta distribution, by the continued fraction (DLMF 8.17.22) from the nearer end. */
static inline quad q_log_beta_near(quad a, quad b, quad x, quad y) {
    quad c = 1, d = 1 / (1 - (a + b) * x / (a + 1)), h = d;
    for (int m = 1; m < 100000; m++) {
        quad e = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        d = 1 / (1 + e * d), c = 1 + e / c;
        h *= c * d;
        e = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        d = 1 / (1 + e * d), c = 1 + e / c;
        h *= c * d;
        if (q_abs(c * d - 1) < Q_EPS) break;
    }
    return a * logq(x) + b * logq(y) - q_lbeta(a, b) + logq(h / a);
}

/* The derivative of the log of the same by a, or by b. */
static inline quad q_log_beta_near_by(quad a, quad b, quad x, quad y, bool by_a) {
    quad c = 1, d = 1 / (1 - (a + b) * x / (a + 1));
    quad d_by = d * d * x * (by_a ? (1 - b) / ((a + 1) * (a + 1)) : 1 / (a + 1)), c_by = 0, log_by = d_by / d;
    for (int m = 1; m < 100000; m++) {
        quad before = log_by;
        for (int odd = 0; odd < 2; odd++) {
            quad p = a + 2 * m - 1 + odd, q = p + 1, e, e_by; /* e = part x / (p q) */
            if (odd) {
                e = -(a + m) * (a + b + m) * x / (p * q);
                e_by = by_a ? e * (1 / (a + m) + 1 / (a + b + m) - 1 / p - 1 / q) : e / (a + b + m);
            } else {
                e = m * (b - m) * x / (p * q);
                e_by = by_a ? -e * (1 / p + 1 / q) : m * x / (p * q);
            }
            quad next = 1 / (1 + e * d);
            d_by = -next * next * (e_by * d + e * d_by), d = next;
            c_by = e_by / c - e * c_by / (c * c), c = 1 + e / c;
            log_by += d_by / d + c_by / c;
        }
        if (q_abs(c * d - 1) < Q_EPS && q_abs(log_by - before) < Q_EPS * q_abs(log_by)) break;
    }
    if (by_a) return logq(x) + (q_digamma(a + b) - q_digamma(a)) + log_by - 1 / a;
    return logq(y) + (q_digamma(a + b) - q_digamma(b)) + log_by;
}

static inline quad q_log_beta_density(quad a, quad b, quad x) {
    return (a - 1) * logq(x) + (b - 1) * log1pq(-x) - q_lbeta(a, b);
}

/* -(dI / da), or -(dI / db), over the density. */
static inline quad q_beta_slope(quad a, quad b, quad x, bool by_a) {
    bool near = x * (a + b + 2) < a + 1;
    quad l = near ? q_log_beta_near(a, b, x, 1 - x) : q_log_beta_near(b, a, 1 - x, x);
    quad by = near ? -q_log_beta_near_by(a, b, x, 1 - x, by_a) : q_log_beta_near_by(b, a, 1 - x, x, !by_a);
    return by * expq(l - q_log_beta_density(a, b, x));
}

static inline quad q_log_beta_tail(quad a, quad b, quad x, bool lower) {
    bool near = x * (a + b + 2) < a + 1;
    quad l = near ? q_log_beta_near(a, b, x, 1 - x) : q_log_beta_near(b, a, 1 - x, x);
    return near == lower ? l : q_log_rest(l);
}

static inline quad q_beta_inverse(quad a, quad b, quad p, quad x, bool lower) {
    quad goal = logq(p);
    bool small = p <= 0.5Q;
    if (!small) goal = log1pq(-p), lower = !lower;
    if (!(x > 0x1p-1040 && x < 1)) return 0;
    for (int i = 0; i < 20; i++) {
        quad l = q_log_beta_tail(a, b, x, lower), rate = x * (1 - x) * expq(q_log_beta_density(a, b, x) - l);
        quad step = (goal - l) / (lower ? rate : -rate); /* of logit x */
        x = x / (x + (1 - x) * expq(-step));
        if (q_abs(step) < 1e-18Q) break;
    }
    return x;
}

#endif
