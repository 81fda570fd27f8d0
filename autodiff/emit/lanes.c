#include "autodiff/emit/lanes.h"

#include "autodiff/emit/emit.h"
#include "autodiff/emit/lower.h"

/* Steps that are worth it, rows of one, lines of code, and strides of values that are transposed. */
enum { STEPS_LEAST = 2, ROWS_MOST = 64, LANES_LEAST = 16, LINES_MOST = 6000, STRIDES_MOST = 4 };
enum { OFFSET_MOST = 1 << 27 };

static const general TABLE = RBX, LANE = RBP;
static const general STRIDED[STRIDES_MOST] = {R12, R13, R14, R15};
static const general SAVED[] = {RBX, RBP, R12, R13, R14, R15};
enum { SAVED_COUNT = sizeof SAVED / sizeof *SAVED };

/* A row of a value: the entries from `at` on that are `stride` apart. */
typedef struct row {
    ref of;
    int64_t at, stride;
} row;

typedef struct known_row {
    row row;
    cell cell;
} known_row;
typedef vector(known_row) known_rows;

typedef struct lane_writer {
    assembly *code;
    const execution *run;
    const plan *plan;
    arena *arena;
    sequence sequence;
    uint64_t lanes;
    uint32_t end;
    bool failed;
    known_rows known;
    int64_t strides[STRIDES_MOST];
    int stride_count;
    bool *computed, *read, *stored; /* by ref */
    cell *scratch;                  /* of the region, a row of a slot after the other */
    uint32_t rows;                  /* of the region */
    place room[3];                  /* on the stack: two operands of a call, and its result */
} lane_writer;

static cell fail(lane_writer *w) {
    w->failed = true;
    return sequence_number(&w->sequence, 0);
}

/* Places. */

static general strided(lane_writer *w, int64_t stride) {
    if (stride == 0) return NO_REGISTER;
    if (stride == 1) return LANE;
    for (int k = 0; k < w->stride_count; k++)
        if (w->strides[k] == stride) return STRIDED[k];
    if (w->stride_count == STRIDES_MOST || stride < 0 || stride > OFFSET_MOST / ALL_LANES) w->failed = true;
    if (w->failed) return NO_REGISTER;
    w->strides[w->stride_count++] = stride;
    return STRIDED[w->stride_count - 1];
}

/* Entry `beyond` of the lanes in a row. */
static place place_of(lane_writer *w, row r, int64_t beyond) {
    int64_t offset = r.at + beyond * r.stride;
    if (offset < 0 || offset > OFFSET_MOST) w->failed = true;
    return in_table(r.of, strided(w, r.stride), w->failed ? 0 : (int32_t)(offset * (int64_t)sizeof(double)));
}

static cell *find(lane_writer *w, row r) {
    for (uint32_t i = w->known.count; i-- > 0;) {
        const row *x = &w->known.at[i].row;
        if (x->of == r.of && x->at == r.at && x->stride == r.stride) return &w->known.at[i].cell;
    }
    return NULL;
}

static cell know(lane_writer *w, row r, cell c) {
    push(w->arena, &w->known, ((known_row){r, c}));
    return c;
}

/* Transposing. Two rows side by side are four pairs of entries in memory; of lanes 0 and 2, and of 1 and 3,
 * one vector each is made, and from these the rows. */

static cell pairs_of(lane_writer *w, row r, int64_t lane) {
    cell low = sequence_load(&w->sequence, place_of(w, r, lane), 2);
    return sequence_do_last(&w->sequence, V_insert_half, low,
                            sequence_load(&w->sequence, place_of(w, r, lane + 2), 2), 1);
}

static cell load_two(lane_writer *w, row r) {
    sequence *s = &w->sequence;
    cell even = pairs_of(w, r, 0), odd = pairs_of(w, r, 1);
    know(w, (row){r.of, r.at + 1, r.stride}, sequence_do(s, V_unpack_high, even, odd));
    return know(w, r, sequence_do(s, V_unpack_low, even, odd));
}

static cell load_one(lane_writer *w, row r) {
    sequence *s = &w->sequence;
    cell x[ALL_LANES];
    for (int i = 0; i < ALL_LANES; i++) x[i] = sequence_load(s, place_of(w, r, i), 1);
    cell low = sequence_do(s, V_unpack_low, x[0], x[1]), high = sequence_do(s, V_unpack_low, x[2], x[3]);
    return know(w, r, sequence_do_last(s, V_insert_half, low, high, 1));
}

