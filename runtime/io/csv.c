/* A file is read twice: first for its shape, the kinds of its columns and its mistakes, then for its cells,
 * so that arrays have their size at once and texts are kept only where they are needed. The reader gets one
 * line at a time, which is how a row knows the line it starts in. */
#include "runtime/io/csv.h"

#include <csv.h>
#include <math.h>

#include "base/names.h"
#include "base/number.h"
#include "runtime/bind/labels.h"
#include "runtime/io/file.h"
#include "runtime/io/guard.h"

typedef struct column {
    const char *name;
    bool has_text, has_missing;
    double *numbers;
    const char **texts;
    bool *missing;
} column;

typedef struct table_reader {
    diagnostics *d;
    arena *arena; /* of the data */
    const char *file, *text;
    size_t length;
    struct csv_parser parser;
    vector(column) columns;
    labels names;            /* of the columns */
    vector(uint32_t) named;  /* by name: its first column, from 1 */
    uint32_t rows, cell;     /* complete rows without the header; cells of the present row */
    uint32_t line, row_line; /* the present line, and the one in which the present row starts */
    uint32_t blank;          /* the first blank line since the last row; 0: none */
    bool has_header, in_row;
    bool filling; /* the second time */
    uint32_t *lines;
    bool failed;
} table_reader;

static diagnostic *fail(table_reader *r, uint32_t line, const char *message) {
    r->failed = true;
    return diagnose_data(r->d, r->file, line, "%s", message);
}

/* A first column without a name holds the names of the rows, as R and pandas write them. */
static void add_column(table_reader *r, const char *cell) {
    arena *words = r->d->arena;
    if (!*cell && r->columns.count) {
        diagnostic *said =
            fail(r, r->row_line, arena_print(words, "column %u has no name", r->columns.count + 1));
        advise(r->d, said, "the first row names the columns");
    }
    uint32_t name = labels_add(&r->names, cell);
    if (name > r->named.count) {
        push(r->arena, &r->named, r->columns.count + 1);
    } else if (*cell) {
        diagnostic *said = fail(r, r->row_line,
                                arena_print(words, "columns %u and %u are both called `%s`",
                                            r->named.at[name - 1], r->columns.count + 1, cell));
        advise(r->d, said, "give each column a name of its own");
    }
    push(r->arena, &r->columns, (column){.name = cell});
}

/* Other files than tables with commas and a row of names. */
static void check_header(table_reader *r) {
    const char *first = r->columns.at[0].name;
    double value;
    diagnostic *said;
    if (r->columns.count == 1 && strpbrk(first, ";\t")) {
        bool tabs = strchr(first, '\t') != NULL;
        said = fail(r, r->row_line,
                    tabs ? "the columns are separated by tabs" : "the columns are separated by `;`");
        advise(r->d, said, "write the file with commas between columns and points in numbers");
    } else if (*first && number_parse(first, &value)) {
        said =
            fail(r, r->row_line, arena_print(r->d->arena, "the first row begins with the number %s", first));
        advise(r->d, said, "the first row names the columns: put one before it");
    }
}

static bool is_missing(const char *cell) { return !*cell || strcmp(cell, "NA") == 0; }

static void look_at(column *c, const char *cell) {
    double value;
    if (is_missing(cell)) c->has_missing = true;
    else if (!c->has_text) c->has_text = !number_parse(cell, &value);
}

static void keep(table_reader *r, column *c, const char *cell, size_t length) {
    uint32_t i = r->rows;
    if (is_missing(cell)) c->missing[i] = true, c->numbers[i] = (double)NAN;
    else if (!number_parse(cell, &c->numbers[i])) c->numbers[i] = (double)NAN;
    if (c->has_text && !is_missing(cell)) c->texts[i] = arena_copy(r->arena, cell, length);
}

/* libcsv: the end of a cell. CSV_APPEND_NULL puts a NUL behind it. The header is passed over the second time.
 */
