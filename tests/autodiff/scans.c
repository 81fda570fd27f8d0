/* Scans: values against plain loops, gradients against loops differentiated by hand, and against differences;
 * random scans on the machine, before and after the passes, against the reference evaluator.
 *
 * Where both sides compute the same recurrence in double, and it does not amplify errors, they differ by a
 * few rounding errors a step: 1e-10 of the value leaves 6 digits for them over 10,000 steps. Differences are
 * central, of second order with h = 2^-20 relative, on functions whose third derivatives are about as large
 * as the values: truncation 1e-12, rounding 2^-52 / h = 2e-10 of the value; the tolerance 1e-6 leaves the
 * rest to functions with larger values than derivatives. */
#include <math.h>
#include <stdlib.h>
#include <time.h>
#include "autodiff/machine.h"
#include "autodiff/passes.h"
#include "autodiff/scan.h"
#include "base/rng.h"
#include "tests/autodiff/reference.h"
#include "tests/check.h"

static const double SAME = 1e-10, DIFFERENCES = 1e-6;

static unsigned long allocations;
static long allocations_left = -1, blocks; /* -1: no limit */

static void *allocate(void *user, void *block, size_t old_size, size_t size) {
    (void)user, (void)old_size;
    allocations++;
    if (!size) {
        blocks--;
        free(block);
        return NULL;
    }
    if (allocations_left == 0) return NULL;
    if (allocations_left > 0) allocations_left--;
    blocks += !block;
    return realloc(block, size);
}

static bool near(double x, double y, double tolerance) { return fabs(x - y) <= tolerance * (1 + fabs(y)); }

/* A function of some inputs, compiled: its outputs are y, and its gradient by the inputs. */

enum { INPUTS_MOST = 8 };

typedef struct function {
    arena arena;
    tape t, compiled;
    machine *machine;
    ref x[INPUTS_MOST];
    double *values[INPUTS_MOST];
    uint32_t count;
} function;

static void begin(function *f, memory *host) {
    *f = (function){0};
    arena_open(&f->arena, host);
    tape_open(&f->t, &f->arena);
}

static ref input(function *f, axes of, double value) {
    size_t size = tape_size(&f->t, of);
    f->values[f->count] = arena_array(&f->arena, double, size);
    for (size_t k = 0; k < size; k++) f->values[f->count][k] = value;
    return f->x[f->count++] = tape_input(&f->t, of);
}

static bool finish(function *f, ref y) {
    ref gradient[INPUTS_MOST], culprit;
    tape_output(&f->t, y);
    if (!tape_gradient(&f->t, y, f->x, f->count, gradient, &culprit)) return false;
    for (uint32_t i = 0; i < f->count; i++) tape_output(&f->t, gradient[i]);
    tape_compile(&f->t, &f->compiled, &f->arena, NULL, NULL);
    f->machine = machine_new(&f->arena, &f->compiled, NULL);
    for (uint32_t i = 0; i < f->count; i++) machine_bind(f->machine, i, f->values[i]);
    return true;
}

static double run(function *f) {
    machine_run(f->machine, 1, 1);
    return machine_output(f->machine, 0)[0];
}

static double gradient(const function *f, uint32_t i, size_t k) {
    return machine_output(f->machine, i + 1)[k];
}

/* The largest error of the gradient, relative to 1 + its size, by differences; of at most `most` entries of
 * each input. */
static double differ(function *f, size_t most) {
    double worst = 0;
    for (uint32_t i = 0; i < f->count; i++) {
        size_t size = tape_size(&f->t, tape_at(&f->t, f->x[i])->axes), stride = size / most + 1;
        for (size_t k = 0; k < size; k += stride) {
            run(f);
            double exact = gradient(f, i, k), at = f->values[i][k], h = 0x1p-20 * (1 + fabs(at));
            f->values[i][k] = at + h;
            double above = run(f);
            f->values[i][k] = at - h;
            double below = run(f);
            f->values[i][k] = at;
            worst = fmax(worst, fabs((above - below) / (2 * h) - exact) / (1 + fabs(exact)));
        }
    }
    run(f);
    return worst;
}

static uint32_t count(const tape *t, op f) {
    uint32_t n = 0;
    for (ref r = 1; r < t->code.count; r++) n += t->code.at[r].op == f;
    return n;
}

#define N(x)      tape_number(t, (x))
#define ADD(x, y) tape_map2(t, OP_add, (x), (y))
#define SUB(x, y) tape_map2(t, OP_sub, (x), (y))
#define MUL(x, y) tape_map2(t, OP_mul, (x), (y))
#define DIV(x, y) tape_map2(t, OP_div, (x), (y))
#define MAP(f, x) tape_map1(t, OP_##f, (x))

