/* The plan of a machine: from the instructions of a tape to a list of steps.
 *
 * Every live value takes one of four forms.
 *   LEAF   a number, data, an input or positions: there before anything runs.
 *   VIEW   a slice, a rename or an expansion: entries of another value under other strides. Costs nothing.
 *   BLOCK  is computed elementwise, in blocks, by the region that it belongs to; gets a buffer only if
 * somebody outside the region wants it. WHOLE  needs all of its operands before its first entry: a sum, a
 * product of matrices, a factor.
 *
 * A region is all the BLOCK values over the same axes at the same level, with the sums over them. The level
 * of a value is the largest number of region boundaries on a way to it from a leaf: an edge within a region
 * does not count, any other counts 1. So what depends on a region from outside has a higher level, no two
 * regions can wait for each other, and steps in the order of their levels are in an order of dependence. An
 * elementwise value is then moved to the lowest level among its users, which spares it a buffer when they
 * share a region; a sum stays with what it sums.
 *
 * Steps whose operands are all numbers, data and positions come first, are run once, and what others need of
 * them is kept. Buffers of values that are never alive together share memory. */
#ifndef VM_AUTODIFF_PLAN_H
#define VM_AUTODIFF_PLAN_H

#include "autodiff/kernels/kernels.h"
#include "autodiff/pieces.h"
#include "autodiff/places.h"
#include "autodiff/row_reads.h"
#include "autodiff/rows.h"
#include "autodiff/team.h"
#include "autodiff/tape.h"
#include "autodiff/walk.h"

/* A value that goes into a sum of places is none by itself: the sum reads what it places (places.h). */
typedef enum value_form {
    VALUE_dead,
    VALUE_placed,
    VALUE_leaf,
    VALUE_view,
    VALUE_block,
    VALUE_whole
} value_form;

enum { STEP_none = 0xffffffff };

typedef struct value {
    value_form form;
    bool fixed;    /* depends on numbers, data and positions alone */
    bool dense;    /* somebody needs the entries one after the other: an output, linear algebra */
    bool stored;   /* has a buffer */
    ref root;      /* whose entries these are: of a view, another value; else the value itself */
    layout layout; /* of the entries in the root's buffer */
    axes home;     /* of the region, without the layers' axis; of a sum, that of what it sums */
    axis layer; /* the axis of which the region computes layers, see layers.h; AXIS_NONE where there are none
                 */
    int level;
    uint32_t step, last; /* where it is computed, where it is read last */
    uint64_t entries;
    uint64_t place; /* in the pool, in entries */
    rows_form rows; /* of a product of a matrix and a vector */
    uint32_t sum;   /* of one that a region sums: which of its sums */
} value;

/* An operand of a micro-instruction: n entries from entry `start` of the region on. */
typedef enum source_kind { SOURCE_nothing, SOURCE_scratch, SOURCE_value, SOURCE_scalar } source_kind;
typedef struct operand {
    source_kind kind;
    uint32_t at;     /* a slot of the scratch; a ref */
    uint64_t offset; /* into the value */
    int64_t layer;   /* from layer to layer: slots, entries; 0 where it is the same in all */
} operand;

/* What a region does for each block, in order. */
typedef enum micro_kind {
    MICRO_load,   /* in[0] (whole), along `walk`, to scratch or a buffer */
    MICRO_gather, /* in[0] (whole), in[1] (whole): x, index */
    MICRO_unary,
    MICRO_binary,
    MICRO_binary_vs,
    MICRO_binary_sv,
    MICRO_ternary,
    MICRO_select,
    MICRO_random,
    MICRO_rows_dot,    /* in[0] (whole), in[1] (whole): a matrix, a vector */
    MICRO_row_product, /* of the rows `rows[0]` and `rows[1]` */
    MICRO_mixture,     /* of the same, in[0] being p */
    MICRO_rows_add,    /* adds the rows of in[0] (whole), each times its entry of in[1], into `to` */
    MICRO_layers,      /* log_sum_exp of in[0] over its layers */
    MICRO_strand,      /* several, as machine code (emit/emit.h) */
    MICRO_scatter,     /* adds in[0] into the places of `to` that in[1] (whole) names */
    MICRO_sum,         /* adds in[0] into `to` along `walk` */
    MICRO_dot          /* adds in[0] times in[1] into `to` along `walk` */
} micro_kind;

