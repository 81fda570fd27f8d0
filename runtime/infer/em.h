/* Expectation and maximisation for the params of a program whose latents are discrete and summed out
 * (Dempster, Laird and Rubin, JRSS B 39, 1977). The sum over latents is log sum exp of factors f_j(θ), over
 * their plates and states, which is convex in them: with r_j its derivatives at θ, the probabilities of the
 * states given the data,
 *
 *   log p(data; θ') >= log p(data; θ) + sum_j r_j (f_j(θ') - f_j(θ))
 *
 * so that θ' which maximises sum_j r_j f_j(θ'), and the terms without latents, never lowers the likelihood.
 * The maximum is found to rounding where the params are few, so that a step is the one that a closed form
 * would take; for many it is climbed part of the way. Chains need nothing of their own: that is Baum and
 * Welch's method. */
#ifndef VM_INFER_EM_H
#define VM_INFER_EM_H

#include "runtime/infer/guide.h"

typedef struct em em;

/* For a guide of params alone, which start at x. NULL, with a message, where an operation has no derivative.
 */
em *em_new(diagnostics *d, const guide *g, const double *x, arena *a);
/* One step; false where the likelihood is not finite, and nothing moves. */
bool em_step(em *o);
/* The log likelihood at the params before the last step, and the params after it. */
double em_value(const em *o);
const double *em_params(const em *o);

#endif
