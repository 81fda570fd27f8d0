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
    what.message = format_text(d->arena, format, list);
    push(d->arena, &d->list, what);
    d->errors++;
    return &d->list.at[d->list.count - 1];
}

diagnostic *diagnose(diagnostics *d, diagnostic_code code, span at, const char *format, ...) {
    va_list list;
    va_start(list, format);
    diagnostic *added = add(d, (diagnostic){.code = code, .at = at}, format, list);
    va_end(list);
    return added;
}

diagnostic *diagnose_data(diagnostics *d, const char *file, uint32_t line, const char *format, ...) {
    va_list list;
    va_start(list, format);
    diagnostic what = {.code = DIAGNOSTIC_data, .at = {.source = SOURCE_NONE}, .file = file, .line = line};
    diagnostic *added = add(d, what, format, list);
    va_end(list);
    return added;
}

void advise(diagnostics *d, diagnostic *of, const char *format, ...) {
    va_list list;
    va_start(list, format);
    of->help = format_text(d->arena, format, list);
    va_end(list);
}

const char *diagnostic_name(diagnostic_code code) { return CODES[code]; }

static bool starts_character(char c) { return ((unsigned char)c & 0xc0) != 0x80; }

void source_place(const source *s, uint32_t byte, uint32_t *line, uint32_t *column) {
    *line = *column = 1;
    for (uint32_t i = 0; i < byte && i < s->length; i++) {
        if (s->text[i] == '\n') ++*line, *column = 1;
        else *column += i + 1 == byte || starts_character(s->text[i + 1]);
    }
}

/* One line of the source, cut to a window around the span when it is very long, and carets below it. */
static const char *excerpt(diagnostics *d, const source *s, span at, uint32_t line) {
    enum { WIDEST = 160, LEAD = 60 };
    uint32_t begin = at.start, end = at.start;
    while (begin > 0 && s->text[begin - 1] != '\n') begin--;
    while (end < s->length && s->text[end] != '\n') end++;
    if (end > begin && s->text[end - 1] == '\r') end--;
    if (at.start - begin > WIDEST) {
        begin = at.start - LEAD;
        while (!starts_character(s->text[begin])) begin++;
    }
    if (end - begin > WIDEST) {
        end = begin + WIDEST;
        while (!starts_character(s->text[end])) end--;
    }
    uint32_t last = at.end < end ? at.end : end, carets = 0, lead = 0;
    for (uint32_t i = begin; i < at.start && i < end; i++) lead += starts_character(s->text[i]);
    for (uint32_t i = at.start; i < last; i++) carets += starts_character(s->text[i]);
    char *shown = arena_copy(d->arena, s->text + begin, end - begin);
    for (char *c = shown; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f) *c = ' ';
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
