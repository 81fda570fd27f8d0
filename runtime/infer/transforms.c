/* The supports:
 *
 *   positive          x = exp(u)
 *   negative          x = -exp(u)
 *   unit              x = expit(u)
 *   interval(a, b)    x = a + (b - a) expit(u); with one finite bound a + exp(u) or b - exp(u), with none u
 *   ordered           x[1] = u[1], x[k] = x[k - 1] + exp(u[k])
 *   positive_ordered  the same from x[0] = 0
 *   simplex           x = softmax(V u), the isometric log-ratio of Egozcue, Pawlowsky-Glahn, Mateu-Figueras
 * and Barceló-Vidal (Mathematical Geology 35, 2003), as in Stan from 2.37: unlike stick-breaking it treats
 * all entries alike, and a Dirichlet is close to a Gaussian in it. The K - 1 columns of V are orthonormal and
 * sum to 0; with respect to any K - 1 entries of x, log |det| = sum log x + log(K) / 2. */
#include "runtime/infer/transforms.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* A place where a transform is written: a variable on a tape. */
typedef struct site {
    lowering *l;
    tape *t;
    const variable_row *of;
    axis event, shorter; /* on the tape: the last axis of x, and that of u where it has one entry less */
} site;

static ref map1(site s, op f, ref x) { return tape_map1(s.t, f, x); }
static ref map2(site s, op f, ref x, ref y) { return tape_map2(s.t, f, x, y); }
static ref number(site s, double x) { return tape_number(s.t, x); }

/* A density is summed over the entries of the variable, also over axes along which the value is constant. */
static ref over_entries(site s, ref x) { return tape_sum(s.t, x, lower_axes(s.l, s.of->axes)); }

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

/* V over (event, shorter): column j is (1, …, 1, -j, 0, …, 0) / sqrt(j (j + 1)), with j ones (Helmert). */
static ref contrasts(site s) {
    uint32_t rows = s.t->axes.at[s.event].size, columns = rows - 1;
    double *v = arena_array(s.t->arena, double, (size_t)rows *columns);
    for (uint32_t j = 1; j <= columns; j++)
        for (uint32_t i = 0; i <= j; i++)
            v[(size_t)i * columns + j - 1] = (i < j ? 1 : -(double)j) / sqrt((double)j * (j + 1.0));
    assert(s.event < s.shorter);
    return tape_data(s.t, v, axes_with(axes_one(s.event), s.shorter));
}

static ref to_simplex(site s, ref u, ref *log_jacobian) {
    uint32_t size = s.t->axes.at[s.event].size;
    ref scores = tape_contract(s.t, contrasts(s), u, axes_one(s.shorter));
    ref log_x = map2(s, OP_sub, scores, tape_reduce(s.t, OP_log_sum_exp, scores, axes_one(s.event)));
    ref spread = number(s, 0.5 * log(size) / size); /* over_entries adds it `size` times */
    *log_jacobian = over_entries(s, map2(s, OP_add, log_x, spread));
    return map1(s, OP_exp, log_x);
}
static ref from_simplex(site s, ref x) {
    return tape_contract(s.t, contrasts(s), map1(s, OP_log, x), axes_one(s.event));
}

static const struct {
    ref (*constrain)(site s, ref u, ref *log_jacobian);
    ref (*unconstrain)(site s, ref x);
    bool shorter; /* u has one entry less along the last axis */
} TRANSFORMS[SUPPORT_count_] = {
    [SUPPORT_real] = {to_real, from_real, false},
    [SUPPORT_positive] = {to_positive, from_positive, false},
    [SUPPORT_negative] = {to_negative, from_negative, false},
    [SUPPORT_unit] = {to_unit, from_unit, false},
    [SUPPORT_interval] = {to_interval, from_interval, false},
    [SUPPORT_simplex] = {to_simplex, from_simplex, true},
    [SUPPORT_ordered] = {to_ordered, from_ordered, false},
    [SUPPORT_positive_ordered] = {to_positive_ordered, from_positive_ordered, false},
};

bool transform_check(diagnostics *d, const model *m, variable v) {
    const variable_row *row = program_variable(m->program, v);
    if (TRANSFORMS[row->type.support].constrain) return true;
    diagnostic *said =
        diagnose(d, DIAGNOSTIC_unsupported, row->at, "`%s` is %s: its density cannot be explored here yet",
                 row->name, SUPPORTS[row->type.support].about);
    if (SUPPORTS[row->type.support].whole)
        advise(d, said, "sum it out by hand, with log_sum_exp over its values in a `factor`");
    else advise(d, said, "write it as a function of latents that are real, positive, simplex or ordered");
    return false;
}

static axis last_axis(const model *m, variable v) {
    const variable_row *row = program_variable(m->program, v);
    return row->order[row->axes.count - 1];
}

uint64_t transform_size(const model *m, variable v) {
    const variable_row *row = program_variable(m->program, v);
    uint64_t size = model_size(m, row->axes);
    if (!TRANSFORMS[row->type.support].shorter) return size;
    uint32_t length = m->axes[last_axis(m, v)].size;
    return size / length * (length - 1);
}

/* The tape's axis for K - 1 entries of an axis of K; the same for all that need one. */
static axis shorter_axis(tape *t, axis of) {
    static const char NAME[] = "entries but one";
    uint32_t size = t->axes.at[of].size - 1;
    for (uint32_t i = of + 1u; i < t->axes.count; i++)
        if (t->axes.at[i].name == NAME && t->axes.at[i].size == size) return (axis)i;
    return tape_add_axis(t, NAME, size);
}

static site site_of(const lowering *l, variable v) {
    const variable_row *row = program_variable(l->model->program, v);
    site s = {(lowering *)l, l->tape, row, AXIS_NONE, AXIS_NONE};
    if (SUPPORTS[row->type.support].event) s.event = l->axes[last_axis(l->model, v)];
    if (TRANSFORMS[row->type.support].shorter) s.shorter = shorter_axis(l->tape, s.event);
    return s;
}

axes transform_axes(const lowering *l, variable v) {
    site s = site_of(l, v);
    axes own = lower_axes(l, s.of->axes);
    return s.shorter == AXIS_NONE ? own : axes_with(axes_without(own, s.event), s.shorter);
}

ref transform_constrain(lowering *l, variable v, ref u, ref *log_jacobian) {
    site s = site_of(l, v);
    return TRANSFORMS[s.of->type.support].constrain(s, u, log_jacobian);
}

ref transform_unconstrain(lowering *l, variable v, ref x) {
    site s = site_of(l, v);
    return TRANSFORMS[s.of->type.support].unconstrain(s, x);
}
