/* From the items of a text to a program: first every name is declared, then every definition is checked in
 * the order of the text, those that it needs before it. The guide is held against the model last. */
#include "lang/checker.h"

#include <math.h>

/* ---- declaring ---- */

static void report_taken(checker *c, const binding *b, name n, span at, const char *otherwise) {
    diagnostic *told = diagnose(c->d, DIAGNOSTIC_duplicate, at, "`%s` is already declared", n);
    uint32_t line = 0, column = 0;
    if (b->at.source != SOURCE_NONE)
        source_place(&c->d->sources.at[b->at.source], b->at.start, &line, &column);
    advise(c->d, told, "it is declared in line %u; %s", line, otherwise);
}

/* `kind`: of what is to bear the name. */
static bool taken(checker *c, scope *s, name n, span at, binding_kind kind) {
    const binding *b = scope_here(s, n, kind == BINDING_callable);
    if (b && (b->kind == BINDING_axis) != (kind == BINDING_axis))
        report_taken(
            c, b, n, at,
            arena_print(c->arena, "an axis and a value cannot share a name: call an index `%s_of`", n));
    else if (b) report_taken(c, b, n, at, "choose another name or remove one");
    return b;
}

static bool is_latent(const binding *b) {
    return b->kind == BINDING_definition && b->definition->item->kind == ITEM_draw;
}

/* A name of a block may be none of the top level or of the model; the guide may compute a name that the model
 * computes too. */
static bool taken_outside(checker *c, const scope *block, name n, span at) {
    for (const scope *s = block->outer; s && !s->library; s = s->outer) {
        const binding *b = scope_here(s, n, false);
        if (!b || (block == c->guide && s == c->model && !is_latent(b))) continue;
        report_taken(c, b, n, at,
                     b->kind == BINDING_axis ? "an axis and a value cannot share a name"
                                             : "choose another name here");
        return true;
    }
    return false;
}

static variable add_variable(checker *c, variable_kind kind, const target *t) {
    push(c->arena, &c->p->variables, (variable_row){.name = t->name, .kind = kind, .at = t->name_at});
    return c->p->variables.count - 1;
}

/* The left side of an item; NULL where it has none. */
const targets *left_of(const item *it) {
    switch (it->kind) {
    case ITEM_draw: return &it->draw.targets;
    case ITEM_data:
    case ITEM_param:
    case ITEM_let:
    case ITEM_define: return &it->value.targets;
    default: return NULL;
    }
}

const target *target_of(const item *it, name n) {
    const targets *left = left_of(it);
    uint32_t i = 0;
    while (i < left->count && left->at[i].name != n) i++;
    return i < left->count ? &left->at[i] : NULL;
}

/* Another statement for a part of a name that has one already goes to its definition. */
static bool joins(checker *c, definition *f, const item *it, name n) {
    const target *there = target_of(f->item, n);
    bool same = f->item->kind == it->kind && there && is_guarded(there) && is_guarded(target_of(it, n));
    if (same) push(c->arena, &f->others, it);
    return same;
}

static bool joins_named(checker *c, scope *s, const item *it, name n) {
    const binding *b = scope_here(s, n, false);
    return b && b->kind == BINDING_definition && b->definition->state == STATE_fresh &&
           joins(c, b->definition, it, n);
}

definition *declare_names(checker *c, scope *s, const item *it, const targets *names, variable_kind kind) {
    definition *f = arena_new(c->arena, definition);
    *f = (definition){.item = it, .scope = s};
    for (uint32_t i = 0; i < names->count && i < VALUES_MOST; i++, f->count++) {
        const target *t = &names->at[i];
        f->variables[i] = add_variable(c, kind, t);
        if (!taken(c, s, t->name, t->name_at, BINDING_definition) &&
            !taken_outside(c, s, t->name, t->name_at))
            scope_add(c, s,
                      (binding){.name = t->name,
                                .kind = BINDING_definition,
                                .at = t->name_at,
                                .definition = f,
                                .part = i});
    }
    if (names->count > VALUES_MOST) {
        diagnostic *told =
            diagnose(c->d, DIAGNOSTIC_arity, it->at, "more than %d names on the left", VALUES_MOST);
        advise(c->d, told, "split the statement");
    }
    return f;
}

static void declare_axis(checker *c, const item *it) {
    if (taken(c, c->top, it->axis.name, it->axis.name_at, BINDING_axis)) return;
    axis_row row = {.name = it->axis.name,
                    .at = it->axis.name_at,
                    .of = AXIS_NONE,
                    .labels = it->axis.labels,
                    .label_count = it->axis.label_count,
                    .file = it->axis.from,
                    .key = it->axis.key,
                    .file_at = it->axis.from_at};
    row.source = it->axis.size     ? AXIS_fixed
                 : it->axis.labels ? AXIS_labelled
                 : it->axis.from   ? AXIS_from_table
                                   : AXIS_from_data;
    axis a = add_axis(c, row);
    scope_add(c, c->top,
              (binding){.name = row.name, .kind = BINDING_axis, .at = row.at, .axes = axes_one(a)});
    scope *labels = scope_new(c, NULL);
    for (uint32_t i = 0; i < row.label_count; i++) {
        if (scope_here(labels, row.labels[i], false)) {
            diagnostic *told = diagnose(c->d, DIAGNOSTIC_duplicate, row.at, "`%s` has the label `%s` twice",
                                        row.name, row.labels[i]);
            advise(c->d, told, "each entry has a label of its own");
        }
        scope_add(c, labels, (binding){.name = row.labels[i], .kind = BINDING_value});
    }
}

