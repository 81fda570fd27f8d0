#include "lang/conjugate.h"

#include "lang/checker.h"

const conjugate_row CONJUGATES[] = {
    [CONJUGATE_normal] = {"normal", 2, {STATISTIC_value, STATISTIC_square}},
    [CONJUGATE_gamma] = {"gamma", 2, {STATISTIC_value, STATISTIC_log}},
    [CONJUGATE_inv_gamma] = {"inv_gamma", 2, {STATISTIC_inverse, STATISTIC_log}},
    [CONJUGATE_beta] = {"beta", 2, {STATISTIC_log, STATISTIC_log_rest}},
    [CONJUGATE_dirichlet] = {"dirichlet", 1, {STATISTIC_log}},
};

/* Of a latent, moved by gathers and renames to where it is used, or a power of it and of its logarithms. */
typedef struct atom {
    node view;
    uint32_t of; /* number of the latent */
    double power;
    uint32_t logs, log_rests;
} atom;

enum { ATOMS_MOST = 6, FACTORS_MOST = 4, LATENTS_MOST = 64 };

typedef struct term {
    node coefficient; /* no latent in it */
    uint32_t count;
    atom at[ATOMS_MOST];
} term;

typedef vector(term) terms;

typedef struct expectations {
    checker *c;
    program *p;
    uint32_t size;     /* nodes of the program as it was */
    uint64_t *depends; /* by such node: bit k, latent k enters */
    bool *known;
    node *expected;   /* by node, 0: not known yet */
    uint32_t *number; /* by variable: 1 + its number among the latents, or 0 */
    conjugate_latent *latents;
    const char *why; /* the statement is not conjugate; NULL while it is */
} expectations;

/* The first reason is told. */
static node refuse(expectations *e, const char *why) {
    if (!e->why) e->why = why;
    return 0;
}

static const char *name_of(const expectations *e, uint32_t k) {
    return program_variable(e->p, e->latents[k].of)->name;
}

static const char *names_in(const expectations *e, uint64_t bits) {
    const char *text = NULL;
    for (uint32_t k = 0; k < LATENTS_MOST; k++)
        if (bits >> k & 1)
            text = text ? arena_print(e->c->arena, "%s, `%s`", text, name_of(e, k))
                        : arena_print(e->c->arena, "`%s`", name_of(e, k));
    return text;
}

/* A name with a value of its own is that value. */
static node value_behind(const expectations *e, const node_row *r) {
    const variable_row *v = program_variable(e->p, r->variable);
    return v->kind == VARIABLE_data || v->kind == VARIABLE_param ? 0 : v->value;
}

static uint64_t depends_on(expectations *e, node n) {
    if (!n || n >= e->size) return 0; /* made here, of what no latent enters */
    if (e->known[n]) return e->depends[n];
    e->known[n] = true;
    node_row r = *program_node(e->p, n);
    uint64_t bits = 0;
    for (int i = 0; i < node_inputs(r.op); i++) bits |= depends_on(e, r.in[i]);
    if (r.op == NODE_variable) {
        uint32_t k = e->number[r.variable];
        bits = k ? (uint64_t)1 << (k - 1) : depends_on(e, value_behind(e, &r));
    }
    return e->depends[n] = bits;
}

/* ---- nodes without latents ---- */

static node number(expectations *e, double x) { return make_number(e->c, x, NO_PLACE); }

static bool is_number(const expectations *e, node n, double x) {
    const node_row *r = program_node(e->p, n);
    return r->op == NODE_number && r->number == x;
}

static node times(expectations *e, node a, node b, span at) {
    if (is_number(e, a, 1)) return b;
    return is_number(e, b, 1) ? a : make(e->c, NODE_mul, a, b, 0, at);
}

static node plus(expectations *e, node a, node b, span at) {
    if (is_number(e, a, 0)) return b;
    return is_number(e, b, 0) ? a : make(e->c, NODE_add, a, b, 0, at);
}

/* x moved as a node moves its first operand, which x has come from; what lacks the axis stays. */
static node moved(expectations *e, const node_row *r, node x) {
    axes have = program_node(e->p, x)->axes;
    switch (r->op) {
    case NODE_gather: return axes_has(have, r->axis) ? make_gather(e->c, x, r->in[1], r->axis, r->at) : x;
    case NODE_rename: return axes_has(have, r->axis) ? make_rename(e->c, x, r->axis, r->axis2, r->at) : x;
    case NODE_part:
        return axes_has(have, r->axis2) ? make_part(e->c, x, r->axis2, r->axis, (int32_t)r->number, r->at)
                                        : x;
    default: return x;
    }
}

