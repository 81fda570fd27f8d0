/* Products of Hessians and vectors: of a quadratic form and of a logistic regression against closed forms, of
 * a loop (GARCH) and of a Gaussian process (Cholesky factor, solve) against differences of gradients.
 *
 * Tolerances: closed forms are sums of up to 40 terms, so 1e-12 of their size; a central difference with step
 * h is off by about h² and by the rounding of gradients over h, 1e-10 and 1e-10 at h = 1e-5, times
 * derivatives and gradients of up to 1e3. */
#include "autodiff/hessian.h"

#include <math.h>
#include <string.h>

#include "autodiff/machine.h"
#include "autodiff/passes.h"
#include "base/rng.h"
#include "tests/check.h"
#include "tests/memory.h"

enum { PARTS_MOST = 3, ROWS = 40, COLUMNS = 5 };

typedef struct problem {
    arena arena;
    tape t;
    rng noise;
    uint32_t count;
    ref x[PARTS_MOST], v[PARTS_MOST];
    double *at[PARTS_MOST], *along[PARTS_MOST];
    machine *machine;
} problem;

static double *numbers(problem *p, uint64_t n, double low, double high) {
    double *x = arena_array(&p->arena, double, n);
    for (uint64_t i = 0; i < n; i++) x[i] = low + (high - low) * rng_uniform(&p->noise);
    return x;
}

static problem *begin(void) {
    static problem p;
    p = (problem){.noise = rng_open(1, 0)};
    test_memory(&p.arena);
    tape_open(&p.t, &p.arena);
    return &p;
}

static ref part(problem *p, axes of) {
    p->at[p->count] = numbers(p, tape_size(&p->t, of), -1, 1);
    return p->x[p->count++] = tape_input(&p->t, of);
}

/* Outputs: the gradient by each part, then the product's parts. */
static bool finish(problem *p, ref y) {
    ref gradient[PARTS_MOST], product[PARTS_MOST], culprit;
    for (uint32_t i = 0; i < p->count; i++) {
        axes of = tape_at(&p->t, p->x[i])->axes;
        p->v[i] = tape_input(&p->t, of);
        p->along[i] = numbers(p, tape_size(&p->t, of), -1, 1);
    }
    if (!tape_gradient(&p->t, y, p->x, p->count, gradient, &culprit)) return false;
    if (!tape_hessian_product(&p->t, y, p->x, p->v, p->count, product, &culprit)) return false;
    for (uint32_t i = 0; i < p->count; i++) tape_output(&p->t, gradient[i]);
    for (uint32_t i = 0; i < p->count; i++) tape_output(&p->t, product[i]);
    tape *run = arena_new(&p->arena, tape);
    tape_compile(&p->t, run, &p->arena, NULL, NULL);
    p->machine = machine_new(&p->arena, run, NULL);
    for (uint32_t i = 0; i < p->count; i++) {
        machine_bind(p->machine, i, p->at[i]);
        machine_bind(p->machine, p->count + i, p->along[i]);
    }
    machine_run(p->machine, 0, 0);
    return true;
}

static uint64_t size_of(const problem *p, uint32_t i) {
    return tape_size(&p->t, tape_at(&p->t, p->x[i])->axes);
}

static double *copied(problem *p, uint32_t output, uint64_t n) {
    double *x = arena_array(&p->arena, double, n);
    memcpy(x, machine_output(p->machine, output), n * sizeof *x);
    return x;
}

static double *gradient_beside(problem *p, uint32_t i, double h) {
    for (uint32_t k = 0; k < p->count; k++)
        for (uint64_t e = 0; e < size_of(p, k); e++) p->at[k][e] += h * p->along[k][e];
    machine_run(p->machine, 0, 0);
    double *g = copied(p, i, size_of(p, i));
    for (uint32_t k = 0; k < p->count; k++)
        for (uint64_t e = 0; e < size_of(p, k); e++) p->at[k][e] -= h * p->along[k][e];
    return g;
}

static void compare(problem *p, const char *name) {
    const double h = 1e-5;
    double worst = 0;
    for (uint32_t i = 0; i < p->count; i++) {
        uint64_t n = size_of(p, i);
        machine_run(p->machine, 0, 0);
        double *product = copied(p, p->count + i, n), *up = gradient_beside(p, i, h),
               *down = gradient_beside(p, i, -h);
        for (uint64_t e = 0; e < n; e++) {
            double difference = (up[e] - down[e]) / (2 * h);
            double off = fabs(product[e] - difference) / (1 + fabs(difference));
            worst = off <= worst ? worst : off;
        }
    }
    check(worst < 1e-6, name, "off by %g", worst);
    arena_close(&p->arena);
}

