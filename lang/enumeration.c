/* Discrete latents are summed out exactly, by variable elimination with plates (Obermeyer et al., Tensor
 * Variable Elimination for Plated Factor Graphs, ICML 2019), planned here on the typed program, before there
 * are data; runtime/bind/marginal.c carries the plan out on the tape, in log space.
 *
 * A latent z[obs] has a value for each entry of its plates, here `obs`, but its states are one axis more.
 * Every statement in which z stands is a factor: a function of z's state at each entry of the statement's own
 * plates. For each factor the plan knows which entry of z is meant (a use): the same one, that of an
 * index, `z[animal_of]`, or the one before, `z[time - 1]`.
 *
 * To eliminate z all factors that it enters are summed over the plates that z does not have, so that there is
 * one number for each of z's entries and states; then the states are summed over. This is right only if no
 * other latent of those factors varies over the plates that are summed; that one has to be eliminated first.
 * Where each waits for the other the sum has a term for every combination of entries, and is refused.
 *
 * Where neighbours along an axis meet, z is a chain: the forward algorithm eliminates it entry by entry.
 * Chains along the same axis that meet are one chain, whose state is that of all of them; so are latents of
 * which each meets neighbours of another, none its own, as `a` given `b[time - 1]` and b given `a[time - 1]`.
 *
 * The states of a neighbour have an axis of their own in every factor, and that is what a shift in a reach
 * says, whatever the entries that stand behind it: a use with a shift has the neighbour's states, one without
 * has those of the entry. An elimination that would break this is not done.
 *
 * Continuous latents with particles for states go the same way (program_with_particles): such a block has the
 * plates along which its entries have particles of their own, and any further axes of its variables are
 * inside of a particle. */
#include "lang/checker.h"

#include <stdlib.h>

enum { SUMMED_MOST = 64, FACTOR_STATES_MOST = 8 };

typedef vector(latent_use) latent_uses;

typedef struct enumerator {
    checker *c;
    program *p;
    uint32_t *number;          /* by variable: 1 + its number among the summed, or 0 */
    const latent_uses **found; /* by node; NULL: not known yet */
    uint32_t found_size;
    bool failed;
    uint64_t in_the_way; /* bit k: it failed for summed k */
    bool *gone;          /* by summed: eliminated */
    bool *taken;         /* by factor */
} enumerator;

static const latent_uses NONE = {0};

/* ---- mistakes ---- */

static const char *summed_name(const enumerator *e, uint32_t k) {
    return program_variable(e->p, e->p->summed.at[k].of)->name;
}

/* One message is enough: what follows from it is not told. */
static diagnostic *refuse(enumerator *e, uint32_t k, span at, const char *text) {
    e->failed = true;
    e->in_the_way |= (uint64_t)1 << k % SUMMED_MOST;
    return diagnose(e->c->d, DIAGNOSTIC_enumeration, at, "%s", text);
}

static void refuse_combinations(enumerator *e, uint32_t k, span at, const char *names) {
    diagnostic *told = refuse(
        e, k, at,
        arena_print(e->c->arena,
                    "summing out %s takes a term for every combination of entries that meet here", names));
    advise(e->c->d, told,
           "let every entry of the statement depend on one entry of each discrete latent, or draw the latent "
           "in a guide");
}

/* ---- uses ---- */

static axes reach_axes(const enumerator *e, const reach *r) {
    return r->index ? program_node(e->p, r->index)->axes : axes_one(r->at);
}

static axes plates_of(const enumerator *e, uint32_t k) { return e->p->summed.at[k].plates; }
static int plate_count(const enumerator *e, uint32_t k) { return plates_of(e, k).count; }
static axis plate_of(const enumerator *e, uint32_t k, int i) { return plates_of(e, k).at[i]; }

static bool same_reach(const reach *a, const reach *b) {
    return a->index == b->index && (a->index || (a->at == b->at && a->shift == b->shift));
}

static bool same_use(const enumerator *e, const latent_use *a, const latent_use *b) {
    if (a->of != b->of) return false;
    for (int i = 0; i < plate_count(e, a->of); i++)
        if (!same_reach(&a->by[i], &b->by[i])) return false;
    return true;
}

static void add_use(enumerator *e, latent_uses *to, const latent_use *a) {
    for (uint32_t i = 0; i < to->count; i++)
        if (same_use(e, &to->at[i], a)) return;
    push(e->c->arena, to, *a);
}

static void add_uses(enumerator *e, latent_uses *to, const latent_uses *from) {
    for (uint32_t i = 0; i < from->count; i++) add_use(e, to, &from->at[i]);
}

