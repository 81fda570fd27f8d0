#include "autodiff/emit/assembler.h"

#include <string.h>
#include <sys/mman.h>

void assembly_open(assembly *c, arena *a) {
    *c = (assembly){.arena = a};
    for (int i = 0; i < 2 * MASKS; i++) push(a, &c->constants, i < MASKS ? ~UINT64_C(0) : 0);
}

static void put(assembly *c, uint8_t x) { push(c->arena, &c->bytes, x); }

static void put_four(assembly *c, uint32_t x) {
    for (int i = 0; i < 4; i++) put(c, (uint8_t)(x >> 8 * i));
}

void assembly_patch(assembly *c, uint32_t at, int32_t x) { memcpy(&c->bytes.at[at], &x, sizeof x); }

/* Operands. The byte behind the opcode names a register, `reg`, and a register or a place. */

static void put_register(assembly *c, int reg, int rm) {
    put(c, (uint8_t)(0xc0 | (reg & 7) << 3 | (rm & 7)));
}

/* Behind a constant's displacement are `behind` bytes of the instruction. */
static void put_place(assembly *c, int reg, place p, uint32_t behind) {
    uint8_t field = (uint8_t)((reg & 7) << 3);
    if (p.base == IN_CONSTANTS) {
        put(c, field | 5);
        uint32_t at = assembly_here(c);
        push(c->arena, &c->uses, (constant_use){at, at + 4 + behind, p.offset});
        put_four(c, 0);
        return;
    }
    bool near = p.offset >= -128 && p.offset < 128;
    uint8_t mode = near ? 0x40 : 0x80;
    if (p.index != NO_REGISTER || (p.base & 7) == RSP) {
        int index = p.index == NO_REGISTER ? 4 : p.index & 7;
        put(c, mode | field | 4);
        put(c, (uint8_t)(index << 3 | (p.base & 7)));
    } else put(c, mode | field | (p.base & 7));
    if (near) put(c, (uint8_t)p.offset);
    else put_four(c, (uint32_t)p.offset);
}

static bool is_high(general x) { return x >= R8 && x <= R15; }

/* Vector instructions. */

typedef enum prefix_kind { PREFIX_TYPED, PREFIX_LANES, PREFIX_BROAD, PREFIX_WIDE } prefix_kind;
typedef enum operand_form { FORM_TWO, FORM_ROOT, FORM_THREE } operand_form;

typedef struct encoding {
    uint8_t map, opcode;
    prefix_kind prefix;
    operand_form form;
} encoding;

static const encoding ENCODINGS[] = {
#define INSTRUCTION(name, map, opcode, prefix, form) {map, opcode, PREFIX_##prefix, FORM_##form},
#include "autodiff/emit/instructions.def"
#undef INSTRUCTION
};

/* C4, then: register bits inverted and the map; the second operand inverted, the length and the prefix. */
static void put_vex(assembly *c, vector_instruction f, lane_form of, int reg, int second, bool index,
                    bool base) {
    const encoding *e = &ENCODINGS[f];
    bool one = of == OF_ONE_DOUBLE;
    uint8_t prefix = one && e->prefix == PREFIX_TYPED ? 3 : 1;
    bool second_used = e->form == FORM_THREE || (e->form == FORM_ROOT && one), whole = of == OF_DOUBLES;
    put(c, 0xc4);
    put(c, (uint8_t)((reg < 8) << 7 | !index << 6 | !base << 5 | e->map));
    bool wide = e->prefix == PREFIX_WIDE;
    put(c, (uint8_t)(wide << 7 | (second_used ? ~second & 15 : 15) << 3 | whole << 2 | prefix));
    put(c, e->opcode);
}

/* Registers and an opcode; x of two-operand forms is not there. */
static void put_registers(assembly *c, vector_instruction f, lane_form of, int to, int x, int y) {
    put_vex(c, f, of, to, x, false, y >= 8);
    put_register(c, to, y);
}

