/* `x ~ D(…)`: what a statement of model, guide or generate means. A distribution's properties (log_density,
 * sample, cdf …) are expressions of the library; here their parameters are bound to the arguments and their
 * axis parameters to axes of the statement: an event axis, `dirichlet(…) : simplex[k]`, is the last axis of
 * x; an index axis, `categorical(…) : k`, is the axis of the argument that x lacks. Every other axis of an
 * argument must be an axis of x. */
#include "lang/checker.h"

#include <math.h>

static const axis_binding *bound_axis_of(const axis_bindings *b, name n) {
    for (uint32_t i = 0; i < b->count; i++)
        if (b->at[i].name == n) return &b->at[i];
    return NULL;
}

static bool is_axis_parameter(const item *d, name n) {
    for (uint32_t i = 0; i < d->function.parameter_count; i++)
        for (uint32_t k = 0; k < d->function.parameters[i].axes.count; k++)
            if (d->function.parameters[i].axes.at[k].value->name == n) return true;
    return false;
}

/* ---- arguments ---- */

/* Values whose support was declared, so that it can be held against them; what is computed has only bounds.
 */
static bool is_declared(const program *p, node n) {
    const node_row *r = program_node(p, n);
    switch (r->op) {
    case NODE_number: return true;
    case NODE_gather:
    case NODE_rename:
    case NODE_expand: return is_declared(p, r->in[0]);
    case NODE_variable: {
        variable_kind k = program_variable(p, r->variable)->kind;
        return k == VARIABLE_data || k == VARIABLE_latent || k == VARIABLE_param || k == VARIABLE_free;
    }
    default: return false;
    }
}

/* A continuous latent is never at the end of its support: that has probability 0. */
static bool is_drawn(const program *p, node n) {
    const node_row *r = program_node(p, n);
    while (r->op == NODE_gather || r->op == NODE_rename || r->op == NODE_expand)
        r = program_node(p, r->in[0]);
    return r->op == NODE_variable && program_variable(p, r->variable)->kind != VARIABLE_data &&
           !r->range.whole;
}

static const char *range_text(checker *c, range r) {
    if (r.lowest == r.highest) return arena_print(c->arena, "is %g", r.lowest);
    if (r.lowest == -INFINITY && r.highest == INFINITY) return "may be any number";
    if (r.lowest == -INFINITY) return arena_print(c->arena, "may be anything up to %g", r.highest);
    if (r.highest == INFINITY) return arena_print(c->arena, "may be anything from %g", r.lowest);
    return arena_print(c->arena, "lies between %g and %g", r.lowest, r.highest);
}

static bool is_infinite(const node_row *r) {
    return r->range.lowest == r->range.highest && isinf(r->range.lowest);
}

static void advise_support(checker *c, diagnostic *told, const node_row *r, type wants) {
    const char *type = type_text(c->p, wants);
    const node_row *of = r;
    while (of->op == NODE_gather || of->op == NODE_rename || of->op == NODE_expand)
        of = program_node(c->p, of->in[0]);
    if (of->op == NODE_variable) {
        const variable_row *v = program_variable(c->p, of->variable);
        const char *name = v->name;
        if (v->kind == VARIABLE_data)
            advise(c->d, told, "declare `data %s : %s`, which is then checked", name, type);
        else if (wants.support == SUPPORT_simplex)
            advise(c->d, told,
                   "give `%s` a distribution on the simplex, `%s ~ dirichlet(1)`, or write `softmax[…](%s)`",
                   name, variable_text(c->p, of->variable), name);
        else if (wants.support == SUPPORT_positive)
            advise(c->d, told,
                   "give `%s` a positive distribution, as `%s ~ half_normal(1)`, or narrow it: `%s : "
                   "positive ~ …`",
                   name, name, name);
        else if (wants.support == SUPPORT_unit)
            advise(c->d, told, "give `%s` a distribution on [0, 1], as beta(1, 1), or write `expit(%s)`",
                   name, name);
        else advise(c->d, told, "narrow it where it is drawn: `%s : %s ~ …`", name, type);
    } else if (is_infinite(r)) {
        advise(c->d, told, "write a finite number; without bounds `flat()` is uniform");
    } else {
        advise(c->d, told, "write a value that is %s", SUPPORTS[wants.support].about);
    }
}

