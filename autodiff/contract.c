/* Which sums of products are contractions.
 *
 * The factors of a product that has no other use are divided into two groups, P and Q, and sum over K of P Q
 * is
 *
 *   a contraction   where each group has an axis that the other lacks: a matrix product, whose terms, over
 * the axes of both, must never be laid out; a contraction   where only one group lacks axes, and the other,
 * the larger, is laid out in memory anyway: data, what depends on data alone, or a value that is not
 * elementwise. That is a matrix times a vector: X[row, feature] beta[feature], or g[row] X[row, feature] in
 * its adjoint; left a sum      otherwise. With equal axes, or with a larger group that is computed element by
 * element, the sum fuses with what computes its terms, and nothing is laid out at all.
 *
 * Where both factors are rows that are looked up, u[user, k] v[item, k] for each rating, neither is laid out,
 * nor are the terms of its adjoint (row_reads.h).
 *
 * Of the ways to divide, one for each factor c (all factors within the axes of c, and the rest), the one with
 * the smallest groups is taken, and then with the least work within them. Factors that lack summed axes have
 * left the sum before (simplify.c); one that then multiplies a large result goes back to the smaller group.
 */
#include "autodiff/passes.h"
#include "autodiff/row_reads.h"

enum { FACTORS_MOST = 8 };

typedef struct product {
    ref factors[FACTORS_MOST]; /* numbers in `from` */
    int count;
    bool whole; /* they did not fit */
} product;

/* Collects the factors below r: products without another use are opened. */
static void collect(const rewriting *w, ref r, product *p) {
    const instruction *x = tape_at(w->from, r);
    if (x->op == OP_mul && w->uses[r] == 1) {
        collect(w, x->in[0], p);
        collect(w, x->in[1], p);
    } else if (p->count < FACTORS_MOST) p->factors[p->count++] = r;
    else p->whole = true;
}

typedef struct division {
    bool in_q[FACTORS_MOST];
    axes p, q;
    uint64_t size; /* of the larger group */
    uint64_t work; /* entries of the products within groups */
} division;

static division divide(const rewriting *w, const product *f, axes by) {
    division d = {0};
    int members[2] = {0};
    for (int i = 0; i < f->count; i++) {
        axes of = tape_at(w->from, f->factors[i])->axes;
        d.in_q[i] = !axes_within(of, by);
        members[d.in_q[i]]++;
        if (d.in_q[i]) d.q = axes_union(d.q, of);
        else d.p = axes_union(d.p, of);
    }
    uint64_t p = tape_size(w->from, d.p), q = tape_size(w->from, d.q);
    d.size = p > q ? p : q;
    d.work = (members[0] > 1 ? p : 0) + (members[1] > 1 ? q : 0);
    return d;
}

/* Whether a group is in memory whether or not we contract. */
static bool laid_out(const rewriting *w, const product *f, const division *d, bool in_q) {
    const bool *fixed = w->user;
    int members = 0, variable = 0;
    op variable_op = OP_none;
    for (int i = 0; i < f->count; i++) {
        if (d->in_q[i] != in_q) continue;
        members++;
        if (fixed[f->factors[i]]) continue;
        variable++;
        variable_op = tape_at(w->from, f->factors[i])->op;
    }
    return !variable || (members == 1 && op_kind_of(variable_op) != KIND_MAP);
}

static bool worthwhile(const rewriting *w, const product *f, const division *d) {
    bool p_lacks = !axes_within(d->q, d->p), q_lacks = !axes_within(d->p, d->q);
    if (p_lacks && q_lacks) return true;
    return (p_lacks && laid_out(w, f, d, true)) || (q_lacks && laid_out(w, f, d, false));
}

static bool divides(const product *f, const division *d) {
    bool p = false, q = false;
    for (int i = 0; i < f->count; i++) *(d->in_q[i] ? &q : &p) = true;
    return p && q;
}

static bool better(const division *d, const division *than) {
    return d->size < than->size || (d->size == than->size && d->work < than->work);
}

static ref group(const rewriting *w, const product *f, const division *d, bool in_q) {
    ref all = 0;
    for (int i = 0; i < f->count; i++) {
        if (d->in_q[i] != in_q) continue;
        ref factor = w->map[f->factors[i]];
        all = all ? tape_map2(w->to, OP_mul, all, factor) : factor;
    }
    return all;
}

