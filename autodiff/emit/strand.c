#include "autodiff/emit/strand.h"

#include <assert.h>
#include "autodiff/emit/lower.h"

/* Registers of a strand's function: the arguments, of which the last counts the bytes that were passed; the
 * bytes that are left of a piece; where the masks of the rest are; the first addresses of the table. */
static const general TABLE = RDI, PIECES = RSI, COUNT = RDX, PASSED = RCX, LEFT = R8, MASKS_AT = R11;
static const general ADDRESSES[] = {R9, R10, RBX, RBP, R12, R13, R14, R15};
enum { ADDRESS_COUNT = 8, SCRATCH_ADDRESSES = 2, ABREAST = 4, LEAST_FREE = 4 };
static const int32_t VECTOR = ALL_LANES * sizeof(double);

typedef struct strand_sum {
    const item *of;
    uint32_t stream;
    cell part[ABREAST]; /* the vectors of partial sums */
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
    cell *value;        /* by item, in the copy that is written */
    cell *loaded;       /* by stream, likewise */
    cell numbers[STREAMS_MOST];
    cell masks[ABREAST]; /* of the rest */
    place stack;         /* where the caller's is kept */
    vector(strand_sum) sums;
} strand_writer;

/* What is taken. */

static bool is_sum(const micro *m) {
    return m->kind == MICRO_sum || m->kind == MICRO_dot || m->kind == MICRO_scatter;
}

static bool is_single(const walk *w) { return w->rank == 1 && w->stride[0][0] == 0; }

/* Whether the runs of the walk end with pieces, so that it is in one run within a piece. */
static bool fits(const walk *w, const pieces *q) { return q->length && walk_run(w) % q->length == 0; }

/* Whether the index is at one place within a piece. */
static bool is_at_one_place(const micro *m, const pieces *q) {
    if (!m->index || !m->in_range) return false;
    if (walk_step(m->walk, 1) == 0) return true;
    for (int d = 0; d < m->walk->rank - 1; d++)
        if (m->walk->stride[d][1]) return false;
    return q->by && m->in[1].at == q->by && m->walk->offset[1] == 0 && walk_step(m->walk, 1) == 1 &&
           walk_run(m->walk) == q->length;
}

/* The scatter of a run into one place is a sum, by runs of a sorted index as run_table() does it; into a row,
 * one by one. */
static bool takes_scatter(const micro *m, const pieces *q) {
    bool into_row = walk_step(m->walk, 1) == 0, one = walk_step(m->walk, 0) == 0;
    return fits(m->walk, q) && is_at_one_place(m, q) &&
           (into_row ? walk_step(m->walk, 0) == 1 : one && m->ends);
}

bool strand_takes(const micro *m, const pieces *q) {
    switch (m->kind) {
    case MICRO_unary:
    case MICRO_binary:
    case MICRO_binary_vs:
    case MICRO_binary_sv:
    case MICRO_select: return lower_takes(m->op);
    case MICRO_sum:
    case MICRO_dot:
        return is_single(m->walk) ||
               (fits(m->walk, q) && (walk_step(m->walk, 0) == 0 || walk_step(m->walk, 0) == 1));
    case MICRO_scatter: return takes_scatter(m, q);
    default: return false;
    }
}

bool strand_reads(const micro *m, const pieces *q) {
    if (m->to.kind != SOURCE_scratch) return false;
    if (m->kind == MICRO_load && is_single(m->walk)) return true;
    if ((m->kind != MICRO_load && m->kind != MICRO_gather) || !fits(m->walk, q)) return false;
    if (walk_step(m->walk, 0) != 0 && walk_step(m->walk, 0) != 1) return false;
    return m->kind == MICRO_load ||
           (is_at_one_place(m, q) && (walk_step(m->walk, 1) == 0 || walk_step(m->walk, 0) == 0));
}

/* Streams. */

static bool same_operand(operand x, operand y) {
    return x.kind == y.kind && x.at == y.at && x.offset == y.offset && x.layer == y.layer;
}

static bool same_stream(const stream *x, const stream *y) {
    return x->kind == y->kind && same_operand(x->at, y->at) && x->walk == y->walk && x->index == y->index;
}

