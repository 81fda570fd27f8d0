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
                      times(e, tape_sum(e->t, surrogate, draw_axis(e)), mean), e->weight != 0, 1};
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

/* Which bound, see estimator.h, and the weights of a draw in its gradients. */
typedef struct bound_kind {
    double power;          /* log (1/K sum w^power) / power */
    double linear, square; /* of the path of draw k: linear v_k + square v_k² */
    int rises; /* 1: it is climbed; -1: descended; 0: another objective is, whose value this is not */
} bound_kind;

static bound_kind bound_kind_of(const options *o) {
    double x = o->objective.number;
    switch (o->objective.word) {
    case OBJECTIVE_renyi: return (bound_kind){1 - x, x, 1 - x, 1};
    case OBJECTIVE_chi: return (bound_kind){x, x - 1, -x, -1};
    case OBJECTIVE_inclusive: return (bound_kind){1, 1, -1, 0};
    default: return (bound_kind){1, 0, 1, 1};
    }
}

static ref powered(estimator *e, const bound_kind *k, ref log_w) {
    return k->power == 1 ? log_w : times(e, log_w, number(e, k->power));
}

/* The bound by log sum w^power. */
static ref mean_power(estimator *e, const bound_kind *k, ref total) {
    ref mean = minus(e, total, number(e, log(e->draws)));
    return k->power == 1 ? mean : times(e, mean, number(e, 1 / k->power));
}

static ref by_params(bounds *b, ref weight) {
    lowering still = still_latents(b->e);
    return times(b->e, weight, log_weights(b, &still, NULL, number(b->e, 0)));
}

static ref doubly_reparameterised(bounds *b, const bound_kind *k, ref weight) {
    estimator *e = b->e;
    lowering *path = (lowering *)&e->on->stopped;
    ref by_guide = log_weights(b, path, path, families(e, true));
    ref factor = plus(e, times(e, number(e, k->linear), weight),
                      times(e, number(e, k->square), times(e, weight, weight)));
    return tape_sum(e->t, plus(e, times(e, factor, by_guide), by_params(b, weight)), draw_axis(e));
}

/* log q by draw, where a draw stays put and the guide moves: the score of the guide. */
static ref still_guide(bounds *b) {
    estimator *e = b->e;
    ref total = minus(e, families(e, true), families(e, false));
    for (uint32_t i = 0; i < e->terms.count; i++) {
        const term *x = &e->terms.at[i];
        if (x->kind != TERM_guide) continue;
        ref along = lowered(e, (lowering *)&e->on->stopped, x, b->kept, false);
        total = plus(e, total, minus(e, along, lowered(e, e->live, x, b->kept, false)));
    }
    return total;
}

static ref reweighted(bounds *b, ref weight) {
    estimator *e = b->e;
    return tape_sum(e->t, plus(e, times(e, weight, still_guide(b)), by_params(b, weight)), draw_axis(e));
}

/* What a draw adds to the bound: the bound less that in which the geometric mean of the other weights is in
 * its place. */
static ref leave_one_out(bounds *b, const bound_kind *k, ref log_w, ref bound) {
    estimator *e = b->e;
    double draws = e->draws;
    if (draws < 2) return bound;
    axis draw = e->live->draw, other = tape_add_axis(e->t, "draw'", e->draws);
    ref sum = tape_sum(e->t, log_w, axes_one(draw));
    ref mean = times(e, minus(e, sum, log_w), number(e, 1 / (draws - 1)));
    ref itself = tape_map2(e->t, OP_eq, tape_position(e->t, draw), tape_position(e->t, other));
    ref replaced = tape_select(e->t, itself, mean, tape_rename(e->t, log_w, draw, other));
    ref without = tape_reduce(e->t, OP_log_sum_exp, powered(e, k, replaced), axes_one(other));
    return minus(e, bound, mean_power(e, k, without));
}

static ref scored(bounds *b, const bound_kind *k, ref log_w, ref bound) {
    estimator *e = b->e;
    ref log_q = number(e, 0), signal = stopped(e, leave_one_out(b, k, log_w, bound));
    for (uint32_t i = 0; i < e->program->guide.count; i++) {
        const draw *s = &e->program->guide.at[i];
        if (is_scored(s))
            log_q = plus(e, log_q,
                         tape_sum(e->t, lower_node(e->live, s->log_density),
                                  lower_axes(e->live, axes_minus(s->axes, b->kept))));
    }
    ref climbed = plus(e, bound, tape_sum(e->t, times(e, signal, log_q), draw_axis(e)));
    return k->rises < 0 ? tape_map1(e->t, OP_neg, climbed) : climbed;
}

