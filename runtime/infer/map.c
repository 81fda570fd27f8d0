#include "runtime/infer/map.h"

#include <math.h>
#include <string.h>
#include "runtime/infer/guide.h"
#include "runtime/infer/lbfgs.h"

enum { STREAM_MAP = 18 };

/* Numbers up to which there is a Hessian, and climbs: of more numbers one alone. */
enum { FACTORED_MOST = 1000, CLIMBS = 4, ATTEMPTS = 100, TELL_EVERY = 10 };
/* Points a run, of which the curvature takes many. */
enum { POINTS_LEAST = 2, POINTS_MOST = 250 };
/* In units of the density and of one plus its size: steps that promise less are not taken; where they promise
 * more than the second at the end, the top was not found. */
static const double ENOUGH = 1e-14, NEAR = 1e-9;
/* In nats: what ends so far below is another top, or on the way to one. */
static const double LOWER = 1e-3;
/* Of first points: as Stan's. */
static const double REACH = 2;

/* ---- what may be asked for ---- */

static bool refuse(diagnostics *d, span at, const char *what, const char *help) {
    advise(d, diagnose(d, DIAGNOSTIC_option, at, "`objective = map` looks for one point, %s", what), "%s",
           help);
    return false;
}

/* Options of other objectives' fits. */
static bool check_options(diagnostics *d, const options *o) {
    static const option_id OTHERS[] = {OPTION_batch,     OPTION_beta,   OPTION_anneal,  OPTION_free_bits,
                                       OPTION_estimator, OPTION_family, OPTION_samples, OPTION_noise,
                                       OPTION_sleep,     OPTION_control};
    option_id other = options_first_given(o, OTHERS, sizeof OTHERS / sizeof *OTHERS);
    if (other != OPTION_count)
        return refuse(d, NO_PLACE, arena_print(d->arena, "so that `%s` has no meaning", OPTIONS[other].name),
                      "leave one of them out");
    if (option_is_given(o, OPTION_optimizer) && o->optimizer.word != OPTIMIZER_lbfgs)
        return refuse(d, NO_PLACE, "to which `lbfgs` climbs", "leave `optimizer` out");
    if (precision_of(o) != IN_DOUBLE)
        return refuse(d, NO_PLACE, "for which its search along a line needs the digits of double",
                      "leave `precision` out");
    return true;
}

bool map_check(diagnostics *d, const program *p, const options *o) {
    if (!is_map(o)) {
        if (!option_is_given(o, OPTION_jacobian)) return true;
        diagnostic *said =
            diagnose(d, DIAGNOSTIC_option, NO_PLACE, "`jacobian` says which mode, but the objective is none");
        advise(d, said, "leave it out, or use `objective = map`");
        return false;
    }
    if (p->guide.count)
        return refuse(d, p->guide.at[0].at, "but the program has a guide",
                      "leave the `guide` block out, or use `objective = elbo`");
    for (uint32_t i = 0; i < p->families.count; i++)
        if (p->families.at[i].kind != FAMILY_auto)
            return refuse(d, program_variable(p, p->families.at[i].of[0])->at, "but the program has a guide",
                          "leave the `guide` block out, or use `objective = elbo`");
    for (variable v = 0; v < p->variables.count; v++)
        if (program_variable(p, v)->kind == VARIABLE_latent || program_variable(p, v)->kind == VARIABLE_param)
            return check_options(d, o);
    return refuse(d, NO_PLACE, "but the program has nothing that could move", "leave `objective` out");
}

/* ---- the climb ---- */

/* A mean field over the latents knows where all that is free starts. */
static bool open_space(map_search *s, diagnostics *d, const model *m, uint64_t seed, arena *a) {
    guide *g = guide_new(d, m, FAMILY_mean_field, 0, a);
    if (!g) return false;
    double *x = arena_array(a, double, g->size);
    guide_start(g, seed, x, a);
    variable *of = arena_array(a, variable, m->program->variables.count);
    uint32_t count = 0;
    for (uint32_t b = 0; b < g->parts.count; b++)
        if (g->parts.at[b].of != VARIABLE_NONE) of[count++] = g->parts.at[b].of;
    s->params = count > 0;
    for (uint32_t f = 0; f < g->families.count; f++)
        for (uint32_t i = 0; i < g->families.at[f].space.count; i++)
            of[count++] = g->families.at[f].space.of[i];
    s->space = space_new(m, of, count, true, a);
    s->first = arena_array(a, double, s->space.size);
    uint64_t at = 0;
    for (uint32_t b = 0; b < g->parts.count; b++) {
        const part *k = &g->parts.at[b];
        bool location = k->of == VARIABLE_NONE && k->tensor == 0;
        if (k->of == VARIABLE_NONE && !location) continue;
        memcpy(s->first + at, x + k->offset, k->size * sizeof *x);
        at += k->size;
    }
    return true;
}

