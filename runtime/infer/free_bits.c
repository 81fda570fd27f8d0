/* Free bits (Kingma, Salimans, Jozefowicz, Chen, Sutskever and Welling, NeurIPS 2016): the KL of a unit,
 * averaged over the draws and the rows of the step, counts only above so many nats. Where it does not,
 * neither it nor its derivative are in the objective, whose value has the free bits in its place. */
#include "runtime/infer/estimator.h"
#include "runtime/infer/terms.h"

static const term *term_of(const estimator *e, term_kind kind, variable v) {
    for (uint32_t i = 0; i < e->terms.count; i++)
        if (e->terms.at[i].kind == kind && e->terms.at[i].of == v) return &e->terms.at[i];
    return NULL;
}

/* Entry by entry; 0 where it is not known apart from others'. */
static ref kl_of(estimator *e, variable v) {
    const term *closed = term_of(e, TERM_kl, v), *guide = term_of(e, TERM_guide, v),
               *prior = term_of(e, TERM_prior, v);
    if (closed) return lower_node(e->live, closed->density);
    if (!guide || !prior || !is_whole(e->program, v)) return 0;
    return minus(e, lower_node(e->live, guide->density), lower_node(e->live, prior->density));
}

static double entries_of(const lowering *l, axes of) { return (double)tape_size(l->tape, lower_axes(l, of)); }

static void write_gate(estimator *e, const draw *s, double nats) {
    lowering *l = e->live;
    axes rows = axes_common(s->axes, row_axes(e->program)), units = axes_minus(s->axes, rows);
    ref kl = kl_of(e, s->of);
    if (!kl || !rows.count) return;
    double count = entries_of(l, rows);
    ref mean = tape_sum(e->t, tape_expand(e->t, kl, axes_union(tape_at(e->t, kl)->axes, draw_axis(e))),
                        axes_union(lower_axes(l, rows), draw_axis(e)));
    mean = stopped(e, times(e, mean, number(e, 1 / (count * e->draws))));
    ref gate = tape_map2(e->t, OP_lt, number(e, nats), mean), closed = tape_map1(e->t, OP_not, gate);
    e->gate[s->of] = gate;
    bool part = l->whole && axes_has(rows, l->batch);
    ref spared = times(e, tape_sum(e->t, closed, lower_axes(l, units)),
                       number(e, nats * count * (part ? lower_batch_weight(l) : 1)));
    e->spared = e->spared ? plus(e, e->spared, spared) : spared;
}

void free_bits_write(estimator *e, double nats) {
    e->gate = arena_array(e->t->arena, ref, e->program->variables.count);
    for (uint32_t i = 0; i < e->program->guide.count; i++) write_gate(e, &e->program->guide.at[i], nats);
}
