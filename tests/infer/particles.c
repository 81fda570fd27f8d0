/* Particles along axes: the evidence of linear Gaussian models, in which latents meet in every way that an
 * elimination can untie, against the density of the data, and the moments of the latents. The proposal is
 * crude: every latent by itself, as its prior has it. */
#include "runtime/infer/particles.h"

#include <math.h>
#include <string.h>
#include "tests/check.h"
#include "tests/compiled.h"
#include "tests/memory.h"

enum { MOST = 64 };

typedef struct example {
    const char *name, *text, *axes;
    uint64_t globals;
    int count;                            /* of data */
    double (*covariance)(int i, int j);   /* of data i and j, without noise */
    double noise;                         /* variance */
    const char *latent;                   /* whose first entry has this … */
    double (*with_data)(int j), variance; /* … covariance with the data and prior variance */
    double most;                          /* error of the log evidence */
} example;

static double data(int i) { return 1.5 * sin(i + 1.0); }

/* mu ~ N(0, 1), a[k] ~ N(mu, 1), three rows each */
static double star(int i, int j) { return 1 + (i / 3 == j / 3); }
static double star_first(int j) { return 1 + (j / 3 == 0); }
/* … and a slope of the row's number within its group, less 1 */
static double slopes(int i, int j) { return (i / 3 == j / 3) * (1 + 0.25 * (i % 3 - 1) * (j % 3 - 1)); }
static double slope_first(int j) { return (j / 3 == 0) * 0.25 * (j % 3 - 1); }
/* groups of three in larger ones of two */
static double nested(int i, int j) { return 1 + (i / 6 == j / 6) + (i / 3 == j / 3); }
static double nested_first(int j) { return 1 + (j / 6 == 0); }
/* y[i, j] = a[i] + b[j], three by six */
static double crossed(int i, int j) { return (i / 6 == j / 6) + (i % 6 == j % 6); }
static double crossed_first(int j) { return j % 6 == 0; }
/* h[t] = 0.8 h[t - 1] + e, stationary with variance 1 */
static double chain(int i, int j) { return pow(0.8, abs(i - j)); }
static double chain_first(int j) { return pow(0.8, j); }

static const example EXAMPLES[] = {
    {"a group's effects",
     "axis row = 18, k = 6\ndata y[row] : real = 1.5 * sin(row)\ndata of[row] : k = floor((row - 1) / 3) + "
     "1\n"
     "model {\n  mu ~ normal(0, 1)\n  a[k] ~ normal(mu, 1)\n  y[row] ~ normal(a[of], 0.5)\n}\n",
     "k", 1, 18, star, 0.25, "a", star_first, 2, 0.1},
    {"two effects of a group",
     "axis row = 18, k = 6\ndata y[row] : real = 1.5 * sin(row)\ndata of[row] : k = floor((row - 1) / 3) + "
     "1\n"
     "data x[row] : real = row - 3 * floor((row - 1) / 3) - 2\n"
     "model {\n  a[k] ~ normal(0, 1)\n  b[k] ~ normal(0, 0.5)\n  y[row] ~ normal(a[of] + b[of] * x, "
     "0.5)\n}\n",
     "k", 0, 18, slopes, 0.25, "b", slope_first, 0.25, 0.1},
    {"groups in groups",
     "axis row = 18, k = 6, g = 3\ndata y[row] : real = 1.5 * sin(row)\n"
     "data of[row] : k = floor((row - 1) / 3) + 1\ndata in[k] : g = floor((k - 1) / 2) + 1\n"
     "model {\n  mu ~ normal(0, 1)\n  m[g] ~ normal(mu, 1)\n  a[k] ~ normal(m[in], 1)\n"
     "  y[row] ~ normal(a[of], 0.5)\n}\n",
     "k, g", 1, 18, nested, 0.25, "m", nested_first, 2, 0.2},
    {"crossed effects",
     "axis i = 3, j = 6\ndata y[i, j] : real = 1.5 * sin(6 * (i - 1) + j)\n"
     "model {\n  a[i] ~ normal(0, 1)\n  b[j] ~ normal(0, 1)\n  y[i, j] ~ normal(a + b, 0.5)\n}\n",
     "j", 3, 18, crossed, 0.25, "b", crossed_first, 1, 0.2},
    {"a chain",
     "axis time = 20\ndata y[time] : real = 1.5 * sin(time)\n"
     "model {\n  h[time = 1] ~ normal(0, 1)\n  h[time > 1] ~ normal(0.8 * h[time - 1], 0.6)\n"
     "  y[time] ~ normal(h, 0.5)\n}\n",
     "time", 0, 20, chain, 0.25, "h", chain_first, 1, 0.2},
};

/* Factors the covariance of the data in place; the log density of the data, and w = covariance^-1 y. */
static double log_density(double *c, const double *y, int n, double *w) {
    double sum = -0.5 * n * log(2 * M_PI);
    for (int i = 0; i < n; i++) {
        w[i] = y[i];
        for (int j = 0; j <= i; j++) {
            for (int k = 0; k < j; k++) c[i * n + j] -= c[i * n + k] * c[j * n + k];
            c[i * n + j] = i == j ? sqrt(c[i * n + i]) : c[i * n + j] / c[j * n + j];
            if (j < i) w[i] -= c[i * n + j] * w[j];
        }
        w[i] /= c[i * n + i];
        sum -= 0.5 * w[i] * w[i] + log(c[i * n + i]);
    }
    return sum;
}

