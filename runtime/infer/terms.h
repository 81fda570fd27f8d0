/* The terms of an objective, on a tape: what estimators are put together from. Inside of estimator.c,
 * scores.c, bounds.c, control.c and sleep.c only. */
#ifndef VM_INFER_TERMS_H
#define VM_INFER_TERMS_H

#include "runtime/infer/dependence.h"
#include "runtime/infer/gradients.h"
#include "runtime/infer/guide.h"

/* A term: a node, summed over some axes; or all that discrete latents enter that are summed out, as one. */
typedef enum term_kind { TERM_data, TERM_summed, TERM_prior, TERM_guide, TERM_kl } term_kind;

typedef struct term {
    term_kind kind;
    variable of;  /* what the statement draws; VARIABLE_NONE: it is no statement */
    node density; /* TERM_summed: 0 */
    axes over;
} term;

typedef struct estimator {
    const guide *guide;
    const program *program;
    const options *options;
    const guide_tape *on;
    tape *t;
    lowering *live;
    uint32_t draws;
    ref weight; /* of all but the data; 0: 1 */
    ref *gate;  /* by latent, over its units: 1 where its KL is above the free bits, else 0; 0: it has none */
    ref spared; /* what the free bits of closed gates add to the value */
    vector(term) terms;
} estimator;

static inline ref plus(estimator *e, ref x, ref y) { return tape_map2(e->t, OP_add, x, y); }
static inline ref minus(estimator *e, ref x, ref y) { return tape_map2(e->t, OP_sub, x, y); }
static inline ref times(estimator *e, ref x, ref y) { return tape_map2(e->t, OP_mul, x, y); }
static inline ref number(estimator *e, double x) { return tape_number(e->t, x); }
static inline ref stopped(estimator *e, ref x) { return tape_map1(e->t, OP_stop, x); }
static inline axes draw_axis(const estimator *e) { return axes_one(e->live->draw); }
static inline gradient_choice how_of(const estimator *e, variable latent) {
    return gradient_of(e->program, e->options, latent);
}

/* Whether a latent has one statement in the model and one in the guide, not several for parts of it. */
bool is_whole(const program *p, variable v);

/* With `closed`, a KL that is known takes the place of a prior and its guide, unless the estimator wants it
 * drawn. */
void terms_collect(estimator *e, bool closed);
bool term_depends(const estimator *e, dependence *d, const term *x);

/* A term with its sign and weight, summed over all of its axes but `kept` (of the program); `scaled`: the sum
 * over a batch stands for all entries. */
ref term_lowered(estimator *e, lowering *l, const term *x, axes kept, bool scaled);
/* log |Jacobian| - log q of the families, or of the latter, with `path`, what its estimator differentiates.
 */
ref terms_families(estimator *e, bool path);
/* The ELBO by draw; with `path`, what is differentiated of it. */
ref terms_elbo(estimator *e, bool path);

/* Of it what is of the data. */
ref terms_reconstruction(estimator *e);

/* The axes of `of` along which all that depends on the sources stays apart. */
axes apart_axes(estimator *e, dependence *d, axes of);
/* Whether the families' latents depend on the sources, by their bounds. */
bool families_depend(estimator *e, dependence *d);

/* Surrogates by draw for a statement whose draws are not differentiated, under the ELBO (scores.c). */
ref score_write(estimator *e, const draw *s);
ref local_expectation_write(estimator *e, const draw *s);

/* The free bits of each unit, see options.def: the gates, from what the terms are (free_bits.c). */
void free_bits_write(estimator *e, double nats);

#endif
