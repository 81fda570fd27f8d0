#include "autodiff/partition.h"

#include "autodiff/execution.h"
#include "autodiff/loop.h"

/* Entries of a part: at least so many, that a part is worth handing over; and a multiple of CHUNK, where sums
 * begin anew. Where each has a piece of every outer entry they are of about the same size, in whole lines of
 * the cache, of at most so many entries. */
enum {
    PART_LEAST = 512,
    PART = 1024,
    PARTS_FEW = 6,
    PARTS_LEAST = 24,
    PARTS_MOST = 128,
    SMALL = 8 * PART,
    WIDE = 16
};
enum { CACHE_LINE = 16 };

/* Nanoseconds of a part that others may have. */
static const double PART_PAYS = 2000;

/* Copies of sums may have this fraction of the entries that a region reads. */
enum { COPIES_FRACTION = 8 };

static uint64_t divide_up(uint64_t x, uint64_t by) { return (x + by - 1) / by; }
static uint64_t round_up(uint64_t x, uint64_t to) { return divide_up(x, to) * to; }

static uint64_t common_divisor(uint64_t x, uint64_t y) {
    while (y) {
        uint64_t rest = x % y;
        x = y;
        y = rest;
    }
    return x;
}

/* Costs, in nanoseconds an entry: measured with AVX2 at 2.5 GHz, to a factor of two. */

static const double PLAIN = 0.2;

static double map_cost(op f) {
    switch (f) {
    case OP_lgamma:
    case OP_digamma:
    case OP_trigamma:
    case OP_log_bessel_i0:
    case OP_bessel_k0e:
    case OP_bessel_k1e:
    case OP_pow: return 10;
    case OP_lambert_w:
    case OP_lambert_wm1:
    case OP_lbeta:
    case OP_digamma_rise: return 30;
    case OP_log_bessel_i:
    case OP_log_bessel_i_by_order:
    case OP_log_bessel_i_by_x:
    case OP_log_bessel_k:
    case OP_log_bessel_k_by_order:
    case OP_log_bessel_k_by_x: return 400;
    case OP_owens_t:
    case OP_von_mises_cdf:
    case OP_von_mises_slope: return 150;
    case OP_log1p:
    case OP_expm1:
    case OP_sin:
    case OP_cos:
    case OP_tan:
    case OP_asin:
    case OP_acos:
    case OP_atan:
    case OP_sinh:
    case OP_cosh:
    case OP_tanh:
    case OP_log1p_exp:
    case OP_erf:
    case OP_erfc:
    case OP_log_ndtr:
    case OP_mills:
    case OP_ndtri:
    case OP_erfcx:
    case OP_log1m_exp:
    case OP_logit:
    case OP_bessel_i0e:
    case OP_bessel_i1e:
    case OP_bessel_ratio:
    case OP_xlogy: return 4;
    case OP_exp:
    case OP_log:
    case OP_expit: return 2;
    case OP_div:
    case OP_sqrt: return 0.5;
    default: return OP_gamma_p <= f && f <= OP_beta_slope_b ? 150 : PLAIN;
    }
}

static double draw_cost(op f) {
    return f == OP_random_normal || f == OP_random_uniform ? 4 : f == OP_random_passage ? 5000 : 50;
}

/* What is plain arithmetic becomes machine code in double precision (emit/emit.h), and then costs what it
 * reads and writes. The cut, on which bits depend, is that of the machine code in any case. */
enum { EMITTED_TIMES = 3 };

static double micro_cost(const micro *m, precision p) {
    double plain = PLAIN / (p == IN_DOUBLE ? EMITTED_TIMES : 1);
    switch (m->kind) {
    case MICRO_gather: return m->index ? 3 * plain : 1.5;
    case MICRO_scatter: return p == IN_DOUBLE ? 1.5 / EMITTED_TIMES : 1.5;
    case MICRO_random: return draw_cost(m->op);
    case MICRO_layers: return map_cost(OP_exp) + 0.5;
    case MICRO_row_product: return 0.5 * (double)m->width;
    case MICRO_mixture: return map_cost(OP_log);
    case MICRO_rows_dot:
    case MICRO_rows_add: return 0.3 * (double)m->width;
    case MICRO_load:
    case MICRO_sum:
    case MICRO_dot: return plain;
    default: return map_cost(m->op) > PLAIN ? map_cost(m->op) : plain;
    }
}

