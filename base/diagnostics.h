/* The list of a user's mistakes. A phase reports into it and goes on; several can be found in one run. The
 * list keeps the first DIAGNOSTICS_MOST, for who has made so many reads no more; the others are counted. Each
 * has a code, a place, a message and a line of help that says what to write instead. */
#ifndef VM_BASE_DIAGNOSTICS_H
#define VM_BASE_DIAGNOSTICS_H

#include <stdbool.h>
#include "base/arena.h"
#include "base/vector.h"

typedef enum diagnostic_code {
#define DIAGNOSTIC(code, about) DIAGNOSTIC_##code,
#include "base/diagnostics.def"
#undef DIAGNOSTIC
    DIAGNOSTIC_count
} diagnostic_code;

typedef enum severity { SEVERITY_error, SEVERITY_warning } severity;

/* Bytes [start, end) of a source. */
typedef struct span {
    uint32_t source, start, end;
} span;

enum { SOURCE_NONE = 0xffffffff }; /* a place that is in no program text */
#define NO_PLACE ((span){SOURCE_NONE, 0, 0})

typedef struct source {
    const char *name; /* as the user gave it */
    const char *text; /* NUL behind it */
    uint32_t length;
    bool library; /* of the standard library: a message about it is told at the user's call */
} source;

typedef struct diagnostic {
    diagnostic_code code;
    severity severity;
    span at;
    const char *file; /* where `at.source` is SOURCE_NONE: a data file, or NULL */
    uint32_t line;    /* … and its line, from 1; 0 where there is none */
    const char *message;
    const char *help; /* one or several lines; NULL only until advise() */
} diagnostic;

enum { DIAGNOSTICS_MOST = 50 };

typedef struct diagnostics {
    arena *arena;
    vector(source) sources;
    vector(diagnostic) list;
    uint32_t errors;      /* those that are not in the list too; warnings are none */
    diagnostic forgotten; /* stands for one of them */
} diagnostics;

static inline bool diagnostics_full(const diagnostics *d) { return d->list.count >= DIAGNOSTICS_MOST; }
void diagnostics_open(diagnostics *d, arena *a);
uint32_t diagnostics_source(diagnostics *d, const char *name, const char *text, size_t length, bool library);

/* Adds a message; the result is for advise() and valid until the next one is added. */
diagnostic *diagnose(diagnostics *d, diagnostic_code code, span at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
diagnostic *diagnose_data(diagnostics *d, const char *file, uint32_t line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* What is legal and probably not meant: no error, and no reason to stop. */
diagnostic *warn(diagnostics *d, diagnostic_code code, span at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Gives the message its help. */
void advise(diagnostics *d, diagnostic *of, const char *format, ...) __attribute__((format(printf, 3, 4)));

const char *diagnostic_name(diagnostic_code code);
/* Line and column, from 1, of a byte; columns count characters, not bytes. */
void source_place(const source *s, uint32_t byte, uint32_t *line, uint32_t *column);
/* The message as people read it: place, code, text, the line of the source with carets, help. In the arena.
 */
const char *diagnostic_text(diagnostics *d, const diagnostic *of);

#endif
