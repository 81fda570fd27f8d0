/* `good` needs three things at once. The averaged iterates stood still. The weights are good: k-hat below the
 * limit of Vehtari et al. (2024) for the number of draws and an effective number of draws of 400 (Vehtari,
 * Gelman, Simpson, Carpenter and Bürkner, Bayesian Analysis 16, 2021, section 4), with which the mean is
 * known to 0.05 and the sd to 3.5 %; where the weights are nearly equal, k-hat describes a tail that does not
 * matter, and is not asked. And draws of a second proposal, wider than the guide, lead to the same means and
 * sds: weights of a guide that misses a part of the posterior can look good. */
#include "runtime/infer/verdict.h"

#include <math.h>

static const double ENOUGH_DRAWS = 400, FEW_DRAWS = 100;
/* Of a guide that no wider one checks, k-hat has to be below this: weights have a variance then with little
 * doubt. */
static const double UNCHECKED = 0.5;
/* Share of draws that counts above which weights are as good as equal. */
static const double NEARLY_EQUAL = 0.9;
/* Monte-Carlo error of means and sds that is as good as none beside the posterior's own sd, and that is not.
 */
static const double PRECISE = 0.05, ROUGH = 0.2;
/* Differences of two proposals beyond their errors: of means in sds, of sds in logs. */
static const double AGREE = 0.1, DISAGREE = 0.3;

bool verdict_corrects(psis quality, uint64_t draws) {
    if (quality.ess > NEARLY_EQUAL * (double)draws) return true;
    return quality.khat < 1 &&
           quality.ess >= (quality.khat < psis_threshold(draws) ? FEW_DRAWS : ENOUGH_DRAWS);
}

static void add(fit *f, verdict at_most, const char *code, double value, const char *text) {
    if (at_most > f->verdict) f->verdict = at_most;
    push(f->arena, &f->reasons, (reason){code, value, text});
}

static void judge_weights(fit *f, const findings *x) {
    double khat = x->quality.khat, ess = x->quality.ess;
    if (ess > NEARLY_EQUAL * (double)x->draws) {
        add(f, VERDICT_good, "khat", khat,
            "the importance weights are nearly equal: the guide is the posterior, to within its Monte-Carlo "
            "error");
    } else if (khat < (x->checked ? psis_threshold(x->draws) : UNCHECKED)) {
        add(f, VERDICT_good, "khat", khat,
            "the importance weights have a variance; summaries are corrected with them");
    } else if (khat < 1) {
        add(f, VERDICT_doubtful, "khat", khat,
            "the importance weights are dominated by few draws; use more draws, or a richer guide");
    } else {
        add(f, VERDICT_bad, "khat", khat,
            x->joint ? "the guide misses a part of the posterior; rewrite group effects as location + scale "
                       "* standard normal, or give the model more informative priors"
                     : "the guide misses a part of the posterior; use `--family full_rank`, or join the "
                       "latents that depend on each other in the guide");
    }
    if (ess < ENOUGH_DRAWS)
        add(f, ess < FEW_DRAWS ? VERDICT_bad : VERDICT_doubtful, "ess", ess,
            "so few draws count after weighting that means and sds are rough; use more draws, or a guide "
            "that is closer to the posterior");
    else add(f, VERDICT_good, "ess", ess, "draws that count after weighting");
}

static void judge_error(fit *f, const findings *x) {
    if (x->error < PRECISE)
        add(f, VERDICT_good, "error", x->error,
            "the largest Monte-Carlo error of a mean, in sds, or of a sd, relative to it");
    else
        add(f, x->error < ROUGH ? VERDICT_doubtful : VERDICT_bad, "error", x->error,
            "a mean or a sd has a large Monte-Carlo error, since few draws reach where it is decided; use "
            "more draws");
}

static void judge_check(fit *f, const findings *x) {
    double worst = fmax(x->shift, x->stretch);
    if (!x->checked) return;
    if (worst < AGREE)
        add(f, VERDICT_good, "check", worst, "draws of a wider guide lead to the same means and sds");
    else
        add(f, worst < DISAGREE ? VERDICT_doubtful : VERDICT_bad, "check", worst,
            "draws of a wider guide lead to other means or sds: the posterior has tails or a part that the "
            "guide does not reach; reparameterise the model, or use more draws");
}

