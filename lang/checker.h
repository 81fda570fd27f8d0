/* The checker's inside, shared by its files:
 *   program.c       the graph of typed nodes
 *   ranges.c        bounds of values
 *   library.c       what the program reads of the standard library
 *   scopes.c        names: scopes, definitions that are checked when first used, "did you mean"
 *   nodes.c         making nodes
 *   types.c         axes and types by name
 *   expressions.c   what an expression means
 *   selections.c    gathers, lags, single entries
 *   calls.c         primitives and inlined functions
 *   nets.c          nets, and what each use of one has of its own
 *   recurrences.c   statements for a part of an axis, and lags
 *   loops.c         what follows from its own lags, woven into loops
 *   groups.c        names that need each other, or themselves
 *   samples.c       draws of parts of an axis, put together
 *   distributions.c distributions as values: arguments, axes, properties
 *   draws.c         statements `x ~ D(…)`, narrowed, truncated, censored
 *   missing.c       data with missing entries
 *   centring.c      where latents of location-scale families are placed
 *   guides.c        the guide, held against the model
 *   conjugate.c     expectations under guides of the families of the priors
 *   conjugate_guides.c  those guides
 *   enumeration.c   discrete latents, summed out
 *   warnings.c      what is legal and probably not meant
 *   statements.c    declarations, model, generate and fit
 *
 * Order of text does not matter: a name is checked when it is first asked for, and one that is asked for
 * while it is being checked is a cycle. */
#ifndef VM_LANG_CHECKER_H
#define VM_LANG_CHECKER_H

#include "lang/library.h"
#include "lang/program.h"

/* ---- program.c, ranges.c ---- */

node program_add(program *p, node_row row);
/* To which nodes and variables can be added; all else is the original's. */
program *program_copy(const program *p, arena *a);
const char *axes_text(const program *p, axes s);

range range_of(node_op op, const range *inputs);
bool range_within(range part, range whole);
bool range_disjoint(range a, range b);

/* ---- values, names ---- */

typedef struct scope scope;
typedef struct net net;
typedef struct group group;

/* A distribution as a value: its definition and the arguments it was called with. */
typedef struct distribution {
    const item *definition;
    scope *home; /* where the definition stands */
    node arguments[8];
    span argument_at[8];
    uint32_t count;
    span at;
    bool failed; /* an argument did: nothing more is said about it */
} distribution;

typedef enum value_kind { VALUE_failed, VALUE_node, VALUE_distribution, VALUE_several, VALUE_net } value_kind;

enum { VALUES_MOST = 8, DIST_AXES_MOST = 8 };

typedef struct value {
    value_kind kind;
    uint32_t count; /* VALUE_several */
    node nodes[VALUES_MOST];
    const distribution *distribution;
    net *net;
} value;

typedef enum state { STATE_fresh, STATE_checking, STATE_checked } state;

/* What a statement is cut to: of each axis `whole` only the entries of its part `axis`. */
typedef struct part {
    uint32_t count;
    axis whole[AXES_MOST], axis[AXES_MOST];
} part;

/* Where an expression is read: inside a call of a function or a use of a net, which stands at `at`. An
 * expression that is read twice at the same site, as for a message, means the same. */
typedef struct site {
    const expression *at;
    const struct site *outer; /* NULL: in the text of the program itself */
    net *net;                 /* the use of a net that stands here, or NULL */
} site;

/* What the statement being checked gives to the expressions inside it. */
typedef struct surroundings {
    axes axes; /* the statement's: of random draws and of `?` */
    bool free_allowed;
    axis categories; /* that a statement of the guide draws one of; or AXIS_NONE */
    type free_type;  /* of a `?` here */
    axis free_axis;  /* that it has besides the statement's; or AXIS_NONE */
    const char *free_name;
    span call; /* the user's call, while code of the library is read */
    bool in_call;
    bool random_allowed;
    bool lagged; /* what is being read is asked for at other entries than the statement's */
    part cut;
    const site *site;
} surroundings;

