/* Statements `x ~ D(…)`: the left side, what the data or the guide must fit, and the row of the program. */
#include "lang/checker.h"

#include <math.h>

/* ---- narrowing, truncation, censoring ---- */

/* f(a, b) of the library. */
static node library_call(checker *c, const char *f, node a, node b, span at) {
    const binding *found = library_find(c, f);
    value arguments[2] = {value_of(a), value_of(b)};
    value v = call_function(c, found->item, found->home, NULL, 0, arguments, 2, at);
    return v.nodes[0];
}

/* log of the probability below x, or above it; where the distribution does not say it, by its cdf. */
static node log_tail(checker *c, const distribution *d, const axis_bindings *bound, bool above, node x,
                     span at) {
    name own = names_of(c->p->names, above ? "log_ccdf" : "log_cdf");
    if (distribution_property(d, own)) return property_at(c, d, bound, own, x);
    node below = property_at(c, d, bound, c->word_cdf, x);
    if (!below) return 0;
    return above ? make(c, NODE_log1p, make(c, NODE_neg, below, 0, 0, at), 0, 0, at)
                 : make(c, NODE_log, below, 0, 0, at);
}

/* log of the probability between two bounds: the difference of the two tail probabilities on the side where
 * they are small, since near 1 they have no digits left. */
static node log_mass_between(checker *c, const distribution *d, const axis_bindings *bound, node lower,
                             node upper, span at) {
    name log_ccdf = names_of(c->p->names, "log_ccdf"), log_cdf = names_of(c->p->names, "log_cdf");
    if (!distribution_property(d, log_ccdf) && !distribution_property(d, log_cdf)) {
        node difference = make(c, NODE_sub, property_at(c, d, bound, c->word_cdf, upper),
                               property_at(c, d, bound, c->word_cdf, lower), 0, at);
        return make(c, NODE_log, difference, 0, 0, at);
    }
    node below_lower = log_tail(c, d, bound, false, lower, at),
         below_upper = log_tail(c, d, bound, false, upper, at);
    node above_lower = log_tail(c, d, bound, true, lower, at),
         above_upper = log_tail(c, d, bound, true, upper, at);
    if (!below_lower || !below_upper || !above_lower || !above_upper) return 0;
    return make(c, NODE_select, make(c, NODE_lt, above_lower, below_lower, 0, at),
                library_call(c, "log_diff_exp", above_lower, above_upper, at),
                library_call(c, "log_diff_exp", below_upper, below_lower, at), at);
}

/* log of the probability of [lower, upper]; a bound of 0 (no node) is none. The cdf counts what is at most
 * its argument, so that of whole numbers the last one below `lower` is taken. */
static node log_mass(checker *c, const distribution *d, const axis_bindings *bound, node lower, node upper,
                     span at) {
    if (lower && type_range(c->p, drawn_type(c, d, NULL, bound)).whole) {
        node above =
            make(c, NODE_neg, make(c, NODE_floor, make(c, NODE_neg, lower, 0, 0, at), 0, 0, at), 0, 0, at);
        lower = make(c, NODE_sub, above, make_number(c, 1, at), 0, at);
    }
    if (lower && upper) return log_mass_between(c, d, bound, lower, upper, at);
    return log_tail(c, d, bound, lower, lower ? lower : upper, at);
}

static node finite_bound(checker *c, node n) {
    const range *r = n ? &program_node(c->p, n)->range : NULL;
    return r && (r->lowest == INFINITY || r->highest == -INFINITY) ? 0 : n;
}

static bool is_improper(checker *c, const distribution *d) {
    return !distribution_property(d, c->word_sample) && !distribution_property(d, c->word_cdf);
}

static bool needs_cdf(checker *c, const distribution *d, span at, const char *what) {
    if (distribution_property(d, c->word_cdf)) return true;
    diagnostic *told = diagnose(c->d, DIAGNOSTIC_dist, place(c, at), "`%s` has no `cdf`, which %s needs",
                                d->definition->function.name, what);
    advise(c->d, told,
           "use a distribution that lies on this support already, or define a `dist` with a `cdf(x)`");
    return false;
}

void support_bounds(checker *c, type t, span at, node *lower, node *upper) {
    *lower = finite_bound(c, t.lower), *upper = finite_bound(c, t.upper);
    if (t.support == SUPPORT_interval) return;
    const support_row *s = &SUPPORTS[t.support];
    *lower = s->lowest > -INFINITY ? make_number(c, s->lowest, at) : 0;
    *upper = s->highest < INFINITY ? make_number(c, s->highest, at) : 0;
}

/* The log of the density that x = y - mean(y) has where normal variables y are known to sum to 0, with
 * respect to lengths on that plane: the sum of theirs less that of sum(y) / sqrt(n), which is normal too. */
