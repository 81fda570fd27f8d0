#include "autodiff/plan.h"

#include <assert.h>
#include "autodiff/layers.h"
#include "autodiff/loop.h"
#include "autodiff/partition.h"

/* Working state of the planner; every function takes one. */
typedef struct planner {
    plan *plan;
    arena *arena;
    const tape *tape;
    value *values;
    bool keep_all;
    uint32_t *registers;  /* of a region: by ref, the register that holds a value or its loaded entries */
    uint32_t *registered; /* … in which step */
    uint32_t *uses;       /* by ref: how many operands of live instructions it is */
    bool *summed;         /* by ref: a product that is multiplied where it is summed */
    const bool *layered;  /* by axis: makes layers */
    placement *places;    /* by ref: what is put side by side */
    row_reads *reads;     /* by ref: what reads rows where they lie */
    bool *by_entry;       /* by ref: is read elementwise, perhaps through views */
} planner;

static const instruction *code(const planner *p, ref r) { return &p->tape->code.at[r]; }
static int inputs(const planner *p, ref r) {
    if (p->reads[r].count) return (int)p->reads[r].count;
    uint32_t placed = p->places ? p->places[r].count : 0;
    return (int)(placed ? placed : tape_operands(p->tape, r).count);
}

static ref input(const planner *p, ref r, int i) {
    if (p->reads[r].count) return p->reads[r].at[i];
    bool placed = p->places && p->places[r].count;
    return placed ? code(p, p->places[r].at[i])->in[0] : tape_operands(p->tape, r).at[i];
}

/* What is alive, and what it depends on. */

/* Whether a scan reads its operand i entry by entry. */
static bool is_slice(const planner *p, ref r, int i) {
    const scan *s = tape_scan(p->tape, r);
    return (uint32_t)i >= s->carries && axes_has(code(p, s->operands[i])->axes, s->along);
}

/* Whether r reads its input i not block by block, but where it lies. */
static bool is_whole_row_read(const planner *p, ref r, int i) {
    const row_reads *l = &p->reads[r];
    return l->count && ((uint32_t)i < l->others || code(p, r)->op != OP_mixture);
}

static void mark(planner *p) {
    const tape *t = p->tape;
    for (uint32_t k = 0; k < t->outputs.count; k++) {
        value *v = &p->values[t->outputs.at[k]];
        v->form = VALUE_block;
        v->dense = true;
    }
    for (ref r = t->code.count; r-- > 1;)
        if (p->values[r].form != VALUE_dead)
            for (int i = 0; i < inputs(p, r); i++) {
                p->values[input(p, r, i)].form = VALUE_block;
                p->uses[input(p, r, i)]++;
                if (code(p, r)->op == OP_scan && !is_slice(p, r, i)) p->values[input(p, r, i)].dense = true;
                if (is_whole_row_read(p, r, i)) p->values[input(p, r, i)].dense = true;
            }
}

static bool is_view_op(op f) { return f == OP_slice || f == OP_rename || f == OP_expand; }

static void find_read_by_entry(planner *p) {
    for (ref r = p->tape->code.count; r-- > 1;) {
        op f = code(p, r)->op;
        bool reads = op_kind_of(f) == KIND_MAP || f == OP_sum || (is_view_op(f) && p->by_entry[r]);
        value_form form = p->values[r].form;
        if (form == VALUE_dead || form == VALUE_placed || p->places[r].count) reads = false;
        for (int i = 0; i < inputs(p, r) && reads; i++) p->by_entry[input(p, r, i)] = true;
    }
}

/* What goes into a sum of places is not computed by itself. */
static void find_places(planner *p) {
    uint32_t count = p->tape->code.count;
    bool *gone = arena_array(p->arena, bool, count), *kept = arena_array(p->arena, bool, count);
    for (ref r = 1; r < count; r++) kept[r] = p->values[r].dense;
    p->places = places_find(p->tape, p->uses, kept, !p->keep_all, gone, p->arena);
    for (ref r = 1; r < count; r++)
        if (gone[r]) p->values[r].form = VALUE_placed;
}

static bool computed_once(const planner *p, ref r) {
    op f = code(p, r)->op;
    if (f == OP_input || op_kind_of(f) == KIND_RANDOM) return false;
    for (int i = 0; i < inputs(p, r); i++)
        if (!p->values[input(p, r, i)].fixed) return false;
    return true;
}

/* A product all of whose axes both factors have: a sum over products of single entries. */
static bool is_dot(const planner *p, ref r) {
    const instruction *x = code(p, r);
    return x->op == OP_contract && !p->reads[r].count &&
           axes_within(x->axes, axes_common(code(p, x->in[0])->axes, code(p, x->in[1])->axes));
}

static rows_product rows_of(const planner *p, ref r) {
    const instruction *x = code(p, r);
    return rows_find(p->tape, r, &p->values[x->in[0]].layout, &p->values[x->in[1]].layout);
}

static value_form form_of(const planner *p, ref r) {
    op f = code(p, r)->op;
    if (p->values[r].rows == ROWS_dot || layers_summed(p->tape, r, p->layered)) return VALUE_block;
    if (p->places[r].count) return VALUE_whole;
    if (p->reads[r].count) return f == OP_contract || f == OP_mixture ? VALUE_block : VALUE_whole;
    switch (op_kind_of(f)) {
    case KIND_LEAF: return VALUE_leaf;
    case KIND_MAP:
    case KIND_RANDOM: return VALUE_block;
    case KIND_MOVE:
        if (f == OP_gather) return VALUE_block;
        return f == OP_scatter || f == OP_place ? VALUE_whole : VALUE_view;
    default: return f == OP_scan_result ? VALUE_view : VALUE_whole;
    }
}

/* The layout of a slice, a rename, an expansion or a loop's result within the root of what it is taken from.
 */
static layout view_layout(const planner *p, ref r) {
    const instruction *x = code(p, r);
    if (x->op == OP_scan_result) return loop_layout(p->plan, r);
    const layout *from = &p->values[x->in[0]].layout;
    layout l = {.offset = from->offset, .axes = x->axes};
    if (x->op == OP_rename) {
        for (int i = 0; i < l.axes.count; i++)
            l.stride[i] =
                layout_stride(from, l.axes.at[i] == x->attribute2 ? (axis)x->attribute : l.axes.at[i]);
        return l;
    }
    for (int i = 0; i < l.axes.count; i++) l.stride[i] = layout_stride(from, l.axes.at[i]);
    if (x->op == OP_slice) {
        int64_t stride = layout_stride(from, (axis)x->attribute);
        l.offset += x->offset * (uint64_t)stride;
        for (int i = l.axes.count; i-- > 0;) {
            if (axes_has(from->axes, l.axes.at[i])) continue;
            l.stride[i] = stride;
            stride *= p->tape->axes.at[l.axes.at[i]].size;
        }
    }
    return l;
}

