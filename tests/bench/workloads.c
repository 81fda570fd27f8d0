/* The workloads of the bench at reduced sizes, with tails of every vector's length: the engine and the loop
 * written by hand give the same value and gradient. Both round in their own order over at most a thousand
 * rows; 1e-8 is what the bench promises.
 *
 * And at sizes at which threads share the work, value and gradient have the same bits with 1, 2, 3 and 7
 * threads, and in a second run. */
#include <string.h>

#include "bench/parties.h"
#include "tests/check.h"
#include "tests/memory.h"

static void compare(const workload *w, memory *m) {
    arena a;
    field f;
    arena_open(&a, m);
    double apart = field_open(&f, w, true, 1, &a) ? field_apart(&f) : 1;
    check(apart <= f.tolerance, arena_print(&a, "bench_%s", w->label), "%s: %g apart", w->about, apart);
    arena_close(&a);
}

/* A quarter of the bench's rows. */
static dataset some_data(const workload *w, arena *a) {
    uint32_t sizes[3];
    dataset d = {0};
    memcpy(sizes, w->sizes, sizeof sizes);
    if (sizes[0] >= 1000) sizes[0] /= 4;
    w->make(&d, sizes, a);
    return d;
}

/* Values and gradients at two points, or of two steps, one behind the other. */
static uint64_t run_some(const workload *w, engine *e, double *to) {
    uint64_t entries = e->size * w->points, values = e->density ? w->points : 1, count = 0;
    for (uint32_t turn = 0; turn < 2; turn++) {
        if (e->density) workload_point(w, turn, e->at, entries);
        engine_run(e);
        memcpy(to + count, e->value, values * sizeof *to);
        memcpy(to + count + values, engine_gradient(e), entries * sizeof *to);
        count += values + entries;
    }
    return count;
}

static void same_bits(const workload *w, memory *m) {
    static const uint32_t THREADS[] = {1, 1, 2, 3, 7};
    arena a;
    arena_open(&a, m);
    dataset d = some_data(w, &a);
    double *first = NULL;
    for (size_t i = 0; i < sizeof THREADS / sizeof *THREADS; i++) {
        arena *run = arena_inside(&a);
        engine *e = engine_open(w, &d, THREADS[i], run);
        if (!check(e != NULL, arena_print(&a, "threads_%s", w->label), "it is refused")) break;
        uint64_t most = 2 * (e->size + 1) * w->points;
        double *found = arena_array(&a, double, most);
        uint64_t count = run_some(w, e, found);
        if (!first) first = found;
        check(memcmp(first, found, count * sizeof *found) == 0, arena_print(&a, "threads_%s", w->label),
              "other bits with %u threads", THREADS[i]);
        arena_close(run);
    }
    arena_close(&a);
}

int main(void) {
    for (uint32_t i = 0; i < WORKLOAD_COUNT; i++) compare(&WORKLOADS[i], test_host());
    for (uint32_t i = 0; i < WORKLOAD_COUNT; i++) same_bits(&WORKLOADS[i], test_host());
    return check_end();
}
