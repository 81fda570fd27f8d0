/* Where threads help: the steps of a workload, each timed with one thread and with several, by turns in one
 * run. A step takes part with what the one before it has left in the caches, as in an evaluation. */
#ifndef VM_BENCH_PHASES_H
#define VM_BENCH_PHASES_H

#include "bench/workloads.h"

/* Prints a line a step, and one for all. False, with a message, where the engine cannot. */
bool phases_run(const workload *w, uint32_t threads, arena *a);

#endif