static const axes NONE = {0};

static axes of2(axis x, axis y) { return axes_with(axes_one(x), y); }

/* x' = a x + b: with constant b, x after n steps is a^n x + b (1 - a^n) / (1 - a). */
static void linear(memory *host, bool backward) {
    function f;
    begin(&f, host);
    axis time = tape_add_axis(&f.t, "time", 50);
    ref first = input(&f, NONE, 2), a = input(&f, NONE, 0.9), b = input(&f, axes_one(time), 0.5);
    scan_builder s = scan_open(&f.t, time, backward);
    tape *t = s.body;
    ref x = scan_carry(&s, first, NONE);
    ref next = ADD(MUL(scan_take(&s, a), x), scan_take(&s, b));
    ref loop = scan_close(&s, &next, &next, 1);
    if (!CHECK(finish(&f, scan_final(&f.t, loop, 0)), "scans/linear_adjoint")) return;
    double power = pow(0.9, 50), expected = power * 2 + 0.5 * (1 - power) / 0.1;
    CHECK(near(run(&f), expected, SAME), "scans/linear_value");
    double by_a = 50 * pow(0.9, 49) * 2 + 0.5 * ((1 - power) / 0.01 - 50 * pow(0.9, 49) / 0.1);
    CHECK(near(gradient(&f, 0, 0), power, SAME) && near(gradient(&f, 1, 0), by_a, SAME),
          "scans/linear_gradient");
    bool good = true;
    for (int k = 0; k < 50; k++)
        good &= near(gradient(&f, 2, (size_t)k), pow(0.9, backward ? k : 49 - k), SAME);
    CHECK(good, "scans/linear_gradient_by_slices");
    arena_close(&f.arena);
}

/* Final values, emissions and histories, either way: x' = 2 x + i over i = 1 … 4 from 1. */
static void results(memory *host) {
    for (int backward = 0; backward < 2; backward++) {
        arena a;
        arena_open(&a, host);
        tape outer, compiled;
        tape_open(&outer, &a);
        axis time = tape_add_axis(&outer, "time", 4), pair = tape_add_axis(&outer, "pair", 2);
        scan_builder s = scan_open(&outer, time, backward);
        tape *t = s.body;
        ref x = scan_carry(&s, tape_number(&outer, 1), axes_one(pair));
        ref next = ADD(MUL(N(2), x), scan_take(&s, tape_position(&outer, time)));
        ref emissions[] = {next, N(7), MUL(x, x), x};
        ref loop = scan_close(&s, &next, emissions, 4);
        tape_output(&outer, scan_final(&outer, loop, 0));
        for (uint32_t k = 0; k < 4; k++) tape_output(&outer, scan_emission(&outer, loop, k));
        tape_output(&outer, scan_history(&outer, loop, 0));
        tape_compile(&outer, &compiled, &a, NULL, NULL);
        static const double FOUND[2][4] = {{1, 3, 8, 19}, {32, 15, 6, 1}};
        static const double LEFT[2][4] = {{3, 8, 19, 42}, {65, 32, 15, 6}};
        bool good = true;
        for (int which = 0; which < 2; which++) {
            machine *m = machine_new(&a, which ? &compiled : &outer, NULL);
            machine_run(m, 1, 1);
            good &= machine_output(m, 0)[1] == LEFT[backward][backward ? 0 : 3];
            for (int i = 0; i < 4; i++) {
                double found = FOUND[backward][i];
                good &= machine_output(m, 1)[2 * i + 1] == LEFT[backward][i] && machine_output(m, 2)[i] == 7;
                good &= machine_output(m, 3)[2 * i] == found * found;
                good &= machine_output(m, 4)[2 * i] == found && machine_output(m, 5)[2 * i] == found;
            }
        }
        CHECK(good, backward ? "scans/results_backward" : "scans/results");
        arena_close(&a);
    }
}

/* A loop of no steps hands on the initial values. */
static void no_steps(memory *host) {
    function f;
    begin(&f, host);
    axis time = tape_add_axis(&f.t, "time", 0);
    ref first = input(&f, NONE, 2), b = input(&f, axes_one(time), 0);
    scan_builder s = scan_open(&f.t, time, false);
    tape *t = s.body;
    ref x = scan_carry(&s, first, NONE), next = MUL(x, scan_take(&s, b));
    ref loop = scan_close(&s, &next, &next, 1);
    t = &f.t;
    bool good = finish(&f, ADD(scan_final(t, loop, 0), tape_sum_all(t, scan_emission(t, loop, 0))));
    CHECK(good && run(&f) == 2 && gradient(&f, 0, 0) == 1, "scans/no_steps");
    arena_close(&f.arena);
}

