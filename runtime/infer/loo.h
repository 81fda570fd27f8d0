/* Leave-one-out cross-validation by Pareto-smoothed importance sampling (Vehtari, Gelman and Gabry,
 * Statistics and Computing 27, 2017; Vehtari, Simpson, Gelman, Yao and Gabry, JMLR 25(72), 2024): the density
 * of each observation given all others, from draws given all. */
#ifndef VM_INFER_LOO_H
#define VM_INFER_LOO_H

#include "runtime/infer/fit.h"
#include "runtime/infer/pointwise.h"

typedef struct loo {
    uint64_t count;
    double *elpd;   /* by observation: log p(y_i | the others) */
    double *lpd;    /* log p(y_i | all) */
    double *khat;   /* of the weights; NULL where nothing was left out, as the data are new */
    measured total; /* sum of elpd, with its standard error over observations */
    double complexity, complexity_error; /* p_loo: the effective number of parameters */
    double threshold;                    /* of k-hat, from so many draws */
    uint64_t above;                      /* observations whose k-hat is above it */
} loo;
loo loo_find(const pointwise *p, arena *a);
/* For data that were not fitted: the log density of each observation given the draws. */
loo loo_of_new(const pointwise *p, arena *a);

/* Models by their log densities of the same observations, `elpd[model][observation]`: how much lower each is
 * than the best one, with the standard error of the difference, and the weights of the mixture of their
 * predictions with the best density (stacking; Yao, Vehtari, Simpson and Gelman, Bayesian Analysis 13, 2018).
 */
typedef struct comparison {
    uint32_t best;
    measured *difference;
    double *weight;
} comparison;
comparison loo_compare(const double *const *elpd, uint32_t models, uint64_t observations, arena *a);

#endif
