/* The gamma and beta distributions' kernels, of each instruction set that this processor has, against
 * multiple precision (tails_reference.py): tails, their logs, densities, rates, slopes by parameters and
 * quantiles of the tables' tails within 4 units in the last place, 2^-50 of their size; edges. */
#include <math.h>
#include <string.h>

#include "autodiff/kernels/kernels.h"
#include "tests/autodiff/tails_reference.h"
#include "tests/check.h"

/* A row as it is compared: the logs of the tails and of the density. */
typedef struct point {
    double at[3];
    int count; /* of arguments; the last one is x */
    long double lower, upper, density, lower_rate, upper_rate;
    double slope[2];
} point;

typedef struct comparison {
    const kernels *k;
    op f;
    double bound, worst;
    point where;
} comparison;

static long double two(const double *v) { return (long double)v[0] + (long double)v[1]; }

/* e^(v - w), of logs that may be large */
static long double ratio(const double *v, const double *w) {
    return expl(((long double)v[0] - (long double)w[0]) + ((long double)v[1] - (long double)w[1]));
}

/* `r`: the logs of the tails and of the density, and the slopes */
static point point_of(const double *at, int count, const double *r) {
    point p = {.count = count, .lower = two(r), .upper = two(r + 2), .density = two(r + 4)};
    memcpy(p.at, at, (size_t)count * sizeof *at);
    p.lower_rate = ratio(r + 4, r), p.upper_rate = ratio(r + 4, r + 2);
    memcpy(p.slope, r + 6, (size_t)(count - 1) * sizeof *r);
    return p;
}

static point gamma_point(const double *r) { return point_of(r, 2, r + 2); }
static point beta_point(const double *r) { return point_of(r, 3, r + 3); }

static double run(const kernels *k, op f, const double *x) {
    double y;
    if (op_inputs(f) == 2) k->binary[f](&y, &x[0], &x[1], 1);
    else k->ternary[f](&y, &x[0], &x[1], &x[2], 1);
    return y;
}

/* What is not among the normal numbers is not compared. */
static void compare(comparison *c, const point *p, double y, long double expected, long double size) {
    if (!(fabsl(expected) > 1e-307L && fabsl(expected) < 1e307L)) return;
    double error = isnan(y) ? (double)INFINITY : (double)(fabsl(y - expected) / size);
    if (error > c->worst) c->worst = error, c->where = *p;
}

/* The quantile of the tail as it is rounded to a double, which moves it by that over the density; the
 * logarithm of the tail is known to 64 bits. `way`: 1 of the lower tail, -1 of the upper. */
static void compare_quantile(comparison *c, const point *p, long double tail, int way) {
    if (tail > -0.5L || tail < -700) return;
    point at = *p;
    double given = (double)expl(tail);
    long double scale = expl(tail - p->density), rounding = given / expl(tail) - 1;
    long double x = p->at[p->count - 1] + way * rounding * scale;
    at.at[p->count - 1] = given;
    compare(c, p, run(c->k, c->f, at.at), x, x + 0x1p-63L * (1 - tail) * scale / (long double)c->bound);
}

static void compare_row(comparison *c, const point *p) {
    double y = run(c->k, c->f, p->at);
    long double expected = 0;
    switch (c->f) {
    case OP_gamma_p:
    case OP_inc_beta: expected = expl(p->lower); break;
    case OP_gamma_q:
    case OP_inc_beta_c: expected = expl(p->upper); break;
    case OP_log_gamma_p:
    case OP_log_inc_beta: expected = p->lower; break;
    case OP_log_gamma_q:
    case OP_log_inc_beta_c: expected = p->upper; break;
    case OP_gamma_density:
    case OP_beta_density: expected = expl(p->density); break;
    case OP_gamma_p_rate:
    case OP_inc_beta_rate: expected = p->lower_rate; break;
    case OP_gamma_q_rate:
    case OP_inc_beta_c_rate: expected = p->upper_rate; break;
    case OP_gamma_slope:
    case OP_beta_slope_a: expected = p->slope[0]; break;
    case OP_beta_slope_b: expected = p->slope[1]; break;
    case OP_gamma_p_inv:
    case OP_inc_beta_inv: compare_quantile(c, p, p->lower, 1); return;
    default: compare_quantile(c, p, p->upper, -1); return;
    }
    compare(c, p, y, expected, fabsl(expected));
}

