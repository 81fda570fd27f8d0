/* What `vmrun predict` tells: draws of new data in summary, checks of the model against its data, and the
 * density of each observation given the others; and how models compare by the latter. */
#ifndef VM_IO_PREDICTION_H
#define VM_IO_PREDICTION_H

#include "runtime/infer/discrepancy.h"
#include "runtime/infer/loo.h"
#include "runtime/io/report.h"

typedef struct prediction_report {
    report shown; /* model, verdict, seed, draws, and the rows of what is predicted */
    const program *program;
    discrepancies checks;
    const pointwise *points; /* NULL where outcomes are not given */
    loo loo;                 /* of the points */
    arena *arena;
} prediction_report;

void prediction_table(const prediction_report *r, FILE *to);
void prediction_json(const prediction_report *r, FILE *to);

/* The densities of observations, read back. */
typedef struct scored {
    const char *path, *model;
    bool left_out; /* each given the others; else of data that were not fitted */
    const char *observed;
    uint64_t count, above;
    double *elpd;
    measured total;
    double complexity;
} scored;
/* False where the file is not what prediction_json wrote, which is reported. */
bool prediction_read(diagnostics *d, arena *a, const char *path, scored *to);

#endif
