/* Programs that a test has as text, compiled and bound. */
#ifndef VM_TESTS_COMPILED_H
#define VM_TESTS_COMPILED_H

#include <stdio.h>
#include <string.h>
#include "runtime/bind/model.h"

typedef struct compiled {
    diagnostics said;
    names names;
    data_set data; /* empty; the test adds to it before it binds */
    program *program;
} compiled;

static inline compiled *compile_text(arena *a, const char *text) {
    compiled *c = arena_new(a, compiled);
    diagnostics_open(&c->said, a);
    names_open(&c->names, a);
    data_open(&c->data, a);
    uint32_t source = diagnostics_source(&c->said, "test.vm", text, strlen(text), false);
    c->program = program_compile(&c->said, &c->names, source, &(text_reader){0});
    return c;
}

/* NULL where it cannot be. */
static inline model *bind_compiled(compiled *c, arena *a) {
    return c->said.errors ? NULL : model_bind(&c->said, c->program, &c->data, a);
}

/* Behind a mark, since what is said may be meant. */
static inline void show_messages(compiled *c) {
    for (uint32_t i = 0; i < c->said.list.count; i++)
        printf("# %s\n", diagnostic_text(&c->said, &c->said.list.at[i]));
}

#endif
