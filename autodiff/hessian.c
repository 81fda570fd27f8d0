#include "autodiff/hessian.h"

bool tape_hessian_product(tape *t, ref y, const ref *x, const ref *v, uint32_t count, ref *product,
                          ref *culprit) {
    ref *gradient = arena_array(t->arena, ref, count), along = tape_number(t, 0);
    if (!tape_gradient(t, y, x, count, gradient, culprit)) return false;
    for (uint32_t i = 0; i < count; i++) {
        ref still = tape_map1(t, OP_stop, v[i]);
        along = tape_map2(t, OP_add, along,
                          tape_sum(t, tape_map2(t, OP_mul, gradient[i], still), tape_at(t, x[i])->axes));
    }
    return tape_gradient(t, along, x, count, product, culprit);
}