static bool find_stream(strand_writer *w, stream x, uint32_t *found) {
    strand *s = w->strand;
    for (*found = 0; *found < s->count; ++*found)
        if (same_stream(&s->streams[*found], &x)) return true;
    if (s->count == STREAMS_MOST || (x.by_piece && s->by_piece == PIECE_STREAMS_MOST)) return false;
    if (x.by_piece) s->changing[s->by_piece++] = s->count;
    s->streams[s->count++] = x;
    return true;
}

static int operands_of(const micro *m) {
    return m->kind == MICRO_sum || m->kind == MICRO_scatter ? 1 : m->kind == MICRO_dot ? 2 : op_inputs(m->op);
}

static bool is_own(const strand_writer *w, const item *x) { return x->strand == w->number; }
static bool is_inside(const strand_writer *w, const item *x, int k) {
    return x->from[k] != FROM_OUTSIDE && is_own(w, &w->items[x->from[k]]);
}

/* What a load or a gather finds. */
static stream found_stream(const micro *m) {
    if (is_single(m->walk) && m->kind == MICRO_load)
        return (stream){.kind = STREAM_number, .at = {SOURCE_scalar, m->in[0].at, m->walk->offset[0], 0}};
    return (stream){.kind = walk_step(m->walk, 0) ? STREAM_entries : STREAM_number,
                    .by_piece = true,
                    .at = m->in[0],
                    .walk = m->walk,
                    .index = m->kind == MICRO_gather ? m->index : NULL,
                    .by_run = m->kind == MICRO_gather && walk_step(m->walk, 1) == 1,
                    .pitch = m->pitch};
}

static stream operand_stream(const strand_writer *w, const item *x, int k) {
    if (x->from[k] != FROM_OUTSIDE && w->items[x->from[k]].read_in_place)
        return found_stream(&w->items[x->from[k]].micro);
    operand at = x->micro.in[k];
    return (stream){.kind = at.kind == SOURCE_scalar ? STREAM_number : STREAM_entries, .at = at};
}

/* Where a sum goes. */
static stream sum_stream(const item *x) {
    const micro *m = &x->micro;
    stream s = {.kind = STREAM_sum, .of_sum = true, .at = m->to};
    if (m->kind != MICRO_scatter && is_single(m->walk)) {
        s.at.offset = m->walk->offset[0];
        return s;
    }
    s.kind = walk_step(m->walk, 0) ? STREAM_entries : STREAM_sum;
    s.by_piece = true;
    s.walk = m->walk;
    s.index = m->kind == MICRO_scatter ? m->index : NULL;
    s.by_run = s.index && walk_step(m->walk, 1) == 1;
    s.pitch = m->pitch;
    return s;
}

/* The number of the tape that a stream is; NULL for others. */
static const instruction *number_of(const strand_writer *w, const stream *s) {
    const instruction *x = tape_at(w->plan->tape, s->at.at);
    return s->kind == STREAM_number && !s->by_piece && x->op == OP_number ? x : NULL;
}

/* Entries by piece come first, other entries next: these have addresses in registers. */
static int order_of(const stream *s) {
    return s->kind == STREAM_entries ? !s->by_piece : s->kind == STREAM_number ? 2 : 3;
}

static bool add_stream(strand_writer *w, int order, stream s) {
    uint32_t at;
    return order_of(&s) != order || number_of(w, &s) || find_stream(w, s, &at);
}

static bool find_streams_of(strand_writer *w, const item *x, int order) {
    const micro *m = &x->micro;
    for (int k = 0; k < operands_of(m); k++)
        if (!is_inside(w, x, k) && !add_stream(w, order, operand_stream(w, x, k))) return false;
    if (is_sum(m)) return add_stream(w, order, sum_stream(x));
    return !x->written || add_stream(w, order, (stream){.kind = STREAM_entries, .at = m->to});
}

static bool find_streams(strand_writer *w) {
    for (int order = 0; order < 4; order++) {
        for (uint32_t i = 0; i < w->count; i++)
            if (is_own(w, &w->items[i]) && !find_streams_of(w, &w->items[i], order)) return false;
        if (order == 0 && w->strand->count > ADDRESS_COUNT) return false;
        if (order == 1) w->addresses = w->strand->count;
    }
    for (uint32_t i = 0; i < w->count; i++) {
        if (!is_own(w, &w->items[i]) || !is_sum(&w->items[i].micro)) continue;
        stream s = sum_stream(&w->items[i]);
        strand_sum sum = {.of = &w->items[i]};
        if (s.kind == STREAM_sum && find_stream(w, s, &sum.stream)) push(w->code->arena, &w->sums, sum);
    }
    return true;
}

