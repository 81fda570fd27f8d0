/* Which array fills which variable. A variable is filled by
 *   the array of its name; or
 *   the columns NAME.label of a table, which become the axis that the table's rows are not; or
 *   for an axis with labels, the columns that bear just the labels.
 * A table that is known to be of one axis gives its columns only to variables with that axis. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "runtime/bind/binding.h"

const char *binding_array_text(const binding *b, const data_array *x) {
    if (!x->file) return arena_print(b->d->arena, "`%s`", x->name);
    return arena_print(b->d->arena, "`%s` of %s", x->name, x->file);
}

/* Whether `path` is `written`, perhaps in another folder: files are named relative to the model. */
static bool same_file(const char *path, const char *written) {
    while (strncmp(written, "./", 2) == 0) written += 2;
    size_t m = strlen(path), n = strlen(written);
    return m >= n && strcmp(path + m - n, written) == 0 && (m == n || path[m - n - 1] == '/');
}

static uint32_t find_table(const binding *b, axis a) {
    const axis_row *row = program_axis(b->program, a);
    for (uint32_t t = b->data->tables.count; t-- > 1;) {
        const char *of = b->data->tables.at[t].axis;
        if (of && strcmp(of, row->name) == 0) return t;
    }
    if (row->source != AXIS_from_table) return 0;
    for (uint32_t t = b->data->tables.count; t-- > 1;) {
        const data_table *table = &b->data->tables.at[t];
        if (!table->axis && table->file && same_file(table->file, row->file)) return t;
    }
    return 0;
}

void binding_find_tables(binding *b) {
    for (axis a = 0; a < b->program->axes.count; a++)
        if (program_axis(b->program, a)->of == a) b->axes[a].table = find_table(b, a);
}

/* Whether the rows of table `t` are the entries of `a`. */
static bool is_table_of(const binding *b, uint32_t t, axis a) {
    return b->axes[binding_axis(b, a)].table == t;
}

/* The axis of a table, AXIS_NONE where it is not known. Several may share one file; then the one that `x`
 * has. */
static axis table_axis(const binding *b, uint32_t t, const variable_row *x) {
    for (int i = 0; i < x->axes.count; i++)
        if (is_table_of(b, t, x->order[i])) return x->order[i];
    for (axis a = 0; a < b->program->axes.count; a++)
        if (program_axis(b->program, a)->of == a && b->axes[a].table == t) return a;
    return AXIS_NONE;
}

/* Whether table `t` may hold columns of `x`. */
static bool may_fill(const binding *b, uint32_t t, const variable_row *x) {
    if (t == 0) return true;
    axis of = table_axis(b, t, x);
    if (of == AXIS_NONE) return true;
    for (int i = 0; i < x->axes.count; i++)
        if (x->order[i] == of) return true;
    return false;
}

static const data_array *find_array(const binding *b, const char *key, const variable_row *x,
                                    uint32_t table) {
    for (uint32_t i = b->data->arrays.count; i-- > 0;) {
        const data_array *array = &b->data->arrays.at[i];
        if (strcmp(array->name, key) == 0 && (!table || array->table == table) &&
            may_fill(b, array->table, x))
            return array;
    }
    return NULL;
}

/* Columns of one table that become one array, rows × columns. */
typedef struct wide {
    uint32_t table;
    axis rows, across;
    const data_array **columns;
    uint32_t count;
} wide;

static data_array *join(binding *b, const char *key, const wide *w) {
    uint32_t rows = b->data->tables.at[w->table].rows;
    uint64_t size = (uint64_t)rows * w->count;
    double *numbers = arena_array(b->arena, double, size);
    const char **texts = NULL;
    bool *missing = NULL;
    for (uint32_t k = 0; k < w->count; k++) {
        if (w->columns[k]->texts && !texts) texts = arena_array(b->arena, const char *, size);
        if (w->columns[k]->missing && !missing) missing = arena_array(b->arena, bool, size);
    }
    for (uint32_t k = 0; k < w->count; k++) {
        const data_array *c = w->columns[k];
        for (uint32_t i = 0; i < rows; i++) {
            uint64_t at = (uint64_t)i * w->count + k;
            numbers[at] = c->numbers ? c->numbers[i] : (double)NAN;
            if (c->texts) texts[at] = c->texts[i];
            if (c->missing) missing[at] = c->missing[i];
        }
    }
    data_array *x = arena_new(b->arena, data_array);
    *x = *w->columns[0];
    x->name = key;
    x->rank = 2;
    x->dims[0] = rows, x->dims[1] = w->count;
    x->numbers = numbers, x->texts = texts, x->missing = missing;
    return x;
}