/* Whether an axis was renamed to another place in the order of axes, so that what reads entry by entry would
 * have to jump: the entries are put in order once. */
static bool is_out_of_order(const planner *p, ref r) {
    const instruction *x = code(p, r);
    if (x->op != OP_rename || !p->by_entry[r]) return false;
    int last = x->axes.count - 1;
    while (last >= 0 && p->tape->axes.at[x->axes.at[last]].size == 1) last--;
    int64_t stride = last < 0 ? 1 : p->values[r].layout.stride[last];
    return stride != 0 && stride != 1;
}

static void classify(planner *p) {
    for (ref r = 1; r < p->tape->code.count; r++) {
        value *v = &p->values[r];
        if (v->form == VALUE_dead || v->form == VALUE_placed) continue;
        bool loop = code(p, r)->op == OP_scan;
        v->entries = loop ? loop_lay_out(p->plan, r) : tape_size(p->tape, code(p, r)->axes);
        v->fixed = computed_once(p, r);
        if (code(p, r)->op == OP_contract && !is_dot(p, r) && !p->reads[r].count)
            v->rows = rows_of(p, r).form;
        v->form = form_of(p, r);
        if (p->keep_all) v->dense = true;
        if (v->form == VALUE_view) {
            v->layout = view_layout(p, r);
            v->root = p->values[input(p, r, 0)].root;
            if (!v->dense && !is_out_of_order(p, r)) continue;
            if (layout_is_dense(p->tape, &v->layout, code(p, r)->axes)) continue;
            v->form = VALUE_block;
        }
        v->root = r;
        v->layout = layout_dense(p->tape, code(p, r)->axes);
    }
}

/* Levels. */

/* A table has at most this share of what is added into it: a part of a region has a copy of its own. */
enum { TABLE_SHARE = 8 };

/* Sums of elementwise values into the few places of a table, by data. */
static bool is_table(const planner *p, ref r) {
    const instruction *x = code(p, r);
    if (x->op != OP_scatter || code(p, x->in[1])->op != OP_data) return false;
    const value *of = &p->values[x->in[0]];
    axes from = code(p, x->in[0])->axes;
    return of->form == VALUE_block && !of->fixed && of->layer == AXIS_NONE &&
           !axes_has(from, (axis)x->attribute) && axes_within(code(p, x->in[1])->axes, from) &&
           p->values[r].entries <= of->entries / TABLE_SHARE;
}

static bool in_region(const planner *p, ref r) {
    const value *v = &p->values[r];
    if (is_table(p, r)) return true;
    return v->form == VALUE_block || v->rows == ROWS_add || code(p, r)->op == OP_sum || is_dot(p, r);
}

/* Of what is elementwise; a sum has those of what it sums. */
static axis layer_of(const planner *p, ref r) {
    axis layer = AXIS_NONE;
    if (p->values[r].form == VALUE_block) return layers_of(p->tape, r, p->layered);
    for (int i = 0; i < op_inputs(code(p, r)->op) && layer == AXIS_NONE; i++)
        if (p->values[input(p, r, i)].form == VALUE_block) layer = p->values[input(p, r, i)].layer;
    return layer;
}

static axes axes_around(const planner *p, ref r) {
    const instruction *x = code(p, r);
    if (p->values[r].form == VALUE_block) return x->axes;
    if (x->op == OP_scatter) return code(p, x->in[0])->axes;
    if (p->values[r].rows == ROWS_add) return code(p, x->in[rows_of(p, r).vector])->axes;
    axes of = code(p, x->in[0])->axes;
    return x->op == OP_sum ? of : axes_union(of, code(p, x->in[1])->axes);
}

static axes home_of(const planner *p, ref r) {
    axis layer = p->values[r].layer;
    axes of = axes_around(p, r);
    return layer == AXIS_NONE ? of : axes_without(of, layer);
}

/* Whether `user` can read its operand i block by block, while both are computed. */
static bool flows(const planner *p, ref user, int i) {
    ref from = input(p, user, i);
    const value *u = &p->values[user], *v = &p->values[from];
    op f = code(p, user)->op;
    if (is_whole_row_read(p, user, i)) return false;
    if (u->rows == ROWS_dot || (u->rows == ROWS_add && i == rows_of(p, user).matrix)) return false;
    return v->form == VALUE_block && v->fixed == u->fixed && in_region(p, user) && f != OP_gather &&
           f != OP_rename && f != OP_slice && f != OP_expand && f != OP_scan_result &&
           axes_equal(u->home, v->home);
}

static bool is_step(const value *v) { return v->form == VALUE_block || v->form == VALUE_whole; }

static void level(planner *p) {
    uint32_t count = p->tape->code.count;
    for (ref r = 1; r < count; r++) {
        value *v = &p->values[r];
        if (!is_step(v)) continue;
        v->layer = in_region(p, r) && !v->rows ? layer_of(p, r) : AXIS_NONE;
        v->home = in_region(p, r) ? home_of(p, r) : code(p, r)->axes;
        for (int i = 0; i < inputs(p, r) && input(p, r, i); i++) {
            const value *from = &p->values[p->values[input(p, r, i)].root];
            if (!is_step(from) || from->fixed != v->fixed) continue;
            int least = from->level + !flows(p, r, i);
            if (least > v->level) v->level = least;
        }
    }
    int *most = arena_array(p->arena, int, count);
    for (ref r = 0; r < count; r++) most[r] = INT32_MAX;
    for (ref r = count; r-- > 1;) {
        value *v = &p->values[r];
        if (!is_step(v)) continue;
        if (v->form == VALUE_block && most[r] < INT32_MAX && most[r] > v->level) v->level = most[r];
        for (int i = 0; i < inputs(p, r) && input(p, r, i); i++) {
            ref root = p->values[input(p, r, i)].root;
            int here = v->level - !flows(p, r, i);
            if (p->values[root].fixed == v->fixed && here < most[root]) most[root] = here;
        }
    }
}

/* Steps, in the order of their levels, those that are run once first. */

typedef struct draft {
    ref of;
    bool region;
    uint32_t next; /* of the same level, 0 at the end */
} draft;

typedef vector(draft) drafts;