static bool is_type(const char *n) {
    for (int i = 0; i < SUPPORT_count_; i++)
        if (strcmp(SUPPORTS[i].name, n) == 0) return true;
    return false;
}

/* Whether all parameters are distributions, so that a function may stand beside others of its name. */
static bool is_overload(const item *f) {
    for (uint32_t i = 0; i < f->function.parameter_count; i++)
        if (!f->function.parameters[i].type.name || is_type(f->function.parameters[i].type.name))
            return false;
    return f->kind == ITEM_fn && f->function.parameter_count;
}

static bool same_parameters(const item *f, const item *g) {
    bool same = f->function.parameter_count == g->function.parameter_count;
    for (uint32_t i = 0; same && i < f->function.parameter_count; i++)
        same = f->function.parameters[i].type.name == g->function.parameters[i].type.name;
    return same;
}

static void check_parameters(checker *c, const item *it) {
    const parameter *p = it->function.parameters;
    for (uint32_t i = 0; i < it->function.parameter_count; i++)
        for (uint32_t k = 0; k < i; k++)
            if (p[i].name == p[k].name) {
                diagnostic *told =
                    diagnose(c->d, DIAGNOSTIC_duplicate, p[i].at, "`%s` has the parameter `%s` twice",
                             it->function.name, p[i].name);
                advise(c->d, told, "each parameter has a name of its own");
            }
    if (it->function.parameter_count <= VALUES_MOST) return;
    diagnostic *told = diagnose(c->d, DIAGNOSTIC_arity, it->function.name_at,
                                "`%s` has more than %d parameters", it->function.name, VALUES_MOST);
    advise(c->d, told, "put numbers of one kind along an axis, or split it in two");
}

/* Whether axis k of parameter i is named by a parameter before it. */
static bool is_named_before(const item *it, uint32_t i, uint32_t k) {
    name n = it->function.parameters[i].axes.at[k].value->name;
    bool found = false;
    for (uint32_t p = 0; p < i; p++)
        for (uint32_t q = 0; q < it->function.parameters[p].axes.count; q++)
            found |= it->function.parameters[p].axes.at[q].value->name == n;
    return found;
}

/* The axes of a dist's parameters and result are names, few, and stand for whichever axes a statement brings.
 */
static void check_dist_axes(checker *c, const item *it) {
    uint32_t count = it->function.type.axes.count;
    for (uint32_t i = 0; i <= it->function.parameter_count; i++) {
        const entries *list =
            i < it->function.parameter_count ? &it->function.parameters[i].axes : &it->function.type.axes;
        for (uint32_t k = 0; k < list->count; k++) {
            bool first = i < it->function.parameter_count && !is_named_before(it, i, k);
            count += first;
            if (!list->at[k].name && list->at[k].value->kind == EXPRESSION_name) continue;
            diagnostic *told =
                diagnose(c->d, DIAGNOSTIC_axes, list->at[k].value->at, "here stands the name of an axis");
            advise(c->d, told,
                   "write `concentration[k] : positive` and `simplex[k]`, with one name for one axis");
        }
    }
    if (count <= DIST_AXES_MOST) return;
    diagnostic *told = diagnose(c->d, DIAGNOSTIC_axes, it->function.name_at, "`%s` names more than %d axes",
                                it->function.name, DIST_AXES_MOST);
    advise(c->d, told,
           "name only those that its density ties together; every other axis comes from the statement");
}

