/* How the work of a step is cut into parts, which threads share (team.h).
 *
 * The cut is a function of shapes alone, so that sums, which are added up part by part, have the same bits
 * for every number of threads. A region of N entries is seen as `outer` times `inner` entries, and a part is
 * a stretch of the inner ones with all of the outer ones. `outer` is 1 unless the region sums over its
 * outermost axes into many entries: [draw, obs] into [obs] is cut along obs, so that no two parts add to the
 * same entry. Where parts have entries of a sum in common, each has a copy of those it adds to, and the
 * copies are added up in the order of the parts. */
#ifndef VM_AUTODIFF_PARTITION_H
#define VM_AUTODIFF_PARTITION_H

#include "autodiff/plan.h"

/* Cuts all steps of a plan and estimates what they cost. */
void partition_steps(plan *p);

#endif
