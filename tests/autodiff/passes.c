/* The passes: what they must keep (the outputs, on random programs with their gradients), what they must find
 * (by counting ops), and that memory may run out at any allocation. */
#include <math.h>
#include <stdlib.h>
#include "autodiff/passes.h"
#include "tests/autodiff/reference.h"
#include "tests/check.h"

enum { A, B, C, D, ROW, COLUMN, AXIS_COUNT };
static const tape_axis AXES[AXIS_COUNT] = {{"a", 3, NULL}, {"b", 2, NULL}, {"c", 4, NULL},
                                           {"d", 2, NULL}, {"n", 3, NULL}, {"n'", 3, NULL}};

static uint64_t state = 1;

static uint32_t below(uint32_t n) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((state >> 33) % n);
}

static double between(double low, double high) {
    return low + (high - low) * (below(1u << 30) + 0.5) / 0x1p30;
}

static void open(tape *t, arena *a) {
    tape_open(t, a);
    for (int i = 0; i < AXIS_COUNT; i++) tape_add_axis(t, AXES[i].name, AXES[i].size);
}

static axes of2(axis x, axis y) { return axes_with(axes_one(x), y); }

/* Random programs. */

enum { INPUTS = 5, STEPS_MOST = 25, OUTPUTS_MOST = 8 };

typedef struct program {
    tape t;
    const double *inputs[INPUTS];
    ref x[INPUTS];
} program;

static const double *random_values(arena *a, size_t size, double low, double high, bool whole) {
    double *values = arena_array(a, double, size);
    for (size_t k = 0; k < size; k++) values[k] = whole ? floor(between(low, high)) : between(low, high);
    return values;
}

static axes random_part(axes s, uint32_t of) {
    axes part = {0};
    for (int i = 0; i < s.count; i++)
        if (!below(of)) part = axes_with(part, s.at[i]);
    return part;
}

static ref any(tape *t) { return 1 + below(t->code.count - 1); }
static ref positive(tape *t, ref x) {
    return tape_map2(t, OP_add, tape_number(t, 0.5), tape_map2(t, OP_mul, x, x));
}

static ref random_elementwise(tape *t) {
    static const op UNARY[] = {OP_neg, OP_neg,  OP_abs,   OP_exp,      OP_tanh,
                               OP_sin, OP_stop, OP_expit, OP_log1p_exp};
    static const op BINARY[] = {OP_add, OP_add, OP_sub, OP_mul, OP_mul, OP_minimum, OP_maximum};
    static const double POWERS[] = {-2, -1, -0.5, 0, 0.5, 1, 2, 3, 1.5};
    ref x = any(t), y = any(t);
    switch (below(8)) {
    case 0:
    case 1: return tape_map1(t, UNARY[below(sizeof UNARY / sizeof *UNARY)], x);
    case 2: return tape_map1(t, OP_log, below(2) ? positive(t, x) : tape_map1(t, OP_exp, x));
    case 3: return tape_map2(t, OP_div, x, positive(t, y));
    case 4: return tape_map2(t, OP_pow, positive(t, x), tape_number(t, POWERS[below(9)]));
    case 5:
        return tape_select(t, tape_map2(t, OP_lt, tape_position(t, (axis)below(4)), tape_number(t, 2)), x, y);
    default: return tape_map2(t, BINARY[below(sizeof BINARY / sizeof *BINARY)], x, y);
    }
}

static ref random_reduction(tape *t) {
    static const op REDUCTIONS[] = {OP_sum, OP_sum, OP_prod, OP_max, OP_min, OP_log_sum_exp};
    ref x = any(t), y = any(t);
    axes of = tape_at(t, x)->axes;
    switch (below(4)) {
    case 0: return tape_sum(t, x, random_part(axes_union(of, of2(A, B)), 2));
    case 1:
        return tape_sum(t, tape_map2(t, OP_mul, x, y), random_part(axes_union(of, tape_at(t, y)->axes), 2));
    case 2: return tape_contract(t, x, y, random_part(axes_union(of, tape_at(t, y)->axes), 2));
    default: return tape_reduce(t, REDUCTIONS[below(6)], x, random_part(of, 2));
    }
}