/* The entry of the table that the loop is at. */
static place entry_of(const strand_writer *w, uint32_t stream, int32_t offset) {
    if (stream >= ADDRESS_COUNT) return in_table(stream, PASSED, offset);
    return (place){ADDRESSES[stream], PASSED, offset};
}

/* Lines of one copy: four entries, `offset` bytes behind those that were passed. */

static uint32_t stream_number(strand_writer *w, stream s) {
    uint32_t at;
    bool found = find_stream(w, s, &at);
    assert(found);
    return at;
}

static cell operand_cell(strand_writer *w, const item *x, int k, int32_t offset) {
    if (is_inside(w, x, k)) return w->value[x->from[k]];
    stream s = operand_stream(w, x, k);
    if (number_of(w, &s)) return sequence_number(&w->sequence, number_of(w, &s)->number);
    uint32_t at = stream_number(w, s);
    if (s.kind == STREAM_number) return w->numbers[at];
    if (!w->loaded[at]) w->loaded[at] = sequence_load(&w->sequence, entry_of(w, at, offset), ALL_LANES);
    return w->loaded[at];
}

static void write_sum(strand_writer *w, const item *x, const cell in[3], int32_t offset, int turn) {
    sequence *s = &w->sequence;
    stream to = sum_stream(x);
    bool product = x->micro.kind == MICRO_dot;
    if (to.kind == STREAM_sum) {
        uint32_t i = 0;
        while (w->sums.at[i].of != x) i++;
        cell sum = w->sums.at[i].part[turn];
        if (product) sequence_add_product(s, sum, in[0], in[1]);
        else sequence_add(s, sum, in[0]);
        return;
    }
    place at = entry_of(w, stream_number(w, to), offset);
    cell before = sequence_load(s, at, ALL_LANES);
    cell after = product ? sequence_fused(s, in[0], in[1], before) : sequence_do(s, V_add, before, in[0]);
    sequence_store(s, at, after, ALL_LANES);
}

static void write_item(strand_writer *w, uint32_t i, int32_t offset, int turn) {
    const item *x = &w->items[i];
    const micro *m = &x->micro;
    sequence *s = &w->sequence;
    cell in[3] = {0};
    for (int k = 0; k < operands_of(m); k++) in[k] = operand_cell(w, x, k, offset);
    if (is_sum(m)) {
        write_sum(w, x, in, offset, turn);
        return;
    }
    w->value[i] = lower(s, m->op, in, ALL_LANES);
    if (!x->written) return;
    uint32_t to = stream_number(w, (stream){.kind = STREAM_entries, .at = m->to});
    sequence_store(s, entry_of(w, to, offset), w->value[i], ALL_LANES);
}

static void write_copy(strand_writer *w, int32_t offset, int turn) {
    memset(w->loaded, 0, STREAMS_MOST * sizeof *w->loaded);
    for (uint32_t i = 0; i < w->count; i++)
        if (is_own(w, &w->items[i])) write_item(w, i, offset, turn);
}

/* Copies from … to - 1 of a group, which have their own partial sums. */
static void put_copies(strand_writer *w, int from, int to) {
    sequence_begin(&w->sequence, 0);
    for (int j = from; j < to; j++) write_copy(w, j * VECTOR, j);
    sequence_put(&w->sequence);
}

static void put_masked_copy(strand_writer *w, int j) {
    sequence_begin(&w->sequence, w->masks[j]);
    write_copy(w, j * VECTOR, j);
    sequence_put(&w->sequence);
}

/* Which sums and numbers have a register of their own: as many as leave enough for a copy, sums first,
 * because they are read and written. */
