#include "runtime/infer/objective.h"

#include <math.h>
#include <string.h>
#include "autodiff/passes.h"
#include "runtime/infer/clock.h"
#include "runtime/infer/density.h"
#include "runtime/infer/estimator.h"
#include "runtime/infer/held.h"
#include "runtime/infer/retreat.h"
#include "runtime/infer/tmc.h"

enum { FAULTS_MOST = 200, WATCH_EVERY = 50 };

/* Steps of the draws after the fit are numbered from here, so that none is that of a step before. */
static const uint64_t FIRST_EVALUATION = UINT64_C(1) << 40;

/* Without `samples`: as many as make the gradient of a few latents quiet; the entries of a mini-batch do that
 * together. Score functions need others to be compared with, as
 * coupled draws need others to go with. */
enum { SAMPLES_BATCH = 1, SAMPLES_SCORED = 4 };

static uint32_t draws_a_step(const guide *g, const options *o) {
    const program *p = g->model->program;
    if (!g->families.count && !p->guide.count) return 1;
    if (is_bound(o)) return bound_draws(o);
    bool scored = gradients_are_scored(p, o);
    bool asked = option_is_given(o, OPTION_samples);
    if (is_held(o) && !asked) return HELD_DRAWS;
    bool compared = scored || is_coupled(o);
    return asked || !o->batch.axis || is_controlled(o) ? (uint32_t)o->samples
           : compared                                  ? SAMPLES_SCORED
                                                       : SAMPLES_BATCH;
}

/* `anneal` rises again and again, and stays where it got to for as long after each time (Fu, Li, Liu, Gao,
 * Celikyilmaz and Carin, NAACL 2019). */
static uint64_t annealing_steps(const options *o) {
    return o->cycles > 1 ? 2 * o->cycles * o->anneal.steps : o->anneal.steps;
}

static double annealing_at(const options *o, uint64_t step) {
    bool again = o->cycles > 1 && step < annealing_steps(o);
    return schedule_at(o->anneal, again ? step % (2 * (uint64_t)o->anneal.steps) : step);
}

/* The weight of prior and guide at a step. */
static double weight_at(const options *o, uint64_t step) {
    bool weighted = o->objective.word == OBJECTIVE_elbo && o->objective.number > 0;
    return o->beta * (weighted ? o->objective.number : 1) * annealing_at(o, step);
}

/* The place of the batch's axis among those of a part, whose entries that are visited are a value of their
 * own on the tape. */
static optimiser_rows rows_of(const objective *o, const lowering *l, const tape *t, ref all, ref visited) {
    if (all == visited) return (optimiser_rows){0};
    optimiser_rows r = {
        .at = o->batches.rows, .visited = o->batches.size, .count = o->batches.count, .after = 1};
    axes of = tape_at(t, all)->axes;
    for (int i = of.count; i-- > 0 && of.at[i] != l->whole->axes[l->batch];)
        r.after *= t->axes.at[of.at[i]].size;
    return r;
}

static optimiser climber_of(objective *o, const lowering *l, const guide_tape *q, precision p, arena *a) {
    const guide *g = o->guide;
    optimiser_block *blocks = arena_array(a, optimiser_block, g->parts.count);
    for (uint32_t b = 0; b < g->parts.count; b++) {
        const part *k = &g->parts.at[b];
        optimiser_rows rows = rows_of(o, l, l->tape, q->parts[b], q->visited[b]);
        uint32_t summed = rows.at ? 0 : o->batches.count;
        blocks[b] = (optimiser_block){k->size, guide_pace(g, k), k->of != VARIABLE_NONE, NULL, rows, summed};
        o->by_rows |= rows.at != NULL;
    }
    return optimiser_open(o->options, p, blocks, g->parts.count, g->model->team, a);
}

