/* Programs of short steps. Of a region with a few entries the way to the entries takes the time: the region
 * is set up, each micro-instruction finds its operands and calls a kernel. So steps that follow each other,
 * each a region of one block with few entries or a few placed ones, become one list of operations. An operand
 * is where the address of its buffer stands, and an offset; what is done with single numbers is done in
 * place; a sum is written, and nothing need be cleared. Bits are those of the regions. */
#ifndef VM_AUTODIFF_SHORT_H
#define VM_AUTODIFF_SHORT_H

#include "autodiff/execution.h"

/* Entries of a step: beyond, what it does takes longer than the way to it. */
enum { SHORT_MOST = 64 };

typedef enum short_code {
    SHORT_add, /* of single numbers, as the next ones */
    SHORT_sub,
    SHORT_mul,
    SHORT_div,
    SHORT_neg,
    SHORT_unary, /* by a kernel, as the next ones */
    SHORT_binary,
    SHORT_binary_vs,
    SHORT_binary_sv,
    SHORT_ternary,
    SHORT_select,
    SHORT_sum,
    SHORT_dot,
    SHORT_copy, /* with strides */
    SHORT_zero
} short_code;

typedef struct short_operand {
    void *const *base;
    int64_t offset; /* in entries */
} short_operand;

typedef struct short_operation {
    short_code code;
    op op; /* of unary, binary and select */
    uint32_t n;
    short_operand to, in[3];
    int64_t from_stride, to_stride; /* of a copy */
    void (*run)(void);              /* the kernel, to be cast */
} short_operation;

/* Machine code for a program: `at` and `scratch` are the execution's. */
typedef void short_code_run(void *const *at, void *scratch);

typedef struct short_program {
    uint32_t end;        /* the first step behind it */
    short_code_run *run; /* NULL: the operations are run one by one */
    vector(short_operation) code;
} short_program;

/* By step: the program that begins there, or NULL. */
short_program **short_programs(const execution *e, arena *a);

#endif
