#include "runtime/bind/marginal.h"

#include <assert.h>

/* States that are known: bit k for summed k. */
typedef struct states {
    uint64_t here, here_is;     /* those of the entry itself: which are known, and are 1 */
    uint64_t before, before_is; /* those of its neighbour */
} states;

typedef struct environment {
    states known;
    lowering *lowering;
} environment;

/* What an elimination was made of, for draws. */
typedef struct eliminated {
    ref joint;                    /* not a chain: the sum of its factors */
    ref first, pair, last, found; /* a chain: values at the first entry and at the last, of neighbours, and
                                     what each step found */
} eliminated;

struct marginal {
    lowering *l;
    op sum;
    const ref *sources;
    vector(environment) environments;
    ref *factors; /* by number of program.marginal */
    eliminated *steps;
    ref total;
    ref *numbers; /* by latent that was drawn: its state, from 1 */
    bool drawn;
};

static const program *program_of(const marginal *m) { return m->l->model->program; }
static const summed *summed_at(const marginal *m, uint32_t k) { return &program_of(m)->summed.at[k]; }
static bool is_binary(const marginal *m, uint32_t k) {
    return !summed_at(m, k)->block && summed_at(m, k)->states == AXIS_NONE;
}

axes marginal_axes(const lowering *l, uint32_t k) {
    return lower_axes(l, l->model->program->summed.at[k].plates);
}

/* ---- what a factor is for given states ---- */

static bool same_states(const states *a, const states *b) {
    return a->here == b->here && a->here_is == b->here_is && a->before == b->before &&
           a->before_is == b->before_is;
}

/* The variables of a block have their particles in the lowering, as those of an entry or of its neighbour. */
static void set_particles(marginal *m, lowering *to, uint32_t k, bool before) {
    const particle_block *b = summed_at(m, k)->block;
    for (uint32_t i = 0; i < b->count; i++) {
        ref x = m->l->variables[b->of[i]];
        lower_set(to, b->of[i], before ? tape_rename(m->l->tape, x, m->l->states[k], m->l->befores[k]) : x);
    }
}

/* Sets the discrete latents: to the position along the axis of their states, to a number where it is known.
 */
static void set_states(marginal *m, lowering *to, axis along, const states *known) {
    tape *t = m->l->tape;
    for (uint32_t k = 0; k < program_of(m)->summed.count; k++) {
        bool apart = along != AXIS_NONE && summed_at(m, k)->along == along;
        uint64_t bit = (uint64_t)1 << k, is = apart ? known->before_is : known->here_is;
        if (summed_at(m, k)->block) set_particles(m, to, k, apart);
        else if (!is_binary(m, k))
            lower_set(to, summed_at(m, k)->of, tape_position(t, apart ? m->l->befores[k] : m->l->states[k]));
        else if ((apart ? known->before : known->here) & bit)
            lower_set(to, summed_at(m, k)->of, tape_number(t, (is & bit) != 0));
    }
}

static lowering *fork_for(marginal *m, axis along, const states *known) {
    lowering *fork = arena_new(m->l->tape->arena, lowering);
    *fork = lower_fork(m->l);
    fork->base = m->l;
    fork->before = NULL;
    set_states(m, fork, along, known);
    return fork;
}

static lowering *environment_for(marginal *m, states known) {
    for (uint32_t i = 0; i < m->environments.count; i++)
        if (same_states(&m->environments.at[i].known, &known)) return m->environments.at[i].lowering;
    arena *a = m->l->tape->arena;
    lowering *here = fork_for(m, AXIS_NONE, &known);
    here->before = arena_array(a, lowering *, program_of(m)->axes.count);
    for (uint32_t k = 0; k < program_of(m)->summed.count; k++) {
        axis along = summed_at(m, k)->along;
        if (along != AXIS_NONE && !here->before[along]) here->before[along] = fork_for(m, along, &known);
    }
    push(a, &m->environments, (environment){known, here});
    return here;
}

/* A latent of two states that a factor uses, here or one entry away. */
typedef struct switched {
    uint32_t of;
    bool before;
} switched;

static bool is_before(const latent_use *u) {
    for (int i = 0; i < AXES_MOST; i++)
        if (!u->by[i].index && u->by[i].shift) return true;
    return false;
}