/* The range of what is computed is a bound, so this may be a false alarm, which max(…) or exp(…) ends. */
static void warn_of_range(checker *c, const distribution *d, uint32_t i, type wants) {
    bool share = wants.support == SUPPORT_unit;
    diagnostic *told =
        warn(c->d, DIAGNOSTIC_scale, d->argument_at[i], "`%s` of `%s` must be %s; nothing shows that this is",
             d->definition->function.parameters[i].name, d->definition->function.name,
             share                               ? "from 0 to 1"
             : wants.support == SUPPORT_positive ? "positive"
                                                 : "at least 0");
    advise(c->d, told,
           share
               ? "write it as expit(…), or use a distribution of the logit; beyond the bounds the density is "
                 "undefined"
               : "make it of positive parts, or write it as exp(…) or softplus(…); where it is negative the "
                 "density is undefined");
}

/* What may well lie outside: below 0 where it must not, or anywhere where a share is asked for. A sum of
 * shares is left in peace. */
static bool is_doubtful(checker *c, const node_row *r, type wants) {
    range must = type_range(c->p, wants);
    if (wants.support == SUPPORT_unit) return r->range.lowest < 0;
    bool above = wants.support == SUPPORT_positive || wants.support == SUPPORT_interval;
    return above && must.lowest == 0 && r->range.lowest < 0;
}

static void check_argument(checker *c, distribution *d, uint32_t i) {
    const parameter *wants = &d->definition->function.parameters[i];
    if (!wants->type.name || is_axis_parameter(d->definition, wants->type.name)) return;
    type t = evaluate_type(c, d->home, &wants->type);
    const node_row *r = program_node(c->p, d->arguments[i]);
    range must = type_range(c->p, t);
    bool refuted = range_disjoint(r->range, must) || is_infinite(r);
    if (is_drawn(c->p, d->arguments[i])) must.open_below = must.open_above = false;
    if (SUPPORTS[t.support].event && !support_within(r->type.support, t.support) && r->op != NODE_number)
        refuted |= is_declared(c->p, d->arguments[i]) &&
                   !(t.support == SUPPORT_simplex && range_within(r->range, must));
    else refuted |= is_declared(c->p, d->arguments[i]) && !range_within(r->range, must);
    bool matrix = SUPPORTS[t.support].event == 2;
    refuted |= matrix && r->axes.count < 2;
    if (!refuted) {
        if (is_doubtful(c, r, t) && !c->now.in_call) warn_of_range(c, d, i, t);
        return;
    }
    d->failed |= matrix; /* nor is it clear which axes it would have */
    diagnostic *told =
        diagnose(c->d, DIAGNOSTIC_support, place(c, d->argument_at[i]), "`%s` of `%s` must be %s; this %s",
                 wants->name, d->definition->function.name, type_text(c->p, t),
                 SUPPORTS[r->type.support].event ? arena_print(c->arena, "is %s", type_text(c->p, r->type))
                                                 : range_text(c, r->range));
    advise_support(c, told, r, t);
}

/* The parameter that an argument is for: by name, or by place. */
static uint32_t parameter_of(const item *d, const entry *e, uint32_t place_in_list) {
    if (!e->name) return place_in_list;
    uint32_t i = 0;
    while (i < d->function.parameter_count && d->function.parameters[i].name != e->name) i++;
    return i;
}

