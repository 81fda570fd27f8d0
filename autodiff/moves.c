/* Steps that walk over a value entry by entry: reductions other than sums, running sums, scattering and
 * placing. Threads share the parts of each (partition.h). */
#include <math.h>
#include <string.h>

#include "autodiff/execute.h"

static void fill(const execution *e, ref r, const sum_range *at, double x) {
    e->plan->kernels->splat(entries_of(e, r) + at->low, x, (size_t)at->size);
}

static void clear(const execution *e, ref r) {
    fill(e, r, &(sum_range){0, e->plan->values[r].entries, 0}, 0);
}

/* The larger, or the smaller; NaN where one is. */
static element extreme(op f, element y, element x) {
    if (x != x || y != y) return x + y;
    return f == OP_max ? (x > y ? x : y) : (x < y ? x : y);
}

static void reduce_run(op f, element *y, int64_t t, const element *x, int64_t s, uint64_t n) {
    for (uint64_t i = 0; i < n; i++, y += t, x += s) *y = f == OP_prod ? *y * *x : extreme(f, *y, *x);
}

/* The entries of a run that goes to one place. */
static void reduce_to_one(const kernels *k, op f, element *y, const element *x, uint64_t n) {
    if (f == OP_prod) reduce_run(f, y, 0, x, 1, n);
    else *y = extreme(f, *y, (element)(f == OP_max ? k->most : k->least)(x, n));
}

static op pairwise(op f) { return f == OP_prod ? OP_mul : f == OP_max ? OP_maximum : OP_minimum; }

static void reduce(const execution *e, const plan_step *s, op f, uint32_t part) {
    double first = f == OP_prod ? 1 : f == OP_max ? (double)-INFINITY : (double)INFINITY;
    fill(e, s->of, &s->range[part], first);
    const element *x = e->at[s->in[0]];
    element *y = e->at[s->of];
    binary_kernel *join = e->plan->kernels->binary[pairwise(f)];
    for (uint64_t i = 0; i < s->cut.outer; i++) {
        EACH_RUN(c, n, s->walk, cut_from(&s->cut, part, i), cut_to(&s->cut, part, i)) {
            int64_t from = cursor_stride(&c, 0), to = cursor_stride(&c, 1);
            if (from == 1 && to == 1) join(y + c.at[1], y + c.at[1], x + c.at[0], (size_t)n);
            else if (from == 1 && to == 0) reduce_to_one(e->plan->kernels, f, y + c.at[1], x + c.at[0], n);
            else reduce_run(f, y + c.at[1], to, x + c.at[0], from, n);
        }
    }
}

/* sum[i] += exp(x[i] - most[i]), side by side. */
static void add_exp(const kernels *k, element *sum, const element *x, const element *most, element *work,
                    uint64_t n) {
    for (uint64_t from = 0; from < n; from += LOG_SUM_EXP_BLOCK) {
        size_t count = n - from < LOG_SUM_EXP_BLOCK ? (size_t)(n - from) : LOG_SUM_EXP_BLOCK;
        k->binary[OP_sub](work, x + from, most + from, count);
        k->unary[OP_exp](work, work, count);
        k->add_to(sum + from, work, count);
    }
}

/* Of entries next to each other that are all of one sum. */
static void add_exp_to_one(const kernels *k, element *sum, const element *x, double most, element *work,
                           uint64_t n) {
    for (uint64_t from = 0; from < n; from += LOG_SUM_EXP_BLOCK) {
        size_t count = n - from < LOG_SUM_EXP_BLOCK ? (size_t)(n - from) : LOG_SUM_EXP_BLOCK;
        k->binary_vs[OP_sub](work, x + from, most, count);
        k->unary[OP_exp](work, work, count);
        *sum += (element)k->sum(work, count);
    }
}

/* The same for entries that lie apart. */
static void add_exp_apart(const kernels *k, element *sum, int64_t to, const element *x, int64_t from,
                          const element *most, element *work, uint64_t n) {
    for (uint64_t at = 0; at < n; at += LOG_SUM_EXP_BLOCK) {
        size_t count = n - at < LOG_SUM_EXP_BLOCK ? (size_t)(n - at) : LOG_SUM_EXP_BLOCK;
        for (int64_t i = 0; i < (int64_t)count; i++)
            work[i] = x[((int64_t)at + i) * from] - most[((int64_t)at + i) * to];
        k->unary[OP_exp](work, work, count);
        for (int64_t i = 0; i < (int64_t)count; i++) sum[((int64_t)at + i) * to] += work[i];
    }
}

