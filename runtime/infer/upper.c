#include "runtime/infer/upper.h"

measured upper_bound(const double *log_weight, uint64_t count, uint64_t pitch, double order) {
    double most = -INFINITY, sum = 0, squares = 0;
    for (uint64_t i = 0; i < count; i++) most = fmax(most, log_weight[i * pitch]);
    for (uint64_t i = 0; i < count; i++) {
        double power = exp(order * (log_weight[i * pitch] - most));
        sum += power, squares += power * power;
    }
    measured mean = measured_mean(sum, squares, (double)count);
    double error = mean.error / mean.value;
    return (measured){most + (log(mean.value) + 0.5 * error * error) / order, error / order};
}
