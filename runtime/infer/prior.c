/* Each statement of the model is a tape of its own, from what is drawn before it to a draw of its left side.
 * Where a statement reads a lag of itself or of a later one, h[time > 1] ~ normal(h[time - 1], s), all are
 * run again, with the same random numbers, until no value changes: entry t of such a chain is right after t
 * rounds, since the model has no cycle.
 *
 * A statement that is cut (narrowed, truncated) is drawn by rejection: of many attempts, which are entries of
 * the axis `draw`, the first within the bounds is taken, entry by entry. An ordered vector of entries that
 * are alike is the same as those sorted. */
#include "runtime/infer/prior.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "autodiff/machine.h"
#include "autodiff/passes.h"
#include "runtime/bind/lower.h"

enum { ATTEMPTS_MOST = 1 << 17, ATTEMPTS_ENTRIES = 1 << 16, ATTEMPTS_A_RUN = 64 };

typedef struct statement {
    const draw *draw;
    const variable_row *of;
    arena *arena;          /* inside the prior's */
    const variable *reads; /* of what is drawn */
    uint32_t read_count;
    uint64_t missing, ran; /* the first entry that its last run did not draw; and that run, of all from 1 */
    machine *machine;      /* outputs: the draws, and whether each is within its bounds */
    uint32_t attempts;     /* a run */
    bool cut, ordered;
    axes axes;        /* of x, or the parts of them that it is drawn for */
    uint64_t size;    /* entries */
    uint64_t *target; /* of each in the values of x */
    double *out;      /* by entry: what a run has drawn so far … */
    bool *done;       /* … and of which */
    uint64_t step;    /* of the first run: no two statements share random numbers */
} statement;

typedef vector(variable) variable_list;

struct prior {
    diagnostics *d;
    model *model;
    const program *program;
    arena *arena;
    const bool *given;
    double **values;   /* by variable, of those that are drawn, and with `again` of those that are given */
    const bool **kept; /* by variable: the entries that the caller gives; NULL: none */
    uint32_t *seen, round; /* by node: the last walk that came by */
    uint64_t seed;
    bool again;  /* there are many draws: statements are kept, and what is given changes between them */
    bool lagged; /* some statement reads what it or a later one draws */
    statement *all;
    uint32_t count;
    double *first; /* by variable: what a lag finds before it is drawn */
};

bool prior_draws(const model *m, variable v, const bool *given) {
    const variable_row *x = program_variable(m->program, v);
    return x->observed || (variable_is_latent(x) && !given[v]);
}

static bool is_drawn(const prior *p, variable v) { return prior_draws(p->model, v, p->given); }

/* Whether the value of a variable is another one in each draw, or in each round of it. */
static bool changes(const prior *p, variable v) { return is_drawn(p, v) || (p->again && p->given[v]); }

/* ---- what reads what ---- */

typedef void visit(prior *p, variable v, void *user);

/* Calls `each` for every variable that a node is made of, once a walk, through names of values. */
static void walk(prior *p, node n, visit *each, void *user) {
    const node_row *r = program_node(p->program, n);
    if (!n || p->seen[n] == p->round) return;
    p->seen[n] = p->round;
    for (int i = 0; i < node_inputs(r->op); i++) walk(p, r->in[i], each, user);
    if (r->op != NODE_variable) return;
    const variable_row *x = program_variable(p->program, r->variable);
    each(p, r->variable, user);
    if (x->value && !is_drawn(p, r->variable) && !p->model->values[r->variable])
        walk(p, x->value, each, user);
}

static void walk_draw(prior *p, const draw *d, visit *each, void *user) {
    p->round++;
    const node all[5] = {d->sample, d->lower, d->upper, d->lowest, d->highest};
    for (int i = 0; i < 5; i++) walk(p, all[i], each, user);
}

static void find_drawn(prior *p, variable v, void *found) { *(bool *)found |= is_drawn(p, v); }

static void find_unset(prior *p, variable v, void *found) {
    const variable_row *x = program_variable(p->program, v);
    if (x->kind == VARIABLE_param && !x->value && !p->given[v]) *(variable *)found = v;
}

