/* Categories that are relaxed (relaxation.h): the gradient is what its definition says at the noise of the
 * step, written out by hand; its expectation is that of the relaxed objective, by quadrature, and not that of
 * the objective, summed over the states; as the temperature falls the two meet. And what is gathered in other
 * ways than by the latent itself has the slopes of its values, by differences. */
#include <math.h>
#include <string.h>
#include "tests/check.h"
#include "tests/infer/climbs.h"
#include "tests/memory.h"

enum { STATES = 3 };

/* Numbers of the guide: its logits. */
static const char PROGRAM[] =
    "axis kind = 3\ndata y : real = 1.1\nlet mu[kind] = 0.9 * kind - 2\n"
    "model {\n  z : kind ~ categorical(if kind == 1 then 0.5 else if kind == 2 then 0.3 else 0.2)\n"
    "  y ~ normal(mu[z], 1)\n}\n"
    "guide {\n  param w[kind] : real = 0\n  z ~ categorical_logit(w)\n}\n";
static const double AT[STATES] = {0.4, -0.3, 0.2}, PRIOR[STATES] = {0.5, 0.3, 0.2},
                    MU[STATES] = {-1.1, -0.2, 0.7};

static double log_likelihood(double m) { return -0.5 * (1.1 - m) * (1.1 - m) - 0.5 * log(2 * M_PI); }

static void softmax(const double *x, double t, double *share) {
    double most = fmax(x[0], fmax(x[1], x[2])), sum = 0;
    for (int k = 0; k < STATES; k++) sum += share[k] = exp((x[k] - most) / t);
    for (int k = 0; k < STATES; k++) share[k] /= sum;
}

/* The slopes by the logits of sum z_k f_k at the noise g, where f is log p_k - log q_k, and of the log
 * likelihood of the mixture; z is soft, or with `straight` the state whose slope is that of what is soft. */
static void add_slopes(const double *w, const double *g, double t, bool straight, double mass,
                       double *slope) {
    double x[STATES], soft[STATES], q[STATES], f[STATES], mean = 0, mean_f = 0;
    softmax(w, 1, q);
    int first = 0;
    for (int k = 0; k < STATES; k++) {
        x[k] = w[k] + g[k];
        if (x[k] > x[first]) first = k;
    }
    softmax(x, t, soft);
    for (int k = 0; k < STATES; k++) {
        f[k] = log(PRIOR[k] / q[k]);
        mean += soft[k] * MU[k], mean_f += soft[k] * f[k];
    }
    double residual = 1.1 - (straight ? MU[first] : mean);
    for (int k = 0; k < STATES; k++) {
        double path = soft[k] * (residual * (MU[k] - mean) + f[k] - mean_f) / t;
        slope[k] += mass * (path - (straight ? k == first : soft[k]) + q[k]);
    }
}

static objective *opened(const char *program, const char *estimator, const char *noise, const double *at,
                         arena *a) {
    const setting set[] = {
        {OPTION_estimator, estimator}, {OPTION_noise, noise}, {OPTION_samples, "4"}, {OPTION_beta, "1"}};
    return climbing(a, program, set, 4, at);
}

/* The uniform numbers of coupled draws are inputs, which can be read. */
static void follows_its_definition(const char *estimator, bool straight, arena *a) {
    objective *o = opened(PROGRAM, estimator, "sobol", AT, a);
    if (!check(o && o->noise.inputs.count == 1, estimator, "no objective, or other noise")) return;
    const noise_input *in = &o->noise.inputs.at[0];
    double worst = 0;
    for (uint64_t step = 0; step < 100; step++) {
        double slope[STATES] = {0}, found[STATES];
        objective_climb(o, step, 0);
        optimiser_gradient(&o->climber, found);
        for (uint32_t b = 0; b < o->draws; b++) {
            double g[STATES];
            for (uint64_t k = 0; k < STATES; k++)
                g[k] = -log(-log(in->uniform[in->after == STATES ? b * STATES + k : k * o->draws + b]));
            add_slopes(AT, g, 0.7, straight, 1.0 / o->draws, slope);
        }
        for (int k = 0; k < STATES; k++) worst = fmax(worst, fabs(slope[k] - found[k]));
    }
    check(worst < 1e-12, arena_print(a, "%s at fixed noise", estimator), "off by %g", worst);
}

/* Over differences x and y of two of the Gumbel numbers to the third, which are all that matters: their
 * density is 2 exp(-x - y) / (1 + exp(-x) + exp(-y))³. By the trapezoidal rule; with `straight` the jumps
 * between states leave an error of the order of the square of its step, as the density there is smooth. */
static void expected_slopes(double t, bool straight, double *slope) {
    const double h = 0.05;
    for (int k = 0; k < STATES; k++) slope[k] = 0;
    for (double x = -25 + 0.37 * h; x < 25; x += h)
        for (double y = -25 + 0.71 * h; y < 25; y += h) {
            double g[STATES] = {x, y, 0}, most = fmax(0, fmax(-x, -y));
            double sum = exp(-most) + exp(-x - most) + exp(-y - most);
            double density = 2 * exp(-x - y - 3 * most) / (sum * sum * sum);
            add_slopes(AT, g, t, straight, h * h * density, slope);
        }
}

