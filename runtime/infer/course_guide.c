/* The route of a guide of its own, fitted on the tape (objective.c), with plain importance weights. */
#include "runtime/infer/course.h"

#include <math.h>
#include <string.h>
#include "runtime/infer/along.h"
#include "runtime/infer/bracket.h"
#include "runtime/infer/cavi.h"
#include "runtime/infer/em.h"
#include "runtime/infer/fingerprint.h"
#include "runtime/infer/held.h"
#include "runtime/infer/monotone.h"
#include "runtime/infer/objective.h"
#include "runtime/infer/refine.h"
#include "runtime/infer/route.h"
#include "runtime/infer/stochastic.h"
#include "runtime/infer/surgery.h"
#include "runtime/infer/wider.h"

static status complain_of_checkpoint(course *r) {
    diagnostic *said =
        diagnose_data(r->d, NULL, 0,
                      "the checkpoint is not one of this fit: the program, its data, an option or "
                      "the version differ, or the file is damaged");
    advise(r->d, said, "go on with what it was written by, or begin anew without `--resume`");
    return STATUS_invalid_data;
}

static status complain_of_climb(course *r, const objective *climbed, const objective_course *c) {
    if (c->foreign) return complain_of_checkpoint(r);
    machine_complain(r->d, climbed->machine, climbed->tape, r->options.seed, c->steps - 1);
    return STATUS_not_finite;
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

/* By steps that never go down. */
static bool ascend(course *r, monotone up, objective_course *c) {
    up.most = r->options.steps;
    bool good = monotone_run(&up, c->vigil);
    c->steps = up.steps, c->converged = up.converged, c->interrupted = up.interrupted;
    return good;
}

static bool em_moves(void *of) { return em_step(of); }
static double em_reached(const void *of) { return em_value(of); }

static bool em_fit(course *r, const guide *g, double *x, objective_course *c) {
    em *steps = em_new(r->d, g, x, r->a);
    monotone up = {.step = em_moves,
                   .value = em_reached,
                   .of = steps,
                   .enough = monotone_enough(r->options.tolerance, 1)};
    if (!steps || !ascend(r, up, c)) return false;
    memcpy(x, em_params(steps), g->size * sizeof *x);
    return true;
}

static bool climb(course *r, const guide *g, objective *climbed, objective_course *c) {
    route way = route_of(r->model->program, &r->options);
    if (way == ROUTE_em) return em_fit(r, g, climbed->x, c);
    return (way == ROUTE_held ? held_fit : objective_fit)(climbed, r->a, c);
}

static bool cavi_moves(void *of) { return cavi_step(of, 1); }
static double cavi_reached(const void *of) { return cavi_value(of); }

static status cavi_fit(course *r, const guide *g, double *x, objective_course *c) {
    cavi *steps = cavi_new(r->d, g, &r->options, x, r->a);
    if (!steps) return STATUS_invalid_program;
    monotone up = {.step = cavi_moves,
                   .value = cavi_reached,
                   .of = steps,
                   .enough = monotone_enough(r->options.tolerance, g->size)};
    bool by_length = cavi_by_length(&r->options);
    if (by_length ? stochastic_run(steps, g, &r->options, c, r->a) : ascend(r, up, c)) {
        cavi_read(steps, x);
        return STATUS_ok;
    }
    if (c->foreign) return complain_of_checkpoint(r);
    cavi_complain(steps, r->d);
    return STATUS_not_finite;
}

/* The guide from its start to where it ends, *x. */
static status fit_guide(course *r, const guide *g, objective_course *c, double **x) {
    bool closed = is_cavi(&r->options);
    objective *climbed = closed ? NULL : objective_new(r->d, g, &r->options, r->a);
    if (!closed && !climbed) return STATUS_invalid_program;
    *x = closed ? arena_array(r->a, double, g->size) : climbed->x;
    guide_start(g, r->options.seed, *x, r->a);
    status reached = closed                    ? cavi_fit(r, g, *x, c)
                     : climb(r, g, climbed, c) ? STATUS_ok
                                               : complain_of_climb(r, climbed, c);
    r->fit->steps = c->steps;
    r->fit->gradients = c->steps * (closed ? 1 : climbed->draws);
    return reached;
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
        averages_add(&was, before.elbo[i], 0, 0);
        averages_add(&now, drawn->elbo[i], 0, 0);
        averages_add(&more, drawn->elbo[i] - before.elbo[i], 0, 0);
    }
    measured bound = refine_evidence(g, x, r->options.seed, &r->vigil, r->a),
             elbo = averages_bound(&now).elbo;
    measured left = {bound.value - elbo.value, hypot(bound.error, elbo.error)};
    r->fit->gaps = (gaps){true, averages_bound(&was).elbo, averages_bound(&more).elbo, left};
}

