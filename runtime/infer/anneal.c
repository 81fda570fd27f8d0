#include "runtime/infer/anneal.h"

#include <math.h>
#include <string.h>

enum {
    CHAINS = 400,
    LEAPS = 5,
    TEMPERATURES_LEAST = 8,
    TEMPERATURES_MOST = 4096,
    REFINEMENTS = 6,
    WARM = 10
};
enum { STREAM_PILOT = 40, STREAM_FORWARD = 41, STREAM_BACK = 61 };

/* Of the chains of the first run so many count from one temperature to the next. */
static const double SHARE_KEPT = 0.9;
/* Log weights that spread less need no more temperatures: of 400 chains 250 count. */
static const double SPREAD_ENOUGH = 0.7;
/* Shares of accepted trajectories that step lengths are led to (Beskos et al., Bernoulli 19, 2013), how fast.
 */
static const double ACCEPTED = 0.8, PACE = 1.0;
/* Both directions agree within so many standard errors. */
static const double AGREE = 3;

typedef struct ladder {
    uint32_t count;             /* of the steps; temperature[0] = 0, temperature[count] = 1 */
    double *temperature, *step; /* the length of a leap at each */
} ladder;

typedef struct chains {
    density *many;
    const gaussian *from;
    uint64_t size;
    double log_scale;
    double *z, *point;        /* CHAINS × size: whitened, and in the space */
    double *value, *gradient; /* of the model's density, as one of z; CHAINS, CHAINS × size */
    double *log_weight;       /* CHAINS */
    double *next_z, *next_value, *next_gradient, *momentum, *scratch;
    rng rng;
    anneal_stop *stop;
    void *user;
    bool stopped;
} chains;

static chains chains_new(density *many, const gaussian *from, arena *a) {
    chains c = {.many = many, .from = from, .size = from->size, .log_scale = gaussian_log_scale(from)};
    double **all[] = {&c.z, &c.point, &c.gradient, &c.next_z, &c.next_gradient, &c.momentum, &c.scratch};
    for (int i = 0; i < 7; i++) *all[i] = arena_array(a, double, CHAINS *c.size);
    double **numbers[] = {&c.value, &c.log_weight, &c.next_value};
    for (int i = 0; i < 3; i++) *numbers[i] = arena_array(a, double, CHAINS);
    return c;
}

/* The model's density at z, with its gradient; -inf where either is not finite. */
static void evaluate(chains *c, const double *z, double *value, double *gradient) {
    uint64_t n = c->size, most = c->many->points;
    gaussian_place(c->from, z, CHAINS, c->point);
    for (uint64_t first = 0; first < CHAINS; first += most) {
        uint64_t now = CHAINS - first < most ? CHAINS - first : most;
        for (uint64_t b = 0; b < most; b++)
            memcpy(c->many->at + b * n, c->point + (first + (b < now ? b : now - 1)) * n, n * sizeof *z);
        density_run(c->many);
        memcpy(value + first, c->many->log_density, now * sizeof *value);
        memcpy(c->scratch + first * n, c->many->gradient, now * n * sizeof *z);
    }
    if (c->from->factor)
        matrix_multiply_rows_transposed(c->from->algebra, c->from->factor, c->scratch, gradient, CHAINS, n);
    for (uint64_t i = 0; i < CHAINS * n && !c->from->factor; i++)
        gradient[i] = c->scratch[i] * c->from->scale[i % n];
    for (uint64_t b = 0; b < CHAINS; b++) {
        bool finite = isfinite(value[b]);
        for (uint64_t i = 0; i < n && finite; i++) finite = isfinite(gradient[b * n + i]);
        value[b] = finite ? value[b] + c->log_scale : -INFINITY;
        for (uint64_t i = 0; i < n && !finite; i++) gradient[b * n + i] = 0;
    }
    c->stopped |= c->stop && c->stop(c->user);
}

static double log_normal(const double *z, uint64_t n) {
    double square = 0;
    for (uint64_t i = 0; i < n; i++) square += z[i] * z[i];
    return -0.5 * square - 0.5 * (double)n * log(2 * M_PI);
}

