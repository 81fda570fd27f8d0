/* Statements for a part of an axis, and lags.
 *
 *     h[day = 1] ~ normal(mu, sigma / sqrt(1 - phi^2))
 *     h[day > 1] ~ normal(mu + phi * (h[day - 1] - mu), sigma)
 *
 * Each part is an axis of its own, [day > 1] of size(day) - 1. Inside the statement whatever varies over the
 * whole axis is cut to the part, and a lag cuts it one entry earlier; so a statement about lags is an
 * ordinary one, aligned by name, and runs over all its entries at once. Together the parts must cover every
 * entry of the axis once.
 *
 * Where an entry lies is known relative to the first or to the last one, never as a number: the size comes
 * with the data. */
#include "lang/checker.h"

#include <math.h>
#include <stdlib.h>

/* ---- where entries lie ---- */

static bool same_place(entry_place a, entry_place b) {
    return a.from_end == b.from_end && a.offset == b.offset;
}
static bool known_before(entry_place a, entry_place b) {
    return a.from_end == b.from_end ? a.offset < b.offset : b.from_end;
}

static entry_place place_after(entry_place a, int32_t steps) {
    return (entry_place){a.from_end, a.offset + steps};
}

/* `time > 1` as the program says it, for messages. */
static const char *part_text(checker *c, const axis_row *part) {
    const char *n = program_axis(c->p, part->of)->name;
    entry_place first = part->first, last = part->last;
    if (!first.from_end && !last.from_end && first.offset == last.offset)
        return arena_print(c->arena, "%s = %d", n, first.offset);
    if (first.from_end && first.offset == 0) return arena_print(c->arena, "%s = last", n);
    if (last.from_end && last.offset == 0) return arena_print(c->arena, "%s > %d", n, first.offset - 1);
    if (last.from_end && last.offset == -1) return arena_print(c->arena, "%s < last", n);
    const char *from = first.from_end ? "last - " : "", *to = last.from_end ? "last - " : "";
    return arena_print(c->arena, "%s from %s%d to %s%d", n, from, abs(first.offset), to, abs(last.offset));
}

/* The entry that a guard compares with: a number, `last`, a label, or `last - 1`. */
static bool find_entry(checker *c, axis a, const expression *e, entry_place *found) {
    const axis_row *row = program_axis(c->p, a);
    if (e->kind == EXPRESSION_number && e->number == floor(e->number) && fabs(e->number) < 1e9) {
        *found = (entry_place){false, (int32_t)e->number};
        return e->number >= 1;
    }
    if (e->kind == EXPRESSION_name && e->name == c->word_last) {
        *found = (entry_place){true, 0};
        return true;
    }
    for (uint32_t i = 0; e->kind == EXPRESSION_name && i < row->label_count; i++)
        if (row->labels[i] == e->name) {
            *found = (entry_place){false, (int32_t)i + 1};
            return true;
        }
    bool back = e->kind == EXPRESSION_operation && e->operator== OPERATOR_subtract && e->right &&
                                                   e->right->kind == EXPRESSION_number;
    if (!back || e->left->kind != EXPRESSION_name || e->left->name != c->word_last) return false;
    *found = (entry_place){true, -(int32_t)e->right->number};
    return e->right->number >= 0 && e->right->number == floor(e->right->number) && e->right->number < 1e9;
}

static bool report_guard(checker *c, span at, const char *n) {
    diagnostic *told =
        diagnose(c->d, DIAGNOSTIC_cover, at, "this does not say which entries of `%s` are meant", n);
    advise(c->d, told, "write `%s = 1`, `%s > 1`, `%s = last`, `%s < last` or a label", n, n, n, n);
    return false;
}

/* The first and last entry of a guard; false, reported, where it is none. */
static bool find_part(checker *c, axis a, const entry *guard, axis_row *part) {
    const expression *e = guard->value;
    entry_place start = {false, 1}, end = {true, 0}, at;
    const char *n = program_axis(c->p, a)->name;
    if (guard->name) {
        if (!find_entry(c, a, e, &at)) return report_guard(c, e->at, n);
        part->first = part->last = at;
        return true;
    }
    if (!e->right || !find_entry(c, a, e->right, &at)) return report_guard(c, e->at, n);
    part->first = start, part->last = end;
    switch (e->operator) {
    case OPERATOR_equal: part->first = part->last = at; return true;
    case OPERATOR_greater: part->first = place_after(at, 1); return true;
    case OPERATOR_greater_equal: part->first = at; return true;
    case OPERATOR_less: part->last = place_after(at, -1); return true;
    case OPERATOR_less_equal: part->last = at; return true;
    default: return report_guard(c, e->at, n);
    }
}

