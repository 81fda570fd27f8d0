/* Axes and types by name. An axis has aliases, `n'`: the same entries under another name. */
#include "lang/checker.h"

/* ---- axes by name ---- */

axis add_axis(checker *c, axis_row row) {
    enum { AXES_OF_A_PROGRAM = 4096 };
    axis a = (axis)c->p->axes.count;
    if (a > AXES_OF_A_PROGRAM) return AXES_OF_A_PROGRAM;
    if (a == AXES_OF_A_PROGRAM) {
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_axes, place(c, row.at),
                                    "a program has at most %d axes, aliases and parts counted", a);
        advise(c->d, told, "what repeats in the same way shares an axis");
    }
    if (row.of == AXIS_NONE) row.of = a;
    push(c->arena, &c->p->axes, row);
    return a;
}

axis axis_alias(checker *c, axis of, name as, span at) {
    axis base = program_axis(c->p, of)->of;
    for (axis a = 0; a < c->p->axes.count; a++)
        if (program_axis(c->p, a)->of == base && program_axis(c->p, a)->name == as) return a;
    axis_row row = {.name = as, .at = at, .source = AXIS_alias, .of = base};
    return add_axis(c, row);
}

size_t primes_of(name n) {
    size_t length = strlen(n), primes = 0;
    while (primes < length && n[length - 1 - primes] == '\'') primes++;
    return primes;
}

/* The axis that a name means, a primed name being the alias of its stem; false where it means something else.
 */
bool find_axes(checker *c, const scope *s, name n, span at, axes *found) {
    const binding *b = scope_find(s, n, false);
    if (b) {
        *found = b->axes;
        return b->kind == BINDING_axis;
    }
    size_t primes = primes_of(n), stem = strlen(n) - primes;
    if (!primes || !stem) return false;
    b = scope_find(s, names_add(c->p->names, n, stem), false);
    if (!b || b->kind != BINDING_axis || b->axes.count != 1) return false;
    const char *base = program_axis(c->p, b->axes.at[0])->name;
    name as = names_of(c->p->names, arena_print(c->arena, "%s%s", base, n + stem));
    *found = axes_one(axis_alias(c, b->axes.at[0], as, at));
    return true;
}

void report_no_axis(checker *c, const scope *s, name n, span at) {
    if (!scope_find(s, n, false)) {
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_name, place(c, at), "there is no axis `%s`", n);
        nearest near = {.of = n};
        for (axis a = 0; a < c->p->axes.count; a++) nearest_try(&near, program_axis(c->p, a)->name);
        if (near.best) advise(c->d, told, "did you mean `%s`?", near.best);
        else advise(c->d, told, "declare it: `axis %s`", n);
        return;
    }
    diagnostic *told = diagnose(c->d, DIAGNOSTIC_axes, place(c, at), "`%s` is not an axis", n);
    const binding *b = scope_find(s, n, false);
    const variable_row *v = b->kind == BINDING_definition && b->definition->count > b->part &&
                                    b->definition->variables[b->part] != VARIABLE_NONE
                                ? program_variable(c->p, b->definition->variables[b->part])
                                : NULL;
    if (v && v->type.support == SUPPORT_index && v->type.index != AXIS_NONE)
        advise(c->d, told, "here stands the axis that it is an index into: `%s`",
               program_axis(c->p, v->type.index)->name);
    else advise(c->d, told, "here stands the name of an axis, declared as `axis NAME`");
}

bool evaluate_axes(checker *c, scope *s, const entries *list, axes *found, axis *order) {
    *found = (axes){0};
    bool good = true;
    for (uint32_t i = 0; i < list->count; i++) {
        const entry *e = &list->at[i];
        axes these;
        if (e->name || e->value->kind != EXPRESSION_name) {
            diagnostic *told =
                diagnose(c->d, DIAGNOSTIC_axes, e->value->at, "here stands the name of an axis");
            advise(c->d, told,
                   "list the axes by name: `[home, county]`; a number is the size of one, `axis home = 8`");
            good = false;
            continue;
        }
        if (!find_axes(c, s, e->value->name, e->value->at, &these)) {
            report_no_axis(c, s, e->value->name, e->value->at);
            good = false;
            continue;
        }
        for (int k = 0; k < these.count; k++) {
            if (axes_has(*found, these.at[k])) {
                diagnostic *told =
                    diagnose(c->d, DIAGNOSTIC_duplicate, place(c, e->value->at),
                             "the axis `%s` is named twice", program_axis(c->p, these.at[k])->name);
                advise(c->d, told,
                       "name each axis once; a second index over the same entries is its alias, `%s'`",
                       program_axis(c->p, these.at[k])->name);
                good = false;
                continue;
            }
            if (order && found->count < AXES_MOST) order[found->count] = these.at[k];
            *found = axes_with(*found, these.at[k]);
            if (too_many_axes(c, *found, e->value->at)) return false;
        }
    }
    return good;
}

