/* Recurrences of compiled programs against the same recurrences as plain C loops: values to 1e-12 of their
 * size, gradients to central differences of the loops, whose own error at a step of 1e-5 is below 1e-8 of the
 * gradients here. Draws that follow from their own lags: model and guide are the same chain, so that the log
 * densities of each of its draws are equal, and the moments are those of the chain. */
#include <math.h>
#include <string.h>

#include "autodiff/machine.h"
#include "autodiff/passes.h"
#include "runtime/bind/lower.h"
#include "tests/check.h"
#include "tests/compiled.h"
#include "tests/memory.h"

enum { TIMES = 9, GROUPS = 3, LATENTS = 2 };

static double observed[TIMES], table[GROUPS][TIMES];

static void add_array(data_set *s, const char *name, uint32_t rank, uint32_t first, uint32_t second,
                      const double *numbers) {
    push(s->arena, &s->arrays,
         (data_array){.name = name, .rank = rank, .dims = {first, second}, .numbers = numbers});
}

static const model *bound(arena *a, const char *text) {
    compiled *c = compile_text(a, text);
    add_array(&c->data, "y", 1, TIMES, 0, observed);
    add_array(&c->data, "x", 2, GROUPS, TIMES, table[0]);
    const model *m = bind_compiled(c, a);
    show_messages(c);
    return m;
}

/* The log density of a program at p and q, with its gradient; false where it does not compile. */
static bool density_of(arena *a, const char *text, const double *at, double *value, double *gradient) {
    const model *m = bound(a, text);
    if (!m) return false;
    tape *written = arena_new(a, tape), *run = arena_new(a, tape);
    tape_open(written, a);
    lowering l = lower_open(m, written, 1);
    ref inputs[LATENTS], slopes[LATENTS], culprit;
    uint32_t count = 0;
    for (variable v = 0; v < m->program->variables.count; v++) {
        if (program_variable(m->program, v)->kind != VARIABLE_latent) continue;
        inputs[count] = tape_input(written, axes_one(l.draw));
        lower_set(&l, v, inputs[count++]);
    }
    ref density = tape_sum_all(written, lower_log_density(&l));
    tape_output(written, density);
    if (!tape_gradient(written, density, inputs, count, slopes, &culprit)) return false;
    for (uint32_t i = 0; i < count; i++) tape_output(written, slopes[i]);
    tape_compile(written, run, a, NULL, NULL);
    machine *ready = machine_new(a, run, NULL);
    for (uint32_t i = 0; i < count; i++) machine_bind(ready, i, &at[i]);
    machine_run(ready, 1, 0);
    *value = machine_output(ready, 0)[0];
    for (uint32_t i = 0; i < count; i++) gradient[i] = machine_output(ready, 1 + i)[0];
    return true;
}

typedef double plain(double p, double q);

typedef struct recurrence_case {
    const char *name, *text;
    plain *loop;
} recurrence_case;

#define PROGRAM(statements)                                                                                  \
    "axis group, time\ndata y[time] : real\ndata x[group, time] : real\n"                                    \
    "fn turn(u, v, p, q) {\n  k = p * u - q * v\n  l = q * u + p * v\n"                                      \
    "  return k + 0.1 * l^2, l - 0.1 * k^2\n}\n"                                                             \
    "model {\n  p ~ flat()\n  q ~ flat()\n" statements "}\n"

/* Weights that differ from entry to entry, so that none can be taken for another. */
static double weight(int t) { return 1 + 0.1 * t; }

static void turn(double *u, double *v, double p, double q) {
    double k = p * *u - q * *v, l = q * *u + p * *v;
    *u = k + 0.1 * l * l, *v = l - 0.1 * k * k;
}

static double joint(double p, double q) {
    double u = p, v = q, total = u + v * v;
    for (int t = 1; t < TIMES; t++) {
        turn(&u, &v, p, q);
        total += weight(t) * (u + v * v);
    }
    return total;
}

static double mutual(double p, double q) {
    double u = p, v = 2, total = u * v;
    for (int t = 1; t < TIMES; t++) {
        double next = p * u + q * v + observed[t];
        v = 0.5 * v + q * next, u = next;
        total += weight(t) * u * v;
    }
    return total;
}

