/* Mixtures over tables (autodiff/mix.c), value and gradient, against the plain reference evaluator, which
 * takes the log_sum_exp of the sums as they are written in long double: topic models, with weights of the
 * entries and of the components; tables that share an axis with the entries, or all; tables so far apart that
 * the products of their rows say nothing; entries and rows of -infinity; an index that is known only when the
 * machine runs. Each log_sum_exp must have become a product of rows; and the bits must be the same for 1, 2,
 * 3 and 7 threads.
 *
 * Tolerance: a sum of terms of size L, and so the exponential of a difference of such sums, is off by L units
 * of 2^-53, four times in a mixture; the sums over entries add up to 300 of these to what is as large as
 * their weights. 1e-13 (1 + L) of 1 + the size of the result has ten times that. In single precision 1e9
 * times. */
#include <math.h>
#include <string.h>
#include "autodiff/machine.h"
#include "autodiff/passes.h"
#include "base/rng.h"
#include "tests/autodiff/reference.h"
#include "tests/check.h"
#include "tests/memory.h"

/* How a table's rows belong to entries: looked up by an index into `groups`, or by an axis of the entries. */
typedef enum belonging { BY_INDEX, BY_AXIS } belonging;

typedef struct kind {
    const char *name;
    uint32_t groups[2], components, entries;
    double spread; /* of the tables, in nats */
    belonging how[2];
    bool weighted, components_weighted;
    double excluded; /* share of a table that is -infinity */
    bool empty;      /* a row of -infinity */
    bool late;       /* the index is an input */
    uint32_t draws;  /* of the first table; 0: it has no such axis */
    bool first;      /* the axis of the components comes before all others */
} kind;

static const kind KINDS[] = {
    {"topics", {13, 40}, 7, 900, 2, .first = true},
    {"topics of a last axis", {13, 40}, 16, 900, 2, .first = false},
    {"many topics", {5, 8}, 50, 600, 3, .first = true},
    {"a hundred topics, one over", {3, 4}, 101, 200, 3, .first = false},
    {"two topics", {13, 40}, 2, 900, 2, .first = true},
    {"weights", {13, 40}, 7, 900, 2, .weighted = true, .components_weighted = true, .first = true},
    {"far apart", {13, 40}, 7, 900, 300, .weighted = true, .first = true},
    {"a thousand nats apart", {13, 40}, 5, 900, 1000, .components_weighted = true},
    {"excluded", {13, 40}, 7, 900, 2, .weighted = true, .excluded = 0.5, .first = true},
    {"excluded and far apart", {13, 40}, 7, 900, 500, .excluded = 0.6, .first = true},
    {"rows of -infinity", {13, 40}, 7, 900, 2, .excluded = 0.2, .empty = true, .first = true},
    {"a table of the entries' axis", {20, 30}, 9, 15, 3, .how = {BY_AXIS}, .weighted = true, .first = true},
    {"… far apart", {20, 30}, 9, 15, 800, .how = {BY_AXIS}, .weighted = true},
    {"pairs", {20, 30}, 9, 1, 3, .how = {BY_AXIS, BY_AXIS}, .weighted = true},
    {"pairs far apart", {20, 30}, 9, 1, 800, .how = {BY_AXIS, BY_AXIS}, .first = true},
    {"an index that comes late", {13, 40}, 7, 900, 2, .weighted = true, .late = true, .first = true},
    {"… far apart", {13, 40}, 7, 900, 400, .excluded = 0.3, .late = true},
    {"draws", {13, 40}, 7, 300, 2, .weighted = true, .components_weighted = true, .draws = 3, .first = true},
    {"draws far apart", {13, 40}, 7, 300, 700, .draws = 3},
};

enum { TABLES = 3, INPUTS_MOST = 6 };

typedef struct model {
    tape written, run;
    uint32_t inputs;
    double *values[INPUTS_MOST];
    ref x[INPUTS_MOST];
} model;

