/* The log of a mean of weights lies below the log of their expectation on the average, by Var(w) / (2 n
 * E(w)²) and terms of 1 / n². The jackknife takes the first of these off (Nowozin, ICLR 2018, JVI of order
 * 1):
 *
 *   n L_n - (n - 1) mean of the L_{n-1} in which one weight is left out,
 *
 * whose standard error is that of the jackknife. */
#ifndef VM_INFER_JACKKNIFE_H
#define VM_INFER_JACKKNIFE_H

#include <stdint.h>
#include "runtime/infer/measured.h"

/* Of the weights p / q of at least 2 draws. */
measured jackknife_evidence(const double *log_p, const double *log_q, uint64_t count);

#endif
