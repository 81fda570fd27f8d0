#include "bench/phases.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "autodiff/emit/lanes.h"
#include "autodiff/execution.h"
#include "autodiff/short.h"
#include "base/number.h"
#include "bench/engine.h"

/* Other work can only make a step slower, and mostly leaves it alone for a while: times are those of the
 * quietest tenth of the runs, step by step, and "all" is their sum. */
enum { RUNS_MOST = 8000, QUIET = 10 };
static const double SECONDS = 4, TURN_SECONDS = 1e-3;

typedef struct runner {
    engine *engine;
    machine *machine;
    const execution *run;
    uint32_t stages;  /* of the machine; behind them the optimiser's */
    uint32_t *first;  /* steps, by stage */
    double **seconds; /* by stage and run */
} runner;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The step behind the one, or the program of steps, that begins at k. */
static uint32_t behind(const execution *e, uint32_t k) {
    return e->lanes[k] ? e->lanes[k]->end : e->shorts[k] ? e->shorts[k]->end : k + 1;
}

static bool runner_open(runner *r, const workload *w, const dataset *d, uint32_t threads, arena *a) {
    engine *e = engine_open(w, d, threads, a);
    if (!e) return false;
    *r = (runner){.engine = e, .machine = e->density ? e->density->machine : e->objective->machine};
    if (e->density) {
        double *at = arena_take_aligned(a, w->points * e->size * sizeof *at);
        workload_point(w, 0, at, w->points * e->size);
        machine_bind(r->machine, 0, at);
    }
    engine_run(e);
    r->run = machine_execution(r->machine);
    const plan *p = r->run->plan;
    r->first = arena_array(a, uint32_t, p->steps.count + 1);
    for (uint32_t k = p->fixed_steps; k < p->steps.count; k = behind(r->run, k)) r->first[r->stages++] = k;
    r->first[r->stages] = p->steps.count;
    r->seconds = arena_array(a, double *, r->stages + 1);
    for (uint32_t i = 0; i < r->stages + 1; i++) r->seconds[i] = arena_array(a, double, RUNS_MOST);
    return true;
}

static void run_stages(runner *r, uint32_t turn) {
    step_runner *run_steps = r->run->plan->precision == IN_DOUBLE ? run_steps_double : run_steps_single;
    team_rouse(r->run->team, r->run->plan->cost);
    double before = now(), after;
    for (uint32_t i = 0; i < r->stages; i++, before = after) {
        run_steps(r->run, r->first[i], r->first[i + 1]);
        after = now();
        r->seconds[i][turn] = after - before;
    }
    if (r->engine->objective) optimiser_step(&r->engine->objective->climber, 1e-3);
    r->seconds[r->stages][turn] = now() - before;
}

static uint32_t runs_a_turn(runner *r) {
    double started = now();
    run_stages(r, 0);
    return 1 + (uint32_t)fmin(TURN_SECONDS / (now() - started), 100);
}

static double quiet(double *seconds, uint32_t n) {
    qsort(seconds, n, sizeof *seconds, number_order);
    return seconds[n / QUIET];
}

static const char *step_name(const plan_step *s, arena *a) {
    if (s->kind == STEP_region)
        return arena_print(a, "region of %llu entries, %u sums", (unsigned long long)s->region.entries,
                           s->region.sum_count);
    if (s->kind == STEP_product)
        return arena_print(a, "product, %d x %d x %d", s->product.m, s->product.k, s->product.n);
    if (s->kind == STEP_loop) return "loop";
    if (s->kind == STEP_place) return "values side by side";
    return op_name(s->op);
}

static const char *stage_name(const runner *r, uint32_t stage, arena *a) {
    uint32_t k = r->first[stage];
    const plan_step *s = &r->run->plan->steps.at[k];
    if (r->run->lanes[k] || r->run->shorts[k])
        return arena_print(a, "%u to %u: program", k, r->first[stage + 1] - 1);
    return arena_print(a, "%u: %s", k, step_name(s, a));
}

static void print_stage(const char *name, uint32_t parts, double alone, double together) {
    printf("  %-42s %4u %10.2f %10.2f %6.2f\n", name, parts, alone * 1e6, together * 1e6, alone / together);
}

static void print_stages(const workload *w, runner *one, runner *many, uint32_t threads, uint32_t turns,
                         arena *a) {
    const plan *p = many->run->plan;
    printf("%-44s parts  1, µs   %u, µs  ratio\n", w->label, threads);
    double all[2] = {0};
    for (uint32_t i = 0; i < one->stages + 1; i++) {
        double alone = quiet(one->seconds[i], turns), together = quiet(many->seconds[i], turns);
        all[0] += alone, all[1] += together;
        if (i < one->stages)
            print_stage(stage_name(many, i, a), p->steps.at[many->first[i]].cut.parts, alone, together);
        else if (one->engine->objective)
            print_stage("optimiser", one->engine->objective->climber.segment_count, alone, together);
    }
    print_stage("all", 0, all[0], all[1]);
}

bool phases_run(const workload *w, uint32_t threads, arena *a) {
    dataset d = workload_data(w, false, a);
    runner one, many;
    if (!runner_open(&one, w, &d, 1, a) || !runner_open(&many, w, &d, threads, a)) return false;
    uint32_t turns = 0;
    uint32_t runs = runs_a_turn(&one);
    for (double until = now() + SECONDS; turns + runs <= RUNS_MOST && now() < until; turns += runs) {
        for (uint32_t i = 0; i < runs; i++) run_stages(&one, turns + i);
        for (uint32_t i = 0; i < runs; i++) run_stages(&many, turns + i);
    }
    print_stages(w, &one, &many, threads, turns, a);
    return true;
}
