/* Sticking the landing (Roeder, Wu and Duvenaud, NeurIPS 2017): of log q only the derivative along the sample
 * is taken, since the other has expectation 0; at the optimum of an exact guide the gradient then has no
 * noise. A statement's log q is lowered once more with stopped parameters; a family's has the score -L^-T e
 * at u = m + L e, which enters as u' stop(L^-T e). Where the library has the KL of a statement to the model's
 * in closed form, that takes the place of both. */
#include "runtime/infer/guide.h"

#include <math.h>
#include "autodiff/machine.h"
#include "autodiff/passes.h"
#include "runtime/infer/net_start.h"
#include "runtime/infer/transforms.h"

static const double FIRST_LOG_SCALE = -1;

static bool check_statements(diagnostics *d, const program *p) {
    bool good = true;
    for (uint32_t i = 0; i < p->guide.count; i++) {
        const draw *s = &p->guide.at[i];
        if (s->sample && s->pathwise) continue;
        good = false;
        advise(d,
               diagnose(d, DIAGNOSTIC_unsupported, s->at,
                        "draws of `%s` cannot be differentiated, so its guide cannot be fitted yet",
                        s->distribution),
               "use a distribution whose draws are a function of its parameters, such as normal or "
               "lognormal, or leave "
               "the latent to `rest ~ mean_field()`");
    }
    return good;
}

static void add_part(guide *g, part b, arena *a) {
    b.offset = g->size;
    g->size += b.size;
    push(a, &g->parts, b);
}

static void add_family(guide *g, family_kind kind, const variable *of, uint32_t count, arena *a) {
    uint32_t f = g->family_count++;
    g->kinds[f] = kind;
    g->spaces[f] = space_new(g->model, of, count, true, a);
    uint64_t n = g->spaces[f].size;
    add_part(g, (part){PART_location, 0, f, 0, n}, a);
    add_part(g, (part){PART_scale, 0, f, 0, n}, a);
    if (kind == FAMILY_full_rank) add_part(g, (part){PART_factor, 0, f, 0, n * n}, a);
}

guide *guide_new(diagnostics *d, const model *m, bool full_rank, arena *a) {
    const program *p = m->program;
    if (!check_statements(d, p)) return NULL;
    guide *g = arena_new(a, guide);
    *g = (guide){.model = m,
                 .kinds = arena_array(a, family_kind, p->families.count + 1),
                 .spaces = arena_array(a, space, p->families.count + 1)};
    bool *covered = arena_array(a, bool, p->variables.count);
    for (variable v = 0; v < p->variables.count; v++) {
        variable_kind kind = program_variable(p, v)->kind;
        if (kind == VARIABLE_param || kind == VARIABLE_free)
            add_part(g, (part){PART_variable, v, 0, 0, transform_size(m, v)}, a);
    }
    for (uint32_t i = 0; i < p->guide.count; i++) covered[p->guide.at[i].of] = true;
    for (uint32_t f = 0; f < p->families.count; f++) {
        const family *x = &p->families.at[f];
        for (uint32_t i = 0; i < x->count; i++) covered[x->of[i]] = true;
        add_family(g, x->chosen ? full_rank ? FAMILY_full_rank : FAMILY_mean_field : x->kind, x->of, x->count,
                   a);
    }
    variable *rest = arena_array(a, variable, p->variables.count);
    uint32_t count = 0;
    for (variable v = 0; v < p->variables.count; v++)
        if (program_variable(p, v)->kind == VARIABLE_latent && !covered[v]) rest[count++] = v;
    if (count) add_family(g, full_rank ? FAMILY_full_rank : FAMILY_mean_field, rest, count, a);
    return g;
}

static double *part_start(const guide *g, part_kind kind, uint32_t family, double *x) {
    for (uint32_t b = 0; b < g->parts.count; b++)
        if (g->parts.at[b].kind == kind && g->parts.at[b].family == family) return x + g->parts.at[b].offset;
    return NULL;
}

