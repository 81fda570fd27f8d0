/* Running the loops of chain.h, entry by entry of the batch: blocks of steps are prepared, the kernels do as
 * many steps as they can, and what they leave is done here, in logarithms. */
#include "autodiff/chain.h"

#include <float.h>
#include <math.h>
#include <string.h>
#include "autodiff/execute.h"
#include "autodiff/loop.h"

/* Below this the rounding of lost entries, each less than the smallest number, could count. */
#if defined SINGLE
static const element LEAST = 1e-30f, LARGEST = FLT_MAX;
#else
static const element LEAST = 1e-270, LARGEST = DBL_MAX;
#endif

/* One entry of the batch, and where its loop is. */
typedef struct chain_run {
    const chain *m;
    const loop *loop;
    const kernels *kernels;
    const element *matrix, *own;   /* at the first step */
    element *carry;                /* at place 0 */
    element *before, *sums, *logs; /* rows from step `base` on; logs: 1 where they are logarithms */
    uint32_t base;
    element *moved;
    double scale;     /* s: a = log p + s at the step that is next */
    bool is_known;    /* a - s at that step, in logarithms */
    uint64_t reached; /* states after the last step; all, but for those that the check of a sum found */
} chain_run;

static const element *matrix_at(const chain_run *c, uint32_t t) {
    return c->matrix + (int64_t)t * c->m->matrix.pitch;
}

static element own_at(const chain_run *c, uint32_t t, uint32_t j) {
    return c->own ? c->own[(int64_t)t * c->m->own.pitch + c->m->own.to[j]] : 0;
}

static element *row(element *rows, const chain_run *c, uint32_t t) {
    return rows + ((int64_t)t - c->base) * c->m->width;
}

/* Where it says whether the rows of step t are logarithms. */
static element *row_mark(const chain_run *c, uint32_t t) { return c->logs + (t - c->base); }

/* Of a sum of exponentials or a scale: what may be subtracted from entries of which it is the largest. */
static double finite_or_0(double x) { return isinf(x) ? 0 : x; }

/* Preparing. */

/* The matrix of one step, of `from` and `to` states, and its largest entry. */
static double copy_matrix(const chain_run *c, const element *x, const int64_t *row, const int64_t *column,
                          element *to) {
    const chain *m = c->m;
    element most = -INFINITY;
    for (uint32_t i = 0; i < m->states; i++, to += m->width)
        for (uint32_t j = 0; j < m->width; j++) {
            to[j] = j < m->states ? x[row[i] + column[j]] : (element)-INFINITY;
            if (!(to[j] <= most)) most = to[j];
        }
    return finite_or_0((double)most);
}

/* exp(A) of n steps; by the states after the step for the adjoint, so that either reads it row by row.
 * `order` is 1, or -1 where t is the last. */
static void prepare_matrix(const chain_run *c, uint32_t t, uint32_t n, int order) {
    const chain *m = c->m;
    size_t size = (size_t)m->states * m->width;
    element *to = m->transitions;
    const int64_t *row = m->back ? m->matrix.to : m->matrix.from;
    const int64_t *column = m->back ? m->matrix.from : m->matrix.to;
    for (uint32_t k = 0; k < n; k++, t += (uint32_t)order) {
        double most = copy_matrix(c, matrix_at(c, t), row, column, to + k * size);
        for (size_t i = 0; i < size; i++) to[k * size + i] -= (element)most;
        m->most_of_matrix[k] = most;
    }
    c->kernels->unary[OP_exp](to, to, n * size);
}

/* exp(b) of n steps: state by state, so that what is alike from step to step is passed along the steps. */
static void prepare_own(const chain_run *c, uint32_t t, uint32_t n) {
    const chain *m = c->m;
    element *to = m->weights, *most = m->most;
    size_t width = m->width;
    int64_t pitch = m->own.pitch;
    for (uint32_t k = 0; k < n; k++) most[k] = c->own ? -INFINITY : 0;
    for (uint32_t j = 0; j < m->states && c->own; j++) {
        const element *x = c->own + (int64_t)t * pitch + m->own.to[j];
        if (pitch == 1)
            for (uint32_t k = 0; k < n; k++) most[k] = x[k] > most[k] ? x[k] : most[k];
        else
            for (uint32_t k = 0; k < n; k++) most[k] = x[k * pitch] > most[k] ? x[k * pitch] : most[k];
    }
    for (uint32_t k = 0; k < n; k++) most[k] = fabs(most[k]) <= LARGEST ? most[k] : 0;
    for (uint32_t j = 0; j < m->states; j++) {
        const element *x = c->own ? c->own + (int64_t)t * pitch + m->own.to[j] : NULL;
        for (uint32_t k = 0; k < n; k++) to[k * width + j] = x ? x[k * pitch] - most[k] : 0;
    }
    for (uint32_t j = m->states; j < width; j++)
        for (uint32_t k = 0; k < n; k++) to[k * width + j] = -INFINITY;
    c->kernels->unary[OP_exp](to, to, n * width);
}

