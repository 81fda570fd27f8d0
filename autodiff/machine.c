#include "autodiff/machine.h"

#include <math.h>
#include <string.h>

#include "autodiff/emit/emit.h"
#include "autodiff/emit/lanes.h"
#include "autodiff/emit/strand.h"
#include "autodiff/execution.h"
#include "autodiff/loop.h"
#include "autodiff/short.h"

typedef struct binding {
    const void *values;
    const double *wide; /* to be converted to `values` at each run; NULL where they are used as they are */
} binding;

/* An output: where its entries are; converted when it is first asked for after a run. */
typedef struct result {
    void *const *root;
    size_t offset; /* in bytes */
    double *values;
    uint64_t run;
} result;

typedef struct input {
    void **at;
    const binding *bound;
    uint64_t entries;
} input;

struct machine {
    const tape *tape;
    plan *plan;
    execution run;
    binding *bound; /* by slot */
    vector(input) inputs;
    result *results; /* by output */
    uint64_t runs;
    arena *arena;
    size_t bytes;
};

static size_t taken(const arena *a) { return a->total - a->size + a->used; }

static const instruction *code(const machine *m, ref r) { return tape_at(m->tape, r); }

/* Numbers and data as the machine has them. */

static void narrow(float *y, const double *x, uint64_t size) {
    for (uint64_t i = 0; i < size; i++) y[i] = (float)x[i];
}

static void widen(double *y, const float *x, uint64_t size) {
    for (uint64_t i = 0; i < size; i++) y[i] = (double)x[i];
}

static void *leaf(arena *a, precision p, const tape *t, const instruction *x) {
    uint64_t size = tape_size(t, x->axes);
    if (x->op == OP_data && p == IN_DOUBLE) return (double *)x->pointer;
    void *y = arena_take_aligned(a, size * element_size(p));
    if (x->op == OP_data) narrow(y, x->pointer, size);
    for (uint64_t i = 0; i < size && x->op != OP_data; i++)
        element_write(p, y, (int64_t)i, x->op == OP_number ? x->number : (double)(i + 1));
    return y;
}

const execution *machine_execution(const machine *m) { return &m->run; }

static void run_steps(const machine *m, uint32_t first, uint32_t end) {
    (m->plan->precision == IN_SINGLE ? run_steps_single : run_steps_double)(&m->run, first, end);
}

/* Runs of equal entries of a sorted index pay from this mean length on. */
enum { RUN_LEAST = 6 };

/* Indices that are known by now are converted once. */
static void fix_index(const machine *m, micro *g) {
    uint64_t count = m->plan->values[g->in[1].at].entries;
    const void *index = m->run.at[g->in[1].at];
    int32_t *to = (int32_t *)g->index;
    bool ascending = count <= INT32_MAX;
    g->in_range = true;
    for (uint64_t i = 0; i < count; i++) {
        to[i] = (int32_t)place_of_index(element_read(m->plan->precision, index, (int64_t)i), g->reach);
        if (to[i] < 0) g->in_range = false;
        if (i && to[i] < to[i - 1]) ascending = false;
    }
    if (!ascending || !g->in_range || count < RUN_LEAST * (uint64_t)g->reach) return;
    int32_t *ends = arena_array(m->arena, int32_t, g->reach);
    for (uint64_t i = 0; i < count; i++) ends[to[i]] = (int32_t)i + 1;
    for (int64_t k = 1; k < g->reach; k++)
        if (!ends[k]) ends[k] = ends[k - 1];
    g->ends = ends;
}

/* Sorts the entries of a scatter by the places that they go to, by counting; what is out of range goes
 * nowhere. */
static void fix_segments(const machine *m, plan_step *s) {
    const walk *w = s->walk;
    int64_t n = (int64_t)w->size[w->rank - 1], reach = (int64_t)s->count;
    precision p = m->plan->precision;
    const void *index = element_at(p, m->run.at[s->in[1]], (int64_t)w->offset[1]);
    if (!w->entries) n = 0;
    for (int64_t i = 0; i < n; i++) {
        int64_t at = place_of_index(element_read(p, index, i), reach);
        if (at >= 0) s->segment[at + 1]++;
    }
    for (int64_t k = 0; k < reach; k++) s->segment[k + 1] += s->segment[k];
    for (int64_t i = 0; i < n; i++) {
        int64_t at = place_of_index(element_read(p, index, i), reach);
        if (at >= 0) s->order[s->segment[at]++] = (int32_t)i;
    }
    for (int64_t k = reach; k > 0; k--) s->segment[k] = s->segment[k - 1];
    s->segment[0] = 0;
    s->sorted = true;
    for (int32_t i = 1; i < s->segment[reach]; i++)
        if (s->order[i] != s->order[i - 1] + 1) s->sorted = false;
    for (int64_t i = 0; s->place && i < n; i++)
        s->place[i] = (int32_t)place_of_index(element_read(p, index, i), reach);
}

