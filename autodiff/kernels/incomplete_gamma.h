/* The gamma distribution with shape a and rate 1: P(a, x) and Q(a, x) = 1 - P, what belongs to them, and
 * their inverses, by the integrals of tails.h. With the weight W = x^a e^-x / gamma(a), which is x times the
 * density,
 *
 *   P = W J, J = integral of e^(-(a - x) u - x (e^-u - 1 + u)), at t = x e^-u
 *   Q = W J, J = integral of e^(-(x - a) u - x (e^u - 1 - u)),  at t = x e^u
 *
 * of which the first is used where log x <= digamma(a), near the median, and the second beyond. The
 * derivative of P by a is the integral of (log t - digamma(a)) times the density up to x, or less that beyond
 * x, and on the side used neither factor changes its sign. The recurrence for small a is P(a) = P(a + 1) + W
 * / a. */
#ifndef VM_AUTODIFF_KERNELS_INCOMPLETE_GAMMA_H
#define VM_AUTODIFF_KERNELS_INCOMPLETE_GAMMA_H

#include "autodiff/kernels/tails.h"

/* J, and the integral of u times its integrand. */
typedef struct gamma_moments {
    real j, m;
} gamma_moments;

/* The tail that was computed. */
typedef struct gamma_tail {
    lanes lower;     /* it is P */
    real x;          /* as bounded */
    real log_weight; /* log W */
    real j;
    real slope; /* -(dP / da) over the density: how a quantile moves with a */
} gamma_tail;

/* With L(a) = J, a L(a) = 1 + x L(a + 1), and m = -dL / da. */
LARGE gamma_moments gamma_below(real a, real x) {
    lanes few = a < FEW;
    real d = (a - x) + pick(few, all(SHIFT), all(0));
    real end = 2 * CUT / (d + root(d * d + 2 * CUT * x));
    for (int i = 0; i < 3; i++) {
        real rest = exp_rest(-end);
        end -= (d * end + x * rest - CUT) / (d + x * (end - rest));
    }
    gamma_moments s = {all(0), all(0)};
    for (int i = 0; i < GAUSS; i++) {
        real u = end * GAUSS_NODES[i];
        real y = GAUSS_WEIGHTS[i] * f_exp(-madd(d, u, x * exp_rest(-u)));
        s.j += y;
        s.m = madd(u, y, s.m);
    }
    s.j *= end;
    s.m *= end;
    for (int i = SHIFT - 1; i >= 0 && any(few); i--) {
        real c = a + i, j = (1 + x * s.j) / c, m = (x * s.m + j) / c;
        s.j = pick(few, j, s.j);
        s.m = pick(few, m, s.m);
    }
    return s;
}

/* Where x < 1, and so a < 1.5, the integral from 1 is completed by the power series of e^-t from x to 1,
 * integrated term by term. */
static gamma_moments gamma_completed(real a, real x, gamma_moments from_one) {
    enum { TERMS = 19 };
    real l = f_log(x), z = a * l, power = f_exp(z);
    real j = one_minus_exp(z) / a, logs = -second_rest(z) / (a * a), factor = all(1);
    for (int n = 1; n < TERMS; n++) {
        real c = a + n, inverse = 1 / c;
        power *= x;
        factor *= -1.0 / n;
        real part = (1 - power) * inverse;
        j += factor * part;
        logs -= factor * inverse * (part + l * power);
    }
    real weight = f_exp(-z + x), e = all(0x1.78b56362cef38p-2);
    j = madd(from_one.j, e, j) * weight;
    logs = madd(from_one.m, e, logs) * weight;
    return (gamma_moments){j, logs - l * j};
}

