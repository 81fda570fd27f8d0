#include "autodiff/loop.h"

#include <math.h>
#include <string.h>
#include "autodiff/execution.h"
#include "autodiff/scan.h"

/* The buffer. */

static const uint32_t *find_aliases(arena *a, const scan *s) {
    const tape *body = s->body;
    uint32_t *alias = arena_array(a, uint32_t, body->outputs.count);
    for (uint32_t k = 0; k < body->outputs.count; k++) {
        alias[k] = k;
        for (uint32_t c = 0; c < s->carries && k >= s->carries; c++)
            if (body->outputs.at[c] == body->outputs.at[k]) alias[k] = c;
    }
    return alias;
}

static void find_wanted(const plan *p, loop *l, ref r) {
    for (uint32_t k = 0; k < l->scan->carries; k++) l->wanted[k] = true;
    for (ref i = r + 1; i < p->tape->code.count; i++) {
        const instruction *x = tape_at(p->tape, i);
        if (x->op != OP_scan_result || x->in[0] != r || p->values[i].form == VALUE_dead) continue;
        scan_output o = scan_output_of(l->scan, x->attribute);
        if (o.kind == RESULT_history) l->kept[o.number] |= !l->chain || chain_history_wanted(p, i);
        if (o.kind == RESULT_emission && l->alias[x->attribute] == x->attribute)
            l->wanted[x->attribute] = true;
        if (o.kind == RESULT_emission && l->alias[x->attribute] != x->attribute)
            l->kept[l->alias[x->attribute]] = true;
    }
}

uint64_t loop_lay_out(const plan *p, ref r) {
    arena *a = p->arena;
    loop *l = loop_of(p, r);
    const scan *s = tape_scan(p->tape, r);
    uint32_t outputs = s->body->outputs.count;
    *l = (loop){.scan = s, .steps = p->tape->axes.at[s->along].size, .alias = find_aliases(a, s)};
    l->place = arena_array(a, uint64_t, outputs);
    l->size = arena_array(a, uint64_t, outputs);
    l->kept = arena_array(a, bool, s->carries);
    l->wanted = arena_array(a, bool, outputs);
    l->chain = chain_find(p, r);
    find_wanted(p, l, r);
    uint64_t end = 0;
    for (uint32_t k = 0; k < outputs; k++) {
        l->place[k] = end;
        l->size[k] = tape_size(p->tape, tape_at(s->body, s->body->outputs.at[k])->axes);
        if (!l->wanted[k]) continue;
        uint64_t places = k >= s->carries ? l->steps : l->kept[k] ? (uint64_t)l->steps + 1 : 2;
        end += plan_rounded(places * l->size[k]);
    }
    if (!l->chain || l->chain->back) return end;
    l->chain->rows = end;
    return end + chain_row_entries(l->chain);
}

layout loop_layout(const plan *p, ref result) {
    const instruction *x = tape_at(p->tape, result);
    const loop *l = loop_of(p, x->in[0]);
    scan_output o = scan_output_of(l->scan, x->attribute);
    uint32_t k = o.kind == RESULT_emission ? l->alias[x->attribute] : o.number;
    layout of_entry = layout_dense(p->tape, axes_without(x->axes, l->scan->along)), all = {.axes = x->axes};
    for (int i = 0; i < all.axes.count; i++)
        all.stride[i] =
            all.axes.at[i] == l->scan->along ? (int64_t)l->size[k] : layout_stride(&of_entry, all.axes.at[i]);
    uint64_t place = 0;
    if (o.kind == RESULT_final) place = loop_last_place(l, k);
    if (o.kind == RESULT_history) place = l->scan->backward;
    if (o.kind == RESULT_emission && k < l->scan->carries) place = !l->scan->backward;
    all.offset = l->place[k] + place * l->size[k];
    return all;
}

/* Addresses. */

