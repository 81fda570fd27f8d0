#include "autodiff/emit/sequence.h"

#include <assert.h>

enum { NEVER = 0xffffffff };

static cell_state *state(sequence *s, cell c) { return &s->cells.at[c]; }

static cell add_cell(sequence *s, cell_state c) {
    push(s->arena, &s->cells, c);
    return s->cells.count - 1;
}

void sequence_open(sequence *s, assembly *c, general table) {
    *s = (sequence){.arena = c->arena, .code = c, .table = table, .kept = 1};
    add_cell(s, (cell_state){.held = -1});
}

place sequence_slot(sequence *s) {
    uint32_t slot = s->unused.count ? s->unused.at[--s->unused.count] : s->slots++;
    return (place){RSP, NO_REGISTER, (int32_t)(slot * SLOT_BYTES)};
}

static cell keep(sequence *s, cell_state c) {
    assert(s->kept == s->cells.count);
    s->kept++;
    return add_cell(s, c);
}

cell sequence_keep_pinned(sequence *s, int reg) {
    s->pinned |= 1u << reg;
    return keep(s, (cell_state){.held = (int8_t)reg});
}

cell sequence_keep_at(sequence *s, place at) {
    return keep(s, (cell_state){.home = HOME_slot, .lanes = ALL_LANES, .at = at, .held = -1});
}

cell sequence_keep_slot(sequence *s) { return sequence_keep_at(s, sequence_slot(s)); }

void sequence_begin(sequence *s, cell mask) {
    s->mask = mask;
    s->cells.count = s->kept;
    s->lines.count = 0;
    s->constants.count = 0;
    memset(s->holds, 0, sizeof s->holds);
}

/* Lines. */

static cell add_line(sequence *s, line l) {
    push(s->arena, &s->lines, l);
    return l.to;
}

static cell new_cell(sequence *s) { return add_cell(s, (cell_state){.held = -1}); }

cell sequence_load(sequence *s, place from, uint8_t lanes) {
    return add_cell(s, (cell_state){.home = HOME_memory, .lanes = lanes, .at = from, .held = -1});
}

static cell constant_at(sequence *s, place at) {
    for (uint32_t i = 0; i < s->constants.count; i++)
        if (state(s, s->constants.at[i])->at.offset == at.offset) return s->constants.at[i];
    cell c = add_cell(s, (cell_state){.home = HOME_constant, .lanes = ALL_LANES, .at = at, .held = -1});
    push(s->arena, &s->constants, c);
    return c;
}

cell sequence_constant(sequence *s, uint64_t bits) {
    return constant_at(s, constant_place(assembly_constant(s->code, bits)));
}

cell sequence_number(sequence *s, double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return sequence_constant(s, bits);
}

cell sequence_mask_of(sequence *s, int lanes) { return constant_at(s, mask_place(lanes)); }

cell sequence_do_last(sequence *s, vector_instruction f, cell x, cell y, uint8_t last) {
    return add_line(s, (line){.code = f, .last = last, .to = new_cell(s), .in = {x, y}});
}

cell sequence_do(sequence *s, vector_instruction f, cell x, cell y) {
    return sequence_do_last(s, f, x, y, 0);
}

cell sequence_blend(sequence *s, cell x, cell y, cell where) {
    return add_line(s, (line){.code = V_blend_double, .to = new_cell(s), .in = {x, y, where}});
}

cell sequence_fused(sequence *s, cell x, cell y, cell z) {
    return add_line(s, (line){.code = V_fused_231, .to = new_cell(s), .in = {x, y, z}});
}

cell sequence_guard(sequence *s, cell y, cell good, cell x, unary_kernel *run, int lanes) {
    return add_line(s, (line){.guard = run, .lanes = (uint8_t)lanes, .to = new_cell(s), .in = {y, good, x}});
}

void sequence_store(sequence *s, place to, cell x, uint8_t lanes) {
    add_line(s, (line){.code = V_store, .in = {0, x}, .at = to, .lanes = lanes});
}

void sequence_call(sequence *s, call c) {
    call *kept = arena_new(s->arena, call);
    *kept = c;
    add_line(s, (line){.call = kept});
}

