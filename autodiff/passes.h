/* The passes from a tape as it was written to one as it is run. Each reads one tape and writes another with
 * the same inputs, the same streams and the same outputs in the same order; what no output needs is dropped
 * on the way. */
#ifndef VM_AUTODIFF_PASSES_H
#define VM_AUTODIFF_PASSES_H

#include "autodiff/tape.h"

/* What all passes share: the live instructions of `from`, in order, go one by one through `rewrite`, which
 * adds to `to` what computes the same, and returns its number. The result may lack axes along which it is
 * constant. `rewrite` gets the instruction with its inputs already numbered as in `to`. */
typedef struct rewriting {
    const tape *from;
    tape *to;
    ref at;               /* the instruction's number in `from` */
    const uint32_t *uses; /* how often live instructions and outputs use a value of `from` */
    const ref *map;       /* numbers in `from` to those in `to` */
    void *user;
} rewriting;
/* By ref: how often live instructions and outputs use it. */
uint32_t *pass_count_uses(const tape *t, arena *a);
/* By ref: what depends on no input and no draw. */
bool *pass_find_fixed(const tape *t, arena *a);
void pass_rewrite(const tape *from, tape *to, ref (*rewrite)(const rewriting *w, instruction x), void *user);

/* The instruction as it is; a scan with what its operands have become. */
ref pass_emit(const rewriting *w, instruction x);

/* Axes of one entry leave: see flatten.c. */
void pass_flatten(const tape *from, tape *to);
/* Scans do only what must wait for the step before; the rest of them leaves for the tape around: see
 * tighten.c. Bodies are compiled, by all passes. */
void pass_tighten(const tape *from, tape *to);
/* What a loop emits only to be summed over its steps is added up in the loop: see accumulate.c. */
void pass_accumulate(const tape *from, tape *to);
/* Folds constants, removes identities (x * 1, x + 0, log(exp(x)), …), moves sums inside: factors and terms
 * that lack a summed axis leave the sum. A stop is removed: derivatives are taken before. */
void pass_simplify(const tape *from, tape *to);
/* Rows are brought into the order of the groups that they look up: see sort.c. */
void pass_sort(const tape *from, tape *to);
/* Functions of what was looked up are looked up: see lookup.c. */
void pass_look_up(const tape *from, tape *to);
/* Mixtures whose terms are sums of two tables are products of their rows: see mix.c. */
void pass_mix(const tape *from, tape *to);
/* Products in normal form: equal factors meet, factors that lack summed axes leave sums, contractions and
 * scatters; see factor.c. */
void pass_factor(const tape *from, tape *to);
/* Sums of products become contractions where that is faster than a fused loop: see contract.c. */
void pass_contract(const tape *from, tape *to);
/* Sums of single numbers add last what is known last: see late.c. */
void pass_late(const tape *from, tape *to);
/* Leaves out what no output needs. */
void pass_drop(const tape *from, tape *to);
/* Makes the axis innermost that makes for the longest vectors: see inner.c. */
void pass_inner(const tape *from, tape *to);

/* An elementwise operation on numbers; false where it is left to the machine. */
bool tape_fold(op f, const double *x, double *result);

/* The list of passes, in order; each result can be shown. `to` is open and empty. */
typedef struct pass {
    const char *name;
    void (*run)(const tape *from, tape *to);
    bool whole; /* not for bodies of scans */
} pass;
extern const pass PASSES[];
extern const int PASS_COUNT;

/* All of them. `to` is opened in `a`. `show`, where not NULL, is called with the tape after each. */
void tape_compile(const tape *from, tape *to, arena *a,
                  void (*show)(void *user, const char *pass, const tape *t), void *user);

/* Of the body of a scan, whose values keep the axes that they have around it. */
void tape_compile_body(const tape *from, tape *to, arena *a);

#endif