/* Regions. */

/* The entries that lie under one entry of the sum's leading axes: a cut at a multiple of these separates
 * them. 1 where there are no leading axes, or nothing is summed. */
static uint64_t under(const walk *w) {
    uint64_t all = 1;
    int leading = 0;
    while (leading < w->rank && w->stride[leading][0]) leading++;
    for (int d = leading; d < w->rank && leading; d++) all *= w->size[d];
    return all;
}

/* The entries of the leading axes that are summed, where that leaves some behind them. */
static uint64_t summed_first(const walk *w) {
    uint64_t all = 1;
    int d = 0;
    while (d < w->rank && !w->stride[d][0]) all *= w->size[d++];
    return d < w->rank ? all : 1;
}

/* The places of entries from … to - 1, with those before the next entry's, to which none go. */
static sum_range range_of_places(const region_sum *s, uint64_t from, uint64_t to) {
    uint64_t pitch = (uint64_t)s->pitch, low = from ? ((uint64_t)s->places[from] - 1) * pitch : 0;
    if (to == s->walk->entries) return (sum_range){low, s->width - low, 0};
    uint64_t last = (uint64_t)s->places[to - 1] - 1, next = (uint64_t)s->places[to] - 1;
    return (sum_range){low, (next > last ? next : last + 1) * pitch - low, 0};
}

/* The least range of a sum's entries that holds those of the region's entries from … to - 1. */
static sum_range range_of(const region_sum *s, uint64_t from, uint64_t to) {
    if (s->places) return range_of_places(s, from, to);
    const walk *w = s->walk;
    cursor first = walk_at(w, from), last = walk_at(w, to - 1);
    uint64_t low = 0, high = 0;
    bool differ = false;
    for (int d = 0; d < w->rank; d++) {
        uint64_t stride = (uint64_t)w->stride[d][0];
        low += differ ? 0 : first.index[d] * stride;
        high += (differ ? w->size[d] - 1 : last.index[d]) * stride;
        differ |= first.index[d] != last.index[d];
    }
    return (sum_range){low, high - low + s->width, 0};
}

/* What is cut: so many entries, of which each goes to some of these results. */
typedef struct subject {
    uint64_t entries;
    const region_sum *results;
    uint32_t count;
} subject;

static uint32_t parts_of(const cut *c) { return c->inner ? (uint32_t)divide_up(c->inner, c->part) : 1; }

/* The ranges of a result, by part; whether parts have entries in common. */
static bool find_ranges(const cut *c, const region_sum *s, sum_range *range) {
    bool common = false;
    for (uint32_t p = 0; p < parts_of(c); p++) {
        uint64_t from = p * c->part, to = from + c->part < c->inner ? from + c->part : c->inner;
        uint64_t beyond = (c->outer - 1) * c->inner;
        sum_range first = range_of(s, from, to), last = range_of(s, beyond + from, beyond + to);
        range[p] = (sum_range){first.low, last.low + last.size - first.low, 0};
        if (p && range[p - 1].low + range[p - 1].size > range[p].low) common = true;
    }
    return common;
}

/* Entries of the copies that a cut needs. */
static uint64_t copies(const cut *c, const subject *of, sum_range *room) {
    uint64_t all = 0;
    for (uint32_t i = 0; i < of->count; i++)
        if (find_ranges(c, &of->results[i], room))
            for (uint32_t p = 0; p < parts_of(c); p++) all += room[p].size;
    return all;
}

/* Entries of the widest rows that are added up; 1 without. */
static uint64_t widest(const subject *of) {
    uint64_t width = 1;
    for (uint32_t i = 0; i < of->count; i++)
        if (of->results[i].each > width) width = of->results[i].each;
    return width;
}

/* Into at most so many parts. */
static cut cut_inner(const subject *of, uint64_t outer, uint32_t parts) {
    uint64_t least = widest(of) >= WIDE ? CHUNK : of->entries < SMALL ? PART_LEAST : PART, unit = CHUNK;
    uint64_t wanted = divide_up(of->entries, parts);
    wanted = divide_up(wanted < least ? least : round_up(wanted, CHUNK), outer);
    for (uint32_t i = 0; i < of->count; i++) {
        uint64_t size = under(of->results[i].walk), factor = size / common_divisor(size, unit);
        if (factor <= 4 * wanted / unit) unit *= factor;
    }
    cut c = {outer, of->entries / outer, round_up(wanted, unit), 0};
    if (outer > 1 && unit == CHUNK) c.part = round_up(divide_up(c.inner, parts_of(&c)), CACHE_LINE);
    return c;
}

