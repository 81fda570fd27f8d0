/* Mixtures over tables. Where the terms of a log_sum_exp over k are sums of two tables,
 *
 *   log sum over k of exp(a[d, k] + b[v, k])
 *
 * with d and v looked up for each entry (or axes of the entries themselves), nearly all exponentials are
 * those of the tables, which are small: with A[d] the largest of a[d, k] over k and B[v] likewise,
 *
 *   = A[d] + B[v] + log p,   p = sum over k of e[d, k] f[v, k],   e = exp(a - A), f = exp(b - B),
 *
 * one product of two rows. The adjoint, for g that of the result, is a sum of rows:
 *
 *   of a[d, k]   e[d, k] * sum over the entries with this d of (g / p) f[v, k]
 *
 * and of b likewise. No term of p is above 1, but all may be tiny where a is large for other k than b. Then
 * the rows of a - A and b - B say what the product does not: `mixture` takes the log_sum_exp of their sum,
 * and `shares` its derivative, for the entries where p is at most MIXTURE_LEAST, and for no others. A row
 * that is -infinity throughout, or has an infinity, is not shifted.
 *
 * In the tape the gradient is exp(a + b - r), for r the log_sum_exp (0 where that is -infinity), times what
 * else there is, summed or scattered. Sums that bring it into the axes of one of the tables are replaced;
 * where it is wanted otherwise it is computed as it stands.
 *
 * The axis k becomes one behind all others, so that rows are rows. */
#include "autodiff/passes.h"

#include <math.h>

enum { SIDES = 2, TERMS_MOST = 16, ENTRIES_LEAST = 256 };

/* A table, with or without the index that it is looked up by. */
typedef struct side {
    ref table, index;
    axis of;
    ref exps, rows, logs; /* exp(table - largest); its rows by entry; those of the table minus its largest */
    ref shift;            /* the largest, by entry */
} side;

typedef struct mixture {
    ref sum;   /* a + b, in the tape that is read */
    axis over; /* its axis k */
    axis row;  /* … as the last one, in the tape that is written */
    side sides[SIDES];
    ref p, log_p, trusted;
} mixture;

typedef struct mixing {
    mixture **of; /* by ref of the tape that is read: of a log_sum_exp */
    axis *row;    /* by axis: its name behind all others, AXIS_NONE without */
} mixing;

static const instruction *at(const tape *t, ref r) { return tape_at(t, r); }
static axes axes_of(const tape *t, ref r) { return tape_at(t, r)->axes; }
static ref number(tape *t, double x) { return tape_number(t, x); }

/* The terms. */

typedef struct terms {
    int sides;
    side side[SIDES];
    ref rest; /* what lacks the axis; 0: nothing */
} terms;

static ref add(tape *t, ref x, ref y) { return x ? tape_map2(t, OP_add, x, y) : y; }

static bool may_join(const tape *t, const side *s, const side *term) {
    if (term->index) return s->index == term->index && s->of == term->of;
    axes have = axes_of(t, s->table);
    if (s->index) have = axes_without(have, s->of);
    axes needs = axes_of(t, term->table);
    return axes_within(needs, have) || (!s->index && axes_within(have, needs));
}

static bool add_term(tape *t, terms *all, side term) {
    for (int i = 0; i < all->sides; i++) {
        side *s = &all->side[i];
        if (!may_join(t, s, &term)) continue;
        s->table = add(t, s->table, term.table);
        return true;
    }
    if (all->sides == SIDES) return false;
    all->side[all->sides++] = term;
    return true;
}

