/* Stochastic variational inference (cavi.h) held against the algorithm of Hoffman, Blei, Wang and Paisley
 * (JMLR 14, 2013, figure 4), written here on its own: after each of 20 steps by mini-batches the guide is its
 * to 1e-10, and so is the ELBO; over all mini-batches of a size the mean of the steps is the step by all
 * rows; with these and the length 1 it is coordinate ascent. Which rows a step visits is the engine's own
 * affair, and told by it. */
#include "tests/check.h"
#include "tests/infer/conjugate_case.h"
#include "tests/memory.h"

enum { STEPS = 20, ROUNDS = 3 };

static double falling(int step) { return pow(10 + step, -0.7); } /* from 1 */

static double log_gamma_mean(double shape, double rate) { return digamma(shape) - log(rate); }

static double worse(double worst, double found, double wanted) {
    return fmax(worst, fabs(found - wanted) / (1 + fabs(wanted)));
}

/* One step over the next rows, and the guide then. */
static bool step(opened *o, double length) {
    batches_next(cavi_batches(o->steps));
    bool moved = cavi_step(o->steps, length);
    cavi_read(o->steps, o->x);
    return moved;
}

/* Says so where a fit has no next step. */
static bool goes_on(bool moved, const char *name) { return moved || check(false, name, "cannot be fitted"); }

/* ---- topics of texts, whose tokens are of different numbers ---- */

enum { TOKENS = 120, DOCS = 6, TOPICS = 3, WORDS = 8 };

static const char TOPICS_TEXT[] =
    "axis token = 120, doc = 6, topic = 3, word_type = 8\n"
    "let d = floor((token - 1) * (token - 1) / 2400)\n"
    "let v = token * 7 + token^2 * d\n"
    "data doc_of[token] : doc = 1 + d\ndata word[token] : word_type = 1 + v - 8 * floor(v / 8)\n"
    "model {\n  theta[doc, topic] ~ dirichlet(0.1)\n  phi[topic, word_type] ~ dirichlet(0.05)\n"
    "  z[token] ~ categorical(theta[doc_of])\n  word[token] ~ categorical(phi[z])\n}\n"
    "guide { rest ~ conjugate() }\n"
    "fit { objective = cavi; batch = doc: %d; rounds = 3 }\n";

typedef struct topics {
    double doc[DOCS][TOPICS], topic[TOPICS][WORDS], elbo;
} topics;

static int doc_of(int n) { return (n - 1) * (n - 1) / 2400; }
static int word_of(int n) { return (n * 7 + n * n * doc_of(n)) % WORDS; }

static topics read_topics(const opened *o) {
    topics t = {.elbo = cavi_value(o->steps)};
    for (int i = 0; i < DOCS * TOPICS; i++) (&t.doc[0][0])[i] = positive(o, "theta.concentration", i);
    for (int i = 0; i < TOPICS * WORDS; i++) (&t.topic[0][0])[i] = positive(o, "phi.concentration", i);
    return t;
}

static double sum(const double *x, int size) {
    double all = 0;
    for (int i = 0; i < size; i++) all += x[i];
    return all;
}

/* KL from dirichlet(x) to dirichlet(prior). */
static double dirichlet_kl(const double *x, int size, double prior) {
    double all = sum(x, size), kl = lgamma(all) - lgamma(prior * size) + size * lgamma(prior);
    for (int i = 0; i < size; i++) kl += (x[i] - prior) * (digamma(x[i]) - digamma(all)) - lgamma(x[i]);
    return kl;
}

/* Of one token: how likely each topic is; returns the log of the sum. */
static double token_topics(const topics *t, int n, double *r) {
    double all = 0;
    for (int k = 0; k < TOPICS; k++) {
        r[k] = exp(digamma(t->doc[doc_of(n)][k]) - digamma(sum(t->doc[doc_of(n)], TOPICS)) +
                   digamma(t->topic[k][word_of(n)]) - digamma(sum(t->topic[k], WORDS)));
        all += r[k];
    }
    for (int k = 0; k < TOPICS; k++) r[k] /= all;
    return log(all);
}

