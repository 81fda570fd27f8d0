/* The machine on threads: tapes with every kind of step, at sizes of many parts, have the same bits on 1, 2,
 * 3 and 7 threads, in every run, and the values of the reference evaluator. No memory is asked for in a run,
 * of the host or of the C library. Threads take no signals and end with their arena; a process that is forked
 * off computes without them.
 *
 * Tolerance: a sum of n terms is off by at most n units in the last place of the sum of their magnitudes;
 * sums here have up to 30,000 terms of like magnitude, of both signs, so that 1e-9 of that magnitude holds.
 */
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "autodiff/machine.h"
#include "autodiff/passes.h"
#include "base/rng.h"
#include "tests/autodiff/reference.h"
#include "tests/check.h"
#include "tests/memory.h"

static atomic_ulong allocations;

/* What this program and the library ask of the C library comes here (meson.build, --wrap). */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);
void *__wrap_malloc(size_t size) {
    allocations++;
    return __real_malloc(size);
}
void *__wrap_calloc(size_t count, size_t size) {
    allocations++;
    return __real_calloc(count, size);
}
void *__wrap_realloc(void *block, size_t size) {
    allocations++;
    return __real_realloc(block, size);
}

/* Tapes. */

typedef struct setting {
    arena *arena;
    tape t;
    rng noise;
    double *inputs[8];
} setting;

static double *numbers(setting *s, axes of, double low, double high) {
    uint64_t n = tape_size(&s->t, of);
    double *x = arena_array(s->arena, double, n + 1);
    for (uint64_t i = 0; i < n; i++) x[i] = low + (high - low) * rng_uniform(&s->noise);
    return x;
}

static ref data(setting *s, axes of) { return tape_data(&s->t, numbers(s, of, -1, 1), of); }

static ref input(setting *s, axes of) {
    s->inputs[s->t.slots] = numbers(s, of, -1, 1);
    return tape_input(&s->t, of);
}

static ref index_into(setting *s, axes of, axis to, bool sorted) {
    uint64_t n = tape_size(&s->t, of), reach = s->t.axes.at[to].size;
    double *x = numbers(s, of, 1, (double)reach + 1);
    for (uint64_t i = 0; i < n; i++) x[i] = sorted ? (double)(1 + i * reach / n) : floor(x[i]);
    return tape_data(&s->t, x, of);
}

static axis axis_of(setting *s, const char *name, uint32_t size) { return tape_add_axis(&s->t, name, size); }
static axes two(axis x, axis y) { return axes_with(axes_one(x), y); }
static ref map1(setting *s, op f, ref x) { return tape_map1(&s->t, f, x); }
static ref map2(setting *s, op f, ref x, ref y) { return tape_map2(&s->t, f, x, y); }

/* A sum over everything with its gradient. */
static void value_and_gradient(setting *s, ref y, const ref *x, uint32_t count) {
    ref gradient[8], culprit, sum = tape_sum_all(&s->t, y);
    if (!tape_gradient(&s->t, sum, x, count, gradient, &culprit)) abort();
    tape_output(&s->t, sum);
    for (uint32_t i = 0; i < count; i++)
        tape_output(&s->t, tape_expand(&s->t, gradient[i], tape_at(&s->t, x[i])->axes));
}

static void regression(setting *s) {
    axis row = axis_of(s, "row", 20011), column = axis_of(s, "column", 10);
    ref b = input(s, axes_one(column)), scale = input(s, (axes){0});
    ref fitted = tape_contract(&s->t, data(s, two(row, column)), b, axes_one(column));
    ref z = map2(s, OP_mul, map2(s, OP_sub, data(s, axes_one(row)), fitted), map1(s, OP_exp, scale));
    ref term = map1(s, OP_log1p, map2(s, OP_mul, z, z));
    value_and_gradient(s, map2(s, OP_add, term, scale), (ref[]){b, scale}, 2);
}

