/* The log density of a model at a point, for people and for tests. */
#ifndef VM_INFER_LOG_DENSITY_H
#define VM_INFER_LOG_DENSITY_H

#include "base/status.h"
#include "runtime/bind/model.h"

/* The log density of the model at given values of its latents, with gradient: by variable in program order,
 * dense in canonical axis order. With `unconstrained`, the density is that of the unconstrained parameters
 * (the log-Jacobian is added) and so is the gradient: by latent in program order, each with its number of
 * free parameters. */
typedef struct density_result {
    double log_density;
    double **gradient; /* by variable; NULL where not a latent or param */
    uint64_t *gradient_size;
} density_result;
density_result *log_density_at(diagnostics *d, const model *m, const double *const *values,
                               bool unconstrained, arena *a, status *status);

#endif
