/* Whole distributions, the examples of reference.txt:
 *   - total mass, cdf, mean, variance and entropy against quadrature or sums of the density, quantile as the
 * inverse of cdf;
 *   - draws against the same: Kolmogorov and Smirnov, of whole numbers chi-square, mean and variance within 5
 *     standard errors.
 *
 * usage: shapes [DRAWS [REFERENCE.txt]]   from the root of the repository; a campaign draws 1000000 */
#include <stdlib.h>

#include "tests/densities/run.h"

/* `centre` and `width` say where the mass is: a kink at `centre` is met by the quadrature. */
typedef struct example {
    char call[100], name[40], type[40];
    double lowest, highest, centre, width;
    bool whole;
} example;

static bool read_example(FILE *file, example *e) {
    char line[512];
    while (fgets(line, sizeof line, file)) {
        if (strncmp(line, "example ", 8)) continue;
        char *bar = strstr(line, " | "), *word = strtok(bar + 3, " \n");
        *e = (example){0};
        snprintf(e->call, sizeof e->call, "%.*s", (int)(bar - line - 8), line + 8);
        snprintf(e->name, sizeof e->name, "%.*s", (int)strcspn(e->call, "("), e->call);
        snprintf(e->type, sizeof e->type, "%s", word);
        double *to[] = {&e->lowest, &e->highest, &e->centre, &e->width};
        for (int i = 0; i < 4; i++) *to[i] = strtod(strtok(NULL, " \n"), NULL);
        e->whole = !strcmp(word, "count") || !strcmp(word, "binary") || !strcmp(word, "int");
        return true;
    }
    return false;
}

/* ---- quadrature ---- */

/* Double-exponential maps (Takahasi and Mori 1974) on NODES points: of a half-line from `end`, x = end +
 * sign w exp(pi/2 sinh t), of an interval x = a + (b - a) expit(pi sinh t). Densities that are smooth inside
 * come out to 1e-12. */
enum { PLACES = 24, NODES = 801 };

static double half_line(double end, double sign, double w, int i, double *weight) {
    double h = 10.0 / (NODES - 1), t = -5 + h * i, e = w * exp(M_PI / 2 * sinh(t));
    *weight = h * M_PI / 2 * cosh(t) * e;
    return end + sign * e;
}

static double inside(double a, double b, int i, double *weight) {
    double h = 8.0 / (NODES - 1), t = -4 + h * i, s = M_PI * sinh(t), p = 1 / (1 + exp(-s)),
           q = 1 / (1 + exp(s));
    *weight = h * M_PI * cosh(t) * (b - a) * p * q;
    return a + (b - a) * p;
}

/* Places in the order of x, from one tail to the other. */
static double place(const example *e, int i) {
    double u = (i + 0.5) / PLACES;
    if (e->whole) return e->lowest + i;
    if (isinf(e->lowest)) return e->centre + e->width * log(u / (1 - u));
    if (isinf(e->highest)) return e->lowest + e->width * pow(u / (1 - u), 0.8);
    return e->lowest + (e->highest - e->lowest) * u;
}

/* Sums over a distribution: below each place, then everywhere; moments about `centre`. */
typedef struct sums {
    double below[PLACES], mass, moment[5], entropy;
} sums;

static void add(sums *s, double gap, double log_density, double weight) {
    double p = weight ? exp(log_density) * weight : 0, power = 1;
    if (!(p > 0)) return;
    s->mass += p;
    for (int k = 1; k < 5; k++) s->moment[k] += p * (power *= gap);
    s->entropy -= p * log_density;
}

static bool density_at(arena *a, const char *test, const example *e, const double *x, uint32_t n,
                       const double **density) {
    const char *text =
        arena_print(a, "axis n\ndata x[n] : %s\nlet f[n] = log_density(%s, x)\n", e->type, e->call);
    values data = {.name = "x", .rank = 1, .dims = {n}, .numbers = x};
    results f = {.name = "f"};
    if (!compute(a, test, text, &data, 1, &f, 1)) return false;
    *density = f.numbers;
    return true;
}

