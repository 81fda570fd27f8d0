/* Coordinate ascent (cavi.h) held against the textbook's updates, written here on their own: after each of
 * 20 steps the guide is theirs to 1e-10, and so is the ELBO, which no step lowers; where one latent alone is
 * conjugate to its data, one step is enough and the ELBO is the log evidence. In programs with discrete
 * latents the first step is by noise, and the textbook goes on from what that has led to. */
#include <math.h>
#include <string.h>
#include "runtime/infer/objective.h"
#include "tests/check.h"
#include "tests/infer/conjugate_case.h"
#include "tests/memory.h"

enum { STEPS = 20, DRAWS = 4000 };

/* What the programs below have in common: a step of theirs, held against one of the textbook. */
typedef struct course {
    double worst, worst_value, lost, before;
} course;

static void compare(course *c, double found, double wanted) {
    c->worst = fmax(c->worst, fabs(found - wanted) / (1 + fabs(wanted)));
}

static bool step(opened *o, course *c) {
    bool moved = cavi_step(o->steps, 1);
    double value = cavi_value(o->steps);
    cavi_read(o->steps, o->x);
    c->lost = fmax(c->lost, c->before - value);
    c->before = value;
    return moved;
}

static void judge(const course *c, const char *name) {
    check(c->worst < 1e-10, name, "a step is %.2g off the textbook's", c->worst);
    check(c->lost < 1e-11 * (1 + fabs(c->before)), name, "the ELBO falls by %g", c->lost);
}

/* The ELBO by draws of the guide. */
static measured drawn_elbo(const opened *o) {
    reported r = reported_new(o->guide->model, false, o->a);
    vigil v = vigil_open((fit_host){0});
    guide_draws d = objective_draw(o->guide, &r, o->x, DRAWS, 1, &v, o->a);
    double sum = 0, squares = 0;
    for (int i = 0; i < DRAWS; i++) sum += d.elbo[i], squares += d.elbo[i] * d.elbo[i];
    return measured_mean(sum, squares, DRAWS);
}

/* ---- a mean and a precision ---- */

enum { ROWS = 60 };
static double row(int i) { return 1e3 + sin(i * 12.9898) + (sin(i * 78.233) > 0.3 ? 3 : 0); }

static void equals_normal(arena *a) {
    opened o =
        open_program(a, "axis obs = 60\n"
                        "data y[obs] : real = 1000 + sin(obs * 12.9898) + (if sin(obs * 78.233) > 0.3 then "
                        "3 else 0)\n"
                        "model {\n  mu ~ normal(990, 20)\n  tau ~ gamma(2, 3)\n"
                        "  y[obs] ~ normal(mu, 1 / sqrt(tau))\n}\n"
                        "guide { rest ~ conjugate() }\n");
    if (!check(o.steps != NULL, "a normal", "cannot be fitted")) return;
    course c = {.before = -INFINITY};
    double loc = 0, scale = 1, shape = 1, rate = 1;
    for (int s = 0; s < STEPS; s++) {
        double precision = 1.0 / 400 + ROWS * shape / rate, sum = 990.0 / 400, square = 0;
        for (int i = 1; i <= ROWS; i++) sum += shape / rate * row(i);
        loc = sum / precision, scale = 1 / sqrt(precision);
        for (int i = 1; i <= ROWS; i++) square += (row(i) - loc) * (row(i) - loc) + scale * scale;
        shape = 2 + 0.5 * ROWS, rate = 3 + 0.5 * square;
        if (!step(&o, &c)) {
            check(false, "a normal", "is not finite");
            return;
        }
        compare(&c, argument_of(&o, "mu.loc")[0], loc);
        compare(&c, positive(&o, "mu.scale", 0), scale);
        compare(&c, positive(&o, "tau.shape", 0), shape);
        compare(&c, positive(&o, "tau.rate", 0), rate);
    }
    judge(&c, "a mean and a precision far from 0");
    measured drawn = drawn_elbo(&o);
    check(fabs(drawn.value - c.before) < 4 * drawn.error + 1e-9, "its ELBO is that of draws",
          "%g, by draws %g ± %g", c.before, drawn.value, drawn.error);
}

/* ---- one latent alone ---- */

static double log_beta(double a, double b) { return lgamma(a) + lgamma(b) - lgamma(a + b); }

static void is_exact(arena *a, const char *name, const char *text, double evidence) {
    opened o = open_program(a, text);
    course c = {.before = -INFINITY};
    if (!check(o.steps && step(&o, &c) && step(&o, &c), name, "cannot be fitted")) return;
    check(fabs(c.before - evidence) < 1e-11 * fabs(evidence) + 1e-11, name,
          "the ELBO is %.14g, the evidence %.14g", c.before, evidence);
}

