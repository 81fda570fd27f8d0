/* The formatter moves blanks, and only blanks: tokens and comments stay, in order, and so do the ends of
 * lines, except that the statements of a block that is longer than a line have lines of their own.
 *
 *   between tokens   one blank around operators, none around `^`, inside brackets, before a comma
 *   a line           two blanks a block; where a statement goes on, the line stays under the token that it
 * was under, or as far to the right of its statement as it was columns          are the author's choice.
 * Lines whose `~` or `=` (or `:`, `from`, comments …) stood under each other in the text, without an empty
 * line between, keep them so; every other gap shrinks to its one blank.
 *
 * A column is placed at the largest place that one of its lines needs, plus what all of them had to spare.
 * What comes out has the columns that went in, hence formatting it once more changes nothing. */
#include "lang/format.h"

#include <stdlib.h>

#include "lang/grammar.h"
#include "lang/parser.h"

enum { INDENT = 2, GO_ON = 4, TAB = 8, BEFORE_COMMENT = 2 };

/* A token of the text. */
typedef struct word {
    uint16_t kind;
    bool fresh;      /* starts a statement */
    bool block;      /* the brace of a block */
    bool wide;       /* … whose end is in another line */
    bool unary;      /* a sign */
    bool context;    /* `truncated`, `above`, `key` … as what it means only there */
    uint16_t column; /* which of the columns of its line it may be in; 0: none */
    uint16_t opener; /* of the brace of a block: the word that its statement starts with */
    uint32_t start, end;
} word;

/* The kinds of columns; those of context words are their tokens' behind them. */
enum { COLUMN_none, COLUMN_colon, COLUMN_define, COLUMN_words };

typedef struct piece {
    const word *word;
    bool separated;  /* by a `;` from the one before */
    uint32_t blanks; /* that it needs before it */
    uint32_t spare;  /* more of them that it had */
    uint32_t was, at;
    uint32_t group; /* of those in its column; 0: alone */
} piece;

typedef struct line {
    uint32_t first, count; /* pieces */
    uint32_t depth, run;   /* lines that may share columns have the same run */
    uint32_t head;         /* where it goes on: the line in which its statement starts; else itself */
    uint32_t was, at;      /* its first column */
    const char *comment;   /* NULL: none; with its # */
    uint32_t comment_length, comment_was, comment_at, comment_spare;
    bool hanging; /* only a comment, below the one behind the line above */
    bool empty_before;
} line;

/* Things that stand under each other. */
typedef struct group {
    uint32_t needs, spare;
} group;

typedef struct formatter {
    arena *arena;
    const char *text;
    vector(word) words;
    vector(piece) pieces;
    vector(line) lines;
    vector(group) groups;
    uint32_t position, column;   /* in the text: the byte that is next, and its column in characters */
    vector(const word *) blocks; /* that are open */
    uint32_t run;
    bool pending_empty, pending_semicolon;
    bool open; /* the last line takes more pieces */
} formatter;

/* ---- words ---- */

static bool ends_value(const word *w) {
    return w->kind == TOKEN_NAME || w->kind == TOKEN_NUMBER || w->kind == TOKEN_STRING ||
           w->kind == TOKEN_QUESTION || w->kind == TOKEN_RPAREN || w->kind == TOKEN_RBRACKET ||
           (w->kind == TOKEN_RBRACE && !w->block) || (token_role(w->kind) == ROLE_context && !w->context);
}

/* A name behind a value is none: it is a word of the grammar. */
static bool is_context(const word *before, const word *w) {
    return token_role(w->kind) == ROLE_context && (ends_value(before) || before->context);
}

static bool is_sign(const word *before, const word *w) {
    return (w->kind == TOKEN_MINUS || w->kind == TOKEN_PLUS) && !ends_value(before);
}

/* What the grammar gets, without the ends of statements. */
static void read_words(formatter *f, parser *p) {
    static const word NOTHING = {.kind = TOKEN_END};
    vector(uint32_t) open = {0};
    bool fresh = true;
    uint16_t opener = 0;
    for (token t = reader_next(p); t.kind; t = reader_next(p)) {
        if (t.kind == TOKEN_END) {
            fresh = true;
            continue;
        }
        const word *before = f->words.count && !fresh ? &f->words.at[f->words.count - 1] : &NOTHING;
        word w = {.kind = t.kind, .fresh = fresh, .start = t.start, .end = t.end};
        w.context = is_context(before, &w);
        w.unary = is_sign(before, &w);
        w.block = t.kind == TOKEN_LBRACE && before->kind != TOKEN_EQ;
        if (fresh) opener = t.kind;
        w.opener = opener;
        fresh = w.block;
        if (token_role(t.kind) == ROLE_open) push(f->arena, &open, f->words.count);
        if (token_role(t.kind) == ROLE_close) {
            word *partner = &f->words.at[open.at[--open.count]];
            w.block = partner->block;
            partner->wide = w.wide =
                w.block && memchr(f->text + partner->end, '\n', t.start - partner->end) != NULL;
            fresh |= w.block;
        }
        push(f->arena, &f->words, w);
    }
}

