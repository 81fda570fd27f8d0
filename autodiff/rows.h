/* Products of a matrix and a vector within regions. A loop over the rows of a matrix X, as one would write it
 * by hand, has each row in the cache when it multiplies it with coefficients, works on the product, and adds
 * a multiple of the row to the gradient. In a region over the rows this is
 *
 *   dot  y[row] = sum over columns of X[row, column] b[column]    whose result is computed block by block,
 *   add  z[column] = sum over rows of X[row, column] g[row]       whose vector may be,
 *
 * so that X is read from memory once. A contraction is the one or the other by the longer of its axes, where
 * all other axes have one entry, and the matrix can be passed with one stride along its rows and one within
 * them, of which one is 1. */
#ifndef VM_AUTODIFF_ROWS_H
#define VM_AUTODIFF_ROWS_H

#include "autodiff/walk.h"

typedef enum rows_form { ROWS_none, ROWS_dot, ROWS_add } rows_form;

typedef struct rows_product {
    rows_form form;
    int matrix, vector; /* which operands they are */
    uint64_t width;     /* entries of a row */
    int64_t pitch;      /* from row to row */
    int64_t step;       /* within a row */
} rows_product;

/* Of a contraction whose operands have the layouts a and b. */
rows_product rows_find(const tape *t, ref r, const layout *a, const layout *b);

#endif
