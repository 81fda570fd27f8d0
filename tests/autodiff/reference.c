/* A point holds an index along every axis of the tape; a value is read at a point through its own axes. So
 * "an operand that lacks an axis is constant along it" needs no code. */
#include "tests/autodiff/reference.h"

#include <math.h>
#include "tests/autodiff/reference_special.h"
#include "tests/autodiff/reference_tails.h"

typedef long double number;

typedef struct run {
    const tape *t;
    const number *const *inputs;
    number **values;
    uint32_t *point;   /* by axis, from 0 */
    number ***results; /* by scan, by number of the result */
} run;

/* Special functions. */

static const number PI = 3.14159265358979323846264338327950288L;

/* Recurrence up to 20, then Abramowitz and Stegun 6.3.18; reflection below 0. */
static number digamma(number x) {
    if (x <= 0 && x == floorl(x)) return NAN;
    if (x < 0) return digamma(1 - x) - PI / tanl(PI * x);
    number shift = 0;
    for (; x < 20; x++) shift -= 1 / x;
    static const number B[] = {1.L / 12,  -1.L / 120,     1.L / 252, -1.L / 240,
                               1.L / 132, -691.L / 32760, 1.L / 12};
    number sum = 0, power = 1 / (x * x);
    for (int i = 6; i >= 0; i--) sum = (sum + B[i]) * power;
    return shift + logl(x) - 0.5L / x - sum;
}

/* The same with 6.4.12. */
static number trigamma(number x) {
    if (x <= 0 && x == floorl(x)) return INFINITY;
    if (x < 0) return PI * PI / (sinl(PI * x) * sinl(PI * x)) - trigamma(1 - x);
    number shift = 0;
    for (; x < 20; x++) shift += 1 / (x * x);
    static const number B[] = {1.L / 6, -1.L / 30, 1.L / 42, -1.L / 30, 5.L / 66, -691.L / 2730, 7.L / 6};
    number sum = 0, power = 1 / (x * x);
    for (int i = 6; i >= 0; i--) sum = (sum + B[i]) * power;
    return shift + 1 / x + 0.5L * power + sum / x;
}

/* Far left by 26.2.12. */
static number log_ndtr(number x) {
    if (x > 0) return log1pl(-0.5L * erfcl(x / sqrtl(2)));
    if (x > -100) return logl(0.5L * erfcl(-x / sqrtl(2)));
    number q = 1 / (x * x);
    return -0.5L * x * x - 0.5L * logl(2 * PI) - logl(-x) +
           log1pl(-q * (1 - 3 * q * (1 - 5 * q * (1 - 7 * q))));
}

static number mills(number x) {
    number q = 1 / (x * x);
    if (x < -100) return -x / (1 - q * (1 - 3 * q * (1 - 5 * q * (1 - 7 * q))));
    return expl(-0.5L * x * x - 0.5L * logl(2 * PI) - log_ndtr(x));
}

/* Newton's method on log Phi, which is concave, from the left of the solution; the upper half by symmetry. */
static number ndtri(number p) {
    if (!(p >= 0 && p <= 1)) return NAN;
    if (p == 0) return -INFINITY;
    if (p == 1) return INFINITY;
    if (p > 0.5L) return -ndtri(1 - p);
    number x = -sqrtl(-2 * logl(p));
    for (int i = 0; i < 60; i++) {
        number f = log_ndtr(x) - logl(p);
        x -= f / mills(x);
    }
    return x;
}

/* The power series, DLMF 10.25.2. */
static reference_bessel of_bessel_i(number n, number x) {
    number z = x * x / 4, term = 1, sum = 0, orders = 0, powers = 0;
    for (int k = 0; k < 80; k++) {
        sum += term;
        orders += term * digamma(n + k + 1);
        powers += term * (2 * k + n) / x;
        term *= z / ((k + 1) * (n + k + 1));
    }
    return (reference_bessel){n * logl(x / 2) - lgammal(n + 1) + logl(sum), logl(x / 2) - orders / sum,
                              powers / sum};
}

static reference_tail gamma_at(number a, number x) { return reference_gamma(a, x, digamma(a)); }
static reference_tail beta_at(number a, number b, number x) {
    number both = digamma(a + b);
    return reference_beta(a, b, x, both - digamma(a), both - digamma(b));
}

