/* Names that follow from their own lags, woven into loops.
 *
 *     u[tick = 1] = …;  v[tick = 1] = …
 *     u[tick > 1], v[tick > 1] = step(u[tick - 1], v[tick - 1])
 *
 * Names that need each other, or themselves, are given together (groups.c, samples.c). The parts of the axis
 * are taken in order, from its first entry on (from its last one, if the lags are leads): within a part, what
 * a name needs of another at the same entry is put in its place, and what it needs of entries before is
 * carried by a loop over the part (NODE_step, NODE_scan). A part whose names need nothing of the kind is
 * computed for all its entries at once. */
#include "lang/checker.h"

#include <math.h>

/* ---- the members of a recurrence ---- */

/* What was rewritten already, from values over `from`, the whole axis or a part that a statement is for, to
 * the part of the step: at its entries, or, from the whole, so many away. */
typedef struct view {
    axis from;
    int32_t shift;
    node *done; /* by node; 0: not yet */
} view;

typedef enum progress { FRESH, WAITING, DONE } progress;

typedef struct weaving {
    checker *c;
    const pieces *members;
    uint32_t count;
    woven for_what;
    bool failed;
    uint32_t *number; /* by variable: 1 + which member it is; 0: none */
    uint32_t nodes;   /* of the program, before anything is rewritten */
    uint8_t *needs;   /* by node: 1 where it needs a member, 2 where not, 0 not known yet */
    axis along;
    bool leads, found_lag;
    axis *parts; /* of `along`, in the order of computation */
    uint32_t part_count;
    node *known; /* by part and member: its value there */
    axis part;   /* the one being computed; by member: */
    progress *state;
    node *value;
    uint32_t *carried; /* how many entries back its lags go */
    vector(view) views;
} weaving;

static const char *member_name(const weaving *w, uint32_t m) {
    return program_variable(w->c->p, w->members[m].of)->name;
}

static uint32_t number_of(const weaving *w, variable v) {
    return v < w->c->p->variables.count ? w->number[v] : 0;
}

static bool is_member(const weaving *w, const node_row *r) {
    return (r->op == NODE_carried || r->op == NODE_variable) && number_of(w, r->variable);
}

/* A loop that is complete needs nothing of what is computed now. */
static bool needs_member(const weaving *w, node n) {
    if (w->needs[n]) return w->needs[n] == 1;
    const node_row *r = program_node(w->c->p, n);
    bool uses = is_member(w, r);
    for (int i = 0; r->op != NODE_scan && i < node_inputs(r->op); i++) uses |= needs_member(w, r->in[i]);
    w->needs[n] = uses ? 1 : 2;
    return uses;
}

/* The part of the loop's axis that a statement is for; AXIS_NONE: all of it. */
static axis part_along(const weaving *w, const part *cut) {
    for (uint32_t k = 0; k < cut->count; k++)
        if (cut->whole[k] == w->along) return cut->axis[k];
    return AXIS_NONE;
}

/* ---- mistakes ---- */

static node fail(weaving *w) {
    w->failed = true;
    return 0;
}

static bool silent(weaving *w) {
    bool again = w->failed || w->for_what != WOVEN_values;
    w->failed = true;
    return again;
}

static node report_stray(weaving *w, const node_row *r) {
    if (silent(w)) return 0;
    const char *n = program_axis(w->c->p, w->along)->name;
    diagnostic *told = diagnose(w->c->d, DIAGNOSTIC_cycle, r->at,
                                "this needs all entries along `%s` of what is computed entry by entry", n);
    advise(w->c->d, told, "in a recurrence a name stands with its lag, `x[%s - 1]`", n);
    return 0;
}

/* All random numbers are drawn outside of the loop. */
static node report_draw(weaving *w, const node_row *r) {
    if (silent(w)) return 0;
    push(w->c->arena, &w->c->unsupported,
         (unsupported){r->at, "a draw by rejection whose arguments follow from lags of what is drawn"});
    return 0;
}

/* Where a member is computed for the part at hand. */
static span place_of(const weaving *w, uint32_t m) {
    const pieces *x = &w->members[m];
    for (uint32_t i = 0; x->places && i < x->count; i++) {
        axis a = part_along(w, &x->cuts[i]);
        if (a == AXIS_NONE || part_within(w->c, w->part, a)) return x->places[i];
    }
    return x->at;
}

