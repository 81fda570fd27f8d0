/* The derivative of every op against differences, with operands of all combinations of axes, and of gradients
 * again.
 *
 * A builder makes a value from random inputs; what is differentiated is its sum, weighted by data over all,
 * some or none of its axes, so that adjoints come in that are constant along axes. Differences are central of
 * sixth order in long double with h = 2^-10: the truncation h^6 f''''''' / 140 is below 1e-20 times the
 * seventh derivative, which in the ranges below stays under 1e9; rounding, 1e-19 / h, is 1e-16. So TOLERANCE
 * leaves two digits. */
#include <math.h>
#include <stdlib.h>
#include "autodiff/tape.h"
#include "tests/autodiff/reference.h"
#include "tests/check.h"
#include "tests/memory.h"

static const long double TOLERANCE = 1e-9L, STEP = 0x1p-10L;

/* What a builder works on. Axes: a of 3, b of 2, c of 4 and d of 2 (b and d fit c), n and its alias m of 3.
 */
enum { A, B, C, D, ROW, COLUMN, AXIS_COUNT };
enum { INPUTS_MOST = 8 };

typedef struct maker {
    tape t;
    arena *arena;
    uint64_t state; /* of the generator */
    uint32_t count;
    ref inputs[INPUTS_MOST];
    long double *values[INPUTS_MOST];
} maker;

/* Makes variant `variant`, or returns 0 where there are no more. */
typedef ref builder(maker *m, op f, int variant);

static double draw(maker *m, double low, double high) {
    m->state = m->state * 6364136223846793005u + 1442695040888963407u;
    return low + (high - low) * ((double)(m->state >> 11) + 0.5) / 0x1p53;
}

static axes set(const char *names) {
    axes s = {0};
    for (; *names; names++)
        s = axes_with(s, (axis)(*names == 'n' ? ROW : *names == 'm' ? COLUMN : *names - 'a'));
    return s;
}

static ref input(maker *m, const char *names, double low, double high) {
    axes of = set(names);
    size_t size = tape_size(&m->t, of);
    long double *values = arena_array(m->arena, long double, size);
    for (size_t k = 0; k < size; k++) values[k] = draw(m, low, high);
    m->values[m->count] = values;
    return m->inputs[m->count++] = tape_input(&m->t, of);
}

/* Data between 0.5 and 1.5, or indices 1 … most. */
static ref weights(maker *m, axes of) {
    size_t size = tape_size(&m->t, of);
    double *values = arena_array(m->arena, double, size);
    for (size_t k = 0; k < size; k++) values[k] = draw(m, 0.5, 1.5);
    return tape_data(&m->t, values, of);
}

static ref indices(maker *m, const char *names, uint32_t most) {
    size_t size = tape_size(&m->t, set(names));
    double *values = arena_array(m->arena, double, size);
    for (size_t k = 0; k < size; k++) values[k] = 1 + floor(draw(m, 0, most));
    return tape_data(&m->t, values, set(names));
}

static void start(maker *m, arena *a) {
    *m = (maker){.arena = a, .state = 1};
    tape_open(&m->t, a);
    static const tape_axis AXES[AXIS_COUNT] = {{"a", 3, NULL}, {"b", 2, NULL}, {"c", 4, NULL},
                                               {"d", 2, NULL}, {"n", 3, NULL}, {"m", 3, NULL}};
    for (int i = 0; i < AXIS_COUNT; i++) tape_add_axis(&m->t, AXES[i].name, AXES[i].size);
}

/* The comparison. */

static long double run(const maker *m, ref y) {
    long double **values = arena_array(m->arena, long double *, m->t.code.count);
    reference_run_long(&m->t, (const long double *const *)m->values, values, m->arena);
    return values[y][0];
}

/* Its own arena for the evaluations, which are many. */
static long double difference(maker *m, ref y, long double *entry) {
    arena *whole = m->arena, part;
    arena_open(&part, whole->memory);
    m->arena = &part;
    static const long double WEIGHTS[] = {45, -9, 1};
    long double sum = 0, x = *entry;
    for (int i = 1; i <= 3; i++) {
        *entry = x + i * STEP;
        sum += WEIGHTS[i - 1] * run(m, y);
        *entry = x - i * STEP;
        sum -= WEIGHTS[i - 1] * run(m, y);
    }
    *entry = x;
    arena_close(&part);
    m->arena = whole;
    return sum / (60 * STEP);
}

/* The largest disagreement of a gradient with differences, relative to 1 + the gradient. */
static long double disagreement(maker *m, ref y, const ref *gradient) {
    tape short_tape = m->t; /* without the gradient */
    long double **values = arena_array(m->arena, long double *, m->t.code.count);
    reference_run_long(&m->t, (const long double *const *)m->values, values, m->arena);
    short_tape.code.count = y + 1;
    tape long_tape = m->t;
    m->t = short_tape;
    long double worst = 0;
    for (uint32_t i = 0; i < m->count; i++) {
        axes of = long_tape.code.at[m->inputs[i]].axes;
        if (!axes_equal(long_tape.code.at[gradient[i]].axes, of)) worst = INFINITY;
        for (size_t k = 0; k < tape_size(&m->t, of); k++) {
            long double g = values[gradient[i]][k];
            long double off = fabsl(g - difference(m, y, &m->values[i][k])) / (1 + fabsl(g));
            if (!(off <= worst)) worst = isnan(off) ? INFINITY : off;
        }
    }
    m->t = long_tape;
    return worst;
}

/* A scalar from a value: weighted over a part of its axes. */
static ref weighted(maker *m, ref x, axes by) {
    axes of = m->t.code.at[x].axes;
    return tape_sum(&m->t, tape_map2(&m->t, OP_mul, x, weights(m, axes_common(by, of))), of);
}

