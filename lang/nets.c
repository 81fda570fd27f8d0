/* Nets: functions with parameters, or latents, of their own.
 *
 *     net bayes[in -> out](x) {
 *       W[in, out] ~ normal(0, 1 / sqrt(size(in)))
 *       return sum[in](W * x)
 *     }
 *
 * What a net declares exists once for each use, and a use is a place: `bayes[a -> b]`, read at a site, which
 * is the chain of calls that lead there. So an expression inside a function is another use for each call of
 * the function, and one inside a net for each use of that net. A name, `let first = bayes[a -> b]`, stands
 * for one use, which all its calls share.
 *
 * A use has a scope: its axes, its params and latents, and those of its names that do not depend on the
 * arguments. A call is a function inlined inside that scope. The scope is filled by the first call, in the
 * block where it stands: in the model params and latents are the model's, a param that only the guide uses is
 * one of the guide. */
#include "lang/checker.h"

struct net {
    const binding *binding; /* of its definition */
    const item *definition;
    const site *site;
    name called, label;       /* by `let`, or NULL; the last word of its path, once that is settled */
    axes axes[AXES_MOST];     /* by axis parameter */
    scope *scope;             /* NULL before the first call */
    vector(definition *) own; /* params and latents */
    block_kind block;
    bool failed;
};

const item *net_definition(const net *n) { return n->definition; }

/* ---- sites ---- */

static uint32_t *site_slot(const checker *c, const expression *at, const site *outer) {
    const void *const key[2] = {at, outer};
    uint32_t mask = c->site_table_size - 1, i = (uint32_t)hash_bytes(key, sizeof key, 0) & mask;
    for (; c->site_table[i]; i = (i + 1) & mask) {
        const site *s = c->sites.at[c->site_table[i] - 1];
        if (s->at == at && s->outer == outer) break;
    }
    return &c->site_table[i];
}

static site *site_find(checker *c, const expression *at) {
    if (2 * (c->sites.count + 1) > c->site_table_size) {
        c->site_table_size = c->site_table_size ? c->site_table_size * 2 : 64;
        c->site_table = arena_array(c->arena, uint32_t, c->site_table_size);
        for (uint32_t i = 0; i < c->sites.count; i++)
            *site_slot(c, c->sites.at[i]->at, c->sites.at[i]->outer) = i + 1;
    }
    uint32_t *slot = site_slot(c, at, c->now.site);
    if (!*slot) {
        site *s = arena_new(c->arena, site);
        *s = (site){.at = at, .outer = c->now.site};
        push(c->arena, &c->sites, s);
        *slot = c->sites.count;
    }
    return c->sites.at[*slot - 1];
}

const site *site_at(checker *c, const expression *call) { return site_find(c, call); }

/* ---- uses ---- */

/* Binds the names of one side of the arrow; a single name takes all axes of its side. */
static bool bind_side(checker *c, net *n, uint32_t first, uint32_t wants, const axes *given, uint32_t has,
                      span at, const char *where) {
    for (uint32_t i = 0; i < has; i++) {
        uint32_t to = first + (wants == 1 ? 0 : i);
        if (wants == has || wants == 1) n->axes[to] = axes_union(n->axes[to], given[i]);
    }
    if (wants == has || (wants == 1 && has)) return true;
    diagnostic *told = diagnose(c->d, DIAGNOSTIC_arity, place(c, at), "`%s` takes %u ax%s%s, here %s %u",
                                n->definition->function.name, wants, wants == 1 ? "is" : "es", where,
                                has == 1 ? "is" : "are", has);
    advise(c->d, told, "write `%s`", signature(c, n->definition));
    return false;
}

