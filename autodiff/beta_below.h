/* The probability that one beta variable is below another, see beta_below.c. */
#ifndef VM_AUTODIFF_BETA_BELOW_H
#define VM_AUTODIFF_BETA_BELOW_H

enum { BETA_OPERANDS = 4 }; /* u, v, a, b */

typedef struct beta_order {
    double below, above;                                     /* log P(X < Y), log P(X > Y) */
    double below_by[BETA_OPERANDS], above_by[BETA_OPERANDS]; /* their derivatives; 0 by v */
} beta_order;

/* Of X from beta(u, floor(v)) and Y from beta(a, b); NaN unless all four are positive and finite. */
beta_order beta_below(double u, double v, double a, double b);

#endif