static uint32_t property_arguments(name n) {
#define PROPERTY(word, arguments, about)                                                                     \
    if (strcmp(n, #word) == 0) return arguments;
#include "lang/properties.def"
#undef PROPERTY
    return 0;
}

static void check_property(checker *c, const item *dist, uint32_t i) {
    const item *it = dist->function.items.at[i];
    if (it->kind != ITEM_property) return;
    if (!is_property(it->function.name)) {
        diagnostic *told =
            diagnose(c->d, DIAGNOSTIC_name, it->function.name_at, "a `dist` has no `%s`", it->function.name);
        nearest near = {.of = it->function.name};
#define PROPERTY(word, arguments, about) nearest_try(&near, #word);
#include "lang/properties.def"
#undef PROPERTY
        if (near.best) advise(c->d, told, "did you mean `%s`?", near.best);
        else
            advise(c->d, told,
                   "it defines log_density(x) and, where known, sample, cdf(x), quantile(p), mean, variance, "
                   "entropy; a "
                   "function stands outside as `fn`");
        return;
    }
    uint32_t wants = property_arguments(it->function.name);
    if (it->function.parameter_count != wants) {
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_arity, it->function.name_at, "`%s` of a `dist` takes %s",
                                    it->function.name, wants ? "one argument" : "no arguments");
        advise(c->d, told, wants ? "write `%s(x) = …`" : "write `%s = …`", it->function.name);
    }
    for (uint32_t k = 0; k < i; k++)
        if (dist->function.items.at[k]->kind == ITEM_property &&
            dist->function.items.at[k]->function.name == it->function.name) {
            diagnostic *told = diagnose(c->d, DIAGNOSTIC_duplicate, it->function.name_at,
                                        "`%s` is defined twice", it->function.name);
            advise(c->d, told, "remove one");
        }
}

static void check_dist(checker *c, const item *it) {
    bool has_density = false;
    for (uint32_t i = 0; i < it->function.items.count; i++) {
        const item *property = it->function.items.at[i];
        has_density |= property->kind == ITEM_property && (property->function.name == c->word_log_density ||
                                                           !is_property(property->function.name));
        check_property(c, it, i);
    }
    check_dist_axes(c, it);
    if (has_density) return;
    diagnostic *told =
        diagnose(c->d, DIAGNOSTIC_dist, it->function.name_at, "`%s` has no `log_density`", it->function.name);
    advise(c->d, told, "write `log_density(x) = …` in its braces");
}

void declare_callable(checker *c, scope *s, const item *it) {
    uint32_t errors = c->d->errors;
    check_parameters(c, it);
    if (it->kind == ITEM_dist) check_dist(c, it);
    bool broken = c->d->errors != errors;
    binding *first = scope_here(s, it->function.name, true);
    for (const binding *b = first; b; b = b->next)
        if (!is_overload(it) || !is_overload(b->item) || same_parameters(it, b->item)) {
            if (b->home != s) break;
            taken(c, s, it->function.name, it->function.name_at, BINDING_callable);
            return;
        }
    binding b = {.name = it->function.name,
                 .kind = BINDING_callable,
                 .at = it->function.name_at,
                 .item = it,
                 .home = s,
                 .broken = broken};
    if (first) {
        b.next = first->next;
        first->next = arena_new(c->arena, binding);
        *first->next = b;
        return;
    }
    /* The library's functions of that name for other distributions stay. */
    binding *outer = is_overload(it) ? scope_find(s->outer, it->function.name, true) : NULL;
    if (outer && is_overload(outer->item)) b.next = outer;
    scope_add(c, s, b);
}

/* A file's items by what they are for. */
typedef struct outline {
    definition_list top;
    const item *blocks[3];
    vector(const item *) fits, sizes;
} outline;

static void declare_items(checker *c, const items *list, outline *o);

/* A path without `.` and `folder/..`, by which a file is known that is imported twice. */
static const char *plain_path(checker *c, const char *path) {
    vector(const char *) kept = {0};
    for (const char *part = path, *end; *part; part = end) {
        size_t length = strcspn(part, "/");
        end = part + length + (part[length] == '/');
        const char *last = kept.count ? kept.at[kept.count - 1] : "";
        bool up = length == 2 && strncmp(part, "..", 2) == 0;
        if (length == 1 && *part == '.') continue;
        if (up && *last && *last != '/' && strcmp(last, "../") != 0) kept.count--;
        else push(c->arena, &kept, arena_copy(c->arena, part, (size_t)(end - part)));
    }
    const char *plain = "";
    for (uint32_t i = 0; i < kept.count; i++) plain = arena_print(c->arena, "%s%s", plain, kept.at[i]);
    return plain;
}

static void declare_import(checker *c, const item *it, outline *o) {
    const char *own = c->d->sources.at[it->at.source].name, *slash = strrchr(own, '/');
    const char *path = it->file.path;
    if (slash && path[0] != '/') path = arena_print(c->arena, "%.*s/%s", (int)(slash - own), own, path);
    name known = names_of(c->p->names, plain_path(c, path));
    if (scope_here(c->imported, known, false)) return;
    scope_add(c, c->imported, (binding){.name = known, .kind = BINDING_value});
    size_t length = 0;
    const char *why = "this program was given without a folder to look in";
    const char *text = c->reader ? c->reader->read(c->reader->user, c->arena, path, &length, &why) : NULL;
    if (!text) {
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_import, it->file.path_at, "`%s` cannot be read: %s",
                                    it->file.path, why);
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
    diagnostic *told =
        diagnose(c->d, DIAGNOSTIC_duplicate, word, "there is already a `%s` block", WORDS[it->block.block]);
    advise(c->d, told, "put all its statements into one block");
}

static void declare_items(checker *c, const items *list, outline *o) {
    library_read(c);
    for (uint32_t i = 0; i < list->count; i++) {
        const item *it = list->at[i];
        switch (it->kind) {
        case ITEM_axis:
            declare_axis(c, it);
            if (it->axis.size) push(c->arena, &o->sizes, it);
            break;
        case ITEM_source: push(c->arena, &c->p->files, (data_file){it->file.path, it->file.path_at}); break;
        case ITEM_data:
            push(c->arena, &o->top, declare_names(c, c->top, it, &it->value.targets, VARIABLE_data));
            break;
        case ITEM_param:
            push(c->arena, &o->top, declare_names(c, c->top, it, &it->value.targets, VARIABLE_param));
            break;
        case ITEM_let:
        case ITEM_define: declare_local(c, c->top, it, &o->top, VARIABLE_let); break;
        case ITEM_fn:
        case ITEM_net:
        case ITEM_dist: declare_callable(c, c->top, it); break;
        case ITEM_block: declare_block(c, it, o); break;
        case ITEM_fit: push(c->arena, &o->fits, it); break;
        case ITEM_import: declare_import(c, it, o); break;
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
    f->results[part] = value_of(self);
}

/* What a value must be where its name was given a type. */
static bool check_declared_type(checker *c, node n, type t, const target *target, span at) {
    const node_row *r = program_node(c->p, n);
    range must = type_range(c->p, t);
    if (!range_disjoint(r->range, must)) return true;
    diagnostic *told = diagnose(c->d, DIAGNOSTIC_support, at, "`%s` is declared %s, which this is not",
                                target->name, type_text(c->p, t));
    advise(c->d, told, "change the type or the value");
    return false;
}

/* Whether a start, or what it is drawn with, depends on nothing that is fitted itself. */
static bool check_start(checker *c, const value *start, const target *t, span at) {
    const distribution *d = start->distribution;
    bool depends = start->kind == VALUE_node && program_node(c->p, start->nodes[0])->stochastic;
    for (uint32_t i = 0; start->kind == VALUE_distribution && i < d->count; i++)
        depends |= program_node(c->p, d->arguments[i])->stochastic;
    if (!depends) return true;
    diagnostic *told = diagnose(c->d, DIAGNOSTIC_type, place(c, at),
                                "the start of `%s` depends on what is fitted itself", t->name);
    advise(c->d, told, "start from data and numbers: `= 0`, or drawn, `= normal(0, 0.1)`");
    return false;
}

/* param x[a] : T = D(…): one draw for each entry, where D stays within T; 0, reported, where it does not. */
static node drawn_start(checker *c, const distribution *d, const target *t, type held, axes s,
                        const axis *order, span at) {
    axis_bindings bound;
    axes event;
    if (d->failed || !bind_axis_parameters(c, d, order, (uint32_t)s.count, &held, true, &bound, &event))
        return 0;
    if (!distribution_property(d, c->word_sample)) {
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_dist, place(c, at), "`%s` cannot be drawn from",
                                    d->definition->function.name);
        advise(c->d, told, "start from a number, or give the `dist` a `sample`");
        return 0;
    }
    type drawn = drawn_type(c, d, &held, &bound);
    range must = type_range(c->p, held);
    must.open_below = must.open_above = false;
    bool fits = range_within(type_range(c->p, drawn), must);
    if (SUPPORTS[held.support].event) fits = drawn.support == held.support;
    if (!fits) {
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_support, place(c, at),
                                    "`%s` is %s, but `%s` also draws values that are not", t->name,
                                    type_text(c->p, held), d->definition->function.name);
        advise(c->d, told, "start from a distribution on that support, or from a number");
        return 0;
    }
    c->now.axes = s;
    return property_at(c, d, &bound, c->word_sample, 0);
}

/* A param is found by small steps. */
static bool check_moves(checker *c, const target *t, type held) {
    if (!SUPPORTS[held.support].whole) return true;
    diagnostic *told = diagnose(c->d, DIAGNOSTIC_type, t->type.at,
                                "the param `%s` cannot be %s: what is estimated moves in small steps",
                                t->name, type_text(c->p, held));
    advise(c->d, told,
           "declare it real or positive, or draw it in the model, which sums discrete latents out");
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
    if (!check_event_axes(c, t, held, order, s.count)) return;
    if (!check_type_axes(c, f->scope, &t->type, order, s.count)) return;
    if (!data && !check_moves(c, t, held)) return;
    if (SUPPORTS[held.support].event) held.index = order[s.count - 1];
    set_axes(c, v, s, order);
    c->p->variables.at[v].type = held;
    c->p->variables.at[v].from_zero = f->item->value.from_zero;
    c->p->variables.at[v].stochastic = !data;
    finish(c, f, 0);
    if (data) missing_declare(c, f);
    if (!f->item->value.value) return;
    value start = evaluate(c, f->scope, f->item->value.value);
    if (!data && !check_start(c, &start, t, f->item->value.value->at)) return;
    node n = start.nodes[0];
    if (start.kind == VALUE_distribution && !data)
        n = drawn_start(c, start.distribution, t, held, s, order, f->item->value.value->at);
    else if (start.kind == VALUE_distribution || start.kind == VALUE_net || start.kind == VALUE_several)
        n = evaluate_node(c, f->scope, f->item->value.value); /* reports what it is */
    if (!n) return;
    if (!check_declared_type(c, n, held, t, f->item->value.value->at)) return;
    axes extra = axes_minus(program_node(c->p, n)->axes, s);
    if (extra.count) {
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_axes, f->item->value.value->at,
                                    "this varies over `%s`, which `%s` does not",
                                    program_axis(c->p, extra.at[0])->name, t->name);
        advise(c->d, told, "declare `%s` with that axis, or sum it out", t->name);
        return;
    }
    node whole = make_expand(c, n, s, f->item->value.value->at);
    c->p->variables.at[v].value = whole;
}

