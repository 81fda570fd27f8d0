/* The reader: from raw tokens to those of the grammar. It alone knows of lines. A statement ends at its
 * line's end, at a
 * `;`, before the `}` of its block and behind the `}` of its own; a line goes on after an operator, a comma,
 * a reserved word, and within ( [ and the braces of labels. In exchange the grammar gets tokens whose
 * brackets always match: a bracket that is not closed is told here, at its opening, and what was open is
 * closed.
 *
 * A bracket lacks its partner when a new line begins with a value though the last one ended with a value,
 * because within brackets an operator or a comma must stand between the two. */
#include "lang/syntax.h"

#include "lang/grammar.h"
#include "lang/parser.h"

/* ---- Tokens ---- */

static const struct {
    uint16_t kind;
    uint8_t role, length;
    const char *text;
} TOKENS[] = {
#define TOKEN(kind, text, role) {TOKEN_##kind, ROLE_##role, sizeof(text) - 1, text},
#include "lang/tokens.def"
#undef TOKEN
};

enum {
#define TOKEN(kind, text, role) ROW_##kind,
#include "lang/tokens.def"
#undef TOKEN
    TOKENS_COUNT
};

/* By kind, as the generated lang/grammar.h numbers them. */
static const uint8_t ROWS[] = {
#define TOKEN(kind, text, role) [TOKEN_##kind] = ROW_##kind,
#include "lang/tokens.def"
#undef TOKEN
};

const char *token_text(uint32_t kind) { return TOKENS[ROWS[kind]].text; }
role token_role(uint32_t kind) { return kind ? TOKENS[ROWS[kind]].role : ROLE_mark; }
uint16_t token_listed(uint32_t i) { return i < TOKENS_COUNT ? TOKENS[i].kind : 0; }

uint16_t token_word(const char *p, size_t length) {
    for (uint32_t i = ROW_IF; i < TOKENS_COUNT; i++)
        if (TOKENS[i].length == length && TOKENS[i].text[0] == p[0] && memcmp(TOKENS[i].text, p, length) == 0)
            return TOKENS[i].kind;
    return TOKEN_NAME;
}

/* ---- Brackets ---- */

const bracket *reader_bracket(const parser *p) {
    const bracket *top = p->depth ? &p->open[p->depth - 1] : NULL;
    return top && !top->block ? top : NULL;
}

uint16_t reader_block(const parser *p) {
    for (uint32_t i = p->depth; i-- > 0;)
        if (p->open[i].block) return p->open[i].block;
    return 0;
}

static void open_bracket(parser *p, token t) {
    if (p->depth == SYNTAX_DEEPEST) {
        mistake_deep(p, tree_span(p, t.start, t.end));
        p->stop = true;
        return;
    }
    bool labels = t.kind == TOKEN_LBRACE && p->last.kind == TOKEN_EQ;
    uint16_t block = t.kind == TOKEN_LBRACE && !labels ? p->start.kind : 0;
    p->open[p->depth++] = (bracket){t, block};
}

static uint16_t partner(uint16_t kind) {
    return kind == TOKEN_LPAREN ? TOKEN_RPAREN : kind == TOKEN_LBRACKET ? TOKEN_RBRACKET : TOKEN_RBRACE;
}

/* Takes the bracket away that `t` closes. Where the innermost one is of another kind, that is told, and those
 * up to the one that fits go with it. */
static void close_bracket(parser *p, token t) {
    const bracket *top = p->depth ? &p->open[p->depth - 1] : NULL;
    if (!top || (top->block && t.kind != TOKEN_RBRACE)) {
        mistake_close(p, t, NULL);
        return;
    }
    if (partner(top->at.kind) != t.kind) mistake_close(p, t, top);
    uint32_t fits = p->depth;
    while (fits > 0 && !p->open[fits - 1].block && partner(p->open[fits - 1].at.kind) != t.kind) fits--;
    bool found = fits > 0 && partner(p->open[fits - 1].at.kind) == t.kind;
    p->depth = found ? fits - 1 : p->depth - 1;
}

/* ---- Lines ---- */

static bool goes_on_after(uint32_t kind) {
    role r = token_role(kind);
    return r == ROLE_operator || r == ROLE_reserved;
}

static bool ends_value(uint32_t kind) {
    return token_role(kind) == ROLE_value || kind == TOKEN_RPAREN || kind == TOKEN_RBRACKET;
}

static bool starts_value(uint32_t kind) {
    role r = token_role(kind);
    return r == ROLE_value || r >= ROLE_block || kind == TOKEN_IF || kind == TOKEN_NOT;
}

static bool opens_block(const parser *p) {
    return token_role(p->ahead[0].kind) == ROLE_block && p->ahead[1].kind == TOKEN_LBRACE;
}

/* A line that can only be the beginning of an item: `data y`, `model {`. */
static bool begins_item(const parser *p) {
    bool declares =
        token_role(p->ahead[0].kind) == ROLE_opening && token_role(p->ahead[1].kind) == ROLE_value;
    return p->ahead[0].first && (declares || opens_block(p));
}

/* Whether the next token shows that the innermost bracket lacks its partner. */
static bool breaks_bracket(const parser *p, const bracket *open) {
    token t = p->ahead[0];
    if (t.kind == 0 || t.kind == TOKEN_SEMICOLON) return true;
    if (t.kind == TOKEN_RBRACE) return open->at.kind != TOKEN_LBRACE;
    if (t.kind == TOKEN_TILDE) return memchr(p->text + open->at.end, '\n', t.start - open->at.end) != NULL;
    if (!t.first) return false;
    return (ends_value(p->current.kind) && starts_value(t.kind)) || begins_item(p);
}

