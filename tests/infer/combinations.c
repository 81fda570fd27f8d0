/* Particles along axes against brute force: of few entries every combination of particles is written down as
 * a point of the space and weighed by the log density. Their sum is what the elimination finds; their
 * probabilities, summed over those that share a particle, are its adjoint; the draws have the frequencies of
 * combinations. All is for given particles, so that nothing but the draws is random. */
#include <math.h>
#include <string.h>
#include "runtime/infer/density.h"
#include "runtime/infer/particles_inside.h"
#include "runtime/infer/shares.h"
#include "tests/check.h"
#include "tests/compiled.h"
#include "tests/memory.h"

enum { AT_ONCE = 512, LOOKED_AT = 3, DRAWS = 5000 };

typedef struct example {
    const char *name;
    uint64_t combinations; /* K to the power of the cells */
    const char *text;
} example;

static const example EXAMPLES[] = {
    {"effects of a group", 512,
     "axis row = 9, k = 3\ndata y[row] : count = row - 3 * floor((row - 1) / 3)\n"
     "data of[row] : k = floor((row - 1) / 3) + 1\n"
     "model {\n  mu ~ normal(0, 1)\n  tau ~ half_normal(1)\n  a[k] ~ normal(mu, tau)\n"
     "  y[row] ~ poisson_log(a[of])\n}\n"},
    {"two effects of a group", 441,
     "axis row = 6, k = 2\ndata y[row] : real = 1.5 * sin(row)\n"
     "data of[row] : k = floor((row - 1) / 3) + 1\ndata x[row] : real = row - 3 * floor((row - 1) / 3) - 2\n"
     "model {\n  mu ~ normal(0, 1)\n  a[k] ~ normal(mu, 1)\n  b[k] ~ normal(0, 0.5)\n"
     "  y[row] ~ normal(a[of] + b[of] * x, 0.5)\n}\n"},
    {"bounded effects", 512,
     "axis k = 3\ndata y[k] : real = 0.3 * k\n"
     "model {\n  s ~ half_normal(1)\n  p[k] ~ beta(2, 3)\n  y[k] ~ normal(p, s)\n}\n"},
    {"groups in groups", 32768,
     "axis row = 6, k = 3, g = 2\ndata y[row] : real = 1.5 * sin(row)\n"
     "data of[row] : k = floor((row - 1) / 2) + 1\ndata in[k] : g = floor(k / 3) + 1\n"
     "model {\n  mu ~ normal(0, 1)\n  m[g] ~ normal(mu, 1)\n  a[k] ~ normal(m[in], 1)\n"
     "  y[row] ~ normal(a[of], 0.5)\n}\n"},
    {"crossed effects", 512,
     "axis i = 2, j = 3\ndata y[i, j] : real = 1.5 * sin(3 * (i - 1) + j)\n"
     "model {\n  a[i] ~ normal(0, 1)\n  b[j] ~ normal(0, 1)\n  y[i, j] ~ normal(a + b, 0.5)\n}\n"},
    {"a chain", 4096,
     "axis time = 4\ndata y[time] : count = time\n"
     "model {\n  phi ~ uniform(-1, 1)\n  h[time = 1] ~ normal(0, 1)\n"
     "  h[time > 1] ~ normal(phi * h[time - 1], 0.6)\n  y[time] ~ poisson_log(h)\n}\n"},
};

/* A program with its particles and a crude guide: every latent by itself. */
typedef struct along {
    arena a;
    space space;
    reported reported;
    vigil vigil;
    particles *particles;
    guide_along guide;
    density *density;
    machine *shares;
} along;

