/* Vectors for the hand-written loops: those of the kernels, and parts of them. */
#ifndef VM_BENCH_FUSED_VECTORS_H
#define VM_BENCH_FUSED_VECTORS_H

#include "autodiff/kernels/libmvec.h"

#define HALF_LOG_2PI 0.91893853320467274178

/* Log densities of the priors, with the derivative added to *slope. */
static inline double normal_prior(double x, double scale, double *slope) {
    double z = x / scale;
    *slope -= z / scale;
    return -0.5 * z * z - log(scale) - HALF_LOG_2PI;
}

/* Of x = exp(u) in place of u, the Jacobian with it. */
static inline double half_normal_prior(double x, double scale, double *slope) {
    double z = x / scale;
    *slope += 1 - z * z;
    return -0.5 * z * z - log(scale) - HALF_LOG_2PI + M_LN2 + log(x);
}

#endif
