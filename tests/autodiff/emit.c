/* Emitted code against the kernels: machines of the same tape with VM_EMIT=off and without, bit for bit,
 * where a NaN is as good as any other (an instruction of two NaN gives the first, and kernels are free in the
 * order of operands). Functions at points that are dense where something changes. All ops that are emitted on
 * every number of entries from 0 to 70 and around chunks and blocks, among them NaN, infinities, denormals
 * and zeros; random tapes over several axes, with sorted and other gathers. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "autodiff/kernels/kernels.h"
#include "autodiff/machine.h"
#include "autodiff/passes.h"
#include "base/rng.h"
#include "tests/check.h"
#include "tests/autodiff/printed.h"
#include "tests/memory.h"

enum { INPUTS_MOST = 16 };

typedef struct trial {
    tape t;
    arena *arena;
    rng r;
    double *inputs[INPUTS_MOST];
    vector(ref) pool;
} trial;

static uint32_t below(trial *x, uint32_t n) { return (uint32_t)rng_below(&x->r, n); }

/* Now and then a number at which something changes. */
static double some_number(trial *x, bool special) {
    static const double SPECIAL[] = {NAN,   INFINITY,  -INFINITY,  0,   -0.0, 1,
                                     -1,    0x1p-1074, -0x1p-1030, 0.5, -0.5, 0x1.fffffffffffffp-2,
                                     1e300, -2.5};
    if (special && below(x, 4) == 0) return SPECIAL[below(x, sizeof SPECIAL / sizeof *SPECIAL)];
    return rng_normal(&x->r);
}

static ref add_input(trial *x, axes of, bool special) {
    uint64_t n = tape_size(&x->t, of);
    double *values = arena_array(x->arena, double, n);
    for (uint64_t i = 0; i < n; i++) values[i] = some_number(x, special);
    x->inputs[x->t.slots] = values;
    return tape_input(&x->t, of);
}

static bool same(const trial *x, const machine *emitted, const machine *plain) {
    for (uint32_t k = 0; k < x->t.outputs.count; k++) {
        uint64_t n = tape_size(&x->t, tape_at(&x->t, x->t.outputs.at[k])->axes);
        const double *a = machine_output(emitted, k), *b = machine_output(plain, k);
        for (uint64_t i = 0; i < n; i++) {
            if (memcmp(&a[i], &b[i], sizeof *a) == 0 || (isnan(a[i]) && isnan(b[i]))) continue;
            printf("# output %u (%%%u), entry %llu of %llu: %a instead of %a\n", k, x->t.outputs.at[k],
                   (unsigned long long)i, (unsigned long long)n, a[i], b[i]);
            return false;
        }
    }
    return true;
}

static machine *make(trial *x, precision p, const char *emit) {
    setenv("VM_EMIT", emit, 1);
    machine *m = machine_new_in(x->arena, &x->t, p, NULL);
    for (uint32_t i = 0; i < x->t.slots; i++) machine_bind(m, i, x->inputs[i]);
    unsetenv("VM_EMIT");
    return m;
}

static bool agree(trial *x, precision p) {
    machine *emitted = make(x, p, "on"), *plain = make(x, p, "off");
    bool good = true;
    for (int again = 0; again < 2 && good; again++) {
        machine_run(emitted, 3, 1);
        machine_run(plain, 3, 1);
        good = same(x, emitted, plain);
    }
    if (!good && getenv("VERBOSE")) {
        tape_print(&x->t, stdout);
        machine_print(emitted, stdout);
    }
    return good;
}

static trial trial_open(arena *a, uint32_t seed) {
    trial x = {.arena = a, .r = rng_open(11, seed)};
    tape_open(&x.t, a);
    return x;
}

/* Every op on its own operands and on those of others, stored and summed. */

static const op ONE[] = {OP_neg, OP_abs, OP_sign, OP_floor, OP_round, OP_sqrt, OP_not, OP_stop};
static const op TWO[] = {OP_add, OP_sub, OP_mul, OP_div, OP_minimum, OP_maximum,
                         OP_lt,  OP_le,  OP_eq,  OP_ne,  OP_and,     OP_or};
enum { ONES = sizeof ONE / sizeof *ONE, TWOS = sizeof TWO / sizeof *TWO };

