/* The oracle of the tests of tapes: every instruction, entry by entry, straight from the words in ops.def. It
 * shares nothing with the code it judges and is as slow as it is plain. */
#ifndef VM_TESTS_AUTODIFF_REFERENCE_H
#define VM_TESTS_AUTODIFF_REFERENCE_H

#include "autodiff/tape.h"

/* One entry of an elementwise operation; operands that it lacks are not read. */
long double reference_map(op f, long double x, long double y, long double z);

/* Fills values[r] with the entries of instruction r, dense in canonical order, for every r; `values` has room
 * for all instructions, the entries are taken from `a`. Each entry is computed in long double from the
 * rounded entries of its operands and then rounded. Draws are stand-ins: a fixed function of stream and index
 * for the continuous ones without parameters, the mean for the others. */
void reference_run(const tape *t, const double *const *inputs, double **values, arena *a);

/* The same without rounding in between, for differences. */
void reference_run_long(const tape *t, const long double *const *inputs, long double **values, arena *a);

#endif