/* In logarithms. */

/* log sum exp of x[i] + A[i, j] over i for each j; x + A stays in the working memory. */
static void sum_logs(const chain_run *c, uint32_t t, const element *x, element *sums) {
    const chain *m = c->m;
    uint32_t width = m->width, states = m->states;
    element *terms = m->terms, most[CHAIN_STATES_MOST];
    const element *matrix = matrix_at(c, t);
    for (uint32_t j = 0; j < states; j++) most[j] = -INFINITY;
    for (uint32_t i = 0; i < states; i++)
        for (uint32_t j = 0; j < states; j++) {
            element y = x[i] + matrix[m->matrix.from[i] + m->matrix.to[j]];
            terms[i * width + j] = y;
            if (!(y <= most[j])) most[j] = y;
        }
    for (uint32_t i = 0; i < states; i++)
        for (uint32_t j = 0; j < width; j++)
            terms[i * width + j] -= j < states ? (element)finite_or_0((double)most[j]) : terms[i * width + j];
    c->kernels->unary[OP_exp](terms, terms, (size_t)states * width);
    for (uint32_t j = 0; j < width; j++) sums[j] = 0;
    for (uint32_t i = 0; i < states; i++)
        for (uint32_t j = 0; j < states; j++) sums[j] += terms[i * width + j];
    c->kernels->unary[OP_log](sums, sums, width);
    for (uint32_t j = 0; j < states; j++) sums[j] += (element)finite_or_0((double)most[j]);
}

static double largest(const element *x, uint32_t n) {
    element most = -INFINITY;
    for (uint32_t i = 0; i < n; i++)
        if (!(x[i] <= most)) most = x[i];
    return (double)most;
}

/* p from a - s, which is known; s moves to the largest. */
static void begin_from_known(chain_run *c) {
    const chain *m = c->m;
    element *now = m->now, *known = m->known;
    double most = finite_or_0(largest(known, m->states));
    for (uint32_t j = 0; j < m->width; j++)
        now[j] = j < m->states ? known[j] -= (element)most : (element)-INFINITY;
    c->kernels->unary[OP_exp](now, now, m->width);
    c->scale += most;
    c->is_known = true;
}

/* Results. */

static int64_t place_after(const chain_run *c, uint32_t t) {
    const loop *l = c->loop;
    if (!l->kept[0]) return (int64_t)loop_last_place(l, 0);
    return l->scan->backward ? (int64_t)l->steps - 1 - t : (int64_t)t + 1;
}

static element *place_of(const chain_run *c, uint32_t t) {
    return c->carry + place_after(c, t) * (int64_t)c->loop->size[0];
}

static bool is_left(const chain_run *c, uint32_t t) { return c->loop->kept[0] || t + 1 == c->m->steps; }

static void leave(const chain_run *c, uint32_t t, const element *x, double more) {
    element *to = place_of(c, t);
    for (uint32_t j = 0; j < c->m->states; j++) to[c->m->place[j]] = (element)((double)x[j] + more);
}

/* From one step to the next, where all are left. */
static int64_t carry_pitch(const chain_run *c) {
    int64_t size = (int64_t)c->loop->size[0];
    return c->loop->scan->backward ? -size : size;
}

/* What n steps leave, a row each: all, or only what is left at the end. */
static void leave_rows(const chain_run *c, uint32_t t, uint32_t n, const element *rows) {
    const chain *m = c->m;
    if (!c->loop->kept[0]) {
        if (is_left(c, t + n - 1)) leave(c, t + n - 1, rows + (size_t)(n - 1) * m->width, 0);
        return;
    }
    int64_t pitch = carry_pitch(c);
    for (uint32_t j = 0; j < m->states; j++) {
        element *to = place_of(c, t) + m->place[j];
        for (uint32_t k = 0; k < n; k++) to[k * pitch] = rows[(size_t)k * m->width + j];
    }
}

