/* Regions: all micro-instructions for the first block, then all for the second, so that what they hand to
 * each other stays in the first-level cache. Threads share the parts of a region (partition.h), each with a
 * scratch of its own. */
#include "autodiff/emit/strand.h"
#include "autodiff/execute.h"

#include <math.h>
#include <string.h>

typedef struct block {
    const execution *run;
    const kernels *kernels;
    const region *region;
    uint32_t part;
    element *scratch;
    uint64_t start; /* the first entry */
    size_t n;
    int64_t layer; /* that is computed */
} block;

/* The operand in this layer: the block's entries; the whole value. */
static element *entries(const block *b, operand o) {
    if (o.kind == SOURCE_scratch) return b->scratch + ((int64_t)o.at + b->layer * o.layer) * b->region->block;
    return entries_of(b->run, o.at) + o.offset + b->layer * o.layer + b->start;
}

static element *whole(const block *b, operand o) {
    return entries_of(b->run, o.at) + o.offset + b->layer * o.layer;
}

static double scalar(const block *b, operand o) { return (double)*whole(b, o); }

/* Each run of the walk within the block: c is at its start, n its length, i its place in the block. */
#define RUNS(c, b, w)                                                                                        \
    cursor c = walk_at((w), (b)->start);                                                                     \
    for (size_t i = 0, n; i < (b)->n && (n = run_length(&c, (b)->n - i)); i += n, cursor_pass(&c, n))

static size_t run_length(const cursor *c, size_t most) {
    uint64_t n = cursor_run(c);
    return n < most ? (size_t)n : most;
}

static void copy_run(const kernels *k, element *y, const element *x, int64_t stride, size_t n) {
    if (stride == 1) memcpy(y, x, n * sizeof *y);
    else if (stride == 0) k->splat(y, (double)*x, n);
    else
        for (size_t i = 0; i < n; i++) y[i] = x[(int64_t)i * stride];
}

/* Rows of a matrix of which x has the columns: what is left of the first row, whole rows, what there is of
 * the last. */
static void load_columns(const block *b, const walk *w, element *y, const element *x) {
    size_t width = (size_t)w->size[1], row = b->start / width, from = b->start % width, done = 0;
    int64_t pitch = w->stride[1][0];
    if (from) {
        done = width - from < b->n ? width - from : b->n;
        copy_run(b->kernels, y, x + (int64_t)row++ + (int64_t)from * pitch, pitch, done);
    }
    size_t rows = (b->n - done) / width, left = (b->n - done) % width;
    b->kernels->transpose(y + done, (int64_t)width, x + row, pitch, width, rows);
    copy_run(b->kernels, y + done + rows * width, x + row + rows, pitch, left);
}

static void run_load(const block *b, const micro *m) {
    const element *x = whole(b, m->in[0]);
    element *y = entries(b, m->to);
    const walk *w = m->walk;
    if (w->rank == 2 && w->stride[0][0] == 1 && w->stride[1][0] > 1) {
        load_columns(b, w, y, x + w->offset[0]);
        return;
    }
    RUNS(c, b, w) copy_run(b->kernels, y + i, x + c.at[0], cursor_stride(&c, 0), n);
}

/* The entry of x at a place, or the run of entries from there on, where all of a run are at one place: a row
 * of a matrix. */
static void gather_one(const block *b, const micro *m, element *y, const element *x, int64_t s, int64_t at,
                       size_t n) {
    if (at < 0) b->kernels->splat(y, (double)NAN, n);
    else copy_run(b->kernels, y, x + at * m->pitch, s, n);
}

/* By an index that is known: x is passed with stride `s`, the index with stride `t`. */
static void gather_fixed(const block *b, const micro *m, element *y, const element *x, int64_t s,
                         const int32_t *index, int64_t t, size_t n) {
    if (m->in_range && m->pitch == 1 && s == 0 && t == 1) {
        b->kernels->gather(y, x, index, n);
        return;
    }
    if (t == 0) {
        gather_one(b, m, y, x, s, *index, n);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        int32_t at = index[(int64_t)i * t];
        y[i] = at < 0 ? (element)NAN : x[(int64_t)i * s + at * m->pitch];
    }
}

