/* Calls: primitives, functions, which are inlined, properties of distributions. */
#include "lang/checker.h"

#include <assert.h>
#include <math.h>

/* ---- how things are called, for messages ---- */

const char *signature(checker *c, const item *f) {
    const char *text = f->function.name;
    for (uint32_t i = 0; i < f->function.axis_count; i++)
        text = arena_print(c->arena, "%s%s%s", text,
                           i == 0                                            ? "["
                           : f->function.has_arrow && i == f->function.arrow ? " -> "
                                                                             : ", ",
                           f->function.axes[i].name);
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
                       along         ? inputs == 2 ? "[axis](x, y)" : "[axis](x)"
                       : inputs == 0 ? "()"
                       : inputs == 1 ? "(x)"
                       : inputs == 2 ? "(x, y)"
                       : inputs == 3 ? "(x, y, z)"
                                     : "(u, v, a, b)");
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

void report_arity(checker *c, span at, const char *what, uint32_t wants, uint32_t has, const char *like) {
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

/* sum[k](x). */
static node call_reduction(checker *c, const call *k, node_op op, axes over, node x) {
    span at = k->at->at;
    axes have = program_node(c->p, x)->axes, absent = axes_minus(over, have);
    if (!k->brackets) {
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_axes, place(c, k->name_at),
                                    "`%s` does not say over which axes", k->name);
        advise(c->d, told, "name them: `%s[%s](…)`", k->name, have.count ? axes_text(c->p, have) : "axis");
        return 0;
    }
    if (!absent.count) return make_reduction(c, op, x, over, at);
    if (c->now.in_call && op == NODE_sum) { /* a parameter that is constant along its axis */
        x = make_reduction(c, op, x, axes_minus(over, absent), at);
        for (int i = 0; i < absent.count; i++)
            x = make(c, NODE_mul, x, make_size(c, absent.at[i], at), 0, at);
        return x;
    }
    if (c->now.in_call) return make_reduction(c, op, make_expand(c, x, absent, at), over, at);
    report_lacks_axis(c, k->at->list.at[0].value, have, program_axis(c->p, absent.at[0])->name,
                      k->brackets->at[0].value->at);
    return 0;
}

/* cumsum[k](x). */
static node call_scan(checker *c, const call *k, node_op op, axes over, node x, node other) {
    span at = k->at->at;
    axes have = program_node(c->p, x)->axes;
    if (over.count != 1) {
        diagnostic *told =
            diagnose(c->d, DIAGNOSTIC_axes, place(c, k->name_at), "`%s` runs along one axis", k->name);
        advise(c->d, told, "name it: `%s[%s](…)`", k->name,
               have.count ? program_axis(c->p, have.at[0])->name : "axis");
        return 0;
    }
    if (!axes_within(over, have) && !c->now.in_call) {
        report_lacks_axis(c, k->at->list.at[0].value, have, program_axis(c->p, over.at[0])->name,
                          k->brackets->at[0].value->at);
        return 0;
    }
    x = make_expand(c, x, over, at);
    const node_row *first = program_node(c->p, x), none = {0},
                   *second = other ? program_node(c->p, other) : &none;
    node_row row = {.op = op,
                    .in = {x, other},
                    .axes = axes_union(first->axes, second->axes),
                    .axis = over.at[0],
                    .at = place(c, at),
                    .range = range_of(op, &first->range),
                    .stochastic = first->stochastic || second->stochastic};
    return too_many_axes(c, row.axes, at) ? 0 : program_add(c->p, row);
}

/* std_normal(), of the entries of the statement. */
static node call_random(checker *c, const call *k, node_op op, axes over, const node *in) {
    if (!c->now.random_allowed) {
        diagnostic *told =
            diagnose(c->d, DIAGNOSTIC_type, place(c, k->at->at), "a random draw has no place here");
        advise(c->d, told,
               "draw by a statement, `x ~ normal(0, 1)`; `%s` is for `sample` of a `dist` and for `generate`",
               k->name);
        return 0;
    }
    node_row row = {.op = op, .axes = axes_union(c->now.axes, over), .at = place(c, k->at->at)};
    range ranges[NODE_INPUTS_MOST] = {{0}};
    for (uint32_t i = 0; i < k->count; i++) {
        row.in[i] = in[i];
        row.axes = axes_union(row.axes, program_node(c->p, in[i])->axes);
        ranges[i] = program_node(c->p, in[i])->range;
    }
    if (too_many_axes(c, row.axes, k->at->at)) return 0;
    row.range = range_of(op, ranges);
    row.stochastic = true;
    row.stream = c->p->streams++;
    return program_add(c->p, row);
}

