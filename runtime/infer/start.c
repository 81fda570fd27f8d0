/* First climbs by L-BFGS from several points.
 *
 * A density can have its mode far from its mass, or none, where groups of latents share a scale. So a climb
 * is judged by the ELBO of a small Gaussian around its end and around some points before it, as Pathfinder
 * does (Zhang, Carpenter, Gelman and Vehtari, JMLR 23, 2022), and the best place counts.
 *
 * Then some steps of Newton's method in coordinates that the curvature found so far has whitened: central
 * differences of the gradient along the columns of the factor are exact enough there whatever the scales and
 * correlations, and each step improves factor and mode together. */
#include "runtime/infer/start.h"

#include <assert.h>
#include <math.h>
#include <string.h>
#include "runtime/infer/lbfgs.h"

/* Latents above which scales are found by random probes. */
enum { PROBED_FROM = 400 };
enum { ITERATIONS = 200, ATTEMPTS = 100, NEWTON_STEPS = 8, STOPS = 10, CLIMBS = 4 };

/* A step that promises less than this many nats ends the climb: far below what a posterior's sd can show. */
static const double ENOUGH = 1e-6;
/* An earlier point is taken only when its ELBO is better by this many nats. */
static const double CLEARLY = 5;
/* Of every entry, before there is any curvature. */
static const double FIRST_SCALE = 1e-2;

/* Of the whitened curvature of a maximum, beside the identity: what differences leave. */
static const double WHITE = 0.05;

/* Of first points: as Stan's, and for starts that are to be far from each other. */
static const double NEAR_REACH = 2, FAR_REACH = 4;

static bool all_finite(const double *x, uint64_t n) {
    for (uint64_t i = 0; i < n; i++)
        if (!isfinite(x[i])) return false;
    return true;
}

/* A point that was judged: its ELBO, with the scales that it has there. */
typedef struct place {
    double *x, *scale, elbo;
    bool astray;
} place;

/* All that starts work with. */
typedef struct climb {
    lbfgs at;
    const algebra *algebra; /* for matrices, where there are any */
    uint64_t size;
    double *origin;
    double *stops[STOPS]; /* some of the points on the way */
    int stop_count;
    double *scale, *curvature; /* size: at the point that is judged */
    place best, now;           /* of all climbs, of this one */
    double *work[3];           /* size × size, with a factor */
    vigil *vigil;
} climb;

static climb climb_new(density *one, bool factored, arena *a) {
    uint64_t n = one->space->size;
    climb c = {.at = lbfgs_open(n, density_at, one, a),
               .algebra = algebra_open(factored ? n : 0, a),
               .size = n,
               .vigil = one->vigil};
    double **all[] = {&c.origin, &c.scale, &c.curvature, &c.best.x, &c.best.scale, &c.now.x, &c.now.scale};
    for (int i = 0; i < 7; i++) *all[i] = arena_array(a, double, n);
    for (int i = 0; i < STOPS; i++) c.stops[i] = arena_array(a, double, n);
    for (int i = 0; i < 3 && factored; i++) c.work[i] = arena_array(a, double, n *n);
    return c;
}

/* The origin first; others are uniform in [-reach, reach] around it. */
static bool first_point(climb *c, rng *r, bool origin, double reach) {
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        bool away = !origin || attempt;
        for (uint64_t k = 0; k < c->size; k++)
            c->at.x[k] = c->origin[k] + (away ? reach * (2 * rng_uniform(r) - 1) : 0);
        if (lbfgs_place(&c->at, c->at.x)) return true;
    }
    return false;
}

