/* First L-BFGS (Liu and Nocedal, Mathematical Programming 45, 1989) with the bisecting weak-Wolfe line search
 * of Lewis and Overton (Mathematical Programming 141, 2013), which takes points of no finite density for
 * steps that are too long, from several points.
 *
 * A density can have its mode far from its mass, or none, where groups of latents share a scale. So a climb
 * is judged by the ELBO of a small Gaussian around its end and around some points before it, as Pathfinder
 * does (Zhang, Carpenter, Gelman and Vehtari, JMLR 23, 2022), and the best place counts.
 *
 * Then some steps of Newton's method in coordinates that the curvature found so far has whitened: central
 * differences of the gradient along the columns of the factor are exact enough there whatever the scales and
 * correlations, and each step improves factor and mode together. */
#include "runtime/infer/start.h"

#include <math.h>
#include <string.h>
#include "runtime/infer/matrix.h"

enum { MEMORY = 10, ITERATIONS = 200, SEARCH = 40, ATTEMPTS = 100, NEWTON_STEPS = 8, STOPS = 10, CLIMBS = 4 };

/* A step that promises less than this many nats ends the climb: far below what a posterior's sd can show. */
static const double ENOUGH = 1e-6;

static bool all_finite(const double *x, uint64_t n) {
    for (uint64_t i = 0; i < n; i++)
        if (!isfinite(x[i])) return false;
    return true;
}

/* Log density and gradient at x; -inf where either is not finite. */
static double evaluate(density *one, const double *x, double *gradient) {
    uint64_t n = one->space->size;
    memcpy(one->at, x, n * sizeof *x);
    density_run(one);
    memcpy(gradient, one->gradient, n * sizeof *x);
    return isfinite(one->log_density[0]) && all_finite(gradient, n) ? one->log_density[0] : -INFINITY;
}

/* An earlier point is taken only when its ELBO is better by this many nats. */
static const double CLEARLY = 5;
/* Of every entry, before there is any curvature. */
static const double FIRST_SCALE = 1e-2;

/* The point of the climb; pairs of steps and changes of the gradient, the newest at (count - 1) % MEMORY. */
typedef struct climb {
    uint64_t size;
    const algebra *algebra;
    double value, *x, *gradient;
    double *steps[MEMORY], *changes[MEMORY], curvature[MEMORY];
    uint32_t count;
    double *direction, *next, *next_gradient;
    double *stops[STOPS]; /* some of the points on the way */
    int stop_count;
} climb;

/* direction = H gradient by the two-loop recursion. */
static void find_direction(climb *c) {
    uint64_t n = c->size;
    double weight[MEMORY], *q = c->direction;
    uint32_t first = c->count > MEMORY ? c->count - MEMORY : 0;
    memcpy(q, c->gradient, n * sizeof *q);
    for (uint32_t k = c->count; k-- > first;) {
        uint32_t i = k % MEMORY;
        weight[i] = vector_dot(c->algebra, c->steps[i], q, n) / c->curvature[i];
        vector_add(q, -weight[i], c->changes[i], n);
    }
    double scale = 1 / fmax(1, sqrt(vector_dot(c->algebra, q, q, n)));
    if (c->count) {
        uint32_t i = (c->count - 1) % MEMORY;
        scale = c->curvature[i] / vector_dot(c->algebra, c->changes[i], c->changes[i], n);
    }
    vector_scale(q, scale, n);
    for (uint32_t k = first; k < c->count; k++) {
        uint32_t i = k % MEMORY;
        double b = vector_dot(c->algebra, c->changes[i], q, n) / c->curvature[i];
        vector_add(q, weight[i] - b, c->steps[i], n);
    }
}

