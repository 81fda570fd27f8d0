#include "runtime/io/report.h"

#include <math.h>

#include "base/number.h"
#include "runtime/infer/sample.h"

const char *verdict_name(verdict v) {
    static const char *const NAMES[] = {
        [VERDICT_good] = "good", [VERDICT_doubtful] = "doubtful", [VERDICT_bad] = "bad"};
    return NAMES[v];
}

bool verdict_of_name(const char *text, verdict *v) {
    for (*v = VERDICT_good; *v <= VERDICT_bad; ++*v)
        if (text && strcmp(text, verdict_name(*v)) == 0) return true;
    *v = VERDICT_doubtful;
    return false;
}

const char *report_model_name(arena *a, const char *path) {
    const char *slash = strrchr(path, '/'), *start = slash ? slash + 1 : path, *dot = strrchr(start, '.');
    return arena_copy(a, start, dot && dot > start ? (size_t)(dot - start) : strlen(start));
}

/* The axes of a variable in the order of its declaration, shared by its rows. Of missing entries of data it
 * is the data. */
typedef struct frame {
    variable of; /* what is reported */
    const variable_row *variable;
    const missing *gaps; /* of which it is the missing entries, or NULL */
    const char **names;
    bool labelled;
} frame;

static const missing *gaps_of(const program *p, variable latent) {
    for (uint32_t i = 0; i < p->missing.count; i++)
        if (p->missing.at[i].latent == latent) return &p->missing.at[i];
    return NULL;
}

static frame frame_of(const model *m, variable v, arena *a) {
    frame f = {.of = v, .gaps = gaps_of(m->program, v)};
    f.variable = program_variable(m->program, f.gaps ? f.gaps->of : v);
    f.names = arena_array(a, const char *, f.variable->axes.count);
    for (uint32_t k = 0; k < f.variable->axes.count; k++) {
        f.names[k] = program_axis(m->program, f.variable->order[k])->name;
        f.labelled |= m->axes[f.variable->order[k]].labels != NULL;
    }
    return f;
}

static report_place place_of(const model *m, const frame *f, uint64_t entry, arena *a) {
    uint32_t rank = f->variable->axes.count, *at = arena_array(a, uint32_t, rank);
    const char **labels = f->labelled ? arena_array(a, const char *, rank) : NULL;
    uint64_t left = entry;
    for (uint32_t k = rank; k-- > 0;) {
        const bound_axis *along = &m->axes[f->variable->order[k]];
        if (f->gaps && f->gaps->along != AXIS_NONE) {
            at[k] = (uint32_t)m->values[f->gaps->at[k]][entry];
        } else {
            at[k] = (uint32_t)(left % along->size) + 1;
            left /= along->size;
        }
        if (along->labels) labels[k] = along->labels[at[k] - 1];
    }
    return (report_place){f->variable->name, rank, f->names, at, labels};
}

static report_row row_of(const model *m, const frame *f, const summary *s, double mode, arena *a) {
    return (report_row){.place = place_of(m, f, s->entry, a),
                        .mode = mode,
                        .mean = s->mean,
                        .sd = s->sd,
                        .mcse = s->mcse,
                        .q05 = s->q05,
                        .q50 = s->q50,
                        .q95 = s->q95,
                        .khat = s->khat,
                        .ess = s->ess};
}

/* `0` and `1`, or the labels or numbers of the axis that it is an index into. */
static const char *const *state_names(const model *m, const discrete *d, arena *a) {
    type is = program_variable(m->program, d->of)->type;
    bool binary = is.support == SUPPORT_binary;
    if (!binary && m->axes[is.index].labels) return m->axes[is.index].labels;
    const char **names = arena_array(a, const char *, d->states);
    for (uint32_t i = 0; i < d->states; i++) names[i] = arena_print(a, "%u", binary ? i : i + 1);
    return names;
}

