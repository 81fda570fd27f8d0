/* What tests of data need: memory that counts its blocks and can fail at the n-th request, programs made by
 * hand, and a look at the messages. */
#ifndef VM_TESTS_BIND_WORKSHOP_H
#define VM_TESTS_BIND_WORKSHOP_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/bind/model.h"
#include "tests/check.h"

typedef struct workshop {
    memory memory;
    jmp_buf escape;
    long requests, fail_at, live; /* fail_at 0: never */
    arena arena;
    names names;
    diagnostics d;
    data_set data;
    program program;
} workshop;

static void *workshop_allocate(void *user, void *block, size_t old_size, size_t size) {
    workshop *w = user;
    (void)old_size;
    if (size == 0) {
        w->live--;
        free(block);
        return NULL;
    }
    if (++w->requests == w->fail_at) return NULL;
    w->live++;
    return malloc(size);
}

/* Call setjmp(w->escape) after this where memory is to fail. */
static inline void workshop_open(workshop *w, long fail_at) {
    memset(w, 0, sizeof *w);
    w->fail_at = fail_at;
    w->memory = (memory){workshop_allocate, w, &w->escape};
    arena_open(&w->arena, &w->memory);
}

/* The part that may run out of memory. */
static inline void workshop_fill(workshop *w) {
    names_open(&w->names, &w->arena);
    diagnostics_open(&w->d, &w->arena);
    data_open(&w->data, &w->arena);
    w->program = (program){.arena = &w->arena, .names = &w->names, .path = "models/made.vm"};
    push(&w->arena, &w->program.nodes, (node_row){0});
}

static inline void workshop_close(workshop *w) { arena_close(&w->arena); }

/* Each case opens a fresh one, which never fails. */
static inline workshop *fresh(void) {
    static workshop w;
    if (w.arena.chunks) workshop_close(&w);
    workshop_open(&w, 0);
    workshop_fill(&w);
    return &w;
}

static const span NOWHERE = {.source = SOURCE_NONE};

static inline axis add_axis(workshop *w, const char *called, axis_source from) {
    axis_row row = {.name = names_of(&w->names, called), .source = from, .of = (axis)w->program.axes.count};
    row.at = row.file_at = NOWHERE;
    push(&w->arena, &w->program.axes, row);
    return (axis)(w->program.axes.count - 1);
}

static inline node add_node(workshop *w, node_row row) {
    push(&w->arena, &w->program.nodes, row);
    return w->program.nodes.count - 1;
}

static inline node add_number(workshop *w, double x) {
    return add_node(w, (node_row){.op = NODE_number, .number = x, .range = {.lowest = x, .highest = x}});
}

static inline variable add_data(workshop *w, const char *called, support of, int rank, const axis *order) {
    variable_row row = {.name = names_of(&w->names, called), .kind = VARIABLE_data, .at = NOWHERE};
    row.type = (type){.support = of, .index = AXIS_NONE};
    for (int i = 0; i < rank; i++) {
        row.order[i] = order[i];
        row.axes = axes_with(row.axes, order[i]);
    }
    push(&w->arena, &w->program.variables, row);
    return w->program.variables.count - 1;
}

static inline model *bind(workshop *w) { return model_bind(&w->d, &w->program, &w->data, &w->arena); }

/* The whole text of message i, "" where there are fewer. */
static inline const char *message(workshop *w, uint32_t i) {
    return i < w->d.list.count ? diagnostic_text(&w->d, &w->d.list.at[i]) : "";
}

/* There is one message, and it reads like this. */
static inline void expect(workshop *w, const char *called, const char *text) {
    bool good = w->d.errors == 1 && strcmp(message(w, 0), text) == 0;
    check(good, called, "%u messages, the first:\n%s", w->d.errors, message(w, 0));
}

#endif
