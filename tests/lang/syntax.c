/* The parser: every form of the language against a tree written by hand, precedence, where lines go on, the
 * places of mistakes, texts that are no programs, and running out of memory at every allocation. */
#include <stdlib.h>

#include "lang/syntax.h"
#include "tests/check.h"

/* ---- A host ---- */

typedef struct host {
    long left; /* allocations that succeed; negative: all */
    long blocks;
    bool refused;
} host;

static void *host_allocate(void *user, void *block, size_t old_size, size_t size) {
    host *h = user;
    (void)old_size;
    if (size == 0) {
        h->blocks--;
        free(block);
        return NULL;
    }
    h->refused |= h->left == 0;
    if (h->left == 0) return NULL;
    if (h->left > 0) h->left--;
    if (!block) h->blocks++;
    return realloc(block, size);
}

/* The tree of a text, then a line `line:column message` for each mistake. NULL when memory ran out. */
static char *parse(const char *text, size_t length, long allocations, long *blocks) {
    host h = {.left = allocations};
    jmp_buf escape;
    memory m = {host_allocate, &h, &escape};
    arena a;
    arena_open(&a, &m);
    FILE *volatile to = NULL;
    static char *result;
    static size_t size;
    result = NULL;
    if (setjmp(escape) == 0) {
        diagnostics d;
        names n;
        diagnostics_open(&d, &a);
        names_open(&n, &a);
        uint32_t number = diagnostics_source(&d, "test.vm", text, length, false);
        syntax s = syntax_parse(&d, &n, number);
        to = open_memstream(&result, &size);
        syntax_print(&s, to);
        for (uint32_t i = 0; i < d.list.count; i++) {
            uint32_t line, column;
            const diagnostic *x = &d.list.at[i];
            source_place(&d.sources.at[number], x->at.start, &line, &column);
            const char *code = x->code == DIAGNOSTIC_syntax && x->help && *x->help ? "" : "(no help) ";
            fprintf(to, "%u:%u %s%s\n", line, column, code, x->message);
            diagnostic_text(&d, x);
        }
    }
    if (to) fclose(to);
    arena_close(&a);
    if (blocks) *blocks = h.blocks;
    if (h.refused) {
        free(result);
        return NULL;
    }
    return result;
}

static void expect_length(const char *name, const char *text, size_t length, const char *expected) {
    char *got = parse(text, length, -1, NULL);
    check(strcmp(got, expected) == 0, name, "expected\n%s\ngot\n%s", expected, got);
    free(got);
}

static void expect(const char *name, const char *text, const char *expected) {
    expect_length(name, text, strlen(text), expected);
}

/* One expression, as the value of a `let`. */
static void expect_expression(const char *text, const char *tree) {
    char source[512], expected[512];
    snprintf(source, sizeof source, "let x = %s\n", text);
    snprintf(expected, sizeof expected, "(let x = %s)\n", tree);
    expect(text, source, expected);
}

/* ---- Forms ---- */

