#include "runtime/io/messages.h"

#include "runtime/io/report.h"

void messages_json_place(const diagnostics *d, span at, FILE *to) {
    const source *s = &d->sources.at[at.source];
    uint32_t line, column, end_line, end_column;
    source_place(s, at.start, &line, &column);
    source_place(s, at.end, &end_line, &end_column);
    fputs("\"file\": ", to);
    report_json_string(s->name, to);
    fprintf(to, ", \"line\": %u, \"column\": %u, \"end_line\": %u, \"end_column\": %u", line, column,
            end_line, end_column);
}

static void json_data_place(const diagnostic *x, FILE *to) {
    if (!x->file) return;
    fputs(", \"file\": ", to);
    report_json_string(x->file, to);
    if (x->line) fprintf(to, ", \"line\": %u", x->line);
}

static void json_message(const diagnostics *d, const diagnostic *x, FILE *to) {
    fprintf(to, "{\"code\": \"%s\", \"severity\": \"%s\", \"message\": ", diagnostic_name(x->code),
            x->severity == SEVERITY_error ? "error" : "warning");
    report_json_string(x->message, to);
    fputs(", \"help\": ", to);
    report_json_string(x->help ? x->help : "", to);
    if (x->at.source == SOURCE_NONE) {
        json_data_place(x, to);
    } else {
        fputs(", ", to);
        messages_json_place(d, x->at, to);
    }
    fputc('}', to);
}

void messages_json(const diagnostics *d, FILE *to) {
    fputc('[', to);
    for (uint32_t i = 0; i < d->list.count; i++) {
        fputs(i ? ",\n  " : "\n  ", to);
        json_message(d, &d->list.at[i], to);
    }
    fputc(']', to);
}
