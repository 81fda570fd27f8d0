/* Layers: how the terms of a mixture stay in the cache. log_sum_exp over the states z of x[z, token] needs
 * all states of a token at once, and the gradient needs them again. So a region over the tokens alone
 * computes x as layers, one for each state: a block has its entries of all layers, one layer after the other,
 * and the kernels run layer by layer. The sum over the layers is then elementwise over the tokens, and what
 * depends on it, and on x, is computed in the same block. Nothing with the axis z is laid out but what others
 * want.
 *
 * An axis makes layers where a log_sum_exp runs over it alone; it must come before all others of the value.
 */
#ifndef VM_AUTODIFF_LAYERS_H
#define VM_AUTODIFF_LAYERS_H

#include "autodiff/tape.h"

/* The axes that make layers, by axis. */
const bool *layers_find(const tape *t, arena *a);

/* The layers' axis of an elementwise value or a gather; AXIS_NONE where it has none. */
axis layers_of(const tape *t, ref r, const bool *makes_layers);

/* Whether r is a log_sum_exp over layers. */
bool layers_summed(const tape *t, ref r, const bool *makes_layers);

#endif