static void fix_rows(const machine *m, const micro *g, uint64_t entries) {
    for (int i = 0; i < 2; i++)
        if (g->rows[i].start)
            row_starts(&g->rows[i], m->plan->precision, m->run.at, 0, entries, g->rows[i].start);
}

static void fix_indices(const machine *m) {
    for (uint32_t k = m->plan->fixed_steps; k < m->plan->steps.count; k++) {
        plan_step *s = &m->plan->steps.at[k];
        if (s->segment) fix_segments(m, s);
        if (s->kind == STEP_rows && s->rows.segment) row_sum_sort(&s->rows, m->plan->precision, m->run.at);
        for (uint32_t i = 0; s->kind == STEP_region && i < s->region.count; i++) {
            micro *g = &s->region.micros[i];
            if (g->index) fix_index(m, g);
            if (g->rows) fix_rows(m, g, s->region.entries);
        }
    }
}

static machine *make(arena *a, const tape *t, precision p, team *threads, bool keep_all) {
    size_t before = taken(a), size = element_size(p);
    machine *m = arena_new(a, machine);
    *m = (machine){.tape = t, .plan = plan_new(a, t, p, threads, keep_all), .arena = a};
    m->bound = arena_array(a, binding, t->slots);
    m->results = arena_array(a, result, t->outputs.count);
    m->run = (execution){.plan = m->plan, .at = arena_array(a, void *, t->code.count), .team = threads};
    m->run.scratch = arena_take_aligned(a, team_threads(threads) * m->plan->scratch * size);
    m->run.partials = arena_take_aligned(a, m->plan->partials * size);
    m->run.work = arena_take_aligned(a, m->plan->work * size);
    void *pool = arena_take_aligned(a, m->plan->pool * size);
    for (ref r = 1; r < t->code.count; r++) {
        const value *v = &m->plan->values[r];
        if (v->form == VALUE_leaf && code(m, r)->op == OP_input)
            push(a, &m->inputs,
                 ((input){&m->run.at[r], &m->bound[code(m, r)->attribute], tape_size(t, code(m, r)->axes)}));
        else if (v->form == VALUE_leaf) m->run.at[r] = leaf(a, p, t, code(m, r));
        else if (v->stored) m->run.at[r] = element_at(p, pool, (int64_t)v->place);
    }
    for (uint32_t k = 0; k < t->outputs.count; k++) {
        const value *v = &m->plan->values[t->outputs.at[k]];
        m->results[k] = (result){.root = &m->run.at[v->root], .offset = v->layout.offset * size};
    }
    team_start(threads, m->plan->cost);
    run_steps(m, 0, m->plan->fixed_steps);
    fix_indices(m);
    pieces_find(m->plan);
    m->run.lanes = lane_programs(&m->run, a);
    emit_regions(m->plan, &m->run);
    m->run.shorts = short_programs(&m->run, a);
    emit_shorts(&m->run, m->run.shorts, a);
    m->bytes = taken(a) - before;
    return m;
}

machine *machine_new_in(arena *a, const tape *t, precision p, team *threads) {
    return make(a, t, p, threads, false);
}

static uint64_t input_size(const machine *m, uint32_t slot) {
    for (uint32_t i = 0; i < m->inputs.count; i++)
        if (m->inputs.at[i].bound == &m->bound[slot]) return m->inputs.at[i].entries;
    return 0;
}

void machine_bind(machine *m, uint32_t slot, const double *values) {
    binding *b = &m->bound[slot];
    if (m->plan->precision == IN_DOUBLE) b->values = values;
    else if (!b->wide) b->values = arena_take_aligned(m->arena, input_size(m, slot) * sizeof(float));
    if (m->plan->precision == IN_SINGLE) b->wide = values;
}

void machine_bind_elements(machine *m, uint32_t slot, const void *values) {
    m->bound[slot] = (binding){.values = values};
}

static void narrow_inputs(const machine *m) {
    for (uint32_t i = 0; i < m->inputs.count; i++) {
        const input *x = &m->inputs.at[i];
        if (x->bound->wide) narrow((float *)x->bound->values, x->bound->wide, x->entries);
    }
}

