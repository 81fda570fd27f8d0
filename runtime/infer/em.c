#include "runtime/infer/em.h"

#include <math.h>
#include <string.h>
#include "autodiff/machine.h"
#include "autodiff/passes.h"
#include "runtime/bind/marginal.h"
#include "runtime/infer/density.h"
#include "runtime/infer/lbfgs.h"

/* Climbs of a maximisation; params up to which it is polished by Newton's method, and how often. */
enum { CLIMBS_MOST = 100, POLISHED_MOST = 60, POLISHES = 4 };
/* In nats: what is left of a climb is lost in rounding. */
static const double ENOUGH = 1e-13;
/* Of a parameter, for the differences of gradients that a Hessian is made of; Newton's method mends their
 * error. */
static const double DIFFERENCE = 1e-5;

struct em {
    machine *expect, *maximise;
    uint32_t factors;
    uint64_t size;
    double *x; /* where it stands: both machines' input */
    double value;
    lbfgs climb;
    const algebra *algebra;
    double *hessian, *up, *down, *step; /* NULL where the params are too many */
};

/* Writing the two tapes. */

typedef struct written {
    tape *tape;
    lowering lowering;
    guide_tape guide;
    marginal *sum;
    ref *factors; /* of the program's, 0 for what eliminations leave */
} written;

static written open_tape(const guide *g, arena *a) {
    written w = {.tape = arena_new(a, tape)};
    tape_open(w.tape, a);
    w.lowering = lower_open(g->model, w.tape, 1);
    return w;
}

static void write_factors(written *w, const guide *g) {
    w->guide = guide_write(g, &w->lowering, NULL);
    w->sum = marginal_open(&w->lowering, OP_log_sum_exp, NULL);
    w->factors = marginal_factors(w->sum);
}

/* The terms that no discrete latent enters. */
static ref other_terms(written *w) {
    const program *p = w->lowering.model->program;
    ref total = lower_factors(&w->lowering);
    for (uint32_t i = 0; i < p->model.count; i++)
        if (!program_touched(p, p->model.at[i].log_density))
            total = tape_map2(w->tape, OP_add, total, lower_draw(&w->lowering, &p->model.at[i]));
    return total;
}

static ref one_number(tape *t, ref x) { return tape_sum_all(t, x); }

/* Outputs: the log likelihood, then its derivative by each factor, to which an input that is 0 is added. */
static machine *expectation_new(diagnostics *d, const guide *g, const double *x, arena *a) {
    written w = open_tape(g, a);
    write_factors(&w, g);
    const program *p = g->model->program;
    uint32_t count = p->marginal.count, used = 0;
    ref *shift = arena_array(a, ref, count), *slope = arena_array(a, ref, count), culprit;
    for (uint32_t i = 0; i < count; i++) {
        if (!w.factors[i]) continue;
        shift[used] = tape_input(w.tape, tape_at(w.tape, w.factors[i])->axes);
        w.factors[i] = tape_map2(w.tape, OP_add, w.factors[i], shift[used++]);
    }
    marginal_eliminate(w.sum);
    ref sum = one_number(w.tape, marginal_total(w.sum));
    if (!tape_gradient(w.tape, sum, shift, used, slope, &culprit)) {
        complain_of_derivative(d, w.tape, culprit);
        return NULL;
    }
    tape_output(w.tape, tape_map2(w.tape, OP_add, sum, one_number(w.tape, other_terms(&w))));
    for (uint32_t k = 0; k < used; k++)
        tape_output(w.tape, tape_expand(w.tape, slope[k], tape_at(w.tape, shift[k])->axes));
    tape *run = arena_new(a, tape);
    tape_compile(w.tape, run, a, NULL, NULL);
    machine *m = machine_new(a, run, g->model->team);
    for (uint32_t b = 0; b < g->parts.count; b++) machine_bind(m, b, x + g->parts.at[b].offset);
    for (uint32_t k = 0; k < used; k++) {
        uint64_t entries = tape_size(w.tape, tape_at(w.tape, shift[k])->axes);
        machine_bind(m, g->parts.count + k, arena_take_aligned(a, entries * sizeof(double)));
    }
    return m;
}

/* Inputs behind the params: the probabilities. Outputs: what is maximised, then its gradient by part. What
 * has the probability 0 need not be finite. */
static machine *maximisation_new(diagnostics *d, const guide *g, const double *x, em *o, arena *a) {
    written w = open_tape(g, a);
    write_factors(&w, g);
    tape *t = w.tape;
    ref total = one_number(t, other_terms(&w));
    for (uint32_t i = 0; i < g->model->program->marginal.count; i++) {
        if (!w.factors[i]) continue;
        ref share = tape_input(t, tape_at(t, w.factors[i])->axes), zero = tape_number(t, 0);
        ref product = tape_map2(t, OP_mul, share, w.factors[i]);
        product = tape_select(t, tape_map2(t, OP_eq, share, zero), zero, product);
        total = tape_map2(t, OP_add, total, one_number(t, product));
        o->factors++;
    }
    uint32_t parts = g->parts.count;
    ref *slope = arena_array(a, ref, parts), culprit;
    if (!tape_gradient(t, total, w.guide.parts, parts, slope, &culprit)) {
        complain_of_derivative(d, t, culprit);
        return NULL;
    }
    tape_output(t, total);
    for (uint32_t b = 0; b < parts; b++)
        tape_output(t, tape_expand(t, slope[b], tape_at(t, w.guide.parts[b])->axes));
    tape *run = arena_new(a, tape);
    tape_compile(t, run, a, NULL, NULL);
    machine *m = machine_new(a, run, g->model->team);
    for (uint32_t b = 0; b < parts; b++) machine_bind(m, b, x + g->parts.at[b].offset);
    for (uint32_t k = 0; k < o->factors; k++) machine_bind(m, parts + k, machine_output(o->expect, 1 + k));
    return m;
}

