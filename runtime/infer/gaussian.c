/* In coordinates in which the guide is standard normal, u = m + L e, the gradient of the ELBO by the path
 * alone (sticking the landing: Roeder, Wu and Duvenaud, NeurIPS 2017) is
 *
 *   d/dm = E r,  d/dL = tril E r e',  r = L' grad log p(u) + e,
 *
 * and the Fisher information there is the identity, but 2 on the diagonal of L. So the natural gradient is
 * the gradient itself with half its diagonal, and a step of rate a is m += a L E r, L <- L exp(a (...)):
 * indifferent to every affine change of the density's coordinates, without noise where the density is
 * Gaussian. Draws come in pairs e, -e. */
#include "runtime/infer/gaussian.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/number.h"
#include "runtime/infer/matrix.h"

/* A step may not move the mean by more than this in units of the guide, nor change its scales by more, per
 * latent. */
static const double LARGEST_STEP = 0.5;
static const double FIRST_RATE = 0.25;
/* In median lengths. */
static const double LONGEST_RESIDUAL = 10;
enum { NARROWINGS = 40, POWERS = 8, WATCH_EVERY = 50 };
/* By so many nats, and so many of their errors, an ELBO is below the best one where the steps are too long
 * for the noise of their gradients. */
static const double FALL = 5, FALL_ERRORS = 5;

void gaussian_place(const gaussian *g, const double *noise, uint64_t count, double *points) {
    uint64_t n = g->size;
    assert(count == 1 || !g->factor || noise != points);
    if (g->factor && count > 1) matrix_multiply_rows(g->algebra, g->factor, noise, points, count, n);
    else if (noise != points) memcpy(points, noise, count * n * sizeof *points);
    if (g->factor && count == 1) matrix_multiply_vector(g->algebra, g->factor, points, n);
    for (uint64_t b = 0; b < count; b++)
        for (uint64_t i = 0; i < n; i++) {
            double *x = points + b * n + i;
            *x = g->mean[i] + (g->factor ? *x : g->scale[i] * *x);
        }
}

double gaussian_log_scale(const gaussian *g) {
    double sum = 0;
    for (uint64_t i = 0; i < g->size; i++) sum += log(g->factor ? g->factor[i * g->size + i] : g->scale[i]);
    return sum;
}

bool gaussian_of_points(gaussian *g, const double *points, const double *log_weight, uint64_t count,
                        arena *scratch) {
    uint64_t n = g->size;
    double *centred = arena_array(scratch, double, count *n), equal = -log((double)count);
    memset(g->mean, 0, n * sizeof(double));
    for (uint64_t b = 0; b < count; b++)
        vector_add(g->mean, exp(log_weight ? log_weight[b] : equal), points + b * n, n);
    for (uint64_t b = 0; b < count; b++) {
        double root = exp(0.5 * (log_weight ? log_weight[b] : equal));
        for (uint64_t i = 0; i < n; i++) centred[b * n + i] = root * (points[b * n + i] - g->mean[i]);
    }
    if (g->factor) {
        matrix_sum_products(g->algebra, centred, centred, g->factor, count, n);
        return matrix_cholesky(g->algebra, g->factor, n);
    }
    memset(g->scale, 0, n * sizeof(double));
    for (uint64_t b = 0; b < count; b++)
        for (uint64_t i = 0; i < n; i++) g->scale[i] += centred[b * n + i] * centred[b * n + i];
    for (uint64_t i = 0; i < n; i++)
        if (!((g->scale[i] = sqrt(g->scale[i])) > 0)) return false;
    return true;
}

/* The diagonal of (L L')^-1 is that of K' K with K = L^-1: squared norms of columns. */
void gaussian_conditional_variances(const gaussian *g, double *variance, arena *scratch) {
    uint64_t n = g->size;
    for (uint64_t i = 0; i < n; i++) variance[i] = g->factor ? 0 : g->scale[i] * g->scale[i];
    if (!g->factor) return;
    double *inverse = arena_array(scratch, double, n *n);
    matrix_invert_lower(g->algebra, g->factor, inverse, n);
    for (uint64_t i = 0; i < n; i++)
        for (uint64_t j = 0; j <= i; j++) variance[j] += inverse[i * n + j] * inverse[i * n + j];
    for (uint64_t i = 0; i < n; i++) variance[i] = 1 / variance[i];
}