static void gather_dynamic(const block *b, const micro *m, element *y, const element *x, int64_t s,
                           const element *index, int64_t t, size_t n) {
    if (t == 0) {
        gather_one(b, m, y, x, s, place_of_index((double)*index, m->reach), n);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        int64_t at = place_of_index((double)index[(int64_t)i * t], m->reach);
        y[i] = at < 0 ? (element)NAN : x[(int64_t)i * s + at * m->pitch];
    }
}

/* An index that ascends, from entry `at` on: the places one after the other, each with its run. */
static void gather_runs(const block *b, const micro *m, element *y, const element *x, int64_t at, size_t n) {
    int64_t place = m->index[at];
    for (int64_t end = at + (int64_t)n, to; at < end; at = to, place++) {
        to = m->ends[place] < end ? m->ends[place] : end;
        if (to > at) b->kernels->splat(y, (double)x[place * m->pitch], (size_t)(to - at));
        y += to - at;
    }
}

/* Asks for the row that the walk comes to behind the one at entry `from` of the block, that it be in the
 * cache by then. */
static void fetch_next_row(const block *b, const micro *m, cursor c, size_t from, const element *x,
                           const element *index) {
    enum { LINE = 64 / sizeof *x, MOST = 64 * LINE };
    uint64_t n = cursor_run(&c), width = walk_run(c.walk);
    if (b->start + from + n >= b->region->entries) return;
    cursor_pass(&c, n);
    int64_t at = place_of_index((double)index[c.at[1]], m->reach);
    for (uint64_t i = 0; i < width && i < MOST && at >= 0; i += LINE)
        __builtin_prefetch(x + c.at[0] + at * m->pitch + i, 0, 2);
}

static void run_gather(const block *b, const micro *m) {
    const element *x = whole(b, m->in[0]), *index = whole(b, m->in[1]);
    const int32_t *fixed = m->index ? m->index + b->layer * m->in[1].layer : NULL;
    element *y = entries(b, m->to);
    RUNS(c, b, m->walk) {
        int64_t s = cursor_stride(&c, 0), t = cursor_stride(&c, 1);
        if (m->ends && s == 0 && t == 1 && !b->layer) gather_runs(b, m, y + i, x + c.at[0], c.at[1], n);
        else if (fixed) gather_fixed(b, m, y + i, x + c.at[0], s, fixed + c.at[1], t, n);
        else if (t == 0 && s == 1) {
            fetch_next_row(b, m, c, i, x, index);
            gather_one(b, m, y + i, x + c.at[0], s, place_of_index((double)index[c.at[1]], m->reach), n);
        } else gather_dynamic(b, m, y + i, x + c.at[0], s, index + c.at[1], t, n);
    }
}

/* What the entries of one run add to one sum. */
static double sum_run(const block *b, double sum, const element *x, const element *y, size_t at, size_t n) {
    piece_cursor c = pieces_at(&b->region->pieces, b->start + at);
    for (size_t end = at + n, some; at < end; at += some, piece_pass(&c, some)) {
        some = piece_stretch(&c, at, end - at);
        sum += y ? b->kernels->dot(x + at, y + at, some) : b->kernels->sum(x + at, some);
    }
    return sum;
}

static const region_sum *sum_of(const block *b, ref r) {
    return &b->region->sums[b->run->plan->values[r].sum];
}

/* Where a part adds to a sum: the first entry of its range. */
static element *sum_entries(const execution *e, const region_sum *s, uint32_t part) {
    const sum_range *r = &s->range[part];
    return s->apart ? (element *)e->partials + r->place : entries_of(e, s->of) + r->low;
}

