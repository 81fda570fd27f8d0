/* When an optimiser is done: on noisy quadratics the average that it stops with is the optimum to
 * within the tolerance; it does not stop while iterates drift. */
#include "runtime/infer/descent.h"

#include <math.h>
#include "base/rng.h"
#include "runtime/infer/optimiser.h"
#include "tests/check.h"
#include "tests/memory.h"

enum { SIZE = 20 };

/* Maximises -sum (x - i)² / 2 scale² seen through noise. */
static void quadratic(arena *a) {
    rng r = rng_open(3, 0);
    options choices;
    options_default(&choices);
    double gradient[SIZE], unit[SIZE], worst = 0, *x;
    optimiser_block all = {.size = SIZE, .pace = 1, .gradient = gradient};
    optimiser o = optimiser_open(&choices, IN_DOUBLE, &all, 1, NULL, a);
    x = o.x;
    descent d = descent_open(SIZE, SIZE, 0.1, 0.05, 1, false, a);
    int steps = 0;
    for (int i = 0; i < SIZE; i++) unit[i] = 1;
    for (descent_event event = DESCENT_goes_on; event != DESCENT_converged && steps < 100000; steps++) {
        for (int i = 0; i < SIZE; i++) gradient[i] = (i - x[i]) * (1 + i) + rng_normal(&r) * (1 + i);
        optimiser_step(&o, d.rate);
        event = descent_take(&d, x, unit);
        if (event != DESCENT_goes_on)
            for (int i = 0; i < SIZE; i++) x[i] = d.average[i];
    }
    for (int i = 0; i < SIZE; i++) worst = fmax(worst, fabs(x[i] - i));
    check(steps < 20000, "descent converges", "not within %d steps", steps);
    /* the tolerance is one standard error; 20 entries, 4 errors */
    check(worst < 4 * 0.05, "descent finds the optimum", "off by %g", worst);
}

static void drift(arena *a) {
    descent d = descent_open(1, 1, 0.1, 0.05, 1, false, a);
    rng r = rng_open(4, 0);
    double unit = 1, x = 0;
    bool lowered = false;
    for (int i = 0; i < 20000; i++) {
        x = 0.002 * i + rng_normal(&r);
        lowered |= descent_take(&d, &x, &unit) != DESCENT_goes_on;
    }
    check(!lowered, "descent sees a drift", "took a drift of %g for stationary", x);
}

/* Where time runs out on the way up, what is as old as half of the run is no part of the average. */
static void rise(arena *a) {
    enum { STEPS = 1000 };
    double unit = 1, x[2];
    descent up = descent_open(2, 1, 0.1, 0.05, 1, true, a), flat = descent_open(2, 1, 0.1, 0.05, 1, true, a);
    for (int i = 0; i < STEPS; i++) {
        x[0] = i, x[1] = i;
        if (descent_due(&up)) descent_take(&up, x, &unit);
        x[1] = 0;
        if (descent_due(&flat)) descent_take(&flat, x, &unit);
    }
    check(descent_stop(&up) && up.average[0] > 0.8 * STEPS, "what rises is averaged at its end",
          "the average is that about step %g", up.average[0]);
    check(descent_stop(&flat) && fabs(flat.average[0] / STEPS - 0.75) < 0.1,
          "what does not is averaged over its last half", "the average is that about step %g",
          flat.average[0]);
}

static void merge(arena *a) {
    trace t = trace_open(1, 1, a);
    trace_restart(&t, 3);
    double unit = 1, average;
    for (int i = 0; i < 3 * 1000; i++) {
        double x = i % 3;
        trace_add(&t, &x);
    }
    CHECK(t.count >= BATCHES / 2 && t.count < BATCHES && trace_still(&t, &unit, 0.01, &average),
          "trace joins batches");
    check(fabs(average - 1) < 1e-12, "trace averages", "%.15g is not 1", average);
}

int main(void) {
    arena a;
    test_memory(&a);
    quadratic(&a);
    drift(&a);
    rise(&a);
    merge(&a);
    arena_close(&a);
    return check_end();
}