static ref input(model *m, axes of, arena *a, rng *r, double scale) {
    uint64_t n = tape_size(&m->written, of);
    double *x = arena_array(a, double, n);
    for (uint64_t i = 0; i < n; i++) x[i] = scale * rng_normal(r);
    m->values[m->inputs] = x;
    return m->x[m->inputs++] = tape_input(&m->written, of);
}

static void exclude(const kind *k, double *x, uint64_t entries, rng *r) {
    for (uint64_t i = 0; i < entries; i++)
        if (rng_uniform(r) < k->excluded) x[i] = -INFINITY;
}

/* An index into so many groups. */
static ref index_of(model *m, const kind *k, uint32_t groups, axes of, arena *a, rng *r) {
    uint64_t n = tape_size(&m->written, of);
    double *x = arena_array(a, double, n);
    for (uint64_t i = 0; i < n; i++) x[i] = 1 + (double)rng_below(r, groups);
    if (!k->late) return tape_data(&m->written, x, of);
    m->values[m->inputs++] = x;
    return tape_input(&m->written, of);
}

/* The sum over entries of weight log sum over components exp(tables + weights of components), with its
 * gradient by all of these. */
static void write_model(model *m, const kind *k, arena *a, rng *r) {
    tape *t = &m->written;
    tape_open(t, a);
    axis draw = k->draws ? tape_add_axis(t, "draw", k->draws) : AXIS_NONE;
    axis component = k->first ? tape_add_axis(t, "component", k->components) : AXIS_NONE;
    axis group[2] = {tape_add_axis(t, "first", k->groups[0]), tape_add_axis(t, "second", k->groups[1])};
    axis entry = tape_add_axis(t, "entry", k->entries);
    if (!k->first) component = tape_add_axis(t, "component", k->components);
    axes entries = axes_one(entry),
         of[TABLES] = {axes_one(component), axes_one(component), axes_one(component)};
    for (int i = 0; i < 2; i++) {
        if (k->how[i] == BY_AXIS) entries = axes_with(entries, group[i]);
        of[i] = axes_with(of[i], group[i]);
    }
    if (k->draws) of[0] = axes_with(of[0], draw);
    int tables = 2 + k->components_weighted;
    ref sum = 0;
    for (int i = 0; i < tables; i++) {
        ref table = input(m, of[i], a, r, k->spread);
        exclude(k, m->values[m->inputs - 1], tape_size(t, of[i]), r);
        for (uint64_t c = 0; c < tape_size(t, of[i]) && k->empty && !i; c++)
            if (c % k->groups[0] == 3) m->values[m->inputs - 1][c] = -INFINITY;
        if (i < 2 && k->how[i] == BY_INDEX)
            table = tape_gather(t, table, index_of(m, k, k->groups[i], entries, a, r), group[i]);
        sum = sum ? tape_map2(t, OP_add, sum, table) : table;
    }
    ref y = tape_reduce(t, OP_log_sum_exp, sum, axes_one(component));
    if (k->weighted) y = tape_map2(t, OP_mul, y, input(m, entries, a, r, 1));
    y = tape_sum_all(t, y);
    ref gradient[INPUTS_MOST], culprit, by[INPUTS_MOST];
    uint32_t count = 0;
    for (uint32_t i = 0; i < m->inputs; i++)
        if (m->x[i]) by[count++] = m->x[i];
    tape_output(t, y);
    if (tape_gradient(t, y, by, count, gradient, &culprit))
        for (uint32_t i = 0; i < count; i++) tape_output(t, gradient[i]);
    tape_compile(t, &m->run, a, NULL, NULL);
}

static uint32_t count(const tape *t, op f) {
    uint32_t n = 0;
    for (ref r = 1; r < t->code.count; r++) n += tape_at(t, r)->op == f;
    return n;
}

/* Nothing is computed for each entry and component. */
static bool stays_small(const tape *t, const kind *k) {
    for (ref r = 1; r < t->code.count; r++) {
        const instruction *x = tape_at(t, r);
        uint64_t most = (uint64_t)k->components * (k->groups[0] * (k->draws ? k->draws : 1) + k->groups[1]);
        if (op_kind_of(x->op) == KIND_MAP && tape_size(t, x->axes) > most && x->op == OP_exp) return false;
    }
    return true;
}

