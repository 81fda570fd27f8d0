#include "autodiff/places.h"

typedef struct search {
    const tape *tape;
    const uint32_t *uses;
    const bool *kept;
    arena *arena;
    vector(ref) sums, found; /* inner sums, placed values */
    axes axes;               /* of the result */
    axis into;
} search;

static uint64_t placed_entries(const tape *t, ref r) {
    const instruction *x = tape_at(t, r);
    return tape_size(t, axes_minus(tape_at(t, x->in[0])->axes, x->axes));
}

/* Collects the placed values below x. False where something else is there. */
static bool collect(search *s, ref r, bool top) {
    const instruction *x = tape_at(s->tape, r);
    if (!top && (s->uses[r] != 1 || s->kept[r])) return false;
    if (x->op == OP_place) {
        if (!s->found.count) s->into = (axis)x->attribute;
        push(s->arena, &s->found, r);
        return x->attribute == s->into && axes_equal(x->axes, s->axes);
    }
    if (x->op != OP_add) return false;
    if (!top) push(s->arena, &s->sums, r);
    return collect(s, x->in[0], false) && collect(s, x->in[1], false);
}

static void sort_by_offset(const tape *t, ref *at, uint32_t count) {
    for (uint32_t i = 1; i < count; i++) {
        ref r = at[i];
        uint32_t k = i;
        for (; k && tape_at(t, at[k - 1])->offset > tape_at(t, r)->offset; k--) at[k] = at[k - 1];
        at[k] = r;
    }
}

/* Whether none overlap; *covered whether none leave a gap. */
static bool apart(const search *s, bool *covered) {
    uint64_t end = 0;
    *covered = true;
    for (uint32_t i = 0; i < s->found.count; i++) {
        uint64_t from = tape_at(s->tape, s->found.at[i])->offset;
        if (from < end) return false;
        *covered &= from == end;
        end = from + placed_entries(s->tape, s->found.at[i]);
    }
    *covered &= end == s->tape->axes.at[s->into].size;
    return true;
}

placement *places_find(const tape *t, const uint32_t *uses, const bool *kept, bool join, bool *gone,
                       arena *a) {
    placement *list = arena_array(a, placement, t->code.count);
    for (ref r = t->code.count; r-- > 1;) {
        const instruction *x = tape_at(t, r);
        if (gone[r] || (x->op != OP_place && (x->op != OP_add || !join)) || (!uses[r] && !kept[r])) continue;
        search s = {.tape = t, .uses = uses, .kept = kept, .arena = a, .axes = x->axes};
        bool covered;
        if (!collect(&s, r, true)) continue;
        sort_by_offset(t, s.found.at, s.found.count);
        if (!apart(&s, &covered)) continue;
        list[r] = (placement){s.found.count, s.found.at, covered};
        for (uint32_t i = 0; i < s.sums.count; i++) gone[s.sums.at[i]] = true;
        for (uint32_t i = 0; i < s.found.count && x->op == OP_add; i++) gone[s.found.at[i]] = true;
    }
    return list;
}