/* Of the ELBO: sum q_k (log p(y | k) - log q_k / p_k). */
static void exact_slopes(double *slope) {
    double q[STATES], each[STATES], mean = 0;
    softmax(AT, 1, q);
    for (int k = 0; k < STATES; k++) {
        each[k] = log_likelihood(MU[k]) - log(q[k] / PRIOR[k]);
        mean += q[k] * each[k];
    }
    for (int k = 0; k < STATES; k++) slope[k] = q[k] * (each[k] - mean);
}

static void is_biased_as_it_says(const char *word, bool straight, arena *a) {
    const char *name = arena_print(a, "%s(0.7)", word);
    double exact[STATES], expected[STATES], off = 0;
    objective *o = opened(PROGRAM, name, "random", AT, a);
    if (!check(o != NULL, name, "no objective")) return;
    estimates e = estimates_of(o, 100000, a);
    expected_slopes(0.7, straight, expected);
    exact_slopes(exact);
    for (int k = 0; k < STATES; k++) {
        check(fabs(e.mean[k] - expected[k]) < 4 * e.error[k] + 1e-3 * straight, name,
              "slope %d is %.5f +- %.5f, not %.5f", k, e.mean[k], e.error[k], expected[k]);
        off = fmax(off, fabs(expected[k] - exact[k]));
    }
    check(off > 0.02, name, "it is not biased: %g", off);
}

/* The relaxed draw is within t of a state but with a probability of the order of t, where the integrand is
 * off by as much: the bias falls as t². */
static void meets_the_objective(void) {
    double exact[STATES], slope[STATES], last = INFINITY;
    exact_slopes(exact);
    for (double t = 0.8; t > 0.15; t /= 2) {
        double off = 0;
        expected_slopes(t, false, slope);
        for (int k = 0; k < STATES; k++) off = fmax(off, fabs(slope[k] - exact[k]));
        printf("# bias of concrete(%g): %.2g\n", t, off);
        check(off < 0.5 * last, "the bias falls with the temperature", "%g at %g, before %g", off, t, last);
        last = off;
    }
}

/* By way of data, of a part, of another latent, of a table of two categories; the objective at held noise is
 * a function of the guide's numbers, whose slopes differences have. */
static void gathers_in_all_ways(arena *a) {
    static const char WAYS[] =
        "axis doc = 2, word = 4, kind = 3, colour = 2\n"
        "data of[word] : doc = 1 + (word > 2)\ndata y[word] : real = sin(word)\n"
        "model {\n  z[doc] : kind ~ categorical_logit(0.2 * kind)\n  c[word] : colour ~ "
        "categorical_logit(0.3 * colour)\n"
        "  m[kind, colour] ~ normal(0, 1)\n  s[kind] ~ normal(0, 1)\n"
        "  same = z[of]\n  y[word] ~ normal(m[same, c] + s[z[doc = 2]], 0.7)\n}\n"
        "guide {\n  param u[doc, kind] : real = 0.3 * doc - 0.2 * kind\n"
        "  param v[kind, colour] : real = 0.1 * kind * colour\n  param n[kind, colour] : real = kind - "
        "colour\n"
        "  z[doc] ~ categorical_logit(u)\n  c[word] ~ categorical_logit(v[z[of]])\n"
        "  m[kind, colour] ~ normal(n, 0.5)\n  s[kind] ~ normal(0.2 * kind, 0.5)\n}\n";
    objective *o = opened(WAYS, "z: concrete(0.6), c: concrete(0.8), rest: pathwise", "random", NULL, a);
    if (!check(o != NULL, "gathers", "no objective")) return;
    enum { MOST = 32 };
    double found[MOST], at[MOST], h = 1e-5, worst = 0;
    memcpy(at, o->x, o->guide->size * sizeof *at);
    objective_climb(o, 3, 0);
    optimiser_gradient(&o->climber, found);
    for (uint64_t k = 0; k < o->guide->size; k++) {
        double change = 0;
        for (int side = -1; side <= 1; side += 2) {
            memcpy(o->x, at, o->guide->size * sizeof *at);
            o->x[k] += side * h;
            optimiser_place(&o->climber, o->x);
            objective_run(o, 3);
            change += side * o->value;
        }
        worst = fmax(worst, fabs(change / (2 * h) - found[k]));
    }
    check(worst < 1e-7, "all ways to gather by a mixture", "off by %g", worst);
}

int main(void) {
    arena a;
    test_memory(&a);
    follows_its_definition("concrete(0.7)", false, &a);
    follows_its_definition("straight_through(0.7)", true, &a);
    is_biased_as_it_says("concrete", false, &a);
    is_biased_as_it_says("straight_through", true, &a);
    meets_the_objective();
    gathers_in_all_ways(&a);
    arena_close(&a);
    return check_end();
}
