/* Every distribution of the standard library, compiled, lowered and run as a user's program is:
 *   - log density and its derivatives, and cdf, its logarithms and quantile far out, against reference.txt
 *     (multiple precision, reference.py);
 *   - divergences against the same table;
 *   - total mass, cdf, quantile, mean, variance and entropy against quadrature or sums of the density;
 *   - draws against the same integrals (Kolmogorov and Smirnov).
 *
 * usage: densities [REFERENCE.txt]   from the root of the repository */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "autodiff/machine.h"
#include "autodiff/passes.h"
#include "runtime/bind/lower.h"
#include "runtime/bind/model.h"
#include "tests/check.h"
#include "tests/memory.h"

static const double ULP = 0x1p-52;

static bool succeed(const char *test) { return check(true, test, "%s", ""); }

/* ---- running a program ---- */

typedef struct values {
    const char *name;
    uint32_t rank, dims[3];
    const double *numbers;
    bool varied; /* a derivative by it is wanted */
    const double *slope;
} values;

typedef struct results {
    const char *name;
    const double *numbers;
} results;

/* What a run needs stays alive in the arena until the next test. */
typedef struct run {
    arena *arena;
    diagnostics diagnostics;
    names names;
    tape tape;
} run;

static variable find(const program *p, const char *name) {
    for (variable v = 0; v < p->variables.count; v++)
        if (!strcmp(p->variables.at[v].name, name)) return v;
    return VARIABLE_NONE;
}

/* Compiles `text`, gives it the data, computes the named lets or generated variables, and the derivatives of
 * the sum of the first by what varies. False, with a message, if the program has mistakes. */
static bool compute(arena *a, const char *test, const char *text, values *data, int data_count,
                    results *wanted, int wanted_count) {
    run *r = arena_new(a, run);
    diagnostics_open(&r->diagnostics, a);
    names_open(&r->names, a);
    text = arena_print(a, "%smodel {\n  unused ~ normal(0, 1)\n}\n", text);
    uint32_t source = diagnostics_source(&r->diagnostics, test, text, strlen(text), false);
    const program *p = program_compile(&r->diagnostics, &r->names, source, NULL);
    data_set set;
    data_open(&set, a);
    for (int i = 0; i < data_count; i++) {
        data_array x = {.name = data[i].name, .rank = data[i].rank, .numbers = data[i].numbers};
        memcpy(x.dims, data[i].dims, sizeof data[i].dims);
        push(a, &set.arrays, x);
    }
    const model *m = r->diagnostics.errors ? NULL : model_bind(&r->diagnostics, p, &set, a);
    if (!m) {
        const char *said =
            r->diagnostics.list.count ? diagnostic_text(&r->diagnostics, r->diagnostics.list.at) : "";
        return check(false, test, "%s", said);
    }
    tape_open(&r->tape, a);
    lowering l = lower_open(m, &r->tape, 1);
    ref inputs[8], slopes[8];
    uint32_t varied = 0;
    for (int i = 0; i < data_count; i++)
        if (data[i].varied) {
            variable v = find(p, data[i].name);
            inputs[varied] = tape_input(&r->tape, lower_axes(&l, program_variable(p, v)->axes));
            lower_set(&l, v, inputs[varied++]);
        }
    for (int i = 0; i < wanted_count; i++) {
        const variable_row *v = program_variable(p, find(p, wanted[i].name));
        ref x = tape_expand(&r->tape, lower_node(&l, v->value), lower_axes(&l, v->axes));
        tape_output(&r->tape, x);
        ref culprit = 0;
        if (!i && varied && !tape_adjoint(&r->tape, x, 0, inputs, varied, slopes, &culprit))
            return check(false, test, "%s has no derivative", op_name(tape_at(&r->tape, culprit)->op));
    }
    for (uint32_t i = 0; i < varied; i++) tape_output(&r->tape, slopes[i]);
    tape *compiled = arena_new(a, tape);
    tape_compile(&r->tape, compiled, a, NULL, NULL);
    machine *run = machine_new(a, compiled, NULL);
    uint32_t slot = 0;
    for (int i = 0; i < data_count; i++)
        if (data[i].varied) machine_bind(run, slot++, data[i].numbers);
    machine_run(run, 1, 0);
    for (int i = 0; i < wanted_count; i++) wanted[i].numbers = machine_output(run, (uint32_t)i);
    slot = (uint32_t)wanted_count;
    for (int i = 0; i < data_count; i++)
        if (data[i].varied) data[i].slope = machine_output(run, slot++);
    return true;
}

