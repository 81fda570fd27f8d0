/* What an expression means. Functions are inlined where they are called, so each call has the axes of its own
 * arguments; the result is a node whose axes are the union of its operands' (nothing is aligned by position,
 * so nothing can be broadcast by mistake). An expression that failed is 0 and says nothing more. */
#include "lang/checker.h"

#include <assert.h>
#include <math.h>

static const value FAILED = {VALUE_failed, 0, {0}, NULL};

static value value_of(node n) { return n ? (value){VALUE_node, 1, {n}, NULL} : FAILED; }

/* ---- how things are called, for messages ---- */

const char *signature(checker *c, const item *f) {
    const char *text = f->function.name;
    for (uint32_t i = 0; i < f->function.axis_count; i++)
        text = arena_print(c->arena, "%s%s%s", text, i ? ", " : "[", f->function.axes[i].name);
    if (f->function.axis_count) text = arena_print(c->arena, "%s]", text);
    text = arena_print(c->arena, "%s(", text);
    for (uint32_t i = 0; i < f->function.parameter_count; i++)
        text = arena_print(c->arena, "%s%s%s", text, i ? ", " : "", f->function.parameters[i].name);
    return arena_print(c->arena, "%s)", text);
}

const char *primitive_text(checker *c, const char *n, node_op op) {
    bool along = node_form_of(op) != FORM_MAP && node_form_of(op) != FORM_RANDOM;
    int inputs = node_inputs(op);
    return arena_print(c->arena, "%s%s", n,
                       along         ? "[axis](x)"
                       : inputs == 0 ? "()"
                       : inputs == 1 ? "(x)"
                                     : "(x, y)");
}

/* ---- how deep ---- */

/* Expressions inside each other, functions inlined, and what calls and definitions count for, which take more
 * of the stack: in all less than 4 MB of it. */
/* A value at the entries of the statement it stands in. */
static value cut(checker *c, value v, span at) {
    return v.kind == VALUE_node ? value_of(within_part(c, v.nodes[0], at)) : v;
}

enum { DEEPEST = 4000, CALL_DEPTH = 12 };

static bool too_deep(checker *c, span at) {
    if (c->depth < DEEPEST) return false;
    diagnostic *told = diagnose(c->d, DIAGNOSTIC_cycle, place(c, at),
                                "functions or names need each other without end here, or too deeply");
    advise(c->d, told,
           "a `fn` is inlined where it is called, so it may not call itself; a recurrence is written by lags "
           "along an axis");
    return true;
}

/* ---- making nodes ---- */

static bool too_many_axes(checker *c, axes s, span at) {
    if (!axes_overflow(s)) return false;
    diagnostic *told = diagnose(c->d, DIAGNOSTIC_axes, place(c, at),
                                "this value would vary over more than %d axes", AXES_MOST);
    advise(c->d, told, "sum some of them out before combining the rest");
    return true;
}

node make(checker *c, node_op op, node a, node b, node x, span at) {
    node in[3] = {a, b, x};
    node_row row = {.op = op, .at = place(c, at)};
    range ranges[3];
    for (int i = 0; i < node_inputs(op); i++) {
        if (!in[i]) return 0;
        const node_row *r = program_node(c->p, in[i]);
        row.in[i] = in[i];
        row.axes = axes_union(row.axes, r->axes);
        if (too_many_axes(c, row.axes, at)) return 0;
        row.stochastic |= r->stochastic;
        ranges[i] = r->range;
    }
    row.range = range_of(op, ranges);
    return program_add(c->p, row);
}

node make_number(checker *c, double x, span at) {
    node_row row = {.op = NODE_number, .at = place(c, at), .number = x};
    row.range = (range){x, x, false, false, x == floor(x)};
    return program_add(c->p, row);
}

node make_reduction(checker *c, node_op op, node x, axes over, span at) {
    if (!x) return 0;
    const node_row *r = program_node(c->p, x);
    node_row row = {.op = op, .in = {x}, .axes = axes_minus(r->axes, over), .at = place(c, at)};
    row.range = range_of(op, &r->range);
    row.stochastic = r->stochastic;
    return program_add(c->p, row);
}

node make_expand(checker *c, node x, axes to, span at) {
    if (!x) return 0;
    node_row row = *program_node(c->p, x);
    axes all = axes_union(row.axes, to);
    if (axes_equal(all, row.axes)) return x;
    if (too_many_axes(c, all, at)) return 0;
    row.op = NODE_expand;
    row.in[0] = x, row.in[1] = row.in[2] = 0;
    row.axes = all;
    row.axis = row.axis2 = 0;
    row.number = 0;
    row.at = place(c, at);
    return program_add(c->p, row);
}

node make_variable(checker *c, variable v, span at) {
    const variable_row *x = program_variable(c->p, v);
    node_row row = {.op = NODE_variable, .axes = x->axes, .type = x->type, .at = place(c, at), .variable = v};
    row.range = x->value && x->type.support == SUPPORT_real ? program_node(c->p, x->value)->range
                                                            : type_range(c->p, x->type);
    row.stochastic = x->stochastic;
    return program_add(c->p, row);
}

static node make_position(checker *c, axis a, span at) {
    node_row row = {.op = NODE_position, .axes = axes_one(a), .axis = a, .at = place(c, at)};
    row.type = (type){.support = SUPPORT_index, .index = program_axis(c->p, a)->of};
    row.range = (range){1, INFINITY, false, false, true};
    return program_add(c->p, row);
}

static node make_size(checker *c, axis a, span at) {
    node_row row = {.op = NODE_size, .axis = program_axis(c->p, a)->of, .at = place(c, at)};
    row.type = (type){.support = SUPPORT_index, .index = row.axis};
    row.range = (range){0, INFINITY, false, false, true};
    return program_add(c->p, row);
}

/* x with its axis `a` replaced by the axes of the index. What x is along its event axis is lost with that
 * axis. */
static node make_gather(checker *c, node x, node index, axis a, span at) {
    if (!x || !index) return 0;
    const node_row *r = program_node(c->p, x), *i = program_node(c->p, index);
    axes rest = axes_without(r->axes, a);
    node_row row = {.op = NODE_gather,
                    .in = {x, index},
                    .axes = axes_union(rest, i->axes),
                    .axis = a,
                    .at = place(c, at)};
    if (too_many_axes(c, row.axes, at)) return 0;
    row.type = r->type;
    if (SUPPORTS[r->type.support].event && r->type.index == a) row.type = (type){0};
    row.range = r->range;
    row.stochastic = r->stochastic || i->stochastic;
    return program_add(c->p, row);
}

