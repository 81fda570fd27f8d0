/* How large the axes are. What a declaration says comes first, then the tables, then the shapes of arrays in
 * the order of the declarations, then the entries of index variables. The first that says a size is believed;
 * whoever disagrees is reported together with it. */
#include <math.h>

#include "base/number.h"
#include "runtime/bind/binding.h"

enum { SIZE_MOST = 0x7fffffff };

static const char *plural(uint32_t n) { return n == 1 ? "y" : "ies"; }

static void set_size(binding *b, axis a, uint32_t size, const char *because) {
    b->model->axes[a].size = size;
    b->axes[a].because = because;
}

/* An axis with labels has as many entries. */
static void take_label_count(binding *b, axis a, const char *because) {
    set_size(b, a, b->axes[a].labels.list.count, because);
}

/* False where the size needs what has no number yet: sizes that come from data. */
static bool fixed_size(binding *b, axis a) {
    const axis_row *row = program_axis(b->program, a);
    axis_state *s = &b->axes[a];
    double size;
    char text[NUMBER_LONGEST];
    s->waits = !model_number(b->model, row->size, &size);
    if (s->waits) return false;
    if (size >= 0 && size <= SIZE_MOST && floor(size) == size) {
        set_size(b, a, (uint32_t)size, arena_print(b->d->arena, "its declaration says %u", (uint32_t)size));
        return true;
    }
    diagnostic *said = diagnose(b->d, DIAGNOSTIC_data, row->at, "the size of `%s` is %s", row->name,
                                number_print(text, size));
    advise(b->d, said, "a size is a whole number from 0 to %d", SIZE_MOST);
    s->failed = true;
    return true;
}

/* Sizes that are made of sizes, until no further one has a number. */
static void waiting_sizes(binding *b) {
    for (bool again = true; again;) {
        again = false;
        for (axis a = 0; a < b->program->axes.count; a++)
            if (b->axes[a].waits) again |= fixed_size(b, a);
    }
    for (axis a = 0; a < b->program->axes.count; a++) {
        if (!b->axes[a].waits) continue;
        const axis_row *row = program_axis(b->program, a);
        b->axes[a].failed = true;
        if (b->d->errors) continue; /* what it waits for failed */
        diagnostic *said =
            diagnose(b->d, DIAGNOSTIC_data, row->at, "the size of `%s` has no value", row->name);
        advise(b->d, said, "it may be made of numbers, single data values and sizes of other axes");
    }
}

/* The column `key` of the table of an axis. */
static const data_array *key_column(const binding *b, uint32_t table, const char *key) {
    for (uint32_t i = 0; i < b->data->arrays.count; i++)
        if (b->data->arrays.at[i].table == table && strcmp(b->data->arrays.at[i].name, key) == 0)
            return &b->data->arrays.at[i];
    return NULL;
}

/* The label in one row of the key's column; NULL where there is none. Numbers are labels as they print. */
static const char *key_label(const binding *b, const data_array *c, uint32_t i) {
    if (c->missing && c->missing[i]) return NULL;
    if (c->texts && c->texts[i]) return c->texts[i];
    char text[NUMBER_LONGEST];
    number_print(text, c->numbers[i]);
    return arena_copy(b->arena, text, strlen(text));
}

static bool read_key(binding *b, axis a, const data_array *c) {
    axis_state *s = &b->axes[a];
    s->numeric = !c->texts;
    for (uint32_t i = 0; i < c->dims[0]; i++) {
        const char *label = key_label(b, c, i);
        uint32_t line = c->lines ? c->lines[i] : 0;
        if (!label) {
            diagnostic *said =
                diagnose_data(b->d, c->file, line, "`%s` is missing, but it is the key of `%s`", c->name,
                              program_axis(b->program, a)->name);
            advise(b->d, said, "give every row a label of its own");
            return false;
        }
        uint32_t at = labels_add(&s->labels, label);
        if (at != i + 1) {
            diagnostic *said =
                diagnose_data(b->d, c->file, line, "`%s` already stands in line %u, but `%s` is a key", label,
                              c->lines ? c->lines[at - 1] : at, c->name);
            advise(b->d, said, "a key has one row for each label");
            return false;
        }
    }
    return true;
}