/* ---- the table of references ---- */

enum { ARGUMENTS_MOST = 4, EVENT = 3, ROWS_MOST = 200, COLUMNS_MOST = 32 };

/* x or an argument: "loc:real", "probabilities:simplex[3]". */
typedef struct column {
    char name[24], type[24];
    uint32_t size; /* entries along k; 0: not over k */
    bool whole;
} column;

typedef struct block {
    char name[40], property[16]; /* log_density, with its derivatives; cdf …; kl */
    column x, arguments[ARGUMENTS_MOST];
    int argument_count, rows, columns;
    double at[ROWS_MOST][COLUMNS_MOST];
} block;

static void read_type(column *c, const char *word) {
    snprintf(c->type, sizeof c->type, "%s", word);
    char *bracket = strchr(c->type, '[');
    if (bracket) c->size = (uint32_t)atoi(bracket + 1), *bracket = 0;
    c->whole = !strcmp(c->type, "count") || !strcmp(c->type, "binary") || !strcmp(c->type, "k");
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
        column *c = &b->arguments[b->argument_count++];
        char *colon = strchr(word, ':');
        snprintf(c->name, sizeof c->name, "%.*s", (int)(colon - word), word);
        read_type(c, colon + 1);
    }
}

/* The next block of the file; false at its end. */
static bool read_block(FILE *file, block *b) {
    char line[2048];
    b->name[0] = 0;
    for (long before = ftell(file); fgets(line, sizeof line, file); before = ftell(file)) {
        if (line[0] == '#') continue;
        bool head = isalpha((unsigned char)line[0]) && strncmp(line, "inf", 3) && strncmp(line, "nan", 3);
        if (head && b->name[0]) {
            fseek(file, before, SEEK_SET);
            return true;
        }
        if (head) {
            read_head(b, line);
            continue;
        }
        int n = 0;
        for (char *word = strtok(line, " \n"); word && n < COLUMNS_MOST; word = strtok(NULL, " \n"))
            b->at[b->rows][n++] = strtod(word, NULL);
        b->columns = n;
        b->rows++;
    }
    return b->name[0] != 0;
}

static uint32_t width(const column *c) { return c->size ? c->size : 1; }

/* Columns `first` … of all rows as one array. */
static const double *gather_columns(arena *a, const block *b, int first, uint32_t count) {
    double *x = arena_array(a, double, (size_t)b->rows *count);
    for (int i = 0; i < b->rows; i++)
        for (uint32_t k = 0; k < count; k++) x[(uint32_t)i * count + k] = b->at[i][(uint32_t)first + k];
    return x;
}

static const char *declaration(arena *a, const char *name, const column *c) {
    return arena_print(a, "data %s[row%s] : %s\n", name, c->size ? ", k" : "", c->type);
}

static values column_values(arena *a, const block *b, const char *name, const column *c, int first) {
    values v = {.name = name, .rank = c->size ? 2 : 1, .dims = {(uint32_t)b->rows, EVENT}};
    v.numbers = gather_columns(a, b, first, width(c));
    v.varied = !c->whole && !strcmp(b->property, "log_density");
    return v;
}

/* A value is right within 16 units of the sum of its terms, or 1e-12 of itself; a derivative, which adds the
 * terms of the chain rule, within the same or 1e-9. */
static bool near(double got, double want, double size, double relative) {
    if (isnan(want)) return true;
    if (isinf(want)) return got == want;
    return fabs(got - want) <= fmax(relative * fabs(want), 16 * ULP * size);
}

