/* bench [--json] [--cpu] [W1 …]: each workload by the engine, by the loop written by hand and by peers: first
 * that all agree, then how long they take, by turns in one run, so that what else the machine does falls on
 * all alike. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/parties.h"

/* A turn is as many evaluations as take TURN_SECONDS, at least one: short, so that most are not interrupted.
 */
enum { ROUNDS_LEAST = 7, ROUNDS_MOST = 1001 };
static const double TURN_SECONDS = 3e-4, RACE_SECONDS = 3, TOLERANCE = 1e-8;

typedef struct settings {
    bool json;
    clockid_t clock;
} settings;

static void *allocate(void *user, void *block, size_t old_size, size_t size) {
    (void)user, (void)old_size;
    if (size) return realloc(block, size);
    free(block);
    return NULL;
}

static double seconds_on(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double turn_of(party *p, uint32_t round, clockid_t clock) {
    double started = seconds_on(clock);
    for (uint32_t i = 0; i < p->evaluations; i++) party_evaluate(p, round + i);
    return (seconds_on(clock) - started) / p->evaluations;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *x, uint32_t n) {
    qsort(x, n, sizeof *x, by_value);
    return n % 2 ? x[n / 2] : 0.5 * (x[n / 2 - 1] + x[n / 2]);
}

/* Medians, by party, of the seconds of an evaluation. */
static void race(field *f, clockid_t clock, double *medians) {
    double round = 0;
    for (int k = 0; k < f->count; k++) {
        party *p = &f->parties[k];
        p->evaluations = 1;
        double once = fmin(turn_of(p, 0, clock), turn_of(p, 1, clock));
        if (once < TURN_SECONDS) p->evaluations = (uint32_t)ceil(TURN_SECONDS / fmax(once, 1e-8));
        p->seconds = arena_array(f->arena, double, ROUNDS_MOST);
        round += once * p->evaluations;
    }
    uint32_t rounds = (uint32_t)fmin(fmax(RACE_SECONDS / round, ROUNDS_LEAST), ROUNDS_MOST);
    for (uint32_t r = 0; r < rounds; r++)
        for (int k = 0; k < f->count; k++) f->parties[k].seconds[r] = turn_of(&f->parties[k], r, clock);
    for (int k = 0; k < f->count; k++) medians[k] = median(f->parties[k].seconds, rounds);
}

static void print_row(const field *f, const double *medians, double apart) {
    printf("%-7s %-48s vm %9.4f ms", f->workload->label, f->workload->about, medians[0] * 1e3);
    for (int k = 1; k < f->count; k++)
        printf("  %s %9.4f ms (x %.2f)", f->parties[k].name, medians[k] * 1e3, medians[0] / medians[k]);
    printf("%s\n", apart <= TOLERANCE ? "" : "  DISAGREE");
    fflush(stdout);
}

static void print_json(const field *f, const double *medians, bool first) {
    printf("%s{\"workload\": \"%s\", \"threads\": 1", first ? "[" : ",\n ", f->workload->label);
    for (int k = 0; k < f->count; k++) printf(", \"%s_ms\": %.6g", f->parties[k].name, medians[k] * 1e3);
    printf("}");
    fflush(stdout);
}

static bool run_workload(const workload *w, const settings *s, memory *m, bool first) {
    arena a;
    field f;
    double medians[PARTIES_MOST], apart = INFINITY;
    arena_open(&a, m);
    bool good = field_open(&f, w, false, &a);
    if (good) {
        apart = field_apart(&f);
        race(&f, s->clock, medians);
        if (s->json) print_json(&f, medians, first);
        else print_row(&f, medians, apart);
        good = apart <= TOLERANCE;
        if (!good) fprintf(stderr, "%s: not all agree: %.1e apart\n", w->label, apart);
    }
    arena_close(&a);
    return good;
}

static bool is_named(const char *label, int count, char **words) {
    bool any = false;
    for (int i = 1; i < count; i++) {
        if (words[i][0] == '-') continue;
        any = true;
        if (strcmp(words[i], label) == 0) return true;
    }
    return !any;
}

int main(int argc, char **argv) {
    jmp_buf escape;
    memory m = {allocate, NULL, &escape};
    if (setjmp(escape)) return fprintf(stderr, "bench: out of memory\n"), 1;
    settings s = {.clock = CLOCK_MONOTONIC};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0) s.json = true;
        if (strcmp(argv[i], "--cpu") == 0) s.clock = CLOCK_PROCESS_CPUTIME_ID;
    }
    bool good = true, first = true;
    for (uint32_t i = 0; i < WORKLOAD_COUNT; i++) {
        if (!is_named(WORKLOADS[i].label, argc, argv)) continue;
        good &= run_workload(&WORKLOADS[i], &s, &m, first);
        first = false;
    }
    if (s.json) printf("%s]\n", first ? "[" : "");
    return !good;
}
