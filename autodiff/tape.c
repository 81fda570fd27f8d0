/* The tape's builder. Every instruction enters through tape_emit, which numbers values: an instruction that
 * is there already, byte for byte apart from its span, is found in a hash table and not added again, and the
 * first span stays. What must not be merged differs in its attribute: each input has its own slot, each draw
 * its own stream.
 *
 * The other functions compute the result's axes and bring operands into the form that ops.def promises; they
 * simplify nothing but what needs no instruction at all (see simplify.c). */
#include "autodiff/tape.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>
#include "base/names.h"

/* Everything in an instruction but its span; there is no padding in front of it. */
enum { IDENTITY = offsetof(instruction, at) };
_Static_assert(IDENTITY ==
                   sizeof(op) + 3 * sizeof(ref) + sizeof(axes) + 2 * sizeof(uint32_t) + sizeof(uint64_t),
               "an instruction has padding, which must not be hashed");

enum { FIRST_TABLE = 256 };

static const struct {
    const char *name;
    int inputs;
    op_kind kind;
} OPS[OP_count] = {
    [OP_none] = {"none", 0, KIND_LEAF},
#define OP(name, inputs, kind) [OP_##name] = {#name, inputs, KIND_##kind},
#include "autodiff/ops.def"
#undef OP
};

const char *op_name(op f) { return OPS[f].name; }
int op_inputs(op f) { return OPS[f].inputs; }
op_kind op_kind_of(op f) { return OPS[f].kind; }

bool op_commutes(op f) {
    return f == OP_add || f == OP_mul || f == OP_minimum || f == OP_maximum || f == OP_eq || f == OP_ne ||
           f == OP_and || f == OP_or;
}

/* The tape itself. */

void tape_open(tape *t, arena *a) {
    *t = (tape){.arena = a, .table_size = FIRST_TABLE, .at = {SOURCE_NONE, 0, 0}};
    t->table = arena_array(a, uint32_t, FIRST_TABLE);
    push(a, &t->code, (instruction){.at = t->at});
}

axis tape_add_axis(tape *t, const char *label, uint32_t size) {
    assert(t->axes.count < AXIS_NONE);
    push(t->arena, &t->axes, (tape_axis){label, size, NULL});
    return (axis)(t->axes.count - 1);
}

uint64_t tape_size(const tape *t, axes of) {
    uint64_t size = 1;
    for (int i = 0; i < of.count; i++) size *= t->axes.at[of.at[i]].size;
    return size;
}

static axes axes_of(const tape *t, ref r) { return t->code.at[r].axes; }

/* The place in the table where an equal instruction is, or where it goes. */
static uint32_t *slot_of(const tape *t, const instruction *x) {
    uint32_t mask = t->table_size - 1;
    uint32_t i = (uint32_t)(hash_bytes(x, IDENTITY, 0) >> 32) & mask;
    while (t->table[i] && memcmp(&t->code.at[t->table[i]], x, IDENTITY) != 0) i = (i + 1) & mask;
    return &t->table[i];
}

static void grow_table(tape *t) {
    t->table_size *= 2;
    t->table = arena_array(t->arena, uint32_t, t->table_size);
    for (ref r = 1; r < t->code.count; r++) *slot_of(t, &t->code.at[r]) = r;
}

/* Operands that commute have the order of their numbers. */
static instruction ordered(instruction x) {
    if (op_commutes(x.op) && x.in[0] > x.in[1]) {
        ref first = x.in[0];
        x.in[0] = x.in[1];
        x.in[1] = first;
    }
    return x;
}

ref tape_find(const tape *t, instruction x) {
    x = ordered(x);
    return *slot_of(t, &x);
}