static double dot(const double *x, const double *y, int n) {
    double sum = 0;
    for (int i = 0; i < n; i++) sum += x[i] * y[i];
    return sum;
}

/* The evidence, and the latent's mean and sd given the data. */
static void closed_form(const example *x, double *evidence, double *mean, double *sd) {
    static double c[MOST * MOST], again[MOST * MOST], y[MOST], with[MOST], w[MOST], v[MOST];
    int n = x->count;
    for (int i = 0; i < n; i++) {
        y[i] = data(i);
        with[i] = x->with_data(i);
        for (int j = 0; j < n; j++) c[i * n + j] = x->covariance(i, j) + (i == j) * x->noise;
    }
    memcpy(again, c, sizeof c);
    *evidence = log_density(c, y, n, w);
    log_density(again, with, n, v);
    *mean = dot(v, w, n);
    *sd = sqrt(x->variance - dot(v, v, n));
}

static uint64_t first_scalar(const reported *r, const char *name) {
    for (uint32_t k = 0; k < r->count; k++)
        if (strcmp(program_variable(r->model->program, r->of[k])->name, name) == 0) return r->first[k];
    return 0;
}

static void compare(const example *x) {
    arena a;
    test_memory(&a);
    compiled *c = compile_text(&a, x->text);
    model *m = bind_compiled(c, &a);
    show_messages(c);
    space all = space_of_latents(m, false, &a), s = *space_without_loops(&all, &a);
    reported r = reported_new(m, false, &a);
    vigil v = vigil_open((fit_host){0});
    particles *t = particles_new(&s, &r, 1, &v, &a);
    if (!check(t != NULL, x->name, "nothing lies along axes")) return;
    check(strcmp(particles_axes(t, &a), x->axes) == 0 && particles_globals(t) == x->globals, "… axes",
          "%s: %s and %d globals", x->name, particles_axes(t, &a), (int)particles_globals(t));
    gaussian crude = {s.size, arena_array(&a, double, s.size), NULL, arena_array(&a, double, s.size),
                      algebra_open(s.size, &a)};
    for (uint64_t i = 0; i < s.size; i++) crude.scale[i] = 1;
    proposal joint = proposal_of(&crude, &a);
    guide_along g = particles_guide(t, &joint, &a), refitted;
    double evidence, mean, sd;
    closed_form(x, &evidence, &mean, &sd);
    uint64_t first = first_scalar(&r, x->latent);
    for (uint64_t seed = 1; seed <= 5; seed++) {
        rng draws = rng_open(seed, 1);
        drawing d = particles_draw(t, &g, 4000, &draws, &a);
        psis q = d.sample.quality;
        check(fabs(q.log_mean - evidence) < 4 * q.log_mean_error + 1e-9 && q.log_mean_error < x->most,
              "… evidence", "%s: %.4f +- %.4f, not %.4f", x->name, q.log_mean, q.log_mean_error, evidence);
        const moments *of = sample_moments(&d.sample, sample_weights(&d.sample, d.sample.log_weight, &a), &a);
        double rough = 4 / sqrt(2 * q.ess);
        check(fabs(of[first].mean - mean) < 4 * of[first].mcse, "… mean", "%s: %.4f +- %.4f, not %.4f",
              x->name, of[first].mean, of[first].mcse, mean);
        check(fabs(of[first].sd / sd - 1) < rough, "… sd", "%s: %.4f, not %.4f", x->name, of[first].sd, sd);
        if (!check(particles_refit(t, &d, &g, &refitted, &a), "… refits", "%s", x->name)) continue;
        drawing better = particles_draw(t, &refitted, 4000, &draws, &a);
        check(better.sample.quality.ess > 0.9 * q.ess, "… and is better then", "%s: %.0f of %.0f draws",
              x->name, better.sample.quality.ess, q.ess);
        arena_close(better.arena);
        arena_close(d.arena);
    }
    arena_close(&a);
}

/* What joint weights cannot hold: many effects, of which each is far from normal; with particles the default
 * run is good, where without them its joint weights are hopeless. */
#define EFFECTS(COUNT)                                                                                       \
    "axis k = " COUNT "\ndata y[k] : count = floor(3 * (1 + sin(3 * k)))\n"                                  \
    "model {\n  mu ~ normal(0, 2)\n  tau ~ half_normal(1)\n"                                                 \
    "  a[k] ~ normal(mu, tau)\n  y[k] ~ poisson_log(a)\n}\n"

static void many_effects(const char *text) {
    arena a;
    test_memory(&a);
    compiled *c = compile_text(&a, text);
    model *m = bind_compiled(c, &a);
    status s;
    fit *f = fit_run(&c->said, m, NULL, &a, (fit_host){0}, &s);
    show_messages(c);
    bool along = false;
    for (uint32_t i = 0; i < f->reasons.count; i++) along |= strcmp(f->reasons.at[i].code, "along") == 0;
    check(along && f->verdict == VERDICT_good, "many effects", "verdict %d, k-hat %.2f, %.0f draws",
          (int)f->verdict, f->khat, f->ess);
    arena_close(&a);
}

int main(void) {
    for (size_t i = 0; i < sizeof EXAMPLES / sizeof *EXAMPLES; i++) compare(&EXAMPLES[i]);
    many_effects(EFFECTS("200"));
    many_effects(
        EFFECTS("50") "guide {\n  mu ~ normal(?, ?)\n  tau ~ lognormal(?, ?)\n  a[k] ~ normal(?, ?)\n}\n");
    return check_end();
}
