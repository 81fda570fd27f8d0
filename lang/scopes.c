/* Names. A scope holds two namespaces, so that a latent may be called `beta` where a distribution is too:
 * values with axes, and what can be called. Inner scopes hide outer ones; the outermost is the standard
 * library. */
#include "lang/checker.h"

scope *scope_new(checker *c, scope *outer) {
    scope *s = arena_new(c->arena, scope);
    s->outer = outer;
    s->library = outer && outer->library;
    return s;
}

enum { SCAN_MOST = 8 }; /* with more bindings than that, a scope has a hash table */

static uint32_t slot_of(const scope *s, name n, bool callable) {
    uint32_t mask = s->table_size - 1, i = (uint32_t)(((uintptr_t)n >> 4) * 0x9e3779b9u) & mask;
    for (; s->table[i]; i = (i + 1) & mask) {
        const binding *b = s->bindings.at[s->table[i] - 1];
        if (b->name == n && (b->kind == BINDING_callable) == callable) break;
    }
    return i;
}

static void rehash(checker *c, scope *s) {
    s->table_size = s->table_size ? s->table_size * 2 : 4 * SCAN_MOST;
    s->table = arena_array(c->arena, uint32_t, s->table_size);
    for (uint32_t i = 0; i < s->bindings.count; i++) {
        const binding *b = s->bindings.at[i];
        s->table[slot_of(s, b->name, b->kind == BINDING_callable)] = i + 1;
    }
}

binding *scope_here(const scope *s, name n, bool callable) {
    if (s->table) {
        uint32_t found = s->table[slot_of(s, n, callable)];
        return found ? s->bindings.at[found - 1] : NULL;
    }
    for (uint32_t i = 0; i < s->bindings.count; i++) {
        binding *b = s->bindings.at[i];
        if (b->name == n && (b->kind == BINDING_callable) == callable) return b;
    }
    return NULL;
}

binding *scope_add(checker *c, scope *s, binding b) {
    binding *held = arena_new(c->arena, binding);
    *held = b;
    push(c->arena, &s->bindings, held);
    if (s->bindings.count > SCAN_MOST) {
        if (2 * s->bindings.count > s->table_size) rehash(c, s);
        else s->table[slot_of(s, b.name, b.kind == BINDING_callable)] = s->bindings.count;
    }
    return held;
}

binding *scope_find(const scope *s, name n, bool callable) {
    for (; s; s = s->outer) {
        binding *b = scope_here(s, n, callable);
        if (b) return b;
    }
    return NULL;
}

span place(const checker *c, span at) {
    bool library = c->now.in_call && at.source != SOURCE_NONE && c->d->sources.at[at.source].library;
    return library ? c->now.call : at;
}

static char lower(char x) { return x >= 'A' && x <= 'Z' ? (char)(x - 'A' + 'a') : x; }

enum { FOLDED = 65 };

/* Case and underscores count little where people confuse names. */
static void fold(char to[FOLDED], const char *from) {
    size_t n = 0;
    for (; *from && n < FOLDED - 1; from++)
        if (*from != '_') to[n++] = lower(*from);
    to[n] = 0;
}

static bool alike(const char *a, const char *b) {
    char x[FOLDED], y[FOLDED];
    fold(x, a), fold(y, b);
    return strcmp(x, y) == 0;
}

void nearest_try(nearest *n, const char *candidate) {
    char x[FOLDED], y[FOLDED];
    fold(x, n->of), fold(y, candidate);
    size_t length = strlen(x);
    uint32_t least = n->best ? n->distance : length <= 2 ? 1 : length <= 4 ? 2 : 3; /* to be beaten */
    uint32_t d = edit_distance(x, y, least);
    if (d < least) n->distance = d, n->best = candidate;
}

