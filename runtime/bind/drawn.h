/* Models for data that are drawn: what is observed need not be given. */
#ifndef VM_BIND_DRAWN_H
#define VM_BIND_DRAWN_H

#include "runtime/bind/model.h"

/* Labels that the data give to an axis, as if the program had listed them: values of latents come in their
 * order, without them. Changes the axes of `of`, which must bind for that; where it does not, the next
 * binding says why. */
void model_list_labels(diagnostics *d, program *of, const data_set *data, arena *a);

/* The model for data that are drawn: with the latents that are `given`, by variable, among its data, and
 * without a claim on what is drawn. NULL, reported, where it cannot be bound. */
model *model_bind_drawn(diagnostics *d, const program *p, const data_set *data, const bool *given, arena *a);

#endif
