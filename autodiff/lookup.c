/* What is computed of entries that were looked up is computed of the table, where the table is smaller.
 *
 *   f(x[index])                        = f(x)[index]                for a function f of one value
 *   sum of (a x[index]) into places    = x * (sum of a into places)
 *
 * The second is the adjoint of a gather whose terms have a factor that was looked up by the same index; for a
 * quotient likewise. The other way round,
 *
 *   (x + 1)[index]                     = x[index] + 1               for arithmetic, where x[index] is there
 *
 * for an index that changes from run to run, such as the rows of a mini-batch: nothing is laid out over all
 * rows then, and less is fetched from far away. Names of axes do not matter: a renaming goes to the tables,
 * before all that is looked up, and behind the sum. So the logarithms of the probabilities of words are as
 * many as there are words, not tokens. */
#include "autodiff/passes.h"

static const instruction *at(const tape *t, ref r) { return tape_at(t, r); }

/* Plain arithmetic costs no more than to look up twice. */
static bool is_function(op f) { return op_kind_of(f) == KIND_MAP && op_inputs(f) == 1 && f > OP_stop; }

/* f of a value that was looked up, renamed perhaps; else 0. */
static ref function_of_table(tape *t, op f, ref x) {
    instruction c = *at(t, x);
    if (c.op == OP_rename) {
        ref inner = function_of_table(t, f, c.in[0]);
        return inner ? tape_rename(t, inner, (axis)c.attribute, (axis)c.attribute2) : 0;
    }
    if (c.op != OP_gather || tape_size(t, at(t, c.in[0])->axes) >= tape_size(t, c.axes)) return 0;
    return tape_gather(t, tape_map1(t, f, c.in[0]), c.in[1], (axis)c.attribute);
}

/* x under another name of its axis, where that takes a renaming away somewhere below; else 0. */
static ref renamed(tape *t, ref x, axis from, axis to) {
    instruction c = *at(t, x);
    if (!axes_has(c.axes, from)) return x;
    if (c.op == OP_rename && c.attribute2 == from)
        return c.attribute == to ? c.in[0] : tape_rename(t, c.in[0], (axis)c.attribute, to);
    if (c.op == OP_gather && axes_has(at(t, c.in[0])->axes, from) && !axes_has(at(t, c.in[1])->axes, from) &&
        c.attribute != to && !axes_has(at(t, c.in[0])->axes, to))
        return tape_gather(t, tape_rename(t, c.in[0], from, to), c.in[1], (axis)c.attribute);
    if (op_kind_of(c.op) != KIND_MAP || op_inputs(c.op) != 2) return 0;
    ref a = renamed(t, c.in[0], from, to), b = renamed(t, c.in[1], from, to);
    if (!a && !b) return 0;
    if (!a) a = tape_rename(t, c.in[0], from, to);
    if (!b) b = tape_rename(t, c.in[1], from, to);
    return tape_map2(t, c.op, a, b);
}

/* The table of a factor that was looked up so, if it is smaller and each of its entries goes to one place;
 * else 0. */
static ref table_of(const tape *t, ref factor, const instruction *scatter) {
    const instruction *c = at(t, factor);
    bool same = c->op == OP_gather && c->in[1] == scatter->in[1] && c->attribute == scatter->attribute;
    if (!same || !axes_within(at(t, c->in[0])->axes, scatter->axes)) return 0;
    return tape_size(t, at(t, c->in[0])->axes) < tape_size(t, at(t, scatter->in[0])->axes) ? c->in[0] : 0;
}

static ref scattered(tape *t, ref x, const instruction *scatter) {
    axis of = (axis)scatter->attribute;
    axes have = axes_with(axes_union(at(t, x)->axes, at(t, scatter->in[1])->axes), of);
    axes was = axes_union(at(t, scatter->in[0])->axes, at(t, scatter->in[1])->axes);
    axes summed = axes_minus(axes_minus(was, axes_without(scatter->axes, of)), have);
    ref places = tape_scatter(t, x, scatter->in[1], of, axes_common(scatter->axes, have));
    return summed.count ? tape_map2(t, OP_mul, places, tape_number(t, (double)tape_size(t, summed))) : places;
}

