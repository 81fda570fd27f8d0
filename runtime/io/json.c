#include "runtime/io/json.h"

#include <jansson.h>
#include <math.h>

#include "base/number.h"
#include "runtime/io/file.h"
#include "runtime/io/guard.h"

typedef struct json_reader {
    diagnostics *d;
    data_set *data;
    const char *file;
    const char *text;
    size_t length;
    json_t *root;
    vector(data_array) numbers; /* by member of the root: arrays of numbers; `numbers` is NULL in others */
    bool good;
} json_reader;

enum { JSON_FLAGS = JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL };

/* One member on its way to an array: `shape` has the sizes of the first list at every depth, which all others
 * must have. */
typedef struct member {
    json_reader *reader;
    const char *name;
    data_array shape;
    uint64_t at; /* the next entry */
    double *numbers;
    const char **texts;
    bool *missing;
    uint32_t place[AXES_MOST]; /* of the value at hand, from 1 */
} member;

/* "`x[2, 3]`": the value at hand, `depth` lists deep. */
static const char *place_text(const member *m, uint32_t depth) {
    arena *words = m->reader->d->arena;
    const char *text = "";
    for (uint32_t i = 0; i < depth; i++)
        text = arena_print(words, "%s%s%u", text, i ? ", " : "", m->place[i]);
    return depth ? arena_print(words, "`%s[%s]`", m->name, text) : arena_print(words, "`%s`", m->name);
}

static bool report(const member *m, uint32_t depth, const char *what, const char *help) {
    diagnostics *d = m->reader->d;
    diagnostic *said = diagnose_data(d, m->reader->file, 0, "%s %s", place_text(m, depth), what);
    advise(d, said, "%s", help);
    m->reader->good = false;
    return false;
}

/* Follows the first entries down. */
static bool find_shape(member *m, const json_t *value) {
    for (; json_is_array(value); value = json_array_get(value, 0)) {
        size_t size = json_array_size(value);
        if (m->shape.rank == AXES_MOST)
            return report(m, 0, "is nested too deep", "at most 15 lists may be nested");
        if (size > INT32_MAX)
            return report(m, m->shape.rank, "is too long", "a list has at most 2147483647 entries");
        m->place[m->shape.rank] = 1;
        m->shape.dims[m->shape.rank++] = (uint32_t)size;
        if (size == 0) break;
    }
    return true;
}

static bool check_shape(member *m, const json_t *value, uint32_t depth) {
    static const char RAGGED[] = "all lists at one depth have the same length";
    if (json_is_object(value)) return report(m, depth, "is an object", "write numbers, or lists of numbers");
    if (!json_is_array(value)) {
        if (depth == m->shape.rank) return true;
        return report(m, depth, "is a single value, but there are lists beside it", RAGGED);
    }
    if (depth == m->shape.rank)
        return report(m, depth, "is a list, but there are single values beside it", RAGGED);
    uint32_t size = m->shape.dims[depth];
    if (json_array_size(value) != size) {
        const char *what =
            arena_print(m->reader->d->arena, "is a list of %zu, but the first one there is of %u",
                        json_array_size(value), size);
        return report(m, depth, what, RAGGED);
    }
    for (uint32_t i = 0; i < size; i++) {
        m->place[depth] = i + 1;
        if (!check_shape(m, json_array_get(value, i), depth + 1)) return false;
    }
    return true;
}

/* The strings that stand for numbers, as Stan writes them. */
static bool is_number_word(const char *text, double *value) {
    double sign = *text == '-' ? -1 : 1;
    const char *body = text + (*text == '-' || *text == '+');
    if (strcmp(body, "Inf") == 0 || strcmp(body, "Infinity") == 0)
        return *value = sign * (double)INFINITY, true;
    return strcmp(body, "NaN") == 0 && (*value = (double)NAN, true);
}

