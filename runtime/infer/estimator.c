#include "runtime/infer/estimator.h"

#include <math.h>
#include "runtime/infer/dependence.h"

/* A term of the objective: a node, summed over some axes; or all that discrete latents enter that are summed
 * out, as one. */
typedef enum term_kind { TERM_data, TERM_summed, TERM_prior, TERM_guide, TERM_kl } term_kind;

typedef struct term {
    term_kind kind;
    node density; /* TERM_summed: 0 */
    axes over;
} term;

typedef struct estimator {
    const guide *guide;
    const program *program;
    const guide_tape *on;
    tape *t;
    lowering *live;
    uint32_t draws;
    ref weight; /* of all but the data; 0: 1 */
    vector(term) terms;
} estimator;

static ref plus(estimator *e, ref x, ref y) { return tape_map2(e->t, OP_add, x, y); }
static ref minus(estimator *e, ref x, ref y) { return tape_map2(e->t, OP_sub, x, y); }
static ref times(estimator *e, ref x, ref y) { return tape_map2(e->t, OP_mul, x, y); }
static ref number(estimator *e, double x) { return tape_number(e->t, x); }
static ref stopped(estimator *e, ref x) { return tape_map1(e->t, OP_stop, x); }
static axes draw_axis(const estimator *e) { return axes_one(e->live->draw); }

/* Whether a latent has one statement in the model and one in the guide, not several for parts of it. */
static bool is_whole(const program *p, variable v) {
    int statements = 0;
    for (uint32_t i = 0; i < p->model.count; i++) statements += p->model.at[i].of == v;
    for (uint32_t i = 0; i < p->guide.count; i++) statements += p->guide.at[i].of == v;
    return statements == 2;
}

/* The terms. With `closed`, a KL that is known takes the place of a prior and its guide. */
static void collect(estimator *e, bool closed) {
    const program *p = e->program;
    arena *a = e->t->arena;
    bool *done = arena_array(a, bool, p->variables.count);
    for (uint32_t i = 0; i < p->guide.count; i++) {
        const draw *s = &p->guide.at[i];
        bool known = closed && s->kl && is_whole(p, s->of);
        done[s->of] |= known;
        push(a, &e->terms, (term){known ? TERM_kl : TERM_guide, known ? s->kl : s->log_density, s->axes});
    }
    for (uint32_t i = 0; i < p->model.count; i++) {
        const draw *s = &p->model.at[i];
        bool latent = program_variable(p, s->of)->kind == VARIABLE_latent;
        if (!done[s->of] && !program_touched(p, s->log_density))
            push(a, &e->terms, (term){latent ? TERM_prior : TERM_data, s->log_density, s->axes});
    }
    if (p->summed.count) push(a, &e->terms, (term){TERM_summed, 0, {0}});
    for (uint32_t i = 0; i < p->factors.count; i++) {
        node n = p->factors.at[i];
        if (program_touched(p, n)) continue;
        push(a, &e->terms, (term){TERM_data, n, program_node(p, n)->axes});
    }
}

static bool term_depends(const estimator *e, dependence *d, const term *x) {
    if (x->kind != TERM_summed) return dependence_has(d, x->density);
    bool any = false;
    for (uint32_t i = 0; i < e->program->marginal.count; i++) {
        node n = e->program->marginal.at[i].density;
        any |= n && dependence_has(d, n);
    }
    return any;
}

static ref weigh(estimator *e, ref x) { return e->weight ? times(e, x, e->weight) : x; }

/* A term with its sign and weight, summed over all of its axes but `kept` (of the program); `scaled`: the sum
 * over a batch stands for all entries. */
static ref lowered(estimator *e, lowering *l, const term *x, axes kept, bool scaled) {
    if (x->kind == TERM_summed) return lower_summed(l);
    ref sum = tape_sum(e->t, lower_node(l, x->density), lower_axes(l, axes_minus(x->over, kept)));
    if (scaled && l->whole && axes_has(x->over, l->batch))
        sum = times(e, sum, number(e, lower_batch_weight(l)));
    if (x->kind == TERM_guide || x->kind == TERM_kl) sum = tape_map1(e->t, OP_neg, sum);
    return x->kind == TERM_data ? sum : weigh(e, sum);
}

/* log |Jacobian| - log q of the families, or of the latter the derivative along the draw. */
static ref families(estimator *e, bool path) {
    ref total = e->on->log_jacobian;
    for (uint32_t f = 0; f < e->guide->families.count; f++)
        total = minus(e, total, path ? e->on->families[f].path : e->on->families[f].log_q);
    return weigh(e, total);
}

/* By draw. */
static ref elbo(estimator *e, bool path) {
    lowering *guide = path ? (lowering *)&e->on->stopped : e->live;
    ref total = families(e, path);
    for (uint32_t i = 0; i < e->terms.count; i++) {
        const term *x = &e->terms.at[i];
        total = plus(e, total, lowered(e, x->kind == TERM_guide ? guide : e->live, x, (axes){0}, true));
    }
    return total;
}

/* Where latents stay apart. */