static void bring_to_rest(topics *t, int doc) {
    for (int round = 0; round < ROUNDS; round++) {
        double next[TOPICS] = {0.1, 0.1, 0.1}, r[TOPICS];
        for (int n = 1; n <= TOKENS; n++) {
            if (doc_of(n) != doc) continue;
            token_topics(t, n, r);
            for (int k = 0; k < TOPICS; k++) next[k] += r[k];
        }
        memcpy(t->doc[doc], next, sizeof next);
    }
}

static topics topics_step(topics t, const double *rows, int size, double length) {
    double best[TOPICS][WORDS], stands = (double)DOCS / size;
    for (int i = 0; i < TOPICS * WORDS; i++) (&best[0][0])[i] = 0.05;
    t.elbo = 0;
    for (int k = 0; k < TOPICS; k++) t.elbo -= dirichlet_kl(t.topic[k], WORDS, 0.05);
    for (int b = 0; b < size; b++) {
        int doc = (int)rows[b] - 1;
        bring_to_rest(&t, doc);
        t.elbo -= stands * dirichlet_kl(t.doc[doc], TOPICS, 0.1);
        for (int n = 1; n <= TOKENS; n++) {
            double r[TOPICS];
            if (doc_of(n) != doc) continue;
            t.elbo += stands * token_topics(&t, n, r);
            for (int k = 0; k < TOPICS; k++) best[k][word_of(n)] += stands * r[k];
        }
    }
    for (int i = 0; i < TOPICS * WORDS; i++)
        (&t.topic[0][0])[i] = (1 - length) * (&t.topic[0][0])[i] + length * (&best[0][0])[i];
    return t;
}

static double topics_apart(const topics *found, const topics *wanted) {
    double worst = worse(0, found->elbo, wanted->elbo);
    for (int i = 0; i < DOCS * TOPICS; i++)
        worst = worse(worst, (&found->doc[0][0])[i], (&wanted->doc[0][0])[i]);
    for (int i = 0; i < TOPICS * WORDS; i++)
        worst = worse(worst, (&found->topic[0][0])[i], (&wanted->topic[0][0])[i]);
    return worst;
}

/* The first step is by noise, and the algorithm goes on from what that has led to. */
static void equals_topics(arena *a) {
    double worst = 0;
    opened o = open_program(a, arena_print(a, TOPICS_TEXT, 2));
    if (!goes_on(o.steps && step(&o, falling(1)), "topics")) return;
    topics t = read_topics(&o);
    for (int s = 2; s <= STEPS + 1; s++) {
        if (!goes_on(step(&o, falling(s)), "topics")) return;
        t = topics_step(t, cavi_batches(o.steps)->rows, 2, falling(s));
        topics found = read_topics(&o);
        worst = fmax(worst, topics_apart(&found, &t));
    }
    check(worst < 1e-10, "topics by batches of texts", "a step is %.2g off", worst);
}

/* ---- groups and their mean ---- */

enum { ROWS = 60, GROUPS = 6 };

static const char GROUPS_TEXT[] =
    "axis obs = 60, group = 6\n"
    "data of[obs] : group = 1 + floor((obs - 1) * (obs - 1) / 600)\n"
    "data y[obs] : real = 5 + of + sin(obs * 12.9898)\n"
    "model {\n  mu ~ normal(1, 10)\n  tau ~ gamma(2, 3)\n  s ~ gamma(4, 1)\n"
    "  a[group] ~ normal(mu, 1 / sqrt(tau))\n  y[obs] ~ normal(a[of], 1 / sqrt(s))\n}\n"
    "guide {\n  a[group] ~ normal(?, ?)\n  rest ~ conjugate()\n}\n"
    "fit { objective = cavi; %s }\n";

static int group_of(int n) { return (n - 1) * (n - 1) / 600; }
static double row(int n) { return 6 + group_of(n) + sin(n * 12.9898); }

/* Means and precisions of normals, shapes and rates of gammas. */
typedef struct shared {
    double mean, precision, tau_shape, tau_rate, s_shape, s_rate;
} shared;
typedef struct groups {
    shared all;
    double mean[GROUPS], variance[GROUPS], elbo;
} groups;

