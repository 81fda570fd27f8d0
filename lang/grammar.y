/* The grammar, LALR(1) without conflicts. The reader (syntax.c) has already decided what ends a statement:
 * each is followed by one END, also before a `}` and after the `}` of a block. After a mistake the statement
 * around it is given up, `error END`, and the next one is read as if nothing had happened. */
%name syntax_grammar
%token_prefix TOKEN_
%token_type {token}
%extra_argument {parser *p}
%start_symbol text
/* 64 kB of the C stack: SYNTAX_DEEPEST brackets of 10 entries each. What needs more is nested too deeply. */
%stack_size 2000

%include {
#include "lang/parser.h"

#include <assert.h>

#include "lang/grammar.h"

/* Lemon's own trace would be global state. */
#ifndef NDEBUG
#define NDEBUG
#endif
#define syntax_grammar_ENGINEALWAYSONSTACK

static void syntax_grammarInit(void *engine);
static void syntax_grammarFinalize(void *engine);
static void syntax_grammar(void *engine, int kind, token value, parser *p);
static int syntax_grammarFallback(int kind) __attribute__((unused));

static const entry_list NO_ENTRIES = {0};

#define ADD(to, value) tree_add(p, &(to), &(value), sizeof(value))
}

/* Nothing is freed piece by piece; Lemon's functions use their arguments only here. */
%token_destructor {
    (void)p;
    (void)$$;
}
%syntax_error {
    (void)yymajor;
    (void)yyminor;
    p->failed = true;
    mistake_token(p, yypParser);
}
%stack_overflow {
    mistake_deep(p, tree_span(p, p->current.start, p->current.end));
    p->stop = true;
}

/* Words that are names wherever the grammar does not expect them. */
%fallback NAME KEY OVER TRUNCATED CENSORED ABOVE BELOW.

%right ELSE.
%left OR.
%left AND.
%right NOT.
%nonassoc LESS LESS_EQUAL GREATER GREATER_EQUAL EQUAL NOT_EQUAL.
%left PLUS MINUS.
%left TIMES DIVIDE.
%right NEGATE.
%right POWER.

/* Tokens that no rule has: the lexer's mistakes. */
%token WRONG SEMICOLON.

/* ---- Items ---- */

text ::= program.
program ::= .
program ::= program complete(L) END. { tree_join(&p->items, L); }
program ::= program error END.

%type statements {list}
statements(S) ::= . { S = (list){0}; }
statements(S) ::= statements(A) complete(L) END. { S = A; tree_join(&S, L); }
statements(S) ::= statements(A) error END. { S = A; }

%type body {list}
body(B) ::= LBRACE statements(S) RBRACE. { B = S; }

/* The items of one statement, usually one; known while END is still to come, and so where they stand. */
%type complete {list}
complete(L) ::= axes(A). { L = A; tree_complete(p, &A); }
complete(L) ::= item(I). { L = (list){0}; ADD(L, I); tree_complete(p, &L); }

%type item {item *}

%type axes {list}
axes(L) ::= AXIS(T) axis(A). { A->at.start = T.start; L = (list){0}; ADD(L, A); }
axes(L) ::= axes(B) COMMA axis(A). { L = B; ADD(L, A); }

%type axis {item *}
axis(A) ::= NAME(N). { A = tree_axis(p, N); }
axis(A) ::= NAME(N) EQ expression(E). { A = tree_axis(p, N); A->axis.size = E.at; }
axis(A) ::= NAME(N) EQ LBRACE names(L) RBRACE. { A = tree_axis(p, N); tree_labels(p, A, L); }
axis(A) ::= NAME(N) FROM STRING(S). { A = tree_axis(p, N); tree_from(p, A, S); }
axis(A) ::= NAME(N) FROM STRING(S) KEY NAME(K). {
    A = tree_axis(p, N);
    tree_from(p, A, S);
    A->axis.key = K.name;
}

/* Names, each an axis_parameter. */
%type names {list}
names(L) ::= NAME(N). { L = (list){0}; tree_add_name(p, &L, N); }
names(L) ::= names(A) COMMA NAME(N). { L = A; tree_add_name(p, &L, N); }

item(I) ::= IMPORT(T) STRING(S). { I = tree_file(p, ITEM_import, T, S); }
item(I) ::= DATA(T) FROM STRING(S). { I = tree_file(p, ITEM_source, T, S); }