static void add_states(report *r, const fit *f, const discrete *d, arena *a) {
    frame of = frame_of(f->model, d->of, a);
    const char *const *names = state_names(f->model, d, a);
    const double *number = of.gaps ? f->model->values[of.gaps->number] : NULL;
    for (uint64_t e = 0; e < model_size(f->model, of.variable->axes); e++) {
        if (number && number[canonical_entry(f->model, of.variable, e)] == 0) continue; /* given */
        push(a, &r->states,
             (report_states){place_of(f->model, &of, e, a), d->states, names, d->probability + e * d->states,
                             d->most_probable[e], d->is_path});
    }
}

report report_of_fit(const fit *f, arena *a) {
    report r = {.model = report_model_name(a, f->model->program->path),
                .verdict = f->verdict,
                .seed = f->seed,
                .steps = f->steps,
                .gradients = f->gradients,
                .draws = f->draw_count,
                .seconds = f->seconds,
                .elbo = f->elbo,
                .reconstruction = f->reconstruction,
                .kl = f->kl,
                .energy = f->energy,
                .entropy = f->entropy,
                .log_evidence = f->log_evidence,
                .jackknife = f->jackknife,
                .upper = f->upper,
                .bracket = f->bracket,
                .gaps = f->gaps,
                .khat = f->khat,
                .ess = f->ess,
                .interrupted = f->interrupted,
                .corrected = f->corrected};
    for (uint32_t i = 0; i < f->reasons.count; i++) push(a, &r.reasons, f->reasons.at[i]);
    frame now = {0};
    for (uint32_t i = 0; i < f->summaries.count; i++) {
        const summary *s = &f->summaries.at[i];
        if (!i || now.of != s->variable) now = frame_of(f->model, s->variable, a);
        push(a, &r.rows, row_of(f->model, &now, s, f->mode ? f->mode[i] : (double)NAN, a));
    }
    for (uint32_t k = 0; k < f->states.count; k++) add_states(&r, f, &f->states.at[k], a);
    for (uint32_t i = 0; i < f->latent_kls.count; i++) {
        const latent_kl *k = &f->latent_kls.at[i];
        const char *name = program_variable(f->model->program, k->of)->name;
        push(a, &r.kls,
             (report_kl){name, k->total, k->rows, k->unit_count, latent_kl_active(k), k->by_unit, k->parts});
    }
    return r;
}

static void json_reasons(json_writer *w, const report *r) {
    json_put_list(w, "reasons");
    for (uint32_t i = 0; i < r->reasons.count; i++) {
        const reason *why = &r->reasons.at[i];
        json_put_object(w, NULL);
        json_put_text(w, "code", why->code);
        json_put_number(w, "value", why->value);
        json_put_text(w, "text", why->text ? why->text : "");
        json_end_object(w);
    }
    json_end_list(w);
}

static void json_labels(json_writer *w, const report_place *place) {
    json_put_list(w, "label");
    for (uint32_t k = 0; k < place->rank; k++)
        if (place->labels[k]) json_put_text(w, NULL, place->labels[k]);
        else json_put_whole(w, NULL, place->at[k]);
    json_end_list(w);
}

void report_json_place(json_writer *w, const report_place *place) {
    json_put_text(w, "name", place->name);
    json_put_texts(w, "axes", place->axes, place->axes ? place->rank : 0);
    json_put_list(w, "at");
    for (uint32_t k = 0; k < place->rank; k++) json_put_whole(w, NULL, place->at[k]);
    json_end_list(w);
    if (place->labels) json_labels(w, place);
}

void report_json_measured(json_writer *w, const char *key, const char *error_key, measured x) {
    json_put_number(w, key, x.value);
    json_put_number(w, error_key, x.error);
}

static void json_states(json_writer *w, const report_states *row) {
    json_put_row(w);
    report_json_place(w, &row->place);
    json_put_texts(w, "states", row->names, row->count);
    json_put_numbers(w, "probability", row->probability, row->count);
    json_put_text(w, "most_probable", row->names[row->most_probable]);
    json_put_truth(w, "path", row->is_path);
    json_end_object(w);
}

