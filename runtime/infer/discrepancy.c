#include "runtime/infer/discrepancy.h"

#include <math.h>
#include <stdlib.h>

#include "base/number.h"

/* Entries that are sorted at the most, over all draws; and draws that are compared at the least. */
enum { ENTRIES_MOST = 1 << 25, DRAWS_LEAST = 200, STATES_MOST = 12 };

typedef struct statistic {
    const char *name;
    double (*of)(const double *sorted, uint64_t n, double argument);
    double argument;
} statistic;

static double mean_of(const double *x, uint64_t n, double unused) {
    (void)unused;
    double sum = 0;
    for (uint64_t i = 0; i < n; i++) sum += x[i];
    return sum / (double)n;
}

static double sd_of(const double *x, uint64_t n, double unused) {
    double mean = mean_of(x, n, unused), square = 0;
    for (uint64_t i = 0; i < n; i++) square += (x[i] - mean) * (x[i] - mean);
    return n > 1 ? sqrt(square / (double)(n - 1)) : 0;
}

/* Linear between order statistics (Hyndman and Fan 1996, definition 7). */
static double quantile_of(const double *x, uint64_t n, double p) {
    double at = p * (double)(n - 1);
    uint64_t below = (uint64_t)at, above = below + 1 < n ? below + 1 : below;
    return x[below] + (at - (double)below) * (x[above] - x[below]);
}

static double share_of(const double *x, uint64_t n, double value) {
    uint64_t count = 0;
    for (uint64_t i = 0; i < n; i++) count += x[i] == value;
    return (double)count / (double)n;
}

typedef vector(statistic) statistics;

static statistics statistics_for(const model *m, const variable_row *x, arena *a) {
    statistics all = {0};
    if (x->type.support == SUPPORT_index) {
        const bound_axis *states = &m->axes[x->type.index];
        for (uint32_t i = 0; i < states->size && i < STATES_MOST; i++) {
            const char *name = states->labels ? arena_print(a, "share of %s", states->labels[i])
                                              : arena_print(a, "share of %u", i + (x->from_zero ? 0 : 1));
            push(a, &all, (statistic){name, share_of, i + 1});
        }
        return all;
    }
    push(a, &all, (statistic){"mean", mean_of, 0});
    if (x->type.support == SUPPORT_binary) return all;
    push(a, &all, (statistic){"sd", sd_of, 0});
    push(a, &all, (statistic){"min", quantile_of, 0});
    push(a, &all, (statistic){"5%", quantile_of, 0.05});
    push(a, &all, (statistic){"25%", quantile_of, 0.25});
    push(a, &all, (statistic){"50%", quantile_of, 0.5});
    push(a, &all, (statistic){"75%", quantile_of, 0.75});
    push(a, &all, (statistic){"95%", quantile_of, 0.95});
    push(a, &all, (statistic){"max", quantile_of, 1});
    if (x->type.support == SUPPORT_count) push(a, &all, (statistic){"share of 0", share_of, 0});
    return all;
}

/* The entries that are given, sorted. */
static uint64_t sorted_entries(const predicted *p, const double *from, double *to) {
    uint64_t n = 0;
    for (uint64_t e = 0; e < p->size; e++)
        if (!isnan(p->observed[e])) to[n++] = from[e];
    qsort(to, n, sizeof *to, number_order);
    return n;
}

/* Bars reach from the 0.5 % to the 99.5 % quantile, and the ends hold what is beyond: a far one says nothing
 * of the others. */
static void fill_bins(discrepancy *d, const double *sorted, uint64_t n) {
    double least = quantile_of(sorted, n, 0.005), width = quantile_of(sorted, n, 0.995) - least;
    for (uint64_t i = 0; i <= n; i++) {
        double x = i < n ? sorted[i] : d->observed, at = width > 0 ? (x - least) / width : 0.5;
        int bin = (int)(fmin(fmax(at, 0), 1) * DISCREPANCY_BINS);
        bin = bin < DISCREPANCY_BINS ? bin : DISCREPANCY_BINS - 1;
        if (i < n) d->bins[bin]++;
        else d->bin = x < sorted[0] ? -1 : x > sorted[n - 1] ? DISCREPANCY_BINS : bin;
    }
}

static discrepancy compare(variable of, const statistic *s, double observed, double *replicated, uint64_t n) {
    discrepancy d = {.of = of, .statistic = s->name, .observed = observed};
    uint64_t below = 0, above = 0;
    for (uint64_t i = 0; i < n; i++) below += replicated[i] <= observed, above += replicated[i] >= observed;
    qsort(replicated, n, sizeof *replicated, number_order);
    d.mean = mean_of(replicated, n, 0);
    d.q05 = quantile_of(replicated, n, 0.05), d.q95 = quantile_of(replicated, n, 0.95);
    d.p = fmin(1, 2 * (double)(below < above ? below : above) / (double)n);
    fill_bins(&d, replicated, n);
    return d;
}

static void find_of(const predictive *p, const predicted *x, discrepancies *to, arena *a) {
    const variable_row *row = program_variable(p->model->program, x->of);
    arena *scratch = arena_inside(a);
    double *sorted = arena_array(scratch, double, x->size + 1);
    uint64_t entries = sorted_entries(x, x->observed, sorted);
    uint64_t draws = entries ? ENTRIES_MOST / entries : 0;
    draws = draws < DRAWS_LEAST ? DRAWS_LEAST : draws;
    if (draws > p->count) draws = p->count;
    statistics all = statistics_for(p->model, row, a);
    double *replicated = arena_array(scratch, double, draws *all.count + 1),
           *observed = arena_array(scratch, double, all.count + 1);
    for (uint32_t k = 0; entries && k < all.count; k++)
        observed[k] = all.at[k].of(sorted, entries, all.at[k].argument);
    for (uint64_t i = 0; entries && i < draws; i++) {
        sorted_entries(x, x->draws + i * x->size, sorted);
        for (uint32_t k = 0; k < all.count; k++)
            replicated[k * draws + i] = all.at[k].of(sorted, entries, all.at[k].argument);
    }
    for (uint32_t k = 0; entries && k < all.count; k++)
        push(a, to, compare(x->of, &all.at[k], observed[k], replicated + k * draws, draws));
    arena_close(scratch);
}

discrepancies discrepancies_find(const predictive *p, arena *a) {
    discrepancies all = {0};
    for (uint32_t i = 0; i < p->all.count; i++)
        if (p->all.at[i].observed) find_of(p, &p->all.at[i], &all, a);
    return all;
}
