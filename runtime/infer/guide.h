/* Guides on a tape: joint families over latents in unconstrained space, and statements `z ~ D(args)` with
 * free parameters. What is free in them, and the `param`s of the program, are parts of one flat vector, in
 * unconstrained numbers; every part is an input of the tape, in order. The layout is the same for every tape
 * that is written for the guide. */
#ifndef VM_INFER_GUIDE_H
#define VM_INFER_GUIDE_H

#include "runtime/infer/space.h"

typedef enum part_kind {
    PART_variable, /* a param or a `?` */
    PART_location, /* of a family */
    PART_scale,    /* logs of its sds, or of the diagonal of its factor */
    PART_factor    /* what is below the diagonal; the rest is not used */
} part_kind;

typedef struct part {
    part_kind kind;
    variable of;     /* PART_variable */
    uint32_t family; /* else */
    uint64_t offset, size;
} part;

typedef struct guide {
    const model *model;
    vector(part) parts;
    uint64_t size; /* of the flat vector */
    uint32_t family_count;
    family_kind *kinds;
    space *spaces; /* by family */
} guide;

/* Reports in `d` what it cannot fit, and returns NULL then. */
guide *guide_new(diagnostics *d, const model *m, bool full_rank, arena *a);

/* Start values: those that the program gives for its params, 0 and small scales for the rest. */
void guide_start(const guide *g, uint64_t seed, double *x, arena *a);

typedef struct guide_tape {
    ref *parts;      /* the inputs; their slots are 0, 1, … */
    ref log_density; /* of the model with the log-Jacobian; no axes but `draw` */
    ref log_guide;
    ref surrogate; /* its gradient is an unbiased one of the ELBO: by the path alone, or with a KL in closed
                      form */
    ref elbo;      /* its value, an unbiased estimate of the ELBO */
} guide_tape;
guide_tape guide_write(const guide *g, lowering *l);

#endif