static void store_halves(lane_writer *w, row r, int64_t lane, cell x, uint8_t entries) {
    sequence_store(&w->sequence, place_of(w, r, lane), x, entries);
    cell high = sequence_do_last(&w->sequence, V_swap_halves, x, x, 1);
    sequence_store(&w->sequence, place_of(w, r, lane + 2), high, entries);
}

/* The row y, if there is one, lies one entry behind x. */
static void store_transposed(lane_writer *w, row r, cell x, cell y) {
    sequence *s = &w->sequence;
    uint8_t entries = y ? 2 : 1;
    if (!y) y = x;
    store_halves(w, r, 0, sequence_do(s, V_unpack_low, x, y), entries);
    store_halves(w, r, 1, sequence_do(s, V_unpack_high, x, y), entries);
}

/* Reading and writing rows. */

static const instruction *number_at(const lane_writer *w, ref r) {
    const instruction *x = tape_at(w->plan->tape, r);
    return x->op == OP_number ? x : NULL;
}

/* With `pair`, the next row begins one entry behind it. */
static cell fetch(lane_writer *w, row r, bool pair) {
    sequence *s = &w->sequence;
    const cell *found = find(w, r);
    if (found) return *found;
    if (w->computed[r.of]) return fail(w);
    w->read[r.of] = true;
    if (number_at(w, r.of)) return sequence_number(s, number_at(w, r.of)->number);
    if (r.stride > 1) return pair ? load_two(w, r) : load_one(w, r);
    return know(w, r, sequence_load(s, place_of(w, r, 0), r.stride ? ALL_LANES : EACH_LANE));
}

static void store(lane_writer *w, row r, cell c) {
    w->stored[r.of] = true;
    sequence_store(&w->sequence, place_of(w, r, 0), c, ALL_LANES);
}

/* Whether the buffer is read when the program is over. */
static bool lives_on(const lane_writer *w, ref r) { return w->plan->values[r].last >= w->end; }

static row row_of(const lane_writer *w, operand o, uint32_t r) {
    return (row){o.at, (int64_t)(o.offset + r * w->lanes), 1};
}

static cell operand_cell(lane_writer *w, operand o, uint32_t r) {
    if (o.kind == SOURCE_scratch) return w->scratch[o.at * w->rows + r];
    if (o.kind == SOURCE_scalar) return fetch(w, (row){o.at, (int64_t)o.offset, 0}, false);
    return fetch(w, row_of(w, o, r), false);
}

static void set_cell(lane_writer *w, operand to, uint32_t r, cell c) {
    if (to.kind == SOURCE_scratch) {
        w->scratch[to.at * w->rows + r] = c;
        return;
    }
    row x = row_of(w, to, r);
    w->computed[x.of] = true;
    know(w, x, c);
    if (lives_on(w, x.of)) store(w, x, c);
}

/* Micro-instructions, row by row. */

/* Rows of the walk are runs, or parts of one. */
static bool goes_by_rows(const lane_writer *w, const walk *x) { return walk_run(x) % w->lanes == 0; }

/* Where the row of an operand begins; by an index that is the same for all lanes, if there is one. */
static row walked(const lane_writer *w, const micro *m, ref of, uint32_t r) {
    cursor c = walk_at(m->walk, r * w->lanes);
    int64_t at = c.at[0] + (m->index ? m->index[c.at[1]] * m->pitch : 0);
    return (row){of, at, walk_step(m->walk, 0)};
}

static bool takes_walk(const lane_writer *w, const micro *m) {
    if (!goes_by_rows(w, m->walk)) return false;
    bool indexed = m->kind == MICRO_gather || m->kind == MICRO_scatter;
    return !indexed || (m->index && m->in_range && walk_step(m->walk, 1) == 0);
}

static void write_load(lane_writer *w, const micro *m) {
    for (uint32_t r = 0; r < w->rows; r++) {
        row x = walked(w, m, m->in[0].at, r);
        bool pair = r + 1 < w->rows && walked(w, m, m->in[0].at, r + 1).at == x.at + 1;
        set_cell(w, m->to, r, fetch(w, x, pair));
    }
}

