/* The log density of a model over the unconstrained space of its latents, at many points at once and with
 * gradients: what starts and Gaussian guides are fitted to. */
#ifndef VM_INFER_DENSITY_H
#define VM_INFER_DENSITY_H

#include "autodiff/machine.h"
#include "runtime/infer/space.h"
#include "runtime/infer/vigil.h"

typedef struct density {
    const space *space;
    tape *tape; /* as it is run, for the places of faults */
    machine *machine;
    uint32_t points;           /* a run */
    double *at;                /* points × size, filled before a run */
    const double *log_density; /* of the last run: points */
    const double *gradient;    /* points × size */
    uint64_t gradients;        /* computed since density_new */
    vigil *vigil;              /* whom work of many runs asks whether to end; or NULL */
} density;

/* The precision that a fit takes its steps in. */
static inline precision precision_of(const options *o) {
    return o->precision.word == PRECISION_single ? IN_SINGLE : IN_DOUBLE;
}

/* Reports in `d` and returns NULL where an operation has no derivative. */
density *density_new(diagnostics *d, const space *s, uint32_t points, precision p, arena *a);
/* Of the values as they are declared: without the log-Jacobian. */
density *density_new_declared(diagnostics *d, const space *s, uint32_t points, precision p, arena *a);
void density_run(density *t);
/* An lbfgs_function of a density of one point. */
double density_at(void *one, const double *x, double *gradient);

/* A message that names the statement at which the last run came to a number that is not finite. */
void machine_complain(diagnostics *d, machine *m, const tape *t, uint64_t seed, uint64_t step);

/* A message that an operation on the way to a gradient has no derivative. */
void complain_of_derivative(diagnostics *d, const tape *t, ref culprit);

/* As many points a run as keep its work in a second-level cache, from 1 to `most`. */
uint32_t points_that_fit(const model *m, uint32_t most);

/* How many draws to summarise: `asked`, or more where a draw costs little next to what the fit does, so that
 * the Monte-Carlo error of a mean or a sd is well below a hundredth of the sd. `scalars` are kept of each. */
uint64_t draws_that_pay(const model *m, uint64_t scalars, uint64_t asked);

#endif
