#include "runtime/infer/optimiser.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double KEEP_MEAN = 0.9, KEEP_SQUARE = 0.99, EPSILON = 1e-8;

/* Parameters of a segment; and what a parameter costs, in nanoseconds, to be measured and to be moved. */
enum { SEGMENT = 8192 };
static const double MEASURE_COST = 0.2, MOVE_COST = 1;

/* Segments in the order of how far into their blocks they are: a thread has the same share of each block, as
 * it has of the product that gives the block's gradient and of those that read the block, so that they stay
 * in the cache of its core. */
static int by_depth(const void *x, const void *y) {
    const optimiser_segment *a = x, *b = y;
    if (a->depth != b->depth) return a->depth < b->depth ? -1 : 1;
    return (a->at > b->at) - (a->at < b->at);
}

static void cut_segments(optimiser *o, arena *a) {
    for (uint32_t b = 0; b < o->count; b++)
        if (!o->blocks[b].rows.at)
            o->segment_count += (uint32_t)((o->blocks[b].size + SEGMENT - 1) / SEGMENT);
    o->segments = arena_array(a, optimiser_segment, o->segment_count);
    uint64_t at = 0;
    for (uint32_t b = 0, k = 0; b < o->count; at += o->blocks[b].rows.at ? o->blocks[b].size : 0, b++)
        for (uint64_t from = 0, left; (left = o->blocks[b].size - from) > 0 && !o->blocks[b].rows.at;
             from += o->segments[k++].size) {
            uint64_t size = left < SEGMENT ? left : SEGMENT;
            double depth = (double)(from + size / 2) / (double)o->blocks[b].size;
            o->segments[k] = (optimiser_segment){b, depth, from, size, at, 0};
            at += size;
        }
    qsort(o->segments, o->segment_count, sizeof *o->segments, by_depth);
}

optimiser optimiser_open(const options *options, precision p, const optimiser_block *blocks, uint32_t count,
                         team *threads, arena *a) {
    optimiser o = {.options = options, .kernels = kernels_choose(p), .team = threads, .count = count};
    o.blocks = arena_array(a, optimiser_block, count);
    for (uint32_t b = 0; b < count; b++) {
        o.blocks[b] = blocks[b];
        o.size += blocks[b].size;
        if (blocks[b].rows.at) o.blocks[b].rows.steps = arena_array(a, uint32_t, blocks[b].rows.count);
    }
    cut_segments(&o, a);
    bool sgd = options->optimizer.word == OPTIMIZER_sgd;
    o.x = arena_take_aligned(a, o.size * element_size(p));
    o.mean = arena_take_aligned(a, o.size * element_size(p));
    if (!sgd) o.square = arena_take_aligned(a, o.size * element_size(p));
    return o;
}

void optimiser_read(const optimiser *o, double *x) {
    for (uint64_t i = 0; i < o->size; i++) x[i] = element_read(o->kernels->precision, o->x, (int64_t)i);
}

/* Runs of entries of the visited rows: where they are among the parameters of the block, and in its gradient.
 */
typedef struct row_run {
    uint64_t at, from;
    uint32_t row;
} row_run;
static uint64_t row_runs(const optimiser_block *k) {
    return k->size / k->rows.count / k->rows.after * k->rows.visited;
}
static row_run row_run_at(const optimiser_block *k, uint64_t i) {
    uint32_t row = (uint32_t)k->rows.at[i % k->rows.visited] - 1;
    return (row_run){(i / k->rows.visited * k->rows.count + row) * k->rows.after, i * k->rows.after, row};
}

static uint64_t gradient_size(const optimiser_block *k) {
    return k->rows.at ? row_runs(k) * k->rows.after : k->size;
}

/* What no visited row has is 0. */
void optimiser_gradient(const optimiser *o, double *g) {
    precision p = o->kernels->precision;
    for (uint32_t b = 0; b < o->count; g += o->blocks[b++].size) {
        const optimiser_block *k = &o->blocks[b];
        if (k->rows.at) memset(g, 0, k->size * sizeof *g);
        for (uint64_t i = 0; i < gradient_size(k); i++) {
            row_run r = k->rows.at ? row_run_at(k, i / k->rows.after) : (row_run){0};
            g[k->rows.at ? r.at + i % k->rows.after : i] = element_read(p, k->gradient, (int64_t)i);
        }
    }
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
    for (uint32_t b = 0; b < o->count; b++)
        if (o->blocks[b].rows.at)
            memset(o->blocks[b].rows.steps, 0, o->blocks[b].rows.count * sizeof(uint32_t));
}

