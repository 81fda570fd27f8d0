#include "autodiff/emit/strand.h"

#include <assert.h>
#include "autodiff/emit/sequence.h"

/* Registers of a strand's function: the arguments, the bytes that were passed, the entries that are left of a
 * part, and the first addresses of the table. */
static const general TABLE = RDI, PARTS = RSI, LEFT = RDX, PASSED = RCX, ENTRIES = R8;
static const general ADDRESSES[] = {R9, R10, R11, RBX, RBP, R12, R13, R14, R15};
enum { ADDRESS_COUNT = 9, SCRATCH_ADDRESSES = 3, ABREAST = 4, LANE_COUNT = 4, LEAST_FREE = 4 };
static const int32_t ELEMENT = sizeof(double), VECTOR = LANE_COUNT * sizeof(double);

typedef struct strand_sum {
    const item *of;
    uint32_t stream;
    cell part[ABREAST]; /* the vectors of partial sums */
    place total;        /* of the vectors, while the rest is added up */
} strand_sum;

typedef struct strand_writer {
    assembly *code;
    const plan *plan;
    const item *items;
    uint32_t count;
    int number;
    strand *strand;
    sequence sequence;
    uint32_t addresses; /* streams of entries, which come first */
    cell *value, *mask; /* by item, in the copy that is written */
    cell *loaded;       /* by stream, likewise */
    cell numbers[STREAMS_MOST];
    vector(strand_sum) sums;
} strand_writer;

/* What is taken. */

static bool takes_op(op f) {
    switch (f) {
    case OP_neg:
    case OP_abs:
    case OP_sign:
    case OP_floor:
    case OP_round:
    case OP_sqrt:
    case OP_not:
    case OP_stop:
    case OP_add:
    case OP_sub:
    case OP_mul:
    case OP_div:
    case OP_minimum:
    case OP_maximum:
    case OP_lt:
    case OP_le:
    case OP_eq:
    case OP_ne:
    case OP_and:
    case OP_or:
    case OP_select: return true;
    default: return false;
    }
}

static bool is_sum(const micro *m) { return m->kind == MICRO_sum || m->kind == MICRO_dot; }

bool strand_takes(const micro *m) {
    switch (m->kind) {
    case MICRO_unary:
    case MICRO_binary:
    case MICRO_binary_vs:
    case MICRO_binary_sv:
    case MICRO_select: return takes_op(m->op);
    case MICRO_sum:
    case MICRO_dot: return m->walk->rank == 1 && m->walk->stride[0][0] == 0;
    default: return false;
    }
}

/* Streams. */

static bool same_operand(operand x, operand y) {
    return x.kind == y.kind && x.at == y.at && x.offset == y.offset && x.layer == y.layer;
}

static bool find_stream(strand_writer *w, stream_kind kind, operand at, uint32_t *found) {
    strand *s = w->strand;
    for (*found = 0; *found < s->count; ++*found)
        if (s->streams[*found].kind == kind && same_operand(s->streams[*found].at, at)) return true;
    if (s->count == STREAMS_MOST) return false;
    s->streams[s->count++] = (stream){kind, at};
    return true;
}

static int operands_of(const micro *m) {
    return m->kind == MICRO_sum ? 1 : m->kind == MICRO_dot ? 2 : op_inputs(m->op);
}

static bool is_own(const strand_writer *w, const item *x) { return x->strand == w->number; }
static bool is_inside(const strand_writer *w, const item *x, int k) {
    return x->from[k] != FROM_OUTSIDE && is_own(w, &w->items[x->from[k]]);
}

static const instruction *number_of(const strand_writer *w, operand o) {
    const instruction *x = tape_at(w->plan->tape, o.at);
    return o.kind == SOURCE_scalar && x->op == OP_number ? x : NULL;
}

static bool find_streams_of(strand_writer *w, const item *x, stream_kind kind) {
    uint32_t at;
    const micro *m = &x->micro;
    for (int k = 0; k < operands_of(m); k++) {
        if (is_inside(w, x, k) || number_of(w, m->in[k])) continue;
        stream_kind of = m->in[k].kind == SOURCE_scalar ? STREAM_number : STREAM_entries;
        if (of == kind && !find_stream(w, kind, m->in[k], &at)) return false;
    }
    if (kind == STREAM_entries && x->written) return find_stream(w, kind, m->to, &at);
    if (kind != STREAM_sum || !is_sum(m)) return true;
    operand to = m->to;
    to.offset = m->walk->offset[0];
    if (!find_stream(w, kind, to, &at)) return false;
    push(w->code->arena, &w->sums, (strand_sum){.of = x, .stream = at});
    return true;
}