static void keep(member *m, const json_t *value) {
    arena *a = m->reader->data->arena;
    uint64_t at = m->at++, size = data_array_size(&m->shape);
    if (json_is_null(value)) {
        if (!m->missing) m->missing = arena_array(a, bool, size);
        m->missing[at] = true;
        m->numbers[at] = (double)NAN;
    } else if (!json_is_string(value)) {
        m->numbers[at] = json_is_boolean(value) ? json_is_true(value) : json_number_value(value);
    } else if (!is_number_word(json_string_value(value), &m->numbers[at])) {
        if (!m->texts) m->texts = arena_array(a, const char *, size);
        m->texts[at] = arena_copy(a, json_string_value(value), json_string_length(value));
        m->numbers[at] = (double)NAN;
    }
}

static void keep_all(member *m, const json_t *value) {
    if (!json_is_array(value)) {
        keep(m, value);
        return;
    }
    for (size_t i = 0; i < json_array_size(value); i++) keep_all(m, json_array_get(value, i));
}

static void read_member(json_reader *r, const char *key, const json_t *value) {
    arena *a = r->data->arena;
    member m = {.reader = r, .name = arena_copy(a, key, strlen(key))};
    if (!find_shape(&m, value) || !check_shape(&m, value, 0)) return;
    m.numbers = arena_array(a, double, data_array_size(&m.shape));
    keep_all(&m, value);
    m.shape.name = m.name;
    m.shape.file = r->file;
    m.shape.numbers = m.numbers, m.shape.texts = m.texts, m.shape.missing = m.missing;
    push(a, &r->data->arrays, m.shape);
}

/* Most data are numbers, and a tree of them costs twenty times what reading them does. So members that are
 * numbers, or lists of numbers of one length at each depth, are read as they stand; of all others jansson
 * makes a tree. It reads the whole text where anything is wrong with it, and says what. */
typedef struct scan {
    json_reader *reader;
    arena *scratch;
    const char *at;
    vector(double) numbers; /* of the member at hand */
} scan;

static const char *skip_blanks(const char *c) {
    while (*c == ' ' || *c == '\n' || *c == '\t' || *c == '\r') c++;
    return c;
}

static bool scan_number(scan *s) {
    double x;
    const char *end = number_read(s->at, &x);
    if (!end || !isfinite(x)) return false;
    push(s->scratch, &s->numbers, x);
    s->at = end;
    return true;
}

/* The list that begins here, `depth` lists deep. False where it is none of numbers, or not rectangular. */
static bool scan_list(scan *s, data_array *shape, uint32_t depth) {
    uint32_t count = 0;
    if (depth == AXES_MOST) return false;
    do {
        s->at = skip_blanks(s->at + 1);
        bool list = *s->at == '[';
        if (!list && !shape->rank) shape->rank = depth + 1;
        if (shape->rank && list != (depth + 1 < shape->rank)) return false;
        if (list ? !scan_list(s, shape, depth + 1) : !scan_number(s)) return false;
        if (++count == INT32_MAX) return false;
        s->at = skip_blanks(s->at);
    } while (*s->at == ',');
    if (*s->at++ != ']') return false;
    if (!shape->dims[depth]) shape->dims[depth] = count;
    return shape->dims[depth] == count;
}

static bool scan_numbers(scan *s, data_array *to) {
    arena *a = s->reader->data->arena;
    data_array shape = {.file = s->reader->file};
    s->numbers.count = 0;
    if (*s->at == '[' ? !scan_list(s, &shape, 0) : !scan_number(s)) return false;
    double *numbers = arena_array(a, double, s->numbers.count);
    memcpy(numbers, s->numbers.at, s->numbers.count * sizeof *numbers);
    shape.numbers = numbers;
    *to = shape;
    return true;
}

/* `"name": value`; the root gets the name, and the value if it is no array of numbers. */
static bool scan_member(scan *s, const char *end) {
    json_reader *r = s->reader;
    if (*s->at != '"') return false;
    const char *name = s->at + 1, *close = name;
    while (*close != '"' && *close != '\\' && (unsigned char)*close >= ' ') close++;
    if (*close != '"') return false;
    const char *key = arena_copy(s->scratch, name, (size_t)(close - name));
    s->at = skip_blanks(close + 1);
    if (*s->at != ':' || json_object_get(r->root, key)) return false;
    const char *start = s->at = skip_blanks(s->at + 1);
    data_array numbers = {0};
    json_t *value;
    json_error_t error;
    if (scan_numbers(s, &numbers)) value = json_null();
    else {
        value = json_loadb(start, (size_t)(end - start),
                           JSON_FLAGS | JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK, &error);
        if (!value) return false;
        s->at = start + error.position;
    }
    push(s->scratch, &r->numbers, numbers);
    return json_object_set_new(r->root, key, value) == 0;
}

