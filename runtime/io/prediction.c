#include "runtime/io/prediction.h"

#include <jansson.h>
#include <math.h>

#include "runtime/io/file.h"
#include "runtime/io/guard.h"

enum { NAMED_MOST = 10 };

/* ---- observations ---- */

static report_place place_of(const pointwise *p, uint64_t observation, arena *a) {
    const observations *k = pointwise_kind(p, observation);
    const char **names = arena_array(a, const char *, k->rank + 1), **labels = NULL;
    const uint32_t *at = k->at + (observation - k->first) * k->rank;
    for (uint32_t n = 0; n < k->rank; n++) {
        const bound_axis *along = &p->model->axes[k->order[n]];
        names[n] = program_axis(p->model->program, k->order[n])->name;
        if (!along->labels) continue;
        if (!labels) labels = arena_array(a, const char *, k->rank);
        labels[n] = along->labels[at[n] - 1];
    }
    return (report_place){k->name, k->rank, names, at, labels};
}

/* What an observation is where it is no entry of the data. */
static const char *unit_text(const pointwise *p, const observations *k, arena *a) {
    const char *list = "";
    for (uint32_t n = 0; n < k->rank; n++)
        list = arena_print(a, "%s%s`%s`", list, n ? " and " : "",
                           program_axis(p->model->program, k->order[n])->name);
    return k->rank ? arena_print(a, "an observation is all that belongs to one entry of %s", list)
                   : "all of it is one observation";
}

/* ---- for a terminal ---- */

