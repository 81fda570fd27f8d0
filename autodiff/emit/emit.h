/* Machine code for regions. A region interprets its micro-instructions, a call of a kernel for each and
 * block, where a loop written by hand keeps everything in registers; so those that are plain arithmetic
 * become functions of machine code (strand.h). The others stay calls of kernels between them, and
 * micro-instructions are put into an order in which there are few strands.
 *
 * Kernels remain the reference: bits are the same, so whatever stands in the way (another instruction set
 * than AVX2, a system that forbids new code, VM_EMIT=off in the environment) leaves everything as it was.
 * Code is never writable while it can be run. */
#ifndef VM_AUTODIFF_EMIT_EMIT_H
#define VM_AUTODIFF_EMIT_EMIT_H

#include "autodiff/short.h"

/* Rewrites the regions that are run more than once, when the indices of gathers are known; not those that
 * programs along an axis (lanes.h) have. */
void emit_regions(plan *p, const execution *e);
/* Gives programs of short steps, by step, code to run. */
void emit_shorts(const execution *e, short_program **programs, arena *a);

bool emit_is_wanted(const plan *p);

#endif
