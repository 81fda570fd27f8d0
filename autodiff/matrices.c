/* Steps of linear algebra, by BLAS and LAPACK. */
#include <cblas.h>
#include <math.h>
#include <string.h>

#include "autodiff/execute.h"

void LAPACK(potrf_)(const char *triangle, const int *n, element *a, const int *stride, int *info);

/* Copies a value, seen along `w`, to or from a dense matrix. */
static void to_matrix(const walk *w, const element *x, element *matrix) {
    cursor c = walk_at(w, 0);
    for (uint64_t left = w->entries, n; left && (n = cursor_run(&c)); left -= n, cursor_pass(&c, n)) {
        int64_t s = cursor_stride(&c, 0), t = cursor_stride(&c, 1);
        for (int64_t i = 0; i < (int64_t)n; i++) matrix[c.at[1] + i * t] = x[c.at[0] + i * s];
    }
}

static void from_matrix(const walk *w, element *x, const element *matrix) {
    cursor c = walk_at(w, 0);
    for (uint64_t left = w->entries, n; left && (n = cursor_run(&c)); left -= n, cursor_pass(&c, n)) {
        int64_t s = cursor_stride(&c, 0), t = cursor_stride(&c, 1);
        for (int64_t i = 0; i < (int64_t)n; i++) x[c.at[0] + i * s] = matrix[c.at[1] + i * t];
    }
}

/* Products. */

/* Where a factor is read, or the result written, for one entry of the batch. */
static element *side(const execution *e, const matrix_product *q, const matrix_side *of, int which,
                     element *at) {
    if (!of->packed) return at;
    element *packed = (element *)e->work + q->room[which];
    if (which < 2) to_matrix(of->copy, at, packed);
    return packed;
}

static int least(int64_t stride, int most) { return stride > most ? (int)stride : most > 0 ? most : 1; }

/* c by rows is c = a b; c by columns is its transpose by rows, c' = b' a'. */
static void multiply(const matrix_product *q, const element *a, const element *b, element *c) {
    int step_a = least(q->a.step, q->a.by_columns ? q->m : q->k);
    int step_b = least(q->b.step, q->b.by_columns ? q->k : q->n);
    int step_c = least(q->c.step, q->c.by_columns ? q->m : q->n);
    if (q->c.by_columns) CBLAS(gemm)
    (CblasColMajor, q->a.by_columns ? CblasNoTrans : CblasTrans, q->b.by_columns ? CblasNoTrans : CblasTrans,
     q->m, q->n, q->k, 1, a, step_a, b, step_b, 0, c, step_c);
    else CBLAS(gemm)(CblasRowMajor, q->a.by_columns ? CblasTrans : CblasNoTrans,
                     q->b.by_columns ? CblasTrans : CblasNoTrans, q->m, q->n, q->k, 1, a, step_a, b, step_b,
                     0, c, step_c);
}

/* A matrix times a vector: c = a b with one column. */
static void multiply_vector(const matrix_product *q, const element *a, const element *b, element *c) {
    int step_a = least(q->a.step, q->a.by_columns ? q->m : q->k);
    int step_b = q->b.by_columns ? 1 : least(q->b.step, 1),
        step_c = q->c.by_columns ? 1 : least(q->c.step, 1);
    if (q->a.by_columns)
        CBLAS(gemv)(CblasColMajor, CblasNoTrans, q->m, q->k, 1, a, step_a, b, step_b, 0, c, step_c);
    else CBLAS(gemv)(CblasRowMajor, CblasNoTrans, q->m, q->k, 1, a, step_a, b, step_b, 0, c, step_c);
}

/* A vector times a matrix: c = a b with one row. */
static void vector_multiply(const matrix_product *q, const element *a, const element *b, element *c) {
    int step_b = least(q->b.step, q->b.by_columns ? q->k : q->n);
    int step_a = q->a.by_columns ? least(q->a.step, 1) : 1,
        step_c = q->c.by_columns ? least(q->c.step, 1) : 1;
    if (q->b.by_columns)
        CBLAS(gemv)(CblasColMajor, CblasTrans, q->k, q->n, 1, b, step_b, a, step_a, 0, c, step_c);
    else CBLAS(gemv)(CblasRowMajor, CblasTrans, q->k, q->n, 1, b, step_b, a, step_a, 0, c, step_c);
}

void run_product(const execution *e, const plan_step *s) {
    const matrix_product *q = &s->product;
    cursor c = walk_at(q->batch, 0);
    for (uint64_t left = q->batch->entries; left; left--, cursor_pass(&c, 1)) {
        element *a = side(e, q, &q->a, 0, entries_of(e, s->in[0]) + c.at[0]);
        element *b = side(e, q, &q->b, 1, entries_of(e, s->in[1]) + c.at[1]);
        element *to = entries_of(e, s->of) + c.at[2], *result = side(e, q, &q->c, 2, to);
        if (q->n == 1) multiply_vector(q, a, b, result);
        else if (q->m == 1) vector_multiply(q, a, b, result);
        else multiply(q, a, b, result);
        if (q->c.packed) from_matrix(q->c.copy, to, result);
    }
}

/* Square matrices. */

/* LAPACK sees the transpose of a matrix by rows: its upper triangle is our lower one. */
static void factor(element *matrix, int n) {
    int info = 0;
    if (n) LAPACK(potrf_)("U", &n, matrix, &n, &info);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            if (info != 0) matrix[i * (size_t)n + j] = (element)NAN;
            else if (j > i) matrix[i * (size_t)n + j] = 0;
}

void run_cholesky(const execution *e, const plan_step *s) {
    const square_matrix *q = &s->square;
    cursor c = walk_at(q->batch, 0);
    for (uint64_t left = q->batch->entries; left; left--, cursor_pass(&c, 1)) {
        to_matrix(q->rows, entries_of(e, s->in[0]) + c.at[0], e->work);
        factor(e->work, q->n);
        from_matrix(q->result, entries_of(e, s->of) + c.at[2], e->work);
    }
}

void run_solve(const execution *e, const plan_step *s) {
    const square_matrix *q = &s->square;
    element *matrix = e->work, *sides = matrix + (size_t)q->n * q->n;
    cursor c = walk_at(q->batch, 0);
    for (uint64_t left = q->batch->entries; left; left--, cursor_pass(&c, 1)) {
        to_matrix(q->rows, entries_of(e, s->in[0]) + c.at[0], matrix);
        to_matrix(q->right, entries_of(e, s->in[1]) + c.at[1], sides);
        if (q->n && q->sides) CBLAS(trsm)
        (CblasRowMajor, CblasLeft, CblasLower, q->transposed ? CblasTrans : CblasNoTrans, CblasNonUnit, q->n,
         q->sides, 1, matrix, q->n, sides, q->sides);
        from_matrix(q->result, entries_of(e, s->of) + c.at[2], sides);
    }
}
