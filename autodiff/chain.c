#include "autodiff/chain.h"

#include <math.h>

/* What a body is made of: instructions of it, 0 where there is none. */
typedef struct shape {
    bool adjoint, adds;
    ref carry, matrix, moving;
    axes here, there; /* the axes of the states; of those before (adjoint: behind), in the same order */
} shape;

static const instruction *at(const tape *t, ref r) { return tape_at(t, r); }
static bool is_input(const tape *t, ref r, uint32_t slot) {
    return at(t, r)->op == OP_input && at(t, r)->attribute == slot;
}
static bool is_operand(const tape *t, const scan *s, ref r) {
    return at(t, r)->op == OP_input && at(t, r)->attribute >= s->carries;
}

/* Of r = f(x, y) or f(y, x) the one for which `is` holds, first, and the other. */
static bool take_pair(const tape *t, ref r, op f, ref *x, ref *y, bool (*is)(const tape *t, ref r)) {
    if (at(t, r)->op != f) return false;
    for (int i = 0; i < 2; i++) {
        *x = at(t, r)->in[i], *y = at(t, r)->in[1 - i];
        if (is(t, *x)) return true;
    }
    return false;
}

static bool is_log_sum_exp(const tape *t, ref r) { return at(t, r)->op == OP_log_sum_exp; }
static bool is_exp(const tape *t, ref r) { return at(t, r)->op == OP_exp; }

/* Follows renamings down from r: `from` becomes the axes that have another name there, `to` their new ones in
 * the same order. */
static ref follow(const tape *t, ref r, axes *from, axes *to) {
    axis old[AXES_MOST], new[AXES_MOST];
    int count = 0;
    for (; at(t, r)->op == OP_rename; r = at(t, r)->in[0]) {
        if (count == AXES_MOST) return 0;
        old[count] = (axis)at(t, r)->attribute, new[count++] = (axis)at(t, r)->attribute2;
    }
    *from = *to = (axes){0};
    for (int i = 0; i < count; i++) *from = axes_with(*from, old[i]);
    if (from->count != count) return 0;
    to->count = from->count;
    for (int i = 0; i < count; i++)
        for (int k = 0; k < count; k++)
            if (from->at[i] == old[k]) to->at[i] = new[k];
    return r;
}

/* The same set, in canonical order. */
static axes ordered(axes x) {
    axes y = {0};
    for (int i = 0; i < x.count; i++) y = axes_with(y, x.at[i]);
    return y;
}

static bool reduces(const tape *t, ref r, axes over) {
    return axes_equal(axes_minus(at(t, at(t, r)->in[0])->axes, at(t, r)->axes), ordered(over));
}

/* c' = log_sum_exp(c + A) + b */
static bool find_forward(const scan *s, shape *c) {
    const tape *t = s->body;
    ref next = t->outputs.at[0], total = next, x, y;
    if (s->carries != 1) return false;
    if (take_pair(t, next, OP_add, &x, &y, is_log_sum_exp)) total = x, c->moving = y;
    if (!is_log_sum_exp(t, total) || at(t, at(t, total)->in[0])->op != OP_add) return false;
    if (c->moving && !is_operand(t, s, c->moving)) return false;
    const instruction *terms = at(t, at(t, total)->in[0]);
    for (int i = 0; i < 2; i++) {
        c->carry = follow(t, terms->in[i], &c->here, &c->there);
        c->matrix = terms->in[1 - i];
        if (c->carry && c->here.count && is_input(t, c->carry, 0)) break;
        c->carry = 0;
    }
    return c->carry && is_operand(t, s, c->matrix) && reduces(t, total, c->there) &&
           axes_equal(at(t, next)->axes, at(t, c->carry)->axes);
}

/* r, or r with 0 in place of -infinity */
static ref without_infinity(const tape *t, ref r) {
    const instruction *x = at(t, r);
    if (x->op != OP_select) return r;
    const instruction *test = at(t, x->in[0]), *zero = at(t, x->in[1]);
    if (test->op != OP_eq || zero->op != OP_number || zero->number != 0) return 0;
    for (int i = 0; i < 2; i++) {
        const instruction *limit = at(t, test->in[1 - i]);
        if (test->in[i] == x->in[2] && limit->op == OP_number && limit->number == -HUGE_VAL) return x->in[2];
    }
    return 0;
}

/* g' = sum(g exp(c + A - log_sum_exp(c + A))), whose terms may be added to a second carry */
static bool find_adjoint(const scan *s, shape *c) {
    const tape *t = s->body;
    axes from, to;
    ref sum = follow(t, t->outputs.at[0], &from, &to), weights, x, y;
    if (s->carries > 2 || !sum || !from.count || at(t, sum)->op != OP_sum) return false;
    /* What the sum is over are the states; it is left over those behind, which get the states' names. */
    c->here = ordered(to);
    c->there = (axes){.count = to.count};
    for (int i = 0; i < to.count; i++)
        for (int k = 0; k < to.count; k++)
            if (c->here.at[i] == to.at[k]) c->there.at[i] = from.at[k];
    ref product = at(t, sum)->in[0];
    if (!reduces(t, sum, c->here) || !take_pair(t, product, OP_mul, &weights, &c->carry, is_exp))
        return false;
    const instruction *difference = at(t, at(t, weights)->in[0]);
    if (difference->op != OP_sub || !is_input(t, c->carry, 0)) return false;
    ref terms = difference->in[0], total = without_infinity(t, difference->in[1]);
    if (!total || !is_log_sum_exp(t, total) || at(t, total)->in[0] != terms || at(t, terms)->op != OP_add ||
        !reduces(t, total, c->there))
        return false;
    if (s->carries == 2) {
        if (at(t, t->outputs.at[1])->op != OP_add) return false;
        x = at(t, t->outputs.at[1])->in[0], y = at(t, t->outputs.at[1])->in[1];
        if (!(is_input(t, x, 1) && y == product) && !(is_input(t, y, 1) && x == product)) return false;
        c->adds = true;
    }
    for (int i = 0; i < 2; i++) { /* c lacks the states */
        c->moving = at(t, terms)->in[i], c->matrix = at(t, terms)->in[1 - i];
        if (!axes_common(at(t, c->moving)->axes, c->here).count) break;
    }
    c->adjoint = true;
    return is_operand(t, s, c->moving) && is_operand(t, s, c->matrix) &&
           !axes_common(at(t, c->moving)->axes, c->here).count &&
           axes_within(ordered(c->there), at(t, c->moving)->axes);
}