typedef struct micro {
    micro_kind kind;
    op op;
    ref of; /* the instruction */
    operand in[3], to;
    const walk *walk;
    const int32_t *index; /* of a gather by a fixed index: from 0, -1 where out of range; NULL otherwise */
    bool in_range;        /* … none is out of range */
    const int32_t
        *ends;      /* … of one that ascends, by place: where the run of its entries ends; NULL otherwise */
    int64_t reach;  /* of a gather: the number of entries along the axis */
    int64_t pitch;  /* … and their stride; of a matrix, from row to row */
    int64_t step;   /* of a matrix, within a row */
    uint64_t width; /* … and the entries of a row */
    row_lookup *rows;  /* of a product of rows and a mixture: two */
    uint32_t layers;   /* it is run for each; of MICRO_layers, those of in[0] */
    void (*run)(void); /* of unary, binary and ternary: the kernel, to be cast */
    struct strand *strand;
} micro;

/* Entries of a block. */
enum { BLOCK_MOST = 1024 };

/* How the entries of a step are cut into parts: part p has, of each of `outer` times `inner` entries, those
 * from p * part on; see partition.h. */
typedef struct cut {
    uint64_t outer, inner, part;
    uint32_t parts;
} cut;

/* The entries of a part within outer entry i: from … to - 1. */
static inline uint64_t cut_from(const cut *c, uint32_t part, uint64_t i) {
    return i * c->inner + part * c->part;
}
static inline uint64_t cut_to(const cut *c, uint32_t part, uint64_t i) {
    uint64_t to = (part + 1) * c->part;
    return i * c->inner + (to < c->inner ? to : c->inner);
}

/* Where one part of a step writes to a result, or adds to a sum: entries low … low + size - 1. */
typedef struct sum_range {
    uint64_t low, size;
    uint64_t place; /* of the part's own copy, in the partial sums */
} sum_range;

typedef struct region_sum {
    ref of;
    const walk *walk; /* of the region's entries, where each adds to the sum: */
    uint64_t width;   /* … within so many entries */
    uint64_t each;    /* … to so many of them */
    /* Where the entries of the region go to places that ascend: those places, from 1, and their stride; else
     * NULL. */
    const double *places;
    int64_t pitch;
    bool apart;       /* parts have entries in common: each adds to a copy of its own */
    sum_range *range; /* by part */
} region_sum;

typedef struct region {
    axes axes;
    uint64_t entries;
    uint32_t block; /* entries, a multiple of CHUNK */
    uint32_t slots; /* of the scratch, each of `block` entries; layers have neighbours */
    uint32_t count;
    micro *micros;
    uint32_t sum_count;
    region_sum *sums;
    pieces pieces;
} region;

/* A product of matrices c = a b for each entry of the batch. */
typedef struct matrix_side {
    bool packed;      /* copied to, or from, a dense matrix first */
    bool by_columns;  /* entries of a column are next to each other */
    int64_t step;     /* between rows (or columns) */
    const walk *copy; /* packed: value, matrix */
} matrix_side;

/* How one side of a product is cut: into even pieces of whole units, of which the last may be in part. */
typedef struct tile_cut {
    uint64_t size, unit;
    uint32_t pieces;
} tile_cut;

static inline uint64_t tile_from(const tile_cut *c, uint32_t piece) {
    uint64_t units = (c->size + c->unit - 1) / c->unit, from = units * piece / c->pieces * c->unit;
    return from < c->size ? from : c->size;
}

