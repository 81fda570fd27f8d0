/* The guide, held against the model: every latent has exactly one statement or family there, with its axes,
 * its measure, and a support within its own. */
#include "lang/checker.h"

/* Which statement of the guide draws each variable; NULL: none yet. */
typedef struct coverage {
    const item **by;
    bool *known_latent; /* latents, also those whose statement failed */
    uint32_t astray;    /* names that it draws and that are no latents */
} coverage;

/* Latents that a family in unconstrained space can hold; the others are summed out where the guide does not
 * draw them. */
static bool is_continuous_latent(const program *p, variable v) {
    const variable_row *row = program_variable(p, v);
    return row->kind == VARIABLE_latent && !type_range(p, row->type).whole;
}

static variable latent_named(checker *c, name n) {
    for (variable v = 0; strchr(n, '.') && v < c->p->variables.count; v++) /* of a net, missing entries */
        if (program_variable(c->p, v)->name == n && program_variable(c->p, v)->kind == VARIABLE_latent)
            return v;
    const binding *b = scope_here(c->model, n, false);
    if (!b || b->kind != BINDING_definition) return VARIABLE_NONE;
    variable v = b->definition->variables[b->part];
    return program_variable(c->p, v)->kind == VARIABLE_latent ? v : VARIABLE_NONE;
}

static bool cover(checker *c, coverage *all, variable v, const item *it, span at) {
    if (!all->by[v] || is_guarded(&all->by[v]->draw.targets.at[0])) {
        all->by[v] = it;
        return true;
    }
    diagnostic *told = diagnose(c->d, DIAGNOSTIC_duplicate, at, "the guide draws `%s` twice",
                                program_variable(c->p, v)->name);
    advise(c->d, told, "every latent has exactly one statement in the guide; remove one");
    return false;
}

static void report_not_latent(checker *c, const target *t, coverage *all) {
    all->astray++;
    const binding *b = scope_find(c->model, t->name, false);
    diagnostic *told;
    if (!b) {
        told = diagnose(c->d, DIAGNOSTIC_guide, t->name_at, "the model has no latent `%s`", t->name);
        nearest near = {.of = t->name};
        for (variable v = 0; v < c->p->variables.count; v++)
            if (program_variable(c->p, v)->kind == VARIABLE_latent)
                nearest_try(&near, program_variable(c->p, v)->name);
        if (near.best) advise(c->d, told, "did you mean `%s`?", near.best);
        else advise(c->d, told, "a guide draws the latents of the model, no others");
        return;
    }
    const missing *gaps =
        b->kind == BINDING_definition ? missing_of(c->p, b->definition->variables[b->part]) : NULL;
    if (gaps && gaps->along != AXIS_NONE) {
        told = diagnose(c->d, DIAGNOSTIC_guide, t->name_at, "only the missing entries of `%s` are latents",
                        t->name);
        advise(c->d, told, "name these, `%s.missing ~ mean_field()`, or leave them to `rest ~ mean_field()`",
               t->name);
        return;
    }
    told = diagnose(c->d, DIAGNOSTIC_guide, t->name_at, "`%s` is not a latent: the guide may not draw it",
                    t->name);
    advise(c->d, told, "leave it out; what is observed or computed has no posterior to be approximated");
}

static const struct {
    const char *name, *sized; /* `sized`: what its number counts, NULL where it takes none */
} FAMILIES[] = {
    [FAMILY_mean_field] = {"mean_field", NULL},
    [FAMILY_full_rank] = {"full_rank", NULL},
    [FAMILY_low_rank] = {"low_rank", "columns"},
    [FAMILY_flow] = {"flow", "layers"},
};
enum { FAMILY_SIZE_MOST = 1000 };

/* What is called, also where the brackets were forgotten. */
static const char *called(const item *it) {
    const expression *e = it->draw.distribution;
    if (e->kind == EXPRESSION_call) e = e->head;
    return e->kind == EXPRESSION_name ? e->name : "";
}

static family_kind family_of(const item *it) {
    for (family_kind k = FAMILY_mean_field; k <= FAMILY_flow; k++)
        if (strcmp(called(it), FAMILIES[k].name) == 0) return k;
    return FAMILY_auto;
}

/* False, reported, where the call has no brackets. */
static bool has_brackets(checker *c, const expression *call, const char *example) {
    if (call->kind == EXPRESSION_call) return true;
    diagnostic *told =
        diagnose(c->d, DIAGNOSTIC_arity, call->at, "`%s` stands without its brackets", call->name);
    advise(c->d, told, "write `%s`", example);
    return false;
}