/* Newton's method for log p in log x, or logit x, where it is concave, from the left of the solution. */
static number gamma_quantile(number a, number p) {
    number x = 1e-3L;
    for (int i = 0; i < 60; i++) {
        reference_tail t = gamma_at(a, x);
        x *= expl((logl(p) - logl(t.p)) * t.p / (t.density * x));
    }
    return x;
}
static number beta_quantile(number a, number b, number p) {
    number v = -4;
    for (int i = 0; i < 60; i++) {
        number x = 1 / (1 + expl(-v));
        reference_tail t = beta_at(a, b, x);
        v += (logl(p) - logl(t.p)) * t.p / (t.density * x * (1 - x));
    }
    return 1 / (1 + expl(-v));
}

static number of_gamma(op f, number a, number x) {
    if (f == OP_gamma_p_inv) return gamma_quantile(a, x);
    if (f == OP_gamma_q_inv) return gamma_quantile(a, 1 - x);
    reference_tail t = gamma_at(a, x);
    switch (f) {
    case OP_gamma_p: return t.p;
    case OP_gamma_q: return 1 - t.p;
    case OP_log_gamma_p: return logl(t.p);
    case OP_log_gamma_q: return log1pl(-t.p);
    case OP_gamma_density: return t.density;
    case OP_gamma_p_rate: return t.density / t.p;
    case OP_gamma_q_rate: return t.density / (1 - t.p);
    case OP_gamma_slope: return -t.by_a / t.density;
    default: return NAN;
    }
}

static number of_beta(op f, number a, number b, number x) {
    if (f == OP_inc_beta_inv) return beta_quantile(a, b, x);
    if (f == OP_inc_beta_c_inv) return beta_quantile(a, b, 1 - x);
    reference_tail t = beta_at(a, b, x);
    switch (f) {
    case OP_inc_beta: return t.p;
    case OP_inc_beta_c: return 1 - t.p;
    case OP_log_inc_beta: return logl(t.p);
    case OP_log_inc_beta_c: return log1pl(-t.p);
    case OP_beta_density: return t.density;
    case OP_inc_beta_rate: return t.density / t.p;
    case OP_inc_beta_c_rate: return t.density / (1 - t.p);
    case OP_beta_slope_a: return -t.by_a / t.density;
    case OP_beta_slope_b: return -t.by_b / t.density;
    default: return NAN;
    }
}

static number uniform(const run *u, const instruction *x, size_t k) {
    (void)u;
    uint64_t h = (x->attribute * 0x9e3779b97f4a7c15u + k + 1) * 0xbf58476d1ce4e5b9u;
    h = (h ^ (h >> 31)) * 0x94d049bb133111ebu;
    return ((h >> 11) + 0.5L) / 0x1p53L;
}

/* Points. */

static size_t place_of(const run *u, axes of) {
    size_t k = 0;
    for (int i = 0; i < of.count; i++) k = k * u->t->axes.at[of.at[i]].size + u->point[of.at[i]];
    return k;
}

static void go_to(run *u, axes of, size_t k) {
    for (int i = of.count; i--;) {
        uint32_t size = u->t->axes.at[of.at[i]].size;
        u->point[of.at[i]] = (uint32_t)(k % size);
        k /= size;
    }
}

static axes axes_of(const run *u, ref r) { return u->t->code.at[r].axes; }
static number at(const run *u, ref r) { return u->values[r][place_of(u, axes_of(u, r))]; }

