#include "runtime/cli/understanding.h"

#include <math.h>
#include <sys/mman.h>

#include "autodiff/passes.h"
#include "base/number.h"
#include "runtime/bind/lower.h"
#include "runtime/infer/fit.h"
#include "runtime/infer/particles.h"
#include "runtime/infer/route.h"
#include "runtime/io/messages.h"

static const struct {
    const char *word, *list;
} KINDS[] = {
#define FACT(name, list) {#name, #list},
    FACTS(FACT)
#undef FACT
};

/* ---- gathering ---- */

static fact *add_fact(session *s, understanding *u, fact_kind kind, const char *name, const char *label) {
    push(&s->arena, &u->facts, (fact){.kind = kind, .name = name, .label = label, .at = NO_PLACE});
    return &u->facts.at[u->facts.count - 1];
}

static void add_property(fact *f, property p) { f->has[f->count++] = p; }

static void add_text(fact *f, const char *key, const char *text, const char *words) {
    add_property(f, (property){.key = key, .form = PROPERTY_text, .text = text, .words = words});
}

static void add_truth(fact *f, const char *key, bool truth, const char *words) {
    property p = {.key = key, .form = PROPERTY_truth, .number = truth, .words = truth ? words : NULL};
    add_property(f, p);
}

static void add_number(fact *f, const char *key, double x, const char *words) {
    add_property(f, (property){.key = key, .form = PROPERTY_number, .number = x, .words = words});
}

static void add_texts(fact *f, const char *key, const char *const *texts, uint32_t count, const char *words) {
    property p = {.key = key, .form = PROPERTY_texts, .texts = texts, .count = count, .words = words};
    add_property(f, p);
}

static const char *joined(session *s, const char *const *texts, uint32_t count, const char *between) {
    const char *text = "";
    for (uint32_t i = 0; i < count; i++)
        text = arena_print(&s->arena, "%s%s%s", text, i ? between : "", texts[i]);
    return text;
}

/* NaN where only the data will tell. */
static double size_of(const session *s, const model *m, axis a) {
    const axis_row *row = program_axis(s->program, a);
    if (m) return m->axes[a].size;
    if (row->source == AXIS_labelled) return row->label_count;
    if (row->source == AXIS_alias) return size_of(s, m, row->of);
    if (row->source != AXIS_fixed || !row->size) return NAN;
    const range *r = &program_node(s->program, row->size)->range;
    return r->lowest == r->highest ? r->lowest : (double)NAN;
}

static void tell_axes(session *s, const model *m, understanding *u) {
    for (axis a = 0; a < s->program->axes.count; a++) {
        const axis_row *row = program_axis(s->program, a);
        if (row->of != a || row->source == AXIS_missing) continue;
        fact *f = add_fact(s, u, FACT_axis, row->name, row->name);
        f->at = row->at;
        double size = size_of(s, m, a);
        add_number(f, "size", size,
                   isnan(size) ? "size from the data" : arena_print(&s->arena, "size %g", size));
        const char *const *labels = row->labels;
        uint32_t count = row->label_count;
        if (m && m->axes[a].labels) labels = m->axes[a].labels, count = m->axes[a].size;
        if (labels) add_texts(f, "labels", labels, count, NULL);
    }
}

static void add_axes(session *s, fact *f, const variable_row *x) {
    const char **names = arena_array(&s->arena, const char *, x->axes.count + 1);
    for (int i = 0; i < x->axes.count; i++) names[i] = program_axis(s->program, x->order[i])->name;
    f->axes = names;
    f->axis_count = x->axes.count;
}

static void tell_variables(session *s, understanding *u) {
    static const fact_kind FACT_OF[] = {
        [VARIABLE_data] = FACT_data,        [VARIABLE_param] = FACT_param,
        [VARIABLE_latent] = FACT_latent,    [VARIABLE_summed] = FACT_latent,
        [VARIABLE_derived] = FACT_derived,  [VARIABLE_generated] = FACT_generated,
        [VARIABLE_guide] = FACT_count,      [VARIABLE_free] = FACT_count,
        [VARIABLE_let] = FACT_count,        [VARIABLE_place] = FACT_count,
        [VARIABLE_coordinate] = FACT_count,
    };
    const program *p = s->program;
    for (variable v = 0; v < p->variables.count; v++) {
        const variable_row *x = program_variable(p, v);
        if (!x->self || FACT_OF[x->kind] == FACT_count) continue; /* no self: a net or a distribution */
        fact *f = add_fact(s, u, FACT_OF[x->kind], x->name, variable_text(p, v));
        add_axes(s, f, x);
        f->at = x->at;
        const char *type = type_text(p, x->type);
        add_text(f, "type", type, type);
        if (x->kind == VARIABLE_data) {
            add_truth(f, "observed", x->observed, "observed");
            add_truth(f, "may_be_missing", x->type.may_be_missing, "entries may be missing");
        }
        if (!variable_is_latent(x)) continue;
        const char *from = p->model.at[x->draw].distribution;
        add_text(f, "distribution", from, arena_print(&s->arena, "from %s", from));
        add_truth(f, "summed_out", x->kind == VARIABLE_summed, "summed out");
    }
}

