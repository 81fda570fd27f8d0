/* A workload as the engine runs it: the program is compiled and bound to the data in memory, and its log
 * density with gradient planned as a fit plans it. */
#ifndef VM_BENCH_ENGINE_H
#define VM_BENCH_ENGINE_H

#include "bench/workloads.h"
#include "runtime/infer/density.h"

typedef struct engine {
    density *density;
    uint64_t size; /* of a point */
} engine;

/* NULL, with the messages on standard error, where the program is refused. */
engine *engine_open(const workload *w, const dataset *d, arena *a);
/* Of the points in density->at; results are in density->log_density and ->gradient. */
static inline void engine_run(engine *e) { density_run(e->density); }

#endif
