/* The course of a fit, as its routes (route.h) share it. A route goes from a start to draws with weights and
 * what was found on the way; course_end makes a report and a verdict of these, alike for all. */
#ifndef VM_INFER_COURSE_H
#define VM_INFER_COURSE_H

#include "runtime/infer/fit.h"
#include "runtime/infer/importance.h"
#include "runtime/infer/shares.h"
#include "runtime/infer/verdict.h"

/* Streams of random numbers, by what they are for. */
enum course_stream {
    STREAM_START = 1,
    STREAM_GUIDE,
    STREAM_DRAWS,
    STREAM_CHECK,
    STREAM_RESAMPLE,
    STREAM_MODES,
    STREAM_SHARES
};

typedef struct course {
    diagnostics *d;
    const model *model;
    options options;
    arena *a;
    fit_host host;
    vigil vigil;
    fit *fit;
    findings findings;
    sample *sample;            /* what is reported, weighted or not */
    const double *uncorrected; /* log weights by which its draws are those of the guide itself; NULL: equal */
    const shares *shares;      /* of draws along axes; or NULL */
} course;

/* ELBO = reconstruction - KL: E log p(data | latents), where discrete latents are summed out of the density
 * of the data, and the KL from the guide to the prior. It is energy + entropy, too: E log p(data, latents)
 * with the log-Jacobian of what families draw, and the entropy of the guide in these numbers. */
typedef struct bound {
    measured elbo, reconstruction, kl, energy, entropy;
} bound;

/* Their estimates by draws of the guide. */
enum { AVERAGED = 5 };
typedef struct averages {
    double count, sum[AVERAGED], squares[AVERAGED];
} averages;
void averages_add(averages *m, double elbo, double log_likelihood, double log_density);
bound averages_bound(const averages *m);

/* Of the first Gaussian of a proposal, by its own draws among those of the mixture, and the log weights by
 * which the draws are those of that Gaussian alone. */
bound bound_of_drawing(const drawing *d);
double *bound_weights(const drawing *d, arena *a);
void course_report_bound(fit *f, bound b);

/* Each goes its way, and plans it in memory alone. */
status course_gaussian(course *r);
status course_map(course *r);
status course_guide(course *r);
bool course_gaussian_rehearse(course *r, fit_memory *needed);
bool course_map_rehearse(course *r, fit_memory *needed);
bool course_guide_rehearse(course *r, fit_memory *needed);

/* What all end with: from the sample to the report and the verdict. */
void course_end(course *r);
void course_rehearse_end(course *r, const reported *rep, uint64_t count);

#endif