static uint32_t find_region(const planner *p, const drafts *d, uint32_t from, axes home) {
    for (uint32_t k = from; k; k = d->at[k].next)
        if (d->at[k].region && axes_equal(p->values[d->at[k].of].home, home)) return k;
    return 0;
}

static void make_steps(planner *p) {
    uint32_t count = p->tape->code.count;
    int levels = 1;
    for (ref r = 1; r < count; r++)
        if (p->values[r].level >= levels) levels = p->values[r].level + 1;
    uint32_t *first = arena_array(p->arena, uint32_t, 2 * (size_t)levels);
    uint32_t *last = arena_array(p->arena, uint32_t, 2 * (size_t)levels);
    drafts d = {0};
    push(p->arena, &d, (draft){0});
    for (ref r = 1; r < count; r++) {
        value *v = &p->values[r];
        if (!is_step(v)) continue;
        int bucket = v->level + (v->fixed ? 0 : levels);
        bool shared = in_region(p, r);
        uint32_t k = shared ? find_region(p, &d, first[bucket], v->home) : 0;
        if (!k) {
            k = d.count;
            push(p->arena, &d, (draft){r, shared, 0});
            if (first[bucket]) d.at[last[bucket]].next = k;
            else first[bucket] = k;
            last[bucket] = k;
        }
        v->step = k;
    }
    uint32_t *number = arena_array(p->arena, uint32_t, d.count);
    for (int b = 0; b < 2 * levels; b++) {
        if (b == levels) p->plan->fixed_steps = p->plan->steps.count;
        for (uint32_t k = first[b]; k; k = d.at[k].next) {
            number[k] = p->plan->steps.count;
            push(p->plan->arena, &p->plan->steps,
                 (plan_step){.kind = d.at[k].region ? STEP_region : STEP_reduce,
                             .of = d.at[k].of,
                             .level = b % levels,
                             .fixed = b < levels});
        }
    }
    for (ref r = 1; r < count; r++)
        if (is_step(&p->values[r])) p->values[r].step = number[p->values[r].step];
}

/* How long values live, and which have a buffer. */

static void live(planner *p) {
    uint32_t count = p->tape->code.count, end = p->plan->steps.count;
    for (ref r = 1; r < count; r++) {
        value *v = &p->values[r];
        if (v->form == VALUE_dead) continue;
        if (is_step(v)) {
            v->last = v->step;
            if (v->form == VALUE_whole || v->dense) v->stored = true;
        }
        if (v->dense) p->values[v->root].stored = true, p->values[v->root].last = end;
        if (!is_step(v)) continue;
        for (int i = 0; i < inputs(p, r) && input(p, r, i); i++) {
            value *from = &p->values[p->values[input(p, r, i)].root];
            if (!is_step(from)) continue;
            if (from->step != v->step) from->stored = true;
            uint32_t until = from->fixed && !v->fixed ? end : v->step;
            if (until > from->last) from->last = until;
        }
    }
}

/* Regions. Micro-instructions are written with as many registers as they like; then registers get slots of
 * the scratch, which are used again as soon as their contents have been read for the last time. A result may
 * take the slot of an operand, since kernels work in place. */

enum {
    SCRATCH_BYTES = 24 * 1024, /* of the first-level cache; the rest is for direct operands */
    ROWS_BYTES = 128 * 1024    /* of the second-level cache */
};

typedef vector(micro) micros;

typedef struct region_writer {
    planner *planner;
    uint32_t step;
    axes home;
    micros code;
    vector(uint32_t) registers; /* their layers */
    axis layer;                 /* of the micro-instruction that is written */
    uint64_t width;             /* of the widest rows */
    vector(region_sum) sums;
} region_writer;

static const walk *keep_walk(const planner *p, walk w) {
    walk *kept = arena_new(p->plan->arena, walk);
    *kept = w;
    return kept;
}

static const walk *walk_of(const planner *p, axes over, const layout *a, const layout *b, const layout *c) {
    const layout *list[] = {a, b, c};
    return keep_walk(p, walk_over(p->tape, over, list, a && b && c ? 3 : a && b ? 2 : a ? 1 : 0));
}

static uint32_t layer_count(const planner *p, axis layer) {
    return layer == AXIS_NONE ? 1 : p->tape->axes.at[layer].size;
}

static operand register_of(region_writer *w, ref r, axis layer) {
    planner *p = w->planner;
    if (p->registered[r] != w->step + 1) {
        p->registered[r] = w->step + 1;
        p->registers[r] = w->registers.count;
        push(p->arena, &w->registers, layer_count(p, layer));
    }
    return (operand){SOURCE_scratch, p->registers[r], 0, layer != AXIS_NONE};
}

/* What the region itself computes. */
static operand own(region_writer *w, ref r) {
    const value *v = &w->planner->values[r];
    if (!v->stored) return register_of(w, r, v->layer);
    return (operand){SOURCE_value, r, 0, v->layer == AXIS_NONE ? 0 : layout_stride(&v->layout, v->layer)};
}

/* Where value r is within a block: in scratch, in its buffer, or a single number. */
static operand operand_of(region_writer *w, ref r, bool scalar_allowed) {
    planner *p = w->planner;
    const value *v = &p->values[r];
    if (v->form == VALUE_block && v->step == w->step) return own(w, r);
    axis layer = w->layer != AXIS_NONE && axes_has(code(p, r)->axes, w->layer) ? w->layer : AXIS_NONE;
    int64_t apart = layer == AXIS_NONE ? 0 : layout_stride(&v->layout, layer);
    walk along = walk_over(p->tape, w->home, (const layout *const[]){&v->layout}, 1);
    operand direct = {SOURCE_value, v->root, v->layout.offset, apart};
    if (along.entries <= 1 || (along.rank == 1 && along.stride[0][0] == 1)) return direct;
    if (scalar_allowed && along.rank == 1 && along.stride[0][0] == 0) {
        direct.kind = SOURCE_scalar;
        return direct;
    }
    bool loaded = p->registered[r] == w->step + 1;
    operand to = register_of(w, r, layer);
    if (!loaded)
        push(p->arena, &w->code,
             (micro){.kind = MICRO_load,
                     .of = r,
                     .in = {{SOURCE_value, v->root, 0, apart}},
                     .to = to,
                     .layers = layer_count(p, layer),
                     .walk = keep_walk(p, along)});
    return to;
}

typedef void any_kernel(void);

static void write_unary(region_writer *w, ref r, micro m) {
    m.kind = MICRO_unary;
    m.in[0] = operand_of(w, input(w->planner, r, 0), false);
    m.run = (any_kernel *)w->planner->plan->kernels->unary[m.op];
    m.to = own(w, r);
    push(w->planner->arena, &w->code, m);
}

