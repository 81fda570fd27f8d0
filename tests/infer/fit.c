/* Whole fits of models with closed forms. */
#include "runtime/infer/fit.h"

#include <math.h>
#include <string.h>
#include "tests/check.h"
#include "tests/infer/fitted.h"
#include "tests/memory.h"

/* z ~ N(0, 1), x ~ N(w z, s): the posterior is normal(w x / (w² + s²), s / sqrt(w² + s²)), the evidence
 * normal(x; 0, sqrt(w² + s²)), and a Gaussian guide has no gap. */
static void linear_gaussian(arena *a, const char *guide, const char *name) {
    const double x = 1.5, w = 2, s = 0.7, total = w * w + s * s;
    double mean = w * x / total, sd = s / sqrt(total),
           evidence = -0.5 * x * x / total - 0.5 * log(2 * M_PI * total);
    char text[1000];
    snprintf(text, sizeof text,
             "data x : real = 1.5\ndata w : real = 2\ndata s : positive = 0.7\n"
             "model {\n  z ~ normal(0, 1)\n  x ~ normal(w * z, s)\n}\n%s",
             guide);
    for (uint64_t seed = 1; seed <= 3; seed++) {
        fit *f = fitted(a, text, seed);
        if (!check(f != NULL, "linear gaussian runs", "%s, seed %d", name, (int)seed)) return;
        const summary *z = scalar(f, "z", 0);
        /* the bounds that users are promised for this example */
        check(fabs(z->mean - mean) < 0.01, "linear gaussian mean", "%s: %.4f not %.4f", name, z->mean, mean);
        check(fabs(z->sd / sd - 1) < 0.03, "linear gaussian sd", "%s: %.4f not %.4f", name, z->sd, sd);
        /* the ELBO is below the evidence by the guide's own small error, at most 0.01 nats where it stood
         * still */
        check(fabs(f->elbo.value - evidence) < 3 * f->elbo.error + 0.01, "linear gaussian elbo",
              "%s: %.4f +- %.4f not %.4f", name, f->elbo.value, f->elbo.error, evidence);
        check(fabs(f->log_evidence.value - evidence) < 3 * f->log_evidence.error + 1e-9,
              "linear gaussian evidence", "%s: %.5f +- %.5f not %.5f", name, f->log_evidence.value,
              f->log_evidence.error, evidence);
        double kl = 0.5 * (sd * sd + mean * mean - 1) - log(sd);
        /* it changes in the first order with the guide, which stands still to 0.05 sd */
        check(fabs(f->kl.value - kl) < 3 * f->kl.error + 0.05, "linear gaussian kl",
              "%s: %.4f +- %.4f not %.4f", name, f->kl.value, f->kl.error, kl);
        check(fabs(f->reconstruction.value - f->kl.value - f->elbo.value) < 1e-9 * (1 + fabs(evidence)),
              "the parts make the elbo", "%s: %.12f", name, f->reconstruction.value - f->kl.value);
        check(f->verdict == VERDICT_good, "linear gaussian verdict", "%s: %d", name, (int)f->verdict);
    }
}

/* a, b ~ N(0, 1) with a + b observed: variances (s² + 1) / (s² + 2), correlation -1 / (1 + s²). A mean-field
 * guide matches the precisions, 1 + 1 / s², and its gap is -log(1 - correlation²) / 2; a joint one is exact.
 */
static const char SUM[] = "data y : real = 1\ndata s : positive = 0.5\n"
                          "model {\n  a ~ normal(0, 1)\n  b ~ normal(0, 1)\n  y ~ normal(a + b, s)\n}\n%s";

static void correlated(arena *a) {
    const double s2 = 0.25, sd = sqrt((s2 + 1) / (s2 + 2)), mean = 1 / (s2 + 2);
    const double evidence = -0.5 / (s2 + 2) - 0.5 * log(2 * M_PI * (s2 + 2)), correlation = -1 / (1 + s2);
    char text[1000];
    const char *guides[] = {"", "guide { a, b ~ full_rank() }", "guide { a, b ~ mean_field() }"};
    for (int i = 0; i < 3; i++) {
        snprintf(text, sizeof text, SUM, guides[i]);
        fit *f = fitted(a, text, 1);
        if (!check(f != NULL, "correlated gaussian runs", "guide %d", i)) return;
        const summary *x = scalar(f, "a", 0);
        double gap = i == 2 ? -0.5 * log(1 - correlation * correlation) : 0;
        /* weighted draws: means to four of their own errors, sds to four times 1 / sqrt(2 ess) */
        check(fabs(x->mean - mean) < 4 * x->mcse, "correlated gaussian mean",
              "guide %d: %.4f +- %.4f not %.4f", i, x->mean, x->mcse, mean);
        check(fabs(log(x->sd / sd)) < 4 / sqrt(2 * f->ess), "correlated gaussian sd",
              "guide %d: %.4f not %.4f", i, x->sd, sd);
        check(fabs(f->elbo.value - (evidence - gap)) < 4 * f->elbo.error + 0.01, "correlated gaussian gap",
              "guide %d: %.4f +- %.4f not %.4f", i, f->elbo.value, f->elbo.error, evidence - gap);
    }
}

