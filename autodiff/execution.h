/* The state of a machine that runs: where its values are. */
#ifndef VM_AUTODIFF_EXECUTION_H
#define VM_AUTODIFF_EXECUTION_H

#include "autodiff/machine.h"
#include "autodiff/plan.h"

typedef struct execution {
    const plan *plan;
    void **at;      /* by ref, of roots; what is computed is written here, what is bound only read */
    void *scratch;  /* of regions, of each thread */
    void *work;     /* of other steps */
    void *partials; /* of sums */
    team *team;     /* or NULL */
    struct lane_program **lanes;   /* by step: where a program along an axis begins, else NULL */
    struct short_program **shorts; /* by step: where a program of short steps begins, else NULL */
    uint64_t seed, step;
} execution;

const execution *machine_execution(const machine *m);

/* Runs steps first … end - 1 of the plan. */
typedef void step_runner(const execution *e, uint32_t first, uint32_t end);
step_runner run_steps_double, run_steps_single;

/* An index as users write it, from 1: the place from 0, or -1 where it is out of range or no number. */
static inline int64_t place_of_index(double index, int64_t reach) {
    return index >= 1 && index < (double)reach + 1 ? (int64_t)index - 1 : -1;
}

#endif