item(I) ::= DATA(T) targets(L) initial(E). { I = tree_declaration(p, ITEM_data, T, L, E); }
item(I) ::= DATA(T) targets(L) FROM NUMBER(Z) initial(E). {
    I = tree_declaration(p, ITEM_data, T, L, E);
    tree_from_zero(p, I, Z);
}
item(I) ::= PARAM(T) targets(L) initial(E). { I = tree_declaration(p, ITEM_param, T, L, E); }
item(I) ::= LET(T) targets(L) EQ expression(E). { I = tree_declaration(p, ITEM_let, T, L, E); }

%type initial {tree}
initial(E) ::= . { E = (tree){0}; }
initial(E) ::= EQ expression(A). { E = A; }

item(I) ::= fn(H) EQ values(L). { I = H; tree_values(p, I, L); }
item(I) ::= fn(H) body(B). { I = H; tree_body(p, I, B); }
item(I) ::= net(H) body(B). { I = H; tree_body(p, I, B); }
item(I) ::= dist(H) LBRACE properties(B) RBRACE. { I = H; tree_body(p, I, B); }

%type fn {item *}
fn(I) ::= FN(T) heading(H) parameters(P) result(R). { I = tree_head(p, ITEM_fn, T, H, P, R); }
%type net {item *}
net(I) ::= NET(T) heading(H) parameters(P) result(R). { I = tree_head(p, ITEM_net, T, H, P, R); }
%type dist {item *}
dist(I) ::= DIST(T) heading(H) result(R). { I = tree_head(p, ITEM_dist, T, H, NULL, R); }
dist(I) ::= DIST(T) heading(H) parameters(P) result(R). { I = tree_head(p, ITEM_dist, T, H, P, R); }

/* A name and its axes: `softmax[k]`, `dense[in -> out]`. */
%type heading {item *}
heading(H) ::= NAME(N). { H = tree_heading(p, N, (list){0}, NULL); }
heading(H) ::= NAME(N) LBRACKET names(A) RBRACKET. { H = tree_heading(p, N, A, NULL); }
heading(H) ::= NAME(N) LBRACKET names(A) ARROW names(B) RBRACKET. { H = tree_heading(p, N, A, &B); }

%type parameters {list *}
parameters(P) ::= LPAREN RPAREN. { P = tree_parameters(p, (list){0}); }
parameters(P) ::= LPAREN parameter_list(L) RPAREN. { P = tree_parameters(p, L); }
%type parameter_list {list}
parameter_list(L) ::= target(T). { L = (list){0}; tree_add_parameter(p, &L, T); }
parameter_list(L) ::= parameter_list(A) COMMA target(T). { L = A; tree_add_parameter(p, &L, T); }

%type result {type_syntax *}
result(R) ::= . { R = NULL; }
result(R) ::= COLON type(T). { R = T; }

%type properties {list}
properties(L) ::= . { L = (list){0}; }
properties(L) ::= properties(A) property(I) END. { L = A; ADD(L, I); }
properties(L) ::= properties(A) error END. { L = A; }
%type property {item *}
property(I) ::= heading(H) EQ expression(E). { I = tree_property(p, H, NULL, E); }
property(I) ::= heading(H) parameters(P) EQ expression(E). { I = tree_property(p, H, P, E); }

item(I) ::= block_word(T) body(B). { I = tree_block(p, T, B); }
item(I) ::= FIT(T) LBRACE options(B) RBRACE. { I = tree_fit(p, T, B); }

%type block_word {token}
block_word(T) ::= MODEL(A). { T = A; }
block_word(T) ::= GUIDE(A). { T = A; }
block_word(T) ::= GENERATE(A). { T = A; }

%type options {list}
options(L) ::= . { L = (list){0}; }
options(L) ::= options(A) option(I) END. { L = A; ADD(L, I); }
options(L) ::= options(A) error END. { L = A; }
%type option {item *}
option(I) ::= NAME(N) EQ expression(E). { I = tree_option(p, N, E); }
option(I) ::= NAME(N) EQ expression(E) COMMA expression(F). { I = tree_option(p, N, E); I->option.next = F.at; }
option(I) ::= named_choices(A). { I = A; }
option(I) ::= NAME(N) EQ expression(E) ARROW expression(F). { I = tree_option(p, N, E); I->option.to = F.at; }
option(I) ::= NAME(N) EQ expression(E) ARROW expression(F) OVER expression(G). {
    I = tree_option(p, N, E);
    I->option.to = F.at;
    I->option.over = G.at;
}

%type named_choices {item *}
named_choices(I) ::= NAME(N) EQ NAME(A) COLON expression(E). { I = tree_option(p, N, E); tree_option_of(p, I, A, E); }
named_choices(I) ::= named_choices(C) COMMA NAME(A) COLON expression(E). { I = C; tree_option_of(p, I, A, E); }

