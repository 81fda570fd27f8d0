/* Transforms: there and back, the log-Jacobian against the determinant of central differences, and what
 * far-away points do. The programs are made by hand: one latent over axes group (2) and k (4), or a scalar,
 * and bounds that are numbers. */
#include "runtime/infer/transforms.h"

#include <math.h>
#include "autodiff/machine.h"
#include "autodiff/passes.h"
#include "base/rng.h"
#include "tests/check.h"
#include "tests/infer/memory.h"

enum { GROUPS = 2, LENGTH = 4, MOST = GROUPS * LENGTH };

typedef struct setting {
    arena *a;
    model model;
    machine *forward, *back; /* u -> x, log-Jacobian; x -> u */
    double *u, *x;
    uint64_t free, size;
} setting;

static setting setting_new(arena *a, support support, double lower, double upper) {
    setting s = {.a = a};
    program *p = arena_new(a, program);
    push(a, &p->axes, (axis_row){.name = "group"});
    push(a, &p->axes, (axis_row){.name = "k"});
    push(a, &p->nodes, (node_row){.op = NODE_failed});
    push(a, &p->nodes, (node_row){.op = NODE_number, .number = lower});
    push(a, &p->nodes, (node_row){.op = NODE_number, .number = upper});
    type t = {.support = support, .lower = isnan(lower) ? 0 : 1, .upper = isnan(upper) ? 0 : 2};
    variable_row v = {
        .name = "x", .kind = VARIABLE_latent, .axes = axes_with(axes_one(0), 1), .order = {0, 1}, .type = t};
    push(a, &p->variables, v);
    s.model = (model){p, a, arena_array(a, bound_axis, 2), arena_array(a, const double *, 1)};
    s.model.axes[0].size = GROUPS;
    s.model.axes[1].size = LENGTH;
    return s;
}

static machine *machine_of(setting *s, tape *written) {
    tape *run = arena_new(s->a, tape);
    tape_compile(written, run, s->a, NULL, NULL);
    return machine_new(s->a, run);
}

static void setting_write(setting *s) {
    tape forward, back;
    tape_open(&forward, s->a);
    lowering l = lower_open(&s->model, &forward, 1);
    axes own = transform_axes(&l, 0);
    s->free = tape_size(&forward, own);
    s->size = MOST;
    ref log_jacobian, x = transform_constrain(&l, 0, tape_input(&forward, own), &log_jacobian);
    tape_output(&forward, x);
    tape_output(&forward, log_jacobian);
    s->forward = machine_of(s, &forward);
    tape_open(&back, s->a);
    l = lower_open(&s->model, &back, 1);
    tape_output(&back,
                transform_unconstrain(&l, 0, tape_input(&back, lower_axes(&l, axes_with(axes_one(0), 1)))));
    s->back = machine_of(s, &back);
    s->u = arena_array(s->a, double, MOST);
    s->x = arena_array(s->a, double, MOST);
    machine_bind(s->forward, 0, s->u);
    machine_bind(s->back, 0, s->x);
}

static double forward(setting *s) {
    machine_run(s->forward, 0, 0);
    memcpy(s->x, machine_output(s->forward, 0), MOST * sizeof(double));
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

/* Of the entries of x that determine it: for a simplex all but the last of each group. */
static double differences(setting *s) {
    double m[MOST][MOST] = {0}, h = 1e-5, keep, plus[MOST];
    bool shorter = s->free < s->size;
    for (uint64_t j = 0; j < s->free; j++) {
        keep = s->u[j];
        s->u[j] = keep + h;
        forward(s);
        memcpy(plus, s->x, sizeof plus);
        s->u[j] = keep - h;
        forward(s);
        s->u[j] = keep;
        for (uint64_t i = 0, row = 0; i < s->size; i++)
            if (!shorter || i % LENGTH != LENGTH - 1) m[row++][j] = (plus[i] - s->x[i]) / (2 * h);
    }
    return log_determinant(m, s->free);
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
        machine_run(s.back, 0, 0);
        for (uint64_t i = 0; i < s.free; i++)
            worst_back = fmax(worst_back, fabs(machine_output(s.back, 0)[i] - u[i]) / (1 + fabs(u[i])));
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
        for (uint64_t i = 0; i < s.free; i++) s.u[i] = 1e3 * far;
        double log_jacobian = forward(&s);
        for (uint64_t i = 0; i < s.size; i++)
            if (!(s.x[i] >= bounds.lowest && s.x[i] <= bounds.highest) || !isfinite(log_jacobian))
                inside = false;
    }
    check(inside, "transform far away", "%s leaves its support or has no log-Jacobian at 1e3", name);
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
    arena_close(&a);
    return check_end();
}
