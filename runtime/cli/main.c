/* vmrun: fits, checks and evaluates models from the command line. Results go to standard output, all else to
 * standard error. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/cli/commands.h"

typedef struct command_row {
    const char *name, *usage, *about;
    int (*run)(session *s, const arguments *a);
} command_row;

static const command_row COMMANDS[] = {
#define COMMAND(name, usage, about) {#name, usage, about, command_##name},
#include "runtime/cli/commands.def"
#undef COMMAND
};
enum { COMMAND_COUNT = sizeof COMMANDS / sizeof *COMMANDS };

static void *allocate(void *user, void *block, size_t old_size, size_t size) {
    (void)user, (void)old_size;
    if (size) return realloc(block, size);
    free(block);
    return NULL;
}

static void print_help(FILE *to) {
    fprintf(to, "vmrun fits Bayesian models by variational inference.\n\n");
    for (int i = 0; i < COMMAND_COUNT; i++) fprintf(to, "  %-12s %s\n", COMMANDS[i].name, COMMANDS[i].about);
    fprintf(to, "\n`vmrun COMMAND --help` tells more. First: vmrun fit model.vm --data data.csv\n"
                "Exit status: 0 the verdict is good or doubtful, 1 program or data are wrong, 2 the command "
                "is wrong,\n"
                "3 the verdict is bad, 4 interrupted.\n");
}

static int unknown_command(const char *word) {
    const char *near = NULL;
    uint32_t least = 3;
    for (int i = 0; i < COMMAND_COUNT; i++) {
        uint32_t d = edit_distance(word, COMMANDS[i].name, 2);
        if (d < least) least = d, near = COMMANDS[i].name;
    }
    size_t length = strlen(word);
    if (length > 3 && strcmp(word + length - 3, ".vm") == 0)
        fprintf(stderr, "vmrun: the command comes first: `vmrun fit %s`\n", word);
    else if (near) fprintf(stderr, "vmrun: there is no command `%s`; did you mean `%s`?\n", word, near);
    else fprintf(stderr, "vmrun: there is no command `%s`; `vmrun --help` lists them\n", word);
    return EXIT_WRONG_COMMAND;
}

static int run(memory *m, const command_row *command, int count, char **words) {
    session s = {0};
    arena_open(&s.arena, m);
    diagnostics_open(&s.diagnostics, &s.arena);
    names_open(&s.names, &s.arena);
    data_open(&s.data, &s.arena);
    arguments a;
    int status = EXIT_GOOD;
    const char *mistake = arguments_read(&a, &s.arena, command->name, count, words);
    if (mistake) {
        fprintf(stderr, "vmrun: %s\n", mistake);
        status = EXIT_WRONG_COMMAND;
    } else if (arguments_flag(&a, FLAG_help, 0)) {
        printf("%s\n%s.\n", command->usage, command->about);
        arguments_help(command->name, stdout);
    } else {
        status = command->run(&s, &a);
    }
    arena_close(&s.arena);
    return status;
}

/* Why not all of the results could be printed, as errno has it; 0 where they were. */
static int output_error(void) {
    if (fflush(stdout) == 0 && !ferror(stdout)) return 0;
    /* An earlier write may have failed, whose reason is gone: one more tells it again. */
    return write(STDOUT_FILENO, "\n", 1) < 0 ? errno : EIO;
}

int main(int argc, char **argv) {
    if (argc < 2) {
        print_help(stderr);
        return EXIT_WRONG_COMMAND;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        print_help(stdout);
        return output_error() ? EXIT_WRONG_INPUT : EXIT_GOOD;
    }
    const char *word = strcmp(argv[1], "--version") == 0 ? "version" : argv[1];
    const command_row *command = NULL;
    for (int i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(COMMANDS[i].name, word) == 0) command = &COMMANDS[i];
    if (!command) return unknown_command(word);
    jmp_buf escape;
    memory m = {allocate, NULL, &escape};
    if (setjmp(escape)) {
        fprintf(stderr,
                "vmrun: out of memory\nhelp: give the process more memory, or fit fewer rows or draws\n");
        return EXIT_WRONG_INPUT;
    }
    /* A reader that has seen enough, as `| head`, ends neither a fit nor the files that it writes. */
    signal(SIGPIPE, SIG_IGN);
    int status = run(&m, command, argc - 2, argv + 2), error = output_error();
    if (error == 0 || error == EPIPE) return status;
    fprintf(stderr, "vmrun: standard output: %s\n", strerror(error));
    return EXIT_WRONG_INPUT;
}
