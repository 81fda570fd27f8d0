/* Draws with parameters, entry by entry: each by a method that is exact, with words of its own for each
 * attempt, so that an entry does not depend on how often another was refused.
 *
 * gamma          Marsaglia and Tsang, A simple method for generating gamma variables (2000)
 * von_mises      Best and Fisher, Efficient simulation of the von Mises distribution (1979)
 * poisson        inversion for small rates, else PTRS: Hörmann, The transformed rejection method for
 *                generating Poisson random variables (1993)
 * binomial       inversion for small means, else BTRS: Hörmann, The generation of binomial random variates
 *                (1993)
 * multinomial    binomials one after the other, each of what is left
 * hypergeometric one by one for few, else HRUA: Stadlober, The ratio of uniforms approach for generating
 *                discrete random variates (1990)
 * zipf           Devroye, Non-uniform random variate generation (1986), section X.6.1
 * passage        its logarithm has a log-concave density: Devroye, section VII.2.2, about the mode */
#include <math.h>
#include <string.h>

#include "autodiff/execute.h"
#include "base/rng.h"

/* The probability of so many refusals is below 1e-50 for every method here. */
enum { ATTEMPTS = 120, BOOST = 250 };

typedef struct place {
    draw_stream stream;
    uint64_t entry;
} place;

typedef struct pair {
    double u, v;
} pair;

static pair uniforms(place at, uint32_t attempt) {
    rng_block b = rng_philox(at.stream.seed, at.stream.stream, at.stream.step, at.entry, attempt);
    return (pair){rng_unit(b.word[0]), rng_unit(b.word[1])};
}

static double draw_gamma(double shape, place at) {
    if (!(shape > 0) || isinf(shape)) return (double)NAN;
    double d = (shape < 1 ? shape + 1 : shape) - 1. / 3, c = 1 / sqrt(9 * d), v = 1;
    for (uint32_t i = 0; i < ATTEMPTS; i++) {
        pair p = uniforms(at, 2 * i);
        double x = sqrt(-2 * log(p.u)) * cos(6.283185307179586477 * p.v), u = uniforms(at, 2 * i + 1).u;
        v = 1 + c * x;
        if (v <= 0) continue;
        v = v * v * v;
        if (log(u) < 0.5 * x * x + d * (1 - v + log(v))) break;
    }
    double boost = shape < 1 ? exp(log(uniforms(at, BOOST).u) / shape) : 1;
    return d * v * boost;
}

/* The wrapped Cauchy distribution of their envelope has f = (1 + r z) / (r + z), the cosine of the angle,
 * with r = (1 + rho^2) / (2 rho); written so that nothing is lost for a small or a large concentration k. */
static double draw_von_mises(double k, place at) {
    if (!(k >= 0) || isinf(k)) return (double)NAN;
    const double pi = 3.14159265358979323846;
    if (k < 1e-100) return pi * (2 * uniforms(at, 0).u - 1);
    double s = 2 * k < 1e150 ? sqrt(1 + 4 * k * k) : 2 * k, tau = 1 + s;
    double rho = sqrt(tau) * 2 * k / ((sqrt(tau) + sqrt(2)) * (s + 1));
    double rest = (sqrt(2 * tau) - 1 - 1 / (s + 2 * k)) / (2 * k); /* 1 - rho */
    double above = rest * rest / (2 * rho), angle = 0;             /* r - 1 */
    for (uint32_t i = 0; i < ATTEMPTS; i++) {
        pair p = uniforms(at, 2 * i), q = uniforms(at, 2 * i + 1);
        double z = cos(pi * p.u), below = above * (1 - z) / (above + 1 + z); /* 1 - f */
        double c = k * (above + below);
        angle = 2 * asin(fmin(1, sqrt(0.5 * below))) * (q.u < 0.5 ? -1 : 1);
        if (c * (2 - c) > p.v || log(c / p.v) + 1 - c >= 0) break;
    }
    return angle;
}

static double log_factorial(double k) { return lgamma_r(k + 1, &(int){0}); }

static double poisson_small(double rate, double u) {
    double p = exp(-rate), k = 0;
    for (; u > p && k < 200; k++) {
        u -= p;
        p *= rate / (k + 1);
    }
    return k;
}

static double draw_poisson(double rate, place at) {
    if (!(rate >= 0) || isinf(rate)) return (double)NAN;
    if (rate < 10) return poisson_small(rate, uniforms(at, 0).u);
    double b = 0.931 + 2.53 * sqrt(rate), a = -0.059 + 0.02483 * b, k = floor(rate);
    double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4), quick = 0.9277 - 3.6224 / (b - 2);
    for (uint32_t i = 0; i < 2 * ATTEMPTS; i++) {
        pair p = uniforms(at, i);
        double u = p.u - 0.5, v = p.v, us = 0.5 - fabs(u);
        k = floor((2 * a / us + b) * u + rate + 0.43);
        if (us >= 0.07 && v <= quick) break;
        if (k < 0 || (us < 0.013 && v > us)) continue;
        if (log(v * inverse_alpha / (a / (us * us) + b)) <= k * log(rate) - rate - log_factorial(k)) break;
    }
    return k;
}