void settle_value(checker *c, definition *f, uint32_t part, const target *t, node n, axes s,
                  const axis *order) {
    variable v = f->variables[part];
    uint32_t errors = c->d->errors;
    type held = t->type.name ? evaluate_type(c, f->scope, &t->type) : program_node(c->p, n)->type;
    if (c->d->errors != errors || !n ||
        (t->type.name && !check_declared_type(c, n, held, t, f->item->value.value->at)))
        return;
    if (t->type.name && (!check_event_axes(c, t, held, order, s.count) ||
                         !check_type_axes(c, f->scope, &t->type, order, s.count)))
        return;
    if (t->type.name && SUPPORTS[held.support].event && s.count) held.index = order[s.count - 1];
    set_axes(c, v, s, order);
    variable_row *row = &c->p->variables.at[v];
    row->type = held;
    row->value = n;
    row->stochastic = program_node(c->p, n)->stochastic;
    finish(c, f, part);
}

/* x[axes] : T = part of a value: a let, a name of the model, the guide or generate. */
static void check_part(checker *c, definition *f, uint32_t part, node n) {
    const target *t = &f->item->value.targets.at[part];
    axes s = program_node(c->p, n)->axes;
    axis order[AXES_MOST];
    memcpy(order, s.at, sizeof order);
    if (t->axes.count) {
        axes written;
        axis as[AXES_MOST] = {0};
        if (!evaluate_axes(c, f->scope, &t->axes, &written, as)) return;
        axes extra = axes_minus(s, written);
        if (extra.count) {
            diagnostic *told = diagnose(c->d, DIAGNOSTIC_axes, f->item->value.value->at,
                                        "this varies over `%s`, which `%s` does not have",
                                        program_axis(c->p, extra.at[0])->name, t->name);
            advise(c->d, told, "write it among the axes of `%s`, or sum it out: `sum[%s](…)`", t->name,
                   program_axis(c->p, extra.at[0])->name);
            return;
        }
        s = written;
        memcpy(order, as, sizeof order);
        n = make_expand(c, n, s, f->item->at);
    }
    settle_value(c, f, part, t, n, s, order);
}

