/* The log density of the data, observation by observation, for draws of the latents.
 *
 * An observation is an entry of the axes that a statement of the model repeats over. Where discrete latents
 * are summed out, observations that share one are not independent given the others: what is left of the sum
 * then has a term for each of its plates (an entry of `obs` for a latent of each observation, a group for one
 * of each group, one for a whole chain), and that is the observation. */
#ifndef VM_INFER_POINTWISE_H
#define VM_INFER_POINTWISE_H

#include "runtime/infer/posterior.h"

/* Observations of one kind. */
typedef struct observations {
    const char *name; /* of the variable, or of all that are observed together: `y, x` */
    bool shared;      /* discrete latents that are summed out tie its entries together */
    uint32_t rank;
    axis order[AXES_MOST]; /* of the program; parts are told as the whole */
    uint64_t first, count; /* columns */
    uint32_t *at;          /* count × rank: the place of each, from 1 */
} observations;

typedef struct pointwise {
    const model *model;
    vector(observations) kinds;
    uint64_t count, draws;
    double *log_density; /* count × draws: an observation's draws stand together */
    uint64_t observed;   /* a hash of the observed values */
} pointwise;

pointwise *pointwise_find(const model *m, const placed *draws, arena *a);

/* The kind of an observation. */
const observations *pointwise_kind(const pointwise *p, uint64_t observation);
/* `y[ANOKA, 3]`, in the arena. */
const char *pointwise_name(const pointwise *p, uint64_t observation, arena *a);

#endif
