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

static void hold(arena *a, size_t size) {
    for (; a; a = a->outer) {
        a->total += size;
        if (a->total > a->most) a->most = a->total;
    }
}

void arena_close(arena *a) {
    for (arena_closing *c = a->closings; c; c = c->next) c->release(c->user);
    for (arena *b = a->outer; b; b = b->outer) b->total -= a->total;
    for (arena_chunk *c = a->chunks, *next; c; c = next) {
        next = c->next;
        a->memory->allocate(a->memory->user, c, c->size, 0);
    }
    *a = (arena){.memory = a->memory};
}

static void close_inside(void *a) { arena_close(a); }

arena *arena_inside(arena *outer) {
    arena *a = arena_new(outer, arena);
    *a = (arena){.memory = outer->memory, .zeroed = outer->zeroed, .outer = outer};
    arena_at_close(outer, close_inside, a);
    return a;
}

/* Chunks are a quarter of what there is, within limits. */
static size_t next_size(const arena *a) {
    size_t size = a->own / 4;
    return size < FIRST_CHUNK ? FIRST_CHUNK : size > LARGEST_CHUNK ? LARGEST_CHUNK : size;
}

static arena_chunk *new_chunk(arena *a, size_t size) {
    arena_chunk *c = a->memory->allocate(a->memory->user, NULL, 0, size);
    if (!c) longjmp(*a->memory->escape, 1);
    c->size = size;
    a->own += size;
    hold(a, size);
    return c;
}

static uintptr_t aligned(uintptr_t at, size_t align) { return (at + align - 1) & ~(uintptr_t)(align - 1); }

static void *cleared(const arena *a, uintptr_t at, size_t size) {
    return a->zeroed ? (void *)at : memset((void *)at, 0, size);
}

/* What would leave much of the newest chunk unused gets one of its own behind it. */
static void *take_apart(arena *a, size_t size, size_t align) {
    arena_chunk *c = new_chunk(a, size + HEADER + align);
    c->next = a->chunks->next;
    a->chunks->next = c;
    return cleared(a, aligned((uintptr_t)c + HEADER, align), size);
}

static void grow(arena *a, size_t need) {
    size_t size = next_size(a);
    arena_chunk *c = new_chunk(a, size < need ? need : size);
    c->next = a->chunks;
    a->chunks = c;
    a->used = HEADER;
    a->size = c->size;
}

static void *take(arena *a, size_t size, size_t align) {
    if (size > SIZE_MAX / 2 - HEADER) longjmp(*a->memory->escape, 1);
    for (;;) {
        uintptr_t base = (uintptr_t)a->chunks, at = aligned(base + a->used, align);
        size_t offset = at - base;
        if (a->chunks && offset <= a->size && size <= a->size - offset) {
            a->used = offset + size;
            return cleared(a, at, size);
        }
        if (a->chunks && size > next_size(a) / 4) return take_apart(a, size, align);
        grow(a, size + HEADER + align);
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
