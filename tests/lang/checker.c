/* The checker from inside: the axes, types and bounds that it derives, the order of statements, what becomes
 * of a density that is narrowed, truncated or censored, closed forms, and that neither memory that ends, nor
 * long chains, nor broken text bring it down. What it says about mistakes is in tests/lang/bad. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lang/program.h"
#include "tests/check.h"

/* ---- compiling a text ---- */

typedef struct compiled {
    jmp_buf escape;
    memory memory;
    arena arena;
    diagnostics diagnostics;
    names names;
    program *program;
    long left; /* allocations until one fails; negative: none does */
    size_t held;
} compiled;

static void *allocate(void *user, void *block, size_t old_size, size_t size) {
    compiled *c = user;
    if (size && c->left == 0) return NULL;
    if (size && c->left > 0) c->left--;
    c->held += size - old_size;
    if (size) return realloc(block, size);
    free(block);
    return NULL;
}

/* False where memory ended, with nothing held. */
static bool compile_within(compiled *c, const char *text, size_t length, long allocations) {
    *c = (compiled){.left = allocations};
    c->memory = (memory){allocate, c, &c->escape};
    if (setjmp(c->escape)) {
        arena_close(&c->arena);
        return false;
    }
    arena_open(&c->arena, &c->memory);
    diagnostics_open(&c->diagnostics, &c->arena);
    names_open(&c->names, &c->arena);
    uint32_t source = diagnostics_source(&c->diagnostics, "test.vm", text, length, false);
    c->program = program_compile(&c->diagnostics, &c->names, source, NULL);
    return true;
}

static bool compile(compiled *c, const char *text) {
    compile_within(c, text, strlen(text), -1);
    for (uint32_t i = 0; i < c->diagnostics.list.count; i++)
        printf("%s", diagnostic_text(&c->diagnostics, &c->diagnostics.list.at[i]));
    return c->diagnostics.errors == 0;
}

static const variable_row *variable_named(const compiled *c, const char *n) {
    for (variable v = 0; v < c->program->variables.count; v++)
        if (strcmp(c->program->variables.at[v].name, n) == 0) return program_variable(c->program, v);
    return NULL;
}

static const draw *draw_of(const compiled *c, const char *n, bool guide) {
    const program *p = c->program;
    uint32_t count = guide ? p->guide.count : p->model.count;
    for (uint32_t i = 0; i < count; i++) {
        const draw *d = guide ? &p->guide.at[i] : &p->model.at[i];
        if (strcmp(program_variable(p, d->of)->name, n) == 0) return d;
    }
    return NULL;
}

/* ---- the value of a node without axes ---- */

typedef struct setting {
    const char *name;
    double value;
} setting;

/* The program's own arithmetic for scalars, enough for the densities below; each name takes its value from
 * the settings. */
static double value_of(const program *p, node n, const setting *given) {
    const node_row *r = program_node(p, n);
    double x[3] = {0};
    for (int i = 0; i < node_inputs(r->op); i++) x[i] = value_of(p, r->in[i], given);
    switch (r->op) {
    case NODE_number: return r->number;
    case NODE_variable:
        for (; given->name; given++)
            if (strcmp(given->name, program_variable(p, r->variable)->name) == 0) return given->value;
        return NAN;
    case NODE_expand: return x[0];
    case NODE_neg: return -x[0];
    case NODE_add: return x[0] + x[1];
    case NODE_sub: return x[0] - x[1];
    case NODE_mul: return x[0] * x[1];
    case NODE_div: return x[0] / x[1];
    case NODE_pow: return pow(x[0], x[1]);
    case NODE_lt: return x[0] < x[1];
    case NODE_le: return x[0] <= x[1];
    case NODE_or: return x[0] != 0 || x[1] != 0;
    case NODE_and: return x[0] != 0 && x[1] != 0;
    case NODE_select: return x[0] != 0 ? x[1] : x[2];
    case NODE_floor: return floor(x[0]);
    case NODE_eq: return x[0] == x[1];
    case NODE_xlogy: return x[0] == 0 ? 0 : x[0] * log(x[1]);
    case NODE_exp: return exp(x[0]);
    case NODE_log: return log(x[0]);
    case NODE_log1p: return log1p(x[0]);
    case NODE_log1m_exp: return log(-expm1(x[0]));
    case NODE_expm1: return expm1(x[0]);
    case NODE_sqrt: return sqrt(x[0]);
    case NODE_erfc: return erfc(x[0]);
    case NODE_erf: return erf(x[0]);
    case NODE_log_ndtr: return log(0.5 * erfc(-x[0] / sqrt(2)));
    default: return NAN;
    }
}

