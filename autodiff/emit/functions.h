/* Functions as lines of a sequence: the straight way of each, operation by operation as in
 * kernels/elementary.h, so that bits are the same. What the kernels do in a branch that is rarely taken is
 * left to them, by a guard. */
#ifndef VM_AUTODIFF_EMIT_FUNCTIONS_H
#define VM_AUTODIFF_EMIT_FUNCTIONS_H

#include "autodiff/emit/sequence.h"
#include "autodiff/tape.h"

bool functions_take(op f);
/* Of the first lanes; what the others hold does not matter. */
cell functions_lower(sequence *s, op f, cell x, int lanes);

#endif