static node make_rename(checker *c, node x, axis from, axis to, span at) {
    if (!x || from == to) return x;
    const node_row *r = program_node(c->p, x);
    node_row row = *r;
    assert(!axes_has(r->axes, to));
    row.op = NODE_rename;
    row.in[0] = x, row.in[1] = row.in[2] = 0;
    row.axes = axes_with(axes_without(r->axes, from), to);
    row.axis = from, row.axis2 = to;
    if (SUPPORTS[r->type.support].event && r->type.index == from) row.type.index = to;
    row.number = 0;
    row.at = place(c, at);
    return program_add(c->p, row);
}

/* ---- axes by name ---- */

axis axis_alias(checker *c, axis of, name as, span at) {
    axis base = program_axis(c->p, of)->of;
    for (axis a = 0; a < c->p->axes.count; a++)
        if (program_axis(c->p, a)->of == base && program_axis(c->p, a)->name == as) return a;
    axis_row row = {.name = as, .at = at, .source = AXIS_alias, .of = base};
    push(c->arena, &c->p->axes, row);
    return (axis)(c->p->axes.count - 1);
}

static size_t primes_of(name n) {
    size_t length = strlen(n), primes = 0;
    while (primes < length && n[length - 1 - primes] == '\'') primes++;
    return primes;
}

/* The axis that a name means, a primed name being the alias of its stem; false where it means something else.
 */
static bool find_axes(checker *c, const scope *s, name n, span at, axes *found) {
    const binding *b = scope_find(s, n, false);
    if (b) {
        *found = b->axes;
        return b->kind == BINDING_axis;
    }
    size_t primes = primes_of(n), stem = strlen(n) - primes;
    if (!primes || !stem) return false;
    b = scope_find(s, names_add(c->p->names, n, stem), false);
    if (!b || b->kind != BINDING_axis || b->axes.count != 1) return false;
    const char *base = program_axis(c->p, b->axes.at[0])->name;
    name as = names_of(c->p->names, arena_print(c->arena, "%s%s", base, n + stem));
    *found = axes_one(axis_alias(c, b->axes.at[0], as, at));
    return true;
}

static void report_no_axis(checker *c, const scope *s, name n, span at) {
    if (!scope_find(s, n, false)) {
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_name, place(c, at), "there is no axis `%s`", n);
        nearest near = {.of = n};
        for (axis a = 0; a < c->p->axes.count; a++) nearest_try(&near, program_axis(c->p, a)->name);
        if (near.best) advise(c->d, told, "did you mean `%s`?", near.best);
        else advise(c->d, told, "declare it: `axis %s`", n);
        return;
    }
    diagnostic *told = diagnose(c->d, DIAGNOSTIC_axes, place(c, at), "`%s` is not an axis", n);
    advise(c->d, told, "here stands the name of an axis, declared as `axis NAME`");
}

bool evaluate_axes(checker *c, scope *s, const entries *list, axes *found, axis *order) {
    *found = (axes){0};
    bool good = true;
    for (uint32_t i = 0; i < list->count; i++) {
        const entry *e = &list->at[i];
        axes these;
        if (e->name || e->value->kind != EXPRESSION_name) {
            diagnostic *told =
                diagnose(c->d, DIAGNOSTIC_axes, e->value->at, "here stands the name of an axis");
            advise(c->d, told, "list the axes by name: `[home, county]`");
            good = false;
            continue;
        }
        if (!find_axes(c, s, e->value->name, e->value->at, &these)) {
            report_no_axis(c, s, e->value->name, e->value->at);
            good = false;
            continue;
        }
        for (int k = 0; k < these.count; k++) {
            if (axes_has(*found, these.at[k])) {
                diagnostic *told =
                    diagnose(c->d, DIAGNOSTIC_duplicate, place(c, e->value->at),
                             "the axis `%s` is named twice", program_axis(c->p, these.at[k])->name);
                advise(c->d, told,
                       "name each axis once; a second index over the same entries is its alias, `%s'`",
                       program_axis(c->p, these.at[k])->name);
                good = false;
                continue;
            }
            if (order && found->count < AXES_MOST) order[found->count] = these.at[k];
            *found = axes_with(*found, these.at[k]);
            if (too_many_axes(c, *found, e->value->at)) return false;
        }
    }
    return good;
}

/* ---- types ---- */

type evaluate_type(checker *c, scope *s, const type_syntax *t) {
    type found = {.may_be_missing = t->may_be_missing};
    if (!t->name) return found;
    axes index;
    if (find_axes(c, s, t->name, t->at, &index)) {
        found.support = SUPPORT_index;
        found.index = program_axis(c->p, index.at[0])->of;
        return found;
    }
    for (int i = 0; i < SUPPORT_count_; i++)
        if (strcmp(SUPPORTS[i].name, t->name) == 0 && i != SUPPORT_index) {
            found.support = (support)i;
            if (i == SUPPORT_interval && t->arguments.count == 2) {
                found.lower = evaluate_node(c, s, t->arguments.at[0].value);
                found.upper = evaluate_node(c, s, t->arguments.at[1].value);
            } else if (i == SUPPORT_interval || t->arguments.count) {
                diagnostic *told = diagnose(c->d, DIAGNOSTIC_arity, t->at, "`%s` takes %s bounds", t->name,
                                            i == SUPPORT_interval ? "two" : "no");
                advise(c->d, told, "write `interval(a, b)`; a side without a bound is `inf` or `-inf`");
            }
            return found;
        }
    diagnostic *told = diagnose(c->d, DIAGNOSTIC_name, t->at, "there is no type `%s`", t->name);
    nearest near = {.of = t->name};
    for (int i = 0; i < SUPPORT_count_; i++)
        if (i != SUPPORT_index) nearest_try(&near, SUPPORTS[i].name);
    for (axis a = 0; a < c->p->axes.count; a++) nearest_try(&near, program_axis(c->p, a)->name);
    const char *foreign = foreign_type(t->name);
    if (foreign) advise(c->d, told, "%s", foreign);
    else if (near.best) advise(c->d, told, "did you mean `%s`?", near.best);
    else
        advise(
            c->d, told,
            "types are real, positive, negative, unit, interval(a, b), int, count, binary, simplex, ordered, "
            "…, or the name of an axis for an index into it");
    return found;
}

bool check_type_axes(checker *c, scope *s, const type_syntax *t, const axis *order, uint32_t count) {
    axes these;
    axis as[AXES_MOST];
    if (!evaluate_axes(c, s, &t->axes, &these, as)) return false;
    bool last = these.count <= count;
    for (uint32_t i = 0; last && i < these.count; i++) last = order[count - these.count + i] == as[i];
    if (last) return true;
    diagnostic *told =
        diagnose(c->d, DIAGNOSTIC_axes, t->at,
                 "`%s` ties the last axes of the left side together, which are others", t->name);
    advise(c->d, told, "leave out its brackets, or write those axes last on the left");
    return false;
}

/* ---- names ---- */

