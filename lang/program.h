/* The typed program: what a model means. Names are resolved, functions and distributions are inlined, and
 * every expression is a node of one graph with its axes, its type and the bounds that could be derived. Sizes
 * and data are not known yet; the graph is the same for every data set, and lowering it (runtime/bind) is one
 * instruction a node.
 *
 * Equal nodes are one. An expression that failed is node 0, and so is every node made from it: one mistake
 * causes one message. */
#ifndef VM_LANG_PROGRAM_H
#define VM_LANG_PROGRAM_H

#include <math.h>
#include <stdio.h>

#include "base/axes.h"
#include "base/diagnostics.h"
#include "base/names.h"
#include "lang/options.h"
#include "lang/syntax.h"

typedef uint32_t node;
typedef uint32_t variable; /* a number of program.variables */
enum { VARIABLE_NONE = 0xffffffff };

typedef enum support {
#define SUPPORT(name, lowest, highest, open, whole, event, about) SUPPORT_##name,
#include "lang/supports.def"
#undef SUPPORT
    SUPPORT_count_
} support;

typedef struct support_row {
    const char *name;
    double lowest, highest;
    bool open, whole;
    uint8_t event;
    const char *about;
} support_row;
extern const support_row SUPPORTS[];

typedef struct type {
    support support;
    axis index; /* SUPPORT_index: into this axis (never an alias); simplex, ordered …: along this one */
    node lower, upper; /* SUPPORT_interval: its bounds; 0 for none */
    bool may_be_missing;
} type;

/* Bounds that hold whatever the data: lowest <= x <= highest, without equality where open. */
typedef struct range {
    double lowest, highest;
    bool open_below, open_above, whole;
} range;

typedef enum node_op {
    NODE_failed,
    NODE_number,   /* `number` */
    NODE_variable, /* `variable` */
    NODE_position, /* 1, 2, … along `axis` */
    NODE_size,     /* of `axis` */
    NODE_gather,   /* in[0] at in[1], an index into `axis` or an alias of it */
    NODE_rename,   /* `axis` of in[0] becomes `axis2` */
    NODE_expand,   /* in[0] repeated over further axes */
    NODE_label,    /* the position of the label `label` in `axis` */
    NODE_part,     /* in[0], which has `axis2`, at the entries of its part `axis`, moved by `number` */
    NODE_place,    /* in[0], which has the part `axis`, in `axis2`, the whole; 0 elsewhere */
    /* A recurrence: a loop over the part `axis` that computes one or several variables entry by entry. */
    NODE_carried, /* `variable` inside its own loop, over its whole axes: only its NODE_part some entries
                     away, along the loop's axis, has a value, which the loop carries from before */
    NODE_step, /* how the loop computes `variable`: in[1], over the part, which uses NODE_carried; in[2] has
                  its values at the entries before the loop, over the whole `axis2`, where they are carried;
                  in[0] is the next such node of the same loop, or 0 */
    NODE_scan, /* `variable` over the part, by the loop in[0] */
#define PRIMITIVE(name, inputs, form, range, about) NODE_##name,
#include "lang/primitives.def"
#undef PRIMITIVE
    NODE_count
} node_op;

typedef enum node_form {
    FORM_OTHER,
    FORM_MAP,
    FORM_REDUCE,
    FORM_SCAN,
    FORM_FACTOR,
    FORM_SOLVE,
    FORM_RANDOM
} node_form;

enum { NODE_INPUTS_MOST = 4 };

typedef struct node_row {
    node_op op;
    node in[NODE_INPUTS_MOST];
    axes axes;
    axis axis, axis2; /* FACTOR, SOLVE: of the rows and of the columns */
    type type; /* SUPPORT_real unless something narrower is known to hold along event axes, or it is an index
                */
    range range;
    bool stochastic; /* changes with a latent, a param or a random draw */
    union {
        double number;
        variable variable;
        name label;
        uint32_t stream; /* RANDOM */
    };
    span at;
} node_row;

