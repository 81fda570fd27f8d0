/* Draws of vectors, matrices and first passages by what follows from them: a statistic whose law is known (a
 * marginal, a whitened entry, a sum of squares), at a fixed seed. Of a continuous law the distance of
 * Kolmogorov, of counts chi-square; and mean and variance within 5 standard errors, by the law's own sums
 * over its quantiles.
 *
 * usage: draws [DRAWS]   from the root of the repository; a campaign draws 1000000 */
#include <stdlib.h>

#include "tests/densities/run.h"

typedef struct row {
    const char *name, *given; /* declarations, beside axis n, of the draws, and k, of 3 entries */
    const char *drawn;        /* statements of `generate`, of which s[n], or s[n, k], is the statistic */
    const char *law;
    uint32_t entries; /* of s for each of n */
    bool whole;
} row;

#define COVARIANCE                                                                                           \
    "let A[k, k'] = if k == k' then 1.5 else if k' < k then 0.4 * k - 1.1 * k' else 0\n"                     \
    "let K[k, k'] = sum[k''](A[k, k''] * A[k', k''])\n"                                                      \
    "let L[k, k'] = cholesky[k](K)\nlet m[k] = k - 2.5\n"
#define WHITE      "  z[n, k] = solve_lower[k](L, x - m)\n"
#define SQUARES    "  s[n] = sum[k](solve_lower[k](L, x - m)^2)\n"
#define NEIGHBOURS "let W[k, k'] = if k == k' then 0 else if k + k' == 4 then 0 else 1\n"

