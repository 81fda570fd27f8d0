#include "runtime/infer/optimiser.h"

#include <math.h>
#include <string.h>

static const double KEEP_MEAN = 0.9, KEEP_SQUARE = 0.99, EPSILON = 1e-8;

optimiser optimiser_open(const options *options, precision p, const optimiser_block *blocks, uint32_t count,
                         arena *a) {
    optimiser o = {.options = options, .kernels = kernels_choose(p), .count = count};
    o.blocks = arena_array(a, optimiser_block, count);
    for (uint32_t b = 0; b < count; b++) {
        o.blocks[b] = blocks[b];
        o.size += blocks[b].size;
    }
    bool sgd = options->optimizer.word == OPTIMIZER_sgd;
    o.x = arena_take_aligned(a, o.size * element_size(p));
    o.mean = arena_take_aligned(a, o.size * element_size(p));
    if (!sgd) o.square = arena_take_aligned(a, o.size * element_size(p));
    return o;
}

void optimiser_read(const optimiser *o, double *x) {
    for (uint64_t i = 0; i < o->size; i++) x[i] = element_read(o->kernels->precision, o->x, (int64_t)i);
}

void optimiser_gradient(const optimiser *o, double *g) {
    for (uint32_t b = 0; b < o->count; b++)
        for (uint64_t i = 0; i < o->blocks[b].size; i++)
            *g++ = element_read(o->kernels->precision, o->blocks[b].gradient, (int64_t)i);
}

void optimiser_place(optimiser *o, const double *x) {
    for (uint64_t i = 0; i < o->size; i++) element_write(o->kernels->precision, o->x, (int64_t)i, x[i]);
}

void optimiser_restart(optimiser *o, const double *x) {
    size_t bytes = o->size * element_size(o->kernels->precision);
    o->steps = 0;
    optimiser_place(o, x);
    memset(o->mean, 0, bytes);
    if (o->square) memset(o->square, 0, bytes);
}

static double norm(const optimiser *o) {
    double squares = 0;
    for (uint32_t b = 0; b < o->count; b++) {
        const optimiser_block *k = &o->blocks[b];
        squares += o->kernels->dot(k->gradient, k->gradient, k->size);
    }
    return sqrt(squares);
}

static ascent ascent_of(const optimiser *o, double rate, double scale) {
    const options *s = o->options;
    double t = (double)o->steps;
    ascent c = {.scale = scale, .keep_mean = KEEP_MEAN, .keep_square = KEEP_SQUARE, .rate = rate};
    c.floor = EPSILON;
    switch (s->optimizer.word) {
    case OPTIMIZER_sgd: c.keep_mean = s->momentum; break;
    case OPTIMIZER_rmsprop:
        c.keep_mean = 0;
        c.root = 1;
        break;
    default: c.rate = rate / (1 - pow(KEEP_MEAN, t)); c.root = 1 / sqrt(1 - pow(KEEP_SQUARE, t));
    }
    return c;
}

bool optimiser_step(optimiser *o, double rate) {
    double length = norm(o), clip = o->options->clip;
    if (!isfinite(length)) return false;
    o->steps++;
    precision p = o->kernels->precision;
    double scale = clip > 0 && length > clip ? clip / length : 1;
    int64_t at = 0;
    for (uint32_t b = 0; b < o->count; b++) {
        const optimiser_block *k = &o->blocks[b];
        ascent c = ascent_of(o, rate * k->pace, scale);
        bool decays = k->decays && o->options->optimizer.word == OPTIMIZER_adamw;
        c.keep = decays ? 1 - rate * k->pace * o->options->decay : 1;
        void *x = element_at(p, o->x, at), *mean = element_at(p, o->mean, at);
        if (o->square) o->kernels->ascend(&c, x, mean, element_at(p, o->square, at), k->gradient, k->size);
        else o->kernels->ascend_plainly(&c, x, mean, k->gradient, k->size);
        at += (int64_t)k->size;
    }
    return true;
}
