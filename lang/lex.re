/* Text to raw tokens. Blanks and comments are skipped and a token says whether it is the first on its line; what
 * a newline means is the reader's business (syntax.c). The text is valid UTF-8 (lex_valid) with a NUL behind it,
 * which no rule crosses, so none reads past the end. */
#include "lang/parser.h"

#include <math.h>
#include <stdlib.h>

#include "lang/grammar.h"

/*!re2c
    re2c:encoding:utf8 = 1;
    re2c:define:YYCTYPE = "unsigned char";
    re2c:yyfill:enable = 0;

    digit     = [0-9];
    /* Letters of any script: U+0080… without punctuation, arrows, mathematical and pictorial signs. */
    letter    = [a-zA-Z_] | [\u00aa\u00b5\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02db\u02dd-\u1fff\u2080-\u218f]
              | [\u2c00-\u2dff\u3040-\ud7ff\uf900-\ufeef\U00010000-\U0001efff\U00020000-\U0010ffff];
    part      = letter (letter | digit)* "'"*;
    name      = part ("." part)*;
    number    = (digit+ ("." digit+)? | "." digit+) ([eE] [+\-]? digit+)?;
    run       = (letter | digit | ".")*;
    character = [\x01-\ud7ff\ue000-\U0010ffff];
*/

uint32_t lex_valid(const char *text) {
    const unsigned char *YYCURSOR = (const unsigned char *)text, *YYMARKER, *start;
    for (;;) {
        start = YYCURSOR;
        /*!re2c
            character+ { continue; }
            *          { return (uint32_t)(start - (const unsigned char *)text); }
        */
    }
}

/* The value of a number. Its digits go to strtod without their point, 3.14e2 as 314e0, because the point that
 * strtod knows depends on the locale of the host. */
static double number_value(lexer *l, const unsigned char *p, const unsigned char *end) {
    enum { SHORT = 64, EXPONENT_ROOM = 24, EXPONENT_LARGEST = 1000000000 };
    char room[SHORT], *digits = room;
    size_t length = (size_t)(end - p);
    if (length + EXPONENT_ROOM > SHORT) digits = arena_take(l->arena, length + EXPONENT_ROOM);
    size_t count = 0;
    long long fraction = 0, exponent = 0;
    bool behind = false;
    for (; p < end && *p != 'e' && *p != 'E'; p++) {
        if (*p == '.') {
            behind = true;
        } else {
            digits[count++] = (char)*p;
            fraction += behind;
        }
    }
    if (p < end) {
        bool negative = *++p == '-';
        p += negative || *p == '+';
        for (; p < end; p++)
            if (exponent < EXPONENT_LARGEST) exponent = exponent * 10 + (*p - '0');
        if (negative) exponent = -exponent;
    }
    snprintf(digits + count, EXPONENT_ROOM, "e%lld", exponent - fraction);
    return strtod(digits, NULL);
}

/* The name of a file without its quotes and escapes; NULL where an escape is wrong. */
static const char *string_value(lexer *l, const unsigned char *p, const unsigned char *end) {
    char *value = arena_take(l->arena, (size_t)(end - p) - 1), *to = value;
    for (p++, end--; p < end; p++) {
        if (*p == '\\' && *++p != '"' && *p != '\\') return NULL;
        *to++ = (char)*p;
    }
    return value;
}

/* In bytes; so that messages, which repeat them, have an end. */
enum { NAME_LONGEST = 200, PATH_LONGEST = 4096 };

