/* Products of matrices, a tile of the result at a time (Goto and van de Geijn, Anatomy of high-performance
 * matrix multiplication, 2008). Factors are brought, DEPTH terms at a time, into panels: of MICRO_ROWS rows
 * of the left one and of MICRO_COLUMNS columns of the right one, term after term, with zeros beyond the edge.
 * A pair of panels gives a piece of the result, which stays in registers.
 *
 * A library for it would be as fast, but its bits depend on the processor within one instruction set, and
 * what Debian has for one thread may not be called from two. The bits of an entry of the result depend on the
 * number of terms alone. */
#ifndef VM_AUTODIFF_KERNELS_TILES_H
#define VM_AUTODIFF_KERNELS_TILES_H

#include "autodiff/kernels/kernels.h"
#include "autodiff/kernels/vector.h"

enum { MICRO_ROWS = 6, MICRO_COLUMNS = 2 * LANES };

/* Panels of `across` lines, of which the matrix has n, with `terms` terms each. */
INLINE void bring(element *to, const element *x, int64_t line, int64_t term, size_t n, size_t terms,
                  const size_t across) {
    for (; n >= across; n -= across, x += (int64_t)across * line, to += across * terms)
        for (size_t k = 0; k < terms; k++)
            for (size_t i = 0; i < across; i++) to[k * across + i] = x[(int64_t)i * line + (int64_t)k * term];
    for (size_t k = 0; k < terms && n; k++)
        for (size_t i = 0; i < across; i++)
            to[k * across + i] = i < n ? x[(int64_t)i * line + (int64_t)k * term] : 0;
}

/* The compiler makes something better of each of the two strides being 1. */
INLINE void bring_panels(element *to, const element *x, int64_t line, int64_t term, size_t n, size_t terms,
                         const size_t across) {
    if (line == 1) bring(to, x, 1, term, n, terms, across);
    else if (term == 1) bring(to, x, line, 1, n, terms, across);
    else bring(to, x, line, term, n, terms, across);
}

/* What becomes of the product. */
typedef enum tile_use { TILE_PUT, TILE_ADD, TILE_SUBTRACT } tile_use;

INLINE real used(element *c, real product, tile_use use) {
    return use == TILE_PUT ? product : use == TILE_ADD ? load(c) + product : load(c) - product;
}

/* The piece of `rows` by `columns` entries: c = a b, c += a b or c -= a b. */
static void multiply_panels(element *c, int64_t pitch, const element *a, const element *b, size_t terms,
                            size_t rows, size_t columns, tile_use use) {
    real sum[MICRO_ROWS][2];
    for (int i = 0; i < MICRO_ROWS; i++) sum[i][0] = sum[i][1] = all(0);
    for (size_t k = 0; k < terms; k++, a += MICRO_ROWS, b += MICRO_COLUMNS) {
        real left = load(b), right = load(b + LANES);
#pragma GCC unroll 6
        for (int i = 0; i < MICRO_ROWS; i++) {
            real factor = all(a[i]);
            sum[i][0] = madd(factor, left, sum[i][0]);
            sum[i][1] = madd(factor, right, sum[i][1]);
        }
    }
    if (rows == MICRO_ROWS && columns == MICRO_COLUMNS) {
#pragma GCC unroll 6
        for (int i = 0; i < MICRO_ROWS; i++, c += pitch) {
            store(c, used(c, sum[i][0], use));
            store(c + LANES, used(c + LANES, sum[i][1], use));
        }
        return;
    }
    element edge[MICRO_ROWS][MICRO_COLUMNS];
    memcpy(edge, sum, sizeof edge);
    for (size_t i = 0; i < rows; i++, c += pitch)
        for (size_t j = 0; j < columns; j++)
            c[j] = use == TILE_PUT ? edge[i][j] : use == TILE_ADD ? c[j] + edge[i][j] : c[j] - edge[i][j];
}

static void multiply_tile(const tile_product *t, void *room) {
    size_t panels = (t->rows + MICRO_ROWS - 1) / MICRO_ROWS;
    for (size_t from = 0; from < t->terms || !from; from += TILE_TERMS) {
        size_t terms = t->terms - from < TILE_TERMS ? t->terms - from : TILE_TERMS;
        const element *a = (const element *)t->a + (int64_t)from * t->a_term,
                      *b = (const element *)t->b + (int64_t)from * t->b_term;
        element *left = room, *right = left + panels * MICRO_ROWS * terms;
        bring_panels(left, a, t->a_row, t->a_term, t->rows, terms, MICRO_ROWS);
        bring_panels(right, b, t->b_column, t->b_term, t->columns, terms, MICRO_COLUMNS);
        for (size_t j = 0; j < t->columns; j += MICRO_COLUMNS)
            for (size_t i = 0; i < t->rows; i += MICRO_ROWS)
                multiply_panels((element *)t->c + (int64_t)i * t->c_row + (int64_t)j, t->c_row,
                                left + i * terms, right + j * terms, terms,
                                t->rows - i < MICRO_ROWS ? t->rows - i : MICRO_ROWS,
                                t->columns - j < MICRO_COLUMNS ? t->columns - j : MICRO_COLUMNS,
                                from ? TILE_ADD : TILE_PUT);
    }
}

#endif