static void write_binary(region_writer *w, ref r, micro m) {
    const kernels *k = w->planner->plan->kernels;
    m.in[0] = operand_of(w, input(w->planner, r, 0), true);
    m.in[1] = operand_of(w, input(w->planner, r, 1), m.in[0].kind != SOURCE_scalar);
    if (m.in[0].kind == SOURCE_scalar) m.kind = MICRO_binary_sv, m.run = (any_kernel *)k->binary_sv[m.op];
    else if (m.in[1].kind == SOURCE_scalar)
        m.kind = MICRO_binary_vs, m.run = (any_kernel *)k->binary_vs[m.op];
    else m.kind = MICRO_binary, m.run = (any_kernel *)k->binary[m.op];
    m.to = own(w, r);
    push(w->planner->arena, &w->code, m);
}

/* Selections, draws and ternary kernels take vectors only. */
static void write_vectors(region_writer *w, ref r, micro m, micro_kind kind) {
    m.kind = kind;
    for (int i = 0; i < inputs(w->planner, r); i++) m.in[i] = operand_of(w, input(w->planner, r, i), false);
    m.to = own(w, r);
    push(w->planner->arena, &w->code, m);
}

static int64_t pitch_of(const region_writer *w, const layout *l) {
    return w->layer == AXIS_NONE ? 0 : layout_stride(l, w->layer);
}

static void write_gather(region_writer *w, ref r, micro m) {
    planner *p = w->planner;
    const value *x = &p->values[input(p, r, 0)], *index = &p->values[input(p, r, 1)];
    axis along = (axis)code(p, r)->attribute;
    layout rest = layout_without(x->layout, along);
    m.kind = MICRO_gather;
    m.in[0] = (operand){SOURCE_value, x->root, 0, pitch_of(w, &rest)};
    m.in[1] = (operand){SOURCE_value, index->root, 0, pitch_of(w, &index->layout)};
    m.walk = walk_of(p, w->home, &rest, &index->layout, NULL);
    m.pitch = layout_stride(&x->layout, along);
    m.reach = p->tape->axes.at[along].size;
    if (index->fixed && !p->values[r].fixed)
        m.index = arena_array(p->plan->arena, int32_t, p->values[index->root].entries);
    m.to = own(w, r);
    push(p->arena, &w->code, m);
}

/* The sum multiplies, whoever else wants the product, so that its bits do not depend on that. */
static bool is_sum_of_product(const planner *p, ref r) {
    ref x = input(p, r, 0);
    return code(p, x)->op == OP_mul && p->values[x].step == p->values[r].step &&
           p->values[x].form == VALUE_block;
}

/* A product that only a sum wants need not be written down. */
static bool is_only_summed(const planner *p, ref r) { return !p->values[r].stored && p->uses[r] == 1; }

static void add_sum(region_writer *w, region_sum s) {
    w->planner->values[s.of].sum = w->sums.count;
    push(w->planner->plan->arena, &w->sums, s);
}

static void write_sum(region_writer *w, ref r, micro m) {
    planner *p = w->planner;
    ref product = m.op == OP_contract ? r : is_sum_of_product(p, r) ? input(p, r, 0) : 0;
    m.kind = product ? MICRO_dot : MICRO_sum;
    for (int i = 0; i < (product ? 2 : 1); i++)
        m.in[i] = operand_of(w, input(p, product ? product : r, i), false);
    m.to = (operand){SOURCE_value, r, 0, pitch_of(w, &p->values[r].layout)};
    m.walk = walk_of(p, w->home, &p->values[r].layout, NULL, NULL);
    uint64_t width = (uint64_t)m.to.layer * (m.layers - 1) + 1;
    add_sum(w, (region_sum){.of = r, .walk = m.walk, .width = width, .each = 1});
    push(p->arena, &w->code, m);
}

/* The places of a sum into a table, if they are known and ascend as the entries of the region do; else NULL.
 */
static const double *ascending_places(const region_writer *w, ref index, uint32_t reach) {
    const instruction *x = code(w->planner, index);
    uint64_t n = tape_size(w->planner->tape, w->home);
    if (x->op != OP_data || !axes_equal(x->axes, w->home) || !n) return NULL;
    for (uint64_t i = 1; i < n; i++)
        if (!(x->pointer[i] >= x->pointer[i - 1])) return NULL;
    return x->pointer[0] >= 1 && x->pointer[n - 1] < (double)reach + 1 ? x->pointer : NULL;
}

static void write_table(region_writer *w, ref r, micro m) {
    planner *p = w->planner;
    axis into = (axis)code(p, r)->attribute;
    const value *index = &p->values[input(p, r, 1)], *table = &p->values[r];
    layout rest = layout_without(table->layout, into);
    m.kind = MICRO_scatter;
    m.in[0] = operand_of(w, input(p, r, 0), false);
    m.in[1] = (operand){SOURCE_value, index->root, 0, 0};
    m.to = (operand){SOURCE_value, r, 0, 0};
    m.walk = walk_of(p, w->home, &rest, &index->layout, NULL);
    m.pitch = layout_stride(&table->layout, into);
    m.reach = p->tape->axes.at[into].size;
    m.index = arena_array(p->plan->arena, int32_t, p->values[index->root].entries);
    uint64_t width = (uint64_t)(m.reach - 1) * (uint64_t)m.pitch + 1;
    const double *places = ascending_places(w, input(p, r, 1), p->tape->axes.at[into].size);
    add_sum(w, (region_sum){
                   .of = r, .walk = m.walk, .width = width, .each = 1, .places = places, .pitch = m.pitch});
    push(p->arena, &w->code, m);
}

static operand whole(const planner *p, ref r) {
    const value *v = &p->values[r];
    return (operand){SOURCE_value, v->root, v->layout.offset, 0};
}

static void write_rows(region_writer *w, ref r, micro m) {
    planner *p = w->planner;
    rows_product rows = rows_of(p, r);
    ref matrix = input(p, r, rows.matrix), vector = input(p, r, rows.vector);
    bool add = rows.form == ROWS_add;
    m.kind = add ? MICRO_rows_add : MICRO_rows_dot;
    m.in[0] = whole(p, matrix);
    m.in[1] = add ? operand_of(w, vector, false) : whole(p, vector);
    m.pitch = rows.pitch, m.step = rows.step, m.width = rows.width;
    m.to = add ? (operand){SOURCE_value, r, 0, 0} : own(w, r);
    const walk *along = walk_of(p, w->home, NULL, NULL, NULL);
    if (add) add_sum(w, (region_sum){.of = r, .walk = along, .width = m.width, .each = m.width});
    if (m.width > w->width) w->width = m.width;
    push(p->arena, &w->code, m);
}

