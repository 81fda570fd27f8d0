#include "runtime/infer/tmc.h"

#include <math.h>
#include "runtime/bind/marginal.h"
#include "runtime/infer/apart.h"
#include "runtime/infer/dependence.h"
#include "runtime/infer/terms.h"
#include "runtime/infer/transforms.h"

/* Entries of the largest value that a step computes: 1 GiB. */
static const uint64_t TERMS_LARGEST = UINT64_C(1) << 27;

bool is_tmc(const options *o) { return o->objective.word == OBJECTIVE_tmc; }

/* ---- what may be asked for ---- */

static bool refuse(diagnostics *d, span at, const char *what, const char *help) {
    advise(d, diagnose(d, DIAGNOSTIC_option, at, "`objective = tmc`, but %s", what), "%s", help);
    return false;
}

/* A statement stands alone: its arguments need no other latent. */
static bool check_statement(diagnostics *d, const program *p, const options *o, const draw *s) {
    const char *name = program_variable(p, s->of)->name;
    bool *latents = arena_array(d->arena, bool, p->variables.count);
    for (variable v = 0; v < p->variables.count; v++)
        latents[v] = program_variable(p, v)->kind == VARIABLE_latent && v != s->of;
    dependence others = dependence_of(p, latents, d->arena);
    gradient_choice how = gradient_of(p, o, s->of);
    if (!s->pathwise || gradient_is_scored(how) || gradient_is_relaxed(how))
        return refuse(d, s->at, arena_print(d->arena, "draws of `%s` have no derivative", name),
                      "use `iwae`, which has score functions, or a distribution whose draws have one");
    if (!is_whole(p, s->of))
        return refuse(d, s->at,
                      arena_print(d->arena, "`%s` is drawn in parts, or follows from its lags", name),
                      "draw all its entries by one statement, or use `iwae`");
    if (dependence_has(&others, s->sample) || dependence_has(&others, s->log_density))
        return refuse(d, s->at,
                      arena_print(d->arena,
                                  "the guide of `%s` follows from another latent, whose particles it "
                                  "would have to know",
                                  name),
                      "let its arguments be free, or functions of data and params, or use `iwae`");
    return true;
}

static bool check_options(diagnostics *d, const options *o) {
    static const option_id OTHERS[] = {OPTION_batch, OPTION_beta, OPTION_anneal, OPTION_free_bits,
                                       OPTION_noise};
    option_id other = options_first_given(o, OTHERS, sizeof OTHERS / sizeof *OTHERS);
    return other == OPTION_count ||
           refuse(d, NO_PLACE,
                  arena_print(d->arena, "`%s` is given, which this bound does not have", OPTIONS[other].name),
                  "leave it out, or use `iwae`");
}

bool tmc_check(diagnostics *d, const program *p, const options *o) {
    if (!is_tmc(o)) return true;
    bool good = check_options(d, o), latents = p->guide.count > 0;
    for (uint32_t i = 0; i < p->guide.count; i++) good &= check_statement(d, p, o, &p->guide.at[i]);
    for (uint32_t f = 0; f < p->families.count; f++) {
        family_kind kind = family_asked(&p->families.at[f], o);
        latents |= p->families.at[f].count > 0;
        if (kind != FAMILY_auto && kind != FAMILY_mean_field && p->families.at[f].count)
            good = refuse(d, p->families.at[f].at, "the family ties its latents together",
                          "use `mean_field()`, or `iwae` for the others");
    }
    if (!latents)
        good = refuse(d, NO_PLACE, "there is no latent to have particles", "use `em`, or leave it out");
    return good;
}

/* ---- on the tape ---- */

typedef struct combiner {
    const guide *guide;
    const family_axes *families;
    const guide_tape *on;
    tape *t;
    lowering *l; /* of the program in which the particles are summed out */
    apart plan;
    uint32_t discrete, particles; /* discrete latents that are summed out besides */
    ref *x;                       /* by latent: what is drawn, unconstrained of families */
} combiner;

static ref add(combiner *c, ref x, ref y) { return tape_map2(c->t, OP_add, x, y); }
static ref less(combiner *c, ref x, ref y) { return tape_map2(c->t, OP_sub, x, y); }
static ref product(combiner *c, ref x, ref y) { return tape_map2(c->t, OP_mul, x, y); }
static ref still(combiner *c, ref x, bool is) { return is ? tape_map1(c->t, OP_stop, x) : x; }

