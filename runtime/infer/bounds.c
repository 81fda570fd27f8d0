#include "runtime/infer/bounds.h"

#include <math.h>
#include "runtime/infer/sleep.h"

typedef struct bounds {
    estimator *e;
    dependence latents;
    axes kept;          /* one bound for each of their entries */
    const bool *taught; /* by variable: what dreams teach, see sleep.h; or NULL */
} bounds;

static bounds open_bounds(estimator *e) {
    const program *p = e->program;
    bool *sources = arena_array(e->t->arena, bool, p->variables.count), any = false;
    bounds b = {.e = e, .taught = is_asleep(e->options) ? sleep_taught(p, e->t->arena) : NULL};
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
        if (l && term_depends(e, &b->latents, x))
            total = plus(e, total, term_lowered(e, l, x, b->kept, scaled));
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
            total = plus(e, total, term_lowered(e, e->live, &e->terms.at[i], (axes){0}, true));
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
    int rises;    /* 1: it is climbed; -1: descended; 0: another objective is, whose value this is not */
    double score; /* of the score of draw k, times v_k, where its path is not followed; 0: the bound's own */
} bound_kind;

static bound_kind bound_kind_of(const options *o) {
    double x = o->objective.number;
    switch (o->objective.word) {
    case OBJECTIVE_renyi: return (bound_kind){1 - x, x, 1 - x, 1, 0};
    case OBJECTIVE_chi: return (bound_kind){x, x - 1, 1 - x, -1, (x - 1) / x};
    case OBJECTIVE_inclusive: return (bound_kind){1, 1, -1, 0, 1};
    default: return (bound_kind){1, 0, 1, 1, 0};
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

/* Along the draws alone, by what each of them weighs. */
static ref along_draws(bounds *b, double linear, double square, ref weight) {
    estimator *e = b->e;
    double awake = 1 - e->options->sleep; /* what is taught is then all that is drawn */
    lowering *path = (lowering *)&e->on->stopped;
    ref by_guide = log_weights(b, path, path, terms_families(e, true));
    ref factor = plus(e, times(e, number(e, awake * linear), weight),
                      times(e, number(e, awake * square), times(e, weight, weight)));
    return tape_sum(e->t, plus(e, times(e, factor, by_guide), by_params(b, weight)), draw_axis(e));
}

/* log q by draw, where a draw stays put and the guide moves: the score of the guide. */
static ref still_guide(bounds *b) {
    estimator *e = b->e;
    ref total = minus(e, terms_families(e, true), terms_families(e, false));
    for (uint32_t i = 0; i < e->terms.count; i++) {
        const term *x = &e->terms.at[i];
        if (x->kind != TERM_guide) continue;
        ref along = term_lowered(e, (lowering *)&e->on->stopped, x, b->kept, false);
        ref score = minus(e, along, term_lowered(e, e->live, x, b->kept, false));
        if (b->taught && b->taught[x->of]) score = times(e, score, number(e, 1 - e->options->sleep));
        total = plus(e, total, score);
    }
    return total;
}

static ref reweighted(bounds *b, const bound_kind *k, ref weight) {
    estimator *e = b->e;
    ref score = times(e, times(e, number(e, k->score), weight), still_guide(b));
    return tape_sum(e->t, plus(e, score, by_params(b, weight)), draw_axis(e));
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
    ref climbed = bound, added = stopped(e, leave_one_out(b, k, log_w, bound)), all = stopped(e, bound);
    for (uint32_t i = 0; i < e->program->guide.count; i++) {
        const draw *s = &e->program->guide.at[i];
        gradient_choice how = how_of(e, s->of);
        if (!gradient_is_scored(how)) continue;
        ref log_q = tape_sum(e->t, lower_node(e->live, s->log_density),
                             lower_axes(e->live, axes_minus(s->axes, b->kept)));
        ref signal = times(e, how.kind == ESTIMATOR_reinforce ? all : added, log_q);
        climbed = plus(e, climbed, tape_sum(e->t, signal, draw_axis(e)));
    }
    return climbed;
}

/* What all latents whose draws are differentiated have, see gradients.c; pathwise where some are relaxed. */
static estimator_kind path_of(const estimator *e) {
    estimator_kind kind = ESTIMATOR_dreg;
    for (uint32_t i = 0; i < e->program->guide.count; i++) {
        gradient_choice how = how_of(e, e->program->guide.at[i].of);
        if (gradient_is_relaxed(how)) return ESTIMATOR_pathwise;
        if (!gradient_is_scored(how)) kind = how.kind;
    }
    for (uint32_t f = 0; f < e->guide->families.count; f++)
        kind = how_of(e, e->guide->families.at[f].space.of[0]).kind;
    return kind;
}

static ref climbed_bound(bounds *b, const bound_kind *k, ref log_w, ref total, ref bound) {
    estimator *e = b->e;
    estimator_kind path = path_of(e);
    bool any_scored = gradients_are_scored(e->program, e->options);
    ref weight = stopped(e, tape_map1(e->t, OP_exp, minus(e, powered(e, k, log_w), total)));
    bool apart = b->taught && !sleep_teaches_all(e->program, e->t->arena);
    if ((any_scored && k->score > 0) || apart) return reweighted(b, k, weight);
    if (any_scored || path == ESTIMATOR_pathwise) {
        ref climbed = any_scored ? scored(b, k, log_w, bound) : bound;
        return k->rises < 0 ? tape_map1(e->t, OP_neg, climbed) : climbed;
    }
    return path == ESTIMATOR_stl ? along_draws(b, 1, 0, weight)
                                 : along_draws(b, k->linear, k->square, weight);
}

estimate bound_write(estimator *e) {
    bound_kind k = bound_kind_of(e->options);
    terms_collect(e, false);
    bounds b = open_bounds(e);
    ref log_w = log_weights(&b, e->live, e->live, terms_families(e, false));
    ref total = tape_reduce(e->t, OP_log_sum_exp, powered(e, &k, log_w), draw_axis(e));
    ref bound = mean_power(e, &k, total), rest = other_terms(&b);
    ref climbed = climbed_bound(&b, &k, log_w, total, bound);
    ref surrogate = plus(e, over_entries(&b, climbed), rest);
    if (b.taught) surrogate = plus(e, surrogate, times(e, sleep_write(e), number(e, e->options->sleep)));
    return (estimate){.value = plus(e, over_entries(&b, bound), rest),
                      .surrogate = surrogate,
                      .weighted = e->weight != 0,
                      .rises = k.rises};
}

apart_weights apart_weights_write(estimator *e) {
    terms_collect(e, false);
    bounds b = open_bounds(e);
    ref log_w = log_weights(&b, e->live, e->live, terms_families(e, false));
    axes by = axes_union(lower_axes(e->live, b.kept), draw_axis(e));
    return (apart_weights){tape_expand(e->t, log_w, by), other_terms(&b), b.kept};
}