static uint32_t find_switched(const marginal *m, const marginal_factor *f, switched *found) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < f->uses.count; i++) {
        switched now = {f->uses.at[i].of, is_before(&f->uses.at[i])};
        bool known = !is_binary(m, now.of);
        for (uint32_t k = 0; k < count; k++) known |= found[k].of == now.of && found[k].before == now.before;
        if (!known) found[count++] = now;
    }
    return count;
}

/* The factor for all states of the first `count` of `by`, side by side. */
static ref write_states(marginal *m, node density, const switched *by, uint32_t count, states known) {
    if (count == 0) return lower_node(environment_for(m, known), density);
    tape *t = m->l->tape;
    const switched *one = &by[count - 1];
    uint64_t bit = (uint64_t)1 << one->of;
    *(one->before ? &known.before : &known.here) |= bit;
    ref off = write_states(m, density, by, count - 1, known);
    *(one->before ? &known.before_is : &known.here_is) |= bit;
    ref on = write_states(m, density, by, count - 1, known);
    ref position = tape_position(t, one->before ? m->l->befores[one->of] : m->l->states[one->of]);
    return tape_select(t, tape_map2(t, OP_lt, tape_number(t, 1), position), on, off);
}

static ref write_factor(marginal *m, const marginal_factor *f) {
    switched *by = arena_array(m->l->tape->arena, switched, f->uses.count);
    return write_states(m, f->density, by, find_switched(m, f, by), (states){0});
}

/* ---- bringing factors to the plates of what is eliminated ---- */

static const latent_use *use_of(const marginal_factor *f, const elimination *g) {
    const latent_use *found = NULL;
    for (uint32_t i = 0; i < f->uses.count; i++)
        for (uint32_t k = 0; k < g->count; k++)
            if (f->uses.at[i].of == g->of[k] && (!found || !is_before(&f->uses.at[i])))
                found = &f->uses.at[i];
    return found;
}

/* Whether a factor of a chain is about neighbours: it uses both entries. */
static bool is_pair(const marginal_factor *f, const elimination *g) {
    bool here = false, before = false;
    for (uint32_t i = 0; i < f->uses.count; i++)
        for (uint32_t k = 0; k < g->count; k++)
            if (f->uses.at[i].of == g->of[k]) *(is_before(&f->uses.at[i]) ? &before : &here) = true;
    return here && before;
}

static axes axes_of(const marginal *m, ref x) { return tape_at(m->l->tape, x)->axes; }

/* Sums the entries of x into those of `plate` that the index names, over all axes of the index that are still
 * to be summed and that no later index needs. */
static ref into_index(marginal *m, ref x, node index, axis plate, axes needed, axes *left) {
    lowering *l = m->l;
    ref i = lower_node(l, index);
    axes over = axes_minus(axes_common(program_node(program_of(m), index)->axes, *left), needed);
    *left = axes_minus(*left, over);
    axes all = axes_union(axes_of(m, x), axes_of(m, i));
    return tape_scatter(l->tape, x, i, l->axes[plate],
                        axes_with(axes_minus(all, lower_axes(l, over)), l->axes[plate]));
}

/* The number of the entry one away along an axis; of the entry itself where it has no such neighbour. */
static ref neighbour(const marginal *m, axis along, int32_t shift) {
    tape *t = m->l->tape;
    ref at = tape_map2(t, OP_add, tape_position(t, along), tape_number(t, shift));
    return shift < 0 ? tape_map2(t, OP_maximum, at, tape_number(t, 1))
                     : tape_map2(t, OP_minimum, at, tape_number(t, t->axes.at[along].size));
}

/* A factor of all entries, each about its neighbour, as one about the entries themselves. What has no
 * neighbour does not depend on its states, and is added to the entry next to it. */
static ref moved_entries(const marginal *m, ref x, axis along, int32_t shift) {
    if (!shift) return x;
    x = tape_expand(m->l->tape, x, axes_one(along));
    return tape_scatter(m->l->tape, x, neighbour(m, along, shift), along, axes_of(m, x));
}

