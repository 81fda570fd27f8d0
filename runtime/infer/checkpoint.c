#include "runtime/infer/checkpoint.h"

void checkpoint_save(const checkpoints *k, uint64_t fingerprint, void (*walk)(void *state, carrier *c),
                     void *state) {
    carrier to;
    if (!k || !k->every || !k->begin(k->user, &to)) return;
    carry(&to, &fingerprint, sizeof fingerprint);
    walk(state, &to);
    k->end(k->user, &to);
}

bool checkpoint_resume(const checkpoints *k, uint64_t fingerprint, void (*walk)(void *state, carrier *c),
                       void *state) {
    if (!k || !k->from) return true;
    uint64_t found = 0;
    carry(k->from, &found, sizeof found);
    carrier_refuse(k->from, found != fingerprint);
    if (!k->from->failed) walk(state, k->from);
    return !k->from->failed && k->is_whole(k->user);
}
