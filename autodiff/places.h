/* Values that are put side by side. The adjoint of a vector of which slices are used is a sum of placed
 * values,
 *
 *   place(a) + place(b) + place(c),
 *
 * each 0 outside of its own entries. Where no two have entries in common, and nobody else wants the terms,
 * nothing need be added: each is copied to where it belongs. */
#ifndef VM_AUTODIFF_PLACES_H
#define VM_AUTODIFF_PLACES_H

#include "autodiff/tape.h"

typedef struct placement {
    uint32_t count;
    ref *at;      /* placed values, in the order of their entries */
    bool covered; /* every entry of the result belongs to one */
} placement;

/* By ref: of a place alone, itself; of a sum of places, those; of all others, none. `uses` are how many
 * operands of live instructions a value is, `kept` those that somebody wants besides. Where `join` is false
 * there are no sums. What has gone into a sum is marked as `gone`. */
placement *places_find(const tape *t, const uint32_t *uses, const bool *kept, bool join, bool *gone,
                       arena *a);

#endif