static cell call_kernel(lane_writer *w, const micro *m, const cell in[3]) {
    sequence *s = &w->sequence;
    const kernels *k = w->plan->kernels;
    call made = {.to = w->room[2], .inputs = op_inputs(m->op), .count = ALL_LANES};
    made.run = made.inputs == 1 ? (void (*)(void))k->unary[m->op] : (void (*)(void))k->binary[m->op];
    for (int i = 0; i < made.inputs; i++) {
        made.in[i] = w->room[i];
        sequence_store(s, w->room[i], in[i], ALL_LANES);
    }
    sequence_call(s, made);
    return sequence_do(s, V_load, 0, sequence_load(s, w->room[2], ALL_LANES));
}

static void write_map(lane_writer *w, const micro *m) {
    for (uint32_t r = 0; r < w->rows; r++) {
        cell in[3] = {0};
        for (int k = 0; k < op_inputs(m->op); k++) in[k] = operand_cell(w, m->in[k], r);
        bool lowered = lower_takes(m->op);
        set_cell(w, m->to, r, lowered ? lower(&w->sequence, m->op, in, ALL_LANES) : call_kernel(w, m, in));
    }
}

static void write_sum(lane_writer *w, const micro *m) {
    sequence *s = &w->sequence;
    for (uint32_t r = 0; r < w->rows; r++) {
        bool product = m->kind == MICRO_dot;
        cell x = operand_cell(w, m->in[0], r), y = product ? operand_cell(w, m->in[1], r) : 0;
        cell *sum = find(w, walked(w, m, m->to.at, r));
        if (sum) *sum = product ? sequence_fused(s, x, y, *sum) : sequence_do(s, V_add, *sum, x);
        else fail(w);
    }
}

static bool write_micro(lane_writer *w, const micro *m) {
    if (m->layers != 1 || w->sequence.lines.count > LINES_MOST) return false;
    switch (m->kind) {
    case MICRO_load:
    case MICRO_gather:
        if (!takes_walk(w, m)) return false;
        write_load(w, m);
        break;
    case MICRO_unary:
    case MICRO_binary:
    case MICRO_binary_vs:
    case MICRO_binary_sv:
    case MICRO_select: write_map(w, m); break;
    case MICRO_sum:
    case MICRO_dot:
    case MICRO_scatter:
        if (!takes_walk(w, m) || walk_step(m->walk, 0) != 1) return false;
        write_sum(w, m);
        break;
    default: return false;
    }
    return !w->failed;
}

/* Steps. */

static bool write_region(lane_writer *w, const region *g) {
    if (!g->entries || g->entries % w->lanes || g->entries / w->lanes > ROWS_MOST) return false;
    w->rows = (uint32_t)(g->entries / w->lanes);
    w->scratch = arena_array(w->arena, cell, g->slots * w->rows);
    for (uint32_t i = 0; i < g->sum_count; i++) {
        uint64_t entries = w->plan->values[g->sums[i].of].entries;
        if (g->sums[i].apart || entries % w->lanes || entries / w->lanes > ROWS_MOST) return false;
        w->computed[g->sums[i].of] = true;
        for (uint64_t k = 0; k < entries; k += w->lanes)
            know(w, (row){g->sums[i].of, (int64_t)k, 1}, sequence_number(&w->sequence, 0));
    }
    for (uint32_t i = 0; i < g->count; i++)
        if (!write_micro(w, &g->micros[i])) return false;
    for (uint32_t i = 0; i < g->sum_count; i++)
        for (uint64_t k = 0; k < w->plan->values[g->sums[i].of].entries; k += w->lanes) {
            row x = {g->sums[i].of, (int64_t)k, 1};
            if (lives_on(w, x.of)) store(w, x, *find(w, x));
        }
    return true;
}

/* The dimension of the walk that is the lanes: of their number, where the value's entries follow each other;
 * -1 where there is none. */
static int dimension_of_lanes(const lane_writer *w, const walk *x) {
    for (int d = 0; d < x->rank; d++)
        if (x->size[d] == w->lanes && x->stride[d][0] == 1) return d;
    return -1;
}

