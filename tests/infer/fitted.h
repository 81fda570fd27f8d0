/* Fits of small programs, for tests of what they come to. */
#ifndef VM_TESTS_INFER_FITTED_H
#define VM_TESTS_INFER_FITTED_H

#include <string.h>
#include "runtime/infer/fit.h"
#include "tests/compiled.h"

/* A fit of a program that needs no data, with the options that are given; NULL, with its messages, where
 * there is none. */
static inline fit *fitted_with(compiled *c, const options *o, arena *a) {
    model *m = bind_compiled(c, a);
    status s;
    fit *f = m ? fit_run(&c->said, m, o, a, (fit_host){0}, &s) : NULL;
    show_messages(c);
    return f;
}

static inline fit *fitted(arena *a, const char *text, uint64_t seed) {
    options o;
    options_default(&o);
    o.seed = seed;
    o.given = 1u << OPTION_seed;
    return fitted_with(compile_text(a, text), &o, a);
}

static inline const summary *scalar(const fit *f, const char *name, uint64_t entry) {
    for (uint32_t i = 0; i < f->summaries.count; i++) {
        const summary *s = &f->summaries.at[i];
        if (strcmp(program_variable(f->model->program, s->variable)->name, name) == 0 && s->entry == entry)
            return s;
    }
    return NULL;
}

#endif
