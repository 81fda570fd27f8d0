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
    return arena_print(c->arena, "a part of %s", n);
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
    if (!find_entry(c, a, e->right, &at)) return report_guard(c, e->at, n);
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
    push(c->arena, &c->p->axes, part);
    return (axis)(c->p->axes.count - 1);
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

bool evaluate_target(checker *c, scope *s, const target *t, axes *found, axis *order, part *cut) {
    cut->count = 0;
    entries names = t->axes;
    expression *written = arena_array(c->arena, expression, t->axes.count + 1);
    names.at = arena_array(c->arena, entry, t->axes.count + 1);
    for (uint32_t i = 0; i < t->axes.count; i++)
        names.at[i].value = (expression *)guarded_axis(&t->axes.at[i], &written[i]);
    if (!evaluate_axes(c, s, &names, found, order)) return false;
    for (uint32_t i = 0; i < t->axes.count; i++) {
        const entry *e = &t->axes.at[i];
        if (!e->name && e->value->kind != EXPRESSION_operation) continue;
        axis_row part = {.at = e->value->at};
        if (!find_part(c, order[i], e, &part)) return false;
        if (cut->count == PARTS_MOST) {
            push(c->arena, &c->unsupported,
                 (unsupported){e->value->at, "a statement for parts of several axes"});
            return false;
        }
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
    node_row row = *program_node(c->p, x);
    if (type_ties(c->p, row.type, whole)) row.type = (type){0};
    row.op = NODE_part;
    row.in[0] = x, row.in[1] = row.in[2] = 0;
    row.axes = axes_with(axes_without(row.axes, whole), part);
    row.axis = part, row.axis2 = whole;
    row.number = shift;
    row.at = place(c, at);
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

node join_parts(checker *c, const part *cuts, const node *values, uint32_t count, axes whole, span at) {
    node sum = 0;
    range hull = {INFINITY, -INFINITY, false, false, true};
    for (uint32_t i = 0; i < count; i++) {
        if (!values[i]) return 0;
        node x = make_expand(c, values[i], cut_axes(&cuts[i], whole), at);
        range r = program_node(c->p, x)->range;
        hull = (range){fmin(hull.lowest, r.lowest), fmax(hull.highest, r.highest), false, false,
                       hull.whole && r.whole};
        for (uint32_t k = 0; x && k < cuts[i].count; k++) {
            node_row row = *program_node(c->p, x);
            row = (node_row){.op = NODE_place,
                             .in = {x},
                             .axes = axes_with(axes_without(row.axes, cuts[i].axis[k]), cuts[i].whole[k]),
                             .axis = cuts[i].axis[k],
                             .axis2 = cuts[i].whole[k],
                             .stochastic = row.stochastic,
                             .at = place(c, at)};
            row.range = (range){fmin(0, r.lowest), fmax(0, r.highest), false, false, r.whole};
            x = program_add(c->p, row);
        }
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

static bool report_cover(checker *c, span at, const char *n, const char *what) {
    diagnostic *told = diagnose(c->d, DIAGNOSTIC_cover, at, "the statements for `%s` %s", n, what);
    advise(c->d, told,
           "together they must cover every entry once, as `[axis = 1]` and `[axis > 1]` do, or `[axis < "
           "last]` and `[axis = last]`");
    return false;
}

/* Of the parts of one axis the number of the one that starts at `at`; `count` where none does. */
static uint32_t starting_at(checker *c, const part *cuts, uint32_t count, entry_place at) {
    uint32_t i = 0;
    while (i < count &&
           !same_place(counted(c, cuts[i].whole[0], program_axis(c->p, cuts[i].axis[0])->first), at))
        i++;
    return i;
}

bool check_cover(checker *c, const part *cuts, const span *at, uint32_t count, const char *n) {
    if (count == 1 && cuts[0].count == 0) return true;
    for (uint32_t i = 0; i < count; i++) {
        if (cuts[i].count > 1) {
            push(c->arena, &c->unsupported, (unsupported){at[i], "a statement for parts of several axes"});
            return false;
        }
        if (cuts[i].count == 0) return report_cover(c, at[i], n, "overlap: this one is for all entries");
        if (cuts[i].whole[0] != cuts[0].whole[0])
            return report_cover(c, at[i], n, "are for parts of different axes");
    }
    axis whole = cuts[0].whole[0];
    entry_place next = {false, 1};
    uint32_t latest = 0;
    for (uint32_t covered = 0; covered < count; covered++) {
        uint32_t i = starting_at(c, cuts, count, next);
        if (i == count) {
            i = count - 1 == latest && covered ? 0 : count - 1;
            bool gap = known_before(next, counted(c, whole, program_axis(c->p, cuts[i].axis[0])->first));
            return report_cover(c, at[i], n, gap ? "leave out entries before these" : "overlap");
        }
        latest = i;
        next = place_after(counted(c, whole, program_axis(c->p, cuts[i].axis[0])->last), 1);
    }
    if (same_place(next, place_after(counted(c, whole, (entry_place){true, 0}), 1))) return true;
    return report_cover(c, at[latest], n, "leave out entries behind these");
}
