/* What a scan computes is of three parts, by what the step before has to do with it:
 *
 *   hoisted   what does not depend on the carries is computed before the loop, over its whole axis at once;
 *   loop      what depends on the carries, and the next carries depend on it;
 *   sunk      what depends on the carries, but only emissions want it, is computed after the loop, from the
 *             carries' histories and from what the loop emits.
 *
 * Hoisted and sunk instructions are copied to the tape around, where operands with the loop's axis give
 * results with the loop's axis, and nothing else changes: that is what axes with names are for. There they
 * are vectorised, fused and contracted. With the GARCH recurrence h' = a0 + a1 e^2 + b1 h two operations stay
 * in the loop and two in that of its adjoint; with h' = tanh(W h + x) the derivative with respect to W, a sum
 * over the steps of outer products, becomes one product of matrices.
 *
 * Not hoisted is what would be larger than all that it is computed from, as its entries for all steps would
 * have to be stored. Not sunk are reductions other than sums, and linear algebra, whose operands would have
 * to be. Scans in bodies stay where they are. Carries that no result needs are dropped, and emissions. */
#include "autodiff/passes.h"

#include "autodiff/scan.h"

typedef struct tightening {
    const rewriting *w;
    const scan *s;
    tape body;     /* compiled */
    ref *results;  /* by number: what they become, on the tape around; 0 for those without use */
    bool *wanted;  /* by number */
    bool *carried; /* by carry: some result needs it */
    bool *inside;  /* by ref of the body: cannot be hoisted */
    bool *loop;    /* … is computed in the loop */
    bool *needed;  /* … has a value around the loop */
    ref *in, *out; /* … its number in the new body, and around */
    scan_builder b;
    uint32_t *carry;    /* by carry: its new number */
    uint32_t *emission; /* by ref: what it is emitted as */
} tightening;

static bool is_carry(const tightening *g, ref r) {
    const instruction *x = tape_at(&g->body, r);
    return x->op == OP_input && x->attribute < g->s->carries;
}

static void find_wanted(tightening *g) {
    const tape *from = g->w->from;
    for (ref r = g->w->at + 1; r < from->code.count; r++) {
        const instruction *x = tape_at(from, r);
        if (x->op != OP_scan_result || x->in[0] != g->w->at || !g->w->uses[r]) continue;
        scan_output o = scan_output_of(g->s, x->attribute);
        g->wanted[x->attribute] = true;
        if (o.kind != RESULT_emission) g->carried[o.number] = true;
    }
}

/* Whether the entries for all steps would be more than those of each operand that has any. */
static bool grows(const tightening *g, ref r, const bool *varies) {
    operands in = tape_operands(&g->body, r);
    uint64_t size = tape_size(&g->body, tape_at(&g->body, r)->axes);
    for (uint32_t i = 0; i < in.count; i++)
        if (varies[in.at[i]] && size <= tape_size(&g->body, tape_at(&g->body, in.at[i])->axes)) return false;
    return varies[r];
}

static void find_inside(tightening *g) {
    const tape *body = &g->body;
    bool *varies = arena_array(g->w->to->arena, bool, body->code.count); /* from step to step */
    for (ref r = 1; r < body->code.count; r++) {
        const instruction *x = tape_at(body, r);
        operands in = tape_operands(body, r);
        if (x->op == OP_input) {
            ref from = g->w->map[g->s->operands[x->attribute]];
            g->inside[r] = is_carry(g, r);
            varies[r] = axes_has(tape_at(g->w->to, from)->axes, g->s->along);
            continue;
        }
        g->inside[r] = x->op == OP_scan;
        for (uint32_t i = 0; i < in.count; i++) {
            varies[r] |= varies[in.at[i]];
            g->inside[r] |= g->inside[in.at[i]];
        }
        if (in.count && grows(g, r, varies)) g->inside[r] = true;
    }
}

