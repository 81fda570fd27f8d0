#include "runtime/infer/cavi.h"

#include <math.h>
#include <string.h>
#include "autodiff/machine.h"
#include "autodiff/passes.h"
#include "lang/conjugate.h"
#include "runtime/bind/marginal.h"
#include "runtime/infer/density.h"
#include "runtime/infer/transforms.h"

enum { ARGUMENTS = CONJUGATE_ARGUMENTS };

/* Latents that move at once, and what computes their arguments. */
typedef struct runner {
    machine *machine;
    tape *tape;
} runner;
typedef struct cavi_block {
    uint64_t members;   /* bit k: latent k */
    runner first, next; /* for the first step, and for the others; of the first block `next` has the ELBO */
} cavi_block;

struct cavi {
    const guide *guide;
    const conjugate *of;
    const model *model; /* of the expectations */
    double **argument;  /* by latent and argument: the guide's, which the machines read */
    uint64_t *size;     /* entries of a latent */
    double *zeros;      /* as many as the largest has */
    uint32_t blocks;
    cavi_block *block;
    machine *reader; /* to unconstrained numbers */
    uint64_t seed, steps;
    double value;
    const runner *failed; /* NULL while all is well */
    uint32_t improper; /* then: 1 + the latent whose guide would be none; 0 where the value is not finite */
};

/* ---- families ---- */

/* What a family is on a tape: its statistics' expectations by its arguments, and its arguments by the
 * natural parameters. */
typedef struct site {
    tape *t;
    axes event;
    ref argument[ARGUMENTS], natural[ARGUMENTS];
    ref zero; /* E d of a normal latent: an input, to be told from other zeros */
} site;

static ref sum_of(const site *s, ref x, ref y) { return tape_map2(s->t, OP_add, x, y); }
static ref difference(const site *s, ref x, ref y) { return tape_map2(s->t, OP_sub, x, y); }
static ref digamma(const site *s, ref x) { return tape_map1(s->t, OP_digamma, x); }
static ref log_of(const site *s, ref x) { return tape_map1(s->t, OP_log, x); }
static ref negative(const site *s, ref x) { return tape_map1(s->t, OP_neg, x); }
static ref one_more(const site *s, ref x) { return sum_of(s, x, tape_number(s->t, 1)); }

static void normal_statistics(const site *s, ref *out) {
    out[0] = s->zero;
    out[1] = tape_map2(s->t, OP_mul, s->argument[1], s->argument[1]);
}

static void normal_arguments(const site *s, ref *out) {
    ref precision = tape_map2(s->t, OP_mul, s->natural[1], tape_number(s->t, -2));
    out[0] = sum_of(s, s->argument[0], tape_map2(s->t, OP_div, s->natural[0], precision));
    out[1] = tape_map2(s->t, OP_div, tape_number(s->t, 1), tape_map1(s->t, OP_sqrt, precision));
}

static void gamma_statistics(const site *s, ref *out) {
    out[0] = tape_map2(s->t, OP_div, s->argument[0], s->argument[1]);
    out[1] = difference(s, digamma(s, s->argument[0]), log_of(s, s->argument[1]));
}

static void gamma_arguments(const site *s, ref *out) {
    out[0] = one_more(s, s->natural[1]);
    out[1] = negative(s, s->natural[0]);
}

static void inv_gamma_statistics(const site *s, ref *out) {
    gamma_statistics(s, out);
    out[1] = negative(s, out[1]);
}

static void inv_gamma_arguments(const site *s, ref *out) {
    out[0] = negative(s, one_more(s, s->natural[1]));
    out[1] = negative(s, s->natural[0]);
}

static void beta_statistics(const site *s, ref *out) {
    ref all = digamma(s, sum_of(s, s->argument[0], s->argument[1]));
    for (int k = 0; k < 2; k++) out[k] = difference(s, digamma(s, s->argument[k]), all);
}

static void beta_arguments(const site *s, ref *out) {
    for (int k = 0; k < 2; k++) out[k] = one_more(s, s->natural[k]);
}

static void dirichlet_statistics(const site *s, ref *out) {
    ref all = digamma(s, tape_sum(s->t, s->argument[0], s->event));
    out[0] = difference(s, digamma(s, s->argument[0]), all);
}