static node report_needs_itself(weaving *w, uint32_t m) {
    if (silent(w)) return 0;
    const char *through = "", *n = member_name(w, m);
    for (uint32_t k = 0; k < w->count; k++)
        if (k != m && w->state[k] == WAITING)
            through = arena_print(w->c->arena, "%s `%s`",
                                  *through ? arena_print(w->c->arena, "%s,", through) : ", through",
                                  member_name(w, k));
    diagnostic *told =
        diagnose(w->c->d, DIAGNOSTIC_cycle, place_of(w, m), "`%s` depends on itself%s", n, through);
    advise(w->c->d, told, "a value may not need itself; a recurrence is written by its lag, `%s[%s - 1]`", n,
           program_axis(w->c->p, w->along)->name);
    return 0;
}

static bool report_directions(weaving *w, const node_row *r) {
    if (silent(w)) return false;
    diagnostic *told = diagnose(w->c->d, DIAGNOSTIC_cycle, r->at,
                                "this needs the entries behind, and others the entries before, along `%s`",
                                program_axis(w->c->p, w->along)->name);
    advise(w->c->d, told,
           "a recurrence runs one way: from the first entry on by lags, or from the last by leads");
    return false;
}

static bool report_partition(weaving *w, uint32_t m) {
    if (silent(w)) return false;
    const char *n = program_axis(w->c->p, w->along)->name;
    diagnostic *told =
        diagnose(w->c->d, DIAGNOSTIC_cover, w->members[m].at,
                 "`%s` is computed for other parts of `%s` than the names it needs", member_name(w, m), n);
    advise(w->c->d, told,
           "names that need each other have statements for the same parts of `%s`, or for all of it", n);
    return false;
}

/* ---- the axis and its parts ---- */

/* Finds the axis and the direction of the lags below a node. */
static bool find_lags(weaving *w, node n, bool *seen) {
    if (seen[n] || !needs_member(w, n)) return true;
    seen[n] = true;
    const node_row *r = program_node(w->c->p, n);
    if (r->op == NODE_part && r->number != 0) {
        bool leads = r->number > 0;
        if (w->found_lag && r->axis2 != w->along) {
            if (w->for_what == WOVEN_values)
                push(w->c->arena, &w->c->unsupported,
                     (unsupported){r->at, "a recurrence along two axes at once"});
            return fail(w);
        }
        if (w->found_lag && leads != w->leads) return report_directions(w, r);
        w->found_lag = true, w->along = r->axis2, w->leads = leads;
    }
    for (int i = 0; i < node_inputs(r->op); i++)
        if (!find_lags(w, r->in[i], seen)) return false;
    return true;
}

/* The parts of which those of all statements are made, in the order of computation. */
static void find_parts(weaving *w) {
    uint32_t most = 0, count = 0;
    for (uint32_t m = 0; m < w->count; m++) most += w->members[m].count;
    axis *written = arena_array(w->c->arena, axis, most), *refined = arena_array(w->c->arena, axis, 2 * most);
    for (uint32_t m = 0; m < w->count; m++)
        for (uint32_t i = 0; i < w->members[m].count; i++) {
            axis a = part_along(w, &w->members[m].cuts[i]);
            if (a != AXIS_NONE) written[count++] = a;
        }
    w->part_count = refine_parts(w->c, w->along, written, count, refined);
    w->parts = arena_array(w->c->arena, axis, w->part_count + 1);
    for (uint32_t k = 0; k < w->part_count; k++) w->parts[k] = refined[w->leads ? w->part_count - 1 - k : k];
}

/* ---- one part ---- */

static node resolve(weaving *w, uint32_t m);

/* A view that holds until the next part. */
static uint32_t find_view(weaving *w, axis from, int32_t shift) {
    for (uint32_t i = 0; i < w->views.count; i++)
        if (w->views.at[i].from == from && w->views.at[i].shift == shift) return i;
    push(w->c->arena, &w->views, (view){from, shift, arena_array(w->c->arena, node, w->nodes)});
    return w->views.count - 1;
}

