/* A density is asked, of the library as by a user's program, at points that are dense in the middle and reach
 * far out; the picture shows the part where all but a few percent of the mass lie. */
#include "runtime/cli/plot.h"

#include <math.h>
#include <string.h>

#include "autodiff/machine.h"
#include "autodiff/passes.h"
#include "lang/program.h"
#include "runtime/bind/lower.h"

enum { COLUMNS = 64, ROWS = 6, POINTS = 4001 };

/* ---- an example of the arguments ---- */

typedef struct example_value {
    const char *name, *type; /* NULL: of any type */
    double value;
} example_value;

/* By the names of parameters, the same for all distributions; of others by their types. */
static const example_value EXAMPLES[] = {
    {"rate", "interval", 4}, {"mean", "unit", 0.3},   {"lower", "positive", 1}, {"scale", NULL, 1},
    {"rate", NULL, 1},       {"shape", NULL, 2},      {"df", NULL, 5},          {"asymmetry", NULL, 0.6},
    {"upper", NULL, 4},      {"mode", NULL, 1},       {"trials", NULL, 12},     {"mean", NULL, 3},
    {"dispersion", NULL, 2}, {"b", NULL, 3},          {"precision", NULL, 7},   {"draws", NULL, 10},
    {"marked", NULL, 12},    {"others", NULL, 20},    {"successes", NULL, 5},   {"exponent", NULL, 2.5},
    {"gate", NULL, 0.2},     {"lowest", NULL, 1},     {"logit", NULL, 0.5},     {"delay", NULL, 0.3},
    {"bias", NULL, 0.4},     {"log_rate", NULL, 1.5}, {"log_mean", NULL, 1.5},
};

static double example_of(const parameter *p) {
    for (size_t i = 0; i < sizeof EXAMPLES / sizeof *EXAMPLES; i++) {
        const example_value *e = &EXAMPLES[i];
        if (strcmp(e->name, p->name) == 0 && (!e->type || strcmp(e->type, p->type.name) == 0))
            return e->value;
    }
    return !strcmp(p->type.name, "unit") ? 0.3 : !strcmp(p->type.name, "positive") ? 2 : 0;
}

/* NULL where a parameter is a vector. */
static const char *example_call(arena *a, const item *d) {
    const char *text = arena_print(a, "%s(", d->function.name);
    for (uint32_t i = 0; i < d->function.parameter_count; i++) {
        const parameter *p = &d->function.parameters[i];
        if (p->axes.count || !p->type.name) return NULL;
        text = arena_print(a, "%s%s%g", text, i ? ", " : "", example_of(p));
    }
    return arena_print(a, "%s)", text);
}

/* ---- its density ---- */

/* exp of the log density at n points, NULL where the library cannot say it. */
static const double *density_at(arena *a, const char *call, const double *x, uint32_t n) {
    const char *text = arena_print(
        a, "axis n\ndata x[n] : real\nlet f[n] = exp(log_density(%s, x))\nmodel {\n  z ~ normal(0, 1)\n}\n",
        call);
    diagnostics said;
    names words;
    data_set data;
    diagnostics_open(&said, a), names_open(&words, a), data_open(&data, a);
    const program *p =
        program_compile(&said, &words, diagnostics_source(&said, "plot", text, strlen(text), false), NULL);
    push(a, &data.arrays, ((data_array){.name = "x", .rank = 1, .dims = {n}, .numbers = x}));
    const model *m = said.errors ? NULL : model_bind(&said, p, &data, a);
    if (!m) return NULL;
    variable f = 0;
    while (strcmp(program_variable(p, f)->name, "f") != 0) f++;
    tape written, *run = arena_new(a, tape);
    tape_open(&written, a);
    lowering l = lower_open(m, &written, 1);
    ref out = lower_node(&l, program_variable(p, f)->value);
    tape_output(&written, tape_expand(&written, out, lower_axes(&l, program_variable(p, f)->axes)));
    tape_compile(&written, run, a, NULL, NULL);
    machine *machine = machine_new(a, run, NULL);
    machine_run(machine, 1, 0);
    return machine_output(machine, 0);
}

/* Where a distribution may have mass: the bounds of its support, whole numbers or not. */
typedef struct extent {
    double lowest, highest;
    bool whole;
} extent;

static double bound_of(const item *d, const expression *e) {
    if (e->kind == EXPRESSION_number) return e->number;
    if (e->kind == EXPRESSION_operation) return -bound_of(d, e->left); /* -inf, -pi */
    for (uint32_t i = 0; i < d->function.parameter_count; i++)
        if (d->function.parameters[i].name == e->name) return example_of(&d->function.parameters[i]);
    return strcmp(e->name, "pi") ? INFINITY : M_PI;
}