objective *objective_new(diagnostics *d, const guide *g, const options *options, arena *a) {
    tape *written = arena_new(a, tape);
    tape_open(written, a);
    objective *o = arena_new(a, objective);
    *o = (objective){.guide = g, .options = options, .tape = arena_new(a, tape)};
    o->draws = draws_a_step(g, options);
    o->batches = batches_open(g->model, options, options->seed, a);
    lowering l;
    guide_tape q;
    estimate e;
    if (is_tmc(options)) {
        if (!tmc_write(d, g, options, written, &l, &q, &e)) return NULL;
    } else {
        l = lower_open_batch(g->model, written, o->draws, o->batches.axis, o->batches.size);
        q = guide_write(g, &l, options);
        e = estimate_write(g, &q, options, o->draws);
    }
    o->rises = e.rises;
    uint32_t parts = g->parts.count, slot = parts;
    ref *gradient = arena_array(a, ref, parts), culprit;
    if (!tape_gradient(written, e.surrogate, q.visited, parts, gradient, &culprit)) {
        complain_of_derivative(d, written, culprit);
        return NULL;
    }
    tape_output(written, e.value);
    for (uint32_t b = 0; b < parts; b++)
        tape_output(written, tape_expand(written, gradient[b], tape_at(written, q.visited[b])->axes));
    if (e.reconstruction) tape_output(written, e.reconstruction);
    o->has_parts = e.reconstruction != 0;
    if (is_coupled(options)) written = noise_write(&o->noise, written, l.draw, options, a);
    tape_compile(written, o->tape, a, NULL, NULL);
    precision p = precision_of(options);
    o->machine = machine_new_in(a, o->tape, p, g->model->team);
    o->x = arena_array(a, double, g->size);
    o->climber = climber_of(o, &l, &q, p, a);
    for (uint32_t b = 0; b < parts; b++)
        machine_bind_elements(o->machine, b, element_at(p, o->climber.x, (int64_t)g->parts.at[b].offset));
    noise_bind(&o->noise, o->machine);
    if (o->batches.size) machine_bind(o->machine, slot++, o->batches.rows);
    if (e.weighted) machine_bind(o->machine, slot, o->weight = arena_take_aligned(a, sizeof(double)));
    return o;
}

bool objective_run(objective *o, uint64_t step) {
    if (o->weight) *o->weight = weight_at(o->options, step);
    noise_draw(&o->noise, o->options->seed, step);
    machine_run(o->machine, o->options->seed, step);
    o->value = machine_output(o->machine, 0)[0];
    if (o->has_parts) {
        o->parts[0] = machine_output(o->machine, 1 + o->climber.count)[0];
        o->parts[1] = (o->parts[0] - o->value) / (o->weight ? *o->weight : 1);
    }
    for (uint32_t b = 0; b < o->climber.count; b++)
        o->climber.blocks[b].gradient = machine_output_elements(o->machine, 1 + b);
    return isfinite(o->value);
}

bool objective_climb(objective *o, uint64_t step, double rate) {
    batches_next(&o->batches);
    return objective_run(o, step) && optimiser_step(&o->climber, rate);
}

typedef struct recent {
    double sum, squares, parts[2];
    uint64_t count;
} recent;

static void recent_add(recent *r, const objective *o) {
    r->sum += o->value, r->squares += o->value * o->value, r->count++;
    for (int i = 0; i < 2; i++) r->parts[i] += o->parts[i];
}

static bool stopped(const objective *o, objective_course *c, recent *r) {
    if (c->steps % WATCH_EVERY) return vigil_asks(c->vigil, "fit");
    measured value = measured_mean(r->sum, r->squares, (double)r->count);
    if (o->has_parts)
        c->vigil->reconstruction = r->parts[0] / (double)r->count,
        c->vigil->kl = r->parts[1] / (double)r->count;
    *r = (recent){0};
    return vigil_tell(c->vigil, c->steps, o->options->steps, value, o->climber.length);
}

/* The step size at the start. */
static double first_rate(const options *o) {
    bool chosen = option_is_given(o, OPTION_optimizer) && o->optimizer.number > 0;
    return chosen ? o->optimizer.number : o->rate;
}

static double slowest_pace(const guide *g) {
    double slowest = 1;
    for (uint32_t b = 0; b < g->parts.count; b++) slowest = fmin(slowest, guide_pace(g, &g->parts.at[b]));
    return slowest;
}

