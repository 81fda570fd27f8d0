/* Bounds of values, derived node by node: interval arithmetic on closed bounds, with a note where a bound
 * itself is not reached. They are conservative (a value never lies outside), so they can prove that `exp(x)`
 * is a scale but can refute only what is certain. */
#include "lang/checker.h"

#include <math.h>

static const range ANY = {-INFINITY, INFINITY, false, false, false};

static bool positive(range x) { return x.lowest > 0 || (x.lowest == 0 && x.open_below); }

static double known(double x, double otherwise) { return isnan(x) ? otherwise : x; }

static range range_any(const range *x) {
    (void)x;
    return ANY;
}
static range range_binary(const range *x) {
    (void)x;
    return (range){0, 1, false, false, true};
}
static range range_unit(const range *x) {
    (void)x;
    return (range){0, 1, true, true, false};
}
static range range_probability(const range *x) {
    (void)x;
    return (range){0, 1, false, false, false};
}
static range range_count(const range *x) {
    (void)x;
    return (range){0, INFINITY, false, false, true};
}
static range range_nonpositive(const range *x) {
    (void)x;
    return (range){-INFINITY, 0, false, false, false};
}
static range range_same(const range *x) { return x[0]; }

static range range_neg(const range *x) {
    return (range){-x->highest, -x->lowest, x->open_above, x->open_below, x->whole};
}
static range range_add(const range *x) {
    return (range){known(x[0].lowest + x[1].lowest, -INFINITY), known(x[0].highest + x[1].highest, INFINITY),
                   x[0].open_below || x[1].open_below, x[0].open_above || x[1].open_above,
                   x[0].whole && x[1].whole};
}
static range range_sub(const range *x) {
    range both[2] = {x[0], range_neg(&x[1])};
    return range_add(both);
}
static range range_mul(const range *x) {
    range r = {INFINITY, -INFINITY, false, false, x[0].whole && x[1].whole};
    double a[2] = {x[0].lowest, x[0].highest}, b[2] = {x[1].lowest, x[1].highest};
    for (int i = 0; i < 4; i++) {
        double product = known(a[i & 1] * b[i >> 1], 0); /* 0 * inf: the bound is that of the finite factor */
        r.lowest = fmin(r.lowest, product);
        r.highest = fmax(r.highest, product);
    }
    r.open_below = r.lowest == 0 && positive(x[0]) && positive(x[1]);
    return r;
}
static range range_div(const range *x) {
    if (x[0].lowest == x[0].highest && x[1].lowest == x[1].highest && x[1].lowest != 0)
        return (range){x[0].lowest / x[1].lowest, x[0].lowest / x[1].lowest, false, false, false};
    if (x[1].lowest < 0 || x[0].lowest < 0) return ANY;
    double lowest = x[1].highest == INFINITY ? 0 : x[0].lowest / x[1].highest;
    return (range){known(lowest, 0), INFINITY, positive(x[0]), false, false};
}
static range range_pow(const range *x) {
    bool even = x[1].lowest == x[1].highest && fmod(x[1].lowest, 2) == 0;
    if (x[0].lowest == x[0].highest && x[1].lowest == x[1].highest) {
        double y = pow(x[0].lowest, x[1].lowest);
        if (!isnan(y)) return (range){y, y, false, false, x[0].whole && x[1].whole && x[1].lowest >= 0};
    }
    if (x[0].lowest >= 0) return (range){0, INFINITY, positive(x[0]), false, false};
    return even ? (range){0, INFINITY, false, false, false} : ANY;
}
static range range_abs(const range *x) {
    double far = fmax(fabs(x->lowest), fabs(x->highest));
    if (x->lowest >= 0) return *x;
    if (x->highest <= 0) return range_neg(x);
    return (range){0, far, false, false, x->whole};
}
static range range_sqrt(const range *x) {
    return (range){x->lowest > 0 ? sqrt(x->lowest) : 0, x->highest >= 0 ? sqrt(x->highest) : INFINITY,
                   positive(*x), false, false};
}
static range range_exp(const range *x) {
    (void)x;
    return (range){0, INFINITY, true, false, false};
}
static range range_log(const range *x) {
    return (range){x->lowest > 0 ? log(x->lowest) : -INFINITY, x->highest > 0 ? log(x->highest) : INFINITY,
                   false, false, false};
}
static range range_log1p(const range *x) {
    return (range){x->lowest > -1 ? log1p(x->lowest) : -INFINITY,
                   x->highest > -1 ? log1p(x->highest) : INFINITY, x->open_below, x->open_above, false};
}
static range range_expm1(const range *x) {
    return (range){expm1(x->lowest), expm1(x->highest), x->open_below, x->open_above, false};
}
static range range_whole(const range *x) {
    return (range){floor(x->lowest), ceil(x->highest), false, false, true};
}

static range hull(range a, range b) {
    return (range){
        fmin(a.lowest, b.lowest), fmax(a.highest, b.highest),
        a.lowest == b.lowest ? a.open_below && b.open_below : (a.lowest < b.lowest ? a : b).open_below,
        a.highest == b.highest ? a.open_above && b.open_above : (a.highest > b.highest ? a : b).open_above,
        a.whole && b.whole};
}
static range range_select(const range *x) { return hull(x[1], x[2]); }
static range range_minimum(const range *x) {
    range h = hull(x[0], x[1]);
    h.highest = fmin(x[0].highest, x[1].highest);
    return h;
}
static range range_maximum(const range *x) {
    range h = hull(x[0], x[1]);
    h.lowest = fmax(x[0].lowest, x[1].lowest);
    h.open_below = positive(x[0]) || positive(x[1]);
    return h;
}
static range range_sum(const range *x) {
    return (range){x->lowest >= 0 ? 0 : -INFINITY, x->highest <= 0 ? 0 : INFINITY, positive(*x), false,
                   x->whole};
}
static range range_prod(const range *x) {
    return x->lowest >= 0 ? (range){0, INFINITY, positive(*x), false, x->whole} : ANY;
}

range range_of(node_op op, const range *inputs) {
    switch (op) {
#define PRIMITIVE(name, inputs_, form, rule, about)                                                          \
    case NODE_##name:                                                                                        \
        return range_##rule(inputs);
#include "lang/primitives.def"
#undef PRIMITIVE
    default: return ANY;
    }
}

bool range_within(range part, range whole) {
    if (part.lowest < whole.lowest || part.highest > whole.highest) return false;
    if (whole.open_below && part.lowest == whole.lowest && !part.open_below && part.lowest > -INFINITY)
        return false;
    if (whole.open_above && part.highest == whole.highest && !part.open_above && part.highest < INFINITY)
        return false;
    return true;
}

bool range_disjoint(range a, range b) {
    if (a.highest < b.lowest || b.highest < a.lowest) return true;
    if (a.highest == b.lowest && (a.open_above || b.open_below)) return true;
    return b.highest == a.lowest && (b.open_above || a.open_below);
}