void sequence_add(sequence *s, cell sum, cell x) {
    assert(sum < s->kept);
    if (s->mask) x = sequence_do(s, V_and, x, s->mask);
    add_line(s, (line){.code = V_add, .to = sum, .in = {sum, x}});
}

/* A masked lane adds 0 times 0. */
void sequence_add_product(sequence *s, cell sum, cell x, cell y) {
    assert(sum < s->kept);
    bool square = x == y;
    if (s->mask) x = sequence_do(s, V_and, x, s->mask), y = square ? x : sequence_do(s, V_and, y, s->mask);
    add_line(s, (line){.code = V_fused_231, .to = sum, .in = {x, y, sum}});
}

/* When each cell is read next. What is never read is not computed. */
static void find_reads(sequence *s) {
    for (cell c = 1; c < s->cells.count; c++) state(s, c)->next = NEVER;
    for (uint32_t i = s->lines.count; i-- > 0;) {
        line *l = &s->lines.at[i];
        l->unread = l->to >= s->kept && state(s, l->to)->next == NEVER;
        if (l->unread) continue;
        for (int k = 0; k < 3; k++) l->next[k] = l->in[k] ? state(s, l->in[k])->next : NEVER;
        for (int k = 0; k < 3; k++)
            if (l->in[k]) state(s, l->in[k])->next = i;
    }
}

uint32_t sequence_pressure(const sequence *from) {
    sequence *s = (sequence *)from;
    uint32_t now = 0, most = 0;
    find_reads(s);
    bool *counted = arena_array(s->arena, bool, s->cells.count);
    for (uint32_t i = 0; i < s->lines.count; i++) {
        const line *l = &s->lines.at[i];
        if (l->unread) continue;
        for (int k = 0; k < 3; k++) {
            cell c = l->in[k];
            if (c < s->kept || state(s, c)->home == HOME_constant) continue;
            if (l->next[k] != NEVER && !counted[c]) counted[c] = true, now++;
            if (l->next[k] == NEVER && counted[c]) counted[c] = false, now--;
        }
        if (l->to >= s->kept) counted[l->to] = true, now++;
        if (now > most) most = now;
    }
    return most;
}

/* Registers. */

static place reached(sequence *s, place p) {
    if (p.base <= IN_CONSTANTS) return p;
    int32_t entry = (int32_t)p.base - IN_CONSTANTS - 1;
    if (s->reached != p.base)
        put_load(s->code, RAX, (place){s->table, NO_REGISTER, entry * (int32_t)sizeof(void *)});
    s->reached = p.base;
    p.base = RAX;
    return p;
}

static bool is_held(sequence *s, cell c) { return state(s, c)->held >= 0; }
static bool is_pinned(sequence *s, cell c) { return is_held(s, c) && s->pinned >> state(s, c)->held & 1; }

static void release(sequence *s, cell c) {
    cell_state *x = state(s, c);
    if (is_held(s, c) && !is_pinned(s, c)) s->holds[x->held] = 0, x->held = -1;
}

/* To the stack, unless it stands somewhere already. */
static void evict(sequence *s, int reg) {
    cell_state *x = state(s, s->holds[reg]);
    if (x->home == HOME_none) {
        x->home = HOME_slot;
        x->lanes = ALL_LANES;
        x->at = sequence_slot(s);
        put_vector_at(s->code, V_store, OF_DOUBLES, reg, 0, x->at);
    }
    release(s, s->holds[reg]);
}

static int take_register(sequence *s) {
    int best = -1;
    uint32_t barred = s->pinned | s->busy;
    for (int r = 0; r < VECTOR_REGISTERS; r++) {
        if (barred >> r & 1) continue;
        if (!s->holds[r]) return r;
        if (best < 0 || state(s, s->holds[r])->next > state(s, s->holds[best])->next) best = r;
    }
    assert(best >= 0);
    evict(s, best);
    return best;
}

static lane_form form_of(uint8_t lanes) {
    return lanes == 1 ? OF_ONE_DOUBLE : lanes == 2 ? OF_TWO_DOUBLES : OF_DOUBLES;
}