static bool check_property(arena *a, const block *b) {
    const char *text =
        arena_print(a, "axis row = %d, k = %d\n%s", b->rows, EVENT, declaration(a, "x", &b->x));
    const char *call = "";
    values data[ARGUMENTS_MOST + 1];
    int first = 0;
    for (int i = 0; i < b->argument_count; i++) {
        const column *c = &b->arguments[i];
        const char *name = arena_print(a, "a%d", i);
        text = arena_print(a, "%s%s", text, declaration(a, name, c));
        call = arena_print(a, "%s%s%s", call, i ? ", " : "", name);
        data[i + 1] = column_values(a, b, name, c, first);
        first += (int)width(c);
    }
    data[0] = column_values(a, b, "x", &b->x, first);
    first += (int)width(&b->x);
    text = arena_print(a, "%slet f[row] = %s(%s(%s), x)\n", text, b->property, b->name, call);
    const char *test = arena_print(a, "%s.%s", b->property, b->name);
    results f = {.name = "f"};
    if (!compute(a, test, text, data, b->argument_count + 1, &f, 1)) return false;
    for (int i = 0; i < b->rows; i++) {
        const double *want = &b->at[i][first];
        if (!near(f.numbers[i], want[0], want[1], 1e-12))
            return check(false, test, "row %d: %.17g, not %.17g", i + 1, f.numbers[i], want[0]);
        want += 2;
        for (int v = 0; v <= b->argument_count; v++) {
            const column *c = v ? &b->arguments[v - 1] : &b->x;
            for (uint32_t k = 0; data[v].varied && k < width(c); k++, want += 2) {
                double got = data[v].slope[(uint32_t)i * width(c) + k];
                if (!near(got, want[0], want[1], 1e-9))
                    return check(false, test, "row %d: d/d%s is %.17g, not %.17g", i + 1, v ? c->name : "x",
                                 got, want[0]);
            }
        }
    }
    return succeed(test);
}

/* Closed forms of a few terms, against quadrature to 20 digits: 1e-11 of what is added up, about 1. */
static bool check_divergence(arena *a, const block *b) {
    const char *text = arena_print(a, "axis row = %d, k = %d\n", b->rows, EVENT), *calls[2] = {"", ""};
    values data[2 * ARGUMENTS_MOST];
    int first = 0, count = 0;
    for (int side = 0; side < 2; side++)
        for (int i = 0; i < b->argument_count; i++) {
            const column *c = &b->arguments[i];
            const char *name = arena_print(a, "%c%d", side ? 'q' : 'p', i);
            text = arena_print(a, "%s%s", text, declaration(a, name, c));
            calls[side] = arena_print(a, "%s%s%s", calls[side], i ? ", " : "", name);
            data[count++] = column_values(a, b, name, c, first);
            first += (int)width(c);
        }
    text = arena_print(a, "%slet d[row] = kl%s(%s(%s), %s(%s))\n", text, b->arguments[0].size ? "[k]" : "",
                       b->name, calls[0], b->name, calls[1]);
    const char *test = arena_print(a, "kl.%s", b->name);
    results d = {.name = "d"};
    if (!compute(a, test, text, data, count, &d, 1)) return false;
    for (int i = 0; i < b->rows; i++) {
        double want = b->at[i][first];
        if (isinf(want) ? d.numbers[i] != want : fabs(d.numbers[i] - want) > 1e-11 * (1 + fabs(want)))
            return check(false, test, "row %d: %.17g, not %.17g", i + 1, d.numbers[i], want);
    }
    return succeed(test);
}

/* ---- mass, cdf, moments, draws ---- */

typedef enum shape { LINE, HALF_LINE, INTERVAL, WHOLE } shape;
enum { CDF = 1, QUANTILE = 2, MEAN = 4, VARIANCE = 8, ENTROPY = 16, DRAWS = 32 };
enum { LOCATED = CDF | QUANTILE | MEAN | VARIANCE | ENTROPY | DRAWS, MOMENTS = MEAN | VARIANCE | DRAWS };

/* A distribution with arguments; `centre` and `width` say where its mass is: of an interval its ends, of a
 * half-line its end and how far it reaches. */