/* The first of the uses that varies over one of these axes, or NULL. */
static const latent_use *use_over(const enumerator *e, const latent_uses *all, axes over) {
    for (uint32_t i = 0; i < all->count; i++)
        for (int k = 0; k < plate_count(e, all->at[i].of); k++)
            if (axes_common(reach_axes(e, &all->at[i].by[k]), over).count) return &all->at[i];
    return NULL;
}

static const latent_uses *uses_of(enumerator *e, node n);

/* What a node that moves entries makes of one reach of what it moves. */
static void move_reach(enumerator *e, const node_row *r, uint32_t of, reach *x) {
    checker *c = e->c;
    axes over = reach_axes(e, x);
    switch (r->op) {
    case NODE_gather:
        if (!axes_has(over, r->axis)) return;
        if (x->index) x->index = make_gather(c, x->index, r->in[1], r->axis, r->at);
        else if (x->shift == 0 && program_axis(e->p, x->at)->source != AXIS_part)
            *x = (reach){.index = r->in[1]};
        else refuse_combinations(e, of, r->at, "a chain");
        return;
    case NODE_rename:
        if (!axes_has(over, r->axis)) return;
        if (x->index) x->index = make_rename(c, x->index, r->axis, r->axis2, r->at);
        else x->at = r->axis2;
        return;
    case NODE_part:
        if (!axes_has(over, r->axis2)) return;
        if (x->index) x->index = make_part(c, x->index, r->axis2, r->axis, (int32_t)r->number, r->at);
        else *x = (reach){.at = r->axis, .shift = x->shift + (int32_t)r->number};
        return;
    case NODE_place:
        if (!axes_has(over, r->axis)) return;
        if (!x->index) x->at = r->axis2;
        else refuse_combinations(e, of, r->at, "a latent that an index selects");
        return;
    default: return;
    }
}

static void move_uses(enumerator *e, const node_row *r, latent_uses *to) {
    const latent_uses *from = uses_of(e, r->in[0]);
    for (uint32_t i = 0; i < from->count && !e->failed; i++) {
        latent_use a = from->at[i];
        for (int k = 0; k < plate_count(e, a.of) && !e->failed; k++) move_reach(e, r, a.of, &a.by[k]);
        add_use(e, to, &a);
    }
}

/* The axes along which a node mixes entries. */
static axes mixed_axes(const enumerator *e, const node_row *r) {
    switch (node_form_of(r->op)) {
    case FORM_REDUCE: return axes_minus(program_node(e->p, r->in[0])->axes, r->axes);
    case FORM_SCAN: return axes_one(r->axis);
    case FORM_FACTOR:
    case FORM_SOLVE: return axes_with(axes_one(r->axis), r->axis2);
    default: return (axes){0};
    }
}

/* What the values of a variable with particles are counted from: node 0, which uses nothing, where there is
 * no such. */
static node location_of(const enumerator *e, uint32_t k, variable v) {
    const particle_block *b = e->p->summed.at[k].block;
    for (uint32_t i = 0; b && i < b->count; i++)
        if (b->of[i] == v) return b->location[i];
    return 0;
}

static void find_uses(enumerator *e, const node_row *r, latent_uses *to) {
    const program *p = e->p;
    if (r->op == NODE_variable) {
        const variable_row *v = program_variable(p, r->variable);
        uint32_t k = e->number[r->variable];
        if (k) {
            latent_use a = {.of = k - 1};
            for (int i = 0; i < plate_count(e, k - 1); i++) a.by[i].at = plate_of(e, k - 1, i);
            add_use(e, to, &a);
            add_uses(e, to, uses_of(e, location_of(e, k - 1, r->variable)));
        } else if (v->value && v->kind != VARIABLE_data && v->kind != VARIABLE_param)
            add_uses(e, to, uses_of(e, v->value));
        return;
    }
    for (int i = 0; i < node_inputs(r->op) && !e->failed; i++) {
        const latent_uses *in = uses_of(e, r->in[i]);
        if (!in->count) continue;
        if (r->op == NODE_step) {
            diagnostic *told =
                refuse(e, in->at[0].of, r->at,
                       arena_print(e->c->arena,
                                   "the discrete latent `%s` enters a computed recurrence, whose "
                                   "value depends on all its entries so far",
                                   summed_name(e, in->at[0].of)));
            advise(e->c->d, told, "draw `%s` in a guide", summed_name(e, in->at[0].of));
            return;
        }
        const latent_use *mixed = use_over(e, in, mixed_axes(e, r));
        if (r->op == NODE_gather && i == 1) mixed = use_over(e, uses_of(e, r->in[0]), axes_one(r->axis));
        if (mixed) {
            refuse_combinations(e, mixed->of, r->at,
                                arena_print(e->c->arena, "`%s`", summed_name(e, mixed->of)));
            return;
        }
        bool moves = i == 0 && (r->op == NODE_gather || r->op == NODE_rename || r->op == NODE_part ||
                                r->op == NODE_place);
        if (moves) move_uses(e, r, to);
        else add_uses(e, to, in);
    }
}

