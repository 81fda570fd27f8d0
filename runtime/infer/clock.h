/* The clock of progress messages and reports; no result depends on it. */
#ifndef VM_INFER_CLOCK_H
#define VM_INFER_CLOCK_H

#include <time.h>

static inline double seconds_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#endif
