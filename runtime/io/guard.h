/* What other libraries allocate, and open files, must be given back also when memory runs out: an arena jumps
 * then to the entry point and would pass over the release. */
#ifndef VM_IO_GUARD_H
#define VM_IO_GUARD_H

#include "base/arena.h"

/* Runs work(user), then release(user); where `work` runs out of memory, the jump goes on after the release.
 * All arenas that `work` uses must be of `m`. */
void guard(memory *m, void (*work)(void *user), void (*release)(void *user), void *user);

#endif
