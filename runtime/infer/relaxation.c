#include "runtime/infer/relaxation.h"

static ref at_state(lowering *l, variable latent, node density, double state) {
    lowering fork = lower_with(l, latent, tape_number(l->tape, state));
    return lower_node(&fork, density);
}

ref relaxed_draw(lowering *l, const draw *s, double temperature, bool straight) {
    tape *t = l->tape;
    const variable_row *v = program_variable(l->model->program, s->of);
    ref odds =
        tape_map2(t, OP_sub, at_state(l, s->of, s->log_density, 1), at_state(l, s->of, s->log_density, 0));
    ref noise = tape_map1(
        t, OP_logit, tape_random(t, OP_random_uniform, 0, 0, 0, axes_with(lower_axes(l, v->axes), l->draw)));
    ref soft = tape_map1(
        t, OP_expit, tape_map2(t, OP_div, tape_map2(t, OP_add, odds, noise), tape_number(t, temperature)));
    if (!straight) return soft;
    ref hard = tape_map2(t, OP_lt, tape_number(t, 0.5), soft);
    /* what is added is 0, with a derivative */
    return tape_map2(t, OP_add, hard, tape_map2(t, OP_sub, soft, tape_map1(t, OP_stop, soft)));
}

ref relaxed_log_density(lowering *l, variable latent, node density) {
    tape *t = l->tape;
    ref off = at_state(l, latent, density, 0), on = at_state(l, latent, density, 1);
    return tape_map2(t, OP_add, off,
                     tape_map2(t, OP_mul, l->variables[latent], tape_map2(t, OP_sub, on, off)));
}