static void run_sum(const block *b, const micro *m) {
    const element *x = entries(b, m->in[0]), *z = m->kind == MICRO_dot ? entries(b, m->in[1]) : NULL;
    const region_sum *s = sum_of(b, m->to.at);
    element *y = sum_entries(b->run, s, b->part) + b->layer * m->to.layer;
    int64_t low = (int64_t)s->range[b->part].low;
    RUNS(c, b, m->walk) {
        element *to = y + (c.at[0] - low);
        if (cursor_stride(&c, 0) == 0) *to = (element)sum_run(b, (double)*to, x, z, i, n);
        else if (z) b->kernels->add_product_to(to, x + i, z + i, n);
        else b->kernels->add_to(to, x + i, n);
    }
}

/* Entries that go to one place, within a chunk, are summed before they are added: see sum_run(). */
static void scatter_runs(const block *b, const micro *m, element *y, const element *x, int64_t at, size_t i,
                         size_t n) {
    int64_t place = m->index[at];
    piece_cursor c = pieces_at(&b->region->pieces, b->start + i);
    for (size_t end = i + n, some; i < end; i += some, at += (int64_t)some, piece_pass(&c, some)) {
        for (; at == m->ends[place]; place++) {}
        some = piece_stretch(&c, i, end - i);
        if (at + (int64_t)some > m->ends[place]) some = (size_t)(m->ends[place] - at);
        y[place * m->pitch] += (element)b->kernels->sum(x + i, some);
    }
}

static void run_table(const block *b, const micro *m) {
    const element *x = entries(b, m->in[0]);
    const region_sum *s = sum_of(b, m->to.at);
    element *y = sum_entries(b->run, s, b->part) - (int64_t)s->range[b->part].low;
    RUNS(c, b, m->walk) {
        int64_t rest = cursor_stride(&c, 0), step = cursor_stride(&c, 1);
        if (m->ends && rest == 0 && step == 1) {
            scatter_runs(b, m, y + c.at[0], x, c.at[1], i, n);
            continue;
        }
        for (int64_t k = 0; k < (int64_t)n; k++) {
            int32_t place = m->index[c.at[1] + k * step];
            if (place >= 0) y[c.at[0] + k * rest + place * m->pitch] += x[(int64_t)i + k];
        }
    }
}

static const element *first_row(const block *b, const micro *m) {
    return whole(b, m->in[0]) + (int64_t)b->start * m->pitch;
}

static void run_rows_dot(const block *b, const micro *m) {
    const element *x = first_row(b, m), *factors = whole(b, m->in[1]);
    element *y = entries(b, m->to);
    if (m->step == 1) b->kernels->row_products(y, x, m->pitch, factors, m->width, b->n);
    else b->kernels->column_products(y, x, m->step, factors, m->width, b->n);
}

/* A chunk's rows are added up before they are added to those of others, as in sum_run(). */
static void run_rows_add(const block *b, const micro *m) {
    const element *x = first_row(b, m), *factors = entries(b, m->in[1]);
    element *y = sum_entries(b->run, sum_of(b, m->to.at), b->part);
    piece_cursor c = pieces_at(&b->region->pieces, b->start);
    for (size_t at = 0, n; at < b->n; at += n, piece_pass(&c, n)) {
        n = piece_stretch(&c, at, b->n - at);
        const element *row = x + (int64_t)at * m->pitch;
        if (m->step == 1) b->kernels->add_rows(y, row, m->pitch, factors + at, m->width, n);
        else
            for (uint64_t k = 0; k < m->width; k++)
                y[k] += (element)b->kernels->dot(row + (int64_t)k * m->step, factors + at, n);
    }
}

/* The starts of the block's rows; `room` is where they are put if they are not known. */
static const int32_t *starts(const block *b, const row_lookup *l, int32_t room[BLOCK_MOST]) {
    if (l->start) return l->start + b->start;
    row_starts(l, b->run->plan->precision, b->run->at, b->start, b->n, room);
    return room;
}

static void run_row_product(const block *b, const micro *m) {
    int32_t room[2][BLOCK_MOST];
    const int32_t *x = starts(b, &m->rows[0], room[0]), *y = starts(b, &m->rows[1], room[1]);
    b->kernels->row_pairs(entries(b, m->to), entries_of(b->run, m->rows[0].root), x,
                          entries_of(b->run, m->rows[1].root), y, m->width, b->n);
}

