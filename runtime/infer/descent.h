/* Stochastic optimisation that knows when it is done: steps at a constant rate, whose iterates come to wander
 * around the optimum; once they are stationary their average is far better than any of them; then the rate is
 * lowered until the average no longer moves (Dhaka, Catalina, Andersen, Magnusson, Huggins and Vehtari,
 * NeurIPS 2020; Welandawe, Andersen, Vehtari and Huggins, RAABBVI, 2022). The relative change of the
 * objective plays no part. */
#ifndef VM_INFER_DESCENT_H
#define VM_INFER_DESCENT_H

#include <stdbool.h>
#include <stdint.h>
#include "base/arena.h"
#include "runtime/infer/checkpoint.h"

/* Iterates at one rate by their batch means. When the batches are full, pairs of them are joined, so memory
 * is constant and a batch becomes longer than the memory of the iterates. */
enum { BATCHES = 16 };
typedef struct trace {
    uint64_t size, watched;         /* the first `watched` entries are judged, the others averaged only */
    uint32_t length, filled, count; /* iterates a batch, iterates in the open one, closed ones */
    double *mean[BATCHES + 1], *square[BATCHES + 1]; /* the last is the open batch, as sums */
} trace;
trace trace_open(uint64_t size, uint64_t watched, arena *a);
void trace_restart(trace *t, uint32_t length);
/* True when the iterate closes a batch. */
bool trace_add(trace *t, const double *x);
/* Whether the last part of the trace is stationary (split R-hat below 1.1) and its average is known to within
 * `tolerance` units, each entry in its own; one entry in fifty may fail. The part is the one, at least half
 * of the batches, whose halves agree best; `average` is over it. */
bool trace_still(const trace *t, const double *unit, double tolerance, double *average);

void trace_carry(trace *t, carrier *c);

/* Whether entry i, a noisy value of what is climbed, still rises: its mean over the later half of the batches
 * is above that over the earlier one by more than `least` and than chance explains. */
bool trace_rises(const trace *t, uint64_t i, double least);

/* The levels of rates. */
typedef enum descent_event { DESCENT_goes_on, DESCENT_lowered, DESCENT_converged } descent_event;
typedef struct descent {
    trace trace;
    double rate, tolerance;
    uint32_t level;
    double pace;              /* the smallest share of the rate that an entry moves at */
    bool climbs;              /* the last entry, not watched, is the value of what is climbed */
    uint32_t stride, skipped; /* steps from one iterate that is taken to the next; steps since the last one */
    double *average, *previous; /* of this level and of the one before */
} descent;
descent descent_open(uint64_t size, uint64_t watched, double rate, double tolerance, double pace, bool climbs,
                     arena *a);
/* Whether the iterate of this step is to be taken: of steps at a small rate only some are, many within what
 * the iterates remember, which costs the average nothing. */
bool descent_due(descent *o);
/* Takes an iterate. After DESCENT_lowered the caller goes on from `average`, and after DESCENT_converged it
 * ends with it. */
descent_event descent_take(descent *o, const double *x, const double *unit);
/* Lowers the rate without a level being done. */
void descent_retreat(descent *o);
/* Forgets the iterates of this level. */
void descent_restart(descent *o);
/* How what is climbed is compared at several x: each is tried on the same draws. */
enum { TRIALS_MOST = 100 };
typedef struct descent_trials {
    const double *last; /* the last iterate */
    uint32_t count;     /* at most TRIALS_MOST */
    void *user;
    double (*value)(void *user, const double *x, uint32_t trial); /* trial by trial, x by x */
} descent_trials;
/* The best `average` that is known when there is no time left: of the last half, or, where what is climbed is
 * clearly higher there, as while it still rises and older iterates are worse, of a part of it, or the last
 * iterate alone. Without trials, of the last half. Ends the trace. False where no iterate was taken. */
bool descent_stop(descent *o, const descent_trials *t);
void descent_carry(descent *o, carrier *c);

#endif
