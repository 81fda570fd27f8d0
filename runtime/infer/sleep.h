/* The sleep phase of wake-sleep (Hinton, Dayan, Frey and Neal, Science 268, 1995), beside the wake phases of
 * `inclusive` (reweighted wake-sleep; Bornschein and Bengio, ICLR 2015): the model dreams up latents and
 * data, and the guide, which reads the data, learns what they were made of,
 *
 *   E log q(z | x; φ) over z, x of the model, climbed in φ,
 *
 * whose optimum is the posterior, for all data that the model makes, with no weights and no noise of theirs.
 * Taught are the latents whose statements in the guide read what the model observes. All others are held at
 * the guide's draws, as params are: dreams are of the model given them. With `sleep = s` the gradient for
 * what is taught is s times that of dreams and 1 - s times that of the wake phase. */
#ifndef VM_INFER_SLEEP_H
#define VM_INFER_SLEEP_H

#include "runtime/infer/terms.h"

static inline bool is_asleep(const options *o) { return o->sleep > 0; }

/* By variable: which latents dreams teach. */
bool *sleep_taught(const program *p, arena *a);
/* Whether these are all that the guide draws. */
bool sleep_teaches_all(const program *p, arena *a);

/* Reports what dreams cannot be made of. */
bool sleep_check(diagnostics *d, const program *p, const options *o);

/* The mean over the draws of log q at a dream each, of what is taught. */
ref sleep_write(estimator *e);

#endif
