/* A model: a program with its data. Axes have sizes and labels, every data variable has its values, checked
 * against its declaration. */
#ifndef VM_BIND_MODEL_H
#define VM_BIND_MODEL_H

#include "autodiff/team.h"
#include "lang/program.h"
#include "runtime/bind/data.h"

enum { SIZE_UNKNOWN = 0xffffffff }; /* of an axis, while a model is being bound */

typedef struct bound_axis {
    uint32_t size;
    const char *const *labels; /* `size` of them, or NULL: counted from 1 */
} bound_axis;

typedef struct model {
    const program *program;
    arena *arena;
    bound_axis *axes; /* by axis of the program; an alias has the size and labels of what it is an alias of */
    const double *
        *values; /* by variable: data, dense in canonical axis order, indices from 1; NULL: not given */
    team *team;  /* the threads that its machines run on; NULL: the caller's alone */
} model;

/* Matches data to declarations: sizes of axes (from labels, tables and the shapes of arrays, which must all
 * agree), labels of columns of strings, indices into axes (a label that its axis lacks is an error), types
 * and missing entries. Variables that no source has take their default. Mistakes are reported in `d`, code
 * `data`, with file and line; returns NULL then. */
model *model_bind(diagnostics *d, const program *p, const data_set *data, arena *a);

/* The first entry of a part of an axis, counted from 0 in the whole. */
int64_t model_part_start(const model *m, axis part);

/* Entries of a variable or node with these axes. */
uint64_t model_size(const model *m, axes of);

/* The number of states of a discrete latent that is summed out, program.summed.at[k]. */
uint32_t model_states(const model *m, uint32_t k);

/* The number of a size expression or another node of data and numbers alone. Used for axis sizes. */
bool model_number(const model *m, node n, double *value);

#endif
