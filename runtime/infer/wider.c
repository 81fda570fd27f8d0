#include "runtime/infer/wider.h"

#include <math.h>
#include "autodiff/passes.h"
#include "runtime/infer/modes.h"
#include "runtime/infer/transforms.h"

/* Below this many effective draws a second look says nothing. */
static const double DRAWS_THAT_TELL = 10;
/* Draws of the guide itself are numbered from here, none being that of a step or of the summary. */
static const uint64_t FIRST_LIKENESS = UINT64_C(1) << 41;

enum { STREAM_WIDER = 18 };

/* By so much that its typical set still meets that of the guide. */
static gaussian widened(const gaussian *g, arena *a) {
    uint64_t n = g->size, matrix = g->factor ? n * n : 0;
    double by = 1 + 1.5 / sqrt(1.0 + (double)n);
    gaussian w = {n, g->mean, matrix ? arena_array(a, double, matrix) : NULL, arena_array(a, double, n),
                  g->algebra};
    for (uint64_t i = 0; i < matrix; i++) w.factor[i] = by * g->factor[i];
    for (uint64_t i = 0; i < n; i++) w.scale[i] = by * g->scale[i];
    return w;
}

static drawing draw_wider(const proposal *p, uint64_t count, evaluation *e, rng *r, arena *a) {
    proposal wide = {p->count, arena_array(a, gaussian, p->count), p->weight};
    for (uint32_t k = 0; k < p->count; k++) wide.parts[k] = widened(&p->parts[k], a);
    return importance_draw(&wide, e, count, r, a);
}

void wider_check(findings *f, const sample *first, const proposal *p, uint64_t count, evaluation *e, rng *r,
                 arena *a) {
    arena *scratch = arena_inside(a);
    drawing second = draw_wider(p, count, e, r, scratch);
    if (second.sample.quality.ess >= DRAWS_THAT_TELL) verdict_compare(f, first, &second.sample, scratch);
    arena_close(scratch);
}

void wider_check_along(findings *f, const sample *first, particles *t, const guide_along *g, uint64_t count,
                       rng *r, arena *a) {
    arena *scratch = arena_inside(a);
    guide_along wide = particles_widened(t, g, scratch);
    drawing second = particles_draw(t, &wide, count, r, scratch);
    if (second.sample.quality.ess >= DRAWS_THAT_TELL) verdict_compare(f, first, &second.sample, scratch);
    arena_close(scratch);
}

/* A guide of the program's own. */

bool wider_has_density(const program *p) {
    for (variable v = 0; v < p->variables.count; v++) {
        const variable_row *row = program_variable(p, v);
        if (row->kind == VARIABLE_param) return false;
        if (row->kind == VARIABLE_latent && type_range(p, row->type).whole) return false;
    }
    return true;
}

/* Draws the guide in the space of the latents. */
static machine *drawer_new(const guide *g, const space *s, arena *a) {
    tape written, *run = arena_new(a, tape);
    tape_open(&written, a);
    lowering l = lower_open(g->model, &written, LIKENESS_DRAWS);
    guide_write(g, &l, NULL);
    for (uint32_t i = 0; i < s->count; i++) {
        variable v = s->of[i];
        ref u = transform_unconstrain(&l, v, l.variables[v]);
        tape_output(&written, tape_expand(&written, u, axes_with(transform_axes(&l, v), l.draw)));
    }
    tape_compile(&written, run, a, NULL, NULL);
    return machine_new(a, run, g->model->team);
}

double *wider_points(const guide *g, const double *x, const space *s, uint64_t seed, arena *a) {
    machine *m = drawer_new(g, s, a);
    for (uint32_t b = 0; b < g->parts.count; b++) machine_bind(m, b, x + g->parts.at[b].offset);
    machine_run(m, seed, FIRST_LIKENESS);
    double *points = arena_array(a, double, LIKENESS_DRAWS * s->size);
    for (uint32_t i = 0; i < s->count; i++) {
        uint64_t size = transform_size(g->model, s->of[i]);
        const double *u = machine_output(m, i);
        for (uint64_t b = 0; b < LIKENESS_DRAWS; b++)
            for (uint64_t k = 0; k < size; k++) points[b * s->size + s->offset[i] + k] = u[b * size + k];
    }
    return points;
}

static bool likeness(const guide *g, const double *x, const space *s, uint64_t seed, gaussian *to, arena *a) {
    uint64_t n = s->size;
    *to = (gaussian){n, arena_array(a, double, n), arena_array(a, double, n *n), arena_array(a, double, n),
                     algebra_open(n, a)};
    if (!gaussian_of_points(to, wider_points(g, x, s, seed, a), NULL, LIKENESS_DRAWS, a)) return false;
    for (uint64_t i = 0; i < n; i++) to->scale[i] = to->factor[i * n + i];
    return true;
}

static bool is_checked(const guide *g, const space *s) {
    return wider_has_density(g->model->program) && s->size && s->size <= MODES_SOUGHT;
}

static void check_guide(findings *f, diagnostics *d, const guide *g, const double *x, const sample *first,
                        uint64_t gradients, const options *o, vigil *v, arena *a) {
    space s = space_of_latents(g->model, true, a);
    gaussian like;
    if (!is_checked(g, &s) || !likeness(g, x, &s, o->seed, &like, a)) return;
    density *one = density_new(d, &s, 1, IN_DOUBLE, a);
    density *many = one ? density_new(d, &s, points_that_fit(g->model, 16), IN_DOUBLE, a) : NULL;
    if (!many) return;
    one->vigil = v;
    rng r = rng_open(o->seed, STREAM_WIDER);
    proposal p;
    if (!modes_find(one, many, &like, first->quality.log_mean, gradients, &r, a, &p))
        p = proposal_of(&like, a);
    evaluation *e = evaluation_new(&s, first->report, points_that_fit(g->model, 250), o->seed, a);
    e->vigil = v;
    drawing second = draw_wider(&p, first->count, e, &r, a);
    if (second.sample.quality.khat < psis_threshold(first->count) &&
        second.sample.quality.ess >= DRAWS_THAT_TELL)
        verdict_compare(f, first, &second.sample, a);
}

void wider_check_guide(findings *f, diagnostics *d, const guide *g, const double *x, const sample *first,
                       uint64_t gradients, const options *o, vigil *v, arena *a) {
    arena *scratch = arena_inside(a);
    check_guide(f, d, g, x, first, gradients, o, v, scratch);
    arena_close(scratch);
}

void wider_rehearse_guide(diagnostics *d, const guide *g, const reported *r, uint64_t count, arena *a) {
    arena *scratch = arena_inside(a);
    space s = space_of_latents(g->model, true, scratch);
    if (is_checked(g, &s)) {
        drawer_new(g, &s, scratch);
        arena_array(scratch, double, 2 * LIKENESS_DRAWS * s.size);
        density_new(d, &s, 1, IN_DOUBLE, scratch);
        density_new(d, &s, points_that_fit(g->model, 16), IN_DOUBLE, scratch);
        evaluation_new(&s, r, points_that_fit(g->model, 250), 0, scratch);
        drawing_new(r, s.size, 1, count, scratch);
        arena_array(scratch, double, 2 * count);
    }
    arena_close(scratch);
}
