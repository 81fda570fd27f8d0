/* Reverse mode as a program transformation. For a result r = f(x, y, …) with axes R, the adjoint g of r (the
 * derivative of the final value with respect to r's entries) turns into contributions to the operands'
 * adjoints. The one rule that all others rest on:
 *
 *   adjoint of x  +=  sum over R \ X of  (g * partial of f with respect to x)
 *
 * where X are the axes of x. An adjoint may lack axes of its value; it is then constant along them, and
 * where the product lacks an axis of R \ X its sum is a multiplication by the size (tape_sum does that). So
 * adjoints live at their own axes, as values do.
 *
 * Below stands one rule for each row of ops.def, in its order; a row without a rule does not compile.
 *
 * The branch that a select did not take gets the adjoint 0, and 0 it must stay where a partial further down
 * is infinite or undefined (log x, taken where x > 0). So adjoints that come through a select are marked, and
 * a product with a marked adjoint is itself selected: 0 where the adjoint is 0.
 *
 * The adjoint of a scan is a scan the other way (see `pull_scan`).
 *
 * Only what lies on a path from the wanted operands to the result is differentiated; the work is linear in
 * the tape. */
#include "autodiff/tape.h"

#include <assert.h>
#include <math.h>
#include <string.h>
#include "autodiff/scan.h"

/* The instruction whose rule is at work, and what the walk knows about all. */
typedef struct visit {
    tape *t;
    instruction x;      /* a copy: the tape moves as it grows */
    ref r, g;           /* its number, its adjoint */
    bool marked;        /* the adjoint has been through a select */
    const bool *active; /* is on a path from a wanted operand */
    ref *adjoints;      /* by number of the value; 0 where there is none yet */
    bool *marks;
    ref top;          /* the last value of what is differentiated */
    bool failed;      /* a body could not be */
    const bool *ends; /* where the walk ends, NULL: where nothing is active */
} visit;

typedef enum flow {
    FLOW_rule,    /* `pull` turns the adjoint into contributions */
    FLOW_zero,    /* the derivative is 0, or there are no operands */
    FLOW_unknown, /* there is a derivative, but no op computes it */
} flow;

typedef struct rule {
    flow flow;
    void (*pull)(visit *s);
} rule;

/* Contributions. */

static axes axes_of(const visit *s, ref r) { return s->t->code.at[r].axes; }

static bool wanted(const visit *s, int i) { return s->active[s->x.in[i]]; }

/* Adds `c`, whose axes are within the value's. */
static void add_to_value(visit *s, ref x, ref c) {
    assert(axes_within(axes_of(s, c), axes_of(s, x)));
    s->adjoints[x] = s->adjoints[x] ? tape_map2(s->t, OP_add, s->adjoints[x], c) : c;
    s->marks[x] |= s->marked;
}

static void add_to(visit *s, int i, ref c) { add_to_value(s, s->x.in[i], c); }

/* Adds what is the same multiple of the adjoint everywhere. */
static void give(visit *s, int i, ref c) {
    if (wanted(s, i)) add_to(s, i, tape_sum(s->t, c, axes_minus(s->x.axes, axes_of(s, s->x.in[i]))));
}

/* The same for a product of the adjoint with something that may not be finite. */
static void give_product(visit *s, int i, ref c) {
    if (s->marked) {
        ref zero = tape_number(s->t, 0);
        c = tape_select(s->t, tape_map2(s->t, OP_ne, s->g, zero), c, zero);
    }
    give(s, i, c);
}

/* The notation of the rules: G the adjoint, R the result, X Y the operands; N a number. */
#define G           (s->g)
#define R           (s->r)
#define X           (s->x.in[0])
#define Y           (s->x.in[1])
#define N(x)        tape_number(s->t, (x))
#define MAP(f, a)   tape_map1(s->t, OP_##f, (a))
#define ADD(a, b)   tape_map2(s->t, OP_add, (a), (b))
#define SUB(a, b)   tape_map2(s->t, OP_sub, (a), (b))
#define MUL(a, b)   tape_map2(s->t, OP_mul, (a), (b))
#define DIV(a, b)   tape_map2(s->t, OP_div, (a), (b))
#define LT(a, b)    tape_map2(s->t, OP_lt, (a), (b))
#define EQ(a, b)    tape_map2(s->t, OP_eq, (a), (b))
#define IF(c, a, b) tape_select(s->t, (c), (a), (b))
#define SQUARE(a)   MUL((a), (a))

#define ZERO(name)    static const rule rule_##name = {FLOW_zero, NULL};
#define UNKNOWN(name) static const rule rule_##name = {FLOW_unknown, NULL};
#define RULE(name)                                                                                           \
    static void pull_##name(visit *s);                                                                       \
    static const rule rule_##name = {FLOW_rule, pull_##name};                                                \
    static void pull_##name(visit *s)
#define UNARY(name, dx)                                                                                      \
    RULE(name) { give_product(s, 0, dx); }
#define BINARY(name, dx, dy)                                                                                 \
    RULE(name) {                                                                                             \
        if (wanted(s, 0)) give_product(s, 0, dx);                                                            \
        if (wanted(s, 1)) give_product(s, 1, dy);                                                            \
    }

/* Leaves. */
ZERO(number)
ZERO(data)
ZERO(input)
ZERO(position)

/* Arithmetic. */

RULE(neg) { give(s, 0, MAP(neg, G)); }

RULE(add) {
    give(s, 0, G);
    give(s, 1, G);
}

RULE(sub) {
    give(s, 0, G);
    if (wanted(s, 1)) give(s, 1, MAP(neg, G));
}

BINARY(mul, MUL(G, Y), MUL(G, X))
BINARY(div, DIV(G, Y), MAP(neg, MUL(DIV(G, Y), R)))