/* A lowering of the program itself whose draws are the particles of a block; what is free may be stopped. */
static lowering *fork_of(combiner *c, uint32_t k, bool stopped) {
    lowering *fork = arena_new(c->t->arena, lowering);
    *fork = lower_fork(c->l);
    fork->model = c->guide->model;
    fork->draw = c->l->states[c->discrete + k];
    assignment given = assignment_open(fork);
    for (uint32_t b = 0; b < c->guide->parts.count; b++) {
        variable of = c->guide->parts.at[b].of;
        if (of != VARIABLE_NONE) given.entries[of] = still(c, c->on->parts[b], stopped);
    }
    assignment_set_all(&given);
    return fork;
}

/* The entries of a latent that the mean field number f draws, of a value over its rows. */
static ref slice_of(const combiner *c, uint32_t f, variable v, ref over_rows) {
    const space *s = &c->guide->families.at[f].space;
    uint32_t i = 0;
    while (s->of[i] != v) i++;
    return tape_slice(c->t, over_rows, c->families[f].rows, s->offset[i], transform_axes(c->l, v));
}

static uint32_t family_of(const combiner *c, variable v) {
    for (uint32_t f = 0;; f++)
        for (uint32_t i = 0; i < c->guide->families.at[f].space.count; i++)
            if (c->guide->families.at[f].space.of[i] == v) return f;
}

static void draw_block(combiner *c, uint32_t k) {
    lowering *fork = fork_of(c, k, false);
    const program *p = c->guide->model->program;
    const particle_block *b = &c->plan.blocks[k];
    for (uint32_t i = 0; i < b->count; i++) {
        variable v = b->of[i];
        const draw *s = program_guide_statement(p, v);
        axes own = s ? lower_axes(c->l, program_variable(p, v)->axes) : transform_axes(c->l, v);
        if (s) c->x[v] = lower_node(fork, s->sample);
        else {
            uint32_t f = family_of(c, v);
            const guide_family *x = &c->guide->families.at[f];
            family_draw d =
                family_write(&x->layout, &c->families[f], c->t, c->on->parts + x->first_part, fork->draw);
            c->x[v] = slice_of(c, f, v, d.u);
        }
        c->x[v] = tape_expand(c->t, c->x[v], axes_with(own, fork->draw));
    }
}

/* Of a mean field, entry by entry. */
static ref log_normal(combiner *c, variable v, ref u, bool stopped) {
    uint32_t f = family_of(c, v);
    const ref *tensors = c->on->parts + c->guide->families.at[f].first_part;
    ref mean = slice_of(c, f, v, still(c, tensors[0], stopped)),
        log_scale = slice_of(c, f, v, still(c, tensors[1], stopped));
    ref e = tape_map2(c->t, OP_div, less(c, u, mean), tape_map1(c->t, OP_exp, log_scale));
    ref half = product(c, tape_number(c->t, -0.5), product(c, e, e));
    return less(c, less(c, half, log_scale), tape_number(c->t, 0.5 * log(2 * M_PI)));
}

/* By particle of an entry: - log (K q). */
static ref log_weight(combiner *c, uint32_t k, const ref *x, bool stopped) {
    const program *p = c->guide->model->program;
    const particle_block *b = &c->plan.blocks[k];
    lowering *fork = fork_of(c, k, stopped);
    ref total = tape_number(c->t, -log(c->particles));
    for (uint32_t i = 0; i < b->count; i++) {
        variable v = b->of[i];
        const draw *s = program_guide_statement(p, v);
        if (s) lower_set(fork, v, x[v]);
        ref log_q = s ? lower_node(fork, s->log_density) : log_normal(c, v, x[v], stopped);
        axes over = s ? lower_axes(c->l, s->axes) : transform_axes(c->l, v);
        total = less(c, total, tape_sum(c->t, log_q, axes_minus(over, lower_axes(c->l, b->plates))));
    }
    axes own = lower_axes(c->l, b->plates);
    return tape_expand(c->t, total, axes_with(own, c->l->states[c->discrete + k]));
}

/* The log of the sum over all combinations; *sources become what weighs the particles, by number of what is
 * summed out. */