static double error_of(double p, double q) {
    double m = p, total = 0;
    for (int t = 0; t < TIMES; t++) {
        double e = observed[t] - m;
        total += weight(t) * e * e;
        m = p + q * e;
    }
    return total;
}

static double two_lags(double p, double q) {
    double old = p, last = q, total = old + weight(1) * last;
    for (int t = 2; t < TIMES; t++) {
        double next = p * last - q * old * last + observed[t - 2];
        old = last, last = next;
        total += weight(t) * next;
    }
    return total;
}

static double far_lag(double p, double q) {
    double s[TIMES], total = 0;
    for (int t = 0; t < TIMES; t++) {
        s[t] = t < 3 ? p * observed[t] : q * s[t - 3] + sin(s[t - 3]);
        total += weight(t) * s[t];
    }
    return total;
}

static double backward(double p, double q) {
    double s[TIMES], total = 0;
    s[TIMES - 1] = p, s[TIMES - 2] = q;
    for (int t = TIMES - 3; t >= 0; t--) s[t] = p * s[t + 1] + q * s[t + 2] * s[t + 1] + observed[t + 1];
    for (int t = 0; t < TIMES; t++) total += weight(t) * s[t];
    return total;
}

static double starts(double p, double q) {
    double s[TIMES], total = 0;
    s[0] = p, s[1] = q * s[0] + 1;
    for (int t = 2; t < TIMES; t++) s[t] = p * s[t - 1] + q * s[t - 2];
    for (int t = 0; t < TIMES; t++) total += weight(t) * s[t] * s[t];
    return total;
}

static double parts(double p, double q) {
    double s[GROUPS][TIMES], total = 0;
    for (int g = 0; g < GROUPS; g++)
        for (int t = 0; t < TIMES; t++) {
            if (t == 0) s[g][t] = g == 0 ? p : q * table[g][0];
            else if (g == 0) s[g][t] = p * s[g][t - 1] + table[0][t];
            else s[g][t] = q * s[g][t - 1] + p * s[0][t - 1] + table[g][t - 1];
            total += weight(t) * (g + 1) * s[g][t] * s[g][t];
        }
    return total;
}

static double around(double p, double q) {
    double s[TIMES][GROUPS], total = 0;
    for (int t = 0; t < TIMES; t++) {
        double mean = 0;
        for (int g = 0; g < GROUPS && t; g++) mean += s[t - 1][g] / GROUPS;
        for (int g = 0; g < GROUPS; g++) {
            s[t][g] = p + table[g][t];
            if (t > 1) s[t][g] = q * mean * s[t - 2][g] + p * s[t - 1][(g + 1) % GROUPS] + 0.1 * table[g][t];
            total += weight(t) * s[t][g];
        }
    }
    return total;
}

static double other_parts(double p, double q) {
    double u = p, before = 0, v = q, total = u * v;
    for (int t = 1; t < TIMES; t++) {
        double next = t == 1 ? u * q : p * u + q * before + 0.1 * (t + 1);
        v = p * v + q * next + observed[t - 1] * (t + 1);
        before = u, u = next;
        total += weight(t) * u * v;
    }
    return total;
}

