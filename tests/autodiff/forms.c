/* What the planner makes of short axes: draws are brought behind few rows (inner.c), values that are put side
 * by side are copied and not added (places.c), and steps of few entries become one program (short.c). Each is
 * seen in the machine as printed, and not seen where it must not be; numbers are those of plain loops. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "autodiff/machine.h"
#include "autodiff/passes.h"
#include "tests/check.h"
#include "tests/autodiff/printed.h"
#include "tests/memory.h"

enum { DRAWS = 50, ROWS = 3, JOINT = ROWS + 1 };

/* Of each draw: y = sum over rows of (x - m)^2, where x and m are slices of what is bound, and its derivative
 * put together again. `along` does something along the draws besides. */
typedef struct function {
    tape t;
    axis draw, row, joint;
} function;

static void write_function(function *f, arena *a, uint32_t draws, bool along) {
    tape *t = &f->t;
    tape_open(t, a);
    f->draw = tape_add_axis(t, "draw", draws);
    f->row = tape_add_axis(t, "row", ROWS);
    f->joint = tape_add_axis(t, "joint", JOINT);
    ref u = tape_input(t, axes_with(axes_one(f->draw), f->joint)), gradient, culprit;
    ref m = tape_slice(t, u, f->joint, 0, (axes){0}), x = tape_slice(t, u, f->joint, 1, axes_one(f->row));
    ref gap = tape_map2(t, OP_sub, x, m);
    ref y = tape_sum(t, tape_map2(t, OP_mul, gap, gap), axes_one(f->row));
    bool good = tape_gradient(t, tape_sum_all(t, y), &u, 1, &gradient, &culprit);
    CHECK(good, "forms/gradient");
    tape_output(t, y);
    tape_output(t, gradient);
    if (along) tape_output(t, tape_reduce(t, OP_log_sum_exp, y, axes_one(f->draw)));
}

/* The error of a sum of ROWS squares, or of their derivatives, is below ROWS + 2 units in the last place of
 * the sum of magnitudes. */
static bool is_close(double x, double y, double size) { return fabs(x - y) <= (ROWS + 2) * 0x1p-53 * size; }

static bool is_right(const double *u, const double *y, const double *gradient, uint32_t draws) {
    bool good = true;
    for (uint32_t i = 0; i < draws; i++, u += JOINT, gradient += JOINT) {
        double sum = 0, back = 0, size = 0;
        for (int k = 1; k < JOINT; k++) {
            double gap = u[k] - u[0];
            sum += gap * gap, back -= 2 * gap, size += 2 * fabs(gap);
            good &= is_close(gradient[k], 2 * gap, 2 * fabs(gap));
        }
        good &= is_close(y[i], sum, sum) && is_close(gradient[0], back, size);
    }
    return good;
}

static void fill(double *u, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) u[i] = sin(1.7 * i + 0.3);
}

static void draws_come_last(bool along) {
    arena a;
    test_memory(&a);
    function f;
    double u[DRAWS * JOINT];
    tape t, whole;
    tape_open(&t, &a);
    tape_open(&whole, &a);
    write_function(&f, &a, DRAWS, along);
    pass_inner(&f.t, &t);
    tape_compile(&f.t, &whole, &a, NULL, NULL);
    bool moved = t.axes.count > f.t.axes.count;
    CHECK(moved == !along, along ? "forms/draws_stay" : "forms/draws_come_last");
    const tape *both[] = {&t, &whole};
    fill(u, DRAWS * JOINT);
    for (int k = 0; k < 2; k++) {
        machine *m = machine_new_in(&a, both[k], IN_DOUBLE, NULL);
        machine_bind(m, 0, u);
        machine_run(m, 0, 0);
        CHECK(is_right(u, machine_output(m, 0), machine_output(m, 1), DRAWS), "forms/same_function");
    }
    arena_close(&a);
}

/* A sum of values at `second` and at 0 in a vector of six: side by side, with a gap, or one on the other. */
static void put_side_by_side(uint64_t second, bool apart, const char *name) {
    arena a;
    test_memory(&a);
    tape t;
    tape_open(&t, &a);
    axis row = tape_add_axis(&t, "row", ROWS), into = tape_add_axis(&t, "into", 2 * ROWS);
    ref x = tape_input(&t, axes_one(row)), twice = tape_map2(&t, OP_add, x, x);
    ref sum = tape_map2(&t, OP_add, tape_place(&t, x, axes_one(row), into, 0),
                        tape_place(&t, twice, axes_one(row), into, second));
    tape_output(&t, sum);
    double u[ROWS], expected[2 * ROWS] = {0};
    fill(u, ROWS);
    for (uint64_t k = 0; k < ROWS; k++) expected[k] += u[k], expected[second + k] += 2 * u[k];
    machine *m = machine_new_in(&a, &t, IN_DOUBLE, NULL);
    machine_bind(m, 0, u);
    machine_run(m, 0, 0);
    bool good = memcmp(machine_output(m, 0), expected, sizeof expected) == 0;
    CHECK(good && has_printed(m, "2 placed") == apart, name);
    arena_close(&a);
}

/* The root of a sum, of n entries: a step of n and one of a single number. */
static void few_entries(uint32_t n, bool program, const char *name) {
    arena a;
    test_memory(&a);
    tape t;
    tape_open(&t, &a);
    ref x = tape_input(&t, axes_one(tape_add_axis(&t, "n", n)));
    ref square = tape_map2(&t, OP_mul, x, x);
    tape_output(&t, tape_map1(&t, OP_sqrt, tape_sum_all(&t, tape_map1(&t, OP_abs, square))));
    tape_output(&t, square);
    double *u = arena_array(&a, double, n), sum = 0;
    fill(u, n);
    machine *m = machine_new_in(&a, &t, IN_DOUBLE, NULL);
    machine_bind(m, 0, u);
    machine_run(m, 0, 0);
    bool good = has_printed(m, "short program of 2 steps") == program;
    for (uint32_t i = 0; i < n; i++) sum += u[i] * u[i], good &= machine_output(m, 1)[i] == u[i] * u[i];
    CHECK(good && fabs(*machine_output(m, 0) - sqrt(sum)) <= (n + 1) * 0x1p-53 * sqrt(sum), name);
    arena_close(&a);
}

int main(void) {
    draws_come_last(false);
    draws_come_last(true);
    put_side_by_side(ROWS, true, "forms/side_by_side");
    put_side_by_side(1, false, "forms/one_on_the_other");
    few_entries(1, true, "forms/one_entry");
    few_entries(64, true, "forms/short");
    few_entries(65, false, "forms/not_short");
    return check_end();
}
