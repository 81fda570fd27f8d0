/* The few dense operations of Gaussian guides. Matrices are row-major and square; of a lower one the entries
 * above the diagonal are 0. */
#ifndef VM_INFER_MATRIX_H
#define VM_INFER_MATRIX_H

#include <stdbool.h>
#include <stdint.h>

/* The lower factor of a symmetric matrix, in place of it; only its lower triangle is read. False where it is
 * not positive definite; what it holds then is of no use. */
bool matrix_cholesky(double *a, uint64_t n);
/* From the lower factor l of a precision matrix to a lower factor of the covariance (l l')^-1, in place.
 * `scratch` has n * n. */
void matrix_invert_factor(double *l, uint64_t n, double *scratch);
/* c = a b for lower a and b; c is neither. */
void matrix_multiply_lower(const double *a, const double *b, double *c, uint64_t n);

#endif
