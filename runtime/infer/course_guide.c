/* The route of a guide of its own, fitted on the tape (objective.c), with plain importance weights. */
#include "runtime/infer/course.h"

#include <math.h>
#include <string.h>
#include "runtime/infer/em.h"
#include "runtime/infer/fingerprint.h"
#include "runtime/infer/held.h"
#include "runtime/infer/objective.h"
#include "runtime/infer/refine.h"
#include "runtime/infer/route.h"
#include "runtime/infer/surgery.h"
#include "runtime/infer/wider.h"

static status complain_of_climb(course *r, const objective *climbed, const objective_course *c) {
    if (!c->foreign) {
        machine_complain(r->d, climbed->machine, climbed->tape, r->options.seed, c->steps - 1);
        return STATUS_not_finite;
    }
    diagnostic *said =
        diagnose_data(r->d, NULL, 0,
                      "the checkpoint is not one of this fit: the program, its data, an option or "
                      "the version differ, or the file is damaged");
    advise(r->d, said, "go on with what it was written by, or begin anew without `--resume`");
    return STATUS_invalid_data;
}

/* A latent of each row that the posterior leaves at its prior. Where no param is estimated, that may be the
 * posterior. */
static const latent_kl *collapsed_latent(const fit *f) {
    const program *p = f->model->program;
    bool estimates = false;
    for (variable v = 0; v < p->variables.count; v++)
        estimates |= program_variable(p, v)->kind == VARIABLE_param;
    for (uint32_t i = 0; i < f->latent_kls.count && estimates; i++) {
        const latent_kl *k = &f->latent_kls.at[i];
        if (k->rows > 1 && !latent_kl_active(k) && gradient_moves(p, k->of, f->arena)) return k;
    }
    return NULL;
}

/* Steps until what is left of the climb, as the last two rises foretell it (Aitken's formula; Böhning, Dietz,
 * Schaub, Schlattmann and Lindsay, Annals of the Institute of Statistical Mathematics 46, 1994), is that of
 * params which lie a hundredth of the tolerance from the top. */
static bool em_fit(course *r, em *steps, double *x, uint64_t size, objective_course *c) {
    double before = NAN, rise = NAN, enough = 0.5 * pow(0.01 * r->options.tolerance, 2);
    while (c->steps < r->options.steps && !c->converged && !c->interrupted) {
        if (!em_step(steps)) return false;
        c->steps++;
        double last = rise, now = em_value(steps);
        rise = now - before, before = now;
        c->converged = rise * rise < enough * (last - rise) || fabs(rise) < 1e-12 * (1 + fabs(now));
        c->interrupted = vigil_tell(c->vigil, c->steps, r->options.steps, (measured){now, 0}, NAN);
    }
    memcpy(x, em_params(steps), size * sizeof *x);
    return true;
}

static bool climb(course *r, const guide *g, objective *climbed, objective_course *c) {
    route way = route_of(r->model->program, &r->options);
    if (way != ROUTE_em) return (way == ROUTE_held ? held_fit : objective_fit)(climbed, r->a, c);
    em *steps = em_new(r->d, g, climbed->x, r->a);
    return steps && em_fit(r, steps, climbed->x, g->size, c);
}

/* The KLs of latents, and what those of the rows are made of. */
static void report_kls(course *r, const guide *g, const double *x, const guide_draws *drawn) {
    const program *p = r->model->program;
    for (uint32_t i = 0; i < drawn->kls.count; i++) {
        latent_kl k = drawn->kls.at[i];
        for (uint32_t s = 0; s < p->guide.count; s++)
            if (p->guide.at[s].of == k.of && !vigil_asks(&r->vigil, "codes"))
                k.parts = surgery_run(g, x, &p->guide.at[s], r->options.seed, r->a);
        push(r->a, &r->fit->latent_kls, k);
    }
}

/* The draws of the refined guide take the place of those of the one that was fitted; both have the same
 * numbers beneath, so that their difference is known better than either. */
