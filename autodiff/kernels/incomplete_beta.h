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
    real a, b, x;
    two y, d;
} beta_point;

/* J, and, if they are asked for, the moments of |log(t / x)| and |log((1 - t) / y)|. */
typedef struct beta_moments {
    two j;
    real t, rest;
} beta_moments;

typedef struct beta_tail {
    lanes lower; /* it is I, with the arguments in their places */
    tail_weight weight;
    two j, log_x;
    real x, y; /* the smaller of both first */
} beta_tail;

INLINE beta_moments beta_pick(lanes m, beta_moments p, beta_moments q) {
    return (beta_moments){twice_pick(m, p.j, q.j), pick(m, p.t, q.t), pick(m, p.rest, q.rest)};
}

/* D, which is far smaller than its terms near the mean. */
INLINE two beta_deviation(real a, real b, real x, two y) {
    return twice_subtract(twice_scale(y, a), two_product(b, x));
}

/* k of the lower tail (way -1), or of the upper (1), with e^(way w) - 1 - way w as `rest`; and log(1 + x
 * (e^(way w) - 1)) as m. */
INLINE real beta_cumulant(real x, real w, real way, real rest, real *m) {
    real z = x * madd(way, w, rest), deviance = log1p_rest_near(z);
    *m = z - deviance;
    return madd(x, rest, -deviance);
}

/* Where the argument of the logarithm is beyond 2, in the upper tail alone. */
INLINE real beta_cumulant_beyond(real x, real w, real way, real rest, real k, real *m) {
    real z = x * madd(way, w, rest), l = log_of(1 + z, NULL);
    lanes far = z > 1;
    *m = pick(far, l, *m);
    return pick(far, l - x * w, k);
}

/* Where n x < 1, the integral from x' = 1 / n on is completed by the power series of (1 - t)^(b - 1) from x
 * to x', integrated term by term. */
static beta_moments beta_completed(real a, two b, real x, real from, beta_moments s, bool moments) {
    enum { TERMS = 22 };
    two ratio = twice_divide((two){x, all(0)}, (two){from, all(0)}), log_ratio = twice_log(ratio);
    two z = twice_scale(log_ratio, a), factor = {all(1), all(0)}; /* (1 - b)_k x'^k / k! */
    two j = twice_divide(twice_negative(twice_expm1(z)), (two){a, all(0)});
    real power = f_exp(z.high), by_b = all(0) /* its derivative */, rests = all(0);
    two logs = j;
    if (moments) logs = log_rest_over(z, j.high, a);
    for (int k = 1; k < TERMS; k++) {
        two c = two_sum(a, all(k)), whole = {all(k), all(0)};
        two next = twice_divide(twice_scale(twice_subtract(whole, b), from), whole);
        by_b = madd(by_b, next.high, -factor.high * from * (1.0 / k));
        factor = twice_multiply(factor, next);
        power *= ratio.high;
        two part = twice_divide(two_of(all(1), -power), c);
        j = twice_add(j, twice_multiply(factor, part));
        if (!moments) continue;
        rests = madd(by_b, part.high, rests);
        two log_part = twice_divide(twice_negative(twice_add(log_ratio, part)), c);
        logs = twice_add(logs, twice_multiply(factor, log_part));
    }
    /* j, logs and rests are the integrals of 1, log(t / x) and log(1 - t), over x'^a */
    two log_y = twice_log(two_of(all(1), -x)), log_from = twice_log(two_of(all(1), -from));
    two exponent = twice_multiply(b, log_from), far = twice_exp_times(exponent, s.j),
        total = twice_add(j, far);
    two lacks = twice_negative(twice_add(z, twice_multiply(b, log_y)));
    if (!moments) return (beta_moments){twice_exp_times(lacks, total), all(0), all(0)};
    real power_y = exp_of(exponent.high, &exponent.low), weight = exp_of(lacks.high, &lacks.low);
    two beyond = twice_subtract((two){s.t, all(0)}, twice_multiply(log_ratio, s.j));
    two t = twice_exp_times(lacks, twice_add(logs, twice_exp_times(exponent, beyond)));
    real rest =
        madd(power_y, s.rest, (log_y.high - log_from.high) * far.high) + madd(log_y.high, j.high, -rests);
    return (beta_moments){twice_exp_times(lacks, total), t.high, rest * weight};
}

