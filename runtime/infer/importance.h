/* Importance sampling with Gaussians and their heavy-tailed doubles. */
#ifndef VM_INFER_IMPORTANCE_H
#define VM_INFER_IMPORTANCE_H

#include "runtime/infer/gaussian.h"
#include "runtime/infer/sample.h"

/* What the model says of points of a space: log density and all that is reported. */
typedef struct evaluation {
    const space *space;
    const reported *report;
    machine *machine;
    tape *tape;
    uint32_t points; /* a run */
    double *at;      /* points × size */
    uint64_t seed, runs;
    vigil *vigil; /* or NULL */
} evaluation;
evaluation *evaluation_new(const space *s, const reported *r, uint32_t points, uint64_t seed, arena *a);

/* A mixture of Gaussians: one where that is enough, more where a posterior has several modes. Every other
 * draw is from the multivariate t of the same mean and factor; the density of the proposal is that of the
 * whole mixture, so that its weights are bounded where any part covers the posterior (Hesterberg,
 * Technometrics 37, 1995; Owen and Zhou, JASA 95, 2000). */
typedef struct proposal {
    uint32_t count;
    gaussian *parts;
    double *weight; /* of each; sum 1 */
} proposal;
proposal proposal_of(const gaussian *g, arena *a);
/* Draw number `draw` of `count` into x; of which part it is. */
uint32_t proposal_place(const proposal *p, uint64_t draw, uint64_t count, rng *r, double *x);
/* By part half the log determinant of its covariance, for proposal_density. */
double *proposal_log_scales(const proposal *p, arena *a);
/* The log density at x; *log_normal that of the Gaussians alone; log_parts each part's share in it. `scratch`
 * has as many entries as x. */
double proposal_density(const proposal *p, const double *log_scales, const double *x, double *log_normal,
                        double *log_parts, double *scratch);

typedef struct drawing {
    arena *arena;       /* of its own; close it where the drawing is of no more use */
    sample sample;      /* of the mixture */
    double *points;     /* count × size, unconstrained, for a refit: none of mean fields */
    double *log_normal; /* by draw: the density under the Gaussians alone */
    double *log_parts;  /* count × parts: under each part, times its weight */
} drawing;
drawing drawing_new(const reported *r, uint64_t size, uint32_t parts, uint64_t count, arena *a);
/* Fewer draws of a single Gaussian where the host wants the end, but one run's at least. */
drawing importance_draw(const proposal *p, evaluation *e, uint64_t count, rng *r, arena *a);

/* Each part with the weighted mean and covariance of the draws that are its own (Cappé, Douc, Guillin, Marin
 * and Robert, Statistics and Computing 18, 2008), drawn towards the old one as far as those are few; parts
 * that hold next to nothing are dropped. False where a covariance is not positive definite. */
bool importance_refit(const drawing *d, const proposal *old, proposal *refitted, arena *a);

#endif