/* GARCH(1,1): v' = a0 + a1 (y - mu)^2 + b1 v, and y ~ normal(mu, sqrt(v)). */

enum { DAYS = 10000 };

static void make_garch(function *f, memory *host, double *y) {
    rng r = rng_open(1, 1);
    for (int i = 0; i < DAYS; i++) y[i] = 0.1 + rng_normal(&r);
    begin(f, host);
    tape *t = &f->t;
    axis time = tape_add_axis(t, "time", DAYS);
    ref mu = input(f, NONE, 0.05), a0 = input(f, NONE, 0.2), a1 = input(f, NONE, 0.15);
    ref b1 = input(f, NONE, 0.7), first = input(f, NONE, 1.1);
    ref away = SUB(tape_data(t, y, axes_one(time)), mu);
    scan_builder s = scan_open(t, time, false);
    t = s.body;
    ref v = scan_carry(&s, first, NONE), e = scan_take(&s, away);
    ref news = ADD(scan_take(&s, a0), MUL(scan_take(&s, a1), MUL(e, e)));
    ref next = ADD(news, MUL(scan_take(&s, b1), v));
    ref loop = scan_close(&s, &next, &v, 1);
    t = &f->t;
    ref path = scan_emission(t, loop, 0);
    ref terms = ADD(MAP(log, path), DIV(MUL(away, away), path));
    finish(f, MUL(N(-0.5), tape_sum_all(t, terms)));
}

/* The same by hand; g has the derivatives by mu, a0, a1, b1 and the first v. */
static double garch(const double *y, const double *p, double *g) {
    static double v[DAYS + 1];
    double sum = 0, back = 0;
    v[0] = p[4];
    for (int i = 0; i < DAYS; i++) {
        double e = y[i] - p[0];
        sum += log(v[i]) + e * e / v[i];
        v[i + 1] = p[1] + p[2] * e * e + p[3] * v[i];
    }
    for (int k = 0; k < 5; k++) g[k] = 0;
    for (int i = DAYS; i-- > 0;) {
        double e = y[i] - p[0], w = 1 / v[i];
        g[1] += back;
        g[2] += back * e * e;
        g[3] += back * v[i];
        g[0] += -back * p[2] * 2 * e + e * w;
        back = back * p[3] - 0.5 * (w - e * e * w * w);
    }
    g[4] = back;
    return -0.5 * sum;
}

static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The best of many, in nanoseconds a day. */
#define TIMED(statement)                                                                                     \
    ({                                                                                                       \
        double best_ = INFINITY;                                                                             \
        for (int i_ = 0; i_ < 50; i_++) {                                                                    \
            double start_ = seconds();                                                                       \
            statement;                                                                                       \
            best_ = fmin(best_, seconds() - start_);                                                         \
        }                                                                                                    \
        best_ * 1e9 / DAYS;                                                                                  \
    })

static void garch_agrees(memory *host) {
    function f;
    double *y = malloc(DAYS * sizeof *y), g[5], p[5];
    make_garch(&f, host, y);
    for (int k = 0; k < 5; k++) p[k] = *f.values[k];
    double value = run(&f), expected = garch(y, p, g);
    check(near(value, expected, SAME), "scans/garch_value", "%.17g, not %.17g", value, expected);
    bool good = true;
    for (uint32_t k = 0; k < 5; k++) good &= near(gradient(&f, k, 0), g[k], SAME);
    CHECK(good, "scans/garch_gradient");
    CHECK(differ(&f, 1) < DIFFERENCES, "scans/garch_differences");
    CHECK(count(&f.compiled, OP_scan) == 2, "scans/garch_has_two_loops");
    bool tight = true;
    for (ref r = 1; r < f.compiled.code.count; r++)
        if (f.compiled.code.at[r].op == OP_scan) {
            const tape *body = tape_scan(&f.compiled, r)->body;
            tight &= count(body, OP_mul) == 1 && count(body, OP_add) == 1 && body->code.count == 6;
        }
    CHECK(tight, "scans/garch_loops_are_tight");
    unsigned long before = allocations;
    double machine = TIMED(run(&f)), plain = TIMED(garch(y, p, g));
    printf("# GARCH, value and gradient: %.1f ns a step, plain loop %.1f, ratio %.2f\n", machine, plain,
           machine / plain);
    CHECK(allocations == before, "scans/run_allocates_nothing");
    arena_close(&f.arena);
    free(y);
}

/* Prey and predators, u' = a u - b u v, v' = - c v + d u v, by the classical method of Runge and Kutta. */

typedef struct slope {
    ref u, v;
} slope;

static slope lotka_volterra(tape *t, const ref *p, slope at) {
    ref meets = MUL(at.u, at.v);
    return (slope){SUB(MUL(p[0], at.u), MUL(p[1], meets)), SUB(MUL(p[3], meets), MUL(p[2], at.v))};
}