static void groups(setting *s, bool sorted) {
    axis row = axis_of(s, "row", 30001), group = axis_of(s, "group", 1000);
    ref a = input(s, axes_one(group)), mu = input(s, (axes){0});
    ref of = index_into(s, axes_one(row), group, sorted);
    ref z = map2(s, OP_sub, data(s, axes_one(row)), tape_gather(&s->t, a, of, group));
    ref prior = map2(s, OP_sub, a, mu);
    ref terms = tape_sum_all(&s->t, map1(s, OP_tanh, z));
    value_and_gradient(s, map2(s, OP_add, terms, tape_sum_all(&s->t, map2(s, OP_mul, prior, prior))),
                       (ref[]){a, mu}, 2);
}

static void sorted_groups(setting *s) { groups(s, true); }
static void unsorted_groups(setting *s) { groups(s, false); }

/* Most groups have no rows, at the ends as well; others have those of several parts. */
static void groups_with_gaps(setting *s) {
    enum { ROWS = 30001, GROUPS = 1000 };
    axis row = axis_of(s, "row", ROWS), group = axis_of(s, "group", GROUPS);
    double *places = arena_array(s->arena, double, ROWS);
    for (int i = 0; i < ROWS; i++) places[i] = i < ROWS / 2 ? 20 : 21 + floor(i * 97.0 / ROWS) * 10;
    ref a = input(s, axes_one(group)), of = tape_data(&s->t, places, axes_one(row));
    ref z = map2(s, OP_sub, data(s, axes_one(row)), tape_gather(&s->t, a, of, group));
    value_and_gradient(s, tape_sum_all(&s->t, map1(s, OP_tanh, z)), &a, 1);
}

/* Ratings of items by users: products of rows that are looked up; their adjoint is a sum of such rows. */
static void rows_by_index(setting *s) {
    axis rating = axis_of(s, "rating", 9001), user = axis_of(s, "user", 40), item = axis_of(s, "item", 70),
         factor = axis_of(s, "factor", 11);
    ref u = input(s, two(user, factor)), v = input(s, two(item, factor));
    ref by = tape_gather(&s->t, u, index_into(s, axes_one(rating), user, true), user),
        of = tape_gather(&s->t, v, index_into(s, axes_one(rating), item, false), item);
    ref product = tape_sum(&s->t, map2(s, OP_mul, by, of), axes_one(factor));
    ref off = map2(s, OP_sub, data(s, axes_one(rating)), product);
    value_and_gradient(s, map2(s, OP_mul, off, off), (ref[]){u, v}, 2);
}

static void groups_of_draws(setting *s) {
    axis draw = axis_of(s, "draw", 8), row = axis_of(s, "row", 5000), group = axis_of(s, "group", 300);
    ref a = input(s, two(draw, group)), of = index_into(s, axes_one(row), group, false);
    ref z = map2(s, OP_sub, data(s, axes_one(row)), tape_gather(&s->t, a, of, group));
    value_and_gradient(s, map2(s, OP_mul, z, map1(s, OP_sin, z)), &a, 1);
}

/* Indices that are computed anew in each run. */
static void moving_groups(setting *s) {
    axis row = axis_of(s, "row", 20000), group = axis_of(s, "group", 50);
    ref a = input(s, axes_one(group)), u = input(s, axes_one(row));
    ref of = map1(s, OP_floor,
                  map2(s, OP_add, tape_number(&s->t, 26), map2(s, OP_mul, u, tape_number(&s->t, 24))));
    value_and_gradient(s, map1(s, OP_exp, tape_gather(&s->t, a, of, group)), &a, 1);
}

/* Sums over outer, inner and both axes, from one region. */
static void sums(setting *s, uint32_t outer, uint32_t inner) {
    axis draw = axis_of(s, "draw", outer), row = axis_of(s, "row", inner);
    ref x = input(s, two(draw, row)), y = map1(s, OP_exp, x), z = map2(s, OP_mul, y, x);
    tape_output(&s->t, tape_sum(&s->t, y, axes_one(draw)));
    tape_output(&s->t, tape_sum(&s->t, z, axes_one(row)));
    tape_output(&s->t, tape_sum_all(&s->t, map1(s, OP_sin, z)));
    tape_output(&s->t, y);
}

