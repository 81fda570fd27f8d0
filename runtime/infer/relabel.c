#include "runtime/infer/relabel.h"

#include <math.h>
#include <string.h>
#include "autodiff/passes.h"

/* Relative difference of log densities that is but another order of sums. */
static const double ROUNDING = 1e-9;
/* Nats by which a valley is one. */
static const double VALLEY = 1;

/* A point: all latents that are reported, dense in canonical order. */
typedef struct point {
    const sample *sample;
    const model *model;
    uint32_t count;
    uint32_t *number; /* of each latent among what is reported */
    double **at, **start;
    machine *machine;
} point;

static const variable_row *latent(const point *x, uint32_t i) {
    return program_variable(x->model->program, x->sample->report->of[x->number[i]]);
}

/* The log density at inputs, without a Jacobian. */
static machine *density_of_values(point *x, arena *a) {
    tape *written = arena_new(a, tape), *run = arena_new(a, tape);
    tape_open(written, a);
    lowering l = lower_open(x->model, written, 1);
    assignment given = assignment_open(&l);
    for (uint32_t i = 0; i < x->count; i++)
        lower_set(&l, x->sample->report->of[x->number[i]],
                  tape_input(written, lower_axes(&l, latent(x, i)->axes)));
    assignment_set_all(&given);
    tape_output(written, tape_sum_all(written, lower_log_density(&l)));
    tape_compile(written, run, a, NULL, NULL);
    machine *m = machine_new(a, run, x->model->team);
    for (uint32_t i = 0; i < x->count; i++) machine_bind(m, i, x->at[i]);
    return m;
}

static double value_at(point *x) {
    machine_run(x->machine, 0, 0);
    return machine_output(x->machine, 0)[0];
}

/* At the draw of the highest density. */
static point point_open(const sample *s, arena *a) {
    const reported *r = s->report;
    point x = {.sample = s, .model = r->model, .number = arena_array(a, uint32_t, r->count)};
    x.at = arena_array(a, double *, r->count);
    x.start = arena_array(a, double *, r->count);
    uint64_t best = 0;
    for (uint64_t b = 1; b < s->count; b++)
        if (s->log_density[b] > s->log_density[best]) best = b;
    for (uint32_t k = 0; k < r->count; k++) {
        const variable_row *v = program_variable(r->model->program, r->of[k]);
        if (v->kind != VARIABLE_latent) continue;
        double *values = arena_array(a, double, r->size[k]);
        for (uint64_t e = 0; e < r->size[k]; e++)
            values[r->place[k][e]] = s->values[best * r->scalars + r->first[k] + e];
        x.number[x.count] = k;
        x.start[x.count] = values;
        x.at[x.count++] = arena_array(a, double, r->size[k]);
    }
    x.machine = density_of_values(&x, a);
    return x;
}

/* Whether values of this support stay in it where entries along an axis change places. */
static bool moves_freely(support s) {
    return s == SUPPORT_real || s == SUPPORT_positive || s == SUPPORT_negative || s == SUPPORT_unit ||
           s == SUPPORT_interval || s == SUPPORT_simplex;
}

static bool is_of(const program *p, axis x, axis along) { return program_axis(p, x)->of == along; }

/* Whether latents vary over the axis, and all that do may have their entries exchanged. */
static bool is_candidate(const point *x, axis along) {
    const program *p = x->model->program;
    if (program_axis(p, along)->of != along || x->model->axes[along].size < 2) return false;
    bool any = false;
    for (uint32_t i = 0; i < x->count; i++)
        for (int k = 0; k < latent(x, i)->axes.count; k++) {
            if (!is_of(p, latent(x, i)->axes.at[k], along)) continue;
            if (!moves_freely(latent(x, i)->type.support)) return false;
            any = true;
        }
    return any;
}

/* Of the entry `e` of a latent the one that it changes places with, entries `a` and `a + 1` of the axis and
 * of its aliases being exchanged. */
static uint64_t exchanged(const point *x, const variable_row *v, uint64_t e, axis along, uint32_t a) {
    uint64_t to = 0, stride = 1;
    for (int k = v->axes.count; k-- > 0;) {
        uint32_t size = x->model->axes[v->axes.at[k]].size, i = (uint32_t)(e % size);
        e /= size;
        if (is_of(x->model->program, v->axes.at[k], along)) i = i == a ? a + 1 : i == a + 1 ? a : i;
        to += i * stride;
        stride *= size;
    }
    return to;
}