static void table_size(binding *b, axis a) {
    const axis_row *row = program_axis(b->program, a);
    axis_state *s = &b->axes[a];
    const data_table *table = &b->data->tables.at[s->table];
    set_size(
        b, a, table->rows,
        arena_print(b->d->arena, "%s has %u row%s", table->file, table->rows, table->rows == 1 ? "" : "s"));
    if (row->source != AXIS_from_table || !row->key) return;
    const data_array *c = key_column(b, s->table, row->key);
    if (!c) {
        diagnostic *said = diagnose_data(b->d, table->file, 1, "there is no column `%s`, the key of `%s`",
                                         row->key, row->name);
        advise(b->d, said, "name one of the file's columns: `axis %s from \"%s\" key …`", row->name,
               row->file);
        s->failed = true;
    } else {
        s->failed = !read_key(b, a, c);
    }
}

static void no_table(binding *b, axis a) {
    const axis_row *row = program_axis(b->program, a);
    diagnostic *said =
        diagnose(b->d, DIAGNOSTIC_data, row->file_at, "the rows of `%s` were not read", row->name);
    advise(b->d, said, "put %s beside the model, or give it with --data %s=FILE", row->file, row->name);
    b->axes[a].failed = true;
}

/* `--set county=8`, or a number in a file that has the name of the axis; NULL where there is none. */
static const data_array *given_number(const binding *b, axis a, bool from_host) {
    const axis_row *row = program_axis(b->program, a);
    for (uint32_t i = b->data->arrays.count; i-- > 0;) {
        const data_array *x = &b->data->arrays.at[i];
        if (strcmp(x->name, row->name) != 0 || x->rank || x->texts || x->missing || (from_host && x->file))
            continue;
        double n = x->numbers[0];
        if (n >= 0 && n <= SIZE_MOST && floor(n) == n) return x;
    }
    return NULL;
}

static void size_from_number(binding *b, axis a, bool from_host) {
    const data_array *x = given_number(b, a, from_host);
    if (!x) return;
    uint32_t n = (uint32_t)x->numbers[0];
    set_size(b, a, n, arena_print(b->d->arena, "%s is given as %u", binding_array_text(b, x), n));
}

/* Where the shape of data said the size already. */
static void compare_number(binding *b, axis a) {
    const data_array *x = given_number(b, a, false);
    if (!x || (uint32_t)x->numbers[0] == binding_size(b, a)) return;
    diagnostic *said = diagnose_data(b->d, x->file, 0, "`%s` is given as %u entries, but %s", x->name,
                                     (uint32_t)x->numbers[0], b->axes[a].because);
    advise(b->d, said, "leave the number out: data say how many entries `%s` has", x->name);
    b->axes[a].failed = true;
}

static void declared_size(binding *b, axis a) {
    const axis_row *row = program_axis(b->program, a);
    axis_state *s = &b->axes[a];
    labels_open(&s->labels, b->arena);
    switch (row->source) {
    case AXIS_fixed: fixed_size(b, a); break;
    case AXIS_labelled:
        for (uint32_t i = 0; i < row->label_count; i++) labels_add(&s->labels, row->labels[i]);
        take_label_count(b, a, arena_print(b->d->arena, "it is declared with %u labels", row->label_count));
        break;
    case AXIS_from_table:
    case AXIS_from_data:
        if (s->table) table_size(b, a);
        else if (row->source == AXIS_from_table) no_table(b, a);
        else size_from_number(b, a, true);
        break;
    case AXIS_alias:
    case AXIS_part:
    case AXIS_missing: break;
    }
}

void binding_declared_sizes(binding *b) {
    for (axis a = 0; a < b->program->axes.count; a++) declared_size(b, a);
}

static void report_conflict(binding *b, const data_array *x, axis a, uint32_t size) {
    const char *along = program_axis(b->program, a)->name;
    diagnostic *said = diagnose_data(b->d, x->file, 0, "`%s` has %u entr%s along `%s`, but %s", x->name, size,
                                     plural(size), along, b->axes[a].because);
    advise(b->d, said,
           "all that varies over `%s` has one entry for each; if these are different things, declare another "
           "axis",
           along);
}

/* Believes the shape of a variable's array, or reports what it contradicts. */
static void size_from_shape(binding *b, variable v) {
    const supply *s = &b->supplies[v];
    const variable_row *row = program_variable(b->program, v);
    for (uint32_t i = 0; i < s->array->rank && i < row->axes.count; i++) {
        axis a = binding_axis(b, s->order[i]);
        uint32_t size = s->array->dims[i];
        if (b->axes[a].failed || b->axes[a].waits) continue;
        if (!b->axes[a].because) {
            set_size(b, a, size,
                     arena_print(b->d->arena, "%s has %u", binding_array_text(b, s->array), size));
        } else if (binding_size(b, a) != size) {
            report_conflict(b, s->array, a, size);
            b->failed[v] = true;
            return;
        }
    }
}

