/* The inner loops, one table of them for each instruction set and precision; pointers are to entries of the
 * precision (element.h). Elementwise kernels may work in place (the
 * result may be an operand, but not overlap it otherwise), and the bits of an element do not depend on where
 * it stands or how many there are. Sums run in an order that is fixed by their length. NaN and infinities go
 * through as in libm. */
#ifndef VM_AUTODIFF_KERNELS_H
#define VM_AUTODIFF_KERNELS_H

#include <stddef.h>
#include <stdint.h>
#include "autodiff/element.h"
#include "autodiff/tape.h"

typedef void unary_kernel(void *y, const void *x, size_t n);
typedef void binary_kernel(void *z, const void *x, const void *y, size_t n);
typedef void binary_kernel_vs(void *z, const void *x, double y, size_t n);
typedef void binary_kernel_sv(void *z, double x, const void *y, size_t n);
typedef void ternary_kernel(void *w, const void *x, const void *y, const void *z, size_t n);

/* Where a stream of draws stands. A draw is a function of these and of its index; see base/rng.h. */
typedef struct draw_stream {
    uint64_t seed, step;
    uint32_t stream;
} draw_stream;

/* The numbers of an optimiser's step: with d = scale g,
 *   m ← keep_mean m + (1 - keep_mean) d, v ← keep_square v + (1 - keep_square) d²,
 *   x ← keep x + rate m / (root √v + floor). */
typedef struct ascent {
    double scale, keep_mean, keep_square, keep, rate, root, floor;
} ascent;

/* Steps of the forward algorithm, see chain.h. Rows of `width` entries, whole vectors, lie one after the
 * other; a matrix has a row for each state. */
typedef struct chain_steps {
    size_t states, width, count;
    const void *matrix; /* of the first step: from each state */
    int64_t matrix_pitch;
    const void *weights, *least; /* a row a step; one row: what sums must not fall below */
    void *now;                   /* a row: before the first step, then after the last */
    void *before, *sums;         /* written, a row a step: `now`, and its product with the matrix */
    int32_t *shift;              /* by step: the weighted sums were multiplied by this power of two */
} chain_steps;
typedef struct chain_back_steps {
    size_t states, width, count;
    const void *matrix; /* of the first step: to each state */
    int64_t matrix_pitch;
    const void *before, *sums; /* of the first step; the next is one row down */
    void *now;                 /* the adjoint after the step, then before it */
    void *found, *shares;      /* written, a row a step: `now`, and what it was divided to (or NULL) */
    int64_t found_pitch;
    void *moved; /* a matrix: adds before[i] shares[j] */
} chain_back_steps;

/* A tile of a product of matrices: c[i, j] = sum over k < terms of a[i, k] b[k, j], with the strides of each
 * factor and the entries of a row of c next to each other. `left` has the panels of all rows of the product
 * that it is a tile of, so many with what they are filled up with, of which its own begin at `left_row`; NULL
 * where it brings its own. */
typedef struct tile_product {
    void *c;
    const void *a, *b;
    int64_t c_row, a_row, a_term, b_term, b_column;
    size_t rows, columns, terms;
    const void *left;
    size_t left_rows, left_row;
} tile_product;
/* As many terms at a time go through the room: no power of two, by which the lines of panels would meet in
 * the same sets of the cache. There is room for so many rows and columns, with the most that kernels fill up
 * with zeros; a tile needs that of one panel of columns. */
enum { TILE_TERMS = 272, MICRO_ROWS = 6 };
static inline uint64_t panels_room(uint64_t rows, uint64_t columns, uint64_t terms) {
    enum { ROWS_BEYOND = 5, COLUMNS_BEYOND = 31 };
    return (rows + ROWS_BEYOND + columns + COLUMNS_BEYOND) * (terms < TILE_TERMS ? terms : TILE_TERMS);
}
/* … and the panels of a whole left factor so much. */
static inline uint64_t left_rows(uint64_t rows) { return (rows + MICRO_ROWS - 1) / MICRO_ROWS * MICRO_ROWS; }
static inline uint64_t tile_room(uint64_t rows, uint64_t terms) { return panels_room(rows, 1, terms); }

/* What a triangle of n rows is solved with takes so many entries of room for `sides` right sides, and the
 * factor of a matrix as many as for n: products with at most 96 rows at a time, then blocks of so many rows,
 * in panels, and vectors of right sides. */
enum { SOLVE_ROWS = 192 };
static inline uint64_t triangle_room(uint64_t n, uint64_t sides) {
    uint64_t rows = n < SOLVE_ROWS ? n : SOLVE_ROWS, padded = rows + 5;
    uint64_t product = n > 48 ? panels_room(n > sides ? n : sides, 96, n) : 0;
    uint64_t block = padded * 32 + (padded + 6) * padded / 2;
    return product > block ? product : block;
}
static inline uint64_t factor_back_room(uint64_t n) { return triangle_room(n, n) + n * n / 2; }