/* `p.loc`: an argument of the distribution that p is. */
static value evaluate_member(checker *c, scope *s, const expression *e, const char *dot) {
    name head = names_add(c->p->names, e->name, (size_t)(dot - e->name)),
         member = names_of(c->p->names, dot + 1);
    const binding *b = scope_find(s, head, false);
    if (!b || b->kind != BINDING_value || b->value.kind != VALUE_distribution) {
        if (b && b->kind == BINDING_value && b->value.kind == VALUE_failed) return FAILED;
        report_unknown(c, s, e->name, e->at, false);
        return FAILED;
    }
    const distribution *d = b->value.distribution;
    for (uint32_t i = 0; i < d->count; i++)
        if (d->definition->function.parameters[i].name == member) return value_of(d->arguments[i]);
    diagnostic *told = diagnose(c->d, DIAGNOSTIC_name, place(c, e->at), "`%s` has no parameter `%s`",
                                d->definition->function.name, member);
    advise(c->d, told, "write one of its parameters behind the dot");
    return FAILED;
}

static value evaluate_name(checker *c, scope *s, const expression *e) {
    const binding *b = scope_find(s, e->name, false);
    axes index;
    if (!b) {
        const char *dot = strchr(e->name, '.');
        if (dot) return evaluate_member(c, s, e, dot);
        if (e->name == c->word_inf) return value_of(make_number(c, INFINITY, e->at));
        if (e->name == c->word_pi) return value_of(make_number(c, M_PI, e->at));
        if (!find_axes(c, s, e->name, e->at, &index)) {
            report_unknown(c, s, e->name, e->at, false);
            return FAILED;
        }
        return value_of(make_position(c, index.at[0], e->at));
    }
    switch (b->kind) {
    case BINDING_axis:
        if (b->axes.count != 1) return FAILED;
        return value_of(make_position(c, b->axes.at[0], e->at));
    case BINDING_value: return b->value;
    case BINDING_definition: define(c, b->definition); return b->definition->results[b->part];
    case BINDING_callable: break;
    }
    return FAILED;
}

/* `q`, `r`: what stands between a definition and its own use. */
static const char *cycle_text(checker *c, const definition *f) {
    const char *text = "";
    uint32_t count = 0;
    for (const definition *g = c->current; g && g != f && count < 4 && g->variables[0] != VARIABLE_NONE;
         g = g->asked_by) {
        const char *n = program_variable(c->p, g->variables[0])->name;
        text = count++ ? arena_print(c->arena, "`%s`, %s", n, text) : arena_print(c->arena, "`%s`", n);
    }
    return count ? arena_print(c->arena, ", through %s", text) : "";
}

static void report_cycle(checker *c, const definition *f) {
    diagnostic *told = diagnose(c->d, DIAGNOSTIC_cycle, place(c, f->item->at), "`%s` depends on itself%s",
                                f->item->kind == ITEM_draw ? f->item->draw.targets.at[0].name
                                                           : f->item->value.targets.at[0].name,
                                f->variables[0] == VARIABLE_NONE ? "" : cycle_text(c, f));
    advise(c->d, told,
           "a value may not need itself; a recurrence along an axis is written by its lag, `h[time - 1]`");
}

void define(checker *c, definition *f) {
    if (f->state == STATE_checked) return;
    if (f->state == STATE_checking) {
        report_cycle(c, f);
        for (uint32_t i = 0; i < f->count; i++) f->results[i] = FAILED;
        f->state = STATE_checked;
        return;
    }
    surroundings before = c->now;
    f->state = STATE_checking;
    f->asked_by = c->current;
    c->now = f->now;
    c->current = f;
    c->depth += CALL_DEPTH;
    if (!too_deep(c, f->item->at)) check_definition(c, f);
    c->depth -= CALL_DEPTH;
    c->current = f->asked_by;
    c->now = before;
    f->state = STATE_checked;
}

static value evaluate_free(checker *c, const expression *e) {
    if (!c->now.free_allowed) {
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_guide, place(c, e->at),
                                    "`?` is a free parameter of a guide; here is none");
        advise(c->d, told,
               "use `?` in the arguments of a statement of `guide { … }`; a parameter of the model is a "
               "`param` or has a prior");
        return FAILED;
    }
    variable_row v = {.name = c->now.free_name, .kind = VARIABLE_free, .at = e->at, .axes = c->now.axes};
    memcpy(v.order, v.axes.at, sizeof v.order);
    v.type = c->now.free_type;
    v.stochastic = true;
    push(c->arena, &c->p->variables, v);
    variable added = c->p->variables.count - 1;
    node self = make_variable(c, added, e->at);
    c->p->variables.at[added].self = self;
    return value_of(self);
}

/* ---- operators ---- */

static value evaluate_operation(checker *c, scope *s, const expression *e) {
    static const node_op OPS[] = {
#define OPERATOR(name, text, operands, primitive) [OPERATOR_##name] = NODE_##primitive,
#define NODE_gt                                   NODE_lt
#define NODE_ge                                   NODE_le
#include "lang/operators.def"
#undef NODE_gt
#undef NODE_ge
#undef OPERATOR
    };
    node left = evaluate_node(c, s, e->left);
    if (!e->right) return value_of(make(c, OPS[e->operator], left, 0, 0, e->at));
    node right = evaluate_node(c, s, e->right);
    bool swap = e->operator== OPERATOR_greater || e->operator== OPERATOR_greater_equal;
    return value_of(make(c, OPS[e->operator], swap ? right : left, swap ? left : right, 0, e->at));
}

/* ---- selection ---- */

/* The axis of x on which an index into `of` selects: that axis itself, else an alias of it. */
static axis axis_for_index(checker *c, axes of_x, axis of) {
    if (axes_has(of_x, of)) return of;
    for (int i = 0; i < of_x.count; i++)
        if (program_axis(c->p, of_x.at[i])->of == of) return of_x.at[i];
    return AXIS_NONE;
}