static bool can_sink(op f) {
    switch (op_kind_of(f)) {
    case KIND_MAP: return true;
    case KIND_REDUCE: return f == OP_sum;
    case KIND_LINEAR: return f == OP_contract;
    case KIND_MOVE: return f != OP_scatter && f != OP_place;
    default: return false;
    }
}

/* One way through the body, backwards. True when a carry turned out to be needed. */
static bool sweep(tightening *g) {
    const tape *body = &g->body;
    bool changed = false;
    for (ref r = body->code.count; r-- > 1;) {
        operands in = tape_operands(body, r);
        bool leaf = op_kind_of(tape_at(body, r)->op) == KIND_LEAF;
        if (g->needed[r] && g->inside[r] && !leaf && !can_sink(tape_at(body, r)->op)) g->loop[r] = true;
        if (is_carry(g, r) && (g->loop[r] || g->needed[r])) {
            uint32_t k = tape_at(body, r)->attribute;
            changed |= !g->carried[k];
            g->carried[k] = g->loop[r] = true;
        }
        for (uint32_t i = 0; i < in.count; i++) {
            if (g->loop[r]) *(g->inside[in.at[i]] ? &g->loop[in.at[i]] : &g->needed[in.at[i]]) = true;
            else if (g->needed[r]) g->needed[in.at[i]] = true;
        }
    }
    return changed;
}

static void find_parts(tightening *g) {
    uint32_t carries = g->s->carries, outputs = g->body.outputs.count;
    for (uint32_t k = carries; k < outputs; k++)
        if (g->wanted[k]) g->needed[g->body.outputs.at[k]] = true;
    do {
        for (uint32_t k = 0; k < carries; k++) {
            ref next = g->body.outputs.at[k];
            if (g->carried[k]) *(g->inside[next] ? &g->loop[next] : &g->needed[next]) = true;
        }
    } while (sweep(g));
}

/* An instruction of the body around the loop. */
static ref copy_out(const tightening *g, instruction x) {
    tape *to = g->w->to;
    for (int i = 0; i < 3; i++) {
        x.in[i] = g->out[x.in[i]];
        if (x.in[i] && axes_has(tape_at(to, x.in[i])->axes, g->s->along))
            x.axes = axes_with(x.axes, g->s->along);
    }
    to->at = x.at;
    return tape_emit(to, x);
}

static void hoist(tightening *g) {
    for (ref r = 1; r < g->body.code.count; r++) {
        instruction x = *tape_at(&g->body, r);
        if (!g->needed[r] || g->inside[r]) continue;
        g->out[r] = x.op == OP_input ? g->w->map[g->s->operands[x.attribute]] : copy_out(g, x);
    }
}

/* The number in the new body of what a loop's instruction reads. */
static ref operand_in(tightening *g, ref r) {
    if (!g->in[r]) {
        const instruction *x = tape_at(g->w->to, g->out[r]);
        g->in[r] = x->op == OP_number ? tape_number(g->b.body, x->number) : scan_take(&g->b, g->out[r]);
    }
    return g->in[r];
}

static void copy_in(tightening *g, ref r) {
    instruction x = *tape_at(&g->body, r);
    tape *to = g->b.body;
    operands in = tape_operands(&g->body, r);
    for (uint32_t i = 0; i < in.count; i++) operand_in(g, in.at[i]);
    to->at = x.at;
    for (int i = 0; i < 3; i++) x.in[i] = g->in[x.in[i]];
    g->in[r] = x.op == OP_scan ? scan_copy(to, tape_scan(&g->body, r), g->in) : tape_emit(to, x);
}

static void add_carries(tightening *g) {
    for (uint32_t k = 0; k < g->s->carries; k++) {
        if (!g->carried[k]) continue;
        g->carry[k] = g->b.carries;
        ref carry =
            scan_carry(&g->b, g->w->map[g->s->operands[k]], tape_at(&g->body, g->body.outputs.at[k])->axes);
        for (ref r = 1; r < g->body.code.count; r++)
            if (is_carry(g, r) && tape_at(&g->body, r)->attribute == k) g->in[r] = carry;
    }
}

