#include "runtime/cli/session.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "base/number.h"
#include "runtime/bind/drawn.h"
#include "runtime/bind/labels.h"
#include "runtime/io/json.h"
#include "runtime/io/read.h"

static const char *read_text(void *user, arena *a, const char *path, size_t *length, const char **why) {
    (void)user;
    FILE *from = fopen(path, "rb");
    if (!from) {
        *why = strerror(errno);
        return NULL;
    }
    enum { LARGEST = 1 << 25 };
    vector(char) text = {0};
    char block[16384];
    size_t n;
    while ((n = fread(block, 1, sizeof block, from)) > 0 && text.count < LARGEST)
        for (size_t i = 0; i < n; i++) push(a, &text, block[i]);
    bool failed = ferror(from);
    *why = failed ? strerror(errno) : "it is larger than 32 MiB";
    fclose(from);
    if (failed || text.count >= LARGEST) return NULL;
    *length = text.count;
    push(a, &text, 0);
    return text.at;
}

bool session_tell(session *s) {
    diagnostics *d = &s->diagnostics;
    if (s->keeps) return d->errors == 0;
    for (uint32_t i = 0; i < d->list.count; i++)
        if (s->warns || d->list.at[i].severity == SEVERITY_error)
            fputs(diagnostic_text(d, &d->list.at[i]), stderr);
    bool good = d->errors == 0;
    if (d->errors > d->list.count)
        fprintf(stderr, "vmrun: %u further mistakes are not shown\n", d->errors - d->list.count);
    d->list.count = 0;
    d->errors = 0;
    return good;
}

bool session_option(session *s, const arguments *a, flag_id flag, option_id id, options *o) {
    const char *value = arguments_flag(a, flag, 0), *why = NULL;
    if (!value || option_set(o, id, value, &s->arena, &why)) return true;
    fprintf(stderr, "vmrun: `--%s %s`: %s\n", OPTIONS[id].name, value, why);
    return false;
}

/* `path` as seen from the folder of the model. */
static const char *beside_model(session *s, const char *path) {
    const char *model = s->program->path, *slash = strrchr(model, '/');
    if (!slash || path[0] == '/') return path;
    return arena_print(&s->arena, "%.*s/%s", (int)(slash - model), model, path);
}

bool session_compile(session *s, const char *path) {
    size_t length = 0;
    const char *why = "", *text = read_text(NULL, &s->arena, path, &length, &why);
    if (!text) {
        fprintf(stderr, "vmrun: %s: %s\nhelp: name the file of a model, as `vmrun fit model.vm`\n", path,
                why);
        return false;
    }
    if (length > UINT32_MAX / 2) length = UINT32_MAX / 2;
    uint32_t number = diagnostics_source(&s->diagnostics, path, text, length, false);
    text_reader reader = {read_text, NULL};
    s->program = program_compile(&s->diagnostics, &s->names, number, &reader);
    return session_tell(s);
}

static bool is_data(const session *s, const char *word) {
    const program *p = s->program;
    for (variable v = 0; v < p->variables.count; v++)
        if (p->variables.at[v].kind == VARIABLE_data && strcmp(p->variables.at[v].name, word) == 0)
            return true;
    return false;
}

/* Files may hold more than a program uses, but a value that is set is meant for something. */
static bool refuse_value(session *s, const char *file, const char *word) {
    diagnostic *said = diagnose_data(&s->diagnostics, file, 0, "the program has no data `%s`", word);
    const program *p = s->program;
    const char *near = NULL;
    uint32_t least = 3;
    for (variable v = 0; v < p->variables.count; v++) {
        uint32_t distance = slip_distance(word, p->variables.at[v].name);
        if (p->variables.at[v].kind == VARIABLE_data && distance < least)
            least = distance, near = p->variables.at[v].name;
    }
    if (near) advise(&s->diagnostics, said, "did you mean `%s`?", near);
    else advise(&s->diagnostics, said, "declare it, `data %s : real`, or leave the flag out", word);
    return false;
}

/* An axis whose size may be given as a number. */
static bool sized_by_data(const session *s, const char *word) {
    const program *p = s->program;
    for (axis a = 0; a < p->axes.count; a++)
        if (p->axes.at[a].source == AXIS_from_data && strcmp(p->axes.at[a].name, word) == 0) return true;
    return false;
}

