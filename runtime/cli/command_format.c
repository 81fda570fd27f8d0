/* vmrun format: a program with mistakes of syntax is left alone, with its messages. */
#include <stdio.h>

#include "lang/format.h"
#include "runtime/cli/commands.h"
#include "runtime/io/file.h"
#include "runtime/io/guard.h"

typedef struct task {
    session *session;
    const arguments *arguments;
    file_writer writer;
    bool good;
} task;

static void write_anew(task *t, const char *path, const char *text, size_t length) {
    session *s = t->session;
    bool good = file_begin(&s->diagnostics, &s->arena, &t->writer, path);
    if (good) fwrite(text, 1, length, t->writer.stream);
    if (good) file_commit(&s->diagnostics, &t->writer);
    t->good &= session_tell(s);
}

static void format_file(task *t, const char *path) {
    session *s = t->session;
    size_t length, formatted_length;
    const char *text = file_read(&s->diagnostics, &s->arena, path, &length), *formatted = NULL;
    if (text)
        formatted =
            format_source(&s->diagnostics, &s->names,
                          diagnostics_source(&s->diagnostics, path, text, length, false), &formatted_length);
    t->good &= session_tell(s);
    if (!formatted) return;
    bool same = length == formatted_length && memcmp(text, formatted, length) == 0;
    if (arguments_flag(t->arguments, FLAG_check, 0)) {
        if (!same) printf("%s\n", path);
        t->good &= same;
    } else if (!arguments_flag(t->arguments, FLAG_in_place, 0)) {
        fwrite(formatted, 1, formatted_length, stdout);
    } else if (!same) {
        write_anew(t, path, formatted, formatted_length);
    }
}

static void run_task(void *user) {
    task *t = user;
    for (uint32_t i = 0; i < t->arguments->files.count; i++) format_file(t, t->arguments->files.at[i]);
}

static void end_task(void *user) { file_abort(&((task *)user)->writer); }

int command_format(session *s, const arguments *a) {
    if (a->files.count == 0) {
        fprintf(stderr, "vmrun: name the files: `vmrun format -i model.vm`\n");
        return EXIT_WRONG_COMMAND;
    }
    task t = {.session = s, .arguments = a, .good = true};
    guard(s->arena.memory, run_task, end_task, &t);
    return t.good ? EXIT_GOOD : EXIT_WRONG_INPUT;
}