static groups read_groups(const opened *o) {
    groups g = {.elbo = cavi_value(o->steps)};
    g.all = (shared){.mean = argument_of(o, "mu.loc")[0],
                     .precision = pow(positive(o, "mu.scale", 0), -2),
                     .tau_shape = positive(o, "tau.shape", 0),
                     .tau_rate = positive(o, "tau.rate", 0),
                     .s_shape = positive(o, "s.shape", 0),
                     .s_rate = positive(o, "s.rate", 0)};
    for (int k = 0; k < GROUPS; k++) {
        g.mean[k] = argument_of(o, "a.loc")[k];
        g.variance[k] = pow(positive(o, "a.scale", k), 2);
    }
    return g;
}

static double square(double x) { return x * x; }

static double log_gamma_kl(double shape, double rate, double prior_shape, double prior_rate) {
    return (shape - prior_shape) * digamma(shape) - lgamma(shape) + lgamma(prior_shape) +
           prior_shape * (log(rate) - log(prior_rate)) + shape * (prior_rate / rate - 1);
}

/* The mean, the entropy and what there is of data of a group, its guide the best there is. */
static double visit_group(groups *g, int k) {
    const shared *q = &g->all;
    double tau = q->tau_shape / q->tau_rate, s = q->s_shape / q->s_rate, precision = tau;
    double total = tau * q->mean;
    for (int n = 1; n <= ROWS; n++)
        if (group_of(n) == k) precision += s, total += s * row(n);
    g->mean[k] = total / precision, g->variance[k] = 1 / precision;
    double elbo = 0.5 + 0.5 * log(g->variance[k]) + 0.5 * log_gamma_mean(q->tau_shape, q->tau_rate) -
                  0.5 * tau * (square(g->mean[k] - q->mean) + g->variance[k] + 1 / q->precision);
    for (int n = 1; n <= ROWS; n++)
        if (group_of(n) == k)
            elbo += 0.5 * log_gamma_mean(q->s_shape, q->s_rate) - 0.5 * log(2 * M_PI) -
                    0.5 * s * (square(row(n) - g->mean[k]) + g->variance[k]);
    return elbo;
}

/* λ' of what all share, as mean times precision, precision and the arguments of the gammas. */
static shared groups_best(groups *g, const double *rows, int size) {
    const shared *q = &g->all;
    double tau = q->tau_shape / q->tau_rate, stands = (double)GROUPS / size;
    shared best = {1.0 / 100, 1.0 / 100, 2, 3, 4, 1};
    g->elbo = -log_gamma_kl(q->tau_shape, q->tau_rate, 2, 3) - log_gamma_kl(q->s_shape, q->s_rate, 4, 1) -
              0.5 * (square(q->mean - 1) + 1 / q->precision) / 100 + 0.5 -
              0.5 * (log(q->precision) + log(100));
    for (int b = 0; b < size; b++) {
        int k = (int)rows[b] - 1;
        g->elbo += stands * visit_group(g, k);
        best.mean += stands * tau * g->mean[k], best.precision += stands * tau;
        best.tau_shape += stands * 0.5;
        best.tau_rate += stands * 0.5 * (square(g->mean[k] - q->mean) + g->variance[k] + 1 / q->precision);
        for (int n = 1; n <= ROWS; n++) {
            if (group_of(n) != k) continue;
            best.s_shape += stands * 0.5;
            best.s_rate += stands * 0.5 * (square(row(n) - g->mean[k]) + g->variance[k]);
        }
    }
    return best;
}

static double mixed(double now, double best, double length) { return (1 - length) * now + length * best; }

static groups groups_step(groups g, const double *rows, int size, double length) {
    shared best = groups_best(&g, rows, size), *q = &g.all;
    double total = mixed(q->mean * q->precision, best.mean, length);
    q->precision = mixed(q->precision, best.precision, length);
    q->mean = total / q->precision;
    q->tau_shape = mixed(q->tau_shape, best.tau_shape, length);
    q->tau_rate = mixed(q->tau_rate, best.tau_rate, length);
    q->s_shape = mixed(q->s_shape, best.s_shape, length);
    q->s_rate = mixed(q->s_rate, best.s_rate, length);
    return g;
}