typedef struct outcome {
    int variants;
    long double once, twice; /* the worst disagreements */
    ref culprit, culprit_twice;
} outcome;

static void differentiate(maker *m, ref r, axes by, outcome *o) {
    ref y = weighted(m, r, by), gradient[INPUTS_MOST], again[INPUTS_MOST], culprit = 0;
    if (!tape_gradient(&m->t, y, m->inputs, m->count, gradient, &culprit)) {
        o->culprit = culprit;
        return;
    }
    long double off = disagreement(m, y, gradient);
    if (off > o->once) o->once = off;
    ref z = tape_number(&m->t, 0);
    for (uint32_t i = 0; i < m->count; i++)
        z = tape_map2(&m->t, OP_add, z, weighted(m, gradient[i], m->t.code.at[m->inputs[i]].axes));
    if (!tape_gradient(&m->t, z, m->inputs, m->count, again, &culprit)) {
        o->culprit_twice = culprit;
        return;
    }
    off = disagreement(m, z, again);
    if (off > o->twice) o->twice = off;
}

static outcome differentiate_all(memory *host, builder *build, op f) {
    static const char *const WEIGHTED_BY[] = {"", "a", "abcdnm"};
    outcome o = {0};
    bool more = true;
    for (int variant = 0; more; variant++)
        for (int by = 0; by < 3 && more; by++) {
            arena a;
            maker m;
            arena_open(&a, host);
            start(&m, &a);
            m.state += (uint64_t)variant;
            ref r = build(&m, f, variant);
            more = r != 0;
            if (more) differentiate(&m, r, set(WEIGHTED_BY[by]), &o);
            o.variants += more;
            arena_close(&a);
        }
    return o;
}

/* One row an op. */

typedef enum expected {
    EXPECTED_none,
    EXPECTED_leaf,
    EXPECTED_right,
    EXPECTED_once,
    EXPECTED_unknown
} expected;

typedef struct row {
    expected expected; /* right twice, right once and then unknown, unknown */
    builder *build;
    double low, high, low2, high2, low3, high3; /* of elementwise operands */
} row;
static const row ROWS[OP_count];

/* Operands over nothing, a, b and both, in all combinations. */
static const char *const COMBINATIONS[] = {"", "a", "b", "ab"};

static ref elementwise(maker *m, op f, int variant) {
    const row *w = &ROWS[f];
    if (variant >= 1 << 2 * op_inputs(f)) return 0;
    ref x = input(m, COMBINATIONS[variant & 3], w->low, w->high);
    if (op_inputs(f) == 1) return tape_map1(&m->t, f, x);
    ref y = input(m, COMBINATIONS[variant >> 2 & 3], w->low2, w->high2);
    if (op_inputs(f) == 2) return tape_map2(&m->t, f, x, y);
    if (variant >= 16) return 0;
    return tape_map3(&m->t, f, x, y, input(m, COMBINATIONS[(variant ^ variant >> 2) & 3], w->low3, w->high3));
}

/* By the last operand, the parameters being known. */
static ref by_point(maker *m, op f, int variant) {
    if (variant) return 0;
    ref a = weights(m, set("a")), b = weights(m, set("b"));
    if (op_inputs(f) == 2) return tape_map2(&m->t, f, a, input(m, "ab", 0.5, 3));
    return tape_map3(&m->t, f, a, b, input(m, "ab", 0.2, 0.6));
}

static ref selected(maker *m, op f, int variant) {
    (void)f;
    if (variant >= 64) return 0;
    ref c = weights(m, set(COMBINATIONS[variant & 3]));
    ref x = input(m, COMBINATIONS[variant >> 2 & 3], 0.5, 2),
        y = input(m, COMBINATIONS[variant >> 4], 0.5, 2);
    c = tape_map2(&m->t, OP_lt, c, tape_number(&m->t, 1));
    return tape_select(&m->t, c, tape_map1(&m->t, OP_log, x), tape_map2(&m->t, OP_mul, x, y));
}

static ref reduced(maker *m, op f, int variant) {
    switch (variant) {
    case 0: return tape_reduce(&m->t, f, input(m, "ab", -2, 2), set("a"));
    case 1: return tape_reduce(&m->t, f, input(m, "abc", -2, 2), set("ac"));
    case 2: return tape_reduce(&m->t, f, input(m, "ab", -2, 2), set("ab"));
    default: return 0;
    }
}

static ref contracted(maker *m, op f, int variant) {
    (void)f;
    tape *t = &m->t;
    switch (variant) {
    case 0: return tape_contract(t, input(m, "ab", -2, 2), input(m, "bc", -2, 2), set("b"));
    case 1: return tape_contract(t, input(m, "ab", -2, 2), input(m, "b", -2, 2), set("b"));
    case 2: return tape_contract(t, input(m, "abc", -2, 2), input(m, "abd", -2, 2), set("b"));
    case 3: return tape_contract(t, input(m, "abc", -2, 2), input(m, "acd", -2, 2), set("ac"));
    case 4: return tape_contract(t, input(m, "ab", -2, 2), input(m, "ab", -2, 2), set("ab"));
    case 5: return tape_contract(t, input(m, "ab", -2, 2), input(m, "ac", -2, 2), set("abcn"));
    default: return 0;
    }
}

