/* The supports:
 *
 *   - positive: x = exp(u)
 *   - negative: x = -exp(u)
 *   - unit: x = expit(u)
 *   - interval(a, b): x = a + (b - a) expit(u); with one finite bound a + exp(u) or b - exp(u), with none u
 *   - ordered: x[1] = u[1], x[k] = x[k - 1] + exp(u[k])
 *   - positive_ordered: the same from x[0] = 0
 *   - sum_to_zero: x = V u, with V as below: an isometry, so that densities are per length on that plane
 *   - unit_vector: x = w / |w|, w = u + 1 / sqrt(K); the length, which nothing else says, is lognormal near 1
 *     (near 0, as with the normal lengths of Stan, there is neither a mode nor a direction); densities are
 *     per area of the sphere
 *   - cholesky_covariance: the lower triangle, exp(u) on the diagonal
 *   - cholesky_correlation: partial correlations tanh(u), row by row (Lewandowski, Kurowicka and Joe, Journal
 *     of Multivariate Analysis 100, 2009); densities are those of the entries below the diagonal
 *   - covariance, correlation: L L' of these; densities are those of the entries on and below the diagonal,
 *     or below it
 *   - simplex: x = softmax(V u), the isometric log-ratio of Egozcue, Pawlowsky-Glahn, Mateu-Figueras and
 *     Barceló-Vidal (Mathematical Geology 35, 2003), as in Stan from 2.37: unlike stick-breaking it treats
 *     all entries alike, and a Dirichlet is close to a Gaussian in it. The K - 1 columns of V are orthonormal
 *     and sum to 0; with respect to any K - 1 entries of x, log |det| = sum log x + log(K) / 2
 *
 * A unit vector alone has as many free entries as entries. */
#include "runtime/infer/transforms.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* A place where a transform is written: a variable on a tape. */
typedef struct site {
    lowering *l;
    tape *t;
    const variable_row *of;
    axis row;   /* on the tape, of matrices: the last axis but one */
    axis event; /* the last axis of x, over which columns run */
    axis free;  /* what u has in their place, where it has fewer entries */
    uint32_t length;
    axes summed; /* over which densities are */
} site;

/* An axis of the tape beyond `after`, of free entries or of what is summed: the same for all that need one of
 * this size. */
static axis free_axis(tape *t, axis after, uint32_t size) {
    static const char NAME[] = "free entries";
    for (uint32_t i = after + 1u; i < t->axes.count; i++)
        if (t->axes.at[i].name == NAME && t->axes.at[i].size == size) return (axis)i;
    return tape_add_axis(t, NAME, size);
}

static ref map1(site s, op f, ref x) { return tape_map1(s.t, f, x); }
static ref map2(site s, op f, ref x, ref y) { return tape_map2(s.t, f, x, y); }
static ref number(site s, double x) { return tape_number(s.t, x); }

/* A density is summed over the entries of the variable, also over axes along which the value is constant. */
static ref over_entries(site s, ref x) { return tape_sum(s.t, x, s.summed); }

static ref to_real(site s, ref u, ref *log_jacobian) {
    *log_jacobian = number(s, 0);
    return u;
}
static ref from_real(site s, ref x) {
    (void)s;
    return x;
}

static ref to_positive(site s, ref u, ref *log_jacobian) {
    *log_jacobian = over_entries(s, u);
    return map1(s, OP_exp, u);
}
static ref from_positive(site s, ref x) { return map1(s, OP_log, x); }

static ref to_negative(site s, ref u, ref *log_jacobian) {
    return map1(s, OP_neg, to_positive(s, u, log_jacobian));
}
static ref from_negative(site s, ref x) { return map1(s, OP_log, map1(s, OP_neg, x)); }

/* log expit'(u) = -log(1 + exp(u)) - log(1 + exp(-u)). Expit is held below 1, where it would round to the
 * bound. */