static void json_kl(json_writer *w, const report_kl *k) {
    json_put_row(w);
    json_put_text(w, "name", k->name);
    report_json_measured(w, "value", "mcse", k->total);
    json_put_whole(w, "rows", k->rows);
    json_put_whole(w, "active", k->active);
    json_put_numbers(w, "by_unit", k->by_unit, k->units);
    if (k->parts.known) {
        report_json_measured(w, "information", "information_mcse", k->parts.information);
        report_json_measured(w, "marginal", "marginal_mcse", k->parts.marginal);
        json_put_whole(w, "active_means", k->parts.active);
    }
    json_end_object(w);
}

void report_json_rows(json_writer *w, const report *r) {
    json_put_list(w, "variables");
    for (uint32_t i = 0; i < r->rows.count; i++) {
        const report_row *row = &r->rows.at[i];
        json_put_row(w);
        report_json_place(w, &row->place);
        if (isfinite(row->mode)) json_put_number(w, "mode", row->mode);
        report_json_measured(w, "mean", "sd", (measured){row->mean, row->sd});
        json_put_number(w, "mcse", row->mcse);
        json_put_number(w, "q05", row->q05);
        json_put_number(w, "q50", row->q50);
        json_put_number(w, "q95", row->q95);
        if (!isnan(row->ess)) report_json_measured(w, "ess", "khat", (measured){row->ess, row->khat});
        json_end_object(w);
    }
    json_end_list(w);
}

/* What the ELBO leaves to the evidence: the KL from the guide to the posterior. */
static measured gap_of(const report *r) {
    return (measured){r->log_evidence.value - r->elbo.value, hypot(r->log_evidence.error, r->elbo.error)};
}

static void json_bracket(json_writer *w, const two_bounds *b) {
    json_put_object(w, "bracket");
    json_put_text(w, "below", b->below);
    report_json_measured(w, "lower", "lower_mcse", b->lower);
    json_put_text(w, "above", b->above);
    report_json_measured(w, "upper", "upper_mcse", b->upper);
    json_put_number(w, "khat", b->khat);
    json_put_whole(w, "steps", b->steps);
    json_put_truth(w, "converged", b->converged);
    json_end_object(w);
}

static void json_bounds(json_writer *w, const report *r) {
    json_put_object(w, "elbo");
    report_json_measured(w, "value", "mcse", r->elbo);
    report_json_measured(w, "reconstruction", "reconstruction_mcse", r->reconstruction);
    report_json_measured(w, "kl", "kl_mcse", r->kl);
    report_json_measured(w, "energy", "energy_mcse", r->energy);
    report_json_measured(w, "entropy", "entropy_mcse", r->entropy);
    json_end_object(w);
    json_put_object(w, "log_evidence");
    report_json_measured(w, "value", "mcse", r->log_evidence);
    report_json_measured(w, "jackknife", "jackknife_mcse", r->jackknife);
    report_json_measured(w, "gap", "gap_mcse", gap_of(r));
    report_json_measured(w, "upper", "upper_mcse", r->upper);
    json_put_number(w, "khat", r->khat);
    json_put_number(w, "ess", r->ess);
    json_end_object(w);
    if (r->bracket.known) json_bracket(w, &r->bracket);
    if (!r->gaps.known) return;
    json_put_object(w, "gaps");
    report_json_measured(w, "amortised", "amortised_mcse", r->gaps.amortised);
    report_json_measured(w, "amortisation", "amortisation_mcse", r->gaps.amortisation);
    report_json_measured(w, "approximation", "approximation_mcse", r->gaps.approximation);
    json_end_object(w);
}

