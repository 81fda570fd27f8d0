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
 * the others, have a higher one. */
#ifndef VM_INFER_CAVI_H
#define VM_INFER_CAVI_H

#include "runtime/infer/guide.h"

static inline bool is_cavi(const options *o) { return o->objective.word == OBJECTIVE_cavi; }

/* Reports what keeps the program from it, each statement by its name. */
bool cavi_check(diagnostics *d, const program *p, const options *o);

typedef struct cavi cavi;

/* From the guide at x on. NULL, with a message, where an operation has no derivative. */
cavi *cavi_new(diagnostics *d, const guide *g, const double *x, uint64_t seed, arena *a);
/* Every latent once; false, and nothing moves, where the ELBO is not finite or a guide would be improper. */
bool cavi_step(cavi *o);
/* Says then what stood in the way. */
void cavi_complain(const cavi *o, diagnostics *d);
/* The ELBO before the last step. */
double cavi_value(const cavi *o);
/* The guide after it, in unconstrained numbers. */
void cavi_read(cavi *o, double *x);

#endif