number reference_map(op f, number x, number y, number z) {
    switch (f) {
    case OP_neg: return -x;
    case OP_add: return x + y;
    case OP_sub: return x - y;
    case OP_mul: return x * y;
    case OP_div: return x / y;
    case OP_pow: return powl(x, y);
    case OP_abs: return fabsl(x);
    case OP_sign: return isnan(x) ? x : (x > 0) - (x < 0);
    case OP_floor: return floorl(x);
    case OP_round: return roundl(x);
    case OP_sqrt: return sqrtl(x);
    case OP_minimum: return isnan(x) || isnan(y) ? x + y : x < y ? x : y;
    case OP_maximum: return isnan(x) || isnan(y) ? x + y : x > y ? x : y;
    case OP_lt: return x < y;
    case OP_le: return x <= y;
    case OP_eq: return x == y;
    case OP_ne: return x != y;
    case OP_and: return x != 0 && y != 0;
    case OP_or: return x != 0 || y != 0;
    case OP_not: return x == 0;
    case OP_select: return x != 0 ? y : z;
    case OP_stop: return x;
    case OP_exp: return expl(x);
    case OP_log: return logl(x);
    case OP_log1p: return log1pl(x);
    case OP_expm1: return expm1l(x);
    case OP_sin: return sinl(x);
    case OP_cos: return cosl(x);
    case OP_tan: return tanl(x);
    case OP_asin: return asinl(x);
    case OP_acos: return acosl(x);
    case OP_atan: return atanl(x);
    case OP_sinh: return sinhl(x);
    case OP_cosh: return coshl(x);
    case OP_tanh: return tanhl(x);
    case OP_expit: return 1 / (1 + expl(-x));
    case OP_log1p_exp: return x > 0 ? x + log1pl(expl(-x)) : log1pl(expl(x));
    case OP_lgamma: return lgammal(x);
    case OP_digamma: return digamma(x);
    case OP_trigamma: return trigamma(x);
    case OP_erf: return erfl(x);
    case OP_erfc: return erfcl(x);
    case OP_log_ndtr: return log_ndtr(x);
    case OP_mills: return mills(x);
    case OP_ndtri: return ndtri(x);
    case OP_xlogy: return x == 0 && !isnan(y) ? 0 : x * logl(y);
    case OP_erfcx: return expl(x * x) * erfcl(x);
    case OP_log1m_exp: return logl(-expm1l(x));
    case OP_logit: return logl(x / (1 - x));
    case OP_lambert_w: return reference_lambert_w(log1pl(x), x);
    case OP_lambert_wm1: return reference_lambert_w(-3, x);
    case OP_bessel_i0e: return expl(-fabsl(x)) * reference_bessel_i(0, x);
    case OP_bessel_i1e: return expl(-fabsl(x)) * reference_bessel_i(1, x);
    case OP_log_bessel_i0: return logl(reference_bessel_i(0, x));
    case OP_bessel_ratio: return reference_bessel_i(1, x) / reference_bessel_i(0, x);
    case OP_bessel_k0e: return reference_bessel_ke(0, x);
    case OP_bessel_k1e: return reference_bessel_ke(1, x);
    case OP_lbeta: return lgammal(x) + lgammal(y) - lgammal(x + y);
    case OP_digamma_rise: return digamma(x + y) - digamma(x);
    case OP_log_bessel_i: return of_bessel_i(x, y).log_value;
    case OP_log_bessel_i_by_order: return of_bessel_i(x, y).by_order;
    case OP_log_bessel_i_by_x: return of_bessel_i(x, y).by_x;
    case OP_log_bessel_k: return reference_bessel_k(x, y).log_value;
    case OP_log_bessel_k_by_order: return reference_bessel_k(x, y).by_order;
    case OP_log_bessel_k_by_x: return reference_bessel_k(x, y).by_x;
    case OP_owens_t: return reference_owens_t(x, y);
    case OP_von_mises_cdf: return reference_von_mises(x, y).cdf;
    case OP_von_mises_slope: {
        reference_angle r = reference_von_mises(x, y);
        return -r.by_k / r.density;
    }
    default: return op_inputs(f) == 3 ? of_beta(f, x, y, z) : of_gamma(f, x, y);
    }
}

static number map(const run *u, const instruction *c) {
    number in[3] = {0};
    for (int i = 0; i < 3; i++) in[i] = c->in[i] ? at(u, c->in[i]) : 0;
    return reference_map(c->op, in[0], in[1], in[2]);
}

