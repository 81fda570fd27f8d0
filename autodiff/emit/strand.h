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
    int strand;         /* -1: it is run by itself */
    bool written;       /* its result is read outside of the strand */
    bool read_in_place; /* it only finds entries, which strands find themselves */
} item;

/* What a strand finds in its table of addresses: entries, those of the block or from the beginning of the
 * piece on; a number; the entry of a sum. With `by_piece`, the table has the base of what each piece has
 * elsewhere: where `walk` is, and `index`, if there is one, puts it. Entries of a sum are added to one by
 * one. */
typedef enum stream_kind { STREAM_entries, STREAM_number, STREAM_sum } stream_kind;
typedef struct stream {
    stream_kind kind;
    bool by_piece, of_sum;
    operand at;
    const walk *walk;
    const int32_t *index;
    bool by_run; /* the index is that of the pieces */
    int64_t pitch;
} stream;

enum { STREAMS_MOST = 64, PIECE_STREAMS_MOST = 12 };

/* Pieces, at most as long as a chunk, one behind the other from byte `first` of the block's entries on: their
 * length, then where what changes with the piece is for this one. */
typedef void strand_code(void *const *streams, const uint64_t *pieces, uint64_t count, uint64_t first);

typedef struct strand {
    strand_code *run;
    uint32_t count, by_piece;
    stream streams[STREAMS_MOST];
    uint32_t changing[PIECE_STREAMS_MOST]; /* those by piece */
    uint32_t begins, ends;                 /* in the code */
    uint32_t operations, kept;             /* for people: registers that are kept over all entries */
    const op *ops;
} strand;

/* Computes entries start … start + n - 1 of the region; `at` are the addresses of the streams. */
void strand_run(const strand *s, const pieces *q, void *const *at, uint64_t start, size_t n);

/* Whether a strand of such pieces computes it; whether it is only read, where it lies. */
bool strand_takes(const micro *m, const pieces *q);
bool strand_reads(const micro *m, const pieces *q);
/* Writes the items that are of strand `number`; false where it has too many streams. */
bool strand_write(assembly *c, const plan *p, const item *items, uint32_t count, int number, strand *to);

#endif