/* The rows' axis and the other one of a variable with two axes: the table's, or that of another variable with
 * columns there, or the first as declared. */
static wide wide_of(const binding *b, uint32_t table, const variable_row *x) {
    wide w = {.table = table, .rows = table_axis(b, table, x)};
    if (w.rows == AXIS_NONE && axes_has(x->axes, b->rows[table])) w.rows = b->rows[table];
    if (w.rows == AXIS_NONE) w.rows = x->order[0];
    w.across = w.rows == x->order[0] ? x->order[1] : x->order[0];
    w.columns = arena_array(b->arena, const data_array *, b->data->arrays.count);
    return w;
}

/* The part of a column's name behind `key.`; NULL where the name is not of that form. */
static const char *suffix_of(const char *column, const char *key) {
    size_t length = strlen(key);
    return strncmp(column, key, length) == 0 && column[length] == '.' && column[length + 1]
               ? column + length + 1
               : NULL;
}

/* Without labels of its own, the axis takes those of the columns in their order; 1, 2, … are no labels but
 * positions. An axis that has another size already takes none: sizes.c will say so. */
static void take_labels(binding *b, const wide *w, const char *key) {
    axis a = binding_axis(b, w->across);
    axis_state *across = &b->axes[a];
    if (across->because && binding_size(b, a) != w->count) return;
    bool counted = true;
    for (uint32_t k = 0; k < w->count && counted; k++) {
        char position[16];
        snprintf(position, sizeof position, "%u", k + 1);
        counted = strcmp(suffix_of(w->columns[k]->name, key), position) == 0;
    }
    if (counted) return;
    for (uint32_t k = 0; k < w->count; k++) labels_add(&across->labels, suffix_of(w->columns[k]->name, key));
    if (across->because) return;
    b->model->axes[a].size = w->count;
    across->because = arena_print(b->d->arena, "the columns `%s.…` are %u", key, w->count);
}

/* Brings the columns into the order of the labels of the axis they run along. */
static bool order_columns(binding *b, wide *w, variable v, const char *key) {
    const labels *l = &b->axes[binding_axis(b, w->across)].labels;
    const char *axis_name = program_axis(b->program, binding_axis(b, w->across))->name;
    const char *file = b->data->tables.at[w->table].file;
    const data_array **ordered = arena_array(b->arena, const data_array *, l->list.count + 1);
    for (uint32_t k = 0; k < w->count; k++) {
        const char *label = suffix_of(w->columns[k]->name, key);
        uint32_t at = labels_find(l, label);
        if (!at) {
            diagnostic *said =
                diagnose_data(b->d, file, 1, "the column `%s` is for `%s`, which `%s` does not have",
                              w->columns[k]->name, label, axis_name);
            const char *near = labels_nearest(l, label);
            if (near) advise(b->d, said, "did you mean `%s.%s`?", key, near);
            else advise(b->d, said, "name it after a label of `%s`, or leave it out", axis_name);
            return false;
        }
        ordered[at - 1] = w->columns[k];
    }
    for (uint32_t k = 0; k < l->list.count; k++)
        if (!ordered[k]) {
            diagnostic *said = diagnose_data(b->d, file, 1, "there is no column `%s.%s` for `%s`", key,
                                             l->list.at[k], variable_text(b->program, v));
            advise(b->d, said, "each of the %u labels of `%s` needs its column", l->list.count, axis_name);
            return false;
        }
    w->columns = ordered;
    w->count = l->list.count;
    return true;
}

