/* The machine against the reference evaluator on random tapes: all ops but draws, mixed axes, sizes of 1, odd
 * sizes, sizes beyond a block; the same bits twice and in a machine that keeps every value; nothing allocated
 * in a run; indices out of range; faults; and the moments of draws.
 *
 * Tolerance of an entry: the reference computes each instruction in long double from rounded operands, the
 * machine differs by the errors of its own operands. So a tape is judged instruction by instruction: a second
 * tape has for each instruction its reference operands as inputs. An entry may then be off by 8 units in the
 * last place; where n terms are added one after the other, by n units of the sum of their magnitudes. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/number.h"
#include "autodiff/kernels/kernels.h"
#include "autodiff/machine.h"
#include "autodiff/passes.h"
#include "base/rng.h"
#include "tests/autodiff/reference.h"
#include "tests/check.h"
#include "tests/memory.h"

static unsigned allocations;

static void *allocate(void *user, void *block, size_t old_size, size_t size) {
    allocations++;
    return test_allocate(user, block, old_size, size);
}

/* Random tapes. */

static const uint32_t SIZES[] = {1, 2, 3, 5, 7, 4, 13, 40};
enum { AXES = 10, MOST_ENTRIES = 20000 };

typedef struct maker {
    tape t;
    arena *arena;
    rng r;
    axis matrix[2]; /* of the same size */
    vector(ref) pool;
    double *inputs[32];
} maker;

static uint32_t below(maker *m, uint32_t n) { return (uint32_t)rng_below(&m->r, n); }
static ref some(maker *m) { return m->pool.at[below(m, m->pool.count)]; }
static axes of(const maker *m, ref r) { return tape_at(&m->t, r)->axes; }

static axes some_axes(maker *m, uint32_t most) {
    axes a = {0};
    for (uint32_t i = below(m, most + 1); i > 0; i--) a = axes_with(a, (axis)below(m, AXES));
    while (tape_size(&m->t, a) > MOST_ENTRIES) a = axes_without(a, a.at[below(m, a.count)]);
    return a;
}

static axes part_of(maker *m, axes whole) {
    axes a = {0};
    for (int i = 0; i < whole.count; i++)
        if (below(m, 2)) a = axes_with(a, whole.at[i]);
    return a;
}

static double *numbers(maker *m, axes a) {
    uint64_t n = tape_size(&m->t, a);
    double *x = arena_array(m->arena, double, n);
    for (uint64_t i = 0; i < n; i++) x[i] = rng_normal(&m->r);
    return x;
}

static ref indices(maker *m, axes a, uint32_t reach, bool data) {
    uint64_t n = tape_size(&m->t, a);
    double *x = arena_array(m->arena, double, n);
    for (uint64_t i = 0; i < n; i++) x[i] = 1 + below(m, reach + (below(m, 50) == 0));
    if (data || m->t.slots == 32) return tape_data(&m->t, x, a);
    m->inputs[m->t.slots] = x;
    return tape_input(&m->t, a);
}

static ref leaf(maker *m) {
    axes a = some_axes(m, 3);
    switch (below(m, 6)) {
    case 0: return tape_number(&m->t, rng_normal(&m->r));
    case 1: return tape_position(&m->t, (axis)below(m, AXES));
    case 2: return tape_data(&m->t, numbers(m, a), a);
    default:
        if (m->t.slots == 32) return tape_number(&m->t, 2);
        m->inputs[m->t.slots] = numbers(m, a);
        return tape_input(&m->t, a);
    }
}

/* Functions whose values stay of moderate size, with arguments in their domains. */
static ref map(maker *m) {
    static const op ONE[] = {OP_neg, OP_abs,  OP_sign, OP_floor, OP_round, OP_not,  OP_stop,      OP_sin,
                             OP_cos, OP_atan, OP_tanh, OP_expit, OP_erf,   OP_erfc, OP_log1p_exp, OP_exp};
    static const op TWO[] = {OP_add, OP_sub, OP_mul, OP_minimum, OP_maximum, OP_lt,
                             OP_le,  OP_eq,  OP_ne,  OP_and,     OP_or,      OP_div};
    static const op POSITIVE[] = {OP_sqrt, OP_log, OP_log1p, OP_lgamma, OP_digamma, OP_trigamma};
    tape *t = &m->t;
    switch (below(m, 5)) {
    case 0: return tape_map1(t, ONE[below(m, sizeof ONE / sizeof *ONE)], tape_map1(t, OP_tanh, some(m)));
    case 1: return tape_map1(t, POSITIVE[below(m, 6)], tape_map1(t, OP_exp, tape_map1(t, OP_sin, some(m))));
    case 2: return tape_select(t, some(m), some(m), some(m));
    default: return tape_map2(t, TWO[below(m, 12)], some(m), some(m));
    }
}

