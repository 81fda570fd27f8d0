/* An objective whose draws are held is a function of the guide's parameters alone: L-BFGS climbs it to its
 * top, in tens of steps where noisy gradients take thousands (deterministic ADVI: Giordano, Ingram and
 * Broderick, JMLR 25, 2024). The more draws, the less the top depends on which they are; a program without
 * draws, whose latents are summed out or which has params alone, has it exactly. */
#ifndef VM_INFER_HELD_H
#define VM_INFER_HELD_H

#include "runtime/infer/objective.h"

/* Without `samples`: what the paper above finds to be enough. */
enum { HELD_DRAWS = 30 };

static inline bool is_held(const options *o) { return o->optimizer.word == OPTIMIZER_lbfgs; }

/* Reports what the objective of held draws cannot have: draws without derivative, gradients that are not the
 * objective's own, anything that changes with the steps. */
bool held_check(diagnostics *d, const program *p, const options *o);
/* Moves o->x to the top. False where the objective is not finite at the start. */
bool held_fit(objective *o, arena *a, objective_course *course);
void held_rehearse(const objective *o, arena *a);

#endif
