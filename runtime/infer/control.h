/* Control variates whose coefficients are regressions, `control = regression`: functions of the noise whose
 * expectation is known are taken off a gradient, as much of each as the other draws of the step say. As a
 * draw has no part in its own coefficients, nothing is biased.
 *
 * Where draws are differentiated, of a normal guide z = m + s e: entry by entry the derivative by e of what
 * is climbed is regressed on e, and the quadratic in e with this derivative, whose expectation is known, is
 * taken off (Miller, Foti, D'Amour and Adams, NeurIPS 2017; Geffner and Domke, NeurIPS 2018 and 2020). It
 * leaves what bends more than a quadratic, or comes from the noise of other entries.
 *
 * Where they are scored: the best baseline a of E (f - a) h, with h the score, is E f h² / E h² (Ranganath,
 * Gerrish and Blei, AISTATS 2014), not E f. h² is that by the arguments of the statement. */
#ifndef VM_INFER_CONTROL_H
#define VM_INFER_CONTROL_H

#include "runtime/infer/terms.h"

/* Draws a step, that three others are there for a line through them. */
enum { CONTROL_DRAWS = 4 };

/* Whether a latent's gradient has one. */
bool control_applies(const program *p, const options *o, variable latent);
bool control_check(diagnostics *d, const program *p, const options *o);

/* By draw: what is added to a surrogate for the latents whose draws are differentiated; 0: nothing. */
ref control_write(estimator *e, ref surrogate);
/* The signal of a statement, over the draws and `kept`, less the baseline of the others. */
ref control_signal(estimator *e, const draw *s, axes kept, ref signal);

#endif
