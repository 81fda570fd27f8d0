#include "runtime/infer/pointwise.h"

#include <math.h>
#include <string.h>
#include "base/names.h"
#include "runtime/bind/marginal.h"
#include "runtime/infer/density.h"

/* ---- what the terms are ---- */

enum { FACTOR_NONE = UINT32_MAX };

/* A term of the log likelihood, before it is summed over its axes. */
typedef struct term {
    const draw *statement; /* NULL: what summing discrete latents out left */
    uint32_t factor;       /* … in the program's marginal */
    axes axes;
    vector(variable) of;    /* what is observed */
    const missing *gaps[2]; /* entries that are no observation */
} term;

typedef vector(term) terms;

static const missing *gaps_of(const program *p, variable v) {
    for (uint32_t i = 0; i < p->missing.count; i++)
        if (p->missing.at[i].of == v || p->missing.at[i].latent == v) return &p->missing.at[i];
    return NULL;
}

/* Sums over plates are taken apart when latents are summed out (lang/enumeration.c). */
static bool is_density(const program *p, node of, node density) {
    while (of != density && program_node(p, of)->op == NODE_sum) of = program_node(p, of)->in[0];
    return of == density;
}

static void add_observed(const program *p, node density, term *to, arena *a) {
    for (uint32_t i = 0; i < p->model.count; i++) {
        const draw *d = &p->model.at[i];
        if (is_density(p, d->log_density, density) && program_variable(p, d->of)->observed)
            push(a, &to->of, d->of);
    }
    for (uint32_t i = 0; i < p->missing.count; i++)
        if (p->missing.at[i].pin && is_density(p, p->missing.at[i].pin, density))
            push(a, &to->of, p->missing.at[i].of);
}

/* All that an elimination took comes to its factor. */
static void find_observed(const program *p, uint32_t factor, term *to, arena *a) {
    if (p->marginal.at[factor].density) add_observed(p, p->marginal.at[factor].density, to, a);
    for (uint32_t i = 0; i < p->eliminations.count; i++) {
        const elimination *g = &p->eliminations.at[i];
        for (uint32_t k = 0; g->leaves == factor && k < g->takes.count; k++)
            find_observed(p, g->takes.at[k], to, a);
    }
}

static bool is_taken(const program *p, uint32_t factor) {
    for (uint32_t i = 0; i < p->eliminations.count; i++)
        for (uint32_t k = 0; k < p->eliminations.at[i].takes.count; k++)
            if (p->eliminations.at[i].takes.at[k] == factor) return true;
    return false;
}

static terms find_terms(const program *p, arena *a) {
    terms all = {0};
    for (uint32_t i = 0; i < p->model.count; i++) {
        const draw *d = &p->model.at[i];
        if (!program_variable(p, d->of)->observed || program_touched(p, d->log_density)) continue;
        term t = {.statement = d, .factor = FACTOR_NONE, .axes = d->axes};
        push(a, &t.of, d->of);
        push(a, &all, t);
    }
    for (uint32_t i = 0; i < p->marginal.count; i++) {
        term t = {.factor = i, .axes = p->marginal.at[i].plates};
        if (is_taken(p, i)) continue;
        find_observed(p, i, &t, a);
        if (t.of.count) push(a, &all, t);
    }
    return all;
}

/* ---- observations ---- */

/* The axes of a term in the order in which its variable was declared; others follow. */
static void order_axes(const program *p, const term *t, observations *to) {
    const variable_row *x = program_variable(p, t->of.at[0]);
    axes left = t->axes;
    for (int k = 0; k < x->axes.count; k++)
        for (int i = 0; i < left.count; i++) {
            bool is = left.at[i] == x->order[k] || (program_axis(p, left.at[i])->source == AXIS_part &&
                                                    program_axis(p, left.at[i])->of == x->order[k]);
            if (!is) continue;
            to->order[to->rank++] = left.at[i];
            left = axes_without(left, left.at[i]);
            break;
        }
    for (int i = 0; i < left.count; i++) to->order[to->rank++] = left.at[i];
}

/* Whether every entry of what is observed is an observation of its own. */
static bool is_shared(const program *p, const term *t) {
    if (t->statement) return false;
    uint64_t entries = t->axes.count;
    for (uint32_t i = 0; i < t->of.count; i++)
        if (program_variable(p, t->of.at[i])->axes.count != entries) return true;
    return t->of.count > 1;
}

static const char *name_of(const program *p, const term *t, arena *a) {
    const char *text = program_variable(p, t->of.at[0])->name;
    for (uint32_t i = 1; i < t->of.count; i++) {
        const char *more = program_variable(p, t->of.at[i])->name;
        if (!strstr(text, more)) text = arena_print(a, "%s, %s", text, more);
    }
    return text;
}

/* Whether entry `at` of the data is missing, where the term has just its axes. */
static bool is_gap(const model *m, const term *t, const observations *k, const uint32_t *at) {
    const missing *gaps = t->of.count == 1 ? gaps_of(m->program, t->of.at[0]) : NULL;
    const variable_row *x = gaps ? program_variable(m->program, gaps->of) : NULL;
    if (!gaps || x->axes.count != (int)k->rank) return false;
    uint64_t place = 0;
    for (int i = 0; i < x->axes.count; i++)
        for (uint32_t n = 0; n < k->rank; n++) {
            const axis_row *row = program_axis(m->program, k->order[n]);
            bool is = k->order[n] == x->axes.at[i] || (row->source == AXIS_part && row->of == x->axes.at[i]);
            if (is) place = place * m->axes[x->axes.at[i]].size + at[n] - 1;
        }
    return m->values[gaps->number][place] != 0;
}

