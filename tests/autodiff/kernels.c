/* The kernels of each instruction set that this processor has: arithmetic against plain C, bit for bit, on
 * all lengths up to 70 and on numbers of all kinds; that the bits of an entry do not depend on its place or
 * on the length, and that nothing is written beside the result; functions against a table in multiple
 * precision, in units in the last place. */
#include <math.h>
#include <string.h>
#include "autodiff/kernels/kernels.h"
#include "base/rng.h"
#include "tests/autodiff/reference.h"
#include "tests/autodiff/special_reference.h"
#include "tests/check.h"

enum { LENGTHS = 70, GUARD = 8 };

static const double SPECIAL[] = {0.0,
                                 -0.0,
                                 1,
                                 -1,
                                 0.5,
                                 -0.5,
                                 1.5,
                                 2.5,
                                 -2.5,
                                 INFINITY,
                                 -INFINITY,
                                 NAN,
                                 0x1p-1074,
                                 -0x1p-1030,
                                 0x1p-1022,
                                 0x1.fffffffffffffp1023,
                                 -0x1.fffffffffffffp1023,
                                 0x1.fffffffffffffp-2,
                                 0x1p52,
                                 0x1.8p51,
                                 -0x1p53,
                                 3,
                                 171,
                                 1e-300};
enum { SPECIALS = sizeof SPECIAL / sizeof *SPECIAL };

static rng source_of_numbers;

static double number(void) {
    uint64_t kind = rng_below(&source_of_numbers, 4);
    if (kind == 0) return SPECIAL[rng_below(&source_of_numbers, SPECIALS)];
    return rng_normal(&source_of_numbers) * (kind == 1 ? 1 : exp(10 * rng_normal(&source_of_numbers)));
}

static bool same(double x, double y) { return (isnan(x) && isnan(y)) || memcmp(&x, &y, sizeof x) == 0; }

/* Plain versions. */

static double plain_unary(op f, double a) {
    switch (f) {
    case OP_neg: return -a;
    case OP_abs: return fabs(a);
    case OP_sign: return isnan(a) ? a : a > 0 ? 1 : a < 0 ? -1 : a;
    case OP_floor: return floor(a);
    case OP_round: return round(a);
    case OP_sqrt: return sqrt(a);
    case OP_not: return a == 0;
    case OP_stop: return a;
    default: return 0;
    }
}

static double plain_binary(op f, double a, double b) {
    bool none = isnan(a) || isnan(b);
    switch (f) {
    case OP_add: return a + b;
    case OP_sub: return a - b;
    case OP_mul: return a * b;
    case OP_div: return a / b;
    case OP_minimum: return none ? NAN : a < b ? a : b;
    case OP_maximum: return none ? NAN : a > b ? a : b;
    case OP_lt: return a < b;
    case OP_le: return a <= b;
    case OP_eq: return a == b;
    case OP_ne: return a != b;
    case OP_and: return a != 0 && b != 0;
    case OP_or: return a != 0 || b != 0;
    default: return 0;
    }
}

static bool has_plain_unary(op f) {
    return f == OP_neg || f == OP_abs || f == OP_sign || f == OP_floor || f == OP_round || f == OP_sqrt ||
           f == OP_not || f == OP_stop;
}
static bool has_reference_binary(op f) { return f == OP_pow || f == OP_xlogy; }
static bool has_plain_binary(op f) { return f < OP_exp && f != OP_pow; }

/* Functions by libm in long double, whose errors, below 2^-60, do not count here. */

static bool has_reference(op f, double a) {
    switch (f) {
    case OP_digamma:
    case OP_trigamma:
    case OP_mills:
    case OP_ndtri:
    case OP_erfcx: /* and what follows: see further.c */
    case OP_log1m_exp:
    case OP_logit:
    case OP_lambert_w:
    case OP_lambert_wm1:
    case OP_bessel_i0e:
    case OP_bessel_i1e:
    case OP_log_bessel_i0:
    case OP_bessel_ratio:
    case OP_bessel_k0e:
    case OP_bessel_k1e: return false;
    case OP_log_ndtr: return !(a < -30); /* erfcl's argument is rounded */
    default: return true;
    }
}

/* Within 4 units in the last place, at the least of them for numbers below the normal ones; lgamma below 0
 * within 8 of those of 1. */
