/* vmrun summary: a fit or its draws, printed again. */
#include <stdio.h>

#include "runtime/cli/commands.h"
#include "runtime/io/summary_file.h"

int command_summary(session *s, const arguments *a) {
    if (a->files.count != 1) {
        fprintf(stderr, "vmrun: name one file: `vmrun summary fit.json`\n");
        return EXIT_WRONG_COMMAND;
    }
    report r;
    bool read = summary_read(&s->diagnostics, &s->arena, a->files.at[0], &r);
    if (!session_tell(s) || !read) return EXIT_WRONG_INPUT;
    if (arguments_flag(a, FLAG_json, 0)) report_json(&r, stdout);
    else report_table(&r, stdout);
    return EXIT_GOOD;
}
