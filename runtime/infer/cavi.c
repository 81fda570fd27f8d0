#include "runtime/infer/cavi.h"

#include <math.h>
#include <string.h>
#include "autodiff/machine.h"
#include "autodiff/passes.h"
#include "lang/conjugate.h"
#include "runtime/bind/marginal.h"
#include "runtime/infer/density.h"
#include "runtime/infer/site.h"
#include "runtime/infer/transforms.h"

enum { ARGUMENTS = CONJUGATE_ARGUMENTS };

/* Latents that move at once, and what computes their arguments. */
typedef struct runner {
    machine *machine;
    tape *tape;
} runner;
typedef struct cavi_block {
    uint64_t members; /* bit k: latent k */
    runner first,
        next; /* for the first step, and for the others; of the first shared block they have the ELBO */
} cavi_block;

/* Where entries of the rows of a batch lie among all of a latent: `after` follow each other. */
typedef struct placement {
    uint64_t before, rows, after;
} placement;

struct cavi {
    const guide *guide;
    const conjugate *of;
    const options *options;
    const model *model;    /* of the expectations */
    axis along;            /* of the rows that have latents of their own; AXIS_NONE: none was asked for */
    batches batches;       /* of these; all of them where it has no axis */
    double **argument;     /* by latent and argument: the guide's */
    double **read;         /* what the machines read: these, or those of the rows that are visited */
    uint64_t *size;        /* entries of a latent */
    placement *place;      /* of a latent */
    double *zeros;         /* as many as the largest has */
    double *length;        /* of a step; NULL where it is 1 */
    uint64_t local;        /* bit k: latent k is a row's own */
    uint32_t local_blocks; /* come first */
    uint32_t blocks;
    cavi_block *block;
    machine *reader, *writer; /* to unconstrained numbers, and from them */
    double *written;          /* these numbers */
    double *last;             /* the rows of a batch at the end */
    uint64_t steps;
    double value, moved;  /* by how much the arguments of the last block did at most, relatively */
    const runner *failed; /* NULL while all is well */
    uint32_t improper; /* then: 1 + the latent whose guide would be none; 0 where the value is not finite */
};

static const conjugate_latent *latent_at(const cavi *o, uint32_t i) { return &o->of->at[i]; }
static uint32_t arguments_of(const conjugate_latent *x) { return CONJUGATES[x->kind].arguments; }
static bool is_positive(const conjugate_latent *x, uint32_t k) { return x->kind != CONJUGATE_normal || k; }
static bool is_local(const cavi *o, uint32_t i) { return o->local >> i & 1; }

/* ---- writing the tapes ---- */

typedef struct written {
    tape *tape;
    lowering lowering;
    site *sites;
    ref *statistic; /* by latent and argument */
    ref length;     /* of a step; 0: it is 1 */
} written;

static lowering lower_open_rows(const cavi *o, tape *t) {
    follower of[FOLLOWERS_MOST];
    for (uint32_t i = 0; i < o->batches.followers; i++) of[i] = o->batches.following[i].of;
    return lower_open_followed(o->model, t, 1, o->batches.axis, o->batches.size, of, o->batches.followers);
}

/* What the batch sets, in the order of `bind`. */
static void write_rows(const cavi *o, lowering *l) {
    tape *t = l->tape;
    if (!l->whole) return;
    l->rows = tape_input(t, axes_one(l->axes[o->along]));
    if (l->followers) l->place = tape_input(t, axes_one(l->whole->axes[o->along]));
    for (uint32_t i = 0; i < l->followers; i++) {
        axes room = axes_one(l->axes[l->follower[i].axis]);
        l->follower[i].rows = tape_input(t, room);
        l->follower[i].present = tape_input(t, room);
    }
}

/* Inputs: the arguments of all latents, then a zero for each normal one, what the batch sets, and the length
 * of the step. */