/* How statements with lags are computed. */
static void tell_recurrences(session *s, understanding *u) {
    const program *p = s->program;
    for (uint32_t i = 0; i < p->recurrences.count; i++) {
        const recurrence *r = &p->recurrences.at[i];
        const char **names = arena_array(&s->arena, const char *, r->count);
        for (uint32_t k = 0; k < r->count; k++) names[k] = program_variable(p, r->of[k])->name;
        const char *label = joined(s, names, r->count, ", ");
        fact *f = add_fact(s, u, FACT_recurrence, label, label);
        add_texts(f, "of", names, r->count, NULL);
        if (program_variable(p, r->of[0])->kind == VARIABLE_summed) {
            add_text(f, "how", "forward algorithm", "forward algorithm: a chain of discrete latents");
            continue;
        }
        if (!r->loop) {
            add_text(f, "how", "vectorised",
                     "vectorised: every lagged value is data, a latent or computed before");
            continue;
        }
        add_text(f, "how", "scan", NULL);
        add_truth(f, "of_draws", r->of_draws, NULL);
        const char *over = program_axis(p, r->part)->name;
        add_text(f, "over", over,
                 arena_print(&s->arena, "%sscan over %s", r->of_draws ? "draws: " : "", over));
        add_number(f, "carried", r->carried,
                   arena_print(&s->arena, "%u value%s carried", r->carried, r->carried == 1 ? "" : "s"));
    }
}

static void tell_sums(session *s, const model *m, understanding *u) {
    const program *p = s->program;
    for (uint32_t i = 0; i < p->eliminations.count; i++) {
        const elimination *g = &p->eliminations.at[i];
        axis of[TERMS_MOST];
        uint32_t count = elimination_terms(p, i, of);
        double terms = 1;
        for (uint32_t k = 0; k < count; k++) terms *= of[k] == AXIS_NONE ? 2 : size_of(s, m, of[k]);
        for (uint32_t k = 0; k < g->count; k++) {
            variable v = p->summed.at[g->of[k]].of;
            fact *f = add_fact(s, u, FACT_summed_out, program_variable(p, v)->name, variable_text(p, v));
            add_axes(s, f, program_variable(p, v));
            add_text(f, "how", g->along == AXIS_NONE ? "enumeration" : "forward algorithm", NULL);
            add_text(f, "cost", elimination_text(p, i), elimination_text(p, i));
            add_number(f, "terms", terms, isnan(terms) ? NULL : arena_print(&s->arena, "%.0f terms", terms));
        }
    }
}

static void tell_guide_of(session *s, understanding *u, variable v, const char *family, const char *words,
                          const char *estimator) {
    fact *f = add_fact(s, u, FACT_guide, program_variable(s->program, v)->name, variable_text(s->program, v));
    add_axes(s, f, program_variable(s->program, v));
    add_text(f, "family", family, words);
    add_text(f, "estimator", estimator, estimator);
}

static void tell_guides(session *s, const options *o, understanding *u) {
    const program *p = s->program;
    route way = route_of(p, o);
    for (uint32_t i = 0; i < p->guide.count; i++) {
        const draw *d = &p->guide.at[i];
        tell_guide_of(s, u, d->of, d->distribution, d->distribution,
                      route_estimator(p, o, way, d->of, &s->arena));
    }
    for (uint32_t i = 0; i < p->families.count; i++) {
        const family *f = &p->families.at[i];
        static const char *const NAMES[] = {"auto", "mean_field", "full_rank", "low_rank", "flow"};
        const char *words = NAMES[f->kind], *name = words;
        if (way == ROUTE_map) name = "point", words = "a point, with a Gaussian of its curvature";
        else if (f->kind == FAMILY_auto)
            words = o->family.word ? NAMES[o->family.word] : "a family chosen by the fit";
        for (uint32_t k = 0; k < f->count; k++)
            tell_guide_of(s, u, f->of[k], name, words, route_estimator(p, o, way, f->of[k], &s->arena));
    }
}