static bool is_move(node_op op) {
    return op == NODE_gather || op == NODE_rename || op == NODE_part || op == NODE_expand;
}

static node summed_over(expectations *e, node x, axes over, span at) {
    return make_reduction(e->c, NODE_sum, make_expand(e->c, x, over, at), over, at);
}

/* ---- conditions ---- */

static node either(expectations *e, node_op op, node a, node b, double decides, span at) {
    if (!a || !b) return 0;
    if (is_number(e, a, decides) || is_number(e, b, decides)) return number(e, decides);
    return make(e->c, op, a, b, 0, at);
}

/* 0 or 1 where the ranges of both sides tell which is the larger; where they touch, they meet with
 * probability 0. */
static node ordered(expectations *e, const node_row *r) {
    range a = program_node(e->p, r->in[0])->range, b = program_node(e->p, r->in[1])->range;
    if (a.highest <= b.lowest) return number(e, 1);
    return b.highest <= a.lowest ? number(e, 0) : 0;
}

/* A condition with what is certain of latents, which are continuous, in the place of it: they equal nothing.
 * 0 where it is open. */
static node settled(expectations *e, node n) {
    if (!depends_on(e, n)) return n;
    node_row r = *program_node(e->p, n);
    switch (r.op) {
    case NODE_eq: return number(e, 0);
    case NODE_ne: return number(e, 1);
    case NODE_lt:
    case NODE_le: return ordered(e, &r);
    case NODE_and: return either(e, r.op, settled(e, r.in[0]), settled(e, r.in[1]), 0, r.at);
    case NODE_or: return either(e, r.op, settled(e, r.in[0]), settled(e, r.in[1]), 1, r.at);
    default: return 0;
    }
}

/* ---- sums of products ---- */

static bool same_atom(const atom *a, const atom *b) {
    return a->view == b->view && a->power == b->power && a->logs == b->logs && a->log_rests == b->log_rests;
}

static bool has_atom(const term *t, const atom *a) {
    for (uint32_t i = 0; i < t->count; i++)
        if (same_atom(&t->at[i], a)) return true;
    return false;
}

static bool same_atoms(const term *a, const term *b) {
    for (uint32_t i = 0; i < a->count; i++)
        if (!has_atom(b, &a->at[i])) return false;
    return a->count == b->count;
}

static void add_term(expectations *e, terms *to, const term *x, span at) {
    for (uint32_t i = 0; i < to->count; i++)
        if (same_atoms(&to->at[i], x)) {
            to->at[i].coefficient = plus(e, to->at[i].coefficient, x->coefficient, at);
            return;
        }
    push(e->c->arena, to, *x);
}

static void add_terms(expectations *e, terms *to, const terms *from, span at) {
    for (uint32_t i = 0; i < from->count; i++) add_term(e, to, &from->at[i], at);
}

static terms constant(expectations *e, node coefficient) {
    terms t = {0};
    push(e->c->arena, &t, (term){.coefficient = coefficient});
    return t;
}

static terms of_atom(expectations *e, node coefficient, atom a) {
    terms t = {0};
    push(e->c->arena, &t, (term){.coefficient = coefficient, .count = 1, .at = {a}});
    return t;
}

static void multiply_atom(expectations *e, term *to, const atom *x) {
    for (uint32_t i = 0; i < to->count; i++) {
        atom *a = &to->at[i];
        if (a->view != x->view) continue;
        a->power += x->power, a->logs += x->logs, a->log_rests += x->log_rests;
        if (a->power == 0 && !a->logs && !a->log_rests) *a = to->at[--to->count];
        return;
    }
    if (to->count == ATOMS_MOST) refuse(e, "too many latents stand in one product");
    else to->at[to->count++] = *x;
}

static terms product(expectations *e, const terms *a, const terms *b, span at) {
    terms result = {0};
    for (uint32_t i = 0; i < a->count; i++)
        for (uint32_t k = 0; k < b->count && !e->why; k++) {
            term t = a->at[i];
            t.coefficient = times(e, t.coefficient, b->at[k].coefficient, at);
            for (uint32_t j = 0; j < b->at[k].count; j++) multiply_atom(e, &t, &b->at[k].at[j]);
            add_term(e, &result, &t, at);
        }
    return result;
}