static void find(const element *from, const chain *m, element *x) {
    for (uint32_t j = 0; j < m->states; j++) x[j] = from[m->place[j]];
}

/* a behind steps t … t + n - 1, of which the block has those from `at` on; s goes with them. */
static void advance(chain_run *c, uint32_t t, uint32_t n, uint32_t at) {
    const chain *m = c->m;
    const element *most = (element *)m->most + at;
    for (uint32_t k = 0; k < n; k++) {
        double of_matrix = m->most_of_matrix[m->matrix.pitch ? at + k : 0];
        if (is_left(c, t + k)) {
            element *logs = m->known;
            c->kernels->unary[OP_log](logs, row(c->sums, c, t + k), m->width);
            for (uint32_t j = 0; j < m->states; j++) logs[j] += own_at(c, t + k, j);
            leave(c, t + k, logs, c->scale + of_matrix);
        }
        c->scale += of_matrix + ((double)most[k] - m->shift[at + k] * M_LN2);
    }
    memset(row_mark(c, t), 0, n * sizeof(element));
}

/* Forward. */

/* a - s before step t, where the step before was not in logarithms. */
static void recover(const chain_run *c, uint32_t t, int32_t shift) {
    const chain *m = c->m;
    element *logs = m->known, own[CHAIN_STATES_MOST];
    c->kernels->unary[OP_log](logs, row(c->sums, c, t - 1), m->width);
    for (uint32_t j = 0; j < m->states; j++) own[j] = own_at(c, t - 1, j);
    double most = finite_or_0(largest(own, m->states));
    for (uint32_t j = 0; j < m->states; j++)
        logs[j] = (element)((double)logs[j] + ((double)own[j] - most) + shift * M_LN2);
}

/* The states that can be reached by step t, from those before it that can. */
static uint64_t reach(const chain_run *c, uint32_t t) {
    const chain *m = c->m;
    const element *matrix = matrix_at(c, t), *logs = m->known;
    uint64_t after = 0;
    for (uint32_t i = 0; i < m->states; i++) {
        bool here =
            c->reached >> i & 1 && (t == 0 || c->is_known ? logs[i] : own_at(c, t - 1, i)) != -INFINITY;
        for (uint32_t j = 0; j < m->states && here; j++)
            if (matrix[m->matrix.from[i] + m->matrix.to[j]] != -INFINITY) after |= UINT64_C(1) << j;
    }
    return after;
}

static void fill_least(const chain *m, uint64_t reached) {
    element *least = m->least;
    for (uint32_t j = 0; j < m->width; j++) least[j] = j < m->states && reached >> j & 1 ? LEAST : -1;
}

static uint32_t run_steps_of(const chain_run *c, uint32_t t, uint32_t n, uint32_t at) {
    const chain *m = c->m;
    size_t size = (size_t)m->states * m->width;
    const element *matrix = m->transitions;
    chain_steps s = {m->states, m->width, n, .least = m->least, .now = m->now, .shift = m->shift + at};
    s.matrix = matrix + (m->matrix.pitch ? at * size : 0);
    s.matrix_pitch = m->matrix.pitch ? (int64_t)size : 0;
    s.weights = (const element *)m->weights + (size_t)at * m->width;
    s.before = row(c->before, c, t);
    s.sums = row(c->sums, c, t);
    return (uint32_t)c->kernels->chain_forward(&s);
}

static void step_in_logs(chain_run *c, uint32_t t, int32_t shift) {
    const chain *m = c->m;
    element *logs = m->known;
    if (t && !c->is_known) recover(c, t, shift);
    memcpy(row(c->before, c, t), logs, m->width * sizeof(element));
    sum_logs(c, t, logs, row(c->sums, c, t));
    *row_mark(c, t) = 1;
    for (uint32_t j = 0; j < m->states; j++) logs[j] = row(c->sums, c, t)[j] + own_at(c, t, j);
    if (is_left(c, t)) leave(c, t, logs, c->scale);
    begin_from_known(c);
}

/* A step with a sum that is too small: either nothing leads to its state, or it is done in logarithms. */
static void step_with_care(chain_run *c, uint32_t t, uint32_t at, int32_t shift) {
    const chain *m = c->m;
    uint64_t reached = reach(c, t);
    fill_least(m, reached);
    if (run_steps_of(c, t, 1, at)) {
        advance(c, t, 1, at);
        c->is_known = false;
    } else {
        step_in_logs(c, t, shift);
        m->shift[at] = 0;
    }
    c->reached = reached;
    fill_least(m, UINT64_MAX);
}

