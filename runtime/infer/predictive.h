/* Posterior prediction: for each draw of the latents, new data from every statement that observes some, and
 * what the program derives and generates.
 *
 * Discrete latents that were summed out are drawn anew from their statements for new data, as the density of
 * the data is the sum over them; what is generated from them has, where all data are given, their posterior
 * (as in a fit). */
#ifndef VM_INFER_PREDICTIVE_H
#define VM_INFER_PREDICTIVE_H

#include "runtime/infer/posterior.h"

/* Draws of one variable, count × size, entries in its own order of axes. */
typedef struct predicted {
    variable of;
    uint64_t size;
    double *draws;
    const double *observed; /* in the same order, NaN where missing; NULL: not observed, or not given */
} predicted;

typedef struct predictive {
    const model *model; /* whose sizes and labels count */
    uint64_t count;
    vector(predicted) all; /* observed variables first, then derived and generated names, as in the text */
} predictive;

/* As many draws as may be kept of so many entries; at most `asked`. */
uint64_t predictive_room(const model *m, uint64_t asked);

/* `open` is a model for data that are drawn (model_bind_drawn), `whole` the same with all data, or NULL
 * where some outcome is not given. Entries of `draws` that are not known are drawn, and filled in. NULL,
 * reported, where something cannot be drawn or is not finite, or where `stop` said so. Same seed, same bits.
 */
typedef bool predictive_stop(void *user);
predictive *predictive_draw(diagnostics *d, const model *open, const model *whole, placed *draws,
                            uint64_t seed, predictive_stop *stop, void *user, arena *a);

/* Whether data give all that such a model observes. */
bool predictive_has_outcomes(const model *open);

/* What is predicted, in the form in which a fit reports its variables. */
fit predictive_report(const predictive *p, verdict v, uint64_t seed, arena *a);

#endif
