/* Simplification as the tape is rebuilt: an instruction is simplified when it is added, and what it is made
 * of has been before, so that one walk reaches the fixed point.
 *
 * A value may come out with fewer axes than it went in with; it is constant along those it lost
 * (pass_rewrite). So a repetition (expand) vanishes, 0 * x is a number, and reductions over a lost axis are
 * closed forms.
 *
 * A literal 0 times anything is 0, also where the other factor is not finite: such zeros come from the
 * adjoint pass and from masks. Apart from that a rewrite keeps every value up to rounding, except pow(x,
 * 1/2), which becomes a square root, at -0 and -infinity.
 *
 * Sums move inside. With K the summed axes that a factor or a term lacks,
 *   sum(a b) = sum over the others of (a * sum over K of b),   sum(a + b) = sum(a) + sum(b),
 * so that log(scale) of a scalar is added once, times the size. Sums that keep all their axes stay whole: the
 * executor fuses them with their terms; but a term that depends on data alone leaves, and its sum is computed
 * once. */
#include "autodiff/passes.h"

#include <assert.h>
#include <math.h>

typedef struct simplifier {
    tape *to;
    vector(ref) sums;   /* the simplified form of a sum, by the number of its plain form */
    vector(bool) fixed; /* by number: depends on data alone */
} simplifier;

static const instruction *at(const simplifier *s, ref r) { return tape_at(s->to, r); }
static axes axes_of(const simplifier *s, ref r) { return at(s, r)->axes; }
static bool is_number(const simplifier *s, ref r) { return at(s, r)->op == OP_number; }
static bool is(const simplifier *s, ref r, double x) { return is_number(s, r) && at(s, r)->number == x; }
static ref number(simplifier *s, double x) { return tape_number(s->to, x); }

static ref simplify1(simplifier *s, op f, ref x);
static ref simplify2(simplifier *s, op f, ref x, ref y);

/* Folding: the ops that the C library has. */

static bool fold1(op f, double x, double *r) {
    switch (f) {
    case OP_neg: *r = -x; return true;
    case OP_abs: *r = fabs(x); return true;
    case OP_sign: *r = isnan(x) ? x : (x > 0) - (x < 0); return true;
    case OP_floor: *r = floor(x); return true;
    case OP_sqrt: *r = sqrt(x); return true;
    case OP_not: *r = x == 0; return true;
    case OP_exp: *r = exp(x); return true;
    case OP_log: *r = log(x); return true;
    case OP_log1p: *r = log1p(x); return true;
    case OP_expm1: *r = expm1(x); return true;
    case OP_sin: *r = sin(x); return true;
    case OP_cos: *r = cos(x); return true;
    case OP_tan: *r = tan(x); return true;
    case OP_asin: *r = asin(x); return true;
    case OP_acos: *r = acos(x); return true;
    case OP_atan: *r = atan(x); return true;
    case OP_sinh: *r = sinh(x); return true;
    case OP_cosh: *r = cosh(x); return true;
    case OP_tanh: *r = tanh(x); return true;
    case OP_erf: *r = erf(x); return true;
    case OP_erfc: *r = erfc(x); return true;
    default: return false;
    }
}

static bool fold2(op f, double x, double y, double *r) {
    switch (f) {
    case OP_add: *r = x + y; return true;
    case OP_sub: *r = x - y; return true;
    case OP_mul: *r = x * y; return true;
    case OP_div: *r = x / y; return true;
    case OP_pow: *r = pow(x, y); return true;
    case OP_lt: *r = x < y; return true;
    case OP_le: *r = x <= y; return true;
    case OP_eq: *r = x == y; return true;
    case OP_ne: *r = x != y; return true;
    case OP_and: *r = x != 0 && y != 0; return true;
    case OP_or: *r = x != 0 || y != 0; return true;
    default: return false;
    }
}

bool tape_fold(op f, const double *x, double *result) {
    if (op_kind_of(f) != KIND_MAP) return false;
    return op_inputs(f) == 1 ? fold1(f, x[0], result) : op_inputs(f) == 2 && fold2(f, x[0], x[1], result);
}

/* Elementwise rules. Each returns 0 where none applies. */

static ref operand(const simplifier *s, ref r, op f, int i) {
    return at(s, r)->op == f ? at(s, r)->in[i] : 0;
}