/* A member at the entry of the step, or some entries before, where the loop carries it. */
static node member_at(weaving *w, const node_row *r, int32_t shift) {
    uint32_t m = number_of(w, r->variable) - 1;
    if (shift == 0) return resolve(w, m);
    uint32_t far = (uint32_t)(shift < 0 ? -shift : shift);
    if (w->carried[m] < far) w->carried[m] = far;
    node_row carried = {
        .op = NODE_carried, .axes = w->members[m].whole, .at = r->at, .variable = r->variable};
    carried.range = (range){-INFINITY, INFINITY, false, false, false};
    carried.stochastic = r->stochastic;
    return make_part(w->c, program_add(w->c->p, carried), w->along, w->part, shift, r->at);
}

/* Whether a node does with the loop's axis what no single entry can do. */
static bool strays(const node_row *r, axis here) {
    if (!axes_has(r->axes, here)) return true;
    bool moves = r->op == NODE_gather || r->op == NODE_rename || r->op == NODE_part || r->op == NODE_place ||
                 node_form_of(r->op) == FORM_SCAN;
    bool matrix = node_form_of(r->op) == FORM_FACTOR || node_form_of(r->op) == FORM_SOLVE;
    return ((moves || matrix) && r->axis == here) || ((r->op == NODE_rename || matrix) && r->axis2 == here);
}

static node rewrite(weaving *w, node n, uint32_t v);

/* A value that needs no member, at the part of the step. */
static node cut_to_step(weaving *w, node n, const view *v) {
    node_row row = *program_node(w->c->p, n);
    if (v->from == w->part || !axes_has(row.axes, v->from)) return n;
    if (v->from == w->along) return make_part(w->c, n, w->along, w->part, v->shift, row.at);
    if (row.op == NODE_part && row.axis == v->from)
        return make_part(w->c, row.in[0], w->along, w->part, (int32_t)row.number, row.at);
    return make_part(w->c, make_place(w->c, n, v->from, w->along, row.at), w->along, w->part, 0, row.at);
}

static node rewrite_new(weaving *w, node n, uint32_t number) {
    view v = w->views.at[number];
    bool whole = v.from == w->along;
    node_row row = *program_node(w->c->p, n);
    if (!needs_member(w, n)) return cut_to_step(w, n, &v);
    if (is_member(w, &row)) return whole ? member_at(w, &row, v.shift) : report_stray(w, &row);
    if (row.op == NODE_part && row.axis2 == w->along) {
        if (row.axis != v.from) return report_stray(w, &row);
        return rewrite(w, row.in[0], find_view(w, w->along, (int32_t)row.number));
    }
    if (node_form_of(row.op) == FORM_RANDOM) return report_draw(w, &row);
    if (strays(&row, v.from)) return report_stray(w, &row);
    for (int i = 0; i < node_inputs(row.op); i++) {
        row.in[i] = rewrite(w, row.in[i], number);
        if (!row.in[i]) return fail(w);
        row.stochastic |= program_node(w->c->p, row.in[i])->stochastic;
    }
    row.axes = axes_with(axes_without(row.axes, v.from), w->part);
    return program_add(w->c->p, row);
}

static node rewrite(weaving *w, node n, uint32_t v) {
    if (n >= w->nodes) return fail(w);
    node done = w->views.at[v].done[n];
    if (!done) done = rewrite_new(w, n, v);
    w->views.at[v].done[n] = done;
    return done;
}

static part without_axis(const part *cut, axis along) {
    part rest = {0};
    for (uint32_t k = 0; k < cut->count; k++)
        if (cut->whole[k] != along)
            rest.whole[rest.count] = cut->whole[k], rest.axis[rest.count++] = cut->axis[k];
    return rest;
}

static axes step_axes(const weaving *w, uint32_t m) {
    return axes_with(axes_without(w->members[m].whole, w->along), w->part);
}

