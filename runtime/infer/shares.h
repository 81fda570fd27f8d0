/* What particles along axes weigh, latent by latent. Of a draw of the globals with weight W and the particles
 * of an entry, of which each has the probability m_k once all others are summed out, the weights W m_k are
 * those of draws of that entry alone, together with the globals. All m_k come from one adjoint of the sum, as
 * the derivatives by the logs of the particles' weights (Bowyer, Heap and Aitchison, Using autodiff to
 * estimate posterior moments, marginals and samples, UAI 2024; Darwiche, J. ACM 50, 2003). */
#ifndef VM_INFER_SHARES_H
#define VM_INFER_SHARES_H

#include "runtime/infer/particles.h"

typedef struct shares {
    const particles *of;
    psis joint; /* of the weights that the globals have */
    psis *cell; /* by cell; as many draws count as are reported, times the particles of an entry */
} shares;

/* By fresh draws of the guide of a sample of `count` draws. NULL where there are too many entries. */
const shares *shares_find(particles *t, const guide_along *g, const sample *s, rng *r, arena *a);
/* Takes the memory of that. */
void shares_rehearse(const particles *t, uint64_t count, arena *a);
/* Of an entry, in the variable's own order, of a latent. False for other variables. */
bool shares_of(const shares *s, variable v, uint64_t entry, psis *found);

#endif