/* The column that each word may be in: of a statement the first `:` before the first `~` or `=`, that one,
 * and words as `from`. */
static void find_columns(formatter *f) {
    uint32_t level = 0;
    bool named = false, defined = false;
    for (uint32_t i = 0; i < f->words.count; i++) {
        word *w = &f->words.at[i];
        if (w->fresh) level = 0, named = defined = false;
        if (token_role(w->kind) == ROLE_close && !w->block && level) level--;
        bool defines = w->kind == TOKEN_TILDE || w->kind == TOKEN_EQ;
        if (level == 0 && w->kind == TOKEN_COLON && !named && !defined)
            w->column = COLUMN_colon, named = true;
        if (level == 0 && defines && !defined) w->column = COLUMN_define, defined = true;
        if (level == 0 && w->context) w->column = (uint16_t)(COLUMN_words + w->kind);
        if (token_role(w->kind) == ROLE_open && !w->block) level++;
    }
}

/* ---- blanks between two words ---- */

static bool is_opening(const word *w) {
    role r = token_role(w->kind);
    return r == ROLE_operator || r == ROLE_reserved || r == ROLE_opening || r == ROLE_block || w->context;
}

static uint32_t blanks_between(const word *a, const word *b, bool in_option) {
    if (a->unary || a->kind == TOKEN_POWER || b->kind == TOKEN_POWER) return 0;
    if (a->block || b->block) return a->kind != TOKEN_LBRACE || b->kind != TOKEN_RBRACE;
    if (token_role(a->kind) == ROLE_open || token_role(b->kind) == ROLE_close) return 0;
    if (b->kind == TOKEN_COMMA) return 0;
    if (b->kind == TOKEN_COLON) return !in_option;
    if (b->kind == TOKEN_QUESTION) return !ends_value(a);
    if (b->kind == TOKEN_LPAREN || b->kind == TOKEN_LBRACKET)
        return is_opening(a) || a->kind == TOKEN_COLON || a->kind == TOKEN_COMMA;
    return 1;
}

/* ---- lines ---- */

static line *last_line(formatter *f) { return &f->lines.at[f->lines.count - 1]; }

static void end_line(formatter *f) {
    f->open = false;
    f->pending_semicolon = false;
}

static void begin_line(formatter *f, bool goes_on) {
    const line *above = f->lines.count ? last_line(f) : NULL;
    line l = {.first = f->pieces.count, .depth = f->blocks.count, .empty_before = f->pending_empty && above};
    if (!above || l.empty_before || above->depth != l.depth) f->run++;
    l.run = f->run;
    l.was = f->column;
    l.head = f->lines.count;
    if (goes_on && above) l.head = above->head;
    push(f->arena, &f->lines, l);
    f->pending_empty = false;
    f->open = true;
}

static void step(formatter *f) {
    unsigned char c = (unsigned char)f->text[f->position++];
    if (c == '\n') f->column = 0;
    else if (c == '\t') f->column += TAB - f->column % TAB;
    else f->column += (c & 0xc0) != 0x80;
}

/* Characters of a part of the text. */
static uint32_t width(const formatter *f, uint32_t start, uint32_t end) {
    uint32_t n = 0;
    for (uint32_t i = start; i < end; i++) n += ((unsigned char)f->text[i] & 0xc0) != 0x80;
    return n;
}

static void take_comment(formatter *f, uint32_t code_end, bool goes_on) {
    uint32_t start = f->position, column = f->column;
    while (f->text[f->position] && f->text[f->position] != '\n') step(f);
    uint32_t length = f->position - start;
    while (strchr(" \t\r\f\v", f->text[start + length - 1])) length--;
    const line *above = f->lines.count ? last_line(f) : NULL;
    bool alone = !f->open;
    bool hanging = alone && above && !f->pending_empty && above->comment && above->comment_was == column &&
                   (above->count || above->hanging);
    if (alone) begin_line(f, goes_on);
    line *l = last_line(f);
    l->was = alone ? column : l->was;
    l->hanging = hanging;
    l->comment = f->text + start;
    l->comment_length = length;
    l->comment_was = column;
    uint32_t gap = alone ? 0 : column - code_end;
    l->comment_spare = hanging ? UINT32_MAX : gap > BEFORE_COMMENT ? gap - BEFORE_COMMENT : 0;
    end_line(f);
}

