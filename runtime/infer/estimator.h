/* From a guide on a tape to what is climbed: estimates of the objective and surrogates, scalars whose
 * gradients are unbiased estimates of the objective's, but where gradients.h says otherwise. With p the
 * model, q the guide and z_1 … z_S draws of q:
 *
 *   ELBO    E log p(x, z) - log q(z), the mean over the draws
 *   bounds  E log (1/K sum w_k^a) / a, w_k = p(x, z_k) / q(z_k): one for each entry of the axes along
 *           which the latents stay apart. With v_k = w_k^a / sum w^a the doubly reparameterised gradient
 *           (Tucker, Lawson, Gu and Maddison, ICLR 2019) is ((1 - a) v_k + a v_k²) ∂ log w_k / ∂z ∂z / ∂φ
 *           for the guide and v_k ∂ log w_k / ∂θ for the params
 *     iwae(K)      a = 1 (Burda, Grosse and Salakhutdinov, ICLR 2016)
 *     renyi(α, K)  a = 1 - α (Li and Turner, NeurIPS 2016): from below for α in (0, 1), where α -> 1 is
 *                  the ELBO; α < 0 tends to a bound from above
 *     chi(n, K)    a = n, descended: CUBO, from above (Dieng, Tran, Ranganath, Paisley and Blei, NeurIPS
 *                  2017); for the guide alone. Of few draws the mean of its estimate falls without end where
 *                  the guide misses all that counts; its slope is therefore not taken from that, but from
 *                  E w^n by normalised weights, (n - 1) / n v_k ∂ log q(z_k) / ∂φ or, where draws can be
 *                  differentiated, (n - 1) (v_k - v_k²) ∂ log w_k / ∂z ∂z / ∂φ, which leads to where the
 * heavy draws are. `pathwise` has the slope of the estimate inclusive(K) KL(p || q) for the guide by weights
 * that are normalised, v_k ∂ log q(z_k) / ∂φ or, where draws can be differentiated, (v_k - v_k²) ∂ log w_k /
 * ∂z ∂z / ∂φ; for the params as in iwae: the wake phases of reweighted wake-sleep (Bornschein and Bengio,
 * ICLR 2015), beside which `sleep` has the guide learn from dreams (sleep.h). Its value is that of iwae.
 *
 * Prior and guide may be weighted against the data (`beta`, `anneal`), and sums over an axis that is visited
 * in parts stand for all of it. */
#ifndef VM_INFER_ESTIMATOR_H
#define VM_INFER_ESTIMATOR_H

#include "runtime/infer/gradients.h"
#include "runtime/infer/guide.h"

typedef struct estimate {
    ref value, surrogate; /* no axes */
    ref reconstruction;   /* of an ELBO, the part that is not its KL, likewise; else 0 */
    bool weighted;        /* prior and guide have a weight: the last input */
    int rises;            /* the value as the surrogate is climbed: 1 up, -1 down, 0 either way */
} estimate;
estimate estimate_write(const guide *g, const guide_tape *on, const options *o, uint32_t draws);

/* Log importance weights, by draw and by entry of the axes along which the latents stay apart, and the terms
 * without latents: the sum of the latter and of what the entries' weights bound is of the evidence. */
typedef struct apart_weights {
    ref log_weight, rest;
    axes kept; /* of the program */
} apart_weights;
apart_weights estimate_write_weights(const guide *g, const guide_tape *on);

/* The axes of the program that data vary over. */
axes row_axes(const program *p);

/* Reports a param of the model where the objective bounds the evidence from above, and estimators and free
 * bits that it cannot have. */
bool estimate_check(diagnostics *d, const program *p, const options *o);

/* By draw and unit: the KL of a latent's statement in the guide to the model's, summed over the rows; see
 * fit.h. */
typedef struct statement_kl {
    variable of;
    axes units; /* of the program */
    uint64_t rows;
    ref kl;
} statement_kl;

/* By draw: log densities of model, data and guide, and the ELBO's estimate. */
typedef struct evidence {
    ref log_density, log_likelihood, log_guide, elbo;
    vector(statement_kl) kls;
} evidence;
evidence evidence_write(const guide *g, const guide_tape *on);

#endif
