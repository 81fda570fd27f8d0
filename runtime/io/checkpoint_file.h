/* Checkpoints of a fit as files: a line that names the kind, the state, and a hash of the state in the pieces
 * in which it was carried. A new one replaces the old when it is whole. */
#ifndef VM_IO_CHECKPOINT_FILE_H
#define VM_IO_CHECKPOINT_FILE_H

#include "runtime/infer/checkpoint.h"
#include "runtime/io/file.h"

typedef struct checkpoint_file {
    diagnostics *d;
    arena *arena;
    const char *path;
    file_writer writer; /* open while one is written */
    uint64_t hash;      /* of what was carried so far */
    const char *text;   /* of the one to go on from */
    size_t length, at;
    carrier from;
    checkpoints store; /* what a fit is given; its functions have this file as their user */
} checkpoint_file;

/* With `resumes` the fit goes on from the file, where there is one. False where that is there and no
 * checkpoint, or the path cannot be written: both are reported. A failure to write a later one is reported in
 * `d` and does not end the fit. */
bool checkpoint_file_open(checkpoint_file *f, diagnostics *d, arena *a, const char *path, uint64_t every,
                          bool resumes);

#endif