/* Over the axes that the result lacks, at a point of the result. */
static number reduce(run *u, const instruction *c) {
    axes all = axes_of(u, c->in[0]);
    if (c->in[1]) all = axes_union(all, axes_of(u, c->in[1]));
    axes over = axes_minus(all, c->axes);
    size_t size = tape_size(u->t, over);
    number sum = 0, product = 1, most = -INFINITY, least = INFINITY, products = 0, exps = 0;
    for (size_t k = 0; k < size; k++) {
        go_to(u, over, k);
        number x = at(u, c->in[0]);
        sum += x;
        product *= x;
        if (x > most || isnan(x)) most = x;
        if (x < least || isnan(x)) least = x;
        if (c->in[1]) products += x * at(u, c->in[1]);
    }
    for (size_t k = 0; k < size; k++) {
        go_to(u, over, k);
        exps += expl(at(u, c->in[0]) - most);
    }
    switch (c->op) {
    case OP_sum: return sum;
    case OP_prod: return product;
    case OP_max: return most;
    case OP_min: return least;
    case OP_log_sum_exp: return isinf(most) ? most : most + logl(exps);
    case OP_contract: return products;
    default: return NAN;
    }
}

/* Rows: at a point of the result. */
static number rows(run *u, const instruction *c) {
    instruction product = *c;
    product.op = OP_contract;
    if (c->op == OP_sum_rows) return reduce(u, &product);
    number x = at(u, c->in[0]), y = at(u, c->in[1]), third = at(u, c->in[2]), sum = 0, most = -INFINITY;
    if (c->op == OP_shares) return third == INFINITY ? 0 : expl(x + y - third);
    if (third > MIXTURE_LEAST) return logl(third);
    axis over = (axis)c->attribute;
    for (uint32_t *k = &u->point[over], i = 0; i < u->t->axes.at[over].size; i++) {
        *k = i;
        x = at(u, c->in[0]) + at(u, c->in[1]);
        if (x > most || isnan(x)) most = x;
    }
    for (uint32_t *k = &u->point[over], i = 0; i < u->t->axes.at[over].size; i++) {
        *k = i;
        sum += expl(at(u, c->in[0]) + at(u, c->in[1]) - most);
    }
    return isinf(most) ? most : most + logl(sum);
}

static number cumulate(run *u, const instruction *c) {
    axis along = (axis)c->attribute;
    uint32_t here = u->point[along], size = u->t->axes.at[along].size;
    uint32_t first = c->op == OP_cumsum ? 0 : here, last = c->op == OP_cumsum ? here : size - 1;
    number sum = 0;
    for (uint32_t i = first; i <= last; i++) {
        u->point[along] = i;
        sum += at(u, c->in[0]);
    }
    return sum;
}

/* Selecting, at a point of the result. */
static number move(run *u, const instruction *c) {
    axes x = axes_of(u, c->in[0]);
    axis from = (axis)c->attribute;
    switch (c->op) {
    case OP_gather: {
        number index = at(u, c->in[1]);
        if (!(index >= 1 && index <= u->t->axes.at[from].size)) return NAN;
        u->point[from] = (uint32_t)index - 1;
        return at(u, c->in[0]);
    }
    case OP_rename: u->point[from] = u->point[c->attribute2]; return at(u, c->in[0]);
    case OP_slice: {
        size_t k = c->offset + place_of(u, axes_minus(c->axes, axes_without(x, from)));
        u->point[from] = (uint32_t)k;
        return at(u, c->in[0]);
    }
    case OP_place: {
        axes laid_out = axes_minus(x, c->axes);
        uint64_t k = u->point[from];
        if (k < c->offset || k >= c->offset + tape_size(u->t, laid_out)) return 0;
        go_to(u, laid_out, k - c->offset);
        return at(u, c->in[0]);
    }
    case OP_expand: return at(u, c->in[0]);
    default: return NAN;
    }
}

static void scatter(run *u, const instruction *c, number *result) {
    bool weighted = c->op == OP_scatter_rows;
    ref place = c->in[weighted ? 2 : 1];
    axes all = axes_union(axes_union(axes_of(u, c->in[0]), axes_of(u, c->in[1])), axes_of(u, place));
    axis into = (axis)c->attribute;
    for (size_t k = 0; k < tape_size(u->t, all); k++) {
        go_to(u, all, k);
        number x = at(u, c->in[0]) * (weighted ? at(u, c->in[1]) : 1), index = at(u, place);
        if (!(index >= 1 && index <= u->t->axes.at[into].size)) continue;
        u->point[into] = (uint32_t)index - 1;
        result[place_of(u, c->axes)] += x;
    }
}