static bool extent_of(const item *d, extent *of) {
    const type_syntax *t = &d->function.type;
    for (int i = 0; i < SUPPORT_count_; i++) {
        if (strcmp(SUPPORTS[i].name, t->name) != 0) continue;
        *of = (extent){SUPPORTS[i].lowest, SUPPORTS[i].highest, SUPPORTS[i].whole};
        if (i == SUPPORT_interval) {
            of->lowest = bound_of(d, t->arguments.at[0].value);
            of->highest = bound_of(d, t->arguments.at[1].value);
        }
        return !SUPPORTS[i].event && !t->axes.count && i != SUPPORT_index;
    }
    return false;
}

/* Point i of POINTS, and the length that it stands for. */
static double point(const extent *of, int i, double *length) {
    double u = (i + 0.5) / POINTS, t = 18 * u - 9;
    if (of->whole) {
        *length = 1;
        return isinf(of->lowest) ? i - POINTS / 2 : of->lowest + i;
    }
    if (isinf(of->lowest)) {
        *length = cosh(t);
        return sinh(t);
    }
    if (isinf(of->highest)) {
        *length = exp(1.5 * t - 3);
        return of->lowest + *length;
    }
    *length = 1;
    return of->lowest + (of->highest - of->lowest) * u;
}

/* Cuts an endless support to where the mass is. */
static bool cut(arena *a, const char *call, extent *of) {
    enum { IN_THOUSANDS = 10 };
    double *x = arena_array(a, double, POINTS), *length = arena_array(a, double, POINTS), mass = 0, below = 0;
    for (int i = 0; i < POINTS; i++) x[i] = point(of, i, &length[i]);
    const double *f = density_at(a, call, x, POINTS);
    if (!f) return false;
    for (int i = 0; i < POINTS; i++) mass += isfinite(f[i]) ? f[i] * length[i] : 0;
    extent wide = *of;
    bool begun = false;
    for (int i = 0; i < POINTS; i++) {
        below += isfinite(f[i]) ? f[i] * length[i] : 0;
        if (!begun && below >= mass * IN_THOUSANDS / 1000) {
            begun = true;
            if (isinf(wide.lowest)) of->lowest = x[i];
        }
        of->highest = isinf(wide.highest) || wide.whole ? x[i] : wide.highest;
        if (below > mass * (1000 - IN_THOUSANDS) / 1000) break;
    }
    return of->highest > of->lowest;
}

/* ---- the picture ---- */

static void print_row(const double *f, double top, int row, FILE *to) {
    static const char *const EIGHTHS[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    int last = -1;
    for (int i = 0; i < COLUMNS; i++) {
        int level = (int)floor(f[i] / top * ROWS * 8 + 0.5) - row * 8;
        if (level > 0) {
            fprintf(to, "%*s%s", i - last - 1, "", EIGHTHS[level < 8 ? level : 8]);
            last = i;
        }
    }
}

bool plot_density(arena *a, const item *distribution, const char *indent, FILE *to) {
    extent of;
    const char *call = example_call(a, distribution);
    if (!call || !extent_of(distribution, &of) || !cut(a, call, &of)) return false;
    double x[COLUMNS], f[COLUMNS], top = 0, count = of.highest - of.lowest + 1;
    for (int i = 0; i < COLUMNS; i++) {
        double u = (i + 0.5) / COLUMNS;
        x[i] = of.whole ? of.lowest + floor(u * count) : of.lowest + (of.highest - of.lowest) * u;
    }
    const double *density = density_at(a, call, x, COLUMNS);
    for (int i = 0; i < COLUMNS; i++) {
        f[i] = isfinite(density[i]) ? density[i] : 0;
        top = fmax(top, f[i]);
    }
    bool flat = true;
    for (int i = 0; i < COLUMNS; i++) flat &= f[i] == top;
    if (flat && !strcmp(distribution->function.name, "flat")) return false;
    for (int row = ROWS - 1; row >= 0; row--) {
        fputs(indent, to);
        print_row(f, top, row, to);
        fputs("\n", to);
    }
    char left[32], right[32];
    int n = snprintf(left, sizeof left, "%.3g", of.lowest),
        m = snprintf(right, sizeof right, "%.3g", of.highest);
    int middle = (COLUMNS - (int)strlen(call)) / 2 - n, rest = COLUMNS - n - middle - (int)strlen(call) - m;
    fprintf(to, "%s%s%*s%s%*s%s\n", indent, left, middle > 1 ? middle : 1, "", call, rest > 1 ? rest : 1, "",
            right);
    return true;
}
