/* The route to a mode, with draws of the Gaussian of its curvature. */
#include "runtime/infer/course.h"

#include "runtime/infer/map.h"

status course_map(course *r) {
    arena *a = r->a;
    map_search *s = map_open(r->d, r->model, &r->options, a);
    if (!s) return STATUS_invalid_program;
    map_found *found = arena_new(a, map_found);
    if (!map_find(s, &r->options, &r->vigil, a, found)) {
        machine_complain(r->d, s->one->machine, s->one->tape, 0, 0);
        return STATUS_not_finite;
    }
    proposal p = proposal_of(&found->at, a);
    rng draws = rng_open(r->options.seed, STREAM_DRAWS);
    uint64_t count =
        draws_that_pay(r->model, s->evaluation->report->scalars + s->space.size, r->options.draws);
    drawing d = importance_draw(&p, s->evaluation, count, &draws, a);
    r->fit->steps = found->steps;
    r->fit->gradients = s->one->gradients + s->many->gradients;
    r->fit->interrupted = r->vigil.stopped;
    r->fit->mode = found->scalars;
    r->findings = (findings){.converged = found->converged, .quality = d.sample.quality, .mode = found};
    r->uncorrected = bound_weights(&d, a);
    course_report_bound(r->fit, bound_of_drawing(&d));
    r->sample = arena_new(a, sample);
    *r->sample = d.sample;
    return STATUS_ok;
}

bool course_map_rehearse(course *r, fit_memory *needed) {
    map_search *s = map_open(r->d, r->model, &r->options, r->a);
    if (!s) return false;
    const reported *rep = s->evaluation->report;
    map_found found = map_rehearse(s, r->a);
    uint64_t count = draws_that_pay(r->model, rep->scalars + s->space.size, r->options.draws);
    drawing d = drawing_new(rep, found.at.factor ? s->space.size : 0, 1, count, r->a);
    sample_rehearse(count, d.arena);
    arena_array(r->a, double, count); /* weights of the Gaussian alone */
    course_rehearse_end(r, rep, count);
    needed->bytes = needed->most = r->a->most;
    return true;
}