static void report_discrete(checker *c, const target *t, const char *kind) {
    diagnostic *told = diagnose(c->d, DIAGNOSTIC_measure, t->name_at,
                                "`%s` is discrete, but `%s` is a continuous family", t->name, kind);
    advise(c->d, told, "leave it out to sum it out, or draw it from a discrete distribution, `%s ~ …`",
           t->name);
}

/* The number in `low_rank(3)`; 1, reported, where it is wrong. */
static uint32_t family_size(checker *c, const expression *call, family_kind kind) {
    const char *name = FAMILIES[kind].name, *sized = FAMILIES[kind].sized;
    if (!has_brackets(c, call, arena_print(c->arena, sized ? "%s(4)" : "%s()", name))) return 1;
    if (!sized) {
        if (!call->list.count) return 0;
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_arity, call->at, "`%s` takes no arguments", name);
        advise(c->d, told, "write `%s()`", name);
        return 1;
    }
    if (call->list.count != 1) {
        diagnostic *told =
            diagnose(c->d, DIAGNOSTIC_arity, call->at, "`%s` takes the number of its %s", name, sized);
        advise(c->d, told, "write `%s(4)`", name);
        return 1;
    }
    const expression *e = call->list.at[0].value;
    c->now = (surroundings){0};
    node n = evaluate_node(c, c->guide, e);
    if (!n) return 1;
    range r = program_node(c->p, n)->range;
    if (r.lowest == r.highest && r.whole && r.lowest >= 1 && r.lowest <= FAMILY_SIZE_MOST)
        return (uint32_t)r.lowest;
    diagnostic *told = diagnose(c->d, DIAGNOSTIC_type, e->at,
                                "the number of %s is a whole number from 1 to %d", sized, FAMILY_SIZE_MOST);
    advise(c->d, told, "write `%s(4)`", name);
    return 1;
}

static void add_family(checker *c, const item *it, family_kind kind, coverage *all) {
    family f = {.at = it->at, .kind = kind, .size = family_size(c, it->draw.distribution, kind)};
    f.of = arena_array(c->arena, variable, c->p->variables.count + 1);
    for (uint32_t i = 0; i < it->draw.targets.count; i++) {
        const target *t = &it->draw.targets.at[i];
        if (t->name == c->word_rest) continue;
        variable v = latent_named(c, t->name);
        if (v == VARIABLE_NONE) report_not_latent(c, t, all);
        else if (!is_continuous_latent(c->p, v) && program_variable(c->p, v)->self)
            report_discrete(c, t, FAMILIES[kind].name);
        else if (cover(c, all, v, it, t->name_at)) f.of[f.count++] = v;
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
        diagnostic *told =
            diagnose(c->d, DIAGNOSTIC_guide, it->at, "several latents at once are drawn from a joint family");
        advise(c->d, told, "write `%s, … ~ full_rank()`, or a statement for each", t->name);
        return;
    }
    variable v = latent_named(c, t->name);
    if (v == VARIABLE_NONE) {
        report_not_latent(c, t, all);
        return;
    }
    if (!cover(c, all, v, it, t->name_at) || !program_variable(c->p, v)->self) return;
    binding *b = scope_here(c->guide, t->name, false);
    if (b) { /* another part of it: `cover` refuses all else */
        push(c->arena, &b->definition->others, it);
        return;
    }
    definition *f = arena_new(c->arena, definition);
    *f = (definition){.item = it, .scope = c->guide, .count = 1, .variables = {v}};
    scope_add(c, c->guide,
              (binding){.name = t->name, .kind = BINDING_definition, .at = t->name_at, .definition = f});
    push(c->arena, list, f);
}

/* `a, b ~ conjugate()` */
static bool is_conjugate(const item *it) { return strcmp(called(it), "conjugate") == 0; }

static void declare_conjugate(checker *c, const item *from, variable v, definition_list *list,
                              coverage *all) {
    const item *it = program_variable(c->p, v)->self ? conjugate_statement(c, v, from->at) : NULL;
    if (it) declare_guide_draw(c, it, list, all);
    else all->by[v] = from;
}

