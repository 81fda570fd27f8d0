#include "runtime/infer/sleep.h"

bool *sleep_taught(const program *p, arena *a) {
    bool *taught = arena_array(a, bool, p->variables.count), *data = arena_array(a, bool, p->variables.count);
    for (variable v = 0; v < p->variables.count; v++) data[v] = program_variable(p, v)->observed;
    dependence reads = dependence_of(p, data, a);
    for (uint32_t i = 0; i < p->guide.count; i++)
        taught[p->guide.at[i].of] |= dependence_has(&reads, p->guide.at[i].log_density);
    return taught;
}

bool sleep_teaches_all(const program *p, arena *a) {
    const bool *taught = sleep_taught(p, a);
    for (variable v = 0; v < p->variables.count; v++)
        if (program_variable(p, v)->kind == VARIABLE_latent && !taught[v]) return false;
    return true;
}

/* What a dream has of its own: data, what is taught, and latents that are summed out. */
static bool *dreamt_of(const program *p, arena *a) {
    bool *dreamt = sleep_taught(p, a);
    for (variable v = 0; v < p->variables.count; v++)
        dreamt[v] |= program_variable(p, v)->observed || program_variable(p, v)->kind == VARIABLE_summed;
    return dreamt;
}

/* What changes with variables where the model says what draws are made of, not the guide. */
static dependence in_model(const program *p, const bool *sources, arena *a) {
    dependence d = dependence_of(p, sources, a);
    d.statement = arena_array(a, const draw *, p->variables.count);
    return d;
}

/* ---- what may be asked for ---- */

static bool complain(diagnostics *d, span at, const char *what, const char *help) {
    advise(d, diagnose(d, DIAGNOSTIC_option, at, "%s", what), "%s", help);
    return false;
}

static bool refuse(diagnostics *d, span at, const char *why, const char *help) {
    return complain(d, at, arena_print(d->arena, "`sleep` draws from the model, but %s", why), help);
}

static bool check_draw(diagnostics *d, const program *p, const draw *s) {
    const variable_row *x = program_variable(p, s->of);
    if (x->observed && x->kind != VARIABLE_data)
        return refuse(d, s->at,
                      arena_print(d->arena, "`%s` is computed from data, which a dream of it lacks", x->name),
                      arena_print(d->arena, "declare it as data, `data %s : …`", variable_text(p, s->of)));
    if (!s->sample)
        return refuse(d, s->at, arena_print(d->arena, "`%s` cannot be drawn from", s->distribution),
                      x->observed ? "give the `dist` a `sample`, or leave `sleep` out"
                                  : "give it a proper prior, or leave `sleep` out");
    if (s->lower || s->upper || s->along.count)
        return refuse(d, s->at, arena_print(d->arena, "`%s` is narrowed", x->name),
                      "use a distribution that lies on this support, or leave `sleep` out");
    return true;
}

/* `late`: what no statement before this one has drawn. */
static bool check_order(diagnostics *d, const program *p, const draw *s, const bool *late) {
    dependence lags = in_model(p, late, d->arena);
    const char *name = program_variable(p, s->of)->name;
    if (late[s->of] && !dependence_has(&lags, s->sample)) return true;
    return refuse(d, s->at, arena_print(d->arena, "`%s` is drawn in parts, or follows from its lags", name),
                  "leave `sleep` out: the wake phase alone needs no dreams");
}

static bool check_draws(diagnostics *d, const program *p, const bool *dreamt) {
    bool good = true, *late = arena_array(d->arena, bool, p->variables.count);
    memcpy(late, dreamt, p->variables.count * sizeof *late);
    for (uint32_t i = 0; i < p->model.count; i++) {
        const draw *s = &p->model.at[i];
        if (!dreamt[s->of]) continue;
        good &= check_draw(d, p, s) && check_order(d, p, s, late);
        late[s->of] = false;
    }
    return good;
}

/* What is held must stand before all that is dreamt, and a factor is no draw. */
static bool check_held(diagnostics *d, const program *p, const bool *dreamt) {
    dependence changes = in_model(p, dreamt, d->arena);
    for (uint32_t i = 0; i < p->model.count; i++) {
        const draw *s = &p->model.at[i];
        if (dreamt[s->of] || !dependence_has(&changes, s->log_density)) continue;
        const char *name = program_variable(p, s->of)->name;
        return refuse(
            d, s->at,
            arena_print(d->arena, "`%s` follows from what is dreamt, and its guide reads no data", name),
            arena_print(d->arena, "let the arguments of `%s` in the guide depend on the data", name));
    }
    for (uint32_t i = 0; i < p->factors.count; i++)
        if (dependence_has(&changes, p->factors.at[i]))
            return refuse(d, program_node(p, p->factors.at[i])->at,
                          "this factor changes what is drawn, and cannot be drawn from",
                          "say it by statements `x ~ D(…)`, or leave `sleep` out");
    return true;
}

