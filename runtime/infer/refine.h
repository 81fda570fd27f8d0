/* An amortised guide improved row by row. A network gives the arguments of a guide's statement for every row
 * at once, and no row the best ones; what that costs is the amortisation gap, and what the best arguments of
 * each row leave is the approximation gap of the family (Cremer, Li and Duvenaud, ICML 2018):
 *
 *   log p(x) - ELBO = (log p(x) - ELBO*) + (ELBO* - ELBO)
 *
 * Each argument a moves by a number of its own for every entry of the statement, from where the network and
 * all params, which are held, have put it: a + d, a exp(d) where it is positive, expit(logit a + d) between 0
 * and 1, and softmax(log a + d) in a simplex. */
#ifndef VM_INFER_REFINE_H
#define VM_INFER_REFINE_H

#include "runtime/infer/fit.h"
#include "runtime/infer/guide.h"
#include "runtime/infer/vigil.h"

/* Reports a guide that has no statement to refine. */
bool refine_check(diagnostics *d, const program *p, const options *o);

/* Moves g at x to the refined guide; false where the run was stopped or is not finite, and g stays as it is.
 * The steps that it took are added to *steps. */
bool refine_run(guide *g, const double *x, const options *o, vigil *v, arena *a, uint64_t *steps);

/* The importance-weighted bound of g at x: row by row where rows stay apart, so that it is near the evidence
 * where weights of all rows together would have no effective size. */
measured refine_evidence(const guide *g, const double *x, uint64_t seed, vigil *v, arena *a);

#endif
