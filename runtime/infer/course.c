#include "runtime/infer/course.h"

#include <math.h>
#include "runtime/infer/jackknife.h"
#include "runtime/infer/states.h"
#include "runtime/infer/upper.h"

void averages_add(averages *m, double elbo, double log_likelihood, double log_density) {
    const double x[AVERAGED] = {elbo, log_likelihood, log_likelihood - elbo, log_density, elbo - log_density};
    m->count++;
    for (int i = 0; i < AVERAGED; i++) m->sum[i] += x[i], m->squares[i] += x[i] * x[i];
}

bound averages_bound(const averages *m) {
    measured x[AVERAGED];
    for (int i = 0; i < AVERAGED; i++) x[i] = measured_mean(m->sum[i], m->squares[i], m->count);
    return (bound){x[0], x[1], x[2], x[3], x[4]};
}

void course_report_bound(fit *f, bound b) {
    f->elbo = b.elbo, f->reconstruction = b.reconstruction, f->kl = b.kl;
    f->energy = b.energy, f->entropy = b.entropy;
}

bound bound_of_drawing(const drawing *d) {
    averages m = {0};
    for (uint64_t b = 0; b < d->sample.count; b += 2) {
        double elbo = d->sample.log_density[b] - d->log_normal[b];
        if (isfinite(elbo)) averages_add(&m, elbo, d->sample.log_likelihood[b], d->sample.log_density[b]);
    }
    return averages_bound(&m);
}

double *bound_weights(const drawing *d, arena *a) {
    double *weight = arena_array(a, double, d->sample.count);
    for (uint64_t b = 0; b < d->sample.count; b++)
        weight[b] = b % 2 ? -INFINITY : -log((double)((d->sample.count + 1) / 2));
    return weight;
}

/* A density of params has no integral that would be the evidence. */
static void forget_evidence(fit *f) {
    const program *p = f->model->program;
    for (variable v = 0; v < p->variables.count; v++)
        if (program_variable(p, v)->kind == VARIABLE_param)
            f->elbo = f->reconstruction = f->kl = f->energy = f->entropy = f->log_evidence = f->jackknife =
                f->upper = (measured){NAN, NAN};
}

/* A param: one value for all draws. */
static summary constant_summary(const sample *s, uint32_t k, uint64_t e) {
    const double *x = s->constants + s->report->first[k] + e;
    return (summary){s->report->of[k], e, *x, 0, 0, *x, *x, *x, x, 0, NAN, NAN};
}

/* Columns of the draws side by side that are copied together, each to be ordered: as many as a line of the
 * cache holds. */
enum { COLUMNS = 8 };
static const double QUANTILES[] = {0.05, 0.5, 0.95};

/* By scalar the QUANTILES of its draws. */
static double *find_quantiles(const fit *f, uint64_t scalars, arena *a) {
    uint64_t n = f->draw_count;
    double *q = arena_array(a, double, 3 * scalars), *columns = arena_array(a, double, COLUMNS *n);
    for (uint64_t first = 0; first < scalars; first += COLUMNS) {
        uint64_t here = scalars - first < COLUMNS ? scalars - first : COLUMNS;
        for (uint64_t b = 0; b < n; b++)
            for (uint64_t k = 0; k < here; k++) columns[k * n + b] = f->draws[b * scalars + first + k];
        for (uint64_t k = 0; k < here; k++)
            sample_quantiles(columns + k * n, n, QUANTILES, 3, q + 3 * (first + k));
    }
    return q;
}

/* Of all that is reported, with the draws weighted so; params among it. */
static void summarise(fit *f, const sample *s, const double *log_weight, const shares *along) {
    const reported *r = s->report;
    arena *scratch = arena_inside(f->arena);
    const moments *of = sample_moments(s, sample_weights(s, log_weight, scratch), scratch);
    const double *quantiles = find_quantiles(f, r->scalars, scratch);
    for (uint32_t k = 0; k < r->count; k++)
        for (uint64_t e = 0; e < r->size[k]; e++) {
            if (reported_is_constant(r, k)) {
                push(f->arena, &f->summaries, constant_summary(s, k, e));
                continue;
            }
            uint64_t i = r->first[k] + e;
            const double *q = quantiles + 3 * i;
            summary drawn = {r->of[k], e,    of[i].mean,   of[i].sd,   of[i].mcse, q[0],
                             q[1],     q[2], f->draws + i, r->scalars, NAN,        NAN};
            psis own;
            if (along && shares_of(along, r->of[k], e, &own)) drawn.khat = own.khat, drawn.ess = own.ess;
            push(f->arena, &f->summaries, drawn);
        }
    arena_close(scratch);
}

/* The chi bound of order 2, where its error is known. */
static measured upper_of(const sample *s, arena *a) {
    if (!upper_is_known(s->quality.khat, 2)) return (measured){NAN, NAN};
    arena *scratch = arena_inside(a);
    double *log_weight = arena_array(scratch, double, s->count);
    for (uint64_t i = 0; i < s->count; i++) log_weight[i] = s->log_density[i] - s->log_guide[i];
    measured upper = upper_bound(log_weight, s->count, 1, 2);
    arena_close(scratch);
    return upper;
}

void course_end(course *r) {
    fit *f = r->fit;
    sample *s = r->sample;
    f->corrected = !f->mode && verdict_corrects(s->quality, s->count);
    const double *weight = f->corrected ? s->log_weight : r->uncorrected;
    rng resampling = rng_open(r->options.seed, STREAM_RESAMPLE);
    f->draw_count = r->options.draws;
    f->draws = sample_resampled(s, weight, f->draw_count, &resampling, r->a);
    summarise(f, s, weight, r->shares);
    uint64_t densest = 0;
    for (uint64_t i = 1; i < s->count; i++)
        if (s->log_density[i] > s->log_density[densest]) densest = i;
    states_find(f, s, f->draws, f->draw_count, s->values + densest * s->report->scalars);
    f->log_density = s->log_density;
    f->log_guide = s->log_guide;
    f->khat = s->quality.khat;
    f->ess = s->quality.ess;
    f->log_evidence = (measured){s->quality.log_mean, s->quality.log_mean_error};
    f->jackknife = jackknife_evidence(s->log_density, s->log_guide, s->count);
    f->upper = upper_of(s, f->arena);
    if (f->mode) forget_evidence(f);
    verdict_judge(f, &r->findings);
}

void course_rehearse_end(course *r, const reported *rep, uint64_t count) {
    arena *scratch = arena_inside(r->a);
    arena_array(r->a, double, r->options.draws * rep->scalars);
    arena_array(scratch, double, count + COLUMNS * r->options.draws); /* weights, columns */
    arena_array(scratch, double, 7 * rep->scalars);                   /* moments and quantiles */
    for (uint64_t i = 0; i < rep->scalars + rep->constants; i++) push(r->a, &r->fit->summaries, (summary){0});
    arena_close(scratch);
    states_rehearse(r->fit, rep);
}