/* y x^(y-1), which is 0 for y = 0 even at x = 0. */
static ref power_by_base(visit *s) {
    const instruction *y = tape_at(s->t, Y);
    if (y->op == OP_number && y->number == 0) return N(0);
    if (y->op == OP_number && y->number == 1) return G;
    if (y->op == OP_number && y->number == 2) return MUL(G, MUL(N(2), X));
    ref slope = MUL(Y, tape_map2(s->t, OP_pow, X, SUB(Y, N(1))));
    if (y->op != OP_number) slope = IF(EQ(Y, N(0)), N(0), slope);
    return MUL(G, slope);
}

/* x^y log x, which is 0 where x^y is: at x = 0 for y > 0. */
BINARY(pow, power_by_base(s), MUL(G, tape_map2(s->t, OP_xlogy, R, X)))

UNARY(abs, MUL(G, MAP(sign, X)))
ZERO(sign)
ZERO(floor)
ZERO(round)
UNARY(sqrt, DIV(MUL(N(0.5), G), R))

/* The adjoint where a < b; half of it where they are equal, so that neither operand is preferred. */
static ref where_less(visit *s, ref a, ref b) { return IF(LT(a, b), G, MUL(MUL(N(0.5), EQ(a, b)), G)); }

BINARY(minimum, where_less(s, X, Y), where_less(s, Y, X))
BINARY(maximum, where_less(s, Y, X), where_less(s, X, Y))
ZERO(lt)
ZERO(le)
ZERO(eq)
ZERO(ne)
ZERO(and)
ZERO(or)
ZERO(not )

RULE(select) {
    s->marked = true;
    if (wanted(s, 1)) give(s, 1, IF(X, G, N(0)));
    if (wanted(s, 2)) give(s, 2, IF(X, N(0), G));
}

ZERO(stop)

/* Functions. */

UNARY(exp, MUL(G, R))
UNARY(log, DIV(G, X))
UNARY(log1p, DIV(G, ADD(N(1), X)))
UNARY(expm1, MUL(G, MAP(exp, X))) /* R + 1 has lost the digits far below 0 */
UNARY(sin, MUL(G, MAP(cos, X)))
UNARY(cos, MAP(neg, MUL(G, MAP(sin, X))))
UNARY(tan, MUL(G, ADD(N(1), SQUARE(R))))
UNARY(asin, DIV(G, MAP(sqrt, MUL(SUB(N(1), X), ADD(N(1), X)))))
UNARY(acos, MAP(neg, DIV(G, MAP(sqrt, MUL(SUB(N(1), X), ADD(N(1), X))))))
UNARY(atan, DIV(G, ADD(N(1), SQUARE(X))))
UNARY(sinh, MUL(G, MAP(cosh, X)))
UNARY(cosh, MUL(G, MAP(sinh, X)))
UNARY(tanh, MUL(G, SUB(N(1), SQUARE(R))))
UNARY(expit, MUL(G, MUL(R, SUB(N(1), R))))
UNARY(log1p_exp, MUL(G, MAP(expit, X)))
UNARY(lgamma, MUL(G, MAP(digamma, X)))
UNARY(digamma, MUL(G, MAP(trigamma, X)))
UNKNOWN(trigamma)
UNARY(erf, MUL(G, MUL(N(M_2_SQRTPI), MAP(exp, MAP(neg, SQUARE(X))))))
UNARY(erfc, MUL(G, MUL(N(-M_2_SQRTPI), MAP(exp, MAP(neg, SQUARE(X))))))

UNARY(log_ndtr, MUL(G, MAP(mills, X)))
UNARY(mills, MAP(neg, MUL(G, MUL(R, ADD(X, R)))))

static const double LOG_SQRT_2PI = 0.918938533204672741780329736406;

UNARY(ndtri, MUL(G, MAP(exp, ADD(MUL(N(0.5), SQUARE(R)), N(LOG_SQRT_2PI)))))

/* 2 x erfcx(x) - 2 / sqrt(pi), which far out is that of 1 / (x sqrt(pi)) (1 - 1 / (2 x^2) + …). */
static ref erfcx_slope(visit *s) {
    ref r = DIV(N(1), SQUARE(X));
    ref far = MUL(r, SUB(N(-1), MUL(r, SUB(N(-1.5), MUL(r, SUB(N(-3.75), MUL(r, N(-13.125))))))));
    return IF(LT(N(50), X), MUL(N(0.5 * M_2_SQRTPI), far), SUB(MUL(N(2), MUL(X, R)), N(M_2_SQRTPI)));
}

UNARY(erfcx, MUL(G, erfcx_slope(s)))
UNARY(log1m_exp, MAP(neg, DIV(G, MAP(expm1, MAP(neg, X)))))
UNARY(logit, DIV(G, MUL(X, SUB(N(1), X))))
UNARY(lambert_w, DIV(G, MUL(MAP(exp, R), ADD(N(1), R))))
UNARY(lambert_wm1, DIV(G, MUL(MAP(exp, R), ADD(N(1), R))))

/* Bessel functions: I0' = I1, I1' = I0 - I1 / x, K0' = -K1, K1' = -K0 - K1 / x. */

/* f / x, 1/2 at 0. */
static ref over_x(visit *s, ref f) { return IF(EQ(X, N(0)), N(0.5), DIV(f, X)); }