/* Entry i, j of the square matrix r at a point of its further axes. */
static number entry(run *u, ref r, const instruction *c, uint32_t i, uint32_t j) {
    u->point[c->attribute] = i;
    u->point[c->attribute2] = j;
    return at(u, r);
}

static number *result_at(run *u, const instruction *c, number *result, uint32_t i, uint32_t j) {
    u->point[c->attribute] = i;
    u->point[c->attribute2] = j;
    return &result[place_of(u, c->axes)];
}

static void cholesky(run *u, const instruction *c, number *result) {
    uint32_t n = u->t->axes.at[c->attribute].size;
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = 0; j <= i; j++) {
            number sum = entry(u, c->in[0], c, i, j);
            for (uint32_t k = 0; k < j; k++)
                sum -= *result_at(u, c, result, i, k) * *result_at(u, c, result, j, k);
            number pivot = i == j ? 1 : *result_at(u, c, result, j, j);
            *result_at(u, c, result, i, j) = i == j ? sqrtl(sum) : sum / pivot;
        }
}

/* The adjoint of cholesky() above, statement by statement from its end. Both operands: lower triangles. */
static void cholesky_back(run *u, const instruction *c, number *result) {
    int64_t n = u->t->axes.at[c->attribute].size;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j <= i; j++)
            *result_at(u, c, result, (uint32_t)i, (uint32_t)j) =
                entry(u, c->in[1], c, (uint32_t)i, (uint32_t)j);
    for (int64_t i = n - 1; i >= 0; i--)
        for (int64_t j = i; j >= 0; j--) {
            uint32_t row = (uint32_t)i, column = (uint32_t)j;
            number pivot = entry(u, c->in[0], c, column, column);
            number *of = result_at(u, c, result, row, column), slope = *of / (i == j ? 2 * pivot : pivot);
            if (i != j)
                *result_at(u, c, result, column, column) -= slope * entry(u, c->in[0], c, row, column);
            for (uint32_t k = 0; k < column; k++) {
                *result_at(u, c, result, row, k) -= slope * entry(u, c->in[0], c, column, k);
                *result_at(u, c, result, column, k) -= slope * entry(u, c->in[0], c, row, k);
            }
            *result_at(u, c, result, row, column) = slope;
        }
}

static void solve(run *u, const instruction *c, number *result) {
    uint32_t n = u->t->axes.at[c->attribute].size;
    bool lower = c->op == OP_solve_lower;
    for (uint32_t step = 0; step < n; step++) {
        uint32_t i = lower ? step : n - 1 - step;
        u->point[c->attribute] = u->point[c->attribute2] = i;
        number sum = at(u, c->in[1]);
        for (uint32_t j = lower ? 0 : i + 1; j < (lower ? i : n); j++) {
            number l = lower ? entry(u, c->in[0], c, i, j) : entry(u, c->in[0], c, j, i);
            sum -= l * *result_at(u, c, result, j, j);
        }
        number pivot = entry(u, c->in[0], c, i, i);
        *result_at(u, c, result, i, i) = sum / pivot;
    }
}

/* At each point of the axes beside row and column. */
static void matrices(run *u, const instruction *c, number *result) {
    axes further = axes_without(axes_without(c->axes, (axis)c->attribute), (axis)c->attribute2);
    for (size_t k = 0; k < tape_size(u->t, further); k++) {
        go_to(u, further, k);
        if (c->op == OP_cholesky) cholesky(u, c, result);
        else if (c->op == OP_cholesky_back) cholesky_back(u, c, result);
        else solve(u, c, result);
    }
}

