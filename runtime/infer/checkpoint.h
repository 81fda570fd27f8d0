/* What a long fit stands at, as bytes, so that it can go on from there with the bits that it would have had.
 * One walk over the state writes and reads it; how many bytes each piece has is known from the program, the
 * data and the options, of which a fingerprint comes first. */
#ifndef VM_INFER_CHECKPOINT_H
#define VM_INFER_CHECKPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Moves bytes out of the state or into it; false where they cannot be, which ends the walk. */
typedef struct carrier {
    bool (*move)(void *user, void *bytes, size_t size);
    void *user;
    bool failed;
} carrier;

static inline void carry(carrier *c, void *bytes, size_t size) {
    c->failed = c->failed || !c->move(c->user, bytes, size);
}

/* What a walk read can be no state. */
static inline void carrier_refuse(carrier *c, bool wrong) { c->failed |= wrong; }

/* Where the host keeps states. */
typedef struct checkpoints {
    uint64_t every; /* steps from one to the next */
    void *user;
    bool (*begin)(void *user, carrier *to);     /* a new one; false where it cannot be written now */
    void (*end)(void *user, const carrier *to); /* it is whole, unless the walk failed */
    carrier *from;                              /* the one to go on from; NULL: none */
    bool (*is_whole)(void *user);               /* after the walk of `from`: it held that and nothing else */
} checkpoints;

/* Writes a state: the fingerprint of its fit, then what `walk` carries. */
void checkpoint_save(const checkpoints *k, uint64_t fingerprint, void (*walk)(void *state, carrier *c),
                     void *state);
/* Reads it, if there is one to go on from. False where that is not one of this fit. */
bool checkpoint_resume(const checkpoints *k, uint64_t fingerprint, void (*walk)(void *state, carrier *c),
                       void *state);
/* Whether one is to be written after so many steps. */
static inline bool checkpoint_is_due(const checkpoints *k, uint64_t steps) {
    return k && k->every && steps % k->every == 0;
}

#endif