/* Rows that nobody keeps: those of a block, behind the last of the block before it. */
static void pass_rows(chain_run *c, uint32_t t) {
    const chain *m = c->m;
    size_t size = (size_t)(m->block + 1) * m->width;
    element *rows = m->passing;
    if (t) memcpy(rows + size, row(c->sums, c, t - 1), m->width * sizeof(element));
    c->before = rows + m->width;
    c->sums = rows + size + m->width;
    c->logs = rows + 2 * size;
    c->base = t;
}

static void run_forward(chain_run *c) {
    const chain *m = c->m;
    int32_t shift = 0;
    find(c->carry + (int64_t)(loop_first_place(c->loop, 0) * c->loop->size[0]), m, m->known);
    begin_from_known(c);
    c->reached = UINT64_MAX;
    fill_least(m, UINT64_MAX);
    if (!m->matrix.pitch) prepare_matrix(c, 0, 1, 1);
    for (uint32_t first = 0; first < m->steps; first += m->block) {
        uint32_t n = m->steps - first < m->block ? m->steps - first : m->block;
        if (!m->rows_kept) pass_rows(c, first);
        if (m->matrix.pitch) prepare_matrix(c, first, n, 1);
        prepare_own(c, first, n);
        for (uint32_t at = 0, done; at < n; at += done + 1) {
            done = run_steps_of(c, first + at, n - at, at);
            if (done) {
                advance(c, first + at, done, at);
                c->is_known = false;
                c->reached = UINT64_MAX;
                shift = m->shift[at + done - 1];
            }
            if (at + done == n) break;
            step_with_care(c, first + at + done, at + done, shift);
            shift = m->shift[at + done];
        }
    }
}

/* Back. Step t here is step `steps` - 1 - t of the forward scan, where all but the carry is looked up. */

static void add_moved(const chain_run *c, uint32_t t, const element *terms) {
    const chain *m = c->m;
    element *to = c->moved + (int64_t)t * m->moved.pitch;
    for (uint32_t i = 0; i < m->states; i++)
        for (uint32_t j = 0; j < m->states; j++)
            to[m->moved.from[i] + m->moved.to[j]] += terms[i * m->width + j];
}

static void back_in_logs(const chain_run *c, uint32_t t) {
    const chain *m = c->m;
    uint32_t of = m->steps - 1 - t;
    const element *logs = row(c->before, c, of), *sums = row(c->sums, c, of), *matrix = matrix_at(c, t);
    element *terms = m->terms, *now = m->now;
    for (uint32_t i = 0; i < m->states; i++)
        for (uint32_t j = 0; j < m->width; j++)
            terms[i * m->width + j] = j < m->states ? logs[i] + matrix[m->matrix.from[i] + m->matrix.to[j]] -
                                                          (sums[j] == -INFINITY ? 0 : sums[j])
                                                    : 0;
    c->kernels->unary[OP_exp](terms, terms, (size_t)m->states * m->width);
    element next[CHAIN_STATES_MOST] = {0};
    for (uint32_t i = 0; i < m->states; i++)
        for (uint32_t j = 0; j < m->states; j++) {
            element *x = &terms[i * m->width + j];
            *x = now[j] == 0 ? 0 : now[j] * *x;
            next[i] += *x;
        }
    for (uint32_t i = 0; i < m->states; i++) now[i] = next[i];
    if (c->moved) add_moved(c, t, terms);
    if (is_left(c, t)) leave(c, t, now, 0);
}

/* The adjoint of A by step: p[i] exp(A[i, j]) h[j], with exp(A) by the states after the step. */
static void move_by_step(const chain_run *c, uint32_t t, uint32_t n, uint32_t at) {
    const chain *m = c->m;
    size_t size = (size_t)m->states * m->width;
    for (uint32_t k = at; k < at + n; k++) {
        const element *p = row(c->before, c, m->steps - 1 - (t + k - at));
        const element *h = (const element *)m->weights + (size_t)k * m->width;
        const element *matrix = (const element *)m->transitions + (m->matrix.pitch ? k * size : 0);
        element *terms = m->terms;
        for (uint32_t i = 0; i < m->states; i++)
            for (uint32_t j = 0; j < m->states; j++)
                terms[i * m->width + j] = p[i] * matrix[j * m->width + i] * h[j];
        add_moved(c, t + k - at, terms);
    }
}

