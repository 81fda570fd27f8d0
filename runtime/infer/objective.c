#include "runtime/infer/objective.h"

#include <math.h>
#include <string.h>
#include "autodiff/passes.h"
#include "runtime/infer/clock.h"
#include "runtime/infer/density.h"
#include "runtime/infer/estimator.h"
#include "runtime/infer/retreat.h"

enum { FAULTS_MOST = 200, WATCH_EVERY = 50 };

/* Steps of the draws after the fit are numbered from here, so that none is that of a step before. */
static const uint64_t FIRST_EVALUATION = UINT64_C(1) << 40;

/* Without `samples`: as many as make the gradient of a few latents quiet; the entries of a mini-batch do that
 * together. Score functions need others to be compared with. */
enum { SAMPLES_BATCH = 1, SAMPLES_SCORED = 4 };

static uint32_t draws_a_step(const guide *g, const options *o) {
    bool iwae = o->objective.word == OBJECTIVE_iwae, scored = false;
    const program *p = g->model->program;
    if (!g->families.count && !p->guide.count) return 1;
    if (iwae) return (uint32_t)o->objective.number;
    for (uint32_t i = 0; i < p->guide.count; i++) scored |= is_scored(&p->guide.at[i]);
    bool asked = o->given >> OPTION_samples & 1;
    return asked || !o->batch.axis ? (uint32_t)o->samples : scored ? SAMPLES_SCORED : SAMPLES_BATCH;
}

/* The weight of prior and guide at a step. */
static double weight_at(const options *o, uint64_t step) {
    schedule s = o->anneal;
    double along = s.steps ? fmin(1, (double)step / s.steps) : 0;
    return o->beta * (s.steps ? s.from + (s.to - s.from) * along : 1);
}

objective *objective_new(diagnostics *d, const guide *g, const options *options, arena *a) {
    tape *written = arena_new(a, tape);
    tape_open(written, a);
    objective *o = arena_new(a, objective);
    *o = (objective){.guide = g, .options = options, .tape = arena_new(a, tape)};
    o->draws = draws_a_step(g, options);
    o->batches = batches_open(g->model, options, options->seed, a);
    lowering l = lower_open_batch(g->model, written, o->draws, o->batches.axis, o->batches.size);
    guide_tape q = guide_write(g, &l);
    estimate e = estimate_write(g, &q, options, o->draws);
    uint32_t parts = g->parts.count, slot = parts;
    ref *gradient = arena_array(a, ref, parts), culprit;
    if (!tape_gradient(written, e.surrogate, q.parts, parts, gradient, &culprit)) {
        complain_of_derivative(d, written, culprit);
        return NULL;
    }
    tape_output(written, e.value);
    for (uint32_t b = 0; b < parts; b++)
        tape_output(written, tape_expand(written, gradient[b], tape_at(written, q.parts[b])->axes));
    tape_compile(written, o->tape, a, NULL, NULL);
    o->machine = machine_new(a, o->tape, g->model->team);
    o->x = arena_take_aligned(a, g->size * sizeof(double));
    o->gradient = arena_array(a, double, g->size);
    for (uint32_t b = 0; b < parts; b++) machine_bind(o->machine, b, o->x + g->parts.at[b].offset);
    if (o->batches.size) machine_bind(o->machine, slot++, o->batches.rows);
    if (e.weighted) machine_bind(o->machine, slot, o->weight = arena_take_aligned(a, sizeof(double)));
    return o;
}

bool objective_run(objective *o, uint64_t step) {
    batches_next(&o->batches);
    if (o->weight) *o->weight = weight_at(o->options, step);
    machine_run(o->machine, o->options->seed, step);
    o->value = machine_output(o->machine, 0)[0];
    bool finite = isfinite(o->value);
    for (uint32_t b = 0; b < o->guide->parts.count; b++) {
        const part *k = &o->guide->parts.at[b];
        const double *from = machine_output(o->machine, 1 + b);
        for (uint64_t i = 0; i < k->size; i++) {
            o->gradient[k->offset + i] = from[i];
            if (!isfinite(from[i])) finite = false;
        }
    }
    return finite;
}

typedef struct recent {
    double sum, squares;
    uint64_t count;
} recent;

static bool stopped(objective_course *c, uint64_t most, recent *r) {
    if (!c->watch || c->steps % WATCH_EVERY) return false;
    double n = (double)r->count, mean = r->sum / n;
    progress now = {
        c->steps, most, mean, sqrt(fmax(r->squares / n - mean * mean, 0) / n), seconds_now() - c->started,
        "fit"};
    *r = (recent){0};
    return c->watch(c->user, &now);
}

/* The step size at the start. */
static double first_rate(const options *o) {
    bool chosen = o->given >> OPTION_optimizer & 1 && o->optimizer.number > 0;
    return chosen ? o->optimizer.number : o->rate;
}

bool objective_fit(objective *o, arena *a, objective_course *c) {
    const options *options = o->options;
    uint64_t size = o->guide->size, faults = 0;
    adam optimiser = adam_open(size, a);
    double *unit = arena_array(a, double, size);
    double slowest = guide_paces(o->guide, optimiser.pace);
    double *iterate = arena_array(a, double, size + 1); /* with the objective's value */
    descent levels = descent_open(size + 1, size, first_rate(options), options->tolerance, slowest, true, a);
    retreat back = retreat_open(size, o->x, a);
    recent now = {0};
    memcpy(optimiser.x, o->x, size * sizeof *o->x);
    while (c->steps < options->steps) {
        bool finite = objective_run(o, c->steps++), annealing = c->steps <= options->anneal.steps;
        if (!finite && ++faults > FAULTS_MOST) return false;
        if (!finite) continue; /* a wild draw; the next step has others */
        now = (recent){now.sum + o->value, now.squares + o->value * o->value, now.count + 1};
        if (options->optimizer.word == OPTIMIZER_sgd) sgd_step(&optimiser, o->gradient, levels.rate);
        else adam_step(&optimiser, o->gradient, levels.rate);
        if (!annealing && retreat_take(&back, optimiser.x, o->value)) {
            adam_restart(&optimiser, back.x);
            descent_retreat(&levels);
        }
        memcpy(o->x, optimiser.x, size * sizeof *o->x);
        guide_units(o->guide, o->x, unit);
        memcpy(iterate, o->x, size * sizeof *iterate);
        iterate[size] = o->value;
        descent_event event = annealing ? DESCENT_goes_on : descent_take(&levels, iterate, unit);
        if (event != DESCENT_goes_on) memcpy(optimiser.x, levels.average, size * sizeof *o->x);
        c->converged = event == DESCENT_converged;
        c->interrupted = stopped(c, options->steps, &now);
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
    evidence e = evidence_write(g, &q);
    ref wanted[] = {e.log_density, e.log_guide, e.elbo};
    for (int i = 0; i < 3; i++) tape_output(&written, tape_expand(&written, wanted[i], axes_one(l.draw)));
    reported_output(r, &l);
    tape_compile(&written, &run, a, NULL, NULL);
    machine *m = machine_new(a, &run, g->model->team);
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
