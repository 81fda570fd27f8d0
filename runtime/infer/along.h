/* Draws with particles along axes, refitted: from a first guide to the best that its weighted draws lead to.
 */
#ifndef VM_INFER_ALONG_H
#define VM_INFER_ALONG_H

#include "runtime/infer/particles.h"

/* `count` draws and the guide that they are of. The globals are few and take few draws for refits. False
 * where the weights that are left have no variance, as far as they tell. */
bool along_draw(particles *t, guide_along first, uint64_t count, rng *r, vigil *v, arena *a,
                guide_along *best, drawing *found);
/* Whether there is room for that: points of all latents are kept, of the last sample and of the best. */
bool along_fits(const particles *t, uint64_t count);
/* Takes the memory of it, but for the draws. */
void along_rehearse(const particles *t, arena *a);

/* For people: how many latents keep joint weights, along which axes the others go, and what a draw takes. */
reason along_reason(const particles *t, arena *a);

#endif