static void start_chains(chains *c) {
    for (uint64_t i = 0; i < CHAINS * c->size; i++) c->z[i] = rng_normal(&c->rng);
    memset(c->log_weight, 0, CHAINS * sizeof *c->log_weight);
    evaluate(c, c->z, c->value, c->gradient);
}

/* What the log density gains by the temperature: the model's over the Gaussian's. */
static double ratio_of(const chains *c, uint64_t b) {
    return c->value[b] - log_normal(c->z + b * c->size, c->size);
}

static double tempered(double t, const double *z, double value, uint64_t n) {
    return (1 - t) * log_normal(z, n) + (t > 0 ? t * value : 0);
}

/* Half a step of the momenta. */
static void push_momenta(chains *c, double t, double step, const double *z, const double *gradient) {
    for (uint64_t i = 0; i < CHAINS * c->size; i++)
        c->momentum[i] += 0.5 * step * (t * gradient[i] - (1 - t) * z[i]);
}

/* One trajectory of every chain at temperature t; returns the mean probability that it is accepted. */
static double move(chains *c, double t, double step) {
    uint64_t n = c->size, all = CHAINS * n;
    double mean = 0;
    step *= 0.8 + 0.4 * rng_uniform(&c->rng);
    for (uint64_t i = 0; i < all; i++) c->momentum[i] = rng_normal(&c->rng);
    double energy[CHAINS];
    for (uint64_t b = 0; b < CHAINS; b++)
        energy[b] = tempered(t, c->z + b * n, c->value[b], n) + log_normal(c->momentum + b * n, n);
    memcpy(c->next_z, c->z, all * sizeof *c->z);
    memcpy(c->next_gradient, c->gradient, all * sizeof *c->z);
    for (int leap = 0; leap < LEAPS && !c->stopped; leap++) {
        push_momenta(c, t, step, c->next_z, c->next_gradient);
        for (uint64_t i = 0; i < all; i++) c->next_z[i] += step * c->momentum[i];
        evaluate(c, c->next_z, c->next_value, c->next_gradient);
        push_momenta(c, t, step, c->next_z, c->next_gradient);
    }
    for (uint64_t b = 0; b < CHAINS; b++) {
        double now = tempered(t, c->next_z + b * n, c->next_value[b], n) + log_normal(c->momentum + b * n, n),
               accepted = isnan(now) ? 0 : fmin(1, exp(now - energy[b]));
        mean += accepted / CHAINS;
        if (!(rng_uniform(&c->rng) < accepted)) continue;
        memcpy(c->z + b * n, c->next_z + b * n, n * sizeof *c->z);
        memcpy(c->gradient + b * n, c->next_gradient + b * n, n * sizeof *c->z);
        c->value[b] = c->next_value[b];
    }
    return mean;
}

/* ---- temperatures ---- */

/* The share of chains that count where their ratios are raised to `power`. */
static double share_of(const chains *c, double power) {
    double top = -INFINITY, sum = 0, square = 0;
    for (uint64_t b = 0; b < CHAINS; b++) top = fmax(top, power * ratio_of(c, b));
    if (!isfinite(top)) return 0;
    for (uint64_t b = 0; b < CHAINS; b++) {
        double w = exp(power * ratio_of(c, b) - top);
        sum += w, square += w * w;
    }
    return sum * sum / square / CHAINS;
}

static double next_temperature(const chains *c, double t) {
    double low = 0, high = fmin(1 - t, 1.0 / TEMPERATURES_LEAST);
    if (share_of(c, high) >= SHARE_KEPT) return t + high;
    for (int i = 0; i < 50; i++) {
        double middle = 0.5 * (low + high);
        *(share_of(c, middle) >= SHARE_KEPT ? &low : &high) = middle;
    }
    return t + fmax(low, 1e-6);
}

