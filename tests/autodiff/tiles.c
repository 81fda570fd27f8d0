/* Products of matrices by the kernels of each instruction set and precision: of all sizes around those of
 * panels, with as many terms as go through the room at a time, and more, and with factors that lie by rows
 * or by columns. What lies between the rows of the result stays as it is, and a tile has the bits of the
 * whole, whether it brings the panels of the left factor or finds them. Transposed matrices are exact.
 *
 * Tolerance: a sum of n products is off by at most n units of the sum of their magnitudes (Higham, Accuracy
 * and stability of numerical algorithms, 2nd ed., section 3.1). */
#include <float.h>
#include <math.h>
#include <string.h>

#include "autodiff/kernels/kernels.h"
#include "base/rng.h"
#include "tests/check.h"

enum { ROWS = 21, COLUMNS = 70, TERMS = 2 * TILE_TERMS + 3, APART = 3 };

static rng noise;
static precision in;
static double left[(ROWS + APART) * (TERMS + APART)], right[(COLUMNS + APART) * (TERMS + APART)];
static double found[2][ROWS * (COLUMNS + APART)], room[(ROWS + 5 + 32) * TILE_TERMS];
static double panels[(ROWS + MICRO_ROWS) * TERMS];

static void fill(double *x, size_t n) {
    for (size_t i = 0; i < n; i++) element_write(in, x, (int64_t)i, 2 * rng_uniform(&noise) - 1);
}

static tile_product product(size_t rows, size_t columns, size_t terms, bool a_turned, bool b_turned) {
    return (tile_product){.c = found[0],
                          .a = left,
                          .b = right,
                          .c_row = COLUMNS + APART,
                          .a_row = a_turned ? 1 : TERMS + APART,
                          .a_term = a_turned ? ROWS + APART : 1,
                          .b_term = b_turned ? 1 : COLUMNS + APART,
                          .b_column = b_turned ? TERMS + APART : 1,
                          .rows = rows,
                          .columns = columns,
                          .terms = terms};
}

static bool right_everywhere(const tile_product *t) {
    double unit = in == IN_SINGLE ? FLT_EPSILON / 2 : DBL_EPSILON / 2;
    for (size_t i = 0; i < ROWS; i++)
        for (size_t j = 0; j < COLUMNS + APART; j++) {
            double y = element_read(in, t->c, (int64_t)i * t->c_row + (int64_t)j);
            if (i >= t->rows || j >= t->columns) {
                if (y != 77) return false;
                continue;
            }
            long double sum = 0, size = 0;
            for (size_t k = 0; k < t->terms; k++) {
                long double x =
                    (long double)element_read(in, t->a, (int64_t)i * t->a_row + (int64_t)k * t->a_term) *
                    element_read(in, t->b, (int64_t)j * t->b_column + (int64_t)k * t->b_term);
                sum += x, size += fabsl(x);
            }
            if (!(fabsl(y - sum) <= (long double)t->terms * unit * size)) return false;
        }
    return true;
}

/* The panels of the left factor in two pieces. */
static void bring(const kernels *k, tile_product *t) {
    size_t rows = t->rows / 2 / MICRO_ROWS * MICRO_ROWS;
    tile_product part = *t;
    t->left = panels, t->left_rows = part.left_rows = left_rows(t->rows);
    part.rows = rows;
    k->bring_left(&part, panels);
    part.rows = t->rows - rows, part.left_row = rows;
    part.a = element_at(in, left, (int64_t)rows * t->a_row);
    k->bring_left(&part, panels);
}

/* In four tiles; of columns cut where no panel ends, and of rows unless these are found. */
static bool same_in_tiles(const kernels *k, tile_product t, bool found_left) {
    size_t rows = t.rows / 3, columns = t.columns / 3;
    if (found_left) rows = rows / MICRO_ROWS * MICRO_ROWS, bring(k, &t);
    for (size_t i = 0; i < t.rows; i++)
        k->splat(element_at(in, found[1], (int64_t)i * t.c_row), 77, t.columns);
    tile_product part = t;
    for (int p = 0; p < 4; p++) {
        size_t i = p / 2 ? rows : 0, j = p % 2 ? columns : 0;
        part.c = element_at(in, found[1], (int64_t)i * t.c_row + (int64_t)j);
        part.a = element_at(in, left, (int64_t)i * t.a_row);
        part.b = element_at(in, right, (int64_t)j * t.b_column);
        part.left_row = i;
        part.rows = p / 2 ? t.rows - rows : rows, part.columns = p % 2 ? t.columns - columns : columns;
        k->multiply_tile(&part, room);
    }
    return memcmp(found[0], found[1], ROWS * (COLUMNS + APART) * element_size(in)) == 0;
}

static bool multiplies(const kernels *k, size_t rows, size_t columns, size_t terms, int turned) {
    tile_product t = product(rows, columns, terms, turned & 1, turned & 2);
    for (int i = 0; i < 2; i++) k->splat(found[i], 77, ROWS * (COLUMNS + APART));
    k->multiply_tile(&t, room);
    return right_everywhere(&t) && same_in_tiles(k, t, false) && same_in_tiles(k, t, true);
}

static bool transposes(const kernels *k, size_t rows, size_t columns) {
    k->splat(found[0], 77, ROWS * (COLUMNS + APART));
    k->transpose(found[0], COLUMNS + APART, left, TERMS, columns, rows);
    for (size_t i = 0; i < ROWS; i++)
        for (size_t j = 0; j < COLUMNS + APART; j++) {
            double y = element_read(in, found[0], (int64_t)(i * (COLUMNS + APART) + j));
            if (y != (i < rows && j < columns ? element_read(in, left, (int64_t)(j * TERMS + i)) : 77))
                return false;
        }
    return true;
}

static void all_sizes(const kernels *k) {
    static const size_t COUNTS[] = {0,    1, 2, 3, 4, 5, 8, 11, TILE_TERMS - 1, TILE_TERMS, TILE_TERMS + 6,
                                    TERMS};
    bool multiplied = true, transposed = true;
    char name[80];
    for (size_t rows = 0; rows <= ROWS; rows += rows < 8 ? 1 : 4)
        for (size_t columns = 0; columns <= COLUMNS; columns += columns < 18 ? 1 : 13)
            for (size_t i = 0; i < sizeof COUNTS / sizeof *COUNTS; i++)
                multiplied &= multiplies(k, rows, columns, COUNTS[i], (int)((rows + columns + i) % 4));
    for (size_t rows = 0; rows <= 13; rows++)
        for (size_t columns = 0; columns <= 13; columns++) transposed &= transposes(k, rows, columns);
    snprintf(name, sizeof name, "%s %s", k->name, in == IN_SINGLE ? "single" : "double");
    check(multiplied && transposed, name, "products %d, transposed %d", multiplied, transposed);
}

int main(void) {
    noise = rng_open(1, 0);
    for (in = IN_DOUBLE; in <= IN_SINGLE; in++) {
        const kernels *table[3];
        int count = kernels_available(in, table);
        fill(left, (ROWS + APART) * (TERMS + APART));
        fill(right, (COLUMNS + APART) * (TERMS + APART));
        for (int i = 0; i < count; i++) all_sizes(table[i]);
    }
    return check_end();
}
