#include "runtime/infer/control.h"

/* ---- what has one ---- */

/* A whole statement by a normal distribution, location first, then scale. */
static bool is_normal(const program *p, const draw *s) {
    return strcmp(s->distribution, "normal") == 0 && s->type.support == SUPPORT_real && !s->lower &&
           !s->upper && !s->along.count && is_whole(p, s->of);
}

/* The family that a joint one comes out as, see course_guide.c. */
static bool is_mean_field(const options *o, const family *f) {
    family_kind kind = family_asked(f, o);
    return kind == FAMILY_auto || kind == FAMILY_mean_field;
}

bool control_applies(const program *p, const options *o, variable latent) {
    estimator_kind how = gradient_of(p, o, latent).kind;
    const draw *s = program_guide_statement(p, latent);
    if (!is_controlled(o)) return false;
    if (how == ESTIMATOR_score) return s != NULL;
    if (how != ESTIMATOR_pathwise && how != ESTIMATOR_stl) return false;
    if (s) return is_normal(p, s);
    for (uint32_t f = 0; f < p->families.count; f++)
        for (uint32_t k = 0; k < p->families.at[f].count; k++)
            if (p->families.at[f].of[k] == latent) return is_mean_field(o, &p->families.at[f]);
    return false;
}

static bool refuse(diagnostics *d, const char *why, const char *help) {
    advise(d, diagnose(d, DIAGNOSTIC_option, NO_PLACE, "`control = regression`, but %s", why), "%s", help);
    return false;
}

bool control_check(diagnostics *d, const program *p, const options *o) {
    bool any = false;
    for (variable v = 0; v < p->variables.count; v++)
        any |= program_variable(p, v)->kind == VARIABLE_latent && control_applies(p, o, v);
    if (!is_controlled(o)) return true;
    if (is_bound(o))
        return refuse(d, "the draws of this `objective` are weighed against each other",
                      "use `objective = elbo`, or leave `control` out");
    if (o->noise.word != NOISE_random)
        return refuse(d, "draws that hang together say nothing of each other",
                      "leave `noise` or `control` out");
    if (option_is_given(o, OPTION_samples) && o->samples < CONTROL_DRAWS)
        return refuse(d, "so few draws have no regression", "use `--samples 10`");
    return any || refuse(d, "no latent is scored, or has a normal guide whose draws are differentiated",
                         "leave it out, or use `normal(?, ?)`, `mean_field()` or `estimator = score`");
}

/* ---- draws that are differentiated ---- */

/* z = location + scale e: live values, and what is known of them. */
typedef struct normal_draw {
    ref z, location, scale;
} normal_draw;
typedef vector(normal_draw) normal_draws;

static normal_draws normal_draws_of(estimator *e) {
    const program *p = e->program;
    arena *a = e->t->arena;
    normal_draws found = {0};
    for (uint32_t i = 0; i < p->guide.count; i++) {
        const draw *s = &p->guide.at[i];
        if (gradient_is_scored(how_of(e, s->of)) || !control_applies(p, e->options, s->of)) continue;
        normal_draw x = {e->live->variables[s->of], lower_node(e->live, s->arguments[0]),
                         lower_node(e->live, s->arguments[1])};
        push(a, &found, x);
    }
    for (uint32_t f = 0; f < e->guide->families.count; f++) {
        const guide_family *x = &e->guide->families.at[f];
        if (x->layout.kind != FAMILY_mean_field || !control_applies(p, e->options, x->space.of[0])) continue;
        ref scale = tape_map1(e->t, OP_exp, e->on->parts[x->first_part + 1]);
        push(a, &found, (normal_draw){e->on->families[f].u, e->on->parts[x->first_part], scale});
    }
    return found;
}

/* Of y on x, by draw and entry, the line through all draws but one: y is about level + slope x. Of values
 * less their means the sums of the others are those of all less the own term. */
typedef struct line {
    ref level, slope;
} line;

static ref over_draws(estimator *e, ref x) { return tape_sum(e->t, x, draw_axis(e)); }
static ref share(estimator *e, ref x, double of) { return times(e, x, number(e, 1 / of)); }

static line line_of_others(estimator *e, ref y, ref x) {
    double n = e->draws, others = n - 1;
    ref middle = share(e, over_draws(e, x), n), height = share(e, over_draws(e, y), n);
    ref dx = minus(e, x, middle), dy = minus(e, y, height);
    ref all_xx = over_draws(e, times(e, dx, dx)), all_xy = over_draws(e, times(e, dx, dy));
    double own = n / others; /* the term, and what its mean of the others is off by */
    ref xx = minus(e, all_xx, times(e, number(e, own), times(e, dx, dx)));
    ref xy = minus(e, all_xy, times(e, number(e, own), times(e, dx, dy)));
    ref slope = tape_map2(e->t, OP_div, xy, tape_map2(e->t, OP_maximum, xx, number(e, 1e-30)));
    ref at = minus(e, middle, share(e, dx, others)), mean = minus(e, height, share(e, dy, others));
    return (line){minus(e, mean, times(e, slope, at)), slope};
}

