#include "runtime/infer/bracket.h"

#include <math.h>
#include <string.h>
#include "autodiff/passes.h"
#include "base/names.h"
#include "runtime/infer/density.h"
#include "runtime/infer/estimator.h"
#include "runtime/infer/tmc.h"
#include "runtime/infer/upper.h"

/* Draws for the bounds are of steps that no climb has. */
static const uint64_t FIRST_ABOVE = UINT64_C(1) << 45, FIRST_BELOW = UINT64_C(1) << 46;
/* Estimates of the objective from below at the least, and of each entry's weights. */
enum { VALUES_LEAST = 400, WEIGHTS_LEAST = 200 };
/* Weights that are kept at once: 64 MiB. */
static const uint64_t WEIGHTS_MOST = UINT64_C(1) << 23;

/* What a bound is of the program itself has no weights, and nothing that is spared. */
static options unweighted(const options *o) {
    options plain, mine = *o;
    options_default(&plain);
    mine.beta = plain.beta, mine.anneal = plain.anneal, mine.cycles = plain.cycles;
    mine.free_bits = plain.free_bits, mine.sleep = plain.sleep;
    mine.given &= ~((uint64_t)1 << OPTION_beta | (uint64_t)1 << OPTION_anneal);
    mine.objective.next = NULL;
    return mine;
}

options bracket_above(const options *o) {
    options plain, above = unweighted(o);
    options_default(&plain);
    above.estimator = plain.estimator, above.noise = plain.noise, above.control = plain.control;
    above.objective = *o->objective.next;
    above.seed = hash_bytes("above", 5, o->seed) >> 1;
    return above;
}

/* ---- what may be asked for ---- */

typedef enum side { SIDE_below, SIDE_above, SIDE_neither } side;

static side side_of(const choice *c) {
    switch (c->word) {
    case OBJECTIVE_elbo:
    case OBJECTIVE_iwae:
    case OBJECTIVE_inclusive: /* by the weights that its guide has: those of iwae */
    case OBJECTIVE_tmc: return SIDE_below;
    case OBJECTIVE_renyi: return c->number >= 0 ? SIDE_below : SIDE_neither;
    case OBJECTIVE_chi: return SIDE_above;
    default: return SIDE_neither;
    }
}

static bool refuse(diagnostics *d, const options *o, const char *why, const char *help) {
    const choice *x = &o->objective;
    advise(
        d,
        diagnose(d, DIAGNOSTIC_option, NO_PLACE, "`objective = %s, %s`, but %s", x->text, x->next->text, why),
        "%s", help);
    return false;
}

static bool draws_latents(const program *p) {
    for (variable v = 0; v < p->variables.count; v++)
        if (program_variable(p, v)->kind == VARIABLE_latent) return true;
    return false;
}

bool bracket_check(diagnostics *d, const program *p, const options *o) {
    static const char BOTH[] = "write the bound from below, then that from above: `objective = elbo, chi(2)`";
    if (!is_combined(o)) return true;
    const choice *first = &o->objective, *second = first->next;
    side one = side_of(first), other = side_of(second);
    if (one == SIDE_neither || other == SIDE_neither)
        return refuse(d, o,
                      arena_print(d->arena, "`%s` is no bound of the evidence by a guide, and goes alone",
                                  (one == SIDE_neither ? first : second)->text),
                      BOTH);
    if (one == other)
        return refuse(d, o,
                      arena_print(d->arena, "both are bounds from %s", one == SIDE_below ? "below" : "above"),
                      BOTH);
    if (one == SIDE_above) return refuse(d, o, "the bound from above comes second", BOTH);
    if (!draws_latents(p))
        return refuse(d, o, "all latents are summed out, so that the ELBO is the evidence",
                      "leave `objective` out");
    return true;
}

/* ---- the bound from above ---- */

typedef struct weigher {
    machine *machine;
    uint32_t points;  /* a run */
    uint64_t entries; /* of the axes along which the latents stay apart: each has weights of its own */
} weigher;

static weigher weigher_new(const guide *g, arena *a) {
    tape *written = arena_new(a, tape), *run = arena_new(a, tape);
    tape_open(written, a);
    weigher w = {.points = points_that_fit(g->model, 250)};
    lowering l = lower_open(g->model, written, w.points);
    guide_tape q = guide_write(g, &l, NULL);
    apart_weights weights = estimate_write_weights(g, &q);
    w.entries = model_size(g->model, weights.kept);
    tape_output(written, weights.log_weight);
    tape_output(written, weights.rest);
    tape_compile(written, run, a, NULL, NULL);
    w.machine = machine_new(a, run, g->model->team);
    return w;
}

static uint64_t weights_of_each(const weigher *w, const options *o) {
    uint64_t most = WEIGHTS_MOST / w->entries;
    return o->draws < most ? o->draws : most > WEIGHTS_LEAST ? most : WEIGHTS_LEAST;
}