/* What other systems have in the place of a scale. */
static const char *spread_note(name n) {
    static const struct {
        const char *word, *note;
    } NOTES[] = {
        {"var", "; a scale is the root of a variance, `scale = sqrt(v)`"},
        {"variance", "; a scale is the root of a variance, `scale = sqrt(v)`"},
        {"sigma2", "; a scale is the root of a variance, `scale = sqrt(v)`"},
        {"tau", "; a scale is one over the root of a precision, `scale = 1 / sqrt(t)`"},
        {"prec", "; a scale is one over the root of a precision, `scale = 1 / sqrt(t)`"},
        {"precision", "; a scale is one over the root of a precision, `scale = 1 / sqrt(t)`"},
        {"scale", "; a rate is one over a scale, `rate = 1 / s`"},
    };
    for (size_t i = 0; i < sizeof NOTES / sizeof *NOTES; i++)
        if (strcmp(NOTES[i].word, n) == 0) return NOTES[i].note;
    return "";
}

/* Whether a parameter has an entry for each category that is drawn from. */
static bool is_by_category(const item *definition, const parameter *p) {
    for (uint32_t k = 0; k < p->axes.count; k++)
        if (p->axes.at[k].value->name == definition->function.type.name) return true;
    return false;
}

value evaluate_distribution(checker *c, scope *s, const expression *e, const binding *b) {
    const item *definition = b->item;
    distribution *d = arena_new(c->arena, distribution);
    *d = (distribution){.definition = definition,
                        .home = b->home,
                        .at = e->at,
                        .count = definition->function.parameter_count};
    value result = {.kind = VALUE_distribution, .distribution = d};
    const char *statement = c->now.free_name;
    surroundings before = c->now;
    for (uint32_t i = 0; i < e->list.count; i++) {
        uint32_t to = parameter_of(definition, &e->list.at[i], i);
        if (e->list.at[i].name && to == d->count) {
            diagnostic *told =
                diagnose(c->d, DIAGNOSTIC_name, e->list.at[i].name_at, "`%s` has no parameter `%s`",
                         definition->function.name, e->list.at[i].name);
            advise(c->d, told, "write `%s`%s", signature(c, definition), spread_note(e->list.at[i].name));
            d->failed = true;
        }
        bool used = to < d->count && to < VALUES_MOST;
        if (used && before.free_allowed) {
            const parameter *p = &definition->function.parameters[to];
            c->now.free_type =
                is_axis_parameter(definition, p->type.name) ? (type){0} : evaluate_type(c, b->home, &p->type);
            c->now.free_axis = is_by_category(definition, p) ? before.categories : AXIS_NONE;
            c->now.free_name = arena_print(c->arena, "%s.%s", statement, p->name);
        }
        node argument = evaluate_node(c, s, e->list.at[i].value);
        d->failed |= !argument;
        if (used && d->argument_at[to].end) {
            diagnostic *told = diagnose(c->d, DIAGNOSTIC_duplicate, place(c, e->list.at[i].value->at),
                                        "`%s` is given twice", definition->function.parameters[to].name);
            advise(c->d, told, "write `%s`%s", signature(c, definition), spread_note(e->list.at[i].name));
            d->failed = true;
        }
        if (used) d->arguments[to] = argument, d->argument_at[to] = e->list.at[i].value->at;
    }
    c->now = before;
    if (e->list.count != d->count && !d->failed) {
        diagnostic *told =
            diagnose(c->d, DIAGNOSTIC_arity, place(c, e->at), "`%s` takes %u argument%s, here %s %u",
                     definition->function.name, d->count, d->count == 1 ? "" : "s",
                     e->list.count == 1 ? "is" : "are", e->list.count);
        advise(c->d, told, "write `%s`", signature(c, definition));
        d->failed = true;
    }
    for (uint32_t i = 0; i < d->count && !d->failed; i++) check_argument(c, d, i);
    return result;
}

/* ---- axis parameters ---- */

/* Axes of an argument that neither x nor an axis parameter accounts for, and that may be the axis parameter
 * `wanted`. */
