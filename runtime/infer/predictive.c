#include "runtime/infer/predictive.h"

#include <math.h>
#include <string.h>
#include "autodiff/machine.h"
#include "autodiff/passes.h"
#include "base/names.h"
#include "runtime/bind/lower.h"
#include "runtime/infer/prior.h"
#include "runtime/infer/sample.h"

/* What is derived and generated, by one machine: its inputs are what changes from draw to draw. */
typedef struct computed {
    machine *machine;
    vector(variable) inputs;
    vector(variable) outputs;
} computed;

typedef struct prediction {
    diagnostics *d;
    const model *whole;
    model model; /* of what is drawn, without gaps */
    placed *draws;
    prior *prior;
    bool *given;
    computed computed;
    predictive *to;
    uint64_t seed;
    arena *arena;
} prediction;

uint64_t predictive_room(const model *m, uint64_t asked) {
    const uint64_t room = (uint64_t)1 << 26; /* 512 MiB */
    uint64_t entries = 1;
    const program *p = m->program;
    for (variable v = 0; v < p->variables.count; v++) {
        const variable_row *x = program_variable(p, v);
        bool counts = x->observed || x->kind == VARIABLE_derived || x->kind == VARIABLE_generated;
        if (counts) entries += model_size(m, x->axes);
    }
    uint64_t most = room / entries;
    return most < 1 ? 1 : most < asked ? most : asked;
}

static bool is_computed(const variable_row *x) {
    return x->kind == VARIABLE_derived || x->kind == VARIABLE_generated;
}

/* Whether a variable has another value in each draw, for what is computed: with all data given, data do not.
 */
static bool is_input(const prediction *p, variable v) {
    const variable_row *x = program_variable(p->model.program, v);
    if (posterior_has(p->model.program, v)) return true;
    return !p->whole && (x->observed || x->kind == VARIABLE_summed);
}

static const model *computing_model(const prediction *p) { return p->whole ? p->whole : &p->model; }

static bool touches_states(const prediction *p) {
    const program *of = p->model.program;
    for (variable v = 0; v < of->variables.count; v++) {
        const variable_row *x = program_variable(of, v);
        if (is_computed(x) && x->value && program_touched(of, x->value)) return true;
    }
    return false;
}

static void open_computed(prediction *p) {
    const model *m = computing_model(p);
    const program *of = m->program;
    tape *written = arena_new(p->arena, tape), *run = arena_new(p->arena, tape);
    tape_open(written, p->arena);
    lowering l = lower_open(m, written, 1);
    computed *c = &p->computed;
    for (variable v = 0; v < of->variables.count; v++) {
        if (!is_input(p, v)) continue;
        lower_set(&l, v, tape_input(written, lower_axes(&l, program_variable(of, v)->axes)));
        push(p->arena, &c->inputs, v);
    }
    if (p->whole && touches_states(p)) lower_states(&l);
    for (uint32_t i = 0; i < of->reported.count; i++) {
        variable v = of->reported.at[i];
        const variable_row *x = program_variable(of, v);
        if (!is_computed(x) || !x->value) continue;
        axes all = axes_with(lower_axes(&l, x->axes), l.draw);
        tape_output(written, tape_expand(written, lower_node(&l, x->value), all));
        push(p->arena, &c->outputs, v);
    }
    if (!c->outputs.count) return;
    tape_compile(written, run, p->arena, NULL, NULL);
    c->machine = machine_new(p->arena, run, m->team);
}

static uint64_t seed_of(const prediction *p, uint64_t draw) {
    return hash_bytes(&draw, sizeof draw, p->seed) >> 1;
}

/* ---- one draw ---- */

static void set_given(prediction *p, uint64_t draw) {
    const program *of = p->model.program;
    for (variable v = 0; v < of->variables.count; v++) {
        if (!posterior_has(of, v)) continue;
        uint64_t size = model_size(&p->model, program_variable(of, v)->axes);
        const double *row = p->draws->values[v] + draw * p->draws->stride[v];
        const bool *known = p->draws->known[v];
        double *to = prior_values(p->prior, v);
        for (uint64_t e = 0; e < size; e++)
            if (!known || known[e]) to[e] = row[e];
    }
}

/* Entries that were not fitted become part of the draws. */
static void take_new(prediction *p, uint64_t draw) {
    const program *of = p->model.program;
    for (variable v = 0; v < of->variables.count; v++) {
        if (!posterior_has(of, v) || !p->draws->known[v]) continue;
        uint64_t size = model_size(&p->model, program_variable(of, v)->axes);
        memcpy(p->draws->values[v] + draw * p->draws->stride[v], prior_values(p->prior, v),
               size * sizeof(double));
    }
}

static void compute(prediction *p, uint64_t draw) {
    computed *c = &p->computed;
    if (!c->machine) return;
    for (uint32_t i = 0; i < c->inputs.count; i++) {
        variable v = c->inputs.at[i];
        const double *x = posterior_has(p->model.program, v)
                              ? p->draws->values[v] + draw * p->draws->stride[v]
                              : prior_values(p->prior, v);
        machine_bind(c->machine, i, x);
    }
    machine_run(c->machine, seed_of(p, draw) ^ 1, 0);
}