static node less_sum_density(checker *c, const distribution *d, node density, axes along, node size,
                             span at) {
    node loc = make_expand(c, d->arguments[0], along, at), scale = make_expand(c, d->arguments[1], along, at);
    node mean = make_reduction(c, NODE_sum, loc, along, at);
    node variance = make_reduction(c, NODE_sum, make(c, NODE_mul, scale, scale, 0, at), along, at);
    node odds = make(c, NODE_div, make(c, NODE_mul, mean, mean, 0, at), variance, 0, at);
    node spread = make(c, NODE_log, make(c, NODE_div, variance, size, 0, at), 0, 0, at);
    node twice =
        make(c, NODE_add, make(c, NODE_add, odds, spread, 0, at), make_number(c, log(2 * M_PI), at), 0, at);
    return make(c, NODE_add, density, make(c, NODE_div, twice, make_number(c, 2, at), 0, at), 0, at);
}

/* The log density of D cut to a type that ties entries together, which is summed over them here. An order
 * along an axis multiplies it by the number of orders when the entries are alike otherwise, and normal
 * entries that sum to 0 have a closed form. Others have none: the normaliser is left out where it is a
 * constant, and refused where it depends on latents. */
static node narrowed_together(checker *c, const distribution *d, const axis_bindings *bound, node density,
                              type from, type to, axes along, span at) {
    bool ordered = to.support == SUPPORT_ordered || to.support == SUPPORT_positive_ordered;
    if (to.support == SUPPORT_positive_ordered &&
        !range_within(type_range(c->p, from), (range){0, INFINITY, false, false, false}) &&
        !is_improper(c, d) && needs_cdf(c, d, at, "narrowing"))
        density = make(c, NODE_sub, density, log_mass(c, d, bound, make_number(c, 0, at), 0, at), 0, at);
    if (!density) return 0;
    bool alike = true, known = true;
    for (uint32_t i = 0; i < d->count; i++) {
        const node_row *argument = program_node(c->p, d->arguments[i]);
        alike &= !axes_common(argument->axes, along).count;
        known &= !argument->stochastic;
    }
    bool plane = to.support == SUPPORT_sum_to_zero && d->home->library &&
                 strcmp(d->definition->function.name, "normal") == 0;
    if (!known && !is_improper(c, d) && !(ordered && alike) && !plane)
        push(c->arena, &c->unsupported,
             (unsupported){at,
                           "a narrowed vector whose arguments are latents, unless it is ordered and they are "
                           "the same for all entries, or sum_to_zero and normal, since its normaliser "
                           "depends on them"});
    density = make_reduction(c, NODE_sum, make_expand(c, density, along, at), along, at);
    if (is_improper(c, d) || !(plane || (ordered && alike))) return density;
    node size = make_size(c, program_axis(c->p, along.at[0])->of, at);
    if (plane) return less_sum_density(c, d, density, along, size, at);
    node orders = make(c, NODE_lgamma, make(c, NODE_add, size, make_number(c, 1, at), 0, at), 0, 0, at);
    return make(c, NODE_add, density, orders, 0, at);
}

/* The log density of D cut to a narrower type. */
static node narrowed(checker *c, const distribution *d, const axis_bindings *bound, node density, type from,
                     type to, axes along, span at) {
    if (along.count) return narrowed_together(c, d, bound, density, from, to, along, at);
    node lower, upper;
    support_bounds(c, to, at, &lower, &upper);
    range whole = type_range(c->p, from);
    if (lower && whole.lowest >= program_node(c->p, lower)->range.highest) lower = 0;
    if (upper && whole.highest <= program_node(c->p, upper)->range.lowest) upper = 0;
    if ((!lower && !upper) || is_improper(c, d)) return density;
    if (!needs_cdf(c, d, at, "narrowing")) return 0;
    return make(c, NODE_sub, density, log_mass(c, d, bound, lower, upper, at), 0, at);
}

/* A bound, of a type, of `truncated` or of `censored`: a number whose axes are among those of x. 0 where it
 * is not. */
static node evaluate_bound(checker *c, scope *s, const expression *e, const target *t, axes of_x) {
    node n = evaluate_node(c, s, e);
    axes extra = n ? axes_minus(program_node(c->p, n)->axes, of_x) : (axes){0};
    if (!extra.count) return n;
    const char *lacks = program_axis(c->p, extra.at[0])->name;
    diagnostic *told =
        diagnose(c->d, DIAGNOSTIC_axes, culprit(c, s, e, extra.at[0])->at,
                 "this bound varies over `%s`, which the left side, `%s`, does not have", lacks, t->name);
    advise(c->d, told, "index it by a variable of type `%s`, or take one bound for all, `max[%s](…)`", lacks,
           lacks);
    return 0;
}

