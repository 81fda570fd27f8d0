/* Climbs a deterministic function of many variables with its gradient: L-BFGS (Nocedal and Wright, Numerical
 * optimization, 2nd ed., algorithms 7.4 and 7.5) with a line search for the strong Wolfe conditions
 * (algorithms 3.5 and 3.6, in one loop, with the cubic of equation 3.59). Where the function may be not
 * finite a step is too long. Near the top, where values differ by their rounding alone, the slopes decide:
 * the approximate conditions of Hager and Zhang (SIAM Journal on Optimization 16, 2005, equation 4.1). */
#ifndef VM_INFER_LBFGS_H
#define VM_INFER_LBFGS_H

#include "runtime/infer/matrix.h"

/* The value at x, of which `gradient` is to hold the gradient; -inf where either is not finite. */
typedef double lbfgs_function(void *user, const double *x, double *gradient);

enum { LBFGS_MEMORY = 10 };

typedef struct lbfgs {
    uint64_t size;
    const algebra *algebra;
    lbfgs_function *function;
    void *user;
    double value, *x, *gradient; /* where it stands */
    double *direction;
    double promise; /* of the last step: what the direction promises, in units of the function */
    double next_value, *next, *next_gradient;
    /* Steps and how the gradient fell along them, the newest at (count - 1) % LBFGS_MEMORY. */
    double *steps[LBFGS_MEMORY], *changes[LBFGS_MEMORY], curvature[LBFGS_MEMORY];
    uint32_t count;
} lbfgs;

lbfgs lbfgs_open(uint64_t size, lbfgs_function *function, void *user, arena *a);
/* Goes to x, with no memory of steps; false where the function is not finite there. */
bool lbfgs_place(lbfgs *o, const double *x);
/* One step. False, where it was not taken, at the end: it promised less than `enough`, or no step along the
 * gradient is uphill. */
bool lbfgs_step(lbfgs *o, double enough);
/* Moves along `direction`, which a caller may have set, and has the gradient there; false, and nothing moves,
 * where no step is uphill. */
bool lbfgs_search(lbfgs *o);

#endif
