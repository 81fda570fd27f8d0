#include "runtime/infer/space.h"

#include <assert.h>
#include <math.h>
#include <string.h>
#include "autodiff/machine.h"
#include "autodiff/passes.h"
#include "runtime/infer/relaxation.h"
#include "runtime/infer/transforms.h"

/* Whether a node needs a latent; *itself where it needs v, or one that is summed out and has no value. */
static bool needs_latent(const program *p, node n, variable v, bool *seen, bool *itself) {
    if (seen[n]) return false;
    seen[n] = true;
    const node_row *x = program_node(p, n);
    bool found = x->op == NODE_carried;
    if (x->op == NODE_variable) {
        const variable_row *row = program_variable(p, x->variable);
        if (x->variable == v || row->kind == VARIABLE_summed) *itself = true;
        if (row->kind == VARIABLE_latent) {
            bool around = row->placement && row->placement->parts && program_variable(p, v)->placement->parts;
            if (around) needs_latent(p, row->placement->value, v, seen, itself);
            return true;
        }
        return row->kind != VARIABLE_data && row->value && needs_latent(p, row->value, v, seen, itself);
    }
    for (int i = 0; i < node_inputs(x->op); i++)
        if (needs_latent(p, x->in[i], v, seen, itself)) found = true;
    return found;
}

static bool can_move(const program *p, variable v, arena *a) {
    const location_scale *x = program_variable(p, v)->placement;
    bool itself = false;
    return x && needs_latent(p, x->value, v, arena_array(a, bool, p->nodes.count), &itself) && !itself;
}

space space_new(const model *m, const variable *of, uint32_t count, bool centred, arena *a) {
    space s = {.model = m,
               .count = count,
               .of = arena_array(a, variable, count),
               .offset = arena_array(a, uint64_t, count)};
    s.movable = arena_array(a, bool, count);
    for (uint32_t i = 0; i < count; i++) {
        s.of[i] = of[i];
        s.offset[i] = s.size;
        s.size += transform_size(m, of[i]);
        s.movable[i] = !centred && can_move(m->program, of[i], a);
    }
    s.centring = arena_array(a, double, s.size);
    for (uint64_t i = 0; i < s.size; i++) s.centring[i] = 1;
    for (uint32_t i = 0; i < count; i++)
        if (s.movable[i]) memset(s.centring + s.offset[i], 0, transform_size(m, of[i]) * sizeof(double));
    return s;
}

space space_of_latents(const model *m, bool centred, arena *a) {
    const program *p = m->program;
    variable *of = arena_array(a, variable, p->variables.count);
    uint32_t count = 0;
    for (variable v = 0; v < p->variables.count; v++)
        if (program_variable(p, v)->kind == VARIABLE_latent) of[count++] = v;
    return space_new(m, of, count, centred, a);
}

static bool is_looped(const program *p, node n, bool *seen) {
    if (seen[n]) return false;
    seen[n] = true;
    const node_row *x = program_node(p, n);
    bool found = x->op == NODE_scan;
    for (int i = 0; !found && i < node_inputs(x->op); i++) found = is_looped(p, x->in[i], seen);
    return found;
}

space *space_without_loops(space *s, arena *a) {
    const program *p = s->model->program;
    space *copy = arena_new(a, space);
    *copy = *s;
    copy->movable = arena_array(a, bool, s->count);
    copy->centring = arena_array(a, double, s->size);
    memcpy(copy->centring, s->centring, s->size * sizeof *s->centring);
    bool any = false;
    for (uint32_t i = 0; i < s->count; i++) {
        uint64_t size = transform_size(s->model, s->of[i]);
        bool loops = s->movable[i] && is_looped(p, program_variable(p, s->of[i])->placement->value,
                                                arena_array(a, bool, p->nodes.count));
        copy->movable[i] = s->movable[i] && !loops;
        for (uint64_t e = s->offset[i]; loops && e < s->offset[i] + size; e++) copy->centring[e] = 1;
        any |= loops;
    }
    return any ? copy : s;
}

/* Values on the tape. */