/* ---- types ---- */

type evaluate_type(checker *c, scope *s, const type_syntax *t) {
    type found = {.may_be_missing = t->may_be_missing};
    if (!t->name) return found;
    axes index;
    if (find_axes(c, s, t->name, t->at, &index)) {
        found.support = SUPPORT_index;
        found.index = program_axis(c->p, index.at[0])->of;
        return found;
    }
    for (int i = 0; i < SUPPORT_count_; i++)
        if (strcmp(SUPPORTS[i].name, t->name) == 0 && i != SUPPORT_index) {
            found.support = (support)i;
            if (i == SUPPORT_interval && t->arguments.count == 2) {
                found.lower = evaluate_node(c, s, t->arguments.at[0].value);
                found.upper = evaluate_node(c, s, t->arguments.at[1].value);
            } else if (i == SUPPORT_interval || t->arguments.count) {
                diagnostic *told = diagnose(c->d, DIAGNOSTIC_arity, t->at, "`%s` takes %s bounds", t->name,
                                            i == SUPPORT_interval ? "two" : "no");
                advise(c->d, told, "write `interval(a, b)`; a side without a bound is `inf` or `-inf`");
            }
            return found;
        }
    diagnostic *told = diagnose(c->d, DIAGNOSTIC_name, t->at, "there is no type `%s`", t->name);
    nearest near = {.of = t->name};
    for (int i = 0; i < SUPPORT_count_; i++)
        if (i != SUPPORT_index) nearest_try(&near, SUPPORTS[i].name);
    for (axis a = 0; a < c->p->axes.count; a++) nearest_try(&near, program_axis(c->p, a)->name);
    const char *foreign = foreign_type(t->name);
    if (foreign) advise(c->d, told, "%s", foreign);
    else if (near.best) advise(c->d, told, "did you mean `%s`?", near.best);
    else
        advise(
            c->d, told,
            "types are real, positive, negative, unit, interval(a, b), int, count, binary, simplex, ordered, "
            "…, or the name of an axis for an index into it");
    return found;
}

bool check_type_axes(checker *c, scope *s, const type_syntax *t, const axis *order, uint32_t count) {
    axes these;
    axis as[AXES_MOST];
    if (!evaluate_axes(c, s, &t->axes, &these, as)) return false;
    bool last = these.count <= count;
    for (uint32_t i = 0; last && i < these.count; i++) last = order[count - these.count + i] == as[i];
    if (last) return true;
    if (!count) {
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_axes, t->axes.span,
                                    "the axes of a name stand behind it, not behind its type");
        advise(c->d, told, "write `x[%s] : %s`", axes_text(c->p, these), t->name);
        return false;
    }
    diagnostic *told =
        diagnose(c->d, DIAGNOSTIC_axes, t->at,
                 "`%s` ties the last axes of the left side together, which are others", t->name);
    advise(c->d, told, "leave out its brackets, or write those axes last on the left");
    return false;
}

bool type_ties(const program *p, type t, axis a) {
    uint8_t event = SUPPORTS[t.support].event;
    return event && (t.index == a || (event == 2 && program_axis(p, t.index)->of == program_axis(p, a)->of));
}

bool support_within(support part, support whole) {
    return part == whole || (part == SUPPORT_positive_ordered && whole == SUPPORT_ordered) ||
           (part == SUPPORT_correlation && whole == SUPPORT_covariance) ||
           (part == SUPPORT_cholesky_correlation && whole == SUPPORT_cholesky_covariance);
}

bool is_prime_of(const program *p, axis column, axis row) {
    const axis_row *of = program_axis(p, row), *a = program_axis(p, column);
    size_t length = strlen(of->name);
    return a->of == of->of && strncmp(a->name, of->name, length) == 0 && strcmp(a->name + length, "'") == 0;
}

bool check_event_axes(checker *c, const target *t, type held, const axis *order, uint32_t count) {
    const support_row *s = &SUPPORTS[held.support];
    bool square = s->event == 2;
    if (count < s->event) {
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_axes, t->at, "`%s` is %s, so it needs %s", t->name,
                                    s->about, square ? "two axes" : "an axis");
        advise(c->d, told, "write `%s[%s] : %s`", t->name, square ? "axis, axis'" : "axis", s->name);
        return false;
    }
    if (!square || is_prime_of(c->p, order[count - 1], order[count - 2])) return true;
    name row = program_axis(c->p, order[count - 2])->name;
    diagnostic *told =
        diagnose(c->d, DIAGNOSTIC_axes, t->at, "`%s` is %s, but its last axes are `%s` and `%s`", t->name,
                 s->about, row, program_axis(c->p, order[count - 1])->name);
    advise(c->d, told, "write `%s[%s, %s'] : %s`", t->name, row, row, s->name);
    return false;
}
