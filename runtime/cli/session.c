#include "runtime/cli/session.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "base/number.h"
#include "runtime/io/json.h"
#include "runtime/io/read.h"

static const char *read_text(void *user, arena *a, const char *path, size_t *length, const char **why) {
    (void)user;
    FILE *from = fopen(path, "rb");
    if (!from) {
        *why = strerror(errno);
        return NULL;
    }
    enum { LARGEST = 1 << 28 };
    vector(char) text = {0};
    char block[16384];
    size_t n;
    while ((n = fread(block, 1, sizeof block, from)) > 0 && text.count < LARGEST)
        for (size_t i = 0; i < n; i++) push(a, &text, block[i]);
    bool failed = ferror(from);
    *why = failed ? strerror(errno) : "it is larger than 256 MiB";
    fclose(from);
    if (failed || text.count >= LARGEST) return NULL;
    *length = text.count;
    push(a, &text, 0);
    return text.at;
}

bool session_tell(session *s) {
    diagnostics *d = &s->diagnostics;
    for (uint32_t i = 0; i < d->list.count; i++) fputs(diagnostic_text(d, &d->list.at[i]), stderr);
    bool good = d->errors == 0;
    d->list.count = 0;
    d->errors = 0;
    return good;
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
        fprintf(stderr, "vmrun: %s: %s\nhelp: name the file of a model, as `vmrun fit model.vm`\n", path, why);
        return false;
    }
    if (length > UINT32_MAX / 2) length = UINT32_MAX / 2;
    uint32_t number = diagnostics_source(&s->diagnostics, path, text, length, false);
    text_reader reader = {read_text, NULL};
    s->program = program_compile(&s->diagnostics, &s->names, number, &reader);
    return session_tell(s);
}

/* --set NAME=VALUE: a number, a label, or a list as JSON has it. */
static bool load_value(session *s, const char *given) {
    const char *equals = strchr(given, '=');
    if (!equals || equals == given || !equals[1]) {
        fprintf(stderr, "vmrun: `--set %s`: write `--set NAME=VALUE`, as `--set n=10`\n", given);
        return false;
    }
    const char *value = equals + 1, *file = arena_print(&s->arena, "--set %s", given);
    data_array x = {.name = arena_copy(&s->arena, given, (size_t)(equals - given)), .file = file};
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

/* --data FILE, --data AXIS=FILE. */
static bool load_file(session *s, const char *given) {
    const char *equals = strchr(given, '=');
    if (equals && axis_named(s, given, (size_t)(equals - given)))
        return data_read(&s->diagnostics, &s->data, equals + 1, arena_copy(&s->arena, given, (size_t)(equals - given)));
    return data_read(&s->diagnostics, &s->data, given, NULL);
}

static bool has_table(const session *s, const char *axis_name) {
    for (uint32_t i = 1; i < s->data.tables.count; i++)
        if (s->data.tables.at[i].axis && strcmp(s->data.tables.at[i].axis, axis_name) == 0) return true;
    return false;
}

bool session_load(session *s, const arguments *a, bool only_present, bool *complete) {
    const program *p = s->program;
    bool good = true;
    *complete = true;
    uint32_t given = 0;
    for (; arguments_flag(a, FLAG_data, given); given++) good &= load_file(s, arguments_flag(a, FLAG_data, given));
    for (axis x = 0; x < p->axes.count; x++) {
        const axis_row *row = &p->axes.at[x];
        if (row->source != AXIS_from_table || has_table(s, row->name)) continue;
        const char *path = beside_model(s, row->file);
        if (only_present && access(path, R_OK) != 0)
            *complete = false;
        else
            good &= data_read(&s->diagnostics, &s->data, path, row->name);
    }
    for (uint32_t i = 0; i < p->files.count && !given; i++) {
        const char *path = beside_model(s, p->files.at[i].path);
        if (only_present && access(path, R_OK) != 0)
            *complete = false;
        else
            good &= data_read(&s->diagnostics, &s->data, path, NULL);
    }
    for (uint32_t i = 0; arguments_flag(a, FLAG_set, i); i++) good &= load_value(s, arguments_flag(a, FLAG_set, i));
    return session_tell(s) && good;
}