static const row ROWS[] = {
    {"multinomial", "let p[k] = k / 6\n", "  x[n, k] ~ multinomial(50, p)\n  s[n] = x[k = 2]\n",
     "binomial(50, 1 / 3)", 1, true},
    {"multinomial.rest", "let p[k] = k / 6\n",
     "  x[n, k] ~ multinomial(4000, p)\n  s[n] = x[k = 2] + x[k = 3]\n", "binomial(4000, 5 / 6)", 1, true},
    {"multinomial.none", "let p[k] = if k == 2 then 0 else 0.5\n",
     "  x[n, k] ~ multinomial(7, p)\n  s[n] = x[k = 1] + 100 * x[k = 2]\n", "binomial(7, 0.5)", 1, true},
    {"dirichlet_multinomial", "let c[k] = k / 2\n",
     "  x[n, k] ~ dirichlet_multinomial(30, c)\n  s[n] = x[k = 1]\n", "beta_binomial(30, 0.5, 2.5)", 1, true},
    {"zipf", "", "  s[n] ~ zipf(3.2)\n", "zipf(3.2)", 1, true},
    {"hypergeometric", "", "  s[n] ~ hypergeometric(4000, 100000, 900000)\n",
     "hypergeometric(4000, 100000, 900000)", 1, true},
    {"wiener", "",
     "  x[n] ~ wiener(1.5, 0.2, 0.3, 0.8)\n"
     "  s[n] = cdf(wiener(1.5, 0.2, 0.3, 0.8), x) / cdf(wiener(1.5, 0.2, 0.3, 0.8), 1e5)\n",
     "uniform(0, 1)", 1, false},
    {"wiener.fast", "",
     "  x[n] ~ wiener(2, 0, 0.95, -7)\n"
     "  s[n] = cdf(wiener(2, 0, 0.95, -7), x) / cdf(wiener(2, 0, 0.95, -7), 1e5)\n",
     "uniform(0, 1)", 1, false},
    {"dirichlet", "let c[k] = k * (k + 1) / 4\n", "  x[n, k] ~ dirichlet(c)\n  s[n] = x[k = 1]\n",
     "beta(0.5, 4.5)", 1, false},
    {"dirichlet.rest", "let c[k] = k * (k + 1) / 4\n",
     "  x[n, k] ~ dirichlet(c)\n  s[n] = x[k = 1] + x[k = 3]\n", "beta(3.5, 1.5)", 1, false},
    {"multi_normal", COVARIANCE, "  x[n, k] ~ multi_normal(m, K)\n  s[n, k] = solve_lower[k](L, x - m)\n",
     "normal(0, 1)", 3, false},
    {"multi_normal_cholesky", COVARIANCE, "  x[n, k] ~ multi_normal_cholesky(m, L)\n" SQUARES,
     "chi_square(3)", 1, false},
    {"multi_normal_precision", COVARIANCE,
     "  x[n, k] ~ multi_normal_precision(m, K)\n  s[n] = sum[k, k']((x - m) * K * (x - m)[k'])\n",
     "chi_square(3)", 1, false},
    {"multi_normal_precision.margin", COVARIANCE,
     "  x[n, k] ~ multi_normal_precision(m, K)\n  s[n] = sum[k]((x - m) * K[k' = 2]) / sqrt(K[k = 2, k' = "
     "2])\n",
     "normal(0, 1)", 1, false},
    {"multi_normal_low_rank",
     "axis r = 2\nlet F[k, r] = k - 1.5 * r\nlet d[k] = 1 / k\n"
     "let L[k, k'] = cholesky[k](sum[r](F * F[k']) + (if k == k' then d else 0))\n",
     "  x[n, k] ~ multi_normal_low_rank(0, F, d)\n  s[n, k] = solve_lower[k](L, x)\n", "normal(0, 1)", 3,
     false},
    {"multi_student_t", COVARIANCE,
     "  x[n, k] ~ multi_student_t(4, m, K)\n  q[n] = sum[k](solve_lower[k](L, x - m)^2)\n  s[n] = q / (q + "
     "4)\n",
     "beta(1.5, 2)", 1, false},
    {"multi_student_t.margin", COVARIANCE,
     "  x[n, k] ~ multi_student_t(4, m, K)\n  s[n] = (x[k = 3] - m[k = 3]) / sqrt(K[k = 3, k' = 3])\n",
     "student_t(4, 0, 1)", 1, false},
    {"multi_student_t_cholesky", COVARIANCE,
     "  x[n, k] ~ multi_student_t_cholesky(4, m, L)\n  q[n] = sum[k](solve_lower[k](L, x - m)^2)\n"
     "  s[n] = q / (q + 4)\n",
     "beta(1.5, 2)", 1, false},
    {"multi_gp", COVARIANCE, "  x[n, k] ~ multi_gp(K, 4)\n  s[n, k] = 2 * solve_lower[k](L, x)\n",
     "normal(0, 1)", 3, false},
    {"multi_gp_cholesky", COVARIANCE,
     "  x[n, k] ~ multi_gp_cholesky(L, 4)\n  s[n, k] = 2 * solve_lower[k](L, x)\n", "normal(0, 1)", 3, false},
    {"matrix_normal", COVARIANCE "axis c = 2\nlet C[c, c'] = if c == c' then c else 0.6\n",
     "  x[n, k, c] ~ matrix_normal(0, K, C)\n"
     "  s[n, k] = solve_lower[c](cholesky[c](C), solve_lower[k](L, x))[c = 2]\n",
     "normal(0, 1)", 3, false},
    {"gaussian_dlm_obs",
     COVARIANCE "axis c = 2, t = 3\nlet C[c, c'] = if c == c' then c else 0.6\nlet F[k, c] = k - 1.5 * c\n"
                "let G[k, k'] = if k == k' then 0.7 else 0\nlet v[k] = F[c = 2]\n",
     "  x[n, c, t] ~ gaussian_dlm_obs(F, G, C, 0.4 * K, m, K)\n"
     "  s[n] = (x[c = 2, t = 3] - 0.7^3 * sum[k](v * m)) / sqrt((0.7^6 + 0.4 * (1 + 0.7^2 + 0.7^4)) * "
     "sum[k, k'](v * K * v[k']) + 2)\n",
     "normal(0, 1)", 1, false},
    {"car", NEIGHBOURS "let Q[k, k'] = (if k == k' then (if k == 2 then 2 else 1) else 0) - 0.7 * W\n",
     "  x[n, k] ~ car(k, 0.7, 4, W)\n  s[n] = 4 * sum[k, k']((x - k) * Q * (x - k)[k'])\n", "chi_square(3)",
     1, false},
    {"icar", NEIGHBOURS,
     "  x[n, k] ~ icar(W, 0.5)\n  s[n] = 2 * sum[k, k'](W * (x - x[k'])^2) + abs(sum[k](x)) * 1e9\n",
     "chi_square(2)", 1, false},
    {"gaussian_random_walk", "",
     "  x[n, k] ~ gaussian_random_walk(0.5)\n  s[n] = 2 * (x[k = 3] - x[k = 1]) / sqrt(2)\n", "normal(0, 1)",
     1, false},
    {"lkj_corr", "", "  x[n, k, k'] ~ lkj_corr(1.7)\n  s[n] = 0.5 + 0.5 * x[k = 3, k' = 1]\n",
     "beta(2.2, 2.2)", 1, false},
    {"lkj_corr.last", "", "  x[n, k, k'] ~ lkj_corr(0.6)\n  s[n] = 0.5 + 0.5 * x[k = 3, k' = 2]\n",
     "beta(1.1, 1.1)", 1, false},
    {"lkj_corr_cholesky", "",
     "  x[n, k, k'] ~ lkj_corr_cholesky(1.7)\n  s[n] = 0.5 + 0.5 * sum[k'](x[k = 3] * x[k = 2])\n",
     "beta(2.2, 2.2)", 1, false},
    {"wishart", COVARIANCE, "  x[n, k, k'] ~ wishart(4.5, K)\n  s[n] = x[k = 2, k' = 2] / K[k = 2, k' = 2]\n",
     "chi_square(4.5)", 1, false},
    {"wishart.trace", COVARIANCE,
     "  x[n, k, k'] ~ wishart(4.5, K)\n  s[n] = sum[k, k''](solve_lower[k](L, cholesky[k](x)[k, k''])^2)\n",
     "chi_square(13.5)", 1, false},
    {"wishart_cholesky", COVARIANCE,
     "  x[n, k, k'] ~ wishart_cholesky(4.5, L)\n  s[n] = sum[k'](x[k = 3]^2) / K[k = 3, k' = 3]\n",
     "chi_square(4.5)", 1, false},
    {"inv_wishart", COVARIANCE, "  x[n, k, k'] ~ inv_wishart(4.5, K)\n  s[n] = x[k = 1, k' = 1]\n",
     "inv_gamma(1.25, 0.5 * K[k = 1, k' = 1])", 1, false},
    {"inv_wishart_cholesky", COVARIANCE,
     "  x[n, k, k'] ~ inv_wishart_cholesky(4.5, L)\n  s[n] = sum[k'](x[k = 3]^2)\n",
     "inv_gamma(1.25, 0.5 * K[k = 3, k' = 3])", 1, false},
};