/* A name, or several, that an item of the text defines; checked when first used. */
typedef struct definition {
    const item *item;
    vector(const item *) others;      /* statements for other parts of the same name */
    group *group;                     /* names that are checked together with it; NULL: it is checked alone */
    bool asked_lagged;                /* it is being checked since its lag was asked for */
    struct definition *after;         /* a latent that needs its lag, whose statements are checked before */
    const struct definition *reached; /* from where, see find_groups */
    scope *scope;                     /* in which its expressions are read */
    state state;
    surroundings now;            /* … and what surrounds it */
    struct definition *asked_by; /* that whose check led to this one's */
    bool waiting;                /* for what it needs, see settle in statements.c */
    bool named;                  /* an expression names it */
    uint32_t count;
    variable variables[VALUES_MOST]; /* VARIABLE_NONE: a name inside a function */
    axes further; /* in a function with recurrences: what its arguments vary over besides the axes it names */
    value results[VALUES_MOST];
} definition;

typedef enum binding_kind {
    BINDING_axis,       /* `axes`: one, or what an axis parameter was called with */
    BINDING_value,      /* a parameter of a function */
    BINDING_definition, /* result `part` of `definition` */
    BINDING_callable    /* fn, net or dist: `item`, in a namespace of its own */
} binding_kind;

typedef struct binding {
    name name;
    binding_kind kind;
    span at;
    axes axes;
    value value;
    definition *definition;
    uint32_t part;
    const item *item;
    scope *home;          /* callables: the scope that their bodies see */
    bool broken;          /* callables: reported where it is defined, so nothing is said where it is used */
    struct binding *next; /* callables: another of the same name (kl for other distributions) */
} binding;

struct scope {
    scope *outer;
    vector(binding *) bindings;
    uint32_t *table, table_size; /* by name; from a handful of bindings on */
    bool library;
};

/* A variable's statements with what they say: values over their parts, or samples. */
typedef struct pieces {
    variable of;
    uint32_t count;
    part *cuts;
    node *values;
    axes whole;
    axis order[AXES_MOST];
    span at;
    const span *places; /* by statement, or NULL */
} pieces;

typedef struct unsupported {
    span at;
    const char *what;
} unsupported;

typedef struct checker {
    diagnostics *d;
    program *p;
    arena *arena;
    const text_reader *reader;
    scope *library, *top, *model, *guide, *generate;
    bool *library_has;       /* of LIBRARY: what was read */
    const item *model_block; /* or NULL */
    surroundings now;
    definition *current; /* being checked */
    uint32_t depth;      /* of expressions inside each other, calls included */
    uint32_t inlined;    /* calls of the program's own functions so far */
    vector(const distribution *)
        model_distributions;             /* by statement of the model; NULL where it was narrowed or cut */
    vector(part) model_cuts, guide_cuts; /* by statement: what it is cut to */
    vector(uint8_t) lagging;             /* by node: whether lags are in it, see loops.c */
    vector(uint32_t) walked;             /* by node: the last walk of is_pathwise that came by */
    uint32_t walks;
    vector(const pieces *) computed; /* names that are computed part by part */
    vector(unsupported) unsupported; /* told only when there are no errors */
    scope *imported;                 /* paths */
    vector(site *) sites;
    uint32_t *site_table, site_table_size; /* by expression and outer site */
    vector(net *) nets;                    /* that have been called */
    block_kind block;                      /* being checked; what stands at top level counts for the model */
    name word_rest, word_last, word_inf, word_pi, word_size, word_log_density, word_sample, word_cdf;
} checker;

/* ---- scopes.c ---- */

scope *scope_new(checker *c, scope *outer);
binding *scope_add(checker *c, scope *s, binding b);
/* The innermost binding of a name in the namespace of values and axes, or of callables; NULL if none. */
binding *scope_find(const scope *s, name n, bool callable);
binding *scope_here(const scope *s, name n, bool callable);
/* Reports an unknown name, with what it may have been. */
void report_unknown(checker *c, const scope *s, name n, span at, bool callable);
/* The help for a type of another system, NULL where the word is none. */
const char *foreign_type(const char *n);
/* "Did you mean": the nearest of the candidates tried; `best` stays NULL while none is near. */
typedef struct nearest {
    const char *of, *best;
    uint32_t distance;
} nearest;
void nearest_try(nearest *n, const char *candidate);
/* Reports what an expression names and nothing defines, without asking what it means. */
void check_names(checker *c, scope *s, const expression *e);
/* The place to tell the user: the call, while library code is read. */
span place(const checker *c, span at);

/* ---- library.c ---- */

/* Reads what the names known so far ask for. */
void library_read(checker *c);
/* What the library defines under a name, or NULL. */
const binding *library_find(checker *c, const char *n);