/* `truncated [a, b]`: both bounds hold; either may be infinite. */
static node truncated(checker *c, scope *s, const distribution *d, const axis_bindings *bound,
                      const axes *of_x, node density, node x, const item *it) {
    if (!it->draw.lower || !density) return density;
    const target *t = &it->draw.targets.at[0];
    node lower = evaluate_bound(c, s, it->draw.lower, t, *of_x),
         upper = evaluate_bound(c, s, it->draw.upper, t, *of_x);
    if (!lower || !upper || !needs_cdf(c, d, it->draw.lower->at, "truncation")) return 0;
    span at = it->draw.lower->at;
    if (program_node(c->p, lower)->range.lowest >= program_node(c->p, upper)->range.highest) {
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_support, at, "nothing lies between these bounds");
        advise(c->d, told,
               "write the lower bound first: `truncated [0, 1]`; a side without a bound is `inf` or `-inf`");
        return 0;
    }
    node outside =
        make(c, NODE_or, make(c, NODE_lt, x, lower, 0, at), make(c, NODE_lt, upper, x, 0, at), 0, at);
    lower = finite_bound(c, lower), upper = finite_bound(c, upper);
    if (lower || upper) density = make(c, NODE_sub, density, log_mass(c, d, bound, lower, upper, at), 0, at);
    return make(c, NODE_select, outside, make_number(c, -INFINITY, at), density, at);
}

/* Values at the bound or beyond it are known to lie there, no more: they count with their probability, of
 * what is left of it where the distribution is truncated too. */
static node censored(checker *c, scope *s, const distribution *d, const axis_bindings *bound,
                     const axes *of_x, node density, node x, const item *it) {
    const target *t = &it->draw.targets.at[0];
    const expression *const sides[2] = {it->draw.censored_below, it->draw.censored_above};
    for (int above = 0; above < 2 && density; above++) {
        if (!sides[above]) continue;
        span at = sides[above]->at;
        node limit = evaluate_bound(c, s, sides[above], t, *of_x), lower = 0, upper = 0;
        if (!limit || !needs_cdf(c, d, at, "censoring")) return 0;
        if (it->draw.lower) {
            lower = finite_bound(c, evaluate_bound(c, s, it->draw.lower, t, *of_x));
            upper = finite_bound(c, evaluate_bound(c, s, it->draw.upper, t, *of_x));
        }
        node mass = log_mass(c, d, bound, above ? limit : lower, above ? upper : limit, at);
        if (lower || upper) mass = make(c, NODE_sub, mass, log_mass(c, d, bound, lower, upper, at), 0, at);
        node beyond = above ? make(c, NODE_le, limit, x, 0, at) : make(c, NODE_le, x, limit, 0, at);
        density = make(c, NODE_select, beyond, mass, density, at);
    }
    return density;
}

/* ---- closed forms ---- */

/* KL(p, q) where the library has `fn kl(p : …, q : …)` for the two and both are drawn over the same axes;
 * else 0. Its axes are those of the event, or what p's axis parameters stand for. */
static node closed_kl(checker *c, const distribution *p, const distribution *q, axes event,
                      const axis_bindings *bound) {
    value arguments[2] = {{.kind = VALUE_distribution, .distribution = p},
                          {.kind = VALUE_distribution, .distribution = q}};
    for (const binding *b = scope_find(c->top, names_of(c->p->names, "kl"), true); b; b = b->next) {
        const item *f = b->item;
        bool of_event = f->function.axis_count == event.count;
        if (f->function.parameter_count != 2 || (!of_event && f->function.axis_count != bound->count))
            continue;
        if (!f->function.parameters[0].type.name || !f->function.parameters[1].type.name) continue;
        if (!takes_distribution(b, 0, p) || !takes_distribution(b, 1, q)) continue;
        axes over[DIST_AXES_MOST] = {{0}};
        uint32_t count = f->function.axis_count;
        for (uint32_t i = 0; i < count && i < DIST_AXES_MOST; i++)
            over[i] = axes_one(of_event ? event.at[i] : bound->at[i].at);
        value v = call_function(c, f, b->home, over, count, arguments, 2, p->at);
        return v.kind == VALUE_node ? v.nodes[0] : 0;
    }
    return 0;
}

/* Whether a comparison sets a draw against something that is fitted: what is drawn may jump there. */
static bool compares_draws(checker *c, node n) {
    const program *p = c->p;
    bool *drawn = arena_array(c->arena, bool, n + 1), *fitted = arena_array(c->arena, bool, n + 1);
    for (node i = 1; i <= n; i++) {
        const node_row *r = program_node(p, i);
        drawn[i] = node_form_of(r->op) == FORM_RANDOM;
        fitted[i] = r->op == NODE_variable && r->stochastic;
        for (int k = 0; k < node_inputs(r->op); k++) {
            drawn[i] |= drawn[r->in[k]];
            fitted[i] |= fitted[r->in[k]];
        }
    }
    return drawn[n] && fitted[n];
}

