/* Where data have gaps: their numbers, their axis with labels that say where they are, and their places. */
#include <math.h>

#include "runtime/bind/binding.h"

/* The position along axis k, as written, of entry e in canonical order; from 0. */
static uint32_t position_of(const binding *b, const variable_row *of, uint64_t e, int k) {
    for (int i = of->axes.count; i-- > 0;) {
        uint32_t size = binding_size(b, of->axes.at[i]);
        if (of->axes.at[i] == of->order[k]) return (uint32_t)(e % size);
        e /= size;
    }
    return 0;
}

static const char *label_of(const binding *b, const variable_row *of, uint64_t e) {
    const char *text = "";
    for (int k = 0; k < of->axes.count; k++) {
        uint32_t at = position_of(b, of, e, k);
        const char *const *labels = b->model->axes[of->order[k]].labels;
        const char *label = labels ? labels[at] : arena_print(b->arena, "%u", at + 1);
        text = arena_print(b->arena, "%s%s%s", text, k ? ", " : "", label);
    }
    return text;
}

/* The axis of the gaps, and of each the entry of the data that it is. */
static void set_axis(binding *b, const missing *m, const uint64_t *gaps, uint32_t count) {
    const variable_row *of = program_variable(b->program, m->of);
    const char **labels = arena_array(b->arena, const char *, count + 1);
    for (uint32_t i = 0; i < count; i++) labels[i] = label_of(b, of, gaps[i]);
    b->model->axes[m->along] = (bound_axis){count, labels};
    for (int k = 0; k < of->axes.count; k++) {
        double *at = arena_take_aligned(b->arena, (count + 1) * sizeof *at);
        for (uint32_t i = 0; i < count; i++) at[i] = position_of(b, of, gaps[i], k) + 1;
        b->model->values[m->at[k]] = at;
    }
}

void binding_find_gaps(binding *b, const missing *m) {
    const variable_row *of = program_variable(b->program, m->of);
    const double *given = b->model->values[m->of];
    uint64_t size = model_size(b->model, of->axes);
    uint64_t *gaps = arena_array(b->arena, uint64_t, size + 1);
    double *values = arena_take_aligned(b->arena, (size + 1) * sizeof *values);
    double *number = arena_take_aligned(b->arena, (size + 1) * sizeof *number);
    uint32_t count = 0;
    for (uint64_t e = 0; e < size; e++) {
        bool gap = given && isnan(given[e]);
        if (gap) gaps[count++] = e;
        number[e] = gap ? count : 0;
        values[e] = gap || !given ? 0 : given[e];
    }
    b->model->values[m->number] = number;
    if (given) b->model->values[m->of] = values;
    if (m->along != AXIS_NONE) set_axis(b, m, gaps, count);
}
