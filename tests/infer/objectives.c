/* What objectives and estimators are known to do: the order of their variances, signals that do not drown,
 * bounds that close in on the evidence at the rates of theory, the parts that an ELBO is the sum of, and
 * batches that stand for all rows. Where a figure is printed it stands in docs/estimators.md, too. */
#include "runtime/infer/jackknife.h"
#include "tests/check.h"
#include "tests/infer/climbs.h"
#include "tests/infer/fitted.h"
#include "tests/memory.h"

static double log_normal(double x, double m, double s) {
    return -0.5 * (x - m) * (x - m) / (s * s) - log(s) - 0.5 * log(2 * M_PI);
}

/* ---- variances ---- */

static const char GAUSSIAN[] = "axis k = 5\ndata y : real = 3\n"
                               "model {\n  z[k] ~ normal(0, 1)\n  y ~ normal(sum[k](z), 1)\n}\n"
                               "guide { z[k] ~ normal(?, ?) }\n";

/* Of the slope of the first mean. */
static double variance_of(const char *estimator, const char *noise, const char *samples, arena *a) {
    enum { MOST = 20000 };
    static const double AT[10] = {0.2, 0.3, 0.4, 0.5, 0.6, -0.2, -0.2, -0.2, -0.2, -0.2};
    const setting set[] = {{OPTION_estimator, estimator}, {OPTION_samples, samples}, {OPTION_noise, noise}};
    objective *o = climbing(a, GAUSSIAN, set, 3, AT);
    return o ? MOST * pow(estimates_of(o, MOST, a).error[0], 2) : NAN;
}

static void variances_are_ordered(arena *a) {
    double path = variance_of("pathwise", "random", "10", a), less = variance_of("score", "random", "10", a),
           plain = variance_of("reinforce", "random", "10", a);
    printf("# variance: pathwise %.4g, score %.4g, reinforce %.4g\n", path, less, plain);
    /* relative errors of these variances are about sqrt(2 / 20000), 1 % */
    check(path < 0.5 * less, "pathwise is quieter than leave-one-out", "%g, %g", path, less);
    check(less < 0.7 * plain, "leave-one-out is quieter than the plain score", "%g, %g", less, plain);
}

/* The path of a Gaussian is linear in its draws, so that pairs leave no noise in a mean; the score is not. Of
 * scrambled points a variance falls nearly as the third power of their number, not as the first (Owen, Annals
 * of Statistics 25, 1997): in five dimensions, whose points are not that many, faster by far than the first.
 */
static void coupled_draws_are_quieter(arena *a) {
    double none = variance_of("pathwise", "antithetic", "16", a);
    check(none < 1e-20, "pairs leave a linear path no noise", "%g", none);
    double few[2], many[2];
    for (int i = 0; i < 2; i++) {
        few[i] = variance_of("reinforce", i ? "sobol" : "random", "16", a);
        many[i] = variance_of("reinforce", i ? "sobol" : "random", "256", a);
    }
    double path = variance_of("pathwise", "random", "256", a),
           even = variance_of("pathwise", "sobol", "256", a);
    printf("# variance of reinforce by 16 and 256 draws: independent %.3g, %.3g, sobol %.3g, %.3g\n", few[0],
           many[0], few[1], many[1]);
    printf("# variance of pathwise by 256: independent %.3g, sobol %.3g\n", path, even);
    check(few[1] < few[0] && many[1] < 0.5 * many[0], "even points are quieter", "%g, %g", many[1], many[0]);
    check(many[1] / few[1] < 0.7 * many[0] / few[0], "and more so the more they are", "%g, %g",
          many[1] / few[1], many[0] / few[0]);
    check(even < 0.02 * path, "even points are quiet along a path", "%g, %g", even, path);
}

/* A net: of 16 points each sixteenth of either of two dimensions has one, each quarter by quarter, too; of
 * the 17th dimension the sixteenths. */
