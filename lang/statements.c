/* From the items of a text to a program: first every name is declared, then every definition is checked in the order of the text,
 * those that it needs before it. The guide is held against the model last. */
#include "lang/checker.h"

#include <math.h>

/* ---- declaring ---- */

static bool taken(checker *c, scope *s, name n, span at, bool callable) {
    const binding *b = scope_here(s, n, callable);
    if (!b) return false;
    diagnostic *told = diagnose(c->d, DIAGNOSTIC_duplicate, at, "`%s` is already declared", n);
    uint32_t line = 0, column = 0;
    if (b->at.source != SOURCE_NONE && c->d->sources.count) source_place(&c->d->sources.at[b->at.source], b->at.start, &line, &column);
    advise(c->d, told, line ? "it is declared in line %u; choose another name or remove one" : "choose another name", line);
    return true;
}

static variable add_variable(checker *c, variable_kind kind, const target *t) {
    push(c->arena, &c->p->variables, (variable_row){.name = t->name, .kind = kind, .at = t->name_at});
    return c->p->variables.count - 1;
}

/* Binds the names on the left of an item, to be checked when first used. */
static definition *declare_names(checker *c, scope *s, const item *it, const targets *names, variable_kind kind) {
    definition *f = arena_new(c->arena, definition);
    *f = (definition){.item = it, .scope = s};
    for (uint32_t i = 0; i < names->count && i < VALUES_MOST; i++, f->count++) {
        const target *t = &names->at[i];
        f->variables[i] = add_variable(c, kind, t);
        if (guarded(c, t) && scope_here(s, t->name, false)) continue;
        if (!taken(c, s, t->name, t->name_at, false))
            scope_add(c, s, (binding){.name = t->name, .kind = BINDING_definition, .at = t->name_at, .definition = f, .part = i});
    }
    if (names->count > VALUES_MOST) {
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_arity, it->at, "more than %d names on the left", VALUES_MOST);
        advise(c->d, told, "split the statement");
    }
    return f;
}

static void declare_axis(checker *c, const item *it) {
    if (taken(c, c->top, it->axis.name, it->axis.name_at, false)) return;
    axis a = (axis)c->p->axes.count;
    if (a == AXIS_NONE - 1) return;
    axis_row row = {.name = it->axis.name, .at = it->axis.name_at, .of = a, .labels = it->axis.labels, .label_count = it->axis.label_count,
                    .file = it->axis.from, .key = it->axis.key, .file_at = it->axis.from_at};
    row.source = it->axis.size ? AXIS_fixed : it->axis.labels ? AXIS_labelled : it->axis.from ? AXIS_from_table : AXIS_from_data;
    push(c->arena, &c->p->axes, row);
    scope_add(c, c->top, (binding){.name = row.name, .kind = BINDING_axis, .at = row.at, .axes = axes_one(a)});
    for (uint32_t i = 0; i < row.label_count; i++)
        for (uint32_t k = 0; k < i; k++)
            if (row.labels[i] == row.labels[k]) {
                diagnostic *told = diagnose(c->d, DIAGNOSTIC_duplicate, row.at, "`%s` has the label `%s` twice", row.name, row.labels[i]);
                advise(c->d, told, "each entry has a label of its own");
            }
}

/* Whether all parameters are distributions, so that a function may stand beside others of its name. */
static bool is_overload(const item *f) {
    for (uint32_t i = 0; i < f->function.parameter_count; i++)
        if (!f->function.parameters[i].type.name) return false;
    return f->kind == ITEM_fn && f->function.parameter_count;
}

static void declare_callable(checker *c, scope *s, const item *it) {
    binding *first = scope_here(s, it->function.name, true);
    if (first && !(is_overload(it) && is_overload(first->item))) {
        taken(c, s, it->function.name, it->function.name_at, true);
        return;
    }
    binding b = {.name = it->function.name, .kind = BINDING_callable, .at = it->function.name_at, .item = it, .home = s};
    if (!first) {
        scope_add(c, s, b);
        return;
    }
    while (first->next) first = first->next;
    first->next = arena_new(c->arena, binding);
    *first->next = b;
}

