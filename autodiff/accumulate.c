/* Sums over the steps of a loop become carries.
 *
 * What a scan emits only to have it summed over the loop's axis is added up as the loop runs, where what it
 * emits at a step is larger than what it carries: then to write all of it and to read it again costs more
 * than the step. (Smaller emissions are left: their sum is vectorised outside.) The adjoint of an operand
 * that all steps share, such as the transition matrix of a chain of states, is such a sum. */
#include "autodiff/passes.h"
#include "autodiff/scan.h"

typedef struct accumulation {
    bool *summed; /* by result of the old scan: an emission that is only summed */
    ref *results; /* … what it has become */
} accumulation;

/* Whether everything that reads r sums it over `along`. */
static bool only_summed(const rewriting *w, ref r, axis along) {
    uint32_t sums = 0;
    for (ref y = r + 1; y < w->from->code.count; y++) {
        const instruction *x = tape_at(w->from, y);
        if (w->uses[y] && x->op == OP_sum && x->in[0] == r && !axes_has(x->axes, along)) sums++;
    }
    return sums == w->uses[r];
}

static uint64_t carried_entries(const tape *t, const scan *s) {
    uint64_t sum = 0;
    for (uint32_t k = 0; k < s->carries; k++)
        sum += tape_size(t, tape_at(s->body, s->body->outputs.at[k])->axes);
    return sum;
}

static bool find_summed(const rewriting *w, const scan *s, accumulation *c) {
    bool found = false;
    uint64_t carried = carried_entries(w->from, s);
    for (ref r = w->at + 1; r < w->from->code.count; r++) {
        const instruction *x = tape_at(w->from, r);
        if (x->op != OP_scan_result || x->in[0] != w->at || !w->uses[r]) continue;
        if (scan_output_of(s, x->attribute).kind != RESULT_emission) continue;
        uint64_t size = tape_size(w->from, axes_without(x->axes, s->along));
        c->summed[x->attribute] = size > carried && only_summed(w, r, s->along);
        found |= c->summed[x->attribute];
    }
    return found;
}

/* The scan with a carry for each summed emission; fills in its results. */
static ref accumulate_scan(const rewriting *w, const scan *s, accumulation *c) {
    tape *to = w->to;
    arena *a = to->arena;
    const tape *body = s->body;
    uint32_t outputs = body->outputs.count, carries = s->carries;
    ref *map = arena_array(a, ref, body->code.count), *sum = arena_array(a, ref, outputs);
    scan_builder b = scan_open(to, s->along, s->backward);
    ref *carry = arena_array(a, ref, carries);
    for (uint32_t k = 0; k < carries; k++)
        carry[k] = scan_carry(&b, w->map[s->operands[k]], tape_at(body, body->outputs.at[k])->axes);
    for (uint32_t k = carries; k < outputs; k++)
        if (c->summed[k])
            sum[k] = scan_carry(&b, tape_number(to, 0), tape_at(body, body->outputs.at[k])->axes);
    for (ref r = 1; r < body->code.count; r++) {
        instruction x = *tape_at(body, r);
        b.body->at = x.at;
        if (x.op == OP_input && x.attribute < carries) map[r] = carry[x.attribute];
        else if (x.op == OP_input)
            map[r] = scan_take(&b, tape_expand(to, w->map[s->operands[x.attribute]], x.axes));
        else if (x.op == OP_scan) map[r] = scan_copy(b.body, tape_scan(body, r), map);
        else {
            for (int i = 0; i < 3; i++) x.in[i] = map[x.in[i]];
            map[r] = tape_emit(b.body, x);
        }
    }
    vector(ref) next = {0}, emissions = {0};
    for (uint32_t k = 0; k < carries; k++) push(a, &next, map[body->outputs.at[k]]);
    for (uint32_t k = carries; k < outputs; k++) {
        ref value = map[body->outputs.at[k]];
        if (c->summed[k]) push(a, &next, tape_map2(b.body, OP_add, sum[k], value));
        else push(a, &emissions, value);
    }
    ref made = scan_close(&b, next.at, emissions.at, emissions.count);
    uint32_t sums = 0, emitted = 0;
    for (uint32_t k = 0; k < carries; k++) {
        c->results[k] = scan_final(to, made, k);
        c->results[outputs + k] = scan_history(to, made, k);
    }
    for (uint32_t k = carries; k < outputs; k++)
        c->results[k] =
            c->summed[k] ? scan_final(to, made, carries + sums++) : scan_emission(to, made, emitted++);
    return made;
}

static ref accumulate(const rewriting *w, instruction x) {
    accumulation *of = w->user; /* by scan of the tape it comes from */
    if (x.op == OP_scan) {
        const scan *s = tape_scan(w->from, w->at);
        accumulation *c = &of[x.attribute];
        c->summed = arena_array(w->to->arena, bool, s->body->outputs.count + s->carries);
        if (!find_summed(w, s, c)) return pass_emit(w, x);
        c->results = arena_array(w->to->arena, ref, s->body->outputs.count + s->carries);
        return accumulate_scan(w, s, c);
    }
    const instruction *old = tape_at(w->from, w->at), *in = tape_at(w->from, old->in[0]);
    if (x.op == OP_scan_result) {
        const accumulation *c = &of[in->attribute];
        return c->results ? c->results[x.attribute] : tape_emit(w->to, x);
    }
    if (x.op != OP_sum || in->op != OP_scan_result) return tape_emit(w->to, x);
    const accumulation *c = &of[tape_at(w->from, in->in[0])->attribute];
    if (!c->results || !c->summed[in->attribute]) return tape_emit(w->to, x);
    axes rest = axes_minus(tape_at(w->to, x.in[0])->axes, x.axes);
    return rest.count ? tape_reduce(w->to, OP_sum, x.in[0], rest) : x.in[0];
}

void pass_accumulate(const tape *from, tape *to) {
    pass_rewrite(from, to, accumulate, arena_array(to->arena, accumulation, from->scans.count));
}