static ref random_move(tape *t) {
    ref x = any(t);
    axes of = tape_at(t, x)->axes;
    axes index_axes = random_part(of2(A, C), 2);
    const double *index = random_values(t->arena, tape_size(t, index_axes), 1, 5, true);
    switch (below(8)) {
    case 0: return tape_expand(t, x, random_part(axes_union(of2(A, B), of2(C, ROW)), 2));
    case 1: return below(2) ? tape_cumsum(t, x, C) : tape_cumsum_back(t, x, C);
    case 2: return tape_gather(t, x, tape_data(t, index, index_axes), C);
    case 3: return tape_gather(t, x, tape_number(t, 1 + below(4)), C);
    case 4:
        x = tape_expand(t, x, random_part(axes_union(of2(A, B), axes_one(ROW)), 2));
        of = axes_union(index_axes, tape_at(t, x)->axes);
        of = axes_with(random_part(axes_without(of, C), 2), C);
        return tape_scatter(t, x, tape_data(t, index, index_axes), C, of);
    case 5: return axes_has(of, COLUMN) ? x : tape_rename(t, x, ROW, COLUMN);
    case 6: return axes_has(of, B) ? x : tape_slice(t, x, C, below(3), axes_one(B));
    default: return axes_has(of, C) ? x : tape_place(t, x, axes_one(B), C, below(3));
    }
}

/* A factor of, or a solution with, a matrix that has a heavy diagonal. */
static ref random_linear(tape *t) {
    ref x = any(t), b = any(t);
    ref identity = tape_map2(t, OP_eq, tape_position(t, ROW), tape_position(t, COLUMN));
    ref l = tape_map2(t, OP_add, tape_map1(t, OP_tanh, x), tape_map2(t, OP_mul, tape_number(t, 4), identity));
    if (!below(3)) return tape_cholesky(t, l, ROW, COLUMN);
    if (below(2)) return axes_has(tape_at(t, b)->axes, COLUMN) ? b : tape_solve_lower(t, l, b, ROW, COLUMN);
    return axes_has(tape_at(t, b)->axes, ROW) ? b : tape_solve_lower_transposed(t, l, b, ROW, COLUMN);
}

/* Values stay small, or rounding would hide what goes wrong. */
static ref random_step(tape *t) {
    uint32_t kind = below(13);
    ref r = kind < 6    ? random_elementwise(t)
            : kind < 10 ? random_reduction(t)
            : kind < 12 ? random_move(t)
                        : random_linear(t);
    return below(3) ? r : tape_map1(t, OP_tanh, r);
}

static void make_program(program *p, arena *a) {
    static const axes SHAPES[] = {{0}, {1, {A}}, {1, {C}}, {2, {A, B}}, {3, {A, C, ROW}}};
    open(&p->t, a);
    for (int i = 0; i < INPUTS; i++) {
        p->x[i] = tape_input(&p->t, SHAPES[i]);
        p->inputs[i] = random_values(a, tape_size(&p->t, SHAPES[i]), -1.5, 1.5, false);
    }
    static const double NUMBERS[] = {0, 1, -1, 2, 0.5, 3};
    for (int i = 0; i < 6; i++) tape_number(&p->t, NUMBERS[i]);
    tape_random(&p->t, OP_random_uniform, 0, 0, 0, of2(A, B));
    tape_data(&p->t, random_values(a, 12, -1, 1, false), of2(A, C));
    uint32_t steps = 1 + below(STEPS_MOST);
    ref last = p->x[0];
    for (uint32_t i = 0; i < steps; i++) last = random_step(&p->t);
    tape_output(&p->t, last);
    tape_output(&p->t, any(&p->t));
    ref gradient[INPUTS], culprit;
    if (tape_gradient(&p->t, tape_sum_all(&p->t, last), p->x, INPUTS, gradient, &culprit))
        for (int i = 0; i < INPUTS; i++) tape_output(&p->t, gradient[i]);
}