typedef struct example {
    const char *call, *type;
    shape shape;
    double centre, width;
    int has;
} example;

static const example EXAMPLES[] = {
    {"normal(1.5, 0.3)", "real", LINE, 1.5, 0.3, LOCATED},
    {"half_normal(2)", "positive", HALF_LINE, 0, 2, LOCATED},
    {"lognormal(0.3, 0.8)", "positive", HALF_LINE, 0, 1.3, LOCATED},
    {"cauchy(-1, 2)", "real", LINE, -1, 2, CDF | QUANTILE | ENTROPY | DRAWS},
    {"half_cauchy(2)", "positive", HALF_LINE, 0, 2, CDF | QUANTILE | ENTROPY | DRAWS},
    {"student_t(5, 1, 2)", "real", LINE, 1, 2, MOMENTS | ENTROPY},
    {"student_t(0.8, 1, 2)", "real", LINE, 1, 2, ENTROPY | DRAWS},
    {"half_student_t(3, 2)", "positive", HALF_LINE, 0, 2, DRAWS},
    {"exponential(2.5)", "positive", HALF_LINE, 0, 0.4, LOCATED},
    {"gamma(2.5, 1.5)", "positive", HALF_LINE, 0, 1.5, MOMENTS | ENTROPY},
    {"gamma(0.3, 2)", "positive", HALF_LINE, 0, 0.1, MOMENTS | ENTROPY},
    {"inv_gamma(5, 2)", "positive", HALF_LINE, 0, 0.5, MOMENTS | ENTROPY},
    {"beta(2, 5)", "unit", INTERVAL, 0, 1, MOMENTS | ENTROPY},
    {"beta(0.4, 1.5)", "unit", INTERVAL, 0, 1, MOMENTS | ENTROPY},
    {"uniform(-1, 3)", "real", INTERVAL, -1, 3, LOCATED},
    {"laplace(1, 0.5)", "real", LINE, 1, 0.5, LOCATED},
    {"logistic(1, 0.5)", "real", LINE, 1, 0.5, LOCATED},
    {"weibull(1.7, 2)", "positive", HALF_LINE, 0, 2, LOCATED},
    {"pareto(0.5, 4)", "interval(0.5, inf)", HALF_LINE, 0.5, 1, LOCATED},
    {"gumbel(1, 0.5)", "real", LINE, 1, 0.5, LOCATED},
    {"bernoulli(0.3)", "binary", WHOLE, 0, 2, CDF | MOMENTS | ENTROPY},
    {"bernoulli_logit(-0.7)", "binary", WHOLE, 0, 2, CDF | MOMENTS | ENTROPY},
    {"binomial(20, 0.3)", "count", WHOLE, 0, 24, MOMENTS},
    {"binomial_logit(20, -0.7)", "count", WHOLE, 0, 24, MOMENTS},
    {"hypergeometric(5, 6, 7)", "count", WHOLE, 0, 8, 0},
    {"beta_binomial(20, 1.5, 3)", "count", WHOLE, 0, 24, MOMENTS},
    {"geometric(0.3)", "count", WHOLE, 0, 150, CDF | MOMENTS},
    {"poisson(4.5)", "count", WHOLE, 0, 80, MOMENTS},
    {"poisson_log(1.5)", "count", WHOLE, 0, 80, MOMENTS},
    {"neg_binomial_2(4.5, 3)", "count", WHOLE, 0, 250, MOMENTS},
    {"neg_binomial_2_log(1.5, 3)", "count", WHOLE, 0, 250, MOMENTS},
};

/* Quadrature by double-exponential maps (Takahasi and Mori 1974) on NODES points: of a half-line from `end`,
 * x = end + sign w exp(pi/2 sinh t), of an interval x = a + (b - a) expit(pi sinh t). With steps of 6.4 / 400
 * densities that are smooth inside come out to 1e-12. */
enum { PLACES = 24, NODES = 801, DRAW_COUNT = 100000 };

static double half_line(double end, double sign, double w, int i, double *weight) {
    double h = 10.0 / (NODES - 1), t = -5 + h * i, e = w * exp(M_PI / 2 * sinh(t));
    *weight = h * M_PI / 2 * cosh(t) * e;
    return end + sign * e;
}

