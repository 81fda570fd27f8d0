/* Simulation-based calibration of model, guide and verdict together (Talts, Betancourt, Simpson, Vehtari and
 * Gelman, arXiv 1804.06788): latents are drawn from the prior and data given them; over many such data the
 * place of the truth among the draws of the fit is uniform, for every scalar, if the fits are right. */
#ifndef VM_INFER_CALIBRATION_H
#define VM_INFER_CALIBRATION_H

#include "base/rng.h"
#include "runtime/infer/fit.h"

typedef struct calibration {
    arena *arena;
    uint32_t room, fits; /* those that there will be at the most, and that there are */
    uint32_t verdicts[3];
    uint32_t count;    /* of the scalars: the entries of latents and of what is computed from them */
    uint32_t *summary; /* of each, its place among the summaries of a fit */
    double **place;    /* of each, by fit: the share of draws below the truth, between 0 and 1 */
} calibration;

calibration calibration_open(uint32_t fits, arena *a);

/* Data number `number` for m, a model for data that are drawn: a copy of m with values of its own, which are
 * the truth. False, reported, where something cannot be drawn. */
bool calibration_draw(diagnostics *d, const model *m, uint64_t seed, uint32_t number, model *truth, arena *a);
/* Takes a fit of the data of `truth`. All fits are of one program and of data of one shape. */
void calibration_add(calibration *c, const model *truth, const fit *f, rng *ties);

/* How uniform the places of a scalar are. */
typedef struct uniformity {
    double p;            /* of the Anderson-Darling test */
    double mean, spread; /* of the places: 0.5 and sqrt(1/12) where they are uniform */
    const char *why;     /* what they look like where p is small, and what that says of the fits; else NULL */
} uniformity;
enum { CALIBRATION_BINS = 20 };
/* Fills the number of places in each of CALIBRATION_BINS equal parts. `p_least`: below it, `why` is said. */
uniformity calibration_judge(const calibration *c, uint32_t scalar, double p_least, uint32_t *bins);

#endif
