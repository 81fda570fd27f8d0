#include "runtime/infer/particles.h"

#include <assert.h>
#include <math.h>
#include <string.h>
#include "autodiff/passes.h"
#include "runtime/bind/marginal.h"
#include "runtime/infer/particles_inside.h"
#include "runtime/infer/transforms.h"

/* ---- where entries lie ---- */

/* The number of the cell of entry `e` of a value over `own`, and of the entry among those of its cell. */
static uint64_t cell_of(const tape *t, axes own, axes plates, uint64_t e, uint64_t *inside) {
    uint64_t cell = 0, cells = 1, step = 1;
    *inside = 0;
    for (int i = own.count; i-- > 0;) {
        uint64_t size = t->axes.at[own.at[i]].size, at = e % size;
        e /= size;
        if (axes_has(plates, own.at[i])) cell += at * cells, cells *= size;
        else *inside += at * step, step *= size;
    }
    return cell;
}

static uint32_t number_in_space(const space *s, variable v) {
    uint32_t i = 0;
    while (s->of[i] != v) i++;
    return i;
}

/* Fills the places of the block's entries, and the part that its cells have in the partition. */
static void place_block(particles *t, const lowering *l, uint32_t k, arena *a) {
    const particle_block *plan = &t->plan[k];
    const space *s = t->space;
    partition *p = &t->parts;
    block *b = &t->blocks[k];
    uint64_t offset = 0, inner = 0;
    axes plates = lower_axes(l, plan->plates);
    b->cells = model_size(&t->model, plan->plates);
    for (uint32_t i = 0; i < plan->count; i++) b->size += transform_size(s->model, plan->of[i]) / b->cells;
    b->first_cell = p->cells;
    b->particles = plan->particles;
    b->offset = arena_array(a, uint64_t, plan->count);
    b->place = arena_array(a, uint64_t, b->cells * b->size);
    for (uint64_t c = 0; c < b->cells; c++) {
        p->first[p->cells + c] = p->locals + c * b->size;
        p->square[p->cells + c] = p->square[p->cells] + c * b->size * b->size;
    }
    for (uint32_t i = 0; i < plan->count; i++) {
        uint64_t size = transform_size(s->model, plan->of[i]), inside;
        uint64_t from = s->offset[number_in_space(s, plan->of[i])];
        axes own = transform_axes(l, plan->of[i]);
        b->offset[i] = offset;
        for (uint64_t e = 0; e < size; e++) {
            uint64_t cell = cell_of(l->tape, own, plates, e, &inside);
            b->place[cell * b->size + inner + inside] = offset + e;
            p->local[p->locals + cell * b->size + inner + inside] = from + e;
        }
        offset += size;
        inner += size / b->cells;
    }
    uint64_t squares = p->square[p->cells] + b->cells * b->size * b->size;
    p->cells += b->cells;
    p->locals += b->cells * b->size;
    p->first[p->cells] = p->locals;
    p->square[p->cells] = squares;
}

static void find_partition(particles *t, arena *a) {
    const space *s = t->space;
    arena *scratch = arena_inside(a);
    tape *none = arena_new(scratch, tape);
    tape_open(none, scratch);
    lowering l = lower_open(&t->model, none, 1);
    t->parts = (partition){.size = s->size,
                           .global = arena_array(a, uint64_t, s->size),
                           .local = arena_array(a, uint64_t, s->size),
                           .first = arena_array(a, uint64_t, s->size + 1),
                           .square = arena_array(a, uint64_t, s->size + 1)};
    for (uint32_t k = 0; k < t->count; k++) place_block(t, &l, k, a);
    arena_close(scratch);
    for (uint32_t i = 0; i < s->count; i++) {
        bool local = program_variable(t->model.program, s->of[i])->kind == VARIABLE_summed;
        for (uint64_t e = 0; !local && e < transform_size(s->model, s->of[i]); e++)
            t->parts.global[t->parts.globals++] = s->offset[i] + e;
    }
}

/* Points of a rank-1 lattice: multiples of (1, g, …) / K, where each g is the nearest to a power of the root
 * of x^d = x + 1, inverted, times K: for two dimensions and K = 34 that is Fibonacci's. */
static void make_lattice(block *b, arena *a) {
    b->lattice = arena_array(a, double, b->particles * b->size);
    double root = 1.5;
    for (int i = 0; i < 50 && b->size > 1; i++) root = pow(1 + root, 1 / (double)b->size);
    for (uint64_t j = 0; j < b->size; j++) {
        uint64_t step = j ? (uint64_t)lround(b->particles * pow(root, -(double)j)) : 1;
        for (uint32_t k = 0; k < b->particles; k++)
            b->lattice[k * b->size + j] = (double)(k * step % b->particles) / b->particles;
    }
}

