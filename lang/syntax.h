/* The syntax tree: what a program says, before what it means. Everything that DESIGN's language can say has
 * its node here; names are not resolved, `x[a, b = c]` may still be a gather, a reduction's axes or a net's.
 * Nodes live in the arena of the compilation and keep their spans in the source. */
#ifndef VM_LANG_SYNTAX_H
#define VM_LANG_SYNTAX_H

#include <stdio.h>

#include "base/diagnostics.h"
#include "base/names.h"

typedef struct expression expression;

typedef enum expression_kind {
    EXPRESSION_number,
    EXPRESSION_name,      /* dots belong to it: `second.W` */
    EXPRESSION_free,      /* `?` */
    EXPRESSION_operation, /* unary (right is NULL) and binary operators */
    EXPRESSION_choice,    /* if c then a else b */
    EXPRESSION_call,      /* f(x, y) */
    EXPRESSION_select     /* x[…]: selection, the axes of a reduction, a net's axes */
} expression_kind;

typedef enum operator_kind {
#define OPERATOR(name, text, operands, primitive) OPERATOR_##name,
#include "lang/operators.def"
#undef OPERATOR
} operator_kind;

/* One of a list: `expression` or `name = expression`. */
typedef struct entry {
    name name; /* NULL where there is none */
    span name_at;
    expression *value;
} entry;

typedef struct entries {
    entry *at;
    uint32_t count;
    uint32_t
        arrow; /* in brackets of a net, `in -> out`: the number of entries before the arrow; else count */
    bool has_arrow;
    span span; /* with its brackets */
} entries;

struct expression {
    expression_kind kind;
    span at;
    union {
        double number;
        name name;
        struct {
            operator_kind operator;
            expression *left, *right;
        };
        struct {
            expression *condition, *then, *otherwise;
        };
        struct {
            expression *head;
            entries list; /* a call's arguments or a selection's brackets */
        };
    };
};

/* `real`, `interval(0, 1)`, `simplex[k]`, `county`, `binary?` */
typedef struct type_syntax {
    name name; /* NULL: no type was written */
    span at;
    entries arguments;
    entries axes;
    bool may_be_missing;
} type_syntax;

/* The left side of a statement or declaration: `x`, `h[time > 1]`, `mu[k] : ordered`. */
typedef struct target {
    name name;
    span name_at, at;
    entries axes; /* entries that are not plain names are guards: `time > 1`, `step = last` */
    type_syntax type;
} target;

typedef struct targets {
    target *at;
    uint32_t count;
} targets;

typedef struct item item;

typedef struct items {
    item **at;
    uint32_t count;
} items;

typedef enum item_kind {
    ITEM_axis,     /* axis NAME, NAME = 8, NAME = {a, b}, NAME from "f.csv" key k */
    ITEM_source,   /* data from "f.json" */
    ITEM_data,     /* data x[a] : T = e */
    ITEM_param,    /* param x[a] : T = e */
    ITEM_let,      /* let x[a] : T = e; let a, b = e */
    ITEM_fn,       /* fn f(a, b) = e | { … } */
    ITEM_net,      /* net f[in -> out](x) { … } */
    ITEM_dist,     /* dist d(a : T) : T { … } */
    ITEM_block,    /* model { … }, guide { … }, generate { … } */
    ITEM_fit,      /* fit { key = value } */
    ITEM_import,   /* import "f.vm" */
    ITEM_draw,     /* x ~ D(…) */
    ITEM_define,   /* x = e; a, b = f(x) */
    ITEM_factor,   /* factor e */
    ITEM_return,   /* return e, e */
    ITEM_property, /* in a dist: log_density(x) = e, mean = e */
    ITEM_option    /* in fit: key = value, an expression; `image: 100`, `0 -> 1 over 1000` */
} item_kind;

typedef enum block_kind { BLOCK_model, BLOCK_guide, BLOCK_generate } block_kind;

/* A parameter of fn, net or dist. */
typedef struct parameter {
    name name;
    span at;
    entries axes; /* of a dist's parameter: `concentration[k]` */
    type_syntax type;
} parameter;

typedef struct axis_parameter {
    name name;
    span at;
} axis_parameter;

struct item {
    item_kind kind;
    span at;             /* the whole statement; of what has a body in braces, what stands before the brace */
    const char *comment; /* the lines of `#` directly above, without their marks; NULL if none */
    union {
        struct {
            name name;
            span name_at;
            expression *size; /* NULL */
            name *labels;     /* NULL */
            uint32_t label_count;
            const char *from; /* NULL; a file's name as written */
            name key;         /* NULL */
            span from_at;
        } axis;
        struct {
            const char *path;
            span path_at;
        } file; /* source, import */
        struct {
            targets targets;   /* data, param: one */
            expression *value; /* NULL */
            bool from_zero;    /* data x[a] : county from 0 */
        } value;               /* data, param, let, define */
        struct {
            name name;
            span name_at;
            axis_parameter *axes; /* fn softmax[k](x), net f[in -> out](x) */
            uint32_t axis_count, arrow;
            bool has_arrow; /* of a net: axes before `arrow` are inputs */
            parameter *parameters;
            uint32_t parameter_count;
            bool has_parameters; /* false: `dist flat : real`, or a property without arguments */
            type_syntax type;    /* result */
            expression *body;    /* fn f(x) = e, a property; else NULL */
            items items;         /* fn f(x) { … }, net, dist; `fn f(x) = e, e` is { return e, e } */
        } function;              /* fn, net, dist, property */
        struct {
            block_kind block;
            items items;
        } block; /* model, guide, generate, fit */
        struct {
            targets targets;
            expression *distribution;
            expression *lower, *upper; /* truncated [a, b] */
            expression *censored_above, *censored_below;
        } draw;
        struct {
            expression **values;
            uint32_t count;
        } result; /* return; factor: one */
        struct {
            name name;
            span name_at;
            vector(entry) of;      /* `image: 100`, or several, `z: score, rest: stl`; else none */
            expression *value;     /* the last of them, or the only one without a name */
            expression *next;      /* objective = elbo, chi(2): the second; NULL elsewhere */
            expression *to, *over; /* anneal = 0 -> 1 over 1000; NULL elsewhere */
        } option;
    };
};

typedef struct syntax {
    items items;
    uint32_t source;
} syntax;

/* Parses one source of `d` (a number given by diagnostics_source) into the arena of `d`. Mistakes are
 * reported there, code `syntax`; after one, parsing goes on at the next statement, and the items that could
 * be read are in the result. Never fails otherwise. Nesting deeper than SYNTAX_DEEPEST is a mistake with its
 * place. */
syntax syntax_parse(diagnostics *d, names *n, uint32_t source);

enum {
    SYNTAX_DEEPEST = 200, /* open brackets */
    SYNTAX_HIGHEST =
        1000 /* the tree of an expression, as in 1 + 1 + … + 1; so deep a recursion over it may go */
};

/* The tree as nested lists, an item a line. */
void syntax_print(const syntax *s, FILE *to);

/* The operator as it is written. */
const char *operator_text(operator_kind k);

#endif