/* Whether it has any. */
static bool open_example(along *x, const char *text) {
    test_memory(&x->a);
    compiled *c = compile_text(&x->a, text);
    model *m = bind_compiled(c, &x->a);
    show_messages(c);
    space all = space_of_latents(m, false, &x->a);
    x->space = *space_without_loops(&all, &x->a);
    x->reported = reported_new(m, false, &x->a);
    x->vigil = vigil_open((fit_host){0});
    x->particles = particles_new(&x->space, &x->reported, 1, &x->vigil, &x->a);
    if (!x->particles) return false;
    uint64_t n = x->space.size;
    gaussian *crude = arena_new(&x->a, gaussian);
    *crude = (gaussian){n, arena_array(&x->a, double, n), NULL, arena_array(&x->a, double, n),
                        algebra_open(n, &x->a)};
    for (uint64_t i = 0; i < n; i++) crude->scale[i] = 0.8;
    proposal joint = proposal_of(crude, &x->a);
    x->guide = particles_guide(x->particles, &joint, &x->a);
    x->density = density_new(&c->said, &x->space, AT_ONCE, IN_DOUBLE, &x->a);
    x->shares = particles_shares(x->particles, &x->a);
    return true;
}

static const block *block_of(const particles *t, uint64_t cell, uint32_t *number) {
    for (*number = 0;; ++*number) {
        const block *b = &t->blocks[*number];
        if (cell < b->first_cell + b->cells) return b;
    }
}

/* The particles of all cells that combination number c takes at a point, into the point of the space; their
 * log weights. */
static double place_combination(const particles *t, uint32_t point, uint64_t c, uint32_t *taken, double *u) {
    const partition *p = &t->parts;
    double log_weight = 0;
    uint32_t number;
    for (uint64_t i = 0; i < p->globals; i++) u[p->global[i]] = t->globals[point * p->globals + i];
    for (uint64_t cell = 0; cell < p->cells; cell++) {
        const block *b = block_of(t, cell, &number);
        uint64_t own = cell - b->first_cell;
        taken[cell] = (uint32_t)(c % b->particles);
        c /= b->particles;
        uint64_t row = (uint64_t)taken[cell] * t->points + point;
        log_weight += log(b->weight[row * b->cells + own]);
        for (uint64_t j = 0; j < b->size; j++)
            u[p->local[p->first[cell] + j]] = b->at[row * b->cells * b->size + b->place[own * b->size + j]];
    }
    return log_weight;
}

/* The log of the sum over all combinations at a point, and what each has of it. */
static double sum_combinations(along *x, uint32_t point, uint64_t combinations, double *probability) {
    uint32_t taken[16];
    double most = -INFINITY, sum = 0;
    for (uint64_t first = 0; first < combinations; first += AT_ONCE) {
        uint64_t here = combinations - first < AT_ONCE ? combinations - first : AT_ONCE;
        for (uint64_t i = 0; i < here; i++)
            probability[first + i] =
                place_combination(x->particles, point, first + i, taken, x->density->at + i * x->space.size);
        density_run(x->density);
        for (uint64_t i = 0; i < here; i++) {
            probability[first + i] += x->density->log_density[i];
            most = fmax(most, probability[first + i]);
        }
    }
    for (uint64_t c = 0; c < combinations; c++) sum += probability[c] = exp(probability[c] - most);
    for (uint64_t c = 0; c < combinations; c++) probability[c] /= sum;
    return most + log(sum);
}

/* By cell and particle, at 64 a cell: what all combinations with it have. */
enum { ROOM = 64 };
static double *marginals(along *x, uint64_t combinations, const double *probability) {
    const particles *t = x->particles;
    double *sums = arena_array(&x->a, double, t->parts.cells *ROOM);
    double *u = arena_array(&x->a, double, x->space.size);
    uint32_t taken[16];
    for (uint64_t c = 0; c < combinations; c++) {
        place_combination(t, 0, c, taken, u);
        for (uint64_t cell = 0; cell < t->parts.cells; cell++)
            sums[cell * ROOM + taken[cell]] += probability[c];
    }
    return sums;
}