/* So many parts are shared evenly by two, three or four threads. */
static uint32_t fewer_parts(uint32_t parts) {
    static const uint32_t EVEN[] = {96, 48, 24, 12, 6, 4, 2};
    for (size_t i = 0; i < sizeof EVEN / sizeof *EVEN; i++)
        if (EVEN[i] < parts) return EVEN[i];
    return 1;
}

/* Into fewer parts, so that their copies have at most so many entries. */
static cut with_fewer(const subject *of, cut c, uint64_t most, sum_range *room) {
    for (uint32_t parts = parts_of(&c); parts > 1 && copies(&c, of, room) > most;) {
        parts = fewer_parts(parts);
        c = cut_inner(of, c.outer, parts);
    }
    return c;
}

/* The cut with few copies, `most` entries if that is possible. Draws come in pairs, so that a part of an
 * outer entry must begin at an even one. Where its blocks would be short, a few parts with copies are better.
 */
static cut choose_cut(const subject *of, uint64_t most, uint32_t parts_most, sum_range *room) {
    cut whole = cut_inner(of, 1, parts_most), best = whole;
    uint64_t least = copies(&best, of, room);
    for (uint32_t i = 0; i < of->count && least > most; i++) {
        uint64_t outer = summed_first(of->results[i].walk);
        if (outer == 1 || of->entries / outer % 2) continue;
        cut other = cut_inner(of, outer, parts_most);
        uint64_t entries = copies(&other, of, room);
        if (entries < least) best = other, least = entries;
    }
    if (best.outer > 1 && best.part < PART_LEAST) {
        cut few = with_fewer(of, whole, most, room);
        if (parts_of(&few) >= PARTS_FEW) best = few;
    }
    best = with_fewer(of, best, most, room);
    best.parts = parts_of(&best);
    return best.parts == 1 ? (cut){1, of->entries, of->entries, 1} : best;
}

static const cut NOTHING = {.outer = 1, .parts = 1};

/* The parts that are worth handing over, and enough that they can be shared evenly. */
static uint32_t parts_for(double nanoseconds) {
    double parts = nanoseconds / (2 * PART_PAYS);
    return parts < PARTS_LEAST ? PARTS_LEAST : parts > PARTS_MOST ? PARTS_MOST : (uint32_t)parts;
}

static void partition_region(plan *p, plan_step *s, sum_range *room) {
    region *g = &s->region;
    subject of = {g->entries, g->sums, g->sum_count};
    for (uint32_t i = 0; i < g->count; i++)
        s->cost += micro_cost(&g->micros[i], p->precision) * g->micros[i].layers * (double)g->entries;
    uint64_t most = g->entries * widest(&of) / COPIES_FRACTION;
    s->cut = g->entries ? choose_cut(&of, most, parts_for(s->cost), room) : NOTHING;
    uint64_t end = 0;
    for (uint32_t i = 0; i < g->sum_count; i++) {
        region_sum *x = &g->sums[i];
        x->range = arena_array(p->arena, sum_range, s->cut.parts);
        x->apart = g->entries && find_ranges(&s->cut, x, x->range);
        if (s->cut.parts == 1) x->range[0] = (sum_range){0, p->values[x->of].entries, 0};
        for (uint32_t k = 0; k < s->cut.parts && x->apart; k++) {
            x->range[k].place = end;
            end += plan_rounded(x->range[k].size);
        }
    }
    if (end > p->partials) p->partials = end;
}

/* Other steps. */

/* Parts that have all entries under some of the leading axes, so many. */
static cut cut_under(uint64_t entries, uint64_t size) {
    uint64_t wanted = divide_up(entries, PARTS_MOST);
    cut c = {1, entries, round_up(wanted < PART ? PART : wanted, size), 0};
    c.parts = parts_of(&c);
    return c;
}

