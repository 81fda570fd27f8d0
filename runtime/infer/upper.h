/* The evidence from above by draws of a guide: log p(y) <= 1/n log E w^n for importance weights w and n > 1
 * (the chi bound of order n; Dieng, Tran, Ranganath, Paisley and Blei, NeurIPS 2017). */
#ifndef VM_INFER_UPPER_H
#define VM_INFER_UPPER_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/infer/measured.h"

/* By the logs of `count` weights, log_weight[i * pitch], without the first term of their log's bias and
 * with the standard error, both by the delta method. */
measured upper_bound(const double *log_weight, uint64_t count, uint64_t pitch, double order);
/* Whether that error can be known: the powers of the weights have a variance where the weights have twice
 * that many moments, k-hat below 1 / (2 n). */
static inline bool upper_is_known(double khat, double order) { return khat < 0.5 / order; }

#endif
