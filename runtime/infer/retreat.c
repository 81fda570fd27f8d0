/* A rate that is too large for a guide, such as one of many weights with small sds, throws its iterates out
 * of the region where gradients lead anywhere; a fit may then climb for its whole length without coming back.
 * The objective shows it: its median over a window of steps falls below that of the best window by many times
 * what single estimates scatter, which neither noise nor a wild draw does. */
#include "runtime/infer/retreat.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/number.h"

/* In median distances of single estimates: those of the medians of windows are sqrt(50) times smaller. */
static const double FALL = 4;
/* In nats: less is not worth a step back where estimates scatter little. */
static const double FALL_LEAST = 10;

retreat retreat_open(uint64_t size, const double *x, arena *a) {
    retreat r = {.size = size,
                 .best = -INFINITY,
                 .opened = arena_array(a, double, size),
                 .x = arena_array(a, double, size)};
    memcpy(r.opened, x, size * sizeof *x);
    return r;
}

static double median(double *x) {
    qsort(x, RETREAT_WINDOW, sizeof *x, number_order);
    return 0.5 * (x[RETREAT_WINDOW / 2 - 1] + x[RETREAT_WINDOW / 2]);
}

bool retreat_take(retreat *r, const double *x, double value) {
    r->value[r->filled++] = value;
    if (r->filled < RETREAT_WINDOW) return false;
    r->filled = 0;
    double now = median(r->value);
    bool fell = now < r->best - fmax(FALL * r->spread, FALL_LEAST);
    if (now > r->best) {
        for (int i = 0; i < RETREAT_WINDOW; i++) r->value[i] = fabs(r->value[i] - now);
        r->best = now;
        r->spread = median(r->value);
        memcpy(r->x, r->opened, r->size * sizeof *x);
    }
    memcpy(r->opened, fell ? r->x : x, r->size * sizeof *x);
    return fell;
}

void retreat_carry(retreat *r, carrier *c) {
    carry(c, &r->filled, sizeof r->filled);
    carry(c, r->value, sizeof r->value);
    carry(c, &r->best, sizeof r->best);
    carry(c, &r->spread, sizeof r->spread);
    carry(c, r->opened, r->size * sizeof *r->opened);
    carry(c, r->x, r->size * sizeof *r->x);
    carrier_refuse(c, r->filled >= RETREAT_WINDOW);
}
