#include "runtime/io/nested.h"

#include <math.h>

#include "base/number.h"
#include "runtime/io/report.h"

nested nested_data(const model *m, variable v, const double *entries) {
    const variable_row *x = program_variable(m->program, v);
    nested n = {.entries = entries, .rank = x->axes.count, .shift = x->from_zero ? -1 : 0, .data = true};
    if (x->type.support == SUPPORT_index) n.labels = m->axes[x->type.index].labels;
    uint64_t inner = 1;
    for (int k = n.rank; k-- > 0; inner *= m->axes[x->axes.at[k]].size)
        for (int i = 0; i < n.rank; i++)
            if (x->order[i] == x->axes.at[k]) n.size[i] = m->axes[x->axes.at[k]].size, n.stride[i] = inner;
    return n;
}

static void print_number(double x, bool data, FILE *to) {
    char text[NUMBER_LONGEST];
    if (isfinite(x)) fputs(number_print(text, x), to);
    else if (!data || isnan(x)) fputs("null", to);
    else fputs(x > 0 ? "\"Inf\"" : "\"-Inf\"", to);
}

static void print_entries(const nested *n, int level, uint64_t at, FILE *to) {
    if (level == n->rank) {
        double x = n->entries[at];
        if (n->labels) report_json_string(n->labels[(uint64_t)x - 1], to);
        else print_number(x + n->shift, n->data, to);
        return;
    }
    fputs("[", to);
    for (uint64_t i = 0; i < n->size[level]; i++) {
        if (i) fputs(", ", to);
        print_entries(n, level + 1, at + i * n->stride[level], to);
    }
    fputs("]", to);
}

void nested_print(const nested *n, FILE *to) { print_entries(n, 0, 0, to); }
