/* The kernels in single precision, against those in double (which kernels.c tests) on numbers that are
 * floats. Arithmetic is the same to the last bit: a sum, product, quotient or root of floats, rounded to
 * double and then to float, is rounded as if once (Figueroa, When is double rounding innocuous?, 1995).
 * Functions are held to 4 units in the last place of a float, over bit patterns of every kind; of lgamma and
 * digamma, whose zeros are not floats, in units of 1 at the least. */
#include <math.h>
#include <string.h>
#include "autodiff/kernels/kernels.h"
#include "base/rng.h"
#include "tests/check.h"

enum { LENGTHS = 70, GUARD = 8, PATTERNS = 1 << 16 };

static float from_bits(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* All exponents and signs, and more of those that functions work on. */
static float pattern(uint32_t i) {
    rng_block b = rng_philox(17, 0, 0, i, 0);
    double u = rng_unit(b.word[1]);
    switch (i % 4) {
    case 0: return from_bits((uint32_t)b.word[0]);
    case 1: return (float)(40 * (u - 0.5));
    case 2: return (float)(2 * (u - 0.5));
    default: return (float)exp(20 * (u - 0.5));
    }
}

static bool is_arithmetic(op f) {
    static const op EXACT[] = {OP_neg,   OP_add,   OP_sub,  OP_mul,     OP_div,     OP_abs, OP_sign,
                               OP_floor, OP_round, OP_sqrt, OP_minimum, OP_maximum, OP_lt,  OP_le,
                               OP_eq,    OP_ne,    OP_and,  OP_or,      OP_not,     OP_stop};
    for (size_t i = 0; i < sizeof EXACT / sizeof *EXACT; i++)
        if (EXACT[i] == f) return true;
    return false;
}

static double ulps(float y, double expected, double least) {
    float rounded = (float)expected;
    if (isnan(y) && isnan(rounded)) return 0;
    if (y == rounded) return 0;
    if (isnan(y) || isnan(rounded) || isinf(rounded)) return INFINITY;
    float size = fmaxf(fabsf(rounded), (float)least);
    return fabs((double)y - expected) / (double)(nextafterf(size, INFINITY) - size);
}

/* Below the normal floats a function may lose its digits. */
static double least_of(op f) { return f == OP_lgamma || f == OP_digamma ? 1 : 0x1p-126; }

static void measure(const kernels *k, const kernels *wide, op f) {
    double worst = 0, at = 0, bound = is_arithmetic(f) ? 0 : 4;
    bool one = k->unary[f];
    for (uint32_t i = 0; i < PATTERNS; i++) {
        float x = pattern(i), y = pattern(i / 7 + PATTERNS), z;
        double wide_x = (double)x, wide_y = (double)y, expected;
        if (one) k->unary[f](&z, &x, 1), wide->unary[f](&expected, &wide_x, 1);
        else k->binary[f](&z, &x, &y, 1), wide->binary[f](&expected, &wide_x, &wide_y, 1);
        double error = ulps(z, expected, bound > 0 ? least_of(f) : 0);
        if (error > worst) worst = error, at = wide_x;
    }
    char label[64];
    snprintf(label, sizeof label, "single/%s/ulp/%s", k->name, op_name(f));
    if (bound > 0) printf("# %s %s: at most %.2f ULP, at %.9g\n", k->name, op_name(f), worst, at);
    check(worst <= bound, label, "%.2f ULP at %.9g, more than %g", worst, at, bound);
}

static bool same(float x, float y) { return (isnan(x) && isnan(y)) || memcmp(&x, &y, sizeof x) == 0; }

/* The bits of an entry depend neither on its place nor on the length, and nothing is written beside. */
static bool tails_good(const kernels *k, op f) {
    float x[LENGTHS], y[LENGTHS], z[LENGTHS + 2 * GUARD], one;
    for (int n = 0; n <= LENGTHS; n++)
        for (int form = 0; form < (k->unary[f] ? 1 : 3); form++) {
            for (int i = 0; i < LENGTHS; i++)
                x[i] = pattern((uint32_t)(i + n)), y[i] = pattern((uint32_t)(5 * i + n));
            for (int i = 0; i < LENGTHS + 2 * GUARD; i++) z[i] = 12345;
            float *to = z + GUARD;
            if (k->unary[f]) k->unary[f](to, x, (size_t)n);
            else if (form == 0) k->binary[f](to, x, y, (size_t)n);
            else if (form == 1) k->binary_vs[f](to, x, (double)y[0], (size_t)n);
            else k->binary_sv[f](to, (double)x[0], y, (size_t)n);
            for (int i = 0; i < LENGTHS + 2 * GUARD; i++)
                if ((i < GUARD || i >= GUARD + n) && z[i] != 12345) return false;
            for (int i = 0; i < n; i++) {
                const float *a = &x[form == 2 ? 0 : i], *b = &y[form == 1 ? 0 : i];
                if (k->unary[f]) k->unary[f](&one, a, 1);
                else k->binary[f](&one, a, b, 1);
                if (!same(one, to[i])) return false;
            }
        }
    return true;
}

/* Sums of n terms: each term is rounded once, and added to a few dozen others before sums are in double. */
static void sums(const kernels *k) {
    enum { MOST = 100003 };
    static float x[MOST], y[MOST];
    double worst = 0;
    for (int i = 0; i < MOST; i++)
        x[i] = pattern((uint32_t)(4 * i + 3)), y[i] = pattern((uint32_t)(4 * i + 7));
    for (int n = 1; n <= MOST; n = n < LENGTHS ? n + 1 : n * 3 < MOST ? n * 3 : n == MOST ? MOST + 1 : MOST) {
        double total = 0, products = 0;
        for (int i = 0; i < n; i++) total += (double)x[i], products += (double)x[i] * (double)y[i];
        worst = fmax(worst, fabs(k->sum(x, (size_t)n) / total - 1));
        worst = fmax(worst, fabs(k->dot(x, y, (size_t)n) / products - 1));
    }
    check(worst < 4 * 0x1p-24, "single/sums", "%s: a relative error of %g", k->name, worst);
}

static bool draws_good(const kernels *k, const kernels *wide) {
    enum { COUNT = 1001 };
    draw_stream s = {9876543210u, 3, 5};
    float x[COUNT];
    double y[COUNT];
    bool good = true;
    k->normal(x, s, 2, COUNT), wide->normal(y, s, 2, COUNT);
    for (int i = 0; i < COUNT; i++) good &= x[i] == (float)y[i];
    k->uniform(x, s, 2, COUNT), wide->uniform(y, s, 2, COUNT);
    for (int i = 0; i < COUNT; i++) good &= x[i] == fminf((float)y[i], 1 - 0x1p-24f);
    return good;
}

static bool gathers_good(const kernels *k) {
    float x[LENGTHS], y[LENGTHS];
    int32_t index[LENGTHS];
    for (int i = 0; i < LENGTHS; i++) x[i] = (float)i, index[i] = 37 * i % LENGTHS;
    for (int n = 0; n <= LENGTHS; n++) {
        k->gather(y, x, index, (size_t)n);
        for (int i = 0; i < n; i++)
            if (y[i] != x[index[i]]) return false;
    }
    return true;
}

int main(void) {
    const kernels *single[3], *wide[3];
    int count = kernels_available(IN_SINGLE, single);
    kernels_available(IN_DOUBLE, wide);
    for (int i = 0; i < count; i++) {
        const kernels *k = single[i];
        bool tails = true;
        for (int f = 0; f < OP_count; f++)
            if (k->unary[f] || k->binary[f]) {
                measure(k, wide[i], (op)f);
                tails &= tails_good(k, (op)f);
            }
        CHECK(tails, "single/tails");
        sums(k);
        CHECK(gathers_good(k), "single/gather");
        CHECK(draws_good(k, wide[i]), "single/draws");
    }
    return check_end();
}
