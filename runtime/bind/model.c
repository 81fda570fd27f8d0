/* Binding, in the order in which one thing needs another: single numbers (sizes may be made of them),
 * declared sizes and labels, the arrays (columns are matched by label), sizes from their shapes, then the
 * values. */
#include "runtime/bind/model.h"

#include "runtime/bind/binding.h"

uint64_t model_size(const model *m, axes of) {
    uint64_t n = 1;
    for (int i = 0; i < of.count; i++) n *= m->axes[of.at[i]].size;
    return n;
}

uint32_t model_states(const model *m, uint32_t k) {
    const summed *s = &m->program->summed.at[k];
    if (s->block) return s->block->particles;
    axis states = s->states;
    return states == AXIS_NONE ? 2 : m->axes[states].size;
}

/* Where an entry is, from 0, of an axis of `size` entries. */
static int64_t position(entry_place e, uint32_t size) {
    return (e.from_end ? (int64_t)size : 0) + e.offset - 1;
}

int64_t model_part_start(const model *m, axis part) {
    const axis_row *row = program_axis(m->program, part);
    return position(row->first, m->axes[row->of].size);
}

/* All axes that the variable needs have a size, and its own mistakes are none. */
static bool is_ready(const binding *b, variable v) {
    const variable_row *x = program_variable(b->program, v);
    if (b->failed[v]) return false;
    for (int i = 0; i < x->axes.count; i++)
        if (b->axes[binding_axis(b, x->order[i])].failed) return false;
    return x->type.support != SUPPORT_index || !b->axes[binding_axis(b, x->type.index)].failed;
}

static bool is_single_number(const variable_row *x) {
    return x->axes.count == 0 && x->type.support != SUPPORT_index;
}

/* Given numbers first, then the rest; a default may be made of what is given. */
static void fill(binding *b, bool single_numbers) {
    for (int given = 1; given >= 0; given--)
        for (variable v = 0; v < b->program->variables.count; v++) {
            const variable_row *x = program_variable(b->program, v);
            bool is_given = b->supplies[v].array != NULL;
            if (x->kind != VARIABLE_data || is_single_number(x) != single_numbers) continue;
            if (is_given == given && is_ready(b, v)) binding_fill(b, v);
        }
}

/* The size of a part. One that lies outside of its axis makes its statement impossible; one without entries
 * does not. */
static void settle_part(binding *b, axis a) {
    const axis_row *row = program_axis(b->program, a);
    uint32_t whole = b->model->axes[row->of].size;
    b->model->axes[a] = (bound_axis){.size = 0};
    if (b->axes[row->of].failed) return;
    int64_t first = position(row->first, whole), last = position(row->last, whole);
    if (first < 0 || first > whole || last >= (int64_t)whole || last < first - 1) {
        diagnostic *said =
            diagnose(b->d, DIAGNOSTIC_data, row->at, "`%s` has %u entr%s, too few for this statement",
                     program_axis(b->program, row->of)->name, whole, whole == 1 ? "y" : "ies");
        advise(b->d, said, "give more rows, or write the model without this part");
        return;
    }
    b->model->axes[a].size = (uint32_t)(last - first + 1);
}

static void settle_axes(binding *b) {
    for (axis a = 0; a < b->program->axes.count; a++) {
        const axis_state *s = &b->axes[a];
        if (s->labels.list.count) b->model->axes[a].labels = s->labels.list.at;
    }
    for (axis a = 0; a < b->program->axes.count; a++) b->model->axes[a] = b->model->axes[binding_axis(b, a)];
    for (axis a = 0; a < b->program->axes.count; a++)
        if (program_axis(b->program, a)->source == AXIS_part) settle_part(b, a);
}

/* A label in the text, as in `b[treatment = drug]`, of an axis whose labels only the data have. */
static void check_labels(binding *b) {
    for (node n = 1; n < b->program->nodes.count; n++) {
        const node_row *r = program_node(b->program, n);
        double position;
        if (r->op != NODE_label || model_number(b->model, n, &position)) continue;
        axis a = binding_axis(b, r->axis);
        const char *of = program_axis(b->program, a)->name;
        diagnostic *said =
            diagnose(b->d, DIAGNOSTIC_data, r->at, "the axis `%s` has no entry `%s`", of, r->label);
        const char *near = labels_nearest(&b->axes[a].labels, r->label);
        if (near) advise(b->d, said, "did you mean `%s`?", near);
        else if (b->axes[a].labels.list.count)
            advise(b->d, said, "its labels come from the data; the first is `%s`",
                   b->axes[a].labels.list.at[0]);
        else
            advise(
                b->d, said,
                "its entries have no labels: write a number, `%s = 1`, or declare them, `axis %s = {%s, …}`",
                of, of, r->label);
    }
}

model *model_bind(diagnostics *d, const program *p, const data_set *data, arena *a) {
    uint32_t errors = d->errors;
    model *m = arena_new(a, model);
    *m = (model){.program = p, .arena = a};
    m->axes = arena_array(a, bound_axis, p->axes.count);
    m->values = arena_array(a, const double *, p->variables.count);
    for (axis i = 0; i < p->axes.count; i++) m->axes[i].size = SIZE_UNKNOWN;
    binding b = {.d = d, .program = p, .data = data, .model = m, .arena = a};
    b.axes = arena_array(a, axis_state, p->axes.count);
    b.supplies = arena_array(a, supply, p->variables.count);
    b.rows = arena_array(a, axis, data->tables.count);
    memset(b.rows, 0xff, data->tables.count * sizeof *b.rows); /* AXIS_NONE */
    b.failed = arena_array(a, bool, p->variables.count);
    binding_find_tables(&b);
    binding_find_scalars(&b);
    fill(&b, true);
    binding_declared_sizes(&b);
    binding_find_arrays(&b);
    binding_data_sizes(&b);
    settle_axes(&b);
    fill(&b, false);
    for (uint32_t i = 0; d->errors == errors && i < p->missing.count; i++)
        binding_find_gaps(&b, &p->missing.at[i]);
    if (d->errors == errors) check_labels(&b);
    if (d->errors == errors) binding_warn_of_latents(&b);
    return d->errors == errors ? m : NULL;
}
