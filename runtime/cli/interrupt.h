/* Signals that ask a command to end: it does so with what it has. */
#ifndef VM_CLI_INTERRUPT_H
#define VM_CLI_INTERRUPT_H

#include <stdbool.h>

/* From here on the first SIGINT, SIGTERM or SIGHUP asks for the end, and a second one ends the program. */
void interrupt_listen(void);
bool interrupt_asked(void);

#endif