static bool sum_whole(arena *a, const char *test, const example *e, sums *s, const double **density) {
    uint32_t n = (uint32_t)(e->highest - e->lowest) + 1;
    double *x = arena_array(a, double, n);
    for (uint32_t i = 0; i < n; i++) x[i] = e->lowest + i;
    if (!density_at(a, test, e, x, n, density)) return false;
    for (uint32_t i = 0; i < n; i++) {
        add(s, x[i] - e->centre, (*density)[i], 1);
        if (i < PLACES) s->below[i] = s->mass;
    }
    for (uint32_t i = n; i < PLACES; i++) s->below[i] = s->mass;
    return true;
}

/* The points of the integral from `a` to `b`, of which one may be infinite. */
static void lay_out(const example *e, double a, double b, double *at, double *weight) {
    for (int i = 0; i < NODES; i++) {
        if (isinf(a)) at[i] = half_line(b, -1, e->width, i, &weight[i]);
        else if (isinf(b)) at[i] = half_line(a, 1, e->width, i, &weight[i]);
        else at[i] = inside(a, b, i, &weight[i]);
        if (!isinf(e->lowest) && at[i] <= e->lowest) at[i] = nextafter(e->lowest, INFINITY), weight[i] = 0;
        if (!isinf(e->highest) && at[i] >= e->highest)
            at[i] = nextafter(e->highest, -INFINITY), weight[i] = 0;
    }
}

/* Below each place, from the lowest x or from the centre; then all below and above the centre. */
static bool integrate(arena *a, const char *test, const example *e, sums *s) {
    enum { ALL = PLACES + 2 };
    double *x = arena_array(a, double, ALL *NODES), *weight = arena_array(a, double, ALL *NODES);
    double centre = e->centre > e->lowest ? e->centre : e->lowest + e->width;
    for (int i = 0; i < ALL; i++) {
        double end = i < PLACES ? place(e, i) : i == PLACES ? centre : e->highest;
        lay_out(e, end > centre ? centre : e->lowest, end, x + i * NODES, weight + i * NODES);
    }
    const double *density;
    if (!density_at(a, test, e, x, ALL * NODES, &density)) return false;
    for (int k = PLACES * NODES; k < (PLACES + 1) * NODES; k++)
        add(s, x[k] - e->centre, density[k], weight[k]);
    double half = s->mass;
    for (int k = (PLACES + 1) * NODES; k < ALL * NODES; k++) add(s, x[k] - e->centre, density[k], weight[k]);
    for (int i = 0; i < PLACES; i++) {
        sums part = {0};
        for (int k = i * NODES; k < (i + 1) * NODES; k++) add(&part, 0, density[k], weight[k]);
        s->below[i] = part.mass + (place(e, i) > centre ? half : 0);
    }
    return true;
}

/* ---- what the distribution says of itself ---- */

static bool close_to(const char *test, const char *what, double got, double want, double tolerance) {
    if (fabs(got - want) <= tolerance) return true;
    return check(false, test, "%s is %.12g, not %.12g", what, got, want);
}

static bool ask(arena *a, const char *test, const example *e, const char *property, double *answer) {
    results m = {.name = "m"};
    if (!compute(a, test, arena_print(a, "let m = %s(%s)\n", property, e->call), NULL, 0, &m, 1))
        return false;
    *answer = m.numbers[0];
    return true;
}

static bool check_cdf(arena *a, const char *test, const example *e, const sums *s) {
    double x[PLACES];
    uint32_t count = PLACES;
    if (e->whole && e->highest - e->lowest + 1 < PLACES) count = (uint32_t)(e->highest - e->lowest) + 1;
    for (uint32_t i = 0; i < count; i++) x[i] = place(e, (int)i);
    bool inverse = has_property(e->name, "quantile");
    const char *text = arena_print(a, "axis n\ndata x[n] : %s\nlet f[n] = cdf(%s, x)\n", e->type, e->call);
    if (inverse)
        text = arena_print(a, "%slet q[n] = quantile(%s, f)\nlet back[n] = cdf(%s, q)\n", text, e->call,
                           e->call);
    values data = {.name = "x", .rank = 1, .dims = {count}, .numbers = x};
    results wanted[3] = {{.name = "f"}, {.name = "back"}, {.name = "q"}};
    if (!compute(a, test, text, &data, 1, wanted, inverse ? 3 : 1)) return false;
    for (uint32_t i = 0; i < count; i++) {
        double f = wanted[0].numbers[i];
        if (!close_to(test, "cdf", f, s->below[i], 1e-9)) return false;
        if (inverse && e->whole && !close_to(test, "quantile of cdf", wanted[2].numbers[i], x[i], 0))
            return false;
        if (inverse && !e->whole && !close_to(test, "cdf of quantile", wanted[1].numbers[i], f, 1e-12))
            return false;
    }
    return true;
}

