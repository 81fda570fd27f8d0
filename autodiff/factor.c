/* Products in normal form: every chain of products, quotients and negations is
 *
 *   number * a1^(k1/2) * a2^(k2/2) * …
 *
 * with atoms ai that are no products themselves. It is written down only where somebody needs the value. So
 *
 *   equal factors meet      z = e / s gives e^2 / s^2 for z * z, and with s = sqrt(h) that is e^2 / h:
 * neither the root nor a second division is left of a normal density and its adjoint; factors leave sums sum
 * over K of (c x) = c * sum over K of x, for a c that lacks the axes K, as do contractions and scatters, and
 * c a + c b = c (a + b): an adjoint is multiplied by its scalars once, at the end, and not entry by entry;
 *   few meet few            factors are multiplied with those of their own size, smallest first;
 *   one division            what divides is inverted once, for all products that it divides.
 *
 * Where the factors of a product are written down anyway, it is left as it was if that costs less. What
 * depends on data alone stays as it was too, and what decides a comparison or is rounded: 49 / 49 is 1, and
 * 49 times the inverse of 49 is less.
 *
 * Values change by rounding, and where a square over- or underflows that stood under a division before. Roots
 * are only taken apart where a log of the same value is on the tape, so that a negative one stays seen.
 *
 * Simplification follows, for what has met. */
#include "autodiff/passes.h"

#include <math.h>
#include <stdlib.h>

enum { ATOMS_MOST = 8 };

typedef struct power {
    ref atom;   /* a value of the new tape */
    int halves; /* the exponent, doubled */
} power;

typedef struct monomial {
    double number;
    int count;
    power at[ATOMS_MOST]; /* by atom, ascending */
} monomial;

typedef struct factoring {
    const tape *from;
    tape *to;
    const uint32_t *uses;
    const bool *fixed; /* by ref of `from`: depends on data alone */
    monomial *form;
    ref *made;          /* … its number in `to`, 0 while nobody needs it */
    bool *eager;        /* … is needed in any case */
    bool *exact;        /* … stays as it was */
    bool *logged;       /* … has a log */
    vector(bool) known; /* by ref of `to`: depends on data alone */
} factoring;

static axes axes_of(const factoring *f, ref r) { return tape_at(f->to, r)->axes; }
static uint64_t size_of(const factoring *f, ref r) { return tape_size(f->to, axes_of(f, r)); }

/* Monomials. */

static monomial number_of(double x) { return (monomial){.number = x}; }
static monomial atom_of(ref r) { return (monomial){.number = 1, .count = 1, .at = {{r, 2}}}; }
static bool is_power(const monomial *m) { return m->number == 1 && m->count == 1; }
static bool is_atom(const monomial *m) { return is_power(m) && m->at[0].halves == 2; }

/* Multiplies by a power; false where there are too many atoms. */
static bool include(monomial *m, power p) {
    int i = 0;
    while (i < m->count && m->at[i].atom < p.atom) i++;
    if (i < m->count && m->at[i].atom == p.atom) {
        m->at[i].halves += p.halves;
        if (m->at[i].halves) return true;
        memmove(&m->at[i], &m->at[i + 1], (size_t)(--m->count - i) * sizeof *m->at);
        return true;
    }
    if (m->count == ATOMS_MOST) return false;
    memmove(&m->at[i + 1], &m->at[i], (size_t)(m->count++ - i) * sizeof *m->at);
    m->at[i] = p;
    return true;
}

/* x * y or, with `sign` -1, x / y. Numbers that leave the range stay apart. */
static bool combine(const monomial *x, const monomial *y, int sign, monomial *result) {
    *result = *x;
    result->number = sign > 0 ? x->number * y->number : x->number / y->number;
    if (!isnormal(result->number)) return false;
    for (int i = 0; i < y->count; i++)
        if (!include(result, (power){y->at[i].atom, sign * y->at[i].halves})) return false;
    return true;
}

/* Writing down. With `dry` nothing is: only the entries are counted that would be computed, a division as
 * five. */

typedef struct part {
    ref r; /* 0: would be new */
    axes axes;
    bool any; /* there is a value: a product of no factors has none */
} part;