static ref matrix(maker *m, ref x) { /* x x' + n 1 over the axes of matrices */
    axis row = m->matrix[0], column = m->matrix[1];
    if (axes_has(of(m, x), column)) return 0;
    x = tape_map1(&m->t, OP_tanh, x);
    ref y = axes_has(of(m, x), row) ? tape_rename(&m->t, x, row, column) : x;
    ref one = tape_map2(&m->t, OP_eq, tape_position(&m->t, row), tape_position(&m->t, column));
    ref product = tape_map2(&m->t, OP_mul, x, y);
    return tape_map2(&m->t, OP_add, product, tape_map2(&m->t, OP_mul, one, tape_number(&m->t, 3)));
}

static ref linear(maker *m) {
    tape *t = &m->t;
    axis row = m->matrix[below(m, 2)], column = row == m->matrix[0] ? m->matrix[1] : m->matrix[0];
    ref a = matrix(m, some(m));
    if (!a) return 0;
    ref l = tape_cholesky(t, a, row, column), b = some(m);
    if (axes_has(of(m, b), row) || axes_has(of(m, b), column)) return l;
    switch (below(m, 4)) {
    case 3: return tape_cholesky_back(t, l, b, row, column);
    case 0: return tape_solve_lower(t, l, b, row, column);
    case 1: return tape_solve_lower_transposed(t, l, b, row, column);
    default: return l;
    }
}

static ref gather(maker *m) {
    ref x = some(m);
    if (!of(m, x).count) return 0;
    axis along = of(m, x).at[below(m, of(m, x).count)];
    ref index = indices(m, some_axes(m, 2), m->t.axes.at[along].size, below(m, 2));
    if (tape_size(&m->t, axes_union(of(m, x), of(m, index))) > 4 * MOST_ENTRIES) return 0;
    return tape_gather(&m->t, x, index, along);
}

static ref scatter(maker *m) {
    ref x = some(m);
    axis into = (axis)below(m, AXES);
    ref index = indices(m, part_of(m, of(m, x)), m->t.axes.at[into].size, below(m, 2));
    return tape_scatter(&m->t, x, index, into, axes_with(part_of(m, axes_without(of(m, x), into)), into));
}

static ref move(maker *m) {
    tape *t = &m->t;
    ref x = some(m);
    axes own = of(m, x);
    axis a = (axis)below(m, AXES);
    switch (below(m, 6)) {
    case 0: return gather(m);
    case 1: return scatter(m);
    case 2: {
        axis from = m->matrix[below(m, 2)], to = from == m->matrix[0] ? m->matrix[1] : m->matrix[0];
        return axes_has(own, to) ? 0 : tape_rename(t, x, from, to);
    }
    case 3: {
        axes to = some_axes(m, 2);
        if (!axes_has(own, a) || axes_has(to, a) || axes_common(to, own).count) return 0;
        uint64_t size = tape_size(t, to), room = t->axes.at[a].size;
        return size > room ? 0 : tape_slice(t, x, a, below(m, (uint32_t)(room - size) + 1), to);
    }
    case 4: {
        axes from = part_of(m, own);
        uint64_t size = tape_size(t, from), room = t->axes.at[a].size;
        if (axes_has(own, a) || size > room) return 0;
        return tape_place(t, x, from, a, below(m, (uint32_t)(room - size) + 1));
    }
    default: return tape_expand(t, x, axes_one(a));
    }
}

/* Of a product the factors are below 1, since in long double it cannot overflow where it does in double. */
static ref reduce(maker *m, op f, ref x) {
    if (f == OP_prod) x = tape_map1(&m->t, OP_tanh, x);
    return tape_reduce(&m->t, f, x, part_of(m, of(m, x)));
}

/* Shares over the first axis, as the gradient of a mixture has them. */
static ref shares(maker *m, ref x) {
    if (!of(m, x).count) return x;
    ref all = tape_reduce(&m->t, OP_log_sum_exp, x, axes_one(of(m, x).at[0]));
    return tape_map1(&m->t, OP_exp, tape_map2(&m->t, OP_sub, x, all));
}

