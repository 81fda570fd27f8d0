#include "runtime/io/nested.h"

#include <math.h>

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

static void put_entry(json_writer *w, const char *key, const nested *n, double x) {
    if (n->labels) json_put_text(w, key, n->labels[(uint64_t)x - 1]);
    else if (n->data && isinf(x)) json_put_text(w, key, x > 0 ? "Inf" : "-Inf");
    else json_put_number(w, key, x + n->shift);
}

static void put_entries(json_writer *w, const char *key, const nested *n, int level, uint64_t at) {
    if (level == n->rank) {
        put_entry(w, key, n, n->entries[at]);
        return;
    }
    json_put_list(w, key);
    for (uint64_t i = 0; i < n->size[level]; i++)
        put_entries(w, NULL, n, level + 1, at + i * n->stride[level]);
    json_end_list(w);
}

void nested_json(json_writer *w, const char *key, const nested *n) { put_entries(w, key, n, 0, 0); }