static void points_are_even(void) {
    double u[17][16];
    for (uint64_t d = 0; d < 17; d++) noise_sobol(3, 7, d, 16, u[d]);
    for (uint64_t d = 0; d < 17; d++) {
        uint32_t seen = 0;
        for (int i = 0; i < 16; i++) seen |= 1u << (int)(16 * u[d][i]);
        check(seen == 0xffff, "points of one dimension are even", "%u: %x", (unsigned)d, seen);
    }
    uint32_t squares = 0;
    for (int i = 0; i < 16; i++) squares |= 1u << (4 * (int)(4 * u[0][i]) + (int)(4 * u[1][i]));
    check(squares == 0xffff, "points of two dimensions are even", "%x", squares);
}

/* z ~ normal(0, 1), y = 1 ~ normal(z, 1): the posterior is normal(1/2, sqrt(1/2)). */
static const char CONJUGATE[] =
    "data y : real = 1\n"
    "model {\n  z ~ normal(0, 1)\n  y ~ normal(z, 1)\n}\nguide { z ~ normal(?, ?) }\n";

static void landing_sticks(arena *a) {
    const double at[] = {0.5, 0.5 * log(0.5)};
    const setting stl[] = {{OPTION_estimator, "stl"}}, path[] = {{OPTION_estimator, "pathwise"}};
    objective *o = climbing(a, CONJUGATE, stl, 1, at), *noisy = climbing(a, CONJUGATE, path, 1, at);
    if (!check(o && noisy, "the landing", "no objective")) return;
    estimates e = estimates_of(o, 1000, a), n = estimates_of(noisy, 1000, a);
    for (int k = 0; k < 2; k++) {
        check(fabs(e.mean[k]) + e.error[k] < 1e-14, "sticking the landing has no noise at the optimum",
              "%g +- %g", e.mean[k], e.error[k]);
        check(n.error[k] > 0.005, "the total derivative has", "%g", n.error[k]);
    }
}

/* ---- signal and noise (Rainforth et al., ICML 2018; Tucker et al., ICLR 2019, section 6.1) ---- */

/* z ~ normal(0, 1), x ~ normal(z, 1) in 20 dimensions; the guide is the posterior, its params off by 0.01
 * each. */
static const char TOY[] = "axis d = 20\ndata x[d] : real = 2 * sin(12.9898 * d)\n"
                          "model {\n  z[d] ~ normal(0, 1)\n  factor sum[d](log_density(normal(z, 1), x))\n}\n"
                          "guide {\n  param b[d] : real = x / 2 + 0.1 * cos(78.233 * d)\n"
                          "  z[d] ~ normal(b, sqrt(0.5) * 1.01)\n}\n";

static double signal_to_noise(const char *estimator, const char *objective_text, arena *a) {
    enum { MANY = 1000 };
    const setting set[] = {{OPTION_objective, objective_text}, {OPTION_estimator, estimator}};
    objective *o = climbing(a, TOY, set, 2, NULL);
    if (!o) return NAN;
    estimates e = estimates_of(o, MANY, a);
    double sum = 0;
    for (uint64_t k = 0; k < e.count; k++)
        sum += fabs(e.mean[k]) / (e.error[k] * sqrt(MANY)) / (double)e.count;
    return sum;
}

/* The signal's own error, 1 / sqrt(1000), is a floor of 0.025 under the mean of its absolute values. */
static void signals_grow(arena *a) {
    static const char *const DRAWS[] = {"iwae(1)", "iwae(10)", "iwae(100)", "iwae(1000)"};
    double plain[4], doubly[4], stuck[4];
    for (int i = 0; i < 4; i++) {
        plain[i] = signal_to_noise("pathwise", DRAWS[i], a);
        doubly[i] = signal_to_noise("dreg", DRAWS[i], a);
        stuck[i] = signal_to_noise("stl", DRAWS[i], a);
        printf("# signal to noise, %s: pathwise %.3f, dreg %.3f, stl %.3f\n", DRAWS[i], plain[i], doubly[i],
               stuck[i]);
    }
    check(doubly[3] > 0.7 * doubly[0], "the doubly reparameterised signal stays", "%g, %g", doubly[0],
          doubly[3]);
    check(doubly[3] > 10 * plain[3], "the plain one drowns beside it", "%g, %g", doubly[3], plain[3]);
    check(plain[3] < 0.05, "the plain one drowns", "%g", plain[3]);
}

