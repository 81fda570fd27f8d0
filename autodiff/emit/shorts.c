/* Programs of short steps (short.h) as straight code. A value is a few vectors, and stays in registers from
 * where it is computed to where it is read, in this step or a later one; it is written to its buffer if
 * somebody reads it when the program is over, or a kernel that is called in between. A single number is a
 * vector with that number in each lane. */
#include "autodiff/emit/emit.h"

#include <assert.h>
#include "autodiff/emit/lower.h"

enum { VECTORS_MOST = SHORT_MOST / ALL_LANES, LINES_MOST = 4000, OFFSET_MOST = 1 << 24 };

/* What is known of `n` entries of a buffer; `stored`: they are there. */
typedef struct known {
    short_operand at;
    uint32_t n;
    bool stored;
    cell part[VECTORS_MOST];
} known;

typedef struct short_emitter {
    assembly *code;
    const execution *run;
    const short_program *program;
    sequence sequence;
    vector(known) known;
    place room[3]; /* on the stack: two operands of a call, and its result */
} short_emitter;

static const general BUFFERS = RBX, SCRATCH = RBP;

/* Places. */

static bool in_scratch(const short_emitter *w, short_operand o) { return o.base == &w->run->scratch; }
static ref ref_of(const short_emitter *w, short_operand o) { return (ref)(o.base - w->run->at); }

static place place_at(const short_emitter *w, short_operand o, int64_t entry) {
    int32_t offset = (int32_t)((o.offset + entry) * (int64_t)sizeof(double));
    if (in_scratch(w, o)) return (place){SCRATCH, NO_REGISTER, offset};
    return in_table(ref_of(w, o), NO_REGISTER, offset);
}

static uint32_t vectors(uint32_t n) { return (n + ALL_LANES - 1) / ALL_LANES; }

/* The lanes of vector v that count. */
static uint8_t lanes_of(uint32_t n, uint32_t v) {
    uint32_t left = n - v * ALL_LANES;
    return (uint8_t)(left < ALL_LANES ? left : ALL_LANES);
}

static bool overlap(const known *k, short_operand o, int64_t n) {
    return k->at.base == o.base && k->at.offset < o.offset + n && o.offset < k->at.offset + k->n;
}

/* Storing. */

static void store_part(short_emitter *w, short_operand o, uint32_t v, cell x, uint8_t lanes) {
    sequence *s = &w->sequence;
    int64_t entry = (int64_t)v * ALL_LANES;
    sequence_store(s, place_at(w, o, entry), x, lanes == 3 ? 2 : lanes);
    if (lanes == 3)
        sequence_store(s, place_at(w, o, entry + 2), sequence_do_last(s, V_swap_halves, x, x, 1), 1);
}

static void store_known(short_emitter *w, known *k) {
    for (uint32_t v = 0; v < vectors(k->n) && !k->stored; v++)
        store_part(w, k->at, v, k->part[v], lanes_of(k->n, v));
    k->stored = true;
}

/* Before something else looks at these entries. */
static void store_overlapping(short_emitter *w, short_operand o, int64_t n) {
    for (uint32_t i = 0; i < w->known.count; i++)
        if (overlap(&w->known.at[i], o, n)) store_known(w, &w->known.at[i]);
}

/* Before these entries are written: what is known of them no longer holds. Of a slot of the scratch nothing
 * is left, because all values of a step have one size. */
static void forget(short_emitter *w, short_operand o, int64_t n) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < w->known.count; i++) {
        known *k = &w->known.at[i];
        bool within = o.offset <= k->at.offset && k->at.offset + k->n <= o.offset + n;
        if (!overlap(k, o, n)) w->known.at[kept++] = *k;
        else if (!within && !in_scratch(w, o)) store_known(w, k);
    }
    w->known.count = kept;
}

/* Reading and writing. */

static const instruction *number_at(const short_emitter *w, short_operand o) {
    if (in_scratch(w, o)) return NULL;
    const instruction *x = tape_at(w->run->plan->tape, ref_of(w, o));
    return x->op == OP_number ? x : NULL;
}

static known fetch(short_emitter *w, short_operand o, uint32_t n) {
    sequence *s = &w->sequence;
    for (uint32_t i = 0; i < w->known.count; i++) {
        const known *k = &w->known.at[i];
        if (k->at.base == o.base && k->at.offset == o.offset && k->n == n) return *k;
    }
    store_overlapping(w, o, n);
    known found = {.at = o, .n = n, .stored = true};
    const instruction *number = n == 1 ? number_at(w, o) : NULL;
    if (number) found.part[0] = sequence_number(s, number->number);
    else if (n == 1) found.part[0] = sequence_load(s, place_at(w, o, 0), EACH_LANE);
    else
        for (uint32_t v = 0; v < vectors(n); v++)
            found.part[v] = sequence_load(s, place_at(w, o, (int64_t)v * ALL_LANES), lanes_of(n, v));
    push(w->code->arena, &w->known, found);
    return found;
}

