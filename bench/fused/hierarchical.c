/* log p = -sum r^2 / 2 sigma^2 - n log sigma, r = y - level[group] - slope x. The rows are brought into the
 * order of their groups once, so that the level of a group is read once and its derivative is a sum of
 * neighbours. */
#include "bench/fused/fused.h"
#include "bench/fused/vectors.h"

typedef struct hierarchical {
    fused base;
    uint32_t rows, groups;
    double *x, *y;
    uint32_t *start; /* of each group, and the end of the last */
} hierarchical;

static void run(fused *base, const double *at, double *value, double *gradient) {
    const hierarchical *f = (const hierarchical *)base;
    double mu = at[0], tau = exp(at[1]), slope = at[2], sigma = exp(at[3]), n = f->rows;
    const double *level = at + 4;
    double *to = gradient + 4, precision = 1 / (sigma * sigma);
    real squares = all(0), products = all(0);
    double rest_squares = 0, rest_products = 0, between = 0, between_squares = 0;
    for (uint32_t g = 0; g < f->groups; g++) {
        real sum = all(0);
        double rest = 0, gap = level[g] - mu;
        uint32_t i = f->start[g], end = f->start[g + 1];
        for (; i + LANES <= end; i += LANES) {
            real x = load(f->x + i), r = load(f->y + i) - level[g] - slope * x;
            sum += r;
            squares += r * r;
            products += r * x;
        }
        for (; i < end; i++) {
            double r = f->y[i] - level[g] - slope * f->x[i];
            rest += r;
            rest_squares += r * r;
            rest_products += r * f->x[i];
        }
        between += gap;
        between_squares += gap * gap;
        to[g] = (across(sum) + rest) * precision - gap / (tau * tau);
    }
    double total = across(squares) + rest_squares;
    gradient[0] = between / (tau * tau);
    gradient[1] = between_squares / (tau * tau) - f->groups;
    gradient[2] = (across(products) + rest_products) * precision;
    gradient[3] = total * precision - n;
    *value = -0.5 * total * precision - n * (at[3] + HALF_LOG_2PI) - 0.5 * between_squares / (tau * tau) -
             f->groups * (at[1] + HALF_LOG_2PI);
    *value += normal_prior(mu, 5, &gradient[0]) + half_normal_prior(tau, 1, &gradient[1]) +
              normal_prior(slope, 1, &gradient[2]) + half_normal_prior(sigma, 1, &gradient[3]);
}

fused *hierarchical_open(const dataset *d, uint32_t points, arena *a) {
    (void)points;
    hierarchical *f = arena_new(a, hierarchical);
    const array *x = dataset_find(d, "x"), *y = dataset_find(d, "y"), *group_of = dataset_find(d, "group_of");
    *f = (hierarchical){.base = {.run = run}, .rows = x->dims[0]};
    for (uint32_t i = 0; i < f->rows; i++)
        if (group_of->values[i] > f->groups) f->groups = (uint32_t)group_of->values[i];
    f->x = arena_take_aligned(a, f->rows * sizeof(double));
    f->y = arena_take_aligned(a, f->rows * sizeof(double));
    f->start = arena_array(a, uint32_t, f->groups + 2);
    for (uint32_t i = 0; i < f->rows; i++) f->start[(uint32_t)group_of->values[i] + 1]++;
    for (uint32_t g = 0; g <= f->groups; g++) f->start[g + 1] += f->start[g];
    for (uint32_t i = 0; i < f->rows; i++) {
        uint32_t to = f->start[(uint32_t)group_of->values[i]]++;
        f->x[to] = x->values[i];
        f->y[to] = y->values[i];
    }
    return &f->base;
}
