/* Pareto-smoothed importance sampling (Vehtari, Simpson, Gelman, Yao and Gabry, JMLR 25(72), 2024): the
 * largest importance weights are replaced by the expected order statistics of a generalised Pareto
 * distribution that is fitted to them. Its shape, k-hat, says how many moments the weights have and so how
 * far they can be trusted. */
#ifndef VM_INFER_PSIS_H
#define VM_INFER_PSIS_H

#include <stdint.h>
#include "base/arena.h"

typedef struct psis {
    double khat; /* -inf where the weights are so nearly equal that there is no tail to fit, inf where too few
                    are finite */
    double ess;  /* effective number of draws, 1 / sum w² */
    double log_mean; /* log of the mean weight: of the evidence, where the ratios are of a joint density to a
                        guide */
    double log_mean_error; /* its standard error, by the delta method, with the error of the fitted tail's
                              mean */
} psis;

/* From log ratios to log weights that sum to 1 (`log_weight` may be `log_ratio`). A ratio that is NaN is as
 * one of -inf. */
psis psis_smooth(const double *log_ratio, uint64_t count, double *log_weight, arena *scratch);

/* The largest k-hat at which so many draws are enough: min(1 - 1 / log10(count), 0.7), section 3.2.4 of the
 * paper. */
double psis_threshold(uint64_t count);

/* The generalised Pareto distribution above 0 that is fitted to x[0] <= … <= x[count - 1] (Zhang and
 * Stephens, Technometrics 51(3), 2009), with the weakly informative prior on the shape of Vehtari et al.,
 * appendix G. */
typedef struct pareto {
    double shape, scale;
} pareto;
pareto pareto_fit(const double *x, uint64_t count);
/* Takes the memory of that. */
void psis_rehearse(uint64_t count, arena *scratch);

#endif
