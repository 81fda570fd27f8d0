#include "runtime/infer/sample.h"

#include <math.h>
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

reported reported_new(const model *m, bool varied, arena *a) {
    const program *p = m->program;
    reported r = {.model = m, .varied = varied, .count = p->reported.count, .of = p->reported.at};
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
    return !r->varied && program_variable(r->model->program, r->of[k])->kind == VARIABLE_param;
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

/* Below this k-hat the weights have a variance with little doubt. */
static const double KHAT_GOOD = 0.5;

double sample_share(const sample *s) { return s->quality.ess / (double)s->count; }

bool sample_is_good(const sample *s) {
    return s->quality.khat < KHAT_GOOD && sample_share(s) >= SHARE_ENOUGH;
}

bool sample_has_variance(const sample *s) { return s->quality.khat < psis_threshold(s->count); }

bool sample_better(const sample *x, const sample *y) {
    double most = psis_threshold(x->count);
    if (x->quality.khat < most && y->quality.khat < most) return sample_share(x) > sample_share(y);
    return x->quality.khat < y->quality.khat;
}

double *sample_weights(const sample *s, const double *log_weight, arena *a) {
    double *weight = arena_array(a, double, s->count);
    for (uint64_t i = 0; i < s->count; i++)
        weight[i] = log_weight ? exp(log_weight[i]) : 1 / (double)s->count;
    return weight;
}

/* Moments go over the rows, all scalars of one together: a scalar at a time would wait for memory at every
 * entry. Means are counted from the first draw, so that a constant, as an entry above a diagonal, has itself
 * for a mean, and no deviations that are but rounding. */
static double *weighted_means(const sample *s, const double *weight, arena *a) {
    uint64_t n = s->report->scalars;
    const double *first = s->values;
    double *mean = arena_array(a, double, n);
    memset(mean, 0, n * sizeof *mean);
    for (uint64_t b = 0; b < s->count; b++)
        for (uint64_t i = 0; i < n && weight[b] > 0; i++)
            mean[i] += weight[b] * (s->values[b * n + i] - first[i]);
    for (uint64_t i = 0; i < n; i++) mean[i] = first[i] + mean[i];
    return mean;
}

moments *sample_moments(const sample *s, const double *weight, arena *a) {
    uint64_t n = s->report->scalars;
    moments *result = arena_array(a, moments, n);
    arena *scratch = arena_inside(a);
    const double *mean = weighted_means(s, weight, scratch);
    double weights = 0;
    for (uint64_t i = 0; i < n; i++) result[i] = (moments){.mean = mean[i]};
    for (uint64_t b = 0; b < s->count; b++) {
        if (!(weight[b] > 0)) continue;
        weights += weight[b] * weight[b];
        for (uint64_t i = 0; i < n; i++) {
            double d = s->values[b * n + i] - mean[i];
            result[i].sd += weight[b] * d * d;
            result[i].mcse += weight[b] * weight[b] * d * d;
        }
    }
    for (uint64_t i = 0; i < n; i++) {
        result[i].sd = sqrt(result[i].sd / fmax(1 - weights, 1e-12));
        result[i].mcse = sqrt(result[i].mcse);
    }
    arena_close(scratch);
    return result;
}

/* The k-th smallest of x, which is put in its place (Hoare's selection). */
static double select_smallest(double *x, uint64_t count, uint64_t k) {
    int64_t from = 0, to = (int64_t)count - 1, at = (int64_t)k;
    while (from < to) {
        double pivot = x[at];
        int64_t i = from, j = to;
        while (i <= j) {
            while (x[i] < pivot) i++;
            while (pivot < x[j]) j--;
            if (i > j) break;
            double y = x[i];
            x[i++] = x[j];
            x[j--] = y;
        }
        if (j < at) from = i;
        if (at < i) to = j;
    }
    return x[k];
}

/* Linear between order statistics, of which the i-th stands for (i + 1/2) / count. */
void sample_quantiles(double *column, uint64_t count, const double *p, int quantiles, double *result) {
    bool ordered = true;
    for (uint64_t i = 0; i < count; i++) ordered &= !isnan(column[i]);
    for (int k = 0; k < quantiles; k++) {
        result[k] = NAN;
        if (!ordered) continue;
        double at = fmin(fmax(p[k] * (double)count - 0.5, 0), (double)(count - 1));
        uint64_t below = (uint64_t)at, above = below + 1 < count ? below + 1 : below;
        double low = select_smallest(column, count, below), high = select_smallest(column, count, above);
        result[k] = low + (at - (double)below) * (high - low);
    }
}

void sample_summarise(summary *s, uint64_t count, const double at[3], double *column) {
    double n = (double)count, mean = 0, square = 0, q[3];
    const double *x = s->draws;
    for (uint64_t i = 0; i < count; i++) mean += (x[i * s->stride] - x[0]) / n;
    mean += x[0];
    for (uint64_t i = 0; i < count; i++) square += (x[i * s->stride] - mean) * (x[i * s->stride] - mean);
    s->mean = mean;
    s->sd = sqrt(square / fmax(n - 1, 1));
    s->mcse = s->sd / sqrt(n);
    for (uint64_t i = 0; i < count; i++) column[i] = x[i * s->stride];
    sample_quantiles(column, count, at, 3, q);
    s->q05 = q[0], s->q50 = q[1], s->q95 = q[2];
}

/* By the delta method: sum w² (x - mean)² for the mean, and half of that of ((x - mean) / sd)² - 1 for the
 * log sd. */
static double *scalar_errors(const sample *s, const double *weight, arena *a) {
    uint64_t n = s->report->scalars;
    const double *mean = weighted_means(s, weight, a);
    double *variance = arena_array(a, double, n), *of_mean = arena_array(a, double, n),
           *of_sd = arena_array(a, double, n);
    for (uint64_t i = 0; i < n; i++) variance[i] = of_mean[i] = of_sd[i] = 0;
    for (uint64_t b = 0; b < s->count; b++)
        for (uint64_t i = 0; i < n && weight[b] > 0; i++) {
            double d = s->values[b * n + i] - mean[i];
            variance[i] += weight[b] * d * d;
        }
    for (uint64_t b = 0; b < s->count; b++)
        for (uint64_t i = 0; i < n && weight[b] > 0; i++) {
            double d = s->values[b * n + i] - mean[i];
            double square = variance[i] > 0 ? d * d / variance[i] : 1;
            of_mean[i] += weight[b] * weight[b] * square;
            of_sd[i] += weight[b] * weight[b] * (square - 1) * (square - 1);
        }
    for (uint64_t i = 0; i < n; i++)
        of_mean[i] = variance[i] > 0 ? fmax(sqrt(of_mean[i]), 0.5 * sqrt(of_sd[i])) : 0;
    return of_mean;
}

double sample_error(const sample *s, arena *scratch) {
    arena *own = arena_inside(scratch);
    double *error = scalar_errors(s, sample_weights(s, s->log_weight, own), own), worst = 0;
    const reported *r = s->report;
    for (uint32_t k = 0; k < r->count; k++) {
        if (depends_on_states(r, k) || reported_is_constant(r, k)) continue;
        for (uint64_t at = r->first[k]; at < r->first[k] + r->size[k]; at++) worst = fmax(worst, error[at]);
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
