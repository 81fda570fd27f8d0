/* L-BFGS on functions whose tops are known, with the number of evaluations that it may take: twice what it
 * takes now, and no more than a few times what Nocedal and Wright or SciPy report for the same functions. */
#include "runtime/infer/lbfgs.h"

#include <math.h>

#include "tests/check.h"
#include "tests/memory.h"

enum { LARGEST = 50 };

typedef struct problem {
    uint64_t size;
    int evaluations;
} problem;

/* -sum 100 (x[i + 1] - x[i]²)² + (1 - x[i])², whose top is at 1 everywhere. */
static double rosenbrock(void *user, const double *x, double *g) {
    problem *p = user;
    double value = 0;
    p->evaluations++;
    for (uint64_t i = 0; i < p->size; i++) g[i] = 0;
    for (uint64_t i = 0; i + 1 < p->size; i++) {
        double a = x[i + 1] - x[i] * x[i], b = 1 - x[i];
        value -= 100 * a * a + b * b;
        g[i] += 400 * a * x[i] + 2 * b;
        g[i + 1] -= 200 * a;
    }
    return value;
}

/* -sum c[i] (x[i] - 1)² / 2, c of 1, 1e2, … 1e8 (all values between would take SciPy 50,000 evaluations). */
static double stretched(void *user, const double *x, double *g) {
    problem *p = user;
    double value = 0;
    p->evaluations++;
    for (uint64_t i = 0; i < p->size; i++) {
        double c = pow(1e2, (double)(i / 2 % 5)), d = x[i] - 1;
        value -= 0.5 * c * d * d;
        g[i] = -c * d;
    }
    return value;
}

/* sum log x[i] - i x[i], not a number where an x[i] is below 0; its top is at 1 / i. */
static double bounded(void *user, const double *x, double *g) {
    problem *p = user;
    double value = 0;
    p->evaluations++;
    for (uint64_t i = 0; i < p->size; i++) {
        double k = 1 + (double)i;
        value += log(x[i]) - k * x[i];
        g[i] = 1 / x[i] - k;
    }
    return isnan(value) ? -INFINITY : value;
}

static double furthest(const lbfgs *o, bool inverse) {
    double most = 0;
    for (uint64_t i = 0; i < o->size; i++)
        most = fmax(most, fabs(o->x[i] - (inverse ? 1 / (1.0 + (double)i) : 1)));
    return most;
}

static void climb(const char *name, lbfgs_function *function, uint64_t size, double first, double within,
                  int most) {
    arena a;
    test_memory(&a);
    problem p = {.size = size};
    lbfgs o = lbfgs_open(size, function, &p, &a);
    double x[LARGEST];
    for (uint64_t i = 0; i < size; i++) x[i] = i % 2 ? 1 : first;
    check(lbfgs_place(&o, x), name, "not finite at the start");
    double before = o.value;
    bool rises = true;
    while (p.evaluations < 10 * most && lbfgs_step(&o, 1e-18)) {
        /* values may fall by their rounding, see the header */
        rises &= o.value >= before - 1e-9 * fabs(before);
        before = o.value;
    }
    double off = furthest(&o, function == bounded);
    check(rises, name, "a step went down");
    check(off <= within && p.evaluations <= most, name, "off by %g after %d evaluations", off, p.evaluations);
    arena_close(&a);
}

int main(void) {
    climb("rosenbrock 2", rosenbrock, 2, -1.2, 1e-8, 100);
    climb("rosenbrock 50", rosenbrock, 50, -1.2, 1e-7, 1000);
    climb("condition 1e8", stretched, 50, 0, 1e-7, 300);
    climb("a bounded domain", bounded, 20, 1, 1e-8, 200);
    climb("one variable", bounded, 1, 30, 1e-8, 60);
    return check_end();
}