static ref by_rows(maker *m, op f, int variant) {
    tape *t = &m->t;
    ref x = input(m, "ac", -2, 2), y = input(m, "bc", -2, 2), w = input(m, "a", -2, 2);
    if (variant) return 0;
    switch (f) {
    case OP_mixture: return tape_mixture(t, x, y, tape_contract(t, x, y, set("c")), C);
    case OP_shares: return tape_shares(t, x, y, w);
    case OP_sum_rows: return tape_sum_rows(t, x, w, set("c"));
    default: return tape_scatter_rows(t, x, w, tape_position(t, A), B, set("bc"));
    }
}

static ref cumulated(maker *m, op f, int variant) {
    static const char *const OF[] = {"c", "ac", "bcd", "a"};
    if (variant >= 4) return 0;
    ref x = input(m, OF[variant], -2, 2);
    return f == OP_cumsum ? tape_cumsum(&m->t, x, C) : tape_cumsum_back(&m->t, x, C);
}

static ref allotted(maker *m, op f, int variant) {
    (void)f;
    return variant ? 0 : tape_allot(&m->t, input(m, "ac", 1.25, 1.4), input(m, "c", 0.3, 0.35), C);
}

static ref ordered_betas(maker *m, op f, int variant) {
    return variant ? 0 : tape_beta_order(&m->t, f, input(m, variant ? "bc" : "ac", 2.2, 4.8), C);
}

static ref gathered(maker *m, op f, int variant) {
    (void)f;
    switch (variant) {
    case 0: return tape_gather(&m->t, input(m, "c", -2, 2), indices(m, "a", 4), C);
    case 1: return tape_gather(&m->t, input(m, "bc", -2, 2), indices(m, "a", 4), C);
    case 2: return tape_gather(&m->t, input(m, "bc", -2, 2), indices(m, "ab", 4), C);
    case 3: return tape_gather(&m->t, input(m, "ac", -2, 2), indices(m, "c", 4), C);
    case 4: return tape_gather(&m->t, input(m, "ac", -2, 2), indices(m, "", 4), C);
    case 5: return tape_gather(&m->t, input(m, "a", -2, 2), indices(m, "b", 4), C);
    default: return 0;
    }
}

static ref scattered(maker *m, op f, int variant) {
    (void)f;
    tape *t = &m->t;
    switch (variant) {
    case 0: return tape_scatter(t, input(m, "a", -2, 2), indices(m, "a", 4), C, set("c"));
    case 1: return tape_scatter(t, input(m, "ab", -2, 2), indices(m, "a", 4), C, set("bc"));
    case 2: return tape_scatter(t, input(m, "ab", -2, 2), indices(m, "ad", 4), C, set("ac"));
    case 3: return tape_scatter(t, input(m, "b", -2, 2), indices(m, "ab", 4), C, set("bc"));
    case 4: return tape_scatter(t, input(m, "ac", -2, 2), indices(m, "c", 4), C, set("ac"));
    case 5: return tape_scatter(t, input(m, "ac", -2, 2), indices(m, "a", 4), C, set("ac"));
    default: return 0;
    }
}

static ref renamed(maker *m, op f, int variant) {
    (void)f;
    switch (variant) {
    case 0: return tape_rename(&m->t, input(m, "n", -2, 2), ROW, COLUMN);
    case 1: return tape_rename(&m->t, input(m, "ab", -2, 2), B, D);
    case 2: return tape_rename(&m->t, input(m, "acd", -2, 2), D, B);
    default: return 0;
    }
}

static ref sliced(maker *m, op f, int variant) {
    (void)f;
    switch (variant) {
    case 0: return tape_slice(&m->t, input(m, "c", -2, 2), C, 1, set("b"));
    case 1: return tape_slice(&m->t, input(m, "ac", -2, 2), C, 0, set("bd"));
    case 2: return tape_slice(&m->t, input(m, "ac", -2, 2), C, 3, set(""));
    case 3: return tape_slice(&m->t, input(m, "a", -2, 2), C, 1, set("b"));
    default: return 0;
    }
}

static ref placed(maker *m, op f, int variant) {
    (void)f;
    switch (variant) {
    case 0: return tape_place(&m->t, input(m, "b", -2, 2), set("b"), C, 1);
    case 1: return tape_place(&m->t, input(m, "abd", -2, 2), set("bd"), C, 0);
    case 2: return tape_place(&m->t, input(m, "a", -2, 2), set(""), C, 3);
    case 3: return tape_place(&m->t, input(m, "ad", -2, 2), set("bd"), C, 0);
    default: return 0;
    }
}

static ref expanded(maker *m, op f, int variant) {
    (void)f;
    if (variant >= 4) return 0;
    return tape_expand(&m->t, input(m, COMBINATIONS[variant], -2, 2), set("abc"));
}

/* A matrix with a heavy diagonal. */
static ref matrix(maker *m, const char *names) {
    ref diagonal = tape_map2(&m->t, OP_eq, tape_position(&m->t, ROW), tape_position(&m->t, COLUMN));
    diagonal = tape_map2(&m->t, OP_mul, tape_number(&m->t, 3), diagonal);
    return tape_map2(&m->t, OP_add, diagonal, input(m, names, -1, 1));
}

static ref factored(maker *m, op f, int variant) {
    (void)f;
    switch (variant) {
    case 0: return tape_cholesky(&m->t, matrix(m, "nm"), ROW, COLUMN);
    case 1: return tape_cholesky(&m->t, matrix(m, "nm"), COLUMN, ROW);
    case 2: return tape_cholesky(&m->t, matrix(m, "anm"), ROW, COLUMN);
    case 3: return tape_cholesky(&m->t, matrix(m, "bn"), ROW, COLUMN);
    default: return 0;
    }
}

