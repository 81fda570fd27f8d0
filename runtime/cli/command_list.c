/* vmrun list and vmrun version. The list is read from the library itself, so it holds what a program can use;
 * docs/distributions.md is what `vmrun list --markdown` prints. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lang/library.h"
#include "runtime/cli/commands.h"
#include "runtime/cli/plot.h"

typedef struct entry_of_list {
    const library_item *from;
    const item *item;
} entry_of_list;

typedef vector(entry_of_list) library_list;

/* A closed form of distributions, such as kl(normal, normal), is used by its distributions. */
static bool is_closed_form(const library_item *it) { return it->of[0] != NULL; }

static library_list read_library(session *s) {
    library_list list = {0};
    for (int i = 0; i < LIBRARY_COUNT; i++) {
        uint32_t number =
            diagnostics_source(&s->diagnostics, LIBRARY[i].file, LIBRARY[i].text, LIBRARY[i].length, true);
        syntax tree = syntax_parse(&s->diagnostics, &s->names, number);
        for (uint32_t k = 0; k < tree.items.count; k++)
            push(&s->arena, &list, ((entry_of_list){&LIBRARY[i], tree.items.at[k]}));
    }
    return list;
}

/* ---- an entry ---- */

static void print_text(const char *text, span at) {
    printf("%.*s", (int)(at.end - at.start), text + at.start);
}

static void print_signature(const entry_of_list *e) {
    const item *it = e->item;
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
        printf("%s", i ? ", " : "");
        print_text(e->from->text, (span){0, p[i].at.start, p[i].type.name ? p[i].type.at.end : p[i].at.end});
    }
    printf(")");
    if (it->function.type.name) printf(" : "), print_text(e->from->text, it->function.type.at);
}

/* A comment of several lines, behind `indent` in each. */
static void print_comment(const char *comment, const char *indent) {
    for (const char *line = comment; line && *line;) {
        size_t length = strcspn(line, "\n");
        printf("%s%.*s\n", indent, (int)length, line);
        line += length + (line[length] == '\n');
    }
}

/* `cdf, quantile, mean; kl to normal, laplace`. */
static void print_properties(const library_list *list, const entry_of_list *e) {
    const items *body = &e->item->function.items;
    for (uint32_t i = 0, count = 0; i < body->count; i++)
        if (body->at[i]->kind == ITEM_property && strcmp(body->at[i]->function.name, "log_density") != 0)
            printf("%s%s", count++ ? ", " : "", body->at[i]->function.name);
    bool first = true;
    for (uint32_t i = 0; i < list->count; i++) {
        const library_item *of = list->at[i].from;
        if (!is_closed_form(of) || strcmp(of->of[0], e->from->name) != 0) continue;
        printf("%s%s", first ? "; kl to " : ", ", of->of[1]);
        first = false;
    }
}

static bool has_properties(const item *it) { return it->kind == ITEM_dist && it->function.items.count > 1; }

static void print_entry(const entry_of_list *e) {
    print_signature(e);
    printf("\n");
    print_comment(e->item->comment, "    ");
}

static void print_whole(session *s, const library_list *list, const entry_of_list *e) {
    print_entry(e);
    if (e->item->kind != ITEM_dist) return;
    if (has_properties(e->item)) {
        printf("    has ");
        print_properties(list, e);
        printf("\n");
    }
    plot_density(&s->arena, e->item, "    ", stdout);
}

/* ---- docs/distributions.md ---- */

static void print_markdown(session *s, const library_list *list) {
    printf("# Distributions\n\n"
           "Every distribution of the library: its parameters with their types, where it lies, and what it "
           "can be asked beside its\n"
           "`log_density`. Each is written in the language itself, in `stdlib/`. The pictures are densities "
           "with the arguments below them.\n"
           "This page is what `vmrun list --markdown` prints; `vmrun list NAME` shows one, `vmrun list "
           "positive` those that lie there.\n");
    const char *section = "";
    for (uint32_t i = 0; i < list->count; i++) {
        const entry_of_list *e = &list->at[i];
        if (e->item->kind != ITEM_dist) continue;
        if (strcmp(section, e->from->section) != 0) printf("\n## %s\n", section = e->from->section);
        printf("\n### `");
        print_signature(e);
        printf("`\n");
        print_comment(e->item->comment, "");
        if (has_properties(e->item)) {
            printf("\nHas ");
            print_properties(list, e);
            printf(".\n");
        }
        char *picture = NULL;
        size_t length = 0;
        FILE *to = open_memstream(&picture, &length);
        if (!to) continue;
        bool drawn = plot_density(&s->arena, e->item, "", to);
        fclose(to);
        if (drawn) printf("\n```text\n%s```\n", picture);
        free(picture);
    }
}

/* ---- the search ---- */

/* `Negative binomial` as `negative_binomial`. */
static const char *plain_word(session *s, const char *word) {
    char *plain = arena_copy(&s->arena, word, strlen(word));
    for (char *p = plain; *p; p++) *p = strchr(" -.", *p) ? '_' : (char)tolower((unsigned char)*p);
    return plain;
}

/* Whether `part` is the beginning of a part of a name, `inv` of `inv_gamma`, or such a part that of it, as of
 * `inverse`; or it stands in the name anywhere. */
