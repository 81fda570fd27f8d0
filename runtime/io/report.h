/* The result of a fit as people and programs read it. A report is made of a fit, or read back from a file of
 * one (summary_file.h); both print the same. */
#ifndef VM_IO_REPORT_H
#define VM_IO_REPORT_H

#include <stdio.h>

#include "runtime/infer/fit.h"
#include "runtime/io/json_writer.h"

/* An entry of a variable. */
typedef struct report_place {
    const char *name;
    uint32_t rank;
    const char *const *axes;   /* names; NULL where they are not known */
    const uint32_t *at;        /* position along each axis, from 1 */
    const char *const *labels; /* by axis, NULL for an axis without; NULL where no axis has any */
} report_place;

/* One scalar. */
typedef struct report_row {
    report_place place;
    double mode; /* NaN: none */
    double mean, sd, mcse, q05, q50, q95;
    double khat, ess; /* of the latent's own weights; NaN: it has none */
} report_row;

/* One discrete latent that was summed out. */
typedef struct report_states {
    report_place place;
    uint32_t count;
    const char *const *names; /* of the states */
    const double *probability;
    uint32_t most_probable; /* a state, from 0 */
    bool is_path;           /* that of the most probable path of a chain */
} report_states;

/* The KL from the guide of one latent to its prior, see fit.h. */
typedef struct report_kl {
    const char *name;
    measured total;
    uint64_t rows, units, active;
    const double *by_unit;
    kl_parts parts;
} report_kl;

typedef struct report {
    const char *model;
    verdict verdict;
    vector(reason) reasons;
    uint64_t seed, steps, gradients, draws;
    double seconds;
    measured elbo, reconstruction, kl, energy, entropy, log_evidence, jackknife, upper;
    double khat, ess;
    bool interrupted, corrected;
    vector(report_row) rows; /* those of one variable follow each other */
    vector(report_states) states;
    vector(report_kl) kls;
    two_bounds bracket;
    gaps gaps;
} report;

/* "radon" of "models/radon.vm", in the arena. */
const char *report_model_name(arena *a, const char *path);

report report_of_fit(const fit *f, arena *a);

/* `a[ANOKA, 2]`, without its last part where it is too long for `room` bytes. */
void report_print_place(const report_place *place, char *out, size_t room);
/* Its members name, axes, at and, where there are labels, label. */
void report_json_place(json_writer *w, const report_place *place);

/* The scalars alone: a table of the first entries, and the list that --json has. */
void report_table_rows(const report *r, FILE *to);
void report_json_rows(json_writer *w, const report *r);
/* A value and its error, two members. */
void report_json_measured(json_writer *w, const char *key, const char *error_key, measured x);
/* For a terminal: the verdict, its reasons, the variables; of long ones the first entries. */
void report_table(const report *r, FILE *to);
/* One JSON object and a line's end. Numbers read back to the same bits; what is not finite is null. */
void report_json(const report *r, FILE *to);

const char *verdict_name(verdict v);
/* The verdict of a word; false where it is none, or NULL. */
bool verdict_of_name(const char *text, verdict *v);

#endif