/* ---- Statements ---- */

item(I) ::= draw(D). { I = tree_drawn(p, D); }
item(I) ::= targets(L) EQ expression(E). { I = tree_define(p, L, E); }
item(I) ::= FACTOR(T) expression(E). { list l = {0}; ADD(l, E.at); I = tree_result(p, ITEM_factor, T, l); }
item(I) ::= RETURN(T) values(L). { I = tree_result(p, ITEM_return, T, L); }

%type draw {item *}
draw(D) ::= targets(L) TILDE expression(E). { D = tree_draw(p, L, E); }
draw(D) ::= draw(A) TRUNCATED(T) LBRACKET expression(E) COMMA expression(F) RBRACKET. {
    D = A;
    tree_once(p, &D->draw.lower, T, E);
    D->draw.upper = F.at;
}
draw(D) ::= censored(A). { D = A; }
%type censored {item *}
censored(D) ::= draw(A) CENSORED ABOVE(T) expression(E). { D = A; tree_once(p, &D->draw.censored_above, T, E); }
censored(D) ::= draw(A) CENSORED BELOW(T) expression(E). { D = A; tree_once(p, &D->draw.censored_below, T, E); }
censored(D) ::= censored(A) ABOVE(T) expression(E). { D = A; tree_once(p, &D->draw.censored_above, T, E); }
censored(D) ::= censored(A) BELOW(T) expression(E). { D = A; tree_once(p, &D->draw.censored_below, T, E); }

%type targets {list}
targets(L) ::= target(T). { L = (list){0}; ADD(L, *T); }
targets(L) ::= targets(A) COMMA target(T). { L = A; ADD(L, *T); }

%type target {target *}
target(T) ::= place(A). { T = A; }
target(T) ::= place(A) COLON type(U). { T = A; tree_typed(T, U); }
%type place {target *}
place(T) ::= NAME(N). { T = tree_target(p, N, NULL); }
place(T) ::= NAME(N) LBRACKET(O) entry_list(L) RBRACKET(C). {
    entries e = tree_entries(p, O, L, C);
    T = tree_target(p, N, &e);
}

%type type {type_syntax *}
type(T) ::= whole_type(A). { T = A; }
type(T) ::= whole_type(A) QUESTION(Q). { T = A; T->may_be_missing = true; T->at.end = Q.end; }
%type whole_type {type_syntax *}
whole_type(T) ::= NAME(N). { T = tree_type(p, N); }
whole_type(T) ::= NAME(N) LPAREN(O) entry_list(L) RPAREN(C). {
    T = tree_type(p, N);
    T->arguments = tree_entries(p, O, L, C);
    T->at.end = C.end;
}
whole_type(T) ::= NAME(N) LBRACKET(O) entry_list(L) RBRACKET(C). {
    T = tree_type(p, N);
    T->axes = tree_entries(p, O, L, C);
    T->at.end = C.end;
}

%type values {list}
values(L) ::= expression(E). { L = (list){0}; ADD(L, E.at); }
values(L) ::= values(A) COMMA expression(E). { L = A; ADD(L, E.at); }

/* ---- Expressions ---- */

%type expression {tree}
%type postfix {tree}
postfix(E) ::= NAME(N). { E = tree_name(p, N); }
postfix(E) ::= NUMBER(N). { E = tree_number(p, N); }
postfix(E) ::= QUESTION(Q). { E = tree_free(p, Q); }
postfix(E) ::= LPAREN(O) expression(A) RPAREN(C). { E = A; E.at->at = tree_span(p, O.start, C.end); }
postfix(E) ::= postfix(A) LPAREN(O) RPAREN(C). { E = tree_apply(p, EXPRESSION_call, A, O, NO_ENTRIES, C); }
postfix(E) ::= postfix(A) LPAREN(O) entry_list(L) RPAREN(C). { E = tree_apply(p, EXPRESSION_call, A, O, L, C); }
postfix(E) ::= postfix(A) LBRACKET(O) entry_list(L) RBRACKET(C). {
    E = tree_apply(p, EXPRESSION_select, A, O, L, C);
}
postfix(E) ::= postfix(A) LBRACKET(O) entry_list(L) ARROW entry_list(M) RBRACKET(C). {
    tree_join_arrow(&L, M);
    E = tree_apply(p, EXPRESSION_select, A, O, L, C);
}

