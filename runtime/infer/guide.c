#include "runtime/infer/guide.h"

#include <assert.h>
#include <math.h>
#include "autodiff/passes.h"
#include "base/rng.h"
#include "runtime/infer/net_start.h"
#include "runtime/infer/transforms.h"

enum { STREAM_SPREAD = 16 };

/* Draws of the start are of a step that no step of the fit has. */
static const uint64_t FIRST_START = UINT64_C(1) << 44;

static bool check_statements(diagnostics *d, const program *p) {
    bool good = true;
    for (uint32_t i = 0; i < p->guide.count; i++) {
        const draw *s = &p->guide.at[i];
        if (s->sample) continue;
        good = false;
        diagnostic *said = diagnose(d, DIAGNOSTIC_unsupported, s->at,
                                    "`%s` cannot be drawn from, so it can be no guide", s->distribution);
        advise(d, said, "use another distribution, or leave the latent to `rest ~ mean_field()`");
    }
    return good;
}

static void add_part(guide *g, part b, arena *a) {
    b.offset = g->size;
    g->size += b.size;
    push(a, &g->parts, b);
}

static void add_family(guide *g, family_kind kind, uint32_t size, const variable *of, uint32_t count,
                       arena *a) {
    if (!count) return;
    guide_family f = {.space = space_new(g->model, of, count, true, a), .first_part = g->parts.count};
    f.layout = family_layout_of(kind, size, f.space.size, a);
    for (uint32_t i = 0; i < f.layout.tensors.count; i++)
        add_part(
            g,
            (part){VARIABLE_NONE, g->families.count, i, 0, tensor_size(&f.layout, &f.layout.tensors.at[i])},
            a);
    push(a, &g->families, f);
}

guide *guide_new(diagnostics *d, const model *m, family_kind family, uint32_t size, arena *a) {
    const program *p = m->program;
    if (!check_statements(d, p)) return NULL;
    guide *g = arena_new(a, guide);
    *g = (guide){.model = m};
    for (variable v = 0; v < p->variables.count; v++) {
        variable_kind kind = program_variable(p, v)->kind;
        if (kind == VARIABLE_param || kind == VARIABLE_free)
            add_part(g, (part){v, 0, 0, 0, transform_size(m, v)}, a);
    }
    for (uint32_t f = 0; f < p->families.count; f++) {
        const struct family *x = &p->families.at[f];
        bool chosen = x->kind == FAMILY_auto;
        add_family(g, chosen ? family : x->kind, chosen ? size : x->size, x->of, x->count, a);
    }
    return g;
}

static const tensor *tensor_of(const guide *g, const part *k) {
    return &g->families.at[k->family].layout.tensors.at[k->tensor];
}

static void start_tensor(const tensor *t, const part *k, rng *noise, double *x) {
    for (uint64_t i = 0; i < k->size; i++)
        x[i] = t->start + (t->spread > 0 ? t->spread * rng_normal(noise) : 0);
}

void guide_start(const guide *g, uint64_t seed, double *x, arena *a) {
    tape written, run;
    tape_open(&written, a);
    lowering l = lower_open(g->model, &written, 1);
    uint32_t *output = arena_array(a, uint32_t, g->parts.count);
    for (uint32_t b = 0; b < g->parts.count; b++) {
        const part *k = &g->parts.at[b];
        if (k->of == VARIABLE_NONE || !program_variable(g->model->program, k->of)->value) continue;
        const variable_row *v = program_variable(g->model->program, k->of);
        ref start = tape_expand(&written, lower_node(&l, v->value), lower_axes(&l, v->axes));
        lower_set(&l, k->of, start);
        output[b] = 1 + tape_output(&written, tape_expand(&written, transform_unconstrain(&l, k->of, start),
                                                          transform_axes(&l, k->of)));
    }
    tape_compile(&written, &run, a, NULL, NULL);
    machine *m = machine_new(a, &run, g->model->team);
    machine_run(m, seed, FIRST_START);
    rng noise = rng_open(seed, STREAM_SPREAD);
    for (uint32_t b = 0; b < g->parts.count; b++) {
        const part *k = &g->parts.at[b];
        if (k->of == VARIABLE_NONE) {
            start_tensor(tensor_of(g, k), k, &noise, x + k->offset);
            continue;
        }
        const double *from = output[b] ? machine_output(m, output[b] - 1) : NULL;
        for (uint64_t i = 0; i < k->size; i++) x[k->offset + i] = from && isfinite(from[i]) ? from[i] : 0;
    }
    for (uint32_t f = 0; f < g->families.count; f++) {
        const guide_family *k = &g->families.at[f];
        const part *location = &g->parts.at[k->first_part], *scale = location + 1;
        net_start(&k->space, seed, x + location->offset, x + scale->offset, a);
    }
}