static ref grow(maker *m) {
    static const op REDUCE[] = {OP_sum, OP_sum, OP_prod, OP_max, OP_min, OP_log_sum_exp};
    ref x = some(m), y = some(m);
    switch (below(m, 11)) {
    case 10: return shares(m, map(m));
    case 0: return reduce(m, REDUCE[below(m, 6)], x);
    case 1: return tape_contract(&m->t, x, y, part_of(m, axes_common(of(m, x), of(m, y))));
    case 2:
        return of(m, x).count ? (below(m, 2) ? tape_cumsum : tape_cumsum_back)(
                                    &m->t, x, of(m, x).at[below(m, of(m, x).count)])
                              : 0;
    case 3: return linear(m);
    case 4:
    case 5: return move(m);
    case 6: return leaf(m);
    default: return map(m);
    }
}

/* Leaves out what was too large to be kept, and makes some of the rest outputs. */
static void keep_pool(maker *m) {
    tape live;
    for (uint32_t i = m->pool.count; i-- > 4;) tape_output(&m->t, m->pool.at[i]);
    tape_open(&live, m->arena);
    pass_drop(&m->t, &live);
    uint32_t kept = 0;
    for (uint32_t k = 0; k < live.outputs.count; k++)
        if (below(m, 5) == 0 || k == 0) live.outputs.at[kept++] = live.outputs.at[k];
    live.outputs.count = kept;
    m->t = live;
}

static void make(maker *m, uint32_t length) {
    tape_open(&m->t, m->arena);
    uint32_t shift = below(m, 8);
    for (uint32_t i = 0; i < AXES - 2; i++)
        tape_add_axis(&m->t, "axis", i == 7 && below(m, 3) == 0 ? 1100 : SIZES[(i + shift) % 8]);
    m->matrix[0] = tape_add_axis(&m->t, "row", SIZES[shift]);
    m->matrix[1] = tape_add_axis(&m->t, "column", SIZES[shift]);
    m->pool.count = 0;
    for (int i = 0; i < 4; i++) push(m->arena, &m->pool, leaf(m));
    while (m->pool.count < length) {
        ref x = grow(m);
        if (x && of(m, x).count <= 6 && tape_size(&m->t, of(m, x)) <= MOST_ENTRIES)
            push(m->arena, &m->pool, x);
    }
    keep_pool(m);
}

/* One instruction at a time, its operands given. */

static double bound_of_sums(const maker *m, const instruction *x, double **values) {
    double largest = 0, entries = 1;
    for (int i = 0; i < op_inputs(x->op); i++) {
        double most = 0;
        uint64_t n = tape_size(&m->t, m->t.code.at[x->in[i]].axes);
        for (uint64_t k = 0; k < n; k++) most = fmax(most, fabs(values[x->in[i]][k]));
        largest = i ? largest * fmax(most, 1) : most;
        entries = fmax(entries, (double)n);
    }
    return largest * entries * entries;
}

static bool close_to(double x, double y, double unit, double slack) {
    if (isnan(x) || isnan(y)) return isnan(x) && isnan(y);
    return x == y || fabs(x - y) <= unit * (8 * fabs(y) + slack);
}

/* The tape of instruction r, its operands being inputs. */
static tape *tape_alone(const maker *m, ref r, arena *scratch) {
    tape *t = arena_new(scratch, tape);
    tape_open(t, scratch);
    for (uint32_t i = 0; i < m->t.axes.count; i++)
        tape_add_axis(t, m->t.axes.at[i].name, m->t.axes.at[i].size);
    instruction copy = m->t.code.at[r];
    for (int i = 0; i < op_inputs(copy.op); i++) copy.in[i] = tape_input(t, m->t.code.at[copy.in[i]].axes);
    tape_output(t, tape_emit(t, copy));
    return t;
}

static const double *run_alone(const maker *m, ref r, double **values, precision p, arena *scratch) {
    const instruction *x = &m->t.code.at[r];
    machine *one = machine_new_in(scratch, tape_alone(m, r, scratch), p, NULL);
    for (int i = 0; i < op_inputs(x->op); i++) machine_bind(one, (uint32_t)i, values[x->in[i]]);
    machine_run(one, 1, 1);
    return machine_output(one, 0);
}

