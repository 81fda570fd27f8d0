/* Sums of single numbers, in the order in which their terms come to be known. As it is written, a log density
 * adds its statements' terms one after the other, and all additions behind a term that takes long, as
 * log1p(exp(u)), wait for it: 4 cycles each where there are few numbers, so that nothing else is left to do.
 * Here what depends on data alone comes first, which is then computed once, and of the others the one that is
 * the last to be known comes last. Sums of vectors are left alone: what they wait for is others of their
 * entries. */
#include "autodiff/passes.h"

enum { TERMS_MOST = 64 };

typedef struct term {
    ref of; /* on the tape that is read */
    bool minus;
    uint32_t known; /* cycles from the inputs on */
} term;

typedef struct terms {
    uint32_t count, coming; /* there, and in all of the sums that were begun */
    term at[TERMS_MOST];
} terms;

typedef struct timetable {
    uint32_t *known; /* by ref */
    bool *inner;     /* by ref: a sum whose terms are those of another sum */
} timetable;

static bool is_sum(const tape *t, ref r) {
    const instruction *x = tape_at(t, r);
    return (x->op == OP_add || x->op == OP_sub) && !x->axes.count;
}

/* Cycles from its operands to its result, roughly. */
static uint32_t cycles(op f) {
    switch (f) {
    case OP_add:
    case OP_sub:
    case OP_mul:
    case OP_neg: return 4;
    case OP_div:
    case OP_sqrt: return 15;
    default: return op_kind_of(f) == KIND_MAP || op_kind_of(f) == KIND_REDUCE ? 50 : 200;
    }
}

/* What is fixed is known from the start. */
static timetable find_times(const tape *t, arena *a) {
    timetable w = {arena_array(a, uint32_t, t->code.count), arena_array(a, bool, t->code.count)};
    const bool *fixed = pass_find_fixed(t, a);
    const uint32_t *uses = pass_count_uses(t, a);
    for (ref r = 1; r < t->code.count; r++) {
        operands in = tape_operands(t, r);
        for (uint32_t i = 0; i < in.count && !fixed[r]; i++)
            if (w.known[in.at[i]] > w.known[r]) w.known[r] = w.known[in.at[i]];
        if (!fixed[r]) w.known[r] += in.count ? cycles(tape_at(t, r)->op) : 1;
        for (int i = 0; i < 2 && uses[r] && is_sum(t, r); i++)
            w.inner[tape_at(t, r)->in[i]] |=
                uses[tape_at(t, r)->in[i]] == 1 && is_sum(t, tape_at(t, r)->in[i]);
    }
    return w;
}

/* Puts a term before those that are known later; of equals the first stays first. */
static void insert(terms *s, term x) {
    uint32_t i = s->count++;
    for (; i && s->at[i - 1].known > x.known; i--) s->at[i] = s->at[i - 1];
    s->at[i] = x;
}

/* Of a sum that has too many terms an inner one stays whole. */
static void collect(const tape *t, const timetable *w, ref r, bool minus, terms *s) {
    const instruction *x = tape_at(t, r);
    s->coming++;
    for (int i = 0; i < 2; i++) {
        bool less = minus != (i == 1 && x->op == OP_sub);
        if (w->inner[x->in[i]] && s->coming < TERMS_MOST) collect(t, w, x->in[i], less, s);
        else insert(s, (term){x->in[i], less, w->known[x->in[i]]});
    }
}

/* A sum of which only subtracted terms are there so far is kept with the other sign. */
static ref write_sum(const rewriting *w, const terms *s) {
    bool minus = s->at[0].minus;
    ref sum = w->map[s->at[0].of];
    for (uint32_t i = 1; i < s->count; i++) {
        ref next = w->map[s->at[i].of];
        if (minus == s->at[i].minus) sum = tape_map2(w->to, OP_add, sum, next);
        else sum = minus ? tape_map2(w->to, OP_sub, next, sum) : tape_map2(w->to, OP_sub, sum, next);
        minus &= s->at[i].minus;
    }
    return minus ? tape_map1(w->to, OP_neg, sum) : sum;
}

static ref rewrite(const rewriting *w, instruction x) {
    const timetable *known = w->user;
    if (!is_sum(w->from, w->at) || known->inner[w->at]) return pass_emit(w, x);
    terms s = {.coming = 1};
    collect(w->from, known, w->at, false, &s);
    return s.count > 2 ? write_sum(w, &s) : pass_emit(w, x);
}

void pass_late(const tape *from, tape *to) {
    timetable known = find_times(from, to->arena);
    pass_rewrite(from, to, rewrite, &known);
}
