/* Messages as editors read them. */
#ifndef VM_IO_MESSAGES_H
#define VM_IO_MESSAGES_H

#include <stdio.h>

#include "base/diagnostics.h"

/* A list of objects: code, severity, message, help, file, and where it is in the text line, column, end_line
 * and end_column; from 1, columns in characters, the end behind the last one. Of a data file there may be a
 * line alone. */
void messages_json(const diagnostics *d, FILE *to);
/* "file": …, "line": …, …, "end_column": … of a place in a source. */
void messages_json_place(const diagnostics *d, span at, FILE *to);

#endif