/* The worst tail is found among the weights of all entries together, each relative to its own bound. */
static void bound_above(course *r, const guide *g, const double *x, const options *o, two_bounds *b) {
    arena *a = arena_inside(r->a);
    weigher w = weigher_new(g, a);
    uint64_t count = weights_of_each(&w, o), done = 0;
    double *log_weight = arena_array(a, double, count *w.entries), rest = 0;
    for (uint32_t k = 0; k < g->parts.count; k++) machine_bind(w.machine, k, x + g->parts.at[k].offset);
    for (uint64_t here; done < count && !vigil_is_over(&r->vigil); done += here) {
        here = count - done < w.points ? count - done : w.points;
        machine_run(w.machine, o->seed, FIRST_ABOVE + done);
        memcpy(log_weight + done * w.entries, machine_output(w.machine, 0),
               here * w.entries * sizeof(double));
        rest = machine_output(w.machine, 1)[0];
        vigil_asks(&r->vigil, "bounds");
    }
    double order = o->objective.number, squares = 0;
    b->upper.value = rest;
    for (uint64_t e = 0; e < w.entries; e++) {
        measured own = upper_bound(log_weight + e, done, w.entries, order);
        b->upper.value += own.value, squares += own.error * own.error;
        for (uint64_t i = 0; i < done; i++) log_weight[i * w.entries + e] -= own.value;
    }
    b->upper.error = sqrt(squares);
    b->khat = psis_smooth(log_weight, done * w.entries, log_weight, a).khat;
    if (!upper_is_known(b->khat, order)) b->upper = (measured){NAN, NAN};
    arena_close(a);
}

/* ---- the bound from below ---- */

/* The mean of the objective at x, by draws of its own; of the ELBO the fit's own draws say it better. */
static measured bound_below(course *r, const guide *g, const double *x) {
    arena *a = arena_inside(r->a);
    options *o = arena_new(a, options);
    *o = unweighted(&r->options);
    objective *at = objective_new(r->d, g, o, a);
    uint64_t values = o->draws / at->draws > VALUES_LEAST ? o->draws / at->draws : VALUES_LEAST;
    double sum = 0, squares = 0, count = 0;
    optimiser_place(&at->climber, x);
    for (uint64_t i = 0; i < values && !vigil_is_over(&r->vigil); i++) {
        batches_next(&at->batches);
        if (!objective_run(at, FIRST_BELOW + i)) continue;
        sum += at->value, squares += at->value * at->value, count++;
        vigil_asks(&r->vigil, "bounds");
    }
    arena_close(a);
    return measured_mean(sum, squares, count);
}

static const char *name_below(const choice *c, arena *a) {
    if (c->word == OBJECTIVE_elbo) return "elbo";
    return c->word == OBJECTIVE_inclusive ? arena_print(a, "iwae(%u)", c->count) : c->text;
}

/* ---- both ---- */

static void tell(course *r, const two_bounds *b) {
    double order = r->options.objective.next->number;
    if (b->known && isfinite(b->upper.value)) return;
    const char *why =
        b->known
            ? arena_print(
                  r->a,
                  "the weights of the guide of `%s` have a tail that hides how far above the bound is: "
                  "that is known for k-hat below %.3g. Give the guide heavier tails, as of `z ~ "
                  "student_t(8, ?, ?)`, or join latents that depend on each other",
                  b->above, 0.5 / order)
            : arena_print(r->a,
                          "steps of `%s` kept being not finite, so that there is no bound from above; give "
                          "the guide heavier tails, as of `z ~ student_t(8, ?, ?)`, or lower `--rate`",
                          r->options.objective.next->text);
    push(r->a, &r->fit->reasons, (reason){"bracket", b->known ? b->khat : (double)NAN, why});
}

static guide *second_guide(course *r, arena *a) {
    const options *o = &r->options;
    family_kind kind = o->family.word ? (family_kind)o->family.word : FAMILY_mean_field;
    return guide_new(r->d, r->model, kind, o->family.count, a);
}

bool bracket_run(course *r, const double *x, objective_course *first) {
    arena *a = arena_inside(r->a);
    options *above = arena_new(a, options);
    *above = bracket_above(&r->options);
    const guide *g = second_guide(r, a);
    objective *climbed = objective_new(r->d, g, above, a);
    objective_course course = {
        .host = &r->host, .vigil = &r->vigil, .fingerprint = first->fingerprint, .before = first};
    memcpy(climbed->x, x, g->size * sizeof *x);
    r->vigil.stage = "bound from above", r->vigil.objective = above->objective.text;
    bool good = objective_fit(climbed, a, &course);
    first->foreign = course.foreign;
    if (course.foreign) return false;
    two_bounds *b = &r->fit->bracket;
    *b = (two_bounds){.known = good,
                      .below = name_below(&r->options.objective, r->a),
                      .above = above->objective.text,
                      .steps = course.steps,
                      .converged = course.converged};
    r->fit->gradients += course.steps * climbed->draws;
    if (good && r->options.objective.word != OBJECTIVE_elbo) b->lower = bound_below(r, g, x);
    if (good) bound_above(r, g, climbed->x, above, b);
    tell(r, b);
    r->vigil.stage = "fit", r->vigil.objective = r->options.objective.text;
    arena_close(a);
    return true;
}

void bracket_rehearse(course *r) {
    arena *a = arena_inside(r->a), *scratch;
    options *above = arena_new(a, options), *below = arena_new(a, options);
    *above = bracket_above(&r->options);
    *below = unweighted(&r->options);
    const guide *g = second_guide(r, a);
    objective_rehearse(objective_new(r->d, g, above, a), a);
    scratch = arena_inside(a);
    if (r->options.objective.word != OBJECTIVE_elbo) objective_new(r->d, g, below, scratch);
    arena_close(scratch);
    weigher w = weigher_new(g, a);
    uint64_t count = weights_of_each(&w, above) * w.entries;
    arena_array(a, double, count);
    psis_rehearse(count, a);
    arena_close(a);
}
