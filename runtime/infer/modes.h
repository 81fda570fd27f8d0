/* Further modes of a posterior, for a proposal that covers all of them: a mixture model has one for each way
 * to share the data among its components. */
#ifndef VM_INFER_MODES_H
#define VM_INFER_MODES_H

#include "runtime/infer/importance.h"

/* Climbs from points far around a full-rank guide, until that has taken `most` gradients. False where no mode
 * is found that matters beside it; else *found holds the guide and a Gaussian for each of them, weighted by
 * their masses by Laplace's method. `log_mass` is the log evidence as the guide has it. */
bool modes_find(density *one, density *many, const gaussian *guide, double log_mass, uint64_t most, rng *r,
                arena *a, proposal *found);

/* Whether there is a valley of the density on the way from the first part to one of the others, so that they
 * are modes, rather than the tails of one. */
bool modes_apart(density *one, const proposal *p);

#endif