static void keep_cells(strand_writer *w) {
    sequence *s = &w->sequence;
    sequence_open(s, w->code, TABLE);
    for (uint32_t k = 0; k < w->strand->count; k++)
        if (w->strand->streams[k].kind == STREAM_number) w->numbers[k] = sequence_keep_slot(s);
    for (uint32_t i = 0; i < w->sums.count; i++)
        for (int j = 0; j < ABREAST; j++) w->sums.at[i].part[j] = sequence_keep_slot(s);
    sequence_begin(s, 0);
    write_copy(w, 0, 0);
    uint32_t wanted = sequence_pressure(s) + 1;
    int next = VECTOR_REGISTERS, last = (int)(wanted < LEAST_FREE ? LEAST_FREE : wanted);
    sequence_open(s, w->code, TABLE);
    w->stack = sequence_slot(s);
    for (uint32_t i = 0; i < w->sums.count; i++)
        for (int j = 0; j < ABREAST; j++)
            w->sums.at[i].part[j] = next > last ? sequence_keep_pinned(s, --next) : sequence_keep_slot(s);
    for (uint32_t k = 0; k < w->strand->count; k++)
        if (w->strand->streams[k].kind == STREAM_number)
            w->numbers[k] = next > last ? sequence_keep_pinned(s, --next) : sequence_keep_slot(s);
    for (int j = 0; j < ABREAST; j++)
        w->masks[j] = sequence_keep_at(s, (place){MASKS_AT, NO_REGISTER, j * VECTOR});
    w->strand->kept = (uint32_t)(VECTOR_REGISTERS - next);
}

/* The function. */

static place table_entry(uint32_t k) { return (place){TABLE, NO_REGISTER, (int32_t)(k * sizeof(void *))}; }

static bool is_pinned(const strand_writer *w, cell c) { return w->sequence.cells.at[c].held >= 0; }
static int held(const strand_writer *w, cell c) { return w->sequence.cells.at[c].held; }
static place slot(const strand_writer *w, cell c) { return w->sequence.cells.at[c].at; }

/* Where the address of a stream stands: in the table, or among what changes with the piece. */
static place address_of(const strand_writer *w, uint32_t stream) {
    const struct strand *s = w->strand;
    if (!s->streams[stream].by_piece) return table_entry(stream);
    uint32_t k = 0;
    while (s->changing[k] != stream) k++;
    return (place){PIECES, NO_REGISTER, (int32_t)((1 + k) * sizeof(uint64_t))};
}

/* Registers 0 and 1 are pinned by nobody. */
static void put_number_of(strand_writer *w, uint32_t stream) {
    cell x = w->numbers[stream];
    int to = is_pinned(w, x) ? held(w, x) : 0;
    put_load(w->code, RAX, address_of(w, stream));
    put_vector_at(w->code, V_broadcast_double, OF_DOUBLES, to, 0, (place){RAX, NO_REGISTER, 0});
    if (!is_pinned(w, x)) put_vector_at(w->code, V_store, OF_DOUBLES, to, 0, slot(w, x));
}