double guide_pace(const guide *g, const part *k) {
    return k->of == VARIABLE_NONE ? tensor_of(g, k)->pace : 1;
}

void guide_units(const guide *g, const double *x, double *unit) {
    for (uint32_t b = 0; b < g->parts.count; b++) {
        const part *k = &g->parts.at[b];
        const tensor *t = k->of == VARIABLE_NONE ? tensor_of(g, k) : NULL;
        const double *scale = t ? x + g->parts.at[g->families.at[k->family].first_part + 1].offset : NULL;
        for (uint64_t i = 0; i < k->size; i++)
            unit[k->offset + i] = !t                      ? 0.1 + 0.2 * fabs(x[k->offset + i])
                                  : t->unit == UNIT_one   ? 1
                                  : t->unit == UNIT_scale ? exp(scale[i])
                                                          : INFINITY;
    }
}

/* Writing it. */

/* A param or `?` over an axis that is visited in parts has all its entries among the inputs. */
static ref write_variable(lowering *l, variable v) {
    return tape_input(l->tape, transform_axes(l->whole ? l->whole : l, v));
}

static ref at_rows(lowering *l, ref x) {
    axis all = l->whole ? l->whole->axes[l->batch] : AXIS_NONE;
    return l->whole && axes_has(tape_at(l->tape, x)->axes, all) ? tape_gather(l->tape, x, l->rows, all) : x;
}

static void stop_refinement(lowering *l) {
    const program *p = l->model->program;
    ref *live = l->given;
    if (!live) return;
    l->given = arena_array(l->tape->arena, ref, p->nodes.count);
    for (node n = 1; n < p->nodes.count; n++)
        if (live[n]) l->given[n] = tape_map1(l->tape, OP_stop, live[n]);
}

static lowering with_stopped(const lowering *l) {
    lowering fork = lower_fork(l);
    stop_refinement(&fork);
    const program *p = l->model->program;
    for (variable v = 0; v < p->variables.count; v++) {
        variable_kind kind = program_variable(p, v)->kind;
        ref x = l->variables[v];
        if (kind == VARIABLE_latent) lower_set(&fork, v, x);
        if (kind == VARIABLE_param || kind == VARIABLE_free)
            lower_set(&fork, v, tape_map1(l->tape, OP_stop, x));
    }
    return fork;
}

static ref moved_argument(lowering *l, const refined_argument *k, ref base, ref move) {
    tape *t = l->tape;
    if (k->kind == ARGUMENT_real) return tape_map2(t, OP_add, base, move);
    if (k->kind == ARGUMENT_positive) return tape_map2(t, OP_mul, base, tape_map1(t, OP_exp, move));
    if (k->kind == ARGUMENT_unit)
        return tape_map1(t, OP_expit, tape_map2(t, OP_add, tape_map1(t, OP_logit, base), move));
    ref scores = tape_map2(t, OP_add, tape_map1(t, OP_log, base), move);
    ref total = tape_reduce(t, OP_log_sum_exp, scores, lower_axes(l, axes_one(k->event)));
    return tape_map1(t, OP_exp, tape_map2(t, OP_sub, scores, total));
}

