/* Gamma functions where they lose digits: below 0, where lgamma and digamma have a zero between each two
 * poles, and the differences of two of them. */
#ifndef VM_AUTODIFF_KERNELS_GAMMA_H
#define VM_AUTODIFF_KERNELS_GAMMA_H

#include "autodiff/kernels/tails.h"
#include "autodiff/kernels/twice.h"

/* Differences. */

/* digamma(b + a) - digamma(b), with small relative error for all b > 0 and a > -b / 2: by the differences of
 * the asymptotic series (DLMF 5.11.2), each with its factor a, and below 10 by digamma(b + 1) = digamma(b) +
 * 1 / b, from the least term to the largest. */
LARGE real digamma_rise(real b, real a) {
    enum { STEPS = 10, TERMS = 9 };
    /* B_2k / 2k */
    static const double factors[TERMS] = {1.0 / 12,   -1.0 / 120,     1.0 / 252,
                                          -1.0 / 240, 1.0 / 132,      -691.0 / 32760,
                                          1.0 / 12,   -3617.0 / 8160, 43867.0 / 14364};
    lanes low = b < STEPS;
    real c = b + pick(low, all(STEPS), all(0)), n = c + a;
    real u = 1 / (c * c), v = 1 / (n * n), both = 0.5 / (c * n);
    /* sums of u^i v^(k - i) for k = 0, 1, … */
    real s = all(1), power = all(1), series = all(factors[0]);
    for (int k = 1; k < TERMS; k++) {
        power *= v;
        s = madd(s, u, power);
        series = madd(all(factors[k]), s, series);
    }
    real y = f_log1p(a / c) + a * (both + (c + n) * u * v * series), lost = all(0);
    for (int i = STEPS - 1; i >= 0 && any(low); i--) {
        real at = b + i;
        two sum = two_sum(y, pick(low, a / (at * (at + a)), all(0)));
        y = sum.high, lost += sum.low;
    }
    return y + lost;
}

INLINE real f_digamma_rise(real b, real a) {
    real y = digamma_rise(b, a);
    y = pick((b == 0) | (a == INFINITY), all(INFINITY), pick(b == INFINITY, all(0), y));
    return pick((a >= 0) & (b >= 0) & (a + b > 0), y, all(NAN));
}

/* What lgamma(b + a) - lgamma(b) has beyond a log(n), n = b + a, for 0 <= a <= b or a < 2, and b >= 1, of the
 * size of a: the terms of Stirling's formula, of which r - log(1 + r), r = a / b, is large; below FEW from
 * SHIFT further on, where n is larger too, less the logarithm of the ratio of b + a … and b …, which is taken
 * of what it has beyond 1. */
LARGE real lgamma_rise_rest(real b, real a, two *n) {
    static const double c_stirling[] = {C_STIRLING};
    enum { TERMS = sizeof c_stirling / sizeof *c_stirling };
    lanes few = b < FEW;
    real c = b + pick(few, all(SHIFT), all(0)), r = a / c;
    *n = two_sum(c, a);
    /* the series u (s_0 + s_1 u^2 + …) in 1 / n less that in 1 / c */
    real u = 1 / n->high, v = 1 / c, z = u * u, sum = all(0), rise = all(0);
    for (int k = TERMS - 1; k >= 0; k--)
        rise = madd(rise, v * v, sum), sum = madd(sum, z, all(c_stirling[k]));
    real series = -(a * u * v) * madd(v * (u + v), rise, sum);
    real y = series - madd(c, log1p_rest_near(r), 0.5 * f_log1p(r));
    if (any(few)) {
        real beyond = all(0);
        for (int i = 0; i < SHIFT; i++) {
            real part = a / (b + i);
            beyond = madd(beyond, part, beyond + part);
        }
        y = pick(few, y - f_log1p(beyond), y);
    }
    return y;
}

INLINE real lgamma_rise(real b, real a) {
    two n;
    real rest = lgamma_rise_rest(b, a, &n);
    return madd(a, f_log(n.high), rest);
}

/* log(gamma(1 + a) gamma(1 + b) / gamma(1 + a + b)) for a + b < 2, of the size of a: with the log of gamma(1
 * + x) as x (x - 1) q(t), t = (x - 1/2) / (x + 5/2), and the difference of q at b and a + b divided by that
 * of their t. */
