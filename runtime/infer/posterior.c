#include "runtime/infer/posterior.h"

#include <string.h>
#include "autodiff/passes.h"
#include "runtime/infer/sample.h"

bool posterior_has(const program *p, variable v) {
    variable_kind kind = program_variable(p, v)->kind;
    return kind == VARIABLE_latent || kind == VARIABLE_param;
}

posterior posterior_new(const program *p, arena *a) {
    posterior x = {.program = p};
    x.draws = arena_array(a, const double *, p->variables.count + 1);
    x.stride = arena_array(a, uint64_t, p->variables.count + 1);
    x.dims = arena_take_array(a, p->variables.count + 1, sizeof *x.dims);
    return x;
}

posterior posterior_of_fit(const fit *f, arena *a) {
    const program *p = f->model->program;
    posterior x = posterior_new(p, a);
    x.count = f->draw_count;
    x.axes = f->model->axes;
    for (uint32_t i = f->summaries.count; i-- > 0;) { /* the first entry of each stays */
        const summary *s = &f->summaries.at[i];
        if (!posterior_has(p, s->variable)) continue;
        x.draws[s->variable] = s->draws;
        x.stride[s->variable] = s->stride;
    }
    for (variable v = 0; v < p->variables.count; v++)
        for (int k = 0; k < program_variable(p, v)->axes.count; k++)
            x.dims[v][k] = f->model->axes[program_variable(p, v)->order[k]].size;
    return x;
}

/* ---- which entry is which ---- */

enum { NEW = UINT32_MAX };

/* Whether positions along an axis are names: data refer to them, or the program says how many there are. */
static bool is_counted(const program *p, axis a) {
    axis whole = program_axis(p, a)->of;
    axis_source source = program_axis(p, whole)->source;
    if (source == AXIS_fixed || source == AXIS_labelled) return true;
    for (variable v = 0; v < p->variables.count; v++) {
        const variable_row *x = program_variable(p, v);
        if (x->kind == VARIABLE_data && x->type.support == SUPPORT_index && x->type.index == whole)
            return true;
    }
    return false;
}

static uint32_t entry_of_label(const bound_axis *of, const char *label) {
    for (uint32_t i = 0; i < of->size; i++)
        if (strcmp(of->labels[i], label) == 0) return i;
    return NEW;
}

/* By entry of axis `a` of the model: which of the `size` entries that were fitted it is, or NEW. */
static uint32_t *known_entries(const posterior *p, const model *m, axis a, uint32_t size, arena *scratch) {
    const bound_axis *was = &p->axes[a], *is = &m->axes[a];
    uint32_t *from = arena_array(scratch, uint32_t, is->size + 1);
    bool labelled = was->labels && is->labels && was->size == size, counted = is_counted(p->program, a);
    for (uint32_t i = 0; i < is->size; i++) {
        if (labelled) from[i] = entry_of_label(was, is->labels[i]);
        else from[i] = (counted && i < size) || is->size == size ? i : NEW;
    }
    return from;
}

/* ---- placing them ---- */

typedef struct placing {
    diagnostics *d;
    const posterior *from;
    const model *model;
    placed *to;
    arena *arena;
} placing;

static void refuse(const placing *p, variable v, const char *what, const char *help) {
    const variable_row *x = program_variable(p->model->program, v);
    diagnostic *said = diagnose(p->d, DIAGNOSTIC_data, x->at, "%s `%s`", what, x->name);
    advise(p->d, said, "%s", help);
}

/* Whether the entries of a latent are tied together, so that some cannot be drawn where others are known. */
static bool is_tied(const program *p, variable v) {
    for (uint32_t i = 0; i < p->model.count; i++)
        if (p->model.at[i].of == v && (p->model.at[i].event.count || p->model.at[i].along.count)) return true;
    return false;
}

/* By entry in canonical order: the entry of the draws in the variable's own order, UINT64_MAX where it is
 * new; how many are. */
static uint64_t find_sources(const placing *p, variable v, uint64_t *source) {
    const model *m = p->model;
    const variable_row *x = program_variable(m->program, v);
    uint64_t size = model_size(m, x->axes), fresh = 0;
    arena *scratch = arena_inside(p->arena);
    uint32_t *from[AXES_MOST];
    for (int k = 0; k < x->axes.count; k++)
        from[k] = known_entries(p->from, m, x->order[k], p->from->dims[v][k], scratch);
    for (uint64_t e = 0; e < size; e++) {
        uint64_t left = e, at = 0, inner = size;
        bool known = true;
        for (int k = 0; k < x->axes.count; k++) {
            uint32_t here = m->axes[x->order[k]].size;
            inner /= here;
            uint32_t entry = from[k][left / inner];
            left %= inner;
            known &= entry != NEW;
            at = at * p->from->dims[v][k] + (entry != NEW ? entry : 0);
        }
        source[canonical_entry(m, x, e)] = known ? at : UINT64_MAX;
        fresh += !known;
    }
    arena_close(scratch);
    return fresh;
}

