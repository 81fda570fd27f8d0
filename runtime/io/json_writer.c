#include "runtime/io/json_writer.h"

#include <math.h>

#include "base/number.h"

void json_quote(const char *text, FILE *to) {
    fputc('"', to);
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (*c == '"' || *c == '\\') fprintf(to, "\\%c", *c);
        else if (*c == '\n') fputs("\\n", to);
        else if (*c < 0x20 || *c == 0x7f) fprintf(to, "\\u%04x", *c);
        else fputc(*c, to);
    }
    fputc('"', to);
}

void json_next_line(json_writer *w) { w->line = true; }

static void put_key(json_writer *w, const char *key) {
    if (w->more) fputc(',', w->to);
    if (w->line) fputs("\n  ", w->to);
    else if (w->more) fputc(' ', w->to);
    if (key) {
        json_quote(key, w->to);
        fputs(": ", w->to);
    }
    w->more = true;
    w->line = false;
}

static void begin(json_writer *w, const char *key, char bracket) {
    put_key(w, key);
    fputc(bracket, w->to);
    w->more = false;
}

static void end(json_writer *w, char bracket) {
    fputc(bracket, w->to);
    w->more = true;
}

void json_put_object(json_writer *w, const char *key) { begin(w, key, '{'); }
void json_put_list(json_writer *w, const char *key) { begin(w, key, '['); }
void json_put_row(json_writer *w) {
    json_next_line(w);
    json_put_object(w, NULL);
}
void json_end_object(json_writer *w) { end(w, '}'); }
void json_end_list(json_writer *w) { end(w, ']'); }

json_writer json_open(FILE *to) {
    json_writer w = {.to = to};
    json_put_object(&w, NULL);
    return w;
}

void json_close(json_writer *w) {
    json_end_object(w);
    fputc('\n', w->to);
}

void json_put_text(json_writer *w, const char *key, const char *text) {
    put_key(w, key);
    json_quote(text, w->to);
}

void json_put_number(json_writer *w, const char *key, double x) {
    char text[NUMBER_LONGEST];
    put_key(w, key);
    fputs(isfinite(x) ? number_print(text, x) : "null", w->to);
}

void json_put_whole(json_writer *w, const char *key, uint64_t x) {
    put_key(w, key);
    fprintf(w->to, "%llu", (unsigned long long)x);
}

void json_put_truth(json_writer *w, const char *key, bool x) {
    put_key(w, key);
    fputs(x ? "true" : "false", w->to);
}

void json_put_null(json_writer *w, const char *key) {
    put_key(w, key);
    fputs("null", w->to);
}

void json_put_texts(json_writer *w, const char *key, const char *const *texts, uint64_t count) {
    json_put_list(w, key);
    for (uint64_t i = 0; i < count; i++) json_put_text(w, NULL, texts[i]);
    json_end_list(w);
}

void json_put_numbers(json_writer *w, const char *key, const double *x, uint64_t count) {
    json_put_list(w, key);
    for (uint64_t i = 0; i < count; i++) json_put_number(w, NULL, x[i]);
    json_end_list(w);
}
