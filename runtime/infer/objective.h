/* The objective of a guide on a tape: its gradient by a few draws a step, which an optimiser follows, and the
 * guide's draws afterwards. */
#ifndef VM_INFER_OBJECTIVE_H
#define VM_INFER_OBJECTIVE_H

#include "autodiff/machine.h"
#include "runtime/infer/batch.h"
#include "runtime/infer/descent.h"
#include "runtime/infer/fit.h"
#include "runtime/infer/guide.h"
#include "runtime/infer/noise.h"
#include "runtime/infer/optimiser.h"
#include "runtime/infer/sample.h"
#include "runtime/infer/vigil.h"

typedef struct objective {
    const guide *guide;
    const options *options;
    tape *tape;
    machine *machine;
    uint32_t draws;    /* a step */
    double *x;         /* the flat vector: the start, and the optimum */
    optimiser climber; /* what the machine reads is its x */
    double value;      /* an estimate of the objective */
    double parts[2];   /* of an ELBO: reconstruction and KL, of which the value has the weighted difference */
    int rises;         /* it as steps go well: 1 up, -1 down, 0 either way */
    batches batches;
    bool has_parts;
    bool by_rows;   /* the guide has numbers of the rows that the batches visit */
    noise noise;    /* without inputs where draws are independent */
    double *weight; /* of prior and guide; NULL where it is 1 */
} objective;

/* NULL, with a message, where an operation has no derivative. */
objective *objective_new(diagnostics *d, const guide *g, const options *o, arena *a);
/* One step from climber.x, whose gradient the climber's blocks point to afterwards. False, and nothing moves,
 * where value or gradient are not finite. */
bool objective_climb(objective *o, uint64_t step, double rate);
/* The value at climber.x with the draws of that step, and the gradient the climber's blocks point to. False
 * where the value is not finite. */
bool objective_run(objective *o, uint64_t step);

/* Where a fit has several climbs, a checkpoint of a later one holds how those before it ended, too: more
 * steps may be asked for. */
typedef struct objective_course {
    uint64_t steps;
    const fit_host *host;
    uint64_t fingerprint; /* of the fit, for its checkpoints */
    vigil *vigil;
    bool converged, interrupted;
    bool foreign;                          /* the checkpoint to go on from is not one of this fit */
    bool is_followed;                      /* by another climb */
    const struct objective_course *before; /* that it follows; or NULL */
    struct {
        char *at;
        size_t size;
    } ended;      /* where one is followed and states are kept: its own, at its end, in pieces */
    bool goes_on; /* the checkpoint that it went on from holds the one that follows, too */
} objective_course;
/* Moves o->x to the optimum. False where the checkpoint is foreign, or steps kept being not finite; the last
 * run of o is then one of those. */
bool objective_fit(objective *o, arena *a, objective_course *course);

/* Draws of the guide at x, weighed; fewer where the host wants the end. */
typedef struct guide_draws {
    sample sample;
    double *elbo; /* by draw */
    vector(latent_kl) kls;
} guide_draws;
guide_draws objective_draw(const guide *g, const reported *r, const double *x, uint64_t count, uint64_t seed,
                           vigil *v, arena *a);

/* These take the memory of the two. */
void objective_rehearse(const objective *o, arena *a);
void objective_draw_rehearse(const guide *g, const reported *r, uint64_t count, arena *a);

#endif
