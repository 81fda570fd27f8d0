/* The course of a fit, from start to verdict.
 *
 * A program without a guide, or whose guide is one family over all latents, is fitted in the unconstrained
 * space as a whole: a mode and its curvature, a Gaussian by natural gradients, then importance sampling, with
 * proposals refitted to the weighted draws while that helps. Other guides are fitted on the tape
 * (objective.c), with plain importance weights. */
#include "runtime/infer/fit.h"

#include <math.h>
#include <string.h>
#include "autodiff/passes.h"
#include "runtime/infer/clock.h"
#include "runtime/infer/dependence.h"
#include "runtime/infer/em.h"
#include "runtime/infer/estimator.h"
#include "runtime/infer/fingerprint.h"
#include "runtime/infer/flight.h"
#include "runtime/infer/held.h"
#include "runtime/infer/importance.h"
#include "runtime/infer/jackknife.h"
#include "runtime/infer/map.h"
#include "runtime/infer/modes.h"
#include "runtime/infer/objective.h"
#include "runtime/infer/refine.h"
#include "runtime/infer/relabel.h"
#include "runtime/infer/route.h"
#include "runtime/infer/states.h"
#include "runtime/infer/surgery.h"
#include "runtime/infer/transforms.h"
#include "runtime/infer/verdict.h"
#include "runtime/infer/wider.h"

/* Up to this many latents a full-rank guide costs less than the gradients of most models (d² a draw, d³ / 3 a
 * step). */
enum { FULL_RANK_MOST = 400 };
/* Draws a step, however large the data are. */
enum { POINTS_LEAST = 16 };
/* Refits of the proposal, and how much larger the last sample may be than asked for. */
enum { REFITS = 6, ENLARGEMENTS = 2, ENLARGEMENT = 4, CHEAPER = 4 };
/* A centring below this everywhere is as good as none. */
static const double CENTRED_LEAST = 0.1;
/* Monte-Carlo errors of means and sds, relative to the sds, for which no more draws are spent. */
static const double ERROR_ENOUGH = 0.03;
/* Rounds of refits along axes, which are for few latents, and by how much one must be better for the next. */
enum { ROUNDS_ALONG = 4, SAMPLES_ALONG = 3 };
static const double GAIN_ALONG = 1.1;
/* By so much, a proposal is worse than one that leaves modes out. */
static const double FAR_FEWER = 20;
/* From this k-hat on the weights have no mean, and more of them tell nothing. */
static const double KHAT_HOPELESS = 1;
/* Entries of points and of what is reported of them, of a sample that is enlarged: 512 MiB. */
static const uint64_t ENLARGED_MOST = UINT64_C(1) << 26;

enum { STREAM_START = 1, STREAM_GUIDE, STREAM_DRAWS, STREAM_CHECK, STREAM_RESAMPLE, STREAM_MODES };

typedef struct run {
    diagnostics *d;
    const model *model;
    options options;
    arena *a;
    fit_host host;
    vigil vigil;
    fit *fit;
    findings findings;
    sample *sample;            /* what is reported, weighted or not */
    const double *uncorrected; /* log weights by which its draws are those of the guide itself; NULL: equal */
} run;

/* The Gaussian route. */

static bool full_rank(const run *r, const space *s, const char **why) {
    const program *p = r->model->program;
    bool asked = r->options.given >> OPTION_family & 1;
    family_kind word = asked ? (family_kind)r->options.family.word : FAMILY_auto;
    if (p->families.count && p->families.at[0].kind != FAMILY_auto) {
        *why = "the family that the guide names";
        return p->families.at[0].kind == FAMILY_full_rank;
    }
    if (word) {
        *why = word == FAMILY_full_rank ? "full rank, as asked" : "mean field, as asked";
        return word == FAMILY_full_rank;
    }
    bool small = s->size <= FULL_RANK_MOST;
    *why = small ? "full rank: with so few latents it costs no more than mean field"
                 : "mean field first: there are many latents";
    return small;
}

/* Where the Gaussian starts: the mode, with the curvature there. */
static gaussian first_guide(const start *at, uint64_t size, bool joint, arena *a) {
    gaussian g = {size, at->mode, joint ? at->factor : NULL, at->scale, algebra_open(joint ? size : 0, a)};
    if (joint && !g.factor) {
        g.factor = arena_array(a, double, size *size);
        for (uint64_t i = 0; i < size; i++) g.factor[i * size + i] = at->scale[i];
    }
    return g;
}

/* Log weights by which the draws are those of the Gaussian alone. */
static double *gaussian_weights(const drawing *d, arena *a) {
    double *weight = arena_array(a, double, d->sample.count);
    for (uint64_t b = 0; b < d->sample.count; b++)
        weight[b] = b % 2 ? -INFINITY : -log((double)((d->sample.count + 1) / 2));
    return weight;
}

/* ELBO = reconstruction - KL: E log p(data | latents), where discrete latents are summed out of the density
 * of the data, and the KL from the guide to the prior. */
typedef struct bound {
    measured elbo, reconstruction, kl;
} bound;

/* Their estimates by draws of the guide. */
typedef struct averages {
    double count, sum[3], squares[3];
} averages;

static void averages_add(averages *m, double elbo, double log_likelihood) {
    const double x[3] = {elbo, log_likelihood, log_likelihood - elbo};
    m->count++;
    for (int i = 0; i < 3; i++) m->sum[i] += x[i], m->squares[i] += x[i] * x[i];
}

static bound averages_bound(const averages *m) {
    measured x[3];
    for (int i = 0; i < 3; i++) x[i] = measured_mean(m->sum[i], m->squares[i], m->count);
    return (bound){x[0], x[1], x[2]};
}

static void report_bound(fit *f, bound b) {
    f->elbo = b.elbo, f->reconstruction = b.reconstruction, f->kl = b.kl;
}