typedef struct writer {
    factoring *f;
    bool dry;
    uint64_t cost;
} writer;

static const int DIVISION = 5;

static part existing(const factoring *f, ref r) { return (part){r, axes_of(f, r), true}; }

static part operate(writer *w, op o, part x, part y) {
    instruction c = {.op = o, .in = {x.r, y.r}, .axes = axes_union(x.axes, y.axes)};
    bool one = op_inputs(o) == 1, known = x.r && (one || y.r);
    ref r = !known ? 0 : w->dry ? tape_find(w->f->to, c) : tape_emit(w->f->to, c);
    if (!r) w->cost += tape_size(w->f->to, c.axes) * (uint64_t)(o == OP_div || o == OP_sqrt ? DIVISION : 1);
    return (part){r, c.axes, true};
}

static part times(writer *w, part x, part y) {
    if (!x.any || !y.any) return x.any ? x : y;
    return operate(w, OP_mul, x, y);
}

static part whole_power(writer *w, part x, int n) {
    if (n < 2) return n ? x : (part){0};
    part half = whole_power(w, x, n / 2), square = operate(w, OP_mul, half, half);
    return n & 1 ? operate(w, OP_mul, square, x) : square;
}

/* x^(halves/2) for halves > 0. */
static part root_power(writer *w, part x, int halves) {
    part whole = whole_power(w, x, halves / 2);
    return halves & 1 ? times(w, whole, operate(w, OP_sqrt, x, (part){0})) : whole;
}

static part number_part(writer *w, double x) { return (part){tape_number(w->f->to, x), {0}, true}; }

static bool is_known(const factoring *f, ref r) { return r < f->known.count && f->known.at[r]; }

/* x^(halves/2). */
static part power_of(writer *w, power p) {
    part x = existing(w->f, p.atom), one = number_part(w, 1);
    if (p.halves > 0) return root_power(w, x, p.halves);
    if (p.halves & 1) x = operate(w, OP_sqrt, x, (part){0});
    return whole_power(w, operate(w, OP_div, one, x), p.halves & 1 ? -p.halves : -p.halves / 2);
}

/* The product of the atoms of one size, those that depend on data alone first. */
static part same_size(writer *w, const monomial *m, uint64_t size) {
    part product = {0};
    for (int known = 1; known >= 0; known--)
        for (int i = 0; i < m->count; i++)
            if (size_of(w->f, m->at[i].atom) == size && is_known(w->f, m->at[i].atom) == known)
                product = times(w, product, power_of(w, m->at[i]));
    return product;
}

/* The smallest size of an atom above `than`; 0 where there is none. */
static uint64_t next_size(const factoring *f, const monomial *m, uint64_t than) {
    uint64_t least = 0;
    for (int i = 0; i < m->count; i++) {
        uint64_t size = size_of(f, m->at[i].atom);
        if (size > than && (!least || size < least)) least = size;
    }
    return least;
}

static part write(writer *w, const monomial *m) {
    part product = {0};
    for (uint64_t size = next_size(w->f, m, 0); size; size = next_size(w->f, m, size)) {
        part here = same_size(w, m, size);
        if (product.any || m->number == 1 || next_size(w->f, m, size)) {
            if (!product.any && m->number != 1 && m->number != -1)
                here = operate(w, OP_mul, number_part(w, m->number), here);
            product = times(w, product, here);
        } else product = m->number == -1 ? here : operate(w, OP_mul, number_part(w, m->number), here);
    }
    if (!product.any) return number_part(w, m->number);
    return m->number == -1 ? operate(w, OP_neg, product, (part){0}) : product;
}

static ref make_monomial(factoring *f, const monomial *m) {
    writer w = {.f = f};
    return write(&w, m).r;
}

static uint64_t cost_of(factoring *f, const monomial *m) {
    writer w = {.f = f, .dry = true};
    write(&w, m);
    return w.cost;
}