value evaluate_results(checker *c, const definition *f, const item *it) {
    uint32_t wants = it->value.targets.count;
    value v = drawn_value(c, evaluate(c, f->scope, it->value.value));
    uint32_t has = v.kind == VALUE_several ? v.count : 1;
    if (v.kind == VALUE_failed || has == wants) return v;
    diagnostic *told = diagnose(c->d, DIAGNOSTIC_arity, place(c, it->at),
                                "%u name%s on the left, but %u value%s on the right", wants,
                                wants == 1 ? "" : "s", has, has == 1 ? "" : "s");
    advise(c->d, told, "give each value one name: `a, b = f(x)`");
    return (value){.kind = VALUE_failed};
}

static void check_value(checker *c, definition *f) {
    const targets *names = &f->item->value.targets;
    if (names->count > VALUES_MOST) return; /* reported */
    if (f->group) {
        check_loose(c, f);
        return;
    }
    if (is_guarded(&names->at[0])) {
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_cover, place(c, names->at[0].at),
                                    "inside a net a name is computed for all its entries at once");
        advise(c->d, told, "write the statements for parts of an axis in the block that calls it");
        return;
    }
    value v = evaluate_results(c, f, f->item);
    if (v.kind == VALUE_failed) return;
    bool inside = f->variables[0] == VARIABLE_NONE;
    if (v.kind == VALUE_net) net_give_name(v.net, names->at[0].name);
    if (v.kind == VALUE_distribution && names->at[0].axes.count) {
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_type, place(c, f->item->value.value->at),
                                    "this is a distribution, which has no entries of its own");
        advise(c->d, told, "to draw an entry each write `~`: `%s[…] ~ …`", names->at[0].name);
        return;
    }
    if (v.kind == VALUE_distribution || v.kind == VALUE_net) {
        f->results[0] = v;
        return;
    }
    for (uint32_t i = 0; i < f->count; i++) {
        if (!v.nodes[i]) continue;
        if (inside) f->results[i] = value_of(v.nodes[i]);
        else check_part(c, f, i, v.nodes[i]);
    }
}

void check_definition(checker *c, definition *f) {
    switch (f->item->kind) {
    case ITEM_data: check_given(c, f, true); break;
    case ITEM_param: check_given(c, f, false); break;
    case ITEM_draw:
        check_draw(c, f,
                   f->scope == c->guide      ? BLOCK_guide
                   : f->scope == c->generate ? BLOCK_generate
                                             : BLOCK_model);
        break;
    default: check_value(c, f); break;
    }
}

/* ---- the order of checking ---- */

static void collect(checker *c, const scope *s, const expression *e, definition_list *found);

static void collect_entries(checker *c, const scope *s, const entries *list, definition_list *found) {
    for (uint32_t i = 0; i < list->count; i++) collect(c, s, list->at[i].value, found);
}

/* What an expression names that is not checked yet. */
static void collect(checker *c, const scope *s, const expression *e, definition_list *found) {
    if (!e) return;
    switch (e->kind) {
    case EXPRESSION_number:
    case EXPRESSION_free: break;
    case EXPRESSION_name: {
        const binding *b = scope_find(s, e->name, false);
        if (b && b->kind == BINDING_definition && b->definition->state == STATE_fresh)
            push(c->arena, found, b->definition);
        break;
    }
    case EXPRESSION_operation: collect(c, s, e->left, found), collect(c, s, e->right, found); break;
    case EXPRESSION_choice:
        collect(c, s, e->condition, found), collect(c, s, e->then, found), collect(c, s, e->otherwise, found);
        break;
    case EXPRESSION_call:
    case EXPRESSION_select: collect(c, s, e->head, found), collect_entries(c, s, &e->list, found); break;
    }
}

static void collect_item(checker *c, const scope *s, const item *it, definition_list *found) {
    bool draw = it->kind == ITEM_draw;
    const expression *const parts[] = {draw ? it->draw.distribution : it->value.value,
                                       draw ? it->draw.lower : NULL, draw ? it->draw.upper : NULL,
                                       draw ? it->draw.censored_above : NULL,
                                       draw ? it->draw.censored_below : NULL};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) collect(c, s, parts[i], found);
    const targets *left = left_of(it);
    for (uint32_t i = 0; i < left->count; i++) collect_entries(c, s, &left->at[i].type.arguments, found);
}

definition_list needs(checker *c, const definition *f) {
    definition_list found = {0};
    collect_item(c, f->scope, f->item, &found);
    for (uint32_t i = 0; i < f->others.count; i++) collect_item(c, f->scope, f->others.at[i], &found);
    return found;
}

