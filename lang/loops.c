/* Names that follow from their own lags.
 *
 *     u[tick = 1] = …;  v[tick = 1] = …
 *     u[tick > 1], v[tick > 1] = step(u[tick - 1], v[tick - 1])
 *
 * Names that need each other, or themselves, are one group and are checked together. While that is done each
 * of them stands for NODE_carried. Then the parts of the axis are taken in order, from its first entry on
 * (from its last one, if the lags are leads): within a part, what a name needs of another at the same entry
 * is put in its place, and what it needs of entries before is carried by a loop over the part (NODE_step,
 * NODE_scan). A part whose names need nothing of the kind is computed for all its entries at once.
 *
 * Draws that follow from their own lags, in `generate` or in the guide, are loops of the same kind: the noise
 * for all entries is drawn outside, the loop transforms it. The densities of such statements, and those of
 * the model, need no loop, since all of x is there. */
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

/* What is woven: values, whose mistakes are told, draws, or where latents are placed, which no one is told
 * of. */
typedef enum weft { OF_VALUES, OF_DRAWS, OF_PLACES } weft;

typedef struct weaving {
    checker *c;
    const pieces *members;
    uint32_t count;
    weft for_what;
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
    bool again = w->failed || w->for_what != OF_VALUES;
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
            if (w->for_what == OF_VALUES)
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
static bool strays(const weaving *w, const node_row *r, axis here) {
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
    if (strays(w, &row, v.from)) return report_stray(w, &row);
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
    recurrence row = {.part = w->part, .loop = true, .of_draws = w->for_what == OF_DRAWS};
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
    if (!w->failed && w->for_what != OF_PLACES) note_loop(w, inside);
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

static weaving weaving_new(checker *c, const pieces *members, uint32_t count, weft for_what) {
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

/* The values of all members over their whole axes; 0 for each where that fails, which is told of values. */
static void weave(checker *c, const pieces *members, uint32_t count, weft for_what, node *results) {
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

/* Whether a value has lags in it; kept by node, since nodes stay as they are. */
static bool has_lags(checker *c, node n) {
    while (c->lagging.count < c->p->nodes.count) push(c->arena, &c->lagging, UNKNOWN);
    if (c->lagging.at[n]) return c->lagging.at[n] == LAGS;
    const node_row *r = program_node(c->p, n);
    bool lags = r->op == NODE_part && r->number != 0;
    for (int i = 0; r->op != NODE_scan && i < node_inputs(r->op) && !lags; i++) lags = has_lags(c, r->in[i]);
    c->lagging.at[n] = lags ? LAGS : NO_LAGS;
    return lags;
}

/* A statement with lags that runs over all its entries at once. */
static void note_vectorised(checker *c, variable v) {
    recurrence row = {.of = arena_array(c->arena, variable, 1), .count = 1};
    row.of[0] = v;
    push(c->arena, &c->p->recurrences, row);
}

/* ---- groups ---- */

/* One name of a group. */
typedef struct member {
    definition *by;
    uint32_t result; /* its number among those of `by` */
} member;

typedef struct shared {
    const item *item;
    value value;
} shared;

struct group {
    bool begun;
    uint32_t count;
    member *members;
    pieces *pieces;        /* by member */
    vector(shared) values; /* of statements with several names */
};

bool group_begun(const group *g) { return g->begun; }

static const item *statement_of(const definition *f, uint32_t i) { return i ? f->others.at[i - 1] : f->item; }

static name name_of(checker *c, const pieces *x) { return program_variable(c->p, x->of)->name; }

static uint32_t result_of(const item *it, name n) { return (uint32_t)(target_of(it, n) - left_of(it)->at); }

/* While its group is checked a name stands for what is carried. */
static value carried_value(checker *c, const pieces *x) {
    node_row row = {.op = NODE_carried, .axes = x->whole, .at = x->at, .variable = x->of};
    row.range = (range){-INFINITY, INFINITY, false, false, false};
    return value_of(program_add(c->p, row));
}

static bool same_cut(const part *a, const part *b) {
    bool same = a->count == b->count;
    for (uint32_t k = 0; same && k < a->count; k++) {
        bool found = false;
        for (uint32_t j = 0; j < b->count; j++)
            found |= a->whole[k] == b->whole[j] && a->axis[k] == b->axis[j];
        same = found;
    }
    return same;
}

/* What is computed by one statement is computed for one part. */
static bool check_shared(checker *c, const definition *f, const item *it, const part *cut) {
    const targets *left = left_of(it);
    for (uint32_t i = 0; i < left->count; i++) {
        axes whole;
        axis order[AXES_MOST];
        part other;
        if (!evaluate_target(c, f->scope, &left->at[i], &whole, order, &other)) return false;
        if (same_cut(cut, &other)) continue;
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_cover, left->at[i].at,
                                    "names that are computed together are computed for the same entries");
        advise(c->d, told, "write the same part behind each name, or a statement for each");
        return false;
    }
    return true;
}

/* The axes of a name and of its statements; false, reported, where they are wrong. */
static bool open_pieces(checker *c, const definition *f, pieces *x) {
    name n = name_of(c, x);
    x->cuts = arena_array(c->arena, part, x->count);
    x->values = arena_array(c->arena, node, x->count);
    span *at = arena_array(c->arena, span, x->count);
    for (uint32_t i = 0; i < x->count; i++) {
        const item *it = statement_of(f, i);
        const target *t = target_of(it, n);
        axes whole;
        axis order[AXES_MOST] = {0};
        if (!evaluate_target(c, f->scope, t, &whole, order, &x->cuts[i])) return false;
        at[i] = t->at;
        if (i == 0) {
            x->whole = axes_union(whole, f->further);
            for (int k = 0; k < f->further.count && whole.count + k < AXES_MOST; k++)
                order[whole.count + k] = f->further.at[k];
            memcpy(x->order, order, sizeof order);
        } else if (!axes_equal(axes_union(whole, f->further), x->whole)) {
            diagnostic *told =
                diagnose(c->d, DIAGNOSTIC_axes, t->at, "`%s` has other axes in its other statements", n);
            advise(c->d, told, "all statements of a name have the axes [%s]", axes_text(c->p, x->whole));
            return false;
        }
        if (left_of(it)->count > 1 && t == left_of(it)->at && !check_shared(c, f, it, &x->cuts[i]))
            return false;
    }
    x->places = at;
    return check_cover(c, x->cuts, at, x->count, n);
}

/* Whether only its value tells the axes of a name. */
static bool is_loose(const definition *f) {
    const targets *left = left_of(f->item);
    bool loose = false;
    for (uint32_t i = 0; i < left->count; i++) loose |= !left->at[i].axes.count;
    return loose && f->item->kind != ITEM_draw;
}

static void open_member(checker *c, group *g, uint32_t m) {
    definition *f = g->members[m].by;
    pieces *x = &g->pieces[m];
    *x = (pieces){.of = f->variables[g->members[m].result], .count = 1 + f->others.count};
    name n = name_of(c, x);
    x->at = target_of(f->item, n)->at;
    bool loose = is_loose(f);
    if (!loose && open_pieces(c, f, x)) f->results[g->members[m].result] = carried_value(c, x);
    else if (!loose) x->count = 0;
    if (!loose) f->state = STATE_checked;
}

static bool fits_part(checker *c, const pieces *x, uint32_t i, const item *it) {
    axes extra = axes_minus(program_node(c->p, x->values[i])->axes, cut_axes(&x->cuts[i], x->whole));
    if (!extra.count) return true;
    const char *a = program_axis(c->p, extra.at[0])->name, *n = name_of(c, x);
    diagnostic *told = diagnose(c->d, DIAGNOSTIC_axes, it->value.value->at,
                                "this varies over `%s`, which `%s` does not have", a, n);
    advise(c->d, told, "write it among the axes of `%s`, or sum it out: `sum[%s](…)`", n, a);
    return false;
}

/* What a statement gives to one of its names; those with several are evaluated once. */
static node statement_value(checker *c, group *g, const definition *f, const item *it, name n) {
    uint32_t result = result_of(it, n);
    for (uint32_t i = 0; i < g->values.count; i++)
        if (g->values.at[i].item == it) return g->values.at[i].value.nodes[result];
    value v = evaluate_results(c, f, it);
    if (v.kind == VALUE_distribution) {
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_type, it->value.value->at,
                                    "this is a distribution, here stands a number");
        advise(c->d, told, "draw from it by a statement, `%s ~ …`", n);
        v = FAILED;
    }
    if (left_of(it)->count > 1) push(c->arena, &g->values, (shared){it, v});
    return v.nodes[result];
}

static void evaluate_member(checker *c, group *g, uint32_t m) {
    definition *f = g->members[m].by;
    pieces *x = &g->pieces[m];
    if (f->state == STATE_fresh) define(c, f); /* a loose one */
    if (is_loose(f)) return;
    c->current = f;
    for (uint32_t i = 0; i < x->count; i++) {
        const item *it = statement_of(f, i);
        c->now = f->now;
        c->now.cut = x->cuts[i];
        x->values[i] =
            it->kind == ITEM_draw ? check_generated(c, f, it) : statement_value(c, g, f, it, name_of(c, x));
        c->now.cut.count = 0;
        if (!x->values[i] || (it->kind != ITEM_draw && !fits_part(c, x, i, it))) x->count = 0;
    }
    if (!x->count) f->results[g->members[m].result] = FAILED;
}

/* A name whose axes may be written, though not those of all that its statement computes. */
static bool open_loose(checker *c, const definition *f, pieces *x, node n) {
    x->whole = program_node(c->p, n)->axes;
    memcpy(x->order, x->whole.at, sizeof x->order);
    if (target_of(f->item, name_of(c, x))->axes.count) return open_pieces(c, f, x);
    x->cuts = arena_array(c->arena, part, 1);
    x->values = arena_array(c->arena, node, 1);
    return true;
}

void check_loose(checker *c, definition *f) {
    value v = evaluate_results(c, f, f->item);
    for (uint32_t m = 0; m < f->group->count; m++) {
        pieces *x = &f->group->pieces[m];
        uint32_t result = f->group->members[m].result;
        if (f->group->members[m].by != f) continue;
        node n = v.kind == VALUE_distribution ? 0 : v.nodes[result];
        bool good = n && open_loose(c, f, x, n);
        if (good) x->values[0] = n;
        if (!good || !fits_part(c, x, 0, f->item)) x->count = 0;
        else f->results[result] = carried_value(c, x);
    }
}

/* A draw of `generate` is known. */
static void settle_draw(checker *c, definition *f, const pieces *x, node n) {
    variable_row *row = &c->p->variables.at[x->of];
    row->axes = x->whole;
    memcpy(row->order, x->order, sizeof row->order);
    row->value = n;
    node self = make_variable(c, x->of, x->at);
    c->p->variables.at[x->of].self = self;
    f->results[0] = value_of(self);
}

static void settle_members(checker *c, group *g) {
    node *results = arena_array(c->arena, node, g->count);
    uint32_t loops = c->p->recurrences.count;
    weave(c, g->pieces, g->count, OF_VALUES, results);
    for (uint32_t m = 0; m < g->count; m++) {
        definition *f = g->members[m].by;
        const pieces *x = &g->pieces[m];
        f->results[g->members[m].result] = FAILED;
        if (!results[m]) continue;
        while (c->computed.count <= x->of) push(c->arena, &c->computed, NULL);
        c->computed.at[x->of] = x;
        if (program_node(c->p, results[m])->op != NODE_failed && f->item->kind == ITEM_draw)
            settle_draw(c, f, x, results[m]);
        else
            settle_value(c, f, g->members[m].result, target_of(f->item, name_of(c, x)), results[m], x->whole,
                         x->order);
        bool lags = false;
        for (uint32_t i = 0; i < x->count; i++) lags |= has_lags(c, x->values[i]);
        if (c->p->recurrences.count == loops && lags) note_vectorised(c, x->of);
    }
}

void check_group(checker *c, group *g) {
    surroundings before = c->now;
    definition *asked_by = c->current;
    g->begun = true;
    c->depth += CALL_DEPTH;
    bool good = !too_deep(c, g->members[0].by->item->at);
    for (uint32_t m = 0; m < g->count; m++) {
        definition *f = g->members[m].by;
        f->asked_by = asked_by;
        f->asked_lagged = before.lagged;
        c->now = f->now;
        open_member(c, g, m);
    }
    for (uint32_t m = 0; m < g->count && good; m++) evaluate_member(c, g, m);
    for (uint32_t m = 0; m < g->count; m++) good &= g->pieces[m].count > 0;
    c->now = (surroundings){0};
    if (good) settle_members(c, g);
    for (uint32_t m = 0; m < g->count; m++) {
        g->members[m].by->state = STATE_checked;
        if (!good) g->members[m].by->results[g->members[m].result] = FAILED;
    }
    c->depth -= CALL_DEPTH;
    c->now = before;
    c->current = asked_by;
}

/* ---- which names need each other ---- */

/* Definitions with what each needs. */
typedef struct reachable {
    vector(definition *) of;
    vector(definition_list) needs;
    bool *leads; /* back to the first */
} reachable;

static bool is_computed(const checker *c, const definition *f) {
    return f->item->kind != ITEM_draw || f->scope == c->generate;
}

static uint32_t place_in(const reachable *r, const definition *f) {
    uint32_t i = 0;
    while (i < r->of.count && r->of.at[i] != f) i++;
    return i;
}

/* What it names, and what shares a statement with it. */
static definition_list neighbours(checker *c, const definition *f, bool computed) {
    definition_list found = needs(c, f), kept = {0};
    for (uint32_t i = 0; i <= f->others.count; i++) {
        const item *it = statement_of(f, i);
        for (uint32_t k = 0; left_of(it)->count > 1 && k < left_of(it)->count; k++) {
            const binding *b = scope_here(f->scope, left_of(it)->at[k].name, false);
            if (b && b->kind == BINDING_definition) push(c->arena, &found, b->definition);
        }
    }
    for (uint32_t i = 0; i < found.count; i++) {
        definition *g = found.at[i];
        if (g->scope == f->scope && g->state == STATE_fresh && (!computed || is_computed(c, g)))
            push(c->arena, &kept, g);
    }
    return kept;
}

/* The definitions that f needs, through others, and that need f; f is the first. `computed`: through
 * computed names only. */
static definition_list find_circle(checker *c, definition *f, bool computed) {
    reachable r = {0};
    definition_list circle = {0};
    push(c->arena, &r.of, f);
    f->reached = f;
    for (uint32_t i = 0; i < r.of.count; i++) {
        definition_list next = neighbours(c, r.of.at[i], computed);
        push(c->arena, &r.needs, next);
        for (uint32_t k = 0; k < next.count; k++) {
            if (next.at[k]->reached == f) continue;
            next.at[k]->reached = f;
            push(c->arena, &r.of, next.at[k]);
        }
    }
    r.leads = arena_array(c->arena, bool, r.of.count);
    r.leads[0] = true;
    for (bool again = true; again;) {
        again = false;
        for (uint32_t i = r.of.count; i-- > 1;)
            for (uint32_t k = 0; !r.leads[i] && k < r.needs.at[i].count; k++)
                if (r.leads[place_in(&r, r.needs.at[i].at[k])]) r.leads[i] = again = true;
    }
    for (uint32_t i = 0; i < r.of.count; i++)
        if (r.leads[i]) push(c->arena, &circle, r.of.at[i]);
    return circle;
}

static bool is_partial(checker *c, const definition *f) {
    return f->variables[0] != VARIABLE_NONE &&
           is_guarded(target_of(f->item, program_variable(c->p, f->variables[0])->name));
}

static void make_group(checker *c, const definition_list *of) {
    group *g = arena_new(c->arena, group);
    *g = (group){0};
    for (uint32_t i = 0; i < of->count; i++) g->count += of->at[i]->count;
    g->members = arena_array(c->arena, member, g->count);
    g->pieces = arena_array(c->arena, pieces, g->count);
    g->count = 0;
    for (uint32_t i = 0; i < of->count; i++) {
        of->at[i]->group = g;
        for (uint32_t k = 0; k < of->at[i]->count; k++) g->members[g->count++] = (member){of->at[i], k};
    }
}

/* Whether an expression names one of them other than by its lag. */
static bool names_unlagged(const scope *s, const expression *e, const definition_list *circle) {
    if (!e) return false;
    switch (e->kind) {
    case EXPRESSION_number:
    case EXPRESSION_free: return false;
    case EXPRESSION_name: {
        const binding *b = scope_find(s, e->name, false);
        bool found = false;
        for (uint32_t i = 0; b && b->kind == BINDING_definition && i < circle->count; i++)
            found |= circle->at[i] == b->definition;
        return found;
    }
    case EXPRESSION_operation:
        return names_unlagged(s, e->left, circle) || names_unlagged(s, e->right, circle);
    case EXPRESSION_choice:
        return names_unlagged(s, e->condition, circle) || names_unlagged(s, e->then, circle) ||
               names_unlagged(s, e->otherwise, circle);
    case EXPRESSION_call:
    case EXPRESSION_select: break;
    }
    bool lagged = e->kind == EXPRESSION_select && has_lag(&e->list);
    bool found = !lagged && names_unlagged(s, e->head, circle);
    for (uint32_t i = 0; i < e->list.count; i++)
        found |= !lagged && names_unlagged(s, e->list.at[i].value, circle);
    return found;
}

/* Of latents, and names between them, that need each other: first comes a latent that needs only lags. */
static void put_in_order(const definition_list *circle) {
    definition *first = NULL;
    for (uint32_t k = 0; k < circle->count && !first; k++) {
        definition *f = circle->at[k];
        if (f->after) return; /* the circle of another of them */
        bool lagged = f->item->kind == ITEM_draw;
        for (uint32_t i = 0; lagged && i <= f->others.count; i++)
            lagged = !names_unlagged(f->scope, statement_of(f, i)->draw.distribution, circle);
        if (lagged) first = f;
    }
    for (uint32_t k = 0; first && k < circle->count; k++)
        if (circle->at[k] != first && !circle->at[k]->after) circle->at[k]->after = first;
}

void find_groups(checker *c, const definition_list *list) {
    for (uint32_t i = 0; i < list->count; i++) {
        definition *f = list->at[i];
        bool defined =
            f->item->kind == ITEM_let || f->item->kind == ITEM_define || f->item->kind == ITEM_draw;
        if (f->group || f->state != STATE_fresh || !defined || !is_partial(c, f)) continue;
        definition_list circle = find_circle(c, f, is_computed(c, f));
        if (is_computed(c, f)) make_group(c, &circle);
        else put_in_order(&circle);
    }
}

/* ---- samples ---- */

typedef struct sampling {
    checker *c;
    draw *draws;
    const part *cuts;
    uint32_t count;
    pieces *of; /* by variable: what its statements sample, or what it is computed by; count 0: given */
} sampling;

static const pieces *pieces_of(sampling *s, variable v) {
    const variable_row *row = program_variable(s->c->p, v);
    bool computed =
        row->kind == VARIABLE_derived || row->kind == VARIABLE_guide || row->kind == VARIABLE_generated;
    if (s->of[v].count || !computed || !row->value) return &s->of[v];
    if (v < s->c->computed.count && s->c->computed.at[v]) {
        s->of[v] = *s->c->computed.at[v];
        return &s->of[v];
    }
    s->of[v] = (pieces){.of = v, .count = 1, .whole = row->axes, .at = row->at};
    s->of[v].cuts = arena_array(s->c->arena, part, 1);
    s->of[v].values = arena_array(s->c->arena, node, 1);
    s->of[v].values[0] = row->value;
    return &s->of[v];
}

/* The statements of every variable that are drawn; none of one that cannot be. */
static void collect_draws(sampling *s) {
    checker *c = s->c;
    bool *never = arena_array(c->arena, bool, c->p->variables.count);
    for (uint32_t i = 0; i < s->count; i++) {
        const draw *d = &s->draws[i];
        pieces *x = &s->of[d->of];
        never[d->of] |= !d->sample || d->lower || d->upper || d->lowest || d->highest || d->along.count;
        if (!x->cuts) {
            uint32_t count = 0;
            for (uint32_t k = i; k < s->count; k++) count += s->draws[k].of == d->of;
            *x = (pieces){.of = d->of, .at = d->at, .whole = program_variable(c->p, d->of)->axes};
            x->cuts = arena_array(c->arena, part, count);
            x->values = arena_array(c->arena, node, count);
        }
        x->cuts[x->count] = s->cuts[i];
        x->values[x->count++] = d->sample;
    }
    for (variable v = 0; v < c->p->variables.count; v++)
        if (never[v]) s->of[v].count = 0;
}

static void collect_variables(sampling *s, node n, bool *seen, bool *found) {
    if (seen[n]) return;
    seen[n] = true;
    const node_row *r = program_node(s->c->p, n);
    if (r->op == NODE_variable || r->op == NODE_carried) found[r->variable] = true;
    for (int i = 0; i < node_inputs(r->op); i++) collect_variables(s, r->in[i], seen, found);
}

/* The variables that v needs, through others, and that need v, v first. */
static uint32_t find_sampled_circle(sampling *s, variable v, pieces *circle) {
    checker *c = s->c;
    uint32_t variables = c->p->variables.count, reached = 1, count = 0;
    variable *order = arena_array(c->arena, variable, variables);
    bool **needs_of = arena_array(c->arena, bool *, variables),
         *seen = arena_array(c->arena, bool, variables), *leads = arena_array(c->arena, bool, variables);
    order[0] = v, seen[v] = leads[v] = true;
    for (uint32_t i = 0; i < reached; i++) {
        const pieces *x = pieces_of(s, order[i]);
        bool *nodes = arena_array(c->arena, bool, c->p->nodes.count);
        needs_of[i] = arena_array(c->arena, bool, variables);
        for (uint32_t k = 0; k < x->count; k++) collect_variables(s, x->values[k], nodes, needs_of[i]);
        for (variable u = 0; u < variables; u++)
            if (needs_of[i][u] && !seen[u]) seen[u] = true, order[reached++] = u;
    }
    for (bool again = true; again;) {
        again = false;
        for (uint32_t i = reached; i-- > 1;)
            for (variable u = 0; !leads[order[i]] && u < variables; u++)
                if (needs_of[i][u] && leads[u]) leads[order[i]] = again = true;
    }
    bool itself = needs_of[0][v];
    for (uint32_t i = 0; i < reached; i++)
        if (leads[order[i]]) circle[count++] = *pieces_of(s, order[i]);
    return count > 1 || itself ? count : 0;
}

/* Gives every statement of a variable its sample. */
static void set_sample(sampling *s, variable v, node sample) {
    bool pathwise = true;
    for (uint32_t i = 0; i < s->count; i++)
        if (s->draws[i].of == v) pathwise &= s->draws[i].pathwise;
    for (uint32_t i = 0; i < s->count; i++)
        if (s->draws[i].of == v) s->draws[i].sample = sample, s->draws[i].pathwise = sample && pathwise;
}

void put_together(checker *c, draw *draws, const part *cuts, uint32_t count, bool told) {
    sampling s = {.c = c, .draws = draws, .cuts = cuts, .count = count};
    bool *done = arena_array(c->arena, bool, c->p->variables.count);
    for (uint32_t i = 0; i < s.count; i++) {
        variable v = s.draws[i].of;
        if (!s.cuts[i].count || done[v]) continue;
        if (!s.of) {
            s.of = arena_array(c->arena, pieces, c->p->variables.count);
            collect_draws(&s);
        }
        pieces *circle = arena_array(c->arena, pieces, c->p->variables.count);
        uint32_t members = s.of[v].count ? find_sampled_circle(&s, v, circle) : 0;
        if (!members) circle[0] = s.of[v], members = 1;
        node *results = arena_array(c->arena, node, members);
        if (s.of[v].count) weave(c, circle, members, told ? OF_DRAWS : OF_PLACES, results);
        circle[0].of = v;
        for (uint32_t m = 0; m < members; m++) {
            done[circle[m].of] = true;
            set_sample(&s, circle[m].of, results[m]);
        }
    }
}

void complete_samples(checker *c) {
    put_together(c, c->p->guide.at, c->guide_cuts.at, c->p->guide.count, true);
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