static bool bind_axes(checker *c, scope *s, net *n, const expression *e) {
    const item *f = n->definition;
    uint32_t wants = f->function.axis_count;
    if (e->kind != EXPRESSION_select) {
        if (!wants) return true;
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_axes, place(c, e->at),
                                    "`%s` does not say between which axes", f->function.name);
        advise(c->d, told, "name them: `%s`", signature(c, f));
        return false;
    }
    const entries *list = &e->list;
    if (wants && list->has_arrow != f->function.has_arrow) {
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_axes, place(c, list->span),
                                    f->function.has_arrow ? "the axes of `%s` have an arrow between them"
                                                          : "the axes of `%s` have no arrow",
                                    f->function.name);
        advise(c->d, told, "write `%s`", signature(c, f));
        return false;
    }
    axes all, each[AXES_MOST] = {{0}};
    if (!evaluate_axes(c, s, list, &all, NULL)) return false;
    for (uint32_t i = 0; i < list->count && i < AXES_MOST; i++) {
        entries one = {&list->at[i], 1, 1, false, list->span};
        evaluate_axes(c, s, &one, &each[i], NULL);
    }
    uint32_t arrow = f->function.arrow, given = list->arrow;
    if (!f->function.has_arrow) return bind_side(c, n, 0, wants, each, list->count, list->span, "");
    return bind_side(c, n, 0, arrow, each, given, list->span, " before the arrow") &&
           bind_side(c, n, arrow, wants - arrow, each + given, list->count - given, list->span,
                     " behind the arrow");
}

static bool is_inside_itself(checker *c, const item *f, span at) {
    const site *s = c->now.site;
    while (s && !(s->net && s->net->definition == f)) s = s->outer;
    if (!s) return false;
    diagnostic *told =
        diagnose(c->d, DIAGNOSTIC_cycle, place(c, at), "the net `%s` uses itself", f->function.name);
    advise(c->d, told, "write each layer as a use of its own, or repeat a step along an axis by a lag");
    return true;
}

value evaluate_net(checker *c, scope *s, const expression *e, const binding *b) {
    if (b->broken) return FAILED;
    site *at = site_find(c, e);
    if (!at->net) {
        net *n = arena_new(c->arena, net);
        *n = (net){.binding = b, .definition = b->item, .site = at};
        at->net = n;
        n->failed = is_inside_itself(c, b->item, e->at) || !bind_axes(c, s, n, e);
    }
    return at->net->failed ? FAILED : (value){.kind = VALUE_net, .count = 1, .net = at->net};
}

void net_give_name(net *n, name as) {
    if (!n->called) n->called = as;
}

/* ---- what a use has of its own ---- */

static bool names_one_of(const expression *e, const item *f, const bool *varies) {
    for (uint32_t i = 0; i < f->function.parameter_count; i++)
        if (names_itself(e, f->function.parameters[i].name)) return true;
    for (uint32_t i = 0; i < f->function.items.count; i++) {
        const item *it = f->function.items.at[i];
        for (uint32_t k = 0; varies[i] && k < it->value.targets.count; k++)
            if (names_itself(e, it->value.targets.at[k].name)) return true;
    }
    return false;
}

/* Which of the names that the net computes vary from call to call. */
static bool *find_varying(checker *c, const item *f) {
    const items *body = &f->function.items;
    bool *varies = arena_array(c->arena, bool, body->count + 1);
    for (bool more = true; more;) {
        more = false;
        for (uint32_t i = 0; i < body->count; i++) {
            const item *it = body->at[i];
            if ((it->kind != ITEM_define && it->kind != ITEM_let) || varies[i]) continue;
            more |= varies[i] = names_one_of(it->value.value, f, varies);
        }
    }
    return varies;
}

/* The net's own: one for all calls. */
static bool is_own(const item *it) { return it->kind == ITEM_param || it->kind == ITEM_draw; }

static bool check_constant(checker *c, const item *f, const item *it, const bool *varies) {
    const expression *parts[3] = {0};
    if (it->kind == ITEM_param) parts[0] = it->value.value;
    else if (it->kind == ITEM_factor) parts[0] = it->result.values[0];
    else parts[0] = it->draw.distribution, parts[1] = it->draw.lower, parts[2] = it->draw.upper;
    for (int i = 0; i < 3; i++) {
        if (!parts[i] || !names_one_of(parts[i], f, varies)) continue;
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_type, place(c, parts[i]->at),
                                    "this is one for all calls of the net, and cannot depend on an argument");
        advise(
            c->d, told,
            "what depends on the argument is computed, `name = e`; what is drawn for each row stands in the "
            "model");
        return false;
    }
    return true;
}

/* Whether the net may declare this; what can only be seen here, the rest is told by its definition's check.
 */
