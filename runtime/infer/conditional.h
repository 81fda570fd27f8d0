/* A Gaussian over a space of which some entries, the globals, stand together, and all others, the locals, lie
 * in cells that are independent given the globals: u[cell] = mean + slope (g - mean of g) + factor z. It has
 * as many numbers as locals times globals, where a full covariance has the square of all entries. */
#ifndef VM_INFER_CONDITIONAL_H
#define VM_INFER_CONDITIONAL_H

#include "runtime/infer/gaussian.h"

/* How the entries of a space fall apart. */
typedef struct partition {
    uint64_t size, globals, locals, cells;
    uint64_t *global; /* entries of the space */
    uint64_t *local;  /* likewise, cell by cell */
    uint64_t *first;  /* by cell, its first among the locals; locals behind the last */
    uint64_t *square; /* by cell, where its matrix begins; their size behind the last */
} partition;

typedef struct conditional {
    gaussian globals; /* with a factor */
    double *mean;     /* by local */
    double *slope;    /* locals × globals */
    double *factor;   /* by cell: lower, row-major */
} conditional;

/* What a Gaussian over the whole space says of them. */
conditional conditional_of(const partition *p, const gaussian *joint, arena *a);
/* What weighted draws (count × size) say, drawn towards the old one as far as few of them count. False where
 * a covariance is not positive definite. */
bool conditional_refit(const partition *p, const conditional *old, const double *points,
                       const double *log_weight, uint64_t count, double ess, conditional *to, arena *a);
/* With all its scales times a factor. */
conditional conditional_widened(const partition *p, const conditional *c, double by, arena *a);

/* Where the globals put the locals: their means given them. */
void conditional_means(const partition *p, const conditional *c, const double *globals, double *means);

#endif
