/* The type of the entries of a machine's values: a machine is of one precision.
 *
 * What touches entries, the kernels and the files of execution (meson.build lists them), is compiled once for
 * each precision from one source, with SINGLE defined or not: `element` is the type there, and a name that
 * others see carries the precision. So an inner loop is plain C on one type, which the compiler vectorises,
 * and nothing is decided while it runs. What plans is compiled once: it knows how many entries there are and
 * not what they are, and sees them behind `void *`. Numbers that stand alone (an operand, the sum of a chunk)
 * cross from file to file as doubles, which hold every float. */
#ifndef VM_AUTODIFF_ELEMENT_H
#define VM_AUTODIFF_ELEMENT_H

#include <stddef.h>
#include <stdint.h>

typedef enum precision { IN_DOUBLE, IN_SINGLE } precision;

static inline size_t element_size(precision p) { return p == IN_SINGLE ? sizeof(float) : sizeof(double); }

static inline double element_read(precision p, const void *x, int64_t i) {
    return p == IN_SINGLE ? (double)((const float *)x)[i] : ((const double *)x)[i];
}

static inline void element_write(precision p, void *x, int64_t i, double value) {
    if (p == IN_SINGLE) ((float *)x)[i] = (float)value;
    else ((double *)x)[i] = value;
}

static inline void *element_at(precision p, void *x, int64_t i) {
    return (char *)x + i * (int64_t)element_size(p);
}

#if defined SINGLE
typedef float element;
#define TYPED(name)        name##_single
#define BY_PRECISION(x, y) y
#else
typedef double element;
#define TYPED(name)        name##_double
#define BY_PRECISION(x, y) x
#endif

#endif