static void few_long_sums(setting *s) { sums(s, 7, 6002); }
static void many_short_sums(setting *s) { sums(s, 6001, 7); }
static void square_sums(setting *s) { sums(s, 150, 302); }

static void sums_between(setting *s) {
    axis a = axis_of(s, "a", 12), b = axis_of(s, "b", 250), c = axis_of(s, "c", 14);
    ref x = input(s, axes_with(two(a, b), c)), y = map1(s, OP_tanh, x);
    tape_output(&s->t, tape_sum(&s->t, y, axes_one(b)));
    tape_output(&s->t, tape_sum(&s->t, map1(s, OP_exp, y), two(a, c)));
    tape_output(&s->t, tape_sum(&s->t, map1(s, OP_cos, y), axes_one(c)));
}

static void draws(setting *s) {
    axis row = axis_of(s, "row", 20000);
    ref shape = map1(s, OP_exp, input(s, axes_one(row)));
    tape_output(&s->t, tape_random(&s->t, OP_random_normal, 0, 0, 0, axes_one(row)));
    ref gamma = tape_random(&s->t, OP_random_gamma, shape, 0, 0, axes_one(row));
    tape_output(&s->t, gamma);
    tape_output(&s->t, tape_sum_all(&s->t, map1(s, OP_log, gamma)));
    tape_output(&s->t, tape_random(&s->t, OP_random_poisson, shape, 0, 0, axes_one(row)));
}

static void reductions(setting *s) {
    axis draw = axis_of(s, "draw", 40), row = axis_of(s, "row", 700);
    ref x = input(s, two(draw, row));
    static const op ALL[] = {OP_max, OP_min, OP_log_sum_exp};
    for (int i = 0; i < 3; i++) {
        tape_output(&s->t, tape_reduce(&s->t, ALL[i], x, axes_one(draw)));
        tape_output(&s->t, tape_reduce(&s->t, ALL[i], x, axes_one(row)));
        tape_output(&s->t, tape_reduce(&s->t, ALL[i], x, two(draw, row)));
    }
    ref near_one = map1(s, OP_exp, map2(s, OP_mul, x, tape_number(&s->t, 0.01)));
    tape_output(&s->t, tape_reduce(&s->t, OP_prod, near_one, axes_one(row)));
    tape_output(&s->t, tape_cumsum(&s->t, x, row));
    tape_output(&s->t, tape_cumsum_back(&s->t, x, draw));
}

static void places(setting *s) {
    axis row = axis_of(s, "row", 9000), part = axis_of(s, "part", 4000), column = axis_of(s, "column", 5);
    ref x = input(s, two(row, column));
    ref y = map1(s, OP_exp, tape_slice(&s->t, x, row, 3000, axes_one(part)));
    value_and_gradient(s, y, &x, 1);
    tape_output(&s->t, y);
}

static void products(setting *s) {
    axis batch = axis_of(s, "batch", 12), i = axis_of(s, "i", 130), j = axis_of(s, "j", 70),
         k = axis_of(s, "k", 40), row = axis_of(s, "row", 4003);
    ref a = input(s, two(i, k)), b = input(s, two(j, k)), c = input(s, axes_with(two(batch, i), k));
    tape_output(&s->t, tape_contract(&s->t, a, b, axes_one(k)));
    tape_output(&s->t, tape_contract(&s->t, c, b, axes_one(k)));
    tape_output(&s->t, tape_contract(&s->t, c, a, axes_one(k)));
    ref tall = data(s, two(j, row)), weight = input(s, axes_one(row)), thin = input(s, axes_one(j));
    tape_output(&s->t, tape_contract(&s->t, tall, weight, axes_one(row)));
    tape_output(&s->t, tape_contract(&s->t, tall, thin, axes_one(j)));
}

/* So large that two threads bring the panels of the left factor together. */
static void wide_product(setting *s) {
    axis i = axis_of(s, "i", 100), j = axis_of(s, "j", 300), k = axis_of(s, "k", 280);
    tape_output(&s->t, tape_contract(&s->t, input(s, two(i, k)), input(s, two(k, j)), axes_one(k)));
}