static void report_lacks_axis(checker *c, const expression *e, axes have, const char *lacks, span at) {
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

static node select_entry(checker *c, scope *s, const expression *head, node x, const entry *e) {
    axes have = program_node(c->p, x)->axes, named;
    if (!find_axes(c, s, e->name, e->name_at, &named)) {
        report_no_axis(c, s, e->name, e->name_at);
        return 0;
    }
    if (named.count != 1 || !axes_has(have, named.at[0])) {
        report_lacks_axis(c, head, have, e->name, e->name_at);
        return 0;
    }
    axis a = named.at[0];
    const axis_row *row = program_axis(c->p, program_axis(c->p, a)->of);
    if (e->value->kind == EXPRESSION_name) {
        if (e->value->name == c->word_last)
            return make_gather(c, x, make_size(c, a, e->value->at), a, e->value->at);
        for (uint32_t i = 0; i < row->label_count; i++)
            if (row->labels[i] == e->value->name)
                return make_gather(c, x, make_number(c, i + 1, e->value->at), a, e->value->at);
        if (!scope_find(s, e->value->name, false)) {
            if (row->source == AXIS_labelled) {
                diagnostic *told = diagnose(c->d, DIAGNOSTIC_name, place(c, e->value->at),
                                            "the axis `%s` has no entry `%s`", row->name, e->value->name);
                advise(c->d, told, "its entries are %s", labels_text(c, row));
                return 0;
            }
            node_row label = {.op = NODE_label,
                              .axis = program_axis(c->p, a)->of,
                              .at = place(c, e->value->at),
                              .label = e->value->name};
            label.range = (range){1, INFINITY, false, false, true};
            return make_gather(c, x, program_add(c->p, label), a, e->value->at);
        }
    }
    node index = evaluate_node(c, s, e->value);
    if (!index) return 0;
    range r = program_node(c->p, index)->range;
    if (r.highest < 1 || (r.lowest == r.highest && !r.whole)) {
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_type, place(c, e->value->at),
                                    "an entry of `%s` is a whole number from 1", e->name);
        advise(c->d, told, "entries count from 1; the last one is `%s = last`", e->name);
        return 0;
    }
    if (r.lowest > size_known(c, row)) {
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_type, place(c, e->value->at),
                                    "the axis `%s` has %g entries", e->name, size_known(c, row));
        advise(c->d, told, "entries count from 1; the last one is `%s = last`", e->name);
        return 0;
    }
    return make_gather(c, x, index, a, e->value->at);
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

static node select_index(checker *c, scope *s, const expression *head, node x, const expression *e) {
    axes have = program_node(c->p, x)->axes, named;
    if (e->kind == EXPRESSION_name && find_axes(c, s, e->name, e->at, &named) && named.count == 1) {
        axis to = named.at[0];
        if (axes_has(have, to)) return x;
        axis from = axis_for_index(c, have, program_axis(c->p, to)->of);
        if (from == AXIS_NONE) {
            report_lacks_axis(c, head, have, e->name, e->at);
            return 0;
        }
        return make_rename(c, x, from, to, e->at);
    }
    if (is_lag(c, s, e, have)) {
        find_axes(c, s, e->left->name, e->left->at, &named);
        int32_t steps = (int32_t)e->right->number;
        return make_lag(c, x, named.at[0], e->operator== OPERATOR_subtract ? -steps : steps, e->at);
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
        return 0;
    }
    node index = evaluate_node(c, s, e);
    if (!index) return 0;
    const node_row *i = program_node(c->p, index);
    const char *what = e->kind == EXPRESSION_name ? arena_print(c->arena, "`%s`", e->name) : "this";
    if (i->type.support != SUPPORT_index) {
        diagnostic *told =
            diagnose(c->d, DIAGNOSTIC_axes, place(c, e->at), "%s is not an index into an axis", what);
        if (have.count)
            advise(c->d, told,
                   "name the axis, `[%s = …]`, or declare what selects as an index: `data %s[…] : %s`",
                   program_axis(c->p, have.at[0])->name, e->kind == EXPRESSION_name ? e->name : "k",
                   program_axis(c->p, have.at[0])->name);
        else advise(c->d, told, "what it selects from is a single number: leave out the brackets");
        return 0;
    }
    axis a = axis_for_index(c, have, i->type.index);
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
        return 0;
    }
    return make_gather(c, x, index, a, e->at);
}

/* Whether brackets hold a lag, `[time - 1]`. */
static bool has_lag(const entries *list) {
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
    if (f && f->state == STATE_checking && has_lag(&e->list)) {
        if (f->results[b->part].kind == VALUE_node) return f->results[b->part].nodes[0];
        if (f->item->kind != ITEM_draw) {
            push(c->arena, &c->unsupported,
                 (unsupported){place(c, e->at), "a computed value that depends on its own lag"});
            return 0;
        }
    }
    value v = evaluate_name(c, s, e->head);
    if (v.kind == VALUE_node || v.kind == VALUE_failed) return v.nodes[0];
    return evaluate_node(c, s, e->head);
}

static value evaluate_select(checker *c, scope *s, const expression *e) {
    const binding *callable = e->head->kind == EXPRESSION_name && !scope_find(s, e->head->name, false)
                                  ? scope_find(s, e->head->name, true)
                                  : NULL;
    if (callable && callable->item->kind == ITEM_net) {
        push(c->arena, &c->unsupported, (unsupported){place(c, e->at), "a net"});
        return FAILED;
    }
    node x = evaluate_head(c, s, e);
    for (uint32_t i = 0; x && i < e->list.count; i++) {
        const entry *at = &e->list.at[i];
        x = at->name ? select_entry(c, s, e->head, x, at) : select_index(c, s, e->head, x, at->value);
    }
    return value_of(x);
}

/* ---- calls ---- */

typedef struct call {
    const expression *at;
    name name;
    span name_at;
    const entries *brackets; /* NULL where there are none */
    axes axes[AXES_MOST];    /* of the brackets: one each */
    uint32_t axis_count;
    value arguments[VALUES_MOST];
    uint32_t count;
    bool failed;
} call;

static void report_arity(checker *c, span at, const char *what, uint32_t wants, uint32_t has,
                         const char *like) {
    diagnostic *told = diagnose(c->d, DIAGNOSTIC_arity, place(c, at), "`%s` takes %u argument%s, here %s %u",
                                what, wants, wants == 1 ? "" : "s", has == 1 ? "is" : "are", has);
    advise(c->d, told, "write `%s`", like);
}

/* The other axis of a square matrix over `row`: the one alias of it that the matrix has; AXIS_NONE, reported,
 * where it has none. */
static axis column_of(checker *c, const call *k, node matrix, axis row) {
    axes have = program_node(c->p, matrix)->axes;
    axis column = AXIS_NONE;
    for (int i = 0; i < have.count; i++)
        if (have.at[i] != row && program_axis(c->p, have.at[i])->of == program_axis(c->p, row)->of)
            column = have.at[i];
    if (column != AXIS_NONE && axes_has(have, row)) return column;
    const char *n = program_axis(c->p, row)->name;
    diagnostic *told = diagnose(c->d, DIAGNOSTIC_axes, place(c, k->at->list.at[0].value->at),
                                "`%s[%s]` takes a square matrix, over `%s` and `%s'`", k->name, n, n, n);
    advise(c->d, told, "its axes are [%s]; write the second index as the alias, `x[%s']`",
           axes_text(c->p, have), n);
    return AXIS_NONE;
}

