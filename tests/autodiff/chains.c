/* Chains of discrete states (autodiff/chain.h), value and gradient, against the plain reference evaluator,
 * which takes the same tape in logarithms: few states and many, several chains at once, transitions that are
 * impossible or differ from step to step, densities so sharp that probabilities vanish and come back,
 * densities of -infinity. Each loop must have been recognised; where transitions differ from step to step,
 * what the adjoint multiplies with is known before its loop, which is then another.
 *
 * Tolerance: a step rounds to a few units what it adds, relative to the size of the logarithms; with at most
 * 150 steps and logarithms up to 3e5 that is 1e-9 of 1 + their size, also for the exponentials of
 * differences. In single precision it is 5e8 times as much, so that only moderate logarithms are tried. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "autodiff/machine.h"
#include "autodiff/passes.h"
#include "base/rng.h"
#include "tests/autodiff/reference.h"
#include "tests/check.h"
#include "tests/memory.h"

typedef struct kind {
    const char *name;
    uint32_t draws, states, steps;
    double sharpness;  /* of densities, in nats */
    double impossible; /* share of transitions, but for those to the state itself and to the next */
    double excluded;   /* share of densities that are -infinity, but for one a step */
    enum { STEADY, CHANGING } transitions; /* from step to step */
    uint32_t joint;       /* states are those of two latents, of which the second has so many; 0: of one */
    bool history;         /* somebody reads what the steps find, too */
    bool backward, alone; /* the last entry is the first step; without the adjoint */
} kind;

static const kind KINDS[] = {
    {"two states", 1, 2, 150, 1, .impossible = 0},
    {"four states", 1, 4, 150, 3, .impossible = 0},
    {"five states, three chains", 3, 5, 70, 3, .impossible = 0},
    {"seventeen states", 2, 17, 70, 5, .impossible = 0},
    {"sixty-four states", 1, 64, 65, 5, .impossible = 0},
    {"vanishing probabilities", 1, 4, 150, 300, .impossible = 0},
    {"far apart", 2, 3, 100, 2000, .impossible = 0},
    {"one way to each state", 1, 4, 130, 2, .impossible = 1},
    {"one way, vanishing", 2, 5, 130, 500, .impossible = 1},
    {"excluded", 1, 4, 130, 3, .impossible = 0.3, .excluded = 0.4},
    {"excluded, vanishing", 2, 6, 130, 400, .impossible = 0.7, .excluded = 0.4},
    {"from the last", 2, 3, 80, 3, .backward = true},
    {"changing transitions", 2, 3, 80, 3, .transitions = CHANGING},
    {"changing, many states", 1, 19, 20, 3, .transitions = CHANGING},
    {"changing, vanishing", 2, 4, 80, 400, .impossible = 0.7, .excluded = 0.4, .transitions = CHANGING},
    {"two latents", 2, 6, 80, 3, .joint = 3},
    {"two latents, changing and vanishing", 2, 6, 80, 400, .impossible = 0.7, .excluded = 0.4,
     .transitions = CHANGING, .joint = 2, .backward = true},
    {"history", 2, 4, 150, 3, .history = true},
    {"history, vanishing", 2, 4, 150, 400, .impossible = 0.7, .excluded = 0.4, .history = true},
    {"history, from the last", 3, 5, 150, 400, .impossible = 0.7, .transitions = CHANGING, .history = true,
     .backward = true},
    {"no adjoint", 2, 4, 150, 3, .alone = true},
    {"no adjoint, vanishing", 2, 5, 150, 400, .impossible = 0.7, .excluded = 0.4, .alone = true},
    {"one step", 1, 4, 1, 3, .history = true},
};

enum { INPUTS = 3 };

typedef struct model {
    tape written, run;
    double *inputs[INPUTS];
    ref x[INPUTS];
} model;

static double *fill(arena *a, rng *r, uint64_t n, double scale) {
    double *x = arena_array(a, double, n);
    for (uint64_t i = 0; i < n; i++) x[i] = scale * rng_normal(r);
    return x;
}

static void exclude(const kind *k, rng *r, double *transitions, double *densities) {
    uint32_t n = k->states, matrices = k->draws * (k->transitions == CHANGING ? k->steps : 1);
    for (uint32_t d = 0; d < matrices; d++)
        for (uint32_t i = 0; i < n; i++)
            for (uint32_t j = 0; j < n; j++)
                if (i != j && (i + 1) % n != j && rng_uniform(r) < k->impossible)
                    transitions[(d * n + i) * n + j] = -INFINITY;
    for (uint32_t t = 0; t < k->steps; t++)
        for (uint32_t d = 0; d < k->draws; d++)
            for (uint32_t j = 0, kept = (uint32_t)rng_below(r, n); j < n; j++)
                if (j != kept && rng_uniform(r) < k->excluded)
                    densities[(t * k->draws + d) * n + j] = -INFINITY;
}

/* The names of the states before and behind a step, of one latent or two. */
typedef struct names {
    axes from, to;
} names;

