/* Threads of a team share pieces of work: each part is done once, what a piece has written the next one
 * reads, whether threads spin or have fallen asleep, for any number of parts and of threads. test_team.sh
 * runs it under the thread sanitizer as well. */
#include <time.h>

#include "autodiff/team.h"
#include "tests/check.h"
#include "tests/memory.h"

enum { ENTRIES = 512, PIECES = 600, LONG = 1000000, SHORT = 5000 };

typedef struct exchange {
    double x[ENTRIES], y[ENTRIES];
    uint32_t parts;
} exchange;

static void pass(const exchange *e, double *to, const double *from, uint32_t part) {
    for (uint32_t i = part * ENTRIES / e->parts; i < (part + 1) * ENTRIES / e->parts; i++)
        to[i] += from[ENTRIES - 1 - i];
}
static void there(void *user, uint32_t thread, uint32_t part) {
    exchange *e = user;
    pass(e, e->y, e->x, part);
}
static void back(void *user, uint32_t thread, uint32_t part) {
    exchange *e = user;
    for (uint32_t i = part * ENTRIES / e->parts; i < (part + 1) * ENTRIES / e->parts; i++) e->x[i] = i % 7;
    pass(e, e->x, e->y, part);
}

static void fall_asleep(void) { nanosleep(&(struct timespec){.tv_nsec = 300000}, NULL); }

static bool exchanges(uint32_t threads) {
    arena a;
    test_memory(&a);
    team *t = team_open(&a, threads);
    team_start(t, LONG);
    exchange *e = arena_new(&a, exchange), *expected = arena_new(&a, exchange);
    bool same = true;
    for (uint32_t k = 0; k < PIECES; k++) {
        e->parts = 1 + k % 37;
        expected->parts = 1;
        if (k % 50 == 0) fall_asleep();
        if (k % 100 == 0) team_rouse(t, LONG);
        team_run(t, k % 3 ? LONG : SHORT, e->parts, there, e);
        team_run(t, LONG, e->parts, back, e);
        there(expected, 0, 0);
        back(expected, 0, 0);
        for (int i = 0; i < ENTRIES; i++) same &= e->x[i] == expected->x[i] && e->y[i] == expected->y[i];
    }
    arena_close(&a);
    return same;
}

int main(void) {
    for (uint32_t threads = 1; threads <= 7; threads += 1 + threads / 3) {
        char name[40];
        snprintf(name, sizeof name, "%u threads", threads);
        check(exchanges(threads), name, "a part was not done, or twice");
    }
    return check_end();
}