/* Draws that have no derivative by their parameters. */
static bool is_jump(node_op op) {
    return op == NODE_random_poisson || op == NODE_random_binomial || op == NODE_random_hypergeometric ||
           op == NODE_random_zipf || op == NODE_random_passage || op == NODE_allot;
}

/* Whether a sample is a differentiable map of its parameters, explicit or (gamma) implicit: no step that
 * picks or counts. */
static bool is_pathwise(checker *c, node n) {
    if (program_node(c->p, n)->op == NODE_stop) return true; /* a draw whose derivative is implicit */
    if (c->walked.at[n] == c->walks) return true;            /* what is found there is said elsewhere */
    c->walked.at[n] = c->walks;
    const program *p = c->p;
    const node_row *r = program_node(p, n);
    if (is_jump(r->op))
        for (int i = 0; i < node_inputs(r->op); i++)
            if (program_node(p, r->in[i])->stochastic) return false;
    if (r->op == NODE_floor || r->op == NODE_round) return false;
    if ((r->op == NODE_lt || r->op == NODE_le) && r->stochastic && compares_draws(c, n)) return false;
    for (int i = 0; i < node_inputs(r->op); i++)
        if (!is_pathwise(c, r->in[i])) return false;
    return true;
}

static bool sample_is_pathwise(checker *c, node sample) {
    while (c->walked.count < c->p->nodes.count) push(c->arena, &c->walked, 0);
    c->walks++;
    return is_pathwise(c, sample);
}

/* A log density or tail as a share of what the density integrates to, where that is not 1. */
static node of_its_mass(checker *c, const distribution *d, const axis_bindings *bound, node log_part,
                        span at) {
    node mass = property_at(c, d, bound, names_of(c->p->names, "log_mass"), 0);
    return mass && log_part ? make(c, NODE_sub, log_part, mass, 0, at) : log_part;
}

/* A draw x from a distribution of one continuous number has the derivative -(dF / dparameter) / density, of
 * its cdf F (Figurnov, Mohamed and Mnih, Implicit reparameterization gradients, NeurIPS 2018), whatever the
 * sampler does: the draw, less what the log of its smaller tail changes by, over the derivative of that by x.
 */
static node implicit_draw(checker *c, const distribution *d, const axis_bindings *bound, node sample,
                          span at) {
    node x = make(c, NODE_stop, sample, 0, 0, at);
    node density = of_its_mass(c, d, bound, property_at(c, d, bound, c->word_log_density, x), at);
    node below = log_tail(c, d, bound, false, x, at), above = log_tail(c, d, bound, true, x, at);
    if (!x || !density || !below || !above) return 0;
    below = of_its_mass(c, d, bound, below, at), above = of_its_mass(c, d, bound, above, at);
    node upper = make(c, NODE_lt, above, below, 0, at), moved[2], tail[2] = {below, above};
    for (int i = 0; i < 2; i++) {
        node spread = make(c, NODE_exp, make(c, NODE_sub, tail[i], density, 0, at), 0, 0, at);
        node change = make(c, NODE_sub, tail[i], make(c, NODE_stop, tail[i], 0, 0, at), 0, at);
        moved[i] = make(c, NODE_mul, change, make(c, NODE_stop, spread, 0, 0, at), 0, at);
    }
    moved[0] = make(c, NODE_neg, moved[0], 0, 0, at);
    return make(c, NODE_add, x, make(c, NODE_select, upper, moved[1], moved[0], at), 0, at);
}

/* ---- the statement ---- */

/* The left side of a statement: what it names and over which axes. */
typedef struct left_side {
    const target *target;
    variable of;
    axes whole; /* as the variable has them */
    axis whole_order[AXES_MOST];
    axes axes; /* as the statement has them: cut to its part */
    axis order[AXES_MOST];
    part cut;
    bool observed;
} left_side;

static bool same_axes(checker *c, const left_side *l, const char *as) {
    const variable_row *v = program_variable(c->p, l->of);
    if (axes_equal(l->whole, v->axes)) return true;
    diagnostic *told = diagnose(c->d, DIAGNOSTIC_axes, l->target->at, "`%s` is %s as `%s`", l->target->name,
                                as, variable_text(c->p, l->of));
    advise(c->d, told, "write `%s ~ …`", variable_text(c->p, l->of));
    return false;
}

/* The statements of one latent must agree on where it lies. */
static bool same_support(checker *c, const left_side *l, type narrower) {
    const variable_row *v = program_variable(c->p, l->of);
    type is = v->type;
    if (is.support == narrower.support && is.index == narrower.index && is.lower == narrower.lower &&
        is.upper == narrower.upper)
        return true;
    diagnostic *told =
        diagnose(c->d, DIAGNOSTIC_support, l->target->at, "`%s` is %s here, but %s in its other statement",
                 v->name, type_text(c->p, narrower), type_text(c->p, is));
    advise(c->d, told, "narrow one of them, as `%s : %s ~ …`, so that all parts lie in the same space",
           v->name, type_text(c->p, is));
    return false;
}