typedef struct work {
    uint64_t size, draws;
    const algebra *algebra;
    double *noise, *residual; /* draws × size */
    double *pulled;           /* the gradients, the same */
    double *direction;        /* size */
    double *length;           /* draws */
    double *mean_step;        /* size */
    double *scale_step;       /* size × size, or size for mean field */
    double *factor;           /* size × size: before a step */
    double *iterate, *unit;   /* for the descent: mean, log scales, then the factor */
    bool limited;             /* the mean would have gone farther */
    double elbo, elbo_square; /* of the draws of a step, summed over steps */
    uint64_t elbo_count;
    gaussian highest; /* the guide after the steps of the best ELBO so far */
    measured highest_elbo;
} work;

static work work_new(const gaussian *g, const density *many, arena *a) {
    uint64_t n = g->size, s = many->points, matrix = g->factor ? n * n : 0;
    return (work){.size = n,
                  .draws = s,
                  .algebra = g->algebra,
                  .noise = arena_array(a, double, s *n),
                  .residual = arena_array(a, double, s *n),
                  .pulled = g->factor ? arena_array(a, double, s *n) : NULL,
                  .direction = arena_array(a, double, n),
                  .length = arena_array(a, double, 2 * s),
                  .mean_step = arena_array(a, double, n),
                  .scale_step = arena_array(a, double, matrix + n),
                  .factor = arena_array(a, double, matrix),
                  .iterate = arena_array(a, double, 2 * n + matrix),
                  .unit = arena_array(a, double, 2 * n),
                  .highest = {n, arena_array(a, double, n), g->factor ? arena_array(a, double, matrix) : NULL,
                              arena_array(a, double, n), g->algebra},
                  .highest_elbo = {-INFINITY, 0}};
}

static void draw_noise(work *w, rng *r) {
    for (uint64_t b = 0; b < w->draws; b += 2)
        for (uint64_t i = 0; i < w->size; i++) {
            double e = rng_normal(r);
            w->noise[b * w->size + i] = e;
            if (b + 1 < w->draws) w->noise[(b + 1) * w->size + i] = -e;
        }
}

/* r = L' g + e by draw; draws that are not finite are left out. Returns how many are left, at the front of
 * noise and residual. */
static uint64_t find_residuals(work *w, const gaussian *g, const density *many) {
    uint64_t n = w->size, kept = 0;
    double *gradient = g->factor ? w->pulled : w->residual;
    double entropy = gaussian_log_scale(g) + 0.5 * (double)n * (1 + log(2 * M_PI));
    for (uint64_t b = 0; b < w->draws; b++) {
        const double *from = many->gradient + b * n;
        double sum = many->log_density[b];
        for (uint64_t i = 0; i < n; i++) sum += from[i];
        if (!isfinite(sum)) continue;
        memmove(w->noise + kept * n, w->noise + b * n, n * sizeof *from);
        memcpy(gradient + kept * n, from, n * sizeof *from);
        double value = many->log_density[b] + entropy;
        w->elbo += value;
        w->elbo_square += value * value;
        w->elbo_count++;
        kept++;
    }
    if (g->factor) matrix_multiply_rows_transposed(w->algebra, g->factor, gradient, w->residual, kept, n);
    for (uint64_t b = 0; b < kept; b++)
        for (uint64_t i = 0; i < n; i++) {
            double *x = w->residual + b * n + i;
            *x = w->noise[b * n + i] + (g->factor ? *x : g->scale[i] * *x);
        }
    return kept;
}

/* Draws of which the residual is far longer than the median one, where the density falls steeply, keep their
 * direction only: one of them would else outweigh all others together. */
static void shorten_residuals(work *w, uint64_t kept) {
    double *length = w->length, *sorted = w->length + w->draws;
    for (uint64_t b = 0; b < kept; b++)
        sorted[b] = length[b] = vector_length(w->algebra, w->residual + b * w->size, w->size);
    qsort(sorted, kept, sizeof *sorted, number_order);
    double longest = LONGEST_RESIDUAL * sorted[kept / 2];
    for (uint64_t b = 0; b < kept; b++)
        if (length[b] > longest) vector_scale(w->residual + b * w->size, longest / length[b], w->size);
}

