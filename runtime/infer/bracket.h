/* Two objectives of one fit, `objective = elbo, chi(2)`: the first bounds the evidence from below and has the
 * guide whose draws are reported; the second bounds it from above, by a guide of the same form and numbers of
 * its own, which begins where the first one ended. Far from the posterior the chi bound is infinite, and its
 * estimates say nothing of that; the guide of an ELBO is near, though too narrow. */
#ifndef VM_INFER_BRACKET_H
#define VM_INFER_BRACKET_H

#include "runtime/infer/course.h"
#include "runtime/infer/objective.h"

static inline bool is_combined(const options *o) { return o->objective.next != NULL; }
/* The options of the second climb: estimators, weights and how draws hang together are of the first alone. */
options bracket_above(const options *o);
/* Reports two objectives that do not bracket the evidence. */
bool bracket_check(diagnostics *d, const program *p, const options *o);

/* After the first climb has ended at x: the second, and both bounds. Where the second comes to nothing the
 * fit has a reason that says so. False where a checkpoint is foreign, as first->foreign then is. */
bool bracket_run(course *r, const double *x, objective_course *first);
void bracket_rehearse(course *r);

#endif
