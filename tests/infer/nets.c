/* Fits of networks: one whose weights are drawn, an autoencoder, params whose start is drawn. */
#include <math.h>
#include "tests/check.h"
#include "tests/infer/fitted.h"
#include "tests/memory.h"

/* The guide of shared/programs/good/bnn.vm. A net that ignores its input, which is where such a fit ends when
 * its units start alike, predicts a constant: its error is the sd of the truth. Half of that is asked for;
 * mean field cannot do much better with 50 units for 50 rows. */
static void network_of_latents(arena *a) {
    static const char TEXT[] =
        "axis row = 50, feature = 3, hidden = 50, one = 1\n"
        "data X[row, feature] : real = 2 * sin(row * (0.7 + feature))\n"
        "data y[row] : real = 2 * sin(X[feature = 1]) + 1.5 * X[feature = 2] - abs(X[feature = 3]) +\n"
        "                     0.3 * sin(77.7 * row)\n"
        "net bayes[in -> out](x) {\n"
        "  W[in, out] ~ normal(0, 1 / sqrt(size(in)))\n"
        "  b[out]     ~ normal(0, 1)\n"
        "  return sum[in](W * x) + b\n"
        "}\n"
        "let first  = bayes[feature -> hidden]\n"
        "let second = bayes[hidden -> one]\n"
        "model {\n"
        "  sigma  ~ half_normal(1)\n"
        "  f      = second(relu(first(X)))\n"
        "  y[row] ~ normal(f[one = 1], sigma)\n"
        "}\n"
        "guide {\n"
        "  second.W ~ full_rank()\n"
        "  rest     ~ mean_field()\n"
        "}\n"
        "fit { steps = 15000; rate = 0.003; draws = 1000 }\n";
    fit *f = fitted(a, TEXT, 1);
    if (!check(f != NULL, "a network of latents runs", "no fit")) return;
    double sum = 0, square = 0, error = 0;
    for (int row = 1; row <= 50; row++) {
        double x[3];
        for (int k = 1; k <= 3; k++) x[k - 1] = 2 * sin(row * (0.7 + k));
        double truth = 2 * sin(x[0]) + 1.5 * x[1] - fabs(x[2]),
               gap = scalar(f, "f", (uint64_t)row - 1)->mean - truth;
        sum += truth;
        square += truth * truth;
        error += gap * gap;
    }
    double sd = sqrt(square / 50 - sum / 50 * sum / 50), rmse = sqrt(error / 50);
    check(rmse < 0.5 * sd, "a network of latents predicts", "error %.3f, sd of the truth %.3f", rmse, sd);
    check(scalar(f, "first.W", 149) != NULL && scalar(f, "second.b", 0) != NULL,
          "latents of a net are reported by its name", "first.W, second.b");
}

/* The ELBO of an autoencoder that has learnt nothing is at most that of independent pixels, each with its own
 * share of ones; here pixels come in two groups that are alike, so one latent can save most of the rest. */
static void autoencoder(arena *a) {
    static const char TEXT[] =
        "axis image = 40, pixel = 8, code = 2, hidden = 8\n"
        "data x[image, pixel] : binary = if sin(image * 12.9898) * (if pixel <= 4 then 1 else -1) > 0 then 1 "
        "else 0\n"
        "model {\n"
        "  z[image, code] ~ normal(0, 1)\n"
        "  h = tanh(dense[code -> hidden](z))\n"
        "  x[image, pixel] ~ bernoulli_logit(dense[hidden -> pixel](h))\n"
        "}\n"
        "guide {\n"
        "  h = tanh(dense[pixel -> hidden](x))\n"
        "  z[image, code] ~ normal(dense[hidden -> code](h), softplus(dense[hidden -> code](h)))\n"
        "}\n"
        "fit { steps = 2000; rate = 0.01; draws = 500 }\n";
    fit *f = fitted(a, TEXT, 1);
    if (!check(f != NULL, "an autoencoder runs", "no fit")) return;
    int ones = 0;
    for (int i = 1; i <= 40; i++) ones += sin(i * 12.9898) > 0;
    double p = ones / 40.0, independent = 40 * 8 * (p * log(p) + (1 - p) * log(1 - p));
    /* the pixels of an image are one bit: 40 log 2 nats at least, in place of 8 times that */
    check(f->elbo.value > 0.5 * independent, "an autoencoder learns", "elbo %.1f, independent pixels %.1f",
          f->elbo.value, independent);
    check(f->elbo.value < 40 * (p * log(p) + (1 - p) * log(1 - p)) + 3 * f->elbo.error,
          "an autoencoder is no better than the truth", "elbo %.1f", f->elbo.value);
}

/* The data vary in two directions, with variance 6 / 2 * 0.5² / 2 = 0.375 in each. Where the noise of the
 * decoder has more, the best linear decoder ignores the code (probabilistic principal components: Tipping and
 * Bishop, JRSS B 61, 1999) and the guide is its prior, of which the fit warns; where it has less, both codes
 * are used. */