static terms scaled(expectations *e, const terms *a, node by, span at) {
    terms b = constant(e, by);
    return product(e, a, &b, at);
}

static terms expand(expectations *e, node n);

static bool is_normal(const expectations *e, uint32_t k) { return e->latents[k].kind == CONJUGATE_normal; }

/* Of a positive latent any power, of a normal one whole ones from 1. */
static terms power_of(expectations *e, const terms *x, node exponent, span at) {
    const node_row *r = program_node(e->p, exponent);
    double p = r->number;
    bool counts = r->op == NODE_number && p >= 1 && p <= FACTORS_MOST && p == floor(p);
    if (counts) {
        terms result = *x;
        for (int i = 1; i < (int)p; i++) result = product(e, &result, x, at);
        return result;
    }
    terms result = {0};
    term t = x->at[0];
    bool positive = r->op == NODE_number && x->count == 1;
    for (uint32_t i = 0; positive && i < t.count; i++) {
        positive &= !is_normal(e, t.at[i].of) && !t.at[i].logs && !t.at[i].log_rests;
        t.at[i].power *= p;
    }
    if (!positive) {
        refuse(e, "a power of it is no power of one latent");
        return result;
    }
    if (!is_number(e, t.coefficient, 1)) t.coefficient = make(e->c, NODE_pow, t.coefficient, exponent, 0, at);
    push(e->c->arena, &result, t);
    return result;
}

/* x of a beta, with the factor that it has. */
static const atom *lone_share(const expectations *e, const term *t, double factor) {
    bool lone = t->count == 1 && t->at[0].power == 1 && !t->at[0].logs && !t->at[0].log_rests;
    return lone && is_number(e, t->coefficient, factor) && e->latents[t->at[0].of].kind == CONJUGATE_beta
               ? &t->at[0]
               : NULL;
}

/* log(1 - x), given 1 and -x. */
static const atom *rest_of(const expectations *e, const terms *x) {
    if (x->count != 2) return NULL;
    for (int i = 0; i < 2; i++)
        if (!x->at[i].count && is_number(e, x->at[i].coefficient, 1)) return lone_share(e, &x->at[1 - i], -1);
    return NULL;
}

static terms log_of_rest(expectations *e, const atom *x) {
    return of_atom(e, number(e, 1), (atom){.view = x->view, .of = x->of, .log_rests = 1});
}

static terms logarithm(expectations *e, const terms *x, span at) {
    terms result = {0};
    const atom *share = rest_of(e, x);
    if (share) return log_of_rest(e, share);
    const term *t = &x->at[0];
    bool positive = x->count == 1;
    for (uint32_t i = 0; positive && i < t->count; i++)
        positive &= !is_normal(e, t->at[i].of) && !t->at[i].logs && !t->at[i].log_rests;
    if (!positive) {
        refuse(e, "a logarithm is of a sum, or of what may be negative");
        return result;
    }
    if (!is_number(e, t->coefficient, 1))
        result = constant(e, make(e->c, NODE_log, t->coefficient, 0, 0, at));
    for (uint32_t i = 0; i < t->count; i++) {
        terms one = of_atom(e, number(e, t->at[i].power),
                            (atom){.view = t->at[i].view, .of = t->at[i].of, .logs = 1});
        add_terms(e, &result, &one, at);
    }
    return result;
}

static terms quotient(expectations *e, const terms *a, const terms *b, span at) {
    terms inverse = power_of(e, b, number(e, -1), at);
    return e->why ? inverse : product(e, a, &inverse, at);
}

static terms of_latent(expectations *e, node view, uint32_t k, span at) {
    terms x = of_atom(e, number(e, 1), (atom){.view = view, .of = k, .power = 1});
    if (!is_normal(e, k)) return x;
    terms c = constant(e, make_variable(e->c, e->latents[k].argument[0], at));
    add_terms(e, &c, &x, at);
    return c;
}

static terms moved_terms(expectations *e, const node_row *r) {
    terms x = expand(e, r->in[0]);
    if (depends_on(e, r->in[1])) refuse(e, "it selects entries by a latent");
    for (uint32_t i = 0; i < x.count && !e->why; i++) {
        x.at[i].coefficient = moved(e, r, x.at[i].coefficient);
        for (uint32_t k = 0; k < x.at[i].count; k++) x.at[i].at[k].view = moved(e, r, x.at[i].at[k].view);
    }
    return x;
}

