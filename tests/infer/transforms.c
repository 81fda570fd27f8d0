/* Transforms, one row a type of the language, and the bounds that are latents. A row is two programs that say
 * the same: one of latents of the type, one of the unconstrained numbers in their place, which are `flat` but
 * for what follows from theory (a lognormal is the exponential of a normal, shares of uniform entries are
 * logistic, Bartlett's decomposition of a Wishart matrix, the partial correlations of an LKJ matrix are
 * beta). At random points
 *   - the first, with its log-Jacobian, has the log density of the second;
 *   - that log-Jacobian is the log of the determinant of central differences, of all latents together;
 *   - the way back ends where the way there began.
 * Far away, at entries of x of 1000 and -1000, it stays in its support and the log-Jacobian and its gradient
 * are finite. */
#include "runtime/infer/transforms.h"

#include <math.h>
#include "autodiff/machine.h"
#include "autodiff/passes.h"
#include "base/rng.h"
#include "runtime/infer/space.h"
#include "tests/check.h"
#include "tests/compiled.h"
#include "tests/memory.h"

enum { GROUPS = 2, LENGTH = 4, MOST = 64, LATENTS_MOST = 4 };

typedef struct row {
    const char *name, *constrained, *direct;
} row;

/* f counts the free entries: of vectors with one less than entries, of triangles row by row. */
#define AXES  "axis group = 2, k = 4\n"
#define FEWER AXES "axis f = 3\n"
#define BELOW AXES "axis f = 6\nlet r[f] = floor(0.5 + sqrt(2 * f - 1.75))\nlet j[f] = f - r * (r - 1) / 2\n"
#define TRIANGLE                                                                                             \
    AXES "axis f = 10\nlet r[f] = floor(0.5 + sqrt(2 * f - 1.75))\nlet j[f] = f - r * (r - 1) / 2\n"
#define UNITS     AXES "let one[k, k'] = if k == k' then 1 else 0\n"
#define NORMAL    AXES "model {\n  x[group, k] ~ normal(0.3, 0.8)\n}\n"
#define OF_SHARES "let c[k] = k / 2\n"

/* The squares on the diagonal of Bartlett's factor are chi_square(7 - r + 1), what is below normal. */
static const char BARTLETT[] =
    TRIANGLE "model {\n  x[group, f] ~ flat()\n"
             "  factor if j == r then log_density(chi_square(8 - r), exp(2 * x)) + "
             "log(2) + 2 * x else log_density(normal(0, 1), x)\n}\n";
/* Of an LKJ matrix (1 + tanh(x)) / 2 = expit(2 x) is beta(b, b), b = shape + (K - 1 - j) / 2. */
static const char PARTIAL[] =
    BELOW "let b[f] = 1.7 + (3 - j) / 2\nmodel {\n  x[group, f] ~ flat()\n"
          "  factor log_density(beta(b, b), expit(2 * x)) + log(2) + log_expit(2 * x) + "
          "log_expit(-2 * x)\n}\n";
/* The logs of gamma draws, whose sum is integrated out, on the plane of sum 0. */
static const char LOG_SHARES[] =
    FEWER OF_SHARES "let V[k, f] = (if k <= f then 1 else if k == f + 1 then -f else 0) / sqrt(f * (f + 1))\n"
                    "model {\n  x[group, f] ~ flat()\n  s[group, k] = sum[f](V * x)\n"
                    "  factor lgamma(sum[k](c)) - sum[k](lgamma(c)) + sum[k](c * s) - sum[k](c) * "
                    "log_sum_exp[k](s) + 0.5 * log(size(k))\n}\n";

