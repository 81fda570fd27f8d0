#include "autodiff/execute.h"
#include "autodiff/emit/lanes.h"
#include "autodiff/short.h"

static __attribute__((noinline)) void run_step(const execution *e, const plan_step *s) {
    switch (s->kind) {
    case STEP_region: run_region(e, s); break;
    case STEP_reduce: run_reduce(e, s); break;
    case STEP_product: run_product(e, s); break;
    case STEP_cumulate: run_cumulate(e, s); break;
    case STEP_allot: run_allot(e, s); break;
    case STEP_beta_order: run_beta_order(e, s); break;
    case STEP_scatter: run_scatter(e, s); break;
    case STEP_rows: run_rows(e, s); break;
    case STEP_place: run_place(e, s); break;
    case STEP_cholesky: run_cholesky(e, s); break;
    case STEP_cholesky_back: run_cholesky_back(e, s); break;
    case STEP_solve: run_solve(e, s); break;
    case STEP_loop: run_loop(e, s); break;
    }
}

void run_steps(const execution *e, uint32_t first, uint32_t end) {
    for (uint32_t k = first; k < end;) {
        const short_program *p = e->shorts ? e->shorts[k] : NULL;
        const lane_program *q = e->lanes ? e->lanes[k] : NULL;
        if (q) run_lanes(e, q), k = q->end;
        else if (p && p->run) p->run(e->at, e->scratch), k = p->end;
        else if (p) run_short(e, p), k = p->end;
        else run_step(e, &e->plan->steps.at[k++]);
    }
}
