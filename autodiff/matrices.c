/* Steps of linear algebra, done by the kernels (tiles.h, triangles.h): here matrices are brought to them, in
 * tiles or entries of a batch, which threads share. */
#include <math.h>
#include <string.h>

#include "autodiff/execute.h"

/* Copies a value, seen along `w`, to or from a dense matrix. */
static void to_matrix(const walk *w, const element *x, element *matrix) {
    cursor c = walk_at(w, 0);
    for (uint64_t left = w->entries, n; left && (n = cursor_run(&c)); left -= n, cursor_pass(&c, n)) {
        int64_t s = cursor_stride(&c, 0), t = cursor_stride(&c, 1);
        if (s == 1 && t == 1) memcpy(matrix + c.at[1], x + c.at[0], n * sizeof *x);
        else
            for (int64_t i = 0; i < (int64_t)n; i++) matrix[c.at[1] + i * t] = x[c.at[0] + i * s];
    }
}

static void from_matrix(const walk *w, element *x, const element *matrix) {
    cursor c = walk_at(w, 0);
    for (uint64_t left = w->entries, n; left && (n = cursor_run(&c)); left -= n, cursor_pass(&c, n)) {
        int64_t s = cursor_stride(&c, 0), t = cursor_stride(&c, 1);
        if (s == 1 && t == 1) memcpy(x + c.at[0], matrix + c.at[1], n * sizeof *x);
        else
            for (int64_t i = 0; i < (int64_t)n; i++) x[c.at[0] + i * s] = matrix[c.at[1] + i * t];
    }
}

/* Products. */

/* The working memory of a thread. */
static element *work_of(const execution *e, const plan_step *s, uint32_t thread) {
    return (element *)e->work + thread * s->work;
}

/* Where a factor is read, or the result written, for one entry of the batch. */
static element *side(const matrix_product *q, const matrix_side *of, int which, element *at, element *work) {
    return of->packed ? work + q->room[which] : at;
}

static int64_t down(const matrix_side *m) { return m->by_columns ? 1 : m->step; }
static int64_t right(const matrix_side *m) { return m->by_columns ? m->step : 1; }

/* c by rows is c = a b; c by columns is its transpose by rows, c' = b' a'. */
static tile_product whole_product(const matrix_product *q, const element *a, const element *b, element *c) {
    tile_product t = {.c = c, .c_row = q->c.step, .terms = (size_t)q->k};
    bool turned = q->c.by_columns;
    t.rows = (size_t)(turned ? q->n : q->m), t.columns = (size_t)(turned ? q->m : q->n);
    t.a = turned ? b : a, t.b = turned ? a : b;
    t.a_row = turned ? right(&q->b) : down(&q->a), t.a_term = turned ? down(&q->b) : right(&q->a);
    t.b_column = turned ? down(&q->a) : right(&q->b), t.b_term = turned ? right(&q->a) : down(&q->b);
    return t;
}

/* A product with a vector, whose entries lie one after the other, needs no panels. Its bits do not depend on
 * the tiles either: see rows.h. */
static bool multiply_vector(const kernels *k, const tile_product *t) {
    bool row = t->rows == 1;
    const void *matrix = row ? t->b : t->a, *vector = row ? t->a : t->b;
    int64_t line = row ? t->b_column : t->a_row, term = row ? t->b_term : t->a_term;
    int64_t along = row ? t->a_term : t->b_term, lines = (int64_t)(row ? t->columns : t->rows);
    if ((!row && (t->columns != 1 || t->c_row != 1)) || along != 1 || !t->terms) return false;
    if (term == 1) k->row_products(t->c, matrix, line, vector, t->terms, (size_t)lines);
    else if (line == 1) k->column_products(t->c, matrix, term, vector, t->terms, (size_t)lines);
    return term == 1 || line == 1;
}

