/* What is told about a text that does not follow the grammar: what was found, what could stand there (asked
 * of the grammar itself), and a help for what people who come from another language are likely to have meant.
 * The special cases are rows of tables, looked through from the top. */
#include "lang/grammar.h"
#include "lang/parser.h"

void mistake(parser *p, span at, const char *message, const char *help) {
    if (p->quiet || p->stop) return;
    p->quiet = true;
    diagnostic *d = diagnose(p->diagnostics, DIAGNOSTIC_syntax, at, "%s", message);
    advise(p->diagnostics, d, "%s", help);
    if (at.start > p->furthest) p->furthest = at.start;
    if (++p->mistakes == MISTAKES_MOST) p->stop = true;
}

static span token_span(const parser *p, token t) { return tree_span(p, t.start, t.end); }

static uint32_t line_of(const parser *p, uint32_t byte) {
    uint32_t line, column;
    source_place(&p->diagnostics->sources.at[p->source], byte, &line, &column);
    return line;
}

/* ---- Brackets ---- */

void mistake_open_bracket(parser *p, const bracket *open) {
    if (p->quiet) return;
    const char *close = open->at.kind == TOKEN_LPAREN ? ")" : open->at.kind == TOKEN_LBRACKET ? "]" : "}";
    mistake(p, token_span(p, open->at),
            arena_print(p->arena, "`%s` is not closed", token_text(open->at.kind)),
            arena_print(p->arena, "write its `%s`; the statement seems to end on line %u", close,
                        line_of(p, p->current.start)));
}

void mistake_close(parser *p, token t, const bracket *open) {
    if (p->quiet) return;
    if (!open) {
        mistake(p, token_span(p, t), arena_print(p->arena, "`%s` closes nothing", token_text(t.kind)),
                "take it out, or write the bracket that it closes");
        return;
    }
    mistake(p, token_span(p, t),
            arena_print(p->arena, "`%s` cannot close the `%s` of line %u", token_text(t.kind),
                        token_text(open->at.kind), line_of(p, open->at.start)),
            "brackets close in the order in which they were opened, each by its own kind");
}

void mistake_open_block(parser *p, const bracket *open, token found) {
    if (p->quiet) return;
    const char *before = found.kind ? arena_print(p->arena, "before `%s` on line %u", token_text(found.kind),
                                                  line_of(p, found.start))
                                    : "at the end of the file";
    mistake(p, token_span(p, open->at), "`{` is not closed",
            arena_print(p->arena, "write its `}`, at the latest %s", before));
}

void mistake_deep(parser *p, span at) {
    mistake(p, at, "this is nested too deeply", "give its parts names, `part = …`, and use those");
}

/* ---- The special cases ---- */

typedef enum where {
    ANYWHERE,
    START, /* the first token of a statement */
    HEAD,  /* before `~` or `=` */
    BODY,  /* behind them */
    INSIDE /* within brackets */
} where;

enum { ANY = 0xff };

typedef struct hint {
    uint8_t last, found, where;
    const char *message,
        *help; /* message NULL: what was found and expected; %s in either is the text found */
} hint;

#define CONTINUATION                                                                                         \
    "a line that starts with `%s` does not continue the one above",                                          \
        "end the line above with `%s`, or put the whole expression into ( )"
#define TWICE "end the first with a `;` or a new line, and begin the next with the name that it is about"

