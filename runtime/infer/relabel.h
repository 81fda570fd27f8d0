/* Modes that are equivalent.
 *
 * Components that can be exchanged: where the entries of an axis can be put in any other order, in all
 * latents at once, and the log density stays what it is, as for the components of a mixture without an order
 * or the topics of LDA, the posterior has each mode as often as there are orders: one of them says all that
 * there is to know, up to the names of the components. And signs: mirror images are as good as each other. */
#ifndef VM_INFER_RELABEL_H
#define VM_INFER_RELABEL_H

#include "runtime/infer/sample.h"

/* The first axis whose entries can be exchanged, with a valley of the log density between a draw of the
 * sample and the same with two entries exchanged; AXIS_NONE where there is none. Of programs whose latents
 * have a density. */
axis relabel_find(const sample *s, arena *scratch);

/* Latents whose signs can be changed together without a change of the log density, as those of factors and of
 * their loadings, with a valley on the way; none where there are no such. */
enum { MIRRORED_MOST = 3 };
typedef struct mirrored {
    uint32_t count;
    variable of[MIRRORED_MOST];
} mirrored;
mirrored relabel_find_mirror(const sample *s, arena *scratch);

/* Takes the memory of either. */
void relabel_rehearse(const reported *r, arena *scratch);

#endif
