/* The graph of a typed program: numbering of equal nodes, the rows that nodes and supports are described by,
 * printing. What an expression means is decided by the checker (expressions.c, statements.c); here nodes are
 * only kept. */
#include "lang/checker.h"

#include <math.h>

const support_row SUPPORTS[] = {
#define SUPPORT(name, lowest, highest, open, whole, event, about)                                            \
    {#name, lowest, highest, open, whole, event, about},
#include "lang/supports.def"
#undef SUPPORT
};

typedef struct node_description {
    const char *name;
    int inputs;
    node_form form;
} node_description;

static const node_description NODES[] = {
    [NODE_failed] = {"failed", 0, FORM_OTHER},     [NODE_number] = {"number", 0, FORM_OTHER},
    [NODE_variable] = {"variable", 0, FORM_OTHER}, [NODE_position] = {"position", 0, FORM_OTHER},
    [NODE_size] = {"size", 0, FORM_OTHER},         [NODE_gather] = {"gather", 2, FORM_OTHER},
    [NODE_rename] = {"rename", 1, FORM_OTHER},     [NODE_expand] = {"expand", 1, FORM_OTHER},
    [NODE_label] = {"label", 0, FORM_OTHER},       [NODE_part] = {"part", 1, FORM_OTHER},
    [NODE_place] = {"place", 1, FORM_OTHER},       [NODE_carried] = {"carried", 0, FORM_OTHER},
    [NODE_step] = {"step", 3, FORM_OTHER},         [NODE_scan] = {"scan", 1, FORM_OTHER},
#define PRIMITIVE(name, inputs, form, range, about) [NODE_##name] = {#name, inputs, FORM_##form},
#include "lang/primitives.def"
#undef PRIMITIVE
};

const char *node_name(node_op op) { return NODES[op].name; }
node_form node_form_of(node_op op) { return NODES[op].form; }
int node_inputs(node_op op) { return NODES[op].inputs; }

/* What makes two nodes the same: everything but place, type and range, which follow from the rest. */
typedef struct node_key {
    uint64_t op, in[NODE_INPUTS_MOST], axis, payload;
    axes axes;
} node_key;

static node_key key_of(const node_row *r) {
    node_key k = {.op = r->op, .axis = (uint64_t)r->axis << 16 | r->axis2, .axes = r->axes};
    for (int i = 0; i < NODE_INPUTS_MOST; i++) k.in[i] = r->in[i];
    _Static_assert(sizeof(r->label) == sizeof k.payload && sizeof(r->number) == sizeof k.payload, "one word");
    memcpy(&k.payload, &r->number, sizeof k.payload);
    return k;
}

static uint32_t *slot_of(program *p, const node_key *k) {
    uint32_t mask = p->table_size - 1, i = (uint32_t)hash_bytes(k, sizeof *k, 0) & mask;
    for (; p->table[i]; i = (i + 1) & mask) {
        node_key other = key_of(&p->nodes.at[p->table[i]]);
        if (memcmp(&other, k, sizeof other) == 0) break;
    }
    return &p->table[i];
}

node program_add(program *p, node_row row) {
    if (2 * (p->nodes.count + 1) > p->table_size) {
        p->table_size = p->table_size ? p->table_size * 2 : 512;
        p->table = arena_array(p->arena, uint32_t, p->table_size);
        for (uint32_t i = 1; i < p->nodes.count; i++) {
            node_key k = key_of(&p->nodes.at[i]);
            *slot_of(p, &k) = i;
        }
    }
    node_key k = key_of(&row);
    uint32_t *slot = slot_of(p, &k);
    if (!*slot) {
        *slot = p->nodes.count;
        push(p->arena, &p->nodes, row);
    }
    return *slot;
}

program *program_copy(const program *p, arena *a) {
    program *copy = arena_new(a, program);
    *copy = *p;
    copy->arena = a;
    copy->nodes.at = arena_array(a, node_row, p->nodes.capacity);
    memcpy(copy->nodes.at, p->nodes.at, p->nodes.count * sizeof *p->nodes.at);
    copy->table = arena_array(a, uint32_t, p->table_size);
    memcpy(copy->table, p->table, p->table_size * sizeof *p->table);
    copy->variables.at = arena_array(a, variable_row, p->variables.capacity);
    memcpy(copy->variables.at, p->variables.at, p->variables.count * sizeof *p->variables.at);
    return copy;
}

range type_range(const program *p, type t) {
    const support_row *s = &SUPPORTS[t.support];
    range r = {s->lowest, s->highest, s->open && s->lowest > -INFINITY, s->open && s->highest < INFINITY,
               s->whole};
    if (t.support == SUPPORT_interval) {
        if (t.lower) r.lowest = p->nodes.at[t.lower].range.lowest;
        if (t.upper) r.highest = p->nodes.at[t.upper].range.highest;
    }
    return r;
}

static const char *bound_text(const program *p, node n, const char *otherwise) {
    if (!n) return otherwise;
    const range *r = &p->nodes.at[n].range;
    return r->lowest == r->highest ? arena_print(p->arena, "%g", r->lowest) : "…";
}

const char *type_text(const program *p, type t) {
    if (t.support == SUPPORT_index) return t.index == AXIS_NONE ? "an index" : p->axes.at[t.index].name;
    if (t.support == SUPPORT_interval)
        return arena_print(p->arena, "interval(%s, %s)", bound_text(p, t.lower, "-inf"),
                           bound_text(p, t.upper, "inf"));
    return SUPPORTS[t.support].name;
}

const char *axes_text(const program *p, axes s) {
    const char *text = "";
    for (int i = 0; i < s.count; i++)
        text = arena_print(p->arena, "%s%s%s", text, i ? ", " : "", p->axes.at[s.at[i]].name);
    return text;
}

const char *variable_text(const program *p, variable v) {
    const variable_row *x = &p->variables.at[v];
    const char *text = x->name;
    for (int i = 0; i < x->axes.count; i++)
        text = arena_print(p->arena, "%s%s%s", text, i ? ", " : "[", p->axes.at[x->order[i]].name);
    return x->axes.count ? arena_print(p->arena, "%s]", text) : text;
}

static void print_node(const program *p, node n, FILE *to) {
    const node_row *r = &p->nodes.at[n];
    fprintf(to, "%%%u = %s", n, NODES[r->op].name);
    if (r->axes.count) fprintf(to, " [%s]", axes_text(p, r->axes));
    for (int i = 0; i < NODES[r->op].inputs; i++) fprintf(to, " %%%u", r->in[i]);
    switch (r->op) {
    case NODE_number: fprintf(to, " %.17g", r->number); break;
    case NODE_variable:
    case NODE_carried: fprintf(to, " %s", p->variables.at[r->variable].name); break;
    case NODE_step:
    case NODE_scan:
        fprintf(to, " %s along %s", p->variables.at[r->variable].name, p->axes.at[r->axis].name);
        break;
    case NODE_part:
    case NODE_place:
        fprintf(to, " %s of %s", p->axes.at[r->axis].name, p->axes.at[r->axis2].name);
        if (r->number != 0) fprintf(to, " moved by %g", r->number);
        break;
    case NODE_label: fprintf(to, " %s in %s", r->label, p->axes.at[r->axis].name); break;
    case NODE_position:
    case NODE_size:
    case NODE_gather: fprintf(to, " %s", p->axes.at[r->axis].name); break;
    case NODE_rename: fprintf(to, " %s to %s", p->axes.at[r->axis].name, p->axes.at[r->axis2].name); break;
    default: break;
    }
    fprintf(to, "\n");
}

static void print_draws(const program *p, const draw *at, uint32_t count, const char *block, FILE *to) {
    for (uint32_t i = 0; i < count; i++) {
        fprintf(to, "%s: %s ~ %s: log_density %%%u", block, variable_text(p, at[i].of), at[i].distribution,
                at[i].log_density);
        if (at[i].sample) fprintf(to, ", sample %%%u", at[i].sample);
        if (at[i].kl) fprintf(to, ", kl %%%u", at[i].kl);
        fprintf(to, "\n");
    }
}

void program_print(const program *p, FILE *to) {
    for (node n = 1; n < p->nodes.count; n++) print_node(p, n, to);
    for (variable v = 0; v < p->variables.count; v++) {
        const variable_row *x = &p->variables.at[v];
        if (x->value) fprintf(to, "%s = %%%u\n", variable_text(p, v), x->value);
    }
    print_draws(p, p->model.at, p->model.count, "model", to);
    for (uint32_t i = 0; i < p->factors.count; i++) fprintf(to, "model: factor %%%u\n", p->factors.at[i]);
    print_draws(p, p->guide.at, p->guide.count, "guide", to);
}
