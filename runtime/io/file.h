/* Files: read whole, and written whole or not at all. */
#ifndef VM_IO_FILE_H
#define VM_IO_FILE_H

#include <stdio.h>

#include "base/diagnostics.h"

/* The bytes of a file with a NUL behind them, in the arena; NULL where it cannot be read, which is reported.
 * Pipes are read to their end. */
const char *file_read(diagnostics *d, arena *a, const char *path, size_t *length);

/* Whether a path is more than this ending, as `.csv`. */
bool path_ends_in(const char *path, const char *ending);

/* Whether there is a file of that name, which is not a folder; reported where not. */
bool file_present(diagnostics *d, const char *path);

/* A file that appears under its name when it is complete. Until then its bytes are in a temporary file beside
 * it; a device or a pipe is written directly. */
typedef struct file_writer {
    FILE *stream;          /* NULL: not open */
    const char *path;      /* as messages name it */
    const char *target;    /* the file itself, where the path is a symbolic link */
    const char *temporary; /* NULL: written directly */
} file_writer;

/* False where the path cannot be written, which is reported: call it before long work. */
bool file_begin(diagnostics *d, arena *a, file_writer *w, const char *path);
/* Puts what was written to w->stream under its name; false where any of it could not be written, which is
 * reported, and then the file is as it was before. */
bool file_commit(diagnostics *d, file_writer *w);
/* Leaves everything as it was before. Harmless on a writer that is not open. */
void file_abort(file_writer *w);

#endif