typedef vector(definition *) definition_list;

/* A file's items by what they are for. */
typedef struct outline {
    definition_list top;
    const item *blocks[3];
    vector(const item *) fits;
} outline;

static void declare_items(checker *c, const items *list, outline *o);

static void declare_import(checker *c, const item *it, outline *o) {
    const char *own = c->d->sources.at[it->at.source].name, *slash = strrchr(own, '/');
    const char *path = it->file.path;
    if (slash && path[0] != '/') path = arena_print(c->arena, "%.*s/%s", (int)(slash - own), own, path);
    name known = names_of(c->p->names, path);
    for (uint32_t i = 0; i < c->imported.count; i++)
        if (c->imported.at[i] == known) return;
    push(c->arena, &c->imported, known);
    size_t length = 0;
    const char *why = "this program was given without a folder to look in";
    const char *text = c->reader ? c->reader->read(c->reader->user, c->arena, path, &length, &why) : NULL;
    if (!text) {
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_import, it->file.path_at, "`%s` cannot be read: %s", it->file.path, why);
        advise(c->d, told, "paths start at the folder of the file that imports");
        return;
    }
    uint32_t errors = c->d->errors;
    syntax tree = syntax_parse(c->d, c->p->names, diagnostics_source(c->d, path, text, length, false));
    if (c->d->errors == errors) declare_items(c, &tree.items, o);
}

static void declare_block(checker *c, const item *it, outline *o) {
    static const char *const WORDS[] = {"model", "guide", "generate"};
    const item **held = &o->blocks[it->block.block];
    if (!*held) {
        *held = it;
        return;
    }
    span word = {it->at.source, it->at.start, it->at.start + (uint32_t)strlen(WORDS[it->block.block])};
    diagnostic *told = diagnose(c->d, DIAGNOSTIC_duplicate, word, "there is already a `%s` block", WORDS[it->block.block]);
    advise(c->d, told, "put all its statements into one block");
}

static void declare_items(checker *c, const items *list, outline *o) {
    for (uint32_t i = 0; i < list->count; i++) {
        const item *it = list->at[i];
        switch (it->kind) {
        case ITEM_axis: declare_axis(c, it); break;
        case ITEM_source: push(c->arena, &c->p->files, (data_file){it->file.path, it->file.path_at}); break;
        case ITEM_data: push(c->arena, &o->top, declare_names(c, c->top, it, &it->value.targets, VARIABLE_data)); break;
        case ITEM_param: push(c->arena, &o->top, declare_names(c, c->top, it, &it->value.targets, VARIABLE_param)); break;
        case ITEM_let:
        case ITEM_define: push(c->arena, &o->top, declare_names(c, c->top, it, &it->value.targets, VARIABLE_let)); break;
        case ITEM_fn:
        case ITEM_net:
        case ITEM_dist: declare_callable(c, c->top, it); break;
        case ITEM_block: declare_block(c, it, o); break;
        case ITEM_fit: push(c->arena, &o->fits, it); break;
        case ITEM_import: declare_import(c, it, o); break;
        case ITEM_draw:
        case ITEM_factor: {
            diagnostic *told = diagnose(c->d, DIAGNOSTIC_syntax, it->at, "this statement belongs into the model");
            advise(c->d, told, "put it inside `model { … }`");
            break;
        }
        default: break;
        }
    }
}

/* ---- definitions ---- */

static void set_axes(checker *c, variable v, axes s, const axis *order) {
    variable_row *row = &c->p->variables.at[v];
    row->axes = s;
    memcpy(row->order, order, sizeof row->order);
}

static void finish(checker *c, definition *f, uint32_t part) {
    variable v = f->variables[part];
    node self = make_variable(c, v, program_variable(c->p, v)->at);
    c->p->variables.at[v].self = self;
    f->results[part] = (value){VALUE_node, 1, {self}, NULL};
}