static axis part_axis(checker *c, axis whole, axis_row part) {
    part.source = AXIS_part, part.of = whole;
    for (axis a = 0; a < c->p->axes.count; a++) {
        const axis_row *row = program_axis(c->p, a);
        if (row->source == AXIS_part && row->of == whole && same_place(row->first, part.first) &&
            same_place(row->last, part.last))
            return a;
    }
    part.name = names_of(c->p->names, part_text(c, &part));
    return add_axis(c, part);
}

/* ---- left sides ---- */

bool is_guarded(const target *t) {
    for (uint32_t i = 0; i < t->axes.count; i++)
        if (t->axes.at[i].name || t->axes.at[i].value->kind == EXPRESSION_operation) return true;
    return false;
}

/* The axis that a guard is about, as a list of one name. */
static const expression *guarded_axis(const entry *e, expression *named) {
    if (!e->name) return e->value->kind == EXPRESSION_operation ? e->value->left : e->value;
    *named = (expression){.kind = EXPRESSION_name, .at = e->name_at, .name = e->name};
    return named;
}

/* Of data that are drawn over no axis of the program, `y[i] ~ …`, it is known which ones they have. */
static void advise_declared(checker *c, const target *t, uint32_t errors) {
    const binding *b = scope_here(c->top, t->name, false);
    if (!b || b->kind != BINDING_definition || c->d->errors != errors + 1 || diagnostics_full(c->d)) return;
    variable v = b->definition->variables[b->part];
    if (v == VARIABLE_NONE || !program_variable(c->p, v)->self) return;
    const char *text = variable_text(c->p, v);
    advise(c->d, &c->d->list.at[c->d->list.count - 1],
           "`%s` is declared as `%s`, and a statement holds for all its entries: `%s ~ …`", t->name, text,
           text);
}

bool evaluate_target(checker *c, scope *s, const target *t, axes *found, axis *order, part *cut) {
    cut->count = 0;
    entries names = t->axes;
    expression *written = arena_array(c->arena, expression, t->axes.count + 1);
    names.at = arena_array(c->arena, entry, t->axes.count + 1);
    for (uint32_t i = 0; i < t->axes.count; i++)
        names.at[i].value = (expression *)guarded_axis(&t->axes.at[i], &written[i]);
    uint32_t errors = c->d->errors;
    if (!evaluate_axes(c, s, &names, found, order)) {
        advise_declared(c, t, errors);
        return false;
    }
    for (uint32_t i = 0; i < t->axes.count; i++) {
        const entry *e = &t->axes.at[i];
        if (!e->name && e->value->kind != EXPRESSION_operation) continue;
        axis_row part = {.at = e->value->at};
        if (!find_part(c, order[i], e, &part)) return false;
        cut->whole[cut->count] = order[i];
        cut->axis[cut->count++] = part_axis(c, order[i], part);
    }
    return true;
}

axes cut_axes(const part *cut, axes s) {
    for (uint32_t i = 0; i < cut->count; i++)
        if (axes_has(s, cut->whole[i])) s = axes_with(axes_without(s, cut->whole[i]), cut->axis[i]);
    return s;
}

/* ---- values of a part ---- */

node make_part(checker *c, node x, axis whole, axis part, int32_t shift, span at) {
    node_row row = row_of_move(c, NODE_part, x, at);
    if (type_ties(c->p, row.type, whole)) row.type = (type){0};
    row.axes = axes_with(axes_without(row.axes, whole), part);
    row.axis = part, row.axis2 = whole;
    row.number = shift;
    return program_add(c->p, row);
}

node within_part(checker *c, node x, span at) {
    const part *cut = &c->now.cut;
    for (uint32_t i = 0; x && i < cut->count; i++)
        if (axes_has(program_node(c->p, x)->axes, cut->whole[i]))
            x = make_part(c, x, cut->whole[i], cut->axis[i], 0, at);
    return x;
}