static void is_exact_alone(arena *a) {
    double successes = log_beta(2 + 7, 3 + 3) - log_beta(2, 3) + lgamma(11) - lgamma(8) - lgamma(4);
    is_exact(a, "beta and binomial",
             "data k : count = 7\nmodel {\n  p ~ beta(2, 3)\n  k ~ binomial(10, p)\n}\n"
             "guide { p ~ beta(?, ?) }\n",
             successes);
    /* 2, 4 and 6 over the exposure 2 */
    double counts = 3 * log(0.5) - lgamma(3) + lgamma(3 + 12) - (3 + 12) * log(0.5 + 6) + 12 * log(2) -
                    lgamma(3) - lgamma(5) - lgamma(7);
    is_exact(
        a, "gamma and Poisson",
        "axis n = 3\ndata k[n] : count = 2 * n\nmodel {\n  r ~ gamma(3, 0.5)\n  k[n] ~ poisson(2 * r)\n}\n"
        "guide { r ~ conjugate() }\n",
        counts);
    /* a variance: y = 1, -2 of N(0, s), s of inv_gamma(3, 2) */
    double variance = 3 * log(2) - lgamma(3) + lgamma(4) - 4 * log(2 + 2.5) - log(2 * M_PI);
    is_exact(a, "inverse gamma and normal",
             "axis n = 2\ndata y[n] : real = 4 - 3 * n\nmodel {\n  s ~ inv_gamma(3, 2)\n"
             "  y[n] ~ normal(0, sqrt(s))\n}\nguide { rest ~ conjugate() }\n",
             variance);
    /* a Dirichlet of one, two and three of three kinds */
    double kinds = lgamma(1.5) - 3 * lgamma(0.5) + lgamma(1.5) + lgamma(2.5) + lgamma(3.5) - lgamma(7.5);
    is_exact(a, "Dirichlet and categorical",
             "axis n = 6, k = 3\ndata x[n] : k = if n == 1 then 1 else if n < 4 then 2 else 3\n"
             "model {\n  p[k] ~ dirichlet(0.5)\n  x[n] ~ categorical(p)\n}\nguide { rest ~ conjugate() }\n",
             kinds);
}

/* ---- a mixture of normal distributions ---- */

typedef struct mixture {
    double weight[2], loc[2], scale[2], shape[2], rate[2];
} mixture;

static mixture read_mixture(const opened *o) {
    mixture m;
    for (int k = 0; k < 2; k++)
        m = (mixture){.weight = {positive(o, "w.concentration", 0), positive(o, "w.concentration", 1)},
                      .loc = {argument_of(o, "mu.loc")[0], argument_of(o, "mu.loc")[1]},
                      .scale = {positive(o, "mu.scale", 0), positive(o, "mu.scale", 1)},
                      .shape = {positive(o, "tau.shape", 0), positive(o, "tau.shape", 1)},
                      .rate = {positive(o, "tau.rate", 0), positive(o, "tau.rate", 1)}};
    return m;
}

/* E log of a component's weight times its density at row i. */
static double component(const mixture *m, int i, int k) {
    double precision = m->shape[k] / m->rate[k], off = row(i) - m->loc[k];
    return digamma(m->weight[k]) + 0.5 * (digamma(m->shape[k]) - log(m->rate[k])) -
           0.5 * precision * (off * off + m->scale[k] * m->scale[k]);
}

static double share(const mixture *m, int i, int k) {
    return 1 / (1 + exp(component(m, i, 1 - k) - component(m, i, k)));
}

/* Weights and means stand in no product together, and move at once; precisions after them. */
static mixture mixture_step(mixture m) {
    double r[2][ROWS + 1];
    mixture next = m;
    for (int half = 0; half < 2; half++) {
        for (int k = 0; k < 2; k++)
            for (int i = 1; i <= ROWS; i++) r[k][i] = share(&next, i, k);
        mixture now = next;
        for (int k = 0; k < 2; k++) {
            double precision = 1.0 / 400, count = 0, sum = 1000.0 / 400, square = 0;
            double each = now.shape[k] / now.rate[k];
            for (int i = 1; i <= ROWS; i++) {
                double off = row(i) - now.loc[k];
                count += r[k][i], sum += r[k][i] * each * row(i);
                square += r[k][i] * (off * off + now.scale[k] * now.scale[k]);
            }
            if (half) {
                next.shape[k] = 2 + 0.5 * count, next.rate[k] = 3 + 0.5 * square;
                continue;
            }
            precision += count * each;
            next.weight[k] = 1.5 + count;
            next.loc[k] = sum / precision, next.scale[k] = 1 / sqrt(precision);
        }
    }
    return next;
}

