/* usage: measure_special [FILE]
 *
 * Not a test: makes the tables of docs/performance.md, "Special functions". For each function, nanoseconds of
 * the processor an entry of a vector of 1,024, of the kernels of each instruction set and of SLEEF, libmvec
 * (both with AVX2) and libm, all in turn in one run, the medians of 31 turns. With FILE, made by
 * `special_reference.py --dense COUNT`, also the largest error of each in units in the last place, against
 * multiple precision. */
#include <immintrin.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sleef.h>

#include "base/number.h"
#include "autodiff/kernels/kernels.h"
#include "base/rng.h"

enum { SIZE = 1024, TURNS = 31, REPEATS = 20, CANDIDATES = 6 };

typedef void library_function(double *z, const double *x, const double *y, size_t n);

typedef struct candidate {
    library_function *run; /* of both arguments; those of one leave the second alone */
    const kernels *table;
} candidate;

typedef struct function {
    const char *name;
    op op;
    double low, high; /* typical arguments */
    double second_low, second_high;
    library_function *other[3]; /* SLEEF, libmvec, libm */
} function;

/* The libraries. */

#define SLEEF_1(f)                                                                                           \
    static void sleef_##f(double *z, const double *x, const double *y, size_t n) {                           \
        for (size_t i = 0; i < n; i += 4)                                                                    \
            _mm256_storeu_pd(z + i, Sleef_##f##d4_u10avx2(_mm256_loadu_pd(x + i)));                          \
    }
#define MVEC_1(f)                                                                                            \
    __m256d _ZGVdN4v_##f(__m256d x);                                                                         \
    static void mvec_##f(double *z, const double *x, const double *y, size_t n) {                            \
        for (size_t i = 0; i < n; i += 4) _mm256_storeu_pd(z + i, _ZGVdN4v_##f(_mm256_loadu_pd(x + i)));     \
    }
#define LIBM_1(f)                                                                                            \
    static void libm_##f(double *z, const double *x, const double *y, size_t n) {                            \
        for (size_t i = 0; i < n; i++) z[i] = f(x[i]);                                                       \
    }
#define SLEEF_AND_MVEC_AND_LIBM(f) SLEEF_1(f) MVEC_1(f) LIBM_1(f)
SLEEF_AND_MVEC_AND_LIBM(exp)
SLEEF_AND_MVEC_AND_LIBM(log)
SLEEF_AND_MVEC_AND_LIBM(log1p)
SLEEF_AND_MVEC_AND_LIBM(expm1)
SLEEF_AND_MVEC_AND_LIBM(sin)
SLEEF_AND_MVEC_AND_LIBM(cos)
SLEEF_AND_MVEC_AND_LIBM(tan)
SLEEF_AND_MVEC_AND_LIBM(asin)
SLEEF_AND_MVEC_AND_LIBM(acos)
SLEEF_AND_MVEC_AND_LIBM(atan)
SLEEF_AND_MVEC_AND_LIBM(sinh)
SLEEF_AND_MVEC_AND_LIBM(cosh)
SLEEF_AND_MVEC_AND_LIBM(tanh)
SLEEF_AND_MVEC_AND_LIBM(erf)
MVEC_1(erfc)
LIBM_1(erfc)
SLEEF_1(lgamma)
LIBM_1(lgamma)

static void sleef_erfc(double *z, const double *x, const double *y, size_t n) {
    for (size_t i = 0; i < n; i += 4) _mm256_storeu_pd(z + i, Sleef_erfcd4_u15avx2(_mm256_loadu_pd(x + i)));
}

static void sleef_pow(double *z, const double *x, const double *y, size_t n) {
    for (size_t i = 0; i < n; i += 4)
        _mm256_storeu_pd(z + i, Sleef_powd4_u10avx2(_mm256_loadu_pd(x + i), _mm256_loadu_pd(y + i)));
}

__m256d _ZGVdN4vv_pow(__m256d x, __m256d y);
static void mvec_pow(double *z, const double *x, const double *y, size_t n) {
    for (size_t i = 0; i < n; i += 4)
        _mm256_storeu_pd(z + i, _ZGVdN4vv_pow(_mm256_loadu_pd(x + i), _mm256_loadu_pd(y + i)));
}

static void libm_pow(double *z, const double *x, const double *y, size_t n) {
    for (size_t i = 0; i < n; i++) z[i] = pow(x[i], y[i]);
}