static void matrices(setting *s) {
    axis batch = axis_of(s, "batch", 40), row = axis_of(s, "row", 30), column = axis_of(s, "column", 30),
         side = axis_of(s, "side", 9);
    ref x = input(s, two(batch, row)), y = tape_rename(&s->t, x, row, column);
    ref one = map2(s, OP_eq, tape_position(&s->t, row), tape_position(&s->t, column));
    ref matrix = map2(s, OP_add, map2(s, OP_mul, x, y), map2(s, OP_mul, one, tape_number(&s->t, 30)));
    ref l = tape_cholesky(&s->t, matrix, row, column);
    ref z = tape_solve_lower(&s->t, l, input(s, axes_with(two(batch, row), side)), row, column);
    value_and_gradient(s, map2(s, OP_mul, z, z), &x, 1);
}

static void loops(setting *s) {
    axis batch = axis_of(s, "batch", 3000), time = axis_of(s, "time", 12);
    ref x = input(s, two(batch, time)), start = input(s, axes_one(batch));
    scan_builder b = scan_open(&s->t, time, false);
    ref h = scan_carry(&b, start, axes_one(batch));
    ref u = scan_take(&b, x);
    ref next = tape_map1(b.body, OP_tanh, tape_map2(b.body, OP_add, h, u));
    ref loop = scan_close(&b, &next, &next, 1);
    value_and_gradient(s, scan_emission(&s->t, loop, 0), (ref[]){x, start}, 2);
}

typedef struct subject {
    const char *name;
    void (*write)(setting *s);
    bool draws; /* the reference evaluator does not draw */
} subject;

static const subject SUBJECTS[] = {{"regression", regression, false},
                                   {"sorted_groups", sorted_groups, false},
                                   {"unsorted_groups", unsorted_groups, false},
                                   {"groups_with_gaps", groups_with_gaps, false},
                                   {"rows_by_index", rows_by_index, false},
                                   {"groups_of_draws", groups_of_draws, false},
                                   {"moving_groups", moving_groups, false},
                                   {"few_long_sums", few_long_sums, false},
                                   {"many_short_sums", many_short_sums, false},
                                   {"square_sums", square_sums, false},
                                   {"sums_between", sums_between, false},
                                   {"draws", draws, true},
                                   {"reductions", reductions, false},
                                   {"places", places, false},
                                   {"products", products, false},
                                   {"a wide product", wide_product, false},
                                   {"matrices", matrices, false},
                                   {"loops", loops, false}};
enum { SUBJECT_COUNT = sizeof SUBJECTS / sizeof *SUBJECTS, TEAMS = 4, RUNS = 20 };
static const uint32_t THREADS[TEAMS] = {1, 2, 3, 7};

/* Bits. */

static machine *machine_for(setting *s, const tape *run, team *threads) {
    machine *m = machine_new(s->arena, run, threads);
    for (uint32_t i = 0; i < s->t.slots; i++) machine_bind(m, i, s->inputs[i]);
    return m;
}

static bool same_outputs(const tape *t, const machine *x, const machine *y) {
    for (uint32_t k = 0; k < t->outputs.count; k++) {
        uint64_t n = tape_size(t, tape_at(t, t->outputs.at[k])->axes);
        if (memcmp(machine_output(x, k), machine_output(y, k), n * sizeof(double)) == 0) continue;
        printf("# output %u differs\n", k);
        return false;
    }
    return true;
}

static bool near_reference(const setting *s, const tape *t, const machine *m) {
    double **values = arena_array(s->arena, double *, t->code.count);
    reference_run(t, (const double *const *)s->inputs, values, s->arena);
    for (uint32_t k = 0; k < t->outputs.count; k++) {
        ref r = t->outputs.at[k];
        uint64_t n = tape_size(t, tape_at(t, r)->axes);
        const double *y = machine_output(m, k);
        double size = 1;
        for (uint64_t i = 0; i < n; i++) size = fmax(size, fabs(values[r][i]));
        for (uint64_t i = 0; i < n; i++) {
            if (fabs(y[i] - values[r][i]) <= 1e-9 * size) continue;
            printf("# output %u, entry %llu: %.17g, not %.17g\n", k, (unsigned long long)i, y[i],
                   values[r][i]);
            return false;
        }
    }
    return true;
}

