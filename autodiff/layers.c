#include "autodiff/layers.h"

/* More states do not fit into the second-level cache; for fewer entries a region does not pay. */
enum { LAYERS_MOST = 128, ENTRIES_LEAST = 64 };

axis layers_of(const tape *t, ref r, const bool *makes_layers) {
    const instruction *x = tape_at(t, r);
    bool elementwise = op_kind_of(x->op) == KIND_MAP || x->op == OP_gather;
    return elementwise && x->axes.count > 1 && makes_layers[x->axes.at[0]] ? x->axes.at[0] : AXIS_NONE;
}

static bool sums_first_axis(const tape *t, ref r) {
    const instruction *x = tape_at(t, r);
    if (x->op != OP_log_sum_exp) return false;
    axes of = tape_at(t, x->in[0])->axes, over = axes_minus(of, x->axes);
    return over.count == 1 && of.count > 1 && of.at[0] == over.at[0];
}

const bool *layers_find(const tape *t, arena *a) {
    bool *makes_layers = arena_array(a, bool, t->axes.count + 1);
    for (ref r = 1; r < t->code.count; r++) {
        if (!sums_first_axis(t, r) || tape_size(t, tape_at(t, r)->axes) < ENTRIES_LEAST) continue;
        axis first = tape_at(t, tape_at(t, r)->in[0])->axes.at[0];
        makes_layers[first] = t->axes.at[first].size <= LAYERS_MOST;
    }
    return makes_layers;
}

bool layers_summed(const tape *t, ref r, const bool *makes_layers) {
    return sums_first_axis(t, r) && layers_of(t, tape_at(t, r)->in[0], makes_layers) != AXIS_NONE;
}
