/* What is legal and probably not meant. A warning changes nothing: the program runs as it says. What a
 * program with mistakes leaves unused is not told, since the mistake may be why. */
#include "lang/checker.h"

/* Which variables something else needs. A node is walked at most twice, for two different owners: after that
 * every variable below it is marked, because each was met by an owner other than itself. */
typedef struct uses {
    const program *p;
    variable owner; /* whose statement is walked: a latent is not used by its own prior */
    bool in_guide;  /* where latents are not used either */
    uint32_t *seen; /* by node: 0; 1 + its only owner so far; SEEN_TWICE */
    bool *used;     /* by variable */
    bool *varies;   /* by axis: something does */
} uses;

enum { SEEN_TWICE = 0xffffffff };

static void use_axes(uses *u, axes s) {
    for (int i = 0; i < s.count; i++) u->varies[program_axis(u->p, s.at[i])->of] = true;
}

static void walk(uses *u, node n) {
    if (!n || u->seen[n] == SEEN_TWICE) return;
    if (u->owner != VARIABLE_NONE && u->seen[n] == u->owner + 1) return;
    u->seen[n] = u->seen[n] || u->owner == VARIABLE_NONE ? SEEN_TWICE : u->owner + 1;
    const node_row *r = program_node(u->p, n);
    use_axes(u, r->axes);
    if (r->op == NODE_size || r->op == NODE_position) u->varies[program_axis(u->p, r->axis)->of] = true;
    if (r->op == NODE_variable && r->variable != u->owner &&
        !(u->in_guide && variable_is_latent(program_variable(u->p, r->variable))))
        u->used[r->variable] = true;
    for (int i = 0; i < node_inputs(r->op); i++) walk(u, r->in[i]);
}

static void walk_draw(uses *u, const draw *d) {
    walk(u, d->log_density);
    walk(u, d->type.lower);
    walk(u, d->type.upper);
    for (uint32_t i = 0; i < d->argument_count; i++) walk(u, d->arguments[i]);
}

/* The owner of a `let`, a default or a start value is itself, so that what it is made of counts as used. */
static void walk_variables(uses *u) {
    for (variable v = 0; v < u->p->variables.count; v++) {
        const variable_row *x = program_variable(u->p, v);
        u->owner = v;
        use_axes(u, x->axes);
        if (x->type.support == SUPPORT_index && x->type.index != AXIS_NONE)
            u->varies[program_axis(u->p, x->type.index)->of] = true;
        u->used[v] |= x->observed;
        walk(u, x->value);
        walk(u, x->type.lower);
        walk(u, x->type.upper);
    }
}

static void walk_program(uses *u) {
    const program *p = u->p;
    walk_variables(u);
    for (uint32_t i = 0; i < p->model.count; i++) {
        u->owner = p->model.at[i].of;
        walk_draw(u, &p->model.at[i]);
    }
    u->owner = VARIABLE_NONE;
    for (uint32_t i = 0; i < p->factors.count; i++) walk(u, p->factors.at[i]);
    for (axis a = 0; a < p->axes.count; a++) walk(u, p->axes.at[a].size);
    u->in_guide = true;
    for (uint32_t i = 0; i < p->guide.count; i++) walk_draw(u, &p->guide.at[i]);
}

static void warn_of_variables(checker *c, const uses *u, uint32_t source) {
    bool learns = c->p->factors.count > 0;
    for (variable v = 0; v < c->p->variables.count; v++) learns |= program_variable(c->p, v)->observed;
    for (variable v = 0; v < c->p->variables.count; v++) {
        const variable_row *x = program_variable(c->p, v);
        if (u->used[v] || x->at.source != source) continue;
        if (variable_is_latent(x) && learns)
            advise(c->d,
                   warn(c->d, DIAGNOSTIC_unused, x->at, "nothing depends on `%s`: its posterior is its prior",
                        x->name),
                   "use it in a statement, or leave it out");
        if (x->kind == VARIABLE_data)
            advise(c->d, warn(c->d, DIAGNOSTIC_unused, x->at, "`%s` is given and never used", x->name),
                   "use it in the model, or leave its declaration out");
        if (x->kind == VARIABLE_param)
            advise(
                c->d,
                warn(c->d, DIAGNOSTIC_unused, x->at, "`%s` is never used, so nothing estimates it", x->name),
                "use it in the model or the guide, or leave it out");
    }
}