/* Whether the buffer is read when the program is over. */
static bool lives_on(const short_emitter *w, short_operand o) {
    return !in_scratch(w, o) && w->run->plan->values[ref_of(w, o)].last >= w->program->end;
}

static void define(short_emitter *w, known x) {
    forget(w, x.at, x.n);
    if (lives_on(w, x.at)) store_known(w, &x);
    push(w->code->arena, &w->known, x);
}

/* A cell of its own for what may be overwritten where it lies. */
static cell own(short_emitter *w, cell x) {
    sequence *s = &w->sequence;
    return s->cells.at[x].home == HOME_memory ? sequence_do(s, V_or, x, x) : x;
}

/* Operations. */

static bool is_single_input(const short_operation *c, int k) {
    return (c->code == SHORT_binary_vs && k == 1) || (c->code == SHORT_binary_sv && k == 0);
}
static uint32_t entries_of_input(const short_operation *c, int k) { return is_single_input(c, k) ? 1 : c->n; }

static void emit_map(short_emitter *w, const short_operation *c) {
    known in[3], to = {.at = c->to, .n = c->n};
    int inputs = op_inputs(c->op);
    for (int k = 0; k < inputs; k++) in[k] = fetch(w, c->in[k], entries_of_input(c, k));
    for (uint32_t v = 0; v < vectors(c->n); v++) {
        cell x[3] = {0};
        for (int k = 0; k < inputs; k++) x[k] = in[k].part[in[k].n == 1 ? 0 : v];
        to.part[v] = own(w, lower(&w->sequence, c->op, x, c->n == 1 ? ALL_LANES : lanes_of(c->n, v)));
    }
    define(w, to);
}

/* Of a single number: of a whole vector of it, on the stack, which is no more work for a kernel than a part
 * of one. */
static void emit_single_call(short_emitter *w, const short_operation *c) {
    sequence *s = &w->sequence;
    call made = {.run = c->run, .to = w->room[2], .inputs = op_inputs(c->op), .count = ALL_LANES};
    for (int k = 0; k < made.inputs; k++) {
        made.in[k] = w->room[k];
        sequence_store(s, w->room[k], fetch(w, c->in[k], 1).part[0], ALL_LANES);
    }
    sequence_call(s, made);
    define(w, (known){.at = c->to, .n = 1, .part = {own(w, sequence_load(s, w->room[2], ALL_LANES))}});
}

static void emit_call(short_emitter *w, const short_operation *c) {
    call made = {.run = c->run, .to = place_at(w, c->to, 0), .inputs = op_inputs(c->op), .count = c->n};
    for (int k = 0; k < made.inputs; k++) {
        store_overlapping(w, c->in[k], entries_of_input(c, k));
        made.in[k] = place_at(w, c->in[k], 0);
        made.single[k] = is_single_input(c, k);
    }
    forget(w, c->to, c->n);
    sequence_call(&w->sequence, made);
    fetch(w, c->to, c->n);
}

/* All lanes: lanes 0 and 2, 1 and 3, then these, as across() has them. */
static cell across(sequence *s, cell x) {
    cell halves = sequence_do(s, V_add, x, sequence_do_last(s, V_swap_halves, x, x, 1));
    return sequence_do(s, V_add, halves, sequence_do_last(s, V_swap_pairs, 0, halves, 5));
}

/* Vectors go into four partial sums by turns. That these begin with 0, which only tells -0 from 0, is left to
 * the end.
 */
static void emit_sum(short_emitter *w, const short_operation *c) {
    enum { SUMS = 4 };
    sequence *s = &w->sequence;
    known x = fetch(w, c->in[0], c->n), y = c->code == SHORT_dot ? fetch(w, c->in[1], c->n) : x;
    cell sum[SUMS] = {0};
    for (uint32_t v = 0; v < vectors(c->n); v++) {
        cell a = x.part[v], b = y.part[v], *to = &sum[v % SUMS];
        uint8_t lanes = lanes_of(c->n, v);
        if (lanes < ALL_LANES && c->n > 1) {
            a = sequence_do(s, V_and, a, sequence_mask_of(s, lanes));
            b = c->code == SHORT_dot ? sequence_do(s, V_and, b, sequence_mask_of(s, lanes)) : a;
        }
        if (c->code == SHORT_dot) *to = *to ? sequence_fused(s, a, b, *to) : sequence_do(s, V_mul, a, b);
        else *to = *to ? sequence_do(s, V_add, *to, a) : a;
    }
    for (int j = 0; j < SUMS; j += 2)
        if (sum[j + 1]) sum[j] = sequence_do(s, V_add, sum[j], sum[j + 1]);
    if (sum[2]) sum[0] = sequence_do(s, V_add, sum[0], sum[2]);
    if (c->n > 1) sum[0] = across(s, sum[0]);
    define(w, (known){.at = c->to, .n = 1, .part = {sequence_do(s, V_add, sequence_number(s, 0), sum[0])}});
}

