/* Guides on a tape: joint families over latents in unconstrained space, and statements `z ~ D(args)` with
 * free parameters. What is free in them, and the `param`s of the program, are parts of one flat vector, in
 * unconstrained numbers; every part is an input of the tape, in order. The layout is the same for every tape
 * that is written for the guide. */
#ifndef VM_INFER_GUIDE_H
#define VM_INFER_GUIDE_H

#include "autodiff/machine.h"
#include "runtime/infer/families.h"
#include "runtime/infer/space.h"

typedef struct part {
    variable of;             /* a param or a `?`; VARIABLE_NONE: of a family */
    uint32_t family, tensor; /* then: of which, and which array of it */
    uint64_t offset, size;
} part;

/* A joint family and what it is over. */
typedef struct guide_family {
    space space;
    family_layout layout;
    uint32_t first_part;
} guide_family;

/* An argument of the guide's statements that has left what the program computes for it, see refine.h. */
typedef enum argument_kind {
    ARGUMENT_real,
    ARGUMENT_positive,
    ARGUMENT_unit,
    ARGUMENT_simplex
} argument_kind;
typedef struct refined_argument {
    node node;
    argument_kind kind;
    axes axes;  /* of the program */
    axis event; /* of a simplex */
    uint64_t size;
    double *base, *move; /* canonical order: what the program says, and how far from it */
    ref moved;           /* on the tape that was written last; its slot, where it is an input */
    uint32_t slot;
} refined_argument;
typedef struct refinement {
    vector(refined_argument) arguments;
    bool moves; /* how far is an input of the tapes that are written, behind all others of the guide */
} refinement;

typedef struct guide {
    const model *model;
    refinement *refinement; /* or NULL */
    vector(part) parts;
    uint64_t size; /* of the flat vector */
    vector(guide_family) families;
} guide;

/* `family` and its size are for latents that the program leaves to the fit. Reports in `d` what it cannot
 * fit, and returns NULL then. */
guide *guide_new(diagnostics *d, const model *m, family_kind family, uint32_t size, arena *a);

/* Start values: those that the program gives for its params, 0 and small scales for the rest. */
void guide_start(const guide *g, uint64_t seed, double *x, arena *a);

/* The share of the optimiser's rate that suits a part. */
double guide_pace(const guide *g, const part *k);

/* In what unit each number has to stand still. */
void guide_units(const guide *g, const double *x, double *unit);

/* The guide's draws as values of all variables. Where the lowering visits a batch, its rows become an input,
 * the one behind the parts. */
typedef struct guide_tape {
    lowering *live;   /* everything is differentiable in the parts */
    lowering stopped; /* the same values; params and what is free are stopped, draws are not */
    ref *parts;       /* the inputs; their slots are 0, 1, … */
    ref *visited; /* of each: its entries at the rows that are visited, or all where it has none of those */
    family_draw *families;
    ref log_jacobian; /* of the families' latents */
    bool relaxed;     /* draws are what the estimators of a step want, see gradients.h */
} guide_tape;
/* Its inputs alone, and the axes of its families. */
const family_axes *guide_write_parts(const guide *g, lowering *l, guide_tape *out);
/* `o` is of the steps of a fit, whose estimators hold some draws fast and relax others; NULL for the guide as
 * it is. */
guide_tape guide_write(const guide *g, lowering *l, const options *o);
/* Runs a tape that the guide was written on, at its numbers x, which stay as they are: what depends on them
 * and on data alone, such as the codes' locations by a network, is computed once and not at each run. */
machine *guide_machine(const guide *g, const double *x, const tape *written, arena *a);

#endif