static const recurrence_case CASES[] = {
    {"joint statement, starts apart",
     PROGRAM("  u[time = 1] = p\n  v[time = 1] = q\n  u[time > 1], v[time > 1] = turn(u[time - 1], v[time - "
             "1], p, q)\n"
             "  factor sum[time]((1 + 0.1 * (time - 1)) * (u + v^2))\n"
             "  y[time] ~ flat()\n  x[group, time] ~ flat()\n"),
     joint},
    {"joint start, statements apart",
     PROGRAM("  u[time = 1], v[time = 1] = turn(p, q, 1, 0)\n"
             "  w[time > 1], z[time > 1] = turn(w[time - 1], z[time - 1], p, q)\n"
             "  w[time = 1] = p\n  z[time = 1] = q\n  u[time > 1] = 0\n  v[time > 1] = 0\n"
             "  factor sum[time]((1 + 0.1 * (time - 1)) * (w + z^2) + u - u)\n"),
     joint},
    {"names that need each other",
     PROGRAM("  v[time = 1] = 2\n  v[time > 1] = 0.5 * v[time - 1] + q * u\n"
             "  u[time > 1] = p * u[time - 1] + q * v[time - 1] + y\n  u[time = 1] = p\n"
             "  factor sum[time]((1 + 0.1 * (time - 1)) * u * v)\n"),
     mutual},
    {"a name without parts",
     PROGRAM("  e = y - m\n  m[time = 1] = p\n  m[time > 1] = p + q * e[time - 1]\n"
             "  factor sum[time]((1 + 0.1 * (time - 1)) * e^2)\n"),
     error_of},
    {"a name without parts, its axes written",
     PROGRAM(
         "  m[time = 1] = p\n  m[time > 1] = p + q * e[time - 1]\n  e[time], f = turn(y - m, 0 * p, 1, 0)\n"
         "  factor sum[time]((1 + 0.1 * (time - 1)) * e^2)\n"),
     error_of},
    {"two entries back",
     PROGRAM("  s[time = 1] = p\n  s[time = 2] = q\n"
             "  s[time > 2] = p * s[time - 1] - q * s[time - 2] * s[time - 1] + y[time - 2]\n"
             "  factor sum[time]((1 + 0.1 * (time - 1)) * s)\n"),
     two_lags},
    {"three entries back",
     PROGRAM("  s[time <= 3] = p * y\n  s[time > 3] = q * s[time - 3] + sin(s[time - 3])\n"
             "  factor sum[time]((1 + 0.1 * (time - 1)) * s)\n"),
     far_lag},
    {"two entries ahead",
     PROGRAM("  s[time = last] = p\n  s[time = last - 1] = q\n"
             "  s[time < last - 1] = p * s[time + 1] + q * s[time + 2] * s[time + 1] + y[time + 1]\n"
             "  factor sum[time]((1 + 0.1 * (time - 1)) * s)\n"),
     backward},
    {"a recurrence that begins with another",
     PROGRAM("  s[time > 2] = p * s[time - 1] + q * s[time - 2]\n  s[time = 2] = q * s[time - 1] + 1\n  "
             "s[time = 1] = p\n"
             "  factor sum[time]((1 + 0.1 * (time - 1)) * s^2)\n"),
     starts},
    {"parts of two axes",
     PROGRAM("  s[group = 1, time = 1] = p\n  s[group > 1, time = 1] = q * x\n"
             "  s[group = 1, time > 1] = p * s[time - 1] + x\n"
             "  s[group > 1, time > 1] = q * s[time - 1] + p * s[group = 1, time - 1] + x[time - 1]\n"
             "  factor sum[group, time]((1 + 0.1 * (time - 1)) * group * s^2)\n"),
     parts},
    {"names with other parts",
     PROGRAM("  u[time = 1] = p\n  v[time = 1] = q\n  u[time = 2] = q * u[time - 1]\n"
             "  u[time > 2] = p * u[time - 1] + q * u[time - 2] + 0.1 * time\n"
             "  v[time > 1] = p * v[time - 1] + q * u + y[time - 1] * time\n"
             "  factor sum[time]((1 + 0.1 * (time - 1)) * u * v)\n"),
     other_parts},
    {"a further axis, two entries back",
     PROGRAM("  other = if group == size(group) then 1 else group + 1\n"
             "  mixing = if group' == other then p else 0\n"
             "  s[group, time <= 2] = p + x\n"
             "  s[group, time > 2] = q * mean[group](s[time - 1]) * s[time - 2] +\n"
             "      sum[group'](mixing * s[group', time - 1]) + 0.1 * x\n"
             "  factor sum[group, time]((1 + 0.1 * (time - 1)) * s)\n"),
     around},
};