static ref factored_back(maker *m, op f, int variant) {
    (void)f;
    switch (variant) {
    case 0: return tape_cholesky_back(&m->t, matrix(m, "nm"), input(m, "nm", -2, 2), ROW, COLUMN);
    case 1: return tape_cholesky_back(&m->t, matrix(m, "nm"), input(m, "anm", -2, 2), COLUMN, ROW);
    case 2: return tape_cholesky_back(&m->t, matrix(m, "anm"), input(m, "n", -2, 2), ROW, COLUMN);
    default: return 0;
    }
}

static ref solved(maker *m, op f, int variant) {
    static const char *const MATRIX[] = {"nm", "nm", "anm", "anm", "anm", "n", "nm"};
    static const char *const RIGHT[][2] = {{"n", "m"},   {"an", "am"}, {"n", "m"}, {"an", "am"},
                                           {"bn", "bm"}, {"an", "am"}, {"a", "a"}};
    if (variant >= 7) return 0;
    ref l = matrix(m, MATRIX[variant]);
    if (f == OP_solve_lower)
        return tape_solve_lower(&m->t, l, input(m, RIGHT[variant][0], -2, 2), ROW, COLUMN);
    return tape_solve_lower_transposed(&m->t, l, input(m, RIGHT[variant][1], -2, 2), ROW, COLUMN);
}

static ref drawn(maker *m, op f, int variant) {
    if (variant >= 1) return 0;
    ref x = op_inputs(f) > 0 ? input(m, "a", 1.25, 1.4) : 0,
        y = op_inputs(f) > 1 ? input(m, "b", 0.3, 0.35) : 0, z = op_inputs(f) > 2 ? y : 0;
    return tape_random(&m->t, f, x, y, z, set("ab"));
}

#define LEAF                                                                                                 \
    { EXPECTED_leaf, NULL, 0, 0, 0, 0 }
#define MAP(low, high)                                                                                       \
    { EXPECTED_right, elementwise, low, high, 0, 0 }
#define MAP2(l1, h1, l2, h2)                                                                                 \
    { EXPECTED_right, elementwise, l1, h1, l2, h2 }
#define MAP3_ONCE(l1, h1, l2, h2, l3, h3)                                                                    \
    { EXPECTED_once, elementwise, l1, h1, l2, h2, l3, h3 }
#define BUILT(build)                                                                                         \
    { EXPECTED_right, build, 0, 0, 0, 0 }