/* ---- what cannot be drawn ---- */

static bool refuse_draw(prior *p, const draw *d) {
    const variable_row *x = program_variable(p->program, d->of);
    diagnostic *said;
    if (x->observed && x->kind != VARIABLE_data && !p->again) {
        said = diagnose(p->d, DIAGNOSTIC_data, d->at,
                        "`%s` is computed from data, so no data file can hold a draw of it", x->name);
        advise(p->d, said, "declare it as data, `data %s : …`", variable_text(p->program, d->of));
        return false;
    }
    if (!d->sample) {
        said = diagnose(p->d, DIAGNOSTIC_dist, d->at, "`%s` cannot be drawn from", d->distribution);
        if (x->observed) advise(p->d, said, "give the `dist` a `sample`");
        else advise(p->d, said, "give `%s` a proper prior, or a value by `vmrun prior --at FILE`", x->name);
        return false;
    }
    support s = d->type.support;
    if (!d->along.count || s == SUPPORT_ordered || s == SUPPORT_positive_ordered) return true;
    said = diagnose(p->d, DIAGNOSTIC_dist, d->at, "`%s` narrowed to %s cannot be drawn from", d->distribution,
                    SUPPORTS[s].name);
    if (x->observed) advise(p->d, said, "use a distribution that lies on this support");
    else
        advise(
            p->d, said,
            "give `%s` a value by `vmrun prior --at FILE`, or use a distribution that lies on this support",
            x->name);
    return false;
}

static bool refuse_param(prior *p, const draw *d) {
    variable unset = VARIABLE_NONE;
    walk_draw(p, d, find_unset, &unset);
    if (unset == VARIABLE_NONE) return true;
    const char *name = program_variable(p->program, unset)->name;
    advise(p->d,
           diagnose(p->d, DIAGNOSTIC_dist, program_variable(p->program, unset)->at,
                    "`%s` is a param without a value, which the statement of `%s` needs", name,
                    program_variable(p->program, d->of)->name),
           "give it by `vmrun prior --at FILE`, or write a start value, `param %s = …`",
           variable_text(p->program, unset));
    return false;
}

static bool refuse_factor(prior *p, node factor) {
    bool drawn = false;
    p->round++;
    walk(p, factor, find_drawn, &drawn);
    if (!drawn) return true;
    advise(p->d,
           diagnose(p->d, DIAGNOSTIC_dist, program_node(p->program, factor)->at,
                    "this factor changes what is drawn, but cannot be drawn from"),
           "give the latents that it is about values by `vmrun prior --at FILE`, or say it by statements `x "
           "~ D(…)`");
    return false;
}

/* Whether it only holds a latent to data that are to be drawn themselves. */
static bool is_pin(const program *p, node factor) {
    for (uint32_t i = 0; i < p->missing.count; i++)
        if (p->missing.at[i].pin == factor) return true;
    return false;
}

static bool can_draw(prior *p) {
    bool good = true;
    for (uint32_t i = 0; i < p->program->model.count; i++) {
        const draw *d = &p->program->model.at[i];
        if (is_drawn(p, d->of)) good &= refuse_draw(p, d) && refuse_param(p, d);
    }
    for (uint32_t i = 0; i < p->program->factors.count; i++)
        good &= is_pin(p->program, p->program->factors.at[i]) || refuse_factor(p, p->program->factors.at[i]);
    return good;
}

/* ---- tapes ---- */

typedef struct inputs {
    lowering *lowering;
    vector(variable) of;
} inputs;

/* What changes from round to round must be an input: the machine computes once what depends on data alone. */
static void take_input(prior *p, variable v, void *user) {
    inputs *in = user;
    if (!changes(p, v)) return;
    lowering *l = in->lowering;
    lower_set(l, v, tape_input(l->tape, lower_axes(l, program_variable(p->program, v)->axes)));
    push(l->tape->arena, &in->of, v);
}