static ref to_unit(site s, ref u, ref *log_jacobian) {
    ref tails = map2(s, OP_add, map1(s, OP_log1p_exp, u), map1(s, OP_log1p_exp, map1(s, OP_neg, u)));
    *log_jacobian = map1(s, OP_neg, over_entries(s, tails));
    return map2(s, OP_minimum, map1(s, OP_expit, u), number(s, 1 - 0x1p-53));
}
static ref from_unit(site s, ref x) {
    return map2(s, OP_sub, map1(s, OP_log, x), map1(s, OP_log1p, map1(s, OP_neg, x)));
}

/* A bound that is absent or infinite is 0. */
static ref bound(site s, node n) {
    double x;
    if (!n || (model_number(s.l->model, n, &x) && isinf(x))) return 0;
    return lower_node(s.l, n);
}

static ref to_interval(site s, ref u, ref *log_jacobian) {
    ref lower = bound(s, s.of->type.lower), upper = bound(s, s.of->type.upper);
    if (!lower && !upper) return to_real(s, u, log_jacobian);
    if (!upper) return map2(s, OP_add, lower, to_positive(s, u, log_jacobian));
    if (!lower) return map2(s, OP_sub, upper, to_positive(s, u, log_jacobian));
    ref width = map2(s, OP_sub, upper, lower), x = to_unit(s, u, log_jacobian);
    *log_jacobian = map2(s, OP_add, *log_jacobian, over_entries(s, map1(s, OP_log, width)));
    return map2(s, OP_add, lower, map2(s, OP_mul, width, x));
}
static ref from_interval(site s, ref x) {
    ref lower = bound(s, s.of->type.lower), upper = bound(s, s.of->type.upper);
    if (!lower && !upper) return x;
    if (!upper) return from_positive(s, map2(s, OP_sub, x, lower));
    if (!lower) return from_positive(s, map2(s, OP_sub, upper, x));
    return map2(s, OP_sub, map1(s, OP_log, map2(s, OP_sub, x, lower)),
                map1(s, OP_log, map2(s, OP_sub, upper, x)));
}

static ref is_first(site s) { return map2(s, OP_le, tape_position(s.t, s.event), number(s, 1)); }

static ref to_ordered(site s, ref u, ref *log_jacobian) {
    *log_jacobian = over_entries(s, tape_select(s.t, is_first(s), number(s, 0), u));
    return tape_cumsum(s.t, tape_select(s.t, is_first(s), u, map1(s, OP_exp, u)), s.event);
}
static ref to_positive_ordered(site s, ref u, ref *log_jacobian) {
    return tape_cumsum(s.t, to_positive(s, u, log_jacobian), s.event);
}

/* x[k] - x[k - 1]; the first entry is `first`. */
static ref steps_of(site s, ref x, ref first) {
    ref before =
        map2(s, OP_maximum, map2(s, OP_sub, tape_position(s.t, s.event), number(s, 1)), number(s, 1));
    return tape_select(s.t, is_first(s), first, map2(s, OP_sub, x, tape_gather(s.t, x, before, s.event)));
}
static ref from_ordered(site s, ref x) {
    x = tape_expand(s.t, x, axes_one(s.event));
    return tape_select(s.t, is_first(s), x, map1(s, OP_log, steps_of(s, x, number(s, 1))));
}
static ref from_positive_ordered(site s, ref x) {
    x = tape_expand(s.t, x, axes_one(s.event));
    return map1(s, OP_log, steps_of(s, x, x));
}

/* V over (event, free): column j is (1, …, 1, -j, 0, …, 0) / sqrt(j (j + 1)), with j ones (Helmert). */
static ref contrasts(site s) {
    uint32_t rows = s.length, columns = rows - 1;
    double *v = arena_array(s.t->arena, double, (size_t)rows *columns);
    for (uint32_t j = 1; j <= columns; j++)
        for (uint32_t i = 0; i <= j; i++)
            v[(size_t)i * columns + j - 1] = (i < j ? 1 : -(double)j) / sqrt((double)j * (j + 1.0));
    assert(s.event < s.free);
    return tape_data(s.t, v, axes_with(axes_one(s.event), s.free));
}

