#include "bench/first.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "base/number.h"

enum { RUNS = 5 };

/* Where the density is asked for: `count` entries of each latent, 0 for a single number. */
typedef struct latent {
    const char *name;
    uint32_t count;
    double value;
} latent;

static const struct {
    const char *label;
    latent at[6];
} ASKED[] = {
    {"W2", {{"mu", 0, 0.1}, {"tau", 0, 1.5}, {"slope", 0, 0.4}, {"sigma", 0, 0.9}, {"level", 1000, 0.2}}},
    {"W3", {{"alpha", 0, 0.1}, {"beta", 10, 0.2}, {"sigma", 0, 1.2}, {"df", 0, 4}}},
    {"W4", {{"mu", 0, 1}, {"tau", 0, 2}, {"theta", 8, 0.5}}},
};

static const latent *asked(const workload *w) {
    for (size_t i = 0; i < sizeof ASKED / sizeof *ASKED; i++)
        if (strcmp(ASKED[i].label, w->label) == 0) return ASKED[i].at;
    return NULL;
}

bool first_has(const workload *w) { return asked(w) != NULL; }

static void write_entries(FILE *to, const double *x, uint32_t rank, const uint32_t *dims) {
    if (!rank) {
        fprintf(to, "%.17g", *x);
        return;
    }
    size_t inner = 1;
    for (uint32_t k = 1; k < rank; k++) inner *= dims[k];
    for (uint32_t i = 0; i < dims[0]; i++) {
        fputs(i ? ", " : "[", to);
        write_entries(to, x + i * inner, rank - 1, dims + 1);
    }
    fputc(']', to);
}

static bool write_data(const dataset *d, const char *path) {
    FILE *to = fopen(path, "w");
    if (!to) return false;
    for (uint32_t i = 0; i < d->count; i++) {
        fprintf(to, "%s\"%s\": ", i ? ",\n " : "{", d->arrays[i].name);
        write_entries(to, d->arrays[i].values, d->arrays[i].rank, d->arrays[i].dims);
    }
    fputs("}\n", to);
    return fclose(to) == 0;
}

static bool write_point(const latent *at, const char *path) {
    FILE *to = fopen(path, "w");
    if (!to) return false;
    for (int i = 0; at[i].name; i++) {
        fprintf(to, "%s\"%s\": ", i ? ", " : "{", at[i].name);
        for (uint32_t k = 0; k < at[i].count; k++) fprintf(to, "%s%g", k ? ", " : "[", at[i].value);
        if (at[i].count) fputc(']', to);
        else fprintf(to, "%g", at[i].value);
    }
    fputs("}\n", to);
    return fclose(to) == 0;
}

static double wall_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double seconds_of(struct timeval t) { return (double)t.tv_sec + 1e-6 * (double)t.tv_usec; }

/* Runs a command, whose output begins {"log_density": VALUE. Returns the seconds, NaN where it fails. */
static double time_process(char *const *words, const char *output, bool cpu, double *value) {
    int to = open(output, O_WRONLY | O_CREAT | O_TRUNC, 0600), status;
    if (to < 0) return (double)NAN;
    double started = wall_now();
    pid_t child = fork();
    if (child == 0) {
        dup2(to, STDOUT_FILENO);
        execvp(words[0], words);
        _exit(127);
    }
    close(to);
    struct rusage used;
    if (child < 0 || wait4(child, &status, 0, &used) < 0 || status) return (double)NAN;
    double seconds = cpu ? seconds_of(used.ru_utime) + seconds_of(used.ru_stime) : wall_now() - started;
    FILE *from = fopen(output, "r");
    bool read = from && fscanf(from, "{\"log_density\": %lf", value) == 1;
    if (from) fclose(from);
    return read ? seconds : (double)NAN;
}

/* Both are run by turns. */
bool first_run(const workload *w, const char *vmrun, const char *python, const char *folder, bool cpu,
               arena *a, first_result *r) {
    dataset d = workload_data(w, false, a);
    char *data = arena_print(a, "%s/data.json", folder), *at = arena_print(a, "%s/at.json", folder),
         *output = arena_print(a, "%s/output", folder), *model = arena_print(a, "bench/%s.vm", w->stem);
    char *by_vm[] = {(char *)vmrun, "log_density", model, "--data", data, "--at", at, NULL};
    char *by_numpyro[] = {(char *)python, "bench/peers/first.py", (char *)w->stem, data, at, NULL};
    double vm[RUNS], numpyro[RUNS], value = 0, other = 0;
    if (!write_data(&d, data) || !write_point(asked(w), at)) {
        perror(folder);
        return false;
    }
    for (int i = 0; i < RUNS; i++) {
        vm[i] = time_process(by_vm, output, cpu, &value);
        if (isnan(vm[i])) return fprintf(stderr, "%s: vmrun log_density fails\n", w->label), false;
        numpyro[i] = python ? time_process(by_numpyro, output, cpu, &other) : (double)NAN;
        if (isnan(numpyro[i])) python = NULL;
    }
    qsort(vm, RUNS, sizeof *vm, number_order);
    if (python) qsort(numpyro, RUNS, sizeof *numpyro, number_order);
    *r = (first_result){vm[RUNS / 2], python ? numpyro[RUNS / 2] : (double)NAN, 0};
    if (python) r->apart = fabs(value - other) / fabs(value);
    return true;
}