static uint32_t place_globals(along *x, uint32_t point, uint64_t draw, uint64_t count, rng *r,
                              double *log_guide) {
    particles *t = x->particles;
    proposal p = particles_of_globals(&x->guide, &x->a);
    double log_normal, log_part, *at = t->globals + point * t->parts.globals,
                                 *means = arena_array(&x->a, double, x->space.size);
    uint32_t part = proposal_place(&p, draw, count, r, at);
    *log_guide = proposal_density(&p, proposal_log_scales(&p, &x->a), at, &log_normal, &log_part, means);
    particles_fill(t, &x->guide.parts[part], point, means, r);
    return part;
}

/* The sum and its adjoint are doubles over at most 32,768 terms whose logs are within a few hundred. */
static const double ROUNDING = 1e-10;

static void compare_sums(along *x, const example *e) {
    particles *t = x->particles;
    rng r = rng_open(5, 1);
    double *probability = arena_array(&x->a, double, e->combinations), ignored;
    for (uint32_t i = 0; i < t->points; i++) place_globals(x, i, i, t->points, &r, &ignored);
    machine_run(t->machine, 1, 0);
    machine_run(x->shares, 1, 0);
    for (uint32_t i = 0; i < LOOKED_AT && i < t->points; i++) {
        double sum = sum_combinations(x, i, e->combinations, probability), worst = 0, moment = 0;
        check(fabs(machine_output(t->machine, 0)[i] - sum) < ROUNDING * fabs(sum), "the sum",
              "%s: %.12g, not %.12g", e->name, machine_output(t->machine, 0)[i], sum);
        check(fabs(machine_output(x->shares, 0)[i] - sum) < ROUNDING * fabs(sum),
              "… where it is differentiated", "%s: %.12g, not %.12g", e->name,
              machine_output(x->shares, 0)[i], sum);
        const double *exact = marginals(x, e->combinations, probability);
        for (uint64_t cell = 0; cell < t->parts.cells; cell++) {
            uint32_t number;
            const block *b = block_of(t, cell, &number);
            const double *share = machine_output(x->shares, 1 + number);
            double mean[2] = {0, 0}, square[2] = {0, 0};
            for (uint32_t k = 0; k < b->particles; k++) {
                uint64_t row = (uint64_t)k * t->points + i, own = cell - b->first_cell;
                double by[2] = {share[row * b->cells + own], exact[cell * ROOM + k]},
                       u = b->at[row * b->cells * b->size + b->place[own * b->size]];
                worst = fmax(worst, fabs(by[0] - by[1]));
                for (int n = 0; n < 2; n++) mean[n] += by[n] * u, square[n] += by[n] * u * u;
            }
            for (int n = 0; n < 2; n++) square[n] = sqrt(square[n] - mean[n] * mean[n]);
            moment = fmax(moment, fmax(fabs(mean[0] - mean[1]), fabs(square[0] - square[1])));
        }
        check(worst < ROUNDING, "probabilities of particles", "%s: off by %.1e", e->name, worst);
        check(moment < 1e-6, "means and sds of latents", "%s: off by %.1e", e->name, moment);
    }
}

/* All points have the particles of the first one, and draw from the same combinations. */
static void repeat_first_point(particles *t) {
    for (uint32_t i = 1; i < t->points; i++)
        memcpy(t->globals + i * t->parts.globals, t->globals, t->parts.globals * sizeof(double));
    for (uint32_t k = 0; k < t->count; k++) {
        block *b = &t->blocks[k];
        for (uint64_t row = 0; row < (uint64_t)b->particles * t->points; row += t->points)
            for (uint64_t i = row + 1; i < row + t->points; i++) {
                uint64_t entries = b->cells * b->size;
                memcpy(b->at + i * entries, b->at + row * entries, entries * sizeof(double));
                memcpy(b->weight + i * b->cells, b->weight + row * b->cells, b->cells * sizeof(double));
            }
    }
}

/* The combination that a point has drawn. */
static uint64_t drawn_combination(const particles *t, uint32_t point) {
    uint64_t c = 0, step = 1;
    for (uint64_t cell = 0; cell < t->parts.cells; cell++) {
        uint32_t number;
        const block *b = block_of(t, cell, &number);
        const double *drawn = machine_output(t->machine, 3 + t->report->count + number);
        c += ((uint64_t)drawn[point * b->cells + cell - b->first_cell] - 1) * step;
        step *= b->particles;
    }
    return c;
}