/* Mean and variance where they are finite. The sums lose what lies beyond the last node. */
static bool check_moments(arena *a, const char *test, const example *e, const sums *s) {
    static const char *const NAMES[] = {"mean", "variance", "entropy"};
    double mean = e->centre + s->moment[1], square = s->moment[2] - s->moment[1] * s->moment[1];
    double spread = sqrt(s->moment[2]);
    const double want[] = {mean, square, s->entropy}, size[] = {spread, square, 1 + fabs(s->entropy)};
    for (int i = 0; i < 3; i++) {
        double got;
        if (!has_property(e->name, NAMES[i])) continue;
        if (!ask(a, test, e, NAMES[i], &got)) return false;
        if (isfinite(got) && !close_to(test, NAMES[i], got, want[i], 1e-8 * size[i])) return false;
    }
    return true;
}

/* Outside of the support, and between whole numbers, the density is 0. */
static bool check_outside(arena *a, const char *test, const example *e) {
    enum { COUNT = 5 };
    bool any = !strcmp(e->type, "int"), binary = !strcmp(e->type, "binary");
    double lowest = any ? -INFINITY : e->lowest, highest = e->whole && !binary ? INFINITY : e->highest;
    double low = isinf(e->lowest) ? 0 : e->lowest, high = isinf(e->highest) ? 0 : e->highest;
    const double x[COUNT] = {-1e300, low - 1, low + (e->whole ? 0.5 : -1e-3), 1e300, high + 1};
    const char *text = arena_print(a, "axis n\ndata x[n] : real\nlet f[n] = log_density(%s, x)\n", e->call);
    values data = {.name = "x", .rank = 1, .dims = {COUNT}, .numbers = x};
    results f = {.name = "f"};
    if (!compute(a, test, text, &data, 1, &f, 1)) return false;
    for (int i = 0; i < COUNT; i++) {
        bool outside = x[i] < lowest || x[i] > highest || (e->whole && x[i] != floor(x[i]));
        if (outside && f.numbers[i] != -INFINITY)
            return check(false, test, "the log density at %g, outside, is %g", x[i], f.numbers[i]);
    }
    return true;
}

/* ---- draws ---- */

static bool check_shares(const char *test, double *sorted, uint32_t n, const double *at, const double *below,
                         uint32_t count) {
    double worst = isnan(sorted[0]) || isnan(sorted[n - 1]) ? INFINITY : 0;
    for (uint32_t i = 0, k = 0; i < count; i++) {
        while (k < n && sorted[k] <= at[i]) k++;
        worst = fmax(worst, fabs((double)k / n - below[i]));
    }
    if (worst * sqrt(n) <= KOLMOGOROV) return true;
    return check(false, test, "draws are off by %.4f", worst);
}

/* By the cdf at every draw. */
static bool check_by_cdf(arena *a, const char *test, const example *e, const double *sorted, uint32_t n) {
    const char *text = arena_print(a, "axis n\ndata x[n] : %s\nlet f[n] = cdf(%s, x)\n", e->type, e->call);
    values data = {.name = "x", .rank = 1, .dims = {n}, .numbers = sorted};
    results f = {.name = "f"};
    if (!compute(a, test, text, &data, 1, &f, 1)) return false;
    double worst = 0;
    for (uint32_t i = 0; i < n; i++) {
        double p = f.numbers[i];
        worst = fmax(worst, isnan(p) ? INFINITY : fmax(p - (double)i / n, (i + 1.) / n - p));
    }
    if (worst * sqrt(n) <= KOLMOGOROV) return true;
    return check(false, test, "draws are off from the cdf by %.4f", worst);
}