static bool teaches_any(const program *p, arena *a) {
    const bool *taught = sleep_taught(p, a);
    bool any = false;
    for (variable v = 0; v < p->variables.count; v++) any |= taught[v];
    return any;
}

bool sleep_check(diagnostics *d, const program *p, const options *o) {
    if (!is_asleep(o)) return true;
    if (o->objective.word != OBJECTIVE_inclusive)
        return complain(d, NO_PLACE, "`sleep` is a phase of `inclusive`, not of this objective",
                        "use `objective = inclusive(20)`, or leave it out");
    if (!teaches_any(p, d->arena))
        return complain(
            d, NO_PLACE, "`sleep`, but no statement of the guide reads data that the model draws",
            "let the guide compute its arguments from them, as in `z[row] ~ normal(a * y + b, s)`");
    if (p->missing.count)
        return refuse(d, program_variable(p, p->missing.at[0].of)->at, "data with gaps are not dreamt",
                      "leave `sleep` out, or the `?` of the data's type");
    const bool *dreamt = dreamt_of(p, d->arena);
    return check_draws(d, p, dreamt) && check_held(d, p, dreamt);
}

/* ---- on the tape ---- */

/* A `let` of data that the model needs to draw them, as the depth of a cell is of its counts, is a covariate,
 * and as the data have it. */
static bool is_covariate(const program *p, variable v, const bool *dreamt, dependence *changes, arena *a) {
    const variable_row *x = program_variable(p, v);
    if (x->kind != VARIABLE_let || !x->value || x->stochastic || dreamt[v]) return false;
    if (!dependence_has(changes, x->value)) return false;
    bool *itself = arena_array(a, bool, p->variables.count), needed = false;
    itself[v] = true;
    dependence of = in_model(p, itself, a);
    for (uint32_t i = 0; i < p->model.count; i++)
        needed |= dreamt[p->model.at[i].of] && dependence_has(&of, p->model.at[i].sample);
    return needed;
}

/* What is not dreamt, with latents held. */
static lowering open_dream(estimator *e, const lowering *from, const bool *dreamt, const bool *fresh) {
    lowering l = lower_fork(from);
    l.fresh = fresh;
    for (variable v = 0; v < e->program->variables.count; v++) {
        ref x = from->variables[v];
        if (x && !dreamt[v])
            lower_set(&l, v, variable_is_latent(program_variable(e->program, v)) ? stopped(e, x) : x);
    }
    return l;
}

static ref dream_of(lowering *l, const draw *s) {
    tape *t = l->tape;
    axes own = lower_axes(l, program_variable(l->model->program, s->of)->axes);
    ref x = tape_expand(t, lower_node(l, s->sample), axes_with(own, l->draw));
    if (s->lowest) x = tape_map2(t, OP_maximum, x, lower_node(l, s->lowest));
    if (s->highest) x = tape_map2(t, OP_minimum, x, lower_node(l, s->highest));
    return tape_map1(t, OP_stop, x);
}

ref sleep_write(estimator *e) {
    const program *p = e->program;
    arena *a = e->t->arena;
    const bool *dreamt = dreamt_of(p, a), *taught = sleep_taught(p, a);
    dependence changes = in_model(p, dreamt, a);
    bool *fresh = arena_array(a, bool, p->nodes.count);
    for (node n = 1; n < p->nodes.count; n++) fresh[n] = dependence_has(&changes, n);
    lowering dreaming = open_dream(e, &e->on->stopped, dreamt, fresh),
             learning = open_dream(e, e->live, dreamt, fresh);
    for (variable v = 0; v < p->variables.count; v++)
        if (is_covariate(p, v, dreamt, &changes, a)) {
            ref known = lower_node(e->live, program_variable(p, v)->self);
            lower_set(&dreaming, v, known), lower_set(&learning, v, known);
        }
    for (uint32_t i = 0; i < p->model.count; i++) {
        variable v = p->model.at[i].of;
        if (!dreamt[v]) continue;
        lower_set(&dreaming, v, dream_of(&dreaming, &p->model.at[i]));
        lower_set(&learning, v, dreaming.variables[v]);
    }
    ref total = number(e, 0);
    for (uint32_t i = 0; i < p->guide.count; i++)
        if (taught[p->guide.at[i].of]) total = plus(e, total, lower_draw(&learning, &p->guide.at[i]));
    return times(e, tape_sum(e->t, total, draw_axis(e)), number(e, 1.0 / e->draws));
}