/* The law's cdf, or of counts its log density, at x. */
static const double *law_at(arena *a, const char *test, const row *r, double *x, uint32_t n) {
    const char *text = arena_print(a, "axis n, k = 3\n%sdata x[n] : %s\nlet f[n] = %s(%s, x)\n", r->given,
                                   r->whole ? "count" : "real", r->whole ? "log_density" : "cdf", r->law);
    values data = {.name = "x", .rank = 1, .dims = {n}, .numbers = x};
    results f = {.name = "f"};
    return compute(a, test, text, &data, 1, &f, 1) ? f.numbers : NULL;
}

static bool check_continuous(arena *a, const char *test, const row *r, double *sorted, uint32_t n) {
    const double *p = law_at(a, test, r, sorted, n);
    double worst = 0, mean = 0, square = 0;
    for (uint32_t i = 0; p && i < n; i++) {
        worst = fmax(worst, isnan(p[i]) ? INFINITY : fmax(p[i] - (double)i / n, (i + 1.) / n - p[i]));
        mean += p[i] - 0.5, square += (p[i] - 0.5) * (p[i] - 0.5);
    }
    /* of a uniform share: mean 1/2, variance 1/12, fourth moment 1/80 */
    mean /= n, square /= n;
    if (!p) return false;
    if (!(worst * sqrt(n) <= KOLMOGOROV)) return check(false, test, "draws are off by %.4f", worst);
    if (fabs(mean) > 5 / sqrt(12. * n)) return check(false, test, "mean of shares is off by %.5f", mean);
    return fabs(square - 1. / 12) <= 5 * sqrt((1. / 80 - 1. / 144) / n) ||
           check(false, test, "variance of shares is %.6f, not 1/12", square);
}

