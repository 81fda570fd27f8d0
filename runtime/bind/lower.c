/* From the typed program to the tape: one case a kind of node. A node's place in the text goes with its
 * instruction, so that a number that is not finite can be traced to the statement that made it. */
#include "runtime/bind/lower.h"

#include <assert.h>
#include <math.h>
#include "autodiff/passes.h"
#include "runtime/bind/marginal.h"

const char LOWER_DRAW[] = "draw";

static void open_values(lowering *l) {
    l->variables = arena_array(l->tape->arena, ref, l->model->program->variables.count + 1);
    l->nodes = arena_array(l->tape->arena, ref, l->model->program->nodes.count + 1);
}

static bool has_four_operands(const program *p) {
    for (node n = 1; n < p->nodes.count; n++)
        if (node_inputs(program_node(p, n)->op) == 4) return true;
    return false;
}

/* The axis of all entries stands where it does without a batch, so that values over it are laid out alike. */
lowering lower_open_followed(const model *m, tape *t, uint32_t draws, axis batch, uint32_t entries,
                             const follower *followers, uint32_t count) {
    const program *p = m->program;
    lowering l = {.model = m, .tape = t, .batch = batch, .followers = count};
    for (uint32_t i = 0; i < count; i++) l.follower[i] = followers[i];
    l.states = arena_array(t->arena, axis, p->summed.count);
    l.befores = arena_array(t->arena, axis, p->summed.count);
    for (uint32_t k = 0; k < p->summed.count; k++) {
        const char *name = program_variable(p, p->summed.at[k].of)->name;
        l.states[k] = tape_add_axis(t, name, model_states(m, k));
        l.befores[k] =
            p->summed.at[k].along == AXIS_NONE ? AXIS_NONE : tape_add_axis(t, name, model_states(m, k));
    }
    l.draw = tape_add_axis(t, LOWER_DRAW, draws);
    l.axes = arena_array(t->arena, axis, p->axes.count + 1);
    axis *whole = arena_array(t->arena, axis, p->axes.count + 1);
    for (axis a = 0; a < p->axes.count; a++) {
        l.axes[a] = whole[a] = tape_add_axis(t, p->axes.at[a].name, m->axes[a].size);
        if (a == batch) l.axes[a] = tape_add_axis(t, "batch", entries);
        for (uint32_t i = 0; i < count; i++)
            if (a == followers[i].axis) l.axes[a] = tape_add_axis(t, "batch", followers[i].entries);
    }
    l.operands = has_four_operands(p) ? tape_add_axis(t, "operands", 4) : AXIS_NONE;
    open_values(&l);
    if (batch == AXIS_NONE) return l;
    l.whole = arena_new(t->arena, lowering);
    *l.whole = (lowering){
        .model = m, .tape = t, .draw = l.draw, .axes = whole, .operands = l.operands, .batch = AXIS_NONE};
    open_values(l.whole);
    return l;
}

lowering lower_open_batch(const model *m, tape *t, uint32_t draws, axis batch, uint32_t entries) {
    return lower_open_followed(m, t, draws, batch, entries, NULL, 0);
}

ref lower_sum(const lowering *l, ref x, axes over) {
    bool stands = l->whole && axes_has(over, l->batch);
    for (uint32_t i = 0; i < l->followers; i++) {
        if (!axes_has(over, l->follower[i].axis)) continue;
        x = tape_map2(l->tape, OP_mul, x, l->follower[i].present);
        stands = true;
    }
    ref sum = tape_sum(l->tape, x, lower_axes(l, over));
    return stands ? tape_map2(l->tape, OP_mul, sum, tape_number(l->tape, lower_batch_weight(l))) : sum;
}

lowering lower_open(const model *m, tape *t, uint32_t draws) {
    return lower_open_batch(m, t, draws, AXIS_NONE, 0);
}

double lower_batch_weight(const lowering *l) {
    if (!l->whole) return 1;
    return (double)l->model->axes[l->batch].size / l->tape->axes.at[l->axes[l->batch]].size;
}

lowering lower_fork(const lowering *l) {
    lowering fork = *l;
    fork.marginal = NULL;
    open_values(&fork);
    return fork;
}

lowering lower_with(const lowering *l, variable v, ref value) {
    lowering fork = lower_fork(l);
    for (variable k = 0; k < l->model->program->variables.count; k++) fork.variables[k] = l->variables[k];
    fork.variables[v] = value;
    return fork;
}