/* What was refined takes the place of what the program computes. */
static void write_refinement(lowering *l, refinement *r) {
    tape *t = l->tape;
    l->given = arena_array(t->arena, ref, l->model->program->nodes.count);
    for (uint32_t i = 0; i < r->arguments.count; i++) {
        refined_argument *k = &r->arguments.at[i];
        axes own = lower_axes(l, k->axes);
        k->slot = t->slots;
        k->moved = r->moves ? tape_input(t, own) : tape_data(t, k->move, own);
        l->given[k->node] = moved_argument(l, k, tape_data(t, k->base, own), k->moved);
    }
}

static const gradient_choice *choices_of(const program *p, const options *o, arena *a) {
    if (!o) return NULL;
    gradient_choice *how = arena_array(a, gradient_choice, p->variables.count);
    for (uint32_t i = 0; i < p->guide.count; i++)
        how[p->guide.at[i].of] = gradient_of(p, o, p->guide.at[i].of);
    return how;
}

const family_axes *guide_write_parts(const guide *g, lowering *l, guide_tape *out) {
    tape *t = l->tape;
    out->parts = arena_array(t->arena, ref, g->parts.count);
    out->visited = arena_array(t->arena, ref, g->parts.count);
    family_axes *on = arena_array(t->arena, family_axes, g->families.count);
    for (uint32_t f = 0; f < g->families.count; f++) on[f] = family_add_axes(&g->families.at[f].layout, t);
    for (uint32_t b = 0; b < g->parts.count; b++) {
        const part *k = &g->parts.at[b];
        out->visited[b] = out->parts[b] = k->of != VARIABLE_NONE
                                              ? write_variable(l, k->of)
                                              : tape_input(t, tensor_axes(tensor_of(g, k), &on[k->family]));
    }
    return on;
}

guide_tape guide_write(const guide *g, lowering *l, const options *o) {
    tape *t = l->tape;
    const program *p = g->model->program;
    assignment given = assignment_open(l);
    given.how = choices_of(p, o, t->arena);
    guide_tape out = {
        .live = l, .relaxed = o != NULL, .families = arena_array(t->arena, family_draw, g->families.count)};
    const family_axes *on = guide_write_parts(g, l, &out);
    if (l->whole) l->rows = tape_input(t, axes_one(l->axes[l->batch]));
    assert(!l->whole || !g->refinement);
    if (g->refinement) write_refinement(l, g->refinement);
    for (uint32_t b = 0; b < g->parts.count; b++) {
        bool own = g->parts.at[b].of != VARIABLE_NONE;
        out.visited[b] = own ? at_rows(l, out.parts[b]) : out.parts[b];
        if (own) given.entries[g->parts.at[b].of] = out.visited[b];
    }
    for (uint32_t f = 0; f < g->families.count; f++) {
        const guide_family *x = &g->families.at[f];
        out.families[f] = family_write(&x->layout, &on[f], t, out.parts + x->first_part, l->draw);
        assignment_from_space(&given, &x->space, out.families[f].u, on[f].rows);
    }
    for (uint32_t i = 0; i < p->guide.count; i++) given.statement[p->guide.at[i].of] = &p->guide.at[i];
    assignment_set_all(&given);
    out.log_jacobian = given.log_jacobian;
    out.stopped = with_stopped(l);
    return out;
}

typedef struct settling {
    const guide *guide;
    const double *x;
} settling;

static ref settle(const rewriting *w, instruction x) {
    const settling *s = w->user;
    if (x.op != OP_input || x.attribute >= s->guide->parts.count) return pass_emit(w, x);
    return tape_data(w->to, s->x + s->guide->parts.at[x.attribute].offset, x.axes);
}

machine *guide_machine(const guide *g, const double *x, const tape *written, arena *a) {
    tape settled, *run = arena_new(a, tape);
    tape_open(&settled, written->arena);
    pass_rewrite(written, &settled, settle, &(settling){g, x});
    tape_compile(&settled, run, a, NULL, NULL);
    return machine_new(a, run, g->model->team);
}