/* Returns the new scan. */
static ref build_loop(tightening *g) {
    arena *a = g->w->to->arena;
    g->b = scan_open(g->w->to, g->s->along, g->s->backward);
    add_carries(g);
    vector(ref) emissions = {0};
    for (ref r = 1; r < g->body.code.count; r++) {
        if (!g->loop[r] || is_carry(g, r)) continue;
        copy_in(g, r);
        if (!g->needed[r]) continue;
        g->emission[r] = emissions.count;
        push(a, &emissions, g->in[r]);
    }
    ref *next = arena_array(a, ref, g->s->carries);
    for (uint32_t k = 0; k < g->s->carries; k++)
        if (g->carried[k]) next[g->carry[k]] = operand_in(g, g->body.outputs.at[k]);
    return scan_close(&g->b, next, emissions.at, emissions.count);
}

static void sink(tightening *g, ref made) {
    tape *to = g->w->to;
    for (ref r = 1; r < g->body.code.count; r++) {
        if (!g->needed[r] || !g->inside[r]) continue;
        if (is_carry(g, r)) g->out[r] = scan_history(to, made, g->carry[tape_at(&g->body, r)->attribute]);
        else if (g->loop[r]) g->out[r] = scan_emission(to, made, g->emission[r]);
        else g->out[r] = copy_out(g, *tape_at(&g->body, r));
    }
}

static ref result_of(const tightening *g, ref made, uint32_t number) {
    scan_output o = scan_output_of(g->s, number);
    tape *to = g->w->to;
    if (o.kind == RESULT_final) return scan_final(to, made, g->carry[o.number]);
    if (o.kind == RESULT_history) return scan_history(to, made, g->carry[o.number]);
    return tape_expand(to, g->out[g->body.outputs.at[number]], axes_one(g->s->along));
}

/* Fills in what the results become; returns the scan, or a number where none is left. */
static ref tighten_scan(const rewriting *w, ref *results) {
    arena *a = w->to->arena;
    const scan *s = tape_scan(w->from, w->at);
    uint32_t result_count = s->body->outputs.count + s->carries;
    tightening g = {.w = w, .s = s, .results = results};
    tape_compile_body(s->body, &g.body, a);
    uint32_t count = g.body.code.count;
    g.wanted = arena_array(a, bool, result_count);
    g.carried = arena_array(a, bool, s->carries);
    g.carry = arena_array(a, uint32_t, s->carries);
    g.inside = arena_array(a, bool, count);
    g.loop = arena_array(a, bool, count);
    g.needed = arena_array(a, bool, count);
    g.in = arena_array(a, ref, count);
    g.out = arena_array(a, ref, count);
    g.emission = arena_array(a, uint32_t, count);
    find_wanted(&g);
    find_inside(&g);
    find_parts(&g);
    hoist(&g);
    bool looping = false;
    for (uint32_t k = 0; k < s->carries; k++) looping |= g.carried[k];
    for (ref r = 1; r < count; r++) looping |= g.loop[r];
    ref made = looping ? build_loop(&g) : 0;
    sink(&g, made);
    for (uint32_t k = 0; k < result_count; k++)
        if (g.wanted[k]) results[k] = result_of(&g, made, k);
    return made ? made : tape_number(w->to, 0);
}

static ref tighten(const rewriting *w, instruction x) {
    ref **results = w->user; /* by scan of the tape it comes from */
    if (x.op == OP_scan) {
        const scan *s = tape_scan(w->from, w->at);
        results[x.attribute] = arena_array(w->to->arena, ref, s->body->outputs.count + s->carries);
        return tighten_scan(w, results[x.attribute]);
    }
    if (x.op != OP_scan_result) return tape_emit(w->to, x);
    return results[tape_at(w->from, tape_at(w->from, w->at)->in[0])->attribute][x.attribute];
}

void pass_tighten(const tape *from, tape *to) {
    pass_rewrite(from, to, tighten, arena_array(to->arena, ref *, from->scans.count));
}