/* ---- nodes.c ---- */

/* A node with axes, range and place; 0 if an input failed. */
node make_map(checker *c, node_op op, const node *in, span at);
node make(checker *c, node_op op, node a, node b, node x, span at);
node make_number(checker *c, double x, span at);
node make_variable(checker *c, variable v, span at);
node make_position(checker *c, axis a, span at); /* 1, 2, … along an axis */
node make_size(checker *c, axis a, span at);
node make_reduction(checker *c, node_op op, node x, axes over, span at);
/* A row whose entries are those of x, moved about: of its type, range and axes, for the caller to change. */
node_row row_of_move(checker *c, node_op op, node x, span at);
node make_expand(checker *c, node x, axes to, span at);
/* x with its axis `a` replaced by the axes of the index. */
node make_gather(checker *c, node x, node index, axis a, span at);
node make_rename(checker *c, node x, axis from, axis to, span at);
/* Reports more axes than a value can have. */
bool too_many_axes(checker *c, axes s, span at);

/* ---- types.c ---- */

/* The axis that a name means, a primed name being the alias of its stem; false where it means something else.
 */
bool find_axes(checker *c, const scope *s, name n, span at, axes *found);
void report_no_axis(checker *c, const scope *s, name n, span at);
size_t primes_of(name n);
/* A new axis, of itself where row.of is AXIS_NONE. Of too many, which is reported, all are one. */
axis add_axis(checker *c, axis_row row);
/* The alias of an axis under a name, made when first used. */
axis axis_alias(checker *c, axis of, name as, span at);
/* The axes that a list of plain names stands for; false, reported, where one is no axis. */
bool evaluate_axes(checker *c, scope *s, const entries *list, axes *found, axis *order);
type evaluate_type(checker *c, scope *s, const type_syntax *t);
/* Whether a type is about entries along this axis together. */
bool type_ties(const program *p, type t, axis a);
/* Whether all that is of one support is of the other, as a correlation matrix is a covariance matrix. */
bool support_within(support part, support whole);
/* Whether the column's axis is that of the rows with one prime more. */
bool is_prime_of(const program *p, axis column, axis row);
/* Whether what is declared with these axes has those that its type ties together, of a matrix an axis and its
 * alias; reports it where not. */
bool check_event_axes(checker *c, const target *t, type held, const axis *order, uint32_t count);
/* Whether the axes that a type names, `simplex[k]`, are the last ones of what has it. */
bool check_type_axes(checker *c, scope *s, const type_syntax *t, const axis *order, uint32_t count);

/* ---- expressions.c ---- */

static const value FAILED = {.kind = VALUE_failed};
static inline value value_of(node n) {
    return n ? (value){.kind = VALUE_node, .count = 1, .nodes = {n}} : FAILED;
}

value evaluate(checker *c, scope *s, const expression *e);
node evaluate_node(checker *c, scope *s, const expression *e);  /* 0, reported, where it is no number */
value evaluate_name(checker *c, scope *s, const expression *e); /* whole, not cut to the statement's part */
/* Ensures that a definition is checked; reports one that is its own cause. */
void define(checker *c, definition *f);
/* Whether expressions are inside each other so deeply that no more will be read, which is reported. */
bool too_deep(checker *c, span at);
enum { CALL_DEPTH = 12 }; /* what a call and a definition count for */

/* ---- selections.c ---- */

value evaluate_select(checker *c, scope *s, const expression *e);
/* Whether brackets hold a lag, `[time - 1]`. */
bool has_lag(const entries *list);
void report_lacks_axis(checker *c, const expression *e, axes have, const char *lacks, span at);
/* The number of entries where the program says it, else infinity. */
double size_known(checker *c, const axis_row *row);

/* ---- calls.c ---- */

value evaluate_call(checker *c, scope *s, const expression *e);
/* Inlines a definition with parameters: fn, or a property of a distribution. */
value call_function(checker *c, const item *function, scope *home, const axes *axis_arguments,
                    uint32_t axis_count, const value *arguments, uint32_t count, span at);
/* The same where the scope knows the axes already: binds the parameters and reads the body. */
value inline_body(checker *c, const item *function, scope *s, const value *arguments, uint32_t count,
                  span at);
