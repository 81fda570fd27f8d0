/* theta ~ normal(mu, tau), y ~ normal(theta, sigma): so few numbers that a point is a handful of vectors. Of
 * one point the lanes are schools, of many they are points. */
#include "bench/fused/fused.h"
#include "bench/fused/vectors.h"

typedef struct eight_schools {
    fused base;
    uint32_t schools, points;
    const double *y;
    double *precision; /* 1 / sigma^2 */
    double constant;   /* what no latent changes */
} eight_schools;

/* Priors of mu ~ normal(0, 5) and tau ~ half_cauchy(5), tau = exp(u), without constants. */
#define PRIORS(log1p_of)                                                                                     \
    ratio = 0.04 * tau * tau, log_density = u - log1p_of(ratio) - 0.02 * mu * mu, slope_mu = -0.04 * mu,     \
    slope_u = 1 - 2 * ratio / (1 + ratio)

static void one(const eight_schools *f, const double *at, double *to, double *gradient) {
    double mu = at[0], u = at[1], tau = exp(u), PRIORS(log1p), inverse = 1 / (tau * tau);
    const double *theta = at + 2;
    double *slope = gradient + 2, gaps = 0, between = 0, within = 0;
    real gaps_of = all(0), between_of = all(0), within_of = all(0);
    uint32_t i = 0, n = f->schools;
    for (; i + LANES <= n; i += LANES) {
        real t = load(theta + i), gap = t - mu, error = load(f->y + i) - t,
             pull = error * load(f->precision + i);
        gaps_of += gap;
        between_of += gap * gap;
        within_of += error * pull;
        store(slope + i, pull - gap * inverse);
    }
    for (; i < n; i++) {
        double gap = theta[i] - mu, error = f->y[i] - theta[i], pull = error * f->precision[i];
        gaps += gap;
        between += gap * gap;
        within += error * pull;
        slope[i] = pull - gap * inverse;
    }
    gaps += across(gaps_of);
    between = inverse * (between + across(between_of));
    within += across(within_of);
    gradient[0] = slope_mu + gaps * inverse;
    gradient[1] = slope_u + between - n;
    *to = log_density - 0.5 * (between + within) - n * u + f->constant;
}

/* Entry k of LANES points. */
static real entry(const double *at, uint32_t size, uint32_t k) {
    real x;
    for (int i = 0; i < LANES; i++) x[i] = at[(size_t)i * size + k];
    return x;
}

static void set_entry(double *to, uint32_t size, uint32_t k, real x) {
    for (int i = 0; i < LANES; i++) to[(size_t)i * size + k] = x[i];
}

static void several(const eight_schools *f, const double *at, double *to, double *gradient) {
    uint32_t n = f->schools, size = n + 2;
    real mu = entry(at, size, 0), u = entry(at, size, 1), tau = SLEEF(exp)(u), PRIORS(LIBMVEC(log1p));
    real inverse = 1 / (tau * tau), gaps = all(0), between = all(0), within = all(0);
    for (uint32_t i = 0; i < n; i++) {
        real t = entry(at, size, i + 2), gap = t - mu, error = f->y[i] - t, pull = error * f->precision[i];
        gaps += gap;
        between += gap * gap;
        within += error * pull;
        set_entry(gradient, size, i + 2, pull - gap * inverse);
    }
    between *= inverse;
    set_entry(gradient, size, 0, slope_mu + gaps * inverse);
    set_entry(gradient, size, 1, slope_u + between - n);
    store(to, log_density - 0.5 * (between + within) - n * u + f->constant);
}

static void run(fused *base, const double *at, double *value, double *gradient) {
    const eight_schools *f = (const eight_schools *)base;
    uint32_t size = f->schools + 2, k = 0;
    for (; k + LANES <= f->points; k += LANES)
        several(f, at + (size_t)k * size, value + k, gradient + (size_t)k * size);
    for (; k < f->points; k++) one(f, at + (size_t)k * size, value + k, gradient + (size_t)k * size);
}

fused *eight_schools_open(const dataset *d, uint32_t points, arena *a) {
    eight_schools *f = arena_new(a, eight_schools);
    const array *y = dataset_find(d, "y"), *sigma = dataset_find(d, "sigma");
    *f = (eight_schools){.base = {.run = run}, .schools = y->dims[0], .points = points, .y = y->values};
    f->precision = arena_array(a, double, f->schools);
    f->constant = -2 * log(5) + M_LN2 - log(M_PI) - HALF_LOG_2PI * (1 + 2 * f->schools);
    for (uint32_t i = 0; i < f->schools; i++) {
        f->precision[i] = 1 / (sigma->values[i] * sigma->values[i]);
        f->constant -= log(sigma->values[i]);
    }
    return &f->base;
}
