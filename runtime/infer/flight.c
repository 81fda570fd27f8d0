#include "runtime/infer/flight.h"

#include <math.h>
#include "runtime/infer/transforms.h"

/* Of latents that are real: millions of units, or, at rest nowhere, beyond what doubles resolve. */
static const double FAR_FAILED = 1e6, FAR = 1e13;
/* Of all others in unconstrained space, where most are logarithms: e^100. */
static const double FAR_LOGARITHM = 100;

bool flight_complain(diagnostics *d, const space *s, const double *at, const double *factor, bool failed) {
    const program *p = s->model->program;
    variable worst = VARIABLE_NONE;
    double most = 1, value = 0;
    for (uint32_t k = 0; k < s->count; k++) {
        bool real = program_variable(p, s->of[k])->type.support == SUPPORT_real;
        double unit = !real ? FAR_LOGARITHM : failed ? FAR_FAILED : FAR;
        for (uint64_t i = s->offset[k]; i < s->offset[k] + transform_size(s->model, s->of[k]); i++) {
            double far = isnan(at[i]) ? INFINITY : fabs(at[i]);
            for (uint64_t j = 0; factor && j <= i; j++) far = fmax(far, fabs(factor[i * s->size + j]));
            if (!(far / unit > most)) continue;
            most = far / unit;
            value = copysign(far, at[i]);
            worst = s->of[k];
        }
    }
    if (worst == VARIABLE_NONE) return false;
    const variable_row *v = program_variable(p, worst);
    bool real = v->type.support == SUPPORT_real;
    diagnostic *said =
        diagnose(d, DIAGNOSTIC_not_finite, v->at,
                 real ? "the posterior has no end: `%s` went to %.2g, and the log density did not fall"
                      : "the posterior has no end: `%s` went to its bound, %.3g in unconstrained units, and "
                        "the log density did not fall",
                 v->name, value);
    advise(d, said,
           real ? "its prior is flat, or nearly, and the data do not determine it; give it a prior, as `~ "
                  "normal(0, 10)`, or leave out a column that others make up for"
                : "its prior allows that and the data do not forbid it, as where a model meets them exactly; "
                  "give it a prior that is 0 there, as `lognormal(0, 1)` for a scale");
    return true;
}
