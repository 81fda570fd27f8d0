#include "autodiff/emit/functions.h"

#include <math.h>

#include "autodiff/kernels/coefficients_table.h"
#include "autodiff/kernels/constants.h"

/* Short names, for formulas. */

static cell number(sequence *s, double x) { return sequence_number(s, x); }
static cell bits(sequence *s, uint64_t x) { return sequence_constant(s, x); }
static cell add(sequence *s, cell x, cell y) { return sequence_do(s, V_add, x, y); }
static cell sub(sequence *s, cell x, cell y) { return sequence_do(s, V_sub, x, y); }
static cell mul(sequence *s, cell x, cell y) { return sequence_do(s, V_mul, x, y); }
static cell quotient(sequence *s, cell x, cell y) { return sequence_do(s, V_div, x, y); }
static cell madd(sequence *s, cell x, cell y, cell z) { return sequence_fused(s, x, y, z); }
static cell both(sequence *s, cell x, cell y) { return sequence_do(s, V_and, x, y); }
static cell add_whole(sequence *s, cell x, cell y) { return sequence_do(s, V_add_whole, x, y); }
static cell shift_left(sequence *s, cell x, uint64_t n) {
    return sequence_do(s, V_shift_left, x, bits(s, n));
}
static cell shift_right(sequence *s, cell x, uint64_t n) {
    return sequence_do(s, V_shift_right, x, bits(s, n));
}
static cell compare(sequence *s, cell x, double y, uint8_t how) {
    return sequence_do_last(s, V_compare, x, number(s, y), how);
}
static cell pick(sequence *s, cell where, cell x, cell y) { return sequence_blend(s, y, x, where); }

static const uint64_t SIGN = UINT64_C(1) << 63;
static cell absolute(sequence *s, cell x) { return both(s, x, bits(s, ~SIGN)); }
static cell minus_absolute(sequence *s, cell x) { return sequence_do(s, V_or, x, bits(s, SIGN)); }
static cell with_sign_of(sequence *s, cell x, cell sign) {
    return sequence_do(s, V_or, absolute(s, x), both(s, sign, bits(s, SIGN)));
}

/* As polynomial() in kernels/vector.h. */

static cell every(sequence *s, cell x, const double *c, int count, int step) {
    int last = (count - 1) / step;
    cell y = number(s, c[last * step]);
    for (int i = last - 1; i >= 0; i--) y = madd(s, y, x, number(s, c[i * step]));
    return y;
}

static cell polynomial(sequence *s, cell x, const double *c, int count) {
    if (count < 5) return every(s, x, c, count, 1);
    cell z = mul(s, x, x);
    if (count < 10) return madd(s, every(s, z, c + 1, count - 1, 2), x, every(s, z, c, count, 2));
    cell w = mul(s, z, z);
    cell low = madd(s, every(s, w, c + 1, count - 1, 4), x, every(s, w, c, count, 4));
    cell high = madd(s, every(s, w, c + 3, count - 3, 4), x, every(s, w, c + 2, count - 2, 4));
    return madd(s, high, z, low);
}
#define POLYNOMIAL(s, x, ...)                                                                                \
    polynomial((s), (x), (const double[]){__VA_ARGS__},                                                      \
               sizeof((const double[]){__VA_ARGS__}) / sizeof(double))

/* The parts that functions have in common, named as there. */

typedef struct exponential {
    cell rest, n;
} exponential;

static exponential exp_reduced(sequence *s, cell x) {
    cell n = madd(s, x, number(s, M_LOG2E), number(s, ROUNDER)), k = sub(s, n, number(s, ROUNDER));
    cell r = madd(s, k, number(s, -LN2_LOW), madd(s, k, number(s, -LN2_HIGH), x));
    return (exponential){madd(s, mul(s, r, r), POLYNOMIAL(s, r, C_EXP), r), n};
}

static cell scale(sequence *s, cell x, cell n) { return add_whole(s, x, shift_left(s, n, 52)); }

static cell exp_of(sequence *s, cell x) {
    exponential e = exp_reduced(s, x);
    return scale(s, add(s, number(s, 1), e.rest), e.n);
}

