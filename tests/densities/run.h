/* What distributions are asked in the tests: a program as text is compiled, lowered and run as a user's is.
 */
#ifndef VM_TESTS_DENSITIES_RUN_H
#define VM_TESTS_DENSITIES_RUN_H

#include <math.h>
#include <string.h>

#include "autodiff/machine.h"
#include "autodiff/passes.h"
#include "base/number.h"
#include "lang/library.h"
#include "runtime/bind/lower.h"
#include "runtime/bind/model.h"
#include "tests/check.h"
#include "tests/memory.h"

static const double ULP = 0x1p-52;

static inline bool succeed(const char *test) { return check(true, test, "%s", ""); }

/* Whether the library's distribution has a property. */
static inline bool has_property(const char *distribution, const char *property) {
    char head[40];
    snprintf(head, sizeof head, "\n  %s", property);
    for (int i = 0; i < LIBRARY_COUNT; i++) {
        if (strcmp(LIBRARY[i].name, distribution)) continue;
        const char *found = strstr(LIBRARY[i].text, head), *end = found ? found + strlen(head) : "";
        return *end == ' ' || *end == '(';
    }
    return false;
}

typedef struct values {
    const char *name;
    uint32_t rank, dims[3];
    const double *numbers;
    bool varied; /* a derivative by it is wanted */
    const double *slope;
} values;

typedef struct results {
    const char *name;
    const double *numbers;
} results;

/* What a run needs stays alive in the arena until the next test. */
typedef struct run {
    arena *arena;
    diagnostics diagnostics;
    names names;
    tape tape;
} run;

static inline variable find_variable(const program *p, const char *name) {
    for (variable v = 0; v < p->variables.count; v++)
        if (!strcmp(p->variables.at[v].name, name)) return v;
    return VARIABLE_NONE;
}

/* Compiles `text` with its data to a machine that computes the named lets or generated variables, and the
 * derivatives of the sum of the first by what varies; to be run by run_once. NULL, with a message, if the
 * program has mistakes. */
static inline machine *prepare(arena *a, const char *test, const char *text, values *data, int data_count,
                               results *wanted, int wanted_count) {
    run *r = arena_new(a, run);
    diagnostics_open(&r->diagnostics, a);
    names_open(&r->names, a);
    text = arena_print(a, "%smodel {\n  unused ~ normal(0, 1)\n}\n", text);
    uint32_t source = diagnostics_source(&r->diagnostics, test, text, strlen(text), false);
    const program *p = program_compile(&r->diagnostics, &r->names, source, NULL);
    data_set set;
    data_open(&set, a);
    for (int i = 0; i < data_count; i++) {
        data_array x = {.name = data[i].name, .rank = data[i].rank, .numbers = data[i].numbers};
        memcpy(x.dims, data[i].dims, sizeof data[i].dims);
        push(a, &set.arrays, x);
    }
    const model *m = r->diagnostics.errors ? NULL : model_bind(&r->diagnostics, p, &set, a);
    if (!m) {
        const char *said =
            r->diagnostics.list.count ? diagnostic_text(&r->diagnostics, r->diagnostics.list.at) : "";
        check(false, test, "%s", said);
        return NULL;
    }
    tape_open(&r->tape, a);
    lowering l = lower_open(m, &r->tape, 1);
    ref inputs[8], slopes[8];
    uint32_t varied = 0;
    for (int i = 0; i < data_count; i++)
        if (data[i].varied) {
            variable v = find_variable(p, data[i].name);
            inputs[varied] = tape_input(&r->tape, lower_axes(&l, program_variable(p, v)->axes));
            lower_set(&l, v, inputs[varied++]);
        }
    for (int i = 0; i < wanted_count; i++) {
        const variable_row *v = program_variable(p, find_variable(p, wanted[i].name));
        ref x = tape_expand(&r->tape, lower_node(&l, v->value), lower_axes(&l, v->axes));
        tape_output(&r->tape, x);
        ref culprit = 0;
        if (!i && varied && !tape_adjoint(&r->tape, x, 0, inputs, varied, slopes, &culprit))
            check(false, test, "%s has no derivative", op_name(tape_at(&r->tape, culprit)->op));
        if (culprit) return NULL;
    }
    for (uint32_t i = 0; i < varied; i++)
        tape_output(&r->tape, tape_expand(&r->tape, slopes[i], tape_at(&r->tape, inputs[i])->axes));
    tape *compiled = arena_new(a, tape);
    tape_compile(&r->tape, compiled, a, NULL, NULL);
    machine *run = machine_new(a, compiled, NULL);
    for (int i = 0, slot = 0; i < data_count; i++)
        if (data[i].varied) machine_bind(run, (uint32_t)slot++, data[i].numbers);
    return run;
}

/* One run, after which the results and slopes can be read. */
static inline void run_once(machine *m, values *data, int data_count, results *wanted, int wanted_count) {
    machine_run(m, 1, 0);
    uint32_t slot = 0;
    for (int i = 0; i < wanted_count; i++) wanted[i].numbers = machine_output(m, slot++);
    for (int i = 0; i < data_count; i++)
        if (data[i].varied) data[i].slope = machine_output(m, slot++);
}

/* The same, run once. */
static inline bool compute(arena *a, const char *test, const char *text, values *data, int data_count,
                           results *wanted, int wanted_count) {
    machine *m = prepare(a, test, text, data, data_count, wanted, wanted_count);
    if (m) run_once(m, data, data_count, wanted, wanted_count);
    return m != NULL;
}

/* What a correct sampler exceeds once in ten thousand seeds; these seeds are fixed. The largest difference of
 * the shares of draws and of mass, times sqrt(n) (Kolmogorov); chi-square with so many degrees (Wilson and
 * Hilferty 1931). */
__attribute__((unused)) static const double KOLMOGOROV = 2.23;

static inline double chi_square_limit(double df) {
    return df * pow(1 - 2 / (9 * df) + 3.72 * sqrt(2 / (9 * df)), 3);
}

#endif