/* Either integral. For small parameters a J(a) = 1 + (n + i) x J(a + 1) and, above, b J(b) = 1 + (n + i) y
 * J(b + 1). */
LARGE beta_moments beta_integral(beta_point p, lanes lower, bool moments) {
    real first = pick(lower, p.a, p.b), way = pick(lower, all(-1), all(1));
    lanes few = first < FEW;
    two n = two_sum(p.a, p.b), shift = {pick(few, all(SHIFT), all(0)), all(0)}, sum = twice_add(n, shift);
    two x = {p.x, all(0)}, y = p.y, d = twice_pick(lower, p.d, twice_negative(p.d));
    d = twice_add(d, twice_scale(twice_pick(lower, y, x), shift.high));
    lanes near = ~lower & (sum.high * p.x < 1);
    if (any(near)) {
        two from = {pick(near, 1 / sum.high, p.x), all(0)}, one = {all(1), all(0)},
            b = twice_add((two){p.b, all(0)}, shift);
        two rise = twice_subtract(twice_scale(b, from.high), twice_scale(twice_subtract(one, from), p.a));
        x = from, y = twice_pick(near, twice_subtract(one, from), y), d = twice_pick(near, rise, d);
    }
    real curvature = x.high * y.high * sum.high;
    real end = 2 * CUT / (d.high + root(d.high * d.high + 2 * CUT * curvature));
    /* the upper tail falls faster, from a power of e^w on */
    end = pick(lower, end, lesser(end, 1 + f_log1p(2 * CUT / (sum.high * x.high))));
    for (int i = 0; i < 5; i++) {
        real rest = exp_rest(way * end), step = madd(way, end, rest), ignored;
        real k = beta_cumulant(x.high, end, way, rest, &ignored);
        if (any(x.high * step > 1)) k = beta_cumulant_beyond(x.high, end, way, rest, k, &ignored);
        real slope = madd(way * curvature, step / madd(x.high, step, all(1)), d.high);
        end -= (d.high * end + sum.high * k - CUT) / slope;
    }
    two j = {all(0), all(0)}, t = j, rest = j;
    for (int i = 0; i < GAUSS_40; i += ABREAST) {
        real w[ABREAST], k[ABREAST], m[ABREAST], over[ABREAST];
        for (int l = 0; l < ABREAST; l++) w[l] = end * GAUSS_40_NODES[i + l];
        for (int l = 0; l < ABREAST; l++) over[l] = exp_rest(way * w[l]);
        for (int l = 0; l < ABREAST; l++) k[l] = beta_cumulant(x.high, w[l], way, over[l], &m[l]);
        if (any(x.high * madd(way, w[ABREAST - 1], over[ABREAST - 1]) > 1))
            for (int l = 0; l < ABREAST; l++)
                k[l] = beta_cumulant_beyond(x.high, w[l], way, over[l], k[l], &m[l]);
        for (int l = 0; l < ABREAST; l++)
            k[l] = madd(d.high, w[l], madd(sum.high, k[l], madd(d.low, w[l], sum.low * k[l])));
        for (int l = 0; l < ABREAST; l++) k[l] = GAUSS_40_WEIGHTS[i + l] * falling_exp(k[l]);
        for (int l = 0; l < ABREAST; l++) j = sum_on(j, k[l]);
        for (int l = 0; l < ABREAST && moments; l++) {
            t = sum_on(t, (w[l] - way * m[l]) * k[l]);
            rest = sum_on(rest, way * m[l] * k[l]);
        }
    }
    beta_moments s = {twice_scale(two_of(j.high, j.low), end), (t.high + t.low) * end,
                      (rest.high + rest.low) * end};
    if (any(near))
        s = beta_pick(near,
                      beta_completed(p.a, twice_add((two){p.b, all(0)}, shift), p.x, x.high, s, moments), s);
    if (any(few)) {
        two side = twice_pick(lower, (two){p.x, all(0)}, p.y), one = {all(1), all(0)};
        real second = pick(lower, p.b, p.a), own = pick(lower, s.t, s.rest), cross = pick(lower, s.rest, s.t);
        j = s.j;
        for (int i = SHIFT - 1; i >= 0; i--) {
            two c = two_sum(first, all(i)),
                factor = twice_multiply(twice_add(n, (two){all(i), all(0)}), side);
            own = madd(factor.high, own, madd(second * side.high, j.high, all(1)) / c.high) / c.high;
            cross = madd(factor.high, cross, side.high * j.high) / c.high;
            j = twice_divide(twice_add(one, twice_multiply(factor, j)), c);
        }
        s = beta_pick(few, (beta_moments){j, pick(lower, own, cross), pick(lower, cross, own)}, s);
    }
    return s;
}

