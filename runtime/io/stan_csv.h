/* Draws as Stan's programs write them, for the tools that read those: comment lines, a header of names
 * `a.1.2`, one line a draw. The entries of an array stand with the first index running fastest, as there. */
#ifndef VM_IO_STAN_CSV_H
#define VM_IO_STAN_CSV_H

#include <stdio.h>

#include "runtime/infer/fit.h"

/* Needs f->draws. Errors of the stream are for who opened it (file_commit finds them). */
void stan_csv_write(const fit *f, const char *version, FILE *to);

#endif