/* With m the largest: m + log sum exp(x - m); an infinite m is the result. Each thread has a block of terms,
 * behind the sums. */
static void log_sum_exp(const execution *e, const plan_step *s, uint32_t thread, uint32_t part) {
    reduce(e, s, OP_max, part);
    const sum_range *at = &s->range[part];
    const kernels *k = e->plan->kernels;
    const element *x = e->at[s->in[0]];
    element *most = e->at[s->of], *sum = e->work;
    element *work = sum + e->plan->values[s->of].entries + thread * LOG_SUM_EXP_BLOCK;
    k->splat(sum + at->low, 0, (size_t)at->size);
    for (uint64_t i = 0; i < s->cut.outer; i++) {
        EACH_RUN(c, n, s->walk, cut_from(&s->cut, part, i), cut_to(&s->cut, part, i)) {
            int64_t from = cursor_stride(&c, 0), to = cursor_stride(&c, 1);
            if (from == 1 && to == 1) add_exp(k, sum + c.at[1], x + c.at[0], most + c.at[1], work, n);
            else if (from == 1 && to == 0)
                add_exp_to_one(k, sum + c.at[1], x + c.at[0], (double)most[c.at[1]], work, n);
            else add_exp_apart(k, sum + c.at[1], to, x + c.at[0], from, most + c.at[1], work, n);
        }
    }
    k->unary[OP_log](sum + at->low, sum + at->low, (size_t)at->size);
    for (uint64_t i = at->low; i < at->low + at->size; i++)
        if (!isinf(most[i])) most[i] += sum[i];
}

static void reduce_part(void *context, uint32_t thread, uint32_t part) {
    const step_run *r = context;
    if (r->step->op == OP_log_sum_exp) log_sum_exp(r->run, r->step, thread, part);
    else reduce(r->run, r->step, r->step->op, part);
}

void run_reduce(const execution *e, const plan_step *s) {
    if (e->plan->values[s->of].entries) run_parts(e, s, reduce_part);
}

static void cumulate_part(void *context, uint32_t thread, uint32_t part) {
    const step_run *r = context;
    const execution *e = r->run;
    const plan_step *s = r->step;
    int64_t count = (int64_t)s->count;
    bool back = s->op == OP_cumsum_back;
    EACH_RUN(c, n, s->walk, cut_from(&s->cut, part, 0), cut_to(&s->cut, part, 0)) {
        for (uint64_t i = 0; i < n; i++) {
            const element *x = entries_of(e, s->in[0]) + c.at[0] + (int64_t)i * cursor_stride(&c, 0);
            element *y = entries_of(e, s->of) + c.at[1] + (int64_t)i * cursor_stride(&c, 1);
            double sum = 0;
            for (int64_t k = 0; k < count; k++) {
                int64_t at = back ? count - 1 - k : k;
                sum += (double)x[at * s->from_pitch];
                y[at * s->pitch] = (element)sum;
            }
        }
    }
}

void run_cumulate(const execution *e, const plan_step *s) { run_parts(e, s, cumulate_part); }

/* Segments first … end - 1. */
static void add_segments(const execution *e, const plan_step *s, uint64_t first, uint64_t end, element *y,
                         const element *x, int64_t stride) {
    for (uint64_t k = first; k < end; k++) {
        int32_t from = s->segment[k], to = s->segment[k + 1];
        double sum = 0;
        if (s->sorted && stride == 1 && from < to)
            sum = e->plan->kernels->sum(x + s->order[from], (size_t)(to - from));
        else
            for (int32_t i = from; i < to; i++) sum += (double)x[s->order[i] * stride];
        y[(int64_t)k * s->pitch] += (element)sum;
    }
}

static void add_entries(const plan_step *s, const cursor *c, element *y, const element *x,
                        const element *index, uint64_t n) {
    for (int64_t i = 0; i < (int64_t)n; i++) {
        int64_t at = place_of_index((double)index[i * cursor_stride(c, 1)], (int64_t)s->count);
        if (at >= 0) y[i * cursor_stride(c, 2) + at * s->pitch] += x[i * cursor_stride(c, 0)];
    }
}

/* Runs with places of their own. Of an index that is not sorted the entries are passed as they lie, and the
 * places, which are fewer, are jumped between. */