UNARY(bessel_i0e, MUL(G, SUB(MAP(bessel_i1e, X), MUL(MAP(sign, X), R))))
UNARY(bessel_i1e, MUL(G, SUB(SUB(MAP(bessel_i0e, X), over_x(s, R)), MUL(MAP(sign, X), R))))
UNARY(log_bessel_i0, MUL(G, MAP(bessel_ratio, X)))
UNARY(bessel_ratio, MUL(G, SUB(SUB(N(1), over_x(s, R)), SQUARE(R))))
UNARY(bessel_k0e, MUL(G, SUB(R, MAP(bessel_k1e, X))))
UNARY(bessel_k1e, MUL(G, SUB(SUB(R, MAP(bessel_k0e, X)), DIV(R, X))))

/* Of order n and argument x, with f the log of I or K. No op has further derivatives by the order; (f')' = 1
 * + n^2 / x^2 - f' / x - f'^2, for both solve Bessel's equation. */
BINARY(log_bessel_i, MUL(G, tape_map2(s->t, OP_log_bessel_i_by_order, X, Y)),
       MUL(G, tape_map2(s->t, OP_log_bessel_i_by_x, X, Y)))
BINARY(log_bessel_k, MUL(G, tape_map2(s->t, OP_log_bessel_k_by_order, X, Y)),
       MUL(G, tape_map2(s->t, OP_log_bessel_k_by_x, X, Y)))
UNKNOWN(log_bessel_i_by_order)
UNKNOWN(log_bessel_k_by_order)

static void pull_bessel_slope(visit *s) {
    if (wanted(s, 0)) s->failed = true;
    else give_product(s, 1, MUL(G, SUB(SUB(ADD(N(1), SQUARE(DIV(X, Y))), DIV(R, Y)), SQUARE(R))));
}

RULE(log_bessel_i_by_x) { pull_bessel_slope(s); }
RULE(log_bessel_k_by_x) { pull_bessel_slope(s); }

BINARY(lbeta, MAP(neg, MUL(G, tape_map2(s->t, OP_digamma_rise, X, Y))),
       MAP(neg, MUL(G, tape_map2(s->t, OP_digamma_rise, Y, X))))
BINARY(digamma_rise, MUL(G, SUB(MAP(trigamma, ADD(X, Y)), MAP(trigamma, X))),
       MUL(G, MAP(trigamma, ADD(X, Y))))

/* By h, -phi(h) erf(a h / sqrt 2) / 2; by a, e^(-h^2 (1 + a^2) / 2) / (2 pi (1 + a^2)). */
BINARY(owens_t,
       MUL(G, MUL(N(-0.25 * M_2_SQRTPI * M_SQRT1_2),
                  MUL(MAP(exp, MUL(N(-0.5), SQUARE(X))), MAP(erf, MUL(N(M_SQRT1_2), MUL(X, Y)))))),
       MUL(G, DIV(MAP(exp, MUL(N(-0.5), MUL(SQUARE(X), ADD(N(1), SQUARE(Y))))),
                  MUL(N(2 * M_PI), ADD(N(1), SQUARE(Y))))))

/* The density e^(k (cos x - 1)) / (2 pi e^-k I0(k)) has the log slopes -k sin x by x and cos x - I1 / I0 by
 * k. */
static ref von_mises_density(visit *s) {
    ref raised = MUL(N(-2), MUL(X, SQUARE(MAP(sin, MUL(N(0.5), Y)))));
    return DIV(MAP(exp, raised), MUL(N(2 * M_PI), MAP(bessel_i0e, X)));
}

RULE(von_mises_cdf) {
    ref c = MUL(G, von_mises_density(s));
    if (wanted(s, 0)) give_product(s, 0, MAP(neg, MUL(c, tape_map2(s->t, OP_von_mises_slope, X, Y))));
    if (wanted(s, 1)) give_product(s, 1, c);
}

RULE(von_mises_slope) {
    ref score = SUB(MAP(cos, Y), MAP(bessel_ratio, X));
    if (wanted(s, 0)) s->failed = true;
    else give_product(s, 1, MUL(G, SUB(MUL(R, MUL(X, MAP(sin, Y))), score)));
}

/* log y and x / y, both 0 where x and y are. */
static ref unless_both_zero(visit *s, ref c) {
    return IF(tape_map2(s->t, OP_and, EQ(X, N(0)), EQ(Y, N(0))), N(0), c);
}

BINARY(xlogy, MUL(G, unless_both_zero(s, MAP(log, Y))), MUL(G, unless_both_zero(s, DIV(X, Y))))

/* The gamma distribution with density p and slope s = -(dP / da) / p. log p has the slopes (a - 1) / x - 1 by
 * x and log x - digamma(a) by a. No op has the second derivative of P by a. */

static ref gamma_score_x(visit *s) { return SUB(DIV(SUB(X, N(1)), Y), N(1)); }
static ref gamma_score_a(visit *s) { return SUB(MAP(log, Y), MAP(digamma, X)); }
static ref gamma_at(visit *s, op f) { return tape_map2(s->t, f, X, Y); }

/* c times the density, or a rate, for x and -c s times it for the shape. */
static void pull_gamma(visit *s, ref c) {
    if (wanted(s, 0)) give_product(s, 0, MAP(neg, MUL(c, gamma_at(s, OP_gamma_slope))));
    if (wanted(s, 1)) give_product(s, 1, c);
}

RULE(gamma_p) { pull_gamma(s, MUL(G, gamma_at(s, OP_gamma_density))); }
RULE(gamma_q) { pull_gamma(s, MAP(neg, MUL(G, gamma_at(s, OP_gamma_density)))); }
RULE(log_gamma_p) { pull_gamma(s, MUL(G, gamma_at(s, OP_gamma_p_rate))); }
RULE(log_gamma_q) { pull_gamma(s, MAP(neg, MUL(G, gamma_at(s, OP_gamma_q_rate)))); }

