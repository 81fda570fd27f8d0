#include "runtime/infer/importance.h"

#include <math.h>
#include <string.h>
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
    tape_output(written, tape_expand(written, lower_log_likelihood(&l), axes_one(l.draw)));
    reported_output(r, &l);
    evaluation *e = arena_new(a, evaluation);
    *e = (evaluation){.space = s, .report = r, .tape = arena_new(a, tape), .points = points, .seed = seed};
    tape_compile(written, e->tape, a, NULL, NULL);
    e->machine = machine_new(a, e->tape, s->model->team);
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
    int sign; /* which lgamma() would keep where all threads see it */
    return lgamma_r(0.5 * (DEGREES + n), &sign) - lgamma_r(0.5 * DEGREES, &sign) -
           0.5 * n * log(DEGREES * M_PI) - 0.5 * (DEGREES + n) * log1p(square / DEGREES);
}

static double log_sum_of_two(double x, double y) {
    return x == -INFINITY ? y : fmax(x, y) + log1p(exp(-fabs(x - y)));
}

proposal proposal_of(const gaussian *g, arena *a) {
    proposal p = {1, arena_new(a, gaussian), arena_new(a, double)};
    *p.parts = *g;
    *p.weight = 1;
    return p;
}

/* Shares of the draws go to the parts in turn, as their weights say. */
static uint32_t part_of(const proposal *p, uint64_t draw, uint64_t count) {
    double at = ((double)(draw / 2) + 0.5) / ((double)(count + 1) / 2), sum = p->weight[0];
    uint32_t k = 0;
    while (k + 1 < p->count && sum < at) sum += p->weight[++k];
    return k;
}

uint32_t proposal_place(const proposal *p, uint64_t draw, uint64_t count, rng *r, double *x) {
    uint32_t part = part_of(p, draw, count);
    const gaussian *g = &p->parts[part];
    double stretch = draw % 2 ? sqrt(0.5 * DEGREES / draw_gamma(r, 0.5 * DEGREES)) : 1;
    for (uint64_t i = 0; i < g->size; i++) x[i] = stretch * rng_normal(r);
    gaussian_place(g, x, 1, x);
    return part;
}

double *proposal_log_scales(const proposal *p, arena *a) {
    double *log_scales = arena_array(a, double, p->count);
    for (uint32_t k = 0; k < p->count; k++) log_scales[k] = gaussian_log_scale(&p->parts[k]);
    return log_scales;
}

/* The squared distance of x from the mean, in sds; `scratch` has n. */
static double distance(const gaussian *g, const double *x, double *scratch) {
    uint64_t n = g->size;
    for (uint64_t i = 0; i < n; i++) scratch[i] = (x[i] - g->mean[i]) / (g->factor ? 1 : g->scale[i]);
    if (g->factor) matrix_solve_vector(g->algebra, g->factor, scratch, n);
    return vector_dot(g->algebra, scratch, scratch, n);
}

double proposal_density(const proposal *p, const double *log_scales, const double *x, double *log_normal,
                        double *log_parts, double *scratch) {
    double n = (double)p->parts->size, sum = -INFINITY;
    *log_normal = -INFINITY;
    for (uint32_t k = 0; k < p->count; k++) {
        double square = distance(&p->parts[k], x, scratch);
        double normal = log(p->weight[k]) + log_normal_density(square, n) - log_scales[k];
        double tailed = log(p->weight[k]) + log_tailed_density(square, n) - log_scales[k];
        log_parts[k] = log_sum_of_two(normal, tailed) - log(2);
        *log_normal = log_sum_of_two(*log_normal, normal);
        sum = log_sum_of_two(sum, log_parts[k]);
    }
    return sum;
}

drawing drawing_new(const reported *r, uint64_t size, uint32_t parts, uint64_t count, arena *a) {
    arena *own = arena_inside(a);
    return (drawing){own, sample_new(r, count, own), arena_array(own, double, count *size),
                     arena_array(own, double, count), arena_array(own, double, count *parts)};
}