void lower_set(lowering *l, variable v, ref value) { l->variables[v] = value; }

axes lower_axes(const lowering *l, axes of) {
    axes s = {0};
    for (int i = 0; i < of.count; i++) s = axes_with(s, l->axes[of.at[i]]);
    return s;
}

static ref lower_variable(lowering *l, variable v) {
    const variable_row *x = program_variable(l->model->program, v);
    if (l->variables[v]) return l->variables[v];
    const double *values = l->model->values[v];
    if (values)
        return x->axes.count ? tape_data(l->tape, values, lower_axes(l, x->axes))
                             : tape_number(l->tape, values[0]);
    assert(x->value && "latents and params are set by the caller");
    return lower_node(l, x->value);
}

static double label_position(const lowering *l, const node_row *r) {
    const bound_axis *a = &l->model->axes[r->axis];
    for (uint32_t i = 0; a->labels && i < a->size; i++)
        if (strcmp(a->labels[i], r->label) == 0) return i + 1;
    return NAN;
}

/* The op of the tape with the name of a primitive. */
static op op_of(node_op n) {
    switch (n) {
#define PRIMITIVE(name, inputs, form, range, about)                                                          \
    case NODE_##name:                                                                                        \
        return OP_##name;
#include "lang/primitives.def"
#undef PRIMITIVE
    default: return OP_none;
    }
}

static bool is_number(const tape *t, ref r, double x) {
    return tape_at(t, r)->op == OP_number && tape_at(t, r)->number == x;
}

/* With the state of a discrete latent known, what it switches off is not there: it need not even be finite,
 * and has no derivative. 0 where nothing is known. */
static ref known_state(tape *t, op f, const ref *in, int inputs) {
    double x[NODE_INPUTS_MOST] = {0}, y;
    int numbers = 0;
    for (int i = 0; i < inputs; i++)
        if (tape_at(t, in[i])->op == OP_number) x[i] = tape_at(t, in[i])->number, numbers++;
    if (f == OP_select && tape_at(t, in[0])->op == OP_number) return x[0] != 0 ? in[1] : in[2];
    if (numbers == inputs && tape_fold(f, x, &y)) return tape_number(t, y);
    bool off = is_number(t, in[0], 0) || (inputs == 2 && is_number(t, in[1], 0));
    if ((f == OP_mul || f == OP_and) && off) return tape_number(t, 0);
    if ((f == OP_div || f == OP_xlogy) && is_number(t, in[0], 0)) return in[0];
    return 0;
}

/* Operands as the entries of one value along an axis: an op has at most three. */
static ref side_by_side(tape *t, const ref *in, axis along) {
    ref sum = tape_number(t, 0), place = tape_position(t, along);
    for (uint32_t i = 0; i < t->axes.at[along].size; i++)
        sum = tape_select(t, tape_map2(t, OP_eq, place, tape_number(t, i + 1)), in[i], sum);
    return sum;
}

static ref lower_primitive(lowering *l, const node_row *r) {
    tape *t = l->tape;
    op f = op_of(r->op);
    ref in[NODE_INPUTS_MOST] = {0};
    int inputs = node_inputs(r->op);
    for (int i = 0; i < inputs; i++) in[i] = lower_node(l, r->in[i]);
    t->at = r->at;
    const program *p = l->model->program;
    switch (node_form_of(r->op)) {
    case FORM_REDUCE: {
        axes over = lower_axes(l, axes_minus(program_node(p, r->in[0])->axes, r->axes));
        if (f == OP_sum) return tape_sum(t, in[0], over);
        return tape_reduce(t, f, tape_expand(t, in[0], axes_union(over, tape_at(t, in[0])->axes)), over);
    }
    case FORM_SCAN: {
        axis along = l->axes[r->axis];
        if (f == OP_allot) return tape_allot(t, in[0], in[1], along);
        return tape_cumsum(t, tape_expand(t, in[0], axes_with(tape_at(t, in[0])->axes, along)), along);
    }
    case FORM_FACTOR:
    case FORM_SOLVE: {
        axis row = l->axes[r->axis], column = l->axes[r->axis2];
        in[0] = tape_expand(t, in[0], axes_with(axes_with(tape_at(t, in[0])->axes, row), column));
        if (f == OP_cholesky) return tape_cholesky(t, in[0], row, column);
        in[1] = tape_expand(t, in[1], axes_with(tape_at(t, in[1])->axes, row));
        if (f == OP_solve_lower)
            return tape_rename(t, tape_solve_lower(t, in[0], in[1], row, column), column, row);
        return tape_solve_lower_transposed(t, in[0], tape_rename(t, in[1], row, column), row, column);
    }
    case FORM_RANDOM:
        return tape_random(t, f, in[0], in[1], in[2], axes_with(lower_axes(l, r->axes), l->draw));
    default: {
        ref known = l->base ? known_state(t, f, in, inputs) : 0;
        if (known) return known;
        if (f == OP_log) return tape_log(t, in[0]);
        if (inputs == 4) return tape_beta_order(t, f, side_by_side(t, in, l->operands), l->operands);
        if (inputs == 3) return tape_map3(t, f, in[0], in[1], in[2]);
        return inputs == 1 ? tape_map1(t, f, in[0]) : tape_map2(t, f, in[0], in[1]);
    }
    }
}