/* Addresses and numbers that change with the piece, or those that do not. */
static void put_streams(strand_writer *w, bool by_piece) {
    for (uint32_t k = 0; k < w->strand->count; k++) {
        const stream *s = &w->strand->streams[k];
        if (s->by_piece != by_piece) continue;
        if (s->kind == STREAM_number) put_number_of(w, k);
        if (s->kind != STREAM_entries || k >= ADDRESS_COUNT) continue;
        put_load(w->code, ADDRESSES[k], address_of(w, k));
        if (by_piece) put_subtract(w->code, ADDRESSES[k], PASSED);
    }
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

/* Adds the sum of the vectors to its place: (0 + 1) + (2 + 3), then of the lanes: (0 + 2) + (1 + 3). */
static void put_total(strand_writer *w, const strand_sum *s) {
    assembly *c = w->code;
    put_sum_of(w, 0, s->part[0], s->part[1]);
    put_sum_of(w, 1, s->part[2], s->part[3]);
    put_vector(c, V_add, OF_DOUBLES, 0, 0, 1);
    put_vector_last(c, V_extract_half, OF_DOUBLES, 0, 0, 1, 1);
    put_vector(c, V_add, OF_DOUBLES, 0, 0, 1);
    put_vector(c, V_unpack_high, OF_DOUBLES, 1, 0, 0);
    put_vector(c, V_add, OF_ONE_DOUBLE, 0, 0, 1);
    put_load(c, RAX, address_of(w, s->stream));
    place to = {RAX, NO_REGISTER, 0};
    put_vector_at(c, V_load, OF_ONE_DOUBLE, 1, 0, to);
    put_vector(c, V_add, OF_ONE_DOUBLE, 1, 1, 0);
    put_vector_at(c, V_store, OF_ONE_DOUBLE, 1, 0, to);
}

/* Groups of vectors, while they are whole. */
static void put_groups(strand_writer *w) {
    assembly *c = w->code;
    put_subtract_number(c, LEFT, ABREAST * VECTOR);
    uint32_t over = put_jump_if(c, IF_BELOW), again = assembly_here(c);
    put_copies(w, 0, ABREAST);
    put_add_number(c, PASSED, ABREAST * VECTOR);
    put_subtract_number(c, LEFT, ABREAST * VECTOR);
    put_jump_back_if(c, IF_NOT_BELOW, again);
    put_landing(c, over);
    put_add_number(c, LEFT, ABREAST * VECTOR);
}

/* What is left, as vectors of which some lanes count, or none: no jump is guessed wrongly. */
static void put_masked_rest(strand_writer *w) {
    for (int j = 0; j < ABREAST; j++) put_masked_copy(w, j);
}

/* What is left, where it is stored, which takes long with a mask: whole vectors, then at most one that is
 * not. */
static void put_stored_rest(strand_writer *w) {
    assembly *c = w->code;
    uint32_t part[ABREAST], none[ABREAST], done[ABREAST];
    for (int j = 0; j < ABREAST - 1; j++) {
        put_compare_number(c, LEFT, (j + 1) * VECTOR);
        part[j] = put_jump_if(c, IF_BELOW);
        put_copies(w, j, j + 1);
    }
    for (int j = ABREAST; j-- > 0;) {
        if (j < ABREAST - 1) put_landing(c, part[j]);
        put_compare_number(c, LEFT, j * VECTOR);
        none[j] = put_jump_if(c, IF_ZERO);
        put_masked_copy(w, j);
        done[j] = put_jump(c);
    }
    for (int j = 0; j < ABREAST; j++) {
        put_landing(c, none[j]);
        put_landing(c, done[j]);
    }
}

static bool stores(const strand_writer *w) {
    for (uint32_t i = 0; i < w->count; i++) {
        const item *x = &w->items[i];
        if (!is_own(w, x)) continue;
        if (x->written || (is_sum(&x->micro) && sum_stream(x).kind == STREAM_entries)) return true;
    }
    return false;
}

/* The entries behind whole groups. */
static void put_rest(strand_writer *w) {
    assembly *c = w->code;
    put_test(c, LEFT);
    uint32_t none = put_jump_if(c, IF_ZERO);
    put_address(c, MASKS_AT, constant_place(MASKS));
    put_subtract(c, MASKS_AT, LEFT);
    if (stores(w)) put_stored_rest(w);
    else put_masked_rest(w);
    put_add(c, PASSED, LEFT);
    put_landing(c, none);
}

static void put_piece(strand_writer *w) {
    put_load(w->code, LEFT, (place){PIECES, NO_REGISTER, 0});
    put_streams(w, true);
    for (uint32_t i = 0; i < w->sums.count; i++)
        for (int j = 0; j < ABREAST; j++) put_zero(w, w->sums.at[i].part[j]);
    put_groups(w);
    put_rest(w);
    for (uint32_t i = 0; i < w->sums.count; i++) put_total(w, &w->sums.at[i]);
}

static void put_function(strand_writer *w) {
    assembly *c = w->code;
    uint32_t addresses = w->addresses < ADDRESS_COUNT ? w->addresses : ADDRESS_COUNT;
    uint32_t saved = addresses > SCRATCH_ADDRESSES ? addresses - SCRATCH_ADDRESSES : 0;
    uint32_t frame = put_frame(c, ADDRESSES + SCRATCH_ADDRESSES, saved, w->stack);
    put_streams(w, false);
    uint32_t again = assembly_here(c);
    put_piece(w);
    put_add_number(c, PIECES, (int32_t)((1 + w->strand->by_piece) * sizeof(uint64_t)));
    put_subtract_number(c, COUNT, 1);
    put_jump_back_if(c, IF_NOT_ZERO, again);
    put_frame_end(c, ADDRESSES + SCRATCH_ADDRESSES, saved, w->stack, frame, w->sequence.slots);
    sequence_put_detours(&w->sequence);
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
    w.loaded = arena_array(c->arena, cell, STREAMS_MOST);
    keep_cells(&w);
    put_function(&w);
    list_ops(&w);
    to->ends = assembly_here(c);
    return true;
}