static void climb_on(climb *c) {
    double next_stop = 0;
    c->stop_count = 0;
    for (int i = 0; i < ITERATIONS; i++) {
        if (i >= next_stop && c->stop_count < STOPS) {
            memcpy(c->stops[c->stop_count++], c->at.x, c->size * sizeof(double));
            next_stop = fmax(i + 1, 1.7 * i);
        }
        if (!lbfgs_step(&c->at, ENOUGH) || vigil_asks(c->vigil, "start")) return;
    }
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

/* The diagonal alone of whitened_curvature, of so many entries that each of its own would take too many
 * gradients: the mean of z * H z over random signs z, its noise the entries of H beside the diagonal (Bekas,
 * Kokiopoulou and Saad, Applied Numerical Mathematics 57, 2007). What is not above the noise is as large as
 * that is. */
static bool probed_curvature(density *many, const double *x, const double *scale, double h, rng *r,
                             double *curvature) {
    uint64_t n = many->space->size, pairs = many->points / 2;
    for (uint64_t p = 0; p < pairs; p++)
        for (uint64_t i = 0; i < n; i++) {
            double step = rng_uniform(r) < 0.5 ? -h * scale[i] : h * scale[i];
            many->at[2 * p * n + i] = x[i] - step;
            many->at[(2 * p + 1) * n + i] = x[i] + step;
        }
    for (uint64_t i = 2 * pairs * n; i < many->points * n; i++) many->at[i] = x[i % n];
    density_run(many);
    if (!all_finite(many->gradient, 2 * pairs * n)) return false;
    for (uint64_t i = 0; i < n; i++) {
        double sum = 0, squares = 0;
        for (uint64_t p = 0; p < pairs; p++) {
            uint64_t before = 2 * p * n + i, after = before + n;
            double step = 0.5 * (many->at[after] - many->at[before]) / h;
            double found = (many->gradient[before] - many->gradient[after]) / (2 * h) * step;
            sum += found;
            squares += found * found;
        }
        measured diagonal = measured_mean(sum, squares, (double)pairs);
        curvature[i] = fmax(diagonal.value, diagonal.error);
    }
    return true;
}

/* Scales at which the curvature along each entry is 1, as far as it is positive; starts from what `scale`
 * holds. */
static void find_scales(density *many, start *s, rng *r, double *curvature) {
    uint64_t n = many->space->size;
    bool probed = n > PROBED_FROM;
    assert(r || !probed);
    for (int round = 0; round < 3; round++) {
        if (!(probed ? probed_curvature(many, s->mode, s->scale, 1e-3, r, curvature)
                     : whitened_curvature(NULL, many, s->mode, NULL, s->scale, 1e-2, curvature))) {
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

/* Puts x in the place of what is there, where it is better by so many nats. */
static bool consider(climb *c, density *many, double *x, bool astray, double margin, rng *r) {
    place *p = &c->now;
    start at = {.mode = x, .scale = c->scale};
    for (uint64_t k = 0; k < c->size; k++) at.scale[k] = FIRST_SCALE;
    find_scales(many, &at, r, c->curvature);
    double elbo = small_elbo(many, x, at.scale, r);
    if (!(elbo > p->elbo + margin)) return false;
    memcpy(p->x, x, c->size * sizeof *x);
    memcpy(p->scale, at.scale, c->size * sizeof *x);
    p->elbo = elbo;
    p->astray = astray;
    return true;
}

/* Where the mass of the density is on the way of a climb: at its end, if no earlier point is clearly better.
 */
static void judge_climb(climb *c, density *many, rng *r) {
    c->now.elbo = -INFINITY;
    c->now.astray = false;
    memcpy(c->now.x, c->at.x, c->size * sizeof(double));
    for (uint64_t k = 0; k < c->size; k++) c->now.scale[k] = FIRST_SCALE;
    consider(c, many, c->at.x, false, 0, r);
    double margin = CLEARLY;
    for (int i = c->stop_count; i-- > 0 && !vigil_asks(c->vigil, "start");)
        if (consider(c, many, c->stops[i], true, margin, r)) margin = 0;
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
static bool newton_step(climb *c, density *many, start *s) {
    uint64_t n = c->size;
    double *curvature = c->work[0], *l = c->work[1], *scratch = c->work[2], *direction = c->at.direction;
    if (!whitened_curvature(c->algebra, many, s->mode, s->factor, NULL, 1e-3, curvature)) {
        vector_scale(s->factor, 0.1, n * n);
        return true;
    }
    factor_shifted(c->algebra, curvature, l, n);
    matrix_invert_factor(c->algebra, l, n, scratch);
    matrix_multiply_lower(c->algebra, s->factor, l, scratch, n);
    memcpy(s->factor, scratch, n * n * sizeof *scratch);
    /* direction = L L' g, to climb along with the same line search */
    lbfgs_place(&c->at, s->mode);
    memcpy(direction, c->at.gradient, n * sizeof *direction);
    matrix_multiply_vector_transposed(c->algebra, s->factor, direction, n);
    double promise = vector_dot(c->algebra, direction, direction, n);
    matrix_multiply_vector(c->algebra, s->factor, direction, n);
    if (promise > ENOUGH && lbfgs_search(&c->at)) memcpy(s->mode, c->at.next, n * sizeof *s->mode);
    return promise > ENOUGH;
}

static void find_curvature(climb *c, density *many, start *s) {
    uint64_t n = c->size;
    memset(s->factor, 0, n * n * sizeof(double));
    for (uint64_t i = 0; i < n; i++) s->factor[i * n + i] = s->scale[i];
    /* at least two: the second differentiates along the axes that the first found */
    for (int i = 0; i < NEWTON_STEPS; i++)
        if ((!newton_step(c, many, s) && i > 0) || vigil_asks(c->vigil, "start")) return;
}

static start start_new(uint64_t n, bool factored, arena *a) {
    return (start){arena_array(a, double, n), arena_array(a, double, n),
                   factored ? arena_array(a, double, n *n) : NULL, false};
}

bool start_find(density *one, density *many, uint64_t most_factored, bool far, rng *r, arena *a,
                start *found) {
    uint64_t n = one->space->size;
    arena *scratch = arena_inside(a);
    climb c = climb_new(one, n <= most_factored, scratch);
    space_origin(one->space, c.origin, scratch);
    bool any = false;
    int climbs = far ? 1 : CLIMBS;
    double reach = far ? FAR_REACH : NEAR_REACH;
    for (int i = 0;
         i < climbs && !(any && vigil_asks(one->vigil, "start")) && first_point(&c, r, i == 0 && !far, reach);
         i++) {
        climb_on(&c);
        judge_climb(&c, many, r);
        if (any && !(c.now.elbo > c.best.elbo + CLEARLY)) continue;
        place other = c.best;
        c.best = c.now;
        c.now = other;
        any = true;
    }
    *found = start_new(n, any && n <= most_factored && !c.best.astray, a);
    found->astray = c.best.astray;
    memcpy(found->mode, c.best.x, n * sizeof *found->mode);
    memcpy(found->scale, c.best.scale, n * sizeof *found->scale);
    if (found->factor) find_curvature(&c, many, found);
    arena_close(scratch);
    return any;
}

start start_rehearse(density *one, uint64_t most_factored, arena *a) {
    uint64_t n = one->space->size;
    arena *scratch = arena_inside(a);
    climb c = climb_new(one, n <= most_factored, scratch);
    space_origin(one->space, c.origin, scratch);
    start found = start_new(n, n <= most_factored, a);
    arena_close(scratch);
    return found;
}

bool start_climb(density *one, const double *from, double *to, arena *a) {
    arena *scratch = arena_inside(a);
    climb c = climb_new(one, false, scratch);
    bool finite = lbfgs_place(&c.at, from);
    if (finite) climb_on(&c);
    memcpy(to, c.at.x, c.size * sizeof *to);
    finite &= isfinite(c.at.value);
    arena_close(scratch);
    return finite;
}

/* Whether the factor whitens the curvature where it was found. */
static bool is_whitened(climb *c, density *many, const start *s) {
    uint64_t n = c->size;
    double *curvature = c->work[0];
    if (!whitened_curvature(c->algebra, many, s->mode, s->factor, NULL, 1e-3, curvature)) return false;
    for (uint64_t i = 0; i < n; i++)
        for (uint64_t j = 0; j < n; j++)
            if (!(fabs(curvature[i * n + j] - (i == j)) < WHITE)) return false;
    return true;
}

/* Fills *found from a mode, which may be moved a little. */
static void find_around(climb *c, density *many, const double *mode, rng *r, start *found) {
    memcpy(found->mode, mode, c->size * sizeof *mode);
    for (uint64_t i = 0; i < c->size; i++) found->scale[i] = FIRST_SCALE;
    find_scales(many, found, r, c->curvature);
    if (found->factor) find_curvature(c, many, found);
}

bool start_curvature(density *one, density *many, const double *mode, uint64_t most_factored, rng *r,
                     arena *a, start *found) {
    bool factored = one->space->size <= most_factored;
    arena *scratch = arena_inside(a);
    climb c = climb_new(one, factored, scratch);
    *found = start_new(c.size, factored, a);
    find_around(&c, many, mode, r, found);
    bool white = !factored || is_whitened(&c, many, found);
    arena_close(scratch);
    return white;
}

double start_mass(density *one, density *many, const double *mode, start *found, arena *a) {
    uint64_t n = one->space->size;
    arena *scratch = arena_inside(a);
    climb c = climb_new(one, true, scratch);
    *found = start_new(n, true, a);
    find_around(&c, many, mode, NULL, found);
    double log_mass = density_at(one, found->mode, c.at.gradient) + 0.5 * (double)n * log(2 * M_PI);
    for (uint64_t i = 0; i < n; i++) log_mass += log(found->factor[i * n + i]);
    arena_close(scratch);
    return log_mass;
}