static double normal_cdf(double x) { return 0.5 * erfc(-x / sqrt(2)); }
static double log_normal(double x) { return -0.5 * x * x - 0.5 * log(2 * M_PI); }

/* A few roundings of numbers of size 1 on either side. */
static bool near(double a, double b) { return fabs(a - b) <= 1e-14 * (1 + fabs(b)); }

static void test_cut_densities(void) {
    compiled c;
    if (!CHECK(compile(&c, "data x : real = 0.5\n"
                           "model {\n"
                           "  plain ~ normal(0, 1)\n"
                           "  half : positive ~ normal(0.3, 2)\n"
                           "  between : interval(-1, 0.5) ~ normal(0, 1)\n"
                           "  below : negative ~ normal(0, 1)\n"
                           "  free : positive ~ flat()\n"
                           "  same : positive ~ exponential(2)\n"
                           "  cut ~ normal(0, 1) truncated [-1, 2]\n"
                           "  one ~ normal(0, 1) truncated [0.5, inf]\n"
                           "  moving : interval(0, half) ~ exponential(1)\n"
                           "  x ~ normal(0, 1) censored above 1.5\n"
                           "  n ~ geometric(0.25) truncated [2, inf]\n"
                           "  m ~ geometric(0.25) censored above 3\n"
                           "}\n"
                           "data n : count\n"
                           "data m : count\n"),
               "cut densities: the program checks"))
        return;
    const program *p = c.program;
#define DENSITY(variable_name, at)                                                                           \
    value_of(p, draw_of(&c, #variable_name, false)->log_density,                                             \
             (setting[]){{#variable_name, at}, {"half", 1.5}, {NULL, 0}})
    CHECK(near(DENSITY(plain, 0.7), log_normal(0.7)), "density as it is");
    CHECK(near(value_of(p, draw_of(&c, "half", false)->log_density, (setting[]){{"half", 0.7}, {NULL, 0}}),
               log_normal(0.2) - log(2) - log(normal_cdf(0.15))),
          "density narrowed to positive");
    CHECK(near(DENSITY(between, 0.2), log_normal(0.2) - log(normal_cdf(0.5) - normal_cdf(-1))),
          "density narrowed to an interval");
    CHECK(near(DENSITY(below, -0.2), log_normal(-0.2) - log(0.5)), "density narrowed to negative");
    CHECK(DENSITY(free, 3.0) == 0, "flat is not normalised");
    CHECK(near(DENSITY(same, 0.4), log(2) - 0.8), "a type that cuts nothing off changes nothing");
    CHECK(near(DENSITY(cut, 0.3), log_normal(0.3) - log(normal_cdf(2) - normal_cdf(-1))),
          "density truncated on both sides");
    CHECK(DENSITY(cut, 2.5) == -INFINITY && DENSITY(cut, -1.5) == -INFINITY,
          "nothing outside of the truncation");
    CHECK(near(DENSITY(one, 0.9), log_normal(0.9) - log(normal_cdf(-0.5))), "density truncated on one side");
    CHECK(near(DENSITY(moving, 0.4), -0.4 - log1p(-exp(-1.5))), "density narrowed by a latent bound");
    CHECK(near(DENSITY(x, 0.3), log_normal(0.3)), "a value below the censoring has its density");
    CHECK(near(DENSITY(x, 1.5), log(normal_cdf(-1.5))) && near(DENSITY(x, 4.0), log(normal_cdf(-1.5))),
          "a value at the censoring or beyond has its probability");
    CHECK(near(DENSITY(n, 2.0), log(0.25)), "a truncated count includes its lower bound");
    CHECK(near(DENSITY(m, 3.0), 3 * log(0.75)) && near(DENSITY(m, 2.0), 2 * log(0.75) + log(0.25)),
          "a censored count at its bound");
#undef DENSITY
    arena_close(&c.arena);
}

/* ---- what is derived ---- */

static void test_axes(void) {
    compiled c;
    if (!CHECK(compile(&c, "axis home, county, k = 3\n"
                           "data of[home] : county\n"
                           "data x[home] : real\n"
                           "data y[home] : real\n"
                           "model {\n"
                           "  a[county] ~ normal(0, 1)\n"
                           "  w[county, k] ~ dirichlet(1)\n"
                           "  eta = a[of] * x\n"
                           "  total = sum[k](w)\n"
                           "  scale = exp(a)\n"
                           "  share = w[k = 2]\n"
                           "  again = a[of] * x\n"
                           "  ordered_one[county, k] : ordered ~ normal(0, 1)\n"
                           "  y[home] ~ normal(eta, 1)\n"
                           "}\n"),
               "axes: the program checks"))
        return;
    const program *p = c.program;
    const char *text[] = {"eta",   "eta[home]",     "total", "total[county]",
                          "share", "share[county]", "w",     "w[county, k]"};
    for (int i = 0; i < 8; i += 2) {
        const char *has = variable_text(p, (variable)(variable_named(&c, text[i]) - p->variables.at));
        check(strcmp(has, text[i + 1]) == 0, text[i + 1], "it is %s", has);
    }
    range scale = program_node(p, variable_named(&c, "scale")->self)->range;
    CHECK(scale.lowest == 0 && scale.open_below, "exp(a) is known to be positive");
    CHECK(variable_named(&c, "eta")->value == variable_named(&c, "again")->value,
          "equal expressions are one node");
    const draw *w = draw_of(&c, "w", false), *o = draw_of(&c, "ordered_one", false);
    CHECK(w->event.count == 1 && w->axes.count == 1 && w->type.support == SUPPORT_simplex,
          "dirichlet: the last axis is the event's");
    CHECK(o->event.count == 1 && program_node(p, o->log_density)->axes.count <= 1,
          "ordered: its density is summed along the event");
    CHECK(variable_named(&c, "of")->type.support == SUPPORT_index, "data of a named axis are an index");
    CHECK(variable_named(&c, "y")->observed && !variable_named(&c, "x")->observed,
          "what the model draws is observed");
    arena_close(&c.arena);
}

static void test_order(void) {
    compiled c;
    if (!CHECK(compile(&c, "model {\n"
                           "  y ~ normal(d, s)\n"
                           "  d = c * 2\n"
                           "  c ~ normal(b, 1)\n"
                           "  b ~ normal(0, s)\n"
                           "  s ~ half_normal(1)\n"
                           "}\n"
                           "generate { g = y + d }\n"),
               "order: the program checks"))
        return;
    const program *p = c.program;
    const char *drawn = "", *reported = "";
    for (uint32_t i = 0; i < p->model.count; i++)
        drawn = arena_print(&c.arena, "%s%s ", drawn, program_variable(p, p->model.at[i].of)->name);
    for (uint32_t i = 0; i < p->reported.count; i++)
        reported = arena_print(&c.arena, "%s%s ", reported, program_variable(p, p->reported.at[i])->name);
    const char *place_s = strstr(drawn, "s "), *place_b = strstr(drawn, "b "), *place_c = strstr(drawn, "c "),
               *place_y = strstr(drawn, "y ");
    check(place_s && place_s < place_b && place_b < place_c && place_c < place_y,
          "no statement needs a later one", "%s", drawn);
    check(strcmp(reported, "y d c b s g ") == 0, "reported in the order of the text", "%s", reported);
    arena_close(&c.arena);
}

static void test_guide(void) {
    compiled c;
    if (!CHECK(compile(&c, "axis home, k = 3\n"
                           "data y[home] : real\n"
                           "model {\n"
                           "  a ~ normal(0, 1)\n"
                           "  z[home] ~ normal(a, 1)\n"
                           "  t ~ student_t(3, 0, 1)\n"
                           "  u : positive ~ normal(0, 1)\n"
                           "  w[k] ~ dirichlet(1)\n"
                           "  y[home] ~ normal(z, 1)\n"
                           "}\n"
                           "guide {\n"
                           "  a ~ normal(?, ?)\n"
                           "  z[home] ~ normal(?, 2 * ?)\n"
                           "  t ~ normal(?, ?)\n"
                           "  u ~ lognormal(?, ?)\n"
                           "  w[k] ~ dirichlet(?)\n"
                           "}\n"),
               "guide: the program checks"))
        return;
    const program *p = c.program;
    CHECK(draw_of(&c, "a", true)->kl && draw_of(&c, "z", true)->kl, "KL of two normals in closed form");
    CHECK(draw_of(&c, "w", true)->kl, "KL of two dirichlets in closed form");
    CHECK(!draw_of(&c, "t", true)->kl, "no closed form for a normal and a Student t");
    CHECK(!draw_of(&c, "u", true)->kl, "no closed form for a density that was narrowed");
    CHECK(near(value_of(p, draw_of(&c, "a", true)->kl, (setting[]){{"a.loc", 1}, {"a.scale", 2}, {NULL, 0}}),
               -log(2) + 0.5 * (4 + 1 - 1)),
          "KL(normal(1, 2), normal(0, 1))");
    const variable_row *scale = variable_named(&c, "z.scale"),
                       *shares = variable_named(&c, "w.concentration");
    CHECK(scale && scale->axes.count == 1 && scale->type.support == SUPPORT_positive,
          "a scale `?` is positive and has the statement's axes");
    CHECK(shares && shares->axes.count == 1 && shares->type.support == SUPPORT_positive,
          "a concentration `?` has the event axis");
    CHECK(draw_of(&c, "a", true)->pathwise && draw_of(&c, "w", true)->pathwise,
          "normal and dirichlet are pathwise");
    arena_close(&c.arena);
}

static void test_overloads(void) {
    compiled c;
    if (!CHECK(
            compile(
                &c,
                "fn kl(p : normal, q : laplace) = 3\n"
                "dist logistic(loc : real, scale : positive) : real { log_density(x) = -x; sample = loc }\n"
                "dist laplacian(loc : real) : real { log_density(x) = -x; sample = loc }\n"
                "fn kl(p : logistic, q : laplacian) = 1\n"
                "dist cauchy(loc : real, scale : positive) : real { log_density(x) = -x; sample = loc + "
                "scale * std_normal() }\n"
                "fn positive_part(x) : positive = x\n"
                "data b : real\n"
                "model {\n"
                "  a ~ normal(0, 1)\n"
                "  l ~ laplace(0, 1)\n"
                "  p = positive_part(b)\n"
                "  o ~ laplacian(1)\n"
                "  q ~ cauchy(1, 1)\n"
                "}\n"
                "guide { a ~ normal(?, ?); l ~ normal(?, ?); o ~ logistic(?, 1); q ~ cauchy(?, 1) }\n"),
            "overloads: the program checks"))
        return;
    CHECK(draw_of(&c, "l", true)->kl, "an own closed form is used");
    CHECK(draw_of(&c, "a", true)->kl, "an own closed form does not hide the library's");
    CHECK(draw_of(&c, "o", true)->kl, "a closed form of own distributions is used");
    CHECK(!draw_of(&c, "q", true)->kl,
          "the library's closed form is not taken for an own distribution of the same name");
    CHECK(program_node(c.program, variable_named(&c, "b")->self)->range.lowest == -INFINITY,
          "a function's result type does not change its argument");
    arena_close(&c.arena);
}

/* ---- memory ---- */

static void test_memory_ends(void) {
    static const char *const TEXTS[] = {
        "model { mu ~ normal(0, 1) }",
        "axis k = 3\ndata y[k] : real\nmodel { a[k] ~ dirichlet(1)\n y[k] ~ normal(a, 1) }\nguide { a[k] ~ "
        "dirichlet(?) }",
        "model { mu ~ nomral(0, 1)\n nu ~ normal(mu) }\nfit { sed = 1 }",
        "axis n = 2\nmodel { x : positive ~ normal(0, 1) truncated [0, 1]\n K = x * (n == n') }\ngenerate { "
        "y ~ normal(x, 1) }",
    };
    bool clean = true;
    long failed = 0;
    for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++)
        for (long allowed = 0;; allowed++) {
            compiled c;
            bool done = compile_within(&c, TEXTS[i], strlen(TEXTS[i]), allowed);
            if (done) arena_close(&c.arena);
            clean &= c.held == 0;
            if (done) break;
            failed++;
        }
    check(clean && failed > 0, "every allocation may fail", "after %ld failures memory was still held",
          failed);
}

/* ---- long programs ---- */

static char *chain(int statements, bool reversed, bool closed) {
    size_t room = (size_t)statements * 64 + 200, used = 0;
    char *text = malloc(room);
    used += (size_t)snprintf(text, room, "axis home\ndata y[home] : real\nmodel {\n  %s\n",
                             closed ? "x0 = x1" : "x0 ~ normal(0, 1)");
    for (int i = 1; i < statements; i++) {
        int k = reversed ? statements - i : i;
        int from = closed ? (k + 1) % statements : k - 1;
        const char *form = k % 2 && !closed ? "  x%d ~ normal(x%d, 1)\n" : "  x%d = 0.5 * x%d + 1\n";
        used += (size_t)snprintf(text + used, room - used, form, k, from);
    }
    snprintf(text + used, room - used, "  y[home] ~ normal(x%d, 1)\n}\n", statements - 1);
    return text;
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static void test_long(void) {
    enum { STATEMENTS = 2000 };
    for (int reversed = 0; reversed < 2; reversed++) {
        char *text = chain(STATEMENTS, reversed, false);
        compiled c;
        double start = now();
        bool good = compile(&c, text);
        printf("%d statements%s: %.1f ms\n", STATEMENTS, reversed ? " in reverse order" : "", now() - start);
        CHECK(good && c.program->model.count == STATEMENTS / 2 + 2,
              reversed ? "a long program in reverse order" : "a long program");
        arena_close(&c.arena);
        free(text);
    }
    char *text = chain(STATEMENTS, false, true);
    compiled c;
    compile_within(&c, text, strlen(text), -1);
    bool cycles = c.diagnostics.errors > 0;
    for (uint32_t i = 0; i < c.diagnostics.list.count; i++)
        cycles &= c.diagnostics.list.at[i].code == DIAGNOSTIC_cycle;
    check(cycles && c.diagnostics.errors == 1, "a cycle through all of a long program", "%u errors",
          c.diagnostics.errors);
    arena_close(&c.arena);
    free(text);
}

/* ---- broken text ---- */

typedef struct text {
    char *at;
    size_t length;
} text;

enum { TEXTS_MOST = 400, LONGEST = 4000 };

/* The programs of a folder of tests/lang. */
static size_t read_folder(const char *folder, text *into, size_t count) {
    DIR *d = opendir(folder);
    for (struct dirent *e; d && (e = readdir(d));) {
        size_t length = strlen(e->d_name);
        if (length < 4 || strcmp(e->d_name + length - 3, ".vm") != 0 || count == TEXTS_MOST) continue;
        char path[1024];
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        FILE *f = fopen(path, "rb");
        if (!f) continue;
        into[count].at = malloc(LONGEST);
        into[count].length = fread(into[count].at, 1, LONGEST, f);
        fclose(f);
        count++;
    }
    if (d) closedir(d);
    return count;
}

static int compare_texts(const void *a, const void *b) {
    const text *x = a, *y = b;
    size_t least = x->length < y->length ? x->length : y->length;
    int order = memcmp(x->at, y->at, least);
    return order ? order : (x->length > y->length) - (x->length < y->length);
}

static uint64_t random_below(uint64_t *state, uint64_t n) { /* xorshift64* (Vigna 2016) */
    *state ^= *state >> 12, *state ^= *state << 25, *state ^= *state >> 27;
    return (*state * 0x2545f4914f6cdd1dull >> 32) % n;
}

static bool in_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (c & 0x80);
}

/* The token around a random place: a word, a number, or one character. */
static void token_at(const text *t, uint64_t *state, size_t *start, size_t *end) {
    size_t i = random_below(state, t->length);
    *start = i, *end = i + 1;
    if (!in_word(t->at[i])) return;
    while (*start > 0 && in_word(t->at[*start - 1])) --*start;
    while (*end < t->length && in_word(t->at[*end])) ++*end;
}

/* A token is left out, doubled, or replaced by one of another program. */
static size_t mutate(const text *from, const text *other, uint64_t *state, char *to) {
    size_t a, b, x, y;
    token_at(from, state, &a, &b);
    token_at(other, state, &x, &y);
    uint64_t how = random_below(state, 3);
    const char *part = how == 1 ? from->at + a : other->at + x;
    size_t size = how == 0 ? 0 : how == 1 ? b - a : y - x, keep = how == 1 ? b : a, n = 0;
    memcpy(to, from->at, keep), n = keep;
    if (n + size + from->length - b > 2 * LONGEST) size = 0;
    memcpy(to + n, part, size), n += size;
    memcpy(to + n, from->at + b, from->length - b), n += from->length - b;
    to[n] = 0;
    return n;
}

/* Stops after `longest` milliseconds: a sanitized build gets as far as it comes. */
static void test_mutants(const char *folder, double longest) {
    enum { MUTANTS = 20000 };
    static text texts[TEXTS_MOST];
    char path[512];
    size_t count = 0;
    const char *const folders[] = {"ok", "bad"};
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, folders[i]);
        count = read_folder(path, texts, count);
    }
    if (!count) {
        printf("skip mutants: the programs are not at %s\n", folder);
        return;
    }
    qsort(texts, count, sizeof *texts, compare_texts);
    uint64_t state = 20260101;
    double start = now();
    long done = 0, refused = 0, without_help = 0;
    static char changed[4 * LONGEST];
    for (; done < MUTANTS && now() - start < longest; done++) {
        const text *from = &texts[random_below(&state, count)], *other = &texts[random_below(&state, count)];
        if (!from->length || !other->length) continue;
        text mutant = {changed, mutate(from, other, &state, changed)};
        compiled c;
        compile_within(&c, mutant.at, mutant.length, -1);
        refused += c.diagnostics.errors > 0;
        for (uint32_t i = 0; i < c.diagnostics.list.count; i++) {
            without_help += !c.diagnostics.list.at[i].help;
            diagnostic_text(&c.diagnostics, &c.diagnostics.list.at[i]);
        }
        arena_close(&c.arena);
    }
    printf("%ld mutants of %zu programs, %ld refused, %.0f ms\n", done, count, refused, now() - start);
    check(refused > 0 && !without_help, "mutants", "%ld messages without help", without_help);
    for (size_t i = 0; i < count; i++) free(texts[i].at);
}

/* usage: test_lang_checker [FOLDER [MILLISECONDS]]   the programs to be broken, and how long */
int main(int count, char **arguments) {
    test_axes();
    test_order();
    test_cut_densities();
    test_guide();
    test_overloads();
    test_memory_ends();
    test_long();
    test_mutants(count > 1 ? arguments[1] : "tests/lang", count > 2 ? atof(arguments[2]) : 4000);
    return check_end();
}