/* ---- the tape ---- */

void particles_sum(const particles *t, tape *written, particle_sum *to) {
    const space *s = t->space;
    arena *a = written->arena;
    to->l = lower_open(&t->model, written, t->points);
    lowering *l = &to->l;
    uint32_t discrete = s->model->program->summed.count;
    to->given = assignment_open(l);
    to->weights = arena_array(a, ref, t->count);
    assignment *given = &to->given;
    ref *sources = arena_array(a, ref, t->model.program->summed.count), globals = 0;
    axis joint = AXIS_NONE;
    uint64_t offset = 0;
    if (t->parts.globals) {
        joint = tape_add_axis(written, "latents", (uint32_t)t->parts.globals);
        globals = tape_input(written, axes_with(axes_one(l->draw), joint));
    }
    for (uint32_t i = 0; i < s->count; i++) {
        if (program_variable(t->model.program, s->of[i])->kind == VARIABLE_summed) continue;
        given->entries[s->of[i]] = tape_slice(written, globals, joint, offset, transform_axes(l, s->of[i]));
        offset += transform_size(s->model, s->of[i]);
    }
    for (uint32_t k = 0; k < t->count; k++) {
        block *b = &t->blocks[k];
        axes states = axes_one(l->states[discrete + k]), own = lower_axes(l, t->plan[k].plates);
        axis entries = tape_add_axis(written, "entries", (uint32_t)(b->cells * b->size));
        ref x = tape_input(written, axes_with(axes_with(states, l->draw), entries));
        to->weights[k] = tape_input(written, axes_with(axes_union(states, own), l->draw));
        sources[discrete + k] = tape_map1(written, OP_log, to->weights[k]);
        for (uint32_t i = 0; i < t->plan[k].count; i++) {
            variable v = t->plan[k].of[i];
            given->entries[v] = tape_slice(written, x, entries, b->offset[i], transform_axes(l, v));
            given->kept[v] = own;
        }
    }
    for (uint32_t i = 0; i < s->count; i++)
        if (s->movable[i]) given->centring[s->of[i]] = tape_input(written, transform_axes(l, s->of[i]));
    assignment_set_all(given);
    for (uint32_t k = 0; k < t->count; k++)
        for (uint32_t i = 0; i < t->plan[k].count; i++)
            sources[discrete + k] =
                tape_map2(written, OP_add, sources[discrete + k], given->own_jacobian[t->plan[k].of[i]]);
    l->marginal = marginal_new(l, OP_log_sum_exp, sources);
    ref weight = tape_map2(written, OP_add, lower_log_density(l), given->log_jacobian);
    to->log_weight = tape_expand(written, weight, axes_one(l->draw));
}

/* Outputs: the log weight but for the globals' own density, then of the draws with the particles that were
 * drawn: log density, log likelihood, what is reported; last of each block which particles these are. */
static void write_tape(particles *t, tape *written) {
    const space *s = t->space;
    uint32_t discrete = s->model->program->summed.count;
    particle_sum sum;
    particles_sum(t, written, &sum);
    lowering *l = &sum.l;
    tape_output(written, sum.log_weight);
    marginal_draw(l->marginal);

    lowering picked = lower_fork(l);
    picked.model = s->model;
    assignment drawn = assignment_open(&picked);
    for (uint32_t i = 0; i < s->count; i++) {
        drawn.entries[s->of[i]] = sum.given.entries[s->of[i]];
        drawn.centring[s->of[i]] = sum.given.centring[s->of[i]];
    }
    for (uint32_t k = 0; k < t->count; k++)
        for (uint32_t i = 0; i < t->plan[k].count; i++)
            drawn.entries[t->plan[k].of[i]] =
                tape_gather(written, sum.given.entries[t->plan[k].of[i]],
                            marginal_number(l->marginal, discrete + k), l->states[discrete + k]);
    assignment_set_all(&drawn);
    ref log_density = tape_map2(written, OP_add, lower_log_density(&picked), drawn.log_jacobian);
    tape_output(written, tape_expand(written, log_density, axes_one(l->draw)));
    tape_output(written, tape_expand(written, lower_log_likelihood(&picked), axes_one(l->draw)));
    reported_output(t->report, &picked);
    for (uint32_t k = 0; k < t->count; k++) {
        axes own = axes_with(lower_axes(l, t->plan[k].plates), l->draw);
        tape_output(written, tape_expand(written, marginal_number(l->marginal, discrete + k), own));
    }
}

