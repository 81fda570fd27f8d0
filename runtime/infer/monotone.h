/* Climbs by steps that never go down, EM's and those of coordinate ascent, and when they are over: once what
 * is left, as the last two rises foretell it (Aitken's formula; Böhning, Dietz, Schaub, Schlattmann and
 * Lindsay, Annals of the Institute of Statistical Mathematics 46, 1994), is `enough` or less. */
#ifndef VM_INFER_MONOTONE_H
#define VM_INFER_MONOTONE_H

#include "runtime/infer/vigil.h"

typedef struct monotone {
    bool (*step)(void *of);          /* false where it is not finite */
    double (*value)(const void *of); /* before the last step */
    void *of;
    double enough; /* in nats */
    uint64_t steps, most;
    bool converged, interrupted;
} monotone;

/* What is left, in nats, where each of so many numbers is within a hundredth of the tolerance, in sds, of
 * where it ends. */
double monotone_enough(double tolerance, uint64_t numbers);
bool monotone_run(monotone *c, vigil *v);

#endif
