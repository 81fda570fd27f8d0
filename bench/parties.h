/* Who takes turns at a workload: the engine, the loop written by hand, the products of matrices alone, and
 * peers, which are processes of their own. */
#ifndef VM_BENCH_PARTIES_H
#define VM_BENCH_PARTIES_H

#include "bench/engine.h"
#include "bench/peers.h"

enum { POINTS = 4, PARTIES_MOST = 5 };

typedef struct party {
    const char *name;
    engine *engine;
    fused *fused;
    bool products; /* of `fused`, nothing else of it */
    peer *peer;
    double *at[POINTS]; /* where it is evaluated by turns; an objective goes on from where it is */
    const draws *drawn;
    double *value, *gradient;
    uint32_t evaluations; /* a turn */
    double *seconds;      /* by round, of one evaluation */
} party;

typedef struct field {
    const workload *workload;
    arena *arena;
    dataset data;
    engine *engine;
    bool single;      /* its arithmetic */
    double tolerance; /* how far apart is agreement */
    uint64_t entries; /* points × size */
    double *at[POINTS];
    draws drawn;
    double *first; /* the engine's values and gradients at the first point */
    int count;
    party parties[PARTIES_MOST];
} field;

/* False, with a message, where the engine cannot. */
bool field_open(field *f, const workload *w, bool small, uint32_t threads, arena *a);
/* The largest difference of value or gradient between the engine and the loop written by hand, relative to
 * the largest entry; of objectives over three steps. To be called before anything else runs. */
double field_apart(field *f);
/* Lets a peer in, and returns how far apart it is at the first point; infinite, with its answer in words,
 * where it cannot. */
double field_join(field *f, peer *p);

void party_evaluate(party *p, uint32_t turn);

#endif