/* The factor over the plates of the latent that it uses `by`; of neighbours that along `step` stays. */
static ref bring(marginal *m, const marginal_factor *f, const latent_use *by, axis step, ref x) {
    lowering *l = m->l;
    const program *p = program_of(m);
    axes plates = summed_at(m, by->of)->plates, left = f->plates;
    for (int i = 0; i < plates.count; i++) {
        const reach *r = &by->by[i];
        if (r->index) continue;
        left = axes_without(left, r->at);
        if (r->at == plates.at[i]) x = moved_entries(m, x, l->axes[r->at], r->shift);
        if (r->at == plates.at[i] || r->at == step) continue;
        axis from = l->axes[r->at], to = l->axes[plates.at[i]];
        if (program_axis(p, r->at)->source != AXIS_part) x = tape_rename(l->tape, x, from, to);
        else
            x = tape_place(l->tape, x, axes_one(from), to,
                           (uint64_t)(model_part_start(l->model, r->at) + r->shift));
    }
    for (int i = 0; i < plates.count; i++) {
        if (!by->by[i].index) continue;
        axes needed = {0};
        for (int k = i + 1; k < plates.count; k++)
            if (by->by[k].index) needed = axes_union(needed, program_node(p, by->by[k].index)->axes);
        x = into_index(m, x, by->by[i].index, plates.at[i], needed, &left);
    }
    return tape_sum(l->tape, x, lower_axes(l, left));
}

static void add_to(const marginal *m, ref *sum, ref x) {
    *sum = *sum ? tape_map2(m->l->tape, OP_add, *sum, x) : x;
}

/* The states of neighbours of which all uses are become those of the entries. */
static ref as_here(const marginal *m, const marginal_factor *f, ref x) {
    for (uint32_t i = 0; i < f->uses.count; i++)
        if (is_before(&f->uses.at[i]))
            x = tape_rename(m->l->tape, x, m->l->befores[f->uses.at[i].of], m->l->states[f->uses.at[i].of]);
    return x;
}

/* The sum of the factors that are not about neighbours; 0 for none. */
static ref sum_factors(marginal *m, const elimination *g) {
    ref sum = 0;
    for (uint32_t i = 0; i < g->takes.count; i++) {
        const marginal_factor *f = &program_of(m)->marginal.at[g->takes.at[i]];
        if (is_pair(f, g)) continue;
        const latent_use *by = use_of(f, g);
        ref x = bring(m, f, by, AXIS_NONE, m->factors[g->takes.at[i]]);
        add_to(m, &sum, is_before(by) ? as_here(m, f, x) : x);
    }
    for (uint32_t k = 0; k < g->count; k++)
        if (m->sources && m->sources[g->of[k]]) add_to(m, &sum, m->sources[g->of[k]]);
    return sum;
}

/* ---- elimination ---- */

static axes states_of(const marginal *m, const elimination *g, bool before) {
    axes all = {0};
    for (uint32_t k = 0; k < g->count; k++)
        if (!before) all = axes_with(all, m->l->states[g->of[k]]);
        else if (m->l->befores[g->of[k]] != AXIS_NONE) all = axes_with(all, m->l->befores[g->of[k]]);
    return all;
}

static ref over_states(const marginal *m, ref x, axes states) {
    return tape_reduce(m->l->tape, m->sum, tape_expand(m->l->tape, x, states), states);
}

/* x of the whole axis at one entry, or at those of the chain's steps. */
static ref entry_of(const marginal *m, const elimination *g, ref x, uint64_t entry) {
    axis along = m->l->axes[g->along];
    return axes_has(axes_of(m, x), along) ? tape_slice(m->l->tape, x, along, entry, (axes){0}) : x;
}

static ref steps_of(const marginal *m, const elimination *g, ref x) {
    axis along = m->l->axes[g->along];
    uint64_t start = (uint64_t)model_part_start(m->l->model, g->step);
    return axes_has(axes_of(m, x), along)
               ? tape_slice(m->l->tape, x, along, start, axes_one(m->l->axes[g->step]))
               : x;
}

/* The factors about neighbours, over the steps; what they say of the entry that has no neighbour, of whose
 * states it then does not depend, goes to `alone`. */
