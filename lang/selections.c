/* Selecting along axes: `a[county_of]`, `x[n']`, `h[time - 1]`, `b[treatment = drug]`. Each selector takes
 * one axis of x: the one that it names, or the first that is free of those that its index is into. Where the
 * rows and columns of a matrix are both renamed, the first name is that of the rows: `K[n', n]` is K
 * transposed. All act at once, so that `K[twin[n'], twin]` and `x[n', n'']` mean what they say; the rest of x
 * stays as it is. */
#include "lang/checker.h"

#include <math.h>

typedef enum selector_kind { SELECTOR_all, SELECTOR_rename, SELECTOR_gather, SELECTOR_lag } selector_kind;

typedef struct selector {
    selector_kind kind;
    axis on, to; /* of x; what a rename makes of it */
    node index;
    int32_t shift; /* of a lag */
    span at;
} selector;

/* What is selected from, while its brackets are read. */
typedef struct selection {
    const expression *head;
    const entries *list;
    axes have, taken;
    axis order[AXES_MOST]; /* those of `have`: as declared; of an expression, with fewer primes first */
    selector by[AXES_MOST];
    uint32_t count;
} selection;

/* The axis of x on which an index into `of` selects: that axis itself, else an alias of it. */
static axis axis_for_index(checker *c, axes of_x, axis of) {
    if (axes_has(of_x, of)) return of;
    for (int i = 0; i < of_x.count; i++)
        if (program_axis(c->p, of_x.at[i])->of == of) return of_x.at[i];
    return AXIS_NONE;
}

void report_lacks_axis(checker *c, const expression *e, axes have, const char *lacks, span at) {
    const char *what = e->kind == EXPRESSION_name ? arena_print(c->arena, "`%s`", e->name) : "this value";
    diagnostic *told =
        diagnose(c->d, DIAGNOSTIC_axes, place(c, at), "%s does not vary over `%s`", what, lacks);
    if (have.count) advise(c->d, told, "its axes are [%s]; name one of them", axes_text(c->p, have));
    else advise(c->d, told, "it is a single number: leave out the brackets");
}

static const char *labels_text(checker *c, const axis_row *row) {
    enum { SHOWN = 6 };
    const char *text = row->labels[0];
    for (uint32_t i = 1; i < row->label_count && i < SHOWN; i++)
        text = arena_print(c->arena, "%s, %s", text, row->labels[i]);
    return row->label_count > SHOWN ? arena_print(c->arena, "%s, …", text) : text;
}

double size_known(checker *c, const axis_row *row) {
    if (row->source == AXIS_labelled) return row->label_count;
    return row->source == AXIS_fixed && row->size ? program_node(c->p, row->size)->range.highest : INFINITY;
}

static bool take(checker *c, selection *x, selector by) {
    if (axes_has(x->taken, by.on) || x->count == AXES_MOST) {
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_axes, place(c, by.at), "`%s` is selected on twice",
                                    program_axis(c->p, by.on)->name);
        advise(c->d, told, "each selector takes one axis; the axes are [%s]", axes_text(c->p, x->have));
        return false;
    }
    x->taken = axes_with(x->taken, by.on);
    x->by[x->count++] = by;
    return true;
}

/* The position that `axis = …` names: `last`, a label, a number or an index. */
static node entry_position(checker *c, scope *s, axis a, const entry *e) {
    const axis_row *row = program_axis(c->p, program_axis(c->p, a)->of);
    span at = e->value->at;
    if (e->value->kind == EXPRESSION_name) {
        if (e->value->name == c->word_last) return make_size(c, a, at);
        for (uint32_t i = 0; i < row->label_count; i++)
            if (row->labels[i] == e->value->name) return make_number(c, i + 1, at);
        if (!scope_find(s, e->value->name, false)) {
            if (row->source == AXIS_labelled) {
                diagnostic *told = diagnose(c->d, DIAGNOSTIC_name, place(c, at),
                                            "the axis `%s` has no entry `%s`", row->name, e->value->name);
                advise(c->d, told, "its entries are %s", labels_text(c, row));
                return 0;
            }
            node_row label = {.op = NODE_label,
                              .axis = program_axis(c->p, a)->of,
                              .at = place(c, at),
                              .label = e->value->name};
            label.range = (range){1, INFINITY, false, false, true};
            return program_add(c->p, label);
        }
    }
    node index = evaluate_node(c, s, e->value);
    if (!index) return 0;
    range r = program_node(c->p, index)->range;
    diagnostic *told = NULL;
    if (r.highest < 1 || (r.lowest == r.highest && !r.whole))
        told = diagnose(c->d, DIAGNOSTIC_type, place(c, at), "an entry of `%s` is a whole number from 1",
                        e->name);
    else if (r.lowest > size_known(c, row))
        told = diagnose(c->d, DIAGNOSTIC_type, place(c, at), "the axis `%s` has %g entries", e->name,
                        size_known(c, row));
    if (!told) return index;
    advise(c->d, told, "entries count from 1; the last one is `%s = last`", e->name);
    return 0;
}