static void end_cell(void *bytes, size_t length, void *user) {
    table_reader *r = user;
    const char *cell = bytes;
    if (r->failed && r->has_header) return;
    if (!r->has_header && !r->filling) add_column(r, arena_copy(r->arena, cell, length));
    else if (r->has_header && r->cell < r->columns.count && r->filling)
        keep(r, &r->columns.at[r->cell], cell, length);
    else if (r->cell < r->columns.count && !r->filling) look_at(&r->columns.at[r->cell], cell);
    r->cell++;
}

static void end_row(int byte, void *user) {
    (void)byte;
    table_reader *r = user;
    uint32_t columns = r->columns.count;
    r->in_row = false;
    if (r->failed) return;
    if (r->has_header) {
        if (r->cell != columns) {
            diagnostic *said =
                fail(r, r->row_line,
                     arena_print(r->d->arena, "the row has %u cell%s, but there are %u columns", r->cell,
                                 r->cell == 1 ? "" : "s", columns));
            advise(r->d, said,
                   "a text with a comma in it stands in quotes, \"a, b\"; a missing cell is empty or NA");
        } else if (r->rows == INT32_MAX) {
            fail(r, r->row_line, "there are more than 2147483647 rows");
        } else {
            if (r->filling) r->lines[r->rows] = r->row_line;
            r->rows++;
        }
    }
    if (!r->has_header && !r->filling) check_header(r);
    r->has_header = true;
    r->cell = 0;
}

/* Behind the next line's end, which is LF, CR LF or CR. */
static size_t line_end(const table_reader *r, size_t from) {
    while (from < r->length && r->text[from] != '\n' && r->text[from] != '\r') from++;
    if (from < r->length && r->text[from] == '\r' && from + 1 < r->length && r->text[from + 1] == '\n')
        from++;
    return from < r->length ? from + 1 : from;
}

static bool is_passed_over(const char *p, size_t length) { return length && *p == CSV_PASSED_OVER; }

static bool is_blank(const char *p, size_t length) {
    for (size_t i = 0; i < length; i++)
        if (!strchr(" \t\r\n", p[i])) return false;
    return true;
}

static void report_quote(table_reader *r, bool open) {
    diagnostic *said =
        open ? fail(r, r->row_line, "a quote is opened in the row that starts here, and never closed")
             : fail(r, r->line, "a quote stands in the middle of a cell");
    advise(r->d, said, "a cell with quotes in it is written \"say \"\"so\"\"\"");
}

/* Of several columns a row has commas; of one it may be an entry without a value, or nothing. */
static void report_blank(table_reader *r) {
    advise(r->d, fail(r, r->blank, "a blank line stands between the entries of a single column"),
           "write NA for an entry that is missing, or delete the line");
}

static void run(table_reader *r) {
    r->rows = r->cell = r->line = r->blank = 0;
    r->has_header = r->in_row = false;
    for (size_t at = 0, end; at < r->length && !r->failed; at = end) {
        end = line_end(r, at);
        r->line++;
        if (!r->in_row) {
            if (is_passed_over(r->text + at, end - at)) continue;
            if (is_blank(r->text + at, end - at)) {
                if (!r->blank) r->blank = r->line;
                continue;
            }
            if (r->blank && r->has_header && r->columns.count == 1) {
                report_blank(r);
                return;
            }
            r->blank = 0;
            r->in_row = true;
            r->row_line = r->line;
        }
        if (csv_parse(&r->parser, r->text + at, end - at, end_cell, end_row, r) == end - at) continue;
        if (csv_error(&r->parser) == CSV_EPARSE) report_quote(r, false);
        else longjmp(*r->arena->memory->escape, 1);
    }
    if (r->failed) return;
    if (csv_fini(&r->parser, end_cell, end_row, r) != 0) report_quote(r, true);
}

