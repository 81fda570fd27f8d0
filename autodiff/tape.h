/* The tape: a program as an array of instructions in static single assignment. Every instruction has its
 * axes; operands align by axis, never by position, and an operand that lacks an axis is constant along it.
 * Nothing here knows of models: a tape is a function from inputs to outputs.
 *
 * A ref is the number of an instruction; inputs come before their users. Instructions are pure, and equal
 * ones are one (value numbering on entry), so a ref is also the identity of a value. */
#ifndef VM_AUTODIFF_TAPE_H
#define VM_AUTODIFF_TAPE_H

#include <stdbool.h>
#include <stdio.h>
#include "base/arena.h"
#include "base/axes.h"
#include "base/diagnostics.h"
#include "base/vector.h"

typedef uint32_t ref; /* 0: none */

typedef enum op {
    OP_none,
#define OP(name, inputs, kind) OP_##name,
#include "autodiff/ops.def"
#undef OP
    OP_count
} op;

typedef enum op_kind {
    KIND_LEAF,
    KIND_MAP,
    KIND_REDUCE,
    KIND_MOVE,
    KIND_RANDOM,
    KIND_LINEAR,
    KIND_SCAN
} op_kind;

typedef struct instruction {
    op op;
    ref in[3];
    axes axes; /* of the result */
    uint32_t attribute, attribute2;
    union {
        double number;
        const double *pointer;
        uint64_t offset;
    };
    span at; /* the text it comes from */
} instruction;

typedef struct tape_axis {
    const char *name;
    uint32_t size;
    const uint32_t *order; /* entry i is the host's entry order[i]; NULL where it is entry i */
} tape_axis;

/* A loop over the entries of an axis, first to last or `backward`. The body is a tape with the same axes, and
 * a function from its inputs to the next values of the carries and to the emissions (its outputs, in this
 * order). Its first inputs are the carries; any other is an operand at the entry that the step is at (a
 * slice), where the operand has the axis, and the operand itself where it has not. Nothing in the body has
 * the axis. Every scan is a value of its own: two are never found to be equal. */
typedef struct scan {
    struct tape *body;
    axis along;
    bool backward;
    uint32_t carries;
    const ref *operands; /* one for each input of the body: the carries' initial values, then the others */
} scan;

typedef struct tape {
    arena *arena;
    vector(instruction) code; /* code.at[0] is OP_none */
    vector(tape_axis) axes;
    vector(ref) outputs;
    vector(scan) scans;
    uint32_t slots;              /* inputs are numbered 0 … slots - 1 */
    uint32_t streams;            /* likewise random streams */
    uint32_t *table, table_size; /* value numbering */
    span at;                     /* given to instructions as they are added */
} tape;

void tape_open(tape *t, arena *a);

/* Axes are created in canonical order: the first is the outermost dimension of every value that has it. */
axis tape_add_axis(tape *t, const char *name, uint32_t size);
uint64_t tape_size(const tape *t, axes of); /* the number of entries: the product of the sizes */

/* Leaves. */
ref tape_number(tape *t, double x);
ref tape_data(tape *t, const double *x, axes of);
ref tape_input(tape *t, axes of); /* takes the next slot */
ref tape_position(tape *t, axis of);

/* MAP: the result has the union of the inputs' axes. */
ref tape_map1(tape *t, op f, ref x);
ref tape_map2(tape *t, op f, ref x, ref y);
ref tape_map3(tape *t, op f, ref x, ref y, ref z);
ref tape_select(tape *t, ref condition, ref then, ref otherwise);
/* The logarithm. Of exponentials, be they looked up, cut out or renamed since, it is what they are those of:
 * an exponential that is too small to be a number has a logarithm, and that a derivative. */
ref tape_log(tape *t, ref x);

/* REDUCE over `over`, which must be axes of x. tape_sum alone allows any: summing over an axis that x lacks
 * multiplies by its size. */
ref tape_reduce(tape *t, op f, ref x, axes over);
ref tape_sum(tape *t, ref x, axes over);
ref tape_sum_all(tape *t, ref x);
ref tape_contract(tape *t, ref x, ref y, axes over);
/* See ops.def. p lacks `over`, and has all other axes of x and y. */
ref tape_mixture(tape *t, ref x, ref y, ref p, axis over);
ref tape_shares(tape *t, ref x, ref y, ref r);
/* Of x times w; the last axis of x belongs to no other operand, and is kept. Of the other axes the ones in
 * `to` stay. */
ref tape_sum_rows(tape *t, ref x, ref w, axes to);
ref tape_scatter_rows(tape *t, ref x, ref w, ref index, axis of, axes to);
ref tape_cumsum(tape *t, ref x, axis along);
ref tape_cumsum_back(tape *t, ref x, axis along);
ref tape_allot(tape *t, ref x, ref u, axis along);
/* log_beta_below, … */
ref tape_beta_order(tape *t, op f, ref x, axis along);

