#include "autodiff/chain.h"

#include <math.h>
#include <string.h>
#include "autodiff/execute.h"

#define LOWEST (-(element)INFINITY)

/* What one chain works with. Matrices have a row for each state before (adjoint: behind), rows are `width`
 * wide. */
typedef struct work {
    const chain *chain;
    const kernels *kernels;
    size_t n, width;
    element *logs, *matrix, *transposed; /* A; exp(A - top), and its transpose */
    element *sums, *exact;               /* adjoint of A: of P, to be multiplied with it; apart from that */
    element *carry, *start, *terms;      /* rows */
    element *factors, *least, *rows;     /* a row a step of the block */
    element *divisors, *scales;          /* an entry a step */
    element top;
} work;

static work open_work(const chain *c, const kernels *k) {
    size_t n = c->states, width = c->width, matrix = n * width, block = CHAIN_BLOCK * width;
    element *at = c->work;
    work w = {.chain = c, .kernels = k, .n = n, .width = width};
    element **const parts[] = {&w.logs, &w.matrix, &w.transposed, &w.sums, &w.exact};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++, at += matrix) *parts[i] = at;
    element **const blocks[] = {&w.factors, &w.least, &w.rows};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++, at += block) *blocks[i] = at;
    element **const rows[] = {&w.carry, &w.start, &w.terms};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++, at += width) *rows[i] = at;
    w.divisors = at, w.scales = at + CHAIN_BLOCK;
    return w;
}

static void fill(element *x, element value, size_t n) {
    for (size_t i = 0; i < n; i++) x[i] = value;
}

/* The largest; 0 where that is -infinity, so that it can be subtracted. */
static element top_of(const element *x, size_t n) {
    element most = LOWEST;
    for (size_t i = 0; i < n; i++) most = x[i] > most ? x[i] : most;
    return most == LOWEST ? 0 : most;
}

/* factors = exp(x - the largest of the row) for `count` steps, from x with `pitch` from step to step and
 * `stride` from state to state, padded with 0; the largest go to `tops`, -infinity as 0. */
static void prepare(const work *w, const element *x, int64_t pitch, int64_t stride, element *tops,
                    size_t count) {
    for (size_t t = 0; t < count; t++) tops[t] = LOWEST;
    for (size_t j = 0; j < w->width; j++) {
        element *to = w->factors + j;
        const element *from = x + (int64_t)j * stride;
        for (size_t t = 0; t < count; t++) {
            element y = j < w->n ? from[(int64_t)t * pitch] : LOWEST;
            to[t * w->width] = y;
            tops[t] = y > tops[t] ? y : tops[t];
        }
    }
    for (size_t t = 0; t < count; t++) {
        element *row = w->factors + t * w->width, top = tops[t] == LOWEST ? 0 : tops[t];
        tops[t] = top;
        for (size_t j = 0; j < w->width; j++) row[j] -= top;
    }
}

static void read_matrix(work *w, const element *from) {
    size_t size = w->n * w->width;
    fill(w->logs, LOWEST, size);
    cursor c = walk_at(w->chain->matrix, 0);
    for (uint64_t left = w->chain->matrix->entries; left; left--, cursor_pass(&c, 1))
        w->logs[c.at[1]] = from[c.at[0]];
    w->top = top_of(w->logs, size);
    for (size_t i = 0; i < size; i++) w->matrix[i] = w->logs[i] - w->top;
    w->kernels->unary[OP_exp](w->matrix, w->matrix, size);
    memset(w->transposed, 0, size * sizeof(element));
    for (size_t i = 0; i < w->n; i++)
        for (size_t j = 0; j < w->n; j++) w->transposed[j * w->width + i] = w->matrix[i * w->width + j];
    memset(w->sums, 0, 2 * size * sizeof(element)); /* and `exact` */
}

static void write_rows(const work *w, element *to, int64_t pitch, const element *from, size_t count) {
    for (size_t i = 0; i < w->n; i++) {
        element *column = to + (int64_t)i * w->chain->carry_stride;
        for (size_t t = 0; t < count; t++) column[(int64_t)t * pitch] = from[t * w->width + i];
    }
}

