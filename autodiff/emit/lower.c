#include "autodiff/emit/lower.h"

#include <assert.h>
#include "autodiff/emit/functions.h"

static const uint64_t SIGN = UINT64_C(1) << 63;
static const double BELOW_HALF = 0x1.fffffffffffffp-2;

bool lower_takes(op f) {
    switch (f) {
    case OP_neg:
    case OP_abs:
    case OP_sign:
    case OP_floor:
    case OP_round:
    case OP_sqrt:
    case OP_not:
    case OP_stop:
    case OP_add:
    case OP_sub:
    case OP_mul:
    case OP_div:
    case OP_minimum:
    case OP_maximum:
    case OP_lt:
    case OP_le:
    case OP_eq:
    case OP_ne:
    case OP_and:
    case OP_or:
    case OP_select: return true;
    default: return functions_take(f);
    }
}

enum { DOWN = 9, TOWARDS_ZERO = 11 };

static cell rounded(sequence *s, cell x, uint8_t how) {
    return sequence_do_last(s, V_round_double, 0, x, how);
}

/* All bits where x is not 0. */
static cell is_true(sequence *s, cell x) {
    if (s->cells.at[x].mask) return s->cells.at[x].mask;
    return sequence_do_last(s, V_compare, x, sequence_constant(s, 0), NOT_EQUAL);
}

/* Of a comparison: all ones where it holds; 0 for other ops. */
static cell mask_of(sequence *s, op f, cell x, cell y) {
    switch (f) {
    case OP_lt: return sequence_do_last(s, V_compare, x, y, LESS);
    case OP_le: return sequence_do_last(s, V_compare, x, y, NOT_ABOVE);
    case OP_eq: return sequence_do_last(s, V_compare, x, y, EQUAL);
    case OP_ne: return sequence_do_last(s, V_compare, x, y, NOT_EQUAL);
    case OP_not: return sequence_do_last(s, V_compare, x, sequence_constant(s, 0), EQUAL);
    case OP_and: return sequence_do(s, V_and, is_true(s, x), is_true(s, y));
    case OP_or: return sequence_do(s, V_or, is_true(s, x), is_true(s, y));
    default: return 0;
    }
}

/* The first where it is no number. */
static cell extreme(sequence *s, vector_instruction f, cell x, cell y) {
    cell none = sequence_do_last(s, V_compare, x, x, UNORDERED);
    return sequence_blend(s, sequence_do(s, f, x, y), x, none);
}

static cell sign_of(sequence *s, cell x) {
    cell below = sequence_do_last(s, V_compare, x, sequence_constant(s, 0), LESS);
    cell above = sequence_do_last(s, V_compare, x, sequence_constant(s, 0), GREATER);
    return sequence_blend(s, sequence_blend(s, x, sequence_number(s, -1), below), sequence_number(s, 1),
                          above);
}

/* To the nearest, halves away from zero. */
static cell nearest(sequence *s, cell x) {
    cell half = sequence_do(s, V_or, sequence_do(s, V_and, x, sequence_constant(s, SIGN)),
                            sequence_number(s, BELOW_HALF));
    return rounded(s, sequence_do(s, V_add, x, half), TOWARDS_ZERO);
}

static cell select_cell(sequence *s, const cell in[3]) {
    return sequence_blend(s, in[2], in[1], is_true(s, in[0]));
}

static cell arithmetic(sequence *s, op f, const cell in[3]) {
    switch (f) {
    case OP_neg: return sequence_do(s, V_xor, in[0], sequence_constant(s, SIGN));
    case OP_abs: return sequence_do(s, V_and, in[0], sequence_constant(s, ~SIGN));
    case OP_sign: return sign_of(s, in[0]);
    case OP_floor: return rounded(s, in[0], DOWN);
    case OP_round: return nearest(s, in[0]);
    case OP_sqrt: return sequence_do(s, V_sqrt, 0, in[0]);
    case OP_stop: return in[0];
    case OP_add: return sequence_do(s, V_add, in[0], in[1]);
    case OP_sub: return sequence_do(s, V_sub, in[0], in[1]);
    case OP_mul: return sequence_do(s, V_mul, in[0], in[1]);
    case OP_div: return sequence_do(s, V_div, in[0], in[1]);
    case OP_minimum: return extreme(s, V_min, in[0], in[1]);
    case OP_select: return select_cell(s, in);
    case OP_maximum: return extreme(s, V_max, in[0], in[1]);
    default: assert(!"lower_takes() has the others"); return 0;
    }
}

cell lower(sequence *s, op f, const cell in[3], int lanes) {
    if (functions_take(f)) return functions_lower(s, f, in[0], lanes);
    cell mask = mask_of(s, f, in[0], in[1]);
    if (!mask) return arithmetic(s, f, in);
    cell number = sequence_do(s, V_and, mask, sequence_number(s, 1));
    s->cells.at[number].mask = mask;
    return number;
}