/* What a value must be where its name was given a type. */
static bool check_declared_type(checker *c, node n, type t, const target *target) {
    const node_row *r = program_node(c->p, n);
    range must = type_range(c->p, t);
    if (!range_disjoint(r->range, must)) return true;
    diagnostic *told = diagnose(c->d, DIAGNOSTIC_support, r->at, "`%s` is declared %s, but this never is", target->name, type_text(c->p, t));
    advise(c->d, told, "change the type or the value");
    return false;
}

/* data x[a] : T = e and param x[a] : T = e. */
static void check_given(checker *c, definition *f, bool data) {
    const target *t = &f->item->value.targets.at[0];
    variable v = f->variables[0];
    axes s;
    axis order[AXES_MOST] = {0};
    if (!evaluate_axes(c, f->scope, &t->axes, &s, order)) return;
    uint32_t errors = c->d->errors;
    type held = evaluate_type(c, f->scope, &t->type);
    if (c->d->errors != errors) return;
    if (held.may_be_missing) push(c->arena, &c->unsupported, (unsupported){t->type.at, "data with missing entries"});
    if (SUPPORTS[held.support].event > s.count) {
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_axes, t->at, "`%s` is %s, so it needs an axis", t->name, SUPPORTS[held.support].about);
        advise(c->d, told, "write `%s[axis] : %s`", t->name, SUPPORTS[held.support].name);
        return;
    }
    if (SUPPORTS[held.support].event) held.index = order[s.count - 1];
    set_axes(c, v, s, order);
    c->p->variables.at[v].type = held;
    c->p->variables.at[v].from_zero = f->item->value.from_zero;
    c->p->variables.at[v].stochastic = !data;
    finish(c, f, 0);
    if (!f->item->value.value) return;
    value start = evaluate(c, f->scope, f->item->value.value);
    if (start.kind == VALUE_distribution && !data) {
        push(c->arena, &c->unsupported, (unsupported){f->item->value.value->at, "a start value that is drawn"});
        return;
    }
    if (start.kind != VALUE_node) return;
    node n = start.nodes[0];
    if (!check_declared_type(c, n, held, t)) return;
    axes extra = axes_minus(program_node(c->p, n)->axes, s);
    if (extra.count) {
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_axes, f->item->value.value->at, "this varies over `%s`, which `%s` does not",
                                    program_axis(c->p, extra.at[0])->name, t->name);
        advise(c->d, told, "declare `%s` with that axis, or sum it out", t->name);
        return;
    }
    node whole = make_expand(c, n, s, f->item->value.value->at);
    c->p->variables.at[v].value = whole;
}

/* x[axes] : T = part of a value: a let, a name of the model, the guide or generate. */
static void check_part(checker *c, definition *f, uint32_t part, node n) {
    const target *t = &f->item->value.targets.at[part];
    variable v = f->variables[part];
    axes s = program_node(c->p, n)->axes;
    axis order[AXES_MOST];
    memcpy(order, s.at, sizeof order);
    if (t->axes.count) {
        axes written;
        axis as[AXES_MOST] = {0};
        if (!evaluate_axes(c, f->scope, &t->axes, &written, as)) return;
        axes extra = axes_minus(s, written);
        if (extra.count) {
            diagnostic *told = diagnose(c->d, DIAGNOSTIC_axes, f->item->value.value->at, "this varies over `%s`, which `%s` does not have",
                                        program_axis(c->p, extra.at[0])->name, t->name);
            advise(c->d, told, "write it among the axes of `%s`, or sum it out: `sum[%s](…)`", t->name, program_axis(c->p, extra.at[0])->name);
            return;
        }
        s = written;
        memcpy(order, as, sizeof order);
        n = make_expand(c, n, s, f->item->at);
    }
    uint32_t errors = c->d->errors;
    type held = t->type.name ? evaluate_type(c, f->scope, &t->type) : program_node(c->p, n)->type;
    if (c->d->errors != errors || !n || (t->type.name && !check_declared_type(c, n, held, t))) return;
    if (t->type.name && SUPPORTS[held.support].event && s.count) held.index = order[s.count - 1];
    set_axes(c, v, s, order);
    variable_row *row = &c->p->variables.at[v];
    row->type = held;
    row->value = n;
    row->stochastic = program_node(c->p, n)->stochastic;
    finish(c, f, part);
}

