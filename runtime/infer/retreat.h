/* Going back from steps that were too large. */
#ifndef VM_INFER_RETREAT_H
#define VM_INFER_RETREAT_H

#include <stdbool.h>
#include <stdint.h>
#include "base/arena.h"
#include "runtime/infer/checkpoint.h"

enum { RETREAT_WINDOW = 50 };

typedef struct retreat {
    uint64_t size;
    uint32_t filled;
    double value[RETREAT_WINDOW]; /* of the objective, in the open window */
    double best, spread;          /* median of the best window, and its median distance from that */
    double *opened, *x;           /* where the open window and the best one began */
} retreat;

retreat retreat_open(uint64_t size, const double *x, arena *a);
/* Whether the next iterate that is taken closes a window. */
static inline bool retreat_closes(const retreat *r) { return r->filled + 1 == RETREAT_WINDOW; }
/* Takes an iterate (which is looked at only where it closes a window) and the objective's estimate at the one
 * before. True where the objective has fallen so far that the fit should go on from r->x, at a lower rate. */
bool retreat_take(retreat *r, const double *x, double value);
void retreat_carry(retreat *r, carrier *c);

#endif