static const hint HINTS[] = {
    {TOKEN_TILDE, TOKEN_TILDE, ANYWHERE, "a second `~`", "write one: `mu ~ normal(0, 1)`"},
    {TOKEN_TILDE, TOKEN_EQ, ANYWHERE, "`~=` is not an operator", "write `!=` to compare, `~` to draw"},
    {TOKEN_EQ, TOKEN_EQ, ANYWHERE, "a second `=`", "write `=` to define, `==` to compare"},
    {TOKEN_EQ, TOKEN_TILDE, ANYWHERE, "`=` and `~` in one statement",
     "write `x ~ distribution` for what is drawn, `x = value` for what is computed"},
    {ANY, TOKEN_EQUAL, HEAD, "`==` compares; it does not define", "write `name = value`"},
    {ANY, TOKEN_ARROW, HEAD, NULL, "write `name = value`; the axes of a net are `net f[in -> out](x)`"},
    {TOKEN_COMMA, TOKEN_RPAREN, ANYWHERE, "a comma with nothing behind it", "take it out"},
    {TOKEN_COMMA, TOKEN_RBRACKET, ANYWHERE, "a comma with nothing behind it",
     "take it out; an axis that is not named is whole"},
    {TOKEN_COMMA, TOKEN_RBRACE, ANYWHERE, "a comma with nothing behind it", "take it out"},
    {TOKEN_COMMA, TOKEN_COMMA, ANYWHERE, "two commas with nothing between", "take one out"},
    {TOKEN_LBRACKET, TOKEN_COMMA, ANYWHERE, "nothing stands before the comma",
     "select by the axis's name, `x[column = 1]`; axes that are not named are whole"},
    {TOKEN_LBRACKET, TOKEN_RBRACKET, ANYWHERE, "the brackets are empty", "write `x` alone for all of x"},
    {TOKEN_LBRACKET, TOKEN_COLON, ANYWHERE, "`:` selects nothing", "write `x` alone for all of x"},
    {TOKEN_LBRACE, TOKEN_RBRACE, ANYWHERE, "the list of labels is empty",
     "write `axis arm = {control, drug}`"},
    {TOKEN_TIMES, TOKEN_TIMES, ANYWHERE, "`* *` is not an operator", "write a power as `x^2`"},
    {TOKEN_TILDE, TOKEN_END, ANYWHERE, "nothing stands behind `~`",
     "write a distribution: `mu ~ normal(0, 1)`"},
    {TOKEN_EQ, TOKEN_END, ANYWHERE, "nothing stands behind `=`", "write the value: `name = value`"},
    {TOKEN_RBRACKET, TOKEN_LBRACKET, ANYWHERE, "a second pair of brackets",
     "all axes stand in one pair, `y[row, column]`"},
    {TOKEN_DATA, TOKEN_LBRACE, ANYWHERE, "there is no block of data",
     "declare each variable at top level: `data y[obs] : real`"},
    {TOKEN_PARAM, TOKEN_LBRACE, ANYWHERE, "there is no block of parameters",
     "write `param NAME : real` for each one that is point-estimated; a latent needs only its `~` in "
     "`model`"},
    {TOKEN_FROM, TOKEN_NAME, ANYWHERE, "the file's name is not in quotes", "write `from \"%s\"`"},
    {TOKEN_IMPORT, TOKEN_NAME, ANYWHERE, "the file's name is not in quotes", "write `import \"%s\"`"},
    {ANY, TOKEN_PLUS, START, CONTINUATION},
    {ANY, TOKEN_MINUS, START, CONTINUATION},
    {ANY, TOKEN_TIMES, START, CONTINUATION},
    {ANY, TOKEN_DIVIDE, START, CONTINUATION},
    {ANY, TOKEN_POWER, START, CONTINUATION},
    {ANY, TOKEN_LESS, START, CONTINUATION},
    {ANY, TOKEN_LESS_EQUAL, START, CONTINUATION},
    {ANY, TOKEN_GREATER, START, CONTINUATION},
    {ANY, TOKEN_GREATER_EQUAL, START, CONTINUATION},
    {ANY, TOKEN_EQUAL, START, CONTINUATION},
    {ANY, TOKEN_NOT_EQUAL, START, CONTINUATION},
    {ANY, TOKEN_COMMA, START, CONTINUATION},
    {ANY, TOKEN_TILDE, START, CONTINUATION},
    {ANY, TOKEN_EQ, START, CONTINUATION},
    {ANY, TOKEN_ARROW, START, CONTINUATION},
    {ANY, TOKEN_AND, START, CONTINUATION},
    {ANY, TOKEN_OR, START, CONTINUATION},
    {ANY, TOKEN_THEN, START, CONTINUATION},
    {ANY, TOKEN_ELSE, START, CONTINUATION},
    {ANY, TOKEN_IF, START, "a statement cannot start with `if`",
     "`if` chooses a value: `x = if c then a else b`; a statement for some entries is `x[axis > 1] ~ …`"},
    {ANY, TOKEN_LBRACE, START, "`{` without the word that opens a block",
     "write `model {`, `guide {`, `generate {` or `fit {`"},
    {ANY, TOKEN_NUMBER, START, NULL, "a statement starts with a name: `name ~ distribution`, `name = value`"},
    {ANY, TOKEN_PLUS, ANYWHERE, NULL, "leave the `+` out: a number needs no sign"},
    {ANY, TOKEN_COLON, INSIDE, "`:` cannot stand here",
     "there are no ranges; declare `axis n = 10` and select by its name, `x[n > 1]`, `x[n = 3]`"},
    {ANY, TOKEN_COLON, BODY, "`:` cannot stand here",
     "a type stands on the left, `x : positive ~ …`; there are no ranges, only axes, `axis n = 10`"},
    {ANY, TOKEN_TILDE, INSIDE, "`~` cannot stand in brackets",
     "close the brackets before the `~`; as an argument a distribution is written without it, `kl(normal(0, "
     "1), q)`"},
    {ANY, TOKEN_TILDE, BODY, "a second statement begins here", TWICE},
    {ANY, TOKEN_EQ, INSIDE, "`=` gives a name to an entry, and no name stands before it",
     "write `==` to compare"},
    {ANY, TOKEN_EQ, BODY, "a second `=` in one statement", "write `==` to compare"},
    {TOKEN_LPAREN, TOKEN_STRING, INSIDE, "what is drawn has its name on the left, without quotes",
     "write `mu ~ normal(0, 1)`; quotes are for the names of files"},
    {ANY, TOKEN_STRING, ANYWHERE, NULL, "quotes are for the names of files; labels and names have none"},
    {ANY, TOKEN_LBRACKET, ANYWHERE, NULL,
     "lists of numbers are data, `data x[n] : real`, given by a file or by `--set x=[1,2,3]`; brackets stand "
     "behind a name, `x[n = 1]`"},
    {ANY, TOKEN_LBRACE, HEAD, NULL, "blocks are `model`, `guide`, `generate` and `fit`"},
    {ANY, TOKEN_LBRACE, BODY, NULL,
     "labels of an axis stand in braces, `axis arm = {control, drug}`; lists of numbers are data"},
    {ANY, TOKEN_QUESTION, ANYWHERE, NULL,
     "`?` stands for a free parameter, `normal(?, ?)`; a choice is `if c then a else b`"},
};