static void test_expressions(void) {
    static const char *const TABLE[][2] = {
        {"1", "1"},
        {".5", "0.5"},
        {"1e-3", "0.001"},
        {"2.5E+2", "250"},
        {"123456789012345678", "1.2345678901234568e+17"},
        {"0.1", "0.1"},
        {"?", "?"},
        {"inf", "inf"},
        {"second.W", "second.W"},
        {"n''", "n''"},
        {"σ_β", "σ_β"},
        {"-x^2", "(- (^ x 2))"},
        {"2^-1", "(^ 2 (- 1))"},
        {"2^3^4", "(^ 2 (^ 3 4))"},
        {"2^-x^2", "(^ 2 (- (^ x 2)))"},
        {"-a * b", "(* (- a) b)"},
        {"a - b - c", "(- (- a b) c)"},
        {"a / b * c", "(* (/ a b) c)"},
        {"a + b * c", "(+ a (* b c))"},
        {"(a + b) * c", "(* (+ a b) c)"},
        {"a * -b", "(* a (- b))"},
        {"a == b + 1", "(== a (+ b 1))"},
        {"not a == b", "(not (== a b))"},
        {"not a and b", "(and (not a) b)"},
        {"a or b and c", "(or a (and b c))"},
        {"a < b or c >= d", "(or (< a b) (>= c d))"},
        {"a != b and c <= d", "(and (!= a b) (<= c d))"},
        {"if a then b else c + 1", "(if a b (+ c 1))"},
        {"if a then b else if c then d else e", "(if a b (if c d e))"},
        {"1 + if a then b else c + 1", "(+ 1 (if a b (+ c 1)))"},
        {"if a or b then 1 else 2", "(if (or a b) 1 2)"},
        {"f()", "(f:)"},
        {"f(a, b)(c)", "((f: a b): c)"},
        {"f(loc = 0, scale = a + 1)", "(f: loc=0 scale=(+ a 1))"},
        {"-f(x)^2", "(- (^ (f: x) 2))"},
        {"x[n']", "[x: n']"},
        {"h[time - 1]", "[h: (- time 1)]"},
        {"h[time <-1]", "[h: (< time (- 1))]"},
        {"P[s[time - 1]]", "[P: [s: (- time 1)]]"},
        {"b[treatment = drug, k]", "[b: treatment=drug k]"},
        {"sum[k](w * z)", "([sum: k]: (* w z))"},
        {"dense[in, k -> out](h)", "([dense: in k -> out]: h)"},
        {"(n == n')", "(== n n')"},
        {"x' * y", "(* x' y)"},
        {"over + key * from - last / to", "(- (+ over (* key from)) (/ last to))"},
        {"model(data, fit)[axis]", "[(model: data fit): axis]"},
        {"truncated[above] + censored(below)", "(+ [truncated: above] (censored: below))"},
    };
    for (size_t i = 0; i < sizeof TABLE / sizeof TABLE[0]; i++) expect_expression(TABLE[i][0], TABLE[i][1]);
}

static void test_declarations(void) {
    expect("axes",
           "axis a, b = 3,\n  c = {control, drug}\naxis home from \"h\\\"o.csv\"\naxis county from \"c.csv\" "
           "key name\n",
           "(axis a)\n(axis b = 3)\n(axis c = {control drug})\n(axis home from \"h\"o.csv\")\n"
           "(axis county from \"c.csv\" key name)\n");
    expect("labels over lines", "axis c = {\n  control,\n  drug\n}\n", "(axis c = {control drug})\n");
    expect("sources", "data from \"f.json\"; import \"f.vm\"", "(source \"f.json\")\n(import \"f.vm\")\n");
    expect(
        "data",
        "data x[a] : county from 0\ndata y : T?\ndata z[a, b] : positive = 2\ndata w : interval(0, 1 - a)\n"
        "data from : real\ndata key : simplex[k]\n",
        "(data x[a] : county from 0)\n(data y : T?)\n(data z[a b] : positive = 2)\n"
        "(data w : interval(0 (- 1 a)))\n(data from : real)\n(data key : simplex[k])\n");
    expect("param, let",
           "param w[k] : simplex\nparam c : real = normal(0, 1)\nlet a, b = f(x)\nlet at[y] : tick = 2\n",
           "(param w[k] : simplex)\n(param c : real = (normal: 0 1))\n(let a, b = (f: x))\n(let at[y] : tick "
           "= 2)\n");
    expect("functions",
           "fn f(a, b) = a\nfn g(a) = a, -a\nfn softmax[k](x) : simplex[k] = x\nfn kl(p : normal, q : "
           "normal) = 0\n"
           "fn h(x)\n{\n  y = x; return y, x }\n",
           "(fn f(a, b) = a)\n(fn g(a)\n  (return a, (- a))\n)\n(fn softmax[k](x) : simplex[k] = x)\n"
           "(fn kl(p : normal, q : normal) = 0)\n(fn h(x)\n  (define y = x)\n  (return y, x)\n)\n");
    expect("net", "net dense[in -> out](x) {\n  param W[in, out] : real = 0\n  return sum[in](W * x)\n}\n",
           "(net dense[in -> out](x)\n  (param W[in out] : real = 0)\n  (return ([sum: in]: (* W x)))\n)\n");
    expect("dist",
           "dist flat() : real { log_density(x) = 0 }\ndist point : real { mean = 0 }\n"
           "dist dirichlet(concentration[k] : positive) : simplex[k] { cdf(x) = x\n\n  sample = 1 }\n"
           "dist multi_normal(loc[n] : real, covariance[n, n'] : covariance) : real[n] { }\n",
           "(dist flat() : real\n  (property log_density(x) = 0)\n)\n(dist point : real\n  (property mean = "
           "0)\n)\n"
           "(dist dirichlet(concentration[k] : positive) : simplex[k]\n  (property cdf(x) = x)\n"
           "  (property sample = 1)\n)\n"
           "(dist multi_normal(loc[n] : real, covariance[n n'] : covariance) : real[n]\n)\n");
    expect("fit",
           "fit { batch = image: 100; anneal = 0 -> 1 over 1000\n  objective = iwae(50); over = 2; estimator "
           "= z: stl, rest: auto }",
           "(fit\n  (option batch = image: 100)\n  (option anneal = 0 -> 1 over 1000)\n  (option objective = "
           "(iwae: 50))\n"
           "  (option over = 2)\n  (option estimator = z: stl, rest: auto)\n)\n");
}

