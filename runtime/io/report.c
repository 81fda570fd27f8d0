#include "runtime/io/report.h"

#include <math.h>

#include "base/number.h"

const char *verdict_name(verdict v) {
    static const char *const NAMES[] = {
        [VERDICT_good] = "good", [VERDICT_doubtful] = "doubtful", [VERDICT_bad] = "bad"};
    return NAMES[v];
}

const char *report_model_name(arena *a, const char *path) {
    const char *slash = strrchr(path, '/'), *start = slash ? slash + 1 : path, *dot = strrchr(start, '.');
    return arena_copy(a, start, dot && dot > start ? (size_t)(dot - start) : strlen(start));
}

/* The axes of a variable in the order of its declaration, shared by its rows. */
typedef struct frame {
    const variable_row *variable;
    const char **names;
    bool labelled;
} frame;

static frame frame_of(const model *m, variable v, arena *a) {
    frame f = {.variable = program_variable(m->program, v)};
    f.names = arena_array(a, const char *, f.variable->axes.count);
    for (uint32_t k = 0; k < f.variable->axes.count; k++) {
        f.names[k] = program_axis(m->program, f.variable->order[k])->name;
        f.labelled |= m->axes[f.variable->order[k]].labels != NULL;
    }
    return f;
}

static report_row row_of(const model *m, const frame *f, const summary *s, arena *a) {
    uint32_t rank = f->variable->axes.count, *at = arena_array(a, uint32_t, rank);
    const char **labels = f->labelled ? arena_array(a, const char *, rank) : NULL;
    uint64_t left = s->entry;
    for (uint32_t k = rank; k-- > 0;) {
        const bound_axis *along = &m->axes[f->variable->order[k]];
        at[k] = (uint32_t)(left % along->size) + 1;
        left /= along->size;
        if (along->labels) labels[k] = along->labels[at[k] - 1];
    }
    return (report_row){.name = f->variable->name,
                        .rank = rank,
                        .axes = f->names,
                        .at = at,
                        .labels = labels,
                        .mean = s->mean,
                        .sd = s->sd,
                        .mcse = s->mcse,
                        .q05 = s->q05,
                        .q50 = s->q50,
                        .q95 = s->q95};
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
                .elbo_error = f->elbo_error,
                .log_evidence = f->log_evidence,
                .log_evidence_error = f->log_evidence_error,
                .khat = f->khat,
                .ess = f->ess,
                .interrupted = f->interrupted,
                .corrected = f->corrected};
    for (uint32_t i = 0; i < f->reasons.count; i++) push(a, &r.reasons, f->reasons.at[i]);
    frame now = {0};
    for (uint32_t i = 0; i < f->summaries.count; i++) {
        const summary *s = &f->summaries.at[i];
        if (now.variable != program_variable(f->model->program, s->variable))
            now = frame_of(f->model, s->variable, a);
        push(a, &r.rows, row_of(f->model, &now, s, a));
    }
    return r;
}

void report_json_string(const char *text, FILE *to) {
    fputc('"', to);
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (*c == '"' || *c == '\\') fprintf(to, "\\%c", *c);
        else if (*c == '\n') fputs("\\n", to);
        else if (*c < 0x20 || *c == 0x7f) fprintf(to, "\\u%04x", *c);
        else fputc(*c, to);
    }
    fputc('"', to);
}

static void json_number(double x, FILE *to) {
    char text[NUMBER_LONGEST];
    fputs(isfinite(x) ? number_print(text, x) : "null", to);
}

static void json_field(const char *before, double x, FILE *to) {
    fputs(before, to);
    json_number(x, to);
}

static void json_reasons(const report *r, FILE *to) {
    fputs("\"reasons\": [", to);
    for (uint32_t i = 0; i < r->reasons.count; i++) {
        const reason *why = &r->reasons.at[i];
        fputs(i ? ", {\"code\": " : "{\"code\": ", to);
        report_json_string(why->code, to);
        json_field(", \"value\": ", why->value, to);
        fputs(", \"text\": ", to);
        report_json_string(why->text ? why->text : "", to);
        fputc('}', to);
    }
    fputc(']', to);
}

static void json_place(const report_row *row, FILE *to) {
    fputs(", \"axes\": [", to);
    for (uint32_t k = 0; k < row->rank && row->axes; k++) {
        if (k) fputs(", ", to);
        report_json_string(row->axes[k], to);
    }
    fputs("], \"at\": [", to);
    for (uint32_t k = 0; k < row->rank; k++) fprintf(to, k ? ", %u" : "%u", row->at[k]);
    fputc(']', to);
    if (!row->labels) return;
    fputs(", \"label\": [", to);
    for (uint32_t k = 0; k < row->rank; k++) {
        if (k) fputs(", ", to);
        if (row->labels[k]) report_json_string(row->labels[k], to);
        else fprintf(to, "%u", row->at[k]);
    }
    fputc(']', to);
}

