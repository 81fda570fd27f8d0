/* How a machine runs a scan: a machine for the body, and where the body's inputs and outputs lie at each
 * step.
 *
 * All results of a scan are parts of its one buffer. A stack has the loop's axis outermost there, whatever
 * the canonical order, so that the entries of a step lie one after the other, and the body reads and writes
 * them in place: from step to step an address moves by a fixed number of entries. A carry with a history has
 * size + 1 places: the step at entry i finds it at place i and leaves it at i + 1 (backward: i + 1 and i). So
 * an emission that is a carry's next value costs nothing. A carry without history has two places, which take
 * turns.
 *
 * Where the loop is a chain of discrete states, it runs as one (chain.h). Where all values of the body are
 * single numbers, it runs as a list of operations (scalar.h) and not as a machine. Else: what cannot be read
 * in place, a slice whose entries are apart, is copied before each step; what cannot be written in place, an
 * output that is an input, a constant or a part of another value, is copied after it. */
#ifndef VM_AUTODIFF_LOOP_H
#define VM_AUTODIFF_LOOP_H

#include "autodiff/chain.h"
#include "autodiff/machine.h"
#include "autodiff/plan.h"
#include "autodiff/scalar.h"

/* One address: an input's or an output's of the body. */
typedef struct loop_address {
    ref of;         /* … of the value in the body that it is given to; 0 for a copy's */
    ref root;       /* whose buffer it lies in, on the tape around */
    int64_t offset; /* at the first step */
    int64_t pitch;  /* from step to step */
    bool swings;    /* there and back */
} loop_address;

typedef struct loop_copy {
    loop_address around;
    const walk *walk; /* of a slice: its entries, in order */
    void *entries;    /* … are put here */
    ref from;         /* of an output: the value in the body */
    uint64_t size;
} loop_copy;

typedef struct loop {
    const scan *scan;
    uint32_t steps;
    machine *body;
    uint64_t *place, *size; /* by output of the body: in the scan's buffer; the entries of one step */
    bool *kept;             /* by carry: has a history */
    const uint32_t *alias;  /* by output: the carry whose next value an emission is; else the output itself */
    bool *wanted;           /* by output */
    vector(loop_address) constant, moving; /* inputs that stay; others */
    vector(loop_copy) slices, outputs;
    chain *chain;                       /* or NULL */
    scalar_program *scalar;             /* or NULL; its registers are the body's values */
    vector(loop_address) reads, writes; /* of its ports */
    void **now; /* working memory: the addresses, in the order moving, slices, outputs */
} loop;

static inline loop *loop_of(const plan *p, ref r) { return &p->loops[tape_at(p->tape, r)->attribute]; }

/* Places of a carry: where the first step finds it, where it is at the end. */
static inline uint64_t loop_first_place(const loop *l, uint32_t carry) {
    return l->kept[carry] && l->scan->backward ? l->steps : 0;
}

static inline uint64_t loop_last_place(const loop *l, uint32_t carry) {
    if (!l->kept[carry]) return l->steps & 1;
    return l->scan->backward ? 0 : l->steps;
}

/* … and where the result of a carry is at the end, in the buffer. */
static inline uint64_t loop_result_place(const loop *l, uint32_t carry) {
    return l->place[carry] + loop_last_place(l, carry) * l->size[carry];
}

/* Decides where the results lie in the buffer of scan r; returns its size. */
uint64_t loop_lay_out(const plan *p, ref r);
/* The layout of a result in that buffer. */
layout loop_layout(const plan *p, ref result);
/* Completes the loop of scan r, when the layouts of all values are known. */
void loop_plan(plan *p, ref r);

/* Addresses in a plan: of operand `slot`, no carry; where steps leave an output. */
loop_address loop_taken_at(const plan *p, const loop *l, uint32_t slot);
loop_address loop_left_at(const loop *l, ref r, uint32_t output);

struct execution;

/* Runs scan r of a machine that has run, step by step, up to the first with a fault in it. */
bool loop_fault(const struct execution *e, ref r, arena *scratch, fault *found);

#endif