static double **evaluate(const tape *t, const double *const *inputs, arena *a) {
    double **values = arena_array(a, double *, t->code.count);
    reference_run(t, inputs, values, a);
    return values;
}

/* No value beyond: the errors of what is compared are then below BEYOND^2 * 2^-53 * the number of steps. */
static const double BEYOND = 1e4, TOLERANCE = 1e-6;

static bool tame(const tape *t, double *const *values) {
    for (ref r = 1; r < t->code.count; r++)
        for (size_t k = 0; k < tape_size(t, t->code.at[r].axes); k++)
            if (!(fabs(values[r][k]) < BEYOND) && t->code.at[r].op != OP_data) return false;
    return true;
}

static bool same_outputs(const tape *s, double *const *x, const tape *t, double *const *y) {
    if (s->outputs.count != t->outputs.count) return false;
    for (uint32_t i = 0; i < s->outputs.count; i++) {
        ref p = s->outputs.at[i], q = t->outputs.at[i];
        if (!axes_equal(tape_at(s, p)->axes, tape_at(t, q)->axes)) return false;
        for (size_t k = 0; k < tape_size(s, tape_at(s, p)->axes); k++)
            if (!(fabs(x[p][k] - y[q][k]) <= TOLERANCE * (1 + fabs(x[p][k])))) return false;
    }
    return true;
}

static void random_programs(memory *host, int count) {
    int tried = 0, wrong[16] = {0}, first_wrong[16] = {0};
    for (int i = 0; i < count; i++) {
        arena a;
        arena_open(&a, host);
        program p = {0};
        make_program(&p, &a);
        double **before = evaluate(&p.t, p.inputs, &a);
        if (tame(&p.t, before)) {
            tape now = p.t;
            tried++;
            for (int k = 0; k < PASS_COUNT; k++) {
                tape next;
                tape_open(&next, &a);
                PASSES[k].run(&now, &next);
                now = next;
                if (same_outputs(&p.t, before, &now, evaluate(&now, p.inputs, &a))) continue;
                if (!wrong[k]++) first_wrong[k] = i;
                break;
            }
        }
        arena_close(&a);
    }
    for (int k = 0; k < PASS_COUNT; k++)
        check(!wrong[k], PASSES[k].name, "%d of %d random programs change, the first is %d", wrong[k], tried,
              first_wrong[k]);
    check(tried >= count / 4, "random programs", "only %d of %d have values of a size to be compared", tried,
          count);
}

/* Particular rewrites. */

typedef struct made {
    tape from, to;
} made;

static uint32_t count(const tape *t, op f) {
    uint32_t n = 0;
    for (ref r = 1; r < t->code.count; r++) n += t->code.at[r].op == f;
    return n;
}

static bool is_number(const tape *t, double x) {
    const instruction *c = tape_at(t, t->outputs.at[0]);
    return c->op == OP_number && c->number == x;
}

static bool is_input(const tape *t) { return tape_at(t, t->outputs.at[0])->op == OP_input; }

static void compiled(made *m, ref output) {
    tape_output(&m->from, output);
    tape_compile(&m->from, &m->to, m->from.arena, NULL, NULL);
}

/* Opens a tape `t` with the inputs x[a], y[a b], z[] for the statements, which give the output; then checks.
 */
#define REWRITE(what, good, ...)                                                                             \
    do {                                                                                                     \
        arena store;                                                                                         \
        made m = {0};                                                                                        \
        arena_open(&store, host);                                                                            \
        open(&m.from, &store);                                                                               \
        tape *t = &m.from, *to = &m.to;                                                                      \
        ref x = tape_input(t, axes_one(A)), y = tape_input(t, of2(A, B)), z = tape_input(t, (axes){0});      \
        (void)x, (void)y, (void)z;                                                                           \
        compiled(&m, (__VA_ARGS__));                                                                         \
        CHECK(good, what);                                                                                   \
        arena_close(&store);                                                                                 \
    } while (0)