/* A part of an axis is a slice of it, and back. */
static ref lower_part(lowering *l, const node_row *r) {
    tape *t = l->tape;
    bool apart = r->op == NODE_part && r->number != 0 && l->before && l->before[r->axis2];
    ref x = lower_node(apart ? l->before[r->axis2] : l, r->in[0]);
    axis part = l->axes[r->axis], whole = l->axes[r->axis2];
    int64_t first = model_part_start(l->model, r->axis);
    t->at = r->at;
    if (r->op == NODE_place)
        return tape_place(t, tape_expand(t, x, axes_with(tape_at(t, x)->axes, part)), axes_one(part), whole,
                          (uint64_t)first);
    if (!axes_has(tape_at(t, x)->axes, whole)) return x;
    return tape_slice(t, x, whole, (uint64_t)(first + (int64_t)r->number), axes_one(part));
}

/* Another loop is complete before this one's body begins. */
static bool uses_carried(lowering *l, node n) {
    if (l->carried[n]) return l->carried[n] == 1;
    const node_row *r = program_node(l->model->program, n);
    bool uses = r->op == NODE_carried;
    for (int i = 0; r->op != NODE_scan && i < node_inputs(r->op); i++) uses |= uses_carried(l, r->in[i]);
    l->carried[n] = uses ? 1 : 2;
    return uses;
}

static loop_carries *carries_of(const lowering *body, variable v) {
    const program *p = body->model->program;
    for (uint32_t k = 0; k < body->carried_variables; k++)
        if (program_node(p, body->carries[k].step)->variable == v) return &body->carries[k];
    return NULL;
}

/* How far back the lags of a body go, by variable; *backward where they are leads. */
static void find_lags(lowering *body, node n, bool *seen, bool *backward) {
    if (seen[n] || !uses_carried(body, n)) return;
    seen[n] = true;
    const program *p = body->model->program;
    const node_row *r = program_node(p, n);
    if (r->op == NODE_part && program_node(p, r->in[0])->op == NODE_carried) {
        loop_carries *c = carries_of(body, program_node(p, r->in[0])->variable);
        uint32_t far = (uint32_t)fabs(r->number);
        if (c->count < far) c->count = far;
        *backward = r->number > 0;
    }
    for (int i = 0; i < node_inputs(r->op); i++) find_lags(body, r->in[i], seen, backward);
}

static void list_steps(const program *p, node first, lowering *body, arena *a) {
    for (node n = first; n; n = program_node(p, n)->in[0]) body->carried_variables++;
    body->carries = arena_array(a, loop_carries, body->carried_variables);
    uint32_t k = 0;
    for (node n = first; n; n = program_node(p, n)->in[0]) body->carries[k++].step = n;
}

/* The axes of one entry of what a loop computes. */
static axes entry_axes(const lowering *l, const node_row *step) {
    axes of = axes_without(lower_axes(l, step->axes), l->axes[step->axis]);
    return step->stochastic ? axes_with(of, l->draw) : of;
}

