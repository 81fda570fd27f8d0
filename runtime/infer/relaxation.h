/* A discrete latent that is something between its states while a fit asks for it (gradients.h): one that is 0
 * or 1 a number between them, a category a vector of weights over its axis, which stands for a mixture of
 * what is gathered by it. Densities of the latent itself are interpolated between its states. */
#ifndef VM_INFER_RELAXATION_H
#define VM_INFER_RELAXATION_H

#include "runtime/bind/lower.h"

/* A draw of the statement at a temperature t: expit((log odds + logistic noise) / t), or softmax((log q +
 * Gumbel noise) / t); with `straight` the state that this tends to as t falls, with the derivative of that.
 * What its arguments need has been set. */
ref relaxed_draw(lowering *l, const draw *s, double temperature, bool straight);

/* z f(1) + (1 - z) f(0), or the sum of z_k f(k), of a log density of the latent. */
ref relaxed_log_density(lowering *l, variable latent, node density);

/* Whether all that uses a category gathers by it, so that a mixture can take its place; else *culprit is the
 * node that does not. */
bool relaxed_gathers(const program *p, variable latent, arena *a, node *culprit);

#endif
