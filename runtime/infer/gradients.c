#include "runtime/infer/gradients.h"

#include "runtime/infer/control.h"
#include "runtime/infer/dependence.h"
#include "runtime/infer/relaxation.h"
#include "runtime/infer/sleep.h"

static const double TEMPERATURE = 0.5;

static const estimator_choice *asked(const program *p, const options *o, variable latent) {
    const estimator_choice *others = NULL;
    for (uint32_t i = 0; i < o->estimator.count; i++) {
        const estimator_choice *x = &o->estimator.at[i];
        if (x->of && strcmp(x->of, program_variable(p, latent)->name) == 0) return x;
        if (!x->of) others = x;
    }
    return others;
}

/* Whether the KL of the one statement of the guide to that of the model takes the place of both. */
static bool has_known_kl(const program *p, variable latent) {
    const draw *s = program_guide_statement(p, latent);
    return s && s->kl && is_whole(p, latent);
}

static bool has_path(const program *p, variable latent) {
    for (uint32_t i = 0; i < p->guide.count; i++)
        if (p->guide.at[i].of == latent && !p->guide.at[i].pathwise) return false;
    return true;
}

static estimator_kind default_of(const program *p, const options *o, variable latent) {
    if (!has_path(p, latent)) return ESTIMATOR_score;
    if (is_bound(o)) return ESTIMATOR_dreg;
    if (o->optimizer.word == OPTIMIZER_lbfgs) return ESTIMATOR_pathwise;
    return has_known_kl(p, latent) ? ESTIMATOR_pathwise : ESTIMATOR_stl;
}

gradient_choice gradient_of(const program *p, const options *o, variable latent) {
    const estimator_choice *x = asked(p, o, latent);
    estimator_kind kind = x ? (estimator_kind)x->how.word : ESTIMATOR_auto;
    if (kind == ESTIMATOR_auto) kind = default_of(p, o, latent);
    if (kind == ESTIMATOR_vimco) kind = ESTIMATOR_score;
    return (gradient_choice){kind, x && x->how.number > 0 ? x->how.number : TEMPERATURE};
}

bool gradient_is_scored(gradient_choice g) {
    return g.kind == ESTIMATOR_score || g.kind == ESTIMATOR_reinforce;
}

bool gradient_is_relaxed(gradient_choice g) {
    return g.kind == ESTIMATOR_concrete || g.kind == ESTIMATOR_straight_through;
}

bool gradients_are_scored(const program *p, const options *o) {
    for (uint32_t i = 0; i < p->guide.count; i++)
        if (gradient_is_scored(gradient_of(p, o, p->guide.at[i].of))) return true;
    return false;
}

bool gradient_moves(const program *p, variable latent, arena *a) {
    bool *sources = arena_array(a, bool, p->variables.count);
    for (variable v = 0; v < p->variables.count; v++) {
        variable_kind kind = program_variable(p, v)->kind;
        sources[v] = kind == VARIABLE_param || kind == VARIABLE_free;
    }
    dependence d = dependence_of(p, sources, a);
    const draw *s = program_guide_statement(p, latent);
    return !s || dependence_has(&d, s->log_density);
}

static bool any_is_relaxed(const program *p, const options *o) {
    for (uint32_t i = 0; i < p->guide.count; i++)
        if (gradient_is_relaxed(gradient_of(p, o, p->guide.at[i].of))) return true;
    return false;
}

/* One bound has one surrogate: beside scored or relaxed latents the others have the plain path or, under
 * `inclusive`, the score (bounds.c), which they also have where dreams teach some latents and others not. */
static gradient_choice shared_gradient(const program *p, const options *o, variable latent, arena *a) {
    gradient_choice g = gradient_of(p, o, latent);
    if (!is_bound(o) || gradient_is_scored(g) || gradient_is_relaxed(g)) return g;
    if (is_asleep(o) && !sleep_teaches_all(p, a)) g.kind = ESTIMATOR_score;
    else if (gradients_are_scored(p, o)) g.kind = weighs_scores(o) ? ESTIMATOR_score : ESTIMATOR_pathwise;
    else if (any_is_relaxed(p, o)) g.kind = ESTIMATOR_pathwise;
    return g;
}

/* Draws a step that a draw is compared with. */
static bool has_others(const options *o) {
    if (is_bound(o)) return bound_draws(o) > 1;
    return !option_is_given(o, OPTION_samples) || o->samples > 1;
}