/* Data must lie where the distribution can put them. */
static bool check_observed(checker *c, const left_side *l, const distribution *d, type drawn) {
    const variable_row *v = program_variable(c->p, l->of);
    range is = v->kind == VARIABLE_data ? type_range(c->p, v->type) : program_node(c->p, v->self)->range,
          must = type_range(c->p, drawn);
    bool fits = range_within(is, must) && (!must.whole || is.whole);
    if (v->kind != VARIABLE_data) fits = !range_disjoint(is, must);
    if (drawn.support == SUPPORT_index)
        fits = v->type.support == SUPPORT_index && v->type.index == drawn.index;
    if (SUPPORTS[drawn.support].event)
        fits = support_within(v->type.support, drawn.support) || v->kind != VARIABLE_data;
    if (fits) return true;
    diagnostic *told = diagnose(
        c->d, DIAGNOSTIC_support, l->target->at, "`%s` is declared %s, but `%s` draws values that are %s",
        v->name, type_text(c->p, v->type), d->definition->function.name,
        drawn.support != SUPPORT_index ? SUPPORTS[drawn.support].about
        : drawn.index == AXIS_NONE     ? "entries of an axis"
                                       : arena_print(c->arena, "an index into %s", type_text(c->p, drawn)));
    bool whole = drawn.support == SUPPORT_index && drawn.index == AXIS_NONE;
    advise(c->d, told, "declare `data %s : %s` if it is, or choose another distribution",
           variable_text(c->p, l->of), whole ? "AXIS" : type_text(c->p, drawn));
    return false;
}

/* What is drawn from a density does not tell a bound from what is inside it. */
static range closure(range r) {
    r.open_below = r.open_above = false;
    return r;
}

/* The part of a type's range that is within it whatever its bounds come out as. */
static range sure_range(checker *c, type t) {
    range r = type_range(c->p, t);
    if (t.support != SUPPORT_interval) return r;
    if (t.lower) r.lowest = program_node(c->p, t.lower)->range.highest;
    if (t.upper) r.highest = program_node(c->p, t.upper)->range.lowest;
    return r;
}

/* A guide's support must lie within the model's, and have the same base measure. */
static bool check_guide(checker *c, const left_side *l, const distribution *d, type drawn) {
    const variable_row *v = program_variable(c->p, l->of);
    range is = type_range(c->p, drawn), must = closure(sure_range(c, v->type));
    if (is.whole != must.whole) {
        diagnostic *told =
            diagnose(c->d, DIAGNOSTIC_measure, l->target->at, "`%s` is %s in the model, but `%s` is %s",
                     v->name, must.whole ? "discrete" : "continuous", d->definition->function.name,
                     is.whole ? "discrete" : "continuous");
        advise(c->d, told,
               must.whole ? "leave it out of the guide to sum it out, or use a discrete distribution"
                          : "use a continuous distribution whose support is %s",
               type_text(c->p, v->type));
        return false;
    }
    bool fits = range_within(is, must);
    if (v->type.support == SUPPORT_index)
        fits = drawn.support == SUPPORT_index && drawn.index == v->type.index;
    if (SUPPORTS[v->type.support].event) fits = support_within(drawn.support, v->type.support);
    if (fits) return true;
    diagnostic *told = diagnose(c->d, DIAGNOSTIC_support, l->target->at,
                                "`%s` is %s in the model, but `%s` also draws values that are not", v->name,
                                type_text(c->p, v->type), d->definition->function.name);
    const char *like = v->type.support == SUPPORT_positive ? "lognormal(?, ?)"
                       : v->type.support == SUPPORT_unit   ? "beta(?, ?)"
                                                           : "mean_field()";
    advise(c->d, told, "the ELBO would be -infinity; use a distribution on that support, as `%s ~ %s`",
           v->name, like);
    return false;
}

static bool narrow(checker *c, scope *s, const left_side *l, const distribution *d, type drawn,
                   type *narrower, axes *along) {
    const type_syntax *written = &l->target->type;
    *narrower = drawn;
    *along = (axes){0};
    if (!written->name) return true;
    uint32_t errors = c->d->errors;
    *narrower = evaluate_type(c, s, written);
    for (uint32_t i = 0;
         narrower->support == SUPPORT_interval && c->d->errors == errors && i < written->arguments.count; i++)
        evaluate_bound(c, s, written->arguments.at[i].value, l->target, l->axes);
    if (c->d->errors != errors) return false;
    if (!check_type_axes(c, s, written, l->order, l->axes.count)) return false;
    if (SUPPORTS[narrower->support].event) {
        if (!check_event_axes(c, l->target, *narrower, l->order, l->axes.count)) return false;
        for (int i = l->axes.count - SUPPORTS[narrower->support].event; i < l->axes.count; i++)
            *along = axes_with(*along, l->order[i]);
        narrower->index = l->order[l->axes.count - 1];
    }
    if (range_within(type_range(c->p, *narrower), closure(type_range(c->p, drawn))) &&
        type_range(c->p, *narrower).whole == type_range(c->p, drawn).whole)
        return true;
    diagnostic *told =
        diagnose(c->d, DIAGNOSTIC_support, l->target->type.at, "`%s` is not within what `%s` draws, %s",
                 type_text(c->p, *narrower), d->definition->function.name, type_text(c->p, drawn));
    advise(c->d, told, "a type behind a name narrows the distribution; leave it out or name a part of %s",
           type_text(c->p, drawn));
    return false;
}