map_search *map_open(diagnostics *d, const model *m, const options *o, arena *a) {
    map_search *s = arena_new(a, map_search);
    if (!open_space(s, d, m, o->seed, a)) return NULL;
    s->jacobian = o->jacobian.word == JACOBIAN_yes;
    s->factored = s->space.size <= FACTORED_MOST;
    uint32_t points = points_that_fit(m, POINTS_MOST);
    density *(*open)(diagnostics *, const space *, uint32_t, precision, arena *) =
        s->jacobian ? density_new : density_new_declared;
    s->one = open(d, &s->space, 1, IN_DOUBLE, a);
    s->many = s->one ? open(d, &s->space, points < POINTS_LEAST ? POINTS_LEAST : points, IN_DOUBLE, a) : NULL;
    if (!s->many) return NULL;
    reported *rep = arena_new(a, reported);
    *rep = reported_new(m, true, a);
    s->evaluation = evaluation_new(&s->space, rep, points, o->seed, a);
    return s;
}

/* The first from the program's own start, others from anywhere around 0. */
static bool place_first(const map_search *s, lbfgs *climb, bool own, rng *r, double *x) {
    uint64_t n = s->space.size;
    memcpy(x, s->first, n * sizeof *x);
    for (int i = 0; i < ATTEMPTS; i++) {
        for (uint64_t k = 0; (i || !own) && k < n; k++) x[k] = REACH * (2 * rng_uniform(r) - 1);
        if (lbfgs_place(climb, x)) return true;
    }
    return false;
}

/* Whether it came to the top. */
static bool climb_up(lbfgs *climb, uint64_t steps, vigil *v, uint64_t *taken) {
    for (uint64_t i = 0; i < steps; i++) {
        double unit = 1 + fabs(climb->value);
        if (!lbfgs_step(climb, ENOUGH * unit)) return climb->promise < NEAR * unit;
        bool told = ++*taken % TELL_EVERY == 0;
        if (told ? vigil_tell(v, *taken, steps, (measured){climb->value, 0},
                              vector_length(climb->algebra, climb->gradient, climb->size))
                 : vigil_asks(v, "fit"))
            return false;
    }
    return false;
}

/* What is reported, at the mode. Two runs differ in what is drawn there. */
static void find_scalars(evaluation *e, map_found *found, arena *scratch) {
    uint64_t n = found->at.size, scalars = e->report->scalars;
    sample first = sample_new(e->report, e->points, scratch),
           second = sample_new(e->report, e->points, scratch);
    for (uint32_t b = 0; b < e->points; b++) memcpy(e->at + b * n, found->at.mean, n * sizeof(double));
    machine_run(e->machine, e->seed, e->runs++);
    reported_take(e->report, e->machine, 2, e->points, &first, 0);
    machine_run(e->machine, e->seed, e->runs++);
    reported_take(e->report, e->machine, 2, e->points, &second, 0);
    memcpy(found->scalars, first.values, scalars * sizeof(double));
    for (uint64_t i = 0; i < scalars; i++)
        for (uint32_t b = 0; b < e->points; b++)
            if (first.values[b * scalars + i] != second.values[b * scalars + i]) found->scalars[i] = NAN;
}

map_found map_rehearse(const map_search *s, arena *a) {
    uint64_t n = s->space.size;
    lbfgs_open(n, NULL, NULL, a);
    start at = start_rehearse(s->one, s->factored ? n : 0, a);
    return (map_found){.at = {n, at.mode, at.factor, at.scale, algebra_open(s->factored ? n : 0, a)},
                       .scalars = arena_array(a, double, s->evaluation->report->scalars)};
}

bool map_find(map_search *s, const options *o, vigil *v, arena *a, map_found *found) {
    uint64_t n = s->space.size;
    s->one->vigil = s->many->vigil = s->evaluation->vigil = v;
    lbfgs climb = lbfgs_open(n, density_at, s->one, a);
    rng r = rng_open(o->seed, STREAM_MAP);
    double *x = arena_array(a, double, n), *best = arena_array(a, double, n);
    double ends[CLIMBS];
    *found = (map_found){.value = -INFINITY};
    for (int i = 0; i < (s->factored ? CLIMBS : 1) && !(i && v->stopped); i++) {
        if (!place_first(s, &climb, i == 0, &r, x)) break;
        bool top = climb_up(&climb, o->steps, v, &found->steps);
        ends[found->starts++] = climb.value;
        if (!(climb.value > found->value + (top && !found->converged ? -LOWER : LOWER))) continue;
        found->value = climb.value, found->converged = top;
        memcpy(best, climb.x, n * sizeof *best);
    }
    if (!found->starts) return false;
    for (uint32_t i = 0; i < found->starts; i++) found->low += ends[i] < found->value - LOWER;
    start at;
    found->definite = start_curvature(s->one, s->many, best, s->factored ? n : 0, &r, a, &at);
    found->at = (gaussian){n, at.mode, at.factor, at.scale, algebra_open(s->factored ? n : 0, a)};
    found->value = density_at(s->one, at.mode, x);
    found->scalars = arena_array(a, double, s->evaluation->report->scalars);
    arena *scratch = arena_inside(a);
    find_scalars(s->evaluation, found, scratch);
    arena_close(scratch);
    return true;
}
