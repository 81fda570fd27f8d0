/* Smoothed weights against psis_table.py, and what must hold whatever the weights. */
#include "runtime/infer/psis.h"

#include <math.h>
#include <stdlib.h>
#include "base/rng.h"
#include "tests/check.h"
#include "tests/memory.h"
#include "tests/infer/psis_table.h"

/* Rounding of sums of up to 4000 terms and of log1p(-theta x) near its pole: measured against 40 digits. */
static const double TIGHT = 1e-9;

static bool near(double x, double y) { return fabs(x - y) <= TIGHT * (1 + fabs(y)); }

static void table(arena *a) {
    for (size_t row = 0; row < sizeof PSIS_TABLE / sizeof *PSIS_TABLE; row++) {
        const double *t = PSIS_TABLE[row];
        uint64_t n = (uint64_t)t[0];
        double *x = arena_array(a, double, n), top = -INFINITY;
        for (uint64_t i = 0; i < n; i++)
            x[i] = -t[1] * log1p(-fmod((double)(i + 1) * 0.61803398874989484820, 1));
        psis p = psis_smooth(x, n, x, a);
        for (uint64_t i = 0; i < n; i++) top = fmax(top, x[i]);
        check(near(p.khat, t[2]) && near(p.ess, t[3]) && near(p.log_mean, t[4]) && near(top, t[5]),
              "psis table",
              "n %g, k %g: khat %.15g not %.15g, ess %.15g not %.15g, log mean %.15g not %.15g, top %.15g "
              "not %.15g",
              t[0], t[1], p.khat, t[2], p.ess, t[3], p.log_mean, t[4], top, t[5]);
    }
}

static void edges(arena *a) {
    double x[1000];
    for (int i = 0; i < 1000; i++) x[i] = -3;
    psis p = psis_smooth(x, 1000, x, a);
    CHECK(p.khat == -INFINITY && near(p.ess, 1000) && near(p.log_mean, -3) && p.log_mean_error < 1e-7,
          "psis of equal weights");
    for (int i = 0; i < 1000; i++) x[i] = i % 2 ? NAN : 800 + i % 7;
    p = psis_smooth(x, 1000, x, a);
    CHECK(p.ess > 0 && p.ess <= 500 && isfinite(p.log_mean) && x[1] == -INFINITY,
          "psis of huge and missing ratios");
    for (int i = 0; i < 1000; i++) x[i] = -INFINITY;
    p = psis_smooth(x, 1000, x, a);
    CHECK(p.ess == 0 && p.khat == INFINITY, "psis without a finite ratio");
    CHECK(near(psis_threshold(100), 0.5) && near(psis_threshold(100000), 0.7), "psis threshold");
}

/* The evidence of N(0, 1) under proposals N(0, s): log 1, within five of its own errors. */
static void evidence(arena *a) {
    rng r = rng_open(7, 0);
    for (double s = 1; s < 2.1; s += 0.5) {
        enum { N = 4000 };
        double x[N];
        for (int i = 0; i < N; i++) {
            double z = rng_normal(&r);
            x[i] = -0.5 * s * s * z * z + 0.5 * z * z + log(s);
        }
        psis p = psis_smooth(x, N, x, a);
        check(fabs(p.log_mean) <= 5 * p.log_mean_error + 1e-12, "psis evidence", "s %g: %g +- %g", s,
              p.log_mean, p.log_mean_error);
    }
}

int main(void) {
    arena a;
    test_memory(&a);
    table(&a);
    edges(&a);
    evidence(&a);
    arena_close(&a);
    return check_end();
}
