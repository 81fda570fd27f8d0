/* The sum over discrete latents on the tape, after the program's plan (lang/enumeration.c).
 *
 * A latent that is an index has its states as an axis: where the program asks for its value, that is the
 * position along this axis, and a gather by it is a rename. One that is 0 or 1 is written twice, once for
 * each value as a number, so that what it switches off is never computed; then both are put side by side
 * along an axis of two. A block of continuous latents has particles for states: the caller sets its variables
 * to these, over the axis of states and the block's plates, and what weighs them is a source. In all cases a
 * factor is a tensor over its plates and the states of the latents in it. */
#ifndef VM_BIND_MARGINAL_H
#define VM_BIND_MARGINAL_H

#include "runtime/bind/lower.h"

typedef struct marginal marginal;

/* `sum` is OP_log_sum_exp, or OP_max for the density of the most probable states. `sources`, NULL or one a
 * latent (0: none), are added to its factors: values over its axes and its states. The derivative of the
 * total with respect to one that is 0 is the probability of each state, of the most probable states it is 1
 * for those (Darwiche, J. ACM 50, 2003). */
marginal *marginal_new(lowering *l, op sum, const ref *sources);
/* The same in two steps, for a caller who sees the factors: one for each of program.marginal, 0 for what an
 * elimination leaves. It may put others with the same axes in their places, then has them eliminated. */
marginal *marginal_open(lowering *l, op sum, const ref *sources);
ref *marginal_factors(const marginal *m);
void marginal_eliminate(marginal *m);
/* The log of the sum, with the axis `draw` or none. */
ref marginal_total(const marginal *m);
/* One of its terms: what is left of the elimination over the plates of program.marginal.at[factor]. */
ref marginal_term(const marginal *m, uint32_t factor);
/* Draws the latents from their distribution given all that the lowering has set, and sets the discrete ones.
 * Needs OP_log_sum_exp. */
void marginal_draw(marginal *m);
/* Then: the state of latent k, from 1; over its plates. */
ref marginal_number(const marginal *m, uint32_t k);

/* The axes of latent k on the tape, and of its states. */
axes marginal_axes(const lowering *l, uint32_t k);

#endif
