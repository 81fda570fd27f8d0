#include "runtime/infer/calibration.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/number.h"
#include "base/names.h"
#include "runtime/infer/prior.h"
#include "runtime/infer/sample.h"

calibration calibration_open(uint32_t fits, arena *a) { return (calibration){.arena = a, .room = fits}; }

bool calibration_draw(diagnostics *d, const model *m, uint64_t seed, uint32_t number, model *truth,
                      arena *a) {
    *truth = prior_model(m, a);
    bool *given = arena_array(a, bool, m->program->variables.count + 1);
    return prior_draw(d, truth, given, hash_bytes(&number, sizeof number, seed) >> 1, a);
}

/* ---- places ---- */

static bool is_compared(const fit *f, const summary *s) {
    const variable_row *row = program_variable(f->model->program, s->variable);
    return row->kind == VARIABLE_latent || row->kind == VARIABLE_derived;
}

static void find_scalars(calibration *c, const fit *f) {
    uint32_t all = f->summaries.count;
    c->summary = arena_array(c->arena, uint32_t, all + 1);
    c->place = arena_array(c->arena, double *, all + 1);
    for (uint32_t i = 0; i < all; i++) {
        if (!is_compared(f, &f->summaries.at[i])) continue;
        c->summary[c->count] = i;
        c->place[c->count++] = arena_array(c->arena, double, c->room);
    }
}

/* Draws that are equal to the truth count as below it by chance. */
static double place_of(double truth, const summary *s, uint64_t draws, rng *ties) {
    uint64_t below = 0, equal = 0;
    for (uint64_t i = 0; i < draws; i++) {
        double x = s->draws[i * s->stride];
        below += x < truth;
        equal += !(x < truth) && !(x > truth);
    }
    return ((double)below + rng_uniform(ties) * (double)(equal + 1)) / (double)(draws + 1);
}

void calibration_add(calibration *c, const model *truth, const fit *f, rng *ties) {
    if (!c->place) find_scalars(c, f);
    for (uint32_t k = 0; k < c->count; k++) {
        const summary *s = &f->summaries.at[c->summary[k]];
        const variable_row *row = program_variable(truth->program, s->variable);
        double x = truth->values[s->variable][canonical_entry(truth, row, s->entry)];
        c->place[k][c->fits] = place_of(x, s, f->draw_count, ties);
    }
    c->verdicts[f->verdict]++;
    c->fits++;
}

/* ---- the test ---- */

/* The upper tail of the limiting distribution of Anderson and Darling's statistic: Marsaglia and Marsaglia,
 * Journal of Statistical Software 9 (2), 2004, whose error is below 2e-6; that of the limit is below 0.003
 * from n = 10 on. */
static double anderson_darling_tail(double z) {
    if (z < 2) {
        double s =
            2.00012 + (0.247105 - (0.0649821 - (0.0347962 - (0.0116720 - 0.00168691 * z) * z) * z) * z) * z;
        return 1 - exp(-1.2337141 / z) / sqrt(z) * s;
    }
    double s = 1.0776 - (2.30695 - (0.43424 - (0.082433 - (0.008056 - 0.0003146 * z) * z) * z) * z) * z;
    return -expm1(-exp(s));
}

static double anderson_darling(const double *sorted, uint32_t n) {
    double sum = 0;
    for (uint32_t i = 0; i < n; i++) sum += (2.0 * i + 1) * (log(sorted[i]) + log1p(-sorted[n - 1 - i]));
    return -(double)n - sum / n;
}

static const char *shape_of(double mean, double spread, uint32_t n) {
    double shift = (mean - 0.5) * sqrt(12.0 * n), square = 12 * spread * spread;
    double stretch =
        (square - 1) * sqrt(n / 0.8); /* a uniform number's (12 (x - 1/2)²) has the variance 4/5 */
    if (fabs(shift) > fabs(stretch))
        return shift > 0 ? "the fits lie too low: the truth is often above their draws"
                         : "the fits lie too high: the truth is often below their draws";
    return stretch > 0 ? "the fits are too narrow: the truth is often in or beyond their tails"
                       : "the fits are too wide: the truth is seldom in their tails";
}

uniformity calibration_judge(const calibration *c, uint32_t scalar, double p_least, uint32_t *bins) {
    uint32_t n = c->fits;
    double *sorted = arena_array(c->arena, double, n + 1), sum = 0, square = 0;
    memset(bins, 0, CALIBRATION_BINS * sizeof *bins);
    for (uint32_t i = 0; i < n; i++) {
        double x = sorted[i] = c->place[scalar][i];
        sum += x;
        square += (x - 0.5) * (x - 0.5);
        bins[(uint32_t)(x * CALIBRATION_BINS)]++;
    }
    qsort(sorted, n, sizeof *sorted, number_order);
    uniformity u = {anderson_darling_tail(anderson_darling(sorted, n)), sum / n, sqrt(square / n), NULL};
    if (u.p < p_least) u.why = shape_of(u.mean, u.spread, n);
    return u;
}
