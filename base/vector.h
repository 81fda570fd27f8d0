/* Growing arrays in an arena: `vector(T) v = {0}; push(a, &v, x);` then v.at[i] for i < v.count.
 * What is outgrown stays in the arena until it is closed: at most as much again. */
#ifndef VM_BASE_VECTOR_H
#define VM_BASE_VECTOR_H

#include <string.h>
#include "base/arena.h"

#define vector(T)                                                                                            \
    struct {                                                                                                 \
        T *at;                                                                                               \
        uint32_t count, capacity;                                                                            \
    }

#define push(a, v, ...)                                                                                      \
    do {                                                                                                     \
        if ((v)->count == (v)->capacity)                                                                     \
            (v)->at = vector_grow((a), (v)->at, sizeof *(v)->at, (v)->count, &(v)->capacity);                \
        (v)->at[(v)->count++] = (__VA_ARGS__);                                                               \
    } while (0)

static inline void *vector_grow(arena *a, const void *old, size_t size, uint32_t count, uint32_t *capacity) {
    *capacity = *capacity ? *capacity * 2 : 8;
    void *at = arena_take_array(a, *capacity, size);
    if (count) memcpy(at, old, count * size);
    return at;
}

#endif