static ref within(lowering *l, const draw *d, ref x) {
    tape *t = l->tape;
    ref good = tape_number(t, 1);
    if (d->lower) good = tape_map2(t, OP_le, lower_node(l, d->lower), x);
    if (d->upper) good = tape_map2(t, OP_and, good, tape_map2(t, OP_le, x, lower_node(l, d->upper)));
    return good;
}

static ref censored(lowering *l, const draw *d, ref x) {
    tape *t = l->tape;
    if (d->lowest) x = tape_map2(t, OP_maximum, x, lower_node(l, d->lowest));
    if (d->highest) x = tape_map2(t, OP_minimum, x, lower_node(l, d->highest));
    return x;
}

static void write_statement(prior *p, statement *s) {
    tape *written = arena_new(s->arena, tape), *run = arena_new(s->arena, tape);
    tape_open(written, s->arena);
    lowering l = lower_open(p->model, written, s->attempts);
    inputs in = {.lowering = &l};
    walk_draw(p, s->draw, take_input, &in);
    axes all = axes_with(lower_axes(&l, s->axes), l.draw);
    ref x = tape_expand(written, lower_node(&l, s->draw->sample), all);
    tape_output(written, tape_expand(written, censored(&l, s->draw, x), all));
    tape_output(written, tape_expand(written, within(&l, s->draw, x), all));
    tape_compile(written, run, s->arena, NULL, NULL);
    s->machine = machine_new(s->arena, run, p->model->team);
    s->reads = in.of.at, s->read_count = in.of.count;
    for (uint32_t i = 0; i < in.of.count; i++) machine_bind(s->machine, i, p->values[in.of.at[i]]);
}

/* ---- one statement ---- */

/* Of an axis in the values of x: how far its entries are apart. */
static uint64_t stride_of(const prior *p, const variable_row *x, axis a) {
    uint64_t stride = 1;
    for (int i = x->axes.count; i-- > 0 && x->axes.at[i] != a;) stride *= p->model->axes[x->axes.at[i]].size;
    return stride;
}

/* Where the entries of a statement stand in the values of its variable, of which it may draw a part. */
static void place_entries(prior *p, statement *s) {
    uint64_t stride[AXES_MOST], first = 0, inner = s->size;
    for (int i = 0; i < s->axes.count; i++) {
        axis a = s->axes.at[i], whole = a;
        if (program_axis(p->program, a)->source == AXIS_part) {
            whole = program_axis(p->program, a)->of;
            for (int k = 0; k < s->of->axes.count; k++) /* the part may be one of an alias */
                if (!axes_has(s->axes, s->of->axes.at[k]) &&
                    program_axis(p->program, s->of->axes.at[k])->of == whole)
                    whole = s->of->axes.at[k];
        }
        stride[i] = stride_of(p, s->of, whole);
        if (whole != a) first += (uint64_t)model_part_start(p->model, a) * stride[i];
    }
    for (uint64_t e = 0; e < s->size; e++) s->target[e] = first;
    for (int i = 0; i < s->axes.count; i++) {
        uint32_t size = p->model->axes[s->axes.at[i]].size;
        inner /= size ? size : 1;
        for (uint64_t e = 0; e < s->size; e++) s->target[e] += e / inner % size * stride[i];
    }
}

static bool is_alike(const prior *p, const draw *d, axis along) {
    for (uint32_t i = 0; i < d->argument_count; i++)
        if (axes_has(program_node(p->program, d->arguments[i])->axes, along)) return false;
    return true;
}

static statement open_statement(prior *p, uint32_t number) {
    const draw *d = &p->program->model.at[number];
    statement s = {.draw = d, .of = program_variable(p->program, d->of), .attempts = 1};
    s.axes = axes_union(d->axes, d->event);
    s.size = model_size(p->model, s.axes);
    s.ordered = d->along.count;
    s.cut = d->lower || d->upper || (s.ordered && !is_alike(p, d, d->along.at[0]));
    if (s.cut && s.size)
        s.attempts = s.size < ATTEMPTS_ENTRIES / ATTEMPTS_A_RUN ? ATTEMPTS_A_RUN
                     : s.size < ATTEMPTS_ENTRIES                ? (uint32_t)(ATTEMPTS_ENTRIES / s.size)
                                                                : 1;
    s.step = (uint64_t)number * ATTEMPTS_MOST;
    s.arena = arena_inside(p->arena);
    s.target = arena_array(s.arena, uint64_t, s.size + 1);
    s.out = arena_array(s.arena, double, s.size + 1);
    s.done = arena_array(s.arena, bool, s.size + 1);
    place_entries(p, &s);
    write_statement(p, &s);
    return s;
}