#define NUMBER(v)     tape_number(t, (v))
#define MAP1(f, u)    tape_map1(t, OP_##f, (u))
#define MAP2(f, u, v) tape_map2(t, OP_##f, (u), (v))

static void identities(memory *host) {
    REWRITE("fold", is_number(to, 6), MAP2(mul, NUMBER(2), MAP2(add, NUMBER(1), NUMBER(2))));
    REWRITE("x * 1", is_input(to), MAP2(mul, x, NUMBER(1)));
    REWRITE("x + 0", is_input(to), MAP2(add, x, NUMBER(0)));
    REWRITE("x - 0", is_input(to), MAP2(sub, x, NUMBER(0)));
    REWRITE("x / 1", is_input(to), MAP2(div, x, NUMBER(1)));
    REWRITE("z * 0", is_number(to, 0), MAP2(mul, z, NUMBER(0)));
    REWRITE("- - x", is_input(to), MAP1(neg, MAP1(neg, x)));
    REWRITE("log(exp(x))", is_input(to), MAP1(log, MAP1(exp, x)));
    REWRITE("exp(log(x)) stays", count(to, OP_log) == 1, MAP1(exp, MAP1(log, x)));
    REWRITE("x - -y", count(to, OP_add) == 1 && !count(to, OP_neg), MAP2(sub, x, MAP1(neg, y)));
    REWRITE("x * -1", count(to, OP_neg) == 1 && !count(to, OP_mul), MAP2(mul, x, NUMBER(-1)));
    REWRITE("x ^ 2", count(to, OP_mul) == 1 && !count(to, OP_pow), MAP2(pow, x, NUMBER(2)));
    REWRITE("x ^ 4", count(to, OP_mul) == 2 && !count(to, OP_pow), MAP2(pow, x, NUMBER(4)));
    REWRITE("x ^ 0.5", count(to, OP_sqrt) == 1, MAP2(pow, x, NUMBER(0.5)));
    REWRITE("x ^ -1", count(to, OP_div) == 1 && !count(to, OP_pow), MAP2(pow, x, NUMBER(-1)));
    REWRITE("x / 4", count(to, OP_mul) == 1 && !count(to, OP_div), MAP2(div, x, NUMBER(4)));
    REWRITE("x / 3", count(to, OP_mul) == 1 && !count(to, OP_div), MAP2(div, x, NUMBER(3)));
    REWRITE("floor(x / 3) stays", count(to, OP_div) == 1, MAP1(floor, MAP2(div, x, NUMBER(3))));
    REWRITE("x + x", count(to, OP_mul) == 1 && !count(to, OP_add), MAP2(add, x, x));
    REWRITE("select by a constant", is_input(to), tape_select(t, NUMBER(1), x, MAP1(log, x)));
    REWRITE("stop", is_input(to), MAP1(stop, x));
    REWRITE("expand", !count(to, OP_expand), MAP2(add, tape_expand(t, x, axes_one(B)), y));
    REWRITE("expanded output", count(to, OP_expand) == 1, tape_expand(t, z, axes_one(B)));
    REWRITE("gather of one entry", count(to, OP_slice) == 1, tape_gather(t, x, NUMBER(2), A));
    REWRITE("what is not needed", to->code.count == 2, (MAP1(exp, y), x));
}

static uint64_t entries(const tape *t, op f) {
    uint64_t n = 0;
    for (ref r = 1; r < t->code.count; r++)
        if (t->code.at[r].op == f) n += tape_size(t, t->code.at[r].axes);
    return n;
}

/* The output adds, or subtracts, the one entry with this op to all the rest. */
static bool is_added_last(const tape *t, op f) {
    const instruction *x = tape_at(t, t->outputs.at[0]);
    return (x->op == OP_add || x->op == OP_sub) &&
           (tape_at(t, x->in[0])->op == f || tape_at(t, x->in[1])->op == f);
}