/* The result may lie where p does. */
static void run_mixture(const block *b, const micro *m) {
    element *y = entries(b, m->to);
    const element *p = entries(b, m->in[0]);
    uint16_t doubtful[BLOCK_MOST];
    size_t count = 0;
    for (size_t i = 0; i < b->n; i++) {
        doubtful[count] = (uint16_t)i;
        count += !(p[i] > (element)MIXTURE_LEAST);
    }
    b->kernels->unary[OP_log](y, p, b->n);
    if (!count) return;
    int32_t room[2][BLOCK_MOST];
    const int32_t *from[2];
    for (int i = 0; i < 2; i++) from[i] = starts(b, &m->rows[i], room[i]);
    for (size_t k = 0; k < count; k++) {
        size_t i = doubtful[k];
        bool found = from[0][i] >= 0 && from[1][i] >= 0;
        y[i] = !found ? (element)NAN
                      : (element)log_of_rows(b->kernels, entries_of(b->run, m->rows[0].root) + from[0][i],
                                             entries_of(b->run, m->rows[1].root) + from[1][i], m->width);
    }
}

/* Normal and uniform draws come in pairs, of which a block may begin with the second. */
static void run_random(const block *b, const micro *m) {
    const element *x[3] = {0};
    for (int i = 0; i < op_inputs(m->op); i++) x[i] = entries(b, m->in[i]);
    draw_stream s = {b->run->seed, b->run->step, b->run->plan->tape->code.at[m->of].attribute};
    if (b->start % 2 == 0 || op_inputs(m->op)) {
        run_draws(b->kernels, m->op, entries(b, m->to), x, s, b->start, b->n);
        return;
    }
    element drawn[BLOCK_MOST + 1];
    run_draws(b->kernels, m->op, drawn, x, s, b->start - 1, b->n + 1);
    memcpy(entries(b, m->to), drawn + 1, b->n * sizeof *drawn);
}

/* With m the largest: m + log sum exp(x - m); an infinite m is the result. */
static void run_layers(block *b, const micro *m) {
    element sum[BLOCK_MOST], term[BLOCK_MOST], *most = entries(b, m->to);
    const kernels *k = b->kernels;
    memmove(most, entries(b, m->in[0]), b->n * sizeof *most);
    for (b->layer = 1; b->layer < m->layers; b->layer++)
        k->binary[OP_maximum](most, most, entries(b, m->in[0]), b->n);
    k->splat(sum, 0, b->n);
    for (b->layer = 0; b->layer < m->layers; b->layer++) {
        k->binary[OP_sub](term, entries(b, m->in[0]), most, b->n);
        k->unary[OP_exp](term, term, b->n);
        k->add_to(sum, term, b->n);
    }
    b->layer = 0;
    k->unary[OP_log](sum, sum, b->n);
    for (size_t i = 0; i < b->n; i++)
        if (!isinf(most[i])) most[i] += sum[i];
}

static element *stream_at(const block *b, const stream *s) {
    if (s->kind == STREAM_entries && !s->by_piece) return entries(b, s->at);
    if (!s->of_sum) return whole(b, s->at);
    const region_sum *sum = sum_of(b, s->at.at);
    return sum_entries(b->run, sum, b->part) + s->at.offset - sum->range[b->part].low;
}

static void run_strand(const block *b, const strand *s) {
    void *at[STREAMS_MOST];
    for (uint32_t k = 0; k < s->count; k++) at[k] = stream_at(b, &s->streams[k]);
    strand_run(s, &b->region->pieces, at, b->start, b->n);
}

