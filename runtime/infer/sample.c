#include "runtime/infer/sample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/number.h"

uint64_t canonical_entry(const model *m, const variable_row *v, uint64_t e) {
    uint64_t stride[AXES_MOST], step = 1, place = 0;
    for (int i = v->axes.count; i-- > 0;) {
        stride[i] = step;
        step *= m->axes[v->axes.at[i]].size;
    }
    for (int i = v->axes.count; i-- > 0;) {
        uint32_t size = m->axes[v->order[i]].size;
        int at = 0;
        while (v->axes.at[at] != v->order[i]) at++;
        place += e % size * stride[at];
        e /= size;
    }
    return place;
}

reported reported_new(const model *m, arena *a) {
    const program *p = m->program;
    reported r = {.model = m, .count = p->reported.count, .of = p->reported.at};
    r.first = arena_array(a, uint64_t, r.count);
    r.size = arena_array(a, uint64_t, r.count);
    r.place = arena_array(a, uint64_t *, r.count);
    for (uint32_t k = 0; k < r.count; k++) {
        const variable_row *v = program_variable(p, r.of[k]);
        uint64_t *total = reported_is_constant(&r, k) ? &r.constants : &r.scalars;
        r.first[k] = *total;
        *total += r.size[k] = model_size(m, v->axes);
        r.place[k] = arena_array(a, uint64_t, r.size[k]);
        for (uint64_t e = 0; e < r.size[k]; e++) r.place[k][e] = canonical_entry(m, v, e);
    }
    return r;
}

bool reported_is_constant(const reported *r, uint32_t k) {
    return program_variable(r->model->program, r->of[k])->kind == VARIABLE_param;
}

/* Whether number k of them depends on discrete latents. */
static bool depends_on_states(const reported *r, uint32_t k) {
    const program *p = r->model->program;
    return program_touched(p, program_variable(p, r->of[k])->value) != 0;
}

/* Whether these have to be drawn. */
static bool needs_states(const reported *r) {
    for (uint32_t k = 0; k < r->count; k++)
        if (depends_on_states(r, k)) return true;
    return false;
}

void reported_output(const reported *r, lowering *l) {
    if (needs_states(r)) lower_states(l);
    for (uint32_t k = 0; k < r->count; k++) {
        const variable_row *v = program_variable(r->model->program, r->of[k]);
        ref x = l->variables[r->of[k]] ? l->variables[r->of[k]] : lower_node(l, v->value);
        axes own = lower_axes(l, v->axes);
        tape_output(l->tape,
                    tape_expand(l->tape, x, reported_is_constant(r, k) ? own : axes_with(own, l->draw)));
    }
}

void reported_take(const reported *r, const machine *m, uint32_t first_output, uint64_t count, sample *to,
                   uint64_t at) {
    for (uint32_t k = 0; k < r->count; k++) {
        const double *x = machine_output(m, first_output + k);
        bool constant = reported_is_constant(r, k);
        double *rows = (constant ? to->constants : to->values + at * r->scalars) + r->first[k];
        for (uint64_t b = 0; b < (constant ? 1 : count); b++)
            for (uint64_t e = 0; e < r->size[k]; e++)
                rows[b * r->scalars + e] = x[b * r->size[k] + r->place[k][e]];
    }
}

sample sample_new(const reported *r, uint64_t count, arena *a) {
    return (sample){.report = r,
                    .count = count,
                    .values = arena_array(a, double, count * r->scalars),
                    .constants = arena_array(a, double, r->constants),
                    .log_density = arena_array(a, double, count),
                    .log_likelihood = arena_array(a, double, count),
                    .log_guide = arena_array(a, double, count),
                    .log_weight = arena_array(a, double, count)};
}

void sample_weigh(sample *s, arena *scratch) {
    for (uint64_t i = 0; i < s->count; i++) s->log_weight[i] = s->log_density[i] - s->log_guide[i];
    arena *own = arena_inside(scratch);
    s->quality = psis_smooth(s->log_weight, s->count, s->log_weight, own);
    arena_close(own);
}

void sample_rehearse(uint64_t count, arena *scratch) {
    arena *own = arena_inside(scratch);
    psis_rehearse(count, own);
    arena_close(own);
}

double *sample_weights(const sample *s, const double *log_weight, arena *a) {
    double *weight = arena_array(a, double, s->count);
    for (uint64_t i = 0; i < s->count; i++)
        weight[i] = log_weight ? exp(log_weight[i]) : 1 / (double)s->count;
    return weight;
}

/* Counted from the first draw, so that a constant, as an entry above a diagonal, has itself for a mean, and
 * no deviations that are but rounding. */