static void check_value(checker *c, definition *f) {
    const targets *names = &f->item->value.targets;
    for (uint32_t i = 0; i < names->count; i++)
        if (guarded(c, &names->at[i])) return;
    value v = evaluate(c, f->scope, f->item->value.value);
    if (v.kind == VALUE_failed) return;
    bool inside = f->variables[0] == VARIABLE_NONE;
    if (v.kind == VALUE_distribution) {
        f->results[0] = v;
        return;
    }
    uint32_t has = v.kind == VALUE_several ? v.count : 1;
    if (has != names->count) {
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_arity, place(c, f->item->at), "%u name%s on the left, but %u value%s on the right", names->count,
                                    names->count == 1 ? "" : "s", has, has == 1 ? "" : "s");
        advise(c->d, told, "give each value one name: `a, b = f(x)`");
        return;
    }
    for (uint32_t i = 0; i < has && i < f->count; i++) {
        if (!v.nodes[i]) continue;
        if (inside)
            f->results[i] = (value){VALUE_node, 1, {v.nodes[i]}, NULL};
        else
            check_part(c, f, i, v.nodes[i]);
    }
}

void check_definition(checker *c, definition *f) {
    switch (f->item->kind) {
    case ITEM_data: check_given(c, f, true); break;
    case ITEM_param: check_given(c, f, false); break;
    case ITEM_draw: check_draw(c, f, f->scope == c->guide ? BLOCK_guide : f->scope == c->generate ? BLOCK_generate : BLOCK_model); break;
    default: check_value(c, f); break;
    }
}

/* ---- blocks ---- */

static definition *declare_observed(checker *c, const item *it, variable v) {
    definition *f = arena_new(c->arena, definition);
    *f = (definition){.item = it, .scope = c->model, .count = 1, .variables = {v}};
    return f;
}

/* What a name at top level is, for a statement that draws it: data or a value of data alone. */
static const binding *given_named(checker *c, name n) {
    const binding *b = scope_here(c->top, n, false);
    if (!b || b->kind != BINDING_definition) return NULL;
    define(c, b->definition);
    return b;
}

static void declare_model_draw(checker *c, const item *it, definition_list *list) {
    const target *t = &it->draw.targets.at[0];
    if (it->draw.targets.count != 1) {
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_syntax, it->draw.targets.at[1].at, "a statement of the model draws one name");
        advise(c->d, told, "write a statement for each; joint families stand in the guide");
        return;
    }
    const binding *given = given_named(c, t->name);
    if (!given) {
        if (scope_here(c->model, t->name, false)) {
            if (!guarded(c, t)) taken(c, c->model, t->name, it->at, false);
            return;
        }
        definition *f = declare_names(c, c->model, it, &it->draw.targets, VARIABLE_latent);
        push(c->arena, list, f);
        return;
    }
    variable v = given->definition->variables[given->part];
    const variable_row *row = program_variable(c->p, v);
    if (!row->self) return; /* its declaration failed */
    if (row->kind == VARIABLE_param || row->stochastic) {
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_type, t->name_at, "`%s` is %s, which a statement cannot draw", t->name,
                                    row->kind == VARIABLE_param ? "a param" : "a value that depends on a param");
        advise(c->d, told, "leave out the `param` to make it a latent, or add a penalty with `factor log_density(…, %s)`", t->name);
        return;
    }
    if (row->observed && guarded(c, t)) return;
    if (row->observed) {
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_duplicate, it->at, "`%s` is drawn twice", t->name);
        advise(c->d, told, "each name has one distribution; a further term is added by `factor log_density(D, %s)`", t->name);
        return;
    }
    c->p->variables.at[v].observed = true;
    push(c->arena, list, declare_observed(c, it, v));
}

static void check_factor(checker *c, const item *it) {
    c->now = (surroundings){0};
    node n = evaluate_node(c, c->model, it->result.values[0]);
    if (n) push(c->arena, &c->p->factors, n);
}

static void check_list(checker *c, definition_list *list) {
    for (uint32_t i = 0; i < list->count; i++) define(c, list->at[i]);
}