/* MOVE. */
ref tape_gather(tape *t, ref x, ref index, axis of);
/* Adds the entries of x, over the axes of x and index together, into the places that index names along `of`.
 * Of those axes the ones in `to` stay, the others are summed; an axis `of` of the index itself is always
 * summed. */
ref tape_scatter(tape *t, ref x, ref index, axis of, axes to);
ref tape_rename(tape *t, ref x, axis from, axis to);
ref tape_slice(tape *t, ref x, axis of, uint64_t offset, axes to);
ref tape_place(tape *t, ref x, axes from, axis into, uint64_t offset);
ref tape_expand(tape *t, ref x, axes to);

/* LINEAR. Of a matrix that is factored or solved with, only the lower triangle is read. */
ref tape_cholesky(tape *t, ref x, axis row, axis column);
ref tape_cholesky_back(tape *t, ref l, ref adjoint, axis row, axis column);
ref tape_solve_lower(tape *t, ref l, ref b, axis row, axis column);
ref tape_solve_lower_transposed(tape *t, ref l, ref b, axis row, axis column);

/* RANDOM: x, y and z are the parameters or 0; every call is a stream of its own. */
ref tape_random(tape *t, op f, ref x, ref y, ref z, axes of);

/* SCAN. Building one: open; a carry for each value that goes from step to step; take what the body uses of
 * the outer tape; compute with tape_… on `body`; close. Axes are added to either tape only by the adjoint
 * pass. */
typedef struct scan_builder {
    tape *outer, *body;
    axis along;
    bool backward;
    uint32_t carries;
    vector(ref) operands, inputs; /* of the outer tape, of the body */
} scan_builder;
scan_builder scan_open(tape *t, axis along, bool backward);
/* The carry's value as the step finds it, with the axes `of`; `initial` is repeated over those that it lacks.
 * All carries come before anything is taken. */
ref scan_carry(scan_builder *b, ref initial, axes of);
/* In the body: a value of the outer tape, or its entry at the step's place where it has the axis. */
ref scan_take(scan_builder *b, ref x);
/* `next` has one value for each carry, within the carry's axes. The body must not draw. */
ref scan_close(scan_builder *b, const ref *next, const ref *emissions, uint32_t emission_count);
/* Results. Emissions and histories have the axis of the loop; entry i is what the step at i emits, or finds.
 */
ref scan_final(tape *t, ref scan, uint32_t carry);
ref scan_emission(tape *t, ref scan, uint32_t emission);
ref scan_history(tape *t, ref scan, uint32_t carry);

/* For passes: adds an instruction as it stands, with its attribute (slot, stream) given, or finds its equal.
 */
ref tape_emit(tape *t, instruction x);
/* Its equal, or 0. */
ref tape_find(const tape *t, instruction x);

static inline const instruction *tape_at(const tape *t, ref r) { return &t->code.at[r]; }
static inline const scan *tape_scan(const tape *t, ref r) { return &t->scans.at[t->code.at[r].attribute]; }

/* What an instruction reads: `in`, or the operands of a scan. Valid until the tape grows. */
typedef struct operands {
    const ref *at;
    uint32_t count;
} operands;
operands tape_operands(const tape *t, ref r);

/* What a sum of exponentials, each at most 1, must exceed to be trusted: far above what is lost of terms that
 * are too small for a float, and near enough to 1 that its logarithm is as exact as that of the largest term.
 */
#define MIXTURE_LEAST 1e-20

/* Reverse mode as a program transformation: appends the instructions that compute d y / d x[i] for a scalar y
 * (no axes) to the same tape, each with the axes of x[i]; 0 gradients are the number 0 expanded. The rules
 * are one row an op (adjoint.c). Since it appends plain instructions, it can be applied to its own result.
 * Returns false, naming the instruction in *culprit, where an op on the way has no derivative; a scan
 * where that is in its body. */
bool tape_gradient(tape *t, ref y, const ref *x, uint32_t count, ref *gradient, ref *culprit);
/* The same for y with axes, each entry weighted by `seed` (whose axes are within y's; 0 is the number 1). */
bool tape_adjoint(tape *t, ref y, ref seed, const ref *x, uint32_t count, ref *gradient, ref *culprit);

/* Marks a value as wanted; returns its number among the outputs. */
uint32_t tape_output(tape *t, ref r);

const char *op_name(op f);
int op_inputs(op f);
op_kind op_kind_of(op f);
bool op_commutes(op f);
void tape_print(const tape *t, FILE *to);

#endif
