/* Between a support and the unconstrained numbers in which guides live: x = f(u), with log |det df/du|, as
 * instructions of a tape, so that bounds may be expressions of other latents and everything is differentiated
 * and run with the rest. One row a support (transforms.c). */
#ifndef VM_INFER_TRANSFORMS_H
#define VM_INFER_TRANSFORMS_H

#include "runtime/bind/lower.h"

/* False, with a message at the variable, where its support has none, being discrete. */
bool transform_check(diagnostics *d, const model *m, variable v);
/* Of all that is free but, with `drawn`, what the guide's statements draw: those are in the latent's own
 * space, discrete or not. */
bool transform_check_all(diagnostics *d, const model *m, bool drawn);

/* The number of unconstrained entries of a variable. */
uint64_t transform_size(const model *m, variable v);
/* The axes of the unconstrained entries on the tape: those of the variable, of which those that its support
 * ties together may be another one. */
axes transform_axes(const lowering *l, variable v);

/* u has transform_axes and perhaps the axis `draw`. What the bounds of an interval depend on must have been
 * set in `l`. *log_jacobian is summed over all axes of the variable but those in `kept`, none of which its
 * support ties together. */
ref transform_constrain(lowering *l, variable v, ref u, axes kept, ref *log_jacobian);
ref transform_unconstrain(lowering *l, variable v, ref x);

#endif