static void quadratic(void) {
    problem *p = begin();
    tape *t = &p->t;
    axis i = tape_add_axis(t, "i", ROWS), j = tape_add_axis(t, "j", ROWS);
    double *a = numbers(p, ROWS * ROWS, -1, 1), worst = 0;
    ref x = part(p, axes_one(i)), other = tape_rename(t, x, i, j);
    ref form =
        tape_map2(t, OP_mul, tape_map2(t, OP_mul, tape_data(t, a, axes_with(axes_one(i), j)), x), other);
    if (!check(finish(p, tape_sum_all(t, form)), "quadratic", "no derivative")) return;
    const double *found = machine_output(p->machine, 1);
    for (int r = 0; r < ROWS; r++) {
        double sum = 0;
        for (int c = 0; c < ROWS; c++) sum += (a[r * ROWS + c] + a[c * ROWS + r]) * p->along[0][c];
        worst = fmax(worst, fabs(sum - found[r]));
    }
    check(worst < 1e-12 * ROWS, "quadratic", "off by %g", worst);
    arena_close(&p->arena);
}

/* sum log(1 + exp(X b)): X' diag(q (1 - q)) X v with q = expit(X b). */
static void logistic(void) {
    problem *p = begin();
    tape *t = &p->t;
    axis row = tape_add_axis(t, "row", ROWS), column = tape_add_axis(t, "column", COLUMNS);
    double *x = numbers(p, ROWS * COLUMNS, -2, 2), expected[COLUMNS] = {0}, worst = 0;
    ref b = part(p, axes_one(column));
    ref fitted = tape_contract(t, tape_data(t, x, axes_with(axes_one(row), column)), b, axes_one(column));
    if (!check(finish(p, tape_sum_all(t, tape_map1(t, OP_log1p_exp, fitted))), "logistic", "no derivative"))
        return;
    for (int r = 0; r < ROWS; r++) {
        double u = 0, w = 0;
        for (int c = 0; c < COLUMNS; c++)
            u += x[r * COLUMNS + c] * p->at[0][c], w += x[r * COLUMNS + c] * p->along[0][c];
        double q = 1 / (1 + exp(-u));
        for (int c = 0; c < COLUMNS; c++) expected[c] += x[r * COLUMNS + c] * q * (1 - q) * w;
    }
    for (int c = 0; c < COLUMNS; c++)
        worst = fmax(worst, fabs(expected[c] - machine_output(p->machine, 1)[c]));
    check(worst < 1e-12 * ROWS, "logistic", "off by %g", worst);
    arena_close(&p->arena);
}

static void garch(void) {
    problem *p = begin();
    tape *t = &p->t;
    axis time = tape_add_axis(t, "time", 200);
    double *squares = numbers(p, 200, 0, 3);
    ref of[3];
    for (int i = 0; i < 3; i++) of[i] = tape_map1(t, OP_expit, part(p, (axes){0}));
    ref data = tape_data(t, squares, axes_one(time));
    scan_builder b = scan_open(t, time, false);
    ref carried = scan_carry(&b, of[0], (axes){0}), shock = scan_take(&b, data), own[3];
    for (int i = 0; i < 3; i++) own[i] = scan_take(&b, of[i]);
    ref next = tape_map2(b.body, OP_add, own[0],
                         tape_map2(b.body, OP_add, tape_map2(b.body, OP_mul, own[1], shock),
                                   tape_map2(b.body, OP_mul, own[2], carried)));
    ref path = scan_emission(t, scan_close(&b, &next, &carried, 1), 0);
    ref term = tape_map2(t, OP_add, tape_map1(t, OP_log, path), tape_map2(t, OP_div, data, path));
    if (check(finish(p, tape_sum_all(t, term)), "garch", "no derivative")) compare(p, "garch");
}

/* K = exp(-(x - x')² / exp(2 rho)) exp(2 alpha) + exp(2 sigma) on the diagonal: log |L| + |L^-1 y|² / 2. */
static void process(void) {
    enum { N = 60 };
    problem *p = begin();
    tape *t = &p->t;
    axis row = tape_add_axis(t, "n", N), column = tape_add_axis(t, "n'", N);
    double *x = numbers(p, N, 0, 10), *y = numbers(p, N, -1, 1);
    ref scale[3];
    for (int i = 0; i < 3; i++) {
        ref u = part(p, (axes){0});
        scale[i] = tape_map1(t, OP_exp, tape_map2(t, OP_add, u, u));
    }
    ref here = tape_data(t, x, axes_one(row)), there = tape_rename(t, here, row, column);
    ref apart = tape_map2(t, OP_sub, here, there);
    ref same = tape_map2(t, OP_eq, tape_position(t, row), tape_position(t, column));
    ref near = tape_map1(
        t, OP_exp, tape_map1(t, OP_neg, tape_map2(t, OP_div, tape_map2(t, OP_mul, apart, apart), scale[0])));
    ref k = tape_map2(t, OP_add, tape_map2(t, OP_mul, near, scale[1]), tape_map2(t, OP_mul, same, scale[2]));
    ref l = tape_cholesky(t, k, row, column);
    ref z = tape_solve_lower(t, l, tape_data(t, y, axes_one(row)), row, column);
    ref diagonal = tape_map1(t, OP_log, tape_select(t, same, l, tape_number(t, 1)));
    ref square = tape_sum_all(t, tape_map2(t, OP_mul, tape_map2(t, OP_mul, z, z), tape_number(t, 0.5)));
    ref density = tape_map2(t, OP_add, tape_sum_all(t, diagonal), square);
    if (check(finish(p, density), "process", "no derivative")) compare(p, "process");
}

int main(void) {
    quadratic();
    logistic();
    garch();
    process();
    return check_end();
}