typedef enum axis_source {
    AXIS_from_data,
    AXIS_fixed,
    AXIS_labelled,
    AXIS_from_table,
    AXIS_alias,
    AXIS_part,
    AXIS_missing /* the missing entries of data, see `missing` */
} axis_source;

/* An entry of an axis: `offset` from 1, or from the last one (0, -1, …). */
typedef struct entry_place {
    bool from_end;
    int32_t offset;
} entry_place;

typedef struct axis_row {
    name name;
    span at;
    axis_source source;
    node size;    /* AXIS_fixed: a node of data and numbers */
    name *labels; /* AXIS_labelled */
    uint32_t label_count;
    const char *file; /* AXIS_from_table: path as written */
    name key;         /* or NULL */
    span file_at;
    axis of;                 /* AXIS_alias: the axis it is an alias of, AXIS_part: a part of; else itself */
    entry_place first, last; /* AXIS_part */
} axis_row;

typedef enum variable_kind {
    VARIABLE_data,  /* given; `value` is its default */
    VARIABLE_place, /* where data have gaps, known once they are bound; see `missing` */
    VARIABLE_let,   /* = value, of data and params */
    VARIABLE_param, /* point-estimated; `value` is its start or 0 */
    VARIABLE_free,  /* a `?` of the guide */
    VARIABLE_latent,
    VARIABLE_summed,    /* a discrete latent that is summed out */
    VARIABLE_derived,   /* = value, in the model */
    VARIABLE_guide,     /* = value, in the guide or a function: not reported */
    VARIABLE_generated, /* = value, in generate */
    VARIABLE_coordinate /* of a latent's placement */
} variable_kind;

/* Where a latent of a location-scale family is, by a coordinate u and a centring c: (1 - c) location +
 * scale^(1 - c) u, of the unconstrained latent. See lang/centring.c. */
typedef struct location_scale {
    variable of, coordinate, centring;
    bool parts;           /* its statements are for parts of an axis, so that it may have loops */
    node location, scale; /* over all entries; functions of other variables and of lags of the latent */
    node value; /* a function of the coordinate, the centring and other variables: lags are carried by a loop
                 */
} location_scale;

typedef struct variable_row {
    name name;
    variable_kind kind;
    span at;
    axes axes;
    axis order[AXES_MOST]; /* the same axes as written, which is the order of files and reports */
    type type;
    node value;      /* see kind; 0 where there is none */
    node self;       /* the node that stands for it */
    bool from_zero;  /* data of an index type that count from 0 */
    bool of_net;     /* declared by a net */
    bool observed;   /* data or let that the model draws */
    bool stochastic; /* changes with a latent, a param or a random draw */
    uint32_t draw;   /* latents: the last of their statements in program.model */
    const location_scale
        *placement; /* of a latent, and of its coordinate and centring; NULL where its family is another */
} variable_row;

/* A statement `x ~ D(…)`, of the model or the guide. */
typedef struct draw {
    variable of; /* a latent, or an observed data or let */
    span at;
    name distribution;
    node arguments[8];
    uint32_t argument_count;
    axes axes; /* over which it repeats: those of x without event axes */
    axes event;
    type type;        /* the support of the distribution, narrowed */
    node log_density; /* of x, normalised where it is narrowed; axes within `axes`, over which it is to be
                         summed */
    node sample; /* a draw of x, 0 where the distribution has none. In the model: of the statement's entries,
                    given all else, so that it may need lags of x. In the guide: of all of x, put together
                    from all its statements, the same node in each of them; a function of other variables,
                    never of x, since lags of x are carried by a loop; 0 where one of several statements is
                    cut, or draws by rejection with arguments that follow from the loop. What follows is not
                    done to it: */
    node lower, upper;    /* x lies between them, narrowed or truncated; 0: no bound */
    node lowest, highest; /* … and what lies beyond them is censored to them; 0: nothing is */
    axes along;           /* … and is narrowed to a vector or matrix over them; of an order there is one */
    bool pathwise;        /* the sample is whole and differentiable in the arguments */
    node kl;              /* guide only: KL(this, the model's statement for x) in closed form, or 0 */
} draw;