static ref climbed_bound(bounds *b, const bound_kind *k, ref log_w, ref total, ref bound) {
    estimator *e = b->e;
    bool any_scored = false;
    for (uint32_t i = 0; i < e->program->guide.count; i++) any_scored |= is_scored(&e->program->guide.at[i]);
    ref weight = stopped(e, tape_map1(e->t, OP_exp, minus(e, powered(e, k, log_w), total)));
    if (!any_scored) return doubly_reparameterised(b, k, weight);
    return k->rises ? scored(b, k, log_w, bound) : reweighted(b, weight);
}

static estimate write_bound(estimator *e, const options *o) {
    bound_kind k = bound_kind_of(o);
    collect(e, false);
    bounds b = open_bounds(e);
    ref log_w = log_weights(&b, e->live, e->live, families(e, false));
    ref total = tape_reduce(e->t, OP_log_sum_exp, powered(e, &k, log_w), draw_axis(e));
    ref bound = mean_power(e, &k, total), rest = other_terms(&b);
    ref climbed = climbed_bound(&b, &k, log_w, total, bound);
    return (estimate){plus(e, over_entries(&b, bound), rest), plus(e, over_entries(&b, climbed), rest),
                      e->weight != 0, k.rises};
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
    if (o->given & weights || (o->objective.word == OBJECTIVE_elbo && o->objective.number > 0))
        e.weight = tape_input(e.t, (axes){0});
    return is_bound(o) && samples_latents(g) ? write_bound(&e, o) : write_elbo(&e);
}

/* Whether data vary over the axis. */
static bool is_row_axis(const program *p, axis a) {
    for (variable v = 0; v < p->variables.count; v++) {
        const variable_row *row = program_variable(p, v);
        if (row->observed && axes_has(row->axes, a)) return true;
    }
    return false;
}

static const draw *model_statement(const program *p, variable v) {
    for (uint32_t i = 0; i < p->model.count; i++)
        if (p->model.at[i].of == v) return &p->model.at[i];
    return NULL;
}

static statement_kl write_kl(estimator *e, const draw *guide) {
    const program *p = e->program;
    statement_kl k = {.of = guide->of, .rows = 1};
    for (int i = 0; i < guide->axes.count; i++) {
        axis a = guide->axes.at[i];
        if (is_row_axis(p, a)) k.rows *= e->live->model->axes[a].size;
        else k.units = axes_with(k.units, a);
    }
    const draw *model = model_statement(p, guide->of);
    ref kl = guide->kl
                 ? lower_node(e->live, guide->kl)
                 : minus(e, lower_node(e->live, guide->log_density), lower_node(e->live, model->log_density));
    kl = tape_sum(e->t, kl, lower_axes(e->live, axes_minus(guide->axes, k.units)));
    k.kl = tape_expand(e->t, kl, axes_union(lower_axes(e->live, k.units), draw_axis(e)));
    return k;
}

evidence evidence_write(const guide *g, const guide_tape *on) {
    estimator e = open_estimator(g, on, 1);
    const program *p = e.program;
    collect(&e, true);
    ref log_q = number(&e, 0);
    evidence out = {0};
    for (uint32_t f = 0; f < g->families.count; f++) log_q = plus(&e, log_q, on->families[f].log_q);
    for (uint32_t i = 0; i < p->guide.count; i++) {
        const draw *s = &p->guide.at[i];
        log_q = plus(&e, log_q, lower_draw(e.live, s));
        bool apart = is_whole(p, s->of) && !program_touched(p, model_statement(p, s->of)->log_density);
        if (apart) push(e.t->arena, &out.kls, write_kl(&e, s));
    }
    out.log_density = plus(&e, lower_log_density(e.live), on->log_jacobian);
    out.log_likelihood = lower_log_likelihood(e.live);
    out.log_guide = log_q;
    out.elbo = elbo(&e, false);
    return out;
}

/* ---- what may be asked for ---- */

/* Whether the model's density has a param, not by way of latents. */
static bool is_in_model(const program *p, variable v, arena *a) {
    bool *sources = arena_array(a, bool, p->variables.count);
    sources[v] = true;
    dependence d = dependence_of(p, sources, a);
    d.statement = arena_array(a, const draw *, p->variables.count);
    for (uint32_t i = 0; i < p->model.count; i++)
        if (dependence_has(&d, p->model.at[i].log_density)) return true;
    for (uint32_t i = 0; i < p->factors.count; i++)
        if (dependence_has(&d, p->factors.at[i])) return true;
    return false;
}

bool estimate_check(diagnostics *d, const program *p, const options *o) {
    if (o->objective.word != OBJECTIVE_chi) return true;
    for (variable v = 0; v < p->variables.count; v++) {
        const variable_row *row = program_variable(p, v);
        if (row->kind != VARIABLE_param || !is_in_model(p, v, d->arena)) continue;
        diagnostic *said =
            diagnose(d, DIAGNOSTIC_option, row->at,
                     "`chi` bounds the evidence from above, so it cannot say which `%s` is best", row->name);
        advise(d, said, "draw `%s` in the model, or use `objective = elbo` or `iwae(10)`", row->name);
        return false;
    }
    return true;
}