/* Above this length V is not written down: its products are running sums, of which the work is as the length
 * and not as its square. */
enum { LONG = 48 };

/* Over (free): j, and 1 / sqrt(j (j + 1)). */
static ref column_number(site s) { return tape_position(s.t, s.free); }
static ref column_scale(site s) {
    ref j = column_number(s);
    return map2(s, OP_div, number(s, 1),
                map1(s, OP_sqrt, map2(s, OP_mul, j, map2(s, OP_add, j, number(s, 1)))));
}

/* V u: entry i is the sum of the scaled u[j] from j = i on, less i - 1 times that with j = i - 1. */
static ref spread_out(site s, ref u) {
    if (s.length <= LONG) return tape_contract(s.t, contrasts(s), u, axes_one(s.free));
    ref scaled = map2(s, OP_mul, u, column_scale(s));
    ref ones = tape_cumsum_back(s.t, tape_place(s.t, scaled, axes_one(s.free), s.event, 0), s.event);
    ref less = tape_place(s.t, map2(s, OP_mul, column_number(s), scaled), axes_one(s.free), s.event, 1);
    return map2(s, OP_sub, ones, less);
}

/* V' x. */
static ref drawn_together(site s, ref x) {
    if (s.length <= LONG) return tape_contract(s.t, contrasts(s), x, axes_one(s.event));
    ref before = tape_slice(s.t, tape_cumsum(s.t, x, s.event), s.event, 0, axes_one(s.free));
    ref at = tape_slice(s.t, x, s.event, 1, axes_one(s.free));
    return map2(s, OP_mul, map2(s, OP_sub, before, map2(s, OP_mul, column_number(s), at)), column_scale(s));
}

static ref to_simplex(site s, ref u, ref *log_jacobian) {
    ref scores = spread_out(s, u);
    ref log_x = map2(s, OP_sub, scores, tape_reduce(s.t, OP_log_sum_exp, scores, axes_one(s.event)));
    ref spread = number(s, 0.5 * log(s.length) / s.length); /* over_entries adds it `length` times */
    *log_jacobian = over_entries(s, map2(s, OP_add, log_x, spread));
    return map1(s, OP_exp, log_x);
}
static ref from_simplex(site s, ref x) { return drawn_together(s, map1(s, OP_log, x)); }

static ref to_sum_to_zero(site s, ref u, ref *log_jacobian) {
    *log_jacobian = number(s, 0);
    return spread_out(s, u);
}
static ref from_sum_to_zero(site s, ref x) { return drawn_together(s, x); }

/* The standard deviation of the log length: a quarter is narrow enough for a vector that is well known to be
 * near a Gaussian, and wide enough for one of which nothing is known to be covered by one. */
static const double LENGTH_SPREAD = 0.25;

/* du = r^(K - 1) dr dx, and p(r) dr = normal(log r) d log r. */
static ref to_unit_vector(site s, ref u, ref *log_jacobian) {
    ref w = map2(s, OP_add, u, number(s, 1 / sqrt(s.length)));
    ref squares = tape_sum(s.t, map2(s, OP_mul, w, w), axes_one(s.event));
    ref log_r = map2(s, OP_mul, number(s, 0.5), map1(s, OP_log, squares));
    ref z = map2(s, OP_div, log_r, number(s, LENGTH_SPREAD));
    ref density = map2(s, OP_sub, map2(s, OP_mul, number(s, -0.5), map2(s, OP_mul, z, z)),
                       map2(s, OP_mul, number(s, s.length), log_r));
    density = map2(s, OP_sub, density, number(s, log(LENGTH_SPREAD * sqrt(2 * M_PI))));
    *log_jacobian = tape_sum(s.t, density, axes_without(s.summed, s.event));
    return map2(s, OP_div, w, map1(s, OP_sqrt, squares));
}
static ref from_unit_vector(site s, ref x) { return map2(s, OP_sub, x, number(s, 1 / sqrt(s.length))); }

/* Matrices. The free entries are those below the diagonal, and perhaps on it, row by row. */

