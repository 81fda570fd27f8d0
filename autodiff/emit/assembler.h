/* An assembler for x86-64 with AVX2: as many instructions as the emitters need, each in its one longest form,
 * so that code is written in one pass. Vector instructions are rows of instructions.def, all with a VEX
 * prefix of three bytes. Code is bytes in an arena until assembly_map() makes it run; it can be moved,
 * constants with it. */
#ifndef VM_AUTODIFF_EMIT_ASSEMBLER_H
#define VM_AUTODIFF_EMIT_ASSEMBLER_H

#include <stdbool.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/vector.h"

typedef enum vector_instruction {
#define INSTRUCTION(name, map, opcode, prefix, form) V_##name,
#include "autodiff/emit/instructions.def"
#undef INSTRUCTION
} vector_instruction;

/* What of a vector register counts: all its doubles, the first, the first two. */
typedef enum lane_form { OF_DOUBLES, OF_ONE_DOUBLE, OF_TWO_DOUBLES } lane_form;

typedef enum general {
    RAX,
    RCX,
    RDX,
    RBX,
    RSP,
    RBP,
    RSI,
    RDI,
    R8,
    R9,
    R10,
    R11,
    R12,
    R13,
    R14,
    R15,
    NO_REGISTER,
    IN_CONSTANTS /* as the base of a place: where they begin */
} general;

/* Conditions of jumps, as the processor numbers them. */
typedef enum condition { IF_BELOW = 2, IF_NOT_BELOW = 3, IF_ZERO = 4, IF_NOT_ZERO = 5 } condition;

/* Predicates of comparisons; none signals. */
enum {
    EQUAL = 0,
    UNORDERED = 3,
    NOT_EQUAL = 4,
    LESS = 0x11,
    NOT_ABOVE = 0x12,
    NOT_BELOW = 0x1d,
    GREATER = 0x1e
};

/* Memory at base + index + offset, in bytes. */
typedef struct place {
    general base, index;
    int32_t offset;
} place;

/* Constants are vectors with one number in each lane. The first are masks: MASKS with all bits, then as many
 * with none, so that of the vectors from k lanes before the first of these on the first k lanes have all
 * bits. */
enum { CONSTANT_BYTES = 32, MASKS = 4, SLOT_BYTES = 32 };

typedef struct constant_use {
    uint32_t at, end; /* of the displacement, of the instruction */
    int32_t offset;
} constant_use;

typedef struct assembly {
    arena *arena;
    vector(uint8_t) bytes;
    vector(uint64_t) constants; /* the number in each lane */
    vector(constant_use) uses;
} assembly;

void assembly_open(assembly *c, arena *a);
/* The constant with these bits in each lane: its number, its place. */
uint32_t assembly_constant(assembly *c, uint64_t bits);
static inline place constant_place(uint32_t number) {
    return (place){IN_CONSTANTS, NO_REGISTER, (int32_t)number * CONSTANT_BYTES};
}
/* The mask of the first lanes. */
static inline place mask_place(int lanes) {
    return (place){IN_CONSTANTS, NO_REGISTER, MASKS * CONSTANT_BYTES - lanes * (int32_t)sizeof(double)};
}
/* Whether an instruction ends in a number or a fourth register. */
bool instruction_ends(vector_instruction f);
/* Maps the code as memory that can be run and not written, until the arena is closed: its first byte; NULL
 * where the system refuses. Nothing can be added from then on. */
const uint8_t *assembly_map(assembly *c);

/* Of vector registers, by number. `last` is the number at the end, or the fourth register. */
void put_vector(assembly *c, vector_instruction f, lane_form of, int to, int x, int y);
void put_vector_last(assembly *c, vector_instruction f, lane_form of, int to, int x, int y, int last);
/* The same with the last operand in memory; what is stored is `to`. */
void put_vector_at(assembly *c, vector_instruction f, lane_form of, int to, int x, place y);
void put_vector_last_at(assembly *c, vector_instruction f, lane_form of, int to, int x, place y, int last);
void put_vectors_end(assembly *c); /* clears the upper halves */

/* Of 64-bit registers. */
void put_load(assembly *c, general to, place from);
void put_address(assembly *c, general to, place of);
void put_store(assembly *c, place to, general from);
void put_copy(assembly *c, general to, general from);
void put_number(assembly *c, general to, uint64_t x);
void put_add(assembly *c, general to, general x);
void put_subtract(assembly *c, general to, general x);
void put_add_number(assembly *c, general to, int32_t x); /* sets the flags, as the others */
uint32_t put_subtract_number(assembly *c, general to,
                             int32_t x); /* where the number stands, for assembly_patch() */
void put_and_number(assembly *c, general to, int32_t x);
void put_compare_number(assembly *c, general to, int32_t x);
void put_multiply_number(assembly *c, general to, general x, int32_t y);
void put_compare(assembly *c, general x, general y);
void put_test(assembly *c, general x);
void put_push(assembly *c, general x);
void put_pop(assembly *c, general x);
void put_return(assembly *c);
void put_call(assembly *c, general x);

/* The beginning and the end of a function: registers that the caller wants back, and a stack of slots of 32
 * bytes, one of which, at `stack`, remembers the caller's. Returns what the end must be given, with the
 * number of slots. */
uint32_t put_frame(assembly *c, const general *saved, uint32_t count, place stack);
void put_frame_end(assembly *c, const general *saved, uint32_t count, place stack, uint32_t frame,
                   uint32_t slots);

/* A jump forward is put first and lands later; one back knows where it goes. */
uint32_t put_jump(assembly *c);
uint32_t put_jump_if(assembly *c, condition when);
void put_landing(assembly *c, uint32_t jump);
void put_jump_back(assembly *c, uint32_t to);
void put_jump_back_if(assembly *c, condition when, uint32_t to);
static inline uint32_t assembly_here(const assembly *c) { return c->bytes.count; }
void assembly_patch(assembly *c, uint32_t at, int32_t x);

#endif