static bool check_own(checker *c, const net *n, const item *it) {
    const target *t = it->kind == ITEM_draw ? &it->draw.targets.at[0] : &it->value.targets.at[0];
    const item *f = n->definition;
    for (uint32_t i = 0; i < f->function.parameter_count; i++)
        if (f->function.parameters[i].name == t->name) {
            diagnostic *told = diagnose(c->d, DIAGNOSTIC_duplicate, place(c, t->name_at),
                                        "`%s` is an argument of the net already", t->name);
            advise(c->d, told, "choose another name for one of them");
            return false;
        }
    if (it->kind == ITEM_draw && it->draw.targets.count != 1) {
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_syntax, place(c, it->draw.targets.at[1].at),
                                    "a statement of a net draws one name");
        advise(c->d, told, "write a statement for each; joint families stand in the guide");
        return false;
    }
    if (it->kind == ITEM_draw && is_guarded(t)) {
        push(c->arena, &c->unsupported,
             (unsupported){place(c, it->at), "a statement of a net for a part of an axis"});
        return false;
    }
    return true;
}

/* `let first = bayes[in -> out]`: how a use is named. */
static const char *naming_text(checker *c, const item *f) {
    const char *like = signature(c, f), *open = strchr(like, '(');
    return arena_print(c->arena, "let first = %.*s", (int)(open - like), like);
}

/* Whether what the net has of its own can be fitted in this block. */
static bool check_block(checker *c, const net *n, span at) {
    const items *body = &n->definition->function.items;
    const char *drawn = NULL, *fitted = NULL;
    for (uint32_t i = 0; i < body->count; i++) {
        const item *it = body->at[i];
        if (it->kind == ITEM_draw) drawn = it->draw.targets.at[0].name;
        if (is_own(it)) fitted = it->kind == ITEM_draw ? drawn : it->value.targets.at[0].name;
        if (it->kind == ITEM_factor) drawn = "a factor";
    }
    const char *f = n->definition->function.name;
    if (c->block == BLOCK_guide && drawn) {
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_guide, place(c, at),
                                    "the net `%s` draws latents, of which the model has none here", f);
        advise(c->d, told, "use in the guide what the model uses, by a name: `%s` at top level",
               naming_text(c, n->definition));
        return false;
    }
    if (c->block != BLOCK_generate || !fitted) return true;
    diagnostic *told = diagnose(c->d, DIAGNOSTIC_type, place(c, at),
                                "nothing fits this use of the net `%s`, which has parameters of its own", f);
    advise(c->d, told, "use one of the model, by a name: `%s` at top level", naming_text(c, n->definition));
    return false;
}

/* The use, or uses, of nets around a site. */
static const net *net_around(const site *s) {
    for (s = s->outer; s; s = s->outer)
        if (s->net) return s->net;
    return NULL;
}

/* `reverse.first`: how the use is called in results. */
static const char *path_of(checker *c, const net *n) {
    name label = n->label ? n->label : n->called ? n->called : n->definition->function.name;
    const net *around = net_around(n->site);
    return around ? arena_print(c->arena, "%s.%s", path_of(c, around), label) : label;
}

static void name_variable(checker *c, const net *n, variable v, name own) {
    c->p->variables.at[v].name = names_of(c->p->names, arena_print(c->arena, "%s.%s", path_of(c, n), own));
}

static const targets *own_targets(const item *it) {
    return it->kind == ITEM_draw ? &it->draw.targets : &it->value.targets;
}

static void declare_own(checker *c, net *n, const item *it, surroundings now) {
    variable_kind kind = it->kind == ITEM_draw     ? VARIABLE_latent
                         : c->block == BLOCK_guide ? VARIABLE_free
                                                   : VARIABLE_param;
    definition *f = declare_names(c, n->scope, it, own_targets(it), kind);
    f->now = now;
    variable v = f->variables[0];
    c->p->variables.at[v].at = place(c, c->p->variables.at[v].at);
    c->p->variables.at[v].of_net = true;
    name_variable(c, n, v, own_targets(it)->at[0].name);
    push(c->arena, &n->own, f);
}