/* Of something with the loop's axis, whose first entry is at `offset`. */
static loop_address along_axis(const loop *l, ref root, uint64_t offset, int64_t stride) {
    if (!l->scan->backward) return (loop_address){.root = root, .offset = (int64_t)offset, .pitch = stride};
    int64_t last = (int64_t)offset + ((int64_t)l->steps - 1) * stride;
    return (loop_address){.root = root, .offset = last, .pitch = -stride};
}

static loop_address found_at(const loop *l, ref r, uint32_t carry) {
    int64_t size = (int64_t)l->size[carry];
    uint64_t offset = l->place[carry];
    if (!l->kept[carry])
        return (loop_address){.root = r, .offset = (int64_t)offset, .pitch = size, .swings = true};
    return along_axis(l, r, offset + (l->scan->backward ? l->size[carry] : 0), size);
}

loop_address loop_left_at(const loop *l, ref r, uint32_t output) {
    int64_t size = (int64_t)l->size[output];
    uint64_t offset = l->place[output];
    if (output >= l->scan->carries) return along_axis(l, r, offset, size);
    if (!l->kept[output])
        return (loop_address){.root = r, .offset = (int64_t)offset + size, .pitch = -size, .swings = true};
    return along_axis(l, r, offset + (l->scan->backward ? 0 : l->size[output]), size);
}

/* One without the loop's axis stays where it is. */
loop_address loop_taken_at(const plan *p, const loop *l, uint32_t slot) {
    ref operand = l->scan->operands[slot];
    const value *v = &p->values[operand];
    if (axes_has(tape_at(p->tape, operand)->axes, l->scan->along))
        return along_axis(l, v->root, v->layout.offset, layout_stride(&v->layout, l->scan->along));
    return (loop_address){.root = v->root, .offset = (int64_t)v->layout.offset};
}

static loop_address taken_at(const plan *p, const loop *l, ref input) {
    loop_address at = loop_taken_at(p, l, tape_at(l->scan->body, input)->attribute);
    at.of = input;
    return at;
}

static void add_input(plan *p, loop *l, ref r, ref input) {
    arena *a = p->arena;
    const instruction *x = tape_at(l->scan->body, input);
    if (x->attribute < l->scan->carries) {
        loop_address found = found_at(l, r, x->attribute);
        found.of = input;
        push(a, &l->moving, found);
        return;
    }
    loop_address to = taken_at(p, l, input);
    layout entry = layout_without(p->values[l->scan->operands[x->attribute]].layout, l->scan->along);
    entry.offset = 0;
    if (layout_is_dense(p->tape, &entry, x->axes)) {
        if (to.pitch) push(a, &l->moving, to);
        else push(a, &l->constant, to);
        return;
    }
    to.of = 0;
    loop_copy copy = {.around = to, .size = tape_size(p->tape, x->axes)};
    walk *w = arena_new(a, walk);
    *w = walk_over(p->tape, x->axes, (const layout *const[]){&entry}, 1);
    copy.walk = w;
    copy.entries = arena_take_aligned(a, copy.size * element_size(p->precision));
    machine_execution(l->body)->at[input] = copy.entries;
    push(a, &l->slices, copy);
}

/* Whether the body can write the output where we want it. */
static bool is_own(const plan *body, ref r) {
    const value *v = &body->values[r];
    return (v->form == VALUE_block || v->form == VALUE_whole) && v->stored && !v->fixed;
}

static void add_output(plan *p, loop *l, ref r, uint32_t k, bool *placed) {
    const plan *body = machine_execution(l->body)->plan;
    ref value = l->scan->body->outputs.at[k];
    loop_address to = loop_left_at(l, r, k);
    if (is_own(body, value) && !placed[value]) {
        placed[value] = true;
        to.of = value;
        push(p->arena, &l->moving, to);
    } else {
        push(p->arena, &l->outputs, (loop_copy){.around = to, .from = value, .size = l->size[k]});
    }
}

/* Scalar loops. */

static bool is_view(op f) { return f == OP_rename || f == OP_expand || f == OP_slice; }

