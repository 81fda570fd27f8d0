#include "runtime/infer/refine.h"

#include <math.h>
#include <string.h>
#include "autodiff/machine.h"
#include "autodiff/passes.h"
#include "runtime/infer/dependence.h"
#include "runtime/infer/density.h"
#include "runtime/infer/descent.h"
#include "runtime/infer/estimator.h"
#include "runtime/infer/optimiser.h"
#include "runtime/infer/route.h"

enum { FAULTS_MOST = 100, WATCH_EVERY = 50, TRIALS = 20 };
/* Steps are numbered from here, so that none has the draws of one of the fit or of what is reported. */
static const uint64_t FIRST_REFINEMENT = UINT64_C(1) << 43;
/* Draws that are weighed together, in so many runs. */
enum { WEIGHED_MOST = 4096, WEIGHED_MORE = 16, WEIGHINGS = 32 };
/* The step size at the start, of numbers whose unit is a log scale. */
static const double RATE = 0.05;

/* ---- which arguments ---- */

typedef struct search {
    const program *program;
    dependence free, drawn; /* what params and networks make, what latents make */
} search;

static dependence dependence_on(const program *p, bool (*is_source)(variable_kind), arena *a) {
    bool *sources = arena_array(a, bool, p->variables.count);
    for (variable v = 0; v < p->variables.count; v++) sources[v] = is_source(program_variable(p, v)->kind);
    return dependence_of(p, sources, a);
}

static bool is_free(variable_kind k) { return k == VARIABLE_param || k == VARIABLE_free; }
static bool is_latent(variable_kind k) { return k == VARIABLE_latent; }

static search open_search(const program *p, arena *a) {
    return (search){p, dependence_on(p, is_free, a), dependence_on(p, is_latent, a)};
}

/* A statement of rows whose draws are differentiated. */
static bool is_of_rows(const search *s, const draw *d) {
    return d->pathwise && axes_common(d->axes, row_axes(s->program)).count;
}

static bool is_refined(search *s, node n) {
    return dependence_has(&s->free, n) && !dependence_has(&s->drawn, n);
}

static argument_kind kind_of(const node_row *n) {
    if (n->type.support == SUPPORT_simplex) return ARGUMENT_simplex;
    if (n->range.lowest >= 0 && n->range.highest <= 1) return ARGUMENT_unit;
    return n->range.lowest >= 0 ? ARGUMENT_positive : ARGUMENT_real;
}

static bool is_listed(const refinement *r, node n) {
    for (uint32_t i = 0; i < r->arguments.count; i++)
        if (r->arguments.at[i].node == n) return true;
    return false;
}

static void collect(search *s, refinement *r, arena *a) {
    for (uint32_t i = 0; i < s->program->guide.count; i++) {
        const draw *d = &s->program->guide.at[i];
        for (uint32_t k = 0; is_of_rows(s, d) && k < d->argument_count; k++) {
            node n = d->arguments[k];
            if (!is_refined(s, n) || is_listed(r, n)) continue;
            const node_row *row = program_node(s->program, n);
            refined_argument x = {.node = n, .kind = kind_of(row), .axes = axes_union(row->axes, d->axes)};
            if (x.kind == ARGUMENT_simplex) x.event = row->type.index;
            push(a, &r->arguments, x);
        }
    }
}

bool refine_check(diagnostics *d, const program *p, const options *o) {
    route way = route_of(p, o);
    refinement r = {0};
    search s = open_search(p, d->arena);
    if (way == ROUTE_steps || way == ROUTE_held) collect(&s, &r, d->arena);
    if (r.arguments.count) return true;
    diagnostic *said = diagnose(d, DIAGNOSTIC_option, NO_PLACE,
                                "`--refine` moves what a guide computes for each row, but this fit has no "
                                "statement whose arguments are computed so");
    advise(d, said,
           "leave it out, or draw a latent of the rows in the guide, as `z[row] ~ normal(m, s)` with m and s "
           "from a net of the data");
    return false;
}