static void put_memory(assembly *c, vector_instruction f, lane_form of, int to, int x, place y,
                       uint32_t behind) {
    put_vex(c, f, of, to, x, is_high(y.index), is_high(y.base));
    put_place(c, to, y, behind);
}

void put_vector(assembly *c, vector_instruction f, lane_form of, int to, int x, int y) {
    put_registers(c, f, of, to, x, y);
}

bool instruction_ends(vector_instruction f) {
    return f == V_compare || f == V_blend_double || f == V_round_double || f == V_swap_halves ||
           f == V_swap_pairs || f == V_insert_half || f == V_extract_half;
}

/* A fourth register stands in the upper half of the last byte. */
static uint8_t last_byte(vector_instruction f, int last) {
    return (uint8_t)(f == V_blend_double ? last << 4 : last);
}

void put_vector_last(assembly *c, vector_instruction f, lane_form of, int to, int x, int y, int last) {
    put_registers(c, f, of, to, x, y);
    put(c, last_byte(f, last));
}

void put_vector_at(assembly *c, vector_instruction f, lane_form of, int to, int x, place y) {
    put_memory(c, f, of, to, x, y, 0);
}

void put_vector_last_at(assembly *c, vector_instruction f, lane_form of, int to, int x, place y, int last) {
    put_memory(c, f, of, to, x, y, 1);
    put(c, last_byte(f, last));
}

void put_vectors_end(assembly *c) {
    put(c, 0xc5);
    put(c, 0xf8);
    put(c, 0x77);
}

/* General registers. */

static void put_wide(assembly *c, bool reg, bool index, bool rm) {
    put(c, (uint8_t)(0x48 | reg << 2 | index << 1 | rm));
}

static void put_pair(assembly *c, uint8_t opcode, general reg, general rm) {
    put_wide(c, is_high(reg), false, is_high(rm));
    put(c, opcode);
    put_register(c, reg, rm);
}

static void put_pair_at(assembly *c, uint8_t opcode, general reg, place rm) {
    put_wide(c, is_high(reg), is_high(rm.index), is_high(rm.base));
    put(c, opcode);
    put_place(c, reg, rm, 0);
}

void put_load(assembly *c, general to, place from) { put_pair_at(c, 0x8b, to, from); }
void put_address(assembly *c, general to, place of) { put_pair_at(c, 0x8d, to, of); }
void put_store(assembly *c, place to, general from) { put_pair_at(c, 0x89, from, to); }
void put_copy(assembly *c, general to, general from) { put_pair(c, 0x8b, to, from); }
void put_add(assembly *c, general to, general x) { put_pair(c, 0x03, to, x); }
void put_subtract(assembly *c, general to, general x) { put_pair(c, 0x2b, to, x); }
void put_compare(assembly *c, general x, general y) { put_pair(c, 0x3b, x, y); }
void put_test(assembly *c, general x) { put_pair(c, 0x85, x, x); }

void put_number(assembly *c, general to, uint64_t x) {
    put_wide(c, false, false, is_high(to));
    put(c, (uint8_t)(0xb8 | (to & 7)));
    put_four(c, (uint32_t)x);
    put_four(c, (uint32_t)(x >> 32));
}

void put_multiply_number(assembly *c, general to, general x, int32_t y) {
    put_pair(c, 0x69, to, x);
    put_four(c, (uint32_t)y);
}

/* The operation is named where others name a register. */
static uint32_t put_with_number(assembly *c, int operation, general to, int32_t x) {
    put_wide(c, false, false, is_high(to));
    put(c, 0x81);
    put_register(c, operation, to);
    put_four(c, (uint32_t)x);
    return assembly_here(c) - 4;
}

void put_add_number(assembly *c, general to, int32_t x) { put_with_number(c, 0, to, x); }
void put_and_number(assembly *c, general to, int32_t x) { put_with_number(c, 4, to, x); }
void put_compare_number(assembly *c, general to, int32_t x) { put_with_number(c, 7, to, x); }
uint32_t put_subtract_number(assembly *c, general to, int32_t x) { return put_with_number(c, 5, to, x); }

