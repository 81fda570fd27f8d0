/* log p = sum -(df + 1) / 2 log(1 + z^2 / df) + n c(df, sigma), z = (y - alpha - X beta) / sigma. With w = 1
 * / (df + z^2): d / d eta = (df + 1) z w / sigma. The design is kept by columns, so that a
 * lane is a row; BLOCK rows at a time go through both products. */
#include "bench/fused/fused.h"
#include "bench/fused/vectors.h"

enum { BLOCK = 512 };

typedef struct student_t {
    fused base;
    uint32_t rows, features;
    const double *y;
    double *x; /* features × rows */
} student_t;

static double *entry(const student_t *f, size_t row, size_t feature) {
    return f->x + feature * f->rows + row;
}

static double digamma(double x) {
    double below = 0;
    for (; x < 10; x++) below -= 1 / x;
    double r = 1 / x, s = r * r;
    double tail =
        s * (1. / 12 - s * (1. / 120 - s * (1. / 252 - s * (1. / 240 - s * (1. / 132 - s * 691. / 32760)))));
    return below + log(x) - 0.5 * r - tail;
}

typedef struct sums {
    real logs, squares, slopes; /* log(1 + z^2 / df), z^2 w, d / d eta */
} sums;

/* Rows first … of a block, or what is left of it, in whole vectors. */
static void block(const student_t *f, size_t first, size_t n, const double *at, double sigma, double df,
                  sums *s, real *g) {
    double slope[BLOCK];
    const double *beta = at + 1, *x = f->x + first;
    const size_t pitch = f->rows;
    real over_sigma = all(1 / sigma), over_df = all(1 / df), weight = all((df + 1) / sigma);
    for (size_t i = 0; i < n; i += LANES) {
        real e = load(f->y + first + i) - at[0];
        for (size_t j = 0; j < f->features; j++) e -= beta[j] * load(x + j * pitch + i);
        store(slope + i, e * over_sigma);
    }
    for (size_t i = 0; i < n; i += LANES) {
        real z = load(slope + i), q = z * z, w = 1 / (df + q), r = weight * z * w;
        s->squares += q * w;
        s->slopes += r;
        store(slope + i, r);
        s->logs += LIBMVEC(log1p)(q * over_df);
    }
    for (size_t j = 0; j < f->features; j++) {
        const double *column = x + j * pitch;
        real a = all(0), b = all(0);
        size_t i = 0;
        for (; i + 2 * LANES <= n; i += 2 * LANES) {
            a += load(slope + i) * load(column + i);
            b += load(slope + i + LANES) * load(column + i + LANES);
        }
        for (; i < n; i += LANES) a += load(slope + i) * load(column + i);
        g[j] += a + b;
    }
}

static void run(fused *base, const double *at, double *value, double *gradient) {
    const student_t *f = (const student_t *)base;
    uint32_t k = f->features;
    double sigma = exp(at[k + 1]), df = exp(at[k + 2]), n = f->rows;
    sums s = {all(0), all(0), all(0)};
    real g[k];
    for (uint32_t j = 0; j < k; j++) g[j] = all(0);
    size_t whole = f->rows - f->rows % LANES;
    for (size_t i = 0; i < whole; i += BLOCK)
        block(f, i, whole - i < BLOCK ? whole - i : BLOCK, at, sigma, df, &s, g);
    double logs = across(s.logs), squares = across(s.squares), slopes = across(s.slopes);
    for (uint32_t j = 0; j < k; j++) gradient[1 + j] = across(g[j]);
    for (size_t i = whole; i < f->rows; i++) {
        double e = f->y[i] - at[0];
        for (uint32_t j = 0; j < k; j++) e -= at[1 + j] * *entry(f, i, j);
        double z = e / sigma, w = 1 / (df + z * z), r = (df + 1) * z * w / sigma;
        logs += log1p(z * z / df);
        squares += z * z * w;
        slopes += r;
        for (uint32_t j = 0; j < k; j++) gradient[1 + j] += r * *entry(f, i, j);
    }
    /* By row: c = lgamma((df + 1) / 2) - lgamma(df / 2) - log(pi df) / 2 - log sigma. */
    double c = lgamma(0.5 * (df + 1)) - lgamma(0.5 * df) - 0.5 * log(M_PI * df) - at[k + 1];
    double c_df = 0.5 * (digamma(0.5 * (df + 1)) - digamma(0.5 * df) - 1 / df);
    *value = n * c - 0.5 * (df + 1) * logs;
    gradient[0] = slopes;
    gradient[k + 1] = (df + 1) * squares - n;
    gradient[k + 2] = df * (n * c_df - 0.5 * logs) + 0.5 * (df + 1) * squares;
    *value += normal_prior(at[0], 5, &gradient[0]) + half_normal_prior(sigma, 1, &gradient[k + 1]);
    for (uint32_t j = 1; j <= k; j++) *value += normal_prior(at[j], 1, &gradient[j]);
    /* df ~ gamma(2, 0.1), with the Jacobian: 2 log(0.1) + 2 log df - 0.1 df. */
    *value += 2 * log(0.1) + 2 * at[k + 2] - 0.1 * df;
    gradient[k + 2] += 2 - 0.1 * df;
}

fused *student_t_open(const dataset *d, uint32_t points, arena *a) {
    (void)points;
    student_t *f = arena_new(a, student_t);
    const array *x = dataset_find(d, "X");
    *f = (student_t){.base = {.run = run}, .rows = x->dims[0], .features = x->dims[1]};
    f->y = dataset_find(d, "y")->values;
    f->x = arena_take_aligned(a, sizeof(double) * f->rows * f->features);
    for (size_t i = 0; i < f->rows; i++)
        for (size_t j = 0; j < f->features; j++) *entry(f, i, j) = x->values[i * f->features + j];
    return &f->base;
}