/* ---- bounds ---- */

static measured value_of(const char *program, const char *text, uint64_t steps, arena *a) {
    const setting set[] = {{OPTION_objective, text}};
    objective *o = climbing(a, program, set, 1, NULL);
    if (!o) return (measured){NAN, NAN};
    estimates e = estimates_of(o, steps, a);
    return (measured){e.mean[e.count], e.error[e.count]};
}

/* Weights are the likelihood at draws of the prior: bounded, with a variance in closed form,
 * E w² / (E w)² = normal(1; 0, sqrt(3/2)) / (2 sqrt(pi)) / normal(1; 0, sqrt 2)². */
static void bounds_close_in(arena *a) {
    static const char PROGRAM[] = "data y : real = 1\nmodel {\n  z ~ normal(0, 1)\n  y ~ normal(z, 1)\n}\n"
                                  "guide {\n  param m : real = 0\n  z ~ normal(m, 1)\n}\n";
    double evidence = log_normal(1, 0, sqrt(2.0));
    double spread = exp(log_normal(1, 0, sqrt(1.5)) - 2 * evidence) / (2 * sqrt(M_PI)) - 1;
    double last = -INFINITY, last_error = 0, gap = 0;
    for (int draws = 1; draws <= 64; draws *= 4) {
        measured x = value_of(PROGRAM, arena_print(a, "iwae(%d)", draws), 100000, a);
        check(x.value > last + 4 * (x.error + last_error), "iwae rises with its draws", "%g, then %g", last,
              x.value);
        check(x.value < evidence + 4 * x.error, "iwae is below the evidence", "%g +- %g", x.value, x.error);
        gap = evidence - x.value, last = x.value, last_error = x.error;
        printf("# iwae(%d): %.5f +- %.5f below the evidence, theory %.5f\n", draws, gap, x.error,
               spread / (2 * draws));
    }
    /* the next term of the bias is of the order of 1 / 64² */
    check(fabs(gap - spread / 128) < 4 * last_error + 1.0 / (64 * 64), "its bias is Var(w) / 2 K",
          "%g, not %g", gap, spread / 128);
    measured above = value_of(PROGRAM, "chi(2, 64)", 20000, a);
    printf("# chi(2, 64): %.5f +- %.5f, the evidence %.5f\n", above.value, above.error, evidence);
    check(above.value > evidence + 4 * above.error, "chi lies above", "%g +- %g", above.value, above.error);
}

/* Weights that are 1/2 or 3/2: expectations are sums over how many are 3/2. */
static void expected_logs(int n, double *mean, double *jackknife, arena *a) {
    double *log_p = arena_array(a, double, n), *log_q = arena_array(a, double, n);
    *mean = *jackknife = 0;
    for (int k = 0; k <= n; k++) {
        double mass = exp(lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) - n * log(2.0));
        for (int i = 0; i < n; i++) log_p[i] = log(i < k ? 1.5 : 0.5);
        *mean += mass * log((1.5 * k + 0.5 * (n - k)) / n);
        *jackknife += mass * jackknife_evidence(log_p, log_q, (uint64_t)n).value;
    }
}