static ref on_diagonal(site s) {
    return map2(s, OP_eq, tape_position(s.t, s.row), tape_position(s.t, s.event));
}
static ref below_diagonal(site s) {
    return map2(s, OP_lt, tape_position(s.t, s.event), tape_position(s.t, s.row));
}

/* Over (row, event): the place of each entry in the list; 1, not to be used, where it has none. */
static ref places(site s, bool diagonal) {
    uint32_t n = s.length, place = 1;
    double *at = arena_array(s.t->arena, double, (size_t)n *n);
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = 0; j < n; j++)
            at[s.row < s.event ? i * n + j : j * n + i] = j < i + diagonal ? place++ : 1;
    return tape_data(s.t, at, axes_with(axes_one(s.row), s.event));
}

static ref unpack(site s, ref u, bool diagonal) {
    if (s.t->axes.at[s.free].size == 0) return number(s, 0);
    return tape_gather(s.t, u, places(s, diagonal), s.free);
}

static ref pack(site s, ref x, bool diagonal) {
    uint32_t count = s.t->axes.at[s.free].size, place = 0;
    double *rows = arena_array(s.t->arena, double, count), *columns = arena_array(s.t->arena, double, count);
    for (uint32_t i = 0; i < s.length; i++)
        for (uint32_t j = 0; j < i + diagonal; j++) rows[place] = i + 1, columns[place++] = j + 1;
    x = tape_expand(s.t, x, axes_with(axes_one(s.row), s.event));
    x = tape_gather(s.t, x, tape_data(s.t, rows, axes_one(s.free)), s.row);
    return tape_gather(s.t, x, tape_data(s.t, columns, axes_one(s.free)), s.event);
}

/* L L'. */
static ref product(site s, ref l) {
    axis inner = free_axis(s.t, s.row < s.event ? s.event : s.row, s.length);
    ref left = tape_rename(s.t, l, s.event, inner);
    return tape_contract(s.t, left, tape_rename(s.t, left, s.row, s.event), axes_one(inner));
}

/* The rank of a row, counted from the last: n, n - 1, …, 1. */
static ref rows_from(site s) { return map2(s, OP_sub, number(s, s.length + 1.0), tape_position(s.t, s.row)); }

static ref covariance_factor(site s, ref entries, ref log_diagonal) {
    ref below = tape_select(s.t, below_diagonal(s), entries, number(s, 0));
    return tape_select(s.t, on_diagonal(s), map1(s, OP_exp, log_diagonal), below);
}
static ref to_cholesky_covariance(site s, ref u, ref *log_jacobian) {
    ref entries = unpack(s, u, true);
    *log_jacobian = over_entries(s, tape_select(s.t, on_diagonal(s), entries, number(s, 0)));
    return covariance_factor(s, entries, entries);
}
static ref from_cholesky_covariance(site s, ref x) {
    return pack(s, tape_select(s.t, on_diagonal(s), map1(s, OP_log, x), x), true);
}

/* The log of the largest diagonal of a factor of which squares have a finite sum. */
static const double LOG_DIAGONAL_MOST = 350;

/* d (L L') / d L has the determinant 2^n times the product of L[i, i]^(n - i + 1). */
static ref to_covariance(site s, ref u, ref *log_jacobian) {
    ref entries = unpack(s, u, true);
    ref power = map2(s, OP_add, rows_from(s), number(s, 1));
    ref log_scale = map2(s, OP_add, map2(s, OP_mul, power, entries), number(s, M_LN2));
    *log_jacobian = over_entries(s, tape_select(s.t, on_diagonal(s), log_scale, number(s, 0)));
    ref held = map2(s, OP_minimum, entries, number(s, LOG_DIAGONAL_MOST));
    return product(s, covariance_factor(s, entries, held));
}
static ref from_covariance(site s, ref x) {
    return from_cholesky_covariance(s, tape_cholesky(s.t, x, s.row, s.event));
}