/* What stands between two words: ends of lines, comments, semicolons. */
static void take_gap(formatter *f, uint32_t end, bool goes_on) {
    uint32_t code_end = f->column, ends = 0;
    while (f->position < end) {
        char c = f->text[f->position];
        if (c == '#') {
            take_comment(f, code_end, goes_on);
            ends = 0;
            continue;
        }
        if (c == ';') f->pending_semicolon = true;
        step(f);
        if (c != '\n') continue;
        f->pending_empty |= ++ends == 2;
        end_line(f);
    }
}

/* A statement that is not behind a `;`, nor the first of a block in one line, has a line of its own. */
static bool breaks_line(const formatter *f, const word *before, const word *w) {
    if (!f->open || !before) return true;
    if (w->kind == TOKEN_RBRACE && w->block) return w->wide;
    if (before->block && before->kind == TOKEN_LBRACE) return before->wide;
    return w->fresh && !f->pending_semicolon;
}

static void add_piece(formatter *f, const word *w, uint32_t blanks, uint32_t was) {
    const piece *before = last_line(f)->count ? &f->pieces.at[f->pieces.count - 1] : NULL;
    uint32_t gap = 0;
    if (before) gap = was - (before->was + width(f, before->word->start, before->word->end));
    bool together = before && was > before->was;
    piece p = {.word = w, .blanks = blanks, .was = was, .spare = together && gap > blanks ? gap - blanks : 0};
    push(f->arena, &f->pieces, p);
    last_line(f)->count++;
}

static void make_lines(formatter *f, uint32_t end) {
    const word *before = NULL;
    bool in_option = false;
    for (uint32_t i = 0; i < f->words.count; i++, before = &f->words.at[i - 1]) {
        const word *w = &f->words.at[i], *block = f->blocks.count ? f->blocks.at[f->blocks.count - 1] : NULL;
        bool opens = w->block && w->kind == TOKEN_LBRACE, closes = w->block && !opens, open = f->open;
        bool goes_on = !w->fresh && !closes, first = before && before->block && before->kind == TOKEN_LBRACE;
        take_gap(f, w->start, goes_on);
        if (opens && open && !f->open && !last_line(f)->comment) f->open = true, f->pending_empty = false;
        if (closes) f->blocks.count--;
        if ((closes || first) && !(f->lines.count && last_line(f)->comment && !last_line(f)->count))
            f->pending_empty = false;
        if (w->fresh) in_option = false;
        uint32_t blanks = before ? blanks_between(before, w, in_option) : 0;
        bool broken = breaks_line(f, before, w);
        bool separated = !broken && w->fresh && f->pending_semicolon;
        if (separated) blanks = block && !block->wide ? 1 : 2;
        uint32_t was = f->column;
        if (broken) begin_line(f, goes_on);
        add_piece(f, w, broken ? 0 : blanks, was);
        f->pieces.at[f->pieces.count - 1].separated = separated;
        f->pending_semicolon = false;
        if (w->kind == TOKEN_EQ && block && block->opener == TOKEN_FIT) in_option = true;
        if (opens) push(f->arena, &f->blocks, w);
        while (f->position < w->end) step(f);
    }
    take_gap(f, end, false);
}

/* ---- columns ---- */

/* What may share a column: a piece of a line. */
typedef struct candidate {
    uint32_t run, was;
    uint16_t column;
    uint32_t piece;
} candidate;

static int compare_candidates(const void *a, const void *b) {
    const candidate *x = a, *y = b;
    if (x->run != y->run) return x->run < y->run ? -1 : 1;
    if (x->column != y->column) return x->column < y->column ? -1 : 1;
    if (x->was != y->was) return x->was < y->was ? -1 : 1;
    return (x->piece > y->piece) - (x->piece < y->piece);
}

static bool share_column(const candidate *a, const candidate *b) {
    return a->run == b->run && a->column == b->column && a->was == b->was;
}

/* Only the first statement of a line takes part, and no line that goes on with one. */
static void find_groups(formatter *f) {
    vector(candidate) all = {0};
    for (uint32_t i = 0; i < f->lines.count; i++) {
        const line *l = &f->lines.at[i];
        for (uint32_t k = 1; k < l->count && l->head == i && !f->pieces.at[l->first + k].separated; k++) {
            const piece *p = &f->pieces.at[l->first + k];
            if (p->word->column)
                push(f->arena, &all, (candidate){l->run, p->was, p->word->column, l->first + k});
        }
    }
    if (all.count) qsort(all.at, all.count, sizeof *all.at, compare_candidates);
    push(f->arena, &f->groups, (group){0});
    for (uint32_t i = 0, n; i < all.count; i += n) {
        for (n = 1; i + n < all.count && share_column(&all.at[i], &all.at[i + n]);) n++;
        if (n == 1) continue;
        group g = {.spare = UINT32_MAX};
        for (uint32_t k = i; k < i + n; k++) {
            piece *p = &f->pieces.at[all.at[k].piece];
            p->group = f->groups.count;
            if (p->spare < g.spare) g.spare = p->spare;
        }
        push(f->arena, &f->groups, g);
    }
}