static void dirichlet_arguments(const site *s, ref *out) { out[0] = one_more(s, s->natural[0]); }

typedef void family_rule(const site *s, ref *out);
static const struct {
    family_rule *statistics, *arguments;
} RULES[] = {
    [CONJUGATE_normal] = {normal_statistics, normal_arguments},
    [CONJUGATE_gamma] = {gamma_statistics, gamma_arguments},
    [CONJUGATE_inv_gamma] = {inv_gamma_statistics, inv_gamma_arguments},
    [CONJUGATE_beta] = {beta_statistics, beta_arguments},
    [CONJUGATE_dirichlet] = {dirichlet_statistics, dirichlet_arguments},
};

static const conjugate_latent *latent_at(const cavi *o, uint32_t i) { return &o->of->at[i]; }
static uint32_t arguments_of(const conjugate_latent *x) { return CONJUGATES[x->kind].arguments; }
static bool is_positive(const conjugate_latent *x, uint32_t k) { return x->kind != CONJUGATE_normal || k; }

/* ---- writing the tapes ---- */

typedef struct written {
    tape *tape;
    lowering lowering;
    site *sites;
    ref *statistic; /* by latent and argument */
} written;

/* Inputs: the arguments of all latents, then a zero for each normal one. */
static written write_latents(const cavi *o, arena *a) {
    uint32_t count = o->of->count;
    written w = {.tape = arena_new(a, tape),
                 .sites = arena_array(a, site, count),
                 .statistic = arena_array(a, ref, count * ARGUMENTS)};
    tape_open(w.tape, a);
    w.lowering = lower_open(o->model, w.tape, 1);
    const program *p = o->of->program;
    for (uint32_t i = 0; i < count; i++) {
        const conjugate_latent *x = latent_at(o, i);
        axes of = lower_axes(&w.lowering, program_variable(p, x->of)->axes);
        w.sites[i] = (site){.t = w.tape, .event = lower_axes(&w.lowering, p->guide.at[i].event)};
        for (uint32_t k = 0; k < arguments_of(x); k++) {
            w.sites[i].argument[k] = tape_input(w.tape, of);
            lower_set(&w.lowering, x->argument[k], w.sites[i].argument[k]);
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        const conjugate_latent *x = latent_at(o, i);
        if (x->kind == CONJUGATE_normal)
            w.sites[i].zero = tape_input(w.tape, tape_at(w.tape, w.sites[i].argument[0])->axes);
        RULES[x->kind].statistics(&w.sites[i], w.statistic + i * ARGUMENTS);
        for (uint32_t k = 0; k < arguments_of(x); k++)
            lower_set(&w.lowering, x->statistic[k], w.statistic[i * ARGUMENTS + k]);
    }
    return w;
}

static void bind(const cavi *o, machine *m) {
    uint32_t slot = 0;
    for (uint32_t i = 0; i < o->of->count; i++)
        for (uint32_t k = 0; k < arguments_of(latent_at(o, i)); k++)
            machine_bind(m, slot++, o->argument[i * ARGUMENTS + k]);
    for (uint32_t i = 0; i < o->of->count; i++)
        if (latent_at(o, i)->kind == CONJUGATE_normal) machine_bind(m, slot++, o->zeros);
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
        for (uint32_t k = 0; k < arguments_of(x); k++) w.sites[i].natural[k] = *natural++;
        ref next[ARGUMENTS];
        RULES[x->kind].arguments(&w.sites[i], next);
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

/* Each latent joins the first block in which it meets none. */
static void find_blocks(cavi *o, arena *a) {
    o->block = arena_array(a, cavi_block, o->of->count);
    for (uint32_t i = 0; i < o->of->count; i++) {
        uint32_t b = 0;
        while (b < o->blocks && (o->block[b].members & latent_at(o, i)->meets)) b++;
        o->block[b].members |= (uint64_t)1 << i;
        if (b == o->blocks) o->blocks++;
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

/* The arguments of the guide at x. */
static void take_start(cavi *o, const double *x, arena *a) {
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
    for (uint32_t b = 0; b < parts; b++) machine_bind(m, b, x + o->guide->parts.at[b].offset);
    machine_run(m, 0, 0);
    for (uint32_t b = 0; b < parts; b++) {
        uint32_t at = place_of(o, o->guide->parts.at[b].of);
        memcpy(o->argument[at], machine_output(m, b), o->size[at / ARGUMENTS] * sizeof(double));
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

static void open_arguments(cavi *o, arena *a) {
    uint32_t count = o->of->count;
    uint64_t most = 1;
    o->argument = arena_array(a, double *, count *ARGUMENTS);
    o->size = arena_array(a, uint64_t, count);
    for (uint32_t i = 0; i < count; i++) {
        o->size[i] = model_size(o->model, program_variable(o->of->program, latent_at(o, i)->of)->axes);
        if (o->size[i] > most) most = o->size[i];
        for (uint32_t k = 0; k < ARGUMENTS; k++)
            o->argument[i * ARGUMENTS + k] = arena_take_aligned(a, o->size[i] * sizeof(double));
    }
    o->zeros = arena_take_aligned(a, most * sizeof(double));
}

cavi *cavi_new(diagnostics *d, const guide *g, const double *x, uint64_t seed, arena *a) {
    const conjugate *of = program_conjugate(d, g->model->program, a);
    if (!of) return NULL;
    cavi *o = arena_new(a, cavi);
    *o = (cavi){.guide = g, .of = of, .model = expected_model(g->model, of->program, a), .seed = seed};
    open_arguments(o, a);
    find_blocks(o, a);
    take_start(o, x, a);
    o->reader = reader_new(o, a);
    bool noisy = of->program->summed.count > 0;
    for (uint32_t b = 0; b < o->blocks; b++) {
        cavi_block *k = &o->block[b];
        if (!open_runner(d, o, k->members, false, b == 0, &k->next, a) ||
            !open_runner(d, o, k->members, noisy, false, &k->first, a))
            return NULL;
    }
    return o;
}

bool cavi_check(diagnostics *d, const program *p, const options *o) {
    return !is_cavi(o) || program_conjugate(d, p, d->arena) != NULL;
}

/* ---- steps ---- */

static bool is_proper(const conjugate_latent *x, uint32_t k, const double *argument, uint64_t size) {
    bool good = true;
    for (uint64_t i = 0; i < size; i++)
        good &= isfinite(argument[i]) != 0 && (!is_positive(x, k) || argument[i] > 0);
    return good;
}

/* The outputs of a block from number `first` on; false, and nothing moves, where one is no argument. */
static bool take_block(cavi *o, const cavi_block *b, const runner *by, uint32_t first) {
    uint32_t output = first;
    for (uint32_t i = 0; i < o->of->count; i++) {
        const conjugate_latent *x = latent_at(o, i);
        for (uint32_t k = 0; (b->members >> i & 1) && k < arguments_of(x); k++) {
            if (is_proper(x, k, machine_output(by->machine, output++), o->size[i])) continue;
            o->failed = by, o->improper = i + 1;
            return false;
        }
    }
    for (uint32_t i = 0; i < o->of->count; i++)
        for (uint32_t k = 0; (b->members >> i & 1) && k < arguments_of(latent_at(o, i)); k++)
            memcpy(o->argument[i * ARGUMENTS + k], machine_output(by->machine, first++),
                   o->size[i] * sizeof(double));
    return true;
}

bool cavi_step(cavi *o) {
    const runner *elbo = &o->block[0].next;
    machine_run(elbo->machine, o->seed, o->steps);
    o->value = machine_output(elbo->machine, 0)[0];
    if (!isfinite(o->value)) o->failed = elbo;
    for (uint32_t b = 0; b < o->blocks && !o->failed; b++) {
        const runner *by = o->steps ? &o->block[b].next : &o->block[b].first;
        if (by != elbo) machine_run(by->machine, o->seed, o->steps);
        take_block(o, &o->block[b], by, by == elbo);
    }
    o->steps++;
    return !o->failed;
}

void cavi_complain(const cavi *o, diagnostics *d) {
    if (!o->improper) {
        machine_complain(d, o->failed->machine, o->failed->tape, o->seed, o->steps - 1);
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