static ref negate(simplifier *s, ref x) {
    if (operand(s, x, OP_neg, 0)) return operand(s, x, OP_neg, 0);
    if (at(s, x)->op == OP_sub) return simplify2(s, OP_sub, at(s, x)->in[1], at(s, x)->in[0]);
    return 0;
}

/* A number comes first, so that numbers meet. */
static void number_first(const simplifier *s, ref *x, ref *y) {
    if (!is_number(s, *y)) return;
    ref first = *y;
    *y = *x;
    *x = first;
}

/* The number in c f z, and z; false where r is not of this form. */
static bool split_number(const simplifier *s, op f, ref r, double *c, ref *z) {
    if (at(s, r)->op != f) return false;
    ref x = at(s, r)->in[0], y = at(s, r)->in[1];
    number_first(s, &x, &y);
    if (!is_number(s, x)) return false;
    *c = at(s, x)->number;
    *z = y;
    return true;
}

static ref add(simplifier *s, ref x, ref y) {
    double c;
    ref z;
    number_first(s, &x, &y);
    if (is(s, x, 0)) return y;
    if (x == y) return simplify2(s, OP_mul, number(s, 2), x);
    if (operand(s, y, OP_neg, 0)) return simplify2(s, OP_sub, x, operand(s, y, OP_neg, 0));
    if (operand(s, x, OP_neg, 0)) return simplify2(s, OP_sub, y, operand(s, x, OP_neg, 0));
    if (is_number(s, x) && split_number(s, OP_add, y, &c, &z))
        return simplify2(s, OP_add, number(s, at(s, x)->number + c), z);
    return 0;
}

static ref subtract(simplifier *s, ref x, ref y) {
    if (is(s, y, 0)) return x;
    if (is(s, x, 0)) return simplify1(s, OP_neg, y);
    if (operand(s, y, OP_neg, 0)) return simplify2(s, OP_add, x, operand(s, y, OP_neg, 0));
    if (is_number(s, y)) return simplify2(s, OP_add, number(s, -at(s, y)->number), x);
    return 0;
}

static ref multiply(simplifier *s, ref x, ref y) {
    double c;
    ref z;
    number_first(s, &x, &y);
    if (is(s, x, 0)) return number(s, 0);
    if (is(s, x, 1)) return y;
    if (is(s, x, -1)) return simplify1(s, OP_neg, y);
    if (is_number(s, x) && operand(s, y, OP_neg, 0))
        return simplify2(s, OP_mul, number(s, -at(s, x)->number), operand(s, y, OP_neg, 0));
    if (operand(s, x, OP_neg, 0))
        return simplify1(s, OP_neg, simplify2(s, OP_mul, operand(s, x, OP_neg, 0), y));
    if (operand(s, y, OP_neg, 0))
        return simplify1(s, OP_neg, simplify2(s, OP_mul, x, operand(s, y, OP_neg, 0)));
    if (is_number(s, x) && split_number(s, OP_mul, y, &c, &z))
        return simplify2(s, OP_mul, number(s, at(s, x)->number * c), z);
    return 0;
}

/* A division by a power of two is a multiplication, without rounding. */
static bool exact_reciprocal(double x, double *reciprocal) {
    int exponent;
    *reciprocal = 1 / x;
    return fabs(frexp(x, &exponent)) == 0.5 && isnormal(x) && isnormal(*reciprocal);
}

static ref divide(simplifier *s, ref x, ref y) {
    double reciprocal;
    if (is(s, x, 0)) return number(s, 0);
    if (is_number(s, y) && exact_reciprocal(at(s, y)->number, &reciprocal))
        return simplify2(s, OP_mul, number(s, reciprocal), x);
    if (operand(s, x, OP_neg, 0))
        return simplify1(s, OP_neg, simplify2(s, OP_div, operand(s, x, OP_neg, 0), y));
    if (operand(s, y, OP_neg, 0))
        return simplify1(s, OP_neg, simplify2(s, OP_div, x, operand(s, y, OP_neg, 0)));
    /* many entries by few: divide once for each of the few; a division costs several multiplications */
    if (!is_number(s, y) && tape_size(s->to, axes_of(s, x)) > tape_size(s->to, axes_of(s, y)) &&
        axes_within(axes_of(s, y), axes_of(s, x)))
        return simplify2(s, OP_mul, x, simplify2(s, OP_div, number(s, 1), y));
    return 0;
}

