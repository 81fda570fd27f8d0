#include "autodiff/chain.h"

#include <assert.h>
#include <math.h>
#include "autodiff/loop.h"
#include "autodiff/scan.h"

/* Recognising a body. */

typedef struct pattern {
    const scan *scan;
    const tape *body;
    ref sum, carry, matrix, other; /* the log_sum_exp; what it adds, and of an adjoint the carry's history */
    chain_states states;
} pattern;

static const instruction *at(const pattern *p, ref r) { return tape_at(p->body, r); }

static bool is_input(const pattern *p, ref r, uint32_t slot) {
    return at(p, r)->op == OP_input && at(p, r)->attribute == slot;
}

static bool is_taken(const pattern *p, ref r) {
    return at(p, r)->op == OP_input && at(p, r)->attribute >= p->scan->carries;
}

static bool is_number(const pattern *p, ref r, double x) {
    return at(p, r)->op == OP_number && at(p, r)->number == x;
}

/* Whether r is f of x and one more operand, which goes to *other. */
static bool is_of(const pattern *p, ref r, op f, ref x, ref *other) {
    const instruction *i = at(p, r);
    if (i->op != f || (i->in[0] != x && i->in[1] != x)) return false;
    *other = i->in[0] == x ? i->in[1] : i->in[0];
    return true;
}

static axes axes_of(const pattern *p, ref r) { return at(p, r)->axes; }

/* The axes that a reduction lacks. */
static axes reduced(const pattern *p, ref r) {
    return axes_minus(axes_of(p, at(p, r)->in[0]), axes_of(p, r));
}

/* What lies under a row of renamings, the last one first. */
typedef struct renaming {
    ref under;
    int count;
    axis old[AXES_MOST], new[AXES_MOST];
} renaming;

static renaming renaming_of(const tape *t, ref r) {
    renaming n = {.under = r};
    for (; tape_at(t, n.under)->op == OP_rename && n.count < AXES_MOST;
         n.under = tape_at(t, n.under)->in[0]) {
        n.old[n.count] = (axis)tape_at(t, n.under)->attribute;
        n.new[n.count++] = (axis)tape_at(t, n.under)->attribute2;
    }
    return n;
}

static axis old_name(const renaming *n, axis a) {
    for (int k = 0; k < n->count; k++)
        if (n->new[k] == a) a = n->old[k];
    return a;
}

static axis new_name(const renaming *n, axis a) {
    for (int k = n->count; k-- > 0;)
        if (n->old[k] == a) a = n->new[k];
    return a;
}

/* Whether the axes of `of` that are no states keep their names. */
static bool keeps_others(const renaming *n, axes of, axes states) {
    axes others = axes_minus(of, states);
    for (int k = 0; k < others.count; k++)
        if (new_name(n, others.at[k]) != others.at[k]) return false;
    return true;
}

/* The states: axes of the carry that are among `these` under the names that n gives them. */
static axes states_among(const renaming *n, axes these) {
    axes states = {0};
    for (int k = 0; k < these.count; k++) states = axes_with(states, old_name(n, these.at[k]));
    return states;
}

/* The only log_sum_exp of the body, of a sum of two. */
static bool find_sum(pattern *p) {
    for (ref r = 1; r < p->body->code.count; r++) {
        if (at(p, r)->op != OP_log_sum_exp) continue;
        if (p->sum) return false;
        p->sum = r;
    }
    return p->sum && at(p, at(p, p->sum)->in[0])->op == OP_add;
}

/* Whether the states before a step, those behind it and the further axes are different ones. */
static bool are_apart(const pattern *p) {
    const chain_states *s = &p->states;
    axes carried = axes_of(p, p->carry), before = {0}, behind = {0};
    for (int k = 0; k < s->of.count; k++) {
        before = axes_with(before, s->from[k]);
        behind = axes_with(behind, s->to[k]);
    }
    axes others = axes_minus(carried, s->of);
    return axes_within(s->of, carried) && before.count == s->of.count && behind.count == s->of.count &&
           !axes_common(before, behind).count && !axes_common(others, axes_union(before, behind)).count &&
           axes_equal(reduced(p, p->sum), before) && axes_within(behind, axes_of(p, p->matrix));
}