/* Neighbouring counts are put together until 10 draws are expected; and the mean, as the sums say. */
static bool check_whole(arena *a, const char *test, const row *r, const double *sorted, uint32_t n) {
    enum { MOST = 5000 };
    double *x = arena_array(a, double, MOST), sum = 0, expected = 0, rest = n, bins = 0, mean = 0, square = 0;
    for (uint32_t i = 0; i < MOST; i++) x[i] = i;
    const double *density = law_at(a, test, r, x, MOST);
    uint32_t k = 0, from = 0;
    double drawn = 0;
    for (uint32_t i = 0; i < n; i++) drawn += sorted[i] / n;
    for (uint32_t i = 0; density && i < MOST; i++) {
        double mass = exp(density[i]);
        mean += mass * i, square += mass * i * i;
        expected += n * mass, rest -= n * mass;
        while (k < n && sorted[k] <= i) k++;
        if (expected < 10 || rest < 10) continue;
        sum += pow(k - from - expected, 2) / expected, bins++;
        from = k, expected = 0;
    }
    if (!density) return false;
    if (k < n) return check(false, test, "%u draws lie beyond", n - k);
    sum += pow(n - from - expected - rest, 2) / fmax(expected + rest, 1), bins++;
    if (sum > chi_square_limit(bins - 1))
        return check(false, test, "chi-square of draws is %.1f with %g degrees", sum, bins - 1);
    return fabs(drawn - mean) <= 5 * sqrt((square - mean * mean) / n) ||
           check(false, test, "mean of draws is %.6g, not %.6g", drawn, mean);
}

static void check_row(arena *a, const row *r, uint32_t draws) {
    const char *test = arena_print(a, "draws.%s", r->name);
    const char *text = arena_print(a, "axis n = %u, k = 3\n%sgenerate {\n%s}\n", draws, r->given, r->drawn);
    results s = {.name = "s"};
    if (!compute(a, test, text, NULL, 0, &s, 1)) return;
    uint32_t n = draws * r->entries;
    double *sorted = arena_array(a, double, n);
    memcpy(sorted, s.numbers, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, number_order);
    if (r->whole ? check_whole(a, test, r, sorted, n) : check_continuous(a, test, r, sorted, n))
        succeed(test);
}

/* ---- closed forms ---- */

/* Entropies of vectors and matrices are the mean of -log density over draws, and divergences that of the log
 * of the ratio, within 5 standard errors. Those of numbers are in reference.txt, against quadrature. */
typedef struct closed_form {
    const char *given, *axes, *over, *of,
        *other; /* of x; of the distribution; entropy where there is no other */
} closed_form;

#define LOW_RANK   COVARIANCE "axis r = 2\nlet F[k, r] = 0.5 * k - 0.7 * r\nlet d[k] = 1 / k\n"
#define TWO_AXES   COVARIANCE "axis c = 2\nlet C[c, c'] = if c == c' then c else 0.6\n"
#define AREAS      NEIGHBOURS "let start[k] = k\n"
#define VECTOR     "k", "[k]"
#define MATRIX     "k, k'", "[k]"
#define SQUARE     "k, k'", "[k, k']"
#define OF_WISHART COVARIANCE "let I[k, k'] = if k == k' then k else 0.3\nlet J[k, k'] = cholesky[k](I)\n"