static void emit_strided(short_emitter *w, const short_operation *c) {
    int64_t last = (int64_t)c->n - 1;
    store_overlapping(w, c->in[0], last * c->from_stride + 1);
    short_operand to = c->to;
    forget(w, to, last * c->to_stride + 1);
    for (int64_t i = 0; i <= last; i++) {
        cell x = sequence_load(&w->sequence, place_at(w, c->in[0], i * c->from_stride), 1);
        sequence_store(&w->sequence, place_at(w, to, i * c->to_stride), x, 1);
    }
}

static void emit_copy(short_emitter *w, const short_operation *c) {
    bool repeats = c->from_stride == 0 || c->n == 1;
    if ((c->to_stride != 1 && c->n > 1) || (!repeats && c->from_stride != 1)) {
        emit_strided(w, c);
        return;
    }
    known x = fetch(w, c->in[0], repeats ? 1 : c->n), to = {.at = c->to, .n = c->n};
    for (uint32_t v = 0; v < vectors(c->n); v++) to.part[v] = own(w, x.part[repeats ? 0 : v]);
    define(w, to);
}

static void emit_operation(short_emitter *w, const short_operation *c) {
    known zeros = {.at = c->to, .n = c->n};
    switch (c->code) {
    case SHORT_sum:
    case SHORT_dot: emit_sum(w, c); break;
    case SHORT_copy: emit_copy(w, c); break;
    case SHORT_zero:
        for (uint32_t v = 0; v < vectors(c->n); v++) zeros.part[v] = sequence_number(&w->sequence, 0);
        define(w, zeros);
        break;
    default:
        if (lower_takes(c->op)) emit_map(w, c);
        else if (c->n == 1 && (c->code == SHORT_unary || c->code == SHORT_binary)) emit_single_call(w, c);
        else emit_call(w, c);
    }
}

/* The function. */

static bool is_near(const short_operand *o) { return o->offset >= 0 && o->offset < OFFSET_MOST; }

/* Strides go forward. */
static bool is_taken(const short_operation *c) {
    if (c->code == SHORT_copy &&
        (c->from_stride < 0 || c->to_stride < 0 || c->from_stride > OFFSET_MOST / SHORT_MOST ||
         c->to_stride > OFFSET_MOST / SHORT_MOST))
        return false;
    return is_near(&c->to) && is_near(&c->in[0]) && is_near(&c->in[1]) && is_near(&c->in[2]);
}

static bool write_lines(short_emitter *w) {
    const short_program *p = w->program;
    for (uint32_t i = 0; i < p->code.count; i++) {
        if (!is_taken(&p->code.at[i]) || w->sequence.lines.count > LINES_MOST) return false;
        emit_operation(w, &p->code.at[i]);
    }
    return true;
}

static bool put_program(assembly *c, const execution *e, const short_program *p) {
    short_emitter w = {.code = c, .run = e, .program = p};
    sequence_open(&w.sequence, c, BUFFERS);
    place stack = sequence_slot(&w.sequence);
    for (int k = 0; k < 3; k++) w.room[k] = sequence_slot(&w.sequence);
    sequence_begin(&w.sequence, 0);
    if (!write_lines(&w)) return false;
    uint32_t frame = put_frame(c, (const general[]){BUFFERS, SCRATCH}, 2, stack);
    put_copy(c, BUFFERS, RDI);
    put_copy(c, SCRATCH, RSI);
    sequence_put(&w.sequence);
    put_frame_end(c, (const general[]){BUFFERS, SCRATCH}, 2, stack, frame, w.sequence.slots);
    sequence_put_detours(&w.sequence);
    return true;
}

void emit_shorts(const execution *e, short_program **programs, arena *a) {
    const plan *p = e->plan;
    if (!emit_is_wanted(p)) return;
    assembly c;
    assembly_open(&c, a);
    uint32_t *begins = arena_array(a, uint32_t, p->steps.count);
    bool *written = arena_array(a, bool, p->steps.count), any = false;
    for (uint32_t k = p->fixed_steps; k < p->steps.count; k++) {
        if (!programs[k]) continue;
        begins[k] = assembly_here(&c);
        written[k] = put_program(&c, e, programs[k]);
        any |= written[k];
    }
    const uint8_t *code = any ? assembly_map(&c) : NULL;
    for (uint32_t k = p->fixed_steps; k < p->steps.count && code; k++)
        if (written[k]) programs[k]->run = (short_code_run *)(code + begins[k]);
}
