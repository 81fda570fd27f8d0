/* The workloads of the bench at reduced sizes, with tails of every vector's length: the engine and the loop
 * written by hand give the same value and gradient. Both round in their own order over at most a thousand
 * rows; 1e-8 is what the bench promises. */
#include <stdlib.h>

#include "bench/parties.h"
#include "tests/check.h"

static void *allocate(void *user, void *block, size_t old_size, size_t size) {
    (void)user, (void)old_size;
    if (size) return realloc(block, size);
    free(block);
    return NULL;
}

static void compare(const workload *w, memory *m) {
    arena a;
    field f;
    arena_open(&a, m);
    double apart = field_open(&f, w, true, 1, &a) ? field_apart(&f) : 1;
    check(apart <= f.tolerance, arena_print(&a, "bench_%s", w->label), "%s: %g apart", w->about, apart);
    arena_close(&a);
}

int main(void) {
    jmp_buf escape;
    memory m = {allocate, NULL, &escape};
    if (setjmp(escape)) return 1;
    for (uint32_t i = 0; i < WORKLOAD_COUNT; i++) compare(&WORKLOADS[i], &m);
    return check_end();
}
