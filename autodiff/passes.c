/* The list of passes, and the loop that each of them is. */
#include "autodiff/passes.h"

#include <assert.h>
#include "autodiff/scan.h"

const pass PASSES[] = {
    {"flatten", pass_flatten, true},
    {"tighten", pass_tighten, false},
    {"accumulate", pass_accumulate, false},
    {"simplify", pass_simplify, false},
    {"sort", pass_sort, false},
    {"lookup", pass_look_up, false},
    {"mix", pass_mix, true},
    {"factor", pass_factor, false},
    {"contract", pass_contract, false},
    {"late", pass_late, true},
    {"drop", pass_drop, false},
    {"inner", pass_inner, true},
};
const int PASS_COUNT = sizeof PASSES / sizeof *PASSES;

/* From the outputs backwards; a value without uses is dead. */
uint32_t *pass_count_uses(const tape *t, arena *a) {
    uint32_t *uses = arena_array(a, uint32_t, t->code.count);
    for (uint32_t k = 0; k < t->outputs.count; k++) uses[t->outputs.at[k]]++;
    for (ref r = t->code.count; r-- > 1;)
        if (uses[r]) {
            operands in = tape_operands(t, r);
            for (uint32_t i = 0; i < in.count; i++) uses[in.at[i]]++;
        }
    return uses;
}

void pass_rewrite(const tape *from, tape *to, ref (*rewrite)(const rewriting *w, instruction x), void *user) {
    assert(to->code.count == 1 && !to->axes.count);
    for (uint32_t i = 0; i < from->axes.count; i++) {
        axis a = tape_add_axis(to, from->axes.at[i].name, from->axes.at[i].size);
        to->axes.at[a].order = from->axes.at[i].order;
    }
    to->slots = from->slots;
    to->streams = from->streams;
    ref *map = arena_array(to->arena, ref, from->code.count);
    rewriting w = {
        .from = from, .to = to, .uses = pass_count_uses(from, to->arena), .map = map, .user = user};
    for (ref r = 1; r < from->code.count; r++) {
        if (!w.uses[r]) continue;
        instruction x = from->code.at[r];
        for (int i = 0; i < 3; i++) x.in[i] = map[x.in[i]];
        to->at = x.at;
        w.at = r;
        map[r] = rewrite(&w, x);
        assert(axes_within(tape_at(to, map[r])->axes, x.axes));
    }
    for (uint32_t k = 0; k < from->outputs.count; k++) {
        ref r = from->outputs.at[k];
        to->at = from->code.at[r].at;
        tape_output(to, tape_expand(to, map[r], from->code.at[r].axes));
    }
}

ref pass_emit(const rewriting *w, instruction x) {
    return x.op == OP_scan ? scan_copy(w->to, tape_scan(w->from, w->at), w->map) : tape_emit(w->to, x);
}

bool *pass_find_fixed(const tape *t, arena *a) {
    bool *fixed = arena_array(a, bool, t->code.count);
    for (ref r = 1; r < t->code.count; r++) {
        const instruction *x = &t->code.at[r];
        fixed[r] = x->op != OP_input && op_kind_of(x->op) != KIND_RANDOM;
        operands in = tape_operands(t, r);
        for (uint32_t i = 0; i < in.count; i++) fixed[r] &= fixed[in.at[i]];
    }
    return fixed;
}

void pass_drop(const tape *from, tape *to) { pass_rewrite(from, to, pass_emit, NULL); }

static void run_passes(const tape *from, tape *to, arena *a, bool body,
                       void (*show)(void *user, const char *pass, const tape *t), void *user) {
    tape now = *from;
    for (int i = 0; i < PASS_COUNT; i++) {
        if (body && PASSES[i].whole) continue;
        tape next;
        tape_open(&next, a);
        PASSES[i].run(&now, &next);
        if (show) show(user, PASSES[i].name, &next);
        now = next;
    }
    *to = now;
}

void tape_compile(const tape *from, tape *to, arena *a,
                  void (*show)(void *user, const char *pass, const tape *t), void *user) {
    run_passes(from, to, a, false, show, user);
}

void tape_compile_body(const tape *from, tape *to, arena *a) { run_passes(from, to, a, true, NULL, NULL); }