/* Entries that are computed for a draw. */
static uint64_t entries_computed(const tape *t, uint32_t points) {
    uint64_t sum = 0;
    for (ref r = 1; r < t->code.count; r++) sum += tape_size(t, tape_at(t, r)->axes);
    return sum / points;
}

/* Entries of the largest value that a draw takes. */
static uint64_t largest_entries(const tape *t, uint32_t points) {
    uint64_t largest = 1;
    for (ref r = 1; r < t->code.count; r++) {
        uint64_t size = tape_size(t, tape_at(t, r)->axes) / points;
        if (size > largest) largest = size;
    }
    return largest;
}

void particles_bind(const particles *t, machine *m) {
    uint32_t slot = 0;
    if (t->parts.globals) machine_bind(m, slot++, t->globals);
    for (uint32_t k = 0; k < t->count; k++) {
        machine_bind(m, slot++, t->blocks[k].at);
        machine_bind(m, slot++, t->blocks[k].weight);
    }
    space_bind(t->space, slot, m);
}

static void make_machine(particles *t, arena *a) {
    t->machine = machine_new(a, t->tape, t->model.team);
    t->globals = arena_take_aligned(a, t->points * t->parts.globals * sizeof(double));
    for (uint32_t k = 0; k < t->count; k++) {
        block *b = &t->blocks[k];
        uint64_t rows = (uint64_t)b->particles * t->points;
        b->at = arena_take_aligned(a, rows * b->cells * b->size * sizeof(double));
        b->weight = arena_take_aligned(a, rows * b->cells * sizeof(double));
        make_lattice(b, a);
    }
    particles_bind(t, t->machine);
}

/* Entries that draws may compute: a few seconds. */
static const uint64_t WORK_MOST = UINT64_C(1) << 32;
enum { DRAWS_LEAST = 4000 };

bool particles_afford(const particles *t, uint64_t count) { return count * t->work <= WORK_MOST; }

particles *particles_plan(const space *s, const reported *r, arena *a) {
    apart plan = apart_find(s, a);
    if (!plan.program) return NULL;
    particles *t = arena_new(a, particles);
    *t = (particles){.space = s,
                     .report = r,
                     .model = *s->model,
                     .plan = plan.blocks,
                     .because = plan.because,
                     .count = plan.count};
    t->model.program = plan.program;
    t->blocks = arena_array(a, block, t->count);
    find_partition(t, a);
    const uint64_t room = 1u << 17;
    t->points = 2;
    for (int round = 0; round < 2; round++) {
        tape *written = arena_new(a, tape);
        tape_open(written, a);
        write_tape(t, written);
        if (round == 0) {
            uint64_t fit = room / largest_entries(written, t->points);
            t->points = (uint32_t)(fit < 1 ? 1 : fit > 250 ? 250 : fit);
            continue;
        }
        t->tape = arena_new(a, tape);
        tape_compile(written, t->tape, a, NULL, NULL);
    }
    t->work = entries_computed(t->tape, t->points);
    return t;
}

particles *particles_new(const space *s, const reported *r, uint64_t seed, vigil *v, arena *a) {
    particles *t = particles_plan(s, r, a);
    if (!t || !particles_afford(t, DRAWS_LEAST)) return NULL;
    t->seed = seed, t->vigil = v;
    make_machine(t, a);
    return t;
}

uint32_t particles_each(const particles *t, uint32_t i, const char **why) {
    *why = joint_text(t->because[i]);
    for (uint32_t k = 0; k < t->count; k++)
        for (uint32_t n = 0; n < t->plan[k].count; n++)
            if (t->plan[k].of[n] == t->space->of[i]) return t->plan[k].particles;
    return 0;
}

particle_cost particles_cost(const particles *t) {
    const program *p = t->model.program;
    particle_cost cost = {.numbers = (double)t->work};
    for (uint32_t i = 0; i < p->eliminations.count; i++) {
        uint32_t states[TERMS_MOST], count = elimination_states(p, i, states);
        double terms = (double)model_size(&t->model, p->eliminations.at[i].plates);
        for (uint32_t k = 0; k < count; k++) terms *= model_states(&t->model, states[k]);
        cost.terms = fmax(cost.terms, terms);
    }
    return cost;
}

