/* The machine runs a tape. Building it plans everything: what depends on data alone is computed once;
 * elementwise instructions over the same axes are fused into regions that run in blocks which stay in the
 * first-level cache, gathers and final sums with them; buffers of values that are never alive together share
 * memory. A run allocates nothing.
 *
 * Same tape, seed, step and inputs: same bits, for any number of threads. */
#ifndef VM_AUTODIFF_MACHINE_H
#define VM_AUTODIFF_MACHINE_H

#include "autodiff/element.h"
#include "autodiff/team.h"
#include "autodiff/tape.h"

typedef struct machine machine;

/* Plans `t`, which must stay as it is while the machine lives; all memory from `a`. In single precision, data
 * are converted here, and numbers cross the border below as doubles. Runs on `threads`, which are started if
 * there is work for them; NULL: on the caller's alone. */
machine *machine_new_in(arena *a, const tape *t, precision p, team *threads);
static inline machine *machine_new(arena *a, const tape *t, team *threads) {
    return machine_new_in(a, t, IN_DOUBLE, threads);
}

/* The buffer of an input, dense in canonical order, tape_size() doubles; read (in single
 * precision, converted) at each run, never written. */
void machine_bind(machine *m, uint32_t slot, const double *values);
/* The same with entries of the machine's precision, which are read as they are. */
void machine_bind_elements(machine *m, uint32_t slot, const void *values);

/* Computes all outputs. Draws are functions of (seed, stream, step, index). */
void machine_run(machine *m, uint64_t seed, uint64_t step);

/* Output k after a run, dense in canonical order; valid until the next run. Its axes are those of the tape's
 * value. */
const double *machine_output(const machine *m, uint32_t k);
/* The same as entries of the machine's precision. */
const void *machine_output_elements(const machine *m, uint32_t k);

/* Bytes that machine_new took from its arena. */
size_t machine_bytes(const machine *m);

/* After a run with an output that is not finite: the first instruction, in program order, with a NaN or
 * infinite entry whose inputs at that entry are finite; within a scan, that of the body at the first step
 * that has one. Runs the tape once more, unfused. `index` counts from 0 along `axes`, among which is the
 * loop's. False where there is none (an input or data hold the value). */
typedef struct fault {
    const tape *tape; /* the machine's, or the body of a scan in it */
    ref at;
    axes axes;
    uint32_t index[AXES_MOST];
    double value, in[3];
} fault;
bool machine_fault(machine *m, uint64_t seed, uint64_t step, arena *scratch, fault *found);

/* The regions, reductions and buffers, for people. */
void machine_print(const machine *m, FILE *to);

#endif
