/* The route in the unconstrained space as a whole: a mode and its curvature, a Gaussian by natural gradients,
 * then importance sampling, with proposals refitted to the weighted draws while that helps. */
#include "runtime/infer/course.h"

#include <math.h>
#include <string.h>
#include "runtime/infer/along.h"
#include "runtime/infer/flight.h"
#include "runtime/infer/modes.h"
#include "runtime/infer/relabel.h"
#include "runtime/infer/start.h"
#include "runtime/infer/transforms.h"
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
/* By so much, a proposal is worse than one that leaves modes out. */
static const double FAR_FEWER = 20;
/* From this k-hat on the weights have no mean, and more of them tell nothing. */
static const double KHAT_HOPELESS = 1;
/* Entries of points and of what is reported of them, of a sample that is enlarged: 512 MiB. */
static const uint64_t ENLARGED_MOST = UINT64_C(1) << 26;

static bool full_rank(const course *r, const space *s, const char **why) {
    const program *p = r->model->program;
    family_kind word = (family_kind)r->options.family.word;
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

static bool can_enlarge(uint64_t count, uint64_t entries) {
    return ENLARGEMENT * count * entries <= ENLARGED_MOST;
}

/* Enough for a covariance, or for sds. */
static uint64_t points_to_recentre(const gaussian *g) { return g->factor ? 200 + 4 * g->size : 1000; }

/* Moves a Gaussian to other centrings by its draws. False where what it becomes is not definite. */
static bool move_guide(space *s, const double *centring, gaussian *g, rng *noise, arena *a) {
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
    return move_guide(s, centring, g, noise, a);
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
    course *run;
    space space;
    density *one, *many, *stepped; /* of one point, of many, of many in the precision of the steps */
    evaluation *evaluation;
    const space *unlooped; /* in which latents may be told apart, entry by entry; often `space` itself */
    particles *particles;  /* once joint weights are not good; NULL where nothing lies along axes */
    bool sought;           /* it is known which */
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

static gaussian copied_gaussian(const gaussian *g, arena *a) {
    uint64_t n = g->size;
    return (gaussian){n, copied(g->mean, n, a), g->factor ? copied(g->factor, n * n, a) : NULL,
                      copied(g->scale, n, a), g->algebra};
}

/* Keeps the centrings that both spaces have the same. */
static void follow(gaussian_run *r) {
    if (r->unlooped == &r->space) return;
    for (uint32_t k = 0; k < r->space.count; k++)
        if (r->unlooped->movable[k])
            memcpy(r->unlooped->centring + r->space.offset[k], r->space.centring + r->space.offset[k],
                   transform_size(r->space.model, r->space.of[k]) * sizeof(double));
}

/* The proposal in the space in which entries are apart. */
static bool take_apart(gaussian_run *r, proposal *p) {
    if (r->unlooped == &r->space) return true;
    arena *a = r->run->a;
    proposal moved = {p->count, arena_array(a, gaussian, p->count), p->weight};
    for (uint32_t k = 0; k < p->count; k++) {
        moved.parts[k] = copied_gaussian(&p->parts[k], a);
        space from = r->space;
        from.centring = copied(from.centring, from.size, a);
        if (!move_guide(&from, r->unlooped->centring, &moved.parts[k], &r->noise, a)) return false;
    }
    *p = moved;
    return true;
}

/* Draws with particles along axes, in place of joint ones where their weights can be trusted and are better.
 * The few globals take few draws for refits. */
static void weigh_along(gaussian_run *r, attempt *x) {
    course *of = r->run;
    arena *a = of->a;
    if (!r->sought)
        r->particles = particles_new(r->unlooped, r->evaluation->report, of->options.seed, &of->vigil, of->a);
    r->sought = true;
    follow(r);
    proposal joint = x->proposal;
    if (!r->particles || !along_fits(r->particles, of->options.draws) || !take_apart(r, &joint)) return;
    guide_along *best = arena_new(a, guide_along), first = particles_guide(r->particles, &joint, a);
    drawing next;
    if (!along_draw(r->particles, first, of->options.draws, &r->draws, &of->vigil, a, best, &next)) return;
    if (!take_draws(x, next)) return;
    x->along = best;
    x->proposal.weight = best->weight;
}

/* Whether many more draws are worth their time and memory: where they are to lower an error, have weights
 * with a mean, and are not the most part of the fit. */
static bool more_pay(const gaussian_run *g, const attempt *x) {
    const course *r = g->run;
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
    to->guide = copied_gaussian(&g, a);
    to->centring = copied(r->space.centring, n, a);
    to->converged = r->course.converged;
    to->proposal = proposal_of(&to->guide, a);
    to->along = NULL;
    to->drawing = draw_attempt(r, to, r->run->options.draws);
    to->bound = bound_of_drawing(&to->drawing);
    draw_well(r, to);
    to->guide = to->proposal.parts[0];
    return true;
}

/* In the centring of that attempt from now on. */
static void attempt_resume(gaussian_run *r, const attempt *x) {
    memcpy(r->space.centring, x->centring, r->space.size * sizeof *x->centring);
    follow(r);
}

/* Whether another form of the latents need not be tried. Along axes the shape of the locals, which it is
 * about, matters less. */
static bool is_enough(const attempt *x) {
    const sample *s = &x->drawing.sample;
    return (x->along && sample_has_variance(s) && sample_share(s) >= SHARE_ENOUGH) || sample_is_good(s);
}

/* The non-centred form first; where its weights are not good, also one that is centred by what the data say.
 */
static bool find_attempt(gaussian_run *r, gaussian first, attempt *best) {
    attempt other;
    if (!attempt_fit(r, first, best)) return false;
    if (r->run->vigil.stopped || is_enough(best)) return true;
    gaussian moved = copied_gaussian(&best->guide, r->run->a);
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
static bool gaussian_open(course *r, gaussian_run *g) {
    arena *a = r->a;
    *g = (gaussian_run){.run = r,
                        .space = space_of_latents(r->model, false, a),
                        .noise = rng_open(r->options.seed, STREAM_GUIDE),
                        .draws = rng_open(r->options.seed, STREAM_DRAWS)};
    g->unlooped = space_without_loops(&g->space, a);
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
static void report_mirror(course *r, const sample *s) {
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
static void report_relabelling(course *r, const sample *s) {
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

/* The second look, by a wider form of what the draws are from. */
static void check_attempt(gaussian_run *r, const attempt *x, uint64_t count) {
    course *of = r->run;
    rng second = rng_open(of->options.seed, STREAM_CHECK);
    if (x->along)
        wider_check_along(&of->findings, &x->drawing.sample, r->particles, x->along, count, &second, of->a);
    else wider_check(&of->findings, &x->drawing.sample, &x->proposal, count, r->evaluation, &second, of->a);
}

static uint64_t draws_at_the_end(const gaussian_run *g) {
    const course *r = g->run;
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

status course_gaussian(course *r) {
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
    course_report_bound(r->fit, best.bound);
    if (best.along) push(a, &r->fit->reasons, along_reason(g.particles, a));
    report_relabelling(r, &best.drawing.sample);
    r->uncorrected = bound_weights(&best.drawing, a);
    if (!r->vigil.stopped) check_attempt(&g, &best, count);
    if (best.along && !r->vigil.stopped) {
        rng again = rng_open(r->options.seed, STREAM_SHARES);
        r->shares = shares_find(g.particles, best.along, &best.drawing.sample, &again, a);
    }
    r->fit->interrupted = r->vigil.stopped;
    r->sample = arena_new(a, sample);
    *r->sample = best.drawing.sample;
    return STATUS_ok;
}

/* Memory: what takes it does so, and nothing is computed. */

/* A drawing that is weighed. */
static drawing rehearse_drawing(course *r, const gaussian_run *g, uint64_t count) {
    drawing d = drawing_new(g->evaluation->report, g->joint ? g->space.size : 0, 1, count, r->a);
    sample_rehearse(count, d.arena);
    return d;
}

/* Of two attempts and one for modes. */
static void rehearse_along(gaussian_run *g, uint64_t enlarged) {
    course *r = g->run;
    const reported *rep = g->evaluation->report;
    particles *t = particles_new(g->unlooped, rep, r->options.seed, &r->vigil, r->a);
    if (!t || !along_fits(t, r->options.draws)) return;
    while (enlarged > r->options.draws && !particles_afford(t, CHEAPER * enlarged)) enlarged /= ENLARGEMENT;
    for (int i = 0; i < 3; i++) along_rehearse(t, r->a);
    arena *scratch = arena_inside(r->a);
    for (int i = 0; i < 2; i++) drawing_new(rep, g->space.size, 1, enlarged, scratch);
    arena_close(scratch);
    shares_rehearse(t, enlarged, r->a);
}

bool course_gaussian_rehearse(course *r, fit_memory *needed) {
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
    course_rehearse_end(r, g.evaluation->report, last);
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
