#include "base/names.h"

#include <string.h>

void names_open(names *n, arena *a) { *n = (names){.arena = a}; }

uint64_t hash_bytes(const void *p, size_t length, uint64_t seed) {
    const unsigned char *c = p;
    uint64_t h = (0xcbf29ce484222325u ^ seed) + length;
    while (length) {
        uint64_t word = 0;
        size_t n = length < sizeof word ? length : sizeof word;
        memcpy(&word, c, n);
        h = (h ^ word) * 0x9e3779b97f4a7c15u;
        h ^= h >> 32;
        c += n;
        length -= n;
    }
    return h * 0x9e3779b97f4a7c15u;
}

static name *slot_of(name *slots, uint32_t capacity, const char *p, size_t length) {
    uint32_t i = (uint32_t)(hash_bytes(p, length, 0) >> 32) & (capacity - 1);
    while (slots[i] && !(strncmp(slots[i], p, length) == 0 && slots[i][length] == 0))
        i = (i + 1) & (capacity - 1);
    return &slots[i];
}

name names_add(names *n, const char *p, size_t length) {
    if (2 * (n->count + 1) > n->capacity) {
        uint32_t capacity = n->capacity ? n->capacity * 2 : 256;
        name *slots = arena_array(n->arena, name, capacity);
        for (uint32_t i = 0; i < n->capacity; i++)
            if (n->slots[i]) *slot_of(slots, capacity, n->slots[i], strlen(n->slots[i])) = n->slots[i];
        n->slots = slots;
        n->capacity = capacity;
    }
    name *slot = slot_of(n->slots, n->capacity, p, length);
    if (!*slot) {
        *slot = arena_copy(n->arena, p, length);
        n->count++;
    }
    return *slot;
}

name names_find(const names *n, const char *string) {
    return n->capacity ? *slot_of(n->slots, n->capacity, string, strlen(string)) : NULL;
}

name names_of(names *n, const char *string) { return names_add(n, string, strlen(string)); }

uint32_t edit_distance(const char *a, const char *b, uint32_t limit) {
    enum { LONGEST = 64 };
    size_t m = strlen(a), n = strlen(b);
    if (m > LONGEST || n > LONGEST || (m > n ? m - n : n - m) > limit) return limit + 1;
    uint32_t rows[3][LONGEST + 1], *before = rows[0], *above = rows[1], *row = rows[2];
    for (size_t j = 0; j <= n; j++) above[j] = (uint32_t)j;
    for (size_t i = 1; i <= m; i++) {
        row[0] = (uint32_t)i;
        for (size_t j = 1; j <= n; j++) {
            uint32_t d = above[j - 1] + (a[i - 1] != b[j - 1]);
            if (above[j] + 1 < d) d = above[j] + 1;
            if (row[j - 1] + 1 < d) d = row[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < d)
                d = before[j - 2] + 1;
            row[j] = d;
        }
        uint32_t *oldest = before;
        before = above, above = row, row = oldest;
    }
    return above[n] > limit ? limit + 1 : above[n];
}
