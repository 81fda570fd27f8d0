#include "runtime/io/summary_file.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <strings.h>

#include "base/number.h"
#include "runtime/io/draws_file.h"
#include "runtime/io/file.h"
#include "runtime/io/guard.h"

typedef struct result_reader {
    diagnostics *d;
    arena *arena;
    const char *path;
    report *report;
    json_t *root;
    bool good;
} result_reader;

static void report_foreign(result_reader *r, const char *what) {
    if (!r->good) return;
    r->good = false;
    diagnostic *said =
        diagnose_data(r->d, r->path, 0, "this is no result of a fit: `%s` is missing or wrong", what);
    advise(r->d, said, "give the file that `vmrun fit MODEL -o FIT.json` wrote");
}

/* A number, NaN where it is null as in what was not finite. */
static double number_of(result_reader *r, const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    if (!json_is_number(value) && !json_is_null(value)) report_foreign(r, key);
    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

/* NAN in a file of a version that did not tell it. */
static double number_if(result_reader *r, const json_t *object, const char *key) {
    return json_object_get(object, key) ? number_of(r, object, key) : (double)NAN;
}

static uint64_t whole_of(result_reader *r, const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    if (!json_is_integer(value) || json_integer_value(value) < 0) report_foreign(r, key);
    return (uint64_t)json_integer_value(value);
}

static bool truth_of(result_reader *r, const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    if (!json_is_boolean(value)) report_foreign(r, key);
    return json_is_true(value);
}

static const char *text_of(result_reader *r, const json_t *value, const char *what) {
    if (!json_is_string(value)) {
        report_foreign(r, what);
        return "";
    }
    return arena_copy(r->arena, json_string_value(value), json_string_length(value));
}

static const json_t *list_of(result_reader *r, const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    if (!json_is_array(value)) report_foreign(r, key);
    return value;
}

static void read_reasons(result_reader *r) {
    const json_t *list = list_of(r, r->root, "reasons");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *from = json_array_get(list, i);
        reason why = {.code = text_of(r, json_object_get(from, "code"), "code"),
                      .value = number_of(r, from, "value"),
                      .text = text_of(r, json_object_get(from, "text"), "text")};
        push(r->arena, &r->report->reasons, why);
    }
}

static void read_place(result_reader *r, const json_t *from, report_place *row) {
    row->name = text_of(r, json_object_get(from, "name"), "name");
    const json_t *at = list_of(r, from, "at"), *along = list_of(r, from, "axes"),
                 *labels = json_object_get(from, "label");
    row->rank = (uint32_t)json_array_size(at);
    bool named = json_array_size(along) > 0;
    if (row->rank > AXES_MOST || (named && json_array_size(along) != row->rank)) report_foreign(r, "axes");
    if (labels && json_array_size(labels) != row->rank) report_foreign(r, "label");
    if (!r->good) return;
    uint32_t *positions = arena_array(r->arena, uint32_t, row->rank);
    const char **axis_names = arena_array(r->arena, const char *, row->rank);
    const char **texts = arena_array(r->arena, const char *, row->rank);
    for (uint32_t k = 0; k < row->rank; k++) {
        const json_t *label = labels ? json_array_get(labels, k) : NULL;
        positions[k] = (uint32_t)json_integer_value(json_array_get(at, k));
        if (named) axis_names[k] = text_of(r, json_array_get(along, k), "axes");
        if (json_is_string(label)) texts[k] = text_of(r, label, "label");
    }
    row->at = positions;
    row->axes = named ? axis_names : NULL;
    row->labels = labels ? texts : NULL;
}

static void read_rows(result_reader *r) {
    const json_t *list = list_of(r, r->root, "variables");
    for (size_t i = 0; i < json_array_size(list) && r->good; i++) {
        const json_t *from = json_array_get(list, i);
        report_row row = {.mode = number_if(r, from, "mode"),
                          .khat = number_if(r, from, "khat"),
                          .ess = number_if(r, from, "ess")};
        read_place(r, from, &row.place);
        row.mean = number_of(r, from, "mean");
        row.sd = number_of(r, from, "sd");
        row.mcse = number_of(r, from, "mcse");
        row.q05 = number_of(r, from, "q05");
        row.q50 = number_of(r, from, "q50");
        row.q95 = number_of(r, from, "q95");
        push(r->arena, &r->report->rows, row);
    }
}

/* The names of the states are shared by the entries of a variable, as far as they are alike. */
static void read_states(result_reader *r) {
    const json_t *list = json_object_get(r->root, "discrete");
    for (size_t i = 0; i < json_array_size(list) && r->good; i++) {
        const json_t *from = json_array_get(list, i), *names = list_of(r, from, "states"),
                     *numbers = list_of(r, from, "probability");
        report_states row = {.count = (uint32_t)json_array_size(names), .is_path = truth_of(r, from, "path")};
        read_place(r, from, &row.place);
        if (json_array_size(numbers) != row.count || !row.count) report_foreign(r, "probability");
        const char *most = text_of(r, json_object_get(from, "most_probable"), "most_probable");
        const char **states = arena_array(r->arena, const char *, row.count);
        double *probability = arena_array(r->arena, double, row.count);
        for (uint32_t k = 0; k < row.count && r->good; k++) {
            states[k] = text_of(r, json_array_get(names, k), "states");
            probability[k] = json_number_value(json_array_get(numbers, k));
            if (r->good && strcmp(states[k], most) == 0) row.most_probable = k;
        }
        row.names = states;
        row.probability = probability;
        push(r->arena, &r->report->states, row);
    }
}