const char *particles_axes(const particles *t, arena *a) {
    const char *text = "";
    axes named = {0};
    for (uint32_t k = 0; k < t->count; k++) named = axes_union(named, t->plan[k].plates);
    for (int i = 0; i < named.count; i++)
        text =
            arena_print(a, "%s%s%s", text, i ? ", " : "", program_axis(t->model.program, named.at[i])->name);
    return text;
}

uint64_t particles_globals(const particles *t) { return t->parts.globals; }

/* ---- draws ---- */

/* The quantile p of Tukey's lambda distribution, c ((1 - p)^(-1/4) - p^(-1/4)), whose density has tails as
 * |x|^-5; c makes it at 0 that of a standard normal. The slope is the inverse of the density. */
static double lambda_quantile(double p, double *slope) {
    const double c = 2.1078096302246445; /* sqrt(2 pi) / 2^(1/4) */
    double a = 1 / sqrt(sqrt(p)), b = 1 / sqrt(sqrt(1 - p));
    *slope = 0.25 * c * (a / p + b / (1 - p));
    return c * (b - a);
}

/* The particles of one cell for one point, with their weights. */
static void fill_cell(const particles *t, const block *b, uint64_t cell, uint32_t point, const double *mean,
                      const double *factor, rng *r) {
    uint64_t d = b->size, entries = b->cells * d;
    double shift[CELL_MOST], z[CELL_MOST], scale = 1 / (double)b->particles;
    for (uint64_t j = 0; j < d; j++) {
        shift[j] = rng_uniform(r);
        scale *= factor[j * d + j];
    }
    for (uint32_t k = 0; k < b->particles; k++) {
        uint64_t row = (uint64_t)k * t->points + point;
        double *x = b->at + row * entries, weight = scale, slope;
        for (uint64_t j = 0; j < d; j++) {
            double p = shift[j] + b->lattice[k * d + j];
            z[j] = lambda_quantile(fmin(fmax(p >= 1 ? p - 1 : p, 0x1p-40), 1 - 0x1p-40), &slope);
            weight *= slope;
        }
        for (uint64_t j = 0; j < d; j++) {
            double y = mean[j];
            for (uint64_t i = 0; i <= j; i++) y += factor[j * d + i] * z[i];
            x[b->place[cell * d + j]] = y;
        }
        b->weight[row * b->cells + cell] = weight;
    }
}

/* All particles of a point whose globals are in place; `means` has room for the locals. */
void particles_fill(const particles *t, const conditional *c, uint32_t point, double *means, rng *r) {
    const partition *p = &t->parts;
    conditional_means(p, c, t->globals + point * p->globals, means);
    for (uint32_t k = 0; k < t->count; k++) {
        const block *b = &t->blocks[k];
        for (uint64_t i = 0, cell = b->first_cell; i < b->cells; i++, cell++)
            fill_cell(t, b, i, point, means + p->first[cell], c->factor + p->square[cell], r);
    }
}

/* The point of the space that the last run has drawn. */
static void take_point(const particles *t, uint32_t point, double *to) {
    const partition *p = &t->parts;
    uint32_t output = 3 + t->report->count;
    for (uint64_t i = 0; i < p->globals; i++) to[p->global[i]] = t->globals[point * p->globals + i];
    for (uint32_t k = 0; k < t->count; k++) {
        const block *b = &t->blocks[k];
        const double *drawn = machine_output(t->machine, output + k) + point * b->cells;
        for (uint64_t i = 0; i < b->cells; i++) {
            uint64_t row = ((uint64_t)drawn[i] - 1) * t->points + point;
            for (uint64_t j = 0; j < b->size; j++)
                to[p->local[p->first[b->first_cell + i] + j]] =
                    b->at[row * b->cells * b->size + b->place[i * b->size + j]];
        }
    }
}

void particles_rehearse_guide(const particles *t, arena *a) {
    const partition *p = &t->parts;
    arena_array(a, double,
                (p->globals + 2) * p->globals + (p->globals + 1) * p->locals + p->square[p->cells]);
}

proposal particles_of_globals(const guide_along *g, arena *a) {
    proposal p = {g->count, arena_array(a, gaussian, g->count), g->weight};
    for (uint32_t k = 0; k < g->count; k++) p.parts[k] = g->parts[k].globals;
    return p;
}

guide_along particles_guide(const particles *t, const proposal *joint, arena *a) {
    guide_along g = {joint->count, arena_array(a, conditional, joint->count), joint->weight};
    for (uint32_t k = 0; k < joint->count; k++) g.parts[k] = conditional_of(&t->parts, &joint->parts[k], a);
    return g;
}

