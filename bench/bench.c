/* bench [--json] [--cpu] [--first] [--phases] [--threads N]… [W1 …]: each workload by the engine, by the loop
 * written by hand and by peers: first that all agree, then how long they take, by turns in one run, so that
 * what else the machine does falls on all alike. BENCH_PYTHON is the interpreter that has the peers'
 * frameworks; without it they are passed over. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/number.h"
#include "bench/first.h"
#include "bench/parties.h"
#include "bench/phases.h"

/* A turn is as many evaluations as take TURN_SECONDS, at least one: short, so that most are not interrupted.
 */
enum { ROUNDS_LEAST = 5, ROUNDS_MOST = 1001, THREAD_COUNTS_MOST = 4 };
static const double TURN_SECONDS = 3e-4, PARTY_SECONDS = 1;

typedef struct settings {
    bool json, first, phases;
    clockid_t clock;
    const char *python, *folder, *vmrun;
    uint32_t threads[THREAD_COUNTS_MOST], thread_counts;
    int named;
    char **names; /* of workloads; none: all */
} settings;

static const char *const FRAMEWORKS[] = {"jax", "torch"};
enum { FRAMEWORK_COUNT = 2 };

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

/* A peer that fails in the middle has no time from then on. */
static double turn_of(party *p, uint32_t round, clockid_t clock) {
    double seconds = 0;
    bool cpu = clock == CLOCK_PROCESS_CPUTIME_ID;
    if (p->peer) return peer_time(p->peer, p->evaluations, round, cpu, &seconds) ? seconds : INFINITY;
    double started = seconds_on(clock);
    for (uint32_t i = 0; i < p->evaluations; i++) party_evaluate(p, round + i);
    return (seconds_on(clock) - started) / p->evaluations;
}

static double median(double *x, uint32_t n) {
    qsort(x, n, sizeof *x, number_order);
    return n % 2 ? x[n / 2] : 0.5 * (x[n / 2 - 1] + x[n / 2]);
}

/* How many evaluations make a turn, from two that are thrown away. */
static void warm_up(party *p, clockid_t clock, arena *a) {
    p->evaluations = 1;
    p->seconds = arena_array(a, double, ROUNDS_MOST);
    double once = fmin(turn_of(p, 0, clock), turn_of(p, 1, clock));
    if (once < TURN_SECONDS) p->evaluations = (uint32_t)ceil(TURN_SECONDS / fmax(once, 1e-8));
}

/* Medians, by party, of the seconds of an evaluation. Who has used up its time, and had enough turns, has no
 * more. */
static void race(field *f, clockid_t clock, double *medians) {
    double used[PARTIES_MOST] = {0};
    uint32_t turns[PARTIES_MOST] = {0};
    for (int k = 0; k < f->count; k++) warm_up(&f->parties[k], clock, f->arena);
    for (uint32_t r = 0; r < ROUNDS_MOST; r++)
        for (int k = 0; k < f->count; k++) {
            party *p = &f->parties[k];
            if (used[k] > PARTY_SECONDS && turns[k] >= ROUNDS_LEAST) continue;
            double seconds = p->seconds[turns[k]++] = turn_of(p, r, clock);
            used[k] += seconds * p->evaluations;
        }
    for (int k = 0; k < f->count; k++) medians[k] = median(f->parties[k].seconds, turns[k]);
}

static void print_row(const field *f, const double *medians, uint32_t threads) {
    printf("%-7s %u thread%s  vm %10.5f ms", f->workload->label, threads, threads == 1 ? " " : "s",
           medians[0] * 1e3);
    for (int k = 1; k < f->count; k++)
        printf("  %s %10.5f ms (%5.2f)", f->parties[k].name, medians[k] * 1e3, medians[0] / medians[k]);
    printf("\n");
    fflush(stdout);
}

static void print_json(const field *f, const double *medians, uint32_t threads, bool first) {
    printf("%s{\"workload\": \"%s\", \"threads\": %u", first ? "[" : ",\n ", f->workload->label, threads);
    for (int k = 0; k < f->count; k++)
        if (isfinite(medians[k])) printf(", \"%s_ms\": %.6g", f->parties[k].name, medians[k] * 1e3);
    printf("}");
    fflush(stdout);
}

static bool agrees(const field *f, const char *who, double apart) {
    if (apart <= f->tolerance) return true;
    fprintf(stderr, "%s: %s disagrees: %.1e apart\n", f->workload->label, who, apart);
    return false;
}

static bool join(field *f, peer *p) {
    if (!p->to) return true;
    double apart = field_join(f, p);
    if (isfinite(apart)) return agrees(f, p->name, apart);
    fprintf(stderr, "%s: %s is passed over: %s\n", f->workload->label, p->name, p->answer);
    return true;
}

static bool run_workload(const workload *w, const settings *s, peer *peers, uint32_t threads, memory *m,
                         bool first) {
    arena a;
    field f;
    double medians[PARTIES_MOST];
    arena_open(&a, m);
    bool good = field_open(&f, w, false, threads, &a);
    if (good) {
        good = agrees(&f, "the loop written by hand", field_apart(&f));
        for (int k = 0; k < FRAMEWORK_COUNT; k++) good &= join(&f, &peers[k]);
        race(&f, s->clock, medians);
        if (s->json) print_json(&f, medians, threads, first);
        else print_row(&f, medians, threads);
        for (int k = 0; k < FRAMEWORK_COUNT; k++)
            if (peers[k].to) peer_close(&peers[k]);
    }
    arena_close(&a);
    return good;
}