/* The rate, or less where a step of this length would be larger than LARGEST_STEP. */
static double limited(double rate, double length) {
    return rate * length > LARGEST_STEP ? LARGEST_STEP / length : rate;
}

static double largest_entry(const double *x, uint64_t n) {
    double most = 0;
    for (uint64_t i = 0; i < n; i++) most = fmax(most, fabs(x[i]));
    return most;
}

/* About the spectral norm of a lower matrix, by power iteration from its rows' common direction; overwrites
 * mean_step. */
static double spectral_norm(work *w, const double *a) {
    uint64_t n = w->size;
    double *x = w->mean_step, *y = w->direction, norm = 0;
    for (uint64_t i = 0; i < n; i++) x[i] = 1 + 0.1 * (double)(i % 7);
    for (int k = 0; k < POWERS; k++) {
        double length = vector_length(w->algebra, x, n);
        if (!(length > 0)) return norm;
        memcpy(y, x, n * sizeof *y);
        vector_scale(y, 1 / length, n);
        matrix_multiply_vector(w->algebra, a, y, n);
        norm = vector_length(w->algebra, y, n);
        memcpy(x, y, n * sizeof *y);
        matrix_multiply_vector_transposed(w->algebra, a, x, n);
    }
    return norm;
}

static void move_factor(gaussian *g, work *w, uint64_t kept, double rate) {
    uint64_t n = w->size;
    matrix_sum_products(w->algebra, w->residual, w->noise, w->scale_step, kept, n);
    for (uint64_t i = 0; i < n; i++) {
        vector_scale(w->scale_step + i * n, 1.0 / (double)kept, i + 1);
        w->scale_step[i * n + i] *= 0.5;
        memset(w->scale_step + i * n + i + 1, 0, (n - i - 1) * sizeof(double));
    }
    rate = limited(rate, spectral_norm(w, w->scale_step));
    for (uint64_t i = 0; i < n; i++) {
        for (uint64_t j = 0; j < i; j++) w->scale_step[i * n + j] *= rate;
        w->scale_step[i * n + i] = exp(rate * w->scale_step[i * n + i]);
    }
    memcpy(w->factor, g->factor, n * n * sizeof(double));
    matrix_multiply_lower(w->algebra, w->factor, w->scale_step, g->factor, n);
}

static void move_scales(gaussian *g, work *w, uint64_t kept, double rate) {
    uint64_t n = w->size;
    memset(w->scale_step, 0, n * sizeof(double));
    for (uint64_t b = 0; b < kept; b++)
        for (uint64_t i = 0; i < n; i++)
            w->scale_step[i] += 0.5 * w->residual[b * n + i] * w->noise[b * n + i] / (double)kept;
    rate = limited(rate, largest_entry(w->scale_step, n));
    for (uint64_t i = 0; i < n; i++) g->scale[i] *= exp(rate * w->scale_step[i]);
}

static void move_mean(gaussian *g, work *w, uint64_t kept, double rate) {
    uint64_t n = w->size;
    memset(w->mean_step, 0, n * sizeof(double));
    for (uint64_t b = 0; b < kept; b++) vector_add(w->mean_step, 1.0 / (double)kept, w->residual + b * n, n);
    double length = largest_entry(w->mean_step, n);
    w->limited = rate * length > LARGEST_STEP;
    rate = limited(rate, length);
    if (g->factor) matrix_multiply_vector(w->algebra, g->factor, w->mean_step, n);
    for (uint64_t i = 0; i < n; i++) g->mean[i] += rate * (g->factor ? 1 : g->scale[i]) * w->mean_step[i];
}

static void narrow(gaussian *g) {
    for (uint64_t i = 0; i < g->size; i++) g->scale[i] *= 0.5;
    if (g->factor) vector_scale(g->factor, 0.5, g->size * g->size);
}

/* One step; false where too few draws were finite. */
static bool step(gaussian *g, density *many, work *w, rng *r, double rate) {
    draw_noise(w, r);
    gaussian_place(g, w->noise, w->draws, many->at);
    density_run(many);
    uint64_t kept = find_residuals(w, g, many);
    if (2 * kept <= w->draws) return false;
    shorten_residuals(w, kept);
    move_mean(g, w, kept, rate);
    if (g->factor) move_factor(g, w, kept, rate);
    else move_scales(g, w, kept, rate);
    return true;
}

