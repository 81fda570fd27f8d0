/* Annealed importance sampling (Neal, Statistics and Computing 11, 2001): the evidence of a model, by chains
 * that are led from a Gaussian g to the posterior through densities in proportion to g^(1 - t) p^t, for
 * temperatures t from 0 to 1.
 *
 * At each temperature a chain takes a trajectory of Hamiltonian Monte Carlo, in coordinates in which g is a
 * standard normal. What a chain's weight is expected to be is the evidence, however badly the trajectories
 * mix; how much the log weights spread says how far few chains can be trusted. Temperatures and step lengths
 * are found by a first run, whose chains are resampled, and are fixed in those that count. While log weights
 * spread too far, temperatures are added between those that there are.
 *
 * The mean log weight lies below the log evidence, and that of chains led the other way, from draws of the
 * posterior, above it (Grosse, Ghahramani and Adams, arXiv 1511.02543). Both together give the estimate
 * (Bennett's acceptance ratio, Journal of Computational Physics 22, 1976): the chains led back have been in
 * tails that those led forward hardly reach, whose weights alone would show neither them nor how much they
 * are. */
#ifndef VM_INFER_ANNEAL_H
#define VM_INFER_ANNEAL_H

#include "runtime/infer/gaussian.h"

typedef struct annealed {
    measured log_evidence; /* with its standard error */
    measured below, above; /* mean log weights, forward and back */
    double spread;         /* sd of the log weights */
    double ess;            /* chains that count */
    uint32_t chains, temperatures;
    uint64_t gradients;
    bool settled; /* the log weights are close, and both directions agree */
} annealed;

typedef bool anneal_stop(void *user);

/* `many` is the density of the model, `from` a Gaussian in the same space. False where `stop` said so, or the
 * density is finite at next to no draw of the Gaussian. Same seed, same bits. */
bool anneal(density *many, const gaussian *from, uint64_t seed, anneal_stop *stop, void *user, arena *a,
            annealed *to);

#endif