static bool same(double x, double y) { return x == y || (isnan(x) && isnan(y)); }

static double largest_error(const model *m, machine *run, long double **expected) {
    double worst = 0;
    for (uint32_t i = 0; i < m->inputs; i++) machine_bind(run, i, m->values[i]);
    machine_run(run, 1, 1);
    for (uint32_t i = 0; i < m->written.outputs.count; i++) {
        ref r = m->written.outputs.at[i];
        const double *out = machine_output(run, i);
        for (uint64_t j = 0; j < tape_size(&m->written, tape_at(&m->written, r)->axes); j++) {
            double y = (double)expected[r][j], off = same(out[j], y) ? 0 : fabs(out[j] - y) / (1 + fabs(y));
            if (!(off <= worst)) worst = off;
        }
    }
    return worst;
}

static bool same_bits(const model *m, machine *x, machine *y) {
    bool same = true;
    for (uint32_t i = 0; i < m->written.outputs.count; i++)
        same &=
            memcmp(machine_output(x, i), machine_output(y, i),
                   tape_size(&m->run, tape_at(&m->run, m->run.outputs.at[i])->axes) * sizeof(double)) == 0;
    return same;
}

static bool same_on_threads(const model *m, machine *alone, arena *a) {
    static const uint32_t THREADS[] = {2, 3, 7};
    bool same = true;
    for (size_t i = 0; i < sizeof THREADS / sizeof *THREADS; i++) {
        team *threads = team_open(a, THREADS[i]);
        machine *shared = machine_new_in(a, &m->run, IN_DOUBLE, threads);
        for (uint32_t k = 0; k < m->inputs; k++) machine_bind(shared, k, m->values[k]);
        machine_run(shared, 1, 1);
        same &= same_bits(m, alone, shared);
        team_close(threads);
    }
    return same;
}

static void try(const kind *k, memory *host) {
    arena a;
    arena_open(&a, host);
    rng r = rng_open(9, k->components);
    model m = {0};
    write_model(&m, k, &a, &r);
    long double **expected = arena_array(&a, long double *, m.written.code.count);
    const long double *wide[INPUTS_MOST] = {0};
    for (uint32_t i = 0; i < m.inputs; i++) {
        uint64_t n = 0;
        for (ref x = 1; x < m.written.code.count; x++)
            if (tape_at(&m.written, x)->op == OP_input && tape_at(&m.written, x)->attribute == i)
                n = tape_size(&m.written, tape_at(&m.written, x)->axes);
        long double *values = arena_array(&a, long double, n);
        for (uint64_t j = 0; j < n; j++) values[j] = m.values[i][j];
        wide[i] = values;
    }
    reference_run_long(&m.written, wide, expected, &a);
    machine *run = machine_new(&a, &m.run, NULL);
    double off = largest_error(&m, run, expected), tolerance = 1e-13 * (1 + k->spread);
    char name[96];
    snprintf(name, sizeof name, "mixtures/%s", k->name);
    uint32_t left = count(&m.run, OP_log_sum_exp), found = count(&m.run, OP_mixture);
    check(found == 1 && !left && stays_small(&m.run, k) && off < tolerance, name,
          "%u found, %u left; off by %g of %g", found, left, off, tolerance);
    if (k->spread <= 5) {
        off = largest_error(&m, machine_new_in(&a, &m.run, IN_SINGLE, NULL), expected);
        snprintf(name, sizeof name, "mixtures/single/%s", k->name);
        check(off < 1e9 * tolerance, name, "off by %g", off);
    }
    snprintf(name, sizeof name, "mixtures/threads/%s", k->name);
    check(same_on_threads(&m, run, &a), name, "other bits");
    arena_close(&a);
}

int main(void) {
    for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++) try(&KINDS[i], test_host());
    return check_end();
}