/* The arguments, which are numbers; false, reported, where they are not. */
static bool take_numbers(checker *c, call *k, node_op op, node *in) {
    uint32_t wants = (uint32_t)node_inputs(op);
    if (k->count != wants) {
        report_arity(c, k->at->at, k->name, wants, k->count, primitive_text(c, k->name, op));
        return false;
    }
    for (uint32_t i = 0; i < k->count; i++) {
        k->arguments[i] = drawn_value(c, k->arguments[i]);
        if (k->arguments[i].kind == VALUE_failed) return false;
        if (k->arguments[i].kind != VALUE_node) {
            diagnostic *told = diagnose(c->d, DIAGNOSTIC_type, place(c, k->at->list.at[i].value->at),
                                        "`%s` takes a number", k->name);
            advise(c->d, told, "a distribution is drawn from by `x ~ …`; its density is `log_density(D, x)`");
            return false;
        }
        in[i] = k->arguments[i].nodes[0];
    }
    return true;
}

static node call_primitive(checker *c, call *k, node_op op) {
    node in[NODE_INPUTS_MOST] = {0};
    axes over = {0};
    for (uint32_t i = 0; i < k->axis_count; i++) over = axes_union(over, k->axes[i]);
    if (!take_numbers(c, k, op, in)) return 0;
    switch (node_form_of(op)) {
    case FORM_REDUCE: return call_reduction(c, k, op, over, in[0]);
    case FORM_SCAN: return call_scan(c, k, op, over, in[0], in[1]);
    case FORM_FACTOR:
    case FORM_SOLVE: return call_matrix(c, k, op, over, in[0], in[1]);
    case FORM_RANDOM: return call_random(c, k, op, over, in);
    default:
        if (!k->brackets) return make_map(c, op, in, k->at->at);
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

/* Whether a net has this definition for all its calls. */
static bool is_bound_outside(const scope *s, const item *it) {
    const binding *b = scope_here(s->outer, it->value.targets.at[0].name, false);
    return b && b->kind == BINDING_definition && b->definition->item == it;
}

static bool is_computed(const item *it) { return it->kind == ITEM_define || it->kind == ITEM_let; }

static bool has_recurrences(const items *body) {
    bool found = false;
    for (uint32_t i = 0; i < body->count; i++)
        for (uint32_t k = 0; is_computed(body->at[i]) && k < body->at[i]->value.targets.count; k++)
            found |= is_guarded(&body->at[i]->value.targets.at[k]);
    return found;
}

/* Whether an axis, or what it is an alias of, is among those that a function names. */
static bool is_named(const checker *c, const scope *s, axis a) {
    bool found = false;
    for (uint32_t i = 0; i < s->bindings.count; i++)
        for (int k = 0; s->bindings.at[i]->kind == BINDING_axis && k < s->bindings.at[i]->axes.count; k++)
            found |= program_axis(c->p, s->bindings.at[i]->axes.at[k])->of == program_axis(c->p, a)->of;
    return found;
}

/* What the arguments of a function vary over, and its draws, beside the axes that it names. */
static axes further_axes(const checker *c, const scope *s) {
    axes all = c->now.random_allowed ? c->now.axes : (axes){0}, found = {0};
    for (uint32_t i = 0; i < s->bindings.count; i++) {
        const binding *b = s->bindings.at[i];
        if (b->kind == BINDING_value && b->value.kind == VALUE_node)
            all = axes_union(all, program_node(c->p, b->value.nodes[0])->axes);
    }
    for (int i = 0; i < all.count; i++)
        if (!is_named(c, s, all.at[i])) found = axes_with(found, all.at[i]);
    return found;
}

/* The names of a function with recurrences are variables, as those of a block, new ones for each call. */
static void bind_recurrences(checker *c, scope *s, const items *body) {
    definition_list list = {0};
    for (uint32_t i = 0; i < body->count; i++)
        if (is_computed(body->at[i])) declare_local(c, s, body->at[i], &list, VARIABLE_guide);
    axes further = further_axes(c, s);
    for (uint32_t i = 0; i < list.count; i++) list.at[i]->now = c->now, list.at[i]->further = further;
    find_groups(c, &list);
}

static void bind_local_definitions(checker *c, scope *s, const items *body) {
    for (uint32_t i = 0; i < body->count; i++) {
        const item *it = body->at[i];
        if (!is_computed(it) || is_bound_outside(s, it)) continue;
        definition *f = arena_new(c->arena, definition);
        *f = (definition){.item = it, .scope = s, .now = c->now};
        for (uint32_t k = 0; k < it->value.targets.count && k < VALUES_MOST; k++, f->count++) {
            const target *t = &it->value.targets.at[k];
            f->variables[k] = VARIABLE_NONE;
            if (scope_here(s, t->name, false) && is_guarded(t)) continue; /* its first statement is refused */
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
    if (f->kind != ITEM_net && has_recurrences(&f->function.items))
        bind_recurrences(c, s, &f->function.items);
    else bind_local_definitions(c, s, &f->function.items);
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

/* Functions that call others twice grow twice as large with each level: somewhere that must end. Those of the
 * library do not. */
static bool too_many_calls(checker *c, const item *f, span at) {
    enum { INLINED_MOST = 1 << 16 };
    if (c->d->sources.at[f->at.source].library) return false;
    if (++c->inlined <= INLINED_MOST) return false;
    if (c->inlined > INLINED_MOST + 1) return true;
    diagnostic *told =
        diagnose(c->d, DIAGNOSTIC_cycle, place(c, at),
                 "with the functions that are called here, the program has more than %d calls", INLINED_MOST);
    advise(
        c->d, told,
        "a `fn` is inlined where it is called; one that calls another twice is twice as large, so name the "
        "result of the first call and use it again");
    return true;
}

value call_function(checker *c, const item *f, scope *home, const axes *axis_arguments, uint32_t axis_count,
                    const value *arguments, uint32_t count, span at) {
    if (too_many_calls(c, f, at)) return FAILED;
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
    for (uint32_t i = 0; i < wants; i++) {
        axes these = axis_arguments[i];
        for (uint32_t k = 1; wants == 1 && k < axis_count; k++) these = axes_union(these, axis_arguments[k]);
        scope_add(c, s, (binding){.name = f->function.axes[i].name, .kind = BINDING_axis, .axes = these});
    }
    return inline_body(c, f, s, arguments, count, at);
}

value inline_body(checker *c, const item *f, scope *s, const value *arguments, uint32_t count, span at) {
    if (count != f->function.parameter_count) {
        report_arity(c, at, f->function.name, f->function.parameter_count, count, signature(c, f));
        return FAILED;
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
    if (k->brackets->has_arrow) {
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_axes, place(c, k->brackets->span),
                                    "`%s` is no net, so its axes have no arrow", k->name);
        advise(c->d, told, "list them, `%s[a, b](…)`, or define it as `net %s[in -> out](x) { … }`", k->name,
               k->name);
        return false;
    }
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
    for (uint32_t i = 0; !x && i < k->axis_count; i++) have = axes_union(have, k->axes[i]);
    return value_of(distribution_at(c, d, k->name, x, have.at, have.count));
}

/* What the head of a call is, where that may be a net: `dense[a -> b]`, or `first` and `outer.first` where
 * they name one. NULL where it is none; *failed where it was meant to be one. */
static net *called_net(checker *c, scope *s, const expression *head, const binding *callable, bool *failed) {
    value v = {0};
    *failed = false;
    if (callable) {
        if (callable->item->kind != ITEM_net) return NULL;
        v = evaluate_net(c, s, head, callable);
    } else {
        const expression *brackets = head->kind == EXPRESSION_select ? head : NULL;
        if (brackets) head = head->head;
        const char *dot = strchr(head->name, '.');
        name first = dot ? names_add(c->p->names, head->name, (size_t)(dot - head->name)) : head->name;
        const binding *b = scope_find(s, first, false);
        bool may_be = b && (b->kind == BINDING_value ||
                            (b->kind == BINDING_definition && (b->definition->item->kind == ITEM_let ||
                                                               b->definition->item->kind == ITEM_define)));
        if (!may_be) return NULL;
        v = evaluate_name(c, s, head);
        bool whole = v.kind == VALUE_net && brackets;
        if (whole || (dot && v.kind == VALUE_node)) {
            diagnostic *told = diagnose(
                c->d, DIAGNOSTIC_axes, place(c, head->at),
                whole ? "`%s` has its axes already" : "`%s` is a value, and cannot be called", head->name);
            if (whole) advise(c->d, told, "call it without them: `%s(…)`", head->name);
            else advise(c->d, told, "a product is written `%s * x`", head->name);
            v = FAILED;
        }
    }
    *failed = v.kind == VALUE_failed;
    return v.kind == VALUE_net ? v.net : NULL;
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
    bool closed_form = b->home == c->library && is_typed(b->item); /* of which more may be unread */
    if (!b->next && !closed_form) return b;
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

value evaluate_call(checker *c, scope *s, const expression *e) {
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
    bool failed;
    net *n = called_net(c, s, e->head, b, &failed);
    if (failed) return FAILED;
    if (n) {
        if (!read_arguments(c, s, &k, net_definition(n))) return FAILED;
        return net_call(c, n, k.arguments, k.count, e);
    }
    node_op op = primitive_named(k.name);
    if (!b && op == NODE_failed && !is_property(k.name)) {
        report_unknown(c, s, k.name, k.name_at, true);
        return FAILED;
    }
    if (!read_brackets(c, s, &k) || !read_arguments(c, s, &k, b ? b->item : NULL)) return FAILED;
    bool of_distribution = k.count && k.arguments[0].kind == VALUE_distribution;
    if (of_distribution && is_property(k.name) && !(b && is_typed(b->item))) return call_property(c, &k);
    if (b) {
        b = overload(c, &k, b);
        if (!b) return FAILED;
        surroundings before = c->now;
        if (b->home != c->library) c->now.site = site_at(c, e);
        value v = call_function(c, b->item, b->home, k.axes, k.axis_count, k.arguments, k.count, e->at);
        c->now = before;
        return v;
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