void machine_run(machine *m, uint64_t seed, uint64_t step) {
    m->run.seed = seed;
    m->run.step = step;
    m->runs++;
    for (const input *x = m->inputs.at, *end = x + m->inputs.count; x < end; x++)
        *x->at = (void *)x->bound->values;
    if (m->plan->precision == IN_SINGLE) narrow_inputs(m);
    if (m->plan->cost > 0) team_rouse(m->run.team, m->plan->cost);
    run_steps(m, m->plan->fixed_steps, m->plan->steps.count);
}

const void *machine_output_elements(const machine *m, uint32_t k) {
    return (const char *)*m->results[k].root + m->results[k].offset;
}

static __attribute__((noinline)) const double *widened(const machine *m, uint32_t k) {
    result *r = &m->results[k];
    uint64_t size = m->plan->values[m->tape->outputs.at[k]].entries;
    if (!r->values) r->values = arena_take_aligned(m->arena, size * sizeof(double));
    if (r->run != m->runs) widen(r->values, machine_output_elements(m, k), size);
    r->run = m->runs;
    return r->values;
}

const double *machine_output(const machine *m, uint32_t k) {
    return m->plan->precision == IN_DOUBLE ? machine_output_elements(m, k) : widened(m, k);
}

size_t machine_bytes(const machine *m) { return m->bytes; }

/* Faults. A second machine keeps every value; its values are searched in program order. */

static double entry_of(const machine *m, ref r, int64_t i) {
    const value *v = &m->plan->values[r];
    return element_read(m->plan->precision, m->run.at[v->root], (int64_t)v->layout.offset + i);
}

static bool all_finite(const machine *m, ref r) {
    for (uint64_t i = 0; i < m->plan->values[r].entries; i++)
        if (!isfinite(entry_of(m, r, (int64_t)i))) return false;
    return true;
}

/* What entry `index` (along the axes `of`) reads of value r, where the axes of r are all among `of`; else its
 * first entry. */
static double read_at(const machine *m, ref r, axes of, const uint32_t index[]) {
    layout l = layout_dense(m->tape, code(m, r)->axes);
    int64_t at = 0;
    for (int i = 0; i < of.count; i++) at += layout_stride(&l, of.at[i]) * index[i];
    return entry_of(m, r, at);
}

/* Whether what the entry reads is finite. An elementwise instruction reads one entry of each operand, a
 * reduction those that lie under its entry; of others all entries are asked for. */
static bool reads_finite(const machine *m, ref r, axes of, const uint32_t index[]) {
    const instruction *x = code(m, r);
    op_kind kind = op_kind_of(x->op);
    for (int i = 0; i < op_inputs(x->op); i++) {
        ref in = x->in[i];
        if (m->plan->values[in].form == VALUE_dead) continue; /* read row by row where it was looked up */
        if (kind == KIND_MAP || kind == KIND_RANDOM) {
            if (!isfinite(read_at(m, in, of, index))) return false;
        } else if (kind != KIND_REDUCE) {
            if (!all_finite(m, in)) return false;
        } else {
            layout l = layout_dense(m->tape, code(m, in)->axes);
            axes under = axes_minus(code(m, in)->axes, of);
            for (int k = 0; k < of.count; k++) l.offset += (uint64_t)layout_stride(&l, of.at[k]) * index[k];
            walk w = walk_over(m->tape, under, (const layout *const[]){&l}, 1);
            cursor c = walk_at(&w, 0);
            for (uint64_t left = w.entries; left; left--, cursor_pass(&c, 1))
                if (!isfinite(entry_of(m, in, c.at[0]))) return false;
        }
    }
    return true;
}

static bool fault_in(const machine *m, ref r, arena *scratch, fault *found) {
    const instruction *x = code(m, r);
    const value *v = &m->plan->values[r];
    if (v->form == VALUE_dead) return false;
    if (x->op == OP_scan) return loop_fault(&m->run, r, scratch, found);
    if (!op_inputs(x->op) || x->op == OP_scan_result) return false;
    for (uint64_t i = 0; i < v->entries; i++) {
        double y = entry_of(m, r, (int64_t)i);
        if (isfinite(y)) continue;
        *found = (fault){.tape = m->tape, .at = r, .axes = x->axes, .value = y};
        uint64_t rest = i;
        for (int k = x->axes.count; k-- > 0;) {
            uint32_t size = m->tape->axes.at[x->axes.at[k]].size;
            found->index[k] = (uint32_t)(rest % size);
            rest /= size;
        }
        if (!reads_finite(m, r, x->axes, found->index)) continue;
        for (int k = 0; k < op_inputs(x->op); k++)
            if (m->plan->values[x->in[k]].form != VALUE_dead)
                found->in[k] = read_at(m, x->in[k], x->axes, found->index);
        for (int k = 0; k < x->axes.count; k++) {
            const uint32_t *order = m->tape->axes.at[x->axes.at[k]].order;
            if (order) found->index[k] = order[found->index[k]];
        }
        return true;
    }
    return false;
}