/* A name that the net computes once for all calls. */
static void declare_constant(checker *c, net *n, const item *it, surroundings now) {
    definition *f = arena_new(c->arena, definition);
    *f = (definition){.item = it, .scope = n->scope, .now = now};
    for (uint32_t k = 0; k < it->value.targets.count && k < VALUES_MOST; k++, f->count++) {
        const target *t = &it->value.targets.at[k];
        f->variables[k] = VARIABLE_NONE;
        scope_add(
            c, n->scope,
            (binding){
                .name = t->name, .kind = BINDING_definition, .at = t->name_at, .definition = f, .part = k});
    }
}

static void fill_scope(checker *c, net *n) {
    const item *f = n->definition;
    const bool *varies = find_varying(c, f);
    for (uint32_t i = 0; i < f->function.axis_count; i++)
        scope_add(c, n->scope,
                  (binding){.name = f->function.axes[i].name, .kind = BINDING_axis, .axes = n->axes[i]});
    for (uint32_t i = 0; i < f->function.items.count; i++) {
        const item *it = f->function.items.at[i];
        bool computed = it->kind == ITEM_define || it->kind == ITEM_let;
        if (is_own(it) && check_own(c, n, it) && check_constant(c, f, it, varies))
            declare_own(c, n, it, c->now);
        if (computed && !varies[i]) declare_constant(c, n, it, c->now);
    }
    for (uint32_t i = 0; i < n->own.count; i++) define(c, n->own.at[i]);
    for (uint32_t i = 0; i < f->function.items.count; i++) {
        const item *it = f->function.items.at[i];
        if (it->kind != ITEM_factor || !check_constant(c, f, it, varies)) continue;
        node x = evaluate_node(c, n->scope, it->result.values[0]);
        if (x) push(c->arena, &c->p->factors, x);
    }
}

/* Makes what the use has of its own, at its first call, which is at `at`. */
static bool net_open(checker *c, net *n, span at) {
    if (n->failed || n->scope) return !n->failed;
    n->scope = scope_new(c, n->binding->home);
    n->block = c->block;
    if (!check_block(c, n, at)) {
        n->failed = true;
        return false;
    }
    surroundings before = c->now;
    uint32_t errors = c->d->errors;
    bool library = c->d->sources.at[n->definition->at.source].library;
    c->now = (surroundings){.site = n->site, .in_call = before.in_call || library, .call = before.call};
    if (!before.in_call && library) c->now.call = at;
    push(c->arena, &c->nets, n);
    c->depth += CALL_DEPTH;
    fill_scope(c, n);
    c->depth -= CALL_DEPTH;
    c->now = before;
    n->failed = c->d->errors != errors;
    return !n->failed;
}

/* ---- calls ---- */

static bool has_input(checker *c, axis a, const value *arguments, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        if (arguments[i].kind != VALUE_node || axes_has(program_node(c->p, arguments[i].nodes[0])->axes, a))
            return true;
    return false;
}

/* Every axis before the arrow is one of an argument. */
static bool check_inputs(checker *c, const net *n, const value *arguments, uint32_t count,
                         const expression *call) {
    const item *f = n->definition;
    for (uint32_t i = 0; f->function.has_arrow && count && i < f->function.arrow; i++)
        for (int k = 0; k < n->axes[i].count; k++) {
            axis a = n->axes[i].at[k];
            if (has_input(c, a, arguments, count)) continue;
            axes have = program_node(c->p, arguments[0].nodes[0])->axes;
            const expression *e = call->list.at[0].value;
            diagnostic *told = diagnose(
                c->d, DIAGNOSTIC_axes, place(c, e->at), "%s does not vary over `%s`, which `%s` takes in",
                e->kind == EXPRESSION_name ? arena_print(c->arena, "`%s`", e->name) : "this",
                program_axis(c->p, a)->name, f->function.name);
            if (have.count)
                advise(c->d, told, "its axes are [%s]; before the arrow stand those that the net takes in",
                       axes_text(c->p, have));
            else advise(c->d, told, "it is a single number, and the net takes a value with axes");
            return false;
        }
    return true;
}

