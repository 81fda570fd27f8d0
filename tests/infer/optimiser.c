/* Every method, in either precision, against its formulas written out entry by entry in double. A step of
 * floats adds an error of a few units in the last place of what it works on (eight are allowed), and an error
 * in x stays, so that after STEPS steps they may have added up. */
#include "runtime/infer/optimiser.h"

#include <math.h>
#include "base/rng.h"
#include "tests/check.h"
#include "tests/memory.h"

enum { FIRST = 13, SECOND = 1030, SIZE = FIRST + SECOND, STEPS = 20, SUMMED = 1000 };

typedef struct plain {
    double x[SIZE], m[SIZE], v[SIZE];
} plain;

static void plain_step(plain *p, const options *o, const double *g, double rate, int t) {
    double squares = 0, b = 0.9, c = 0.99;
    for (int i = 0; i < SIZE; i++) squares += g[i] * g[i];
    double scale = o->clip > 0 ? fmin(1, o->clip / sqrt(squares)) : 1;
    for (int i = 0; i < SIZE; i++) {
        double d = scale * g[i], step = rate * (i < FIRST ? 1 : 0.5);
        if (o->optimizer.word == OPTIMIZER_sgd) {
            p->m[i] = o->momentum * p->m[i] + d;
            p->x[i] += step * p->m[i];
            continue;
        }
        bool corrected = o->optimizer.word != OPTIMIZER_rmsprop;
        p->m[i] = corrected ? b * p->m[i] + (1 - b) * d : d;
        p->v[i] = c * p->v[i] + (1 - c) * d * d;
        double m = corrected ? p->m[i] / (1 - pow(b, t)) : p->m[i];
        double v = corrected ? p->v[i] / (1 - pow(c, t)) : p->v[i];
        if (o->optimizer.word == OPTIMIZER_adamw && i >= FIRST) p->x[i] *= 1 - step * o->decay;
        p->x[i] += step * m / (sqrt(v) + 1e-8 * (i < FIRST ? 1 : SUMMED));
    }
}

static void method(const char *name, options o, precision p, arena *a) {
    rng r = rng_open(11, 0);
    plain *expected = arena_new(a, plain);
    double *wide = arena_array(a, double, SIZE), *x = arena_array(a, double, SIZE);
    void *g = arena_take_aligned(a, SIZE * sizeof(double));
    optimiser_block blocks[] = {{FIRST, 1, false, g, {0}, 0},
                                {SECOND, 0.5, true, element_at(p, g, FIRST), {0}, SUMMED}};
    optimiser z = optimiser_open(&o, p, blocks, 2, NULL, a);
    for (int i = 0; i < SIZE; i++) expected->x[i] = (double)(float)rng_normal(&r);
    optimiser_place(&z, expected->x);
    bool moved = true;
    for (int t = 1; t <= STEPS; t++) {
        for (int i = 0; i < SIZE; i++) {
            wide[i] = (double)(float)(i % 5 ? rng_normal(&r) * exp(3 * rng_normal(&r)) : 0);
            element_write(p, g, i, wide[i]);
        }
        moved &= optimiser_step(&z, 0.01);
        plain_step(expected, &o, wide, 0.01, t);
    }
    optimiser_read(&z, x);
    double worst = 0, unit = p == IN_SINGLE ? 0x1p-23 : 0x1p-52, span = 0;
    for (int i = 0; i < SIZE; i++) {
        span = fmax(fabs(expected->x[i]), 0.01 * STEPS * fmax(1, fabs(expected->m[i])));
        worst = fmax(worst, fabs(x[i] - expected->x[i]) / (unit * STEPS * span));
    }
    check(moved && worst < 8, name, "%s: %g units off", p == IN_SINGLE ? "single" : "double", worst);
    element_write(p, g, 7, (double)NAN);
    bool refused = !optimiser_step(&z, 0.01);
    optimiser_read(&z, wide);
    for (int i = 0; i < SIZE; i++) refused &= wide[i] == x[i];
    CHECK(refused, "a gradient that is not finite moves nothing");
}

/* Of a block over 2 × ROWS × 3, of which two rows are visited at each step, every row is as one that is moved
 * by its own gradients alone, which come one behind the other. */
enum { ROWS = 6, BEFORE = 2, AFTER = 3, VISITED = 2 };

typedef struct row_history {
    int t;
    double x[BEFORE * AFTER], m[BEFORE * AFTER], v[BEFORE * AFTER];
} row_history;

static void row_step(row_history *h, const double *g, double rate, double scale) {
    h->t++;
    for (int i = 0; i < BEFORE * AFTER; i++) {
        double d = scale * g[i];
        h->m[i] = 0.9 * h->m[i] + 0.1 * d;
        h->v[i] = 0.99 * h->v[i] + 0.01 * d * d;
        h->x[i] += rate * h->m[i] / (1 - pow(0.9, h->t)) / (sqrt(h->v[i] / (1 - pow(0.99, h->t))) + 1e-8);
    }
}

static void visited_rows_alone(arena *a) {
    options o;
    options_default(&o);
    o.clip = 2;
    rng r = rng_open(5, 0);
    row_history rows[ROWS] = {0};
    double at[VISITED], x[BEFORE * ROWS * AFTER];
    double *g = arena_take_aligned(a, BEFORE * VISITED * AFTER * sizeof *g);
    optimiser_block block = {.size = BEFORE * ROWS * AFTER, .pace = 1, .gradient = g};
    block.rows = (optimiser_rows){.at = at, .visited = VISITED, .count = ROWS, .after = AFTER};
    optimiser z = optimiser_open(&o, IN_DOUBLE, &block, 1, NULL, a);
    bool good = true;
    for (int t = 0; t < 40; t++) {
        double squares = 0, own[VISITED][BEFORE * AFTER];
        at[0] = 1 + (double)rng_below(&r, ROWS);
        do at[1] = 1 + (double)rng_below(&r, ROWS);
        while (at[1] == at[0]);
        for (int b = 0; b < BEFORE; b++)
            for (int k = 0; k < VISITED; k++)
                for (int i = 0; i < AFTER; i++) {
                    double d = g[(b * VISITED + k) * AFTER + i] = rng_normal(&r);
                    own[k][b * AFTER + i] = d;
                    squares += d * d;
                }
        good &= optimiser_step(&z, 0.1);
        for (int k = 0; k < VISITED; k++)
            row_step(&rows[(int)at[k] - 1], own[k], 0.1, fmin(1, o.clip / sqrt(squares)));
    }
    optimiser_read(&z, x);
    double worst = 0;
    for (int k = 0; k < ROWS; k++)
        for (int i = 0; i < BEFORE * AFTER; i++)
            worst = fmax(worst, fabs(rows[k].x[i] - x[(i / AFTER * ROWS + k) * AFTER + i % AFTER]));
    check(good && worst < 1e-13, "visited rows alone move, each by its own visits", "off by %g", worst);
}

int main(void) {
    static const char *const NAMES[] = {"adam", "sgd", "adamw", "rmsprop"};
    arena a;
    test_memory(&a);
    for (uint32_t word = 0; word < 4; word++)
        for (int single = 0; single < 2; single++)
            for (int clipped = 0; clipped < 2; clipped++) {
                options o;
                options_default(&o);
                o.optimizer.word = word;
                o.momentum = 0.9;
                o.clip = clipped ? 50 : 0;
                method(NAMES[word], o, single ? IN_SINGLE : IN_DOUBLE, &a);
            }
    visited_rows_alone(&a);
    arena_close(&a);
    return check_end();
}
