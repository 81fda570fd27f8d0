/* log_beta_below and its kin, entry by entry; in double precision always. */
#include "autodiff/beta_below.h"
#include "autodiff/execute.h"

static void order_entry(const plan_step *s, const element *x, element *y) {
    double of[BETA_OPERANDS];
    for (int i = 0; i < BETA_OPERANDS; i++) of[i] = (double)x[i * s->from_pitch];
    beta_order order = beta_below(of[0], of[1], of[2], of[3]);
    const double *by = s->op == OP_log_beta_below_slopes ? order.below_by : order.above_by;
    switch (s->op) {
    case OP_log_beta_below: *y = (element)order.below; break;
    case OP_log_beta_above: *y = (element)order.above; break;
    default:
        for (int i = 0; i < BETA_OPERANDS; i++) y[i * s->pitch] = (element)by[i];
    }
}

static void order_part(void *context, uint32_t thread, uint32_t part) {
    const step_run *r = context;
    const execution *e = r->run;
    const plan_step *s = r->step;
    EACH_ENTRY(c, s->walk, s, part)
    order_entry(s, entries_of(e, s->in[0]) + c.at[0], entries_of(e, s->of) + c.at[1]);
}

void run_beta_order(const execution *e, const plan_step *s) { run_parts(e, s, order_part); }