static void open_setting(setting *s, arena *a, memory *host) {
    arena_open(a, host);
    *s = (setting){.arena = a, .noise = rng_open(3, 0)};
    tape_open(&s->t, a);
}

static void check_subject(memory *host, const subject *of) {
    arena a;
    setting s;
    open_setting(&s, &a, host);
    of->write(&s);
    tape run;
    tape_compile(&s.t, &run, &a, NULL, NULL);
    machine *alone = machine_for(&s, &run, NULL);
    machine_run(alone, 1, 1);
    char name[64];
    snprintf(name, sizeof name, "threads/%s_values", of->name);
    if (!of->draws) CHECK(near_reference(&s, &run, alone), name);
    bool same = true;
    for (int i = 0; i < TEAMS && same; i++) {
        machine *m = machine_for(&s, &run, team_open(&a, THREADS[i]));
        unsigned long before = allocations;
        for (int k = 0; k < RUNS && same; k++) {
            machine_run(m, 1, 1);
            same = same_outputs(&run, alone, m);
        }
        if (!same) printf("# on %u threads\n", THREADS[i]);
        same = same && allocations == before;
    }
    snprintf(name, sizeof name, "threads/%s", of->name);
    CHECK(same, name);
    arena_close(&a);
}

/* The team. */

typedef struct tally {
    atomic_uint done[1000];
    atomic_uint refused; /* parts whose thread would take a signal that is not its own, or has no room */
} tally;

enum { PARTS = 1000, PIECES = 2000 };
static const double LONG_PIECE = 1e6; /* nanoseconds: worth rousing everybody */

static void tally_part(void *context, uint32_t thread, uint32_t part) {
    tally *t = context;
    sigset_t blocked;
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    if (thread > 2 || (thread && (!sigismember(&blocked, SIGINT) || sigismember(&blocked, SIGSEGV))))
        t->refused++;
    t->done[part]++;
}

static bool each_once(const tally *t, uint32_t pieces) {
    for (int i = 0; i < PARTS; i++)
        if (t->done[i] != pieces) return false;
    return t->refused == 0;
}

/* A process that is forked off while the team exists computes by itself and can close the arena. */
static bool works_forked(team *threads, arena *a) {
    pid_t child = fork();
    if (child == 0) {
        static tally here;
        alarm(20);
        team_rouse(threads, LONG_PIECE);
        team_run(threads, LONG_PIECE, PARTS, tally_part, &here);
        bool good = each_once(&here, 1);
        arena_close(a);
        _exit(good ? 0 : 1);
    }
    int status;
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void teams(memory *host) {
    static tally t;
    arena a;
    arena_open(&a, host);
    team *threads = team_open(&a, 3);
    CHECK(team_threads(threads) == 3 && team_threads(NULL) == 1, "threads/count");
    team_start(threads, LONG_PIECE);
    for (int i = 0; i < PIECES; i++) {
        if (i % 100 == 0) usleep(300); /* until they sleep */
        team_run(threads, i % 2 ? LONG_PIECE : 1e4, PARTS, tally_part, &t);
    }
    CHECK(each_once(&t, PIECES), "threads/each_part_once");
    CHECK(works_forked(threads, &a), "threads/forked_off");
    team_close(threads);
    team_run(threads, LONG_PIECE, PARTS, tally_part, &t);
    CHECK(each_once(&t, PIECES + 1), "threads/closed");
    arena_close(&a);
}

int main(void) {
    memory *host = test_host();
    teams(host);
    for (int i = 0; i < SUBJECT_COUNT; i++) check_subject(host, &SUBJECTS[i]);
    return check_end();
}
