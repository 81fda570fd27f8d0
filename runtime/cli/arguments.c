#include "runtime/cli/arguments.h"

#include <math.h>

#include "base/names.h"
#include "base/number.h"

typedef struct flag_row {
    const char *name;
    char letter;
    const char *value, *commands, *about;
} flag_row;

static const flag_row FLAGS[] = {
#define FLAG(name, letter, value, commands, about) {#name, letter, value, commands, about},
#include "runtime/cli/flags.def"
#undef FLAG
};

/* Whether a list of words, separated by blanks, has this one. */
static bool lists(const char *words, const char *word) {
    size_t length = strlen(word);
    for (const char *p = words; (p = strstr(p, word)); p += length) {
        bool starts = p == words || p[-1] == ' ', ends = p[length] == 0 || p[length] == ' ';
        if (starts && ends) return true;
    }
    return false;
}

/* Whether a command takes the options of a fit. */
static bool fits(const char *command) { return lists("fit check calibrate predict evidence sweep", command); }

static flag_id flag_named(const char *command, const char *word, size_t length) {
    for (int i = 0; i < FLAG_count; i++)
        if (lists(FLAGS[i].commands, command) && strncmp(FLAGS[i].name, word, length) == 0 &&
            !FLAGS[i].name[length])
            return (flag_id)i;
    return FLAG_count;
}

static flag_id flag_lettered(const char *command, char letter) {
    for (int i = 0; i < FLAG_count; i++)
        if (FLAGS[i].letter && FLAGS[i].letter == letter && lists(FLAGS[i].commands, command))
            return (flag_id)i;
    return FLAG_count;
}

/* The flags and options of a command that a word may be a slip of: "`--set` or `--seed`"; NULL where there
 * are none. */
static const char *near_flags(arena *a, const char *command, const char *word) {
    const char *list = NULL;
    uint32_t least = 2;
    for (int i = 0; i < FLAG_count + (fits(command) ? OPTION_count : 0); i++) {
        const char *name = i < FLAG_count ? FLAGS[i].name : OPTIONS[i - FLAG_count].name;
        uint32_t distance = edit_distance(word, name, least);
        if (distance > least || (i < FLAG_count && !lists(FLAGS[i].commands, command))) continue;
        bool also = list && distance == least;
        list = also ? arena_print(a, "%s or `--%s`", list, name) : arena_print(a, "`--%s`", name);
        least = distance;
    }
    return list;
}

static const char *unknown_flag(arena *a, const char *command, const char *word) {
    const char *dashes = word[1] ? "--" : "-", *near = word[1] ? near_flags(a, command, word) : NULL;
    if (near)
        return arena_print(a, "`vmrun %s` has no flag `%s%s`; did you mean %s?", command, dashes, word, near);
    return arena_print(a, "`vmrun %s` has no flag `%s%s`; `vmrun %s --help` lists them", command, dashes,
                       word, command);
}

static const char *keep_flag(arguments *out, arena *a, flag_id id, const char *value) {
    if (id == FLAG_set && (value[0] == '=' || !strchr(value, '=') || !strchr(value, '=')[1]))
        return arena_print(a, "`--set %s`: write `--set NAME=VALUE`, as `--set n=10`", value);
    push(a, &out->flags, (given_flag){id, value});
    return NULL;
}

/* One long flag with its value, `--name value` or `--name=value`; *i moves to the last word it takes. */
static const char *read_long(arguments *out, arena *a, int *i, int count, char **words) {
    const char *word = words[*i] + 2, *equals = strchr(word, '=');
    size_t length = equals ? (size_t)(equals - word) : strlen(word);
    const char *name = arena_copy(a, word, length), *value = equals ? equals + 1 : NULL;
    flag_id id = flag_named(out->command, word, length);
    option_id option = fits(out->command) ? option_find(name) : OPTION_count;
    if (id == FLAG_count && option == OPTION_count) return unknown_flag(a, out->command, name);
    bool takes = id == FLAG_count || FLAGS[id].value[0];
    if (!takes && value) return arena_print(a, "`--%s` takes no value", name);
    if (takes && !value) {
        if (*i + 1 >= count)
            return arena_print(a, "`--%s` needs a value: %s", name,
                               id == FLAG_count ? OPTIONS[option].example : FLAGS[id].value);
        value = words[++*i];
    }
    if (id != FLAG_count) return keep_flag(out, a, id, value ? value : "");
    const char *why = NULL;
    if (option_set(&out->options, option, value, a, &why)) return NULL;
    return arena_print(a, "`--%s %s`: %s", name, value, why);
}

const char *arguments_read(arguments *out, arena *a, const char *command, int count, char **words) {
    *out = (arguments){.command = command};
    options_default(&out->options);
    bool only_files = false;
    for (int i = 0; i < count; i++) {
        const char *word = words[i], *mistake = NULL;
        if (only_files || word[0] != '-' || !word[1]) {
            push(a, &out->files, word);
        } else if (strcmp(word, "--") == 0) {
            only_files = true;
        } else if (word[1] == '-') {
            mistake = read_long(out, a, &i, count, words);
        } else {
            flag_id id = flag_lettered(command, word[1]);
            bool takes = id != FLAG_count && FLAGS[id].value[0];
            if (id == FLAG_count || (!takes && word[2])) return unknown_flag(a, command, word + 1);
            if (takes && !word[2] && i + 1 >= count)
                return arena_print(a, "`-%c` needs a value: %s", word[1], FLAGS[id].value);
            mistake = keep_flag(out, a, id, !takes ? "" : word[2] ? word + 2 : words[++i]);
        }
        if (mistake) return mistake;
    }
    return NULL;
}

const char *arguments_flag(const arguments *of, flag_id id, uint32_t i) {
    for (uint32_t k = 0; k < of->flags.count; k++)
        if (of->flags.at[k].id == id && i-- == 0) return of->flags.at[k].value;
    return NULL;
}

bool arguments_whole(const arguments *of, flag_id id, uint64_t least, uint64_t most, uint64_t *value) {
    const char *given = arguments_flag(of, id, 0);
    double number;
    if (!given) return true;
    if (!number_parse(given, &number) || !(number >= (double)least && number <= (double)most) ||
        floor(number) != number)
        return false;
    *value = (uint64_t)number;
    return true;
}

void arguments_help(const char *command, FILE *to) {
    fprintf(to, "\nFlags:\n");
    for (int i = 0; i < FLAG_count; i++) {
        if (!lists(FLAGS[i].commands, command)) continue;
        char left[80];
        snprintf(left, sizeof left, "%s%s--%s %s", FLAGS[i].letter ? (char[]){'-', FLAGS[i].letter, 0} : "",
                 FLAGS[i].letter ? ", " : "", FLAGS[i].name, FLAGS[i].value);
        fprintf(to, "  %-28s %s\n", left, FLAGS[i].about);
    }
    if (!fits(command)) return;
    fprintf(to, "\nOptions of the fit, which a model sets by `fit { name = value }`:\n");
    for (int i = 0; i < OPTION_count; i++) {
        char left[80];
        snprintf(left, sizeof left, "--%s %s", OPTIONS[i].name, OPTIONS[i].example);
        fprintf(to, "  %-28s %s\n", left, OPTIONS[i].about);
    }
}
