#include "runtime/infer/dependence.h"

enum { UNKNOWN, NO, YES, ASKED };

dependence dependence_of(const program *p, const bool *sources, arena *a) {
    dependence d = {.program = p, .sources = sources, .arena = a};
    d.statement = arena_array(a, const draw *, p->variables.count);
    for (uint32_t i = 0; i < p->guide.count; i++) d.statement[p->guide.at[i].of] = &p->guide.at[i];
    d.known = arena_array(a, uint8_t, p->nodes.count);
    d.seen = arena_array(a, bool, p->nodes.count);
    return d;
}

/* What a variable's value is computed from; 0 where it is given. */
static node origin(const dependence *d, variable v) {
    if (d->sources[v]) return 0;
    const variable_row *row = program_variable(d->program, v);
    if (d->statement[v]) return d->statement[v]->sample;
    return row->kind == VARIABLE_data || row->kind == VARIABLE_param ? 0 : row->value;
}

bool dependence_has(dependence *d, node n) {
    if (d->known[n] != UNKNOWN) return d->known[n] == YES;
    d->known[n] = ASKED;
    const node_row *x = program_node(d->program, n);
    bool has = false;
    if (x->op == NODE_variable) {
        node from = origin(d, x->variable);
        has = d->sources[x->variable] || (from && dependence_has(d, from));
    }
    for (int i = 0; i < node_inputs(x->op); i++) has |= dependence_has(d, x->in[i]);
    d->known[n] = has ? YES : NO;
    return has;
}

static axis whole_of(const program *p, axis a) {
    while (program_axis(p, a)->of != a) a = program_axis(p, a)->of;
    return a;
}

/* Whether a value has an axis over the entries of `a` that is not `a` itself. */
static bool has_kin(const program *p, axes s, axis a) {
    for (int i = 0; i < s.count; i++)
        if (s.at[i] != a && whole_of(p, s.at[i]) == a) return true;
    return false;
}

/* Whether it is the entry that an axis which follows belongs to. */
static bool gathers_own(const dependence *d, const node_row *x) {
    const node_row *by = program_node(d->program, x->in[1]);
    return d->follows && by->op == NODE_variable && d->follows[by->variable];
}

/* Whether an operation joins entries along an axis, its operands apart. */
static bool joins(dependence *d, const node_row *x, axis a) {
    const program *p = d->program;
    if (has_kin(p, x->axes, a)) return true;
    for (int i = 0; i < node_inputs(x->op); i++) {
        const node_row *in = program_node(p, x->in[i]);
        bool own = x->op == NODE_gather && i == 0 && gathers_own(d, x);
        if (dependence_has(d, x->in[i]) && axes_has(in->axes, a) && !axes_has(x->axes, a) && !own)
            return true;
    }
    switch (x->op) {
    case NODE_gather: return whole_of(p, x->axis) == a && dependence_has(d, x->in[0]) && !gathers_own(d, x);
    case NODE_scan: return whole_of(p, x->axis) == a;
    default: break;
    }
    node_form form = node_form_of(x->op);
    if (form == FORM_SCAN) return x->axis == a;
    return (form == FORM_FACTOR || form == FORM_SOLVE) && (x->axis == a || x->axis2 == a);
}

static bool apart(dependence *d, node n, axis a, node *culprit) {
    if (d->seen[n] || !dependence_has(d, n)) return true;
    d->seen[n] = true;
    const node_row *x = program_node(d->program, n);
    if (joins(d, x, a)) {
        *culprit = n;
        return false;
    }
    if (x->op == NODE_variable) {
        node from = origin(d, x->variable);
        return !from || apart(d, from, a, culprit);
    }
    for (int i = 0; i < node_inputs(x->op); i++)
        if (!apart(d, x->in[i], a, culprit)) return false;
    return true;
}

bool dependence_apart(dependence *d, node n, axis a, node *culprit) {
    memset(d->seen, 0, d->program->nodes.count * sizeof *d->seen);
    return apart(d, n, a, culprit);
}