/* Of the Gaussian, by its own draws among those of the mixture. */
static bound drawing_bound(const drawing *d) {
    averages m = {0};
    for (uint64_t b = 0; b < d->sample.count; b += 2) {
        double elbo = d->sample.log_density[b] - d->log_normal[b];
        if (isfinite(elbo)) averages_add(&m, elbo, d->sample.log_likelihood[b]);
    }
    return averages_bound(&m);
}

static bool can_enlarge(uint64_t count, uint64_t entries) {
    return ENLARGEMENT * count * entries <= ENLARGED_MOST;
}

/* Enough for a covariance, or for sds. */
static uint64_t points_to_recentre(const gaussian *g) { return g->factor ? 200 + 4 * g->size : 1000; }

/* A latent with a location and a scale was fitted in its non-centred form, where its prior alone would give
 * it the variance 1: what is lower comes from its own data, and that share is how far it is to be centred.
 * The guide goes along by its draws. False where nothing is to be moved. */
static bool recentre(space *s, gaussian *g, rng *noise, arena *a) {
    double *centring = arena_array(a, double, s->size), *variance = arena_array(a, double, s->size), most = 0;
    gaussian_conditional_variances(g, variance, a);
    for (uint64_t i = 0; i < s->size; i++) centring[i] = s->centring[i];
    for (uint32_t k = 0; k < s->count; k++)
        for (uint64_t i = s->offset[k];
             s->movable[k] && i < s->offset[k] + transform_size(s->model, s->of[k]); i++) {
            centring[i] = fmin(1, fmax(0, 1 - variance[i]));
            most = fmax(most, centring[i]);
        }
    if (most < CENTRED_LEAST) return false;
    uint64_t count = points_to_recentre(g);
    arena *scratch = arena_inside(a);
    double *points = arena_array(scratch, double, count * s->size),
           *draws = arena_array(scratch, double, count * s->size);
    for (uint64_t i = 0; i < count * s->size; i++) draws[i] = rng_normal(noise);
    gaussian_place(g, draws, count, points);
    space_recentre(s, centring, points, count, scratch);
    bool definite = gaussian_of_points(g, points, NULL, count, scratch);
    arena_close(scratch);
    return definite;
}

/* A guide that was fitted, and what its weights say. */
typedef struct attempt {
    gaussian guide;
    proposal proposal;        /* that guide or what was refitted to its draws */
    const guide_along *along; /* what the draws are from where they have particles; NULL: from the proposal */
    drawing drawing;
    double *centring; /* of the space it was fitted in */
    bound bound;      /* of the Gaussian as it was fitted; what is drawn from may have been refitted since */
    bool converged;
} attempt;

typedef struct gaussian_run {
    run *run;
    space space;
    density *one, *many, *stepped; /* of one point, of many, of many in the precision of the steps */
    evaluation *evaluation;
    particles *particles; /* once joint weights are not good; NULL where nothing lies along axes */
    bool sought;          /* it is known which */
    gaussian_course course;
    bool joint; /* full rank */
    rng noise, draws;
} gaussian_run;

static double *copied(const double *x, uint64_t count, arena *a) {
    double *copy = arena_array(a, double, count);
    memcpy(copy, x, count * sizeof *x);
    return copy;
}

static drawing draw_attempt(gaussian_run *r, const attempt *x, uint64_t count) {
    arena *a = r->run->a;
    return x->along ? particles_draw(r->particles, x->along, count, &r->draws, a)
                    : importance_draw(&x->proposal, r->evaluation, count, &r->draws, a);
}

/* Replaces the draws, but keeps them where they are better. */
static bool take_draws(attempt *x, drawing next) {
    bool wins = !x->drawing.arena || sample_better(&next.sample, &x->drawing.sample);
    if (!wins) {
        arena_close(next.arena);
        return false;
    }
    if (x->drawing.arena) arena_close(x->drawing.arena);
    x->drawing = next;
    return true;
}

/* Refits of the whole Gaussian to its weighted draws. */
static void refit_attempt(gaussian_run *r, attempt *x) {
    arena *a = r->run->a;
    uint64_t count = x->drawing.sample.count;
    attempt last = *x;
    for (int i = 0; i < REFITS && x->proposal.parts->factor &&
                    sample_share(&x->drawing.sample) < SHARE_ENOUGH && !r->run->vigil.stopped;
         i++) {
        attempt next = *x;
        if (!importance_refit(&last.drawing, &last.proposal, &next.proposal, a)) break;
        next.drawing = draw_attempt(r, &next, count);
        if (last.drawing.arena != x->drawing.arena) arena_close(last.drawing.arena);
        last = next;
        if (!sample_better(&next.drawing.sample, &x->drawing.sample)) continue;
        arena_close(x->drawing.arena);
        *x = next;
    }
    if (last.drawing.arena != x->drawing.arena) arena_close(last.drawing.arena);
}

/* Points of all latents are kept, of the last sample and of the best. */
static bool can_keep_along(const gaussian_run *r, uint64_t count) {
    return SAMPLES_ALONG * count * (r->evaluation->report->scalars + r->space.size) <= ENLARGED_MOST;
}

/* Whether the weights have a variance, as far as they tell. */
static bool has_variance(const sample *s) { return s->quality.khat < psis_threshold(s->count); }

/* Draws with particles along axes, in place of joint ones where their weights can be trusted and are better.
 * The few globals take few draws for refits. */
