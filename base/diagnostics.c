#include "base/diagnostics.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const CODES[] = {
#define DIAGNOSTIC(code, about) #code,
#include "base/diagnostics.def"
#undef DIAGNOSTIC
};

void diagnostics_open(diagnostics *d, arena *a) { *d = (diagnostics){.arena = a}; }

uint32_t diagnostics_source(diagnostics *d, const char *name, const char *text, size_t length, bool library) {
    push(d->arena, &d->sources, (source){name, text, (uint32_t)length, library});
    return d->sources.count - 1;
}

static const char *format_text(arena *a, const char *format, va_list list) {
    va_list again;
    va_copy(again, list);
    int length = vsnprintf(NULL, 0, format, list);
    char *text = arena_take(a, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

static diagnostic *add(diagnostics *d, diagnostic what, const char *format, va_list list) {
    d->errors += what.severity == SEVERITY_error;
    if (diagnostics_full(d)) return &d->forgotten;
    what.message = format_text(d->arena, format, list);
    push(d->arena, &d->list, what);
    return &d->list.at[d->list.count - 1];
}

diagnostic *diagnose(diagnostics *d, diagnostic_code code, span at, const char *format, ...) {
    va_list list;
    va_start(list, format);
    diagnostic *added = add(d, (diagnostic){.code = code, .at = at}, format, list);
    va_end(list);
    return added;
}

diagnostic *warn(diagnostics *d, diagnostic_code code, span at, const char *format, ...) {
    va_list list;
    va_start(list, format);
    diagnostic *added =
        add(d, (diagnostic){.code = code, .severity = SEVERITY_warning, .at = at}, format, list);
    va_end(list);
    return added;
}

diagnostic *diagnose_data(diagnostics *d, const char *file, uint32_t line, const char *format, ...) {
    va_list list;
    va_start(list, format);
    diagnostic what = {.code = DIAGNOSTIC_data, .at = NO_PLACE, .file = file, .line = line};
    diagnostic *added = add(d, what, format, list);
    va_end(list);
    return added;
}

void advise(diagnostics *d, diagnostic *of, const char *format, ...) {
    if (of == &d->forgotten) return;
    va_list list;
    va_start(list, format);
    of->help = format_text(d->arena, format, list);
    va_end(list);
}

const char *diagnostic_name(diagnostic_code code) { return CODES[code]; }

static bool starts_character(char c) { return ((unsigned char)c & 0xc0) != 0x80; }

/* Bytes of the character at p; 1 for a byte that begins none. The second byte keeps out overlong forms,
 * surrogates and what lies beyond U+10FFFF. */
static uint32_t character_length(const char *p, const char *end) {
    unsigned char first = (unsigned char)*p, second = end - p > 1 ? (unsigned char)p[1] : 0;
    if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
        (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f))
        return 1;
    uint32_t length = first < 0xc2 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 1;
    if (length > (size_t)(end - p)) return 1;
    for (uint32_t i = 1; i < length; i++)
        if (starts_character(p[i])) return 1;
    return length;
}

void source_place(const source *s, uint32_t byte, uint32_t *line, uint32_t *column) {
    *line = *column = 1;
    for (uint32_t i = 0; i < byte && i < s->length; i += character_length(s->text + i, s->text + s->length)) {
        if (s->text[i] == '\n') ++*line, *column = 1;
        else ++*column;
    }
}

/* The part of a line that is shown: all of it, or a window around the place. */
static void window(const source *s, uint32_t at, uint32_t *begin, uint32_t *end) {
    enum { WIDEST = 160, LEAD = 60, CHARACTER_LONGEST = 4 };
    *begin = *end = at;
    while (*begin > 0 && s->text[*begin - 1] != '\n') --*begin;
    while (*end < s->length && s->text[*end] != '\n') ++*end;
    if (*end > *begin && s->text[*end - 1] == '\r') --*end;
    if (at - *begin > WIDEST)
        for (*begin = at - LEAD; *begin < at && !starts_character(s->text[*begin]);) ++*begin;
    if (*end > *begin && *end - *begin > WIDEST)
        for (*end = *begin + WIDEST;
             *end > *begin + WIDEST - CHARACTER_LONGEST && !starts_character(s->text[*end]);)
            --*end;
}

/* One line of the source and carets below it. Bytes that are no text show as `?`. */
static const char *excerpt(diagnostics *d, const source *s, span at, uint32_t line) {
    uint32_t begin, end, lead = 0, carets = 0;
    window(s, at.start, &begin, &end);
    char *shown = arena_take(d->arena, end > begin ? end - begin + 1 : 1), *to = shown;
    for (uint32_t i = begin, length; i < end; i += length) {
        unsigned char c = (unsigned char)s->text[i];
        length = character_length(s->text + i, s->text + end);
        if (length > 1) memcpy(to, s->text + i, length), to += length;
        else *to++ = c < ' ' || c == 0x7f ? ' ' : c < 0x80 ? (char)c : '?';
        lead += i < at.start;
        carets += i >= at.start && i < at.end;
    }
    if (carets == 0) carets = 1;
    char *marks = arena_take(d->arena, carets + 1);
    memset(marks, '^', carets);
    return arena_print(d->arena, "%4u | %s\n     | %*s%s\n", line, shown, (int)lead, "", marks);
}

const char *diagnostic_text(diagnostics *d, const diagnostic *of) {
    const char *word = of->severity == SEVERITY_error ? "error" : "warning", *code = CODES[of->code];
    const char *help = of->help ? arena_print(d->arena, "help: %s\n", of->help) : "";
    if (of->at.source == SOURCE_NONE) {
        const char *place = "";
        if (of->file && of->line) place = arena_print(d->arena, "%s:%u: ", of->file, of->line);
        else if (of->file) place = arena_print(d->arena, "%s: ", of->file);
        return arena_print(d->arena, "%s%s[%s]: %s\n%s", place, word, code, of->message, help);
    }
    const source *s = &d->sources.at[of->at.source];
    uint32_t line, column;
    source_place(s, of->at.start, &line, &column);
    return arena_print(d->arena, "%s:%u:%u: %s[%s]: %s\n%s%s", s->name, line, column, word, code, of->message,
                       excerpt(d, s, of->at, line), help);
}
