#include "runtime/infer/apart.h"

#include "runtime/infer/dependence.h"
#include "runtime/infer/transforms.h"

typedef struct search {
    const space *space;
    const program *program;
    axes *plates; /* by variable of the space: along which its entries may lie apart; none: a global */
    joint_because *because; /* likewise: why it is one */
    node *location;
    uint32_t *block;    /* by variable of the space: the variable by which its block is known */
    uint32_t particles; /* of every block, the others being one, too; 0: of those told apart alone */
    arena *arena;
} search;

static void keep_joint(search *s, uint32_t i, joint_because why) {
    if (s->plates[i].count) s->because[i] = why;
    s->plates[i] = (axes){0};
}

/* Without those that its support, or a statement of it, ties together. */
static axes free_plates(const program *p, variable v) {
    const variable_row *row = program_variable(p, v);
    axes plates = row->axes;
    for (uint8_t k = 0; k < SUPPORTS[row->type.support].event; k++)
        plates = axes_without(plates, row->order[row->axes.count - 1 - k]);
    for (uint32_t i = 0; i < p->model.count; i++)
        if (p->model.at[i].of == v)
            plates = axes_minus(axes_minus(plates, p->model.at[i].event), p->model.at[i].along);
    return plates;
}

/* Bounds that move have no particles, and so are no latents that they need. */
static void look_at_bounds(search *s) {
    const program *p = s->program;
    for (uint32_t i = 0; i < s->space->count; i++) {
        bool *source = arena_array(s->arena, bool, p->variables.count);
        source[s->space->of[i]] = true;
        dependence d = dependence_of(p, source, s->arena);
        for (uint32_t k = 0; k < s->space->count; k++) {
            type t = program_variable(p, s->space->of[k])->type;
            if ((t.lower && dependence_has(&d, t.lower)) || (t.upper && dependence_has(&d, t.upper))) {
                keep_joint(s, i, JOINT_bounds);
                keep_joint(s, k, JOINT_bounds);
            }
        }
    }
}

/* What a coordinate is scaled by must be global; the location may be another's particles. */
static void look_at_coordinates(search *s) {
    const program *p = s->program;
    bool *local = arena_array(s->arena, bool, p->variables.count);
    for (uint32_t i = 0; i < s->space->count; i++) local[s->space->of[i]] = s->plates[i].count > 0;
    dependence d = dependence_of(p, local, s->arena);
    for (uint32_t i = 0; i < s->space->count; i++) {
        s->location[i] = 0;
        if (!s->space->movable[i]) continue;
        const location_scale *x = program_variable(p, s->space->of[i])->placement;
        s->location[i] = x->location;
        if (dependence_has(&d, x->scale)) keep_joint(s, i, JOINT_scaled);
    }
}

static uint64_t cell_size(const search *s, uint32_t i) {
    return transform_size(s->space->model, s->space->of[i]) / model_size(s->space->model, s->plates[i]);
}

static uint64_t cell_most(const search *s) { return s->particles ? UINT64_MAX : CELL_MOST; }

/* Variables with the same plates together, as long as a cell of them is small. */
static void join_blocks(search *s) {
    for (uint32_t i = 0; i < s->space->count; i++) {
        s->block[i] = i;
        if (s->plates[i].count && model_size(s->space->model, s->plates[i]) < 2)
            keep_joint(s, i, JOINT_no_axis);
        if (s->plates[i].count && cell_size(s, i) > cell_most(s)) keep_joint(s, i, JOINT_large);
    }
    for (uint32_t i = 0; i < s->space->count; i++) {
        uint64_t size = s->plates[i].count ? cell_size(s, i) : 0;
        for (uint32_t k = i + 1; size && s->block[i] == i && k < s->space->count; k++) {
            if (!axes_equal(s->plates[i], s->plates[k]) || s->block[k] != k) continue;
            if (size + cell_size(s, k) > cell_most(s)) continue;
            size += cell_size(s, k);
            s->block[k] = i;
        }
    }
}

/* The K of a lattice for cells of so many entries: a number of Fibonacci, primes. */
static uint32_t particles_for(uint64_t size) {
    const uint32_t counts[CELL_MOST] = {8, 21, 61, 89};
    return counts[size - 1];
}

