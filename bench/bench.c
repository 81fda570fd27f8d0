/* bench [--json] [--threads N]… [W1 …]: each workload by the engine and by the loop written by hand, first
 * that they agree, then how long they take: by turns in one run, so that what else the machine does falls on
 * all alike. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/engine.h"
#include "runtime/infer/clock.h"

/* A turn is as many evaluations as take TURN_SECONDS, at least one. */
enum { ROUNDS_LEAST = 7, ROUNDS_MOST = 1001, POINTS = 4 };
static const double TURN_SECONDS = 3e-4, ROUND_SECONDS = 3, TOLERANCE = 1e-8;

static void *allocate(void *user, void *block, size_t old_size, size_t size) {
    (void)user, (void)old_size;
    if (size) return realloc(block, size);
    free(block);
    return NULL;
}

/* What takes turns. */
typedef struct party {
    const char *name;
    void (*evaluate)(struct party *p, uint32_t turn);
    uint32_t evaluations; /* a turn */
    double *seconds;      /* by round, of one evaluation */
    engine *engine;
    fused *fused;
    double *at[POINTS], *log_density, *gradient;
} party;

static void evaluate_engine(party *p, uint32_t turn) {
    density *d = p->engine->density;
    memcpy(d->at, p->at[turn % POINTS], d->points * p->engine->size * sizeof(double));
    engine_run(p->engine);
    p->log_density = (double *)d->log_density;
    p->gradient = (double *)d->gradient;
}

static void evaluate_fused(party *p, uint32_t turn) {
    p->fused->run(p->fused, p->at[turn % POINTS], p->log_density, p->gradient);
}

/* The largest difference, relative to the largest entry. */
static double apart(const double *x, const double *y, uint64_t n) {
    double difference = 0, largest = 0;
    for (uint64_t i = 0; i < n; i++) {
        if (!(fabs(x[i] - y[i]) <= difference)) difference = fabs(x[i] - y[i]);
        largest = fmax(largest, fabs(y[i]));
    }
    return difference == 0 ? 0 : difference / largest;
}

static double turn_of(party *p, uint32_t round) {
    double started = seconds_now();
    for (uint32_t i = 0; i < p->evaluations; i++) p->evaluate(p, round + i);
    return (seconds_now() - started) / p->evaluations;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *x, uint32_t n) {
    qsort(x, n, sizeof *x, by_value);
    return n % 2 ? x[n / 2] : 0.5 * (x[n / 2 - 1] + x[n / 2]);
}

static void race(party *p, int parties, uint32_t *rounds, arena *a) {
    double sum = 0;
    for (int k = 0; k < parties; k++) {
        p[k].evaluations = 1;
        double once = turn_of(&p[k], 0);
        once = fmin(once, turn_of(&p[k], 1));
        p[k].evaluations = once >= TURN_SECONDS ? 1 : (uint32_t)ceil(TURN_SECONDS / fmax(once, 1e-8));
        p[k].seconds = arena_array(a, double, ROUNDS_MOST);
        sum += once * p[k].evaluations;
    }
    double wanted = ROUND_SECONDS / sum;
    *rounds = wanted < ROUNDS_LEAST ? ROUNDS_LEAST : wanted > ROUNDS_MOST ? ROUNDS_MOST : (uint32_t)wanted;
    for (uint32_t r = 0; r < *rounds; r++)
        for (int k = 0; k < parties; k++) p[k].seconds[r] = turn_of(&p[k], r);
}

static int run_workload(const workload *w, memory *m) {
    arena a;
    arena_open(&a, m);
    dataset d = workload_data(w, false, &a);
    engine *e = engine_open(w, &d, &a);
    if (!e) return 1;
    uint64_t entries = e->size * w->points;
    party p[2] = {{.name = "vm", .evaluate = evaluate_engine, .engine = e},
                  {.name = "fused", .evaluate = evaluate_fused, .fused = w->open(&d, w->points, &a)}};
    for (uint32_t k = 0; k < POINTS; k++) {
        p[0].at[k] = p[1].at[k] = arena_take_aligned(&a, entries * sizeof(double));
        workload_point(w, k, p[0].at[k], entries);
    }
    p[1].log_density = arena_take_aligned(&a, w->points * sizeof(double));
    p[1].gradient = arena_take_aligned(&a, entries * sizeof(double));
    for (int k = 0; k < 2; k++) p[k].evaluate(&p[k], 0);
    double value = apart(p[0].log_density, p[1].log_density, w->points),
           gradient = apart(p[0].gradient, p[1].gradient, entries);
    uint32_t rounds;
    race(p, 2, &rounds, &a);
    double vm = median(p[0].seconds, rounds), by_hand = median(p[1].seconds, rounds);
    bool good = value <= TOLERANCE && gradient <= TOLERANCE;
    printf("%-8s vm %10.4f ms  fused %10.4f ms  ratio %6.2f  apart %.1e %.1e%s  (%u rounds)\n", w->label,
           vm * 1e3, by_hand * 1e3, vm / by_hand, value, gradient, good ? "" : "  DISAGREE", rounds);
    arena_close(&a);
    return !good;
}

int main(int argc, char **argv) {
    jmp_buf escape;
    memory m = {allocate, NULL, &escape};
    if (setjmp(escape)) return fprintf(stderr, "bench: out of memory\n"), 1;
    int failed = 0;
    for (uint32_t i = 0; i < WORKLOAD_COUNT; i++) {
        bool wanted = argc < 2;
        for (int k = 1; k < argc; k++) wanted |= strcmp(argv[k], WORKLOADS[i].label) == 0;
        if (wanted) failed |= run_workload(&WORKLOADS[i], &m);
    }
    return failed;
}