/* A hidden autoregression with Gaussian noise: given all observations it is a chain backward in time, normal
 * with a mean that is linear in the next entry. A guide that is written so has no gap: its ELBO is the
 * evidence, which the Kalman filter gives. */
static void chain(arena *a) {
    enum { DAYS = 12 };
    const double phi = 0.8, noise = 0.6, error = 0.5;
    double mean = 0, variance = 1, evidence = 0;
    for (int t = 0; t < DAYS; t++) {
        if (t) mean *= phi, variance = phi * phi * variance + noise * noise;
        double y = 2 * sin(t + 1), total = variance + error * error, gain = variance / total;
        evidence -= 0.5 * (y - mean) * (y - mean) / total + 0.5 * log(2 * M_PI * total);
        mean += gain * (y - mean), variance *= 1 - gain;
    }
    fit *f = fitted(
        a,
        "axis day = 12\ndata y[day] : real = 2 * sin(day)\n"
        "model {\n  h[day = 1] ~ normal(0, 1)\n  h[day > 1] ~ normal(0.8 * h[day - 1], 0.6)\n"
        "  y[day] ~ normal(h, 0.5)\n}\n"
        "guide {\n  param a[day] : real = 0\n  param b[day] : real = 0\n  param s[day] : positive = 1\n"
        "  h[day = last] ~ normal(a, s)\n  h[day < last] ~ normal(a + b * h[day + 1], s)\n}\n",
        1);
    if (!check(f != NULL, "chain runs", "no fit")) return;
    /* as for other exact guides: within 0.01 nats where it stood still */
    check(fabs(f->elbo.value - evidence) < 3 * f->elbo.error + 0.01, "chain elbo", "%.5f +- %.5f not %.5f",
          f->elbo.value, f->elbo.error, evidence);
    check(fabs(f->log_evidence.value - evidence) < 4 * f->log_evidence.error + 1e-3, "chain evidence",
          "%.5f +- %.5f not %.5f", f->log_evidence.value, f->log_evidence.error, evidence);
}

/* The same seed gives the same bits, another one others. */
static void seeds(arena *a) {
    char text[1000];
    snprintf(text, sizeof text, SUM, "");
    fit *f = fitted(a, text, 5), *g = fitted(a, text, 5), *h = fitted(a, text, 6);
    if (!check(f && g && h, "seeds run", "no fit")) return;
    uint64_t size = f->draw_count * f->summaries.count;
    CHECK(memcmp(f->draws, g->draws, size * sizeof *f->draws) == 0, "same seed, same draws");
    CHECK(memcmp(f->draws, h->draws, size * sizeof *f->draws) != 0, "other seed, other draws");
}

/* y ~ N(z², 1 / 2) leaves two modes, near 2 and -2, whose masses differ by the prior alone; the moments by
 * quadrature. A Gaussian at either has nearly equal weights: the other must be looked for. */