static double inside(double a, double b, int i, double *weight) {
    double h = 8.0 / (NODES - 1), t = -4 + h * i, s = M_PI * sinh(t), p = 1 / (1 + exp(-s)),
           q = 1 / (1 + exp(s));
    *weight = h * M_PI * cosh(t) * (b - a) * p * q;
    return a + (b - a) * p;
}

/* Places in the order of x, from one tail to the other. */
static double place(const example *e, int i) {
    double u = (i + 0.5) / PLACES;
    switch (e->shape) {
    case LINE: return e->centre + e->width * log(u / (1 - u));
    case HALF_LINE: return e->centre + e->width * pow(u / (1 - u), 0.8);
    case INTERVAL: return e->centre + (e->width - e->centre) * u;
    case WHOLE: return i;
    }
    return NAN;
}

/* Sums over a distribution: below each place, then everywhere. */
typedef struct sums {
    double below[PLACES], mass, mean, square, entropy;
} sums;

static void add(sums *s, double x, double log_density, double weight) {
    double p = weight ? exp(log_density) * weight : 0;
    if (p <= 0) return;
    s->mass += p;
    s->mean += p * x;
    s->square += p * x * x;
    s->entropy -= p * log_density;
}

static bool density_at(arena *a, const char *test, const example *e, const double *x, uint32_t n,
                       const double **density) {
    const char *text =
        arena_print(a, "axis n\ndata x[n] : %s\nlet f[n] = log_density(%s, x)\n", e->type, e->call);
    values data = {.name = "x", .rank = 1, .dims = {n}, .numbers = x};
    results f = {.name = "f"};
    if (!compute(a, test, text, &data, 1, &f, 1)) return false;
    *density = f.numbers;
    return true;
}

static bool sum_whole(arena *a, const char *test, const example *e, sums *s) {
    uint32_t n = (uint32_t)e->width;
    double *x = arena_array(a, double, n);
    for (uint32_t i = 0; i < n; i++) x[i] = i;
    const double *density;
    if (!density_at(a, test, e, x, n, &density)) return false;
    for (uint32_t i = 0; i < n; i++) {
        add(s, x[i], density[i], 1);
        if (i < PLACES) s->below[i] = s->mass;
    }
    for (uint32_t i = n; i < PLACES; i++) s->below[i] = s->mass;
    return true;
}

/* The points of the integral from `a` to `b`, of which one may be infinite. */
static void lay_out(const example *e, double a, double b, double *at, double *weight) {
    for (int i = 0; i < NODES; i++) {
        if (isinf(a)) at[i] = half_line(b, -1, e->width, i, &weight[i]);
        else if (isinf(b)) at[i] = half_line(a, 1, e->width, i, &weight[i]);
        else at[i] = inside(a, b, i, &weight[i]);
        if (e->shape == HALF_LINE && at[i] <= e->centre) at[i] = e->centre + 1e-300, weight[i] = 0;
    }
}

/* Below each place, from the lowest x or from the centre, where there may be a kink; then all below and above
 * the centre. */
static bool integrate(arena *a, const char *test, const example *e, sums *s) {
    enum { ALL = PLACES + 2 };
    double *x = arena_array(a, double, ALL *NODES), *weight = arena_array(a, double, ALL *NODES);
    double lowest = e->shape == LINE ? -INFINITY : e->centre;
    double highest = e->shape == INTERVAL ? e->width : INFINITY;
    double centre = e->shape == LINE       ? e->centre
                    : e->shape == INTERVAL ? (lowest + highest) / 2
                                           : e->centre + e->width;
    for (int i = 0; i < ALL; i++) {
        double end = i < PLACES ? place(e, i) : i == PLACES ? centre : highest;
        lay_out(e, end > centre ? centre : lowest, end, x + i * NODES, weight + i * NODES);
    }
    const double *density;
    if (!density_at(a, test, e, x, ALL * NODES, &density)) return false;
    for (int k = PLACES * NODES; k < (PLACES + 1) * NODES; k++) add(s, x[k], density[k], weight[k]);
    double half = s->mass;
    for (int k = (PLACES + 1) * NODES; k < ALL * NODES; k++) add(s, x[k], density[k], weight[k]);
    for (int i = 0; i < PLACES; i++) {
        sums part = {0};
        for (int k = i * NODES; k < (i + 1) * NODES; k++) add(&part, x[k], density[k], weight[k]);
        s->below[i] = part.mass + (place(e, i) > centre ? half : 0);
    }
    return true;
}

