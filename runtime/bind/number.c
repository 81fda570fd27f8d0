/* Numbers of a model before it runs: sizes of axes, bounds of types, defaults. They are nodes of numbers,
 * single data values and sizes; what varies over an axis or is drawn has no number here. */
#include "runtime/bind/model.h"

#include <math.h>
#include <string.h>

enum { DEEPEST = 10000 }; /* of nested nodes; a real expression is far below */

/* Every node is computed once, however often it is used. */
typedef struct evaluation {
    const model *model;
    double *values;
    bool *done, *known;
    uint32_t depth;
} evaluation;

static double logistic(double x) { return 1 / (1 + exp(-x)); }
static double softplus(double x) { return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x)); }

static double log_gamma(double x) {
    int sign;
    return lgamma_r(x, &sign);
}

/* The primitives of numbers; false for the others. */
static bool apply(node_op op, const double in[NODE_INPUTS_MOST], double *out) {
    double x = in[0], y = in[1];
    switch (op) {
    case NODE_neg: *out = -x; return true;
    case NODE_add: *out = x + y; return true;
    case NODE_sub: *out = x - y; return true;
    case NODE_mul: *out = x * y; return true;
    case NODE_div: *out = x / y; return true;
    case NODE_pow: *out = pow(x, y); return true;
    case NODE_lt: *out = x < y; return true;
    case NODE_le: *out = x <= y; return true;
    case NODE_eq: *out = x == y; return true;
    case NODE_ne: *out = x != y; return true;
    case NODE_and: *out = x != 0 && y != 0; return true;
    case NODE_or: *out = x != 0 || y != 0; return true;
    case NODE_not: *out = x == 0; return true;
    case NODE_select: *out = x != 0 ? y : in[2]; return true;
    case NODE_abs: *out = fabs(x); return true;
    case NODE_sign: *out = (x > 0) - (x < 0); return true;
    case NODE_floor: *out = floor(x); return true;
    case NODE_round: *out = round(x); return true;
    case NODE_sqrt: *out = sqrt(x); return true;
    case NODE_exp: *out = exp(x); return true;
    case NODE_log: *out = log(x); return true;
    case NODE_log1p: *out = log1p(x); return true;
    case NODE_expm1: *out = expm1(x); return true;
    case NODE_sin: *out = sin(x); return true;
    case NODE_cos: *out = cos(x); return true;
    case NODE_tan: *out = tan(x); return true;
    case NODE_asin: *out = asin(x); return true;
    case NODE_acos: *out = acos(x); return true;
    case NODE_atan: *out = atan(x); return true;
    case NODE_sinh: *out = sinh(x); return true;
    case NODE_cosh: *out = cosh(x); return true;
    case NODE_tanh: *out = tanh(x); return true;
    case NODE_expit: *out = logistic(x); return true;
    case NODE_log1p_exp: *out = softplus(x); return true;
    case NODE_lgamma: *out = log_gamma(x); return true;
    case NODE_erf: *out = erf(x); return true;
    case NODE_erfc: *out = erfc(x); return true;
    case NODE_xlogy: *out = x == 0 ? 0 : x * log(y); return true;
    case NODE_minimum: *out = x < y ? x : y; return true;
    case NODE_maximum: *out = x > y ? x : y; return true;
    default: return false;
    }
}

static bool evaluate(evaluation *e, node n, double *value);

static bool variable_value(evaluation *e, variable v, double *value) {
    const variable_row *x = program_variable(e->model->program, v);
    if (x->kind == VARIABLE_data && e->model->values[v]) {
        *value = e->model->values[v][0];
        return true;
    }
    return (x->kind == VARIABLE_data || x->kind == VARIABLE_let) && x->value && evaluate(e, x->value, value);
}

static bool label_position(const bound_axis *a, name label, double *value) {
    for (uint32_t i = 0; a->labels && i < a->size; i++)
        if (strcmp(a->labels[i], label) == 0) {
            *value = i + 1;
            return true;
        }
    return false;
}

static bool compute(evaluation *e, const node_row *r, double *value) {
    const bound_axis *bound = e->model->axes;
    switch (r->op) {
    case NODE_number: *value = r->number; return true;
    case NODE_variable: return variable_value(e, r->variable, value);
    case NODE_size: *value = bound[r->axis].size; return bound[r->axis].size != SIZE_UNKNOWN;
    case NODE_label: return label_position(&bound[r->axis], r->label, value);
    default: break;
    }
    double in[NODE_INPUTS_MOST] = {0};
    if (node_form_of(r->op) != FORM_MAP) return false;
    for (int i = 0; i < node_inputs(r->op); i++)
        if (!evaluate(e, r->in[i], &in[i])) return false;
    return apply(r->op, in, value);
}

static bool evaluate(evaluation *e, node n, double *value) {
    const node_row *r = program_node(e->model->program, n);
    if (r->axes.count || e->depth == DEEPEST) return false;
    if (!e->done[n]) {
        e->done[n] = true; /* before its inputs: a cycle has no number */
        e->depth++;
        e->known[n] = compute(e, r, &e->values[n]);
        e->depth--;
    }
    *value = e->values[n];
    return e->known[n];
}

bool model_number(const model *m, node n, double *value) {
    const node_row *r = program_node(m->program, n);
    if (r->op == NODE_number) {
        *value = r->number;
        return true;
    }
    uint32_t count = m->program->nodes.count;
    evaluation e = {.model = m,
                    .values = arena_array(m->arena, double, count),
                    .done = arena_array(m->arena, bool, count),
                    .known = arena_array(m->arena, bool, count)};
    return evaluate(&e, n, value);
}