static void jackknife_takes_bias_off(arena *a) {
    double before = 0, before_less = 0;
    for (int n = 16; n <= 256; n *= 2) {
        double mean, less;
        expected_logs(n, &mean, &less, a); /* of weights whose expectation is 1 */
        printf("# %d weights: bias %.3e, by the jackknife %.3e\n", n, mean, less);
        if (before != 0) {
            /* each next term is smaller by 1 / n */
            check(fabs(before / mean - 2) < 4.0 / n, "the bias falls as 1 / K", "by %g", before / mean);
            check(fabs(before_less / less - 4) < 16.0 / n, "… and as 1 / K² with the jackknife", "by %g",
                  before_less / less);
        }
        before = mean, before_less = less;
    }
}

/* ---- the parts of an ELBO ---- */

typedef struct exact_case {
    const char *name, *program;
    double evidence, kl_posterior, kl_prior, entropy; /* of the guide */
} exact_case;

static double beta_kl(double a, double b, double c, double d) { /* by differences of lgamma for digamma */
    const double h = 1e-5;
    double da = (lgamma(a + h) - lgamma(a - h)) / (2 * h), db = (lgamma(b + h) - lgamma(b - h)) / (2 * h);
    double dab = (lgamma(a + b + h) - lgamma(a + b - h)) / (2 * h);
    return lgamma(a + b) - lgamma(a) - lgamma(b) - lgamma(c + d) + lgamma(c) + lgamma(d) +
           (a - c) * (da - dab) + (b - d) * (db - dab);
}
static double digamma(double x) { return (lgamma(x + 1e-5) - lgamma(x - 1e-5)) / 2e-5; }
static double gamma_kl(double a, double r, double b, double s) {
    const double h = 1e-5;
    double da = (lgamma(a + h) - lgamma(a - h)) / (2 * h);
    return (a - b) * da - lgamma(a) + lgamma(b) + b * log(r / s) + a * (s - r) / r;
}
static double normal_kl(double m, double s, double n, double t) {
    return log(t / s) + (s * s + (m - n) * (m - n)) / (2 * t * t) - 0.5;
}

static void parts_add_up(arena *a) {
    const exact_case cases[] = {
        {"normal",
         "data y : real = 1\nmodel {\n  z ~ normal(0, 1)\n  y ~ normal(z, 1)\n}\n"
         "guide { z ~ normal(0.3, 0.9) }\n",
         log_normal(1, 0, sqrt(2.0)), normal_kl(0.3, 0.9, 0.5, sqrt(0.5)), normal_kl(0.3, 0.9, 0, 1),
         0.5 * log(2 * M_PI * M_E) + log(0.9)},
        {"beta and binomial",
         "data k : count = 7\nmodel {\n  p ~ beta(2, 3)\n  k ~ binomial(10, p)\n}\n"
         "guide { p ~ beta(6, 5) }\n",
         lgamma(11) - lgamma(8) - lgamma(4) + lgamma(9) + lgamma(6) - lgamma(15) - lgamma(2) - lgamma(3) +
             lgamma(5),
         beta_kl(6, 5, 9, 6), beta_kl(6, 5, 2, 3), -beta_kl(6, 5, 1, 1)},
        {"gamma and poisson",
         "data k : count = 4\nmodel {\n  r ~ gamma(2, 1)\n  k ~ poisson(r)\n}\n"
         "guide { r ~ gamma(5, 1.5) }\n",
         lgamma(6) - lgamma(2) - lgamma(5) - 6 * log(2.0), gamma_kl(5, 1.5, 6, 2), gamma_kl(5, 1.5, 2, 1),
         5 - log(1.5) + lgamma(5) - 4 * digamma(5)},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const exact_case *c = &cases[i];
        fit *f = fitted(a, c->program, 3);
        if (!check(f != NULL, c->name, "no fit")) continue;
        double elbo = c->evidence - c->kl_posterior;
        check(fabs(f->elbo.value - (f->reconstruction.value - f->kl.value)) < 1e-9, c->name,
              "the ELBO is not its parts: %g, %g, %g", f->elbo.value, f->reconstruction.value, f->kl.value);
        /* four standard errors, and 1e-8 of the differences above */
        check(fabs(f->elbo.value - elbo) < 4 * f->elbo.error + 1e-7, c->name, "the ELBO is %g +- %g, not %g",
              f->elbo.value, f->elbo.error, elbo);
        double guide = f->entropy.value, energy = f->energy.value;
        check(fabs(f->elbo.value - (energy + guide)) < 1e-9, c->name, "nor energy and entropy: %g, %g",
              energy, guide);
        check(fabs(guide - c->entropy) < 4 * f->entropy.error + 1e-7, c->name,
              "the entropy is %g +- %g, not %g", guide, f->entropy.error, c->entropy);
        check(fabs(f->kl.value - c->kl_prior) < 4 * f->kl.error + 1e-7, c->name, "the KL is %g +- %g, not %g",
              f->kl.value, f->kl.error, c->kl_prior);
        check(fabs(f->log_evidence.value - c->evidence) < 4 * f->log_evidence.error + 1e-7, c->name,
              "the evidence is %g +- %g, not %g", f->log_evidence.value, f->log_evidence.error, c->evidence);
        /* weights with a fourth moment alone have a bound from above that is known */
        check(isnan(f->upper.value) ? f->khat >= 0.25
                                    : f->upper.value > c->evidence - 4 * f->upper.error - 1e-7,
              c->name, "%g +- %g is no bound of %g from above, k-hat %g", f->upper.value, f->upper.error,
              c->evidence, f->khat);
        check(fabs(f->jackknife.value - c->evidence) < 4 * f->jackknife.error + 1e-7, c->name,
              "by the jackknife it is %g +- %g, not %g", f->jackknife.value, f->jackknife.error, c->evidence);
    }
}