static bool close_to(double z, long double expected, op f, double x) {
    double e = (double)expected;
    if (isnan(e) || isnan(z)) return isnan(e) && isnan(z);
    if (isinf(e) || isinf(z)) return z == e || nextafter(z, e) == e;
    double size = fabs(e), units = 4;
    if (f == OP_lgamma && x < 0) size = fmax(size, 1), units = 8;
    return fabsl(z - expected) <= units * (nextafter(size, INFINITY) - size);
}

/* Runs over all lengths; each checks its n results and the guards. */

typedef struct room {
    double x[LENGTHS], y[LENGTHS], c[LENGTHS], result[LENGTHS + 2 * GUARD];
} room;

static double *prepare(room *r) {
    for (int i = 0; i < LENGTHS; i++) r->x[i] = number(), r->y[i] = number(), r->c[i] = number();
    for (int i = 0; i < LENGTHS + 2 * GUARD; i++) r->result[i] = 12345;
    return r->result + GUARD;
}

static bool guards(const room *r, int n) {
    for (int i = 0; i < LENGTHS + 2 * GUARD; i++)
        if ((i < GUARD || i >= GUARD + n) && r->result[i] != 12345) return false;
    return true;
}

static bool unary_good(const kernels *k, op f) {
    room r;
    for (int n = 0; n <= LENGTHS; n++) {
        double *z = prepare(&r);
        k->unary[f](z, r.x, (size_t)n);
        if (!guards(&r, n)) return false;
        for (int i = 0; i < n; i++) {
            double expected = plain_unary(f, r.x[i]);
            if (!has_plain_unary(f)) k->unary[f](&expected, r.x + i, 1);
            if (!same(z[i], expected))
                return printf("# %s(%a) = %a, not %a\n", op_name(f), r.x[i], z[i], expected), false;
            if (has_plain_unary(f) || !has_reference(f, r.x[i])) continue;
            if (!close_to(z[i], reference_map(f, r.x[i], 0, 0), f, r.x[i]))
                return printf("# %s(%a) = %a\n", op_name(f), r.x[i], z[i]), false;
        }
        k->unary[f](r.x, r.x, (size_t)n); /* in place */
        for (int i = 0; i < n; i++)
            if (!same(z[i], r.x[i])) return false;
    }
    return true;
}

static bool binary_good(const kernels *k, op f) {
    room r;
    for (int n = 0; n <= LENGTHS; n++)
        for (int form = 0; form < 3; form++) {
            double *z = prepare(&r);
            if (form == 0) k->binary[f](z, r.x, r.y, (size_t)n);
            if (form == 1) k->binary_vs[f](z, r.x, r.y[0], (size_t)n);
            if (form == 2) k->binary_sv[f](z, r.x[0], r.y, (size_t)n);
            if (!guards(&r, n)) return false;
            for (int i = 0; i < n; i++) {
                double a = r.x[form == 2 ? 0 : i], b = r.y[form == 1 ? 0 : i],
                       expected = plain_binary(f, a, b);
                if (!has_plain_binary(f)) k->binary[f](&expected, &a, &b, 1);
                if (!same(z[i], expected) && !(z[i] == expected && (f == OP_minimum || f == OP_maximum)))
                    return printf("# %s(%a, %a) = %a, not %a\n", op_name(f), a, b, z[i], expected), false;
                if (has_reference_binary(f) && !close_to(z[i], reference_map(f, a, b, 0), f, a))
                    return printf("# %s(%a, %a) = %a\n", op_name(f), a, b, z[i]), false;
            }
        }
    return true;
}

static bool ternary_good(const kernels *k, op f) {
    room r;
    for (int n = 0; n <= LENGTHS; n++) {
        double *z = prepare(&r);
        k->ternary[f](z, r.x, r.y, r.c, (size_t)n);
        if (!guards(&r, n)) return false;
        for (int i = 0; i < n; i++) {
            double expected;
            k->ternary[f](&expected, r.x + i, r.y + i, r.c + i, 1);
            if (!same(z[i], expected))
                return printf("# %s(%a, %a, %a) = %a, not %a\n", op_name(f), r.x[i], r.y[i], r.c[i], z[i],
                              expected),
                       false;
        }
        k->ternary[f](r.x, r.x, r.y, r.c, (size_t)n); /* in place */
        for (int i = 0; i < n; i++)
            if (!same(z[i], r.x[i])) return false;
    }
    return true;
}

