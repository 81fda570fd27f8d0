/* Ops as lines of a sequence: plain arithmetic, and what functions.h has. Each does to a lane what the kernel
 * of the op does to an entry (kernels.c), to the bit; only of two operands that are no numbers either may be
 * the result. */
#ifndef VM_AUTODIFF_EMIT_LOWER_H
#define VM_AUTODIFF_EMIT_LOWER_H

#include "autodiff/emit/sequence.h"
#include "autodiff/tape.h"

bool lower_takes(op f);
/* Of the first lanes; what the others hold does not matter. */
cell lower(sequence *s, op f, const cell in[3], int lanes);

#endif