/* ---- the climb ---- */

/* What the network says of each entry. */
static void find_bases(guide *g, const double *x, refinement *r, arena *a) {
    tape written, run;
    tape_open(&written, a);
    lowering l = lower_open(g->model, &written, 1);
    guide_tape q = guide_write(g, &l, NULL);
    for (uint32_t i = 0; i < r->arguments.count; i++) {
        refined_argument *k = &r->arguments.at[i];
        tape_output(&written, tape_expand(&written, lower_node(q.live, k->node), lower_axes(&l, k->axes)));
    }
    tape_compile(&written, &run, a, NULL, NULL);
    machine *m = machine_new(a, &run, g->model->team);
    for (uint32_t b = 0; b < g->parts.count; b++) machine_bind(m, b, x + g->parts.at[b].offset);
    machine_run(m, 0, 0);
    for (uint32_t i = 0; i < r->arguments.count; i++) {
        refined_argument *k = &r->arguments.at[i];
        k->size = model_size(g->model, k->axes);
        k->base = arena_take_aligned(a, k->size * sizeof(double));
        memcpy(k->base, machine_output(m, i), k->size * sizeof(double));
    }
}

typedef struct climb {
    machine *machine;
    optimiser mover;
    double value;
} climb;

/* Of what is refined alone: outputs are the ELBO, then its gradient by argument. */
static machine *climbed(guide *g, const double *x, const options *plain, uint32_t draws, arena *a) {
    refinement *r = g->refinement;
    tape written, *run = arena_new(a, tape);
    tape_open(&written, a);
    lowering l = lower_open(g->model, &written, draws);
    guide_tape q = guide_write(g, &l, plain);
    estimate e = estimate_write(g, &q, plain, draws);
    uint32_t count = r->arguments.count;
    ref *moved = arena_array(a, ref, count), *gradient = arena_array(a, ref, count), culprit;
    for (uint32_t i = 0; i < count; i++) moved[i] = r->arguments.at[i].moved;
    if (!tape_gradient(&written, e.surrogate, moved, count, gradient, &culprit)) return NULL;
    tape_output(&written, e.value);
    for (uint32_t i = 0; i < count; i++)
        tape_output(&written, tape_expand(&written, gradient[i], tape_at(&written, moved[i])->axes));
    tape_compile(&written, run, a, NULL, NULL);
    machine *m = machine_new(a, run, g->model->team);
    for (uint32_t b = 0; b < g->parts.count; b++) machine_bind(m, b, x + g->parts.at[b].offset);
    return m;
}

static bool run(climb *c, uint64_t seed, uint64_t number) {
    machine_run(c->machine, seed, number);
    c->value = machine_output(c->machine, 0)[0];
    for (uint32_t i = 0; i < c->mover.count; i++)
        c->mover.blocks[i].gradient = machine_output(c->machine, 1 + i);
    return isfinite(c->value);
}

typedef struct trying {
    climb *climb;
    uint64_t seed, first;
} trying;

static double value_at(void *user, const double *x, uint32_t trial) {
    trying *t = user;
    optimiser_place(&t->climb->mover, x);
    return run(t->climb, t->seed, t->first + trial) ? t->climb->value : (double)NAN;
}

/* Goes where the iterates that there were say is best, not having come to rest. */
static void end_early(climb *c, descent *levels, double *iterate, uint64_t seed, uint64_t first) {
    trying t = {c, seed, first};
    optimiser_read(&c->mover, iterate);
    bool any = descent_stop(levels, &(descent_trials){iterate, TRIALS, &t, value_at});
    optimiser_place(&c->mover, any ? levels->average : iterate);
}