static void weigh_along(gaussian_run *r, attempt *x) {
    run *of = r->run;
    arena *a = of->a;
    if (!r->sought)
        r->particles = particles_new(&r->space, r->evaluation->report, of->options.seed, &of->vigil, of->a);
    r->sought = true;
    if (!r->particles || !can_keep_along(r, of->options.draws)) return;
    guide_along *best = arena_new(a, guide_along), now = particles_guide(r->particles, &x->proposal, a);
    uint64_t few = particles_refit_draws(r->particles, of->options.draws);
    attempt tried = *x;
    tried.along = best;
    tried.drawing = (drawing){0};
    for (int i = 0; i < ROUNDS_ALONG && !of->vigil.stopped; i++) {
        double share = tried.drawing.arena ? sample_share(&tried.drawing.sample) : 0;
        drawing next = particles_draw(r->particles, &now, few, &r->draws, a);
        guide_along refitted;
        bool more = particles_refit(r->particles, &next, &now, &refitted, a);
        bool gained = sample_share(&next.sample) > GAIN_ALONG * share;
        if (take_draws(&tried, next)) *best = now;
        if (!more || (sample_is_good(&tried.drawing.sample) && !gained)) break;
        now = refitted;
    }
    if (!tried.drawing.arena) return;
    if (tried.drawing.sample.count < of->options.draws) {
        arena_close(tried.drawing.arena);
        tried.drawing = draw_attempt(r, &tried, of->options.draws);
    }
    if (!has_variance(&tried.drawing.sample)) {
        arena_close(tried.drawing.arena);
        return;
    }
    if (!take_draws(x, tried.drawing)) return;
    x->along = best;
    x->proposal.weight = best->weight;
}

/* Whether many more draws are worth their time and memory: where they are to lower an error, have weights
 * with a mean, and are not the most part of the fit. */
static bool more_pay(const gaussian_run *g, const attempt *x) {
    const run *r = g->run;
    const sample *s = &x->drawing.sample;
    bool can = can_enlarge(s->count, s->report->scalars + x->proposal.parts->size) &&
               (!x->along || particles_afford(g->particles, CHEAPER * ENLARGEMENT * s->count));
    return can && !r->vigil.stopped && s->quality.khat < KHAT_HOPELESS &&
           sample_error(s, r->a) > ERROR_ENOUGH;
}

/* From first draws to weighted ones of the best proposal that is found, and more where few count. */
static void draw_well(gaussian_run *r, attempt *x) {
    uint64_t count = x->drawing.sample.count;
    if (!sample_is_good(&x->drawing.sample)) weigh_along(r, x);
    if (!x->along) refit_attempt(r, x);
    for (int i = 0; i < ENLARGEMENTS && more_pay(r, x); i++) {
        count *= ENLARGEMENT;
        arena_close(x->drawing.arena);
        x->drawing = draw_attempt(r, x, count);
    }
}

static bool attempt_fit(gaussian_run *r, gaussian g, attempt *to) {
    arena *a = r->run->a;
    uint64_t n = g.size;
    if (!gaussian_fit(&g, r->stepped, &r->noise, a, &r->course)) return false;
    to->guide = (gaussian){n, copied(g.mean, n, a), g.factor ? copied(g.factor, n * n, a) : NULL,
                           copied(g.scale, n, a), g.algebra};
    to->centring = copied(r->space.centring, n, a);
    to->converged = r->course.converged;
    to->proposal = proposal_of(&to->guide, a);
    to->along = NULL;
    to->drawing = draw_attempt(r, to, r->run->options.draws);
    to->bound = drawing_bound(&to->drawing);
    draw_well(r, to);
    to->guide = to->proposal.parts[0];
    return true;
}

/* In the centring of that attempt from now on. */
static void attempt_resume(gaussian_run *r, const attempt *x) {
    memcpy(r->space.centring, x->centring, r->space.size * sizeof *x->centring);
}

/* Whether another form of the latents need not be tried. Along axes the shape of the locals, which it is
 * about, matters less. */
static bool is_enough(const attempt *x) {
    const sample *s = &x->drawing.sample;
    return (x->along && has_variance(s) && sample_share(s) >= SHARE_ENOUGH) || sample_is_good(s);
}

/* The non-centred form first; where its weights are not good, also one that is centred by what the data say.
 */
static bool find_attempt(gaussian_run *r, gaussian first, attempt *best) {
    attempt other;
    if (!attempt_fit(r, first, best)) return false;
    if (r->run->vigil.stopped || is_enough(best)) return true;
    gaussian moved = best->guide;
    moved.mean = copied(moved.mean, moved.size, r->run->a);
    moved.scale = copied(moved.scale, moved.size, r->run->a);
    if (moved.factor) moved.factor = copied(moved.factor, moved.size * moved.size, r->run->a);
    if (!recentre(&r->space, &moved, &r->noise, r->run->a)) return true;
    if (attempt_fit(r, moved, &other)) {
        bool wins = sample_better(&other.drawing.sample, &best->drawing.sample);
        arena_close((wins ? best : &other)->drawing.arena);
        if (wins) *best = other;
    }
    attempt_resume(r, best);
    return true;
}

static reason reason_of_parts(gaussian_run *r, const proposal *p) {
    arena *a = r->run->a;
    if (!modes_apart(r->one, p))
        return (reason){"tails", p->count,
                        "Gaussians together, since one alone leaves out a tail of the posterior"};
    const char *weights = "";
    for (uint32_t k = 0; k < p->count; k++)
        weights = arena_print(a, "%s%s%.2g", weights, k ? ", " : "", p->weight[k]);
    return (reason){"modes", p->count,
                    arena_print(a,
                                "Gaussians together, for modes with valleys between them; their weights "
                                "are %s, and the draws have all of them",
                                weights)};
}

static reason reason_not_sought(gaussian_run *r, uint64_t size) {
    const char *why =
        size > MODES_SOUGHT
            ? arena_print(
                  r->run->a,
                  "Gaussian: with more than %d latents no further modes were looked for; `--starts 4` does",
                  MODES_SOUGHT)
            : "Gaussian of a mean field, for which no further modes were looked for; `--starts 4` does";
    return (reason){"modes", 1, why};
}

/* Others beside the Gaussian for further modes. They are kept unless far fewer draws count: what a
 * Gaussian leaves out, its own weights do not show. */
