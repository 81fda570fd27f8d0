/* The beta distribution: I_x(a, b), 1 - I_x(a, b), what belongs to them, and their inverses, by the integrals
 * of tails.h. Where x > 1/2, a and b, x and 1 - x change places; so let x <= 1/2, y = 1 - x and n = a + b.
 * With the weight W = x^a y^b / B(a, b), which is x y times the density, and D = a y - b x,
 *
 *   I     = W J, J = integral of e^(-D w - n k), k = log(1 + x (e^-w - 1)) + x w, at logit t = logit x - w
 *   1 - I = W J, J = integral of e^(D w - n k),  k = log(1 + x (e^w - 1)) - x w,  at logit t = logit x + w
 *
 * of which the first is used where log x <= digamma(a) - digamma(n), near the median, and the second beyond.
 * k is the cumulant function of a Bernoulli variable less its mean: convex, and of second order. Derivatives
 * by a and b are the moments of log t and log(1 - t) less their means. The recurrences for small parameters
 * are those of DLMF 8.17.20 and 8.17.21. */
#ifndef VM_AUTODIFF_KERNELS_INCOMPLETE_BETA_H
#define VM_AUTODIFF_KERNELS_INCOMPLETE_BETA_H

#include "autodiff/kernels/gamma.h"

/* Where the tail ends, and D. */
typedef struct beta_point {
    real a, b, x, y, d;
} beta_point;

/* J, and the moments of |log(t / x)| and |log((1 - t) / y)|. */
typedef struct beta_moments {
    real j, t, rest;
} beta_moments;

typedef struct beta_tail {
    lanes lower; /* it is I, with the arguments in their places */
    real log_weight, j;
    real x_y;
    real slope_a, slope_b; /* -(dI / da) and -(dI / db) over the density: how a quantile moves */
} beta_tail;

INLINE beta_moments beta_pick(lanes m, beta_moments p, beta_moments q) {
    return (beta_moments){pick(m, p.j, q.j), pick(m, p.t, q.t), pick(m, p.rest, q.rest)};
}

/* D = a y - b x, which is far smaller than its terms near the mean; y_low is what y lacks to 1 - x. */
INLINE real beta_deviation(real a, real b, real x, real y, real y_low) {
    two p = two_product(a, y), q = two_product(b, x);
    return (p.high - q.high) + ((p.low - q.low) + a * y_low);
}

/* k of the lower tail, and e^-w - 1; where `slope` is asked for, also the slope of k. */
INLINE real lower_cumulant(real x, real w, real *step, real *deviance) {
    real rest = exp_rest(-w);
    *step = rest - w;
    *deviance = log1p_rest_near(x * *step);
    return x * rest - *deviance;
}

/* The same for the upper tail with e^w - 1, and log(1 + x (e^w - 1)). */
INLINE real upper_cumulant(real x, real w, real *step, real *m) {
    real rest = exp_rest(w);
    *step = rest + w;
    real z = x * *step, deviance = log1p_rest_near(z);
    *m = z - deviance;
    real k = x * rest - deviance;
    lanes far = z > 1;
    if (any(far)) {
        *m = pick(far, log_of(1 + z, NULL), *m);
        k = pick(far, *m - x * w, k);
    }
    return k;
}

/* Where the exponent is about CUT, by Newton's method from the parabola at 0. */
INLINE real beta_end_start(real d, real curvature) {
    return 2 * CUT / (d + root(d * d + 2 * CUT * curvature));
}

LARGE beta_moments beta_below(beta_point p) {
    lanes few = p.a < FEW;
    real shift = pick(few, all(SHIFT), all(0)), n = p.a + p.b, sum = n + shift, d = p.d + shift * p.y;
    real end = beta_end_start(d, sum * p.x * p.y), step, deviance;
    for (int i = 0; i < 3; i++) {
        real k = lower_cumulant(p.x, end, &step, &deviance);
        real slope = d - sum * p.x * p.y * step / (1 + p.x * step);
        end -= (d * end + sum * k - CUT) / slope;
    }
    beta_moments s = {all(0), all(0), all(0)};
    for (int i = 0; i < GAUSS; i++) {
        real w = end * GAUSS_NODES[i], k = lower_cumulant(p.x, w, &step, &deviance);
        real y = GAUSS_WEIGHTS[i] * f_exp(-madd(d, w, sum * k));
        s.j += y;
        s.t = madd(madd(p.y, w, k), y, s.t);
        s.rest = madd(deviance - p.x * step, y, s.rest);
    }
    s = (beta_moments){s.j * end, s.t * end, s.rest * end};
    for (int i = SHIFT - 1; i >= 0 && any(few); i--) { /* a J(a) = 1 + (n + i) x J(a + 1) */
        real c = p.a + i, inverse = 1 / c, sum_x = (n + i) * p.x;
        beta_moments lower = {(1 + sum_x * s.j) * inverse, all(0), madd(sum_x, s.rest, p.x * s.j) * inverse};
        lower.t = madd(sum_x, s.t, (1 + p.b * p.x * s.j) * inverse) * inverse;
        s = beta_pick(few, lower, s);
    }
    return s;
}