/* Term by term, with the derivatives of their logarithms. */
static number beta_order(run *u, const instruction *c) {
    uint32_t wanted = u->point[c->attribute];
    number p[4], sum = 0, slope = 0;
    for (uint32_t i = 0; i < 4; i++) u->point[c->attribute] = i, p[i] = at(u, c->in[0]);
    u->point[c->attribute] = wanted;
    number n = p[0] + p[2] + p[3];
    for (int j = 0; j < (int)p[1]; j++) {
        number log_term = lgammal(p[0] + j) - lgammal(p[0]) - lgammal(1.L + j) + lgammal(p[0] + p[2]) +
                          lgammal(p[3] + j) - lgammal(n + j) - lgammal(p[2]) - lgammal(p[3]) +
                          lgammal(p[2] + p[3]);
        number both = digamma(p[2] + p[3]) - digamma(n + j);
        number by[4] = {digamma(p[0] + j) - digamma(p[0]) + digamma(p[0] + p[2]) - digamma(n + j), 0,
                        digamma(p[0] + p[2]) - digamma(p[2]) + both,
                        digamma(p[3] + j) - digamma(p[3]) + both};
        sum += expl(log_term);
        slope += expl(log_term) * by[wanted];
    }
    switch (c->op) {
    case OP_log_beta_below: return logl(sum);
    case OP_log_beta_above: return log1pl(-sum);
    case OP_log_beta_below_slopes: return slope / sum;
    default: return -slope / (1 - sum);
    }
}

static number draw(const run *u, const instruction *c, size_t k) {
    switch (c->op) {
    case OP_random_normal: return ndtri(uniform(u, c, k));
    case OP_random_uniform: return uniform(u, c, k);
    case OP_random_von_mises: return reference_von_mises_quantile(at(u, c->in[0]), uniform(u, c, k));
    case OP_random_gamma: return gamma_quantile(at(u, c->in[0]), uniform(u, c, k));
    case OP_random_binomial: return roundl(at(u, c->in[0]) * at(u, c->in[1]));
    case OP_random_poisson:
    case OP_random_hypergeometric:
    case OP_random_zipf:
    case OP_random_passage: return roundl(at(u, c->in[0]));
    default: return at(u, c->in[0]);
    }
}

static number leaf(const run *u, const instruction *c, size_t k) {
    switch (c->op) {
    case OP_number: return c->number;
    case OP_data: return c->pointer[k];
    case OP_input: return u->inputs[c->attribute][k];
    case OP_position: return (number)k + 1;
    default: return NAN;
    }
}

static number at_point(run *u, const instruction *c, size_t k) {
    switch (op_kind_of(c->op)) {
    case KIND_LEAF: return leaf(u, c, k);
    case KIND_MAP: return map(u, c);
    case KIND_REDUCE: return reduce(u, c);
    case KIND_MOVE: return move(u, c);
    case KIND_RANDOM: return draw(u, c, k);
    case KIND_LINEAR:
        if (c->op == OP_mixture || c->op == OP_shares || c->op == OP_sum_rows) return rows(u, c);
        if (c->op == OP_allot) return roundl(at(u, c->in[0]));
        if (c->op >= OP_log_beta_below && c->op <= OP_log_beta_above_slopes) return beta_order(u, c);
        return c->op == OP_contract ? reduce(u, c) : cumulate(u, c);
    case KIND_SCAN:
        return c->op == OP_scan ? 0 : u->results[u->t->code.at[c->in[0]].attribute][c->attribute][k];
    }
    return NAN;
}

static bool whole(op f) {
    return f == OP_scatter || f == OP_scatter_rows || f == OP_cholesky || f == OP_cholesky_back ||
           f == OP_solve_lower || f == OP_solve_lower_transposed;
}

static void run_all(run *u, bool rounded, arena *a);

static run run_open(const tape *t, const number *const *inputs, number **values, arena *a) {
    return (run){t, inputs, values, arena_array(a, uint32_t, t->axes.count + 1u),
                 arena_array(a, number **, t->scans.count + 1u)};
}

/* Copies the entries of a step, which lie apart in the stack: `to_stack`, or from it. */
static void copy_entry(run *u, axes entry, axis along, uint32_t step, number *stack, number *x,
                       bool to_stack) {
    axes all = axes_with(entry, along);
    for (size_t k = 0; k < tape_size(u->t, entry); k++) {
        go_to(u, entry, k);
        u->point[along] = step;
        number *at_stack = &stack[place_of(u, all)];
        *(to_stack ? at_stack : &x[k]) = *(to_stack ? &x[k] : at_stack);
    }
}