static void declare_local(checker *c, scope *s, const item *it, definition_list *list, variable_kind kind) {
    push(c->arena, list, declare_names(c, s, it, &it->value.targets, it->kind == ITEM_param ? VARIABLE_param : kind));
}

static void misplaced(checker *c, const item *it, const char *where) {
    diagnostic *told = diagnose(c->d, DIAGNOSTIC_syntax, it->at, "this does not belong into %s", where);
    advise(c->d, told, "put declarations at the top level of the file");
}

static void check_model(checker *c, const item *block) {
    definition_list list = {0};
    for (uint32_t i = 0; i < block->block.items.count; i++) {
        const item *it = block->block.items.at[i];
        if (it->kind == ITEM_draw)
            declare_model_draw(c, it, &list);
        else if (it->kind == ITEM_define || it->kind == ITEM_let || it->kind == ITEM_param)
            declare_local(c, c->model, it, &list, VARIABLE_derived);
        else if (it->kind != ITEM_factor)
            misplaced(c, it, "the model");
    }
    check_list(c, &list);
    for (uint32_t i = 0; i < block->block.items.count; i++)
        if (block->block.items.at[i]->kind == ITEM_factor) check_factor(c, block->block.items.at[i]);
    for (uint32_t i = 0; i < list.count; i++)
        for (uint32_t k = 0; k < list.at[i]->count; k++) {
            const variable_row *v = program_variable(c->p, list.at[i]->variables[k]);
            bool shown = v->kind == VARIABLE_latent || v->kind == VARIABLE_derived || v->kind == VARIABLE_param;
            if (shown && v->self) push(c->arena, &c->p->reported, list.at[i]->variables[k]);
        }
}

static void check_generate(checker *c, const item *block) {
    definition_list list = {0};
    for (uint32_t i = 0; i < block->block.items.count; i++) {
        const item *it = block->block.items.at[i];
        if (it->kind == ITEM_draw)
            push(c->arena, &list, declare_names(c, c->generate, it, &it->draw.targets, VARIABLE_generated));
        else if (it->kind == ITEM_define || it->kind == ITEM_let)
            declare_local(c, c->generate, it, &list, VARIABLE_generated);
        else
            misplaced(c, it, "generate");
    }
    for (uint32_t i = 0; i < list.count; i++) list.at[i]->now.random_allowed = true;
    check_list(c, &list);
    for (uint32_t i = 0; i < list.count; i++)
        for (uint32_t k = 0; k < list.at[i]->count; k++)
            if (program_variable(c->p, list.at[i]->variables[k])->self) push(c->arena, &c->p->reported, list.at[i]->variables[k]);
}

/* ---- the guide ---- */

/* Which statement of the guide draws each variable; NULL: none yet. */
typedef struct coverage {
    const item **by;
    bool *known_latent; /* latents, also those whose statement failed */
} coverage;

static variable latent_named(checker *c, name n) {
    const binding *b = scope_here(c->model, n, false);
    if (!b || b->kind != BINDING_definition) return VARIABLE_NONE;
    variable v = b->definition->variables[b->part];
    return program_variable(c->p, v)->kind == VARIABLE_latent ? v : VARIABLE_NONE;
}

static bool cover(checker *c, coverage *all, variable v, const item *it, span at) {
    if (!all->by[v] || (all->by[v]->kind == ITEM_draw && guarded(c, &all->by[v]->draw.targets.at[0]))) {
        all->by[v] = it;
        return true;
    }
    diagnostic *told = diagnose(c->d, DIAGNOSTIC_duplicate, at, "the guide draws `%s` twice", program_variable(c->p, v)->name);
    advise(c->d, told, "every latent has exactly one statement in the guide; remove one");
    return false;
}