static const latent_uses *uses_of(enumerator *e, node n) {
    if (e->failed || !n || n >= e->found_size) return &NONE; /* a node of an index, made here */
    if (e->found[n]) return e->found[n];
    node_row r = *program_node(e->p, n);
    latent_uses *found = arena_new(e->c->arena, latent_uses);
    find_uses(e, &r, found);
    e->found[n] = found;
    return found;
}

/* ---- what is summed out ---- */

static bool is_finite(enumerator *e, variable v) {
    const variable_row *row = program_variable(e->p, v);
    if (row->type.support == SUPPORT_binary || row->type.support == SUPPORT_index) return true;
    diagnostic *told =
        refuse(e, 0, row->at,
               arena_print(e->c->arena, "`%s` is %s, so that there is no end to what would be summed over",
                           row->name, SUPPORTS[row->type.support].about));
    advise(e->c->d, told,
           "draw it in a guide, or use a latent with finitely many states: `bernoulli`, or `categorical` "
           "over an axis");
    return false;
}

static void find_summed(enumerator *e) {
    program *p = e->p;
    for (variable v = 0; v < p->variables.count; v++) {
        variable_row *row = &p->variables.at[v];
        if (row->kind != VARIABLE_latent || !type_range(p, row->type).whole || program_guide_statement(p, v))
            continue;
        if (!is_finite(e, v)) return;
        bool binary = row->type.support == SUPPORT_binary;
        push(p->arena, &p->summed,
             (summed){v, binary ? AXIS_NONE : row->type.index, AXIS_NONE, row->axes, NULL});
        e->number[v] = p->summed.count;
        row->kind = VARIABLE_summed;
        if (p->summed.count <= SUMMED_MOST) continue;
        diagnostic *told = refuse(e, SUMMED_MOST, row->at,
                                  arena_print(p->arena, "more than %d discrete latents", SUMMED_MOST));
        advise(e->c->d, told, "give them an axis, `z[k] ~ …`, where they are alike");
        return;
    }
}

/* A sum of terms is a factor a term. */
static void add_factor(enumerator *e, node density, axes plates) {
    const node_row *r = program_node(e->p, density);
    if (r->op == NODE_sum) {
        add_factor(e, r->in[0], axes_union(plates, axes_minus(program_node(e->p, r->in[0])->axes, r->axes)));
        return;
    }
    const latent_uses *found = uses_of(e, density);
    if (!found->count) return;
    marginal_factor f = {.density = density, .plates = plates};
    f.uses.at = found->at, f.uses.count = found->count, f.uses.capacity = found->count;
    push(e->p->arena, &e->p->marginal, f);
}

/* Bit k of a node's mask: summed k enters it. Of all nodes, since what is generated may use them in any way.
 */
static uint64_t touch(enumerator *e, bool *known, node n) {
    program *p = e->p;
    if (known[n]) return p->touched[n];
    known[n] = true;
    const node_row *r = program_node(p, n);
    uint64_t bits = 0;
    for (int i = 0; i < node_inputs(r->op); i++) bits |= touch(e, known, r->in[i]);
    if (r->op == NODE_variable) {
        const variable_row *v = program_variable(p, r->variable);
        uint32_t k = e->number[r->variable];
        if (k) bits = (uint64_t)1 << (k - 1);
        else if (v->value && v->kind != VARIABLE_data && v->kind != VARIABLE_param)
            bits = touch(e, known, v->value);
    }
    return p->touched[n] = bits;
}

static void note_touched(enumerator *e) {
    program *p = e->p;
    bool *known = arena_array(p->arena, bool, p->nodes.count);
    p->touched = arena_array(p->arena, uint64_t, p->nodes.count);
    p->touched_count = p->nodes.count;
    for (node n = 1; n < p->nodes.count; n++) touch(e, known, n);
}

/* ---- chains ---- */

