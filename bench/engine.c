#include "bench/engine.h"

#include <assert.h>
#include <stdio.h>

static const char *read_program(const char *path, size_t *length, arena *a) {
    enum { LARGEST = 1 << 16 };
    char *text = arena_take(a, LARGEST);
    FILE *from = fopen(path, "rb");
    if (!from) return NULL;
    *length = fread(text, 1, LARGEST - 1, from);
    fclose(from);
    return text;
}

static void give(data_set *to, const dataset *d) {
    for (uint32_t i = 0; i < d->count; i++) {
        const array *x = &d->arrays[i];
        data_array given = {.name = x->name, .rank = x->rank, .numbers = x->values};
        for (uint32_t k = 0; k < x->rank; k++) given.dims[k] = x->dims[k];
        push(to->arena, &to->arrays, given);
    }
}

static model *bind(const workload *w, const dataset *d, diagnostics *said, arena *a) {
    const char *path = arena_print(a, "bench/%s.vm", w->stem), *text;
    size_t length = 0;
    names *n = arena_new(a, names);
    data_set *data = arena_new(a, data_set);
    names_open(n, a);
    data_open(data, a);
    if (!(text = read_program(path, &length, a))) {
        perror(path);
        return NULL;
    }
    program *p = program_compile(said, n, diagnostics_source(said, path, text, length, false), NULL);
    if (said->errors) return NULL;
    give(data, d);
    return model_bind(said, p, data, a);
}

static bool plan_density(engine *e, const workload *w, const model *m, diagnostics *said, arena *a) {
    space *s = arena_new(a, space);
    *s = space_of_latents(m, true, a);
    e->density = density_new(said, s, w->points, IN_DOUBLE, a);
    if (!e->density) return false;
    e->size = s->size;
    e->at = e->density->at;
    return true;
}

static bool plan_objective(engine *e, const model *m, diagnostics *said, arena *a) {
    const options *o = &m->program->options;
    guide *g = guide_new(said, m, FAMILY_mean_field, 0, a);
    e->objective = g ? objective_new(said, g, o, a) : NULL;
    if (!e->objective) return false;
    e->size = g->size;
    e->at = e->objective->x;
    e->gradient = arena_array(a, double, g->size);
    guide_start(g, o->seed, e->at, a);
    optimiser_place(&e->objective->climber, e->at);
    return true;
}

engine *engine_open(const workload *w, const dataset *d, uint32_t threads, arena *a) {
    diagnostics *said = arena_new(a, diagnostics);
    engine *e = arena_new(a, engine);
    diagnostics_open(said, a);
    model *m = bind(w, d, said, a);
    if (m) m->team = team_open(a, threads);
    bool good =
        m && (m->program->guide.count ? plan_objective(e, m, said, a) : plan_density(e, w, m, said, a));
    for (uint32_t i = 0; i < said->list.count; i++)
        if (said->list.at[i].severity == SEVERITY_error)
            fputs(diagnostic_text(said, &said->list.at[i]), stderr);
    return good ? e : NULL;
}

void engine_run(engine *e) {
    if (e->density) {
        density_run(e->density);
        e->value = e->density->log_density;
        return;
    }
    objective_climb(e->objective, e->step++, e->objective->options->optimizer.number);
    e->value = &e->objective->value;
}

const double *engine_gradient(const engine *e) {
    if (e->density) return e->density->gradient;
    optimiser_gradient(&e->objective->climber, e->gradient);
    return e->gradient;
}

/* The one draw of the objective. */
static const instruction *noise_of(const tape *t) {
    for (ref r = 1; r < t->code.count; r++)
        if (tape_at(t, r)->op == OP_random_normal) return tape_at(t, r);
    assert(!"the guide draws normal numbers");
    return NULL;
}

draws engine_draws(const engine *e) {
    const objective *o = e->objective;
    return (draws){o->batches.rows, {o->options->seed, e->step - 1, noise_of(o->tape)->attribute}};
}

double *engine_noise(const engine *e, uint32_t *count, arena *a) {
    const tape *t = e->objective->tape;
    *count = (uint32_t)tape_size(t, noise_of(t)->axes);
    const kernels *k = e->objective->climber.kernels;
    void *drawn = arena_take_aligned(a, *count * sizeof(double));
    double *noise = arena_take_aligned(a, *count * sizeof *noise);
    k->normal(drawn, engine_draws(e).noise, 0, *count);
    for (uint32_t i = 0; i < *count; i++) noise[i] = element_read(k->precision, drawn, i);
    return noise;
}