static const row ROWS[] = {
    {"real", NORMAL, NORMAL},
    {"positive", AXES "model {\n  x[group, k] ~ lognormal(0.3, 0.8)\n}\n", NORMAL},
    {"negative",
     AXES "model {\n  x[group, k] : negative ~ flat()\n  factor log_density(lognormal(0.3, 0.8), -x)\n}\n",
     NORMAL},
    {"unit", AXES "model {\n  x[group, k] ~ logit_normal(0.3, 0.8)\n}\n", NORMAL},
    {"interval(-1, 3)", AXES "model {\n  x[group, k] ~ uniform(-1, 3)\n}\n",
     AXES "model {\n  x[group, k] ~ logistic(0, 1)\n}\n"},
    {"interval(2, inf)",
     AXES "model {\n  x[group, k] : interval(2, inf) ~ flat()\n  factor log_density(lognormal(0.3, 0.8), x - "
          "2)\n}\n",
     NORMAL},
    {"interval(-inf, 2)",
     AXES "model {\n  x[group, k] : interval(-inf, 2) ~ flat()\n  factor log_density(lognormal(0.3, 0.8), 2 "
          "- x)\n}\n",
     NORMAL},
    {"interval(-inf, inf)",
     AXES
     "model {\n  x[group, k] : interval(-inf, inf) ~ flat()\n  factor log_density(normal(0.3, 0.8), x)\n}\n",
     NORMAL},
    {"interval(a, a + w) of latents",
     AXES "model {\n  x[group, k] ~ uniform(a, a + w)\n  a ~ normal(0.3, 0.8)\n  w[group] ~ lognormal(0, "
          "0.5)\n}\n",
     AXES
     "model {\n  x[group, k] ~ logistic(0, 1)\n  a ~ normal(0.3, 0.8)\n  w[group] ~ normal(0, 0.5)\n}\n"},
    {"interval(a, inf) of a latent",
     AXES "model {\n  a[group] ~ normal(0.3, 0.8)\n  x[group, k] : interval(a, inf) ~ flat()\n"
          "  factor log_density(lognormal(0.3, 0.8), x - a)\n}\n",
     AXES "model {\n  a[group] ~ normal(0.3, 0.8)\n  x[group, k] ~ normal(0.3, 0.8)\n}\n"},
    {"interval(-inf, a) of a latent",
     AXES "model {\n  a[group] ~ lognormal(0.3, 0.8)\n  x[group, k] : interval(-inf, 2 * a) ~ flat()\n"
          "  factor log_density(lognormal(0.3, 0.8), 2 * a - x)\n}\n",
     AXES "model {\n  a[group] ~ normal(0.3, 0.8)\n  x[group, k] ~ normal(0.3, 0.8)\n}\n"},
    {"intervals of intervals", /* -log of an exponential is gumbel */
     AXES "model {\n  x[group, k] ~ uniform(a, b)\n  b[group] : interval(a, inf) ~ flat()\n"
          "  factor log_density(exponential(2), b - a)\n  a[group] ~ normal(0.3, 0.8)\n}\n",
     AXES "model {\n  x[group, k] ~ logistic(0, 1)\n  b[group] ~ flat()\n"
          "  factor log_density(gumbel(log(2), 1), -b)\n  a[group] ~ normal(0.3, 0.8)\n}\n"},
    {"simplex", AXES OF_SHARES "model {\n  x[group, k] ~ dirichlet(c)\n}\n", LOG_SHARES},
    {"ordered",
     AXES "model {\n  x[group, k] : ordered ~ flat()\n  factor log_density(normal(0.3, 0.8), x[k = 1])\n"
          "  factor log_density(lognormal(0.3, 0.8), x[k = 2] - x[k = 1])\n"
          "  factor log_density(lognormal(0.3, 0.8), x[k = 3] - x[k = 2])\n"
          "  factor log_density(lognormal(0.3, 0.8), x[k = 4] - x[k = 3])\n}\n",
     NORMAL},
    {"positive_ordered", /* the gaps of exponentials are exponential, with as many rates as are left */
     AXES "model {\n  x[group, k] : positive_ordered ~ exponential(1.5)\n}\n",
     AXES "model {\n  x[group, k] ~ flat()\n  factor log_density(gumbel(log((5 - k) * 1.5), 1), -x)\n}\n"},
    {"sum_to_zero", AXES "model {\n  x[group, k] : sum_to_zero ~ normal(0, 0.8)\n}\n",
     FEWER "model {\n  x[group, f] ~ normal(0, 0.8)\n}\n"},
    {"unit_vector", AXES "model {\n  x[group, k] : unit_vector ~ flat()\n}\n",
     AXES "model {\n  x[group, k] ~ flat()\n  q[group] = sum[k]((x + 0.5)^2)\n"
          "  factor log_density(lognormal(0, 0.25), sqrt(q)) - 0.5 * (size(k) - 1) * log(q)\n}\n"},
    {"cholesky_covariance", UNITS "model {\n  x[group, k, k'] ~ wishart_cholesky(7, one)\n}\n", BARTLETT},
    {"covariance", UNITS "model {\n  x[group, k, k'] ~ wishart(7, one)\n}\n", BARTLETT},
    {"cholesky_correlation", AXES "model {\n  x[group, k, k'] ~ lkj_corr_cholesky(1.7)\n}\n", PARTIAL},
    {"correlation", AXES "model {\n  x[group, k, k'] ~ lkj_corr(1.7)\n}\n", PARTIAL},
};