static void add_modes(gaussian_run *r, attempt *best) {
    arena *a = r->run->a;
    attempt more = *best;
    if (r->run->vigil.stopped) return;
    if (!best->guide.factor || best->guide.size > MODES_SOUGHT) {
        push(a, &r->run->fit->reasons, reason_not_sought(r, best->guide.size));
        return;
    }
    rng climbs = rng_open(r->run->options.seed, STREAM_MODES);
    uint64_t most = (r->one->gradients + r->many->gradients) / 2; /* … as the fit has taken */
    if (!modes_find(r->one, r->many, &best->guide, best->drawing.sample.quality.log_mean, most, &climbs, a,
                    &more.proposal))
        return;
    more.along = NULL;
    more.drawing = draw_attempt(r, &more, r->run->options.draws);
    draw_well(r, &more);
    bool fewer = FAR_FEWER * sample_share(&more.drawing.sample) < sample_share(&best->drawing.sample);
    arena_close((fewer ? &more : best)->drawing.arena);
    if (fewer) return;
    *best = more;
    if (best->proposal.count > 1) push(a, &r->run->fit->reasons, reason_of_parts(r, &best->proposal));
}

static uint32_t at_least(uint32_t x, uint32_t least) { return x < least ? least : x; }

/* False where an operation has no derivative. */
static bool gaussian_open(run *r, gaussian_run *g) {
    arena *a = r->a;
    *g = (gaussian_run){.run = r,
                        .space = space_of_latents(r->model, false, a),
                        .noise = rng_open(r->options.seed, STREAM_GUIDE),
                        .draws = rng_open(r->options.seed, STREAM_DRAWS)};
    uint64_t size = g->space.size;
    g->course = (gaussian_course){0, r->options.steps, r->options.tolerance, &r->vigil, false, false};
    const char *why;
    g->joint = full_rank(r, &g->space, &why);
    push(a, &r->fit->reasons, (reason){"family", (double)size, why});
    uint32_t most = (uint32_t)r->options.samples * (g->joint ? 3 : 1) + (g->joint ? (uint32_t)size / 2 : 0);
    g->one = density_new(r->d, &g->space, 1, IN_DOUBLE, a);
    if (!g->one) return false;
    g->one->vigil = &r->vigil;
    uint32_t points = at_least(points_that_fit(r->model, most), POINTS_LEAST);
    g->many = g->stepped = density_new(r->d, &g->space, points, IN_DOUBLE, a);
    if (precision_of(&r->options) == IN_SINGLE)
        g->stepped = density_new(r->d, &g->space, points, IN_SINGLE, a);
    reported *rep = arena_new(a, reported);
    *rep = reported_new(r->model, false, a);
    g->evaluation = evaluation_new(&g->space, rep, points_that_fit(r->model, 250), r->options.seed, a);
    g->evaluation->vigil = &r->vigil;
    return true;
}

/* Says that signs can be changed. */
static void report_mirror(run *r, const sample *s) {
    mirrored found = relabel_find_mirror(s, r->a);
    const char *names = "";
    for (uint32_t k = 0; k < found.count; k++)
        names = arena_print(r->a, "%s%s`%s`", names,
                            !k                     ? ""
                            : k + 1 == found.count ? " and "
                                                   : ", ",
                            program_variable(r->model->program, found.of[k])->name);
    if (found.count)
        push(r->a, &r->fit->reasons,
             (reason){
                 "relabelling", 2,
                 arena_print(r->a,
                             "signs of %s: changed%s they leave the posterior what it is, and its modes are "
                             "mirror images; what is reported is that of those that were visited",
                             names, found.count > 1 ? " together" : "")});
}

/* Says that components can be exchanged. */
static void report_relabelling(run *r, const sample *s) {
    if (r->vigil.stopped) return;
    report_mirror(r, s);
    axis along = relabel_find(s, r->a);
    if (along == AXIS_NONE) return;
    const char *text =
        arena_print(r->a,
                    "orders of the entries of `%s` have the same posterior: its modes differ by their names "
                    "alone; what is reported of single entries is that of some of these orders",
                    program_axis(r->model->program, along)->name);
    push(r->a, &r->fit->reasons, (reason){"relabelling", tgamma(r->model->axes[along].size + 1.0), text});
}

static void report_along(gaussian_run *g, const attempt *x) {
    run *r = g->run;
    if (!x->along) return;
    const char *text = arena_print(r->a,
                                   "latents have joint weights; the others are weighted along %s, each "
                                   "entry by itself",
                                   particles_axes(g->particles, r->a));
    push(r->a, &r->fit->reasons, (reason){"along", (double)particles_globals(g->particles), text});
}

/* The second look, by a wider form of what the draws are from. */
static void check_attempt(gaussian_run *r, const attempt *x, uint64_t count) {
    run *of = r->run;
    rng second = rng_open(of->options.seed, STREAM_CHECK);
    if (x->along)
        wider_check_along(&of->findings, &x->drawing.sample, r->particles, x->along, count, &second, of->a);
    else wider_check(&of->findings, &x->drawing.sample, &x->proposal, count, r->evaluation, &second, of->a);
}

static uint64_t draws_at_the_end(const gaussian_run *g) {
    const run *r = g->run;
    return draws_that_pay(r->model, g->evaluation->report->scalars + g->space.size, r->options.draws);
}

/* Where the guide went back from where its ELBO fell, other starts tell. */
static bool has_flown(const gaussian_run *g, const attempt *x) {
    for (uint32_t k = 0; k < x->proposal.count; k++)
        if (flight_complain(g->run->d, &g->space, x->proposal.parts[k].mean, x->proposal.parts[k].factor,
                            false))
            return true;
    return false;
}