drawing importance_draw(const proposal *p, evaluation *e, uint64_t count, rng *r, arena *a) {
    uint64_t n = p->parts->size;
    drawing d = drawing_new(e->report, p->parts->factor ? n : 0, p->count, count, a);
    double *log_scales = proposal_log_scales(p, d.arena), *scratch = arena_array(d.arena, double, n);
    for (uint64_t first = 0; first < d.sample.count; first += e->points) {
        uint64_t left = count - first, here = left < e->points ? left : e->points;
        for (uint64_t b = first; b < first + here; b++) {
            double *x = e->at + (b - first) * n;
            proposal_place(p, b, count, r, x);
            d.sample.log_guide[b] =
                proposal_density(p, log_scales, x, &d.log_normal[b], &d.log_parts[b * p->count], scratch);
        }
        if (p->parts->factor) memcpy(d.points + first * n, e->at, here * n * sizeof(double));
        machine_run(e->machine, e->seed, e->runs++);
        memcpy(d.sample.log_density + first, machine_output(e->machine, 0), here * sizeof(double));
        memcpy(d.sample.log_likelihood + first, machine_output(e->machine, 1), here * sizeof(double));
        reported_take(e->report, e->machine, 2, here, &d.sample, first);
        vigil_asks(e->vigil, "draws");
        if (p->count == 1 && vigil_is_over(e->vigil)) d.sample.count = first + here;
    }
    sample_weigh(&d.sample, d.arena);
    return d;
}

/* Below this share of the posterior a part is dropped. */
static const double SHARE_LEAST = 1e-3;

/* One part from the draws with these log weights, of sum 1; `ess` of them count. */
static bool refit_part(const gaussian *old, const drawing *d, const double *log_weight, double ess,
                       gaussian *to, arena *a) {
    uint64_t n = old->size;
    arena *scratch = arena_inside(a);
    double *before = arena_array(scratch, double, n *n), *now = arena_array(scratch, double, n *n);
    *to = (gaussian){n, arena_array(a, double, n), arena_array(a, double, n *n), old->scale, old->algebra};
    /* a covariance of n entries needs many times n draws before its factor is better than an approximate one
     */
    double trust = ess / (ess + 10 * (double)n);
    bool definite = gaussian_of_points(to, d->points, log_weight, d->sample.count, scratch);
    matrix_square(to->algebra, old->factor, before, n);
    matrix_square(to->algebra, to->factor, now, n);
    for (uint64_t i = 0; i < n; i++) to->mean[i] = trust * to->mean[i] + (1 - trust) * old->mean[i];
    for (uint64_t i = 0; i < n * n; i++) to->factor[i] = trust * now[i] + (1 - trust) * before[i];
    arena_close(scratch);
    return definite && matrix_cholesky(to->algebra, to->factor, n);
}

bool importance_refit(const drawing *d, const proposal *old, proposal *refitted, arena *a) {
    uint64_t count = d->sample.count;
    double *log_weight = arena_array(d->arena, double, count), total = 0;
    *refitted = (proposal){0, arena_array(a, gaussian, old->count), arena_array(a, double, old->count)};
    for (uint32_t k = 0; k < old->count; k++) {
        double share = 0, squares = 0;
        for (uint64_t b = 0; b < count; b++) {
            log_weight[b] =
                d->sample.log_weight[b] + d->log_parts[b * old->count + k] - d->sample.log_guide[b];
            share += exp(log_weight[b]);
            squares += exp(2 * log_weight[b]);
        }
        if (old->count > 1 && !(share > SHARE_LEAST)) continue;
        for (uint64_t b = 0; b < count; b++) log_weight[b] -= log(share);
        double ess = old->count == 1 ? d->sample.quality.ess : share * share / squares;
        gaussian *to = &refitted->parts[refitted->count];
        if (!refit_part(&old->parts[k], d, log_weight, ess, to, a)) {
            if (old->count == 1) return false;
            *to = old->parts[k];
        }
        refitted->weight[refitted->count++] = share;
        total += share;
    }
    for (uint32_t k = 0; k < refitted->count; k++) refitted->weight[k] /= total;
    return refitted->count > 0;
}
