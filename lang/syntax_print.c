/* The syntax tree as nested lists. An operator stands first, (+ a b); a call is (f: a b), a selection [x: a
 * n=b], the entries of a left side x[a n=b]. */
#include <stdlib.h>

#include "lang/syntax.h"

static const char *const OPERATORS[] = {
#define OPERATOR(name, text, operands, primitive) text,
#include "lang/operators.def"
#undef OPERATOR
};

const char *operator_text(operator_kind k) { return OPERATORS[k]; }

static void print_expression(const expression *e, FILE *to);

static void print_number(double x, FILE *to) {
    char text[32];
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, x);
        if (strtod(text, NULL) == x) break;
    }
    fputs(text, to);
}

/* Entries with a blank between them. */
static void print_entries(const entries *l, FILE *to) {
    for (uint32_t i = 0; i < l->count; i++) {
        if (i) fputc(' ', to);
        if (l->has_arrow && i == l->arrow) fputs("-> ", to);
        if (l->at[i].name) fprintf(to, "%s=", l->at[i].name);
        print_expression(l->at[i].value, to);
    }
}

static void print_list(const expression *e, char open, char close, FILE *to) {
    fputc(open, to);
    print_expression(e->head, to);
    fputs(e->list.count ? ": " : ":", to);
    print_entries(&e->list, to);
    fputc(close, to);
}

static void print_expression(const expression *e, FILE *to) {
    switch (e->kind) {
    case EXPRESSION_number: print_number(e->number, to); break;
    case EXPRESSION_name: fputs(e->name, to); break;
    case EXPRESSION_free: fputc('?', to); break;
    case EXPRESSION_operation:
        fprintf(to, "(%s ", operator_text(e->operator));
        print_expression(e->left, to);
        if (e->right) {
            fputc(' ', to);
            print_expression(e->right, to);
        }
        fputc(')', to);
        break;
    case EXPRESSION_choice:
        fputs("(if ", to);
        print_expression(e->condition, to);
        fputc(' ', to);
        print_expression(e->then, to);
        fputc(' ', to);
        print_expression(e->otherwise, to);
        fputc(')', to);
        break;
    case EXPRESSION_call: print_list(e, '(', ')', to); break;
    case EXPRESSION_select: print_list(e, '[', ']', to); break;
    }
}

/* " word expression", nothing where there is none */
static void print_part(const char *word, const expression *e, FILE *to) {
    if (!e) return;
    fprintf(to, " %s ", word);
    print_expression(e, to);
}

static void print_axes(const entries *l, FILE *to) {
    if (!l->count) return;
    fputc('[', to);
    print_entries(l, to);
    fputc(']', to);
}

static void print_type(const type_syntax *t, FILE *to) {
    if (!t->name) return;
    fprintf(to, " : %s", t->name);
    if (t->arguments.count) {
        fputc('(', to);
        print_entries(&t->arguments, to);
        fputc(')', to);
    }
    print_axes(&t->axes, to);
    if (t->may_be_missing) fputc('?', to);
}

static void print_targets(const targets *l, FILE *to) {
    for (uint32_t i = 0; i < l->count; i++) {
        fprintf(to, "%s%s", i ? ", " : " ", l->at[i].name);
        print_axes(&l->at[i].axes, to);
        print_type(&l->at[i].type, to);
    }
}

static void print_items(const items *l, int depth, FILE *to);

static void print_body(const items *l, int depth, FILE *to) {
    fputc('\n', to);
    print_items(l, depth + 1, to);
    fprintf(to, "%*s", 2 * depth, "");
}

static void print_axis(const item *i, FILE *to) {
    fprintf(to, " %s", i->axis.name);
    print_part("=", i->axis.size, to);
    if (i->axis.labels) {
        fputs(" = {", to);
        for (uint32_t l = 0; l < i->axis.label_count; l++)
            fprintf(to, "%s%s", l ? " " : "", i->axis.labels[l]);
        fputc('}', to);
    }
    if (i->axis.from) fprintf(to, " from \"%s\"", i->axis.from);
    if (i->axis.key) fprintf(to, " key %s", i->axis.key);
}