/* What is looked up comes first, so that what has no index of its own joins it. */
static bool collect(tape *t, ref r, axis k, bool looked_up, terms *all) {
    const instruction x = *at(t, r);
    if (x.op == OP_add && axes_has(x.axes, k))
        return collect(t, x.in[0], k, looked_up, all) && collect(t, x.in[1], k, looked_up, all);
    if (!axes_has(x.axes, k)) {
        if (looked_up) all->rest = add(t, all->rest, r);
        return true;
    }
    bool is_looked_up = x.op == OP_gather && x.attribute != k && !axes_has(axes_of(t, x.in[1]), k);
    if (is_looked_up != looked_up) return true;
    return add_term(t, all,
                    looked_up ? (side){.table = x.in[0], .index = x.in[1], .of = (axis)x.attribute}
                              : (side){.table = r, .of = AXIS_NONE});
}

static bool pays(const tape *t, const terms *all, axes of, axis k) {
    uint64_t tables = 0, entries = tape_size(t, of);
    for (int i = 0; i < SIDES; i++) tables += tape_size(t, axes_of(t, all->side[i].table));
    return entries >= ENTRIES_LEAST && tables <= entries / 2 && tables <= INT32_MAX &&
           entries / t->axes.at[k].size <= INT32_MAX;
}

/* The value. */

/* Of an exponential, perhaps under another name. */
static ref exponent_of(tape *t, ref r) {
    const instruction x = *at(t, r);
    if (x.op == OP_exp) return x.in[0];
    if (x.op != OP_rename || at(t, x.in[0])->op != OP_exp) return 0;
    return tape_rename(t, at(t, x.in[0])->in[0], (axis)x.attribute, (axis)x.attribute2);
}

/* x with its axis k under another name, which goes to the leaves: a name that k was given is taken back. */
static ref renamed(tape *t, ref r, axis k, axis to) {
    instruction x = *at(t, r);
    if (!axes_has(x.axes, k)) return r;
    if (x.op == OP_rename && x.attribute2 == k) return tape_rename(t, x.in[0], (axis)x.attribute, to);
    if (op_kind_of(x.op) != KIND_MAP) return tape_rename(t, r, k, to);
    for (int i = 0; i < op_inputs(x.op); i++) x.in[i] = renamed(t, x.in[i], k, to);
    if (x.op == OP_log && exponent_of(t, x.in[0])) return exponent_of(t, x.in[0]);
    x.axes = axes_with(axes_without(x.axes, k), to);
    span here = t->at; /* what it comes from is still where it was */
    t->at = x.at;
    r = tape_emit(t, x);
    t->at = here;
    return r;
}

static axis row_axis(tape *t, mixing *m, axis k) {
    if (m->row[k] == AXIS_NONE) m->row[k] = tape_add_axis(t, t->axes.at[k].name, t->axes.at[k].size);
    return m->row[k];
}

static ref looked_up(tape *t, const side *s, ref table) {
    return s->index ? tape_gather(t, table, s->index, s->of) : table;
}

static void take_exponentials(tape *t, side *s, axis k, axis row) {
    s->table = renamed(t, s->table, k, row);
    ref most = tape_reduce(t, OP_max, s->table, axes_one(row)), infinity = number(t, INFINITY);
    ref finite = tape_map2(t, OP_lt, tape_map1(t, OP_abs, most), infinity);
    most = tape_select(t, finite, most, number(t, 0));
    ref logs = tape_map2(t, OP_sub, s->table, most);
    s->exps = tape_map1(t, OP_exp, logs);
    s->rows = looked_up(t, s, s->exps);
    s->logs = looked_up(t, s, logs);
    s->shift = s->index && axes_has(axes_of(t, most), s->of) ? looked_up(t, s, most) : most;
}