static void report_not_latent(checker *c, const target *t) {
    const binding *b = scope_find(c->model, t->name, false);
    diagnostic *told;
    if (!b) {
        told = diagnose(c->d, DIAGNOSTIC_guide, t->name_at, "the model has no latent `%s`", t->name);
        const char *near = NULL;
        uint32_t least = 3;
        for (variable v = 0; v < c->p->variables.count; v++) {
            const variable_row *row = program_variable(c->p, v);
            uint32_t distance = row->kind == VARIABLE_latent ? edit_distance(t->name, row->name, 2) : 3;
            if (distance < least) least = distance, near = row->name;
        }
        if (near)
            advise(c->d, told, "did you mean `%s`?", near);
        else
            advise(c->d, told, "a guide draws the latents of the model, no others");
        return;
    }
    told = diagnose(c->d, DIAGNOSTIC_guide, t->name_at, "`%s` is not a latent: the guide may not draw it", t->name);
    advise(c->d, told, "leave it out; what is observed or computed has no posterior to be approximated");
}

static const char *family_of(const item *it) {
    const expression *e = it->draw.distribution;
    if (e->kind != EXPRESSION_call || e->head->kind != EXPRESSION_name) return NULL;
    static const char *const FAMILIES[] = {"mean_field", "full_rank", "low_rank", "flow"};
    for (int i = 0; i < 4; i++)
        if (strcmp(e->head->name, FAMILIES[i]) == 0) return FAMILIES[i];
    return NULL;
}

static void add_family(checker *c, const item *it, const char *kind, coverage *all) {
    family f = {.at = it->at, .kind = strcmp(kind, "full_rank") == 0 ? FAMILY_full_rank : FAMILY_mean_field};
    f.of = arena_array(c->arena, variable, c->p->variables.count + 1);
    if (strcmp(kind, "low_rank") == 0 || strcmp(kind, "flow") == 0)
        push(c->arena, &c->unsupported, (unsupported){it->draw.distribution->at, arena_print(c->arena, "the family `%s`", kind)});
    else if (it->draw.distribution->list.count) {
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_arity, it->draw.distribution->at, "`%s` takes no arguments", kind);
        advise(c->d, told, "write `%s()`", kind);
    }
    for (uint32_t i = 0; i < it->draw.targets.count; i++) {
        const target *t = &it->draw.targets.at[i];
        if (t->name == c->word_rest) continue;
        variable v = latent_named(c, t->name);
        if (v == VARIABLE_NONE)
            report_not_latent(c, t);
        else if (cover(c, all, v, it, t->name_at))
            f.of[f.count++] = v;
    }
    push(c->arena, &c->p->families, f);
}

static bool names_rest(checker *c, const item *it) {
    for (uint32_t i = 0; i < it->draw.targets.count; i++)
        if (it->draw.targets.at[i].name == c->word_rest) return true;
    return false;
}

static void declare_guide_draw(checker *c, const item *it, definition_list *list, coverage *all) {
    const target *t = &it->draw.targets.at[0];
    if (it->draw.targets.count != 1) {
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_guide, it->at, "several latents at once are drawn from a joint family");
        advise(c->d, told, "write `%s, … ~ full_rank()`, or a statement for each", t->name);
        return;
    }
    variable v = latent_named(c, t->name);
    if (v == VARIABLE_NONE) {
        report_not_latent(c, t);
        return;
    }
    if (!cover(c, all, v, it, t->name_at) || !program_variable(c->p, v)->self) return;
    definition *f = arena_new(c->arena, definition);
    *f = (definition){.item = it, .scope = c->guide, .count = 1, .variables = {v}};
    scope_add(c, c->guide, (binding){.name = t->name, .kind = BINDING_definition, .at = t->name_at, .definition = f});
    push(c->arena, list, f);
}

static void report_uncovered(checker *c, const item *block, const coverage *all) {
    const char *missing = NULL;
    for (variable v = 0; v < c->p->variables.count; v++) {
        const variable_row *row = program_variable(c->p, v);
        if (row->kind != VARIABLE_latent || all->by[v]) continue;
        missing = missing ? arena_print(c->arena, "%s, %s", missing, row->name) : row->name;
    }
    if (!missing) return;
    span word = {block->at.source, block->at.start, block->at.start + 5};
    diagnostic *told = diagnose(c->d, DIAGNOSTIC_guide, word, "the guide does not draw %s", missing);
    advise(c->d, told, "add `rest ~ mean_field()`, or a statement for each: `%s ~ …`", missing);
}

