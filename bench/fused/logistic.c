/* log p = sum y eta - log(1 + exp(eta)), eta = alpha + X beta; d / d eta = y - expit(eta). The matrix is
 * larger than the cache, so what counts is that it is read once: BLOCK rows at a time go through both
 * products. */
#include "bench/fused/fused.h"
#include "bench/fused/vectors.h"

enum { BLOCK = 64 };

typedef struct logistic {
    fused base;
    uint32_t rows, features;
    const double *x, *y;
} logistic;

/* Four rows times beta; the columns behind the last whole vector one by one. */
static void four_rows(const double *row, size_t columns, const double *beta, double start, double *eta) {
    const double *a = row, *b = a + columns, *c = b + columns, *d = c + columns;
    real p = all(0), q = all(0), r = all(0), s = all(0);
    size_t j = 0;
    for (; j + LANES <= columns; j += LANES) {
        real k = load(beta + j);
        p += load(a + j) * k;
        q += load(b + j) * k;
        r += load(c + j) * k;
        s += load(d + j) * k;
    }
    double w = start, x = start, y = start, z = start;
    for (; j < columns; j++) {
        w += a[j] * beta[j];
        x += b[j] * beta[j];
        y += c[j] * beta[j];
        z += d[j] * beta[j];
    }
    eta[0] = w + across(p);
    eta[1] = x + across(q);
    eta[2] = y + across(r);
    eta[3] = z + across(s);
}

/* eta of the rows first … first + n - 1. */
static void linear(const logistic *f, size_t first, size_t n, const double *at, double *eta) {
    const double *row = f->x + first * f->features, *beta = at + 1;
    size_t i = 0;
    for (; i + 4 <= n; i += 4, row += 4 * f->features) four_rows(row, f->features, beta, at[0], eta + i);
    for (; i < n; i++, row += f->features) {
        eta[i] = at[0];
        for (size_t j = 0; j < f->features; j++) eta[i] += row[j] * beta[j];
    }
}

/* From eta to the log density; eta becomes d / d eta. Entries from n on count nothing. */
static real density(const double *y, double *eta, size_t n) {
    real total = all(0);
    for (size_t i = 0; i < n; i += LANES) {
        size_t here = n - i < LANES ? n - i : LANES;
        real h = load(eta + i), t = here == LANES ? load(y + i) : load_rest(y + i, here);
        real e = SLEEF(exp)(-absolute(h)), p = pick(h < 0, e, all(1)) / (1 + e);
        real term = t * h - pick(h > 0, h, all(0)) - LIBMVEC(log1p)(e), slope = t - p;
        if (here < LANES)
            for (size_t k = here; k < LANES; k++) term[k] = slope[k] = 0;
        total += term;
        store(eta + i, slope);
    }
    return total;
}

/* Adds the products of n rows with their slopes; those behind the last are 0. */
static void backward(const logistic *f, size_t first, size_t n, const double *slope, double *gradient) {
    size_t columns = f->features, whole = columns - columns % LANES, i = 0;
    for (; i + 4 <= n; i += 4) {
        const double *a = f->x + (first + i) * columns, *b = a + columns, *c = b + columns, *d = c + columns;
        double r = slope[i], s = slope[i + 1], t = slope[i + 2], u = slope[i + 3];
        size_t j = 0;
        for (; j < whole; j += LANES)
            store(gradient + j, (load(gradient + j) + r * load(a + j) + s * load(b + j)) +
                                    (t * load(c + j) + u * load(d + j)));
        for (; j < columns; j++) gradient[j] += r * a[j] + s * b[j] + t * c[j] + u * d[j];
    }
    for (; i < n; i++)
        for (size_t j = 0; j < columns; j++) gradient[j] += slope[i] * f->x[(first + i) * columns + j];
}

static void run(fused *base, const double *at, double *value, double *gradient) {
    logistic *f = (logistic *)base;
    double eta[BLOCK];
    real total = all(0), sum = all(0);
    memset(gradient, 0, (f->features + 1) * sizeof *gradient);
    for (size_t i = 0; i < f->rows; i += BLOCK) {
        size_t n = f->rows - i < BLOCK ? f->rows - i : BLOCK;
        linear(f, i, n, at, eta);
        for (size_t k = n; k % LANES; k++) eta[k] = 0;
        total += density(f->y + i, eta, n);
        for (size_t k = 0; k < n; k += LANES) sum += load(eta + k);
        backward(f, i, n, eta, gradient + 1);
    }
    gradient[0] = across(sum);
    *value = across(total) + normal_prior(at[0], 2.5, &gradient[0]);
    for (size_t j = 1; j <= f->features; j++) *value += normal_prior(at[j], 1, &gradient[j]);
}

fused *logistic_open(const dataset *d, uint32_t points, arena *a) {
    (void)points;
    logistic *f = arena_new(a, logistic);
    const array *x = dataset_find(d, "X");
    *f = (logistic){.base = {.run = run}, .rows = x->dims[0], .features = x->dims[1], .x = x->values};
    f->y = dataset_find(d, "y")->values;
    return &f->base;
}
