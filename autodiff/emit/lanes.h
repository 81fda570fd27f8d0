/* Programs along an axis. Where some steps that follow each other compute each entry of their innermost axis
 * by itself (many draws of a model with few numbers), they become one function that computes everything for
 * four entries of the axis, then for the next four: what a step hands to the next stays in registers, and no
 * value is written but those that others read. Values that lie with the axis in another place are transposed
 * on their way in and out.
 *
 * A value is a list of rows, each over the axis. All but the lanes is known when code is written: sums are
 * over rows, and gathers find rows, by an index that is fixed. Bits are those of the regions. */
#ifndef VM_AUTODIFF_EMIT_LANES_H
#define VM_AUTODIFF_EMIT_LANES_H

#include "autodiff/execution.h"

/* Entries from … to - 1 of the axis, a multiple of four of them. */
typedef void lane_code(void *const *at, uint64_t from, uint64_t to);

typedef struct lane_program {
    uint32_t end;         /* the first step behind it */
    uint64_t lanes, part; /* entries of the axis; of a part that a thread runs */
    uint32_t parts;
    double cost; /* nanoseconds on one thread, roughly */
    lane_code *run;
    uint32_t begins, size; /* of the code, in bytes */
} lane_program;

/* By step: the program that begins there, or NULL. To be written before the regions are rewritten. */
lane_program **lane_programs(const execution *e, arena *a);
void run_lanes(const execution *e, const lane_program *p);

#endif
