/* A set of axes. An axis is a small number given out by whoever owns the table of axes (a program, a tape);
 * the set keeps them in ascending order, and that order is the canonical order of a value's dimensions: the
 * first is the outermost. Because every value has its axes in the one order, aligning by name never moves
 * memory. */
#ifndef VM_BASE_AXES_H
#define VM_BASE_AXES_H

#include <stdbool.h>
#include <stdint.h>

typedef uint16_t axis;

enum { AXES_MOST = 15, AXIS_NONE = 0xffff };

typedef struct axes {
    uint16_t count;
    axis at[AXES_MOST]; /* ascending; zero behind `count`, so that equal sets are equal bytes */
} axes;

bool axes_has(axes s, axis a);
bool axes_within(axes part, axes whole);
bool axes_equal(axes a, axes b);
axes axes_one(axis a);
axes axes_union(axes a, axes b); /* `count` is AXES_MOST + 1 when it does not fit: see axes_overflow */
axes axes_minus(axes a, axes b);
axes axes_common(axes a, axes b);
axes axes_with(axes s, axis a);
axes axes_without(axes s, axis a);
static inline bool axes_overflow(axes s) { return s.count > AXES_MOST; }

#endif