static void multiply_one(const kernels *k, const matrix_product *q, const tile_product *all, uint32_t number,
                         element *work) {
    uint32_t row = number / q->across.pieces, column = number % q->across.pieces;
    uint64_t i = tile_from(&q->down, row), j = tile_from(&q->across, column);
    tile_product t = *all;
    t.rows = tile_from(&q->down, row + 1) - i;
    t.columns = tile_from(&q->across, column + 1) - j;
    t.a = (const element *)all->a + (int64_t)i * all->a_row;
    t.b = (const element *)all->b + (int64_t)j * all->b_column;
    t.c = (element *)all->c + (int64_t)i * all->c_row + (int64_t)j;
    t.left_row = i;
    if (!multiply_vector(k, &t)) k->multiply_tile(&t, work + q->behind);
}

static void bring_sides(const matrix_product *q, const element *a, const element *b, element *work) {
    if (q->a.packed) to_matrix(q->a.copy, a, work + q->room[0]);
    if (q->b.packed) to_matrix(q->b.copy, b, work + q->room[1]);
}

/* One entry of the batch. */
static tile_product product_at(const execution *e, const plan_step *s, const cursor *c, element *work) {
    const matrix_product *q = &s->product;
    return whole_product(q, side(q, &q->a, 0, entries_of(e, s->in[0]) + c->at[0], work),
                         side(q, &q->b, 1, entries_of(e, s->in[1]) + c->at[1], work),
                         side(q, &q->c, 2, entries_of(e, s->of) + c->at[2], work));
}

static void product_part(void *context, uint32_t thread, uint32_t part) {
    const step_run *r = context;
    const execution *e = r->run;
    const plan_step *s = r->step;
    const matrix_product *q = &s->product;
    element *work = work_of(e, s, thread);
    EACH_ENTRY(c, q->batch, s, part) {
        bring_sides(q, entries_of(e, s->in[0]) + c.at[0], entries_of(e, s->in[1]) + c.at[1], work);
        tile_product all = product_at(e, s, &c, work);
        for (uint32_t k = 0; k < q->down.pieces * q->across.pieces; k++)
            multiply_one(e->plan->kernels, q, &all, k, work);
        if (q->c.packed) from_matrix(q->c.copy, entries_of(e, s->of) + c.at[2], work + q->room[2]);
    }
}

/* A product whose tiles the threads share. What is packed lies in the caller's working memory. */
typedef struct shared_product {
    const execution *run;
    const plan_step *step;
    tile_product all;
    element *left; /* the panels that tiles share, or NULL */
} shared_product;

static void left_part(void *context, uint32_t thread, uint32_t part) {
    const shared_product *r = context;
    const tile_cut *cut = &r->step->product.left;
    tile_product t = r->all;
    t.left_row = tile_from(cut, part);
    t.rows = tile_from(cut, part + 1) - t.left_row;
    t.a = (const element *)t.a + (int64_t)t.left_row * t.a_row;
    r->run->plan->kernels->bring_left(&t, r->left);
}

static void product_tile(void *context, uint32_t thread, uint32_t part) {
    const shared_product *r = context;
    element *work = work_of(r->run, r->step, thread);
    multiply_one(r->run->plan->kernels, &r->step->product, &r->all, part, work);
}

void run_product(const execution *e, const plan_step *s) {
    const matrix_product *q = &s->product;
    if (!q->shares_tiles) {
        run_parts(e, s, product_part);
        return;
    }
    cursor c = walk_at(q->batch, 0);
    element *work = work_of(e, s, 0);
    bring_sides(q, entries_of(e, s->in[0]) + c.at[0], entries_of(e, s->in[1]) + c.at[1], work);
    shared_product r = {e, s, product_at(e, s, &c, work), NULL};
    if (q->left.pieces) {
        r.all.left = r.left = (element *)e->work + q->left_at;
        r.all.left_rows = left_rows(r.all.rows);
        team_run(e->team, q->left_cost, q->left.pieces, left_part, &r);
    }
    team_run(e->team, s->cost, s->cut.parts, product_tile, &r);
    if (q->c.packed) from_matrix(q->c.copy, entries_of(e, s->of) + c.at[2], work + q->room[2]);
}