/* ---- contractions ---- */

static const char **axis_names(session *s, const tape *t, axes of) {
    const char **names = arena_array(&s->arena, const char *, of.count + 1u);
    for (int i = 0; i < of.count; i++) names[i] = t->axes.at[of.at[i]].name;
    return names;
}

/* `line 9`, or of a net of the library, `nets.vm:12`. */
static const char *place_text(session *s, span at) {
    const source *of = &s->diagnostics.sources.at[at.source];
    uint32_t line, column;
    source_place(of, at.start, &line, &column);
    if (at.source == 0) return arena_print(&s->arena, "line %u", line);
    return arena_print(&s->arena, "%s:%u", of->name, line);
}

static void tell_contractions_of(session *s, understanding *u, const tape *t) {
    for (ref r = 1; r < t->code.count; r++) {
        const instruction *x = tape_at(t, r);
        if (x->op != OP_contract) continue;
        axes all = axes_union(tape_at(t, x->in[0])->axes, tape_at(t, x->in[1])->axes),
             over = axes_minus(all, x->axes);
        const char *place = place_text(s, x->at), **into = axis_names(s, t, x->axes),
                   **summed = axis_names(s, t, over);
        fact *f = add_fact(s, u, FACT_contraction, place, place);
        f->at = x->at;
        add_texts(f, "over", summed, over.count,
                  arena_print(&s->arena, "over %s", joined(s, summed, over.count, ", ")));
        add_texts(f, "into", into, x->axes.count,
                  x->axes.count ? arena_print(&s->arena, "into %s", joined(s, into, x->axes.count, " × "))
                                : NULL);
        add_number(f, "products", (double)tape_size(t, all),
                   arena_print(&s->arena, "%.0f products", (double)tape_size(t, all)));
    }
    for (uint32_t i = 0; i < t->scans.count; i++) tell_contractions_of(s, u, t->scans.at[i].body);
}

/* Those of the log density, as it is run; what only its gradient contracts is in `--dump contract`. */
static void tell_contractions(session *s, const model *m, understanding *u) {
    tape written, run;
    tape_open(&written, &s->arena);
    lowering l = lower_open(m, &written, 1);
    for (variable v = 0; v < s->program->variables.count; v++) {
        const variable_row *x = program_variable(s->program, v);
        if (x->kind == VARIABLE_latent || x->kind == VARIABLE_param)
            lower_set(&l, v, tape_input(&written, lower_axes(&l, x->axes)));
    }
    tape_output(&written, tape_sum_all(&written, lower_log_density(&l)));
    tape_compile(&written, &run, &s->arena, NULL, NULL);
    tell_contractions_of(s, u, &run);
}