/* Words that start a statement in other languages. */
static const struct {
    const char *words, *message, *help;
} FOREIGN[] = {
    {" for while foreach repeat loop ", "there are no loops",
     "a statement holds for all entries of the axes on its left, `y[obs] ~ normal(mu, 1)`; a recurrence uses "
     "a lag, "
     "`h[time - 1]`"},
    {" with plate ", "a plate is not opened",
     "it is an axis on the left of a statement: `axis obs`, then `y[obs] ~ normal(mu, 1)`"},
    {" parameter ", "what is estimated without a prior is a `param`",
     "write `param mu : real`; a latent with a prior needs no declaration, only its `~`"},
    {" parameters transformed generated functions quantities ", "there is no block of this name",
     "the blocks are `model`, `guide`, `generate` and `fit`; a latent needs no declaration, only its `~`"},
    {" real int vector row_vector matrix array float double positive unit count binary simplex ordered "
     "cov_matrix "
     "corr_matrix cholesky_factor_corr cholesky_factor_cov unit_vector positive_ordered ",
     "a type stands behind its name",
     "what is given is `data y[obs] : real`; a latent has its type before the `~`, `tau : positive ~ "
     "normal(0, 1)`"},
    {" def function func lambda ", "functions are defined by `fn`",
     "write `fn f(x) = x^2`, or `fn f(x) { … return … }`"},
    {" var const auto val int64 ", "names need no declaration",
     "write `name = value`, at top level `let name = value`"},
    {" include library require using use ", "another file is read by `import`", "write `import \"file.vm\"`"},
    {" truncated censored above below ", "this belongs to the statement above",
     "write it on the same line as the `~`"},
    {" print cat println ", "nothing is printed by the model",
     "every name in `model` and `generate` is reported: `name = value`"},
    {" priors prior posterior likelihood variational ", "there is no block of this name",
     "the blocks are `model`, `guide`, `generate` and `fit`"},
};