/* What it computes against what it should, in units of the precision's last place. */
static bool agrees(maker *m, ref r, double **values, const double *y, const double *expected, double unit) {
    const instruction *x = &m->t.code.at[r];
    op_kind kind = op_kind_of(x->op);
    bool adds = kind == KIND_LINEAR || kind == KIND_REDUCE || x->op == OP_scatter;
    double slack = adds ? bound_of_sums(m, x, values) : x->op == OP_lgamma || x->op == OP_digamma ? 8 : 0;
    for (uint64_t k = 0; k < tape_size(&m->t, x->axes); k++)
        if (!close_to(y[k], expected[k], unit, slack)) {
            printf("# %%%u = %s, entry %llu: %.17g, not %.17g (slack %g)\n", r, op_name(x->op),
                   (unsigned long long)k, y[k], expected[k], slack);
            return false;
        }
    return true;
}

static bool agree_alone(maker *m, ref r, double **values, arena *scratch) {
    return agrees(m, r, values, run_alone(m, r, values, IN_DOUBLE, scratch), values[r], 0x1p-52);
}

/* In single precision, against double from operands that are floats; a result beyond what floats hold is
 * infinite, or has the smallest of them as its unit. */
static bool agree_single(maker *m, ref r, double **values, arena *scratch) {
    const instruction *x = &m->t.code.at[r];
    double **rounded = arena_array(scratch, double *, m->t.code.count);
    for (int i = 0; i < op_inputs(x->op); i++) {
        uint64_t size = tape_size(&m->t, m->t.code.at[x->in[i]].axes);
        rounded[x->in[i]] = arena_array(scratch, double, size);
        for (uint64_t k = 0; k < size; k++) rounded[x->in[i]][k] = (double)(float)values[x->in[i]][k];
    }
    const double *exact = run_alone(m, r, rounded, IN_DOUBLE, scratch);
    const double *single = run_alone(m, r, rounded, IN_SINGLE, scratch);
    double *expected = arena_array(scratch, double, tape_size(&m->t, x->axes));
    for (uint64_t k = 0; k < tape_size(&m->t, x->axes); k++) {
        bool small = fabs(exact[k] - single[k]) < 0x1p-126;
        expected[k] = small ? single[k] : (double)(float)exact[k];
    }
    return agrees(m, r, rounded, single, expected, 0x1p-23);
}

/* The whole tape, bit for bit, against a machine of the same tape with every value an output: so with other
 * regions, and no buffer shared. Slices, renamings and expansions are left as they are: products have other
 * bits for a matrix that lies otherwise. */
static void output_all(const tape *from, tape *to) {
    for (ref r = 1; r < from->code.count; r++) {
        op f = from->code.at[r].op;
        if (f != OP_slice && f != OP_rename && f != OP_expand) tape_output(to, r);
    }
}

static bool agree_whole(maker *m, arena *scratch) {
    machine *fused = machine_new(scratch, &m->t, NULL);
    tape all = m->t;
    all.outputs.at = NULL;
    all.outputs.count = all.outputs.capacity = 0;
    for (uint32_t k = 0; k < m->t.outputs.count; k++) tape_output(&all, m->t.outputs.at[k]);
    output_all(&m->t, &all);
    machine *kept = machine_new(scratch, &all, NULL);
    for (uint32_t i = 0; i < m->t.slots; i++)
        machine_bind(fused, i, m->inputs[i]), machine_bind(kept, i, m->inputs[i]);
    unsigned before = allocations;
    machine_run(fused, 3, 1);
    machine_run(kept, 3, 1);
    bool good = true;
    for (int again = 0; again < 2; again++) {
        for (uint32_t k = 0; k < m->t.outputs.count && good; k++) {
            ref r = m->t.outputs.at[k];
            uint64_t n = tape_size(&m->t, m->t.code.at[r].axes);
            const double *x = machine_output(fused, k), *y = machine_output(kept, k);
            if (memcmp(x, y, n * sizeof *x) == 0) continue;
            printf("# output %%%u differs\n", r);
            good = false;
        }
        machine_run(fused, 3, 1);
    }
    return good && allocations == before;
}

