#include "runtime/io/draws_file.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#include "runtime/io/csv.h"
#include "runtime/io/file.h"

void draws_file_place(arena *a, const char *column, report_place *row) {
    const char *end = column + strlen(column), *part = end;
    uint32_t positions[AXES_MOST], count = 0;
    while (part > column && count < AXES_MOST) {
        const char *digits = part;
        while (digits > column && digits[-1] >= '0' && digits[-1] <= '9') digits--;
        if (digits == part || digits - 1 <= column || digits[-1] != '.') break;
        positions[count++] = (uint32_t)strtoul(digits, NULL, 10);
        part = digits - 1;
    }
    uint32_t *at = arena_array(a, uint32_t, count);
    for (uint32_t k = 0; k < count; k++) at[k] = positions[count - 1 - k];
    row->name = arena_copy(a, column, (size_t)(part - column));
    row->rank = count;
    row->at = at;
}

static bool is_of_stan(const char *column) {
    size_t length = strlen(column);
    return length > 2 && strcmp(column + length - 2, "__") == 0;
}

/* The value of a comment `# key = value`, NULL where the line is another one. */
static const char *comment_value(const char *line, const char *key) {
    line += strspn(line, "# ");
    size_t length = strlen(key);
    if (strncmp(line, key, length) != 0) return NULL;
    line += length + strspn(line + length, " ");
    return *line == '=' ? line + 1 + strspn(line + 1, " ") : NULL;
}

/* A list of strings, in the arena; NULL where it is none. */
static const char **read_labels(arena *a, const char *list, uint32_t *count) {
    json_error_t error;
    json_t *root = json_loads(list, 0, &error);
    *count = (uint32_t)json_array_size(root);
    size_t room = 0;
    for (uint32_t i = 0; i < *count; i++) room += json_string_length(json_array_get(root, i)) + 1;
    /* one block, so that running out of memory cannot happen while jansson's are held */
    json_decref(root);
    const char **labels = *count ? arena_array(a, const char *, *count) : NULL;
    char *text = arena_take(a, room + 1);
    root = json_loads(list, 0, &error);
    for (uint32_t i = 0; labels && i < *count; i++) {
        const json_t *one = json_array_get(root, i);
        size_t length = json_string_length(one);
        if (length) memcpy(text, json_string_value(one), length);
        labels[i] = text;
        text += length + 1;
    }
    json_decref(root);
    return labels;
}

/* `axis county = ["ANOKA", …]`, `axis home = 919` */
static void read_axis(arena *a, const char *comment, draws_file *to) {
    comment += strspn(comment, "# ");
    if (strncmp(comment, "axis ", 5) != 0) return;
    const char *name = comment + 5, *equals = strstr(name, " = ");
    if (!equals) return;
    draws_axis x = {.name = arena_copy(a, name, (size_t)(equals - name))};
    if (equals[3] == '[') x.is.labels = read_labels(a, equals + 3, &x.is.size);
    else x.is.size = (uint32_t)strtoul(equals + 3, NULL, 10);
    push(a, &to->axes, x);
}

/* Reads the comments, and leaves of them a line that says so to the table's reader: the numbers of the others
 * stay. */
static void take_comments(arena *a, char *text, draws_file *to) {
    for (char *line = text, *end; *line; line = *end ? end + 1 : end) {
        end = line + strcspn(line, "\n");
        if (*line != '#') continue;
        const char *comment = arena_copy(a, line, (size_t)(end - line) - (end > line && end[-1] == '\r')),
                   *value;
        if ((value = comment_value(comment, "verdict"))) to->judged = verdict_of_name(value, &to->verdict);
        if ((value = comment_value(comment, "model"))) to->model = value;
        if ((value = comment_value(comment, "seed"))) to->seed = strtoull(value, NULL, 10);
        if ((value = comment_value(comment, "data"))) to->data = strtoull(value, NULL, 16);
        read_axis(a, comment, to);
        memset(line, CSV_PASSED_OVER, (size_t)(end - line));
    }
}

static bool check_draws(diagnostics *d, const data_set *s) {
    for (uint32_t i = 0; i < s->arrays.count; i++) {
        const data_array *x = &s->arrays.at[i];
        if (x->dims[0] == 0) {
            diagnostic *said = diagnose_data(d, x->file, 0, "the file has no draws");
            advise(d, said, "each line below the header is one draw");
            return false;
        }
        for (uint32_t k = 0; k < x->dims[0]; k++) {
            if (!isnan(x->numbers[k])) continue;
            diagnostic *said = diagnose_data(d, x->file, x->lines[k], "`%s` has no number here", x->name);
            advise(d, said, "a file of draws has a number in every cell");
            return false;
        }
    }
    return true;
}