void optimiser_carry(optimiser *o, carrier *c) {
    size_t bytes = o->size * element_size(o->kernels->precision);
    carry(c, &o->steps, sizeof o->steps);
    carry(c, o->x, bytes);
    carry(c, o->mean, bytes);
    if (o->square) carry(c, o->square, bytes);
    for (uint32_t b = 0; b < o->count; b++)
        if (o->blocks[b].rows.at)
            carry(c, o->blocks[b].rows.steps, o->blocks[b].rows.count * sizeof(uint32_t));
}

static const void *gradient_of(const optimiser *o, const optimiser_segment *s) {
    return element_at(o->kernels->precision, (void *)o->blocks[s->block].gradient, (int64_t)s->from);
}

static void measure(void *context, uint32_t thread, uint32_t part) {
    const optimiser *o = context;
    optimiser_segment *s = &o->segments[part];
    s->squares = o->kernels->dot(gradient_of(o, s), gradient_of(o, s), s->size);
}

static double norm(optimiser *o) {
    double squares = 0;
    team_run(o->team, MEASURE_COST * (double)o->size, o->segment_count, measure, o);
    for (uint32_t i = 0; i < o->segment_count; i++) squares += o->segments[i].squares;
    for (uint32_t b = 0; b < o->count; b++) {
        const optimiser_block *k = &o->blocks[b];
        if (k->rows.at) squares += o->kernels->dot(k->gradient, k->gradient, gradient_size(k));
    }
    return sqrt(squares);
}

static ascent ascent_of(const optimiser *o, const optimiser_block *k, double t) {
    const options *s = o->options;
    double rate = o->rate * k->pace;
    ascent c = {.scale = o->scale, .keep_mean = KEEP_MEAN, .keep_square = KEEP_SQUARE, .rate = rate};
    c.floor = EPSILON * (k->summed ? k->summed : 1);
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

/* Entries from number `at` of all parameters, which have been moved t times with this. */
static void ascend(const optimiser *o, const optimiser_block *k, uint64_t t, int64_t at, const void *gradient,
                   uint64_t size) {
    precision p = o->kernels->precision;
    ascent c = ascent_of(o, k, (double)t);
    bool decays = k->decays && o->options->optimizer.word == OPTIMIZER_adamw;
    c.keep = decays ? 1 - o->rate * k->pace * o->options->decay : 1;
    void *x = element_at(p, o->x, at), *mean = element_at(p, o->mean, at);
    if (o->square) o->kernels->ascend(&c, x, mean, element_at(p, o->square, at), gradient, size);
    else o->kernels->ascend_plainly(&c, x, mean, gradient, size);
}

static void move(void *context, uint32_t thread, uint32_t part) {
    const optimiser *o = context;
    const optimiser_segment *s = &o->segments[part];
    ascend(o, &o->blocks[s->block], o->steps, (int64_t)s->at, gradient_of(o, s), s->size);
}

static void move_rows(optimiser *o) {
    uint64_t first = 0;
    for (uint32_t b = 0; b < o->count; first += o->blocks[b++].size) {
        const optimiser_block *k = &o->blocks[b];
        for (uint32_t i = 0; k->rows.at && i < k->rows.visited; i++)
            k->rows.steps[(uint32_t)k->rows.at[i] - 1]++;
        for (uint64_t i = 0; k->rows.at && i < row_runs(k); i++) {
            row_run r = row_run_at(k, i);
            const void *g = element_at(o->kernels->precision, (void *)k->gradient, (int64_t)r.from);
            ascend(o, k, k->rows.steps[r.row], (int64_t)(first + r.at), g, k->rows.after);
        }
    }
}

bool optimiser_step(optimiser *o, double rate) {
    double length = o->length = norm(o), clip = o->options->clip;
    if (!isfinite(length)) return false;
    o->steps++;
    o->scale = clip > 0 && length > clip ? clip / length : 1;
    o->rate = rate;
    team_run(o->team, MOVE_COST * (double)o->size, o->segment_count, move, o);
    move_rows(o);
    return true;
}