static names add_states(tape *t, const kind *k) {
    uint32_t second = k->joint ? k->joint : 1;
    names s = {0};
    s.from = axes_one(tape_add_axis(t, "from", k->states / second));
    if (k->joint) s.from = axes_with(s.from, tape_add_axis(t, "from2", second));
    s.to = axes_one(tape_add_axis(t, "to", k->states / second));
    if (k->joint) s.to = axes_with(s.to, tape_add_axis(t, "to2", second));
    return s;
}

static ref forward_step(scan_builder *s, ref carry, names n, ref transitions, ref densities) {
    for (int i = 0; i < n.to.count; i++) carry = tape_rename(s->body, carry, n.to.at[i], n.from.at[i]);
    ref terms = tape_map2(s->body, OP_add, carry, scan_take(s, transitions));
    ref total = tape_reduce(s->body, OP_log_sum_exp, terms, n.from);
    return tape_map2(s->body, OP_add, total, scan_take(s, densities));
}

/* log sum over the last states of exp of the forward recurrence, summed over draws; with its gradient by
 * start, transitions and densities. */
static void write_model(model *m, const kind *k, arena *a, rng *r) {
    tape *t = &m->written;
    tape_open(t, a);
    axis time = tape_add_axis(t, "time", k->steps), draw = tape_add_axis(t, "draw", k->draws);
    names n = add_states(t, k);
    axes carried = axes_with(n.to, draw), pairs = axes_union(carried, n.from),
         by_time = axes_with(carried, time);
    if (k->transitions == CHANGING) pairs = axes_with(pairs, time);
    m->x[0] = tape_input(t, carried);
    m->x[1] = tape_input(t, pairs);
    m->x[2] = tape_input(t, by_time);
    m->inputs[0] = fill(a, r, tape_size(t, carried), 1);
    m->inputs[1] = fill(a, r, tape_size(t, pairs), 1);
    m->inputs[2] = fill(a, r, tape_size(t, by_time), k->sharpness);
    exclude(k, r, m->inputs[1], m->inputs[2]);
    scan_builder s = scan_open(t, time, k->backward);
    ref next = forward_step(&s, scan_carry(&s, m->x[0], carried), n, m->x[1], m->x[2]);
    ref loop = scan_close(&s, &next, NULL, 0);
    ref y = tape_sum_all(t, tape_reduce(t, OP_log_sum_exp, scan_final(t, loop, 0), n.to));
    ref gradient[INPUTS], culprit;
    tape_output(t, y);
    if (!k->alone && tape_gradient(t, y, m->x, INPUTS, gradient, &culprit))
        for (int i = 0; i < INPUTS; i++) tape_output(t, gradient[i]);
    if (k->history) tape_output(t, scan_history(t, loop, 0));
    tape_compile(t, &m->run, a, NULL, NULL);
}

static uint32_t chains_in(const machine *m) {
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    machine_print(m, to);
    fclose(to);
    uint32_t n = 0;
    for (const char *at = text; (at = strstr(at, "chain of states")); at++) n++;
    free(text);
    return n;
}

static double largest_error(const model *m, machine *run, double **expected) {
    double worst = 0;
    for (uint32_t i = 0; i < INPUTS; i++) machine_bind(run, i, m->inputs[i]);
    machine_run(run, 1, 1);
    for (uint32_t i = 0; i < m->written.outputs.count; i++) {
        ref r = m->written.outputs.at[i];
        const double *out = machine_output(run, i);
        for (uint64_t j = 0; j < tape_size(&m->written, tape_at(&m->written, r)->axes); j++) {
            double y = expected[r][j];
            double off = out[j] == y ? 0 : fabs(out[j] - y); /* both may be -infinity */
            worst = !(off / (1 + fabs(y)) <= worst) ? off / (1 + fabs(y)) : worst;
        }
    }
    return worst;
}

static void try(const kind *k, memory *host) {
    arena a;
    arena_open(&a, host);
    rng r = rng_open(6, k->states);
    model m;
    write_model(&m, k, &a, &r);
    double **expected = arena_array(&a, double *, m.written.code.count);
    reference_run(&m.written, (const double *const *)m.inputs, expected, &a);
    machine *run = machine_new(&a, &m.run, NULL);
    uint32_t found = chains_in(run);
    double off = largest_error(&m, run, expected);
    char name[64];
    snprintf(name, sizeof name, "chains/%s", k->name);
    uint32_t loops = 1 + (!k->alone && k->transitions == STEADY);
    check(found == loops && off < 1e-9, name, "%u chains found; off by %g", found, off);
    if (k->sharpness <= 5) {
        off = largest_error(&m, machine_new_in(&a, &m.run, IN_SINGLE, NULL), expected);
        snprintf(name, sizeof name, "chains/single/%s", k->name);
        check(off < 1e-3, name, "off by %g", off);
    }
    arena_close(&a);
}

int main(void) {
    for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++) try(&KINDS[i], test_host());
    return check_end();
}
