#include "runtime/infer/density.h"

#include <math.h>
#include <string.h>
#include "autodiff/passes.h"

static const char *op_words(const tape *t, ref r) { return op_name(tape_at(t, r)->op); }

void complain_of_derivative(diagnostics *d, const tape *t, ref culprit) {
    advise(
        d,
        diagnose(d, DIAGNOSTIC_unsupported, tape_at(t, culprit)->at, "`%s` has no derivative",
                 op_words(t, culprit)),
        "the log density must be a differentiable function of the latents; write it without this operation");
}

/* A value that has the axis `draw`: one that is constant over draws is repeated. */
static uint32_t output_by_draw(tape *t, ref x, axis along) {
    return tape_output(t, tape_expand(t, x, axes_one(along)));
}

static density *open_density(diagnostics *d, const space *s, uint32_t points, precision p, bool jacobian,
                             arena *a) {
    tape *written = arena_new(a, tape);
    tape_open(written, a);
    lowering l = lower_open(s->model, written, points);
    axis joint = tape_add_axis(written, "latents", (uint32_t)s->size);
    ref u = tape_input(written, axes_with(axes_one(l.draw), joint)), culprit;
    assignment given = assignment_open(&l);
    assignment_from_space(&given, s, u, joint);
    assignment_set_all(&given);
    ref log_density = lower_log_density(&l), gradient;
    if (jacobian) log_density = tape_map2(written, OP_add, log_density, given.log_jacobian);
    if (!tape_gradient(written, tape_sum(written, log_density, axes_one(l.draw)), &u, 1, &gradient,
                       &culprit)) {
        complain_of_derivative(d, written, culprit);
        return NULL;
    }
    output_by_draw(written, log_density, l.draw);
    output_by_draw(written, gradient, l.draw);
    density *t = arena_new(a, density);
    *t = (density){.space = s, .tape = arena_new(a, tape), .points = points};
    tape_compile(written, t->tape, a, NULL, NULL);
    t->machine = machine_new_in(a, t->tape, p, s->model->team);
    t->at = arena_take_aligned(a, (size_t)points * s->size * sizeof(double));
    machine_bind(t->machine, 0, t->at);
    space_bind(s, 1, t->machine);
    return t;
}

density *density_new(diagnostics *d, const space *s, uint32_t points, precision p, arena *a) {
    return open_density(d, s, points, p, true, a);
}

density *density_new_declared(diagnostics *d, const space *s, uint32_t points, precision p, arena *a) {
    return open_density(d, s, points, p, false, a);
}

void density_run(density *t) {
    machine_run(t->machine, 0, 0);
    t->gradients += t->points;
    t->log_density = machine_output(t->machine, 0);
    t->gradient = machine_output(t->machine, 1);
}

double density_at(void *density_of, const double *x, double *gradient) {
    density *one = density_of;
    uint64_t n = one->space->size;
    memcpy(one->at, x, n * sizeof *x);
    density_run(one);
    memcpy(gradient, one->gradient, n * sizeof *x);
    bool finite = isfinite(one->log_density[0]);
    for (uint64_t i = 0; i < n; i++) finite &= isfinite(gradient[i]) != 0;
    return finite ? one->log_density[0] : -INFINITY;
}

/* Whether data and numbers alone make a value. */
static bool is_of_data(const tape *t, ref of, arena *scratch) {
    bool *known = arena_array(scratch, bool, of + 1);
    for (ref r = 1; r <= of; r++) {
        const instruction *x = tape_at(t, r);
        known[r] = x->op == OP_number || x->op == OP_data || x->op == OP_position ||
                   (op_inputs(x->op) > 0 && op_kind_of(x->op) != KIND_RANDOM);
        for (int i = 0; i < op_inputs(x->op); i++) known[r] &= known[x->in[i]];
    }
    return known[of];
}

/* Whether no latent can mend it: all inputs are data, or that which is 0 is, as in x / 0 and x log 0. */
static bool is_in_data(const fault *f, arena *scratch) {
    const instruction *x = tape_at(f->tape, f->at);
    int last = op_inputs(x->op) - 1;
    if (is_of_data(f->tape, f->at, scratch)) return true;
    return last >= 0 && tape_at(f->tape, x->in[last])->op != OP_number && f->in[last] == 0 &&
           is_of_data(f->tape, x->in[last], scratch);
}

static const char *cure(const fault *f, arena *scratch) {
    op failed = tape_at(f->tape, f->at)->op;
    if (failed == OP_gather && isfinite(f->in[0]))
        return "the index lies outside of its axis: its entries count from 1 to the size of that axis; look "
               "at where the index comes from";
    if (failed == OP_cholesky)
        return "the matrix is not positive definite, or by less than its rounding: add a little to its "
               "diagonal, as `(if n == n' then 1e-6 else 0)`, and give its scales and lengths priors that "
               "keep them from 0 and from infinity";
    if (is_in_data(f, scratch))
        return "data alone make this, whatever the latents: correct them there, or take a distribution that "
               "can have such values";
    return "narrow the support of what enters here, or its prior, so that the statement has a finite log "
           "density everywhere";
}

void machine_complain(diagnostics *d, machine *m, const tape *t, uint64_t seed, uint64_t step) {
    fault found;
    diagnostic *said;
    if (!machine_fault(m, seed, step, d->arena, &found)) {
        said = diagnose(d, DIAGNOSTIC_not_finite, NO_PLACE, "the log density is not finite");
        advise(d, said, "look for data that are infinite or lie outside of their distribution's support");
        return;
    }
    const instruction *x = tape_at(found.tape, found.at);
    const char *index = "";
    for (int i = 0; i < found.axes.count; i++)
        if (t->axes.at[found.axes.at[i]].name != LOWER_DRAW)
            index = arena_print(d->arena, "%s%s%s = %u", index, *index ? ", " : " at ",
                                t->axes.at[found.axes.at[i]].name, found.index[i] + 1);
    const char *inputs = "";
    for (int i = 0; i < op_inputs(x->op); i++)
        inputs = arena_print(d->arena, "%s%s%g", inputs, *inputs ? ", " : "", found.in[i]);
    said = diagnose(d, DIAGNOSTIC_not_finite, x->at, "a value here is %g%s: `%s` of %s", found.value, index,
                    op_words(found.tape, found.at), *inputs ? inputs : "nothing");
    advise(d, said, cure(&found, d->arena));
}

/* Entries of the largest value, for one draw. */
static uint64_t largest_value(const model *m) {
    uint64_t largest = 1;
    for (node n = 1; n < m->program->nodes.count; n++) {
        uint64_t size = model_size(m, program_node(m->program, n)->axes);
        if (size > largest) largest = size;
    }
    return largest;
}

static uint64_t between(uint64_t x, uint64_t least, uint64_t most) {
    return x < least ? least : x > most ? most : x;
}

uint32_t points_that_fit(const model *m, uint32_t most) {
    const uint64_t room = 1u << 17; /* of the largest value, all points together: 1 MiB */
    return (uint32_t)between(room / largest_value(m), 1, most);
}

uint64_t draws_that_pay(const model *m, uint64_t scalars, uint64_t asked) {
    enum { MOST = 16 };                                /* times as many as were asked for */
    const uint64_t work = 1u << 18, memory = 1u << 20; /* entries to compute, and to keep */
    uint64_t most = work / largest_value(m), kept = memory / (scalars + 1);
    return between(most < kept ? most : kept, asked, MOST * asked);
}