/* In the sum: the carry, whose states get the names `from`, and A. */
static bool match_carry_and_matrix(pattern *p) {
    const instruction *add = at(p, at(p, p->sum)->in[0]);
    for (int k = 0; k < 2; k++) {
        renaming n = renaming_of(p->body, add->in[k]);
        p->carry = n.under;
        p->matrix = add->in[1 - k];
        if (!is_input(p, p->carry, 0) || !is_taken(p, p->matrix)) continue;
        p->states.of = states_among(&n, reduced(p, p->sum));
        for (int i = 0; i < p->states.of.count; i++) p->states.from[i] = new_name(&n, p->states.of.at[i]);
        return keeps_others(&n, axes_of(p, p->carry), p->states.of);
    }
    return false;
}

/* a' is the sum, or the sum and b, whose states are `to`, under the names that the carry has for them. */
static bool match_forward(pattern *p) {
    if (p->scan->carries != 1 || p->body->outputs.count != 1 || !match_carry_and_matrix(p)) return false;
    renaming n = renaming_of(p->body, p->body->outputs.at[0]);
    for (int i = 0; i < p->states.of.count; i++) p->states.to[i] = old_name(&n, p->states.of.at[i]);
    bool complete =
        n.under == p->sum || (is_of(p, n.under, OP_add, p->sum, &p->other) && is_taken(p, p->other));
    return complete && are_apart(p) && keeps_others(&n, axes_of(p, p->carry), p->states.of);
}

/* exp(a + A - sum), where a sum of -infinity counts as 0; a is an input here. */
static bool match_shares(pattern *p, ref w) {
    if (at(p, w)->op != OP_exp || at(p, at(p, w)->in[0])->op != OP_sub) return false;
    const instruction *difference = at(p, at(p, w)->in[0]), *finite = at(p, difference->in[1]);
    ref bound;
    if (difference->in[0] != at(p, p->sum)->in[0] || finite->op != OP_select) return false;
    if (finite->in[2] != p->sum || !is_number(p, finite->in[1], 0)) return false;
    if (!is_of(p, finite->in[0], OP_eq, p->sum, &bound) || !is_number(p, bound, -INFINITY)) return false;
    const instruction *add = at(p, difference->in[0]);
    for (int k = 0; k < 2; k++) {
        p->other = add->in[k];
        p->matrix = add->in[1 - k];
        bool taken = is_taken(p, p->other) && is_taken(p, p->matrix);
        if (taken && !axes_has(axes_of(p, p->other), p->states.to[0]) && are_apart(p)) return true;
    }
    return false;
}

/* What moves through each entry of A: the carry, whose states get the names `to`, times its share w. */
static bool match_moved(pattern *p, ref moved, axes behind, ref *w) {
    const instruction *x = at(p, moved);
    ref zero = 0, bound;
    if (x->op == OP_select) { /* 0 where the carry is 0, so that nothing is made of it */
        if (!is_number(p, x->in[2], 0) || at(p, x->in[0])->op != OP_ne) return false;
        zero = x->in[0];
        x = at(p, x->in[1]);
    }
    for (int k = 0; k < 2 && x->op == OP_mul; k++) {
        renaming n = renaming_of(p->body, x->in[k]);
        if (!is_input(p, n.under, 0)) continue;
        if (zero && (!is_of(p, zero, OP_ne, x->in[k], &bound) || !is_number(p, bound, 0))) return false;
        p->carry = n.under;
        *w = x->in[1 - k];
        p->states.of = states_among(&n, behind);
        for (int i = 0; i < p->states.of.count; i++) p->states.to[i] = new_name(&n, p->states.of.at[i]);
        return p->states.of.count && keeps_others(&n, axes_of(p, p->carry), p->states.of);
    }
    return false;
}

/* Whether r is `moved`, or its sum over axes that A lacks. */
static bool is_gradient(const pattern *p, ref r, ref moved) {
    if (at(p, r)->op == OP_sum && r != moved) r = at(p, r)->in[0];
    return r == moved;
}

static bool match_back(pattern *p) {
    uint32_t outputs = p->body->outputs.count;
    renaming n = renaming_of(p->body, p->body->outputs.at[0]);
    if (outputs > 2 || at(p, n.under)->op != OP_sum) return false;
    ref moved = at(p, n.under)->in[0], w, added;
    if (!match_moved(p, moved, reduced(p, n.under), &w)) return false;
    for (int i = 0; i < p->states.of.count; i++) p->states.from[i] = old_name(&n, p->states.of.at[i]);
    if (!match_shares(p, w) || !keeps_others(&n, axes_of(p, p->carry), p->states.of)) return false;
    if (outputs == 1) return true;
    ref second = p->body->outputs.at[1];
    if (p->scan->carries == 1) return is_gradient(p, second, moved);
    const instruction *sum = at(p, second);
    for (int k = 0; k < 2 && sum->op == OP_add; k++)
        if (is_input(p, sum->in[k], 1) && is_of(p, second, OP_add, sum->in[k], &added))
            return is_gradient(p, added, moved);
    return false;
}