static const distribution *right_side(checker *c, scope *s, const item *it, const left_side *l) {
    const expression *e = it->draw.distribution;
    const binding *b =
        e->kind == EXPRESSION_name && !scope_find(s, e->name, false) ? scope_find(s, e->name, true) : NULL;
    if (b && b->broken) return NULL;
    if ((b && b->item->kind != ITEM_dist) ||
        (e->kind == EXPRESSION_name && primitive_named(e->name) != NODE_failed &&
         !scope_find(s, e->name, false))) {
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_type, e->at,
                                    "behind `~` stands a distribution; `%s` is a function", e->name);
        advise(c->d, told, "for a name of a value write `%s = %s`", l->target->name,
               b ? signature(c, b->item) : primitive_text(c, e->name, primitive_named(e->name)));
        return NULL;
    }
    if (e->kind == EXPRESSION_name && scope_find(s, e->name, true) && !scope_find(s, e->name, false)) {
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_arity, e->at, "`%s` needs its arguments", e->name);
        advise(c->d, told, "write `%s`", signature(c, scope_find(s, e->name, true)->item));
        return NULL;
    }
    if (e->kind == EXPRESSION_name && !scope_find(s, e->name, false)) {
        report_unknown(c, s, e->name, e->at, true);
        return NULL;
    }
    const expression *head =
        e->kind == EXPRESSION_select && e->head->kind == EXPRESSION_call ? e->head->head : NULL;
    const binding *selected = head && head->kind == EXPRESSION_name ? scope_find(s, head->name, true) : NULL;
    if (selected && selected->item->kind == ITEM_dist) {
        const char *brackets = arena_copy(c->arena, c->d->sources.at[e->at.source].text + e->list.span.start,
                                          e->list.span.end - e->list.span.start);
        diagnostic *told =
            diagnose(c->d, DIAGNOSTIC_axes, e->list.span, "the axes of a statement stand on its left side");
        advise(c->d, told, "write `%s%s ~ %s`", l->target->name, brackets, signature(c, selected->item));
        return NULL;
    }
    value v = evaluate(c, s, e);
    if (v.kind == VALUE_distribution) return v.distribution->failed ? NULL : v.distribution;
    if (v.kind != VALUE_failed) {
        diagnostic *told =
            diagnose(c->d, DIAGNOSTIC_type, e->at, "behind `~` stands a distribution; this is a number");
        advise(c->d, told, "for a name of a value write `%s = …`", l->target->name);
    }
    return NULL;
}

static bool find_left_side(checker *c, scope *s, left_side *l) {
    if (!evaluate_target(c, s, l->target, &l->whole, l->whole_order, &l->cut)) return false;
    memcpy(l->order, l->whole_order, sizeof l->order);
    l->axes = cut_axes(&l->cut, l->whole);
    for (uint32_t i = 0; i < l->cut.count; i++)
        for (int k = 0; k < l->whole.count; k++)
            if (l->order[k] == l->cut.whole[i]) l->order[k] = l->cut.axis[i];
    return true;
}

/* A statement may cut its distribution in one way. */
static bool cuts_once(checker *c, const item *it, const target *t) {
    if (it->draw.lower && t->type.name) {
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_support, it->draw.lower->at,
                                    "`%s` is narrowed by its type already", t->name);
        advise(c->d, told, "write one of the two, as `%s : interval(a, b) ~ …`", t->name);
        return false;
    }
    return true;
}

/* What narrowing, truncation and censoring do to a draw. The bounds were found to be good before. */
static void keep_cut(checker *c, scope *s, const left_side *l, const item *it, draw *row) {
    const expression *const bounds[4] = {it->draw.lower, it->draw.upper, it->draw.censored_below,
                                         it->draw.censored_above};
    node *const kept[4] = {&row->lower, &row->upper, &row->lowest, &row->highest};
    for (int i = 0; i < 4; i++)
        if (bounds[i]) *kept[i] = finite_bound(c, evaluate_bound(c, s, bounds[i], l->target, l->axes));
    if (l->target->type.name) support_bounds(c, row->type, l->target->type.at, &row->lower, &row->upper);
}

