/* Transforms: there and back, the log-Jacobian against the determinant of central differences, and what
 * far-away points do. The programs are made by hand: one latent over the axes group (2) and k (4), of
 * matrices also k' (an alias of k), with bounds that are numbers. */
#include "runtime/infer/transforms.h"

#include <math.h>
#include "autodiff/machine.h"
#include "autodiff/passes.h"
#include "base/rng.h"
#include "tests/check.h"
#include "tests/memory.h"

enum { GROUPS = 2, LENGTH = 4, MOST = GROUPS * LENGTH * LENGTH };

typedef struct setting {
    arena *a;
    model model;
    machine *forward, *back; /* u -> x, log-Jacobian; x -> u */
    double *u, *x;
    uint64_t free, size;
    support support;
} setting;

static setting setting_new(arena *a, support support, double lower, double upper) {
    setting s = {.a = a, .support = support};
    program *p = arena_new(a, program);
    push(a, &p->axes, (axis_row){.name = "group"});
    push(a, &p->axes, (axis_row){.name = "k"});
    push(a, &p->axes, (axis_row){.name = "k'"});
    push(a, &p->nodes, (node_row){.op = NODE_failed});
    push(a, &p->nodes, (node_row){.op = NODE_number, .number = lower});
    push(a, &p->nodes, (node_row){.op = NODE_number, .number = upper});
    type t = {.support = support, .lower = isnan(lower) ? 0 : 1, .upper = isnan(upper) ? 0 : 2};
    axes of = axes_with(axes_one(0), 1);
    if (SUPPORTS[support].event == 2) of = axes_with(of, 2);
    variable_row v = {.name = "x", .kind = VARIABLE_latent, .axes = of, .order = {0, 1, 2}, .type = t};
    push(a, &p->variables, v);
    s.model = (model){p, a, arena_array(a, bound_axis, 3), arena_array(a, const double *, 1), NULL};
    s.model.axes[0].size = GROUPS;
    s.model.axes[1].size = s.model.axes[2].size = LENGTH;
    return s;
}

static machine *machine_of(setting *s, tape *written) {
    tape *run = arena_new(s->a, tape);
    tape_compile(written, run, s->a, NULL, NULL);
    return machine_new(s->a, run, NULL);
}

static void setting_write(setting *s) {
    tape forward, back;
    tape_open(&forward, s->a);
    lowering l = lower_open(&s->model, &forward, 1);
    axes own = transform_axes(&l, 0);
    s->free = tape_size(&forward, own);
    axes all = s->model.program->variables.at[0].axes;
    s->size = model_size(&s->model, all);
    ref log_jacobian, x = transform_constrain(&l, 0, tape_input(&forward, own), &log_jacobian);
    tape_output(&forward, x);
    tape_output(&forward, log_jacobian);
    s->forward = machine_of(s, &forward);
    tape_open(&back, s->a);
    l = lower_open(&s->model, &back, 1);
    ref u = transform_unconstrain(&l, 0, tape_input(&back, lower_axes(&l, all)));
    tape_output(&back, tape_expand(&back, u, transform_axes(&l, 0)));
    s->back = machine_of(s, &back);
    s->u = arena_array(s->a, double, MOST + s->size);
    s->x = arena_array(s->a, double, MOST + s->size);
    machine_bind(s->forward, 0, s->u);
    machine_bind(s->back, 0, s->x);
}

