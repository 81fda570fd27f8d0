/* The loops written by hand, one file a workload, and what they share. Each goes over its data once, in
 * vectors as wide as this machine has them, with the functions of SLEEF and libmvec; parameters are few and
 * stay scalar. */
#ifndef VM_BENCH_FUSED_H
#define VM_BENCH_FUSED_H

#include "bench/workloads.h"

#define SIZES(...)
#define WORKLOAD(label, stem, ...) fused *stem##_open(const dataset *d, uint32_t points, arena *a);
#include "bench/workloads.def"
#undef WORKLOAD
#undef SIZES

#endif