static void equals_mixture(arena *a) {
    opened o = open_program(
        a, "axis obs = 60, k = 2\n"
           "data y[obs] : real = 1000 + sin(obs * 12.9898) + (if sin(obs * 78.233) > 0.3 then "
           "3 else 0)\n"
           "model {\n  w[k] ~ dirichlet(1.5)\n  mu[k] ~ normal(1000, 20)\n  tau[k] ~ gamma(2, 3)\n"
           "  z[obs] ~ categorical(w)\n  y[obs] ~ normal(mu[z], 1 / sqrt(tau[z]))\n}\n"
           "guide { rest ~ conjugate() }\n");
    course c = {.before = -INFINITY}, first = c;
    if (!check(o.steps && step(&o, &first), "a mixture", "cannot be fitted")) return;
    mixture m = read_mixture(&o);
    for (int s = 0; s < STEPS; s++) {
        m = mixture_step(m);
        if (!step(&o, &c)) {
            check(false, "a mixture", "is not finite");
            return;
        }
        mixture found = read_mixture(&o);
        for (int k = 0; k < 2; k++) {
            compare(&c, found.weight[k], m.weight[k]);
            compare(&c, found.loc[k], m.loc[k]);
            compare(&c, found.scale[k], m.scale[k]);
            compare(&c, found.shape[k], m.shape[k]);
            compare(&c, found.rate[k], m.rate[k]);
        }
    }
    judge(&c, "a mixture of normal distributions");
    measured drawn = drawn_elbo(&o);
    check(drawn.value > c.before - 4 * drawn.error, "the ELBO with states summed out is above its bound",
          "%g, by draws %g ± %g", c.before, drawn.value, drawn.error);
}

/* ---- topics ---- */

enum { TOKENS = 120, DOCS = 6, TOPICS = 3, WORDS = 8 };

typedef struct topics {
    double doc[DOCS][TOPICS], topic[TOPICS][WORDS];
} topics;

static topics read_topics(const opened *o) {
    topics t;
    for (int i = 0; i < DOCS * TOPICS; i++) (&t.doc[0][0])[i] = positive(o, "theta.concentration", i);
    for (int i = 0; i < TOPICS * WORDS; i++) (&t.topic[0][0])[i] = positive(o, "phi.concentration", i);
    return t;
}

static topics topics_step(const topics *t) {
    topics next;
    for (int i = 0; i < DOCS * TOPICS; i++) (&next.doc[0][0])[i] = 0.1;
    for (int i = 0; i < TOPICS * WORDS; i++) (&next.topic[0][0])[i] = 0.05;
    for (int n = 1; n <= TOKENS; n++) {
        int d = (n - 1) % DOCS, w = (int)(n * 7 + n * n * d) % WORDS;
        double r[TOPICS], all = 0;
        for (int k = 0; k < TOPICS; k++) {
            double words = 0;
            for (int v = 0; v < WORDS; v++) words += t->topic[k][v];
            r[k] = exp(digamma(t->doc[d][k]) + digamma(t->topic[k][w]) - digamma(words));
            all += r[k];
        }
        for (int k = 0; k < TOPICS; k++) next.doc[d][k] += r[k] / all, next.topic[k][w] += r[k] / all;
    }
    return next;
}

static void equals_topics(arena *a) {
    opened o = open_program(
        a, "axis token = 120, doc = 6, topic = 3, word_type = 8\n"
           "let d = (token - 1) - 6 * floor((token - 1) / 6)\n"
           "let v = token * 7 + token^2 * d\n"
           "data doc_of[token] : doc = 1 + d\ndata word[token] : word_type = 1 + v - 8 * floor(v / 8)\n"
           "model {\n  theta[doc, topic] ~ dirichlet(0.1)\n  phi[topic, word_type] ~ dirichlet(0.05)\n"
           "  z[token] ~ categorical(theta[doc_of])\n  word[token] ~ categorical(phi[z])\n}\n"
           "guide { rest ~ conjugate() }\n");
    course c = {.before = -INFINITY}, first = c;
    if (!check(o.steps && step(&o, &first), "topics", "cannot be fitted")) return;
    topics t = read_topics(&o);
    for (int s = 0; s < STEPS; s++) {
        t = topics_step(&t);
        if (!step(&o, &c)) {
            check(false, "topics", "are not finite");
            return;
        }
        topics found = read_topics(&o);
        for (int i = 0; i < DOCS * TOPICS; i++) compare(&c, (&found.doc[0][0])[i], (&t.doc[0][0])[i]);
        for (int i = 0; i < TOPICS * WORDS; i++) compare(&c, (&found.topic[0][0])[i], (&t.topic[0][0])[i]);
    }
    judge(&c, "topics");
}

/* ---- refusals ---- */

static void is_refused(arena *a, const char *statement, const char *why) {
    compiled *c = compile_text(a, arena_print(a,
                                              "axis k = 2\nlet y = 1\n"
                                              "model {\n  b[k] ~ normal(0, 1)\n  s ~ gamma(2, 1)\n  %s\n}\n"
                                              "guide { rest ~ conjugate() }\nfit { objective = cavi }\n",
                                              statement));
    bool passes = c->said.errors || cavi_check(&c->said, c->program, &c->program->options);
    const char *text =
        c->said.list.count ? diagnostic_text(&c->said, &c->said.list.at[c->said.list.count - 1]) : "nothing";
    check(!passes && strstr(text, why), statement, "said: %s", text);
}

static void refuses(arena *a) {
    is_refused(a, "y ~ normal(sum[k](b), 1)", "entries of `b` meet each other in a product");
    is_refused(a, "y ~ normal(0, s)", "`s` enters as s^-2");
}

int main(void) {
    arena a;
    test_memory(&a);
    equals_normal(&a);
    is_exact_alone(&a);
    equals_mixture(&a);
    equals_topics(&a);
    refuses(&a);
    arena_close(&a);
    return check_end();
}