/* The memory of a fit is planned in pages that nothing touches. */
static void *allocate_untouched(void *user, void *block, size_t old_size, size_t size) {
    (void)user;
    if (block && munmap(block, old_size) == 0) return NULL;
    void *pages =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

static const char *bytes_in_words(session *s, const char *before, double bytes) {
    static const char *const UNITS[] = {"kB", "MB", "GB", "TB"};
    int unit = 0;
    for (bytes /= 1000; bytes >= 999.5 && unit < 3; unit++) bytes /= 1000;
    return arena_print(&s->arena, "%s%.3g %s", before, bytes, UNITS[unit]);
}

/* How latents would be weighted where joint weights of all of them fail. */
static void tell_weights(session *s, const model *m, understanding *u) {
    space *all = arena_new(&s->arena, space);
    reported *r = arena_new(&s->arena, reported);
    *all = space_of_latents(m, false, &s->arena);
    all = space_without_loops(all, &s->arena);
    *r = reported_new(m, false, &s->arena);
    const particles *t = particles_plan(all, r, &s->arena);
    if (!t) return;
    for (uint32_t i = 0; i < all->count; i++) {
        const char *why;
        uint32_t each = particles_each(t, i, &why);
        variable v = all->of[i];
        fact *f =
            add_fact(s, u, FACT_weight, program_variable(s->program, v)->name, variable_text(s->program, v));
        add_number(f, "particles", each, each ? arena_print(&s->arena, "%u particles an entry", each) : NULL);
        if (!each) add_text(f, "joint", why, arena_print(&s->arena, "joint: %s", why));
    }
    const char *along = particles_axes(t, &s->arena);
    particle_cost cost = particles_cost(t);
    bool afforded = particles_afford(t, s->program->options.draws);
    fact *f = add_fact(s, u, FACT_weight, along, arena_print(&s->arena, "along %s", along));
    add_number(f, "terms", cost.terms, arena_print(&s->arena, "sums of up to %.3g terms a draw", cost.terms));
    add_number(f, "numbers", cost.numbers, arena_print(&s->arena, "%.3g numbers a draw", cost.numbers));
    add_truth(f, "afforded", afforded, NULL);
    if (!afforded) f->has[f->count - 1].words = "too many: all weights stay joint";
}

static void tell_memory(session *s, const model *m, const options *o, understanding *u) {
    memory untouched = {allocate_untouched, NULL, s->arena.memory->escape};
    arena planned;
    diagnostics aside; /* what a fit complains of, it says itself */
    fit_memory needed;
    arena_open(&planned, &untouched);
    planned.zeroed = true;
    diagnostics_open(&aside, &s->arena);
    bool good = fit_rehearse(&aside, m, o, &planned, &needed);
    arena_close(&planned);
    if (!good) return;
    fact *f = add_fact(s, u, FACT_memory, "fit", "of a fit");
    add_number(f, "bytes", (double)needed.bytes, bytes_in_words(s, "", (double)needed.bytes));
    add_number(f, "most", (double)needed.most,
               needed.most > needed.bytes ? bytes_in_words(s, "at worst ", (double)needed.most) : NULL);
}

understanding understand(session *s, const model *m, const options *o) {
    understanding u = {0};
    options all = s->program->options;
    options_merge(&all, o);
    tell_axes(s, m, &u);
    tell_variables(s, &u);
    tell_recurrences(s, &u);
    tell_sums(s, m, &u);
    tell_guides(s, &all, &u);
    if (m) tell_contractions(s, m, &u);
    if (m && route_of(s->program, &all) == ROUTE_gaussian) tell_weights(s, m, &u);
    if (m) tell_memory(s, m, o, &u);
    return u;
}

/* ---- printing ---- */

static void print_fact(const fact *f, FILE *to) {
    enum { COLUMN = 28 };
    const char *word = KINDS[f->kind].word, *before = " ";
    int room = COLUMN - (int)strlen(word);
    for (const char *c = word; *c; c++) fputc(*c == '_' ? ' ' : *c, to);
    fprintf(to, " %-*s", room, f->label);
    for (uint32_t i = 0; i < f->count; i++) {
        if (!f->has[i].words) continue;
        fprintf(to, "%s%s", before, f->has[i].words);
        before = ", ";
    }
    fputc('\n', to);
}

void understanding_print(const understanding *u, FILE *to) {
    for (uint32_t i = 0; i < u->facts.count; i++) print_fact(&u->facts.at[i], to);
}

static void json_property(json_writer *w, const property *p) {
    switch (p->form) {
    case PROPERTY_text: json_put_text(w, p->key, p->text); break;
    case PROPERTY_texts: json_put_texts(w, p->key, p->texts, p->count); break;
    case PROPERTY_number: json_put_number(w, p->key, p->number); break;
    case PROPERTY_truth: json_put_truth(w, p->key, p->number != 0); break;
    }
}

static void json_fact(json_writer *w, const fact *f, const diagnostics *d) {
    json_put_row(w);
    json_put_text(w, "name", f->name);
    if (f->axes) json_put_texts(w, "axes", f->axes, f->axis_count);
    for (uint32_t i = 0; i < f->count; i++) json_property(w, &f->has[i]);
    if (f->at.source != SOURCE_NONE) messages_json_place(w, d, f->at);
    json_end_object(w);
}

void understanding_json(json_writer *w, const char *key, const understanding *u, const diagnostics *d) {
    json_put_object(w, key);
    for (fact_kind kind = 0; kind < FACT_count; kind++) {
        json_put_list(w, KINDS[kind].list);
        for (uint32_t i = 0; i < u->facts.count; i++)
            if (u->facts.at[i].kind == kind) json_fact(w, &u->facts.at[i], d);
        json_end_list(w);
    }
    json_end_object(w);
}