static void check_function(const kernels *k, op f) {
    comparison c = {.k = k, .f = f, .bound = 0x1p-50};
    size_t rows = op_inputs(f) == 2 ? sizeof GAMMA / sizeof *GAMMA : sizeof BETA / sizeof *BETA;
    for (size_t i = 0; i < rows; i++) {
        point p = op_inputs(f) == 2 ? gamma_point(GAMMA[i]) : beta_point(BETA[i]);
        compare_row(&c, &p);
    }
    check(c.worst <= c.bound, op_name(f), "%s: off by %.3g at (%.17g, %.17g, %.17g)", k->name, c.worst,
          c.where.at[0], c.where.at[1], c.where.at[2]);
}

typedef struct edge {
    op f;
    double at[3], y;
} edge;

#define INF  (double)INFINITY
#define NONE (double)NAN

static const edge EDGES[] = {
    {OP_gamma_p, {2, 0}, 0},
    {OP_gamma_p, {2, INF}, 1},
    {OP_gamma_p, {0, 1}, 1},
    {OP_gamma_p, {INF, 1}, 0},
    {OP_gamma_p, {-1, 1}, NONE},
    {OP_gamma_p, {1, -1}, NONE},
    {OP_gamma_p, {0, 0}, NONE},
    {OP_gamma_p, {NONE, 1}, NONE},
    {OP_gamma_p, {1, NONE}, NONE},
    {OP_gamma_q, {2, 0}, 1},
    {OP_gamma_q, {2, 1e300}, 0},
    {OP_log_gamma_p, {2, 0}, -INF},
    {OP_log_gamma_q, {2, INF}, -INF},
    {OP_log_gamma_q, {2, 0}, 0},
    {OP_gamma_density, {0.5, 0}, INF},
    {OP_gamma_density, {1, 0}, 1},
    {OP_gamma_density, {2, 0}, 0},
    {OP_gamma_q_rate, {2, INF}, 1},
    {OP_gamma_slope, {2, 0}, 0},
    {OP_gamma_p_inv, {2, 0}, 0},
    {OP_gamma_p_inv, {2, 1}, INF},
    {OP_gamma_p_inv, {2, 1.5}, NONE},
    {OP_gamma_p_inv, {-2, 0.5}, NONE},
    {OP_gamma_p_inv, {2, NONE}, NONE},
    {OP_gamma_q_inv, {2, 1}, 0},
    {OP_gamma_p_inv, {1e-5, 0.5}, 0},
    {OP_inc_beta, {2, 3, 0}, 0},
    {OP_inc_beta, {2, 3, 1}, 1},
    {OP_inc_beta, {0, 3, 0.5}, 1},
    {OP_inc_beta, {2, 0, 0.5}, 0},
    {OP_inc_beta, {INF, 3, 0.5}, 0},
    {OP_inc_beta, {2, INF, 0.5}, 1},
    {OP_inc_beta, {0, 0, 0.5}, NONE},
    {OP_inc_beta, {2, 3, -0.1}, NONE},
    {OP_inc_beta, {2, 3, 1.1}, NONE},
    {OP_inc_beta, {-2, 3, 0.1}, NONE},
    {OP_inc_beta, {2, NONE, 0.1}, NONE},
    {OP_inc_beta_c, {2, 3, 0}, 1},
    {OP_log_inc_beta, {2, 3, 0}, -INF},
    {OP_log_inc_beta_c, {2, 3, 0}, 0},
    {OP_beta_density, {1, 3, 0}, 3},
    {OP_beta_density, {2, 0.5, 1}, INF},
    {OP_beta_density, {2, 3, 0}, 0},
    {OP_beta_slope_a, {2, 3, 1}, 0},
    {OP_inc_beta_inv, {2, 3, 0}, 0},
    {OP_inc_beta_inv, {2, 3, 1}, 1},
    {OP_inc_beta_inv, {2, 3, -0.5}, NONE},
    {OP_inc_beta_c_inv, {2, 3, 1}, 0},
};

static void check_edges(const kernels *k) {
    for (size_t i = 0; i < sizeof EDGES / sizeof *EDGES; i++) {
        const edge *e = &EDGES[i];
        double y = run(k, e->f, e->at);
        check(y == e->y || (isnan(y) && isnan(e->y)), op_name(e->f),
              "%s: %g at the edge (%g, %g, %g), not %g", k->name, y, e->at[0], e->at[1], e->at[2], e->y);
    }
}

int main(void) {
    const kernels *table[3];
    int count = kernels_available(IN_DOUBLE, table);
    for (int i = 0; i < count; i++) {
        for (op f = OP_gamma_p; f <= OP_beta_slope_b; f++) check_function(table[i], f);
        check_edges(table[i]);
    }
    return check_end();
}
