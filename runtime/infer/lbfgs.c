#include "runtime/infer/lbfgs.h"

#include <math.h>
#include <string.h>

enum { TRIALS = 40 };

/* The conditions of Wolfe: a step gains this share at least of what the slope promises, and leaves at most
 * this share of the slope. */
static const double GAIN = 1e-4, FLAT = 0.9;
/* Values that differ by less, relative to their size, may differ by rounding alone. */
static const double ROUNDING = 1e-10;
/* Pairs of less curvature than this would spoil the others. */
static const double CURVATURE_LEAST = 1e-12;

lbfgs lbfgs_open(uint64_t size, lbfgs_function *function, void *user, arena *a) {
    lbfgs o = {.size = size, .algebra = algebra_open(0, a), .function = function, .user = user};
    double **all[] = {&o.x, &o.gradient, &o.direction, &o.next, &o.next_gradient};
    for (int i = 0; i < 5; i++) *all[i] = arena_array(a, double, size);
    for (int i = 0; i < LBFGS_MEMORY; i++) {
        o.steps[i] = arena_array(a, double, size);
        o.changes[i] = arena_array(a, double, size);
    }
    return o;
}

bool lbfgs_place(lbfgs *o, const double *x) {
    if (x != o->x) memcpy(o->x, x, o->size * sizeof *x);
    o->count = 0;
    o->value = o->function(o->user, o->x, o->gradient);
    return isfinite(o->value);
}

static double dot(const lbfgs *o, const double *x, const double *y) {
    return vector_dot(o->algebra, x, y, o->size);
}

/* direction = H gradient (algorithm 7.4), from a multiple of the identity (equation 7.20). */
static void find_direction(lbfgs *o) {
    double weight[LBFGS_MEMORY], *q = o->direction;
    uint32_t first = o->count > LBFGS_MEMORY ? o->count - LBFGS_MEMORY : 0;
    memcpy(q, o->gradient, o->size * sizeof *q);
    for (uint32_t k = o->count; k-- > first;) {
        uint32_t i = k % LBFGS_MEMORY;
        weight[i] = dot(o, o->steps[i], q) / o->curvature[i];
        vector_add(q, -weight[i], o->changes[i], o->size);
    }
    double scale = 1 / fmax(1, sqrt(dot(o, q, q)));
    if (o->count) {
        uint32_t i = (o->count - 1) % LBFGS_MEMORY;
        scale = o->curvature[i] / dot(o, o->changes[i], o->changes[i]);
    }
    vector_scale(q, scale, o->size);
    for (uint32_t k = first; k < o->count; k++) {
        uint32_t i = k % LBFGS_MEMORY;
        double b = dot(o, o->changes[i], q) / o->curvature[i];
        vector_add(q, weight[i] - b, o->steps[i], o->size);
    }
}

/* A step along the direction, the value there and the slope. */
typedef struct trial {
    double step, value, slope;
} trial;

static trial try_step(lbfgs *o, double step) {
    memcpy(o->next, o->x, o->size * sizeof *o->x);
    vector_add(o->next, step, o->direction, o->size);
    o->next_value = o->function(o->user, o->next, o->next_gradient);
    return (trial){step, o->next_value,
                   isfinite(o->next_value) ? dot(o, o->direction, o->next_gradient) : NAN};
}

/* The top of the cubic through both trials, or the middle where that is none, or close to an end. */
static double between(const trial *x, const trial *y) {
    double width = y->step - x->step, middle = x->step + 0.5 * width;
    double d = 3 * (y->value - x->value) / width - x->slope - y->slope, square = d * d - x->slope * y->slope;
    double root = copysign(sqrt(square), width);
    double step = y->step - width * (root - y->slope - d) / (x->slope - y->slope + 2 * root);
    double share = (step - x->step) / width;
    return share >= 0.1 && share <= 0.9 ? step : middle;
}

static bool rises(const trial *t, const lbfgs *o, double slope) {
    if (t->value >= o->value + GAIN * t->step * slope) return true;
    return t->value >= o->value - ROUNDING * fabs(o->value) && t->slope >= -(1 - 2 * GAIN) * slope &&
           t->slope <= FLAT * slope;
}

bool lbfgs_search(lbfgs *o) {
    double slope = dot(o, o->direction, o->gradient);
    trial low = {0, o->value, slope}, high = {.step = INFINITY}, t = low;
    for (int i = 0; i < TRIALS; i++) {
        double step = isinf(high.step) ? fmax(1, 2 * low.step) : between(&low, &high);
        if (fabs(high.step - low.step) < 1e-10 * high.step) break;
        t = try_step(o, step);
        if (!rises(&t, o, slope) || !(t.value >= low.value - ROUNDING * fabs(low.value))) {
            high = t;
            continue;
        }
        if (fabs(t.slope) <= FLAT * slope) return true;
        if (t.slope * (high.step - low.step) <= 0) high = low;
        low = t;
    }
    if (low.step > 0 && t.step != low.step) try_step(o, low.step);
    return low.step > 0;
}

static void take_step(lbfgs *o) {
    uint32_t i = o->count % LBFGS_MEMORY;
    for (uint64_t k = 0; k < o->size; k++) {
        o->steps[i][k] = o->next[k] - o->x[k];
        o->changes[i][k] = o->gradient[k] - o->next_gradient[k];
    }
    o->curvature[i] = dot(o, o->steps[i], o->changes[i]);
    if (o->curvature[i] > CURVATURE_LEAST * dot(o, o->changes[i], o->changes[i])) o->count++;
    memcpy(o->x, o->next, o->size * sizeof *o->x);
    memcpy(o->gradient, o->next_gradient, o->size * sizeof *o->x);
    o->value = o->next_value;
}

bool lbfgs_step(lbfgs *o, double enough) {
    for (;;) {
        find_direction(o);
        o->promise = dot(o, o->direction, o->gradient);
        if (o->promise >= enough && o->promise > 0 && lbfgs_search(o)) {
            take_step(o);
            return true;
        }
        if (!o->count || o->promise < enough) return false;
        o->count = 0; /* the pairs are of no more use; along the gradient once, then anew */
    }
}
