#include "autodiff/rows.h"

/* The stride with which a group of axes is passed; 0 where there is none. A group of one entry has any. */
static int64_t group_stride(const tape *t, const layout *l, axes group, int64_t any) {
    walk w = walk_over(t, group, (const layout *const[]){l}, 1);
    if (w.entries <= 1) return any;
    return w.rank == 1 && w.stride[0][0] > 0 ? w.stride[0][0] : 0;
}

static axes axes_of(const tape *t, ref r) { return tape_at(t, r)->axes; }

rows_product rows_find(const tape *t, ref r, const layout *a, const layout *b) {
    const instruction *x = tape_at(t, r);
    axes summed = axes_minus(axes_common(axes_of(t, x->in[0]), axes_of(t, x->in[1])), x->axes);
    axes kept[2];
    uint64_t size[2];
    for (int i = 0; i < 2; i++) {
        kept[i] = axes_common(x->axes, axes_of(t, x->in[i]));
        size[i] = tape_size(t, kept[i]);
    }
    rows_product none = {ROWS_none}, p = {.matrix = size[0] == 1};
    p.vector = 1 - p.matrix;
    const layout *matrix = p.matrix ? b : a, *vector = p.matrix ? a : b;
    uint64_t terms = tape_size(t, summed);
    if (size[p.vector] != 1 || size[p.matrix] <= 1 || terms <= 1) return none;
    int64_t down = group_stride(t, matrix, kept[p.matrix], 1), right = group_stride(t, matrix, summed, 1);
    if (group_stride(t, vector, summed, 1) != 1 || !down || !right || (down != 1 && right != 1)) return none;
    if (size[p.matrix] >= terms) {
        p.form = ROWS_dot;
        p.width = terms, p.pitch = down, p.step = right;
    } else {
        p.form = ROWS_add;
        p.width = size[p.matrix], p.pitch = right, p.step = down;
    }
    return p;
}
