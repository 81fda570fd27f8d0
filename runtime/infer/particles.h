/* Importance weights along axes. What the model's axes tell apart given the other latents needs no joint
 * weight: of every entry of a latent along its plates there are K particles, drawn given the globals, which
 * are all other latents; the sum over all combinations of particles is done by the elimination that sums out
 * discrete latents (lang/enumeration.c, runtime/bind/marginal.c), where each particle counts
 * p(…) / (K q(u | globals)). It makes the weight of a draw of the globals, p̂(globals, data) / q(globals),
 * which is unbiased for the evidence whatever K is, and of which only the globals and what the elimination
 * leaves decide the variance (Aitchison, Tensor Monte Carlo, NeurIPS 2019; Heap, Leech and Aitchison,
 * Massively parallel reweighted wake-sleep, UAI 2023). Then one particle of each entry is drawn from the same
 * sum, so that a draw of the globals with its weight becomes a joint draw with that weight.
 *
 * The particles of an entry are a rank-1 lattice, moved by uniform numbers and put through the quantile of a
 * distribution with tails as those of a t with 4 degrees: since a density with lighter tails makes of that a
 * smooth periodic function, its mean over the lattice is nearly exact for few points (Sloan and Joe, Lattice
 * Methods for Multiple Integration, 1994). */
#ifndef VM_INFER_PARTICLES_H
#define VM_INFER_PARTICLES_H

#include "runtime/infer/conditional.h"
#include "runtime/infer/importance.h"

typedef struct particles particles;

/* NULL where nothing can be told apart, or where the sum would take too long. */
particles *particles_new(const space *s, const reported *r, uint64_t seed, vigil *v, arena *a);
/* The same to be told of: what costs too much is there, too, but nothing can be drawn. */
particles *particles_plan(const space *s, const reported *r, arena *a);
/* How many particles an entry of variable i of the space has; 0 where it keeps a joint weight, for a reason
 * in words. */
uint32_t particles_each(const particles *t, uint32_t i, const char **why);
/* Of a draw: terms of the largest sum over combinations, and numbers that are computed in all. */
typedef struct particle_cost {
    double terms, numbers;
} particle_cost;
particle_cost particles_cost(const particles *t);
/* Whether so many draws take no more than a few seconds. */
bool particles_afford(const particles *t, uint64_t count);
/* The axes that particles lie along, in words. */
const char *particles_axes(const particles *t, arena *a);
/* How many entries have joint weights. */
uint64_t particles_globals(const particles *t);
/* Numbers that are kept of a draw: what is reported, and the point. */
uint64_t particles_entries(const particles *t);

/* Like a proposal: Gaussians with weights. */
typedef struct guide_along {
    uint32_t count;
    conditional *parts;
    double *weight;
} guide_along;
guide_along particles_guide(const particles *t, const proposal *joint, arena *a);
/* One part, like `count` points of the space. False where a covariance is not positive definite. */
bool particles_guide_of_points(const particles *t, const double *points, uint64_t count, guide_along *to,
                               arena *a);
/* Takes the memory of one with one part. */
void particles_rehearse_guide(const particles *t, arena *a);
guide_along particles_widened(const particles *t, const guide_along *g, arena *a);

/* As many draws as a refit needs, since there are few globals; at most `most`. */
uint64_t particles_refit_draws(const particles *t, uint64_t most);
/* Weighted draws: log_guide is such that log_density - log_guide is the log weight above. */
drawing particles_draw(particles *t, const guide_along *g, uint64_t count, rng *r, arena *a);
/* Each part with the weighted moments of the draws that are its own. False where one has none. */
bool particles_refit(const particles *t, const drawing *d, const guide_along *old, guide_along *refitted,
                     arena *a);

#endif
