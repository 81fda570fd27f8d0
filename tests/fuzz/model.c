/* All of the way from a text to a posterior, on data that are made up: each axis without a size has two
 * entries, each variable of the data has values of its type. A program without mistakes is bound, lowered,
 * differentiated, compiled and fitted for a few steps; that it comes to numbers that are not finite, or that
 * its data do not suit it, are messages like any other. */
#include <math.h>

#include "runtime/infer/fit.h"
#include "tests/fuzz/harness.h"

enum { ENTRIES = 2, AXIS_MOST_ENTRIES = 16, VALUE_MOST_ENTRIES = 1 << 12 };

static uint32_t entries_of(const program *p, axis a) {
    const axis_row *row = program_axis(p, program_axis(p, a)->of);
    if (row->source == AXIS_labelled) return row->label_count;
    if (row->source != AXIS_fixed) return ENTRIES;
    range r = program_node(p, row->size)->range;
    if (r.lowest != r.highest) return ENTRIES;
    return r.lowest >= 0 && r.lowest <= AXIS_MOST_ENTRIES ? (uint32_t)r.lowest : UINT32_MAX;
}

/* Entry i of an array whose last dimension has n entries. */
static double value_of_type(const program *p, type t, uint64_t i, uint32_t n) {
    uint64_t row = n ? i / n : 0, column = n ? i % n : 0;
    switch (t.support) {
    case SUPPORT_positive:
    case SUPPORT_positive_ordered: return 0.5 + (double)i;
    case SUPPORT_negative: return -0.5 - (double)i;
    case SUPPORT_unit: return 0.25 + 0.5 * (double)(i % 2);
    case SUPPORT_interval: {
        range r = type_range(p, t);
        if (isfinite(r.lowest) && isfinite(r.highest)) return (r.lowest + r.highest) / 2;
        return isfinite(r.lowest) ? r.lowest + 1 : isfinite(r.highest) ? r.highest - 1 : 0.5;
    }
    case SUPPORT_int:
    case SUPPORT_count: return ENTRIES;
    case SUPPORT_binary: return (double)(i % 2);
    case SUPPORT_index: return 1 + (double)(i % entries_of(p, t.index));
    case SUPPORT_simplex: return 1.0 / n;
    case SUPPORT_ordered: return (double)i - 0.5;
    case SUPPORT_sum_to_zero: return n == ENTRIES ? 0.5 - (double)(i % ENTRIES) : 0;
    case SUPPORT_unit_vector: return 1 / sqrt(n);
    case SUPPORT_correlation:
    case SUPPORT_covariance:
    case SUPPORT_cholesky_correlation:
    case SUPPORT_cholesky_covariance: return (double)(row % n == column);
    default: return 0.75 - 0.5 * (double)i;
    }
}

/* False where it would be too large. */
static bool make_up(fuzz_host *h, const program *p, variable v, data_set *s) {
    const variable_row *x = program_variable(p, v);
    data_array made = {.name = x->name, .rank = x->axes.count};
    uint64_t size = 1;
    for (uint32_t i = 0; i < made.rank; i++) {
        made.dims[i] = entries_of(p, x->order[i]);
        if (made.dims[i] > AXIS_MOST_ENTRIES || (size *= made.dims[i]) > VALUE_MOST_ENTRIES) return false;
    }
    if (x->type.support == SUPPORT_index && !entries_of(p, x->type.index)) return false;
    double *to = arena_array(&h->arena, double, size + 1);
    uint32_t last = made.rank ? made.dims[made.rank - 1] : 1;
    for (uint64_t i = 0; i < size; i++) to[i] = value_of_type(p, x->type, i, last) - x->from_zero;
    made.numbers = to;
    push(&h->arena, &s->arrays, made);
    return true;
}

/* The table that an axis is declared with, of its key alone. */
static void make_up_table(fuzz_host *h, const axis_row *row, data_set *s) {
    static const char *const LABELS[ENTRIES] = {"a", "b"};
    static const double NONE[ENTRIES] = {NAN, NAN};
    static const uint32_t LINES[ENTRIES] = {2, 3};
    push(&h->arena, &s->tables, (data_table){row->file, row->name, ENTRIES});
    if (!row->key) return;
    data_array key = {row->key, row->file, 1, {ENTRIES}, NONE, LABELS, NULL, LINES, s->tables.count - 1};
    push(&h->arena, &s->arrays, key);
}

/* Whatever has a default keeps it in every second program. */
static model *bind_made_up(fuzz_host *h, const program *p, bool with_defaults) {
    data_set *s = arena_new(&h->arena, data_set);
    data_open(s, &h->arena);
    for (axis a = 0; a < p->axes.count; a++)
        if (program_axis(p, a)->source == AXIS_from_table) make_up_table(h, program_axis(p, a), s);
    for (variable v = 0; v < p->variables.count; v++) {
        const variable_row *x = program_variable(p, v);
        if (x->kind == VARIABLE_data && !(x->value && with_defaults) && !make_up(h, p, v, s)) return NULL;
    }
    for (axis a = 0; a < p->axes.count; a++)
        if (entries_of(p, a) > AXIS_MOST_ENTRIES) return NULL;
    model *m = model_bind(&h->diagnostics, p, s, &h->arena);
    if (!m && !h->diagnostics.errors) abort();
    return m;
}

static bool is_small(const model *m) {
    for (axis a = 0; a < m->program->axes.count; a++)
        if (m->axes[a].size > AXIS_MOST_ENTRIES) return false;
    for (node n = 1; n < m->program->nodes.count; n++)
        if (model_size(m, program_node(m->program, n)->axes) > VALUE_MOST_ENTRIES) return false;
    return true;
}

static void fit_a_little(fuzz_host *h, const model *m) {
    options o = m->program->options;
    o.steps = 3, o.draws = 20, o.samples = 2;
    o.given = (uint64_t)1 << OPTION_steps | (uint64_t)1 << OPTION_draws | (uint64_t)1 << OPTION_samples;
    status s = STATUS_ok;
    fit *f = fit_run(&h->diagnostics, m, &o, &h->arena, (fit_host){0}, &s);
    if (!f && !h->diagnostics.errors) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t length) {
    static fuzz_host h;
    fuzz_open(&h);
    if (setjmp(h.escape) == 0) {
        const program *p = fuzz_compile(&h, input, length);
        const model *m = h.diagnostics.errors ? NULL : bind_made_up(&h, p, length % 2);
        if (m && is_small(m)) fit_a_little(&h, m);
        fuzz_look_at_messages(&h);
    }
    fuzz_close(&h);
    return 0;
}
