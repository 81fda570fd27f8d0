#include "runtime/infer/matrix.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { TILE = 96 };

static uint64_t room_of(uint64_t n) {
    uint64_t solve = triangle_room(n, n), tile = tile_room(TILE, TILE_TERMS);
    return solve > tile ? solve : tile;
}

const algebra *algebra_open(uint64_t n, arena *a) {
    algebra *k = arena_new(a, algebra);
    *k = (algebra){kernels_choose(IN_DOUBLE), n ? arena_take_aligned(a, room_of(n) * sizeof(double)) : NULL};
    return k;
}

/* Vectors. */

double vector_dot(const algebra *k, const double *x, const double *y, uint64_t n) {
    return k->kernels->dot(x, y, n);
}

/* The squares of very large or small entries are not in the range of doubles; then in units of the largest.
 */
double vector_length(const algebra *k, const double *x, uint64_t n) {
    double square = vector_dot(k, x, x, n), most = 0, sum = 0;
    if (square > DBL_MIN && square <= DBL_MAX) return sqrt(square);
    for (uint64_t i = 0; i < n; i++) most = fmax(most, fabs(x[i]));
    if (!(most > 0 && most <= DBL_MAX)) return sqrt(square);
    for (uint64_t i = 0; i < n; i++) sum += x[i] / most * (x[i] / most);
    return most * sqrt(sum);
}

void vector_scale(double *x, double factor, uint64_t n) {
    for (uint64_t i = 0; i < n; i++) x[i] *= factor;
}

void vector_add(double *y, double factor, const double *x, uint64_t n) {
    for (uint64_t i = 0; i < n; i++) y[i] += factor * x[i];
}

/* Products. */

/* What is known to be 0, and spares terms: of a b, a is lower or upper, or b is. */
typedef enum zeros { NO_ZEROS, LOWER_LEFT, UPPER_LEFT, LOWER_RIGHT, UPPER_RIGHT } zeros;

static void multiply(const algebra *k, const tile_product *all, zeros known) {
    for (size_t i = 0; i < all->rows; i += TILE)
        for (size_t j = 0; j < all->columns; j += TILE) {
            tile_product t = *all;
            t.rows = all->rows - i < TILE ? all->rows - i : TILE;
            t.columns = all->columns - j < TILE ? all->columns - j : TILE;
            size_t first = known == UPPER_LEFT ? i : known == LOWER_RIGHT ? j : 0;
            size_t end = known == LOWER_LEFT ? i + t.rows : known == UPPER_RIGHT ? j + t.columns : all->terms;
            t.terms = end - first;
            t.a = (const double *)all->a + (int64_t)i * all->a_row + (int64_t)first * all->a_term;
            t.b = (const double *)all->b + (int64_t)j * all->b_column + (int64_t)first * all->b_term;
            t.c = (double *)all->c + (int64_t)i * all->c_row + (int64_t)j;
            k->kernels->multiply_tile(&t, k->room);
        }
}

void matrix_multiply_rows(const algebra *k, const double *l, const double *x, double *y, uint64_t count,
                          uint64_t n) {
    int64_t pitch = (int64_t)n;
    tile_product t = {y, x, l, .c_row = pitch, pitch, 1, 1, pitch, count, n, n};
    multiply(k, &t, UPPER_RIGHT);
}

void matrix_multiply_rows_transposed(const algebra *k, const double *l, const double *x, double *y,
                                     uint64_t count, uint64_t n) {
    int64_t pitch = (int64_t)n;
    tile_product t = {y, x, l, .c_row = pitch, pitch, 1, pitch, 1, count, n, n};
    multiply(k, &t, LOWER_RIGHT);
}

void matrix_multiply_lower(const algebra *k, const double *a, const double *b, double *c, uint64_t n) {
    int64_t pitch = (int64_t)n;
    tile_product t = {c, a, b, .c_row = pitch, pitch, 1, pitch, 1, n, n, n};
    multiply(k, &t, LOWER_LEFT);
}

void matrix_sum_products(const algebra *k, const double *x, const double *y, double *c, uint64_t count,
                         uint64_t n) {
    int64_t pitch = (int64_t)n;
    tile_product t = {c, x, y, .c_row = pitch, 1, pitch, pitch, 1, n, n, count};
    multiply(k, &t, NO_ZEROS);
}

void matrix_square(const algebra *k, const double *l, double *c, uint64_t n) {
    matrix_multiply_rows(k, l, l, c, n, n);
}

/* From the last row to the first, each is a product with entries that are still as they were. */
void matrix_multiply_vector(const algebra *k, const double *l, double *x, uint64_t n) {
    for (uint64_t i = n; i-- > 0;) x[i] = vector_dot(k, l + i * n, x, i + 1);
}

void matrix_multiply_vector_transposed(const algebra *k, const double *l, double *x, uint64_t n) {
    for (uint64_t i = 0; i < n; i++) {
        const double *row = l + i * n;
        double factor = x[i];
        x[i] = 0;
        k->kernels->add_rows(x, row, (int64_t)n, &factor, i + 1, 1);
    }
}

/* Factors. */

bool matrix_cholesky(const algebra *k, double *a, uint64_t n) {
    if (!k->kernels->factor(a, n, k->room)) return false;
    for (uint64_t i = 0; i + 1 < n; i++) memset(a + i * n + i + 1, 0, (n - i - 1) * sizeof *a);
    return true;
}

void matrix_solve_vector(const algebra *k, const double *l, double *x, uint64_t n) {
    k->kernels->solve(l, false, x, n, 1, k->room);
}

void matrix_invert_lower(const algebra *k, const double *l, double *inverse, uint64_t n) {
    memset(inverse, 0, n * n * sizeof *inverse);
    for (uint64_t i = 0; i < n; i++) inverse[i * n + i] = 1;
    k->kernels->solve(l, false, inverse, n, n, k->room);
}

void matrix_invert_factor(const algebra *k, double *l, uint64_t n, double *scratch) {
    matrix_invert_lower(k, l, scratch, n);
    int64_t pitch = (int64_t)n;
    tile_product t = {l, scratch, scratch, .c_row = pitch, 1, pitch, pitch, 1, n, n, n};
    multiply(k, &t, UPPER_LEFT);
    matrix_cholesky(k, l, n);
}
