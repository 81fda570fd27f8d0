/* Loops whose values are single numbers, where a call of a kernel for each would cost more than what it
 * computes. The body is a list of operations on registers, one for each of its values. What comes from a
 * stack is read into its register at the start of a step; what goes to one is written at the end, when the
 * carries move.
 *
 * A body of two operations, x' = a x + b or x' = (x + b) a, is a loop of its own: that is what remains of a
 * recurrence which is linear, and of the adjoint of any with one carry. */
#ifndef VM_AUTODIFF_SCALAR_H
#define VM_AUTODIFF_SCALAR_H

#include "autodiff/kernels/kernels.h"
#include "base/vector.h"

typedef struct scalar_operation {
    op op;
    uint32_t to, in[3];
} scalar_operation;

/* Between a register and memory: `now` is where it is at this step, and moves on by `pitch`. */
typedef struct scalar_port {
    uint32_t at;
    void *now;
    int64_t pitch;
} scalar_port;

typedef struct scalar_carry {
    uint32_t from, to; /* registers: its next value, its value */
    double waiting;    /* while the others move */
} scalar_carry;

typedef enum scalar_form { SCALAR_any, SCALAR_multiply_add, SCALAR_add_multiply } scalar_form;

typedef struct scalar_program {
    const kernels *kernels;
    void *registers;
    vector(scalar_operation) code;
    vector(scalar_port) reads, writes;
    vector(scalar_carry) carries;
    scalar_form form;
} scalar_program;

/* The operand that is not in register `at`. */
static inline uint32_t scalar_other(const scalar_operation *c, uint32_t at) {
    return c->in[0] == at ? c->in[1] : c->in[0];
}

/* When all parts are there: looks for the forms that have a loop of their own. */
void scalar_finish(scalar_program *p);
/* All steps, from where the ports and the registers of the carries stand. */
void scalar_run_double(scalar_program *p, uint32_t steps);
void scalar_run_single(scalar_program *p, uint32_t steps);

#endif
