/* Draws from the prior: values for the latents and for what a model observes, as its statements make them. */
#ifndef VM_INFER_PRIOR_H
#define VM_INFER_PRIOR_H

#include "runtime/bind/model.h"

/* Whether the prior draws a variable: one with a statement in the model, unless its value is given. */
bool prior_draws(const model *m, variable v, const bool *given);

/* A model whose values and sizes may change, for these functions to change. */
model prior_model(const model *m, arena *a);

/* Draws every variable that prior_draws tells, and computes the derived and generated names, into m->values:
 * dense in canonical axis order. `given`, by variable, marks latents and params whose values stand there
 * already. Reports what cannot be drawn, and returns false then. Same seed, same bits. */
bool prior_draw(diagnostics *d, model *m, const bool *given, uint64_t seed, arena *a);

/* The same for many draws, of which each has other values of what is given: statements are planned once.
 * prior_values is where the values of a variable stand, those to be given before a run, and those that were
 * drawn after it. Of what is drawn the entries of `kept` are given as well. prior_run is false, reported,
 * where something cannot be drawn or is not finite. */
typedef struct prior prior;
prior *prior_open(diagnostics *d, model *m, const bool *given, arena *a);
double *prior_values(prior *p, variable v);
void prior_keep(prior *p, variable v, const bool *kept);
bool prior_run(prior *p, uint64_t seed);

#endif
