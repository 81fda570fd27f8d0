/* Pieces of a region: stretches of entries along which values that lack an axis, or are gathered by a sorted
 * index, stay the same. A loop over a piece has them in registers (emit/strand.h), and sums begin anew where
 * a piece does, as they do with each chunk. So that the bits of a sum do not depend on what else its region
 * computes, pieces are a function of the region's axes and of the tape alone.
 *
 * A piece ends with each stretch of `length` entries: of the innermost axis, or of so many of the last axes
 * that it is worth it. Where some gather or scatter of the tape has data that ascend along the innermost axis
 * as its index, a piece ends with each run of equal ones, too. */
#ifndef VM_AUTODIFF_PIECES_H
#define VM_AUTODIFF_PIECES_H

#include "autodiff/tape.h"

/* Equal entries of a sorted index: the place that they name, from 0, and where in a stretch they end. */
typedef struct run {
    uint32_t place, end;
} run;

enum { RUNS_APART = 256 };

typedef struct pieces {
    uint64_t length; /* of a stretch; 0: there are no pieces */
    ref by;          /* the index; 0: none */
    const run *runs;
    const uint32_t *first; /* the run that holds entry k * RUNS_APART of a stretch */
} pieces;

struct plan;
/* Finds those of all regions. */
void pieces_find(struct plan *p);

/* An entry of a region, in a piece. */
typedef struct piece_cursor {
    const pieces *of;
    uint64_t at; /* in the stretch */
    const run *run;
} piece_cursor;

static inline piece_cursor pieces_at(const pieces *q, uint64_t entry) {
    piece_cursor c = {.of = q};
    if (!q->length) return c;
    c.at = entry % q->length;
    if (q->by)
        for (c.run = q->runs + q->first[c.at / RUNS_APART]; c.run->end <= c.at;) c.run++;
    return c;
}

/* The entries of the piece before this one. */
static inline uint64_t piece_done(const piece_cursor *c) {
    return c->of->by && c->run > c->of->runs ? c->at - c->run[-1].end : c->at;
}

/* The entries from here to the end of the piece. */
static inline uint64_t piece_left(const piece_cursor *c) {
    if (!c->of->length) return UINT64_MAX;
    return (c->of->by ? c->run->end : c->of->length) - c->at;
}

/* How many entries, from entry `at` of the block on, are summed together: to the end of the chunk, where
 * chunks begin at multiples of CHUNK within the piece, or within a part that has no pieces. Since blocks end
 * with chunks, the bits of a sum do not depend on the length of the block. */
enum { CHUNK = 256 };
static inline size_t piece_stretch(const piece_cursor *c, size_t at, size_t most) {
    uint64_t n = CHUNK - (c->of->length ? piece_done(c) : at) % CHUNK, left = piece_left(c);
    if (n > left) n = left;
    return n < most ? (size_t)n : most;
}

static inline void piece_pass(piece_cursor *c, uint64_t n) {
    c->at += n;
    if (c->at == c->of->length) c->at = 0, c->run = c->of->runs;
    else if (c->of->by && c->at == c->run->end) c->run++;
}

#endif
