/* A Gaussian guide over the whole unconstrained space, full rank or mean field, fitted by natural gradients.
 */
#ifndef VM_INFER_GAUSSIAN_H
#define VM_INFER_GAUSSIAN_H

#include "runtime/infer/descent.h"
#include "runtime/infer/fit.h"
#include "runtime/infer/matrix.h"
#include "runtime/infer/start.h"
#include "runtime/infer/vigil.h"

typedef struct gaussian {
    uint64_t size;
    double *mean;
    double *factor; /* lower, size × size, row-major; NULL for mean field */
    double *scale;  /* mean field: sds; else the diagonal of the factor */
    const algebra *algebra;
} gaussian;

/* Draws of the guide, a row each: point = mean + factor * noise, in place where there is one of them or no
 * factor. */
void gaussian_place(const gaussian *g, const double *noise, uint64_t count, double *points);
/* Half the log determinant of its covariance. */
double gaussian_log_scale(const gaussian *g);

/* The Gaussian with the mean and the covariance of points (count × size, count > size for full rank), each
 * with a weight or, where `log_weight` is NULL, equally. False where that is not positive definite. */
bool gaussian_of_points(gaussian *g, const double *points, const double *log_weight, uint64_t count,
                        arena *scratch);
/* The variance of each latent given all others. */
void gaussian_conditional_variances(const gaussian *g, double *variance, arena *scratch);

typedef struct gaussian_course {
    uint64_t steps, steps_most;
    double tolerance;
    vigil *vigil;
    bool converged, interrupted;
} gaussian_course;

/* Moves g to the optimum of the ELBO of the density. `many` computes several points a run. False where the
 * density is not finite at most draws of a guide that has been narrowed again and again. */
bool gaussian_fit(gaussian *g, density *many, rng *r, arena *a, gaussian_course *course);
/* Takes the memory that this does. */
void gaussian_rehearse(const gaussian *g, const density *many, arena *a);

#endif
