/* The inside of the parser: what the lexer (lex.re), the grammar (grammar.y), the reading of statements
 * (syntax.c), the making of nodes (syntax_tree.c) and the messages (syntax_mistakes.c) share. Text becomes
 * raw tokens; the reader turns them into those that the grammar sees, in which every statement ends in one
 * END and every bracket has its partner; the grammar calls the tree_… functions bottom up. */
#ifndef VM_LANG_PARSER_H
#define VM_LANG_PARSER_H

#include "lang/syntax.h"

/* Where a token may stand: a line goes on after an operator or a reserved word; a word that opens an item is
 * a name in any other place, and a word of a context is a name wherever that context is not. */
typedef enum role {
    ROLE_value,
    ROLE_operator,
    ROLE_mark,
    ROLE_open,
    ROLE_close,
    ROLE_reserved,
    ROLE_block,
    ROLE_opening,
    ROLE_context
} role;

typedef enum lexical_mistake {
#define MISTAKE(name, message, help) MISTAKE_##name,
#include "lang/tokens.def"
#undef MISTAKE
} lexical_mistake;

typedef struct token {
    uint16_t kind; /* TOKEN_… of the generated lang/grammar.h; 0 is the end of the text */
    bool first;    /* on its line */
    uint32_t start, end;
    union {
        name name; /* of names and words */
        double number;
        const char *string;
        lexical_mistake mistake; /* of WRONG */
    };
} token;

typedef struct lexer {
    arena *arena;
    names *names;
    const char *text;
    const unsigned char *cursor;
} lexer;

/* The first byte that is not UTF-8 text, or the end. */
uint32_t lex_valid(const char *text);
token lex_next(lexer *l);

const char *token_text(uint32_t kind);
role token_role(uint32_t kind);
/* The kind of a word, NAME if it is none. */
uint16_t token_word(const char *p, size_t length);
/* The kinds in the order of tokens.def; 0 behind the last. */
uint16_t token_listed(uint32_t i);

/* Lists under construction: links in the arena, which tree_array makes one array when the list is complete.
 */
typedef struct link link;
typedef struct list {
    link *first, *last;
    uint32_t count;
} list;

/* An expression and how high its tree is. */
typedef struct tree {
    expression *at;
    uint32_t height;
} tree;

typedef struct entry_list {
    list list;
    uint32_t height;
    uint32_t arrow; /* entries before the arrow */
    bool has_arrow;
} entry_list;

/* An open bracket; a brace of a block keeps the word that opened it: MODEL, FIT, NET… */
typedef struct bracket {
    token at;
    uint16_t block; /* 0: a bracket within a statement, ( or [ or the { of labels; lines go on in it */
} bracket;

typedef struct parser {
    diagnostics *diagnostics;
    arena *arena;
    lexer lexer;
    const char *text;
    uint32_t source;
    token ahead[2];              /* raw tokens */
    token current, last, before; /* delivered to the grammar, the newest first */
    token start;                 /* of the statement */
    token carried;               /* what ended the line above and made it go on; kind 0: nothing */
    uint32_t statement_depth;    /* brackets open where it started */
    bool fresh;                  /* the next token starts a statement */
    bool head;                   /* no `~` or `=` yet */
    uint32_t depth;
    bracket open[SYNTAX_DEEPEST];
    uint32_t mistakes, furthest; /* number, and the largest byte at which one starts */
    bool quiet;                  /* a mistake of this statement has been told */
    bool failed;                 /* the grammar refused the current token */
    bool lost;                   /* a block lacks its brace: what follows from that is not told again */
    bool stop;
    list items; /* at top level */
} parser;

/* grammar.y: runs the grammar over the tokens until the text ends or `stop` is set. */
void grammar_run(parser *p);
/* grammar.y: whether the grammar, as it stands, could go on with a token of this kind. */
bool grammar_accepts(const void *engine, uint32_t kind);

/* syntax.c */
void reader_open(parser *p, diagnostics *d, names *n, uint32_t source); /* the text is valid */
token reader_next(parser *p);
/* The word that opened the innermost block, 0 at top level. */
uint16_t reader_block(const parser *p);
/* The innermost bracket if lines go on in it, else NULL. */
const bracket *reader_bracket(const parser *p);

/* syntax_mistakes.c: one mistake is told a statement, and MISTAKES_MOST a source. */
enum { MISTAKES_MOST = 20 };
void mistake(parser *p, span at, const char *message, const char *help);
void mistake_token(parser *p, const void *engine);
void mistake_open_bracket(parser *p, const bracket *open);
void mistake_close(parser *p, token t, const bracket *open);
void mistake_open_block(parser *p, const bracket *open, token found);
void mistake_deep(parser *p, span at);

/* syntax_tree.c: the nodes. Spans are bytes [start, end). */
span tree_span(const parser *p, uint32_t start, uint32_t end);
void tree_add(parser *p, list *l, const void *value, size_t size);
void tree_join(list *l, list tail);

tree tree_number(parser *p, token t);
tree tree_name(parser *p, token t);
tree tree_free(parser *p, token t);
tree tree_unary(parser *p, operator_kind k, token operator, tree right);
tree tree_binary(parser *p, operator_kind k, tree left, tree right);
tree tree_choice(parser *p, token first, tree condition, tree then, tree otherwise);
tree tree_apply(parser *p, expression_kind k, tree head, token open, entry_list l, token close);

void tree_entry(parser *p, entry_list *l, const token *word, tree value);
void tree_join_arrow(entry_list *l, entry_list outputs);
entries tree_entries(parser *p, token open, entry_list l, token close);

target *tree_target(parser *p, token word, const entries *axes);
void tree_typed(target *t, const type_syntax *type);
type_syntax *tree_type(parser *p, token word);

item *tree_axis(parser *p, token word);
void tree_labels(parser *p, item *axis, list labels);
void tree_from(parser *p, item *axis, token file);
void tree_add_name(parser *p, list *l, token word); /* an axis_parameter */

item *tree_file(parser *p, item_kind k, token first, token file);
item *tree_declaration(parser *p, item_kind k, token first, list places, tree value);
void tree_from_zero(parser *p, item *data, token number);

/* A fn, net, dist or property: its name and axes, then its parameters (NULL: none are written) and result. */
item *tree_heading(parser *p, token word, list inputs, const list *outputs);
list *tree_parameters(parser *p, list parameters);
void tree_add_parameter(parser *p, list *l, const target *t);
item *tree_head(parser *p, item_kind k, token first, item *heading, const list *parameters,
                const type_syntax *result);
void tree_body(parser *p, item *head, list statements);
void tree_values(parser *p, item *head, list values);
item *tree_property(parser *p, item *heading, const list *parameters, tree value);

item *tree_block(parser *p, token word, list statements);
item *tree_fit(parser *p, token word, list options);
item *tree_option(parser *p, token word, tree value);
/* A value with a name before it, `image: 100`. */
void tree_option_of(parser *p, item *option, token of, tree value);

item *tree_draw(parser *p, list places, tree distribution);
/* `truncated`, `above`, `below`: each at most once. */
void tree_once(parser *p, expression **slot, token word, tree value);
item *tree_drawn(parser *p, item *draw);
item *tree_define(parser *p, list places, tree value);
item *tree_result(parser *p, item_kind k, token first, list values);

/* Checks that a statement of this kind may stand where the reader is, and gives it its comment. */
void tree_complete(parser *p, const list *statements);
items tree_items(parser *p, const list *l);

#endif