static void run_micro(const block *b, const micro *m) {
    const operand *in = m->in;
    switch (m->kind) {
    case MICRO_load: run_load(b, m); break;
    case MICRO_gather: run_gather(b, m); break;
    case MICRO_unary: ((unary_kernel *)m->run)(entries(b, m->to), entries(b, in[0]), b->n); break;
    case MICRO_binary:
        ((binary_kernel *)m->run)(entries(b, m->to), entries(b, in[0]), entries(b, in[1]), b->n);
        break;
    case MICRO_binary_vs:
        ((binary_kernel_vs *)m->run)(entries(b, m->to), entries(b, in[0]), scalar(b, in[1]), b->n);
        break;
    case MICRO_binary_sv:
        ((binary_kernel_sv *)m->run)(entries(b, m->to), scalar(b, in[0]), entries(b, in[1]), b->n);
        break;
    case MICRO_ternary:
        ((ternary_kernel *)m->run)(entries(b, m->to), entries(b, in[0]), entries(b, in[1]), entries(b, in[2]),
                                   b->n);
        break;
    case MICRO_select:
        b->kernels->select(entries(b, m->to), entries(b, in[0]), entries(b, in[1]), entries(b, in[2]), b->n);
        break;
    case MICRO_random: run_random(b, m); break;
    case MICRO_layers: break;
    case MICRO_strand: run_strand(b, m->strand); break;
    case MICRO_rows_dot: run_rows_dot(b, m); break;
    case MICRO_row_product: run_row_product(b, m); break;
    case MICRO_mixture: run_mixture(b, m); break;
    case MICRO_rows_add: run_rows_add(b, m); break;
    case MICRO_scatter: run_table(b, m); break;
    case MICRO_sum:
    case MICRO_dot: run_sum(b, m); break;
    }
}

static void run_layered(block *b, const micro *m) {
    if (m->kind == MICRO_layers) run_layers(b, m);
    else
        for (b->layer = 0; b->layer < m->layers; b->layer++) run_micro(b, m);
    b->layer = 0;
}

static void clear_sums(const execution *e, const region *g, uint32_t part) {
    for (uint32_t i = 0; i < g->sum_count; i++) {
        const sum_range *r = &g->sums[i].range[part];
        if (r->size) memset(sum_entries(e, &g->sums[i], part), 0, r->size * sizeof(element));
    }
}

/* The entries of the block that begins at `start`: whole chunks, see piece_stretch(). */
static size_t block_entries(const region *g, uint64_t start, uint64_t to) {
    if (to - start <= g->block) return (size_t)(to - start);
    if (!g->pieces.length) return g->block;
    piece_cursor c = pieces_at(&g->pieces, start + g->block);
    return g->block - (size_t)(piece_done(&c) % CHUNK);
}

static void run_blocks(block *b, uint64_t from, uint64_t to) {
    const region *g = b->region;
    for (b->start = from; b->start < to; b->start += b->n) {
        b->n = block_entries(g, b->start, to);
        for (uint32_t i = 0; i < g->count; i++) run_layered(b, &g->micros[i]);
    }
}

static void run_part(void *context, uint32_t thread, uint32_t part) {
    const step_run *r = context;
    const execution *e = r->run;
    const cut *c = &r->step->cut;
    block b = {e, e->plan->kernels, &r->step->region, part, 0, 0, 0, 0};
    b.scratch = (element *)e->scratch + thread * e->plan->scratch;
    clear_sums(e, b.region, part);
    for (uint64_t i = 0; i < c->outer; i++) run_blocks(&b, cut_from(c, part, i), cut_to(c, part, i));
}

/* Adds the copies of a sum up, in the order of the parts. */
static void join_sum(const execution *e, const region_sum *s, uint32_t parts) {
    element *y = e->at[s->of];
    memset(y, 0, e->plan->values[s->of].entries * sizeof *y);
    for (uint32_t p = 0; p < parts; p++) {
        const sum_range *r = &s->range[p];
        e->plan->kernels->add_to(y + r->low, (element *)e->partials + r->place, r->size);
    }
}

void run_region(const execution *e, const plan_step *s) {
    const region *g = &s->region;
    run_parts(e, s, run_part);
    for (uint32_t i = 0; i < g->sum_count; i++)
        if (g->sums[i].apart) join_sum(e, &g->sums[i], s->cut.parts);
}