static void late_terms(memory *host) {
    REWRITE("what is known last is added last", is_added_last(to, OP_log1p_exp),
            MAP2(sub, MAP2(sub, NUMBER(2), MAP1(log1p_exp, z)), MAP2(mul, z, NUMBER(3))));
    REWRITE("of many terms too", is_added_last(to, OP_log1p_exp), ({
                ref all = MAP1(log1p_exp, z);
                for (int k = 0; k < 40; k++) all = MAP2(add, all, MAP2(mul, z, NUMBER(k + 2)));
                all;
            }));
    REWRITE("of too many the first are one term", count(to, OP_add) == 300, ({
                ref all = MAP1(exp, z);
                for (int k = 0; k < 300; k++) all = MAP2(add, all, MAP1(tanh, MAP2(mul, z, NUMBER(k + 2))));
                all;
            }));
    REWRITE("a sum that is used twice stays whole", count(to, OP_add) == 2, ({
                ref both = MAP2(add, MAP1(log1p_exp, z), z);
                MAP2(mul, both, MAP2(add, both, tape_sum_all(t, x)));
            }));
}

static void sums(memory *host) {
    REWRITE("sum of a number", is_number(to, 6),
            tape_sum(t, tape_expand(t, NUMBER(1), of2(A, B)), of2(A, B)));
    REWRITE("a factor leaves", entries(to, OP_mul) == 3, tape_sum(t, MAP2(mul, x, y), axes_one(B)));
    REWRITE("a divisor leaves", entries(to, OP_div) == 1, tape_sum_all(t, MAP2(div, y, z)));
    REWRITE("a term leaves", entries(to, OP_log) == 1 && entries(to, OP_sub) == 1,
            tape_sum_all(t, MAP2(sub, MAP1(exp, y), MAP1(log, z))));
    REWRITE("terms with all axes stay", count(to, OP_sum) == 1, tape_sum_all(t, MAP2(add, y, MAP1(exp, y))));
    REWRITE("sum over one axis, then the rest", count(to, OP_sum) + count(to, OP_contract) == 2,
            tape_sum_all(t, MAP2(mul, MAP1(exp, x), y)));
    /* sum over a of x_{k+1} = x_k + z x_k: taken apart anew at each use this would be 2^40 sums. */
    REWRITE("shared terms are taken apart once", to->code.count < 400, ({
                ref w = MAP1(exp, x);
                for (int k = 0; k < 40; k++) w = MAP2(add, MAP2(add, w, NUMBER(k + 1)), MAP2(mul, z, w));
                tape_sum_all(t, w);
            }));
}

static const double PLACES[6] = {4, 1, 2, 2, 3, 1};

/* Six entries of four, and what their adjoint needs. */
static ref looked_up(tape *t, ref *table) {
    *table = tape_input(t, axes_one(C));
    return tape_gather(t, *table, tape_data(t, PLACES, of2(A, B)), C);
}

static ref gradient_of_logs(tape *t, ref y) {
    ref table, gradient, culprit, x = looked_up(t, &table);
    return tape_gradient(t, tape_sum_all(t, MAP2(mul, y, MAP1(log, x))), &table, 1, &gradient, &culprit)
               ? gradient
               : 0;
}

static void lookups(memory *host) {
    ref table;
    REWRITE("a function of what was looked up", entries(to, OP_log) == 4, MAP1(log, looked_up(t, &table)));
    REWRITE("a function of few of many", entries(to, OP_log) == 1,
            MAP1(log, tape_gather(t, x, MAP2(add, z, NUMBER(1)), A)));
    REWRITE("sums into places are divided", entries(to, OP_div) == 4, gradient_of_logs(t, y));
}

static const double MATRIX[12];

/* The log density of a normal, and its derivative by the logarithm of the variance. */
static ref normal_gradient(tape *t, ref x, ref log_variance) {
    ref variance = MAP1(exp, log_variance), scale = MAP1(sqrt, variance), gradient, culprit;
    ref z = MAP2(div, x, scale);
    ref density = MAP2(sub, MAP2(mul, NUMBER(-0.5), MAP2(mul, z, z)), MAP1(log, scale));
    bool good = tape_gradient(t, tape_sum_all(t, density), &log_variance, 1, &gradient, &culprit);
    tape_output(t, tape_sum_all(t, density));
    return good ? gradient : 0;
}