/* A product whose operands are there may be cheapest as it was written. */
static bool as_written(factoring *f, ref r) {
    const instruction *x = tape_at(f->from, r);
    if (x->op != OP_mul && x->op != OP_div && x->op != OP_neg) return false;
    for (int i = 0; i < op_inputs(x->op); i++)
        if (!f->made[x->in[i]]) return false;
    writer w = {.f = f, .dry = true};
    part y = x->in[1] ? existing(f, f->made[x->in[1]]) : (part){0};
    operate(&w, x->op, existing(f, f->made[x->in[0]]), y);
    return w.cost <= cost_of(f, &f->form[r]);
}

static ref make(factoring *f, ref r) {
    if (!r || f->made[r]) return f->made[r];
    const instruction *x = tape_at(f->from, r);
    const monomial *m = &f->form[r];
    span at = f->to->at;
    f->to->at = x->at;
    if (as_written(f, r))
        f->made[r] = x->in[1] ? tape_map2(f->to, x->op, f->made[x->in[0]], f->made[x->in[1]])
                              : tape_map1(f->to, x->op, f->made[x->in[0]]);
    else f->made[r] = make_monomial(f, m);
    f->to->at = at;
    return f->made[r];
}

/* With all the axes that it had. */
static ref make_whole(factoring *f, ref r) {
    return r ? tape_expand(f->to, make(f, r), tape_at(f->from, r)->axes) : 0;
}

/* Divides m into the factors that have none of the axes `of`, and the rest. Without any there is nothing to
 * divide: the number stays with the rest. */
static bool split(const factoring *f, const monomial *m, axes of, monomial *outside, monomial *rest) {
    *outside = number_of(m->number);
    *rest = number_of(1);
    for (int i = 0; i < m->count; i++) {
        bool within = axes_common(axes_of(f, m->at[i].atom), of).count;
        monomial *to = within ? rest : outside;
        to->at[to->count++] = m->at[i];
    }
    return outside->count || outside->number != 1;
}

static monomial product(factoring *f, const monomial *x, const monomial *y) {
    monomial m;
    if (combine(x, y, 1, &m)) return m;
    return atom_of(tape_map2(f->to, OP_mul, make_monomial(f, x), make_monomial(f, y)));
}

/* The rules. Each returns the form of a value. */

static monomial of_product(factoring *f, const instruction *x, int sign) {
    monomial m;
    if (combine(&f->form[x->in[0]], &f->form[x->in[1]], sign, &m)) return m;
    return atom_of(tape_map2(f->to, x->op, make(f, x->in[0]), make(f, x->in[1])));
}

static monomial of_root(factoring *f, const instruction *x, ref r) {
    const monomial *m = &f->form[x->in[0]];
    bool seen = f->logged[r] || f->logged[x->in[0]];
    if (!seen) return atom_of(tape_map1(f->to, OP_sqrt, make(f, x->in[0])));
    ref inner = is_atom(m) ? m->at[0].atom : make(f, x->in[0]);
    return (monomial){.number = 1, .count = 1, .at = {{inner, 1}}};
}

static monomial of_log(factoring *f, const instruction *x) {
    const monomial *m = &f->form[x->in[0]];
    if (!is_power(m) || is_atom(m) || tape_at(f->from, x->in[0])->op != OP_sqrt)
        return atom_of(tape_map1(f->to, OP_log, make(f, x->in[0])));
    monomial log = atom_of(tape_map1(f->to, OP_log, m->at[0].atom));
    log.number = 0.5 * m->at[0].halves;
    return log;
}

/* How often p and q have their atom in common. */
static int common_halves(power p, power q) {
    if (p.atom != q.atom || (p.halves > 0) != (q.halves > 0)) return 0;
    return abs(p.halves) < abs(q.halves) ? p.halves : q.halves;
}

/* c a + c b = c (a + b), for a c that has fewer entries than the sum; or any, where nobody else needs the
 * terms. */
static monomial common_factor(const factoring *f, const instruction *x) {
    const monomial *a = &f->form[x->in[0]], *b = &f->form[x->in[1]];
    uint64_t size = tape_size(f->from, x->axes);
    bool own = f->uses[x->in[0]] == 1 && f->uses[x->in[1]] == 1 && !f->made[x->in[0]] && !f->made[x->in[1]];
    monomial c = number_of(1);
    for (int i = 0; i < a->count; i++)
        for (int k = 0; k < b->count; k++) {
            int halves = common_halves(a->at[i], b->at[k]);
            if (halves && (own || size_of(f, a->at[i].atom) < size))
                include(&c, (power){a->at[i].atom, halves});
        }
    return c;
}

