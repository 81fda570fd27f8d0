/* usage: measure_errors [COUNT [NAME…]]
 *
 * Not a test: makes the table of errors of docs/performance.md, "Special functions". For each function, or
 * those named, the largest error in units in the last place against quadruple precision, of COUNT random
 * points in each of its ranges (1,000 unless told), for each instruction set that this processor has, and
 * where it was. Points depend on COUNT alone. Values beyond the normal numbers are left out. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autodiff/kernels/kernels.h"
#include "base/rng.h"
#include "tests/autodiff/measured.h"

enum { MOST_TABLES = 3, BATCH = 256 };

/* `before`: the arguments before this one. */
static double argument(const range *r, const double *before, rng *source) {
    double u = r->low + (r->high - r->low) * rng_uniform(source);
    switch (r->how) {
    case EVEN: return u;
    case POWER: return exp2(u);
    case MINUS_POWER: return -exp2(u);
    case EITHER_POWER: return rng_uniform(source) < 0.5 ? -exp2(u) : exp2(u);
    case NEAR: return r->low * (1 + r->high * (2 * rng_uniform(source) - 1));
    case HALVES: {
        double x = 0.5 * floor(2 * u);
        return rng_uniform(source) < 0.5 ? x : x * (1 + 0x1p-52 * floor(8 * rng_uniform(source) - 4));
    }
    case AROUND_SQUARE: return before[0] * before[0] * (1 + u);
    case AROUND_CIRCLE: return sqrt(fmax(0.01, 576 * (1 + u) - before[0] * before[0]));
    case AROUND_GAMMA: {
        double x = before[0] + u * sqrt(before[0]);
        return x > 0 ? x : before[0] * rng_uniform(source);
    }
    case AROUND_BETA: {
        double n = before[0] + before[1], mean = before[0] / n;
        double x = mean + u * sqrt(mean * (before[1] / n) / (n + 1));
        return x > 0 && x < 1 ? x : rng_uniform(source);
    }
    default: return 0;
    }
}

typedef struct worst {
    double error, at[ARGUMENTS];
} worst;

static void run(const kernels *k, op f, double *y, double x[ARGUMENTS][BATCH]) {
    if (k->unary[f]) k->unary[f](y, x[0], BATCH);
    else if (k->binary[f]) k->binary[f](y, x[0], x[1], BATCH);
    else k->ternary[f](y, x[0], x[1], x[2], BATCH);
}

static double error_of(double y, quad expected, quad least) {
    double size = fmax(fabs((double)expected), (double)least);
    if (!(size >= 0x1p-1022 && size <= 0x1p1023)) return 0;
    int exponent = ilogb(size);
    double unit = exp2(exponent - 52), error = (double)q_abs((y - expected) / unit);
    return isnan(y) ? (double)INFINITY : error;
}

static void measure(const function *f, const range *ranges, size_t count, int tables, const kernels **table,
                    worst *w) {
    rng source = rng_open(7, 0);
    for (size_t done = 0; done < count; done += BATCH) {
        double x[ARGUMENTS][BATCH], y[BATCH];
        quad expected[BATCH], least[BATCH];
        for (int i = 0; i < BATCH; i++) {
            double at[ARGUMENTS];
            for (int j = 0; j < ARGUMENTS; j++) x[j][i] = at[j] = argument(&ranges[j], at, &source);
        }
        run(table[0], f->f, y, x);
        for (int i = 0; i < BATCH; i++) {
            quad q[ARGUMENTS + 1] = {0};
            for (int j = 0; j < ARGUMENTS; j++) q[j] = x[j][i];
            q[op_inputs(f->f)] = y[i];
            expected[i] = f->value(q);
            least[i] = f->size ? f->size(q) : 0;
        }
        for (int k = 0; k < tables; k++) {
            run(table[k], f->f, y, x);
            for (int i = 0; i < BATCH; i++) {
                double error = error_of(y[i], expected[i], least[i]);
                if (error > w[k].error) w[k] = (worst){error, {x[0][i], x[1][i], x[2][i]}};
            }
        }
    }
}

static bool asked_for(op f, int count, char **names) {
    for (int i = 0; i < count; i++)
        if (!strcmp(names[i], op_name(f))) return true;
    return count == 0;
}

int main(int words, char **word) {
    const kernels *table[MOST_TABLES];
    int tables = kernels_available(IN_DOUBLE, table);
    size_t count = words > 1 ? strtoul(word[1], NULL, 10) : 1000;
    for (size_t i = 0; i < sizeof FUNCTIONS / sizeof *FUNCTIONS; i++) {
        const function *f = &FUNCTIONS[i];
        if (!asked_for(f->f, words > 2 ? words - 2 : 0, word + 2)) continue;
        worst all[MOST_TABLES] = {0};
        for (int r = 0; r < MOST_RANGES && f->ranges[r][0].how != NONE; r++) {
            worst w[MOST_TABLES] = {0};
            measure(f, f->ranges[r], count, tables, table, w);
            for (int k = 0; k < tables; k++) {
                if (getenv("WHERE"))
                    printf("#   %s range %d %s: %.2f at (%.17g, %.17g, %.17g)\n", op_name(f->f), r,
                           table[k]->name, w[k].error, w[k].at[0], w[k].at[1], w[k].at[2]);
                if (w[k].error > all[k].error) all[k] = w[k];
            }
        }
        printf("| %s |", op_name(f->f));
        for (int k = 0; k < tables; k++) printf(" %.2f |", all[k].error);
        printf("\n");
        fflush(stdout);
    }
    return 0;
}
