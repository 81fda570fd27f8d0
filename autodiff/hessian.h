/* Second order. */
#ifndef VM_AUTODIFF_HESSIAN_H
#define VM_AUTODIFF_HESSIAN_H

#include "autodiff/tape.h"

/* The product of the Hessian of a scalar y (no axes) in x[0 … count - 1] with a vector v, whose parts have
 * the axes of x's: product[i], with the axes of x[i], is the derivative by x[i] of <gradient of y, v>, the
 * adjoint pass applied to its own result (Pearlmutter, Fast exact multiplication by the Hessian, Neural
 * Computation 6, 1994, by reverse over reverse; Christianson, Automatic Hessians by reverse accumulation,
 * 1992). Appends to the tape a few times as much as y took. Of v nothing is differentiated. False, naming the
 * instruction in *culprit, where an operation on the way has no second derivative. */
bool tape_hessian_product(tape *t, ref y, const ref *x, const ref *v, uint32_t count, ref *product,
                          ref *culprit);

#endif