static status run_gaussian(run *r) {
    arena *a = r->a;
    gaussian_run g;
    if (!gaussian_open(r, &g)) return STATUS_invalid_program;
    uint64_t size = g.space.size;
    bool joint = g.joint;
    rng starts = rng_open(r->options.seed, STREAM_START);
    start at;
    if (!start_find(g.one, g.many, joint ? FULL_RANK_MOST : 0, r->host.far, &starts, a, &at)) {
        machine_complain(r->d, g.one->machine, g.one->tape, 0, 0);
        return STATUS_not_finite;
    }
    attempt best;
    if (!find_attempt(&g, first_guide(&at, size, joint, a), &best)) {
        if (!flight_complain(r->d, &g.space, at.mode, at.factor, true))
            machine_complain(r->d, g.stepped->machine, g.stepped->tape, 0, 0);
        return STATUS_not_finite;
    }
    add_modes(&g, &best);
    if (!best.converged && !r->vigil.stopped && has_flown(&g, &best)) return STATUS_not_finite;
    uint64_t count = best.drawing.sample.count;
    uint64_t more = draws_at_the_end(&g);
    if (!best.along && more > count && !r->vigil.stopped) {
        arena_close(best.drawing.arena);
        best.drawing = draw_attempt(&g, &best, more);
    }
    r->fit->steps = g.course.steps;
    r->fit->gradients = g.one->gradients + g.many->gradients;
    if (g.stepped != g.many) r->fit->gradients += g.stepped->gradients;
    r->findings = (findings){.converged = best.converged,
                             .draws = best.drawing.sample.count,
                             .quality = best.drawing.sample.quality,
                             .error = sample_error(&best.drawing.sample, a),
                             .joint = joint};
    report_bound(r->fit, best.bound);
    report_along(&g, &best);
    report_relabelling(r, &best.drawing.sample);
    r->uncorrected = gaussian_weights(&best.drawing, a);
    if (!r->vigil.stopped) check_attempt(&g, &best, count);
    r->fit->interrupted = r->vigil.stopped;
    r->sample = arena_new(a, sample);
    *r->sample = best.drawing.sample;
    return STATUS_ok;
}

/* The route to a mode. */

static status run_map(run *r) {
    arena *a = r->a;
    map_search *s = map_open(r->d, r->model, &r->options, a);
    if (!s) return STATUS_invalid_program;
    map_found *found = arena_new(a, map_found);
    if (!map_find(s, &r->options, &r->vigil, a, found)) {
        machine_complain(r->d, s->one->machine, s->one->tape, 0, 0);
        return STATUS_not_finite;
    }
    proposal p = proposal_of(&found->at, a);
    rng draws = rng_open(r->options.seed, STREAM_DRAWS);
    uint64_t count =
        draws_that_pay(r->model, s->evaluation->report->scalars + s->space.size, r->options.draws);
    drawing d = importance_draw(&p, s->evaluation, count, &draws, a);
    r->fit->steps = found->steps;
    r->fit->gradients = s->one->gradients + s->many->gradients;
    r->fit->interrupted = r->vigil.stopped;
    r->fit->mode = found->scalars;
    r->findings = (findings){.converged = found->converged, .quality = d.sample.quality, .mode = found};
    r->uncorrected = gaussian_weights(&d, a);
    report_bound(r->fit, drawing_bound(&d));
    r->sample = arena_new(a, sample);
    *r->sample = d.sample;
    return STATUS_ok;
}

/* A density of params has no integral that would be the evidence. */
static void forget_evidence(fit *f) {
    const program *p = f->model->program;
    for (variable v = 0; v < p->variables.count; v++)
        if (program_variable(p, v)->kind == VARIABLE_param)
            f->elbo = f->reconstruction = f->kl = f->log_evidence = f->jackknife = (measured){NAN, NAN};
}

/* The guide's route. */

static status complain_of_climb(run *r, const objective *climbed, const objective_course *c) {
    if (!c->foreign) {
        machine_complain(r->d, climbed->machine, climbed->tape, r->options.seed, c->steps - 1);
        return STATUS_not_finite;
    }
    diagnostic *said =
        diagnose_data(r->d, NULL, 0,
                      "the checkpoint is not one of this fit: the program, its data, an option or "
                      "the version differ, or the file is damaged");
    advise(r->d, said, "go on with what it was written by, or begin anew without `--resume`");
    return STATUS_invalid_data;
}

/* A latent of each row that the posterior leaves at its prior. Where no param is estimated, that may be the
 * posterior. */
static const latent_kl *collapsed_latent(const fit *f) {
    const program *p = f->model->program;
    bool estimates = false;
    for (variable v = 0; v < p->variables.count; v++)
        estimates |= program_variable(p, v)->kind == VARIABLE_param;
    for (uint32_t i = 0; i < f->latent_kls.count && estimates; i++) {
        const latent_kl *k = &f->latent_kls.at[i];
        if (k->rows > 1 && !latent_kl_active(k) && gradient_moves(p, k->of, f->arena)) return k;
    }
    return NULL;
}

/* Steps until what is left of the climb, as the last two rises foretell it (Aitken's formula; Böhning, Dietz,
 * Schaub, Schlattmann and Lindsay, Annals of the Institute of Statistical Mathematics 46, 1994), is that of
 * params which lie a hundredth of the tolerance from the top. */
static bool em_fit(run *r, em *steps, double *x, uint64_t size, objective_course *c) {
    double before = NAN, rise = NAN, enough = 0.5 * pow(0.01 * r->options.tolerance, 2);
    while (c->steps < r->options.steps && !c->converged && !c->interrupted) {
        if (!em_step(steps)) return false;
        c->steps++;
        double last = rise, now = em_value(steps);
        rise = now - before, before = now;
        c->converged = rise * rise < enough * (last - rise) || fabs(rise) < 1e-12 * (1 + fabs(now));
        c->interrupted = vigil_tell(c->vigil, c->steps, r->options.steps, (measured){now, 0}, NAN);
    }
    memcpy(x, em_params(steps), size * sizeof *x);
    return true;
}

static bool climb(run *r, const guide *g, objective *climbed, objective_course *c) {
    route way = route_of(r->model->program, &r->options);
    if (way != ROUTE_em) return (way == ROUTE_held ? held_fit : objective_fit)(climbed, r->a, c);
    em *steps = em_new(r->d, g, climbed->x, r->a);
    return steps && em_fit(r, steps, climbed->x, g->size, c);
}

