/* The workloads of the bench: programs, their data, and the points at which they are evaluated. Data and
 * points are functions of the workload and its sizes alone, so nothing of them is kept in files. */
#ifndef VM_BENCH_WORKLOADS_H
#define VM_BENCH_WORKLOADS_H

#include <stdbool.h>
#include "autodiff/kernels/kernels.h"
#include "base/arena.h"

enum { ARRAYS_MOST = 6 };

/* Dense, row-major; rank 0 is a number. */
typedef struct array {
    const char *name;
    uint32_t rank, dims[3];
    double *values;
} array;

typedef struct dataset {
    uint32_t count;
    array arrays[ARRAYS_MOST];
} dataset;

const array *dataset_find(const dataset *d, const char *name); /* which must be there */

/* What a step of an objective draws: the rows that it visits, from 1, and the stream of its normal numbers.
 */
typedef struct draws {
    const double *rows;
    draw_stream noise;
} draws;

/* A workload as somebody would write it by hand: either a log density with its gradient in the unconstrained
 * space of the program's latents, or, for a program with a guide, steps of an objective. The state is what is
 * set up once. */
typedef struct fused {
    /* Fills value (points) and gradient (points × size) for `at` (points × size). */
    void (*run)(struct fused *f, const double *at, double *value, double *gradient);
    /* Instead: where the steps start; one step, an estimate of the objective, its gradient and Adam; the
     * gradient of the last step. */
    void (*start)(struct fused *f, const double *at);
    double (*step)(struct fused *f, const draws *drawn);
    void (*gradient)(struct fused *f, double *gradient);
    void (*products)(struct fused *f); /* the products of matrices of a step alone */
} fused;

typedef struct workload {
    const char *label, *stem, *about;
    uint32_t points, sizes[3], small[3];
    void (*make)(dataset *d, const uint32_t *sizes, arena *a);
    fused *(*open)(const dataset *d, uint32_t points, arena *a);
} workload;

extern const workload WORKLOADS[];
extern const uint32_t WORKLOAD_COUNT;

dataset workload_data(const workload *w, bool small, arena *a);
/* The turn-th point near 0, `entries` numbers. */
void workload_point(const workload *w, uint32_t turn, double *at, uint64_t entries);

#endif