/* cholesky[n](A), solve_lower[n](L, b). */
static node call_matrix(checker *c, const call *k, node_op op, axes over, node matrix, node b) {
    if (over.count != 1) {
        diagnostic *told =
            diagnose(c->d, DIAGNOSTIC_axes, place(c, k->name_at), "`%s` needs the axis of the rows", k->name);
        advise(c->d, told, "write `%s`", primitive_text(c, k->name, op));
        return 0;
    }
    axis row = over.at[0], column = column_of(c, k, matrix, row);
    if (column == AXIS_NONE) return 0;
    const node_row *m = program_node(c->p, matrix), *x = b ? program_node(c->p, b) : NULL;
    node_row out = {.op = op,
                    .in = {matrix, b},
                    .axes = m->axes,
                    .axis = row,
                    .axis2 = column,
                    .at = place(c, k->at->at)};
    out.stochastic = m->stochastic || (x && x->stochastic);
    out.range = range_of(op, NULL);
    if (op == NODE_cholesky) {
        out.type = (type){.support = SUPPORT_cholesky_covariance, .index = column};
        return program_add(c->p, out);
    }
    if (!axes_has(x->axes, row) || axes_has(x->axes, column)) {
        const char *n = program_axis(c->p, row)->name, *alias = program_axis(c->p, column)->name;
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_axes, place(c, k->at->list.at[1].value->at),
                                    "the right side must vary over `%s` and not over `%s`", n, alias);
        advise(c->d, told, "further columns need an axis of their own, as another alias, `%s'`", alias);
        return 0;
    }
    out.axes = axes_union(axes_without(m->axes, column), x->axes);
    if (too_many_axes(c, out.axes, k->at->at)) return 0;
    return program_add(c->p, out);
}

static node call_primitive(checker *c, const call *k, node_op op) {
    node in[3] = {0};
    uint32_t wants = (uint32_t)node_inputs(op);
    axes over = {0};
    for (uint32_t i = 0; i < k->axis_count; i++) over = axes_union(over, k->axes[i]);
    if (k->count != wants) {
        report_arity(c, k->at->at, k->name, wants, k->count, primitive_text(c, k->name, op));
        return 0;
    }
    for (uint32_t i = 0; i < k->count; i++) {
        if (k->arguments[i].kind == VALUE_failed) return 0;
        if (k->arguments[i].kind != VALUE_node) {
            diagnostic *told = diagnose(c->d, DIAGNOSTIC_type, place(c, k->at->list.at[i].value->at),
                                        "`%s` takes a number", k->name);
            advise(c->d, told, "a distribution is drawn from by `x ~ …`; its density is `log_density(D, x)`");
            return 0;
        }
        in[i] = k->arguments[i].nodes[0];
    }
    switch (node_form_of(op)) {
    case FORM_REDUCE: {
        if (!k->brackets) {
            axes have = program_node(c->p, in[0])->axes;
            diagnostic *told = diagnose(c->d, DIAGNOSTIC_axes, place(c, k->name_at),
                                        "`%s` does not say over which axes", k->name);
            advise(c->d, told, "name them: `%s[%s](…)`", k->name,
                   have.count ? axes_text(c->p, have) : "axis");
            return 0;
        }
        axes absent = axes_minus(over, program_node(c->p, in[0])->axes);
        if (!absent.count) return make_reduction(c, op, in[0], over, k->at->at);
        if (c->now.in_call && op == NODE_sum) { /* a parameter that is constant along its axis */
            node x = make_reduction(c, op, in[0], axes_minus(over, absent), k->at->at);
            for (int i = 0; i < absent.count; i++)
                x = make(c, NODE_mul, x, make_size(c, absent.at[i], k->at->at), 0, k->at->at);
            return x;
        }
        if (c->now.in_call)
            return make_reduction(c, op, make_expand(c, in[0], absent, k->at->at), over, k->at->at);
        report_lacks_axis(c, k->at->list.at[0].value, program_node(c->p, in[0])->axes,
                          program_axis(c->p, absent.at[0])->name, k->brackets->at[0].value->at);
        return 0;
    }
    case FORM_SCAN: {
        node x = in[0];
        if (over.count != 1) {
            diagnostic *told =
                diagnose(c->d, DIAGNOSTIC_axes, place(c, k->name_at), "`%s` runs along one axis", k->name);
            axes have = program_node(c->p, x)->axes;
            advise(c->d, told, "name it: `%s[%s](…)`", k->name,
                   have.count ? program_axis(c->p, have.at[0])->name : "axis");
            return 0;
        }
        if (!axes_within(over, program_node(c->p, x)->axes) && !c->now.in_call) {
            report_lacks_axis(c, k->at->list.at[0].value, program_node(c->p, x)->axes,
                              program_axis(c->p, over.at[0])->name, k->brackets->at[0].value->at);
            return 0;
        }
        x = make_expand(c, x, over, k->at->at);
        node_row row = *program_node(c->p, x);
        row = (node_row){.op = op,
                         .in = {x},
                         .axes = row.axes,
                         .axis = over.at[0],
                         .at = place(c, k->at->at),
                         .range = range_of(op, &row.range),
                         .stochastic = row.stochastic};
        return program_add(c->p, row);
    }
    case FORM_FACTOR:
    case FORM_SOLVE: return call_matrix(c, k, op, over, in[0], in[1]);
    case FORM_RANDOM: {
        if (!c->now.random_allowed) {
            diagnostic *told =
                diagnose(c->d, DIAGNOSTIC_type, place(c, k->at->at), "a random draw has no place here");
            advise(c->d, told,
                   "draw by a statement, `x ~ normal(0, 1)`; `%s` is for `sample` of a `dist` and for "
                   "`generate`",
                   k->name);
            return 0;
        }
        node_row row = {
            .op = op, .in = {in[0], in[1]}, .axes = axes_union(c->now.axes, over), .at = place(c, k->at->at)};
        range ranges[2] = {{0}};
        for (uint32_t i = 0; i < k->count; i++) {
            row.axes = axes_union(row.axes, program_node(c->p, in[i])->axes);
            ranges[i] = program_node(c->p, in[i])->range;
        }
        if (too_many_axes(c, row.axes, k->at->at)) return 0;
        row.range = range_of(op, ranges);
        row.stochastic = true;
        row.stream = c->p->streams++;
        return program_add(c->p, row);
    }
    default:
        if (!k->brackets) return make(c, op, in[0], in[1], in[2], k->at->at);
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_axes, k->brackets->span, "`%s` takes no axes", k->name);
        advise(c->d, told, "leave out the brackets: it works for each entry");
        return 0;
    }
}

static bool is_typed(const item *f) {
    return f->function.parameter_count && f->function.parameters[0].type.name;
}

bool takes_distribution(const binding *b, uint32_t i, const distribution *d) {
    const binding *wants = scope_find(b->home, b->item->function.parameters[i].type.name, true);
    return wants && wants->item == d->definition;
}

