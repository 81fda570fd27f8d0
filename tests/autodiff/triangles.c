/* Cholesky factors, their adjoints and triangular solves by the kernels of each instruction set and
 * precision, at all sizes up to 70 and around those where blocks begin, with any number of right sides.
 *
 * Tolerances are the componentwise bounds of Higham (Accuracy and stability of numerical algorithms, 2nd
 * ed.): |L x - b| <= g |L| |x| (theorem 8.5) and |L L' - A| <= g |L| |L'| (theorem 10.3), g = n u / (1 - n
 * u), of which n + 8 units allow for the reciprocals of pivots. The adjoint is compared with itself in long
 * double, at matrices with condition numbers below 10. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "autodiff/kernels/kernels.h"
#include "base/rng.h"
#include "tests/check.h"

enum { MOST = 420, SIDES = 40 };

static rng noise;
static precision in;

/* Matrices of the kernel's precision, with guards behind them. */
typedef struct buffer {
    double at[MOST * MOST + 64];
} buffer;
static buffer matrix, factor, sides, found, room[16];

static double get(const buffer *b, size_t i) { return element_read(in, b->at, (int64_t)i); }
static void set(buffer *b, size_t i, double x) { element_write(in, b->at, (int64_t)i, x); }
static double unit(void) { return in == IN_SINGLE ? FLT_EPSILON / 2 : DBL_EPSILON / 2; }
static void guard(buffer *b, size_t n) {
    for (size_t i = 0; i < 8; i++) set(b, n + i, 77);
}
static bool guarded(const buffer *b, size_t n) {
    bool good = true;
    for (size_t i = 0; i < 8; i++) good &= get(b, n + i) == 77;
    return good;
}

/* Lower triangles with diagonals from 1 to 2 and rows of length below 1 to their left; NaN above. */
static void triangle(buffer *to, size_t n) {
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            set(to, i * n + j,
                j > i    ? NAN
                : j == i ? 1 + rng_uniform(&noise)
                         : (2 * rng_uniform(&noise) - 1) / sqrt((double)n));
    guard(to, n * n);
}

static bool solves(const kernels *k, size_t n, size_t count, bool transposed) {
    triangle(&factor, n);
    for (size_t i = 0; i < n * count; i++) set(&sides, i, rng_normal(&noise)), set(&found, i, get(&sides, i));
    guard(&found, n * count);
    k->solve(factor.at, transposed, found.at, n, count, room);
    double bound = ((double)n + 8) * unit();
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < count; c++) {
            long double rest = get(&sides, i * count + c), size = 0;
            for (size_t j = transposed ? i : 0; j < (transposed ? n : i + 1); j++) {
                long double term = (long double)get(&factor, transposed ? j * n + i : i * n + j) *
                                   get(&found, j * count + c);
                rest -= term;
                size += fabsl(term);
            }
            if (!(fabsl(rest) <= bound * size)) return false;
        }
    return guarded(&found, n * count);
}

/* A = L L' + diagonal: its lower triangle, with NaN above. */
static void definite(buffer *to, size_t n) {
    triangle(&factor, n);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            long double sum = i == j;
            for (size_t k = 0; k <= j && j <= i; k++)
                sum += (long double)get(&factor, i * n + k) * get(&factor, j * n + k);
            set(to, i * n + j, j > i ? NAN : (double)sum);
        }
    guard(to, n * n);
}

static bool factors(const kernels *k, size_t n) {
    definite(&matrix, n);
    memcpy(&found, &matrix, sizeof found);
    if (!k->factor(found.at, n, room)) return false;
    double bound = ((double)n + 8) * unit();
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++) {
            long double rest = get(&matrix, i * n + j), size = 0;
            for (size_t c = 0; c <= j; c++) {
                long double term = (long double)get(&found, i * n + c) * get(&found, j * n + c);
                rest -= term;
                size += fabsl(term);
            }
            if (!(fabsl(rest) <= bound * size)) return false;
        }
    return guarded(&found, n * n);
}

/* Murray (2016), the unblocked algorithm, in long double. */
static void factor_back(const buffer *l, long double *a, size_t n) {
    for (size_t j = n; j-- > 0;) {
        for (size_t i = j + 1; i < n; i++) {
            a[j * n + j] -= get(l, i * n + j) * a[i * n + j] / get(l, j * n + j);
            a[i * n + j] /= get(l, j * n + j);
        }
        a[j * n + j] /= get(l, j * n + j);
        for (size_t i = j; i < n; i++)
            for (size_t c = 0; c < j; c++) {
                a[j * n + c] -= a[i * n + j] * get(l, i * n + c);
                if (i > j) a[i * n + c] -= a[i * n + j] * get(l, j * n + c);
            }
        a[j * n + j] /= 2;
    }
}

static bool factors_back(const kernels *k, size_t n) {
    static long double expected[MOST * MOST];
    triangle(&factor, n);
    double largest = 0, worst = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            set(&found, i * n + j, j > i ? NAN : rng_normal(&noise));
            expected[i * n + j] = get(&found, i * n + j);
        }
    guard(&found, n * n);
    factor_back(&factor, expected, n);
    k->factor_back(factor.at, found.at, n, room);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++) {
            largest = fmax(largest, fabs((double)expected[i * n + j]));
            double off = fabs(get(&found, i * n + j) - (double)expected[i * n + j]);
            worst = off <= worst ? worst : off;
        }
    return guarded(&found, n * n) && worst <= 10 * ((double)n + 8) * unit() * largest;
}

/* What has no factor: a negative pivot, a zero, NaN, at any place. */
static bool refuses(const kernels *k, size_t n) {
    static const double BAD[] = {-1, 0, NAN, -INFINITY};
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n * n; j++) set(&matrix, j, j % (n + 1) ? 0 : 1);
        set(&matrix, i * (n + 1), BAD[i % 4]);
        if (k->factor(matrix.at, n, room)) return false;
    }
    return true;
}

static void all_sizes(const kernels *k) {
    static const size_t LARGE[] = {71, 95, 96, 97, 119, 144, 191, 192, 193, 250, 300, 385, 419};
    char name[80];
    bool factored = true, back = true, solved = true, refused = true;
    size_t bad = 0;
    for (size_t i = 0; i < 71 + sizeof LARGE / sizeof *LARGE; i++) {
        size_t n = i < 71 ? i : LARGE[i - 71], before = factored + back + solved + refused;
        factored &= factors(k, n);
        back &= factors_back(k, n);
        refused &= refuses(k, n < 120 ? n : 120);
        for (int transposed = 0; transposed < 2; transposed++) {
            solved &= solves(k, n, 1, transposed);
            solved &= solves(k, n, i % SIDES, transposed);
        }
        if (factored + back + solved + refused < (int)before && !bad) bad = n;
    }
    snprintf(name, sizeof name, "%s %s", k->name, in == IN_SINGLE ? "single" : "double");
    check(factored && back && solved && refused, name,
          "at %zu: factors %d, adjoints %d, solves %d, refuses %d", bad, factored, back, solved, refused);
}

int main(void) {
    noise = rng_open(1, 0);
    for (in = IN_DOUBLE; in <= IN_SINGLE; in++) {
        const kernels *table[3];
        int count = kernels_available(in, table);
        for (int i = 0; i < count; i++) all_sizes(table[i]);
    }
    return check_end();
}
