/* What every test program is made of: CHECK(condition, "name", …) prints `ok` or `FAIL` lines and counts
 * them; main ends with `return check_end();`. The runner adds the lines of all programs. */
#ifndef VM_TESTS_CHECK_H
#define VM_TESTS_CHECK_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

static int check_failures;

__attribute__((format(printf, 3, 4), unused)) static bool check(bool good, const char *name,
                                                                const char *format, ...) {
    if (good) {
        printf("ok %s\n", name);
        return true;
    }
    va_list list;
    va_start(list, format);
    printf("FAIL %s: ", name);
    vprintf(format, list);
    printf("\n");
    va_end(list);
    check_failures++;
    return false;
}

#define CHECK(condition, name) check((condition), (name), "%s:%d: %s", __FILE__, __LINE__, #condition)

__attribute__((unused)) static int check_end(void) {
    fflush(stdout);
    return check_failures != 0;
}

#endif
