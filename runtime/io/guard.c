#include "runtime/io/guard.h"

void guard(memory *m, void (*work)(void *user), void (*release)(void *user), void *user) {
    jmp_buf here, *outer = m->escape;
    int failed = setjmp(here);
    if (!failed) {
        m->escape = &here;
        work(user);
    }
    m->escape = outer;
    release(user);
    if (failed) longjmp(*outer, 1);
}
