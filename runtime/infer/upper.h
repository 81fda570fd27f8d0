/* The evidence from above by draws of a guide: log p(y) <= 1/2 log E w² for importance weights w (the chi
 * bound of order 2; Dieng, Tran, Ranganath, Paisley and Blei, NeurIPS 2017). */
#ifndef VM_INFER_UPPER_H
#define VM_INFER_UPPER_H

#include <stdint.h>

#include "runtime/infer/measured.h"

/* With its standard error, by the delta method; NaN where the k-hat of the weights says that the mean of
 * their squares has none that could be known: from 1/4 on they have no fourth moment. */
measured upper_bound(const double *log_p, const double *log_q, uint64_t count, double khat);

#endif