static void two_modes(arena *a) {
    double mass = 0, sum = 0, squares = 0;
    for (int i = -60000; i <= 60000; i++) {
        double z = i * 1e-4, r = (4 - z * z) / 0.5, p = (z - 1) / 2, w = exp(-0.5 * (r * r + p * p));
        mass += w, sum += w * z, squares += w * z * z;
    }
    double mean = sum / mass, sd = sqrt(squares / mass - mean * mean);
    double evidence = log(mass * 1e-4) - log(2 * M_PI * 0.5 * 2);
    fit *f = fitted(a, "data y : real = 4\nmodel {\n  z ~ normal(1, 2)\n  y ~ normal(z^2, 0.5)\n}\n", 1);
    if (!check(f != NULL, "two modes run", "no fit")) return;
    const summary *z = scalar(f, "z", 0);
    /* weighted draws: to four of their own errors */
    check(fabs(z->mean - mean) < 4 * z->mcse, "mean over two modes", "%.4f +- %.4f not %.4f", z->mean,
          z->mcse, mean);
    check(fabs(log(z->sd / sd)) < 4 / sqrt(2 * f->ess), "sd over two modes", "%.4f not %.4f", z->sd, sd);
    check(fabs(f->log_evidence.value - evidence) < 4 * f->log_evidence.error, "evidence of two modes",
          "%.5f +- %.5f not %.5f", f->log_evidence.value, f->log_evidence.error, evidence);
    bool told = false;
    for (uint32_t i = 0; i < f->reasons.count; i++)
        told |= strcmp(f->reasons.at[i].code, "modes") == 0 && f->reasons.at[i].value == 2;
    check(told, "two modes are told", "no reason `modes`");
}

/* Five values of a Cauchy distribution in two clusters: the mode of the smaller has 0.2 % of the mass, 40 sds
 * away, and thereby four fifths of the variance; the moments by quadrature. */
static void far_mode(arena *a) {
    const double y[5] = {-20, -21, 20, 21, 22};
    double mass = 0, sum = 0, squares = 0;
    for (int i = -400000; i <= 400000; i++) {
        double m = i * 1e-3, w = exp(-0.5 * m * m / 1e4);
        for (int k = 0; k < 5; k++) w /= 1 + (y[k] - m) * (y[k] - m);
        mass += w, sum += w * m, squares += w * m * m;
    }
    double mean = sum / mass, sd = sqrt(squares / mass - mean * mean);
    for (uint64_t seed = 1; seed <= 5; seed++) {
        fit *f = fitted(a,
                        "axis k = 5\ndata y[k] : real = if k <= 2 then -19 - k else 17 + k\n"
                        "model {\n  m ~ normal(0, 100)\n  y[k] ~ cauchy(m, 1)\n}\n",
                        seed);
        if (!check(f != NULL, "a far mode runs", "no fit")) return;
        const summary *m = scalar(f, "m", 0);
        /* its mass is from 3 % of 50,000 draws or more, to 4 * 2.6 %, and the sd from its root */
        check(fabs(log(m->sd / sd)) < 0.06, "sd with a far mode", "seed %d: %.4f not %.4f", (int)seed, m->sd,
              sd);
    }
}

/* A guide of the program's own that holds one of two equal modes: its weights are nearly equal, and it is not
 * called good. One that holds the posterior is. */
static void half_of_it(arena *a) {
    fit *f = fitted(a,
                    "data y : real = 4\nmodel {\n  z ~ normal(0, 2)\n  y ~ normal(z^2, 1)\n}\n"
                    "guide { z ~ normal(?, ?) }\n",
                    1);
    fit *g = fitted(a,
                    "data y : real = 4\nmodel {\n  z : positive ~ normal(0, 2)\n  y ~ normal(z^2, 1)\n}\n"
                    "guide { z ~ lognormal(?, ?) }\n",
                    1);
    if (!check(f && g, "a guide with one mode runs", "no fit")) return;
    bool told = false;
    for (uint32_t i = 0; i < f->reasons.count; i++) told |= strcmp(f->reasons.at[i].code, "check") == 0;
    check(told && f->verdict == VERDICT_bad, "half of a posterior is not good",
          "verdict %d, khat %.2f, ess %.0f", (int)f->verdict, f->khat, f->ess);
    check(g->verdict == VERDICT_good, "the half that is all is good", "verdict %d, khat %.2f",
          (int)g->verdict, g->khat);
}

/* A posterior that no Gaussian holds: two far modes, of which any one fit finds at most one, must not be
 * called good where the weights show it; a Neal funnel with scale 3 in its given form. */
static void funnel(arena *a) {
    fit *f = fitted(a,
                    "axis k = 9\nmodel {\n  v ~ normal(0, 3)\n  x[k] : real ~ normal(0, 1)\n"
                    "  factor -0.5 * (x * exp(-v / 2))^2 - v / 2 + 0.5 * x^2\n}\n",
                    1);
    if (!check(f != NULL, "funnel runs", "no fit")) return;
    const summary *v = scalar(f, "v", 0);
    bool right = fabs(v->mean) < 0.3 && fabs(v->sd / 3 - 1) < 0.1;
    check(right || f->verdict != VERDICT_good, "funnel is not called good when it is missed",
          "mean %.2f, sd %.2f, khat %.2f, ess %.0f", v->mean, v->sd, f->khat, f->ess);
}

