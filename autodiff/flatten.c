/* Axes of one entry, such as that of the draws where a step takes one, say nothing about where an entry lies.
 * Without them values over the same entries are over the same axes, hence in one region, and a sum over one
 * of them, or a repetition along it, is what it is of. An axis stays that an instruction is about: one that
 * is looked up in, cut, factored, counted or looped over; and all stay where there are loops, whose bodies
 * have them too. */
#include "autodiff/passes.h"

/* The axes that instruction x is about. */
static axes named_by(const instruction *x) {
    switch (x->op) {
    case OP_position: return x->axes;
    case OP_gather:
    case OP_scatter:
    case OP_slice:
    case OP_place:
    case OP_cumsum:
    case OP_cumsum_back:
    case OP_allot:
    case OP_log_beta_below:
    case OP_log_beta_above:
    case OP_log_beta_below_slopes:
    case OP_log_beta_above_slopes: return axes_one((axis)x->attribute);
    case OP_rename:
    case OP_cholesky:
    case OP_solve_lower:
    case OP_solve_lower_transposed: return axes_with(axes_one((axis)x->attribute), (axis)x->attribute2);
    default: return (axes){0};
    }
}

/* By axis: whether it leaves. */
static bool *find_leaving(const tape *t, arena *a) {
    bool *leaves = arena_array(a, bool, t->axes.count);
    for (uint32_t i = 0; i < t->axes.count; i++) leaves[i] = t->axes.at[i].size == 1 && !t->scans.count;
    for (ref r = 1; r < t->code.count; r++) {
        axes named = named_by(tape_at(t, r));
        for (int i = 0; i < named.count; i++) leaves[named.at[i]] = false;
    }
    return leaves;
}

static axes without_leaving(const bool *leaves, axes of) {
    axes kept = {0};
    for (int i = 0; i < of.count; i++)
        if (!leaves[of.at[i]]) kept = axes_with(kept, of.at[i]);
    return kept;
}

static ref flatten(const rewriting *w, instruction x) {
    x.axes = without_leaving(w->user, x.axes);
    if (x.op == OP_contract) {
        axes of = axes_union(tape_at(w->to, x.in[0])->axes, tape_at(w->to, x.in[1])->axes);
        return tape_contract(w->to, x.in[0], x.in[1], axes_minus(of, x.axes));
    }
    bool same = op_inputs(x.op) == 1 && axes_equal(tape_at(w->to, x.in[0])->axes, x.axes);
    bool nothing = x.op == OP_expand || op_kind_of(x.op) == KIND_REDUCE;
    return same && nothing ? x.in[0] : pass_emit(w, x);
}

void pass_flatten(const tape *from, tape *to) {
    pass_rewrite(from, to, flatten, find_leaving(from, to->arena));
}