static void pull_gamma_quantile(visit *s, ref g) {
    if (wanted(s, 0)) give_product(s, 0, MUL(G, tape_map2(s->t, OP_gamma_slope, X, R)));
    if (wanted(s, 1)) give_product(s, 1, DIV(g, tape_map2(s->t, OP_gamma_density, X, R)));
}

RULE(gamma_p_inv) { pull_gamma_quantile(s, G); }
RULE(gamma_q_inv) { pull_gamma_quantile(s, MAP(neg, G)); }

BINARY(gamma_density, MUL(G, MUL(R, gamma_score_a(s))), MUL(G, MUL(R, gamma_score_x(s))))
BINARY(gamma_p_rate, MUL(G, MUL(R, ADD(gamma_score_a(s), MUL(R, gamma_at(s, OP_gamma_slope))))),
       MUL(G, MUL(R, SUB(gamma_score_x(s), R))))
BINARY(gamma_q_rate, MUL(G, MUL(R, SUB(gamma_score_a(s), MUL(R, gamma_at(s, OP_gamma_slope))))),
       MUL(G, MUL(R, ADD(gamma_score_x(s), R))))

RULE(gamma_slope) {
    if (wanted(s, 0)) s->failed = true;
    else give_product(s, 1, MAP(neg, MUL(G, ADD(gamma_score_a(s), MUL(R, gamma_score_x(s))))));
}

/* The beta distribution likewise, with a slope for each parameter. */

#define Z (s->x.in[2])

static ref beta_score_x(visit *s) { return SUB(DIV(SUB(X, N(1)), Z), DIV(SUB(Y, N(1)), SUB(N(1), Z))); }
/* By the parameter at hand, whose variable has the logarithm `l`. */
static ref beta_score_of(visit *s, ref parameter, ref l) {
    return ADD(l, SUB(MAP(digamma, ADD(X, Y)), MAP(digamma, parameter)));
}
static ref beta_score_a(visit *s) { return beta_score_of(s, X, MAP(log, Z)); }
static ref beta_score_b(visit *s) { return beta_score_of(s, Y, MAP(log1p, MAP(neg, Z))); }
static ref beta_at(visit *s, op f) { return tape_map3(s->t, f, X, Y, Z); }

static void pull_beta(visit *s, ref c) {
    if (wanted(s, 0)) give_product(s, 0, MAP(neg, MUL(c, beta_at(s, OP_beta_slope_a))));
    if (wanted(s, 1)) give_product(s, 1, MAP(neg, MUL(c, beta_at(s, OP_beta_slope_b))));
    if (wanted(s, 2)) give_product(s, 2, c);
}

RULE(inc_beta) { pull_beta(s, MUL(G, beta_at(s, OP_beta_density))); }
RULE(inc_beta_c) { pull_beta(s, MAP(neg, MUL(G, beta_at(s, OP_beta_density)))); }
RULE(log_inc_beta) { pull_beta(s, MUL(G, beta_at(s, OP_inc_beta_rate))); }
RULE(log_inc_beta_c) { pull_beta(s, MAP(neg, MUL(G, beta_at(s, OP_inc_beta_c_rate)))); }

static void pull_beta_quantile(visit *s, ref g) {
    if (wanted(s, 0)) give_product(s, 0, MUL(G, tape_map3(s->t, OP_beta_slope_a, X, Y, R)));
    if (wanted(s, 1)) give_product(s, 1, MUL(G, tape_map3(s->t, OP_beta_slope_b, X, Y, R)));
    if (wanted(s, 2)) give_product(s, 2, DIV(g, tape_map3(s->t, OP_beta_density, X, Y, R)));
}

RULE(inc_beta_inv) { pull_beta_quantile(s, G); }
RULE(inc_beta_c_inv) { pull_beta_quantile(s, MAP(neg, G)); }

RULE(beta_density) {
    ref c = MUL(G, R);
    if (wanted(s, 0)) give_product(s, 0, MUL(c, beta_score_a(s)));
    if (wanted(s, 1)) give_product(s, 1, MUL(c, beta_score_b(s)));
    if (wanted(s, 2)) give_product(s, 2, MUL(c, beta_score_x(s)));
}

/* R times what log p has, less what the log of the tail has; `sign` is that of the tail's slope by x. */
static void pull_beta_rate(visit *s, double sign) {
    ref c = MUL(G, R), tail = MUL(N(sign), R);
    if (wanted(s, 0))
        give_product(s, 0, MUL(c, ADD(beta_score_a(s), MUL(tail, beta_at(s, OP_beta_slope_a)))));
    if (wanted(s, 1))
        give_product(s, 1, MUL(c, ADD(beta_score_b(s), MUL(tail, beta_at(s, OP_beta_slope_b)))));
    if (wanted(s, 2)) give_product(s, 2, MUL(c, SUB(beta_score_x(s), tail)));
}

RULE(inc_beta_rate) { pull_beta_rate(s, 1); }
RULE(inc_beta_c_rate) { pull_beta_rate(s, -1); }

static void pull_beta_slope(visit *s, ref score) {
    if (wanted(s, 0) || wanted(s, 1)) s->failed = true;
    else give_product(s, 2, MAP(neg, MUL(G, ADD(score, MUL(R, beta_score_x(s))))));
}

RULE(beta_slope_a) { pull_beta_slope(s, beta_score_a(s)); }
RULE(beta_slope_b) { pull_beta_slope(s, beta_score_b(s)); }

/* Reductions. The adjoint lacks the reduced axes. */

static axes reduced(const visit *s) { return axes_minus(axes_of(s, X), s->x.axes); }

RULE(sum) { give(s, 0, G); }

/* The product of the others: r / x, but where x is 0 the product of all that are not, if x is the only 0. The
 * second derivative by two entries that are both 0 is therefore taken to be 0. */