/* p + q with at most one sign, which a factor in front takes where both are negative. */
static ref signed_sum(factoring *f, monomial p, monomial q, double *sign) {
    *sign = p.number < 0 && q.number < 0 ? -1 : 1;
    p.number *= *sign, q.number *= *sign;
    if (p.number < 0 || q.number < 0) {
        monomial *minus = p.number < 0 ? &p : &q, *plus = p.number < 0 ? &q : &p;
        minus->number = -minus->number;
        ref x = make_monomial(f, plus);
        return tape_map2(f->to, OP_sub, x, make_monomial(f, minus));
    }
    ref x = make_monomial(f, &p);
    return tape_map2(f->to, OP_add, x, make_monomial(f, &q));
}

static monomial of_sum(factoring *f, const instruction *x) {
    monomial p = f->form[x->in[0]], q = f->form[x->in[1]], c = common_factor(f, x), rest[2];
    bool alike = fabs(p.number) == fabs(q.number);
    bool numbers = alike && p.count && q.count && fabs(p.number) != 1;
    if (!c.count && !numbers) return atom_of(tape_map2(f->to, x->op, make(f, x->in[0]), make(f, x->in[1])));
    if (alike) c.number = fabs(p.number);
    combine(&p, &c, -1, &rest[0]);
    combine(&q, &c, -1, &rest[1]);
    if (x->op == OP_sub) rest[1].number = -rest[1].number;
    double sign;
    monomial sum = atom_of(signed_sum(f, rest[0], rest[1], &sign));
    c.number *= sign;
    return product(f, &c, &sum);
}

/* The last product under a sum costs nothing, the sum does it; but if the value is there, and the rest of it
 * is not, that is what is summed. */
static monomial of_reduction(factoring *f, const instruction *x) {
    ref in = x->in[0];
    axes over = axes_minus(tape_at(f->from, in)->axes, x->axes);
    monomial outside, rest;
    bool divided = split(f, &f->form[in], over, &outside, &rest);
    if (!divided || (f->made[in] && cost_of(f, &rest) > tape_size(f->from, tape_at(f->from, in)->axes)))
        return atom_of(tape_sum(f->to, make(f, in), over));
    monomial sum = atom_of(tape_sum(f->to, make_monomial(f, &rest), over));
    return product(f, &outside, &sum);
}

static monomial of_contraction(factoring *f, const instruction *x) {
    axes a = tape_at(f->from, x->in[0])->axes, b = tape_at(f->from, x->in[1])->axes;
    axes over = axes_minus(axes_union(a, b), x->axes);
    monomial outside[2], rest[2];
    for (int i = 0; i < 2; i++) {
        const monomial *m = &f->form[x->in[i]];
        bool smaller = tape_size(f->from, x->axes) <= tape_size(f->from, i ? b : a);
        if (!smaller || !split(f, m, over, &outside[i], &rest[i])) outside[i] = number_of(1), rest[i] = *m;
    }
    ref p = tape_expand(f->to, make_monomial(f, &rest[0]), axes_common(over, a));
    ref q = tape_expand(f->to, make_monomial(f, &rest[1]), axes_common(over, b));
    monomial sum = atom_of(tape_contract(f->to, p, q, over));
    sum = product(f, &outside[0], &sum);
    return product(f, &outside[1], &sum);
}

static monomial of_scatter(factoring *f, const instruction *x) {
    ref in = x->in[0];
    axes of = tape_at(f->from, in)->axes, all = axes_union(of, tape_at(f->from, x->in[1])->axes);
    axes changed = axes_with(axes_minus(all, x->axes), (axis)x->attribute);
    bool smaller = tape_size(f->from, x->axes) < tape_size(f->from, of);
    monomial outside = number_of(1), rest;
    bool divided = smaller && split(f, &f->form[in], changed, &outside, &rest);
    instruction c = *x;
    c.in[0] = divided ? tape_expand(f->to, make_monomial(f, &rest), of) : make_whole(f, in);
    c.in[1] = make_whole(f, x->in[1]);
    monomial scattered = atom_of(tape_emit(f->to, c));
    return product(f, &outside, &scattered);
}

