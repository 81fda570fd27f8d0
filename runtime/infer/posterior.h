/* Draws from a posterior, from a fit or read back from a file, and how they become values of a model that may
 * be bound to other data than they were fitted to.
 *
 * An entry of a latent is known where the draws have it. Along an axis with labels that is the entry of the
 * same label. Along one without, whose entries data refer to by number or whose size the program says, it is
 * the entry of the same number. Other axes are rows: if there are as many as there were, they stand for the
 * same, else all of them are new. What is new follows from its statement in the model. */
#ifndef VM_INFER_POSTERIOR_H
#define VM_INFER_POSTERIOR_H

#include "autodiff/machine.h"
#include "runtime/bind/lower.h"
#include "runtime/infer/fit.h"

typedef struct posterior {
    const program *program;
    uint64_t count;
    const bound_axis *axes; /* of the model that was fitted; SIZE_UNKNOWN where nothing tells */
    /* By variable, latents that are not summed out and params; NULL for others. Entries are in the variable's
     * own order of axes, a draw's `stride` behind the last one's: 0 where all draws have the same. */
    const double **draws;
    uint64_t *stride;
    uint32_t (*dims)[AXES_MOST];
} posterior;
posterior posterior_new(const program *p, arena *a);
posterior posterior_of_fit(const fit *f, arena *a);

/* Whether the draws give a variable: a latent that is not summed out, or a param. */
bool posterior_has(const program *p, variable v);

/* The draws as values of a model: by variable `count` rows in canonical order of axes, or one where the
 * stride is 0. */
typedef struct placed {
    const model *model;
    uint64_t count;
    double **values;
    uint64_t *stride;
    bool **known; /* by variable and entry; NULL: all are */
} placed;
/* The first `count` draws, for `m`. False, reported, where the draws lack a variable, a new entry cannot be
 * drawn apart from those that are known, or a param has new entries. */
bool posterior_place(diagnostics *d, const posterior *p, const model *m, uint64_t count, placed *to,
                     arena *a);

/* What a tape computes for all of them, many a run: placed_inputs sets the variables of a lowering, before
 * its outputs are written, placed_plan makes the machine, and placed_run computes from draw `first` on and
 * returns for how many. */
typedef struct placed_machine {
    const placed *draws;
    machine *machine;
    uint64_t points;
    vector(variable) inputs;
    double **at; /* by input: points × size, or NULL where all draws have the same */
} placed_machine;
placed_machine *placed_inputs(const placed *draws, lowering *l, arena *a);
void placed_plan(placed_machine *m, const tape *written, arena *a);
uint64_t placed_run(placed_machine *m, uint64_t first);

#endif