/* What the entries of `over` read of the rows of a value, or write. `row` is not among them. */
static row_lookup lookup_of(const planner *p, row_source s, axis row, axes over, bool fixed) {
    const value *v = &p->values[s.x], *index = &p->values[s.index];
    layout rest = layout_without(v->layout, row);
    row_lookup l = {.root = v->root, .pitch = layout_stride(&rest, s.of), .reach = 1};
    if (s.index) {
        rest = layout_without(rest, s.of);
        l.index = index->root;
        l.reach = p->tape->axes.at[s.of].size;
    }
    l.walk = walk_of(p, over, &rest, s.index ? &index->layout : NULL, NULL);
    if (fixed) l.start = arena_array(p->plan->arena, int32_t, l.walk->entries);
    return l;
}

static bool is_known(const planner *p, ref index) { return !index || p->values[index].fixed; }

static void write_row_reader(region_writer *w, ref r, micro m) {
    planner *p = w->planner;
    const row_reads *l = &p->reads[r];
    m.kind = m.op == OP_mixture ? MICRO_mixture : MICRO_row_product;
    m.rows = arena_array(p->plan->arena, row_lookup, 2);
    m.width = p->tape->axes.at[l->row].size;
    for (int i = 0; i < 2; i++)
        m.rows[i] = lookup_of(p, l->source[i], l->row, w->home,
                              !p->values[r].fixed && is_known(p, l->source[i].index));
    if (m.op == OP_mixture) m.in[0] = operand_of(w, l->at[l->others], false);
    m.to = own(w, r);
    push(p->arena, &w->code, m);
}

/* A view that somebody needs as a value of its own. */
static void write_copy(region_writer *w, ref r, micro m) {
    layout l = view_layout(w->planner, r);
    m.kind = MICRO_load;
    m.in[0] = (operand){SOURCE_value, w->planner->values[input(w->planner, r, 0)].root, 0, 0};
    m.walk = walk_of(w->planner, w->home, &l, NULL, NULL);
    m.to = own(w, r);
    push(w->planner->arena, &w->code, m);
}

static void write_ternary(region_writer *w, ref r, micro m) {
    m.run = (any_kernel *)w->planner->plan->kernels->ternary[m.op];
    write_vectors(w, r, m, MICRO_ternary);
}

static void write_layers(region_writer *w, ref r, micro m) {
    ref x = input(w->planner, r, 0);
    m.kind = MICRO_layers;
    w->layer = w->planner->values[x].layer;
    m.layers = layer_count(w->planner, w->layer);
    m.in[0] = operand_of(w, x, false);
    m.to = own(w, r);
    push(w->planner->arena, &w->code, m);
}

static void write_micro(region_writer *w, ref r) {
    op f = code(w->planner, r)->op;
    if (w->planner->summed[r]) return;
    w->layer = w->planner->values[r].layer;
    micro m = {.op = f, .of = r, .layers = layer_count(w->planner, w->layer)};
    if (f == OP_gather) write_gather(w, r, m);
    else if (w->planner->reads[r].count) write_row_reader(w, r, m);
    else if (w->planner->values[r].rows) write_rows(w, r, m);
    else if (f == OP_scatter) write_table(w, r, m);
    else if (f == OP_sum || f == OP_contract) write_sum(w, r, m);
    else if (f == OP_log_sum_exp) write_layers(w, r, m);
    else if (op_kind_of(f) == KIND_MOVE || f == OP_scan_result) write_copy(w, r, m);
    else if (op_kind_of(f) == KIND_RANDOM) write_vectors(w, r, m, MICRO_random);
    else if (f == OP_select) write_vectors(w, r, m, MICRO_select);
    else if (op_inputs(f) == 1) write_unary(w, r, m);
    else if (op_inputs(f) == 2) write_binary(w, r, m);
    else write_ternary(w, r, m);
}

/* Slots that were freed, by the layers that they have room for. */
typedef struct free_slot {
    uint32_t slot, layers;
} free_slot;

static uint32_t take_slot(free_slot *unused, uint32_t *count, uint32_t layers, uint32_t *slots) {
    for (uint32_t i = *count; i-- > 0;) {
        if (unused[i].layers != layers) continue;
        uint32_t slot = unused[i].slot;
        unused[i] = unused[--*count];
        return slot;
    }
    *slots += layers;
    return *slots - layers;
}

static uint32_t assign_slots(region_writer *w) {
    arena *a = w->planner->arena;
    uint32_t count = w->registers.count, unused_count = 0, slots = 0;
    uint32_t *last = arena_array(a, uint32_t, count), *slot = arena_array(a, uint32_t, count);
    free_slot *unused = arena_array(a, free_slot, count);
    bool *given = arena_array(a, bool, count);
    for (uint32_t i = 0; i < w->code.count; i++)
        for (int k = 0; k < 3; k++)
            if (w->code.at[i].in[k].kind == SOURCE_scratch) last[w->code.at[i].in[k].at] = i;
    for (uint32_t i = 0; i < w->code.count; i++) {
        micro *m = &w->code.at[i];
        for (int k = 0; k < 3; k++) {
            if (m->in[k].kind != SOURCE_scratch) continue;
            uint32_t r = m->in[k].at;
            m->in[k].at = slot[r];
            if (last[r] != i) continue;
            unused[unused_count++] = (free_slot){slot[r], w->registers.at[r]};
            last[r] = 0xffffffff;
        }
        if (m->to.kind != SOURCE_scratch) continue;
        uint32_t r = m->to.at;
        assert(!given[r]);
        given[r] = true;
        m->to.at = slot[r] = take_slot(unused, &unused_count, w->registers.at[r], &slots);
    }
    return slots;
}

/* A region with very many slots has its scratch in the second-level cache, and there are the rows of
 * matrices that it reads twice. */
static uint32_t block_size(precision p, uint32_t slots, uint64_t width) {
    uint32_t size = (uint32_t)element_size(p), chunks = SCRATCH_BYTES / size / (slots ? slots : 1) / CHUNK;
    if (chunks * width > ROWS_BYTES / size / CHUNK) chunks = (uint32_t)(ROWS_BYTES / size / CHUNK / width);
    return chunks == 0 ? CHUNK : chunks * CHUNK > BLOCK_MOST ? BLOCK_MOST : chunks * CHUNK;
}