enum { PRODUCTS_UP_TO = 8 };

/* x^n by squaring. */
static ref product_power(simplifier *s, ref x, int n) {
    if (n == 1) return x;
    ref half = product_power(s, x, n / 2);
    ref square = simplify2(s, OP_mul, half, half);
    return n & 1 ? simplify2(s, OP_mul, square, x) : square;
}

static ref power(simplifier *s, ref x, ref y) {
    if (!is_number(s, y)) return 0;
    double n = at(s, y)->number;
    if (n == 0) return number(s, 1);
    if (n == 0.5) return simplify1(s, OP_sqrt, x);
    if (n < 0 && (n == -0.5 || (n >= -PRODUCTS_UP_TO && n == floor(n))))
        return simplify2(s, OP_div, number(s, 1), simplify2(s, OP_pow, x, number(s, -n)));
    if (n > 0 && n <= PRODUCTS_UP_TO && n == floor(n)) return product_power(s, x, (int)n);
    return 0;
}

static ref and_or(simplifier *s, op f, ref x, ref y) {
    number_first(s, &x, &y);
    if (!is_number(s, x)) return 0;
    bool truth = at(s, x)->number != 0;
    return truth == (f == OP_or) ? number(s, truth) : simplify2(s, OP_ne, y, number(s, 0));
}

/* exp(x - l), where l stands for m but is 0 where m is -infinity, as in the adjoint of a log_sum_exp m: the
 * softmax, if that is there already. */
static ref softmax_of(simplifier *s, ref x) {
    instruction difference = *at(s, x), l, condition;
    if (difference.op != OP_sub || (l = *at(s, difference.in[1])).op != OP_select || !is(s, l.in[1], 0))
        return 0;
    condition = *at(s, l.in[0]);
    if (condition.op != OP_eq) return 0;
    bool whole = (condition.in[0] == l.in[2] && is(s, condition.in[1], -INFINITY)) ||
                 (condition.in[1] == l.in[2] && is(s, condition.in[0], -INFINITY));
    difference.in[1] = l.in[2];
    ref plain = whole ? tape_find(s->to, difference) : 0;
    if (!plain) return 0;
    ref softmax = tape_find(s->to, (instruction){.op = OP_exp, .in = {plain}, .axes = difference.axes});
    return softmax ? tape_select(s->to, l.in[0], number(s, 0), softmax) : 0;
}

static ref simplify1(simplifier *s, op f, ref x) {
    double folded;
    ref r = 0;
    if (is_number(s, x) && fold1(f, at(s, x)->number, &folded)) return number(s, folded);
    if (f == OP_neg) r = negate(s, x);
    if (f == OP_stop) r = x;
    if (f == OP_log) r = operand(s, x, OP_exp, 0);
    if (f == OP_exp) r = softmax_of(s, x);
    if (f == OP_abs && operand(s, x, OP_neg, 0)) r = simplify1(s, OP_abs, operand(s, x, OP_neg, 0));
    return r ? r : tape_map1(s->to, f, x);
}

static ref simplify2(simplifier *s, op f, ref x, ref y) {
    double folded;
    ref r = 0;
    if (is_number(s, x) && is_number(s, y) && fold2(f, at(s, x)->number, at(s, y)->number, &folded))
        return number(s, folded);
    switch (f) {
    case OP_add: r = add(s, x, y); break;
    case OP_sub: r = subtract(s, x, y); break;
    case OP_mul: r = multiply(s, x, y); break;
    case OP_div: r = divide(s, x, y); break;
    case OP_pow: r = power(s, x, y); break;
    case OP_and:
    case OP_or: r = and_or(s, f, x, y); break;
    case OP_xlogy: /* a number times the exponent */
        if (is_number(s, x) && !is(s, x, 0) && operand(s, y, OP_exp, 0))
            r = simplify2(s, OP_mul, x, operand(s, y, OP_exp, 0));
        break;
    case OP_minimum:
    case OP_maximum: r = x == y ? x : 0; break;
    default: break;
    }
    return r ? r : tape_map2(s->to, f, x, y);
}