/* Whether each parameter got the distribution that its type names. */
static bool accepts(const binding *b, const value *arguments, uint32_t count) {
    if (count != b->item->function.parameter_count) return false;
    for (uint32_t i = 0; i < count; i++)
        if (arguments[i].kind != VALUE_distribution || !takes_distribution(b, i, arguments[i].distribution))
            return false;
    return true;
}

static void bind_local_definitions(checker *c, scope *s, const items *body) {
    for (uint32_t i = 0; i < body->count; i++) {
        const item *it = body->at[i];
        if (it->kind != ITEM_define && it->kind != ITEM_let) continue;
        definition *f = arena_new(c->arena, definition);
        *f = (definition){.item = it, .scope = s, .now = c->now};
        for (uint32_t k = 0; k < it->value.targets.count && k < VALUES_MOST; k++, f->count++) {
            const target *t = &it->value.targets.at[k];
            f->variables[k] = VARIABLE_NONE;
            if (scope_here(s, t->name, false)) {
                diagnostic *told = diagnose(c->d, DIAGNOSTIC_duplicate, place(c, t->name_at),
                                            "`%s` is already defined here", t->name);
                advise(c->d, told, "a name stands for one value: choose another name");
                continue;
            }
            scope_add(c, s,
                      (binding){.name = t->name,
                                .kind = BINDING_definition,
                                .at = t->name_at,
                                .definition = f,
                                .part = k});
        }
    }
}

static value evaluate_body(checker *c, scope *s, const item *f) {
    if (f->function.body) return evaluate(c, s, f->function.body);
    bind_local_definitions(c, s, &f->function.items);
    for (uint32_t i = 0; i < f->function.items.count; i++) {
        const item *it = f->function.items.at[i];
        if (it->kind != ITEM_return) continue;
        if (it->result.count == 1) return evaluate(c, s, it->result.values[0]);
        value several = {.kind = VALUE_several};
        for (uint32_t k = 0; k < it->result.count && k < VALUES_MOST; k++) {
            several.nodes[k] = evaluate_node(c, s, it->result.values[k]);
            several.count++;
        }
        return several;
    }
    return FAILED;
}

/* What a function says its result is, `fn softmax[k](x) : simplex[k]`, is taken as known from here on. Equal
 * nodes are one, so that only what follows from the value itself may be noted, and never for a name, whose
 * type is its declaration's. */
static void declare_result(checker *c, scope *s, const item *f, value *result) {
    if (!f->function.type.name || result->kind != VALUE_node) return;
    type t = evaluate_type(c, s, &f->function.type);
    axes event;
    if (!evaluate_axes(c, s, &f->function.type.axes, &event, NULL)) return;
    if (SUPPORTS[t.support].event && event.count) t.index = event.at[event.count - 1];
    node_row *row = &c->p->nodes.at[result->nodes[0]];
    range known = type_range(c->p, t);
    if (range_disjoint(row->range, known)) {
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_support, place(c, f->at),
                                    "`%s` says that its result is %s, but it never is", f->function.name,
                                    type_text(c->p, t));
        advise(c->d, told, "change the type behind `%s` or its value", signature(c, f));
        *result = FAILED;
        return;
    }
    if (row->op == NODE_variable || row->op == NODE_number || row->op == NODE_position) return;
    if (t.support != SUPPORT_real) row->type = t;
    if (range_within(known, row->range)) row->range = known;
}

/* A parameter's type, `fn f(p : normal, x : positive)`, is a distribution that it is, or where it lies. */
static bool check_parameter(checker *c, scope *home, const item *f, uint32_t i, const value *is, span at) {
    const type_syntax *wants = &f->function.parameters[i].type;
    if (!wants->name) return true;
    const binding *b = scope_find(home, wants->name, true);
    bool is_distribution = is->kind == VALUE_distribution;
    if (b && b->item->kind == ITEM_dist) {
        if (is_distribution && is->distribution->definition == b->item) return true;
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_type, place(c, at), "`%s` of `%s` is a distribution, %s",
                                    f->function.parameters[i].name, f->function.name, signature(c, b->item));
        advise(c->d, told, "write `%s(…)` there, or another function", wants->name);
        return false;
    }
    uint32_t errors = c->d->errors;
    type t = evaluate_type(c, home, wants);
    if (c->d->errors != errors) return false;
    if (is->kind != VALUE_node ||
        !range_disjoint(program_node(c->p, is->nodes[0])->range, type_range(c->p, t)))
        return true;
    diagnostic *told =
        diagnose(c->d, DIAGNOSTIC_support, place(c, at), "`%s` of `%s` must be %s, which this never is",
                 f->function.parameters[i].name, f->function.name, type_text(c->p, t));
    advise(c->d, told, "change the argument, or the type in `fn %s`", f->function.name);
    return false;
}

value call_function(checker *c, const item *f, scope *home, const axes *axis_arguments, uint32_t axis_count,
                    const value *arguments, uint32_t count, span at) {
    scope *s = scope_new(c, home);
    uint32_t wants = f->function.axis_count;
    if (wants != axis_count && !(wants == 1 && axis_count > 1)) {
        diagnostic *told =
            diagnose(c->d, wants && axis_count ? DIAGNOSTIC_arity : DIAGNOSTIC_axes, place(c, at),
                     wants ? "`%s` does not say along which axes" : "`%s` takes no axes", f->function.name);
        axes have = count && arguments[0].kind == VALUE_node ? program_node(c->p, arguments[0].nodes[0])->axes
                                                             : (axes){0};
        if (wants == 1 && have.count)
            advise(c->d, told, "name them: `%s[%s](…)`", f->function.name, axes_text(c->p, have));
        else advise(c->d, told, "write `%s`", signature(c, f));
        return FAILED;
    }
    if (count != f->function.parameter_count) {
        report_arity(c, at, f->function.name, f->function.parameter_count, count, signature(c, f));
        return FAILED;
    }
    for (uint32_t i = 0; i < wants; i++) {
        axes these = axis_arguments[i];
        for (uint32_t k = 1; wants == 1 && k < axis_count; k++) these = axes_union(these, axis_arguments[k]);
        scope_add(c, s, (binding){.name = f->function.axes[i].name, .kind = BINDING_axis, .axes = these});
    }
    for (uint32_t i = 0; i < count; i++) {
        if (arguments[i].kind == VALUE_failed || !check_parameter(c, s, f, i, &arguments[i], at))
            return FAILED;
        scope_add(
            c, s,
            (binding){.name = f->function.parameters[i].name, .kind = BINDING_value, .value = arguments[i]});
    }
    surroundings before = c->now;
    if (!c->now.in_call && c->d->sources.at[f->at.source].library) c->now.in_call = true, c->now.call = at;
    c->now.free_allowed = false;
    c->depth += CALL_DEPTH;
    value result = evaluate_body(c, s, f);
    c->depth -= CALL_DEPTH;
    declare_result(c, s, f, &result);
    c->now = before;
    return result;
}

