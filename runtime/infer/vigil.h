/* Whether a fit's host wants it to end: asked between steps and, so that no stage keeps a host waiting, from
 * inside whatever else takes long. Once the host has said so it is not asked again, the stages end where they
 * are, and what the fit ends with, draws and what is reported of them, has a moment left. */
#ifndef VM_INFER_VIGIL_H
#define VM_INFER_VIGIL_H

#include "runtime/infer/fit.h"

typedef struct vigil {
    progress_function *watch; /* or NULL: nobody asks for an end */
    void *user;
    double started, asked, stopped_at; /* by the clock */
    const char *stage, *objective;     /* of the climb whose steps are told */
    double reconstruction, kl;         /* of the value that is told next; NaN: not known */
    bool stopped;
    progress last;
} vigil;

vigil vigil_open(fit_host host);
/* Between steps: tells the host how far the fit is; `gradient` is NaN where its length is not known. True
 * where it is to end. */
bool vigil_tell(vigil *v, uint64_t step, uint64_t steps, measured elbo, double gradient);
/* From inside a stage, as often as one likes: the host hears of it a few times a second. True where the fit
 * is to end. */
bool vigil_asks(vigil *v, const char *stage);
/* Whether the host wants the end, and the moment for what is left to do is over. */
bool vigil_is_over(const vigil *v);

#endif