/* x[i] + A[i, j] over i to `terms`; returns the logarithm of the sum of their exponentials. */
static element log_total(const work *w, const element *x, int64_t stride, size_t j) {
    element *terms = w->terms, sum = 0;
    for (size_t i = 0; i < w->n; i++) terms[i] = x[(int64_t)i * stride] + w->logs[i * w->width + j];
    element most = top_of(terms, w->n), scratch[CHAIN_STATES_MOST];
    for (size_t i = 0; i < w->n; i++) scratch[i] = terms[i] - most;
    w->kernels->unary[OP_exp](scratch, scratch, w->n);
    for (size_t i = 0; i < w->n; i++) sum += scratch[i];
    w->kernels->unary[OP_log](&sum, &sum, 1);
    return most == (element)INFINITY ? most : most + sum;
}

/* Forward. */

/* The states that no number of steps leads to have exactly the probability 0. */
static void find_reached(const work *w, bool *reached) {
    memset(reached, 0, CHAIN_STATES_MOST);
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t i = 0; i < w->n; i++)
            for (size_t j = 0; j < w->n; j++) {
                if (reached[j] || !(w->carry[i] > LOWEST || reached[i])) continue;
                if (w->logs[i * w->width + j] > LOWEST) reached[j] = changed = true;
            }
    }
}

static size_t forward_block(const work *w, const element *b, int64_t pitch, size_t count) {
    bool reached[CHAIN_STATES_MOST];
    element bound[CHAIN_STATES_MOST];
    find_reached(w, reached);
    for (size_t j = 0; j < w->width; j++) bound[j] = j < w->n && reached[j] ? (element)CHAIN_LEAST : 0;
    const element zeros[CHAIN_STATES_MOST] = {0};
    if (b) prepare(w, b, pitch, w->chain->moving_stride, w->scales, count);
    else prepare(w, zeros, 0, 1, w->scales, count);
    for (size_t t = 0; t < count; t++) {
        element *factor = w->factors + t * w->width, *least = w->least + t * w->width;
        for (size_t j = 0; j < w->width; j++) least[j] = factor[j] == LOWEST ? 0 : bound[j];
    }
    w->kernels->unary[OP_exp](w->factors, w->factors, count * w->width);
    chain_forward_rows c = {w->start, w->matrix, w->factors, w->least, w->rows, w->divisors, count};
    return w->kernels->chain_forward(&c, w->n, w->width);
}

/* Turns the first rows of the block into logarithms and writes them; the last becomes the carry. */
static void finish_block(const work *w, element scale, size_t count, element *to, int64_t pitch) {
    w->kernels->unary[OP_log](w->rows, w->rows, count * w->width);
    w->kernels->unary[OP_log](w->divisors, w->divisors, count);
    for (size_t t = 0; t < count; t++) {
        element *row = w->rows + t * w->width;
        scale += w->scales[t] + w->top;
        for (size_t j = 0; j < w->width; j++) row[j] += scale;
        scale += w->divisors[t];
    }
    if (to) write_rows(w, to, pitch, w->rows, count);
    if (count) memcpy(w->carry, w->rows + (count - 1) * w->width, w->n * sizeof(element));
}

static void forward_step(const work *w, const element *b) {
    for (size_t j = 0; j < w->n; j++) {
        w->start[j] = log_total(w, w->carry, 1, j);
        if (b) w->start[j] += b[(int64_t)j * w->chain->moving_stride];
    }
    memcpy(w->carry, w->start, w->n * sizeof(element));
}

static void forward(const work *w, const element *b, int64_t b_pitch, element *to, int64_t pitch,
                    uint32_t steps) {
    for (uint32_t t = 0; t < steps;) {
        size_t count = steps - t < CHAIN_BLOCK ? steps - t : CHAIN_BLOCK;
        const element *b_here = b ? b + t * b_pitch : NULL;
        element scale = top_of(w->carry, w->n);
        for (size_t j = 0; j < w->width; j++) w->start[j] = j < w->n ? w->carry[j] - scale : LOWEST;
        w->kernels->unary[OP_exp](w->start, w->start, w->width);
        size_t done = forward_block(w, b_here, b_pitch, count);
        finish_block(w, scale, done, to ? to + t * pitch : NULL, pitch);
        t += (uint32_t)done;
        if (done == count) continue;
        forward_step(w, b ? b + t * b_pitch : NULL);
        if (to) write_rows(w, to + t * pitch, 0, w->carry, 1);
        t++;
    }
}