/* The weight by Stirling's formula, from A = a and B = b or, where they are small, a + 4 and b + 4; N = A +
 * B, D = A y - B x: with u = -D / A and v = D / B, the exponent -A (u - log(1 + u)) - B (v - log(1 + v)) and
 * the rests, the factor sqrt(A B / (2 pi N)). Between A and a are (1 + u)^-4 and N / A (a + i) / (n + i), i =
 * 0 … 3. */
LARGE tail_weight beta_weight(beta_point p) {
    two none = {all(0), all(0)}, four = {all(SHIFT), all(0)};
    two shift_a = twice_pick(p.a < FEW, four, none), shift_b = twice_pick(p.b < FEW, four, none);
    two a = two_sum(p.a, shift_a.high), b = two_sum(p.b, shift_b.high), sum = twice_add(a, b);
    two d = twice_add(p.d, twice_subtract(twice_scale(p.y, shift_a.high), two_product(shift_b.high, p.x)));
    two u = twice_negative(twice_divide(d, a)), v = twice_divide(d, b);
    lanes near_u = (u.high > -0.2928) & (u.high < 0.4141), near_v = (v.high > -0.2928) & (v.high < 0.4141);
    two rest_u = twice_log1p_rest(twice_pick(near_u, u, none));
    two rest_v = twice_log1p_rest(twice_pick(near_v, v, none));
    if (!everywhere(near_u)) {
        two ratio = twice_scale(twice_divide(sum, a), p.x);
        rest_u = twice_pick(near_u, rest_u, twice_subtract(u, twice_log(ratio)));
    }
    if (!everywhere(near_v)) {
        two ratio = twice_multiply(twice_divide(sum, b), p.y);
        rest_v = twice_pick(near_v, rest_v, twice_subtract(v, twice_log(ratio)));
    }
    two exponent = twice_add(twice_scale(rest_u, p.a), twice_scale(rest_v, p.b));
    exponent = twice_add(exponent, twice_add(twice_scale(u, shift_a.high), twice_scale(v, shift_b.high)));
    real rests = stirling_rest(a.high) + stirling_rest(b.high) - stirling_rest(sum.high);
    exponent = twice_negative(twice_add(exponent, (two){rests, all(0)}));
    two factor = twice_multiply(a, twice_divide(b, sum));
    factor = twice_root(twice_multiply(factor, IN_TWO(ONE_BY_2PI_IN_TWO)));
    lanes few = (p.a < FEW) | (p.b < FEW);
    if (any(few)) {
        two n = two_sum(p.a, p.b), from_b = twice_add(n, shift_a), ratio_a = twice_divide(sum, a),
            ratio_b = twice_divide(sum, b), by_a = {all(1), all(0)}, by_b = by_a;
        for (int i = 0; i < SHIFT; i++) {
            two whole = {all(i), all(0)};
            two part_a = twice_divide(two_sum(p.a, all(i)), twice_add(n, whole));
            two part_b = twice_divide(two_sum(p.b, all(i)), twice_add(from_b, whole));
            by_a = twice_multiply(by_a, twice_multiply(ratio_a, part_a));
            by_b = twice_multiply(by_b, twice_multiply(ratio_b, part_b));
        }
        factor = twice_pick(p.a < FEW, twice_multiply(factor, by_a), factor);
        factor = twice_pick(p.b < FEW, twice_multiply(factor, by_b), factor);
    }
    return (tail_weight){exponent, factor};
}