/* A sum inside of a product: of what varies along its axes there may be no latent. */
static terms summed_terms(expectations *e, const node_row *r, axes over) {
    terms x = expand(e, r->in[0]);
    for (uint32_t i = 0; i < x.count; i++) {
        for (uint32_t k = 0; k < x.at[i].count; k++)
            if (axes_common(program_node(e->p, x.at[i].at[k].view)->axes, over).count)
                refuse(e, arena_print(e->c->arena, "entries of `%s` meet each other in a product",
                                      name_of(e, x.at[i].at[k].of)));
        if (!e->why) x.at[i].coefficient = summed_over(e, x.at[i].coefficient, over, r->at);
    }
    return x;
}

/* What an `if` chooses by data or by states: each term counts where it is chosen. */
static terms chosen_terms(expectations *e, const node_row *r, node condition) {
    terms result = {0};
    if (program_node(e->p, condition)->op == NODE_number)
        return expand(e, r->in[is_number(e, condition, 0) ? 2 : 1]);
    for (int branch = 1; branch <= 2 && !e->why; branch++) {
        terms x = expand(e, r->in[branch]);
        for (uint32_t i = 0; i < x.count && !e->why; i++) {
            node of = x.at[i].coefficient, zero = number(e, 0);
            x.at[i].coefficient =
                make(e->c, NODE_select, condition, branch == 1 ? of : zero, branch == 1 ? zero : of, r->at);
        }
        add_terms(e, &result, &x, r->at);
    }
    return result;
}

static terms expand_operation(expectations *e, const node_row *r) {
    terms a = expand(e, r->in[0]), b = node_inputs(r->op) > 1 ? expand(e, r->in[1]) : (terms){0};
    if (e->why) return a;
    switch (r->op) {
    case NODE_neg: return scaled(e, &a, number(e, -1), r->at);
    case NODE_sub: b = scaled(e, &b, number(e, -1), r->at); /* fall through */
    case NODE_add: add_terms(e, &a, &b, r->at); return a;
    case NODE_mul: return product(e, &a, &b, r->at);
    case NODE_div: return quotient(e, &a, &b, r->at);
    case NODE_sqrt: return power_of(e, &a, number(e, 0.5), r->at);
    case NODE_log: return logarithm(e, &a, r->at);
    case NODE_xlogy: b = logarithm(e, &b, r->at); return e->why ? b : product(e, &a, &b, r->at);
    default: {
        const atom *share = a.count == 1 ? lone_share(e, &a.at[0], -1) : NULL; /* log1p(-x) */
        if (share) return log_of_rest(e, share);
        refuse(e, "a logarithm is of a sum");
        return a;
    }
    }
}

static terms expand(expectations *e, node n) {
    if (e->why || !depends_on(e, n)) return constant(e, n);
    node_row r = *program_node(e->p, n);
    axes over = r.op == NODE_sum ? axes_minus(program_node(e->p, r.in[0])->axes, r.axes) : (axes){0};
    switch (r.op) {
    case NODE_variable:
        return e->number[r.variable] ? of_latent(e, n, e->number[r.variable] - 1, r.at)
                                     : expand(e, value_behind(e, &r));
    case NODE_gather:
    case NODE_rename:
    case NODE_part:
    case NODE_expand: return moved_terms(e, &r);
    case NODE_sum: return summed_terms(e, &r, over);
    case NODE_select: {
        node condition = settled(e, r.in[0]);
        if (condition) return chosen_terms(e, &r, condition);
        break;
    }
    case NODE_pow: {
        terms x = expand(e, r.in[0]);
        return e->why ? x : power_of(e, &x, r.in[1], r.at);
    }
    case NODE_neg:
    case NODE_add:
    case NODE_sub:
    case NODE_mul:
    case NODE_div:
    case NODE_sqrt:
    case NODE_log:
    case NODE_log1p:
    case NODE_xlogy: return expand_operation(e, &r);
    default: break;
    }
    refuse(e, arena_print(e->c->arena, "%s enters `%s`", names_in(e, depends_on(e, n)), node_name(r.op)));
    return constant(e, 0);
}

/* ---- expectations ---- */

