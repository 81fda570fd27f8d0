/* Programs in which every factor is conjugate. The guide draws each latent apart from the others, from an
 * exponential family, q(x) ∝ exp(λ · t(x)), with all its arguments free; and the model's log density is, in
 * the statistics t of the latents, a sum of products of statistics of different latents. Its expectation
 * under the guide is then the same expression with the expectations of the statistics in their places, and
 * the guide of a latent that is best given the others has for λ what stands there beside t: the derivative
 * of that expectation by E t (Winn and Bishop, JMLR 6, 2005; Blei, Kucukelbir and McAuliffe, JASA 112, 2017).
 *
 * A normal latent x is written as c + d, where c is the mean of its guide: its statistics are d and d², with
 * E d = 0, so that no digits are lost where the mean is far from 0. */
#ifndef VM_LANG_CONJUGATE_H
#define VM_LANG_CONJUGATE_H

#include "lang/program.h"

typedef enum statistic {
    STATISTIC_value,  /* x; of a normal d */
    STATISTIC_square, /* d² */
    STATISTIC_log,
    STATISTIC_log_rest, /* log(1 - x) */
    STATISTIC_inverse   /* 1 / x */
} statistic;

typedef enum conjugate_kind {
    CONJUGATE_normal,    /* loc, scale */
    CONJUGATE_gamma,     /* shape, rate */
    CONJUGATE_inv_gamma, /* shape, scale */
    CONJUGATE_beta,      /* a, b */
    CONJUGATE_dirichlet, /* concentration */
    CONJUGATE_count
} conjugate_kind;

enum { CONJUGATE_ARGUMENTS = 2 };

typedef struct conjugate_row {
    const char *name;
    uint32_t arguments; /* and statistics, of which it has as many */
    statistic of[CONJUGATE_ARGUMENTS];
} conjugate_row;
extern const conjugate_row CONJUGATES[];

typedef struct conjugate_latent {
    variable of;
    conjugate_kind kind;
    variable argument[CONJUGATE_ARGUMENTS];  /* of the guide's statement: each a `?` */
    variable statistic[CONJUGATE_ARGUMENTS]; /* of `program` below: their expectations */
    uint64_t meets; /* bit k: number k stands beside it in a product, so that both cannot move at once */
} conjugate_latent;

typedef struct conjugate {
    const program *program; /* a copy, of which the log densities, the guide's too, are the expectations */
    uint32_t count;
    conjugate_latent *at; /* in the order of the guide */
} conjugate;

/* NULL, with a message for each statement that is not so, the latent and the reason named. */
const conjugate *program_conjugate(diagnostics *d, const program *p, arena *a);

#endif