void report_json(const report *r, FILE *to) {
    json_writer w = json_open(to);
    json_put_text(&w, "model", r->model);
    json_put_text(&w, "verdict", verdict_name(r->verdict));
    json_reasons(&w, r);
    json_put_number(&w, "seconds", r->seconds);
    json_put_whole(&w, "seed", r->seed);
    json_bounds(&w, r);
    json_put_whole(&w, "steps", r->steps);
    json_put_whole(&w, "gradients", r->gradients);
    json_put_whole(&w, "draws", r->draws);
    json_put_truth(&w, "corrected", r->corrected);
    json_put_truth(&w, "interrupted", r->interrupted);
    report_json_rows(&w, r);
    if (r->states.count) {
        json_put_list(&w, "discrete");
        for (uint32_t i = 0; i < r->states.count; i++) json_states(&w, &r->states.at[i]);
        json_end_list(&w);
    }
    if (r->kls.count) {
        json_put_list(&w, "kl");
        for (uint32_t i = 0; i < r->kls.count; i++) json_kl(&w, &r->kls.at[i]);
        json_end_list(&w);
    }
    json_close(&w);
}

/* What a terminal shows of a text: characters, not bytes. */
static int width_of(const char *text) {
    int width = 0;
    for (; *text; text++) width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

void report_print_place(const report_place *row, char *out, size_t room) {
    size_t used = (size_t)snprintf(out, room, "%s", row->name);
    for (uint32_t k = 0; k < row->rank && used < room; k++) {
        const char *before = k ? ", " : "[";
        if (row->labels && row->labels[k])
            used += (size_t)snprintf(out + used, room - used, "%s%s", before, row->labels[k]);
        else used += (size_t)snprintf(out + used, room - used, "%s%u", before, row->at[k]);
    }
    if (row->rank && used < room) snprintf(out + used, room - used, "]");
}

enum { NAME_ROOM = 160, ROWS_SHOWN = 12 };

/* Whether a row is among those that the table shows: `before` others of its variable come first. Of a
 * variable with few more than that all are shown. */
static bool is_shown(uint32_t before, uint32_t count) {
    return before < ROWS_SHOWN || count <= ROWS_SHOWN + 3;
}

/* How many entries from i on belong to the variable of entry i; entries are `size` bytes and begin with a
 * place. */
static uint32_t entries_of_variable(const void *entries, size_t size, uint32_t count, uint32_t i) {
    const char *at = entries;
    uint32_t n = 1;
    const report_place *first = (const void *)(at + i * size);
    while (i + n < count &&
           strcmp(first->name, ((const report_place *)(const void *)(at + (i + n) * size))->name) == 0)
        n++;
    return n;
}

static int name_width(const void *entries, size_t size, uint32_t count) {
    int widest = 8;
    char text[NAME_ROOM];
    for (uint32_t i = 0, n; i < count; i += n) {
        n = entries_of_variable(entries, size, count, i);
        for (uint32_t k = 0; k < n && is_shown(k, n); k++) {
            report_print_place((const void *)((const char *)entries + (i + k) * size), text, sizeof text);
            if (width_of(text) > widest) widest = width_of(text);
        }
    }
    return widest;
}

static void table_name(const report_place *place, int width, FILE *to) {
    char text[NAME_ROOM];
    report_print_place(place, text, sizeof text);
    fprintf(to, "%s%*s", text, width - width_of(text), "");
}

static void table_row(const report_row *row, bool modes, int width, FILE *to) {
    table_name(&row->place, width, to);
    if (modes && isfinite(row->mode)) fprintf(to, " %10.4g", row->mode);
    else if (modes) fprintf(to, " %10s", "-");
    const double columns[] = {row->mean, row->sd, row->mcse, row->q05, row->q50, row->q95};
    for (int k = 0; k < 6; k++) fprintf(to, " %10.4g", columns[k]);
    fputc('\n', to);
}

static void tell_more(uint32_t shown, uint32_t of, const char *name, FILE *to) {
    if (shown < of) fprintf(to, "… %u more of `%s`; --json prints all\n", of - shown, name);
}

void report_table_rows(const report *r, FILE *to) {
    int width = name_width(r->rows.at, sizeof *r->rows.at, r->rows.count);
    bool modes = false;
    for (uint32_t i = 0; i < r->rows.count; i++) modes |= isfinite(r->rows.at[i].mode) != 0;
    fprintf(to, "\n%-*s%s %10s %10s %10s %10s %10s %10s\n", width, "variable", modes ? "       mode" : "",
            "mean", "sd", "mcse", "5%", "50%", "95%");
    for (uint32_t i = 0, n; i < r->rows.count; i += n) {
        n = entries_of_variable(r->rows.at, sizeof *r->rows.at, r->rows.count, i);
        uint32_t shown = 0;
        for (; shown < n && is_shown(shown, n); shown++) table_row(&r->rows.at[i + shown], modes, width, to);
        tell_more(shown, n, r->rows.at[i].place.name, to);
    }
}

/* -inf where the weights have no tail, and where a file has lost that. */
static double tail_of(const report_row *row) { return isnan(row->khat) ? -(double)INFINITY : row->khat; }

/* What the weights of a latent's own entries are like, where they go along axes. */
static void table_weights(const report_row *row, uint32_t n, FILE *to) {
    const report_row *least = row, *worst = row;
    char text[NAME_ROOM];
    if (isnan(row->ess)) return;
    for (uint32_t i = 1; i < n; i++) {
        if (row[i].ess < least->ess) least = &row[i];
        if (tail_of(&row[i]) > tail_of(worst)) worst = &row[i];
    }
    fprintf(to, "weights of %s: %.0f particles count", row->place.name, least->ess);
    report_print_place(&least->place, text, sizeof text);
    if (n > 1) fprintf(to, " at least (%s)", text);
    report_print_place(&worst->place, text, sizeof text);
    if (isfinite(worst->khat)) fprintf(to, ", k-hat %.2f", worst->khat);
    if (isfinite(worst->khat) && n > 1) fprintf(to, " at most (%s)", text);
    fputc('\n', to);
}

static void table_all_weights(const report *r, FILE *to) {
    for (uint32_t i = 0, n; i < r->rows.count; i += n) {
        n = entries_of_variable(r->rows.at, sizeof *r->rows.at, r->rows.count, i);
        table_weights(&r->rows.at[i], n, to);
    }
}

enum { STATES_SHOWN = 6 };

/* The states with a column each where there are few; of more the most probable one alone. */
static void table_of_states(const report *r, uint32_t first, uint32_t n, int width, FILE *to) {
    const report_states *x = &r->states.at[first];
    bool all = x->count <= STATES_SHOWN;
    fprintf(to, "\n%-*s %16s", width, "discrete", x->is_path ? "on the best path" : "most probable");
    for (uint32_t i = 0; all && i < x->count; i++)
        fprintf(to, " %*sP(%s)", 10 - 3 - width_of(x->names[i]), "", x->names[i]);
    fputs(all ? "\n" : " probability\n", to);
    uint32_t shown = 0;
    for (; shown < n && is_shown(shown, n); shown++) {
        const report_states *row = x + shown;
        table_name(&row->place, width, to);
        fprintf(to, " %*s%s", 16 - width_of(row->names[row->most_probable]), "",
                row->names[row->most_probable]);
        for (uint32_t i = 0; all && i < row->count; i++) fprintf(to, " %10.4f", row->probability[i]);
        if (!all) fprintf(to, " %11.4f", row->probability[row->most_probable]);
        fputc('\n', to);
    }
    tell_more(shown, n, x->place.name, to);
}

static void table_states(const report *r, FILE *to) {
    int width = name_width(r->states.at, sizeof *r->states.at, r->states.count);
    for (uint32_t i = 0, n; i < r->states.count; i += n) {
        n = entries_of_variable(r->states.at, sizeof *r->states.at, r->states.count, i);
        table_of_states(r, i, n, width, to);
    }
}

static void table_kl(const report_kl *k, FILE *to) {
    fprintf(to, "kl of %s %.6g ± %.2g", k->name, k->total.value, k->total.error);
    if (k->rows > 1) fprintf(to, ", %.4g a row", k->total.value / (double)k->rows);
    if (k->units > 1)
        fprintf(to, ", %llu of %llu units active", (unsigned long long)k->active,
                (unsigned long long)k->units);
    if (k->parts.known)
        fprintf(to, "; a code tells %.3g ± %.2g of its row, all codes are %.3g ± %.2g from the prior",
                k->parts.information.value, k->parts.information.error, k->parts.marginal.value,
                k->parts.marginal.error);
    fputc('\n', to);
}

static void table_bracket(const two_bounds *b, FILE *to) {
    if (isfinite(b->upper.value))
        fprintf(to, "the evidence lies between %s, %.6g ± %.2g, and %s, %.6g ± %.2g, which is %.3g above",
                b->below, b->lower.value, b->lower.error, b->above, b->upper.value, b->upper.error,
                b->upper.value - b->lower.value);
    else fprintf(to, "the evidence lies above %s, %.6g ± %.2g", b->below, b->lower.value, b->lower.error);
    fprintf(to, "; the guide of %s has k-hat %.2f, %llu steps%s\n", b->above, b->khat,
            (unsigned long long)b->steps, b->converged ? "" : ", and still moved at the last");
}

void report_table(const report *r, FILE *to) {
    static const char *const MEANINGS[] = {[VERDICT_good] =
                                               "converged, and the draws are good: trust the numbers",
                                           [VERDICT_doubtful] = "usable with care",
                                           [VERDICT_bad] = "do not trust the numbers"};
    fprintf(to, "%s: %s (%s)\n", r->model, verdict_name(r->verdict), MEANINGS[r->verdict]);
    for (uint32_t i = 0; i < r->reasons.count; i++)
        fprintf(to, "  %s %.3g: %s\n", r->reasons.at[i].code, r->reasons.at[i].value,
                r->reasons.at[i].text ? r->reasons.at[i].text : "");
    if (r->interrupted) fputs("  interrupted: the fit was stopped before its end\n", to);
    if (isfinite(r->elbo.value)) fprintf(to, "elbo %.6g ± %.2g", r->elbo.value, r->elbo.error);
    if (isfinite(r->kl.value))
        fprintf(to, " (reconstruction %.6g - KL %.4g; energy %.6g + entropy %.4g)", r->reconstruction.value,
                r->kl.value, r->energy.value, r->entropy.value);
    if (isfinite(r->elbo.value)) fputs(", ", to);
    if (isfinite(r->log_evidence.value))
        fprintf(to, "log evidence %.6g ± %.2g", r->log_evidence.value, r->log_evidence.error);
    if (isfinite(r->jackknife.value))
        fprintf(to, " (jackknife %.6g ± %.2g)", r->jackknife.value, r->jackknife.error);
    if (isfinite(gap_of(r).value)) fprintf(to, ", gap %.3g ± %.2g", gap_of(r).value, gap_of(r).error);
    if (isfinite(r->log_evidence.value)) fputs(", ", to);
    if (isfinite(r->khat)) fprintf(to, "k-hat %.2f, ", r->khat);
    if (r->steps) fprintf(to, "%llu steps, ", (unsigned long long)r->steps);
    fprintf(to, "%llu draws, seed %llu", (unsigned long long)r->draws, (unsigned long long)r->seed);
    if (isfinite(r->seconds)) fprintf(to, ", %.2f s", r->seconds);
    fputc('\n', to);
    if (r->bracket.known) table_bracket(&r->bracket, to);
    else if (isfinite(r->upper.value) && isfinite(r->elbo.value))
        fprintf(to, "the evidence lies between the elbo and the chi bound, %.6g ± %.2g\n", r->upper.value,
                r->upper.error);
    if (r->gaps.known)
        fprintf(to, "refined row by row: amortisation gap %.4g ± %.2g, approximation gap %.4g ± %.2g\n",
                r->gaps.amortisation.value, r->gaps.amortisation.error, r->gaps.approximation.value,
                r->gaps.approximation.error);
    for (uint32_t i = 0; i < r->kls.count; i++) table_kl(&r->kls.at[i], to);
    table_all_weights(r, to);
    if (r->rows.count) report_table_rows(r, to);
    if (r->states.count) table_states(r, to);
}