assignment assignment_open(lowering *l) {
    const program *p = l->model->program;
    arena *a = l->tape->arena;
    return (assignment){.lowering = l,
                        .entries = arena_array(a, ref, p->variables.count),
                        .centring = arena_array(a, ref, p->variables.count),
                        .location = arena_array(a, ref, p->variables.count),
                        .log_scale = arena_array(a, ref, p->variables.count),
                        .statement = arena_array(a, const draw *, p->variables.count),
                        .kept = arena_array(a, axes, p->variables.count),
                        .own_jacobian = arena_array(a, ref, p->variables.count),
                        .seen = arena_array(a, bool, p->nodes.count),
                        .log_jacobian = tape_number(l->tape, 0)};
}

void assignment_from_space(assignment *a, const space *s, ref u, axis joint) {
    tape *t = a->lowering->tape;
    for (uint32_t i = 0; i < s->count; i++) {
        axes own = transform_axes(a->lowering, s->of[i]);
        a->entries[s->of[i]] = tape_slice(t, u, joint, s->offset[i], own);
        if (s->movable[i]) a->centring[s->of[i]] = tape_input(t, own);
    }
}

void space_bind(const space *s, uint32_t first_slot, struct machine *m) {
    for (uint32_t i = 0; i < s->count; i++)
        if (s->movable[i]) machine_bind(m, first_slot++, s->centring + s->offset[i]);
}

/* Sets whatever a node needs. */
static void prepare(assignment *a, node n) {
    if (a->seen[n]) return;
    a->seen[n] = true;
    const program *p = a->lowering->model->program;
    const node_row *x = program_node(p, n);
    if (x->op == NODE_variable) {
        const variable_row *row = program_variable(p, x->variable);
        if (a->entries[x->variable] || a->statement[x->variable]) assignment_set(a, x->variable);
        else if (row->kind != VARIABLE_data && row->kind != VARIABLE_param && row->value)
            prepare(a, row->value);
        return;
    }
    for (int i = 0; i < node_inputs(x->op); i++) prepare(a, x->in[i]);
}

static void add_jacobian(assignment *a, variable v, ref log_jacobian) {
    ref *sum = a->kept[v].count ? &a->own_jacobian[v] : &a->log_jacobian;
    *sum = *sum ? tape_map2(a->lowering->tape, OP_add, *sum, log_jacobian) : log_jacobian;
}

/* y from u where the centring of v is free. */
static ref placed(assignment *a, variable v, ref u) {
    lowering *l = a->lowering;
    const location_scale *x = program_variable(l->model->program, v)->placement;
    lower_set(l, x->coordinate, u);
    lower_set(l, x->centring, a->centring[v]);
    prepare(a, x->value);
    return lower_node(l, x->value);
}

/* Of x, which is set, and which location and scale may need lags of. */
static void add_stretch(assignment *a, variable v) {
    lowering *l = a->lowering;
    tape *t = l->tape;
    const location_scale *x = program_variable(l->model->program, v)->placement;
    a->location[v] = lower_node(l, x->location);
    a->log_scale[v] = tape_map1(t, OP_log, lower_node(l, x->scale));
    ref rest = tape_map2(t, OP_sub, tape_number(t, 1), a->centring[v]);
    ref stretch = tape_map2(t, OP_mul, rest, a->log_scale[v]);
    add_jacobian(a, v, tape_sum(t, stretch, axes_minus(transform_axes(l, v), a->kept[v])));
}

static ref drawn(assignment *a, const draw *s) {
    lowering *l = a->lowering;
    gradient_choice how = a->how ? a->how[s->of] : (gradient_choice){ESTIMATOR_auto, 0};
    if (gradient_is_relaxed(how))
        return relaxed_draw(l, s, how.temperature, how.kind == ESTIMATOR_straight_through);
    ref x = tape_expand(l->tape, lower_node(l, s->sample),
                        lower_axes(l, program_variable(l->model->program, s->of)->axes));
    /* what has a derivative though it is not that of the draw, as that of a gamma by its rate alone */
    bool held = !s->pathwise || gradient_is_scored(how) || how.kind == ESTIMATOR_enumerate;
    return held ? tape_map1(l->tape, OP_stop, x) : x;
}

void assignment_set(assignment *a, variable v) {
    lowering *l = a->lowering;
    if (l->variables[v]) return;
    const variable_row *row = program_variable(l->model->program, v);
    l->tape->at = row->at;
    if (a->statement[v]) {
        prepare(a, a->statement[v]->sample);
        lower_set(l, v, drawn(a, a->statement[v]));
        return;
    }
    ref u = a->entries[v], log_jacobian;
    assert(u);
    if (row->type.support == SUPPORT_interval) {
        if (row->type.lower) prepare(a, row->type.lower);
        if (row->type.upper) prepare(a, row->type.upper);
    }
    if (a->centring[v]) u = placed(a, v, u);
    lower_set(l, v, transform_constrain(l, v, u, a->kept[v], &log_jacobian));
    if (variable_is_latent(row)) add_jacobian(a, v, log_jacobian);
    if (a->centring[v]) add_stretch(a, v);
}

