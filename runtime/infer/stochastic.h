/* The course of natural-gradient steps shorter than 1 and of those by mini-batches (cavi.h). With noise that
 * does not fade the guide comes to wander around the optimum, and with steps that become shorter it comes to
 * rest: in both cases the fit is over once the average of what all rows share is known, see descent.h, and
 * ends with that average. What is a row's own is brought to rest then. */
#ifndef VM_INFER_STOCHASTIC_H
#define VM_INFER_STOCHASTIC_H

#include "runtime/infer/cavi.h"
#include "runtime/infer/objective.h"

/* From where `o` stands to where it ends. False where the checkpoint is foreign, or a step was not finite. */
bool stochastic_run(cavi *o, const guide *g, const options *options, objective_course *c, arena *a);
void stochastic_rehearse(const cavi *o, const guide *g, arena *a);

#endif
