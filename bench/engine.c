#include "bench/engine.h"

#include <stdio.h>
#include "runtime/infer/blas.h"

static const char *read_program(const char *path, size_t *length, arena *a) {
    enum { LARGEST = 1 << 16 };
    char *text = arena_take(a, LARGEST);
    FILE *from = fopen(path, "rb");
    if (!from) return NULL;
    *length = fread(text, 1, LARGEST - 1, from);
    fclose(from);
    return text;
}

static void give(data_set *to, const dataset *d) {
    for (uint32_t i = 0; i < d->count; i++) {
        const array *x = &d->arrays[i];
        data_array given = {.name = x->name, .rank = x->rank, .numbers = x->values};
        for (uint32_t k = 0; k < x->rank; k++) given.dims[k] = x->dims[k];
        push(to->arena, &to->arrays, given);
    }
}

static density *plan(const workload *w, const dataset *d, diagnostics *said, arena *a) {
    const char *path = arena_print(a, "bench/%s.vm", w->stem), *text;
    size_t length = 0;
    names *n = arena_new(a, names);
    data_set *data = arena_new(a, data_set);
    space *s = arena_new(a, space);
    names_open(n, a);
    data_open(data, a);
    if (!(text = read_program(path, &length, a))) {
        perror(path);
        return NULL;
    }
    program *p = program_compile(said, n, diagnostics_source(said, path, text, length, false), NULL);
    if (said->errors) return NULL;
    give(data, d);
    model *m = model_bind(said, p, data, a);
    if (!m) return NULL;
    *s = space_of_latents(m, true, a);
    return density_new(said, s, w->points, a);
}

engine *engine_open(const workload *w, const dataset *d, arena *a) {
    diagnostics *said = arena_new(a, diagnostics);
    engine *e = arena_new(a, engine);
    diagnostics_open(said, a);
    blas_reserve(a->memory);
    e->density = plan(w, d, said, a);
    for (uint32_t i = 0; i < said->list.count; i++)
        if (said->list.at[i].severity == SEVERITY_error)
            fputs(diagnostic_text(said, &said->list.at[i]), stderr);
    if (!e->density) return NULL;
    e->size = e->density->space->size;
    return e;
}