/* Chains in proportion to exp(log_weight), by systematic resampling; values and gradients go along. */
static void resample(chains *c, const double *log_weight) {
    uint64_t n = c->size, from = 0;
    double top = -INFINITY, total = 0, sum = 0, offset = rng_uniform(&c->rng);
    for (uint64_t b = 0; b < CHAINS; b++) top = fmax(top, log_weight[b]);
    for (uint64_t b = 0; b < CHAINS; b++) total += exp(log_weight[b] - top);
    for (uint64_t b = 0; b < CHAINS; b++) {
        double at = ((double)b + offset) / CHAINS * total;
        while (from + 1 < CHAINS && sum + exp(log_weight[from] - top) < at)
            sum += exp(log_weight[from++] - top);
        memcpy(c->next_z + b * n, c->z + from * n, n * sizeof *c->z);
        memcpy(c->next_gradient + b * n, c->gradient + from * n, n * sizeof *c->z);
        c->next_value[b] = c->value[from];
    }
    memcpy(c->z, c->next_z, CHAINS * n * sizeof *c->z);
    memcpy(c->gradient, c->next_gradient, CHAINS * n * sizeof *c->z);
    memcpy(c->value, c->next_value, CHAINS * sizeof *c->z);
}

/* False where no draw of the Gaussian has a finite density, or there is no end of temperatures. */
static bool find_ladder(chains *c, ladder *l, arena *a) {
    *l = (ladder){0, arena_array(a, double, TEMPERATURES_MOST + 1),
                  arena_array(a, double, TEMPERATURES_MOST + 1)};
    double step = 0.8 / pow((double)c->size, 0.25);
    start_chains(c);
    if (share_of(c, 0) == 0) return false;
    for (double t = 0; t < 1 && !c->stopped;) {
        if (l->count == TEMPERATURES_MOST) return false;
        double to = next_temperature(c, t);
        for (uint64_t b = 0; b < CHAINS; b++) c->log_weight[b] = (to - t) * ratio_of(c, b);
        resample(c, c->log_weight);
        for (int i = 0; i < 2; i++) step *= exp(PACE * (move(c, to, step) - ACCEPTED));
        t = to;
        l->temperature[++l->count] = t;
        l->step[l->count] = step;
    }
    return !c->stopped;
}

static bool refine(ladder *l) {
    if (2 * l->count > TEMPERATURES_MOST) return false;
    for (uint32_t k = l->count; k > 0; k--) {
        l->temperature[2 * k] = l->temperature[k];
        l->step[2 * k] = l->step[2 * k - 1] = l->step[k];
    }
    for (uint32_t k = 1; k <= l->count; k++)
        l->temperature[2 * k - 1] = 0.5 * (l->temperature[2 * k - 2] + l->temperature[2 * k]);
    l->count *= 2;
    return true;
}

/* ---- runs that count ---- */

static void run_forward(chains *c, const ladder *l) {
    start_chains(c);
    for (uint32_t k = 1; k <= l->count && !c->stopped; k++) {
        double gain = l->temperature[k] - l->temperature[k - 1];
        for (uint64_t b = 0; b < CHAINS; b++) c->log_weight[b] += gain * ratio_of(c, b);
        move(c, l->temperature[k], l->step[k]);
    }
}

/* From where the forward chains ended, in proportion to their weights. */
static void run_back(chains *c, const ladder *l) {
    resample(c, c->log_weight);
    for (int i = 0; i < WARM; i++) move(c, 1, l->step[l->count]);
    memset(c->log_weight, 0, CHAINS * sizeof *c->log_weight);
    for (uint32_t k = l->count; k > 0 && !c->stopped; k--) {
        move(c, l->temperature[k], l->step[k]);
        double gain = l->temperature[k] - l->temperature[k - 1];
        for (uint64_t b = 0; b < CHAINS; b++) c->log_weight[b] += gain * ratio_of(c, b);
    }
}

static measured mean_of(const double *x) {
    double mean = 0, square = 0;
    for (uint64_t b = 0; b < CHAINS; b++) mean += x[b] / CHAINS;
    for (uint64_t b = 0; b < CHAINS; b++) square += (x[b] - mean) * (x[b] - mean) / (CHAINS - 1);
    return (measured){mean, sqrt(square / CHAINS)};
}