/* The place where two uses of one latent differ, if they meet neighbours along one axis; else -1. */
static int differing_plate(const enumerator *e, const latent_use *a, const latent_use *b) {
    int at = -1;
    for (int i = 0; i < plate_count(e, a->of); i++) {
        if (same_reach(&a->by[i], &b->by[i])) continue;
        if (at >= 0) return -1;
        at = i;
    }
    if (at < 0) return -1;
    const reach *x = &a->by[at], *y = &b->by[at];
    bool neighbours = !x->index && !y->index && x->at == y->at && (x->shift == 0) != (y->shift == 0) &&
                      abs(x->shift + y->shift) == 1;
    return neighbours ? at : -1;
}

/* The uses of summed k in a factor: none, one, or two that are neighbours (the one with a shift second).
 * False, reported, for any other. */
static bool find_meeting(enumerator *e, const marginal_factor *f, uint32_t k, const latent_use *at[2],
                         int *plate) {
    at[0] = at[1] = NULL;
    *plate = -1;
    uint32_t count = 0;
    for (uint32_t i = 0; i < f->uses.count; i++) {
        if (f->uses.at[i].of != k) continue;
        if (count < 2) at[count] = &f->uses.at[i];
        count++;
    }
    if (count == 2) *plate = differing_plate(e, at[0], at[1]);
    if (count < 2) return true;
    span where =
        f->density ? program_node(e->p, f->density)->at : program_variable(e->p, e->p->summed.at[k].of)->at;
    if (*plate < 0) {
        refuse_combinations(e, k, where, arena_print(e->c->arena, "`%s`", summed_name(e, k)));
        return false;
    }
    if (at[0]->by[*plate].shift) {
        const latent_use *swap = at[0];
        at[0] = at[1];
        at[1] = swap;
    }
    return true;
}

static bool same_end(entry_place a, bool from_end, int32_t offset) {
    return a.from_end == from_end && a.offset == offset;
}

/* Whether a part is [2, last], or for backward chains [1, last - 1]. */
static bool is_step(const axis_row *part, bool backward) {
    return part->source == AXIS_part && same_end(part->first, false, backward ? 1 : 2) &&
           same_end(part->last, true, backward ? -1 : 0);
}

typedef struct chain {
    axis along, step; /* AXIS_NONE: none */
    bool backward;
} chain;

/* The part of an axis whose entries have a neighbour before them; AXIS_NONE where the program has no such. */
static axis step_along(const program *p, axis along, bool backward) {
    for (axis a = 0; a < p->axes.count; a++)
        if (program_axis(p, a)->of == along && is_step(program_axis(p, a), backward)) return a;
    return AXIS_NONE;
}

static chain chain_of(const enumerator *e, uint32_t k, int plate, int32_t shift) {
    axis along = plate_of(e, k, plate);
    return (chain){along, step_along(e->p, program_axis(e->p, along)->of, shift > 0), shift > 0};
}

static void refuse_neighbours(enumerator *e, const marginal_factor *f, uint32_t k, axis along) {
    const program *p = e->p;
    span where = f->density ? program_node(p, f->density)->at : program_variable(p, p->summed.at[k].of)->at;
    const char *name = program_axis(p, along)->name;
    diagnostic *told = refuse(
        e, k, where,
        arena_print(e->c->arena, "`%s` meets its neighbours in more than one way, so that it is no chain",
                    summed_name(e, k)));
    advise(e->c->d, told,
           "a chain is `[%s = 1]` and `[%s > 1]` with `[%s - 1]`, or `[%s = last]` and `[%s < last]` "
           "with `[%s + 1]`",
           name, name, name, name, name, name);
}

/* Whether summed k is a chain; false, reported, where its neighbours meet in a way that is none. */
static bool find_chain(enumerator *e, uint32_t k, chain *found) {
    *found = (chain){AXIS_NONE, AXIS_NONE, false};
    for (uint32_t i = 0; i < e->p->marginal.count; i++) {
        const marginal_factor *f = &e->p->marginal.at[i];
        const latent_use *at[2];
        int plate;
        if (e->taken[i]) continue;
        if (!find_meeting(e, f, k, at, &plate)) return false;
        if (plate < 0) continue;
        chain now = chain_of(e, k, plate, at[1]->by[plate].shift);
        bool agrees =
            found->along == AXIS_NONE || (found->along == now.along && found->backward == now.backward);
        if (now.step == AXIS_NONE || !agrees) {
            refuse_neighbours(e, f, k, now.along);
            return false;
        }
        *found = now;
    }
    return true;
}