/* What is in memory; `mask` is the register of the sequence's mask. */
static void put_home(sequence *s, const cell_state *x, int reg, int mask) {
    vector_instruction f = x->lanes == EACH_LANE ? V_broadcast_double : V_load;
    if (x->lanes == 3) put_vector_at(s->code, V_load, OF_DOUBLES, mask = reg, 0, mask_place(3));
    if (x->lanes == 3 || mask >= 0) f = V_load_part_double;
    put_vector_at(s->code, f, form_of(x->lanes), reg, mask < 0 ? 0 : mask, reached(s, x->at));
}

static int bring(sequence *s, cell c) {
    cell_state *x = state(s, c);
    if (x->held < 0) {
        bool part = s->mask && x->home == HOME_memory;
        int mask = part ? bring(s, s->mask) : -1, reg = take_register(s);
        put_home(s, state(s, c), reg, mask);
        x->held = (int8_t)reg;
        s->holds[reg] = c;
    }
    s->busy |= 1u << x->held;
    return x->held;
}

/* Whether the operand is read from memory where it is used: this is the last time, or it stands on the stack
 * or among the constants. */
static bool is_read_there(sequence *s, const line *l, int k) {
    const cell_state *x = state(s, l->in[k]);
    if (!l->in[k] || l->code == V_store || x->held >= 0) return false;
    uint8_t lanes = l->code == V_insert_half ? 2 : ALL_LANES;
    return x->home != HOME_memory || (l->next[k] == NEVER && !s->mask && x->lanes == lanes);
}

static void after_read(sequence *s, const line *l, int k) {
    cell_state *x = state(s, l->in[k]);
    x->next = l->next[k];
    if (x->next != NEVER || l->in[k] < s->kept) return;
    release(s, l->in[k]);
}

/* A slot that was read for the last time is free when the line is put. */
static void free_slot(sequence *s, cell c) {
    cell_state *x = state(s, c);
    if (c < s->kept || x->next != NEVER || x->home != HOME_slot) return;
    push(s->arena, &s->unused, (uint32_t)x->at.offset / SLOT_BYTES);
    x->home = HOME_none;
}

/* Where the result goes: the register of a pinned sum, or one that is free. */
static int target(sequence *s, const line *l) {
    if (!l->to) return state(s, l->in[1])->held;
    if (l->to < s->kept && state(s, l->to)->held >= 0) return state(s, l->to)->held;
    return take_register(s);
}

/* Kernels keep no vector register. */
static void put_call_of(sequence *s, const call *c) {
    static const general ARGUMENTS[] = {RDI, RSI, RDX, RCX, R8};
    for (int r = 0; r < VECTOR_REGISTERS; r++)
        if (s->holds[r]) evict(s, r);
    int next = 0;
    place to = reached(s, c->to);
    put_address(s->code, ARGUMENTS[next++], to);
    for (int k = 0; k < c->inputs; k++) {
        place in = reached(s, c->in[k]);
        if (c->single[k]) put_vector_at(s->code, V_load, OF_ONE_DOUBLE, 0, 0, in);
        else put_address(s->code, ARGUMENTS[next++], in);
    }
    put_number(s->code, ARGUMENTS[next], c->count);
    put_number(s->code, RAX, (uintptr_t)c->run);
    put_call(s->code, RAX);
    s->reached = 0;
}

/* A new cell in a register, or one that lives on where it is kept. */
static void set(sequence *s, cell c, int reg) {
    cell_state *x = state(s, c);
    if (c < s->kept) {
        if (is_pinned(s, c)) return;
        put_vector_at(s->code, V_store, OF_DOUBLES, reg, 0, x->at);
        release(s, c);
        return;
    }
    x->held = (int8_t)reg;
    s->holds[reg] = c;
}

/* The operand whose register the result may take: that of a pinned sum, or one that is not read again; -1
 * where there is none. */
static int operand_to_replace(sequence *s, const line *l) {
    if (l->to < s->kept && is_pinned(s, l->to)) return 2;
    for (int k = 3; k-- > 0;)
        if (l->in[k] >= s->kept && is_held(s, l->in[k]) && l->next[k] == NEVER) return k;
    return -1;
}

