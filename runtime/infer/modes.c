#include "runtime/infer/modes.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { CLIMBS_NEAR = 32, CLIMBS_FAR = 32, MODES_MOST = 8 };

/* A mode is left out where its mass, times its squared distance in sds of the guide, is this many nats below
 * the largest mass: so much less than a mode's own variance it adds to that of all. */
static const double FAR_BELOW = 12;
/* Of the far climbs: the first, and each second one twice as far, to 2^18 sds. */
static const double FAR_FIRST = 8;
/* Of the parts of the first proposal, before draws say more: none is left with less. */
static const double SHARE_LEAST = 0.03;
/* Of log densities, in nats. */
static const double ROUNDING_MOST = 1e-6;
/* Modes nearer than this many sds, in the metric of either, are one. */
static const double APART = 1;

typedef struct mode {
    gaussian at;
    double log_mass;
} mode;

static double distance(const gaussian *g, const double *x, double *scratch) {
    uint64_t n = g->size;
    for (uint64_t i = 0; i < n; i++) scratch[i] = x[i] - g->mean[i];
    matrix_solve_vector(g->algebra, g->factor, scratch, n);
    return vector_length(g->algebra, scratch, n);
}

static bool near(const gaussian *g, const double *x, double *scratch) {
    return distance(g, x, scratch) < APART;
}

/* So far that the guide's sd says nothing: all latents at once, or one of them, beside a draw of the others.
 */
static void farther_point(const gaussian *guide, int number, rng *r, double *x) {
    double far = ldexp(FAR_FIRST, number / 2);
    uint64_t n = guide->size, one = (uint64_t)(rng_uniform(r) * (double)n);
    bool all = number % 2 == 0;
    for (uint64_t i = 0; i < n; i++) x[i] = (all ? far : 1) * rng_normal(r);
    gaussian_place(guide, x, 1, x);
    if (!all) x[one] = guide->mean[one] + far * guide->factor[one * n + one] * rng_normal(r);
}

/* Points a few sds of the guide away, and others anywhere around 0; then farther ones. */
static void far_point(const gaussian *guide, int number, rng *r, double *x) {
    if (number >= CLIMBS_NEAR) {
        farther_point(guide, number - CLIMBS_NEAR, r, x);
        return;
    }
    double far = 1 + number % 4;
    for (uint64_t i = 0; i < guide->size; i++)
        x[i] = number % 3 ? far * rng_normal(r) : far * (2 * rng_uniform(r) - 1);
    if (number % 3) gaussian_place(guide, x, 1, x);
}

/* Where the density's own rounding is seen in nats, what looks like a mode is made of that: far away matrices
 * lose all digits, and with them their sign. */
static bool is_resolved(const mode *m) { return fabs(m->log_mass) * DBL_EPSILON < ROUNDING_MOST; }

static void keep_mode(mode *modes, uint32_t *count, mode found) {
    uint32_t at = 0;
    if (*count == MODES_MOST) {
        for (uint32_t k = 1; k < *count; k++)
            if (modes[k].log_mass < modes[at].log_mass) at = k;
        if (modes[at].log_mass >= found.log_mass) return;
    } else {
        at = (*count)++;
    }
    modes[at] = found;
}

bool modes_find(density *one, density *many, const gaussian *guide, double log_mass, uint64_t most, rng *r,
                arena *a, proposal *found) {
    uint64_t n = guide->size, end_at = one->gradients + many->gradients + most;
    mode modes[MODES_MOST];
    uint32_t count = 0;
    double *from = arena_array(a, double, n), *scratch = arena_array(a, double, n), best = log_mass;
    for (int i = 0; i < CLIMBS_NEAR + CLIMBS_FAR && one->gradients + many->gradients < end_at &&
                    !vigil_asks(one->vigil, "modes");
         i++) {
        start end;
        double *to = arena_array(a, double, n);
        far_point(guide, i, r, from);
        if (!start_climb(one, from, to, a)) continue;
        bool known = near(guide, to, scratch);
        for (uint32_t k = 0; k < count; k++) known |= near(&modes[k].at, to, scratch);
        if (known) continue;
        mode m = {.log_mass = start_mass(one, many, to, &end, a)};
        m.at = (gaussian){n, end.mode, end.factor, end.scale, guide->algebra};
        if (!isfinite(m.log_mass) || !is_resolved(&m) || near(&m.at, guide->mean, scratch)) continue;
        keep_mode(modes, &count, m);
        best = fmax(best, m.log_mass);
    }
    *found = (proposal){1, arena_array(a, gaussian, MODES_MOST + 1), arena_array(a, double, MODES_MOST + 1)};
    found->parts[0] = *guide;
    found->weight[0] = fmax(exp(log_mass - best), SHARE_LEAST);
    double sum = found->weight[0];
    for (uint32_t k = 0; k < count; k++) {
        double far = fmax(distance(guide, modes[k].at.mean, scratch), 1);
        if (modes[k].log_mass < best - FAR_BELOW - 2 * log(far)) continue;
        found->parts[found->count] = modes[k].at;
        sum += found->weight[found->count++] = fmax(exp(modes[k].log_mass - best), SHARE_LEAST);
    }
    for (uint32_t k = 0; k < found->count; k++) found->weight[k] /= sum;
    return found->count > 1;
}

/* Nats by which a valley is one, and points on the way where it is looked for. */
static const double VALLEY = 1;
enum { STEPS_BETWEEN = 8 };

static double density_between(density *one, const double *from, const double *to, double share) {
    for (uint64_t i = 0; i < one->space->size; i++) one->at[i] = from[i] + share * (to[i] - from[i]);
    density_run(one);
    return one->log_density[0];
}

bool modes_apart(density *one, const proposal *p) {
    for (uint32_t k = 1; k < p->count; k++) {
        const double *from = p->parts[0].mean, *to = p->parts[k].mean;
        double lower = fmin(density_between(one, from, to, 0), density_between(one, from, to, 1));
        for (int i = 1; i < STEPS_BETWEEN; i++)
            if (density_between(one, from, to, (double)i / STEPS_BETWEEN) < lower - VALLEY) return true;
    }
    return false;
}
