#include "autodiff/pieces.h"

#include "autodiff/plan.h"

/* The way to a piece costs what some vectors cost. So few entries are summed at once. */
enum { PIECE_LEAST = 16, ENTRIES_FEW = 64 };

/* Whether the index ascends, with runs that are long enough; then it has places and ends. */
static bool find_runs(const plan *p, ref r, uint32_t reach, pieces *found) {
    const double *x = tape_at(p->tape, r)->pointer;
    uint64_t count = tape_size(p->tape, tape_at(p->tape, r)->axes);
    if (count > INT32_MAX || count < PIECE_LEAST * (uint64_t)reach) return false;
    for (uint64_t i = 0; i < count; i++)
        if (!(x[i] >= 1 && x[i] < (double)reach + 1) || (i && x[i] < x[i - 1])) return false;
    uint32_t runs = 0;
    run *all = arena_array(p->arena, run, reach);
    uint32_t *first = arena_array(p->arena, uint32_t, count / RUNS_APART + 1);
    for (uint64_t i = 0; i < count; i++) {
        if (!runs || all[runs - 1].place != (uint32_t)x[i] - 1) all[runs++].place = (uint32_t)x[i] - 1;
        all[runs - 1].end = (uint32_t)i + 1;
        if (i % RUNS_APART == 0) first[i / RUNS_APART] = runs - 1;
    }
    *found = (pieces){count, r, all, first};
    return true;
}

/* By axis: the pieces of the first sorted index along it. */
static pieces *find_indices(const plan *p) {
    const tape *t = p->tape;
    pieces *found = arena_array(p->arena, pieces, t->axes.count);
    for (ref r = 1; r < t->code.count; r++) {
        const instruction *x = tape_at(t, r);
        if (x->op != OP_gather && x->op != OP_scatter) continue;
        axes along = tape_at(t, x->in[1])->axes;
        if (tape_at(t, x->in[1])->op != OP_data || along.count != 1 || found[along.at[0]].by) continue;
        find_runs(p, x->in[1], t->axes.at[x->attribute].size, &found[along.at[0]]);
    }
    return found;
}

static pieces pieces_of(const tape *t, axes of, const pieces *by_axis) {
    uint64_t length = 1;
    if (tape_size(t, of) <= ENTRIES_FEW) return (pieces){0};
    for (int i = of.count; i-- > 0 && length < PIECE_LEAST;) {
        if (length == 1 && by_axis[of.at[i]].by) return by_axis[of.at[i]];
        length *= t->axes.at[of.at[i]].size;
    }
    return (pieces){.length = length < tape_size(t, of) ? length : 0};
}

void pieces_find(plan *p) {
    const pieces *by_axis = find_indices(p);
    for (uint32_t k = p->fixed_steps; k < p->steps.count; k++)
        if (p->steps.at[k].kind == STEP_region)
            p->steps.at[k].region.pieces = pieces_of(p->tape, p->steps.at[k].region.axes, by_axis);
}