/* The KLs of latents, and what those of the rows are made of. */
static void report_kls(run *r, const guide *g, const double *x, const guide_draws *drawn) {
    const program *p = r->model->program;
    for (uint32_t i = 0; i < drawn->kls.count; i++) {
        latent_kl k = drawn->kls.at[i];
        for (uint32_t s = 0; s < p->guide.count; s++)
            if (p->guide.at[s].of == k.of && !vigil_asks(&r->vigil, "codes"))
                k.parts = surgery_run(g, x, &p->guide.at[s], r->options.seed, r->a);
        push(r->a, &r->fit->latent_kls, k);
    }
}

/* The draws of the refined guide take the place of those of the one that was fitted; both have the same
 * numbers beneath, so that their difference is known better than either. */
static void refine(run *r, guide *g, const double *x, const reported *rep, uint64_t count,
                   guide_draws *drawn) {
    guide_draws before = *drawn;
    if (!refine_run(g, x, &r->options, &r->vigil, r->a, &r->fit->steps)) return;
    *drawn = objective_draw(g, rep, x, count, r->options.seed, &r->vigil, r->a);
    averages was = {0}, now = {0}, more = {0};
    for (uint64_t i = 0; i < drawn->sample.count; i++) {
        averages_add(&was, before.elbo[i], 0);
        averages_add(&now, drawn->elbo[i], 0);
        averages_add(&more, drawn->elbo[i] - before.elbo[i], 0);
    }
    measured bound = refine_evidence(g, x, r->options.seed, &r->vigil, r->a),
             elbo = averages_bound(&now).elbo;
    measured left = {bound.value - elbo.value, hypot(bound.error, elbo.error)};
    r->fit->gaps = (gaps){true, averages_bound(&was).elbo, averages_bound(&more).elbo, left};
}

static status run_guide(run *r) {
    arena *a = r->a;
    const options *o = &r->options;
    family_kind kind = o->family.word ? (family_kind)o->family.word : FAMILY_mean_field;
    guide *g = guide_new(r->d, r->model, kind, o->family.count, a);
    objective *climbed = g ? objective_new(r->d, g, o, a) : NULL;
    if (!climbed) return STATUS_invalid_program;
    guide_start(g, o->seed, climbed->x, a);
    objective_course course = {.host = &r->host, .vigil = &r->vigil};
    if (r->host.checkpoints) course.fingerprint = fingerprint_of(r->d, r->model, o);
    if (!climb(r, g, climbed, &course)) return complain_of_climb(r, climbed, &course);
    r->fit->steps = course.steps;
    r->fit->gradients = course.steps * climbed->draws;
    reported *rep = arena_new(a, reported);
    *rep = reported_new(r->model, false, a);
    uint64_t count = draws_that_pay(r->model, rep->scalars, r->options.draws);
    guide_draws *drawn = arena_new(a, guide_draws);
    *drawn = objective_draw(g, rep, climbed->x, count, r->options.seed, &r->vigil, a);
    if (r->host.refine) refine(r, g, climbed->x, rep, count, drawn);
    r->sample = &drawn->sample;
    averages m = {0};
    for (uint64_t i = 0; i < r->sample->count; i++)
        averages_add(&m, drawn->elbo[i], r->sample->log_likelihood[i]);
    report_bound(r->fit, averages_bound(&m));
    report_kls(r, g, climbed->x, drawn);
    r->findings = (findings){.converged = course.converged,
                             .held = is_held(o),
                             .draws = r->sample->count,
                             .quality = r->sample->quality,
                             .error = sample_error(r->sample, a),
                             .collapsed = collapsed_latent(r->fit),
                             .joint = true};
    if (!r->vigil.stopped)
        wider_check_guide(&r->findings, r->d, g, climbed->x, r->sample, r->fit->gradients / 2, o, &r->vigil,
                          a);
    r->fit->interrupted = r->vigil.stopped;
    return STATUS_ok;
}

/* What all routes end with. */

/* A param: one value for all draws. */
static summary constant_summary(const sample *s, uint32_t k, uint64_t e) {
    const double *x = s->constants + s->report->first[k] + e;
    return (summary){s->report->of[k], e, *x, 0, 0, *x, *x, *x, x, 0};
}

/* Columns of the draws side by side that are copied together, each to be ordered: as many as a line of the
 * cache holds. */
enum { COLUMNS = 8 };
static const double QUANTILES[] = {0.05, 0.5, 0.95};

/* By scalar the QUANTILES of its draws. */
static double *find_quantiles(const fit *f, uint64_t scalars, arena *a) {
    uint64_t n = f->draw_count;
    double *q = arena_array(a, double, 3 * scalars), *columns = arena_array(a, double, COLUMNS *n);
    for (uint64_t first = 0; first < scalars; first += COLUMNS) {
        uint64_t here = scalars - first < COLUMNS ? scalars - first : COLUMNS;
        for (uint64_t b = 0; b < n; b++)
            for (uint64_t k = 0; k < here; k++) columns[k * n + b] = f->draws[b * scalars + first + k];
        for (uint64_t k = 0; k < here; k++)
            sample_quantiles(columns + k * n, n, QUANTILES, 3, q + 3 * (first + k));
    }
    return q;
}

/* Of all that is reported, with the draws weighted so; params among it. */
static void summarise(fit *f, const sample *s, const double *log_weight) {
    const reported *r = s->report;
    arena *scratch = arena_inside(f->arena);
    const moments *of = sample_moments(s, sample_weights(s, log_weight, scratch), scratch);
    const double *quantiles = find_quantiles(f, r->scalars, scratch);
    for (uint32_t k = 0; k < r->count; k++)
        for (uint64_t e = 0; e < r->size[k]; e++) {
            if (reported_is_constant(r, k)) {
                push(f->arena, &f->summaries, constant_summary(s, k, e));
                continue;
            }
            uint64_t i = r->first[k] + e;
            const double *q = quantiles + 3 * i;
            summary drawn = {r->of[k], e,    of[i].mean, of[i].sd,     of[i].mcse,
                             q[0],     q[1], q[2],       f->draws + i, r->scalars};
            push(f->arena, &f->summaries, drawn);
        }
    arena_close(scratch);
}