/* The point with its smaller side first. */
INLINE beta_point beta_point_of(real a, real b, real x, lanes *swapped) {
    a = bounded(a, PARAMETER_LEAST);
    b = bounded(b, PARAMETER_LEAST);
    x = greater(all(0x1p-1022), lesser(all(1 - 0x1p-53), x));
    *swapped = x > 0.5;
    beta_point p = {.a = pick(*swapped, b, a), .b = pick(*swapped, a, b), .x = pick(*swapped, 1 - x, x)};
    p.y = two_of(all(1), -p.x);
    p.d = beta_deviation(p.a, p.b, p.x, p.y);
    return p;
}

/* log x + digamma(a + b) - digamma(a), by the log of 1 + (exp(digamma(a + b)) x - exp(digamma(a))) /
 * exp(digamma(a)) with d = a (1 - x) - b x; below 1, digamma(a) = digamma(a + 1) - 1 / a. Where b is small
 * the difference is, and not its terms. */
LARGE real digamma_rise_and_log(real a, real b, two x, real log_x, two d) {
    real n = a + b, half_a = pick(a < 1, all(0.5), all(-0.5)), half_n = pick(n < 1, all(0.5), all(-0.5));
    real rest_a = exp_digamma_rest(a + (half_a + 0.5)), rest_n = exp_digamma_rest(n + (half_n + 0.5));
    real g = a + (rest_a + half_a);
    two lacks = two_sum(madd(half_n, x.high, -half_a), -d.high);
    real z = (lacks.high + (madd(x.high, rest_n, -rest_a) + (lacks.low - d.low))) / g;
    lanes near = z > -0.5, few = b < 1;
    real y = f_log1p(pick(near, z, all(0)));
    if (!everywhere(near)) y = pick(near, y, f_log(x.high * ((n + (rest_n + half_n)) / g)));
    y += pick(n < 1, b / (a * n), pick(a < 1, 1 / a, all(0)));
    if (any(few)) y = pick(few, log_x + digamma_rise(a, b), y);
    return y;
}

INLINE beta_tail beta_tail_at(real a, real b, real x) {
    lanes swapped;
    beta_point p = beta_point_of(a, b, x, &swapped);
    two log_x = twice_log((two){p.x, all(0)});
    real ahead = digamma_rise_and_log(p.a, p.b, (two){p.x, all(0)}, log_x.high, p.d);
    lanes lower = (ahead <= 0) | ((p.b <= p.a) & (p.a + p.b < 1)); /* there all of it is at 0 or 1 */
    two j = beta_integral(p, lower, false).j;
    return (beta_tail){lower ^ swapped, beta_weight(p), j, log_x, p.x, p.y.high};
}

/* The same with small error where a < 1: there log x, digamma(a + 1) and 1 / a are larger than what they make
 * and so in two, unless b is much smaller. */
LARGE real beta_ahead(real a, real b, two x, two log_x, two d) {
    real y = digamma_rise_and_log(a, b, x, log_x.high, d);
    lanes few = (a < 1) & (4 * b > a);
    if (!any(few)) return y;
    two one = {all(1), all(0)}, none = {all(0), all(0)}, c = {pick(few, a, all(0.5)), all(0)};
    two n = two_sum(c.high, b), half = {pick(n.high < 1, all(0.5), all(-0.5)), all(0)};
    two rise = twice_add(n, half);
    rise = twice_log(sum_on(rise, exp_digamma_rest(n.high + (half.high + 0.5))));
    rise = twice_subtract(rise, twice_log(sum_on(two_sum(all(0.5), c.high), exp_digamma_rest(1 + c.high))));
    two poles = twice_subtract(twice_divide(one, c), twice_pick(n.high < 1, twice_divide(one, n), none));
    two sum = twice_add(twice_add(rise, poles), log_x);
    return pick(few, sum.high + sum.low, y);
}

/* -(dI / da), or -(dI / db), over the density: how a quantile moves. By the parameter of the smaller side it
 * is the mean of log t over the tail where log x is below its mean over all, of the other one that of log(1 -
 * t) likewise. */
