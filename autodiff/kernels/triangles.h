/* Factors of square matrices, and what is solved with them: little loops for what fits into registers, around
 * them products in tiles, for matrices of any size down to one entry.
 *
 * The Cholesky factor and its adjoint halve the matrix: of
 *     A = L L', with A11 = L11 L11', L21 = A21 L11^-T, A22 - L21 L21' = L22 L22',
 * half of the work is in the product if the halves are equal (Elmroth, Gustavson, Jonsson and Kågström,
 * Recursive blocked algorithms, 2004). A triangle is solved with from the left, in blocks of SOLVE_ROWS rows:
 * first the product with what is solved, then the rest on MICRO_COLUMNS right sides at a time, of which
 * MICRO_ROWS rows are in registers (Goto and van de Geijn, High-performance implementation of the level-3
 * BLAS, 2008).
 *
 * Bits depend on sizes alone, and not on where anything lies. */
#ifndef VM_AUTODIFF_KERNELS_TRIANGLES_H
#define VM_AUTODIFF_KERNELS_TRIANGLES_H

#include "autodiff/kernels/rows.h"
#include "autodiff/kernels/tiles.h"

enum { LEAF = 48, LEFT_ROWS = 96 };

/* A matrix whose rows and columns lie so far apart, in either direction. */
typedef struct grid {
    element *at;
    int64_t down, right;
} grid;

INLINE grid grid_from(grid g, size_t i, size_t j) {
    return (grid){g.at + (int64_t)i * g.down + (int64_t)j * g.right, g.down, g.right};
}
INLINE grid grid_transposed(grid g) { return (grid){g.at, g.right, g.down}; }
INLINE size_t lesser_size(size_t x, size_t y) { return x < y ? x : y; }

/* c -= a b, of `terms` terms; the columns of c lie next to each other, in either direction. With `lower`,
 * what is above the diagonal of c may be changed or not. */
static void subtract_product(grid c, grid a, grid b, size_t rows, size_t columns, size_t terms, int lower,
                             element *room) {
    if (c.right < 0) {
        c = (grid){c.at - (int64_t)(columns - 1), c.down, 1};
        b = (grid){b.at + (int64_t)(columns - 1) * b.right, b.down, -b.right};
    }
    size_t panels = (columns + MICRO_COLUMNS - 1) / MICRO_COLUMNS;
    for (size_t from = 0; from < terms; from += TILE_TERMS) {
        size_t n = lesser_size(terms - from, TILE_TERMS);
        element *right = room, *left = room + panels * MICRO_COLUMNS * n;
        bring_panels(right, grid_from(b, from, 0).at, b.right, b.down, columns, n, MICRO_COLUMNS);
        for (size_t top = 0; top < rows; top += LEFT_ROWS) {
            size_t m = lesser_size(rows - top, LEFT_ROWS);
            bring_panels(left, grid_from(a, top, from).at, a.down, a.right, m, n, MICRO_ROWS);
            for (size_t j = 0; j < columns; j += MICRO_COLUMNS)
                for (size_t i = 0; i < m; i += MICRO_ROWS)
                    if (!lower || top + i + MICRO_ROWS > j)
                        multiply_panels(grid_from(c, top + i, j).at, c.down, left + i * n, right + j * n, n,
                                        lesser_size(m - i, MICRO_ROWS),
                                        lesser_size(columns - j, MICRO_COLUMNS), TILE_SUBTRACT);
        }
    }
}

/* Solving. */

/* A triangle of n <= SOLVE_ROWS rows in panels of MICRO_ROWS: the terms to the left of the diagonal, and then
 * those around it, with the reciprocals of the diagonal itself. */
static void bring_triangle(element *to, grid l, size_t n) {
    for (size_t i = 0; i < n; i += MICRO_ROWS) {
        size_t rows = lesser_size(n - i, MICRO_ROWS);
        bring_panels(to, grid_from(l, i, 0).at, l.down, l.right, rows, i, MICRO_ROWS);
        to += i * MICRO_ROWS;
        for (size_t k = 0; k < MICRO_ROWS; k++)
            for (size_t j = 0; j < MICRO_ROWS; j++, to++)
                *to = j < k || j >= rows ? 0
                      : j == k           ? 1 / *grid_from(l, i + j, i + k).at
                                         : *grid_from(l, i + j, i + k).at;
    }
}