/* Whether all that is computed at each step are single numbers, elementwise. */
static bool is_scalar(const plan *body) {
    for (uint32_t k = 0; k < body->tape->outputs.count; k++)
        if (body->values[body->tape->outputs.at[k]].entries != 1) return false;
    for (ref r = 1; r < body->tape->code.count; r++) {
        const value *v = &body->values[r];
        op f = tape_at(body->tape, r)->op;
        if (v->form == VALUE_dead || v->fixed) continue;
        if (v->entries != 1 || (f != OP_input && op_kind_of(f) != KIND_MAP && !is_view(f))) return false;
    }
    return true;
}

static uint32_t register_of(const plan *body, ref r) {
    while (is_view(tape_at(body->tape, r)->op) && !body->values[r].fixed) r = tape_at(body->tape, r)->in[0];
    return r;
}

static void add_operation(arena *a, scalar_program *s, const plan *body, ref r) {
    const instruction *x = tape_at(body->tape, r);
    scalar_operation c = {.op = x->op, .to = r};
    for (int i = 0; i < op_inputs(x->op); i++) c.in[i] = register_of(body, x->in[i]);
    push(a, &s->code, c);
}

/* The register of a carry that the body does not read is one behind all others. */
static void add_carries(arena *a, const loop *l, scalar_program *s) {
    const tape *body = l->scan->body;
    const plan *planned = machine_execution(l->body)->plan;
    for (uint32_t k = 0; k < l->scan->carries; k++) {
        scalar_carry c = {.from = register_of(planned, body->outputs.at[k]), .to = body->code.count + k};
        for (ref r = 1; r < body->code.count; r++)
            if (tape_at(body, r)->op == OP_input && tape_at(body, r)->attribute == k) c.to = r;
        push(a, &s->carries, c);
    }
}

/* What is there before the first step: a value that is fixed, in the body's own machine. */
static void fill_register(const loop *l, scalar_program *s, ref r) {
    const execution *e = machine_execution(l->body);
    const value *v = &e->plan->values[r];
    bool somewhere = v->form == VALUE_leaf || e->plan->values[v->root].stored;
    if (v->entries == 1 && somewhere) {
        double x = element_read(e->plan->precision, e->at[v->root], (int64_t)v->layout.offset);
        element_write(e->plan->precision, s->registers, r, x);
    }
}

static void plan_scalar(plan *p, loop *l, ref r) {
    arena *a = p->arena;
    const tape *body = l->scan->body;
    const plan *planned = machine_execution(l->body)->plan;
    const value *values = planned->values;
    scalar_program *s = l->scalar = arena_new(a, scalar_program);
    *s = (scalar_program){.kernels = p->kernels};
    s->registers =
        arena_take_aligned(a, ((size_t)body->code.count + l->scan->carries) * element_size(p->precision));
    add_carries(a, l, s);
    for (ref i = 1; i < body->code.count; i++) {
        const instruction *x = tape_at(body, i);
        if (values[i].form == VALUE_dead || (x->op == OP_input && x->attribute < l->scan->carries)) continue;
        if (x->op != OP_input && values[i].fixed) fill_register(l, s, i);
        else if (x->op != OP_input && !is_view(x->op)) add_operation(a, s, planned, i);
        if (x->op != OP_input) continue;
        loop_address at = taken_at(p, l, i);
        if (at.pitch) push(a, &l->reads, at);
        else push(a, &l->constant, at);
    }
    for (uint32_t k = 0; k < body->outputs.count; k++) {
        if (!l->wanted[k] || (k < l->scan->carries && !l->kept[k])) continue;
        loop_address at = loop_left_at(l, r, k);
        at.of = register_of(planned, body->outputs.at[k]);
        push(a, &l->writes, at);
    }
    for (uint32_t i = 0; i < l->reads.count; i++)
        push(a, &s->reads, (scalar_port){l->reads.at[i].of, NULL, l->reads.at[i].pitch});
    for (uint32_t i = 0; i < l->writes.count; i++)
        push(a, &s->writes, (scalar_port){l->writes.at[i].of, NULL, l->writes.at[i].pitch});
    scalar_finish(s);
}