static const char *atom_text(const expectations *e, const atom *a) {
    const char *x = name_of(e, a->of), *text = "";
    if (a->power == 1) text = arena_print(e->c->arena, "%s ", x);
    else if (a->power != 0) text = arena_print(e->c->arena, "%s^%g ", x, a->power);
    for (uint32_t i = 0; i < a->logs; i++) text = arena_print(e->c->arena, "%slog(%s) ", text, x);
    for (uint32_t i = 0; i < a->log_rests; i++) text = arena_print(e->c->arena, "%slog(1 - %s) ", text, x);
    return arena_copy(e->c->arena, text, strlen(text) - 1);
}

static const char *statistics_text(const expectations *e, uint32_t k) {
    static const char *const FORMS[] = {[CONJUGATE_normal] = "%s and %s^2",
                                        [CONJUGATE_gamma] = "%s and log(%s)",
                                        [CONJUGATE_inv_gamma] = "1 / %s and log(%s)",
                                        [CONJUGATE_beta] = "log(%s) and log(1 - %s)",
                                        [CONJUGATE_dirichlet] = "log(%s)"};
    return arena_print(e->c->arena, FORMS[e->latents[k].kind], name_of(e, k), name_of(e, k));
}

/* Which statistic of its latent an atom is; -1 where it is none. */
static int statistic_of(const expectations *e, const atom *a) {
    static const struct {
        double power;
        uint32_t logs, log_rests;
    } FORMS[] = {[STATISTIC_value] = {1, 0, 0},
                 [STATISTIC_square] = {2, 0, 0},
                 [STATISTIC_log] = {0, 1, 0},
                 [STATISTIC_log_rest] = {0, 0, 1},
                 [STATISTIC_inverse] = {-1, 0, 0}};
    const conjugate_row *row = &CONJUGATES[e->latents[a->of].kind];
    for (uint32_t i = 0; i < row->arguments; i++) {
        statistic s = row->of[i];
        if (FORMS[s].power == a->power && FORMS[s].logs == a->logs && FORMS[s].log_rests == a->log_rests)
            return (int)i;
    }
    return -1;
}

/* A variable where a latent stands in a view of it. */
static node in_view(expectations *e, node view, variable v) {
    node_row r = *program_node(e->p, view);
    return r.op == NODE_variable ? make_variable(e->c, v, r.at) : moved(e, &r, in_view(e, r.in[0], v));
}

static bool are_apart(expectations *e, const term *t) {
    for (uint32_t i = 0; i < t->count; i++)
        for (uint32_t k = 0; k < i; k++) {
            uint32_t of = t->at[i].of, other = t->at[k].of;
            if (of == other) {
                refuse(e, arena_print(e->c->arena, "two entries of `%s` meet in a product", name_of(e, of)));
                return false;
            }
            e->latents[of].meets |= (uint64_t)1 << other;
            e->latents[other].meets |= (uint64_t)1 << of;
        }
    return true;
}

static node expected_term(expectations *e, const term *t, span at) {
    node result = t->coefficient;
    if (!are_apart(e, t)) return 0;
    for (uint32_t i = 0; i < t->count; i++) {
        const atom *a = &t->at[i];
        int s = statistic_of(e, a);
        if (s < 0)
            return refuse(e, arena_print(e->c->arena,
                                         "`%s` enters as %s, but the log density of a %s goes with %s",
                                         name_of(e, a->of), atom_text(e, a),
                                         CONJUGATES[e->latents[a->of].kind].name, statistics_text(e, a->of)));
        result = times(e, result, in_view(e, a->view, e->latents[a->of].statistic[s]), at);
    }
    return result;
}

static node expected(expectations *e, node n);

static node expected_sum(expectations *e, node n) {
    span at = program_node(e->p, n)->at;
    terms x = expand(e, n);
    node sum = 0;
    for (uint32_t i = 0; i < x.count && !e->why; i++) {
        node t = expected_term(e, &x.at[i], at);
        if (!e->why) sum = sum ? plus(e, sum, t, at) : t;
    }
    return e->why ? 0 : sum;
}

/* What is linear in one operand has its expectation for that of the operand; the rest are sums of products.
 */