value net_call(checker *c, net *n, const value *arguments, uint32_t count, const expression *call) {
    if (!net_open(c, n, call->at)) return FAILED;
    if (count == n->definition->function.parameter_count && !check_inputs(c, n, arguments, count, call))
        return FAILED;
    const site *before = c->now.site;
    c->now.site = n->site;
    value result = inline_body(c, n->definition, scope_new(c, n->scope), arguments, count, call->at);
    c->now.site = before;
    return result;
}

value net_member(checker *c, net *n, const char *path, span at) {
    if (!net_open(c, n, at)) return FAILED;
    const char *dot = strchr(path, '.');
    name own = names_add(c->p->names, path, dot ? (size_t)(dot - path) : strlen(path));
    const binding *b = scope_here(n->scope, own, false);
    if (!b || b->kind != BINDING_definition) {
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_name, place(c, at),
                                    "the net `%s` has no `%s` of its own", n->definition->function.name, own);
        nearest near = {.of = own};
        for (uint32_t i = 0; i < n->scope->bindings.count; i++)
            if (n->scope->bindings.at[i]->kind == BINDING_definition)
                nearest_try(&near, n->scope->bindings.at[i]->name);
        if (near.best) advise(c->d, told, "did you mean `%s`?", near.best);
        else
            advise(c->d, told,
                   "a point leads to its params, to what it draws, and to its nets that have a name");
        return FAILED;
    }
    define(c, b->definition);
    value v = b->definition->results[b->part];
    if (!dot || v.kind == VALUE_failed) return v;
    if (v.kind == VALUE_net) return net_member(c, v.net, dot + 1, at);
    diagnostic *told =
        diagnose(c->d, DIAGNOSTIC_name, place(c, at), "`%s` is no net, so nothing is behind its point", own);
    advise(c->d, told, "leave out `%s`", dot);
    return FAILED;
}

/* ---- names of results ---- */

static uint32_t depth_of(const site *s) { return s ? 1 + depth_of(s->outer) : 0; }

/* Whether a stands before b in the text, calls from the outermost one. */
static bool stands_before(const site *a, const site *b) {
    uint32_t deep_a = depth_of(a), deep_b = depth_of(b);
    const site *x = a, *y = b;
    for (; deep_a > deep_b; deep_a--) x = x->outer;
    for (; deep_b > deep_a; deep_b--) y = y->outer;
    if (x == y) return depth_of(a) < depth_of(b);
    while (x->outer != y->outer) x = x->outer, y = y->outer;
    if (x->at->at.source != y->at->at.source) return x->at->at.source < y->at->at.source;
    return x->at->at.start < y->at->at.start;
}

static bool is_label_taken(checker *c, const net *of, name label) {
    for (uint32_t i = 0; i < c->nets.count; i++)
        if (c->nets.at[i]->label == label && net_around(c->nets.at[i]->site) == net_around(of->site))
            return true;
    return false;
}

/* The name that `let` gave, else the net's with a number: `dense1`, `dense2` in the order of the text. */
static void settle_label(checker *c, net *n, bool named) {
    if (n->label || named != (n->called != NULL)) return;
    name label = n->called;
    for (uint32_t i = 1; !label || is_label_taken(c, n, label); i++)
        label = names_of(c->p->names,
                         arena_print(c->arena, "%s%u", named ? n->called : n->definition->function.name, i));
    n->label = label;
}

void net_settle_names(checker *c) {
    for (uint32_t i = 1; i < c->nets.count; i++) {
        net *n = c->nets.at[i];
        uint32_t k = i;
        for (; k > 0 && stands_before(n->site, c->nets.at[k - 1]->site); k--)
            c->nets.at[k] = c->nets.at[k - 1];
        c->nets.at[k] = n;
    }
    for (int named = 1; named >= 0; named--)
        for (uint32_t i = 0; i < c->nets.count; i++) settle_label(c, c->nets.at[i], named);
    for (uint32_t i = 0; i < c->nets.count; i++) {
        const net *n = c->nets.at[i];
        for (uint32_t k = 0; n->block == c->block && k < n->own.count; k++) {
            variable v = n->own.at[k]->variables[0];
            name_variable(c, n, v, own_targets(n->own.at[k]->item)->at[0].name);
            if (c->block == BLOCK_model && program_variable(c->p, v)->self)
                push(c->arena, &c->p->reported, v);
        }
    }
}
