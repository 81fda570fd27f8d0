#include "autodiff/row_reads.h"

#include "autodiff/execution.h"

static const instruction *at(const tape *t, ref r) { return tape_at(t, r); }
static axis last_axis(axes of) { return of.count ? of.at[of.count - 1] : AXIS_NONE; }

/* What x[…, row] is looked up in: a table of rows; else x itself. */
static row_source source_of(const tape *t, ref x, axis row) {
    const instruction *c = at(t, x);
    bool looked_up = c->op == OP_gather && c->attribute != row && !axes_has(at(t, c->in[1])->axes, row) &&
                     last_axis(at(t, c->in[0])->axes) == row;
    return looked_up ? (row_source){c->in[0], c->in[1], (axis)c->attribute} : (row_source){x, 0, AXIS_NONE};
}

bool row_looked_up(const tape *t, ref x) {
    axis row = last_axis(at(t, x)->axes);
    return row != AXIS_NONE && source_of(t, x, row).index;
}

static void add(row_reads *l, ref r) {
    if (r) l->at[l->count++] = r;
}

static void add_source(row_reads *l, const tape *t, ref x) {
    row_source s = source_of(t, x, l->row);
    l->source[l->sources++] = s;
    add(l, s.x);
    add(l, s.index);
}

static void add_sources(row_reads *l, const tape *t, const instruction *x) {
    add_source(l, t, x->in[0]);
    add_source(l, t, x->in[1]);
    l->others = l->count;
}

/* Whether the places where its rows begin can be numbered. */
static bool has_starts(const tape *t, ref x) { return tape_size(t, at(t, x)->axes) <= INT32_MAX; }

/* A product over the last axis of both, of which one is looked up. */
static row_reads of_product(const tape *t, const instruction *x) {
    axes a = at(t, x->in[0])->axes, b = at(t, x->in[1])->axes;
    row_reads l = {.row = last_axis(a)};
    if (last_axis(b) != l.row || !axes_equal(x->axes, axes_without(axes_union(a, b), l.row)))
        return (row_reads){0};
    add_sources(&l, t, x);
    bool looked_up = l.source[0].index || l.source[1].index;
    return looked_up && has_starts(t, l.source[0].x) && has_starts(t, l.source[1].x) ? l : (row_reads){0};
}

static row_reads of_mixture(const tape *t, const instruction *x) {
    row_reads l = {.row = (axis)x->attribute};
    add_sources(&l, t, x);
    add(&l, x->in[2]);
    return l;
}

static row_reads of_sum(const tape *t, const instruction *x) {
    const instruction *rows = at(t, x->in[0]);
    row_reads l = {.row = last_axis(rows->axes)};
    if (rows->op == OP_shares) {
        add_sources(&l, t, rows);
        add(&l, rows->in[2]);
    } else add_source(&l, t, x->in[0]), l.others = l.count;
    add(&l, x->in[1]);
    add(&l, x->in[2]);
    return l;
}

row_reads *row_reads_find(const tape *t, arena *a) {
    row_reads *list = arena_array(a, row_reads, t->code.count);
    for (ref r = 1; r < t->code.count; r++) {
        const instruction *x = at(t, r);
        if (x->op == OP_contract) list[r] = of_product(t, x);
        if (x->op == OP_mixture) list[r] = of_mixture(t, x);
        if (x->op == OP_sum_rows || x->op == OP_scatter_rows) list[r] = of_sum(t, x);
    }
    return list;
}

void row_starts(const row_lookup *l, precision p, void *const *at, uint64_t from, size_t n, int32_t *start) {
    cursor c = walk_at(l->walk, from);
    for (size_t i = 0; i < n; i++, cursor_pass(&c, 1)) {
        int64_t place = l->index ? place_of_index(element_read(p, at[l->index], c.at[1]), l->reach) : 0;
        start[i] = place < 0 ? -1 : (int32_t)(c.at[0] + place * l->pitch);
    }
}

/* By counting; stable. What has no place goes nowhere. */
void row_sum_sort(row_sum *s, precision p, void *const *at) {
    int32_t *to = s->to.start;
    row_starts(&s->to, p, at, 0, s->entries, to);
    for (uint64_t i = 0; i < s->entries; i++)
        if (to[i] >= 0) s->segment[(uint64_t)to[i] / s->width + 1]++;
    for (uint64_t k = 0; k < s->rows; k++) s->segment[k + 1] += s->segment[k];
    for (uint64_t i = 0; i < s->entries; i++)
        if (to[i] >= 0) s->entry[s->segment[(uint64_t)to[i] / s->width]++] = (int32_t)i;
    for (uint64_t k = s->rows; k > 0; k--) s->segment[k] = s->segment[k - 1];
    s->segment[0] = 0;
    row_starts(&s->from[0], p, at, 0, s->entries, to);
    for (int32_t i = 0; i < s->segment[s->rows]; i++) s->start[i] = to[s->entry[i]];
}