static void collapse(arena *a, const char *noise, uint64_t active, const char *name) {
    fit *f = fitted(a,
                    arena_print(a,
                                "axis image = 100, pixel = 6, code = 2, hidden = 8\n"
                                "data x[image, pixel] : real = 0.5 * sin(12.9898 * image + 78.233 * pixel)\n"
                                "model {\n"
                                "  z[image, code] ~ normal(0, 1)\n"
                                "  x[image, pixel] ~ normal(dense[code -> pixel](z), %s)\n"
                                "}\n"
                                "guide {\n"
                                "  h = tanh(dense[pixel -> hidden](x))\n"
                                "  z[image, code] ~ normal(dense[hidden -> code](h), "
                                "softplus(dense[hidden -> code](h)))\n"
                                "}\n"
                                "fit { steps = 3000; rate = 0.01; draws = 200 }\n",
                                noise),
                    1);
    if (!check(f != NULL && f->latent_kls.count == 1, name, "no fit, or no KL of z")) return;
    const latent_kl *k = &f->latent_kls.at[0];
    bool told = false;
    double rows = 0;
    for (uint32_t i = 0; i < f->reasons.count; i++) told |= strcmp(f->reasons.at[i].code, "collapsed") == 0;
    for (uint64_t i = 0; i < k->unit_count; i++) rows += k->by_unit[i];
    check(latent_kl_active(k) == active && told == !active, name, "%d units active",
          (int)latent_kl_active(k));
    check(fabs(k->total.value - 100 * rows) < 1e-9 * (1 + k->total.value) && k->rows == 100,
          "units make the KL", "%g, not %g", 100 * rows, k->total.value);
    /* the latents are all drawn in one statement, so its KL is that of the ELBO */
    check(fabs(k->total.value - f->kl.value) < 4 * f->kl.error + 1e-9, "one latent's KL is all of it",
          "%g, not %g", k->total.value, f->kl.value);
}

/* A decoder that sees the pixels before does without a code from some starts, of which this is one, and the
 * fit stays there; with the weight of the prior rising from 0 the code is in use when its price comes, and
 * the ELBO is higher. */
static void annealing(arena *a) {
    static const char TEXT[] =
        "axis image = 100, pixel = 8, code = 1, hidden = 8\n"
        "data x[image, pixel] : binary = if sin(image * 12.9898 + pixel * 78.233 + 0.3 * image * pixel) > "
        "(if sin(image * 3.7) > 0 then 0.8 else -0.8) then 1 else 0\n"
        "param W[pixel, pixel'] : real = 0\n"
        "model {\n"
        "  z[image, code] ~ normal(0, 1)\n"
        "  h = tanh(dense[code -> hidden](z))\n"
        "  before = sum[pixel](W[pixel, pixel'] * (2 * x - 1) * (if pixel < pixel' then 1 else 0))[pixel' = "
        "pixel]\n"
        "  x[image, pixel] ~ bernoulli_logit(dense[hidden -> pixel](h) + before)\n"
        "}\n"
        "guide {\n"
        "  g = tanh(dense[pixel -> hidden](2 * x - 1))\n"
        "  z[image, code] ~ normal(dense[hidden -> code](g), softplus(dense[hidden -> code](g)))\n"
        "}\n"
        "fit { steps = 2500; rate = 0.01; draws = 300%s }\n";
    fit *f = fitted(a, arena_print(a, TEXT, ""), 4);
    fit *g = fitted(a, arena_print(a, TEXT, "; anneal = 0 -> 1 over 1500"), 4);
    if (!check(f && g, "a strong decoder", "no fit")) return;
    bool told[2] = {false, false};
    for (int i = 0; i < 2; i++)
        for (uint32_t k = 0; k < (i ? g : f)->reasons.count; k++)
            told[i] |= strcmp((i ? g : f)->reasons.at[k].code, "collapsed") == 0;
    check(told[0], "a decoder that is too strong is called collapsed", "KL %g", f->kl.value);
    check(!told[1], "the same with annealing is not", "KL %g", g->kl.value);
    check(g->elbo.value > f->elbo.value + 5, "… and is the better one", "%g, %g", g->elbo.value,
          f->elbo.value);
}

/* Starts are draws of the distribution, the same for the same seed. Steps of this rate do not move them. */
static void drawn_starts(arena *a) {
    static const char TEXT[] = "axis unit = 2000\n"
                               "param v[unit] : real = normal(3, 0.5)\n"
                               "param s : positive = lognormal(0, 1)\n"
                               "model { x ~ normal(0 * sum[unit](v) * s, 1) }\n"
                               "fit { steps = 1; rate = 1e-12; draws = 100 }\n";
    fit *f = fitted(a, TEXT, 5), *g = fitted(a, TEXT, 5), *h = fitted(a, TEXT, 6);
    if (!check(f && g && h, "params with a drawn start run", "no fit")) return;
    double sum = 0, square = 0;
    bool same = true, other = false;
    for (uint64_t i = 0; i < 2000; i++) {
        double x = scalar(f, "v", i)->mean;
        sum += x / 2000;
        square += x * x / 2000;
        same &= fabs(x - scalar(g, "v", i)->mean) == 0;
        other |= fabs(x - scalar(h, "v", i)->mean) > 0.01;
    }
    /* four standard errors of 2,000 draws */
    check(fabs(sum - 3) < 4 * 0.5 / sqrt(2000), "drawn starts have their mean", "%.4f", sum);
    check(fabs(sqrt(square - sum * sum) - 0.5) < 4 * 0.5 / sqrt(4000), "drawn starts have their sd", "%.4f",
          sqrt(square - sum * sum));
    /* a param has one value, however many draws there are of the latents */
    const summary *v = scalar(f, "v", 7);
    check(v->sd == 0 && v->mcse == 0 && v->q05 == v->mean && v->draws[0] == v->mean && v->stride == 0,
          "a param has one value", "sd %g", v->sd);
    CHECK(same, "drawn starts are those of the seed");
    CHECK(other, "another seed, other starts");
    CHECK(scalar(f, "s", 0)->mean > 0, "a positive start stays positive");
}

int main(void) {
    arena a;
    test_memory(&a);
    network_of_latents(&a);
    autoencoder(&a);
    collapse(&a, "1", 0, "a decoder that needs no code");
    collapse(&a, "0.15", 2, "a decoder that needs it");
    annealing(&a);
    drawn_starts(&a);
    arena_close(&a);
    return check_end();
}