static const row ROWS[OP_count] = {
    [OP_number] = LEAF,
    [OP_data] = LEAF,
    [OP_input] = LEAF,
    [OP_position] = LEAF,
    [OP_neg] = MAP(-2, 2),
    [OP_add] = MAP2(-2, 2, -2, 2),
    [OP_sub] = MAP2(-2, 2, -2, 2),
    [OP_mul] = MAP2(-2, 2, -2, 2),
    [OP_div] = MAP2(-2, 2, 0.5, 2),
    [OP_pow] = MAP2(0.5, 2, -2, 3),
    [OP_abs] = MAP(-2, 2),
    [OP_sign] = MAP(-2, 2),
    [OP_floor] = MAP(-2, 2),
    [OP_round] = MAP(-2, 2),
    [OP_sqrt] = MAP(0.5, 2),
    [OP_minimum] = MAP2(-2, 2, -2, 2),
    [OP_maximum] = MAP2(-2, 2, -2, 2),
    [OP_lt] = MAP2(-2, 2, -2, 2),
    [OP_le] = MAP2(-2, 2, -2, 2),
    [OP_eq] = MAP2(-2, 2, -2, 2),
    [OP_ne] = MAP2(-2, 2, -2, 2),
    [OP_and] = MAP2(-2, 2, -2, 2),
    [OP_or] = MAP2(-2, 2, -2, 2),
    [OP_not] = MAP(-2, 2),
    [OP_select] = BUILT(selected),
    [OP_stop] = BUILT(NULL), /* it is not what differences say: see stopped() */
    [OP_exp] = MAP(-2, 2),
    [OP_log] = MAP(0.5, 2),
    [OP_log1p] = MAP(-0.5, 2),
    [OP_expm1] = MAP(-2, 2),
    [OP_sin] = MAP(-4, 4),
    [OP_cos] = MAP(-4, 4),
    [OP_tan] = MAP(-1, 1),
    [OP_asin] = MAP(-0.5, 0.5),
    [OP_acos] = MAP(-0.5, 0.5),
    [OP_atan] = MAP(-4, 4),
    [OP_sinh] = MAP(-2, 2),
    [OP_cosh] = MAP(-2, 2),
    [OP_tanh] = MAP(-2, 2),
    [OP_expit] = MAP(-4, 4),
    [OP_log1p_exp] = MAP(-4, 4),
    [OP_lgamma] = MAP(0.5, 6),
    [OP_digamma] = {EXPECTED_once, elementwise, 0.5, 6, 0, 0},
    [OP_trigamma] = {EXPECTED_unknown, elementwise, 0.5, 6, 0, 0},
    [OP_erf] = MAP(-2, 2),
    [OP_erfc] = MAP(-2, 2),
    [OP_log_ndtr] = MAP(-8, 4),
    [OP_mills] = MAP(-8, 4),
    [OP_ndtri] = MAP(0.2, 0.8),
    [OP_xlogy] = MAP2(-2, 2, 0.5, 2),
    [OP_erfcx] = MAP(-2, 4),
    [OP_log1m_exp] = MAP(-4, -0.2),
    [OP_logit] = MAP(0.2, 0.8),
    [OP_lambert_w] = MAP(0.3, 4),
    [OP_lambert_wm1] = MAP(-0.3, -0.05),
    [OP_bessel_i0e] = MAP(0.5, 4),
    [OP_bessel_i1e] = MAP(0.5, 4),
    [OP_log_bessel_i0] = MAP(0.5, 4),
    [OP_bessel_ratio] = MAP(0.5, 4),
    [OP_bessel_k0e] = MAP(0.5, 4),
    [OP_bessel_k1e] = MAP(0.5, 4),
    [OP_lbeta] = MAP2(0.5, 4, 0.5, 4),
    [OP_digamma_rise] = {EXPECTED_once, elementwise, 0.5, 4, 0.5, 4},
    [OP_log_bessel_i] = {EXPECTED_once, elementwise, 0.5, 4, 0.5, 4},
    [OP_log_bessel_i_by_order] = {EXPECTED_unknown, elementwise, 0.5, 4, 0.5, 4},
    [OP_log_bessel_i_by_x] = {EXPECTED_unknown, elementwise, 0.5, 4, 0.5, 4},
    [OP_log_bessel_k] = {EXPECTED_once, elementwise, 0.5, 4, 0.5, 4},
    [OP_log_bessel_k_by_order] = {EXPECTED_unknown, elementwise, 0.5, 4, 0.5, 4},
    [OP_log_bessel_k_by_x] = {EXPECTED_unknown, elementwise, 0.5, 4, 0.5, 4},
    [OP_owens_t] = MAP2(0.2, 2, 0.2, 2),
    [OP_von_mises_cdf] = {EXPECTED_once, elementwise, 0.5, 3, -2, 2},
    [OP_von_mises_slope] = {EXPECTED_unknown, elementwise, 0.5, 3, -2, 2},
    [OP_gamma_p] = {EXPECTED_once, elementwise, 1, 3, 0.5, 3},
    [OP_gamma_q] = {EXPECTED_once, elementwise, 1, 3, 0.5, 3},
    [OP_log_gamma_p] = {EXPECTED_once, elementwise, 1, 3, 0.5, 3},
    [OP_log_gamma_q] = {EXPECTED_once, elementwise, 1, 3, 0.5, 3},
    [OP_gamma_p_inv] = {EXPECTED_once, elementwise, 1, 3, 0.2, 0.8},
    [OP_gamma_q_inv] = {EXPECTED_once, elementwise, 1, 3, 0.2, 0.8},
    [OP_gamma_density] = MAP2(1, 3, 0.5, 3),
    [OP_gamma_p_rate] = {EXPECTED_once, elementwise, 1, 3, 0.5, 3},
    [OP_gamma_q_rate] = {EXPECTED_once, elementwise, 1, 3, 0.5, 3},
    [OP_gamma_slope] = {EXPECTED_unknown, elementwise, 1, 3, 0.5, 3},
    [OP_inc_beta] = MAP3_ONCE(1, 3, 1, 3, 0.2, 0.6),
    [OP_inc_beta_c] = MAP3_ONCE(1, 3, 1, 3, 0.2, 0.6),
    [OP_log_inc_beta] = MAP3_ONCE(1, 3, 1, 3, 0.2, 0.6),
    [OP_log_inc_beta_c] = MAP3_ONCE(1, 3, 1, 3, 0.2, 0.6),
    [OP_inc_beta_inv] = MAP3_ONCE(1, 3, 1, 3, 0.2, 0.8),
    [OP_inc_beta_c_inv] = MAP3_ONCE(1, 3, 1, 3, 0.2, 0.8),
    [OP_beta_density] = {EXPECTED_right, elementwise, 1, 3, 1, 3, 0.2, 0.6},
    [OP_inc_beta_rate] = MAP3_ONCE(1, 3, 1, 3, 0.2, 0.6),
    [OP_inc_beta_c_rate] = MAP3_ONCE(1, 3, 1, 3, 0.2, 0.6),
    [OP_beta_slope_a] = {EXPECTED_unknown, elementwise, 1, 3, 1, 3, 0.2, 0.6},
    [OP_beta_slope_b] = {EXPECTED_unknown, elementwise, 1, 3, 1, 3, 0.2, 0.6},
    [OP_sum] = BUILT(reduced),
    [OP_prod] = BUILT(reduced),
    [OP_max] = BUILT(reduced),
    [OP_min] = BUILT(reduced),
    [OP_log_sum_exp] = BUILT(reduced),
    [OP_contract] = BUILT(contracted),
    [OP_cumsum] = BUILT(cumulated),
    [OP_cumsum_back] = BUILT(cumulated),
    [OP_gather] = BUILT(gathered),
    [OP_scatter] = BUILT(scattered),
    [OP_rename] = BUILT(renamed),
    [OP_slice] = BUILT(sliced),
    [OP_place] = BUILT(placed),
    [OP_expand] = BUILT(expanded),
    [OP_cholesky] = BUILT(factored),
    [OP_cholesky_back] = BUILT(factored_back),
    [OP_solve_lower] = BUILT(solved),
    [OP_solve_lower_transposed] = BUILT(solved),
    [OP_mixture] = {EXPECTED_unknown, by_rows, 0, 0, 0, 0},
    [OP_shares] = {EXPECTED_unknown, by_rows, 0, 0, 0, 0},
    [OP_sum_rows] = {EXPECTED_unknown, by_rows, 0, 0, 0, 0},
    [OP_scatter_rows] = {EXPECTED_unknown, by_rows, 0, 0, 0, 0},
    [OP_random_normal] = BUILT(drawn),
    [OP_random_uniform] = BUILT(drawn),
    [OP_random_gamma] = {EXPECTED_once, drawn, 0, 0, 0, 0},
    [OP_random_von_mises] = {EXPECTED_once, drawn, 0, 0, 0, 0},
    [OP_random_poisson] = BUILT(drawn),
    [OP_random_binomial] = BUILT(drawn),
    [OP_random_hypergeometric] = BUILT(drawn),
    [OP_random_zipf] = BUILT(drawn),
    [OP_random_passage] = BUILT(drawn),
    [OP_allot] = BUILT(allotted),
    [OP_log_beta_below] = {EXPECTED_once, ordered_betas, 0, 0, 0, 0},
    [OP_log_beta_above] = {EXPECTED_once, ordered_betas, 0, 0, 0, 0},
    [OP_log_beta_below_slopes] = {EXPECTED_unknown, ordered_betas, 0, 0, 0, 0},
    [OP_log_beta_above_slopes] = {EXPECTED_unknown, ordered_betas, 0, 0, 0, 0},
};