static slope step_from(tape *t, slope x, slope k, double h) {
    return (slope){ADD(x.u, MUL(N(h), k.u)), ADD(x.v, MUL(N(h), k.v))};
}

enum { STEPS = 500 };
static const double H = 0.02;

static slope runge_kutta(tape *t, const ref *p, slope x) {
    slope k[4] = {lotka_volterra(t, p, x)};
    for (int j = 1; j < 4; j++) k[j] = lotka_volterra(t, p, step_from(t, x, k[j - 1], j < 3 ? H / 2 : H));
    for (int j = 0; j < 4; j++) x = step_from(t, x, k[j], j == 0 || j == 3 ? H / 6 : H / 3);
    return x;
}

static void plain_runge_kutta(const double *p, double *u, double *v) {
    for (int i = 0; i < STEPS; i++) {
        double k[4][2], x = *u, y = *v;
        for (int j = 0; j < 4; j++) {
            double h = j == 0 ? 0 : j == 3 ? H : H / 2;
            double a = x + (j ? h * k[j - 1][0] : 0), b = y + (j ? h * k[j - 1][1] : 0);
            k[j][0] = p[0] * a - p[1] * a * b;
            k[j][1] = p[3] * a * b - p[2] * b;
        }
        *u = x + H / 6 * (k[0][0] + 2 * k[1][0] + 2 * k[2][0] + k[3][0]);
        *v = y + H / 6 * (k[0][1] + 2 * k[1][1] + 2 * k[2][1] + k[3][1]);
    }
}

static void predators(memory *host) {
    static const double P[] = {1.1, 0.4, 0.4, 0.1};
    function f;
    begin(&f, host);
    axis time = tape_add_axis(&f.t, "time", STEPS);
    ref p[4], u = input(&f, NONE, 3), v = input(&f, NONE, 2);
    for (int k = 0; k < 4; k++) p[k] = input(&f, NONE, P[k]);
    scan_builder s = scan_open(&f.t, time, false);
    slope at = {scan_carry(&s, u, NONE), scan_carry(&s, v, NONE)};
    for (int k = 0; k < 4; k++) p[k] = scan_take(&s, p[k]);
    at = runge_kutta(s.body, p, at);
    ref loop = scan_close(&s, (ref[]){at.u, at.v}, NULL, 0);
    tape *t = &f.t;
    finish(&f, ADD(scan_final(t, loop, 0), MUL(N(3), scan_final(t, loop, 1))));
    double x = 3, y = 2;
    plain_runge_kutta(P, &x, &y);
    double value = run(&f);
    check(near(value, x + 3 * y, SAME), "scans/lotka_volterra", "%.17g, not %.17g", value, x + 3 * y);
    double off = differ(&f, 1);
    check(off < DIFFERENCES, "scans/lotka_volterra_gradient", "off by %g", off);
    arena_close(&f.arena);
}

/* A running product in three groups, and what its sum gives back. */
static void running_product(memory *host) {
    function f;
    begin(&f, host);
    axis group = tape_add_axis(&f.t, "group", 3), time = tape_add_axis(&f.t, "time", 20);
    ref x = input(&f, of2(group, time), 0.8);
    for (int k = 0; k < 60; k++) f.values[0][k] += 0.01 * k;
    scan_builder s = scan_open(&f.t, time, false);
    tape *t = s.body;
    ref before = scan_carry(&s, tape_number(&f.t, 1), axes_one(group)), next = MUL(before, scan_take(&s, x));
    ref loop = scan_close(&s, &next, &next, 1);
    finish(&f, tape_sum_all(&f.t, scan_emission(&f.t, loop, 0)));
    double expected = 0;
    for (int g = 0; g < 3; g++) {
        double product = 1;
        for (int i = 0; i < 20; i++) expected += product *= f.values[0][20 * g + i];
    }
    CHECK(near(run(&f), expected, SAME), "scans/running_product");
    CHECK(differ(&f, 60) < DIFFERENCES, "scans/running_product_gradient");
    arena_close(&f.arena);
}

/* A hidden Markov model: the log forward probabilities, alpha'[j] = log sum over i exp(alpha[i] + P[i, j]) +
 * e[j]; for several draws of P at once. */

enum { DRAWS = 5, STATES = 4, TIMES = 60 };

