/* Chains of discrete states that are summed out. The forward algorithm (Rabiner, Proceedings of the IEEE 77,
 * 1989), as marginalisation writes it, is a scan with one carry over the states j,
 *
 *   c'[j] = log sum over i of exp(c[i] + A[i, j])  + b[j],
 *
 * and its adjoint, with g the adjoint of c', is a scan with the carry
 *
 *   g'[i] = sum over j of w[i, j] g[j],   w[i, j] = exp(c[i] + A[i, j]) / sum over i of the same,
 *
 * which may also add up w[i, j] g[j], the adjoint of A. A loop of this form runs in probabilities: with
 * P = exp(A - max A) known before, a step of the first is p' = (p P) * exp(b - max b), and one of the second
 * g' = exp(c) * (P (g / (exp(c) P))): a product of matrices, and no function. Exponentials before and
 * logarithms behind are taken of many steps at once.
 *
 * Probabilities lose what logarithms keep: an entry far below the largest, which may matter later where it is
 * the only way to a state. So each step checks that no entry has become so small that it has lost something,
 * and one that has is done in logarithms. Entries that are 0 for a reason, because no state with a
 * probability leads there or b is -infinity, are exact. */
#ifndef VM_AUTODIFF_CHAIN_H
#define VM_AUTODIFF_CHAIN_H

#include "autodiff/loop.h"

enum { CHAIN_BLOCK = 64 }; /* steps that are prepared together */

typedef struct chain {
    bool adjoint;
    uint32_t states, width;               /* entries of a row: whole vectors */
    const walk *batch;                    /* of several chains: carry, A, and b or c */
    const walk *matrix;                   /* A; rows of `width` */
    int64_t carry_stride, moving_stride;  /* from state to state; of the carry, and of b or c */
    loop_address left, matrix_at, moving; /* where a step leaves the carry; A; b or c, 0 without */
    bool adds;                            /* the second carry is the adjoint of A */
    const walk *sums_batch, *sums;        /* as `batch` and `matrix` */
    void *work;
} chain;

/* NULL where loop l, of scan r, is none. */
chain *chain_plan(plan *p, const loop *l, ref r);

#endif