bool machine_fault(machine *m, uint64_t seed, uint64_t step, arena *scratch, fault *found) {
    machine *all = make(scratch, m->tape, m->plan->precision, m->run.team, true);
    memcpy(all->bound, m->bound, m->tape->slots * sizeof *m->bound);
    machine_run(all, seed, step);
    for (ref r = 1; r < m->tape->code.count; r++)
        if (fault_in(all, r, scratch, found)) return true;
    return false;
}

/* For people. */

static void print_operand(const operand *o, FILE *to) {
    if (o->kind == SOURCE_scratch) fprintf(to, " s%u", o->at);
    if (o->kind == SOURCE_value) fprintf(to, " %%%u", o->at);
    if (o->kind == SOURCE_scalar) fprintf(to, " =%%%u", o->at);
    if (o->offset) fprintf(to, "+%llu", (unsigned long long)o->offset);
}

/* What it computes, in order; how many registers hold sums and numbers meanwhile; bytes of code. */
static void print_strand(const strand *s, FILE *to) {
    fprintf(to, "strand:");
    for (uint32_t i = 0; i < s->operations; i++) fprintf(to, " %s", op_name(s->ops[i]));
    fprintf(to, "   (%u streams, %u registers kept, %u bytes)\n", s->count, s->kept, s->ends - s->begins);
}

static void print_region(const region *g, FILE *to) {
    fprintf(to, "region of %llu entries, blocks of %u, %u slots\n", (unsigned long long)g->entries, g->block,
            g->slots);
    for (uint32_t i = 0; i < g->count; i++) {
        const micro *m = &g->micros[i];
        fprintf(to, "      ");
        if (m->kind == MICRO_strand) {
            print_strand(m->strand, to);
            continue;
        }
        print_operand(&m->to, to);
        fprintf(to, " %s %s", m->kind >= MICRO_rows_add ? "+=" : "=",
                m->kind == MICRO_load ? "load" : op_name(m->op));
        for (int k = 0; k < 3; k++) print_operand(&m->in[k], to);
        fprintf(to, "   (%%%u)\n", m->of);
    }
}

static void print_loop(const loop *l, FILE *to) {
    static const char *const FORMS[] = {[SCALAR_any] = "scalar",
                                        [SCALAR_multiply_add] = "x' = a x + b",
                                        [SCALAR_add_multiply] = "x' = (x + b) a"};
    const char *how = l->chain ? "chain of states" : l->scalar ? FORMS[l->scalar->form] : "machine";
    fprintf(to, "loop of %u steps, %u carries: %s\n", l->steps, l->scan->carries, how);
    if (!l->chain && !l->scalar) machine_print(l->body, to);
}

void machine_print(const machine *m, FILE *to) {
    const plan *p = m->plan;
    fprintf(to, "%s, %u instructions, %u steps (%u once), pool %llu, scratch %llu, work %llu %s\n",
            p->kernels->name, m->tape->code.count - 1, p->steps.count, p->fixed_steps,
            (unsigned long long)p->pool, (unsigned long long)p->scratch, (unsigned long long)p->work,
            p->precision == IN_SINGLE ? "floats" : "doubles");
    for (uint32_t k = 0; k < p->steps.count; k++) {
        const plan_step *s = &p->steps.at[k];
        const lane_program *q = m->run.lanes[k];
        if (q)
            fprintf(to, "     program of %u steps along %llu entries, %u bytes\n", q->end - k,
                    (unsigned long long)q->lanes, q->size);
        if (m->run.shorts[k])
            fprintf(to, "     short program of %u steps, %u operations%s\n", m->run.shorts[k]->end - k,
                    m->run.shorts[k]->code.count, m->run.shorts[k]->run ? ", machine code" : "");
        fprintf(to, "%4u %s level %d: ", k, k < p->fixed_steps ? "once" : "run ", s->level);
        if (s->kind == STEP_region) print_region(&s->region, to);
        else if (s->kind == STEP_loop) print_loop(&p->loops[code(m, s->of)->attribute], to);
        else if (s->kind == STEP_place) fprintf(to, "%%%u = %u placed\n", s->of, s->placed_count);
        else fprintf(to, "%%%u = %s\n", s->of, op_name(s->op));
    }
}
