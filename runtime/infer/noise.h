/* How the draws of a step hang together. Each by itself is from the guide, so that means over draws, and
 * their gradients, stay without bias; together they cover it more evenly than independent ones.
 *
 *   antithetic  in pairs u, 1 - u of the uniform numbers beneath (Hammersley and Morton, 1956)
 *   sobol       points of Sobol's sequence with the direction numbers of Joe and Kuo (SIAM Journal on
 *               Scientific Computing 30, 2008), scrambled anew at each step (Owen, Journal of Complexity 14,
 *               1998, by the hash of Laine and Karras, in Burley, Journal of Computer Graphics Techniques 9,
 *               2020), the way of Buchholz, Wenzel and Mandt (ICML 2018). Dimensions beyond 16 are further
 *               groups of 16, the points of each in an order of its own.
 *
 * Normal and uniform numbers of the tape that vary over the draws become functions of inputs that the host
 * fills; what is drawn by rejection, as a gamma, and in a loop stays independent. */
#ifndef VM_INFER_NOISE_H
#define VM_INFER_NOISE_H

#include "autodiff/machine.h"
#include "lang/program.h"

static inline bool is_coupled(const options *o) { return o->noise.word != NOISE_random; }

/* Reports where coupled draws would have a bias: where an estimator compares them, or a bound weighs them. */
bool noise_check(diagnostics *d, const program *p, const options *o);

/* One source of numbers: an input of the tape, dense over the axes before `draw`, `draw` and those after it.
 */
typedef struct noise_input {
    uint32_t slot;
    uint64_t before, after;
    uint64_t dimension; /* of its first number */
    double *uniform;
} noise_input;

typedef struct noise {
    uint32_t word, draws;
    double most;    /* the largest number below 1 that the machine can tell from it */
    double *column; /* draws: the numbers of a dimension */
    vector(noise_input) inputs;
} noise;

/* The tape with inputs in place of what is random over `draw`, behind its other inputs. */
tape *noise_write(noise *n, const tape *from, axis draw, const options *o, arena *a);
void noise_bind(const noise *n, machine *m);
/* Fills the inputs, as functions of seed and step. */
void noise_draw(const noise *n, uint64_t seed, uint64_t step);

/* The number of `count` points in dimension `d`, of points scrambled by the seed and step. */
void noise_sobol(uint64_t seed, uint64_t step, uint64_t d, uint32_t count, double *u);

#endif
