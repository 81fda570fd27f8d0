/* The entries of a variable as nested JSON lists, row-major in the order of its declaration, as data files
 * have them. */
#ifndef VM_IO_NESTED_H
#define VM_IO_NESTED_H

#include "runtime/bind/model.h"
#include "runtime/io/json_writer.h"

typedef struct nested {
    const double *entries;
    int rank;
    uint64_t size[AXES_MOST], stride[AXES_MOST]; /* by axis, in the order of the declaration */
    const char *const *labels;                   /* entry x is labels[x - 1]; NULL: entries are numbers */
    double shift;                                /* added to every number */
    bool data; /* what JSON has no number for is a word, as data files have it; else null */
} nested;

/* Values of a variable, dense in canonical order, for a data file: indices are labels where there are any. */
nested nested_data(const model *m, variable v, const double *entries);
void nested_json(json_writer *w, const char *key, const nested *n);

#endif