RULE(prod) {
    ref is_zero = EQ(X, N(0));
    ref safe = IF(is_zero, N(1), X);
    ref alone = EQ(tape_reduce(s->t, OP_sum, is_zero, reduced(s)), N(1));
    ref others = IF(alone, tape_reduce(s->t, OP_prod, safe, reduced(s)), N(0));
    give_product(s, 0, MUL(G, IF(is_zero, others, DIV(R, safe))));
}

/* Entries that tie share equally. */
static void pull_extremum(visit *s) {
    ref here = EQ(X, R);
    ref share = DIV(G, tape_reduce(s->t, OP_sum, here, reduced(s)));
    give_product(s, 0, MUL(share, here));
}

RULE(max) { pull_extremum(s); }
RULE(min) { pull_extremum(s); }

/* The softmax of x; 0 where all are -infinity. */
RULE(log_sum_exp) {
    ref finite = IF(EQ(R, N(-INFINITY)), N(0), R);
    give_product(s, 0, MUL(G, MAP(exp, SUB(X, finite))));
}

/* The sum over what only the other factor has; what neither the adjoint nor the other factor has, the
 * operand's adjoint lacks as well. */
RULE(contract) {
    if (wanted(s, 0)) add_to(s, 0, tape_contract(s->t, G, Y, axes_minus(axes_of(s, Y), axes_of(s, X))));
    if (wanted(s, 1)) add_to(s, 1, tape_contract(s->t, G, X, axes_minus(axes_of(s, X), axes_of(s, Y))));
}

/* Made by passes, when derivatives have been taken. */
UNKNOWN(mixture)
UNKNOWN(shares)
UNKNOWN(sum_rows)
UNKNOWN(scatter_rows)

RULE(cumsum) { give(s, 0, tape_cumsum_back(s->t, G, (axis)s->x.attribute)); }
RULE(cumsum_back) { give(s, 0, tape_cumsum(s->t, G, (axis)s->x.attribute)); }

/* Selecting along axes. Every rule is the transposed of a linear map, so it is given as it is. */

RULE(gather) {
    axis of = (axis)s->x.attribute;
    axes all = axes_union(axes_of(s, G), axes_of(s, Y));
    axes kept = axes_common(all, axes_without(axes_of(s, X), of));
    add_to(s, 0, tape_scatter(s->t, G, Y, of, axes_with(kept, of)));
}

RULE(scatter) {
    axis of = (axis)s->x.attribute;
    ref c = axes_has(axes_of(s, G), of) ? tape_gather(s->t, G, Y, of) : G;
    add_to(s, 0, tape_sum(s->t, c, axes_minus(axes_of(s, Y), axes_of(s, X))));
}

RULE(rename) { add_to(s, 0, tape_rename(s->t, G, (axis)s->x.attribute2, (axis)s->x.attribute)); }

RULE(slice) {
    axes laid_out = axes_minus(s->x.axes, axes_of(s, X));
    add_to(s, 0, tape_place(s->t, G, laid_out, (axis)s->x.attribute, s->x.offset));
}

RULE(place) {
    axis into = (axis)s->x.attribute;
    axes from = axes_minus(axes_of(s, X), s->x.axes);
    add_to(s, 0, axes_has(axes_of(s, G), into) ? tape_slice(s->t, G, into, s->x.offset, from) : G);
}

RULE(expand) { give(s, 0, G); }

/* Linear algebra. */

/* An axis of the same size that `taken` lacks: a name with more primes. */
static axis alias_of(tape *t, axis a, axes taken) {
    const char *name = arena_print(t->arena, "%s'", t->axes.at[a].name);
    for (axis b = 0; b < t->axes.count; b++)
        if (t->axes.at[b].size == t->axes.at[a].size && !axes_has(taken, b) &&
            !strcmp(t->axes.at[b].name, name))
            return b;
    return tape_add_axis(t, name, t->axes.at[a].size);
}

/* The part of a matrix below the diagonal, and the diagonal `times`. */
static ref lower(visit *s, ref x, axis row, axis column, double times) {
    ref i = tape_position(s->t, row), j = tape_position(s->t, column);
    return MUL(x, ADD(LT(j, i), MUL(N(times), EQ(i, j))));
}

RULE(cholesky) { add_to(s, 0, tape_cholesky_back(s->t, R, G, (axis)s->x.attribute, (axis)s->x.attribute2)); }

/* Murray (2016), arXiv:1602.07527, section 3.1: with P = Phi(L' adjoint), where Phi takes the lower triangle
 * and half the diagonal, and S = L^-T P L^-1, the adjoint of x is Phi(S + S'), since of x only the lower
 * triangle is read. S comes from two solves, L' M = P and L' S' = M'; `b` is a second name of the column. */
static ref cholesky_back(visit *s, ref l, ref g, axis row, axis column) {
    tape *t = s->t;
    axis b = alias_of(t, column, axes_union(axes_of(s, l), axes_of(s, g)));
    ref p = tape_contract(t, lower(s, l, row, column, 1), tape_rename(t, g, column, b), axes_one(row));
    ref m = tape_solve_lower_transposed(t, l, lower(s, p, column, b, 0.5), row, column);
    m = tape_rename(t, tape_rename(t, m, b, column), row, b);
    ref transposed = tape_solve_lower_transposed(t, l, m, row, column);
    ref straight = tape_rename(t, tape_rename(t, transposed, row, column), b, row);
    transposed = tape_rename(t, transposed, b, column);
    return lower(s, ADD(straight, transposed), row, column, 0.5);
}

static bool pull_through(visit *s, ref y, const ref *x, uint32_t count);