/* `a, b ~ full_rank()`: a joint family in unconstrained space. */
typedef struct family {
    family_kind kind; /* FAMILY_auto: the program leaves it to the fit */
    uint32_t size;    /* columns of low_rank, layers of a flow */
    variable *of;
    uint32_t count;
    span at;
} family;

/* Summing discrete latents out, see lang/enumeration.c. How a value with axes of its own meets the entries of
 * a variable along one axis of the latter: entry i of `at` (that axis, an alias or a part of it) is entry
 * i + shift there; or the entry is what `index` says. */
typedef struct reach {
    axis at;
    int32_t shift;
    node index; /* or 0 */
} reach;

typedef struct latent_use {
    uint32_t of;         /* number of program.summed */
    reach by[AXES_MOST]; /* by axis of the variable, canonical order */
} latent_use;

/* Continuous latents of which each entry along `plates` is stood for by particles: values drawn for all of
 * the block together. Its variables may have further axes, inside of a particle. */
typedef struct particle_block {
    axes plates;
    uint32_t particles;
    uint32_t count;
    variable *of;
    node *location; /* by variable: what its particles are counted from, where that is another's; or 0 */
} particle_block;

/* A latent that is summed out: its states are one more axis. Where entry i meets its neighbour i - 1 (or
 * i + 1) of the axis `along` the neighbour's states are another axis. */
typedef struct summed {
    variable of; /* of a block its first */
    axis states; /* the axis that it is an index into; AXIS_NONE: 0 or 1, or particles */
    axis along;  /* AXIS_NONE where no neighbours meet */
    axes plates; /* along which it has states of its own: all its axes, where it is discrete */
    const particle_block *block; /* whose particles are the states; NULL: a discrete latent */
} summed;

/* A function of the states of some of them, added to the log density over its plates. */
typedef struct marginal_factor {
    node density; /* of a statement or a factor; 0: what an elimination leaves */
    axes plates;
    vector(latent_use) uses;
} marginal_factor;

/* A step of the summation: variables with the same axes, whose factors are added up, entry by entry, and
 * summed over their states. Several are eliminated together only where all are chains along `along`, by the
 * forward algorithm. */
enum { ELIMINATED_MOST = 4 };
typedef struct elimination {
    uint32_t of[ELIMINATED_MOST], count;
    axes plates;
    axis along;             /* AXIS_NONE: no chain */
    axis step;              /* chains: the part of `along` whose entries have a neighbour before them */
    bool backward;          /* the neighbour is the next entry, not the one before */
    vector(uint32_t) takes; /* numbers of program.marginal */
    uint32_t leaves;
} elimination;

/* How statements with lags are computed, to be told. */
typedef struct recurrence {
    variable *of;
    uint32_t count;
    bool loop;     /* over `part`; else over all entries at once */
    bool of_draws; /* of the samples, not of the values */
    axis part;
    uint32_t carried; /* entries that go from step to step, of all names together */
} recurrence;

/* Data that the model draws and that may have missing entries, which are latents, see lang/missing.c. The
 * `self` of the data is the node of all entries, given and missing. */
typedef struct missing {
    variable of;
    variable number;        /* of each entry of `of` its number among the missing ones, from 1; 0: given */
    variable latent;        /* continuous: the missing entries, over `along`; discrete: all entries */
    node pin;               /* discrete: the factor that holds the latent to what is given */
    axis along;             /* the missing entries in the canonical order of `of`; AXIS_NONE: discrete */
    variable at[AXES_MOST]; /* over `along`: where they are, an index into each axis of `of`, as written */
} missing;

typedef struct data_file {
    const char *path; /* as written, relative to the model's folder */
    span at;
} data_file;