/* Steps. */

typedef struct climbed {
    em *em;
    const guide *guide;
} climbed;

/* lbfgs_function of what is maximised, -inf where it is not finite. */
static double expected(void *user, const double *x, double *gradient) {
    climbed *c = user;
    em *o = c->em;
    memcpy(o->x, x, o->size * sizeof *x);
    machine_run(o->maximise, 0, 0);
    bool finite = isfinite(machine_output(o->maximise, 0)[0]);
    for (uint32_t b = 0; b < c->guide->parts.count; b++) {
        const part *k = &c->guide->parts.at[b];
        memcpy(gradient + k->offset, machine_output(o->maximise, 1 + b), k->size * sizeof *gradient);
    }
    for (uint64_t i = 0; i < o->size; i++) finite &= isfinite(gradient[i]) != 0;
    return finite ? machine_output(o->maximise, 0)[0] : -INFINITY;
}

em *em_new(diagnostics *d, const guide *g, const double *x, arena *a) {
    em *o = arena_new(a, em);
    *o = (em){.size = g->size, .x = arena_take_aligned(a, g->size * sizeof *x)};
    memcpy(o->x, x, g->size * sizeof *x);
    o->expect = expectation_new(d, g, o->x, a);
    o->maximise = o->expect ? maximisation_new(d, g, o->x, o, a) : NULL;
    if (!o->maximise) return NULL;
    climbed *c = arena_new(a, climbed);
    *c = (climbed){o, g};
    o->climb = lbfgs_open(o->size, expected, c, a);
    if (o->size > POLISHED_MOST) return o;
    o->algebra = algebra_open(o->size, a);
    o->hessian = arena_array(a, double, o->size * o->size);
    o->up = arena_array(a, double, o->size);
    o->down = arena_array(a, double, o->size);
    o->step = arena_array(a, double, o->size);
    return o;
}

static double length(const double *x, uint64_t n) {
    double squares = 0;
    for (uint64_t i = 0; i < n; i++) squares += x[i] * x[i];
    return sqrt(squares);
}

/* -H^-1 g at the place of the climb, in `step`; false where the curvature is not that of a maximum. */
static bool newton_step(em *o) {
    uint64_t n = o->size;
    double *at = o->step;
    memcpy(at, o->climb.x, n * sizeof *at);
    for (uint64_t i = 0; i < n; i++) {
        double x = at[i], h = DIFFERENCE * (1 + fabs(x));
        at[i] = x + h;
        bool finite = isfinite(expected(o->climb.user, at, o->up));
        at[i] = x - h;
        finite &= isfinite(expected(o->climb.user, at, o->down)) != 0;
        at[i] = x;
        if (!finite) return false;
        for (uint64_t k = 0; k < n; k++) o->hessian[i * n + k] = (o->down[k] - o->up[k]) / (2 * h);
    }
    for (uint64_t i = 0; i < n; i++)
        for (uint64_t k = 0; k < i; k++)
            o->hessian[i * n + k] = 0.5 * (o->hessian[i * n + k] + o->hessian[k * n + i]);
    if (!matrix_cholesky(o->algebra, o->hessian, n)) return false;
    memcpy(o->step, o->climb.gradient, n * sizeof *o->step);
    matrix_solve_vector(o->algebra, o->hessian, o->step, n);
    for (uint64_t i = n; i-- > 0;) { /* by the transposed factor */
        for (uint64_t k = i + 1; k < n; k++) o->step[i] -= o->hessian[k * n + i] * o->step[k];
        o->step[i] /= o->hessian[i * n + i];
    }
    return true;
}

/* While the gradient gets shorter. */
static void polish(em *o) {
    for (int k = 0; k < POLISHES; k++) {
        double before = length(o->climb.gradient, o->size);
        if (before == 0 || !newton_step(o)) return;
        for (uint64_t i = 0; i < o->size; i++) o->up[i] = o->climb.x[i] + o->step[i];
        if (!isfinite(expected(o->climb.user, o->up, o->down)) || length(o->down, o->size) >= before) return;
        lbfgs_place(&o->climb, o->up);
    }
}

bool em_step(em *o) {
    machine_run(o->expect, 0, 0);
    double value = machine_output(o->expect, 0)[0];
    if (!isfinite(value) || !lbfgs_place(&o->climb, o->x)) return false;
    o->value = value;
    for (int k = 0; k < CLIMBS_MOST && lbfgs_step(&o->climb, ENOUGH); k++) {}
    if (o->hessian) polish(o);
    memcpy(o->x, o->climb.x, o->size * sizeof *o->x);
    return true;
}

double em_value(const em *o) { return o->value; }
const double *em_params(const em *o) { return o->x; }