/* Both factors are looked up in rows over the axis that is summed, and nobody else wants their product. */
static bool is_row_product(const rewriting *w, const product *f, axes over) {
    if (f->count != 2 || f->whole || over.count != 1) return false;
    for (int i = 0; i < 2; i++) {
        ref x = w->map[f->factors[i]];
        axes has = tape_at(w->to, x)->axes;
        if (!has.count || has.at[has.count - 1] != over.at[0] || !row_looked_up(w->to, x)) return false;
    }
    return true;
}

static ref contract_sum(const rewriting *w, instruction x) {
    ref inner = w->from->code.at[w->at].in[0];
    product f = {0};
    collect(w, inner, &f);
    division best = {.size = UINT64_MAX};
    for (int i = 0; i < f.count && !f.whole; i++) {
        division d = divide(w, &f, tape_at(w->from, f.factors[i])->axes);
        if (divides(&f, &d) && better(&d, &best) && worthwhile(w, &f, &d)) best = d;
    }
    axes over = axes_minus(tape_at(w->from, inner)->axes, x.axes);
    if (best.size == UINT64_MAX && is_row_product(w, &f, over))
        return tape_contract(w->to, w->map[f.factors[0]], w->map[f.factors[1]], over);
    if (best.size == UINT64_MAX) return tape_emit(w->to, x);
    return tape_contract(w->to, group(w, &f, &best, false), group(w, &f, &best, true), over);
}

/* The factor that is looked up in rows over the last axis of `of`, which all others lack; -1 without. */
static int row_factor(const rewriting *w, const product *f, axes of) {
    int found = -1;
    axis row = of.count ? of.at[of.count - 1] : AXIS_NONE;
    for (int i = 0; i < f->count; i++) {
        ref x = w->map[f->factors[i]];
        axes has = tape_at(w->to, x)->axes;
        if (!axes_has(has, row)) continue;
        if (found >= 0 || has.at[has.count - 1] != row || !row_looked_up(w->to, x)) return -1;
        found = i;
    }
    return f->whole ? -1 : found;
}

/* Rows that are looked up, each times its weight, into places of the same rows: the adjoint of a product of
 * rows. */
static ref scatter_rows(const rewriting *w, instruction x) {
    product f = {0};
    collect(w, w->from->code.at[w->at].in[0], &f);
    int rows = row_factor(w, &f, x.axes);
    bool places = rows >= 0 && x.attribute != x.axes.at[x.axes.count - 1] && f.count > 1 &&
                  !axes_has(tape_at(w->to, x.in[1])->axes, x.axes.at[x.axes.count - 1]);
    if (!places) return tape_emit(w->to, x);
    ref weight = 0;
    for (int i = 0; i < f.count; i++)
        if (i != rows)
            weight = weight ? tape_map2(w->to, OP_mul, weight, w->map[f.factors[i]]) : w->map[f.factors[i]];
    return tape_scatter_rows(w->to, w->map[f.factors[rows]], weight, x.in[1], (axis)x.attribute, x.axes);
}

/* c sum over K of P Q, with a result that is larger than P: c goes to P. */
static ref scale_contraction(const rewriting *w, instruction x) {
    for (int i = 0; i < 2; i++) {
        const instruction sum = *tape_at(w->to, x.in[i]);
        axes of_c = tape_at(w->to, x.in[1 - i])->axes;
        if (sum.op != OP_contract || w->uses[w->from->code.at[w->at].in[i]] > 1) continue;
        ref p = sum.in[0], q = sum.in[1];
        if (tape_size(w->to, tape_at(w->to, q)->axes) < tape_size(w->to, tape_at(w->to, p)->axes))
            p = sum.in[1], q = sum.in[0];
        axes of_p = tape_at(w->to, p)->axes, all = axes_union(of_p, tape_at(w->to, q)->axes);
        if (!axes_within(of_c, axes_common(of_p, sum.axes)) ||
            tape_size(w->to, of_p) >= tape_size(w->to, x.axes))
            continue;
        return tape_contract(w->to, tape_map2(w->to, OP_mul, x.in[1 - i], p), q, axes_minus(all, sum.axes));
    }
    return tape_emit(w->to, x);
}

static ref contract(const rewriting *w, instruction x) {
    if (x.op == OP_mul) return scale_contraction(w, x);
    if (x.op == OP_scatter) return scatter_rows(w, x);
    return x.op == OP_sum ? contract_sum(w, x) : pass_emit(w, x);
}

void pass_contract(const tape *from, tape *to) {
    pass_rewrite(from, to, contract, pass_find_fixed(from, to->arena));
}