/* Moves to a point that satisfies the weak Wolfe conditions along the direction, or at least is higher. */
static bool search(climb *c, density *one) {
    const double rise = 1e-4, flatten = 0.9;
    double slope = vector_dot(c->algebra, c->direction, c->gradient, c->size), low = 0, high = INFINITY,
           step = 1;
    double found = 0;
    for (int i = 0; i < SEARCH; i++) {
        memcpy(c->next, c->x, c->size * sizeof *c->x);
        vector_add(c->next, step, c->direction, c->size);
        double value = evaluate(one, c->next, c->next_gradient);
        if (!(value >= c->value + rise * step * slope)) {
            high = step;
        } else {
            found = step;
            if (vector_dot(c->algebra, c->direction, c->next_gradient, c->size) <= flatten * slope)
                return true;
            low = step;
        }
        step = isinf(high) ? 2 * low : 0.5 * (low + high);
        if (high - low < 1e-10 * high) break;
    }
    if (found == 0) return false;
    memcpy(c->next, c->x, c->size * sizeof *c->x);
    vector_add(c->next, found, c->direction, c->size);
    evaluate(one, c->next, c->next_gradient);
    return true;
}

static void accept(climb *c, density *one) {
    uint32_t i = c->count % MEMORY;
    for (uint64_t k = 0; k < c->size; k++) {
        c->steps[i][k] = c->next[k] - c->x[k];
        c->changes[i][k] = c->gradient[k] - c->next_gradient[k];
    }
    c->curvature[i] = vector_dot(c->algebra, c->steps[i], c->changes[i], c->size);
    double length = vector_dot(c->algebra, c->changes[i], c->changes[i], c->size);
    if (c->curvature[i] > 1e-12 * length) c->count++;
    memcpy(c->x, c->next, c->size * sizeof *c->x);
    memcpy(c->gradient, c->next_gradient, c->size * sizeof *c->x);
    c->value = one->log_density[0];
}

/* The zero point first; others are uniform in [-2, 2], as Stan's. */
static bool first_point(climb *c, density *one, rng *r, bool zero) {
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        for (uint64_t k = 0; k < c->size; k++) c->x[k] = zero && !attempt ? 0 : 4 * rng_uniform(r) - 2;
        c->value = evaluate(one, c->x, c->gradient);
        if (isfinite(c->value)) return true;
    }
    return false;
}

static void climb_on(climb *c, density *one) {
    c->count = 0;
    c->stop_count = 0;
    double next_stop = 0;
    for (int i = 0; i < ITERATIONS; i++) {
        if (i >= next_stop && c->stop_count < STOPS) {
            memcpy(c->stops[c->stop_count++], c->x, c->size * sizeof *c->x);
            next_stop = fmax(i + 1, 1.7 * i);
        }
        find_direction(c);
        double promise = vector_dot(c->algebra, c->direction, c->gradient, c->size);
        if (!(promise > 0) || promise < ENOUGH || !search(c, one)) {
            if (!c->count || promise < ENOUGH) return;
            c->count = 0; /* the pairs are of no more use; steepest ascent once, then anew */
            continue;
        }
        accept(c, one);
    }
}

static climb climb_new(uint64_t size, bool factored, arena *a) {
    climb c = {.size = size, .algebra = algebra_open(factored ? size : 0, a)};
    double **all[] = {&c.x, &c.gradient, &c.direction, &c.next, &c.next_gradient};
    for (int i = 0; i < 5; i++) *all[i] = arena_array(a, double, size);
    for (int i = 0; i < STOPS; i++) c.stops[i] = arena_array(a, double, size);
    for (int i = 0; i < MEMORY; i++) {
        c.steps[i] = arena_array(a, double, size);
        c.changes[i] = arena_array(a, double, size);
    }
    return c;
}

/* Curvature. */

/* Minus the second derivatives along the columns of a factor: curvature[j] = L' (g(x - h L_j) - g(x + h L_j))
 * / 2h by rows, or, where the factor is a vector of scales (`factor` NULL), only the diagonal of it. False
 * where a point is not finite. */