static int operand_in_memory(sequence *s, const line *l, int but) {
    for (int k = 0; k < 3; k++)
        if (k != but && is_read_there(s, l, k)) return k;
    return -1;
}

/* Its instructions have three forms, in which the result takes the place of one operand or another, and one
 * may be in memory. */
static void put_fused(sequence *s, const line *l) {
    s->busy = 0;
    int into = operand_to_replace(s, l), there = operand_in_memory(s, l, into), in[3] = {0}, to;
    int another = into < 0 && there >= 0 ? operand_in_memory(s, l, there) : -1;
    for (int k = 0; k < 3; k++)
        if (k != there && k != another) in[k] = bring(s, l->in[k]);
    if (into >= 0) to = in[into];
    else {
        to = take_register(s), into = there >= 0 ? there : 2;
        if (there < 0) put_vector(s->code, V_load, OF_DOUBLES, to, 0, in[2]);
        else put_home(s, state(s, l->in[there]), to, -1);
        there = another;
    }
    place at = there >= 0 ? state(s, l->in[there])->at : (place){0};
    for (int k = 0; k < 3; k++) after_read(s, l, k);
    int factor = into == 0 ? 1 : 0, last = into == 2 ? 1 : 2; /* the others */
    vector_instruction f = into == 2 ? V_fused_231 : V_fused_213;
    if (there == factor && there >= 0) {
        if (into != 2) f = V_fused_132;
        factor = last, last = there;
    }
    if (there >= 0) put_vector_at(s->code, f, OF_DOUBLES, to, in[factor], reached(s, at));
    else put_vector(s->code, f, OF_DOUBLES, to, in[factor], in[last]);
    for (int k = 0; k < 3; k++) free_slot(s, l->in[k]);
    set(s, l->to, to);
}

/* Room for a vector, for all vector registers, and for the general ones that a kernel may change. */
static const general CHANGED[] = {RCX, RDX, RSI, RDI, R8, R9, R10, R11};
enum {
    ROOM_OF_VECTORS = 1,
    ROOM_OF_GENERAL = ROOM_OF_VECTORS + VECTOR_REGISTERS,
    ROOM_SLOTS = ROOM_OF_GENERAL + 2
};

static place saved_at(const sequence *s, uint32_t slot, uint32_t word) {
    return (place){RSP, NO_REGISTER, (int32_t)((s->saved + slot) * SLOT_BYTES + word * sizeof(uint64_t))};
}

static void put_guard(sequence *s, const line *l) {
    s->busy = 0;
    if (!s->saved) s->saved = s->slots, s->slots += ROOM_SLOTS;
    int y = bring(s, l->in[0]), good = bring(s, l->in[1]);
    bool on_stack = !is_held(s, l->in[2]) && state(s, l->in[2])->home != HOME_memory;
    detour d = {.result = y, .of = on_stack ? -1 : bring(s, l->in[2]), .run = l->guard};
    d.at = state(s, l->in[2])->at;
    if (s->mask) put_vector(s->code, V_test_double, OF_DOUBLES, good, 0, bring(s, s->mask));
    else put_vector_at(s->code, V_test_double, OF_DOUBLES, good, 0, mask_place(l->lanes));
    d.jump = put_jump_if(s->code, IF_NOT_BELOW);
    d.back = assembly_here(s->code);
    s->reached = 0;
    for (int k = 0; k < 3; k++) after_read(s, l, k);
    d.live = s->pinned;
    for (int r = 0; r < VECTOR_REGISTERS; r++)
        if (s->holds[r]) d.live |= 1u << r;
    push(s->arena, &s->detours, d);
    for (int k = 0; k < 3; k++) free_slot(s, l->in[k]);
    set(s, l->to, y);
}

