#include "autodiff/partition.h"

#include "autodiff/execution.h"
#include "autodiff/loop.h"

/* Entries of a part: at least so many, that a part is worth handing over; and a multiple of CHUNK, where sums
 * begin anew. */
enum { PART_LEAST = 512, PART = 1024, PARTS_MOST = 128, SMALL_REGION = 8 * PART, WIDE = 16 };

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

static double map_cost(op f) {
    switch (f) {
    case OP_lgamma:
    case OP_digamma:
    case OP_trigamma:
    case OP_pow: return 10;
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
    case OP_ndtri:
    case OP_xlogy: return 4;
    case OP_exp:
    case OP_log:
    case OP_expit: return 2;
    case OP_div:
    case OP_sqrt: return 0.5;
    default: return 0.2;
    }
}

static double draw_cost(op f) { return f == OP_random_normal || f == OP_random_uniform ? 4 : 50; }

static double micro_cost(const micro *m) {
    switch (m->kind) {
    case MICRO_gather: return m->index ? 0.6 : 1.5;
    case MICRO_random: return draw_cost(m->op);
    case MICRO_rows_dot:
    case MICRO_rows_add: return 0.3 * (double)m->width;
    case MICRO_load:
    case MICRO_sum:
    case MICRO_dot: return 0.2;
    default: return map_cost(m->op);
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

/* The least range of a sum's entries that holds those of the region's entries from … to - 1. */
static sum_range range_of(const region_sum *s, uint64_t from, uint64_t to) {
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

static uint32_t parts_of(const region *g) { return g->entries ? (uint32_t)divide_up(g->inner, g->part) : 1; }

/* The ranges of a sum, by part; whether parts have entries in common. */
static bool find_ranges(const region *g, const region_sum *s, sum_range *range) {
    bool common = false;
    for (uint32_t p = 0; p < parts_of(g); p++) {
        uint64_t from = p * g->part, to = from + g->part < g->inner ? from + g->part : g->inner;
        uint64_t beyond = (g->outer - 1) * g->inner;
        sum_range first = range_of(s, from, to), last = range_of(s, beyond + from, beyond + to);
        range[p] = (sum_range){first.low, last.low + last.size - first.low, 0};
        if (p && range[p - 1].low + range[p - 1].size > range[p].low) common = true;
    }
    return common;
}

/* Doubles of the copies that a cut needs. */
static uint64_t copies(const region *g, sum_range *room) {
    uint64_t all = 0;
    for (uint32_t i = 0; i < g->sum_count; i++)
        if (find_ranges(g, &g->sums[i], room))
            for (uint32_t p = 0; p < parts_of(g); p++) all += room[p].size;
    return all;
}

/* Entries of the widest rows that are added up; 1 without. */
static uint64_t widest(const region *g) {
    uint64_t width = 1;
    for (uint32_t i = 0; i < g->sum_count; i++)
        if (g->sums[i].width > width) width = g->sums[i].width;
    return width;
}

/* Sets the length of a part for the region's `outer`. */
static void cut(region *g) {
    g->inner = g->entries / g->outer;
    uint64_t least = widest(g) >= WIDE ? CHUNK : g->entries < SMALL_REGION ? PART_LEAST : PART;
    uint64_t wanted = divide_up(round_up(divide_up(g->entries, PARTS_MOST), least), g->outer), unit = CHUNK;
    for (uint32_t i = 0; i < g->sum_count; i++) {
        uint64_t size = under(g->sums[i].walk), factor = size / common_divisor(size, unit);
        if (factor <= 4 * wanted / unit) unit *= factor;
    }
    g->part = round_up(wanted, unit);
}

/* The cut with few copies. Draws come in pairs, so that a part of an outer entry must begin at an even one.
 */
static void choose_cut(region *g, sum_range *room) {
    region best = *g;
    best.outer = 1;
    cut(&best);
    uint64_t least = copies(&best, room), most = g->entries * widest(g) / COPIES_FRACTION;
    for (uint32_t i = 0; i < g->sum_count && least > most; i++) {
        region other = *g;
        other.outer = summed_first(g->sums[i].walk);
        if (other.outer == 1 || g->entries / other.outer % 2) continue;
        cut(&other);
        uint64_t doubles = copies(&other, room);
        if (doubles < least) best = other, least = doubles;
    }
    for (; least > most && parts_of(&best) > 1; least = copies(&best, room)) best.part *= 2;
    *g = best;
}

static void partition_region(plan *p, plan_step *s) {
    region *g = &s->region;
    g->outer = g->inner = g->part = g->parts = 1;
    for (uint32_t i = 0; i < g->count; i++) s->cost += micro_cost(&g->micros[i]) * (double)g->entries;
    sum_range *room = arena_array(p->arena, sum_range, PARTS_MOST + 1);
    if (g->entries) choose_cut(g, room);
    g->parts = parts_of(g);
    uint64_t end = 0;
    for (uint32_t i = 0; i < g->sum_count; i++) {
        region_sum *x = &g->sums[i];
        x->range = arena_array(p->arena, sum_range, g->parts);
        x->apart = g->entries && find_ranges(g, x, x->range);
        if (g->parts == 1) x->range[0] = (sum_range){0, p->values[x->of].entries, 0};
        for (uint32_t k = 0; k < g->parts && x->apart; k++) {
            x->range[k].place = end;
            end += round_up(x->range[k].size, 8); /* cache lines of its own */
        }
    }
    if (end > p->partials) p->partials = end;
}

/* Of what the threads share in all steps of a loop. */
static double loop_cost(const plan *p, ref r) {
    const loop *l = &p->loops[tape_at(p->tape, r)->attribute];
    return l->scalar ? 0 : l->steps * machine_execution(l->body)->plan->cost;
}

void partition_steps(plan *p) {
    for (uint32_t k = 0; k < p->steps.count; k++) {
        plan_step *s = &p->steps.at[k];
        if (s->kind == STEP_region) partition_region(p, s);
        if (s->kind == STEP_loop) s->cost = loop_cost(p, s->of);
        bool shared = s->kind == STEP_loop || (s->kind == STEP_region && s->region.parts > 1);
        if (!s->fixed && shared && team_pays(s->cost)) p->cost += s->cost;
    }
}
