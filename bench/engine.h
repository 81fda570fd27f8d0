/* A workload as the engine runs it: the program is compiled and bound to the data in memory, and planned as a
 * fit plans it: the log density with its gradient, or, where the program has a guide, the objective with its
 * gradient followed by a step of Adam. */
#ifndef VM_BENCH_ENGINE_H
#define VM_BENCH_ENGINE_H

#include "bench/workloads.h"
#include "runtime/infer/density.h"
#include "runtime/infer/objective.h"

typedef struct engine {
    density *density;
    objective *objective; /* where there is no density */
    uint64_t step;
    uint64_t size; /* of a point */
    double *at;    /* points × size: where it is evaluated; of an objective, where it starts */
    const double *value;
    double *gradient; /* of an objective */
} engine;

/* NULL, with the messages on standard error, where the program is refused. */
engine *engine_open(const workload *w, const dataset *d, uint32_t threads, arena *a);
void engine_run(engine *e);
/* Of the last run. */
const double *engine_gradient(const engine *e);
/* What the last run of an objective drew. */
draws engine_draws(const engine *e);
/* … its normal numbers, `count` of them. */
double *engine_noise(const engine *e, uint32_t *count, arena *a);

#endif
