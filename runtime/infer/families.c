#include "runtime/infer/families.h"

#include <math.h>

static const double FIRST_LOG_SCALE = -1;
/* Columns of a low-rank W start apart from each other, since those that are equal would stay so. */
static const double FIRST_FACTOR = 0.1;
/* Couplings: units of the layer between, the largest change of log scale a layer, and how near the identity
 * they start. */
enum { HIDDEN = 32 };
static const double LOG_SCALE_MOST = 2, FIRST_COUPLING = 0.01;
/* Networks diverge at rates that are right for locations and log scales. */
static const double COUPLING_PACE = 0.05, MARGIN_PACE = 0.2;

/* Where the tensors of a family stand. */
enum { LOCATION, SCALE, FACTOR, SKEW = FACTOR, TAIL, FIRST_LAYER };
enum { INTO, INTO_BIAS, LOG_STRETCH, LOG_STRETCH_BIAS, SHIFT, SHIFT_BIAS, LAYER_TENSORS };

static void add_layer(family_layout *f, arena *a) {
    double into = 1 / sqrt((double)f->latents);
    push(a, &f->tensors, (tensor){true, false, true, 0, into, UNIT_none, COUPLING_PACE});
    push(a, &f->tensors, (tensor){false, false, true, 0, 0, UNIT_none, COUPLING_PACE});
    for (int i = 0; i < 2; i++) {
        push(a, &f->tensors, (tensor){true, false, true, 0, FIRST_COUPLING, UNIT_none, COUPLING_PACE});
        push(a, &f->tensors, (tensor){true, false, false, 0, 0, UNIT_none, COUPLING_PACE});
    }
}

family_layout family_layout_of(family_kind kind, uint32_t size, uint64_t latents, arena *a) {
    if (kind == FAMILY_low_rank && size >= latents) kind = FAMILY_full_rank;
    if (kind == FAMILY_full_rank && latents < 2) kind = FAMILY_mean_field;
    family_layout f = {.kind = kind, .latents = (uint32_t)latents};
    push(a, &f.tensors, (tensor){true, false, false, 0, 0, UNIT_scale, 1});
    push(a, &f.tensors, (tensor){true, false, false, FIRST_LOG_SCALE, 0, UNIT_one, 1});
    if (kind == FAMILY_full_rank) {
        f.columns = f.latents;
        push(a, &f.tensors, (tensor){true, true, false, 0, 0, UNIT_one, 1});
    }
    if (kind == FAMILY_low_rank) {
        f.columns = size;
        push(a, &f.tensors, (tensor){true, true, false, 0, FIRST_FACTOR, UNIT_none, 1});
    }
    if (kind == FAMILY_flow) {
        f.layers = latents > 1 ? size : 0; /* one latent alone has nothing to be coupled with */
        push(a, &f.tensors, (tensor){true, false, false, 0, 0, UNIT_one, MARGIN_PACE});
        push(a, &f.tensors, (tensor){true, false, false, 0, 0, UNIT_one, MARGIN_PACE});
        for (uint32_t k = 0; k < f.layers; k++) add_layer(&f, a);
    }
    return f;
}

uint64_t tensor_size(const family_layout *f, const tensor *x) {
    return (uint64_t)(x->rows ? f->latents : 1) * (x->columns ? f->columns : 1) * (x->hidden ? HIDDEN : 1);
}

family_axes family_add_axes(const family_layout *f, tape *t) {
    family_axes on = {tape_add_axis(t, "latents", f->latents), AXIS_NONE, AXIS_NONE, AXIS_NONE};
    if (f->columns) on.columns = tape_add_axis(t, "columns", f->columns);
    if (f->kind == FAMILY_low_rank) on.columns2 = tape_add_axis(t, "columns'", f->columns);
    if (f->layers) on.hidden = tape_add_axis(t, "hidden", HIDDEN);
    return on;
}