static void read_kls(result_reader *r) {
    const json_t *list = json_object_get(r->root, "kl");
    for (size_t i = 0; i < json_array_size(list) && r->good; i++) {
        const json_t *from = json_array_get(list, i), *units = list_of(r, from, "by_unit");
        report_kl k = {.name = text_of(r, json_object_get(from, "name"), "name"),
                       .total = {number_of(r, from, "value"), number_of(r, from, "mcse")},
                       .rows = whole_of(r, from, "rows"),
                       .active = whole_of(r, from, "active"),
                       .units = json_array_size(units)};
        k.parts.known = json_object_get(from, "information") != NULL;
        if (k.parts.known) {
            k.parts.information =
                (measured){number_of(r, from, "information"), number_of(r, from, "information_mcse")};
            k.parts.marginal =
                (measured){number_of(r, from, "marginal"), number_of(r, from, "marginal_mcse")};
            k.parts.active = whole_of(r, from, "active_means");
        }
        double *by_unit = arena_array(r->arena, double, k.units);
        for (uint64_t j = 0; j < k.units; j++) by_unit[j] = json_number_value(json_array_get(units, j));
        k.by_unit = by_unit;
        push(r->arena, &r->report->kls, k);
    }
}

static void read_bracket(result_reader *r, const json_t *from) {
    r->report->bracket =
        (two_bounds){.known = true,
                     .below = text_of(r, json_object_get(from, "below"), "below"),
                     .above = text_of(r, json_object_get(from, "above"), "above"),
                     .lower = {number_of(r, from, "lower"), number_of(r, from, "lower_mcse")},
                     .upper = {number_of(r, from, "upper"), number_of(r, from, "upper_mcse")},
                     .khat = number_of(r, from, "khat"),
                     .steps = whole_of(r, from, "steps"),
                     .converged = truth_of(r, from, "converged")};
}

static void read_result(void *user) {
    result_reader *r = user;
    report *to = r->report;
    const json_t *elbo = json_object_get(r->root, "elbo"),
                 *evidence = json_object_get(r->root, "log_evidence");
    to->model = text_of(r, json_object_get(r->root, "model"), "model");
    if (!verdict_of_name(json_string_value(json_object_get(r->root, "verdict")), &to->verdict))
        report_foreign(r, "verdict");
    read_reasons(r);
    to->seconds = number_of(r, r->root, "seconds");
    to->seed = whole_of(r, r->root, "seed");
    to->elbo.value = number_of(r, elbo, "value");
    to->elbo.error = number_of(r, elbo, "mcse");
    to->reconstruction =
        (measured){number_of(r, elbo, "reconstruction"), number_of(r, elbo, "reconstruction_mcse")};
    to->kl = (measured){number_of(r, elbo, "kl"), number_of(r, elbo, "kl_mcse")};
    to->energy = (measured){number_if(r, elbo, "energy"), number_if(r, elbo, "energy_mcse")};
    to->entropy = (measured){number_if(r, elbo, "entropy"), number_if(r, elbo, "entropy_mcse")};
    to->log_evidence.value = number_of(r, evidence, "value");
    to->log_evidence.error = number_of(r, evidence, "mcse");
    const json_t *bracket = json_object_get(r->root, "bracket");
    if (bracket) read_bracket(r, bracket);
    const json_t *gaps = json_object_get(r->root, "gaps");
    to->gaps.known = gaps != NULL;
    to->gaps.amortised = (measured){number_if(r, gaps, "amortised"), number_if(r, gaps, "amortised_mcse")};
    to->gaps.amortisation =
        (measured){number_if(r, gaps, "amortisation"), number_if(r, gaps, "amortisation_mcse")};
    to->gaps.approximation =
        (measured){number_if(r, gaps, "approximation"), number_if(r, gaps, "approximation_mcse")};
    to->jackknife = (measured){number_if(r, evidence, "jackknife"), number_if(r, evidence, "jackknife_mcse")};
    to->upper = (measured){number_if(r, evidence, "upper"), number_if(r, evidence, "upper_mcse")};
    to->khat = number_of(r, evidence, "khat");
    to->ess = number_of(r, evidence, "ess");
    to->steps = whole_of(r, r->root, "steps");
    to->gradients = whole_of(r, r->root, "gradients");
    to->draws = whole_of(r, r->root, "draws");
    to->corrected = truth_of(r, r->root, "corrected");
    to->interrupted = truth_of(r, r->root, "interrupted");
    if (r->good) read_rows(r);
    if (r->good) read_states(r);
    if (r->good) read_kls(r);
}

static void release_result(void *user) { json_decref(((result_reader *)user)->root); }