/* Square matrices. One that lies as a dense matrix does is used where it is. */

static bool is_dense(const walk *w) { return w->rank == 1 && w->stride[0][0] == 1 && w->stride[0][1] == 1; }

static const element *read_matrix(const walk *w, const element *x, element *room) {
    if (is_dense(w)) return x;
    to_matrix(w, x, room);
    return room;
}

/* Where a result is computed: in its place, or in `room`. */
static element *result_room(const walk *w, element *x, element *room) { return is_dense(w) ? x : room; }
static void write_result(const walk *w, element *x, const element *result) {
    if (result != x) from_matrix(w, x, result);
}

static void clear_above(element *matrix, size_t n) {
    for (size_t i = 0; i + 1 < n; i++) memset(matrix + i * n + i + 1, 0, (n - i - 1) * sizeof *matrix);
}

static void factor_part(void *context, uint32_t thread, uint32_t part) {
    const execution *e = ((step_run *)context)->run;
    const plan_step *s = ((step_run *)context)->step;
    const square_matrix *q = &s->square;
    size_t n = (size_t)q->n;
    element *work = work_of(e, s, thread), *room = work + q->behind;
    EACH_ENTRY(c, q->batch, s, part) {
        element *to = entries_of(e, s->of) + c.at[2], *result = result_room(q->result, to, work);
        to_matrix(q->rows, entries_of(e, s->in[0]) + c.at[0], result);
        if (e->plan->kernels->factor(result, n, room)) clear_above(result, n);
        else
            for (size_t i = 0; i < n * n; i++) result[i] = (element)NAN;
        write_result(q->result, to, result);
    }
}

static void factor_back_part(void *context, uint32_t thread, uint32_t part) {
    const execution *e = ((step_run *)context)->run;
    const plan_step *s = ((step_run *)context)->step;
    const square_matrix *q = &s->square;
    size_t n = (size_t)q->n;
    element *work = work_of(e, s, thread), *other = work + n * n, *room = work + q->behind;
    EACH_ENTRY(c, q->batch, s, part) {
        const element *l = read_matrix(q->rows, entries_of(e, s->in[0]) + c.at[0], work);
        element *to = entries_of(e, s->of) + c.at[2], *result = result_room(q->result, to, other);
        to_matrix(q->right, entries_of(e, s->in[1]) + c.at[1], result);
        e->plan->kernels->factor_back(l, result, n, room);
        clear_above(result, n);
        write_result(q->result, to, result);
    }
}

static void solve_part(void *context, uint32_t thread, uint32_t part) {
    const execution *e = ((step_run *)context)->run;
    const plan_step *s = ((step_run *)context)->step;
    const square_matrix *q = &s->square;
    size_t n = (size_t)q->n;
    element *work = work_of(e, s, thread), *other = work + n * n, *room = work + q->behind;
    EACH_ENTRY(c, q->batch, s, part) {
        const element *matrix = read_matrix(q->rows, entries_of(e, s->in[0]) + c.at[0], work);
        element *to = entries_of(e, s->of) + c.at[2], *sides = result_room(q->result, to, other);
        to_matrix(q->right, entries_of(e, s->in[1]) + c.at[1], sides);
        e->plan->kernels->solve(matrix, q->transposed, sides, n, (size_t)q->sides, room);
        write_result(q->result, to, sides);
    }
}

void run_cholesky(const execution *e, const plan_step *s) { run_parts(e, s, factor_part); }
void run_cholesky_back(const execution *e, const plan_step *s) { run_parts(e, s, factor_back_part); }
void run_solve(const execution *e, const plan_step *s) { run_parts(e, s, solve_part); }
