/* What moves the parameters of a guide along a noisy gradient g, upwards:
 *
 *   adam     m ← b m + (1 - b) g, v ← c v + (1 - c) g², x ← x + rate m / (√v + 1e-8), m and v divided by
 *            1 - bᵗ and 1 - cᵗ at step t (Kingma and Ba, ICLR 2015), b = 0.9 and c = 0.99: a second moment of
 *            the last hundred steps
 *   adamw    the same, after x ← (1 - rate decay) x for params (Loshchilov and Hutter, ICLR 2019)
 *   rmsprop  adam with b = 0, v not divided (Tieleman and Hinton, Coursera, 2012)
 *   sgd      m ← b m + g, x ← x + rate m with b the momentum (Polyak, 1964)
 *
 * 1e-8 is what such a gradient of one row may be before it counts for little, as it is where losses are means
 * over rows. Here they are sums, so that of a gradient which batches estimate it is 1e-8 times the rows: else
 * what rows hardly tell, as the weights of a pixel that is never on, would move as fast as all the rest.
 *
 * Of parameters of the rows of a mini-batch those that are visited move alone, and all that is remembered of
 * a row, with its number of steps t, is of its own visits: what adam does to it is what it would do with its
 * gradients alone, however many steps lie between them.
 *
 * g is scaled down first where its norm is above `clip` (Pascanu, Mikolov and Bengio, ICML 2013). All is one
 * pass over the parameters, in the precision of the machine whose gradients they follow. Threads share it in
 * segments, whose squared norms are added up in their order. */
#ifndef VM_INFER_OPTIMISER_H
#define VM_INFER_OPTIMISER_H

#include "autodiff/kernels/kernels.h"
#include "autodiff/team.h"
#include "lang/options.h"
#include "runtime/infer/checkpoint.h"

/* A block over an axis of which some rows are visited at a step; its gradient has these alone, in their
 * order. Entries are over the axes before that one, it, and those behind. */
typedef struct optimiser_rows {
    const double *at; /* of this step, from 1; NULL: the block is no such */
    uint32_t visited, count;
    uint64_t after;  /* entries of a row that follow each other */
    uint32_t *steps; /* of each row: its visits; set by optimiser_open */
} optimiser_rows;

/* The parameters, one block behind the other. */
typedef struct optimiser_block {
    uint64_t size;
    double pace;          /* its share of the rate */
    bool decays;          /* adamw draws it to 0 */
    const void *gradient; /* at this step */
    optimiser_rows rows;
    uint32_t summed; /* rows that it is a sum over, of which batches are visited; 0: none is known */
} optimiser_block;

typedef struct optimiser_segment {
    uint32_t block;
    double depth;        /* of its middle, as a fraction of the block */
    uint64_t from, size; /* of the block */
    uint64_t at;         /* of all parameters */
    double squares;      /* of the gradient */
} optimiser_segment;

typedef struct optimiser {
    const options *options;
    const kernels *kernels;
    team *team; /* or NULL */
    uint64_t size, steps;
    void *x, *mean, *square; /* entries of the precision; the latter NULL where the method has none */
    uint32_t count;
    optimiser_block *blocks;
    uint32_t segment_count;
    optimiser_segment *segments;
    double scale, rate; /* of the step that is being taken */
    double length;      /* of its gradient, before it is scaled down */
} optimiser;

optimiser optimiser_open(const options *o, precision p, const optimiser_block *blocks, uint32_t count,
                         team *threads, arena *a);
/* One step along the blocks' gradients. False, and nothing moves, where they are not finite. */
bool optimiser_step(optimiser *o, double rate);
void optimiser_read(const optimiser *o, double *x);
/* The gradients of the last step. */
void optimiser_gradient(const optimiser *o, double *g);
/* Goes on from x. */
void optimiser_place(optimiser *o, const double *x);
/* … with no memory of gradients. */
void optimiser_restart(optimiser *o, const double *x);
void optimiser_carry(optimiser *o, carrier *c);

#endif
