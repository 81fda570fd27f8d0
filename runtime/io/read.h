/* Data files of any kind that is known, by the ending of their names. */
#ifndef VM_IO_READ_H
#define VM_IO_READ_H

#include "runtime/bind/data.h"

/* Adds what a .csv or .json file holds to `s`; `axis` is the name of the axis whose entries the rows of a
 * table are, or NULL. `path` is kept, not copied. False after a mistake, which is reported. */
bool data_read(diagnostics *d, data_set *s, const char *path, const char *axis);

#endif