static bool close_to(const char *test, const char *what, double got, double want, double tolerance) {
    if (fabs(got - want) <= tolerance * (1 + fabs(want))) return true;
    return check(false, test, "%s is %.12g, not %.12g", what, got, want);
}

static bool check_cdf(arena *a, const char *test, const example *e, const sums *s) {
    double x[PLACES];
    uint32_t count = e->shape == WHOLE && e->width < PLACES ? (uint32_t)e->width : PLACES;
    for (uint32_t i = 0; i < count; i++) x[i] = place(e, (int)i);
    const char *text = arena_print(a, "axis n\ndata x[n] : %s\nlet f[n] = cdf(%s, x)\n", e->type, e->call);
    if (e->has & QUANTILE)
        text = arena_print(a, "%slet back[n] = cdf(%s, quantile(%s, f))\n", text, e->call, e->call);
    values data = {.name = "x", .rank = 1, .dims = {count}, .numbers = x};
    results wanted[2] = {{.name = "f"}, {.name = "back"}};
    if (!compute(a, test, text, &data, 1, wanted, e->has & QUANTILE ? 2 : 1)) return false;
    for (uint32_t i = 0; i < count; i++) {
        if (!close_to(test, "cdf", wanted[0].numbers[i], s->below[i], 1e-9)) return false;
        double f = wanted[0].numbers[i], back = e->has & QUANTILE ? wanted[1].numbers[i] : f;
        if (!(fabs(back - f) <= 1e-12 * f))
            return check(false, test, "cdf of quantile of %.17g is %.17g", f, back);
    }
    return true;
}

static bool check_moments(arena *a, const char *test, const example *e, const sums *s) {
    static const char *const NAMES[] = {"mean", "variance", "entropy"};
    const int flags[] = {MEAN, VARIANCE, ENTROPY};
    const double want[] = {s->mean, s->square - s->mean * s->mean, s->entropy};
    for (int i = 0; i < 3; i++) {
        if (!(e->has & flags[i])) continue;
        const char *text = arena_print(a, "let m = %s(%s)\n", NAMES[i], e->call);
        results m = {.name = "m"};
        if (!compute(a, test, text, NULL, 0, &m, 1)) return false;
        if (!close_to(test, NAMES[i], m.numbers[0], want[i], 1e-8)) return false;
    }
    return true;
}

static int ascending(const void *x, const void *y) {
    double a = *(const double *)x, b = *(const double *)y;
    return (a > b) - (a < b);
}

/* The largest difference of the shares of draws and of mass below the places. A correct sampler exceeds
 * 1.95 / sqrt(n) once in a thousand seeds; this seed is fixed. */
static bool check_shares(const char *test, const double *draws, uint32_t n, const double *at,
                         const double *below, uint32_t count) {
    double *sorted = malloc(n * sizeof *sorted);
    memcpy(sorted, draws, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, ascending);
    double worst = isnan(sorted[0]) || isnan(sorted[n - 1]) ? INFINITY : 0;
    for (uint32_t i = 0, k = 0; i < count; i++) {
        while (k < n && sorted[k] <= at[i]) k++;
        worst = fmax(worst, fabs((double)k / n - below[i]));
    }
    free(sorted);
    if (worst <= 1.95 / sqrt(n)) return true;
    return check(false, test, "draws are off by %.4f", worst);
}