static void supply_with(binding *b, variable v, const wide *w, const char *key) {
    supply *s = &b->supplies[v];
    s->array = join(b, key, w);
    s->order[0] = w->rows, s->order[1] = w->across;
    b->rows[w->table] = w->rows;
}

/* NAME.label columns. True where there are any, even if they are wrong. */
static bool find_wide(binding *b, variable v) {
    const variable_row *x = program_variable(b->program, v);
    if (x->axes.count != 2) return false;
    for (uint32_t t = b->data->tables.count; t-- > 1;) {
        if (!may_fill(b, t, x)) continue;
        wide w = wide_of(b, t, x);
        for (uint32_t i = 0; i < b->data->arrays.count; i++) {
            const data_array *c = &b->data->arrays.at[i];
            if (c->table == t && suffix_of(c->name, x->name)) w.columns[w.count++] = c;
        }
        if (w.count == 0) continue;
        axis_state *across = &b->axes[binding_axis(b, w.across)];
        if (!across->failed && !across->waits && across->labels.list.count == 0) take_labels(b, &w, x->name);
        if (across->labels.list.count && !order_columns(b, &w, v, x->name)) b->failed[v] = true;
        else supply_with(b, v, &w, x->name);
        return true;
    }
    return false;
}

/* The columns that are named as the labels of an axis with labels. They fill one variable only. */
static bool find_bare(binding *b, variable v) {
    const variable_row *x = program_variable(b->program, v);
    if (x->axes.count != 2) return false;
    for (uint32_t t = b->data->tables.count; t-- > 1;) {
        if (!may_fill(b, t, x)) continue;
        wide w = wide_of(b, t, x);
        if (b->axes[binding_axis(b, w.across)].labels.list.count == 0 && table_axis(b, t, x) == AXIS_NONE)
            w.rows = x->order[1], w.across = x->order[0];
        axis_state *across = &b->axes[binding_axis(b, w.across)];
        uint32_t count = across->labels.list.count, k = 0;
        if (count == 0 || across->columns_taken) continue;
        w.columns = arena_array(b->arena, const data_array *, count);
        for (; k < count && (w.columns[k] = find_array(b, across->labels.list.at[k], x, t)); k++) {}
        if (k < count) continue;
        w.count = count;
        across->columns_taken = true;
        supply_with(b, v, &w, x->name);
        return true;
    }
    return false;
}

/* What the sources have, for a message: names, at the most a dozen. */
static const char *names_had(const binding *b) {
    enum { MOST = 12 };
    const char *list = "";
    uint32_t count = b->data->arrays.count;
    for (uint32_t i = 0; i < count && i < MOST; i++)
        list = arena_print(b->d->arena, "%s%s`%s`", list, i ? ", " : "", b->data->arrays.at[i].name);
    return count > MOST ? arena_print(b->d->arena, "%s and %u more", list, count - MOST) : list;
}

static const char *nearest_array(const binding *b, const variable_row *x) {
    const char *nearest = NULL;
    uint32_t best = 3;
    for (uint32_t i = 0; i < b->data->arrays.count; i++) {
        const data_array *array = &b->data->arrays.at[i];
        uint32_t distance = slip_distance(x->name, array->name);
        if (distance < best && may_fill(b, array->table, x)) best = distance, nearest = array->name;
    }
    return nearest;
}

/* Of whatever axes. */
static const data_array *array_named(const binding *b, const char *key) {
    for (uint32_t i = b->data->arrays.count; i-- > 0;)
        if (strcmp(b->data->arrays.at[i].name, key) == 0) return &b->data->arrays.at[i];
    return NULL;
}

const data_array *binding_array_of_latent(const binding *b, variable v) {
    const variable_row *x = program_variable(b->program, v);
    for (uint32_t i = 0; i < b->program->missing.count; i++)
        if (b->program->missing.at[i].latent == v) return NULL;
    return variable_is_latent(x) ? array_named(b, x->name) : NULL;
}

