/* Numbers as sums of two, for the places where a double's 53 bits do not do: about 100 bits through sums,
 * products and quotients (Dekker, Numerische Mathematik 18, 1971), 68 through a logarithm, 54 through an
 * exponential. In all of them the first part is the sum, rounded. */
#ifndef VM_AUTODIFF_KERNELS_TWICE_H
#define VM_AUTODIFF_KERNELS_TWICE_H

#include "autodiff/kernels/elementary.h"

/* x + y for |x| >= |y|, or x = 0. */
INLINE two two_of(real x, real y) {
    real s = x + y;
    return (two){s, y - (s - x)};
}

INLINE two twice_add(two x, two y) {
    two s = two_sum(x.high, y.high);
    return two_of(s.high, s.low + (x.low + y.low));
}

/* A sum that goes on by x; what rounding takes from it is added up, and not yet given back. */
INLINE two sum_on(two s, real x) {
    two next = two_sum(s.high, x);
    return (two){next.high, s.low + next.low};
}

INLINE two twice_negative(two x) { return (two){-x.high, -x.low}; }
INLINE two twice_subtract(two x, two y) { return twice_add(x, twice_negative(y)); }

INLINE two twice_multiply(two x, two y) {
    two p = two_product(x.high, y.high);
    return two_of(p.high, p.low + madd(x.high, y.low, x.low * y.high));
}

INLINE two twice_divide(two x, two y) {
    real q = x.high / y.high;
    two p = two_product(q, y.high);
    real rest = ((x.high - p.high) - p.low) + (x.low - q * y.low);
    return two_of(q, rest / y.high);
}

INLINE two twice_pick(lanes m, two x, two y) { return (two){pick(m, x.high, y.high), pick(m, x.low, y.low)}; }

INLINE two twice_scale(two x, real factor) {
    two p = two_product(x.high, factor);
    return two_of(p.high, madd(x.low, factor, p.low));
}

/* Of x > 0. */
INLINE two twice_root(two x) {
    real s = root(x.high);
    two back = two_product(s, s);
    return two_of(s, (((x.high - back.high) - back.low) + x.low) / (2 * s));
}

static const struct {
    double high, low;
} PI_IN_TWO = {0x1.921fb54442d18p+1, 0x1.1a62633145c07p-53},
  HALF_LOG_2PI_IN_TWO = {0x1.d67f1c864beb5p-1, -0x1.65b5a1b7ff5dfp-55},
  ONE_BY_2PI_IN_TWO = {0x1.45f306dc9c883p-3, -0x1.6b01ec5417056p-57},
  ONE_BY_E_IN_TWO = {0x1.78b56362cef38p-2, -0x1.ca8a4270fadf5p-57},
  TWO_THIRDS_IN_TWO = {0x1.5555555555555p-1, 0x1.5555555555555p-55},
  TWO_FIFTHS_IN_TWO = {0x1.999999999999ap-2, -0x1.999999999999ap-56};

#define IN_TWO(constant) ((two){all((constant).high), all((constant).low)})

/* 2 artanh(s) / s - 2 for |s| < 0.172. */
INLINE two artanh_rest(two s) {
    two z = twice_multiply(s, s), rest = {z.high * POLYNOMIAL(z.high, C_LOG_REST_7), all(0)};
    two fifths = twice_multiply(z, twice_add(IN_TWO(TWO_FIFTHS_IN_TWO), rest));
    return twice_multiply(z, twice_add(IN_TWO(TWO_THIRDS_IN_TWO), fifths));
}

/* Of a normal x > 0, as log_of() has it. */
INLINE two twice_log(two x) {
    const uint64_t root_half = UINT64_C(0x3fe6a09e667f3bcd), mantissa = UINT64_C(0xfffffffffffff);
    words i = (words)x.high + (UINT64_C(0x3ff0000000000000) - root_half);
    real k = (real)((i >> 52) | UINT64_C(0x4330000000000000)) - (0x1p52 + 1023);
    real unscale = (real)(UINT64_C(0x7fe0000000000000) - (i & ~mantissa));
    two f = two_sum((real)((i & mantissa) + root_half) - 1, x.low * unscale);
    two s = twice_divide(f, twice_add((two){all(2), all(0)}, f));
    two l = twice_add((two){2 * s.high, 2 * s.low}, twice_multiply(s, artanh_rest(s)));
    return twice_add((two){k * LN2_HIGH, k * LN2_LOW}, l);
}

/* Of any finite x > 0. */
INLINE two twice_log_of(real x) {
    lanes small = x < 0x1p-1000;
    two y = twice_log((two){x * pick(small, all(0x1p54), all(1)), all(0)}), none = {all(0), all(0)};
    return twice_add(y, twice_pick(small, (two){all(-54 * LN2_HIGH), all(-54 * LN2_LOW)}, none));
}

/* z - log(1 + z) for 1 + z within 0.7072 … 1.4141, with small relative error: with s = z / (2 + z), log(1 +
 * z) = 2 artanh(s) and z - 2s = s z. */
INLINE two twice_log1p_rest(two z) {
    two s = twice_divide(z, twice_add((two){all(2), all(0)}, z));
    return twice_multiply(s, twice_subtract(z, artanh_rest(s)));
}

/* e^x - 1 for |x| < 700. */
INLINE two twice_expm1(two x) {
    exponential e = exp_reduced(x.high, &x.low);
    real power = scale(all(1), e.n);
    return two_sum(power - 1, power * e.rest);
}

/* e^x y for y whose exponent is within 200 of 0. */
INLINE two twice_exp_times(two x, two y) {
    real high = greater(all(-1400), lesser(all(700), x.high)), low = pick(high == x.high, x.low, all(0));
    exponential e = exp_reduced(high, &low);
    two p = twice_multiply(two_of(all(1), e.rest), y);
    lanes small = high < -500;
    real power = scale(all(1), e.n + pick(small, all(1024), all(0)));
    p = (two){p.high * power, p.low * power};
    if (any(small)) {
        real back = pick(small, all(0x1p-512), all(1));
        p = (two){p.high * back * back, p.low * back * back};
    }
    return p;
}

#endif