static void put_short(assembly *c, uint8_t opcode, general x) {
    if (is_high(x)) put(c, 0x41);
    put(c, (uint8_t)(opcode | (x & 7)));
}

void put_push(assembly *c, general x) { put_short(c, 0x50, x); }
void put_pop(assembly *c, general x) { put_short(c, 0x58, x); }
void put_return(assembly *c) { put(c, 0xc3); }

void put_call(assembly *c, general x) {
    if (is_high(x)) put(c, 0x41);
    put(c, 0xff);
    put_register(c, 2, x);
}

uint32_t put_jump(assembly *c) {
    put(c, 0xe9);
    put_four(c, 0);
    return assembly_here(c) - 4;
}

uint32_t put_jump_if(assembly *c, condition when) {
    put(c, 0x0f);
    put(c, (uint8_t)(0x80 | when));
    put_four(c, 0);
    return assembly_here(c) - 4;
}

void put_landing(assembly *c, uint32_t jump) {
    assembly_patch(c, jump, (int32_t)(assembly_here(c) - jump - 4));
}

static void jump_back(assembly *c, uint32_t jump, uint32_t to) {
    assembly_patch(c, jump, (int32_t)(to - jump - 4));
}

void put_jump_back(assembly *c, uint32_t to) { jump_back(c, put_jump(c), to); }
void put_jump_back_if(assembly *c, condition when, uint32_t to) { jump_back(c, put_jump_if(c, when), to); }

/* Slots lie on lines of their own. */
uint32_t put_frame(assembly *c, const general *saved, uint32_t count, place stack) {
    for (uint32_t k = 0; k < count; k++) put_push(c, saved[k]);
    put_copy(c, RAX, RSP);
    uint32_t size = put_subtract_number(c, RSP, 0);
    put_and_number(c, RSP, -SLOT_BYTES);
    put_store(c, stack, RAX);
    return size;
}

void put_frame_end(assembly *c, const general *saved, uint32_t count, place stack, uint32_t frame,
                   uint32_t slots) {
    assembly_patch(c, frame, (int32_t)(slots * SLOT_BYTES));
    put_load(c, RSP, stack);
    for (uint32_t k = count; k-- > 0;) put_pop(c, saved[k]);
    put_vectors_end(c);
    put_return(c);
}

/* Constants, and memory that can be run. */

uint32_t assembly_constant(assembly *c, uint64_t bits) {
    uint32_t k = 0;
    while (k < c->constants.count && c->constants.at[k] != bits) k++;
    if (k == c->constants.count) push(c->arena, &c->constants, bits);
    return k;
}

static void put_constants(assembly *c) {
    while (c->bytes.count % CONSTANT_BYTES) put(c, 0);
    uint32_t first = assembly_here(c);
    for (uint32_t k = 0; k < c->constants.count; k++)
        for (int i = 0; i < CONSTANT_BYTES / 8; i++) {
            put_four(c, (uint32_t)c->constants.at[k]);
            put_four(c, (uint32_t)(c->constants.at[k] >> 32));
        }
    for (uint32_t i = 0; i < c->uses.count; i++) {
        const constant_use *u = &c->uses.at[i];
        assembly_patch(c, u->at, (int32_t)(first - u->end) + u->offset);
    }
}

typedef struct mapping {
    void *at;
    size_t size;
} mapping;

static void unmap(void *user) {
    mapping *m = user;
    if (m->at) munmap(m->at, m->size);
}

const uint8_t *assembly_map(assembly *c) {
    put_constants(c);
    mapping *m = arena_new(c->arena, mapping);
    arena_at_close(c->arena, unmap, m);
    void *at = mmap(NULL, c->bytes.count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) return NULL;
    *m = (mapping){at, c->bytes.count};
    memcpy(at, c->bytes.at, c->bytes.count);
    return mprotect(at, m->size, PROT_READ | PROT_EXEC) == 0 ? at : NULL;
}
