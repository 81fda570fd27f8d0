#include "runtime/infer/adam.h"

#include <math.h>
#include <string.h>

adam adam_open(uint64_t size, arena *a) {
    adam o = {size,
              0,
              arena_array(a, double, size),
              arena_array(a, double, size),
              arena_array(a, double, size),
              arena_array(a, double, size)};
    for (uint64_t i = 0; i < size; i++) o.pace[i] = 1;
    return o;
}

void adam_step(adam *o, const double *gradient, double rate) {
    const double keep_mean = 0.9, keep_square = 0.99, epsilon = 1e-8;
    o->steps++;
    double mean_weight = 1 - pow(keep_mean, (double)o->steps),
           square_weight = 1 - pow(keep_square, (double)o->steps);
    for (uint64_t i = 0; i < o->size; i++) {
        o->mean[i] = keep_mean * o->mean[i] + (1 - keep_mean) * gradient[i];
        o->square[i] = keep_square * o->square[i] + (1 - keep_square) * gradient[i] * gradient[i];
        o->x[i] +=
            rate * o->pace[i] * (o->mean[i] / mean_weight) / (sqrt(o->square[i] / square_weight) + epsilon);
    }
}

void sgd_step(adam *o, const double *gradient, double rate) {
    o->steps++;
    for (uint64_t i = 0; i < o->size; i++) o->x[i] += rate * o->pace[i] * gradient[i];
}

void adam_restart(adam *o, const double *x) {
    o->steps = 0;
    memcpy(o->x, x, o->size * sizeof *x);
    memset(o->mean, 0, o->size * sizeof *o->mean);
    memset(o->square, 0, o->size * sizeof *o->square);
}

/* The trace. */

enum { FEWEST_BATCHES = 8 };

trace trace_open(uint64_t size, uint64_t watched, arena *a) {
    trace t = {.size = size, .watched = watched};
    for (int b = 0; b <= BATCHES; b++) {
        t.mean[b] = arena_array(a, double, size);
        t.square[b] = arena_array(a, double, watched);
    }
    return t;
}

void trace_restart(trace *t, uint32_t length) {
    t->length = length;
    t->filled = t->count = 0;
}

/* a = (a + b) / 2 */
static void join(double *a, const double *b, uint64_t size) {
    for (uint64_t i = 0; i < size; i++) a[i] = 0.5 * (a[i] + b[i]);
}

static void swap(double **a, double **b) {
    double *x = *a;
    *a = *b;
    *b = x;
}

static void halve(trace *t) {
    for (int b = 0; b < BATCHES / 2; b++) {
        join(t->mean[2 * b], t->mean[2 * b + 1], t->size);
        join(t->square[2 * b], t->square[2 * b + 1], t->watched);
        swap(&t->mean[b], &t->mean[2 * b]);
        swap(&t->square[b], &t->square[2 * b]);
    }
    t->count = BATCHES / 2;
    t->length *= 2;
}

static void close_batch(trace *t) {
    double *mean = t->mean[BATCHES], *square = t->square[BATCHES];
    for (uint64_t i = 0; i < t->size; i++) mean[i] /= t->length;
    for (uint64_t i = 0; i < t->watched; i++) square[i] /= t->length;
    swap(&t->mean[BATCHES], &t->mean[t->count]);
    swap(&t->square[BATCHES], &t->square[t->count]);
    t->count++;
    t->filled = 0;
    if (t->count == BATCHES) halve(t);
}

bool trace_add(trace *t, const double *x) {
    double *mean = t->mean[BATCHES], *square = t->square[BATCHES];
    if (!t->filled) {
        memset(mean, 0, t->size * sizeof *mean);
        memset(square, 0, t->watched * sizeof *square);
    }
    for (uint64_t i = 0; i < t->size; i++) mean[i] += x[i];
    for (uint64_t i = 0; i < t->watched; i++) square[i] += x[i] * x[i];
    if (++t->filled < t->length) return false;
    close_batch(t);
    return true;
}

typedef struct stillness {
    double rhat, mcse;
} stillness;

/* Of entry i over the batches first … count - 1. */
static stillness judge(const trace *t, uint64_t i, uint32_t first) {
    uint32_t n = t->count - first, half = n / 2;
    double mean[2] = {0}, square[2] = {0}, all = 0, spread = 0;
    for (uint32_t b = 0; b < 2 * half; b++) {
        mean[b >= half] += t->mean[t->count - 2 * half + b][i] / half;
        square[b >= half] += t->square[t->count - 2 * half + b][i] / half;
    }
    double within = 0.5 * (square[0] - mean[0] * mean[0] + square[1] - mean[1] * mean[1]);
    double between = 0.5 * (mean[0] - mean[1]) * (mean[0] - mean[1]);
    for (uint32_t b = first; b < t->count; b++) all += t->mean[b][i] / n;
    for (uint32_t b = first; b < t->count; b++)
        spread += (t->mean[b][i] - all) * (t->mean[b][i] - all) / (n - 1);
    double rounding = 1e-12 * (1 + all * all);
    return (stillness){sqrt(1 + between / fmax(within, rounding)), sqrt(spread / n)};
}

