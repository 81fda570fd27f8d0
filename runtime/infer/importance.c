#include "runtime/infer/importance.h"

#include <math.h>
#include <string.h>
#include <cblas.h>
#include "autodiff/passes.h"
#include "runtime/infer/matrix.h"

/* Degrees of freedom of the t: heavy enough for weights with a variance where tails fall as a fifth power or
 * faster. */
static const double DEGREES = 5;

evaluation *evaluation_new(const space *s, const reported *r, uint32_t points, uint64_t seed, arena *a) {
    tape *written = arena_new(a, tape);
    tape_open(written, a);
    lowering l = lower_open(s->model, written, points);
    axis joint = tape_add_axis(written, "latents", (uint32_t)s->size);
    ref u = tape_input(written, axes_with(axes_one(l.draw), joint));
    assignment given = assignment_open(&l);
    assignment_from_space(&given, s, u, joint);
    assignment_set_all(&given);
    ref log_density = tape_map2(written, OP_add, lower_log_density(&l), given.log_jacobian);
    tape_output(written, tape_expand(written, log_density, axes_one(l.draw)));
    reported_output(r, &l);
    evaluation *e = arena_new(a, evaluation);
    *e = (evaluation){.space = s, .report = r, .tape = arena_new(a, tape), .points = points, .seed = seed};
    tape_compile(written, e->tape, a, NULL, NULL);
    e->machine = machine_new(a, e->tape);
    e->at = arena_take_aligned(a, (size_t)points * s->size * sizeof(double));
    machine_bind(e->machine, 0, e->at);
    space_bind(s, 1, e->machine);
    return e;
}

/* Marsaglia and Tsang (ACM TOMS 26, 2000), shape at least 1; scale 1. */
static double draw_gamma(rng *r, double shape) {
    double d = shape - 1.0 / 3, c = 1 / sqrt(9 * d);
    for (;;) {
        double x = rng_normal(r), v = 1 + c * x;
        if (v <= 0) continue;
        v = v * v * v;
        if (log(rng_uniform(r)) < 0.5 * x * x + d - d * v + d * log(v)) return d * v;
    }
}

static double log_normal_density(double square, double n) { return -0.5 * square - 0.5 * n * log(2 * M_PI); }

static double log_tailed_density(double square, double n) {
    return lgamma(0.5 * (DEGREES + n)) - lgamma(0.5 * DEGREES) - 0.5 * n * log(DEGREES * M_PI) -
           0.5 * (DEGREES + n) * log1p(square / DEGREES);
}

static double log_mean_of_two(double x, double y) { return fmax(x, y) + log1p(exp(-fabs(x - y))) - log(2); }

drawing importance_draw(const gaussian *g, evaluation *e, uint64_t count, rng *r, arena *a) {
    uint64_t n = g->size;
    drawing d = {sample_new(e->report, count, a), arena_array(a, double, count *n),
                 arena_array(a, double, count), arena_array(a, double, count)};
    double log_scale = gaussian_log_scale(g);
    for (uint64_t b = 0; b < count; b++) {
        double *x = d.points + b * n,
               stretch = b % 2 ? sqrt(0.5 * DEGREES / draw_gamma(r, 0.5 * DEGREES)) : 1;
        for (uint64_t i = 0; i < n; i++) x[i] = stretch * rng_normal(r);
        double square = cblas_ddot((int)n, x, 1, x, 1);
        d.log_normal[b] = log_normal_density(square, (double)n) - log_scale;
        d.log_tailed[b] = log_tailed_density(square, (double)n) - log_scale;
        d.sample.log_guide[b] = log_mean_of_two(d.log_normal[b], d.log_tailed[b]);
    }
    gaussian_place(g, d.points, count, d.points);
    for (uint64_t first = 0; first < count; first += e->points) {
        uint64_t left = count - first, here = left < e->points ? left : e->points;
        memcpy(e->at, d.points + first * n, here * n * sizeof(double));
        machine_run(e->machine, e->seed, e->runs++);
        memcpy(d.sample.log_density + first, machine_output(e->machine, 0), here * sizeof(double));
        reported_take(e->report, e->machine, 1, here, &d.sample, first);
    }
    sample_weigh(&d.sample, a);
    return d;
}

bool importance_refit(const drawing *d, const gaussian *old, gaussian *refitted, arena *a) {
    uint64_t n = old->size, count = d->sample.count;
    double *covariance = arena_array(a, double, n *n);
    *refitted = (gaussian){n, arena_array(a, double, n), arena_array(a, double, n *n), old->scale};
    if (!gaussian_of_points(refitted, d->points, d->sample.log_weight, count, a)) return false;
    /* a covariance of n entries needs many times n draws before its factor is better than an approximate one
     */
    double trust = d->sample.quality.ess / (d->sample.quality.ess + 10 * (double)n);
    cblas_dsyrk(CblasRowMajor, CblasLower, CblasNoTrans, (int)n, (int)n, 1 - trust, old->factor, (int)n, 0,
                covariance, (int)n);
    cblas_dsyrk(CblasRowMajor, CblasLower, CblasNoTrans, (int)n, (int)n, trust, refitted->factor, (int)n, 1,
                covariance, (int)n);
    for (uint64_t i = 0; i < n; i++)
        refitted->mean[i] = trust * refitted->mean[i] + (1 - trust) * old->mean[i];
    memcpy(refitted->factor, covariance, n * n * sizeof *covariance);
    return matrix_cholesky(refitted->factor, n);
}