/* Neighbouring values are put together until 10 draws are expected. */
static bool check_frequencies(const char *test, const example *e, const double *sorted, uint32_t n,
                              const double *density) {
    double sum = 0, expected = 0, rest = n, bins = 0;
    uint32_t k = 0, from = 0;
    for (double x = e->lowest; x <= e->highest; x++) {
        double mass = n * exp(density[(uint32_t)(x - e->lowest)]);
        expected += mass;
        rest -= mass;
        while (k < n && sorted[k] <= x) k++;
        if (expected < 10 || (rest < 10 && x < e->highest)) continue;
        sum += pow(k - from - expected, 2) / expected;
        bins++;
        from = k;
        expected = 0;
    }
    if (from + 10 < k || (from < n && !bins)) return check(false, test, "%u draws lie beyond", n - from);
    if (bins < 2 || sum <= chi_square_limit(bins - 1)) return true;
    return check(false, test, "chi-square of draws is %.1f with %g degrees", sum, bins - 1);
}

/* Mean and variance within 5 standard errors, where the fourth moment is finite and no giant. */
static bool check_draw_moments(const char *test, const example *e, const double *x, uint32_t n,
                               const sums *s) {
    double m = s->moment[1], v = s->moment[2] - m * m, sum = 0, square = 0;
    double fourth = s->moment[4] - 4 * m * s->moment[3] + 6 * m * m * s->moment[2] - 3 * m * m * m * m;
    if (!(fourth < 1000 * v * v)) return true;
    for (uint32_t i = 0; i < n; i++) sum += x[i] - e->centre - m;
    for (uint32_t i = 0; i < n; i++) square += pow(x[i] - e->centre - m, 2);
    if (!close_to(test, "mean of draws, less its own,", sum / n, 0, 5 * sqrt(v / n))) return false;
    return close_to(test, "variance of draws", square / n, v, 5 * sqrt((fourth - v * v) / n) + 1e-12 * v);
}

static bool check_draws(arena *a, const char *test, const example *e, const sums *s, const double *density,
                        uint32_t n) {
    const char *text = arena_print(a, "axis n = %u\ngenerate {\n  x[n] ~ %s\n}\n", n, e->call);
    results x = {.name = "x"};
    if (!compute(a, test, text, NULL, 0, &x, 1)) return false;
    double at[PLACES], *sorted = arena_array(a, double, n);
    memcpy(sorted, x.numbers, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, number_order);
    for (int i = 0; i < PLACES; i++) at[i] = place(e, i);
    if (!check_shares(test, sorted, n, at, s->below, PLACES)) return false;
    if (e->whole && !check_frequencies(test, e, sorted, n, density)) return false;
    if (!e->whole && has_property(e->name, "cdf") && !check_by_cdf(a, test, e, sorted, n)) return false;
    return check_draw_moments(test, e, sorted, n, s);
}

static void check_example(arena *a, const example *e, uint32_t draws) {
    const char *test = arena_print(a, "shape.%s", e->call);
    sums s = {0};
    const double *density = NULL;
    bool good = e->whole ? sum_whole(a, test, e, &s, &density) : integrate(a, test, e, &s);
    good = good && close_to(test, "mass", s.mass, 1, 1e-9);
    if (good) good = check_outside(a, test, e);
    if (good && has_property(e->name, "cdf")) good = check_cdf(a, test, e, &s);
    if (good) good = check_moments(a, test, e, &s);
    if (good && has_property(e->name, "sample")) good = check_draws(a, test, e, &s, density, draws);
    if (good) succeed(test);
}

/* ---- of vectors ---- */

/* The first share of dirichlet(c) is beta(c[1], c[2] + c[3]). */
static void check_dirichlet(arena *a, uint32_t draws) {
    const char *test = "shape.dirichlet";
    const char *text = arena_print(a,
                                   "axis n = %u, k = 3\nlet c[k] = k * (k + 1) / 4\n"
                                   "generate {\n  x[n, k] ~ dirichlet(c)\n}\n",
                                   draws);
    results x = {.name = "x"};
    if (!compute(a, test, text, NULL, 0, &x, 1)) return;
    example margin = {"beta(0.5, 4.5)", "beta", "unit", 0, 1, 0.1, 1, false};
    sums s = {0};
    if (!integrate(a, test, &margin, &s)) return;
    double *first = arena_array(a, double, draws), at[PLACES], off = 0;
    for (uint32_t i = 0; i < draws; i++) {
        const double *row = x.numbers + 3 * i;
        first[i] = row[0];
        off = fmax(off, fabs(row[0] + row[1] + row[2] - 1));
    }
    qsort(first, draws, sizeof *first, number_order);
    for (int i = 0; i < PLACES; i++) at[i] = place(&margin, i);
    if (!close_to(test, "sum of shares", off, 0, 8 * ULP)) return;
    if (check_shares(test, first, draws, at, s.below, PLACES)) succeed(test);
}

