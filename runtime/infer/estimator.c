#include "runtime/infer/estimator.h"

#include "runtime/infer/bounds.h"
#include "runtime/infer/control.h"
#include "runtime/infer/sleep.h"

static estimate write_elbo(estimator *e) {
    terms_collect(e, true);
    if (e->options->free_bits > 0) free_bits_write(e, e->options->free_bits);
    ref surrogate = terms_elbo(e, true), value = terms_elbo(e, false), mean = number(e, 1.0 / e->draws);
    if (e->spared) value = minus(e, value, e->weight ? times(e, e->spared, e->weight) : e->spared);
    for (uint32_t i = 0; i < e->program->guide.count; i++) {
        const draw *s = &e->program->guide.at[i];
        gradient_choice how = how_of(e, s->of);
        if (gradient_is_scored(how)) surrogate = plus(e, surrogate, score_write(e, s));
        if (how.kind == ESTIMATOR_enumerate) surrogate = plus(e, surrogate, local_expectation_write(e, s));
    }
    ref control = is_controlled(e->options) ? control_write(e, surrogate) : 0;
    if (control) surrogate = plus(e, surrogate, control);
    ref data = terms_reconstruction(e);
    return (estimate){.value = times(e, tape_sum(e->t, value, draw_axis(e)), mean),
                      .surrogate = times(e, tape_sum(e->t, surrogate, draw_axis(e)), mean),
                      .reconstruction = times(e, tape_sum(e->t, data, draw_axis(e)), mean),
                      .weighted = e->weight != 0,
                      .rises = 1};
}

static estimator open_estimator(const guide *g, const guide_tape *on, const options *o, uint32_t draws) {
    return (estimator){.guide = g,
                       .program = g->model->program,
                       .options = o,
                       .on = on,
                       .t = on->live->tape,
                       .live = on->live,
                       .draws = draws};
}

static bool samples_latents(const guide *g) { return g->families.count || g->model->program->guide.count; }

estimate estimate_write(const guide *g, const guide_tape *on, const options *o, uint32_t draws) {
    estimator e = open_estimator(g, on, o, draws);
    if (option_is_given(o, OPTION_beta) || option_is_given(o, OPTION_anneal) ||
        (o->objective.word == OBJECTIVE_elbo && o->objective.number > 0))
        e.weight = tape_input(e.t, (axes){0});
    return is_bound(o) && samples_latents(g) ? bound_write(&e) : write_elbo(&e);
}

apart_weights estimate_write_weights(const guide *g, const guide_tape *on) {
    const options plain = {0};
    estimator e = open_estimator(g, on, &plain, 1);
    return apart_weights_write(&e);
}

axes row_axes(const program *p) {
    axes all = {0};
    for (variable v = 0; v < p->variables.count; v++)
        if (program_variable(p, v)->observed) all = axes_union(all, program_variable(p, v)->axes);
    return all;
}

static const draw *model_statement(const program *p, variable v) {
    for (uint32_t i = 0; i < p->model.count; i++)
        if (p->model.at[i].of == v) return &p->model.at[i];
    return NULL;
}

static statement_kl write_kl(estimator *e, const draw *guide) {
    const program *p = e->program;
    statement_kl k = {.of = guide->of, .rows = 1};
    axes rows = axes_common(guide->axes, row_axes(p));
    k.units = axes_minus(guide->axes, rows);
    for (int i = 0; i < rows.count; i++) k.rows *= e->live->model->axes[rows.at[i]].size;
    const draw *model = model_statement(p, guide->of);
    ref kl = guide->kl
                 ? lower_node(e->live, guide->kl)
                 : minus(e, lower_node(e->live, guide->log_density), lower_node(e->live, model->log_density));
    kl = tape_sum(e->t, kl, lower_axes(e->live, axes_minus(guide->axes, k.units)));
    k.kl = tape_expand(e->t, kl, axes_union(lower_axes(e->live, k.units), draw_axis(e)));
    return k;
}

evidence evidence_write(const guide *g, const guide_tape *on) {
    const options plain = {0}; /* whatever the steps were taken by */
    estimator e = open_estimator(g, on, &plain, 1);
    const program *p = e.program;
    terms_collect(&e, true);
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
    out.elbo = terms_elbo(&e, false);
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

static bool bound_check(diagnostics *d, const program *p, const options *o) {
    if (o->objective.word != OBJECTIVE_chi) return true;
    if (!(o->objective.number > 1)) {
        diagnostic *said =
            diagnose(d, DIAGNOSTIC_option, NO_PLACE,
                     "`objective = %s` is no bound from above: its order must be above 1", o->objective.text);
        advise(d, said, "use `chi(2, 50)`; for a bound from below, `iwae(50)`");
        return false;
    }
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

/* Free bits need a latent of each row, drawn by one statement, and the ELBO. */
static bool free_bits_check(diagnostics *d, const program *p, const options *o) {
    bool any = false;
    for (uint32_t i = 0; i < p->guide.count; i++)
        any |= is_whole(p, p->guide.at[i].of) && axes_common(p->guide.at[i].axes, row_axes(p)).count;
    if (!(o->free_bits > 0) || (any && !is_bound(o))) return true;
    diagnostic *said = diagnose(d, DIAGNOSTIC_option, NO_PLACE, "`free_bits = %g`, but %s", o->free_bits,
                                any ? "the objective weighs draws, and has no KL of its own"
                                    : "the guide draws no latent for each row of the data");
    advise(d, said,
           any ? "use `objective = elbo`" : "leave it out, or give such a latent a statement in the guide");
    return false;
}

/* Expectations are exact: nothing may be left to be drawn. */
static bool em_check(diagnostics *d, const program *p, const options *o) {
    for (variable v = 0; o->objective.word == OBJECTIVE_em && v < p->variables.count; v++) {
        const variable_row *row = program_variable(p, v);
        if (row->kind != VARIABLE_latent) continue;
        diagnostic *said = diagnose(d, DIAGNOSTIC_option, row->at,
                                    "`objective = em`, but `%s` is not summed out", row->name);
        advise(d, said, "make it a `param`, or use `objective = elbo`, which estimates params too");
        return false;
    }
    return true;
}

bool estimate_check(diagnostics *d, const program *p, const options *o) {
    return bound_check(d, p, o) && em_check(d, p, o) && gradients_check(d, p, o) && sleep_check(d, p, o) &&
           control_check(d, p, o) && free_bits_check(d, p, o);
}