static ref choose(simplifier *s, ref condition, ref then, ref otherwise) {
    if (is_number(s, condition)) return at(s, condition)->number != 0 ? then : otherwise;
    if (then == otherwise) return then;
    return tape_select(s->to, condition, then, otherwise);
}

/* Sums. */

static ref sum(simplifier *s, ref x, axes over);

/* Of a sum over `over`, which are axes of x = a f b. */
static ref sum_product(simplifier *s, op f, ref a, ref b, axes over) {
    axes outside_a = axes_minus(over, axes_of(s, a)), outside_b = axes_minus(over, axes_of(s, b));
    if (outside_b.count) return sum(s, simplify2(s, f, sum(s, a, outside_b), b), axes_minus(over, outside_b));
    if (!outside_a.count || is(s, a, 1)) return 0;
    ref inner = f == OP_mul ? b : simplify2(s, OP_div, number(s, 1), b);
    return sum(s, simplify2(s, OP_mul, a, sum(s, inner, outside_a)), axes_minus(over, outside_a));
}

static bool is_fixed(simplifier *s, ref r) {
    while (s->fixed.count <= r) {
        ref next = s->fixed.count;
        operands in = tape_operands(s->to, next);
        bool fixed = at(s, next)->op != OP_input && op_kind_of(at(s, next)->op) != KIND_RANDOM;
        for (uint32_t i = 0; i < in.count; i++) fixed &= s->fixed.at[in.at[i]];
        push(s->to->arena, &s->fixed, fixed);
    }
    return s->fixed.at[r];
}

static ref sum_terms(simplifier *s, op f, ref a, ref b, axes over) {
    bool all = axes_within(over, axes_of(s, a)) && axes_within(over, axes_of(s, b));
    if (all && is_fixed(s, a) == is_fixed(s, b)) return 0;
    return simplify2(s, f, sum(s, a, over), sum(s, b, over));
}

static ref sum_inside(simplifier *s, ref x, axes over) {
    instruction c = *at(s, x);
    switch (c.op) {
    case OP_neg: return simplify1(s, OP_neg, sum(s, c.in[0], over));
    case OP_mul:
    case OP_div: return sum_product(s, c.op, c.in[0], c.in[1], over);
    case OP_add:
    case OP_sub: return sum_terms(s, c.op, c.in[0], c.in[1], over);
    default: return 0;
    }
}

/* The plain sum is added in any case, as the key of what is known; if it is not used, a later pass drops it.
 * So a value that is shared by many terms is taken apart once. */
static ref sum(simplifier *s, ref x, axes over) {
    axes own = axes_common(over, axes_of(s, x));
    ref r = x;
    if (own.count) {
        ref plain = tape_reduce(s->to, OP_sum, x, own);
        while (s->sums.count <= plain) push(s->to->arena, &s->sums, 0);
        r = s->sums.at[plain];
        if (!r) r = sum_inside(s, x, own);
        if (!r) r = plain;
        while (s->sums.count <= plain) push(s->to->arena, &s->sums, 0);
        s->sums.at[plain] = r;
    }
    double times = (double)tape_size(s->to, axes_minus(over, own));
    return simplify2(s, OP_mul, number(s, times), r);
}

/* What is constant along an axis, reduced over it. */
static ref reduce(simplifier *s, op f, ref x, axes over) {
    if (f == OP_sum) return sum(s, x, over);
    axes own = axes_common(over, axes_of(s, x));
    double times = (double)tape_size(s->to, axes_minus(over, own));
    ref r = tape_reduce(s->to, f, x, own);
    if (times == 1) return r;
    if (f == OP_prod) return simplify2(s, OP_pow, r, number(s, times));
    if (f == OP_log_sum_exp) return simplify2(s, OP_add, r, number(s, log(times)));
    return r;
}

/* With x the same everywhere, entry i of a running sum is i x from the front, (size + 1 - i) x from the back.
 */
static ref cumulate(simplifier *s, op f, ref x, axis along) {
    if (axes_has(axes_of(s, x), along))
        return f == OP_cumsum ? tape_cumsum(s->to, x, along) : tape_cumsum_back(s->to, x, along);
    ref i = tape_position(s->to, along);
    if (f == OP_cumsum_back) i = simplify2(s, OP_sub, number(s, s->to->axes.at[along].size + 1.0), i);
    return simplify2(s, OP_mul, x, i);
}

