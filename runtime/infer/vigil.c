#include "runtime/infer/vigil.h"

#include <math.h>
#include "runtime/infer/clock.h"

/* Seconds between two questions, and from the answer to the end of the last draws. */
static const double BETWEEN = 0.2, MOMENT = 0.5;

vigil vigil_open(fit_host host) {
    double now = seconds_now();
    return (vigil){.watch = host.watch,
                   .user = host.user,
                   .started = now,
                   .asked = now,
                   .stage = "fit",
                   .objective = "ELBO",
                   .reconstruction = NAN,
                   .kl = NAN,
                   .last = {.objective = "ELBO",
                            .reconstruction = NAN,
                            .kl = NAN,
                            .elbo = NAN,
                            .elbo_error = NAN,
                            .gradient = NAN}};
}

static bool ask(vigil *v, double now) {
    v->asked = now;
    v->last.seconds = now - v->started;
    if (v->watch(v->user, &v->last)) {
        v->stopped = true;
        v->stopped_at = now;
    }
    return v->stopped;
}

bool vigil_tell(vigil *v, uint64_t step, uint64_t steps, measured elbo, double gradient) {
    if (!v->watch || v->stopped) return v->stopped;
    v->last = (progress){.step = step,
                         .steps = steps,
                         .elbo = elbo.value,
                         .elbo_error = elbo.error,
                         .reconstruction = v->reconstruction,
                         .kl = v->kl,
                         .gradient = gradient,
                         .objective = v->objective,
                         .stage = v->stage};
    v->reconstruction = v->kl = NAN;
    return ask(v, seconds_now());
}

bool vigil_asks(vigil *v, const char *stage) {
    if (!v || !v->watch || v->stopped) return v && v->stopped;
    double now = seconds_now();
    if (now < v->asked + BETWEEN) return false;
    v->last.stage = stage;
    return ask(v, now);
}

bool vigil_is_over(const vigil *v) { return v && v->stopped && seconds_now() > v->stopped_at + MOMENT; }
