/* Mini-batches: an axis of which each step visits a part. Each entry is visited once before any is visited
 * again, in an order that is new each time, so that the mean over the steps is that over all entries. */
#ifndef VM_INFER_BATCH_H
#define VM_INFER_BATCH_H

#include "base/rng.h"
#include "runtime/bind/lower.h"
#include "runtime/infer/checkpoint.h"

/* Whether the program can be fitted as the options of the objective ask: the axis of a batch is one along
 * which all that is free stays apart. Reports what joins entries; no data are needed. */
bool batch_check(diagnostics *d, const program *p, const options *o);

/* The axis of the program that is visited in parts; AXIS_NONE where none is asked for. */
axis batch_axis(const program *p, const options *o);

/* The axes that follow it: each with data over it alone that say to which entry its own belong. Returns how
 * many, at most FOLLOWERS_MOST. */
uint32_t batch_followers(const program *p, const options *o, follower *found, arena *a);

/* Of an axis that follows: its entries by those of the other, and those of this step. */
typedef struct following {
    follower of;
    uint32_t *first, *list; /* by entry of the other axis: where its own begin in the list; from 0 */
    double *rows, *present; /* of this step, see follower */
} following;

typedef struct batches {
    axis axis;      /* of the program; AXIS_NONE: all entries are visited */
    uint32_t size;  /* entries a step */
    uint32_t count; /* of all */
    double *rows;   /* of this step, from 1 */
    uint32_t *order, next;
    rng rng;
    uint32_t followers;
    following *following;
    double *place; /* by entry: where it stands among the rows; NULL where no axis follows */
} batches;
batches batches_open(const model *m, const options *o, uint64_t seed, arena *a);
/* Opens the axes that follow. */
void batches_follow(batches *b, const model *m, const options *o, arena *a);
void batches_next(batches *b);
/* Whether the step's batch is the last one of an order. */
/* Visits these rows, from 1. */
void batches_visit(batches *b, const double *rows);
static inline bool batches_end(const batches *b) { return b->next + b->size > b->count; }
void batches_carry(batches *b, carrier *c);

#endif