static axis free_axis(checker *c, node argument, axes of_x, const axis_bindings *bound,
                      const type *declared) {
    axes rest = axes_minus(program_node(c->p, argument)->axes, of_x);
    for (uint32_t i = 0; i < bound->count; i++) rest = axes_without(rest, bound->at[i].at);
    axis found = rest.count == 1 ? rest.at[0] : AXIS_NONE;
    for (int i = 0; declared && declared->support == SUPPORT_index && i < rest.count; i++)
        if (program_axis(c->p, rest.at[i])->of == declared->index) found = rest.at[i];
    if (found == AXIS_NONE && !rest.count && declared && declared->support == SUPPORT_index)
        return declared->index;
    return found;
}

/* Axis parameters k and k' stand for an axis and an alias of it. */
static bool check_aliases(checker *c, const distribution *d, bool tell, const axis_bindings *bound) {
    for (uint32_t i = 0; i < bound->count; i++) {
        name n = bound->at[i].name;
        size_t stem = strlen(n) - primes_of(n);
        const axis_binding *base = n[stem] ? bound_axis_of(bound, names_add(c->p->names, n, stem)) : NULL;
        if (!base) continue;
        const axis_row *row = program_axis(c->p, base->at), *column = program_axis(c->p, bound->at[i].at);
        if (is_prime_of(c->p, bound->at[i].at, base->at)) continue;
        if (!tell) return false;
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_axes, place(c, d->at),
                                    "a matrix of `%s` has an axis and its alias; here are `%s` and `%s`",
                                    d->definition->function.name, row->name, column->name);
        advise(c->d, told, "write the matrix over `%s` and `%s'`", row->name, row->name);
        return false;
    }
    return true;
}

/* Binds the axis parameters; reports where it cannot be done and `told` is wanted. */
bool bind_axis_parameters(checker *c, const distribution *d, const axis *order, uint32_t count,
                          const type *declared, bool tell, axis_bindings *bound, axes *event) {
    const item *f = d->definition;
    const entries *events = &f->function.type.axes;
    *bound = (axis_bindings){0};
    *event = (axes){0};
    if (count < events->count) {
        if (!tell) return false;
        bool matrix = events->count > 1;
        diagnostic *told =
            diagnose(c->d, DIAGNOSTIC_axes, place(c, d->at), "`%s` draws %s, so the left side needs %s",
                     f->function.name, matrix ? "a matrix" : "a vector", matrix ? "two axes" : "an axis");
        advise(c->d, told, "write `x[%s] ~ %s`", matrix ? "axis, axis'" : "axis", signature(c, f));
        return false;
    }
    axes of_x = {0};
    for (uint32_t i = 0; i < count; i++) of_x = axes_with(of_x, order[i]);
    for (uint32_t i = 0; i < events->count && i < DIST_AXES_MOST; i++) {
        axis a = order[count - events->count + i];
        bound->at[bound->count++] = (axis_binding){events->at[i].value->name, a};
        *event = axes_with(*event, a);
    }
    for (uint32_t i = 0; i < d->count; i++) {
        const entries *own = &f->function.parameters[i].axes;
        for (uint32_t k = 0; k < own->count; k++) {
            name n = own->at[k].value->name;
            if (bound_axis_of(bound, n) || bound->count == DIST_AXES_MOST) continue;
            bool result = f->function.type.name == n;
            axis a = free_axis(c, d->arguments[i], of_x, bound, result ? declared : NULL);
            if (a == AXIS_NONE) {
                if (!tell) return false;
                axes rest = axes_minus(program_node(c->p, d->arguments[i])->axes, of_x);
                diagnostic *told = diagnose(
                    c->d, DIAGNOSTIC_axes, place(c, d->argument_at[i]),
                    rest.count ? "it is not clear which of the axes [%s] `%s` of `%s` runs over"
                               : "%s`%s` of `%s` must vary over an axis that the left side does not have",
                    rest.count ? axes_text(c->p, rest) : "", f->function.parameters[i].name,
                    f->function.name);
                advise(c->d, told,
                       "the left side names all axes of the argument but one, the one that is drawn from");
                return false;
            }
            bound->at[bound->count++] = (axis_binding){n, a};
        }
    }
    return check_aliases(c, d, tell, bound);
}

