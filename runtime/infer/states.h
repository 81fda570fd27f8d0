/* What a fit says of the discrete latents that were summed out: the probability of each state of each entry,
 * the average over the posterior draws of the other latents of its exact value given those (so there is no
 * noise from drawing states), and the most probable states: of a chain the path that is most probable as a
 * whole (Viterbi), at the draw of the highest density; of others the state that is most probable by itself.
 */
#ifndef VM_INFER_STATES_H
#define VM_INFER_STATES_H

#include "runtime/infer/sample.h"

/* Adds one row a latent to f->states. `rows` are `count` draws of what `s` reports, each of the posterior
 * and alike in weight; `densest` is the one with the highest density. */
void states_find(fit *f, const sample *s, const double *rows, uint64_t count, const double *densest);
/* Takes the memory of that. */
void states_rehearse(fit *f, const reported *r);

#endif