static ref sum_pairs(marginal *m, const elimination *g, ref *alone) {
    tape *t = m->l->tape;
    uint64_t end = g->backward ? m->l->model->axes[g->along].size - 1 : 0;
    ref sum = 0;
    for (uint32_t i = 0; i < g->takes.count; i++) {
        const marginal_factor *f = &program_of(m)->marginal.at[g->takes.at[i]];
        if (!is_pair(f, g)) continue;
        ref x = bring(m, f, use_of(f, g), g->step, m->factors[g->takes.at[i]]);
        if (axes_has(axes_of(m, x), m->l->axes[g->along])) {
            ref one = entry_of(m, g, x, end);
            for (uint32_t k = 0; k < g->count; k++)
                if (m->l->befores[g->of[k]] != AXIS_NONE)
                    one = tape_slice(t, one, m->l->befores[g->of[k]], 0, (axes){0});
            add_to(m, alone, one);
            x = steps_of(m, g, x);
        }
        add_to(m, &sum, x);
    }
    return sum;
}

/* The states of the entry before become axes of their own. A latent whose states the pair does not ask for is
 * summed out before. */
static ref as_before(const marginal *m, const elimination *g, tape *t, ref x, ref pair) {
    axes asked = tape_at(t, pair)->axes, others = {0};
    for (uint32_t k = 0; k < g->count; k++) {
        bool known = m->l->befores[g->of[k]] != AXIS_NONE && axes_has(asked, m->l->befores[g->of[k]]);
        if (known) x = tape_rename(t, x, m->l->states[g->of[k]], m->l->befores[g->of[k]]);
        else others = axes_with(others, m->l->states[g->of[k]]);
    }
    return tape_reduce(t, m->sum, x, others);
}

/* The forward algorithm: a[i, s] = own[i, s] + log sum over s' of exp(a[i - 1, s'] + pair[i, s', s]). */
static ref eliminate_chain(marginal *m, const elimination *g, eliminated *kept) {
    tape *t = m->l->tape;
    axes here = states_of(m, g, false);
    axis step = m->l->axes[g->step];
    uint32_t size = m->l->model->axes[g->along].size;
    ref own = sum_factors(m, g), alone = 0;
    if (!own) own = tape_number(t, 0);
    kept->pair = sum_pairs(m, g, &alone);
    kept->first = entry_of(m, g, own, g->backward ? size - 1 : 0);
    if (alone) add_to(m, &kept->first, alone);
    kept->first = tape_expand(t, kept->first, here);
    if (size == 1) {
        kept->last = kept->first;
        return over_states(m, kept->last, here);
    }
    ref rest = steps_of(m, g, own);
    axes before = axes_common(states_of(m, g, true), axes_of(m, kept->pair));
    axes of = axes_union(axes_of(m, kept->first),
                         axes_union(axes_of(m, rest), axes_minus(axes_of(m, kept->pair), before)));
    of = axes_without(of, step);
    scan_builder loop = scan_open(t, step, g->backward);
    ref found = scan_carry(&loop, kept->first, of), pair = scan_take(&loop, kept->pair);
    ref sum = tape_map2(loop.body, OP_add, as_before(m, g, loop.body, found, pair), pair);
    sum = tape_reduce(loop.body, m->sum, tape_expand(loop.body, sum, before), before);
    ref next = tape_expand(loop.body, tape_map2(loop.body, OP_add, sum, scan_take(&loop, rest)), of);
    ref scan = scan_close(&loop, &next, NULL, 0);
    kept->last = scan_final(t, scan, 0);
    kept->found = scan_history(t, scan, 0);
    return over_states(m, kept->last, here);
}

marginal *marginal_open(lowering *l, op sum, const ref *sources) {
    const program *p = l->model->program;
    arena *a = l->tape->arena;
    marginal *m = arena_new(a, marginal);
    *m = (marginal){.l = l, .sum = sum, .sources = sources};
    m->factors = arena_array(a, ref, p->marginal.count);
    m->steps = arena_array(a, eliminated, p->eliminations.count);
    m->numbers = arena_array(a, ref, p->summed.count);
    for (uint32_t i = 0; i < p->marginal.count; i++)
        if (p->marginal.at[i].density) m->factors[i] = write_factor(m, &p->marginal.at[i]);
    return m;
}

