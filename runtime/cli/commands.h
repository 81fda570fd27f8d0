/* The commands of vmrun (commands.def), each with the exit status it ends with. */
#ifndef VM_CLI_COMMANDS_H
#define VM_CLI_COMMANDS_H

#include "runtime/cli/session.h"

enum {
    EXIT_GOOD = 0,
    EXIT_WRONG_INPUT = 1,
    EXIT_WRONG_COMMAND = 2,
    EXIT_BAD_VERDICT = 3,
    EXIT_INTERRUPTED = 4
};

#define COMMAND(name, usage, about) int command_##name(session *s, const arguments *a);
#include "runtime/cli/commands.def"
#undef COMMAND

#endif