LARGE real lgamma_rise_near_one(real a, real b) {
    static const double c[] = {C_LGAMMA};
    real n = a + b, t_n = (n - 0.5) / (n + 2.5), t_b = (b - 0.5) / (b + 2.5), q = all(0), rise = all(0);
    for (int k = sizeof c / sizeof *c - 1; k >= 0; k--)
        rise = madd(rise, t_b, q), q = madd(q, t_n, all(c[k]));
    real step = 3 * a / ((n + 2.5) * (b + 2.5));
    real own = (a - 1) * POLYNOMIAL((a - 0.5) / (a + 2.5), C_LGAMMA);
    return madd(a, own - (b + (n - 1)) * q, b * (1 - b) * step * rise);
}

/* log(a B(a, b)) for a < 2, as a sum of two: of the size of a, or of a / b where b is small. */
LARGE two twice_log_beta(real a, real b) {
    two n, whole = twice_divide(two_sum(a, b), (two){b, all(0)}), y = twice_log(whole);
    lanes near = a + b < 2;
    two rest = {lgamma_rise_near_one(a, pick(near, b, all(0))), all(0)};
    if (everywhere(near)) return twice_add(y, rest);
    real far = lgamma_beyond_one(a) - lgamma_rise_rest(1 + b, a, &n);
    two above = twice_subtract((two){far, all(0)}, twice_scale(twice_log(n), a));
    return twice_add(y, twice_pick(near, rest, above));
}

/* Log of the beta function. Where both arguments are large, Stirling's formula for each of its three gamma
 * functions, whose large terms make logarithms of 1 + a / b and 1 + b / a; where both are small the functions
 * themselves, whose zeros are exact. Near its zeros elsewhere the error is that of a change of the arguments.
 */
INLINE real f_lbeta(real a, real b) {
    real low = lesser(a, b), high = greater(a, b), ratio = low / high;
    real rests = (stirling_rest(low) - stirling_rest(low + high)) + (stirling_rest(high) + HALF_LOG_2PI);
    real y = rests - high * f_log1p(ratio) - low * f_log1p(1 / greater(all(1e-300), ratio)) +
             0.5 * (f_log1p(ratio) - f_log(low));
    lanes small = low < FEW;
    if (any(small)) {
        lanes both = (high <= 2) | ((high <= FEW) & (low > 0.5));
        real rise = lgamma_rise(pick(both, all(FEW), high), low);
        if (any(both)) { /* the sum, of two, as its rounding counts */
            two n = two_sum(high, low);
            real lost = n.low * (f_log(n.high) - 0.5 / n.high);
            rise = pick(both, (lgamma_of_positive(n.high) - lgamma_of_positive(high)) + lost, rise);
        }
        y = pick(small, lgamma_of_positive(low) - rise, y);
    }
    lanes valid = (a >= 0) & (b >= 0);
    if (!everywhere(valid & (low > 0) & (high < INFINITY))) {
        y = pick(low == 0, all(INFINITY), pick(high == INFINITY, all(-INFINITY), y));
        y = pick(valid & ~((low == 0) & (high == INFINITY)), y, all(NAN));
    }
    return y;
}

/* Below 0. */

/* The distance of x from the nearest whole number, with sign. */
INLINE real off_whole(real x) {
    real n = (absolute(x) + 0x1p52) - 0x1p52;
    return pick(absolute(x) < 0x1p52, x - with_sign_of(n, x), all(0));
}

typedef struct half_turns {
    two sin, cos;
} half_turns;

/* Sine and cosine of pi x, |x| <= 1/2, with an error below 2^-56. */
INLINE half_turns half_turns_of(real x) {
    lanes steep = absolute(x) > 0.25;
    real part = pick(steep, 0.5 - absolute(x), x);
    two r = two_product(part, all(PI_IN_TWO.high));
    r.low = madd(part, all(PI_IN_TWO.low), r.low);
    real z = r.high * r.high;
    two half = two_product(0.5 * r.high, r.high);
    half.low = madd(r.high, r.low, half.low);
    real c = 1 - half.high, below = (1 - c) - half.high;
    two cos = two_of(c, below + madd(z * z, POLYNOMIAL(z, C_COS), -half.low));
    two sin = two_of(r.high, madd(r.high * z, POLYNOMIAL(z, C_SIN), r.low * c));
    two turned = {with_sign_of(cos.high, x), cos.low * with_sign_of(all(1), x)};
    return (half_turns){twice_pick(steep, turned, sin), twice_pick(steep, sin, cos)};
}

