#include "runtime/infer/batch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "autodiff/machine.h"
#include "autodiff/passes.h"
#include "base/number.h"
#include "runtime/infer/dependence.h"
#include "runtime/infer/cavi.h"
#include "runtime/infer/estimator.h"

enum { STREAM_BATCH = 17 };

axis batch_axis(const program *p, const options *o) {
    const char *name = o->batch.axis;
    for (axis a = 0; a < p->axes.count; a++)
        if (name && program_axis(p, a)->of == a && strcmp(program_axis(p, a)->name, name) == 0) return a;
    return AXIS_NONE;
}

/* Data over one axis alone that are indices into another. */
static bool is_link(const program *p, variable v, axis to) {
    const variable_row *x = program_variable(p, v);
    return x->kind == VARIABLE_data && x->axes.count == 1 && x->axes.at[0] != to &&
           program_axis(p, x->axes.at[0])->of == x->axes.at[0] && x->type.support == SUPPORT_index &&
           x->type.index == to;
}

/* Whether latents are gathered by it. */
static bool links(dependence *d, variable v) {
    bool any = false;
    for (node n = 1; n < d->program->nodes.count; n++) {
        const node_row *x = program_node(d->program, n);
        const node_row *by = x->op == NODE_gather ? program_node(d->program, x->in[1]) : NULL;
        any |= by && by->op == NODE_variable && by->variable == v && dependence_has(d, x->in[0]);
    }
    return any;
}

static dependence free_dependence(const program *p, arena *a) {
    bool *sources = arena_array(a, bool, p->variables.count);
    for (variable v = 0; v < p->variables.count; v++) {
        variable_kind kind = program_variable(p, v)->kind;
        sources[v] = kind == VARIABLE_latent || kind == VARIABLE_param || kind == VARIABLE_free;
    }
    return dependence_of(p, sources, a);
}

uint32_t batch_followers(const program *p, const options *o, follower *found, arena *a) {
    axis rows = batch_axis(p, o);
    uint32_t count = 0;
    if (rows == AXIS_NONE || !is_cavi(o)) return 0;
    dependence d = free_dependence(p, a);
    for (variable v = 0; v < p->variables.count && count < FOLLOWERS_MOST; v++) {
        axis own = is_link(p, v, rows) && links(&d, v) ? program_variable(p, v)->axes.at[0] : AXIS_NONE;
        for (uint32_t i = 0; i < count; i++)
            if (found[i].axis == own) own = AXIS_NONE;
        if (own != AXIS_NONE) found[count++] = (follower){.axis = own, .by = v};
    }
    return count;
}

/* What is looked at, and what is said of it. */
typedef struct check {
    diagnostics *d;
    const program *p;
    axis axis;
    dependence free;
    uint32_t followers;
    follower follower[FOLLOWERS_MOST];
    bool good;
} check;

static void refuse(check *c, span at, const char *why, const char *help) {
    const char *name = program_axis(c->p, c->axis)->name;
    if (!c->good) return;
    c->good = false;
    diagnostic *said = diagnose(c->d, DIAGNOSTIC_option, at, "`batch = %s: …` visits parts of `%s`, but %s",
                                name, name, why);
    advise(c->d, said, "%s", help);
}

static void check_node(check *c, node n) {
    node culprit;
    if (n && !dependence_apart(&c->free, n, c->axis, &culprit))
        refuse(c, program_node(c->p, culprit)->at, "this needs all of its entries at once",
               "leave `batch` out, or compute this from data alone, in a `let`");
}

static bool touches(const check *c, axes s) {
    for (int i = 0; i < s.count; i++) {
        axis a = s.at[i];
        while (program_axis(c->p, a)->of != a) a = program_axis(c->p, a)->of;
        if (a == c->axis) return true;
    }
    return false;
}

static void check_statement(check *c, const draw *s) {
    check_node(c, s->log_density);
    if (touches(c, s->event))
        refuse(c, s->at, "this statement ties its entries together",
               "leave `batch` out, or visit another axis");
}

/* A discrete latent that is summed out is summed at each entry by itself. */
static void check_summed(check *c, const marginal_factor *f) {
    for (uint32_t i = 0; i < f->uses.count; i++) {
        const latent_use *u = &f->uses.at[i];
        const summed *k = &c->p->summed.at[u->of];
        const variable_row *v = program_variable(c->p, k->of);
        bool own = axes_has(v->axes, c->axis) || !touches(c, f->plates);
        for (int j = 0; j < v->axes.count; j++) {
            const reach *r = &u->by[j];
            if (v->axes.at[j] == c->axis && (r->index || r->shift || r->at != c->axis)) own = false;
        }
        if (!own || (k->along != AXIS_NONE && touches(c, axes_one(k->along))))
            refuse(c, v->at,
                   arena_print(c->d->arena, "`%s`, which is summed out, joins its entries", v->name),
                   "leave `batch` out, or visit another axis");
    }
}

