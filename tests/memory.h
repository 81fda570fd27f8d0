/* An arena on malloc for test programs; running out of memory ends them. test_allocate is for hosts of their
 * own. */
#ifndef VM_TESTS_MEMORY_H
#define VM_TESTS_MEMORY_H

#include <stdio.h>
#include <stdlib.h>
#include "base/arena.h"

__attribute__((unused)) static void *test_allocate(void *user, void *block, size_t old_size, size_t size) {
    (void)user, (void)old_size;
    if (size) return realloc(block, size);
    free(block);
    return NULL;
}

__attribute__((unused)) static void test_memory(arena *a) {
    static jmp_buf escape;
    static memory m = {test_allocate, NULL, &escape};
    if (setjmp(escape)) {
        puts("FAIL memory: the arena is full");
        exit(1);
    }
    arena_open(a, &m);
}

#endif