/* The spread of the replicated statistic as bars, with the observed one in its place. */
static void print_bars(const discrepancy *d, FILE *to) {
    static const char *const BARS[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    uint32_t most = 1;
    for (int i = 0; i < DISCREPANCY_BINS; i++) most = d->bins[i] > most ? d->bins[i] : most;
    fputs(d->bin < 0 ? "◆" : " ", to);
    for (int i = 0; i < DISCREPANCY_BINS; i++)
        fputs(i == d->bin ? "◆" : BARS[(d->bins[i] * 8 + most - 1) / most], to);
    fputs(d->bin == DISCREPANCY_BINS ? "◆\n" : "\n", to);
}

static void print_checks(const prediction_report *r, FILE *to) {
    if (!r->checks.count) return;
    fprintf(to, "\n%-14s %10s %10s %10s %10s %8s  %s\n", "check", "data", "replicated", "5%", "95%", "p",
            "the data (◆) among replicated data");
    variable last = VARIABLE_NONE;
    for (uint32_t i = 0; i < r->checks.count; i++) {
        const discrepancy *d = &r->checks.at[i];
        if (d->of != last) fprintf(to, "%s\n", program_variable(r->program, d->of)->name);
        last = d->of;
        fprintf(to, "  %-12s %10.4g %10.4g %10.4g %10.4g %8.3g ", d->statistic, d->observed, d->mean, d->q05,
                d->q95, d->p);
        print_bars(d, to);
    }
    fputs("p is two-sided: twice the share of replicated data on the side where there are fewer of them\n",
          to);
}

static void print_doubts(const prediction_report *r, FILE *to) {
    const loo *l = &r->loo;
    fprintf(to, "k-hat above %.2f for %llu of %llu: ", l->threshold, (unsigned long long)l->above,
            (unsigned long long)l->count);
    uint64_t named = 0;
    for (uint64_t i = 0; i < l->count && named < NAMED_MOST; i++)
        if (l->khat[i] > l->threshold)
            fprintf(to, "%s%s %.2f", named++ ? ", " : "", pointwise_name(r->points, i, r->arena), l->khat[i]);
    if (l->above > named) fprintf(to, " and %llu more", (unsigned long long)(l->above - named));
    fputs("\nhelp: these observations move the posterior much, and what is said of them is too good: look "
          "whether "
          "the model suits them, or fit without each and give it by --data\n",
          to);
}

static void print_shared(const prediction_report *r, FILE *to) {
    for (uint32_t i = 0; i < r->points->kinds.count; i++) {
        const observations *k = &r->points->kinds.at[i];
        if (k->shared)
            fprintf(to, "`%s` shares discrete latents that are summed out: %s\n", k->name,
                    unit_text(r->points, k, r->arena));
    }
}

static void print_loo(const prediction_report *r, FILE *to) {
    const loo *l = &r->loo;
    if (!r->points) return;
    if (!l->count) {
        fputs("\nno observation has a density of its own, so there is no elpd\n", to);
        return;
    }
    if (l->count == 1) {
        fprintf(to, "\nlog density %.6g; `%s` is one observation, so none is left out\n", l->lpd[0],
                r->points->kinds.at[0].name);
        print_shared(r, to);
        return;
    }
    double most = -INFINITY;
    for (uint64_t i = 0; l->khat && i < l->count; i++) most = fmax(most, l->khat[i]);
    if (l->khat)
        fprintf(to, "\nelpd_loo %.6g ± %.3g, p_loo %.3g ± %.2g, %llu observations, %s\n", l->total.value,
                l->total.error, l->complexity, l->complexity_error, (unsigned long long)l->count,
                most == -INFINITY ? "no weight larger than others"
                                  : arena_print(r->arena, "largest k-hat %.2f", most));
    else
        fprintf(to, "\nlog density of data that were not fitted %.6g ± %.3g, %llu observations\n",
                l->total.value, l->total.error, (unsigned long long)l->count);
    print_shared(r, to);
    if (l->above) print_doubts(r, to);
}

void prediction_table(const prediction_report *r, FILE *to) {
    fprintf(to, "%s: %llu draws of a posterior whose fit is %s, seed %llu\n", r->shown.model,
            (unsigned long long)r->shown.draws, verdict_name(r->shown.verdict),
            (unsigned long long)r->shown.seed);
    print_loo(r, to);
    print_checks(r, to);
    if (r->shown.rows.count) report_table_rows(&r->shown, to);
}

/* ---- JSON ---- */

static void json_checks(json_writer *w, const prediction_report *r) {
    json_put_list(w, "checks");
    for (uint32_t i = 0; i < r->checks.count; i++) {
        const discrepancy *d = &r->checks.at[i];
        json_put_row(w);
        json_put_text(w, "name", program_variable(r->program, d->of)->name);
        json_put_text(w, "statistic", d->statistic);
        json_put_number(w, "observed", d->observed);
        json_put_number(w, "mean", d->mean);
        json_put_number(w, "q05", d->q05);
        json_put_number(w, "q95", d->q95);
        json_put_number(w, "p", d->p);
        json_end_object(w);
    }
    json_end_list(w);
}

static void json_observations(json_writer *w, const prediction_report *r) {
    const loo *l = &r->loo;
    json_put_list(w, "observations");
    for (uint64_t i = 0; i < l->count; i++) {
        report_place at = place_of(r->points, i, r->arena);
        json_put_row(w);
        report_json_place(w, &at);
        json_put_number(w, "elpd", l->elpd[i]);
        json_put_number(w, "lpd", l->lpd[i]);
        if (l->khat) json_put_number(w, "khat", l->khat[i]);
        json_end_object(w);
    }
    json_end_list(w);
}

static void json_loo(json_writer *w, const prediction_report *r) {
    const loo *l = &r->loo;
    json_put_object(w, l->khat ? "loo" : "log_score");
    report_json_measured(w, "elpd", "se", l->total);
    report_json_measured(w, "p", "p_se", (measured){l->complexity, l->complexity_error});
    if (l->khat) json_put_number(w, "khat_most", l->threshold);
    json_put_whole(w, "above", l->above);
    json_put_text(w, "observed", arena_print(r->arena, "%016llx", (unsigned long long)r->points->observed));
    json_observations(w, r);
    json_end_object(w);
}

void prediction_json(const prediction_report *r, FILE *to) {
    json_writer w = json_open(to);
    json_put_text(&w, "model", r->shown.model);
    json_put_text(&w, "verdict", verdict_name(r->shown.verdict));
    json_put_whole(&w, "seed", r->shown.seed);
    json_put_whole(&w, "draws", r->shown.draws);
    report_json_rows(&w, &r->shown);
    json_checks(&w, r);
    if (r->points) json_loo(&w, r);
    json_close(&w);
}

/* ---- reading back ---- */

typedef struct score_reader {
    diagnostics *d;
    arena *arena;
    scored *to;
    json_t *root;
    bool good;
} score_reader;

static const char HOW[] = "give the file that `vmrun predict MODEL -o PREDICTION.json` wrote";

static void refuse(score_reader *r, const char *what) {
    if (r->good) advise(r->d, diagnose_data(r->d, r->to->path, 0, "%s", what), "%s", HOW);
    r->good = false;
}

static double number_of(score_reader *r, const json_t *object, const char *key) {
    const json_t *x = json_object_get(object, key);
    if (!json_is_number(x)) refuse(r, arena_print(r->arena, "`%s` is no number", key));
    return json_is_number(x) ? json_number_value(x) : (double)NAN;
}

static void read_score(void *user) {
    score_reader *r = user;
    const json_t *loo = json_object_get(r->root, "loo"), *score = json_object_get(r->root, "log_score"),
                 *from = loo ? loo : score, *list = json_object_get(from, "observations");
    const char *name = json_string_value(json_object_get(r->root, "model")),
               *observed = json_string_value(json_object_get(from, "observed"));
    if (!name || !observed || !json_is_array(list)) {
        refuse(r, "it has no densities of observations");
        return;
    }
    scored *to = r->to;
    to->model = arena_copy(r->arena, name, strlen(name));
    to->observed = arena_copy(r->arena, observed, strlen(observed));
    to->left_out = loo != NULL;
    to->total = (measured){number_of(r, from, "elpd"), number_of(r, from, "se")};
    to->complexity = number_of(r, from, "p");
    to->above = (uint64_t)number_of(r, from, "above");
    to->count = json_array_size(list);
    to->elpd = arena_array(r->arena, double, to->count + 1);
    for (uint64_t i = 0; i < to->count && r->good; i++)
        to->elpd[i] = number_of(r, json_array_get(list, i), "elpd");
}

static void release_score(void *user) { json_decref(((score_reader *)user)->root); }

bool prediction_read(diagnostics *d, arena *a, const char *path, scored *to) {
    size_t length;
    *to = (scored){.path = path};
    const char *text = file_read(d, a, path, &length);
    if (!text) return false;
    json_error_t error;
    score_reader r = {d, a, to, json_loadb(text, length, JSON_REJECT_DUPLICATES, &error), true};
    if (!r.root) {
        if (json_error_code(&error) == json_error_out_of_memory) longjmp(*a->memory->escape, 1);
        advise(d,
               diagnose_data(d, path, error.line > 0 ? (uint32_t)error.line : 0, "column %d: %s",
                             error.column, error.text),
               "%s", HOW);
        return false;
    }
    guard(a->memory, read_score, release_score, &r);
    return r.good;
}