/* Draws of a category have the shares that its density says. */
static void check_categories(arena *a, uint32_t draws) {
    static const char *const CALLS[] = {"categorical(w)", "categorical_logit(log(w) + 3)",
                                        "ordered_logistic(0.3, cut)", "ordered_probit(0.3, cut)"};
    for (int i = 0; i < 4; i++) {
        const char *test = arena_print(a, "shape.%s", CALLS[i]);
        const char *text =
            arena_print(a,
                        "axis n = %u, k = 3, c = 4\nlet w[k] = k / 6\nlet cut[k] = k - 2\n"
                        "let f[%s] = log_density(%s, %s)\ngenerate {\n  x[n] : %s ~ %s\n}\n",
                        draws, i < 2 ? "k" : "c", CALLS[i], i < 2 ? "k" : "c", i < 2 ? "k" : "c", CALLS[i]);
        results wanted[] = {{.name = "x"}, {.name = "f"}};
        if (!compute(a, test, text, NULL, 0, wanted, 2)) continue;
        double below[4] = {0}, at[4];
        uint32_t count = i < 2 ? 3 : 4;
        for (uint32_t k = 0; k < count; k++) {
            at[k] = k + 1;
            below[k] = (k ? below[k - 1] : 0) + exp(wanted[1].numbers[k]);
        }
        double *sorted = arena_array(a, double, draws);
        memcpy(sorted, wanted[0].numbers, draws * sizeof *sorted);
        qsort(sorted, draws, sizeof *sorted, number_order);
        if (close_to(test, "mass", below[count - 1], 1, 1e-12) &&
            check_shares(test, sorted, draws, at, below, count))
            succeed(test);
    }
}

/* matrix_normal is a normal vector of all entries, whose covariance is the Kronecker product. */
static void check_matrix_normal(arena *a) {
    enum { N = 2, M = 3, ALL = N * M };
    static const double rows[N * N] = {2, 0.5, 0.5, 1},
                                 columns[M * M] = {1, 0.3, -0.2, 0.3, 2, 0.1, -0.2, 0.1, 0.7};
    static const double x[ALL] = {0.3, -1, 2, 0.1, 0.7, -0.4};
    double product[ALL * ALL];
    for (int i = 0; i < ALL; i++)
        for (int k = 0; k < ALL; k++)
            product[i * ALL + k] = rows[i / M * N + k / M] * columns[i % M * M + k % M];
    values data[] = {{.name = "x", .rank = 2, .dims = {N, M}, .numbers = x},
                     {.name = "R", .rank = 2, .dims = {N, N}, .numbers = rows},
                     {.name = "C", .rank = 2, .dims = {M, M}, .numbers = columns},
                     {.name = "y", .rank = 1, .dims = {ALL}, .numbers = x},
                     {.name = "K", .rank = 2, .dims = {ALL, ALL}, .numbers = product}};
    results f[] = {{.name = "f"}, {.name = "g"}};
    const char *text =
        "axis n = 2, m = 3, all = 6\ndata x[n, m] : real\ndata y[all] : real\n"
        "data R[n, n'] : covariance\ndata C[m, m'] : covariance\ndata K[all, all'] : covariance\n"
        "let f = log_density(matrix_normal(0.1, R, C), x)\nlet g = log_density(multi_normal(0.1, K), y)\n";
    if (!compute(a, "matrix_normal", text, data, 5, f, 2)) return;
    if (close_to("matrix_normal", "log density", f[0].numbers[0], f[1].numbers[0], 1e-13 * 20))
        succeed("matrix_normal");
}

int main(int argc, char **argv) {
    uint32_t draws = argc > 1 ? (uint32_t)atoi(argv[1]) : 20000;
    FILE *file = fopen(argc > 2 ? argv[2] : "tests/densities/reference.txt", "r");
    if (!CHECK(file, "reference")) return check_end();
    for (example e; read_example(file, &e);) {
        arena a;
        test_memory(&a);
        check_example(&a, &e, draws);
        arena_close(&a);
    }
    fclose(file);
    arena a;
    test_memory(&a);
    check_dirichlet(&a, draws);
    check_categories(&a, draws);
    check_matrix_normal(&a);
    arena_close(&a);
    return check_end();
}
