/* Objectives of small programs at a point, for tests of what their steps estimate. */
#ifndef VM_TESTS_INFER_CLIMBS_H
#define VM_TESTS_INFER_CLIMBS_H

#include <math.h>
#include <string.h>
#include "runtime/infer/objective.h"
#include "tests/compiled.h"

/* A key of the options and its text. */
typedef struct setting {
    option_id key;
    const char *text;
} setting;

/* At `at`, or where the guide starts where that is NULL; NULL, with the messages, where there is none. */
static inline objective *climbing(arena *a, const char *program, const setting *set, size_t count,
                                  const double *at) {
    compiled *c = compile_text(a, program);
    model *m = bind_compiled(c, a);
    options *o = arena_new(a, options);
    const char *why = "";
    bool good = m != NULL;
    if (m) *o = m->program->options;
    for (size_t i = 0; i < count && good; i++) good = option_set(o, set[i].key, set[i].text, a, &why);
    guide *g = good ? guide_new(&c->said, m, FAMILY_mean_field, 0, a) : NULL;
    objective *made = g ? objective_new(&c->said, g, o, a) : NULL;
    show_messages(c);
    if (!made) return NULL;
    if (at) memcpy(made->x, at, g->size * sizeof *at);
    else guide_start(g, 1, made->x, a);
    optimiser_place(&made->climber, made->x);
    return made;
}

/* Means over steps that do not move, with their standard errors: of each slope, and of the value behind them.
 */
typedef struct estimates {
    uint64_t count; /* of slopes */
    double *mean, *error;
} estimates;

static inline estimates estimates_of(objective *o, uint64_t steps, arena *a) {
    uint64_t n = o->guide->size;
    estimates e = {n, arena_array(a, double, n + 1), arena_array(a, double, n + 1)};
    double *g = arena_array(a, double, n + 1), *square = arena_array(a, double, n + 1), count = (double)steps;
    for (uint64_t step = 0; step < steps; step++) {
        objective_climb(o, step, 0);
        optimiser_gradient(&o->climber, g);
        g[n] = o->value;
        for (uint64_t k = 0; k <= n; k++) e.mean[k] += g[k] / count, square[k] += g[k] * g[k] / count;
    }
    for (uint64_t k = 0; k <= n; k++) e.error[k] = sqrt(fmax(square[k] - e.mean[k] * e.mean[k], 0) / count);
    return e;
}

#endif