static ref mix(const rewriting *w, instruction x) {
    mixing *all = w->user;
    tape *t = w->to;
    axes of = axes_of(t, x.in[0]), over = axes_minus(of, x.axes);
    if (over.count != 1) return pass_emit(w, x);
    axis k = over.at[0];
    terms found = {0};
    if (!collect(t, x.in[0], k, true, &found) || !collect(t, x.in[0], k, false, &found) ||
        found.sides != SIDES || !pays(t, &found, of, k))
        return pass_emit(w, x);
    axes entries = {0};
    for (int i = 0; i < SIDES; i++)
        entries = axes_union(entries, axes_of(t, looked_up(t, &found.side[i], found.side[i].table)));
    if (!axes_equal(entries, of)) return pass_emit(w, x);
    mixture *m = arena_new(t->arena, mixture);
    *m = (mixture){.sum = tape_at(w->from, w->at)->in[0], .over = k, .row = row_axis(t, all, k)};
    for (int i = 0; i < SIDES; i++) {
        m->sides[i] = found.side[i];
        take_exponentials(t, &m->sides[i], k, m->row);
    }
    m->p = tape_contract(t, m->sides[0].rows, m->sides[1].rows, axes_one(m->row));
    m->log_p = tape_mixture(t, m->sides[0].logs, m->sides[1].logs, m->p, m->row);
    m->trusted = tape_map2(t, OP_lt, number(t, MIXTURE_LEAST), m->p);
    all->of[w->at] = m;
    ref r = tape_map2(t, OP_add, m->log_p, tape_map2(t, OP_add, m->sides[0].shift, m->sides[1].shift));
    return found.rest ? tape_map2(t, OP_add, r, found.rest) : r;
}

/* The gradient. */

/* A product with a factor exp(a + b - r). */
typedef struct share {
    const mixture *of;
    axis k;      /* what the product calls its axis */
    ref weight;  /* the other factors; 0: none */
    axes summed; /* away, before they are summed further */
} share;

static const mixture *mixture_of_bound(const rewriting *w, ref r) {
    const mixing *all = w->user;
    const instruction *x = at(w->from, r);
    if (x->op != OP_select) return all->of[r];
    const instruction *condition = at(w->from, x->in[0]), *zero = at(w->from, x->in[1]);
    if (condition->op != OP_eq || zero->op != OP_number || zero->number != 0) return NULL;
    for (int i = 0; i < 2; i++) {
        const instruction *bound = at(w->from, condition->in[1 - i]);
        if (condition->in[i] == x->in[2] && bound->op == OP_number && bound->number == -INFINITY)
            return all->of[x->in[2]];
    }
    return NULL;
}

static bool find_share(const rewriting *w, ref r, share *s);

static bool find_weighted(const rewriting *w, const instruction *x, int i, share *s) {
    ref weight = w->map[x->in[1 - i]];
    if (!find_share(w, x->in[i], s)) return false;
    if (!axes_within(axes_of(w->to, weight), axes_minus(axes_of(w->to, s->of->p), s->summed))) return false;
    if (x->op == OP_div) weight = tape_map2(w->to, OP_div, number(w->to, 1), weight);
    s->weight = s->weight ? tape_map2(w->to, OP_mul, s->weight, weight) : weight;
    return true;
}

static bool find_share(const rewriting *w, ref r, share *s) {
    const instruction *x = at(w->from, r);
    switch (x->op) {
    case OP_exp: {
        const instruction *c = at(w->from, x->in[0]);
        s->of = c->op == OP_sub ? mixture_of_bound(w, c->in[1]) : NULL;
        if (!s->of || s->of->sum != c->in[0]) return false;
        s->k = s->of->over;
        return true;
    }
    case OP_rename:
        if (!find_share(w, x->in[0], s) || s->k != x->attribute) return false;
        s->k = (axis)x->attribute2;
        return true;
    case OP_sum:
        if (!find_share(w, x->in[0], s) || !axes_has(x->axes, s->k)) return false;
        s->summed = axes_union(s->summed, axes_minus(axes_of(w->from, x->in[0]), x->axes));
        return true;
    case OP_mul: return find_weighted(w, x, 0, s) || find_weighted(w, x, 1, s);
    case OP_div: return find_weighted(w, x, 0, s);
    default: return false;
    }
}

static ref sum_rows(tape *t, const side *s, ref rows, ref weight) {
    axes to = axes_of(t, s->exps);
    return s->index ? tape_scatter_rows(t, rows, weight, s->index, s->of, to)
                    : tape_sum_rows(t, rows, weight, to);
}

