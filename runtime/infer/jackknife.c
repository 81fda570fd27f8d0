#include "runtime/infer/jackknife.h"

#include <math.h>

measured jackknife_evidence(const double *log_p, const double *log_q, uint64_t count) {
    double n = (double)count, most = -INFINITY, sum = 0, others = 0, squares = 0;
    for (uint64_t i = 0; i < count; i++) most = fmax(most, log_p[i] - log_q[i]);
    for (uint64_t i = 0; i < count; i++) sum += exp(log_p[i] - log_q[i] - most);
    for (uint64_t i = 0; i < count; i++) { /* by how much what is left out changes the log of the sum */
        double change = log1p(-exp(log_p[i] - log_q[i] - most) / sum);
        others += change;
        squares += change * change;
    }
    double mean = others / n, all = most + log(sum / n), one_less = all + log(n / (n - 1)) + mean;
    double spread = fmax(squares - n * mean * mean, 0);
    return (measured){n * all - (n - 1) * one_less, sqrt((n - 1) / n * spread)};
}