/* A latent category is summed over its axis, which no distribution over cut points can tell. */
static bool check_index(checker *c, const left_side *l, type t) {
    if (t.support != SUPPORT_index || t.index != AXIS_NONE) return true;
    diagnostic *told = diagnose(c->d, DIAGNOSTIC_type, l->target->at,
                                "`%s` is an index, and nothing says into which axis", l->target->name);
    advise(c->d, told, "put the axis of its categories behind it: `: AXIS ~ …`");
    return false;
}

/* One statement, cut to c->now.cut. What it draws, in `generate`; else it becomes a row of the program, and 0
 * is returned. */
static node check_statement(checker *c, definition *f, const item *it, block_kind block) {
    scope *s = f->scope;
    left_side l = {.target = &it->draw.targets.at[0], .of = f->variables[0]};
    if (!find_left_side(c, s, &l)) return 0;
    variable_row *v = &c->p->variables.at[l.of];
    l.observed = block == BLOCK_model && v->kind != VARIABLE_latent;
    if (l.observed && !same_axes(c, &l, "declared")) return 0;
    if (block == BLOCK_guide && !same_axes(c, &l, "drawn in the model")) return 0;

    c->now.axes = l.axes;
    c->now.free_allowed = block == BLOCK_guide;
    c->now.free_name = l.target->name;
    c->now.free_axis = AXIS_NONE;
    c->now.categories = v->type.support == SUPPORT_index ? v->type.index : AXIS_NONE;
    const distribution *d = right_side(c, s, it, &l);
    if (!d) return 0;
    axis_bindings bound;
    axes event;
    bool has_type = l.observed || block == BLOCK_guide;
    type declared = has_type ? program_variable(c->p, l.of)->type : (type){0};
    if (!bind_axis_parameters(c, d, l.order, l.axes.count, has_type ? &declared : NULL, true, &bound, &event))
        return 0;
    if (!check_argument_axes(c, s, d, it->draw.distribution, l.target, l.axes, &bound)) return 0;
    type drawn = drawn_type(c, d, has_type ? &declared : NULL, &bound), narrower;
    axes along;
    if (!cuts_once(c, it, l.target) || !narrow(c, s, &l, d, drawn, &narrower, &along)) return 0;
    if (l.observed && !check_observed(c, &l, d, narrower)) return 0;
    if (block == BLOCK_guide && !check_guide(c, &l, d, narrower)) return 0;
    if (block == BLOCK_model && !l.observed && !check_index(c, &l, narrower)) return 0;

    v = &c->p->variables.at[l.of];
    if (block == BLOCK_generate) {
        if (v->stochastic && !same_support(c, &l, narrower)) return 0;
        v->axes = l.whole;
        memcpy(v->order, l.whole_order, sizeof v->order);
        v->type = narrower;
        v->stochastic = true;
        node sample = property_at(c, d, &bound, c->word_sample, 0);
        if (sample || distribution_property(d, c->word_sample)) return make_expand(c, sample, l.axes, it->at);
        diagnostic *told = diagnose(c->d, DIAGNOSTIC_dist, it->draw.distribution->at,
                                    "`%s` cannot be drawn from", d->definition->function.name);
        advise(c->d, told, "give the `dist` a `sample`");
        return 0;
    }
    if (block == BLOCK_model && !l.observed && v->self) {
        if (!same_axes(c, &l, "drawn before") || !same_support(c, &l, narrower)) return 0;
    } else if (block == BLOCK_model && !l.observed) {
        v->axes = l.whole;
        memcpy(v->order, l.whole_order, sizeof v->order);
        v->type = narrower;
        v->stochastic = true;
    }
    if (!program_variable(c->p, l.of)->self) {
        node self = make_variable(c, l.of, l.target->name_at);
        c->p->variables.at[l.of].self = self;
    }
    node x = c->p->variables.at[l.of].self;
    f->results[0] = value_of(x);
    x = within_part(c, x, l.target->name_at);

    draw row = {.of = l.of,
                .at = it->at,
                .distribution = d->definition->function.name,
                .argument_count = d->count,
                .event = event,
                .along = along,
                .type = narrower};
    memcpy(row.arguments, d->arguments, sizeof row.arguments);
    row.event = axes_union(row.event, along);
    row.axes = axes_minus(l.axes, row.event);
    row.log_density = property_at(c, d, &bound, c->word_log_density, x);
    if (l.target->type.name)
        row.log_density = narrowed(c, d, &bound, row.log_density, drawn, narrower, along, l.target->type.at);
    row.log_density = truncated(c, s, d, &bound, &l.axes, row.log_density, x, it);
    row.log_density = censored(c, s, d, &bound, &l.axes, row.log_density, x, it);
    bool plain =
        !l.target->type.name && !it->draw.lower && !it->draw.censored_above && !it->draw.censored_below;
    if (!row.log_density) return 0; /* reported */
    row.sample = make_expand(c, property_at(c, d, &bound, c->word_sample, 0), l.axes, it->at);
    bool continuous = plain && row.sample && !type_range(c->p, narrower).whole;
    row.pathwise = continuous && sample_is_pathwise(c, row.sample);
    if (block == BLOCK_guide && continuous && !row.pathwise && !event.count &&
        distribution_property(d, c->word_cdf)) {
        node implicit = implicit_draw(c, d, &bound, row.sample, it->at);
        row.pathwise = implicit != 0;
        if (implicit) row.sample = implicit;
    }
    if (!plain) keep_cut(c, s, &l, it, &row);
    if (block == BLOCK_guide) {
        if (plain) row.log_density = of_its_mass(c, d, &bound, row.log_density, it->at);
        const variable_row *latent = program_variable(c->p, l.of);
        const distribution *model = latent->self ? c->model_distributions.at[latent->draw] : NULL;
        if (plain && model && !l.cut.count) row.kl = closed_kl(c, d, model, event, &bound);
        push(c->arena, &c->p->guide, row);
        push(c->arena, &c->guide_cuts, l.cut);
        return 0;
    }
    if (l.observed) {
        c->p->variables.at[l.of].observed = true;
        missing_drawn(c, &row, f->others.count == 0);
    } else {
        c->p->variables.at[l.of].draw = c->p->model.count;
    }
    push(c->arena, &c->p->model, row);
    push(c->arena, &c->model_distributions, plain && !l.cut.count ? d : NULL);
    push(c->arena, &c->model_cuts, l.cut);
    return 0;
}