typedef struct kernels {
    const char *name;
    size_t lanes; /* entries of a vector */
    precision precision;
    unary_kernel *unary[OP_count];         /* NULL where the op is no unary MAP */
    binary_kernel *binary[OP_count];       /* vector, vector */
    binary_kernel_vs *binary_vs[OP_count]; /* vector, scalar */
    binary_kernel_sv *binary_sv[OP_count]; /* scalar, vector */
    ternary_kernel *ternary[OP_count];     /* vectors; selecting stands below */
    void (*select)(void *z, const void *condition, const void *x, const void *y, size_t n);

    void (*splat)(void *y, double x, size_t n);
    double (*sum)(const void *x, size_t n);
    double (*most)(const void *x, size_t n); /* the largest, -infinity of none; NaN where one is */
    double (*least)(const void *x, size_t n);
    double (*dot)(const void *x, const void *y, size_t n); /* as sum(), each product fused with the addition
                                                              (madd() in vector.h), as in the next ones */
    void (*add_to)(void *y, const void *x, size_t n);      /* y += x */
    void (*add_product_to)(void *z, const void *x, const void *y, size_t n); /* z += x y */
    void (*gather)(void *y, const void *x, const int32_t *index, size_t n);  /* y[i] = x[index[i]] */

    /* y[j y_pitch + i] = x[i x_pitch + j] for i < rows, j < columns */
    void (*transpose)(void *y, int64_t y_pitch, const void *x, int64_t x_pitch, size_t rows, size_t columns);

    void (*multiply_tile)(const tile_product *t, void *room);
    /* Brings the panels of so many rows of the left factor from left_row on, a multiple of MICRO_ROWS, to
     * where the tiles of a product of left_rows rows look for them. */
    void (*bring_left)(const tile_product *t, void *left);
    /* Of dense square matrices of n rows only the lower triangle is read and written; see triangles.h.
     * Factors in place; 0 where the matrix is not positive definite. */
    int (*factor)(void *matrix, size_t n, void *room);
    /* From the adjoint of the factor that of the matrix, in place. */
    void (*factor_back)(const void *factor, void *adjoint, size_t n, void *room);
    /* x with L x = b, or L' x = b, in the place of b, which has `sides` entries a row. */
    void (*solve)(const void *triangle, int transposed, void *b, size_t n, size_t sides, void *room);
    /* Matrices whose rows, or whose columns, are `pitch` or `step` apart, see rows.h. */
    void (*row_products)(void *y, const void *x, int64_t pitch, const void *b, size_t width, size_t n);
    void (*column_products)(void *y, const void *x, int64_t step, const void *b, size_t width, size_t n);
    /* Rows that begin at xs[i] and ys[i], or nowhere for -1: z[i] = the product of the two; y += the sum of
     * x's, each times w[entry[i]]. See pairs.h. */
    void (*row_pairs)(void *z, const void *x, const int32_t *xs, const void *y, const int32_t *ys,
                      size_t width, size_t n);
    void (*add_rows_at)(void *y, const void *x, const int32_t *xs, const void *w, const int32_t *entry,
                        size_t width, size_t n);
    void (*add_rows)(void *y, const void *x, int64_t pitch, const void *g, size_t width, size_t n);

    void (*ascend)(const ascent *a, void *x, void *m, void *v, const void *g, size_t n);
    void (*ascend_plainly)(const ascent *a, void *x, void *m, const void *g,
                           size_t n); /* m ← keep_mean m + d,
                                       * x ← keep x + rate m */

    /* Returns how many were done before a sum fell below its least; then `now` is as that step finds it. */
    size_t (*chain_forward)(const chain_steps *c);
    void (*chain_back)(const chain_back_steps *c);

    /* Entries first … first + n - 1 of a stream; `first` is even. */
    void (*uniform)(void *y, draw_stream s, uint64_t first, size_t n);
    void (*normal)(void *y, draw_stream s, uint64_t first, size_t n);
} kernels;

extern const kernels kernels_baseline_double, kernels_avx2_double, kernels_avx512_double;
extern const kernels kernels_baseline_single, kernels_avx2_single, kernels_avx512_single;

/* The tables of a precision that this processor can run, best last; returns how many. */
int kernels_available(precision p, const kernels *table[3]);
/* The best; the environment variable VM_ISA (baseline, avx2 or avx512) lowers it. */
const kernels *kernels_choose(precision p);

#endif
