/* What a machine says of itself. */
#ifndef VM_TESTS_AUTODIFF_PRINTED_H
#define VM_TESTS_AUTODIFF_PRINTED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "autodiff/machine.h"

/* Whether the machine, as printed, has such a thing. */
static inline bool has_printed(const machine *m, const char *what) {
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    machine_print(m, to);
    fclose(to);
    bool found = strstr(text, what) != NULL;
    free(text);
    return found;
}

#endif