LARGE gamma_moments gamma_above(real a, real x) {
    real from = greater(all(1), x), d = from - a;
    real end = lesser(2 * CUT / (d + root(d * d + 2 * CUT * from)), root(root(24 * CUT / from)));
    for (int i = 0; i < 4; i++) {
        real rest = exp_rest(end);
        end -= (d * end + from * rest - CUT) / (d + from * (end + rest));
    }
    gamma_moments s = {all(0), all(0)};
    for (int i = 0; i < GAUSS; i++) {
        real u = end * GAUSS_NODES[i];
        real y = GAUSS_WEIGHTS[i] * f_exp(-madd(d, u, from * exp_rest(u)));
        s.j += y;
        s.m = madd(u, y, s.m);
    }
    s.j *= end;
    s.m *= end;
    lanes near = x < 1;
    if (any(near)) {
        gamma_moments all_of_it = gamma_completed(a, x, s);
        s.j = pick(near, all_of_it.j, s.j);
        s.m = pick(near, all_of_it.m, s.m);
    }
    return s;
}

/* -a (z - log(1 + z)) + log(a / (2 pi)) / 2 - the rest of Stirling's formula, with z = x / a - 1. */
LARGE real log_gamma_weight(real a, real x) {
    real deviance = log1p_rest((x - a) / a, x, a);
    return (0.5 * f_log(a) - HALF_LOG_2PI - stirling_rest(a)) - a * deviance;
}

LARGE gamma_tail gamma_tail_of(real a, real x) {
    a = bounded(a, PARAMETER_LEAST);
    x = bounded(x, 0x1p-1022);
    real l = f_log(x), centre = digamma_of_positive(a);
    lanes lower = l <= centre;
    gamma_moments s = {all(0), all(0)};
    if (any(lower)) s = gamma_below(a, x);
    if (!everywhere(lower)) {
        gamma_moments above = gamma_above(a, x);
        s.j = pick(lower, s.j, above.j);
        s.m = pick(lower, s.m, above.m);
    }
    real slope = x * madd(absolute(centre - l), s.j, s.m);
    return (gamma_tail){lower, x, log_gamma_weight(a, x), s.j, slope};
}

/* The tail itself. */
INLINE real gamma_tail_mass(gamma_tail t) { return f_exp(t.log_weight) * t.j; }

/* Where the distribution lies at 0 or at infinity, or x does: the value where all of it is above x, and where
 * all is below. */
INLINE real gamma_edges(real a, real x, real y, real all_above, real all_below) {
    lanes above = (x == 0) | (a == INFINITY), below = (x == INFINITY) | (a == 0);
    if (any(above | below | ~((a >= 0) & (x >= 0)))) {
        y = pick(above, all_above, pick(below, all_below, y));
        y = pick((above & below) | ~((a >= 0) & (x >= 0)), all(NAN), y);
    }
    return y;
}

INLINE real f_gamma_p(real a, real x) {
    gamma_tail t = gamma_tail_of(a, x);
    real mass = gamma_tail_mass(t);
    return gamma_edges(a, x, pick(t.lower, mass, 1 - mass), all(0), all(1));
}

INLINE real f_gamma_q(real a, real x) {
    gamma_tail t = gamma_tail_of(a, x);
    real mass = gamma_tail_mass(t);
    return gamma_edges(a, x, pick(t.lower, 1 - mass, mass), all(1), all(0));
}

INLINE real f_log_gamma_p(real a, real x) {
    gamma_tail t = gamma_tail_of(a, x);
    return gamma_edges(a, x, log_tail_or_rest(t.lower, t.log_weight, t.j), all(-INFINITY), all(0));
}

INLINE real f_log_gamma_q(real a, real x) {
    gamma_tail t = gamma_tail_of(a, x);
    return gamma_edges(a, x, log_tail_or_rest(~t.lower, t.log_weight, t.j), all(0), all(-INFINITY));
}

INLINE real density_at_zero(real a) { return pick(a < 1, all(INFINITY), pick(a == 1, all(1), all(0))); }

INLINE real f_gamma_density(real a, real x) {
    real y = f_exp(log_gamma_weight(bounded(a, PARAMETER_LEAST), bounded(x, 0x1p-1022))) / x;
    return gamma_edges(a, x, y, pick(a == INFINITY, all(0), density_at_zero(a)), all(0));
}

