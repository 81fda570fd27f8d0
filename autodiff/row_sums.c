/* Sums of rows of tables (row_reads.h), and what a mixture of rows is where their product says too little. */
#include <math.h>
#include <string.h>

#include "autodiff/execute.h"

double log_of_rows(const kernels *k, const element *x, const element *y, size_t n) {
    element term[CHUNK], most = -INFINITY;
    for (size_t i = 0; i < n; i++) {
        element z = x[i] + y[i];
        if (!(z <= most)) most = z;
    }
    if (isinf(most)) return (double)most;
    double sum = 0;
    for (size_t from = 0; from < n; from += CHUNK) {
        size_t count = n - from < CHUNK ? n - from : CHUNK;
        for (size_t i = 0; i < count; i++) term[i] = x[from + i] + y[from + i] - most;
        k->unary[OP_exp](term, term, count);
        sum += k->sum(term, count);
    }
    return (double)most + log(sum);
}

/* Rows of the result, each by itself. */
static void sum_part(void *context, uint32_t thread, uint32_t part) {
    const step_run *r = context;
    const execution *e = r->run;
    const row_sum *q = &r->step->rows;
    const element *x = entries_of(e, q->from[0].root), *w = entries_of(e, q->weight);
    uint64_t first = cut_from(&r->step->cut, part, 0), end = cut_to(&r->step->cut, part, 0);
    element *y = entries_of(e, r->step->of) + first * q->width;
    memset(y, 0, (end - first) * q->width * sizeof *y);
    for (uint64_t k = first; k < end; k++, y += q->width) {
        int32_t from = q->segment[k], to = q->segment[k + 1];
        e->plan->kernels->add_rows_at(y, x, q->start + from, w, q->entry + from, q->width,
                                      (size_t)(to - from));
    }
}

/* Entry by entry, of a stretch of them, whose rows begin at `from` and `to`. */
static void add_entries(const execution *e, const row_sum *q, element *y, const element *w,
                        const int32_t *from, const int32_t *to, size_t n) {
    const element *x = entries_of(e, q->from[0].root);
    const int32_t first = 0;
    for (size_t i = 0; i < n; i++)
        if (to[i] >= 0) e->plan->kernels->add_rows_at(y + to[i], x, &from[i], w + i, &first, q->width, 1);
}

/* y += w exp(x + z - r); an r of -infinity is that of terms which are all 0. */
static void add_share(const kernels *k, element *y, const element *x, const element *z, element r, element w,
                      size_t n) {
    element term[CHUNK];
    if (r == (element)-INFINITY) r = 0;
    for (size_t from = 0; from < n; from += CHUNK) {
        size_t count = n - from < CHUNK ? n - from : CHUNK;
        for (size_t i = 0; i < count; i++) term[i] = x[from + i] + z[from + i] - r;
        k->unary[OP_exp](term, term, count);
        for (size_t i = 0; i < count; i++) y[from + i] += w * term[i];
    }
}

static void add_shares(const execution *e, const row_sum *q, uint64_t at, size_t n) {
    const element *r = entries_of(e, q->bound) + at, *w = entries_of(e, q->weight) + at;
    element *y = entries_of(e, q->to.root);
    for (size_t i = 0; i < n; i++) {
        int32_t from[2], to;
        if (r[i] == (element)INFINITY) continue;
        for (int k = 0; k < 2; k++) row_starts(&q->from[k], e->plan->precision, e->at, at + i, 1, &from[k]);
        row_starts(&q->to, e->plan->precision, e->at, at + i, 1, &to);
        if (to < 0) continue;
        bool found = from[0] >= 0 && from[1] >= 0;
        add_share(e->plan->kernels, y + to, entries_of(e, q->from[0].root) + (found ? from[0] : 0),
                  entries_of(e, q->from[1].root) + (found ? from[1] : 0), found ? r[i] : (element)NAN, w[i],
                  q->width);
    }
}

void run_rows(const execution *e, const plan_step *s) {
    const row_sum *q = &s->rows;
    if (q->segment) {
        run_parts(e, s, sum_part);
        return;
    }
    memset(entries_of(e, s->of), 0, q->rows * q->width * sizeof(element));
    for (uint64_t at = 0; at < q->entries; at += BLOCK_MOST) {
        size_t n = q->entries - at < BLOCK_MOST ? (size_t)(q->entries - at) : BLOCK_MOST;
        int32_t from[BLOCK_MOST], to[BLOCK_MOST];
        if (q->sources == 2) {
            add_shares(e, q, at, n);
            continue;
        }
        row_starts(&q->from[0], e->plan->precision, e->at, at, n, from);
        row_starts(&q->to, e->plan->precision, e->at, at, n, to);
        add_entries(e, q, entries_of(e, s->of), entries_of(e, q->weight) + at, from, to, n);
    }
}
