/* The verdict's second look: draws of a proposal wider than the guide must lead to the same means and sds.
 * Weights of a guide that leaves a part of the posterior out can look good, as no draw is there to tell. */
#ifndef VM_INFER_WIDER_H
#define VM_INFER_WIDER_H

#include "runtime/infer/guide.h"
#include "runtime/infer/importance.h"
#include "runtime/infer/particles.h"
#include "runtime/infer/verdict.h"

/* Latents up to which further modes are looked for, as each takes a Hessian. */
enum { MODES_SOUGHT = 60 };

/* Compares weighted draws with `count` of a wider form of the proposal that they come from. */
void wider_check(findings *f, const sample *first, const proposal *p, uint64_t count, evaluation *e, rng *r,
                 arena *a);

void wider_check_along(findings *f, const sample *first, particles *t, const guide_along *g, uint64_t count,
                       rng *r, arena *a);

/* Whether a guide of the program's own is of all that is free, none of it discrete. */
bool wider_has_density(const program *p);
/* LIKENESS_DRAWS draws of such a guide at x as points of a space, in which all is centred; a row each. */
enum { LIKENESS_DRAWS = 2000 };
double *wider_points(const guide *g, const double *x, const space *s, uint64_t seed, arena *a);

/* The same for a guide of the program's own at x, with its weighted draws: a Gaussian like it stands for it,
 * and others for further modes, which climbs of at most `gradients` gradients look for. Nothing is compared
 * where the program has params or its guide draws discrete latents, where there are too many latents, or
 * where so few of the second draws count that they say nothing. */
void wider_check_guide(findings *f, diagnostics *d, const guide *g, const double *x, const sample *first,
                       uint64_t gradients, const options *o, vigil *v, arena *a);
/* Takes the memory of that. */
void wider_rehearse_guide(diagnostics *d, const guide *g, const reported *r, uint64_t count, arena *a);

#endif
