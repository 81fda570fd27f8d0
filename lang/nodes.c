/* Making nodes: the axes of a node are the union of its operands', so values align by name and nothing can be
 * broadcast by mistake. A node made of one that failed fails too, without a word. */
#include "lang/checker.h"

#include <assert.h>
#include <math.h>

bool too_many_axes(checker *c, axes s, span at) {
    if (!axes_overflow(s)) return false;
    diagnostic *told = diagnose(c->d, DIAGNOSTIC_axes, place(c, at),
                                "this value would vary over more than %d axes", AXES_MOST);
    advise(c->d, told, "sum some of them out before combining the rest");
    return true;
}

node make_map(checker *c, node_op op, const node *in, span at) {
    node_row row = {.op = op, .at = place(c, at)};
    range ranges[NODE_INPUTS_MOST];
    for (int i = 0; i < node_inputs(op); i++) {
        if (!in[i]) return 0;
        const node_row *r = program_node(c->p, in[i]);
        row.in[i] = in[i];
        row.axes = axes_union(row.axes, r->axes);
        if (too_many_axes(c, row.axes, at)) return 0;
        row.stochastic |= r->stochastic;
        ranges[i] = r->range;
    }
    row.range = range_of(op, ranges);
    return program_add(c->p, row);
}

node make(checker *c, node_op op, node a, node b, node x, span at) {
    return make_map(c, op, (const node[]){a, b, x}, at);
}

node make_number(checker *c, double x, span at) {
    node_row row = {.op = NODE_number, .at = place(c, at), .number = x};
    row.range = (range){x, x, false, false, x == floor(x)};
    return program_add(c->p, row);
}

node make_reduction(checker *c, node_op op, node x, axes over, span at) {
    if (!x) return 0;
    const node_row *r = program_node(c->p, x);
    node_row row = {.op = op, .in = {x}, .axes = axes_minus(r->axes, over), .at = place(c, at)};
    row.range = range_of(op, &r->range);
    row.stochastic = r->stochastic;
    return program_add(c->p, row);
}

node_row row_of_move(checker *c, node_op op, node x, span at) {
    const node_row *r = program_node(c->p, x);
    return (node_row){.op = op,
                      .in = {x},
                      .axes = r->axes,
                      .type = r->type,
                      .range = r->range,
                      .stochastic = r->stochastic,
                      .at = place(c, at)};
}

node make_expand(checker *c, node x, axes to, span at) {
    if (!x) return 0;
    axes have = program_node(c->p, x)->axes, all = axes_union(have, to);
    if (axes_equal(all, have)) return x;
    if (too_many_axes(c, all, at)) return 0;
    node_row row = row_of_move(c, NODE_expand, x, at);
    row.axes = all;
    return program_add(c->p, row);
}

node make_variable(checker *c, variable v, span at) {
    const variable_row *x = program_variable(c->p, v);
    node_row row = {.op = NODE_variable, .axes = x->axes, .type = x->type, .at = place(c, at), .variable = v};
    row.range = x->value && x->type.support == SUPPORT_real ? program_node(c->p, x->value)->range
                                                            : type_range(c->p, x->type);
    row.stochastic = x->stochastic;
    return program_add(c->p, row);
}

node make_position(checker *c, axis a, span at) {
    node_row row = {.op = NODE_position, .axes = axes_one(a), .axis = a, .at = place(c, at)};
    row.type = (type){.support = SUPPORT_index, .index = program_axis(c->p, a)->of};
    row.range = (range){1, INFINITY, false, false, true};
    return program_add(c->p, row);
}

node make_size(checker *c, axis a, span at) {
    node_row row = {.op = NODE_size, .axis = program_axis(c->p, a)->of, .at = place(c, at)};
    row.type = (type){.support = SUPPORT_index, .index = row.axis};
    row.range = (range){0, INFINITY, false, false, true};
    return program_add(c->p, row);
}

/* x with its axis `a` replaced by the axes of the index. What x is along its event axis is lost with that
 * axis. */
node make_gather(checker *c, node x, node index, axis a, span at) {
    if (!x || !index) return 0;
    const node_row *i = program_node(c->p, index);
    node_row row = row_of_move(c, NODE_gather, x, at);
    row.in[1] = index;
    row.axes = axes_union(axes_without(row.axes, a), i->axes);
    row.axis = a;
    if (too_many_axes(c, row.axes, at)) return 0;
    if (type_ties(c->p, row.type, a)) row.type = (type){0};
    row.stochastic |= i->stochastic;
    return program_add(c->p, row);
}

node make_rename(checker *c, node x, axis from, axis to, span at) {
    if (!x || from == to) return x;
    node_row row = row_of_move(c, NODE_rename, x, at);
    assert(!axes_has(row.axes, to));
    row.axes = axes_with(axes_without(row.axes, from), to);
    row.axis = from, row.axis2 = to;
    if (SUPPORTS[row.type.support].event && row.type.index == from) row.type.index = to;
    return program_add(c->p, row);
}