/* w = p(y | z) p(z) / q(z) for z ~ normal(0, 1), y = 1 ~ normal(z, 1), q = normal(0, 1.2): that is
 * normal(1; z, 1) normal(z; 0, 1) / normal(z; 0, 1.2), bounded, and 1/2 log of the mean of its square is an
 * integral. One run that descends the chi bound brackets the evidence between that and its ELBO. */
static void one_run_brackets(arena *a) {
    fit *fixed = fitted(a,
                        "data y : real = 1\nmodel {\n  z ~ normal(0, 1)\n  y ~ normal(z, 1)\n}\n"
                        "guide { z ~ normal(0, 1.2) }\n",
                        3);
    double sum = 0;
    for (double h = 1e-3, z = -12; z < 12; z += h)
        sum += h * exp(2 * (log_normal(1, z, 1) + log_normal(z, 0, 1)) - log_normal(z, 0, 1.2));
    if (!check(fixed != NULL, "the chi bound", "no fit")) return;
    check(fabs(fixed->upper.value - 0.5 * log(sum)) < 4 * fixed->upper.error + 1e-9,
          "the chi bound of a fixed guide", "%g +- %g, not %g", fixed->upper.value, fixed->upper.error,
          0.5 * log(sum));
    fit *f = fitted(a,
                    "data y : real = 1\nmodel {\n  z ~ normal(0, 1)\n  y ~ normal(z, 1)\n}\n"
                    "guide { z ~ student_t(8, ?, ?) }\nfit { objective = chi(2, 100) }\n",
                    3);
    if (!check(f != NULL, "the chi bound", "no fit")) return;
    double evidence = log_normal(1, 0, sqrt(2.0));
    check(f->elbo.value < evidence && f->upper.value > evidence && f->upper.value - f->elbo.value < 0.1,
          "one run brackets the evidence", "%g to %g of %g", f->elbo.value, f->upper.value, evidence);
}

/* ---- batches ---- */

enum { ROWS = 5 };

/* Of all batch sizes, the mean gradient is that of all rows: for a shared latent, whose own terms are not
 * scaled, for numbers of each row, and for those that rows share. Inputs: the param, then the guide's, in the
 * order of the text. */