/* The axes of `of` along which all that depends on the sources stays apart. */
static axes apart_axes(estimator *e, dependence *d, axes of) {
    node culprit;
    axes kept = of;
    for (int k = 0; k < of.count; k++)
        for (uint32_t i = 0; i < e->terms.count; i++) {
            const term *x = &e->terms.at[i];
            if (!term_depends(e, d, x)) continue;
            if (!axes_has(x->over, of.at[k]) || !dependence_apart(d, x->density, of.at[k], &culprit))
                kept = axes_without(kept, of.at[k]);
        }
    return kept;
}

/* Whether the families' latents depend on the sources, by their bounds. */
static bool families_depend(estimator *e, dependence *d) {
    for (uint32_t f = 0; f < e->guide->families.count; f++) {
        const space *s = &e->guide->families.at[f].space;
        for (uint32_t i = 0; i < s->count; i++) {
            const variable_row *v = program_variable(e->program, s->of[i]);
            if (v->type.lower && dependence_has(d, v->type.lower)) return true;
            if (v->type.upper && dependence_has(d, v->type.upper)) return true;
        }
    }
    return false;
}

/* Score functions under the ELBO. */

static ref score(estimator *e, const draw *s) {
    bool *sources = arena_array(e->t->arena, bool, e->program->variables.count);
    sources[s->of] = true;
    dependence d = dependence_of(e->program, sources, e->t->arena);
    bool joint = families_depend(e, &d);
    axes kept = joint ? (axes){0} : apart_axes(e, &d, s->axes);
    ref signal = joint ? families(e, false) : number(e, 0);
    for (uint32_t i = 0; i < e->terms.count; i++)
        if (term_depends(e, &d, &e->terms.at[i]))
            signal = plus(e, signal, lowered(e, e->live, &e->terms.at[i], kept, true));
    signal = tape_expand(e->t, signal, axes_union(tape_at(e->t, signal)->axes, draw_axis(e)));
    double n = e->draws;
    if (n > 1) {
        ref mean = times(e, tape_sum(e->t, signal, draw_axis(e)), number(e, 1 / n));
        signal = times(e, minus(e, signal, mean), number(e, n / (n - 1)));
    }
    ref log_q =
        tape_sum(e->t, lower_node(e->live, s->log_density), lower_axes(e->live, axes_minus(s->axes, kept)));
    return tape_sum(e->t, times(e, stopped(e, signal), log_q), lower_axes(e->live, kept));
}

static estimate write_elbo(estimator *e) {
    collect(e, true);
    ref surrogate = elbo(e, true), value = elbo(e, false), mean = number(e, 1.0 / e->draws);
    for (uint32_t i = 0; i < e->program->guide.count; i++)
        if (is_scored(&e->program->guide.at[i]))
            surrogate = plus(e, surrogate, score(e, &e->program->guide.at[i]));
    return (estimate){times(e, tape_sum(e->t, value, draw_axis(e)), mean),
                      times(e, tape_sum(e->t, surrogate, draw_axis(e)), mean), e->weight != 0};
}

/* Importance-weighted bounds. */

typedef struct bounds {
    estimator *e;
    dependence latents;
    axes kept; /* one bound for each of their entries */
} bounds;

static bounds open_bounds(estimator *e) {
    const program *p = e->program;
    bool *sources = arena_array(e->t->arena, bool, p->variables.count), any = false;
    bounds b = {.e = e};
    for (variable v = 0; v < p->variables.count; v++)
        sources[v] = program_variable(p, v)->kind == VARIABLE_latent;
    for (uint32_t i = 0; i < p->guide.count; i++) {
        b.kept = any ? axes_common(b.kept, p->guide.at[i].axes) : p->guide.at[i].axes;
        any = true;
    }
    b.latents = dependence_of(p, sources, e->t->arena);
    b.kept = e->guide->families.count ? (axes){0} : apart_axes(e, &b.latents, b.kept);
    return b;
}

/* log w by draw, with the model and the guide as the lowerings give them. */
static ref log_weights(bounds *b, lowering *model, lowering *guide, ref families) {
    estimator *e = b->e;
    ref total = families;
    bool scaled = e->live->whole && !axes_has(b->kept, e->live->batch);
    for (uint32_t i = 0; i < e->terms.count; i++) {
        const term *x = &e->terms.at[i];
        lowering *l = x->kind == TERM_guide ? guide : model;
        if (l && term_depends(e, &b->latents, x)) total = plus(e, total, lowered(e, l, x, b->kept, scaled));
    }
    return tape_expand(e->t, total, axes_union(tape_at(e->t, total)->axes, draw_axis(e)));
}

/* The sum over the entries of the kept axes, of all of the axis where a batch of it is visited. */
static ref over_entries(bounds *b, ref x) {
    lowering *l = b->e->live;
    ref sum = tape_sum(b->e->t, x, lower_axes(l, b->kept));
    return l->whole && axes_has(b->kept, l->batch) ? times(b->e, sum, number(b->e, lower_batch_weight(l)))
                                                   : sum;
}

