#include "runtime/infer/held.h"

#include <math.h>
#include <string.h>
#include "runtime/infer/density.h"
#include "runtime/infer/lbfgs.h"

enum { TELL_EVERY = 10 };

/* In units of the objective and of one plus its size: steps that promise less are not taken; where they still
 * promise more than the second at the end, the top was not found. */
static const double ENOUGH = 1e-14, NEAR = 1e-9;

/* ---- what may be held ---- */

static bool refuse(diagnostics *d, span at, const char *what, const char *help) {
    advise(d,
           diagnose(d, DIAGNOSTIC_option, at, "`optimizer = lbfgs` climbs with its draws held, but %s", what),
           "%s", help);
    return false;
}

static bool has_own_gradients(diagnostics *d, const program *p, const options *o) {
    for (uint32_t i = 0; i < p->guide.count; i++) {
        const draw *s = &p->guide.at[i];
        const char *name = program_variable(p, s->of)->name;
        if (s->pathwise) continue;
        return refuse(d, s->at, arena_print(d->arena, "a draw of `%s` has no derivative", name),
                      "use `optimizer = adam`");
    }
    for (uint32_t i = 0; i < o->estimator.count; i++) {
        uint32_t word = o->estimator.at[i].how.word;
        if (word != ESTIMATOR_auto && word != ESTIMATOR_pathwise)
            return refuse(d, NO_PLACE, "this `estimator` is not the slope of what is climbed",
                          "leave `estimator` out: it is `pathwise` here");
    }
    return true;
}

bool held_check(diagnostics *d, const program *p, const options *o) {
    if (!is_held(o)) return true;
    if (o->batch.axis)
        return refuse(d, NO_PLACE, "`batch` changes what is climbed at each step", "leave one of them out");
    if (o->anneal.steps || o->rate_schedule.steps)
        return refuse(d, NO_PLACE, "`anneal` and `rate_schedule` go by many small steps",
                      "leave one of them out");
    if (is_bound(o))
        return refuse(d, NO_PLACE, "the gradients of this `objective` are not its slope with draws held",
                      "leave `objective` out, or use `optimizer = adam`");
    if (is_controlled(o))
        return refuse(d, NO_PLACE, "what `control` takes off is not a slope of it", "leave `control` out");
    if (precision_of(o) != IN_DOUBLE)
        return refuse(d, NO_PLACE, "its search along a line needs the digits of double",
                      "leave `precision` out");
    return has_own_gradients(d, p, o);
}

/* ---- the climb ---- */

static double objective_at(void *user, const double *x, double *gradient) {
    objective *o = user;
    optimiser_place(&o->climber, x);
    bool finite = objective_run(o, 0);
    optimiser_gradient(&o->climber, gradient);
    for (uint64_t i = 0; i < o->guide->size; i++) finite &= isfinite(gradient[i]);
    return finite ? o->value : -INFINITY;
}

bool held_fit(objective *o, arena *a, objective_course *c) {
    lbfgs climb = lbfgs_open(o->guide->size, objective_at, o, a);
    if (!lbfgs_place(&climb, o->x)) return false;
    while (c->steps < o->options->steps && !c->interrupted) {
        double unit = 1 + fabs(climb.value);
        if (!lbfgs_step(&climb, ENOUGH * unit)) {
            c->converged = climb.promise < NEAR * unit;
            break;
        }
        c->steps++;
        c->interrupted = c->steps % TELL_EVERY
                             ? vigil_asks(c->vigil, "fit")
                             : vigil_tell(c->vigil, c->steps, o->options->steps, (measured){climb.value, 0},
                                          vector_length(climb.algebra, climb.gradient, climb.size));
    }
    memcpy(o->x, climb.x, o->guide->size * sizeof *o->x);
    return true;
}

void held_rehearse(const objective *o, arena *a) { lbfgs_open(o->guide->size, NULL, NULL, a); }