static bool read_entry(checker *c, scope *s, selection *x, const entry *e) {
    axes named;
    if (!find_axes(c, s, e->name, e->name_at, &named)) {
        report_no_axis(c, s, e->name, e->name_at);
        return false;
    }
    if (named.count != 1 || !axes_has(x->have, named.at[0])) {
        report_lacks_axis(c, x->head, x->have, e->name, e->name_at);
        return false;
    }
    node index = entry_position(c, s, named.at[0], e);
    return index && take(c, x, (selector){SELECTOR_gather, named.at[0], 0, index, 0, e->value->at});
}

/* `time - 1` along an axis of x. */
static bool is_lag(checker *c, scope *s, const expression *e, axes have) {
    axes a;
    return e->kind == EXPRESSION_operation && e->right &&
           (e->operator== OPERATOR_subtract || e->operator== OPERATOR_add) &&
           e->left->kind == EXPRESSION_name && e->right->kind == EXPRESSION_number &&
           e->right->number == floor(e->right->number) && e->right->number < 1e6 &&
           find_axes(c, s, e->left->name, e->left->at, &a) && a.count == 1 && axes_has(have, a.at[0]);
}

static bool is_axis(checker *c, scope *s, const expression *e, axis *is) {
    axes named;
    if (e->kind != EXPRESSION_name || !find_axes(c, s, e->name, e->at, &named) || named.count != 1)
        return false;
    *is = named.at[0];
    return true;
}

/* Where the brackets name as many different aliases of an axis as x has, the n-th name is for the n-th of
 * them; else AXIS_NONE. */
static axis axis_in_order(checker *c, scope *s, const selection *x, const expression *e, axis to) {
    axis of = program_axis(c->p, to)->of, other, same[AXES_MOST];
    axes names = {0};
    int count = 0, number = 0, has = 0;
    for (uint32_t i = 0; i < x->list->count; i++) {
        const entry *at = &x->list->at[i];
        if (at->name || !is_axis(c, s, at->value, &other) || program_axis(c->p, other)->of != of) continue;
        if (at->value == e) number = count;
        names = axes_with(names, other);
        count++;
    }
    for (int i = 0; i < x->have.count; i++)
        if (program_axis(c->p, x->order[i])->of == of) same[has++] = x->order[i];
    return count == has && names.count == count ? same[number] : AXIS_NONE;
}