void report_arity(checker *c, span at, const char *what, uint32_t wants, uint32_t has, const char *like);
/* Whether the type of parameter i of an overloaded function is this distribution. */
bool takes_distribution(const binding *b, uint32_t i, const distribution *d);
/* `normal(loc, scale)`, `softmax[k](x)`: how a definition is called. */
const char *signature(checker *c, const item *f);
/* The primitive that the language has under a name, NODE_failed for none; and how it is called. */
node_op primitive_named(name n);
const char *primitive_text(checker *c, const char *n, node_op op);

/* ---- nets.c ---- */

/* The site of a call inside the one that is being read. */
const site *site_at(checker *c, const expression *call);
/* `dense[hidden -> out]`, or a net without axes: this use of it. */
value evaluate_net(checker *c, scope *s, const expression *e, const binding *b);
/* A name for a use that has none: `let first = dense[a -> b]`. */
void net_give_name(net *n, name as);
value net_call(checker *c, net *n, const value *arguments, uint32_t count, const expression *call);
const item *net_definition(const net *n);
/* `first.W`: the path behind the point, to a name of the net or of a net inside it. */
value net_member(checker *c, net *n, const char *path, span at);
/* Settles the names of what the nets of this block declare, `first.W`, and reports those of the model. */
void net_settle_names(checker *c);

/* ---- recurrences.c ---- */

/* Whether a left side is for a part of an axis, `h[time > 1]`. */
bool is_guarded(const target *t);
/* The axes of a left side, whole, and what its guards cut them to; false, reported, where they are wrong. */
bool evaluate_target(checker *c, scope *s, const target *t, axes *found, axis *order, part *cut);
/* x at the entries of a part of its axis `whole`, moved by `shift`. */
node make_part(checker *c, node x, axis whole, axis part, int32_t shift, span at);
/* x, which has a part of an axis, over the whole of it: 0 elsewhere. */
node make_place(checker *c, node x, axis part, axis whole, span at);
/* Axes with the parts in place of the whole ones. */
axes cut_axes(const part *cut, axes s);
/* x at the entries of the statement that is being checked. */
node within_part(checker *c, node x, span at);
/* x some entries earlier (negative) or later along an axis; 0, reported, where the statement reaches beyond
 * its ends. */
node make_lag(checker *c, node x, axis along, int32_t shift, span at);
/* One value over whole axes from those of its parts. */
node join_parts(checker *c, const part *cuts, const node *values, uint32_t count, axes whole, span at);
/* Whether one part of an axis lies within another. */
bool part_within(const checker *c, axis inner, axis outer);
/* The parts of an axis of which all of `parts` are made, in its order, at most 2 count; returns how many. */
uint32_t refine_parts(checker *c, axis along, const axis *parts, uint32_t count, axis *refined);
/* Whether the parts cover every entry once; reports it, at one of them, where not. */
bool check_cover(checker *c, const part *cuts, const span *at, uint32_t count, const char *name);

/* ---- loops.c ---- */

/* What is woven: values, whose mistakes are told, draws, or where latents are placed, which no one is told
 * of. */
typedef enum woven { WOVEN_values, WOVEN_draws, WOVEN_places } woven;
/* The values of all members over their whole axes; 0 for each where that fails, which is told of values. */
void weave(checker *c, const pieces *members, uint32_t count, woven for_what, node *results);
/* Whether a value has lags in it. */
bool has_lags(checker *c, node n);
/* Notes a statement with lags that runs over all its entries at once, to be told; those of the model. */
void note_vectorised(checker *c, variable v);
void note_lags(checker *c);

/* ---- groups.c ---- */

typedef vector(definition *) definition_list;

/* Finds the names of a list that need each other, or themselves, through lags: each set is one group, and is
 * checked as a whole. */
void find_groups(checker *c, const definition_list *list);
void check_group(checker *c, group *g);
/* The value of a name that is asked for while its group is checked, and whose axes only its value tells. */
void check_loose(checker *c, definition *f);
bool group_begun(const group *g);

/* ---- samples.c ---- */

/* The samples of statements put together, variable by variable, see `draw`. */
void put_together(checker *c, draw *draws, const part *cuts, uint32_t count, woven for_what);
/* … those of the guide. */
void complete_samples(checker *c);

/* ---- centring.c ---- */

/* Gives the latents of the model their placements. */
void place_latents(checker *c);

/* ---- distributions.c ---- */

/* The axis parameters of a distribution, bound. */
typedef struct axis_binding {
    name name;
    axis at;
} axis_binding;

