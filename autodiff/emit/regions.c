#include "autodiff/emit/emit.h"

#include <stdlib.h>
#include "autodiff/emit/lanes.h"
#include "autodiff/emit/strand.h"

/* Smaller ones are for short programs. */
enum { ENTRIES_LEAST = SHORT_MOST + 1 };

typedef struct rewriting {
    plan *plan;
    region *region;
    arena *arena;
    assembly *code;
    vector(item) items;
    int depths;
    int *depth;           /* of an item: how many calls of kernels its operands need, one after the other */
    vector(micro) micros; /* in their new order */
    uint32_t slots;
} rewriting;

/* Operands. A slot of the scratch is used again and again, so it stands for the item that wrote it last. */

static bool is_one_value(const micro *m) { return m->layers == 1 && m->kind != MICRO_layers; }

static bool add_items(rewriting *w) {
    const region *g = w->region;
    uint32_t *writer = arena_array(w->arena, uint32_t, g->slots);
    for (uint32_t i = 0; i < g->count; i++) {
        item x = {.micro = g->micros[i], .from = {FROM_OUTSIDE, FROM_OUTSIDE, FROM_OUTSIDE}, .strand = -1};
        if (!is_one_value(&x.micro)) return false;
        for (int k = 0; k < 3; k++) {
            operand o = x.micro.in[k];
            if (o.kind == SOURCE_scratch) x.from[k] = writer[o.at];
            for (uint32_t j = 0; j < i && o.kind == SOURCE_value; j++)
                if (w->items.at[j].micro.to.kind == SOURCE_value && w->items.at[j].micro.to.at == o.at)
                    x.from[k] = j;
        }
        if (x.micro.to.kind == SOURCE_scratch) writer[x.micro.to.at] = i;
        push(w->arena, &w->items, x);
    }
    return true;
}

/* What strands alone read, they read where it lies. */
static void find_read_in_place(rewriting *w) {
    const pieces *q = &w->region->pieces;
    for (uint32_t i = w->items.count; i-- > 0;) {
        item *x = &w->items.at[i];
        if (strand_reads(&x->micro, q)) x->read_in_place = true;
    }
    for (uint32_t i = 0; i < w->items.count; i++)
        for (int k = 0; k < 3; k++) {
            const item *x = &w->items.at[i];
            if (x->from[k] != FROM_OUTSIDE && !strand_takes(&x->micro, q))
                w->items.at[x->from[k]].read_in_place = false;
        }
}

/* Strand d has what needs d calls of kernels one after the other; between it and the next are the kernels
 * that need it. Those that need no strand come first. */
static void find_depths(rewriting *w) {
    const pieces *q = &w->region->pieces;
    w->depth = arena_array(w->arena, int, w->items.count);
    for (uint32_t i = 0; i < w->items.count; i++) {
        item *x = &w->items.at[i];
        if (x->read_in_place) continue;
        bool taken = strand_takes(&x->micro, q);
        int depth = taken ? 0 : -1;
        for (int k = 0; k < 3; k++) {
            if (x->from[k] == FROM_OUTSIDE || w->items.at[x->from[k]].read_in_place) continue;
            int least = w->depth[x->from[k]] + (taken && w->items.at[x->from[k]].strand < 0);
            if (least > depth) depth = least;
        }
        w->depth[i] = depth;
        if (taken) x->strand = depth;
        if (taken && depth >= w->depths) w->depths = depth + 1;
    }
}

