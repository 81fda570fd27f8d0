/* What a command of vmrun works in: memory, messages, the program and its data. */
#ifndef VM_CLI_SESSION_H
#define VM_CLI_SESSION_H

#include "runtime/bind/model.h"
#include "runtime/cli/arguments.h"

typedef struct session {
    arena arena;
    diagnostics diagnostics;
    names names;
    program *program;
    data_set data;
    bool warns; /* of what is legal and probably not meant */
    bool keeps; /* messages stay in the list, to be printed by the command */
} session;

/* Reads and compiles a model. False, with the messages printed, where it has mistakes or cannot be read. */
bool session_compile(session *s, const char *path);
/* Brings the data that the command line names, or else those that the model names. With `only_present`, files
 * that the model names and that are not there are passed over; *complete tells whether any was. */
bool session_load(session *s, const arguments *a, bool only_present, bool *complete);
/* Reads the value of a flag that is an option of a fit, where it is given. False, with the message printed,
 * where it is wrong. */
bool session_option(session *s, const arguments *a, flag_id flag, option_id id, options *o);
/* Labels that the data give to an axis, as if the program had listed them: values of latents come in their
 * order, without them. A copy of the program, which must bind for that; where it does not, the next binding
 * says why. */
void session_list_labels(session *s, program *of);
/* The model for data that are drawn: with the latents that are `given`, by variable, among its data, and
 * without a claim on what is drawn. NULL, reported, where it cannot be bound. */
model *session_bind_drawn(session *s, const bool *given);
/* Prints the messages to standard error, and forgets them, unless the session keeps them. True where none was
 * an error. */
bool session_tell(session *s);

#endif
