#include "runtime/infer/descent.h"

#include <math.h>
#include <string.h>
#include "runtime/infer/measured.h"

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

/* Of very many entries some are judged, evenly: one in fifty of so many may fail as well as of all. */
enum { JUDGED_MOST = 20000 };

static uint64_t judged_pitch(const trace *t) { return 1 + t->watched / JUDGED_MOST; }

static uint64_t judged(const trace *t) { return (t->watched + judged_pitch(t) - 1) / judged_pitch(t); }

bool trace_still(const trace *t, const double *unit, double tolerance, double *average) {
    if (t->count < FEWEST_BATCHES) return false;
    uint64_t best = UINT64_MAX;
    uint32_t from = 0;
    for (uint32_t first = 0; t->count - first >= FEWEST_BATCHES && first <= t->count / 2; first++) {
        uint64_t failed = 0;
        for (uint64_t i = 0; i < t->watched; i += judged_pitch(t)) {
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
    return best <= judged(t) / 50;
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
 * parameters, too). Of these so many are taken at least. */
enum { TAKEN = 20 };

static void begin_level(descent *o) {
    double memory = fmin(1 / (o->rate * o->pace), INT32_MAX);
    o->stride = o->climbs ? (uint32_t)fmax(1, floor(memory / TAKEN)) : 1;
    o->skipped = 0;
    trace_restart(&o->trace, (uint32_t)fmax(4, ceil(memory / o->stride)));
}

descent descent_open(uint64_t size, uint64_t watched, double rate, double tolerance, double pace, bool climbs,
                     arena *a) {
    descent o = {.trace = trace_open(size, watched, a),
                 .rate = rate,
                 .tolerance = tolerance,
                 .pace = pace,
                 .climbs = climbs,
                 .average = arena_array(a, double, size),
                 .previous = arena_array(a, double, size)};
    begin_level(&o);
    return o;
}

void descent_restart(descent *o) { begin_level(o); }

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

bool descent_due(descent *o) {
    if (++o->skipped < o->stride) return false;
    o->skipped = 0;
    return true;
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

/* What a descent may end with: sums over the newest iterates, from the longest stretch to the last one alone.
 */
enum { ENDS_MOST = 8 };
typedef struct ending {
    const double *sum;
    double scale;
} ending;

/* The batches become sums over all that is newer. */
static void accumulate(trace *t) {
    const double *newer = t->mean[BATCHES];
    for (uint32_t b = t->count; b-- > 0; newer = t->mean[b])
        for (uint64_t i = 0; i < t->size; i++) t->mean[b][i] = newer[i] + t->length * t->mean[b][i];
}

static uint32_t list_endings(trace *t, const double *last, ending ends[ENDS_MOST]) {
    uint32_t count = 0;
    if (!t->filled) memset(t->mean[BATCHES], 0, t->size * sizeof(double));
    accumulate(t);
    for (uint32_t n = t->count - t->count / 2; n > 0; n /= 2)
        ends[count++] = (ending){t->mean[t->count - n], 1 / ((double)n * t->length + t->filled)};
    if (t->filled) ends[count++] = (ending){t->mean[BATCHES], 1 / (double)t->filled};
    if (last) ends[count++] = (ending){last, 1};
    return count;
}

static void take_ending(descent *o, const ending *e) {
    for (uint64_t i = 0; i < o->trace.size; i++) o->average[i] = e->scale * e->sum[i];
}

/* By more than chance explains, where both met the same draws. */
static bool is_better(const double *value, const double *than, uint32_t trials) {
    double sum = 0, squares = 0;
    for (uint32_t i = 0; i < trials; i++) {
        double gain = value[i] - than[i];
        sum += gain;
        squares += gain * gain;
    }
    measured gain = measured_mean(sum, squares, trials);
    return gain.value > 2 * gain.error;
}

/* What is not finite counts as this. */
static const double WORST = -1e100;

static uint32_t best_ending(descent *o, const ending *ends, uint32_t count, const descent_trials *t) {
    double value[ENDS_MOST][TRIALS_MOST];
    uint32_t best = 0;
    for (uint32_t i = 0; i < t->count; i++)
        for (uint32_t k = 0; k < count; k++) {
            take_ending(o, &ends[k]);
            value[k][i] = t->value(t->user, o->average, i);
            if (!isfinite(value[k][i])) value[k][i] = WORST;
        }
    for (uint32_t k = 1; k < count; k++)
        if (is_better(value[k], value[best], t->count)) best = k;
    return best;
}

bool descent_stop(descent *o, const descent_trials *t) {
    ending ends[ENDS_MOST];
    if (!t) o->trace.filled = 0; /* a few iterates, perhaps, that none speaks for */
    uint32_t count =
        o->trace.count || o->trace.filled ? list_endings(&o->trace, t ? t->last : NULL, ends) : 0;
    if (count) take_ending(o, &ends[t ? best_ending(o, ends, count, t) : 0]);
    return count > 0;
}

void trace_carry(trace *t, carrier *c) {
    carry(c, &t->length, sizeof t->length);
    carry(c, &t->filled, sizeof t->filled);
    carry(c, &t->count, sizeof t->count);
    for (int b = 0; b <= BATCHES; b++) {
        carry(c, t->mean[b], t->size * sizeof *t->mean[b]);
        carry(c, t->square[b], t->watched * sizeof *t->square[b]);
    }
    carrier_refuse(c, t->filled >= t->length || t->count >= BATCHES);
}

void descent_carry(descent *o, carrier *c) {
    trace_carry(&o->trace, c);
    carry(c, &o->rate, sizeof o->rate);
    carry(c, &o->level, sizeof o->level);
    carry(c, &o->stride, sizeof o->stride);
    carry(c, &o->skipped, sizeof o->skipped);
    carry(c, o->average, o->trace.size * sizeof *o->average);
    carry(c, o->previous, o->trace.size * sizeof *o->previous);
}