static void check_derivatives(memory *host, const char *name, builder *build, op f, expected wanted) {
    outcome o = differentiate_all(host, build, f);
    if (wanted == EXPECTED_unknown) {
        check(o.culprit, name, "a derivative was given where none is known");
        return;
    }
    check(o.variants && !o.culprit && o.once <= TOLERANCE, name, "first derivative off by %Lg, culprit %u",
          o.once, o.culprit);
    if (wanted == EXPECTED_once) {
        check(o.culprit_twice, name, "a second derivative was given where none is known");
        return;
    }
    check(!o.culprit_twice && o.twice <= TOLERANCE, name, "second derivative off by %Lg, culprit %u", o.twice,
          o.culprit_twice);
}

static void every_op(memory *host) {
    for (op f = OP_none + 1; f < OP_count; f++) {
        if (op_kind_of(f) == KIND_SCAN) continue; /* see scans.c */
        if (!check(ROWS[f].expected != EXPECTED_none, op_name(f), "this op has no row in the test")) continue;
        if (ROWS[f].build) check_derivatives(host, op_name(f), ROWS[f].build, f, ROWS[f].expected);
    }
}

/* Programs. */

/* y[c] ~ normal(mu[group] + beta * x, exp(log_scale)) */
static ref normal_with_gather(maker *m, op f, int variant) {
    (void)f;
    if (variant) return 0;
    tape *t = &m->t;
    ref mu = input(m, "a", -1, 1), beta = input(m, "", -1, 1), log_scale = input(m, "b", -1, 1);
    ref mean = tape_gather(t, mu, indices(m, "c", 3), A);
    mean = tape_map2(t, OP_add, mean, tape_map2(t, OP_mul, beta, weights(m, set("c"))));
    ref scale = tape_map1(t, OP_exp, log_scale);
    ref z = tape_map2(t, OP_div, tape_map2(t, OP_sub, weights(m, set("c")), mean), scale);
    ref square = tape_map2(t, OP_pow, z, tape_number(t, 2));
    ref density = tape_map2(t, OP_mul, tape_number(t, -0.5), square);
    return tape_map2(t, OP_sub, density, tape_map1(t, OP_log, scale));
}

static ref softmax(maker *m, op f, int variant) {
    (void)f;
    if (variant) return 0;
    ref x = input(m, "ac", -2, 2);
    ref normaliser = tape_reduce(&m->t, OP_log_sum_exp, x, set("c"));
    return tape_map1(&m->t, OP_exp, tape_map2(&m->t, OP_sub, x, normaliser));
}

static ref logistic_regression(maker *m, op f, int variant) {
    (void)f;
    if (variant) return 0;
    tape *t = &m->t;
    ref eta = tape_contract(t, weights(m, set("ac")), input(m, "bc", -1, 1), set("c"));
    return tape_sum(t, tape_map1(t, OP_log1p_exp, eta), set("a"));
}

/* log det and quadratic form of a covariance: exp of a scaled kernel and a diagonal. */
static ref gaussian_process(maker *m, op f, int variant) {
    (void)f;
    if (variant) return 0;
    tape *t = &m->t;
    ref distance = tape_map2(t, OP_sub, tape_position(t, ROW), tape_position(t, COLUMN));
    ref square = tape_map2(t, OP_mul, distance, distance);
    ref kernel =
        tape_map1(t, OP_exp, tape_map1(t, OP_neg, tape_map2(t, OP_div, square, input(m, "a", 1, 2))));
    ref identity = tape_map2(t, OP_eq, tape_position(t, ROW), tape_position(t, COLUMN));
    kernel = tape_map2(t, OP_add, kernel, tape_map2(t, OP_mul, input(m, "", 1, 2), identity));
    ref l = tape_cholesky(t, kernel, ROW, COLUMN);
    ref x = tape_solve_lower(t, l, weights(m, set("n")), ROW, COLUMN);
    ref diagonal = tape_sum(t, tape_map2(t, OP_mul, l, identity), set("m"));
    return tape_map2(t, OP_add, tape_sum(t, tape_map2(t, OP_mul, x, x), set("m")),
                     tape_sum(t, tape_map1(t, OP_log, diagonal), set("n")));
}

static ref powers(maker *m, op f, int variant) {
    (void)f;
    static const double EXPONENTS[] = {-2, -1, -0.5, 0, 0.5, 1, 2, 3, 4};
    if (variant >= 9) return 0;
    return tape_map2(&m->t, OP_pow, input(m, "ab", 0.5, 2), tape_number(&m->t, EXPONENTS[variant]));
}

/* Edges: f at x (and y), the derivative by x (and y), against closed forms. */

static double value_at(tape *t, ref r, const double *const *inputs, size_t k) {
    arena *a = t->arena;
    double **values = arena_array(a, double *, t->code.count);
    reference_run(t, inputs, values, a);
    return values[r][k];
}

