/* Changes to a text that keep most of it a program, which changes to bytes do not: what is moved, doubled,
 * dropped or taken from another text are tokens and runs of tokens, and names take each other's places. Runs
 * start and end anywhere, so that brackets lose their partners too, though runs of whole lines are the most
 * frequent.
 *
 * It is a custom mutator of AFL++, and what replay.c does to the seeds. */
#include "tests/fuzz/mutate.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { TOKENS_MOST = 4096, CHANGES_MOST = 6 };

typedef struct piece {
    const char *at;
    size_t length;
} piece;

typedef struct pieces {
    piece at[TOKENS_MOST];
    size_t count;
} pieces;

typedef struct mutator {
    uint64_t state;
    pieces text, other;
    char *out;
    size_t room;
} mutator;

static uint64_t below(mutator *m, uint64_t n) {
    m->state += 0x9e3779b97f4a7c15u; /* SplitMix64, Steele, Lea and Flood 2014 */
    uint64_t z = m->state;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return n ? (z ^ z >> 31) % n : 0;
}

static bool in_word(char c) {
    return isalnum((unsigned char)c) || c == '_' || c == '.' || c == '\'' || c < 0;
}

static size_t token_length(const char *p, size_t left) {
    size_t n = 1;
    if (in_word(*p))
        while (n < left && in_word(p[n])) n++;
    else if (*p == ' ')
        while (n < left && p[n] == ' ') n++;
    else if (*p == '#')
        while (n < left && p[n] != '\n') n++;
    return n;
}

static void cut(pieces *to, const char *text, size_t length) {
    to->count = 0;
    for (size_t i = 0, n; i < length && to->count < TOKENS_MOST; i += n) {
        n = token_length(text + i, length - i);
        to->at[to->count++] = (piece){text + i, n};
    }
}

typedef struct run {
    size_t from, to;
} run;

/* A run of lines, or of a few tokens. */
static run choose(mutator *m, const pieces *t) {
    size_t from = below(m, t->count), to = from;
    if (below(m, 2)) {
        while (from > 0 && *t->at[from - 1].at != '\n') from--;
        for (uint64_t lines = 1 + below(m, 3); to < t->count && lines; to++) lines -= *t->at[to].at == '\n';
    } else {
        to += 1 + below(m, 5);
    }
    return (run){from, to < t->count ? to : t->count};
}

/* Puts a run of `with`, which may be the text itself, in place of the run [from, to). */
static void splice(pieces *t, run out, const pieces *with, run in) {
    static pieces made;
    made.count = 0;
    for (size_t i = 0; i < out.from; i++) made.at[made.count++] = t->at[i];
    for (size_t i = in.from; i < in.to && made.count < TOKENS_MOST; i++) made.at[made.count++] = with->at[i];
    for (size_t i = out.to; i < t->count && made.count < TOKENS_MOST; i++) made.at[made.count++] = t->at[i];
    *t = made;
}

static size_t find_word(mutator *m, const pieces *t) {
    size_t i = below(m, t->count);
    for (size_t tries = 0; tries < t->count && !in_word(*t->at[i].at); tries++) i = (i + 1) % t->count;
    return i;
}

static void swap(mutator *m, pieces *t) {
    size_t i = find_word(m, t), k = find_word(m, t);
    piece p = t->at[i];
    t->at[i] = t->at[k];
    t->at[k] = p;
}

static void change(mutator *m) {
    static const char *const SPECIAL[] = {
        "0", "1",  "-1", "1e308", "1e-320", "inf",    "last",  "(",    ")", "[", "]",    "{",
        "}", "\n", ",",  "~",     "=",      "?",      "+",     "-",    "*", "/", "^",    "==",
        ";", ":",  "->", "if ",   " then ", " else ", " and ", "not ", ".", "'", "real", "1e999"};
    pieces *t = &m->text;
    const pieces *o = m->other.count ? &m->other : t;
    run here = choose(m, t), there = choose(m, o);
    run empty = {here.from, here.from};
    size_t word = find_word(m, t);
    switch (below(m, 8)) {
    case 0: splice(t, here, o, (run){0, 0}); break;      /* a run is dropped */
    case 1: splice(t, empty, o, there); break;           /* a run is taken in */
    case 2: splice(t, here, o, there); break;            /* … in place of another */
    case 3: splice(t, empty, t, choose(m, t)); break;    /* a run is doubled */
    case 4: swap(m, t); break;                           /* two names change places */
    case 5: t->at[word] = t->at[find_word(m, t)]; break; /* a name becomes another */
    case 6: t->at[word] = o->at[find_word(m, o)]; break; /* … one of the other text */
    case 7: {
        const char *s = SPECIAL[below(m, sizeof SPECIAL / sizeof *SPECIAL)];
        t->at[below(m, t->count)] = (piece){s, strlen(s)};
    }
    }
}

size_t mutate(mutator *m, const char *text, size_t length, const char *other, size_t other_length,
              const char **to, size_t most) {
    cut(&m->text, text, length);
    cut(&m->other, other, other_length);
    for (uint64_t n = 1 + below(m, CHANGES_MOST); n-- > 0 && m->text.count;) change(m);
    size_t size = 0;
    for (size_t i = 0; i < m->text.count; i++) {
        piece p = m->text.at[i];
        if (size + p.length > most) break;
        if (size + p.length > m->room) m->out = realloc(m->out, m->room = 2 * (size + p.length));
        memcpy(m->out + size, p.at, p.length);
        size += p.length;
    }
    *to = m->out ? m->out : "";
    return size;
}

mutator *mutator_new(uint64_t seed) {
    mutator *m = calloc(1, sizeof *m);
    m->state = seed;
    return m;
}

void mutator_free(mutator *m) {
    free(m->out);
    free(m);
}

/* ---- AFL++'s names for it ---- */

void *afl_custom_init(void *afl, unsigned seed) { return mutator_new(seed); }
void afl_custom_deinit(void *m) { mutator_free(m); }
size_t afl_custom_fuzz(void *m, unsigned char *text, size_t length, unsigned char **to, unsigned char *other,
                       size_t other_length, size_t most) {
    return mutate(m, (const char *)text, length, (const char *)other, other ? other_length : 0,
                  (const char **)to, most);
}