static void check_guide_block(checker *c, const item *block) {
    uint32_t variables = c->p->variables.count;
    coverage all = {.by = arena_array(c->arena, const item *, variables + 1)};
    definition_list list = {0};
    const item *rest = NULL;
    for (uint32_t i = 0; i < block->block.items.count; i++) {
        const item *it = block->block.items.at[i];
        const char *kind = it->kind == ITEM_draw ? family_of(it) : NULL;
        if (kind && names_rest(c, it)) {
            if (rest) {
                diagnostic *told = diagnose(c->d, DIAGNOSTIC_duplicate, it->at, "`rest` stands twice");
                advise(c->d, told, "the first takes all that is left; remove one");
            }
            rest = it;
        }
        if (kind)
            add_family(c, it, kind, &all);
        else if (it->kind == ITEM_draw)
            declare_guide_draw(c, it, &list, &all);
        else if (it->kind == ITEM_define || it->kind == ITEM_let || it->kind == ITEM_param)
            declare_local(c, c->guide, it, &list, VARIABLE_guide);
        else
            misplaced(c, it, "the guide");
    }
    check_list(c, &list);
    for (uint32_t k = 0; k < c->p->families.count; k++) {
        family *f = &c->p->families.at[k];
        if (!rest || f->at.start != rest->at.start || f->at.source != rest->at.source) continue;
        for (variable v = 0; v < variables; v++)
            if (program_variable(c->p, v)->kind == VARIABLE_latent && !all.by[v]) all.by[v] = rest, f->of[f->count++] = v;
    }
    if (!rest) report_uncovered(c, block, &all);
}

/* Without a guide the family is ours to choose. */
static void choose_guide(checker *c) {
    family f = {.kind = FAMILY_mean_field, .chosen = true};
    f.of = arena_array(c->arena, variable, c->p->variables.count + 1);
    for (variable v = 0; v < c->p->variables.count; v++)
        if (program_variable(c->p, v)->kind == VARIABLE_latent) f.of[f.count++] = v;
    push(c->arena, &c->p->families, f);
}

/* ---- fit ---- */

static void check_option(checker *c, const item *it) {
    option_id id = option_find(it->option.name);
    if (id == OPTION_count) {
        static const char *const LATER[] = {"objective", "optimizer", "batch", "beta", "anneal", "precision"};
        for (size_t i = 0; i < sizeof LATER / sizeof *LATER; i++)
            if (strcmp(it->option.name, LATER[i]) == 0) {
                push(c->arena, &c->unsupported, (unsupported){it->option.name_at, arena_print(c->arena, "the option `%s`", LATER[i])});
                return;
            }
        option_id near = option_nearest(it->option.name);
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_option, it->option.name_at, "there is no option `%s`", it->option.name);
        const char *like = near == OPTION_count ? NULL : OPTIONS[near].name;
        for (size_t i = 0; !like && i < sizeof LATER / sizeof *LATER; i++)
            if (edit_distance(it->option.name, LATER[i], 2) <= 2) like = LATER[i];
        if (like)
            advise(c->d, told, "did you mean `%s`?", like);
        else
            advise(c->d, told, "`vmrun fit --help` lists the options");
        return;
    }
    const source *text = &c->d->sources.at[it->at.source];
    span at = it->option.value->at;
    const char *why = "", *word = arena_copy(c->arena, text->text + at.start, at.end - at.start);
    if (option_set(&c->p->options, id, word, c->arena, &why)) return;
    diagnostic *told = diagnose(c->d, DIAGNOSTIC_option, at, "`%s` %s", it->option.name, why);
    advise(c->d, told, "for example `%s = %s`", it->option.name, OPTIONS[id].kind == OPTION_WORD ? "auto" : OPTIONS[id].example);
}

static void report_unsupported(checker *c) {
    if (c->d->errors) return;
    for (uint32_t i = 0; i < c->unsupported.count; i++) {
        const unsupported *u = &c->unsupported.at[i];
        bool told_before = false;
        for (uint32_t k = 0; k < i; k++) told_before |= strcmp(c->unsupported.at[k].what, u->what) == 0;
        if (told_before) continue;
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_unsupported, u->at, "%s: this version does not run it yet", u->what);
        advise(c->d, told, "docs/language.md lists what runs today");
    }
}

