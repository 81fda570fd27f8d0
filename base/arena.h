/* Memory. All of it comes from the host's allocator through arenas, which are freed whole; there are
 * three in the life of a model (compile, model, fit), so nothing is freed piece by piece and nothing leaks.
 *
 * Running out of memory is not an error code that every caller passes on: arena_take never returns NULL.
 * It jumps to `escape`, which the library's entry point sets (setjmp) before it does anything else; the entry
 * point then frees its arenas and returns VM_OUT_OF_MEMORY. */
#ifndef VM_BASE_ARENA_H
#define VM_BASE_ARENA_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Grows, shrinks or frees a block: `block` is NULL for a new one, `size` 0 frees. NULL means out of memory.
 */
typedef void *allocate_function(void *user, void *block, size_t old_size, size_t size);

typedef struct memory {
    allocate_function *allocate;
    void *user;
    jmp_buf *escape; /* where running out of memory ends; must be set while anything may allocate */
} memory;

typedef struct arena_chunk arena_chunk;
typedef struct arena_closing arena_closing;

typedef struct arena {
    memory *memory;
    arena_chunk *chunks; /* newest first */
    size_t used, size;   /* of the newest chunk */
    size_t own;          /* bytes of its chunks */
    size_t total, most;  /* bytes that it and the arenas inside it hold of the host's; the most so far */
    bool zeroed;         /* the host's blocks come zeroed */
    struct arena *outer; /* or NULL */
    arena_closing *closings;
} arena;

void arena_open(arena *a, memory *m);
void arena_close(arena *a);
/* One for what is needed for a while, which is closed with `outer` if not before. */
arena *arena_inside(arena *outer);

/* Calls release(user) when the arena is closed, while its memory is still there; what was asked for last
 * comes first. For what is no memory, as threads. */
void arena_at_close(arena *a, void (*release)(void *user), void *user);

/* `size` zeroed bytes, aligned to 16; never NULL, see above. */
void *arena_take(arena *a, size_t size);
/* The same aligned to 64 bytes (a cache line, a vector of AVX-512), for buffers of numbers. */
void *arena_take_aligned(arena *a, size_t size);
/* Room for `count` elements; a product that overflows counts as out of memory. */
void *arena_take_array(arena *a, size_t count, size_t size);

#define arena_new(a, T)      ((T *)arena_take((a), sizeof(T)))
#define arena_array(a, T, n) ((T *)arena_take_array((a), (n), sizeof(T)))

char *arena_copy(arena *a, const char *p, size_t length); /* with a NUL behind it */
char *arena_print(arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