/* Until the averages stand still; the moves of the arguments are then in x. */
static bool climb_on(climb *c, const options *o, vigil *v, double *x, arena *a, uint64_t *steps) {
    uint64_t size = c->mover.size, taken = 0;
    descent levels = descent_open(size + 1, size, RATE, o->tolerance, 1, true, a);
    double *iterate = arena_array(a, double, size + 1), *unit = arena_array(a, double, size);
    for (int faults = 0; taken < o->steps && faults < FAULTS_MOST; taken++) {
        if (taken % WATCH_EVERY == 0
                ? vigil_tell(v, taken, o->steps, (measured){c->value, NAN}, c->mover.length)
                : vigil_asks(v, "refine"))
            return false;
        if (!run(c, o->seed, FIRST_REFINEMENT + taken) || !optimiser_step(&c->mover, levels.rate)) {
            faults++;
            continue;
        }
        if (!descent_due(&levels)) continue;
        optimiser_read(&c->mover, iterate);
        iterate[size] = c->value;
        for (uint64_t i = 0; i < size; i++) unit[i] = 1 + fabs(iterate[i]);
        descent_event event = descent_take(&levels, iterate, unit);
        if (event != DESCENT_goes_on) optimiser_place(&c->mover, levels.average);
        if (event == DESCENT_converged) break;
    }
    *steps += taken;
    if (taken == o->steps) end_early(c, &levels, iterate, o->seed, FIRST_REFINEMENT + taken);
    optimiser_read(&c->mover, x);
    for (uint64_t i = 0; i < size; i++)
        if (!isfinite(x[i])) return false;
    return true;
}

bool refine_run(guide *g, const double *x, const options *o, vigil *v, arena *a, uint64_t *steps) {
    refinement *r = arena_new(a, refinement);
    search s = open_search(g->model->program, a);
    collect(&s, r, a);
    find_bases(g, x, r, a);
    options plain;
    options_default(&plain);
    uint32_t count = r->arguments.count;
    optimiser_block *blocks = arena_array(a, optimiser_block, count);
    for (uint32_t i = 0; i < count; i++)
        blocks[i] = (optimiser_block){.size = r->arguments.at[i].size, .pace = 1};
    climb c = {.mover = optimiser_open(&plain, IN_DOUBLE, blocks, count, g->model->team, a), .value = NAN};
    double *moves = c.mover.x;
    for (uint32_t i = 0; i < count; moves += r->arguments.at[i++].size) r->arguments.at[i].move = moves;
    g->refinement = r;
    r->moves = true;
    c.machine = climbed(g, x, &plain, (uint32_t)plain.samples, a);
    r->moves = false;
    for (uint32_t i = 0; c.machine && i < count; i++)
        machine_bind(c.machine, r->arguments.at[i].slot, r->arguments.at[i].move);
    bool good = c.machine && climb_on(&c, o, v, c.mover.x, a, steps);
    if (!good) g->refinement = NULL;
    return good;
}

measured refine_evidence(const guide *g, const double *x, uint64_t seed, vigil *v, arena *a) {
    uint32_t draws = points_that_fit(g->model, WEIGHED_MOST / WEIGHED_MORE) * WEIGHED_MORE;
    options weighed;
    options_default(&weighed);
    weighed.objective = (choice){.word = OBJECTIVE_iwae, .count = draws};
    tape written, run;
    tape_open(&written, a);
    lowering l = lower_open(g->model, &written, draws);
    guide_tape q = guide_write(g, &l, &weighed);
    tape_output(&written, estimate_write(g, &q, &weighed, draws).value);
    tape_compile(&written, &run, a, NULL, NULL);
    machine *m = machine_new(a, &run, g->model->team);
    for (uint32_t b = 0; b < g->parts.count; b++) machine_bind(m, b, x + g->parts.at[b].offset);
    double sum = 0, squares = 0, count = 0;
    while (count < WEIGHINGS && !(count > 1 && vigil_asks(v, "evidence"))) {
        machine_run(m, seed, FIRST_REFINEMENT - 1 - (uint64_t)count++);
        double bound = machine_output(m, 0)[0];
        sum += bound, squares += bound * bound;
    }
    return measured_mean(sum, squares, count);
}