/* With partial correlations z, L[i, j] = z[i, j] times the product of sqrt(1 - z[i, m]^2) over m < j, where
 * z[i, i] is 1. *log_left: the log of that product; *log_slope: log(1 - z^2) / 2, which is -log cosh(u). */
static ref correlation_factor(site s, ref u, ref *log_left, ref *log_slope) {
    ref entries = unpack(s, u, false), below = below_diagonal(s), zero = number(s, 0);
    ref log_cosh = map2(s, OP_add, entries, map1(s, OP_log1p_exp, map2(s, OP_mul, number(s, -2), entries)));
    *log_slope = tape_select(s.t, below, map2(s, OP_sub, number(s, M_LN2), log_cosh), zero);
    *log_left = map2(s, OP_sub, tape_cumsum(s.t, *log_slope, s.event), *log_slope);
    ref z = tape_select(s.t, below, map1(s, OP_tanh, entries),
                        tape_select(s.t, on_diagonal(s), number(s, 1), zero));
    return map2(s, OP_mul, z, map1(s, OP_exp, *log_left));
}
static ref to_cholesky_correlation(site s, ref u, ref *log_jacobian) {
    ref log_left, log_slope, l = correlation_factor(s, u, &log_left, &log_slope);
    ref log_scale = map2(s, OP_add, log_left, map2(s, OP_mul, number(s, 2), log_slope));
    *log_jacobian = over_entries(s, tape_select(s.t, below_diagonal(s), log_scale, number(s, 0)));
    return l;
}
/* The squares from an entry on are what the entries before it left of a row's length. */
static ref from_cholesky_correlation(site s, ref x) {
    ref left = tape_cumsum_back(s.t, map2(s, OP_mul, x, x), s.event);
    ref z = pack(s, map2(s, OP_div, x, map1(s, OP_sqrt, left)), false);
    ref log_odds = map2(s, OP_sub, map1(s, OP_log1p, z), map1(s, OP_log1p, map1(s, OP_neg, z)));
    return map2(s, OP_mul, number(s, 0.5), log_odds);
}

/* d (L L') / d L, below the diagonals, has the determinant of the product of L[i, i]^(n - i). */
static ref to_correlation(site s, ref u, ref *log_jacobian) {
    ref log_left, log_slope, l = correlation_factor(s, u, &log_left, &log_slope);
    ref power = map2(s, OP_sub, rows_from(s), number(s, 1));
    ref log_scale = map2(s, OP_add, log_left, map2(s, OP_mul, number(s, 2), log_slope));
    ref below = tape_select(s.t, below_diagonal(s), log_scale, number(s, 0));
    *log_jacobian =
        over_entries(s, tape_select(s.t, on_diagonal(s), map2(s, OP_mul, power, log_left), below));
    return tape_select(s.t, on_diagonal(s), number(s, 1), product(s, l));
}
static ref from_correlation(site s, ref x) {
    return from_cholesky_correlation(s, tape_cholesky(s.t, x, s.row, s.event));
}

typedef enum free_entries { ALL, ALL_BUT_ONE, TRIANGLE, BELOW_DIAGONAL } free_entries;

static uint32_t free_count(free_entries kind, uint32_t n) {
    switch (kind) {
    case ALL: return n;
    case ALL_BUT_ONE: return n - 1;
    case TRIANGLE: return n * (n + 1) / 2;
    case BELOW_DIAGONAL: return n * (n - 1) / 2;
    }
    return n;
}

