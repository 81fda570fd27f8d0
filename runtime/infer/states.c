/* Both come from derivatives of the log of the sum with respect to numbers that are added to it, one for each
 * entry and state, and are 0 (marginal.h). With the draws weighed inside the tape, one adjoint gives the
 * average for as many draws as are run at once. */
#include "runtime/infer/states.h"

#include <assert.h>
#include "autodiff/passes.h"
#include "runtime/bind/marginal.h"
#include "runtime/infer/density.h"

typedef struct states_tape {
    const reported *report;
    tape run;
    machine *machine;
    uint32_t points;
    double **given; /* by number of report->of: the values of a latent or a param, NULL for others */
    double *weight; /* by point */
} states_tape;

static bool is_given(const variable_row *v) {
    return v->kind == VARIABLE_latent || v->kind == VARIABLE_param;
}

/* Slots: the given variables, the weights, then one for each summed-out latent. */
static void write_tape(states_tape *s, op sum, arena *a) {
    const model *m = s->report->model;
    const program *p = m->program;
    tape written;
    tape_open(&written, a);
    lowering l = lower_open(m, &written, s->points);
    for (uint32_t k = 0; k < s->report->count; k++) {
        const variable_row *v = program_variable(p, s->report->of[k]);
        if (is_given(v))
            lower_set(&l, s->report->of[k], tape_input(&written, axes_with(lower_axes(&l, v->axes), l.draw)));
    }
    ref weight = tape_input(&written, axes_one(l.draw)), culprit;
    ref *sources = arena_array(a, ref, p->summed.count), *gradient = arena_array(a, ref, p->summed.count);
    for (uint32_t k = 0; k < p->summed.count; k++)
        sources[k] = tape_input(&written, axes_with(marginal_axes(&l, k), l.states[k]));
    ref total = tape_map2(&written, OP_mul, weight, marginal_total(marginal_new(&l, sum, sources)));
    bool found = tape_gradient(&written, tape_sum(&written, total, axes_one(l.draw)), sources,
                               p->summed.count, gradient, &culprit);
    assert(found && "the fit has differentiated it");
    (void)found;
    for (uint32_t k = 0; k < p->summed.count; k++)
        tape_output(&written, tape_expand(&written, gradient[k], tape_at(&written, sources[k])->axes));
    tape_compile(&written, &s->run, a, NULL, NULL);
}

static void make_machine(states_tape *s, arena *a) {
    const model *m = s->report->model;
    const program *p = m->program;
    s->machine = machine_new(a, &s->run, m->team);
    s->given = arena_array(a, double *, s->report->count);
    s->weight = arena_array(a, double, s->points);
    uint32_t slot = 0;
    for (uint32_t k = 0; k < s->report->count; k++) {
        const variable_row *v = program_variable(p, s->report->of[k]);
        if (!is_given(v)) continue;
        s->given[k] = arena_take_aligned(a, s->points * model_size(m, v->axes) * sizeof(double));
        machine_bind(s->machine, slot++, s->given[k]);
    }
    machine_bind(s->machine, slot++, s->weight);
    for (uint32_t k = 0; k < p->summed.count; k++) {
        uint64_t entries = model_size(m, program_variable(p, p->summed.at[k].of)->axes) * model_states(m, k);
        double *zero = arena_take_aligned(a, entries * sizeof(double));
        memset(zero, 0, entries * sizeof *zero);
        machine_bind(s->machine, slot++, zero);
    }
}

static states_tape *states_tape_new(const reported *r, op sum, uint32_t points, arena *a) {
    states_tape *s = arena_new(a, states_tape);
    *s = (states_tape){.report = r, .points = points};
    write_tape(s, sum, a);
    make_machine(s, a);
    return s;
}

/* Runs for some draws, each of the given weight. Points without a draw repeat the last one, for nothing. */
static void states_tape_run(states_tape *s, const sample *from, const double *rows, uint64_t count,
                            double weight) {
    const reported *r = s->report;
    for (uint32_t k = 0; k < r->count; k++) {
        for (uint32_t b = 0; s->given[k] && b < s->points; b++) {
            const double *row = rows + (b < count ? b : count - 1) * r->scalars,
                         *x = (reported_is_constant(r, k) ? from->constants : row) + r->first[k];
            for (uint64_t e = 0; e < r->size[k]; e++) s->given[k][b * r->size[k] + r->place[k][e]] = x[e];
        }
    }
    for (uint32_t b = 0; b < s->points; b++) s->weight[b] = b < count ? weight : 0;
    machine_run(s->machine, 0, 0);
}