/* What judges the iterates of a fit and decides where it goes on. */
typedef struct judge {
    descent levels;
    retreat back;
    double *iterate, *unit; /* the iterate with the objective's value, the mean since the one before */
    double value;
    uint64_t values;
} judge;

static judge judge_open(const objective *o, arena *a) {
    uint64_t size = o->guide->size;
    double rate = first_rate(o->options), tolerance = o->options->tolerance;
    return (judge){.levels = descent_open(size + 1, size, rate, tolerance, slowest_pace(o->guide), true, a),
                   .back = retreat_open(size, o->x, a),
                   .iterate = arena_array(a, double, size + 1),
                   .unit = arena_array(a, double, size)};
}

static void judge_fall(judge *j, objective *o) {
    if (o->rises <= 0) return; /* an estimate of a bound from above falls, too, where it sees less */
    if (retreat_closes(&j->back)) optimiser_read(&o->climber, j->iterate);
    if (!retreat_take(&j->back, j->iterate, o->rises * o->value)) return;
    optimiser_restart(&o->climber, j->back.x);
    descent_retreat(&j->levels);
}

/* Numbers of rows stand still while others are visited, which says nothing: they are looked at by epoch. */
static descent_event judge_level(judge *j, objective *o) {
    j->value += o->value;
    j->values++;
    if (o->by_rows && !batches_end(&o->batches)) return DESCENT_goes_on;
    if (!descent_due(&j->levels)) return DESCENT_goes_on;
    optimiser_read(&o->climber, j->iterate);
    guide_units(o->guide, j->iterate, j->unit);
    j->iterate[o->guide->size] = j->value / (double)j->values;
    j->value = j->values = 0;
    descent_event event = descent_take(&j->levels, j->iterate, j->unit);
    if (event != DESCENT_goes_on) optimiser_place(&o->climber, j->levels.average);
    return event;
}

/* While its objective or its rate still change by plan, a fit is not judged. */
static bool is_judged(const options *o, uint64_t steps) {
    return steps > annealing_steps(o) && steps > o->rate_schedule.steps;
}

/* All that the steps from here on depend on. */
typedef struct climb {
    objective *objective;
    judge *judge;
    objective_course *course;
    uint64_t faults;
} climb;

static void carry_climb(void *state, carrier *to) {
    climb *c = state;
    carry(to, &c->course->steps, sizeof c->course->steps);
    carry(to, &c->course->converged, sizeof c->course->converged);
    carry(to, &c->faults, sizeof c->faults);
    optimiser_carry(&c->objective->climber, to);
    batches_carry(&c->objective->batches, to);
    descent_carry(&c->judge->levels, to);
    retreat_carry(&c->judge->back, to);
    carry(to, &c->judge->value, sizeof c->judge->value);
    carry(to, &c->judge->values, sizeof c->judge->values);
}

/* The pieces of a walk, each behind its size; their sizes are counted, where there is no room for them yet.
 */
typedef struct pieces {
    char *at;
    size_t count;
} pieces;

static bool keep_piece(void *user, void *bytes, size_t size) {
    pieces *to = user;
    if (to->at) {
        memcpy(to->at + to->count, &size, sizeof size);
        if (size) memcpy(to->at + to->count + sizeof size, bytes, size);
    }
    to->count += sizeof size + size;
    return true;
}

/* Piece by piece, as the walk that reads them has them. */
static void carry_pieces(char *at, size_t count, carrier *to) {
    for (size_t done = 0, size; done < count; done += sizeof size + size) {
        memcpy(&size, at + done, sizeof size);
        carry(to, at + done + sizeof size, size);
    }
}

static void write_state(void *state, carrier *to) {
    const objective_course *before = ((climb *)state)->course->before;
    uint64_t ended = before != NULL;
    carry(to, &ended, sizeof ended);
    if (before) carry_pieces(before->ended.at, before->ended.size, to);
    carry_climb(state, to);
}