static bool has_part(const char *name, const char *part, size_t length) {
    for (const char *p = name; *p;) {
        size_t own = strcspn(p, "_"), both = own < length ? own : length;
        if ((own > 1 || length == 1) && strncmp(p, part, both) == 0) return true;
        p += own + (p[own] == '_');
    }
    for (const char *p = name; length > 1 && *p; p++)
        if (strncmp(p, part, length) == 0) return true;
    return false;
}

static bool has_all_parts(const char *name, const char *word) {
    for (const char *p = word; *p;) {
        size_t length = strcspn(p, "_");
        if (length && !has_part(name, p, length)) return false;
        p += length + (p[length] == '_');
    }
    return true;
}

/* Underscores do not count. */
static bool is_same(const char *a, const char *b) {
    for (;; a++, b++) {
        while (*a == '_') a++;
        while (*b == '_') b++;
        if (*a != *b || !*a) return *a == *b;
    }
}

/* What another system calls `word`: its name here, or else what says the same, in *note; both empty where it
 * is unknown. */
static const char *own_name(const char *word, const char **note) {
#define FOREIGN_CALL(other, ours, about)                                                                     \
    if (is_same(word, #other)) return *note = ours[0] ? "" : about, ours;
#include "lang/foreign.def"
#undef FOREIGN_CALL
    return *note = "", "";
}

/* How a word is looked for: as it stands in a name or as a support, then in parts, at last in what is said of
 * it. */
typedef enum way { AS_IT_STANDS, IN_PARTS, IN_COMMENTS, WAYS } way;

static bool is_listed(const entry_of_list *e, const char *word, way how) {
    if (is_closed_form(e->from)) return false;
    if (!word) return true;
    if (how == IN_PARTS) return has_all_parts(e->from->name, word);
    if (how == IN_COMMENTS)
        return e->item->kind == ITEM_dist && e->item->comment && strcasestr(e->item->comment, word);
    return strstr(e->from->name, word) ||
           (e->item->kind == ITEM_dist && strcmp(e->item->function.type.name, word) == 0);
}

/* ---- the command ---- */

/* The one that is called so, in whatever spelling; or NULL. */
static const entry_of_list *named(const library_list *list, const char *word) {
    for (uint32_t i = 0; i < list->count; i++)
        if (!is_closed_form(list->at[i].from) && is_same(list->at[i].from->name, word)) return &list->at[i];
    return NULL;
}

/* What is found one way, distributions first, but `shown`, which has been printed. */
static bool list_found(const library_list *list, const char *word, const char *written, way how,
                       const entry_of_list *shown) {
    static const char *const ARGUMENTS[NODE_INPUTS_MOST + 1] = {"", "x", "x, y", "x, y, z", "u, v, a, b"};
    bool found = false;
    for (int functions = 0; functions < 2; functions++)
        for (uint32_t i = 0; i < list->count; i++) {
            const entry_of_list *e = &list->at[i];
            if (e == shown || functions != (e->item->kind != ITEM_dist)) continue;
            if (!is_listed(e, how == IN_COMMENTS ? written : word, how)) continue;
            print_entry(e);
            found = true;
        }
#define PRIMITIVE(name, inputs, form, range, about)                                                          \
    if (about[0] && (!word || (how == IN_PARTS ? has_all_parts(#name, word) : strstr(#name, word) != NULL))) \
        found |= printf("%s(%s)\n    %s\n", #name, ARGUMENTS[inputs], about) > 0;
#include "lang/primitives.def"
#undef PRIMITIVE
    return found;
}

/* The one of that name, here or elsewhere; of another system's name also what has it within its own. */
static bool list_library(session *s, const library_list *list, const char *written) {
    const char *word = written ? plain_word(s, written) : NULL, *note = "";
    const entry_of_list *exact = word ? named(list, word) : NULL, *ours = NULL;
    if (exact) {
        print_whole(s, list, exact);
        return true;
    }
    if (word) ours = named(list, own_name(word, &note));
    if (ours) print_whole(s, list, ours);
    if (note[0]) printf("%s: %s\n", written, note);
    bool found = ours || note[0];
    if (found && strlen(word) < 4) return true; /* that is in too many names */
    for (way how = AS_IT_STANDS; how < (found ? IN_PARTS : WAYS); how++)
        if (list_found(list, word, written, how, ours)) return true;
    return found;
}

int command_list(session *s, const arguments *a) {
    bool markdown = arguments_flag(a, FLAG_markdown, 0) != NULL;
    if (a->files.count > 1 || (markdown && a->files.count)) {
        fprintf(stderr, "vmrun: `vmrun list WORD` takes one word, `vmrun list --markdown` none\n");
        return EXIT_WRONG_COMMAND;
    }
    library_list list = read_library(s);
    if (markdown) {
        print_markdown(s, &list);
        return EXIT_GOOD;
    }
    const char *word = a->files.count ? a->files.at[0] : NULL;
    if (list_library(s, &list, word)) return EXIT_GOOD;
    fprintf(stderr, "vmrun: no name in the library has `%s` in it; `vmrun list` prints all\n", word);
    return EXIT_WRONG_INPUT;
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
