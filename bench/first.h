/* The time to the first result: from nothing to one log density with its gradient as a whole process, with
 * reading the program and the data, by `vmrun log_density` and by a script with NumPyro (peers/first.py). */
#ifndef VM_BENCH_FIRST_H
#define VM_BENCH_FIRST_H

#include "bench/workloads.h"

typedef struct first_result {
    double vm, numpyro; /* seconds, medians; of numpyro NaN where there is no interpreter */
    double apart;       /* of the log densities, relative */
} first_result;

/* Whether the workload is one of those that are run so. */
bool first_has(const workload *w);
/* `cpu`: the processor's time instead of the wall's. Files go to `folder`. False, with a message, where it
 * fails. */
bool first_run(const workload *w, const char *vmrun, const char *python, const char *folder, bool cpu,
               arena *a, first_result *r);

#endif