/* A reduction is cut where its parts have no entry of the result in common, if there is such a cut. */
static void partition_reduce(plan *p, plan_step *s, sum_range *room) {
    const layout *to = &p->values[s->of].layout;
    axes over = tape_at(p->tape, tape_at(p->tape, s->of)->in[0])->axes;
    walk along = walk_over(p->tape, over, (const layout *const[]){to}, 1);
    region_sum result = {.of = s->of, .walk = &along, .width = 1, .each = 1};
    subject of = {along.entries, &result, 1};
    s->cost = (s->op == OP_log_sum_exp ? 4 : 1) * (double)along.entries;
    bool by_rows = along.entries && under(&along) > 1;
    s->cut = !along.entries ? NOTHING
             : by_rows      ? cut_under(along.entries, under(&along))
                            : choose_cut(&of, 0, PARTS_MOST, room);
    s->range = arena_array(p->arena, sum_range, s->cut.parts);
    if (along.entries) find_ranges(&s->cut, &result, s->range);
    if (s->cut.parts == 1) s->range[0] = (sum_range){0, p->values[s->of].entries, 0};
}

/* Of entries that have nothing to do with each other, each costing so much; `least` are worth a part. */
static void partition_entries(plan_step *s, uint64_t entries, double nanoseconds, uint64_t least) {
    s->cost = nanoseconds * (double)entries;
    s->cut = (cut){1, entries, round_up(divide_up(entries, PARTS_MOST), least), 1};
    s->cut.parts = parts_of(&s->cut);
}

static uint64_t placed_entries(const plan_step *s) {
    uint64_t entries = 0;
    for (uint32_t k = 0; k < s->placed_count; k++) entries += s->placed[k].walk->entries;
    return entries;
}

/* Of what the threads share in all steps of a loop. */
static double loop_cost(const plan *p, ref r) {
    const loop *l = &p->loops[tape_at(p->tape, r)->attribute];
    return l->scalar || l->chain ? 0 : l->steps * machine_execution(l->body)->plan->cost;
}

/* Products. */

/* A tile brings its panels anew, those of the rows into the second-level cache: so tiles are as few and as
 * large as they can be, in whole panels, so that threads do not meet in a line of the cache. Threads cut one
 * side alone, into a piece for each, and where the product is not soon done into some, so that one who comes
 * late or is slower leaves the others some of his own: many pieces of the columns, where there are so many,
 * and the panels of the rows are brought once for all of them; else some of the longer side. Bits do not
 * depend on the tiles. */
enum { TILE_BYTES = 256 * 1024, LEFT_BYTES = 4 * 1024 * 1024, PIECES_SOME = 5, PIECES_MANY = 12 };
/* Nanoseconds: of a share that is not soon done, and to bring an entry. */
static const double PIECES_PAY = 200000, BRING_COST = 0.3;

static tile_cut cut_side(uint64_t size, uint64_t unit, uint64_t pieces) {
    uint64_t units = divide_up(size, unit), most = units + !units;
    return (tile_cut){size, unit, (uint32_t)(pieces < most ? pieces + !pieces : most)};
}

static void cut_product(const plan *p, matrix_product *q, uint64_t rows, uint64_t columns,
                        double nanoseconds) {
    uint64_t terms = q->k < TILE_TERMS ? (uint64_t)q->k : TILE_TERMS, panel = 2 * p->kernels->lanes;
    uint64_t most = TILE_BYTES / element_size(p->precision) / (terms + !terms), down = divide_up(rows, most);
    uint64_t threads = team_pays(nanoseconds) ? team_threads(p->team) : 1;
    uint64_t left = left_rows(rows) * (uint64_t)q->k;
    bool some = threads > 1 && nanoseconds > PIECES_PAY * (double)threads;
    bool many =
        some && columns >= PIECES_SOME * threads * panel && left * element_size(p->precision) <= LEFT_BYTES;
    if (many) {
        q->left = cut_side(rows, MICRO_ROWS, 2 * threads);
        q->left_cost = BRING_COST * (double)left;
    }
    uint64_t pieces = threads * (many ? PIECES_MANY : some ? PIECES_SOME : 1);
    bool by_rows = rows > columns && !many;
    q->down = cut_side(rows, MICRO_ROWS, by_rows && down < pieces ? pieces : down);
    q->across = cut_side(columns, panel, by_rows || !down ? 1 : divide_up(pieces, down));
}

