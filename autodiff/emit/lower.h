/* Ops that are plain arithmetic, as lines of a sequence. Each does to a lane what the kernel of the op does
 * to an entry (kernels.c), to the bit; only of two operands that are no numbers either may be the result. */
#ifndef VM_AUTODIFF_EMIT_LOWER_H
#define VM_AUTODIFF_EMIT_LOWER_H

#include "autodiff/emit/sequence.h"
#include "autodiff/tape.h"

bool lower_takes(op f);
cell lower(sequence *s, op f, const cell in[3]);

#endif