typedef struct program {
    arena *arena;
    names *names;
    const char *path;       /* the model's file, or a name for it */
    vector(node_row) nodes; /* nodes.at[0] failed */
    vector(axis_row) axes;
    vector(variable_row) variables;
    vector(draw) model;   /* in an order in which no statement needs a later one */
    vector(node) factors; /* added to the log density, summed over all their axes */
    vector(draw) guide;   /* statements of the guide, likewise ordered */
    vector(family) families;
    vector(missing) missing;
    vector(summed) summed; /* at most 64 */
    vector(marginal_factor) marginal;
    vector(elimination) eliminations; /* in order */
    uint64_t *touched;                /* by node: bit k where summed k enters; see program_touched */
    uint32_t touched_count;
    vector(recurrence) recurrences;
    vector(variable) reported; /* latents, derived and generated names, in the order of the text */
    vector(data_file) files;   /* data from "…" */
    options options;           /* of `fit { … }`, over the defaults */
    uint32_t streams;
    uint32_t *table, table_size; /* equal nodes */
} program;

static inline const node_row *program_node(const program *p, node n) { return &p->nodes.at[n]; }
static inline const axis_row *program_axis(const program *p, axis a) { return &p->axes.at[a]; }
static inline const variable_row *program_variable(const program *p, variable v) {
    return &p->variables.at[v];
}

/* As the program says or, where it leaves it to the fit, the options; FAMILY_auto where neither does. */
static inline family_kind family_asked(const family *f, const options *o) {
    return f->kind == FAMILY_auto ? (family_kind)o->family.word : f->kind;
}

/* Whether the model draws it and no data give it. */
static inline bool variable_is_latent(const variable_row *v) {
    return v->kind == VARIABLE_latent || v->kind == VARIABLE_summed;
}
/* The first statement of the guide that draws it; NULL where none does. */
static inline const draw *program_guide_statement(const program *p, variable v) {
    for (uint32_t i = 0; i < p->guide.count; i++)
        if (p->guide.at[i].of == v) return &p->guide.at[i];
    return NULL;
}

/* The discrete latents that are summed out and enter a node, as bits. */
static inline uint64_t program_touched(const program *p, node n) {
    return n < p->touched_count ? p->touched[n] : 0;
}

/* Compiles the text of a source of `d` into a program in the arena of `d`: parses it and what it imports, and
 * checks it against the standard library. Always returns a program; it may be used only if d->errors is 0
 * afterwards. `read` brings the files that `import` names. */
typedef struct text_reader {
    /* The file's text in the arena, NULL where it cannot be read; *why is then a reason in words. */
    const char *(*read)(void *user, arena *a, const char *path, size_t *length, const char **why);
    void *user;
} text_reader;
program *program_compile(diagnostics *d, names *n, uint32_t source, const text_reader *reader);

/* The program with particles of some of its latents summed out beside the discrete ones: a copy in the arena
 * whose `summed` has those of `p` first, then the blocks, with its own factors and eliminations. NULL where
 * that would take a term for every combination; bit k of *in_the_way then says that its number k is among
 * those that meet so, none that there are too many. */
const program *program_with_particles(const program *p, const particle_block *blocks, uint32_t count,
                                      arena *a, uint64_t *in_the_way);

/* The support of a type as bounds; interval bounds count where they are numbers. */
range type_range(const program *p, type t);
/* In words, as a program says it: `positive`, `interval(0, 1)`, `county`. In the arena. */
const char *type_text(const program *p, type t);
const char *node_name(node_op op);
node_form node_form_of(node_op op);
int node_inputs(node_op op);
/* `x[home, county]`: a variable with its axes. In the arena. */
const char *variable_text(const program *p, variable v);
/* The axes whose sizes' product is the number of terms that program.eliminations.at[i] adds up, AXIS_NONE for
 * a state of 0 or 1; at most TERMS_MOST. */
enum { TERMS_MOST = AXES_MOST + 64 + 2 * ELIMINATED_MOST };
uint32_t elimination_terms(const program *p, uint32_t i, axis *of);
/* The numbers of program.summed whose states are among them. */
uint32_t elimination_states(const program *p, uint32_t i, uint32_t *of);
/* The same in words: `obs × component`, `a chain along time: time × state × state`. In the arena. */
const char *elimination_text(const program *p, uint32_t i);
void program_print(const program *p, FILE *to);

#endif