static double forward_algorithm(const double *start, const double *p, const double *mean, const double *y) {
    double alpha[STATES], next[STATES], total = 0;
    for (int i = 0; i < STATES; i++) alpha[i] = start[i];
    for (int t = 0; t < TIMES; t++) {
        for (int j = 0; j < STATES; j++) {
            double sum = 0;
            for (int i = 0; i < STATES; i++) sum += exp(alpha[i] + p[STATES * i + j]);
            next[j] = log(sum) - 0.5 * (y[t] - mean[j]) * (y[t] - mean[j]);
        }
        for (int j = 0; j < STATES; j++) alpha[j] = next[j];
    }
    double most = alpha[0];
    for (int i = 0; i < STATES; i++) most = fmax(most, alpha[i]);
    for (int i = 0; i < STATES; i++) total += exp(alpha[i] - most);
    return most + log(total);
}

static void hidden_markov(memory *host) {
    function f;
    begin(&f, host);
    axis draw = tape_add_axis(&f.t, "draw", DRAWS), time = tape_add_axis(&f.t, "time", TIMES);
    axis state = tape_add_axis(&f.t, "state", STATES), other = tape_add_axis(&f.t, "state'", STATES);
    ref start = input(&f, axes_one(state), -1.4), p = input(&f, axes_with(of2(draw, state), other), -1.4);
    ref mean = input(&f, axes_one(other), 0), y = input(&f, axes_one(time), 0);
    rng r = rng_open(2, 2);
    for (uint32_t i = 0; i < 4; i++)
        for (uint64_t k = 0; k < tape_size(&f.t, tape_at(&f.t, f.x[i])->axes); k++)
            f.values[i][k] += 0.5 * rng_normal(&r);
    scan_builder s = scan_open(&f.t, time, false);
    tape *t = s.body;
    ref alpha = scan_carry(&s, start, of2(draw, state));
    ref away = SUB(scan_take(&s, y), scan_take(&s, mean));
    ref next = tape_reduce(t, OP_log_sum_exp, ADD(alpha, scan_take(&s, p)), axes_one(state));
    next = tape_rename(t, ADD(next, MUL(N(-0.5), MUL(away, away))), other, state);
    ref loop = scan_close(&s, &next, NULL, 0);
    t = &f.t;
    ref total = tape_reduce(t, OP_log_sum_exp, scan_final(t, loop, 0), axes_one(state));
    finish(&f, tape_sum_all(t, total));
    double expected = 0, **v = f.values;
    for (int d = 0; d < DRAWS; d++)
        expected += forward_algorithm(v[0], v[1] + STATES * STATES * d, v[2], v[3]);
    double value = run(&f);
    check(near(value, expected, SAME), "scans/hidden_markov", "%.17g, not %.17g", value, expected);
    double off = differ(&f, 20);
    check(off < DIFFERENCES, "scans/hidden_markov_gradient", "off by %g", off);
    arena_close(&f.arena);
}

/* With x' = tanh(W x + u), the derivative by W is one product of matrices over all steps, and so is the W x
 * that the slope of tanh needs. */
static void network(memory *host) {
    function f;
    begin(&f, host);
    axis time = tape_add_axis(&f.t, "time", 30);
    axis unit = tape_add_axis(&f.t, "unit", 6), other = tape_add_axis(&f.t, "unit'", 6);
    ref w = input(&f, of2(unit, other), 0), u = input(&f, of2(time, other), 0);
    rng r = rng_open(3, 3);
    for (int k = 0; k < 36; k++) f.values[0][k] = 0.4 * rng_normal(&r);
    for (int k = 0; k < 180; k++) f.values[1][k] = rng_normal(&r);
    scan_builder s = scan_open(&f.t, time, false);
    tape *t = s.body;
    ref x = scan_carry(&s, tape_number(&f.t, 0.1), axes_one(unit));
    ref sum = tape_sum(t, MUL(scan_take(&s, w), x), axes_one(unit));
    ref next = tape_rename(t, MAP(tanh, ADD(sum, scan_take(&s, u))), other, unit);
    ref loop = scan_close(&s, &next, &next, 1);
    finish(&f, tape_sum_all(&f.t, scan_emission(&f.t, loop, 0)));
    double off = differ(&f, 36);
    check(off < DIFFERENCES, "scans/network_gradient", "off by %g", off);
    CHECK(count(&f.compiled, OP_contract) == 2, "scans/network_contractions");
    arena_close(&f.arena);
}

/* Where no result needs the carries, nothing is left of the loop. */
static void no_loop(memory *host) {
    function f;
    begin(&f, host);
    axis time = tape_add_axis(&f.t, "time", 5);
    ref x = input(&f, axes_one(time), 0.3), c = input(&f, NONE, 2);
    scan_builder s = scan_open(&f.t, time, false);
    tape *t = s.body;
    ref next = ADD(scan_carry(&s, c, NONE), N(1));
    ref product = MUL(scan_take(&s, x), scan_take(&s, c));
    ref loop = scan_close(&s, &next, &product, 1);
    finish(&f, tape_sum_all(&f.t, scan_emission(&f.t, loop, 0)));
    CHECK(near(run(&f), 3, SAME) && near(gradient(&f, 1, 0), 1.5, SAME), "scans/no_loop");
    CHECK(count(&f.compiled, OP_scan) == 0, "scans/no_loop_is_left");
    arena_close(&f.arena);
}