/* Discrete latents that the guide draws: score functions lead to the posterior's probabilities, which the
 * guide can hold, so that the ELBO is the evidence. Of its own optimum an average of the last iterates is off
 * by less than the tolerance of 0.05 sd of a logit; the gap is quadratic in that. */
static void drawn_by_guide(arena *a, const char *objective) {
    fit *f = fitted(a,
                    arena_print(a,
                                "axis k = 3\n"
                                "data y : real = 1.5\n"
                                "let w[k] = k / 6\n"
                                "model {\n  z ~ bernoulli(0.3)\n  c ~ categorical(w)\n"
                                "  factor log_density(normal(2 * z, 1), y)\n"
                                "  factor log_density(normal(c, 1), y)\n}\n"
                                "guide {\n  param a[k] : real = 0\n"
                                "  z ~ bernoulli(?)\n  c ~ categorical(softmax[k](a))\n}\n"
                                "fit { objective = %s }\n",
                                objective),
                    1);
    if (!check(f != NULL, "guide of discrete latents", "no fit")) return;
    double one = 0.3 * exp(-0.5 * 0.25), zero = 0.7 * exp(-0.5 * 2.25), of[3], all = 0, mean = 0;
    for (int k = 0; k < 3; k++) all += of[k] = (k + 1) / 6. * exp(-0.5 * (k - 0.5) * (k - 0.5));
    for (int k = 0; k < 3; k++) mean += (k + 1) * of[k] / all;
    double evidence = log(one + zero) + log(all) - log(2 * 3.14159265358979);
    const summary *z = scalar(f, "z", 0), *c = scalar(f, "c", 0);
    check(fabs(z->mean - one / (one + zero)) < 5 * z->mcse, "a binary latent of the guide", "%.4f not %.4f",
          z->mean, one / (one + zero));
    check(fabs(c->mean - mean) < 5 * c->mcse, "a categorical latent of the guide", "%.4f not %.4f", c->mean,
          mean);
    check(fabs(f->log_evidence.value - evidence) < 5 * f->log_evidence.error + 1e-6,
          "evidence of discrete latents of the guide", "%.5f not %.5f", f->log_evidence.value, evidence);
    check(fabs(f->elbo.value - evidence) < 0.01 + 4 * f->elbo.error, "score functions close the gap",
          "%.4f not %.4f", f->elbo.value, evidence);
}

/* What a guide leaves free of a category has an entry for each of them, in each row: the posterior's. */
static void free_categories(arena *a, const char *drawn) {
    double evidence = 0;
    for (int row = 1; row <= 4; row++) {
        double sum = 0, total = 0;
        for (int k = 1; k <= 3; k++) {
            double off = 0.75 * row - k;
            sum += exp(0.5 * k - 0.5 * off * off), total += exp(0.5 * k);
        }
        evidence += log(sum / total) - 0.5 * log(2 * M_PI);
    }
    fit *f = fitted(a,
                    arena_print(a,
                                "axis row = 4, kind = 3\ndata y[row] : real = 0.75 * row\n"
                                "let place[kind] = 1.0 * kind\n"
                                "model {\n  z[row] : kind ~ categorical_logit(0.5 * kind)\n"
                                "  y[row] ~ normal(place[z], 1)\n}\nguide { z[row] ~ %s }\n",
                                drawn),
                    1);
    if (!check(f != NULL, drawn, "no fit")) return;
    check(fabs(f->elbo.value - evidence) < 0.01 + 4 * f->elbo.error, drawn, "ELBO %g, evidence %g",
          f->elbo.value, evidence);
    check(f->kl.value > 0, drawn, "KL %g", f->kl.value);
}

int main(void) {
    arena a;
    test_memory(&a);
    linear_gaussian(&a, "guide { z ~ normal(?, ?) }", "statement");
    linear_gaussian(&a, "guide { z ~ mean_field() }", "mean field");
    linear_gaussian(&a, "", "no guide");
    correlated(&a);
    chain(&a);
    seeds(&a);
    two_modes(&a);
    far_mode(&a);
    half_of_it(&a);
    funnel(&a);
    drawn_by_guide(&a, "elbo");
    drawn_by_guide(&a, "iwae(5)");
    free_categories(&a, "categorical(?)");
    free_categories(&a, "categorical_logit(?)");
    arena_close(&a);
    return check_end();
}
