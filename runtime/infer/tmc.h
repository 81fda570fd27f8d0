/* The bound along axes, `objective = tmc(K)`: of every entry of every latent K particles from the guide, and
 * the log of the mean weight of all combinations of them,
 *
 *   log 1/K^n sum over k_1 … k_n of p(data, z_1^k_1, …, z_n^k_n) / prod q_i(z_i^k_i),
 *
 * by the elimination that sums out discrete latents (Aitchison, Tensor Monte Carlo, NeurIPS 2019). It lies
 * between iwae(K), which has the K combinations of particles with the same number alone, and the log
 * evidence. Latents that the axes tell apart have particles by entry, those with the same axes together; all
 * others have K particles of all of them jointly.
 *
 * With m_k the probability of a particle z_k once all others are summed out, the gradient by the guide's
 * numbers is E sum over all particles of m_k² ∂ log p / ∂z_k ∂z_k / ∂φ, with p the combinations that have it:
 * the doubly reparameterised estimator of Tucker et al. (ICLR 2019), of which the proof holds for the
 * particles of an entry as for draws, since they are independent and m_k ∂ log p / ∂z_k is the derivative of
 * the bound. */
#ifndef VM_INFER_TMC_H
#define VM_INFER_TMC_H

#include "runtime/infer/estimator.h"
#include "runtime/infer/guide.h"

bool is_tmc(const options *o);
/* Reports what of the guide or the options does not go with it. */
bool tmc_check(diagnostics *d, const program *p, const options *o);

/* Opens the lowering and writes the guide's numbers as inputs, as guide_write does. False, with a message,
 * where the sum takes too many terms. */
bool tmc_write(diagnostics *d, const guide *g, const options *o, tape *t, lowering *l, guide_tape *on,
               estimate *e);

#endif
