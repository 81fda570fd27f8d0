/* Which axis is innermost. Vectors are as long as the innermost axis of a value, and with few schools and
 * many draws [draw, school] has short ones. Where nothing is done along an axis but to sum (the tape is a
 * function for each of its entries), its place is free, and it becomes the last where that makes for longer
 * vectors: as an axis of the same size behind all others, which inputs, data and draws are renamed to and
 * outputs are renamed from. Their own order stays.
 *
 * Counted are the runs of the innermost axis in all elementwise values that have the axis and another. */
#include "autodiff/passes.h"

enum { INNER_LEAST = 16, GAIN = 2 };

static const instruction *at(const tape *t, ref r) { return tape_at(t, r); }

static bool has_axis(const tape *t, const instruction *x, axis a) {
    bool has = axes_has(x->axes, a);
    for (int i = 0; i < op_inputs(x->op); i++) has |= axes_has(at(t, x->in[i])->axes, a);
    return has;
}

/* Whether an instruction does with the axis only what it does for each entry of it, or sums over it. */
static bool leaves_alone(const tape *t, ref r, axis a) {
    const instruction *x = at(t, r);
    switch (x->op) {
    case OP_gather: return x->attribute != a && !axes_has(at(t, x->in[1])->axes, a);
    case OP_slice:
    case OP_place: return x->attribute != a && axes_has(x->axes, a) == axes_has(at(t, x->in[0])->axes, a);
    case OP_position: return !axes_has(x->axes, a);
    case OP_sum:
    case OP_contract:
    case OP_expand: return true;
    default:
        return op_kind_of(x->op) == KIND_MAP || op_kind_of(x->op) == KIND_LEAF ||
               op_kind_of(x->op) == KIND_RANDOM || !has_axis(t, x, a);
    }
}

typedef struct runs {
    uint64_t now, then;
} runs;

/* Of the elementwise values that have the axis and another. */
static runs count_runs(const tape *t, const uint32_t *uses, axis a) {
    runs n = {0};
    for (ref r = 1; r < t->code.count; r++) {
        const instruction *x = at(t, r);
        if (!uses[r] || op_kind_of(x->op) != KIND_MAP || x->axes.count < 2 || !axes_has(x->axes, a)) continue;
        uint64_t entries = tape_size(t, x->axes), last = t->axes.at[x->axes.at[x->axes.count - 1]].size;
        if (!entries) continue;
        n.now += entries / last;
        n.then += entries / t->axes.at[a].size;
    }
    return n;
}

/* The axis that gains most; AXIS_NONE where none is worth it. */
static axis choose(const tape *t, const uint32_t *uses) {
    axis best = AXIS_NONE;
    uint64_t gain = 0;
    for (axis a = 0; a < t->axes.count; a++) {
        if (t->axes.at[a].size < INNER_LEAST) continue;
        bool free = true;
        for (ref r = 1; r < t->code.count && free; r++) free = !uses[r] || leaves_alone(t, r, a);
        runs n = free ? count_runs(t, uses, a) : (runs){0};
        if (n.now <= GAIN * n.then || n.now - n.then <= gain) continue;
        best = a;
        gain = n.now - n.then;
    }
    return best;
}

static axes replaced(axes of, axis a, axis by) {
    return axes_has(of, a) ? axes_with(axes_without(of, a), by) : of;
}

/* Leaves and draws keep their order; all others are of the new axis where they were of the old. */
static ref rewrite(tape *to, instruction x, const ref *map, axis a, axis by) {
    bool keeps = op_kind_of(x.op) == KIND_LEAF || op_kind_of(x.op) == KIND_RANDOM;
    for (int i = 0; i < 3; i++)
        x.in[i] = x.in[i] && keeps ? tape_rename(to, map[x.in[i]], by, a) : map[x.in[i]];
    if (!keeps) x.axes = replaced(x.axes, a, by);
    ref r = tape_emit(to, x);
    return keeps ? tape_rename(to, r, a, by) : r;
}

static bool is_placed(const tape *t, ref r, axis by) {
    const instruction *x = at(t, r);
    if (x->op == OP_add) return is_placed(t, x->in[0], by) && is_placed(t, x->in[1], by);
    return x->op == OP_place && x->attribute != by;
}

/* With the old axis. What is put side by side is renamed before, and then put where it belongs. */
static ref renamed_back(tape *to, ref r, axis a, axis by) {
    const instruction x = *at(to, r);
    if (!is_placed(to, r, by)) return tape_rename(to, r, by, a);
    if (x.op == OP_add)
        return tape_map2(to, OP_add, renamed_back(to, x.in[0], a, by), renamed_back(to, x.in[1], a, by));
    axes from = axes_minus(at(to, x.in[0])->axes, x.axes);
    return tape_place(to, tape_rename(to, x.in[0], by, a), from, (axis)x.attribute, x.offset);
}

void pass_inner(const tape *from, tape *to) {
    const uint32_t *uses = pass_count_uses(from, to->arena);
    axis a = from->scans.count ? AXIS_NONE : choose(from, uses);
    if (a == AXIS_NONE) {
        pass_drop(from, to);
        return;
    }
    for (uint32_t i = 0; i < from->axes.count; i++)
        tape_add_axis(to, from->axes.at[i].name, from->axes.at[i].size);
    axis by = tape_add_axis(to, from->axes.at[a].name, from->axes.at[a].size);
    to->slots = from->slots;
    to->streams = from->streams;
    ref *map = arena_array(to->arena, ref, from->code.count);
    for (ref r = 1; r < from->code.count; r++) {
        if (!uses[r]) continue;
        to->at = at(from, r)->at;
        map[r] = rewrite(to, *at(from, r), map, a, by);
    }
    for (uint32_t k = 0; k < from->outputs.count; k++)
        tape_output(to, renamed_back(to, map[from->outputs.at[k]], a, by));
}
