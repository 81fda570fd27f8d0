#include "autodiff/scalar.h"

static bool reads_carry(const scalar_program *p, const scalar_operation *c) {
    return c->in[0] == p->carries.at[0].to || c->in[1] == p->carries.at[0].to;
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
    uint32_t x = p->carries.at[0].to, a = scalar_other(s, x), b = scalar_other(next, s->to);
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