/* The latents of a row one after the other: as values, and as unconstrained entries. */
typedef struct setting {
    model *model;
    space space;
    machine *forward, *back; /* u -> values …, log-Jacobian, its gradient, log density; values … -> u … */
    double *u, *x[LATENTS_MOST];
    uint64_t size[LATENTS_MOST];
} setting;

static const variable_row *latent(const setting *s, uint32_t i) {
    return program_variable(s->model->program, s->space.of[i]);
}

static machine *machine_of(arena *a, tape *written) {
    tape *run = arena_new(a, tape);
    tape_compile(written, run, a, NULL, NULL);
    return machine_new(a, run, NULL);
}

static void write_forward(setting *s, arena *a) {
    tape t;
    tape_open(&t, a);
    lowering l = lower_open(s->model, &t, 1);
    axis joint = tape_add_axis(&t, "latents", (uint32_t)s->space.size);
    ref u = tape_input(&t, axes_one(joint)), slope, culprit;
    assignment given = assignment_open(&l);
    assignment_from_space(&given, &s->space, u, joint);
    assignment_set_all(&given);
    for (uint32_t i = 0; i < s->space.count; i++)
        tape_output(&t, tape_expand(&t, l.variables[s->space.of[i]], lower_axes(&l, latent(s, i)->axes)));
    tape_output(&t, given.log_jacobian);
    if (!tape_gradient(&t, given.log_jacobian, &u, 1, &slope, &culprit)) CHECK(false, "transform gradient");
    tape_output(&t, tape_expand(&t, slope, axes_one(joint)));
    tape_output(&t, tape_map2(&t, OP_add, tape_sum_all(&t, lower_log_density(&l)), given.log_jacobian));
    s->forward = machine_of(a, &t);
    machine_bind(s->forward, 0, s->u);
}

static void write_back(setting *s, arena *a) {
    tape t;
    tape_open(&t, a);
    lowering l = lower_open(s->model, &t, 1);
    for (uint32_t i = 0; i < s->space.count; i++)
        lower_set(&l, s->space.of[i], tape_input(&t, lower_axes(&l, latent(s, i)->axes)));
    for (uint32_t i = 0; i < s->space.count; i++) {
        ref u = transform_unconstrain(&l, s->space.of[i], l.variables[s->space.of[i]]);
        tape_output(&t, tape_expand(&t, u, transform_axes(&l, s->space.of[i])));
    }
    s->back = machine_of(a, &t);
    for (uint32_t i = 0; i < s->space.count; i++) machine_bind(s->back, i, s->x[i]);
}

static bool setting_open(setting *s, arena *a, const char *name, const char *text) {
    compiled *c = compile_text(a, text);
    *s = (setting){.model = bind_compiled(c, a)};
    if (!s->model) show_messages(c);
    if (!check(s->model != NULL, "transform program", "%s", name)) return false;
    s->space = space_of_latents(s->model, true, a);
    s->u = arena_array(a, double, s->space.size);
    for (uint32_t i = 0; i < s->space.count; i++) {
        s->size[i] = model_size(s->model, latent(s, i)->axes);
        s->x[i] = arena_array(a, double, s->size[i]);
    }
    write_forward(s, a);
    write_back(s, a);
    return true;
}

static double forward(setting *s) {
    machine_run(s->forward, 0, 0);
    for (uint32_t i = 0; i < s->space.count; i++)
        memcpy(s->x[i], machine_output(s->forward, i), s->size[i] * sizeof(double));
    return machine_output(s->forward, s->space.count)[0];
}

static double log_density(setting *s) {
    machine_run(s->forward, 0, 0);
    return machine_output(s->forward, s->space.count + 2)[0];
}

/* log |det| by elimination with row pivots. */
static double log_determinant(double m[MOST][MOST], uint64_t n) {
    double sum = 0;
    for (uint64_t i = 0; i < n; i++) {
        uint64_t best = i;
        for (uint64_t r = i; r < n; r++)
            if (fabs(m[r][i]) > fabs(m[best][i])) best = r;
        for (uint64_t c = 0; c < n; c++) {
            double x = m[i][c];
            m[i][c] = m[best][c];
            m[best][c] = x;
        }
        sum += log(fabs(m[i][i]));
        for (uint64_t r = i + 1; r < n; r++)
            for (uint64_t c = n; c-- > i;) m[r][c] -= m[r][i] / m[i][i] * m[i][c];
    }
    return sum;
}