ref *marginal_factors(const marginal *m) { return m->factors; }

void marginal_eliminate(marginal *m) {
    lowering *l = m->l;
    const program *p = program_of(m);
    bool *taken = arena_array(l->tape->arena, bool, p->marginal.count);
    for (uint32_t i = 0; i < p->eliminations.count; i++) {
        const elimination *g = &p->eliminations.at[i];
        for (uint32_t k = 0; k < g->takes.count; k++) taken[g->takes.at[k]] = true;
        if (g->along != AXIS_NONE) {
            m->factors[g->leaves] = eliminate_chain(m, g, &m->steps[i]);
            continue;
        }
        m->steps[i].joint = tape_expand(l->tape, sum_factors(m, g), states_of(m, g, false));
        m->factors[g->leaves] = over_states(m, m->steps[i].joint, states_of(m, g, false));
    }
    m->total = tape_number(l->tape, 0);
    for (uint32_t i = 0; i < p->marginal.count; i++)
        if (!taken[i]) add_to(m, &m->total, lower_sum(l, m->factors[i], p->marginal.at[i].plates));
}

marginal *marginal_new(lowering *l, op sum, const ref *sources) {
    marginal *m = marginal_open(l, sum, sources);
    marginal_eliminate(m);
    return m;
}

ref marginal_total(const marginal *m) { return m->total; }
ref marginal_term(const marginal *m, uint32_t factor) { return m->factors[factor]; }

/* ---- draws ---- */

/* x at the states that were drawn for the latents which it still depends on. */
static ref given_drawn(marginal *m, const marginal_factor *left, ref x) {
    lowering *l = m->l;
    for (uint32_t i = 0; i < left->uses.count; i++) {
        const latent_use *u = &left->uses.at[i];
        axes plates = summed_at(m, u->of)->plates;
        axis states = is_before(u) ? l->befores[u->of] : l->states[u->of];
        ref state = m->numbers[u->of];
        for (int k = 0; k < plates.count; k++) {
            const reach *r = &u->by[k];
            axis plate = l->axes[plates.at[k]];
            if (r->index) state = tape_gather(l->tape, state, lower_node(l, r->index), plate);
            else if (r->shift) state = tape_gather(l->tape, state, neighbour(m, plate, r->shift), plate);
            else if (r->at != plates.at[k]) state = tape_rename(l->tape, state, plate, l->axes[r->at]);
        }
        if (axes_has(axes_of(m, x), states)) x = tape_gather(l->tape, x, state, states);
    }
    return x;
}

/* A draw of the entry along `states` by its log weights, given uniform numbers: how many entries of the
 * cumulated probabilities lie below. */
static ref draw_entry(tape *t, ref log_weights, axis states, ref uniform) {
    axes own = axes_one(states);
    log_weights = tape_expand(t, log_weights, own);
    ref all = tape_reduce(t, OP_log_sum_exp, log_weights, own);
    ref cumulated = tape_cumsum(t, tape_map1(t, OP_exp, tape_map2(t, OP_sub, log_weights, all)), states);
    ref below = tape_sum(t, tape_map2(t, OP_lt, cumulated, uniform), own);
    return tape_map2(t, OP_minimum, tape_map2(t, OP_add, below, tape_number(t, 1)),
                     tape_number(t, t->axes.at[states].size));
}

/* One draw for each latent of the group, each given those before it, by the log weights of all their states.
 */
static void draw_group(const marginal *m, const elimination *g, tape *t, ref x, const ref *uniform,
                       ref *drawn) {
    for (uint32_t k = 0; k < g->count; k++) {
        axes others = {0};
        for (uint32_t i = k + 1; i < g->count; i++) others = axes_with(others, m->l->states[g->of[i]]);
        ref own = tape_reduce(t, OP_log_sum_exp, tape_expand(t, x, others), others);
        drawn[k] = draw_entry(t, own, m->l->states[g->of[k]], uniform[k]);
        x = tape_gather(t, tape_expand(t, x, axes_one(m->l->states[g->of[k]])), drawn[k],
                        m->l->states[g->of[k]]);
    }
}