static const closed_form CLOSED[] = {
    {"let c[k] = k * (k + 1) / 4\n", VECTOR, "dirichlet(c)", NULL},
    {COVARIANCE, VECTOR, "multi_normal(m, K)", NULL},
    {COVARIANCE, VECTOR, "multi_normal_cholesky(m, L)", NULL},
    {COVARIANCE, VECTOR, "multi_normal_precision(m, K)", NULL},
    {LOW_RANK, VECTOR, "multi_normal_low_rank(k, F, d)", NULL},
    {COVARIANCE, VECTOR, "multi_student_t(4, m, K)", NULL},
    {COVARIANCE, VECTOR, "multi_student_t_cholesky(0.8, m, L)", NULL},
    {COVARIANCE, VECTOR, "multi_gp(K, 4)", NULL},
    {COVARIANCE, VECTOR, "multi_gp_cholesky(L, 0.3)", NULL},
    {TWO_AXES, "k, c", "[k, c]", "matrix_normal(0, K, C)", NULL},
    {AREAS, VECTOR, "car(start, 0.7, 4, W)", NULL},
    {AREAS, VECTOR, "icar(W, 0.5)", NULL},
    {"", VECTOR, "gaussian_random_walk(0.5)", NULL},
    {"", SQUARE, "lkj_corr(1.7)", NULL},
    {"", SQUARE, "lkj_corr_cholesky(0.6)", NULL},
    {COVARIANCE, SQUARE, "wishart(4.5, K)", NULL},
    {COVARIANCE, SQUARE, "wishart_cholesky(4.5, L)", NULL},
    {COVARIANCE, SQUARE, "inv_wishart(6.5, K)", NULL},
    {COVARIANCE, SQUARE, "inv_wishart_cholesky(6.5, L)", NULL},
    {"let p[k] = k / 6\n", "", "", "categorical(p)", NULL},
    {"let p[k] = k / 6\n", "", "", "categorical_logit(p)", NULL},
    {"", VECTOR, "gaussian_random_walk(0.5)", "gaussian_random_walk(0.8)"},
    {"", MATRIX, "lkj_corr(1.7)", "lkj_corr(0.6)"},
    {"", MATRIX, "lkj_corr_cholesky(1.7)", "lkj_corr_cholesky(3)"},
    {OF_WISHART, MATRIX, "wishart(4.5, K)", "wishart(5, I)"},
    {OF_WISHART, MATRIX, "wishart_cholesky(4.5, L)", "wishart_cholesky(3.7, J)"},
    {OF_WISHART, MATRIX, "inv_wishart(6.5, K)", "inv_wishart(5, I)"},
    {OF_WISHART, MATRIX, "inv_wishart_cholesky(6.5, L)", "inv_wishart_cholesky(5, J)"},
    {OF_WISHART, VECTOR, "multi_normal(m, K)", "multi_normal_precision(0.5 * m, I)"},
    {OF_WISHART, VECTOR, "multi_normal_cholesky(m, L)", "multi_normal_precision(0.5 * m, I)"},
    {OF_WISHART, VECTOR, "multi_normal_precision(m, K)", "multi_normal(0.5 * m, I)"},
    {OF_WISHART, VECTOR, "multi_normal_precision(m, K)", "multi_normal_cholesky(0.5 * m, J)"},
    {LOW_RANK, "k", "[k, r]", "multi_normal_low_rank(m, F, d)", "multi_normal(0.5 * m, K)"},
    {LOW_RANK, "k", "[k, r]", "multi_normal_low_rank(m, F, d)", "multi_normal_cholesky(0.5 * m, L)"},
    {LOW_RANK, "k", "[k, r]", "multi_normal_low_rank(m, F, d)", "multi_normal_precision(0.5 * m, K)"},
};

