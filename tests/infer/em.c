/* Expectation and maximisation (em.h): on a mixture of two normal distributions each of 20 steps is that of
 * the closed forms, written here on their own, to 1e-10; on a hidden Markov chain, and on a logistic mixture
 * that has no closed form, no step lowers the likelihood. */
#include <math.h>
#include "runtime/infer/em.h"
#include "tests/check.h"
#include "tests/compiled.h"
#include "tests/memory.h"

enum { ROWS = 60, STEPS = 20 };

static em *opened(arena *a, const char *text, const guide **g) {
    compiled *c = compile_text(a, text);
    model *m = bind_compiled(c, a);
    guide *made = m ? guide_new(&c->said, m, FAMILY_mean_field, 0, a) : NULL;
    show_messages(c);
    if (!made) return NULL;
    double *x = arena_array(a, double, made->size);
    guide_start(made, 1, x, a);
    *g = made;
    return em_new(&c->said, made, x, a);
}

/* The same data as in the program. */
static double row(int i) { return sin(i * 12.9898) + (sin(i * 78.233) > 0.3 ? 3 : 0); }

typedef struct mixture {
    double p, mean[2], sd[2];
} mixture;

static double log_normal(double x, double m, double s) {
    return -0.5 * (x - m) * (x - m) / (s * s) - log(s) - 0.5 * log(2 * M_PI);
}

/* One step of the textbook; the log likelihood before it. */
static double textbook_step(mixture *m) {
    double weight[2] = {0}, sum[2] = {0}, square[2] = {0}, value = 0, share[ROWS];
    for (int i = 0; i < ROWS; i++) {
        double y = row(i + 1), off = log1p(-m->p) + log_normal(y, m->mean[0], m->sd[0]);
        double on = log(m->p) + log_normal(y, m->mean[1], m->sd[1]);
        share[i] = 1 / (1 + exp(off - on));
        value += off + log1p(exp(on - off));
        weight[0] += 1 - share[i], weight[1] += share[i];
        sum[0] += (1 - share[i]) * y, sum[1] += share[i] * y;
    }
    for (int k = 0; k < 2; k++) m->mean[k] = sum[k] / weight[k];
    for (int i = 0; i < ROWS; i++) {
        double y = row(i + 1);
        square[0] += (1 - share[i]) * (y - m->mean[0]) * (y - m->mean[0]);
        square[1] += share[i] * (y - m->mean[1]) * (y - m->mean[1]);
    }
    for (int k = 0; k < 2; k++) m->sd[k] = sqrt(square[k] / weight[k]);
    m->p = weight[1] / ROWS;
    return value;
}

static const char MIXTURE[] =
    "axis obs = 60\n"
    "data y[obs] : real = sin(obs * 12.9898) + (if sin(obs * 78.233) > 0.3 then 3 else 0)\n"
    "param p : unit = 0.5\nparam a : real = 0.5\nparam b : real = 2\n"
    "param s : positive = 1\nparam r : positive = 1.5\n"
    "model {\n  z[obs] ~ bernoulli(p)\n"
    "  y[obs] ~ normal(if z == 1 then b else a, if z == 1 then r else s)\n}\n";

static void equals_textbook(arena *a) {
    const guide *g;
    em *o = opened(a, MIXTURE, &g);
    if (!check(o != NULL, "a mixture", "cannot be fitted")) return;
    mixture m = {0.5, {0.5, 2}, {1, 1.5}};
    double worst = 0, worst_value = 0;
    for (int step = 0; step < STEPS; step++) {
        bool moved = em_step(o);
        double value = textbook_step(&m);
        const double *x = em_params(o);
        double found[] = {1 / (1 + exp(-x[0])), x[1], x[2], exp(x[3]), exp(x[4])};
        double wanted[] = {m.p, m.mean[0], m.mean[1], m.sd[0], m.sd[1]};
        worst_value = fmax(worst_value, moved ? fabs(em_value(o) - value) : INFINITY);
        for (int k = 0; k < 5; k++) worst = fmax(worst, fabs(found[k] - wanted[k]));
    }
    check(worst < 1e-10, "each of 20 steps is that of the closed forms", "%.2g off", worst);
    check(worst_value < 1e-10, "… and so is its likelihood", "%.2g off",
          worst_value); /* rounding of 60 terms */
    printf("# params within %.1e, likelihood within %.1e\n", worst, worst_value);
}

/* To rounding of a sum of some hundred nats. */
static void rises(arena *a, const char *name, const char *text, double least) {
    const guide *g;
    em *o = opened(a, text, &g);
    if (!check(o != NULL, name, "cannot be fitted")) return;
    double before = -INFINITY, first = 0, lost = 0;
    for (int step = 0; step < STEPS; step++) {
        if (!check(em_step(o), name, "is not finite")) return;
        if (step == 0) first = em_value(o);
        lost = fmax(lost, before - em_value(o));
        before = em_value(o);
    }
    check(lost < 1e-11 * fabs(before), name, "falls by %g", lost);
    check(before - first > least, name, "rises by %g only", before - first);
}

int main(void) {
    arena a;
    test_memory(&a);
    equals_textbook(&a);
    rises(&a, "a mixture rises", MIXTURE, 1);
    rises(&a, "a hidden Markov chain rises",
          "axis time = 120, state = 2\n"
          "data y[time] : real = sin(time * 12.9898) + (if sin(time * 0.1) > 0 then 3 else 0)\n"
          "param start[state] : simplex\nparam P[state, state'] : simplex\nparam mu[state] : real = state\n"
          "model {\n  s[time = 1] ~ categorical(start)\n  s[time > 1] ~ categorical(P[s[time - 1]])\n"
          "  y[time] ~ normal(mu[s], 1)\n}\n",
          10);
    rises(&a, "a mixture of regressions rises",
          "axis obs = 80\nlet x = sin(obs * 3.7)\n"
          "data y[obs] : binary = if sin(obs * 12.9898) + 2 * x > 0 then 1 else 0\n"
          "param p : unit = 0.4\nparam b : real = 0.5\nparam c : real = -0.5\n"
          "model {\n  z[obs] ~ bernoulli(p)\n  y[obs] ~ bernoulli_logit((if z == 1 then b else c) * x)\n}\n",
          1);
    arena_close(&a);
    return check_end();
}