/* The axis along which a latent is used one entry away gets axes for the neighbour's states. */
static void note_neighbours(enumerator *e) {
    for (node n = 1; n < e->found_size && !e->failed; n++) {
        const latent_uses *found = e->found[n] ? e->found[n] : &NONE;
        for (uint32_t i = 0; i < found->count; i++) {
            const latent_use *a = &found->at[i];
            summed *s = &e->p->summed.at[a->of];
            for (int k = 0; k < plate_count(e, a->of) && !e->failed; k++) {
                if (a->by[k].index || a->by[k].shift == 0) continue;
                axis along = plate_of(e, a->of, k);
                if (abs(a->by[k].shift) == 1 && (s->along == AXIS_NONE || s->along == along)) {
                    s->along = along;
                    continue;
                }
                diagnostic *told = refuse(
                    e, a->of, program_node(e->p, n)->at,
                    arena_print(e->c->arena, "`%s` is used more than one entry away, or along two axes",
                                summed_name(e, a->of)));
                advise(e->c->d, told, "a discrete latent can be a chain of first order along one axis");
            }
        }
    }
}

/* ---- elimination ---- */

/* The plate of `by` that stands for the axis x of a factor, and how far it is moved; -1 where it is summed.
 */
static int kept_as(const enumerator *e, const latent_use *by, axis x) {
    for (int i = 0; i < plate_count(e, by->of); i++)
        if (!by->by[i].index && by->by[i].at == x) return i;
    return -1;
}

/* The index that selects by `index` what `by` has selected already: with it the entry of another latent is
 * found from that of the first, `school_of[student_of]` by `student_of` is `school_of`. 0: none. */
static node index_from(const enumerator *e, const latent_use *by, node index) {
    const node_row *r = program_node(e->p, index);
    for (int k = 0; k < plate_count(e, by->of); k++)
        if (r->op == NODE_gather && r->in[1] == by->by[k].index && r->axis == plate_of(e, by->of, k))
            return r->in[0];
    return 0;
}

static bool carry_index(const enumerator *e, const latent_use *by, axis plate, reach *r) {
    for (int k = 0; k < plate_count(e, by->of); k++)
        if (by->by[k].index == r->index && plate_of(e, by->of, k) == plate) {
            *r = (reach){.at = plate};
            return true;
        }
    node shorter = index_from(e, by, r->index);
    if (shorter) {
        r->index = shorter;
        return true;
    }
    axes over = reach_axes(e, r);
    for (int k = 0; k < over.count; k++) {
        int kept = kept_as(e, by, over.at[k]);
        if (kept < 0 || plate_of(e, by->of, kept) != over.at[k]) return false;
    }
    return true;
}

/* An entry and its neighbour, seen from the neighbour, are the neighbour and the one after: those states have
 * no axis that says so. */
static bool carry_shift(const enumerator *e, const latent_use *by, reach *r) {
    int kept = kept_as(e, by, r->at);
    if (kept < 0 || (by->by[kept].shift && by->by[kept].shift != r->shift)) return false;
    *r = (reach){.at = plate_of(e, by->of, kept), .shift = r->shift - by->by[kept].shift};
    return true;
}

/* The latent_use of another latent once the factor has the plates of `by`; false where it cannot be said. */
static bool carried_over(const enumerator *e, const latent_use *by, axis along, latent_use *other) {
    for (int i = 0; i < plate_count(e, other->of); i++) {
        reach *r = &other->by[i];
        bool known = r->index ? carry_index(e, by, plate_of(e, other->of, i), r) : carry_shift(e, by, r);
        if (!known || (along != AXIS_NONE && axes_has(reach_axes(e, r), along))) return false;
    }
    return true;
}

static bool in_group(const elimination *g, uint32_t k) {
    for (uint32_t i = 0; i < g->count; i++)
        if (g->of[i] == k) return true;
    return false;
}

static bool enters(const marginal_factor *f, const elimination *g) {
    for (uint32_t i = 0; i < f->uses.count; i++)
        if (in_group(g, f->uses.at[i].of)) return true;
    return false;
}

/* The plate along which a use is of a neighbour; -1 where it is of the entry itself. */
static int moved_plate(const enumerator *e, const latent_use *a) {
    for (int i = 0; i < plate_count(e, a->of); i++)
        if (!a->by[i].index && a->by[i].shift) return i;
    return -1;
}

/* The latent_use by which a factor is brought to the plates of the group. */
static const latent_use *leading(const enumerator *e, const marginal_factor *f, const elimination *g) {
    const latent_use *found = NULL;
    for (uint32_t i = 0; i < f->uses.count; i++)
        if (in_group(g, f->uses.at[i].of) && (!found || moved_plate(e, &f->uses.at[i]) < 0))
            found = &f->uses.at[i];
    return found;
}

/* Whether two uses, of latents with the same plates, are of the same entry, or of neighbours along an axis.
 */