/* It is computed otherwise (matrices.c), but its derivative is that of the formula. */
RULE(cholesky_back) {
    ref formula = cholesky_back(s, X, Y, (axis)s->x.attribute, (axis)s->x.attribute2);
    const ref operands[] = {X, Y};
    if (!pull_through(s, formula, operands, X == Y ? 1 : 2)) s->failed = true;
}

/* With r = L^-1 b and g its adjoint: b gets c = L^-T g, and L gets - c r' in its lower triangle, summed over
 * the right-hand sides. For L^-T the same holds with c = L^-1 g. */
static void pull_solve(visit *s, ref c, axis solution) {
    axis row = (axis)s->x.attribute, column = (axis)s->x.attribute2;
    axes further = axes_without(s->x.axes, solution);
    if (wanted(s, 1)) add_to(s, 1, tape_sum(s->t, c, axes_minus(further, axes_of(s, Y))));
    if (wanted(s, 0)) {
        axes all = axes_union(axes_of(s, c), s->x.axes);
        ref product = tape_contract(s->t, c, R, axes_minus(all, axes_of(s, X)));
        add_to(s, 0, MAP(neg, lower(s, product, row, column, 1)));
    }
}

RULE(solve_lower) {
    axis row = (axis)s->x.attribute, column = (axis)s->x.attribute2;
    pull_solve(s, tape_solve_lower_transposed(s->t, X, G, row, column), column);
}

RULE(solve_lower_transposed) {
    axis row = (axis)s->x.attribute, column = (axis)s->x.attribute2;
    pull_solve(s, tape_solve_lower(s->t, X, G, row, column), row);
}

/* Draws do not depend on parameters but for the shape of a gamma and a concentration, whose derivatives are
 * implicit: a draw is a quantile (Figurnov, Mohamed and Mnih, NeurIPS 2018). Discrete draws have none. */
ZERO(random_normal)
ZERO(random_uniform)
UNARY(random_gamma, MUL(G, tape_map2(s->t, OP_gamma_slope, X, R)))
UNARY(random_von_mises, MUL(G, tape_map2(s->t, OP_von_mises_slope, X, R)))
ZERO(random_poisson)
ZERO(random_binomial)
ZERO(random_hypergeometric)
ZERO(random_zipf)
ZERO(random_passage)
ZERO(allot)

static void pull_beta_order(visit *s, op slopes) {
    give_product(s, 0, MUL(G, tape_beta_order(s->t, slopes, X, (axis)s->x.attribute)));
}
RULE(log_beta_below) { pull_beta_order(s, OP_log_beta_below_slopes); }
RULE(log_beta_above) { pull_beta_order(s, OP_log_beta_above_slopes); }
UNKNOWN(log_beta_below_slopes)
UNKNOWN(log_beta_above_slopes)

/* Scans: the rule stands below the walk, which it needs for the body. Results make the walk stop at the scan;
 * their adjoints are found there. */
RULE(scan_result) {
    s->adjoints[X] = G;
    s->marks[X] |= s->marked;
}

static void pull_scan(visit *s);
static const rule rule_scan = {FLOW_rule, pull_scan};

static const rule *const RULES[OP_count] = {
    [OP_none] = &(const rule){FLOW_zero, NULL},
#define OP(name, inputs, kind) [OP_##name] = &rule_##name,
#include "autodiff/ops.def"
#undef OP
};

/* The walk. */

/* Whether the derivative by operand i is not 0 by its nature. */
static bool carries(op f, int i) {
    if (RULES[f]->flow == FLOW_zero) return false;
    if (f == OP_select) return i > 0;
    if (f == OP_gather || f == OP_scatter) return i == 0;
    return true;
}

/* Spreads to all values up to `top` from those that they depend on. */
static void spread(const tape *t, ref top, bool *active) {
    for (ref r = 1; r <= top; r++) {
        operands in = tape_operands(t, r);
        for (uint32_t i = 0; i < in.count; i++)
            active[r] |= active[in.at[i]] && carries(t->code.at[r].op, (int)i);
    }
}

static bool has_active_operand(const visit *s) {
    operands in = tape_operands(s->t, s->r);
    for (uint32_t i = 0; i < in.count; i++)
        if (s->active[in.at[i]] && carries(s->x.op, (int)i)) return true;
    return false;
}

/* From the top backwards: when the walk reaches a value, all its users have contributed. */
static bool pull_all(visit *s, ref *culprit) {
    for (ref r = s->top; r; r--) {
        if (!s->adjoints[r] || (s->ends && s->ends[r])) continue;
        s->x = s->t->code.at[r];
        s->r = r;
        s->g = s->adjoints[r];
        s->marked = s->marks[r];
        if (!has_active_operand(s)) continue;
        s->t->at = s->x.at;
        if (RULES[s->x.op]->flow == FLOW_unknown) s->failed = true;
        else RULES[s->x.op]->pull(s);
        if (!s->failed) continue;
        *culprit = r;
        return false;
    }
    return true;
}

/* Values with the adjoints that they get from outside, 0 for none. */
typedef struct seeds {
    const ref *value, *adjoint;
    uint32_t count;
    bool marked;
    bool partial; /* by each operand as if no other depended on it */
} seeds;

