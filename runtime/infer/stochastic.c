#include "runtime/infer/stochastic.h"

#include <math.h>
#include <string.h>

/* What says whether the guide has come to rest. */
typedef struct resting {
    const guide *guide;
    const cavi *steps;
    objective_course *course;
    trace trace;                      /* of what all rows share, in unconstrained numbers */
    double *x, *unit;                 /* of all */
    double *shared, *units, *average; /* of what all rows share */
    double sum, squares, count;       /* of the ELBO since the last look */
} resting;

/* The numbers of what all rows share, to the front of `to`, or from there. */
static uint64_t copy_shared(const resting *r, double *all, double *shared, bool back) {
    uint64_t size = 0;
    for (uint32_t b = 0; b < r->guide->parts.count; b++) {
        const part *k = &r->guide->parts.at[b];
        if (cavi_is_local(r->steps, k)) continue;
        if (all && back) memcpy(all + k->offset, shared + size, k->size * sizeof *all);
        else if (all) memcpy(shared + size, all + k->offset, k->size * sizeof *all);
        size += k->size;
    }
    return size;
}

static resting resting_open(const cavi *o, const guide *g, double length, objective_course *c, arena *a) {
    resting r = {.guide = g, .steps = o, .course = c};
    uint64_t size = copy_shared(&r, NULL, NULL, false);
    r.trace = trace_open(size, size, a);
    trace_restart(&r.trace, (uint32_t)fmin(1000, fmax(4, ceil(1 / length))));
    r.x = arena_array(a, double, g->size), r.unit = arena_array(a, double, g->size);
    r.shared = arena_array(a, double, size), r.units = arena_array(a, double, size);
    r.average = arena_array(a, double, size);
    return r;
}

static bool is_at_rest(resting *r, cavi *o, double tolerance) {
    cavi_read(o, r->x);
    guide_units(r->guide, r->x, r->unit);
    copy_shared(r, r->x, r->shared, false);
    copy_shared(r, r->unit, r->units, false);
    return trace_add(&r->trace, r->shared) && trace_still(&r->trace, r->units, tolerance, r->average);
}

typedef struct state {
    cavi *steps;
    resting *resting;
} state;

static void carry_state(void *of, carrier *to) {
    state *s = of;
    carry(to, &s->resting->course->steps, sizeof s->resting->course->steps);
    carry(to, &s->resting->course->converged, sizeof s->resting->course->converged);
    cavi_carry(s->steps, to);
    trace_carry(&s->resting->trace, to);
    carry(to, s->resting->average, s->resting->trace.size * sizeof *s->resting->average);
}

static bool tells(resting *r, uint64_t most) {
    measured value = {r->sum / r->count, NAN};
    if (r->count > 1) value = measured_mean(r->sum, r->squares, r->count);
    r->sum = r->squares = r->count = 0;
    return vigil_tell(r->course->vigil, r->course->steps, most, value, NAN);
}

static void take_average(resting *r, cavi *o) {
    cavi_read(o, r->x);
    copy_shared(r, r->x, r->average, true);
    cavi_place(o, r->x);
}

bool stochastic_run(cavi *o, const guide *g, const options *options, objective_course *c, arena *a) {
    const checkpoints *kept = c->host->checkpoints;
    batches *visited = cavi_batches(o);
    resting r = resting_open(o, g, cavi_length(options, 0), c, a);
    state now = {o, &r};
    c->foreign = !checkpoint_resume(kept, c->fingerprint, carry_state, &now);
    if (c->foreign) return false;
    while (c->steps < options->steps && !c->converged && !c->interrupted) {
        batches_next(visited);
        if (!cavi_step(o, cavi_length(options, c->steps))) return false;
        c->steps++;
        double value = cavi_value(o);
        r.sum += value, r.squares += value * value, r.count++;
        if (!visited->size || batches_end(visited)) {
            bool judged = c->steps > options->rate_schedule.steps;
            c->converged = judged && is_at_rest(&r, o, options->tolerance);
            c->interrupted = tells(&r, options->steps);
        } else {
            c->interrupted = vigil_asks(c->vigil, "fit");
        }
        if (checkpoint_is_due(kept, c->steps)) checkpoint_save(kept, c->fingerprint, carry_state, &now);
    }
    checkpoint_save(kept, c->fingerprint, carry_state, &now);
    if (c->converged) take_average(&r, o);
    return cavi_finish(o);
}

void stochastic_rehearse(const cavi *o, const guide *g, arena *a) { resting_open(o, g, 1, NULL, a); }
