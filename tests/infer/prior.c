/* Draws from the prior against closed forms: every kind of cut, chains of lags, and that statements do not
 * share random numbers. */
#include "runtime/infer/prior.h"

#include <math.h>
#include <string.h>
#include "tests/check.h"
#include "tests/compiled.h"
#include "tests/memory.h"

enum { ROWS = 40000 };

static const char TEXT[] = "axis n = 40000, k = 3, pair = 2, time = 20, kind = 3\n"
                           "data cut[n] : real\ndata late[n] : real\ndata mixed[n] : real\ndata seen[n] : "
                           "kind\ndata series[n, time] : real\n"
                           "data count[n] : count\n"
                           "let share[kind] = kind / 6\n"
                           "model {\n"
                           "  cut[n] ~ normal(0, 1) truncated [0.5, 2]\n"
                           "  late[n] ~ normal(1, 2) censored above 2\n"
                           "  seen[n] ~ categorical(share)\n"
                           "  side[n] : positive ~ normal(-1, 1)\n"
                           "  alike[n, k] : ordered ~ normal(0, 1)\n"
                           "  differ[n, pair] : ordered ~ normal(pair, 1)\n"
                           "  above[n, k] : positive_ordered ~ normal(1, 1)\n"
                           "  count[n] ~ geometric(0.4) truncated [1, inf]\n"
                           "  series[n, time = 1] ~ normal(0, 1 / sqrt(1 - 0.8^2))\n"
                           "  series[n, time > 1] ~ normal(0.8 * series[time - 1], 1)\n"
                           "  state[n] ~ categorical(share)\n"
                           "  mixed[n] ~ normal(10 * state, 1)\n"
                           "  a[n] ~ normal(0, 1)\n"
                           "  b[n] ~ normal(0, 1)\n"
                           "  twice = 2 * a\n"
                           "}\n";

static const double *values(const model *m, const char *name) {
    for (variable v = 0; v < m->program->variables.count; v++)
        if (strcmp(program_variable(m->program, v)->name, name) == 0) return m->values[v];
    return NULL;
}

/* Data that are drawn need no values. */
static void open_data(program *p) {
    for (variable v = 0; v < p->variables.count; v++)
        if (p->variables.at[v].kind == VARIABLE_data && p->variables.at[v].observed)
            p->variables.at[v].value = p->variables.at[v].self;
}

static model *drawn(arena *a, compiled *c, uint64_t seed) {
    if (c->said.errors) return NULL;
    open_data(c->program);
    model *m = bind_compiled(c, a);
    bool *given = arena_array(a, bool, c->program->variables.count);
    return m && prior_draw(&c->said, m, given, seed, a) ? m : NULL;
}

/* The mean of every `stride`-th number, whose sd is `sd`, within five standard errors: one test in two
 * million would fail by chance, and the seed is fixed. */
static void mean_is(const double *x, uint64_t stride, double mean, double sd, const char *name) {
    double sum = 0;
    for (uint64_t i = 0; i < ROWS; i++) sum += x[i * stride];
    double is = sum / ROWS;
    check(fabs(is - mean) < 5 * sd / sqrt(ROWS), name, "%.5f, not %.5f", is, mean);
}

static void product_is(const double *x, const double *y, uint64_t stride, double mean, double sd,
                       const char *name) {
    double sum = 0;
    for (uint64_t i = 0; i < ROWS; i++) sum += x[i * stride] * y[i * stride];
    check(fabs(sum / ROWS - mean) < 5 * sd / sqrt(ROWS), name, "%.5f, not %.5f", sum / ROWS, mean);
}

static double phi(double x) { return exp(-x * x / 2) / sqrt(2 * M_PI); }
static double cdf(double x) { return 0.5 * erfc(-x / sqrt(2)); }

static void cuts(const model *m) {
    const double *x = values(m, "cut");
    mean_is(x, 1, (phi(0.5) - phi(2)) / (cdf(2) - cdf(0.5)), 0.4, "a truncated normal");
    bool within = true;
    for (int i = 0; i < ROWS; i++) within &= x[i] >= 0.5 && x[i] <= 2;
    CHECK(within, "… lies within its bounds");
    mean_is(values(m, "side"), 1, -1 + phi(1) / (1 - cdf(1)), 0.5, "a narrowed normal");
    x = values(m, "late");
    double at_limit = 0, most = -1e9;
    for (int i = 0; i < ROWS; i++) at_limit += x[i] == 2, most = x[i] > most ? x[i] : most;
    check(most == 2 && fabs(at_limit / ROWS - (1 - cdf(0.5))) < 5 * 0.47 / sqrt(ROWS), "a censored normal",
          "%.5f at the limit, the largest %g", at_limit / ROWS, most);
    /* it has no memory */
    mean_is(values(m, "count"), 1, 1 + 0.6 / 0.4, sqrt(0.6) / 0.4, "a truncated geometric");
}