axes tensor_axes(const tensor *x, const family_axes *on) {
    axes s = {0};
    if (x->rows) s = axes_with(s, on->rows);
    if (x->columns) s = axes_with(s, on->columns);
    if (x->hidden) s = axes_with(s, on->hidden);
    return s;
}

/* Writing. */

typedef struct writer {
    const family_layout *layout;
    const family_axes *on;
    tape *t;
    const ref *tensors;
    axis draw;
} writer;

static ref map1(const writer *w, op f, ref x) { return tape_map1(w->t, f, x); }
static ref map2(const writer *w, op f, ref x, ref y) { return tape_map2(w->t, f, x, y); }
static ref number(const writer *w, double x) { return tape_number(w->t, x); }
static ref squares(const writer *w, ref x, axis over) {
    return tape_sum(w->t, map2(w, OP_mul, x, x), axes_one(over));
}
static ref over_rows(const writer *w, ref x) { return tape_sum(w->t, x, axes_one(w->on->rows)); }
static ref noise(const writer *w, axis over) {
    return tape_random(w->t, OP_random_normal, 0, 0, 0, axes_with(axes_one(w->draw), over));
}

/* -1/2 (sum of squares + n log 2π) - log of the volume by which e was stretched. */
static ref gaussian_log_density(const writer *w, ref square, ref log_volume) {
    ref constant = number(w, w->layout->latents * log(2 * M_PI));
    return map2(w, OP_sub, map2(w, OP_mul, map2(w, OP_add, square, constant), number(w, -0.5)), log_volume);
}

/* -u' stop(score), where score is minus the gradient of log q at u. */
static ref path_of_score(const writer *w, ref u, ref score) {
    return map1(w, OP_neg, over_rows(w, map2(w, OP_mul, u, map1(w, OP_stop, score))));
}

static family_draw write_mean_field(const writer *w) {
    ref e = noise(w, w->on->rows), scale = map1(w, OP_exp, w->tensors[SCALE]);
    ref u = map2(w, OP_add, w->tensors[LOCATION], map2(w, OP_mul, scale, e));
    return (family_draw){u,
                         gaussian_log_density(w, squares(w, e, w->on->rows), over_rows(w, w->tensors[SCALE])),
                         path_of_score(w, u, map2(w, OP_div, e, scale))};
}

/* log s - log(1 + |W|²) / 2 by rows: what e and W are multiplied by. */
static ref log_multiplier(const writer *w, ref factor) {
    ref norm = map1(w, OP_log1p, squares(w, factor, w->on->columns));
    return map2(w, OP_sub, w->tensors[SCALE], map2(w, OP_mul, norm, number(w, 0.5)));
}

static family_draw write_full_rank(const writer *w) {
    axis row = w->on->rows, column = w->on->columns;
    ref i = tape_position(w->t, row), j = tape_position(w->t, column), zero = number(w, 0);
    ref below = tape_select(w->t, map2(w, OP_lt, j, i), w->tensors[FACTOR], zero);
    ref log_scale = log_multiplier(w, below);
    ref unit = tape_select(w->t, map2(w, OP_eq, i, j), number(w, 1), below);
    ref e = noise(w, column), factor = map2(w, OP_mul, unit, map1(w, OP_exp, log_scale));
    ref u = map2(w, OP_add, w->tensors[LOCATION], tape_contract(w->t, factor, e, axes_one(column)));
    ref score = tape_solve_lower_transposed(w->t, map1(w, OP_stop, factor), e, row, column);
    return (family_draw){u, gaussian_log_density(w, squares(w, e, column), over_rows(w, log_scale)),
                         path_of_score(w, u, score)};
}

/* With v = u - m, D = diag(s) and the r × r matrix M = 1 + B' D^-2 B (Woodbury):
 *   log |D² + B B'| = log |M| + 2 sum log s
 *   (D² + B B')^-1 v = D^-2 v - D^-2 B M^-1 B' D^-2 v */