/* Checks a definition after all that it names, with a stack of its own: a chain of definitions may be longer
 * than the machine's stack is deep. One that waits for itself is left to define(), which reports the cycle.
 */
static void settle(checker *c, definition *first) {
    definition_list stack = {0};
    push(c->arena, &stack, first);
    while (stack.count) {
        definition *f = stack.at[stack.count - 1];
        if (f->waiting || f->state != STATE_fresh) {
            define(c, f);
            stack.count--;
            continue;
        }
        f->waiting = true;
        definition_list before = needs(c, f);
        for (uint32_t i = before.count; i-- > 0;) {
            if (before.at[i]->waiting && before.at[i]->state == STATE_fresh) define(c, before.at[i]);
            else push(c->arena, &stack, before.at[i]);
        }
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
    settle(c, b->definition);
    return b;
}

/* `x ~ …` where the model has another statement for x. */
static void report_drawn_twice(checker *c, const item *it, const binding *b) {
    const target *t = &it->draw.targets.at[0];
    if (b->definition->item->kind == ITEM_draw) {
        report_taken(c, b, t->name, it->at, "each latent has one distribution");
        return;
    }
    diagnostic *told = diagnose(c->d, DIAGNOSTIC_duplicate, it->at,
                                "`%s` has a value already, so it cannot be drawn", t->name);
    advise(c->d, told,
           "a value of data alone is observed if it stands at top level, `let %s = …`; to add a term for "
           "another write "
           "`factor log_density(D, %s)`",
           t->name, t->name);
}

static void declare_model_draw(checker *c, const item *it, definition_list *list) {
    const target *t = &it->draw.targets.at[0];
    if (it->draw.targets.count != 1) {
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_syntax, it->draw.targets.at[1].at,
                                    "a statement of the model draws one name");
        advise(c->d, told, "write a statement for each; joint families stand in the guide");
        return;
    }
    const binding *given = given_named(c, t->name);
    if (!given) {
        const binding *b = scope_here(c->model, t->name, false);
        if (b && joins_named(c, c->model, it, t->name)) return;
        if (b) report_drawn_twice(c, it, b);
        if (b) return;
        definition *f = declare_names(c, c->model, it, &it->draw.targets, VARIABLE_latent);
        push(c->arena, list, f);
        return;
    }
    variable v = given->definition->variables[given->part];
    const variable_row *row = program_variable(c->p, v);
    if (!row->self) return; /* its declaration failed */
    if (row->kind == VARIABLE_param || row->stochastic) {
        diagnostic *told =
            diagnose(c->d, DIAGNOSTIC_type, t->name_at, "`%s` is %s, which a statement cannot draw", t->name,
                     row->kind == VARIABLE_param ? "a param"
                                                 : "a value that depends on a param or on missing entries");
        advise(c->d, told,
               "leave out the `param` to make it a latent, or add a penalty with `factor log_density(…, %s)`",
               t->name);
        return;
    }
    for (uint32_t i = 0; row->observed && i < list->count; i++)
        if (list->at[i]->variables[0] == v && joins(c, list->at[i], it, t->name)) return;
    if (row->observed) {
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_duplicate, it->at, "`%s` is drawn twice", t->name);
        advise(c->d, told,
               "each name has one distribution; a further term is added by `factor log_density(D, %s)`",
               t->name);
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

void check_list(checker *c, definition_list *list) {
    find_groups(c, list);
    for (uint32_t i = 0; i < list->count; i++) settle(c, list->at[i]);
}

void declare_local(checker *c, scope *s, const item *it, definition_list *list, variable_kind kind) {
    const targets *left = left_of(it);
    bool guarded = false;
    for (uint32_t i = 0; i < left->count; i++) guarded |= is_guarded(&left->at[i]);
    if (it->kind == ITEM_param) kind = c->block == BLOCK_guide ? VARIABLE_free : VARIABLE_param;
    if (!guarded) {
        push(c->arena, list, declare_names(c, s, it, left, kind));
        return;
    }
    /* Each name has statements of its own, some of which it may share with others. */
    for (uint32_t i = 0; i < left->count; i++)
        if (!joins_named(c, s, it, left->at[i].name))
            push(c->arena, list, declare_names(c, s, it, &(targets){&left->at[i], 1}, kind));
}

static void check_model(checker *c, const item *block) {
    definition_list list = {0};
    for (uint32_t i = 0; i < block->block.items.count; i++) {
        const item *it = block->block.items.at[i];
        if (it->kind == ITEM_draw) declare_model_draw(c, it, &list);
        else if (it->kind == ITEM_define || it->kind == ITEM_let || it->kind == ITEM_param)
            declare_local(c, c->model, it, &list, VARIABLE_derived);
    }
    check_list(c, &list);
    note_lags(c);
    place_latents(c);
    for (uint32_t i = 0; i < block->block.items.count; i++)
        if (block->block.items.at[i]->kind == ITEM_factor) check_factor(c, block->block.items.at[i]);
    for (uint32_t i = 0; i < list.count; i++)
        for (uint32_t k = 0; k < list.at[i]->count; k++) {
            const variable_row *v = program_variable(c->p, list.at[i]->variables[k]);
            bool shown = v->kind == VARIABLE_latent || v->kind == VARIABLE_param ||
                         (v->kind == VARIABLE_derived && v->stochastic);
            if (shown && v->self) push(c->arena, &c->p->reported, list.at[i]->variables[k]);
            const missing *gaps = missing_of(c->p, list.at[i]->variables[k]);
            if (gaps) push(c->arena, &c->p->reported, gaps->latent);
        }
}

static void check_generate(checker *c, const item *block) {
    definition_list list = {0};
    for (uint32_t i = 0; i < block->block.items.count; i++) {
        const item *it = block->block.items.at[i];
        if (it->kind == ITEM_draw || it->kind == ITEM_define || it->kind == ITEM_let)
            declare_local(c, c->generate, it, &list, VARIABLE_generated);
    }
    for (uint32_t i = 0; i < list.count; i++) list.at[i]->now.random_allowed = true;
    check_list(c, &list);
    for (uint32_t i = 0; i < list.count; i++)
        for (uint32_t k = 0; k < list.at[i]->count; k++)
            if (program_variable(c->p, list.at[i]->variables[k])->self)
                push(c->arena, &c->p->reported, list.at[i]->variables[k]);
}

/* ---- fit ---- */

static void report_no_option(checker *c, const item *it) {
    diagnostic *told =
        diagnose(c->d, DIAGNOSTIC_option, it->option.name_at, "there is no option `%s`", it->option.name);
    if (told == &c->d->forgotten) return; /* nothing is looked for that is not told */
    nearest near = {.of = it->option.name};
    const char *all = "";
    for (option_id id = 0; id < OPTION_count; id++) {
        nearest_try(&near, OPTIONS[id].name);
        all = arena_print(c->arena, "%s%s%s", all, id ? ", " : "", OPTIONS[id].name);
    }
    if (near.best) advise(c->d, told, "did you mean `%s`?", near.best);
    else advise(c->d, told, "the options are %s", all);
}

/* The text behind `key =`, which is read as a flag of the command line is. */
static span option_text(const checker *c, const item *it) {
    const char *text = c->d->sources.at[it->at.source].text;
    const expression *last = it->option.over   ? it->option.over
                             : it->option.next ? it->option.next
                                               : it->option.to;
    span at = {it->at.source, it->option.name_at.end, (last ? last : it->option.value)->at.end};
    while (at.start < at.end && strchr(" \t=", text[at.start])) at.start++;
    return at;
}

static void check_option(checker *c, const item *it) {
    option_id id = option_find(it->option.name);
    if (id == OPTION_count) {
        report_no_option(c, it);
        return;
    }
    if (option_is_given(&c->p->options, id)) {
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_duplicate, it->option.name_at,
                                    "the option `%s` is given twice", it->option.name);
        advise(c->d, told, "remove one");
        return;
    }
    const source *text = &c->d->sources.at[it->at.source];
    span at = option_text(c, it);
    const char *why = "", *word = arena_copy(c->arena, text->text + at.start, at.end - at.start);
    if (option_set(&c->p->options, id, word, c->arena, &why)) return;
    diagnostic *told = diagnose(c->d, DIAGNOSTIC_option, at, "%s", why);
    advise(c->d, told, "for example `%s = %s`", it->option.name, option_example(id, c->arena));
}