/* False where the text is broken, or as good as. */
static bool scan_text(scan *s) {
    const char *end = s->reader->text + s->reader->length;
    s->at = skip_blanks(s->reader->text);
    if (*s->at != '{' || !(s->reader->root = json_object())) return false;
    do {
        s->at = skip_blanks(s->at + 1);
        if (!scan_member(s, end)) return false;
        s->at = skip_blanks(s->at);
    } while (*s->at == ',');
    return *s->at == '}' && skip_blanks(s->at + 1) == end;
}

static void read_members(json_reader *r) {
    const char *key;
    json_t *value;
    uint32_t number = 0;
    json_object_foreach(r->root, key, value) {
        data_array *x = number < r->numbers.count ? &r->numbers.at[number++] : NULL;
        if (x && x->numbers) {
            x->name = arena_copy(r->data->arena, key, strlen(key));
            push(r->data->arena, &r->data->arrays, *x);
        } else {
            read_member(r, key, value);
        }
    }
}

static void release_root(void *user) { json_decref(((json_reader *)user)->root); }

/* jansson's own words, with what people most often mean. */
static void report_broken(const json_reader *r, const json_error_t *error) {
    diagnostic *said = diagnose_data(r->d, r->file, error->line > 0 ? (uint32_t)error->line : 0,
                                     "column %d: %s", error->column, error->text);
    if (json_error_code(error) == json_error_premature_end_of_input) {
        advise(r->d, said, "the text breaks off: see that the file is complete, its last character is }");
        return;
    }
    if (strstr(error->text, "near 'N") || strstr(error->text, "near 'I") || strstr(error->text, "near '-I"))
        advise(r->d, said, "write null for a missing entry, and \"NaN\" or \"Inf\" in quotes");
    else advise(r->d, said, "data are one JSON object, {\"x\": [1, 2, 3]}");
}

/* The tree of the whole text; NULL, with a message, where it is broken or no object. */
static void load_root(json_reader *r) {
    json_error_t error;
    r->root = json_loadb(r->text, r->length, JSON_FLAGS, &error);
    if (!r->root) {
        if (json_error_code(&error) == json_error_out_of_memory) longjmp(*r->data->arena->memory->escape, 1);
        report_broken(r, &error);
        r->good = false;
    } else if (!json_is_object(r->root)) {
        diagnostic *said = diagnose_data(r->d, r->file, 0, "the file holds no object");
        advise(r->d, said,
               json_is_array(r->root)
                   ? "data are one JSON object with a list for each variable, {\"x\": [1, 2, 3]}, "
                     "not a list of rows"
                   : "data are one JSON object, {\"x\": [1, 2, 3]}");
        r->good = false;
    }
}

static void read_text(void *user) {
    json_reader *r = user;
    scan s = {.reader = r, .scratch = arena_inside(r->data->arena)};
    if (!scan_text(&s)) {
        json_decref(r->root);
        r->root = NULL;
        r->numbers.count = 0;
        load_root(r);
    }
    read_members(r);
    arena_close(s.scratch);
}

bool json_read_text(diagnostics *d, data_set *s, const char *file, const char *text, size_t length) {
    if (text[strspn(text, " \t\r\n")] == 0) {
        diagnostic *said = diagnose_data(d, file, 0, "the file is empty");
        advise(d, said, "data are one JSON object, {\"x\": [1, 2, 3]}");
        return false;
    }
    bool marked = length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0; /* a byte order mark */
    json_reader r = {.d = d, .data = s, .file = file, .good = true};
    r.text = text + 3 * marked, r.length = length - 3 * marked;
    guard(s->arena->memory, read_text, release_root, &r);
    return r.good;
}

bool json_read(diagnostics *d, data_set *s, const char *path) {
    arena *read = arena_inside(s->arena); /* the text is not needed after */
    size_t length;
    const char *text = file_read(d, read, path, &length);
    bool good = text && json_read_text(d, s, path, text, length);
    arena_close(read);
    return good;
}
