/* The work of model_bind, shared by its parts: which array supplies which variable (supplies.c), how large
 * the axes are (sizes.c), the values (values.c). Each part reports its own mistakes; what failed is marked,
 * so that what depends on it stays silent. */
#ifndef VM_BIND_BINDING_H
#define VM_BIND_BINDING_H

#include "runtime/bind/labels.h"
#include "runtime/bind/model.h"

/* The array that fills a variable. Its dimensions may be in another order than the declaration's. */
typedef struct supply {
    const data_array *array; /* NULL: none */
    axis order[AXES_MOST];   /* the axis of each dimension */
} supply;

typedef struct axis_state {
    const char
        *because;   /* what gave the size, to stand after "but": "`x` has 433"; NULL while there is no size */
    uint32_t table; /* whose rows are the entries; 0: none */
    labels labels;  /* none, or one for each entry */
    bool numeric;   /* the labels are numbers: a number in the data is a label, not a position */
    bool columns_taken; /* the columns that bear the labels' names fill a variable already */
    bool waits;         /* of fixed size, which needs a size that comes from data */
    bool failed;
} axis_state;

typedef struct binding {
    diagnostics *d;
    const program *program;
    const data_set *data;
    model *model;
    arena *arena;
    axis_state *axes; /* by axis; those of aliases are unused */
    supply *supplies; /* by variable */
    axis *rows;       /* by table: the axis that a variable with one axis gave its rows; AXIS_NONE */
    bool *failed;     /* by variable: reported already */
} binding;

/* The axis itself, or what it is an alias of. */
static inline axis binding_axis(const binding *b, axis a) {
    const axis_row *row = program_axis(b->program, a);
    return row->of;
}

static inline uint32_t binding_size(const binding *b, axis a) { return b->model->axes[a].size; }

/* "`x`" or "`x` of homes.csv": an array in a message. In the arena of the diagnostics. */
const char *binding_array_text(const binding *b, const data_array *x);

/* supplies.c: finds the table of each axis; then the array of each data variable that is a single number,
 * then of the others. A variable that has none and no default is an error. */
void binding_find_tables(binding *b);
void binding_find_scalars(binding *b);
void binding_find_arrays(binding *b);

/* The array that bears the name of a latent; NULL where none does, as it should be. */
const data_array *binding_array_of_latent(const binding *b, variable v);
/* Warns of latents that have one. */
void binding_warn_of_latents(binding *b);

/* sizes.c */
void binding_declared_sizes(binding *b);
void binding_data_sizes(binding *b);

/* values.c: the values of a variable whose axes all have a size; checked. */
void binding_fill(binding *b, variable v);

/* missing.c: which entries of data that were filled are missing (NaN); their axis and places. */
void binding_find_gaps(binding *b, const missing *m);

/* checks.c: whether dense values hold what the type says; reports the first that does not. */
bool binding_check(binding *b, variable v, const double *values);
/* "`x[3, 2]`": entry i of the supply of v; `line` is its line in the file or 0. */
const char *binding_entry_text(const binding *b, variable v, uint64_t i, uint32_t *line);

#endif