static void print_function(const item *i, int depth, FILE *to) {
    fprintf(to, " %s", i->function.name);
    for (uint32_t a = 0; a < i->function.axis_count; a++)
        fprintf(to, "%s%s%s", a ? " " : "[", i->function.has_arrow && a == i->function.arrow ? "-> " : "",
                i->function.axes[a].name);
    if (i->function.axis_count) fputc(']', to);
    if (i->function.has_parameters) fputc('(', to);
    for (uint32_t a = 0; a < i->function.parameter_count; a++) {
        const parameter *q = &i->function.parameters[a];
        fprintf(to, "%s%s", a ? ", " : "", q->name);
        print_axes(&q->axes, to);
        print_type(&q->type, to);
    }
    if (i->function.has_parameters) fputc(')', to);
    print_type(&i->function.type, to);
    print_part("=", i->function.body, to);
    if (!i->function.body) print_body(&i->function.items, depth, to);
}

static void print_draw(const item *i, FILE *to) {
    print_targets(&i->draw.targets, to);
    print_part("~", i->draw.distribution, to);
    print_part("truncated", i->draw.lower, to);
    print_part("to", i->draw.upper, to);
    print_part("above", i->draw.censored_above, to);
    print_part("below", i->draw.censored_below, to);
}

static void print_value(const item *i, FILE *to) {
    print_targets(&i->value.targets, to);
    if (i->value.from_zero) fputs(" from 0", to);
    print_part("=", i->value.value, to);
}

static void print_option(const item *i, FILE *to) {
    fprintf(to, " %s =", i->option.name);
    for (uint32_t k = 0; k < i->option.of.count; k++) {
        fprintf(to, "%s %s: ", k ? "," : "", i->option.of.at[k].name);
        print_expression(i->option.of.at[k].value, to);
    }
    if (!i->option.of.count) {
        fputc(' ', to);
        print_expression(i->option.value, to);
    }
    print_part(",", i->option.next, to);
    print_part("->", i->option.to, to);
    print_part("over", i->option.over, to);
}

static void print_results(const item *i, FILE *to) {
    for (uint32_t v = 0; v < i->result.count; v++) {
        fputs(v ? ", " : " ", to);
        print_expression(i->result.values[v], to);
    }
}

static const char *const ITEMS[] = {
    [ITEM_axis] = "axis",         [ITEM_source] = "source", [ITEM_data] = "data",
    [ITEM_param] = "param",       [ITEM_let] = "let",       [ITEM_fn] = "fn",
    [ITEM_net] = "net",           [ITEM_dist] = "dist",     [ITEM_block] = "block",
    [ITEM_fit] = "fit",           [ITEM_import] = "import", [ITEM_draw] = "draw",
    [ITEM_define] = "define",     [ITEM_factor] = "factor", [ITEM_return] = "return",
    [ITEM_property] = "property", [ITEM_option] = "option",
};
static const char *const BLOCKS[] = {
    [BLOCK_model] = "model", [BLOCK_guide] = "guide", [BLOCK_generate] = "generate"};

static void print_item(const item *i, int depth, FILE *to) {
    fprintf(to, "%*s(%s", 2 * depth, "", i->kind == ITEM_block ? BLOCKS[i->block.block] : ITEMS[i->kind]);
    switch (i->kind) {
    case ITEM_axis: print_axis(i, to); break;
    case ITEM_source:
    case ITEM_import: fprintf(to, " \"%s\"", i->file.path); break;
    case ITEM_data:
    case ITEM_param:
    case ITEM_let:
    case ITEM_define: print_value(i, to); break;
    case ITEM_fn:
    case ITEM_net:
    case ITEM_dist:
    case ITEM_property: print_function(i, depth, to); break;
    case ITEM_block:
    case ITEM_fit: print_body(&i->block.items, depth, to); break;
    case ITEM_draw: print_draw(i, to); break;
    case ITEM_factor:
    case ITEM_return: print_results(i, to); break;
    case ITEM_option: print_option(i, to); break;
    }
    fputs(")\n", to);
}

static void print_items(const items *l, int depth, FILE *to) {
    for (uint32_t i = 0; i < l->count; i++) print_item(l->at[i], depth, to);
}

void syntax_print(const syntax *s, FILE *to) { print_items(&s->items, 0, to); }