static void random_tapes(memory *host, int count) {
    bool alone = true, single = true, whole = true;
    for (int i = 0; i < count && alone && single && whole; i++) {
        arena a, scratch;
        arena_open(&a, host);
        maker m = {.arena = &a, .r = rng_open(5, (uint32_t)i)};
        make(&m, 6 + (uint32_t)i % 60);
        double **values = arena_array(&a, double *, m.t.code.count);
        reference_run(&m.t, (const double *const *)m.inputs, values, &a);
        for (ref r = 1; r < m.t.code.count && alone && single; r++) {
            if (op_kind_of(m.t.code.at[r].op) == KIND_LEAF) continue;
            arena_open(&scratch, host);
            alone = agree_alone(&m, r, values, &scratch);
            single = agree_single(&m, r, values, &scratch);
            arena_close(&scratch);
        }
        whole = agree_whole(&m, &a);
        if (!alone || !single || !whole) {
            printf("# tape %d\n", i);
            if (getenv("VERBOSE")) {
                tape_print(&m.t, stdout);
                machine_print(machine_new(&a, &m.t, NULL), stdout);
            }
        }
        arena_close(&a);
    }
    CHECK(alone, "machine/random_instructions");
    CHECK(single, "machine/random_instructions_in_single");
    CHECK(whole, "machine/random_tapes");
}

/* The largest error of a machine's outputs, which are these instructions, relative to values beyond 1. */
static double worst_output(machine *run, const maker *m, const ref *outputs, uint32_t count,
                           double *const *values) {
    double worst = 0;
    for (uint32_t k = 0; k < count; k++)
        for (uint64_t i = 0; i < tape_size(&m->t, of(m, outputs[k])); i++) {
            double expected = values[outputs[k]][i];
            worst = fmax(worst, fabs(machine_output(run, k)[i] - expected) / (1 + fabs(expected)));
        }
    return worst;
}

/* A mixture of words and numbers with its gradient, whose terms a region computes in layers. The reference
 * rounds each instruction's result; what it and the machine make of 700 terms differs by less than 700 units
 * of each. */
static void layers(memory *host, uint32_t states) {
    enum { OBS = 700, WORDS = 20 };
    arena a;
    arena_open(&a, host);
    maker m = {.arena = &a, .r = rng_open(6, states)};
    tape *t = &m.t;
    tape_open(t, &a);
    axis z = tape_add_axis(t, "z", states), obs = tape_add_axis(t, "obs", OBS),
         word = tape_add_axis(t, "word", WORDS);
    ref table = tape_input(t, axes_with(axes_one(z), word)), mu = tape_input(t, axes_one(z)), gradient[2],
        culprit;
    m.inputs[0] = numbers(&m, axes_with(axes_one(z), word));
    m.inputs[1] = numbers(&m, axes_one(z));
    m.inputs[0][3] = -INFINITY;
    ref y = tape_data(t, numbers(&m, axes_one(obs)), axes_one(obs)),
        which = indices(&m, axes_one(obs), WORDS, true);
    ref off = tape_map2(t, OP_sub, y, mu);
    ref x = tape_map2(t, OP_sub, tape_gather(t, table, which, word), tape_map2(t, OP_mul, off, off));
    ref density = tape_sum_all(t, tape_reduce(t, OP_log_sum_exp, x, axes_one(z)));
    bool derived = tape_gradient(t, density, (ref[]){table, mu}, 2, gradient, &culprit);
    CHECK(derived, "machine/layers_gradient");
    ref outputs[] = {density, gradient[0], gradient[1], tape_sum(t, shares(&m, x), axes_one(obs))};
    double **values = arena_array(&a, double *, t->code.count);
    reference_run(t, (const double *const *)m.inputs, values, &a);
    for (int k = 0; k < 4; k++) tape_output(t, outputs[k]);
    machine *run = machine_new(&a, t, NULL);
    for (uint32_t i = 0; i < 2; i++) machine_bind(run, i, m.inputs[i]);
    machine_run(run, 1, 1);
    double worst = worst_output(run, &m, outputs, 4, values);
    check(worst < OBS * 0x1p-52, "machine/layers", "%u states: off by %g", states, worst);
    arena_close(&a);
}

static ref in_groups(maker *m, axis row, uint32_t rows, uint32_t groups) {
    double *which = arena_array(m->arena, double, rows);
    for (uint32_t i = 0; i < rows; i++) which[i] = 1 + below(m, groups);
    return tape_data(&m->t, which, axes_one(row));
}

/* Rows in groups that they name in no order, with the gradient: the passes sort them, the machine sums
 * neighbours. Compared with the tape as it was written. */