static bool whitened_curvature(const algebra *k, density *many, const double *x, const double *factor,
                               const double *scale, double h, double *curvature) {
    uint64_t n = many->space->size, pairs = many->points / 2;
    for (uint64_t first = 0; first < n; first += pairs) {
        uint64_t count = n - first < pairs ? n - first : pairs;
        for (uint64_t p = 0; p < many->points; p++) {
            double *at = many->at + p * n;
            memcpy(at, x, n * sizeof *x);
            if (p >= 2 * count) continue;
            uint64_t j = first + p / 2;
            double step = p % 2 ? h : -h;
            if (!factor) at[j] += step * scale[j];
            for (uint64_t i = j; factor && i < n; i++) at[i] += step * factor[i * n + j];
        }
        density_run(many);
        if (!all_finite(many->gradient, 2 * count * n)) return false;
        for (uint64_t p = 0; p < count; p++) {
            const double *before = many->gradient + 2 * p * n, *after = before + n;
            uint64_t j = first + p;
            if (!factor) {
                curvature[j] = (before[j] - after[j]) / (2 * h) * scale[j];
                continue;
            }
            double *row = curvature + j * n;
            for (uint64_t i = 0; i < n; i++) row[i] = (before[i] - after[i]) / (2 * h);
            matrix_multiply_vector_transposed(k, factor, row, n);
        }
    }
    return true;
}

/* Scales at which the curvature along each entry is 1, as far as it is positive; starts from what `scale`
 * holds. */
static void find_scales(density *many, start *s, arena *a) {
    uint64_t n = many->space->size;
    double *curvature = arena_array(a, double, n);
    for (int round = 0; round < 3; round++) {
        if (!whitened_curvature(NULL, many, s->mode, NULL, s->scale, 1e-2, curvature)) {
            for (uint64_t i = 0; i < n; i++) s->scale[i] *= 0.1;
            continue;
        }
        for (uint64_t i = 0; i < n; i++) {
            double c = curvature[i];
            s->scale[i] *= c > 1e-8 ? fmin(1e3, fmax(1e-4, 1 / sqrt(c))) : 3;
        }
    }
}

/* The ELBO of independent normals at x, from a run of draws. */
static double small_elbo(density *many, const double *x, const double *scale, rng *r) {
    uint64_t n = many->space->size;
    double entropy = 0.5 * (double)n * (1 + log(2 * M_PI)), sum = 0;
    for (uint64_t i = 0; i < n; i++) entropy += log(scale[i]);
    for (uint64_t b = 0; b < many->points; b++)
        for (uint64_t i = 0; i < n; i++) many->at[b * n + i] = x[i] + scale[i] * rng_normal(r);
    density_run(many);
    for (uint64_t b = 0; b < many->points; b++) sum += many->log_density[b];
    return isfinite(sum) ? sum / many->points + entropy : -INFINITY;
}

/* A point that was judged: its ELBO, with the scales that it has there. */
typedef struct place {
    double *x, *scale, elbo;
    bool astray;
} place;

/* Puts x in the place of what is there, where it is better by so many nats. */
static bool consider(place *p, density *many, const double *x, bool astray, double margin, rng *r, arena *a) {
    uint64_t n = many->space->size;
    start at = {.mode = (double *)x, .scale = arena_array(a, double, n)};
    for (uint64_t k = 0; k < n; k++) at.scale[k] = FIRST_SCALE;
    find_scales(many, &at, a);
    double elbo = small_elbo(many, x, at.scale, r);
    if (!(elbo > p->elbo + margin)) return false;
    memcpy(p->x, x, n * sizeof *x);
    memcpy(p->scale, at.scale, n * sizeof *x);
    p->elbo = elbo;
    p->astray = astray;
    return true;
}

/* Where the mass of the density is on the way of a climb: at its end, if no earlier point is clearly better.
 */
static place judge_climb(climb *c, density *many, rng *r, arena *a) {
    place best = {arena_array(a, double, c->size), arena_array(a, double, c->size), -INFINITY, false};
    memcpy(best.x, c->x, c->size * sizeof *c->x);
    for (uint64_t k = 0; k < c->size; k++) best.scale[k] = FIRST_SCALE;
    consider(&best, many, c->x, false, 0, r, a);
    double margin = CLEARLY;
    for (int i = c->stop_count; i-- > 0;)
        if (consider(&best, many, c->stops[i], true, margin, r, a)) margin = 0;
    return best;
}

/* The smallest multiple of the identity, by factors of ten, that makes a symmetric matrix positive definite,
 * and its factor. */
