/* Data as JSON in Stan's layout: one object, whose members are numbers, truth values (1 and 0), strings, or
 * lists of these, nested row by row. null is a missing entry; "NaN", "Inf" and "-Inf" are numbers. */
#ifndef VM_IO_JSON_H
#define VM_IO_JSON_H

#include "runtime/bind/data.h"

/* Adds the members to `s`. False where the file cannot be read or is broken, or a list is ragged, which is
 * reported; nothing is added where the text is no JSON. */
bool json_read(diagnostics *d, data_set *s, const char *path);
/* The same for a text in memory, of `length` bytes with a NUL behind them, which is called `file`. */
bool json_read_text(diagnostics *d, data_set *s, const char *file, const char *text, size_t length);

#endif