ref tape_emit(tape *t, instruction x) {
    for (int i = 0; i < 3; i++) assert(i < OPS[x.op].inputs ? x.in[i] && x.in[i] < t->code.count : !x.in[i]);
    assert(!axes_overflow(x.axes));
    x = ordered(x);
    uint32_t *slot = slot_of(t, &x);
    if (*slot) return *slot;
    if (2 * t->code.count > t->table_size) {
        grow_table(t);
        slot = slot_of(t, &x);
    }
    ref r = t->code.count;
    x.at = t->at;
    push(t->arena, &t->code, x);
    return *slot = r;
}

operands tape_operands(const tape *t, ref r) {
    const instruction *x = tape_at(t, r);
    if (x->op != OP_scan) return (operands){x->in, (uint32_t)OPS[x->op].inputs};
    const scan *s = tape_scan(t, r);
    return (operands){s->operands, s->body->slots};
}

uint32_t tape_output(tape *t, ref r) {
    push(t->arena, &t->outputs, r);
    return t->outputs.count - 1;
}

/* Leaves. */

ref tape_number(tape *t, double x) { return tape_emit(t, (instruction){.op = OP_number, .number = x}); }

ref tape_data(tape *t, const double *x, axes of) {
    return tape_emit(t, (instruction){.op = OP_data, .axes = of, .pointer = x});
}

ref tape_input(tape *t, axes of) {
    return tape_emit(t, (instruction){.op = OP_input, .axes = of, .attribute = t->slots++});
}

ref tape_position(tape *t, axis of) {
    return tape_emit(t, (instruction){.op = OP_position, .axes = axes_one(of)});
}

/* MAP. */

ref tape_map1(tape *t, op f, ref x) {
    assert(OPS[f].kind == KIND_MAP && OPS[f].inputs == 1);
    return tape_emit(t, (instruction){.op = f, .in = {x}, .axes = axes_of(t, x)});
}

ref tape_map2(tape *t, op f, ref x, ref y) {
    assert(OPS[f].kind == KIND_MAP && OPS[f].inputs == 2);
    return tape_emit(t,
                     (instruction){.op = f, .in = {x, y}, .axes = axes_union(axes_of(t, x), axes_of(t, y))});
}

ref tape_map3(tape *t, op f, ref x, ref y, ref z) {
    assert(OPS[f].kind == KIND_MAP && OPS[f].inputs == 3);
    axes all = axes_union(axes_of(t, x), axes_union(axes_of(t, y), axes_of(t, z)));
    return tape_emit(t, (instruction){.op = f, .in = {x, y, z}, .axes = all});
}

ref tape_select(tape *t, ref condition, ref then, ref otherwise) {
    return tape_map3(t, OP_select, condition, then, otherwise);
}

/* What x is the exponential of; 0 where it is none. */
static ref exponent_of(tape *t, ref x) {
    instruction moved = *tape_at(t, x);
    switch (moved.op) {
    case OP_exp: return moved.in[0];
    case OP_stop:
    case OP_gather:
    case OP_rename:
    case OP_slice:
    case OP_expand: moved.in[0] = exponent_of(t, moved.in[0]); return moved.in[0] ? tape_emit(t, moved) : 0;
    default: return 0;
    }
}

ref tape_log(tape *t, ref x) {
    ref exponent = exponent_of(t, x);
    return exponent ? exponent : tape_map1(t, OP_log, x);
}

/* REDUCE, and the sums that are linear algebra. */

ref tape_reduce(tape *t, op f, ref x, axes over) {
    assert(OPS[f].kind == KIND_REDUCE && axes_within(over, axes_of(t, x)));
    if (!over.count) return x;
    return tape_emit(t, (instruction){.op = f, .in = {x}, .axes = axes_minus(axes_of(t, x), over)});
}

ref tape_sum(tape *t, ref x, axes over) {
    axes own = axes_common(over, axes_of(t, x)), lacking = axes_minus(over, own);
    ref sum = tape_reduce(t, OP_sum, x, own);
    if (!lacking.count) return sum;
    return tape_map2(t, OP_mul, sum, tape_number(t, (double)tape_size(t, lacking)));
}