static ref sum_combinations(combiner *c, const ref *x, bool stopped, ref *sources) {
    lowering *l = arena_new(c->t->arena, lowering);
    *l = lower_fork(c->l);
    assignment given = assignment_open(l);
    for (uint32_t b = 0; b < c->guide->parts.count; b++)
        if (c->guide->parts.at[b].of != VARIABLE_NONE)
            given.entries[c->guide->parts.at[b].of] = c->on->parts[b];
    for (uint32_t k = 0; k < c->plan.count; k++)
        for (uint32_t i = 0; i < c->plan.blocks[k].count; i++) {
            variable v = c->plan.blocks[k].of[i];
            given.kept[v] = lower_axes(l, c->plan.blocks[k].plates);
            if (program_guide_statement(c->guide->model->program, v)) lower_set(l, v, x[v]);
            else given.entries[v] = x[v];
        }
    assignment_set_all(&given);
    for (uint32_t k = 0; k < c->plan.count; k++) {
        const particle_block *b = &c->plan.blocks[k];
        ref source = log_weight(c, k, x, stopped);
        if (!b->plates.count) source = add(c, source, given.log_jacobian);
        for (uint32_t i = 0; i < b->count; i++)
            if (given.own_jacobian[b->of[i]]) source = add(c, source, given.own_jacobian[b->of[i]]);
        sources[c->discrete + k] = source;
    }
    l->marginal = marginal_new(l, OP_log_sum_exp, sources);
    return tape_sum(c->t, lower_log_density(l), axes_one(l->draw));
}

/* Draws whose derivative is multiplied by the probability of the particle: see tmc.h. */
static ref *weighted_paths(combiner *c, ref total, const ref *sources) {
    ref *paths = arena_array(c->t->arena, ref, c->l->model->program->variables.count), culprit;
    ref *shares = arena_array(c->t->arena, ref, c->plan.count);
    if (!tape_gradient(c->t, total, sources + c->discrete, c->plan.count, shares, &culprit)) return NULL;
    for (uint32_t k = 0; k < c->plan.count; k++)
        for (uint32_t i = 0; i < c->plan.blocks[k].count; i++) {
            variable v = c->plan.blocks[k].of[i];
            ref at = still(c, c->x[v], true);
            paths[v] = add(c, at, product(c, still(c, shares[k], true), less(c, c->x[v], at)));
        }
    return paths;
}

static bool small_enough(diagnostics *d, const tape *t, const options *o) {
    uint64_t largest = 0;
    for (ref r = 1; r < t->code.count; r++) {
        uint64_t size = tape_size(t, tape_at(t, r)->axes);
        if (size > largest) largest = size;
    }
    if (largest <= TERMS_LARGEST) return true;
    return refuse(d, NO_PLACE,
                  arena_print(d->arena, "the sum over combinations of %u particles has %.2g terms at once",
                              o->objective.count, (double)largest),
                  "use fewer particles, `tmc(3)`, or `iwae`");
}

bool tmc_write(diagnostics *d, const guide *g, const options *o, tape *t, lowering *l, guide_tape *on,
               estimate *e) {
    arena *a = t->arena;
    const program *p = g->model->program;
    space s = space_of_latents(g->model, true, a);
    combiner c = {.guide = g,
                  .t = t,
                  .plan = apart_for_combinations(&s, o->objective.count, a),
                  .discrete = p->summed.count,
                  .particles = o->objective.count};
    model *summed = arena_new(a, model);
    *summed = *g->model;
    summed->program = c.plan.program;
    *l = lower_open(summed, t, 1);
    c.l = l;
    *on = (guide_tape){.live = l};
    c.families = guide_write_parts(g, l, on);
    c.on = on;
    c.x = arena_array(a, ref, c.plan.program->variables.count);
    for (uint32_t k = 0; k < c.plan.count; k++) draw_block(&c, k);
    ref *sources = arena_array(a, ref, c.plan.program->summed.count),
        *others = arena_array(a, ref, c.plan.program->summed.count);
    ref total = sum_combinations(&c, c.x, false, sources), climbed = total;
    if (gradient_of(p, o, s.of[0]).kind == ESTIMATOR_dreg) {
        const ref *paths = weighted_paths(&c, total, sources);
        if (paths) climbed = sum_combinations(&c, paths, true, others);
    }
    *e = (estimate){.value = total, .surrogate = climbed, .rises = 1};
    return small_enough(d, t, o);
}
