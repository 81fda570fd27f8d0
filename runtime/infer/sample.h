/* Draws of a guide with all that is reported of them, their densities and their importance weights. */
#ifndef VM_INFER_SAMPLE_H
#define VM_INFER_SAMPLE_H

#include "autodiff/machine.h"
#include "base/rng.h"
#include "runtime/infer/fit.h"
#include "runtime/infer/psis.h"
#include "runtime/infer/space.h"

/* The scalars that are reported: of latents, derived and generated names, in the order of the text, each in
 * its own order of axes. */
typedef struct reported {
    const model *model;
    bool varied;        /* params are drawn as latents are */
    uint64_t scalars;   /* of a draw */
    uint64_t constants; /* entries of params, which no draw changes and which may be many */
    uint32_t count;
    variable *of;
    uint64_t *first, *size; /* of each variable: its entries within a draw, or among the constants */
    uint64_t **place;       /* of each: by entry, the entry in canonical order */
} reported;
reported reported_new(const model *m, bool varied, arena *a);
bool reported_is_constant(const reported *r, uint32_t k);

/* The entry in canonical order of entry `e` in the variable's own order of axes. */
uint64_t canonical_entry(const model *m, const variable_row *v, uint64_t e);

/* The reported values as outputs of a tape, each over `draw` and its own axes, and their copy after a run:
 * the first `count` draws become those from number `at` on. */
typedef struct sample sample;
void reported_output(const reported *r, lowering *l);
void reported_take(const reported *r, const machine *m, uint32_t first_output, uint64_t count, sample *to,
                   uint64_t at);

struct sample {
    const reported *report;
    uint64_t count;
    double *values; /* count × scalars */
    double *constants;
    double *log_density, *log_likelihood, *log_guide; /* by draw; log_likelihood: without the priors */
    double *log_weight;                               /* smoothed; the weights sum to 1 */
    psis quality;                                     /* of the weights */
};

sample sample_new(const reported *r, uint64_t count, arena *a);
/* Smooths log_density - log_guide into log_weight. */
void sample_weigh(sample *s, arena *scratch);
/* Takes the memory of that. */
void sample_rehearse(uint64_t count, arena *scratch);

/* The share of draws that must count for a proposal to be left as it is. */
static const double SHARE_ENOUGH = 0.25;
double sample_share(const sample *s);
/* Whether nothing more needs to be tried: the weights have a variance with little doubt, and many count. */
bool sample_is_good(const sample *s);
/* Whether the weights have a variance, as far as they tell. */
bool sample_has_variance(const sample *s);
/* Of two that can be trusted the one of which more draws count; else the one with the lighter tail. */
bool sample_better(const sample *x, const sample *y);

/* Mean, sd and Monte-Carlo error of each scalar, with these weights, of sum 1. */
typedef struct moments {
    double mean, sd, mcse;
} moments;
moments *sample_moments(const sample *s, const double *weight, arena *a);
/* exp of log weights; 1 / count each where they are NULL. */
double *sample_weights(const sample *s, const double *log_weight, arena *a);
/* The largest standard error of a weighted mean, in sds, or of a weighted sd, relative to it, over all
 * scalars that do not depend on discrete latents: the states are drawn exactly, and a rare one would need
 * many draws for its sd. */
double sample_error(const sample *s, arena *scratch);
/* Rows of `count` draws, by systematic resampling from the weights or, where they are NULL, the first ones.
 */
double *sample_resampled(const sample *s, const double *log_weight, uint64_t count, rng *r, arena *a);

/* The quantiles p[k] of numbers, whose order is changed; NaN where one of them is. */
void sample_quantiles(double *column, uint64_t count, const double *p, int quantiles, double *result);

/* Mean, sd, error and the three quantiles of a scalar from `count` draws of equal weight, s->draws; `column`
 * has room for them. */
void sample_summarise(summary *s, uint64_t count, const double at[3], double *column);

#endif
