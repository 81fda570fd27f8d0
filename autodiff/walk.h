/* Where the entries of a value lie, and how to walk over several values side by side.
 *
 * A layout gives each axis of a value its stride; an axis without one is one along which the value repeats. A
 * walk goes over the entries of a set of axes in canonical order, and follows up to three layouts. Adjacent
 * dimensions that all layouts pass with one stride become one dimension, so that the innermost runs are as
 * long as they can be. */
#ifndef VM_AUTODIFF_WALK_H
#define VM_AUTODIFF_WALK_H

#include "autodiff/tape.h"

typedef struct layout {
    uint64_t offset; /* of the first entry */
    axes axes;
    int64_t stride[AXES_MOST]; /* of axes.at[i], in entries */
} layout;

layout layout_dense(const tape *t, axes of);
int64_t layout_stride(const layout *l, axis a); /* 0 where it has no such axis */
layout layout_without(layout l, axis a);
/* Whether walking over `of` in canonical order passes the layout's entries one after the other, from the
 * first on. */
bool layout_is_dense(const tape *t, const layout *l, axes of);

enum { WALK_OPERANDS = 3 };

typedef struct walk {
    int rank; /* at least 1 */
    uint64_t entries;
    uint64_t offset[WALK_OPERANDS];
    uint64_t size[AXES_MOST]; /* the last is the innermost */
    int64_t stride[AXES_MOST][WALK_OPERANDS];
} walk;

/* Of the innermost dimension: its size, and the stride of an operand. */
static inline uint64_t walk_run(const walk *w) { return w->size[w->rank - 1]; }
static inline int64_t walk_step(const walk *w, int operand) { return w->stride[w->rank - 1][operand]; }

walk walk_over(const tape *t, axes of, const layout *const operand[], int count);

/* A place on a walk, always at the start of a run or within one. */
typedef struct cursor {
    const walk *walk;
    uint64_t index[AXES_MOST];
    int64_t at[WALK_OPERANDS]; /* offsets of the operands */
} cursor;

cursor walk_at(const walk *w, uint64_t entry);
/* The number of entries from here to the end of the innermost run. */
static inline uint64_t cursor_run(const cursor *c) {
    int inner = c->walk->rank - 1;
    return c->walk->size[inner] - c->index[inner];
}
static inline int64_t cursor_stride(const cursor *c, int operand) {
    return c->walk->stride[c->walk->rank - 1][operand];
}
/* Passes `n` entries, not more than the run has. */
void cursor_pass(cursor *c, uint64_t n);

#endif