/* Where n x < 1, the integral from x' = 1 / n on is completed by the power series of (1 - t)^(b - 1) from x
 * to x', integrated term by term. */
static beta_moments beta_completed(real a, real b, real x, real from, beta_moments s) {
    enum { TERMS = 22 };
    real l = log_ratio(x, from), z = a * l, power = f_exp(z), ratio = x / from;
    real j = one_minus_exp(z) / a, logs = -second_rest(z) / (a * a), rests = all(0);
    real factor = all(1), by_b = all(0); /* (1 - b)_k x'^k / k! and its derivative */
    for (int k = 1; k < TERMS; k++) {
        real c = a + k, inverse = 1 / c, next = (k - b) * from * (1.0 / k);
        by_b = madd(by_b, next, -factor * from * (1.0 / k));
        factor *= next;
        power *= ratio;
        real part = (1 - power) * inverse;
        j = madd(factor, part, j);
        rests = madd(by_b, part, rests);
        logs -= factor * inverse * madd(l, power, part);
    }
    /* j, logs and rests are the integrals of 1, log(t / x') and log(1 - t), over x'^a */
    real log_y = f_log1p(-x), log_from = f_log1p(-from);
    real power_y = f_exp(b * log_from), weight = f_exp(-z - b * log_y);
    real far = power_y * s.j, total = j + far;
    return (beta_moments){total * weight, (madd(power_y, s.t, logs) - l * total) * weight,
                          (madd(power_y, s.rest, -log_from * far) + madd(log_y, total, -rests)) * weight};
}

LARGE beta_moments beta_above(beta_point p) {
    lanes few = p.b < FEW;
    real shift = pick(few, all(SHIFT), all(0)), n = p.a + p.b, sum = n + shift, b = p.b + shift;
    lanes near = sum * p.x < 1;
    real x = pick(near, 1 / sum, p.x), y = pick(near, 1 - x, p.y);
    real d = pick(near, b * x - p.a * y, shift * p.x - p.d), end = beta_end_start(d, sum * x * y), step, m;
    for (int i = 0; i < 3; i++) {
        real k = upper_cumulant(x, end, &step, &m);
        real slope = d + sum * x * y * step / (1 + x * step);
        end -= (d * end + sum * k - CUT) / slope;
    }
    beta_moments s = {all(0), all(0), all(0)};
    for (int i = 0; i < GAUSS; i++) {
        real w = end * GAUSS_NODES[i], k = upper_cumulant(x, w, &step, &m);
        real density = GAUSS_WEIGHTS[i] * f_exp(-madd(d, w, sum * k));
        s.j += density;
        s.t = madd(w - m, density, s.t);
        s.rest = madd(m, density, s.rest);
    }
    s = (beta_moments){s.j * end, s.t * end, s.rest * end};
    if (any(near)) s = beta_pick(near, beta_completed(p.a, b, p.x, x, s), s);
    for (int i = SHIFT - 1; i >= 0 && any(few); i--) { /* b J(b) = 1 + (n + i) y J(b + 1) */
        real c = p.b + i, inverse = 1 / c, sum_y = (n + i) * p.y;
        beta_moments lower = {(1 + sum_y * s.j) * inverse, madd(sum_y, s.t, p.y * s.j) * inverse, all(0)};
        lower.rest = madd(sum_y, s.rest, (1 + p.a * p.y * s.j) * inverse) * inverse;
        s = beta_pick(few, lower, s);
    }
    return s;
}

/* log(x^a y^b / B(a, b)) = -a (z - log(1 + z)) - b (z' - log(1 + z')) + log(a b / (2 pi n)) / 2 and the rests
 * of Stirling's formula, with z = n x / a - 1 = -D / a and z' = n y / b - 1 = D / b. */
LARGE real log_beta_weight(beta_point p) {
    real n = p.a + p.b;
    real deviance = p.a * log1p_rest(-p.d / p.a, p.x, p.a / n) + p.b * log1p_rest(p.d / p.b, p.y, p.b / n);
    real scale = 0.5 * f_log(p.a * (p.b / n)) - HALF_LOG_2PI;
    return (scale + stirling_rest(n) - stirling_rest(p.a) - stirling_rest(p.b)) - deviance;
}

