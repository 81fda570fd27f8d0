/* Building scans. The body is a tape that begins with the axes of the outer one. Either may get more while
 * the body is built, but not both: so they agree again when it is closed. A body never changes after that,
 * and copies of a scan share it. */
#include "autodiff/scan.h"

#include <assert.h>
#include <string.h>

static void copy_axes(tape *to, const tape *from) {
    for (uint32_t i = to->axes.count; i < from->axes.count; i++)
        tape_add_axis(to, from->axes.at[i].name, from->axes.at[i].size);
}

scan_builder scan_open(tape *t, axis along, bool backward) {
    scan_builder b = {.outer = t, .body = arena_new(t->arena, tape), .along = along, .backward = backward};
    tape_open(b.body, t->arena);
    copy_axes(b.body, t);
    b.body->at = t->at;
    return b;
}

static ref add_input(scan_builder *b, ref operand, axes of) {
    ref input = tape_input(b->body, of);
    push(b->body->arena, &b->operands, operand);
    push(b->body->arena, &b->inputs, input);
    return input;
}

ref scan_carry(scan_builder *b, ref initial, axes of) {
    assert(b->carries == b->inputs.count && !axes_has(of, b->along));
    assert(axes_within(tape_at(b->outer, initial)->axes, of));
    b->carries++;
    return add_input(b, tape_expand(b->outer, initial, of), of);
}

ref scan_take(scan_builder *b, ref x) {
    for (uint32_t k = b->carries; k < b->operands.count; k++)
        if (b->operands.at[k] == x) return b->inputs.at[k];
    return add_input(b, x, axes_without(tape_at(b->outer, x)->axes, b->along));
}

static void check_body(const scan_builder *b) {
    for (ref r = 1; r < b->body->code.count; r++) {
        const instruction *x = tape_at(b->body, r);
        assert(op_kind_of(x->op) != KIND_RANDOM && !axes_has(x->axes, b->along));
        (void)x;
    }
    for (uint32_t i = 0; i < b->body->axes.count && i < b->outer->axes.count; i++)
        assert(b->body->axes.at[i].name == b->outer->axes.at[i].name);
}

static ref emit(tape *t, scan s) {
    push(t->arena, &t->scans, s);
    return tape_emit(t, (instruction){.op = OP_scan, .attribute = t->scans.count - 1});
}

ref scan_close(scan_builder *b, const ref *next, const ref *emissions, uint32_t emission_count) {
    tape *body = b->body;
    for (uint32_t k = 0; k < b->carries; k++) {
        axes of = tape_at(body, b->inputs.at[k])->axes;
        assert(axes_within(tape_at(body, next[k])->axes, of));
        tape_output(body, tape_expand(body, next[k], of));
    }
    for (uint32_t k = 0; k < emission_count; k++) tape_output(body, emissions[k]);
    check_body(b);
    copy_axes(b->outer, body);
    copy_axes(body, b->outer);
    return emit(b->outer, (scan){body, b->along, b->backward, b->carries, b->operands.at});
}

ref scan_copy(tape *to, const scan *s, const ref *map) {
    scan copy = *s;
    ref *operands = arena_array(to->arena, ref, s->body->slots);
    for (uint32_t k = 0; k < s->body->slots; k++) operands[k] = map[s->operands[k]];
    copy.operands = operands;
    for (ref r = 1; r < s->body->code.count; r++) {
        const instruction *x = tape_at(s->body, r);
        if (x->op == OP_input) operands[x->attribute] = tape_expand(to, operands[x->attribute], x->axes);
    }
    for (uint32_t k = 0; k < s->carries; k++)
        operands[k] = tape_expand(to, operands[k], tape_at(s->body, s->body->outputs.at[k])->axes);
    return emit(to, copy);
}

/* Results. */

uint32_t scan_emissions(const scan *s) { return s->body->outputs.count - s->carries; }

scan_output scan_output_of(const scan *s, uint32_t result) {
    if (result < s->carries) return (scan_output){RESULT_final, result};
    result -= s->carries;
    if (result < scan_emissions(s)) return (scan_output){RESULT_emission, result};
    return (scan_output){RESULT_history, result - scan_emissions(s)};
}

static ref result(tape *t, ref scan_at, uint32_t number, ref value, bool stacked) {
    const scan *s = tape_scan(t, scan_at);
    axes of = tape_at(s->body, value)->axes;
    if (stacked) of = axes_with(of, s->along);
    return tape_emit(t,
                     (instruction){.op = OP_scan_result, .in = {scan_at}, .axes = of, .attribute = number});
}

ref scan_final(tape *t, ref scan_at, uint32_t carry) {
    const scan *s = tape_scan(t, scan_at);
    assert(carry < s->carries);
    return result(t, scan_at, carry, s->body->outputs.at[carry], false);
}

ref scan_emission(tape *t, ref scan_at, uint32_t emission) {
    const scan *s = tape_scan(t, scan_at);
    assert(emission < scan_emissions(s));
    uint32_t number = s->carries + emission;
    return result(t, scan_at, number, s->body->outputs.at[number], true);
}

ref scan_history(tape *t, ref scan_at, uint32_t carry) {
    const scan *s = tape_scan(t, scan_at);
    assert(carry < s->carries);
    return result(t, scan_at, s->body->outputs.count + carry, s->body->outputs.at[carry], true);
}