/* Random scans, with further scans in their bodies, their gradients and the gradients of those. */

enum { TIME, A, B, A_ALIAS, INNER, AXIS_COUNT };
static const tape_axis AXES[AXIS_COUNT] = {
    {"time", 4, NULL}, {"a", 3, NULL}, {"b", 2, NULL}, {"a'", 3, NULL}, {"inner", 3, NULL}};

typedef struct maker {
    rng r;
    tape *t;
    vector(ref) pool;
} maker;

static uint32_t below(maker *m, uint32_t n) { return (uint32_t)rng_below(&m->r, n); }
static ref some(maker *m) { return m->pool.at[below(m, m->pool.count)]; }
static axes of(const maker *m, ref r) { return tape_at(m->t, r)->axes; }

static axes part(maker *m, axes whole) {
    axes p = {0};
    for (int i = 0; i < whole.count; i++)
        if (below(m, 2)) p = axes_with(p, whole.at[i]);
    return p;
}

/* Smooth, so that differences are good. */
static ref random_value(maker *m) {
    static const double INDEX[] = {3, 1, 2};
    tape *t = m->t;
    ref x = some(m), y = some(m);
    switch (below(m, 12)) {
    case 0: return ADD(x, y);
    case 1: return SUB(x, y);
    case 2:
    case 3: return MUL(x, y);
    case 4: return MAP(sin, x);
    case 5: return DIV(x, ADD(N(1.5), MUL(y, y)));
    case 6: return tape_sum(t, MUL(x, y), part(m, axes_union(of(m, x), of(m, y))));
    case 7: return tape_reduce(t, OP_log_sum_exp, x, part(m, of(m, x)));
    case 8: return axes_has(of(m, x), A_ALIAS) ? x : tape_rename(t, x, A, A_ALIAS);
    case 9: return axes_has(of(m, x), A) ? tape_gather(t, x, tape_data(t, INDEX, axes_one(A)), A) : x;
    case 10: return axes_has(of(m, x), B) ? tape_cumsum(t, x, B) : x;
    default: return tape_select(t, tape_map2(t, OP_lt, tape_position(t, A), N(2)), x, y);
    }
}

static ref bounded(maker *m, ref x, axes within) {
    x = tape_sum(m->t, x, axes_minus(of(m, x), within));
    return tape_map1(m->t, OP_tanh, x);
}

/* Returns one of the results; all go to the pool. */
static ref random_scan(maker *outer, axis along, int depth) {
    scan_builder b = scan_open(outer->t, along, below(outer, 2));
    maker m = {.r = rng_open(below(outer, 1 << 30), 1), .t = b.body};
    arena *a = outer->t->arena;
    axes shapes[3];
    uint32_t carries = 1 + below(&m, 3), emission_count = below(&m, 3);
    for (uint32_t k = 0; k < carries; k++) {
        ref first = some(outer);
        first = tape_sum(outer->t, first, axes_minus(of(outer, first), of2(A, B)));
        shapes[k] = axes_union(of(outer, first), part(&m, of2(A, B)));
        push(a, &m.pool, scan_carry(&b, first, shapes[k]));
    }
    for (uint32_t k = 1 + below(&m, 4); k > 0; k--) push(a, &m.pool, scan_take(&b, some(outer)));
    if (depth > 0 && below(&m, 2)) random_scan(&m, INNER, depth - 1);
    for (uint32_t k = 2 + below(&m, 8); k > 0; k--) {
        ref x = random_value(&m);
        push(a, &m.pool, below(&m, 3) ? x : tape_map1(m.t, OP_tanh, x));
    }
    ref next[3], emissions[3];
    for (uint32_t k = 0; k < carries; k++) {
        ref x = m.pool.at[m.pool.count - 1 - k % 2];
        next[k] = below(&m, 8) ? bounded(&m, x, shapes[k]) : b.inputs.at[k];
    }
    for (uint32_t k = 0; k < emission_count; k++) emissions[k] = tape_map1(m.t, OP_tanh, some(&m));
    ref loop = scan_close(&b, next, emissions, emission_count);
    for (uint32_t k = 0; k < carries; k++) {
        push(a, &outer->pool, scan_history(outer->t, loop, k));
        push(a, &outer->pool, scan_final(outer->t, loop, k));
    }
    for (uint32_t k = 0; k < emission_count; k++) push(a, &outer->pool, scan_emission(outer->t, loop, k));
    return outer->pool.at[outer->pool.count - 1 - below(outer, emission_count + 2)];
}