/* The point with its smaller side first. */
INLINE beta_point beta_point_of(real a, real b, real x, lanes *swapped) {
    a = bounded(a, PARAMETER_LEAST);
    b = bounded(b, PARAMETER_LEAST);
    x = greater(all(0x1p-1022), lesser(all(1 - 0x1p-53), x));
    *swapped = x > 0.5;
    real y = 1 - x, low = (1 - y) - x; /* 0 where x > 1/2 */
    beta_point p = {pick(*swapped, b, a), pick(*swapped, a, b), pick(*swapped, y, x), pick(*swapped, x, y),
                    all(0)};
    p.d = beta_deviation(p.a, p.b, p.x, p.y, low);
    return p;
}

LARGE beta_tail beta_tail_of(beta_point p, lanes swapped) {
    real log_x = f_log(p.x), rise_a = digamma_rise(p.a, p.b), rise_b = digamma_rise(p.b, p.a);
    lanes lower = log_x <= -rise_a;
    beta_moments s = {all(0), all(0), all(0)};
    if (any(lower)) s = beta_below(p);
    if (!everywhere(lower)) s = beta_pick(lower, s, beta_above(p));
    real ahead = absolute(log_x + rise_a), behind = f_log1p(-p.x) + rise_b;
    real slope_a = p.x * p.y * madd(ahead, s.j, s.t);
    real slope_b = p.x * p.y * (behind * s.j + pick(lower, s.rest, -s.rest));
    slope_b = pick(lower, -slope_b, slope_b);
    return (beta_tail){lower ^ swapped,
                       log_beta_weight(p),
                       s.j,
                       p.x * p.y,
                       pick(swapped, -slope_b, slope_a),
                       pick(swapped, -slope_a, slope_b)};
}

INLINE beta_tail beta_tail_at(real a, real b, real x) {
    lanes swapped;
    beta_point p = beta_point_of(a, b, x, &swapped);
    return beta_tail_of(p, swapped);
}

/* Where the distribution lies at 0 or at 1, or x does: the value where all of it is above x, and where all is
 * below. */
INLINE real beta_edges(real a, real b, real x, real y, real all_above, real all_below) {
    lanes above = (x == 0) | ((b == 0) & (x < 1)) | ((a == INFINITY) & (x < 1));
    lanes below = (x == 1) | ((a == 0) & (x > 0)) | ((b == INFINITY) & (x > 0));
    lanes valid = (a >= 0) & (b >= 0) & (x >= 0) & (x <= 1);
    if (any(above | below | ~valid)) {
        y = pick(above, all_above, pick(below, all_below, y));
        y = pick((above & below) | ~valid, all(NAN), y);
    }
    return y;
}

INLINE real beta_tail_or_rest(lanes tail, beta_tail t) {
    real mass = f_exp(t.log_weight) * t.j;
    return pick(tail, mass, 1 - mass);
}

INLINE real f_inc_beta(real a, real b, real x) {
    beta_tail t = beta_tail_at(a, b, x);
    return beta_edges(a, b, x, beta_tail_or_rest(t.lower, t), all(0), all(1));
}

INLINE real f_inc_beta_c(real a, real b, real x) {
    beta_tail t = beta_tail_at(a, b, x);
    return beta_edges(a, b, x, beta_tail_or_rest(~t.lower, t), all(1), all(0));
}

INLINE real f_log_inc_beta(real a, real b, real x) {
    beta_tail t = beta_tail_at(a, b, x);
    return beta_edges(a, b, x, log_tail_or_rest(t.lower, t.log_weight, t.j), all(-INFINITY), all(0));
}

INLINE real f_log_inc_beta_c(real a, real b, real x) {
    beta_tail t = beta_tail_at(a, b, x);
    return beta_edges(a, b, x, log_tail_or_rest(~t.lower, t.log_weight, t.j), all(0), all(-INFINITY));
}

/* The density at the end that the parameter `a` belongs to. */
INLINE real beta_density_at_end(real a, real b) {
    return pick(a < 1, all(INFINITY), pick(a == 1, b, all(0)));
}

INLINE real f_beta_density(real a, real b, real x) {
    lanes swapped;
    beta_point p = beta_point_of(a, b, x, &swapped);
    real y = f_exp(log_beta_weight(p)) / p.x / p.y;
    y = beta_edges(a, b, x, y, all(0), all(0));
    lanes proper = (a > 0) & (b > 0) & (a < INFINITY) & (b < INFINITY);
    return pick(proper & (x == 0), beta_density_at_end(a, b),
                pick(proper & (x == 1), beta_density_at_end(b, a), y));
}

/* The density over the tail, or over what it leaves. */
INLINE real beta_rate(lanes tail, beta_tail t) {
    real weight = f_exp(t.log_weight);
    return pick(tail, 1 / t.j, weight / (1 - weight * t.j)) / t.x_y;
}