static const struct {
    ref (*constrain)(site s, ref u, ref *log_jacobian);
    ref (*unconstrain)(site s, ref x);
    free_entries free; /* of u, along the event axes */
} TRANSFORMS[SUPPORT_count_] = {
    [SUPPORT_real] = {to_real, from_real, ALL},
    [SUPPORT_positive] = {to_positive, from_positive, ALL},
    [SUPPORT_negative] = {to_negative, from_negative, ALL},
    [SUPPORT_unit] = {to_unit, from_unit, ALL},
    [SUPPORT_interval] = {to_interval, from_interval, ALL},
    [SUPPORT_simplex] = {to_simplex, from_simplex, ALL_BUT_ONE},
    [SUPPORT_ordered] = {to_ordered, from_ordered, ALL},
    [SUPPORT_positive_ordered] = {to_positive_ordered, from_positive_ordered, ALL},
    [SUPPORT_sum_to_zero] = {to_sum_to_zero, from_sum_to_zero, ALL_BUT_ONE},
    [SUPPORT_unit_vector] = {to_unit_vector, from_unit_vector, ALL},
    [SUPPORT_correlation] = {to_correlation, from_correlation, BELOW_DIAGONAL},
    [SUPPORT_covariance] = {to_covariance, from_covariance, TRIANGLE},
    [SUPPORT_cholesky_correlation] = {to_cholesky_correlation, from_cholesky_correlation, BELOW_DIAGONAL},
    [SUPPORT_cholesky_covariance] = {to_cholesky_covariance, from_cholesky_covariance, TRIANGLE},
};

bool transform_check(diagnostics *d, const model *m, variable v) {
    const variable_row *row = program_variable(m->program, v);
    if (TRANSFORMS[row->type.support].constrain) return true;
    diagnostic *said =
        diagnose(d, DIAGNOSTIC_unsupported, row->at, "`%s` is %s: it has no unconstrained form", row->name,
                 SUPPORTS[row->type.support].about);
    advise(d, said, "leave it out of the guide, so that it is summed out; or leave out `--unconstrained`");
    return false;
}

bool transform_check_all(diagnostics *d, const model *m, bool drawn) {
    bool good = true;
    for (variable v = 0; v < m->program->variables.count; v++) {
        variable_kind kind = program_variable(m->program, v)->kind;
        bool free = kind == VARIABLE_latent || kind == VARIABLE_param || kind == VARIABLE_free;
        if (free && !(drawn && program_guide_statement(m->program, v)) && !transform_check(d, m, v))
            good = false;
    }
    return good;
}

/* The axis of the program at a place among those of v as written, counted from the last. */
static axis axis_from_last(const variable_row *v, uint32_t place) {
    return v->order[v->axes.count - 1 - place];
}

uint64_t transform_size(const model *m, variable v) {
    const variable_row *row = program_variable(m->program, v);
    uint64_t size = model_size(m, row->axes);
    free_entries kind = TRANSFORMS[row->type.support].free;
    if (kind == ALL) return size;
    uint32_t length = m->axes[axis_from_last(row, 0)].size;
    if (SUPPORTS[row->type.support].event == 2) size /= length;
    return size / length * free_count(kind, length);
}

static site site_of(const lowering *l, variable v) {
    const variable_row *row = program_variable(l->model->program, v);
    site s = {(lowering *)l, l->tape, row, AXIS_NONE, AXIS_NONE, AXIS_NONE, 0, lower_axes(l, row->axes)};
    uint8_t event = SUPPORTS[row->type.support].event;
    if (!event) return s;
    s.event = l->axes[axis_from_last(row, 0)];
    if (event == 2) s.row = l->axes[axis_from_last(row, 1)];
    s.length = s.t->axes.at[s.event].size;
    free_entries kind = TRANSFORMS[row->type.support].free;
    if (kind != ALL) s.free = free_axis(s.t, s.event, free_count(kind, s.length));
    return s;
}

axes transform_axes(const lowering *l, variable v) {
    site s = site_of(l, v);
    axes own = lower_axes(l, s.of->axes);
    if (s.free == AXIS_NONE) return own;
    if (s.row != AXIS_NONE) own = axes_without(own, s.row);
    return axes_with(axes_without(own, s.event), s.free);
}

ref transform_constrain(lowering *l, variable v, ref u, axes kept, ref *log_jacobian) {
    site s = site_of(l, v);
    s.summed = axes_minus(s.summed, kept);
    return TRANSFORMS[s.of->type.support].constrain(s, u, log_jacobian);
}

ref transform_unconstrain(lowering *l, variable v, ref x) {
    site s = site_of(l, v);
    return TRANSFORMS[s.of->type.support].unconstrain(s, x);
}
