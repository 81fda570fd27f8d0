#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct arena_chunk {
    arena_chunk *next;
    size_t size; /* with this header */
};

enum { HEADER = 64, FIRST_CHUNK = 16 * 1024, LARGEST_CHUNK = 4 * 1024 * 1024 };

void arena_open(arena *a, memory *m) { *a = (arena){.memory = m}; }

struct arena_closing {
    arena_closing *next;
    void (*release)(void *user);
    void *user;
};

void arena_at_close(arena *a, void (*release)(void *user), void *user) {
    arena_closing *c = arena_new(a, arena_closing);
    *c = (arena_closing){a->closings, release, user};
    a->closings = c;
}

void arena_close(arena *a) {
    for (arena_closing *c = a->closings; c; c = c->next) c->release(c->user);
    for (arena_chunk *c = a->chunks, *next; c; c = next) {
        next = c->next;
        a->memory->allocate(a->memory->user, c, c->size, 0);
    }
    *a = (arena){.memory = a->memory};
}

/* Chunks double up to a limit; what is larger than that gets a chunk of its own size. */
static void grow(arena *a, size_t need) {
    size_t size = a->size ? a->size * 2 : FIRST_CHUNK;
    if (size > LARGEST_CHUNK) size = LARGEST_CHUNK;
    if (need > SIZE_MAX / 2 - HEADER) longjmp(*a->memory->escape, 1);
    if (size < need + HEADER + 64) size = need + HEADER + 64;
    arena_chunk *c = a->memory->allocate(a->memory->user, NULL, 0, size);
    if (!c) longjmp(*a->memory->escape, 1);
    *c = (arena_chunk){a->chunks, size};
    a->chunks = c;
    a->used = HEADER;
    a->size = size;
    a->total += size;
}

static void *take(arena *a, size_t size, size_t align) {
    for (;;) {
        if (a->chunks) {
            uintptr_t base = (uintptr_t)a->chunks;
            uintptr_t at = (base + a->used + align - 1) & ~(uintptr_t)(align - 1);
            size_t offset = at - base;
            if (offset <= a->size && size <= a->size - offset) {
                a->used = offset + size;
                return memset((void *)at, 0, size);
            }
        }
        grow(a, size);
    }
}

void *arena_take(arena *a, size_t size) { return take(a, size, 16); }
void *arena_take_aligned(arena *a, size_t size) { return take(a, size, 64); }

void *arena_take_array(arena *a, size_t count, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) longjmp(*a->memory->escape, 1);
    return arena_take(a, bytes);
}

char *arena_copy(arena *a, const char *p, size_t length) {
    char *copy = arena_take(a, length + 1);
    if (length) memcpy(copy, p, length);
    return copy;
}

char *arena_print(arena *a, const char *format, ...) {
    va_list list, again;
    va_start(list, format);
    va_copy(again, list);
    int length = vsnprintf(NULL, 0, format, list);
    char *text = arena_take(a, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    va_end(list);
    return text;
}