static bool read_json(diagnostics *d, arena *a, const char *path, const char *text, size_t length,
                      report *to) {
    json_error_t error;
    result_reader r = {.d = d, .arena = a, .path = path, .report = to, .good = true};
    r.root = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
    if (!r.root) {
        if (json_error_code(&error) == json_error_out_of_memory) longjmp(*a->memory->escape, 1);
        diagnostic *said = diagnose_data(d, path, error.line > 0 ? (uint32_t)error.line : 0, "column %d: %s",
                                         error.column, error.text);
        advise(d, said, "give the file that `vmrun fit MODEL -o FIT.json` wrote");
        return false;
    }
    guard(a->memory, read_result, release_result, &r);
    return r.good;
}

/* Of sorted numbers, linear between neighbours (Hyndman and Fan 1996, definition 7). */
static double quantile(const double *x, uint32_t n, double p) {
    double at = p * (n - 1);
    uint32_t below = (uint32_t)at, above = below + 1 < n ? below + 1 : below;
    return x[below] + (at - below) * (x[above] - x[below]);
}

static void summarise(const data_array *x, report_row *row, double *sorted) {
    uint32_t n = x->dims[0];
    double sum = 0, squares = 0;
    for (uint32_t i = 0; i < n; i++) sum += x->numbers[i];
    row->mean = sum / n;
    for (uint32_t i = 0; i < n; i++) squares += (x->numbers[i] - row->mean) * (x->numbers[i] - row->mean);
    row->sd = n > 1 ? sqrt(squares / (n - 1)) : (double)NAN;
    row->mcse = row->sd / sqrt(n);
    memcpy(sorted, x->numbers, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, number_order);
    row->q05 = quantile(sorted, n, 0.05);
    row->q50 = quantile(sorted, n, 0.50);
    row->q95 = quantile(sorted, n, 0.95);
}

/* Entries of one variable in row-major order; variables stay in the order of the file. */
typedef struct placed_row {
    report_row row;
    uint32_t variable;
} placed_row;

static int compare_rows(const void *a, const void *b) {
    const placed_row *x = a, *y = b;
    if (x->variable != y->variable) return x->variable < y->variable ? -1 : 1;
    for (uint32_t k = 0; k < x->row.place.rank && k < y->row.place.rank; k++)
        if (x->row.place.at[k] != y->row.place.at[k]) return x->row.place.at[k] < y->row.place.at[k] ? -1 : 1;
    return (x->row.place.rank > y->row.place.rank) - (x->row.place.rank < y->row.place.rank);
}

static void read_rows_of_draws(arena *a, const data_set *s, report *to) {
    uint32_t draws = s->arrays.count ? s->arrays.at[0].dims[0] : 0, variables = 0;
    double *sorted = arena_array(a, double, draws);
    vector(placed_row) rows = {0};
    for (uint32_t i = 0; i < s->arrays.count; i++) {
        placed_row now = {.row = {.mode = NAN, .khat = NAN, .ess = NAN}};
        draws_file_place(a, s->arrays.at[i].name, &now.row.place);
        summarise(&s->arrays.at[i], &now.row, sorted);
        if (rows.count && strcmp(rows.at[rows.count - 1].row.place.name, now.row.place.name) != 0)
            variables++;
        now.variable = variables;
        push(a, &rows, now);
    }
    if (rows.count) qsort(rows.at, rows.count, sizeof *rows.at, compare_rows);
    for (uint32_t i = 0; i < rows.count; i++) push(a, &to->rows, rows.at[i].row);
    to->draws = draws;
}

static bool read_draws(diagnostics *d, arena *a, const char *path, char *text, size_t length, report *to) {
    draws_file from;
    if (!draws_file_read_text(d, a, path, text, length, &from)) return false;
    to->model = report_model_name(a, from.model ? from.model : path);
    to->elbo = to->reconstruction = to->kl = to->energy = to->entropy = to->log_evidence = to->jackknife =
        to->upper = (measured){(double)NAN, (double)NAN};
    to->khat = to->ess = to->seconds = (double)NAN;
    to->seed = from.seed;
    to->verdict = from.verdict;
    if (!from.judged)
        push(a, &to->reasons,
             (reason){"no_verdict", (double)NAN, "the file of draws does not say how good they are"});
    read_rows_of_draws(a, &from.columns, to);
    return true;
}

bool summary_read(diagnostics *d, arena *a, const char *path, report *r) {
    const char *dot = strrchr(path, '.'), *ending = dot ? dot : "";
    bool is_json = strcasecmp(ending, ".json") == 0;
    *r = (report){0};
    if (!is_json && strcasecmp(ending, ".csv") != 0) {
        diagnostic *said = diagnose_data(d, path, 0, "the kind of the file is not known by its name");
        advise(d, said, "results end in .json, draws in .csv");
        return false;
    }
    size_t length;
    const char *text = file_read(d, a, path, &length);
    if (!text) return false;
    if (is_json) return read_json(d, a, path, text, length, r);
    return read_draws(d, a, path, arena_copy(a, text, length), length, r);
}