static const char *score_text(const options *o) {
    if (weighs_scores(o)) return "score function, the draws weighted";
    if (!has_others(o)) return "score function without a baseline, for want of other draws";
    return is_bound(o) ? "score function, what each draw adds to the bound (VIMCO)"
                       : "score function, the other draws as a baseline";
}

static const char *waking_text(const program *p, const options *o, variable latent, arena *a) {
    gradient_choice g = shared_gradient(p, o, latent, a);
    switch (g.kind) {
    case ESTIMATOR_pathwise:
        return has_known_kl(p, latent) && !is_bound(o) ? "pathwise, KL in closed form" : "pathwise";
    case ESTIMATOR_stl:
        return is_bound(o) ? "pathwise, sticking the landing, biased" : "pathwise, sticking the landing";
    case ESTIMATOR_dreg: return "pathwise, doubly reparameterised";
    case ESTIMATOR_reinforce: return "score function without a baseline";
    case ESTIMATOR_enumerate: return "sum over its states, the others as drawn";
    case ESTIMATOR_concrete: return arena_print(a, "Concrete relaxation at %g, biased", g.temperature);
    case ESTIMATOR_straight_through: return arena_print(a, "straight-through at %g, biased", g.temperature);
    default: return score_text(o);
    }
}

const char *gradient_text(const program *p, const options *o, variable latent, arena *a) {
    if (!gradient_moves(p, latent, a)) return "none: nothing of it is free";
    bool dreams = is_asleep(o) && sleep_taught(p, a)[latent];
    if (dreams && o->sleep >= 1) return "the score at what the model dreams";
    const char *awake = waking_text(p, o, latent, a);
    if (control_applies(p, o, latent))
        return gradient_is_scored(gradient_of(p, o, latent))
                   ? "score function, a baseline by regression on the other draws"
                   : arena_print(a, "%s, less a quadratic by regression on the other draws", awake);
    return dreams ? arena_print(a, "%s; by %g at what the model dreams", awake, o->sleep) : awake;
}

/* ---- what may be asked for ---- */

typedef struct check {
    diagnostics *d;
    const program *p;
    const options *o;
    bool good;
} check;

static const char *word_of(const options *o, const check *c, variable latent) {
    const estimator_choice *x = asked(c->p, o, latent);
    const char *words = OPTIONS[OPTION_estimator].example;
    for (uint32_t k = x ? x->how.word : 0; k > 0; k--) words = strchr(words, '|') + 1;
    return arena_copy(c->d->arena, words, strcspn(words, "|("));
}

static void refuse(check *c, variable latent, span at, const char *why, const char *help) {
    diagnostic *said = diagnose(c->d, DIAGNOSTIC_option, at, "`estimator = %s` for `%s`, %s",
                                word_of(c->o, c, latent), program_variable(c->p, latent)->name, why);
    advise(c->d, said, "%s", help);
    c->good = false;
}

static bool is_binary(const draw *s) { return s->type.support == SUPPORT_binary; }
static bool is_finite_discrete(const draw *s) { return is_binary(s) || s->type.support == SUPPORT_index; }

/* Whether another draw of the guide follows from the latent. */
static bool is_followed(const check *c, variable latent) {
    bool *sources = arena_array(c->d->arena, bool, c->p->variables.count);
    sources[latent] = true;
    dependence d = dependence_of(c->p, sources, c->d->arena);
    for (uint32_t i = 0; i < c->p->guide.count; i++)
        if (c->p->guide.at[i].of != latent && dependence_has(&d, c->p->guide.at[i].sample)) return true;
    return false;
}

static void check_relaxed(check *c, const draw *s, const char *other) {
    node culprit;
    if (!is_finite_discrete(s))
        refuse(c, s->of, s->at, "which is neither one of 0 and 1 nor a category", other);
    else if (!is_whole(c->p, s->of)) refuse(c, s->of, s->at, "which is drawn in parts", other);
    else if (!is_binary(s) && !relaxed_gathers(c->p, s->of, c->d->arena, &culprit))
        refuse(c, s->of, program_node(c->p, culprit)->at,
               "which is here not an index in brackets, as in `mu[z]`", "use `enumerate` or `score`");
}