bool draws_file_read_text(diagnostics *d, arena *a, const char *path, char *text, size_t length,
                          draws_file *to) {
    *to = (draws_file){.verdict = VERDICT_doubtful};
    take_comments(a, text, to);
    data_set s;
    data_open(&s, a);
    data_open(&to->columns, a);
    if (!csv_read_text(d, &s, path, text, length, NULL)) return false;
    to->count = s.arrays.at[0].dims[0];
    for (uint32_t i = 0; i < s.arrays.count; i++)
        if (!is_of_stan(s.arrays.at[i].name)) push(a, &to->columns.arrays, s.arrays.at[i]);
    return check_draws(d, &to->columns);
}

bool draws_file_read(diagnostics *d, arena *a, const char *path, draws_file *to) {
    size_t length;
    const char *dot = strrchr(path, '.');
    if (dot && strcmp(dot, ".json") == 0) {
        diagnostic *said = diagnose_data(d, path, 0, "a fit in JSON has summaries, and no draws");
        advise(d, said, "write the draws, `vmrun fit MODEL -o draws.csv`, and give that file");
        return false;
    }
    const char *text = file_read(d, a, path, &length);
    return text && draws_file_read_text(d, a, path, arena_copy(a, text, length), length, to);
}

/* ---- the draws of a program ---- */

/* The columns of one variable. */
typedef struct columns {
    vector(const data_array *) at;
    vector(report_place) place;
} columns;

static columns *find_columns(const draws_file *from, const program *p, arena *a) {
    columns *all = arena_array(a, columns, p->variables.count + 1);
    for (uint32_t i = 0; i < from->columns.arrays.count; i++) {
        const data_array *x = &from->columns.arrays.at[i];
        report_place place = {0};
        draws_file_place(a, x->name, &place);
        for (variable v = 0; v < p->variables.count; v++) {
            const variable_row *row = program_variable(p, v);
            if (!posterior_has(p, v) || strcmp(row->name, place.name) != 0) continue;
            push(a, &all[v].at, x);
            push(a, &all[v].place, place);
        }
    }
    return all;
}

static bool refuse_columns(diagnostics *d, const char *path, const variable_row *x) {
    diagnostic *said = diagnose_data(d, path, 0, "the columns of `%s` are not those of `%s` in this program",
                                     x->name, x->name);
    advise(d, said, "give the draws that `vmrun fit` of this program wrote");
    return false;
}

static bool read_variable(diagnostics *d, const char *path, const columns *from, uint32_t count, variable v,
                          posterior *to, arena *a) {
    const variable_row *x = program_variable(to->program, v);
    uint64_t size = 1;
    for (uint32_t i = 0; i < from->at.count; i++) {
        if (from->place.at[i].rank != x->axes.count) return refuse_columns(d, path, x);
        for (int k = 0; k < x->axes.count; k++)
            if (from->place.at[i].at[k] > to->dims[v][k]) to->dims[v][k] = from->place.at[i].at[k];
    }
    for (int k = 0; k < x->axes.count; k++) size *= to->dims[v][k];
    if (!from->at.count) return true; /* which matters where the model has entries of it */
    if (size != from->at.count) return refuse_columns(d, path, x);
    double *draws = arena_array(a, double, count *size);
    for (uint32_t i = 0; i < from->at.count; i++) {
        uint64_t entry = 0;
        for (int k = 0; k < x->axes.count; k++) {
            if (!from->place.at[i].at[k]) return refuse_columns(d, path, x);
            entry = entry * to->dims[v][k] + from->place.at[i].at[k] - 1;
        }
        for (uint32_t s = 0; s < count; s++) draws[s * size + entry] = from->at.at[i]->numbers[s];
    }
    to->draws[v] = draws;
    to->stride[v] = size;
    return true;
}

bool draws_file_posterior(diagnostics *d, const char *path, const draws_file *from, const program *p,
                          posterior *to, arena *a) {
    *to = posterior_new(p, a);
    to->count = from->count;
    bound_axis *was = arena_array(a, bound_axis, p->axes.count + 1);
    for (axis x = 0; x < p->axes.count; x++) {
        was[x].size = SIZE_UNKNOWN;
        for (uint32_t i = 0; i < from->axes.count; i++)
            if (strcmp(from->axes.at[i].name, program_axis(p, program_axis(p, x)->of)->name) == 0)
                was[x] = from->axes.at[i].is;
    }
    to->axes = was;
    columns *all = find_columns(from, p, a);
    bool good = true;
    for (variable v = 0; v < p->variables.count; v++)
        if (posterior_has(p, v)) good &= read_variable(d, path, &all[v], from->count, v, to, a);
    return good;
}