/* Pearson's statistic over the combinations of which at least five draws are expected, the others as one; it
 * has the mean and half the variance of its degrees of freedom. */
static void compare_draws(along *x, const example *e) {
    particles *t = x->particles;
    double *probability = arena_array(&x->a, double, e->combinations), ignored, statistic = 0, freedom = 0;
    uint64_t *seen = arena_array(&x->a, uint64_t, e->combinations), draws = 0;
    rng r = rng_open(6, 1);
    place_globals(x, 0, 0, 2, &r, &ignored);
    repeat_first_point(t);
    sum_combinations(x, 0, e->combinations, probability);
    for (; draws < DRAWS; draws += t->points) {
        machine_run(t->machine, 7, draws);
        for (uint32_t i = 0; i < t->points; i++) seen[drawn_combination(t, i)]++;
    }
    double expected = 0, rest = 0;
    for (uint64_t c = 0; c < e->combinations; c++) {
        double wanted = probability[c] * (double)draws;
        if (wanted < 5) {
            expected += wanted, rest += (double)seen[c];
            continue;
        }
        statistic += pow((double)seen[c] - wanted, 2) / wanted;
        freedom++;
    }
    if (expected > 0) statistic += pow(rest - expected, 2) / expected;
    check(freedom > 3 && statistic < freedom + 4.5 * sqrt(2 * freedom), "joint draws", "%s: %.1f of %.0f",
          e->name, statistic, freedom);
}

/* Effective size and k-hat of each latent from the weights of all combinations. */
static void compare_qualities(along *x, const example *e) {
    particles *t = x->particles;
    enum { COUNT = 200 };
    sample s = {.report = &x->reported, .count = COUNT, .quality = {.khat = 0.1, .ess = 150}};
    rng first = rng_open(8, 1), again = first;
    const shares *found = shares_find(t, &x->guide, &s, &first, &x->a);
    double *probability = arena_array(&x->a, double, e->combinations), log_guide;
    double *weights[16] = {0};
    for (uint64_t cell = 0; cell < t->parts.cells; cell++)
        weights[cell] = arena_array(&x->a, double, COUNT *ROOM);
    for (uint64_t i = 0; i < COUNT; i++) {
        place_globals(x, 0, i, COUNT, &again, &log_guide);
        double sum = sum_combinations(x, 0, e->combinations, probability);
        const double *exact = marginals(x, e->combinations, probability);
        for (uint64_t cell = 0; cell < t->parts.cells; cell++) {
            uint32_t number, k = block_of(t, cell, &number)->particles;
            for (uint32_t j = 0; j < k; j++)
                weights[cell][i * k + j] = sum - log_guide + log(exact[cell * ROOM + j]);
        }
    }
    for (uint64_t cell = 0; cell < t->parts.cells; cell++) {
        uint32_t number, k = block_of(t, cell, &number)->particles;
        psis q = psis_smooth(weights[cell], COUNT * k, weights[cell], &x->a);
        check(fabs(q.ess - found->cell[cell].ess) < 1e-6 * q.ess &&
                  fabs(q.khat - found->cell[cell].khat) < 1e-6,
              "effective size and k-hat", "%s: %.6f and %.6f, not %.6f and %.6f", e->name,
              found->cell[cell].ess, found->cell[cell].khat, q.ess, q.khat);
    }
}

int main(void) {
    for (size_t i = 0; i < sizeof EXAMPLES / sizeof *EXAMPLES; i++) {
        const example *e = &EXAMPLES[i];
        along *x = &(along){0};
        if (!check(open_example(x, e->text), "particles", "%s: none", e->name)) continue;
        compare_sums(x, e);
        compare_draws(x, e);
        if (e->combinations < 1000) compare_qualities(x, e);
        arena_close(&x->a);
    }
    return check_end();
}
