/* Products of matrices, a tile of the result at a time (Goto and van de Geijn, Anatomy of high-performance
 * matrix multiplication, 2008). Factors are brought, TILE_TERMS terms at a time, into panels: of MICRO_ROWS
 * rows of the left one, all of them, and of MICRO_COLUMNS columns of the right one, one panel after the
 * other, term after term, with zeros beyond the edge. A pair of panels gives a piece of the result, which
 * stays in registers. While a panel of the right factor is used, the next is fetched: it is the larger factor
 * that comes from memory.
 *
 * A library for it would be as fast, but its bits depend on the processor within one instruction set, and
 * what Debian has for one thread may not be called from two. The bits of an entry of the result depend on the
 * number of terms alone. */
#ifndef VM_AUTODIFF_KERNELS_TILES_H
#define VM_AUTODIFF_KERNELS_TILES_H

#include "autodiff/kernels/kernels.h"
#include "autodiff/kernels/transpose.h"
#include "autodiff/kernels/vector.h"

enum { MICRO_COLUMNS = 2 * LANES, CACHE_LINE = 64 };

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

/* The same of lines whose terms lie next to each other, four terms of four lines at a time; the last four
 * lines of a panel may be brought twice in part. */
INLINE void bring_lines(element *to, const element *x, int64_t line, size_t n, size_t terms,
                        const size_t across) {
    for (; n >= across; n -= across, x += (int64_t)across * line, to += across * terms) {
        size_t k = 0;
        for (; k + SQUARE <= terms; k += SQUARE)
            for (size_t i = 0; i < across; i += SQUARE) {
                size_t first = i + SQUARE <= across ? i : across - SQUARE;
                transpose_square(to + k * across + first, (int64_t)across, x + (int64_t)first * line + k,
                                 line);
            }
        bring(to + k * across, x + k, line, 1, across, terms - k, across);
    }
    bring(to, x, line, 1, n, terms, across);
}

/* The compiler makes something better of each of the two strides being 1. */
INLINE void bring_panels(element *to, const element *x, int64_t line, int64_t term, size_t n, size_t terms,
                         const size_t across) {
    if (line == 1) bring(to, x, 1, term, n, terms, across);
    else if (term == 1 && across >= SQUARE) bring_lines(to, x, line, n, terms, across);
    else bring(to, x, line, term, n, terms, across);
}

/* Asks for the part of the panel that its turn is, of so many turns, that it be in the cache when it is
 * brought: lines of the cache along the dimension whose entries lie next to each other. */
typedef struct ahead {
    const element *at;
    int64_t outer, inner; /* strides of rows of lines, and of lines */
    size_t rows, lines;
} ahead;

INLINE ahead ahead_of(const element *x, int64_t line, int64_t term, size_t n, size_t terms) {
    const size_t width = CACHE_LINE / sizeof *x;
    if (term == 1) return (ahead){x, line, (int64_t)width, n, (terms + width - 1) / width};
    return (ahead){x, term, (int64_t)width, terms, (n + width - 1) / width};
}

INLINE void fetch(const ahead *a, size_t turn, size_t turns) {
    size_t to = a->rows * (turn + 1) / turns;
    for (size_t i = a->rows * turn / turns; i < to; i++)
        for (size_t j = 0; j < a->lines; j++)
            __builtin_prefetch(a->at + (int64_t)i * a->outer + (int64_t)j * a->inner, 0, 2);
}

/* What becomes of the product. */
typedef enum tile_use { TILE_PUT, TILE_ADD, TILE_SUBTRACT } tile_use;

INLINE real used(element *c, real product, tile_use use) {
    return use == TILE_PUT ? product : use == TILE_ADD ? load(c) + product : load(c) - product;
}

/* Sums over the terms, in `width` vectors a row. */
INLINE void sum_products(real sum[MICRO_ROWS][2], const element *a, int64_t row, int64_t term,
                         const element *b, size_t terms, const int width) {
    for (int i = 0; i < MICRO_ROWS; i++) sum[i][0] = sum[i][1] = all(0);
    for (size_t k = 0; k < terms; k++, a += term, b += MICRO_COLUMNS) {
        real left = load(b), right = width == 2 ? load(b + LANES) : left;
#pragma GCC unroll 6
        for (int i = 0; i < MICRO_ROWS; i++) {
            real factor = all(a[i * row]);
            sum[i][0] = madd(factor, left, sum[i][0]);
            if (width == 2) sum[i][1] = madd(factor, right, sum[i][1]);
        }
    }
}

