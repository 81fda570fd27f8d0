/* vmrun list and vmrun version. The list is read from the library itself, so it holds what a program can use.
 */
#include <stdio.h>

#include "lang/library.h"
#include "runtime/cli/commands.h"

static bool is_listed(const item *it, const char *word) {
    if (word && !strstr(it->function.name, word)) return false;
    /* a closed form of distributions, such as kl(normal, normal), is used by its distributions */
    return it->kind != ITEM_fn || !it->function.parameter_count || !it->function.parameters[0].type.name;
}

static void print_item(const source *text, const item *it) {
    const parameter *p = it->function.parameters;
    printf("%s", it->function.name);
    for (uint32_t i = 0; i < it->function.axis_count; i++)
        printf("%s%s%s",
               i == 0                                              ? "["
               : it->function.has_arrow && i == it->function.arrow ? " -> "
                                                                   : ", ",
               it->function.axes[i].name, i + 1 < it->function.axis_count ? "" : "]");
    printf("(");
    for (uint32_t i = 0; i < it->function.parameter_count; i++) {
        printf("%s%s", i ? ", " : "", p[i].name);
        if (p[i].type.name)
            printf(" : %.*s", (int)(p[i].type.at.end - p[i].type.at.start), text->text + p[i].type.at.start);
    }
    printf(")");
    if (it->function.type.name)
        printf(" : %.*s", (int)(it->function.type.at.end - it->function.type.at.start),
               text->text + it->function.type.at.start);
    printf("\n");
    if (it->comment) printf("    %s\n", it->comment);
}

int command_list(session *s, const arguments *a) {
    if (a->files.count > 1) {
        fprintf(stderr, "vmrun: `vmrun list WORD` takes one word\n");
        return EXIT_WRONG_COMMAND;
    }
    const char *word = a->files.count ? a->files.at[0] : NULL;
    bool found = false;
    for (int i = 0; i < LIBRARY_COUNT; i++) {
        uint32_t number =
            diagnostics_source(&s->diagnostics, LIBRARY[i].name, LIBRARY[i].text, LIBRARY[i].length, true);
        syntax tree = syntax_parse(&s->diagnostics, &s->names, number);
        for (uint32_t k = 0; k < tree.items.count; k++) {
            if (!is_listed(tree.items.at[k], word)) continue;
            print_item(&s->diagnostics.sources.at[number], tree.items.at[k]);
            found = true;
        }
    }
#define PRIMITIVE(name, inputs, form, range, about)                                                          \
    if (about[0] && (!word || strstr(#name, word)))                                                          \
        found |= printf("%s(%s)\n    %s\n", #name, inputs == 2 ? "x, y" : inputs ? "x" : "", about) > 0;
#include "lang/primitives.def"
#undef PRIMITIVE
    if (!found)
        fprintf(stderr, "vmrun: no name in the library has `%s` in it; `vmrun list` prints all\n", word);
    return found ? EXIT_GOOD : EXIT_WRONG_INPUT;
}

int command_version(session *s, const arguments *a) {
    (void)s;
    if (a->files.count) {
        fprintf(stderr, "vmrun: `vmrun version` takes nothing\n");
        return EXIT_WRONG_COMMAND;
    }
    printf("vmrun %s\n", VM_VERSION);
    return EXIT_GOOD;
}
