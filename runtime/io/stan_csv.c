#include "runtime/io/stan_csv.h"

#include "base/number.h"
#include "runtime/infer/fingerprint.h"
#include "runtime/io/report.h"

/* The columns of one variable are entries first … first + count - 1 of a draw, row-major. */
typedef struct block {
    const variable_row *variable;
    uint64_t first, count;
    uint32_t dims[AXES_MOST];
} block;

static block block_at(const fit *f, uint32_t first) {
    const model *m = f->model;
    variable v = f->summaries.at[first].variable;
    block b = {.variable = program_variable(m->program, v), .first = first};
    for (uint32_t k = 0; k < b.variable->axes.count; k++) b.dims[k] = m->axes[b.variable->order[k]].size;
    while (first + b.count < f->summaries.count && f->summaries.at[first + b.count].variable == v) b.count++;
    return b;
}

/* The row-major entry that is the i-th when the first index runs fastest; its position along each axis, from
 * 1, in `at`. */
static uint64_t column_major(const block *b, uint64_t i, uint32_t at[AXES_MOST]) {
    uint32_t rank = b->variable->axes.count;
    uint64_t row_major = 0;
    for (uint32_t k = 0; k < rank; k++) {
        at[k] = (uint32_t)(i % b->dims[k]) + 1;
        i /= b->dims[k];
    }
    for (uint32_t k = 0; k < rank; k++) row_major = row_major * b->dims[k] + at[k] - 1;
    return row_major;
}

/* The params of a net may be many and have no draws: a JSON file has them. */
static bool is_left_out(const block *b) { return b->variable->of_net && b->variable->kind == VARIABLE_param; }

/* What a prediction for other data needs to know of the axes: `# axis county = ["ANOKA", …]` or a size. */
static void write_axes(const model *m, FILE *to) {
    const program *p = m->program;
    for (axis a = 0; a < p->axes.count; a++) {
        const axis_row *row = program_axis(p, a);
        if (row->source == AXIS_alias || row->source == AXIS_part) continue;
        fprintf(to, "# axis %s = ", row->name);
        if (!m->axes[a].labels) fprintf(to, "%u", m->axes[a].size);
        for (uint32_t i = 0; m->axes[a].labels && i < m->axes[a].size; i++) {
            fputs(i ? ", " : "[", to);
            json_quote(m->axes[a].labels[i], to);
        }
        fputs(m->axes[a].labels ? "]\n" : "\n", to);
    }
}

static void write_comments(const fit *f, const char *version, FILE *to) {
    const program *p = f->model->program;
    fprintf(to, "# vm %s\n# model = %s\n# seed = %llu\n# verdict = %s\n", version, p->path,
            (unsigned long long)f->seed, verdict_name(f->verdict));
    for (uint32_t i = 0; i < f->reasons.count; i++)
        fprintf(to, "# %s = %.6g\n", f->reasons.at[i].code, f->reasons.at[i].value);
    fprintf(to, "# data = %016llx\n", (unsigned long long)fingerprint_of_data(f->model, 1));
    write_axes(f->model, to);
}

static void write_header(const fit *f, FILE *to) {
    const char *between = "";
    for (uint32_t i = 0; i < f->summaries.count;) {
        block b = block_at(f, i);
        i += (uint32_t)b.count;
        for (uint64_t k = 0; k < b.count && !is_left_out(&b); k++, between = ",") {
            uint32_t at[AXES_MOST];
            column_major(&b, k, at);
            fprintf(to, "%s%s", between, b.variable->name);
            for (uint32_t dimension = 0; dimension < b.variable->axes.count; dimension++)
                fprintf(to, ".%u", at[dimension]);
        }
    }
    fputc('\n', to);
}

static void write_draw(const fit *f, uint64_t d, FILE *to) {
    char text[NUMBER_LONGEST];
    const char *between = "";
    for (uint32_t i = 0; i < f->summaries.count;) {
        block b = block_at(f, i);
        i += (uint32_t)b.count;
        for (uint64_t k = 0; k < b.count && !is_left_out(&b); k++, between = ",") {
            uint32_t at[AXES_MOST];
            const summary *s = &f->summaries.at[b.first + column_major(&b, k, at)];
            fputs(between, to);
            fputs(number_print(text, s->draws[d * s->stride]), to);
        }
    }
    fputc('\n', to);
}

void stan_csv_write(const fit *f, const char *version, FILE *to) {
    write_comments(f, version, to);
    write_header(f, to);
    for (uint64_t d = 0; d < f->draw_count; d++) write_draw(f, d, to);
}