/* Of a first climb, which another one may follow. */
static void read_state(void *state, carrier *from) {
    objective_course *c = ((climb *)state)->course;
    uint64_t ended = 0;
    carry(from, &ended, sizeof ended);
    carrier_refuse(from, ended > c->is_followed);
    if (!from->failed) carry_climb(state, from);
    c->goes_on = ended;
}

/* What a checkpoint of the climb that follows holds of this one. */
static void keep_end(climb *now, arena *a) {
    objective_course *c = now->course;
    pieces kept = {0};
    carrier to = {keep_piece, &kept, false};
    if (!c->is_followed || !c->host->checkpoints) return;
    carry_climb(now, &to);
    kept = (pieces){arena_array(a, char, kept.count), 0};
    carry_climb(now, &to);
    c->ended.at = kept.at, c->ended.size = kept.count;
}

/* False where there is a checkpoint that is not one of this fit. */
static bool resume(climb *now) {
    objective_course *c = now->course;
    const checkpoints *k = c->host->checkpoints;
    if (!c->before) {
        bool whole = checkpoint_resume(k, c->fingerprint, read_state, now);
        return whole || (c->goes_on && !k->from->failed);
    }
    if (!c->before->goes_on) return true;
    carry_climb(now, k->from);
    return !k->from->failed && k->is_whole(k->user);
}

void objective_rehearse(const objective *o, arena *a) {
    if (is_held(o->options)) held_rehearse(o, a);
    else judge_open(o, a);
}

/* Trials for the end of a fit: a small share of its steps, and enough to tell chance from a difference. */
static uint32_t trials_of(const objective_course *c) {
    uint64_t count = 8 + c->steps / 200;
    return count < TRIALS_MOST ? (uint32_t)count : TRIALS_MOST;
}

typedef struct trying {
    objective *objective;
    uint64_t first;  /* the steps that trials have the draws of */
    uint32_t visits; /* trials whose rows were visited */
} trying;

static double value_at(void *user, const double *x, uint32_t trial) {
    trying *t = user;
    objective *o = t->objective;
    for (; t->visits <= trial; t->visits++) batches_next(&o->batches);
    optimiser_place(&o->climber, x);
    return objective_run(o, t->first + trial) ? (o->rises < 0 ? -o->value : o->value) : (double)NAN;
}

/* Goes where the iterates that there were say is best, not having come to rest. */
static void end_early(objective *o, judge *j, const objective_course *c) {
    trying t = {.objective = o, .first = c->steps};
    optimiser_read(&o->climber, j->iterate);
    descent_trials trials = {.last = j->iterate, .count = trials_of(c), .user = &t, .value = value_at};
    bool any = descent_stop(&j->levels, &trials);
    optimiser_place(&o->climber, any ? j->levels.average : j->iterate);
}

bool objective_fit(objective *o, arena *a, objective_course *c) {
    const options *options = o->options;
    const checkpoints *kept = c->host->checkpoints;
    judge j = judge_open(o, a);
    climb state = {o, &j, c, 0};
    recent now = {0};
    optimiser_place(&o->climber, o->x);
    c->foreign = !resume(&state);
    if (c->foreign) return false;
    while (c->steps < options->steps && !c->converged && !c->interrupted) {
        c->goes_on = false; /* what followed began where this ended before */
        bool finite =
            objective_climb(o, c->steps, j.levels.rate * schedule_at(options->rate_schedule, c->steps));
        c->steps++;
        if (!finite && ++state.faults > FAULTS_MOST) return false;
        if (!finite) continue; /* a wild draw; the next step has others */
        recent_add(&now, o);
        if (is_judged(options, c->steps)) {
            judge_fall(&j, o);
            c->converged = judge_level(&j, o) == DESCENT_converged;
        }
        c->interrupted = stopped(o, c, &now);
        if (checkpoint_is_due(kept, c->steps)) checkpoint_save(kept, c->fingerprint, write_state, &state);
    }
    if (!c->goes_on) checkpoint_save(kept, c->fingerprint, write_state, &state);
    keep_end(&state, a);
    if (!c->converged) end_early(o, &j, c);
    optimiser_read(&o->climber, o->x);
    return true;
}

