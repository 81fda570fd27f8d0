/* Numbers as text, the same in every locale: how data, flags and programs write them, and how results are
 * printed. */
#ifndef VM_BASE_NUMBER_H
#define VM_BASE_NUMBER_H

#include <stdbool.h>

/* The whole of `text` as a number: decimal digits with sign, point and exponent, or inf, infinity, nan in any
 * case. What is too large for a double is infinite. False for anything else, blanks included. */
bool number_parse(const char *text, double *value);

/* The number that `text` begins with, as JSON writes it: -12, 0.5, 1e3; with any text behind it. Returns its
 * end; NULL where there is none. The double is the nearest one, as strtod's. */
const char *number_read(const char *text, double *value);

/* For qsort: doubles from the least to the largest. */
int number_order(const void *a, const void *b);

enum { NUMBER_LONGEST = 32 };

/* With the fewest digits that read back as the same double; the result is `out`. */
const char *number_print(char out[NUMBER_LONGEST], double value);

#endif