static void groups(memory *host, uint32_t draws) {
    enum { ROWS = 5000, GROUPS = 37 };
    arena a;
    arena_open(&a, host);
    maker m = {.arena = &a, .r = rng_open(7, draws)};
    tape *t = &m.t, run;
    tape_open(t, &a);
    axis draw = tape_add_axis(t, "draw", draws), row = tape_add_axis(t, "row", ROWS);
    axis group = tape_add_axis(t, "group", GROUPS);
    ref level = tape_input(t, axes_with(axes_one(draw), group)), slope = tape_input(t, axes_one(draw));
    m.inputs[0] = numbers(&m, axes_with(axes_one(draw), group));
    m.inputs[1] = numbers(&m, axes_one(draw));
    double *y = numbers(&m, axes_one(row));
    ref which = in_groups(&m, row, ROWS, GROUPS), gradient[2], culprit;
    ref x = tape_map2(t, OP_mul, slope, tape_map1(t, OP_log, tape_position(t, row)));
    ref off = tape_map2(t, OP_sub, tape_data(t, y, axes_one(row)),
                        tape_map2(t, OP_add, x, tape_gather(t, level, which, group)));
    ref loss = tape_sum_all(t, tape_map1(t, OP_log1p_exp, off));
    bool derived = tape_gradient(t, loss, (ref[]){level, slope}, 2, gradient, &culprit);
    CHECK(derived, "machine/groups_gradient");
    ref outputs[] = {loss, gradient[0], gradient[1]};
    for (int k = 0; k < 3; k++) tape_output(t, outputs[k]);
    double **values = arena_array(&a, double *, t->code.count);
    reference_run(t, (const double *const *)m.inputs, values, &a);
    tape_compile(t, &run, &a, NULL, NULL);
    CHECK(run.axes.at[row].order != NULL, "machine/groups_sorted");
    machine *good = machine_new(&a, &run, NULL);
    for (uint32_t i = 0; i < 2; i++) machine_bind(good, i, m.inputs[i]);
    machine_run(good, 1, 1);
    double worst = worst_output(good, &m, outputs, 3, values);
    /* sums of 5,000 terms of either sign */
    check(worst < ROWS * 0x1p-52, "machine/groups", "%u draws: off by %g", draws, worst);
    arena_close(&a);
}

/* Rows that were sorted keep their numbers: the fault is at row 77 of the data. */
static void sorted_fault(memory *host) {
    enum { ROWS = 100, GROUPS = 5 };
    arena a;
    arena_open(&a, host);
    maker m = {.arena = &a, .r = rng_open(8, 0)};
    tape *t = &m.t, run;
    tape_open(t, &a);
    axis row = tape_add_axis(t, "row", ROWS), group = tape_add_axis(t, "group", GROUPS);
    double *y = arena_array(&a, double, ROWS), level[GROUPS] = {1, 1, 1, 1, 1};
    for (int i = 0; i < ROWS; i++) y[i] = i == 77 ? -2 : i;
    ref which = in_groups(&m, row, ROWS, GROUPS), table = tape_input(t, axes_one(group));
    ref x = tape_map2(t, OP_add, tape_data(t, y, axes_one(row)), tape_gather(t, table, which, group));
    tape_output(t, tape_sum_all(t, tape_map1(t, OP_log, x)));
    tape_compile(t, &run, &a, NULL, NULL);
    machine *made = machine_new(&a, &run, NULL);
    machine_bind(made, 0, level);
    machine_run(made, 1, 1);
    fault found = {0};
    bool is = machine_fault(made, 1, 1, &a, &found);
    check(is && run.axes.at[row].order && found.index[0] == 77, "machine/sorted_fault", "row %u",
          found.index[0]);
    arena_close(&a);
}

/* Draws. Bounds: a mean of n draws has standard error sd / sqrt(n), a variance about variance *
 * sqrt((kurtosis - 1) / n); four of each are allowed, at a fixed seed. The largest distance of the empirical
 * from the true distribution function exceeds 1.95 / sqrt(n) with probability 1e-3 (Kolmogorov). */

enum { DRAWS = 1000000 };

static const double *draw(arena *a, op f, double x, double y, uint64_t seed, machine **made) {
    tape *t = arena_new(a, tape);
    tape_open(t, a);
    axis of = tape_add_axis(t, "draw", DRAWS);
    ref p = op_inputs(f) > 0 ? tape_number(t, x) : 0, q = op_inputs(f) > 1 ? tape_number(t, y) : 0;
    tape_output(t, tape_random(t, f, p, q, 0, axes_one(of)));
    *made = machine_new(a, t, NULL);
    machine_run(*made, seed, 0);
    return machine_output(*made, 0);
}

static double normal_cdf(double x) { return 0.5 * erfc(-x * M_SQRT1_2); }
static double uniform_cdf(double x) { return x; }

