/* Draws with parameters, entry by entry: each by a method that is exact, with words of its own for each
 * attempt, so that an entry does not depend on how often another was refused.
 *
 * gamma     Marsaglia and Tsang, A simple method for generating gamma variables (2000)
 * von_mises Best and Fisher, Efficient simulation of the von Mises distribution (1979)
 * poisson   inversion for small rates, else PTRS: Hörmann, The transformed rejection method for generating
 * Poisson random variables (1993) binomial  inversion for small means, else BTRS: Hörmann, The generation of
 * binomial random variates (1993) */
#include <math.h>

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

void run_draws(const kernels *k, op f, element *y, const element *const x[2], draw_stream stream,
               uint64_t first, size_t n) {
    if (f == OP_random_normal) k->normal(y, stream, first, n);
    if (f == OP_random_uniform) k->uniform(y, stream, first, n);
    for (size_t i = 0; i < n; i++) {
        place at = {stream, first + i};
        if (f == OP_random_gamma) y[i] = (element)draw_gamma((double)x[0][i], at);
        if (f == OP_random_von_mises) y[i] = (element)draw_von_mises((double)x[0][i], at);
        if (f == OP_random_poisson) y[i] = (element)draw_poisson((double)x[0][i], at);
        if (f == OP_random_binomial) y[i] = (element)draw_binomial((double)x[0][i], (double)x[1][i], at);
    }
}
