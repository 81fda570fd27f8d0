/* Running the steps of a plan. Each function reads and writes through `at`, the addresses of the values by
 * ref. What includes this is compiled for each precision. */
#ifndef VM_AUTODIFF_EXECUTE_H
#define VM_AUTODIFF_EXECUTE_H

#include "autodiff/execution.h"
#include "autodiff/short.h"

#define run_steps         TYPED(run_steps)
#define run_loop          TYPED(run_loop)
#define run_chain         TYPED(run_chain)
#define run_region        TYPED(run_region)
#define run_reduce        TYPED(run_reduce)
#define run_cumulate      TYPED(run_cumulate)
#define run_scatter       TYPED(run_scatter)
#define run_place         TYPED(run_place)
#define run_rows          TYPED(run_rows)
#define log_of_rows       TYPED(log_of_rows)
#define run_product       TYPED(run_product)
#define run_cholesky      TYPED(run_cholesky)
#define run_cholesky_back TYPED(run_cholesky_back)
#define run_solve         TYPED(run_solve)
#define run_draws         TYPED(run_draws)
#define run_allot         TYPED(run_allot)
#define run_beta_order    TYPED(run_beta_order)
#define run_scalar        TYPED(run_scalar)

void run_steps(const execution *e, uint32_t first, uint32_t end);
void run_loop(const execution *e, const plan_step *s);
struct loop;
void run_chain(const execution *e, const struct loop *l, ref r);
void run_region(const execution *e, const plan_step *s);
void run_reduce(const execution *e, const plan_step *s);
void run_cumulate(const execution *e, const plan_step *s);
void run_scatter(const execution *e, const plan_step *s);
void run_place(const execution *e, const plan_step *s);
void run_rows(const execution *e, const plan_step *s);
/* log sum over the n terms exp(x + y) */
double log_of_rows(const kernels *k, const element *x, const element *y, size_t n);
void run_product(const execution *e, const plan_step *s);
void run_cholesky(const execution *e, const plan_step *s);
void run_cholesky_back(const execution *e, const plan_step *s);
void run_solve(const execution *e, const plan_step *s);
void run_allot(const execution *e, const plan_step *s);
void run_beta_order(const execution *e, const plan_step *s);
/* y[i] = the draw of entry first + i; x are the parameters. */
void run_draws(const kernels *k, op f, element *y, const element *const x[3], draw_stream stream,
               uint64_t first, size_t n);

/* A step that threads share, as each part sees it. */
typedef struct step_run {
    const execution *run;
    const plan_step *step;
} step_run;

static inline void run_parts(const execution *e, const plan_step *s, team_work *part) {
    step_run r = {e, s};
    team_run(e->team, s->cost, s->cut.parts, part, &r);
}

/* Calls what follows for each run of entries from … to - 1 of a walk: c is at its start, n its length. */
#define EACH_RUN(c, n, w, from, to)                                                                          \
    cursor c = walk_at((w), (from));                                                                         \
    for (uint64_t n, left = (to) - (from); left && (n = cursor_run_within(&c, left));                        \
         left -= n, cursor_pass(&c, n))

/* Calls what follows for each entry of a walk that the step's cut has in a part: c is at it. */
#define EACH_ENTRY(c, w, s, part)                                                                            \
    cursor c = walk_at((w), cut_from(&(s)->cut, (part), 0));                                                 \
    for (uint64_t left = cut_to(&(s)->cut, (part), 0) - cut_from(&(s)->cut, (part), 0); left;                \
         left--, cursor_pass(&c, 1))

static inline uint64_t cursor_run_within(const cursor *c, uint64_t most) {
    uint64_t n = cursor_run(c);
    return n < most ? n : most;
}

#define run_short TYPED(run_short)
void run_short(const execution *e, const short_program *p);

/* The first entry of a root. */
static inline element *entries_of(const execution *e, ref r) { return e->at[r]; }

#endif