void assignment_set_all(assignment *a) {
    const program *p = a->lowering->model->program;
    for (variable v = 0; v < p->variables.count; v++)
        if (a->entries[v] || a->statement[v]) assignment_set(a, v);
}

/* Whether the prior has a location that is known before any latent is, and not written as 0. */
static bool has_fixed_location(const space *s, uint32_t i, arena *a) {
    const program *p = s->model->program;
    const location_scale *x = program_variable(p, s->of[i])->placement;
    if (!x || s->movable[i]) return false;
    const node_row *location = program_node(p, x->location);
    if (location->op == NODE_number && location->number == 0) return false;
    bool itself = false;
    return !needs_latent(p, x->location, s->of[i], arena_array(a, bool, p->nodes.count), &itself) && !itself;
}

void space_origin(const space *s, double *x, arena *scratch) {
    memset(x, 0, s->size * sizeof *x);
    bool *fixed = arena_array(scratch, bool, s->count), any = false;
    for (uint32_t i = 0; i < s->count; i++) any |= fixed[i] = has_fixed_location(s, i, scratch);
    if (!any) return;
    tape written, run;
    tape_open(&written, scratch);
    lowering l = lower_open(s->model, &written, 1);
    for (uint32_t i = 0; i < s->count; i++) {
        if (!fixed[i]) continue;
        node location = program_variable(s->model->program, s->of[i])->placement->location;
        tape_output(&written, tape_expand(&written, lower_node(&l, location), transform_axes(&l, s->of[i])));
    }
    tape_compile(&written, &run, scratch, NULL, NULL);
    machine *m = machine_new(scratch, &run, s->model->team);
    machine_run(m, 0, 0);
    for (uint32_t i = 0, k = 0; i < s->count; i++) {
        if (!fixed[i]) continue;
        const double *location = machine_output(m, k++);
        for (uint64_t e = 0; e < transform_size(s->model, s->of[i]); e++)
            x[s->offset[i] + e] = isfinite(location[e]) ? location[e] : 0;
    }
}

/* The move of one entry: y = (1 - c) location + scale^(1 - c) u. */
static double recentred(double u, double old, double new, double location, double log_scale) {
    double y = (1 - old) * location + exp((1 - old) * log_scale) * u;
    return (y - (1 - new) * location) * exp(-(1 - new) * log_scale);
}

void space_recentre(space *s, const double *centring, double *points, uint64_t count, arena *scratch) {
    tape written, run;
    tape_open(&written, scratch);
    lowering l = lower_open(s->model, &written, 1);
    axis joint = tape_add_axis(&written, "latents", (uint32_t)s->size);
    assignment given = assignment_open(&l);
    assignment_from_space(&given, s, tape_input(&written, axes_one(joint)), joint);
    assignment_set_all(&given);
    for (uint32_t i = 0; i < s->count; i++) {
        if (!s->movable[i]) continue;
        axes own = transform_axes(&l, s->of[i]);
        tape_output(&written, tape_expand(&written, given.location[s->of[i]], own));
        tape_output(&written, tape_expand(&written, given.log_scale[s->of[i]], own));
    }
    tape_compile(&written, &run, scratch, NULL, NULL);
    machine *m = machine_new(scratch, &run, s->model->team);
    space_bind(s, 1, m);
    for (uint64_t b = 0; b < count; b++) {
        double *u = points + b * s->size;
        machine_bind(m, 0, u);
        machine_run(m, 0, 0);
        for (uint32_t i = 0, k = 0; i < s->count; i++) {
            if (!s->movable[i]) continue;
            const double *location = machine_output(m, k++), *log_scale = machine_output(m, k++);
            for (uint64_t e = 0, at = s->offset[i]; e < transform_size(s->model, s->of[i]); e++, at++)
                u[at] = recentred(u[at], s->centring[at], centring[at], location[e], log_scale[e]);
        }
    }
    memcpy(s->centring, centring, s->size * sizeof *centring);
}