static bool moves_good(const kernels *k) {
    room r;
    bool fused = strcmp(k->name, "baseline") != 0;
    for (int n = 0; n <= LENGTHS; n++) {
        double *z = prepare(&r);
        int32_t index[LENGTHS];
        for (int i = 0; i < n; i++) index[i] = (int32_t)rng_below(&source_of_numbers, LENGTHS);
        k->gather(z, r.x, index, (size_t)n);
        for (int i = 0; i < n; i++)
            if (!same(z[i], r.x[index[i]])) return false;
        k->select(z, r.c, r.x, r.y, (size_t)n);
        for (int i = 0; i < n; i++)
            if (!same(z[i], r.c[i] != 0 ? r.x[i] : r.y[i])) return false;
        k->splat(z, 7, (size_t)n);
        k->add_to(z, r.x, (size_t)n);
        k->add_product_to(z, r.x, r.y, (size_t)n);
        for (int i = 0; i < n; i++)
            if (!same(z[i], fused ? fma(r.x[i], r.y[i], 7 + r.x[i]) : (7 + r.x[i]) + r.x[i] * r.y[i]))
                return false;
        if (!guards(&r, n)) return false;
    }
    return true;
}

/* Of numbers, zeros of either sign and infinities; and with a NaN somewhere. */
static bool extremes_good(const kernels *k) {
    room r;
    for (int n = 0; n <= LENGTHS; n++) {
        prepare(&r);
        double most = -INFINITY, least = INFINITY;
        for (int i = 0; i < n; i++) {
            if (isnan(r.x[i])) r.x[i] = -1;
            most = fmax(most, r.x[i]), least = fmin(least, r.x[i]);
        }
        if (k->most(r.x, (size_t)n) != most || k->least(r.x, (size_t)n) != least) return false;
        if (n) r.x[rng_below(&source_of_numbers, (uint64_t)n)] = NAN;
        if (n && (!isnan(k->most(r.x, (size_t)n)) || !isnan(k->least(r.x, (size_t)n)))) return false;
    }
    return true;
}

/* The error of adding n terms in any order is below n units of the sum of magnitudes. */
static bool sums_good(const kernels *k) {
    double x[1000], y[1000];
    for (size_t n = 0; n < 1000; n += n < 70 ? 1 : 37) {
        long double sum = 0, dot = 0, size = 0, size_of_dot = 0;
        for (size_t i = 0; i < n; i++) {
            x[i] = rng_normal(&source_of_numbers), y[i] = rng_normal(&source_of_numbers);
            sum += x[i], dot += (long double)x[i] * y[i];
            size += fabs(x[i]), size_of_dot += fabs(x[i] * y[i]);
        }
        if (fabsl(k->sum(x, n) - sum) > n * 0x1p-53L * size) return false;
        if (fabsl(k->dot(x, y, n) - dot) > n * 0x1p-53L * size_of_dot) return false;
    }
    return true;
}

static bool draws_good(const kernels *k) {
    draw_stream s = {12345678901234567u, 77, 3};
    double whole[500], part[500];
    k->uniform(whole, s, 0, 500);
    for (uint64_t i = 0; i < 500; i++)
        if (whole[i] != rng_unit(rng_philox(s.seed, s.stream, s.step, i / 2, 0).word[i % 2])) return false;
    for (int form = 0; form < 2; form++) {
        void (*draw)(void *, draw_stream, uint64_t, size_t) = form ? k->normal : k->uniform;
        draw(whole, s, 0, 500);
        for (size_t first = 0; first < 300; first += 26)
            for (size_t n = 0; n < 190; n += 1 + n / 10) {
                draw(part, s, first, n);
                if (n && memcmp(part, whole + first, n * sizeof *part) != 0) return false;
            }
    }
    return true;
}

/* Errors in units in the last place. */

static double unit(double y) {
    y = fabs(y);
    return nextafter(y, INFINITY) - y;
}

static double worst_unary(const kernels *k, op f, const double (*rows)[3], size_t count, double *at) {
    double worst = 0;
    for (size_t i = 0; i < count; i++) {
        double y;
        k->unary[f](&y, &rows[i][0], 1);
        double error = fabs((y - rows[i][1]) - rows[i][2]) / unit(rows[i][1]);
        if (!(error <= worst)) worst = error, *at = rows[i][0];
    }
    return worst;
}

