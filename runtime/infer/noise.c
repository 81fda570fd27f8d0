#include "runtime/infer/noise.h"

#include <math.h>
#include "autodiff/passes.h"
#include "base/rng.h"
#include "runtime/infer/density.h"
#include "runtime/infer/gradients.h"
#include "runtime/infer/held.h"

/* Streams of the tape's own numbers are counted from 0. */
enum { STREAM_NOISE = 0xffffff, OF_DRAWS = 252, OF_ORDERS = 253, OF_DIMENSIONS = 254 };
enum { GROUP = 16, BITS = 32, DEGREE_MOST = 6 };

/* ---- what may be asked for ---- */

static bool refuse(diagnostics *d, const options *o, span at, const char *what, const char *help) {
    const char *word = o->noise.word == NOISE_sobol ? "sobol" : "antithetic";
    advise(d, diagnose(d, DIAGNOSTIC_option, at, "`noise = %s`, but %s", word, what), "%s", help);
    return false;
}

bool noise_check(diagnostics *d, const program *p, const options *o) {
    if (!is_coupled(o)) return true;
    if (is_bound(o))
        return refuse(d, o, NO_PLACE, "the gradient of this `objective` needs draws that are independent",
                      "use `objective = elbo`, or leave `noise` out");
    if (option_is_given(o, OPTION_samples) && o->samples < 2)
        return refuse(d, o, NO_PLACE, "a single draw has no other to go with", "use `--samples 8`");
    for (uint32_t i = 0; i < p->guide.count; i++) {
        const draw *s = &p->guide.at[i];
        if (gradient_of(p, o, s->of).kind != ESTIMATOR_score || !gradient_moves(p, s->of, d->arena)) continue;
        const char *name = program_variable(p, s->of)->name;
        return refuse(
            d, o, s->at,
            arena_print(d->arena, "the score of `%s` compares independent draws with each other", name),
            "leave `noise` out, or use another `estimator`, such as `enumerate`");
    }
    return true;
}

/* ---- on the tape ---- */

typedef struct writing {
    noise *noise;
    axis draw;
    uint64_t dimensions;
    arena *arena;
} writing;

static ref take_source(const rewriting *w, instruction x) {
    writing *o = w->user;
    bool source = x.op == OP_random_normal || x.op == OP_random_uniform;
    if (!source || !axes_has(x.axes, o->draw)) return pass_emit(w, x);
    noise_input in = {.slot = w->to->slots, .before = 1, .after = 1, .dimension = o->dimensions};
    bool after = false;
    for (int i = 0; i < x.axes.count; i++) {
        axis a = x.axes.at[i];
        if (a == o->draw) after = true;
        else *(after ? &in.after : &in.before) *= w->to->axes.at[a].size;
    }
    o->dimensions += in.before * in.after;
    in.uniform = arena_take_aligned(o->arena, in.before * in.after * o->noise->draws * sizeof(double));
    push(o->arena, &o->noise->inputs, in);
    ref u = tape_input(w->to, x.axes);
    return x.op == OP_random_normal ? tape_map1(w->to, OP_ndtri, u) : u;
}

tape *noise_write(noise *n, const tape *from, axis draw, const options *o, arena *a) {
    bool single = precision_of(o) == IN_SINGLE;
    *n = (noise){.word = o->noise.word,
                 .draws = from->axes.at[draw].size,
                 .most = 1 - (single ? 0x1p-24 : 0x1p-53),
                 .column = arena_array(a, double, from->axes.at[draw].size)};
    writing w = {.noise = n, .draw = draw, .arena = a};
    tape *to = arena_new(a, tape);
    tape_open(to, a);
    pass_rewrite(from, to, take_source, &w);
    return to;
}

void noise_bind(const noise *n, machine *m) {
    for (uint32_t i = 0; i < n->inputs.count; i++)
        machine_bind(m, n->inputs.at[i].slot, n->inputs.at[i].uniform);
}

/* ---- the points ---- */