static written write_latents(const cavi *o, arena *a) {
    uint32_t count = o->of->count;
    written w = {.tape = arena_new(a, tape),
                 .sites = arena_array(a, site, count),
                 .statistic = arena_array(a, ref, count * ARGUMENTS)};
    tape_open(w.tape, a);
    w.lowering = lower_open_rows(o, w.tape);
    const program *p = o->of->program;
    for (uint32_t i = 0; i < count; i++) {
        const conjugate_latent *x = latent_at(o, i);
        axes of = lower_axes(&w.lowering, program_variable(p, x->of)->axes);
        w.sites[i] =
            (site){.t = w.tape, .kind = x->kind, .event = lower_axes(&w.lowering, p->guide.at[i].event)};
        for (uint32_t k = 0; k < arguments_of(x); k++) {
            w.sites[i].argument[k] = tape_input(w.tape, of);
            lower_set(&w.lowering, x->argument[k], w.sites[i].argument[k]);
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        const conjugate_latent *x = latent_at(o, i);
        if (x->kind == CONJUGATE_normal)
            w.sites[i].zero = tape_input(w.tape, tape_at(w.tape, w.sites[i].argument[0])->axes);
        site_statistics(&w.sites[i], w.statistic + i * ARGUMENTS);
        for (uint32_t k = 0; k < arguments_of(x); k++)
            lower_set(&w.lowering, x->statistic[k], w.statistic[i * ARGUMENTS + k]);
    }
    write_rows(o, &w.lowering);
    if (o->length) w.length = tape_input(w.tape, (axes){0});
    return w;
}

static void bind(const cavi *o, machine *m) {
    uint32_t slot = 0;
    for (uint32_t i = 0; i < o->of->count; i++)
        for (uint32_t k = 0; k < arguments_of(latent_at(o, i)); k++)
            machine_bind(m, slot++, o->read[i * ARGUMENTS + k]);
    for (uint32_t i = 0; i < o->of->count; i++)
        if (latent_at(o, i)->kind == CONJUGATE_normal) machine_bind(m, slot++, o->zeros);
    if (o->batches.size) machine_bind(m, slot++, o->batches.rows);
    if (o->batches.followers) machine_bind(m, slot++, o->batches.place);
    for (uint32_t i = 0; i < o->batches.followers; i++) {
        machine_bind(m, slot++, o->batches.following[i].rows);
        machine_bind(m, slot++, o->batches.following[i].present);
    }
    if (o->length) machine_bind(m, slot, o->length);
}

/* Where all entries of a latent have the same guide, states cannot be told apart, and would stay so: the
 * first step adds noise to the log probabilities of each. */
static void add_noise(lowering *l) {
    const program *p = l->model->program;
    ref *sources = arena_array(l->tape->arena, ref, p->summed.count);
    for (uint32_t k = 0; k < p->summed.count; k++)
        sources[k] =
            tape_random(l->tape, OP_random_normal, 0, 0, 0, axes_with(marginal_axes(l, k), l->states[k]));
    l->marginal = marginal_new(l, OP_log_sum_exp, sources);
}

/* E log p - E log q. */
static ref write_elbo(const cavi *o, written *w, ref log_density) {
    const program *p = o->of->program;
    ref elbo = log_density;
    for (uint32_t i = 0; i < p->guide.count; i++)
        elbo = tape_map2(w->tape, OP_sub, elbo, lower_draw(&w->lowering, &p->guide.at[i]));
    return tape_sum_all(w->tape, elbo);
}

/* The best natural parameters of a latent. What a batch stands for is no more of a row's own. */
static void take_best(const cavi *o, const written *w, uint32_t i, const ref *natural, ref *best) {
    double rows = 1 / lower_batch_weight(&w->lowering);
    for (uint32_t k = 0; k < arguments_of(latent_at(o, i)); k++)
        best[k] =
            is_local(o, i) ? tape_map2(w->tape, OP_mul, natural[k], tape_number(w->tape, rows)) : natural[k];
}

/* Outputs: the arguments that the members of the block become; before them the ELBO, where asked for. */
static bool open_runner(diagnostics *d, const cavi *o, uint64_t members, bool noisy, bool elbo, runner *to,
                        arena *a) {
    written w = write_latents(o, a);
    if (noisy) add_noise(&w.lowering);
    ref total = tape_sum_all(w.tape, lower_log_density(&w.lowering)), culprit;
    uint32_t all = o->of->count * ARGUMENTS, count = 0;
    ref *wanted = arena_array(a, ref, all), *natural = arena_array(a, ref, all);
    for (uint32_t i = 0; i < o->of->count; i++)
        for (uint32_t k = 0; (members >> i & 1) && k < arguments_of(latent_at(o, i)); k++)
            wanted[count++] = w.statistic[i * ARGUMENTS + k];
    if (!tape_gradient(w.tape, total, wanted, count, natural, &culprit)) {
        complain_of_derivative(d, w.tape, culprit);
        return false;
    }
    if (elbo) tape_output(w.tape, write_elbo(o, &w, total));
    for (uint32_t i = 0; i < o->of->count; i++) {
        const conjugate_latent *x = latent_at(o, i);
        if (!(members >> i & 1)) continue;
        ref best[ARGUMENTS], next[ARGUMENTS];
        take_best(o, &w, i, natural, best);
        natural += arguments_of(x);
        site_step(&w.sites[i], best, is_local(o, i) ? 0 : w.length, next);
        axes of = tape_at(w.tape, w.sites[i].argument[0])->axes;
        for (uint32_t k = 0; k < arguments_of(x); k++) tape_output(w.tape, tape_expand(w.tape, next[k], of));
    }
    to->tape = arena_new(a, tape);
    tape_compile(w.tape, to->tape, a, NULL, NULL);
    to->machine = machine_new(a, to->tape, o->model->team);
    bind(o, to->machine);
    return true;
}

/* ---- opening ---- */

/* Each latent joins the first block in which it meets none, those of the rows before those that all share. Of
 * a mini-batch these move at once: one that followed another by the same rows would have a gradient with
 * bias.
 */
static void find_blocks(cavi *o, arena *a) {
    o->block = arena_array(a, cavi_block, o->of->count);
    for (int shared = 0; shared <= 1; shared++) {
        uint32_t from = o->blocks;
        for (uint32_t i = 0; i < o->of->count; i++) {
            if (is_local(o, i) == shared) continue;
            uint32_t b = from;
            bool apart = !shared || !o->batches.size;
            while (b < o->blocks && apart && (o->block[b].members & latent_at(o, i)->meets)) b++;
            o->block[b].members |= (uint64_t)1 << i;
            if (b == o->blocks) o->blocks++;
        }
        if (!shared) o->local_blocks = o->blocks;
    }
}

/* The same data; what the expectations add has none. */
static const model *expected_model(const model *m, const program *p, arena *a) {
    model *copy = arena_new(a, model);
    *copy = *m;
    const double **values = arena_array(a, const double *, p->variables.count);
    memcpy(values, m->values, m->program->variables.count * sizeof *values);
    copy->program = p;
    copy->values = values;
    return copy;
}

/* Where the guide's argument v is among the latents'. */
static uint32_t place_of(const cavi *o, variable v) {
    for (uint32_t i = 0; i < o->of->count; i++)
        for (uint32_t k = 0; k < arguments_of(latent_at(o, i)); k++)
            if (latent_at(o, i)->argument[k] == v) return i * ARGUMENTS + k;
    return 0;
}

static machine *writer_new(const cavi *o, arena *a) {
    tape written, *run = arena_new(a, tape);
    tape_open(&written, a);
    lowering l = lower_open(o->guide->model, &written, 1);
    const program *p = o->guide->model->program;
    uint32_t parts = o->guide->parts.count;
    ref jacobian;
    for (uint32_t b = 0; b < parts; b++) {
        variable v = o->guide->parts.at[b].of;
        ref from =
            transform_constrain(&l, v, tape_input(&written, transform_axes(&l, v)), (axes){0}, &jacobian);
        tape_output(&written, tape_expand(&written, from, lower_axes(&l, program_variable(p, v)->axes)));
    }
    tape_compile(&written, run, a, NULL, NULL);
    machine *m = machine_new(a, run, o->model->team);
    for (uint32_t b = 0; b < parts; b++) machine_bind(m, b, o->written + o->guide->parts.at[b].offset);
    return m;
}

void cavi_place(cavi *o, const double *x) {
    memcpy(o->written, x, o->guide->size * sizeof *x);
    machine_run(o->writer, 0, 0);
    for (uint32_t b = 0; b < o->guide->parts.count; b++) {
        uint32_t at = place_of(o, o->guide->parts.at[b].of);
        memcpy(o->argument[at], machine_output(o->writer, b), o->size[at / ARGUMENTS] * sizeof(double));
    }
}

static machine *reader_new(const cavi *o, arena *a) {
    tape *written = arena_new(a, tape), *run = arena_new(a, tape);
    tape_open(written, a);
    lowering l = lower_open(o->guide->model, written, 1);
    const program *p = o->guide->model->program;
    for (uint32_t b = 0; b < o->guide->parts.count; b++) {
        variable v = o->guide->parts.at[b].of;
        ref from = tape_input(written, lower_axes(&l, program_variable(p, v)->axes));
        tape_output(written, tape_expand(written, transform_unconstrain(&l, v, from), transform_axes(&l, v)));
    }
    tape_compile(written, run, a, NULL, NULL);
    machine *m = machine_new(a, run, o->model->team);
    for (uint32_t b = 0; b < o->guide->parts.count; b++)
        machine_bind(m, b, o->argument[place_of(o, o->guide->parts.at[b].of)]);
    return m;
}

/* Of a latent of the rows: its axes lie in the order of their numbers. */
static placement placement_of(const cavi *o, uint32_t i) {
    axes of = program_variable(o->of->program, latent_at(o, i)->of)->axes;
    placement p = {1, 0, 1};
    for (int k = 0; k < of.count; k++) {
        uint64_t size = o->model->axes[of.at[k]].size;
        if (of.at[k] == o->along) p.rows = size;
        else *(p.rows ? &p.after : &p.before) *= size;
    }
    return p;
}

static void open_arguments(cavi *o, arena *a) {
    uint32_t count = o->of->count;
    uint64_t most = 1;
    o->argument = arena_array(a, double *, count *ARGUMENTS);
    o->read = arena_array(a, double *, count *ARGUMENTS);
    o->size = arena_array(a, uint64_t, count);
    o->place = arena_array(a, placement, count);
    o->written = arena_take_aligned(a, o->guide->size * sizeof(double));
    for (uint32_t i = 0; i < count; i++) {
        o->size[i] = model_size(o->model, program_variable(o->of->program, latent_at(o, i)->of)->axes);
        o->place[i] = placement_of(o, i);
        if (o->size[i] > most) most = o->size[i];
        for (uint32_t k = 0; k < ARGUMENTS; k++) {
            double *all = arena_take_aligned(a, o->size[i] * sizeof(double));
            uint64_t visited = o->place[i].before * o->batches.size * o->place[i].after;
            bool parts = is_local(o, i) && o->batches.size;
            o->argument[i * ARGUMENTS + k] = all;
            o->read[i * ARGUMENTS + k] = parts ? arena_take_aligned(a, visited * sizeof(double)) : all;
        }
    }
    o->zeros = arena_take_aligned(a, most * sizeof(double));
    o->last = arena_array(a, double, o->batches.size);
}

/* The latents of the rows. */
static uint64_t locals_of(const cavi *o) {
    uint64_t bits = 0;
    for (uint32_t i = 0; i < o->of->count && o->along != AXIS_NONE; i++) {
        axes of = program_variable(o->of->program, latent_at(o, i)->of)->axes;
        bits |= (uint64_t)axes_has(of, o->along) << i;
    }
    return bits;
}

static bool open_runners(diagnostics *d, cavi *o, arena *a) {
    bool noisy = o->of->program->summed.count > 0;
    for (uint32_t b = 0; b < o->blocks; b++) {
        cavi_block *k = &o->block[b];
        bool elbo = b == o->local_blocks;
        if (!open_runner(d, o, k->members, false, elbo, &k->next, a) ||
            !open_runner(d, o, k->members, noisy, elbo, &k->first, a))
            return false;
    }
    return true;
}

cavi *cavi_new(diagnostics *d, const guide *g, const options *options, const double *x, arena *a) {
    const conjugate *of = program_conjugate(d, g->model->program, a);
    if (!of) return NULL;
    cavi *o = arena_new(a, cavi);
    *o = (cavi){.guide = g,
                .of = of,
                .options = options,
                .model = expected_model(g->model, of->program, a),
                .along = batch_axis(of->program, options),
                .batches = batches_open(g->model, options, options->seed, a)};
    batches_follow(&o->batches, g->model, options, a);
    o->local = locals_of(o);
    if (cavi_by_length(options)) o->length = arena_take_aligned(a, sizeof *o->length);
    open_arguments(o, a);
    find_blocks(o, a);
    o->writer = writer_new(o, a);
    cavi_place(o, x);
    o->reader = reader_new(o, a);
    return open_runners(d, o, a) ? o : NULL;
}

/* ---- what may be asked for ---- */

static bool refuse(diagnostics *d, span at, const char *why, const char *help) {
    advise(d, diagnose(d, DIAGNOSTIC_option, at, "%s", why), "%s", help);
    return false;
}

static bool check_options(diagnostics *d, const options *o) {
    static const option_id OTHERS[] = {OPTION_samples,   OPTION_noise,     OPTION_control,   OPTION_optimizer,
                                       OPTION_momentum,  OPTION_decay,     OPTION_clip,      OPTION_beta,
                                       OPTION_anneal,    OPTION_free_bits, OPTION_estimator, OPTION_family,
                                       OPTION_precision, OPTION_sleep};
    for (size_t i = 0; i < sizeof OTHERS / sizeof *OTHERS; i++)
        if (o->given >> OTHERS[i] & 1)
            return refuse(d, NO_PLACE,
                          arena_print(d->arena,
                                      "`%s` is given, but the steps of `objective = cavi` are in closed form",
                                      OPTIONS[OTHERS[i]].name),
                          "leave one of them out");
    if (o->given >> OPTION_rounds & 1 && !o->batch.axis)
        return refuse(d, NO_PLACE, "`rounds` are of the latents of the rows of a batch, but there is none",
                      "leave it out, or say which axis has the rows: `batch = row: 100`");
    if (cavi_length(o, 0) > 1)
        return refuse(
            d, NO_PLACE,
            arena_print(d->arena,
                        "`objective = cavi`, but its first step would have the length %g: a step of "
                        "1 is the best there is",
                        cavi_length(o, 0)),
            "use a `rate` of at most 1");
    return true;
}

/* With batches some latents have to be of the rows, or of none of them. */
static bool check_shared(diagnostics *d, const program *p, const options *o) {
    axis rows = batch_axis(p, o);
    for (uint32_t i = 0; i < p->guide.count && rows != AXIS_NONE; i++)
        if (!axes_has(program_variable(p, p->guide.at[i].of)->axes, rows)) return true;
    return rows == AXIS_NONE ||
           refuse(d, NO_PLACE,
                  arena_print(d->arena, "`batch` visits parts of `%s`, but every latent varies over it",
                              o->batch.axis),
                  "leave `batch` out: each row is fitted by itself");
}

double cavi_length(const options *o, uint64_t step) {
    static const schedule FALLING = {.offset = 10, .power = 0.7};
    bool chosen = o->given >> OPTION_rate & 1 || o->given >> OPTION_rate_schedule & 1 || !o->batch.axis;
    return (o->given >> OPTION_rate & 1 ? o->rate : 1) *
           schedule_at(chosen ? o->rate_schedule : FALLING, step);
}

bool cavi_check(diagnostics *d, const program *p, const options *o) {
    if (!is_cavi(o))
        return !(o->given >> OPTION_rounds & 1) ||
               refuse(d, NO_PLACE, "`rounds` are of `objective = cavi`", "leave it out");
    return check_options(d, o) && check_shared(d, p, o) && program_conjugate(d, p, d->arena) != NULL;
}

/* ---- steps ---- */

/* The entries of a row's own latents, to what the machines read, or back. */
static void copy_rows(const cavi *o, bool back) {
    for (uint32_t i = 0; i < o->of->count; i++) {
        placement p = o->place[i];
        if (!is_local(o, i) || !o->batches.size) continue;
        for (uint32_t k = i * ARGUMENTS; k < i * ARGUMENTS + arguments_of(latent_at(o, i)); k++)
            for (uint64_t b = 0; b < p.before; b++)
                for (uint32_t r = 0; r < o->batches.size; r++) {
                    uint64_t row = (uint64_t)o->batches.rows[r] - 1;
                    double *all = o->argument[k] + (b * p.rows + row) * p.after;
                    double *visited = o->read[k] + (b * o->batches.size + r) * p.after;
                    memcpy(back ? all : visited, back ? visited : all, p.after * sizeof(double));
                }
    }
}

static uint64_t entries_read(const cavi *o, uint32_t i) {
    placement p = o->place[i];
    return is_local(o, i) && o->batches.size ? p.before * o->batches.size * p.after : o->size[i];
}

static bool is_proper(const conjugate_latent *x, uint32_t k, const double *argument, uint64_t size) {
    bool good = true;
    for (uint64_t i = 0; i < size; i++)
        good &= isfinite(argument[i]) != 0 && (!is_positive(x, k) || argument[i] > 0);
    return good;
}

/* By how much the second differs at most, relatively. */
static double farthest(const double *x, const double *y, uint64_t size) {
    double most = 0;
    for (uint64_t i = 0; i < size; i++) most = fmax(most, fabs(x[i] - y[i]) / (1 + fabs(x[i])));
    return most;
}

/* The outputs of a block from number `first` on; false, and nothing moves, where one is no argument. */
static bool take_block(cavi *o, const cavi_block *b, const runner *by, uint32_t first) {
    uint32_t output = first;
    for (uint32_t i = 0; i < o->of->count; i++) {
        const conjugate_latent *x = latent_at(o, i);
        for (uint32_t k = 0; (b->members >> i & 1) && k < arguments_of(x); k++) {
            if (is_proper(x, k, machine_output(by->machine, output++), entries_read(o, i))) continue;
            o->failed = by, o->improper = i + 1;
            return false;
        }
    }
    o->moved = 0;
    for (uint32_t i = 0; i < o->of->count; i++)
        for (uint32_t k = 0; (b->members >> i & 1) && k < arguments_of(latent_at(o, i)); k++) {
            const double *now = machine_output(by->machine, first++);
            double *at = o->read[i * ARGUMENTS + k];
            if (is_local(o, i)) o->moved = fmax(o->moved, farthest(at, now, entries_read(o, i)));
            memcpy(at, now, entries_read(o, i) * sizeof(double));
        }
    return true;
}

static bool run_block(cavi *o, uint32_t b) {
    const runner *by = o->steps ? &o->block[b].next : &o->block[b].first;
    bool elbo = b == o->local_blocks;
    machine_run(by->machine, o->options->seed, o->steps);
    if (elbo) o->value = machine_output(by->machine, 0)[0];
    if (elbo && !isfinite(o->value)) o->failed = by;
    return !o->failed && take_block(o, &o->block[b], by, elbo);
}

/* Rounds through the latents of the rows that are visited, until they move by `rest` or less. */
static bool run_rows(cavi *o, uint32_t rounds, double rest) {
    copy_rows(o, false);
    for (uint32_t r = 0; r < rounds && o->local_blocks; r++) {
        double moved = 0;
        for (uint32_t b = 0; b < o->local_blocks; b++) {
            if (!run_block(o, b)) return false;
            moved = fmax(moved, o->moved);
        }
        if (moved <= rest) break;
    }
    copy_rows(o, true);
    return true;
}

batches *cavi_batches(cavi *o) { return &o->batches; }

bool cavi_step(cavi *o, double length) {
    if (o->length) *o->length = length;
    bool good = run_rows(o, (uint32_t)o->options->rounds, 0);
    for (uint32_t b = o->local_blocks; b < o->blocks && good; b++) good = run_block(o, b);
    o->steps++;
    return good;
}

/* When the latents of all rows are at rest at the end: rounds at the most, and how far they still move. */
enum { LAST_ROUNDS = 30 };
static const double LAST_REST = 1e-3;

bool cavi_finish(cavi *o) {
    if (!o->local || !o->steps) return true;
    uint32_t size = o->batches.size;
    if (!size) return run_rows(o, LAST_ROUNDS, LAST_REST);
    for (uint32_t first = 0; first < o->batches.count; first += size) {
        if (first + size > o->batches.count) first = o->batches.count - size;
        for (uint32_t i = 0; i < size; i++) o->last[i] = first + i + 1;
        batches_visit(&o->batches, o->last);
        if (!run_rows(o, LAST_ROUNDS, LAST_REST)) return false;
    }
    return true;
}

bool cavi_is_local(const cavi *o, const part *k) { return is_local(o, place_of(o, k->of) / ARGUMENTS); }

void cavi_carry(cavi *o, carrier *c) {
    carry(c, &o->steps, sizeof o->steps);
    batches_carry(&o->batches, c);
    for (uint32_t i = 0; i < o->of->count; i++)
        for (uint32_t k = 0; k < arguments_of(latent_at(o, i)); k++)
            carry(c, o->argument[i * ARGUMENTS + k], o->size[i] * sizeof(double));
}

void cavi_complain(const cavi *o, diagnostics *d) {
    if (!o->improper) {
        machine_complain(d, o->failed->machine, o->failed->tape, o->options->seed, o->steps - 1);
        return;
    }
    const variable_row *v = program_variable(o->of->program, latent_at(o, o->improper - 1)->of);
    diagnostic *said = diagnose(d, DIAGNOSTIC_not_finite, v->at,
                                "given the others `%s` has no proper distribution: its prior and data leave "
                                "it free",
                                v->name);
    advise(d, said, "give it a proper prior");
}

double cavi_value(const cavi *o) { return o->value; }

void cavi_read(cavi *o, double *x) {
    machine_run(o->reader, 0, 0);
    for (uint32_t b = 0; b < o->guide->parts.count; b++) {
        const part *k = &o->guide->parts.at[b];
        memcpy(x + k->offset, machine_output(o->reader, b), k->size * sizeof *x);
    }
}
