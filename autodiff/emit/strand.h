/* A strand: micro-instructions of a region that are plain arithmetic, as one function of machine code that
 * does all of them for four entries at a time. What they hand to each other stays in registers.
 *
 * Bits are those of the kernels. Elementwise ones do to each entry what the kernel does to it. A sum, or a
 * sum of products, of a chunk goes into four vectors of partial sums by turns, as in kernels.c: whole groups
 * of four vectors, then vectors into the first, then the rest one after the other. */
#ifndef VM_AUTODIFF_EMIT_STRAND_H
#define VM_AUTODIFF_EMIT_STRAND_H

#include "autodiff/emit/assembler.h"
#include "autodiff/plan.h"

/* A micro-instruction, and for each operand the number of the item in the same region that computes it. */
enum { FROM_OUTSIDE = 0xffffffff };
typedef struct item {
    micro micro;
    uint32_t from[3];
    int strand;   /* -1: it is run by itself */
    bool written; /* its result is read outside of the strand */
} item;

/* What a strand finds in its table of addresses: entries of the block, a number, the entry of a sum. */
typedef enum stream_kind { STREAM_entries, STREAM_number, STREAM_sum } stream_kind;
typedef struct stream {
    stream_kind kind;
    operand at;
} stream;

enum { STREAMS_MOST = 48 };

/* Parts are stretches of at most CHUNK entries, one behind the other, with a sum each: so many entries. */
typedef void strand_code(void *const *streams, const uint64_t *parts, uint64_t count);

typedef struct strand {
    strand_code *run;
    uint32_t count;
    stream streams[STREAMS_MOST];
    uint32_t begins, ends;     /* in the code */
    uint32_t operations, kept; /* for people: registers that are kept over all entries */
    const op *ops;
} strand;

/* Whether a strand can hold it. */
bool strand_takes(const micro *m);
/* Writes the items that are of strand `number`; false where it has too many streams. */
bool strand_write(assembly *c, const plan *p, const item *items, uint32_t count, int number, strand *to);

#endif
