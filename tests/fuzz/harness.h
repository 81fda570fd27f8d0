/* What the entry points of the fuzzers share. Each is the function that libFuzzer and AFL++ know, a run over
 * one input; what it finds are sanitizers' reports, asserts, inputs that take too long, and memory without
 * bound: the host's allocator aborts where more than MEMORY_MOST is asked for. */
#ifndef VM_TESTS_FUZZ_HARNESS_H
#define VM_TESTS_FUZZ_HARNESS_H

#include <stdlib.h>

#include "lang/program.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t length);

enum { MEMORY_MOST = 256 << 20 };

typedef struct fuzz_host {
    memory memory;
    jmp_buf escape;
    size_t held;
    arena arena;
    diagnostics diagnostics;
    names names;
} fuzz_host;

static inline void *fuzz_allocate(void *user, void *block, size_t old_size, size_t size) {
    fuzz_host *h = user;
    if (!size) {
        h->held -= old_size;
        free(block);
        return NULL;
    }
    h->held += size - (block ? old_size : 0);
    if (h->held > MEMORY_MOST) abort();
    return realloc(block, size);
}

/* In place, for the memory points to the host. */
static inline void fuzz_open(fuzz_host *h) {
    memset(h, 0, sizeof *h);
    h->memory = (memory){fuzz_allocate, h, &h->escape};
    arena_open(&h->arena, &h->memory);
    diagnostics_open(&h->diagnostics, &h->arena);
    names_open(&h->names, &h->arena);
}

/* The text is held in memory of its own, so that reading behind its end is seen. `import` finds no file but
 * "self.vm", which is the text itself. */
typedef struct fuzz_text {
    const char *text;
    size_t length;
} fuzz_text;

static inline const char *fuzz_read(void *user, arena *a, const char *path, size_t *length,
                                    const char **why) {
    (void)a;
    const fuzz_text *t = user;
    const char *slash = strrchr(path, '/');
    if (strcmp(slash ? slash + 1 : path, "self.vm") == 0) {
        *length = t->length;
        return t->text;
    }
    *why = "there are no files here";
    return NULL;
}

static inline const program *fuzz_compile(fuzz_host *h, const uint8_t *input, size_t length) {
    fuzz_text *t = arena_new(&h->arena, fuzz_text);
    char *copy = malloc(length + 1);
    memcpy(copy, input, length);
    copy[length] = 0;
    *t = (fuzz_text){copy, length};
    uint32_t source = diagnostics_source(&h->diagnostics, "fuzz/input.vm", t->text, length, false);
    text_reader reader = {fuzz_read, t};
    return program_compile(&h->diagnostics, &h->names, source, &reader);
}

/* Every message has a place in the text and a cure, and can be shown; there is one where anything failed. */
static inline void fuzz_look_at_messages(fuzz_host *h) {
    uint32_t errors = 0;
    for (uint32_t i = 0; i < h->diagnostics.list.count; i++) {
        const diagnostic *x = &h->diagnostics.list.at[i];
        if (!x->help || !*x->help || !*x->message) abort();
        errors += x->severity == SEVERITY_error;
        diagnostic_text(&h->diagnostics, x);
    }
    if (errors > h->diagnostics.errors || !errors != !h->diagnostics.errors) abort();
}

static inline void fuzz_close(fuzz_host *h) {
    for (uint32_t i = 0; i < h->diagnostics.sources.count; i++)
        if (strcmp(h->diagnostics.sources.at[i].name, "fuzz/input.vm") == 0)
            free((void *)h->diagnostics.sources.at[i].text);
    arena_close(&h->arena);
}

#endif