INLINE void use_sums(element *c, int64_t pitch, real sum[MICRO_ROWS][2], size_t rows, size_t columns,
                     tile_use use) {
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

/* The piece of `rows` by `columns` entries: c = a b, c += a b or c -= a b. */
static void multiply_panels(element *c, int64_t pitch, const element *a, const element *b, size_t terms,
                            size_t rows, size_t columns, tile_use use) {
    real sum[MICRO_ROWS][2];
    if (columns > LANES) sum_products(sum, a, 1, MICRO_ROWS, b, terms, 2);
    else sum_products(sum, a, 1, MICRO_ROWS, b, terms, 1);
    use_sums(c, pitch, sum, rows, columns, use);
}

/* The same of MICRO_ROWS lines of the left factor where they are. */
static void multiply_lines(element *c, int64_t pitch, const element *a, int64_t row, const element *b,
                           size_t terms, size_t columns, tile_use use) {
    real sum[MICRO_ROWS][2];
    if (columns > LANES) sum_products(sum, a, row, 1, b, terms, 2);
    else sum_products(sum, a, row, 1, b, terms, 1);
    use_sums(c, pitch, sum, MICRO_ROWS, columns, use);
}

/* Lines of the left factor that few columns ask for are used where they are; the last ones, when they fill no
 * panel, and all others are brought. */
enum { FEW_COLUMNS = 4 * MICRO_COLUMNS };

INLINE size_t terms_from(const tile_product *t, size_t from) {
    return from >= t->terms ? 0 : t->terms - from < TILE_TERMS ? t->terms - from : TILE_TERMS;
}
INLINE size_t columns_from(const tile_product *t, size_t j) {
    return j >= t->columns ? 0 : t->columns - j < MICRO_COLUMNS ? t->columns - j : MICRO_COLUMNS;
}

/* That of columns j … with the terms from … on; without lines where there are none. */
INLINE ahead right_panel(const tile_product *t, size_t from, size_t j) {
    size_t columns = columns_from(t, j), terms = terms_from(t, from);
    if (!columns || !terms) return (ahead){.at = t->b};
    const element *at = (const element *)t->b + (int64_t)from * t->b_term + (int64_t)j * t->b_column;
    return ahead_of(at, t->b_column, t->b_term, columns, terms);
}

/* With the terms from `from` on, those of the rows from left_row on. */
INLINE element *left_panels(const tile_product *t, const void *left, size_t from) {
    return (element *)left + t->left_rows * from + t->left_row * terms_from(t, from);
}

static void bring_left(const tile_product *t, void *left) {
    for (size_t from = 0; from < t->terms; from += TILE_TERMS)
        bring_panels(left_panels(t, left, from), (const element *)t->a + (int64_t)from * t->a_term, t->a_row,
                     t->a_term, t->rows, terms_from(t, from), MICRO_ROWS);
}

static void multiply_tile(const tile_product *t, void *room) {
    size_t panels = (t->rows + MICRO_ROWS - 1) / MICRO_ROWS;
    bool few = t->a_term == 1 && t->columns <= FEW_COLUMNS && !t->left;
    size_t in_place = few ? t->rows / MICRO_ROWS * MICRO_ROWS : 0;
    for (size_t from = 0; from < t->terms || !from; from += TILE_TERMS) {
        size_t terms = terms_from(t, from);
        tile_use use = from ? TILE_ADD : TILE_PUT;
        const element *a = (const element *)t->a + (int64_t)from * t->a_term;
        element *left = t->left ? left_panels(t, t->left, from) : room;
        element *right = (element *)room + (t->left ? 0 : panels * MICRO_ROWS * terms);
        ahead rows = ahead_of(a, t->a_row, t->a_term, t->rows, terms), coming = right_panel(t, from, 0);
        if (!t->left) fetch(&rows, 0, 1);
        if (!from) fetch(&coming, 0, 1);
        if (!t->left)
            bring_panels(left + in_place * terms, a + (int64_t)in_place * t->a_row, t->a_row, t->a_term,
                         t->rows - in_place, terms, MICRO_ROWS);
        for (size_t j = 0; j < t->columns; j += MICRO_COLUMNS) {
            size_t columns = columns_from(t, j), next = j + MICRO_COLUMNS;
            bring_panels(right, coming.at, t->b_column, t->b_term, columns, terms, MICRO_COLUMNS);
            coming = next < t->columns ? right_panel(t, from, next) : right_panel(t, from + TILE_TERMS, 0);
            for (size_t i = 0; i < t->rows; i += MICRO_ROWS) {
                fetch(&coming, i / MICRO_ROWS, panels);
                element *c = (element *)t->c + (int64_t)i * t->c_row + (int64_t)j;
                if (i < in_place)
                    multiply_lines(c, t->c_row, a + (int64_t)i * t->a_row, t->a_row, right, terms, columns,
                                   use);
                else
                    multiply_panels(c, t->c_row, left + i * terms, right, terms,
                                    t->rows - i < MICRO_ROWS ? t->rows - i : MICRO_ROWS, columns, use);
            }
        }
    }
}

#endif