static void factor_shifted(const algebra *k, const double *a, double *l, uint64_t n) {
    for (double shift = 0;; shift = shift == 0 ? 1e-3 : 10 * shift) {
        for (uint64_t i = 0; i < n; i++)
            for (uint64_t j = 0; j <= i; j++)
                l[i * n + j] = 0.5 * (a[i * n + j] + a[j * n + i]) + (i == j ? shift : 0);
        if (matrix_cholesky(k, l, n)) return;
    }
}

/* One Newton step in whitened coordinates; false when it promised too little to go on. */
static bool newton_step(climb *c, density *one, density *many, start *s, double *work[3]) {
    uint64_t n = c->size;
    double *curvature = work[0], *l = work[1], *scratch = work[2];
    if (!whitened_curvature(c->algebra, many, s->mode, s->factor, NULL, 1e-3, curvature)) {
        vector_scale(s->factor, 0.1, n * n);
        return true;
    }
    factor_shifted(c->algebra, curvature, l, n);
    matrix_invert_factor(c->algebra, l, n, scratch);
    matrix_multiply_lower(c->algebra, s->factor, l, scratch, n);
    memcpy(s->factor, scratch, n * n * sizeof *scratch);
    /* direction = L L' g, to climb along with the same line search */
    c->value = evaluate(one, s->mode, c->gradient);
    memcpy(c->x, s->mode, n * sizeof *c->x);
    memcpy(c->direction, c->gradient, n * sizeof *c->x);
    matrix_multiply_vector_transposed(c->algebra, s->factor, c->direction, n);
    double promise = vector_dot(c->algebra, c->direction, c->direction, n);
    matrix_multiply_vector(c->algebra, s->factor, c->direction, n);
    if (promise > ENOUGH && search(c, one)) memcpy(s->mode, c->next, n * sizeof *c->x);
    return promise > ENOUGH;
}

static void find_curvature(climb *c, density *one, density *many, uint64_t most_factored, arena *a,
                           start *s) {
    uint64_t n = c->size;
    if (n > most_factored || s->astray) return;
    double *work[3];
    for (int i = 0; i < 3; i++) work[i] = arena_array(a, double, n *n);
    if (!s->factor) s->factor = arena_array(a, double, n *n);
    memset(s->factor, 0, n * n * sizeof(double));
    for (uint64_t i = 0; i < n; i++) s->factor[i * n + i] = s->scale[i];
    /* at least two: the second differentiates along the axes that the first found */
    for (int i = 0; i < NEWTON_STEPS; i++)
        if (!newton_step(c, one, many, s, work) && i > 0) return;
}

bool start_find(density *one, density *many, uint64_t most_factored, rng *r, arena *a, start *found) {
    uint64_t n = one->space->size;
    climb c = climb_new(n, n <= most_factored, a);
    place best = {0};
    for (int i = 0; i < CLIMBS; i++) {
        if (!first_point(&c, one, r, i == 0)) break;
        climb_on(&c, one);
        place p = judge_climb(&c, many, r, a);
        if (!best.x || p.elbo > best.elbo + CLEARLY) best = p;
    }
    if (!best.x) return false;
    *found = (start){best.x, best.scale, NULL, best.astray};
    find_curvature(&c, one, many, most_factored, a, found);
    return true;
}

bool start_climb(density *one, const double *from, double *to, arena *a) {
    uint64_t n = one->space->size;
    climb c = climb_new(n, false, a);
    memcpy(c.x, from, n * sizeof *from);
    c.value = evaluate(one, c.x, c.gradient);
    if (!isfinite(c.value)) return false;
    climb_on(&c, one);
    memcpy(to, c.x, n * sizeof *to);
    return isfinite(c.value);
}

double start_mass(density *one, density *many, double *mode, start *found, arena *a) {
    uint64_t n = one->space->size;
    climb c = climb_new(n, true, a);
    memcpy(c.x, mode, n * sizeof *mode);
    *found = (start){mode, arena_array(a, double, n), NULL, false};
    for (uint64_t i = 0; i < n; i++) found->scale[i] = FIRST_SCALE;
    find_scales(many, found, a);
    find_curvature(&c, one, many, n, a, found);
    double log_mass = evaluate(one, mode, c.gradient) + 0.5 * (double)n * log(2 * M_PI);
    for (uint64_t i = 0; i < n; i++) log_mass += log(found->factor[i * n + i]);
    return log_mass;
}