/* Where there is one product, threads share its tiles; else the products of the batch. */
static void partition_product(const plan *p, plan_step *s) {
    matrix_product *q = &s->product;
    uint64_t rows = (uint64_t)(q->c.by_columns ? q->n : q->m),
             columns = (uint64_t)(q->c.by_columns ? q->m : q->n);
    uint64_t terms = (uint64_t)q->k, work = rows * columns * terms;
    double one = 100 + 0.05 * (double)work;
    cut_product(p, q, rows, columns, one);
    uint64_t group = (uint64_t)(PART_PAYS / one) + 1;
    partition_entries(s, q->batch->entries, one, group);
    uint32_t tiles = q->down.pieces * q->across.pieces;
    q->shares_tiles = q->batch->entries == 1 && tiles > 1;
    if (q->shares_tiles) s->cut.parts = tiles;
    q->behind = s->work;
    s->work = plan_rounded(s->work + tile_room(divide_up(rows, q->down.pieces) + MICRO_ROWS, terms));
}

/* Square matrices: the entries of the batch are shared. */
static void partition_square(plan_step *s) {
    square_matrix *q = &s->square;
    uint64_t n = (uint64_t)q->n, sides = s->kind == STEP_solve ? (uint64_t)q->sides : n;
    double one = 100 + 0.05 * (double)(n * n) * (double)sides;
    partition_entries(s, q->batch->entries, one, (uint64_t)(PART_PAYS / one) + 1);
    q->behind = plan_rounded(s->work);
    s->work = plan_rounded(q->behind +
                           (s->kind == STEP_cholesky_back ? factor_back_room(n) : triangle_room(n, sides)));
}

static bool is_square(const plan_step *s) {
    return s->kind == STEP_cholesky || s->kind == STEP_cholesky_back || s->kind == STEP_solve;
}

/* Where rows are summed one by one, they can be; each has as many terms as another in the mean. */
static void partition_rows(plan_step *s) {
    const row_sum *q = &s->rows;
    if (q->sources == 2) return;
    double all = 0.3 * (double)q->width * (double)q->entries;
    partition_entries(s, q->rows, q->rows ? all / (double)q->rows : 0, 1);
    if (!q->segment) s->cut.parts = 1;
}

static void partition_step(plan *p, plan_step *s, sum_range *room) {
    s->cut = (cut){1, 1, 1, 1};
    if (s->kind == STEP_region) partition_region(p, s, room);
    if (s->kind == STEP_reduce) partition_reduce(p, s, room);
    if (s->kind == STEP_product) partition_product(p, s);
    if (is_square(s)) partition_square(s);
    if (s->kind == STEP_cumulate) partition_entries(s, s->walk->entries, (double)s->count, 1);
    if (s->kind == STEP_allot)
        partition_entries(s, s->walk->entries, draw_cost(OP_random_binomial) * (double)s->count, 1);
    if (s->kind == STEP_beta_order) partition_entries(s, s->walk->entries, 3e4, 1);
    if (s->kind == STEP_place) partition_entries(s, placed_entries(s), 1, PART);
    if (s->kind == STEP_scatter && s->place) {
        uint64_t run = s->walk->size[s->walk->rank - 1];
        partition_entries(s, run ? s->walk->entries / run : 0, (double)run, 1);
    } else if (s->kind == STEP_scatter && s->segment)
        partition_entries(s, s->count, (double)s->walk->entries / (double)(s->count + !s->count), 1);
    if (s->kind == STEP_rows) partition_rows(s);
    if (s->kind == STEP_loop) s->cost = loop_cost(p, s->of);
    bool shared = s->kind == STEP_loop || s->cut.parts > 1;
    bool apart = s->kind == STEP_product || is_square(s); /* each thread has its own */
    uint64_t work = s->work * (apart && shared ? team_threads(p->team) : 1);
    if (s->kind == STEP_product && s->product.left.pieces) {
        s->product.left_at = work;
        work += left_rows(s->product.left.size) * (uint64_t)s->product.k;
    }
    if (work > p->work) p->work = work;
    if (!s->fixed && shared && team_pays(s->cost)) p->cost += s->cost;
}

void partition_steps(plan *p) {
    sum_range *room = arena_array(p->arena, sum_range, PARTS_MOST + 1);
    for (uint32_t k = 0; k < p->steps.count; k++) partition_step(p, &p->steps.at[k], room);
}