typedef struct axis_bindings {
    axis_binding at[DIST_AXES_MOST];
    uint32_t count;
} axis_bindings;

value evaluate_distribution(checker *c, scope *s, const expression *e, const binding *b);
/* Whether a `dist` may define a property of this name (properties.def). */
bool is_property(name n);
const item *distribution_property(const distribution *d, name property);
/* Binds the axis parameters, given the axes of x in order, of which the last are the event's, and the type
 * that x was declared with (or NULL). False where it cannot be done, which is reported if `tell`. */
bool bind_axis_parameters(checker *c, const distribution *d, const axis *order, uint32_t count,
                          const type *declared, bool tell, axis_bindings *bound, axes *event);
/* Whether the arguments of a statement vary over no other axes than its left side and the axis parameters;
 * reports those that do. */
bool check_argument_axes(checker *c, scope *s, const distribution *d, const expression *call, const target *t,
                         axes of_x, axis_bindings *bound);
/* The part of an expression that brings in an axis it may not have, for a message that points at it. */
const expression *culprit(checker *c, scope *s, const expression *e, axis a);
/* A distribution without parameters is a draw where one may stand: `loc + scale * std_normal()`. */
value drawn_value(checker *c, value v);
/* The support of what is drawn. */
type drawn_type(checker *c, const distribution *d, const type *declared, const axis_bindings *bound);
/* A property at x, 0 where it takes none; 0 where there is none or it failed. */
node property_at(checker *c, const distribution *d, const axis_bindings *bound, name property, node x);
/* The same for a distribution as a value. */
node distribution_at(checker *c, const distribution *d, name property, node x, const axis *order,
                     uint32_t count);

/* ---- draws.c ---- */

/* Whether an expression names something. */
bool names_itself(const expression *e, name n);
void check_draw(checker *c, definition *f, block_kind block);
/* What a statement of `generate` draws, over its axes, cut to c->now.cut; its variable gets its axes and
 * type. 0 where it failed. */
node check_generated(checker *c, definition *f, const item *it);

/* The bounds of a scalar support as nodes, 0 for none. */
void support_bounds(checker *c, type t, span at, node *lower, node *upper);

/* ---- missing.c ---- */

/* Data that may have missing entries and that the model draws: makes their latents. */
void missing_declare(checker *c, definition *f);
/* … and the statement that is to be the model's next, which narrows them where it is alone. */
void missing_drawn(checker *c, draw *row, bool alone);
/* NULL where v has none. */
missing *missing_of(const program *p, variable v);

/* ---- guides.c ---- */

void check_guide_block(checker *c, const item *block);
/* Without a guide the family is ours to choose. */
void choose_guide(checker *c);

/* ---- conjugate_guides.c ---- */

/* `theta[doc, topic] ~ dirichlet(?)`: a latent drawn from the family that is conjugate to its prior, as what
 * stands at `at` asks for. NULL, reported, where none is known. */
const item *conjugate_statement(checker *c, variable v, span at);

/* ---- enumeration.c ---- */

/* Plans how the discrete latents that no guide draws are summed out; reports those that cannot be. */
void sum_out(checker *c);

/* ---- warnings.c ---- */

/* What is legal and probably not meant, in the text of this source. */
void warn_of_program(checker *c, uint32_t source);

/* ---- statements.c ---- */

/* Binds a fn, net or dist. */
void declare_callable(checker *c, scope *s, const item *it);
/* Binds the names on the left of an item, to be checked when first used. */
definition *declare_names(checker *c, scope *s, const item *it, const targets *names, variable_kind kind);
/* The left sides of a statement, and that of a name among them. */
const targets *left_of(const item *it);
const target *target_of(const item *it, name n);
/* What a definition names that is not checked yet. */
definition_list needs(checker *c, const definition *f);
/* The value of one statement, which must have as many results as there are names; VALUE_failed, reported,
 * where it has not. */
value evaluate_results(checker *c, const definition *f, const item *it);
/* A value is known: the name gets its axes, its type and its node. */
void settle_value(checker *c, definition *f, uint32_t part, const target *t, node n, axes s,
                  const axis *order);
/* Declares the names of an item of a block, to be checked later. */
void declare_local(checker *c, scope *s, const item *it, definition_list *list, variable_kind kind);
/* Checks definitions and what they need. */
void check_list(checker *c, definition_list *list);
void check_definition(checker *c, definition *f);

#endif