static void write_region(planner *p, uint32_t k, const ref *members, uint32_t count) {
    region_writer w = {.planner = p, .step = k, .home = p->values[members[0]].home};
    for (uint32_t i = 0; i < count; i++)
        if (code(p, members[i])->op == OP_sum && is_sum_of_product(p, members[i]))
            p->summed[input(p, members[i], 0)] = is_only_summed(p, input(p, members[i], 0));
    for (uint32_t i = 0; i < count; i++) write_micro(&w, members[i]);
    region *g = &p->plan->steps.at[k].region;
    g->axes = w.home;
    g->entries = tape_size(p->tape, w.home);
    g->slots = assign_slots(&w);
    g->block = block_size(p->plan->precision, g->slots, w.width);
    g->count = w.code.count;
    g->micros = arena_array(p->plan->arena, micro, w.code.count);
    memcpy(g->micros, w.code.at, w.code.count * sizeof(micro));
    g->sum_count = w.sums.count;
    g->sums = w.sums.at;
    uint64_t scratch = (uint64_t)g->slots * g->block;
    if (scratch > p->plan->scratch) p->plan->scratch = scratch;
}

static void write_regions(planner *p) {
    uint32_t steps = p->plan->steps.count, count = p->tape->code.count;
    uint32_t *start = arena_array(p->arena, uint32_t, steps + 1);
    ref *members = arena_array(p->arena, ref, count);
    for (ref r = 1; r < count; r++)
        if (is_step(&p->values[r])) start[p->values[r].step + 1]++;
    for (uint32_t k = 0; k < steps; k++) start[k + 1] += start[k];
    uint32_t *fill = arena_array(p->arena, uint32_t, steps);
    for (ref r = 1; r < count; r++)
        if (is_step(&p->values[r])) members[start[p->values[r].step] + fill[p->values[r].step]++] = r;
    for (uint32_t k = 0; k < steps; k++)
        if (p->plan->steps.at[k].kind == STEP_region)
            write_region(p, k, members + start[k], start[k + 1] - start[k]);
}

/* Products of matrices. The axes of c = a b fall into four groups: of the batch (in a, b and c), rows (in a
 * and c), columns (in b and c), and those that are summed. A factor is used where it lies if each of its two
 * groups can be passed with one stride and one of the two strides is 1; otherwise it is copied first. */

/* The layout of a dense matrix with the axes `rows` and then the axes `columns`. */
static layout matrix_layout(const planner *p, axes rows, axes columns) {
    layout r = layout_dense(p->tape, rows), c = layout_dense(p->tape, columns);
    layout l = {.axes = axes_union(rows, columns)};
    int64_t width = (int64_t)tape_size(p->tape, columns);
    for (int i = 0; i < l.axes.count; i++)
        l.stride[i] = axes_has(rows, l.axes.at[i]) ? layout_stride(&r, l.axes.at[i]) * width
                                                   : layout_stride(&c, l.axes.at[i]);
    return l;
}

/* The stride of a group; -1 where it has none. A group of one entry can have any. */
static int64_t group_stride(const planner *p, const layout *l, axes group, int64_t any) {
    walk w = walk_over(p->tape, group, (const layout *const[]){l}, 1);
    if (w.entries == 1) return any;
    return w.rank == 1 && w.stride[0][0] > 0 ? w.stride[0][0] : -1;
}

static matrix_side plan_side(const planner *p, const layout *l, axes rows, axes columns, bool *packed) {
    int64_t m = (int64_t)tape_size(p->tape, rows), n = (int64_t)tape_size(p->tape, columns);
    int64_t down = group_stride(p, l, rows, n), right = group_stride(p, l, columns, 1);
    *packed = false;
    if (right == 1 && down >= n) return (matrix_side){.step = down};
    if (m == 1 && right > 0) down = 1;
    if (n == 1 && down > 0) right = m > down ? m : down;
    if (down == 1 && right >= m) return (matrix_side){.by_columns = true, .step = right};
    *packed = true;
    layout dense = matrix_layout(p, rows, columns);
    layout here = *l;
    here.offset = 0;
    return (matrix_side){
        .packed = true, .step = n, .copy = walk_of(p, axes_union(rows, columns), &here, &dense, NULL)};
}

static void plan_product(planner *p, plan_step *s, ref r) {
    const instruction *x = code(p, r);
    const value *a = &p->values[x->in[0]], *b = &p->values[x->in[1]], *c = &p->values[r];
    axes of_a = code(p, x->in[0])->axes, of_b = code(p, x->in[1])->axes;
    axes batch = axes_common(x->axes, axes_common(of_a, of_b));
    axes rows = axes_minus(axes_common(x->axes, of_a), batch);
    axes columns = axes_minus(axes_common(x->axes, of_b), batch);
    axes summed = axes_minus(axes_common(of_a, of_b), x->axes);
    uint64_t m = tape_size(p->tape, rows), n = tape_size(p->tape, columns), k = tape_size(p->tape, summed);
    assert(m <= INT32_MAX && n <= INT32_MAX && k <= INT32_MAX);
    matrix_product *q = &s->product;
    *q = (matrix_product){.m = (int)m, .n = (int)n, .k = (int)k};
    q->batch = walk_of(p, batch, &a->layout, &b->layout, &c->layout);
    bool packed;
    q->a = plan_side(p, &a->layout, rows, summed, &packed);
    if (packed) q->room[0] = s->work, s->work += m * k;
    q->b = plan_side(p, &b->layout, summed, columns, &packed);
    if (packed) q->room[1] = s->work, s->work += k * n;
    q->c = plan_side(p, &c->layout, rows, columns, &packed);
    if (packed) q->room[2] = s->work, s->work += m * n;
}

/* Square matrices. */