bool particles_guide_of_points(const particles *t, const double *points, uint64_t count, guide_along *to,
                               arena *a) {
    uint64_t n = t->space->size;
    gaussian like = {n, arena_array(a, double, n), NULL, arena_array(a, double, n), algebra_open(0, a)};
    double *log_weight = arena_array(a, double, count);
    for (uint64_t b = 0; b < count; b++) log_weight[b] = -log((double)count);
    if (!gaussian_of_points(&like, points, NULL, count, a)) return false;
    proposal p = proposal_of(&like, a);
    guide_along apart = particles_guide(t, &p, a);
    *to = (guide_along){1, arena_new(a, conditional), apart.weight};
    return conditional_refit(&t->parts, apart.parts, points, log_weight, count, (double)count, to->parts, a);
}

uint64_t particles_entries(const particles *t) { return t->report->scalars + t->space->size; }

uint64_t particles_refit_draws(const particles *t, uint64_t most) {
    uint64_t enough = 1000 + 50 * t->parts.globals;
    return enough < most ? enough : most;
}

drawing particles_draw(particles *t, const guide_along *g, uint64_t count, rng *r, arena *a) {
    uint64_t n = t->space->size, globals = t->parts.globals;
    drawing d = drawing_new(t->report, n, g->count, count, a);
    proposal p = particles_of_globals(g, d.arena);
    double *log_scales = proposal_log_scales(&p, d.arena), *scratch = arena_array(d.arena, double, n);
    for (uint64_t first = 0; first < d.sample.count; first += t->points) {
        uint64_t left = count - first, here = left < t->points ? left : t->points;
        for (uint64_t b = first; b < first + here; b++) {
            double *x = t->globals + (b - first) * globals;
            uint32_t part = proposal_place(&p, b, count, r, x);
            d.sample.log_guide[b] =
                proposal_density(&p, log_scales, x, &d.log_normal[b], &d.log_parts[b * p.count], scratch);
            particles_fill(t, &g->parts[part], (uint32_t)(b - first), scratch, r);
        }
        machine_run(t->machine, t->seed, t->runs++);
        const double *log_evidence = machine_output(t->machine, 0);
        memcpy(d.sample.log_density + first, machine_output(t->machine, 1), here * sizeof(double));
        memcpy(d.sample.log_likelihood + first, machine_output(t->machine, 2), here * sizeof(double));
        reported_take(t->report, t->machine, 3, here, &d.sample, first);
        for (uint64_t b = first; b < first + here; b++) {
            double log_weight = log_evidence[b - first] - d.sample.log_guide[b];
            for (uint32_t k = 0; k < p.count; k++) d.log_parts[b * p.count + k] -= d.sample.log_guide[b];
            d.sample.log_guide[b] = d.sample.log_density[b] - log_weight;
            take_point(t, (uint32_t)(b - first), d.points + b * n);
        }
        vigil_asks(t->vigil, "draws");
        if (p.count == 1 && vigil_is_over(t->vigil)) d.sample.count = first + here;
    }
    sample_weigh(&d.sample, d.arena);
    return d;
}

bool particles_refit(const particles *t, const drawing *d, const guide_along *old, guide_along *refitted,
                     arena *a) {
    uint64_t count = d->sample.count;
    double *log_weight = arena_array(d->arena, double, count);
    *refitted = (guide_along){old->count, arena_array(a, conditional, old->count),
                              arena_array(a, double, old->count)};
    for (uint32_t k = 0; k < old->count; k++) {
        double share = 0, squares = 0;
        for (uint64_t b = 0; b < count; b++) {
            log_weight[b] = d->sample.log_weight[b] + d->log_parts[b * old->count + k];
            share += exp(log_weight[b]);
            squares += exp(2 * log_weight[b]);
        }
        if (!(share > 0)) return false;
        for (uint64_t b = 0; b < count; b++) log_weight[b] -= log(share);
        refitted->weight[k] = share;
        if (!conditional_refit(&t->parts, &old->parts[k], d->points, log_weight, count,
                               share * share / squares, &refitted->parts[k], a))
            return false;
    }
    return true;
}

guide_along particles_widened(const particles *t, const guide_along *g, arena *a) {
    guide_along w = {g->count, arena_array(a, conditional, g->count), g->weight};
    double by = 1 + 1.5 / sqrt(1.0 + (double)t->parts.globals);
    for (uint32_t k = 0; k < g->count; k++) w.parts[k] = conditional_widened(&t->parts, &g->parts[k], by, a);
    return w;
}
