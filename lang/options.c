#include "lang/options.h"

#include <math.h>
#include <string.h>

#include "base/names.h"
#include "base/number.h"

const option_row OPTIONS[] = {
#define OPTION(name, kind, type, initial, example, about) {#name, OPTION_##kind, example, about},
#include "lang/options.def"
#undef OPTION
};

_Static_assert(OPTION_count <= 64, "options.given has one bit for each");

void options_default(options *o) {
    *o = (options) {
#define OPTION(name, kind, type, initial, example, about) .name = initial,
#include "lang/options.def"
#undef OPTION
    };
}

option_id option_find(const char *key) {
    option_id id = 0;
    while (id < OPTION_count && strcmp(OPTIONS[id].name, key) != 0) id++;
    return id;
}

option_id option_nearest(const char *key) {
    uint32_t best = 3; /* one more than the edits that a slip of the fingers makes */
    option_id nearest = OPTION_count;
    for (option_id id = 0; id < OPTION_count; id++) {
        uint32_t distance = edit_distance(key, OPTIONS[id].name, best - 1);
        if (distance < best) best = distance, nearest = id;
    }
    return nearest;
}

/* Digits, exact up to 2^64 - 1, or another way to write a whole number that a double holds exactly: 1e5. */
static bool parse_whole(const char *text, uint64_t *value) {
    if (text[0] && text[strspn(text, "0123456789")] == 0) {
        *value = 0;
        for (const char *c = text; *c; c++)
            if (__builtin_mul_overflow(*value, 10, value) ||
                __builtin_add_overflow(*value, (uint64_t)(*c - '0'), value))
                return false;
        return true;
    }
    double real;
    if (!number_parse(text, &real) || !(real >= 0 && real <= 0x1p53) || floor(real) != real) return false;
    *value = (uint64_t)real;
    return true;
}

/* The place of `text` among the words of `words`, which `|` separates. */
static bool parse_word(const char *text, const char *words, uint64_t *value) {
    size_t length = strlen(text);
    *value = 0;
    for (const char *word = words;; word += strcspn(word, "|") + 1, ++*value) {
        size_t size = strcspn(word, "|");
        if (size == length && memcmp(word, text, size) == 0) return true;
        if (word[size] == 0) return false;
    }
}

bool option_set(options *o, option_id id, const char *text, arena *a, const char **why) {
    enum { COUNT_MOST = 0x7fffffff }; /* sizes are 32 bits wide */
    const option_row *row = &OPTIONS[id];
    uint64_t whole = 0;
    double real = 0;
    bool good = false;
    const char *takes = NULL;
    switch (row->kind) {
    case OPTION_COUNT:
        good = parse_whole(text, &whole) && whole >= 1 && whole <= COUNT_MOST;
        takes = "a whole number from 1 to 2147483647, such as ";
        break;
    case OPTION_SEED:
        good = parse_whole(text, &whole) && whole <= INT64_MAX; /* as far as JSON readers go */
        takes = "a whole number from 0 to 9223372036854775807, such as ";
        break;
    case OPTION_REAL:
        good = number_parse(text, &real) && real > 0 && isfinite(real);
        takes = "a positive number, such as ";
        break;
    case OPTION_WORD:
        good = parse_word(text, row->example, &whole);
        takes = "one of ";
        break;
    }
    if (!good) {
        *why = arena_print(a, "`%s` takes %s%s, not `%s`", row->name, takes, row->example, text);
        return false;
    }
    switch (id) {
#define OPTION(name, kind, type, initial, example, about)                                                    \
    case OPTION_##name:                                                                                      \
        o->name = OPTION_##kind == OPTION_REAL ? (type)real : (type)whole;                                   \
        break;
#include "lang/options.def"
#undef OPTION
    case OPTION_count: break;
    }
    o->given |= (uint64_t)1 << id;
    return true;
}

void options_merge(options *o, const options *over) {
#define OPTION(name, kind, type, initial, example, about)                                                    \
    if (over->given >> OPTION_##name & 1) o->name = over->name;
#include "lang/options.def"
#undef OPTION
    o->given |= over->given;
}
