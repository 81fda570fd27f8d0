/* The mode of the density of all that is free, latents and params, with the curvature there: what `optimize`
 * is in Stan, and penalised maximum likelihood. Without the log-Jacobian it is the mode of the density of the
 * latents as they are declared, with it that of their unconstrained numbers, which is where a Gaussian stands
 * best (Carpenter et al., Journal of Statistical Software 76, 2017); for params there is no density and hence
 * no Jacobian. Standard errors are those of the Gaussian with the mode's curvature (Laplace; Tierney and
 * Kadane, JASA 81, 1986), in unconstrained numbers. */
#ifndef VM_INFER_MAP_H
#define VM_INFER_MAP_H

#include "runtime/infer/importance.h"

/* Reports what a search for one point has no use for: a guide, and the options of its fit. */
bool map_check(diagnostics *d, const program *p, const options *o);

static inline bool is_map(const options *o) { return o->objective.word == OBJECTIVE_map; }

typedef struct map_search {
    space space;
    double *first;       /* size: where the first climb starts */
    density *one, *many; /* what is climbed */
    evaluation *evaluation;
    bool jacobian, factored, params; /* factored: there are few enough numbers for a Hessian */
} map_search;
/* NULL, with a message, where an operation has no derivative. */
map_search *map_open(diagnostics *d, const model *m, const options *o, arena *a);

typedef struct map_found {
    gaussian at; /* the mode, with Laplace's covariance; where not factored, sds of each given the others */
    double value;
    double *scalars;      /* of what is reported, at the mode; NaN for what is drawn there */
    uint32_t starts, low; /* climbs, and those of them that ended lower */
    uint64_t steps;
    bool converged; /* the slope is 0 … */
    bool definite;  /* … and the density falls to all sides */
} map_found;
/* False where the density is finite at no start; the last run of `one` is then at such a one. */
bool map_find(map_search *s, const options *o, vigil *v, arena *a, map_found *found);
/* Takes the memory of that. */
map_found map_rehearse(const map_search *s, arena *a);

#endif
