/* Log densities alone: the sum over n entries, each with arguments of its own, and its derivatives by x and
 * all arguments. A server, with which the peers of bench/peers/densities.py take turns: it answers each line
 * with one.
 *
 *   open NAME N FILE TYPE/0|1 …   the columns of FILE, N doubles each, are x and the arguments, of these
 * types; 1 where a derivative is wanted: "done" check                         the sum of the density, and of
 * each derivative turn SECONDS                  nanoseconds an entry: the mean of as many evaluations as fit
 * (processor time) */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/densities/run.h"

enum { COLUMNS_MOST = 5 };

typedef struct subject {
    machine *machine;
    uint32_t n;
    int count;
    values columns[COLUMNS_MOST];
    results total;
} subject;

static bool open_subject(arena *a, char *words, subject *s) {
    *s = (subject){.total = {.name = "total"}};
    const char *name = strtok(words, " \n"), *number = strtok(NULL, " \n"), *path = strtok(NULL, " \n");
    const char *text = "axis n\n", *call = "";
    FILE *file = path ? fopen(path, "rb") : NULL;
    if (!file) return false;
    s->n = (uint32_t)atoi(number);
    for (char *word; (word = strtok(NULL, " \n")) && s->count < COLUMNS_MOST; s->count++) {
        char *slash = strchr(word, '/');
        double *numbers = arena_array(a, double, s->n);
        if (!slash || fread(numbers, sizeof *numbers, s->n, file) != s->n) break;
        const char *own = arena_print(a, "a%d", s->count);
        s->columns[s->count] = (values){own, 1, {s->n}, numbers, slash[1] == '1', NULL};
        text = arena_print(a, "%sdata %s[n] : %.*s\n", text, own, (int)(slash - word), word);
        if (s->count) call = arena_print(a, "%s%s%s", call, s->count > 1 ? ", " : "", own);
    }
    fclose(file);
    text = arena_print(a, "%slet total = sum[n](log_density(%s(%s), a0))\n", text, name, call);
    s->machine = prepare(a, arena_print(a, "%s", name), text, s->columns, s->count, &s->total, 1);
    return s->machine != NULL;
}

static void show(subject *s) {
    run_once(s->machine, s->columns, s->count, &s->total, 1);
    printf("%.17g", s->total.numbers[0]);
    for (int i = 0; i < s->count; i++) {
        double sum = 0;
        for (uint32_t k = 0; s->columns[i].varied && k < s->n; k++) sum += s->columns[i].slope[k];
        if (s->columns[i].varied) printf(" %.17g", sum);
    }
    printf("\n");
}

static double processor_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double turn(const subject *s, double seconds) {
    double begun = processor_seconds(), spent = 0;
    uint32_t runs = 0;
    for (; spent < seconds; spent = processor_seconds() - begun, runs++) machine_run(s->machine, 1, runs);
    return spent / runs / s->n * 1e9;
}

int main(void) {
    arena a;
    test_memory(&a);
    subject s = {0};
    for (char line[1024]; fgets(line, sizeof line, stdin); fflush(stdout)) {
        char *space = strchr(line, ' ');
        if (!strncmp(line, "open ", 5)) puts(open_subject(&a, space + 1, &s) ? "done" : "failed");
        else if (!strncmp(line, "check", 5)) show(&s);
        else if (!strncmp(line, "turn ", 5)) printf("%.17g\n", turn(&s, strtod(space, NULL)));
    }
    arena_close(&a);
    return 0;
}