ref tape_sum_all(tape *t, ref x) { return tape_sum(t, x, axes_of(t, x)); }

/* Only axes that both factors have are left to the instruction. */
ref tape_contract(tape *t, ref x, ref y, axes over) {
    axes both = axes_common(over, axes_common(axes_of(t, x), axes_of(t, y)));
    axes neither = axes_minus(over, axes_union(axes_of(t, x), axes_of(t, y)));
    x = tape_sum(t, x, axes_common(axes_minus(over, both), axes_of(t, x)));
    y = tape_sum(t, y, axes_common(axes_minus(over, both), axes_of(t, y)));
    if (!both.count) return tape_sum(t, tape_map2(t, OP_mul, x, y), neither);
    axes rest = axes_minus(axes_union(axes_of(t, x), axes_of(t, y)), both);
    return tape_sum(t, tape_emit(t, (instruction){.op = OP_contract, .in = {x, y}, .axes = rest}), neither);
}

ref tape_mixture(tape *t, ref x, ref y, ref p, axis over) {
    assert(axes_equal(axes_of(t, p), axes_without(axes_union(axes_of(t, x), axes_of(t, y)), over)));
    return tape_emit(
        t, (instruction){.op = OP_mixture, .in = {x, y, p}, .axes = axes_of(t, p), .attribute = over});
}

static axis last_axis(axes of) { return of.at[of.count - 1]; }

ref tape_shares(tape *t, ref x, ref y, ref r) {
    axes all = axes_union(axes_of(t, x), axes_of(t, y));
    assert(axes_within(axes_of(t, r), axes_without(all, last_axis(all))));
    r = tape_expand(t, r, axes_without(all, last_axis(all)));
    return tape_emit(t, (instruction){.op = OP_shares, .in = {x, y, r}, .axes = all});
}

ref tape_sum_rows(tape *t, ref x, ref w, axes to) {
    axis row = last_axis(axes_of(t, x));
    w = tape_expand(t, w, axes_without(axes_of(t, x), row));
    assert(axes_within(to, axes_with(axes_of(t, w), row)) && last_axis(to) == row);
    return tape_emit(t, (instruction){.op = OP_sum_rows, .in = {x, w}, .axes = to});
}

ref tape_scatter_rows(tape *t, ref x, ref w, ref index, axis of, axes to) {
    axis row = last_axis(axes_of(t, x));
    w = tape_expand(t, w, axes_without(axes_union(axes_of(t, x), axes_of(t, index)), row));
    assert(axes_within(axes_without(to, of), axes_with(axes_of(t, w), row)) && last_axis(to) == row);
    return tape_emit(t,
                     (instruction){.op = OP_scatter_rows, .in = {x, w, index}, .axes = to, .attribute = of});
}

static ref cumulate(tape *t, op f, ref x, axis along) {
    x = tape_expand(t, x, axes_one(along));
    return tape_emit(t, (instruction){.op = f, .in = {x}, .axes = axes_of(t, x), .attribute = along});
}

ref tape_cumsum(tape *t, ref x, axis along) { return cumulate(t, OP_cumsum, x, along); }
ref tape_cumsum_back(tape *t, ref x, axis along) { return cumulate(t, OP_cumsum_back, x, along); }

ref tape_allot(tape *t, ref x, ref u, axis along) {
    axes all = axes_with(axes_union(axes_of(t, x), axes_of(t, u)), along);
    x = tape_expand(t, x, axes_minus(all, axes_of(t, x)));
    u = tape_expand(t, u, axes_minus(all, axes_of(t, u)));
    return tape_emit(t, (instruction){.op = OP_allot, .in = {x, u}, .axes = all, .attribute = along});
}

ref tape_beta_order(tape *t, op f, ref x, axis along) {
    bool slopes = f == OP_log_beta_below_slopes || f == OP_log_beta_above_slopes;
    x = tape_expand(t, x, axes_one(along));
    axes to = slopes ? axes_of(t, x) : axes_without(axes_of(t, x), along);
    return tape_emit(t, (instruction){.op = f, .in = {x}, .axes = to, .attribute = along});
}