static nearest nearest_in(checker *c, const scope *s, name n, bool callable) {
    nearest found = {.of = n};
    if (callable && s == c->guide) nearest_try(&found, "mean_field"), nearest_try(&found, "full_rank");
    for (; s; s = s->outer)
        for (uint32_t i = 0; i < s->bindings.count; i++) {
            const binding *b = s->bindings.at[i];
            if ((b->kind == BINDING_callable) == callable && b->name != n) nearest_try(&found, b->name);
        }
    for (int i = 0; callable && i < LIBRARY_COUNT; i++)
        if (strcmp(LIBRARY[i].name, n)) nearest_try(&found, LIBRARY[i].name);
#define PRIMITIVE(word, inputs, form, range, about)                                                          \
    if (callable && about[0]) nearest_try(&found, #word);
#include "lang/primitives.def"
#undef PRIMITIVE
    return found;
}

/* How a name is called, where it is defined by an item: `normal(loc, scale)`. */
static const char *call_text(checker *c, const scope *s, const char *n) {
    library_find(c, n);
    const binding *b = scope_find(s, names_of(c->p->names, n), true);
    if (!b && primitive_named(n) == NODE_failed)
        return arena_print(c->arena, "%s()", n); /* a family of guides */
    return b ? signature(c, b->item) : primitive_text(c, n, primitive_named(n));
}

/* The endings that Stan puts behind the name of a distribution. */
typedef struct ending {
    const char *text, *help;
} ending;

static const ending ENDINGS[] = {
    {"_lpdf", "write `log_density(%s, x)`"},
    {"_lpmf", "write `log_density(%s, x)`"},
    {"_lupdf", "write `log_density(%s, x)`"},
    {"_lupmf", "write `log_density(%s, x)`"},
    {"_cdf", "write `cdf(%s, x)`"},
    {"_lcdf", "write `log(cdf(%s, x))`"},
    {"_lccdf", "write `log(1 - cdf(%s, x))`"},
    {"_rng", "draw by a statement of `generate`: `x ~ %s`"},
};

static const char *help_for_ending(checker *c, const scope *s, const char *n) {
    size_t length = strlen(n);
    for (size_t i = 0; i < sizeof ENDINGS / sizeof *ENDINGS; i++) {
        size_t ending = strlen(ENDINGS[i].text);
        if (length <= ending || strcmp(n + length - ending, ENDINGS[i].text) != 0) continue;
        name stem = names_add(c->p->names, n, length - ending);
        library_find(c, stem);
        const binding *b = scope_find(s, stem, true);
        if (!b || b->item->kind != ITEM_dist) continue;
        const char *call = signature(c, b->item), *at = strstr(ENDINGS[i].help, "%s");
        return arena_print(c->arena, "%.*s%s%s", (int)(at - ENDINGS[i].help), ENDINGS[i].help, call, at + 2);
    }
    return NULL;
}

/* What the parameters of a distribution are elsewhere, or "". */
static const char *difference(const char *ours) {
#define DIFFERS(word, note)                                                                                  \
    if (strcmp(ours, #word) == 0) return note;
#include "lang/foreign.def"
#undef DIFFERS
    return "";
}

/* `dnorm` and the like. */
static const char *help_for_prefix(checker *c, const scope *s, const char *n) {
    const char *ours = NULL, *note = "";
#define PREFIXED(stem, word, about)                                                                          \
    if (!ours && alike(n + 1, #stem)) ours = word, note = about;
#include "lang/foreign.def"
#undef PREFIXED
    if (!ours) return NULL;
    const char *call = call_text(c, s, ours);
    switch (lower(n[0])) {
    case 'd':
        return arena_print(c->arena, "write `x ~ %s`; its density at x is `log_density(%s, x)`%s%s", call,
                           call, note[0] ? "; " : "", note);
    case 'p': return arena_print(c->arena, "write `cdf(%s, x)`", call);
    case 'q': return arena_print(c->arena, "write `quantile(%s, p)`", call);
    case 'r': return arena_print(c->arena, "draw by a statement: `x ~ %s`", call);
    default: return NULL;
    }
}

static const char *told_of(checker *c, const scope *s, const char *ours, const char *note) {
    const char *differs = difference(ours);
    return arena_print(c->arena, "write `%s`%s%s%s%s", call_text(c, s, ours), differs[0] ? "; " : "", differs,
                       note[0] ? "; " : "", note);
}

/* What another system's word for a distribution or function is here; NULL where it is none. */
static const char *help_for_call(checker *c, const scope *s, const char *n) {
#define FOREIGN_CALL(word, ours, note)                                                                       \
    if (alike(n, #word)) return ours[0] ? told_of(c, s, ours, note) : note;
#include "lang/foreign.def"
#undef FOREIGN_CALL
    const char *help = n[0] ? help_for_prefix(c, s, n) : NULL;
    return help ? help : help_for_ending(c, s, n);
}

static const char *help_for_value(const char *n) {
#define FOREIGN_VALUE(word, help)                                                                            \
    if (alike(n, #word)) return help;
#include "lang/foreign.def"
#undef FOREIGN_VALUE
    return NULL;
}

static bool is_planned(const char *n) {
    bool planned = false;
#define PLANNED(word) planned |= alike(n, #word);
#include "lang/foreign.def"
#undef PLANNED
    return planned;
}

/* The same name in another spelling. */
static void advise_near(checker *c, diagnostic *told, const scope *s, const char *best, bool callable) {
    const char *differs = callable ? difference(best) : "";
    advise(c->d, told, "did you mean `%s`?%s%s%s", callable ? call_text(c, s, best) : best,
           differs[0] ? " (" : "", differs, differs[0] ? ")" : "");
}

void report_unknown(checker *c, const scope *s, name n, span at, bool callable) {
    if (diagnostics_full(c->d)) { /* nothing is looked for that is not told */
        diagnose(c->d, DIAGNOSTIC_name, at, "nothing is called `%s`", n);
        return;
    }
    const char *point = strrchr(n, '.'), *word = point && point[1] ? point + 1 : n;
    name last = names_of(c->p->names, word);
    library_find(c, word);
    if (callable && is_planned(word)) {
        diagnostic *told =
            diagnose(c->d, DIAGNOSTIC_unsupported, place(c, at), "`%s`: this version does not run it yet", n);
        advise(c->d, told, "docs/language.md lists what runs today");
        return;
    }
    diagnostic *told =
        diagnose(c->d, DIAGNOSTIC_name, place(c, at),
                 callable ? "there is no distribution or function `%s`" : "nothing is called `%s`", n);
    const binding *other = scope_find(s, last, !callable);
    nearest near = nearest_in(c, s, last, callable);
    if (point && scope_find(s, last, callable)) near = (nearest){.best = last};
    const char *foreign = callable ? help_for_call(c, s, word) : help_for_value(word);
    size_t primes = primes_of(n);
    name stem = names_add(c->p->names, n, strlen(n) - primes);
    const binding *unprimed = primes && !callable ? scope_find(s, stem, false) : NULL;
    if (unprimed && unprimed->kind != BINDING_axis)
        advise(c->d, told,
               "a prime renames an axis, for a second index: `%s[k']` is `%s` along k'; a "
               "derivative or a transpose it is not",
               stem, stem);
    else if (near.best && near.distance == 0) advise_near(c, told, s, near.best, callable);
    else if (foreign) advise(c->d, told, "%s", foreign);
    else if (callable && other)
        advise(c->d, told, "`%s` is a value; a product is written `%s * x`, a selection `%s[x]`", n, n, n);
    else if (!callable && (other || primitive_named(last) != NODE_failed))
        advise(c->d, told, "`%s` is called with arguments: `%s`", n, call_text(c, s, word));
    else if (near.best)
        advise(c->d, told, "did you mean `%s`?", callable ? call_text(c, s, near.best) : near.best);
    else if (point)
        advise(c->d, told,
               "a point leads into a net that `let` has named, `first.W`, or to a parameter of a "
               "distribution that a "
               "`fn` is given: `fn width(p : normal) = p.scale`");
    else if (callable)
        advise(c->d, told, "`vmrun list` shows all distributions and functions; your own is `fn %s(x) = …`",
               n);
    else
        advise(c->d, told, "declare it, `data %s : real` or `let %s = …`, or draw it in the model, `%s ~ …`",
               n, n, n);
}

const char *foreign_type(const char *n) {
#define FOREIGN_TYPE(word, help)                                                                             \
    if (alike(n, #word)) return help;
#include "lang/foreign.def"
#undef FOREIGN_TYPE
    return NULL;
}

/* ---- names in bodies that nothing calls ---- */

static void check_name(checker *c, scope *s, const expression *e) {
    name stem = names_add(c->p->names, e->name, strlen(e->name) - primes_of(e->name));
    const binding *alias_of = scope_find(s, stem, false);
    if (scope_find(s, e->name, false) || (alias_of && alias_of->kind == BINDING_axis) || strchr(e->name, '.'))
        return;
    if (e->name != c->word_inf && e->name != c->word_pi && e->name != c->word_last)
        report_unknown(c, s, e->name, e->at, false);
}

static void check_entries(checker *c, scope *s, const entries *list);

static void check_called(checker *c, scope *s, const expression *head) {
    const expression *e = head->kind == EXPRESSION_select ? head->head : head;
    if (head->kind == EXPRESSION_select) check_entries(c, s, &head->list);
    if (e->kind != EXPRESSION_name) return;
    bool known = scope_find(s, e->name, true) || primitive_named(e->name) != NODE_failed ||
                 is_property(e->name) || e->name == c->word_size;
    if (!known && !scope_find(s, e->name, false)) report_unknown(c, s, e->name, e->at, true);
}

static void check_entries(checker *c, scope *s, const entries *list) {
    for (uint32_t i = 0; i < list->count; i++) {
        const entry *e = &list->at[i];
        if (!e->name || e->value->kind != EXPRESSION_name)
            check_names(c, s, e->value); /* [treatment = drug] */
    }
}

void check_names(checker *c, scope *s, const expression *e) {
    switch (e->kind) {
    case EXPRESSION_number:
    case EXPRESSION_free: break;
    case EXPRESSION_name: check_name(c, s, e); break;
    case EXPRESSION_operation:
        check_names(c, s, e->left);
        if (e->right) check_names(c, s, e->right);
        break;
    case EXPRESSION_choice:
        check_names(c, s, e->condition), check_names(c, s, e->then), check_names(c, s, e->otherwise);
        break;
    case EXPRESSION_call: check_called(c, s, e->head), check_entries(c, s, &e->list); break;
    case EXPRESSION_select:
        if (e->head->kind != EXPRESSION_name || !scope_find(s, e->head->name, true))
            check_names(c, s, e->head);
        check_entries(c, s, &e->list);
        break;
    }
}