/* Adjoint. */

static void backward_step(const work *w, const element *x) {
    int64_t stride = w->chain->moving_stride;
    fill(w->start, 0, w->n);
    for (size_t j = 0; j < w->n; j++) {
        if (w->carry[j] == 0) continue;
        element total = log_total(w, x, stride, j);
        for (size_t i = 0; i < w->n; i++) w->terms[i] -= total == LOWEST ? 0 : total;
        w->kernels->unary[OP_exp](w->terms, w->terms, w->n);
        for (size_t i = 0; i < w->n; i++) {
            element pulled = w->terms[i] * w->carry[j];
            w->start[i] += pulled;
            w->exact[i * w->width + j] += pulled;
        }
    }
    memcpy(w->carry, w->start, w->n * sizeof(element));
}

static void backward(const work *w, const element *x, int64_t x_pitch, element *to, int64_t pitch,
                     uint32_t steps) {
    for (uint32_t t = 0; t < steps;) {
        size_t count = steps - t < CHAIN_BLOCK ? steps - t : CHAIN_BLOCK;
        prepare(w, x + t * x_pitch, x_pitch, w->chain->moving_stride, w->scales, count);
        w->kernels->unary[OP_exp](w->factors, w->factors, count * w->width);
        chain_backward_rows c = {
            w->carry, w->matrix, w->transposed, w->factors, w->rows, w->chain->adds ? w->sums : NULL, count};
        size_t done = w->kernels->chain_backward(&c, w->n, w->width);
        if (to) write_rows(w, to + t * pitch, pitch, w->rows, done);
        if (done) memcpy(w->carry, w->rows + (done - 1) * w->width, w->n * sizeof(element));
        t += (uint32_t)done;
        if (done == count) continue;
        backward_step(w, x + t * x_pitch);
        if (to) write_rows(w, to + t * pitch, 0, w->carry, 1);
        t++;
    }
}

static void add_sums(const work *w, element *to, const element *before) {
    cursor c = walk_at(w->chain->sums, 0);
    for (uint64_t left = w->chain->sums->entries; left; left--, cursor_pass(&c, 1)) {
        int64_t i = c.at[1];
        to[c.at[0]] = before[c.at[0]] + (w->sums[i] * w->matrix[i] + w->exact[i]);
    }
}

/* All chains of the batch, one after the other. */
void run_chain(const execution *e, const loop *l, ref r) {
    const chain *c = l->chain;
    work w = open_work(c, e->plan->kernels);
    element *left = l->kept[0] ? (element *)e->at[c->left.root] + c->left.offset : NULL;
    const element *moving = c->moving.root ? (element *)e->at[c->moving.root] + c->moving.offset : NULL;
    const element *matrix = (element *)e->at[c->matrix_at.root] + c->matrix_at.offset;
    const element *first = loop_carry(e, l, r, 0, false);
    cursor at = walk_at(c->batch, 0), sums = walk_at(c->adds ? c->sums_batch : c->batch, 0);
    for (uint64_t chains = c->batch->entries; chains; chains--, cursor_pass(&at, 1), cursor_pass(&sums, 1)) {
        read_matrix(&w, matrix + at.at[1]);
        fill(w.carry, 0, w.width);
        for (size_t i = 0; i < w.n; i++) w.carry[i] = first[at.at[0] + (int64_t)i * c->carry_stride];
        const element *b = moving ? moving + at.at[2] : NULL;
        element *to = left ? left + at.at[0] : NULL;
        if (c->adjoint) backward(&w, b, c->moving.pitch, to, c->left.pitch, l->steps);
        else forward(&w, b, c->moving.pitch, to, c->left.pitch, l->steps);
        write_rows(&w, (element *)loop_carry(e, l, r, 0, true) + at.at[0], 0, w.carry, 1);
        if (c->adds)
            add_sums(&w, (element *)loop_carry(e, l, r, 1, true) + sums.at[0],
                     (const element *)loop_carry(e, l, r, 1, false) + sums.at[0]);
    }
}