static bool read_index(checker *c, scope *s, selection *x, const expression *e) {
    const expression *head = x->head;
    axes have = x->have, open = axes_minus(have, x->taken), named;
    axis to;
    if (is_axis(c, s, e, &to)) {
        axis from = axis_in_order(c, s, x, e, to);
        if (from == AXIS_NONE)
            from = axes_has(open, to) ? to : axis_for_index(c, open, program_axis(c->p, to)->of);
        if (from == AXIS_NONE) from = axis_for_index(c, have, program_axis(c->p, to)->of);
        if (from == AXIS_NONE) {
            report_lacks_axis(c, head, have, e->name, e->at);
            return false;
        }
        return take(c, x, (selector){from == to ? SELECTOR_all : SELECTOR_rename, from, to, 0, 0, e->at});
    }
    if (is_lag(c, s, e, have)) {
        find_axes(c, s, e->left->name, e->left->at, &named);
        int32_t steps = (int32_t)e->right->number;
        steps = e->operator== OPERATOR_subtract ? -steps : steps;
        return take(c, x, (selector){SELECTOR_lag, named.at[0], 0, 0, steps, e->at});
    }
    if (e->kind == EXPRESSION_name && !scope_find(s, e->name, false) && !strchr(e->name, '.')) {
        diagnostic *told =
            diagnose(c->d, DIAGNOSTIC_name, place(c, e->at), "nothing is called `%s`", e->name);
        nearest near = {.of = e->name};
        for (axis a = 0; a < c->p->axes.count; a++) nearest_try(&near, program_axis(c->p, a)->name);
        if (near.best) advise(c->d, told, "did you mean `%s`?", near.best);
        else
            advise(c->d, told,
                   "without brackets `%s` means all its entries; brackets hold an axis, `[%s = 2]`, or an "
                   "index into one",
                   head->kind == EXPRESSION_name ? head->name : "x",
                   have.count ? program_axis(c->p, have.at[0])->name : "axis");
        return false;
    }
    node index = evaluate_node(c, s, e);
    if (!index) return false;
    const node_row *i = program_node(c->p, index);
    const char *what = e->kind == EXPRESSION_name ? arena_print(c->arena, "`%s`", e->name) : "this";
    if (i->type.support != SUPPORT_index) {
        diagnostic *told =
            diagnose(c->d, DIAGNOSTIC_axes, place(c, e->at), "%s is not an index into an axis", what);
        if (have.count && e->kind == EXPRESSION_number && e->number >= 1)
            advise(c->d, told, "name the axis: `[%s = %g]`", program_axis(c->p, have.at[0])->name, e->number);
        else if (have.count)
            advise(c->d, told,
                   "name the axis, `[%s = …]`, or declare what selects as an index: `data %s[…] : %s`",
                   program_axis(c->p, have.at[0])->name, e->kind == EXPRESSION_name ? e->name : "k",
                   program_axis(c->p, have.at[0])->name);
        else advise(c->d, told, "what it selects from is a single number: leave out the brackets");
        return false;
    }
    axis a = axis_for_index(c, open, i->type.index);
    if (a == AXIS_NONE) a = axis_for_index(c, have, i->type.index);
    if (a == AXIS_NONE) {
        const char *into = program_axis(c->p, i->type.index)->name;
        const char *from = head->kind == EXPRESSION_name ? arena_print(c->arena, "`%s`", head->name)
                                                         : "what it selects from";
        diagnostic *told =
            diagnose(c->d, DIAGNOSTIC_axes, place(c, e->at),
                     "%s is an index into `%s`, but %s does not vary over `%s`", what, into, from, into);
        if (have.count)
            advise(c->d, told, "select by an index into one of [%s], or give %s the axis `%s`",
                   axes_text(c->p, have), from, into);
        else advise(c->d, told, "%s is a single number: leave out the brackets", from);
        return false;
    }
    return take(c, x, (selector){SELECTOR_gather, a, 0, index, 0, e->at});
}

bool has_lag(const entries *list) {
    for (uint32_t i = 0; i < list->count; i++) {
        const expression *e = list->at[i].value;
        bool moved = e->kind == EXPRESSION_operation && e->right &&
                     (e->operator== OPERATOR_subtract || e->operator== OPERATOR_add);
        if (!list->at[i].name && moved) return true;
    }
    return false;
}

/* What is selected from, whole: brackets come before the cut to the statement's part. A name that is being
 * checked may be used with a lag once one of its statements is. */
static node evaluate_head(checker *c, scope *s, const expression *e) {
    if (e->head->kind != EXPRESSION_name) return evaluate_node(c, s, e->head);
    const binding *b = scope_find(s, e->head->name, false);
    definition *f = b && b->kind == BINDING_definition ? b->definition : NULL;
    bool lag = has_lag(&e->list), before = c->now.lagged;
    if (f && f->state == STATE_checking && lag && f->results[b->part].kind == VALUE_node)
        return f->results[b->part].nodes[0];
    c->now.lagged |= lag;
    value v = evaluate_name(c, s, e->head);
    c->now.lagged = before;
    if (v.kind == VALUE_node || v.kind == VALUE_failed) return v.nodes[0];
    return evaluate_node(c, s, e->head);
}