/* Entry e belongs to a vector along `along`, whose entries are `inner` apart and `count` many. */
typedef struct vectors {
    uint64_t inner, count;
} vectors;

static vectors vectors_of(const prior *p, const statement *s) {
    vectors v = {1, p->model->axes[s->draw->along.at[0]].size};
    for (int i = s->axes.count; i-- > 0 && s->axes.at[i] != s->draw->along.at[0];)
        v.inner *= p->model->axes[s->axes.at[i]].size;
    return v;
}

static uint64_t vector_start(vectors v, uint64_t e) {
    return e / (v.inner * v.count) * v.inner * v.count + e % v.inner;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void sort_vectors(const prior *p, const statement *s, double *x) {
    vectors v = vectors_of(p, s);
    double *one = arena_array(p->arena, double, v.count + 1);
    for (uint64_t e = 0; e < s->size; e++) {
        if (vector_start(v, e) != e) continue;
        for (uint64_t i = 0; i < v.count; i++) one[i] = x[e + i * v.inner];
        qsort(one, v.count, sizeof *one, compare);
        for (uint64_t i = 0; i < v.count; i++) x[e + i * v.inner] = one[i];
    }
}

/* Whether the vector that starts at entry e is within its bounds and increases. */
static bool is_ordered(vectors v, const double *x, const double *good, uint64_t e) {
    for (uint64_t i = 0; i < v.count; i++) {
        if (good[e + i * v.inner] == 0) return false;
        if (i && !(x[e + (i - 1) * v.inner] <= x[e + i * v.inner])) return false;
    }
    return true;
}

/* Takes from one attempt the entries that are still wanted and within their bounds; returns how many. */
static uint64_t accept(const prior *p, const statement *s, const double *x, const double *good, double *out,
                       bool *done) {
    uint64_t accepted = 0;
    bool whole = s->ordered && !is_alike(p, s->draw, s->draw->along.at[0]);
    vectors v = whole ? vectors_of(p, s) : (vectors){1, 1};
    for (uint64_t e = 0; e < s->size; e++) {
        if (done[e] || vector_start(v, e) != e) continue;
        if (whole ? !is_ordered(v, x, good, e) : good[e] == 0) continue;
        for (uint64_t i = 0; i < v.count; i++) {
            out[e + i * v.inner] = x[e + i * v.inner];
            done[e + i * v.inner] = true;
        }
        accepted += v.count;
    }
    return accepted;
}

/* Draws into the values of the variable. True where one changed. */
static bool run_statement(const prior *p, statement *s) {
    double *values = p->values[s->draw->of], *out = s->out;
    bool *done = s->done, changed = false;
    const bool *kept = p->kept[s->draw->of];
    uint64_t wanted = s->size;
    for (uint64_t e = 0; e < s->size; e++) {
        out[e] = values[s->target[e]];
        done[e] = kept && kept[s->target[e]];
        wanted -= done[e];
    }
    uint64_t most = s->cut ? ATTEMPTS_MOST / s->attempts : 1;
    for (uint64_t k = 0; k < most && wanted; k++) {
        machine_run(s->machine, p->seed, s->step + k);
        const double *x = machine_output(s->machine, 0), *good = machine_output(s->machine, 1);
        for (uint32_t b = 0; b < s->attempts && wanted; b++)
            wanted -= accept(p, s, x + b * s->size, good + b * s->size, out, done);
    }
    for (s->missing = 0; s->missing < s->size && done[s->missing];) s->missing++;
    if (s->ordered && !wanted) sort_vectors(p, s, out);
    for (uint64_t e = 0; e < s->size; e++) {
        changed |= memcmp(&values[s->target[e]], &out[e], sizeof *out) != 0;
        values[s->target[e]] = out[e];
    }
    return changed;
}

/* ---- all of them ---- */

static const char *entry_text(const prior *p, const statement *s, uint64_t e) {
    const char *text = "";
    uint64_t inner = s->size;
    for (int i = 0; i < s->axes.count; i++) {
        axis a = s->axes.at[i];
        inner /= p->model->axes[a].size;
        uint64_t start =
            program_axis(p->program, a)->source == AXIS_part ? (uint64_t)model_part_start(p->model, a) : 0;
        text = arena_print(p->d->arena, "%s%s%llu", text, i ? ", " : "[",
                           (unsigned long long)(e / inner % p->model->axes[a].size + start + 1));
    }
    return arena_print(p->d->arena, "`%s%s%s`", s->of->name, text, s->axes.count ? "]" : "");
}

static bool check_values(const prior *p, const statement *s) {
    const double *values = p->values[s->draw->of];
    if (s->missing < s->size) {
        advise(p->d,
               diagnose(p->d, DIAGNOSTIC_dist, s->draw->at, "none of %d draws of `%s` lies where %s must be",
                        ATTEMPTS_MOST, s->draw->distribution, entry_text(p, s, s->missing)),
               "its bounds cut nearly all of the distribution away: move one of the two%s",
               s->of->observed ? "" : ", or give its value by `vmrun prior --at FILE`");
        return false;
    }
    for (uint64_t e = 0; e < s->size; e++) {
        if (isfinite(values[s->target[e]])) continue;
        advise(p->d,
               diagnose(p->d, DIAGNOSTIC_not_finite, s->draw->at, "the draw of %s is %g", entry_text(p, s, e),
                        values[s->target[e]]),
               "arguments of `%s` came out too large or outside of what it takes: choose narrower priors, or "
               "give values by `vmrun prior --at FILE`",
               s->draw->distribution);
        return false;
    }
    return true;
}

typedef struct order {
    const bool *before;
    bool lagged;
} order;

static void find_later(prior *p, variable v, void *user) {
    order *o = user;
    o->lagged |= is_drawn(p, v) && !o->before[v];
}

/* Whether a statement reads what it or a later one draws. */
static bool has_lags(prior *p) {
    uint32_t count = p->program->model.count;
    uint32_t *left = arena_array(p->arena, uint32_t, p->program->variables.count + 1);
    bool *before = arena_array(p->arena, bool, p->program->variables.count + 1);
    order o = {.before = before};
    for (uint32_t i = 0; i < count; i++) left[p->program->model.at[i].of]++;
    for (uint32_t i = 0; i < count; i++) {
        const draw *d = &p->program->model.at[i];
        if (!is_drawn(p, d->of)) continue;
        walk_draw(p, d, find_later, &o);
        before[d->of] = --left[d->of] == 0;
    }
    return o.lagged;
}

/* Without lags the tape of a statement is not needed again once it has run. */
static bool run_once(prior *p) {
    bool good = true;
    for (uint32_t i = 0; i < p->program->model.count && good; i++) {
        if (!is_drawn(p, p->program->model.at[i].of)) continue;
        statement s = open_statement(p, i);
        run_statement(p, &s);
        good = check_values(p, &s);
        arena_close(s.arena);
    }
    return good;
}

/* Whether anything that a statement reads has changed since it ran. `changed`, by variable: the run that did.
 */
static bool is_stale(const statement *s, const uint64_t *changed) {
    bool stale = s->ran == 0;
    for (uint32_t i = 0; i < s->read_count; i++) stale |= changed[s->reads[i]] >= s->ran;
    return stale;
}

static void open_statements(prior *p) {
    p->all = arena_array(p->arena, statement, p->program->model.count + 1);
    for (uint32_t i = 0; i < p->program->model.count; i++)
        if (is_drawn(p, p->program->model.at[i].of)) p->all[p->count++] = open_statement(p, i);
}

static void close_statements(prior *p) {
    for (uint32_t i = 0; i < p->count; i++) arena_close(p->all[i].arena);
}

static bool run_rounds(prior *p) {
    arena *scratch = arena_inside(p->arena);
    uint64_t *changed = arena_array(scratch, uint64_t, p->program->variables.count + 1), runs = 0, before,
             entries = 0, round = 0;
    for (uint32_t i = 0; i < p->count; i++) p->all[i].ran = 0, entries += p->all[i].size;
    do {
        before = runs;
        for (uint32_t i = 0; i < p->count; i++) {
            if (!is_stale(&p->all[i], changed)) continue;
            p->all[i].ran = ++runs;
            if (run_statement(p, &p->all[i])) changed[p->all[i].draw->of] = runs;
        }
    } while (runs > before && round++ < entries + 2);
    arena_close(scratch);
    bool good = true;
    for (uint32_t i = 0; i < p->count && good; i++) good = check_values(p, &p->all[i]);
    return good;
}

/* Gives variables the values that follow from those of all others; `step` is of their random numbers. */
static void compute(prior *p, const variable_list *wanted, uint64_t step) {
    const program *of = p->program;
    arena *scratch = arena_inside(p->arena);
    tape written, run;
    tape_open(&written, scratch);
    lowering l = lower_open(p->model, &written, 1);
    for (uint32_t i = 0; i < wanted->count; i++) {
        const variable_row *x = program_variable(of, wanted->at[i]);
        axes all = axes_with(lower_axes(&l, x->axes), l.draw);
        tape_output(&written, tape_expand(&written, lower_node(&l, x->value), all));
    }
    tape_compile(&written, &run, scratch, NULL, NULL);
    machine *m = machine_new(scratch, &run, p->model->team);
    machine_run(m, p->seed, step);
    for (uint32_t i = 0; i < wanted->count; i++) {
        uint64_t size = model_size(p->model, program_variable(of, wanted->at[i])->axes);
        double *values = arena_take_aligned(p->arena, (size + !size) * sizeof *values);
        memcpy(values, machine_output(m, i), size * sizeof *values);
        p->model->values[wanted->at[i]] = values;
    }
    arena_close(scratch);
}

/* Derived and generated names. */
static void compute_reported(prior *p) {
    variable_list wanted = {0};
    for (uint32_t i = 0; i < p->program->reported.count; i++) {
        variable v = p->program->reported.at[i];
        const variable_row *x = program_variable(p->program, v);
        if (!p->model->values[v] && x->value && x->kind != VARIABLE_param) push(p->arena, &wanted, v);
    }
    compute(p, &wanted, (uint64_t)p->program->model.count * ATTEMPTS_MOST);
}

typedef struct sources {
    bool drawn, absent;
} sources;

static void find_sources(prior *p, variable v, void *user) {
    sources *s = user;
    if (!is_drawn(p, v)) return;
    s->drawn = true;
    s->absent |= !p->model->values[v];
}

/* A `let` of what is drawn, as the depth of a cell is of its counts, is a covariate: where data are given it
 * is as they have it. */
static void keep_lets(prior *p) {
    variable_list wanted = {0};
    for (variable v = 0; v < p->program->variables.count; v++) {
        const variable_row *x = program_variable(p->program, v);
        if (x->kind != VARIABLE_let || !x->value || x->stochastic || is_drawn(p, v)) continue;
        sources from = {0};
        p->round++;
        walk(p, x->value, find_sources, &from);
        if (from.drawn && !from.absent) push(p->arena, &wanted, v);
    }
    if (wanted.count) compute(p, &wanted, 0);
}

/* What a lag finds before it is drawn: 1 lies in most supports. What is censored by itself, `t ~ … censored
 * above t`, is so where data are given, and not at all elsewhere. */
static double *first_values(const prior *p) {
    double *first = arena_array(p->arena, double, p->program->variables.count + 1);
    for (variable v = 0; v < p->program->variables.count; v++) first[v] = 1;
    for (uint32_t i = 0; i < p->program->model.count; i++) {
        const draw *d = &p->program->model.at[i];
        if (d->highest) first[d->of] = INFINITY;
        else if (d->lowest) first[d->of] = -INFINITY;
    }
    return first;
}

/* What is drawn has no gaps. */
static void close_gaps(prior *p) {
    for (uint32_t i = 0; i < p->program->missing.count; i++) {
        const missing *gaps = &p->program->missing.at[i];
        uint64_t size = model_size(p->model, program_variable(p->program, gaps->of)->axes);
        p->model->values[gaps->number] = arena_array(p->arena, double, size + 1);
        if (gaps->along != AXIS_NONE) p->model->axes[gaps->along].size = 0;
    }
}

/* Discrete data that may have gaps are drawn as the latent that stands for them. */
static void copy_latents(prior *p) {
    for (uint32_t i = 0; i < p->program->missing.count; i++) {
        const missing *gaps = &p->program->missing.at[i];
        if (gaps->along == AXIS_NONE) p->model->values[gaps->of] = p->model->values[gaps->latent];
    }
}

static prior *prior_new(diagnostics *d, model *m, const bool *given, bool again, arena *a) {
    prior *p = arena_new(a, prior);
    uint32_t variables = m->program->variables.count;
    *p = (prior){.d = d, .model = m, .program = m->program, .arena = a, .given = given, .again = again};
    p->values = arena_array(a, double *, variables + 1);
    p->kept = arena_array(a, const bool *, variables + 1);
    p->seen = arena_array(a, uint32_t, p->program->nodes.count + 1);
    if (!can_draw(p)) return NULL;
    close_gaps(p);
    keep_lets(p);
    p->first = first_values(p);
    for (variable v = 0; v < variables; v++) {
        if (!changes(p, v)) continue;
        uint64_t size = model_size(m, program_variable(p->program, v)->axes);
        p->values[v] = arena_take_aligned(a, (size + !size) * sizeof **p->values);
        for (uint64_t i = 0; i < size; i++) p->values[v][i] = m->values[v] ? m->values[v][i] : p->first[v];
        m->values[v] = p->values[v];
    }
    p->lagged = has_lags(p);
    return p;
}

model prior_model(const model *m, arena *a) {
    model copy = *m;
    copy.arena = a;
    copy.values = arena_array(a, const double *, m->program->variables.count + 1);
    memcpy(copy.values, m->values, m->program->variables.count * sizeof *copy.values);
    copy.axes = arena_array(a, bound_axis, m->program->axes.count + 1);
    memcpy(copy.axes, m->axes, m->program->axes.count * sizeof *copy.axes);
    return copy;
}

bool prior_draw(diagnostics *d, model *m, const bool *given, uint64_t seed, arena *a) {
    prior *p = prior_new(d, m, given, false, a);
    if (!p) return false;
    p->seed = seed;
    if (p->lagged) open_statements(p);
    bool good = p->lagged ? run_rounds(p) : run_once(p);
    close_statements(p);
    if (!good) return false;
    copy_latents(p);
    compute_reported(p);
    return true;
}

/* ---- many draws ---- */

prior *prior_open(diagnostics *d, model *m, const bool *given, arena *a) {
    prior *p = prior_new(d, m, given, true, a);
    if (p) open_statements(p);
    if (p) copy_latents(p);
    return p;
}

double *prior_values(prior *p, variable v) { return p->values[v]; }
void prior_keep(prior *p, variable v, const bool *kept) { p->kept[v] = kept; }

/* A lag must find the same in each draw, whatever was there before. */
static void forget(prior *p) {
    for (uint32_t i = 0; i < p->count; i++) {
        variable v = p->all[i].draw->of;
        uint64_t size = model_size(p->model, program_variable(p->program, v)->axes);
        for (uint64_t e = 0; e < size; e++)
            if (!p->kept[v] || !p->kept[v][e]) p->values[v][e] = p->first[v];
    }
}

bool prior_run(prior *p, uint64_t seed) {
    p->seed = seed;
    if (p->lagged) {
        forget(p);
        return run_rounds(p);
    }
    for (uint32_t i = 0; i < p->count; i++) {
        run_statement(p, &p->all[i]);
        if (!check_values(p, &p->all[i])) return false;
    }
    return true;
}