/* The entries of a term in canonical order; `column` has for each its observation, or UINT64_MAX. */
static void list_entries(pointwise *p, const term *t, observations *k, uint64_t *column, arena *a) {
    const model *m = p->model;
    uint64_t size = model_size(m, t->axes);
    k->first = p->count;
    k->at = arena_array(a, uint32_t, size * k->rank + 1);
    for (uint64_t e = 0; e < size; e++) {
        uint32_t *at = k->at + k->count * k->rank;
        uint64_t inner = size;
        for (int i = 0; i < t->axes.count; i++) {
            axis along = t->axes.at[i];
            inner /= m->axes[along].size;
            uint32_t here = (uint32_t)(e / inner % m->axes[along].size) + 1;
            if (program_axis(m->program, along)->source == AXIS_part)
                here += (uint32_t)model_part_start(m, along);
            for (uint32_t n = 0; n < k->rank; n++)
                if (k->order[n] == along) at[n] = here;
        }
        bool gap = is_gap(m, t, k, at);
        column[e] = gap ? UINT64_MAX : k->first + k->count;
        k->count += !gap;
    }
    p->count += k->count;
    for (uint32_t n = 0; n < k->rank; n++)
        if (program_axis(m->program, k->order[n])->source == AXIS_part)
            k->order[n] = program_axis(m->program, k->order[n])->of;
}

/* ---- their densities ---- */

static placed_machine *open_tape(const terms *all, const placed *draws, arena *a) {
    tape *written = arena_new(a, tape);
    tape_open(written, a);
    lowering l = lower_open(draws->model, written, points_that_fit(draws->model, 100));
    placed_machine *t = placed_inputs(draws, &l, a);
    lower_summed(&l);
    for (uint32_t i = 0; i < all->count; i++) {
        const term *x = &all->at[i];
        ref value =
            x->statement ? lower_node(&l, x->statement->log_density) : marginal_term(l.marginal, x->factor);
        tape_output(written, tape_expand(written, value, axes_with(lower_axes(&l, x->axes), l.draw)));
    }
    placed_plan(t, written, a);
    return t;
}

static uint64_t hash_observed(const model *m, const terms *all) {
    uint64_t h = 1;
    for (uint32_t i = 0; i < all->count; i++)
        for (uint32_t k = 0; k < all->at[i].of.count; k++) {
            variable v = all->at[i].of.at[k];
            uint64_t size = model_size(m, program_variable(m->program, v)->axes);
            if (m->values[v]) h = hash_bytes(m->values[v], size * sizeof(double), h);
        }
    return h;
}

pointwise *pointwise_find(const model *m, const placed *draws, arena *a) {
    const program *p = m->program;
    pointwise *to = arena_new(a, pointwise);
    *to = (pointwise){.model = m, .draws = draws->count};
    terms all = find_terms(p, a);
    uint64_t **column = arena_array(a, uint64_t *, all.count + 1);
    for (uint32_t i = 0; i < all.count; i++) {
        observations k = {.name = name_of(p, &all.at[i], a), .shared = is_shared(p, &all.at[i])};
        order_axes(p, &all.at[i], &k);
        column[i] = arena_array(a, uint64_t, model_size(m, all.at[i].axes) + 1);
        list_entries(to, &all.at[i], &k, column[i], a);
        push(a, &to->kinds, k);
    }
    to->observed = hash_observed(m, &all);
    to->log_density = arena_array(a, double, to->count * to->draws + 1);
    if (!to->count) return to;
    placed_machine *t = open_tape(&all, draws, a);
    for (uint64_t first = 0, now; first < to->draws; first += now) {
        now = placed_run(t, first);
        for (uint32_t i = 0; i < all.count; i++) {
            const double *x = machine_output(t->machine, i);
            uint64_t size = model_size(m, all.at[i].axes);
            for (uint64_t e = 0; e < size; e++)
                for (uint64_t b = 0; column[i][e] != UINT64_MAX && b < now; b++)
                    to->log_density[column[i][e] * to->draws + first + b] = x[b * size + e];
        }
    }
    return to;
}

const observations *pointwise_kind(const pointwise *p, uint64_t observation) {
    for (uint32_t i = 0; i + 1 < p->kinds.count; i++)
        if (observation < p->kinds.at[i + 1].first) return &p->kinds.at[i];
    return &p->kinds.at[p->kinds.count - 1];
}

const char *pointwise_name(const pointwise *p, uint64_t observation, arena *a) {
    const observations *k = pointwise_kind(p, observation);
    const uint32_t *at = k->at + (observation - k->first) * k->rank;
    const char *text = k->name;
    for (uint32_t n = 0; n < k->rank; n++) {
        const bound_axis *along = &p->model->axes[k->order[n]];
        text = along->labels ? arena_print(a, "%s%s%s", text, n ? ", " : "[", along->labels[at[n] - 1])
                             : arena_print(a, "%s%s%u", text, n ? ", " : "[", at[n]);
    }
    return k->rank ? arena_print(a, "%s]", text) : text;
}