node make_lag(checker *c, node x, axis along, int32_t shift, span at) {
    const part *cut = &c->now.cut;
    const char *n = program_axis(c->p, along)->name;
    for (uint32_t i = 0; i < cut->count; i++) {
        if (cut->whole[i] != along) continue;
        const axis_row *row = program_axis(c->p, cut->axis[i]);
        bool early = !row->first.from_end && row->first.offset + shift < 1,
             late = row->last.from_end && row->last.offset + shift > 0;
        if (!early && !late) return make_part(c, x, along, cut->axis[i], shift, at);
        diagnostic *told = diagnose(
            c->d, DIAGNOSTIC_cover, place(c, at), "this reaches %s of `%s`, since the statement is for %s",
            early ? "before the first entry" : "behind the last entry", n, part_text(c, row));
        if (early)
            advise(c->d, told, "write the statement for `%s > %d`, and others for the entries before", n,
                   -shift);
        else
            advise(c->d, told, "write the statement for `%s < last - %d`, and others for the entries behind",
                   n, shift - 1);
        return 0;
    }
    diagnostic *told = diagnose(c->d, DIAGNOSTIC_cover, place(c, at),
                                "a lag needs a statement for a part of `%s`: at its %s entry there is none",
                                n, shift < 0 ? "first" : "last");
    const char *like = shift < 0 ? "write one statement for `[%s = 1]` and one for `[%s > 1]`"
                                 : "write one statement for `[%s = last]` and one for `[%s < last]`";
    advise(c->d, told, like, n, n);
    return 0;
}

node make_place(checker *c, node x, axis part, axis whole, span at) {
    const node_row *from = program_node(c->p, x);
    range r = from->range;
    node_row row = {.op = NODE_place,
                    .in = {x},
                    .axes = axes_with(axes_without(from->axes, part), whole),
                    .axis = part,
                    .axis2 = whole,
                    .stochastic = from->stochastic,
                    .at = place(c, at)};
    row.range = (range){fmin(0, r.lowest), fmax(0, r.highest), false, false, r.whole};
    return program_add(c->p, row);
}

node join_parts(checker *c, const part *cuts, const node *values, uint32_t count, axes whole, span at) {
    if (count == 1 && cuts[0].count == 0) return make_expand(c, values[0], whole, at);
    node sum = 0;
    range hull = {INFINITY, -INFINITY, false, false, true};
    for (uint32_t i = 0; i < count; i++) {
        if (!values[i]) return 0;
        node x = make_expand(c, values[i], cut_axes(&cuts[i], whole), at);
        range r = program_node(c->p, x)->range;
        hull = (range){fmin(hull.lowest, r.lowest), fmax(hull.highest, r.highest), false, false,
                       hull.whole && r.whole};
        for (uint32_t k = 0; x && k < cuts[i].count; k++)
            x = make_place(c, x, cuts[i].axis[k], cuts[i].whole[k], at);
        sum = sum ? make(c, NODE_add, sum, x, 0, at) : x;
    }
    if (sum)
        c->p->nodes.at[sum].range = hull; /* the parts do not overlap: nothing is added to anything but 0 */
    return sum;
}

/* ---- covering ---- */

/* An entry counted from the first one where the size is known. */
static entry_place counted(checker *c, axis whole, entry_place e) {
    double size = size_known(c, program_axis(c->p, whole));
    if (e.from_end && size < INFINITY) return (entry_place){false, (int32_t)size + e.offset};
    return e;
}

/* The entries of one axis, cut where a part of it begins or has ended: in ascending order, from the first
 * entry to that behind the last one. */
typedef struct ruler {
    axis along;
    vector(entry_place) marks;
} ruler;

static void add_mark(checker *c, ruler *r, entry_place at) {
    uint32_t i = 0;
    while (i < r->marks.count && known_before(r->marks.at[i], at)) i++;
    if (i < r->marks.count && same_place(r->marks.at[i], at)) return;
    push(c->arena, &r->marks, at);
    for (uint32_t k = r->marks.count - 1; k > i; k--) r->marks.at[k] = r->marks.at[k - 1];
    r->marks.at[i] = at;
}

/* Where a statement begins along an axis, and the entry behind its last. */
static entry_place cut_start(checker *c, const part *cut, axis along) {
    for (uint32_t k = 0; k < cut->count; k++)
        if (cut->whole[k] == along) return counted(c, along, program_axis(c->p, cut->axis[k])->first);
    return (entry_place){false, 1};
}

static entry_place cut_end(checker *c, const part *cut, axis along) {
    for (uint32_t k = 0; k < cut->count; k++)
        if (cut->whole[k] == along)
            return place_after(counted(c, along, program_axis(c->p, cut->axis[k])->last), 1);
    return counted(c, along, (entry_place){true, 1});
}

static ruler rule(checker *c, axis along, const part *cuts, uint32_t count) {
    ruler r = {.along = along};
    add_mark(c, &r, (entry_place){false, 1});
    add_mark(c, &r, counted(c, along, (entry_place){true, 1}));
    for (uint32_t i = 0; i < count; i++) {
        add_mark(c, &r, cut_start(c, &cuts[i], along));
        add_mark(c, &r, cut_end(c, &cuts[i], along));
    }
    return r;
}

typedef struct covering {
    const part *cuts;
    const span *at;
    uint32_t count, axes;
    const char *name;
    ruler by[AXES_MOST];
} covering;