static double binomial_small(double n, double p, double u) {
    double odds = p / (1 - p), mass = exp(n * log1p(-p)), k = 0;
    for (; u > mass && k < n && k < 200; k++) {
        u -= mass;
        mass *= odds * (n - k) / (k + 1);
    }
    return k;
}

static double binomial_large(double n, double p, place at) {
    double sd = sqrt(n * p * (1 - p)), b = 1.15 + 2.53 * sd, a = -0.0873 + 0.0248 * b + 0.01 * p;
    double centre = n * p + 0.5, quick = 0.92 - 4.2 / b, alpha = (2.83 + 5.1 / b) * sd;
    double mode = floor((n + 1) * p), logit = log(p / (1 - p)), k = mode;
    double top = log_factorial(mode) + log_factorial(n - mode);
    for (uint32_t i = 0; i < 2 * ATTEMPTS; i++) {
        pair w = uniforms(at, i);
        double u = w.u - 0.5, v = w.v, us = 0.5 - fabs(u);
        k = floor((2 * a / us + b) * u + centre);
        if (us >= 0.07 && v <= quick) break;
        if (k < 0 || k > n) continue;
        double mass = top - log_factorial(k) - log_factorial(n - k) + (k - mode) * logit;
        if (log(v * alpha / (a / (us * us) + b)) <= mass) break;
    }
    return k;
}

static double draw_binomial(double n, double p, place at) {
    if (!(n >= 0) || isinf(n) || !(p >= 0 && p <= 1)) return (double)NAN;
    bool flip = p > 0.5;
    double q = flip ? 1 - p : p;
    double k = n * q < 10 ? binomial_small(n, q, uniforms(at, 0).u) : binomial_large(n, q, at);
    return flip ? n - k : k;
}

/* One by one: at most 10 are drawn. */
static double hypergeometric_small(double draws, double marked, double all, place at) {
    double k = 0;
    for (uint32_t i = 0; i < draws; i++, all--) k += uniforms(at, i).u * all < marked - k;
    return k;
}

/* At most half of all are drawn, and at most half of them are marked. */
static double hypergeometric_large(double draws, double marked, double all, place at) {
    double others = all - marked, p = marked / all, centre = draws * p + 0.5;
    double c = sqrt((all - draws) * draws * p * (1 - p) / (all - 1) + 0.5);
    double height = 1.7155277699214135 * c + 0.8989161620588988, k = floor(centre);
    double most = fmin(fmin(draws, marked) + 1, floor(centre + 16 * c));
    double mode = floor((draws + 1) * (marked + 1) / (all + 2));
    double top = log_factorial(mode) + log_factorial(marked - mode) + log_factorial(draws - mode) +
                 log_factorial(others - draws + mode);
    for (uint32_t i = 0; i < 2 * ATTEMPTS; i++) {
        pair w = uniforms(at, i);
        double x = centre + height * (w.v - 0.5) / w.u;
        if (!(x >= 0 && x < most)) continue;
        k = floor(x);
        double mass = top - log_factorial(k) - log_factorial(marked - k) - log_factorial(draws - k) -
                      log_factorial(others - draws + k);
        if (2 * log(w.u) <= mass) break;
    }
    return k;
}

/* What is not drawn is a draw too, and what is not marked may be counted instead. */
static double draw_hypergeometric(double draws, double marked, double others, place at) {
    double all = marked + others;
    if (!(marked >= 0 && others >= 0 && draws >= 0 && draws <= all) || isinf(all)) return (double)NAN;
    double few = fmin(draws, all - draws), fewer = fmin(marked, others);
    double k = few < 10     ? hypergeometric_small(few, fewer, all, at)
               : fewer < 10 ? hypergeometric_small(fewer, few, all, at)
                            : hypergeometric_large(few, fewer, all, at);
    if (marked > others) k = few - k;
    return draws > few ? marked - k : k;
}

/* Counts beyond 1e300 are taken for that. */
static double draw_zipf(double exponent, place at) {
    double s = exponent - 1, b = expm1(s * log(2)), x = 1;
    if (!(s > 0) || isinf(s)) return (double)NAN;
    for (uint32_t i = 0; i < 2 * ATTEMPTS; i++) {
        pair w = uniforms(at, i);
        double log_x = -log(w.u) / s, rise;
        x = log_x < 690 ? floor(exp(log_x)) : 1e300;
        rise = s * log1p(1 / x); /* log T, of which v x (T - 1) / b is to be below T / (b + 1) */
        if (w.v * x * -expm1(-rise) * (b + 1) <= b) break;
    }
    return x;
}

/* The log density, up to a constant, of the logarithm y of the time: the series for short times or that for
 * long ones (Navarro and Fuss, Fast and accurate calculations for first-passage times, 2009), as stdlib/ has
 * them; `far` is how far 1 is off. */
