/* Groups: names that need each other, or themselves, through lags. They are checked together, and while that
 * is done each of them stands for NODE_carried; what comes of it are loops (loops.c). */
#include "lang/checker.h"

#include <math.h>

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
    weave(c, g->pieces, g->count, WOVEN_values, results);
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
