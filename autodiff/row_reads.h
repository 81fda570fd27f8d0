/* Rows of tables that are read where they lie. A value x[index, k], looked up in a table by an index, has a
 * row of the table, over its last axis k, for each entry of the index. What reads it row by row needs no
 * copy:
 *
 *   contract     p[i] = sum over k of x[i, k] y[i, k]
 *   mixture      its logarithm, in doubt by the rows of log x and log y
 *   sum_rows, scatter_rows    t[place of i, k] += w[i] x[i, k]
 *
 * where each of x and y is looked up, or a value as it lies. The third is the adjoint of the first. */
#ifndef VM_AUTODIFF_ROW_READS_H
#define VM_AUTODIFF_ROW_READS_H

#include "autodiff/element.h"
#include "autodiff/walk.h"

/* What is looked up: x[index] along axis `of`; where index is 0, x itself. */
typedef struct row_source {
    ref x, index;
    axis of;
} row_source;

enum { ROW_READS_MOST = 7 };

typedef struct row_reads {
    uint32_t count;         /* 0: it does not read so */
    ref at[ROW_READS_MOST]; /* all that it reads instead of its operands: what `source` names, then the others
                             */
    uint32_t others;        /* … from here on */
    uint32_t sources;       /* 1 or 2 */
    row_source source[2];
    axis row;
} row_reads;

/* Whether x is looked up in rows over its last axis. */
bool row_looked_up(const tape *t, ref x);

/* By ref. */
row_reads *row_reads_find(const tape *t, arena *a);

/* Where the rows begin that the entries of `over` read, or write to. */
typedef struct row_lookup {
    ref root, index;  /* index 0: none */
    const walk *walk; /* over the entries: the root without the looked up axis and the rows, the index */
    int64_t pitch, reach;
    int32_t *start; /* by entry, from the root's first on, or -1 where it is out of range; NULL where the
                     * index may change from run to run */
} row_lookup;

/* The starts of n entries from entry `from` on; `at` are the addresses of roots. */
void row_starts(const row_lookup *l, precision p, void *const *at, uint64_t from, size_t n, int32_t *start);

/* sum_rows and scatter_rows: rows of `to` are sums of those of `from`. Where all rows are known before, each
 * of `to` is summed by itself: entry[segment[k]] … entry[segment[k + 1] - 1] go to row k, from start[…]. */
typedef struct row_sum {
    int sources;
    row_lookup from[2], to;
    ref weight, bound; /* by entry; bound: of shares, else 0 */
    uint64_t entries, width, rows;
    int32_t *segment, *entry, *start; /* NULL where they are not known before */
} row_sum;

void row_sum_sort(row_sum *s, precision p, void *const *at);

#endif
