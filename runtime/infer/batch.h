/* Mini-batches: an axis of which each step visits a part. Each entry is visited once before any is visited
 * again, in an order that is new each time, so that the mean over the steps is that over all entries. */
#ifndef VM_INFER_BATCH_H
#define VM_INFER_BATCH_H

#include "base/rng.h"
#include "runtime/bind/model.h"
#include "runtime/infer/checkpoint.h"

/* Whether the program can be fitted as the options of the objective ask: the axis of a batch is one along
 * which all that is free stays apart. Reports what joins entries; no data are needed. */
bool batch_check(diagnostics *d, const program *p, const options *o);

typedef struct batches {
    axis axis;      /* of the program; AXIS_NONE: all entries are visited */
    uint32_t size;  /* entries a step */
    uint32_t count; /* of all */
    double *rows;   /* of this step, from 1 */
    uint32_t *order, next;
    rng rng;
} batches;
batches batches_open(const model *m, const options *o, uint64_t seed, arena *a);
void batches_next(batches *b);
/* Whether the step's batch is the last one of an order. */
static inline bool batches_end(const batches *b) { return b->next + b->size > b->count; }
void batches_carry(batches *b, carrier *c);

#endif
