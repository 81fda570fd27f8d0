#include "runtime/infer/log_density.h"

#include <string.h>
#include "autodiff/machine.h"
#include "autodiff/passes.h"
#include "runtime/infer/density.h"
#include "runtime/infer/transforms.h"

static bool is_free(const program *p, variable v) {
    return program_variable(p, v)->kind == VARIABLE_latent || program_variable(p, v)->kind == VARIABLE_param;
}

/* The unconstrained entries of all that is free at the given values. */
static void unconstrained_values(const model *m, const double *const *values, double **entries, arena *a) {
    const program *p = m->program;
    tape written, run;
    tape_open(&written, a);
    lowering l = lower_open(m, &written, 1);
    for (variable v = 0; v < p->variables.count; v++)
        if (is_free(p, v))
            lower_set(&l, v, tape_data(&written, values[v], lower_axes(&l, program_variable(p, v)->axes)));
    for (variable v = 0; v < p->variables.count; v++)
        if (is_free(p, v))
            tape_output(&written, tape_expand(&written, transform_unconstrain(&l, v, l.variables[v]),
                                              transform_axes(&l, v)));
    tape_compile(&written, &run, a, NULL, NULL);
    machine *machine = machine_new(a, &run, m->team);
    machine_run(machine, 0, 0);
    for (variable v = 0, k = 0; v < p->variables.count; v++) {
        if (!is_free(p, v)) continue;
        entries[v] = arena_array(a, double, transform_size(m, v));
        memcpy(entries[v], machine_output(machine, k++), transform_size(m, v) * sizeof(double));
    }
}

density_result *log_density_at(diagnostics *d, const model *m, const double *const *values,
                               bool unconstrained, arena *a, status *status) {
    const program *p = m->program;
    variable count = p->variables.count;
    double **entries = arena_array(a, double *, count);
    if (unconstrained && !transform_check_all(d, m, false)) {
        *status = STATUS_invalid_program;
        return NULL;
    }
    if (unconstrained) unconstrained_values(m, values, entries, a);
    tape *written = arena_new(a, tape), *run = arena_new(a, tape);
    tape_open(written, a);
    lowering l = lower_open(m, written, 1);
    assignment given = assignment_open(&l);
    ref *inputs = arena_array(a, ref, count), *gradient = arena_array(a, ref, count), culprit;
    uint32_t free = 0;
    for (variable v = 0; v < count; v++) {
        if (!is_free(p, v)) continue;
        ref x = tape_input(written, unconstrained ? transform_axes(&l, v)
                                                  : lower_axes(&l, program_variable(p, v)->axes));
        inputs[free++] = x;
        if (unconstrained) given.entries[v] = x;
        else lower_set(&l, v, x);
    }
    assignment_set_all(&given);
    ref log_density =
        tape_sum_all(written, tape_map2(written, OP_add, lower_log_density(&l), given.log_jacobian));
    if (!tape_gradient(written, log_density, inputs, free, gradient, &culprit)) {
        complain_of_derivative(d, written, culprit);
        *status = STATUS_invalid_program;
        return NULL;
    }
    tape_output(written, log_density);
    for (uint32_t k = 0; k < free; k++)
        tape_output(written, tape_expand(written, gradient[k], tape_at(written, inputs[k])->axes));
    tape_compile(written, run, a, NULL, NULL);
    machine *machine = machine_new(a, run, m->team);
    density_result *result = arena_new(a, density_result);
    *result = (density_result){0, arena_array(a, double *, count), arena_array(a, uint64_t, count)};
    for (variable v = 0, k = 0; v < count; v++)
        if (is_free(p, v)) machine_bind(machine, k++, unconstrained ? entries[v] : values[v]);
    machine_run(machine, 0, 0);
    result->log_density = machine_output(machine, 0)[0];
    for (variable v = 0, k = 0; v < count; v++) {
        if (!is_free(p, v)) continue;
        result->gradient_size[v] = tape_size(written, tape_at(written, inputs[k])->axes);
        result->gradient[v] = arena_array(a, double, result->gradient_size[v]);
        memcpy(result->gradient[v], machine_output(machine, 1 + k++),
               result->gradient_size[v] * sizeof(double));
    }
    *status = STATUS_ok;
    return result;
}