static double forward(setting *s) {
    machine_run(s->forward, 0, 0);
    memcpy(s->x, machine_output(s->forward, 0), s->size * sizeof(double));
    return machine_output(s->forward, 1)[0];
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
static bool determines(const setting *s, uint64_t i) {
    uint64_t row = i / LENGTH % LENGTH, column = i % LENGTH;
    switch (s->support) {
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
static double beside(const setting *s) {
    double sum = 0;
    for (int g = 0; g < GROUPS; g++) {
        double z = 4 * log_length(s->u + g * LENGTH);
        if (s->support == SUPPORT_sum_to_zero) sum += log(LENGTH) / 2;
        if (s->support == SUPPORT_unit_vector)
            sum += log(4) - z * z / 2 - log(2 * M_PI) / 2 - log(fabs(s->x[g * LENGTH + LENGTH - 1]));
    }
    return sum;
}

/* The determinant of the entries that determine x; of a unit vector also of the log length. */
static double differences(setting *s) {
    double m[MOST][MOST] = {0}, h = 1e-5, keep, plus[MOST];
    for (uint64_t j = 0; j < s->free; j++) {
        keep = s->u[j];
        s->u[j] = keep + h;
        forward(s);
        memcpy(plus, s->x, sizeof plus);
        double longer = log_length(s->u + j / LENGTH * LENGTH);
        s->u[j] = keep - h;
        forward(s);
        longer -= log_length(s->u + j / LENGTH * LENGTH);
        s->u[j] = keep;
        uint64_t row = 0;
        for (uint64_t i = 0; i < s->size; i++)
            if (determines(s, i)) m[row++][j] = (plus[i] - s->x[i]) / (2 * h);
        for (uint64_t g = 0; g < GROUPS && s->support == SUPPORT_unit_vector; g++)
            m[row++][j] = j / LENGTH == g ? longer / (2 * h) : 0;
    }
    forward(s);
    return log_determinant(m, s->free) + beside(s);
}

/* Of a unit vector any length is one of its points; the other transforms are one to one. */
static double off_back(setting *s, const double *u) {
    double worst = 0, x[MOST];
    machine_run(s->back, 0, 0);
    const double *back = machine_output(s->back, 0);
    if (s->support != SUPPORT_unit_vector) {
        for (uint64_t i = 0; i < s->free; i++) worst = fmax(worst, fabs(back[i] - u[i]) / (1 + fabs(u[i])));
        return worst;
    }
    memcpy(x, s->x, sizeof x);
    memcpy(s->u, back, s->free * sizeof *s->u);
    forward(s);
    for (uint64_t i = 0; i < s->size; i++) worst = fmax(worst, fabs(s->x[i] - x[i]));
    memcpy(s->u, u, s->free * sizeof *s->u);
    forward(s);
    return worst;
}

static void test(arena *a, const char *name, support support, double lower, double upper) {
    setting s = setting_new(a, support, lower, upper);
    setting_write(&s);
    rng r = rng_open(11, 0);
    double worst_back = 0, worst_jacobian = 0;
    check(transform_size(&s.model, 0) == s.free, "transform size", "%s", name);
    for (int trial = 0; trial < 20; trial++) {
        double u[MOST];
        for (uint64_t i = 0; i < s.free; i++) s.u[i] = u[i] = 1.5 * rng_normal(&r);
        double log_jacobian = forward(&s);
        worst_back = fmax(worst_back, off_back(&s, u));
        worst_jacobian = fmax(worst_jacobian, fabs(log_jacobian - differences(&s)));
    }
    /* x is rounded to 1e-16 of itself, and u is as sensitive as 1 / x'(u), up to 1e5 at these points */
    check(worst_back < 1e-9, "transform there and back", "%s: off by %g", name, worst_back);
    /* central differences with steps of 1e-5: third derivatives times 1e-10, rounding 1e-11 of sums of up to
     * 100 */
    check(worst_jacobian < 1e-6, "transform jacobian", "%s: off by %g", name, worst_jacobian);
    range bounds = {SUPPORTS[support].lowest, SUPPORTS[support].highest, false, false, false};
    if (support == SUPPORT_interval)
        bounds = (range){fmax(lower, -INFINITY), fmin(upper, INFINITY), false, false, false};
    bool inside = true;
    for (int far = -1; far <= 1; far += 2) {
        for (uint64_t i = 0; i < s.free; i++)
            s.u[i] = (support == SUPPORT_covariance ? 300 : 1e3) * far; /* exp(600) is finite */
        double log_jacobian = forward(&s);
        for (uint64_t i = 0; i < s.size; i++)
            if (!(s.x[i] >= bounds.lowest && s.x[i] <= bounds.highest) || !isfinite(log_jacobian))
                inside = false;
    }
    check(inside, "transform far away", "%s leaves its support or has no log-Jacobian at 1e3", name);
}

/* A long vector on the plane of sum 0 against the columns of V, written down: entry j of column j is below
 * all others, and x is V u by its definition. */
static void test_long(arena *a) {
    enum { LONG = 200 };
    setting s = setting_new(a, SUPPORT_sum_to_zero, NAN, NAN);
    s.model.axes[1].size = s.model.axes[2].size = LONG;
    setting_write(&s);
    rng r = rng_open(12, 0);
    double worst = 0, *u = arena_array(a, double, s.free);
    for (uint64_t i = 0; i < s.free; i++) s.u[i] = u[i] = rng_normal(&r);
    machine_run(s.forward, 0, 0);
    const double *x = machine_output(s.forward, 0);
    for (int g = 0; g < GROUPS; g++)
        for (int i = 0; i < LONG; i++) {
            double sum = 0;
            for (int j = i > 1 ? i : 1; j < LONG; j++)
                sum += (j == i ? -j : 1) * u[g * (LONG - 1) + j - 1] / sqrt(j * (j + 1.0));
            worst = fmax(worst, fabs(x[g * LONG + i] - sum));
        }
    memcpy(s.x, x, s.size * sizeof *x);
    machine_run(s.back, 0, 0);
    for (uint64_t i = 0; i < s.free; i++) worst = fmax(worst, fabs(machine_output(s.back, 0)[i] - u[i]));
    /* sums of 200 numbers near 1, each rounded to 1e-16 */
    check(worst < 1e-12, "transform of a long vector", "off by %g", worst);
}

int main(void) {
    arena a;
    test_memory(&a);
    test(&a, "real", SUPPORT_real, NAN, NAN);
    test(&a, "positive", SUPPORT_positive, NAN, NAN);
    test(&a, "negative", SUPPORT_negative, NAN, NAN);
    test(&a, "unit", SUPPORT_unit, NAN, NAN);
    test(&a, "interval(-1, 3)", SUPPORT_interval, -1, 3);
    test(&a, "interval(2, )", SUPPORT_interval, 2, NAN);
    test(&a, "interval(, 2)", SUPPORT_interval, NAN, 2);
    test(&a, "interval(2, inf)", SUPPORT_interval, 2, INFINITY);
    test(&a, "interval(-inf, inf)", SUPPORT_interval, -INFINITY, INFINITY);
    test(&a, "simplex", SUPPORT_simplex, NAN, NAN);
    test(&a, "ordered", SUPPORT_ordered, NAN, NAN);
    test(&a, "positive_ordered", SUPPORT_positive_ordered, NAN, NAN);
    test(&a, "sum_to_zero", SUPPORT_sum_to_zero, NAN, NAN);
    test(&a, "unit_vector", SUPPORT_unit_vector, NAN, NAN);
    test(&a, "cholesky_covariance", SUPPORT_cholesky_covariance, NAN, NAN);
    test(&a, "covariance", SUPPORT_covariance, NAN, NAN);
    test(&a, "cholesky_correlation", SUPPORT_cholesky_correlation, NAN, NAN);
    test(&a, "correlation", SUPPORT_correlation, NAN, NAN);
    test_long(&a);
    arena_close(&a);
    return check_end();
}