/* Of the polynomial: its degree and its inner coefficients; the first direction numbers. */
static const struct {
    uint32_t degree, inner, first[DEGREE_MOST];
} DIRECTIONS[GROUP] = {
    {0, 0, {0}},
    {1, 0, {1}},
    {2, 1, {1, 3}},
    {3, 1, {1, 3, 1}},
    {3, 2, {1, 1, 1}},
    {4, 1, {1, 1, 3, 3}},
    {4, 4, {1, 3, 5, 13}},
    {5, 2, {1, 1, 5, 5, 17}},
    {5, 4, {1, 1, 5, 5, 5}},
    {5, 7, {1, 1, 7, 11, 19}},
    {5, 11, {1, 1, 5, 1, 1}},
    {5, 13, {1, 1, 1, 3, 11}},
    {5, 14, {1, 3, 5, 5, 31}},
    {6, 1, {1, 3, 3, 9, 7, 49}},
    {6, 13, {1, 1, 1, 15, 21, 21}},
    {6, 16, {1, 3, 1, 13, 27, 49}},
};

/* v[i], by which bit i of a point's number moves it (Bratley and Fox, ACM TOMS 14, 1988). */
static void find_directions(uint32_t dimension, uint32_t v[BITS]) {
    uint32_t s = DIRECTIONS[dimension].degree;
    for (uint32_t i = 0; i < BITS; i++) {
        if (s == 0) v[i] = UINT32_C(1) << (BITS - 1 - i);
        else if (i < s) v[i] = DIRECTIONS[dimension].first[i] << (BITS - 1 - i);
        if (s == 0 || i < s) continue;
        v[i] = v[i - s] ^ v[i - s] >> s;
        for (uint32_t k = 1; k < s; k++)
            if (DIRECTIONS[dimension].inner >> (s - 1 - k) & 1) v[i] ^= v[i - k];
    }
}

static uint32_t reversed(uint32_t x) {
    x = x >> 16 | x << 16;
    x = (x & 0xff00ff00) >> 8 | (x & 0x00ff00ff) << 8;
    x = (x & 0xf0f0f0f0) >> 4 | (x & 0x0f0f0f0f) << 4;
    x = (x & 0xcccccccc) >> 2 | (x & 0x33333333) << 2;
    return (x & 0xaaaaaaaa) >> 1 | (x & 0x55555555) << 1;
}

/* Each bit is flipped, or not, by a hash of the bits above it. */
static uint32_t scrambled(uint32_t x, uint32_t seed) {
    x = reversed(x) + seed;
    x ^= x * 0x6c50b47cu;
    x ^= x * 0xb82f1e52u;
    x ^= x * 0xc7afe638u;
    x ^= x * 0x8d22f6e6u;
    return reversed(x);
}

/* What the hash leaves of order a shift takes away, so that each point by itself is uniform. */
void noise_sobol(uint64_t seed, uint64_t step, uint64_t d, uint32_t count, double *u) {
    uint64_t order = rng_philox(seed, STREAM_NOISE, step, d / GROUP, OF_ORDERS).word[0];
    rng_block own = rng_philox(seed, STREAM_NOISE, step, d, OF_DIMENSIONS);
    uint32_t v[BITS], bits = 0;
    find_directions((uint32_t)(d % GROUP), v);
    while (bits < BITS - 1 && (UINT32_C(1) << bits) < count) bits++;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t number = scrambled(i, (uint32_t)order), x = 0;
        for (uint32_t k = 0; k < bits; k++)
            if (number >> k & 1) x ^= v[k];
        x = scrambled(x, (uint32_t)own.word[0]) ^ (uint32_t)own.word[1];
        u[i] = (x + 0.5) * 0x1p-32;
    }
}

static void draw_pairs(uint64_t seed, uint64_t step, uint64_t d, uint32_t count, double *u) {
    for (uint32_t i = 0; i < count; i++) {
        uint64_t block = d * ((count + 1) / 2) + i / 2;
        u[i] = i % 2 ? 1 - u[i - 1] : rng_unit(rng_philox(seed, STREAM_NOISE, step, block, OF_DRAWS).word[0]);
    }
}

void noise_draw(const noise *n, uint64_t seed, uint64_t step) {
    for (uint32_t i = 0; i < n->inputs.count; i++) {
        const noise_input *x = &n->inputs.at[i];
        for (uint64_t k = 0; k < x->before * x->after; k++) {
            uint64_t d = x->dimension + k;
            if (n->word == NOISE_sobol) noise_sobol(seed, step, d, n->draws, n->column);
            else draw_pairs(seed, step, d, n->draws, n->column);
            double *to = x->uniform + k / x->after * n->draws * x->after + k % x->after;
            for (uint32_t b = 0; b < n->draws; b++)
                to[b * x->after] = fmin(fmax(n->column[b], 1 - n->most), n->most);
        }
    }
}
