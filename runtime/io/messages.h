/* Messages as editors read them. */
#ifndef VM_IO_MESSAGES_H
#define VM_IO_MESSAGES_H

#include "base/diagnostics.h"
#include "runtime/io/json_writer.h"

/* A list of objects: code, severity, message, help, file, and where it is in the text line, column, end_line
 * and end_column; from 1, columns in characters, the end behind the last one. Of a data file there may be a
 * line alone. */
void messages_json(json_writer *w, const char *key, const diagnostics *d);
/* "file": …, "line": …, …, "end_column": … of a place in a source. */
void messages_json_place(json_writer *w, const diagnostics *d, span at);

#endif