/* Draws in place of the guide's, with particles along axes from a guide like it, where its own weights are
 * not good and these are better. A latent that moves with others is taken as it moves without them: the few
 * draws that refits need then say the rest. */
static bool weigh_along(course *r, const guide *g, const double *x, const reported *rep) {
    arena *a = r->a;
    if (!wider_has_density(r->model->program) || sample_is_good(r->sample)) return false;
    space *all = arena_new(a, space);
    *all = space_of_latents(r->model, false, a);
    space *s = space_without_loops(all, a);
    particles *t = particles_new(s, rep, r->options.seed, &r->vigil, a);
    if (!t || !along_fits(t, r->options.draws)) return false;
    double *points = wider_points(g, x, s, r->options.seed, a);
    double *centring = arena_array(a, double, s->size);
    memcpy(centring, s->centring, s->size * sizeof *centring);
    for (uint64_t i = 0; i < s->size; i++) s->centring[i] = 1;
    space_recentre(s, centring, points, LIKENESS_DRAWS, a);
    guide_along first, *best = arena_new(a, guide_along);
    drawing found;
    rng draws = rng_open(r->options.seed, STREAM_DRAWS), second = rng_open(r->options.seed, STREAM_CHECK),
        again = rng_open(r->options.seed, STREAM_SHARES);
    bool good = particles_guide_of_points(t, points, LIKENESS_DRAWS, &first, a) &&
                along_draw(t, first, r->options.draws, &draws, &r->vigil, a, best, &found);
    if (!good) return false;
    if (!verdict_corrects(found.sample.quality, found.sample.count) ||
        !sample_better(&found.sample, r->sample)) {
        arena_close(found.arena);
        return false;
    }
    *r->sample = found.sample;
    r->findings.draws = found.sample.count;
    r->findings.quality = found.sample.quality;
    r->findings.error = sample_error(&found.sample, a);
    push(a, &r->fit->reasons, along_reason(t, a));
    wider_check_along(&r->findings, r->sample, t, best, found.sample.count, &second, a);
    r->shares = shares_find(t, best, r->sample, &again, a);
    return true;
}

static void rehearse_along(course *r, const reported *rep) {
    if (!wider_has_density(r->model->program)) return;
    space *all = arena_new(r->a, space);
    *all = space_of_latents(r->model, false, r->a);
    space *s = space_without_loops(all, r->a);
    particles *t = particles_new(s, rep, r->options.seed, &r->vigil, r->a);
    if (!t || !along_fits(t, r->options.draws)) return;
    arena_array(r->a, double, LIKENESS_DRAWS * s->size);
    along_rehearse(t, r->a);
    particles_rehearse_guide(t, r->a);
    arena *scratch = arena_inside(r->a);
    for (int i = 0; i < 2; i++) drawing_new(rep, s->size, 1, r->options.draws, scratch);
    arena_close(scratch);
    shares_rehearse(t, r->options.draws, r->a);
}