static void back_steps(const chain_run *c, uint32_t t, uint32_t n, uint32_t at) {
    const chain *m = c->m;
    size_t size = (size_t)m->states * m->width;
    chain_back_steps s = {m->states, m->width, n, .now = m->now, .moved = m->total};
    s.matrix = (const element *)m->transitions + (m->matrix.pitch ? at * size : 0);
    s.matrix_pitch = m->matrix.pitch ? (int64_t)size : 0;
    s.before = row(c->before, c, m->steps - 1 - t);
    s.sums = row(c->sums, c, m->steps - 1 - t);
    bool in_place = c->loop->kept[0] && m->dense;
    s.found = in_place ? place_of(c, t) : (element *)m->found + (size_t)at * m->width;
    s.found_pitch = in_place ? carry_pitch(c) : m->width;
    if (c->moved && (m->matrix.pitch || m->moved.pitch))
        s.shares = (element *)m->weights + (size_t)at * m->width;
    c->kernels->chain_back(&s);
    if (!in_place) leave_rows(c, t, n, s.found);
    if (s.shares) move_by_step(c, t, n, at);
}

/* What moved over all steps, of one matrix for all. */
static void move_total(const chain_run *c) {
    const chain *m = c->m;
    const element *total = m->total, *matrix = m->transitions;
    element *terms = m->terms;
    for (uint32_t i = 0; i < m->states; i++)
        for (uint32_t j = 0; j < m->states; j++)
            terms[i * m->width + j] = total[i * m->width + j] * matrix[j * m->width + i];
    add_moved(c, 0, terms);
}

static void run_back(chain_run *c) {
    const chain *m = c->m;
    element *now = m->now;
    memset(now, 0, m->width * sizeof(element));
    find(c->carry + (int64_t)(loop_first_place(c->loop, 0) * c->loop->size[0]), m, now);
    memset(m->total, 0, (size_t)m->states * m->width * sizeof(element));
    if (!m->matrix.pitch) prepare_matrix(c, 0, 1, 1);
    for (uint32_t first = 0; first < m->steps; first += m->block) {
        uint32_t n = m->steps - first < m->block ? m->steps - first : m->block;
        if (m->matrix.pitch) prepare_matrix(c, first, n, 1);
        for (uint32_t at = 0, end; at < n; at = end) {
            for (end = at; end < n && !c->logs[m->steps - 1 - first - end]; end++) continue;
            if (end > at) back_steps(c, first + at, end - at, at);
            if (end < n) back_in_logs(c, first + end++);
        }
    }
    if (c->moved && !m->matrix.pitch && !m->moved.pitch) move_total(c);
}

/* All entries of the batch. */

static const element *start(const execution *e, const chain_operand *o) {
    return o->root ? entries_of(e, o->root) + o->offset : NULL;
}

/* The carry or the emission begins with 0: the initial value, which is added to, is where the first step
 * would find it. */
static void clear_moved(const execution *e, const loop *l, ref r) {
    const chain *m = l->chain;
    element *to = entries_of(e, r) + l->place[1];
    if (l->scan->carries == 1) memset(to, 0, l->size[1] * m->steps * sizeof *to);
    else if (loop_last_place(l, 1) != loop_first_place(l, 1))
        memcpy(to + loop_last_place(l, 1) * l->size[1], to + loop_first_place(l, 1) * l->size[1],
               l->size[1] * sizeof *to);
}

void run_chain(const execution *e, const loop *l, ref r) {
    const chain *m = l->chain;
    const element *matrix = start(e, &m->matrix), *own = start(e, &m->own);
    element *rows = entries_of(e, m->forward) + m->rows, *carry = entries_of(e, r) + l->place[0];
    if (m->moved.root) clear_moved(e, l, r);
    uint64_t size = (uint64_t)m->steps * m->width;
    cursor at = walk_at(m->batch, 0);
    for (uint64_t i = 0; i < m->batches; i++, cursor_pass(&at, 1)) {
        chain_run c = {.m = m, .loop = l, .kernels = e->plan->kernels, .carry = carry + at.at[0]};
        c.matrix = matrix + at.at[1];
        if (own) c.own = own + at.at[2];
        if (m->moved.root) c.moved = entries_of(e, r) + m->moved.offset + at.at[2];
        c.before = rows + i * (2 * size + m->steps);
        c.sums = c.before + size;
        c.logs = c.sums + size;
        if (m->back) run_back(&c);
        else run_forward(&c);
    }
}