bool trace_still(const trace *t, const double *unit, double tolerance, double *average) {
    if (t->count < FEWEST_BATCHES) return false;
    uint64_t best = UINT64_MAX;
    uint32_t from = 0;
    for (uint32_t first = 0; t->count - first >= FEWEST_BATCHES && first <= t->count / 2; first++) {
        uint64_t failed = 0;
        for (uint64_t i = 0; i < t->watched; i++) {
            stillness s = judge(t, i, first);
            failed += s.mcse > tolerance * unit[i] || (s.rhat > 1.1 && s.mcse > 0.1 * tolerance * unit[i]);
        }
        if (failed < best) {
            best = failed;
            from = first;
        }
    }
    for (uint64_t i = 0; i < t->size; i++) {
        average[i] = 0;
        for (uint32_t b = from; b < t->count; b++) average[i] += t->mean[b][i] / (t->count - from);
    }
    return best <= t->watched / 50;
}

/* Mean and squared standard error of the batches first … end - 1. */
static void batch_moments(const trace *t, uint64_t i, uint32_t first, uint32_t end, double *mean,
                          double *error) {
    double n = end - first;
    *mean = *error = 0;
    for (uint32_t b = first; b < end; b++) *mean += t->mean[b][i] / n;
    for (uint32_t b = first; b < end; b++)
        *error += (t->mean[b][i] - *mean) * (t->mean[b][i] - *mean) / (n * (n - 1));
}

bool trace_rises(const trace *t, uint64_t i, double least) {
    double before, after, error, later_error;
    uint32_t half = t->count / 2;
    if (half < 2) return true;
    batch_moments(t, i, t->count - 2 * half, t->count - half, &before, &error);
    batch_moments(t, i, t->count - half, t->count, &after, &later_error);
    return after - before > fmax(least, 2 * sqrt(error + later_error));
}

/* The levels. */

enum { LEVELS_MOST = 6 };

/* A rate's iterates forget in about 1 / rate steps (the rates of Adam are relative to the scale of its
 * parameters, too). */
static uint32_t batch_length(double rate) { return (uint32_t)fmax(4, ceil(1 / rate)); }

descent descent_open(uint64_t size, uint64_t watched, double rate, double tolerance, double pace, bool climbs,
                     arena *a) {
    descent o = {.trace = trace_open(size, watched, a),
                 .rate = rate,
                 .tolerance = tolerance,
                 .pace = pace,
                 .climbs = climbs,
                 .average = arena_array(a, double, size),
                 .previous = arena_array(a, double, size)};
    trace_restart(&o.trace, batch_length(rate * pace));
    return o;
}

void descent_restart(descent *o) { trace_restart(&o->trace, batch_length(o->rate * o->pace)); }

void descent_retreat(descent *o) {
    o->rate *= 0.3;
    descent_restart(o);
}

static bool moved(const descent *o, const double *unit) {
    uint64_t far = 0;
    for (uint64_t i = 0; i < o->trace.watched; i++)
        far += fabs(o->average[i] - o->previous[i]) > 2 * o->tolerance * unit[i];
    return far > o->trace.watched / 50;
}

descent_event descent_take(descent *o, const double *x, const double *unit) {
    if (!trace_add(&o->trace, x) || !trace_still(&o->trace, unit, o->tolerance, o->average))
        return DESCENT_goes_on;
    if (o->climbs && trace_rises(&o->trace, o->trace.size - 1, o->tolerance)) return DESCENT_goes_on;
    if (o->level > 0 && (!moved(o, unit) || o->level == LEVELS_MOST)) return DESCENT_converged;
    memcpy(o->previous, o->average, o->trace.size * sizeof *o->average);
    o->level++;
    descent_retreat(o);
    return DESCENT_lowered;
}

void descent_stop(descent *o) {
    uint32_t count = o->trace.count, from = count / 2;
    for (uint64_t i = 0; i < o->trace.size && count; i++) {
        o->average[i] = 0;
        for (uint32_t b = from; b < count; b++) o->average[i] += o->trace.mean[b][i] / (count - from);
    }
}
