#include "runtime/infer/objective.h"

#include <math.h>
#include <string.h>
#include "autodiff/passes.h"
#include "runtime/infer/clock.h"
#include "runtime/infer/density.h"
#include "runtime/infer/retreat.h"

enum { FAULTS_MOST = 200, WATCH_EVERY = 50 };

/* Steps of the draws after the fit are numbered from here, so that none is that of a step before. */
static const uint64_t FIRST_EVALUATION = UINT64_C(1) << 40;

objective *objective_new(diagnostics *d, const guide *g, uint32_t draws, arena *a) {
    tape *written = arena_new(a, tape);
    tape_open(written, a);
    lowering l = lower_open(g->model, written, draws);
    guide_tape q = guide_write(g, &l);
    ref *gradient = arena_array(a, ref, g->parts.count), culprit;
    ref total = tape_sum(written, q.surrogate, axes_one(l.draw));
    if (!tape_gradient(written, total, q.parts, g->parts.count, gradient, &culprit)) {
        complain_of_derivative(d, written, culprit);
        return NULL;
    }
    tape_output(written, tape_sum(written, q.elbo, axes_one(l.draw)));
    for (uint32_t b = 0; b < g->parts.count; b++)
        tape_output(written, tape_expand(written, gradient[b], tape_at(written, q.parts[b])->axes));
    objective *o = arena_new(a, objective);
    *o = (objective){.guide = g, .tape = arena_new(a, tape), .draws = draws};
    tape_compile(written, o->tape, a, NULL, NULL);
    o->machine = machine_new(a, o->tape);
    o->x = arena_take_aligned(a, g->size * sizeof(double));
    o->gradient = arena_array(a, double, g->size);
    for (uint32_t b = 0; b < g->parts.count; b++) machine_bind(o->machine, b, o->x + g->parts.at[b].offset);
    return o;
}

bool objective_run(objective *o, uint64_t seed, uint64_t step) {
    machine_run(o->machine, seed, step);
    o->value = machine_output(o->machine, 0)[0] / o->draws;
    bool finite = isfinite(o->value);
    for (uint32_t b = 0; b < o->guide->parts.count; b++) {
        const part *k = &o->guide->parts.at[b];
        const double *from = machine_output(o->machine, 1 + b);
        for (uint64_t i = 0; i < k->size; i++) {
            o->gradient[k->offset + i] = from[i] / o->draws;
            if (!isfinite(from[i])) finite = false;
        }
    }
    return finite;
}

/* In what unit each number has to stand still: the guide's sd for a location, 1 for a log scale, the diagonal
 * for a factor's row, and for what is free in the program a fifth of its own size. */
static void find_units(const guide *g, const double *x, double *unit) {
    for (uint32_t b = 0; b < g->parts.count; b++) {
        const part *k = &g->parts.at[b];
        const double *scale = x;
        uint64_t row = 1;
        if (k->kind != PART_variable) {
            for (uint32_t c = 0; c < g->parts.count; c++)
                if (g->parts.at[c].kind == PART_scale && g->parts.at[c].family == k->family)
                    scale = x + g->parts.at[c].offset;
            row = k->kind == PART_factor ? g->spaces[k->family].size : 1;
        }
        for (uint64_t i = 0; i < k->size; i++)
            unit[k->offset + i] = k->kind == PART_variable ? 0.1 + 0.2 * fabs(x[k->offset + i])
                                  : k->kind == PART_scale  ? 1
                                                           : exp(scale[i / row]);
    }
}

typedef struct recent {
    double sum, squares;
    uint64_t count;
} recent;

static bool stopped(objective_course *c, recent *r) {
    if (!c->watch || c->steps % WATCH_EVERY) return false;
    double n = (double)r->count, mean = r->sum / n;
    progress now = {c->steps,
                    c->steps_most,
                    mean,
                    sqrt(fmax(r->squares / n - mean * mean, 0) / n),
                    seconds_now() - c->started,
                    "fit"};
    *r = (recent){0};
    return c->watch(c->user, &now);
}

bool objective_fit(objective *o, arena *a, objective_course *c) {
    uint64_t size = o->guide->size, faults = 0;
    adam optimiser = adam_open(size, a);
    double *unit = arena_array(a, double, size);
    descent levels = descent_open(size, size, c->rate, c->tolerance, a);
    retreat back = retreat_open(size, o->x, a);
    recent now = {0};
    memcpy(optimiser.x, o->x, size * sizeof *o->x);
    while (c->steps < c->steps_most) {
        bool finite = objective_run(o, c->seed, c->steps++);
        if (!finite && ++faults > FAULTS_MOST) return false;
        if (!finite) continue; /* a wild draw; the next step has others */
        now = (recent){now.sum + o->value, now.squares + o->value * o->value, now.count + 1};
        adam_step(&optimiser, o->gradient, levels.rate);
        if (retreat_take(&back, optimiser.x, o->value)) {
            adam_restart(&optimiser, back.x);
            descent_retreat(&levels);
        }
        memcpy(o->x, optimiser.x, size * sizeof *o->x);
        find_units(o->guide, o->x, unit);
        descent_event event = descent_take(&levels, o->x, unit);
        if (event != DESCENT_goes_on) memcpy(optimiser.x, levels.average, size * sizeof *o->x);
        c->converged = event == DESCENT_converged;
        c->interrupted = stopped(c, &now);
        if (c->converged || c->interrupted) break;
    }
    if (!c->converged) {
        descent_stop(&levels);
        if (levels.trace.count) memcpy(optimiser.x, levels.average, size * sizeof *o->x);
    }
    memcpy(o->x, optimiser.x, size * sizeof *o->x);
    return true;
}

sample objective_draw(const guide *g, const reported *r, const double *x, uint64_t count, uint64_t seed,
                      double **elbo, arena *a) {
    uint32_t points = points_that_fit(g->model, 250);
    tape written, run;
    tape_open(&written, a);
    lowering l = lower_open(g->model, &written, points);
    guide_tape q = guide_write(g, &l);
    ref wanted[] = {q.log_density, q.log_guide, q.elbo};
    for (int i = 0; i < 3; i++) tape_output(&written, tape_expand(&written, wanted[i], axes_one(l.draw)));
    reported_output(r, &l);
    tape_compile(&written, &run, a, NULL, NULL);
    machine *m = machine_new(a, &run);
    for (uint32_t b = 0; b < g->parts.count; b++) machine_bind(m, b, x + g->parts.at[b].offset);
    sample s = sample_new(r, count, a);
    *elbo = arena_array(a, double, count);
    double *to[] = {s.log_density, s.log_guide, *elbo};
    for (uint64_t first = 0; first < count; first += points) {
        uint64_t left = count - first, here = left < points ? left : points;
        machine_run(m, seed, FIRST_EVALUATION + first);
        for (uint32_t i = 0; i < 3; i++) memcpy(to[i] + first, machine_output(m, i), here * sizeof(double));
        reported_take(r, m, 3, here, &s, first);
    }
    sample_weigh(&s, a);
    return s;
}