static void scatter_runs(const execution *e, const plan_step *s, uint32_t part) {
    uint64_t run = s->walk->size[s->walk->rank - 1];
    EACH_RUN(c, n, s->walk, cut_from(&s->cut, part, 0) * run, cut_to(&s->cut, part, 0) * run) {
        const element *x = entries_of(e, s->in[0]) + c.at[0];
        element *y = entries_of(e, s->of) + c.at[2];
        int64_t stride = cursor_stride(&c, 0);
        if (s->sorted) add_segments(e, s, 0, s->count, y, x, stride);
        else
            for (uint64_t i = 0; i < n; i++)
                if (s->place[i] >= 0) y[s->place[i] * s->pitch] += x[(int64_t)i * stride];
    }
}

static void scatter_part(void *context, uint32_t thread, uint32_t part) {
    const step_run *r = context;
    const execution *e = r->run;
    const plan_step *s = r->step;
    if (s->place) {
        scatter_runs(e, s, part);
        return;
    }
    EACH_RUN(c, n, s->walk, 0, s->walk->entries) {
        const element *x = entries_of(e, s->in[0]) + c.at[0], *index = entries_of(e, s->in[1]) + c.at[1];
        element *y = entries_of(e, s->of) + c.at[2];
        bool whole_rows = cursor_stride(&c, 0) == 1 && cursor_stride(&c, 1) == 0 && cursor_stride(&c, 2) == 1;
        int64_t row = whole_rows ? place_of_index((double)*index, (int64_t)s->count) : 0;
        if (s->segment)
            add_segments(e, s, cut_from(&s->cut, part, 0), cut_to(&s->cut, part, 0), y, x,
                         cursor_stride(&c, 0));
        else if (!whole_rows) add_entries(s, &c, y, x, index, n);
        else if (row >= 0) e->plan->kernels->add_to(y + row * s->pitch, x, (size_t)n);
    }
}

void run_scatter(const execution *e, const plan_step *s) {
    clear(e, s->of);
    run_parts(e, s, scatter_part);
}

static void copy_run(element *y, int64_t to, const element *x, int64_t from, uint64_t n) {
    if (from == 1 && to == 1) memcpy(y, x, n * sizeof *y);
    else
        for (int64_t i = 0; i < (int64_t)n; i++) y[i * to] = x[i * from];
}

/* Rows and columns, the shorter ones one after the other. */
static void copy_matrix(const kernels *k, const walk *w, element *y, const element *x) {
    for (int d = 0; d < 2; d++)
        if (w->stride[d][0] == 1 && w->stride[1 - d][1] == 1 && w->stride[d][1] > 0 &&
            w->stride[1 - d][0] > 0) {
            k->transpose(y, w->stride[d][1], x, w->stride[1 - d][0], w->size[1 - d], w->size[d]);
            return;
        }
    int inner = w->size[1] < w->size[0] ? 0 : 1, outer = 1 - inner;
    for (int64_t i = 0; i < (int64_t)w->size[outer]; i++)
        copy_run(y + i * w->stride[outer][1], w->stride[inner][1], x + i * w->stride[outer][0],
                 w->stride[inner][0], w->size[inner]);
}

static void copy_entries(const kernels *k, const walk *w, element *y, const element *x, uint64_t from,
                         uint64_t to) {
    if (w->rank == 2 && from == 0 && to == w->entries) {
        copy_matrix(k, w, y + w->offset[1], x + w->offset[0]);
        return;
    }
    EACH_RUN(c, n, w, from, to)
    copy_run(y + c.at[1], cursor_stride(&c, 1), x + c.at[0], cursor_stride(&c, 0), n);
}

/* The entries of all placed values are counted through. */
static void place_part(void *context, uint32_t thread, uint32_t part) {
    const step_run *r = context;
    const plan_step *s = r->step;
    uint64_t from = cut_from(&s->cut, part, 0), to = cut_to(&s->cut, part, 0), first = 0;
    for (uint32_t k = 0; k < s->placed_count; first += s->placed[k++].walk->entries) {
        const walk *w = s->placed[k].walk;
        uint64_t low = from > first ? from - first : 0, high = to > first ? to - first : 0;
        if (high > w->entries) high = w->entries;
        if (low < high)
            copy_entries(r->run->plan->kernels, w, entries_of(r->run, s->of),
                         entries_of(r->run, s->placed[k].from), low, high);
    }
}

void run_place(const execution *e, const plan_step *s) {
    if (!s->covered) clear(e, s->of);
    run_parts(e, s, place_part);
}