/* How items are written, by the word that starts them. */
static const struct {
    uint16_t word;
    const char *help;
} USAGES[] = {
    {TOKEN_AXIS, "an axis is `axis home`, `axis k = 8`, `axis arm = {control, drug}` or `axis home from "
                 "\"homes.csv\" key name`"},
    {TOKEN_DATA,
     "data are `data y[home] : real`, with a default `data s : positive = 1`, or `data from \"file.json\"`"},
    {TOKEN_PARAM, "a parameter is `param w[k] : real = 0`"},
    {TOKEN_LET, "write `let name[axes] = value`"},
    {TOKEN_FN, "a function is `fn f(a, b) = a + b` or `fn f(a, b) { … return … }`"},
    {TOKEN_NET, "a net is `net f[in -> out](x) { … return … }`"},
    {TOKEN_DIST, "a distribution is `dist d(a : positive) : real { log_density(x) = … }`"},
    {TOKEN_IMPORT, "write `import \"file.vm\"`"},
    {TOKEN_FACTOR, "write `factor e`, where e is added to the log density"},
    {TOKEN_RETURN, "write `return a` or `return a, b`"},
    {TOKEN_MODEL, "write `model {`, the statements, and `}`"},
    {TOKEN_GUIDE, "write `guide {`, the statements, and `}`"},
    {TOKEN_GENERATE, "write `generate {`, the statements, and `}`"},
    {TOKEN_FIT, "write `fit { steps = 500; batch = image: 100 }`"},
};

/* ---- What was found and what is expected ---- */

static const char *found_text(parser *p, token t) {
    enum { LONGEST = 40 };
    if (t.kind == TOKEN_END) {
        char next = p->text[p->ahead[0].start];
        return p->ahead[0].first || !next ? "the end of the line"
               : next == '}'              ? "`}`"
                                          : "the end of the statement";
    }
    uint32_t length = t.end - t.start;
    if (length <= LONGEST) return arena_print(p->arena, "`%.*s`", (int)length, p->text + t.start);
    for (length = LONGEST; ((unsigned char)p->text[t.start + length] & 0xc0) == 0x80;) length--;
    return arena_print(p->arena, "`%.*s…`", (int)length, p->text + t.start);
}

/* Tokens that the word "operator" stands for. */
static bool is_operator(uint32_t kind) {
    return (kind >= TOKEN_OR && kind <= TOKEN_POWER && kind != TOKEN_NOT) || kind == TOKEN_LPAREN ||
           kind == TOKEN_LBRACKET;
}

/* Tokens that begin an expression. */
static bool is_beginning(uint32_t kind) {
    return token_role(kind) == ROLE_value || kind == TOKEN_LPAREN || kind == TOKEN_MINUS ||
           kind == TOKEN_IF || kind == TOKEN_NOT;
}

