/* Posteriors without an end: where a latent has a flat prior and the data do not determine it, or where a
 * scale can fall to 0 on data that a model meets exactly, the density has no integral, and whatever climbs it
 * goes on until numbers end. */
#ifndef VM_INFER_FLIGHT_H
#define VM_INFER_FLIGHT_H

#include "runtime/infer/space.h"

/* Whether a point of the space, or points as far from it as `factor` reaches (size × size, lower; or NULL),
 * are where no latent of a posterior would be; then that is said in `d` of the latent that is farthest off.
 * `failed` where the density was not finite in the end, else the point has only not come to rest, as those of
 * coarse units may. */
bool flight_complain(diagnostics *d, const space *s, const double *at, const double *factor, bool failed);

#endif
