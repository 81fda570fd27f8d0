/* Which entries of which latents can have particles of their own, see particles.h: those that the model's
 * axes tell apart given all others, as far as an elimination can sum over all combinations of them. */
#ifndef VM_INFER_APART_H
#define VM_INFER_APART_H

#include "runtime/infer/space.h"

/* Entries of one block inside a cell: lattices of more dimensions have too few points. */
enum { CELL_MOST = 4 };

/* Why a latent keeps a joint weight. */
typedef enum joint_because {
    JOINT_not,
    JOINT_no_axis, /* it has no axis of two entries or more */
    JOINT_tied,    /* its support or its statement ties its entries together */
    JOINT_scaled,  /* the scale of its statement changes with particles of another */
    JOINT_bounds,  /* it is a bound of another, or has such a bound */
    JOINT_large,   /* too many of its entries go together */
    JOINT_meets    /* each of its entries meets many of another: a term for every combination */
} joint_because;

typedef struct apart {
    const program *program; /* in which the blocks are summed out; NULL: there are none */
    particle_block *blocks;
    uint32_t count;
    joint_because *because; /* by variable of the space */
} apart;
apart apart_find(const space *s, arena *a);
/* With as many particles for every block, however large a cell is; what is not told apart has particles, too,
 * all of it together: the block without plates. */
apart apart_for_combinations(const space *s, uint32_t particles, arena *a);
const char *joint_text(joint_because why);

#endif
