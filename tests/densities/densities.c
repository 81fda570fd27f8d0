/* Every distribution of the standard library against reference.txt (multiple precision, reference.py): log
 * density and its derivatives; cdf, its logarithms and quantile far out; divergences. shapes.c has the rest.
 *
 * usage: densities [REFERENCE.txt]   from the root of the repository */
#include <ctype.h>
#include <stdlib.h>

#include "tests/densities/run.h"

enum { ARGUMENTS_MOST = 4, EVENT = 3, ROWS_MOST = 200, COLUMNS_MOST = 96 };

/* x or an argument: "loc:real", "probabilities:simplex[3]", "factor:cholesky_covariance[3,3]". */
typedef struct column {
    char name[24], type[32];
    uint32_t rank; /* of the event: 0, 1 or 2 axes of EVENT entries */
    bool whole;
} column;

typedef struct block {
    char name[40], property[16]; /* log_density, with its derivatives; cdf …; kl */
    char other[40];              /* of kl */
    column x, arguments[2 * ARGUMENTS_MOST];
    int argument_count, of_first, rows, columns;
    double at[ROWS_MOST][COLUMNS_MOST];
} block;

static void read_type(column *c, const char *word) {
    static const char *const WHOLE[] = {"count", "binary", "int", "k", "category"};
    snprintf(c->type, sizeof c->type, "%s", word);
    char *bracket = strchr(c->type, '[');
    if (bracket) c->rank = strchr(bracket, ',') ? 2 : 1, *bracket = 0;
    for (size_t i = 0; i < sizeof WHOLE / sizeof *WHOLE; i++) c->whole |= !strcmp(c->type, WHOLE[i]);
}

static void read_head(block *b, char *line) {
    *b = (block){0};
    char *word = strtok(line, " \n");
    bool density = !strcmp(word, "distribution"), tail = !strcmp(word, "tail");
    snprintf(b->name, sizeof b->name, "%s", strtok(NULL, " \n"));
    snprintf(b->property, sizeof b->property, "%s",
             density ? "log_density"
             : tail  ? strtok(NULL, " \n")
                     : "kl");
    if (density || tail) read_type(&b->x, strtok(NULL, " \n"));
    while ((word = strtok(NULL, " \n"))) {
        if (!strcmp(word, "/")) {
            b->of_first = b->argument_count;
            snprintf(b->other, sizeof b->other, "%s", strtok(NULL, " \n"));
            continue;
        }
        column *c = &b->arguments[b->argument_count++];
        char *colon = strchr(word, ':');
        snprintf(c->name, sizeof c->name, "%.*s", (int)(colon - word), word);
        read_type(c, colon + 1);
    }
}

static void read_row(block *b, char *line) {
    int n = 0;
    for (char *word = strtok(line, " \n"); word && n < COLUMNS_MOST; word = strtok(NULL, " \n"), n++)
        b->at[b->rows][n] = *word == '"' ? b->at[b->rows - 1][n] : strtod(word, NULL);
    b->columns = n;
    b->rows++;
}

/* The next block of the file but examples; false at its end. */
static bool read_block(FILE *file, block *b) {
    static char line[8192];
    b->name[0] = 0;
    for (long before = ftell(file); fgets(line, sizeof line, file); before = ftell(file)) {
        if (line[0] == '#' || !strncmp(line, "example", 7)) continue;
        bool head = isalpha((unsigned char)line[0]) && strncmp(line, "inf", 3) && strncmp(line, "nan", 3);
        if (head && b->name[0]) {
            fseek(file, before, SEEK_SET);
            return true;
        }
        if (head) read_head(b, line);
        else read_row(b, line);
    }
    return b->name[0] != 0;
}

static uint32_t width(const column *c) { return c->rank == 2 ? EVENT * EVENT : c->rank ? EVENT : 1; }

/* Columns `first` … of all rows as one array. */
static const double *gather_columns(arena *a, const block *b, int first, uint32_t count) {
    double *x = arena_array(a, double, (size_t)b->rows *count);
    for (int i = 0; i < b->rows; i++)
        for (uint32_t k = 0; k < count; k++) x[(uint32_t)i * count + k] = b->at[i][(uint32_t)first + k];
    return x;
}

static const char *axes_text(arena *a, const block *b) {
    return arena_print(a, "axis row = %d, k = %d, category = %d\n", b->rows, EVENT, EVENT + 1);
}

static const char *declaration(arena *a, const char *name, const column *c) {
    static const char *const EVENTS[] = {"", ", k", ", k, k'"};
    return arena_print(a, "data %s[row%s] : %s\n", name, EVENTS[c->rank], c->type);
}

/* Whether the derivatives stand behind the value and its size. */
static bool has_slopes(const block *b) {
    int inputs = (int)width(&b->x);
    for (int i = 0; i < b->argument_count; i++) inputs += (int)width(&b->arguments[i]);
    return strcmp(b->property, "kl") && b->columns > inputs + 2;
}

static values column_values(arena *a, const block *b, const char *name, const column *c, int first) {
    values v = {.name = name, .rank = 1 + c->rank, .dims = {(uint32_t)b->rows, EVENT, EVENT}};
    v.numbers = gather_columns(a, b, first, width(c));
    v.varied = !c->whole && has_slopes(b);
    return v;
}

/* A value is right within 16 units of the sum of its terms, or 1e-12 of itself; a derivative, which adds the
 * terms of the chain rule, within the same or 1e-9. */