static bool place_variable(placing *p, variable v) {
    const program *of = p->model->program;
    const variable_row *x = program_variable(of, v);
    uint64_t size = model_size(p->model, x->axes);
    if (size && !p->from->draws[v]) {
        refuse(p, v, "the draws lack",
               "give the file that `vmrun fit` of this program wrote, or leave `--fit` out to fit anew");
        return false;
    }
    uint64_t *source = arena_array(p->arena, uint64_t, size + 1), fresh = find_sources(p, v, source);
    if (fresh && x->kind == VARIABLE_param) {
        refuse(p, v, "the data have entries that were not fitted, for which there is no value of",
               "only latents can be drawn for new entries; fit the program to all the data");
        return false;
    }
    if (fresh && fresh < size && is_tied(of, v)) {
        refuse(p, v, "some entries are new, but one vector ties all of them together in",
               "give data with the entries that were fitted, or with new ones alone");
        return false;
    }
    placed *to = p->to;
    bool same = fresh == 0 && p->from->stride[v] == 0;
    uint64_t rows = same ? 1 : to->count;
    to->stride[v] = same ? 0 : size;
    to->values[v] = arena_array(p->arena, double, rows *size + 1);
    if (fresh) to->known[v] = arena_array(p->arena, bool, size);
    for (uint64_t e = 0; e < size; e++) {
        if (source[e] == UINT64_MAX) continue;
        if (fresh) to->known[v][e] = true;
        for (uint64_t r = 0; r < rows; r++)
            to->values[v][r * size + e] = p->from->draws[v][r * p->from->stride[v] + source[e]];
    }
    return true;
}

bool posterior_place(diagnostics *d, const posterior *p, const model *m, uint64_t count, placed *to,
                     arena *a) {
    uint32_t variables = m->program->variables.count;
    *to = (placed){.model = m,
                   .count = count,
                   .values = arena_array(a, double *, variables + 1),
                   .stride = arena_array(a, uint64_t, variables + 1),
                   .known = arena_array(a, bool *, variables + 1)};
    placing all = {d, p, m, to, a};
    bool good = true;
    for (variable v = 0; v < variables; v++)
        if (posterior_has(m->program, v)) good &= place_variable(&all, v);
    return good;
}

/* ---- what a tape computes for them ---- */

placed_machine *placed_inputs(const placed *draws, lowering *l, arena *a) {
    const program *p = draws->model->program;
    placed_machine *m = arena_new(a, placed_machine);
    *m = (placed_machine){.draws = draws, .points = l->tape->axes.at[l->draw].size};
    for (variable v = 0; v < p->variables.count; v++) {
        if (!posterior_has(p, v)) continue;
        axes own = lower_axes(l, program_variable(p, v)->axes);
        lower_set(l, v, tape_input(l->tape, draws->stride[v] ? axes_with(own, l->draw) : own));
        push(a, &m->inputs, v);
    }
    return m;
}

void placed_plan(placed_machine *m, const tape *written, arena *a) {
    const placed *draws = m->draws;
    tape *run = arena_new(a, tape);
    tape_compile(written, run, a, NULL, NULL);
    m->machine = machine_new(a, run, draws->model->team);
    m->at = arena_array(a, double *, m->inputs.count + 1);
    for (uint32_t i = 0; i < m->inputs.count; i++) {
        variable v = m->inputs.at[i];
        if (draws->stride[v]) m->at[i] = arena_take_aligned(a, m->points * draws->stride[v] * sizeof(double));
        machine_bind(m->machine, i, m->at[i] ? m->at[i] : draws->values[v]);
    }
}

/* Points without a draw repeat the last one, for nothing. */
uint64_t placed_run(placed_machine *m, uint64_t first) {
    const placed *draws = m->draws;
    uint64_t left = draws->count - first, now = left < m->points ? left : m->points;
    for (uint32_t i = 0; i < m->inputs.count; i++) {
        variable v = m->inputs.at[i];
        uint64_t stride = draws->stride[v];
        for (uint64_t b = 0; m->at[i] && b < m->points; b++)
            memcpy(m->at[i] + b * stride, draws->values[v] + (first + (b < now ? b : now - 1)) * stride,
                   stride * sizeof(double));
    }
    machine_run(m->machine, 0, 0);
    return now;
}