static bool write_placed(lane_writer *w, ref to, const placed_value *p, known_rows *found) {
    const walk *x = p->walk;
    int lanes = dimension_of_lanes(w, x);
    if (lanes < 0 || x->entries / w->lanes > ROWS_MOST) return false;
    uint64_t index[AXES_MOST] = {0};
    for (uint64_t k = 0; k < x->entries / w->lanes; k++) {
        row from = {p->from, (int64_t)x->offset[0], 1},
            into = {to, (int64_t)x->offset[1], x->stride[lanes][1]};
        for (int d = 0; d < x->rank; d++) {
            from.at += (int64_t)index[d] * x->stride[d][0];
            into.at += (int64_t)index[d] * x->stride[d][1];
        }
        push(w->arena, found, ((known_row){into, fetch(w, from, false)}));
        for (int d = x->rank; d-- > 0;) {
            if (d == lanes) continue;
            if (++index[d] < x->size[d]) break;
            index[d] = 0;
        }
    }
    return true;
}

/* Rows, one behind the other where they can be. */
static bool write_places(lane_writer *w, const plan_step *s) {
    known_rows found = {0};
    if (!s->covered) return false;
    w->computed[s->of] = w->stored[s->of] = true;
    for (uint32_t i = 0; i < s->placed_count; i++)
        if (!write_placed(w, s->of, &s->placed[i], &found)) return false;
    for (uint32_t i = 0; i < found.count && !w->failed; i++) {
        row r = found.at[i].row;
        bool pair = i + 1 < found.count && r.stride > 1 && found.at[i + 1].row.stride == r.stride &&
                    found.at[i + 1].row.at == r.at + 1;
        know(w, r, found.at[i].cell);
        if (r.stride == 1) store(w, r, found.at[i].cell);
        else store_transposed(w, r, found.at[i].cell, pair ? found.at[i + 1].cell : 0);
        if (pair) know(w, found.at[i + 1].row, found.at[i + 1].cell), i++;
    }
    return !w->failed;
}

static bool write_step(lane_writer *w, const plan_step *s) {
    return s->kind == STEP_region ? write_region(w, &s->region) : s->kind == STEP_place && write_places(w, s);
}

/* Programs. */

/* What is written for some lanes must not be read for others. */
static bool overlaps(const lane_writer *w) {
    const value *v = w->plan->values;
    for (ref x = 1; x < w->plan->tape->code.count; x++)
        for (ref y = 1; w->stored[x] && y < w->plan->tape->code.count; y++)
            if (w->read[y] && v[y].form != VALUE_leaf && v[y].stored &&
                v[x].place < v[y].place + v[y].entries && v[y].place < v[x].place + v[x].entries)
                return true;
    return false;
}

/* The entries of the innermost axis of a step; 0 where it begins no program. */
static uint64_t lanes_of_step(const plan *p, const plan_step *s) {
    if (s->kind != STEP_region || !s->region.axes.count) return 0;
    uint64_t size = p->tape->axes.at[s->region.axes.at[s->region.axes.count - 1]].size;
    return size < LANES_LEAST ? 0 : size;
}

static lane_writer writer(const execution *e, assembly *c, uint64_t lanes, uint32_t end) {
    lane_writer w = {.code = c, .run = e, .plan = e->plan, .arena = c->arena, .lanes = lanes, .end = end};
    uint32_t refs = e->plan->tape->code.count;
    w.computed = arena_array(c->arena, bool, refs);
    w.read = arena_array(c->arena, bool, refs);
    w.stored = arena_array(c->arena, bool, refs);
    sequence_open(&w.sequence, c, TABLE);
    return w;
}

/* The lines of steps first … end - 1; returns the first that is none of the program. */
static uint32_t write_lines(lane_writer *w, uint32_t first) {
    uint32_t k = first;
    while (k < w->end && write_step(w, &w->plan->steps.at[k])) k++;
    return k;
}

