#include "runtime/infer/conditional.h"

#include <math.h>
#include <string.h>

/* Means and covariances, of locals those within a cell and with the globals alone. */
typedef struct cell_moments {
    double *mean; /* globals, then locals */
    double *gg;   /* globals × globals */
    double *lg;   /* locals × globals */
    double *ll;   /* by cell */
} cell_moments;

static cell_moments moments_new(const partition *p, arena *a) {
    return (cell_moments){arena_array(a, double, p->size), arena_array(a, double, p->globals * p->globals),
                          arena_array(a, double, p->locals * p->globals),
                          arena_array(a, double, p->square[p->cells])};
}

/* From covariances to the conditional; false where one is not positive definite. */
static bool condition(const partition *p, const cell_moments *m, const algebra *algebra, conditional *to,
                      arena *a) {
    uint64_t n = p->globals;
    *to = (conditional){
        {n, arena_array(a, double, n), arena_array(a, double, n *n), arena_array(a, double, n), algebra},
        arena_array(a, double, p->locals),
        arena_array(a, double, p->locals *n),
        arena_array(a, double, p->square[p->cells])};
    memcpy(to->globals.mean, m->mean, n * sizeof *m->mean);
    memcpy(to->mean, m->mean + n, p->locals * sizeof *m->mean);
    memcpy(to->globals.factor, m->gg, n * n * sizeof *m->gg);
    if (!matrix_cholesky(algebra, to->globals.factor, n)) return false;
    arena *scratch = arena_inside(a);
    double *inverse = arena_array(scratch, double, n *n);
    matrix_invert_lower(algebra, to->globals.factor, inverse, n);
    for (uint64_t i = 0; i < n; i++) to->globals.scale[i] = to->globals.factor[i * n + i];
    bool definite = true;
    for (uint64_t c = 0; c < p->cells; c++) {
        uint64_t from = p->first[c], size = p->first[c + 1] - from;
        double *rows = to->slope + from * n, *own = to->factor + p->square[c];
        memcpy(rows, m->lg + from * n, size * n * sizeof *rows);
        memcpy(own, m->ll + p->square[c], size * size * sizeof *own);
        for (uint64_t i = 0; i < size; i++) matrix_multiply_vector(algebra, inverse, rows + i * n, n);
        for (uint64_t i = 0; i < size; i++)
            for (uint64_t j = 0; j <= i; j++)
                own[i * size + j] -= vector_dot(algebra, rows + i * n, rows + j * n, n);
        for (uint64_t i = 0; i < size; i++)
            matrix_multiply_vector_transposed(algebra, inverse, rows + i * n, n);
        definite &= matrix_cholesky(algebra, own, size);
    }
    arena_close(scratch);
    return definite;
}

/* Room for matrices of globals and of cells. */
static const algebra *algebra_for(const partition *p, arena *a) {
    uint64_t most = p->globals;
    for (uint64_t c = 0; c < p->cells; c++)
        if (p->first[c + 1] - p->first[c] > most) most = p->first[c + 1] - p->first[c];
    return algebra_open(most, a);
}

conditional conditional_of(const partition *p, const gaussian *joint, arena *a) {
    arena *scratch = arena_inside(a);
    uint64_t n = joint->size, g = p->globals;
    cell_moments m = moments_new(p, scratch);
    double *all = NULL;
    if (joint->factor) {
        all = arena_array(scratch, double, n *n);
        matrix_square(joint->algebra, joint->factor, all, n);
    }
#define COVARIANCE(i, j) (all ? all[(i)*n + (j)] : (i) == (j) ? joint->scale[i] * joint->scale[i] : 0)
    for (uint64_t i = 0; i < g; i++) m.mean[i] = joint->mean[p->global[i]];
    for (uint64_t i = 0; i < p->locals; i++) m.mean[g + i] = joint->mean[p->local[i]];
    for (uint64_t i = 0; i < g; i++)
        for (uint64_t j = 0; j < g; j++) m.gg[i * g + j] = COVARIANCE(p->global[i], p->global[j]);
    for (uint64_t i = 0; i < p->locals; i++)
        for (uint64_t j = 0; j < g; j++) m.lg[i * g + j] = COVARIANCE(p->local[i], p->global[j]);
    for (uint64_t c = 0; c < p->cells; c++) {
        uint64_t from = p->first[c], size = p->first[c + 1] - from;
        for (uint64_t i = 0; i < size; i++)
            for (uint64_t j = 0; j < size; j++)
                m.ll[p->square[c] + i * size + j] = COVARIANCE(p->local[from + i], p->local[from + j]);
    }
#undef COVARIANCE
    conditional c;
    condition(p, &m, algebra_for(p, a), &c, a); /* parts of a matrix that is positive definite */
    arena_close(scratch);
    return c;
}

