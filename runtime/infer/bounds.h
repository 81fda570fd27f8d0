/* Importance-weighted bounds, see estimator.h. */
#ifndef VM_INFER_BOUNDS_H
#define VM_INFER_BOUNDS_H

#include "runtime/infer/estimator.h"
#include "runtime/infer/terms.h"

estimate bound_write(estimator *e);
apart_weights apart_weights_write(estimator *e);

#endif
