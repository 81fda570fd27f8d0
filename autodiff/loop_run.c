#include "autodiff/loop.h"

#include <string.h>
#include "autodiff/execute.h"

static element *start(const execution *e, const loop_address *a) {
    return entries_of(e, a->root) + a->offset;
}

/* Where a carry is before the first step; after the last one. */
static element *first_of(const execution *e, const loop *l, ref r, uint32_t k) {
    return entries_of(e, r) + l->place[k] + loop_first_place(l, k) * l->size[k];
}

static element *last_of(const execution *e, const loop *l, ref r, uint32_t k) {
    return entries_of(e, r) + l->place[k] + loop_last_place(l, k) * l->size[k];
}

static void begin(const execution *e, const loop *l, ref r) {
    for (uint32_t k = 0; k < l->scan->carries; k++) {
        const value *initial = &e->plan->values[l->scan->operands[k]];
        const element *from = entries_of(e, initial->root) + initial->layout.offset;
        memcpy(first_of(e, l, r, k), from, l->size[k] * sizeof(element));
    }
}

static void run_scalar(const execution *e, const loop *l, ref r) {
    scalar_program *s = l->scalar;
    element *registers = s->registers;
    for (uint32_t k = 0; k < s->carries.count; k++) registers[s->carries.at[k].to] = *first_of(e, l, r, k);
    for (uint32_t i = 0; i < l->constant.count; i++)
        registers[l->constant.at[i].of] = *start(e, &l->constant.at[i]);
    for (uint32_t i = 0; i < l->reads.count; i++) s->reads.at[i].now = start(e, &l->reads.at[i]);
    for (uint32_t i = 0; i < l->writes.count; i++) s->writes.at[i].now = start(e, &l->writes.at[i]);
    TYPED(scalar_run)(s, l->steps);
    for (uint32_t k = 0; k < s->carries.count; k++) *last_of(e, l, r, k) = registers[s->carries.at[k].to];
}

/* The address at this step; `now` becomes that at the next. */
static inline element *pass(const loop_address *a, void **now, bool odd) {
    element *here = *now;
    *now = here + (a->swings && odd ? -a->pitch : a->pitch);
    return here;
}

static void copy_slice(const loop_copy *s, const element *x) {
    element *y = s->entries;
    cursor c = walk_at(s->walk, 0);
    for (uint64_t left = s->size, n; left && (n = cursor_run(&c)); left -= n, cursor_pass(&c, n)) {
        int64_t stride = cursor_stride(&c, 0);
        for (int64_t i = 0; i < (int64_t)n; i++) *y++ = x[c.at[0] + i * stride];
    }
}

static void copy_output(const execution *body, const loop_copy *o, element *to) {
    const value *v = &body->plan->values[o->from];
    memcpy(to, entries_of(body, v->root) + v->layout.offset, o->size * sizeof(element));
}

static void run_body(const execution *e, const loop *l) {
    const execution *body = machine_execution(l->body);
    void **now = l->now;
    for (uint32_t i = 0; i < l->constant.count; i++)
        body->at[l->constant.at[i].of] = start(e, &l->constant.at[i]);
    for (uint32_t i = 0; i < l->moving.count; i++) *now++ = start(e, &l->moving.at[i]);
    for (uint32_t i = 0; i < l->slices.count; i++) *now++ = start(e, &l->slices.at[i].around);
    for (uint32_t i = 0; i < l->outputs.count; i++) *now++ = start(e, &l->outputs.at[i].around);
    for (uint32_t t = 0; t < l->steps; t++) {
        now = l->now;
        for (uint32_t i = 0; i < l->moving.count; i++)
            body->at[l->moving.at[i].of] = pass(&l->moving.at[i], now++, t & 1);
        for (uint32_t i = 0; i < l->slices.count; i++)
            copy_slice(&l->slices.at[i], pass(&l->slices.at[i].around, now++, t & 1));
        run_steps(body, body->plan->fixed_steps, body->plan->steps.count);
        for (uint32_t i = 0; i < l->outputs.count; i++)
            copy_output(body, &l->outputs.at[i], pass(&l->outputs.at[i].around, now++, t & 1));
    }
}

void run_loop(const execution *e, const plan_step *s) {
    const loop *l = loop_of(e->plan, s->of);
    begin(e, l, s->of);
    if (!l->steps) return;
    if (l->chain) run_chain(e, l, s->of);
    else if (l->scalar) run_scalar(e, l, s->of);
    else run_body(e, l);
}