static bool is_named(const settings *s, const char *label) {
    for (int i = 0; i < s->named; i++)
        if (strcmp(s->names[i], label) == 0) return true;
    return !s->named;
}

/* Each workload with each number of threads, one after the other, so that those too are of about the same
 * time. */
static bool run_all(const settings *s, memory *m) {
    peer peers[THREAD_COUNTS_MOST][FRAMEWORK_COUNT] = {0};
    bool good = true, first = true;
    for (uint32_t t = 0; t < s->thread_counts; t++)
        for (int k = 0; k < FRAMEWORK_COUNT && s->python; k++)
            if (!peer_start(&peers[t][k], FRAMEWORKS[k], s->python, s->folder, s->threads[t]))
                peer_stop(&peers[t][k]);
    for (uint32_t i = 0; i < WORKLOAD_COUNT; i++) {
        if (!is_named(s, WORKLOADS[i].label)) continue;
        for (uint32_t t = 0; t < s->thread_counts; t++, first = false)
            good &= run_workload(&WORKLOADS[i], s, peers[t], s->threads[t], m, first);
    }
    if (s->json) printf("%s]\n", first ? "[" : "");
    for (uint32_t t = 0; t < s->thread_counts; t++)
        for (int k = 0; k < FRAMEWORK_COUNT; k++) peer_stop(&peers[t][k]);
    return good;
}

/* The time to the first result, of the workloads for which that is asked. */
static bool run_first(const settings *s, memory *m) {
    bool good = true;
    uint32_t rows = 0;
    for (uint32_t i = 0; i < WORKLOAD_COUNT; i++) {
        const workload *w = &WORKLOADS[i];
        arena a;
        first_result r;
        if (!first_has(w) || !is_named(s, w->label)) continue;
        arena_open(&a, m);
        bool ran = first_run(w, s->vmrun, s->python, s->folder, s->clock != CLOCK_MONOTONIC, &a, &r);
        arena_close(&a);
        good &= ran && r.apart <= 1e-8;
        if (!ran) continue;
        if (s->json)
            printf("%s{\"workload\": \"%s\", \"first_vm_ms\": %.6g", rows++ ? ",\n " : "[", w->label,
                   r.vm * 1e3);
        else printf("%-7s first result  vm %9.1f ms", w->label, r.vm * 1e3);
        if (!isnan(r.numpyro))
            printf(s->json ? ", \"first_numpyro_ms\": %.6g" : "  numpyro %9.1f ms", r.numpyro * 1e3);
        if (!s->json && !isnan(r.numpyro)) printf(" (%.1f times as long)", r.numpyro / r.vm);
        printf(s->json ? "}" : "\n");
        fflush(stdout);
    }
    if (s->json) printf("%s]\n", rows ? "" : "[");
    return good;
}

/* The steps of each workload, with one thread and with the last number that was given. */
static bool run_phases(const settings *s, memory *m) {
    bool good = true;
    for (uint32_t i = 0; i < WORKLOAD_COUNT; i++) {
        if (!is_named(s, WORKLOADS[i].label)) continue;
        arena a;
        arena_open(&a, m);
        good &= phases_run(&WORKLOADS[i], s->threads[s->thread_counts - 1], &a);
        arena_close(&a);
    }
    return good;
}

static bool read_settings(settings *s, int count, char **words) {
    *s = (settings){.clock = CLOCK_MONOTONIC, .python = getenv("BENCH_PYTHON"), .names = words};
    s->vmrun = getenv("VMRUN") ? getenv("VMRUN") : "build/vmrun";
    for (int i = 1; i < count; i++) {
        if (strcmp(words[i], "--json") == 0) s->json = true;
        else if (strcmp(words[i], "--cpu") == 0) s->clock = CLOCK_PROCESS_CPUTIME_ID;
        else if (strcmp(words[i], "--first") == 0) s->first = true;
        else if (strcmp(words[i], "--phases") == 0) s->phases = true;
        else if (strcmp(words[i], "--threads") == 0 && i + 1 < count && s->thread_counts < THREAD_COUNTS_MOST)
            s->threads[s->thread_counts++] = (uint32_t)atoi(words[++i]);
        else if (words[i][0] == '-') return false;
        else words[s->named++] = words[i];
    }
    if (!s->thread_counts) s->threads[s->thread_counts++] = 1, s->threads[s->thread_counts++] = 2;
    return true;
}

int main(int argc, char **argv) {
    jmp_buf escape;
    memory m = {allocate, NULL, &escape};
    settings s;
    char folder[] = "/tmp/bench-XXXXXX";
    if (!read_settings(&s, argc, argv))
        return fprintf(stderr, "usage: bench [--json] [--cpu] [--first] [--phases] [--threads N]… [W1 …]\n"),
               2;
    if (setjmp(escape)) return fprintf(stderr, "bench: out of memory\n"), 1;
    if (!(s.folder = mkdtemp(folder))) return perror("bench: a folder for data"), 1;
    bool good = s.first ? run_first(&s, &m) : s.phases ? run_phases(&s, &m) : run_all(&s, &m);
    peers_forget(folder);
    return !good;
}