/* What nothing was looked up of gets 0, whatever it is: 0 / 0 where it is a probability of 0. */
static ref where_used(tape *t, ref x, const instruction *scatter) {
    axis of = (axis)scatter->attribute;
    axes places = axes_common(scatter->axes, axes_with(at(t, scatter->in[1])->axes, of));
    ref times = tape_scatter(t, tape_number(t, 1), scatter->in[1], of, places), zero = tape_number(t, 0);
    return tape_select(t, tape_map2(t, OP_lt, zero, times), x, zero);
}

static ref scatter_rest(tape *t, const instruction *scatter) {
    instruction c = *at(t, scatter->in[0]);
    if (c.op != OP_mul && c.op != OP_div) return 0;
    for (int i = c.op == OP_div; i < 2; i++) {
        ref table = table_of(t, c.in[i], scatter), rest = c.in[1 - i];
        if (table) return where_used(t, tape_map2(t, c.op, scattered(t, rest, scatter), table), scatter);
    }
    return 0;
}

/* A renaming of what is summed into places becomes one of the places. */
static ref scatter_renamed(tape *t, const instruction *scatter) {
    instruction c = *at(t, scatter->in[0]);
    axis from = (axis)c.attribute, to = (axis)c.attribute2, of = (axis)scatter->attribute;
    if (c.op != OP_rename || to == of || from == of || !axes_has(scatter->axes, to)) return 0;
    axes index = at(t, scatter->in[1])->axes, places = axes_with(axes_without(scatter->axes, to), from);
    if (axes_has(index, from) || axes_has(index, to) || axes_has(scatter->axes, from)) return 0;
    return tape_rename(t, tape_scatter(t, c.in[0], scatter->in[1], of, places), from, to);
}

/* Arithmetic of values that are looked up by this index anyway, as a function of those; else 0. */
static ref arithmetic_of_entries(tape *t, ref table, const instruction *gather) {
    instruction f = *at(t, table), there = *gather;
    axis along = (axis)gather->attribute;
    if (!axes_has(f.axes, along)) return table;
    there.in[0] = table;
    there.axes = axes_union(axes_without(f.axes, along), at(t, gather->in[1])->axes);
    ref found = tape_find(t, there);
    if (found || op_kind_of(f.op) != KIND_MAP || f.op > OP_sqrt || f.op == OP_pow) return found;
    ref a = arithmetic_of_entries(t, f.in[0], gather);
    if (!a || op_inputs(f.op) == 1) return a ? tape_map1(t, f.op, a) : 0;
    ref b = arithmetic_of_entries(t, f.in[1], gather);
    return b ? tape_map2(t, f.op, a, b) : 0;
}

static ref look_up_gather(const rewriting *w, const instruction *x) {
    const bool *fixed = w->user;
    ref table = x->in[0], index = tape_at(w->from, w->at)->in[1];
    bool arithmetic = op_kind_of(at(w->to, table)->op) == KIND_MAP;
    bool smaller = tape_size(w->to, at(w->to, table)->axes) < tape_size(w->to, x->axes);
    return !arithmetic || fixed[index] || smaller ? 0 : arithmetic_of_entries(w->to, table, x);
}

static ref look_up(const rewriting *w, instruction x) {
    tape *t = w->to;
    ref r = 0;
    if (x.op == OP_gather) r = look_up_gather(w, &x);
    if (is_function(x.op)) r = function_of_table(t, x.op, x.in[0]);
    if (x.op == OP_rename) r = renamed(t, x.in[0], (axis)x.attribute, (axis)x.attribute2);
    if (x.op == OP_scatter) r = scatter_rest(t, &x);
    if (x.op == OP_scatter && !r) r = scatter_renamed(t, &x);
    return r ? r : pass_emit(w, x);
}

void pass_look_up(const tape *from, tape *to) {
    pass_rewrite(from, to, look_up, pass_find_fixed(from, to->arena));
}
