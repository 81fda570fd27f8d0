/* Draws from the prior: values for the latents and for what a model observes, as its statements make them. */
#ifndef VM_INFER_PRIOR_H
#define VM_INFER_PRIOR_H

#include "runtime/bind/model.h"

/* Whether the prior draws a variable: one with a statement in the model, unless its value is given. */
bool prior_draws(const model *m, variable v, const bool *given);

/* Draws every variable that prior_draws tells, and computes the derived and generated names, into m->values:
 * dense in canonical axis order. `given`, by variable, marks latents and params whose values stand there
 * already. Reports what cannot be drawn, and returns false then. Same seed, same bits. */
bool prior_draw(diagnostics *d, model *m, const bool *given, uint64_t seed, arena *a);

#endif