static node expected_new(expectations *e, node n) {
    node_row r = *program_node(e->p, n);
    node in[3] = {r.in[0], r.in[1], r.in[2]};
    uint64_t first = depends_on(e, in[0]), second = depends_on(e, in[1]);
    switch (r.op) {
    case NODE_variable:
        if (e->number[r.variable]) return expected_sum(e, n);
        return expected(e, value_behind(e, &r));
    case NODE_neg:
    case NODE_add:
    case NODE_sub: break;
    case NODE_mul:
        if (first && second) return expected_sum(e, n);
        break;
    case NODE_div:
        if (second) return expected_sum(e, n);
        break;
    case NODE_select:
        in[0] = settled(e, in[0]);
        if (!in[0]) return expected_sum(e, n);
        if (program_node(e->p, in[0])->op == NODE_number)
            return expected(e, in[is_number(e, in[0], 0) ? 2 : 1]);
        break;
    case NODE_sum: {
        node x = expected(e, in[0]);
        axes of = program_node(e->p, in[0])->axes;
        return x ? summed_over(e, make_expand(e->c, x, of, r.at), axes_minus(of, r.axes), r.at) : 0;
    }
    default: {
        if (!is_move(r.op) || second) return expected_sum(e, n);
        node x = expected(e, in[0]);
        return x ? moved(e, &r, x) : 0;
    }
    }
    for (int i = 0; i < node_inputs(r.op); i++)
        if (depends_on(e, in[i])) in[i] = expected(e, in[i]);
    return make(e->c, r.op, in[0], in[1], in[2], r.at);
}

static node expected(expectations *e, node n) {
    if (e->why || !depends_on(e, n)) return e->why ? 0 : n;
    if (!e->expected[n]) e->expected[n] = expected_new(e, n);
    return e->expected[n];
}

/* ---- the guide ---- */

static bool refuse_guide(expectations *e, span at, const char *why) {
    diagnostic *said = diagnose(e->c->d, DIAGNOSTIC_option, at, "`objective = cavi`, but %s", why);
    advise(e->c->d, said,
           "let the guide draw every latent from the family of its prior with free arguments, as `guide { "
           "rest ~ conjugate() }` does");
    return false;
}

/* A `?` over all axes of its latent. */
static bool is_free(const program *p, node n, axes all) {
    const node_row *r = program_node(p, n);
    return r->op == NODE_variable && program_variable(p, r->variable)->kind == VARIABLE_free &&
           axes_equal(r->axes, all);
}

static conjugate_kind kind_of(const char *distribution) {
    conjugate_kind k = 0;
    while (k < CONJUGATE_count && strcmp(CONJUGATES[k].name, distribution) != 0) k++;
    return k;
}

static bool add_latent(expectations *e, uint32_t number, const draw *s) {
    const program *p = e->p;
    const variable_row *v = program_variable(p, s->of);
    conjugate_latent *x = &e->latents[number];
    *x = (conjugate_latent){.of = s->of, .kind = kind_of(s->distribution)};
    if (x->kind == CONJUGATE_count)
        return refuse_guide(e, s->at,
                            arena_print(e->c->arena,
                                        "`%s` is not among the families that it knows, normal, "
                                        "gamma, inv_gamma, beta and dirichlet",
                                        s->distribution));
    bool whole = axes_equal(axes_union(s->axes, s->event), v->axes) && !s->lower && !s->upper && !s->lowest &&
                 !s->highest && !s->along.count;
    if (!whole || e->number[s->of])
        return refuse_guide(e, s->at, arena_print(e->c->arena, "the guide draws `%s` in parts", v->name));
    for (uint32_t i = 0; i < CONJUGATES[x->kind].arguments; i++) {
        if (!is_free(p, s->arguments[i], v->axes))
            return refuse_guide(
                e, s->at,
                arena_print(e->c->arena, "arguments of `%s ~ %s` are not `?`", v->name, s->distribution));
        x->argument[i] = program_node(p, s->arguments[i])->variable;
    }
    e->number[s->of] = number + 1;
    return true;
}

static variable add_statistic(expectations *e, variable of) {
    variable_row v = *program_variable(e->p, of);
    v.kind = VARIABLE_free;
    v.type = (type){0};
    v.self = v.value = 0;
    push(e->c->arena, &e->p->variables, v);
    return e->p->variables.count - 1;
}

