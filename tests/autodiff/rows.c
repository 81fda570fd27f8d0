/* Products with the rows of a matrix: the kernels of each instruction set against sums in long double, for
 * all widths up to 70 and all numbers of rows up to 9; that a row's bits do not depend on what other rows
 * there are and that nothing is written beside the result; and a tape that reads a matrix of 3,000 rows
 * twice, in one region, by rows and by columns.
 *
 * Tolerance: n terms are added in some order, so an entry may be off by n units of the sum of their
 * magnitudes. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "autodiff/kernels/kernels.h"
#include "autodiff/machine.h"
#include "base/rng.h"
#include "tests/check.h"
#include "tests/memory.h"

enum { WIDEST = 70, ROWS = 9, PITCH = WIDEST + 3, GUARD = 4 };

static rng numbers;

static void fill(double *x, size_t n) {
    for (size_t i = 0; i < n; i++) x[i] = rng_normal(&numbers);
}

/* The sum of n products whose factors are s and t entries apart, on top of `start`. */
static bool is_sum(double y, double start, const double *x, int64_t s, const double *b, size_t n) {
    long double sum = start, size = fabs(start);
    for (size_t k = 0; k < n; k++) {
        long double term = (long double)x[(int64_t)k * s] * b[k];
        sum += term;
        size += fabsl(term);
    }
    return fabsl(sum - y) <= (long double)(n + 1) * DBL_EPSILON * size;
}

static bool untouched(const double *y) {
    for (int i = 0; i < GUARD; i++)
        if (y[i] != 7) return false;
    return true;
}

static void clear(double *y, size_t n) {
    for (size_t i = 0; i < n + GUARD; i++) y[i] = 7;
}

static void products(const kernels *k) {
    static double x[PITCH * PITCH];
    double b[WIDEST], g[WIDEST], y[WIDEST + GUARD], one[WIDEST];
    bool rows = true, columns = true, added = true, alone = true, beside = true;
    fill(x, sizeof x / sizeof *x);
    fill(b, WIDEST);
    fill(g, WIDEST);
    for (size_t width = 0; width <= WIDEST; width++)
        for (size_t n = 0; n <= ROWS; n++) {
            clear(y, n);
            k->row_products(y, x, PITCH, b, width, n);
            beside &= untouched(y + n);
            for (size_t i = 0; i < n; i++) {
                rows &= is_sum(y[i], 0, x + i * PITCH, 1, b, width);
                k->row_products(one, x + i * PITCH, PITCH, b, width, 1);
                alone &= one[0] == y[i];
            }
            clear(y, width);
            k->column_products(y, x, PITCH, b, n, width);
            beside &= untouched(y + width);
            for (size_t i = 0; i < width; i++) {
                columns &= is_sum(y[i], 0, x + i, PITCH, b, n);
                k->column_products(one, x + i, PITCH, b, n, 1);
                alone &= one[0] == y[i];
            }
            clear(y, width);
            k->add_rows(y, x, PITCH, g, width, n);
            beside &= untouched(y + width);
            for (size_t i = 0; i < width; i++) added &= is_sum(y[i], 7, x + i, PITCH, g, n);
        }
    char name[64];
    snprintf(name, sizeof name, "rows/%s/sums", k->name);
    check(rows && columns && added, name, "by rows %d, by columns %d, added %d", rows, columns, added);
    snprintf(name, sizeof name, "rows/%s/bits", k->name);
    check(alone && beside, name, "a product depends on its neighbours %d, writes beside %d", !alone, !beside);
}