static void json_row(const report_row *row, FILE *to) {
    fputs("{\"name\": ", to);
    report_json_string(row->name, to);
    json_place(row, to);
    json_field(", \"mean\": ", row->mean, to);
    json_field(", \"sd\": ", row->sd, to);
    json_field(", \"mcse\": ", row->mcse, to);
    json_field(", \"q05\": ", row->q05, to);
    json_field(", \"q50\": ", row->q50, to);
    json_field(", \"q95\": ", row->q95, to);
    fputc('}', to);
}

static const char *json_truth(bool x) { return x ? "true" : "false"; }

void report_json(const report *r, FILE *to) {
    fputs("{\"model\": ", to);
    report_json_string(r->model, to);
    fprintf(to, ", \"verdict\": \"%s\", ", verdict_name(r->verdict));
    json_reasons(r, to);
    json_field(", \"seconds\": ", r->seconds, to);
    fprintf(to, ", \"seed\": %llu, ", (unsigned long long)r->seed);
    json_field("\"elbo\": {\"value\": ", r->elbo, to);
    json_field(", \"mcse\": ", r->elbo_error, to);
    json_field("}, \"log_evidence\": {\"value\": ", r->log_evidence, to);
    json_field(", \"mcse\": ", r->log_evidence_error, to);
    json_field(", \"khat\": ", r->khat, to);
    json_field(", \"ess\": ", r->ess, to);
    fprintf(
        to,
        "}, \"steps\": %llu, \"gradients\": %llu, \"draws\": %llu, \"corrected\": %s, \"interrupted\": %s",
        (unsigned long long)r->steps, (unsigned long long)r->gradients, (unsigned long long)r->draws,
        json_truth(r->corrected), json_truth(r->interrupted));
    fputs(", \"variables\": [", to);
    for (uint32_t i = 0; i < r->rows.count; i++) {
        fputs(i ? ",\n  " : "\n  ", to);
        json_row(&r->rows.at[i], to);
    }
    fputs("]}\n", to);
}

/* What a terminal shows of a text: characters, not bytes. */
static int width_of(const char *text) {
    int width = 0;
    for (; *text; text++) width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

/* `a[ANOKA, 2]`, without its last part where it is too long for `room`. */
static void print_name(const report_row *row, char *out, size_t room) {
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

/* The number of rows of the variable that row i belongs to, which it starts. */
static uint32_t rows_of_variable(const report *r, uint32_t i) {
    uint32_t n = 1;
    while (i + n < r->rows.count && strcmp(r->rows.at[i].name, r->rows.at[i + n].name) == 0) n++;
    return n;
}

static int name_width(const report *r) {
    int widest = 8;
    char text[NAME_ROOM];
    for (uint32_t i = 0, n; i < r->rows.count; i += n) {
        n = rows_of_variable(r, i);
        for (uint32_t k = 0; k < n && is_shown(k, n); k++) {
            print_name(&r->rows.at[i + k], text, sizeof text);
            if (width_of(text) > widest) widest = width_of(text);
        }
    }
    return widest;
}

static void table_row(const report_row *row, int width, FILE *to) {
    char text[NAME_ROOM];
    print_name(row, text, sizeof text);
    fprintf(to, "%s%*s", text, width - width_of(text), "");
    const double columns[] = {row->mean, row->sd, row->mcse, row->q05, row->q50, row->q95};
    for (int k = 0; k < 6; k++) fprintf(to, " %10.4g", columns[k]);
    fputc('\n', to);
}

static void table_rows(const report *r, FILE *to) {
    int width = name_width(r);
    fprintf(to, "\n%-*s %10s %10s %10s %10s %10s %10s\n", width, "variable", "mean", "sd", "mcse", "5%",
            "50%", "95%");
    for (uint32_t i = 0, n; i < r->rows.count; i += n) {
        n = rows_of_variable(r, i);
        uint32_t shown = 0;
        for (; shown < n && is_shown(shown, n); shown++) table_row(&r->rows.at[i + shown], width, to);
        if (shown < n) fprintf(to, "… %u more of `%s`; --json prints all\n", n - shown, r->rows.at[i].name);
    }
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
    if (isfinite(r->elbo)) fprintf(to, "elbo %.6g ± %.2g, ", r->elbo, r->elbo_error);
    if (isfinite(r->log_evidence))
        fprintf(to, "log evidence %.6g ± %.2g, ", r->log_evidence, r->log_evidence_error);
    if (isfinite(r->khat)) fprintf(to, "k-hat %.2f, ", r->khat);
    if (r->steps) fprintf(to, "%llu steps, ", (unsigned long long)r->steps);
    fprintf(to, "%llu draws, seed %llu", (unsigned long long)r->draws, (unsigned long long)r->seed);
    if (isfinite(r->seconds)) fprintf(to, ", %.2f s", r->seconds);
    fputc('\n', to);
    if (r->rows.count) table_rows(r, to);
}
