/* The options of a fit, from one table (options.def). */
#ifndef VM_LANG_OPTIONS_H
#define VM_LANG_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

typedef enum option_kind { OPTION_COUNT, OPTION_SEED, OPTION_REAL, OPTION_WORD } option_kind;

typedef struct options {
#define OPTION(name, kind, type, initial, example, about) type name;
#include "lang/options.def"
#undef OPTION
    uint64_t given; /* bit i: option i was set */
} options;

typedef enum option_id {
#define OPTION(name, kind, type, initial, example, about) OPTION_##name,
#include "lang/options.def"
#undef OPTION
    OPTION_count
} option_id;

typedef struct option_row {
    const char *name;
    option_kind kind;
    const char *example, *about;
} option_row;
extern const option_row OPTIONS[];

void options_default(options *o);
option_id option_find(const char *name);    /* OPTION_count where there is none */
option_id option_nearest(const char *name); /* for "did you mean"; OPTION_count where none is near */
/* Sets an option from its text, as a flag or a program gives it. False where the text is wrong; *why then
 * says what it takes. */
bool option_set(options *o, option_id id, const char *text, arena *a, const char **why);
/* Options of `over` that were given replace those of `o`. */
void options_merge(options *o, const options *over);

#endif