/* Places the pieces of a line from `at` on; true where that moved a column. */
static bool place_pieces(formatter *f, line *l, uint32_t at) {
    bool moved = false;
    l->at = at;
    for (uint32_t k = 0; k < l->count; k++) {
        piece *p = &f->pieces.at[l->first + k];
        group *g = &f->groups.at[p->group];
        at += p->separated + p->blanks;
        if (p->group && at > g->needs) g->needs = at, moved = true;
        if (p->group && g->needs + g->spare > at) at = g->needs + g->spare;
        p->at = at;
        at += width(f, p->word->start, p->word->end);
    }
    l->comment_at = at + BEFORE_COMMENT;
    return moved;
}

/* Columns only move to the right, and no farther than the widest of their lines, so this ends. */
static void place_statements(formatter *f) {
    for (bool moved = true; moved;) {
        moved = false;
        for (uint32_t i = 0; i < f->lines.count; i++)
            if (f->lines.at[i].head == i)
                moved |= place_pieces(f, &f->lines.at[i], INDENT * f->lines.at[i].depth);
    }
}

/* Where a line goes that goes on with a statement: see the top. */
static uint32_t place_going_on(const formatter *f, uint32_t i) {
    const line *l = &f->lines.at[i], *head = &f->lines.at[l->head];
    for (uint32_t above = i; above-- > l->head;) {
        const line *other = &f->lines.at[above];
        for (uint32_t k = above == l->head; k < other->count; k++)
            if (f->pieces.at[other->first + k].was == l->was) return f->pieces.at[other->first + k].at;
    }
    return head->at + (l->was > head->was ? l->was - head->was : GO_ON);
}

static void place_comments(formatter *f) {
    for (uint32_t i = 0, n; i < f->lines.count; i += n) {
        uint32_t needs = 0, spare = UINT32_MAX;
        const line *start = &f->lines.at[i];
        n = 1;
        if (!start->comment || (!start->count && !start->hanging)) continue;
        for (n = 0; i + n < f->lines.count; n++) {
            const line *l = &f->lines.at[i + n];
            bool here = l->comment && (l->count || l->hanging) && l->comment_was == start->comment_was;
            if (!here || (n && l->empty_before)) break;
            if (l->count && l->comment_at > needs) needs = l->comment_at;
            if (l->comment_spare < spare) spare = l->comment_spare;
        }
        for (uint32_t k = i; k < i + n; k++) f->lines.at[k].comment_at = needs + spare;
    }
}

static void place(formatter *f) {
    find_groups(f);
    place_statements(f);
    for (uint32_t i = 0; i < f->lines.count; i++)
        if (f->lines.at[i].head != i) place_pieces(f, &f->lines.at[i], place_going_on(f, i));
    place_comments(f);
}

/* ---- the text ---- */

typedef vector(char) characters;

static void put(formatter *f, characters *out, const char *p, size_t length) {
    for (size_t i = 0; i < length; i++) push(f->arena, out, p[i]);
}

/* Blanks up to a column; `at` is where the text has come to. */
static void put_blanks(formatter *f, characters *out, uint32_t *at, uint32_t column) {
    for (; *at < column; ++*at) push(f->arena, out, ' ');
}

static void put_line(formatter *f, characters *out, const line *l) {
    uint32_t at = 0;
    if (l->empty_before) push(f->arena, out, '\n');
    for (uint32_t k = 0; k < l->count; k++) {
        const piece *p = &f->pieces.at[l->first + k];
        if (p->separated) {
            push(f->arena, out, ';');
            at++;
        }
        put_blanks(f, out, &at, p->at);
        put(f, out, f->text + p->word->start, p->word->end - p->word->start);
        at += width(f, p->word->start, p->word->end);
    }
    if (l->comment) {
        put_blanks(f, out, &at, l->count || l->hanging ? l->comment_at : l->at);
        put(f, out, l->comment, l->comment_length);
    }
    push(f->arena, out, '\n');
}

const char *format_source(diagnostics *d, names *n, uint32_t number, size_t *length) {
    uint32_t errors = d->errors;
    syntax_parse(d, n, number);
    if (d->errors != errors) return NULL;
    parser *p = arena_new(d->arena, parser);
    reader_open(p, d, n, number);
    formatter f = {.arena = d->arena, .text = p->text};
    read_words(&f, p);
    find_columns(&f);
    make_lines(&f, d->sources.at[number].length);
    place(&f);
    characters out = {0};
    for (uint32_t i = 0; i < f.lines.count; i++) put_line(&f, &out, &f.lines.at[i]);
    *length = out.count;
    push(f.arena, &out, 0);
    return out.at;
}