void binding_warn_of_latents(binding *b) {
    for (variable v = 0; v < b->program->variables.count; v++) {
        const variable_row *x = program_variable(b->program, v);
        const data_array *unread = binding_array_of_latent(b, v);
        if (!unread) continue;
        diagnostic *said =
            warn(b->d, DIAGNOSTIC_unused, x->at, "`%s` is a latent here, so that %s is not read", x->name,
                 binding_array_text(b, unread));
        advise(b->d, said, "declare `data %s : %s` to fit the model to it", variable_text(b->program, v),
               type_text(b->program, x->type));
    }
}

static void report_none(binding *b, variable v) {
    const variable_row *x = program_variable(b->program, v);
    const char *text = variable_text(b->program, v), *near = nearest_array(b, x);
    const data_array *other = array_named(b, x->name);
    b->failed[v] = true;
    if (other) {
        axis of = table_axis(b, other->table, x);
        const char *rows = program_axis(b->program, of)->name;
        diagnostic *said = diagnose(b->d, DIAGNOSTIC_data, x->at,
                                    "the column %s has an entry for each `%s`, which `%s` does not vary over",
                                    binding_array_text(b, other), rows, text);
        advise(b->d, said, "declare `%s[%s]`, or give `%s` in another file", x->name, rows, x->name);
        return;
    }
    diagnostic *said = diagnose(b->d, DIAGNOSTIC_data, x->at, "no data give `%s`", text);
    if (b->data->arrays.count == 0)
        advise(b->d, said, "name a file in the program, `data from \"data.json\"`, or give one with --data");
    else if (near) advise(b->d, said, "did you mean `%s`? the data have %s", near, names_had(b));
    else advise(b->d, said, "the data have %s", names_had(b));
}

/* The dimensions must be those of the declaration. Of one entry, a list is as good as a number; of none, any
 * list is. */
static bool check_rank(binding *b, variable v, const data_array *array) {
    const variable_row *x = program_variable(b->program, v);
    uint32_t rank = x->axes.count;
    if (array->rank == rank) return true;
    if (rank == 0 && data_array_size(array) == 1) return true;
    if (rank > array->rank && array->rank > 0 && data_array_size(array) == 0) return true;
    const char *shape = "";
    for (uint32_t i = 0; i < array->rank; i++)
        shape = arena_print(b->d->arena, "%s%s%u", shape, i ? " × " : "", array->dims[i]);
    const char *has = array->rank == 0   ? "a single number"
                      : array->rank == 1 ? arena_print(b->d->arena, "a list of %s", shape)
                                         : arena_print(b->d->arena, "an array of %s", shape);
    diagnostic *said =
        diagnose_data(b->d, array->file, 0, "`%s` is %s, but the program declares `%s`%s", array->name, has,
                      variable_text(b->program, v), rank ? "" : ", a single number");
    if (rank == 0)
        advise(b->d, said, "give one number, or declare the axes that `%s` varies over, `%s[…]`", x->name,
               x->name);
    else
        advise(b->d, said, "it needs %u dimension%s, one for each axis; or change the declaration", rank,
               rank > 1 ? "s, nested lists row by row" : "");
    return false;
}

static void find(binding *b, variable v) {
    const variable_row *x = program_variable(b->program, v);
    supply *s = &b->supplies[v];
    const data_array *array = find_array(b, x->name, x, 0);
    if (array) {
        b->failed[v] = !check_rank(b, v, array);
        if (b->failed[v]) return;
        s->array = array;
        memcpy(s->order, x->order, sizeof s->order);
        if (array->table && x->axes.count == 1) b->rows[array->table] = x->order[0];
    } else if (!find_wide(b, v) && !find_bare(b, v) && !x->value) {
        report_none(b, v);
    }
}

/* Of the variables with at least `fewest` axes and at most `most`. */
static void find_all(binding *b, int fewest, int most) {
    for (variable v = 0; v < b->program->variables.count; v++) {
        const variable_row *x = program_variable(b->program, v);
        if (x->kind == VARIABLE_data && x->axes.count >= fewest && x->axes.count <= most) find(b, v);
    }
}

void binding_find_scalars(binding *b) { find_all(b, 0, 0); }

/* Lists first: they say which axis the rows of a table are. */
void binding_find_arrays(binding *b) {
    find_all(b, 1, 1);
    find_all(b, 2, AXES_MOST);
}
