/* Running the steps of a plan. Each function reads and writes through `at`, the addresses of the values by
 * ref. */
#ifndef VM_AUTODIFF_EXECUTE_H
#define VM_AUTODIFF_EXECUTE_H

#include "autodiff/machine.h"
#include "autodiff/plan.h"

typedef struct execution {
    const plan *plan;
    double **at;     /* by ref, of roots; what is computed is written here, what is bound only read */
    double *scratch; /* of regions */
    double *work;    /* of other steps */
    uint64_t seed, step;
} execution;

const execution *machine_execution(const machine *m);
/* All steps but those that are run once. */
void run_steps(const execution *e);
void run_loop(const execution *e, const plan_step *s);
void run_region(const execution *e, const region *g);
void run_reduce(const execution *e, const plan_step *s);
void run_cumulate(const execution *e, const plan_step *s);
void run_scatter(const execution *e, const plan_step *s);
void run_place(const execution *e, const plan_step *s);
void run_product(const execution *e, const plan_step *s);
void run_cholesky(const execution *e, const plan_step *s);
void run_solve(const execution *e, const plan_step *s);
/* y[i] = the draw of entry first + i; x[0] and x[1] are the parameters. */
void run_draws(const kernels *k, op f, double *y, const double *const x[2], draw_stream stream,
               uint64_t first, size_t n);

/* An index as users write it, from 1: the place from 0, or -1 where it is out of range or no number. */
static inline int64_t place_of_index(double index, int64_t reach) {
    return index >= 1 && index < (double)reach + 1 ? (int64_t)index - 1 : -1;
}

#endif