/* Every free argument must be one of a latent's, every latent drawn by a statement. */
static bool find_latents(expectations *e) {
    const program *p = e->p;
    uint32_t free = 0, arguments = 0;
    if (p->guide.count > LATENTS_MOST)
        return refuse_guide(e, p->guide.at[LATENTS_MOST].at, "there are more than 64 latents");
    for (uint32_t i = 0; i < p->families.count; i++)
        if (p->families.at[i].count)
            return refuse_guide(e, program_variable(p, p->families.at[i].of[0])->at,
                                arena_print(e->c->arena, "no statement of a guide draws `%s`",
                                            program_variable(p, p->families.at[i].of[0])->name));
    for (variable v = 0; v < p->variables.count; v++) {
        const variable_row *row = program_variable(p, v);
        free += row->kind == VARIABLE_free;
        if (row->kind == VARIABLE_param)
            return refuse_guide(e, row->at,
                                arena_print(e->c->arena, "`%s` is a param, which has no guide", row->name));
    }
    for (uint32_t i = 0; i < p->guide.count; i++) {
        if (!add_latent(e, i, &p->guide.at[i])) return false;
        arguments += CONJUGATES[e->latents[i].kind].arguments;
    }
    if (!arguments) return refuse_guide(e, NO_PLACE, "there is no latent that is not summed out");
    if (free != arguments) return refuse_guide(e, p->guide.at[0].at, "its arguments share free parameters");
    for (uint32_t i = 0; i < p->guide.count; i++)
        for (uint32_t k = 0; k < CONJUGATES[e->latents[i].kind].arguments; k++)
            e->latents[i].statistic[k] = add_statistic(e, e->latents[i].of);
    return true;
}

/* ---- the whole ---- */

static node expected_statement(expectations *e, node density, span at, const char *what) {
    uint32_t before = e->c->d->errors;
    e->why = NULL;
    node n = expected(e, density);
    if (!e->why || e->c->d->errors != before) return n;
    diagnostic *said = diagnose(e->c->d, DIAGNOSTIC_option, at,
                                "`objective = cavi`, but %s is not conjugate: %s", what, e->why);
    advise(e->c->d, said,
           "use `objective = elbo`, or distributions whose priors are conjugate (docs/language.md)");
    return density;
}

static const char *statement_text(const expectations *e, const draw *s) {
    return arena_print(e->c->arena, "`%s ~ %s`", program_variable(e->p, s->of)->name, s->distribution);
}

static draw *copied_draws(const draw *at, uint32_t count, arena *a) {
    draw *copy = arena_array(a, draw, count + 1);
    if (count) memcpy(copy, at, count * sizeof *at);
    return copy;
}

static void take_expectations(expectations *e) {
    program *p = e->p;
    p->model.at = copied_draws(p->model.at, p->model.count, p->arena);
    p->guide.at = copied_draws(p->guide.at, p->guide.count, p->arena);
    node *factors = arena_array(p->arena, node, p->factors.count + 1);
    for (uint32_t i = 0; i < p->model.count; i++) {
        draw *s = &p->model.at[i];
        s->log_density = expected_statement(e, s->log_density, s->at, statement_text(e, s));
    }
    for (uint32_t i = 0; i < p->factors.count; i++)
        factors[i] =
            expected_statement(e, p->factors.at[i], program_node(p, p->factors.at[i])->at, "this `factor`");
    p->factors.at = factors;
    for (uint32_t i = 0; i < p->guide.count; i++) {
        draw *s = &p->guide.at[i];
        s->log_density = expected_statement(e, s->log_density, s->at, statement_text(e, s));
    }
}

const conjugate *program_conjugate(diagnostics *d, const program *p, arena *a) {
    checker c = {.d = d, .p = program_copy(p, a), .arena = a};
    expectations e = {.c = &c,
                      .p = c.p,
                      .size = p->nodes.count,
                      .depends = arena_array(a, uint64_t, p->nodes.count),
                      .known = arena_array(a, bool, p->nodes.count),
                      .expected = arena_array(a, node, p->nodes.count),
                      .number = arena_array(a, uint32_t, p->variables.count),
                      .latents = arena_array(a, conjugate_latent, LATENTS_MOST)};
    uint32_t before = d->errors;
    if (!find_latents(&e)) return NULL;
    take_expectations(&e);
    if (d->errors != before) return NULL;
    uint64_t in_the_way;
    conjugate *found = arena_new(a, conjugate);
    *found = (conjugate){c.p, c.p->guide.count, e.latents};
    if (p->summed.count) found->program = program_with_particles(c.p, NULL, 0, a, &in_the_way);
    return found->program ? found : NULL;
}