/* Goes a share of the way to the point with two entries exchanged. */
static void place(point *x, axis along, uint32_t a, double share) {
    for (uint32_t i = 0; i < x->count; i++) {
        const variable_row *v = latent(x, i);
        for (uint64_t e = 0; e < model_size(x->model, v->axes); e++) {
            double from = x->start[i][e], to = x->start[i][exchanged(x, v, e, along, a)];
            x->at[i][e] = share >= 1 ? to : from + share * (to - from);
        }
    }
}

static bool is_exchangeable(point *x, axis along) {
    place(x, along, 0, 0);
    double here = value_at(x);
    for (uint32_t a = 0; a + 1 < x->model->axes[along].size; a++) {
        place(x, along, a, 1);
        if (!(fabs(value_at(x) - here) <= ROUNDING * (1 + fabs(here)))) return false;
    }
    return true;
}

static bool has_valley(point *x, axis along) {
    place(x, along, 0, 0);
    double here = value_at(x);
    for (uint32_t a = 0; a + 1 < x->model->axes[along].size; a++)
        for (int quarter = 1; quarter < 4; quarter++) {
            place(x, along, a, 0.25 * quarter);
            if (value_at(x) < here - VALLEY) return true;
        }
    return false;
}

axis relabel_find(const sample *s, arena *scratch) {
    const program *p = s->report->model->program;
    arena *own = arena_inside(scratch);
    point x = point_open(s, own);
    axis found = AXIS_NONE;
    for (axis along = 0; along < p->axes.count && found == AXIS_NONE && x.count; along++)
        if (is_candidate(&x, along) && is_exchangeable(&x, along) && has_valley(&x, along)) found = along;
    arena_close(own);
    return found;
}

/* ---- signs ---- */

/* So many latents are tried, alone and with others. */
enum { TRIED_MOST = 12 };

/* Goes a share of the way to the point with these signs changed. */
static void place_mirrored(point *x, const uint32_t *set, uint32_t size, double share) {
    place(x, 0, 0, 0);
    for (uint32_t k = 0; k < size; k++)
        for (uint64_t e = 0; e < model_size(x->model, latent(x, set[k])->axes); e++)
            x->at[set[k]][e] *= 1 - 2 * share;
}

static bool is_mirror(point *x, const uint32_t *set, uint32_t size, double here) {
    place_mirrored(x, set, size, 1);
    if (!(fabs(value_at(x) - here) <= ROUNDING * (1 + fabs(here)))) return false;
    place_mirrored(x, set, size, 0.5);
    return value_at(x) < here - VALLEY;
}

/* Sets of `size` of the candidates, the first `filled` of which are chosen. */
static bool find_set(point *x, const uint32_t *candidates, uint32_t count, uint32_t from, uint32_t *set,
                     uint32_t filled, uint32_t size, double here) {
    if (filled == size) return is_mirror(x, set, size, here);
    for (uint32_t i = from; i < count; i++) {
        set[filled] = candidates[i];
        if (find_set(x, candidates, count, i + 1, set, filled + 1, size, here)) return true;
    }
    return false;
}

mirrored relabel_find_mirror(const sample *s, arena *scratch) {
    arena *own = arena_inside(scratch);
    point x = point_open(s, own);
    mirrored found = {0};
    uint32_t candidates[TRIED_MOST], count = 0, set[MIRRORED_MOST];
    for (uint32_t i = 0; i < x.count && count < TRIED_MOST; i++)
        if (latent(&x, i)->type.support == SUPPORT_real) candidates[count++] = i;
    place_mirrored(&x, set, 0, 0);
    double here = value_at(&x);
    for (uint32_t size = 1; size <= MIRRORED_MOST && !found.count; size++)
        if (find_set(&x, candidates, count, 0, set, 0, size, here)) found.count = size;
    for (uint32_t k = 0; k < found.count; k++) found.of[k] = s->report->of[x.number[set[k]]];
    arena_close(own);
    return found;
}

void relabel_rehearse(const reported *r, arena *scratch) {
    arena *own = arena_inside(scratch);
    sample s = sample_new(r, 1, own);
    point_open(&s, own);
    arena_close(own);
}