void guide_start(const guide *g, uint64_t seed, double *x, arena *a) {
    tape written, run;
    tape_open(&written, a);
    lowering l = lower_open(g->model, &written, 1);
    uint32_t *output = arena_array(a, uint32_t, g->parts.count);
    for (uint32_t b = 0; b < g->parts.count; b++) {
        const part *k = &g->parts.at[b];
        const variable_row *v = program_variable(g->model->program, k->of);
        if (k->kind != PART_variable || !v->value) continue;
        ref start = tape_expand(&written, lower_node(&l, v->value), lower_axes(&l, v->axes));
        lower_set(&l, k->of, start);
        output[b] = 1 + tape_output(&written, tape_expand(&written, transform_unconstrain(&l, k->of, start),
                                                          transform_axes(&l, k->of)));
    }
    tape_compile(&written, &run, a, NULL, NULL);
    machine *m = machine_new(a, &run);
    machine_run(m, seed, 0);
    for (uint32_t b = 0; b < g->parts.count; b++) {
        const part *k = &g->parts.at[b];
        const double *from = output[b] ? machine_output(m, output[b] - 1) : NULL;
        for (uint64_t i = 0; i < k->size; i++) {
            x[k->offset + i] = k->kind == PART_scale ? FIRST_LOG_SCALE : 0;
            if (from && isfinite(from[i])) x[k->offset + i] = from[i];
        }
    }
    for (uint32_t f = 0; f < g->family_count; f++)
        net_start(&g->spaces[f], seed, part_start(g, PART_location, f, x), part_start(g, PART_scale, f, x),
                  a);
}

/* Writing it. */

typedef struct writer {
    const guide *guide;
    tape *t;
    lowering *l;
    assignment given;
    axis *rows, *columns; /* by family: of its latents, and the same once more for a factor */
    guide_tape out;
} writer;

static void add_to(writer *w, ref *sum, ref x) { *sum = tape_map2(w->t, OP_add, *sum, x); }
static void take_from(writer *w, ref *sum, ref x) { *sum = tape_map2(w->t, OP_sub, *sum, x); }

static ref write_input(writer *w, const part *b) {
    if (b->kind == PART_variable) return tape_input(w->t, transform_axes(w->l, b->of));
    axes own = axes_one(w->rows[b->family]);
    return tape_input(w->t, b->kind == PART_factor ? axes_with(own, w->columns[b->family]) : own);
}

static void write_inputs(writer *w) {
    const guide *g = w->guide;
    w->out.parts = arena_array(w->t->arena, ref, g->parts.count);
    w->rows = arena_array(w->t->arena, axis, g->family_count);
    w->columns = arena_array(w->t->arena, axis, g->family_count);
    for (uint32_t f = 0; f < g->family_count; f++) {
        w->rows[f] = tape_add_axis(w->t, "latents", (uint32_t)g->spaces[f].size);
        w->columns[f] = tape_add_axis(w->t, "latents'", (uint32_t)g->spaces[f].size);
    }
    for (uint32_t b = 0; b < g->parts.count; b++) {
        w->out.parts[b] = write_input(w, &g->parts.at[b]);
        if (g->parts.at[b].kind == PART_variable) w->given.entries[g->parts.at[b].of] = w->out.parts[b];
    }
}

static ref part_of(const writer *w, part_kind kind, uint32_t family) {
    for (uint32_t b = 0; b < w->guide->parts.count; b++)
        if (w->guide->parts.at[b].kind == kind && w->guide->parts.at[b].family == family)
            return w->out.parts[b];
    return 0;
}

/* L: exp(scale) on the diagonal, `below` under it. */
static ref lower_factor(tape *t, ref scale, ref below, axis row, axis column) {
    ref i = tape_position(t, row), j = tape_position(t, column);
    ref under = tape_select(t, tape_map2(t, OP_lt, j, i), below, tape_number(t, 0));
    return tape_select(t, tape_map2(t, OP_eq, i, j), tape_map1(t, OP_exp, scale), under);
}