/* ---- functions that nothing calls ---- */

static void add_names(checker *c, scope *s, const entries *axes_of) {
    for (uint32_t i = 0; i < axes_of->count; i++) {
        name n = axes_of->at[i].value->name;
        if (!scope_here(s, n, false)) scope_add(c, s, (binding){.name = n, .kind = BINDING_axis});
    }
}

static void check_body_names(checker *c, scope *outer, const item *f) {
    scope *s = scope_new(c, outer);
    for (uint32_t i = 0; i < f->function.axis_count; i++)
        scope_add(c, s, (binding){.name = f->function.axes[i].name, .kind = BINDING_axis});
    for (uint32_t i = 0; i < f->function.parameter_count; i++) {
        scope_add(c, s, (binding){.name = f->function.parameters[i].name, .kind = BINDING_value});
        add_names(c, s, &f->function.parameters[i].axes);
    }
    add_names(c, s, &f->function.type.axes);
    if (f->function.body) {
        check_names(c, s, f->function.body);
        return;
    }
    const items *body = &f->function.items;
    for (uint32_t i = 0; i < body->count; i++) {
        const targets *left = body->at[i]->kind == ITEM_property ? NULL : left_of(body->at[i]);
        for (uint32_t k = 0; left && k < left->count; k++)
            scope_add(c, s, (binding){.name = left->at[k].name, .kind = BINDING_value});
    }
    for (uint32_t i = 0; i < body->count; i++) {
        const item *it = body->at[i];
        if (it->kind == ITEM_property) check_body_names(c, s, it);
        else if (it->kind == ITEM_draw) check_names(c, s, it->draw.distribution);
        else if (left_of(it) && it->value.value) check_names(c, s, it->value.value);
        bool results = it->kind == ITEM_return || it->kind == ITEM_factor;
        for (uint32_t k = 0; results && k < it->result.count; k++) check_names(c, s, it->result.values[k]);
    }
}

/* A function is checked where it is called, with the axes of that call; of one that nothing calls at least
 * the names are. Where there are other mistakes this one may be reported by a call already. */
static void check_uncalled(checker *c) {
    if (c->d->errors) return;
    for (uint32_t i = 0; i < c->top->bindings.count; i++)
        for (const binding *b = c->top->bindings.at[i]; b && b->kind == BINDING_callable && b->home == c->top;
             b = b->next)
            check_body_names(c, c->top, b->item);
}