static void check_closed_form(arena *a, const closed_form *f, uint32_t draws) {
    const char *test = arena_print(a, f->other ? "kl.%s.%s" : "entropy.%s", f->of, f->other);
    const char *term = f->other ? arena_print(a, "log_density(%s, x) - log_density(%s, x)", f->of, f->other)
                                : arena_print(a, "-log_density(%s, x)", f->of);
    const char *asked = f->other ? arena_print(a, "kl%s(%s, %s)", f->over, f->of, f->other)
                                 : arena_print(a, "entropy%s(%s)", f->over, f->of);
    const char *text =
        arena_print(a, "axis n = %u, k = 3\n%sgenerate {\n  x[n%s%s] ~ %s\n  l[n] = %s\n  e = %s\n}\n", draws,
                    f->given, *f->axes ? ", " : "", f->axes, f->of, term, asked);
    results wanted[] = {{.name = "l"}, {.name = "e"}};
    if (!compute(a, test, text, NULL, 0, wanted, 2)) return;
    double mean = 0, square = 0;
    for (uint32_t i = 0; i < draws; i++) mean += wanted[0].numbers[i] / draws;
    for (uint32_t i = 0; i < draws; i++) square += pow(wanted[0].numbers[i] - mean, 2) / draws;
    check(fabs(mean - wanted[1].numbers[0]) <= 5 * sqrt(square / draws) + 1e-12, test,
          "%.6f, but %.6f of draws", wanted[1].numbers[0], mean);
}

/* Whether reference.txt has a line that begins with `head`. */
static bool in_reference(const char *head) {
    FILE *file = fopen("tests/densities/reference.txt", "r");
    bool found = false;
    for (char line[8192]; file && !found && fgets(line, sizeof line, file);)
        found = !strncmp(line, head, strlen(head));
    if (file) fclose(file);
    return found;
}

static bool is_of(const char *call, const char *name) {
    size_t length = strlen(name);
    return call && !strncmp(call, name, length) && call[length] == '(';
}

/* Whether `divergence P … / Q …` is in reference.txt. */
static bool divergence_in_reference(const char *p, const char *q) {
    FILE *file = fopen("tests/densities/reference.txt", "r");
    bool found = false;
    for (char line[8192], first[40], *slash; file && !found && fgets(line, sizeof line, file);) {
        if (sscanf(line, "divergence %39s", first) != 1 || strcmp(first, p)) continue;
        slash = strstr(line, "/ ");
        found = slash && sscanf(slash, "/ %39s", first) == 1 && !strcmp(first, q);
    }
    if (file) fclose(file);
    return found;
}

/* Every divergence and entropy of the library is looked at somewhere. */
static void check_complete(arena *a) {
    for (int i = 0; i < LIBRARY_COUNT; i++) {
        const char *p = LIBRARY[i].of[0], *q = LIBRARY[i].of[1], *name = LIBRARY[i].name;
        bool kl = p && !strcmp(name, "kl"), entropy = !p && has_property(name, "entropy"), found = false;
        for (size_t k = 0; k < sizeof CLOSED / sizeof *CLOSED; k++) {
            found |= kl && is_of(CLOSED[k].of, p) && is_of(CLOSED[k].other, q);
            found |= entropy && is_of(CLOSED[k].of, name) && !CLOSED[k].other;
        }
        if (kl) check(found || divergence_in_reference(p, q), "divergences", "kl(%s, %s) has no test", p, q);
        if (entropy)
            check(found || in_reference(arena_print(a, "example %s(", name)), "entropies",
                  "that of %s has no test", name);
    }
}

int main(int argc, char **argv) {
    uint32_t draws = argc > 1 ? (uint32_t)atoi(argv[1]) : 20000;
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        arena a;
        test_memory(&a);
        check_row(&a, &ROWS[i], draws);
        arena_close(&a);
    }
    for (size_t i = 0; i < sizeof CLOSED / sizeof *CLOSED; i++) {
        arena a;
        test_memory(&a);
        check_closed_form(&a, &CLOSED[i], draws);
        arena_close(&a);
    }
    arena a;
    test_memory(&a);
    check_complete(&a);
    arena_close(&a);
    return check_end();
}