/* `x` has rows of MICRO_COLUMNS right sides, as many as there are in the panels of the triangle. */
static void solve_strip(element *x, const element *l, size_t n) {
    for (size_t i = 0; i < n; i += MICRO_ROWS) {
        real row[MICRO_ROWS][2], sum[MICRO_ROWS][2];
        for (int r = 0; r < MICRO_ROWS; r++) sum[r][0] = sum[r][1] = all(0);
        for (size_t k = 0; k < i; k++, l += MICRO_ROWS) {
            real left = load(x + k * MICRO_COLUMNS), right = load(x + k * MICRO_COLUMNS + LANES);
#pragma GCC unroll 6
            for (int r = 0; r < MICRO_ROWS; r++) {
                real factor = all(l[r]);
                sum[r][0] = madd(factor, left, sum[r][0]);
                sum[r][1] = madd(factor, right, sum[r][1]);
            }
        }
        element *own = x + i * MICRO_COLUMNS;
#pragma GCC unroll 6
        for (int r = 0; r < MICRO_ROWS; r++) {
            row[r][0] = load(own + r * MICRO_COLUMNS) - sum[r][0];
            row[r][1] = load(own + r * MICRO_COLUMNS + LANES) - sum[r][1];
        }
#pragma GCC unroll 6
        for (int k = 0; k < MICRO_ROWS; k++, l += MICRO_ROWS) {
            row[k][0] *= all(l[k]), row[k][1] *= all(l[k]);
            store(own + k * MICRO_COLUMNS, row[k][0]);
            store(own + k * MICRO_COLUMNS + LANES, row[k][1]);
#pragma GCC unroll 6
            for (int r = k + 1; r < MICRO_ROWS; r++) {
                real factor = all(-l[r]);
                row[r][0] = madd(factor, row[k][0], row[r][0]);
                row[r][1] = madd(factor, row[k][1], row[r][1]);
            }
        }
    }
}

/* Of n <= SOLVE_ROWS rows. */
static void solve_block(grid l, grid b, size_t n, size_t sides, element *room) {
    size_t padded = (n + MICRO_ROWS - 1) / MICRO_ROWS * MICRO_ROWS;
    element *strip = room, *triangle = room + padded * MICRO_COLUMNS;
    bring_triangle(triangle, l, n);
    memset(strip + n * MICRO_COLUMNS, 0, (padded - n) * MICRO_COLUMNS * sizeof *strip);
    for (size_t j = 0; j < sides; j += MICRO_COLUMNS) {
        size_t columns = lesser_size(sides - j, MICRO_COLUMNS);
        grid x = grid_from(b, 0, j);
        bring_panels(strip, x.at, x.right, x.down, columns, n, MICRO_COLUMNS);
        solve_strip(strip, triangle, n);
        if (columns == MICRO_COLUMNS && x.right == 1)
            for (size_t i = 0; i < n; i++)
                memcpy(grid_from(x, i, 0).at, strip + i * MICRO_COLUMNS, MICRO_COLUMNS * sizeof *strip);
        else
            for (size_t k = 0; k < columns; k++)
                for (size_t i = 0; i < n; i++) *grid_from(x, i, k).at = strip[i * MICRO_COLUMNS + k];
    }
}

/* l x = b, where x takes the place of b: of b and its transpose, one has its rows next to each other. */
static void solve_lower(grid l, grid b, size_t n, size_t sides, element *room) {
    for (size_t i = 0; i < n; i += SOLVE_ROWS) {
        size_t rows = lesser_size(n - i, SOLVE_ROWS);
        grid own = grid_from(b, i, 0), before = grid_from(l, i, 0);
        if (i && b.right == 1) subtract_product(own, before, b, rows, sides, i, 0, room);
        else if (i)
            subtract_product(grid_transposed(own), grid_transposed(b), grid_transposed(before), sides, rows,
                             i, 0, room);
        solve_block(grid_from(l, i, i), own, rows, sides, room);
    }
}

/* The transpose of a lower triangle, from its last row to its first, is a lower one. */
static void solve_upper(grid l, grid b, size_t n, size_t sides, element *room) {
    grid last = grid_from(l, n - 1, n - 1);
    solve_lower((grid){last.at, -l.right, -l.down}, (grid){grid_from(b, n - 1, 0).at, -b.down, b.right}, n,
                sides, room);
}

/* One right side, so many rows at a time. */
enum { ROWS_SOLVED = 4 };

static void solve_vector(const element *l, element *x, size_t n) {
    for (size_t i = 0; i < n; i += ROWS_SOLVED) {
        size_t rows = lesser_size(n - i, ROWS_SOLVED);
        const element *row = l + i * n;
        element before[ROWS_SOLVED];
        row_products(before, row, (int64_t)n, x, i, rows);
        for (size_t r = 0; r < rows; r++, row += n) {
            element rest = x[i + r] - before[r];
            for (size_t k = i; k < i + r; k++) rest -= row[k] * x[k];
            x[i + r] = rest / row[i + r];
        }
    }
}

static void solve_vector_transposed(const element *l, element *x, size_t n) {
    for (size_t rows, end = n; end; end -= rows) {
        rows = lesser_size(end, ROWS_SOLVED);
        size_t start = end - rows;
        element taken[ROWS_SOLVED];
        for (size_t j = end; j-- > start;) {
            const element *row = l + j * n;
            x[j] /= row[j];
            taken[j - start] = -x[j];
            for (size_t i = start; i < j; i++) x[i] -= x[j] * row[i];
        }
        add_rows(x, l + start * n, (int64_t)n, taken, start, rows);
    }
}

