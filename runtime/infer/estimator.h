/* From a guide on a tape to what is climbed: estimates of the objective and surrogates, scalars whose
 * gradients are unbiased estimates of the objective's. With p the model, q the guide and z_1 … z_S draws of
 * q:
 *
 *   ELBO      E log p(x, z) - log q(z), the mean over the draws. Of log q only the derivative along the draw
 * is taken, since the other has expectation 0 (Roeder, Wu and Duvenaud, NeurIPS 2017); where the KL of a
 * statement to the model's is known in closed form, it takes the place of both. IWAE(K)   E log 1/K sum w_k,
 * w_k = p(x, z_k) / q(z_k) (Burda, Grosse and Salakhutdinov, ICLR 2016): one bound for each entry of the axes
 * along which the latents stay apart. The gradient is the doubly reparameterised one (Tucker, Lawson, Gu and
 * Maddison, ICLR 2019): v_k² ∂ log w_k / ∂z ∂z / ∂φ for the guide, v_k ∂ log w_k / ∂θ for the params, v_k =
 * w_k / sum w.
 *
 * A latent whose draws cannot be differentiated gets the score function ∇ log q(z) times a signal: what it
 * has an influence on, along its own axes as far as they stay apart, less the mean of that over the other
 * draws (Mnih and Rezende, ICML 2016, for both objectives: VIMCO).
 *
 * Prior and guide may be weighted against the data (`beta`, `anneal`), and sums over an axis that is visited
 * in parts stand for all of it. */
#ifndef VM_INFER_ESTIMATOR_H
#define VM_INFER_ESTIMATOR_H

#include "runtime/infer/guide.h"

typedef struct estimate {
    ref value, surrogate; /* no axes */
    bool weighted;        /* prior and guide have a weight: the last input */
} estimate;
estimate estimate_write(const guide *g, const guide_tape *on, const options *o, uint32_t draws);

/* By draw: log densities of model and guide, and the ELBO's estimate. */
typedef struct evidence {
    ref log_density, log_guide, elbo;
} evidence;
evidence evidence_write(const guide *g, const guide_tape *on);

/* Whether the gradient for a latent's statement is a score function. */
static inline bool is_scored(const draw *s) { return !s->pathwise; }

#endif