static void put_detour(sequence *s, const detour *d) {
    assembly *c = s->code;
    place room = saved_at(s, 0, 0);
    int of = d->of;
    put_landing(c, d->jump);
    for (uint32_t r = 0; r < VECTOR_REGISTERS; r++)
        if (d->live >> r & 1)
            put_vector_at(c, V_store, OF_DOUBLES, (int)r, 0, saved_at(s, ROOM_OF_VECTORS + r, 0));
    if (of < 0) put_vector_at(c, V_load, OF_DOUBLES, of = d->result, 0, d->at);
    put_vector_at(c, V_store, OF_DOUBLES, of, 0, room);
    uint32_t count = sizeof CHANGED / sizeof *CHANGED;
    for (uint32_t k = 0; k < count; k++) put_store(c, saved_at(s, ROOM_OF_GENERAL, k), CHANGED[k]);
    put_address(c, RDI, room);
    put_copy(c, RSI, RDI);
    put_number(c, RDX, ALL_LANES);
    put_number(c, RAX, (uintptr_t)d->run);
    put_call(c, RAX);
    for (uint32_t k = 0; k < count; k++) put_load(c, CHANGED[k], saved_at(s, ROOM_OF_GENERAL, k));
    for (uint32_t r = 0; r < VECTOR_REGISTERS; r++)
        if (d->live >> r & 1)
            put_vector_at(c, V_load, OF_DOUBLES, (int)r, 0, saved_at(s, ROOM_OF_VECTORS + r, 0));
    put_vector_at(c, V_load, OF_DOUBLES, d->result, 0, room);
    put_jump_back(c, d->back);
}

void sequence_put_detours(sequence *s) {
    for (uint32_t i = 0; i < s->detours.count; i++) put_detour(s, &s->detours.at[i]);
    s->detours.count = 0;
}

static void put_line(sequence *s, const line *l) {
    if (l->call) {
        put_call_of(s, l->call);
        return;
    }
    if (l->guard) {
        put_guard(s, l);
        return;
    }
    if (l->code == V_fused_231) {
        put_fused(s, l);
        return;
    }
    s->busy = 0;
    line turned = *l;
    if (is_read_there(s, l, 0) && (l->code == V_add || l->code == V_mul) && state(s, l->in[1])->held >= 0) {
        turned.in[0] = l->in[1], turned.in[1] = l->in[0];
        turned.next[0] = l->next[1], turned.next[1] = l->next[0];
        l = &turned;
    }
    place at = l->at;
    int in[3] = {0};
    for (int k = 0; k < 3; k += 2)
        if (l->in[k]) in[k] = bring(s, l->in[k]);
    bool part = l->code == V_store && s->mask, there = is_read_there(s, l, 1);
    if (part) in[0] = bring(s, s->mask);
    if (!there) in[1] = bring(s, l->in[1]);
    else at = state(s, l->in[1])->at;
    s->busy = 0;
    /* The registers of operands are free for the result, but not for the way to it. */
    for (int k = 0; k < 3; k++)
        if (l->in[k]) after_read(s, l, k);
    int to = l->code == V_store ? in[1] : target(s, l), last = l->in[2] ? in[2] : l->last;
    bool ends = instruction_ends(l->code);
    vector_instruction f = part ? V_store_part_double : l->code;
    if (there || l->code == V_store) {
        lane_form of = l->code == V_store ? form_of(l->lanes) : OF_DOUBLES;
        at = reached(s, at);
        if (ends) put_vector_last_at(s->code, f, of, to, in[0], at, last);
        else put_vector_at(s->code, f, of, to, in[0], at);
    } else if (ends) put_vector_last(s->code, f, OF_DOUBLES, to, in[0], in[1], last);
    else put_vector(s->code, f, OF_DOUBLES, to, in[0], in[1]);
    for (int k = 0; k < 3; k++)
        if (l->in[k]) free_slot(s, l->in[k]);
    if (l->to) set(s, l->to, to);
}

void sequence_put(sequence *s) {
    find_reads(s);
    memset(s->holds, 0, sizeof s->holds);
    s->reached = 0;
    for (uint32_t i = 0; i < s->lines.count; i++)
        if (!s->lines.at[i].unread) put_line(s, &s->lines.at[i]);
    for (cell c = 1; c < s->kept; c++) release(s, c);
}
