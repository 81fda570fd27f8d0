/* Memory of test programs, which end where it runs out. */
#ifndef VM_TESTS_MEMORY_H
#define VM_TESTS_MEMORY_H

#include <stdio.h>
#include <stdlib.h>
#include "base/arena.h"

__attribute__((unused)) static void *test_allocate(void *user, void *block, size_t old_size, size_t size) {
    (void)user, (void)old_size;
    if (!size) {
        free(block);
        return NULL;
    }
    void *grown = realloc(block, size);
    if (grown) return grown;
    puts("FAIL memory: the arena is full");
    exit(1);
}

__attribute__((unused)) static memory *test_host(void) {
    static memory host = {test_allocate, NULL, NULL};
    return &host;
}

__attribute__((unused)) static void test_memory(arena *a) { arena_open(a, test_host()); }

#endif
