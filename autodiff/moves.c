/* Steps that walk over a value entry by entry: reductions other than sums, running sums, scattering and
 * placing. */
#include <math.h>
#include <string.h>

#include "autodiff/execute.h"

static void fill(const execution *e, ref r, double x) {
    e->plan->kernels->splat(e->at[r], x, (size_t)e->plan->values[r].entries);
}

/* Calls `body` for each run: c is at its start, n its length. */
#define EACH_RUN(c, n, w)                                                                                    \
    cursor c = walk_at((w), 0);                                                                              \
    for (uint64_t n, left = (w)->entries; left && (n = cursor_run(&c)); left -= n, cursor_pass(&c, n))

/* The larger, or the smaller; NaN where one is. */
static double extreme(op f, double y, double x) {
    if (x != x || y != y) return x + y;
    return f == OP_max ? (x > y ? x : y) : (x < y ? x : y);
}

static void reduce_run(op f, double *y, int64_t t, const double *x, int64_t s, uint64_t n) {
    for (uint64_t i = 0; i < n; i++, y += t, x += s) *y = f == OP_prod ? *y * *x : extreme(f, *y, *x);
}

static void reduce(const execution *e, const plan_step *s, op f) {
    fill(e, s->of, f == OP_prod ? 1 : f == OP_max ? (double)-INFINITY : (double)INFINITY);
    const double *x = e->at[s->in[0]];
    double *y = e->at[s->of];
    EACH_RUN(c, n, s->walk)
    reduce_run(f, y + c.at[1], cursor_stride(&c, 1), x + c.at[0], cursor_stride(&c, 0), n);
}

/* With m the largest: m + log sum exp(x - m); an infinite m is the result. */
static void log_sum_exp(const execution *e, const plan_step *s) {
    reduce(e, s, OP_max);
    const double *x = e->at[s->in[0]];
    double *most = e->at[s->of], *sum = e->work;
    uint64_t entries = e->plan->values[s->of].entries;
    if (!entries) return;
    memset(sum, 0, entries * sizeof *sum);
    EACH_RUN(c, n, s->walk) {
        int64_t from = cursor_stride(&c, 0), to = cursor_stride(&c, 1);
        for (uint64_t i = 0; i < n; i++) {
            int64_t k = c.at[1] + (int64_t)i * to;
            sum[k] += exp(x[c.at[0] + (int64_t)i * from] - most[k]);
        }
    }
    for (uint64_t k = 0; k < entries; k++)
        if (!isinf(most[k])) most[k] += log(sum[k]);
}

void run_reduce(const execution *e, const plan_step *s) {
    if (s->op == OP_log_sum_exp) log_sum_exp(e, s);
    else reduce(e, s, s->op);
}

void run_cumulate(const execution *e, const plan_step *s) {
    int64_t count = (int64_t)s->count;
    bool back = s->op == OP_cumsum_back;
    EACH_RUN(c, n, s->walk)
    for (uint64_t i = 0; i < n; i++) {
        const double *x = e->at[s->in[0]] + c.at[0] + (int64_t)i * cursor_stride(&c, 0);
        double *y = e->at[s->of] + c.at[1] + (int64_t)i * cursor_stride(&c, 1), sum = 0;
        for (int64_t k = 0; k < count; k++) {
            int64_t at = back ? count - 1 - k : k;
            sum += x[at * s->from_pitch];
            y[at * s->pitch] = sum;
        }
    }
}

static void add_segments(const execution *e, const plan_step *s, double *y, const double *x, int64_t stride) {
    for (uint64_t k = 0; k < s->count; k++) {
        int32_t from = s->segment[k], to = s->segment[k + 1];
        double sum = 0;
        if (s->sorted && stride == 1 && from < to)
            sum = e->plan->kernels->sum(x + s->order[from], (size_t)(to - from));
        else
            for (int32_t i = from; i < to; i++) sum += x[s->order[i] * stride];
        y[(int64_t)k * s->pitch] += sum;
    }
}

static void add_entries(const plan_step *s, const cursor *c, double *y, const double *x, const double *index,
                        uint64_t n) {
    for (int64_t i = 0; i < (int64_t)n; i++) {
        int64_t at = place_of_index(index[i * cursor_stride(c, 1)], (int64_t)s->count);
        if (at >= 0) y[i * cursor_stride(c, 2) + at * s->pitch] += x[i * cursor_stride(c, 0)];
    }
}

void run_scatter(const execution *e, const plan_step *s) {
    fill(e, s->of, 0);
    EACH_RUN(c, n, s->walk) {
        const double *x = e->at[s->in[0]] + c.at[0], *index = e->at[s->in[1]] + c.at[1];
        double *y = e->at[s->of] + c.at[2];
        bool whole_rows = cursor_stride(&c, 0) == 1 && cursor_stride(&c, 1) == 0 && cursor_stride(&c, 2) == 1;
        int64_t row = whole_rows ? place_of_index(*index, (int64_t)s->count) : 0;
        if (s->segment) add_segments(e, s, y, x, cursor_stride(&c, 0));
        else if (!whole_rows) add_entries(s, &c, y, x, index, n);
        else if (row >= 0) e->plan->kernels->add_to(y + row * s->pitch, x, (size_t)n);
    }
}

void run_place(const execution *e, const plan_step *s) {
    fill(e, s->of, 0);
    EACH_RUN(c, n, s->walk) {
        const double *x = e->at[s->in[0]] + c.at[0];
        double *y = e->at[s->of] + c.at[1];
        int64_t from = cursor_stride(&c, 0), to = cursor_stride(&c, 1);
        for (int64_t i = 0; i < (int64_t)n; i++) y[i * to] = x[i * from];
    }
}
