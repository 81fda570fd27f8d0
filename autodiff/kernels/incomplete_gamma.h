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

/* J, and, if it is asked for, the integral of u times its integrand. */
typedef struct gamma_moments {
    two j;
    real m;
} gamma_moments;

typedef struct gamma_tail {
    lanes lower;        /* it is P */
    tail_weight weight; /* W */
    two j, log_x;
    real m;
} gamma_tail;

/* Either integral, or from 1 where the upper one is to be completed. With L(a) the J below x, a L(a) = 1 + x
 * L(a + 1), and m = -dL / da. */
LARGE gamma_moments gamma_integral(real a, real x, lanes lower, bool moments) {
    lanes few = lower & (a < FEW);
    real from = pick(lower, x, greater(all(1), x)), way = pick(lower, all(-1), all(1));
    two rise = twice_subtract((two){from, all(0)}, two_sum(a, pick(few, all(SHIFT), all(0))));
    two d = twice_pick(lower, twice_negative(rise), rise);
    real end = 2 * CUT / (d.high + root(d.high * d.high + 2 * CUT * from));
    end = pick(lower, end, lesser(end, root(root(24 * CUT / from))));
    for (int i = 0; i < 3; i++) {
        real rest = exp_rest(way * end);
        end -= (d.high * end + from * rest - CUT) / (d.high + from * madd(way, rest, end));
    }
    two j = {all(0), all(0)}, m = j;
    for (int i = 0; i < GAUSS; i += ABREAST) {
        real u[ABREAST], e[ABREAST];
        for (int k = 0; k < ABREAST; k++) u[k] = end * GAUSS_NODES[i + k];
        for (int k = 0; k < ABREAST; k++)
            e[k] = madd(d.high, u[k], madd(from, exp_rest(way * u[k]), d.low * u[k]));
        for (int k = 0; k < ABREAST; k++) e[k] = GAUSS_WEIGHTS[i + k] * falling_exp(e[k]);
        for (int k = 0; k < ABREAST; k++) j = sum_on(j, e[k]);
        for (int k = 0; k < ABREAST && moments; k++) m = sum_on(m, u[k] * e[k]);
    }
    gamma_moments s = {twice_scale(two_of(j.high, j.low), end), (m.high + m.low) * end};
    for (int i = SHIFT - 1; i >= 0 && any(few); i--) {
        two c = two_sum(a, all(i)), one = {all(1), all(0)};
        j = twice_divide(twice_add(one, twice_scale(s.j, x)), c);
        s.m = pick(few, (x * s.m + j.high) / c.high, s.m);
        s.j = twice_pick(few, j, s.j);
    }
    return s;
}

/* Where x < 1, and so a < 1.5, the integral from 1 is completed by the power series of e^-t from x to 1,
 * integrated term by term; the moment is that of log(t / x), of which the first term is the largest. */
static gamma_moments gamma_completed(real a, real x, two log_x, gamma_moments from_one, bool moments) {
    enum { TERMS = 19 };
    two z = twice_scale(log_x, a);
    real power = f_exp(z.high), factor = all(1);
    two j = twice_divide(twice_negative(twice_expm1(z)), (two){a, all(0)}), m = j;
    if (moments) m = log_rest_over(z, j.high, a);
    for (int n = 1; n < TERMS; n++) {
        two c = two_sum(a, all(n));
        power *= x;
        factor *= -1.0 / n;
        two part = twice_divide(two_of(all(1), -power), c);
        j = twice_add(j, twice_scale(part, factor));
        if (!moments) continue;
        two log_part = twice_divide(twice_negative(twice_add(log_x, part)), c);
        m = twice_add(m, twice_scale(log_part, factor));
    }
    two beyond = twice_subtract((two){from_one.m, all(0)}, twice_multiply(log_x, from_one.j));
    m = twice_add(m, twice_multiply(beyond, IN_TWO(ONE_BY_E_IN_TWO)));
    j = twice_add(j, twice_multiply(from_one.j, IN_TWO(ONE_BY_E_IN_TWO)));
    two weight = twice_subtract((two){x, all(0)}, z);
    return (gamma_moments){twice_exp_times(weight, j), twice_exp_times(weight, m).high};
}

