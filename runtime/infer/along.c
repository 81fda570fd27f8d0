#include "runtime/infer/along.h"

/* Rounds of refits, and by how much one must be better for the next. */
enum { ROUNDS = 4, SAMPLES = 3 };
static const double GAIN = 1.1;
/* Entries of points and of what is reported of them: 512 MiB. */
static const uint64_t ENTRIES_MOST = UINT64_C(1) << 26;

bool along_draw(particles *t, guide_along first, uint64_t count, rng *r, vigil *v, arena *a,
                guide_along *best, drawing *found) {
    uint64_t few = particles_refit_draws(t, count);
    guide_along now = first;
    *found = (drawing){0};
    for (int i = 0; i < ROUNDS && !v->stopped; i++) {
        double share = found->arena ? sample_share(&found->sample) : 0;
        drawing next = particles_draw(t, &now, few, r, a);
        guide_along refitted;
        bool more = particles_refit(t, &next, &now, &refitted, a);
        bool gained = sample_share(&next.sample) > GAIN * share;
        bool wins = !found->arena || sample_better(&next.sample, &found->sample);
        if (wins && found->arena) arena_close(found->arena);
        if (wins) *found = next, *best = now;
        else arena_close(next.arena);
        if (!more || (sample_is_good(&found->sample) && !gained)) break;
        now = refitted;
    }
    if (!found->arena) return false;
    if (found->sample.count < count) {
        arena_close(found->arena);
        *found = particles_draw(t, best, count, r, a);
    }
    if (sample_has_variance(&found->sample)) return true;
    arena_close(found->arena);
    return false;
}

bool along_fits(const particles *t, uint64_t count) {
    return SAMPLES * count * particles_entries(t) <= ENTRIES_MOST;
}

void along_rehearse(const particles *t, arena *a) {
    for (int i = 0; i <= ROUNDS; i++) particles_rehearse_guide(t, a);
}

reason along_reason(const particles *t, arena *a) {
    particle_cost cost = particles_cost(t);
    const char *text = arena_print(a,
                                   "latents have joint weights; the others are weighted along %s, each "
                                   "entry by itself, by sums of up to %.3g terms and %.3g numbers a draw",
                                   particles_axes(t, a), cost.terms, cost.numbers);
    return (reason){"along", (double)particles_globals(t), text};
}