/* --set NAME=VALUE: a number, a label, or a list as JSON has it. */
static bool load_value(session *s, const char *given) {
    const char *equals = strchr(given, '='), *value = equals + 1,
               *file = arena_print(&s->arena, "--set %s", given);
    data_array x = {.name = arena_copy(&s->arena, given, (size_t)(equals - given)), .file = file};
    if (!is_data(s, x.name) && !sized_by_data(s, x.name)) return refuse_value(s, file, x.name);
    if (value[0] == '[') {
        const char *text = arena_print(&s->arena, "{\"%s\": %s}", x.name, value);
        return json_read_text(&s->diagnostics, &s->data, file, text, strlen(text));
    }
    double *number = arena_new(&s->arena, double);
    const char **label = arena_new(&s->arena, const char *);
    if (!number_parse(value, number)) *number = NAN, *label = value;
    x.numbers = number;
    if (*label) x.texts = label;
    push(&s->arena, &s->data.arrays, x);
    return true;
}

static bool axis_named(const session *s, const char *word, size_t length) {
    const program *p = s->program;
    for (axis a = 0; a < p->axes.count; a++)
        if (strncmp(p->axes.at[a].name, word, length) == 0 && !p->axes.at[a].name[length]) return true;
    return false;
}

/* --data AXIS=FILE, and the program has no such axis. */
static bool refuse_axis(session *s, const char *given, const char *equals) {
    const char *word = arena_copy(&s->arena, given, (size_t)(equals - given)), *list = "";
    for (axis a = 0; a < s->program->axes.count; a++)
        if (s->program->axes.at[a].source != AXIS_alias)
            list = arena_print(&s->arena, "%s%s`%s`", list, *list ? ", " : "", s->program->axes.at[a].name);
    diagnostic *said = diagnose_data(&s->diagnostics, equals + 1, 0, "the program has no axis `%s`", word);
    if (*list)
        advise(&s->diagnostics, said, "its axes are %s; or give the file alone, --data %s", list, equals + 1);
    else advise(&s->diagnostics, said, "it has no axes; give the file alone, --data %s", equals + 1);
    return false;
}

/* --data FILE, --data AXIS=FILE. */
static bool load_file(session *s, const char *given) {
    const char *equals = strchr(given, '=');
    if (equals && axis_named(s, given, (size_t)(equals - given)))
        return data_read(&s->diagnostics, &s->data, equals + 1,
                         arena_copy(&s->arena, given, (size_t)(equals - given)));
    if (equals && access(given, F_OK) != 0 && access(equals + 1, F_OK) == 0)
        return refuse_axis(s, given, equals);
    return data_read(&s->diagnostics, &s->data, given, NULL);
}

/* Whether --data AXIS=FILE gives the rows of an axis. */
static bool gives_table(const arguments *a, const char *axis_name) {
    size_t length = strlen(axis_name);
    const char *given;
    for (uint32_t i = 0; (given = arguments_flag(a, FLAG_data, i)); i++)
        if (strncmp(given, axis_name, length) == 0 && given[length] == '=') return true;
    return false;
}

bool session_load(session *s, const arguments *a, bool only_present, bool *complete) {
    const program *p = s->program;
    bool good = true;
    *complete = true;
    for (axis x = 0; x < p->axes.count; x++) {
        const axis_row *row = &p->axes.at[x];
        if (row->source != AXIS_from_table || gives_table(a, row->name)) continue;
        const char *path = beside_model(s, row->file);
        if (only_present && access(path, R_OK) != 0) *complete = false;
        else good &= data_read(&s->diagnostics, &s->data, path, row->name);
    }
    bool given = arguments_flag(a, FLAG_data, 0) != NULL;
    for (uint32_t i = 0; i < p->files.count && !given; i++) {
        const char *path = beside_model(s, p->files.at[i].path);
        if (only_present && access(path, R_OK) != 0) *complete = false;
        else good &= data_read(&s->diagnostics, &s->data, path, NULL);
    }
    /* Later ones count: a file of the command line over the tables of the model. */
    for (uint32_t i = 0; arguments_flag(a, FLAG_data, i); i++)
        good &= load_file(s, arguments_flag(a, FLAG_data, i));
    for (uint32_t i = 0; arguments_flag(a, FLAG_set, i); i++)
        good &= load_value(s, arguments_flag(a, FLAG_set, i));
    return session_tell(s) && good;
}

void session_list_labels(session *s, program *of) {
    model_list_labels(&s->diagnostics, of, &s->data, &s->arena);
}

model *session_bind_drawn(session *s, const bool *given) {
    return model_bind_drawn(&s->diagnostics, s->program, &s->data, given, &s->arena);
}