static bool find_streams(strand_writer *w) {
    for (stream_kind kind = STREAM_entries; kind <= STREAM_sum; kind++) {
        for (uint32_t i = 0; i < w->count; i++)
            if (is_own(w, &w->items[i]) && !find_streams_of(w, &w->items[i], kind)) return false;
        if (kind == STREAM_entries) w->addresses = w->strand->count;
    }
    return true;
}

/* The entry of the table that the loop is at. */
static place entry_of(const strand_writer *w, uint32_t stream, int32_t offset) {
    if (stream >= ADDRESS_COUNT) return in_table(stream, PASSED, offset);
    return (place){ADDRESSES[stream], PASSED, offset};
}

/* Lines of one copy: four entries, or one, `offset` bytes behind those that were passed. */

static cell bits(strand_writer *w, uint64_t x) {
    for (cell c = 1; c < w->sequence.kept; c++) {
        const cell_state *s = &w->sequence.cells.at[c];
        if (s->home == HOME_constant && w->code->constants.at[s->at.offset] == x) return c;
    }
    assert(!"constants are kept before anything is written");
    return 0;
}

static uint64_t bits_of(double x) {
    uint64_t y;
    memcpy(&y, &x, sizeof y);
    return y;
}

static const uint64_t SIGN = UINT64_C(1) << 63;
static const double BELOW_HALF = 0x1.fffffffffffffp-2;

static cell number(strand_writer *w, double x) { return bits(w, bits_of(x)); }

/* What strands compute with, besides the numbers of the tape. */
static void keep_constants(strand_writer *w) {
    const uint64_t all[] = {0, bits_of(1), bits_of(-1), SIGN, ~SIGN, bits_of(BELOW_HALF)};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) sequence_keep_constant(&w->sequence, all[i]);
    for (uint32_t i = 0; i < w->count; i++)
        for (int k = 0; k < operands_of(&w->items[i].micro) && is_own(w, &w->items[i]); k++) {
            const instruction *x = number_of(w, w->items[i].micro.in[k]);
            if (x && !is_inside(w, &w->items[i], k)) sequence_keep_constant(&w->sequence, bits_of(x->number));
        }
}

static cell operand_cell(strand_writer *w, const item *x, int k, int32_t offset) {
    operand o = x->micro.in[k];
    if (is_inside(w, x, k)) return w->value[x->from[k]];
    if (number_of(w, o)) return number(w, number_of(w, o)->number);
    uint32_t at;
    bool found = find_stream(w, o.kind == SOURCE_scalar ? STREAM_number : STREAM_entries, o, &at);
    assert(found);
    if (o.kind == SOURCE_scalar) return w->numbers[at];
    if (!w->loaded[at]) w->loaded[at] = sequence_load(&w->sequence, entry_of(w, at, offset));
    return w->loaded[at];
}

/* Predicates of comparisons; none signals. */
enum { EQUAL = 0, UNORDERED = 3, NOT_EQUAL = 4, LESS = 0x11, NOT_ABOVE = 0x12, GREATER = 0x1e };
enum { DOWN = 9, TOWARDS_ZERO = 11 };

static cell rounded(sequence *s, cell x, uint8_t how) {
    return sequence_do_last(s, s->of == OF_DOUBLES ? V_round_double : V_round_one_double, 0, x, how);
}

static cell is_true(strand_writer *w, cell x) {
    return sequence_do_last(&w->sequence, V_compare, x, bits(w, 0), NOT_EQUAL);
}

/* Of a comparison: all ones where it holds; 0 for other ops. */
static cell mask_of(strand_writer *w, op f, cell x, cell y) {
    sequence *s = &w->sequence;
    switch (f) {
    case OP_lt: return sequence_do_last(s, V_compare, x, y, LESS);
    case OP_le: return sequence_do_last(s, V_compare, x, y, NOT_ABOVE);
    case OP_eq: return sequence_do_last(s, V_compare, x, y, EQUAL);
    case OP_ne: return sequence_do_last(s, V_compare, x, y, NOT_EQUAL);
    case OP_not: return sequence_do_last(s, V_compare, x, bits(w, 0), EQUAL);
    case OP_and: return sequence_do(s, V_and, is_true(w, x), is_true(w, y));
    case OP_or: return sequence_do(s, V_or, is_true(w, x), is_true(w, y));
    default: return 0;
    }
}

/* The first where it is no number. */
static cell extreme(sequence *s, vector_instruction f, cell x, cell y) {
    cell none = sequence_do_last(s, V_compare, x, x, UNORDERED);
    return sequence_blend(s, sequence_do(s, f, x, y), x, none);
}