/* Of three inputs. */
static ref random_function(function *f, rng r) {
    static const axes SHAPES[] = {{0}, {2, {TIME, A}}, {2, {TIME, B}}};
    maker m = {.r = r, .t = &f->t};
    for (int i = 0; i < AXIS_COUNT; i++) tape_add_axis(&f->t, AXES[i].name, AXES[i].size);
    for (int i = 0; i < 3; i++) {
        push(&f->arena, &m.pool, input(f, SHAPES[i], 0));
        for (uint64_t k = 0; k < tape_size(&f->t, SHAPES[i]); k++) f->values[i][k] = 0.6 * rng_normal(&m.r);
    }
    push(&f->arena, &m.pool, tape_number(&f->t, 0.7));
    ref sum = tape_number(&f->t, 0);
    for (int k = 0; k < 2; k++) {
        ref result = random_scan(&m, TIME, 1);
        for (int i = 0; i < 2; i++) {
            ref x = random_value(&m);
            push(&f->arena, &m.pool, x);
        }
        sum = tape_map2(&f->t, OP_add, sum, tape_sum_all(&f->t, tape_map1(&f->t, OP_sin, result)));
    }
    return sum;
}

/* Whether the outputs of t are what the reference has for those of f. */
static bool agrees(function *f, const tape *t, double **expected, bool on_machine) {
    arena *a = &f->arena;
    double **values = arena_array(a, double *, t->code.count);
    machine *m = machine_new(a, t, NULL);
    if (!on_machine) reference_run(t, (const double *const *)f->values, values, a);
    for (uint32_t i = 0; i < f->count; i++) machine_bind(m, i, f->values[i]);
    if (on_machine) machine_run(m, 1, 1);
    for (uint32_t k = 0; k < t->outputs.count; k++) {
        uint64_t size = tape_size(t, tape_at(t, t->outputs.at[k])->axes);
        const double *x = on_machine ? machine_output(m, k) : values[t->outputs.at[k]];
        for (uint64_t i = 0; i < size; i++)
            if (!near(x[i], expected[f->t.outputs.at[k]][i], 1e-9)) return false;
    }
    return true;
}

static long double run_long(function *f, ref y, uint32_t which, size_t k, long double off) {
    arena *a = &f->arena;
    long double *inputs[INPUTS_MOST], **values = arena_array(a, long double *, f->t.code.count);
    for (uint32_t i = 0; i < f->count; i++) {
        uint64_t size = tape_size(&f->t, tape_at(&f->t, f->x[i])->axes);
        inputs[i] = arena_array(a, long double, size);
        for (uint64_t j = 0; j < size; j++) inputs[i][j] = f->values[i][j];
    }
    inputs[which][k] += off;
    reference_run_long(&f->t, (const long double *const *)inputs, values, a);
    return values[y][0];
}

/* Central differences of sixth order in long double with h = 2^-13: truncation is 2e-26 times the seventh
 * derivative, rounding 1e-15 of the value. */
static double difference(function *f, ref y, uint32_t i, size_t k) {
    static const long double WEIGHT[] = {0, 0.75L, -0.15L, 1 / 60.L}, H_LONG = 0x1p-13L;
    long double slope = 0;
    for (int j = 1; j <= 3; j++)
        slope += WEIGHT[j] * (run_long(f, y, i, k, j * H_LONG) - run_long(f, y, i, k, -j * H_LONG));
    return (double)(slope / H_LONG);
}

static bool differences_agree(function *f, ref y, const ref *slopes, double **values) {
    for (uint32_t i = 0; i < f->count; i++) {
        size_t size = tape_size(&f->t, tape_at(&f->t, f->x[i])->axes);
        for (size_t k = 0; k < size; k += 5)
            if (!near(values[slopes[i]][k], difference(f, y, i, k), DIFFERENCES)) return false;
    }
    return true;
}

enum { CLAIMS = 6 };