static void plan_square(planner *p, plan_step *s, ref r) {
    const instruction *x = code(p, r);
    axis row = (axis)x->attribute, column = (axis)x->attribute2;
    axes matrix = axes_with(axes_one(row), column), batch = axes_minus(x->axes, matrix);
    layout zero = {0}, dense = matrix_layout(p, axes_one(row), axes_one(column));
    square_matrix *q = &s->square;
    *q = (square_matrix){.n = (int)p->tape->axes.at[row].size};
    layout l = p->values[x->in[0]].layout, c = p->values[r].layout;
    if (x->op == OP_cholesky) {
        q->batch = walk_of(p, batch, &l, &zero, &c);
        l.offset = c.offset = 0;
        q->rows = walk_of(p, matrix, &l, &dense, NULL);
        q->result = walk_of(p, matrix, &c, &dense, NULL);
        s->work = (uint64_t)q->n * q->n;
        return;
    }
    if (x->op == OP_cholesky_back) {
        layout b = p->values[x->in[1]].layout;
        q->batch = walk_of(p, batch, &l, &b, &c);
        l.offset = b.offset = c.offset = 0;
        q->rows = walk_of(p, matrix, &l, &dense, NULL);
        q->right = walk_of(p, matrix, &b, &dense, NULL);
        q->result = walk_of(p, matrix, &c, &dense, NULL);
        s->work = (uint64_t)q->n * q->n * 2;
        return;
    }
    batch = axes_minus(code(p, x->in[0])->axes, matrix);
    q->transposed = x->op == OP_solve_lower_transposed;
    axis given = q->transposed ? column : row, wanted = q->transposed ? row : column;
    layout b = p->values[x->in[1]].layout;
    axes sides = axes_minus(x->axes, axes_with(batch, wanted));
    q->sides = (int)tape_size(p->tape, sides);
    q->batch = walk_of(p, batch, &l, &b, &c);
    l.offset = b.offset = c.offset = 0;
    q->rows = walk_of(p, matrix, &l, &dense, NULL);
    dense = matrix_layout(p, axes_one(given), sides);
    q->right = walk_of(p, axes_with(sides, given), &b, &dense, NULL);
    dense = matrix_layout(p, axes_one(wanted), sides);
    q->result = walk_of(p, axes_with(sides, wanted), &c, &dense, NULL);
    s->work = (uint64_t)q->n * q->n + (uint64_t)q->n * q->sides;
}

/* Steps that walk. */

static void plan_cumulate(planner *p, plan_step *s, ref r) {
    const instruction *x = code(p, r);
    axis along = (axis)x->attribute;
    const layout *from = &p->values[x->in[0]].layout, *to = &p->values[r].layout;
    s->walk = walk_of(p, axes_without(x->axes, along), from, to, NULL);
    s->count = p->tape->axes.at[along].size;
    s->pitch = layout_stride(to, along);
    s->from_pitch = layout_stride(from, along);
}

static void plan_allot(planner *p, plan_step *s, ref r) {
    const instruction *x = code(p, r);
    axis along = (axis)x->attribute;
    const layout *means = &p->values[x->in[0]].layout, *bits = &p->values[x->in[1]].layout,
                 *to = &p->values[r].layout;
    s->walk = walk_of(p, axes_without(x->axes, along), means, bits, to);
    s->count = p->tape->axes.at[along].size;
    s->from_pitch = layout_stride(means, along);
    s->pitch2 = layout_stride(bits, along);
    s->pitch = layout_stride(to, along);
}

/* The order in which a scatter passes its axes: those of the index last, where the entries along them are
 * next to each other. */
static axes scattered_axes(const planner *p, const instruction *x) {
    axes all = axes_union(code(p, x->in[0])->axes, code(p, x->in[1])->axes), index = code(p, x->in[1])->axes;
    axes outer = axes_minus(all, index);
    if (!index.count || layout_stride(&p->values[x->in[0]].layout, index.at[index.count - 1]) != 1)
        return all;
    for (int i = 0; i < index.count; i++) outer.at[outer.count++] = index.at[i];
    return outer;
}

static void plan_scatter(planner *p, plan_step *s, ref r) {
    const instruction *x = code(p, r);
    axis into = (axis)x->attribute;
    layout rest = layout_without(p->values[r].layout, into);
    s->walk =
        walk_of(p, scattered_axes(p, x), &p->values[x->in[0]].layout, &p->values[x->in[1]].layout, &rest);
    s->count = p->tape->axes.at[into].size;
    s->pitch = layout_stride(&p->values[r].layout, into);
    const walk *w = s->walk;
    bool segments = p->values[x->in[1]].fixed && !s->fixed && w->size[w->rank - 1] <= INT32_MAX &&
                    w->stride[w->rank - 1][1] == 1 && w->stride[w->rank - 1][2] == 0;
    for (int d = 0; d < w->rank - 1; d++)
        if (w->stride[d][1] != 0) segments = false;
    if (!segments) return;
    s->segment = arena_array(p->plan->arena, int32_t, s->count + 1);
    s->order = arena_array(p->plan->arena, int32_t, w->size[w->rank - 1]);
    bool apart = w->rank > 1;
    for (int d = 0; d < w->rank - 1; d++)
        if (w->stride[d][2] == 0) apart = false;
    if (apart) s->place = arena_array(p->plan->arena, int32_t, w->size[w->rank - 1]);
}

static void plan_rows(planner *p, plan_step *s, ref r) {
    const row_reads *l = &p->reads[r];
    const ref *others = l->at + l->others;
    arena *a = p->plan->arena;
    row_sum *q = &s->rows;
    *q = (row_sum){.sources = (int)l->sources, .width = p->tape->axes.at[l->row].size};
    if (q->sources == 2) q->bound = p->values[*others++].root;
    q->weight = p->values[others[0]].root;
    axes over = code(p, others[0])->axes;
    row_source to = {r, 0, AXIS_NONE};
    if (s->op == OP_scatter_rows) to.index = others[1], to.of = (axis)code(p, r)->attribute;
    bool known = !s->fixed && q->sources == 1 && is_known(p, l->source[0].index) && is_known(p, to.index);
    q->entries = tape_size(p->tape, over);
    q->rows = p->values[r].entries / q->width;
    for (int i = 0; i < q->sources; i++) q->from[i] = lookup_of(p, l->source[i], l->row, over, false);
    q->to = lookup_of(p, to, l->row, over, known);
    if (!known) return;
    q->segment = arena_array(a, int32_t, q->rows + 1);
    q->entry = arena_array(a, int32_t, q->entries);
    q->start = arena_array(a, int32_t, q->entries);
}

/* The entries that a placed value takes in the result are the slice of it that has the value's axes. */
static const walk *place_walk(const planner *p, ref place, const layout *whole) {
    const instruction *x = code(p, place);
    axis into = (axis)x->attribute;
    axes of = code(p, x->in[0])->axes;
    int64_t stride = layout_stride(whole, into);
    layout slice = {.offset = x->offset * (uint64_t)stride, .axes = of};
    for (int i = of.count; i-- > 0;) {
        bool kept = of.at[i] != into && axes_has(x->axes, of.at[i]);
        slice.stride[i] = kept ? layout_stride(whole, of.at[i]) : stride;
        if (!kept) stride *= p->tape->axes.at[of.at[i]].size;
    }
    return walk_of(p, of, &p->values[x->in[0]].layout, &slice, NULL);
}

