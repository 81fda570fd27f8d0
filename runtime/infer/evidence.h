/* The log evidence of a model with its error: from the importance weights of a fit where these are good, by
 * annealing (anneal.h) from a Gaussian like the posterior where they are not. */
#ifndef VM_INFER_EVIDENCE_H
#define VM_INFER_EVIDENCE_H

#include "runtime/infer/anneal.h"
#include "runtime/infer/posterior.h"

typedef struct evidence {
    measured log_evidence; /* with its standard error */
    double low, high;      /* between which it lies with 95 % */
    bool by_weights;
    double khat, ess;  /* by weights */
    annealed annealed; /* else */
    bool settled;      /* the error can be trusted */
} evidence;

/* Whether the program has one; reported if not: params have no prior. */
bool evidence_is_defined(diagnostics *d, const program *p);

/* Whether the weights of a fit are good enough for an error that can be trusted. */
bool evidence_by_weights(const fit *f, evidence *to);

/* By annealing, from draws of the posterior. False, reported, where the program has discrete latents that
 * are not summed out, where the density has no gradient or is finite at next to no draw of the
 * Gaussian; or where `stop` said so. */
bool evidence_by_annealing(diagnostics *d, const model *m, const posterior *draws, uint64_t seed,
                           anneal_stop *stop, void *user, arena *a, evidence *to);

#endif
