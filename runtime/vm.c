/* The public library: entry points that guard what is inside. Each sets the escape to which running out of
 * memory jumps, and turns the inner structures into those of vm.h. */
#include "runtime/vm.h"

#include <stdlib.h>

#include "runtime/bind/drawn.h"
#include "runtime/infer/fingerprint.h"
#include "runtime/infer/fit.h"
#include "runtime/infer/loo.h"
#include "runtime/infer/predictive.h"

#define STATUS(name, about)                                                                                  \
    _Static_assert((int)VM_##name == (int)STATUS_##name, "vm.h has every status of status.def");
#include "base/status.def"
#undef STATUS

struct vm_model {
    memory memory;
    arena compile; /* the program and all that the model keeps */
    arena data;    /* what the host gave, and the list of what it may ask */
    diagnostics diagnostics;
    names names;
    program *program;
    bool valid; /* the program has no mistakes */
    data_set given;
    options options;
    vector(vm_diagnostic) told;
    vm_fit *fits;
};

struct vm_fit {
    arena arena;
    vm_fit *next;
    fit *fit;
    uint64_t data; /* a hash of what was fitted */
    vm_variable *variables;
    vm_states *states;
    size_t count;
    vm_prediction *predictions;
};

struct vm_prediction {
    arena arena;
    memory *memory;
    vm_prediction *next;
    vm_variable *variables;
    size_t count;
    const char **names;
    vm_pointwise pointwise;
    bool has_pointwise;
};

static void *allocate_default(void *user, void *block, size_t old_size, size_t size) {
    (void)user, (void)old_size;
    if (size) return realloc(block, size);
    free(block);
    return NULL;
}

const char *vm_status_text(vm_status s) { return status_text((status)s); }
const char *vm_version(void) { return VM_VERSION; }

static void tell(vm_model *m) {
    m->told.count = 0;
    diagnostics *d = &m->diagnostics;
    for (uint32_t i = 0; i < d->list.count; i++) {
        const diagnostic *x = &d->list.at[i];
        vm_diagnostic out = {.code = diagnostic_name(x->code),
                             .file = x->file,
                             .line = x->line,
                             .message = x->message,
                             .help = x->help,
                             .text = diagnostic_text(d, x)};
        if (x->at.source != SOURCE_NONE) {
            const source *s = &d->sources.at[x->at.source];
            out.file = s->name;
            source_place(s, x->at.start, &out.line, &out.column);
        }
        push(&m->compile, &m->told, out);
    }
}

static void forget(vm_model *m) {
    m->diagnostics.list.count = 0;
    m->diagnostics.errors = 0;
    m->told.count = 0;
}

vm_status vm_compile(const vm_allocator *allocator, const char *name, const char *text, vm_model **model) {
    if (model) *model = NULL;
    if (!name || !text || !model || (allocator && !allocator->allocate)) return VM_invalid_argument;
    vm_allocator host = allocator ? *allocator : (vm_allocator){allocate_default, NULL};
    vm_model *m = host.allocate(host.user, NULL, 0, sizeof *m);
    if (!m) return VM_out_of_memory;
    *m = (vm_model){.memory = {host.allocate, host.user, NULL}};
    jmp_buf escape;
    m->memory.escape = &escape;
    arena_open(&m->compile, &m->memory);
    arena_open(&m->data, &m->memory);
    if (setjmp(escape)) {
        vm_free(m);
        return VM_out_of_memory;
    }
    diagnostics_open(&m->diagnostics, &m->compile);
    names_open(&m->names, &m->compile);
    data_open(&m->given, &m->data);
    size_t length = strlen(text);
    const char *copy = arena_copy(&m->compile, text, length);
    uint32_t number =
        diagnostics_source(&m->diagnostics, arena_copy(&m->compile, name, strlen(name)), copy, length, false);
    m->program = program_compile(&m->diagnostics, &m->names, number, NULL);
    m->options = m->program->options;
    m->options.given = 0;
    m->valid = !m->diagnostics.errors;
    tell(m);
    *model = m;
    return m->valid ? VM_ok : VM_invalid_program;
}

static void release_prediction(vm_prediction *p) {
    memory *m = p->memory;
    arena_close(&p->arena);
    m->allocate(m->user, p, sizeof *p, 0);
}

void vm_free_prediction(vm_fit *f, vm_prediction *p) {
    if (!f || !p) return;
    for (vm_prediction **at = &f->predictions; *at; at = &(*at)->next) {
        if (*at != p) continue;
        *at = p->next;
        release_prediction(p);
        return;
    }
}

static void release(vm_model *m, vm_fit *f) {
    while (f->predictions) vm_free_prediction(f, f->predictions);
    arena_close(&f->arena);
    m->memory.allocate(m->memory.user, f, sizeof *f, 0);
}

void vm_free_fit(vm_model *m, vm_fit *f) {
    if (!m || !f) return;
    for (vm_fit **at = &m->fits; *at; at = &(*at)->next) {
        if (*at != f) continue;
        *at = f->next;
        release(m, f);
        return;
    }
}

void vm_free(vm_model *m) {
    if (!m) return;
    while (m->fits) vm_free_fit(m, m->fits);
    arena_close(&m->data);
    arena_close(&m->compile);
    m->memory.allocate(m->memory.user, m, sizeof *m, 0);
}

size_t vm_diagnostic_count(const vm_model *m) { return m ? m->told.count : 0; }
const vm_diagnostic *vm_diagnostic_at(const vm_model *m, size_t i) {
    return m && i < m->told.count ? &m->told.at[i] : NULL;
}

static data_array *given_before(vm_model *m, const char *name) {
    for (uint32_t i = 0; i < m->given.arrays.count; i++)
        if (strcmp(m->given.arrays.at[i].name, name) == 0) return &m->given.arrays.at[i];
    return NULL;
}

static vm_status give(vm_model *m, data_array given, uint32_t rank, const uint32_t *dims) {
    if (!m || !given.name || rank > AXES_MOST || (rank && !dims)) return VM_invalid_argument;
    jmp_buf escape;
    m->memory.escape = &escape;
    if (setjmp(escape)) return VM_out_of_memory;
    const data_array *known = given_before(m, given.name);
    given.name = known ? known->name : arena_copy(&m->data, given.name, strlen(given.name));
    given.rank = rank;
    for (uint32_t i = 0; i < rank; i++) given.dims[i] = dims[i];
    if (given.texts) { /* entries that are strings have no number */
        uint64_t size = data_array_size(&given);
        double *numbers = arena_array(&m->data, double, size + 1);
        for (uint64_t i = 0; i < size; i++) numbers[i] = NAN;
        given.numbers = numbers;
    }
    data_array *earlier = given_before(m, given.name);
    if (earlier) *earlier = given;
    else push(&m->data, &m->given.arrays, given);
    return VM_ok;
}

vm_status vm_set_data(vm_model *m, const char *name, const double *values, uint32_t rank,
                      const uint32_t *dims) {
    if (!values) return VM_invalid_argument;
    return give(m, (data_array){.name = name, .numbers = values}, rank, dims);
}

vm_status vm_set_labels(vm_model *m, const char *name, const char *const *labels, uint32_t rank,
                        const uint32_t *dims) {
    if (!labels) return VM_invalid_argument;
    return give(m, (data_array){.name = name, .texts = labels}, rank, dims);
}

vm_status vm_unset_data(vm_model *m, const char *name) {
    if (!m || !name) return VM_invalid_argument;
    data_array *known = given_before(m, name);
    if (known) *known = m->given.arrays.at[--m->given.arrays.count];
    return VM_ok;
}

vm_status vm_set_option(vm_model *m, const char *name, const char *value) {
    if (!m || !name || !value) return VM_invalid_argument;
    jmp_buf escape;
    m->memory.escape = &escape;
    if (setjmp(escape)) return VM_out_of_memory;
    forget(m);
    option_id id = option_find(name);
    const char *why = "is no option";
    if (id != OPTION_count && option_set(&m->options, id, value, &m->compile, &why)) return VM_ok;
    diagnostic *told = diagnose(&m->diagnostics, DIAGNOSTIC_option, NO_PLACE, "`%s` %s", name, why);
    advise(&m->diagnostics, told, "lang/options.def lists the options and their values");
    tell(m);
    return VM_invalid_argument;
}

/* ---- fits ---- */

typedef struct watcher {
    vm_progress_function *function;
    void *user;
} watcher;

static bool watch_host(void *user, const progress *now) {
    const watcher *w = user;
    vm_progress shown = {now->step, now->steps, now->elbo, now->elbo_error, now->seconds, now->stage};
    return w->function(w->user, &shown) != 0;
}

/* The entries of one reported variable as arrays; `first` is its first summary. */
static vm_variable present(arena *a, const fit *f, size_t first, size_t size) {
    const program *p = f->model->program;
    const variable_row *v = program_variable(p, f->summaries.at[first].variable);
    double *columns = arena_array(a, double, 6 * size + 1);
    const char **axis_names = arena_array(a, const char *, AXES_MOST);
    const char *const **labels = arena_array(a, const char *const *, AXES_MOST);
    uint32_t *dims = arena_array(a, uint32_t, AXES_MOST);
    for (size_t i = 0; i < size; i++) {
        const summary *s = &f->summaries.at[first + i];
        const double row[6] = {s->mean, s->sd, s->mcse, s->q05, s->q50, s->q95};
        for (int k = 0; k < 6; k++) columns[k * size + i] = row[k];
    }
    for (int i = 0; i < v->axes.count; i++) {
        axis_names[i] = program_axis(p, v->order[i])->name;
        labels[i] = f->model->axes[v->order[i]].labels;
        dims[i] = f->model->axes[v->order[i]].size;
    }
    return (vm_variable){.name = v->name,
                         .rank = v->axes.count,
                         .axes = axis_names,
                         .labels = labels,
                         .dims = dims,
                         .size = size,
                         .mean = columns,
                         .sd = columns + size,
                         .mcse = columns + 2 * size,
                         .q05 = columns + 3 * size,
                         .q50 = columns + 4 * size,
                         .q95 = columns + 5 * size,
                         .mode = f->mode ? f->mode + first : NULL,
                         .draw_count = f->draw_count,
                         .draws = f->summaries.at[first].draws,
                         .draw_stride = f->summaries.at[first].stride};
}

static vm_variable *present_all(arena *a, const fit *of, size_t *count) {
    vm_variable *all = arena_array(a, vm_variable, of->summaries.count + 1);
    for (uint32_t i = 0, end; i < of->summaries.count; i = end) {
        for (end = i;
             end < of->summaries.count && of->summaries.at[end].variable == of->summaries.at[i].variable;)
            end++;
        all[(*count)++] = present(a, of, i, end - i);
    }
    return all;
}

static vm_states present_states(arena *a, const fit *f, const discrete *d) {
    const program *p = f->model->program;
    const variable_row *v = program_variable(p, d->of);
    const char **axis_names = arena_array(a, const char *, AXES_MOST);
    uint32_t *dims = arena_array(a, uint32_t, AXES_MOST);
    for (int i = 0; i < v->axes.count; i++) {
        axis_names[i] = program_axis(p, v->order[i])->name;
        dims[i] = f->model->axes[v->order[i]].size;
    }
    size_t size = model_size(f->model, v->axes);
    uint32_t *most = arena_array(a, uint32_t, size), first = v->type.support == SUPPORT_binary ? 0 : 1;
    for (size_t i = 0; i < size; i++) most[i] = d->most_probable[i] + first;
    return (vm_states){.name = v->name,
                       .rank = v->axes.count,
                       .axes = axis_names,
                       .dims = dims,
                       .size = size,
                       .states = d->states,
                       .probability = d->probability,
                       .most_probable = most,
                       .path = d->is_path};
}

static void present_all_states(vm_fit *f) {
    f->states = arena_array(&f->arena, vm_states, f->fit->states.count);
    for (uint32_t k = 0; k < f->fit->states.count; k++)
        f->states[k] = present_states(&f->arena, f->fit, &f->fit->states.at[k]);
}

vm_status vm_run(vm_model *m, vm_progress_function *watch, void *user, vm_fit **result) {
    if (result) *result = NULL;
    if (!m || !result) return VM_invalid_argument;
    if (!m->valid) return VM_invalid_program;
    forget(m);
    vm_fit *f = m->memory.allocate(m->memory.user, NULL, 0, sizeof *f);
    if (!f) return VM_out_of_memory;
    *f = (vm_fit){0};
    arena_open(&f->arena, &m->memory);
    jmp_buf escape;
    m->memory.escape = &escape;
    if (setjmp(escape)) {
        release(m, f);
        return VM_out_of_memory;
    }
    status s = STATUS_invalid_data;
    const model *bound = model_bind(&m->diagnostics, m->program, &m->given, &f->arena);
    watcher w = {watch, user};
    if (bound)
        f->fit = fit_run(&m->diagnostics, bound, &m->options, &f->arena,
                         (fit_host){.watch = watch ? watch_host : NULL, .user = &w}, &s);
    tell(m);
    if (!f->fit) {
        release(m, f);
        return (vm_status)s;
    }
    f->data = fingerprint_of_data(bound, 1);
    f->variables = present_all(&f->arena, f->fit, &f->count);
    present_all_states(f);
    f->next = m->fits;
    m->fits = f;
    *result = f;
    return (vm_status)s;
}

vm_verdict vm_fit_verdict(const vm_fit *f) { return f ? (vm_verdict)f->fit->verdict : VM_bad; }
size_t vm_reason_count(const vm_fit *f) { return f ? f->fit->reasons.count : 0; }

const char *vm_reason(const vm_fit *f, size_t i, double *value, const char **text) {
    if (!f || i >= f->fit->reasons.count) return NULL;
    const reason *r = &f->fit->reasons.at[i];
    if (value) *value = r->value;
    if (text) *text = r->text;
    return r->code;
}

vm_evidence vm_fit_evidence(const vm_fit *f) {
    if (!f) return (vm_evidence){NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    const fit *x = f->fit;
    measured lower = x->bracket.known ? x->bracket.lower : x->elbo,
             upper = x->bracket.known ? x->bracket.upper : x->upper;
    return (vm_evidence){.elbo = x->elbo.value,
                         .elbo_error = x->elbo.error,
                         .log_evidence = x->log_evidence.value,
                         .log_evidence_error = x->log_evidence.error,
                         .khat = x->khat,
                         .effective_size = x->ess,
                         .reconstruction = x->reconstruction.value,
                         .reconstruction_error = x->reconstruction.error,
                         .kl = x->kl.value,
                         .kl_error = x->kl.error,
                         .lower = lower.value,
                         .lower_error = lower.error,
                         .upper = upper.value,
                         .upper_error = upper.error};
}

size_t vm_variable_count(const vm_fit *f) { return f ? f->count : 0; }
const vm_variable *vm_variable_number(const vm_fit *f, size_t i) {
    return f && i < f->count ? &f->variables[i] : NULL;
}

static const vm_variable *named(const vm_variable *all, size_t count, const char *name) {
    for (size_t i = 0; name && i < count; i++)
        if (strcmp(all[i].name, name) == 0) return &all[i];
    return NULL;
}

const vm_variable *vm_variable_at(const vm_fit *f, const char *name) {
    return f ? named(f->variables, f->count, name) : NULL;
}

size_t vm_states_count(const vm_fit *f) { return f ? f->fit->states.count : 0; }
const vm_states *vm_states_number(const vm_fit *f, size_t i) {
    return i < vm_states_count(f) ? &f->states[i] : NULL;
}

const vm_states *vm_states_at(const vm_fit *f, const char *name) {
    for (size_t i = 0; name && i < vm_states_count(f); i++)
        if (strcmp(f->states[i].name, name) == 0) return &f->states[i];
    return NULL;
}

/* ---- prediction ---- */

static void present_pointwise(vm_prediction *to, const model *whole, const placed *draws, bool fitted) {
    arena *a = &to->arena;
    const pointwise *p = pointwise_find(whole, draws, a);
    loo l = fitted ? loo_find(p, a) : loo_of_new(p, a);
    to->names = arena_array(a, const char *, p->count + 1);
    for (uint64_t i = 0; i < p->count; i++) to->names[i] = pointwise_name(p, i, a);
    to->has_pointwise = true;
    to->pointwise = (vm_pointwise){.count = p->count,
                                   .draw_count = p->draws,
                                   .log_density = p->log_density,
                                   .elpd = l.elpd,
                                   .khat = l.khat,
                                   .khat_most = l.threshold,
                                   .total = l.total.value,
                                   .total_error = l.total.error,
                                   .p_loo = l.complexity,
                                   .p_loo_error = l.complexity_error};
}

static bool predict(vm_model *m, const vm_fit *f, vm_prediction *to) {
    arena *a = &to->arena;
    diagnostics *d = &m->diagnostics;
    bool *given = arena_array(a, bool, m->program->variables.count + 1);
    model *open = model_bind_drawn(d, m->program, &m->given, given, a), *whole = NULL;
    if (!open) return false;
    if (predictive_has_outcomes(open) && !(whole = model_bind(d, m->program, &m->given, a))) return false;
    open->team = team_open(a, m->options.threads);
    if (whole) whole->team = open->team;
    posterior from = posterior_of_fit(f->fit, a);
    placed draws;
    uint64_t count = predictive_room(open, from.count);
    if (!posterior_place(d, &from, whole ? whole : open, count, &draws, a)) return false;
    const predictive *found = predictive_draw(d, open, whole, &draws, f->fit->seed, NULL, NULL, a);
    if (found) {
        fit *shown = arena_new(a, fit);
        *shown = predictive_report(found, f->fit->verdict, f->fit->seed, a);
        to->variables = present_all(a, shown, &to->count);
        if (whole) present_pointwise(to, whole, &draws, f->data == fingerprint_of_data(whole, 1));
    }
    team_close(open->team);
    return found != NULL;
}

vm_status vm_predict(vm_model *m, vm_fit *f, vm_prediction **result) {
    if (result) *result = NULL;
    if (!m || !f || !result) return VM_invalid_argument;
    forget(m);
    vm_prediction *p = m->memory.allocate(m->memory.user, NULL, 0, sizeof *p);
    if (!p) return VM_out_of_memory;
    *p = (vm_prediction){.memory = &m->memory};
    arena_open(&p->arena, &m->memory);
    jmp_buf escape;
    m->memory.escape = &escape;
    if (setjmp(escape)) {
        release_prediction(p);
        return VM_out_of_memory;
    }
    bool good = predict(m, f, p);
    tell(m);
    if (!good) {
        release_prediction(p);
        return VM_invalid_data;
    }
    p->next = f->predictions;
    f->predictions = p;
    *result = p;
    return VM_ok;
}

size_t vm_predicted_count(const vm_prediction *p) { return p ? p->count : 0; }
const vm_variable *vm_predicted_number(const vm_prediction *p, size_t i) {
    return p && i < p->count ? &p->variables[i] : NULL;
}
const vm_variable *vm_predicted_at(const vm_prediction *p, const char *name) {
    return p ? named(p->variables, p->count, name) : NULL;
}
const vm_pointwise *vm_predicted_pointwise(const vm_prediction *p) {
    return p && p->has_pointwise ? &p->pointwise : NULL;
}
const char *vm_observation_name(const vm_prediction *p, size_t i) {
    return p && p->has_pointwise && i < p->pointwise.count ? p->names[i] : NULL;
}