/* The first node of an argument, outermost call first, that brings in an axis it may not have, for a message
 * that points at it. */
const expression *culprit(checker *c, scope *s, const expression *e, axis a) {
    /* Evaluated before without a mistake, so that nothing is reported here. */
    const expression *parts[3] = {0};
    switch (e->kind) {
    case EXPRESSION_operation: parts[0] = e->left, parts[1] = e->right; break;
    case EXPRESSION_choice: parts[0] = e->condition, parts[1] = e->then, parts[2] = e->otherwise; break;
    default: return e;
    }
    for (int i = 0; i < 3; i++) {
        if (!parts[i]) continue;
        node n = evaluate_node(c, s, parts[i]);
        if (n && axes_has(program_node(c->p, n)->axes, a)) return culprit(c, s, parts[i], a);
    }
    return e;
}

bool check_argument_axes(checker *c, scope *s, const distribution *d, const expression *call, const target *t,
                         axes of_x, axis_bindings *bound) {
    const item *f = d->definition;
    bool good = true;
    for (uint32_t i = 0; i < d->count; i++) {
        axes may = of_x;
        const entries *own = &f->function.parameters[i].axes;
        for (uint32_t k = 0; k < own->count; k++) {
            const axis_binding *b = bound_axis_of(bound, own->at[k].value->name);
            if (b) may = axes_with(may, b->at);
        }
        axes extra = axes_minus(program_node(c->p, d->arguments[i])->axes, may);
        if (!extra.count) continue;
        const char *lacks = program_axis(c->p, extra.at[0])->name;
        const expression *e = NULL;
        for (uint32_t k = 0; call->kind == EXPRESSION_call && k < call->list.count; k++)
            if (parameter_of(f, &call->list.at[k], k) == i)
                e = culprit(c, s, call->list.at[k].value, extra.at[0]);
        const char *what = e && e->kind == EXPRESSION_name ? arena_print(c->arena, "`%s`", e->name) : "this";
        diagnostic *told =
            diagnose(c->d, DIAGNOSTIC_axes, place(c, e ? e->at : d->argument_at[i]),
                     "%s varies over `%s`, which the left side, `%s`, does not have", what, lacks, t->name);
        advise(c->d, told,
               "sum it out, `sum[%s](…)`, index it by a variable of type `%s`, or write `%s[%s%s] ~ …`",
               lacks, lacks, t->name, of_x.count ? arena_print(c->arena, "%s, ", axes_text(c->p, of_x)) : "",
               lacks);
        good = false;
    }
    return good;
}

/* ---- properties ---- */

const item *distribution_property(const distribution *d, name property) {
    const items *body = &d->definition->function.items;
    for (uint32_t i = 0; i < body->count; i++)
        if (body->at[i]->kind == ITEM_property && body->at[i]->function.name == property) return body->at[i];
    return NULL;
}

static scope *distribution_scope(checker *c, const distribution *d, const axis_bindings *bound) {
    scope *s = scope_new(c, d->home);
    for (uint32_t i = 0; i < bound->count; i++)
        scope_add(
            c, s,
            (binding){.name = bound->at[i].name, .kind = BINDING_axis, .axes = axes_one(bound->at[i].at)});
    for (uint32_t i = 0; i < d->count; i++) {
        axes own = {0};
        const entries *list = &d->definition->function.parameters[i].axes;
        for (uint32_t k = 0; k < list->count; k++) {
            const axis_binding *b = bound_axis_of(bound, list->at[k].value->name);
            if (b) own = axes_with(own, b->at);
        }
        node argument = make_expand(c, d->arguments[i], own, d->argument_at[i]);
        value v = value_of(argument);
        scope_add(
            c, s,
            (binding){.name = d->definition->function.parameters[i].name, .kind = BINDING_value, .value = v});
    }
    return s;
}

