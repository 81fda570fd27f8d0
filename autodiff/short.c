#include "autodiff/short.h"

typedef vector(short_operation) operations;

typedef struct short_writer {
    const execution *e;
    arena *arena;
    operations code;
    uint32_t n; /* entries of the region */
} short_writer;

static short_operand at_value(const short_writer *w, ref r, uint64_t offset) {
    return (short_operand){&w->e->at[r], (int64_t)offset};
}

static short_operand at_operand(const short_writer *w, operand o) {
    if (o.kind == SOURCE_scratch)
        return (short_operand){&w->e->scratch, (int64_t)(o.at * plan_rounded(w->n))};
    return at_value(w, o.at, o.offset);
}

/* Operands that an operation has not are somewhere, too. */
static short_operation operation(const short_writer *w, short_code code, uint32_t n, short_operand to) {
    short_operand nowhere = {&w->e->scratch, 0};
    return (short_operation){.code = code, .n = n, .to = to, .in = {nowhere, nowhere, nowhere}};
}

/* What the op is for single numbers; `otherwise` where that is no operation of its own. */
static short_code single_code(op f, short_code otherwise) {
    switch (f) {
    case OP_add: return SHORT_add;
    case OP_sub: return SHORT_sub;
    case OP_mul: return SHORT_mul;
    case OP_div: return SHORT_div;
    case OP_neg: return SHORT_neg;
    default: return otherwise;
    }
}

static void write_map(short_writer *w, const micro *m, short_code code) {
    if (w->n == 1) code = single_code(m->op, code);
    short_operation c = operation(w, code, w->n, at_operand(w, m->to));
    for (int i = 0; i < op_inputs(m->op); i++) c.in[i] = at_operand(w, m->in[i]);
    c.run = m->run;
    c.op = m->op;
    push(w->arena, &w->code, c);
}

/* Into one entry. */
static bool write_sum(short_writer *w, const micro *m) {
    if (m->walk->rank != 1 || (m->walk->stride[0][0] != 0 && w->n != 1)) return false;
    bool dot = m->kind == MICRO_dot;
    short_operand to = at_value(w, m->to.at, m->walk->offset[0]);
    short_operation c = operation(w, dot ? SHORT_dot : SHORT_sum, w->n, to);
    for (int i = 0; i < 1 + dot; i++) c.in[i] = at_operand(w, m->in[i]);
    push(w->arena, &w->code, c);
    return true;
}

static bool write_copy(short_writer *w, ref from, short_operand to, int to_layout, const walk *walk) {
    if (walk->rank != 1 || walk->entries > SHORT_MOST) return false;
    short_operation c = operation(w, SHORT_copy, (uint32_t)walk->entries, to);
    c.in[0] = at_value(w, from, walk->offset[0]);
    c.from_stride = walk->stride[0][0];
    c.to_stride = 1;
    if (to_layout) c.to_stride = walk->stride[0][to_layout], c.to.offset += (int64_t)walk->offset[to_layout];
    push(w->arena, &w->code, c);
    return true;
}

static bool write_micro(short_writer *w, const micro *m) {
    if (m->layers != 1) return false;
    switch (m->kind) {
    case MICRO_load: return write_copy(w, m->in[0].at, at_operand(w, m->to), 0, m->walk);
    case MICRO_unary: write_map(w, m, SHORT_unary); return true;
    case MICRO_binary: write_map(w, m, SHORT_binary); return true;
    case MICRO_binary_vs: write_map(w, m, SHORT_binary_vs); return true;
    case MICRO_binary_sv: write_map(w, m, SHORT_binary_sv); return true;
    case MICRO_ternary: write_map(w, m, SHORT_ternary); return true;
    case MICRO_select: write_map(w, m, SHORT_select); return true;
    case MICRO_sum:
    case MICRO_dot: return write_sum(w, m);
    default: return false;
    }
}

static bool write_region(short_writer *w, const plan_step *s) {
    const region *g = &s->region;
    if (g->entries > SHORT_MOST || !g->entries || s->cut.parts != 1) return false;
    w->n = (uint32_t)g->entries;
    for (uint32_t i = 0; i < g->count; i++)
        if (!write_micro(w, &g->micros[i])) return false;
    return true;
}

static bool write_places(short_writer *w, const plan_step *s) {
    uint64_t entries = w->e->plan->values[s->of].entries;
    if (entries > SHORT_MOST) return false;
    if (!s->covered)
        push(w->arena, &w->code, operation(w, SHORT_zero, (uint32_t)entries, at_value(w, s->of, 0)));
    for (uint32_t i = 0; i < s->placed_count; i++)
        if (!write_copy(w, s->placed[i].from, at_value(w, s->of, 0), 1, s->placed[i].walk)) return false;
    return true;
}

/* Adds the operations of a step; none where it is not short. */
static bool write_step(short_writer *w, const plan_step *s) {
    uint32_t before = w->code.count;
    bool written = s->kind == STEP_region ? write_region(w, s) : s->kind == STEP_place && write_places(w, s);
    if (!written) w->code.count = before;
    return written;
}

short_program **short_programs(const execution *e, arena *a) {
    const plan *p = e->plan;
    short_program **programs = arena_array(a, short_program *, p->steps.count);
    for (uint32_t k = p->fixed_steps, first; k < p->steps.count; k++) {
        short_writer w = {.e = e, .arena = a};
        for (first = k; k < p->steps.count && write_step(&w, &p->steps.at[k]);) k++;
        if (k == first) continue;
        programs[first] = arena_new(a, short_program);
        programs[first]->end = k;
        programs[first]->code.at = w.code.at;
        programs[first]->code.count = w.code.count;
    }
    return programs;
}