static bool all_ops(memory *host, uint32_t n, precision p) {
    arena a;
    arena_open(&a, host);
    trial x = trial_open(&a, n);
    tape *t = &x.t;
    axes of = axes_one(tape_add_axis(t, "n", n));
    ref u = add_input(&x, of, true), v = add_input(&x, of, true), c = add_input(&x, (axes){0}, false);
    ref number = tape_number(t, 1.5), plain = add_input(&x, of, false);
    for (int i = 0; i < ONES; i++) tape_output(t, tape_map1(t, ONE[i], u));
    for (int i = 0; i < TWOS; i++) {
        tape_output(t, tape_map2(t, TWO[i], u, v));
        tape_output(t, tape_map2(t, TWO[i], u, c));
        tape_output(t, tape_map2(t, TWO[i], number, v));
        tape_output(t, tape_select(t, tape_map2(t, TWO[i], v, u), u, v));
    }
    tape_output(t, tape_select(t, u, v, plain));
    ref y = tape_map2(t, OP_mul, tape_map2(t, OP_sub, plain, c), number);
    tape_output(t, tape_sum_all(t, y));
    tape_output(t, tape_sum_all(t, tape_map2(t, OP_mul, y, y)));
    tape_output(t, tape_sum_all(t, tape_map2(t, OP_mul, tape_map1(t, OP_exp, y), plain)));
    tape_output(t, tape_sum_all(t, tape_map1(t, OP_stop, u)));
    bool good = agree(&x, p);
    if (p == IN_DOUBLE && n >= 256 && kernels_choose(p) == &kernels_avx2_double)
        good &= has_printed(make(&x, p, "on"), "strand:") && !has_printed(make(&x, p, "off"), "strand:");
    if (!good) printf("# %u entries\n", n);
    arena_close(&a);
    return good;
}

static void every_length(memory *host) {
    static const uint32_t MORE[] = {255, 256, 257, 300, 511, 512, 768, 1023, 1024, 1025, 2049, 5003};
    bool twice = true, single = true;
    for (uint32_t n = 0; n <= 140; n++) {
        twice &= all_ops(host, n, IN_DOUBLE);
        single &= all_ops(host, n, IN_SINGLE);
    }
    for (size_t i = 0; i < sizeof MORE / sizeof *MORE; i++) {
        twice &= all_ops(host, MORE[i], IN_DOUBLE);
        single &= all_ops(host, MORE[i], IN_SINGLE);
    }
    CHECK(twice, "emit/every_length");
    CHECK(single, "emit/every_length_in_single");
}

/* Functions: numbers of every size, with both signs, close to the ends of what they are straight for, and
 * special ones in all lanes; as many at a time as strands take, as short programs take, and one. */

static const op FUNCTIONS[] = {OP_exp, OP_log, OP_log1p, OP_expm1, OP_expit, OP_log1p_exp, OP_tanh};
enum { FUNCTION_COUNT = sizeof FUNCTIONS / sizeof *FUNCTIONS, POINT_COUNT = 60000 };

static double function_point(trial *x) {
    static const double ENDS[] = {-708, -745.2, -750, 709.78271289338397, 709.8, -1,  0x1p-1022, 0x1p-1074,
                                  0,    1,      22,   0x1p1000,           710,   -0.5};
    double u = rng_uniform(&x->r), sign = below(x, 2) ? 1 : -1;
    switch (below(x, 6)) {
    case 0: return some_number(x, true);
    case 1: return ENDS[below(x, sizeof ENDS / sizeof *ENDS)] * (1 + 1e-3 * rng_normal(&x->r));
    case 2: return ENDS[below(x, sizeof ENDS / sizeof *ENDS)];
    case 3: return sign * 800 * u;
    case 4: return sign * ldexp(1 + u, (int)below(x, 2100) - 1075);
    default: return rng_normal(&x->r);
    }
}

static bool functions_of(memory *host, uint32_t n, uint32_t seed) {
    arena a;
    arena_open(&a, host);
    trial x = trial_open(&a, seed);
    axes of = axes_one(tape_add_axis(&x.t, "n", n));
    ref u = tape_input(&x.t, n == 1 ? (axes){0} : of);
    for (int i = 0; i < FUNCTION_COUNT; i++) tape_output(&x.t, tape_map1(&x.t, FUNCTIONS[i], u));
    x.inputs[0] = arena_array(&a, double, n);
    machine *emitted = make(&x, IN_DOUBLE, "on"), *plain = make(&x, IN_DOUBLE, "off");
    bool good = true;
    for (uint32_t done = 0; done < POINT_COUNT && good; done += n > 64 ? n : 20 * n) {
        for (uint32_t i = 0; i < n; i++) x.inputs[0][i] = function_point(&x);
        machine_run(emitted, 0, 0);
        machine_run(plain, 0, 0);
        good = same(&x, emitted, plain);
    }
    if (!good) printf("# %u points\n", n);
    arena_close(&a);
    return good;
}

static void every_function(memory *host) {
    static const uint32_t COUNTS[] = {1, 2, 3, 4, 7, 8, 31, 64, 65, 70, 77, 256, 301, POINT_COUNT};
    bool good = true;
    for (uint32_t i = 0; i < sizeof COUNTS / sizeof *COUNTS; i++) good &= functions_of(host, COUNTS[i], i);
    CHECK(good, "emit/every_function");
}