/* The density over the tail, or over what it leaves. */
INLINE real gamma_rate(lanes tail, gamma_tail t) {
    real weight = f_exp(t.log_weight);
    return pick(tail, 1 / t.j, weight / (1 - weight * t.j)) / t.x;
}

INLINE real f_gamma_p_rate(real a, real x) {
    gamma_tail t = gamma_tail_of(a, x);
    return gamma_edges(a, x, gamma_rate(t.lower, t), all(INFINITY), all(0));
}

INLINE real f_gamma_q_rate(real a, real x) {
    gamma_tail t = gamma_tail_of(a, x);
    real at_zero = pick(a == INFINITY, all(0), density_at_zero(a));
    return gamma_edges(a, x, gamma_rate(~t.lower, t), at_zero, pick(a == 0, all(INFINITY), all(1)));
}

INLINE real f_gamma_slope(real a, real x) {
    return gamma_edges(a, x, gamma_tail_of(a, x).slope, all(0), all(INFINITY));
}

/* The quantile where the lower tail, p, is at most 1/2, by Halley's method for log P(a, e^v) = log p, which
 * is concave in v; where the upper, q, is, for log Q(a, x) = log q, from 1 on in x, in which it is nearly
 * straight. It starts from Wilson and Hilferty's approximation (1931), for small a from p = x^a / gamma(a +
 * 1). A step is cubic and the last one is below 1e-5, so that its error is below that of P. An entry that has
 * arrived stays. */
LARGE real gamma_quantile(real a, real p, real q) {
    enum { STEPS = 60 };
    lanes lower = p <= q, valid = (p > 0) & (q > 0) & (a > 0) & (a < INFINITY);
    real shape = pick(valid, bounded(a, PARAMETER_LEAST), all(1)), tail = pick(valid, lesser(p, q), all(0.5));
    real goal = f_log(tail),
         first = (f_log(pick(valid, p, all(0.5))) + lgamma_of_positive(shape + 1)) / shape;
    real z = f_ndtri(tail), r = 1 / (9 * shape), w = 1 - r + pick(lower, z, -z) * root(r);
    real x = f_exp(greater(all(-700), lesser(all(300), first)));
    x = bounded(pick((shape > 0.7) & (w > 0.1), shape * w * w * w, x), 1e-300);
    lanes done = ~valid | (first < -690);
    x = pick(done, f_exp(first), x);
    for (int i = 0; i < STEPS && !everywhere(done); i++) {
        gamma_tail t = gamma_tail_of(shape, x);
        lanes same = lower == t.lower;
        real f = log_tail_or_rest(same, t.log_weight, t.j) - goal;
        real g = x * gamma_rate(same, t); /* the slope of f by log x, but for its sign */
        lanes straight = ~lower & (x > 1);
        real ratio = f / g, sign = pick(lower, all(-1), all(1));
        real bend = ratio * ((shape - x - pick(straight, all(1), all(0))) * sign + g);
        real step = sign * ratio / greater(all(0.5), lesser(all(2), madd(all(0.5), bend, all(1))));
        real next = pick(straight, greater(x * 0.125, x + x * step),
                         x * f_exp(greater(all(-50), lesser(all(50), step))));
        x = pick(done, x, next);
        done |= absolute(step) < 1e-5;
    }
    real y = pick(p == 0, all(0), pick(q == 0, all(INFINITY), x));
    y = pick(a == 0, all(0), pick(a == INFINITY, all(INFINITY), y));
    return pick((p >= 0) & (q >= 0) & (a >= 0), y, all(NAN));
}

INLINE real f_gamma_p_inv(real a, real p) { return gamma_quantile(a, p, 1 - p); }
INLINE real f_gamma_q_inv(real a, real q) { return gamma_quantile(a, 1 - q, q); }

#endif
