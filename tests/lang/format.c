/* The formatter: programs in the house style stay as they are; a program whose blanks were shaken keeps its
 * meaning and its comments, and is done after one pass. */
#include "lang/format.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lang/parser.h"
#include "tests/check.h"
#include "tests/memory.h"

enum { SHAKES = 12 };

typedef struct compilation {
    diagnostics d;
    names n;
    uint32_t source;
} compilation;

static compilation *opened(arena *a, const char *text) {
    compilation *c = arena_new(a, compilation);
    diagnostics_open(&c->d, a);
    names_open(&c->n, a);
    c->source = diagnostics_source(&c->d, "test.vm", text, strlen(text), false);
    return c;
}

/* NULL where the text has mistakes. */
static const char *formatted(arena *a, const char *text) {
    compilation *c = opened(a, text);
    size_t length;
    const char *result = format_source(&c->d, &c->n, c->source, &length);
    return result && strlen(result) == length ? result : NULL;
}

/* The tree, then the comments, a line each. */
static char *meaning(arena *a, const char *text) {
    compilation *c = opened(a, text);
    char *result;
    size_t size;
    FILE *to = open_memstream(&result, &size);
    syntax s = syntax_parse(&c->d, &c->n, c->source);
    syntax_print(&s, to);
    lexer l = {a, &c->n, text, (const unsigned char *)text};
    uint32_t end = 0;
    for (token t = lex_next(&l);; t = lex_next(&l)) {
        for (const char *p = text + end; (p = memchr(p, '#', (size_t)(text + t.start - p)));) {
            size_t length = strcspn(p, "\n"), kept = length;
            while (p[kept - 1] == ' ') kept--;
            fprintf(to, "%.*s\n", (int)kept, p);
            p += length;
        }
        end = t.end;
        if (!t.kind) break;
    }
    fclose(to);
    return result;
}

static bool keeps(arena *a, const char *text, const char *result) {
    char *before = meaning(a, text), *after = meaning(a, result);
    bool same = strcmp(before, after) == 0;
    free(before);
    free(after);
    return same;
}

/* ---- texts ---- */

static char *read_whole(arena *a, const char *path) {
    FILE *from = fopen(path, "rb");
    if (!from) return NULL;
    char *text = arena_take(a, 1 << 16);
    size_t length = fread(text, 1, (1 << 16) - 1, from);
    text[length] = 0;
    fclose(from);
    return text;
}

static uint64_t random_below(uint64_t *state, uint64_t n) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (*state >> 33) % n;
}

/* The same tokens and comments with other blanks: more or fewer of them, and where a line goes on in any
 * case, behind an operator, a new line. */
static char *shaken(arena *a, const char *text, uint64_t *state) {
    compilation *c = opened(a, text);
    char *out = arena_take(a, 8 * strlen(text) + 16);
    size_t n = 0;
    lexer l = {a, &c->n, text, (const unsigned char *)text};
    uint32_t end = 0;
    uint16_t before = 0;
    for (token t = lex_next(&l);; t = lex_next(&l)) {
        for (uint32_t i = end; i < t.start; i++) {
            bool gap = text[i] == ' ' && !memchr(text + end, '#', t.start - end);
            bool drop = gap && i + 1 < t.start && text[i + 1] == ' ';
            if (!drop || random_below(state, 2)) out[n++] = text[i];
            if (gap || (text[i] == '\n' && t.kind)) {
                for (uint64_t more = random_below(state, 8); more > 4; more--) out[n++] = ' ';
            }
        }
        if (!t.kind) break;
        bool goes_on = before && token_role(before) == ROLE_operator && end == t.start - 1;
        if (goes_on && random_below(state, 12) == 0) out[n++] = '\n';
        memcpy(out + n, text + t.start, t.end - t.start);
        n += t.end - t.start;
        end = t.end;
        before = t.kind;
    }
    out[n] = 0;
    return out;
}

static void test_text(arena *a, const char *path, const char *text, bool in_style) {
    const char *once = formatted(a, text);
    if (!once) return; /* a program with mistakes of syntax */
    if (in_style) check(strcmp(once, text) == 0, "the style of programs", "%s changes", path);
    check(strcmp(formatted(a, once), once) == 0, "formatting is done after one pass", "%s", path);
    check(keeps(a, text, once), "formatting keeps the program and its comments", "%s", path);
    uint64_t state = 20261121;
    for (int i = 0; i < SHAKES; i++) {
        char *other = shaken(a, text, &state);
        const char *result = formatted(a, other);
        if (!result || !keeps(a, other, result) || strcmp(formatted(a, result), result) != 0) {
            check(false, "a shaken program", "%s:\n%s\nis formatted as\n%s", path, other,
                  result ? result : "");
            return;
        }
    }
    check(true, "a shaken program", "%s", path);
}

