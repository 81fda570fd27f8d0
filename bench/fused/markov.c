/* Forward and backward (Rabiner 1989) over densities that are divided by the largest of their step, and
 * divided again every RESCALE steps by what is left. A vector holds the four states; only the products with P
 * wait for the step before. */
#include "bench/fused/fused.h"
#include "bench/fused/simplex.h"

enum { STATES = 4, RESCALE = 8 };
typedef double four __attribute__((vector_size(32)));

typedef struct markov {
    fused base;
    uint32_t steps;
    const double *y;
    double *z;             /* steps × states: (y - mu) / sigma */
    four *density, *alpha; /* steps */
    double *scales;
} markov;

static four splat(double x) { return x - (four){0}; }
static double total(four x) { return (x[0] + x[2]) + (x[1] + x[3]); }
static four product(four x, const four *rows) {
    return (splat(x[0]) * rows[0] + splat(x[1]) * rows[1]) + (splat(x[2]) * rows[2] + splat(x[3]) * rows[3]);
}
static double larger(double x, double y) { return x > y ? x : y; }

/* The densities; returns the sum of the logs that they were divided by. */
static double emissions(const markov *f, four mu, four sigma, four constant) {
    double divided = 0, *flat = (double *)f->density;
    four inverse = 1 / sigma;
    for (uint32_t t = 0; t < f->steps; t++) {
        four z = (f->y[t] - mu) * inverse, l = constant - 0.5 * z * z;
        double most = larger(larger(l[0], l[1]), larger(l[2], l[3]));
        divided += most;
        f->density[t] = l - most;
        memcpy(f->z + STATES * (size_t)t, &z, sizeof z);
    }
    for (size_t i = 0; i < STATES * (size_t)f->steps; i += LANES) store(flat + i, SLEEF(exp)(load(flat + i)));
    return divided;
}

static double forward(const markov *f, const four *p) {
    double log_sum = 0;
    four a = splat(1. / STATES) * f->density[0];
    f->alpha[0] = a;
    for (uint32_t t = 1; t < f->steps; t++) {
        if (t % RESCALE == 0) {
            double sum = total(a);
            log_sum += log(sum);
            a /= sum;
        }
        f->alpha[t] = a = product(a, p) * f->density[t];
    }
    return log_sum + log(total(a));
}

typedef struct pulls {
    four p[STATES]; /* d / d P */
    four gamma, z, square;
} pulls;

static void backward(const markov *f, const four *columns, pulls *s) {
    four b = splat(1);
    for (uint32_t t = f->steps; t-- > 0;) {
        four a = f->alpha[t], gamma = a * b, z;
        gamma /= total(gamma);
        memcpy(&z, f->z + STATES * (size_t)t, sizeof z);
        s->gamma += gamma;
        s->z += gamma * z;
        s->square += gamma * z * z;
        if (!t) break;
        four v = b * f->density[t], before = f->alpha[t - 1];
        b = product(v, columns);
        four share = before / total(before * b);
        for (int i = 0; i < STATES; i++) s->p[i] += share[i] * v;
        if (t % RESCALE == 0) b /= total(b);
    }
}

static void run(fused *base, const double *at, double *to, double *gradient) {
    const markov *f = (const markov *)base;
    double x[STATES][STATES], value = 0;
    four p[STATES], columns[STATES], mu, sigma, constant;
    const double *steps = at + STATES * (STATES - 1), *log_sigma = steps + STATES;
    for (int i = 0; i < STATES; i++) {
        value += simplex_prior(simplex_of(at + i * (STATES - 1), f->scales, STATES, x[i]), 1, STATES);
        mu[i] = i ? mu[i - 1] + exp(steps[i]) : steps[0];
        sigma[i] = exp(log_sigma[i]);
        constant[i] = -log_sigma[i] - HALF_LOG_2PI;
        for (int j = 0; j < STATES; j++) p[i][j] = columns[j][i] = x[i][j];
    }
    value += emissions(f, mu, sigma, constant);
    value += forward(f, p);
    pulls s = {0};
    backward(f, columns, &s);
    double *to_steps = gradient + STATES * (STATES - 1), *to_sigma = to_steps + STATES, behind = 0;
    for (int i = STATES; i-- > 0;) {
        double by_log[STATES], by_mu = s.z[i] / sigma[i];
        for (int j = 0; j < STATES; j++) by_log[j] = 1 + s.p[i][j] * x[i][j];
        simplex_pull(by_log, x[i], f->scales, STATES, gradient + i * (STATES - 1));
        value += normal_prior(mu[i], 5, &by_mu);
        behind += by_mu;
        to_steps[i] = i ? 1 + behind * exp(steps[i]) : behind;
        value += i ? steps[i] : 0;
        to_sigma[i] = s.square[i] - s.gamma[i];
        value += half_normal_prior(sigma[i], 2, &to_sigma[i]);
    }
    *to = value + lgamma(STATES + 1); /* one order of the means has all of their density */
}

fused *markov_open(const dataset *d, uint32_t points, arena *a) {
    (void)points;
    markov *f = arena_new(a, markov);
    const array *y = dataset_find(d, "y");
    *f = (markov){
        .base = {.run = run}, .steps = y->dims[0], .y = y->values, .scales = simplex_scales(STATES, a)};
    size_t room = (f->steps + 1) * sizeof(four);
    f->z = arena_take_aligned(a, room);
    f->density = arena_take_aligned(a, 2 * room); /* the last vector may be wider than four */
    f->alpha = arena_take_aligned(a, room);
    return &f->base;
}