static void report_sample(run *r) {
    fit *f = r->fit;
    sample *s = r->sample;
    f->corrected = !f->mode && verdict_corrects(s->quality, s->count);
    const double *weight = f->corrected ? s->log_weight : r->uncorrected;
    rng resampling = rng_open(r->options.seed, STREAM_RESAMPLE);
    f->draw_count = r->options.draws;
    f->draws = sample_resampled(s, weight, f->draw_count, &resampling, r->a);
    summarise(f, s, weight);
    uint64_t densest = 0;
    for (uint64_t i = 1; i < s->count; i++)
        if (s->log_density[i] > s->log_density[densest]) densest = i;
    states_find(f, s, f->draws, f->draw_count, s->values + densest * s->report->scalars);
    f->log_density = s->log_density;
    f->log_guide = s->log_guide;
    f->khat = s->quality.khat;
    f->ess = s->quality.ess;
    f->log_evidence = (measured){s->quality.log_mean, s->quality.log_mean_error};
    f->jackknife = jackknife_evidence(s->log_density, s->log_guide, s->count);
    if (f->mode) forget_evidence(f);
    verdict_judge(f, &r->findings);
}

/* A statement of the guide draws in the latent's own space, discrete or not; all else moves in the
 * unconstrained one. */
static bool is_drawn(const program *p, variable v) {
    for (uint32_t i = 0; i < p->guide.count; i++)
        if (p->guide.at[i].of == v) return true;
    return false;
}

/* Of all that is free but, with `drawn`, what the guide's statements draw. */
static bool all_move(diagnostics *d, const model *m, bool drawn) {
    bool good = true;
    for (variable v = 0; v < m->program->variables.count; v++) {
        variable_kind kind = program_variable(m->program, v)->kind;
        bool free = kind == VARIABLE_latent || kind == VARIABLE_param || kind == VARIABLE_free;
        if (free && !(drawn && is_drawn(m->program, v)) && !transform_check(d, m, v)) good = false;
    }
    return good;
}

/* Indices are entries, and a float holds all whole numbers up to 2^24 only. */
static bool single_check(diagnostics *d, const model *m, const options *o) {
    const uint32_t most = 1u << 24;
    bool good = true;
    for (axis a = 0; a < m->program->axes.count; a++) {
        if (precision_of(o) == IN_DOUBLE || m->axes[a].size <= most) continue;
        diagnostic *said = diagnose(d, DIAGNOSTIC_option, program_axis(m->program, a)->at,
                                    "`precision = single`, but axis `%s` has %u entries: floats count to %u",
                                    program_axis(m->program, a)->name, m->axes[a].size, most);
        advise(d, said, "leave the option out");
        good = false;
    }
    return good;
}

static void refuse_checkpoints(diagnostics *d) {
    diagnostic *said =
        diagnose_data(d, NULL, 0,
                      "this fit does not climb by steps that could be kept: it has no guide "
                      "block, params or batches, its objective is `em` or `map`, or its optimizer `lbfgs`");
    advise(d, said, "leave `--checkpoint` out");
}

bool fit_check(diagnostics *d, const program *p, const options *o) {
    return map_check(d, p, o) && batch_check(d, p, o) && estimate_check(d, p, o) && held_check(d, p, o) &&
           noise_check(d, p, o);
}

static bool can_run(diagnostics *d, const model *m, const options *o) {
    return all_move(d, m, true) && fit_check(d, m->program, o) && single_check(d, m, o);
}

/* The model with the threads of this fit. */
static model *with_team(const model *m, const options *o, arena *a) {
    model *threaded = arena_new(a, model);
    *threaded = *m;
    threaded->team = team_open(a, o->threads);
    return threaded;
}

fit *fit_run(diagnostics *d, const model *m, const options *over, arena *a, fit_host host, status *status) {
    run r = {.d = d,
             .model = m,
             .options = m->program->options,
             .a = arena_inside(a),
             .host = host,
             .vigil = vigil_open(host)};
    if (over) options_merge(&r.options, over);
    r.fit = arena_new(r.a, fit);
    *r.fit = (fit){.model = m, .arena = r.a, .seed = r.options.seed};
    if (!can_run(d, m, &r.options) || (host.refine && !refine_check(d, m->program, &r.options))) {
        *status = STATUS_invalid_program;
        return NULL;
    }
    route way = route_of(m->program, &r.options);
    if (way != ROUTE_steps && host.checkpoints) {
        refuse_checkpoints(d);
        *status = STATUS_invalid_program;
        return NULL;
    }
    r.model = with_team(m, &r.options, r.a);
    *status = way == ROUTE_map ? run_map(&r) : way == ROUTE_gaussian ? run_gaussian(&r) : run_guide(&r);
    if (*status == STATUS_ok) report_sample(&r);
    team_close(r.model->team);
    if (*status != STATUS_ok) return NULL;
    r.fit->memory = r.a->most;
    r.fit->seconds = seconds_now() - r.vigil.started;
    if (r.fit->interrupted) *status = STATUS_interrupted;
    return r.fit;
}

/* The memory of a fit: what takes it does so, and nothing is computed. */

static void rehearse_report(run *r, const reported *rep, uint64_t count) {
    arena *scratch = arena_inside(r->a);
    arena_array(r->a, double, r->options.draws * rep->scalars);
    arena_array(scratch, double, count + COLUMNS * r->options.draws); /* weights, columns */
    arena_array(scratch, double, 7 * rep->scalars);                   /* moments and quantiles */
    for (uint64_t i = 0; i < rep->scalars + rep->constants; i++) push(r->a, &r->fit->summaries, (summary){0});
    arena_close(scratch);
    states_rehearse(r->fit, rep);
}