/* An index variable that has values and whose axis still lacks a size. */
static bool is_index_into(const binding *b, variable v, axis a) {
    const variable_row *x = program_variable(b->program, v);
    return x->kind == VARIABLE_data && x->type.support == SUPPORT_index &&
           binding_axis(b, x->type.index) == a;
}

/* The labels in order of first appearance, the size the number of labels; from numbers, the largest. */
static void size_from_entries(binding *b, axis a) {
    axis_state *s = &b->axes[a];
    uint32_t largest = 0;
    const data_array *by = NULL;
    for (variable v = 0; v < b->program->variables.count; v++) {
        const data_array *x = is_index_into(b, v, a) && !b->failed[v] ? b->supplies[v].array : NULL;
        uint64_t size = x ? data_array_size(x) : 0;
        if (x && !by) by = x;
        for (uint64_t i = 0; i < size; i++) {
            if (x->missing && x->missing[i]) continue;
            if (x->texts && x->texts[i]) {
                labels_add(&s->labels, x->texts[i]);
                continue;
            }
            double n = x->numbers[i] + program_variable(b->program, v)->from_zero;
            if (n > largest && n <= SIZE_MOST && floor(n) == n) largest = (uint32_t)n, by = x;
        }
    }
    if (!by) return;
    uint32_t count = s->labels.list.count;
    if (count)
        take_label_count(b, a,
                         arena_print(b->d->arena, "%s has %u labels", binding_array_text(b, by), count));
    else
        set_size(b, a, largest,
                 arena_print(b->d->arena, "the largest in %s is %u", binding_array_text(b, by), largest));
}

/* Whether a variable that failed would have said the size. */
static bool is_silenced(const binding *b, axis a) {
    for (variable v = 0; v < b->program->variables.count; v++) {
        if (!b->failed[v]) continue;
        const variable_row *x = program_variable(b->program, v);
        if (is_index_into(b, v, a)) return true;
        for (int i = 0; i < x->axes.count; i++)
            if (binding_axis(b, x->order[i]) == a) return true;
    }
    return false;
}

/* A latent along an axis that the data have, whose declaration was forgotten. */
static variable latent_with_data(const binding *b, axis a) {
    for (variable v = 0; v < b->program->variables.count; v++)
        if (axes_has(program_variable(b->program, v)->axes, a) && binding_array_of_latent(b, v)) return v;
    return VARIABLE_NONE;
}

static void report_unsized(binding *b, axis a) {
    const axis_row *row = program_axis(b->program, a);
    b->axes[a].failed = true;
    if (is_silenced(b, a)) return;
    diagnostic *said =
        diagnose(b->d, DIAGNOSTIC_data, row->at, "nothing says how many entries `%s` has", row->name);
    variable undeclared = latent_with_data(b, a);
    if (undeclared != VARIABLE_NONE)
        advise(b->d, said, "declare `data %s : %s`, which the data have",
               variable_text(b->program, undeclared),
               type_text(b->program, program_variable(b->program, undeclared)->type));
    else
        advise(b->d, said, "write `axis %s = 8`, give data that vary over it, or --set %s=8", row->name,
               row->name);
}

static void compare_shapes(binding *b) {
    for (variable v = 0; v < b->program->variables.count; v++)
        if (b->supplies[v].array && !b->failed[v]) size_from_shape(b, v);
}

void binding_data_sizes(binding *b) {
    compare_shapes(b);
    for (axis a = 0; a < b->program->axes.count; a++) {
        axis_state *s = &b->axes[a];
        if (program_axis(b->program, a)->of != a || s->failed || s->waits) continue;
        if (program_axis(b->program, a)->source == AXIS_missing) continue;
        if (s->because && program_axis(b->program, a)->source == AXIS_from_data) compare_number(b, a);
        if (!s->because) size_from_number(b, a, false);
        if (!s->because) size_from_entries(b, a);
        if (!s->because) report_unsized(b, a);
    }
    waiting_sizes(b);
    compare_shapes(b); /* along axes that had waited */
}
