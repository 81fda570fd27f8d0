#include "runtime/bind/drawn.h"

void model_list_labels(diagnostics *d, program *of, const data_set *data, arena *a) {
    uint32_t told = d->list.count, errors = d->errors;
    const model *m = model_bind(d, of, data, a);
    d->list.count = told;
    d->errors = errors;
    const axis_row *bare = of->axes.at;
    of->axes.at = arena_array(a, axis_row, of->axes.count + 1);
    for (axis x = 0; x < of->axes.count; x++) {
        axis_row *row = &of->axes.at[x];
        *row = bare[x];
        if (!m || row->source != AXIS_from_data || !m->axes[x].labels) continue;
        row->source = AXIS_labelled;
        row->label_count = m->axes[x].size;
        row->labels = arena_array(a, name, row->label_count + 1);
        for (uint32_t i = 0; i < row->label_count; i++) row->labels[i] = m->axes[x].labels[i];
    }
}

model *model_bind_drawn(diagnostics *d, const program *p, const data_set *data, const bool *given, arena *a) {
    program *open = arena_new(a, program);
    *open = *p;
    open->variables.at = arena_array(a, variable_row, open->variables.count + 1);
    for (variable v = 0; v < open->variables.count; v++) {
        variable_row *x = &open->variables.at[v];
        *x = p->variables.at[v];
        if (x->kind == VARIABLE_data && x->observed) x->value = x->self;
    }
    model_list_labels(d, open, data, a);
    for (variable v = 0; v < open->variables.count; v++)
        if (given[v]) open->variables.at[v].kind = VARIABLE_data, open->variables.at[v].value = 0;
    model *m = model_bind(d, open, data, a);
    if (m) m->program = p;
    return m;
}