static bool ends_statement(const parser *p) {
    token t = p->ahead[0];
    if (t.kind == 0 || t.kind == TOKEN_SEMICOLON || t.kind == TOKEN_RBRACE) return true;
    bool block_closed =
        p->current.kind == TOKEN_RBRACE && (p->last.kind == TOKEN_END || p->last.kind == TOKEN_LBRACE);
    if (block_closed) return true;
    return t.first && t.kind != TOKEN_LBRACE && (!goes_on_after(p->current.kind) || begins_item(p));
}

/* ---- Words ---- */

/* A word that opens an item does so at the start of a statement, unless what follows shows a name. */
static bool is_opening(const parser *p, token t) {
    if (!p->fresh) return false;
    switch (p->ahead[0].kind) {
    case TOKEN_EQ:
    case TOKEN_TILDE:
    case TOKEN_COMMA: return false;
    case TOKEN_COLON: return token_role(t.kind) == ROLE_block;
    case TOKEN_LBRACKET: return t.kind == TOKEN_RETURN || t.kind == TOKEN_FACTOR;
    default: return true;
    }
}

static uint16_t kind_of(const parser *p, token t) {
    role r = token_role(t.kind);
    if (r == ROLE_block || r == ROLE_opening) return is_opening(p, t) ? t.kind : TOKEN_NAME;
    if (t.kind == TOKEN_FROM) {
        role next = token_role(p->ahead[0].kind);
        bool file = !p->fresh && (next == ROLE_value || next >= ROLE_block);
        return file && p->ahead[0].kind != TOKEN_QUESTION ? t.kind : TOKEN_NAME;
    }
    return t.kind;
}

/* ---- Delivery ---- */

static token deliver(parser *p, token t) {
    if (p->fresh) {
        p->start = t;
        p->statement_depth = p->depth;
        p->head = true;
        p->carried.kind = 0;
    } else if (t.first && !reader_bracket(p)) {
        p->carried = p->current;
    }
    bool defines = p->current.kind == TOKEN_TILDE || p->current.kind == TOKEN_EQ;
    if (defines && p->depth == p->statement_depth) p->head = false;
    bool labels = t.kind == TOKEN_LBRACE && p->current.kind == TOKEN_EQ;
    p->fresh = t.kind == TOKEN_END || (t.kind == TOKEN_LBRACE && !labels);
    p->before = p->last;
    p->last = p->current;
    p->current = t;
    return t;
}

/* A token that the text lacks, behind the current one. */
static token supply(parser *p, uint16_t kind) {
    return deliver(p, (token){.kind = kind, .start = p->current.end, .end = p->current.end});
}

static token supply_brace(parser *p) {
    mistake_open_block(p, &p->open[p->depth - 1], p->ahead[0]);
    p->depth--;
    return supply(p, TOKEN_RBRACE);
}

static token advance(parser *p) {
    token t = p->ahead[0];
    p->ahead[0] = p->ahead[1];
    p->ahead[1] = lex_next(&p->lexer);
    return t;
}

static void close_to_block(parser *p) {
    while (reader_bracket(p)) p->depth--;
}

/* The next token of the text as the grammar gets it. */
static token take(parser *p) {
    token t = advance(p);
    t.kind = kind_of(p, t);
    if (token_role(t.kind) == ROLE_close) close_bracket(p, t);
    token given = deliver(p, t);
    if (token_role(t.kind) == ROLE_open) open_bracket(p, t);
    return given;
}

token reader_next(parser *p) {
    for (;;) {
        const bracket *open = reader_bracket(p);
        if (open && breaks_bracket(p, open)) {
            mistake_open_bracket(p, open);
            close_to_block(p);
            if (p->ahead[0].kind != TOKEN_TILDE) return supply(p, TOKEN_END);
        }
        uint32_t kind = p->ahead[0].kind;
        if (!open && !p->fresh && ends_statement(p)) return supply(p, TOKEN_END);
        if (kind == 0) return p->depth ? supply_brace(p) : deliver(p, p->ahead[0]);
        if (p->fresh && p->depth && opens_block(p)) return supply_brace(p);
        bool stray = kind == TOKEN_RBRACE && !p->depth;
        if (kind != TOKEN_SEMICOLON && !stray) return take(p);
        token t = advance(p);
        if (stray && !p->lost) mistake_close(p, t, NULL);
        p->quiet = false;
    }
}

/* ---- The entry ---- */

void reader_open(parser *p, diagnostics *d, names *n, uint32_t number) {
    const char *text = d->sources.at[number].text;
    *p = (parser){.diagnostics = d,
                  .arena = d->arena,
                  .lexer = {d->arena, n, text, (const unsigned char *)text},
                  .text = text,
                  .source = number,
                  .fresh = true};
    p->ahead[0] = lex_next(&p->lexer);
    p->ahead[1] = lex_next(&p->lexer);
}

syntax syntax_parse(diagnostics *d, names *n, uint32_t number) {
    const source *s = &d->sources.at[number];
    parser *p = arena_new(d->arena, parser);
    *p = (parser){.diagnostics = d, .arena = d->arena, .text = s->text, .source = number};
    uint32_t valid = lex_valid(s->text);
    if (valid < s->length) {
        bool null = s->text[valid] == 0;
        mistake(p, tree_span(p, valid, valid + 1),
                arena_print(d->arena, "byte 0x%02x is not UTF-8 text", (unsigned char)s->text[valid]),
                null ? "is this a program? A text has no zero bytes" : "save the file in the encoding UTF-8");
        return (syntax){.source = number};
    }
    reader_open(p, d, n, number);
    grammar_run(p);
    return (syntax){tree_items(p, &p->items), number};
}