static void compare(arena *a, const recurrence_case *c) {
    const double at[LATENTS] = {0.7, 0.3}, step = 1e-5;
    double value = NAN, gradient[LATENTS], expected = c->loop(at[0], at[1]);
    if (!check(density_of(a, c->text, at, &value, gradient), c->name, "does not compile")) return;
    check(fabs(value - expected) <= 1e-12 * fmax(1, fabs(expected)), c->name, "%.17g not %.17g", value,
          expected);
    double slope[LATENTS] = {(c->loop(at[0] + step, at[1]) - c->loop(at[0] - step, at[1])) / (2 * step),
                             (c->loop(at[0], at[1] + step) - c->loop(at[0], at[1] - step)) / (2 * step)};
    for (int i = 0; i < LATENTS; i++)
        check(fabs(gradient[i] - slope[i]) <= 1e-7 * fmax(1, fabs(slope[i])), c->name,
              "gradient %d: %.12g not %.12g", i, gradient[i], slope[i]);
}

/* ---- draws ---- */

enum { DRAWS = 4000 };

static variable named(const program *p, const char *name) {
    for (variable v = 0; v < p->variables.count; v++)
        if (strcmp(program_variable(p, v)->name, name) == 0) return v;
    return VARIABLE_NONE;
}

static node sample_of(const program *p, variable v) {
    for (uint32_t i = 0; i < p->guide.count; i++)
        if (p->guide.at[i].of == v) return p->guide.at[i].sample;
    return 0;
}

/* A model and a guide that are the same chain with two names: the draws of the guide have the same density in
 * both. */
static const char CHAIN[] =
    "axis series = 2, time = 5\n"
    "model {\n"
    "  h[series, time = 1] ~ normal(0, 1)\n"
    "  h[series, time = 2] ~ normal(0.9 * h[time - 1], 0.5)\n"
    "  h[series, time > 2] ~ normal(0.6 * h[time - 1] + 0.3 * h[time - 2] + 0.1 * m[time - 1], 0.5)\n"
    "  m = k^2\n"
    "  k[series, time = 1] ~ normal(h, 1)\n"
    "  k[series, time > 1] ~ normal(h - 0.5 * k[time - 1], 1)\n"
    "}\n"
    "guide {\n"
    "  k[series, time > 1] ~ normal(h - 0.5 * k[time - 1], 1)\n"
    "  k[series, time = 1] ~ normal(h, 1)\n"
    "  h[series, time > 2] ~ normal(0.6 * h[time - 1] + 0.3 * h[time - 2] + 0.1 * k[time - 1]^2, 0.5)\n"
    "  h[series, time = 2] ~ normal(0.9 * h[time - 1], 0.5)\n"
    "  h[series, time = 1] ~ normal(0, 1)\n"
    "}\n";

static void chain(arena *a) {
    const model *m = bound(a, CHAIN);
    if (!check(m != NULL, "chain compiles", "no model")) return;
    const program *p = m->program;
    tape *written = arena_new(a, tape), *run = arena_new(a, tape);
    tape_open(written, a);
    lowering l = lower_open(m, written, DRAWS), q = lower_fork(&l);
    const char *const latents[] = {"h", "k"};
    for (int i = 0; i < 2; i++) {
        variable v = named(p, latents[i]);
        node sample = sample_of(p, v);
        if (!check(sample != 0, "chain has samples", "%s", latents[i])) return;
        ref x = tape_expand(written, lower_node(&q, sample),
                            axes_with(lower_axes(&l, program_variable(p, v)->axes), l.draw));
        lower_set(&l, v, x);
        tape_output(written, x);
    }
    ref log_guide = tape_number(written, 0);
    for (uint32_t i = 0; i < p->guide.count; i++)
        log_guide = tape_map2(written, OP_add, log_guide, lower_draw(&l, &p->guide.at[i]));
    tape_output(written, tape_map2(written, OP_sub, lower_log_density(&l), log_guide));
    tape_output(written, log_guide);
    tape_compile(written, run, a, NULL, NULL);
    machine *ready = machine_new(a, run, NULL);
    machine_run(ready, 7, 0);
    double worst = 0, scale = 0, first = 0, last = 0;
    for (int i = 0; i < DRAWS; i++) {
        worst = fmax(worst, fabs(machine_output(ready, 2)[i]));
        scale = fmax(scale, fabs(machine_output(ready, 3)[i]));
        const double *h = machine_output(ready, 0) + 10 * i;
        first += h[0] * h[0] / DRAWS, last += h[1] * h[1] / DRAWS;
    }
    check(worst <= 1e-12 * scale, "chain has the density of its draws", "off by %g of %g", worst, scale);
    /* variances 1 and 0.81 + 0.25, to four of their errors, sqrt(2 / DRAWS) of themselves */
    check(fabs(first - 1) < 4 * sqrt(2. / DRAWS), "chain starts", "%g", first);
    check(fabs(last / 1.06 - 1) < 4 * sqrt(2. / DRAWS), "chain goes on", "%g", last);
}