static cell sign_of(strand_writer *w, cell x) {
    sequence *s = &w->sequence;
    cell below = sequence_do_last(s, V_compare, x, bits(w, 0), LESS);
    cell above = sequence_do_last(s, V_compare, x, bits(w, 0), GREATER);
    return sequence_blend(s, sequence_blend(s, x, number(w, -1), below), number(w, 1), above);
}

/* To the nearest, halves away from zero. */
static cell nearest(strand_writer *w, cell x) {
    sequence *s = &w->sequence;
    cell half = sequence_do(s, V_or, sequence_do(s, V_and, x, bits(w, SIGN)), number(w, BELOW_HALF));
    return rounded(s, sequence_do(s, V_add, x, half), TOWARDS_ZERO);
}

static cell map_cell(strand_writer *w, op f, const cell in[3]) {
    sequence *s = &w->sequence;
    switch (f) {
    case OP_neg: return sequence_do(s, V_xor, in[0], bits(w, SIGN));
    case OP_abs: return sequence_do(s, V_and, in[0], bits(w, ~SIGN));
    case OP_sign: return sign_of(w, in[0]);
    case OP_floor: return rounded(s, in[0], DOWN);
    case OP_round: return nearest(w, in[0]);
    case OP_sqrt: return sequence_do(s, V_sqrt, 0, in[0]);
    case OP_stop: return in[0];
    case OP_add: return sequence_do(s, V_add, in[0], in[1]);
    case OP_sub: return sequence_do(s, V_sub, in[0], in[1]);
    case OP_mul: return sequence_do(s, V_mul, in[0], in[1]);
    case OP_div: return sequence_do(s, V_div, in[0], in[1]);
    case OP_minimum: return extreme(s, V_min, in[0], in[1]);
    case OP_maximum: return extreme(s, V_max, in[0], in[1]);
    default: assert(!"strand_takes() has the others"); return 0;
    }
}

static strand_sum *sum_of(strand_writer *w, const item *x) {
    uint32_t i = 0;
    while (w->sums.at[i].of != x) i++;
    return &w->sums.at[i];
}

static void write_item(strand_writer *w, uint32_t i, int32_t offset, int turn) {
    const item *x = &w->items[i];
    const micro *m = &x->micro;
    sequence *s = &w->sequence;
    cell in[3] = {0};
    for (int k = 0; k < operands_of(m); k++) in[k] = operand_cell(w, x, k, offset);
    if (is_sum(m)) {
        cell term = m->kind == MICRO_dot ? sequence_do(s, V_mul, in[0], in[1]) : in[0];
        sequence_add(s, sum_of(w, x)->part[turn], term);
        return;
    }
    if (m->op == OP_select) {
        cell mask = is_inside(w, x, 0) ? w->mask[x->from[0]] : 0;
        w->value[i] = sequence_blend(s, in[2], in[1], mask ? mask : is_true(w, in[0]));
    } else if ((w->mask[i] = mask_of(w, m->op, in[0], in[1])))
        w->value[i] = sequence_do(s, V_and, w->mask[i], number(w, 1));
    else w->value[i] = map_cell(w, m->op, in);
    uint32_t to;
    if (x->written && find_stream(w, STREAM_entries, m->to, &to))
        sequence_store(s, entry_of(w, to, offset), w->value[i]);
}

static void write_copy(strand_writer *w, int32_t offset, int turn) {
    memset(w->loaded, 0, STREAMS_MOST * sizeof *w->loaded);
    for (uint32_t i = 0; i < w->count; i++)
        if (is_own(w, &w->items[i])) write_item(w, i, offset, turn);
}

static void put_copies(strand_writer *w, lane_form of, int copies) {
    sequence_begin(&w->sequence, of);
    for (int j = 0; j < copies; j++) write_copy(w, j * VECTOR, j);
    sequence_put(&w->sequence);
}

/* Which sums and numbers have a register of their own: as many as leave enough for a copy, sums first,
 * because they are read and written. */