/* An output has the states outermost, entries in canonical order; a result has the entries first, as written.
 */
static void add_probabilities(const states_tape *s, discrete *to, uint32_t k) {
    const model *m = s->report->model;
    const variable_row *v = program_variable(m->program, to->of);
    const double *x = machine_output(s->machine, k);
    uint64_t entries = model_size(m, v->axes);
    for (uint64_t e = 0; e < entries; e++)
        for (uint32_t i = 0; i < to->states; i++)
            to->probability[e * to->states + i] += x[i * entries + canonical_entry(m, v, e)];
}

static uint32_t largest(const double *x, uint32_t count) {
    uint32_t at = 0;
    for (uint32_t i = 1; i < count; i++)
        if (x[i] > x[at]) at = i;
    return at;
}

static bool is_chain(const program *p, uint32_t k) {
    for (uint32_t i = 0; i < p->eliminations.count; i++)
        for (uint32_t n = 0; n < p->eliminations.at[i].count; n++)
            if (p->eliminations.at[i].of[n] == k) return p->eliminations.at[i].along != AXIS_NONE;
    return false;
}

static void find_path(const states_tape *s, discrete *to, uint32_t k) {
    const model *m = s->report->model;
    const variable_row *v = program_variable(m->program, to->of);
    const double *x = machine_output(s->machine, k);
    uint64_t entries = model_size(m, v->axes);
    for (uint64_t e = 0; e < entries; e++) {
        uint32_t at = 0;
        for (uint32_t i = 1; i < to->states; i++)
            if (x[i * entries + canonical_entry(m, v, e)] > x[at * entries + canonical_entry(m, v, e)])
                at = i;
        to->most_probable[e] = at;
    }
}

/* Their results, to be filled; whether some are those of chains. */
static bool push_states(fit *f) {
    const program *p = f->model->program;
    arena *a = f->arena;
    bool chains = false;
    for (uint32_t k = 0; k < p->summed.count; k++) {
        const variable_row *v = program_variable(p, p->summed.at[k].of);
        uint64_t entries = model_size(f->model, v->axes);
        discrete d = {
            .of = p->summed.at[k].of, .states = model_states(f->model, k), .is_path = is_chain(p, k)};
        d.probability = arena_array(a, double, entries *d.states);
        d.most_probable = arena_array(a, uint32_t, entries);
        chains |= d.is_path;
        push(a, &f->states, d);
    }
    return chains;
}

static states_tape *summing_tape(const fit *f, const reported *r) {
    return states_tape_new(r, OP_log_sum_exp, points_that_fit(f->model, 100), f->arena);
}

void states_rehearse(fit *f, const reported *r) {
    bool chains = push_states(f);
    if (f->model->program->summed.count) summing_tape(f, r);
    if (chains) states_tape_new(r, OP_max, 1, f->arena);
}

void states_find(fit *f, const sample *s, const double *rows, uint64_t count, const double *densest) {
    const reported *r = s->report;
    const program *p = f->model->program;
    bool chains = push_states(f);
    if (!p->summed.count) return;
    states_tape *sum = summing_tape(f, r);
    for (uint64_t from = 0; from < count; from += sum->points) {
        uint64_t now = count - from < sum->points ? count - from : sum->points;
        states_tape_run(sum, s, rows + from * r->scalars, now, 1 / (double)count);
        for (uint32_t k = 0; k < p->summed.count; k++) add_probabilities(sum, &f->states.at[k], k);
    }
    for (uint32_t k = 0; k < p->summed.count; k++) {
        discrete *d = &f->states.at[k];
        uint64_t entries = model_size(f->model, program_variable(p, d->of)->axes);
        for (uint64_t e = 0; e < entries; e++)
            d->most_probable[e] = largest(d->probability + e * d->states, d->states);
    }
    if (!chains) return;
    states_tape *most = states_tape_new(r, OP_max, 1, f->arena);
    states_tape_run(most, s, densest, 1, 1);
    for (uint32_t k = 0; k < p->summed.count; k++)
        if (f->states.at[k].is_path) find_path(most, &f->states.at[k], k);
}