static bool check_draws(arena *a, const char *test, const example *e, const sums *s) {
    const char *text = arena_print(a, "axis n = %d\ngenerate {\n  x[n] ~ %s\n}\n", DRAW_COUNT, e->call);
    results x = {.name = "x"};
    if (!compute(a, test, text, NULL, 0, &x, 1)) return false;
    double at[PLACES];
    for (int i = 0; i < PLACES; i++) at[i] = place(e, i);
    return check_shares(test, x.numbers, DRAW_COUNT, at, s->below, PLACES);
}

static void check_example(arena *a, const example *e) {
    const char *test = arena_print(a, "shape.%s", e->call);
    sums s = {0};
    bool good = e->shape == WHOLE ? sum_whole(a, test, e, &s) : integrate(a, test, e, &s);
    good = good && close_to(test, "mass", s.mass, 1, 1e-9);
    if (good && e->has & CDF) good = check_cdf(a, test, e, &s);
    if (good) good = check_moments(a, test, e, &s);
    if (good && e->has & DRAWS) good = check_draws(a, test, e, &s);
    if (good) succeed(test);
}

/* The first share of dirichlet(c) is beta(c[1], c[2] + c[3]). */
static void check_dirichlet(arena *a) {
    const char *test = "shape.dirichlet";
    const char *text = arena_print(a,
                                   "axis n = %d, k = 3\nlet c[k] = k * (k + 1) / 4\n"
                                   "generate {\n  x[n, k] ~ dirichlet(c)\n}\n",
                                   DRAW_COUNT);
    results x = {.name = "x"};
    if (!compute(a, test, text, NULL, 0, &x, 1)) return;
    example margin = {"beta(0.5, 4.5)", "unit", INTERVAL, 0, 1, 0};
    sums s = {0};
    if (!integrate(a, test, &margin, &s)) return;
    double *first = arena_array(a, double, DRAW_COUNT), at[PLACES], off = 0;
    for (int i = 0; i < DRAW_COUNT; i++) {
        const double *row = x.numbers + 3 * i;
        first[i] = row[0];
        off = fmax(off, fabs(row[0] + row[1] + row[2] - 1));
    }
    for (int i = 0; i < PLACES; i++) at[i] = place(&margin, i);
    if (!close_to(test, "sum of shares", off, 0, 8 * ULP)) return;
    if (check_shares(test, first, DRAW_COUNT, at, s.below, PLACES)) succeed(test);
}

static void check_categorical(arena *a) {
    static const char *const CALLS[] = {"categorical(w)", "categorical_logit(log(w) + 3)"};
    const double at[] = {1, 2, 3}, below[] = {1. / 6, 1. / 2, 1};
    for (int i = 0; i < 2; i++) {
        const char *test = arena_print(a, "shape.%s", CALLS[i]);
        const char *text = arena_print(
            a, "axis n = %d, k = 3\nlet w[k] = k / 6\ngenerate {\n  x[n] ~ %s\n}\n", DRAW_COUNT, CALLS[i]);
        results x = {.name = "x"};
        if (compute(a, test, text, NULL, 0, &x, 1) && check_shares(test, x.numbers, DRAW_COUNT, at, below, 3))
            succeed(test);
    }
}

int main(int argc, char **argv) {
    jmp_buf escape;
    memory m = {test_allocate, NULL, &escape};
    if (setjmp(escape)) {
        check(false, "memory", "the arena is full");
        return check_end();
    }
    FILE *file = fopen(argc > 1 ? argv[1] : "tests/densities/reference.txt", "r");
    if (!CHECK(file, "reference")) return check_end();
    static block b;
    while (read_block(file, &b)) {
        arena a;
        arena_open(&a, &m);
        if (!strcmp(b.property, "kl")) check_divergence(&a, &b);
        else check_property(&a, &b);
        arena_close(&a);
    }
    fclose(file);
    for (size_t i = 0; i < sizeof EXAMPLES / sizeof *EXAMPLES; i++) {
        arena a;
        arena_open(&a, &m);
        check_example(&a, &EXAMPLES[i]);
        arena_close(&a);
    }
    arena a;
    arena_open(&a, &m);
    check_dirichlet(&a);
    check_categorical(&a);
    arena_close(&a);
    return check_end();
}