/* Random tapes: an outer and an inner axis, groups of the inner one, and single numbers. */

typedef struct shape {
    axis outer, inner, group;
    ref sorted, mixed;
} shape;

static ref some(trial *x) { return x->pool.at[below(x, x->pool.count)]; }

static double *indices(trial *x, uint32_t n, uint32_t reach, bool sorted) {
    double *at = arena_array(x->arena, double, n);
    for (uint32_t i = 0; i < n; i++)
        at[i] = sorted ? 1 + (uint64_t)i * reach / (n + !n) : 1 + below(x, reach);
    for (uint32_t i = 0; i < n && sorted; i++)
        if (i && below(x, 40) == 0) at[i] = at[i - 1];
    for (uint32_t i = 1; i < n && sorted; i++)
        if (at[i] < at[i - 1]) at[i] = at[i - 1];
    return at;
}

static bool has(trial *x, ref r, axis a) { return axes_has(tape_at(&x->t, r)->axes, a); }

/* A kernel of three operands, of which it takes numbers between 0 and 1. */
static ref of_three(trial *x, ref a, ref b) {
    tape *t = &x->t;
    ref c = some(x);
    return tape_map3(t, OP_inc_beta_c, tape_map1(t, OP_expit, a), tape_map1(t, OP_expit, b),
                     tape_map1(t, OP_expit, c));
}

static ref random_value(trial *x, const shape *s) {
    static const op CALLED[] = {OP_sin, OP_lgamma, OP_erf};
    tape *t = &x->t;
    ref a = some(x), b = some(x);
    switch (below(x, 13)) {
    case 0: return tape_map1(t, ONE[below(x, ONES)], a);
    case 1: return tape_select(t, some(x), a, b);
    case 2: return tape_map1(t, below(x, 3) ? FUNCTIONS[below(x, FUNCTION_COUNT)] : CALLED[below(x, 3)], a);
    case 3: return tape_sum(t, a, below(x, 2) ? tape_at(t, a)->axes : axes_one(s->inner));
    case 4: return tape_sum(t, tape_map2(t, OP_mul, a, b), axes_one(below(x, 2) ? s->outer : s->inner));
    case 5:
        if (has(x, a, s->group) && !has(x, a, s->inner))
            return tape_gather(t, a, below(x, 3) ? s->sorted : s->mixed, s->group);
        return tape_map2(t, OP_mul, a, b);
    case 6:
        if (has(x, a, s->inner) && !has(x, a, s->group))
            return tape_scatter(t, a, below(x, 3) ? s->sorted : s->mixed, s->group,
                                axes_with(axes_without(tape_at(t, a)->axes, s->inner), s->group));
        return tape_map2(t, OP_add, a, b);
    case 7: return below(x, 6) ? a : of_three(x, a, b);
    default: return tape_map2(t, TWO[below(x, below(x, 3) ? 4 : TWOS)], a, b);
    }
}

static bool random_tape(memory *host, uint32_t seed, precision p) {
    static const uint32_t OUTER[] = {1, 3, 5, 100}, INNER[] = {7, 8, 40, 257, 1000}, GROUPS[] = {1, 2, 3, 20};
    arena a;
    arena_open(&a, host);
    trial x = trial_open(&a, seed);
    tape *t = &x.t;
    uint32_t inner = INNER[below(&x, 5)], groups = GROUPS[below(&x, 4)];
    shape s = {.outer = tape_add_axis(t, "outer", OUTER[below(&x, inner > 100 ? 3 : 4)])};
    s.group = tape_add_axis(t, "group", groups);
    s.inner = tape_add_axis(t, "inner", inner);
    s.sorted = tape_data(t, indices(&x, inner, groups, true), axes_one(s.inner));
    s.mixed = tape_data(t, indices(&x, inner, groups, false), axes_one(s.inner));
    const axes shapes[] = {axes_one(s.outer),
                           axes_one(s.inner),
                           axes_one(s.group),
                           (axes){0},
                           axes_with(axes_one(s.outer), s.inner),
                           axes_with(axes_one(s.outer), s.group)};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        push(&a, &x.pool, add_input(&x, shapes[i], seed % 4 == 0));
    push(&a, &x.pool, tape_number(t, 0.75));
    uint32_t length = 10 + below(&x, 60);
    for (uint32_t i = 0; i < length; i++) {
        ref r = random_value(&x, &s);
        if (tape_size(t, tape_at(t, r)->axes) > 200000) continue;
        push(&a, &x.pool, r);
        if (below(&x, 5) == 0) tape_output(t, r);
    }
    tape_output(t, x.pool.at[x.pool.count - 1]);
    bool good = agree(&x, p);
    if (!good) printf("# tape %u\n", seed);
    arena_close(&a);
    return good;
}