static void plan_places(planner *p, plan_step *s, ref r) {
    const placement *q = &p->places[r];
    s->kind = STEP_place;
    s->covered = q->covered;
    s->placed_count = q->count;
    s->placed = arena_array(p->plan->arena, placed_value, q->count);
    for (uint32_t i = 0; i < q->count; i++)
        s->placed[i] = (placed_value){p->values[code(p, q->at[i])->in[0]].root,
                                      place_walk(p, q->at[i], &p->values[r].layout)};
}

static void plan_whole(planner *p, plan_step *s) {
    ref r = s->of;
    const instruction *x = code(p, r);
    s->op = x->op;
    for (int i = 0; i < op_inputs(x->op) && i < 2; i++) s->in[i] = p->values[x->in[i]].root;
    switch (x->op) {
    case OP_sum_rows:
    case OP_scatter_rows:
        s->kind = STEP_rows;
        plan_rows(p, s, r);
        break;
    case OP_contract:
        s->kind = STEP_product;
        plan_product(p, s, r);
        break;
    case OP_cumsum:
    case OP_cumsum_back:
        s->kind = STEP_cumulate;
        plan_cumulate(p, s, r);
        break;
    case OP_allot:
        s->kind = STEP_allot;
        plan_allot(p, s, r);
        break;
    case OP_log_beta_below:
    case OP_log_beta_above:
    case OP_log_beta_below_slopes:
    case OP_log_beta_above_slopes:
        s->kind = STEP_beta_order;
        plan_cumulate(p, s, r);
        break;
    case OP_scatter:
        s->kind = STEP_scatter;
        plan_scatter(p, s, r);
        break;
    case OP_add:
    case OP_place: plan_places(p, s, r); break;
    case OP_scan:
        s->kind = STEP_loop;
        loop_plan(p->plan, r);
        break;
    case OP_cholesky:
        s->kind = STEP_cholesky;
        plan_square(p, s, r);
        break;
    case OP_cholesky_back:
        s->kind = STEP_cholesky_back;
        plan_square(p, s, r);
        break;
    case OP_solve_lower:
    case OP_solve_lower_transposed:
        s->kind = STEP_solve;
        plan_square(p, s, r);
        break;
    default:
        s->kind = STEP_reduce;
        s->walk =
            walk_of(p, code(p, x->in[0])->axes, &p->values[x->in[0]].layout, &p->values[r].layout, NULL);
        if (x->op == OP_log_sum_exp)
            s->work = p->values[r].entries + LOG_SUM_EXP_BLOCK * team_threads(p->plan->team);
    }
}

/* Buffers: first fit over the holes of the pool, in the order of the steps. */

typedef struct hole {
    uint64_t place, size;
} hole;

typedef struct pool {
    vector(hole) holes; /* by place; no two touch */
    uint64_t end;
} pool;

static uint64_t pool_take(pool *q, uint64_t size) {
    for (uint32_t i = 0; i < q->holes.count; i++) {
        hole *h = &q->holes.at[i];
        if (h->size < size) continue;
        uint64_t place = h->place;
        h->place += size;
        h->size -= size;
        if (!h->size) memmove(h, h + 1, (--q->holes.count - i) * sizeof *h);
        return place;
    }
    uint64_t place = q->end;
    q->end += size;
    return place;
}

/* Joins hole i and the one behind it, if they touch. */
static void pool_join(pool *q, uint32_t i) {
    if (i + 1 >= q->holes.count) return;
    hole *h = &q->holes.at[i];
    if (h->place + h->size != h[1].place) return;
    h->size += h[1].size;
    memmove(h + 1, h + 2, (--q->holes.count - i - 1) * sizeof *h);
}

static void pool_give(arena *a, pool *q, uint64_t place, uint64_t size) {
    if (!size) return;
    push(a, &q->holes, (hole){0});
    uint32_t i = q->holes.count - 1;
    for (; i && q->holes.at[i - 1].place > place; i--) q->holes.at[i] = q->holes.at[i - 1];
    q->holes.at[i] = (hole){place, size};
    pool_join(q, i);
    if (i) pool_join(q, i - 1);
}

static void place_buffers(planner *p) {
    uint32_t steps = p->plan->steps.count, count = p->tape->code.count;
    ref *born = arena_array(p->arena, ref, steps + 1), *dies = arena_array(p->arena, ref, steps + 1);
    ref *next_born = arena_array(p->arena, ref, count), *next_dies = arena_array(p->arena, ref, count);
    for (ref r = 1; r < count; r++) {
        const value *v = &p->values[r];
        if (!is_step(v) || !v->stored) continue;
        next_born[r] = born[v->step], born[v->step] = r;
        next_dies[r] = dies[v->last], dies[v->last] = r;
    }
    pool q = {0};
    for (uint32_t k = 0; k < steps; k++) {
        for (ref r = born[k]; r; r = next_born[r])
            p->values[r].place = pool_take(&q, plan_rounded(p->values[r].entries));
        for (ref r = dies[k]; r; r = next_dies[r])
            pool_give(p->arena, &q, p->values[r].place, plan_rounded(p->values[r].entries));
    }
    p->plan->pool = q.end;
}

plan *plan_new(arena *a, const tape *t, precision in, team *threads, bool keep_all) {
    plan *made = arena_new(a, plan);
    *made = (plan){.arena = a,
                   .tape = t,
                   .precision = in,
                   .as_written = keep_all,
                   .kernels = kernels_choose(in),
                   .team = threads,
                   .values = arena_array(a, value, t->code.count)};
    made->loops = arena_array(a, loop, t->scans.count);
    planner p = {.plan = made, .arena = a, .tape = t, .values = made->values, .keep_all = keep_all};
    p.layered = layers_find(t, a);
    p.registers = arena_array(a, uint32_t, t->code.count);
    p.registered = arena_array(a, uint32_t, t->code.count);
    p.uses = arena_array(a, uint32_t, t->code.count);
    p.by_entry = arena_array(a, bool, t->code.count);
    p.summed = arena_array(a, bool, t->code.count);
    p.reads = row_reads_find(t, a);
    mark(&p);
    find_places(&p);
    find_read_by_entry(&p);
    classify(&p);
    level(&p);
    make_steps(&p);
    live(&p);
    write_regions(&p);
    for (uint32_t i = 0; i < made->steps.count; i++)
        if (made->steps.at[i].kind != STEP_region) plan_whole(&p, &made->steps.at[i]);
    place_buffers(&p);
    partition_steps(made);
    return made;
}
