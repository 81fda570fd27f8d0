/* An estimate with its Monte-Carlo error. */
#ifndef VM_INFER_MEASURED_H
#define VM_INFER_MEASURED_H

#include <math.h>

typedef struct measured {
    double value, error;
} measured;

/* The mean of n numbers, by their sum and the sum of their squares. */
static inline measured measured_mean(double sum, double squares, double n) {
    double mean = sum / n;
    return (measured){mean, sqrt(fmax(squares / n - mean * mean, 0) / n)};
}

#endif
