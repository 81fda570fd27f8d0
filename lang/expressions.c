/* What an expression means: a node, a distribution, or several nodes. An expression that failed says nothing
 * more. */
#include "lang/checker.h"

#include <math.h>

/* ---- how deep ---- */

/* Expressions inside each other, functions inlined, and what calls and definitions count for, which take more
 * of the stack: in all less than 4 MB of it. */
enum { DEEPEST = 4000 };

bool too_deep(checker *c, span at) {
    if (c->depth < DEEPEST) return false;
    diagnostic *told = diagnose(c->d, DIAGNOSTIC_cycle, place(c, at),
                                "functions or names need each other without end here, or too deeply");
    advise(c->d, told,
           "a `fn` is inlined where it is called, so it may not call itself; a recurrence is written by lags "
           "along an axis");
    return true;
}

/* ---- names ---- */

/* `first.W`: what a net has of its own; `p.loc`: an argument of the distribution that p is. */
static value evaluate_member(checker *c, scope *s, const expression *e, const char *dot) {
    name head = names_add(c->p->names, e->name, (size_t)(dot - e->name)),
         member = names_of(c->p->names, dot + 1);
    const binding *b = scope_find(s, head, false);
    if (b && b->kind == BINDING_definition) {
        b->definition->named = true;
        define(c, b->definition);
        value v = b->definition->results[b->part];
        if (v.kind == VALUE_net) return net_member(c, v.net, dot + 1, e->at);
        if (v.kind == VALUE_failed) return FAILED;
    }
    if (b && b->kind == BINDING_value && b->value.kind == VALUE_net)
        return net_member(c, b->value.net, dot + 1, e->at);
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

/* Whether a latent, whose statement is being checked, is asked for through something of which that statement
 * needs the lag. */
static bool is_broken_by_lag(const checker *c, const definition *f) {
    bool drawn = f->state == STATE_checking && f->item->kind == ITEM_draw && f->results[0].kind == VALUE_node;
    for (const definition *g = c->current; drawn && g && g != f; g = g->asked_by)
        if (g->asked_lagged) return true;
    return false;
}

value evaluate_name(checker *c, scope *s, const expression *e) {
    const binding *b = scope_find(s, e->name, false);
    axes index;
    if (!b) {
        const char *dot = strchr(e->name, '.');
        if (dot) return evaluate_member(c, s, e, dot);
        const binding *callable = scope_find(s, e->name, true);
        if (callable && callable->item->kind == ITEM_net && !callable->item->function.axis_count)
            return evaluate_net(c, s, e, callable);
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
    case BINDING_definition:
        b->definition->named = true;
        if (!is_broken_by_lag(c, b->definition)) define(c, b->definition);
        return b->definition->results[b->part];
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
    const target *t = left_of(f->item)->at;
    diagnostic *told = diagnose(c->d, DIAGNOSTIC_cycle, place(c, f->item->at), "`%s` depends on itself%s",
                                t->name, f->variables[0] == VARIABLE_NONE ? "" : cycle_text(c, f));
    const expression *along = t->axes.count == 1 ? t->axes.at[0].value : NULL;
    if (c->now.lagged && along && along->kind == EXPRESSION_name && !is_guarded(t))
        advise(
            c->d, told,
            "at its first entry there is no lag: write one statement for `[%s = 1]` and one for `[%s > 1]`",
            along->name, along->name);
    else
        advise(
            c->d, told,
            "a value may not need itself; a recurrence along an axis is written by its lag, `h[time - 1]`");
}

void define(checker *c, definition *f) {
    if (f->after && f->after->state == STATE_fresh) define(c, f->after);
    if (f->state == STATE_checked) return;
    if (f->group && !group_begun(f->group)) {
        check_group(c, f->group);
        return;
    }
    if (f->state == STATE_checking) {
        report_cycle(c, f);
        for (uint32_t i = 0; i < f->count; i++) f->results[i] = FAILED;
        f->state = STATE_checked;
        return;
    }
    surroundings before = c->now;
    f->state = STATE_checking;
    f->asked_by = c->current;
    f->asked_lagged = c->now.lagged;
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
    bool by_category = c->now.free_axis != AXIS_NONE && !axes_has(v.axes, c->now.free_axis);
    if (by_category && v.axes.count < AXES_MOST) {
        v.order[v.axes.count] = c->now.free_axis; /* the last, as a simplex has it */
        v.axes = axes_with(v.axes, c->now.free_axis);
    }
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

/* ---- expressions ---- */

/* A value at the entries of the statement it stands in. */
static value cut(checker *c, value v, span at) {
    return v.kind == VALUE_node ? value_of(within_part(c, v.nodes[0], at)) : v;
}

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
    value v = drawn_value(c, evaluate(c, s, e));
    if (v.kind == VALUE_node || v.kind == VALUE_failed) return v.nodes[0];
    if (v.kind == VALUE_net) {
        diagnostic *told =
            diagnose(c->d, DIAGNOSTIC_type, place(c, e->at), "this is a net, here stands a number");
        advise(c->d, told, "call it with its argument: `%s`", signature(c, net_definition(v.net)));
        return 0;
    }
    bool several = v.kind == VALUE_several;
    diagnostic *told = diagnose(c->d, several ? DIAGNOSTIC_arity : DIAGNOSTIC_type, place(c, e->at),
                                several ? "this has several results, here stands one number"
                                        : "this is a distribution, here stands a number");
    if (several) advise(c->d, told, "give each result a name first: `a, b = f(x)`");
    else if (e->kind == EXPRESSION_name)
        advise(c->d, told,
               "`%s = …` names it; `%s ~ …` draws from it, and `log_density(%s, x)` is its density", e->name,
               e->name, e->name);
    else
        advise(c->d, told,
               "draw from it by a statement, `x ~ …`, or ask for its density, `log_density(D, x)`");
    return 0;
}
