/* Where latents of location-scale families are placed. A fit may choose how far to centre such a latent, by
 *
 *     y = (1 - c) location + scale^(1 - c) u,    y the unconstrained latent,
 *
 * of a coordinate u (runtime/infer/space.h). Here that becomes nodes of the program, in which u and c are
 * variables. Where location and scale follow from lags of the latent itself, as in a random walk, y is
 * computed by a loop. */
#include "lang/checker.h"

#include <string.h>

/* Where their arguments stand; the last places log x. */
static const struct {
    const char *name;
    uint32_t location, scale;
    support support;
} FAMILIES[] = {
    {"normal", 0, 1, SUPPORT_real},  {"student_t", 1, 2, SUPPORT_real}, {"cauchy", 0, 1, SUPPORT_real},
    {"laplace", 0, 1, SUPPORT_real}, {"logistic", 0, 1, SUPPORT_real},  {"lognormal", 0, 1, SUPPORT_positive},
};

static int family_of(const program *p, const draw *d) {
    if (d->lower || d->upper || d->lowest || d->highest) return -1;
    for (int i = 0; i < (int)(sizeof FAMILIES / sizeof *FAMILIES); i++)
        if (strcmp(d->distribution, FAMILIES[i].name) == 0 && d->argument_count > FAMILIES[i].scale &&
            program_variable(p, d->of)->type.support == FAMILIES[i].support &&
            d->type.support == FAMILIES[i].support)
            return i;
    return -1;
}

static variable add_variable(checker *c, const variable_row *of, const char *what) {
    variable_row row = {.name = names_of(c->p->names, arena_print(c->arena, "%s of %s", what, of->name)),
                        .kind = VARIABLE_coordinate,
                        .at = of->at,
                        .axes = of->axes,
                        .placement = of->placement,
                        .stochastic = true};
    memcpy(row.order, of->order, sizeof row.order);
    push(c->arena, &c->p->variables, row);
    return c->p->variables.count - 1;
}

/* The statements of a latent, with what places their entries as what they sample. */
typedef struct statements {
    draw *at;
    part *cuts;
    uint32_t count;
    bool parts; /* some are for parts of an axis */
} statements;

/* By variable the last of its statements, by statement the one before it of the same; from 1, 0: none. */
typedef struct statement_lists {
    uint32_t *last, *before;
} statement_lists;

static statement_lists list_statements(checker *c) {
    statement_lists l = {arena_array(c->arena, uint32_t, c->p->variables.count),
                         arena_array(c->arena, uint32_t, c->p->model.count + 1)};
    for (uint32_t i = 0; i < c->p->model.count; i++) {
        variable v = c->p->model.at[i].of;
        l.before[i + 1] = l.last[v];
        l.last[v] = i + 1;
    }
    return l;
}

static statements statements_of(checker *c, const statement_lists *l, variable v) {
    statements s = {0};
    for (uint32_t i = l->last[v]; i; i = l->before[i]) s.count++;
    s.at = arena_array(c->arena, draw, s.count);
    s.cuts = arena_array(c->arena, part, s.count);
    for (uint32_t i = l->last[v], k = s.count; i; i = l->before[i]) {
        s.at[--k] = c->p->model.at[i - 1];
        s.cuts[k] = c->model_cuts.at[i - 1];
        s.parts |= s.cuts[k].count > 0;
    }
    return s;
}

/* An argument of all statements, over all entries. */
static node whole_argument(checker *c, const statements *s, bool scale) {
    node *values = arena_array(c->arena, node, s->count);
    for (uint32_t i = 0; i < s->count; i++) {
        int kind = family_of(c->p, &s->at[i]);
        values[i] = s->at[i].arguments[scale ? FAMILIES[kind].scale : FAMILIES[kind].location];
    }
    return join_parts(c, s->cuts, values, s->count, program_variable(c->p, s->at->of)->axes, s->at->at);
}

static node placed(checker *c, const location_scale *x, const draw *d) {
    int kind = family_of(c->p, d);
    node one = make_number(c, 1, d->at), u = within_part(c, make_variable(c, x->coordinate, d->at), d->at),
         centring = within_part(c, make_variable(c, x->centring, d->at), d->at),
         location = d->arguments[FAMILIES[kind].location],
         log_scale = make(c, NODE_log, d->arguments[FAMILIES[kind].scale], 0, 0, d->at),
         rest = make(c, NODE_sub, one, centring, 0, d->at);
    node stretch = make(c, NODE_exp, make(c, NODE_mul, rest, log_scale, 0, d->at), 0, 0, d->at);
    return make(c, NODE_add, make(c, NODE_mul, rest, location, 0, d->at),
                make(c, NODE_mul, stretch, u, 0, d->at), 0, d->at);
}

/* Loops are of what has no transform behind it. */
static bool place_latent(checker *c, const statement_lists *l, variable v) {
    statements s = statements_of(c, l, v);
    for (uint32_t i = 0; i < s.count; i++) {
        int kind = family_of(c->p, &s.at[i]);
        if (kind < 0) return false;
        if (s.parts && FAMILIES[kind].support != SUPPORT_real) return false;
    }
    if (!s.count) return false;
    location_scale *x = arena_new(c->arena, location_scale);
    c->p->variables.at[v].placement = x;
    *x = (location_scale){.of = v,
                          .parts = s.parts,
                          .location = whole_argument(c, &s, false),
                          .scale = whole_argument(c, &s, true)};
    variable_row row = *program_variable(c->p, v);
    x->coordinate = add_variable(c, &row, "coordinate"), x->centring = add_variable(c, &row, "centring");
    for (uint32_t i = 0; i < s.count; i++) {
        c->now.cut = s.cuts[i];
        s.at[i].sample = placed(c, x, &s.at[i]);
    }
    c->now.cut = (part){0};
    if (s.parts) put_together(c, s.at, s.cuts, s.count, WOVEN_places);
    x->value = s.at->sample;
    return x->location && x->scale && x->value;
}

void place_latents(checker *c) {
    surroundings before = c->now;
    c->now = (surroundings){0};
    statement_lists l = list_statements(c);
    for (variable v = 0, all = c->p->variables.count; v < all; v++)
        if (program_variable(c->p, v)->kind == VARIABLE_latent && !place_latent(c, &l, v))
            c->p->variables.at[v].placement = NULL;
    c->now = before;
}