static void factors(memory *host) {
    REWRITE("x / z / z", count(to, OP_div) == 1 && entries(to, OP_mul) == 4, MAP2(div, MAP2(div, x, z), z));
    REWRITE("a power cancels", !count(to, OP_div) && entries(to, OP_mul) == 3,
            MAP2(div, MAP2(mul, MAP2(mul, x, x), z), x));
    REWRITE("a common factor", entries(to, OP_mul) == 3 && entries(to, OP_add) == 3,
            MAP2(add, MAP2(mul, z, x), MAP2(mul, z, MAP1(exp, x))));
    REWRITE("few meet few", entries(to, OP_mul) == 1 + 3, MAP2(mul, z, MAP2(mul, x, MAP1(exp, z))));
    REWRITE("squares of quotients", entries(to, OP_mul) == 3 + 2 && entries(to, OP_div) == 1, ({
                ref q = MAP2(div, x, z);
                tape_sum_all(t, MAP2(mul, q, q));
            }));
    REWRITE("a factor leaves a scatter", entries(to, OP_mul) == 2,
            tape_scatter(t, MAP2(mul, z, tape_input(t, axes_one(ROW))),
                         tape_data(t, (const double[]){1, 2, 2}, axes_one(ROW)), D, axes_one(D)));
    REWRITE("a normal needs no root", !count(to, OP_sqrt) && entries(to, OP_div) == 3,
            normal_gradient(t, tape_input(t, axes_one(A)), x));
    REWRITE("a root without a log stays", count(to, OP_sqrt) == 1, MAP2(mul, MAP1(sqrt, x), MAP1(sqrt, x)));
}

static ref logistic_gradient(tape *t) {
    ref beta = tape_input(t, axes_one(C)), gradient, culprit;
    ref eta = tape_sum(t, MAP2(mul, beta, tape_data(t, MATRIX, of2(A, C))), axes_one(C));
    ref y = tape_sum_all(t, MAP1(log1p_exp, eta));
    return tape_gradient(t, y, &beta, 1, &gradient, &culprit) ? gradient : 0;
}

static ref product_used_twice(tape *t, ref x) {
    ref product = MAP2(mul, x, tape_data(t, MATRIX, of2(A, C)));
    return MAP2(add, tape_sum(t, product, axes_one(A)), product);
}

static void contractions(memory *host) {
    REWRITE("matrix times vector", count(to, OP_contract) == 1 && !count(to, OP_mul),
            tape_sum(t, MAP2(mul, x, tape_data(t, MATRIX, of2(A, C))), axes_one(A)));
    REWRITE("logistic regression and its gradient", count(to, OP_contract) == 2 && !count(to, OP_sum),
            logistic_gradient(t));
    REWRITE("matrix times matrix", count(to, OP_contract) == 1,
            tape_sum(t, MAP2(mul, MAP1(exp, y), MAP1(exp, tape_input(t, of2(B, C)))), axes_one(B)));
    REWRITE("three factors", count(to, OP_contract) == 1 && entries(to, OP_mul) == 6,
            tape_sum(t, MAP2(mul, MAP2(mul, y, tape_data(t, MATRIX, of2(A, C))), x), axes_one(A)));
    REWRITE("equal axes fuse", !count(to, OP_contract), tape_sum_all(t, MAP2(mul, y, MAP1(exp, y))));
    REWRITE("an elementwise matrix fuses", !count(to, OP_contract),
            tape_sum(t, MAP2(mul, x, MAP1(exp, y)), axes_one(A)));
    REWRITE("a product that is used again", !count(to, OP_contract), product_used_twice(t, x));
}