static void declare_conjugates(checker *c, const item *it, definition_list *list, coverage *all) {
    bool brackets = has_brackets(c, it->draw.distribution, "conjugate()");
    if (brackets && it->draw.distribution->list.count) {
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_arity, it->draw.distribution->at,
                                    "`conjugate` takes no arguments: all of its guides' are free");
        advise(c->d, told, "write `conjugate()`");
    }
    for (uint32_t i = 0; i < it->draw.targets.count; i++) {
        const target *t = &it->draw.targets.at[i];
        if (t->name == c->word_rest) continue;
        variable v = latent_named(c, t->name);
        if (v == VARIABLE_NONE) report_not_latent(c, t, all);
        else declare_conjugate(c, it, v, list, all);
    }
}

/* Unless names that are no latents may stand for those that it leaves out. */
static void report_uncovered(checker *c, const item *block, const coverage *all) {
    const char *missing = NULL;
    uint32_t count = 0;
    for (variable v = 0; v < c->p->variables.count; v++) {
        if (!is_continuous_latent(c->p, v) || all->by[v]) continue;
        const char *n = program_variable(c->p, v)->name;
        missing = count++ ? arena_print(c->arena, "%s, %s", missing, n) : n;
    }
    if (count <= all->astray) return;
    span word = {block->at.source, block->at.start, block->at.start + 5};
    diagnostic *told = diagnose(c->d, DIAGNOSTIC_guide, word, "the guide does not draw %s", missing);
    advise(c->d, told, "add `rest ~ mean_field()`, or a statement for each: `%s ~ …`", missing);
}

void check_guide_block(checker *c, const item *block) {
    uint32_t variables = c->p->variables.count;
    coverage all = {.by = arena_array(c->arena, const item *, variables + 1)};
    definition_list list = {0};
    const item *rest = NULL;
    for (uint32_t i = 0; i < block->block.items.count; i++) {
        const item *it = block->block.items.at[i];
        family_kind kind = it->kind == ITEM_draw ? family_of(it) : FAMILY_auto;
        bool conjugate = it->kind == ITEM_draw && is_conjugate(it);
        if ((kind || conjugate) && names_rest(c, it)) {
            if (rest) {
                diagnostic *told = diagnose(c->d, DIAGNOSTIC_duplicate, it->at, "`rest` stands twice");
                advise(c->d, told, "the first takes all that is left; remove one");
            }
            rest = it;
        }
        if (kind) add_family(c, it, kind, &all);
        else if (conjugate) declare_conjugates(c, it, &list, &all);
        else if (it->kind == ITEM_draw) declare_guide_draw(c, it, &list, &all);
        else if (it->kind == ITEM_define || it->kind == ITEM_let || it->kind == ITEM_param)
            declare_local(c, c->guide, it, &list, VARIABLE_guide);
    }
    for (variable v = 0; rest && is_conjugate(rest) && v < variables; v++)
        if (is_continuous_latent(c->p, v) && !all.by[v]) declare_conjugate(c, rest, v, &list, &all);
    check_list(c, &list);
    complete_samples(c);
    for (uint32_t k = 0; k < c->p->families.count; k++) {
        family *f = &c->p->families.at[k];
        if (!rest || f->at.start != rest->at.start || f->at.source != rest->at.source) continue;
        for (variable v = 0; v < variables; v++)
            if (is_continuous_latent(c->p, v) && !all.by[v]) all.by[v] = rest, f->of[f->count++] = v;
    }
    if (!rest) report_uncovered(c, block, &all);
}

/* Coordinate ascent is of statements. */
static void choose_conjugates(checker *c) {
    coverage all = {.by = arena_array(c->arena, const item *, c->p->variables.count + 1)};
    definition_list list = {0};
    uint32_t variables = c->p->variables.count;
    for (variable v = 0; v < variables; v++) {
        if (!is_continuous_latent(c->p, v)) continue;
        const item from = {.at = program_variable(c->p, v)->at};
        declare_conjugate(c, &from, v, &list, &all);
    }
    check_list(c, &list);
    complete_samples(c);
}

/* Without a guide the family is ours to choose. */
void choose_guide(checker *c) {
    if (c->p->options.objective.word == OBJECTIVE_cavi) {
        choose_conjugates(c);
        return;
    }
    family f = {.kind = FAMILY_auto};
    f.of = arena_array(c->arena, variable, c->p->variables.count + 1);
    for (variable v = 0; v < c->p->variables.count; v++)
        if (is_continuous_latent(c->p, v)) f.of[f.count++] = v;
    push(c->arena, &c->p->families, f);
}