static bool near(double got, double want, double size, double relative) {
    if (isnan(want)) return true;
    if (isinf(want)) return got == want;
    if (want == 0 && size == 0) return fabs(got) <= 1e-80; /* where the reference has lost it */
    return fabs(got - want) <= fmax(relative * fabs(want), 16 * ULP * size + 1e-290);
}

/* Whether an entry may be moved: of a matrix those on and below the diagonal, where it is not 1. */
static bool is_free(const column *c, uint32_t k) {
    if (c->rank < 2 || !strcmp(c->type, "real")) return true;
    bool ones = strstr(c->type, "correlation") != NULL;
    return k % EVENT < k / EVENT || (!ones && k % EVENT == k / EVENT);
}

/* The derivative by an entry, of a symmetric matrix by both. */
static double slope_at(const column *c, const double *slope, uint32_t k) {
    uint32_t twin = k % EVENT * EVENT + k / EVENT;
    bool both = c->rank == 2 && twin != k && !strstr(c->type, "cholesky") && strcmp(c->type, "real");
    return slope[k] + (both ? slope[twin] : 0);
}

static bool check_slopes(const char *test, const block *b, int row, const double *want, const values *data) {
    for (int v = 0; v <= b->argument_count; v++) {
        const column *c = v ? &b->arguments[v - 1] : &b->x;
        for (uint32_t k = 0; data[v].varied && k < width(c); k++) {
            if (!is_free(c, k)) continue;
            double got = slope_at(c, data[v].slope + (uint32_t)row * width(c), k);
            if (!near(got, want[0], want[1], 1e-9))
                return check(false, test, "row %d: d/d%s is %.17g, not %.17g", row + 1, v ? c->name : "x",
                             got, want[0]);
            want += 2;
        }
    }
    return true;
}

/* The arguments, as declarations, a list and data; the first column behind them. */
static int read_arguments(arena *a, const block *b, int from, int to, const char *prefix, int first,
                          const char **text, const char **call, values *data) {
    *call = "";
    for (int i = from; i < to; i++) {
        const column *c = &b->arguments[i];
        const char *name = arena_print(a, "%s%d", prefix, i);
        *text = arena_print(a, "%s%s", *text, declaration(a, name, c));
        *call = arena_print(a, "%s%s%s", *call, i > from ? ", " : "", name);
        data[i - from] = column_values(a, b, name, c, first);
        first += (int)width(c);
    }
    return first;
}

static bool check_property(arena *a, const block *b) {
    const char *text = arena_print(a, "%s%s", axes_text(a, b), declaration(a, "x", &b->x)), *call;
    values data[2 * ARGUMENTS_MOST + 1];
    int first = read_arguments(a, b, 0, b->argument_count, "a", 0, &text, &call, data + 1);
    data[0] = column_values(a, b, "x", &b->x, first);
    first += (int)width(&b->x);
    text = arena_print(a, "%slet f[row] = %s(%s(%s), x)\n", text, b->property, b->name, call);
    const char *test = arena_print(a, "%s.%s", b->property, b->name);
    results f = {.name = "f"};
    bool density =
        !strcmp(b->property, "log_density"); /* right where the density itself is within 16 units */
    if (!compute(a, test, text, data, b->argument_count + 1, &f, 1)) return false;
    for (int i = 0; i < b->rows; i++) {
        const double *want = &b->at[i][first];
        if (!near(f.numbers[i], want[0], density ? fmax(want[1], 1) : want[1], 1e-12))
            return check(false, test, "row %d: %.17g, not %.17g", i + 1, f.numbers[i], want[0]);
        if (has_slopes(b) && !check_slopes(test, b, i, want + 2, data)) return false;
    }
    return succeed(test);
}

/* Closed forms of a few terms, against quadrature to 20 digits: 1e-11 of what is added up, about 1. */
static bool check_divergence(arena *a, const block *b) {
    const char *text = axes_text(a, b), *p, *q;
    values data[4 * ARGUMENTS_MOST];
    int first = read_arguments(a, b, 0, b->of_first, "p", 0, &text, &p, data);
    first = read_arguments(a, b, b->of_first, b->argument_count, "q", first, &text, &q, data + b->of_first);
    bool event = b->argument_count && b->arguments[b->argument_count - 1].rank;
    text = arena_print(a, "%slet d[row] = kl%s(%s(%s), %s(%s))\n", text, event ? "[k]" : "", b->name, p,
                       b->other, q);
    const char *test = arena_print(a, "kl.%s.%s", b->name, b->other);
    results d = {.name = "d"};
    if (!compute(a, test, text, data, b->argument_count, &d, 1)) return false;
    for (int i = 0; i < b->rows; i++) {
        double want = b->at[i][first];
        if (isinf(want) ? d.numbers[i] != want : fabs(d.numbers[i] - want) > 1e-11 * (1 + fabs(want)))
            return check(false, test, "row %d: %.17g, not %.17g", i + 1, d.numbers[i], want);
    }
    return succeed(test);
}

int main(int argc, char **argv) {
    FILE *file = fopen(argc > 1 ? argv[1] : "tests/densities/reference.txt", "r");
    if (!CHECK(file, "reference")) return check_end();
    static block b;
    while (read_block(file, &b)) {
        arena a;
        test_memory(&a);
        if (!strcmp(b.property, "kl")) check_divergence(&a, &b);
        else check_property(&a, &b);
        arena_close(&a);
    }
    fclose(file);
    return check_end();
}