static double weighted_mean(const sample *s, uint64_t scalar, const double *weight) {
    const double *x = s->values + scalar;
    uint64_t stride = s->report->scalars;
    double mean = 0;
    for (uint64_t i = 0; i < s->count; i++)
        if (weight[i] > 0) mean += weight[i] * (x[i * stride] - x[0]);
    return x[0] + mean;
}

moments sample_moments(const sample *s, uint64_t scalar, const double *weight) {
    const double *x = s->values + scalar;
    uint64_t stride = s->report->scalars;
    double mean = weighted_mean(s, scalar, weight), square = 0, error = 0, weights = 0;
    for (uint64_t i = 0; i < s->count; i++) {
        if (!(weight[i] > 0)) continue;
        double d = x[i * stride] - mean;
        square += weight[i] * d * d;
        error += weight[i] * weight[i] * d * d;
        weights += weight[i] * weight[i];
    }
    return (moments){mean, sqrt(square / fmax(1 - weights, 1e-12)), sqrt(error)};
}

/* Linear between order statistics, of which the i-th stands for (i + 1/2) / count. */
void sample_quantiles(const double *rows, uint64_t count, uint64_t stride, uint64_t scalar, const double *p,
                      int quantiles, double *result, double *sorted) {
    for (uint64_t i = 0; i < count; i++) sorted[i] = rows[i * stride + scalar];
    qsort(sorted, count, sizeof *sorted, number_order);
    for (int k = 0; k < quantiles; k++) {
        double at = fmin(fmax(p[k] * (double)count - 0.5, 0), (double)(count - 1));
        uint64_t below = (uint64_t)at, above = below + 1 < count ? below + 1 : below;
        result[k] = sorted[below] + (at - (double)below) * (sorted[above] - sorted[below]);
    }
}

void sample_summarise(summary *s, uint64_t count, const double at[3], double *sorted) {
    double n = (double)count, mean = 0, square = 0, q[3];
    const double *x = s->draws;
    for (uint64_t i = 0; i < count; i++) mean += (x[i * s->stride] - x[0]) / n;
    mean += x[0];
    for (uint64_t i = 0; i < count; i++) square += (x[i * s->stride] - mean) * (x[i * s->stride] - mean);
    s->mean = mean;
    s->sd = sqrt(square / fmax(n - 1, 1));
    s->mcse = s->sd / sqrt(n);
    sample_quantiles(x, count, s->stride, 0, at, 3, q, sorted);
    s->q05 = q[0], s->q50 = q[1], s->q95 = q[2];
}

/* By the delta method: sum w² (x - mean)² for the mean, and half of that of ((x - mean) / sd)² - 1 for the
 * log sd. */
static double scalar_error(const sample *s, const double *weight, uint64_t scalar) {
    const double *x = s->values + scalar;
    uint64_t stride = s->report->scalars;
    double mean = weighted_mean(s, scalar, weight), variance = 0, mean_error = 0, sd_error = 0;
    for (uint64_t i = 0; i < s->count; i++)
        if (weight[i] > 0) variance += weight[i] * (x[i * stride] - mean) * (x[i * stride] - mean);
    for (uint64_t i = 0; i < s->count && variance > 0; i++) {
        if (!(weight[i] > 0)) continue;
        double square = (x[i * stride] - mean) * (x[i * stride] - mean) / variance;
        mean_error += weight[i] * weight[i] * square;
        sd_error += weight[i] * weight[i] * (square - 1) * (square - 1);
    }
    return fmax(sqrt(mean_error), 0.5 * sqrt(sd_error));
}

double sample_error(const sample *s, arena *scratch) {
    arena *own = arena_inside(scratch);
    double *weight = sample_weights(s, s->log_weight, own), worst = 0;
    const reported *r = s->report;
    for (uint32_t k = 0; k < r->count; k++) {
        if (depends_on_states(r, k) || reported_is_constant(r, k)) continue;
        for (uint64_t at = r->first[k]; at < r->first[k] + r->size[k]; at++)
            worst = fmax(worst, scalar_error(s, weight, at));
    }
    arena_close(own);
    return worst;
}

double *sample_resampled(const sample *s, const double *log_weight, uint64_t count, rng *r, arena *a) {
    uint64_t stride = s->report->scalars, from = 0;
    double *rows = arena_array(a, double, count *stride), sum = 0, offset = rng_uniform(r);
    for (uint64_t i = 0; i < count; i++) {
        double at = ((double)i + offset) / (double)count;
        if (!log_weight) from = i % s->count;
        else
            while (from + 1 < s->count && sum + exp(log_weight[from]) < at) sum += exp(log_weight[from++]);
        memcpy(rows + i * stride, s->values + from * stride, stride * sizeof *rows);
    }
    return rows;
}