/* Stirling's formula, from c = a or, where a is small, a + 4: with z = x / c - 1, the exponent -c (z - log(1
 * + z)) - the rest, the factor sqrt(c / (2 pi)). What is between, x^-4 a (a + 1) (a + 2) (a + 3), is (1 +
 * z)^-4 a / c (a + 1) / c … */
LARGE tail_weight gamma_weight(real a, real x, two log_x) {
    lanes few = a < FEW;
    two c = two_sum(a, pick(few, all(SHIFT), all(0))), none = {all(0), all(0)};
    two z = twice_divide(twice_subtract((two){x, all(0)}, c), c);
    lanes near = (z.high > -0.2928) & (z.high < 0.4141);
    two rest = twice_log1p_rest(twice_pick(near, z, none));
    if (!everywhere(near)) rest = twice_pick(near, rest, twice_add(z, twice_subtract(twice_log(c), log_x)));
    two exponent = twice_add(twice_scale(rest, a), (two){stirling_rest(c.high), all(0)});
    two factor = twice_root(twice_multiply(c, IN_TWO(ONE_BY_2PI_IN_TWO)));
    if (any(few)) {
        two raised = factor;
        for (int i = 0; i < SHIFT; i++) raised = twice_multiply(raised, twice_divide(two_sum(a, all(i)), c));
        factor = twice_pick(few, raised, factor);
        exponent = twice_pick(few, twice_add(exponent, twice_scale(z, all(SHIFT))), exponent);
    }
    return (tail_weight){twice_negative(exponent), factor};
}

/* digamma(a) - log x by the log of 1 + (exp(digamma(a)) - x) / x; below 1, digamma(a) = digamma(a + 1) - 1 /
 * a. */
LARGE real digamma_beyond_log(two a, real x, real log_x) {
    lanes few = a.high < 1;
    real one = pick(few, all(1), all(0)), rest = exp_digamma_rest(a.high + one);
    two less = two_sum(a.high, one - 0.5), above = two_sum(less.high, -x),
        all_above = two_sum(above.high, rest);
    real z = all_above.high / x, g = less.high + rest;
    lanes near = (z > -0.5) & (z < 1e290);
    two back = two_product(pick(near, z, all(0)), pick(near, x, all(1)));
    real lost =
        ((all_above.high - back.high) - back.low) + (all_above.low + (above.low + (less.low + a.low)));
    real u = pick(near, 1 + z, all(1));
    real low = pick(near, (z - (u - 1)) + lost / x, all(0)), y = log_of(u, &low);
    if (!everywhere(near)) y = pick(near, y, pick(z < 1, f_log(g / x), f_log(g) - log_x));
    return y - pick(few, 1 / a.high, all(0));
}

/* The lower tail, or the upper one. */
LARGE gamma_tail gamma_tail_on(real a, real x, two log_x, lanes lower, bool moments) {
    lanes near = ~lower & (x < 1);
    gamma_moments s = gamma_integral(a, x, lower, moments);
    if (any(near)) {
        gamma_moments whole = gamma_completed(a, x, log_x, s, moments);
        s = (gamma_moments){twice_pick(near, whole.j, s.j), pick(near, whole.m, s.m)};
    }
    return (gamma_tail){lower, gamma_weight(a, x, log_x), s.j, log_x, s.m};
}

INLINE gamma_tail gamma_tail_of(real a, real x) {
    a = bounded(a, PARAMETER_LEAST);
    x = bounded(x, 0x1p-1022);
    two log_x = twice_log((two){x, all(0)});
    return gamma_tail_on(a, x, log_x, digamma_beyond_log((two){a, all(0)}, x, log_x.high) >= 0, false);
}