/* The place of an argument: that of its name, else its own; `count` where `f` has no such parameter. */
static uint32_t parameter_of(checker *c, const call *k, const item *f, uint32_t i) {
    const entry *e = &k->at->list.at[i];
    if (!e->name) return i;
    uint32_t n = f ? f->function.parameter_count : 0, to = 0;
    while (to < n && f->function.parameters[to].name != e->name) to++;
    if (to < n) return to;
    diagnostic *told =
        diagnose(c->d, DIAGNOSTIC_name, e->name_at, "`%s` has no parameter `%s`", k->name, e->name);
    if (f) advise(c->d, told, "write `%s`", signature(c, f));
    else advise(c->d, told, "leave out the name");
    return VALUES_MOST;
}

/* Reads the arguments; `f` gives the names that they may have. */
static bool read_arguments(checker *c, scope *s, call *k, const item *f) {
    const entries *list = &k->at->list;
    type free_type = c->now.free_type;
    c->now.free_type = (type){0};
    bool given[VALUES_MOST] = {false};
    for (uint32_t i = 0; i < list->count && i < VALUES_MOST; i++) {
        uint32_t to = parameter_of(c, k, f, i);
        value v = evaluate(c, s, list->at[i].value);
        k->failed |= to >= VALUES_MOST || v.kind == VALUE_failed;
        if (to >= VALUES_MOST) continue;
        if (given[to]) {
            diagnostic *told = diagnose(c->d, DIAGNOSTIC_duplicate, place(c, list->at[i].value->at),
                                        "the argument `%s` is given twice", f->function.parameters[to].name);
            advise(c->d, told, "write `%s`", signature(c, f));
            k->failed = true;
        }
        given[to] = true;
        k->arguments[to] = v;
    }
    c->now.free_type = free_type;
    k->count = list->count;
    if (list->count > VALUES_MOST) {
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_arity, place(c, k->at->at),
                                    "`%s` is given more than %d arguments", k->name, VALUES_MOST);
        advise(c->d, told, "put numbers of one kind along an axis");
        k->failed = true;
    }
    return !k->failed;
}

static bool read_brackets(checker *c, scope *s, call *k) {
    if (!k->brackets) return true;
    axes all;
    if (!evaluate_axes(c, s, k->brackets, &all, NULL)) return false;
    for (; k->axis_count < k->brackets->count; k->axis_count++) {
        entries one = {&k->brackets->at[k->axis_count], 1, 1, false, k->brackets->span};
        evaluate_axes(c, s, &one, &k->axes[k->axis_count], NULL);
    }
    return true;
}

/* size(home): the number of entries of an axis. */
static value call_size(checker *c, scope *s, const call *k) {
    const entries *list = &k->at->list;
    axes of;
    if (list->count != 1) {
        report_arity(c, k->at->at, "size", 1, list->count, "size(axis)");
        return FAILED;
    }
    if (list->at[0].value->kind != EXPRESSION_name) {
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_axes, place(c, list->at[0].value->at),
                                    "here stands the name of an axis");
        advise(c->d, told, "write `size(axis)`");
        return FAILED;
    }
    const expression *e = list->at[0].value;
    if (!find_axes(c, s, e->name, e->at, &of)) {
        report_no_axis(c, s, e->name, e->at);
        return FAILED;
    }
    node n = make_number(c, 1, e->at);
    for (int i = 0; i < of.count; i++) {
        node size = make_size(c, of.at[i], e->at);
        n = of.count == 1 ? size : make(c, NODE_mul, n, size, 0, e->at);
    }
    return value_of(n);
}

/* log_density(D, x), cdf(D, x), mean(D) …: a property of a distribution as a value. */
static value call_property(checker *c, const call *k) {
    const distribution *d = k->arguments[0].distribution;
    if (d->failed) return FAILED;
    node x = k->count > 1 && k->arguments[1].kind == VALUE_node ? k->arguments[1].nodes[0] : 0;
    const item *property = distribution_property(d, k->name);
    if (!property) {
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_dist, place(c, k->at->at), "`%s` has no `%s`",
                                    d->definition->function.name, k->name);
        if (d->home == c->library)
            advise(c->d, told, "use a distribution that has one: `vmrun list` shows which");
        else advise(c->d, told, "define `%s` in `dist %s`", k->name, d->definition->function.name);
        return FAILED;
    }
    if (property->function.parameter_count + 1 != k->count) {
        report_arity(c, k->at->at, k->name, property->function.parameter_count + 1, k->count,
                     arena_print(c->arena, property->function.parameter_count ? "%s(%s, x)" : "%s(%s)",
                                 k->name, signature(c, d->definition)));
        return FAILED;
    }
    if (k->count > 1 && !x) {
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_type, place(c, k->at->list.at[1].value->at),
                                    "`%s` is asked at a number", k->name);
        advise(c->d, told, "write `%s(%s, x)`", k->name, signature(c, d->definition));
        return FAILED;
    }
    axes have = {0};
    if (x) have = program_node(c->p, x)->axes;
    return value_of(distribution_at(c, d, k->name, x, have.at, have.count));
}

/* `let first = lin[a -> b]`: a net that is given a name. */
static bool is_net(const scope *s, const item *let) {
    const expression *e = let->value.value;
    if (e->kind != EXPRESSION_select || e->head->kind != EXPRESSION_name) return false;
    const binding *b = scope_find(s, e->head->name, true);
    return e->list.has_arrow || (b && b->item->kind == ITEM_net);
}

static value call_net(checker *c, const call *k) {
    push(c->arena, &c->unsupported, (unsupported){place(c, k->name_at), "a net"});
    return FAILED;
}