node property_at(checker *c, const distribution *d, const axis_bindings *bound, name property, node x) {
    const item *f = distribution_property(d, property);
    if (!f) return 0;
    scope *s = distribution_scope(c, d, bound);
    surroundings before = c->now;
    c->now.random_allowed |= property == c->word_sample;
    value argument = {.kind = VALUE_node, .count = 1, .nodes = {x}};
    if (!c->now.in_call) c->now.in_call = true, c->now.call = d->at;
    value v = call_function(c, f, s, NULL, 0, &argument, f->function.parameter_count, d->at);
    c->now = before;
    return v.kind == VALUE_node ? v.nodes[0] : 0;
}

value drawn_value(checker *c, value v) {
    bool draw = v.kind == VALUE_distribution && !v.distribution->count && c->now.random_allowed &&
                distribution_property(v.distribution, c->word_sample);
    if (!draw) return v;
    return value_of(property_at(c, v.distribution, &(axis_bindings){0}, c->word_sample, 0));
}

/* A log density that is asked at x: -inf outside of the support, whatever its formula says there. A
 * statement's x is known to lie inside. */
static node within_support(checker *c, type t, node x, node density) {
    range is = program_node(c->p, x)->range, must = type_range(c->p, t);
    bool fraction = must.whole && !is.whole;
    if (SUPPORTS[t.support].event || t.support == SUPPORT_index) return density;
    if (range_within(is, must) && !fraction && t.support != SUPPORT_interval) return density;
    span at = program_node(c->p, x)->at;
    node lower, upper, out = make_number(c, -INFINITY, at);
    support_bounds(c, t, at, &lower, &upper);
    if (upper)
        density = make(c, NODE_select, make(c, must.open_above ? NODE_lt : NODE_le, x, upper, 0, at), density,
                       out, at);
    if (lower)
        density = make(c, NODE_select, make(c, must.open_below ? NODE_lt : NODE_le, lower, x, 0, at), density,
                       out, at);
    node whole = fraction ? make(c, NODE_eq, x, make(c, NODE_floor, x, 0, 0, at), 0, at) : 0;
    return whole ? make(c, NODE_select, whole, density, out, at) : density;
}

node distribution_at(checker *c, const distribution *d, name property, node x, const axis *order,
                     uint32_t count) {
    axis_bindings bound;
    axes event;
    type declared = x ? program_node(c->p, x)->type : (type){0};
    if (d->failed || !bind_axis_parameters(c, d, order, count, &declared, true, &bound, &event)) return 0;
    node n = property_at(c, d, &bound, property, x);
    if (!n || property != c->word_log_density) return n;
    return within_support(c, drawn_type(c, d, &declared, &bound), x, n);
}

/* The support of what is drawn; the bounds of `interval(lower, upper)` are arguments, and `index` is an index
 * into the axis that the left side was declared with. */
type drawn_type(checker *c, const distribution *d, const type *declared, const axis_bindings *bound) {
    const item *f = d->definition;
    if (f->function.type.name && strcmp(f->function.type.name, SUPPORTS[SUPPORT_index].name) == 0) {
        bool known = declared && declared->support == SUPPORT_index;
        return (type){.support = SUPPORT_index, .index = known ? declared->index : AXIS_NONE};
    }
    const axis_binding *index = f->function.type.name ? bound_axis_of(bound, f->function.type.name) : NULL;
    if (index) return (type){.support = SUPPORT_index, .index = program_axis(c->p, index->at)->of};
    type t = evaluate_type(c, distribution_scope(c, d, bound), &f->function.type);
    if (SUPPORTS[t.support].event && bound->count) t.index = bound->at[f->function.type.axes.count - 1].at;
    return t;
}