/* A dense triangle of n rows; b has `sides` entries a row. */
static void solve(const void *triangle, int transposed, void *sides_in, size_t n, size_t sides, void *room) {
    grid l = {(element *)triangle, (int64_t)n, 1}, b = {sides_in, (int64_t)sides, 1};
    if (!n || !sides) return;
    if (sides == 1 && transposed) solve_vector_transposed(triangle, sides_in, n);
    else if (sides == 1) solve_vector(triangle, sides_in, n);
    else if (transposed) solve_upper(l, b, n, sides, room);
    else solve_lower(l, b, n, sides, room);
}

/* Factors. */

/* As large as the first of two halves; a multiple of LEAF, so that few leaves are small. */
INLINE size_t first_half(size_t n) { return (n / 2 + LEAF / 2) / LEAF * LEAF; }

/* Of n <= LEAF rows, whose columns become rows: each is subtracted from those behind it, in whole vectors, of
 * which the entries to the left of the diagonal mean nothing. */
static int factor_leaf(element *a, int64_t pitch, size_t n) {
    element turned[LEAF * LEAF] = {0};
    size_t width = (n + LANES - 1) / LANES * LANES;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++) turned[j * width + i] = a[(int64_t)i * pitch + (int64_t)j];
    for (size_t k = 0; k < n; k++) {
        element *row = turned + k * width, pivot = row[k];
        if (!(pivot > 0)) return 0;
        element length = sqrt(pivot), scale = 1 / length;
        for (size_t i = k + 1; i < n; i++) row[i] *= scale;
        row[k] = length;
        for (size_t j = k + 1; j < n; j++) {
            real factor = all(-row[j]);
            element *to = turned + j * width;
            for (size_t i = j / LANES * LANES; i < width; i += LANES)
                store(to + i, madd(factor, load(row + i), load(to + i)));
        }
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++) a[(int64_t)i * pitch + (int64_t)j] = turned[j * width + i];
    return 1;
}

static int factor_grid(grid a, size_t n, element *room) {
    if (n <= LEAF) return factor_leaf(a.at, a.down, n);
    size_t first = first_half(n), rest = n - first;
    grid below = grid_from(a, first, 0), last = grid_from(a, first, first);
    if (!factor_grid(a, first, room)) return 0;
    solve_lower(a, grid_transposed(below), first, rest, room);
    subtract_product(last, below, grid_transposed(below), rest, rest, first, 1, room);
    return factor_grid(last, rest, room);
}

static int factor(void *matrix, size_t n, void *room) {
    return factor_grid((grid){matrix, (int64_t)n, 1}, n, room);
}

/* The adjoint (Murray, Differentiation of the Cholesky decomposition, 2016, section 4), first without blocks,
 * from the last row to the first. */
static void factor_back_leaf(const element *l, element *a, int64_t pitch, size_t n) {
    for (size_t j = n; j-- > 0;) {
        const element *row = l + (int64_t)j * pitch;
        element *to = a + (int64_t)j * pitch, scale = 1 / row[j], sum = to[j];
        for (size_t i = j + 1; i < n; i++) {
            element *under = a + (int64_t)i * pitch + (int64_t)j;
            *under *= scale;
            sum -= l[(int64_t)i * pitch + (int64_t)j] * *under;
        }
        sum *= scale;
        for (size_t k = 0; k < j; k++) to[k] -= sum * row[k];
        for (size_t i = j + 1; i < n; i++) {
            const element *b = l + (int64_t)i * pitch;
            element *under = a + (int64_t)i * pitch, pulled = under[j];
            for (size_t k = 0; k < j; k++) {
                to[k] -= pulled * b[k];
                under[k] -= pulled * row[k];
            }
        }
        to[j] = sum / 2;
    }
}

/* The steps of factor_grid() from the last to the first. What L21 L21' takes from the lower triangle of A22
 * brings to L21 the adjoint A22 + A22' times L21. */
static void factor_back_grid(grid l, grid a, size_t n, element *both, element *room) {
    if (n <= LEAF) {
        factor_back_leaf(l.at, a.at, a.down, n);
        return;
    }
    size_t first = first_half(n), rest = n - first;
    grid l_below = grid_from(l, first, 0), below = grid_from(a, first, 0), last = grid_from(a, first, first);
    factor_back_grid(grid_from(l, first, first), last, rest, both, room);
    for (size_t i = 0; i < rest; i++)
        for (size_t j = 0; j <= i; j++)
            both[i * rest + j] = both[j * rest + i] = *grid_from(last, i, j).at * (element)(i == j ? 2 : 1);
    subtract_product(below, (grid){both, (int64_t)rest, 1}, l_below, rest, first, rest, 0, room);
    solve_upper(l, grid_transposed(below), first, rest, room);
    subtract_product(a, grid_transposed(below), l_below, first, first, rest, 1, room);
    factor_back_grid(l, a, first, both, room);
}

static void factor_back(const void *factor_of, void *adjoint, size_t n, void *room) {
    grid l = {(element *)factor_of, (int64_t)n, 1}, a = {adjoint, (int64_t)n, 1};
    factor_back_grid(l, a, n, (element *)room + triangle_room(n, n), room);
}

#endif
