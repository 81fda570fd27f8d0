/* Fits of small programs, for tests of what they come to. */
#ifndef VM_TESTS_INFER_FITTED_H
#define VM_TESTS_INFER_FITTED_H

#include <stdio.h>
#include <string.h>
#include "runtime/infer/fit.h"

/* A fit of a program that needs no data; NULL, with its messages, where there is none. */
static inline fit *fitted(arena *a, const char *text, uint64_t seed) {
    diagnostics *d = arena_new(a, diagnostics);
    names *n = arena_new(a, names);
    diagnostics_open(d, a);
    names_open(n, a);
    data_set data;
    data_open(&data, a);
    text_reader none = {0};
    program *p = program_compile(d, n, diagnostics_source(d, "test.vm", text, strlen(text), false), &none);
    model *m = d->errors ? NULL : model_bind(d, p, &data, a);
    options o;
    options_default(&o);
    o.seed = seed;
    o.given = 1u << OPTION_seed;
    status s;
    fit *f = m ? fit_run(d, m, &o, a, NULL, NULL, &s) : NULL;
    for (uint32_t i = 0; i < d->list.count; i++) printf("%s\n", diagnostic_text(d, &d->list.at[i]));
    return f;
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
