/* Data as files and hosts give them: named arrays of numbers or of strings, not yet matched to a program. */
#ifndef VM_BIND_DATA_H
#define VM_BIND_DATA_H

#include "base/axes.h"
#include "base/diagnostics.h"
#include "base/vector.h"

/* A dense row-major array. Entries may be strings where `texts` is not NULL: an entry with a text is a
 * string, one without is numbers[i]. A missing entry (an empty cell, NA, null) has neither: its number is NaN
 * and `missing` is set. */
typedef struct data_array {
    const char *name;
    const char *file; /* for messages; NULL when the host gave it */
    uint32_t rank;
    uint32_t dims[AXES_MOST];
    const double *numbers;
    const char *const *texts; /* NULL: all are numbers */
    const bool *missing;      /* NULL: none */
    const uint32_t *lines;    /* of the file, for each entry of the first dimension; NULL where not known */
    uint32_t table;           /* columns of one table share a number; 0: of none */
} data_array;

typedef struct data_table {
    const char *file;
    const char
        *axis; /* the axis whose entries its rows are (--data AXIS=FILE, axis … from), or NULL: not said */
    uint32_t rows;
} data_table;

typedef struct data_set {
    arena *arena;
    vector(data_array) arrays; /* of two with one name the later counts */
    vector(data_table) tables; /* tables.at[0] is none */
} data_set;

void data_open(data_set *s, arena *a);

static inline uint64_t data_array_size(const data_array *x) {
    uint64_t n = 1;
    for (uint32_t i = 0; i < x->rank; i++) n *= x->dims[i];
    return n;
}

#endif