static void judge_collapse(fit *f, const findings *x) {
    if (x->collapsed)
        add(f, VERDICT_doubtful, "collapsed", x->collapsed->total.value,
            arena_print(
                f->arena,
                "the guide of `%s` is its prior, so that it tells nothing of the data: the rest of the "
                "model does without it; start with a small weight of the prior, `--anneal '0 -> 1 over "
                "5000'`, or make the rest weaker",
                program_variable(f->model->program, x->collapsed->of)->name));
}

/* Of a mode, and how far the Gaussian around it is the posterior. */
static void judge_mode(fit *f, const findings *x) {
    const map_found *m = x->mode;
    if (!m->converged)
        add(f, VERDICT_bad, "converged", (double)f->steps,
            "the density still rises where the climb ended: allow more with `--steps`, or it has no mode, as "
            "where effects share a scale that can fall to 0; then leave `objective = map` out");
    else add(f, VERDICT_good, "converged", (double)f->steps, "the density has no slope at the mode");
    if (m->converged && !m->definite)
        add(f, VERDICT_bad, "curvature", m->value,
            "the density does not fall to all sides of the mode, so that the data and priors do not "
            "determine "
            "all that is free, and the standard errors mean nothing; give a prior to what has a huge one");
    add(f, VERDICT_good, "mode", m->value, "the log density at the mode");
    if (m->low)
        add(f, VERDICT_doubtful, "tops", m->low,
            arena_print(f->arena, "of %u climbs so many ended lower than the mode: there may be a higher one",
                        m->starts));
    if (m->definite && !m->at.factor)
        add(f, VERDICT_doubtful, "errors", (double)m->at.size,
            "numbers, too many for a Hessian: each standard error is that given all others, and too small");
    if (m->converged && m->definite && !(x->quality.khat < UNCHECKED))
        add(f, VERDICT_doubtful, "khat", x->quality.khat,
            "around the mode the density is not Gaussian: means, standard errors and quantiles are those of "
            "a "
            "Gaussian, and not the posterior's; leave `objective = map` out for those");
}

void verdict_judge(fit *f, const findings *x) {
    f->verdict = VERDICT_good;
    if (x->mode && !f->interrupted) {
        judge_mode(f, x);
        return;
    }
    if (f->interrupted)
        add(f, VERDICT_bad, "interrupted", (double)f->steps,
            "the fit was interrupted; what is reported is the average up to then");
    else if (x->converged)
        add(f, VERDICT_good, "converged", (double)f->steps,
            x->held     ? "the guide stands where the objective with its draws held has no slope"
            : x->closed ? "another round in closed form would raise the ELBO by next to nothing"
                        : "the averaged iterates of the guide stand still");
    else if (x->closed)
        add(f, VERDICT_bad, "converged", (double)f->steps,
            "the ELBO still rose in the last round; allow more with `--steps`");
    else if (x->held)
        add(f, VERDICT_bad, "converged", (double)f->steps,
            "the objective with its draws held still rises at the last step: allow more with `--steps`, take "
            "more draws with `--samples`, or look for latents that the data do not determine");
    else
        add(f, VERDICT_bad, "converged", (double)f->steps,
            "the iterates of the guide still moved at the last step; allow more with `--steps`, or look for "
            "latents that the data do not determine");
    judge_weights(f, x);
    judge_error(f, x);
    judge_check(f, x);
    judge_collapse(f, x);
}

void verdict_compare(findings *x, const sample *first, const sample *second, arena *scratch) {
    x->checked = true;
    /* the error of a log sd is 1 / sqrt(2 ess) for a Gaussian, twice that for tails as heavy as those of a t
     * with 6 degrees */
    double sd_error = sqrt(2 / first->quality.ess + 2 / second->quality.ess);
    const moments *ones = sample_moments(first, sample_weights(first, first->log_weight, scratch), scratch);
    const moments *others =
        sample_moments(second, sample_weights(second, second->log_weight, scratch), scratch);
    for (uint64_t k = 0; k < first->report->scalars; k++) {
        moments a = ones[k], b = others[k];
        if (!(a.sd > 0) || !(b.sd > 0)) continue;
        double shift = (fabs(a.mean - b.mean) - 4 * hypot(a.mcse, b.mcse)) / a.sd;
        double stretch = fabs(log(b.sd / a.sd)) - 4 * sd_error;
        x->shift = fmax(x->shift, shift);
        x->stretch = fmax(x->stretch, stretch);
    }
}