/* MOVE. */

ref tape_gather(tape *t, ref x, ref index, axis of) {
    axes to = axes_union(axes_without(axes_of(t, x), of), axes_of(t, index));
    if (!axes_has(axes_of(t, x), of)) return tape_expand(t, x, to);
    return tape_emit(t, (instruction){.op = OP_gather, .in = {x, index}, .axes = to, .attribute = of});
}

ref tape_scatter(tape *t, ref x, ref index, axis of, axes to) {
    assert(axes_has(to, of));
    assert(axes_within(axes_without(to, of), axes_union(axes_of(t, x), axes_of(t, index))));
    return tape_emit(t, (instruction){.op = OP_scatter, .in = {x, index}, .axes = to, .attribute = of});
}

ref tape_rename(tape *t, ref x, axis from, axis to) {
    axes of = axes_of(t, x);
    if (!axes_has(of, from) || from == to) return x;
    assert(!axes_has(of, to) && t->axes.at[from].size == t->axes.at[to].size);
    axes renamed = axes_with(axes_without(of, from), to);
    return tape_emit(
        t, (instruction){.op = OP_rename, .in = {x}, .axes = renamed, .attribute = from, .attribute2 = to});
}

ref tape_slice(tape *t, ref x, axis of, uint64_t offset, axes to) {
    axes kept = axes_without(axes_of(t, x), of);
    assert(!axes_has(to, of) && !axes_common(to, kept).count);
    assert(offset + tape_size(t, to) <= t->axes.at[of].size);
    if (!axes_has(axes_of(t, x), of)) return tape_expand(t, x, to);
    return tape_emit(
        t, (instruction){
               .op = OP_slice, .in = {x}, .axes = axes_union(kept, to), .attribute = of, .offset = offset});
}

ref tape_place(tape *t, ref x, axes from, axis into, uint64_t offset) {
    x = tape_expand(t, x, from);
    axes kept = axes_minus(axes_of(t, x), from);
    assert(!axes_has(axes_of(t, x), into));
    assert(offset + tape_size(t, from) <= t->axes.at[into].size);
    return tape_emit(
        t,
        (instruction){
            .op = OP_place, .in = {x}, .axes = axes_with(kept, into), .attribute = into, .offset = offset});
}

ref tape_expand(tape *t, ref x, axes to) {
    if (axes_within(to, axes_of(t, x))) return x;
    return tape_emit(t, (instruction){.op = OP_expand, .in = {x}, .axes = axes_union(axes_of(t, x), to)});
}

/* LINEAR. */

static axes square(axis row, axis column) { return axes_with(axes_one(row), column); }

ref tape_cholesky(tape *t, ref x, axis row, axis column) {
    x = tape_expand(t, x, square(row, column));
    return tape_emit(
        t, (instruction){
               .op = OP_cholesky, .in = {x}, .axes = axes_of(t, x), .attribute = row, .attribute2 = column});
}

ref tape_cholesky_back(tape *t, ref l, ref adjoint, axis row, axis column) {
    l = tape_expand(t, l, square(row, column));
    adjoint = tape_expand(t, adjoint, square(row, column));
    return tape_emit(t, (instruction){.op = OP_cholesky_back,
                                      .in = {l, adjoint},
                                      .axes = axes_union(axes_of(t, l), axes_of(t, adjoint)),
                                      .attribute = row,
                                      .attribute2 = column});
}

/* `given` is the axis of b that the product has, `wanted` the one of the solution. */
static ref solve(tape *t, op f, ref l, ref b, axis row, axis column) {
    axis given = f == OP_solve_lower ? row : column, wanted = f == OP_solve_lower ? column : row;
    l = tape_expand(t, l, square(row, column));
    b = tape_expand(t, b, axes_one(given));
    assert(!axes_has(axes_of(t, b), wanted));
    axes further = axes_minus(axes_union(axes_of(t, l), axes_of(t, b)), square(row, column));
    return tape_emit(t, (instruction){.op = f,
                                      .in = {l, b},
                                      .axes = axes_with(further, wanted),
                                      .attribute = row,
                                      .attribute2 = column});
}

