/* Interned names: equal strings have equal pointers, so names compare and hash as pointers. */
#ifndef VM_BASE_NAMES_H
#define VM_BASE_NAMES_H

#include "base/arena.h"

typedef const char *name; /* NUL-terminated, owned by its table */

typedef struct names {
    arena *arena;
    name *slots; /* open addressing */
    uint32_t count, capacity;
} names;

void names_open(names *n, arena *a);
name names_add(names *n, const char *p, size_t length);
name names_of(names *n, const char *string);
/* NULL where it is not there. */
name names_find(const names *n, const char *string);

/* Hash of a byte string (FNV-1a, 64 bits, finished by a multiply-shift). */
uint64_t hash_bytes(const void *p, size_t length, uint64_t seed);

/* Damerau-Levenshtein distance (optimal string alignment), for "did you mean"; at most `limit` + 1. */
uint32_t edit_distance(const char *a, const char *b, uint32_t limit);

#endif