enum { UP = 8 }; /* so far arguments below it are raised */

/* A zero of lgamma, or of digamma, as a sum of two, and the cotangent, or sine, of pi times it. */
typedef struct zero {
    two at;
    real turn;
} zero;

/* Lane by lane, rows of a table, which are 0 where lanes are not `wanted`. */
INLINE zero zeros_of(const double *table, real row, lanes wanted) {
    zero z = {{all(0), all(0)}, all(0)};
    for (int i = 0; i < LANES; i++) {
        if (!wanted[i]) continue;
        const double *r = table + 3 * (int)row[i];
        z.at.high[i] = r[0], z.at.low[i] = r[1], z.turn[i] = r[2];
    }
    return z;
}

/* lgamma has two zeros between -n - 1 and -n for each n from 2 on. */
enum { LGAMMA_FIRST = 2, LGAMMA_ZEROS = 30, DIGAMMA_ZEROS = 32 };
static const double ZEROS_OF_LGAMMA[3 * LGAMMA_ZEROS] = {C_LGAMMA_ZEROS},
                                        ZEROS_OF_DIGAMMA[3 * DIGAMMA_ZEROS] = {C_DIGAMMA_ZEROS};

/* lgamma(x) of x = z + d near a zero z, as what it rises by: log|sin pi z / sin pi x|, and the integral of
 * digamma from 1 - x to 1 - z, by Gauss's rule with 5 points. */
LARGE real lgamma_near_zero(real x, real row, lanes near) {
    enum { POINTS = 5 };
    static const double nodes[POINTS] = {C_GAUSS_5_NODES}, weights[POINTS] = {C_GAUSS_5_WEIGHTS};
    zero z = zeros_of(ZEROS_OF_LGAMMA, row, near);
    real d = pick(near, (x - z.at.high) - z.at.low, all(0)), angle = 0.5 * M_PI * d, square = angle * angle;
    real s = sin_near(angle, square), c = cos_near(square), mean = all(0);
    for (int i = 0; i < POINTS; i++)
        mean = madd(all(weights[i]), digamma_of_positive(madd(all(-nodes[i]), d, 1 - z.at.high)), mean);
    real y = madd(mean, d, -f_log1p(2 * s * (c * z.turn - s)));
    y = pick(row == 0, d * POLYNOMIAL(d, C_LGAMMA_ROOT), y);
    return pick(row == 1, d * POLYNOMIAL(d, C_LGAMMA_ROOT_2), y);
}

/* lgamma(x) = log(pi / sin pi x) - lgamma(1 - x), in sums of two: with w = 1 - x + 8 and the product p of 1 -
 * x … 8 - x, or w = 1 - x and p = 1, log(p pi / sin pi x) - (w - 1/2) log w + w - log(2 pi) / 2 - the rest of
 * Stirling's formula. */
LARGE real lgamma_below(real x) {
    real a = -x, off = off_whole(x);
    two s = half_turns_of(absolute(off)).sin, one = {all(1), all(0)}, p = one;
    lanes pole = s.high == 0, low = a < UP, tiny = a < 0x1p-100;
    for (int i = 1; i <= UP; i++) p = twice_multiply(p, twice_pick(low, two_sum(a, all(i)), one));
    two w = two_sum(a, pick(low, all(UP + 1), all(1))), half = {all(-0.5), all(0)};
    two ratio = twice_multiply(p, twice_divide(IN_TWO(PI_IN_TWO), twice_pick(pole | tiny, one, s)));
    two y = twice_subtract(twice_log(ratio), twice_multiply(twice_add(w, half), twice_log(w)));
    y = twice_subtract(twice_add(y, w), IN_TWO(HALF_LOG_2PI_IN_TWO));
    real r = 1 / w.high, f = y.high + (y.low - r * POLYNOMIAL(r * r, C_STIRLING));
    real whole = a + off; /* the nearest number; beyond it, a is in the first half of an interval */
    real row = 2 * (whole - LGAMMA_FIRST) - pick(off > 0, all(1), all(0));
    row = pick((row == 1) & (a < 2.6), all(0), row); /* the zeros that are farthest from whole numbers */
    lanes near = (absolute(f) < 0.0625) & (row >= 0) & (row < LGAMMA_ZEROS);
    if (any(near)) f = pick(near, lgamma_near_zero(x, row, near), f);
    f = pick(tiny, -f_log(a), f);
    return pick(pole, all(INFINITY), f);
}

