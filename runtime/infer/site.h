/* A latent of a program in which every factor is conjugate, on a tape: what its guide's exponential family
 * q(x) ∝ exp(λ · t(x)) is by its arguments, and a step of them along the natural gradient of the ELBO. That
 * gradient is λ' - λ, where λ' is the best there is given the other latents, so that a step of length ρ is
 *
 *   λ ← (1 - ρ) λ + ρ λ'
 *
 * (Hoffman, Blei, Wang and Paisley, JMLR 14, 2013, equation 15). */
#ifndef VM_INFER_SITE_H
#define VM_INFER_SITE_H

#include "autodiff/tape.h"
#include "lang/conjugate.h"

typedef struct site {
    tape *t;
    conjugate_kind kind;
    axes event;
    ref argument[CONJUGATE_ARGUMENTS];
    ref zero; /* E d of a normal latent: an input, to be told from other zeros */
} site;

/* E t, as many as the family has arguments. */
void site_statistics(const site *s, ref *out);
/* The arguments after a step to the best λ; with a `length` (0: it is 1), as far as that. */
void site_step(const site *s, const ref *best, ref length, ref *out);

#endif
