/* The inside of particles: of particles.c, shares.c and their tests only. */
#ifndef VM_INFER_PARTICLES_INSIDE_H
#define VM_INFER_PARTICLES_INSIDE_H

#include "runtime/infer/apart.h"
#include "runtime/infer/particles.h"

/* Latents that have the same plates and share their particles. */
typedef struct block {
    uint64_t cells, size, first_cell; /* entries of each cell */
    uint32_t particles;
    uint64_t *offset; /* by variable: of its first entry in the buffer */
    uint64_t *place;  /* cells × size: where an entry is in the buffer */
    double *lattice;  /* particles × size: points of the unit cube */
    double *at;       /* particles × points × (cells × size): the entries of the particles */
    double *weight;   /* particles × points × cells: 1 / (K q) */
} block;

struct particles {
    const space *space;
    const reported *report;
    model model; /* of the program in which the blocks are summed out */
    const particle_block *plan;
    const joint_because *because; /* by variable of the space */
    block *blocks;
    uint32_t count;
    partition parts; /* its cells are those of the blocks, one behind the other */
    machine *machine;
    tape *tape;
    uint32_t points;
    uint64_t work;   /* entries of all values of the tape, for a draw */
    double *globals; /* points × globals */
    uint64_t seed, runs;
    vigil *vigil;
};

/* The sum over all combinations on a tape. Slots: the globals, if any; of each block the entries of its
 * particles and their weights; centrings. */
typedef struct particle_sum {
    lowering l;
    assignment given;
    ref *weights;   /* by block: the input, over states, draw and plates */
    ref log_weight; /* by draw, but for the globals' own density */
} particle_sum;
void particles_sum(const particles *t, tape *written, particle_sum *to);
/* Binds its slots to the buffers of the blocks. */
void particles_bind(const particles *t, machine *m);

/* On the same buffers. Outputs: the log weights; of each block the probabilities of its particles. */
machine *particles_shares(const particles *t, arena *a);

/* Globals alone. */
proposal particles_of_globals(const guide_along *g, arena *a);
/* All particles of a point whose globals are in place; `means` has room for the locals. */
void particles_fill(const particles *t, const conditional *c, uint32_t point, double *means, rng *r);

#endif