static void test_statements(void) {
    expect("draws",
           "model {\n  x : interval(0, 1 - a) ~ flat(); mu[k] : ordered ~ normal(0, 1)\n"
           "  h[time > 1] ~ d(h[time - 1])\n  z[p, step = last] ~ d()\n}\n",
           "(model\n  (draw x : interval(0 (- 1 a)) ~ (flat:))\n  (draw mu[k] : ordered ~ (normal: 0 1))\n"
           "  (draw h[(> time 1)] ~ (d: [h: (- time 1)]))\n  (draw z[p step=last] ~ (d:))\n)\n");
    expect("truncated, censored",
           "model {\n  a ~ d() truncated [0.1, inf]\n  b ~ d() censored above (if x then y else z)\n"
           "  c ~ d() censored below 1 + 2\n  e ~ d() truncated [0, 9] censored above a below b\n"
           "  f ~ d() censored below a censored above b\n}\n",
           "(model\n  (draw a ~ (d:) truncated 0.1 to inf)\n  (draw b ~ (d:) above (if x y z))\n"
           "  (draw c ~ (d:) below (+ 1 2))\n  (draw e ~ (d:) truncated 0 to 9 above a below b)\n"
           "  (draw f ~ (d:) above b below a)\n)\n");
    expect("guide", "guide { mu, tau ~ full_rank(); second.W ~ low_rank(3); rest ~ normal(?, ?) }",
           "(guide\n  (draw mu, tau ~ (full_rank:))\n  (draw second.W ~ (low_rank: 3))\n  (draw rest ~ "
           "(normal: ? ?))\n)\n");
    expect(
        "definitions",
        "model {\n  a, b = f(x)\n  u[t > 1], v[t > 1] = g(u[t - 1],\n     v[t - 1])\n  factor -0.5 * x^2\n"
        "  data = 1; model ~ d(); axis[k] = 2; fit, let = f(); key = 3; factor = 2\n}\n",
        "(model\n  (define a, b = (f: x))\n  (define u[(> t 1)], v[(> t 1)] = (g: [u: (- t 1)] [v: (- t "
        "1)]))\n"
        "  (factor (* (- 0.5) (^ x 2)))\n  (define data = 1)\n  (draw model ~ (d:))\n  (define axis[k] = 2)\n"
        "  (define fit, let = (f:))\n  (define key = 3)\n  (define factor = 2)\n)\n");
}

