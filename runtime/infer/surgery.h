/* What the KL of a latent of each row is made of (Hoffman and Johnson, Advances in approximate Bayesian
 * inference, 2016). With q(z) = 1/N sum_n q(z | n), over the N rows,
 *
 *   1/N sum_n KL(q(z | n) || p(z)) = I(n; z) + KL(q(z) || p(z)):
 *
 * how much a code tells of the row that it is of, log N at most, and how far all codes together are from the
 * prior. Rows are drawn, and a code of each; q at a code is the sum over all rows, so that both parts have no
 * bias but that of the log of no sum that is drawn. Units are active whose mean E q(z_u | n) has a variance
 * over the rows above 0.01 (Burda, Grosse and Salakhutdinov, ICLR 2016): the covariance of means by two
 * halves of the draws. */
#ifndef VM_INFER_SURGERY_H
#define VM_INFER_SURGERY_H

#include "runtime/infer/fit.h"
#include "runtime/infer/guide.h"

/* Of a latent that the guide g draws in one statement, at the parameters x. Not known where the latent has no
 * axis of rows, or several, where the prior is not the same for all of them, or where they are too many. */
kl_parts surgery_run(const guide *g, const double *x, const draw *s, uint64_t seed, arena *a);
/* Takes the memory of that. */
void surgery_rehearse(const guide *g, const draw *s, arena *a);

#endif