static void take_arrays(table_reader *r) {
    r->lines = arena_array(r->arena, uint32_t, r->rows);
    for (uint32_t k = 0; k < r->columns.count; k++) {
        column *c = &r->columns.at[k];
        c->numbers = arena_array(r->arena, double, r->rows);
        if (c->has_text) c->texts = arena_array(r->arena, const char *, r->rows);
        if (c->has_missing) c->missing = arena_array(r->arena, bool, r->rows);
    }
}

static void read_table(void *user) {
    table_reader *r = user;
    run(r);
    if (!r->failed && r->columns.count == 0) {
        diagnostic *said = fail(r, 0, "the file is empty");
        advise(r->d, said, "the first row names the columns, each further one is an entry");
    }
    if (r->failed) return;
    take_arrays(r);
    r->filling = true;
    run(r);
}

static void release_parser(void *user) { csv_free(&((table_reader *)user)->parser); }

/* The number of bytes of the UTF-8 character at p, 0 where there is none (RFC 3629). */
static size_t character(const unsigned char *p, size_t left) {
    if (p[0] < 0x80) return 1;
    size_t n = p[0] >= 0xc2 && p[0] < 0xe0   ? 2
               : (p[0] & 0xf0) == 0xe0       ? 3
               : p[0] >= 0xf0 && p[0] < 0xf5 ? 4
                                             : 0;
    if (n == 0 || n > left) return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80) return 0;
    bool overlong = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90);
    bool outside = (p[0] == 0xed && p[1] >= 0xa0) || (p[0] == 0xf4 && p[1] >= 0x90);
    return overlong || outside ? 0 : n;
}

static bool is_text(table_reader *r) {
    const unsigned char *p = (const unsigned char *)r->text;
    uint32_t line = 1;
    for (size_t i = 0, n; i < r->length; i += n) {
        n = character(p + i, r->length - i);
        if (n == 0 || p[i] == 0) {
            diagnostic *said = fail(r, line,
                                    p[i] ? arena_print(r->d->arena, "the byte 0x%02x is not UTF-8", p[i])
                                         : "the file has a NUL byte");
            advise(r->d, said, "save the file as UTF-8 text");
            return false;
        }
        line += p[i] == '\n' || (p[i] == '\r' && p[i + 1] != '\n');
    }
    return true;
}

static void add_table(const table_reader *r, data_set *s, const char *axis_name) {
    uint32_t table = s->tables.count;
    push(s->arena, &s->tables, (data_table){.file = r->file, .axis = axis_name, .rows = r->rows});
    for (uint32_t k = 0; k < r->columns.count; k++) {
        const column *c = &r->columns.at[k];
        if (!*c->name) continue;
        data_array x = {.name = c->name,
                        .file = r->file,
                        .rank = 1,
                        .dims = {r->rows},
                        .numbers = c->numbers,
                        .texts = c->texts,
                        .missing = c->missing,
                        .lines = r->lines,
                        .table = table};
        push(s->arena, &s->arrays, x);
    }
}

bool csv_read_text(diagnostics *d, data_set *s, const char *file, const char *text, size_t length,
                   const char *axis_name) {
    table_reader r = {.d = d, .arena = s->arena, .file = file, .text = text, .length = length};
    labels_open(&r.names, s->arena);
    if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) r.text += 3, r.length -= 3;
    if (!is_text(&r)) return false;
    if (csv_init(&r.parser, CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL) != 0)
        longjmp(*s->arena->memory->escape, 1);
    csv_set_blk_size(&r.parser, 128 + length / 16); /* the room of a cell grows few times, however long */
    guard(s->arena->memory, read_table, release_parser, &r);
    if (!r.failed) add_table(&r, s, axis_name);
    return !r.failed;
}

bool csv_read(diagnostics *d, data_set *s, const char *path, const char *axis_name) {
    arena *read = arena_inside(s->arena); /* the text is not needed after */
    size_t length;
    const char *text = file_read(d, read, path, &length);
    bool good = text && csv_read_text(d, s, path, text, length, axis_name);
    arena_close(read);
    return good;
}