/* The sum of weighted shares, over all entries that look the same row up, in the axes of the table. */
static ref pull(tape *t, const share *s, int i) {
    const mixture *m = s->of;
    const side *own = &m->sides[i], *other = &m->sides[1 - i];
    ref infinity = number(t, INFINITY), weight = s->weight ? s->weight : number(t, 1);
    ref by_p = tape_map2(t, OP_div, weight, tape_select(t, m->trusted, m->p, infinity));
    ref trusted = tape_map2(t, OP_mul, own->exps, sum_rows(t, own, other->rows, by_p));
    ref bound = tape_select(t, m->trusted, infinity, m->log_p);
    ref doubtful = tape_shares(t, m->sides[0].logs, m->sides[1].logs, bound);
    return tape_map2(t, OP_add, trusted, sum_rows(t, own, doubtful, weight));
}

/* Whether the axes `to` of a sum of shares are among those of a table. */
static bool is_within_table(const tape *t, const share *s, int i, axes to) {
    axes have = axes_with(axes_without(axes_of(t, s->of->sides[i].exps), s->of->row), s->k);
    return axes_has(to, s->k) && axes_within(to, have);
}

static ref pulled_to(tape *t, const share *s, int i, axes to) {
    ref r = tape_rename(t, pull(t, s, i), s->of->row, s->k);
    return tape_sum(t, r, axes_minus(axes_of(t, r), to));
}

static ref mix_scatter(const rewriting *w, instruction x) {
    share s = {0};
    bool found = find_share(w, at(w->from, w->at)->in[0], &s);
    for (int i = 0; i < SIDES && found; i++) {
        const side *own = &s.of->sides[i];
        if (own->index == x.in[1] && own->of == x.attribute && axes_has(x.axes, own->of) &&
            is_within_table(w->to, &s, i, x.axes))
            return pulled_to(w->to, &s, i, x.axes);
    }
    return pass_emit(w, x);
}

static ref mix_sum(const rewriting *w, instruction x) {
    share s = {0};
    bool found = find_share(w, at(w->from, w->at)->in[0], &s);
    for (int i = 0; i < SIDES && found; i++)
        if (is_within_table(w->to, &s, i, x.axes) && !axes_has(x.axes, s.of->sides[i].of))
            return pulled_to(w->to, &s, i, x.axes);
    return pass_emit(w, x);
}

/* Whether all that has the axis k below r was given this name. */
static bool is_name(const tape *t, ref r, axis k) {
    const instruction *x = at(t, r);
    if (!axes_has(x->axes, k)) return true;
    if (op_kind_of(x->op) != KIND_MAP) return x->op == OP_rename && x->attribute2 == k;
    for (int i = 0; i < op_inputs(x->op); i++)
        if (!is_name(t, x->in[i], k)) return false;
    return true;
}

/* What a sum of shares is given the name k for, only to lose it again, is computed under the other name. */
static ref mix_rename(const rewriting *w, instruction x) {
    axis k = (axis)x.attribute;
    bool mixed = ((const mixing *)w->user)->row[k] != AXIS_NONE;
    return mixed && is_name(w->to, x.in[0], k) ? renamed(w->to, x.in[0], k, (axis)x.attribute2)
                                               : pass_emit(w, x);
}

static ref rewrite(const rewriting *w, instruction x) {
    switch (x.op) {
    case OP_log_sum_exp: return mix(w, x);
    case OP_scatter: return mix_scatter(w, x);
    case OP_sum: return mix_sum(w, x);
    case OP_rename: return mix_rename(w, x);
    default: return pass_emit(w, x);
    }
}

void pass_mix(const tape *from, tape *to) {
    mixing m = {arena_array(to->arena, mixture *, from->code.count),
                arena_array(to->arena, axis, from->axes.count + 1)};
    for (uint32_t i = 0; i <= from->axes.count; i++) m.row[i] = AXIS_NONE;
    pass_rewrite(from, to, rewrite, &m);
}
