/* s2[t] = a0 + a1 e[t - 1]^2 + b1 s2[t - 1], e = y - mu, log p = -sum log(s2) / 2 + e^2 / 2 s2. With q = d /
 * d s2 alone, the adjoint is q[t] + b1 times that of t + 1. The two recurrences are one multiplication and
 * addition a step; all else is done in vectors before, between and behind. */
#include "bench/fused/fused.h"
#include "bench/fused/vectors.h"

typedef struct garch {
    fused base;
    uint32_t steps;
    const double *y;
    double sigma1;
    double *square, *s2, *q; /* e^2, s2, q and then its adjoint; rounded up to whole vectors, where e is 0 */
} garch;

static double expit(double u) { return 1 / (1 + exp(-u)); }
static double log1p_exp(double u) { return (u > 0 ? u : 0) + log1p(exp(-fabs(u))); }

static void run(fused *base, const double *at, double *value, double *gradient) {
    const garch *f = (const garch *)base;
    uint32_t n = f->steps, whole = (n + LANES - 1) / LANES * LANES;
    double mu = at[0], a0 = exp(at[1]), a1 = expit(at[2]), share = expit(at[3]), b1 = (1 - a1) * share;
    double *square = f->square, *s2 = f->s2, *q = f->q, now = f->sigma1 * f->sigma1;
    for (uint32_t t = 0; t < whole; t += LANES) {
        real e = load(f->y + t) - mu;
        store(square + t, e * e);
        store(q + t, a0 + a1 * e * e);
    }
    s2[0] = now;
    for (uint32_t t = 1; t < n; t++) s2[t] = now = q[t - 1] + b1 * now;
    real logs = all(0), ratios = all(0), pulls = all(0);
    for (uint32_t t = n; t < whole; t++) s2[t] = 1, square[t] = 0;
    for (uint32_t t = 0; t < whole; t += LANES) {
        real s = load(s2 + t), inverse = 1 / s, ratio = load(square + t) * inverse;
        logs += LIBMVEC(log)(s);
        ratios += ratio;
        store(q + t, 0.5 * inverse * (ratio - 1));
        real e = load(f->y + t) - mu;
        for (uint32_t k = n > t ? n - t : 0; k < LANES; k++) e[k] = 0;
        pulls += e * inverse;
    }
    double adjoint = 0;
    for (uint32_t t = n; t-- > 1;) q[t] = adjoint = q[t] + b1 * adjoint;
    q[0] = 0; /* s2[1] is given */
    for (uint32_t t = n; t <= whole; t++) q[t] = 0;
    real by_a0 = all(0), by_a1 = all(0), by_b1 = all(0), by_mu = all(0);
    for (uint32_t t = 0; t < whole; t += LANES) {
        real l = load(q + t + 1);
        by_a0 += l;
        by_a1 += l * load(square + t);
        by_b1 += l * load(s2 + t);
        by_mu += l * (load(f->y + t) - mu);
    }
    double to_b1 = across(by_b1), to_a1 = across(by_a1) - share * to_b1 - 1 / (1 - a1);
    gradient[0] = across(pulls) - 2 * a1 * across(by_mu);
    gradient[1] = a0 * across(by_a0);
    gradient[2] = to_a1 * a1 * (1 - a1) + 1 - 2 * a1;
    gradient[3] = to_b1 * (1 - a1) * share * (1 - share) + 1 - 2 * share;
    *value = -0.5 * (across(logs) + across(ratios)) - n * HALF_LOG_2PI + normal_prior(mu, 1, &gradient[0]) +
             half_normal_prior(a0, 1, &gradient[1]) + log1p(-a1) - log1p_exp(at[2]) - log1p_exp(-at[2]) -
             log1p_exp(at[3]) - log1p_exp(-at[3]);
}

fused *garch_open(const dataset *d, uint32_t points, arena *a) {
    (void)points;
    garch *f = arena_new(a, garch);
    const array *y = dataset_find(d, "y");
    *f = (garch){.base = {.run = run}, .steps = y->dims[0], .sigma1 = dataset_find(d, "sigma1")->values[0]};
    size_t room = (f->steps + 2 * LANES) * sizeof(double);
    double *padded = arena_take_aligned(a, room);
    memcpy(padded, y->values, f->steps * sizeof *padded);
    f->y = padded;
    f->square = arena_take_aligned(a, room);
    f->s2 = arena_take_aligned(a, room);
    f->q = arena_take_aligned(a, room);
    return &f->base;
}
