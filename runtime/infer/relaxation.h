/* A latent that is 0 or 1, and something between while a fit asks for it (gradients.h). */
#ifndef VM_INFER_RELAXATION_H
#define VM_INFER_RELAXATION_H

#include "runtime/bind/lower.h"

/* A draw of the statement: expit((log odds + logistic noise) / temperature); with `straight` 0 or 1, with the
 * derivative of that. What its arguments need has been set. */
ref relaxed_draw(lowering *l, const draw *s, double temperature, bool straight);

/* z f(1) + (1 - z) f(0) of a log density of the latent. */
ref relaxed_log_density(lowering *l, variable latent, node density);

#endif