static uint32_t test_folder(arena *memory_of, const char *folder, bool in_style) {
    uint32_t count = 0;
    DIR *d = opendir(folder);
    for (struct dirent *e; d && (e = readdir(d));) {
        size_t length = strlen(e->d_name);
        if (length < 4 || strcmp(e->d_name + length - 3, ".vm") != 0) continue;
        arena a;
        arena_open(&a, memory_of->memory);
        char *path = arena_print(&a, "%s/%s", folder, e->d_name), *text = read_whole(&a, path);
        if (text) test_text(&a, path, text, in_style), count++;
        arena_close(&a);
    }
    if (d) closedir(d);
    return count;
}

/* ---- what changes ---- */

static void becomes(arena *a, const char *text, const char *wanted, const char *name) {
    const char *result = formatted(a, text);
    check(result && strcmp(result, wanted) == 0, name, "it becomes\n%s", result ? result : "nothing");
}

static void test_rules(arena *a) {
    becomes(a, "model{a~normal(0,-1 ^ -2)}", "model { a ~ normal(0, -1^-2) }\n", "blanks between tokens");
    becomes(a, "let x=if not(a==b)and c then-1 else f [a->b] ( 2 )\n",
            "let x = if not (a == b) and c then -1 else f[a -> b](2)\n", "… around words");
    becomes(a, "data x[a,b]:real?=1\ndata y : county   from 0\n",
            "data x[a, b] : real? = 1\ndata y : county from 0\n", "… in declarations");
    becomes(a, "model\n{\n\n\n a~f(1);b~f(2) ;\n\n\n  c~f(3)truncated[0,inf]}guide{}",
            "model {\n  a ~ f(1);  b ~ f(2)\n\n  c ~ f(3) truncated [0, inf]\n}\nguide {}\n", "lines");
    becomes(a, "fit{batch=image:100;anneal=0->1 over 20}",
            "fit { batch = image: 100; anneal = 0 -> 1 over 20 }\n", "options");
    becomes(a, "fit{estimator=z :score ,rest:  stl}", "fit { estimator = z: score, rest: stl }\n",
            "names in an option");
    becomes(a, "model {\n  a    ~ f(1)\n  bb[x,y] ~ f(2)\n  ccc  ~ f(3)\n}\n",
            "model {\n  a    ~ f(1)\n  bb[x, y] ~ f(2)\n  ccc  ~ f(3)\n}\n", "a column that is kept");
    becomes(a, "let a    = 1\nlet b[x,y]=2\n", "let a = 1\nlet b[x, y] = 2\n", "a gap that is in no column");
    becomes(a, "let a      = 1\nlet b[x,y] = 2\n", "let a       = 1\nlet b[x, y] = 2\n",
            "a column that moves");
    becomes(a, "let μ[x,y]   = 1   # one\nlet x[x]     = 2   # two\n                   # more\n",
            "let μ[x, y]   = 1   # one\nlet x[x]      = 2   # two\n                    # more\n", "comments");
    becomes(a, "model {\n  x ~ normal(a,\n    b,\n             c)\n}\n",
            "model {\n  x ~ normal(a,\n    b,\n             c)\n}\n", "lines that go on");
    becomes(a, "\n\n# only a comment   \r\n", "# only a comment\n", "a comment alone");
    becomes(a, "", "", "nothing");
    CHECK(!formatted(a, "model { a ~ }"), "a program with mistakes is not formatted");
}

/* usage: test_lang_format [FOLDER…]   folders of programs in the house style */
int main(int count, char **arguments) {
    arena a;
    test_memory(&a);
    test_rules(&a);
    const char *const folders[] = {"stdlib", "tests/lang/ok", "tests/log_density/programs", "tests/accuracy"};
    uint32_t read = 0;
    for (int i = 0; i < 4; i++) read += test_folder(&a, folders[i], true);
    read += test_folder(&a, "tests/lang/bad", false);
    for (int i = 1; i < count; i++) read += test_folder(&a, arguments[i], true);
    if (!read) puts("skip texts: the programs are not here");
    arena_close(&a);
    return check_end();
}
