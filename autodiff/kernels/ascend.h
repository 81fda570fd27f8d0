/* One step of an optimiser over n parameters; the methods stand in runtime/infer/optimiser.h. */
#ifndef VM_AUTODIFF_KERNELS_ASCEND_H
#define VM_AUTODIFF_KERNELS_ASCEND_H

#include <tgmath.h>

#include "autodiff/kernels/kernels.h"
#include "autodiff/kernels/vector.h"

/* Moments of gradients that have become 0 die out and do not stay among the denormals, which are slow. */
#define ALIVE(x) (fabs(x) < 0x1p-100f ? 0 : (x))

INLINE void ascend(const ascent *a, void *to, void *mean, void *square, const void *gradient, size_t n) {
    element *x = to, *m = mean, *v = square;
    const element *g = gradient;
    const element scale = (element)a->scale, keep = (element)a->keep, rate = (element)a->rate;
    const element old_mean = (element)a->keep_mean, new_mean = (element)(1 - a->keep_mean);
    const element old_square = (element)a->keep_square, new_square = (element)(1 - a->keep_square);
    const element correction = (element)a->root, least = (element)a->floor;
    EACH {
        element d = scale * g[i];
        element p = old_mean * m[i] + new_mean * d, q = old_square * v[i] + new_square * (d * d);
        m[i] = ALIVE(p);
        v[i] = ALIVE(q);
        x[i] = keep * x[i] + rate * p / (correction * sqrt(q) + least);
    }
}

INLINE void ascend_plainly(const ascent *a, void *to, void *mean, const void *gradient, size_t n) {
    element *x = to, *m = mean;
    const element *g = gradient;
    const element scale = (element)a->scale, keep = (element)a->keep, rate = (element)a->rate;
    const element momentum = (element)a->keep_mean;
    EACH {
        element p = momentum * m[i] + scale * g[i];
        m[i] = ALIVE(p);
        x[i] = keep * x[i] + rate * p;
    }
}

#endif