static void test_lines(void) {
    expect("lines go on",
           "let x = 1 +\n  2 *\n\n # between\n  3\nlet y =\n  f(\n1\n,\n2\n)\nlet z = if a then\n 1 else\n 2 "
           "and\n not\n 3\n",
           "(let x = (+ 1 (* 2 3)))\n(let y = (f: 1 2))\n(let z = (if a 1 (and 2 (not 3))))\n");
    expect("braces", "model\n\n{\n\n;; x = 1;\n}\nguide { } generate { y = 2 } fit\n{\n}\n",
           "(model\n  (define x = 1)\n)\n(guide\n)\n(generate\n  (define y = 2)\n)\n(fit\n)\n");
    expect("carriage returns", "axis n\r\nmodel {\r\n  x ~ d(1,\r\n  2)\r\n}\r\n",
           "(axis n)\n(model\n  (draw x ~ (d: 1 2))\n)\n");
    expect("nothing", "", "");
    expect("comments alone", "\n# a\n  # b", "");
    expect("byte order mark",
           "\xef\xbb\xbf"
           "axis n",
           "(axis n)\n");
}

static void test_comments(void) {
    const char *text =
        "# title\n\n# of n\r\n#of it \naxis n # behind\n# of y\nmodel { # in\n  # of z\n  z = 1; w = 2\n}\n";
    host h = {.left = -1};
    jmp_buf escape;
    memory m = {host_allocate, &h, &escape};
    arena a;
    arena_open(&a, &m);
    if (setjmp(escape)) return;
    diagnostics d;
    names n;
    diagnostics_open(&d, &a);
    names_open(&n, &a);
    syntax s = syntax_parse(&d, &n, diagnostics_source(&d, "c.vm", text, strlen(text), false));
    const items *body = &s.items.at[1]->block.items;
    CHECK(strcmp(s.items.at[0]->comment, "of n\nof it ") == 0, "comment of two lines");
    CHECK(strcmp(s.items.at[1]->comment, "of y") == 0, "comment of a block");
    CHECK(strcmp(body->at[0]->comment, "of z") == 0, "comment within a block");
    CHECK(!body->at[1]->comment, "no comment within a line");
    span at = body->at[1]->at;
    CHECK(memcmp(text + at.start, "w = 2", at.end - at.start) == 0 && at.end - at.start == 5,
          "span of a statement");
    arena_close(&a);
    CHECK(h.blocks == 0, "no block is left");
}

/* ---- Mistakes ---- */