/* What only later strands read, of what is there anyway, is computed there. */
static void find_late(rewriting *w) {
    int *first = arena_array(w->arena, int, w->items.count);
    for (uint32_t i = 0; i < w->items.count; i++) first[i] = w->depths;
    for (uint32_t i = w->items.count; i-- > 0;) {
        item *x = &w->items.at[i];
        bool moves = x->strand >= 0 && x->micro.to.kind == SOURCE_scratch && first[i] < w->depths;
        for (int k = 0; k < 3; k++)
            if (x->from[k] != FROM_OUTSIDE && w->items.at[x->from[k]].strand >= 0) moves = false;
        if (moves && first[i] > x->strand) w->depth[i] = x->strand = first[i];
        for (int k = 0; k < 3; k++) {
            if (x->from[k] == FROM_OUTSIDE) continue;
            int at = x->strand < 0 ? -1 : x->strand;
            if (at < first[x->from[k]]) first[x->from[k]] = at;
        }
    }
}

/* Long strands are cut, so that their streams stay few. Until now an item has the depth as its strand. */
enum { STREAMS_KNOWN = 40 };

typedef struct numbering {
    operand seen[STREAMS_MOST];
    uint32_t count;
    int number;
} numbering;

static void see(numbering *n, operand o) {
    for (uint32_t k = 0; k < n->count; k++)
        if (n->seen[k].kind == o.kind && n->seen[k].at == o.at && n->seen[k].offset == o.offset) return;
    n->seen[n->count++] = o;
}

static void number_strand(numbering *n, item *x) {
    for (int k = 0; k < 3; k++)
        if (x->micro.in[k].kind != SOURCE_nothing && x->micro.in[k].kind != SOURCE_scratch)
            see(n, x->micro.in[k]);
    if (x->micro.to.kind == SOURCE_value) see(n, x->micro.to);
    x->strand = n->number;
    if (n->count >= STREAMS_KNOWN) n->count = 0, n->number++;
}

static void number_strands(rewriting *w) {
    numbering n = {0};
    for (int depth = 0; depth < w->depths; depth++) {
        for (uint32_t i = 0; i < w->items.count; i++)
            if (w->items.at[i].strand >= 0 && w->depth[i] == depth) number_strand(&n, &w->items.at[i]);
        n.count = 0, n.number++;
    }
}

/* Whose results others read than the strand itself. */
static void find_written(rewriting *w) {
    for (uint32_t i = 0; i < w->items.count; i++) {
        item *x = &w->items.at[i];
        bool sum = x->micro.kind == MICRO_sum || x->micro.kind == MICRO_dot || x->micro.kind == MICRO_scatter;
        if (x->micro.to.kind == SOURCE_value && !sum) x->written = true;
        for (int k = 0; k < 3; k++)
            if (x->from[k] != FROM_OUTSIDE && w->items.at[x->from[k]].strand != x->strand)
                w->items.at[x->from[k]].written = true;
            else if (x->from[k] != FROM_OUTSIDE && x->strand < 0) w->items.at[x->from[k]].written = true;
    }
}

/* The place of each item in the new order: strands count once. */
static int place_of(const rewriting *w, uint32_t i) {
    return w->items.at[i].strand < 0 ? 2 * (w->depth[i] + 1) : 2 * w->depth[i] + 1;
}

/* Slots, anew. A strand, and the kernels behind it, are one place: what is read there keeps its slot until it
 * is over. */
static void assign_slots(rewriting *w) {
    uint32_t count = w->items.count;
    int places = 2 * w->depths + 2;
    int *last = arena_array(w->arena, int, count);
    uint32_t *slot = arena_array(w->arena, uint32_t, count), *unused = arena_array(w->arena, uint32_t, count);
    uint32_t unused_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (place_of(w, i) > last[i]) last[i] = place_of(w, i);
        for (int k = 0; k < 3; k++) {
            uint32_t from = w->items.at[i].from[k];
            if (from != FROM_OUTSIDE && place_of(w, i) > last[from]) last[from] = place_of(w, i);
        }
    }
    for (int at = 0; at < places; at++) {
        for (uint32_t i = 0; i < count; i++) {
            const item *x = &w->items.at[i];
            if (place_of(w, i) != at || x->micro.to.kind != SOURCE_scratch || x->read_in_place) continue;
            if (x->strand >= 0 && !x->written) continue;
            slot[i] = unused_count ? unused[--unused_count] : w->slots++;
        }
        for (uint32_t i = 0; i < count; i++) {
            const item *x = &w->items.at[i];
            if (last[i] != at || x->micro.to.kind != SOURCE_scratch || x->read_in_place) continue;
            if (x->strand < 0 || x->written) unused[unused_count++] = slot[i];
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        micro *m = &w->items.at[i].micro;
        if (m->to.kind == SOURCE_scratch) m->to.at = slot[i];
        for (int k = 0; k < 3; k++)
            if (m->in[k].kind == SOURCE_scratch) m->in[k].at = slot[w->items.at[i].from[k]];
    }
}

