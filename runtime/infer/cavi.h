/* Coordinate ascent for programs in which every factor is conjugate (lang/conjugate.h): latent by latent the
 * guide becomes the best one given those of the others, in closed form. That is a step of length 1 along the
 * natural gradient of the ELBO (Hoffman, Blei, Wang and Paisley, JMLR 14, 2013):
 *
 *   λ = ∂ E log p(data, latents) / ∂ E t
 *
 * whose right side, the prior's natural parameters and the expected counts of the data, is what reverse mode
 * finds by the expectations of the statistics. Latents that stand in no product together move at once.
 *
 * Discrete latents that are summed out have the best distribution there is given the others, whose
 * probabilities are those of the expected log densities. The sum over states of exp(E log p) has them for
 * derivatives, and is convex in E t, so that the ELBO never falls (em.h has the same argument). The bound
 * is that of a guide in which the discrete latents are apart from the others; draws, which sum them out given
 * the others, have a higher one.
 *
 * Steps may be shorter than 1, and mini-batches give λ' with noise: latents of the visited rows are brought
 * to rest first, the others held; then these go a part of the way to what would be best if all rows were like
 * the batch (stochastic variational inference). */
#ifndef VM_INFER_CAVI_H
#define VM_INFER_CAVI_H

#include "runtime/infer/batch.h"
#include "runtime/infer/guide.h"

static inline bool is_cavi(const options *o) { return o->objective.word == OBJECTIVE_cavi; }
/* Whether its steps have a length, and the rows that a batch visits latents of their own; else a step is a
 * round of coordinate ascent. */
static inline bool cavi_by_length(const options *o) {
    const uint64_t asked =
        (uint64_t)1 << OPTION_batch | (uint64_t)1 << OPTION_rate | (uint64_t)1 << OPTION_rate_schedule;
    return is_cavi(o) && o->given & asked;
}
/* Of step number `step`, from 0. With batches it falls, if nothing else was asked for. */
double cavi_length(const options *o, uint64_t step);

/* Reports what keeps the program from it, each statement by its name, and options that have no meaning. */
bool cavi_check(diagnostics *d, const program *p, const options *o);

typedef struct cavi cavi;

/* From the guide at x on. NULL, with a message, where an operation has no derivative. */
cavi *cavi_new(diagnostics *d, const guide *g, const options *o, const double *x, arena *a);
/* The rows that it visits, which the caller chooses before a step. */
batches *cavi_batches(cavi *o);
/* Every latent once, or, of a batch, rounds through those of its rows and then a step of that length of the
 * others; false, and nothing moves any more, where the ELBO is not finite or a guide would be improper. */
bool cavi_step(cavi *o, double length);
/* Says then what stood in the way. */
void cavi_complain(const cavi *o, diagnostics *d);
/* The ELBO before the last step, with a batch behind its rounds; what varies over its axis stands for all
 * rows. */
double cavi_value(const cavi *o);
/* Brings the latents of all rows to rest, the others held. False as above. */
bool cavi_finish(cavi *o);
/* The guide, in unconstrained numbers, and back. */
void cavi_read(cavi *o, double *x);
void cavi_place(cavi *o, const double *x);
/* Whether a part of the guide is of a latent of the rows. */
bool cavi_is_local(const cavi *o, const part *k);
void cavi_carry(cavi *o, carrier *c);

#endif