static void test_mistakes(void) {
    static const char *const TABLE[][3] = {
        {"two tildes", "model {\n  mu ~~ normal(0, 5)\n  x ~ d()\n}\n",
         "(model\n  (draw x ~ (d:))\n)\n2:7 a second `~`\n"},
        {"character", "model {\n  y ~ d(mu $ 2, 1)\n}\n",
         "(model\n)\n2:12 `$` is not part of the language\n"},
        {"several", "let x = 1 1\nlet y = * 2\nlet z = 3\nlet w = )\n",
         "(let z = 3)\n1:11 found `1` where the end of the statement is expected\n2:9 found `*` where an "
         "expression is expected\n"
         "4:9 `)` closes nothing\n"},
        {"several on a line", "model { a = 1 2; b = 3; c = ; d = 4 }",
         "(model\n  (define b = 3)\n  (define d = 4)\n)\n1:15 found `2` where the end of the statement is "
         "expected\n"
         "1:28 nothing stands behind `=`\n"},
        {"net without return", "axis a\nnet f[i -> o](x) {\n  y = x\n}\n",
         "(axis a)\n(net f[i -> o](x)\n  (define y = x)\n)\n2:1 `f` returns nothing\n"},
        {"mistake in a net", "net f[i -> o](x) {\n  return $\n}\n",
         "(net f[i -> o](x)\n)\n2:10 `$` is not part of the language\n"},
        {"fn without return", "fn f(x) {\n y = x }\n",
         "(fn f(x)\n  (define y = x)\n)\n1:1 `f` returns nothing\n"},
        {"two returns", "fn f(x) {\n return x\n return 1 }\n",
         "(fn f(x)\n  (return x)\n  (return 1)\n)\n3:2 a second `return`\n"},
        {"open parenthesis", "model {\n  x ~ d(0, 1\n  y ~ d()\n}\n",
         "(model\n  (draw y ~ (d:))\n)\n2:8 `(` is not closed\n"},
        {"open bracket, comma", "model {\n  x ~ d(a[0,\n  y ~ d()\n  z ~ d()\n}\n",
         "(model\n  (draw z ~ (d:))\n)\n2:10 `[` is not closed\n"},
        {"open bracket at the end", "let x = f(1,", "1:10 `(` is not closed\n"},
        {"open block", "model {\n  x ~ d()\nguide {\n  x ~ d()\n}\n",
         "(model\n  (draw x ~ (d:))\n)\n(guide\n  (draw x ~ (d:))\n)\n1:7 `{` is not closed\n"},
        {"open block at the end", "axis n\nmodel {\n  x ~ d()\n",
         "(axis n)\n(model\n  (draw x ~ (d:))\n)\n2:7 `{` is not closed\n"},
        {"wrong partner", "let x = f(a[1)\nlet y = 2\n",
         "(let y = 2)\n1:14 `)` cannot close the `[` of line 1\n"},
        {"stray brace", "axis n\n}\naxis m\n", "(axis n)\n(axis m)\n2:1 `}` closes nothing\n"},
        {"arrow", "model {\n  mu <- 3\n}\n", "(model\n)\n2:6 `<-` does not define a name\n"},
        {"colon equals", "let x := 3\n", "1:7 `:=` is not part of the language\n"},
        {"equal", "model { x == 3 }", "(model\n)\n1:11 `==` compares; it does not define\n"},
        {"line comment", "let x = 3 // half\n", "1:11 `//` does not start a comment\n"},
        {"block comment", "/* a\n b */\nlet x = 3\n", "(let x = 3)\n1:1 `/*` does not start a comment\n"},
        {"Stan type", "model {\n  real mu;\n}\n", "(model\n)\n2:3 a type stands behind its name\n"},
        {"Stan bounds", "model {\n  int<lower=0> N; x = 1\n}\n",
         "(model\n  (define x = 1)\n)\n2:3 a type stands behind its name\n"},
        {"loop", "model {\n  for (i in 1:N) {\n    y[i] ~ d()\n  }\n  x = 1\n}\n",
         "(model\n  (define x = 1)\n)\n2:3 there are no loops\n"},
        {"power", "let x = a ** 2\n", "1:11 `**` is not an operator\n"},
        {"matrix product", "let x = a %*% 2\n", "1:11 `%*%` is not an operator\n"},
        {"range", "let x = a[1:3]\n", "1:12 `:` cannot stand here\n"},
        {"bang", "let x = !a\n", "1:9 `!` is not an operator\n"},
        {"C's logic", "let x = a && b\nlet y = a || b\n",
         "1:11 `&&` is not an operator\n2:11 `||` is not an operator\n"},
        {"single quotes", "data from 'f'\n", "1:11 single quotes mean nothing here\n"},
        {"no quotes", "axis a from f.csv\n", "1:13 the file's name is not in quotes\n"},
        {"open quotes", "data from \"f\n", "1:11 the quotation mark is not closed on its line\n"},
        {"bare point", "let x = 1. + 2\n", "1:9 `1.` ends in a decimal point\n"},
        {"number and name", "let x = 2y\n", "1:9 `2y` is neither a number nor a name\n"},
        {"underscore", "let x = 1_000\n", "1:9 `1_000` is neither a number nor a name\n"},
        {"large number", "let x = 1e999\n", "1:9 the number 1e999 is too large\n"},
        {"decimal comma", "let x = 0,5\n", "1:10 a second value behind the comma\n"},
        {"chain", "let x = 0 < y < 1\n", "1:15 comparisons do not chain\n"},
        {"Python block", "model:\n  mu ~ d()\n", "(draw mu ~ (d:))\n1:1 `model` without its `{`\n"},
        {"block without brace", "model\n  mu ~ d()\n}\n", "(draw mu ~ (d:))\n1:1 `model` without its `{`\n"},
        {"line with an operator", "let x = a\n  + b\n",
         "(let x = a)\n2:3 a line that starts with `+` does not continue the one above\n"},
        {"line ends in an operator", "model {\n  x = a +\n  y ~ d()\n}\n",
         "(model\n)\n2:9 `+` at the end of this line joins the next one to it\n"},
        {"declaration after an operator", "let x = a +\ndata y : real\n",
         "(data y : real)\n1:12 found the end of the line where an expression is expected\n"},
        {"reserved", "model { and = 3 }",
         "(model\n)\n1:9 `and` is a word of the language and cannot be a name\n"},
        {"misplaced", "mu ~ d()\nmodel { axis n }\n",
         "(draw mu ~ (d:))\n(model\n  (axis n)\n)\n1:1 `~` cannot stand at top level\n"
         "2:9 `axis` cannot stand in `model`\n"},
        {"no type", "data x[a]\n", "(data x[a])\n1:6 `x` has no type\n"},
        {"point in a name", "axis a.b\n", "(axis a.b)\n1:6 `a.b` is declared, and has a point in it\n"},
        {"near word", "modle {\n x ~ d()\n}\n", "1:1 no statement starts with the word `modle`\n"},
        {"data block", "data {\n int N;\n}\naxis n\n", "(axis n)\n1:6 there is no block of data\n"},
        {"minus sign", "let x = 3 − 2\n", "1:11 `−` is not the minus sign\n"},
        {"columns count characters", "let μ = σ $\n", "1:11 `$` is not part of the language\n"},
        {"if without else", "let x = if a then b\n",
         "1:20 found the end of the line where `else` is expected\n"},
        {"twice truncated", "model { x ~ d() truncated [0, 1] truncated [1, 2] }",
         "(model\n  (draw x ~ (d:) truncated 1 to 2)\n)\n1:34 a second `truncated`\n"},
    };
    for (size_t i = 0; i < sizeof TABLE / sizeof TABLE[0]; i++) expect(TABLE[i][0], TABLE[i][1], TABLE[i][2]);
}

