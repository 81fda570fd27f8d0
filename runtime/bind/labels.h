/* The labels of an axis: a list of distinct strings, found by hash. Positions count from 1, as indices do. */
#ifndef VM_BIND_LABELS_H
#define VM_BIND_LABELS_H

#include "base/vector.h"

typedef struct labels {
    arena *arena;
    vector(const char *) list;
    uint32_t *slots, slot_count; /* open addressing; positions, 0 where empty */
} labels;

void labels_open(labels *l, arena *a);
/* The position of a label; 0 where there is none. */
uint32_t labels_find(const labels *l, const char *text);
/* The position of a label, which is appended where it is new. */
uint32_t labels_add(labels *l, const char *text);
/* The label that `text` may be a slip of, or NULL. */
const char *labels_nearest(const labels *l, const char *text);

/* How far a text may be from the one that is meant: 0 for the same letters in another case; more than 2 is
 * too far. */
uint32_t slip_distance(const char *text, const char *meant);

#endif