static void vectors(const model *m) {
    /* the largest of three standard normals: 3 / (2 sqrt(pi)) (Teichroew 1956) */
    const double *x = values(m, "alike");
    mean_is(x, 3, -1.5 / sqrt(M_PI), 0.75, "ordered normals: the first");
    mean_is(x + 1, 3, 0, 0.67, "… the second");
    mean_is(x + 2, 3, 1.5 / sqrt(M_PI), 0.75, "… the last");
    /* the difference of normal(1, 1) and normal(2, 1) is normal(1, sqrt 2), here above 0 */
    static double gap[ROWS];
    x = values(m, "differ");
    for (int i = 0; i < ROWS; i++) gap[i] = x[2 * i + 1] - x[2 * i];
    mean_is(gap, 1, 1 + sqrt(2) * phi(sqrt(0.5)) / cdf(sqrt(0.5)), 1, "ordered normals that are not alike");
    /* those of three draws of normal(1, 1) above 0: their mean is that of one */
    x = values(m, "above");
    for (int i = 0; i < ROWS; i++) gap[i] = (x[3 * i] + x[3 * i + 1] + x[3 * i + 2]) / 3;
    mean_is(gap, 1, 1 + phi(1) / cdf(1), 0.5, "positive ordered normals");
}

static void statements(const model *m) {
    const double *x = values(m, "seen");
    static double is[ROWS];
    for (int k = 1; k <= 3; k++) {
        for (int i = 0; i < ROWS; i++) is[i] = x[i] == k;
        mean_is(is, 1, k / 6., 0.5, "a categorical");
    }
    mean_is(values(m, "mixed"), 1, 10 * (1 + 4 + 9) / 6., 8, "a latent that a fit sums out is drawn");
    const double *a = values(m, "a"), *b = values(m, "b"), *twice = values(m, "twice");
    product_is(a, b, 1, 0, 1, "statements alike are independent");
    bool doubled = true;
    for (int i = 0; i < ROWS; i++) doubled &= twice[i] == 2 * a[i];
    CHECK(doubled, "derived names are computed");
    /* the chain is stationary, with variance v = 1 / (1 - 0.8²), and correlation 0.8 at lag 1 */
    const double v = 1 / (1 - 0.64), *chain = values(m, "series");
    product_is(chain + 19, chain + 19, 20, v, v * sqrt(2), "a chain: the variance at its end");
    product_is(chain + 19, chain + 18, 20, 0.8 * v, v * 1.3, "… the covariance at lag 1");
    product_is(chain + 19, chain, 20, pow(0.8, 19) * v, v, "… from end to end");
}

static void refused(arena *a, const char *text, const char *says, const char *name) {
    compiled *c = compile_text(a, text);
    model *m = drawn(a, c, 1);
    const char *said = c->said.list.count ? diagnostic_text(&c->said, &c->said.list.at[0]) : "nothing";
    check(!m && strstr(said, says) && strstr(said, "help: "), name, "it says %s", said);
}

int main(void) {
    arena a;
    test_memory(&a);
    compiled *c = compile_text(&a, TEXT);
    model *m = drawn(&a, c, 1), *again = drawn(&a, compile_text(&a, TEXT), 1),
          *other = drawn(&a, compile_text(&a, TEXT), 2);
    show_messages(c);
    if (!check(m && again && other, "the prior is drawn", "see above")) return check_end();
    cuts(m);
    vectors(m);
    statements(m);
    const char *const all[] = {"cut", "differ", "series", "twice"};
    for (int i = 0; i < 4; i++) {
        size_t size = ROWS * sizeof(double);
        check(memcmp(values(m, all[i]), values(again, all[i]), size) == 0, "same seed, same bits", "%s",
              all[i]);
        check(memcmp(values(m, all[i]), values(other, all[i]), size) != 0, "another seed", "%s", all[i]);
    }
    refused(&a, "data y : real\nmodel {\n  m ~ flat()\n  y ~ normal(m, 1)\n}\n",
            "`flat` cannot be drawn from", "a flat prior");
    refused(&a, "data y : real\nmodel {\n  m ~ normal(0, 1)\n  factor m^2\n  y ~ normal(m, 1)\n}\n",
            "this factor changes what is drawn", "a factor");
    refused(&a, "data y : real\nmodel {\n  m ~ normal(0, 1) truncated [50, 51]\n  y ~ normal(m, 1)\n}\n",
            "none of 131072 draws of `normal` lies where `m` must be", "bounds far out");
    refused(&a,
            "axis k = 3\ndata y : real\nmodel {\n  m[k] : sum_to_zero ~ normal(0, 1)\n  y ~ "
            "normal(sum[k](m^2), 1)\n}\n",
            "narrowed to sum_to_zero", "a constraint without volume");
    refused(&a, "data y : real\nmodel {\n  m ~ normal(0, 1)\n  y ~ normal(log(m - 100), 1)\n}\n",
            "the draw of `y` is", "a draw that is not finite");
    arena_close(&a);
    return check_end();
}
