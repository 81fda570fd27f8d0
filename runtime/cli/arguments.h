/* The command line of vmrun: a command, files, flags. What it knows stands in flags.def and lang/options.def.
 */
#ifndef VM_CLI_ARGUMENTS_H
#define VM_CLI_ARGUMENTS_H

#include <stdio.h>

#include "base/vector.h"
#include "lang/options.h"

typedef enum flag_id {
#define FLAG(name, letter, value, commands, about) FLAG_##name,
#include "runtime/cli/flags.def"
#undef FLAG
    FLAG_count
} flag_id;

typedef struct given_flag {
    flag_id id;
    const char *value;
} given_flag;

typedef struct arguments {
    const char *command;
    vector(const char *) files;
    vector(given_flag) flags;
    options options;
} arguments;

/* Reads argv behind the command's name. NULL, or a message that says what is wrong and what to write. */
const char *arguments_read(arguments *out, arena *a, const char *command, int count, char **words);
/* Value i of a repeated flag; NULL behind the last. A flag without value has "". */
const char *arguments_flag(const arguments *of, flag_id id, uint32_t i);
/* The whole number from `least` to `most` that a flag is given; *value stays where it is not. False where it
 * is something else. */
bool arguments_whole(const arguments *of, flag_id id, uint64_t least, uint64_t most, uint64_t *value);
/* The flags and options of a command, one a line. */
void arguments_help(const char *command, FILE *to);

#endif
