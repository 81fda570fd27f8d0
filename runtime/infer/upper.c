#include "runtime/infer/upper.h"

static const double KHAT_MOST = 0.25;

measured upper_bound(const double *log_p, const double *log_q, uint64_t count, double khat) {
    double most = -INFINITY, sum = 0, squares = 0, n = (double)count;
    if (!(khat < KHAT_MOST)) return (measured){NAN, NAN};
    for (uint64_t i = 0; i < count; i++) most = fmax(most, log_p[i] - log_q[i]);
    for (uint64_t i = 0; i < count; i++) {
        double square = exp(2 * (log_p[i] - log_q[i] - most));
        sum += square, squares += square * square;
    }
    measured mean = measured_mean(sum, squares, n);
    return (measured){most + 0.5 * log(mean.value), 0.5 * mean.error / mean.value};
}