node check_generated(checker *c, definition *f, const item *it) {
    c->now.random_allowed = true;
    return check_statement(c, f, it, BLOCK_generate);
}

static void check_generated_alone(checker *c, definition *f) {
    node n = check_generated(c, f, f->item);
    if (!n) return;
    c->p->variables.at[f->variables[0]].value = n;
    node self = make_variable(c, f->variables[0], f->item->draw.targets.at[0].name_at);
    c->p->variables.at[f->variables[0]].self = self;
    f->results[0] = value_of(self);
}

bool names_itself(const expression *e, name n) {
    if (!e) return false;
    switch (e->kind) {
    case EXPRESSION_number:
    case EXPRESSION_free: return false;
    case EXPRESSION_name: return e->name == n;
    case EXPRESSION_operation: return names_itself(e->left, n) || names_itself(e->right, n);
    case EXPRESSION_choice:
        return names_itself(e->condition, n) || names_itself(e->then, n) || names_itself(e->otherwise, n);
    case EXPRESSION_call:
    case EXPRESSION_select: break;
    }
    bool found = names_itself(e->head, n);
    for (uint32_t i = 0; i < e->list.count; i++) found |= names_itself(e->list.at[i].value, n);
    return found;
}

/* Whether an expression has a lag in it. */
static bool names_lag(const expression *e) {
    if (!e) return false;
    switch (e->kind) {
    case EXPRESSION_number:
    case EXPRESSION_free:
    case EXPRESSION_name: return false;
    case EXPRESSION_operation: return names_lag(e->left) || names_lag(e->right);
    case EXPRESSION_choice: return names_lag(e->condition) || names_lag(e->then) || names_lag(e->otherwise);
    case EXPRESSION_call:
    case EXPRESSION_select: break;
    }
    bool found = names_lag(e->head) || (e->kind == EXPRESSION_select && has_lag(&e->list));
    for (uint32_t i = 0; i < e->list.count; i++) found |= names_lag(e->list.at[i].value);
    return found;
}

/* The statements of one name: those with lags, of it or of what needs it, after the others, which say what it
 * is. */
void check_draw(checker *c, definition *f, block_kind block) {
    if (block == BLOCK_generate) {
        check_generated_alone(c, f);
        return;
    }
    uint32_t count = 1 + f->others.count;
    part *cuts = arena_array(c->arena, part, count);
    span *at = arena_array(c->arena, span, count);
    const item **items = arena_array(c->arena, const item *, count);
    for (uint32_t i = 0; i < count; i++) {
        axes whole;
        axis order[AXES_MOST];
        items[i] = i ? f->others.at[i - 1] : f->item;
        const target *t = &items[i]->draw.targets.at[0];
        at[i] = t->at;
        if (!evaluate_target(c, f->scope, t, &whole, order, &cuts[i])) return;
    }
    if (!check_cover(c, cuts, at, count, f->item->draw.targets.at[0].name)) return;
    surroundings before = c->now;
    for (int lagged = 0; lagged < 2; lagged++)
        for (uint32_t i = 0; i < count; i++) {
            if (names_lag(items[i]->draw.distribution) != lagged) continue;
            c->now = before;
            c->now.cut = cuts[i];
            check_statement(c, f, items[i], block);
        }
    c->now = before;
}