/* "an expression, `,` or `)`" */
static const char *expected_text(parser *p, const void *engine) {
    enum { MOST = 8 };
    const char *found[MOST];
    uint32_t count = 0;
    if (grammar_accepts(engine, TOKEN_MODEL)) return "a statement";
    bool word = grammar_accepts(engine, TOKEN_NAME), value = word && grammar_accepts(engine, TOKEN_NUMBER);
    bool operators = grammar_accepts(engine, TOKEN_TIMES);
    if (word) found[count++] = value ? "an expression" : "a name";
    if (operators) found[count++] = "an operator";
    for (uint32_t i = 0, kind; count < MOST && (kind = token_listed(i)) != 0; i++) {
        role r = token_role(kind);
        bool told = kind == TOKEN_NAME || (value && is_beginning(kind)) || (operators && is_operator(kind)) ||
                    (word && r == ROLE_context);
        if (told || !grammar_accepts(engine, kind)) continue;
        bool plain = (r == ROLE_value && kind != TOKEN_QUESTION) || kind == TOKEN_END;
        found[count++] = plain ? token_text(kind) : arena_print(p->arena, "`%s`", token_text(kind));
    }
    const char *text = count ? found[0] : "something else";
    for (uint32_t i = 1; i < count; i++)
        text = arena_print(p->arena, "%s%s%s", text, i + 1 < count ? ", " : " or ", found[i]);
    return text;
}

static const char *general_help(parser *p) {
    uint16_t block = reader_block(p);
    if (p->carried.kind)
        return arena_print(p->arena, "the line above ends in `%.*s`, so that this one continues it",
                           (int)(p->carried.end - p->carried.start), p->text + p->carried.start);
    for (uint32_t i = 0; i < sizeof USAGES / sizeof USAGES[0]; i++)
        if (USAGES[i].word == p->start.kind) return USAGES[i].help;
    if (block == TOKEN_FIT) return "an option is written `key = value`: `steps = 500; batch = image: 100`";
    if (block == TOKEN_DIST) return "a property is written `log_density(x) = …`, `mean = …`, `sample = …`";
    if (p->head && p->current.kind == TOKEN_LPAREN)
        return "on the left stands a name, with its axes in square brackets, `x[obs]`; for `log(x) ~ "
               "normal(…)` "
               "write `x ~ lognormal(…)`";
    if (reader_bracket(p))
        return "brackets hold expressions, or `name = expression`, with commas between them";
    if (p->head) return "a statement is `name ~ distribution(…)` or `name = expression`";
    if (p->last.kind == TOKEN_NAME && p->before.kind == TOKEN_TILDE)
        return arena_print(p->arena, "the arguments stand in brackets: `%s(…)`", p->last.name);
    if (token_role(p->current.kind) == ROLE_value)
        return "write an operator between the two, or begin a new line";
    return "an expression is made of names, numbers, operators and calls, `a + b * f(x)`";
}

/* ---- The choice of the message ---- */

static where place_of(const parser *p) {
    if (p->depth > p->statement_depth && reader_bracket(p)) return INSIDE;
    return p->head ? HEAD : BODY;
}

static bool ends_value(uint32_t kind) {
    return token_role(kind) == ROLE_value || kind == TOKEN_RPAREN || kind == TOKEN_RBRACKET;
}

static bool is_comparison(uint32_t kind) { return kind >= TOKEN_LESS && kind <= TOKEN_NOT_EQUAL; }

/* Words of other languages, at the start of the statement. */
static bool tell_foreign(parser *p) {
    token s = p->start;
    if ((s.kind != TOKEN_NAME && token_role(s.kind) != ROLE_context) || !p->head ||
        p->current.start == s.start)
        return false;
    const char *word = arena_print(p->arena, " %s ", s.name);
    for (uint32_t i = 0; i < sizeof FOREIGN / sizeof FOREIGN[0]; i++)
        if (strstr(FOREIGN[i].words, word)) {
            mistake(p, token_span(p, s), FOREIGN[i].message, FOREIGN[i].help);
            return true;
        }
    bool opens = p->current.kind == TOKEN_NAME || p->current.kind == TOKEN_LBRACE;
    for (uint32_t i = 0; opens && p->last.start == s.start && i < sizeof USAGES / sizeof USAGES[0]; i++)
        if (edit_distance(s.name, token_text(USAGES[i].word), 1) <= 1 && strlen(s.name) > 2) {
            mistake(
                p, token_span(p, s), arena_print(p->arena, "no statement starts with the word `%s`", s.name),
                arena_print(p->arena, "did you mean `%s`? %s", token_text(USAGES[i].word), USAGES[i].help));
            return true;
        }
    return false;
}