static void keep_cells(strand_writer *w) {
    sequence *s = &w->sequence;
    sequence_open(s, w->code, TABLE);
    keep_constants(w);
    for (uint32_t k = 0; k < w->strand->count; k++)
        if (w->strand->streams[k].kind == STREAM_number) w->numbers[k] = sequence_keep_slot(s);
    for (uint32_t i = 0; i < w->sums.count; i++)
        for (int j = 0; j < ABREAST; j++) w->sums.at[i].part[j] = sequence_keep_slot(s);
    sequence_begin(s, OF_DOUBLES);
    write_copy(w, 0, 0);
    uint32_t wanted = sequence_pressure(s) + 1;
    int next = VECTOR_REGISTERS, last = (int)(wanted < LEAST_FREE ? LEAST_FREE : wanted);
    sequence_open(s, w->code, TABLE);
    sequence_slot(s); /* where the stack was, see put_frame() */
    keep_constants(w);
    for (uint32_t i = 0; i < w->sums.count; i++)
        for (int j = 0; j < ABREAST; j++)
            w->sums.at[i].part[j] = next > last ? sequence_keep_pinned(s, --next) : sequence_keep_slot(s);
    for (uint32_t k = 0; k < w->strand->count; k++)
        if (w->strand->streams[k].kind == STREAM_number)
            w->numbers[k] = next > last ? sequence_keep_pinned(s, --next) : sequence_keep_slot(s);
    for (uint32_t i = 0; i < w->sums.count; i++) w->sums.at[i].total = sequence_slot(s);
    w->strand->kept = (uint32_t)(VECTOR_REGISTERS - next);
}

/* The function. */

static const place STACK_BEFORE = {RSP, NO_REGISTER, 0};

static uint32_t saved_addresses(const strand_writer *w) {
    return w->addresses < ADDRESS_COUNT ? w->addresses : ADDRESS_COUNT;
}

/* Slots lie on lines of their own; how many there are is known in the end: returns where that stands. */
static uint32_t put_frame(strand_writer *w) {
    assembly *c = w->code;
    for (uint32_t k = SCRATCH_ADDRESSES; k < saved_addresses(w); k++) put_push(c, ADDRESSES[k]);
    put_copy(c, RAX, RSP);
    uint32_t size = put_subtract_number(c, RSP, 0);
    put_and_number(c, RSP, -SLOT_BYTES);
    put_store(c, STACK_BEFORE, RAX);
    return size;
}

static void put_end(strand_writer *w, uint32_t frame) {
    assembly *c = w->code;
    assembly_patch(c, frame, (int32_t)(w->sequence.slots * SLOT_BYTES));
    put_load(c, RSP, STACK_BEFORE);
    for (uint32_t k = saved_addresses(w); k-- > SCRATCH_ADDRESSES;) put_pop(c, ADDRESSES[k]);
    put_vectors_end(c);
    put_return(c);
}

static place table_entry(uint32_t k) { return (place){TABLE, NO_REGISTER, (int32_t)(k * sizeof(void *))}; }

static bool is_pinned(const strand_writer *w, cell c) { return w->sequence.cells.at[c].held >= 0; }
static int held(const strand_writer *w, cell c) { return w->sequence.cells.at[c].held; }
static place slot(const strand_writer *w, cell c) { return w->sequence.cells.at[c].at; }

/* Registers 0 and 1 are pinned by nobody. */
static void put_numbers(strand_writer *w) {
    assembly *c = w->code;
    for (uint32_t k = 0; k < saved_addresses(w); k++) put_load(c, ADDRESSES[k], table_entry(k));
    for (uint32_t k = w->addresses; k < w->strand->count; k++) {
        if (w->strand->streams[k].kind != STREAM_number) continue;
        cell x = w->numbers[k];
        int to = is_pinned(w, x) ? held(w, x) : 0;
        put_load(c, RAX, table_entry(k));
        put_vector_at(c, V_broadcast_double, OF_DOUBLES, to, 0, (place){RAX, NO_REGISTER, 0});
        if (!is_pinned(w, x)) put_vector_at(c, V_store, OF_DOUBLES, to, 0, slot(w, x));
    }
    put_number(c, PASSED, 0);
}

static void put_zero(strand_writer *w, cell sum) {
    int to = is_pinned(w, sum) ? held(w, sum) : 0;
    put_vector(w->code, V_xor, OF_DOUBLES, to, to, to);
    if (!is_pinned(w, sum)) put_vector_at(w->code, V_store, OF_DOUBLES, to, 0, slot(w, sum));
}

/* Register `to` = x + y, of cells that are kept. */
static void put_sum_of(strand_writer *w, int to, cell x, cell y) {
    int first = is_pinned(w, x) ? held(w, x) : to;
    if (!is_pinned(w, x)) put_vector_at(w->code, V_load, OF_DOUBLES, to, 0, slot(w, x));
    if (is_pinned(w, y)) put_vector(w->code, V_add, OF_DOUBLES, to, first, held(w, y));
    else put_vector_at(w->code, V_add, OF_DOUBLES, to, first, slot(w, y));
}

