/* Random numbers as a function of a counter: Philox4x32-10 (Salmon, Moraes, Dror and Shaw, Parallel random
 * numbers: as easy as 1, 2, 3, SC 2011). The key is the seed; the counter is
 *
 *   word 0  the number of the block within the stream
 *   word 1  the stream (24 bits) and, for methods by rejection, the attempt (8 bits)
 *   word 2, 3  the step
 *
 * so that a draw depends on nothing that was drawn before. On top of it a sequential generator for the host's
 * own uses (permutations, mini-batches, starts). */
#ifndef VM_BASE_RNG_H
#define VM_BASE_RNG_H

#include <math.h>
#include <stdint.h>
#include <Random123/philox.h>

typedef struct rng_block {
    uint64_t word[2];
} rng_block;

static inline rng_block rng_philox(uint64_t seed, uint32_t stream, uint64_t step, uint64_t block,
                                   uint32_t attempt) {
    philox4x32_ctr_t counter = {
        {(uint32_t)block, stream | attempt << 24, (uint32_t)step, (uint32_t)(step >> 32)}};
    philox4x32_key_t key = {{(uint32_t)seed, (uint32_t)(seed >> 32)}};
    philox4x32_ctr_t r = philox4x32(counter, key);
    return (rng_block){{r.v[0] | (uint64_t)r.v[1] << 32, r.v[2] | (uint64_t)r.v[3] << 32}};
}

/* A uniform number in (0, 1): the upper 52 bits and a half, so that neither end can come out. */
static inline double rng_unit(uint64_t word) { return ((double)(word >> 12) + 0.5) * 0x1p-52; }

typedef struct rng {
    uint64_t seed, block; /* of the next block */
    uint32_t stream;
    uint32_t left; /* words of `now` that are not used yet */
    rng_block now;
} rng;

static inline rng rng_open(uint64_t seed, uint32_t stream) { return (rng){.seed = seed, .stream = stream}; }

static inline uint64_t rng_word(rng *r) {
    if (r->left == 0) {
        /* the step's words count the blocks on, so that a sequence has no end; streams of the host have
         * attempt 255 */
        r->now = rng_philox(r->seed, r->stream, r->block >> 32, r->block, 255);
        r->block++;
        r->left = 2;
    }
    return r->now.word[2 - r->left--];
}

/* In (0, 1), without the ends. */
static inline double rng_uniform(rng *r) { return rng_unit(rng_word(r)); }

/* Box and Muller; one of the pair is dropped, so that a draw takes two words always. */
static inline double rng_normal(rng *r) {
    double radius = sqrt(-2 * log(rng_uniform(r)));
    return radius * cos(6.283185307179586477 * rng_uniform(r));
}

/* In 0 … n - 1, each as likely: Lemire, Fast random integer generation in an interval (2019). */
static inline uint64_t rng_below(rng *r, uint64_t n) {
    unsigned __int128 product = (unsigned __int128)rng_word(r) * n;
    if ((uint64_t)product < n)
        for (uint64_t least = -n % n; (uint64_t)product < least;)
            product = (unsigned __int128)rng_word(r) * n;
    return (uint64_t)(product >> 64);
}

#endif