static void report_unsupported(checker *c) {
    if (c->d->errors) return;
    for (uint32_t i = 0; i < c->unsupported.count; i++) {
        const unsupported *u = &c->unsupported.at[i];
        bool told_before = false;
        for (uint32_t k = 0; k < i; k++) told_before |= strcmp(c->unsupported.at[k].what, u->what) == 0;
        if (told_before) continue;
        diagnostic *told =
            diagnose(c->d, DIAGNOSTIC_unsupported, u->at, "%s: this version does not run it yet", u->what);
        advise(c->d, told, "docs/language.md lists what runs today");
    }
}

/* ---- the whole ---- */

static void check_axis_sizes(checker *c, const outline *o) {
    for (uint32_t i = 0; i < o->sizes.count; i++) {
        const item *it = o->sizes.at[i];
        const binding *b = scope_here(c->top, it->axis.name, false);
        if (!b || b->kind != BINDING_axis) continue;
        c->now = (surroundings){0};
        node n = evaluate_node(c, c->top, it->axis.size);
        if (!n) continue;
        const node_row *r = program_node(c->p, n);
        bool constant = r->range.lowest == r->range.highest;
        if (r->axes.count || r->stochastic || (constant && (!r->range.whole || r->range.lowest < 1))) {
            diagnostic *told =
                diagnose(c->d, DIAGNOSTIC_type, it->axis.size->at,
                         "the size of an axis is one whole number from 1, of data and numbers");
            advise(c->d, told, "write `axis %s = 8`", it->axis.name);
            continue;
        }
        c->p->axes.at[b->axes.at[0]].size = n;
    }
}

static bool same_message(const diagnostic *a, const diagnostic *b) {
    return a->code == b->code && a->at.source == b->at.source && a->at.start == b->at.start &&
           strcmp(a->message, b->message) == 0;
}

/* What is inlined at several places is told once. */
static void drop_needless(diagnostics *d) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < d->list.count; i++) {
        const diagnostic *it = &d->list.at[i];
        bool repeated = kept && same_message(&d->list.at[kept - 1], it);
        if (repeated) d->errors -= it->severity == SEVERITY_error;
        else if (it->severity == SEVERITY_error || !d->errors) d->list.at[kept++] = d->list.at[i];
    }
    d->list.count = kept;
}

/* Messages in the order of the text; those of one place stay in theirs. */
static void sort_by_place(diagnostics *d) {
    for (uint32_t i = 1; i < d->list.count; i++) {
        diagnostic it = d->list.at[i];
        uint32_t k = i;
        for (; k > 0; k--) {
            const span *before = &d->list.at[k - 1].at;
            if (before->source < it.at.source ||
                (before->source == it.at.source && before->start <= it.at.start))
                break;
            d->list.at[k] = d->list.at[k - 1];
        }
        d->list.at[k] = it;
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
    c->word_pi = names_of(n, "pi"), c->word_size = names_of(n, "size"),
    c->word_log_density = names_of(n, "log_density");
    c->word_sample = names_of(n, "sample"), c->word_cdf = names_of(n, "cdf");
    c->library = scope_new(c, NULL);
    c->library->library = true;
    c->top = scope_new(c, c->library);
    c->top->library = false;
    c->model = scope_new(c, c->top), c->guide = scope_new(c, c->model), c->generate = scope_new(c, c->model);
    c->imported = scope_new(c, NULL);
    scope_add(c, c->imported, (binding){.name = names_of(n, plain_path(c, p->path)), .kind = BINDING_value});
    return c;
}

program *program_compile(diagnostics *d, names *n, uint32_t source, const text_reader *reader) {
    checker *c = checker_new(d, n, source, reader);
    syntax tree = syntax_parse(d, n, source);
    if (d->errors) return c->p;
    outline o = {0};
    declare_items(c, &tree.items, &o);
    c->model_block = o.blocks[BLOCK_model];
    check_list(c, &o.top);
    for (uint32_t i = 0; i < o.top.count; i++)
        if (program_variable(c->p, o.top.at[i]->variables[0])->kind == VARIABLE_param &&
            program_variable(c->p, o.top.at[i]->variables[0])->self)
            push(c->arena, &c->p->reported, o.top.at[i]->variables[0]);
    check_axis_sizes(c, &o);
    if (o.blocks[BLOCK_model]) {
        check_model(c, o.blocks[BLOCK_model]);
    } else {
        diagnostic *told = diagnose(d, DIAGNOSTIC_syntax, (span){source, 0, 0}, "the program has no model");
        advise(d, told, "write `model { … }` with a statement for each quantity");
    }
    net_settle_names(c);
    c->block = BLOCK_generate;
    if (o.blocks[BLOCK_generate]) check_generate(c, o.blocks[BLOCK_generate]);
    for (uint32_t i = 0; i < o.fits.count; i++)
        for (uint32_t k = 0; k < o.fits.at[i]->block.items.count; k++) {
            c->now = (surroundings){0};
            check_option(c, o.fits.at[i]->block.items.at[k]);
        }
    c->block = BLOCK_guide;
    if (o.blocks[BLOCK_guide]) check_guide_block(c, o.blocks[BLOCK_guide]);
    else choose_guide(c);
    net_settle_names(c);
    if (!d->errors) sum_out(c);
    check_uncalled(c);
    report_unsupported(c);
    if (!d->errors) warn_of_program(c, source);
    sort_by_place(d);
    drop_needless(d);
    return c->p;
}
