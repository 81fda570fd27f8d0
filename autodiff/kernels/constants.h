/* Numbers of the elementary functions, for kernels and for machine code that does the same. */
#ifndef VM_AUTODIFF_KERNELS_CONSTANTS_H
#define VM_AUTODIFF_KERNELS_CONSTANTS_H

/* ln 2 in two parts, the first short enough for products with exponents to be exact. */
#define LN2_HIGH 0x1.62e42fefa3800p-1
#define LN2_LOW  0x1.ef35793c76730p-45

/* Adding it rounds to a whole number, which then stands in the lowest bits. */
#define ROUNDER 0x1.8p52

/* Bounds within which e^x is a normal number. */
#define EXP_LEAST -708.0
#define EXP_MOST  0x1.62e42fefa39efp9

#endif
