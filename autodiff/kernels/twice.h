/* Numbers as sums of two, for the places where a double's 53 bits do not do: about 100 bits through sums,
 * products and quotients (Dekker, Numerische Mathematik 18, 1971), 63 through a logarithm. In all of them the
 * first part is the sum, rounded. */
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

/* Of a normal x > 0. */
INLINE two twice_log(two x) {
    two l = log_in_two(x.high);
    return two_of(l.high, l.low + x.low / x.high);
}

static const struct {
    double high, low;
} PI_IN_TWO = {0x1.921fb54442d18p+1, 0x1.1a62633145c07p-53},
  HALF_LOG_2PI_IN_TWO = {0x1.d67f1c864beb5p-1, -0x1.65b5a1b7ff5dfp-55};

#define IN_TWO(constant) ((two){all((constant).high), all((constant).low)})

#endif
