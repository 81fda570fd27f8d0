/* Rows in the order of their groups. Where all that has an axis is data or computed elementwise from them,
 * its entries may come in any order. So the data are sorted once by the largest table that the axis looks
 * entries up in: then equal entries are looked up one after the other, and their adjoint is a sum of
 * neighbours.
 *
 * An axis may be sorted if no input, output, draw or loop has it, and nothing takes entries along it out or
 * puts them in. What is said of its entries goes through its `order` (tape.h). */
#include "autodiff/passes.h"

#include <string.h>

typedef struct sorting {
    bool *fixed_order;      /* by axis */
    ref *key;               /* by axis: the index to sort by; 0 without */
    const uint32_t **order; /* by axis: entry i is to be entry order[i] of the data; NULL where it stays */
} sorting;

static void keep(const sorting *s, axes of) {
    for (int i = 0; i < of.count; i++) s->fixed_order[of.at[i]] = true;
}

/* The axes along which an instruction needs the entries in their order. */
static axes needs_order(const tape *t, const instruction *x) {
    axes in = axes_union(tape_at(t, x->in[0])->axes, tape_at(t, x->in[1])->axes),
         all = axes_union(in, x->axes);
    switch (op_kind_of(x->op)) {
    case KIND_LEAF: return x->op == OP_input ? x->axes : (axes){0};
    case KIND_MAP:
    case KIND_REDUCE: return (axes){0};
    case KIND_MOVE:
        if (x->op == OP_expand) return (axes){0};
        if (x->op == OP_gather || x->op == OP_scatter) return axes_one((axis)x->attribute);
        return axes_with(axes_minus(all, axes_common(in, x->axes)), (axis)x->attribute);
    default: return x->op == OP_contract ? (axes){0} : all;
    }
}

static void find_order(const tape *t, const sorting *s) {
    for (ref r = 1; r < t->code.count; r++) {
        const instruction *x = tape_at(t, r);
        keep(s, needs_order(t, x));
        operands in = tape_operands(t, r);
        for (uint32_t i = 0; i < in.count && x->op == OP_scan; i++) keep(s, tape_at(t, in.at[i])->axes);
        if (x->op == OP_scan) keep(s, axes_one(tape_scan(t, r)->along));
    }
    for (uint32_t k = 0; k < t->outputs.count; k++) keep(s, tape_at(t, t->outputs.at[k])->axes);
}

/* By axis, the index into the table with the most entries. */
static void find_keys(const tape *t, const sorting *s) {
    for (ref r = 1; r < t->code.count; r++) {
        const instruction *x = tape_at(t, r);
        if (x->op != OP_gather || tape_at(t, x->in[1])->op != OP_data) continue;
        axes of = tape_at(t, x->in[1])->axes;
        if (of.count != 1 || s->fixed_order[of.at[0]]) continue;
        ref best = s->key[of.at[0]];
        if (!best || tape_size(t, tape_at(t, x->in[0])->axes) >
                         tape_size(t, tape_at(t, tape_at(t, best)->in[0])->axes))
            s->key[of.at[0]] = r;
    }
}

/* Stable, by counting; NULL where they are in order, or some are out of range. */
static const uint32_t *order_of(const double *index, uint32_t n, uint32_t reach, arena *a) {
    uint32_t *start = arena_array(a, uint32_t, reach + 1), *order = arena_array(a, uint32_t, n);
    bool sorted = true;
    for (uint32_t i = 0; i < n; i++) {
        if (!(index[i] >= 1 && index[i] < (double)reach + 1)) return NULL;
        if (i && index[i] < index[i - 1]) sorted = false;
        start[(uint32_t)index[i]]++;
    }
    if (sorted) return NULL;
    for (uint32_t k = 0; k < reach; k++) start[k + 1] += start[k];
    for (uint32_t i = 0; i < n; i++) order[start[(uint32_t)index[i] - 1]++] = i;
    return order;
}

static void find_orders(const tape *t, const sorting *s, arena *a) {
    for (uint32_t k = 0; k < t->axes.count; k++) {
        if (!s->key[k]) continue;
        const instruction *x = tape_at(t, s->key[k]);
        s->order[k] =
            order_of(tape_at(t, x->in[1])->pointer, t->axes.at[k].size, t->axes.at[x->attribute].size, a);
    }
}

/* The data with the entries along one axis in another order. */
static const double *reordered(const tape *t, const double *x, axes of, int which, const uint32_t *order,
                               arena *a) {
    uint64_t n = t->axes.at[of.at[which]].size, inner = 1, all = tape_size(t, of);
    for (int i = which + 1; i < of.count; i++) inner *= t->axes.at[of.at[i]].size;
    double *y = arena_take_aligned(a, all * sizeof *y);
    for (uint64_t from = 0; from < all; from += n * inner)
        for (uint64_t i = 0; i < n; i++)
            memcpy(y + from + i * inner, x + from + order[i] * inner, inner * sizeof *y);
    return y;
}

static ref sort(const rewriting *w, instruction x) {
    const sorting *s = w->user;
    arena *a = w->to->arena;
    if (x.op == OP_position && s->order[x.axes.at[0]]) {
        uint32_t n = w->from->axes.at[x.axes.at[0]].size;
        double *y = arena_take_aligned(a, n * sizeof *y);
        for (uint32_t i = 0; i < n; i++) y[i] = s->order[x.axes.at[0]][i] + 1;
        return tape_data(w->to, y, x.axes);
    }
    for (int i = 0; i < x.axes.count && x.op == OP_data; i++) {
        const uint32_t *order = s->order[x.axes.at[i]];
        if (order) x.pointer = reordered(w->from, x.pointer, x.axes, i, order, a);
    }
    return pass_emit(w, x);
}

void pass_sort(const tape *from, tape *to) {
    arena *a = to->arena;
    uint32_t count = from->axes.count + 1;
    sorting s = {arena_array(a, bool, count), arena_array(a, ref, count),
                 arena_array(a, const uint32_t *, count)};
    find_order(from, &s);
    find_keys(from, &s);
    find_orders(from, &s, a);
    pass_rewrite(from, to, sort, &s);
    for (uint32_t k = 0; k < from->axes.count; k++)
        if (s.order[k]) to->axes.at[k].order = s.order[k];
}