/* Step by step: the inputs are filled, the body runs, the results are stacked and the carries handed on. */
static void run_scan(run *u, ref r, bool rounded, arena *a) {
    const scan *s = tape_scan(u->t, r);
    const tape *body = s->body;
    uint32_t steps = u->t->axes.at[s->along].size, outputs = body->outputs.count;
    number **inputs = arena_array(a, number *, body->slots + 1u), **results;
    run b = run_open(body, (const number *const *)inputs, arena_array(a, number *, body->code.count + 1u), a);
    results = u->results[u->t->code.at[r].attribute] = arena_array(a, number *, outputs + s->carries + 1u);
    for (uint32_t k = 0; k < outputs + s->carries; k++) {
        size_t size = tape_size(u->t, body->code.at[body->outputs.at[k < outputs ? k : k - outputs]].axes);
        results[k] = arena_array(a, number, k < s->carries ? size : size * steps);
    }
    for (uint32_t k = 0; k < s->carries; k++) {
        size_t size = tape_size(u->t, body->code.at[body->outputs.at[k]].axes);
        inputs[k] = arena_array(a, number, size);
        for (size_t i = 0; i < size; i++) results[k][i] = u->values[s->operands[k]][i];
    }
    for (uint32_t i = 0; i < steps; i++) {
        uint32_t step = s->backward ? steps - 1 - i : i;
        for (uint32_t k = 0; k < body->slots; k++) {
            axes of = axes_without(axes_of(u, s->operands[k]), s->along);
            size_t size = tape_size(u->t, of);
            if (!inputs[k]) inputs[k] = arena_array(a, number, size);
            number *from = k < s->carries ? results[k] : u->values[s->operands[k]];
            if (axes_has(axes_of(u, s->operands[k]), s->along))
                copy_entry(u, of, s->along, step, from, inputs[k], false);
            else
                for (size_t j = 0; j < size; j++) inputs[k][j] = from[j];
        }
        run_all(&b, rounded, a);
        for (uint32_t k = 0; k < outputs; k++) {
            axes of = body->code.at[body->outputs.at[k]].axes;
            number *x = b.values[body->outputs.at[k]];
            if (k >= s->carries) copy_entry(u, of, s->along, step, results[k], x, true);
            else copy_entry(u, of, s->along, step, results[outputs + k], inputs[k], true);
            for (size_t j = 0; j < tape_size(u->t, of) && k < s->carries; j++) results[k][j] = x[j];
        }
    }
}

static void run_all(run *u, bool rounded, arena *a) {
    const tape *t = u->t;
    for (ref r = 1; r < t->code.count; r++) {
        const instruction *c = &t->code.at[r];
        size_t size = tape_size(t, c->axes);
        if (!u->values[r]) u->values[r] = arena_array(a, number, size);
        for (size_t k = 0; k < size; k++) u->values[r][k] = 0;
        if (c->op == OP_scan) run_scan(u, r, rounded, a);
        if (c->op == OP_scatter || c->op == OP_scatter_rows) scatter(u, c, u->values[r]);
        else if (whole(c->op)) matrices(u, c, u->values[r]);
        for (size_t k = 0; k < size; k++) {
            go_to(u, c->axes, k);
            if (!whole(c->op)) u->values[r][k] = at_point(u, c, k);
            if (rounded) u->values[r][k] = (double)u->values[r][k];
        }
    }
}

void reference_run_long(const tape *t, const long double *const *inputs, long double **values, arena *a) {
    for (ref r = 0; r < t->code.count; r++) values[r] = NULL;
    run u = run_open(t, inputs, values, a);
    run_all(&u, false, a);
}

void reference_run(const tape *t, const double *const *inputs, double **values, arena *a) {
    number **wide = arena_array(a, number *, t->code.count + 1u);
    number **bound = arena_array(a, number *, t->slots + 1u);
    for (ref r = 1; r < t->code.count; r++) {
        const instruction *c = &t->code.at[r];
        if (c->op != OP_input) continue;
        size_t size = tape_size(t, c->axes);
        bound[c->attribute] = arena_array(a, number, size);
        for (size_t k = 0; k < size; k++) bound[c->attribute][k] = inputs[c->attribute][k];
    }
    run u = run_open(t, (const number *const *)bound, wide, a);
    run_all(&u, true, a);
    for (ref r = 1; r < t->code.count; r++) {
        size_t size = tape_size(t, t->code.at[r].axes);
        values[r] = arena_array(a, double, size);
        for (size_t k = 0; k < size; k++) values[r][k] = (double)wide[r][k];
    }
}
