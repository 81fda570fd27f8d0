/* A fit, from its options to a verdict. A program without a guide, or whose guide is one family over all
 * latents, goes one route, programs with other guides another (route.h, course.h). */
#include "runtime/infer/fit.h"

#include "runtime/infer/bracket.h"
#include "runtime/infer/cavi.h"
#include "runtime/infer/clock.h"
#include "runtime/infer/course.h"
#include "runtime/infer/estimator.h"
#include "runtime/infer/held.h"
#include "runtime/infer/map.h"
#include "runtime/infer/refine.h"
#include "runtime/infer/route.h"
#include "runtime/infer/tmc.h"
#include "runtime/infer/transforms.h"

static const struct {
    status (*run)(course *);
    bool (*rehearse)(course *, fit_memory *);
} ROUTES[] = {
    [ROUTE_gaussian] = {course_gaussian, course_gaussian_rehearse},
    [ROUTE_map] = {course_map, course_map_rehearse},
    [ROUTE_em] = {course_guide, course_guide_rehearse},
    [ROUTE_cavi] = {course_guide, course_guide_rehearse},
    [ROUTE_natural] = {course_guide, course_guide_rehearse},
    [ROUTE_held] = {course_guide, course_guide_rehearse},
    [ROUTE_steps] = {course_guide, course_guide_rehearse},
};

/* Indices are entries, and a float holds all whole numbers up to 2^24 only. */
static bool single_check(diagnostics *d, const model *m, const options *o) {
    const uint32_t most = 1u << 24;
    bool good = true;
    for (axis a = 0; a < m->program->axes.count; a++) {
        if (precision_of(o) == IN_DOUBLE || m->axes[a].size <= most) continue;
        diagnostic *said = diagnose(d, DIAGNOSTIC_option, program_axis(m->program, a)->at,
                                    "`precision = single`, but axis `%s` has %u entries: floats count to %u",
                                    program_axis(m->program, a)->name, m->axes[a].size, most);
        advise(d, said, "leave the option out");
        good = false;
    }
    return good;
}

static void refuse_checkpoints(diagnostics *d) {
    diagnostic *said = diagnose_data(
        d, NULL, 0,
        "this fit does not climb by steps that could be kept: it has no guide "
        "block, params or batches, its objective is `em`, `map` or `cavi` without `batch` or `rate`, or its "
        "optimizer `lbfgs`");
    advise(d, said, "leave `--checkpoint` out");
}

static bool objective_check(diagnostics *d, const program *p, const options *o) {
    return map_check(d, p, o) && batch_check(d, p, o) && estimate_check(d, p, o) && held_check(d, p, o) &&
           noise_check(d, p, o) && tmc_check(d, p, o) && cavi_check(d, p, o);
}

bool fit_check(diagnostics *d, const program *p, const options *o) {
    if (!bracket_check(d, p, o) || !objective_check(d, p, o)) return false;
    if (!is_combined(o)) return true;
    options above = bracket_above(o);
    return objective_check(d, p, &above);
}

static bool can_run(diagnostics *d, const model *m, const options *o) {
    return transform_check_all(d, m, true) && fit_check(d, m->program, o) && single_check(d, m, o);
}

/* The model with the threads of this fit. */
static model *with_team(const model *m, const options *o, arena *a) {
    model *threaded = arena_new(a, model);
    *threaded = *m;
    threaded->team = team_open(a, o->threads);
    return threaded;
}

fit *fit_run(diagnostics *d, const model *m, const options *over, arena *a, fit_host host, status *status) {
    course r = {.d = d,
                .model = m,
                .options = m->program->options,
                .a = arena_inside(a),
                .host = host,
                .vigil = vigil_open(host)};
    if (over) options_merge(&r.options, over);
    r.fit = arena_new(r.a, fit);
    *r.fit = (fit){.model = m, .arena = r.a, .seed = r.options.seed};
    if (!can_run(d, m, &r.options) || (host.refine && !refine_check(d, m->program, &r.options))) {
        *status = STATUS_invalid_program;
        return NULL;
    }
    route way = route_of(m->program, &r.options);
    if (way != ROUTE_steps && way != ROUTE_natural && host.checkpoints) {
        refuse_checkpoints(d);
        *status = STATUS_invalid_program;
        return NULL;
    }
    if (r.options.objective.text) r.vigil.objective = r.options.objective.text;
    r.model = with_team(m, &r.options, r.a);
    *status = ROUTES[way].run(&r);
    if (*status == STATUS_ok) course_end(&r);
    team_close(r.model->team);
    if (*status != STATUS_ok) return NULL;
    r.fit->memory = r.a->most;
    r.fit->seconds = seconds_now() - r.vigil.started;
    if (r.fit->interrupted) *status = STATUS_interrupted;
    return r.fit;
}

bool fit_rehearse(diagnostics *d, const model *m, const options *over, arena *a, fit_memory *needed) {
    course r = {.d = d, .model = m, .options = m->program->options, .a = arena_inside(a)};
    if (over) options_merge(&r.options, over);
    r.fit = arena_new(r.a, fit);
    *r.fit = (fit){.model = m, .arena = r.a};
    if (!can_run(d, m, &r.options)) return false;
    r.model = with_team(m, &r.options, r.a);
    bool good = ROUTES[route_of(m->program, &r.options)].rehearse(&r, needed);
    team_close(r.model->team);
    arena_close(r.a);
    return good;
}