static monomial of_other(factoring *f, const rewriting *w, instruction x) {
    if (x.op == OP_scan) return atom_of(pass_emit(w, x));
    bool map = op_kind_of(x.op) == KIND_MAP;
    axes of = {0};
    for (int i = 0; i < op_inputs(x.op); i++) {
        ref in = tape_at(f->from, w->at)->in[i];
        x.in[i] = map ? make(f, in) : make_whole(f, in);
        of = axes_union(of, axes_of(f, x.in[i]));
    }
    if (map) x.axes = of;
    return atom_of(tape_emit(f->to, x));
}

static monomial form_of(factoring *f, const rewriting *w, instruction x) {
    const instruction *c = tape_at(f->from, w->at);
    monomial m;
    if (c->op == OP_number && isnormal(c->number)) return number_of(c->number);
    if (f->exact[w->at]) return of_other(f, w, x);
    switch (c->op) {
    case OP_neg:
        m = f->form[c->in[0]];
        m.number = -m.number;
        return m;
    case OP_mul: return of_product(f, c, 1);
    case OP_div: return of_product(f, c, -1);
    case OP_sqrt: return of_root(f, c, w->at);
    case OP_log: return of_log(f, c);
    case OP_add:
    case OP_sub: return of_sum(f, c);
    case OP_sum: return of_reduction(f, c);
    case OP_contract: return of_contraction(f, c);
    case OP_scatter: return of_scatter(f, c);
    default: return of_other(f, w, x);
    }
}

static void note_known(factoring *f, ref r) {
    const monomial *m = &f->form[r];
    if (!is_atom(m) || !f->fixed[r]) return;
    while (f->known.count <= m->at[0].atom) push(f->to->arena, &f->known, false);
    f->known.at[m->at[0].atom] = true;
}

static ref factor(const rewriting *w, instruction x) {
    factoring *f = w->user;
    f->uses = w->uses;
    f->form[w->at] = form_of(f, w, x);
    note_known(f, w->at);
    if (is_atom(&f->form[w->at])) f->made[w->at] = f->form[w->at].at[0].atom;
    return f->eager[w->at] ? make_whole(f, w->at) : 0;
}

/* Whether the result jumps with its operand i. */
static bool jumps(op f, int i) {
    switch (f) {
    case OP_floor:
    case OP_round:
    case OP_lt:
    case OP_le:
    case OP_eq:
    case OP_ne: return true;
    case OP_gather:
    case OP_scatter: return i == 1;
    default: return false;
    }
}

static factoring open_factoring(const tape *from, tape *to) {
    arena *a = to->arena;
    uint32_t count = from->code.count;
    factoring f = {.from = from,
                   .to = to,
                   .form = arena_array(a, monomial, count),
                   .made = arena_array(a, ref, count),
                   .eager = arena_array(a, bool, count),
                   .logged = arena_array(a, bool, count),
                   .exact = arena_array(a, bool, count),
                   .fixed = pass_find_fixed(from, a)};
    for (uint32_t k = 0; k < from->outputs.count; k++) f.eager[from->outputs.at[k]] = true;
    for (ref r = 1; r < count; r++) {
        const instruction *x = tape_at(from, r);
        if (x->op == OP_log) f.logged[x->in[0]] = true;
        f.exact[r] |= f.fixed[r];
        for (int i = 0; i < op_inputs(x->op); i++) f.exact[x->in[i]] |= jumps(x->op, i);
        if (x->op != OP_scan && x->op != OP_scan_result) continue;
        operands in = tape_operands(from, r);
        for (uint32_t i = 0; i < in.count; i++) f.eager[in.at[i]] = true;
    }
    return f;
}

void pass_factor(const tape *from, tape *to) {
    tape factored;
    tape_open(&factored, to->arena);
    factoring f = open_factoring(from, &factored);
    pass_rewrite(from, &factored, factor, &f);
    pass_simplify(&factored, to);
}
