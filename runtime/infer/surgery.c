#include "runtime/infer/surgery.h"

#include <math.h>
#include "autodiff/machine.h"
#include "autodiff/passes.h"
#include "runtime/infer/estimator.h"
#include "runtime/infer/terms.h"

/* Runs, each with new codes of all rows; rows drawn a run; numbers that a run may compute. */
enum { RUNS = 64, ROWS_DRAWN_MOST = 32, NUMBERS_MOST = 1000000 };
static const double MEANS_VARY = 0.01;
/* Steps of the draws are numbered from here, none being that of a step before. */
static const uint64_t FIRST_RUN = UINT64_C(1) << 42;

/* Outputs: by drawn row log q(z | its row), log q(z) and log p(z); and the codes of all rows. */
typedef struct operation {
    machine *machine; /* NULL: not known */
    uint64_t rows, drawn, entries;
    uint64_t units, pitch; /* entry (row, unit) of the codes: see place() */
} operation;

static const draw *prior_of(const program *p, variable v) {
    for (uint32_t i = 0; i < p->model.count; i++)
        if (p->model.at[i].of == v) return &p->model.at[i];
    return NULL;
}

/* Summed over all that a code has besides its row. */
static ref density_at(lowering *l, const draw *s, axis row) {
    return tape_sum(l->tape, lower_node(l, s->log_density), lower_axes(l, axes_without(s->axes, row)));
}

static operation open_operation(const guide *g, const double *x, const draw *s, arena *a) {
    const program *p = g->model->program;
    const variable_row *v = program_variable(p, s->of);
    axes rows = axes_common(s->axes, row_axes(p));
    const draw *prior = prior_of(p, s->of);
    if (rows.count != 1 || !is_whole(p, s->of) || program_touched(p, prior->log_density))
        return (operation){0};
    axis row = rows.at[0];
    operation o = {.rows = g->model->axes[row].size, .entries = model_size(g->model, v->axes)};
    if (o.rows < 2 || o.entries > NUMBERS_MOST) return (operation){0};
    o.units = o.entries / o.rows;
    o.pitch = 1; /* entries of the axes behind that of the rows */
    for (int i = v->axes.count; i-- > 0 && v->axes.at[i] != row;)
        o.pitch *= g->model->axes[v->axes.at[i]].size;
    o.drawn = NUMBERS_MOST / o.entries;
    if (o.drawn > ROWS_DRAWN_MOST) o.drawn = ROWS_DRAWN_MOST;
    tape *t = arena_new(a, tape);
    tape_open(t, a);
    lowering l = lower_open(g->model, t, 1);
    guide_write(g, &l, NULL);
    axis along = l.axes[row], drawn = tape_add_axis(t, "drawn", (uint32_t)o.drawn);
    axes own = axes_with(axes_one(drawn), l.draw);
    ref n = tape_number(t, (double)o.rows);
    ref which =
        tape_map1(t, OP_floor, tape_map2(t, OP_mul, tape_random(t, OP_random_uniform, 0, 0, 0, own), n));
    which = tape_map2(t, OP_minimum, tape_map2(t, OP_add, which, tape_number(t, 1)), n);
    lowering moved = lower_with(&l, s->of, tape_gather(t, l.variables[s->of], which, along));
    ref by_row = density_at(&moved, s, row), log_p = density_at(&moved, prior, row);
    if (axes_has(tape_at(t, log_p)->axes, along)) return (operation){0};
    ref all = tape_reduce(t, OP_log_sum_exp, tape_expand(t, by_row, axes_one(along)), axes_one(along));
    ref log_own = tape_gather(t, tape_expand(t, density_at(&l, s, row), axes_one(along)), which, along);
    tape_output(t, tape_expand(t, log_own, own));
    tape_output(t, tape_expand(t, tape_map2(t, OP_sub, all, tape_number(t, log((double)o.rows))), own));
    tape_output(t, tape_expand(t, log_p, own));
    tape_output(t, tape_expand(t, l.variables[s->of], axes_with(lower_axes(&l, v->axes), l.draw)));
    o.machine = guide_machine(g, x, t, a);
    return o;
}

/* The entry of a unit at a row, in canonical order. */
static uint64_t place(const operation *o, uint64_t row, uint64_t unit) {
    return unit / o->pitch * o->pitch * o->rows + row * o->pitch + unit % o->pitch;
}

/* `half[h]`: sums over the runs of a half. */
static uint64_t active_units(const operation *o, double *const half[2]) {
    uint64_t active = 0;
    for (uint64_t u = 0; u < o->units; u++) {
        double n = (double)o->rows, mean[2] = {0}, covariance = 0;
        for (uint64_t r = 0; r < o->rows; r++)
            for (int h = 0; h < 2; h++) mean[h] += half[h][place(o, r, u)] / n;
        for (uint64_t r = 0; r < o->rows; r++)
            covariance += (half[0][place(o, r, u)] - mean[0]) * (half[1][place(o, r, u)] - mean[1]) / (n - 1);
        active += covariance > MEANS_VARY * (RUNS / 2) * (RUNS / 2);
    }
    return active;
}

kl_parts surgery_run(const guide *g, const double *x, const draw *s, uint64_t seed, arena *a) {
    arena *scratch = arena_inside(a);
    operation o = open_operation(g, x, s, scratch);
    kl_parts parts = {.known = o.machine != NULL};
    double sum[2] = {0}, squares[2] = {0};
    double *half[2] = {arena_array(scratch, double, o.entries), arena_array(scratch, double, o.entries)};
    for (uint64_t run = 0; parts.known && run < RUNS; run++) {
        machine_run(o.machine, seed, FIRST_RUN + run);
        double found[2] = {0}, n = (double)o.drawn;
        for (uint64_t i = 0; i < o.drawn; i++) {
            double all = machine_output(o.machine, 1)[i];
            found[0] += (machine_output(o.machine, 0)[i] - all) / n;
            found[1] += (all - machine_output(o.machine, 2)[i]) / n;
        }
        for (int k = 0; k < 2; k++) sum[k] += found[k], squares[k] += found[k] * found[k];
        for (uint64_t i = 0; i < o.entries; i++) half[run % 2][i] += machine_output(o.machine, 3)[i];
    }
    if (parts.known) {
        parts.information = measured_mean(sum[0], squares[0], RUNS);
        parts.marginal = measured_mean(sum[1], squares[1], RUNS);
        parts.active = active_units(&o, half);
    }
    arena_close(scratch);
    return parts;
}

void surgery_rehearse(const guide *g, const draw *s, arena *a) {
    arena *scratch = arena_inside(a);
    operation o = open_operation(g, arena_array(scratch, double, g->size), s, scratch);
    arena_array(scratch, double, 2 * o.entries);
    arena_close(scratch);
}
