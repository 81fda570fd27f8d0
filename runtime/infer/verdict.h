/* How far a fit can be trusted, from what was measured of it. */
#ifndef VM_INFER_VERDICT_H
#define VM_INFER_VERDICT_H

#include "runtime/infer/fit.h"
#include "runtime/infer/map.h"
#include "runtime/infer/psis.h"
#include "runtime/infer/sample.h"

typedef struct findings {
    bool converged, held; /* … at the top of the objective with its draws held */
    bool closed;          /* by rounds in closed form, none of which lowers the ELBO */
    uint64_t draws;       /* from which the weights are */
    psis quality;
    double error; /* sample_error */
    bool checked; /* by a second, wider proposal */
    double shift,
        stretch; /* of its means in sds and of its sds in logs, the worst beyond Monte-Carlo error */
    const latent_kl *collapsed; /* a latent by which nothing is told of the data; or NULL */
    const map_found *mode;      /* of a fit that looks for one point; or NULL */
    bool joint;                 /* the guide is the fullest there is: another family is no advice */
} findings;

/* Whether weighted summaries are better than the guide's own. */
bool verdict_corrects(psis quality, uint64_t draws);
/* Sets `verdict` and adds the reasons. */
void verdict_judge(fit *f, const findings *x);
/* Fills `shift` and `stretch`: two samples of one posterior, each with its weights. */
void verdict_compare(findings *x, const sample *first, const sample *second, arena *scratch);

#endif
