/* What of the library a program reads: the items whose names are known, which are the words of its text, and
 * those that these name in turn. Parsing the rest would take most of the time of a check. */
#include "lang/library.h"

#include "lang/checker.h"

/* Of the closed forms one at least, where their name is a word of the program. */
static bool is_asked_for(const checker *c, const library_item *it) {
    name word = names_find(c->p->names, it->name);
    if (!it->of[0] || (word && !scope_here(c->library, word, true))) return word != NULL;
    return names_find(c->p->names, it->of[0]) && names_find(c->p->names, it->of[1]);
}

void library_read(checker *c) {
    if (!c->library_has) c->library_has = arena_array(c->arena, bool, (size_t)LIBRARY_COUNT);
    for (bool more = true; more;) {
        more = false;
        for (int i = 0; i < LIBRARY_COUNT; i++) {
            const library_item *it = &LIBRARY[i];
            if (c->library_has[i] || !is_asked_for(c, it)) continue;
            c->library_has[i] = more = true;
            uint32_t source = diagnostics_source(c->d, it->file, it->text, it->length, true);
            syntax tree = syntax_parse(c->d, c->p->names, source);
            for (uint32_t k = 0; k < tree.items.count; k++) declare_callable(c, c->library, tree.items.at[k]);
        }
    }
}

const binding *library_find(checker *c, const char *n) {
    name word = names_of(c->p->names, n);
    library_read(c);
    return scope_here(c->library, word, true);
}
