/* Where a family starts for the weights that a net draws. */
#ifndef VM_INFER_NET_START_H
#define VM_INFER_NET_START_H

#include "runtime/infer/space.h"

/* Fills location and log scale of those latents of the space that a net draws; leaves the others. */
void net_start(const space *s, uint64_t seed, double *location, double *log_scale, arena *a);

#endif
