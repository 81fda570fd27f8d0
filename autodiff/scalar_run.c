#include "autodiff/element.h"
#include "autodiff/scalar.h"

static element *register_at(const scalar_program *p, uint32_t at) { return (element *)p->registers + at; }

/* Where the chain's a and b come from: a port, or a register that stays. */
static scalar_port port_of(scalar_program *p, uint32_t at) {
    for (uint32_t i = 0; i < p->reads.count; i++)
        if (p->reads.at[i].at == at) return p->reads.at[i];
    return (scalar_port){at, register_at(p, at), 0};
}

/* Where s and x' go: to a port, or to their registers. */
static scalar_port target_of(const scalar_program *p, uint32_t at) {
    for (uint32_t i = 0; i < p->writes.count; i++)
        if (p->writes.at[i].at == at) return p->writes.at[i];
    return (scalar_port){at, register_at(p, at), 0};
}

#define CHAIN(first, second)                                                                                 \
    for (uint32_t t = 0; t < steps; t++) {                                                                   \
        element middle = x first * at_a;                                                                     \
        x = middle second * at_b;                                                                            \
        *to_s = middle;                                                                                      \
        *to_y = x;                                                                                           \
        at_a += a.pitch, at_b += b.pitch, to_s += s.pitch, to_y += y.pitch;                                  \
    }

static void run_chain(scalar_program *p, uint32_t steps) {
    const scalar_operation *c = p->code.at;
    scalar_carry *carry = &p->carries.at[0];
    scalar_port a = port_of(p, scalar_other(&c[0], carry->to)), b = port_of(p, scalar_other(&c[1], c[0].to));
    scalar_port s = target_of(p, c[0].to), y = target_of(p, c[1].to);
    const element *at_a = a.now, *at_b = b.now;
    element *to_s = s.now, *to_y = y.now, x = *register_at(p, carry->to);
    if (p->form == SCALAR_multiply_add) CHAIN(*, +)
    else CHAIN(+, *)
    *register_at(p, carry->to) = x;
}

static void operate(const kernels *k, element *r, const scalar_operation *c) {
    element *to = &r[c->to], *x = &r[c->in[0]], *y = &r[c->in[1]];
    switch (c->op) {
    case OP_add: *to = *x + *y; break;
    case OP_sub: *to = *x - *y; break;
    case OP_mul: *to = *x * *y; break;
    case OP_div: *to = *x / *y; break;
    case OP_neg: *to = -*x; break;
    case OP_select: *to = *x != 0 ? *y : r[c->in[2]]; break;
    default:
        if (op_inputs(c->op) == 1) k->unary[c->op](to, x, 1);
        else if (op_inputs(c->op) == 2) k->binary[c->op](to, x, y, 1);
        else k->ternary[c->op](to, x, y, &r[c->in[2]], 1);
    }
}

/* Where a port is at this step; it moves on to the next. */
static element *here(scalar_port *q) {
    element *now = q->now;
    q->now = now + q->pitch;
    return now;
}

static void run_step(scalar_program *p) {
    element *r = p->registers;
    for (uint32_t i = 0; i < p->reads.count; i++) {
        scalar_port *q = &p->reads.at[i];
        r[q->at] = *here(q);
    }
    for (uint32_t i = 0; i < p->code.count; i++) operate(p->kernels, r, &p->code.at[i]);
    for (uint32_t i = 0; i < p->writes.count; i++) {
        scalar_port *q = &p->writes.at[i];
        *here(q) = r[q->at];
    }
    for (uint32_t i = 0; i < p->carries.count; i++)
        p->carries.at[i].waiting = (double)r[p->carries.at[i].from];
    for (uint32_t i = 0; i < p->carries.count; i++)
        r[p->carries.at[i].to] = (element)p->carries.at[i].waiting;
}

void TYPED(scalar_run)(scalar_program *p, uint32_t steps) {
    if (p->form == SCALAR_any)
        for (uint32_t t = 0; t < steps; t++) run_step(p);
    else run_chain(p, steps);
}
