/* The gamma and beta distributions in long double, for parameters and arguments of moderate size: the series
 * of DLMF 8.11.4 and 8.17.8, whose terms are positive, and its derivatives term by term. */
#ifndef VM_TESTS_AUTODIFF_REFERENCE_TAILS_H
#define VM_TESTS_AUTODIFF_REFERENCE_TAILS_H

#include <math.h>
#include "autodiff/tape.h"

/* The lower tail, its derivatives by the parameters, and the density. */
typedef struct reference_tail {
    long double p, by_a, by_b, density;
} reference_tail;

static const long double TAIL_LEAST = 1e-22L;

/* P = x^a e^-x / gamma(a) times the sum of x^n / (a (a + 1) … (a + n)). */
static inline reference_tail reference_gamma(long double a, long double x, long double digamma_a) {
    long double term = 1 / a, slope = -1 / a, sum = term, by_a = term * slope;
    for (int n = 1; term > TAIL_LEAST * sum; n++) {
        term *= x / (a + n);
        slope -= 1 / (a + n);
        sum += term;
        by_a += term * slope;
    }
    long double weight = expl(a * logl(x) - x - lgammal(a)), score = logl(x) - digamma_a;
    return (reference_tail){weight * sum, weight * (by_a + score * sum), 0, weight / x};
}

/* I = x^a (1 - x)^b / B(a, b) times the sum of (a + b) … (a + b + n - 1) x^n / (a (a + 1) … (a + n)); the
 * scores are digamma(a + b) - digamma(a), and - digamma(b). */
static inline reference_tail reference_beta(long double a, long double b, long double x, long double score_a,
                                            long double score_b) {
    long double term = 1 / a, slope_a = -1 / a, slope_b = 0, sum = term, by_a = term * slope_a, by_b = 0;
    for (int n = 1; term > TAIL_LEAST * sum; n++) {
        long double c = a + b + n - 1;
        term *= c * x / (a + n);
        slope_a += 1 / c - 1 / (a + n);
        slope_b += 1 / c;
        sum += term;
        by_a += term * slope_a;
        by_b += term * slope_b;
    }
    long double weight = expl(a * logl(x) + b * log1pl(-x) + lgammal(a + b) - lgammal(a) - lgammal(b));
    return (reference_tail){weight * sum, weight * (by_a + (logl(x) + score_a) * sum),
                            weight * (by_b + (log1pl(-x) + score_b) * sum), weight / (x * (1 - x))};
}

#endif
