/* What of a program changes with some of its variables (the sources), and along which axes it stays apart:
 * a value stays apart along an axis where its entry there depends on no other entry of the axis. What stays
 * apart can be visited in parts, bounded one by one, and given a learning signal of its own. */
#ifndef VM_INFER_DEPENDENCE_H
#define VM_INFER_DEPENDENCE_H

#include "lang/program.h"

typedef struct dependence {
    const program *program;
    const bool *sources;    /* by variable */
    const draw **statement; /* by variable: the guide's statement that draws it, or NULL */
    uint8_t *known;         /* by node */
    bool *seen;             /* by node, of one walk */
    const bool *follows;    /* by variable: what this index gathers is the entry's own; or NULL */
    arena *arena;
} dependence;

dependence dependence_of(const program *p, const bool *sources, arena *a);
bool dependence_has(dependence *d, node n);
/* Whether n stays apart along an axis, as far as it depends on the sources; *culprit is else a node that
 * joins entries. */
bool dependence_apart(dependence *d, node n, axis a, node *culprit);

#endif