/* The log of the mean weight, with its error by the delta method. */
static void weigh(const double *log_weight, annealed *to) {
    double top = -INFINITY, sum = 0, square = 0;
    for (uint64_t b = 0; b < CHAINS; b++) top = fmax(top, log_weight[b]);
    for (uint64_t b = 0; b < CHAINS; b++) {
        double w = exp(log_weight[b] - top);
        sum += w, square += w * w;
    }
    to->ess = sum * sum / square;
    to->log_evidence =
        (measured){top + log(sum / CHAINS), sqrt(fmax(CHAINS / to->ess - 1, 0) / (CHAINS - 1))};
    to->below = mean_of(log_weight);
    to->spread = to->below.error * sqrt(CHAINS);
}

static double logistic(double x) { return 1 / (1 + exp(-x)); }

/* The mean of logistic(sign (log_weight - at)), with its error relative to it. */
static measured mean_acceptance(const double *log_weight, double at, double sign) {
    double mean = 0, square = 0;
    for (uint64_t b = 0; b < CHAINS; b++) mean += logistic(sign * (log_weight[b] - at)) / CHAINS;
    for (uint64_t b = 0; b < CHAINS; b++) {
        double off = logistic(sign * (log_weight[b] - at)) - mean;
        square += off * off / (CHAINS - 1);
    }
    return (measured){mean, sqrt(square / CHAINS) / mean};
}

/* The log evidence at which as many forward chains would be accepted as chains led back. The two sums move in
 * opposite directions, so that halving finds it. */
static measured bridge(const double *forward, const double *back) {
    double low = INFINITY, high = -INFINITY;
    for (uint64_t b = 0; b < CHAINS; b++) {
        if (isfinite(forward[b])) low = fmin(low, forward[b]), high = fmax(high, forward[b]);
        low = fmin(low, back[b]), high = fmax(high, back[b]);
    }
    for (int i = 0; i < 100; i++) {
        double middle = 0.5 * (low + high);
        bool more = mean_acceptance(forward, middle, 1).value > mean_acceptance(back, middle, -1).value;
        *(more ? &low : &high) = middle;
    }
    double at = 0.5 * (low + high);
    return (measured){at, hypot(mean_acceptance(forward, at, 1).error, mean_acceptance(back, at, -1).error)};
}

static bool agree(const annealed *x) {
    double error = hypot(x->log_evidence.error, x->above.error),
           below = hypot(x->log_evidence.error, x->below.error);
    return x->log_evidence.value < x->above.value + AGREE * error &&
           x->log_evidence.value > x->below.value - AGREE * below &&
           x->above.value - x->below.value < 2 * SPREAD_ENOUGH + AGREE * (x->above.error + x->below.error);
}

bool anneal(density *many, const gaussian *from, uint64_t seed, anneal_stop *stop, void *user, arena *a,
            annealed *to) {
    uint64_t before = many->gradients;
    arena *own = arena_inside(a);
    chains c = chains_new(many, from, own);
    ladder l;
    c.stop = stop, c.user = user;
    c.rng = rng_open(seed, STREAM_PILOT);
    bool good = find_ladder(&c, &l, own);
    *to = (annealed){.chains = CHAINS};
    for (uint32_t i = 0; good && !c.stopped; i++) {
        c.rng = rng_open(seed, STREAM_FORWARD + i);
        run_forward(&c, &l);
        weigh(c.log_weight, to);
        to->temperatures = l.count;
        if (to->spread <= SPREAD_ENOUGH || i == REFINEMENTS || !refine(&l)) break;
    }
    if (good && !c.stopped) {
        double forward[CHAINS];
        memcpy(forward, c.log_weight, sizeof forward);
        c.rng = rng_open(seed, STREAM_BACK);
        run_forward(&c, &l); /* others: what both directions have in common no error would show */
        run_back(&c, &l);
        to->above = mean_of(c.log_weight);
        to->log_evidence = bridge(forward, c.log_weight);
        to->settled = to->spread <= SPREAD_ENOUGH && agree(to);
    }
    to->gradients = many->gradients - before;
    good &= !c.stopped && isfinite(to->log_evidence.value);
    arena_close(own);
    return good;
}