%type entry_list {entry_list}
entry_list(L) ::= expression(E). { L = NO_ENTRIES; tree_entry(p, &L, NULL, E); }
entry_list(L) ::= NAME(N) EQ expression(E). { L = NO_ENTRIES; tree_entry(p, &L, &N, E); }
entry_list(L) ::= entry_list(A) COMMA expression(E). { L = A; tree_entry(p, &L, NULL, E); }
entry_list(L) ::= entry_list(A) COMMA NAME(N) EQ expression(E). { L = A; tree_entry(p, &L, &N, E); }

expression(E) ::= postfix(A). { E = A; }
expression(E) ::= IF(T) expression(A) THEN expression(B) ELSE expression(C). {
    E = tree_choice(p, T, A, B, C);
}
expression(E) ::= expression(A) OR expression(B). { E = tree_binary(p, OPERATOR_or, A, B); }
expression(E) ::= expression(A) AND expression(B). { E = tree_binary(p, OPERATOR_and, A, B); }
expression(E) ::= NOT(T) expression(A). { E = tree_unary(p, OPERATOR_not, T, A); }
expression(E) ::= expression(A) LESS expression(B). { E = tree_binary(p, OPERATOR_less, A, B); }
expression(E) ::= expression(A) LESS_EQUAL expression(B). { E = tree_binary(p, OPERATOR_less_equal, A, B); }
expression(E) ::= expression(A) GREATER expression(B). { E = tree_binary(p, OPERATOR_greater, A, B); }
expression(E) ::= expression(A) GREATER_EQUAL expression(B). {
    E = tree_binary(p, OPERATOR_greater_equal, A, B);
}
expression(E) ::= expression(A) EQUAL expression(B). { E = tree_binary(p, OPERATOR_equal, A, B); }
expression(E) ::= expression(A) NOT_EQUAL expression(B). { E = tree_binary(p, OPERATOR_not_equal, A, B); }
expression(E) ::= expression(A) PLUS expression(B). { E = tree_binary(p, OPERATOR_add, A, B); }
expression(E) ::= expression(A) MINUS expression(B). { E = tree_binary(p, OPERATOR_subtract, A, B); }
expression(E) ::= expression(A) TIMES expression(B). { E = tree_binary(p, OPERATOR_multiply, A, B); }
expression(E) ::= expression(A) DIVIDE expression(B). { E = tree_binary(p, OPERATOR_divide, A, B); }
expression(E) ::= MINUS(T) expression(A). [NEGATE] { E = tree_unary(p, OPERATOR_negate, T, A); }
expression(E) ::= expression(A) POWER expression(B). { E = tree_binary(p, OPERATOR_power, A, B); }

%code {
/* Whether the grammar could go on with a token of this kind: the reductions that it would cause are played through on
 * the states alone, the new ones in `over`, which lie upon the first `under` entries of the engine's stack. */
bool grammar_accepts(const void *engine, uint32_t kind) {
    enum { MOST = 32 };
    const yyParser *y = engine;
    YYACTIONTYPE over[MOST];
    uint32_t count = 0;
    ptrdiff_t under = y->yytos - y->yystack;
    for (;;) {
        YYACTIONTYPE state = count ? over[count - 1] : y->yystack[under].stateno;
        YYACTIONTYPE action = yy_find_shift_action((YYCODETYPE)kind, state);
        if (action < YY_MIN_REDUCE) return action <= YY_MAX_SHIFTREDUCE;
        unsigned rule = action - YY_MIN_REDUCE;
        for (int popped = -yyRuleInfoNRhs[rule]; popped > 0; popped--)
            if (count)
                count--;
            else
                under--;
        state = count ? over[count - 1] : y->yystack[under].stateno;
        if (count == MOST) return false;
        over[count++] = yy_find_reduce_action(state, yyRuleInfoLhs[rule]);
    }
}

/* Skips the rest of a statement that the grammar refused, up to its END. */
static token skip_statement(parser *p, token t) {
    uint32_t depth = p->statement_depth;
    while (!p->stop && t.kind && !(t.kind == TOKEN_END && p->depth <= depth)) t = reader_next(p);
    return t;
}

void grammar_run(parser *p) {
    yyParser engine;
    syntax_grammarInit(&engine);
    while (!p->stop) {
        token t = reader_next(p);
        if (p->stop) break;
        p->failed = false;
        syntax_grammar(&engine, t.kind, t, p);
        if (p->failed && t.kind != TOKEN_END) {
            t = skip_statement(p, t);
            if (!p->stop) syntax_grammar(&engine, t.kind, t, p);
        }
        if (p->failed) engine.yyerrcnt = -1;
        if (t.kind == TOKEN_END) p->quiet = false;
        if (t.kind == 0) break;
    }
    syntax_grammarFinalize(&engine);
}
}