/* The carries of one variable: its values at the entries before the loop. */
static void open_carries(lowering *l, lowering *body, loop_carries *c, bool backward) {
    const node_row *step = program_node(l->model->program, c->step);
    axis whole = l->axes[step->axis2];
    int64_t first = model_part_start(l->model, step->axis), behind = first + l->model->axes[step->axis].size;
    c->at = arena_array(l->tape->arena, ref, c->count + 1);
    for (uint32_t k = 1; k <= c->count; k++) {
        int64_t at = backward ? behind + k - 1 : first - k;
        ref before = tape_slice(l->tape, lower_node(l, step->in[2]), whole, (uint64_t)at, (axes){0});
        c->at[k - 1] = scan_carry(body->loop, before, entry_axes(l, step));
    }
}

/* A recurrence is a loop on the tape: what does not use the carried values is computed outside, for all
 * entries at once. It emits each variable, in the order of its steps. */
static ref lower_loop(lowering *l, node first) {
    const program *p = l->model->program;
    arena *a = l->tape->arena;
    lowering body = lower_fork(l);
    body.outer = l, body.whole = NULL;
    body.carried = arena_array(a, uint8_t, p->nodes.count + 1);
    list_steps(p, first, &body, a);
    bool backward = false, *seen = arena_array(a, bool, p->nodes.count + 1);
    for (uint32_t k = 0; k < body.carried_variables; k++)
        find_lags(&body, program_node(p, body.carries[k].step)->in[1], seen, &backward);
    scan_builder loop = scan_open(l->tape, l->axes[program_node(p, first)->axis], backward);
    body.loop = &loop, body.tape = loop.body;
    vector(ref) next = {0};
    ref *emissions = arena_array(a, ref, body.carried_variables);
    for (uint32_t k = 0; k < body.carried_variables; k++) open_carries(l, &body, &body.carries[k], backward);
    for (uint32_t k = 0; k < body.carried_variables; k++) {
        const loop_carries *c = &body.carries[k];
        const node_row *step = program_node(p, c->step);
        emissions[k] = tape_expand(loop.body, lower_node(&body, step->in[1]), entry_axes(l, step));
        for (uint32_t i = 0; i < c->count; i++) push(a, &next, i ? c->at[i - 1] : emissions[k]);
    }
    return scan_close(&loop, next.at, emissions, body.carried_variables);
}

/* One variable of a loop, which is lowered once for all of them. */
static ref lower_scan(lowering *l, const node_row *r) {
    const program *p = l->model->program;
    uint32_t number = 0;
    for (node n = r->in[0]; program_node(p, n)->variable != r->variable; n = program_node(p, n)->in[0])
        number++;
    if (!l->nodes[r->in[0]]) l->nodes[r->in[0]] = lower_loop(l, r->in[0]);
    return scan_emission(l->tape, l->nodes[r->in[0]], number);
}

static ref lower_carried(const lowering *body, const node_row *part) {
    const node_row *carried = program_node(body->model->program, part->in[0]);
    return carries_of(body, carried->variable)->at[(uint32_t)fabs(part->number) - 1];
}

/* By a latent that is relaxed: the mixture, by its weights, of what each state would be. */
static ref lower_mixture(const lowering *l, ref x, ref index, axis of, axes states) {
    tape *t = l->tape;
    return tape_sum(t, tape_map2(t, OP_mul, index, tape_rename(t, x, of, states.at[0])), states);
}

static ref lower_gather(lowering *l, const node_row *r) {
    tape *t = l->tape;
    ref x = lower_node(l, r->in[0]), index = lower_node(l, r->in[1]);
    t->at = r->at;
    axis of = l->axes[r->axis];
    if (!axes_has(tape_at(t, x)->axes, of)) return x;
    if (t->axes.at[of].size == 0) return tape_number(t, 0); /* as of data of which nothing is missing */
    axes states = axes_common(tape_at(t, index)->axes, l->relaxed);
    if (states.count) return lower_mixture(l, x, index, of, states);
    const instruction *i = tape_at(t, index);
    if (l->followers && r->axis == l->batch)
        return tape_gather(t, x, tape_gather(t, l->place, index, l->whole->axes[l->batch]), of);
    bool all = i->op == OP_position && !axes_has(tape_at(t, x)->axes, i->axes.at[0]) &&
               t->axes.at[i->axes.at[0]].size == t->axes.at[of].size;
    return all ? tape_rename(t, x, of, i->axes.at[0]) : tape_gather(t, x, index, of);
}