static bool report_cover(checker *c, span at, const char *n, const char *what) {
    diagnostic *told = diagnose(c->d, DIAGNOSTIC_cover, at, "the statements for `%s` %s", n, what);
    advise(c->d, told,
           "together they must cover every entry once, as `[axis = 1]` and `[axis > 1]` do, or `[axis < "
           "last]` and `[axis = last]`");
    return false;
}

static bool covers(checker *c, const part *cut, const ruler *r, uint32_t cell) {
    entry_place start = cut_start(c, cut, r->along), end = cut_end(c, cut, r->along), at = r->marks.at[cell];
    return (same_place(start, at) || known_before(start, at)) && known_before(at, end);
}

/* Entries that no statement covers: told at the statement before them, or else behind them. */
static bool report_gap(checker *c, const covering *x, const uint32_t *cell) {
    for (uint32_t a = 0; a < x->axes; a++) {
        entry_place at = x->by[a].marks.at[cell[a]], next = x->by[a].marks.at[cell[a] + 1];
        bool last = cell[a] + 2 == x->by[a].marks.count;
        for (uint32_t i = x->count; !last && i-- > 0;)
            if (same_place(cut_start(c, &x->cuts[i], x->by[a].along), next))
                return report_cover(c, x->at[i], x->name, "leave out entries before these");
        for (uint32_t i = x->count; i-- > 0;)
            if (same_place(cut_end(c, &x->cuts[i], x->by[a].along), at))
                return report_cover(c, x->at[i], x->name, "leave out entries behind these");
    }
    return report_cover(c, x->at[x->count - 1], x->name, "leave out entries");
}

bool part_within(const checker *c, axis inner, axis outer) {
    const axis_row *in = program_axis(c->p, inner), *out = program_axis(c->p, outer);
    return !known_before(in->first, out->first) && !known_before(out->last, in->last);
}

uint32_t refine_parts(checker *c, axis along, const axis *parts, uint32_t count, axis *refined) {
    ruler r = {.along = along};
    for (uint32_t i = 0; i < count; i++) {
        add_mark(c, &r, program_axis(c->p, parts[i])->first);
        add_mark(c, &r, place_after(program_axis(c->p, parts[i])->last, 1));
    }
    for (uint32_t i = 0; i + 1 < r.marks.count; i++) {
        axis_row part = {.first = r.marks.at[i], .last = place_after(r.marks.at[i + 1], -1)};
        part.at = program_axis(c->p, parts[0])->at;
        refined[i] = part_axis(c, along, part);
    }
    return r.marks.count ? r.marks.count - 1 : 0;
}

/* Whether exactly one statement covers the entries between two marks of every axis. */
static bool check_cell(checker *c, const covering *x, const uint32_t *cell) {
    uint32_t found = 0;
    for (uint32_t i = 0; i < x->count; i++) {
        bool inside = true;
        for (uint32_t a = 0; a < x->axes; a++) inside &= covers(c, &x->cuts[i], &x->by[a], cell[a]);
        if (inside && found++)
            return report_cover(c, x->at[i], x->name,
                                x->cuts[i].count ? "overlap" : "overlap: this one is for all entries");
    }
    return found || report_gap(c, x, cell);
}

static bool check_cells(checker *c, const covering *x, uint32_t *cell, uint32_t along) {
    if (along == x->axes) return check_cell(c, x, cell);
    for (cell[along] = 0; cell[along] + 1 < x->by[along].marks.count; cell[along]++)
        if (!check_cells(c, x, cell, along + 1)) return false;
    return true;
}

/* A part that ends behind an axis of known size. */
static bool within_axes(checker *c, const covering *x) {
    for (uint32_t a = 0; a < x->axes; a++) {
        entry_place end = counted(c, x->by[a].along, (entry_place){true, 1});
        for (uint32_t i = 0; i < x->count; i++)
            if (end.from_end == false && known_before(end, cut_end(c, &x->cuts[i], x->by[a].along)))
                return report_cover(c, x->at[i], x->name, "reach behind the last entry");
    }
    return true;
}

bool check_cover(checker *c, const part *cuts, const span *at, uint32_t count, const char *n) {
    covering x = {.cuts = cuts, .at = at, .count = count, .name = n};
    axes guarded = {0};
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t k = 0; k < cuts[i].count; k++) guarded = axes_with(guarded, cuts[i].whole[k]);
    for (; x.axes < guarded.count; x.axes++) x.by[x.axes] = rule(c, guarded.at[x.axes], cuts, count);
    uint32_t cell[AXES_MOST];
    return within_axes(c, &x) && check_cells(c, &x, cell, 0);
}
