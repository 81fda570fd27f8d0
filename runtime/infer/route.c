#include "runtime/infer/route.h"

#include "runtime/infer/cavi.h"
#include "runtime/infer/gradients.h"
#include "runtime/infer/held.h"
#include "runtime/infer/map.h"

/* Whether the guide is one Gaussian over all latents, of which there are some, and nothing else is to be
 * optimised or asked for. */
static bool is_gaussian(const program *p, const options *o) {
    static const option_id OTHERS[] = {OPTION_objective, OPTION_batch,     OPTION_beta,
                                       OPTION_anneal,    OPTION_optimizer, OPTION_estimator,
                                       OPTION_free_bits, OPTION_noise,     OPTION_control};
    bool latents = false;
    for (variable v = 0; v < p->variables.count; v++) {
        variable_kind kind = program_variable(p, v)->kind;
        if (kind == VARIABLE_param || kind == VARIABLE_free) return false;
        if (kind == VARIABLE_latent) latents = true;
    }
    if (!latents || p->guide.count || p->families.count > 1) return false;
    if (options_first_given(o, OTHERS, sizeof OTHERS / sizeof *OTHERS) != OPTION_count) return false;
    family_kind kind = p->families.count ? family_asked(&p->families.at[0], o) : (family_kind)o->family.word;
    return kind == FAMILY_auto || kind == FAMILY_mean_field || kind == FAMILY_full_rank;
}

route route_of(const program *p, const options *o) {
    if (is_map(o)) return ROUTE_map;
    if (is_cavi(o)) return cavi_by_length(o) ? ROUTE_natural : ROUTE_cavi;
    if (is_gaussian(p, o)) return ROUTE_gaussian;
    if (o->objective.word == OBJECTIVE_em && !o->batch.axis) return ROUTE_em;
    return is_held(o) ? ROUTE_held : ROUTE_steps;
}

/* How the steps draw, behind how they differentiate. */
static const char *of_draws(const options *o) {
    static const char *const NOISES[] = {[NOISE_random] = "",
                                         [NOISE_antithetic] = ", draws in pairs",
                                         [NOISE_sobol] = ", draws by Sobol's points"};
    return NOISES[o->noise.word];
}

const char *route_estimator(const program *p, const options *o, route way, variable latent, arena *a) {
    switch (way) {
    case ROUTE_gaussian: return "pathwise, sticking the landing, along the natural gradient";
    case ROUTE_map: return "none: the mode, by the gradient of the density";
    case ROUTE_cavi: return "none: closed form, by coordinate ascent";
    case ROUTE_natural: return "none: closed form, by steps along the natural gradient";
    case ROUTE_held:
        return arena_print(a, "%s%s, the draws held", gradient_text(p, o, latent, a), of_draws(o));
    default: return arena_print(a, "%s%s", gradient_text(p, o, latent, a), of_draws(o));
    }
}