INLINE real f_inc_beta_rate(real a, real b, real x) {
    beta_tail t = beta_tail_at(a, b, x);
    return beta_edges(a, b, x, beta_rate(t.lower, t), all(INFINITY), beta_density_at_end(b, a));
}

INLINE real f_inc_beta_c_rate(real a, real b, real x) {
    beta_tail t = beta_tail_at(a, b, x);
    return beta_edges(a, b, x, beta_rate(~t.lower, t), beta_density_at_end(a, b), all(INFINITY));
}

INLINE real f_beta_slope_a(real a, real b, real x) {
    return beta_edges(a, b, x, beta_tail_at(a, b, x).slope_a, all(0), all(0));
}

INLINE real f_beta_slope_b(real a, real b, real x) {
    return beta_edges(a, b, x, beta_tail_at(a, b, x).slope_b, all(0), all(0));
}

/* x, and 1 - x, with I_x(a, b) = p <= 1/2, by Halley's method for log I = log p in v = logit x, in which it
 * is concave. It starts from the normal with the moments of v, or from p = x^a / (a B(a, b)). A step is cubic
 * and the last one is below 1e-5. An entry that has arrived stays. */
LARGE two beta_lower_quantile(real a, real b, real p) {
    enum { STEPS = 60 };
    real goal = f_log(p), n = a + b;
    real log_beta = stirling_rest(a) + stirling_rest(b) - stirling_rest(n) + HALF_LOG_2PI -
                    a * f_log1p(b / a) - b * f_log1p(a / b) - 0.5 * f_log(a * (b / n));
    real power = (goal + f_log(a) + log_beta) / a;
    real mean = digamma_of_positive(a) - digamma_of_positive(b);
    real spread = root(trigamma_of_positive(a) + trigamma_of_positive(b));
    real v = pick((a > 1) & (b > 1), mean + f_ndtri(p) * spread, lesser(power, greater(mean, all(0))));
    v = greater(all(-700), lesser(all(700), v));
    lanes done = power < -690;
    real x = pick(done, f_exp(power), f_expit(v)), y = f_expit(-v);
    for (int i = 0; i < STEPS && !everywhere(done); i++) {
        lanes swapped = x > 0.5;
        beta_point at = {pick(swapped, b, a), pick(swapped, a, b), pick(swapped, y, x), pick(swapped, x, y),
                         all(0)};
        at.d = beta_deviation(at.a, at.b, at.x, at.y, all(0));
        beta_tail t = beta_tail_of(at, swapped);
        real f = log_tail_or_rest(t.lower, t.log_weight, t.j) - goal, g = beta_rate(t.lower, t) * t.x_y;
        real d = pick(swapped, -at.d, at.d), ratio = f / g;
        real bend = madd(0.5 * ratio, g - d, all(1));
        real step = -ratio / greater(all(0.5), lesser(all(2), bend));
        step = greater(all(-50), lesser(all(50), step));
        real grown = x * f_exp(lesser(all(0), step)), kept = y * f_exp(lesser(all(0), -step));
        real sum = grown + kept;
        x = pick(done, x, greater(all(0x1p-1022), grown / sum));
        y = pick(done, y, greater(all(0x1p-1022), kept / sum));
        done |= absolute(step) < 1e-5;
    }
    return (two){x, y};
}

/* Where the lower tail is p and the upper q. */
LARGE real beta_quantile(real a, real b, real p, real q) {
    lanes lower = p <= q, valid = (p > 0) & (q > 0) & (a > 0) & (b > 0) & (a < INFINITY) & (b < INFINITY);
    real c = bounded(pick(valid, a, all(1)), PARAMETER_LEAST),
         d = bounded(pick(valid, b, all(1)), PARAMETER_LEAST);
    two x = beta_lower_quantile(pick(lower, c, d), pick(lower, d, c), pick(valid, lesser(p, q), all(0.5)));
    real y = pick(lower, x.high, x.low);
    lanes at_one = (q == 0) | (b == 0) | (a == INFINITY), at_zero = (p == 0) | (a == 0) | (b == INFINITY);
    y = pick(at_zero, all(0), pick(at_one, all(1), y));
    lanes unknown = ((a == 0) & (b == 0)) | ((a == INFINITY) & (b == INFINITY));
    return pick((p >= 0) & (q >= 0) & (a >= 0) & (b >= 0) & ~unknown, y, all(NAN));
}

INLINE real f_inc_beta_inv(real a, real b, real p) { return beta_quantile(a, b, p, 1 - p); }
INLINE real f_inc_beta_c_inv(real a, real b, real q) { return beta_quantile(a, b, 1 - q, q); }

#endif