/* The KL of one statement: sums over the draws so far. */
typedef struct kl_sums {
    double sum, squares, *by_unit;
} kl_sums;

static void add_kls(kl_sums *s, const double *kl, uint64_t units, uint64_t draws) {
    for (uint64_t b = 0; b < draws; b++) {
        double total = 0;
        for (uint64_t i = 0; i < units; i++) {
            double x = kl[b * units + i];
            total += x;
            s->by_unit[i] += x;
        }
        s->sum += total;
        s->squares += total * total;
    }
}

static latent_kl summed_kl(const statement_kl *k, const kl_sums *s, uint64_t units, double draws) {
    for (uint64_t i = 0; i < units; i++) s->by_unit[i] /= draws * (double)k->rows;
    return (latent_kl){.of = k->of,
                       .total = measured_mean(s->sum, s->squares, draws),
                       .rows = k->rows,
                       .units = k->units,
                       .unit_count = units,
                       .by_unit = s->by_unit};
}

/* What draws, so many points a run: WANTED outputs, the KLs, then what is reported. */
enum { WANTED = 4 };

static machine *drawer_new(const guide *g, const reported *r, const double *x, uint32_t points, evidence *e,
                           arena *a) {
    tape written;
    tape_open(&written, a);
    lowering l = lower_open(g->model, &written, points);
    guide_tape q = guide_write(g, &l, NULL);
    *e = evidence_write(g, &q);
    ref wanted[WANTED] = {e->log_density, e->log_likelihood, e->log_guide, e->elbo};
    for (int i = 0; i < WANTED; i++)
        tape_output(&written, tape_expand(&written, wanted[i], axes_one(l.draw)));
    for (uint32_t k = 0; k < e->kls.count; k++) tape_output(&written, e->kls.at[k].kl);
    reported_output(r, &l);
    return guide_machine(g, x, &written, a);
}

guide_draws objective_draw(const guide *g, const reported *r, const double *x, uint64_t count, uint64_t seed,
                           vigil *v, arena *a) {
    uint32_t points = points_that_fit(g->model, 250);
    evidence e;
    machine *m = drawer_new(g, r, x, points, &e, a);
    uint32_t first_reported = WANTED + e.kls.count;
    guide_draws out = {.sample = sample_new(r, count, a), .elbo = arena_array(a, double, count)};
    sample *s = &out.sample;
    double *to[WANTED] = {s->log_density, s->log_likelihood, s->log_guide, out.elbo};
    kl_sums *sums = arena_array(a, kl_sums, e.kls.count + 1);
    for (uint32_t k = 0; k < e.kls.count; k++)
        sums[k].by_unit = arena_array(a, double, model_size(g->model, e.kls.at[k].units));
    for (uint64_t first = 0; first < count; first += points) {
        uint64_t left = count - first, here = left < points ? left : points;
        machine_run(m, seed, FIRST_EVALUATION + first);
        for (uint32_t i = 0; i < WANTED; i++)
            memcpy(to[i] + first, machine_output(m, i), here * sizeof(double));
        for (uint32_t k = 0; k < e.kls.count; k++)
            add_kls(&sums[k], machine_output(m, WANTED + k), model_size(g->model, e.kls.at[k].units), here);
        reported_take(r, m, first_reported, here, s, first);
        vigil_asks(v, "draws");
        if (vigil_is_over(v)) s->count = count = first + here;
    }
    for (uint32_t k = 0; k < e.kls.count; k++)
        push(a, &out.kls,
             summed_kl(&e.kls.at[k], &sums[k], model_size(g->model, e.kls.at[k].units), (double)count));
    sample_weigh(s, a);
    return out;
}

void objective_draw_rehearse(const guide *g, const reported *r, uint64_t count, arena *a) {
    evidence e;
    drawer_new(g, r, arena_array(a, double, g->size), points_that_fit(g->model, 250), &e, a);
    for (uint32_t k = 0; k < e.kls.count; k++)
        arena_array(a, double, model_size(g->model, e.kls.at[k].units));
    sample_new(r, count, a);
    arena_array(a, double, count);
    sample_rehearse(count, a);
}
