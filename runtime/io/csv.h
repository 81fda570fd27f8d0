/* Tables as RFC 4180 files: comma-separated, quotes doubled, UTF-8, the first row names the columns. Each
 * column becomes a list of one table. A cell is a number, a text, or missing (empty, or NA); a column with
 * any text keeps the texts of all its cells. */
#ifndef VM_IO_CSV_H
#define VM_IO_CSV_H

#include "runtime/bind/data.h"

/* A line that begins with this is no part of the table: who takes comments out of a text leaves it in their
 * place, so that the numbers of the other lines stay. */
enum { CSV_PASSED_OVER = '\f' };

/* Adds the table to `s`; `axis` is the name of the axis whose entries its rows are, or NULL. False where the
 * file cannot be read or is broken, which is reported with its line; nothing is added then. */
bool csv_read(diagnostics *d, data_set *s, const char *path, const char *axis);
/* The same for a text in memory, which is called `file`. */
bool csv_read_text(diagnostics *d, data_set *s, const char *file, const char *text, size_t length,
                   const char *axis);

#endif
