#include "runtime/infer/sample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The entry in canonical order of entry `e` in the order as written. */
static uint64_t canonical_entry(const model *m, const variable_row *v, uint64_t e) {
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
    r.first = arena_array(a, uint64_t, r.count + 1);
    for (uint32_t k = 0; k < r.count; k++) {
        r.first[k] = r.scalars;
        r.scalars += model_size(m, program_variable(p, r.of[k])->axes);
    }
    r.first[r.count] = r.scalars;
    r.place = arena_array(a, uint64_t, r.scalars);
    for (uint32_t k = 0; k < r.count; k++)
        for (uint64_t e = 0; r.first[k] + e < r.first[k + 1]; e++)
            r.place[r.first[k] + e] = canonical_entry(m, program_variable(p, r.of[k]), e);
    return r;
}

void reported_output(const reported *r, lowering *l) {
    for (uint32_t k = 0; k < r->count; k++) {
        const variable_row *v = program_variable(r->model->program, r->of[k]);
        ref x = l->variables[r->of[k]] ? l->variables[r->of[k]] : lower_node(l, v->value);
        tape_output(l->tape, tape_expand(l->tape, x, axes_with(lower_axes(l, v->axes), l->draw)));
    }
}

void reported_take(const reported *r, const machine *m, uint32_t first_output, uint64_t count, double *rows) {
    for (uint32_t k = 0; k < r->count; k++) {
        const double *x = machine_output(m, first_output + k);
        uint64_t size = r->first[k + 1] - r->first[k];
        for (uint64_t b = 0; b < count; b++)
            for (uint64_t e = r->first[k]; e < r->first[k + 1]; e++)
                rows[b * r->scalars + e] = x[b * size + r->place[e]];
    }
}

sample sample_new(const reported *r, uint64_t count, arena *a) {
    return (sample){.report = r,
                    .count = count,
                    .values = arena_array(a, double, count * r->scalars),
                    .log_density = arena_array(a, double, count),
                    .log_guide = arena_array(a, double, count),
                    .log_weight = arena_array(a, double, count)};
}

void sample_weigh(sample *s, arena *scratch) {
    for (uint64_t i = 0; i < s->count; i++) s->log_weight[i] = s->log_density[i] - s->log_guide[i];
    s->quality = psis_smooth(s->log_weight, s->count, s->log_weight, scratch);
}

typedef struct weighted {
    double x, w;
} weighted;

static int by_x(const void *a, const void *b) {
    double x = ((const weighted *)a)->x, y = ((const weighted *)b)->x;
    return (x > y) - (x < y);
}

/* Where the cumulated weight, each draw's at its middle, passes p; linear in between. */
static double quantile(const weighted *sorted, uint64_t count, double p) {
    double sum = 0, last = 0;
    for (uint64_t i = 0; i < count; i++) {
        double middle = sum + 0.5 * sorted[i].w;
        if (middle >= p) {
            if (i == 0 || middle <= last) return sorted[i].x;
            return sorted[i - 1].x + (sorted[i].x - sorted[i - 1].x) * (p - last) / (middle - last);
        }
        sum += sorted[i].w;
        last = middle;
    }
    return sorted[count - 1].x;
}

summary sample_summary(const sample *s, uint64_t scalar, const double *log_weight, arena *scratch) {
    uint64_t count = 0, stride = s->report->scalars;
    weighted *sorted = arena_array(scratch, weighted, s->count);
    double total = 0;
    for (uint64_t i = 0; i < s->count; i++) {
        double w = log_weight ? exp(log_weight[i]) : 1 / (double)s->count, x = s->values[i * stride + scalar];
        if (!(w > 0) || isnan(x)) continue;
        sorted[count++] = (weighted){x, w};
        total += w;
    }
    summary r = {.entry = 0, .mean = NAN, .sd = NAN, .mcse = NAN, .q05 = NAN, .q50 = NAN, .q95 = NAN};
    if (!count) return r;
    double mean = 0, square = 0, error = 0, weights = 0;
    for (uint64_t i = 0; i < count; i++) mean += (sorted[i].w /= total) * sorted[i].x;
    for (uint64_t i = 0; i < count; i++) {
        double d = sorted[i].x - mean, w = sorted[i].w;
        square += w * d * d;
        error += w * w * d * d;
        weights += w * w;
    }
    qsort(sorted, count, sizeof *sorted, by_x);
    r.mean = mean;
    r.sd = sqrt(square / fmax(1 - weights, 1e-12));
    r.mcse = sqrt(error);
    r.q05 = quantile(sorted, count, 0.05);
    r.q50 = quantile(sorted, count, 0.50);
    r.q95 = quantile(sorted, count, 0.95);
    return r;
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