static void put_function(lane_writer *w, place stack, place end) {
    assembly *c = w->code;
    uint32_t frame = put_frame(c, SAVED, SAVED_COUNT, stack);
    put_copy(c, TABLE, RDI);
    put_multiply_number(c, LANE, RSI, sizeof(double));
    for (int k = 0; k < w->stride_count; k++)
        put_multiply_number(c, STRIDED[k], LANE, (int32_t)w->strides[k]);
    put_multiply_number(c, RAX, RDX, sizeof(double));
    put_store(c, end, RAX);
    uint32_t again = assembly_here(c);
    sequence_put(&w->sequence);
    put_add_number(c, LANE, ALL_LANES * sizeof(double));
    for (int k = 0; k < w->stride_count; k++)
        put_add_number(c, STRIDED[k], (int32_t)(w->strides[k] * ALL_LANES * (int64_t)sizeof(double)));
    put_load(c, RAX, end);
    put_compare(c, LANE, RAX);
    put_jump_back_if(c, IF_BELOW, again);
    put_frame_end(c, SAVED, SAVED_COUNT, stack, frame, w->sequence.slots);
    sequence_put_detours(&w->sequence);
}

/* Parts of so many nanoseconds are worth handing over. */
static const double PART_PAYS = 4000;

static void cut_program(const plan *p, lane_program *to, uint32_t first) {
    for (uint32_t k = first; k < to->end; k++) to->cost += p->steps.at[k].cost;
    double parts = to->cost / PART_PAYS;
    uint64_t vectors = to->lanes / ALL_LANES, most = parts < 1 ? 1 : parts < 64 ? (uint64_t)parts : 64;
    to->part = (vectors + most - 1) / most * ALL_LANES;
    to->parts = (uint32_t)((vectors * ALL_LANES + to->part - 1) / to->part);
}

/* How many steps there are is found by writing them; what lives on depends on that, so they are written
 * twice. */
static lane_program *write_program(const execution *e, assembly *c, uint32_t first) {
    const plan *p = e->plan;
    uint64_t lanes = lanes_of_step(p, &p->steps.at[first]);
    if (!lanes) return NULL;
    lane_writer tried = writer(e, c, lanes, p->steps.count);
    uint32_t end = write_lines(&tried, first);
    if (end < first + STEPS_LEAST) return NULL;
    lane_writer w = writer(e, c, lanes, end);
    place stack = sequence_slot(&w.sequence), bound = sequence_slot(&w.sequence);
    for (int k = 0; k < 3; k++) w.room[k] = sequence_slot(&w.sequence);
    sequence_begin(&w.sequence, 0);
    if (write_lines(&w, first) != end || w.failed || overlaps(&w)) return NULL;
    lane_program *made = arena_new(c->arena, lane_program);
    *made = (lane_program){.end = end, .lanes = lanes, .begins = assembly_here(c)};
    put_function(&w, stack, bound);
    made->size = assembly_here(c) - made->begins;
    cut_program(p, made, first);
    return made;
}

lane_program **lane_programs(const execution *e, arena *a) {
    const plan *p = e->plan;
    lane_program **programs = arena_array(a, lane_program *, p->steps.count);
    if (!emit_is_wanted(p)) return programs;
    assembly c;
    assembly_open(&c, a);
    bool any = false;
    for (uint32_t k = p->fixed_steps; k < p->steps.count; k = programs[k] ? programs[k]->end : k + 1)
        any |= (programs[k] = write_program(e, &c, k)) != NULL;
    const uint8_t *code = any ? assembly_map(&c) : NULL;
    for (uint32_t k = p->fixed_steps; k < p->steps.count; k++) {
        if (programs[k] && code) programs[k]->run = (lane_code *)(code + programs[k]->begins);
        if (!code) programs[k] = NULL;
    }
    return programs;
}

/* The lanes behind the last whole vector are computed with those before them, once more. */
typedef struct lane_run {
    const execution *run;
    const lane_program *program;
} lane_run;

static void run_part(void *context, uint32_t thread, uint32_t part) {
    const lane_run *r = context;
    const lane_program *p = r->program;
    uint64_t from = part * p->part, whole = p->lanes - p->lanes % ALL_LANES;
    bool last = part + 1 == p->parts;
    p->run(r->run->at, from, last ? whole : from + p->part);
    if (last && whole < p->lanes) p->run(r->run->at, p->lanes - ALL_LANES, p->lanes);
}

void run_lanes(const execution *e, const lane_program *p) {
    lane_run r = {e, p};
    team_run(e->team, p->cost, p->parts, run_part, &r);
}
