#include "autodiff/walk.h"

layout layout_dense(const tape *t, axes of) {
    layout l = {.axes = of};
    int64_t stride = 1;
    for (int i = of.count; i-- > 0;) {
        l.stride[i] = stride;
        stride *= t->axes.at[of.at[i]].size;
    }
    return l;
}

int64_t layout_stride(const layout *l, axis a) {
    for (int i = 0; i < l->axes.count; i++)
        if (l->axes.at[i] == a) return l->stride[i];
    return 0;
}

layout layout_without(layout l, axis a) {
    for (int i = 0; i < l.axes.count; i++)
        if (l.axes.at[i] == a) l.stride[i] = 0;
    return l;
}

bool layout_is_dense(const tape *t, const layout *l, axes of) {
    walk w = walk_over(t, of, (const layout *const[]){l}, 1);
    return w.entries <= 1 || (w.rank == 1 && w.stride[0][0] == 1);
}

static bool joins(const walk *w, int outer, uint64_t size, const int64_t stride[], int count) {
    for (int k = 0; k < count; k++)
        if (w->stride[outer][k] != stride[k] * (int64_t)size) return false;
    return true;
}

walk walk_over(const tape *t, axes of, const layout *const operand[], int count) {
    walk w = {.entries = 1};
    for (int k = 0; k < count; k++) w.offset[k] = operand[k]->offset;
    for (int i = 0; i < of.count; i++) {
        uint64_t size = t->axes.at[of.at[i]].size;
        w.entries *= size;
        if (size == 1) continue;
        int64_t stride[WALK_OPERANDS] = {0};
        for (int k = 0; k < count; k++) stride[k] = layout_stride(operand[k], of.at[i]);
        if (w.rank && joins(&w, w.rank - 1, size, stride, count)) {
            w.size[w.rank - 1] *= size;
        } else {
            w.size[w.rank++] = size;
        }
        memcpy(w.stride[w.rank - 1], stride, sizeof stride);
    }
    if (!w.rank) w.size[w.rank++] = 1;
    return w;
}

cursor walk_at(const walk *w, uint64_t entry) {
    cursor c = {.walk = w};
    for (int k = 0; k < WALK_OPERANDS; k++) c.at[k] = (int64_t)w->offset[k];
    for (int d = w->rank; entry && d-- > 0;) {
        c.index[d] = entry % w->size[d];
        entry /= w->size[d];
        for (int k = 0; k < WALK_OPERANDS; k++) c.at[k] += (int64_t)c.index[d] * w->stride[d][k];
    }
    return c;
}

void cursor_pass(cursor *c, uint64_t n) {
    const walk *w = c->walk;
    int d = w->rank - 1;
    c->index[d] += n;
    for (int k = 0; k < WALK_OPERANDS; k++) c->at[k] += (int64_t)n * w->stride[d][k];
    while (c->index[d] == w->size[d] && d > 0) {
        for (int k = 0; k < WALK_OPERANDS; k++)
            c->at[k] += w->stride[d - 1][k] - (int64_t)w->size[d] * w->stride[d][k];
        c->index[d] = 0;
        c->index[--d]++;
    }
}
