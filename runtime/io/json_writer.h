/* JSON as it is written, member by member: the writer knows where a comma is due. Lists of rows get a line
 * for each. Numbers read back to the same bits; what is not finite is null, as JSON has no word for it. */
#ifndef VM_IO_JSON_WRITER_H
#define VM_IO_JSON_WRITER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef struct json_writer {
    FILE *to;
    bool more; /* something stands before, in the object or list that is open */
    bool line; /* what follows begins a line */
} json_writer;

/* Opens the object that is the whole text, and ends it and its line. */
json_writer json_open(FILE *to);
void json_close(json_writer *w);

/* Each puts a member of the open object, or with key NULL an entry of the open list. */
void json_put_object(json_writer *w, const char *key);
void json_put_list(json_writer *w, const char *key);
void json_put_text(json_writer *w, const char *key, const char *text);
void json_put_number(json_writer *w, const char *key, double x);
void json_put_whole(json_writer *w, const char *key, uint64_t x);
void json_put_truth(json_writer *w, const char *key, bool x);
void json_put_null(json_writer *w, const char *key);
void json_put_texts(json_writer *w, const char *key, const char *const *texts, uint64_t count);
void json_put_numbers(json_writer *w, const char *key, const double *x, uint64_t count);
/* What is put next begins a line. */
void json_next_line(json_writer *w);
/* An object of a list, on a line of its own. */
void json_put_row(json_writer *w);

void json_end_object(json_writer *w);
void json_end_list(json_writer *w);

/* A string as JSON writes it, with its quotes. */
void json_quote(const char *text, FILE *to);

#endif
