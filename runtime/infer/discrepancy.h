/* Posterior predictive checks (Rubin 1984; Gelman, Meng and Stern 1996): statistics of the data among those
 * of data that the fitted model draws. */
#ifndef VM_INFER_DISCREPANCY_H
#define VM_INFER_DISCREPANCY_H

#include "runtime/infer/predictive.h"

enum { DISCREPANCY_BINS = 20 };

typedef struct discrepancy {
    variable of;
    const char *statistic; /* mean, sd, min, q05, …, `share of 1` */
    double observed;
    double mean, q05, q95; /* of the replicated ones */
    double p; /* two-sided: twice the smaller of the shares that lie at the observed one or beyond */
    uint32_t bins[DISCREPANCY_BINS]; /* of the replicated ones, without the outermost percent */
    int bin;                         /* of the observed one; -1 below all, DISCREPANCY_BINS above */
} discrepancy;

typedef vector(discrepancy) discrepancies;

/* For each variable that is observed and has entries; missing ones are left out on both sides. */
discrepancies discrepancies_find(const predictive *p, arena *a);

#endif