static family_draw write_low_rank(const writer *w) {
    tape *t = w->t;
    axis row = w->on->rows, column = w->on->columns, column2 = w->on->columns2;
    ref log_scale = log_multiplier(w, w->tensors[FACTOR]);
    ref scale = map1(w, OP_exp, log_scale), b = map2(w, OP_mul, w->tensors[FACTOR], scale);
    ref v = map2(w, OP_add, map2(w, OP_mul, scale, noise(w, row)),
                 tape_contract(t, b, noise(w, column), axes_one(column)));
    ref u = map2(w, OP_add, w->tensors[LOCATION], v);
    ref weighted = map2(w, OP_div, b, map2(w, OP_mul, scale, scale)); /* D^-2 B */
    ref diagonal = map2(w, OP_eq, tape_position(t, column), tape_position(t, column2));
    ref m = map2(w, OP_add, diagonal,
                 tape_contract(t, weighted, tape_rename(t, b, column, column2), axes_one(row)));
    ref factor = tape_cholesky(t, m, column, column2);
    ref product = tape_contract(t, weighted, v, axes_one(row)); /* B' D^-2 v */
    ref half = tape_solve_lower(t, factor, product, column, column2);
    ref whitened = map2(w, OP_div, v, scale);
    ref square = map2(w, OP_sub, squares(w, whitened, row), squares(w, half, column2));
    ref trace = tape_sum(
        t, map2(w, OP_mul, diagonal, map1(w, OP_log, tape_select(t, diagonal, factor, number(w, 1)))),
        axes_with(axes_one(column), column2));
    ref log_volume = map2(w, OP_add, over_rows(w, log_scale), trace);
    ref solved = tape_solve_lower_transposed(t, factor, half, column, column2);
    ref score = map2(w, OP_sub, map2(w, OP_div, whitened, scale),
                     tape_contract(t, weighted, solved, axes_one(column)));
    return (family_draw){u, gaussian_log_density(w, square, log_volume), path_of_score(w, u, score)};
}

/* Flows. */

/* The entries that layer k leaves as they are, and from which it computes what the others become: halves by
 * the bits of the entry's number, each followed by its complement. */
static ref kept_entries(const writer *w, uint32_t k) {
    uint32_t n = w->layout->latents, bits = 1;
    while ((n - 1) >> bits) bits++;
    double *kept = arena_array(w->t->arena, double, n);
    for (uint32_t i = 0; i < n; i++) kept[i] = (i >> (k / 2 % bits) & 1) ^ (k & 1);
    return tape_data(w->t, kept, axes_one(w->on->rows));
}

typedef struct coupling {
    ref log_stretch, shift; /* 0 at the kept entries */
} coupling;

static coupling coupling_at(const writer *w, uint32_t k, ref z) {
    const ref *p = w->tensors + FIRST_LAYER + k * LAYER_TENSORS;
    axes rows = axes_one(w->on->rows), hidden = axes_one(w->on->hidden);
    ref kept = kept_entries(w, k), moved = map2(w, OP_sub, number(w, 1), kept);
    ref in = tape_contract(w->t, p[INTO], map2(w, OP_mul, z, kept), rows);
    ref layer = map1(w, OP_tanh, map2(w, OP_add, in, p[INTO_BIAS]));
    ref stretch = map2(w, OP_add, tape_contract(w->t, p[LOG_STRETCH], layer, hidden), p[LOG_STRETCH_BIAS]);
    ref shift = map2(w, OP_add, tape_contract(w->t, p[SHIFT], layer, hidden), p[SHIFT_BIAS]);
    ref bounded = map2(w, OP_mul, number(w, LOG_SCALE_MOST),
                       map1(w, OP_tanh, map2(w, OP_div, stretch, number(w, LOG_SCALE_MOST))));
    return (coupling){map2(w, OP_mul, bounded, moved), map2(w, OP_mul, shift, moved)};
}