static void refine(course *r, guide *g, const double *x, const reported *rep, uint64_t count,
                   guide_draws *drawn) {
    guide_draws before = *drawn;
    if (!refine_run(g, x, &r->options, &r->vigil, r->a, &r->fit->steps)) return;
    *drawn = objective_draw(g, rep, x, count, r->options.seed, &r->vigil, r->a);
    averages was = {0}, now = {0}, more = {0};
    for (uint64_t i = 0; i < drawn->sample.count; i++) {
        averages_add(&was, before.elbo[i], 0);
        averages_add(&now, drawn->elbo[i], 0);
        averages_add(&more, drawn->elbo[i] - before.elbo[i], 0);
    }
    measured bound = refine_evidence(g, x, r->options.seed, &r->vigil, r->a),
             elbo = averages_bound(&now).elbo;
    measured left = {bound.value - elbo.value, hypot(bound.error, elbo.error)};
    r->fit->gaps = (gaps){true, averages_bound(&was).elbo, averages_bound(&more).elbo, left};
}

status course_guide(course *r) {
    arena *a = r->a;
    const options *o = &r->options;
    family_kind kind = o->family.word ? (family_kind)o->family.word : FAMILY_mean_field;
    guide *g = guide_new(r->d, r->model, kind, o->family.count, a);
    objective *climbed = g ? objective_new(r->d, g, o, a) : NULL;
    if (!climbed) return STATUS_invalid_program;
    guide_start(g, o->seed, climbed->x, a);
    objective_course course = {.host = &r->host, .vigil = &r->vigil};
    if (r->host.checkpoints) course.fingerprint = fingerprint_of(r->d, r->model, o);
    if (!climb(r, g, climbed, &course)) return complain_of_climb(r, climbed, &course);
    r->fit->steps = course.steps;
    r->fit->gradients = course.steps * climbed->draws;
    reported *rep = arena_new(a, reported);
    *rep = reported_new(r->model, false, a);
    uint64_t count = draws_that_pay(r->model, rep->scalars, r->options.draws);
    guide_draws *drawn = arena_new(a, guide_draws);
    *drawn = objective_draw(g, rep, climbed->x, count, r->options.seed, &r->vigil, a);
    if (r->host.refine) refine(r, g, climbed->x, rep, count, drawn);
    r->sample = &drawn->sample;
    averages m = {0};
    for (uint64_t i = 0; i < r->sample->count; i++)
        averages_add(&m, drawn->elbo[i], r->sample->log_likelihood[i]);
    course_report_bound(r->fit, averages_bound(&m));
    report_kls(r, g, climbed->x, drawn);
    r->findings = (findings){.converged = course.converged,
                             .held = is_held(o),
                             .draws = r->sample->count,
                             .quality = r->sample->quality,
                             .error = sample_error(r->sample, a),
                             .collapsed = collapsed_latent(r->fit),
                             .joint = true};
    if (!r->vigil.stopped)
        wider_check_guide(&r->findings, r->d, g, climbed->x, r->sample, r->fit->gradients / 2, o, &r->vigil,
                          a);
    r->fit->interrupted = r->vigil.stopped;
    return STATUS_ok;
}

bool course_guide_rehearse(course *r, fit_memory *needed) {
    const options *o = &r->options;
    family_kind kind = o->family.word ? (family_kind)o->family.word : FAMILY_mean_field;
    guide *g = guide_new(r->d, r->model, kind, o->family.count, r->a);
    objective *climbed = g ? objective_new(r->d, g, o, r->a) : NULL;
    if (!climbed) return false;
    guide_start(g, o->seed, climbed->x, r->a);
    objective_rehearse(climbed, r->a);
    reported *rep = arena_new(r->a, reported);
    *rep = reported_new(r->model, false, r->a);
    uint64_t count = draws_that_pay(r->model, rep->scalars, o->draws);
    objective_draw_rehearse(g, rep, count, r->a);
    for (uint32_t s = 0; s < r->model->program->guide.count; s++)
        surgery_rehearse(g, &r->model->program->guide.at[s], r->a);
    wider_rehearse_guide(r->d, g, rep, count, r->a);
    course_rehearse_end(r, rep, count);
    needed->bytes = needed->most = r->a->most;
    return true;
}