static uint64_t count_states(const tape *t, const pattern *p) { return tape_size(t, p->states.of); }

static bool match(const tape *t, ref r, bool (*form)(pattern *p), pattern *p) {
    *p = (pattern){.scan = tape_scan(t, r), .body = tape_scan(t, r)->body};
    return p->scan->carries && find_sum(p) && form(p) && count_states(t, p) <= CHAIN_STATES_MOST;
}

static ref operand_of(const pattern *p, ref input) { return p->scan->operands[at(p, input)->attribute]; }

static bool same_states(const chain_states *x, const chain_states *y) {
    if (!axes_equal(x->of, y->of)) return false;
    for (int k = 0; k < x->of.count; k++)
        if (x->from[k] != y->from[k] || x->to[k] != y->to[k]) return false;
    return true;
}

/* The forward scan whose adjoint scan r is; 0 where there is none. */
static ref forward_of(const tape *t, ref r) {
    pattern back, forward;
    if (!match(t, r, match_back, &back)) return 0;
    renaming n = renaming_of(t, operand_of(&back, back.other));
    const instruction *x = tape_at(t, n.under);
    if (x->op != OP_scan_result || !match(t, x->in[0], match_forward, &forward)) return 0;
    if (scan_output_of(forward.scan, x->attribute).kind != RESULT_history) return 0;
    for (int k = 0; k < back.states.of.count; k++)
        if (new_name(&n, back.states.of.at[k]) != back.states.from[k]) return 0;
    bool same = same_states(&forward.states, &back.states) && keeps_others(&n, x->axes, back.states.of) &&
                operand_of(&forward, forward.matrix) == operand_of(&back, back.matrix) &&
                axes_equal(axes_of(&forward, forward.carry), axes_of(&back, back.carry)) &&
                forward.scan->along == back.scan->along && forward.scan->backward != back.scan->backward;
    return same ? x->in[0] : 0;
}

/* Who reads the history. */

static bool is_read(const plan *p, ref r, ref reader) {
    operands in = tape_operands(p->tape, reader);
    for (uint32_t i = 0; i < in.count; i++)
        if (in.at[i] == r) return p->values[reader].form != VALUE_dead;
    return false;
}

static bool wanted(const plan *p, ref r, ref forward) {
    const tape *t = p->tape;
    for (uint32_t k = 0; k < t->outputs.count; k++)
        if (t->outputs.at[k] == r) return true;
    for (ref i = r + 1; i < t->code.count; i++) {
        if (!is_read(p, r, i)) continue;
        op f = tape_at(t, i)->op;
        bool passes = f == OP_rename ? !wanted(p, i, forward) : f == OP_scan && forward_of(t, i) == forward;
        if (!passes) return true;
    }
    return false;
}

bool chain_history_wanted(const plan *p, ref result) {
    return wanted(p, result, tape_at(p->tape, result)->in[0]);
}

static bool has_adjoint(const plan *p, ref forward) {
    for (ref r = forward + 1; r < p->tape->code.count; r++)
        if (tape_at(p->tape, r)->op == OP_scan && p->values[r].form != VALUE_dead &&
            forward_of(p->tape, r) == forward)
            return true;
    return false;
}

chain *chain_find(const plan *p, ref r) {
    const tape *t = p->tape;
    pattern found;
    if (p->as_written) return NULL;
    ref forward = match(t, r, match_forward, &found) ? r : forward_of(t, r);
    if (!forward) return NULL;
    bool back = forward != r;
    if (back && !match(t, r, match_back, &found)) return NULL;
    chain *m = arena_new(p->arena, chain);
    *m = (chain){.back = back, .forward = forward, .axes = found.states};
    m->matrix_slot = at(&found, found.matrix)->attribute;
    m->own_slot = found.other ? at(&found, found.other)->attribute : 0;
    m->states = (uint32_t)count_states(t, &found);
    uint32_t lanes = (uint32_t)p->kernels->lanes;
    m->width = (m->states + lanes - 1) / lanes * lanes;
    m->steps = t->axes.at[found.scan->along].size;
    m->rows_kept = back || has_adjoint(p, r);
    m->batches = tape_size(t, axes_minus(axes_of(&found, found.carry), m->axes.of));
    return m;
}

