/* log p = -y' K^-1 y / 2 - log |K| / 2. With a = K^-1 y, d log p / d K = (a a' - K^-1) / 2: a factor and an
 * inverse by LAPACK, on lower triangles, and one pass over them each before and behind. */
#include <cblas.h>

#include "bench/fused/fused.h"
#include "bench/fused/vectors.h"

void dpotrf_(const char *uplo, const int *n, double *a, const int *lda, int *info);
void dpotri_(const char *uplo, const int *n, double *a, const int *lda, int *info);

typedef struct gaussian_process {
    fused base;
    int n;
    const double *x, *y;
    double *distance; /* squared, of which, as of the others, the rows are stored whole: the upper triangle in
                         LAPACK's order */
    double *signal, *covariance, *weight; /* n × n, n × n, n */
} gaussian_process;

static void fill(const gaussian_process *f, double rho, double alpha, double sigma) {
    double scale = -0.5 / (rho * rho), height = alpha * alpha;
    for (size_t i = 0, n = (size_t)f->n; i < n; i++) {
        const double *d = f->distance + i * n;
        double *s = f->signal + i * n, *k = f->covariance + i * n;
        for (size_t j = 0; j <= i;
             j += LANES) { /* beyond the diagonal, where nobody reads: the rows are padded */
            real e = height * SLEEF(exp)(scale * load(d + j));
            store(s + j, e);
            store(k + j, e);
        }
        k[i] += sigma;
    }
}

typedef struct sums {
    double by_rho, by_alpha, trace; /* G : K0 d^2, G : K0, tr G, with G = a a' - K^-1 */
} sums;

/* Entries below the diagonal count twice. */
static sums pull(const gaussian_process *f) {
    sums s = {0};
    for (size_t i = 0, n = (size_t)f->n; i < n; i++) {
        const double *d = f->distance + i * n, *k = f->signal + i * n, *inverse = f->covariance + i * n,
                     *a = f->weight;
        real by_rho = all(0), by_alpha = all(0);
        double rest_rho = 0, rest_alpha = 0;
        size_t j = 0;
        for (; j + LANES <= i; j += LANES) {
            real g = (a[i] * load(a + j) - load(inverse + j)) * load(k + j);
            by_alpha += g;
            by_rho += g * load(d + j);
        }
        for (; j < i; j++) {
            double g = (a[i] * a[j] - inverse[j]) * k[j];
            rest_alpha += g;
            rest_rho += g * d[j];
        }
        double diagonal = a[i] * a[i] - inverse[i];
        s.by_rho += 2 * (across(by_rho) + rest_rho);
        s.by_alpha += 2 * (across(by_alpha) + rest_alpha) + diagonal * k[i];
        s.trace += diagonal;
    }
    return s;
}

static void run(fused *base, const double *at, double *value, double *gradient) {
    const gaussian_process *f = (const gaussian_process *)base;
    double rho = exp(at[0]), alpha = exp(at[1]), sigma = exp(at[2]), total = -f->n * HALF_LOG_2PI;
    int n = f->n, info;
    fill(f, rho, alpha, sigma);
    dpotrf_("U", &n, f->covariance, &n, &info);
    memcpy(f->weight, f->y, (size_t)n * sizeof *f->y);
    cblas_dtrsv(CblasRowMajor, CblasLower, CblasNoTrans, CblasNonUnit, n, f->covariance, n, f->weight, 1);
    total -= 0.5 * cblas_ddot(n, f->weight, 1, f->weight, 1);
    cblas_dtrsv(CblasRowMajor, CblasLower, CblasTrans, CblasNonUnit, n, f->covariance, n, f->weight, 1);
    for (size_t i = 0; i < (size_t)n; i++) total -= log(f->covariance[i * (size_t)n + i]);
    dpotri_("U", &n, f->covariance, &n, &info);
    sums s = pull(f);
    gradient[0] = 0.5 * s.by_rho / (rho * rho);
    gradient[1] = s.by_alpha;
    gradient[2] = 0.5 * sigma * s.trace;
    *value = total + half_normal_prior(alpha, 2, &gradient[1]) + half_normal_prior(sigma, 1, &gradient[2]);
    /* rho ~ gamma(25, 4), with the Jacobian. */
    *value += 25 * log(4) - lgamma(25) + 25 * at[0] - 4 * rho;
    gradient[0] += 25 - 4 * rho;
}

fused *gaussian_process_open(const dataset *d, uint32_t points, arena *a) {
    (void)points;
    gaussian_process *f = arena_new(a, gaussian_process);
    const array *x = dataset_find(d, "x");
    size_t n = x->dims[0], room = (n * n + LANES) * sizeof(double);
    *f = (gaussian_process){
        .base = {.run = run}, .n = (int)n, .x = x->values, .y = dataset_find(d, "y")->values};
    f->distance = arena_take_aligned(a, room);
    f->signal = arena_take_aligned(a, room);
    f->covariance = arena_take_aligned(a, room);
    f->weight = arena_take_aligned(a, n * sizeof(double));
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) f->distance[i * n + j] = (f->x[i] - f->x[j]) * (f->x[i] - f->x[j]);
    return &f->base;
}
