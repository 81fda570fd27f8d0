/* What stands in for the derivative of a draw that has none, or that is not asked for, under the ELBO. */
#include "runtime/infer/control.h"

/* What depends on the latent of a statement, and along which of its axes that stays apart. */
typedef struct influence {
    dependence of;
    bool joint; /* by way of the families */
    axes kept;
} influence;

static influence influence_of(estimator *e, const draw *s) {
    bool *sources = arena_array(e->t->arena, bool, e->program->variables.count);
    sources[s->of] = true;
    influence x = {.of = dependence_of(e->program, sources, e->t->arena)};
    x.joint = families_depend(e, &x.of);
    x.kept = x.joint ? (axes){0} : apart_axes(e, &x.of, s->axes);
    return x;
}

/* By draw and kept entry: all that depends on it, with the values that `l` gives. */
static ref influenced(estimator *e, influence *x, lowering *l) {
    ref signal = x->joint ? terms_families(e, false) : number(e, 0);
    for (uint32_t i = 0; i < e->terms.count; i++)
        if (term_depends(e, &x->of, &e->terms.at[i]))
            signal = plus(e, signal, term_lowered(e, l, &e->terms.at[i], x->kept, true));
    return tape_expand(e->t, signal, axes_union(tape_at(e->t, signal)->axes, draw_axis(e)));
}

/* Less the mean of the other draws. */
static ref less_others(estimator *e, ref signal) {
    double n = e->draws;
    if (n < 2) return signal;
    ref mean = times(e, tape_sum(e->t, signal, draw_axis(e)), number(e, 1 / n));
    return times(e, minus(e, signal, mean), number(e, n / (n - 1)));
}

ref score_write(estimator *e, const draw *s) {
    influence x = influence_of(e, s);
    ref signal = influenced(e, &x, e->live);
    if (control_applies(e->program, e->options, s->of)) signal = control_signal(e, s, x.kept, signal);
    else if (how_of(e, s->of).kind != ESTIMATOR_reinforce) signal = less_others(e, signal);
    ref log_q =
        tape_sum(e->t, lower_node(e->live, s->log_density), lower_axes(e->live, axes_minus(s->axes, x.kept)));
    return tape_sum(e->t, times(e, stopped(e, signal), log_q), lower_axes(e->live, x.kept));
}

/* The states of a discrete latent as an axis, and its values there. */
typedef struct all_states {
    axis along;
    ref value;
} all_states;

static all_states states_of(estimator *e, const draw *s) {
    bool binary = s->type.support == SUPPORT_binary;
    uint32_t count = binary ? 2 : e->live->model->axes[s->type.index].size;
    axis along = tape_add_axis(e->t, "states", count);
    ref at = tape_position(e->t, along);
    return (all_states){along, binary ? minus(e, at, number(e, 1)) : at};
}

/* One entry at a time is in each of its states, and the others are as drawn: entries that do not stay apart
 * are numbered by further axes, copies of their own, which follow `own` in the same order. */
ref local_expectation_write(estimator *e, const draw *s) {
    influence x = influence_of(e, s);
    all_states states = states_of(e, s);
    axes joined = axes_minus(s->axes, x.kept), over = axes_with(lower_axes(e->live, x.kept), states.along);
    lowering everywhere = lower_with(e->live, s->of, states.value);
    ref here = 0, log_q = lower_node(&everywhere, s->log_density);
    for (int i = 0; i < joined.count; i++) {
        axis own = e->live->axes[joined.at[i]];
        axis copy = tape_add_axis(e->t, e->t->axes.at[own].name, e->t->axes.at[own].size);
        ref same = tape_map2(e->t, OP_eq, tape_position(e->t, own), tape_position(e->t, copy));
        here = here ? tape_map2(e->t, OP_and, here, same) : same;
        log_q = tape_rename(e->t, tape_expand(e->t, log_q, axes_with(tape_at(e->t, log_q)->axes, own)), own,
                            copy);
        over = axes_with(over, copy);
    }
    ref drawn = e->live->variables[s->of];
    lowering one =
        lower_with(e->live, s->of, here ? tape_select(e->t, here, states.value, drawn) : states.value);
    ref signal = stopped(e, influenced(e, &x, &one));
    return tape_sum(e->t, times(e, signal, tape_map1(e->t, OP_exp, log_q)), over);
}