static void warn_of_axes(checker *c, const uses *u, uint32_t source) {
    for (axis a = 0; a < c->p->axes.count; a++) {
        const axis_row *row = program_axis(c->p, a);
        if (row->of != a || u->varies[a] || row->at.source != source) continue;
        advise(c->d, warn(c->d, DIAGNOSTIC_unused, row->at, "nothing varies over `%s`", row->name),
               "leave the axis out");
    }
}

/* `mu = normal(0, 1)`, where `mu ~ normal(0, 1)` was meant. */
static void warn_of_distributions(checker *c, const scope *s, uint32_t source) {
    for (uint32_t i = 0; i < s->bindings.count; i++) {
        const binding *b = s->bindings.at[i];
        bool idle = b->kind == BINDING_definition && !b->definition->named && b->at.source == source &&
                    b->definition->results[b->part].kind == VALUE_distribution;
        if (!idle) continue;
        advise(c->d,
               warn(c->d, DIAGNOSTIC_unused, b->at, "`%s` is a distribution, from which nothing is drawn",
                    b->name),
               "write `%s ~ …` to draw from it, or leave it out", b->name);
    }
}

/* The latent whose entries an argument is; VARIABLE_NONE where it is computed. */
static variable plain_latent(const program *p, node n) {
    const node_row *r = program_node(p, n);
    while (r->op == NODE_gather || r->op == NODE_rename || r->op == NODE_expand || r->op == NODE_part)
        r = program_node(p, r->in[0]);
    bool latent = r->op == NODE_variable && program_variable(p, r->variable)->kind == VARIABLE_latent;
    return latent ? r->variable : VARIABLE_NONE;
}

static bool is_flat(const draw *d) { return !d->sample && strcmp(d->distribution, "flat") == 0; }

/* A density that does not end at large scales is one that the data may not end either: a flat prior on the sd
 * of few groups has no posterior (Gelman, Bayesian Analysis 1, 2006). */
static void warn_of_flat_scales(checker *c, uint32_t source) {
    bool *told = arena_array(c->arena, bool, c->p->variables.count + 1);
    for (uint32_t i = 0; i < c->p->model.count; i++) {
        const draw *d = &c->p->model.at[i];
        const binding *b = scope_find(c->top, d->distribution, true);
        for (uint32_t k = 0; b && k < d->argument_count; k++) {
            const char *wants = b->item->function.parameters[k].type.name;
            if (!wants || strcmp(wants, SUPPORTS[SUPPORT_positive].name) != 0) continue;
            variable v = plain_latent(c->p, d->arguments[k]);
            if (v == VARIABLE_NONE || told[v]) continue;
            const draw *prior = &c->p->model.at[program_variable(c->p, v)->draw];
            if (!is_flat(prior) || prior->at.source != source) continue;
            told[v] = true;
            const char *name = program_variable(c->p, v)->name;
            advise(c->d,
                   warn(c->d, DIAGNOSTIC_flat, prior->at,
                        "the prior of `%s`, the %s of `%s`, is flat: with few data the posterior has no end",
                        name, b->item->function.parameters[k].name, d->distribution),
                   "say how large it may be, as `%s ~ half_normal(1)`; the evidence of a flat prior has no "
                   "meaning",
                   name);
        }
    }
}

void warn_of_program(checker *c, uint32_t source) {
    uses u = {.p = c->p};
    u.seen = arena_array(c->arena, uint32_t, c->p->nodes.count + 1);
    u.used = arena_array(c->arena, bool, c->p->variables.count + 1);
    u.varies = arena_array(c->arena, bool, c->p->axes.count + 1);
    walk_program(&u);
    warn_of_variables(c, &u, source);
    warn_of_axes(c, &u, source);
    warn_of_distributions(c, c->model, source);
    warn_of_distributions(c, c->generate, source);
    warn_of_flat_scales(c, source);
}
