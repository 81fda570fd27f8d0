#include "runtime/cli/interrupt.h"

#include <signal.h>

static volatile sig_atomic_t interrupted; /* the one thing a signal may touch */

static void on_signal(int number) {
    (void)number;
    interrupted = 1;
}

void interrupt_listen(void) {
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART | (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}

bool interrupt_asked(void) { return interrupted; }