static bool write_strand(rewriting *w, int number) {
    strand *s = arena_new(w->arena, strand);
    if (!strand_write(w->code, w->plan, w->items.at, w->items.count, number, s)) return false;
    push(w->arena, &w->micros, (micro){.kind = MICRO_strand, .layers = 1, .strand = s});
    return true;
}

static bool write_strands(rewriting *w, int depth) {
    int last = -1;
    for (uint32_t i = 0; i < w->items.count; i++) {
        int number = w->items.at[i].strand;
        if (number <= last || w->depth[i] != depth) continue;
        if (!write_strand(w, number)) return false;
        last = number;
    }
    return true;
}

static bool write_order(rewriting *w) {
    for (int at = 0; at < 2 * w->depths + 2; at++) {
        if (at % 2 && !write_strands(w, at / 2)) return false;
        for (uint32_t i = 0; i < w->items.count; i++)
            if (w->items.at[i].strand < 0 && place_of(w, i) == at && !w->items.at[i].read_in_place)
                push(w->arena, &w->micros, w->items.at[i].micro);
    }
    return true;
}

/* Blocks as long as the scratch allows that there is. */
static uint32_t block_of(const rewriting *w) {
    uint64_t room = (uint64_t)w->region->slots * w->region->block;
    uint64_t most = w->slots ? room / w->slots / CHUNK * CHUNK : w->region->block;
    return (uint32_t)(most < w->region->block ? most : w->region->block);
}

static bool rewrite(rewriting *w) {
    if (w->region->entries < ENTRIES_LEAST || !add_items(w)) return false;
    find_read_in_place(w);
    find_depths(w);
    if (!w->depths) return false;
    find_late(w);
    number_strands(w);
    find_written(w);
    assign_slots(w);
    return block_of(w) && write_order(w);
}

bool emit_is_wanted(const plan *p) {
    const char *wanted = getenv("VM_EMIT");
    return !p->as_written && p->kernels == &kernels_avx2_double && !(wanted && strcmp(wanted, "off") == 0);
}

/* With the code where it can be run. */
static void install(const rewriting *w, const uint8_t *code) {
    region *g = w->region;
    for (uint32_t i = 0; i < w->micros.count; i++) {
        strand *s = w->micros.at[i].strand;
        if (s) s->run = (strand_code *)(code + s->begins);
    }
    g->micros = w->micros.at;
    g->count = w->micros.count;
    g->block = block_of(w);
    g->slots = w->slots;
}

void emit_regions(plan *p, const execution *e) {
    if (!emit_is_wanted(p)) return;
    assembly c;
    assembly_open(&c, p->arena);
    vector(rewriting) done = {0};
    for (uint32_t k = p->fixed_steps, done_to = k; k < p->steps.count; k++) {
        if (e->lanes[k]) done_to = e->lanes[k]->end;
        if (k < done_to || p->steps.at[k].kind != STEP_region) continue;
        rewriting w = {.plan = p, .region = &p->steps.at[k].region, .arena = p->arena, .code = &c};
        if (rewrite(&w)) push(p->arena, &done, w);
    }
    const uint8_t *code = done.count ? assembly_map(&c) : NULL;
    for (uint32_t i = 0; i < done.count && code; i++) install(&done.at[i], code);
}