/* The value of a member over the part, from all its statements that are for it. */
static node resolve(weaving *w, uint32_t m) {
    const pieces *x = &w->members[m];
    if (w->state[m] == DONE) return w->value[m];
    if (w->state[m] == WAITING) return report_needs_itself(w, m);
    w->state[m] = WAITING;
    part *cuts = arena_array(w->c->arena, part, x->count);
    node *values = arena_array(w->c->arena, node, x->count);
    uint32_t count = 0;
    for (uint32_t i = 0; i < x->count && !w->failed; i++) {
        axis a = part_along(w, &x->cuts[i]);
        if (a != AXIS_NONE && !part_within(w->c, w->part, a)) continue;
        cuts[count] = without_axis(&x->cuts[i], w->along);
        values[count++] = rewrite(w, x->values[i], find_view(w, a == AXIS_NONE ? w->along : a, 0));
    }
    if (!w->failed && !count) report_partition(w, m);
    if (w->failed) return 0;
    w->value[m] = join_parts(w->c, cuts, values, count, step_axes(w, m), x->at);
    w->state[m] = DONE;
    return w->value[m] ? w->value[m] : fail(w);
}

/* The values of a member at some of the parts, 0 elsewhere. */
static node joined(weaving *w, uint32_t m, uint32_t part_count) {
    part *cuts = arena_array(w->c->arena, part, part_count + 1);
    node *values = arena_array(w->c->arena, node, part_count + 1);
    for (uint32_t k = 0; k < part_count; k++) {
        cuts[k] = (part){.count = 1, .whole = {w->along}, .axis = {w->parts[k]}};
        values[k] = w->known[k * w->count + m];
    }
    return join_parts(w->c, cuts, values, part_count, w->members[m].whole, w->members[m].at);
}

/* Whether a value has anything carried in it. */
static bool is_carried(const program *p, node n, bool *seen) {
    if (seen[n]) return false;
    seen[n] = true;
    const node_row *r = program_node(p, n);
    if (r->op == NODE_carried) return true;
    for (int i = 0; r->op != NODE_scan && i < node_inputs(r->op); i++)
        if (is_carried(p, r->in[i], seen)) return true;
    return false;
}

static void note_loop(weaving *w, const bool *inside) {
    recurrence row = {.part = w->part, .loop = true, .of_draws = w->for_what == WOVEN_draws};
    row.of = arena_array(w->c->arena, variable, w->count);
    for (uint32_t m = 0; m < w->count; m++)
        if (inside[m]) row.of[row.count++] = w->members[m].of, row.carried += w->carried[m];
    push(w->c->arena, &w->c->p->recurrences, row);
}

/* The members that lags reach, or that lags make, become a loop. */
static void make_loop(weaving *w, uint32_t part_number) {
    program *p = w->c->p;
    bool *inside = arena_array(w->c->arena, bool, w->count), stochastic = false;
    node *before = arena_array(w->c->arena, node, w->count), steps = 0;
    for (uint32_t m = 0; m < w->count; m++) {
        inside[m] =
            w->carried[m] || is_carried(p, w->value[m], arena_array(w->c->arena, bool, p->nodes.count));
        if (!inside[m]) continue;
        if (w->carried[m] && !(before[m] = joined(w, m, part_number))) fail(w);
        stochastic |= program_node(p, w->value[m])->stochastic | program_node(p, before[m])->stochastic;
    }
    for (uint32_t m = 0; m < w->count && !w->failed; m++)
        if (inside[m])
            steps = program_add(p, (node_row){.op = NODE_step,
                                              .in = {steps, w->value[m], before[m]},
                                              .axes = step_axes(w, m),
                                              .axis = w->part,
                                              .axis2 = w->along,
                                              .variable = w->members[m].of,
                                              .stochastic = stochastic,
                                              .range = {-INFINITY, INFINITY, false, false, false},
                                              .at = place_of(w, m)});
    for (uint32_t m = 0; m < w->count && !w->failed; m++)
        if (inside[m])
            w->value[m] = program_add(p, (node_row){.op = NODE_scan,
                                                    .in = {steps},
                                                    .axes = step_axes(w, m),
                                                    .axis = w->part,
                                                    .variable = w->members[m].of,
                                                    .stochastic = stochastic,
                                                    .range = {-INFINITY, INFINITY, false, false, false},
                                                    .at = place_of(w, m)});
    if (!w->failed && w->for_what != WOVEN_places) note_loop(w, inside);
}

