#include "runtime/infer/shares.h"

#include <assert.h>
#include <math.h>
#include "autodiff/passes.h"
#include "runtime/infer/particles_inside.h"

/* Weights of all entries together, and draws below which they tell nothing. */
enum { WEIGHTS_MOST = 1 << 22, DRAWS_MOST = 1000, DRAWS_LEAST = 200 };

typedef struct finder {
    const particles *of;
    machine *machine;
    uint64_t count, *first; /* draws; by cell: of its weights among all */
    double *log_weight;     /* by cell, draw and particle */
} finder;

machine *particles_shares(const particles *t, arena *a) {
    tape written, *run = arena_new(a, tape);
    particle_sum sum;
    tape_open(&written, a);
    particles_sum(t, &written, &sum);
    ref total = tape_sum(&written, sum.log_weight, axes_one(sum.l.draw)), culprit;
    ref *gradient = arena_array(a, ref, t->count);
    bool found = tape_gradient(&written, total, sum.weights, t->count, gradient, &culprit);
    assert(found && "the fit has differentiated it");
    (void)found;
    tape_output(&written, sum.log_weight);
    for (uint32_t k = 0; k < t->count; k++) {
        ref share = tape_map2(&written, OP_mul, sum.weights[k], gradient[k]);
        tape_output(&written, tape_expand(&written, share, tape_at(&written, sum.weights[k])->axes));
    }
    tape_compile(&written, run, a, NULL, NULL);
    machine *m = machine_new(a, run, t->model.team);
    particles_bind(t, m);
    return m;
}

static finder *finder_new(const particles *t, uint64_t count, arena *a) {
    uint64_t each = 0;
    for (uint32_t k = 0; k < t->count; k++) each += t->blocks[k].cells * t->blocks[k].particles;
    uint64_t most = WEIGHTS_MOST / each;
    if (most > DRAWS_MOST) most = DRAWS_MOST;
    if (most > count) most = count;
    if (most < DRAWS_LEAST) return NULL;
    finder *f = arena_new(a, finder);
    *f = (finder){.of = t, .count = most};
    f->first = arena_array(a, uint64_t, t->parts.cells);
    f->log_weight = arena_array(a, double, most *each);
    uint64_t at = 0;
    for (uint32_t k = 0; k < t->count; k++)
        for (uint64_t c = 0; c < t->blocks[k].cells; c++, at += most * t->blocks[k].particles)
            f->first[t->blocks[k].first_cell + c] = at;
    f->machine = particles_shares(t, a);
    return f;
}

/* The weights of `here` draws from number `first` on, whose globals weigh so. */
static void take_shares(finder *f, uint64_t first, uint64_t here, const double *log_weight) {
    const particles *t = f->of;
    for (uint32_t k = 0; k < t->count; k++) {
        const block *b = &t->blocks[k];
        const double *share = machine_output(f->machine, 1 + k);
        for (uint64_t c = 0; c < b->cells; c++)
            for (uint64_t i = 0; i < here; i++)
                for (uint32_t j = 0; j < b->particles; j++)
                    f->log_weight[f->first[b->first_cell + c] + (first + i) * b->particles + j] =
                        log_weight[i] + log(share[(j * t->points + i) * b->cells + c]);
    }
}

static bool run_finder(finder *f, particles *t, const guide_along *g, rng *r, arena *scratch) {
    uint64_t globals = t->parts.globals;
    proposal p = particles_of_globals(g, scratch);
    double *log_scales = proposal_log_scales(&p, scratch), *parts = arena_array(scratch, double, p.count),
           *means = arena_array(scratch, double, t->space->size),
           *log_weight = arena_array(scratch, double, t->points), log_normal;
    for (uint64_t first = 0; first < f->count; first += t->points) {
        uint64_t left = f->count - first, here = left < t->points ? left : t->points;
        for (uint64_t i = 0; i < here; i++) {
            double *x = t->globals + i * globals;
            uint32_t part = proposal_place(&p, first + i, f->count, r, x);
            log_weight[i] = -proposal_density(&p, log_scales, x, &log_normal, parts, means);
            particles_fill(t, &g->parts[part], (uint32_t)i, means, r);
        }
        machine_run(f->machine, t->seed, t->runs++);
        for (uint64_t i = 0; i < here; i++) log_weight[i] += machine_output(f->machine, 0)[i];
        take_shares(f, first, here, log_weight);
        if (vigil_asks(t->vigil, "draws")) return false;
    }
    return true;
}

const shares *shares_find(particles *t, const guide_along *g, const sample *s, rng *r, arena *a) {
    shares *found = arena_new(a, shares);
    *found = (shares){t, s->quality, arena_array(a, psis, t->parts.cells)};
    arena *scratch = arena_inside(a);
    finder *f = finder_new(t, s->count, scratch);
    bool good = f && run_finder(f, t, g, r, scratch);
    for (uint32_t k = 0; good && k < t->count; k++) {
        uint64_t weights = f->count * t->blocks[k].particles;
        for (uint64_t c = t->blocks[k].first_cell; c < t->blocks[k].first_cell + t->blocks[k].cells; c++) {
            double *log_weight = f->log_weight + f->first[c];
            arena *own = arena_inside(scratch);
            found->cell[c] = psis_smooth(log_weight, weights, log_weight, own);
            found->cell[c].ess *= (double)s->count / (double)f->count;
            arena_close(own);
        }
    }
    arena_close(scratch);
    return good ? found : NULL;
}

void shares_rehearse(const particles *t, uint64_t count, arena *a) {
    uint32_t most = 0;
    arena_array(a, psis, t->parts.cells);
    arena *scratch = arena_inside(a);
    finder *f = finder_new(t, count, scratch);
    for (uint32_t k = 0; k < t->count; k++)
        if (t->blocks[k].particles > most) most = t->blocks[k].particles;
    if (f) sample_rehearse(f->count * most, scratch);
    arena_close(scratch);
}

/* The cell of an entry along some of the axes of its variable, both in canonical order. */
static uint64_t cell_along(const model *m, axes own, axes plates, uint64_t entry) {
    uint64_t cell = 0, cells = 1;
    for (int i = own.count; i-- > 0;) {
        uint64_t size = m->axes[own.at[i]].size;
        if (axes_has(plates, own.at[i])) cell += entry % size * cells, cells *= size;
        entry /= size;
    }
    return cell;
}

bool shares_of(const shares *s, variable v, uint64_t entry, psis *found) {
    const particles *t = s->of;
    const model *m = t->report->model;
    const variable_row *row = program_variable(m->program, v);
    if (row->kind != VARIABLE_latent) return false;
    *found = s->joint;
    for (uint32_t k = 0; k < t->count; k++)
        for (uint32_t i = 0; i < t->plan[k].count; i++)
            if (t->plan[k].of[i] == v)
                *found = s->cell[t->blocks[k].first_cell +
                                 cell_along(m, row->axes, t->plan[k].plates, canonical_entry(m, row, entry))];
    return true;
}