/* A reserved word where a name is meant. */
static bool tell_reserved(parser *p, const void *engine) {
    token t = p->current;
    uint32_t next = p->ahead[0].kind;
    bool defined = p->head && (next == TOKEN_EQ || next == TOKEN_TILDE || next == TOKEN_COLON);
    if (token_role(t.kind) != ROLE_reserved || !(defined || grammar_accepts(engine, TOKEN_NAME)))
        return false;
    if (t.start == p->start.start && !defined) return false;
    mistake(p, token_span(p, t),
            arena_print(p->arena, "`%s` is a word of the language and cannot be a name", token_text(t.kind)),
            "choose another name, or write an expression here");
    return true;
}

/* What cannot be a row of the table. */
static bool tell_special(parser *p, const void *engine) {
    token t = p->current;
    span at = token_span(p, t);
    where place = place_of(p);
    if ((t.kind == TOKEN_TILDE || t.kind == TOKEN_EQ) && place == BODY && p->carried.kind) {
        const char *end = token_text(p->carried.kind);
        mistake(p, token_span(p, p->carried),
                arena_print(p->arena, "`%s` at the end of this line joins the next one to it", end),
                arena_print(p->arena, "take the `%s` out, or write what stands behind it", end));
    } else if (t.kind == TOKEN_LBRACE && p->depth > 1 && !p->open[p->depth - 2].block) {
        mistake_open_bracket(p, &p->open[p->depth - 2]);
    } else if (token_role(p->last.kind) == ROLE_block && t.kind != TOKEN_LBRACE &&
               p->last.start == p->start.start) {
        p->lost = true;
        mistake(p, tree_span(p, p->last.start, p->last.end),
                arena_print(p->arena, "`%s` without its `{`", token_text(p->last.kind)),
                arena_print(p->arena, "write `%s {` and close it with `}`", token_text(p->last.kind)));
    } else if (t.kind == TOKEN_LESS && place == HEAD && p->text[t.end] == '-') {
        mistake(p, tree_span(p, t.start, t.end + 1), "`<-` does not define a name",
                "write `name = value`, or `name ~ distribution`");
    } else if (t.kind == TOKEN_LESS && place == HEAD && p->start.kind == TOKEN_NAME) {
        mistake(p, at, "bounds are part of a type",
                arena_print(p->arena, "write `%s : positive ~ …`, or `%s : interval(a, b) ~ …`",
                            p->start.name, p->start.name));
    } else if (p->start.kind == TOKEN_DATA && t.kind == TOKEN_NAME && ends_value(p->last.kind)) {
        mistake(p, at, "a type stands behind the name",
                arena_print(p->arena, "write `data %s : real`, with its axes `data %s[obs] : real`", t.name,
                            t.name));
    } else if (t.kind == TOKEN_EQ && grammar_accepts(engine, TOKEN_THEN)) {
        mistake(p, at, "`=` does not compare", "write `if a == b then c else d`");
    } else if (is_comparison(t.kind) && place != HEAD && ends_value(p->last.kind) &&
               t.start != p->start.start) {
        mistake(p, at, "comparisons do not chain", "write `a < b and b < c`");
    } else if (t.kind == TOKEN_COMMA && place == BODY && p->last.kind == TOKEN_NUMBER &&
               p->ahead[0].kind == TOKEN_NUMBER) {
        mistake(p, at, "a second value behind the comma", "the decimal sign is a point: `0.5`");
    } else if (t.kind == TOKEN_COMMA && place == BODY) {
        mistake(p, at, "a second value behind the comma", "give each value a statement of its own");
    } else if (t.kind == TOKEN_NAME && place == BODY && strcmp(t.name, "T") == 0) {
        mistake(p, at, "truncation is written as a word", "write `truncated [a, b]`");
    } else if (grammar_accepts(engine, TOKEN_ELSE)) {
        mistake(p, at, arena_print(p->arena, "found %s where `else` is expected", found_text(p, t)),
                "`if` chooses between two values: `if c then a else b`");
    } else if (grammar_accepts(engine, TOKEN_THEN)) {
        mistake(p, at, arena_print(p->arena, "found %s where `then` is expected", found_text(p, t)),
                "`if` chooses between two values: `if c then a else b`");
    } else if (t.kind == TOKEN_END && p->head && place == HEAD && p->start.kind == TOKEN_NAME &&
               !p->carried.kind) {
        mistake(p, tree_span(p, p->start.start, p->last.end), "this statement says nothing about its name",
                "write `name ~ distribution` for what is drawn, `name = value` for what is computed");
    } else {
        return false;
    }
    return true;
}