static double shared_apart(const shared *x, const shared *y) {
    double worst = worse(0, x->mean, y->mean);
    worst = worse(worst, x->precision, y->precision);
    worst = worse(worse(worst, x->tau_shape, y->tau_shape), x->tau_rate, y->tau_rate);
    return worse(worse(worst, x->s_shape, y->s_shape), x->s_rate, y->s_rate);
}

static double groups_apart(const groups *found, const groups *wanted) {
    double worst = worse(shared_apart(&found->all, &wanted->all), found->elbo, wanted->elbo);
    for (int k = 0; k < GROUPS; k++) {
        worst = worse(worst, found->mean[k], wanted->mean[k]);
        worst = worse(worst, found->variance[k], wanted->variance[k]);
    }
    return worst;
}

static void equals_groups(arena *a) {
    double worst = 0;
    opened o = open_program(a, arena_print(a, GROUPS_TEXT, "batch = group: 2; rounds = 2"));
    if (!goes_on(o.steps != NULL, "groups")) return;
    groups g = read_groups(&o);
    for (int s = 1; s <= STEPS; s++) {
        if (!goes_on(step(&o, falling(s)), "groups")) return;
        g = groups_step(g, cavi_batches(o.steps)->rows, 2, falling(s));
        groups found = read_groups(&o);
        worst = fmax(worst, groups_apart(&found, &g));
    }
    check(worst < 1e-10, "groups and their mean by batches", "a step is %.2g off", worst);
}

/* By all rows a step of length 1 is a round of coordinate ascent in which the groups come first. */
static void equals_ascent(arena *a) {
    opened all = open_program(a, arena_print(a, GROUPS_TEXT, "batch = group: 6; rounds = 1"));
    opened ascent = open_program(a, arena_print(a, GROUPS_TEXT, "seed = 1"));
    if (!goes_on(all.steps && ascent.steps, "by all rows")) return;
    bool same = true;
    for (int s = 0; s < STEPS; s++) {
        if (!goes_on(step(&all, 1) && step(&ascent, 1), "by all rows")) return;
        for (uint64_t i = 0; i < all.guide->size; i++) same &= all.x[i] == ascent.x[i];
    }
    check(same, "a step of length 1 by all rows", "is not a round of coordinate ascent");
}

/* ---- without bias ---- */

/* The next way to choose `size` of 6 rows, as bits; 0 after the last one. */
static unsigned next_choice(unsigned bits, int size) {
    do bits++;
    while (bits < 1u << DOCS && __builtin_popcount(bits) != size);
    return bits < 1u << DOCS ? bits : 0;
}

static void list_rows(unsigned bits, double *rows) {
    for (int i = 0; i < DOCS; i++)
        if (bits >> i & 1) *rows++ = i + 1;
}

/* Steps of length 1 from x by all choices of rows: their mean is that by all rows. */
static void groups_are_unbiased(arena *a, int size) {
    opened o =
        open_program(a, arena_print(a, GROUPS_TEXT, arena_print(a, "batch = group: %d; rounds = 1", size)));
    if (!goes_on(o.steps && step(&o, 0.3) && step(&o, 0.2), "groups")) return;
    double rows[] = {1, 2, 3, 4, 5, 6}, *x = arena_array(a, double, o.guide->size), count = 0;
    memcpy(x, o.x, o.guide->size * sizeof *x);
    groups from = read_groups(&o);
    shared best = groups_best(&from, rows, GROUPS), mean = {0};
    for (unsigned bits = next_choice(0, size); bits; bits = next_choice(bits, size), count++) {
        list_rows(bits, rows);
        cavi_place(o.steps, x);
        batches_visit(cavi_batches(o.steps), rows);
        if (!goes_on(cavi_step(o.steps, 1), "groups")) return;
        cavi_read(o.steps, o.x);
        shared q = read_groups(&o).all;
        mean.mean += q.mean * q.precision, mean.precision += q.precision;
        mean.tau_shape += q.tau_shape, mean.tau_rate += q.tau_rate;
        mean.s_shape += q.s_shape, mean.s_rate += q.s_rate;
    }
    mean = (shared){mean.mean / count,     mean.precision / count, mean.tau_shape / count,
                    mean.tau_rate / count, mean.s_shape / count,   mean.s_rate / count};
    double off = shared_apart(&mean, &best);
    check(off < 1e-11, arena_print(a, "the mean over all batches of %d groups", size), "is %.2g off", off);
}