/* -(dP / da) over the density: how a quantile moves with a. Below 1, log x, digamma(a + 1) and 1 / a are
 * larger than digamma(a) - log x, so they are in two. */
LARGE real gamma_slope(real a, real x) {
    two log_x = twice_log((two){x, all(0)});
    real ahead = digamma_beyond_log((two){a, all(0)}, x, log_x.high);
    lanes few = a < 1;
    if (any(few)) {
        two one = {all(1), all(0)}, c = {pick(few, a, all(0.5)), all(0)};
        two above = twice_log(sum_on(two_sum(all(0.5), c.high), exp_digamma_rest(1 + c.high)));
        two sum = twice_subtract(twice_subtract(above, log_x), twice_divide(one, c));
        ahead = pick(few, sum.high + sum.low, ahead);
    }
    gamma_tail t = gamma_tail_on(a, x, log_x, ahead >= 0, true);
    return twice_scale(slope_over_weight(ahead, t.j, t.m), x).high;
}

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
    return gamma_edges(a, x, tail_or_rest(t.lower, t.weight, t.j), all(0), all(1));
}

INLINE real f_gamma_q(real a, real x) {
    gamma_tail t = gamma_tail_of(a, x);
    return gamma_edges(a, x, tail_or_rest(~t.lower, t.weight, t.j), all(1), all(0));
}

INLINE real f_log_gamma_p(real a, real x) {
    gamma_tail t = gamma_tail_of(a, x);
    return gamma_edges(a, x, log_tail_or_rest(t.lower, t.weight, t.j), all(-INFINITY), all(0));
}

INLINE real f_log_gamma_q(real a, real x) {
    gamma_tail t = gamma_tail_of(a, x);
    return gamma_edges(a, x, log_tail_or_rest(~t.lower, t.weight, t.j), all(0), all(-INFINITY));
}

INLINE real density_at_zero(real a) { return pick(a < 1, all(INFINITY), pick(a == 1, all(1), all(0))); }

INLINE real f_gamma_density(real a, real x) {
    real least = bounded(x, 0x1p-1022);
    two log_x = twice_log((two){least, all(0)});
    tail_weight w = gamma_weight(bounded(a, PARAMETER_LEAST), least, log_x);
    real y = tail_weight_times(w, twice_negative(log_x));
    return gamma_edges(a, x, y, pick(a == INFINITY, all(0), density_at_zero(a)), all(0));
}

/* The density over the tail, or over what it leaves. */
INLINE real gamma_rate(lanes tail, gamma_tail t, real x) {
    real y = 1 / t.j.high / x;
    if (everywhere(tail)) return y;
    two mass = tail_mass(t.weight, t.j);
    real density = tail_weight_times(t.weight, twice_negative(t.log_x));
    return pick(tail, y, density / ((1 - mass.high) - mass.low));
}

INLINE real f_gamma_p_rate(real a, real x) {
    gamma_tail t = gamma_tail_of(a, x);
    return gamma_edges(a, x, gamma_rate(t.lower, t, x), all(INFINITY), all(0));
}

INLINE real f_gamma_q_rate(real a, real x) {
    gamma_tail t = gamma_tail_of(a, x);
    real at_zero = pick(a == INFINITY, all(0), density_at_zero(a));
    return gamma_edges(a, x, gamma_rate(~t.lower, t, x), at_zero, pick(a == 0, all(INFINITY), all(1)));
}

INLINE real f_gamma_slope(real a, real x) {
    real y = gamma_slope(bounded(a, PARAMETER_LEAST), bounded(x, 0x1p-1022));
    return gamma_edges(a, x, y, all(0), all(INFINITY));
}

/* log P less a log x - log gamma(a + 1), by the power series (DLMF 8.7.1), for x < POWER_MOST. */
INLINE real gamma_power_rest(real a, real x) {
    enum { TERMS = 16 };
    real sum = all(0);
    for (int n = TERMS; n >= 1; n--) sum = (x * (-1.0 / n)) * (1 / (a + n) + sum);
    return f_log1p(a * sum);
}