static void to_iterate(const gaussian *g, work *w) {
    uint64_t n = g->size;
    memcpy(w->iterate, g->mean, n * sizeof(double));
    for (uint64_t i = 0; i < n; i++) {
        w->iterate[n + i] = log(g->factor ? g->factor[i * n + i] : g->scale[i]);
        w->unit[i] = g->factor ? vector_length(w->algebra, g->factor + i * n, i + 1) : g->scale[i];
        w->unit[n + i] = 1;
    }
    if (g->factor) memcpy(w->iterate + 2 * n, g->factor, n * n * sizeof(double));
}

static void from_average(gaussian *g, const double *average) {
    uint64_t n = g->size;
    memcpy(g->mean, average, n * sizeof(double));
    if (g->factor) memcpy(g->factor, average + 2 * n, n * n * sizeof(double));
    else
        for (uint64_t i = 0; i < n; i++) g->scale[i] = exp(average[n + i]);
}

static void copy_guide(gaussian *to, const gaussian *from) {
    uint64_t n = from->size;
    memcpy(to->mean, from->mean, n * sizeof *to->mean);
    memcpy(to->scale, from->scale, n * sizeof *to->scale);
    if (from->factor) memcpy(to->factor, from->factor, n * n * sizeof *to->factor);
}

/* Of the draws since the last time. */
static measured take_elbo(work *w) {
    measured elbo = measured_mean(w->elbo, w->elbo_square, (double)w->elbo_count);
    w->elbo = w->elbo_square = 0;
    w->elbo_count = 0;
    return elbo;
}

/* Where the ELBO has fallen far below what it was, the guide goes back there, at a lower rate. */
static void watch_fall(gaussian *g, work *w, descent *o, measured elbo) {
    double error = hypot(elbo.error, w->highest_elbo.error);
    if (elbo.value > w->highest_elbo.value) {
        w->highest_elbo = elbo;
        copy_guide(&w->highest, g);
    } else if (elbo.value < w->highest_elbo.value - FALL - FALL_ERRORS * error) {
        copy_guide(g, &w->highest);
        descent_retreat(o);
    }
}

/* True where the fit is to end. */
static bool watched(gaussian *g, gaussian_course *c, work *w, descent *o) {
    if (c->steps % WATCH_EVERY) return vigil_asks(c->vigil, "fit");
    measured elbo = take_elbo(w);
    watch_fall(g, w, o, elbo);
    return vigil_tell(c->vigil, c->steps, c->steps_most, elbo, (double)NAN);
}

static descent levels_open(const gaussian *g, double tolerance, arena *a) {
    uint64_t size = 2 * g->size + (g->factor ? g->size * g->size : 0);
    return descent_open(size, 2 * g->size, FIRST_RATE, tolerance, 1, false, a);
}

void gaussian_rehearse(const gaussian *g, const density *many, arena *a) {
    arena *scratch = arena_inside(a);
    work_new(g, many, scratch);
    levels_open(g, 1, scratch);
    arena_close(scratch);
}

static bool descend(gaussian *g, density *many, rng *r, arena *a, gaussian_course *c) {
    work w = work_new(g, many, a);
    descent o = levels_open(g, c->tolerance, a);
    int narrowings = 0, limited_steps = 0;
    c->converged = c->interrupted = false;
    while (c->steps < c->steps_most) {
        c->steps++;
        if (!step(g, many, &w, r, o.rate)) {
            if (++narrowings > NARROWINGS) return false;
            narrow(g);
            continue;
        }
        limited_steps = w.limited ? limited_steps + 1 : 0;
        if (limited_steps > 1) descent_restart(&o); /* still on the way: no part of what is to stand still */
        to_iterate(g, &w);
        descent_event event = descent_take(&o, w.iterate, w.unit);
        if (event != DESCENT_goes_on) from_average(g, o.average);
        if (event == DESCENT_converged) {
            c->converged = true;
            return true;
        }
        if (watched(g, c, &w, &o)) {
            c->interrupted = true;
            break;
        }
    }
    if (descent_stop(&o, NULL)) from_average(g, o.average);
    return true;
}

bool gaussian_fit(gaussian *g, density *many, rng *r, arena *a, gaussian_course *c) {
    arena *scratch = arena_inside(a);
    bool good = descend(g, many, r, scratch, c);
    arena_close(scratch);
    return good;
}