static bool meet_along(const enumerator *e, const latent_use *a, const latent_use *b, axis along) {
    for (int i = 0; i < plate_count(e, a->of); i++) {
        const reach *x = &a->by[i], *y = &b->by[i];
        bool neighbours = plate_of(e, a->of, i) == along && !x->index && !y->index && x->at == y->at;
        if (!neighbours && !same_reach(x, y)) return false;
    }
    return true;
}

/* Whether what is left after an elimination says of each latent which entry is meant, or which neighbours. */
static bool is_clear(const enumerator *e, const latent_uses *left) {
    for (uint32_t i = 0; i < left->count; i++) {
        uint32_t same = 0;
        for (uint32_t k = 0; k < i; k++) {
            if (left->at[k].of != left->at[i].of) continue;
            if (differing_plate(e, &left->at[k], &left->at[i]) < 0 || ++same > 1) return false;
        }
    }
    return true;
}

/* Whether the group can be eliminated now, and what the factor that it leaves depends on. */
static bool is_ready(enumerator *e, const elimination *g, latent_uses *left) {
    for (uint32_t i = 0; i < e->p->marginal.count; i++) {
        const marginal_factor *f = &e->p->marginal.at[i];
        if (e->taken[i] || !enters(f, g)) continue;
        const latent_use *by = leading(e, f, g);
        for (uint32_t k = 0; k < f->uses.count; k++) {
            latent_use other = f->uses.at[k];
            if (in_group(g, other.of)) {
                if (!meet_along(e, by, &other, g->along)) return false;
                continue;
            }
            if (!carried_over(e, by, g->along, &other)) return false;
            add_use(e, left, &other);
        }
    }
    return is_clear(e, left);
}

/* Latents with the same plates that meet those of the group in a factor, over and over until none is new;
 * `chains`, unless NULL, says which to take: those that are chains along the same axis. */
static void join(enumerator *e, elimination *g, const chain *chains) {
    for (bool more = true; more;) {
        more = false;
        for (uint32_t i = 0; i < e->p->marginal.count; i++) {
            const marginal_factor *f = &e->p->marginal.at[i];
            if (e->taken[i] || !enters(f, g)) continue;
            for (uint32_t k = 0; k < f->uses.count; k++) {
                uint32_t of = f->uses.at[k].of;
                bool joins =
                    !in_group(g, of) &&
                    (!chains || (chains[of].along == g->along && chains[of].backward == g->backward)) &&
                    axes_equal(plates_of(e, of), g->plates);
                if (!joins || g->count == ELIMINATED_MOST) continue;
                g->of[g->count++] = of;
                more = true;
            }
        }
    }
}

static void eliminate(enumerator *e, elimination *g, const latent_uses *left) {
    program *p = e->p;
    for (uint32_t i = 0; i < p->marginal.count; i++)
        if (!e->taken[i] && enters(&p->marginal.at[i], g)) {
            push(p->arena, &g->takes, i);
            e->taken[i] = true;
        }
    for (uint32_t i = 0; i < g->count; i++) e->gone[g->of[i]] = true;
    marginal_factor f = {.plates = g->along == AXIS_NONE ? g->plates : axes_without(g->plates, g->along)};
    f.uses.at = left->at, f.uses.count = left->count, f.uses.capacity = left->count;
    g->leaves = p->marginal.count;
    push(p->arena, &p->marginal, f);
    push(p->arena, &p->eliminations, *g);
}

/* The next to go: of those that can, the one with the most plates, chains last, for they keep others waiting
 * least. False where there is none. */
static bool find_next(enumerator *e, const chain *chains, elimination *best, latent_uses *left) {
    program *p = e->p;
    bool found = false;
    for (uint32_t k = 0; k < p->summed.count; k++) {
        if (e->gone[k]) continue;
        elimination g = {.of = {k},
                         .count = 1,
                         .plates = plates_of(e, k),
                         .along = chains[k].along,
                         .step = chains[k].step,
                         .backward = chains[k].backward};
        if (g.along != AXIS_NONE) join(e, &g, chains);
        latent_uses now = {0};
        if (!is_ready(e, &g, &now)) continue;
        bool is_chain = g.along != AXIS_NONE, was_chain = best->along != AXIS_NONE;
        bool better =
            !found || (was_chain && !is_chain) ||
            (was_chain == is_chain && (g.plates.count > best->plates.count ||
                                       (g.plates.count == best->plates.count && now.count < left->count)));
        if (!better) continue;
        *best = g;
        *left = now;
        found = true;
    }
    return found;
}

