/* Fits from several starts, the first as ever and each further one from a point of its own, far from the
 * others: do they agree, and if not, what share of the evidence has each of the modes that they found? */
#ifndef VM_INFER_STARTS_H
#define VM_INFER_STARTS_H

#include "runtime/infer/fit.h"

/* The fit with the most evidence, with a reason `starts` that tells of the others, and a verdict that counts
 * what its draws leave out. As fit_run otherwise; same seed and number, same bits. */
fit *starts_run(diagnostics *d, const model *m, const options *over, uint32_t count, arena *a, fit_host host,
                status *status);

#endif