/* The largest distance of the distribution functions. */
static double kolmogorov(const double *x, double (*cdf)(double)) {
    double *sorted = malloc(DRAWS * sizeof *sorted), most = 0;
    memcpy(sorted, x, DRAWS * sizeof *sorted);
    qsort(sorted, DRAWS, sizeof *sorted, number_order);
    for (int i = 0; i < DRAWS; i++) {
        double f = cdf(sorted[i]);
        most = fmax(most, fmax(f - (double)i / DRAWS, (i + 1.) / DRAWS - f));
    }
    free(sorted);
    return most;
}

typedef struct moments {
    double mean, variance, kurtosis;
} moments;

static void moments_agree(memory *host, const char *name, op f, double x, double y, moments expected,
                          double (*cdf)(double)) {
    arena a;
    arena_open(&a, host);
    machine *m;
    const double *z = draw(&a, f, x, y, 11, &m);
    long double sum = 0, squares = 0;
    for (int i = 0; i < DRAWS; i++) sum += z[i];
    double mean = (double)(sum / DRAWS);
    for (int i = 0; i < DRAWS; i++) squares += (z[i] - mean) * (z[i] - mean);
    double variance = (double)(squares / DRAWS);
    double off_mean = fabs(mean - expected.mean) / sqrt(expected.variance / DRAWS);
    double off_variance = fabs(variance / expected.variance - 1) / sqrt((expected.kurtosis - 1) / DRAWS);
    check(off_mean < 4 && off_variance < 4, name,
          "mean %g and variance %g, off by %.1f and %.1f standard errors", mean, variance, off_mean,
          off_variance);
    if (cdf) {
        double d = kolmogorov(z, cdf);
        check(d < 1.95 / sqrt(DRAWS), name, "distribution function off by %g", d);
    }
    double first = z[0], last = z[DRAWS - 1];
    machine_run(m, 12, 0);
    bool other_seed = z[0] != first || z[DRAWS - 1] != last;
    machine_run(m, 11, 0);
    check(other_seed && z[0] == first && z[DRAWS - 1] == last, name, "draws do not follow the seed");
    arena_close(&a);
}

/* Poisson and binomial also by their whole mass function: chi-squared over the cells with at least 20
 * expected. With k cells the statistic has mean k and variance 2 k; five standard deviations are allowed. */
static void masses_agree(memory *host, const char *name, op f, double x, double y) {
    arena a;
    arena_open(&a, host);
    machine *m;
    const double *z = draw(&a, f, x, y, 13, &m);
    enum { MOST = 400 };
    double counts[MOST] = {0}, statistic = 0;
    int cells = 0;
    for (int i = 0; i < DRAWS; i++)
        if (z[i] >= 0 && z[i] < MOST) counts[(int)z[i]]++;
    for (int k = 0; k < MOST; k++) {
        double log_mass =
            f == OP_random_poisson ? k * log(x) - x - lgamma(k + 1.)
            : k > x                ? -INFINITY
                    : lgamma(x + 1) - lgamma(k + 1.) - lgamma(x - k + 1) + k * log(y) + (x - k) * log1p(-y);
        double expected = DRAWS * exp(log_mass);
        if (expected < 20) continue;
        statistic += (counts[k] - expected) * (counts[k] - expected) / expected;
        cells++;
    }
    check(fabs(statistic - cells) < 5 * sqrt(2. * cells), name, "chi-squared %g on %d cells", statistic,
          cells);
    arena_close(&a);
}

/* The cdf is tested against multiple precision in further.c. */
static double von_mises_cdf(double x) {
    double y, concentration = 5;
    kernels_choose(IN_DOUBLE)->binary[OP_von_mises_cdf](&y, &concentration, &x, 1);
    return y;
}

/* The moments by trapezoidal sums, which converge at once for a periodic density; x^2 and x^4 are none, but
 * their ends at pi leave an error of 1e-6. */
static moments von_mises_moments(double k) {
    enum { PARTS = 20000 };
    double mass = 0, square = 0, fourth = 0;
    for (int i = 0; i < PARTS; i++) {
        double x = 2 * M_PI * ((i + 0.5) / PARTS - 0.5), density = exp(k * (cos(x) - 1));
        mass += density, square += density * x * x, fourth += density * x * x * x * x;
    }
    return (moments){0, square / mass, fourth * mass / (square * square)};
}