static void check_family(check *c, const family *f) {
    for (uint32_t i = 0; i < f->count; i++) {
        const variable_row *v = program_variable(c->p, f->of[i]);
        if (!touches(c, v->axes)) continue;
        refuse(c, v->at,
               arena_print(c->d->arena, "`%s`, which varies over it, is drawn from a joint family", v->name),
               arena_print(c->d->arena, "give it a statement of its own: `guide { %s ~ normal(?, ?); … }`",
                           variable_text(c->p, f->of[i])));
    }
}

/* An importance-weighted bound is a sum over entries only where every latent has its own at each. */
static void check_bounds(check *c) {
    for (variable v = 0; v < c->p->variables.count; v++) {
        const variable_row *row = program_variable(c->p, v);
        if (row->kind == VARIABLE_latent && !axes_has(row->axes, c->axis))
            refuse(c, row->at,
                   arena_print(c->d->arena, "the objective weighs draws of all entries, since `%s` is shared",
                               row->name),
                   "use `objective = elbo`, or leave `batch` out");
    }
}

static void check_axis(check *c) {
    const program *p = c->p;
    for (uint32_t i = 0; i < p->model.count; i++) check_statement(c, &p->model.at[i]);
    for (uint32_t i = 0; i < p->factors.count; i++) check_node(c, p->factors.at[i]);
    for (uint32_t i = 0; i < p->marginal.count; i++) check_summed(c, &p->marginal.at[i]);
    for (uint32_t i = 0; i < p->guide.count; i++) {
        check_statement(c, &p->guide.at[i]);
        check_node(c, p->guide.at[i].sample);
    }
    for (uint32_t i = 0; i < p->families.count; i++) check_family(c, &p->families.at[i]);
}

/* Entries of an axis that follows are visited with the one that they belong to, and have no latents of their
 * own but those that are summed out. */
static void check_follower(check *c, const follower *f) {
    const program *p = c->p;
    axis rows = c->axis;
    for (uint32_t i = 0; i < p->guide.count; i++)
        if (axes_has(program_variable(p, p->guide.at[i].of)->axes, f->axis))
            refuse(c, p->guide.at[i].at,
                   arena_print(c->d->arena, "`%s` is a latent of each entry of `%s`, which follows it",
                               program_variable(p, p->guide.at[i].of)->name, program_axis(p, f->axis)->name),
                   "leave `batch` out, or visit another axis");
    for (uint32_t i = 0; i < p->model.count; i++)
        if (axes_has(p->model.at[i].axes, f->axis) && axes_has(p->model.at[i].axes, rows))
            refuse(c, p->model.at[i].at, "this statement is about all pairs of it and what follows it",
                   "leave `batch` out, or visit another axis");
    c->axis = f->axis;
    check_axis(c);
    c->axis = rows;
}

bool batch_check(diagnostics *d, const program *p, const options *o) {
    if (!o->batch.axis) return true;
    check c = {.d = d, .p = p, .axis = batch_axis(p, o), .good = true};
    if (c.axis == AXIS_NONE) {
        diagnostic *said =
            diagnose(d, DIAGNOSTIC_option, NO_PLACE, "`batch = %s: %u`: the program has no axis `%s`",
                     o->batch.axis, o->batch.size, o->batch.axis);
        advise(d, said, "name an axis that the data vary over");
        return false;
    }
    c.free = free_dependence(p, d->arena);
    c.followers = batch_followers(p, o, c.follower, d->arena);
    bool *follows = arena_array(d->arena, bool, p->variables.count);
    for (uint32_t i = 0; i < c.followers; i++) follows[c.follower[i].by] = true;
    if (c.followers) c.free.follows = follows;
    check_axis(&c);
    for (uint32_t i = 0; i < c.followers; i++) check_follower(&c, &c.follower[i]);
    if (is_bound(o)) check_bounds(&c);
    return c.good;
}

batches batches_open(const model *m, const options *o, uint64_t seed, arena *a) {
    batches b = {.axis = batch_axis(m->program, o), .rng = rng_open(seed, STREAM_BATCH)};
    if (b.axis == AXIS_NONE || o->batch.size >= m->axes[b.axis].size) return (batches){.axis = AXIS_NONE};
    b.size = o->batch.size;
    b.next = b.count = m->axes[b.axis].size;
    b.rows = arena_take_aligned(a, b.size * sizeof(double));
    b.order = arena_array(a, uint32_t, b.count);
    for (uint32_t i = 0; i < b.count; i++) b.order[i] = i;
    return b;
}

/* The most entries that so many entries of the other axis can have. */
static uint32_t most_entries(const uint32_t *first, uint32_t count, uint32_t visited, arena *a) {
    double *sizes = arena_array(a, double, count), sum = 0;
    for (uint32_t i = 0; i < count; i++) sizes[i] = first[i + 1] - first[i];
    qsort(sizes, count, sizeof *sizes, number_order);
    for (uint32_t i = 0; i < visited; i++) sum += sizes[count - 1 - i];
    return (uint32_t)sum;
}

