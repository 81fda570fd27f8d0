/* The few dense operations of Gaussian guides and starts, by the engine's kernels. Matrices are row-major and
 * square; of a lower one the entries above the diagonal are 0. */
#ifndef VM_INFER_MATRIX_H
#define VM_INFER_MATRIX_H

#include <stdbool.h>
#include "autodiff/kernels/kernels.h"
#include "base/arena.h"

/* What they need: kernels, and the room in which these work; for one caller at a time. */
typedef struct algebra {
    const kernels *kernels;
    double *room;
} algebra;
/* For matrices of up to n rows; 0 where there are vectors alone. */
const algebra *algebra_open(uint64_t n, arena *a);

double vector_dot(const algebra *k, const double *x, const double *y, uint64_t n);
double vector_length(const algebra *k, const double *x, uint64_t n);
void vector_scale(double *x, double factor, uint64_t n);
/* y += factor x */
void vector_add(double *y, double factor, const double *x, uint64_t n);

/* The lower factor of a symmetric matrix, in place of it; only its lower triangle is read. False where it is
 * not positive definite; what it holds then is of no use. */
bool matrix_cholesky(const algebra *k, double *a, uint64_t n);
/* In place, with lower l: x becomes l^-1 x, l x, l' x. */
void matrix_solve_vector(const algebra *k, const double *l, double *x, uint64_t n);
void matrix_multiply_vector(const algebra *k, const double *l, double *x, uint64_t n);
void matrix_multiply_vector_transposed(const algebra *k, const double *l, double *x, uint64_t n);
/* The same for `count` rows of n entries, which go from x to y. */
void matrix_multiply_rows(const algebra *k, const double *l, const double *x, double *y, uint64_t count,
                          uint64_t n);
void matrix_multiply_rows_transposed(const algebra *k, const double *l, const double *x, double *y,
                                     uint64_t count, uint64_t n);
/* c = a b for lower a and b; c is neither. */
void matrix_multiply_lower(const algebra *k, const double *a, const double *b, double *c, uint64_t n);
/* c = x' y, for x and y of `count` rows of n entries. */
void matrix_sum_products(const algebra *k, const double *x, const double *y, double *c, uint64_t count,
                         uint64_t n);
/* c = l l' */
void matrix_square(const algebra *k, const double *l, double *c, uint64_t n);
void matrix_invert_lower(const algebra *k, const double *l, double *inverse, uint64_t n);
/* From the lower factor l of a precision matrix to a lower factor of the covariance (l l')^-1, in place.
 * `scratch` has n * n. */
void matrix_invert_factor(const algebra *k, double *l, uint64_t n, double *scratch);

#endif
