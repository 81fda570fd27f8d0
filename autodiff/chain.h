/* Loops that are a product of matrices in logarithms: the forward algorithm of a hidden Markov model (Rabiner
 * 1989), and its adjoint. A scan with the body
 *
 *   a'[j] = log sum over i of exp(a[i] + A[i, j]) + b[j]
 *
 * for each entry of any further axes, where A and b may differ from step to step, runs on p = exp(a - s),
 * with one s for all states of a step:
 *
 *   q[j] = sum over i of p[i] exp(A[i, j]),   p'[j] = q[j] exp(b[j] - max b),   a'[j] = log q[j] + b[j] + s
 *
 * (with the largest of A taken into s as well), so that of all that waits for the step before, only products
 * and sums are left; the exponentials are those of A and b, taken for many steps at once, and s is moved by
 * powers of two. The adjoint, with g for that of a' and h[j] = g[j] / q[j],
 *
 *   of a[i]     p[i] sum over j of exp(A[i, j]) h[j]
 *   of A[i, j]  p[i] exp(A[i, j]) h[j]
 *
 * reads p and q of the scan that it belongs to.
 *
 * The p of a state can be too small for a number, and later states may still depend on it. What is lost of p
 * is below the smallest number, so it does not count while each q is far above that. A step where some q is
 * not, though the state can be reached (by a path without an A or b of -infinity), is done in logarithms, and
 * its adjoint as well: its rows then hold a - s, and the logarithms of the sums. */
#ifndef VM_AUTODIFF_CHAIN_H
#define VM_AUTODIFF_CHAIN_H

#include "autodiff/plan.h"

enum { CHAIN_STATES_MOST = 64 };

/* The axes of the states, which may be several: those of the carry, and their names before and after a step.
 */
typedef struct chain_states {
    axes of;
    axis from[AXES_MOST], to[AXES_MOST];
} chain_states;

/* What differs from state to state, and perhaps from step to step: where it is at the first step, for the
 * first state of the first entry of the batch. */
typedef struct chain_operand {
    ref root; /* 0: there is none */
    int64_t offset, pitch;
    const int64_t *from, *to; /* by state before the step, and after it: how much further */
} chain_operand;

typedef struct chain {
    bool back; /* the adjoint */
    chain_states axes;
    uint32_t matrix_slot, own_slot;   /* operands A and b; own_slot is 0 where there is no b */
    ref forward;                      /* the scan that has the rows: of a forward one, itself */
    bool rows_kept;                   /* an adjoint reads them */
    uint64_t rows, batches;           /* their place in its buffer; further entries */
    uint32_t states, width, steps;    /* width: of a row, whole vectors */
    const walk *batch;                /* places of the carry, of A, and of b or the adjoint of A */
    const int64_t *place;             /* by state: in the carry */
    bool dense;                       /* … which is then a row as it lies */
    chain_operand matrix, own, moved; /* A, b, the adjoint of A */
    uint32_t block;                   /* steps that are prepared together */
    /* Working memory. */
    void *transitions;      /* exp(A - its largest), once or for each step of a block */
    double *most_of_matrix; /* … the largest */
    void *weights;          /* forward: exp(b - its largest) by step of a block; back: the shares h */
    void *most;
    int32_t *shift;
    void *passing;             /* forward: the rows of a block, and of the step before it */
    void *now, *least, *known; /* rows: p or g; what sums must not fall below; a - s, where it is known */
    void *found, *total;       /* back: g by step of a block; the sum of p[i] h[j] */
    void *terms;               /* a matrix, of a step in logarithms */
} chain;

struct loop;

/* The form of scan r; NULL where it has another. */
chain *chain_find(const plan *p, ref r);
/* Whether anybody but adjoints of this form reads history `result` of a scan. */
bool chain_history_wanted(const plan *p, ref result);
/* Entries of its rows in the buffer of a forward scan. */
uint64_t chain_row_entries(const chain *m);
/* Completes it, when the layouts of all values are known. */
void chain_plan(plan *p, struct loop *l, ref r);

#endif
