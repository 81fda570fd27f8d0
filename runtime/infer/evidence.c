#include "runtime/infer/evidence.h"

#include <math.h>
#include <string.h>
#include "runtime/infer/transforms.h"

/* A fit chooses among proposals by their weights, and so prefers those that have not yet shown how large they
 * may be. Above this k-hat that makes their errors far too small (eight schools: at 0.35 to 0.5 a third of
 * the intervals held the evidence, of annealed ones 95 %); below so many draws errors are too rough. */
static const double KHAT_MOST = 0.25, DRAWS_LEAST = 400;
/* Half the width of an interval of 95 %, in standard errors: 1.96, and 6 % for the same reason (of 700
 * intervals by weights with k-hats that are low 1.96 held 93.4 %; docs/accuracy.md). */
static const double NINETY_FIVE = 2.08;
/* Up to so many latents the Gaussian has a covariance; it needs that many times draws. */
enum { JOINT_MOST = 400, DRAWS_EACH = 2, POINTS_MOST = 400 };

static void bracket(evidence *e) {
    e->low = e->log_evidence.value - NINETY_FIVE * e->log_evidence.error;
    e->high = e->log_evidence.value + NINETY_FIVE * e->log_evidence.error;
}

bool evidence_by_weights(const fit *f, evidence *to) {
    *to = (evidence){.log_evidence = f->log_evidence, .by_weights = true, .khat = f->khat, .ess = f->ess};
    to->settled = f->verdict == VERDICT_good && f->khat < KHAT_MOST && f->ess >= DRAWS_LEAST;
    bracket(to);
    return to->settled;
}

static bool refuse(diagnostics *d, const variable_row *x, const char *what, const char *help) {
    advise(d, diagnose(d, DIAGNOSTIC_unsupported, x->at, "`%s` is %s", x->name, what), "%s", help);
    return false;
}

bool evidence_is_defined(diagnostics *d, const program *p) {
    for (variable v = 0; v < p->variables.count; v++)
        if (program_variable(p, v)->kind == VARIABLE_param)
            return refuse(
                d, program_variable(p, v), "a param, and has no prior to take the evidence over",
                "make it a latent, by a statement in the model, or take the `log evidence` of `vmrun fit`, "
                "which is that of the params it found");
    return true;
}

/* ---- annealing ---- */

static bool can_anneal(diagnostics *d, const program *p) {
    for (variable v = 0; v < p->variables.count; v++) {
        const variable_row *x = program_variable(p, v);
        if (x->kind == VARIABLE_latent && type_range(p, x->type).whole)
            return refuse(d, x, "a discrete latent that the guide draws, which no trajectory can move",
                          "leave it out of the guide, so that it is summed out");
    }
    return true;
}

/* The draws as points of the space, count × size. */
static double *find_points(const placed *draws, space *s, arena *a) {
    const model *m = draws->model;
    arena *scratch = arena_inside(a);
    double *points = arena_array(a, double, draws->count * s->size),
           *centring = arena_array(scratch, double, s->size);
    tape *written = arena_new(scratch, tape);
    tape_open(written, scratch);
    lowering l = lower_open(m, written, points_that_fit(m, 100));
    placed_machine *t = placed_inputs(draws, &l, scratch);
    for (uint32_t i = 0; i < s->count; i++)
        tape_output(written, tape_expand(written, transform_unconstrain(&l, s->of[i], l.variables[s->of[i]]),
                                         axes_with(transform_axes(&l, s->of[i]), l.draw)));
    placed_plan(t, written, scratch);
    for (uint64_t first = 0, now; first < draws->count; first += now) {
        now = placed_run(t, first);
        for (uint32_t i = 0; i < s->count; i++) {
            uint64_t size = transform_size(m, s->of[i]);
            const double *x = machine_output(t->machine, i);
            for (uint64_t b = 0; b < now; b++)
                memcpy(points + (first + b) * s->size + s->offset[i], x + b * size, size * sizeof *x);
        }
    }
    /* they are centred, and move to where the space has its coordinates */
    memcpy(centring, s->centring, s->size * sizeof *centring);
    for (uint64_t i = 0; i < s->size; i++) s->centring[i] = 1;
    space_recentre(s, centring, points, draws->count, scratch);
    arena_close(scratch);
    return points;
}

/* Points at the border of a support are infinitely far away. */
static uint64_t drop_infinite(double *points, uint64_t count, uint64_t size) {
    uint64_t kept = 0;
    for (uint64_t b = 0; b < count; b++) {
        bool finite = true;
        for (uint64_t i = 0; i < size; i++) finite &= isfinite(points[b * size + i]);
        if (finite) memmove(points + kept++ * size, points + b * size, size * sizeof *points);
    }
    return kept;
}

static bool gaussian_like(double *points, uint64_t count, uint64_t n, gaussian *to, arena *a) {
    bool joint = n <= JOINT_MOST && count > DRAWS_EACH * n;
    *to = (gaussian){n, arena_array(a, double, n), joint ? arena_array(a, double, n *n) : NULL,
                     arena_array(a, double, n), algebra_open(joint ? n : 0, a)};
    if (!gaussian_of_points(to, points, NULL, count, a)) return false;
    for (uint64_t i = 0; i < n && joint; i++) to->scale[i] = to->factor[i * n + i];
    return true;
}

static bool complain(diagnostics *d) {
    advise(d,
           diagnose_data(d, NULL, 0,
                         "no Gaussian like the draws of the posterior has a finite density of the model"),
           "look at the fit first, `vmrun fit`: draws that are all alike, or at the border of a support, "
           "lead nowhere");
    return false;
}

bool evidence_by_annealing(diagnostics *d, const model *m, const posterior *draws, uint64_t seed,
                           anneal_stop *stop, void *user, arena *a, evidence *to) {
    *to = (evidence){0};
    placed at;
    if (!can_anneal(d, m->program) || !posterior_place(d, draws, m, draws->count, &at, a)) return false;
    space s = space_of_latents(m, false, a);
    double *points = find_points(&at, &s, a);
    uint64_t count = drop_infinite(points, at.count, s.size);
    gaussian like;
    if (!gaussian_like(points, count, s.size, &like, a)) return complain(d);
    density *many = density_new(d, &s, points_that_fit(m, POINTS_MOST), IN_DOUBLE, a);
    if (!many) return false;
    if (!anneal(many, &like, seed, stop, user, a, &to->annealed))
        return stop && stop(user) ? false : complain(d);
    to->log_evidence = to->annealed.log_evidence;
    to->settled = to->annealed.settled;
    bracket(to);
    if (!to->settled) { /* what both directions say is safer than an error that is not known */
        to->low = fmin(to->low, to->annealed.below.value - NINETY_FIVE * to->annealed.below.error);
        to->high = fmax(to->high, to->annealed.above.value + NINETY_FIVE * to->annealed.above.error);
    }
    return true;
}
