/* Fitting: from a model to a posterior with a verdict. */
#ifndef VM_INFER_FIT_H
#define VM_INFER_FIT_H

#include "base/status.h"
#include "runtime/bind/model.h"
#include "runtime/infer/checkpoint.h"
#include "runtime/infer/measured.h"

/* Looked at between steps, and a few times a second within long stages. Return true to stop: the fit ends
 * with what it has, status VM_interrupted. */
typedef struct progress {
    uint64_t step, steps;
    const char *objective;     /* what is climbed, as it is written */
    double elbo, elbo_error;   /* its value over the last steps; NaN before */
    double reconstruction, kl; /* of an ELBO by noisy steps, its parts; else NaN */
    double gradient;           /* its length at the last step; NaN: not known */
    double seconds;
    const char *stage;
} progress;
typedef bool progress_function(void *user, const progress *now);

/* Who runs a fit, and what it wants of it; all of it may be absent. */
typedef struct fit_host {
    progress_function *watch;
    void *user;
    const checkpoints
        *checkpoints; /* of fits that climb by steps: of a guide block, params or mini-batches */
    bool far;         /* starts from one point, anywhere, and not from the best of several */
    bool refine;      /* improves an amortised guide row by row at the end, see refine.h */
} fit_host;

typedef enum verdict { VERDICT_good, VERDICT_doubtful, VERDICT_bad } verdict;

typedef struct reason {
    const char *code; /* khat, ess, converged, … : docs/verdict.md */
    double value;
    const char *text; /* what it means and what to do */
} reason;

/* One scalar of a reported variable. */
typedef struct summary {
    variable variable;
    uint64_t entry; /* in the variable's order of axes, row-major */
    double mean, sd, mcse, q05, q50, q95;
    const double *draws; /* of draw d: draws[d * stride]; the stride of a param is 0 */
    uint64_t stride;
    double khat,
        ess; /* of the latent's own weights, where those go along axes (shares.h); NaN: it has none */
} summary;

/* A discrete latent that was summed out. Entries are in the variable's order of axes, row-major. */
typedef struct discrete {
    variable of;
    uint32_t states;         /* 2 for 0 and 1, else the size of the axis that it is an index into */
    double *probability;     /* entries × states */
    uint32_t *most_probable; /* by entry: a state, from 0 */
    bool is_path;            /* the most probable states are those of a chain, taken together */
} discrete;

/* How far a latent's own statement in the guide is from the model's. Rows are the entries of those of its
 * axes that data vary over, too; units those of the others: the codes of an image, the weights of a layer. */
typedef struct kl_parts {
    bool known;
    measured information; /* of a row and its code */
    measured marginal;    /* the KL of the codes of all rows together to the prior; both in nats a row */
    uint64_t active;      /* units whose means vary over the rows */
} kl_parts;
typedef struct latent_kl {
    variable of;
    measured total;
    uint64_t rows;
    axes units;
    uint64_t unit_count;
    double *by_unit; /* a row's, on the average; canonical order of axes */
    kl_parts parts;  /* see surgery.h */
} latent_kl;
/* Nats a row below which a unit tells nothing of the data. */
static const double UNIT_ACTIVE = 0.01;
static inline uint64_t latent_kl_active(const latent_kl *k) {
    uint64_t count = 0;
    for (uint64_t i = 0; i < k->unit_count; i++) count += k->by_unit[i] > UNIT_ACTIVE;
    return count;
}

/* What a guide that was refined row by row has gained, and what its family leaves. */
typedef struct gaps {
    bool known;
    measured amortised; /* the ELBO before */
    measured amortisation, approximation;
} gaps;

/* The evidence between two objectives, each with a guide of its own, see bracket.h. */
typedef struct two_bounds {
    bool known;
    const char *below, *above; /* as they are written: `elbo`, `chi(2)` */
    measured lower, upper;     /* the latter is NaN where its error cannot be known */
    double khat;               /* of the weights of the second guide */
    uint64_t steps;            /* of the second */
    bool converged;            /* the second */
} two_bounds;

typedef struct fit {
    const model *model;
    arena *arena;
    verdict verdict;
    vector(reason) reasons;
    uint64_t seed, steps, gradients;
    bool interrupted;
    double seconds;
    uint64_t memory;                   /* bytes that it held at most */
    measured elbo, reconstruction, kl; /* elbo = reconstruction - kl, see course.h */
    measured energy, entropy;          /* elbo = energy + entropy, of the numbers in which the guide lives */
    gaps gaps;
    measured log_evidence, jackknife; /* the latter without the bias of a log of a mean, see jackknife.h */
    measured upper;                   /* a bound of the evidence from above, see upper.h */
    two_bounds bracket;
    double khat, ess;
    bool corrected;               /* summaries are of importance-weighted draws */
    vector(latent_kl) latent_kls; /* of latents that the guide draws in one statement */
    vector(summary) summaries;
    vector(discrete) states;
    uint64_t draw_count;
    double *draws; /* draw_count rows, which the summaries point into; unweighted draws of the posterior as it
                      is reported (resampled when corrected) */
    double *mode;  /* of each of the summaries, NaN where it has none; NULL where none was looked for */
    double *log_density, *log_guide; /* by draw, of the draws of the guide before resampling */
} fit;

/* Whether the options suit the program: what no data are needed for; reports what does not. */
bool fit_check(diagnostics *d, const program *p, const options *o);

/* Runs the whole fit with the program's options overridden by `over` (may be NULL). Mistakes and numeric
 * faults are reported in `d`; returns NULL then, with *status. All memory from `a`. */
fit *fit_run(diagnostics *d, const model *m, const options *over, arena *a, fit_host host, status *status);

/* The bytes that fit_run will hold at most: where the first guide is good, and at worst, where it has to be
 * fitted in another form and many times the draws are taken. Plans as fit_run does, and takes from `a` what
 * that takes; where the host's blocks are zeroed (arena.h), nearly none of it is touched. False, with the
 * messages of fit_run, where that could not run. */
typedef struct fit_memory {
    uint64_t bytes, most;
} fit_memory;
bool fit_rehearse(diagnostics *d, const model *m, const options *over, arena *a, fit_memory *needed);

#endif