static ref arcsinh(const writer *w, ref x) {
    ref root = map1(w, OP_sqrt, map2(w, OP_add, map2(w, OP_mul, x, x), number(w, 1)));
    return map2(w, OP_mul, map1(w, OP_sign, x), map1(w, OP_log, map2(w, OP_add, map1(w, OP_abs, x), root)));
}

/* y = sinh(a), a = (arcsinh z + skew) exp(tail): log dy/dz = log cosh a + tail - log(1 + z²) / 2. */
static ref margin_log_slope(const writer *w, ref z, ref a) {
    ref log_cosh =
        map2(w, OP_sub, map1(w, OP_log1p_exp, map2(w, OP_add, a, a)), map2(w, OP_add, a, number(w, M_LN2)));
    ref root = map2(w, OP_mul, number(w, 0.5), map1(w, OP_log1p, map2(w, OP_mul, z, z)));
    return map2(w, OP_add, log_cosh, map2(w, OP_sub, w->tensors[TAIL], root));
}

/* log q at u, by the way back to e. */
static ref flow_log_density(const writer *w, ref u) {
    ref y = map2(w, OP_div, map2(w, OP_sub, u, w->tensors[LOCATION]), map1(w, OP_exp, w->tensors[SCALE]));
    ref a = arcsinh(w, y);
    ref z = map1(w, OP_sinh,
                 map2(w, OP_sub, map2(w, OP_div, a, map1(w, OP_exp, w->tensors[TAIL])), w->tensors[SKEW]));
    ref log_volume = map2(w, OP_add, w->tensors[SCALE], margin_log_slope(w, z, a));
    for (uint32_t k = w->layout->layers; k-- > 0;) {
        coupling c = coupling_at(w, k, z);
        z = map2(w, OP_div, map2(w, OP_sub, z, c.shift), map1(w, OP_exp, c.log_stretch));
        log_volume = map2(w, OP_add, log_volume, c.log_stretch);
    }
    return gaussian_log_density(w, squares(w, z, w->on->rows), over_rows(w, log_volume));
}

static family_draw write_flow(const writer *w) {
    ref e = noise(w, w->on->rows), z = e, log_volume = w->tensors[SCALE];
    for (uint32_t k = 0; k < w->layout->layers; k++) {
        coupling c = coupling_at(w, k, z);
        z = map2(w, OP_add, map2(w, OP_mul, z, map1(w, OP_exp, c.log_stretch)), c.shift);
        log_volume = map2(w, OP_add, log_volume, c.log_stretch);
    }
    ref a =
        map2(w, OP_mul, map2(w, OP_add, arcsinh(w, z), w->tensors[SKEW]), map1(w, OP_exp, w->tensors[TAIL]));
    log_volume = map2(w, OP_add, log_volume, margin_log_slope(w, z, a));
    ref u = map2(w, OP_add, w->tensors[LOCATION],
                 map2(w, OP_mul, map1(w, OP_exp, w->tensors[SCALE]), map1(w, OP_sinh, a)));
    uint32_t count = w->layout->tensors.count;
    ref *stopped = arena_array(w->t->arena, ref, count);
    for (uint32_t i = 0; i < count; i++) stopped[i] = map1(w, OP_stop, w->tensors[i]);
    writer still = *w;
    still.tensors = stopped;
    return (family_draw){u, gaussian_log_density(w, squares(w, e, w->on->rows), over_rows(w, log_volume)),
                         flow_log_density(&still, u)};
}

family_draw family_write(const family_layout *f, const family_axes *on, tape *t, const ref *tensors,
                         axis draw) {
    static family_draw (*const WRITE[])(const writer *) = {[FAMILY_mean_field] = write_mean_field,
                                                           [FAMILY_full_rank] = write_full_rank,
                                                           [FAMILY_low_rank] = write_low_rank,
                                                           [FAMILY_flow] = write_flow};
    writer w = {f, on, t, tensors, draw};
    return WRITE[f->kind](&w);
}