/* ---- the whole ---- */

static void load_library(checker *c) {
    for (int i = 0; i < LIBRARY_COUNT; i++) {
        uint32_t source = diagnostics_source(c->d, LIBRARY[i].name, LIBRARY[i].text, LIBRARY[i].length, true);
        syntax tree = syntax_parse(c->d, c->p->names, source);
        for (uint32_t k = 0; k < tree.items.count; k++) declare_callable(c, c->library, tree.items.at[k]);
    }
}

static void check_axis_sizes(checker *c, const items *list) {
    for (uint32_t i = 0; i < list->count; i++) {
        const item *it = list->at[i];
        if (it->kind != ITEM_axis || !it->axis.size) continue;
        const binding *b = scope_here(c->top, it->axis.name, false);
        if (!b || b->kind != BINDING_axis) continue;
        c->now = (surroundings){0};
        node n = evaluate_node(c, c->top, it->axis.size);
        if (!n) continue;
        const node_row *r = program_node(c->p, n);
        bool constant = r->range.lowest == r->range.highest;
        if (r->axes.count || r->stochastic || (constant && (!r->range.whole || r->range.lowest < 1))) {
            diagnostic *told = diagnose(c->d, DIAGNOSTIC_type, it->axis.size->at, "the size of an axis is one whole number from 1, of data and numbers");
            advise(c->d, told, "write `axis %s = 8`", it->axis.name);
            continue;
        }
        c->p->axes.at[b->axes.at[0]].size = n;
    }
}

static checker *checker_new(diagnostics *d, names *n, uint32_t source, const text_reader *reader) {
    checker *c = arena_new(d->arena, checker);
    c->d = d, c->arena = d->arena, c->reader = reader;
    program *p = c->p = arena_new(d->arena, program);
    p->arena = d->arena, p->names = n, p->path = d->sources.at[source].name;
    options_default(&p->options);
    push(p->arena, &p->nodes, (node_row){0});
    c->word_rest = names_of(n, "rest"), c->word_last = names_of(n, "last"), c->word_inf = names_of(n, "inf");
    c->word_pi = names_of(n, "pi"), c->word_size = names_of(n, "size"), c->word_log_density = names_of(n, "log_density");
    c->word_sample = names_of(n, "sample"), c->word_cdf = names_of(n, "cdf");
    c->library = scope_new(c, NULL);
    c->library->library = true;
    c->top = scope_new(c, c->library);
    c->top->library = false;
    c->model = scope_new(c, c->top), c->guide = scope_new(c, c->model), c->generate = scope_new(c, c->model);
    push(c->arena, &c->imported, names_of(n, p->path));
    return c;
}

program *program_compile(diagnostics *d, names *n, uint32_t source, const text_reader *reader) {
    checker *c = checker_new(d, n, source, reader);
    syntax tree = syntax_parse(d, n, source);
    if (d->errors) return c->p;
    load_library(c);
    outline o = {0};
    declare_items(c, &tree.items, &o);
    check_axis_sizes(c, &tree.items);
    check_list(c, &o.top);
    if (o.blocks[BLOCK_model]) {
        check_model(c, o.blocks[BLOCK_model]);
    } else {
        diagnostic *told = diagnose(d, DIAGNOSTIC_syntax, (span){source, 0, 0}, "the program has no model");
        advise(d, told, "write `model { … }` with a statement for each quantity");
    }
    if (o.blocks[BLOCK_generate]) check_generate(c, o.blocks[BLOCK_generate]);
    if (o.blocks[BLOCK_guide])
        check_guide_block(c, o.blocks[BLOCK_guide]);
    else
        choose_guide(c);
    for (uint32_t i = 0; i < o.fits.count; i++)
        for (uint32_t k = 0; k < o.fits.at[i]->block.items.count; k++) {
            c->now = (surroundings){0};
            check_option(c, o.fits.at[i]->block.items.at[k]);
        }
    report_unsupported(c);
    return c->p;
}