typedef struct matrix_product {
    const walk *batch; /* a, b, c */
    int m, n, k;
    matrix_side a, b, c;
    uint64_t room[3]; /* where the packed ones lie in the working memory; behind them is the room of a tile */
    uint64_t behind;
    tile_cut down, across; /* tiles of the result; of its transpose where it lies by columns */
    bool shares_tiles;     /* parts are tiles; else entries of the batch, with all of their tiles */
    /* Where tiles share the panels of the left factor: how these are brought, before, and where they lie in
     * the working memory, behind that of all threads; else it has no pieces. */
    tile_cut left;
    double left_cost;
    uint64_t left_at;
} matrix_product;

/* A square matrix L, its right sides (or the adjoint of L) and what it is solved or factored to, for each
 * entry of a batch. */
typedef struct square_matrix {
    const walk *batch; /* matrix, right side, result */
    const walk *rows;  /* row, column of the matrix: value, dense matrix */
    const walk *right; /* right sides: value, dense matrix; NULL without */
    const walk *result;
    int n, sides;
    bool transposed;
    uint64_t behind; /* in the working memory: the room of the kernels */
} square_matrix;

/* One of the values that a result is put together from. */
typedef struct placed_value {
    ref from;
    const walk *walk; /* value, result */
} placed_value;

typedef enum step_kind {
    STEP_region,
    STEP_reduce, /* in[0], result along `walk` */
    STEP_product,
    STEP_cumulate,   /* in[0], result along `walk` (without the axis), `count` entries of stride `pitch` */
    STEP_allot,      /* … of in[0] and in[1], of stride `pitch2` */
    STEP_beta_order, /* in[0] along an axis of stride `from_pitch`, the result of stride `pitch` */
    STEP_scatter,    /* x, index, result along `walk` */
    STEP_rows,       /* sum_rows, scatter_rows */
    STEP_place,      /* `placed` side by side */
    STEP_cholesky,
    STEP_cholesky_back,
    STEP_solve,
    STEP_loop
} step_kind;

enum { LOG_SUM_EXP_BLOCK = 512 };

typedef struct plan_step {
    step_kind kind;
    ref of; /* the first instruction */
    int level;
    bool fixed;
    op op;
    ref in[2];
    const walk *walk;
    uint64_t count;
    int64_t pitch, from_pitch, pitch2;
    /* Entries of working memory. Linear algebra: of each thread. log_sum_exp: the sums, then a block of terms
     * for each thread. */
    uint64_t work;
    double cost; /* nanoseconds on one thread, roughly */
    cut cut;
    sum_range *range; /* of a reduction: by part, of its result */
    /* Of a scatter by a fixed index along the innermost dimension: the entries that go to place i are
     * order[segment[i]] … order[segment[i + 1] - 1], and lie one after the other where `sorted`. NULL for
     * others. */
    int32_t *segment, *order;
    bool sorted;
    /* Where each run of the walk has places of its own, entry i of it goes to place[i], or nowhere for -1.
     * NULL for others. */
    int32_t *place;
    bool covered; /* of places: they leave no gap */
    uint32_t placed_count;
    placed_value *placed;
    union {
        region region;
        matrix_product product;
        square_matrix square;
        row_sum rows;
    };
} plan_step;

typedef struct plan {
    arena *arena;
    const tape *tape;
    precision precision;
    bool as_written; /* every live value has a buffer of its own, and nothing runs in another form */
    const kernels *kernels;
    value *values;      /* one a ref */
    struct loop *loops; /* one a scan, see loop.h */
    vector(plan_step) steps;
    uint32_t fixed_steps;                   /* the first ones */
    uint64_t pool, scratch, work, partials; /* entries of memory; of scratch, for each thread */
    double cost;                            /* of the steps that threads share, in nanoseconds */
    team *team;                             /* these threads, or NULL */
} plan;

/* With `keep_all`, every live value gets a buffer of its own that stays. */
plan *plan_new(arena *a, const tape *t, precision p, team *threads, bool keep_all);

/* What lies beside something else begins on a line of the cache: 64 bytes of floats, more of doubles. */
static inline uint64_t plan_rounded(uint64_t entries) { return (entries + 15) & ~UINT64_C(15); }

#endif