/* Draws of a guide and of `generate`: an AR(1) with its stationary start has variance
 * 1 / (1 - phi²) everywhere and correlation phi. */
static const char FORECAST[] = "axis time = 40\n"
                               "model {\n"
                               "  z[time = 1] ~ normal(0, 1 / sqrt(1 - 0.8^2))\n"
                               "  z[time > 1] ~ normal(0.8 * z[time - 1], 1)\n"
                               "}\n"
                               "guide {\n"
                               "  z[time = 1] ~ normal(0, 1 / sqrt(1 - 0.8^2))\n"
                               "  z[time > 1] ~ normal(0.8 * z[time - 1], 1)\n"
                               "}\n"
                               "generate {\n"
                               "  f[time = 1] ~ normal(0, 1 / sqrt(1 - 0.8^2))\n"
                               "  f[time > 1] ~ normal(mean_of[time - 1], 1)\n"
                               "  mean_of[time] = 0.8 * f\n"
                               "  n[time = 1] ~ poisson(3)\n"
                               "  n[time > 1] ~ poisson(2 + exp(0 * z[time - 1]))\n"
                               "}\n";

static void forecast(arena *a) {
    const model *m = bound(a, FORECAST);
    if (!check(m != NULL, "forecast compiles", "no model")) return;
    const program *p = m->program;
    tape *written = arena_new(a, tape), *run = arena_new(a, tape);
    tape_open(written, a);
    lowering l = lower_open(m, written, DRAWS);
    variable z = named(p, "z");
    lower_set(&l, z, lower_node(&l, sample_of(p, z)));
    const char *const names[] = {"z", "f", "n"};
    for (int i = 0; i < 3; i++) {
        variable v = named(p, names[i]);
        ref x = i ? lower_node(&l, program_variable(p, v)->value) : l.variables[v];
        tape_output(written,
                    tape_expand(written, x, axes_with(lower_axes(&l, program_variable(p, v)->axes), l.draw)));
    }
    tape_compile(written, run, a, NULL, NULL);
    machine *ready = machine_new(a, run, NULL);
    machine_run(ready, 3, 0);
    for (int i = 0; i < 2; i++) {
        double variance = 0, product = 0;
        for (int b = 0; b < DRAWS; b++) {
            const double *x = machine_output(ready, (uint32_t)i) + 40 * b;
            variance += x[39] * x[39] / DRAWS, product += x[39] * x[38] / DRAWS;
        }
        double stationary = 1 / (1 - 0.64), error = 4 * stationary * sqrt(2. / DRAWS);
        check(fabs(variance - stationary) < error, "variance of an autoregression", "%s: %g", names[i],
              variance);
        check(fabs(product - 0.8 * stationary) < error, "covariance of an autoregression", "%s: %g", names[i],
              product);
    }
    double mean = 0;
    for (int b = 0; b < 40 * DRAWS; b++) mean += machine_output(ready, 2)[b] / (40 * DRAWS);
    check(fabs(mean - 3) < 4 * sqrt(3. / (40 * DRAWS)), "counts by parts", "%g", mean);
}

int main(void) {
    arena a;
    test_memory(&a);
    for (int t = 0; t < TIMES; t++) {
        observed[t] = 0.3 * sin(2.0 * t + 1);
        for (int g = 0; g < GROUPS; g++) table[g][t] = 0.4 * cos(1.3 * t + g);
    }
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) compare(&a, &CASES[i]);
    chain(&a);
    forecast(&a);
    arena_close(&a);
    return check_end();
}