/* Where none can go alone: latents of which one meets neighbours of another go together, as one chain. */
static bool find_joint_chain(enumerator *e, elimination *best, latent_uses *left) {
    program *p = e->p;
    for (uint32_t i = 0; i < p->marginal.count; i++) {
        const marginal_factor *f = &p->marginal.at[i];
        for (uint32_t k = 0; !e->taken[i] && k < f->uses.count; k++) {
            const latent_use *a = &f->uses.at[k];
            int plate = moved_plate(e, a);
            if (plate < 0) continue;
            chain now = chain_of(e, a->of, plate, a->by[plate].shift);
            elimination g = {.of = {a->of},
                             .count = 1,
                             .plates = plates_of(e, a->of),
                             .along = now.along,
                             .step = now.step,
                             .backward = now.backward};
            join(e, &g, NULL);
            *left = (latent_uses){0};
            *best = g;
            if (g.step != AXIS_NONE && is_ready(e, &g, left)) return true;
        }
    }
    return false;
}

static void refuse_rest(enumerator *e) {
    const char *names = NULL;
    uint32_t last = 0;
    for (uint32_t k = 0; k < e->p->summed.count; k++) {
        if (e->gone[k]) continue;
        names = names ? arena_print(e->c->arena, "%s, `%s`", names, summed_name(e, k))
                      : arena_print(e->c->arena, "`%s`", summed_name(e, k));
        e->in_the_way |= (uint64_t)1 << k;
        last = k;
    }
    diagnostic *told = refuse(
        e, last, program_variable(e->p, e->p->summed.at[last].of)->at,
        arena_print(e->c->arena,
                    "summing out %s takes a term for every combination of their entries, for each of them "
                    "meets many entries of another",
                    names));
    advise(e->c->d, told, "draw one of them in a guide");
}

/* How many states a factor of the elimination has axes for: the tape has room for that many. */
static bool few_enough(enumerator *e, const elimination *g, const latent_uses *left) {
    uint32_t states = g->count * (g->along == AXIS_NONE ? 1 : 2) + left->count;
    if (states <= FACTOR_STATES_MOST) return true;
    const char *names = NULL;
    for (uint32_t i = 0; i < left->count; i++)
        names = names ? arena_print(e->c->arena, "%s, `%s`", names, summed_name(e, left->at[i].of))
                      : arena_print(e->c->arena, "`%s`", summed_name(e, left->at[i].of));
    diagnostic *told =
        refuse(e, g->of[0], program_variable(e->p, e->p->summed.at[g->of[0]].of)->at,
               arena_print(e->c->arena, "summing out `%s` ties %u discrete latents together: %s",
                           summed_name(e, g->of[0]), left->count, names));
    advise(e->c->d, told,
           "the cost grows with the product of their numbers of states; draw some of them in a guide");
    return false;
}

static void plan(enumerator *e) {
    program *p = e->p;
    chain *chains = arena_array(p->arena, chain, p->summed.count);
    for (uint32_t done = 0; done < p->summed.count && !e->failed;) {
        for (uint32_t k = 0; k < p->summed.count; k++)
            if (!e->gone[k] && !find_chain(e, k, &chains[k])) return;
        elimination next = {0};
        latent_uses left = {0};
        if (!find_next(e, chains, &next, &left) && !find_joint_chain(e, &next, &left)) {
            refuse_rest(e);
            return;
        }
        if (!few_enough(e, &next, &left)) return;
        eliminate(e, &next, &left);
        done += next.count;
    }
}

/* What the guide draws comes before what is summed over. */
static void check_guide_apart(enumerator *e) {
    program *p = e->p;
    for (uint32_t i = 0; i < p->guide.count; i++) {
        draw *d = &p->guide.at[i];
        const latent_uses *found = uses_of(e, d->log_density);
        if (!e->failed && found->count) {
            diagnostic *told =
                refuse(e, found->at[0].of, d->at,
                       arena_print(p->arena, "`%s` is summed out, so the guide has no value of it",
                                   summed_name(e, found->at[0].of)));
            advise(e->c->d, told, "draw `%s` in the guide too", summed_name(e, found->at[0].of));
        }
        if (d->kl && uses_of(e, d->kl)->count) d->kl = 0;
    }
}

static void leave_out_of_report(program *p) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < p->reported.count; i++)
        if (program_variable(p, p->reported.at[i])->kind != VARIABLE_summed)
            p->reported.at[kept++] = p->reported.at[i];
    p->reported.count = kept;
}

static enumerator enumerator_new(checker *c) {
    return (enumerator){
        .c = c, .p = c->p, .number = arena_array(c->arena, uint32_t, c->p->variables.count + 1)};
}

