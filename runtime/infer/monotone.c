#include "runtime/infer/monotone.h"

#include <math.h>

/* Of a rise, relative to the value: it is rounding. */
static const double ROUNDING = 1e-12;

double monotone_enough(double tolerance, uint64_t numbers) {
    return 0.5 * pow(0.01 * tolerance, 2) * (double)numbers;
}

bool monotone_run(monotone *c, vigil *v) {
    double before = NAN, rise = NAN;
    while (c->steps < c->most && !c->converged && !c->interrupted) {
        if (!c->step(c->of)) return false;
        c->steps++;
        double last = rise, now = c->value(c->of);
        rise = now - before, before = now;
        c->converged = rise * rise < c->enough * (last - rise) || fabs(rise) < ROUNDING * (1 + fabs(now));
        c->interrupted = vigil_tell(v, c->steps, c->most, (measured){now, 0}, NAN);
    }
    return true;
}