static double worst_binary(const kernels *k, op f, const double (*rows)[4], size_t count, double *at) {
    double worst = 0;
    for (size_t i = 0; i < count; i++) {
        double y;
        k->binary[f](&y, &rows[i][0], &rows[i][1], 1);
        double error = fabs((y - rows[i][2]) - rows[i][3]) / unit(rows[i][2]);
        if (!(error <= worst)) worst = error, *at = rows[i][0];
    }
    return worst;
}

static void accuracy(const kernels *k, const char *name, op f, double worst, double at, double bound) {
    char label[64];
    snprintf(label, sizeof label, "kernels/%s/ulp/%s", k->name, name);
    printf("# %s %s: at most %.2f ULP, at %.17g\n", k->name, op_name(f), worst, at);
    check(worst <= bound, label, "%.2f ULP at %.17g, more than %.1f", worst, at, bound);
}

/* Bounds: what docs/performance.md states, rounded up. Points next to zeros of lgamma and digamma are in
 * further.c.
 */
static void functions(const kernels *k) {
#define UNARY(name, table, bound)                                                                            \
    do {                                                                                                     \
        double at = 0, worst = worst_unary(k, OP_##name, table, sizeof table / sizeof *table, &at);          \
        accuracy(k, #name, OP_##name, worst, at, bound);                                                     \
    } while (0)
#define BINARY(name, table, bound)                                                                           \
    do {                                                                                                     \
        double at = 0, worst = worst_binary(k, OP_##name, table, sizeof table / sizeof *table, &at);         \
        accuracy(k, #name, OP_##name, worst, at, bound);                                                     \
    } while (0)
    UNARY(exp, EXP, 1);
    UNARY(log, LOG, 4);
    UNARY(log1p, LOG1P, 4);
    UNARY(expm1, EXPM1, 4);
    UNARY(sin, SIN, 4);
    UNARY(cos, COS, 4);
    UNARY(tan, TAN, 4);
    UNARY(asin, ASIN, 4);
    UNARY(acos, ACOS, 4);
    UNARY(atan, ATAN, 4);
    UNARY(sinh, SINH, 4);
    UNARY(cosh, COSH, 4);
    UNARY(tanh, TANH, 4);
    UNARY(expit, EXPIT, 4);
    UNARY(log1p_exp, LOG1P_EXP, 4);
    UNARY(lgamma, LGAMMA, 4);
    UNARY(digamma, DIGAMMA, 4);
    UNARY(trigamma, TRIGAMMA, 4);
    UNARY(erf, ERF, 4);
    UNARY(erfc, ERFC, 4);
    UNARY(log_ndtr, LOG_NDTR, 4);
    UNARY(mills, MILLS, 4);
    UNARY(ndtri, NDTRI, 4);
    BINARY(pow, POW, 4);
    BINARY(xlogy, XLOGY, 4);
#undef UNARY
#undef BINARY
}

/* At the ends: as libm has it, and by continuity for the others. */
static void limits(const kernels *k) {
    static const struct {
        op f;
        double x, y;
    } LIMITS[] = {{OP_exp, -INFINITY, 0},
                  {OP_exp, INFINITY, INFINITY},
                  {OP_exp, 1000, INFINITY},
                  {OP_log, 0, -INFINITY},
                  {OP_log, -1, NAN},
                  {OP_log, INFINITY, INFINITY},
                  {OP_log1p, -1, -INFINITY},
                  {OP_expm1, -INFINITY, -1},
                  {OP_tanh, INFINITY, 1},
                  {OP_tanh, -INFINITY, -1},
                  {OP_expit, INFINITY, 1},
                  {OP_expit, -INFINITY, 0},
                  {OP_log1p_exp, -INFINITY, 0},
                  {OP_log1p_exp, INFINITY, INFINITY},
                  {OP_lgamma, 0, INFINITY},
                  {OP_lgamma, -3, INFINITY},
                  {OP_lgamma, INFINITY, INFINITY},
                  {OP_lgamma, 1, 0},
                  {OP_lgamma, 2, 0},
                  {OP_digamma, INFINITY, INFINITY},
                  {OP_digamma, -2, NAN},
                  {OP_trigamma, INFINITY, 0},
                  {OP_trigamma, 0, INFINITY},
                  {OP_trigamma, -2, INFINITY},
                  {OP_erf, INFINITY, 1},
                  {OP_erf, -INFINITY, -1},
                  {OP_erfc, INFINITY, 0},
                  {OP_erfc, -INFINITY, 2},
                  {OP_log_ndtr, INFINITY, 0},
                  {OP_log_ndtr, -INFINITY, -INFINITY},
                  {OP_mills, INFINITY, 0},
                  {OP_mills, -INFINITY, INFINITY},
                  {OP_ndtri, 0, -INFINITY},
                  {OP_ndtri, 1, INFINITY},
                  {OP_ndtri, 0.5, 0},
                  {OP_ndtri, -0.1, NAN},
                  {OP_ndtri, 1.1, NAN},
                  {OP_sin, INFINITY, NAN},
                  {OP_asin, 2, NAN}};
    bool good = true;
    for (size_t i = 0; i < sizeof LIMITS / sizeof *LIMITS; i++) {
        double y;
        k->unary[LIMITS[i].f](&y, &LIMITS[i].x, 1);
        if (y == LIMITS[i].y || (isnan(y) && isnan(LIMITS[i].y))) continue;
        printf("# %s(%g) = %g, not %g\n", op_name(LIMITS[i].f), LIMITS[i].x, y, LIMITS[i].y);
        good = false;
    }
    for (int f = 0; f < OP_count; f++)
        if (k->unary[f] && f != OP_not) {
            double y, x = NAN;
            k->unary[f](&y, &x, 1);
            if (!isnan(y)) good = false, printf("# %s(NaN) = %g\n", op_name((op)f), y);
        }
    CHECK(good, "kernels/limits");
}

/* Whether two tables give the same bits: functions, and draws. */
static bool agree(const kernels *k, const kernels *l) {
    double x[LENGTHS], y[LENGTHS], c[LENGTHS], u[LENGTHS], v[LENGTHS];
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < LENGTHS; i++) x[i] = number(), y[i] = number(), c[i] = number();
        for (int f = 0; f < OP_count; f++) {
            if (!k->unary[f] && !k->binary[f] && !k->ternary[f]) continue;
            if (k->unary[f]) k->unary[f](u, x, LENGTHS), l->unary[f](v, x, LENGTHS);
            else if (k->binary[f]) k->binary[f](u, x, y, LENGTHS), l->binary[f](v, x, y, LENGTHS);
            else k->ternary[f](u, x, y, c, LENGTHS), l->ternary[f](v, x, y, c, LENGTHS);
            for (int i = 0; i < LENGTHS; i++)
                if (!same(u[i], v[i])) return printf("# %s(%a)\n", op_name((op)f), x[i]), false;
        }
    }
    draw_stream s = {12345678901234567u, 77, 3};
    k->normal(u, s, 0, LENGTHS);
    l->normal(v, s, 0, LENGTHS);
    return memcmp(u, v, sizeof u) == 0;
}

int main(void) {
    const kernels *table[3];
    int count = kernels_available(IN_DOUBLE, table);
    for (int i = 0; i < count; i++) {
        const kernels *k = table[i];
        source_of_numbers = rng_open(7, 0);
        printf("# %s\n", k->name);
        bool elementwise = true;
        for (int f = 0; f < OP_count; f++) {
            if (k->unary[f] && !unary_good(k, (op)f)) elementwise = false, printf("# %s\n", op_name((op)f));
            if (k->ternary[f] && !ternary_good(k, (op)f))
                elementwise = false, printf("# %s\n", op_name((op)f));
            if (k->binary[f] && !binary_good(k, (op)f)) elementwise = false, printf("# %s\n", op_name((op)f));
        }
        CHECK(elementwise, "kernels/elementwise");
        CHECK(moves_good(k), "kernels/moves");
        CHECK(sums_good(k), "kernels/sums");
        CHECK(extremes_good(k), "kernels/extremes");
        CHECK(draws_good(k), "kernels/draws");
        limits(k);
        functions(k);
    }
    if (count == 3) CHECK(agree(table[1], table[2]), "kernels/bits of avx2 and avx512");
    else printf("skip kernels/bits of avx2 and avx512: this processor has not both\n");
    return check_end();
}