static void weave_part(weaving *w, uint32_t part_number) {
    w->part = w->parts[part_number];
    w->views.count = 0;
    bool lagged = false;
    for (uint32_t m = 0; m < w->count; m++) w->state[m] = FRESH, w->carried[m] = 0;
    for (uint32_t m = 0; m < w->count && !w->failed; m++) resolve(w, m);
    for (uint32_t m = 0; m < w->count; m++) lagged |= w->carried[m] != 0;
    if (lagged && !w->failed) make_loop(w, part_number);
    for (uint32_t m = 0; m < w->count; m++) w->known[part_number * w->count + m] = w->value[m];
}

/* ---- the whole ---- */

static weaving weaving_new(checker *c, const pieces *members, uint32_t count, woven for_what) {
    weaving w = {
        .c = c, .members = members, .count = count, .for_what = for_what, .nodes = c->p->nodes.count};
    w.number = arena_array(c->arena, uint32_t, c->p->variables.count);
    w.needs = arena_array(c->arena, uint8_t, w.nodes);
    w.state = arena_array(c->arena, progress, count);
    w.value = arena_array(c->arena, node, count);
    w.carried = arena_array(c->arena, uint32_t, count);
    for (uint32_t m = 0; m < count; m++) w.number[members[m].of] = m + 1;
    return w;
}

/* Whether any statement of the members needs one of them. */
static bool any_needs(const weaving *w) {
    for (uint32_t m = 0; m < w->count; m++)
        for (uint32_t i = 0; i < w->members[m].count; i++)
            if (needs_member(w, w->members[m].values[i])) return true;
    return false;
}

static void find_axis(weaving *w) {
    bool *seen = arena_array(w->c->arena, bool, w->nodes);
    for (uint32_t m = 0; m < w->count; m++)
        for (uint32_t i = 0; i < w->members[m].count; i++) {
            const part *cut = &w->members[m].cuts[i];
            if (!w->found_lag && cut->count) w->along = cut->whole[0];
            if (!find_lags(w, w->members[m].values[i], seen)) return;
        }
}

void weave(checker *c, const pieces *members, uint32_t count, woven for_what, node *results) {
    weaving w = weaving_new(c, members, count, for_what);
    if (!any_needs(&w)) {
        for (uint32_t m = 0; m < count; m++)
            results[m] = join_parts(c, members[m].cuts, members[m].values, members[m].count, members[m].whole,
                                    members[m].at);
        return;
    }
    find_axis(&w);
    if (!w.failed) find_parts(&w);
    w.known = arena_array(c->arena, node, (size_t)w.part_count * count + 1);
    for (uint32_t k = 0; k < w.part_count && !w.failed; k++) weave_part(&w, k);
    for (uint32_t m = 0; m < count; m++) results[m] = w.failed ? 0 : joined(&w, m, w.part_count);
}

typedef enum lagging { UNKNOWN, LAGS, NO_LAGS } lagging;

/* Kept by node, since nodes stay as they are. */
bool has_lags(checker *c, node n) {
    while (c->lagging.count < c->p->nodes.count) push(c->arena, &c->lagging, UNKNOWN);
    if (c->lagging.at[n]) return c->lagging.at[n] == LAGS;
    const node_row *r = program_node(c->p, n);
    bool lags = r->op == NODE_part && r->number != 0;
    for (int i = 0; r->op != NODE_scan && i < node_inputs(r->op) && !lags; i++) lags = has_lags(c, r->in[i]);
    c->lagging.at[n] = lags ? LAGS : NO_LAGS;
    return lags;
}

void note_vectorised(checker *c, variable v) {
    recurrence row = {.of = arena_array(c->arena, variable, 1), .count = 1};
    row.of[0] = v;
    push(c->arena, &c->p->recurrences, row);
}

void note_lags(checker *c) {
    const program *p = c->p;
    bool *told = arena_array(c->arena, bool, p->variables.count);
    for (uint32_t i = 0; i < p->model.count; i++) {
        variable v = p->model.at[i].of;
        if (told[v] || !c->model_cuts.at[i].count || !has_lags(c, p->model.at[i].log_density)) continue;
        told[v] = true;
        note_vectorised(c, v);
    }
}