ref tape_solve_lower(tape *t, ref l, ref b, axis row, axis column) {
    return solve(t, OP_solve_lower, l, b, row, column);
}

ref tape_solve_lower_transposed(tape *t, ref l, ref b, axis row, axis column) {
    return solve(t, OP_solve_lower_transposed, l, b, row, column);
}

/* RANDOM. */

ref tape_random(tape *t, op f, ref x, ref y, ref z, axes of) {
    assert(OPS[f].kind == KIND_RANDOM);
    assert(axes_within(axes_of(t, x), of) && axes_within(axes_of(t, y), of) &&
           axes_within(axes_of(t, z), of));
    return tape_emit(t, (instruction){.op = f, .in = {x, y, z}, .axes = of, .attribute = t->streams++});
}

/* For people. */

static void print_attributes(const tape *t, const instruction *x, FILE *to) {
    switch (x->op) {
    case OP_number: fprintf(to, " %.17g", x->number); break;
    case OP_data: fprintf(to, " %p", (const void *)x->pointer); break;
    case OP_input: fprintf(to, " slot %u", x->attribute); break;
    case OP_rename:
    case OP_cholesky:
    case OP_cholesky_back:
    case OP_solve_lower:
    case OP_solve_lower_transposed:
        fprintf(to, " %s %s", t->axes.at[x->attribute].name, t->axes.at[x->attribute2].name);
        break;
    case OP_slice:
    case OP_place:
        fprintf(to, " %s + %llu", t->axes.at[x->attribute].name, (unsigned long long)x->offset);
        break;
    case OP_cumsum:
    case OP_cumsum_back:
    case OP_allot:
    case OP_log_beta_below:
    case OP_log_beta_above:
    case OP_log_beta_below_slopes:
    case OP_log_beta_above_slopes:
    case OP_gather:
    case OP_mixture:
    case OP_scatter_rows:
    case OP_scatter: fprintf(to, " %s", t->axes.at[x->attribute].name); break;
    case OP_scan_result: fprintf(to, " result %u", x->attribute); break;
    default:
        if (OPS[x->op].kind == KIND_RANDOM) fprintf(to, " stream %u", x->attribute);
    }
}

static void print_code(const tape *t, int indent, FILE *to);

/* A scan shows its operands, then its body, a step further in. */
static void print_scan(const tape *t, ref r, int indent, FILE *to) {
    const scan *s = tape_scan(t, r);
    fprintf(to, " %s %s, %u carries\n", t->axes.at[s->along].name, s->backward ? "backward" : "forward",
            s->carries);
    print_code(s->body, indent + 4, to);
}

static void print_code(const tape *t, int indent, FILE *to) {
    for (ref r = 1; r < t->code.count; r++) {
        const instruction *x = &t->code.at[r];
        fprintf(to, "%*s%%%u = %s [", indent, "", r, OPS[x->op].name);
        for (int i = 0; i < x->axes.count; i++)
            fprintf(to, "%s%s", i ? " " : "", t->axes.at[x->axes.at[i]].name);
        fputc(']', to);
        operands in = tape_operands(t, r);
        for (uint32_t i = 0; i < in.count; i++) fprintf(to, " %%%u", in.at[i]);
        if (x->op == OP_scan) {
            print_scan(t, r, indent, to);
            continue;
        }
        print_attributes(t, x, to);
        fputc('\n', to);
    }
    for (uint32_t k = 0; k < t->outputs.count; k++)
        fprintf(to, "%*soutput %u = %%%u\n", indent, "", k, t->outputs.at[k]);
}

void tape_print(const tape *t, FILE *to) { print_code(t, 0, to); }
