#include "autodiff/scalar.h"

static bool reads_carry(const scalar_program *p, const scalar_operation *c) {
    return c->in[0] == p->carries.at[0].to || c->in[1] == p->carries.at[0].to;
}

/* The operand that is not `register_at`. */
static uint32_t other(const scalar_operation *c, uint32_t register_at) {
    return c->in[0] == register_at ? c->in[1] : c->in[0];
}

/* Whether nothing but s and x' is written, each once at most. */
static bool writes_only(const scalar_program *p, uint32_t s, uint32_t x) {
    int count_s = 0, count_x = 0;
    for (uint32_t i = 0; i < p->writes.count; i++) {
        count_s += p->writes.at[i].at == s;
        count_x += p->writes.at[i].at == x;
    }
    return count_s <= 1 && count_x <= 1 && (uint32_t)(count_s + count_x) == p->writes.count;
}

/* Whether the body is x -> s = x op a -> x' = s op b, with a and b from outside. */
static bool is_chain(const scalar_program *p) {
    if (p->code.count != 2 || p->carries.count != 1) return false;
    const scalar_operation *s = &p->code.at[0], *next = &p->code.at[1];
    uint32_t x = p->carries.at[0].to, a = other(s, x), b = other(next, s->to);
    bool through = next->in[0] == s->to || next->in[1] == s->to;
    return reads_carry(p, s) && a != x && through && b != x && b != s->to &&
           p->carries.at[0].from == next->to && writes_only(p, s->to, next->to);
}

void scalar_finish(scalar_program *p) {
    if (!is_chain(p)) return;
    op first = p->code.at[0].op, second = p->code.at[1].op;
    if (first == OP_mul && second == OP_add) p->form = SCALAR_multiply_add;
    if (first == OP_add && second == OP_mul) p->form = SCALAR_add_multiply;
}

/* Where the chain's a and b come from: a port, or a register that stays. */
static scalar_port port_of(scalar_program *p, uint32_t at) {
    for (uint32_t i = 0; i < p->reads.count; i++)
        if (p->reads.at[i].at == at) return p->reads.at[i];
    return (scalar_port){at, &p->registers[at], 0};
}

/* Where s and x' go: to a port, or to their registers. */
static scalar_port target_of(const scalar_program *p, uint32_t at) {
    for (uint32_t i = 0; i < p->writes.count; i++)
        if (p->writes.at[i].at == at) return p->writes.at[i];
    return (scalar_port){at, &p->registers[at], 0};
}

#define CHAIN(first, second)                                                                                 \
    for (uint32_t t = 0; t < steps; t++) {                                                                   \
        double middle = x first * a.now;                                                                     \
        x = middle second * b.now;                                                                           \
        *s.now = middle;                                                                                     \
        *y.now = x;                                                                                          \
        a.now += a.pitch, b.now += b.pitch, s.now += s.pitch, y.now += y.pitch;                              \
    }

static void run_chain(scalar_program *p, uint32_t steps) {
    const scalar_operation *c = p->code.at;
    scalar_carry *carry = &p->carries.at[0];
    scalar_port a = port_of(p, other(&c[0], carry->to)), b = port_of(p, other(&c[1], c[0].to));
    scalar_port s = target_of(p, c[0].to), y = target_of(p, c[1].to);
    double x = p->registers[carry->to];
    if (p->form == SCALAR_multiply_add) CHAIN(*, +)
    else CHAIN(+, *)
    p->registers[carry->to] = x;
}

static void operate(const kernels *k, double *r, const scalar_operation *c) {
    double *to = &r[c->to], *x = &r[c->in[0]], *y = &r[c->in[1]];
    switch (c->op) {
    case OP_add: *to = *x + *y; break;
    case OP_sub: *to = *x - *y; break;
    case OP_mul: *to = *x * *y; break;
    case OP_div: *to = *x / *y; break;
    case OP_neg: *to = -*x; break;
    case OP_select: *to = *x != 0 ? *y : r[c->in[2]]; break;
    default:
        if (op_inputs(c->op) == 1) k->unary[c->op](to, x, 1);
        else k->binary[c->op](to, x, y, 1);
    }
}

static void run_step(scalar_program *p) {
    double *r = p->registers;
    for (uint32_t i = 0; i < p->reads.count; i++) {
        scalar_port *q = &p->reads.at[i];
        r[q->at] = *q->now;
        q->now += q->pitch;
    }
    for (uint32_t i = 0; i < p->code.count; i++) operate(p->kernels, r, &p->code.at[i]);
    for (uint32_t i = 0; i < p->writes.count; i++) {
        scalar_port *q = &p->writes.at[i];
        *q->now = r[q->at];
        q->now += q->pitch;
    }
    for (uint32_t i = 0; i < p->carries.count; i++) p->carries.at[i].waiting = r[p->carries.at[i].from];
    for (uint32_t i = 0; i < p->carries.count; i++) r[p->carries.at[i].to] = p->carries.at[i].waiting;
}

void scalar_run(scalar_program *p, uint32_t steps) {
    if (p->form == SCALAR_any)
        for (uint32_t t = 0; t < steps; t++) run_step(p);
    else run_chain(p, steps);
}
