/* OpenBLAS takes one work buffer for itself at its first call, and asks for it in an endless loop where there
 * is no memory. So it is seen to before anything else that it can have one. */
#ifndef VM_INFER_BLAS_H
#define VM_INFER_BLAS_H

#include "base/arena.h"

/* Jumps to `escape` where there is not enough memory for OpenBLAS to work. */
void blas_reserve(memory *m);

#endif