/* Text that is no token. */
static const struct {
    const char *message, *help;
} LEXICAL[] = {
#define MISTAKE(name, message, help) {message, help},
#include "lang/tokens.def"
#undef MISTAKE
};

/* The text of a table with `%s` replaced. */
static const char *filled(parser *p, const char *text, token t) {
    enum { LONGEST = 40 };
    const char *hole = strstr(text, "%s");
    if (!hole) return text;
    uint32_t length = t.end - t.start;
    bool cut = length > LONGEST;
    if (cut)
        for (length = LONGEST; ((unsigned char)p->text[t.start + length] & 0xc0) == 0x80;) length--;
    const char *rest = filled(p, hole + 2, t);
    return arena_print(p->arena, "%.*s%.*s%s%s", (int)(hole - text), text, (int)length, p->text + t.start,
                       cut ? "…" : "", rest);
}

static bool tell_hint(parser *p) {
    token t = p->current;
    where place = place_of(p);
    bool start = t.start == p->start.start && t.kind == p->start.kind;
    for (uint32_t i = 0; i < sizeof HINTS / sizeof HINTS[0]; i++) {
        const hint *h = &HINTS[i];
        if ((h->last != ANY && h->last != p->last.kind) || h->found != t.kind) continue;
        if (h->where == START ? !start : h->where != ANYWHERE && h->where != place) continue;
        if (!h->message) continue;
        mistake(p, token_span(p, t), filled(p, h->message, t), filled(p, h->help, t));
        return true;
    }
    return false;
}

/* The help of the first row without a message that fits. */
static const char *hint_help(parser *p) {
    token t = p->current;
    where place = place_of(p);
    bool start = t.start == p->start.start;
    for (uint32_t i = 0; i < sizeof HINTS / sizeof HINTS[0]; i++) {
        const hint *h = &HINTS[i];
        if (h->message || (h->last != ANY && h->last != p->last.kind) || h->found != t.kind) continue;
        if (h->where == ANYWHERE || (h->where == START ? start : h->where == place))
            return filled(p, h->help, t);
    }
    return NULL;
}

void mistake_token(parser *p, const void *engine) {
    if (p->quiet || p->stop) return;
    token t = p->current;
    span at = token_span(p, t);
    if (t.kind == TOKEN_WRONG) {
        mistake(p, at, filled(p, LEXICAL[t.mistake].message, t), filled(p, LEXICAL[t.mistake].help, t));
        return;
    }
    if (tell_foreign(p) || tell_reserved(p, engine) || tell_special(p, engine) || tell_hint(p)) return;
    const char *help = hint_help(p);
    mistake(
        p, at,
        arena_print(p->arena, "found %s where %s is expected", found_text(p, t), expected_text(p, engine)),
        help ? help : general_help(p));
}
