/* Lowering: nodes of the typed program become instructions of a tape, one for one, with sizes.
 *
 * A lowering is one way to give values to the variables that have none in the data: the caller sets latents,
 * params and the free parameters of the guide to values of the tape (inputs, transformed draws, stopped
 * copies …), then asks for nodes. Several lowerings may write to one tape; equal values are shared. The axis
 * `draw` holds Monte-Carlo draws: it is added to every random draw, and to whatever depends on a value that
 * has it. It stands before the axes of the program, and behind those of the states of discrete latents: these
 * are short, and sums over them run side by side for all that lies within. */
#ifndef VM_BIND_LOWER_H
#define VM_BIND_LOWER_H

#include "autodiff/tape.h"
#include "runtime/bind/model.h"

/* A variable that a loop computes, and what it carries of it. */
typedef struct loop_carries {
    node step;      /* its NODE_step */
    uint32_t count; /* how many entries back its lags go */
    ref *at;        /* in the body: its value 1, 2, … entries back */
} loop_carries;

/* An axis whose entries belong to those of the axis that a batch visits: the tokens of a text. Of those that
 * are visited all are, on an axis with room for the most that there may be; what is not filled does not
 * count.
 */
typedef struct follower {
    axis axis;        /* of the program */
    variable by;      /* data over it: to which entry each belongs */
    uint32_t entries; /* room for so many at a time */
    ref rows,
        present; /* on the tape, over that room, set by the caller: which ones, and 1, or 0 behind them */
} follower;
enum { FOLLOWERS_MOST = 4 };

typedef struct lowering lowering;
struct lowering {
    const model *model;
    tape *tape;
    axis draw;              /* of the tape */
    axis *states, *befores; /* by discrete latent that is summed out: of its states, of its neighbour's */
    axis *axes;             /* tape axis of each axis of the program */
    axis operands;          /* of the operands of functions that have four; AXIS_NONE where there are none */
    ref *variables;         /* by variable; 0: not set */
    ref *nodes;             /* by node; 0: not lowered yet */
    ref *given;             /* by node: what stands in its place, 0: nothing does; or NULL. Forks share it */
    lowering *base;    /* for certain states of discrete latents: what does not depend on them is there */
    lowering **before; /* … by axis: for what stands one entry away along it; or NULL */
    struct marginal *marginal; /* how the discrete latents were summed out, once they are */
    lowering *outer;           /* in the body of a loop: what it is the body of; else NULL */
    scan_builder *loop;
    loop_carries *carries; /* by variable that the loop computes */
    uint32_t carried_variables;
    uint8_t *carried; /* by node: 1 uses a carried value, 2 does not, 0 not known yet */
    axis batch;       /* of the program: the axis that is visited in parts, or AXIS_NONE */
    lowering *whole;  /* on the same tape, over all of its entries: of data alone; else NULL */
    ref rows;         /* which entries are visited, over `batch`, from 1; set by the caller */
    uint32_t followers;
    follower follower[FOLLOWERS_MOST];
    ref place;    /* where they are there: which of `rows` an entry is; set by the caller, over all entries */
    axes relaxed; /* of the tape: the states of latents that have weights over these for their values */
    const bool *fresh; /* by node: follows from data that the caller has set to others; or NULL */
};

/* Opens `t`'s axes: the states of discrete latents, `draw` of size `draws`, which is named by LOWER_DRAW and
 * by no copy of it, then those of the program. `t` must be fresh; memory from its arena. */
extern const char LOWER_DRAW[];
lowering lower_open(const model *m, tape *t, uint32_t draws);
/* The same where only `entries` of the axis `batch` are visited at a time, those that `rows` names. What is
 * of data alone is computed over all entries, once, and then taken at the rows. */
lowering lower_open_batch(const model *m, tape *t, uint32_t draws, axis batch, uint32_t entries);
/* … and the axes that follow it. */
lowering lower_open_followed(const model *m, tape *t, uint32_t draws, axis batch, uint32_t entries,
                             const follower *followers, uint32_t count);
/* All entries for each one that is visited: by this the sum over a batch stands for that over the axis. */
double lower_batch_weight(const lowering *l);
/* x summed over axes of the program; the visited entries stand for all of their axis. */
ref lower_sum(const lowering *l, ref x, axes over);
/* Another lowering on the same tape, with nothing set; or with the same values but of one variable. */
lowering lower_fork(const lowering *l);
lowering lower_with(const lowering *l, variable v, ref value);

void lower_set(lowering *l, variable v, ref value);
ref lower_node(lowering *l, node n);
/* The tape's axes of a set of axes of the program (without `draw`). */
axes lower_axes(const lowering *l, axes of);

/* The model's log density, one value a draw (axes: {draw} or none): all statements and factors, each summed
 * over its axes, and over the discrete latents. All other latents and params must be set. */
ref lower_log_density(lowering *l);
/* Without the priors: without the statements that draw latents which are not summed out. */
ref lower_log_likelihood(lowering *l);
/* Its parts: one statement, summed over its axes; the log of the sum over discrete latents of the statements
 * that they enter (program_touched), 0 where there are none; what `factor` adds besides. */
ref lower_draw(lowering *l, const draw *d);
ref lower_summed(lowering *l);
ref lower_factors(lowering *l);
/* Sets the discrete latents that are summed out to draws, given the others. */
void lower_states(lowering *l);

#endif