static ref lower_new(lowering *l, const node_row *r) {
    tape *t = l->tape;
    switch (r->op) {
    case NODE_number: return tape_number(t, r->number);
    case NODE_variable: return lower_variable(l, r->variable);
    case NODE_position: return tape_position(t, l->axes[r->axis]);
    case NODE_size: return tape_number(t, l->model->axes[r->axis].size);
    case NODE_label: return tape_number(t, label_position(l, r));
    case NODE_gather: return lower_gather(l, r);
    case NODE_rename: {
        ref x = lower_node(l, r->in[0]);
        axis from = l->axes[r->axis];
        return axes_has(tape_at(t, x)->axes, from) ? tape_rename(t, x, from, l->axes[r->axis2]) : x;
    }
    case NODE_part:
        if (program_node(l->model->program, r->in[0])->op == NODE_carried) return lower_carried(l, r);
        return lower_part(l, r);
    case NODE_place: return lower_part(l, r);
    case NODE_scan: return lower_scan(l, r);
    case NODE_expand: return lower_node(l, r->in[0]); /* operands align by name: nothing needs repeating */
    default: return lower_primitive(l, r);
    }
}

/* What is of data alone, at the rows of a batch. */
static ref lower_rows(lowering *l, node n) {
    ref x = lower_node(l->whole, n);
    axis all = l->whole->axes[l->batch];
    if (axes_has(tape_at(l->tape, x)->axes, all)) x = tape_gather(l->tape, x, l->rows, all);
    for (uint32_t i = 0; i < l->followers; i++) {
        all = l->whole->axes[l->follower[i].axis];
        if (axes_has(tape_at(l->tape, x)->axes, all)) x = tape_gather(l->tape, x, l->follower[i].rows, all);
    }
    return x;
}

ref lower_node(lowering *l, node n) {
    assert(n && "a program with mistakes is not lowered");
    if (l->given && l->given[n]) return l->given[n];
    if (!l->nodes[n] && l->outer && !uses_carried(l, n))
        l->nodes[n] = scan_take(l->loop, lower_node(l->outer, n));
    if (!l->nodes[n] && l->base && !program_touched(l->model->program, n))
        l->nodes[n] = lower_node(l->base, n);
    const node_row *r = program_node(l->model->program, n);
    bool given = !r->stochastic && !(l->fresh && l->fresh[n]);
    if (!l->nodes[n]) l->nodes[n] = l->whole && given ? lower_rows(l, n) : lower_new(l, r);
    return l->nodes[n];
}

ref lower_draw(lowering *l, const draw *d) {
    ref density = lower_node(l, d->log_density);
    return lower_sum(l, density, d->axes);
}

ref lower_summed(lowering *l) {
    if (!l->model->program->summed.count) return tape_number(l->tape, 0);
    if (!l->marginal) l->marginal = marginal_new(l, OP_log_sum_exp, NULL);
    return marginal_total(l->marginal);
}

void lower_states(lowering *l) {
    if (!l->model->program->summed.count) return;
    lower_summed(l);
    marginal_draw(l->marginal);
}

ref lower_factors(lowering *l) {
    const program *p = l->model->program;
    ref total = tape_number(l->tape, 0);
    for (uint32_t i = 0; i < p->factors.count; i++) {
        node n = p->factors.at[i];
        if (program_touched(p, n)) continue;
        total = tape_map2(l->tape, OP_add, total, lower_sum(l, lower_node(l, n), program_node(p, n)->axes));
    }
    return total;
}

static ref lower_terms(lowering *l, bool priors) {
    const program *p = l->model->program;
    ref total = tape_number(l->tape, 0);
    for (uint32_t i = 0; i < p->model.count; i++) {
        const draw *d = &p->model.at[i];
        bool prior = program_variable(p, d->of)->kind == VARIABLE_latent;
        if ((priors || !prior) && !program_touched(p, d->log_density))
            total = tape_map2(l->tape, OP_add, total, lower_draw(l, d));
    }
    total = tape_map2(l->tape, OP_add, total, lower_factors(l));
    return tape_map2(l->tape, OP_add, total, lower_summed(l));
}

ref lower_log_density(lowering *l) { return lower_terms(l, true); }
ref lower_log_likelihood(lowering *l) { return lower_terms(l, false); }