/* Data as they are given, or as the program computes them. */
static const double *data_of(const model *m, variable v, arena *a) {
    const variable_row *x = program_variable(m->program, v);
    if (m->values[v]) return m->values[v];
    tape written, *run = arena_new(a, tape);
    tape_open(&written, a);
    lowering l = lower_open(m, &written, 1);
    tape_output(&written, tape_expand(&written, lower_node(&l, x->value), lower_axes(&l, x->axes)));
    tape_compile(&written, run, a, NULL, NULL);
    machine *computed = machine_new(a, run, m->team);
    machine_run(computed, 0, 0);
    return machine_output(computed, 0);
}

/* Which row an entry belongs to, from 0. What the program computes and is none goes to the first, where the
 * gather says what is wrong. */
static uint32_t row_of(double by, uint32_t rows) {
    return by >= 1 && by <= rows && floor(by) == by ? (uint32_t)by - 1 : 0;
}

static following following_open(const batches *b, const model *m, follower of, arena *a) {
    following f = {.of = of, .first = arena_array(a, uint32_t, b->count + 1)};
    uint32_t size = m->axes[of.axis].size, *next = arena_array(a, uint32_t, b->count);
    const double *by = data_of(m, of.by, a);
    f.list = arena_array(a, uint32_t, size);
    for (uint32_t i = 0; i < size; i++) f.first[row_of(by[i], b->count) + 1]++;
    for (uint32_t i = 0; i < b->count; i++) f.first[i + 1] += f.first[i], next[i] = f.first[i];
    for (uint32_t i = 0; i < size; i++) f.list[next[row_of(by[i], b->count)]++] = i;
    uint32_t most = most_entries(f.first, b->count, b->size, a);
    f.of.entries = most ? most : 1;
    f.rows = arena_take_aligned(a, f.of.entries * sizeof(double));
    f.present = arena_take_aligned(a, f.of.entries * sizeof(double));
    return f;
}

void batches_follow(batches *b, const model *m, const options *o, arena *a) {
    follower found[FOLLOWERS_MOST];
    if (b->axis == AXIS_NONE) return;
    b->followers = batch_followers(m->program, o, found, a);
    b->following = arena_array(a, following, b->followers);
    for (uint32_t i = 0; i < b->followers; i++) b->following[i] = following_open(b, m, found[i], a);
    if (b->followers) b->place = arena_take_aligned(a, b->count * sizeof(double));
}

/* The entries that belong to the rows; room that is left has one of them again, which is not present. */
static void take_following(const batches *b, following *f) {
    uint32_t at = 0;
    for (uint32_t r = 0; r < b->size; r++)
        for (uint32_t row = (uint32_t)b->rows[r] - 1, k = f->first[row]; k < f->first[row + 1]; k++)
            f->rows[at] = f->list[k] + 1, f->present[at++] = 1;
    double any = at ? f->rows[0] : 1;
    for (; at < f->of.entries; at++) f->rows[at] = any, f->present[at] = 0;
}

/* Entries that are not visited have any place: nothing that counts asks for it. */
static void take_rows(batches *b) {
    for (uint32_t i = 0; b->place && i < b->count; i++) b->place[i] = 1;
    for (uint32_t i = 0; b->place && i < b->size; i++) b->place[(uint32_t)b->rows[i] - 1] = i + 1;
    for (uint32_t i = 0; i < b->followers; i++) take_following(b, &b->following[i]);
}

static void shuffle(batches *b) {
    for (uint32_t i = b->count; i > 1; i--) {
        uint32_t k = (uint32_t)rng_below(&b->rng, i), last = b->order[i - 1];
        b->order[i - 1] = b->order[k];
        b->order[k] = last;
    }
    b->next = 0;
}

void batches_next(batches *b) {
    if (b->axis == AXIS_NONE) return;
    if (b->next + b->size > b->count) shuffle(b); /* a rest too short for a batch waits for the next order */
    for (uint32_t i = 0; i < b->size; i++) b->rows[i] = b->order[b->next++] + 1;
    take_rows(b);
}

void batches_visit(batches *b, const double *rows) {
    memcpy(b->rows, rows, b->size * sizeof *rows);
    take_rows(b);
}

void batches_carry(batches *b, carrier *c) {
    if (b->axis == AXIS_NONE) return;
    carry(c, &b->rng.block, sizeof b->rng.block);
    carry(c, &b->rng.left, sizeof b->rng.left);
    carry(c, &b->rng.now, sizeof b->rng.now);
    carry(c, &b->next, sizeof b->next);
    carry(c, b->order, b->count * sizeof *b->order);
    bool wrong = b->next > b->count || b->rng.left > 2;
    for (uint32_t i = 0; i < b->count; i++) wrong |= b->order[i] >= b->count;
    carrier_refuse(c, wrong);
}