status course_guide(course *r) {
    arena *a = r->a;
    const options *o = &r->options;
    family_kind kind = o->family.word ? (family_kind)o->family.word : FAMILY_mean_field;
    guide *g = guide_new(r->d, r->model, kind, o->family.count, a);
    if (!g) return STATUS_invalid_program;
    objective_course course = {.host = &r->host, .vigil = &r->vigil, .is_followed = is_combined(o)};
    if (r->host.checkpoints) course.fingerprint = fingerprint_of(r->d, r->model, o);
    double *x;
    status reached = fit_guide(r, g, &course, &x);
    if (reached != STATUS_ok) return reached;
    if (is_combined(o) && !r->vigil.stopped && !bracket_run(r, x, &course)) return complain_of_checkpoint(r);
    reported *rep = arena_new(a, reported);
    *rep = reported_new(r->model, false, a);
    uint64_t count = draws_that_pay(r->model, rep->scalars, r->options.draws);
    guide_draws *drawn = arena_new(a, guide_draws);
    *drawn = objective_draw(g, rep, x, count, r->options.seed, &r->vigil, a);
    if (r->host.refine) refine(r, g, x, rep, count, drawn);
    r->sample = &drawn->sample;
    averages m = {0};
    for (uint64_t i = 0; i < r->sample->count; i++)
        averages_add(&m, drawn->elbo[i], r->sample->log_likelihood[i], r->sample->log_density[i]);
    course_report_bound(r->fit, averages_bound(&m));
    if (o->objective.word == OBJECTIVE_elbo) r->fit->bracket.lower = r->fit->elbo;
    report_kls(r, g, x, drawn);
    r->findings = (findings){.converged = course.converged,
                             .held = is_held(o),
                             .closed = is_cavi(o) && !cavi_by_length(o),
                             .draws = r->sample->count,
                             .quality = r->sample->quality,
                             .error = sample_error(r->sample, a),
                             .collapsed = collapsed_latent(r->fit),
                             .joint = true};
    if (!r->vigil.stopped && !weigh_along(r, g, x, rep))
        wider_check_guide(&r->findings, r->d, g, x, r->sample, r->fit->gradients / 2, o, &r->vigil, a);
    r->fit->interrupted = r->vigil.stopped;
    return STATUS_ok;
}

static bool rehearse_climb(course *r, const guide *g) {
    if (is_cavi(&r->options)) {
        double *x = arena_array(r->a, double, g->size);
        guide_start(g, r->options.seed, x, r->a);
        cavi *steps = cavi_new(r->d, g, &r->options, x, r->a);
        if (steps && cavi_by_length(&r->options)) stochastic_rehearse(steps, g, r->a);
        return steps != NULL;
    }
    objective *climbed = objective_new(r->d, g, &r->options, r->a);
    if (!climbed) return false;
    guide_start(g, r->options.seed, climbed->x, r->a);
    objective_rehearse(climbed, r->a);
    if (is_combined(&r->options)) bracket_rehearse(r);
    return true;
}

bool course_guide_rehearse(course *r, fit_memory *needed) {
    const options *o = &r->options;
    family_kind kind = o->family.word ? (family_kind)o->family.word : FAMILY_mean_field;
    guide *g = guide_new(r->d, r->model, kind, o->family.count, r->a);
    if (!g || !rehearse_climb(r, g)) return false;
    reported *rep = arena_new(r->a, reported);
    *rep = reported_new(r->model, false, r->a);
    uint64_t count = draws_that_pay(r->model, rep->scalars, o->draws);
    objective_draw_rehearse(g, rep, count, r->a);
    for (uint32_t s = 0; s < r->model->program->guide.count; s++)
        surgery_rehearse(g, &r->model->program->guide.at[s], r->a);
    wider_rehearse_guide(r->d, g, rep, count, r->a);
    course_rehearse_end(r, rep, count);
    needed->bytes = r->a->most;
    rehearse_along(r, rep);
    needed->most = r->a->most;
    return true;
}