/* Draws u of a family, e standard normal. */
static void write_family(writer *w, uint32_t family) {
    tape *t = w->t;
    const space *s = &w->guide->spaces[family];
    bool full = w->guide->kinds[family] == FAMILY_full_rank;
    axis row = w->rows[family], column = full ? w->columns[family] : row;
    ref location = part_of(w, PART_location, family), scale = part_of(w, PART_scale, family);
    ref e = tape_random(t, OP_random_normal, 0, 0, axes_with(axes_one(w->l->draw), column)), spread, score;
    if (full) {
        ref factor = lower_factor(t, scale, part_of(w, PART_factor, family), row, column);
        spread = tape_contract(t, factor, e, axes_one(column));
        score = tape_solve_lower_transposed(t, tape_map1(t, OP_stop, factor), e, row, column);
    } else {
        spread = tape_map2(t, OP_mul, tape_map1(t, OP_exp, scale), e);
        score = tape_map2(t, OP_div, e, tape_map1(t, OP_exp, scale));
    }
    ref u = tape_map2(t, OP_add, location, spread);
    add_to(w, &w->out.surrogate,
           tape_sum(t, tape_map2(t, OP_mul, u, tape_map1(t, OP_stop, score)), axes_one(row)));
    ref squares = tape_sum(t, tape_map2(t, OP_mul, e, e), axes_one(column));
    ref log_q = tape_map2(t, OP_sub, tape_map2(t, OP_mul, squares, tape_number(t, -0.5)),
                          tape_sum(t, scale, axes_one(row)));
    log_q = tape_map2(t, OP_sub, log_q, tape_number(t, 0.5 * (double)s->size * log(2 * M_PI)));
    add_to(w, &w->out.log_guide, log_q);
    take_from(w, &w->out.elbo, log_q);
    assignment_from_space(&w->given, s, u, row);
}

/* The same values, of which what is free is stopped and what is drawn is not. */
static lowering with_stopped(writer *w) {
    lowering fork = lower_fork(w->l);
    const program *p = w->l->model->program;
    for (variable v = 0; v < p->variables.count; v++) {
        variable_kind kind = program_variable(p, v)->kind;
        ref x = w->l->variables[v];
        if (kind == VARIABLE_latent) lower_set(&fork, v, x);
        if (kind == VARIABLE_param || kind == VARIABLE_free) lower_set(&fork, v, tape_map1(w->t, OP_stop, x));
    }
    return fork;
}

/* The statements' log q, and their KL where there is one; `closed` is set by variable. */
static void write_statements(writer *w, bool *closed) {
    const program *p = w->l->model->program;
    lowering fork = with_stopped(w);
    for (uint32_t i = 0; i < p->guide.count; i++) {
        const draw *s = &p->guide.at[i];
        ref log_q = lower_draw(&fork, s);
        add_to(w, &w->out.log_guide, log_q);
        closed[s->of] = s->kl != 0;
        ref gap = s->kl ? tape_sum(w->t, lower_node(w->l, s->kl), lower_axes(w->l, s->axes)) : log_q;
        take_from(w, &w->out.surrogate, gap);
        take_from(w, &w->out.elbo, gap);
    }
}

/* The model's terms; those whose latent has a KL in closed form count for the log density alone. */
static void write_model(writer *w, const bool *closed) {
    const program *p = w->l->model->program;
    ref open = w->given.log_jacobian, shut = tape_number(w->t, 0);
    for (uint32_t i = 0; i < p->model.count; i++) {
        const draw *s = &p->model.at[i];
        if (!program_touched(p, s->log_density))
            add_to(w, closed[s->of] ? &shut : &open, lower_draw(w->l, s));
    }
    add_to(w, &open, lower_factors(w->l));
    add_to(w, &open, lower_summed(w->l));
    add_to(w, &w->out.surrogate, open);
    add_to(w, &w->out.elbo, open);
    w->out.log_density = tape_map2(w->t, OP_add, open, shut);
}

guide_tape guide_write(const guide *g, lowering *l) {
    tape *t = l->tape;
    const program *p = g->model->program;
    ref zero = tape_number(t, 0);
    writer w = {.guide = g, .t = t, .l = l, .given = assignment_open(l)};
    w.out = (guide_tape){.log_density = zero, .log_guide = zero, .surrogate = zero, .elbo = zero};
    write_inputs(&w);
    for (uint32_t f = 0; f < g->family_count; f++) write_family(&w, f);
    for (uint32_t i = 0; i < p->guide.count; i++) w.given.statement[p->guide.at[i].of] = &p->guide.at[i];
    assignment_set_all(&w.given);
    bool *closed = arena_array(t->arena, bool, p->variables.count);
    write_statements(&w, closed);
    write_model(&w, closed);
    return w.out;
}