/* Adds `weight` times what the old one says. */
static void add_old(const partition *p, const conditional *old, double weight, cell_moments *m,
                    arena *scratch) {
    uint64_t g = p->globals;
    const algebra *algebra = old->globals.algebra;
    double *gg = arena_array(scratch, double, g *g), *row = arena_array(scratch, double, g);
    matrix_square(algebra, old->globals.factor, gg, g);
    for (uint64_t i = 0; i < g; i++) m->mean[i] += weight * old->globals.mean[i];
    for (uint64_t i = 0; i < p->locals; i++) m->mean[g + i] += weight * old->mean[i];
    for (uint64_t i = 0; i < g * g; i++) m->gg[i] += weight * gg[i];
    for (uint64_t c = 0; c < p->cells; c++) {
        uint64_t from = p->first[c], size = p->first[c + 1] - from;
        const double *l = old->factor + p->square[c];
        double *ll = m->ll + p->square[c];
        for (uint64_t i = 0; i < size; i++) {
            for (uint64_t k = 0; k < g; k++)
                row[k] = vector_dot(algebra, old->slope + (from + i) * g, gg + k * g, g);
            for (uint64_t k = 0; k < g; k++) m->lg[(from + i) * g + k] += weight * row[k];
            for (uint64_t j = 0; j < size; j++)
                ll[i * size + j] +=
                    weight * (vector_dot(algebra, l + i * size, l + j * size, (i < j ? i : j) + 1) +
                              vector_dot(algebra, row, old->slope + (from + j) * g, g));
        }
    }
}

/* Adds `weight` times the moments of the draws. */
static void add_draws(const partition *p, const double *points, const double *log_weight, uint64_t count,
                      double weight, cell_moments *m, arena *scratch) {
    uint64_t g = p->globals, n = p->size;
    double *mean = arena_array(scratch, double, n), *x = arena_array(scratch, double, n);
    for (uint64_t b = 0; b < count; b++) {
        double w = exp(log_weight[b]);
        if (!(w > 0)) continue;
        for (uint64_t i = 0; i < n; i++) mean[i] += w * points[b * n + i];
    }
    for (uint64_t i = 0; i < g; i++) m->mean[i] += weight * mean[p->global[i]];
    for (uint64_t i = 0; i < p->locals; i++) m->mean[g + i] += weight * mean[p->local[i]];
    for (uint64_t b = 0; b < count; b++) {
        double w = weight * exp(log_weight[b]);
        const double *at = points + b * n;
        if (!(w > 0)) continue;
        for (uint64_t i = 0; i < g; i++) x[i] = at[p->global[i]] - mean[p->global[i]];
        for (uint64_t i = 0; i < p->locals; i++) x[g + i] = at[p->local[i]] - mean[p->local[i]];
        for (uint64_t i = 0; i < g; i++)
            for (uint64_t j = 0; j < g; j++) m->gg[i * g + j] += w * x[i] * x[j];
        for (uint64_t i = 0; i < p->locals; i++)
            for (uint64_t j = 0; j < g; j++) m->lg[i * g + j] += w * x[g + i] * x[j];
        for (uint64_t c = 0; c < p->cells; c++) {
            uint64_t size = p->first[c + 1] - p->first[c];
            const double *own = x + g + p->first[c];
            double *ll = m->ll + p->square[c];
            for (uint64_t i = 0; i < size; i++)
                for (uint64_t j = 0; j < size; j++) ll[i * size + j] += w * own[i] * own[j];
        }
    }
}

/* A covariance of n entries needs many times n draws before its factor is better than an approximate one. */
static const double DRAWS_EACH = 10;

bool conditional_refit(const partition *p, const conditional *old, const double *points,
                       const double *log_weight, uint64_t count, double ess, conditional *to, arena *a) {
    arena *scratch = arena_inside(a);
    double trust = ess / (ess + DRAWS_EACH * (double)(p->globals + 1));
    cell_moments m = moments_new(p, scratch);
    add_draws(p, points, log_weight, count, trust, &m, scratch);
    add_old(p, old, 1 - trust, &m, scratch);
    bool definite = condition(p, &m, old->globals.algebra, to, a);
    arena_close(scratch);
    return definite;
}

conditional conditional_widened(const partition *p, const conditional *c, double by, arena *a) {
    uint64_t g = p->globals, squares = p->square[p->cells];
    conditional w = {
        {g, c->globals.mean, arena_array(a, double, g *g), arena_array(a, double, g), c->globals.algebra},
        c->mean,
        c->slope,
        arena_array(a, double, squares)};
    for (uint64_t i = 0; i < g * g; i++) w.globals.factor[i] = by * c->globals.factor[i];
    for (uint64_t i = 0; i < g; i++) w.globals.scale[i] = by * c->globals.scale[i];
    for (uint64_t i = 0; i < squares; i++) w.factor[i] = by * c->factor[i];
    return w;
}

void conditional_means(const partition *p, const conditional *c, const double *globals, double *means) {
    uint64_t g = p->globals;
    for (uint64_t i = 0; i < p->locals; i++) {
        double x = c->mean[i];
        for (uint64_t k = 0; k < g; k++) x += c->slope[i * g + k] * (globals[k] - c->globals.mean[k]);
        means[i] = x;
    }
}
