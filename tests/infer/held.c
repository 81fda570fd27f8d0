/* Objectives whose draws are held, climbed by L-BFGS: params at their maximum in closed form; a mean field of
 * a Gaussian, whose precisions are those of the target (Bishop, Pattern recognition and machine learning,
 * 2006, section 10.1.2); the same bits twice; and what cannot be held is refused. */
#include <math.h>
#include "tests/check.h"
#include "tests/infer/fitted.h"
#include "tests/memory.h"

static options held_options(uint64_t seed, uint64_t samples) {
    options o;
    options_default(&o);
    o.seed = seed;
    o.samples = samples;
    o.optimizer.word = OPTIMIZER_lbfgs;
    o.given = 1u << OPTION_seed | 1u << OPTION_samples | 1u << OPTION_optimizer;
    return o;
}

static fit *held(arena *a, const char *text, uint64_t seed, uint64_t samples) {
    options o = held_options(seed, samples);
    return fitted_with(compile_text(a, text), &o, a);
}

/* The slope is 0 to 1e-7 or so of its size at the start, and with it the params. */
static void at_the_maximum(arena *a) {
    fit *f = held(a,
                  "param m : real = 0\nparam s : positive = 1\nparam l : real = 0\nmodel {\n"
                  "  factor log_density(normal(m, s), 1) + log_density(normal(m, s), 4)\n"
                  "  factor log_density(normal(m, s), 9) + log_density(normal(m, s), 16)\n"
                  "  factor log_density(poisson_log(l), 7) + log_density(poisson_log(l), 8)\n}\n",
                  1, 1);
    if (!CHECK(f, "held/params")) return;
    double m = scalar(f, "m", 0)->mean, s = scalar(f, "s", 0)->mean, l = scalar(f, "l", 0)->mean;
    check(fabs(m - 7.5) < 1e-6 && fabs(s - sqrt(32.25)) < 1e-6 && fabs(l - log(7.5)) < 1e-6,
          "held/closed_form", "%.9g %.9g %.9g", m, s, l);
    check(f->steps < 60, "held/few_steps", "%llu steps", (unsigned long long)f->steps);
}

/* x and y - x / 2 are independent standard normal numbers: precisions 1.25 and 1. */
static const char GAUSSIAN[] = "model {\n  x ~ normal(0, 1)\n  y ~ normal(3 + x / 2, 1)\n}\n"
                               "guide {\n  x ~ normal(?, ?)\n  y ~ normal(?, ?)\n}\n";

/* With n draws the parameters are off by about 1 / sqrt(n) sds, which costs nats of the order of 1 / n each.
 */
static void mean_field(arena *a) {
    enum { SAMPLES = 4000 };
    fit *f = held(a, GAUSSIAN, 3, SAMPLES);
    if (!CHECK(f, "held/mean_field")) return;
    double expected = -0.5 * log(1.25), enough = 4 * f->elbo.error + 10.0 / SAMPLES;
    check(fabs(f->elbo.value - expected) < enough, "held/elbo", "%g, not %g", f->elbo.value, expected);
    check(f->steps < 60, "held/few_steps_of_a_guide", "%llu steps", (unsigned long long)f->steps);
}

static void same_bits(arena *a) {
    fit *f = held(a, GAUSSIAN, 5, 30), *g = held(a, GAUSSIAN, 5, 30), *h = held(a, GAUSSIAN, 6, 30);
    bool good = f && g && h && f->elbo.value == g->elbo.value && f->elbo.value != h->elbo.value;
    CHECK(good && scalar(f, "y", 0)->mean == scalar(g, "y", 0)->mean, "held/same_bits");
}

static void refused(arena *a, const char *name, const char *text, const options *o, const char *word) {
    compiled *c = compile_text(a, text);
    model *m = bind_compiled(c, a);
    status s = STATUS_ok;
    if (!check(m, name, "does not compile")) return;
    bool none = !fit_run(&c->said, m, o, a, (fit_host){0}, &s) && s == STATUS_invalid_program;
    check(none && c->said.list.count == 1 && strstr(diagnostic_text(&c->said, &c->said.list.at[0]), word),
          name, "not refused");
}

static void refusals(arena *a) {
    options o = held_options(1, 10), x = o;
    refused(a, "held/discrete",
            "model {\n  k ~ bernoulli(0.4)\n  z ~ normal(k, 1)\n}\n"
            "guide {\n  k ~ bernoulli(?)\n  z ~ normal(?, ?)\n}\n",
            &o, "a draw of `k` has no derivative");
    x.objective = (choice){.word = OBJECTIVE_iwae, .count = 5};
    x.given |= 1u << OPTION_objective;
    refused(a, "held/bounds", GAUSSIAN, &x, "`objective`");
    x = o;
    x.anneal = (schedule){.to = 1, .steps = 100};
    x.given |= 1u << OPTION_anneal;
    refused(a, "held/annealing", GAUSSIAN, &x, "`anneal`");
    x = o;
    x.precision.word = PRECISION_single;
    x.given |= 1u << OPTION_precision;
    refused(a, "held/single", GAUSSIAN, &x, "double");
}

int main(void) {
    arena a;
    test_memory(&a);
    at_the_maximum(&a);
    mean_field(&a);
    same_bits(&a);
    refusals(&a);
    arena_close(&a);
    return check_end();
}
