/* Importance sampling with a Gaussian guide and its heavy-tailed double. */
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
} evaluation;
evaluation *evaluation_new(const space *s, const reported *r, uint32_t points, uint64_t seed, arena *a);

/* Draws: every other one from the Gaussian, the others from the multivariate t of the same mean and factor;
 * the density of the proposal is that of the mixture, so that its weights are bounded where either covers the
 * posterior (Hesterberg, Technometrics 37, 1995; Owen and Zhou, JASA 95, 2000). */
typedef struct drawing {
    sample sample;                   /* of the mixture */
    double *points;                  /* count × size, unconstrained */
    double *log_normal, *log_tailed; /* by draw: the density under either part */
} drawing;
drawing importance_draw(const gaussian *g, evaluation *e, uint64_t count, rng *r, arena *a);

/* The Gaussian with the weighted mean and covariance of the draws (Cappé, Douc, Guillin, Marin and Robert,
 * Statistics and Computing 18, 2008), drawn towards the old one as far as the draws are few. False where that
 * is not positive definite. */
bool importance_refit(const drawing *d, const gaussian *old, gaussian *refitted, arena *a);

#endif
