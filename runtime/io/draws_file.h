/* Files of draws, read back: a header of names `a.1.2`, one line a draw, and comments that say what they are
 * draws of (stan_csv.h). */
#ifndef VM_IO_DRAWS_FILE_H
#define VM_IO_DRAWS_FILE_H

#include "runtime/infer/posterior.h"
#include "runtime/io/report.h"

typedef struct draws_axis {
    const char *name;
    bound_axis is;
} draws_axis;

typedef struct draws_file {
    data_set columns;    /* those of Stan itself, whose names end in `__`, are left out */
    uint32_t count;      /* draws */
    const char *model;   /* or NULL */
    uint64_t seed, data; /* fingerprint_of_data, 0 where it does not say */
    bool judged;
    verdict verdict;
    vector(draws_axis) axes;
} draws_file;

/* Reads a file or its text. False where it cannot be read or holds no draws, which is reported. */
bool draws_file_read(diagnostics *d, arena *a, const char *path, draws_file *to);
bool draws_file_read_text(diagnostics *d, arena *a, const char *path, char *text, size_t length,
                          draws_file *to);

/* `a.1.2` is a[1, 2]; a part that is no number belongs to the name. Fills name, rank and `at`. */
void draws_file_place(arena *a, const char *column, report_place *to);

/* The draws of a program's latents and params. False where entries of one are missing, which is reported. */
bool draws_file_posterior(diagnostics *d, const char *path, const draws_file *from, const program *p,
                          posterior *to, arena *a);

#endif