/* ---- Texts that are no programs ---- */

static char *repeat(const char *before, const char *part, size_t count, const char *after) {
    size_t length = strlen(part);
    char *text = malloc(strlen(before) + count * length + strlen(after) + 1), *to = stpcpy(text, before);
    for (size_t i = 0; i < count; i++) to = stpcpy(to, part);
    stpcpy(to, after);
    return text;
}

static bool has_line(const char *text, const char *line) { return strstr(text, line) != NULL; }

static uint32_t lines_of(const char *text) {
    uint32_t count = 0;
    for (; *text; text++) count += *text == '\n';
    return count;
}

static void expect_repeated(const char *name, const char *before, const char *part, size_t count,
                            const char *after, const char *line) {
    char *text = repeat(before, part, count, after), *got = parse(text, strlen(text), -1, NULL);
    check(has_line(got, line), name, "no line `%s` in %.300s", line, got);
    free(got);
    free(text);
}

static void test_robustness(void) {
    expect_length("zero byte", "let x = 1\nlet \0", 15, "2:5 byte 0x00 is not UTF-8 text\n");
    expect("not UTF-8", "# caf\xe9\nlet x = 1\n", "1:6 byte 0xe9 is not UTF-8 text\n");
    expect("surrogate", "let \xed\xa0\x80 = 1\n", "1:5 byte 0xed is not UTF-8 text\n");
    expect_repeated("100,000 brackets", "let x = ", "(", 100000, "", "1:209 this is nested too deeply\n");
    expect_repeated("100,000 indices", "let x = ", "a[", 100000, "", "1:410 this is nested too deeply\n");
    expect_repeated("100,000 closing brackets", "let x = 1", ")", 100000, "", "1:10 `)` closes nothing\n");
    expect_repeated("100,000 blocks", "", "model {\n", 100000, "", "1:7 `{` is not closed\n");
    expect_repeated("100,000 signs", "let x = ", "-", 100000, "1\n", "this is nested too deeply\n");
    expect_repeated("100,000 powers", "let x = ", "2^", 100000, "1\n", "this is nested too deeply\n");
    expect_repeated("100,000 choices", "let x = ", "if a then 1 else ", 100000, "1\n",
                    "this is nested too deeply\n");
    expect_repeated("100,000 terms", "let x = ", "1 + ", 100000, "1\n",
                    "1:9 this expression has too many operators\n");
    expect_repeated("a sum of 900 terms", "let x = ", "a + ", 900, "a\nlet y = 2\n", "(let y = 2)\n");
    expect_repeated("100,000 calls", "let x = f", "(1)", 100000, "\n",
                    "1:9 this expression has too many operators\n");
    expect_repeated("a line of 1 MB", "let x = f(", "1, ", 350000, "2)\nlet y = $\n",
                    "2:9 `$` is not part of the language\n");
    expect_repeated("10 MB of statements", "model {\n", "  y[n] ~ normal(a + b * x, sigma)    # as above\n",
                    220000, "}\nlet x = $\n", "220003:9 `$` is not part of the language\n");
    char *text = repeat("", "let x = $\n", 1000, ""), *got = parse(text, strlen(text), -1, NULL);
    CHECK(lines_of(got) == 20, "20 mistakes are told");
    free(got);
    free(text);
    text = repeat("let x = ", "(", SYNTAX_DEEPEST, "1");
    char *closed = repeat(text, ")", SYNTAX_DEEPEST, "\n");
    expect("brackets to the limit", closed, "(let x = 1)\n");
    free(closed);
    free(text);
}