static void random_tapes(memory *host, uint32_t count) {
    bool twice = true, single = true;
    for (uint32_t i = 0; i < count && twice && single; i++) {
        twice = random_tape(host, i, IN_DOUBLE);
        single = i % 4 ? single : random_tape(host, i, IN_SINGLE);
    }
    CHECK(twice, "emit/random_tapes");
    CHECK(single, "emit/random_tapes_in_single");
}

/* Random functions of each draw: draws come first in what is bound and wanted, so that passes and programs
 * along an axis bring them behind the others. Rows are summed, looked up and put side by side. */

typedef struct draw_shape {
    axis draw, row, joint;
    ref looked_up;
} draw_shape;

static ref random_of_draw(trial *x, const draw_shape *s) {
    tape *t = &x->t;
    ref a = some(x), b = some(x);
    switch (below(x, 10)) {
    case 0: return tape_map1(t, ONE[below(x, ONES)], a);
    case 1: return tape_select(t, some(x), a, b);
    case 2: return tape_map1(t, below(x, 3) ? FUNCTIONS[below(x, FUNCTION_COUNT)] : OP_erf, a);
    case 3: return tape_sum(t, a, axes_one(s->row));
    case 4: return tape_sum(t, tape_map2(t, OP_mul, a, b), axes_one(s->row));
    case 5: return has(x, a, s->row) ? tape_gather(t, a, s->looked_up, s->row) : a;
    case 6: return below(x, 6) ? a : of_three(x, a, b);
    default: return tape_map2(t, TWO[below(x, below(x, 3) ? 4 : TWOS)], a, b);
    }
}

static bool random_draws(uint32_t seed, bool *program) {
    static const uint32_t DRAWS[] = {16, 17, 18, 19, 40, 63, 100, 301, 1000}, ROWS[] = {1, 2, 3, 5, 8};
    arena a;
    test_memory(&a);
    trial x = trial_open(&a, seed);
    tape *t = &x.t;
    uint32_t rows = ROWS[below(&x, 5)];
    draw_shape s = {.draw = tape_add_axis(t, "draw", DRAWS[below(&x, 9)])};
    s.row = tape_add_axis(t, "row", rows);
    s.joint = tape_add_axis(t, "joint", rows + 2);
    s.looked_up = tape_data(t, indices(&x, rows, rows, false), axes_one(s.row));
    axes draws = axes_one(s.draw), both = axes_with(draws, s.row);
    ref joint = add_input(&x, axes_with(draws, s.joint), seed % 4 == 0);
    push(&a, &x.pool, tape_slice(t, joint, s.joint, 0, (axes){0}));
    push(&a, &x.pool, tape_slice(t, joint, s.joint, 1, axes_one(s.row)));
    push(&a, &x.pool, tape_slice(t, joint, s.joint, rows + 1, (axes){0}));
    push(&a, &x.pool, add_input(&x, axes_one(s.row), false));
    push(&a, &x.pool, add_input(&x, (axes){0}, false));
    push(&a, &x.pool, add_input(&x, both, false));
    for (uint32_t i = 10 + below(&x, 50); i; i--) {
        ref r = random_of_draw(&x, &s);
        push(&a, &x.pool, r);
        if (below(&x, 6) == 0) tape_output(t, r);
    }
    ref one = tape_sum(t, tape_expand(t, some(&x), both), axes_one(s.row)),
        all = tape_expand(t, some(&x), both);
    ref sum = tape_place(t, one, (axes){0}, s.joint, 0);
    sum = tape_map2(t, OP_add, sum, tape_place(t, all, axes_one(s.row), s.joint, 1));
    sum = tape_map2(t, OP_add, sum, tape_place(t, tape_map1(t, OP_neg, one), (axes){0}, s.joint, rows + 1));
    tape_output(t, one);
    tape_output(t, sum);
    trial y = x;
    tape_compile(t, &y.t, &a, NULL, NULL);
    bool good = agree(&y, IN_DOUBLE);
    *program |= has_printed(make(&y, IN_DOUBLE, "on"), "steps along");
    if (!good) printf("# tape %u\n", seed);
    arena_close(&a);
    return good;
}

static void functions_of_draws(uint32_t count) {
    bool good = true, program = kernels_choose(IN_DOUBLE) != &kernels_avx2_double;
    for (uint32_t i = 0; i < count && good; i++) good = random_draws(i, &program);
    CHECK(good, "emit/functions_of_draws");
    CHECK(program, "emit/programs_along_draws");
}

int main(void) {
    every_length(test_host());
    every_function(test_host());
    random_tapes(test_host(), 600);
    functions_of_draws(600);
    return check_end();
}