/* The gradient is 0, not the number 0, for an x that the values do not depend on. */
static bool differentiate(tape *t, seeds from, const ref *x, uint32_t count, ref *gradient, ref *culprit) {
    visit s = {.t = t};
    for (uint32_t k = 0; k < from.count; k++)
        if (from.value[k] > s.top) s.top = from.value[k];
    bool *active = arena_array(t->arena, bool, (size_t)s.top + 1);
    s.active = active;
    s.adjoints = arena_array(t->arena, ref, (size_t)s.top + 1);
    s.marks = arena_array(t->arena, bool, (size_t)s.top + 1);
    s.marked = from.marked;
    for (uint32_t k = 0; k < from.count; k++)
        if (from.adjoint[k]) add_to_value(&s, from.value[k], from.adjoint[k]);
    bool *ends = from.partial ? arena_array(t->arena, bool, (size_t)s.top + 1) : NULL;
    for (uint32_t k = 0; k < count; k++) {
        if (x[k] <= s.top) active[x[k]] = true;
        if (ends && x[k] <= s.top) ends[x[k]] = true;
    }
    s.ends = ends;
    spread(t, s.top, active);
    span at = t->at;
    bool complete = pull_all(&s, culprit);
    t->at = at;
    for (uint32_t k = 0; k < count && complete; k++) gradient[k] = x[k] <= s.top ? s.adjoints[x[k]] : 0;
    return complete;
}

/* Gives the operands what they contribute to y, which stands for the result. */
static bool pull_through(visit *s, ref y, const ref *x, uint32_t count) {
    ref *gradient = arena_array(s->t->arena, ref, count), culprit;
    seeds from = {&y, &s->g, 1, s->marked, true};
    if (!differentiate(s->t, from, x, count, gradient, &culprit)) return false;
    for (uint32_t k = 0; k < count; k++)
        if (gradient[k] && s->active[x[k]]) add_to_value(s, x[k], gradient[k]);
    return true;
}

bool tape_adjoint(tape *t, ref y, ref seed, const ref *x, uint32_t count, ref *gradient, ref *culprit) {
    if (!seed) seed = tape_number(t, 1);
    if (!differentiate(t, (seeds){&y, &seed, 1, false, false}, x, count, gradient, culprit)) return false;
    for (uint32_t k = 0; k < count; k++) {
        if (!gradient[k]) gradient[k] = tape_number(t, 0);
        gradient[k] = tape_expand(t, gradient[k], t->code.at[x[k]].axes);
    }
    return true;
}

bool tape_gradient(tape *t, ref y, const ref *x, uint32_t count, ref *gradient, ref *culprit) {
    assert(t->code.at[y].axes.count == 0);
    return tape_adjoint(t, y, 0, x, count, gradient, culprit);
}

/* Scans. With the body (c', e) = f(c, u), where c are the carries, u the other operands and e the emissions,
 * one step of the reverse scan is
 *
 *   (adjoint of c, adjoint of u) = f's adjoint at (c, u), applied to (adjoint of c', adjoint of e)
 *
 * Its carries are the adjoints of c; it reads c from the histories of the scan that it belongs to, so nothing
 * runs twice; and it emits the adjoints of u, which are those of the slices, and summed over the loop's axis
 * those of operands without it. That they are summed outside lets a sum over the steps be a product of
 * matrices, where it is one (tighten.c). */

typedef struct reverse {
    visit *s;
    scan f;
    uint32_t count;                 /* operands of f */
    ref *final, *emitted, *history; /* adjoints of its results */
    bool *active;  /* by operand: is, or becomes in a later step, dependent on a wanted one */
    bool *reached; /* by carry: a result with an adjoint depends on it */
    bool marked;
    scan_builder b;
    ref *carried; /* by carry: its adjoint in the body, or 0 */
    ref *map;     /* f's body to the reverse one */
    ref *inputs;  /* by operand of f: its input in the reverse body */
} reverse;

static void find_seeds(reverse *v) {
    visit *s = v->s;
    arena *a = s->t->arena;
    v->final = arena_array(a, ref, v->f.carries);
    v->history = arena_array(a, ref, v->f.carries);
    v->emitted = arena_array(a, ref, scan_emissions(&v->f));
    for (ref r = s->r + 1; r <= s->top; r++) {
        const instruction *x = tape_at(s->t, r);
        if (x->op != OP_scan_result || x->in[0] != s->r || !s->adjoints[r]) continue;
        scan_output o = scan_output_of(&v->f, x->attribute);
        ref *to = o.kind == RESULT_final ? v->final : o.kind == RESULT_emission ? v->emitted : v->history;
        to[o.number] = s->adjoints[r];
    }
}

/* What depends on wanted operands: a carry does where its next value does. */
static void find_active_operands(reverse *v) {
    const tape *body = v->f.body;
    arena *a = v->s->t->arena;
    bool *active = arena_array(a, bool, body->code.count);
    v->active = arena_array(a, bool, v->count);
    for (uint32_t k = 0; k < v->count; k++) v->active[k] = v->s->active[v->f.operands[k]];
    for (bool changed = true; changed;) {
        changed = false;
        for (ref r = 1; r < body->code.count; r++)
            if (tape_at(body, r)->op == OP_input) active[r] = v->active[tape_at(body, r)->attribute];
        spread(body, body->code.count - 1, active);
        for (uint32_t k = 0; k < v->f.carries; k++)
            if (active[body->outputs.at[k]] && !v->active[k]) v->active[k] = changed = true;
    }
}

/* What has an adjoint: a carry does where a value that depends on it does, in this step or a later one. */
static void find_reached_carries(reverse *v) {
    const tape *body = v->f.body;
    arena *a = v->s->t->arena;
    bool *reached = arena_array(a, bool, body->code.count);
    v->reached = arena_array(a, bool, v->f.carries);
    for (uint32_t k = 0; k < v->f.carries; k++) v->reached[k] = v->final[k] || v->history[k];
    for (uint32_t k = 0; k < scan_emissions(&v->f); k++)
        if (v->emitted[k]) reached[body->outputs.at[v->f.carries + k]] = true;
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t k = 0; k < v->f.carries; k++)
            if (v->reached[k]) reached[body->outputs.at[k]] = true;
        for (ref r = body->code.count; r-- > 1;) {
            const instruction *x = tape_at(body, r);
            operands in = tape_operands(body, r);
            if (!reached[r]) continue;
            for (uint32_t i = 0; i < in.count; i++)
                if (carries(x->op, (int)i)) reached[in.at[i]] = true;
            if (x->op != OP_input || x->attribute >= v->f.carries || v->reached[x->attribute]) continue;
            v->reached[x->attribute] = changed = true;
        }
    }
}