/* A drawing that is weighed. */
static drawing rehearse_drawing(run *r, const gaussian_run *g, uint64_t count) {
    drawing d = drawing_new(g->evaluation->report, g->joint ? g->space.size : 0, 1, count, r->a);
    sample_rehearse(count, d.arena);
    return d;
}

/* Of two attempts and one for modes. */
static void rehearse_along(gaussian_run *g, uint64_t enlarged) {
    run *r = g->run;
    const reported *rep = g->evaluation->report;
    particles *t = particles_new(&g->space, rep, r->options.seed, &r->vigil, r->a);
    if (!t || !can_keep_along(g, r->options.draws)) return;
    while (enlarged > r->options.draws && !particles_afford(t, CHEAPER * enlarged)) enlarged /= ENLARGEMENT;
    for (int i = 0; i < 3 * (ROUNDS_ALONG + 1); i++) particles_rehearse_guide(t, r->a);
    arena *scratch = arena_inside(r->a);
    for (int i = 0; i < 2; i++) drawing_new(rep, g->space.size, 1, enlarged, scratch);
    arena_close(scratch);
}

static bool rehearse_gaussian(run *r, fit_memory *needed) {
    gaussian_run g;
    if (!gaussian_open(r, &g)) return false;
    uint64_t n = g.space.size, matrix = g.joint ? n * n : 0, count = r->options.draws, enlarged = count;
    for (int i = 0; i < ENLARGEMENTS && can_enlarge(enlarged, g.evaluation->report->scalars + n); i++) {
        if (1 / sqrt((double)count) > ERROR_ENOUGH) count *= ENLARGEMENT; /* though all count, they are few */
        enlarged *= ENLARGEMENT;
    }
    uint64_t more = draws_at_the_end(&g), last = more > count ? more : count;
    start at = start_rehearse(g.one, g.joint ? FULL_RANK_MOST : 0, r->a);
    gaussian first = first_guide(&at, n, g.joint, r->a);
    gaussian_rehearse(&first, g.stepped, r->a);
    arena_array(r->a, double, 3 * n + matrix); /* the guide of an attempt, with its centring */
    drawing d = rehearse_drawing(r, &g, last);
    arena_array(r->a, double, last); /* weights of the Gaussian alone */
    relabel_rehearse(g.evaluation->report, r->a);
    arena_close(rehearse_drawing(r, &g, count).arena); /* of the check */
    rehearse_report(r, g.evaluation->report, last);
    needed->bytes = r->a->most;
    /* At worst: what is refitted, the points of another form, and far more draws with as many for the check.
     */
    arena_array(r->a, double, (3 * n + matrix) * (2 + 2 * REFITS));
    arena *scratch = arena_inside(r->a);
    for (int i = 0; i < 3; i++) arena_array(scratch, double, points_to_recentre(&first) * n);
    arena_close(scratch);
    arena_close(d.arena);
    rehearse_along(&g, enlarged);
    for (int i = 0; i < 2; i++) rehearse_drawing(r, &g, enlarged > more ? enlarged : more);
    needed->most = r->a->most;
    return true;
}

static bool rehearse_map(run *r, fit_memory *needed) {
    map_search *s = map_open(r->d, r->model, &r->options, r->a);
    if (!s) return false;
    const reported *rep = s->evaluation->report;
    map_found found = map_rehearse(s, r->a);
    uint64_t count = draws_that_pay(r->model, rep->scalars + s->space.size, r->options.draws);
    drawing d = drawing_new(rep, found.at.factor ? s->space.size : 0, 1, count, r->a);
    sample_rehearse(count, d.arena);
    arena_array(r->a, double, count); /* weights of the Gaussian alone */
    rehearse_report(r, rep, count);
    needed->bytes = needed->most = r->a->most;
    return true;
}

static bool rehearse_guide(run *r, fit_memory *needed) {
    const options *o = &r->options;
    family_kind kind = o->family.word ? (family_kind)o->family.word : FAMILY_mean_field;
    guide *g = guide_new(r->d, r->model, kind, o->family.count, r->a);
    objective *climbed = g ? objective_new(r->d, g, o, r->a) : NULL;
    if (!climbed) return false;
    guide_start(g, o->seed, climbed->x, r->a);
    objective_rehearse(climbed, r->a);
    reported *rep = arena_new(r->a, reported);
    *rep = reported_new(r->model, false, r->a);
    uint64_t count = draws_that_pay(r->model, rep->scalars, o->draws);
    objective_draw_rehearse(g, rep, count, r->a);
    for (uint32_t s = 0; s < r->model->program->guide.count; s++)
        surgery_rehearse(g, &r->model->program->guide.at[s], r->a);
    wider_rehearse_guide(r->d, g, rep, count, r->a);
    rehearse_report(r, rep, count);
    needed->bytes = needed->most = r->a->most;
    return true;
}

bool fit_rehearse(diagnostics *d, const model *m, const options *over, arena *a, fit_memory *needed) {
    run r = {.d = d, .model = m, .options = m->program->options, .a = arena_inside(a)};
    if (over) options_merge(&r.options, over);
    r.fit = arena_new(r.a, fit);
    *r.fit = (fit){.model = m, .arena = r.a};
    if (!can_run(d, m, &r.options)) return false;
    r.model = with_team(m, &r.options, r.a);
    route way = route_of(m->program, &r.options);
    bool good = way == ROUTE_map        ? rehearse_map(&r, needed)
                : way == ROUTE_gaussian ? rehearse_gaussian(&r, needed)
                                        : rehearse_guide(&r, needed);
    team_close(r.model->team);
    arena_close(r.a);
    return good;
}

/* The density at a point. */

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

density_result *fit_log_density(diagnostics *d, const model *m, const double *const *values,
                                bool unconstrained, arena *a, status *status) {
    const program *p = m->program;
    variable count = p->variables.count;
    double **entries = arena_array(a, double *, count);
    if (unconstrained && !all_move(d, m, false)) {
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