/* Every prefix of a program ends in mistakes or none, but it ends; so does the program with any byte
 * replaced. */
static void test_damage(void) {
    const char *program =
        "axis a, b = {p, q} # c\ndata x[a] : real? = 1\nnet f[a -> b](x) {\n  w[a, b] ~ d(?, 1)\n"
        "  return sum[a](w * x), if x > 1 then 2 else 3\n}\ndist e(s : unit) : real { mean = s }\n"
        "model {\n  y[a = 1] ~ e(0.5) truncated [0, 1] censored above 3\n}\nfit { k = n: 1e3 }\n";
    static const char BYTES[] = "(){}[]~=,;:\n'\"#$-<x1.\xc3";
    size_t length = strlen(program);
    char *text = strdup(program);
    bool good = true;
    for (size_t i = 0; i <= length; i++) {
        text[i] = 0;
        char *got = parse(text, i, -1, NULL);
        good &= got && !has_line(got, "(no help)");
        free(got);
        for (size_t k = 0; i < length && k < sizeof BYTES - 1; k++) {
            text[i] = BYTES[k];
            got = parse(text, length, -1, NULL);
            good &= got && !has_line(got, "(no help)");
            free(got);
        }
        text[i] = program[i];
    }
    free(text);
    CHECK(good, "damaged programs");
}

static void test_memory(void) {
    char *text = repeat("model {\n  x = $\n", "  y[n] ~ normal(a + b * x, sigma)\n  z = f(x, 1)\n", 4000,
                        "  x = $\n}\n");
    bool clean = true;
    long n = 0;
    for (;; n++) {
        long blocks = 0;
        char *got = parse(text, strlen(text), n, &blocks);
        clean &= blocks == 0;
        free(got);
        if (got || n > 1000) break;
    }
    free(text);
    check(clean && n > 5 && n <= 1000, "memory runs out at every allocation", "%ld allocations", n);
}

int main(void) {
    test_expressions();
    test_declarations();
    test_statements();
    test_lines();
    test_comments();
    test_mistakes();
    test_robustness();
    test_damage();
    test_memory();
    return check_end();
}