/* The sum of the vectors: (0 + 1) + (2 + 3), then of the lanes: (0 + 2) + (1 + 3). */
static void put_total(strand_writer *w, const strand_sum *s) {
    assembly *c = w->code;
    put_sum_of(w, 0, s->part[0], s->part[1]);
    put_sum_of(w, 1, s->part[2], s->part[3]);
    put_vector(c, V_add, OF_DOUBLES, 0, 0, 1);
    put_vector_last(c, V_extract_half, OF_DOUBLES, 0, 0, 1, 1);
    put_vector(c, V_add, OF_DOUBLES, 0, 0, 1);
    put_vector(c, V_unpack_high, OF_DOUBLES, 1, 0, 0);
    put_vector(c, V_add, OF_ONE_DOUBLE, 0, 0, 1);
    put_vector_at(c, V_store, OF_ONE_DOUBLE, 0, 0, s->total);
    put_zero(w, s->part[0]);
}

static void put_rest(strand_writer *w, const strand_sum *s) {
    assembly *c = w->code;
    put_vector_at(c, V_load, OF_ONE_DOUBLE, 0, 0, s->total);
    if (is_pinned(w, s->part[0])) put_vector(c, V_add, OF_ONE_DOUBLE, 0, 0, held(w, s->part[0]));
    else put_vector_at(c, V_add, OF_ONE_DOUBLE, 0, 0, slot(w, s->part[0]));
    put_load(c, RAX, table_entry(s->stream));
    place to = {RAX, NO_REGISTER, 0};
    put_vector_at(c, V_load, OF_ONE_DOUBLE, 1, 0, to);
    put_vector(c, V_add, OF_ONE_DOUBLE, 1, 1, 0);
    put_vector_at(c, V_store, OF_ONE_DOUBLE, 1, 0, to);
}

/* While there are `abreast` entries left. */
static void put_loop(strand_writer *w, lane_form of, int copies) {
    assembly *c = w->code;
    int32_t entries = copies * (of == OF_DOUBLES ? LANE_COUNT : 1);
    put_subtract_number(c, ENTRIES, entries);
    uint32_t over = put_jump_if(c, IF_BELOW), again = assembly_here(c);
    put_copies(w, of, copies);
    put_add_number(c, PASSED, entries * ELEMENT);
    put_subtract_number(c, ENTRIES, entries);
    put_jump_back_if(c, IF_NOT_BELOW, again);
    put_landing(c, over);
    put_add_number(c, ENTRIES, entries);
}

static void put_part(strand_writer *w) {
    put_load(w->code, ENTRIES, (place){PARTS, NO_REGISTER, 0});
    for (uint32_t i = 0; i < w->sums.count; i++)
        for (int j = 0; j < ABREAST; j++) put_zero(w, w->sums.at[i].part[j]);
    put_loop(w, OF_DOUBLES, ABREAST);
    put_loop(w, OF_DOUBLES, 1);
    for (uint32_t i = 0; i < w->sums.count; i++) put_total(w, &w->sums.at[i]);
    put_loop(w, OF_ONE_DOUBLE, 1);
    for (uint32_t i = 0; i < w->sums.count; i++) put_rest(w, &w->sums.at[i]);
}

static void put_function(strand_writer *w) {
    assembly *c = w->code;
    uint32_t frame = put_frame(w);
    put_numbers(w);
    uint32_t again = assembly_here(c);
    put_part(w);
    put_add_number(c, PARTS, sizeof(uint64_t));
    put_subtract_number(c, LEFT, 1);
    put_jump_back_if(c, IF_NOT_ZERO, again);
    put_end(w, frame);
}

static void list_ops(strand_writer *w) {
    op *ops = arena_array(w->code->arena, op, w->count);
    for (uint32_t i = 0; i < w->count; i++)
        if (is_own(w, &w->items[i])) ops[w->strand->operations++] = w->items[i].micro.op;
    w->strand->ops = ops;
}

bool strand_write(assembly *c, const plan *p, const item *items, uint32_t count, int number, strand *to) {
    strand_writer w = {.code = c, .plan = p, .items = items, .count = count, .number = number, .strand = to};
    *to = (strand){.begins = assembly_here(c)};
    if (!find_streams(&w)) return false;
    w.value = arena_array(c->arena, cell, count);
    w.mask = arena_array(c->arena, cell, count);
    w.loaded = arena_array(c->arena, cell, STREAMS_MOST);
    keep_cells(&w);
    put_function(&w);
    list_ops(&w);
    to->ends = assembly_here(c);
    return true;
}