/* Whether entry i is among those of x that determine it: the density is that of these. */
static bool determines(support support, uint64_t i) {
    uint64_t row = i / LENGTH % LENGTH, column = i % LENGTH;
    switch (support) {
    case SUPPORT_simplex:
    case SUPPORT_sum_to_zero:
    case SUPPORT_unit_vector: return column < LENGTH - 1;
    case SUPPORT_correlation:
    case SUPPORT_cholesky_correlation: return column < row;
    case SUPPORT_covariance:
    case SUPPORT_cholesky_covariance: return column <= row;
    default: return true;
    }
}

/* The log of the length that a unit vector's entries have before they are divided by it. */
static double log_length(const double *u) {
    double squares = 0;
    for (int i = 0; i < LENGTH; i++) squares += pow(u[i] + 1 / sqrt(LENGTH), 2);
    return log(squares) / 2;
}

/* What the log-Jacobian has beside the determinant: sum_to_zero per length on the plane, of which the first
 * entries show 1 / sqrt(K); unit_vector per area of the sphere, whose tangent they show by |x[K]|, and with
 * the density of the log length, normal(0, 1 / 4). */
static double beside(const setting *s, uint32_t i) {
    double sum = 0;
    support of = latent(s, i)->type.support;
    for (int g = 0; g < GROUPS; g++) {
        double z = 4 * log_length(s->u + s->space.offset[i] + g * LENGTH);
        if (of == SUPPORT_sum_to_zero) sum += log(LENGTH) / 2;
        if (of == SUPPORT_unit_vector)
            sum += log(4) - z * z / 2 - log(2 * M_PI) / 2 - log(fabs(s->x[i][g * LENGTH + LENGTH - 1]));
    }
    return sum;
}

/* The values that determine all latents at the point, and of unit vectors their log lengths. */
static uint64_t determining(setting *s, double *values) {
    uint64_t count = 0;
    forward(s);
    for (uint32_t i = 0; i < s->space.count; i++) {
        support of = latent(s, i)->type.support;
        for (uint64_t e = 0; e < s->size[i]; e++)
            if (determines(of, e)) values[count++] = s->x[i][e];
        for (int g = 0; g < GROUPS && of == SUPPORT_unit_vector; g++)
            values[count++] = log_length(s->u + s->space.offset[i] + g * LENGTH);
    }
    return count;
}

static double differences(setting *s) {
    double m[MOST][MOST] = {0}, h = 1e-5, above[MOST], below[MOST], sum = 0;
    uint64_t n = s->space.size;
    for (uint64_t j = 0; j < n; j++) {
        double keep = s->u[j];
        s->u[j] = keep + h;
        if (determining(s, above) != n) return NAN; /* not of so many entries as it has free ones */
        s->u[j] = keep - h;
        determining(s, below);
        s->u[j] = keep;
        for (uint64_t i = 0; i < n; i++) m[i][j] = (above[i] - below[i]) / (2 * h);
    }
    forward(s);
    for (uint32_t i = 0; i < s->space.count; i++) sum += beside(s, i);
    return log_determinant(m, n) + sum;
}

/* The larger size; NaN is the largest. */
static double larger(double worst, double x) { return isnan(worst) || fabs(x) <= worst ? worst : fabs(x); }

/* Of a unit vector any length is one of its points; the other transforms are one to one. */
static double off_back(setting *s) {
    double worst = 0, there[MOST], here[MOST];
    machine_run(s->back, 0, 0);
    for (uint32_t i = 0; i < s->space.count; i++) {
        const double *u = s->u + s->space.offset[i], *back = machine_output(s->back, i);
        uint64_t free = transform_size(s->model, s->space.of[i]);
        bool one_to_one = latent(s, i)->type.support != SUPPORT_unit_vector;
        for (uint64_t k = 0; one_to_one && k < free; k++)
            worst = larger(worst, (back[k] - u[k]) / (1 + fabs(u[k])));
        if (one_to_one) continue;
        memcpy(there, s->x[i], s->size[i] * sizeof *there);
        memcpy(here, u, free * sizeof *here);
        memcpy(s->u + s->space.offset[i], back, free * sizeof *back);
        forward(s);
        for (uint64_t k = 0; k < s->size[i]; k++) worst = larger(worst, s->x[i][k] - there[k]);
        memcpy(s->u + s->space.offset[i], here, free * sizeof *here);
        forward(s);
    }
    return worst;
}