static void keep(predicted *to, const model *m, const double *canonical, uint64_t draw) {
    const variable_row *x = program_variable(m->program, to->of);
    for (uint64_t e = 0; e < to->size; e++)
        to->draws[draw * to->size + e] = canonical[canonical_entry(m, x, e)];
}

static bool run_draw(prediction *p, uint64_t draw) {
    set_given(p, draw);
    if (!prior_run(p->prior, seed_of(p, draw))) return false;
    take_new(p, draw);
    compute(p, draw);
    uint32_t output = 0;
    for (uint32_t i = 0; i < p->to->all.count; i++) {
        predicted *to = &p->to->all.at[i];
        bool drawn = program_variable(p->model.program, to->of)->observed;
        keep(to, &p->model,
             drawn ? prior_values(p->prior, to->of) : machine_output(p->computed.machine, output++), draw);
    }
    return true;
}

/* ---- all of them ---- */

/* The values of an observed variable, of which a `let` has to be computed; in its own order of axes. */
static const double *observed_values(const prediction *p, variable v) {
    const model *m = p->whole;
    const variable_row *x = program_variable(p->model.program, v);
    if (!m) return NULL;
    uint64_t size = model_size(m, x->axes);
    const double *canonical = x->kind == VARIABLE_data ? m->values[v] : NULL;
    arena *scratch = arena_inside(p->arena);
    if (!canonical) {
        tape *written = arena_new(scratch, tape), *run = arena_new(scratch, tape);
        tape_open(written, scratch);
        lowering l = lower_open(m, written, 1);
        tape_output(written, tape_expand(written, lower_node(&l, x->value), lower_axes(&l, x->axes)));
        tape_compile(written, run, scratch, NULL, NULL);
        machine *one = machine_new(scratch, run, NULL);
        machine_run(one, 0, 0);
        canonical = machine_output(one, 0);
    }
    double *values = arena_array(p->arena, double, size + 1);
    for (uint64_t e = 0; e < size; e++) values[e] = canonical[canonical_entry(m, x, e)];
    arena_close(scratch);
    return values;
}

static void list_predicted(prediction *p) {
    const program *of = p->model.program;
    for (variable v = 0; v < of->variables.count; v++) {
        const variable_row *x = program_variable(of, v);
        if (!x->observed) continue;
        push(p->arena, &p->to->all, (predicted){.of = v, .observed = observed_values(p, v)});
    }
    for (uint32_t i = 0; i < p->computed.outputs.count; i++)
        push(p->arena, &p->to->all, (predicted){.of = p->computed.outputs.at[i]});
    for (uint32_t i = 0; i < p->to->all.count; i++) {
        predicted *x = &p->to->all.at[i];
        x->size = model_size(&p->model, program_variable(of, x->of)->axes);
        x->draws = arena_array(p->arena, double, p->to->count * x->size + 1);
    }
}

/* What the draws give, and the latents of which they give some entries. */
static bool open_prior(prediction *p) {
    const program *of = p->model.program;
    p->given = arena_array(p->arena, bool, of->variables.count + 1);
    for (variable v = 0; v < of->variables.count; v++)
        p->given[v] = posterior_has(of, v) && !p->draws->known[v];
    p->prior = prior_open(p->d, &p->model, p->given, p->arena);
    for (variable v = 0; p->prior && v < of->variables.count; v++)
        if (posterior_has(of, v) && p->draws->known[v]) prior_keep(p->prior, v, p->draws->known[v]);
    return p->prior != NULL;
}

predictive *predictive_draw(diagnostics *d, const model *open, const model *whole, placed *draws,
                            uint64_t seed, predictive_stop *stop, void *user, arena *a) {
    prediction p = {.d = d,
                    .whole = whole,
                    .model = prior_model(open, a),
                    .draws = draws,
                    .to = arena_new(a, predictive),
                    .seed = seed,
                    .arena = a};
    if (!open_prior(&p)) return NULL;
    *p.to = (predictive){.count = draws->count};
    open_computed(&p);
    list_predicted(&p);
    model *kept = arena_new(a, model);
    *kept = p.model;
    p.to->model = kept;
    for (uint64_t i = 0; i < draws->count; i++)
        if (!run_draw(&p, i) || (stop && stop(user))) return NULL;
    return p.to;
}

bool predictive_has_outcomes(const model *open) {
    const program *p = open->program;
    for (variable v = 0; v < p->variables.count; v++) {
        const variable_row *x = program_variable(p, v);
        if (x->kind == VARIABLE_data && x->observed && !open->values[v]) return false;
    }
    return true;
}

fit predictive_report(const predictive *p, verdict v, uint64_t seed, arena *a) {
    fit shown = {.model = p->model, .arena = a, .verdict = v, .seed = seed, .draw_count = p->count};
    double *sorted = arena_array(a, double, p->count + 1);
    const double at[] = {0.05, 0.5, 0.95};
    for (uint32_t i = 0; i < p->all.count; i++) {
        const predicted *x = &p->all.at[i];
        for (uint64_t e = 0; e < x->size; e++) {
            summary s = {.variable = x->of, .entry = e, .draws = x->draws + e, .stride = x->size};
            sample_summarise(&s, p->count, at, sorted);
            push(a, &shown.summaries, s);
        }
    }
    return shown;
}