static void draws(memory *host) {
    static const double CONCENTRATIONS[] = {0.5, 5, 1e4};
    for (int i = 0; i < 3; i++) {
        double k = CONCENTRATIONS[i];
        moments_agree(host, "machine/von_mises", OP_random_von_mises, k, 0, von_mises_moments(k),
                      k == 5 ? von_mises_cdf : NULL);
    }
    moments_agree(host, "machine/normal", OP_random_normal, 0, 0, (moments){0, 1, 3}, normal_cdf);
    moments_agree(host, "machine/uniform", OP_random_uniform, 0, 0, (moments){0.5, 1. / 12, 1.8},
                  uniform_cdf);
    static const double SHAPES[] = {0.1, 1, 30};
    for (int i = 0; i < 3; i++) {
        double shape = SHAPES[i];
        moments_agree(host, "machine/gamma", OP_random_gamma, shape, 0,
                      (moments){shape, shape, 3 + 6 / shape}, NULL);
    }
    static const double RATES[] = {0.5, 9, 11, 50};
    for (int i = 0; i < 4; i++) {
        double rate = RATES[i];
        moments_agree(host, "machine/poisson", OP_random_poisson, rate, 0,
                      (moments){rate, rate, 3 + 1 / rate}, NULL);
        masses_agree(host, "machine/poisson_mass", OP_random_poisson, rate, 0);
    }
    static const double TRIALS[] = {5, 40, 100, 300}, CHANCES[] = {0.3, 0.4, 0.85, 0.5};
    for (int i = 0; i < 4; i++) {
        double n = TRIALS[i], p = CHANCES[i], v = n * p * (1 - p);
        moments_agree(host, "machine/binomial", OP_random_binomial, n, p,
                      (moments){n * p, v, 3 + (1 - 6 * p * (1 - p)) / v}, NULL);
        masses_agree(host, "machine/binomial_mass", OP_random_binomial, n, p);
    }
}

/* Faults: y = log(x[i] - 1) * 2 where x[2, 1] = 1; then an index beyond the axis. */
static void faults(memory *host) {
    arena a;
    arena_open(&a, host);
    tape t;
    tape_open(&t, &a);
    axis row = tape_add_axis(&t, "row", 4), column = tape_add_axis(&t, "column", 3);
    axes both = axes_with(axes_one(row), column);
    double x[12] = {2, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2}, index[1] = {2};
    ref in = tape_input(&t, both), at = tape_input(&t, (axes){0});
    ref less = tape_map2(&t, OP_sub, in, tape_number(&t, 1)), log = tape_map1(&t, OP_log, less);
    ref taken = tape_gather(&t, in, at, row);
    tape_output(&t, tape_sum_all(&t, tape_map2(&t, OP_mul, log, tape_number(&t, 2))));
    tape_output(&t, taken);
    machine *m = machine_new(&a, &t, NULL);
    machine_bind(m, 0, x);
    machine_bind(m, 1, index);
    machine_run(m, 1, 1);
    fault f;
    CHECK(isinf(machine_output(m, 0)[0]), "machine/fault_value");
    CHECK(machine_fault(m, 1, 1, &a, &f) && f.at == log && f.index[0] == 2 && f.index[1] == 1 &&
              f.in[0] == 0 && f.value == -INFINITY,
          "machine/fault_place");
    x[7] = 5;
    machine_run(m, 1, 1);
    CHECK(!machine_fault(m, 1, 1, &a, &f) && machine_output(m, 1)[0] == 2, "machine/no_fault");
    index[0] = 5;
    machine_run(m, 1, 1);
    CHECK(isnan(machine_output(m, 1)[0]) && machine_fault(m, 1, 1, &a, &f) && f.at == taken,
          "machine/fault_of_an_index");
    index[0] = NAN;
    machine_run(m, 1, 1);
    CHECK(isnan(machine_output(m, 1)[2]), "machine/index_not_a_number");
    CHECK(!machine_fault(m, 1, 1, &a, &f), "machine/fault_of_the_input");
    CHECK(machine_bytes(m) > 0, "machine/bytes");
    arena_close(&a);
}

int main(int argc, char **argv) {
    memory host = {allocate, NULL, NULL};
    faults(&host);
    layers(&host, 2);
    layers(&host, 50);
    groups(&host, 1);
    groups(&host, 3);
    sorted_fault(&host);
    draws(&host);
    random_tapes(&host, argc > 1 ? atoi(argv[1]) : 80);
    return check_end();
}