static void topics_are_unbiased(arena *a, int size) {
    opened o = open_program(a, arena_print(a, TOPICS_TEXT, size));
    if (!goes_on(o.steps && step(&o, 0.3) && step(&o, 0.2), "topics")) return;
    double rows[] = {1, 2, 3, 4, 5, 6}, *x = arena_array(a, double, o.guide->size), count = 0, off = 0;
    memcpy(x, o.x, o.guide->size * sizeof *x);
    topics all = topics_step(read_topics(&o), rows, DOCS, 1), mean = {.elbo = 0};
    for (unsigned bits = next_choice(0, size); bits; bits = next_choice(bits, size), count++) {
        list_rows(bits, rows);
        cavi_place(o.steps, x);
        batches_visit(cavi_batches(o.steps), rows);
        if (!goes_on(cavi_step(o.steps, 1), "topics")) return;
        cavi_read(o.steps, o.x);
        topics found = read_topics(&o);
        mean.elbo += found.elbo;
        for (int i = 0; i < TOPICS * WORDS; i++) (&mean.topic[0][0])[i] += (&found.topic[0][0])[i];
    }
    for (int i = 0; i < TOPICS * WORDS; i++)
        off = worse(off, (&mean.topic[0][0])[i] / count, (&all.topic[0][0])[i]);
    off = worse(off, mean.elbo / count, all.elbo);
    check(off < 1e-11, arena_print(a, "the mean over all batches of %d texts", size), "is %.2g off", off);
}

/* ---- refusals ---- */

static void is_refused(arena *a, const char *model, const char *options, const char *why) {
    compiled *c = compile_text(
        a, arena_print(a,
                       "axis row = 8, text = 3\ndata of[row] : text = 1 + (row > 4)\n"
                       "data other[row] : text = 1\ndata y[row] : real = 0\nmodel {\n  m ~ normal(0, 1)\n"
                       "  %s\n}\nguide { rest ~ conjugate() }\nfit { objective = cavi; %s }\n",
                       model, options));
    const struct options *o = &c->program->options;
    bool passes =
        c->said.errors || (batch_check(&c->said, c->program, o) && cavi_check(&c->said, c->program, o));
    const char *text =
        c->said.list.count ? diagnostic_text(&c->said, &c->said.list.at[c->said.list.count - 1]) : "nothing";
    check(!passes && strstr(text, why), why, "said: %s", text);
}

static void refuses(arena *a) {
    const char *plain = "y[row] ~ normal(m, 1)";
    is_refused(a, plain, "rate = 1.5", "a step of 1 is the best there is");
    is_refused(a, plain, "rounds = 3", "`rounds` are of the latents of the rows of a batch");
    is_refused(a, plain, "anneal = 0 -> 1 over 10", "`anneal` is given");
    is_refused(a, "t[text] ~ normal(m, 1)\n  y[row] ~ normal(t[of] + t[other], 1)", "batch = text: 2",
               "this needs all of its entries at once");
    is_refused(a, "t[text] ~ normal(m, 1)\n  u[row] ~ normal(t[of], 1)\n  y[row] ~ normal(u, 1)",
               "batch = text: 2", "`u` is a latent of each entry of `row`, which follows it");
}

int main(void) {
    arena a;
    test_memory(&a);
    equals_topics(&a);
    equals_groups(&a);
    equals_ascent(&a);
    for (int size = 1; size < DOCS; size++) groups_are_unbiased(&a, size), topics_are_unbiased(&a, size);
    refuses(&a);
    arena_close(&a);
    return check_end();
}