/* The quantile where the lower tail, p, is at most 1/2, by Halley's method for log P(a, e^v) = log p, which
 * is concave in v; where the upper, q, is, for log Q(a, x) = log q, from 1 on in x, in which it is nearly
 * straight. It starts from Wilson and Hilferty's approximation (1931), for small a from p = x^a / gamma(a +
 * 1), which is all there is to it where x is far below 1. A step is cubic and the last one is below 2e-6, so
 * that it leaves nothing, but for what log P - log p is off: both are sums of two, and for small a and x,
 * where an error of log P by e is one of log x by e / a, log P is a log x and what is of the size of a. There
 * P is taken for both tails. An entry that has arrived stays. */
LARGE real gamma_quantile(real a, real p, real q) {
    enum { STEPS = 60 };
    lanes lower = p <= q, valid = (p > 0) & (q > 0) & (a > 0) & (a < INFINITY);
    real shape = pick(valid, bounded(a, PARAMETER_LEAST), all(1)), tail = pick(valid, lesser(p, q), all(0.5));
    lanes flat = shape < 2;
    two goal = twice_log_of(tail), rest = twice_log(two_sum(all(1), -tail));
    two goal_below = twice_pick(lower, goal, rest);
    real log_gamma = pick(flat, lgamma_beyond_one(pick(flat, shape, all(1))), lgamma_of_positive(shape + 1));
    two first = twice_divide(twice_add(goal_below, (two){log_gamma, all(0)}), (two){shape, all(0)});
    real z = f_ndtri(tail), r = 1 / (9 * shape), w = 1 - r + pick(lower, z, -z) * root(r);
    real x = f_exp(greater(all(-700), lesser(all(300), first.high)));
    x = bounded(pick((shape > 0.7) & (w > 0.1), shape * w * w * w, x), 1e-300);
    lanes arrived = flat & (first.high < -45), done = ~valid | arrived;
    x = pick(arrived, exp_of(first.high, &first.low), x);
    real from = shape - pick(lower, all(0), all(0.5)); /* the tail asked for, and not its rest, at the end */
    for (int i = 0; i < STEPS && !everywhere(done); i++) {
        real at = pick(done, all(1), x);
        lanes power = flat & (at < POWER_MOST), down = lower | power;
        gamma_tail t = gamma_tail_on(shape, at, twice_log((two){at, all(0)}), (at <= from) | power, false);
        lanes same = down == t.lower;
        two over = twice_subtract(twice_log_tail_or_rest(same, t.weight, t.j), goal);
        real f = over.high + over.low;
        if (any(power)) {
            two far = twice_subtract(twice_scale(t.log_x, shape), goal_below);
            f = pick(power, far.high + (far.low + (gamma_power_rest(shape, at) - log_gamma)), f);
        }
        real g = tail_or_rest_rate(same, t.weight, t.j); /* the slope of f by log x, but for its sign */
        lanes straight = ~down & (at > 1);
        real ratio = f / g, sign = pick(down, all(-1), all(1));
        real bend = ratio * ((shape - at - pick(straight, all(1), all(0))) * sign + g);
        real step = sign * ratio / greater(all(0.5), lesser(all(2), madd(all(0.5), bend, all(1))));
        real rise =
            pick(straight, greater(all(-0.875), step), f_expm1(greater(all(-50), lesser(all(50), step))));
        x = pick(done, x, madd(at, rise, at));
        done |= absolute(step) * greater(all(1), g) < 2e-6;
    }
    real y = pick(p == 0, all(0), pick(q == 0, all(INFINITY), x));
    y = pick(a == 0, all(0), pick(a == INFINITY, all(INFINITY), y));
    return pick((p >= 0) & (q >= 0) & (a >= 0), y, all(NAN));
}

INLINE real f_gamma_p_inv(real a, real p) { return gamma_quantile(a, p, 1 - p); }
INLINE real f_gamma_q_inv(real a, real q) { return gamma_quantile(a, 1 - q, q); }

#endif