/* Slots and streams keep their numbers when others go. */
static void numbers_stay(memory *host) {
    arena a;
    arena_open(&a, host);
    tape t, to;
    open(&t, &a);
    tape_input(&t, axes_one(A));
    ref x = tape_input(&t, axes_one(B));
    tape_random(&t, OP_random_normal, 0, 0, 0, axes_one(B));
    tape_output(&t, tape_map2(&t, OP_add, x, tape_random(&t, OP_random_normal, 0, 0, 0, axes_one(B))));
    tape_compile(&t, &to, &a, NULL, NULL);
    bool good = to.slots == 2 && to.streams == 2 && to.code.count == 4;
    for (ref r = 1; r < to.code.count; r++)
        if (tape_at(&to, r)->op != OP_add) good &= tape_at(&to, r)->attribute == 1;
    CHECK(good, "slots and streams");
    arena_close(&a);
}

static void numbering(memory *host) {
    arena a;
    arena_open(&a, host);
    tape t;
    open(&t, &a);
    ref x = tape_input(&t, axes_one(A)), y = tape_input(&t, axes_one(A));
    CHECK(x != y, "inputs are not merged");
    CHECK(tape_map2(&t, OP_add, x, y) == tape_map2(&t, OP_add, y, x), "x + y is y + x");
    CHECK(tape_map2(&t, OP_sub, x, y) != tape_map2(&t, OP_sub, y, x), "x - y is not y - x");
    CHECK(tape_number(&t, 0.0) != tape_number(&t, -0.0), "0 is not -0");
    CHECK(tape_random(&t, OP_random_normal, 0, 0, 0, axes_one(A)) !=
              tape_random(&t, OP_random_normal, 0, 0, 0, axes_one(A)),
          "draws are not merged");
    ref z = tape_contract(&t, x, tape_input(&t, of2(A, B)), of2(A, B));
    CHECK(axes_equal(tape_at(&t, tape_at(&t, z)->in[1])->axes, axes_one(A)),
          "a contraction sums what both have");
    uint32_t before = t.code.count;
    for (int i = 0; i < 5000; i++) tape_number(&t, i % 1000 + 10);
    CHECK(t.code.count == before + 1000, "equal numbers are one while the table grows");
    arena_close(&a);
}

/* Memory. */

typedef struct budget {
    long left; /* allocations until one fails; -1 for no limit */
    long held; /* blocks */
} budget;

static void *allocate(void *user, void *block, size_t old_size, size_t size) {
    budget *b = user;
    (void)old_size;
    if (!size) {
        b->held--;
        free(block);
        return NULL;
    }
    if (b->left == 0) return NULL;
    if (b->left > 0) b->left--;
    b->held++;
    return malloc(size);
}

/* True when there was enough. */
static bool compile_within(budget *b) {
    jmp_buf escape;
    memory host = {allocate, b, &escape};
    static arena a;
    arena_open(&a, &host);
    volatile bool enough = false;
    if (!setjmp(escape)) {
        program p = {0};
        tape to;
        state = 7;
        for (int i = 0; i < 40; i++) make_program(&p, &a);
        tape_compile(&p.t, &to, &a, NULL, NULL);
        enough = true;
    }
    arena_close(&a);
    return enough;
}

static void out_of_memory(void) {
    long n = 0, leaked = 0;
    for (bool enough = false; !enough && n < 10000; n++) {
        budget b = {n, 0};
        enough = compile_within(&b);
        leaked += b.held;
    }
    check(!leaked && n > 3 && n < 10000, "the n-th allocation fails", "%ld tried, %ld blocks held", n,
          leaked);
}

int main(int count_of_arguments, char **arguments) {
    jmp_buf escape;
    budget unlimited = {-1, 0};
    memory host = {allocate, &unlimited, &escape};
    if (setjmp(escape)) return 2;
    numbering(&host);
    identities(&host);
    sums(&host);
    late_terms(&host);
    lookups(&host);
    factors(&host);
    contractions(&host);
    numbers_stay(&host);
    random_programs(&host, count_of_arguments > 1 ? atoi(arguments[1]) : 10000);
    out_of_memory();
    return check_end();
}