token lex_next(lexer *l) {
    const unsigned char *YYCURSOR = l->cursor, *YYMARKER, *text = (const unsigned char *)l->text, *start;
    token t = {.first = YYCURSOR == text};
skip:
    start = YYCURSOR;
#define FOUND(what)                                                                                          \
    do {                                                                                                     \
        t.kind = TOKEN_##what;                                                                               \
        goto found;                                                                                          \
    } while (0)
#define MISTAKEN(what)                                                                                       \
    do {                                                                                                     \
        t.kind = TOKEN_WRONG;                                                                                \
        t.mistake = MISTAKE_##what;                                                                          \
        goto found;                                                                                          \
    } while (0)
    /*!re2c
        [ \t\r\f\v\u00a0\ufeff]+  { goto skip; }
        "\n"                      { t.first = true; goto skip; }
        "#" [^\n\x00]*            { goto skip; }
        "\x00"                    { YYCURSOR = start; goto found; }

        name {
            if (YYCURSOR - start > NAME_LONGEST) MISTAKEN(long_name);
            t.kind = token_word((const char *)start, (size_t)(YYCURSOR - start));
            t.name = names_add(l->names, (const char *)start, (size_t)(YYCURSOR - start));
            goto found;
        }
        number {
            t.kind = TOKEN_NUMBER;
            t.number = number_value(l, start, YYCURSOR);
            if (!isfinite(t.number)) MISTAKEN(large_number);
            goto found;
        }
        digit+ "."                { MISTAKEN(bare_point); }
        (digit+ "." | number) run { MISTAKEN(malformed_number); }
        ["] ([^"\\\n\x00] | "\\" [^\n\x00])* ["] {
            if (YYCURSOR - start > PATH_LONGEST) MISTAKEN(long_string);
            t.kind = TOKEN_STRING;
            t.string = string_value(l, start, YYCURSOR);
            if (!t.string) MISTAKEN(escape);
            goto found;
        }
        ["] [^"\n\x00]*           { MISTAKEN(open_string); }
        "'" [^'\n\x00]* "'"       { MISTAKEN(single_quotes); }

        "~"  { FOUND(TILDE); }
        "="  { FOUND(EQ); }
        ":"  { FOUND(COLON); }
        ";"  { FOUND(SEMICOLON); }
        ","  { FOUND(COMMA); }
        "?"  { FOUND(QUESTION); }
        "->" { FOUND(ARROW); }
        "("  { FOUND(LPAREN); }
        "["  { FOUND(LBRACKET); }
        "{"  { FOUND(LBRACE); }
        ")"  { FOUND(RPAREN); }
        "]"  { FOUND(RBRACKET); }
        "}"  { FOUND(RBRACE); }
        "+"  { FOUND(PLUS); }
        "-"  { FOUND(MINUS); }
        "*"  { FOUND(TIMES); }
        "/"  { FOUND(DIVIDE); }
        "^"  { FOUND(POWER); }
        "<"  { FOUND(LESS); }
        "<=" { FOUND(LESS_EQUAL); }
        ">"  { FOUND(GREATER); }
        ">=" { FOUND(GREATER_EQUAL); }
        "==" { FOUND(EQUAL); }
        "!=" { FOUND(NOT_EQUAL); }

        "//" [^\n\x00]*                       { MISTAKEN(line_comment); }
        "/*" ([^*\x00] | "*"+ [^*/\x00])* "*"* "/"? { MISTAKEN(block_comment); }
        ":="                                  { MISTAKEN(define); }
        "=>"                                  { MISTAKEN(fat_arrow); }
        "|>" | "%>%"                          { MISTAKEN(pipe); }
        "+=" | "-=" | "*=" | "/=" | "++"      { MISTAKEN(update); }
        "**"                                  { MISTAKEN(power); }
        "%*%" | "@"                           { MISTAKEN(matrix_product); }
        "%" | "%%"                            { MISTAKEN(modulo); }
        "&" | "&&"                            { MISTAKEN(both); }
        "|" | "||"                            { MISTAKEN(either); }
        "!"                                   { MISTAKEN(bang); }
        ".*" | "./" | ".^"                    { MISTAKEN(dot_operator); }
        "..." | ".." | "\u2026"               { MISTAKEN(ellipsis); }
        [\u2010-\u2015\u2212]                 { MISTAKEN(minus_sign); }
        [\u00b7\u00d7\u2219\u22c5]            { MISTAKEN(times_sign); }
        [\u00f7\u2044\u2215]                  { MISTAKEN(division_sign); }
        [\u02dc\u223c\uff5e]                  { MISTAKEN(tilde_sign); }
        "\u2264"                              { MISTAKEN(less_sign); }
        "\u2265"                              { MISTAKEN(greater_sign); }
        "\u2260"                              { MISTAKEN(unequal_sign); }
        [\u00b2\u00b3\u00b9\u2070-\u207f]     { MISTAKEN(superscript); }
        [\u2190-\u21ff]                       { MISTAKEN(arrow_sign); }
        [\u2018-\u201f\u00ab\u00bb]           { MISTAKEN(curly_quotes); }
        character                             { MISTAKEN(character); }
        *                                     { YYCURSOR = start; goto found; }
    */
#undef FOUND
#undef MISTAKEN
found:
    t.start = (uint32_t)(start - text);
    t.end = (uint32_t)(YYCURSOR - text);
    l->cursor = YYCURSOR;
    return t;
}