static void plan_body(plan *p, loop *l, ref r) {
    const tape *body = l->scan->body;
    const value *values = machine_execution(l->body)->plan->values;
    for (ref i = 1; i < body->code.count; i++)
        if (tape_at(body, i)->op == OP_input && values[i].form != VALUE_dead) add_input(p, l, r, i);
    bool *placed = arena_array(p->arena, bool, body->code.count);
    for (uint32_t k = 0; k < body->outputs.count; k++)
        if (l->wanted[k]) add_output(p, l, r, k, placed);
    l->now = arena_array(p->arena, void *, l->moving.count + l->slices.count + l->outputs.count);
}

void loop_plan(plan *p, ref r) {
    loop *l = loop_of(p, r);
    if (l->chain) {
        chain_plan(p, l, r);
        return;
    }
    l->body = machine_new_in(p->arena, l->scan->body, p->precision, p->team);
    if (is_scalar(machine_execution(l->body)->plan)) plan_scalar(p, l, r);
    else plan_body(p, l, r);
}

/* Faults. The body runs as a tape of its own, its inputs copied. */

/* Copies the entry that step `at` reads of operand k. */
static void copy_operand(const execution *e, const loop *l, uint32_t k, uint32_t at, double *to) {
    ref operand = l->scan->operands[k];
    const value *v = &e->plan->values[operand];
    layout entry = layout_without(v->layout, l->scan->along);
    entry.offset += (uint64_t)layout_stride(&v->layout, l->scan->along) * at;
    axes of = axes_without(tape_at(e->plan->tape, operand)->axes, l->scan->along);
    walk w = walk_over(e->plan->tape, of, (const layout *const[]){&entry}, 1);
    cursor c = walk_at(&w, 0);
    for (uint64_t i = 0; i < w.entries; i++, cursor_pass(&c, 1))
        to[i] = element_read(e->plan->precision, e->at[v->root], c.at[0]);
}

static bool outputs_finite(const loop *l, const machine *m) {
    const tape *body = l->scan->body;
    for (uint32_t k = 0; k < body->outputs.count; k++)
        for (uint64_t i = 0; i < l->size[k]; i++)
            if (!isfinite(machine_output(m, k)[i])) return false;
    return true;
}

/* The index gets the step, in the place of the loop's axis. */
static void add_step(fault *found, axis along, uint32_t step) {
    axes all = axes_with(found->axes, along);
    if (axes_overflow(all)) return;
    for (int i = all.count - 1, k = found->axes.count; i >= 0; i--)
        found->index[i] = all.at[i] == along ? step : found->index[--k];
    found->axes = all;
}

bool loop_fault(const execution *e, ref r, arena *scratch, fault *found) {
    const loop *l = loop_of(e->plan, r);
    const tape *body = l->scan->body;
    machine *m = machine_new_in(scratch, body, e->plan->precision, NULL);
    double **inputs = arena_array(scratch, double *, body->slots);
    for (uint32_t k = 0; k < body->slots; k++) {
        axes of = axes_without(tape_at(e->plan->tape, l->scan->operands[k])->axes, l->scan->along);
        inputs[k] = arena_array(scratch, double, tape_size(e->plan->tape, of));
        if (k < l->scan->carries) copy_operand(e, l, k, 0, inputs[k]);
        machine_bind(m, k, inputs[k]);
    }
    for (uint32_t t = 0; t < l->steps; t++) {
        uint32_t step = l->scan->backward ? l->steps - 1 - t : t;
        for (uint32_t k = l->scan->carries; k < body->slots; k++) copy_operand(e, l, k, step, inputs[k]);
        machine_run(m, e->seed, e->step);
        if (!outputs_finite(l, m)) {
            bool inside = machine_fault(m, e->seed, e->step, scratch, found);
            if (inside) add_step(found, l->scan->along, step);
            return inside;
        }
        for (uint32_t k = 0; k < l->scan->carries; k++)
            memcpy(inputs[k], machine_output(m, k), l->size[k] * sizeof(double));
    }
    return false;
}