/* level (e - E e) + slope (e² - E e²) / 2, taken off; e and what is expected of it are 0 and 1 where the
 * guide stands, and move with it. */
static ref less_quadratic(estimator *e, const normal_draw *x, ref slope_of_z) {
    ref centre = stopped(e, x->location), unit = stopped(e, x->scale);
    ref live = tape_map2(e->t, OP_div, minus(e, x->z, centre), unit);
    ref mean = tape_map2(e->t, OP_div, minus(e, x->location, centre), unit);
    ref sd = tape_map2(e->t, OP_div, x->scale, unit);
    axes all = tape_at(e->t, x->z)->axes;
    ref by_noise = tape_expand(e->t, times(e, slope_of_z, unit), all);
    line l = line_of_others(e, stopped(e, by_noise), stopped(e, live));
    ref square = plus(e, times(e, mean, mean), times(e, sd, sd));
    ref bend = times(e, number(e, 0.5), minus(e, times(e, live, live), square));
    ref off = plus(e, times(e, l.level, minus(e, live, mean)), times(e, l.slope, bend));
    return tape_map1(e->t, OP_neg, tape_sum(e->t, off, axes_minus(all, draw_axis(e))));
}

ref control_write(estimator *e, ref surrogate) {
    normal_draws of = normal_draws_of(e);
    ref *z = arena_array(e->t->arena, ref, of.count + 1),
        *slope = arena_array(e->t->arena, ref, of.count + 1), culprit, total = 0;
    for (uint32_t i = 0; i < of.count; i++) z[i] = of.at[i].z;
    /* what has no derivative is reported where the gradient of all is taken */
    if (!of.count || !tape_gradient(e->t, over_draws(e, surrogate), z, of.count, slope, &culprit)) return 0;
    for (uint32_t i = 0; i < of.count; i++) {
        ref off = less_quadratic(e, &of.at[i], slope[i]);
        total = total ? plus(e, total, off) : off;
    }
    return total;
}

/* ---- draws that are scored ---- */

/* h² by draw and kept entry, over the arguments of the statement at each of its entries; 1 where it has no
 * derivative by them. */
static ref squared_score(estimator *e, const draw *s, axes kept) {
    tape *t = e->t;
    lowering apart = lower_fork(e->live);
    memcpy(apart.variables, e->live->variables, e->program->variables.count * sizeof(ref));
    apart.given = arena_array(t->arena, ref, e->program->nodes.count);
    if (e->live->given) memcpy(apart.given, e->live->given, e->program->nodes.count * sizeof(ref));
    ref argument[8], slope[8], culprit, total = number(e, 0);
    for (uint32_t i = 0; i < s->argument_count; i++) {
        ref x = stopped(e, lower_node(e->live, s->arguments[i]));
        axes each = axes_union(axes_union(tape_at(t, x)->axes, lower_axes(e->live, s->axes)), draw_axis(e));
        apart.given[s->arguments[i]] = argument[i] = tape_map1(t, OP_stop, tape_expand(t, x, each));
    }
    ref log_q = tape_sum_all(t, lower_node(&apart, s->log_density));
    if (!tape_gradient(t, log_q, argument, s->argument_count, slope, &culprit)) return number(e, 1);
    axes to = axes_union(lower_axes(e->live, kept), draw_axis(e));
    for (uint32_t i = 0; i < s->argument_count; i++) {
        ref square = tape_expand(t, times(e, slope[i], slope[i]), tape_at(t, argument[i])->axes);
        total = plus(e, total, tape_sum(t, square, axes_minus(tape_at(t, square)->axes, to)));
    }
    return stopped(e, total);
}

ref control_signal(estimator *e, const draw *s, axes kept, ref signal) {
    ref weight = plus(e, squared_score(e, s, kept), number(e, 1e-30));
    ref centred = minus(e, signal, share(e, over_draws(e, signal), e->draws));
    weight = tape_expand(e->t, weight, axes_union(tape_at(e->t, centred)->axes, tape_at(e->t, weight)->axes));
    ref weighted = times(e, weight, centred);
    ref others = minus(e, over_draws(e, weighted), weighted);
    ref of = tape_map2(e->t, OP_maximum, minus(e, over_draws(e, weight), weight), number(e, 1e-30));
    return minus(e, centred, tape_map2(e->t, OP_div, others, of));
}