static void open_reverse(reverse *v) {
    tape *t = v->s->t;
    v->b = scan_open(t, v->f.along, !v->f.backward);
    v->carried = arena_array(t->arena, ref, v->f.carries);
    for (uint32_t k = 0; k < v->f.carries; k++) {
        if (!v->active[k] || !v->reached[k]) continue;
        axes of = tape_at(v->f.body, v->f.body->outputs.at[k])->axes;
        v->carried[k] = scan_carry(&v->b, v->final[k] ? v->final[k] : tape_number(t, 0), of);
    }
}

/* The forward body within the reverse one. */
static void replay(reverse *v) {
    tape *t = v->s->t, *to = v->b.body;
    const tape *body = v->f.body;
    v->map = arena_array(t->arena, ref, body->code.count);
    v->inputs = arena_array(t->arena, ref, v->count);
    for (ref r = 1; r < body->code.count; r++) {
        instruction x = *tape_at(body, r);
        to->at = x.at;
        if (x.op == OP_input) {
            uint32_t k = x.attribute;
            ref from = k < v->f.carries ? scan_history(t, v->s->r, k) : v->f.operands[k];
            v->map[r] = v->inputs[k] = scan_take(&v->b, from);
        } else if (x.op == OP_scan) {
            v->map[r] = scan_copy(to, tape_scan(body, r), v->map);
        } else {
            for (int i = 0; i < 3; i++) x.in[i] = v->map[x.in[i]];
            v->map[r] = tape_emit(to, x);
        }
        v->marked |= x.op == OP_select;
    }
}

/* Operands that have become equal have one input, and one adjoint. */
static bool is_repeated(const reverse *v, uint32_t k) {
    for (uint32_t i = 0; i < k; i++)
        if (v->inputs[i] == v->inputs[k]) return true;
    return false;
}

/* Fills gradients[k] with the adjoint of operand k in the body, or 0. */
static bool differentiate_body(reverse *v, ref *gradients) {
    arena *a = v->s->t->arena;
    const tape *body = v->f.body;
    ref *value = arena_array(a, ref, body->outputs.count), *seed = arena_array(a, ref, body->outputs.count);
    for (uint32_t k = 0; k < body->outputs.count; k++) {
        value[k] = v->map[body->outputs.at[k]];
        if (k < v->f.carries) seed[k] = v->carried[k];
        else if (v->emitted[k - v->f.carries]) seed[k] = scan_take(&v->b, v->emitted[k - v->f.carries]);
    }
    ref *wanted = arena_array(a, ref, v->count), *found = arena_array(a, ref, v->count), culprit;
    uint32_t *place = arena_array(a, uint32_t, v->count), count = 0;
    for (uint32_t k = 0; k < v->count; k++) {
        if (!v->active[k] || !v->inputs[k] || is_repeated(v, k)) continue;
        place[count] = k;
        wanted[count++] = v->inputs[k];
    }
    seeds from = {value, seed, body->outputs.count, v->marked, false};
    if (!differentiate(v->b.body, from, wanted, count, found, &culprit)) return false;
    for (uint32_t i = 0; i < count; i++) gradients[place[i]] = found[i];
    for (uint32_t k = 0; k < v->f.carries; k++) {
        if (!v->carried[k] || !v->history[k]) continue;
        ref found_here = scan_take(&v->b, v->history[k]);
        gradients[k] = gradients[k] ? tape_map2(v->b.body, OP_add, gradients[k], found_here) : found_here;
    }
    return true;
}

static void pull_scan(visit *s) {
    tape *t = s->t;
    reverse v = {
        .s = s, .f = *tape_scan(t, s->r), .count = tape_operands(t, s->r).count, .marked = s->marked};
    find_seeds(&v);
    find_active_operands(&v);
    find_reached_carries(&v);
    open_reverse(&v);
    replay(&v);
    ref *gradients = arena_array(t->arena, ref, v.count), *next = arena_array(t->arena, ref, v.f.carries);
    ref *emissions = arena_array(t->arena, ref, v.count), reversed;
    s->failed = !differentiate_body(&v, gradients);
    if (s->failed) return;
    uint32_t carried = 0, emitted = 0;
    for (uint32_t k = 0; k < v.f.carries; k++)
        if (v.carried[k]) next[carried++] = gradients[k] ? gradients[k] : tape_number(v.b.body, 0);
    for (uint32_t k = v.f.carries; k < v.count; k++)
        if (gradients[k]) emissions[emitted++] = gradients[k];
    reversed = scan_close(&v.b, next, emissions, emitted);
    s->marked = v.marked;
    carried = emitted = 0;
    for (uint32_t k = 0; k < v.count; k++) {
        ref x = v.f.operands[k];
        if (k < v.f.carries) {
            if (v.carried[k] && s->active[x]) add_to_value(s, x, scan_final(t, reversed, carried));
            carried += v.carried[k] != 0;
        } else if (gradients[k]) {
            ref c = scan_emission(t, reversed, emitted++);
            bool slice = axes_has(tape_at(t, x)->axes, v.f.along);
            add_to_value(s, x, slice ? c : tape_sum(t, c, axes_one(v.f.along)));
        }
    }
}