static ref uniforms(const marginal *m, axes plates) {
    return tape_random(m->l->tape, OP_random_uniform, 0, 0, 0,
                       axes_with(lower_axes(m->l, plates), m->l->draw));
}

/* Backward: the state before, given that of the entry, by what the forward step found. */
static void draw_chain(marginal *m, const elimination *g, const eliminated *kept, ref *drawn) {
    tape *t = m->l->tape;
    const marginal_factor *left = &program_of(m)->marginal.at[g->leaves];
    axis along = m->l->axes[g->along], step = m->l->axes[g->step];
    uint32_t size = m->l->model->axes[g->along].size;
    uint64_t end = g->backward ? 0 : size - 1, others = g->backward ? 1 : 0;
    ref uniform[ELIMINATED_MOST], last[ELIMINATED_MOST], next[ELIMINATED_MOST], carried[ELIMINATED_MOST],
        taken[ELIMINATED_MOST];
    for (uint32_t k = 0; k < g->count; k++)
        uniform[k] = uniforms(m, g->plates), taken[k] = entry_of(m, g, uniform[k], end);
    draw_group(m, g, t, given_drawn(m, left, kept->last), taken, last);
    if (size > 1) {
        ref found = given_drawn(m, left, kept->found), pair = given_drawn(m, left, kept->pair);
        axes of = axes_with(lower_axes(m->l, axes_without(g->plates, g->along)), m->l->draw);
        scan_builder loop = scan_open(t, step, !g->backward);
        for (uint32_t k = 0; k < g->count; k++) carried[k] = scan_carry(&loop, last[k], of);
        for (uint32_t k = 0; k < g->count; k++)
            taken[k] = scan_take(&loop, tape_slice(t, uniform[k], along, others, axes_one(step)));
        ref now = scan_take(&loop, pair);
        for (uint32_t k = 0; k < g->count; k++)
            if (axes_has(tape_at(loop.body, now)->axes, m->l->states[g->of[k]]))
                now = tape_gather(loop.body, now, carried[k], m->l->states[g->of[k]]);
        for (uint32_t k = 0; k < g->count; k++)
            if (m->l->befores[g->of[k]] != AXIS_NONE)
                now = tape_rename(loop.body, now, m->l->befores[g->of[k]], m->l->states[g->of[k]]);
        draw_group(m, g, loop.body, tape_map2(loop.body, OP_add, now, scan_take(&loop, found)), taken, next);
        for (uint32_t k = 0; k < g->count; k++) next[k] = tape_expand(loop.body, next[k], of);
        ref scan = scan_close(&loop, next, next, g->count);
        for (uint32_t k = 0; k < g->count; k++) {
            ref rest = tape_place(t, scan_emission(t, scan, k), axes_one(step), along, others);
            drawn[k] = tape_map2(t, OP_add, rest, tape_place(t, last[k], (axes){0}, along, end));
        }
        return;
    }
    for (uint32_t k = 0; k < g->count; k++) drawn[k] = tape_place(t, last[k], (axes){0}, along, end);
}

void marginal_draw(marginal *m) {
    assert(m->sum == OP_log_sum_exp);
    if (m->drawn) return;
    m->drawn = true;
    const program *p = program_of(m);
    tape *t = m->l->tape;
    for (uint32_t i = p->eliminations.count; i-- > 0;) {
        const elimination *g = &p->eliminations.at[i];
        ref drawn[ELIMINATED_MOST];
        if (g->along != AXIS_NONE) {
            draw_chain(m, g, &m->steps[i], drawn);
        } else {
            ref uniform = uniforms(m, g->plates);
            draw_group(m, g, t, given_drawn(m, &p->marginal.at[g->leaves], m->steps[i].joint), &uniform,
                       drawn);
        }
        for (uint32_t k = 0; k < g->count; k++) {
            m->numbers[g->of[k]] = drawn[k];
            if (summed_at(m, g->of[k])->block) continue;
            ref x = is_binary(m, g->of[k]) ? tape_map2(t, OP_sub, drawn[k], tape_number(t, 1)) : drawn[k];
            lower_set(m->l, summed_at(m, g->of[k])->of, x);
        }
    }
}

ref marginal_number(const marginal *m, uint32_t k) { return m->numbers[k]; }
