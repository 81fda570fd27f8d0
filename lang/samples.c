/* The samples of statements for parts of an axis, put together to those of all of a variable. Draws that
 * follow from their own lags, in `generate` or in the guide, are loops as names are (loops.c): the noise for
 * all entries is drawn outside, the loop transforms it. The densities of such statements, and those of the
 * model, need no loop, since all of x is there. */
#include "lang/checker.h"

typedef struct sampling {
    checker *c;
    draw *draws;
    const part *cuts;
    uint32_t count;
    pieces *of; /* by variable: what its statements sample, or what it is computed by; count 0: given */
} sampling;

static const pieces *pieces_of(sampling *s, variable v) {
    const variable_row *row = program_variable(s->c->p, v);
    bool computed =
        row->kind == VARIABLE_derived || row->kind == VARIABLE_guide || row->kind == VARIABLE_generated;
    if (s->of[v].count || !computed || !row->value) return &s->of[v];
    if (v < s->c->computed.count && s->c->computed.at[v]) {
        s->of[v] = *s->c->computed.at[v];
        return &s->of[v];
    }
    s->of[v] = (pieces){.of = v, .count = 1, .whole = row->axes, .at = row->at};
    s->of[v].cuts = arena_array(s->c->arena, part, 1);
    s->of[v].values = arena_array(s->c->arena, node, 1);
    s->of[v].values[0] = row->value;
    return &s->of[v];
}

/* The statements of every variable that are drawn; none of one that cannot be. */
static void collect_draws(sampling *s) {
    checker *c = s->c;
    bool *never = arena_array(c->arena, bool, c->p->variables.count);
    for (uint32_t i = 0; i < s->count; i++) {
        const draw *d = &s->draws[i];
        pieces *x = &s->of[d->of];
        never[d->of] |= !d->sample || d->lower || d->upper || d->lowest || d->highest || d->along.count;
        if (!x->cuts) {
            uint32_t count = 0;
            for (uint32_t k = i; k < s->count; k++) count += s->draws[k].of == d->of;
            *x = (pieces){.of = d->of, .at = d->at, .whole = program_variable(c->p, d->of)->axes};
            x->cuts = arena_array(c->arena, part, count);
            x->values = arena_array(c->arena, node, count);
        }
        x->cuts[x->count] = s->cuts[i];
        x->values[x->count++] = d->sample;
    }
    for (variable v = 0; v < c->p->variables.count; v++)
        if (never[v]) s->of[v].count = 0;
}

static void collect_variables(sampling *s, node n, bool *seen, bool *found) {
    if (seen[n]) return;
    seen[n] = true;
    const node_row *r = program_node(s->c->p, n);
    if (r->op == NODE_variable || r->op == NODE_carried) found[r->variable] = true;
    for (int i = 0; i < node_inputs(r->op); i++) collect_variables(s, r->in[i], seen, found);
}

/* The variables that v needs, through others, and that need v, v first. */
static uint32_t find_sampled_circle(sampling *s, variable v, pieces *circle) {
    checker *c = s->c;
    uint32_t variables = c->p->variables.count, reached = 1, count = 0;
    variable *order = arena_array(c->arena, variable, variables);
    bool **needs_of = arena_array(c->arena, bool *, variables),
         *seen = arena_array(c->arena, bool, variables), *leads = arena_array(c->arena, bool, variables);
    order[0] = v, seen[v] = leads[v] = true;
    for (uint32_t i = 0; i < reached; i++) {
        const pieces *x = pieces_of(s, order[i]);
        bool *nodes = arena_array(c->arena, bool, c->p->nodes.count);
        needs_of[i] = arena_array(c->arena, bool, variables);
        for (uint32_t k = 0; k < x->count; k++) collect_variables(s, x->values[k], nodes, needs_of[i]);
        for (variable u = 0; u < variables; u++)
            if (needs_of[i][u] && !seen[u]) seen[u] = true, order[reached++] = u;
    }
    for (bool again = true; again;) {
        again = false;
        for (uint32_t i = reached; i-- > 1;)
            for (variable u = 0; !leads[order[i]] && u < variables; u++)
                if (needs_of[i][u] && leads[u]) leads[order[i]] = again = true;
    }
    bool itself = needs_of[0][v];
    for (uint32_t i = 0; i < reached; i++)
        if (leads[order[i]]) circle[count++] = *pieces_of(s, order[i]);
    return count > 1 || itself ? count : 0;
}

/* Gives every statement of a variable its sample. */
static void set_sample(sampling *s, variable v, node sample) {
    bool pathwise = true;
    for (uint32_t i = 0; i < s->count; i++)
        if (s->draws[i].of == v) pathwise &= s->draws[i].pathwise;
    for (uint32_t i = 0; i < s->count; i++)
        if (s->draws[i].of == v) s->draws[i].sample = sample, s->draws[i].pathwise = sample && pathwise;
}

void put_together(checker *c, draw *draws, const part *cuts, uint32_t count, woven for_what) {
    sampling s = {.c = c, .draws = draws, .cuts = cuts, .count = count};
    bool *done = arena_array(c->arena, bool, c->p->variables.count);
    for (uint32_t i = 0; i < s.count; i++) {
        variable v = s.draws[i].of;
        if (!s.cuts[i].count || done[v]) continue;
        if (!s.of) {
            s.of = arena_array(c->arena, pieces, c->p->variables.count);
            collect_draws(&s);
        }
        pieces *circle = arena_array(c->arena, pieces, c->p->variables.count);
        uint32_t members = s.of[v].count ? find_sampled_circle(&s, v, circle) : 0;
        if (!members) circle[0] = s.of[v], members = 1;
        node *results = arena_array(c->arena, node, members);
        if (s.of[v].count) weave(c, circle, members, for_what, results);
        circle[0].of = v;
        for (uint32_t m = 0; m < members; m++) {
            done[circle[m].of] = true;
            set_sample(&s, circle[m].of, results[m]);
        }
    }
}

void complete_samples(checker *c) {
    put_together(c, c->p->guide.at, c->guide_cuts.at, c->p->guide.count, WOVEN_draws);
}