static void check_statement(check *c, const draw *s) {
    estimator_kind kind = gradient_of(c->p, c->o, s->of).kind;
    const char *other = "leave it to `auto`, or use `score`";
    bool path = kind == ESTIMATOR_pathwise || kind == ESTIMATOR_stl || kind == ESTIMATOR_dreg;
    if (path && !s->pathwise) refuse(c, s->of, s->at, "whose draws have no derivative", other);
    else if (kind == ESTIMATOR_enumerate && !is_finite_discrete(s))
        refuse(c, s->of, s->at, "whose states cannot be counted off", other);
    else if (kind == ESTIMATOR_enumerate && is_bound(c->o))
        refuse(c, s->of, s->at, "under an objective that weighs draws", other);
    else if (kind == ESTIMATOR_enumerate && is_followed(c, s->of))
        refuse(c, s->of, s->at, "from which other draws of the guide follow", other);
    else if (kind == ESTIMATOR_concrete || kind == ESTIMATOR_straight_through) check_relaxed(c, s, other);
}

static void check_family(check *c, const family *f) {
    for (uint32_t i = 0; i < f->count; i++) {
        estimator_kind kind = gradient_of(c->p, c->o, f->of[i]).kind;
        if (kind != ESTIMATOR_pathwise && kind != ESTIMATOR_stl && kind != ESTIMATOR_dreg)
            refuse(c, f->of[i], program_variable(c->p, f->of[i])->at, "which is drawn from a joint family",
                   "give it a statement of its own in the guide, `z ~ normal(?, ?)`");
        else if (kind != gradient_of(c->p, c->o, f->of[0]).kind)
            refuse(c, f->of[i], program_variable(c->p, f->of[i])->at,
                   "which is drawn together with latents of another estimator", "give all of them the same");
    }
}

/* Which of the objective's own are asked for. */
static void check_objective(check *c, variable latent, span at, estimator_kind *paths) {
    const estimator_choice *x = asked(c->p, c->o, latent);
    estimator_kind kind = gradient_of(c->p, c->o, latent).kind;
    bool bound = is_bound(c->o);
    uint32_t word = c->o->objective.word;
    if (!bound && kind == ESTIMATOR_dreg)
        refuse(c, latent, at, "under an objective of single draws", "use `stl`, which is the same there");
    else if (x && x->how.word == ESTIMATOR_vimco && (!bound || weighs_scores(c->o)))
        refuse(c, latent, at, "under an objective that is no bound of several draws", "use `score`");
    else if (word == OBJECTIVE_inclusive && kind != ESTIMATOR_dreg && kind != ESTIMATOR_score)
        refuse(c, latent, at, "under `inclusive`", "use `dreg` or `score`");
    else if (bound && kind == ESTIMATOR_stl && word != OBJECTIVE_iwae)
        refuse(c, latent, at, "under this objective", "use `dreg`");
    bool path = kind == ESTIMATOR_pathwise || kind == ESTIMATOR_stl || kind == ESTIMATOR_dreg;
    if (!bound || !path) return;
    if (*paths != ESTIMATOR_auto && *paths != kind)
        refuse(c, latent, at, "beside others under one bound",
               "use one of `dreg`, `stl` and `pathwise` for all");
    *paths = kind;
}

static bool is_drawn(const program *p, const char *name) {
    for (variable v = 0; v < p->variables.count; v++)
        if (program_variable(p, v)->kind == VARIABLE_latent &&
            strcmp(program_variable(p, v)->name, name) == 0)
            return true;
    return false;
}

bool gradients_check(diagnostics *d, const program *p, const options *o) {
    check c = {d, p, o, true};
    estimator_kind paths = ESTIMATOR_auto;
    for (uint32_t i = 0; i < o->estimator.count; i++) {
        const char *of = o->estimator.at[i].of;
        if (!of || is_drawn(p, of)) continue;
        diagnostic *said =
            diagnose(d, DIAGNOSTIC_option, NO_PLACE, "`estimator = %s: …`: the guide draws no `%s`", of, of);
        advise(d, said, "name a latent that the guide draws, or `rest`");
        c.good = false;
    }
    if (!c.good || !o->estimator.count) return c.good;
    for (uint32_t i = 0; i < p->guide.count; i++) {
        const draw *s = &p->guide.at[i];
        check_statement(&c, s);
        if (c.good) check_objective(&c, s->of, s->at, &paths);
    }
    for (uint32_t i = 0; i < p->families.count; i++) {
        const family *f = &p->families.at[i];
        check_family(&c, f);
        for (uint32_t k = 0; c.good && k < f->count; k++)
            check_objective(&c, f->of[k], program_variable(p, f->of[k])->at, &paths);
    }
    return c.good;
}
