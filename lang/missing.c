/* Missing entries. Data of a type that ends in `?` may have some, and where the model draws the data they are
 * latents: what stands for the name is then not the data, but
 *   continuous   the data with the latents in the gaps. The latents are a vector over an axis of their own,
 * which is as long as there are gaps, so that no dimension is wasted on what is given; discrete     a latent
 * with all entries, which is summed out, and a factor that is 0 where an entry is given and the latent has
 * it, -infinity where it has another one. How many gaps there are is known when data are bound, which fills
 * the variables of kind VARIABLE_place. */
#include "lang/checker.h"

static bool model_draws(const checker *c, name n) {
    for (uint32_t i = 0; c->model_block && i < c->model_block->block.items.count; i++) {
        const item *it = c->model_block->block.items.at[i];
        for (uint32_t k = 0; it->kind == ITEM_draw && k < it->draw.targets.count; k++)
            if (it->draw.targets.at[k].name == n) return true;
    }
    return false;
}

missing *missing_of(const program *p, variable v) {
    for (uint32_t i = 0; i < p->missing.count; i++)
        if (p->missing.at[i].of == v) return &p->missing.at[i];
    return NULL;
}

static variable add_variable(checker *c, name n, variable_kind kind, axes of, const axis *order, type is,
                             span at) {
    variable_row row = {.name = n, .kind = kind, .at = at, .axes = of, .type = is};
    row.stochastic = kind == VARIABLE_latent;
    memcpy(row.order, order, of.count * sizeof *order);
    push(c->arena, &c->p->variables, row);
    return c->p->variables.count - 1;
}

/* A bound at the entries that are missing. */
static node at_gaps(checker *c, const missing *m, node bound) {
    const variable_row of = *program_variable(c->p, m->of);
    for (int i = 0; bound && i < of.axes.count; i++)
        if (axes_has(program_node(c->p, bound)->axes, of.order[i]))
            bound = make_gather(c, bound, make_variable(c, m->at[i], of.at), of.order[i], of.at);
    return bound;
}

static node fill_gaps(checker *c, missing *m, name n) {
    const variable_row of = *program_variable(c->p, m->of);
    axis_row gaps = {.name = n, .at = of.at, .source = AXIS_missing, .of = (axis)c->p->axes.count};
    m->along = gaps.of;
    push(c->arena, &c->p->axes, gaps);
    scope_add(c, c->top, (binding){.name = n, .kind = BINDING_axis, .at = of.at, .axes = axes_one(m->along)});
    for (int i = 0; i < of.axes.count; i++) {
        type entry = {.support = SUPPORT_index, .index = program_axis(c->p, of.order[i])->of};
        m->at[i] = add_variable(c, n, VARIABLE_place, axes_one(m->along), &m->along, entry, of.at);
    }
    type is = of.type;
    is.may_be_missing = false;
    is.lower = at_gaps(c, m, is.lower), is.upper = at_gaps(c, m, is.upper);
    m->latent = add_variable(c, n, VARIABLE_latent, axes_one(m->along), &m->along, is, of.at);
    node latent = make_variable(c, m->latent, of.at), number = make_variable(c, m->number, of.at);
    c->p->variables.at[m->latent].self = latent;
    node place_of = make(c, NODE_maximum, number, make_number(c, 1, of.at), 0, of.at);
    node is_gap = make(c, NODE_lt, make_number(c, 0, of.at), number, 0, of.at);
    return make(c, NODE_select, is_gap, make_gather(c, latent, place_of, m->along, of.at), of.self, of.at);
}

static node pin_given(checker *c, missing *m) {
    const variable_row of = *program_variable(c->p, m->of);
    type is = of.type;
    is.may_be_missing = false;
    m->along = AXIS_NONE;
    m->latent = add_variable(c, of.name, VARIABLE_latent, of.axes, of.order, is, of.at);
    node latent = make_variable(c, m->latent, of.at), number = make_variable(c, m->number, of.at);
    c->p->variables.at[m->latent].self = latent;
    node is_gap = make(c, NODE_lt, make_number(c, 0, of.at), number, 0, of.at);
    node agrees = make(c, NODE_or, is_gap, make(c, NODE_eq, latent, of.self, 0, of.at), 0, of.at);
    m->pin = make(c, NODE_select, agrees, make_number(c, 0, of.at), make_number(c, -INFINITY, of.at), of.at);
    push(c->arena, &c->p->factors, m->pin);
    return latent;
}

void missing_declare(checker *c, definition *f) {
    variable v = f->variables[0];
    const variable_row of = *program_variable(c->p, v);
    if (!of.type.may_be_missing || !model_draws(c, of.name)) return;
    if (SUPPORTS[of.type.support].event) {
        push(c->arena, &c->unsupported,
             (unsupported){of.at, arena_print(c->arena, "data with missing entries that are %s",
                                              SUPPORTS[of.type.support].about)});
        return;
    }
    name n = names_of(c->p->names, arena_print(c->arena, "%s.missing", of.name));
    missing m = {.of = v};
    m.number = add_variable(c, n, VARIABLE_place, of.axes, of.order, (type){.support = SUPPORT_count}, of.at);
    node self = type_range(c->p, of.type).whole ? pin_given(c, &m) : fill_gaps(c, &m, n);
    push(c->arena, &c->p->missing, m);
    c->p->variables.at[v].self = self;
    f->results[0] = value_of(self);
}

void missing_drawn(checker *c, draw *row, bool alone) {
    const missing *m = missing_of(c->p, row->of);
    if (!m) return;
    variable_row *latent = &c->p->variables.at[m->latent];
    latent->draw = c->p->model.count;
    if (m->along == AXIS_NONE) {
        row->of = m->latent;
        return;
    }
    if (row->lowest || row->highest)
        push(c->arena, &c->unsupported, (unsupported){row->at, "missing entries of what is censored"});
    if (!alone || (!row->lower && !row->upper)) return;
    node lower, upper;
    support_bounds(c, latent->type, row->at, &lower, &upper);
    node drawn_lower = at_gaps(c, m, row->lower), drawn_upper = at_gaps(c, m, row->upper);
    if (lower && drawn_lower) lower = make(c, NODE_maximum, lower, drawn_lower, 0, row->at);
    if (upper && drawn_upper) upper = make(c, NODE_minimum, upper, drawn_upper, 0, row->at);
    type narrower = {.support = SUPPORT_interval,
                     .lower = lower ? lower : drawn_lower,
                     .upper = upper ? upper : drawn_upper};
    c->p->variables.at[m->latent].type = narrower;
}