/* Layouts. */

/* The stride with which `l` passes the states, or those behind where it has them; 0: with none. */
static int64_t state_stride(const tape *t, const shape *c, const layout *l) {
    layout by_state = {.axes = c->here};
    for (int i = 0; i < c->here.count; i++)
        by_state.stride[i] = layout_stride(l, c->here.at[i]) + layout_stride(l, c->there.at[i]);
    walk w = walk_over(t, c->here, (const layout *const[]){&by_state}, 1);
    return w.rank == 1 ? w.stride[0][0] : 0;
}

static const walk *keep(arena *a, walk w) {
    walk *kept = arena_new(a, walk);
    *kept = w;
    return kept;
}

/* A matrix by `l` beside one whose rows, of the states before, have `width` entries. */
static const walk *matrix_walk(const plan *p, const shape *c, layout l, uint32_t width) {
    layout states = layout_dense(p->tape, c->here);
    layout dense = {.axes = axes_union(c->here, ordered(c->there))};
    for (int i = 0; i < dense.axes.count; i++)
        for (int k = 0; k < c->here.count; k++) {
            if (dense.axes.at[i] == c->here.at[k]) dense.stride[i] = states.stride[k];
            if (dense.axes.at[i] == c->there.at[k]) dense.stride[i] = states.stride[k] * (int64_t)width;
        }
    l.offset = 0;
    return keep(p->arena, walk_over(p->tape, dense.axes, (const layout *const[]){&l, &dense}, 2));
}

static layout operand_layout(const plan *p, const loop *l, ref input) {
    const instruction *x = tape_at(l->scan->body, input);
    layout of = layout_without(p->values[l->scan->operands[x->attribute]].layout, l->scan->along);
    of.offset = 0;
    return of;
}

/* Whether nothing else is wanted of the loop than its carries. */
static bool only_carries(const loop *l) {
    for (uint32_t k = l->scan->carries; k < l->scan->body->outputs.count; k++)
        if (l->wanted[k]) return false;
    return true;
}

static bool within(const tape *t, const shape *c, ref r, axes batch) {
    axes all = axes_union(batch, axes_union(c->here, ordered(c->there)));
    return axes_within(at(t, r)->axes, all);
}

chain *chain_plan(plan *p, const loop *l, ref r) {
    const scan *s = l->scan;
    const tape *t = s->body;
    shape c = {0};
    if (!only_carries(l) || !s->carries) return NULL;
    if (!find_forward(s, &c)) {
        c = (shape){0};
        if (!find_adjoint(s, &c)) return NULL;
    }
    uint64_t states = tape_size(t, c.here);
    axes batch = axes_minus(at(t, c.carry)->axes, c.here);
    bool moves = axes_has(at(p->tape, s->operands[at(t, c.matrix)->attribute])->axes, s->along);
    if (states < 2 || states > CHAIN_STATES_MOST || moves || axes_common(batch, ordered(c.there)).count ||
        !within(t, &c, c.matrix, batch) || (c.moving && !within(t, &c, c.moving, batch)))
        return NULL;
    chain *made = arena_new(p->arena, chain);
    layout carry = layout_dense(t, at(t, c.carry)->axes), matrix = operand_layout(p, l, c.matrix),
           moving = {0};
    *made = (chain){.adjoint = c.adjoint, .states = (uint32_t)states, .adds = c.adds};
    made->width = (uint32_t)((states + p->kernels->lanes - 1) / p->kernels->lanes * p->kernels->lanes);
    made->carry_stride = state_stride(t, &c, &carry);
    if (c.moving) {
        moving = operand_layout(p, l, c.moving);
        made->moving_stride = state_stride(t, &c, &moving);
        made->moving = loop_taken_at(p, l, c.moving);
    }
    bool repeats = c.moving && tape_size(t, axes_common(at(t, c.moving)->axes,
                                                        axes_union(c.here, ordered(c.there)))) != states;
    if (!made->carry_stride || (c.moving && !made->moving_stride) || repeats) return NULL;
    made->batch = keep(p->arena, walk_over(t, batch, (const layout *const[]){&carry, &matrix, &moving}, 3));
    made->matrix = matrix_walk(p, &c, matrix, made->width);
    made->matrix_at = loop_taken_at(p, l, c.matrix);
    made->left = loop_left_at(l, r, 0);
    if (c.adds) {
        layout sums = layout_dense(t, at(t, t->outputs.at[1])->axes);
        made->sums_batch = keep(p->arena, walk_over(t, batch, (const layout *const[]){&sums}, 1));
        made->sums = matrix_walk(p, &c, sums, made->width);
    }
    uint64_t rows = 6 * states + 3 * CHAIN_BLOCK + 8; /* see chain_run.c */
    made->work =
        arena_take_aligned(p->arena, (rows * made->width + 2 * CHAIN_BLOCK) * element_size(p->precision));
    return made;
}