#define ALL(f)                                                                                               \
    { sleef_##f, mvec_##f, libm_##f }

static const function FUNCTIONS[] = {
    {"exp", OP_exp, -10, 10, 0, 0, ALL(exp)},
    {"log", OP_log, 0, 20, 0, 0, ALL(log)},
    {"log1p", OP_log1p, -0.9, 10, 0, 0, ALL(log1p)},
    {"expm1", OP_expm1, -5, 5, 0, 0, ALL(expm1)},
    {"sin", OP_sin, -10, 10, 0, 0, ALL(sin)},
    {"cos", OP_cos, -10, 10, 0, 0, ALL(cos)},
    {"tan", OP_tan, -10, 10, 0, 0, ALL(tan)},
    {"asin", OP_asin, -1, 1, 0, 0, ALL(asin)},
    {"acos", OP_acos, -1, 1, 0, 0, ALL(acos)},
    {"atan", OP_atan, -5, 5, 0, 0, ALL(atan)},
    {"sinh", OP_sinh, -5, 5, 0, 0, ALL(sinh)},
    {"cosh", OP_cosh, -5, 5, 0, 0, ALL(cosh)},
    {"tanh", OP_tanh, -4, 4, 0, 0, ALL(tanh)},
    {"expit", OP_expit, -10, 10, 0, 0, {0}},
    {"log1p_exp", OP_log1p_exp, -10, 10, 0, 0, {0}},
    {"erf", OP_erf, -3, 3, 0, 0, ALL(erf)},
    {"erfc", OP_erfc, -3, 3, 0, 0, ALL(erfc)},
    {"log_ndtr", OP_log_ndtr, -4, 4, 0, 0, {0}},
    {"mills", OP_mills, -4, 4, 0, 0, {0}},
    {"ndtri", OP_ndtri, 0, 1, 0, 0, {0}},
    {"lgamma", OP_lgamma, 0, 10, 0, 0, {sleef_lgamma, NULL, libm_lgamma}},
    {"digamma", OP_digamma, 0, 10, 0, 0, {0}},
    {"trigamma", OP_trigamma, 0, 10, 0, 0, {0}},
    {"pow", OP_pow, 0, 10, -3, 3, ALL(pow)},
    {"xlogy", OP_xlogy, 0, 10, 0, 10, {0}},
    {"erfcx", OP_erfcx, -3, 10, 0, 0, {0}},
    {"log1m_exp", OP_log1m_exp, -10, 0, 0, 0, {0}},
    {"logit", OP_logit, 0, 1, 0, 0, {0}},
    {"lambert_w", OP_lambert_w, 0, 10, 0, 0, {0}},
    {"bessel_i0e", OP_bessel_i0e, 0, 20, 0, 0, {0}},
    {"bessel_i1e", OP_bessel_i1e, 0, 20, 0, 0, {0}},
    {"log_bessel_i0", OP_log_bessel_i0, 0, 20, 0, 0, {0}},
    {"bessel_k0e", OP_bessel_k0e, 0, 20, 0, 0, {0}},
    {"bessel_k1e", OP_bessel_k1e, 0, 20, 0, 0, {0}},
    {"log_bessel_i", OP_log_bessel_i, 0, 10, 0, 20, {0}},
    {"log_bessel_i_by_order", OP_log_bessel_i_by_order, 0, 10, 0, 20, {0}},
    {"log_bessel_i_by_x", OP_log_bessel_i_by_x, 0, 10, 0, 20, {0}},
    {"log_bessel_k", OP_log_bessel_k, 0, 10, 0, 20, {0}},
    {"log_bessel_k_by_order", OP_log_bessel_k_by_order, 0, 10, 0, 20, {0}},
    {"log_bessel_k_by_x", OP_log_bessel_k_by_x, 0, 10, 0, 20, {0}},
    {"lbeta", OP_lbeta, 0, 10, 0, 10, {0}},
    {"digamma_rise", OP_digamma_rise, 0, 10, 0, 10, {0}},
    {"owens_t", OP_owens_t, -3, 3, -3, 3, {0}},
    {"von_mises_cdf", OP_von_mises_cdf, 0, 10, -3, 3, {0}},
    {"gamma_p", OP_gamma_p, 0, 10, 0, 20, {0}},
    {"gamma_slope", OP_gamma_slope, 0, 10, 0, 20, {0}},
    {"gamma_p_inv", OP_gamma_p_inv, 0, 10, 0, 1, {0}},
    {"inc_beta", OP_inc_beta, 0, 10, 0, 1, {0}},
    {"beta_slope_a", OP_beta_slope_a, 0, 10, 0, 1, {0}},
    {"inc_beta_inv", OP_inc_beta_inv, 0, 10, 0, 1, {0}},
};

static void run(const function *f, const candidate *c, double *z, const double *x, const double *y,
                size_t n) {
    if (c->run) c->run(z, x, y, n);
    else if (c->table->unary[f->op]) c->table->unary[f->op](z, x, n);
    else if (c->table->binary[f->op]) c->table->binary[f->op](z, x, y, n);
    else c->table->ternary[f->op](z, x, x, y, n); /* both parameters are the first argument */
}

/* Time. */

static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void measure(const function *f, const candidate *c, double ns[CANDIDATES]) {
    static double x[SIZE], y[SIZE], z[SIZE], turns[CANDIDATES][TURNS];
    rng r = rng_open(1, 0);
    for (int i = 0; i < SIZE; i++) {
        x[i] = f->low + (f->high - f->low) * rng_uniform(&r);
        y[i] = f->second_low + (f->second_high - f->second_low) * rng_uniform(&r);
    }
    for (int t = 0; t < TURNS; t++)
        for (int k = 0; k < CANDIDATES; k++) {
            if (!c[k].run && !c[k].table) continue;
            run(f, &c[k], z, x, y, SIZE);
            double start = seconds();
            for (int i = 0; i < REPEATS; i++) run(f, &c[k], z, x, y, SIZE);
            turns[k][t] = (seconds() - start) * 1e9 / (SIZE * REPEATS);
        }
    for (int k = 0; k < CANDIDATES; k++) {
        qsort(turns[k], TURNS, sizeof(double), number_order);
        ns[k] = turns[k][TURNS / 2];
    }
}

/* Errors. A line of the file is `name x y value rest`. */

static void errors(FILE *file, const function *f, const candidate *c, double worst[CANDIDATES],
                   double at[CANDIDATES]) {
    char name[32];
    double x, y, value, rest;
    rewind(file);
    for (int k = 0; k < CANDIDATES; k++) worst[k] = 0;
    while (fscanf(file, "%31s %lf %lf %lf %lf", name, &x, &y, &value, &rest) == 5) {
        if (strcmp(name, f->name) != 0) continue;
        double xs[4] = {x, x, x, x}, ys[4] = {y, y, y, y}, z[4];
        /* below 0 lgamma and digamma have zeros between their poles, where their error is absolute */
        double size =
            x < 0 && (f->op == OP_lgamma || f->op == OP_digamma) ? fmax(fabs(value), 1) : fabs(value);
        double unit = nextafter(size, INFINITY) - size;
        for (int k = 0; k < CANDIDATES; k++) {
            if (!c[k].run && !c[k].table) continue;
            run(f, &c[k], z, xs, ys, 4);
            double error = fabs((z[0] - value) - rest) / unit;
            if (!(error <= worst[k])) worst[k] = error, at[k] = x;
        }
    }
}

int main(int count, char **words) {
    const kernels *table[3] = {0};
    kernels_available(IN_DOUBLE, table);
    FILE *file = count > 1 ? fopen(words[1], "r") : NULL;
    printf("| | baseline | avx2 | avx512 | SLEEF | libmvec | libm |%s\n",
           file ? " ULP baseline | avx2 | avx512 | SLEEF | libmvec | libm |" : "");
    printf("|---|%s%s\n", "---|---|---|---|---|---|", file ? "---|---|---|---|---|---|" : "");
    for (size_t i = 0; i < sizeof FUNCTIONS / sizeof *FUNCTIONS; i++) {
        const function *f = &FUNCTIONS[i];
        candidate c[CANDIDATES] = {{NULL, table[0]},    {NULL, table[1]},    {NULL, table[2]},
                                   {f->other[0], NULL}, {f->other[1], NULL}, {f->other[2], NULL}};
        double ns[CANDIDATES], worst[CANDIDATES], at[CANDIDATES] = {0};
        measure(f, c, ns);
        printf("| %s |", f->name);
        for (int k = 0; k < CANDIDATES; k++) {
            if (c[k].run || c[k].table) printf(" %.2f |", ns[k]);
            else printf(" |");
        }
        if (file) {
            errors(file, f, c, worst, at);
            for (int k = 0; k < CANDIDATES; k++) {
                if (c[k].run || c[k].table) printf(worst[k] < 1e3 ? " %.2f |" : " %.1g |", worst[k]);
                else printf(" |");
            }
            for (int k = 0; getenv("WHERE") && k < CANDIDATES; k++) printf(" %.17g", at[k]);
        }
        printf("\n");
        fflush(stdout);
    }
    if (file) fclose(file);
    return 0;
}