static void edge(memory *host, op f, double x, double y, double by_x, double by_y, double tolerance) {
    arena a;
    arena_open(&a, host);
    tape t;
    tape_open(&t, &a);
    ref in[2] = {tape_input(&t, (axes){0}), tape_input(&t, (axes){0})}, gradient[2], culprit;
    ref r = op_inputs(f) == 1 ? tape_map1(&t, f, in[0]) : tape_map2(&t, f, in[0], in[1]);
    const double *inputs[] = {&x, &y};
    bool known = tape_gradient(&t, r, in, 2, gradient, &culprit);
    double wanted[] = {by_x, by_y};
    for (int i = 0; i < op_inputs(f) && known; i++) {
        double g = value_at(&t, gradient[i], inputs, 0);
        bool good = g == wanted[i] || fabs(g - wanted[i]) <= tolerance * fabs(wanted[i]);
        check(good, op_name(f), "at (%g, %g) the derivative %d is %.17g, not %.17g", x, y, i, g, wanted[i]);
    }
    arena_close(&a);
}

static void edges(memory *host) {
    edge(host, OP_pow, 0, 2, 0, 0, 0);
    edge(host, OP_pow, 0, 1, 1, 0, 0);
    edge(host, OP_pow, 0, 0.5, INFINITY, 0, 0);
    edge(host, OP_abs, 0, 0, 0, 0, 0);
    edge(host, OP_minimum, 1, 1, 0.5, 0.5, 0);
    edge(host, OP_maximum, 1, 1, 0.5, 0.5, 0);
    edge(host, OP_xlogy, 0, 0, 0, 0, 0);
    edge(host, OP_xlogy, 0, 1, 0, 0, 0);
    edge(host, OP_xlogy, 2, 0, -INFINITY, INFINITY, 0);
    /* phi(x) / Phi(x) with mpmath at 60 digits; within 4 units in the last place */
    edge(host, OP_log_ndtr, 5, 0, 1.4867199409049057124e-6, 0, 1e-15);
    edge(host, OP_log_ndtr, 0, 0, 0.79788456080286535588, 0, 1e-15);
    edge(host, OP_log_ndtr, -10, 0, 10.098093233962511963, 0, 1e-15);
    edge(host, OP_log_ndtr, -100, 0, 100.00999800099926070, 0, 1e-15);
    edge(host, OP_log_ndtr, -499, 0, 499.00200399191996999, 0, 1e-15);
    edge(host, OP_log_ndtr, -501, 0, 501.00199599207996602, 0, 1e-15);
    edge(host, OP_log_ndtr, -1e8, 0, 1e8, 0, 1e-15);
}

/* A power with a constant exponent, where the general rule has 0 * infinity. */
static void constant_powers(memory *host) {
    static const struct {
        double exponent, x, wanted;
    } CASES[] = {{0, 0, 0}, {1, 0, 1}, {2, 0, 0}, {3, 0, 0}, {2, -3, -6}, {3, -2, 12}, {-1, 2, -0.25}};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        arena a;
        arena_open(&a, host);
        tape t;
        tape_open(&t, &a);
        ref x = tape_input(&t, (axes){0}), gradient, culprit;
        ref y = tape_map2(&t, OP_pow, x, tape_number(&t, CASES[i].exponent));
        bool known = tape_gradient(&t, y, &x, 1, &gradient, &culprit);
        double g = value_at(&t, gradient, (const double *const[]){&CASES[i].x}, 0);
        check(known && g == CASES[i].wanted, "constant power", "d x^%g at %g is %g", CASES[i].exponent,
              CASES[i].x, g);
        arena_close(&a);
    }
}

/* log, sqrt and 1 / x taken where x > 0: 0 elsewhere, also twice. */
static void branches(memory *host) {
    static const op INNER[] = {OP_log, OP_sqrt, OP_lgamma};
    static const double AT[] = {0, -1, -INFINITY};
    for (int i = 0; i < 9; i++) {
        arena a;
        arena_open(&a, host);
        tape t;
        tape_open(&t, &a);
        ref x = tape_input(&t, (axes){0}), once = 0, twice = 0, culprit, zero = tape_number(&t, 0);
        ref inner = tape_map1(&t, INNER[i / 3], x);
        inner = tape_map2(&t, OP_div, tape_map2(&t, OP_mul, inner, inner), x);
        ref y = tape_select(&t, tape_map2(&t, OP_lt, zero, x), inner, zero);
        bool known =
            tape_gradient(&t, y, &x, 1, &once, &culprit) && tape_gradient(&t, once, &x, 1, &twice, &culprit);
        double g = value_at(&t, once, (const double *const[]){&AT[i % 3]}, 0);
        double h = value_at(&t, twice, (const double *const[]){&AT[i % 3]}, 0);
        check(known && g == 0 && h == 0, "branch not taken", "%s at %g: %g, %g", op_name(INNER[i / 3]),
              AT[i % 3], g, h);
        arena_close(&a);
    }
}

static void reduction(memory *host, op f, const double x[3], const double wanted[3]) {
    arena a;
    arena_open(&a, host);
    tape t;
    tape_open(&t, &a);
    axes along = axes_one(tape_add_axis(&t, "a", 3));
    ref in = tape_input(&t, along), gradient, culprit;
    bool known = tape_gradient(&t, tape_reduce(&t, f, in, along), &in, 1, &gradient, &culprit);
    for (size_t k = 0; k < 3 && known; k++) {
        double g = value_at(&t, gradient, &x, k);
        check(g == wanted[k], op_name(f), "of (%g, %g, %g): derivative %zu is %g", x[0], x[1], x[2], k, g);
    }
    arena_close(&a);
}