static void batches_stand_for_all(arena *a) {
    static const char PROGRAM[] =
        "axis row = 5\ndata y[row] : real = 2 * sin(12.9898 * row)\nparam mu : real = 0.3\n"
        "model {\n  g ~ normal(0, 1)\n  z[row] ~ normal(mu, 1)\n"
        "  y[row] ~ normal(z + g, 1)\n}\n"
        "guide {\n  param slope : real = 0.4\n  param s : positive = 0.8\n"
        "  param m : real = 0.2\n  param d[row] : real = 0.1 * row\n"
        "  g ~ normal(m, 0.6)\n  z[row] ~ normal(slope * y + d, s)\n}\n";
    double mu = 0.3, m = 0.2, s = 0.8, exact[4 + ROWS] = {0};
    exact[3] = -m;
    for (int i = 0; i < ROWS; i++) {
        double y = 2 * sin(12.9898 * (i + 1)), mean = 0.4 * y + 0.1 * (i + 1);
        double pull = y - mean - m - (mean - mu); /* of the mean of z */
        exact[0] += mean - mu;
        exact[1] += y * pull;
        exact[2] += 1 - 2 * s * s; /* of log s */
        exact[3] += y - mean - m;
        exact[4 + i] = pull;
    }
    for (int size = 1; size <= ROWS; size++) {
        const setting set[] = {{OPTION_batch, arena_print(a, "row: %d", size)}, {OPTION_samples, "1"}};
        objective *o = climbing(a, PROGRAM, set, 2, NULL);
        const char *name = arena_print(a, "batches of %d of %d rows", size, ROWS);
        if (!check(o && o->guide->size == 4 + ROWS, name, "no objective, or not these params")) continue;
        estimates e = estimates_of(o, 100000, a);
        for (int k = 0; k < 4 + ROWS; k++)
            check(fabs(e.mean[k] - exact[k]) < 4 * e.error[k] + 1e-9, name, "slope %d is %g +- %g, not %g", k,
                  e.mean[k], e.error[k], exact[k]);
    }
}

/* A step moves the numbers of the rows that it visits, and those that rows share, and nothing else. */
static void others_stay(arena *a) {
    static const char PROGRAM[] = "axis row = 5\ndata y[row] : real = row\n"
                                  "model {\n  z[row] ~ normal(0, 1)\n  y[row] ~ normal(z, 1)\n}\n"
                                  "guide {\n  param s : positive = 1\n  z[row] ~ normal(?, s)\n}\n";
    const setting set[] = {{OPTION_batch, "row: 2"}};
    objective *o = climbing(a, PROGRAM, set, 1, NULL);
    if (!check(o && o->guide->size == 1 + ROWS, "rows", "no objective, or not these numbers")) return;
    double before[1 + ROWS], after[1 + ROWS];
    bool good = true;
    for (uint64_t step = 0; step < 20; step++) {
        optimiser_read(&o->climber, before);
        good &= objective_climb(o, step, 0.1);
        optimiser_read(&o->climber, after);
        bool visited[1 + ROWS] = {true};
        for (int k = 0; k < 2; k++) visited[(int)o->batches.rows[k]] = true;
        for (int i = 0; i <= ROWS; i++) good &= visited[i] == (before[i] != after[i]);
    }
    CHECK(good, "rows that are not visited stay");
}

int main(void) {
    arena a;
    test_memory(&a);
    variances_are_ordered(&a);
    points_are_even();
    coupled_draws_are_quieter(&a);
    landing_sticks(&a);
    signals_grow(&a);
    bounds_close_in(&a);
    jackknife_takes_bias_off(&a);
    parts_add_up(&a);
    one_run_brackets(&a);
    batches_stand_for_all(&a);
    others_stay(&a);
    arena_close(&a);
    return check_end();
}