/* Rows that are read by an index: their products, one of which is of no row, and sums of them. */
static void pairs(const kernels *k) {
    static double x[ROWS * PITCH], y[ROWS * PITCH];
    double z[WIDEST + GUARD], w[ROWS], one;
    bool products = true, added = true, alone = true, beside = true;
    fill(x, sizeof x / sizeof *x);
    fill(y, sizeof y / sizeof *y);
    fill(w, ROWS);
    for (size_t width = 0; width <= WIDEST; width++)
        for (size_t n = 0; n <= ROWS; n++) {
            int32_t xs[ROWS], ys[ROWS], entry[ROWS];
            for (size_t i = 0; i < n; i++) {
                xs[i] = (int32_t)(rng_below(&numbers, ROWS) * PITCH);
                ys[i] = (int32_t)(rng_below(&numbers, ROWS) * PITCH);
                entry[i] = (int32_t)rng_below(&numbers, ROWS);
            }
            clear(z, n);
            k->row_pairs(z, x, xs, y, ys, width, n);
            beside &= untouched(z + n);
            for (size_t i = 0; i < n; i++) {
                products &= is_sum(z[i], 0, x + xs[i], 1, y + ys[i], width);
                k->row_pairs(&one, x, xs + i, y, ys + i, width, 1);
                alone &= one == z[i];
            }
            clear(z, width);
            k->add_rows_at(z, x, xs, w, entry, width, n);
            beside &= untouched(z + width);
            for (size_t c = 0; c < width; c++) {
                double factors[ROWS], terms[ROWS];
                for (size_t i = 0; i < n; i++) factors[i] = w[entry[i]], terms[i] = x[xs[i] + (int64_t)c];
                added &= is_sum(z[c], 7, terms, 1, factors, n);
            }
            if (!n) continue;
            xs[n - 1] = -1;
            k->row_pairs(z, x, xs, y, ys, width, n);
            products &= isnan(z[n - 1]);
            k->add_rows_at(z, x, xs, w, entry, width, n);
            for (size_t c = 0; c < width; c++) added &= isnan(z[c]);
        }
    char name[64];
    snprintf(name, sizeof name, "rows/%s/pairs", k->name);
    check(products && added && alone && beside, name, "products %d, sums %d, alone %d, beside %d", products,
          added, alone, beside);
}

/* y = - X b, z = X' y, for X over (row, column) or (column, row). */
static void sweep(arena *a, bool by_columns, uint32_t height, uint32_t width) {
    tape t;
    tape_open(&t, a);
    axis column = 0, row = 1;
    if (by_columns) tape_add_axis(&t, "column", width), tape_add_axis(&t, "row", height);
    else row = tape_add_axis(&t, "row", height), column = tape_add_axis(&t, "column", width);
    double *x = arena_array(a, double, (size_t)height *width), *b = arena_array(a, double, width);
    fill(x, (size_t)height * width);
    fill(b, width);
    ref matrix = tape_data(&t, x, axes_with(axes_one(row), column)),
        vector = tape_input(&t, axes_one(column));
    ref y = tape_map1(&t, OP_neg, tape_contract(&t, matrix, vector, axes_one(column)));
    tape_output(&t, y);
    tape_output(&t, tape_contract(&t, matrix, y, axes_one(row)));
    machine *m = machine_new(a, &t, NULL);
    machine_bind(m, 0, b);
    machine_run(m, 0, 0);
    const double *out = machine_output(m, 0), *sums = machine_output(m, 1);
    int64_t down = by_columns ? 1 : width, right = by_columns ? height : 1;
    bool good = true;
    for (uint32_t i = 0; i < height; i++) good &= is_sum(-out[i], 0, x + i * down, right, b, width);
    for (uint32_t k = 0; k < width; k++) good &= is_sum(sums[k], 0, x + k * right, down, out, height);
    CHECK(good, by_columns ? "rows/region_by_columns" : "rows/region_by_rows");
}

int main(void) {
    numbers = rng_open(4, 0);
    const kernels *table[3];
    for (int i = 0, count = kernels_available(IN_DOUBLE, table); i < count; i++) {
        products(table[i]);
        pairs(table[i]);
    }
    for (int by_columns = 0; by_columns < 2; by_columns++) {
        arena a;
        test_memory(&a);
        sweep(&a, by_columns, 3000, 13);
        arena_close(&a);
    }
    return check_end();
}