/* log(x + low); 0 is none. */
static cell log_of(sequence *s, cell x, cell low) {
    const uint64_t root_half = UINT64_C(0x3fe6a09e667f3bcd), mantissa = UINT64_C(0xfffffffffffff);
    cell i = add_whole(s, x, bits(s, UINT64_C(0x3ff0000000000000) - root_half));
    cell whole = sequence_do(s, V_or, shift_right(s, i, 52), bits(s, UINT64_C(0x4330000000000000)));
    cell k = sub(s, whole, number(s, 0x1p52 + 1023));
    cell fraction = add_whole(s, both(s, i, bits(s, mantissa)), bits(s, root_half));
    cell f = sub(s, fraction, number(s, 1));
    if (low) {
        /* the exponent's bits, negated: a - (i & e) = (i's others & e) + (a - e) */
        cell power = add_whole(s, sequence_do(s, V_and_not, i, bits(s, ~mantissa)),
                               bits(s, UINT64_C(0x7fe0000000000000) - ~mantissa));
        f = madd(s, low, power, f);
    }
    cell r = quotient(s, f, add(s, number(s, 2), f)), z = mul(s, r, r),
         h = mul(s, mul(s, number(s, 0.5), f), f);
    cell rest = madd(s, r, madd(s, z, POLYNOMIAL(s, z, C_LOG), h), mul(s, k, number(s, LN2_LOW)));
    return madd(s, k, number(s, LN2_HIGH), sub(s, f, sub(s, h, rest)));
}

static cell log1p_of_unit(sequence *s, cell e) {
    cell r = quotient(s, e, add(s, number(s, 2), e)), z = mul(s, r, r),
         h = mul(s, mul(s, number(s, 0.5), e), e);
    return sub(s, e, sub(s, h, mul(s, r, madd(s, z, POLYNOMIAL(s, z, C_LOG1P), h))));
}

/* The straight way of each, and where it may be gone: 0 stands for everywhere. */

typedef struct straight {
    cell y, good;
} straight;

static straight way_exp(sequence *s, cell x) {
    return (straight){exp_of(s, x),
                      both(s, compare(s, x, EXP_LEAST, NOT_BELOW), compare(s, x, EXP_MOST, NOT_ABOVE))};
}

static straight way_expm1(sequence *s, cell x) {
    exponential e = exp_reduced(s, x);
    cell power = scale(s, number(s, 1), e.n);
    cell y = madd(s, power, e.rest, sub(s, power, number(s, 1)));
    return (straight){with_sign_of(s, y, x), compare(s, absolute(s, x), -EXP_LEAST, NOT_ABOVE)};
}

static straight way_log(sequence *s, cell x) {
    return (straight){log_of(s, x, 0),
                      both(s, compare(s, x, 0x1p-1022, NOT_BELOW), compare(s, x, INFINITY, LESS))};
}

static straight way_log1p(sequence *s, cell x) {
    cell u = add(s, number(s, 1), x), low = sub(s, x, sub(s, u, number(s, 1)));
    return (straight){with_sign_of(s, log_of(s, u, low), x),
                      both(s, compare(s, x, -1, GREATER), compare(s, x, 0x1p1000, LESS))};
}

static straight way_expit(sequence *s, cell x) {
    cell below = minus_absolute(s, x), e = exp_of(s, below);
    cell y = quotient(s, pick(s, compare(s, x, 0, LESS), e, number(s, 1)), add(s, number(s, 1), e));
    return (straight){y, compare(s, below, EXP_LEAST, NOT_BELOW)};
}

static straight way_log1p_exp(sequence *s, cell x) {
    cell below = minus_absolute(s, x), rest = log1p_of_unit(s, exp_of(s, below));
    return (straight){add(s, sequence_do(s, V_max, number(s, 0), x), rest),
                      compare(s, below, EXP_LEAST, NOT_BELOW)};
}

static straight way_tanh(sequence *s, cell x) {
    cell a = sequence_do(s, V_min, number(s, 22), absolute(s, x));
    exponential r = exp_reduced(s, mul(s, number(s, -2), a));
    cell power = scale(s, number(s, 1), r.n), e = madd(s, power, r.rest, sub(s, power, number(s, 1)));
    return (straight){with_sign_of(s, quotient(s, e, add(s, number(s, 2), e)), x), 0};
}

static straight (*way_of(op f))(sequence *, cell) {
    switch (f) {
    case OP_exp: return way_exp;
    case OP_expm1: return way_expm1;
    case OP_log: return way_log;
    case OP_log1p: return way_log1p;
    case OP_expit: return way_expit;
    case OP_log1p_exp: return way_log1p_exp;
    case OP_tanh: return way_tanh;
    default: return NULL;
    }
}

bool functions_take(op f) { return way_of(f) != NULL; }

cell functions_lower(sequence *s, op f, cell x, int lanes) {
    straight w = way_of(f)(s, x);
    return w.good ? sequence_guard(s, w.y, w.good, x, kernels_avx2_double.unary[f], lanes) : w.y;
}