/* The terms without latents. */
static ref other_terms(bounds *b) {
    estimator *e = b->e;
    ref total = number(e, 0);
    for (uint32_t i = 0; i < e->terms.count; i++)
        if (!term_depends(e, &b->latents, &e->terms.at[i]))
            total = plus(e, total, lowered(e, e->live, &e->terms.at[i], (axes){0}, true));
    return total;
}

/* The values of latents stopped, what is free not. */
static lowering still_latents(estimator *e) {
    lowering fork = lower_fork(e->live);
    for (variable v = 0; v < e->program->variables.count; v++) {
        ref x = e->live->variables[v];
        if (x)
            lower_set(&fork, v, program_variable(e->program, v)->kind == VARIABLE_latent ? stopped(e, x) : x);
    }
    return fork;
}

static ref doubly_reparameterised(bounds *b, ref weight) {
    estimator *e = b->e;
    lowering still = still_latents(e), *path = (lowering *)&e->on->stopped;
    ref by_guide = log_weights(b, path, path, families(e, true));
    ref by_params = log_weights(b, &still, NULL, number(e, 0));
    weight = stopped(e, weight);
    ref square = times(e, weight, weight);
    return tape_sum(e->t, plus(e, times(e, square, by_guide), times(e, weight, by_params)), draw_axis(e));
}

/* What a draw adds to the bound: the bound less that in which the geometric mean of the other weights is in
 * its place. */
static ref leave_one_out(bounds *b, ref log_w, ref bound) {
    estimator *e = b->e;
    double k = e->draws;
    if (k < 2) return bound;
    axis draw = e->live->draw, other = tape_add_axis(e->t, "draw'", e->draws);
    ref sum = tape_sum(e->t, log_w, axes_one(draw));
    ref mean = times(e, minus(e, sum, log_w), number(e, 1 / (k - 1)));
    ref itself = tape_map2(e->t, OP_eq, tape_position(e->t, draw), tape_position(e->t, other));
    ref replaced = tape_select(e->t, itself, mean, tape_rename(e->t, log_w, draw, other));
    ref without = tape_reduce(e->t, OP_log_sum_exp, replaced, axes_one(other));
    return minus(e, bound, minus(e, without, number(e, log(k))));
}

static ref scored(bounds *b, ref log_w, ref bound) {
    estimator *e = b->e;
    ref log_q = number(e, 0), signal = stopped(e, leave_one_out(b, log_w, bound));
    for (uint32_t i = 0; i < e->program->guide.count; i++) {
        const draw *s = &e->program->guide.at[i];
        if (is_scored(s))
            log_q = plus(e, log_q,
                         tape_sum(e->t, lower_node(e->live, s->log_density),
                                  lower_axes(e->live, axes_minus(s->axes, b->kept))));
    }
    return plus(e, bound, tape_sum(e->t, times(e, signal, log_q), draw_axis(e)));
}

static estimate write_iwae(estimator *e) {
    collect(e, false);
    bounds b = open_bounds(e);
    bool any_scored = false;
    for (uint32_t i = 0; i < e->program->guide.count; i++) any_scored |= is_scored(&e->program->guide.at[i]);
    ref log_w = log_weights(&b, e->live, e->live, families(e, false));
    ref total = tape_reduce(e->t, OP_log_sum_exp, log_w, draw_axis(e));
    ref bound = minus(e, total, number(e, log(e->draws))), rest = other_terms(&b);
    ref climbed = any_scored ? scored(&b, log_w, bound)
                             : doubly_reparameterised(&b, tape_map1(e->t, OP_exp, minus(e, log_w, total)));
    return (estimate){plus(e, over_entries(&b, bound), rest), plus(e, over_entries(&b, climbed), rest),
                      e->weight != 0};
}

static estimator open_estimator(const guide *g, const guide_tape *on, uint32_t draws) {
    return (estimator){.guide = g,
                       .program = g->model->program,
                       .on = on,
                       .t = on->live->tape,
                       .live = on->live,
                       .draws = draws};
}

static bool samples_latents(const guide *g) { return g->families.count || g->model->program->guide.count; }

estimate estimate_write(const guide *g, const guide_tape *on, const options *o, uint32_t draws) {
    estimator e = open_estimator(g, on, draws);
    uint64_t weights = (uint64_t)1 << OPTION_beta | (uint64_t)1 << OPTION_anneal;
    if (o->given & weights) e.weight = tape_input(e.t, (axes){0});
    return o->objective.word == OBJECTIVE_iwae && samples_latents(g) ? write_iwae(&e) : write_elbo(&e);
}

evidence evidence_write(const guide *g, const guide_tape *on) {
    estimator e = open_estimator(g, on, 1);
    collect(&e, true);
    ref log_q = number(&e, 0);
    for (uint32_t f = 0; f < g->families.count; f++) log_q = plus(&e, log_q, on->families[f].log_q);
    for (uint32_t i = 0; i < e.program->guide.count; i++)
        log_q = plus(&e, log_q, lower_draw(e.live, &e.program->guide.at[i]));
    return (evidence){plus(&e, lower_log_density(e.live), on->log_jacobian), log_q, elbo(&e, false)};
}
