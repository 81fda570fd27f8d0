/* Where to start: a mode of the log density in unconstrained space and the curvature there. */
#ifndef VM_INFER_START_H
#define VM_INFER_START_H

#include "base/rng.h"
#include "runtime/infer/density.h"

typedef struct start {
    double *mode;   /* size; a point of high density where there is no mode */
    double *scale;  /* size: sds of the local Gaussian, each given the others */
    double *factor; /* size × size: lower factor of the covariance there; NULL where size is above
                       `most_factored`, or astray */
    bool astray;    /* the mode is far from the mass, and this is a point on the way to it */
} start;

/* With `far` the end of one climb, from anywhere, else the best of several. False where the density is finite
 * at none of a hundred points; the last run of `one` is then at such a point. `one` computes a point a run,
 * `many` several. */
bool start_find(density *one, density *many, uint64_t most_factored, bool far, rng *r, arena *a,
                start *found);

/* Takes the memory that start_find does. */
start start_rehearse(density *one, uint64_t most_factored, arena *a);

/* Climbs from one point to another, `to`; false where the density is not finite at either. */
bool start_climb(density *one, const double *from, double *to, arena *a);

/* The curvature at a mode, which may be moved a little on the way to *found; of more than `most_factored`
 * latents the scales alone, for which probes are drawn from r. False where it was not found to be that of a
 * maximum. */
bool start_curvature(density *one, density *many, const double *mode, uint64_t most_factored, rng *r,
                     arena *a, start *found);

/* Of few enough latents for a factor: the curvature, and the log of the density's integral around it by
 * Laplace's method. */
double start_mass(density *one, density *many, const double *mode, start *found, arena *a);

#endif
