/* Straight pieces of code: lines that compute cells from cells, each written once, as many as one likes. When
 * the sequence is put, cells get vector registers, from the first line to the last: where none is left, the
 * cell that is read again last gives up its own (Belady 1966), to a slot of the stack unless it stands in
 * memory anyway. A cell that is read once from memory is read where it is used.
 *
 * A guard is where a straight way ends that some numbers must not go: a kernel is called for these instead,
 * off the way, so that all registers keep what they hold (sequence_put_detours()).
 *
 * Some cells live on from sequence to sequence, for a loop around: kept cells, which hold what they were
 * given before (a number that a loop reads, in a register, a slot or a constant), and sums, which change, in
 * a register or slot. */
#ifndef VM_AUTODIFF_EMIT_SEQUENCE_H
#define VM_AUTODIFF_EMIT_SEQUENCE_H

#include "autodiff/emit/assembler.h"
#include "autodiff/kernels/kernels.h"

typedef uint32_t cell; /* 0: none */

enum { VECTOR_REGISTERS = 16 };

/* Where a cell stands besides in a register. */
typedef enum home { HOME_none, HOME_memory, HOME_slot, HOME_constant } home;

/* How many lanes stand in memory: all, some of them, or one number for each lane. */
enum { ALL_LANES = 4, EACH_LANE = 0 };

typedef struct cell_state {
    home home;
    uint8_t lanes; /* in memory */
    place at;
    cell mask;     /* of what a comparison gives, 1 or 0: all bits or none; 0 where there is none */
    int8_t held;   /* the register, or -1 */
    uint32_t next; /* the line that reads it next */
} cell_state;

/* A call of a kernel: what it is given, in the order of its parameters; where it ends, `count`. */
typedef struct call {
    void (*run)(void);
    place to, in[3];
    bool single[3]; /* the operand is passed as a number */
    int inputs;
    uint32_t count;
} call;

/* A guard that was put: the jump away from it, and where it comes back to. */
typedef struct detour {
    uint32_t jump, back;
    uint32_t live;  /* registers that must come back as they were, as bits */
    int result, of; /* registers; of < 0: the operand is in memory */
    place at;
    unary_kernel *run;
} detour;

typedef struct line {
    vector_instruction code;
    uint8_t last;  /* of instructions that end in a number */
    bool unread;   /* nobody reads the result */
    uint8_t lanes; /* of what is stored */
    cell to, in[3];
    place at;         /* of what is stored */
    const call *call; /* then it is nothing else */
    unary_kernel *guard;
    uint32_t next[3];
} line;

typedef struct sequence {
    arena *arena;
    assembly *code;
    vector(cell_state) cells;
    vector(line) lines;
    vector(cell) constants;  /* of this sequence */
    uint32_t kept;           /* the cells that live on: those below */
    uint32_t slots;          /* of the stack, at rsp */
    vector(uint32_t) unused; /* slots */
    vector(detour) detours;
    uint32_t saved;               /* slots that detours keep registers in; 0: none yet */
    cell holds[VECTOR_REGISTERS]; /* by register */
    uint32_t pinned, busy;        /* registers, as bits: pinned; read by the line that is put */
    general table;                /* what in_table() means */
    uint32_t reached;             /* the base that rax has, as in_table() names it; 0: none */
    cell mask;                    /* not 0: only the lanes that it has are in memory */
} sequence;

/* A place whose base is entry k of the table: it is loaded into rax before. */
static inline place in_table(uint32_t k, general index, int32_t offset) {
    return (place){(general)(IN_CONSTANTS + 1 + k), index, offset};
}

void sequence_open(sequence *s, assembly *c, general table);

/* Cells that live on; to be made before others. */
cell sequence_keep_pinned(sequence *s, int reg);
cell sequence_keep_slot(sequence *s);
cell sequence_keep_at(sequence *s, place at); /* what does not change meanwhile */
place sequence_slot(sequence *s);
/* Begins a new sequence; cells that do not live on are forgotten. With a mask, what is loaded, stored and
 * added to sums are the lanes for which it has all bits. */
void sequence_begin(sequence *s, cell mask);

/* Cells that need no line: what is in memory, constants. */
cell sequence_load(sequence *s, place from, uint8_t lanes);
cell sequence_constant(sequence *s, uint64_t bits);
cell sequence_number(sequence *s, double x);
cell sequence_mask_of(sequence *s, int lanes);

/* Lines. */
cell sequence_do(sequence *s, vector_instruction f, cell x, cell y);
cell sequence_do_last(sequence *s, vector_instruction f, cell x, cell y, uint8_t last);
cell sequence_blend(sequence *s, cell x, cell y, cell where);
cell sequence_fused(sequence *s, cell x, cell y, cell z); /* x y + z, rounded once */
/* y where `good` has all bits in each of the first lanes, or else what the kernel gives for x. */
cell sequence_guard(sequence *s, cell y, cell good, cell x, unary_kernel *run, int lanes);
void sequence_store(sequence *s, place to, cell x, uint8_t lanes);
void sequence_add(sequence *s, cell sum, cell x);
void sequence_add_product(sequence *s, cell sum, cell x, cell y);
void sequence_call(sequence *s, call c);

/* The largest number of cells, without those that live on, that are held at once. */
uint32_t sequence_pressure(const sequence *s);
void sequence_put(sequence *s);
/* What guards jump to: behind the function, which has its frame at rsp, before the number of its slots is
 * used. */
void sequence_put_detours(sequence *s);

#endif
