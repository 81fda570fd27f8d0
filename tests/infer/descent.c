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

/* A hill whose top is `top`, seen through the same noise by all who ask in one trial. */
typedef struct hill {
    double top;
    uint64_t asked;
} hill;

static double height(void *user, const double *x, uint32_t trial) {
    hill *h = user;
    rng r = rng_open(5, trial);
    h->asked++;
    return rng_normal(&r) - (x[0] - h->top) * (x[0] - h->top);
}

static double stopped_at(descent *d, double last, double top) {
    double at[2] = {last, 0};
    hill h = {.top = top};
    return descent_stop(d, &(descent_trials){at, 20, &h, height}) && h.asked > 0 ? d->average[0] : NAN;
}

/* x as a function of the share of the steps, with noise of sd 0.1 about it. */
static descent walked(double (*path)(double), uint64_t stream, arena *a) {
    enum { STEPS = 1000 };
    descent d = descent_open(2, 1, 0.1, 0.05, 1, true, a);
    rng r = rng_open(6, (uint32_t)stream);
    double unit = 1e-6, x[2] = {0}; /* never still */
    for (int i = 0; i < STEPS; i++) {
        x[0] = path((double)i / STEPS) + 0.1 * rng_normal(&r);
        x[1] = x[0];
        if (descent_due(&d)) descent_take(&d, x, &unit);
    }
    return d;
}

static double straight(double t) { return 10 * t; }
static double rested(double t) { return t < 0.4 ? 10 * t : 4; }
static double slowing(double t) { return 1 - exp(-20 * t); }

/* Where time runs out on the way up, what is as old as half of the run is no part of the average; where the
 * iterates have come to rest, all that rest are. */
static void rise(arena *a) {
    descent up = walked(straight, 0, a), rest = walked(rested, 1, a), slow = walked(slowing, 2, a),
            none = walked(rested, 3, a);
    double at = stopped_at(&up, 10.3, 20);
    check(fabs(at - 10.3) < 1e-12, "what still climbs ends where it is highest", "it ends at %g", at);
    /* the last half: the mean of 500 has a standard error of 0.0045, and 8 / 15 of 1000 a half at the most */
    at = stopped_at(&rest, 4.3, 4);
    check(fabs(at - 4) < 4 * 0.0045, "what rests is averaged", "it ends at %g", at);
    /* of what lacks exp(-20 t), less than 5e-5 in the last half */
    at = stopped_at(&slow, 1.3, 1);
    check(fabs(at - 1) < 4 * 0.0045 + 5e-5, "what comes to rest is averaged", "it ends at %g", at);
    check(descent_stop(&none, NULL) && fabs(none.average[0] - 4) < 4 * 0.0045,
          "without trials it is the last half", "it ends at %g", none.average[0]);
    descent empty = descent_open(2, 1, 0.1, 0.05, 1, true, a);
    CHECK(!descent_stop(&empty, NULL), "of no iterates there is no average");
}

/* A rate next to nothing has iterates that are remembered for longer than steps can be counted. */
static void slow_rate(arena *a) {
    descent d = descent_open(1, 1, 1e-30, 0.05, 1, true, a);
    CHECK(d.stride > 1 && d.trace.length > 1, "a rate next to nothing has a stride");
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
    slow_rate(&a);
    merge(&a);
    arena_close(&a);
    return check_end();
}