/* All that is not told apart as one more block. */
static uint32_t add_rest(const search *s, particle_block *blocks, uint32_t count) {
    particle_block *b = &blocks[count];
    *b = (particle_block){.particles = s->particles,
                          .of = arena_array(s->arena, variable, s->space->count),
                          .location = arena_array(s->arena, node, s->space->count)};
    for (uint32_t i = 0; i < s->space->count; i++)
        if (!s->plates[i].count) b->of[b->count++] = s->space->of[i];
    return b->count ? count + 1 : count;
}

static uint32_t list_blocks(const search *s, particle_block *blocks, uint32_t *first) {
    uint32_t count = 0, most = s->space->count;
    for (uint32_t i = 0; i < most; i++) {
        if (!s->plates[i].count || s->block[i] != i) continue;
        particle_block *b = &blocks[count];
        *b = (particle_block){.plates = s->plates[i],
                              .of = arena_array(s->arena, variable, most),
                              .location = arena_array(s->arena, node, most)};
        uint64_t size = 0;
        for (uint32_t k = i; k < most; k++) {
            if (!s->plates[k].count || s->block[k] != i) continue;
            size += cell_size(s, k);
            b->location[b->count] = s->location[k];
            b->of[b->count++] = s->space->of[k];
        }
        b->particles = s->particles ? s->particles : particles_for(size);
        first[count++] = i;
    }
    return s->particles ? add_rest(s, blocks, count) : count;
}

/* Of the blocks that meet, the one with the fewest entries falls into its variables or, having one, becomes
 * global. */
static void give_way(search *s, const particle_block *blocks, const uint32_t *first, uint32_t count,
                     uint64_t in_the_way) {
    const model *m = s->space->model;
    uint32_t least = UINT32_MAX;
    for (uint32_t k = 0; k < count; k++) {
        bool meets = in_the_way >> (s->program->summed.count + k) & 1;
        if (meets && blocks[k].plates.count &&
            (least == UINT32_MAX || model_size(m, blocks[k].plates) < model_size(m, blocks[least].plates)))
            least = k;
    }
    for (uint32_t i = 0; i < s->space->count; i++) {
        if (least != UINT32_MAX && s->block[i] != first[least]) continue;
        if (least != UINT32_MAX && blocks[least].count > 1) s->block[i] = i;
        else keep_joint(s, i, JOINT_meets);
    }
}

static void open_plates(search *s) {
    for (uint32_t i = 0; i < s->space->count; i++) {
        const variable_row *row = program_variable(s->program, s->space->of[i]);
        s->plates[i] = free_plates(s->program, s->space->of[i]);
        s->because[i] = s->plates[i].count ? JOINT_not : row->axes.count ? JOINT_tied : JOINT_no_axis;
    }
}

/* Nothing is left to be told apart. */
static bool all_joint(const search *s) {
    for (uint32_t i = 0; i < s->space->count; i++)
        if (s->plates[i].count) return false;
    return true;
}

static apart find(const space *s, uint32_t particles, arena *a) {
    const program *p = s->model->program;
    search all = {s,
                  p,
                  arena_array(a, axes, s->count),
                  arena_array(a, joint_because, s->count),
                  arena_array(a, node, s->count),
                  arena_array(a, uint32_t, s->count),
                  particles,
                  a};
    apart found = {NULL, arena_array(a, particle_block, s->count), 0, all.because};
    uint32_t *first = arena_array(a, uint32_t, s->count);
    open_plates(&all);
    look_at_bounds(&all);
    look_at_coordinates(&all);
    join_blocks(&all);
    for (;;) {
        uint64_t in_the_way;
        found.count = list_blocks(&all, found.blocks, first);
        if (!found.count) return found;
        found.program = program_with_particles(p, found.blocks, found.count, a, &in_the_way);
        if (found.program || all_joint(&all)) return found;
        give_way(&all, found.blocks, first, found.count, in_the_way);
    }
}

apart apart_find(const space *s, arena *a) { return find(s, 0, a); }

apart apart_for_combinations(const space *s, uint32_t particles, arena *a) { return find(s, particles, a); }

const char *joint_text(joint_because why) {
    static const char *const TEXTS[] = {
        [JOINT_not] = "",
        [JOINT_no_axis] = "no axis of two or more entries",
        [JOINT_tied] = "its support or its statement ties its entries together",
        [JOINT_scaled] = "its scale changes with particles of another latent",
        [JOINT_bounds] = "it is a bound of another latent, or has such a bound",
        [JOINT_large] = "more of its entries go together than a particle holds",
        [JOINT_meets] = "each of its entries meets many of another latent's"};
    return TEXTS[why];
}