uint64_t chain_row_entries(const chain *m) {
    return m->rows_kept ? m->batches * m->steps * (2 * (uint64_t)m->width + 1) : 0;
}

/* Addresses. */

/* The places of all states, in canonical order of the carry's axes, where these have the names `names`. */
static int64_t *places(const plan *p, const chain *m, const layout *l, const axis *names) {
    int64_t *place = arena_array(p->arena, int64_t, m->states);
    for (uint32_t i = 0; i < m->states; i++) {
        uint32_t rest = i;
        for (int k = m->axes.of.count; k-- > 0;) {
            uint32_t size = p->tape->axes.at[m->axes.of.at[k]].size;
            place[i] += layout_stride(l, names[k]) * (rest % size);
            rest /= size;
        }
    }
    return place;
}

static chain_operand operand_at(const plan *p, const chain *m, const loop_address *at, const layout *l) {
    return (chain_operand){at->root, at->offset, at->pitch, places(p, m, l, m->axes.from),
                           places(p, m, l, m->axes.to)};
}

static layout entry_of(const plan *p, const loop *l, uint32_t slot) {
    layout entry = layout_without(p->values[l->scan->operands[slot]].layout, l->scan->along);
    entry.offset = 0;
    return entry;
}

enum { PREPARED_ENTRIES = 4096, PREPARED_LEAST = 4, PREPARED_MOST = 64 };

static void *room(const plan *p, uint64_t entries) {
    return arena_take_aligned(p->arena, entries * element_size(p->precision));
}

static void take_memory(const plan *p, chain *m) {
    uint64_t row = m->width, matrix = row * m->states, block = PREPARED_ENTRIES / matrix;
    m->block = block < PREPARED_LEAST  ? PREPARED_LEAST
               : block > PREPARED_MOST ? PREPARED_MOST
                                       : (uint32_t)block;
    m->transitions = room(p, m->matrix.pitch ? m->block * matrix : matrix);
    m->most_of_matrix = arena_array(p->arena, double, m->block);
    m->terms = room(p, matrix);
    m->now = room(p, row);
    m->known = room(p, row);
    m->weights = room(p, m->block * row);
    if (m->back) {
        m->found = room(p, m->block * row);
        m->total = room(p, matrix);
        return;
    }
    if (!m->rows_kept) m->passing = room(p, 2 * (m->block + 1) * row + m->block);
    m->least = room(p, row);
    m->most = room(p, m->block);
    m->shift = arena_array(p->arena, int32_t, m->block);
}

/* Whether the states of the carry fill a row as they lie. */
static bool is_dense(const chain *m) {
    for (uint32_t i = 0; i < m->states; i++)
        if (m->place[i] != i) return false;
    return m->states == m->width;
}

void chain_plan(plan *p, loop *l, ref r) {
    chain *m = l->chain;
    const tape *t = p->tape, *body = l->scan->body;
    axes carried = tape_at(body, body->outputs.at[0])->axes;
    m->rows = loop_of(p, m->forward)->chain->rows;
    layout carry = layout_dense(t, carried), matrix = entry_of(p, l, m->matrix_slot), third = {0};
    loop_address at = loop_taken_at(p, l, m->matrix_slot);
    m->matrix = operand_at(p, m, &at, &matrix);
    m->place = places(p, m, &carry, m->axes.of.at);
    m->dense = is_dense(m);
    if (!m->back && m->own_slot) {
        third = entry_of(p, l, m->own_slot);
        at = loop_taken_at(p, l, m->own_slot);
        m->own = operand_at(p, m, &at, &third);
    }
    if (m->back && body->outputs.count > 1 && l->wanted[1]) {
        third = layout_dense(t, tape_at(body, body->outputs.at[1])->axes);
        at = (loop_address){.root = r, .offset = (int64_t)loop_result_place(l, 1)};
        if (l->scan->carries == 1) at = loop_left_at(l, r, 1);
        m->moved = operand_at(p, m, &at, &third);
    }
    walk *w = arena_new(p->arena, walk);
    *w = walk_over(t, axes_minus(carried, m->axes.of), (const layout *const[]){&carry, &matrix, &third}, 3);
    m->batch = w;
    take_memory(p, m);
}