static double log_passage(double y, double far, double drift) {
    double t = exp(y), w = 1 - far, sum = 0, energy = 0.5 * drift * drift * t;
    if (t < 0.3) {
        double e = exp(-2 * far / t);
        sum = -expm1(-2 * far / t) - far * (1 + e) + (3 - far) * exp(-2 * (2 - far) / t) -
              (3 + far) * exp(-4 * (1 + far) / t) + (5 - far) * exp(-4 * (3 - far) / t);
        return -0.5 * y - 0.5 * log(2 * M_PI) - 0.5 * w * w / t + log(sum) - energy;
    }
    for (int k = 1; k < 6; k++) sum += k * exp(-0.5 * (k * k - 1) * M_PI * M_PI * t) * sin(k * M_PI * w);
    return y + log(M_PI) - 0.5 * M_PI * M_PI * t + log(sum) - energy;
}

/* A density f of mass 1 that is log-concave lies below f(m) min(1, exp(1 - f(m) |y - m|)), of mass 4, where m
 * is its mode. */
static double draw_passage(double start, double drift, place at) {
    double far = 1 - start, v = fabs(drift);
    if (!(start > 0 && start < 1 && v < 1e150)) return (double)NAN;
    double low = log(0.1 * fmin(start * start, start / fmax(v, 1))), high = 2 * log(start);
    for (int i = 0; i < 60; i++) {
        double a = low + (high - low) * 0.4, b = low + (high - low) * 0.6;
        if (log_passage(a, far, drift) < log_passage(b, far, drift)) low = a;
        else high = b;
    }
    double mode = 0.5 * (low + high), y = mode;
    double log_mass = v < 1e-8 ? log(far) : -v * start + log(expm1(-2 * v * far) / expm1(-2 * v));
    double top = log_passage(mode, far, drift), f = exp(top - log_mass);
    for (uint32_t i = 0; i < ATTEMPTS; i++) {
        pair w = uniforms(at, 2 * i), sign = uniforms(at, 2 * i + 1);
        bool tail = w.u > 0.5;
        double gap = tail ? (1 - log(sign.v)) / f : 2 * w.u / f;
        y = mode + (sign.u < 0.5 ? -gap : gap);
        if (log(w.v) + fmin(0, 1 - f * gap) <= log_passage(y, far, drift) - top) break;
    }
    return exp(y);
}

void run_draws(const kernels *k, op f, element *y, const element *const x[3], draw_stream stream,
               uint64_t first, size_t n) {
    if (f == OP_random_normal) k->normal(y, stream, first, n);
    if (f == OP_random_uniform) k->uniform(y, stream, first, n);
    for (size_t i = 0; i < n; i++) {
        place at = {stream, first + i};
        if (f == OP_random_gamma) y[i] = (element)draw_gamma((double)x[0][i], at);
        if (f == OP_random_von_mises) y[i] = (element)draw_von_mises((double)x[0][i], at);
        if (f == OP_random_poisson) y[i] = (element)draw_poisson((double)x[0][i], at);
        if (f == OP_random_binomial) y[i] = (element)draw_binomial((double)x[0][i], (double)x[1][i], at);
        if (f == OP_random_hypergeometric)
            y[i] = (element)draw_hypergeometric((double)x[0][i], (double)x[1][i], (double)x[2][i], at);
        if (f == OP_random_zipf) y[i] = (element)draw_zipf((double)x[0][i], at);
        if (f == OP_random_passage) y[i] = (element)draw_passage((double)x[0][i], (double)x[1][i], at);
    }
}

/* A draw whose random numbers follow from the bits of one. */
static place place_of(double u) {
    uint64_t bits;
    memcpy(&bits, &u, sizeof bits);
    return (place){{.seed = bits}, 0};
}

/* The means from each on are summed up first, in place of the counts. */
static void allot(const plan_step *s, const element *x, const element *u, element *y) {
    double sum = 0, left;
    for (uint64_t k = s->count; k-- > 0;)
        y[(int64_t)k * s->pitch] = (element)(sum += (double)x[(int64_t)k * s->from_pitch]);
    left = round(sum);
    for (uint64_t k = 0; k < s->count; k++) {
        element *to = &y[(int64_t)k * s->pitch];
        double mean = (double)x[(int64_t)k * s->from_pitch], rest = (double)*to;
        double share = rest > 0 ? fmin(mean / rest, 1) : rest == 0 ? 0 : (double)NAN;
        double count =
            k + 1 < s->count ? draw_binomial(left, share, place_of((double)u[(int64_t)k * s->pitch2])) : left;
        left -= count;
        *to = (element)count;
    }
}

static void allot_part(void *context, uint32_t thread, uint32_t part) {
    const step_run *r = context;
    const execution *e = r->run;
    const plan_step *s = r->step;
    EACH_ENTRY(c, s->walk, s, part)
    allot(s, entries_of(e, s->in[0]) + c.at[0], entries_of(e, s->in[1]) + c.at[1],
          entries_of(e, s->of) + c.at[2]);
}

void run_allot(const execution *e, const plan_step *s) { run_parts(e, s, allot_part); }