/* False where the tape got too large to be looked at. */
static bool claim(function *f, ref y, bool good[CLAIMS]) {
    ref first[INPUTS_MOST], second[INPUTS_MOST], culprit, norm = tape_number(&f->t, 0);
    tape_output(&f->t, y);
    good[0] = tape_gradient(&f->t, y, f->x, f->count, first, &culprit);
    for (uint32_t k = 0; k < f->count && good[0]; k++) {
        tape_output(&f->t, first[k]);
        norm = tape_map2(&f->t, OP_add, norm, tape_sum_all(&f->t, tape_map1(&f->t, OP_sin, first[k])));
    }
    good[0] = good[0] && tape_gradient(&f->t, norm, f->x, f->count, second, &culprit);
    for (uint32_t k = 0; k < f->count && good[0]; k++) tape_output(&f->t, second[k]);
    if (!good[0] || f->t.code.count > 5000) return !good[0];
    double **values = arena_array(&f->arena, double *, f->t.code.count);
    reference_run(&f->t, (const double *const *)f->values, values, &f->arena);
    tape_compile(&f->t, &f->compiled, &f->arena, NULL, NULL);
    good[1] = agrees(f, &f->t, values, true);
    good[2] = agrees(f, &f->compiled, values, false);
    good[3] = agrees(f, &f->compiled, values, true);
    good[4] = differences_agree(f, y, first, values);
    good[5] = differences_agree(f, norm, second, values);
    return true;
}

static void random_scans(memory *host, int from, int tries) {
    static const char *const NAMES[CLAIMS] = {
        "scans/random_differentiable", "scans/random_machine",  "scans/random_passes",
        "scans/random_both",           "scans/random_gradient", "scans/random_gradient_of_gradient"};
    int wrong[CLAIMS] = {0}, first[CLAIMS] = {0}, large = 0;
    for (int i = from; i < from + tries; i++) {
        function f;
        begin(&f, host);
        bool good[CLAIMS] = {true, true, true, true, true, true};
        large += !claim(&f, random_function(&f, rng_open(7, (uint32_t)i)), good);
        for (int k = 0; k < CLAIMS; k++)
            if (!good[k] && !wrong[k]++) first[k] = i;
        arena_close(&f.arena);
    }
    for (int k = 0; k < CLAIMS; k++)
        check(!wrong[k], NAMES[k], "%d of %d, the first is %d", wrong[k], tries, first[k]);
    check(large <= tries / 4, "scans/random_are_small", "%d of %d are not", large, tries);
}

/* Faults: x' = log(x) + u, backward over u = 1, -3, 2, 3 from 1, is 3, 3.1, -1.87, whose logarithm is none.
 */
static void faults(memory *host) {
    arena a;
    arena_open(&a, host);
    tape outer;
    tape_open(&outer, &a);
    axis time = tape_add_axis(&outer, "time", 4), pair = tape_add_axis(&outer, "pair", 2);
    double u[] = {1, -3, 2, 3};
    scan_builder s = scan_open(&outer, time, true);
    tape *t = s.body;
    ref x = scan_carry(&s, tape_number(&outer, 1), axes_one(pair));
    ref bad = MAP(log, x), next = ADD(bad, scan_take(&s, tape_data(&outer, u, axes_one(time))));
    tape_output(&outer, scan_final(&outer, scan_close(&s, &next, NULL, 0), 0));
    machine *m = machine_new(&a, &outer, NULL);
    machine_run(m, 1, 1);
    fault f;
    CHECK(machine_fault(m, 1, 1, &a, &f) && f.tape == t && f.at == bad, "scans/fault");
    CHECK(axes_equal(f.axes, of2(time, pair)) && f.index[0] == 0 && f.index[1] == 0 && f.in[0] < 0,
          "scans/fault_place");
    u[1] = 3;
    machine_run(m, 1, 1);
    CHECK(!machine_fault(m, 1, 1, &a, &f), "scans/no_fault");
    arena_close(&a);
}

/* Memory. */

static bool within(memory *host, long most) {
    jmp_buf escape;
    memory limited = *host;
    limited.escape = &escape;
    static function f;
    volatile bool enough = false;
    allocations_left = most;
    if (!setjmp(escape)) {
        begin(&f, &limited);
        ref y = random_function(&f, rng_open(7, 3));
        finish(&f, y);
        run(&f);
        enough = true;
    }
    allocations_left = -1;
    arena_close(&f.arena);
    return enough;
}

static void out_of_memory(memory *host) {
    long n = 0, before = blocks;
    while (n < 10000 && !within(host, n)) n++;
    check(blocks == before && n > 3 && n < 10000, "scans/the_nth_allocation_fails",
          "%ld tried, %ld blocks held", n, blocks - before);
}

int main(int argc, char **argv) {
    jmp_buf escape;
    memory host = {allocate, NULL, &escape};
    if (setjmp(escape)) return 2;
    results(&host);
    linear(&host, false);
    linear(&host, true);
    no_steps(&host);
    no_loop(&host);
    running_product(&host);
    predators(&host);
    hidden_markov(&host);
    network(&host);
    garch_agrees(&host);
    faults(&host);
    random_scans(&host, argc > 2 ? atoi(argv[2]) : 0, argc > 1 ? atoi(argv[1]) : 60);
    out_of_memory(&host);
    return check_end();
}