/* Once it is known what is summed out. */
static void find_factors(enumerator *e) {
    program *p = e->p;
    e->found_size = p->nodes.count;
    e->found = arena_array(e->c->arena, const latent_uses *, e->found_size);
    e->gone = arena_array(e->c->arena, bool, p->summed.count);
    for (uint32_t i = 0; i < p->model.count && !e->failed; i++)
        add_factor(e, p->model.at[i].log_density, p->model.at[i].axes);
    for (uint32_t i = 0; i < p->factors.count && !e->failed; i++)
        add_factor(e, p->factors.at[i], program_node(p, p->factors.at[i])->axes);
    e->taken = arena_array(e->c->arena, bool, p->marginal.count + p->summed.count);
}

static void order_eliminations(enumerator *e) {
    if (!e->failed) note_neighbours(e);
    if (!e->failed) plan(e);
    if (!e->failed) note_touched(e);
}

void sum_out(checker *c) {
    enumerator e = enumerator_new(c);
    find_summed(&e);
    if (e.failed || !c->p->summed.count) return;
    find_factors(&e);
    if (!e.failed) check_guide_apart(&e);
    order_eliminations(&e);
    leave_out_of_report(c->p);
}

/* ---- particles ---- */

/* To change what is summed out, and to add nodes of indices. */
static program *copy_of(const program *p, arena *a) {
    program *copy = program_copy(p, a);
    memset(&copy->summed, 0, sizeof copy->summed);
    memset(&copy->marginal, 0, sizeof copy->marginal);
    memset(&copy->eliminations, 0, sizeof copy->eliminations);
    return copy;
}

const program *program_with_particles(const program *p, const particle_block *blocks, uint32_t count,
                                      arena *a, uint64_t *in_the_way) {
    diagnostics unheard;
    diagnostics_open(&unheard, a);
    checker c = {.d = &unheard, .p = copy_of(p, a), .arena = a};
    enumerator e = enumerator_new(&c);
    for (uint32_t k = 0; k < p->summed.count; k++) {
        push(a, &c.p->summed, p->summed.at[k]);
        e.number[p->summed.at[k].of] = c.p->summed.count;
    }
    for (uint32_t k = 0; k < count; k++) {
        push(a, &c.p->summed, (summed){blocks[k].of[0], AXIS_NONE, AXIS_NONE, blocks[k].plates, &blocks[k]});
        for (uint32_t i = 0; i < blocks[k].count; i++) {
            e.number[blocks[k].of[i]] = c.p->summed.count;
            c.p->variables.at[blocks[k].of[i]].kind = VARIABLE_summed;
        }
    }
    e.failed = c.p->summed.count > SUMMED_MOST;
    if (!e.failed) find_factors(&e);
    order_eliminations(&e);
    *in_the_way = e.in_the_way;
    return e.failed ? NULL : c.p;
}

/* ---- for people ---- */

uint32_t elimination_states(const program *p, uint32_t i, uint32_t *of) {
    const elimination *g = &p->eliminations.at[i];
    const marginal_factor *left = &p->marginal.at[g->leaves];
    uint32_t count = 0;
    uint64_t counted = 0;
    for (uint32_t k = 0; k < left->uses.count; k++) {
        uint32_t number = left->uses.at[k].of;
        if (!(counted >> number & 1)) of[count++] = number;
        counted |= (uint64_t)1 << number;
    }
    for (uint32_t k = 0; k < g->count; k++)
        for (int n = 0; n < (g->along == AXIS_NONE ? 1 : 2); n++) of[count++] = g->of[k];
    return count;
}

uint32_t elimination_terms(const program *p, uint32_t i, axis *of) {
    uint32_t states[TERMS_MOST], known = elimination_states(p, i, states), count = 0;
    axes plates = p->eliminations.at[i].plates;
    for (int k = 0; k < plates.count; k++) of[count++] = plates.at[k];
    for (uint32_t k = 0; k < known; k++) of[count++] = p->summed.at[states[k]].states;
    return count;
}

const char *elimination_text(const program *p, uint32_t i) {
    const elimination *g = &p->eliminations.at[i];
    axis of[TERMS_MOST];
    uint32_t count = elimination_terms(p, i, of);
    const char *text = "";
    for (uint32_t k = 0; k < count; k++)
        text = arena_print(p->arena, "%s%s%s", text, k ? " × " : "",
                           of[k] == AXIS_NONE ? "2" : program_axis(p, of[k])->name);
    if (g->along == AXIS_NONE) return text;
    return arena_print(p->arena, "a chain along %s, by the forward algorithm: %s",
                       program_axis(p, g->along)->name, text);
}
