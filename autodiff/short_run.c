#include "autodiff/short.h"

#include <string.h>
#include "autodiff/execute.h"

static inline element *address(short_operand o) { return (element *)*o.base + o.offset; }

static void copy(const short_operation *c, element *to, const element *x) {
    for (int64_t i = 0; i < c->n; i++) to[i * c->to_stride] = x[i * c->from_stride];
}

void run_short(const execution *e, const short_program *p) {
    const kernels *k = e->plan->kernels;
    for (const short_operation *c = p->code.at, *end = c + p->code.count; c < end; c++) {
        element *to = address(c->to), *x = address(c->in[0]), *y = address(c->in[1]);
        switch (c->code) {
        case SHORT_add: *to = *x + *y; break;
        case SHORT_sub: *to = *x - *y; break;
        case SHORT_mul: *to = *x * *y; break;
        case SHORT_div: *to = *x / *y; break;
        case SHORT_neg: *to = -*x; break;
        case SHORT_unary: ((unary_kernel *)c->run)(to, x, c->n); break;
        case SHORT_binary: ((binary_kernel *)c->run)(to, x, y, c->n); break;
        case SHORT_binary_vs: ((binary_kernel_vs *)c->run)(to, x, (double)*y, c->n); break;
        case SHORT_binary_sv: ((binary_kernel_sv *)c->run)(to, (double)*x, y, c->n); break;
        case SHORT_ternary: ((ternary_kernel *)c->run)(to, x, y, address(c->in[2]), c->n); break;
        case SHORT_select: k->select(to, x, y, address(c->in[2]), c->n); break;
        case SHORT_sum: *to = (element)(0 + k->sum(x, c->n)); break;
        case SHORT_dot: *to = (element)(0 + k->dot(x, y, c->n)); break;
        case SHORT_copy: copy(c, to, x); break;
        case SHORT_zero: memset(to, 0, c->n * sizeof *to); break;
        }
    }
}
