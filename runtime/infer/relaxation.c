#include "runtime/infer/relaxation.h"

static ref at_state(lowering *l, variable latent, node density, ref state) {
    lowering fork = lower_with(l, latent, state);
    return lower_node(&fork, density);
}

static ref interpolated(tape *t, ref off, ref on, ref share) {
    return tape_map2(t, OP_add, off, tape_map2(t, OP_mul, share, tape_map2(t, OP_sub, on, off)));
}

static ref uniform(lowering *l, variable v, axes further) {
    axes own = lower_axes(l, program_variable(l->model->program, v)->axes);
    return tape_random(l->tape, OP_random_uniform, 0, 0, 0, axes_with(axes_union(own, further), l->draw));
}

/* Of two values the first, with the derivative of the second. */
static ref with_slope(tape *t, ref value, ref slope) {
    return tape_map2(t, OP_add, value, tape_map2(t, OP_sub, slope, tape_map1(t, OP_stop, slope)));
}

static ref cooled(tape *t, ref score, ref noise, double temperature) {
    return tape_map2(t, OP_div, tape_map2(t, OP_add, score, noise), tape_number(t, temperature));
}

static ref binary_draw(lowering *l, const draw *s, double temperature, bool straight) {
    tape *t = l->tape;
    ref off = at_state(l, s->of, s->log_density, tape_number(t, 0)),
        on = at_state(l, s->of, s->log_density, tape_number(t, 1));
    ref noise = tape_map1(t, OP_logit, uniform(l, s->of, (axes){0}));
    ref soft = tape_map1(t, OP_expit, cooled(t, tape_map2(t, OP_sub, on, off), noise, temperature));
    return straight ? with_slope(t, tape_map2(t, OP_lt, tape_number(t, 0.5), soft), soft) : soft;
}

/* Its states are an axis of their own from here on, by which a gather knows it. */
static ref category_draw(lowering *l, const draw *s, double temperature, bool straight) {
    tape *t = l->tape;
    axis states = tape_add_axis(t, program_variable(l->model->program, s->of)->name,
                                l->model->axes[s->type.index].size);
    axes over = axes_one(states);
    ref log_q = at_state(l, s->of, s->log_density, tape_position(t, states));
    ref rate = tape_map1(t, OP_neg, tape_map1(t, OP_log, uniform(l, s->of, over)));
    ref cold = cooled(t, log_q, tape_map1(t, OP_neg, tape_map1(t, OP_log, rate)), temperature);
    ref soft = tape_map1(t, OP_exp, tape_map2(t, OP_sub, cold, tape_reduce(t, OP_log_sum_exp, cold, over)));
    l->relaxed = axes_with(l->relaxed, states);
    return straight ? with_slope(t, tape_map2(t, OP_le, tape_reduce(t, OP_max, cold, over), cold), soft)
                    : soft;
}

ref relaxed_draw(lowering *l, const draw *s, double temperature, bool straight) {
    return s->type.support == SUPPORT_binary ? binary_draw(l, s, temperature, straight)
                                             : category_draw(l, s, temperature, straight);
}

ref relaxed_log_density(lowering *l, variable latent, node density) {
    tape *t = l->tape;
    ref x = l->variables[latent];
    axes states = axes_common(tape_at(t, x)->axes, l->relaxed);
    if (!states.count)
        return interpolated(t, at_state(l, latent, density, tape_number(t, 0)),
                            at_state(l, latent, density, tape_number(t, 1)), x);
    lowering plain = *l; /* where a position along the axis is a state */
    plain.relaxed = axes_minus(l->relaxed, states);
    ref each = at_state(&plain, latent, density, tape_position(t, states.at[0]));
    return tape_sum(t, tape_map2(t, OP_mul, x, each), states);
}

/* ---- what a mixture can take the place of ---- */

enum { UNKNOWN, PLAIN, INDEX };

typedef struct uses {
    const program *program;
    variable latent;
    uint8_t *known; /* by node: whether it is the latent, moved about */
    node culprit;
} uses;

/* Finds the first use that is no gather. */
static bool is_index(uses *u, node n) {
    if (!n || u->known[n]) return n && u->known[n] == INDEX;
    u->known[n] = PLAIN; /* also where a recurrence comes by again */
    const node_row *x = program_node(u->program, n);
    const variable_row *v = x->op == NODE_variable ? program_variable(u->program, x->variable) : NULL;
    bool moved = v && x->variable == u->latent;
    if (v && !moved && v->value && v->kind != VARIABLE_data && v->kind != VARIABLE_param)
        moved = is_index(u, v->value);
    bool moves = x->op == NODE_rename || x->op == NODE_part || x->op == NODE_expand || x->op == NODE_gather;
    for (int i = 0; i < node_inputs(x->op); i++) {
        if (!is_index(u, x->in[i])) continue;
        if (i == 0 && moves) moved = true;
        else if (!(i == 1 && x->op == NODE_gather) && !u->culprit) u->culprit = n;
    }
    if (moved) u->known[n] = INDEX;
    return moved;
}

bool relaxed_gathers(const program *p, variable latent, arena *a, node *culprit) {
    uses u = {.program = p, .latent = latent, .known = arena_array(a, uint8_t, p->nodes.count)};
    for (uint32_t i = 0; i < p->model.count; i++)
        if (p->model.at[i].of != latent) is_index(&u, p->model.at[i].log_density);
    for (uint32_t i = 0; i < p->factors.count; i++) is_index(&u, p->factors.at[i]);
    for (uint32_t i = 0; i < p->marginal.count; i++) is_index(&u, p->marginal.at[i].density);
    for (uint32_t i = 0; i < p->guide.count; i++) {
        const draw *s = &p->guide.at[i];
        if (s->of == latent) continue;
        is_index(&u, s->log_density), is_index(&u, s->sample), is_index(&u, s->kl);
    }
    *culprit = u.culprit;
    return !u.culprit;
}