INLINE real f_lgamma(real x) {
    lanes negative = x < 0;
    real y = lgamma_of_positive(absolute(x));
    if (any(negative)) y = pick(negative, lgamma_below(pick(negative, x, all(-0.5))), y);
    return y;
}

/* digamma(x) of x = z + d near a zero z: digamma(1 - x) - digamma(1 - z) - pi (cot pi x - cot pi z), where
 * the difference is of the sine of pi d over those of pi x and pi z. */
LARGE real digamma_near_zero(real x, two sin_x, real row, lanes near) {
    zero z = zeros_of(ZEROS_OF_DIGAMMA, row, near);
    real d = pick(near, (x - z.at.high) - z.at.low, all(0)), turn = pick(near, z.turn, all(1));
    two product = twice_multiply(sin_x, (two){turn, all(0)});
    two q = twice_multiply(IN_TWO(PI_IN_TWO), twice_divide(half_turns_of(d).sin, product));
    q = twice_pick(product.high < 0, twice_negative(q), q);
    return q.high + (q.low + digamma_rise(1 - z.at.high, -d));
}

/* digamma(x) = digamma(1 - x) - pi cot pi x in sums of two, by the asymptotic series (DLMF 5.11.2). */
LARGE real digamma_below(real x) {
    real a = -x, off = off_whole(x);
    half_turns turns = half_turns_of(off);
    lanes pole = turns.sin.high == 0, low = a < UP, tiny = a < 0x1p-100;
    two one = {all(1), all(0)}, s = twice_pick(pole | tiny, one, turns.sin), rises = {all(0), all(0)};
    for (int i = 1; i <= UP && any(low); i++) rises = twice_add(rises, twice_divide(one, two_sum(a, all(i))));
    two w = two_sum(a, pick(low, all(UP + 1), all(1))), r = twice_divide(one, w);
    two y = twice_subtract(twice_log(w), (two){0.5 * r.high, 0.5 * r.low});
    y = twice_subtract(y, twice_multiply(IN_TWO(PI_IN_TWO), twice_divide(turns.cos, s)));
    y = twice_pick(low, twice_subtract(y, rises), y);
    real z = r.high * r.high;
    real f = y.high + (y.low - z * POLYNOMIAL(z, 1.0 / 12, -1.0 / 120, 1.0 / 252, -1.0 / 240, 1.0 / 132,
                                              -691.0 / 32760, 1.0 / 12, -3617.0 / 8160, 43867.0 / 14364,
                                              -174611.0 / 6600));
    real row = a + off - pick(off > 0, all(1), all(0));
    lanes near = (absolute(f) < 0.5) & (row >= 0) & (row < DIGAMMA_ZEROS);
    if (any(near)) f = pick(near, digamma_near_zero(x, s, row, near), f);
    f = pick(tiny, 1 / a, f);
    return pick(pole, all(NAN), f);
}

INLINE real f_digamma(real x) {
    lanes negative = x < 0;
    real y = digamma_of_positive(absolute(x));
    if (any(negative)) y = pick(negative, digamma_below(pick(negative, x, all(-0.5))), y);
    return pick(x == 0, -1 / x, y);
}

/* Below 0, (pi / sin(pi x))^2 - trigamma(1 - x). */
INLINE real f_trigamma(real x) {
    lanes negative = x < 0;
    real y = trigamma_of_positive(pick(negative, 1 - x, x));
    if (any(negative)) {
        two s = half_turns_of(off_whole(x)).sin, one = {all(1), all(0)};
        two q = twice_divide(IN_TWO(PI_IN_TWO), twice_pick(s.high == 0, one, s)),
            square = twice_multiply(q, q);
        real below = pick(s.high == 0, all(INFINITY), square.high + (square.low - y));
        y = pick(negative, below, y);
    }
    return y;
}

#endif