node_op primitive_named(name n) {
#define PRIMITIVE(word, inputs, form, range, about)                                                          \
    if (about[0] && strcmp(n, #word) == 0) return NODE_##word;
#include "lang/primitives.def"
#undef PRIMITIVE
    return NODE_failed;
}

bool is_property(name n) {
#define PROPERTY(word, arguments, about)                                                                     \
    if (strcmp(n, #word) == 0) return true;
#include "lang/properties.def"
#undef PROPERTY
    return false;
}

/* The definition of several with one name that takes these arguments; NULL, reported, where none does. */
static const binding *overload(checker *c, const call *k, const binding *b) {
    if (!b->next) return b;
    const binding *first = b;
    while (b && !accepts(b, k->arguments, k->count)) b = b->next;
    if (b) return b;
    bool all = k->count == first->item->function.parameter_count;
    const char *given = "";
    for (uint32_t i = 0; i < k->count; i++) {
        const value *v = &k->arguments[i];
        all &= v->kind == VALUE_distribution;
        if (all)
            given = arena_print(c->arena, "%s%s%s", given, i ? ", " : "",
                                v->distribution->definition->function.name);
    }
    diagnostic *told =
        diagnose(c->d, all ? DIAGNOSTIC_dist : DIAGNOSTIC_type, place(c, k->at->at),
                 all ? "`%s` has no closed form for (%s)" : "`%s` takes distributions", k->name, given);
    if (all) advise(c->d, told, "define it: `fn %s(p : …, q : …) = …`", k->name);
    else advise(c->d, told, "write `%s(normal(0, 1), normal(m, s))`", k->name);
    return NULL;
}

static value evaluate_call(checker *c, scope *s, const expression *e) {
    const expression *head = e->head->kind == EXPRESSION_select ? e->head->head : e->head;
    if (head->kind != EXPRESSION_name) {
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_type, head->at, "this cannot be called");
        advise(c->d, told, "write a product with `*`");
        return FAILED;
    }
    call k = {.at = e, .name = head->name, .name_at = head->at};
    if (e->head->kind == EXPRESSION_select) k.brackets = &e->head->list;
    const binding *b = scope_find(s, k.name, true);
    if (!b && k.name == c->word_size) return call_size(c, s, &k);
    if (b && b->broken) return FAILED;
    if (b && b->item->kind == ITEM_dist) return evaluate_distribution(c, s, e, b);
    bool arrow = k.brackets && k.brackets->has_arrow;
    if (arrow || (b && b->item->kind == ITEM_net)) return call_net(c, &k);
    node_op op = primitive_named(k.name);
    if (!b && op == NODE_failed && !is_property(k.name)) {
        const binding *other = scope_find(s, k.name, false);
        if (other && other->kind == BINDING_definition && other->definition->item->kind == ITEM_let &&
            is_net(s, other->definition->item))
            return call_net(c, &k);
        report_unknown(c, s, k.name, k.name_at, true);
        return FAILED;
    }
    if (!read_brackets(c, s, &k) || !read_arguments(c, s, &k, b ? b->item : NULL)) return FAILED;
    bool of_distribution = k.count && k.arguments[0].kind == VALUE_distribution;
    if (of_distribution && is_property(k.name) && !(b && is_typed(b->item))) return call_property(c, &k);
    if (b) {
        b = overload(c, &k, b);
        return b ? call_function(c, b->item, b->home, k.axes, k.axis_count, k.arguments, k.count, e->at)
                 : FAILED;
    }
    if (op == NODE_max && !k.brackets && k.count == 2) op = NODE_maximum;
    if (op == NODE_min && !k.brackets && k.count == 2) op = NODE_minimum;
    if (op == NODE_failed) {
        diagnostic *told =
            diagnose(c->d, DIAGNOSTIC_type, place(c, e->at), "`%s` takes a distribution first", k.name);
        advise(c->d, told, "write `%s(normal(0, 1), x)`", k.name);
        return FAILED;
    }
    return value_of(call_primitive(c, &k, op));
}

/* ---- expressions ---- */

value evaluate(checker *c, scope *s, const expression *e) {
    if (too_deep(c, e->at)) return FAILED;
    c->depth++;
    value v = FAILED;
    switch (e->kind) {
    case EXPRESSION_number: v = value_of(make_number(c, e->number, e->at)); break;
    case EXPRESSION_name: v = cut(c, evaluate_name(c, s, e), e->at); break;
    case EXPRESSION_free: v = evaluate_free(c, e); break;
    case EXPRESSION_operation: v = evaluate_operation(c, s, e); break;
    case EXPRESSION_choice: {
        node condition = evaluate_node(c, s, e->condition), then = evaluate_node(c, s, e->then);
        v = value_of(make(c, NODE_select, condition, then, evaluate_node(c, s, e->otherwise), e->at));
        break;
    }
    case EXPRESSION_call: v = evaluate_call(c, s, e); break;
    case EXPRESSION_select: v = cut(c, evaluate_select(c, s, e), e->at); break;
    }
    c->depth--;
    return v;
}

node evaluate_node(checker *c, scope *s, const expression *e) {
    value v = evaluate(c, s, e);
    if (v.kind == VALUE_node || v.kind == VALUE_failed) return v.nodes[0];
    bool several = v.kind == VALUE_several;
    diagnostic *told = diagnose(c->d, several ? DIAGNOSTIC_arity : DIAGNOSTIC_type, place(c, e->at),
                                several ? "this has several results, here stands one number"
                                        : "this is a distribution, here stands a number");
    if (several) advise(c->d, told, "give each result a name first: `a, b = f(x)`");
    else
        advise(c->d, told,
               "draw from it by a statement, `x ~ …`, or ask for its density, `log_density(D, x)`");
    return 0;
}

/* ---- names in bodies that nothing calls ---- */

static void check_name(checker *c, scope *s, const expression *e) {
    name stem = names_add(c->p->names, e->name, strlen(e->name) - primes_of(e->name));
    const binding *alias_of = scope_find(s, stem, false);
    if (scope_find(s, e->name, false) || (alias_of && alias_of->kind == BINDING_axis) || strchr(e->name, '.'))
        return;
    if (e->name != c->word_inf && e->name != c->word_pi && e->name != c->word_last)
        report_unknown(c, s, e->name, e->at, false);
}

static void check_entries(checker *c, scope *s, const entries *list);

static void check_called(checker *c, scope *s, const expression *head) {
    const expression *e = head->kind == EXPRESSION_select ? head->head : head;
    if (head->kind == EXPRESSION_select) check_entries(c, s, &head->list);
    if (e->kind != EXPRESSION_name) return;
    bool known = scope_find(s, e->name, true) || primitive_named(e->name) != NODE_failed ||
                 is_property(e->name) || e->name == c->word_size;
    if (!known && !scope_find(s, e->name, false)) report_unknown(c, s, e->name, e->at, true);
}

static void check_entries(checker *c, scope *s, const entries *list) {
    for (uint32_t i = 0; i < list->count; i++) {
        const entry *e = &list->at[i];
        if (!e->name || e->value->kind != EXPRESSION_name)
            check_names(c, s, e->value); /* [treatment = drug] */
    }
}

void check_names(checker *c, scope *s, const expression *e) {
    switch (e->kind) {
    case EXPRESSION_number:
    case EXPRESSION_free: break;
    case EXPRESSION_name: check_name(c, s, e); break;
    case EXPRESSION_operation:
        check_names(c, s, e->left);
        if (e->right) check_names(c, s, e->right);
        break;
    case EXPRESSION_choice:
        check_names(c, s, e->condition), check_names(c, s, e->then), check_names(c, s, e->otherwise);
        break;
    case EXPRESSION_call: check_called(c, s, e->head), check_entries(c, s, &e->list); break;
    case EXPRESSION_select:
        if (e->head->kind != EXPRESSION_name || !scope_find(s, e->head->name, true))
            check_names(c, s, e->head);
        check_entries(c, s, &e->list);
        break;
    }
}
