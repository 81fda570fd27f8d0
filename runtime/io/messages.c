#include "runtime/io/messages.h"

void messages_json_place(json_writer *w, const diagnostics *d, span at) {
    const source *s = &d->sources.at[at.source];
    uint32_t line, column, end_line, end_column;
    source_place(s, at.start, &line, &column);
    source_place(s, at.end, &end_line, &end_column);
    json_put_text(w, "file", s->name);
    json_put_whole(w, "line", line);
    json_put_whole(w, "column", column);
    json_put_whole(w, "end_line", end_line);
    json_put_whole(w, "end_column", end_column);
}

static void json_data_place(json_writer *w, const diagnostic *x) {
    if (x->file) json_put_text(w, "file", x->file);
    if (x->file && x->line) json_put_whole(w, "line", x->line);
}

static void json_message(json_writer *w, const diagnostics *d, const diagnostic *x) {
    json_put_row(w);
    json_put_text(w, "code", diagnostic_name(x->code));
    json_put_text(w, "severity", x->severity == SEVERITY_error ? "error" : "warning");
    json_put_text(w, "message", x->message);
    json_put_text(w, "help", x->help ? x->help : "");
    if (x->at.source == SOURCE_NONE) json_data_place(w, x);
    else messages_json_place(w, d, x->at);
    json_end_object(w);
}

void messages_json(json_writer *w, const char *key, const diagnostics *d) {
    json_put_list(w, key);
    for (uint32_t i = 0; i < d->list.count; i++) json_message(w, d, &d->list.at[i]);
    json_end_list(w);
}
