/* How the gradient for each latent is estimated. f is what the objective adds up, q the guide, z a draw:
 *
 *   pathwise    ∂f/∂z ∂z/∂φ + ∂f/∂φ, all of it (Kingma and Welling, ICLR 2014); under the ELBO with the
 *               KL of the statement in closed form where that is known
 *   stl         without ∂ log q/∂φ, whose expectation is 0, and without the closed form: no noise is left
 *               where q is the posterior (sticking the landing; Roeder, Wu and Duvenaud, NeurIPS 2017).
 *               Of a bound of several draws it is biased
 *   dreg        the same for such bounds, without bias (Tucker, Lawson, Gu and Maddison, ICLR 2019)
 *   score       f ∂ log q/∂φ, of f only what depends on z, along its own axes as far as they stay apart,
 *               less the mean of that over the other draws; under iwae and its kin what the draw adds to
 *               the bound (VIMCO; Mnih and Rezende, ICML 2016), which `vimco` says in words
 *   reinforce   without anything taken off (Williams, Machine Learning 8, 1992)
 *   enumerate   the sum over all states of an entry, the others being as drawn (local expectation
 *               gradients; Titsias and Lázaro-Gredilla, NeurIPS 2015): exact for a latent alone
 *   concrete    of a latent that is 0 or 1, or a category that is used as an index alone: a draw in between
 *               its states, in place of it (relaxation.h; Maddison, Mnih and Teh; Jang, Gu and Poole, ICLR
 *               2017). Biased
 *   straight_through   a state with the derivative of that (Bengio, Léonard and Courville, 2013). Biased
 *
 * Without a choice: dreg under bounds; pathwise with the draws held (held.h); else pathwise where the KL is
 * known, else stl; score where draws have no derivative. */
#ifndef VM_INFER_GRADIENTS_H
#define VM_INFER_GRADIENTS_H

#include "lang/program.h"

/* Whether the objective weighs draws of one entry against each other. */
static inline bool is_bound(const options *o) {
    choice x = o->objective;
    bool elbo = x.word == OBJECTIVE_renyi && x.number > 1 - 1e-6 && x.number < 1 + 1e-6;
    return x.word != OBJECTIVE_elbo && x.word != OBJECTIVE_em && x.word != OBJECTIVE_map &&
           x.word != OBJECTIVE_cavi && !elbo;
}

/* Whether draws are weighed by what is normalised over them: their scores, where these are not
 * differentiated, lead to where they are heavy. */
static inline bool weighs_scores(const options *o) {
    return o->objective.word == OBJECTIVE_inclusive || o->objective.word == OBJECTIVE_chi;
}

/* Draws a step of an objective that weighs them. A chi bound that is not told how many has as many as find
 * its heavy ones. */
enum { CHI_DRAWS = 100 };
static inline uint32_t bound_draws(const options *o) {
    bool chosen = o->objective.word != OBJECTIVE_chi || option_is_given(o, OPTION_samples);
    return o->objective.count ? o->objective.count : chosen ? (uint32_t)o->samples : CHI_DRAWS;
}

/* Whether gradients are made quieter by regressions, see control.h. */
static inline bool is_controlled(const options *o) { return o->control.word == CONTROL_regression; }

typedef struct gradient_choice {
    estimator_kind kind; /* never auto */
    double temperature;
} gradient_choice;

/* Of a latent that a statement of the guide draws, or a joint family. */
gradient_choice gradient_of(const program *p, const options *o, variable latent);
/* Whether what is free moves the latent: not where the guide draws masks of dropout as the model does. */
bool gradient_moves(const program *p, variable latent, arena *a);
/* In words, for people: what the steps of a fit do, whose latents may have to share an estimator. */
const char *gradient_text(const program *p, const options *o, variable latent, arena *a);

bool gradient_is_scored(gradient_choice g);
bool gradient_is_relaxed(gradient_choice g);
/* Whether any latent of a statement is scored. */
bool gradients_are_scored(const program *p, const options *o);

/* Reports what of the option `estimator` the program's latents, or the objective, cannot have. */
bool gradients_check(diagnostics *d, const program *p, const options *o);

#endif
