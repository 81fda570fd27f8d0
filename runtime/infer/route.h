/* By which way a fit goes, which the program and its options decide alone. */
#ifndef VM_INFER_ROUTE_H
#define VM_INFER_ROUTE_H

#include "lang/program.h"

typedef enum route {
    ROUTE_gaussian, /* one Gaussian over the unconstrained space, by natural gradients */
    ROUTE_map,      /* to a mode */
    ROUTE_em,       /* params by expectation and maximisation */
    ROUTE_cavi,     /* the guide by coordinate ascent */
    ROUTE_natural,  /* the same by shorter steps, of batches */
    ROUTE_held,     /* the guide by L-BFGS with its draws held */
    ROUTE_steps     /* the guide and the params by noisy gradients */
} route;
route route_of(const program *p, const options *o);

/* How the gradient for a latent that a guide draws is estimated, in words, for people. */
const char *route_estimator(const program *p, const options *o, route way, variable latent, arena *a);

#endif