LARGE real beta_slope(real a, real b, real x, lanes by_a) {
    lanes swapped;
    beta_point p = beta_point_of(a, b, x, &swapped);
    two small = {p.x, all(0)}, log_x = twice_log(small);
    lanes own = by_a ^ swapped;
    two side = twice_pick(own, small, p.y), log_side = twice_pick(own, log_x, twice_log(p.y));
    two d = twice_pick(own, p.d, twice_negative(p.d));
    real ahead = beta_ahead(pick(own, p.a, p.b), pick(own, p.b, p.a), side, log_side, d);
    lanes lower = (lanes)((own & (ahead <= 0)) | (~own & (ahead >= 0)));
    beta_moments s = beta_integral(p, lower, true);
    two size = slope_over_weight(ahead, s.j, pick(own, s.t, s.rest));
    real y = twice_multiply(twice_scale(p.y, p.x), size).high;
    return pick(by_a, y, -y);
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

INLINE real f_inc_beta(real a, real b, real x) {
    beta_tail t = beta_tail_at(a, b, x);
    return beta_edges(a, b, x, tail_or_rest(t.lower, t.weight, t.j), all(0), all(1));
}

INLINE real f_inc_beta_c(real a, real b, real x) {
    beta_tail t = beta_tail_at(a, b, x);
    return beta_edges(a, b, x, tail_or_rest(~t.lower, t.weight, t.j), all(1), all(0));
}

INLINE real f_log_inc_beta(real a, real b, real x) {
    beta_tail t = beta_tail_at(a, b, x);
    return beta_edges(a, b, x, log_tail_or_rest(t.lower, t.weight, t.j), all(-INFINITY), all(0));
}

INLINE real f_log_inc_beta_c(real a, real b, real x) {
    beta_tail t = beta_tail_at(a, b, x);
    return beta_edges(a, b, x, log_tail_or_rest(~t.lower, t.weight, t.j), all(0), all(-INFINITY));
}

/* The density at the end that the parameter `a` belongs to. */
INLINE real beta_density_at_end(real a, real b) {
    return pick(a < 1, all(INFINITY), pick(a == 1, b, all(0)));
}

INLINE real f_beta_density(real a, real b, real x) {
    lanes swapped;
    beta_point p = beta_point_of(a, b, x, &swapped);
    two log_x = twice_log((two){p.x, all(0)});
    real y = tail_weight_times(beta_weight(p), twice_negative(log_x)) / p.y.high;
    y = beta_edges(a, b, x, y, all(0), all(0));
    lanes proper = (a > 0) & (b > 0) & (a < INFINITY) & (b < INFINITY);
    return pick(proper & (x == 0), beta_density_at_end(a, b),
                pick(proper & (x == 1), beta_density_at_end(b, a), y));
}

/* The density over the tail, or over what it leaves. */
INLINE real beta_rate(lanes tail, beta_tail t) {
    real y = 1 / t.j.high / t.y / t.x;
    if (everywhere(tail)) return y;
    two mass = tail_mass(t.weight, t.j);
    real density = tail_weight_times(t.weight, twice_negative(t.log_x)) / t.y;
    return pick(tail, y, density / ((1 - mass.high) - mass.low));
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
    return beta_edges(a, b, x, beta_slope(a, b, x, all_lanes(-1)), all(0), all(0));
}

INLINE real f_beta_slope_b(real a, real b, real x) {
    return beta_edges(a, b, x, beta_slope(a, b, x, all_lanes(0)), all(0), all(0));
}

/* The logarithm of a B(a, b) I / x^a, by the power series (DLMF 8.17.7), for x up to 1/2 and b < 1, or b x
 * up to half of POWER_MOST. */
INLINE real beta_power_rest(real a, real b, real x) {
    enum { TERMS = 60 };
    real term = all(1), sum = all(0);
    for (int n = 1; n < TERMS && any(absolute(term) > 1e-18); n++) {
        term *= x * (n - b) * (1.0 / n);
        sum += term / (a + n);
    }
    return f_log1p(a * sum);
}

/* Where x = (p a B(a, b))^(1 / a) is all there is to a quantile, with log p as `goal`. */
INLINE two beta_first(real a, real b, two goal, two log_beta, lanes *arrived) {
    two y = twice_divide(twice_add(goal, log_beta), (two){a, all(0)});
    *arrived = (a < 2) & (y.high < -45) & (y.high < -45 - f_log(b));
    return y;
}

/* x, and 1 - x, with I_x(a, b) = p <= 1/2, by Halley's method for log I = log p in v = logit x, in which it
 * is concave. It starts from the normal with the moments of v, or from p = x^a / (a B(a, b)). A step is cubic
 * and the last one is below 2e-6; as in gamma_quantile() logarithms are sums of two, and where x or 1 - x is
 * small and so is its parameter, they are taken of the tail on that side and by the power series. An entry
 * that has arrived stays. */
LARGE two beta_lower_quantile(real a, real b, real p) {
    enum { STEPS = 60 };
    two goal = twice_log_of(p), goal_of_rest = twice_log(two_sum(all(1), -p));
    lanes flat = a < 2, at_start, at_end;
    two log_beta_a = twice_log_beta(pick(flat, a, all(1)), b),
        log_beta_b = twice_log_beta(pick(b < 2, b, all(1)), a);
    two first = beta_first(a, b, goal, log_beta_a, &at_start);
    two last = beta_first(b, a, goal_of_rest, log_beta_b, &at_end);
    real n = a + b, log_beta = stirling_rest(a) + stirling_rest(b) - stirling_rest(n) + HALF_LOG_2PI -
                               a * f_log1p(b / a) - b * f_log1p(a / b) - 0.5 * f_log(a * (b / n));
    real power = pick(flat, first.high, (goal.high + f_log(a) + log_beta) / a);
    real mean = digamma_of_positive(a) - digamma_of_positive(b);
    real spread = root(trigamma_of_positive(a) + trigamma_of_positive(b));
    real v = pick((a > 1) & (b > 1), mean + f_ndtri(p) * spread, lesser(power, greater(mean, all(0))));
    v = greater(all(-690), lesser(all(690), v));
    lanes done = at_start | at_end;
    real x = f_expit(v), y = f_expit(-v);
    x = pick(at_start, exp_of(first.high, &first.low), pick(at_end, all(1), x));
    y = pick(at_end, exp_of(last.high, &last.low), pick(at_start, all(1), y));
    for (int i = 0; i < STEPS && !everywhere(done); i++) {
        lanes swapped = x > 0.5;
        real side = pick(done, all(0.25), pick(swapped, y, x));
        beta_point at = {.a = pick(swapped, b, a), .b = pick(swapped, a, b), .x = side};
        at.y = two_of(all(1), -side);
        at.d = beta_deviation(at.a, at.b, at.x, at.y);
        lanes small = (at.a < 2) & ((at.b < 1) | (side * at.b < 0.5 * POWER_MOST)), down = ~swapped | small;
        lanes lower = small | (down & (at.d.high >= 0)) | (at.d.high > 0.5);
        two log_x = twice_log((two){side, all(0)});
        two j = beta_integral(at, lower, false).j;
        tail_weight weight = beta_weight(at);
        lanes same = down == lower;
        two over = twice_subtract(twice_log_tail_or_rest(same, weight, j), goal);
        real f = over.high + over.low;
        if (any(small)) {
            two far = twice_subtract(twice_scale(log_x, at.a), twice_pick(swapped, goal_of_rest, goal));
            far = twice_subtract(far, twice_pick(swapped, log_beta_b, log_beta_a));
            f = pick(small, far.high + (far.low + beta_power_rest(at.a, at.b, side)), f);
        }
        real g = tail_or_rest_rate(same, weight, j), sign = pick(down, all(1), all(-1));
        real ratio = f / g, bend = madd(0.5 * ratio, g - sign * at.d.high, all(1));
        real step = -sign * ratio / greater(all(0.5), lesser(all(2), bend));
        real rise = f_expm1(greater(all(-50), lesser(all(50), step))), one = madd(side, rise, all(1));
        real grown = greater(all(0x1p-1022), madd(side * at.y.high, rise / one, side)),
             kept = at.y.high / one;
        kept = pick(grown < 0.5, 1 - grown, greater(all(0x1p-1022), kept));
        grown = pick(grown < 0.5, grown, 1 - kept);
        x = pick(done, x, pick(swapped, kept, grown));
        y = pick(done, y, pick(swapped, grown, kept));
        done |= absolute(step) * greater(all(1), g) < 2e-6;
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