static void reductions(memory *host) {
    reduction(host, OP_prod, (double[]){2, 3, 4}, (double[]){12, 8, 6});
    reduction(host, OP_prod, (double[]){2, 0, 4}, (double[]){0, 8, 0});
    reduction(host, OP_prod, (double[]){0, 0, 4}, (double[]){0, 0, 0});
    reduction(host, OP_max, (double[]){2, 2, 1}, (double[]){0.5, 0.5, 0});
    reduction(host, OP_min, (double[]){2, 1, 1}, (double[]){0, 0.5, 0.5});
    reduction(host, OP_log_sum_exp, (double[]){-INFINITY, -INFINITY, -INFINITY}, (double[]){0, 0, 0});
    reduction(host, OP_log_sum_exp, (double[]){-INFINITY, 3, -INFINITY}, (double[]){0, 1, 0});
}

/* stop has no derivative, a value that is not reached has the gradient 0, and both have the axes asked for.
 */
static void stopped(memory *host) {
    arena a;
    maker m;
    arena_open(&a, host);
    start(&m, &a);
    tape *t = &m.t;
    ref x = input(&m, "ab", 1, 2), unused = input(&m, "c", 1, 2), gradient[2], culprit;
    ref y = tape_sum_all(t, tape_map2(t, OP_mul, tape_map1(t, OP_stop, x), x));
    bool known = tape_gradient(t, y, (ref[]){x, unused}, 2, gradient, &culprit);
    long double **values = arena_array(&a, long double *, t->code.count);
    reference_run_long(t, (const long double *const *)m.values, values, &a);
    bool same = known && axes_equal(tape_at(t, gradient[0])->axes, set("ab"));
    for (size_t k = 0; same && k < 6; k++) same = values[gradient[0]][k] == m.values[0][k];
    CHECK(same, "stop");
    bool zero = known && axes_equal(tape_at(t, gradient[1])->axes, set("c"));
    for (size_t k = 0; zero && k < 4; k++) zero = values[gradient[1]][k] == 0;
    CHECK(zero, "not reached");
    arena_close(&a);
}

/* Exponentials that are 0 in any precision have logarithms, also where they are looked up before. */
static void logarithm(memory *host) {
    arena a;
    maker m;
    arena_open(&a, host);
    start(&m, &a);
    tape *t = &m.t;
    ref x = input(&m, "ab", -2e5, -1e5), i = indices(&m, "c", 3), p = tape_map1(t, OP_exp, x), gradient,
        culprit;
    ref moved = tape_rename(t, tape_gather(t, p, i, set("a").at[0]), set("b").at[0], set("d").at[0]);
    ref y = tape_log(t, moved), whole = tape_sum_all(t, y);
    bool known = tape_gradient(t, whole, &x, 1, &gradient, &culprit);
    long double **values = arena_array(&a, long double *, t->code.count);
    reference_run_long(t, (const long double *const *)m.values, values, &a);
    const long double *index = values[i];
    bool same = known, pulled = known;
    double times[3] = {0};
    for (int c = 0; c < 4; c++) {
        int row = (int)index[c] - 1;
        times[row]++;
        for (int d = 0; d < 2; d++) same &= values[y][2 * c + d] == m.values[0][2 * row + d];
    }
    for (int k = 0; k < 6 && known; k++) pulled &= values[gradient][k] == times[k / 2];
    CHECK(same, "logarithm of exponentials looked up");
    CHECK(pulled, "… and its derivative");
    arena_close(&a);
}

/* The adjoint of a chain of n instructions is linear in n. */
static void linear_size(memory *host) {
    uint32_t added[2];
    for (int i = 0; i < 2; i++) {
        arena a;
        arena_open(&a, host);
        tape t;
        tape_open(&t, &a);
        ref x = tape_input(&t, (axes){0}), y = x, gradient, culprit;
        for (int n = 0; n < (i + 1) * 10000; n++) y = tape_map1(&t, n & 1 ? OP_sin : OP_exp, y);
        uint32_t before = t.code.count;
        tape_gradient(&t, y, &x, 1, &gradient, &culprit);
        added[i] = t.code.count - before;
        arena_close(&a);
    }
    CHECK(added[1] <= 2 * added[0] + 2, "linear in the tape");
}

int main(void) {
    memory *host = test_host();
    every_op(host);
    check_derivatives(host, "powers", powers, OP_none, EXPECTED_right);
    check_derivatives(host, "normal with gather", normal_with_gather, OP_none, EXPECTED_right);
    check_derivatives(host, "log_bessel_i_by_x by x", by_point, OP_log_bessel_i_by_x, EXPECTED_right);
    check_derivatives(host, "log_bessel_k_by_x by x", by_point, OP_log_bessel_k_by_x, EXPECTED_right);
    check_derivatives(host, "gamma_slope by x", by_point, OP_gamma_slope, EXPECTED_right);
    check_derivatives(host, "von_mises_slope by x", by_point, OP_von_mises_slope, EXPECTED_right);
    check_derivatives(host, "beta_slope_a by x", by_point, OP_beta_slope_a, EXPECTED_right);
    check_derivatives(host, "beta_slope_b by x", by_point, OP_beta_slope_b, EXPECTED_right);
    check_derivatives(host, "softmax", softmax, OP_none, EXPECTED_right);
    check_derivatives(host, "logistic regression", logistic_regression, OP_none, EXPECTED_right);
    check_derivatives(host, "gaussian process", gaussian_process, OP_none, EXPECTED_right);
    edges(host);
    constant_powers(host);
    branches(host);
    reductions(host);
    stopped(host);
    logarithm(host);
    linear_size(host);
    return check_end();
}