/* Values are in the support, or at its end where they cannot be told from it. */
static bool stays_inside(setting *s) {
    double log_jacobian = forward(s);
    bool inside = isfinite(log_jacobian);
    for (uint32_t i = 0; i < s->space.count; i++) {
        const support_row *of = &SUPPORTS[latent(s, i)->type.support];
        for (uint64_t e = 0; e < s->size[i]; e++)
            inside = inside && s->x[i][e] >= of->lowest && s->x[i][e] <= of->highest;
    }
    const double *slope = machine_output(s->forward, s->space.count + 1);
    for (uint64_t i = 0; i < s->space.size; i++) inside = inside && isfinite(slope[i]);
    return inside;
}

static void test(arena *a, const row *r) {
    setting s, direct;
    if (!setting_open(&s, a, r->name, r->constrained) || !setting_open(&direct, a, r->name, r->direct))
        return;
    if (!check(s.space.size == direct.space.size && s.space.size <= MOST, "transform size", "%s", r->name))
        return;
    rng random = rng_open(11, 0);
    double worst_back = 0, worst_jacobian = 0, worst_density = 0;
    for (int trial = 0; trial < 20; trial++) {
        for (uint64_t i = 0; i < s.space.size; i++) s.u[i] = direct.u[i] = 1.5 * rng_normal(&random);
        double log_jacobian = forward(&s), want = log_density(&direct);
        worst_back = larger(worst_back, off_back(&s));
        worst_jacobian = larger(worst_jacobian, log_jacobian - differences(&s));
        worst_density = larger(worst_density, (log_density(&s) - want) / (1 + fabs(want)));
    }
    /* x is rounded to 1e-16 of itself, and u is as sensitive as 1 / x'(u), up to 1e5 at these points */
    check(worst_back < 1e-9, "transform there and back", "%s: off by %g", r->name, worst_back);
    /* central differences with steps of 1e-5: third derivatives times 1e-10, rounding 1e-11 of sums of up to
     * 100 */
    check(worst_jacobian < 1e-6, "transform jacobian", "%s: off by %g", r->name, worst_jacobian);
    /* the same sensitivity, of the density of x */
    check(worst_density < 1e-9, "transform density", "%s: off by %g", r->name, worst_density);
    for (int far = -1; far <= 1; far += 2) {
        for (uint32_t i = 0; i < s.space.count; i++)
            for (uint64_t k = 0; k < transform_size(s.model, s.space.of[i]); k++)
                s.u[s.space.offset[i] + k] = strcmp(latent(&s, i)->name, "x") ? 0.1 : 1e3 * far;
        check(stays_inside(&s), "transform far away", "%s leaves its support or has no log-Jacobian at %d",
              r->name, 1000 * far);
    }
}

/* A long vector on the plane of sum 0 against the columns of V, written down: entry j of column j is below
 * all others, and x is V u by its definition. */
static void test_long(arena *a) {
    enum { LONG = 200 };
    setting s;
    if (!setting_open(&s, a, "long", "axis k = 200\nmodel {\n  x[k] : sum_to_zero ~ flat()\n}\n")) return;
    rng r = rng_open(12, 0);
    double worst = 0;
    for (uint64_t i = 0; i < s.space.size; i++) s.u[i] = rng_normal(&r);
    forward(&s);
    for (int i = 0; i < LONG; i++) {
        double sum = 0;
        for (int j = i > 1 ? i : 1; j < LONG; j++)
            sum += (j == i ? -j : 1) * s.u[j - 1] / sqrt(j * (j + 1.0));
        worst = larger(worst, s.x[0][i] - sum);
    }
    /* sums of 200 numbers near 1, each rounded to 1e-16 */
    check(larger(worst, off_back(&s)) < 1e-12, "transform of a long vector", "off by %g", worst);
}

int main(void) {
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        arena a;
        test_memory(&a);
        test(&a, &ROWS[i]);
        arena_close(&a);
    }
    arena a;
    test_memory(&a);
    test_long(&a);
    arena_close(&a);
    return check_end();
}
