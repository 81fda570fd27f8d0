#include "runtime/infer/terms.h"

#include "runtime/infer/relaxation.h"

bool is_whole(const program *p, variable v) {
    int statements = 0;
    for (uint32_t i = 0; i < p->model.count; i++) statements += p->model.at[i].of == v;
    for (uint32_t i = 0; i < p->guide.count; i++) statements += p->guide.at[i].of == v;
    return statements == 2;
}

void terms_collect(estimator *e, bool closed) {
    const program *p = e->program;
    arena *a = e->t->arena;
    bool *done = arena_array(a, bool, p->variables.count);
    for (uint32_t i = 0; i < p->guide.count; i++) {
        const draw *s = &p->guide.at[i];
        bool known = closed && s->kl && is_whole(p, s->of) && how_of(e, s->of).kind != ESTIMATOR_stl;
        done[s->of] |= known;
        push(a, &e->terms,
             (term){known ? TERM_kl : TERM_guide, s->of, known ? s->kl : s->log_density, s->axes});
    }
    for (uint32_t i = 0; i < p->model.count; i++) {
        const draw *s = &p->model.at[i];
        bool latent = program_variable(p, s->of)->kind == VARIABLE_latent;
        if (!done[s->of] && !program_touched(p, s->log_density))
            push(a, &e->terms, (term){latent ? TERM_prior : TERM_data, s->of, s->log_density, s->axes});
    }
    if (p->summed.count) push(a, &e->terms, (term){TERM_summed, VARIABLE_NONE, 0, {0}});
    for (uint32_t i = 0; i < p->factors.count; i++) {
        node n = p->factors.at[i];
        if (program_touched(p, n)) continue;
        push(a, &e->terms, (term){TERM_data, VARIABLE_NONE, n, program_node(p, n)->axes});
    }
}

bool term_depends(const estimator *e, dependence *d, const term *x) {
    if (x->kind != TERM_summed) return dependence_has(d, x->density);
    bool any = false;
    for (uint32_t i = 0; i < e->program->marginal.count; i++) {
        node n = e->program->marginal.at[i].density;
        any |= n && dependence_has(d, n);
    }
    return any;
}

static ref weigh(estimator *e, ref x) { return e->weight ? times(e, x, e->weight) : x; }

/* Entry by entry: a latent that is relaxed is not 0 or 1, where its own densities are defined. */
static ref density_of(estimator *e, lowering *l, const term *x) {
    bool own = x->kind == TERM_guide || x->kind == TERM_prior;
    bool relaxed = own && gradient_is_relaxed(how_of(e, x->of)) && e->on->relaxed;
    ref density = relaxed ? relaxed_log_density(l, x->of, x->density) : lower_node(l, x->density);
    bool gated = (own || x->kind == TERM_kl) && e->gate && e->gate[x->of];
    return gated ? times(e, density, e->gate[x->of]) : density;
}

ref term_lowered(estimator *e, lowering *l, const term *x, axes kept, bool scaled) {
    if (x->kind == TERM_summed) return lower_summed(l);
    ref sum = tape_sum(e->t, density_of(e, l, x), lower_axes(l, axes_minus(x->over, kept)));
    if (scaled && l->whole && axes_has(x->over, l->batch))
        sum = times(e, sum, number(e, lower_batch_weight(l)));
    if (x->kind == TERM_guide || x->kind == TERM_kl) sum = tape_map1(e->t, OP_neg, sum);
    return x->kind == TERM_data ? sum : weigh(e, sum);
}

ref terms_families(estimator *e, bool path) {
    ref total = e->on->log_jacobian;
    for (uint32_t f = 0; f < e->guide->families.count; f++) {
        const space *s = &e->guide->families.at[f].space;
        bool along = path && how_of(e, s->of[0]).kind != ESTIMATOR_pathwise;
        total = minus(e, total, along ? e->on->families[f].path : e->on->families[f].log_q);
    }
    return weigh(e, total);
}

/* Of log q the derivative by the guide's own numbers is differentiated, too. */
static bool is_total(const estimator *e, variable latent) {
    gradient_choice how = how_of(e, latent);
    return how.kind == ESTIMATOR_pathwise || gradient_is_relaxed(how);
}

ref terms_elbo(estimator *e, bool path) {
    ref total = terms_families(e, path);
    for (uint32_t i = 0; i < e->terms.count; i++) {
        const term *x = &e->terms.at[i];
        bool along = path && x->kind == TERM_guide && !is_total(e, x->of);
        lowering *l = along ? (lowering *)&e->on->stopped : e->live;
        total = plus(e, total, term_lowered(e, l, x, (axes){0}, true));
    }
    return total;
}

ref terms_reconstruction(estimator *e) {
    ref total = number(e, 0);
    for (uint32_t i = 0; i < e->terms.count; i++) {
        const term *x = &e->terms.at[i];
        if (x->kind == TERM_data || x->kind == TERM_summed)
            total = plus(e, total, term_lowered(e, e->live, x, (axes){0}, true));
    }
    return total;
}

axes apart_axes(estimator *e, dependence *d, axes of) {
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

bool families_depend(estimator *e, dependence *d) {
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