/* Selecting. `was` are the axes that the operands had before they lost some. */

static ref gather(simplifier *s, ref x, ref index, axis of) {
    if (!axes_has(axes_of(s, x), of)) return x;
    if (!is_number(s, index)) return tape_gather(s->to, x, index, of);
    double i = at(s, index)->number;
    if (!(i >= 1 && i <= s->to->axes.at[of].size)) return tape_gather(s->to, x, index, of);
    return tape_slice(s->to, x, of, (uint64_t)i - 1, (axes){0});
}

static ref scatter(simplifier *s, ref x, ref index, axis of, axes to, axes was) {
    if (is(s, x, 0)) return x;
    axes summed = axes_minus(was, axes_without(to, of));
    axes have = axes_union(axes_of(s, x), axes_of(s, index));
    axes kept = axes_with(axes_common(axes_without(to, of), have), of);
    double times = (double)tape_size(s->to, axes_minus(summed, have));
    return simplify2(s, OP_mul, number(s, times), tape_scatter(s->to, x, index, of, kept));
}

static ref simplify(const rewriting *w, instruction x) {
    simplifier *s = w->user;
    tape *t = w->to;
    const instruction *old = tape_at(w->from, w->at);
    axes was = axes_union(tape_at(w->from, old->in[0])->axes, tape_at(w->from, old->in[1])->axes);
    axis first = (axis)x.attribute, second = (axis)x.attribute2;
    op_kind kind = op_kind_of(x.op);
    if (kind == KIND_LEAF || kind == KIND_RANDOM || kind == KIND_SCAN) return pass_emit(w, x);
    if (kind == KIND_REDUCE) return reduce(s, x.op, x.in[0], axes_minus(was, x.axes));
    switch (x.op) {
    case OP_select: return choose(s, x.in[0], x.in[1], x.in[2]);
    case OP_contract: return tape_contract(t, x.in[0], x.in[1], axes_minus(was, x.axes));
    case OP_mixture: return tape_mixture(t, x.in[0], x.in[1], x.in[2], first);
    case OP_shares: return tape_shares(t, x.in[0], x.in[1], x.in[2]);
    case OP_sum_rows: return tape_sum_rows(t, x.in[0], x.in[1], x.axes);
    case OP_scatter_rows: return tape_scatter_rows(t, x.in[0], x.in[1], x.in[2], first, x.axes);
    case OP_cumsum:
    case OP_cumsum_back: return cumulate(s, x.op, x.in[0], first);
    case OP_allot: return tape_allot(t, x.in[0], x.in[1], first);
    case OP_log_beta_below:
    case OP_log_beta_above:
    case OP_log_beta_below_slopes:
    case OP_log_beta_above_slopes: return tape_beta_order(t, x.op, x.in[0], first);
    case OP_gather: return gather(s, x.in[0], x.in[1], first);
    case OP_scatter: return scatter(s, x.in[0], x.in[1], first, x.axes, was);
    case OP_rename: return tape_rename(t, x.in[0], first, second);
    case OP_slice:
        if (!axes_has(axes_of(s, x.in[0]), first)) return x.in[0];
        return tape_slice(t, x.in[0], first, x.offset, axes_minus(x.axes, was));
    case OP_place:
        if (is(s, x.in[0], 0)) return x.in[0];
        return tape_place(t, x.in[0], axes_minus(was, x.axes), first, x.offset);
    case OP_expand: return x.in[0];
    case OP_cholesky: return tape_cholesky(t, x.in[0], first, second);
    case OP_cholesky_back: return tape_cholesky_back(t, x.in[0], x.in[1], first, second);
    case OP_solve_lower: return tape_solve_lower(t, x.in[0], x.in[1], first, second);
    case OP_solve_lower_transposed: return tape_solve_lower_transposed(t, x.in[0], x.in[1], first, second);
    default: break;
    }
    assert(kind == KIND_MAP);
    if (x.in[2]) return tape_map3(t, x.op, x.in[0], x.in[1], x.in[2]);
    return x.in[1] ? simplify2(s, x.op, x.in[0], x.in[1]) : simplify1(s, x.op, x.in[0]);
}

void pass_simplify(const tape *from, tape *to) {
    simplifier s = {.to = to};
    pass_rewrite(from, to, simplify, &s);
}