static node apply_selector(checker *c, node x, const selector *by, axis on) {
    switch (by->kind) {
    case SELECTOR_all: return x;
    case SELECTOR_rename: return make_rename(c, x, on, by->to, by->at);
    case SELECTOR_gather: return make_gather(c, x, by->index, on, by->at);
    case SELECTOR_lag: return make_lag(c, x, on, by->shift, by->at);
    }
    return 0;
}

/* All selectors at once: where there are several, the axes that they take are put aside under other names
 * first, so that none meets what another brings in. */
static node apply_selection(checker *c, node x, const selection *of) {
    axis on[AXES_MOST];
    uint32_t moving = 0;
    for (uint32_t i = 0; i < of->count; i++) {
        on[i] = of->by[i].on;
        moving += of->by[i].kind != SELECTOR_all;
        if (of->by[i].kind == SELECTOR_lag) x = x ? apply_selector(c, x, &of->by[i], on[i]) : 0;
    }
    for (uint32_t i = 0; x && moving > 1 && i < of->count; i++) {
        if (of->by[i].kind == SELECTOR_all || of->by[i].kind == SELECTOR_lag) continue;
        const char *aside = arena_print(c->arena, "%s:%u", program_axis(c->p, on[i])->name, i + 1);
        axis to = axis_alias(c, on[i], names_of(c->p->names, aside), of->by[i].at);
        x = make_rename(c, x, on[i], to, of->by[i].at);
        on[i] = to;
    }
    for (uint32_t i = 0; x && i < of->count; i++)
        if (of->by[i].kind != SELECTOR_lag) x = apply_selector(c, x, &of->by[i], on[i]);
    return x;
}

/* The variable that is selected from, or NULL. */
static const variable_row *selected_variable(checker *c, scope *s, const expression *head) {
    const binding *b = head->kind == EXPRESSION_name ? scope_find(s, head->name, false) : NULL;
    if (!b || b->kind != BINDING_definition || b->definition->variables[b->part] == VARIABLE_NONE)
        return NULL;
    return program_variable(c->p, b->definition->variables[b->part]);
}

static void order_axes(checker *c, scope *s, selection *x) {
    const variable_row *v = selected_variable(c, s, x->head);
    int count = 0;
    for (int i = 0; v && i < v->axes.count; i++)
        if (axes_has(x->have, v->order[i])) x->order[count++] = v->order[i];
    if (count == x->have.count) return;
    for (count = 0; count < x->have.count; count++) {
        int at = count;
        size_t primes = primes_of(program_axis(c->p, x->have.at[count])->name);
        for (; at > 0 && primes_of(program_axis(c->p, x->order[at - 1])->name) > primes; at--)
            x->order[at] = x->order[at - 1];
        x->order[at] = x->have.at[count];
    }
}

value evaluate_select(checker *c, scope *s, const expression *e) {
    const binding *callable = e->head->kind == EXPRESSION_name && !scope_find(s, e->head->name, false)
                                  ? scope_find(s, e->head->name, true)
                                  : NULL;
    if (callable && callable->item->kind == ITEM_net) return evaluate_net(c, s, e, callable);
    if (e->list.has_arrow) {
        if (e->head->kind == EXPRESSION_name && !callable && !scope_find(s, e->head->name, false)) {
            report_unknown(c, s, e->head->name, e->head->at, true);
            return FAILED;
        }
        diagnostic *told =
            diagnose(c->d, DIAGNOSTIC_axes, place(c, e->list.span), "an arrow belongs to a net");
        advise(c->d, told,
               "select by an axis or an index, `x[axis = 1]`; a net is called, `dense[in -> out](x)`");
        return FAILED;
    }
    node x = evaluate_head(c, s, e);
    if (!x) return FAILED;
    selection by = {.head = e->head, .list = &e->list, .have = program_node(c->p, x)->axes};
    order_axes(c, s, &by);
    for (uint32_t i = 0; i < e->list.count; i++) {
        const entry *at = &e->list.at[i];
        if (!(at->name ? read_entry(c, s, &by, at) : read_index(c, s, &by, at->value))) return FAILED;
    }
    return value_of(apply_selection(c, x, &by));
}
