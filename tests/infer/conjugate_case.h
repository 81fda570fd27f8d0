/* Programs in which every factor is conjugate, as tests open them, and read their guides. */
#ifndef VM_TESTS_INFER_CONJUGATE_CASE_H
#define VM_TESTS_INFER_CONJUGATE_CASE_H

#include <math.h>
#include <string.h>
#include "runtime/infer/cavi.h"
#include "tests/compiled.h"

/* By recurrence to where its asymptotic series has converged. */
static inline double digamma(double x) {
    double sum = 0;
    for (; x < 20; x++) sum -= 1 / x;
    double y = 1 / (x * x);
    return sum + log(x) - 0.5 / x -
           y * (1.0 / 12 - y * (1.0 / 120 - y * (1.0 / 252 - y * (1.0 / 240 - y / 132))));
}

typedef struct opened {
    const guide *guide;
    cavi *steps;
    double *x;
    arena *a;
} opened;

static inline opened open_program(arena *a, const char *text) {
    opened o = {.a = a};
    compiled *c = compile_text(a, text);
    model *m = bind_compiled(c, a);
    const guide *g = m ? guide_new(&c->said, m, FAMILY_mean_field, 0, a) : NULL;
    if (g) {
        o.guide = g;
        o.x = arena_array(a, double, g->size);
        guide_start(g, 1, o.x, a);
        o.steps = cavi_new(&c->said, g, &m->program->options, o.x, a);
    }
    show_messages(c);
    return o;
}

/* Of an argument of the guide, as `mu.loc`, the entries in unconstrained numbers. */
static inline const double *argument_of(const opened *o, const char *name) {
    for (uint32_t b = 0; b < o->guide->parts.count; b++) {
        const part *k = &o->guide->parts.at[b];
        if (strcmp(program_variable(o->guide->model->program, k->of)->name, name) == 0)
            return o->x + k->offset;
    }
    return NULL;
}

static inline double positive(const opened *o, const char *name, int i) {
    return exp(argument_of(o, name)[i]);
}

#endif
