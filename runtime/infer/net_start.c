/* The units of a layer are exchangeable, so that a guide that starts with all of them at 0 stands on a
 * saddle: nothing tells one unit from another but the noise of the draws, and the fit ends where the net
 * ignores its input (a true optimum of mean-field guides, but mostly a poor one). The weights that a net
 * draws therefore start at a draw from the net's own distribution, as its params do, with a spread that
 * leaves the units apart. */
#include "runtime/infer/net_start.h"

#include <math.h>
#include "autodiff/machine.h"
#include "autodiff/passes.h"
#include "runtime/infer/transforms.h"

/* The spread of the guide, of the root mean square of the start. */
static const double SPREAD = 0.1;
/* Its draws are of a step that no step of the fit has. */
static const uint64_t STEP = UINT64_C(1) << 41;

static const draw *statement_of(const program *p, variable v) {
    const variable_row *row = program_variable(p, v);
    const draw *d = row->of_net && row->kind == VARIABLE_latent ? &p->model.at[row->draw] : NULL;
    return d && d->sample ? d : NULL;
}

/* A draw of all that nets draw; what they are drawn with besides is 0 in unconstrained space. */
static assignment draw_nets(lowering *l) {
    const program *p = l->model->program;
    assignment given = assignment_open(l);
    for (variable v = 0; v < p->variables.count; v++) {
        variable_kind kind = program_variable(p, v)->kind;
        given.statement[v] = statement_of(p, v);
        if (!given.statement[v] && (kind == VARIABLE_latent || kind == VARIABLE_param))
            given.entries[v] = tape_number(l->tape, 0);
    }
    return given;
}

static void place(const double *from, uint64_t size, double *location, double *log_scale) {
    double square = 0;
    for (uint64_t i = 0; i < size; i++) square += from[i] * from[i] / (double)size;
    if (!isfinite(square) || square == 0) return;
    for (uint64_t i = 0; i < size; i++) {
        location[i] = from[i];
        log_scale[i] = log(SPREAD) + 0.5 * log(square);
    }
}

void net_start(const space *s, uint64_t seed, double *location, double *log_scale, arena *a) {
    const program *p = s->model->program;
    tape written, run;
    tape_open(&written, a);
    lowering l = lower_open(s->model, &written, 1);
    assignment given = draw_nets(&l);
    uint32_t count = 0;
    for (uint32_t i = 0; i < s->count; i++) {
        if (!given.statement[s->of[i]]) continue;
        assignment_set(&given, s->of[i]);
        ref u = transform_unconstrain(&l, s->of[i], l.variables[s->of[i]]);
        tape_output(&written, tape_expand(&written, u, transform_axes(&l, s->of[i])));
        count++;
    }
    if (!count) return;
    tape_compile(&written, &run, a, NULL, NULL);
    machine *m = machine_new(a, &run, s->model->team);
    machine_run(m, seed, STEP);
    for (uint32_t i = 0, k = 0; i < s->count; i++)
        if (statement_of(p, s->of[i]))
            place(machine_output(m, k++), transform_size(s->model, s->of[i]), location + s->offset[i],
                  log_scale + s->offset[i]);
}
