#include "runtime/infer/batch.h"

#include "runtime/infer/dependence.h"
#include "runtime/infer/estimator.h"

enum { STREAM_BATCH = 17 };

static axis axis_named(const program *p, const char *name) {
    for (axis a = 0; a < p->axes.count; a++)
        if (program_axis(p, a)->of == a && strcmp(program_axis(p, a)->name, name) == 0) return a;
    return AXIS_NONE;
}

/* What is looked at, and what is said of it. */
typedef struct check {
    diagnostics *d;
    const program *p;
    axis axis;
    dependence free;
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

bool batch_check(diagnostics *d, const program *p, const options *o) {
    if (!o->batch.axis) return true;
    check c = {d, p, axis_named(p, o->batch.axis), {0}, true};
    if (c.axis == AXIS_NONE) {
        diagnostic *said =
            diagnose(d, DIAGNOSTIC_option, NO_PLACE, "`batch = %s: %u`: the program has no axis `%s`",
                     o->batch.axis, o->batch.size, o->batch.axis);
        advise(d, said, "name an axis that the data vary over");
        return false;
    }
    bool *sources = arena_array(d->arena, bool, p->variables.count);
    for (variable v = 0; v < p->variables.count; v++) {
        variable_kind kind = program_variable(p, v)->kind;
        sources[v] = kind == VARIABLE_latent || kind == VARIABLE_param || kind == VARIABLE_free;
    }
    c.free = dependence_of(p, sources, d->arena);
    for (uint32_t i = 0; i < p->model.count; i++) check_statement(&c, &p->model.at[i]);
    for (uint32_t i = 0; i < p->factors.count; i++) check_node(&c, p->factors.at[i]);
    for (uint32_t i = 0; i < p->marginal.count; i++) check_summed(&c, &p->marginal.at[i]);
    for (uint32_t i = 0; i < p->guide.count; i++) {
        check_statement(&c, &p->guide.at[i]);
        check_node(&c, p->guide.at[i].sample);
    }
    for (uint32_t i = 0; i < p->families.count; i++) check_family(&c, &p->families.at[i]);
    if (is_bound(o)) check_bounds(&c);
    return c.good;
}

batches batches_open(const model *m, const options *o, uint64_t seed, arena *a) {
    batches b = {.axis = o->batch.axis ? axis_named(m->program, o->batch.axis) : AXIS_NONE,
                 .rng = rng_open(seed, STREAM_BATCH)};
    if (b.axis == AXIS_NONE || o->batch.size >= m->axes[b.axis].size) return (batches){.axis = AXIS_NONE};
    b.size = o->batch.size;
    b.next = b.count = m->axes[b.axis].size;
    b.rows = arena_take_aligned(a, b.size * sizeof(double));
    b.order = arena_array(a, uint32_t, b.count);
    for (uint32_t i = 0; i < b.count; i++) b.order[i] = i;
    return b;
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
