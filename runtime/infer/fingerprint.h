/* A number for all that the bits of a fit's steps depend on: the text of the program and of the library, the
 * data, the options and the instruction set. `steps`, `draws` and `threads` may differ. */
#ifndef VM_INFER_FINGERPRINT_H
#define VM_INFER_FINGERPRINT_H

#include "runtime/bind/model.h"

uint64_t fingerprint_of(const diagnostics *d, const model *m, const options *o);
/* Of the data alone, on top of h. */
uint64_t fingerprint_of_data(const model *m, uint64_t h);

#endif
